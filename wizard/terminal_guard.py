"""Restores the terminal after the full screen, which runs in a child process; the parent only waits and restores.

Textual leaves the terminal broken when it is ended by SIGTERM, SIGHUP, SIGKILL or a native crash. So the child is
forked before heavy imports; the parent costs nothing and cannot crash with it. If the parent is killed, the child
notices and restores the terminal itself.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import termios
import threading
from collections.abc import Callable
from typing import Any, Final

_PUSH_TITLE: Final = b"\x1b[22;2t"
_POP_TITLE: Final = b"\x1b[23;2t"
_RESTORE: Final = (
    b"\x1b[?2026l"  # synchronised output off
    b"\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1015l\x1b[?1016l"  # mouse off
    b"\x1b[?1004l\x1b[?2004l\x1b[?2048l"  # focus reports, bracketed paste, resize reports off
    b"\x1b[<u"  # kitty keyboard protocol off
    b"\x1b[?1049l"  # back from the alternate screen
    b"\x1b[?25h\x1b[?7h\x1b[0m"  # cursor on, wrap on, plain text
)


_AWAITED: Final = frozenset({signal.SIGCHLD, signal.SIGTERM, signal.SIGHUP})
"""What the parent waits for: a change of the child, and the signals that it forwards to it."""

_CHECK_SECONDS: Final = 2.0
"""How often the child checks that the terminal still exists."""


class Terminal:
    """The terminal as it was when the program started."""

    def __init__(self) -> None:
        self._fd = sys.stdin.fileno()
        self._attributes: list[Any] = termios.tcgetattr(self._fd)

    def restore(self) -> None:
        """Restore the terminal, whatever mode a dead program left it in; unread input is dropped."""
        # SIGTTOU would stop a background process that sets attributes. A mask works in any thread, a handler does not.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), _RESTORE)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._fd, termios.TCSAFLUSH, self._attributes)

    def exists(self) -> bool:
        """Whether the terminal still exists: not after its window was closed."""
        try:
            termios.tcgetattr(self._fd)
        except termios.error:
            return False
        return True

    def save_title(self) -> None:
        """Ask the terminal to remember its title."""
        self._write(_PUSH_TITLE)

    def restore_title(self) -> None:
        """Ask the terminal to restore its title."""
        self._write(_POP_TITLE)

    def _write(self, sequence: bytes) -> None:
        with contextlib.suppress(OSError):
            os.write(sys.stdout.fileno(), sequence)


def run(child: Callable[[Terminal], int], goes_on: Callable[[], str] = lambda: "") -> int:
    """Run `child` in a process of its own and return its exit code; 128 + n when signal n ended it.

    In that case `goes_on` returns lines that name the operations that go on; it may import heavy modules.
    """
    terminal = Terminal()
    sys.stdout.flush()
    sys.stderr.flush()
    alive, parent_holds = os.pipe()
    # Blocked before the fork: one that arrives at any moment from here on waits for `sigwait` and is forwarded.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    pid = os.fork()
    if pid == 0:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(parent_holds)
        threading.Thread(target=_when_alone, args=(alive, terminal), daemon=True).start()
        code = 1
        try:
            code = child(terminal)
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)
    os.close(alive)
    try:
        return _wait(pid, terminal, goes_on)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _when_alone(alive: int, terminal: Terminal) -> None:
    """In the child: restore the terminal when the pipe ends, because then the parent is gone.

    A closed terminal does not always send SIGHUP (not under nohup or in another session), and Textual reads its end of
    file in a loop that uses a whole core.
    """
    while not select.select([alive], [], [], _CHECK_SECONDS)[0]:
        if not terminal.exists():
            os._exit(128 + signal.SIGHUP)
    terminal.restore()
    os.kill(os.getpid(), signal.SIGKILL)


def _wait(pid: int, terminal: Terminal, goes_on: Callable[[], str]) -> int:
    # The child handles Ctrl-C. A default SIGCHLD would be dropped by some systems even while it is blocked.
    before = {signal.SIGINT: signal.signal(signal.SIGINT, signal.SIG_IGN)}
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda *_: None)
    terminal.save_title()
    try:
        while True:
            changed, status = os.waitpid(pid, os.WUNTRACED | os.WNOHANG)
            if not changed:
                got = signal.sigwait(_AWAITED)
                if got != signal.SIGCHLD:
                    _kill(pid, got)
            elif os.WIFSTOPPED(status):
                # Job control: the shell waits for us, so we stop and continue with the child.
                os.kill(os.getpid(), signal.SIGSTOP)
                _kill(pid, signal.SIGCONT)
            else:
                break
        if os.WIFSIGNALED(status):
            terminal.restore()
            if not terminal.exists():
                return 128 + os.WTERMSIG(status)
            name = signal.Signals(os.WTERMSIG(status)).name
            lines = "A running operation goes on: see `runs`.\n"
            with contextlib.suppress(Exception):  # the message must be printed, even if the state folder is broken
                lines = goes_on() or lines
            with contextlib.suppress(OSError):
                print(f"The wizard was ended by {name}. {lines}", end="", file=sys.stderr, flush=True)
            return 128 + os.WTERMSIG(status)
        return os.WEXITSTATUS(status)
    finally:
        terminal.restore_title()
        for number, handler in before.items():
            signal.signal(number, handler)


def _kill(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
