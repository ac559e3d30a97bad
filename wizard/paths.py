"""The wizard's private folders (design: contracts, events and files; XDG Base Directory Specification)."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final, NamedTuple

from wizard.core.errors import Problem

NAME: Final = "llm-cost-ops-wizard"


class _Kind(NamedTuple):
    """A kind of folder: the environment variable that names its base, and the default base below the home folder."""

    variable: str
    below_home: str


_STATE: Final = _Kind("XDG_STATE_HOME", ".local/state")
_CACHE: Final = _Kind("XDG_CACHE_HOME", ".cache")


class UnusableError(Problem):
    """The folder cannot be made. One of another user is a plain Problem, for which there is no fallback."""


def state_home() -> Path:
    """$XDG_STATE_HOME/llm-cost-ops-wizard; it may not exist.

    Raises:
        UnusableError: there is no home folder.
    """
    return _base(_STATE)[0] / NAME


def cache_home() -> Path:
    """$XDG_CACHE_HOME/llm-cost-ops-wizard; raises as `state_home`."""
    return _base(_CACHE)[0] / NAME


def state_dir(*parts: str) -> Path:
    """A folder below the state folder, made with mode 0700.

    Raises:
        Problem: it cannot be made, or belongs to another user; the message names the variable.
    """
    return _private(_STATE, parts)


def cache_dir(*parts: str) -> Path:
    """A folder below the cache folder, made with mode 0700; raises as `state_dir`."""
    return _private(_CACHE, parts)


def make_below(folder: Path, parts: tuple[str, ...]) -> Path:
    """A folder below another, made with mode 0700; raises OSError, and Problem when it belongs to another user."""
    for part in parts:
        folder /= part
        _own(folder)
    return folder


def _private(kind: _Kind, parts: tuple[str, ...]) -> Path:
    base, named = _base(kind)
    try:
        return make_below(base, (NAME, *parts))
    except OSError as error:
        why = "a file is in its way" if isinstance(error, FileExistsError | NotADirectoryError) else str(error.strerror)
        raise UnusableError(
            f"The folder {base / NAME}, which {named} names, cannot be made: {why[:1].lower()}{why[1:]}.",
            f"Set {kind.variable} to a folder that you can write to.",
        ) from None


def _own(folder: Path) -> None:
    """Make the folder when it is missing, and set its mode to 0700."""
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


def _base(kind: _Kind) -> tuple[Path, str]:
    """The base folder and the variable that names it. A relative path is ignored, as the specification requires."""
    if Path(given := os.environ.get(kind.variable, "")).is_absolute():
        return Path(given), kind.variable
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where there is none
    if Path(home).is_absolute() and os.environ.get("HOME") != "":
        return Path(home) / kind.below_home, "HOME"
    raise UnusableError(
        "There is no home folder: HOME is not the path of one.",
        f"Set HOME or {kind.variable} to a folder that you can write to.",
    )
