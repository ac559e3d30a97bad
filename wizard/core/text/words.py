"""The word and the symbol of a state and of a planned change, the same in every front end; a number with its noun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_SYMBOLS: Final[Mapping[str, str]] = {
    "pass": "+", "ready": "+", "warn": "!", "progressing": "~", "fail": "x", "failed": "x", "stuck": "x", "skipped": "-",
    "unknown": "?", "waiting": "~",
}  # fmt: skip
_WORDS: Final[Mapping[str, str]] = {"pass": "ok", "fail": "failed"}
"""States whose word differs from their name."""
_CHANGES: Final[Mapping[str, str]] = {
    "created": "+", "changed": "~", "removed": "-", "refused": "x", "kept": "=", "unknown": "?", "unchanged": " ",
}  # fmt: skip


def symbol(state: str) -> str:
    """The symbol of a state of a check, an object or a release; "?" for any other text."""
    return _SYMBOLS.get(state, "?")


def word(state: str) -> str:
    """The word of a state, shown next to the symbol."""
    return _WORDS.get(state, state)


def counted(number: int, noun: str, nouns: str = "") -> str:
    """A number with its noun: 1 pod, 1,204 pods; `nouns` where an s alone does not make the plural."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def change(name: str) -> str:
    """Symbol and word of a planned change of an object."""
    return f"{_CHANGES[name]} {name}"
