"""Reads what comes from outside - files, pipes, bodies, child processes - and never more or longer than core/limits says.

A limit that was passed is an OSError like any other error of a file: `strerror` says it ("it holds more than 1 MiB"),
whoever asked names the source.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import select
import selectors
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Protocol

from wizard.core import limits

_PIECE: Final = 256 * limits.KIB
_LEFT_SECONDS: Final = 0.2
"""How long the output of a child that has ended may still be read while something that it left behind writes on."""


class ExceededError(OSError):
    """Something is larger (EFBIG) or takes longer (ETIMEDOUT) than is taken."""


def read(path: Path, size: int, *, seconds: float = 0.0) -> bytes:
    """All of a regular file; of a pipe too, within so many seconds in all, when there are any.

    Raises:
        OSError: it cannot be read, is no such file, holds more than `size` bytes, or did not end in time.
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
    kind = next((word for known, word in kinds if known(mode)), "special file")
    raise OSError(errno.EISDIR if kind == "folder" else errno.EINVAL, f"it is a {kind}, not a file")


def _of_pipe(handle: int, seconds: float) -> Iterator[bytes]:
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
    found, total = [], 0
    for piece in pieces:
        found.append(piece)
        total += len(piece)
        if total > size:
            raise ExceededError(errno.EFBIG, f"it holds more than {limits.amount(size)}")
    return b"".join(found)


class Readable(Protocol):
    """A response body that gives what is there."""

    def read1(self, amt: int) -> bytes:
        """At most `amt` bytes, as soon as there are any; empty at the end."""
        ...


class Body:
    """A body that ends: no larger than limits.BODY, within limits.BODY_SECONDS beside one for each MiB that came."""

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
        """All of it; raises OSError likewise."""
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
            there = self._file.peek(1)  # one read of the connection at most, and none while something is there
            now = time.monotonic()
            self._until = self._until or now + self._seconds
            if now > self._until:
                raise ExceededError(errno.ETIMEDOUT, f"its head did not end within {self._seconds:g} s")
            if not there:
                break
            end = there.find(b"\n") + 1
            line += self._file.read(min(end or len(there), most - len(line)))
        return line


@dataclass(frozen=True)
class Done:
    """How a child ended: exit code (below zero: the signal), and both outputs."""

    code: int
    out: bytes
    err: bytes


class Child:
    """One run of a program that answers and ends: no terminal, a session of its own, bounded outputs and total time.

    Its whole process group is ended with SIGKILL when it is over a limit, when `stop` is called, and when this process
    ends, even by SIGKILL (see _Guard). What it leaves behind after its own end is not waited for.
    """

    def __init__(self, size: int, seconds: float) -> None:
        self._size, self._seconds = size, seconds
        self._stopped = False
        self._wake, self._waker = -1, -1
        self._lock = threading.Lock()

    def run(self, argv: Sequence[str], environment: Mapping[str, str], stdin: bytes = b"") -> Done:
        """Start it, talk to it, wait for it. Blocking: for worker threads.

        Raises:
            ExceededError: it did not end in time, or one output is too large.
            OSError: it cannot be started.
            InterruptedError: `stop` was called.
        """
        self._wake, self._waker = os.pipe()
        GUARD.start()  # before there is anything to guard: a process takes milliseconds to begin
        try:
            child = subprocess.Popen(
                argv, stdin=subprocess.PIPE if stdin else subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=dict(environment), start_new_session=True, bufsize=0,
            )  # fmt: skip
            GUARD.add(child.pid)
            try:
                return self._talk(child, stdin)
            finally:
                _end(child)
                GUARD.remove(child.pid)
        finally:
            with self._lock:
                os.close(self._wake)
                os.close(self._waker)
                self._waker = -1

    def stop(self) -> None:
        """End it; from any thread, at any time."""
        self._stopped = True
        with self._lock, contextlib.suppress(OSError):
            if self._waker >= 0:
                os.write(self._waker, b"x")

    def _talk(self, child: subprocess.Popen[bytes], stdin: bytes) -> Done:
        outputs: dict[Any, list[bytes]] = {child.stdout: [], child.stderr: []}
        sizes: dict[Any, int] = {child.stdout: 0, child.stderr: 0}
        until, ended, rest = time.monotonic() + self._seconds, False, memoryview(stdin)
        with selectors.DefaultSelector() as chosen, _ending(child) as end:
            chosen.register(self._wake, selectors.EVENT_READ)
            chosen.register(end, selectors.EVENT_READ)
            for file in outputs:
                os.set_blocking(file.fileno(), False)
                chosen.register(file, selectors.EVENT_READ)
            if child.stdin:
                os.set_blocking(child.stdin.fileno(), False)
                chosen.register(child.stdin, selectors.EVENT_WRITE)
            left = set(outputs)
            while left or not ended:
                now = time.monotonic()
                if self._stopped:
                    raise InterruptedError(errno.EINTR, "it was stopped")
                if now > until:
                    if ended:
                        break
                    raise ExceededError(errno.ETIMEDOUT, f"it did not end within {self._seconds:g} s")
                for key, _ in chosen.select(until - now):
                    file = key.fileobj
                    if file is child.stdin:
                        rest = _written(child.stdin, rest)
                        if not rest:
                            chosen.unregister(file)
                            child.stdin.close()
                    elif file in outputs:
                        with contextlib.suppress(BlockingIOError):
                            piece = os.read(key.fd, _PIECE)
                            outputs[file].append(piece)
                            sizes[file] += len(piece)
                            if sizes[file] > self._size:
                                raise ExceededError(errno.EFBIG, f"it printed more than {limits.amount(self._size)}")
                            if not piece:
                                chosen.unregister(file)
                                left.discard(file)
                    elif file is end:
                        chosen.unregister(file)
                        ended, until = True, min(until, time.monotonic() + _LEFT_SECONDS)
        return Done(child.wait(), *(b"".join(pieces) for pieces in outputs.values()))


