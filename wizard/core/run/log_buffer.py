"""Bounded line buffer of a log pane: absolute numbering, a byte budget, a count of what was dropped.

Lines are kept as pages: one block of bytes for some hundred lines. An object for each line would take twice the memory
of its text and, at 100,000 lines a second, most of a core.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, groupby, islice
from typing import Final, NamedTuple

from wizard.core.run.packed import PackedLines

DEFAULT_BYTES: Final = 32 * 1024 * 1024
_OVERHEAD: Final = 48
"""Bytes that a line costs in addition to its text: its time and its share of the page."""
_PAGE: Final = 512
"""Lines of a page, which are decoded together."""
_MANY: Final = 64
"""Lines from which a batch becomes a page of its own, packed as in the record."""
_OPEN: Final = 4
"""Pages that are kept decoded: a screen shows lines of up to two."""


class Line(NamedTuple):
    """One line of a container, or a visible marker of a loss (`gap`)."""

    time: str
    """RFC 3339 as the kubelet sent it, or ""."""
    pod: str
    container: str
    previous: bool
    """Whether it is of the container instance before the last restart."""
    text: str
    gap: bool = False


class _Source(NamedTuple):
    """What the lines of one batch have in common."""

    pod: str
    container: str
    previous: bool
    gap: bool


class _Page:
    """Some hundred lines. While it grows they are strings; `close` packs them into bytes."""

    __slots__ = ("_packed", "costs", "count", "size", "sources", "starts", "texts", "times")

    def __init__(self) -> None:
        self.times: list[str] = []
        self.texts: list[str] = []
        self.sources: list[_Source] = []
        self.starts: list[int] = []
        """Index of the first line of each source."""
        self.costs = array("I")
        """The cost of each line, so that lines of a packed page are dropped without decoding it."""
        self.count = 0
        self.size = 0
        self._packed = b""

    def add(self, source: _Source, times: Sequence[str], texts: Sequence[str]) -> None:
        if not self.sources or self.sources[-1] != source:
            self.sources.append(source)
            self.starts.append(self.count)
        self.times += times
        self.texts += texts
        self.count += len(texts)
        costs = array("I", [_OVERHEAD + len(text) for text in texts])
        self.costs += costs
        self.size += sum(costs)

    def close(self) -> None:
        """Pack the strings, unless a text holds a NUL, which would give more than two parts per line."""
        packed = "\0".join([*self.times, *self.texts]).encode("utf-8", "surrogatepass")
        if packed.count(b"\0") == 2 * self.count - 1:
            self._packed, self.times, self.texts = packed, [], []

    def opened(self) -> _Page:
        """A page whose strings can be read."""
        if not self._packed:
            return self
        page = _Page()
        parts = self._packed.decode("utf-8", "surrogatepass").split("\0")
        page.times, page.texts = parts[: self.count], parts[self.count :]
        page.sources, page.starts, page.count = self.sources, self.starts, self.count
        return page

    def line(self, index: int) -> Line:
        """The line at an index of an open page."""
        pod, container, previous, gap = self.sources[bisect_right(self.starts, index) - 1]
        return Line(self.times[index], pod, container, previous, self.texts[index], gap)

    def lines(self, low: int, high: int) -> list[Line]:
        """The lines of an open page with low <= index < high."""
        result: list[Line] = []
        for number, (source, start) in enumerate(zip(self.sources, self.starts, strict=True)):
            end = self.starts[number + 1] if number + 1 < len(self.starts) else self.count
            first, last = max(low, start), min(high, end)
            if first < last:
                pod, container, previous, gap = source
                pairs = zip(self.times[first:last], self.texts[first:last], strict=True)
                result += [Line(time, pod, container, previous, text, gap) for time, text in pairs]
        return result


class _PackedPage:
    """The lines of one batch as a record has them, not decoded yet."""

    __slots__ = ("_lines", "count", "size", "sources", "starts")

    def __init__(self, source: _Source, lines: PackedLines) -> None:
        self._lines = lines
        self.sources, self.starts = [source], [0]
        self.count, self.size = len(lines), len(lines.raw)

    @property
    def costs(self) -> Sequence[int]:
        """Of the budget: each line as much as the other."""
        share = self.size // self.count
        return [share] * (self.count - 1) + [self.size - share * (self.count - 1)]

    def close(self) -> None:
        """It is packed already."""

    def opened(self) -> _Page:
        """A page whose strings can be read."""
        page, pairs = _Page(), self._lines.unpack()
        page.add(self.sources[0], [time for time, _ in pairs], [text for _, text in pairs])
        return page


class LogBuffer:
    """Lines by absolute number: the first line ever is 0, and a line keeps its number while it is kept.

    When the budget is used up the oldest lines are dropped; `first` moves on and `dropped` counts them. A number that a
    reader holds therefore never refers to another line.
    """

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._pages: list[_Page | _PackedPage] = []
        self._numbers: list[int] = []
        """Number of each page's first line."""
        self._end = 0
        self._head = 0
        """Lines of the first page that were dropped."""
        self._sums: list[int] = []
        """Bytes of the first page up to each of its lines; empty until a line must be dropped."""
        self._bytes = 0
        self._open: dict[int, _Page] = {}
        """The pages that were read last, by the number of their first line."""

    def extend(self, lines: Iterable[Line]) -> None:
        """Append lines and drop the oldest ones that no longer fit; the newest line is always kept."""
        for source, group in groupby(lines, lambda line: _Source(line.pod, line.container, line.previous, line.gap)):
            same = list(group)
            self._append(source, [line.time for line in same], [line.text for line in same])

    def add(self, pod: str, container: str, pairs: Sequence[Sequence[str]], *, previous: bool = False) -> None:
        """Append [time, text] pairs of one container, as `extend` does."""
        source = _Source(pod, container, previous, gap=False)
        if isinstance(pairs, PackedLines) and len(pairs) >= _MANY:
            self._append_packed(_PackedPage(source, pairs))
        elif pairs:
            times, texts = zip(*pairs, strict=True)
            self._append(source, times, texts)

    def _append_packed(self, page: _PackedPage) -> None:
        if self._pages:
            self._pages[-1].close()
        self._pages.append(page)
        self._numbers.append(self._end)
        self._bytes += page.size
        self._end += page.count
        self._fit()

    def _append(self, source: _Source, times: Sequence[str], texts: Sequence[str]) -> None:
        done = 0
        while done < len(texts):
            page = self._growing()
            size, more = page.size, done + _PAGE - page.count
            page.add(source, times[done:more], texts[done:more])
            self._bytes += page.size - size
            self._end = self._numbers[-1] + page.count
            done = more
            self._fit()

    def _growing(self) -> _Page:
        """The page that takes the next line."""
        last = self._pages[-1] if self._pages else None
        if isinstance(last, _Page) and last.count < _PAGE:
            return last
        if last:
            last.close()
        page = _Page()
        self._pages.append(page)
        self._numbers.append(self._end)
        return page

    def _fit(self) -> None:
        """Drop the oldest lines while the budget is overdrawn."""
        over = self._bytes - self._max_bytes
        while over > 0 and self._end - self.first > 1:
            page = self._pages[0]
            if len(self._sums) != page.count:
                self._sums = list(accumulate(page.costs))
            before = self._sums[self._head - 1] if self._head else 0
            last = page.count - (len(self._pages) == 1)
            self._head = min(last, bisect_left(self._sums, before + over) + 1)
            over -= self._sums[self._head - 1] - before
            if self._head == page.count:
                self._open.pop(self._numbers[0], None)
                del self._pages[0], self._numbers[0]
                self._head, self._sums = 0, []
        self._bytes = self._max_bytes + over

    def _opened(self, place: int) -> _Page:
        page, number = self._pages[place], self._numbers[place]
        if isinstance(page, _Page) and page.texts:
            return page
        opened = self._open.pop(number, None) or page.opened()
        self._open[number] = opened  # the page that was used last is dropped last
        if len(self._open) > _OPEN:
            del self._open[next(iter(self._open))]
        return opened

    @property
    def first(self) -> int:
        """Number of the oldest line that is kept."""
        return (self._numbers[0] if self._numbers else 0) + self._head

    @property
    def end(self) -> int:
        """Number that the next line will get."""
        return self._end

    @property
    def dropped(self) -> int:
        """How many lines were dropped because of the budget (the record on disk still has them)."""
        return self.first

    @property
    def size(self) -> int:
        """Bytes of the budget in use."""
        return self._bytes

    def __len__(self) -> int:
        return self._end - self.first

    def __getitem__(self, number: int) -> Line:
        """The line of an absolute number; raises IndexError when it was dropped or does not exist yet."""
        if not self.first <= number < self.end:
            msg = f"line {number} is not kept: {self.first} to {self.end} are"
            raise IndexError(msg)
        place = bisect_right(self._numbers, number) - 1
        return self._opened(place).line(number - self._numbers[place])

    def slice(self, start: int, stop: int) -> list[Line]:
        """The kept lines whose numbers are in start..stop (stop not included)."""
        start, stop = max(start, self.first), min(stop, self._end)
        result: list[Line] = []
        place = max(0, bisect_right(self._numbers, start) - 1)
        while start < stop:
            base, page = self._numbers[place], self._opened(place)
            result += page.lines(start - base, stop - base)
            start, place = base + page.count, place + 1
        return result

    def sources(self, start: int = 0) -> list[tuple[str, str]]:
        """Pod and container of the lines from the page of a number on, in order of their first kept line."""
        place = max(0, bisect_right(self._numbers, max(start, self.first)) - 1)
        pages = islice(self._pages, place, None)
        return list(
            dict.fromkeys((source.pod, source.container) for page in pages for source in page.sources if source.pod)
        )
