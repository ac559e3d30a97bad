"""The wizard's private folders (design: contracts, events and files)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

NAME: Final = "llm-cost-ops-wizard"


def state_dir(*parts: str) -> Path:
    """A folder below $XDG_STATE_HOME/llm-cost-ops-wizard, made with mode 0700."""
    return _private(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state", parts)


def cache_dir(*parts: str) -> Path:
    """A folder below $XDG_CACHE_HOME/llm-cost-ops-wizard, made with mode 0700."""
    return _private(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", parts)


def _private(base: str | Path, parts: tuple[str, ...]) -> Path:
    folder = Path(base) / NAME
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for part in parts:
        folder /= part
        folder.mkdir(mode=0o700, exist_ok=True)
    return folder
