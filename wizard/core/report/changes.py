"""What a revision of a release changed, as a report shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from wizard.core.text.redaction import hide

_NO_LINES: Final = ("Secret/", "ConfigMap/")
"""Objects that hold values: that they changed is shown, and no line of them."""
_MOST_OBJECTS: Final = 300
_MOST_LINES: Final = 400
"""Objects, and lines of each: a page is read by a person."""


@dataclass(frozen=True)
class ObjectChange:
    """One object ("Kind/name") that was added, removed or changed, and the lines of its diff."""

    object: str
    change: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Changes:
    """What one revision changed against the one before (0: there is none). `note` says what is not known, or why."""

    old: int = 0
    new: int = 0
    by: str = ""
    """The run that made it, with its end; "" when it is not known here."""
    made: tuple[str, ...] = ()
    """What the run made or deleted besides helm, as sentences."""
    objects: tuple[ObjectChange, ...] = ()
    values: tuple[str, ...] = ()
    """The diff of the given values, line by line."""
    left_out: int = 0
    """Objects that differ and are not listed."""
    note: str = ""


def listed(objects: Iterable[tuple[str, str, Sequence[str]]]) -> tuple[tuple[ObjectChange, ...], int]:
    """The changes of (object, change, lines of a masked diff), as far as a page shows them, and how many it leaves out."""
    every = list(objects)
    shown = (
        ObjectChange(name, change, () if name.startswith(_NO_LINES) else cut(lines))
        for name, change, lines in every[:_MOST_OBJECTS]
    )
    return tuple(shown), max(0, len(every) - _MOST_OBJECTS)


def cut(lines: Sequence[str], redact: Callable[[str], str] = hide) -> tuple[str, ...]:
    """The first lines of a diff, with what looks secret masked."""
    shown = redact("\n".join(lines[:_MOST_LINES])).split("\n") if lines else []
    more = len(lines) - _MOST_LINES
    return (*shown, f"... {more} more lines") if more > 0 else tuple(shown)
