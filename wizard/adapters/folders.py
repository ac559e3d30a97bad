"""The wizard's private folders (design: contracts, events and files)."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Final

from wizard.core.errors import Problem

NAME: Final = "llm-cost-ops-wizard"


def state_dir(*parts: str) -> Path:
    """A folder below $XDG_STATE_HOME/llm-cost-ops-wizard, made with mode 0700.

    Raises:
        Problem: it cannot be made there; the sentence names the variable.
    """
    return _private("XDG_STATE_HOME", ".local/state", parts)


def cache_dir(*parts: str) -> Path:
    """A folder below $XDG_CACHE_HOME/llm-cost-ops-wizard, made with mode 0700; one for this process where none can be made."""
    try:
        return _private("XDG_CACHE_HOME", ".cache", parts)
    except Problem:
        return _made(Path(_temporary()), parts)


def _private(variable: str, below: str, parts: tuple[str, ...]) -> Path:
    base, named = _base(variable, below)
    try:
        folder = base / NAME
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _made(folder, parts)
    except OSError as error:
        why = "a file is in its way" if isinstance(error, FileExistsError | NotADirectoryError) else str(error.strerror)
        raise Problem(
            f"The folder {base / NAME} cannot be made, which {named} leads to: {why[:1].lower()}{why[1:]}.",
            f"Set {variable} to a folder that you can write to.",
        ) from None


def _made(folder: Path, parts: tuple[str, ...]) -> Path:
    for part in parts:
        folder /= part
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _base(variable: str, below: str) -> tuple[Path, str]:
    """The folder and the variable that led to it. A relative path is ignored (XDG Base Directory Specification)."""
    if Path(given := os.environ.get(variable, "")).is_absolute():
        return Path(given), variable
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where there is none
    if Path(home).is_absolute() and os.environ.get("HOME") != "":
        return Path(home) / below, "HOME"
    raise Problem(
        "There is no home folder: HOME is not the path of one.",
        f"Set HOME or {variable} to a folder that you can write to.",
    )


@cache
def _temporary() -> str:
    folder = tempfile.mkdtemp(prefix=f"{NAME}-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
