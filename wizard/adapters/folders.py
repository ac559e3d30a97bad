"""The wizard's private folders (design: contracts, events and files)."""

from __future__ import annotations

import atexit
import os
import stat
from functools import cache
from pathlib import Path
from typing import Final

from wizard.core.errors import Problem

NAME: Final = "llm-cost-ops-wizard"


class UnusableError(Problem):
    """The folder cannot be made; another user's is a plain Problem, which nothing gets around."""


def state_dir(*parts: str) -> Path:
    """A folder below $XDG_STATE_HOME/llm-cost-ops-wizard with mode 0700.

    Raises:
        Problem: it cannot be made there, or is another user's; the sentence names the variable.
    """
    return _private("XDG_STATE_HOME", ".local/state", parts)


def cache_dir(*parts: str) -> Path:
    """A folder below $XDG_CACHE_HOME/llm-cost-ops-wizard, likewise; one for this process where none can be had."""
    try:
        return _private("XDG_CACHE_HOME", ".cache", parts)
    except UnusableError:
        return _made(_temporary(), parts)


def _private(variable: str, below: str, parts: tuple[str, ...]) -> Path:
    base, named = _base(variable, below)
    try:
        _own(base / NAME)
        return _made(base / NAME, parts)
    except OSError as error:
        why = "a file is in its way" if isinstance(error, FileExistsError | NotADirectoryError) else str(error.strerror)
        raise UnusableError(
            f"The folder {base / NAME} cannot be made, which {named} leads to: {why[:1].lower()}{why[1:]}.",
            f"Set {variable} to a folder that you can write to.",
        ) from None


def _made(folder: Path, parts: tuple[str, ...]) -> Path:
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


def _base(variable: str, below: str) -> tuple[Path, str]:
    """The folder and the variable that led to it. A relative path is ignored (XDG Base Directory Specification)."""
    if Path(given := os.environ.get(variable, "")).is_absolute():
        return Path(given), variable
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where there is none
    if Path(home).is_absolute() and os.environ.get("HOME") != "":
        return Path(home) / below, "HOME"
    raise UnusableError(
        "There is no home folder: HOME is not the path of one.",
        f"Set HOME or {variable} to a folder that you can write to.",
    )


@cache
def _temporary() -> Path:
    from wizard.adapters.scratch import Scratch  # seldom

    made = Scratch("cache")
    atexit.register(made.remove)
    return made.path
