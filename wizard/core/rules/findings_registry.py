"""The registry of findings: pure rules over a snapshot of a release's live objects and events.

A new finding is one decorated function in `findings/` and one table in its test. Nothing else lists it. `diagnose` ranks
what the rules say and puts the cause before its symptoms: each workload keeps its earliest cause, and a workload that
only waits for a broken one is named as affected instead of being a finding of its own.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final, Literal

from wizard.core import status

Object = Mapping[str, Any]
Heals = Literal["yes", "no", "unknown"]

STAGES: Final = ("SC", "VO", "CO", "LG", "TR", "CL")
"""Families in the order in which a pod comes to life: admission and scheduling, disk, container, logs, traffic."""


@dataclass(frozen=True)
class Happening:
    """A Kubernetes event about an object of the release. `time` is its last occurrence."""

    uid: str
    kind: str
    name: str
    type: str
    reason: str
    message: str
    count: int
    time: str
    container: str = ""
    """Named by the event's field path, such as spec.containers{api}."""


@dataclass(frozen=True)
class Finding:
    """A diagnosed cause.

    `object` is "Kind/name" of the workload or claim that cannot go on; `terminal` means waiting is pointless; `heals`
    answers "will it heal by itself"; `since` is when it began.
    """

    id: str
    title: str
    object: str
    evidence: tuple[str, ...]
    remedy: tuple[str, ...]
    terminal: bool = False
    heals: Heals = "unknown"
    since: str = ""
    waits: bool = False
    """It may be only a symptom: the thing it waits for may be another finding."""

    def to_data(self) -> dict[str, Any]:
        """The data of a `finding` event."""
        return {
            "id": self.id,
            "title": self.title,
            "object": self.object,
            "terminal": self.terminal,
            "evidence": list(self.evidence),
            "remedy": list(self.remedy),
        }


@dataclass(frozen=True)
class Snapshot:
    """The objects of one release by uid, the events about them and the ends of their logs, at one moment."""

    objects: Mapping[str, Object]
    events: Sequence[Happening]
    now: datetime
    logs: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    """The last log lines by pod and container, oldest first, as far as logs are read."""
    _by_uid: dict[str, list[Happening]] = field(default_factory=dict, compare=False, repr=False)

    def of_kind(self, *kinds: str) -> list[Object]:
        """Objects of these kinds, by name."""
        found = [one for one in self.objects.values() if one.get("kind") in kinds]
        return sorted(found, key=lambda one: str(one["metadata"]["name"]))

    def starting_pods(self) -> list[Object]:
        """Pods that should come up: not leaving and not ended."""
        return [
            pod
            for pod in self.of_kind("Pod")
            if not pod["metadata"].get("deletionTimestamp")
            and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
        ]

    def about(self, obj: Object, *reasons: str) -> list[Happening]:
        """Events about an object with one of these reasons (any when none is given), newest first."""
        if not self._by_uid:
            for one in self.events:
                self._by_uid.setdefault(one.uid, []).append(one)
        found = self._by_uid.get(str(obj["metadata"].get("uid")), ())
        return sorted((one for one in found if not reasons or one.reason in reasons), key=lambda one: one.time)[::-1]

    def root(self, obj: Object) -> Object:
        """The topmost owner of an object that is in the snapshot."""
        seen: set[str] = set()
        while (uid := str(status.controller(obj).get("uid", ""))) in self.objects and uid not in seen:
            seen.add(uid)
            obj = self.objects[uid]
        return obj

    def root_name(self, obj: Object) -> str:
        """Kind/name of the topmost owner that can be seen."""
        return name_of(self.root(obj))


def name_of(obj: Object) -> str:
    """Kind/name of an object."""
    return f"{obj.get('kind')}/{obj['metadata']['name']}"


Body = Callable[[Snapshot], Iterator[Finding]]
_findings: dict[str, Body] = {}


