"""Reads a record that another process appends to: its bytes, its lines, its last event."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from wizard.adapters import bounded
from wizard.core import limits
from wizard.core.errors import Exit, Problem
from wizard.core.run.events import Event
from wizard.core.text import sanitize

_POLL_SECONDS: Final = 0.01
_FLOOD: Final = 32 * 1024
_FLOOD_SECONDS: Final = 0.02
"""Seconds until the next poll after so many bytes: a screen paints no faster, and hundreds of small reads take its time."""
_BUSY_POLL_SECONDS: Final = 0.003
_QUIET_SECONDS: Final = 5.0
"""Seconds after the last event in which the record is polled more often: events come in bursts."""
_CHUNK: Final = 256 * 1024
"""Bytes that are read at a time: more would delay a screen's keys during a flood of logs."""
_LAST: Final = 256 * 1024


def pause(got: int, silent: float) -> float:
    """Seconds until the next poll of a record that returned `got` bytes now, or none for `silent` seconds."""
    if got == _CHUNK:
        return 0
    if got >= _FLOOD:
        return _FLOOD_SECONDS
    return _BUSY_POLL_SECONDS if silent <= _QUIET_SECONDS else _POLL_SECONDS


class TailedFile:
    """A file that another process appends to, read in chunks; it may not exist yet."""

    def __init__(self, path: Path) -> None:
        self._path, self._handle, self._offset = path, -1, 0

    def __enter__(self) -> TailedFile:
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle >= 0:
            os.close(self._handle)

    def read(self) -> bytes:
        """The bytes since the last call, at most a chunk."""
        if self._handle < 0:
            try:
                with bounded.open_regular(self._path) as file:
                    self._handle = os.dup(file.fileno())
            except FileNotFoundError:
                return b""
            except OSError as error:
                shown = sanitize.line(str(self._path), 300)
                raise Problem(f"{shown} cannot be read: {error.strerror}.", code=Exit.UNKNOWN) from None
        data = os.pread(self._handle, _CHUNK, self._offset)
        self._offset += len(data)
        return data


class RecordLines:
    """The events of a record as its bytes come; malformed lines become a record.gap."""

    def __init__(self, *, safe: bool) -> None:
        self._safe = safe
        self._rest, self._number, self._long = b"", 0, False
        self._time = ""

    def feed(self, data: bytes) -> list[Event]:
        """The complete events so far, and a record.gap for malformed lines (seq 0: it is not in the record)."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        events, malformed = [], []
        for line in lines:
            self._number += 1
            try:
                if self._long or len(line) > limits.RECORD_LINE:
                    raise limits.OverLimitError(f"it holds more than {limits.amount(limits.RECORD_LINE)}")
                if not line:
                    continue  # a new runner ends the line in which the one before was killed
                event = parse_event(line)
                # The author of a copy may try to control this terminal.
                events.append(event.safe() if self._safe else event)
                self._time = event.time
            except ValueError as error:
                malformed.append(f"line {self._number} of the record is not read: {sanitize.line(str(error), 200)}")
            finally:
                self._long = False
        if len(self._rest) > limits.RECORD_LINE:
            self._rest, self._long = b"", True
        if malformed:
            more = f", and {len(malformed) - 1} more after it" if len(malformed) > 1 else ""
            events.append(Event("record.gap", {"lost": len(malformed), "reason": malformed[0] + more}, 0, self._time))
        return events


def parse_event(line: bytes) -> Event:
    """The event of a line; raises ValueError with the reason when it is malformed."""
    try:
        return Event.of_record(line).checked()
    except limits.OverLimitError:
        raise
    except ValueError as error:
        raise ValueError(
            "it is not JSON" if isinstance(error, json.JSONDecodeError | UnicodeError) else error
        ) from None


def last_event(path: Path) -> Event | None:
    """The last event of a record; None when it has none that can be read."""
    try:
        with bounded.open_regular(path) as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LAST))
            return next(_parsed_backwards(file.read(_LAST)), None)
    except OSError:
        return None  # reading all of it reports why


def _parsed_backwards(data: bytes) -> Iterator[Event]:
    for line in reversed(data.split(b"\n")):
        with contextlib.suppress(ValueError):
            yield parse_event(line)
