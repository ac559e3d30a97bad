"""The state of a run as it is shown, reduced from the events of its record.

Both front ends, the replay of a finished run and `status` without a run use this reducer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Final, Literal

from wizard.core.kube.objects import KINDS
from wizard.core.reach.result import Reach
from wizard.core.rules.check import CheckResult
from wizard.core.rules.finding import Finding, order
from wizard.core.run.events import EVENTS, Event
from wizard.core.run.log_buffer import LogBuffer
from wizard.core.run.log_window import Places, gap_line
from wizard.core.text.time import parse_duration, seconds_since
from wizard.core.text.words import counted

Part = Literal[
    "run", "phase", "checks", "made", "objects", "helm", "events", "logs", "waiting", "findings", "verdict", "notes",
    "finished", "blind", "fixes", "reach",
]  # fmt: skip

RED_FIRST: Final = ("failed", "stuck", "unknown", "progressing", "ready")
_MAX_EVENTS: Final = 1000
_MAX_HELM_LINES: Final = 10_000
_MAX_PODS: Final = 10_000
"""Pods whose owners are remembered, gone ones too."""


@dataclass(frozen=True)
class ObjectRow:
    """One watched object. state: ready|progressing|stuck|failed|unknown; group: object|pod."""

    uid: str
    kind: str
    name: str
    group: str
    state: str
    summary: str
    reason: str
    since: str
    owner: str
    restarts: int


@dataclass(frozen=True)
class MadeRow:
    """An object that the wizard itself created, kept or deleted; keys are names only."""

    kind: str
    name: str
    action: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class EventRow:
    """A Kubernetes event; kind: Normal|Warning; time is when the watcher saw its last change."""

    time: str
    kind: str
    object: str
    reason: str
    message: str
    count: int


@dataclass(frozen=True)
class Waiting:
    """What helm waits for, since when, why, and whether it will heal by itself: yes|no|unknown."""

    what: str
    since: str
    why: str
    heals: str


@dataclass(frozen=True)
class BlindRow:
    """Something that is hidden from the watcher, why, and the permission that would show it."""

    what: str
    reason: str
    permission: str


@dataclass(frozen=True)
class DecisionRow:
    """A person's decision during the run: what, who, when, in a sentence."""

    what: str
    who: str
    time: str
    text: str


