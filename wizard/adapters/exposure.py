"""Who else can read a file: other users of this machine, and everybody who has the git repository that it is in."""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_GIT_SECONDS: Final = 3.0


def open_to_others(path: Path) -> bool:
    """Whether its mode lets everybody read it, and those of its folders reach it (path_resolution(7)); ACLs are ignored."""
    try:
        real = path.resolve()
        return bool(real.stat().st_mode & stat.S_IROTH) and all(
            folder.stat().st_mode & stat.S_IXOTH for folder in real.parents
        )
    except OSError:
        return False


def exposed(path: Path) -> Iterator[str]:
    """Who else can read a regular file, each the end of a sentence; blocks while git is asked."""
    if not path.is_file():
        return
    if open_to_others(path):
        yield "can be read by every user of this machine (chmod 600)"
    if state := _in_git(path.resolve()):
        yield state


def _in_git(path: Path) -> str:
    if not any((folder / ".git").exists() for folder in path.parents):
        return ""
    if _git(path, "ls-files", "--error-unmatch"):
        return "is tracked by git: who has the repository has it (git rm --cached)"
    return "" if _git(path, "check-ignore", "-q") else "is in a git repository that does not ignore it (.gitignore)"


def _git(path: Path, *command: str) -> bool:
    """Whether git says yes; True where it cannot be asked for what is ignored, and no program of the repository runs."""
    argv = ["git", "-c", "core.fsmonitor=false", "-C", str(path.parent), *command, "--", path.name]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        done = subprocess.run(
            argv, capture_output=True, timeout=_GIT_SECONDS, check=False, stdin=subprocess.DEVNULL, env=environment
        )
    except (OSError, subprocess.TimeoutExpired):
        return command[0] == "check-ignore"
    return done.returncode == 0
