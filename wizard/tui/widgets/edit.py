"""A line of text that is being typed. Pure: a value and the cursor position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size

from wizard.core.errors import Problem
from wizard.core.text import sanitize
from wizard.tui.text import Span, pad

LONGEST: Final = sanitize.LINE_LIMIT
"""Most characters of a field: as many as a path may have."""


class LineEdit(NamedTuple):
    """The text, and the index at which the next character is inserted."""

    text: str = ""
    at: int = 0

    @staticmethod
    def of(text: str) -> LineEdit:
        """An edit with the cursor at the end of the text."""
        return LineEdit(text, len(text))

    def insert(self, more: str) -> LineEdit:
        """The edit after `more` was inserted at the cursor, made safe.

        Space around it is no part of a text that was pasted. Raises Problem for several lines, and when it is too long.
        """
        clean = more if len(more) == 1 else more.strip()
        if (lines := len(clean.splitlines())) > 1:
            raise Problem(f"The pasted text has {lines:,} lines, and a field holds one.", "Nothing was inserted.")
        clean = sanitize.line(clean, limit=4 * len(clean))  # a tab becomes four spaces; nothing is cut
        if len(self.text) + len(clean) > LONGEST:
            raise Problem(f"A field holds at most {LONGEST:,} characters.", f"{len(clean):,} more were not inserted.")
        return LineEdit(self.text[: self.at] + clean + self.text[self.at :], self.at + len(clean))

    def key(self, key: str) -> LineEdit | None:
        """The edit after an editing key; None for any other key."""
        return _KEYS[key](self) if key in _KEYS else None

    def _word_left(self) -> int:
        return len(self.text[: self.at].rstrip(_BREAKS).rstrip(_letters(self.text)))

    def _word_right(self) -> int:
        rest = self.text[self.at :].lstrip(_BREAKS)
        return len(self.text) - len(rest.lstrip(_letters(self.text)))

    def spans(self, width: int, *, focused: bool, empty: str = "") -> tuple[Span, ...]:
        """The field in `width` cells with brackets; the cursor is visible when `focused`. `empty` is shown in an empty field."""
        room = width - 2
        tone = "field.here" if focused else "field"
        if not focused:
            if not self.text and empty:
                return (("[", "rule"), (pad(empty, room), "dim"), ("]", "rule"))
            shown = self.text if cell_len(self.text) <= room else set_cell_size(self.text, room - 1) + "…"
            return (("[", "rule"), (set_cell_size(shown, room), tone), ("]", "rule"))
        if not self.text and empty:
            return (("[", "accent"), (" ", "cursor"), (pad(empty, room - 1), "dim"), ("]", "accent"))
        start = self.at
        while start and cell_len(self.text[start - 1 : self.at]) < room:
            start -= 1
        before, under = self.text[start : self.at], self.text[self.at : self.at + 1] or " "
        after = set_cell_size(self.text[self.at + 1 :], max(0, room - cell_len(before) - cell_len(under)))
        return (("[", "accent"), (before, tone), (under, "cursor"), (after, tone), ("]", "accent"))


_BREAKS: Final = " ./:-_@"


def _letters(text: str) -> str:
    return "".join(set(text) - set(_BREAKS))


def _delete(edit: LineEdit, start: int, end: int) -> LineEdit:
    return LineEdit(edit.text[:start] + edit.text[end:], start)


_KEYS: Final[dict[str, Callable[[LineEdit], LineEdit]]] = {
    "left": lambda e: LineEdit(e.text, max(0, e.at - 1)),
    "right": lambda e: LineEdit(e.text, min(len(e.text), e.at + 1)),
    "home": lambda e: LineEdit(e.text, 0),
    "ctrl+a": lambda e: LineEdit(e.text, 0),
    "end": lambda e: LineEdit(e.text, len(e.text)),
    "ctrl+e": lambda e: LineEdit(e.text, len(e.text)),
    "ctrl+left": lambda e: LineEdit(e.text, e._word_left()),
    "ctrl+right": lambda e: LineEdit(e.text, e._word_right()),
    "backspace": lambda e: _delete(e, max(0, e.at - 1), e.at),
    "delete": lambda e: _delete(e, e.at, e.at + 1),
    "ctrl+w": lambda e: _delete(e, e._word_left(), e.at),
    "ctrl+u": lambda e: _delete(e, 0, e.at),
    "ctrl+k": lambda e: _delete(e, e.at, len(e.text)),
}
