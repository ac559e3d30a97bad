"""Programs that answer and end (login plugins, helm), bounded in output and total time, and ended with this process."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, Final

from wizard.adapters.bounded import ExceededError
from wizard.core import limits

_PIECE: Final = 256 * limits.KIB
_LEFT_SECONDS: Final = 0.2
"""Seconds that the output of an ended child is still read while a process that it left behind writes on."""


@dataclass(frozen=True)
class Done:
    """How a child ended: exit code (below zero: the signal), and both outputs."""

    code: int
    out: bytes
    err: bytes


class Child:
    """One run of a program that answers and ends: no terminal, a session of its own, bounded outputs and total time.

    Its whole process group is killed (SIGKILL) when it exceeds a limit, when `stop` is called, and when this process
    ends, even by SIGKILL (see _Guard). Processes that outlive it are not waited for.
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
        GUARD.start()  # before there is anything to guard: a process takes milliseconds to start
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
    assert pipe is not None  # noqa: S101 - only an existing pipe is registered
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
    reading, writing = os.pipe()  # macOS: a thread waits, and leaves the exit status for `wait`

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
    """Kill the group of a child that still runs, and close its pipes."""
    if child.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
    for pipe in (child.stdin, child.stdout, child.stderr):
        if pipe:
            pipe.close()


class _Guard:
    """Kills our children's process groups when this process is gone, however it ended.

    A small shell reads from a pipe which groups run (`+ 123`, `- 123`) and, when the pipe ends because its writer is gone,
    kills those that are left. The kernel's own PR_SET_PDEATHSIG would reach only the child itself, not its children; it
    comes when the starting thread ends, not the process; and macOS has none.
    """

    _SCRIPT: Final = (
        "trap '' HUP INT TERM; groups=; "
        "while read -r sign group; do "
        "left=; for known in $groups; do [ \"$known\" = \"$group\" ] || left=\"$left $known\"; done; groups=$left; "
        "[ \"$sign\" = + ] && groups=\"$groups $group\"; done; "
        "for group in $groups; do kill -s KILL -- \"-$group\"; done"
    )  # fmt: skip

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._shell: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def start(self) -> None:
        """Start the shell, unless it runs already."""
        with self._lock, contextlib.suppress(OSError):  # without a shell only this guard is missing
            if self._shell is None or self._owner != os.getpid() or self._shell.poll() is not None:
                self._owner = os.getpid()
                self._shell = subprocess.Popen(
                    ["/bin/sh", "-c", self._SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, env={}, cwd="/", start_new_session=True, bufsize=0,
                )  # fmt: skip

    def add(self, group: int) -> None:
        """This group runs from now on."""
        self._say(f"+ {group}\n")

    def remove(self, group: int) -> None:
        """This group has ended."""
        self._say(f"- {group}\n")

    def _say(self, text: str) -> None:
        with self._lock, contextlib.suppress(OSError):
            if self._shell and self._shell.stdin:
                self._shell.stdin.write(text.encode())


GUARD: Final = _Guard()
