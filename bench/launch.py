"""The time from the start of a process to its first usable output, on a pseudo-terminal of 80x24."""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import ptyprocess

from bench.rounds import Row, alternate, timed

ROOT: Final = Path(__file__).resolve().parent.parent
_ESCAPES: Final = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[ -/]*[0-~]")
_BARE: Final = ([sys.executable, "-m", "bench.bare_app"], rb"first field")


def shows(argv: Sequence[str], pattern: bytes, env: Mapping[str, str], limit: float = 30) -> float:
    """Seconds until the program's terminal output holds the pattern; the program is then ended."""
    began = time.perf_counter()
    terminal = ptyprocess.PtyProcess.spawn(list(argv), cwd=str(ROOT), env=dict(env), dimensions=(24, 80))
    seen = b""
    try:
        while not re.search(pattern, _ESCAPES.sub(b"", seen)):
            if time.perf_counter() - began > limit or not select.select([terminal.fd], [], [], limit)[0]:
                raise TimeoutError(f"{argv} did not show {pattern!r} within {limit} s: {seen[-500:]!r}")
            seen += os.read(terminal.fd, 65536)
        return time.perf_counter() - began
    finally:
        terminal.close(force=True)


def environment(kubeconfig: str = "") -> dict[str, str]:
    """The environment of a plain terminal; compiled modules are kept, as on a user's machine."""
    plain = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**plain, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", "KUBECONFIG": kubeconfig}


def first_field(kubeconfig: str, rounds: int) -> Row:
    """The launch to our first question beside the launch of the bare app."""
    env = environment(kubeconfig)
    ours, bare = alternate(
        lambda: shows([sys.executable, "-m", "wizard", "install"], rb"Environment(?s:.*)Development", env),
        lambda: shows(*_BARE, env),
        rounds,
    )
    row = Row("launch to first usable field", ours, bare, "bare Textual app", "<= 1.15 x")
    return Row(row.name, ours, bare, row.beside, row.bound, fits=(row.ratio or 9) <= 1.15)


def live_rows(kubeconfig: str, rounds: int) -> Row:
    """The launch to home with the live row of a release, beside the launch of the bare app."""
    env = environment(kubeconfig)
    ours, bare = alternate(
        lambda: shows([sys.executable, "-m", "wizard"], rb"Verdict(?s:.*)llm-cost-ops(?s:.*)\d/\d", env),
        lambda: shows(*_BARE, env),
        rounds,
    )
    row = Row("launch to live rows of a release", ours, bare, "bare Textual app", "<= 1.75 x")
    return Row(row.name, ours, bare, row.beside, row.bound, fits=(row.ratio or 9) <= 1.75)


def version(rounds: int) -> Row:
    """`--version` beside an interpreter that does nothing."""
    ours, bare = alternate(
        lambda: timed(
            lambda: subprocess.run(
                [sys.executable, "-m", "wizard", "--version"], cwd=ROOT, check=True, capture_output=True
            )
        ),
        lambda: timed(lambda: subprocess.run([sys.executable, "-c", "pass"], cwd=ROOT, check=True)),
        rounds,
    )
    return Row("--version", ours, bare, "python -c pass", note=_imports())


def _imports() -> str:
    code = "import sys\nfrom wizard.cli import parser\nfor line in (['--version'], ['install', '--help']): parser.main(line)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    heavy = {"textual", "kubernetes", "yaml", "rich"} & set(done.stdout.split())
    return f"--version and --help import {', '.join(sorted(heavy)) or 'neither textual nor kubernetes'}"
