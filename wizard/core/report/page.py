"""The page of one incident as plain rows: made of a bundle, and of what a revision changed, both masked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from wizard.core.bundle.content import Bundle
from wizard.core.kube import patience
from wizard.core.kube.objects import KINDS
from wizard.core.report.changes import Changes
from wizard.core.report.drawing import Drawing, Mark, draw
from wizard.core.rules.diagnosis import USERS_STATES, Diagnosis
from wizard.core.rules.finding import HEALS, Finding
from wizard.core.rules.snapshot import Snapshot
from wizard.core.rules.timeline import Moment, first_failure
from wizard.core.run.rows import object_rows
from wizard.core.text import log_line
from wizard.core.text.log_line import Weight
from wizard.core.text.time import age, parse_time

_USERS: Final = {
    "fine": "Users are served",
    "part": "Some requests are answered",
    "outside": "Not reachable from outside the cluster",
    "down": "Users get no answer",
    "unknown": "What users feel is not known",
}
_MOST_LOG_MARKS: Final = 200
_TIME_KEYS: Final = ("timestamp", "time", "ts", "@timestamp", "@t", "asctime")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
_AHEAD: Final = 40
"""Characters at the start of a line in which its time is looked for."""


@dataclass(frozen=True)
class Cause:
    """A finding with its sign and the texts about its time."""

    finding: Finding
    state: str
    how: str
    since: str


@dataclass(frozen=True)
class Log:
    """The lines of one container, each with whether it is an error."""

    pod: str
    container: str
    lines: tuple[tuple[str, bool], ...]
    open: bool

    @property
    def errors(self) -> int:
        """How many of its lines are errors."""
        return sum(wrong for _, wrong in self.lines)


@dataclass(frozen=True)
class ObjectLine:
    """One object of the release."""

    kind: str
    name: str
    state: str
    summary: str
    reason: str


@dataclass(frozen=True)
class Page:
    """Everything on the page, in its order."""

    diagnosis: Diagnosis
    tool: str
    facts: tuple[tuple[str, str], ...]
    users: str
    """The impact on users as a headline; `users_state` is its state."""
    users_state: str
    users_since: str
    causes: tuple[Cause, ...]
    before: tuple[Moment, ...]
    drawing: Drawing
    marks: tuple[Mark, ...]
    marks_left_out: int
    """Errors in logs that are not among the marks."""
    objects: tuple[ObjectLine, ...]
    logs: tuple[Log, ...]
    withheld: tuple[str, ...]
    changes: Changes | None = None


def page(bundle: Bundle, changes: Changes | None = None) -> Page:
    """The page of a bundle, and of what a revision changed where that was read: a bundle has none of it.

    Raises:
        Problem: its objects are not shaped as those of a cluster are.
    """
    found, snapshot = bundle.diagnosis(), bundle.observation.snapshot
    logs = tuple(_logs(snapshot, found))
    said = sorted(_log_marks(logs), key=lambda mark: mark.when)
    marks = sorted([*_marks(snapshot, found), *said[-_MOST_LOG_MARKS:]], key=lambda mark: mark.when)
    return Page(
        diagnosis=found,
        tool=bundle.tool,
        facts=tuple(_facts(found)),
        users=_USERS[found.impact.users],
        users_state=USERS_STATES[found.impact.users],
        users_since=_since(found.impact.since, snapshot.now) if found.impact.users != "fine" else "",
        causes=tuple(_cause(finding, snapshot.now) for finding in found.findings),
        before=found.before if found.findings else (),
        drawing=draw(snapshot, marks, first_failure(found.findings)),
        marks=tuple(marks),
        marks_left_out=max(0, len(said) - _MOST_LOG_MARKS),
        objects=tuple(_objects(snapshot)),
        logs=logs,
        withheld=tuple(map(str, bundle.withheld_by_kind())),
        changes=changes,
    )


def _facts(found: Diagnosis) -> Iterator[tuple[str, str]]:
    yield "cluster context", found.target.context or "not known"
    yield "chart", found.chart or "not known"
    yield "revision", str(found.revision or "not known")
    yield "helm status", found.helm_status or "not known"
    if found.owner:
        yield "managed by", found.owner


def _since(since: str, now: datetime) -> str:
    when = parse_time(since)
    return f"since {when:%Y-%m-%d %H:%M:%S} UTC ({age(since, now)})" if when else ""


def _cause(finding: Finding, now: datetime) -> Cause:
    how = HEALS[finding.heals] if finding.urgent else f"separate, not urgent; {HEALS[finding.heals]}"
    return Cause(finding, "stuck" if finding.terminal else "warn", how, _since(finding.since, now))


def _marks(snapshot: Snapshot, found: Diagnosis) -> Iterator[Mark]:
    warned = {(event.time, f"{event.kind}/{event.name}") for event in snapshot.events if event.type == "Warning"}
    for moment in found.timeline:
        if when := parse_time(moment.time):
            warning = moment.kind == "note" and (moment.time, moment.object) in warned
            yield Mark(when, moment.text, moment.object, "warning" if warning else moment.kind)


def _objects(snapshot: Snapshot) -> Iterator[ObjectLine]:
    """Those that need somebody first, then in the order of their kinds."""
    rows = object_rows(snapshot.objects, patience.judge(snapshot.objects, snapshot.now)).values()
    worst = ("failed", "stuck", "unknown", "progressing", "ready")
    kinds = {kind: number for number, kind in enumerate(KINDS)}
    for row in sorted(
        rows, key=lambda row: (worst.index(row["state"]), kinds.get(row["kind"], len(kinds)), row["name"])
    ):
        yield ObjectLine(row["kind"], row["name"], row["state"], row["summary"], row["reason"])


def _logs(snapshot: Snapshot, found: Diagnosis) -> Iterator[Log]:
    """The logs by pod; that of the first cause stands open, at the top."""
    first = found.findings[0] if found.findings else None
    about = {first.object, *(proof.object for proof in first.evidence)} if first else set()
    roots = {pod["metadata"]["name"]: snapshot.root_name(pod) for pod in snapshot.of_kind("Pod")}
    sources = sorted(snapshot.logs, key=lambda one: (f"Pod/{one[0]}" not in about, roots.get(one[0]) not in about, one))
    for number, (pod, container) in enumerate(sources):
        lines = tuple((line, _is_error(line)) for line in snapshot.logs[pod, container])
        yield Log(pod, container, lines, open=number == 0 and bool(about & {f"Pod/{pod}", roots.get(pod)}))


def _is_error(line: str) -> bool:
    said = log_line.read(line)
    return said.uncaught or said.weight >= Weight.ERROR


def _log_marks(logs: tuple[Log, ...]) -> Iterator[Mark]:
    for log in logs:
        for line, wrong in log.lines:
            if wrong and (when := said_at(line)):
                yield Mark(when, f"container {log.container}: {log_line.read(line).message}", f"Pod/{log.pod}", "log")


def said_at(line: str) -> datetime | None:
    """The time that a line of a log names itself; one without a zone is UTC, as in nearly every container."""
    fields = log_line.fields(line)
    named = next((str(fields[key]) for key in _TIME_KEYS if key in fields), line[:_AHEAD])
    match = _TIME.search(named)
    text = match[0] if match else ""
    return parse_time(text) or parse_time(f"{text}Z")
