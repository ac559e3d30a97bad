"""Log lines of a record that are decoded on first access: at 100,000 a second fewer than one in ten is ever shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, overload

from wizard.core import limits

_BETWEEN: Final = b'"],["'
"""The separator of two lines; it cannot occur in a line, because JSON escapes quotes."""
ENVELOPE: Final = re.compile(
    rb'\{"v":(\d+),"seq":(\d+),"time":"([^"\\]*)","type":"log\.lines","data":\{"pod":"([^"\\]*)",'
    rb'"container":"([^"\\]*)","previous":(true|false),"lines":(\[\[".*"\]\])\}\}'
)
"""A `log.lines` event as the recorder writes it: version, seq, time, pod, container, previous, the lines."""


class PackedLines(Sequence[list[str]]):
    """[time, text] pairs as JSON. They are counted without decoding; pairs that cannot be decoded are empty."""

    __slots__ = ("_count", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._count = raw.count(_BETWEEN) + 1

    def unpack(self) -> list[list[str]]:
        """All pairs; exactly as many as `len` says."""
        try:
            data = limits.loads(self.raw)
        except ValueError:
            data = []
        whole = (pair for pair in data if isinstance(pair, list) and len(pair) == 2)
        pairs = [[str(time), str(text)] for time, text in whole][: self._count]
        return pairs + [["", ""]] * (self._count - len(pairs))

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> list[str]: ...

    @overload
    def __getitem__(self, index: slice) -> list[list[str]]: ...

    def __getitem__(self, index: int | slice) -> list[str] | list[list[str]]:
        return self.unpack()[index]

    def __iter__(self) -> Iterator[list[str]]:
        return iter(self.unpack())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PackedLines):
            return self.raw == other.raw
        return self.unpack() == other

    __hash__ = None  # type: ignore[assignment]  # unhashable, like a list


def plain(value: Any) -> Any:
    """For json.dumps: packed lines as a list. Raises TypeError for anything else."""
    if isinstance(value, PackedLines):
        return value.unpack()
    msg = f"{type(value).__name__} cannot be written as JSON"
    raise TypeError(msg)
