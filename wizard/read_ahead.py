"""Runs one function in a process of its own while the full screen is imported, and hands its result over.

Reading releases and importing Textual take about 0.2 s of processor time each. One process would do them one after the
other; two processes do them at once, and home has its rows that much sooner.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")

_SECONDS: Final = 3
"""How long the process may take; then it is ended, and the screen reads by itself."""


class ReadAhead(Generic[T]):
    """The result of a function that another process runs for some seconds at most.

    Made before any thread is started: it forks.
    """

    def __init__(self, read: Callable[[], T], seconds: int = _SECONDS) -> None:
        self._result, writing = os.pipe()
        if (between := os.fork()) == 0:
            if os.fork() == 0:
                _work(read, writing, seconds)
            os._exit(0)  # so the reading process is nobody's child, and no one has to wait for it
        os.close(writing)
        os.waitpid(between, 0)

    async def result(self) -> T | None:
        """Wait for the result, once; None when the function failed or took too long."""
        import asyncio

        stream = asyncio.StreamReader()
        with os.fdopen(self._result, "rb", 0) as pipe:
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(stream), pipe
            )
            try:
                data = await stream.read()
            finally:
                transport.close()
        try:
            result: T = pickle.loads(data)  # noqa: S301 - it comes from a process that this one forked
        except (EOFError, pickle.UnpicklingError):  # it failed, or was ended
            return None
        return result


def _work(read: Callable[[], Any], writing: int, seconds: int) -> None:
    """In the reading process: write the result, then end, whatever happens."""
    try:
        signal.alarm(seconds)
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        data = pickle.dumps(read())
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(data)
    finally:
        os._exit(0)
