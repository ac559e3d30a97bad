"""The record of a run: an append-only file of events, private and bounded, with every known secret masked before it is written.

A record that cannot be written must never stop a run: lost events are counted, the reason is kept (`problem`), printed on
stderr, and written as `record.gap` as soon as there is room again.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from wizard.adapters import atomic
from wizard.adapters.runs import processes
from wizard.core.kube.api import LogLine
from wizard.core.run.events import Event
from wizard.core.text.redaction import hide
from wizard.core.text.secrets import Redactor, Secret
from wizard.core.text.time import rfc3339
from wizard.ports.clock import Clock

MILESTONES: Final = frozenset(
    {"run.started", "helm.started", "helm.exited", "rollback.started", "rollback.exited", "run.finished"}
)
"""Synchronised to the disk before the run goes on."""

LOG_BUDGET: Final = 512 * 1024 * 1024
"""Bytes of log lines that a record takes; later ones are counted in gaps."""
BUDGET: Final = 128 * 1024 * 1024
"""Bytes of all other bounded events. Milestones, phases, findings and verdicts are few and always written."""

_BOUNDED: Final = frozenset({"object.state", "cluster.event", "helm.output", "rollback.output", "waiting"})
_RESERVE: Final = 64 * 1024
"""Bytes kept free on the disk for the end of the record, should the disk be full by then."""
_FLOOD: Final = 1024 * 1024
"""Bytes within a second, some 8,000 lines: from then on screens go first."""
_MOST_OF_A_FILE: Final = 8 * 1024 * 1024
"""Bytes of a file that are looked through for secrets."""
_GAP_PERIOD: Final = timedelta(seconds=10)
_FULL: Final = "the record of this run is full"
_PAIRS: Final[frozenset[type]] = frozenset({list, tuple, LogLine})


class Record:
    """`record.jsonl` of a run's folder. Continues the sequence of an existing file."""

    def __init__(self, folder: Path, clock: Clock, *, log_budget: int = LOG_BUDGET, budget: int = BUDGET) -> None:
        self._folder, self._clock, self._log_budget, self._budget = folder, clock, log_budget, budget
        self._path, self._reserve = folder / "record.jsonl", folder / ".reserve"
        self._redact = Redactor()
        self._handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self._past = tuple(read(self._path))
        self._seq = self._past[-1].seq if self._past else 0
        self._lost = self._over = 0
        self._unreported: dict[tuple[str, str], int] = {}
        """Lines by pod and container that did not fit and are in no log.gap yet."""
        self._reported: dict[tuple[str, str], datetime] = {}
        self.problem = ""
        """Why the record cannot be written, "" while it can."""
        self._torn = self._yields = False
        self._second, self._bytes = 0.0, 0
        size = os.fstat(self._handle).st_size
        with contextlib.suppress(OSError):
            # A runner was killed in the middle of a line: end it, readers skip it.
            self._torn = bool(size and os.pread(self._handle, 1, size - 1) != b"\n")
            self._reserve.write_bytes(b"\0" * _RESERVE)
            self._reserve.chmod(0o600)

    def past(self) -> tuple[Event, ...]:
        """The events that were there when the record was opened."""
        return self._past

    def know(self, secrets: Iterable[Secret]) -> None:
        """Mask these secrets from now on, in every form in which programs print them."""
        self._redact = self._redact.plus(secrets)

    def masked(self, text: str) -> str:
        """A text without known secrets and without those that their form gives away."""
        return hide(self._redact(text))

    def emit(self, events: Iterable[Event]) -> None:
        """Append events in one write; milestones are on the disk when this returns. Never raises for the disk."""
        kept = [fitting for event in events if (fitting := self._within_budget(event))]
        if self._unreported and any(event.type == "run.finished" for event in kept):
            kept, self._unreported = [*(_log_gap(where, lost) for where, lost in self._unreported.items()), *kept], {}
        if self._over > 1 and any(event.type == "run.finished" for event in kept):
            kept, self._over = [*self._gap(self._over - 1, _FULL), *kept], 0
        if self._lost and kept:
            kept = [*self._gap(self._lost, self.problem), *kept]
        if not kept:
            return
        first, text = self._seq, []
        for event in kept:
            self._seq += 1
            # Log lines come in floods; the rules that check each word are applied where they are shown.
            mask = self._redact if event.type == "log.lines" else self.masked
            text.append(Event(event.type, _masked(event.data, mask), self._seq, self._now()).to_line())
        data = ("\n" * self._torn + "\n".join(text) + "\n").encode("utf-8", "replace")
        needed = any(event.type in MILESTONES for event in kept)
        self._yield_in_floods(len(data))
        if self._written(data, sync=needed, last=needed):
            self._lost, self.problem = 0, ""
        else:
            self._seq = first
            self._lost += sum(event.type != "record.gap" for event in kept)

    def _yield_in_floods(self, size: int) -> None:
        """From the first flood of logs on let screens go first; a run keeps its priority before, above all until helm starts."""
        now = time.monotonic()
        if now - self._second > 1.0:
            self._second, self._bytes = now, 0
        self._bytes += size
        if self._bytes > _FLOOD and not self._yields:
            self._yields = True
            processes.yield_to_screens()

    def files(self) -> tuple[tuple[str, str], ...]:
        """(name, the first 8 MiB) of the files in the run's folder."""
        found = []
        for path in sorted(self._folder.rglob("*")):
            with contextlib.suppress(OSError):
                if path.is_file() and not path.is_symlink():
                    with path.open("rb") as file:
                        found.append((path.name, file.read(_MOST_OF_A_FILE).decode("utf-8", "replace")))
        return tuple(found)

    def keep(self, name: str, data: Mapping[str, Any]) -> str:
        """Keep evidence as `<name>.json` beside the record; returns its path, "" when it could not be written."""
        path = self._folder / f"{name}.json"
        text = json.dumps(_masked(data, self.masked), indent=1, ensure_ascii=False)
        try:
            atomic.write(path, text)
        except OSError as error:
            self._report(error)
            return ""
        return str(path)

    def close(self) -> None:
        """Synchronise the record to the disk and close it."""
        with contextlib.suppress(OSError):
            self._reserve.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            os.fsync(self._handle)
        os.close(self._handle)

    def _written(self, data: bytes, *, sync: bool, last: bool) -> bool:
        """Write the data; returns whether it is in the file. For `last` the reserved room is given up."""
        start = os.fstat(self._handle).st_size
        for _ in range(2):
            try:
                _write_all(self._handle, data)
                if sync:
                    os.fsync(self._handle)
            except OSError as error:
                self._report(error)
                with contextlib.suppress(OSError):
                    os.ftruncate(self._handle, start)  # half a line would hide the next one
                if not last:
                    return False
                with contextlib.suppress(OSError):
                    self._reserve.unlink(missing_ok=True)
            else:
                self._torn = False
                return True
        return False

    def _report(self, error: OSError) -> None:
        if not self.problem:
            self.problem = f"the record cannot be written: {error.strerror or error}"
            with contextlib.suppress(OSError):
                print(f"{self.problem}; the run goes on", file=sys.stderr, flush=True)

    def _gap(self, lost: int, reason: str) -> list[Event]:
        return [Event("record.gap", {"lost": lost, "reason": reason})]

    def _now(self) -> str:
        return rfc3339(self._clock.now(), "milliseconds")

    def _within_budget(self, event: Event) -> Event | None:
        if event.type == "log.lines":
            lines = event.data["lines"]
            self._log_budget -= sum(len(text) + 40 for _, text in lines)
            if self._log_budget >= 0:
                return event
            return self._too_many(str(event.data["pod"]), str(event.data["container"]), len(lines))
        if event.type not in _BOUNDED:
            return event
        self._budget -= len(json.dumps(event.data, ensure_ascii=False)) + 100
        if self._budget >= 0:
            return event
        self._over += 1
        return Event("record.gap", {"lost": 1, "reason": _FULL}) if self._over == 1 else None

    def _too_many(self, pod: str, container: str, lost: int) -> Event | None:
        """The log.gap of lines that did not fit: the first at once, then one per container and period."""
        now, where = self._clock.now(), (pod, container)
        self._unreported[where] = self._unreported.get(where, 0) + lost
        if where in self._reported and now - self._reported[where] < _GAP_PERIOD:
            return None
        self._reported[where] = now
        return _log_gap(where, self._unreported.pop(where))


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, Mapping):
        return {mask(str(key)): _masked(item, mask) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return _masked_list(value, mask)
    return value


def _masked_list(values: list[Any] | tuple[Any, ...], mask: Callable[[str], str]) -> list[Any]:
    """Lines are masked as one text: a secret may be split over two of them, and for thousands it is 20 times cheaper."""
    kinds = set(map(type, values))
    pairs = bool(kinds) and kinds <= _PAIRS and set(map(len, values)) == {2}
    if pairs or kinds == {str}:
        before = "\n".join([str(value[1]) if pairs else value for value in values])
        after = mask(before)
        texts = after.split("\n")
        if after == before:
            return list(values)
        if len(texts) == len(values):
            return [[value[0], text] for value, text in zip(values, texts, strict=True)] if pairs else texts
    return [_masked(value, mask) for value in values]


def read(path: Path) -> Iterator[Event]:
    """Every event of a record; a torn line is skipped. A missing file is an empty record."""
    try:
        with path.open("rb") as file:
            for line in file:
                event = parse(line)
                if event is not None:
                    yield event
    except FileNotFoundError:
        return


def parse(line: bytes) -> Event | None:
    """The event of a line, or None for a torn or foreign one."""
    try:
        return Event.from_line(line.decode("utf-8"))
    except (ValueError, KeyError, TypeError):
        return None


def _log_gap(where: tuple[str, str], lost: int) -> Event:
    return Event("log.gap", {"pod": where[0], "container": where[1], "lost": lost, "reason": _FULL})


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
