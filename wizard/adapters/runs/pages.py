"""Log events from the middle of a record of up to half a gigabyte: found by their number, read in pieces."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Final

from wizard.adapters import bounded
from wizard.core import limits
from wizard.core.run.events import Event

_PIECE: Final = 256 * 1024
"""Bytes of the record that are parsed at a time."""
_NEAR: Final = 64 * 1024
"""Bytes that are searched line by line."""
_SEQ: Final = re.compile(rb'\{"v":\d+,"seq":(\d+),')
_LOG: Final = b'"type":"log.'
_HEAD: Final = 120
"""Bytes at the start of a line that hold its type."""


def until(path: Path, seq: int) -> Sequence[Event]:
    """The last log events with a number of at most `seq`, oldest first: some hundred KiB; empty when there are none.

    Raises:
        OSError: the record cannot be read.
    """
    with bounded.open_regular(path) as file:
        end = _behind(file, seq)
        while end:
            piece, end = _piece_before(file, end)
            if events := _parsed(piece.split(b"\n")):
                return events
    return ()


def since(path: Path, seq: int) -> Sequence[Event]:
    """The first log events with a number of at least `seq`, oldest first: some hundred KiB; empty at the end of the record.

    Raises:
        OSError: the record cannot be read.
    """
    with bounded.open_regular(path) as file:
        file.seek(_behind(file, seq - 1))
        while lines := file.readlines(_PIECE):
            if events := _parsed(line for line in lines if line.endswith(b"\n")):
                return events
    return ()


def _behind(file: IO[bytes], seq: int) -> int:
    """Offset behind the last line whose number is at most `seq`; numbers only grow."""
    low, high = 0, file.seek(0, os.SEEK_END)
    while high - low > _NEAR:
        middle = (low + high) // 2
        file.seek(middle)
        file.readline(limits.RECORD_LINE)  # the rest of a line that began before
        number, end = _next(file)
        if number < 0 or number > seq:
            high = middle
        else:
            low = end
    file.seek(low)
    while True:
        number, end = _next(file)
        if number < 0 or number > seq:
            return low
        low = end


def _next(file: IO[bytes]) -> tuple[int, int]:
    """Number of the next whole line that has one, and the offset behind it; (-1, ...) when there is none."""
    while line := file.readline(limits.RECORD_LINE):
        if (match := _SEQ.match(line)) and line.endswith(b"\n"):
            return int(match[1]), file.tell()
    return -1, file.tell()


def _piece_before(file: IO[bytes], end: int) -> tuple[bytes, int]:
    """Whole lines that end at an offset, and where they begin."""
    size = _PIECE
    while True:
        start = max(0, end - size)
        file.seek(start)
        data = file.read(end - start)
        cut = data.find(b"\n") + 1 if start else 0
        if not start or 0 < cut < len(data):
            return data[cut:], start + cut
        if size > limits.RECORD_LINE:
            return b"", start  # no line is so long
        size *= 2  # one line is longer than that


def _parsed(lines: Iterable[bytes]) -> list[Event]:
    events = []
    for line in lines:
        if _LOG in line[:_HEAD]:
            try:
                events.append(Event.from_line(line.decode("utf-8")).checked())
            except ValueError:
                continue  # a runner was killed in the middle of it
    return events
