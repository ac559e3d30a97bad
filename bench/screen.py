"""The full screen on a pseudo-terminal that is read continuously: when texts arrive, and the number of frames."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence

import ptyprocess

from bench.launch import _ESCAPES, ROOT, environment

_FRAME_GAP = 0.004
"""Seconds without output that separate two frames: a frame is written at once, and read in a few pieces."""


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Turn garbage collection off in the measuring process: a collection takes up to 40 ms."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Screen:
    """A program on its own terminal."""

    def __init__(self, argv: Sequence[str], env: Mapping[str, str], size: tuple[int, int]) -> None:
        plain = {**env, "COLUMNS": str(size[1]), "LINES": str(size[0])}
        self._terminal = ptyprocess.PtyProcess.spawn(list(argv), cwd=str(ROOT), env=plain, dimensions=size)
        self._arrival = threading.Condition()
        self._seen = b""
        self._last = 0.0
        self.frames = 0
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._terminal.fd, 262_144)
            except OSError:
                return
            now = time.perf_counter()
            with self._arrival:
                self.frames += now - self._last > _FRAME_GAP
                self._last = now
                self._seen = (self._seen + data)[-2_000_000:]
                self._arrival.notify_all()

    def press(self, key: bytes) -> float:
        """Forget the output so far and press a key; returns the time of the key press."""
        with self._arrival:
            self._seen = b""
        now = time.perf_counter()
        self._terminal.write(key)
        return now

    def forget(self) -> None:
        """Forget the output so far."""
        with self._arrival:
            self._seen = b""

    def until(self, pattern: bytes, limit: float = 30) -> float:
        """Wait for a text; returns the time at which it arrived."""
        deadline = time.perf_counter() + limit
        with self._arrival:
            while not re.search(pattern, _ESCAPES.sub(b"", self._seen)):
                if not self._arrival.wait(max(0.0, deadline - time.perf_counter())):
                    shown = _ESCAPES.sub(b"", self._seen)[-800:]
                    raise TimeoutError(f"{pattern!r} did not arrive within {limit} s: {shown!r}")
            return self._last

    def close(self) -> None:
        """End the program."""
        self._terminal.close(force=True)


def of_run(run_id: str, kubeconfig: str, python: str, size: tuple[int, int]) -> Screen:
    """`wizard runs ID` on a terminal of `size` lines and columns."""
    return Screen([python, "-m", "wizard", "runs", run_id], environment(kubeconfig), size)