def _written(pipe: IO[bytes] | None, rest: memoryview) -> memoryview:
    """What is left to write; nothing once the reader is gone."""
    assert pipe is not None  # noqa: S101 - only a pipe that is there is registered
    try:
        return rest[os.write(pipe.fileno(), rest[:_PIECE]) :]
    except BlockingIOError:
        return rest
    except OSError:
        return rest[:0]


@contextlib.contextmanager
def _ending(child: subprocess.Popen[bytes]) -> Iterator[int]:
    """A descriptor that is readable once the child has ended."""
    if hasattr(os, "pidfd_open"):
        handle = os.pidfd_open(child.pid)
        try:
            yield handle
        finally:
            os.close(handle)
        return
    reading, writing = os.pipe()  # macOS: a thread waits, without taking the child's end away from whoever asks for it

    def wait() -> None:
        with contextlib.suppress(OSError):
            os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        os.close(writing)

    threading.Thread(target=wait, daemon=True).start()
    try:
        yield reading
    finally:
        os.close(reading)


def _end(child: subprocess.Popen[bytes]) -> None:
    """End the group of a child that is still at work, and close its pipes."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe:
            pipe.close()


class _Guard:
    """Ends our children's process groups when this process is gone, however it went.

    A small shell reads from a pipe which groups are at work (`+ 123`, `- 123`) and, when the pipe ends because nobody
    holds its other end any more, kills those that are left. The kernel's own PR_SET_PDEATHSIG would reach only the child
    itself, not what that started; it comes when the starting thread ends, not the process; and macOS has none.
    """

    _SCRIPT: Final = (
        "trap '' HUP INT TERM; groups=; "
        "while read -r sign group; do "
        "left=; for one in $groups; do [ \"$one\" = \"$group\" ] || left=\"$left $one\"; done; groups=$left; "
        "[ \"$sign\" = + ] && groups=\"$groups $group\"; done; "
        "for one in $groups; do kill -s KILL -- \"-$one\"; done"
    )  # fmt: skip

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shell: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def start(self) -> None:
        """Have it there."""
        with self._lock, contextlib.suppress(OSError):  # without a shell nothing is lost but this
            if self._shell is None or self._owner != os.getpid() or self._shell.poll() is not None:
                self._owner = os.getpid()
                self._shell = subprocess.Popen(
                    ["/bin/sh", "-c", self._SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, env={}, cwd="/", start_new_session=True, bufsize=0,
                )  # fmt: skip

    def add(self, group: int) -> None:
        """This group is at work from now on."""
        self._say(f"+ {group}\n")

    def remove(self, group: int) -> None:
        """It is not any more."""
        self._say(f"- {group}\n")

    def _say(self, text: str) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._shell and self._shell.stdin:
                self._shell.stdin.write(text.encode())


GUARD: Final = _Guard()
