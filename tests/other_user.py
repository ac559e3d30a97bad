"""Runs a program as another Unix user, who need not exist: `python other_user.py UID COMMAND...`, as root.

An interpreter below a folder that only root may enter (/root) is shown to that user in a mount namespace of the program's
own; nothing of the machine changes.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
_CLONE_NEWNS, _MS_BIND, _MS_REC, _MS_PRIVATE = 0x20000, 0x1000, 0x4000, 0x40000
_NEEDED = tuple(dict.fromkeys((sys.base_prefix, sys.prefix, str(ROOT))))


def command(user: int, argv: Sequence[str]) -> list[str]:
    """The command line that runs another one as that user."""
    return [sys.executable, "-I", __file__, str(user), *argv]


def why_not() -> str:
    """Why this machine cannot run a program as another user, "" when it can."""
    if sys.platform != "linux" or os.getuid() != 0:
        return "only root on Linux can be two other users"
    tried = subprocess.run(
        command(61_200, [sys.executable, "-c", "import wizard.cli.parser"]), capture_output=True, text=True, check=False
    )
    return tried.stderr.strip().splitlines()[-1] if tried.returncode else ""


def run(user: int, argv: Sequence[str], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as that user in that folder with an environment of its own."""
    return subprocess.run(
        command(user, argv), cwd=folder, env=_world(folder, environment), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip


def _world(home: Path, more: Mapping[str, str]) -> dict[str, str]:
    places = {name: str(home / folder) for name, folder in (
        ("HOME", "home"), ("TMPDIR", "tmp"), ("XDG_STATE_HOME", "state"), ("XDG_CACHE_HOME", "cache"),
    )}  # fmt: skip
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **places, **more}


def _become(user: int) -> None:
    closed = {_closed_parent(Path(path)) for path in _NEEDED} - {None}
    if closed:
        _show([path for path in _NEEDED if _closed_parent(Path(path))], [one for one in closed if one])
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)


def _closed_parent(path: Path) -> Path | None:
    """The topmost folder on the way that others may not enter."""
    return next((one for one in reversed(path.parents) if not one.stat().st_mode & 0o001), None)


def _show(paths: Sequence[str], closed: Sequence[Path]) -> None:
    """Put empty folders over the closed ones, in which only those paths are."""
    libc: Any = ctypes.CDLL(None, use_errno=True)

    def call(name: str, *arguments: Any) -> None:
        if getattr(libc, name)(*arguments):
            sys.exit(f"this machine lets root do no {name}: {os.strerror(ctypes.get_errno())}")

    call("unshare", _CLONE_NEWNS)
    call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)
    kept = {path: os.open(path, os.O_RDONLY | os.O_DIRECTORY) for path in paths}
    for folder in closed:
        call("mount", b"none", os.fsencode(folder), b"tmpfs", 0, b"mode=755")
    for path, handle in kept.items():
        Path(path).mkdir(parents=True)
        call("mount", f"/proc/self/fd/{handle}".encode(), os.fsencode(path), None, _MS_BIND, None)
        os.close(handle)


if __name__ == "__main__":
    _become(int(sys.argv[1]))
    os.umask(0o022)
    os.execv(sys.argv[2], sys.argv[2:])