@dataclass
class RunView:
    """The state of a run so far; `apply` is the only writer. Times are RFC 3339 in UTC, "" while unknown."""

    id: str = ""
    operation: str = ""
    target: Mapping[str, str] = field(default_factory=dict)
    chart: str = ""
    helm: str = ""
    preset: str = ""
    rollback_on_failure: bool = False
    """Chosen at the start of an install or upgrade; records of older wizards lack it."""
    started: str = ""
    last_seq: int = 0
    phase: str = ""
    phase_text: str = ""
    checks: dict[str, CheckResult] = field(default_factory=dict)
    made: list[MadeRow] = field(default_factory=list)
    objects: dict[str, ObjectRow] = field(default_factory=dict)
    pod_owners: dict[str, str] = field(default_factory=dict)
    """Pod -> its workload ("Kind/name"); of deleted pods too, whose lines are still there."""
    helm_pid: int = 0
    helm_argv: tuple[str, ...] = ()
    helm_since: str = ""
    helm_exit: tuple[int | None, str] | None = None
    """Exit code (None when a signal ended it) and the signal's name or ""."""
    helm_lines: list[str] = field(default_factory=list)
    back_argv: tuple[str, ...] = ()
    """The arguments of the helm that rolls back after a failure, if that was chosen."""
    back_exit: tuple[int | None, str] | None = None
    back_lines: list[str] = field(default_factory=list)
    back_counts: dict[str, int] = field(default_factory=dict)
    """The number of its lines by stream."""
    events: list[EventRow] = field(default_factory=list)
    logs: LogBuffer = field(default_factory=LogBuffer)
    log_places: Places = field(default_factory=Places)
    """The events that hold the kept lines; older lines are in the record only."""
    log_lost: int = 0
    """Lines known to be lost; `log_gaps` counts the gaps, also those of unknown size."""
    log_gaps: int = 0
    waiting: Waiting | None = None
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    verdict: str = ""
    reason: str = ""
    notes: str = ""
    blind: list[BlindRow] = field(default_factory=list)
    fixes: dict[tuple[str, str], tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    """By finding and object, its fixes while helm waits, as in `fix.offered`."""
    decisions: list[DecisionRow] = field(default_factory=list)
    fixed: Mapping[str, Any] | None = None
    """The result of the last fix."""
    reach: Reach | None = None
    """Whether people reach the release, once that was asked."""
    finished: Mapping[str, Any] | None = None
    finished_at: str = ""

    def apply(self, event: Event) -> frozenset[Part]:
        """Apply one event; returns the names of the parts that changed, none for an unknown type of event."""
        if event.seq and event.seq <= self.last_seq:
            return _NOTHING
        self.last_seq = event.seq or self.last_seq
        reduce = _REDUCERS.get(event.type)
        return reduce(self, event.data, event.time) if reduce else _NOTHING

    def rows(self, group: str | None = None) -> list[ObjectRow]:
        """Rows of one group (object|pod) or all, red first, then by kind and name."""
        chosen = [row for row in self.objects.values() if group in (None, row.group)]
        return sorted(chosen, key=lambda row: (_rank(RED_FIRST, row.state), _rank(KINDS, row.kind), row.name))

    def owner_of(self, pod: str) -> str:
        """The workload ("Kind/name") of a pod, "" of one that has none or is not known."""
        return self.pod_owners.get(pod, "")

    def ready_count(self, group: str | None = None) -> int:
        """How many rows are ready."""
        return sum(row.state == "ready" for row in self.objects.values() if group in (None, row.group))

    def total(self, group: str | None = None) -> int:
        """How many rows there are."""
        return sum(group in (None, row.group) for row in self.objects.values())

    def ranked_findings(self) -> list[Finding]:
        """The findings, the first cause first."""
        return sorted(self.findings.values(), key=order)

    @property
    def applicable_fixes(self) -> list[tuple[Finding, Mapping[str, Any]]]:
        """The available fixes with their findings, worst first; none once helm has ended."""
        if self.finished is not None or self.helm_exit is not None:
            return []
        return [(row, fix) for row in self.ranked_findings() for fix in self.fixes.get((row.id, row.object), ())]

    @property
    def hopeless(self) -> bool:
        """Whether helm waits for something that will not heal by itself."""
        waits = self.helm_argv and self.helm_exit is None and self.finished is None
        return bool(waits and self.waiting and self.waiting.heals == "no" and self.verdict in ("stuck", "failed"))

    @property
    def serves(self) -> bool:
        """Whether the run ended well and left a release that people may reach."""
        return self.finished is not None and self.finished["code"] == 0 and self.operation != "uninstall"

    @property
    def helm_timeout(self) -> float:
        """Seconds after which helm gives up; 0 when unknown."""
        flags = (*self.helm_argv, "")
        texts = [following for flag, following in pairwise(flags) if flag == "--timeout"]
        texts += [flag.removeprefix("--timeout=") for flag in flags if flag.startswith("--timeout=")]
        return max(0.0, parse_duration(texts[0]) or 0.0) if texts else 0.0

    def left(self, now: datetime) -> float:
        """Seconds that helm would still wait; 0 when its limit is unknown or used up."""
        passed = seconds_since(self.helm_since or self.started, now)
        return 0 if passed is None else max(0.0, self.helm_timeout - passed)

    def containers(self) -> list[tuple[str, str]]:
        """Pod and container names that have logged something, in the order of their first kept line."""
        return self.logs.sources()


def _rank(order: tuple[str, ...], name: str) -> int:
    return order.index(name) if name in order else len(order)


Reducer = Callable[[RunView, Mapping[str, Any], str], frozenset[Part]]
_NOTHING: Final[frozenset[Part]] = frozenset()


def _started(view: RunView, data: Mapping[str, Any], time: str) -> frozenset[Part]:
    view.id, view.operation, view.target = data["id"], data["operation"], data["target"]
    view.chart, view.helm, view.preset, view.started = data["chart"], data["helm"], data["preset"], time
    view.rollback_on_failure = bool(data.get("rollback_on_failure"))
    return frozenset({"run"})


def _phase(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.phase, view.phase_text = data["phase"], data["text"]
    return frozenset({"phase"})


def _check(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    fields = {key: data[key] for key in EVENTS["check.result"]}  # a newer version may have more
    result = CheckResult(**{**fields, "evidence": tuple(data["evidence"])})
    view.checks[result.id] = result
    return frozenset({"checks"})


def _made(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.made.append(MadeRow(data["kind"], data["name"], data["action"], tuple(data["keys"])))
    return frozenset({"made"})


def _helm_started(view: RunView, data: Mapping[str, Any], time: str) -> frozenset[Part]:
    view.helm_since = time
    view.helm_pid, view.helm_argv = data["pid"], tuple(data["argv"])
    return frozenset({"helm"})


def _helm_output(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.helm_lines.extend(data["lines"])
    del view.helm_lines[:-_MAX_HELM_LINES]
    return frozenset({"helm"})


def _helm_exited(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.helm_exit = (data["code"], data["signal"])
    return frozenset({"helm"})


def _back_started(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.back_argv = tuple(data["argv"])
    return frozenset({"helm"})


def _back_output(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.back_counts[data["stream"]] = view.back_counts.get(data["stream"], 0) + len(data["lines"])
    view.back_lines.extend(data["lines"])
    del view.back_lines[:-_MAX_HELM_LINES]
    return frozenset({"helm"})


def _back_exited(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.back_exit = (data["code"], data["signal"])
    return frozenset({"helm"})


def _object(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    if data["state"] == "gone":
        view.objects.pop(data["uid"], None)
    else:
        row = ObjectRow(**{key: data[key] for key in EVENTS["object.state"]})
        view.objects[row.uid] = row
        if row.group == "pod":
            view.pod_owners[row.name] = row.owner
            while len(view.pod_owners) > _MAX_PODS:
                del view.pod_owners[next(iter(view.pod_owners))]
    return frozenset({"objects"})


def _cluster_event(view: RunView, data: Mapping[str, Any], time: str) -> frozenset[Part]:
    row = EventRow(time, data["kind"], data["object"], data["reason"], data["message"], data["count"])
    same = (row.object, row.reason, row.message)
    view.events = [event for event in view.events if (event.object, event.reason, event.message) != same]
    view.events.append(row)
    del view.events[:-_MAX_EVENTS]
    return frozenset({"events"})


def _log_lines(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.log_places.note(view.last_seq, view.logs.end, view.logs.first)
    view.logs.add(data["pod"], data["container"], data["lines"], previous=data["previous"])
    return frozenset({"logs"})


def _log_gap(view: RunView, data: Mapping[str, Any], time: str) -> frozenset[Part]:
    view.log_gaps += 1
    view.log_lost += data["lost"] or 0
    view.log_places.note(view.last_seq, view.logs.end, view.logs.first)
    view.logs.extend([gap_line(data, time)])
    return frozenset({"logs"})


def _waiting(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.waiting = Waiting(data["what"], data["since"], data["why"], data["heals"]) if data["what"] else None
    return frozenset({"waiting"})


def _finding(view: RunView, data: Mapping[str, Any], time: str) -> frozenset[Part]:
    finding = Finding.of_data(data)
    earlier = view.findings.get((finding.id, finding.object))
    view.findings[finding.id, finding.object] = replace(
        finding, since=finding.since or (earlier.since if earlier else time)
    )
    return frozenset({"findings"})


def _healed(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.findings.pop((data["id"], data["object"]), None)
    view.fixes.pop((data["id"], data["object"]), None)
    return frozenset({"findings", "fixes"})


def _offered(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.fixes[data["finding"], data["object"]] = tuple(data["fixes"])
    return frozenset({"fixes"})


def _decision(view: RunView, data: Mapping[str, Any], time: str) -> frozenset[Part]:
    view.decisions.append(DecisionRow(data["what"], data["who"], time, data["text"]))
    return frozenset({"made"})


def _applied(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.fixed = data
    return frozenset({"fixes", "made"})


def _verdict(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.verdict, view.reason = data["state"], data["reason"]
    return frozenset({"verdict"})


def _reach(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.reach = Reach.of_data(data)
    return frozenset({"reach"})


def _blind(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.blind = [row for row in view.blind if row.what != data["what"]]
    if data["reason"]:
        view.blind.append(BlindRow(data["what"], data["reason"], data["permission"]))
    return frozenset({"blind"})


def _record_gap(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    reason = f"{data['reason']} ({counted(data['lost'], 'event')} lost)" if data["lost"] else data["reason"]
    view.blind = [row for row in view.blind if row.what != "the record"]
    view.blind.append(BlindRow("the record", reason, ""))
    return frozenset({"blind"})


def _notes(view: RunView, data: Mapping[str, Any], _time: str) -> frozenset[Part]:
    view.notes = data["text"]
    return frozenset({"notes"})


def _finished(view: RunView, data: Mapping[str, Any], time: str) -> frozenset[Part]:
    view.finished, view.finished_at = data, time
    view.verdict, view.reason = data["verdict"], data["reason"]
    return frozenset({"finished", "verdict"})


_REDUCERS: Final[Mapping[str, Reducer]] = {
    "run.started": _started,
    "run.phase": _phase,
    "check.result": _check,
    "object.made": _made,
    "helm.started": _helm_started,
    "helm.output": _helm_output,
    "helm.exited": _helm_exited,
    "rollback.started": _back_started,
    "rollback.output": _back_output,
    "rollback.exited": _back_exited,
    "object.state": _object,
    "cluster.event": _cluster_event,
    "log.lines": _log_lines,
    "log.gap": _log_gap,
    "waiting": _waiting,
    "finding": _finding,
    "finding.healed": _healed,
    "fix.offered": _offered,
    "decision": _decision,
    "fix.applied": _applied,
    "verdict": _verdict,
    "reach": _reach,
    "watch.blind": _blind,
    "record.gap": _record_gap,
    "run.notes": _notes,
    "run.finished": _finished,
}
"""The reducer of each event type; a test keeps the keys equal to EVENTS."""
