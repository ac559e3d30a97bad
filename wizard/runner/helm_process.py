"""helm of a run, for its runner: started under the supervisor, its output read from files, its end from `exit.json`."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from wizard.adapters import bounded
from wizard.adapters.helm.cli import environment
from wizard.adapters.runs import processes
from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.run.summary import HelmExit
from wizard.core.text import sanitize

_POLL_SECONDS: Final = 0.02
_START_SECONDS: Final = 10.0
_PIECE: Final = 256 * limits.KIB
"""Bytes of helm's output that are read at a time."""


class SupervisedHelm:
    """The helm of one run's folder; `start` finds the one that runs there already."""

    def __init__(self, folder: Path, lock: int = -1) -> None:
        self._folder, self._lock = folder, lock
        self._child: subprocess.Popen[bytes] | None = None
        self._asked = False

    def prepare(self, argv: Sequence[str]) -> None:
        """Start the supervisor, which waits: its own start (40 ms) passes while the namespace is being made.

        Raises:
            Problem: another run holds the target's lock.
        """
        if self.begun() or self._child is not None:
            return
        self._hold()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        script = Path(__file__).with_name("supervisor.py")
        log = os.open(self._folder / "supervisor.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            self._child = subprocess.Popen(
                [sys.executable, "-I", "-S", str(script), str(self._folder), str(self._lock), *argv],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env=environment(),
                pass_fds=(self._lock,) if self._lock >= 0 else (),
            )
        finally:
            os.close(log)

    def _hold(self) -> None:
        """Take the target's lock; it is ours already, except in a runner that replaces a lost one and still waits for it."""
        if self._lock < 0:
            return
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Problem("Another run works on the release now.", "See which with: llm-cost-ops-wizard runs") from None

    async def start(self, argv: Sequence[str]) -> int:
        """Let the supervisor start helm; returns helm's pid."""
        self.prepare(argv)
        if self._child is not None and self._child.stdin is not None:
            # A supervisor that has died already shows below: nothing begins.
            with contextlib.suppress(BrokenPipeError), self._child.stdin as pipe:
                pipe.write(b"go\n")
            deadline = asyncio.get_running_loop().time() + _START_SECONDS
            while not self.begun() and self._child_lives() and asyncio.get_running_loop().time() < deadline:  # noqa: ASYNC110 - another process writes the file
                await asyncio.sleep(0.005)
        return int(self._read("supervisor.json").get("helm", {}).get("pid", 0))

    def forget(self) -> None:
        """End a supervisor that was prepared and not used."""
        if self._child is not None and self._child.stdin is not None and not self._child.stdin.closed:
            self._child.stdin.close()

    async def output(self) -> AsyncIterator[tuple[str, list[str]]]:
        """Lines of both streams as they are written, until helm has ended."""
        tails = {stream: _Tail(self._folder / f"helm.{stream}") for stream in ("out", "err")}
        ended = False
        while True:
            for stream, tail in tails.items():
                while lines := tail.lines(last=ended):
                    yield stream, lines
                    if not ended:
                        break  # the other stream gets its turn, however fast this one grows
            if ended:
                return
            ended = self.ended()
            if not ended:
                await asyncio.sleep(_POLL_SECONDS)

    async def wait(self) -> HelmExit:
        """How helm ended; without a code when the supervisor was killed too."""
        while not self.ended():  # noqa: ASYNC110 - another process writes the file
            await asyncio.sleep(_POLL_SECONDS)
        data = self._read("exit.json")
        code, at = data.get("code"), data.get("time")
        return HelmExit(
            code if limits.is_count(code) else None,
            limits.text_of(data, "signal"),
            float(at) if isinstance(at, int | float) else 0.0,
        )

    def cancel(self) -> bool:
        """One SIGTERM, through the supervisor if it lives."""
        if self._asked or self.ended():
            return False
        running = self._read("supervisor.json")
        for who in ("supervisor", "helm"):
            owner = limits.map_of(running, who)
            if _lives(owner):
                os.kill(owner["pid"], signal.SIGTERM)
                self._asked = True
                return True
        return False

    def begun(self) -> bool:
        """Whether helm was started in this run, by this runner or another one."""
        return bool(self._read("supervisor.json") or self._read("exit.json"))

    def ended(self) -> bool:
        """Whether helm is no longer at work."""
        if (self._folder / "exit.json").exists():
            return True
        running = self._read("supervisor.json")
        if not running:
            return not self._child_lives()
        return not any(_lives(limits.map_of(running, who)) for who in ("supervisor", "helm"))

    def _child_lives(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def _read(self, name: str) -> Mapping[str, Any]:
        try:
            data = limits.loads(bounded.read(self._folder / name, limits.KEPT))
        except (OSError, ValueError):
            return {}
        return data if isinstance(data, dict) else {}


def _lives(who: Mapping[str, Any]) -> bool:
    pid = who.get("pid")
    return limits.is_count(pid) and pid > 1 and processes.alive(pid, limits.text_of(who, "start"))


class _Tail:
    """The lines of a growing file; of a line longer than limits.HELM_LINE the beginning."""

    def __init__(self, path: Path) -> None:
        self._path, self._offset, self._rest, self._cut = path, 0, b"", False

    def lines(self, *, last: bool) -> list[str]:
        """The complete lines of the next piece of the file; with `last` also a line that does not end.

        Empty when nothing has come, or no line has ended yet.
        """
        whole: list[bytes] = []
        while not whole:
            data = self._piece()
            if not data:
                if last and self._rest:
                    whole, self._rest = [self._rest], b""
                break
            *whole, self._rest = (self._rest + data).split(b"\n")
            if whole and self._cut:
                whole[0], self._cut = whole[0][: limits.HELM_LINE], False
            if len(self._rest) > limits.HELM_LINE:
                self._rest, self._cut = self._rest[: limits.HELM_LINE], True
        return [sanitize.line(line.decode("utf-8", "replace")) for line in whole]

    def _piece(self) -> bytes:
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_PIECE)
        except OSError:
            return b""
        self._offset += len(data)
        return data
