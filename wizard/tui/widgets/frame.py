"""The frame of every screen: the header with the boundary, and the keys."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from rich.cells import cell_len
from typing_extensions import override

from wizard.tui.actions import Key
from wizard.tui.text import Row, Span, cells, cut, ends, rule
from wizard.tui.widgets.rows import Rows

BOUNDARIES: Final = {
    "read": ("READING ONLY", "ok"),
    "ask": ("ASKING", "ask"),
    "apply": (" CHANGING THE CLUSTER ", "apply"),
}
"""Boundary -> (text, tone); each screen has one."""


class Heading(NamedTuple):
    """The content of the header: what is being done, and the boundary (a key of BOUNDARIES)."""

    what: str
    boundary: str
    safe: str = ""
    place: str = ""
    """The second line, left; "" makes the header one line."""
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

    @override
    def build(self, width: int) -> Sequence[Row]:
        heading = self._heading
        word, tone = BOUNDARIES[heading.boundary]
        side: Row = ((word, tone), (f"  {heading.safe}" if heading.safe else "", "dim"))
        name: list[Span] = [(" LLM Cost Ops", "accent"), (f"   {heading.what}" if heading.what else "", "strong")]
        beside = cell_len(heading.corner) if heading.place else cells(side)
        if heading.what and cells(name) + beside + 2 > width:
            name = [(f" {heading.what}", "strong")]  # the operation matters more than the product name
        if not heading.place:
            return (ends(name, side, width), rule(width))
        corner: Row = ((heading.corner, "dim"),)
        return (ends(name, corner, width), ends([(f" {heading.place}", "")], side, width), rule(width))


class Keys(Rows):
    """A rule and the keys; keys that do not fit are dropped from the end, a first key that does not fit is cut."""

    def __init__(self, keys: Sequence[Key] = ()) -> None:
        super().__init__(id="keys")
        self._keys = tuple(keys)

    def set(self, keys: Sequence[Key]) -> None:
        """Show other keys."""
        if tuple(keys) != self._keys:
            self._keys = tuple(keys)
            self.rebuild()

    @override
    def build(self, width: int) -> Sequence[Row]:
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
