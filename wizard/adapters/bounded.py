"""Reads files, pipes and bodies (children.py: programs), never more or longer than core/limits allows.

An exceeded limit is an OSError like any other error of a file: its `strerror` is the reason ("it holds more than 1 MiB"),
the caller names the source.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import stat
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final, Protocol

from wizard.core import limits

_PIECE: Final = 256 * limits.KIB


class ExceededError(OSError):
    """Something is larger (EFBIG) or takes longer (ETIMEDOUT) than the limit."""


def read(path: Path, size: int, *, seconds: float = 0.0) -> bytes:
    """All of a regular file, or with `seconds` of a pipe that ends within them.

    Raises:
        OSError: it cannot be read, is another kind of file, holds more than `size` bytes, or did not end in time.
    """
    with _opened(path, pipes=seconds > 0) as handle:
        if stat.S_ISREG(os.fstat(handle).st_mode):
            pieces: Iterable[bytes] = iter(lambda: os.read(handle, _PIECE), b"")
        else:
            pieces = _of_pipe(handle, seconds)
        return _joined(pieces, size)


def open_regular(path: Path) -> IO[bytes]:
    """A regular file to read piece by piece. Raises OSError, for a pipe or device too."""
    with _opened(path, pipes=False) as handle:
        return io.open(os.dup(handle), "rb")  # noqa: UP020 - Path.open takes no descriptor; the caller closes it


@contextlib.contextmanager
def _opened(path: Path, *, pipes: bool) -> Iterator[int]:
    # A device is never opened: that alone may do something (rewind a tape, start a watchdog).
    _refuse(path.stat().st_mode, pipes=pipes)
    # Without waiting: the open of a FIFO that nobody writes would hang, and so would a read of some files below /proc.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    try:
        _refuse(os.fstat(handle).st_mode, pipes=pipes)
        yield handle
    finally:
        os.close(handle)


def _refuse(mode: int, *, pipes: bool) -> None:
    if stat.S_ISREG(mode) or (pipes and stat.S_ISFIFO(mode)):
        return
    kinds = (
        (stat.S_ISDIR, "folder"), (stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"), (stat.S_ISCHR, "device"),
        (stat.S_ISBLK, "device"),
    )  # fmt: skip
    kind = next((name for is_kind, name in kinds if is_kind(mode)), "special file")
    raise OSError(errno.EISDIR if kind == "folder" else errno.EINVAL, f"it is a {kind}, not a file")


def _of_pipe(handle: int, seconds: float) -> Iterator[bytes]:
    import select  # only a pipe needs it

    poll = select.poll()
    poll.register(handle, select.POLLIN)
    until = time.monotonic() + seconds
    while True:
        left = until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise ExceededError(errno.ETIMEDOUT, f"it is a pipe that did not end within {seconds:g} s")
        with contextlib.suppress(BlockingIOError):
            if not (piece := os.read(handle, _PIECE)):
                return
            yield piece


def _joined(pieces: Iterable[bytes], size: int) -> bytes:
    joined, total = [], 0
    for piece in pieces:
        joined.append(piece)
        total += len(piece)
        if total > size:
            raise ExceededError(errno.EFBIG, f"it holds more than {limits.amount(size)}")
    return b"".join(joined)


class Readable(Protocol):
    """A response body that returns the bytes that have arrived."""

    def read1(self, amt: int) -> bytes:
        """At most `amt` bytes, as soon as there are any; empty at the end."""
        ...


class Body:
    """A body that ends: no larger than limits.BODY, within limits.BODY_SECONDS plus one second for each MiB that came."""

    def __init__(self, body: Readable) -> None:
        self._body, self._size, self._seconds = body, limits.BODY, limits.BODY_SECONDS
        self._began, self._total = time.monotonic(), 0

    def read1(self, amt: int) -> bytes:
        """At most `amt` bytes; empty at the end.

        Raises:
            OSError: it is over a limit (ExceededError), or the connection broke.
        """
        piece = self._body.read1(amt)
        self._total += len(piece)
        if self._total > self._size:
            raise ExceededError(errno.EFBIG, f"it holds more than {limits.amount(self._size)}")
        took = time.monotonic() - self._began
        if piece and took > self._seconds + self._total / limits.MIB:
            raise ExceededError(errno.ETIMEDOUT, f"it did not end within {took:.0f} s")
        return piece

    def read(self) -> bytes:
        """All of it; raises OSError as `read1` does."""
        return b"".join(iter(lambda: self.read1(_PIECE), b""))


class Drip:
    """The head of an answer: its lines, within limits.HEAD_SECONDS from its first byte."""

    def __init__(self, file: io.BufferedReader) -> None:
        self._file, self._seconds = file, limits.HEAD_SECONDS
        self._until = 0.0

    def readline(self, limit: int | None = -1) -> bytes:
        """One line, at most `limit` bytes of it. Raises ExceededError when the head takes too long."""
        line = b""
        most = limits.KIB * 64 if limit is None or limit < 0 else limit
        while len(line) < most and not line.endswith(b"\n"):
            buffered = self._file.peek(1)  # at most one read of the connection, and none while bytes are buffered
            now = time.monotonic()
            self._until = self._until or now + self._seconds
            if now > self._until:
                raise ExceededError(errno.ETIMEDOUT, f"its head did not end within {self._seconds:g} s")
            if not buffered:
                break
            end = buffered.find(b"\n") + 1
            line += self._file.read(min(end or len(buffered), most - len(line)))
        return line
