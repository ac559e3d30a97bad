"""The log pane above its log buffer: older lines are read from the run's record, some screens at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from textual.message import Message
from textual.widget import Widget

from wizard.core.run.log_buffer import Line, LogBuffer
from wizard.core.run.log_window import BEGIN, Entry, Mark, Page, Places, Window

_MORE: Final = 500
"""Lines that the window takes at once from the log buffer when it reaches it."""


class LogHistory(Widget):
    """Holds the window on the record. The screen answers `Wanted` with `take`."""

    class Wanted(Message):
        """Asks for lines before a mark, or after it."""

        def __init__(self, ticket: int, mark: Mark, matching: Callable[[Line], bool], *, newer: bool) -> None:
            super().__init__()
            self.ticket, self.mark, self.matching, self.newer = ticket, mark, matching, newer

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self.buffer = LogBuffer()
        self.places = Places()
        self.window: Window | None = None
        """The lines that are shown instead of the log buffer; None while the buffer is shown."""
        self.asked = False
        """Whether the record is being read."""
        self._ticket = 0
        self._from_begin = False
        self._owed = 0
        """Lines to scroll up (negative) once the asked lines have arrived."""
        self._top = 0

    def matching(self) -> Callable[[Line], bool]:
        """Returns the test whether a line is shown."""
        raise NotImplementedError

    def numbers(self, start: int) -> Sequence[int]:
        """The numbers of the log buffer's shown lines, from `start` on."""
        raise NotImplementedError

    def close_window(self) -> None:
        """Show the log buffer; an answer that is still expected is ignored."""
        self.window, self.asked = None, False
        self._ticket += 1

    def reach(self, top: int, first: int, height: int) -> None:
        """Ask for more lines when the lines from position `top` on come near an end of the window.

        `first` is the position of the first available line.
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
        """Ask for the beginning of the record; False when it is loaded already."""
        if not self.buffer.dropped or (self.window is not None and self.window.low is None):
            return False
        self._from_begin = True
        self._ask(BEGIN, newer=True)
        return True

    def take(self, ticket: int, page: Page, *, newer: bool) -> bool:
        """Take lines that were asked for; False when they are not wanted any more."""
        if ticket != self._ticket or not self.asked:
            return False
        self.asked = False
        begin, self._from_begin = self._from_begin, False
        if newer and page.edge is None:  # all of the record was read, which includes the log buffer
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
        """Forget an answer that will not come."""
        self.asked = self._from_begin = False
        self._owed = 0
        self.refresh()

    def where(self, top: int, first: int) -> str:
        """The position in the record, for the title; "" inside the log buffer."""
        if self.asked:
            return "reading the record ..."
        if self.window is not None:
            begin = self.window.low is None and top == first
            return f"{'first line of' if begin else 'in'} the record, G follows"
        return "held, PgUp older" if self.buffer.dropped and top == first else ""

    def buffer_number(self, position: int) -> int | None:
        """The number of a window's line in the log buffer; None when the buffer has dropped it."""
        window = self.window
        if window is None or not window.first <= position < window.end:
            return None
        number = window[position].mark.number
        return number if number >= self.buffer.first else None

    @property
    def joined(self) -> bool:
        """Whether the window has the newest line of the log buffer."""
        window = self.window
        after = window and (window.high or (window.entries[-1].mark if window.entries else None))
        return bool(after and not self.asked and not self.numbers(after.number + 1))

    def _ask(self, mark: Mark, *, newer: bool) -> None:
        self._ticket += 1
        self.asked = True
        self.post_message(self.Wanted(self._ticket, mark, self.matching(), newer=newer))

    def _read_on(self, window: Window) -> None:
        """Extend the window downwards: from the log buffer if the next line is there, else from the record."""
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
