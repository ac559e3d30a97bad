"""Log lines that the full log buffer dropped and the record on disk still has: which slice precedes a line. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from wizard.core.run.events import Event
from wizard.core.run.log_buffer import Line
from wizard.core.text.words import counted

WINDOW_BYTES: Final = 8 * 1024 * 1024
"""Bytes of the record that are kept while it is shown."""
_OVERHEAD: Final = 300


class Mark(NamedTuple):
    """A line in the record: the event that holds it, the number of that event's first line, its own number."""

    seq: int
    start: int
    number: int


BEGIN: Final = Mark(0, 0, -1)
"""Before the first line of a record."""


class Entry(NamedTuple):
    """A line that was read from the record, and its position."""

    mark: Mark
    line: Line


class Page(NamedTuple):
    """The lines of one read of the record, oldest first; `edge` is where it stopped, None at the end of the record."""

    entries: Sequence[Entry]
    edge: Mark | None


@dataclass
class Places:
    """Maps lines of the log buffer to the events of the record that hold them."""

    _numbers: list[int] = field(default_factory=list)
    _seqs: list[int] = field(default_factory=list)

    def note(self, seq: int, number: int, oldest: int) -> None:
        """The lines from `number` on are in event `seq`; those before `oldest` are no longer kept."""
        self._numbers.append(number)
        self._seqs.append(seq)
        gone = bisect_right(self._numbers, oldest) - 1
        if gone > 1024 and gone * 8 > len(self._numbers):
            del self._numbers[:gone], self._seqs[:gone]

    def mark(self, number: int) -> Mark | None:
        """The position of a line in the record; None when no event holds it."""
        place = bisect_right(self._numbers, number) - 1
        return Mark(self._seqs[place], self._numbers[place], number) if place >= 0 else None


def gap_line(data: Mapping[str, Any], time: str) -> Line:
    """The visible marker of a loss."""
    count = "lines" if data["lost"] is None else counted(data["lost"], "line")
    text = f"{count} lost here: {data['reason']}"
    return Line(time, data["pod"], data["container"], previous=False, text=text, gap=True)


def lines_of(event: Event) -> list[Line]:
    """The lines that an event adds to the logs of its run; none for other types of events."""
    data = event.data
    if event.type == "log.lines":
        pod, container, previous = data["pod"], data["container"], data["previous"]
        return [Line(time, pod, container, previous, text) for time, text in data["lines"]]
    return [gap_line(data, event.time)] if event.type == "log.gap" else []


def last_before(mark: Mark) -> int:
    """The newest event that holds a line before the mark."""
    return mark.seq if mark.number > mark.start else mark.seq - 1


def backwards(events: Sequence[Event], mark: Mark) -> tuple[list[Entry], Mark]:
    """The lines before a mark, from log events that end with `last_before(mark)`; and the mark of the first line."""
    parts: list[list[Entry]] = []
    start = mark.start
    for event in reversed(events):
        lines = lines_of(event)
        start = mark.start if event.seq == mark.seq else start - len(lines)
        kept = lines[: mark.number - start]
        parts.append([Entry(Mark(event.seq, start, number), line) for number, line in enumerate(kept, start)])
    edge = Mark(events[0].seq, start, start) if events else mark
    return [entry for part in reversed(parts) for entry in part], edge


def forwards(events: Sequence[Event], mark: Mark) -> tuple[list[Entry], Mark]:
    """The lines after a mark, from log events that begin with the mark's own; and the mark after the last line."""
    entries: list[Entry] = []
    start = mark.start
    for event in events:
        lines = lines_of(event)
        entries += [
            Entry(Mark(event.seq, start, number), line)
            for number, line in enumerate(lines, start)
            if number > mark.number
        ]
        start += len(lines)
    edge = Mark(events[-1].seq + 1, start, start - 1) if events else mark
    return entries, edge


class Window:
    """A contiguous part of the record, bounded in bytes. A line keeps its position while others come and go."""

    def __init__(self, entries: Sequence[Entry], low: Mark | None, high: Mark | None) -> None:
        self.entries = list(entries)
        self.first = 0
        """Position of the first line; lines that are added before it get smaller positions."""
        self.low, self.high = low, high
        """Lines before `low` and after `high` were not read; None where there are none."""

    @property
    def end(self) -> int:
        """Position after the last line."""
        return self.first + len(self.entries)

    def __getitem__(self, position: int) -> Entry:
        """The line at a position."""
        return self.entries[position - self.first]

    def older(self, page: Page, *, most: int = WINDOW_BYTES) -> None:
        """Add older lines in front and drop the excess at the end."""
        self.entries[:0] = page.entries
        self.first -= len(page.entries)
        self.low = page.edge
        if fit := _fitting(self.entries, most, len(page.entries)):
            del self.entries[fit:]
            self.high = self.entries[-1].mark

    def newer(self, page: Page, *, most: int = WINDOW_BYTES) -> None:
        """Add newer lines at the end and drop the excess in front."""
        self.entries += page.entries
        self.high = page.edge
        if fit := _fitting(self.entries[::-1], most, len(page.entries)):
            gone = len(self.entries) - fit
            del self.entries[:gone]
            self.first += gone
            self.low = self.entries[0].mark


def _fitting(entries: Sequence[Entry], most: int, least: int) -> int:
    """How many lines fit into `most` bytes, at least the `least` that were just read; 0: all of them."""
    size = 0
    for number, entry in enumerate(entries):
        size += _OVERHEAD + len(entry.line.text)
        if size > most and number >= max(1, least):
            return number
    return 0
