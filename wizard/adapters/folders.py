"""The wizard's private folders (design: contracts, events and files)."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

from wizard.core.errors import Problem

NAME: Final = "llm-cost-ops-wizard"


def state_dir(*parts: str) -> Path:
    """A folder below $XDG_STATE_HOME/llm-cost-ops-wizard with mode 0700; raises Problem when it is another user's."""
    return _private(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state", parts)


def cache_dir(*parts: str) -> Path:
    """A folder below $XDG_CACHE_HOME/llm-cost-ops-wizard, likewise."""
    return _private(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", parts)


def _private(base: str | Path, parts: tuple[str, ...]) -> Path:
    folder = Path(base).absolute() / NAME
    _own(folder)
    for part in parts:
        folder /= part
        _own(folder)
    return folder


def _own(folder: Path) -> None:
    """Make the folder when it is missing, and keep others out of it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:
        _refuse_foreign(folder, folder.stat())
        raise
    try:
        status = os.fstat(handle)
        _refuse_foreign(folder, status)
        if stat.S_IMODE(status.st_mode) & 0o077:
            os.fchmod(handle, 0o700)
    finally:
        os.close(handle)


def _refuse_foreign(folder: Path, status: os.stat_result) -> None:
    if status.st_uid != os.getuid():
        raise Problem(
            f"The folder {folder} belongs to another user (uid {status.st_uid}); the wizard runs as uid {os.getuid()}.",
            "Set HOME, or XDG_STATE_HOME and XDG_CACHE_HOME, to folders of the user that runs the wizard.",
        )
