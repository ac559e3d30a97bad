"""A program with a time limit, and what of its output is kept."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.diagnosis.recorder.network import NAME
from tests.diagnosis.recorder.servers import USER

LIMIT: Final = 20
"""The most seconds of a program."""
MOST: Final = 60
"""The most lines of a recording: of a longer one its beginning and its end."""
_WIDEST: Final = 16000
_BEGINNING: Final = 15


@dataclass(frozen=True)
class Program:
    """One client in one style; `uses` is postgres, redis or local; `words` start it; `only` names its troubles where not all."""

    client: str
    versions: Mapping[str, str]
    uses: str
    words: Sequence[str]
    environment: Mapping[str, str]
    only: Sequence[str] = ()
    limit: float = LIMIT


@dataclass(frozen=True)
class Recording:
    """What a program did; `exit` is None where it was still running at the end of its time."""

    trouble: str
    exit: int | None
    lines: tuple[str, ...]

    def to_data(self) -> dict[str, Any]:
        """As it stands in the file."""
        return {"trouble": self.trouble, "exit": self.exit, "lines": list(self.lines)}


def run(program: Program, trouble: str, environment: Mapping[str, str], workplace: Path) -> Recording:
    """Start it in a folder of its own as a user who is not root, and wait for its end."""
    with tempfile.TemporaryDirectory(dir=workplace, prefix="run-") as folder:
        home = Path(folder)
        os.chown(home, USER, USER)
        output = home / "output"
        usual = {"PATH": "/usr/bin:/bin:/usr/local/bin", "HOME": "/tmp", "TMPDIR": str(home), "LANG": "C.UTF-8", "TZ": "UTC", "HOSTNAME": NAME}  # fmt: skip
        with output.open("wb") as file:
            words = program.words
            if not words[0].endswith("chroot"):
                words = ("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", *words)
            process = subprocess.Popen(words, stdout=file, stderr=file, stdin=subprocess.DEVNULL, cwd=home, start_new_session=True,
                                       env={**usual, **environment, **program.environment})  # fmt: skip
            code: int | None
            try:
                code = process.wait(program.limit)
            except subprocess.TimeoutExpired:
                code = None
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(10)
        if code is not None and code < 0:
            code = 128 - code
        return Recording(trouble, code, _kept(output.read_bytes(), workplace))


def _kept(output: bytes, workplace: Path) -> tuple[str, ...]:
    text = re.sub(r"\x1b\[[0-9;]*m", "", output.decode("utf-8", "replace")).replace("\r", "")
    text = re.sub(rf"{re.escape(str(workplace))}/servers-\w+", "/etc/llm-cost-ops", text)
    text = re.sub(rf"{re.escape(str(workplace))}/run-\w+", "/app", text).replace(str(workplace), "/opt")
    lines = [line[:_WIDEST] for line in text.rstrip("\n").split("\n")]
    if len(lines) > MOST:
        lines = [*lines[:_BEGINNING], *lines[_BEGINNING - MOST :]]
    return tuple(lines)
