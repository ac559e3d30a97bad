"""The frame of every screen: the header with its boundary word, and the keys of the moment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len

from wizard.tui.actions import Key
from wizard.tui.text import Row, Span, cells, cut, ends, rule
from wizard.tui.widgets.rows import Rows

BOUNDARIES: Final = {
    "read": ("READING ONLY", "ok"),
    "ask": ("ASKING", "ask"),
    "apply": (" CHANGING THE CLUSTER ", "apply"),
}
"""What each boundary is called; every screen stands on one of them."""


class Heading(NamedTuple):
    """Product, what is being done, and on which side of the boundary: read, ask or apply."""

    what: str
    boundary: str
    safe: str = ""
    place: str = ""
    """Second line, left; without it the header is one line."""
    corner: str = ""


class Header(Rows):
    """One or two lines and a rule."""

    def __init__(self, heading: Heading) -> None:
        super().__init__(id="header")
        self._heading = heading

    def set(self, heading: Heading) -> None:
        """Show another heading."""
        if heading != self._heading:
            self._heading = heading
            self.rebuild()

    def build(self, width: int) -> Sequence[Row]:
        """The rows for a width."""
        heading = self._heading
        word, tone = BOUNDARIES[heading.boundary]
        side: Row = ((word, tone), (f"  {heading.safe}" if heading.safe else "", "dim"))
        name: list[Span] = [(" LLM Cost Ops", "accent"), (f"   {heading.what}" if heading.what else "", "strong")]
        beside = cell_len(heading.corner) if heading.place else cells(side)
        if heading.what and cells(name) + beside + 2 > width:
            name = [(f" {heading.what}", "strong")]  # what is being done matters more than whose product it is
        if not heading.place:
            return (ends(name, side, width), rule(width))
        corner: Row = ((heading.corner, "dim"),)
        return (ends(name, corner, width), ends([(f" {heading.place}", "")], side, width), rule(width))


class Keys(Rows):
    """A rule and the keys that do something now; those that do not fit go from the end, the first is cut."""

    def __init__(self, keys: Sequence[Key] = ()) -> None:
        super().__init__(id="keys")
        self._keys = tuple(keys)

    def set(self, keys: Sequence[Key]) -> None:
        """Show other keys."""
        if tuple(keys) != self._keys:
            self._keys = tuple(keys)
            self.rebuild()

    def build(self, width: int) -> Sequence[Row]:
        """The rows for a width."""
        spans: list[Span] = [(" ", "")]
        used = 1
        for key, does in self._keys:
            needed = cell_len(key) + cell_len(does) + (3 if does else 2)
            if used + needed - 2 > width:
                if used == 1:
                    spans += [(key, "key"), (f" {cut(does, width - cell_len(key) - 3)}", "")]
                break
            spans += [(key, "key"), (f" {does}  " if does else "  ", "")]
            used += needed
        return (rule(width), tuple(spans))
