"""The word and the symbol of a state and of a planned change, the same on every front end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SYMBOLS: Final[Mapping[str, str]] = {
    "pass": "+", "ready": "+", "warn": "!", "progressing": "~", "fail": "x", "failed": "x", "stuck": "x", "skipped": "-",
    "unknown": "?",
}  # fmt: skip
_WORDS: Final[Mapping[str, str]] = {"pass": "ok", "fail": "failed"}
"""Of states that read better otherwise; every other state is its own word."""
_CHANGES: Final[Mapping[str, str]] = {
    "created": "+", "changed": "~", "removed": "-", "refused": "x", "kept": "=", "unknown": "?", "unchanged": " ",
}  # fmt: skip


def symbol(state: str) -> str:
    """The symbol of a state of a check, an object or a release; "?" for any other text."""
    return _SYMBOLS.get(state, "?")


def word(state: str) -> str:
    """The word of a state; it stands beside the symbol."""
    return _WORDS.get(state, state)


def change(name: str) -> str:
    """Symbol and word of what a plan does to an object."""
    return f"{_CHANGES[name]} {name}"
