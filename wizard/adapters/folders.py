"""A cache folder, a temporary one if need be."""

from __future__ import annotations

import atexit
from functools import cache
from pathlib import Path

from wizard import paths


def cache_dir(*parts: str) -> Path:
    """A folder below the cache folder (wizard/paths.py); a temporary one of this process where that cannot be used."""
    try:
        return paths.cache_dir(*parts)
    except paths.UnusableError:
        return paths.make_below(_temporary(), parts)


@cache
def _temporary() -> Path:
    from wizard.adapters.scratch import Scratch  # seldom

    scratch = Scratch("cache")
    atexit.register(scratch.remove)
    return scratch.path
