"""Bounded line buffer of a log pane: absolute numbering, a byte budget, a count of what was dropped."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

DEFAULT_BYTES: Final = 32 * 1024 * 1024
_OVERHEAD: Final = 150
"""Bytes that a line costs beside its text: the tuple, the time and the string header."""


class Line(NamedTuple):
    """One line of a container, or a visible marker of a loss (`gap`)."""

    time: str
    """RFC 3339 as the kubelet sent it, or ""."""
    pod: str
    container: str
    previous: bool
    """The container instance before the last restart said it."""
    text: str
    gap: bool = False


class LogBuffer:
    """Lines by absolute number: the first line ever is 0 and a line keeps its number while it is kept.

    When the budget is used up the oldest lines go; `first` moves on and `dropped` counts them. A reader that holds a
    number therefore never sees the text shift below it.
    """

    def __init__(self, max_bytes: int = DEFAULT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._lines: list[Line] = []
        self._head = 0
        self._base = 0
        self._bytes = 0

    def extend(self, lines: Iterable[Line]) -> None:
        """Append lines and drop the oldest ones that no longer fit; the newest line is always kept."""
        before = len(self._lines)
        self._lines.extend(lines)
        self._bytes += sum(_OVERHEAD + len(line.text) for line in self._lines[before:])
        kept = self._lines
        while self._bytes > self._max_bytes and self._head < len(kept) - 1:
            self._bytes -= _OVERHEAD + len(kept[self._head].text)
            self._head += 1
        # What was dropped still takes its room until here: an eighth at most.
        if self._head > 1024 and self._head * 8 > len(kept):
            del kept[: self._head]
            self._base += self._head
            self._head = 0

    @property
    def first(self) -> int:
        """Number of the oldest line that is kept."""
        return self._base + self._head

    @property
    def end(self) -> int:
        """Number that the next line will get."""
        return self._base + len(self._lines)

    @property
    def dropped(self) -> int:
        """How many lines went because of the budget (the record on disk still has them)."""
        return self.first

    @property
    def size(self) -> int:
        """Bytes of the budget in use."""
        return self._bytes

    def __len__(self) -> int:
        return len(self._lines) - self._head

    def __getitem__(self, number: int) -> Line:
        """The line of an absolute number; raises IndexError when it was dropped or is not there yet."""
        if not self.first <= number < self.end:
            msg = f"line {number} is not kept: {self.first} to {self.end} are"
            raise IndexError(msg)
        return self._lines[number - self._base]

    def slice(self, start: int, stop: int) -> list[Line]:
        """The kept lines whose numbers are in start..stop (stop not included)."""
        low = max(start, self.first) - self._base
        return self._lines[low : max(low, stop - self._base)]
