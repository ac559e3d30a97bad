"""A real pseudo-terminal with a screen to read: what a person would see and press."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

import ptyprocess
import pyte
from typing_extensions import override

KEYS = {
    "enter": "\r", "esc": "\x1b", "tab": "\t", "up": "\x1b[A", "down": "\x1b[B", "left": "\x1b[D", "right": "\x1b[C",
    "f1": "\x1bOP", "f2": "\x1bOQ", "f4": "\x1bOS", "f6": "\x1b[17~", "f9": "\x1b[20~", "space": " ", "backspace": "\x7f", "ctrl+c": "\x03",
    "ctrl+u": "\x15", "shift+tab": "\x1b[Z",
}  # fmt: skip

_REACTION = 0.05
"""Seconds between seeing and pressing; the fastest people need two to three times as many."""


def as_on_a_terminal() -> None:
    """Whoever started the tests may have had signals ignored (nohup does), and that would be inherited."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


class _Screen(pyte.Screen):
    """Answers where the cursor is when it is asked, as a terminal does; questionary waits a second for that."""

    def __init__(self, columns: int, lines: int, answer: Callable[[str], object]) -> None:
        super().__init__(columns, lines)
        self._answer = answer

    @override
    def write_process_input(self, data: str) -> None:
        self._answer(data)


class Terminal:
    """A program in a pseudo-terminal; use as a context manager, which ends the program."""

    def __init__(
        self, argv: Sequence[str], env: Mapping[str, str], cwd: Path, size: tuple[int, int] = (80, 24)
    ) -> None:
        self.columns, self.rows = size
        environment = {**env, "TERM": env.get("TERM", "xterm-256color"), "COLUMNS": str(size[0]), "LINES": str(size[1])}
        self._screen = _Screen(*size, lambda answer: self.process.write(answer.encode()))
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self._seen = 0.0
        self.raw = b""
        """Every byte the program wrote."""
        self.process = ptyprocess.PtyProcess.spawn(
            list(argv), cwd=str(cwd), env=environment, dimensions=(size[1], size[0]), preexec_fn=as_on_a_terminal
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.isalive():
            self.process.terminate(force=True)
        self.process.close(force=True)

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self.process.fd, 65536)
            except OSError:
                return
            if not data:
                return
            with self._lock:
                self.raw += data
                self._stream.feed(data)

    def text(self) -> str:
        """The screen as text, one line a row, trailing blanks dropped."""
        with self._lock:
            return "\n".join(row.rstrip() for row in self._screen.display)

    def wait_for(self, pattern: str, seconds: float = 20) -> str:
        """The screen once it matches the pattern; fails with the screen when it does not in time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if re.search(pattern, self.text()):
                self._seen = time.monotonic()
                return self.text()
            time.sleep(0.02)
        raise AssertionError(f"no {pattern!r} within {seconds} s on:\n{self.text()}\nlast bytes: {self.raw[-300:]!r}")

    def press(self, *keys: str) -> None:
        """Press keys by name, or type text; the first one not faster after `wait_for` than a person can react."""
        time.sleep(max(0.0, self._seen + _REACTION - time.monotonic()))
        for key in keys:
            self.process.write(KEYS.get(key, key).encode())

    def wait(self, seconds: float = 20) -> int:
        """The exit code, once the program ends by itself."""
        deadline = time.monotonic() + seconds
        while self.process.isalive():
            assert time.monotonic() < deadline, f"still running after {seconds} s:\n{self.text()}"
            time.sleep(0.02)
        return int(self.process.exitstatus if self.process.exitstatus is not None else -self.process.signalstatus)

    def hang_up(self) -> None:
        """Close the terminal, as when a window is closed."""
        # It gives the program less than half a second, which a busy machine needs for itself.
        with contextlib.suppress(ptyprocess.PtyProcessError):
            self.process.close(force=False)
        self.wait()


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
