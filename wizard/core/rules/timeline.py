"""What happened to a release, in order, on one clock: changes that somebody or something made, and what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from wizard.core.kube import status
from wizard.core.kube.objects import name_of
from wizard.core.rules.finding import Finding
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.redaction import hide
from wizard.core.text.time import parse_time

MOST: Final = 200
"""Moments that are kept, the newest ones."""
WINDOW: Final = timedelta(minutes=30)
"""How long before the first failure its cause is looked for."""
_FEW: Final = 4
"""Changes that are named when none was in that time."""
_SCALING: Final = ("ScalingReplicaSet", "SuccessfulRescale")


@dataclass(frozen=True)
class Moment:
    """Something that happened at a time (RFC 3339). kind: change, or failure, or note for what was the consequence of either."""

    time: str
    text: str
    object: str = ""
    kind: Literal["change", "failure", "note"] = "change"


def timeline(snapshot: Snapshot, findings: Sequence[Finding] = ()) -> tuple[Moment, ...]:
    """Every moment that the objects, events and records tell of, oldest first, likely secrets masked; the same one once."""
    found = (
        *_revisions(snapshot),
        *_rollouts(snapshot),
        *_writes(snapshot),
        *_nodes(snapshot),
        *_pods(snapshot),
        *_events(snapshot),
        *_certificates(snapshot),
        *(
            Moment(one.since, one.title, one.object, "failure" if one.urgent else "note")
            for one in findings
            if parse_time(one.since)
        ),
    )
    known = [(when, number, one) for number, one in enumerate(dict.fromkeys(found)) if (when := parse_time(one.time))]
    newest = sorted(known, key=lambda entry: entry[:2])[-MOST:]
    return tuple(replace(one, text=hide(one.text)) for _, _, one in newest)


def first_failure(findings: Sequence[Finding]) -> datetime | None:
    """Since when the oldest of the urgent findings is there; None when that is not known."""
    return min((when for one in findings if one.urgent and (when := parse_time(one.since))), default=None)


def changes_before(moments: Sequence[Moment], failure: datetime | None) -> tuple[Moment, ...]:
    """The changes in the 30 minutes before a failure, else the last ones before it; without a failure the last of all."""
    changes = [(when, one) for one in moments if one.kind == "change" and (when := parse_time(one.time))]
    earlier = [(when, one) for when, one in changes if failure is None or when <= failure]
    near = [one for when, one in earlier if failure and failure - when <= WINDOW]
    return tuple(near or [one for _, one in earlier[-_FEW:]])


def _revisions(snapshot: Snapshot) -> Iterator[Moment]:
    for one in snapshot.revisions:
        if one.updated:
            yield Moment(one.updated, f"revision {one.number}: {one.status}", f"Release/{snapshot.release}")
    for run in snapshot.runs:
        who = f" by {run.who}" if run.who else ""
        yield Moment(
            run.started, f"{run.operation} from this machine{who}, run {run.id[:4]}", f"Release/{snapshot.release}"
        )


def _rollouts(snapshot: Snapshot) -> Iterator[Moment]:
    for replica_set in snapshot.of_kind("ReplicaSet"):
        if number := status.rollout(replica_set):
            root = snapshot.root_name(replica_set)
            yield Moment(status.created(replica_set), f"rollout {number} of {root}", root)


def _writes(snapshot: Snapshot) -> Iterator[Moment]:
    """Writes of Secrets and ConfigMaps after their creation, by their managers; Helm's own are its revisions."""
    for obj in snapshot.beside("Secret", "ConfigMap"):
        for manager in obj["metadata"].get("managedFields") or ():
            when, who = str(manager.get("time") or ""), str(manager.get("manager") or "somebody")
            if when > status.created(obj) and who != "helm":
                yield Moment(when, f"{name_of(obj)} written by {who}", name_of(obj))


def _nodes(snapshot: Snapshot) -> Iterator[Moment]:
    used = {(pod.get("spec") or {}).get("nodeName") for pod in snapshot.of_kind("Pod")}
    for node in snapshot.beside("Node"):
        if node["metadata"]["name"] not in used:
            continue
        for taint in (node.get("spec") or {}).get("taints") or ():
            if taint.get("timeAdded"):
                yield Moment(str(taint["timeAdded"]), f"{name_of(node)} got taint {taint.get('key')}", name_of(node))
        for condition in (node.get("status") or {}).get("conditions") or ():
            bad = condition.get("status") != ("True" if condition.get("type") == "Ready" else "False")
            if bad:
                said = f"{name_of(node)} {condition.get('type')} is {condition.get('status')}: {condition.get('reason') or 'no reason'}"
                yield Moment(str(condition.get("lastTransitionTime") or ""), said, name_of(node), "failure")


def _pods(snapshot: Snapshot) -> Iterator[Moment]:
    for pod in snapshot.of_kind("Pod"):
        name = name_of(pod)
        yield Moment(status.created(pod), f"{name} created", name, "note")
        if gone := pod["metadata"].get("deletionTimestamp"):
            yield Moment(str(gone), f"{name} is to end by now", name, "note")
        for container in status.container_statuses(pod):
            yield from _ends(name, container)


def _ends(pod: str, container: Mapping[str, Any]) -> Iterator[Moment]:
    for where in ("lastState", "state"):
        ended = (container.get(where) or {}).get("terminated") or {}
        if ended.get("finishedAt"):
            failed = ended.get("exitCode") != 0
            how = f"{ended.get('reason') or 'ended'} (exit code {ended.get('exitCode')})"
            yield Moment(
                str(ended["finishedAt"]),
                f"container {container.get('name')}: {how}",
                pod,
                "failure" if failed else "note",
            )
    began = ((container.get("state") or {}).get("running") or {}).get("startedAt")
    if began:
        yield Moment(str(began), f"container {container.get('name')} started", pod, "note")


def _events(snapshot: Snapshot) -> Iterator[Moment]:
    for event in snapshot.events:
        about, times = f"{event.kind}/{event.name}", f" x{event.count}" if event.count > 1 else ""
        if event.reason in _SCALING:
            yield Moment(event.time, _line(event.message), about)
        elif event.type == "Warning":
            yield Moment(event.time, f"{event.reason}{times}: {_line(event.message)}", about, "note")


def _line(text: str) -> str:
    """A message as one line."""
    return " ".join(text.split())


def _certificates(snapshot: Snapshot) -> Iterator[Moment]:
    for one in snapshot.beside("Certificate"):
        for condition in (one.get("status") or {}).get("conditions") or ():
            bad = condition.get("type") == "Ready" and condition.get("status") != "True"
            text = f"{name_of(one)} {condition.get('type')}: {condition.get('reason') or condition.get('status')}"
            yield Moment(
                str(condition.get("lastTransitionTime") or ""), text, name_of(one), "failure" if bad else "change"
            )