def finding(*ids: str) -> Callable[[Body], Body]:
    """Register a rule under the IDs that it may yield (reference/features.md section 5).

    Raises:
        ValueError: an ID is taken.
    """

    def register(body: Body) -> Body:
        for one in ids:
            if one in _findings:
                msg = f"finding {one} is registered twice"
                raise ValueError(msg)
            _findings[one] = body
        return body

    return register


def all_findings() -> tuple[Body, ...]:
    """Every registered rule once."""
    from wizard.core.rules import findings

    for module in pkgutil.iter_modules(findings.__path__):
        importlib.import_module(f"{findings.__name__}.{module.name}")
    return tuple(dict.fromkeys(_findings[key] for key in sorted(_findings)))


def stage(one: Finding) -> int:
    """How early in a pod's life the cause is."""
    family = one.id[:2]
    return STAGES.index(family) if family in STAGES else len(STAGES)


def diagnose(snapshot: Snapshot) -> tuple[Finding, ...]:
    """The causes, worst first; symptoms of another cause are folded into it as "also affected"."""
    merged = _merge(found for body in all_findings() for found in body(snapshot))
    earliest: dict[str, list[Finding]] = defaultdict(list)
    for one in sorted(merged, key=lambda one: (stage(one), one.id)):
        kept = earliest[one.object]
        if not kept or stage(kept[0]) == stage(one):
            kept.append(one)
    found = [one for kept in earliest.values() for one in kept]
    return tuple(sorted(_fold(found, snapshot), key=lambda one: (not one.terminal, stage(one), one.id, one.object)))


def _merge(found: Iterator[Finding]) -> list[Finding]:
    """One finding for all pods of a workload with the same cause."""
    by_key: dict[tuple[str, str], Finding] = {}
    more: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for one in found:
        key = (one.id, one.object)
        if key in by_key:
            more[key].append(one)
        by_key.setdefault(key, one)
    return [replace(one, evidence=(*one.evidence, *_others(one, more[key]))) for key, one in by_key.items()]


def _others(one: Finding, more: list[Finding]) -> Iterator[str]:
    if same := sum(other.title == one.title for other in more):
        yield f"the same in {same} more"
    yield from dict.fromkeys(f"also: {other.title}" for other in more if other.title != one.title)


def _fold(found: list[Finding], snapshot: Snapshot) -> list[Finding]:
    """Symptoms into their cause, and one cause that hits several workloads into one finding on the first of them."""
    causes: list[Finding] = []
    affected: dict[int, list[str]] = defaultdict(list)
    for one in sorted(found, key=lambda one: (one.waits, one.since, one.object)):
        same = next((cause for cause in causes if (cause.id, cause.title) == (one.id, one.title)), None)
        if same is None and one.waits:
            same = next(
                (cause for cause in causes if not cause.waits and _needs(one.object, cause.object, snapshot)), None
            )
        if same is None:
            causes.append(one)
        else:
            affected[id(same)].append(one.object)
    return [
        replace(one, evidence=(*one.evidence, f"also affected: {', '.join(affected[id(one)])}"))
        if affected[id(one)]
        else one
        for one in causes
    ]


def _needs(waiting: str, broken: str, snapshot: Snapshot) -> bool:
    """Whether a workload's pods name a Service of the broken workload, or the broken one is a StatefulSet (a store)."""
    if waiting == broken:
        return False
    if broken.startswith("StatefulSet/"):
        return True
    labels = [
        one["metadata"].get("labels") or {} for one in snapshot.of_kind("Pod") if snapshot.root_name(one) == broken
    ]
    services = {
        str(service["metadata"]["name"])
        for service in snapshot.of_kind("Service")
        if (selector := service.get("spec", {}).get("selector"))
        and any(selector.items() <= have.items() for have in labels)
    }
    specs = [json.dumps(one.get("spec", {})) for one in snapshot.of_kind("Pod") if snapshot.root_name(one) == waiting]
    return any(f"{service}:" in spec or f'"{service}"' in spec for service in services for spec in specs)
