"""The record of a run: an append-only file of events, private, with every known secret masked before it is written."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from wizard.adapters import atomic
from wizard.core.events import Event
from wizard.core.secrets import Redactor, Secret
from wizard.ports.clock import Clock

MILESTONES: Final = frozenset({"helm.started", "helm.exited", "run.finished"})
"""Written through to the disk before the run goes on."""

LOG_BUDGET: Final = 512 * 1024 * 1024
"""Bytes of log lines that a record takes; what comes after is counted in gaps."""

_SHORTEST_FRAGMENT: Final = 12


class Record:
    """`record.jsonl` of a run's folder. Continues the sequence when the file is there already."""

    def __init__(self, folder: Path, clock: Clock, *, log_budget: int = LOG_BUDGET) -> None:
        self._folder, self._clock, self._log_budget = folder, clock, log_budget
        self._path = folder / "record.jsonl"
        self._redact = Redactor()
        self._handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
        self._past = tuple(read(self._path))
        self._seq = self._past[-1].seq if self._past else 0
        size = os.fstat(self._handle).st_size
        if size and os.pread(self._handle, 1, size - 1) != b"\n":
            # A runner was killed in the middle of a line: end it, readers pass over it.
            os.write(self._handle, b"\n")

    def past(self) -> tuple[Event, ...]:
        """The events that were there when the record was opened."""
        return self._past

    def know(self, secrets: Iterable[Secret]) -> None:
        """Mask these from now on: as they are, line by line when they have several lines, and in base64."""
        self._redact = self._redact.plus(form for secret in secrets for form in _forms(secret))

    def emit(self, events: Iterable[Event]) -> None:
        """Append events in one write; milestones are on the disk when this returns."""
        text, sync = [], False
        for event in events:
            event = self._within_budget(event)
            self._seq += 1
            data = self._masked(event.data)
            text.append(Event(event.type, data, self._seq, self._now()).to_line())
            sync = sync or event.type in MILESTONES
        if text:
            _write_all(self._handle, ("\n".join(text) + "\n").encode("utf-8", "replace"))
        if sync:
            os.fsync(self._handle)

    def keep(self, name: str, data: Mapping[str, Any]) -> str:
        """Keep evidence as `<name>.json` beside the record."""
        path = self._folder / f"{name}.json"
        atomic.write(path, json.dumps(self._masked(data), indent=1, ensure_ascii=False))
        return str(path)

    def close(self) -> None:
        """On the disk and closed."""
        os.fsync(self._handle)
        os.close(self._handle)

    def _now(self) -> str:
        return self._clock.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def _within_budget(self, event: Event) -> Event:
        if event.type != "log.lines":
            return event
        lines = event.data["lines"]
        self._log_budget -= sum(len(text) + 40 for _, text in lines)
        if self._log_budget >= 0:
            return event
        where = {"pod": event.data["pod"], "container": event.data["container"]}
        return Event("log.gap", {**where, "lost": len(lines), "reason": "the record of this run is full"})

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._redact(value)
        if isinstance(value, Mapping):
            return {self._redact(str(key)): self._masked(one) for key, one in value.items()}
        if isinstance(value, list | tuple):
            return self._masked_list(value)
        return value

    def _masked_list(self, values: list[Any] | tuple[Any, ...]) -> list[Any]:
        # Log lines are [time, text] pairs by the thousand: one pass over the joined text is 20 times cheaper.
        if len(values) > 8 and all(isinstance(one, list | tuple) and len(one) == 2 for one in values):
            texts = self._redact("\n".join(str(one[1]) for one in values)).split("\n")
            if len(texts) == len(values):
                return [[one[0], text] for one, text in zip(values, texts, strict=True)]
        return [self._masked(one) for one in values]


def read(path: Path) -> Iterator[Event]:
    """Every event of a record; a torn line is passed over. A missing file is an empty record."""
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


def _forms(secret: Secret) -> Iterator[Secret]:
    text = secret.reveal()
    yield secret
    yield Secret(base64.b64encode(text.encode()).decode())
    lines = text.split("\n")
    if len(lines) > 1:
        yield from (Secret(line.strip()) for line in lines if len(line.strip()) >= _SHORTEST_FRAGMENT)


def _write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]
