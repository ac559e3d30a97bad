"""The log pane above its ring: what only the run's record has is read some screens at a time and shown in the ring's place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from textual.message import Message
from textual.widget import Widget

from wizard.core.run.log_buffer import Line, LogBuffer
from wizard.core.run.log_window import BEGIN, Entry, Mark, Page, Places, Window

_MORE: Final = 500
"""Lines of the ring that are taken at once when the window reaches it."""


class Lookback(Widget):
    """Holds the window on the record. Whoever shows the run answers `Wanted` with `take`."""

    class Wanted(Message):
        """Lines before a mark, or after it, are wanted."""

        def __init__(self, ticket: int, mark: Mark, matching: Callable[[Line], bool], *, newer: bool) -> None:
            super().__init__()
            self.ticket, self.mark, self.matching, self.newer = ticket, mark, matching, newer

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.buffer = LogBuffer()
        self.places = Places()
        self.window: Window | None = None
        """What is shown in place of the ring."""
        self.asked = False
        """The record is being read."""
        self._ticket = 0
        self._from_begin = False
        self._owed = 0
        """How far above the window a person wanted to be before its lines were there."""
        self._top = 0

    def matching(self) -> Callable[[Line], bool]:
        """Whether a line is one that is to be shown."""
        raise NotImplementedError

    def numbers(self, start: int) -> Sequence[int]:
        """The numbers of the ring's lines that are to be shown, from one on."""
        raise NotImplementedError

    def close_window(self) -> None:
        """Show the ring; what is still read is not wanted any more."""
        self.window, self.asked = None, False
        self._ticket += 1

    def reach(self, top: int, first: int, height: int) -> None:
        """Have more lines read when what is to show from position `top` on comes near an edge of what there is.

        `first` is the position of the first line there is.
        """
        if self.window is None:
            low = self.places.mark(self.buffer.first) if self.buffer.dropped else None
            if low is None:
                return
            above = top - first
            self.window = Window(self._entries(self.numbers(self.buffer.first)[: 3 * height]), low, None)
            top, self._top = above, 0
        window = self.window
        if self.asked:
            return
        if window.low is not None and top - height < window.first:
            self._owed = min(0, top - window.first)
            self._ask(window.low, newer=False)
        elif top + 2 * height > window.end:
            self._read_on(window)

    def read_begin(self) -> bool:
        """Have the beginning of the record read; False when it is there already."""
        if not self.buffer.dropped or (self.window is not None and self.window.low is None):
            return False
        self._from_begin = True
        self._ask(BEGIN, newer=True)
        return True

    def take(self, ticket: int, page: Page, *, newer: bool) -> bool:
        """Lines that were asked for; False when they are not wanted any more."""
        if ticket != self._ticket or not self.asked:
            return False
        self.asked = False
        begin, self._from_begin = self._from_begin, False
        if newer and page.edge is None:  # all of the record was read, and so all of the ring
            last = page.entries[-1].mark if page.entries else BEGIN
            page = page._replace(edge=max(last, self.places.mark(self.buffer.end - 1) or last))
        if begin:
            self.window, self._top = Window(page.entries, None, page.edge), 0
        elif self.window is not None and newer:
            self.window.newer(page)
        elif self.window is not None:
            self.window.older(page)
            self._top += self._owed
            self._owed = 0
        return True

    def give_up(self) -> None:
        """What was asked for will not come."""
        self.asked = self._from_begin = False
        self._owed = 0
        self.refresh()

    def where(self, top: int, first: int) -> str:
        """Where in the record one looks, as words for a title; "" in the middle of the ring."""
        if self.asked:
            return "reading the record ..."
        if self.window is not None:
            begin = self.window.low is None and top == first
            return f"{'first line of' if begin else 'in'} the record, G follows"
        return "held, PgUp older" if self.buffer.dropped and top == first else ""

    def ring_number(self, position: int) -> int | None:
        """The number of a line of the window that the ring has too; None when the ring has dropped it."""
        window = self.window
        if window is None or not window.first <= position < window.end:
            return None
        number = window[position].mark.number
        return number if number >= self.buffer.first else None

    @property
    def joined(self) -> bool:
        """Whether the window has the newest line of the ring."""
        window = self.window
        after = window and (window.high or (window.entries[-1].mark if window.entries else None))
        return bool(after and not self.asked and not self.numbers(after.number + 1))

    def _ask(self, mark: Mark, *, newer: bool) -> None:
        self._ticket += 1
        self.asked = True
        self.post_message(self.Wanted(self._ticket, mark, self.matching(), newer=newer))

    def _read_on(self, window: Window) -> None:
        """Below the window: the ring where it joins, else the record."""
        after = window.high or (window.entries[-1].mark if window.entries else None)
        if after is None:
            return
        if after.number + 1 < self.buffer.first:
            self._ask(after, newer=True)
            return
        numbers = self.numbers(after.number + 1)[:_MORE]
        if entries := self._entries(numbers):
            window.newer(Page(entries, entries[-1].mark))

    def _entries(self, numbers: Sequence[int]) -> list[Entry]:
        marks = [(number, self.places.mark(number)) for number in numbers]
        return [Entry(mark, self.buffer[number]) for number, mark in marks if mark is not None]
