"""The registry of findings: pure rules over a snapshot of a release's live objects and events.

A new finding is one decorated function in `findings/` and one table in its test. Nothing else lists it. `diagnose` ranks
what the rules say and puts the cause before its symptoms: each workload keeps its earliest cause, and a workload that
only waits for a broken one is named as affected instead of being a finding of its own.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import shlex
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal

from wizard.core.helm.revision import Times
from wizard.core.kube import patience, status
from wizard.core.kube.patience import Gone, Outdated
from wizard.core.text.redaction import hide

Object = Mapping[str, Any]
Heals = Literal["yes", "no", "unknown"]

_SCALED: Final = ("SuccessfulCreate", "SuccessfulDelete", "ScalingReplicaSet")
"""Events of a controller that made or removed a pod."""

STAGES: Final = ("X", "CL", "SC", "VO", "CO", "LG", "TR")
"""Families, causes of others first: the release itself, its nodes, then as a pod comes to life: admission and
scheduling, disk, container, logs, traffic."""


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
class Evidence:
    """What proves a finding: the raw text as it was read, in which field of which object ("Kind/name"), and since when."""

    text: str
    object: str = ""
    field: str = ""
    time: str = ""

    def __str__(self) -> str:
        where = f"{self.object} {self.field}".strip()
        return f"{where}: {self.text}" if where else self.text


@dataclass(frozen=True)
class Finding:
    """A diagnosed cause.

    `object` is "Kind/name" of what cannot go on; `terminal` means waiting is pointless; `heals` answers "will it heal
    by itself"; `since` is when it began.
    """

    id: str
    title: str
    object: str
    evidence: tuple[Evidence, ...]
    remedy: tuple[str, ...]
    terminal: bool = False
    heals: Heals = "unknown"
    since: str = ""
    waits: bool = False
    """It may be only a symptom: the thing it waits for may be another finding."""
    urgent: bool = True
    """It keeps the release from working or from moving on; False: separate, worth a look in daylight."""
    commands: tuple[str, ...] = ()
    """Lines to paste that show more, or mend it."""
    avoid: tuple[str, ...] = ()
    """What would make it worse."""
    unseen: tuple[str, ...] = ()
    """Proof that is missing, and what would show it."""
    affects: tuple[str, ...] = ()
    """Objects that cannot be well because of it."""
    swallows: tuple[str, ...] = ()
    """Objects about which no finding says anything of its own while this one stands."""
    explains: tuple[str, ...] = ()
    """What it swallowed: objects with the same cause, and findings that are only its symptoms."""

    @property
    def lines(self) -> tuple[str, ...]:
        """The evidence in sentences, what else it explains at the end."""
        told = tuple(map(str, self.evidence))
        return (*told, f"also affected: {', '.join(self.explains)}") if self.explains else told

    def to_data(self) -> dict[str, Any]:
        """The data of a `finding` event."""
        return {
            "id": self.id,
            "title": self.title,
            "object": self.object,
            "terminal": self.terminal,
            "evidence": list(self.lines),
            "remedy": list(self.remedy),
        }


@dataclass(frozen=True)
class Revision:
    """One revision of the release as helm recorded it; `updated` is when it was begun, RFC 3339.

    `description` and `unread` are in the record's body, which takes the right to read it: "" and () without.
    """

    number: int
    status: str
    updated: str = ""
    description: str = ""
    unread: tuple[str, ...] = ()
    """Paths of values that somebody gave and the chart does not have."""
    written: str = ""
    """When its record was last written, RFC 3339; "" when that is not known."""
    missing: tuple[str, ...] = ()
    """Of a pending one: objects ("Kind/name") of its manifest that helm has to make next and that are not there."""

    @property
    def since(self) -> str:
        """Since when it has its status."""
        return Times(self.updated, self.written or self.updated).since(self.status)


@dataclass(frozen=True)
class Said:
    """Helm's own words about a failed operation, where they stand, and when it ended."""

    text: str
    source: str
    time: str = ""


@dataclass(frozen=True)
class Snapshot:
    """The objects of one release by uid, the events about them and the ends of their logs, at one moment.

    Only the first three are always there. The rest is what a diagnosis looks for besides; a rule that needs it asks
    whether it was `seen`.
    """

    objects: Mapping[str, Object]
    events: Sequence[Happening]
    now: datetime
    logs: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    """The last log lines by pod and container, oldest first, as far as logs are read."""
    around: Mapping[str, Object] = field(default_factory=dict)
    """By uid, what the release stands on and does not own: nodes, volumes, classes, quotas, Secrets without values."""
    seen: frozenset[str] = frozenset()
    """Kinds of `around` that were listed whole, so that what is not in it is not there."""
    revisions: Sequence[Revision] = ()
    """Oldest first; empty when helm's records are hidden."""
    said: Sequence[Said] = ()
    """What helm said, newest first."""
    namespace: str = ""
    release: str = ""
    context: str = ""
    hidden: frozenset[str] = frozenset()
    """Kinds of the release that could not be listed, or are not yet: what is not in `objects` may be there."""
    changed: Mapping[str, str] = field(default_factory=dict)
    """By uid, when an object was seen to be made or to be asked for something else; a watch knows, as it does the next two."""
    outdated: Outdated = field(default_factory=dict)
    gone: Sequence[Gone] = ()
    """Pods that were seen to go, oldest first."""
    _by_uid: dict[str, list[Happening]] = field(default_factory=dict, compare=False, repr=False)

    def command(self, *words: str) -> str:
        """A kubectl or helm line on this cluster and namespace, to paste."""
        where = ["-n", self.namespace] if self.namespace else []
        if self.context:
            where += ["--context" if words[0] == "kubectl" else "--kube-context", self.context]
        return shlex.join([*words, *where])

    def older(self, since: str, seconds: int) -> bool:
        """Whether a time is known and at least so long ago."""
        begun = status.parse_time(since)
        return begun is not None and (self.now - begun).total_seconds() >= seconds

    def since(self, *objects: Object, selector: Mapping[str, Any] | None = None) -> str:
        """Since when what these objects show together can have been wrong, at the earliest.

        That is the latest of: when they were made, what is wanted of them changed, a condition or the number of their
        pods changed, and a pod with the labels of the selector went.
        """
        times = [one.seen for one in self.gone if selector and selector.items() <= one.labels.items()]
        for one in objects:
            times += [status.created(one), self.changed.get(str(one["metadata"].get("uid")), "")]
            for each in one.get("status", {}).get("conditions") or ():
                times += [str(each.get(key) or "") for key in ("lastTransitionTime", "lastUpdateTime")]
            times += [each.time for each in self.about(one, *_SCALED)]
        return patience.latest(times)

    @cached_property
    def left(self) -> frozenset[str]:
        """The uids of what is being left: it is not judged as what comes."""
        return patience.left(self.objects)

    @cached_property
    def going(self) -> bool:
        """Whether pods are being removed, which gives back what they hold."""
        return patience.going(self.objects, self.now)

    def beside(self, *kinds: str) -> list[Object]:
        """Objects of these kinds around the release, by name."""
        found = [one for one in self.around.values() if one.get("kind") in kinds]
        return sorted(found, key=lambda one: str(one["metadata"]["name"]))

    def named(self, kind: str, name: str) -> Object | None:
        """One object of the release or around it."""
        every = (*self.of_kind(kind), *self.beside(kind))
        return next((one for one in every if one["metadata"]["name"] == name), None)

    def selected(self, selector: Mapping[str, Any]) -> list[Object]:
        """The release's pods with these labels; none for an empty selector."""
        return [pod for pod in self.of_kind("Pod") if selector and selector.items() <= labels_of(pod).items()]

    def of_kind(self, *kinds: str) -> list[Object]:
        """Objects of these kinds, by name."""
        found = [one for one in self.objects.values() if one.get("kind") in kinds]
        return sorted(found, key=lambda one: str(one["metadata"]["name"]))

    def starting_pods(self) -> list[Object]:
        """Pods that should come up: of the version that is wanted, not leaving and not ended."""
        return [
            pod
            for pod in self.of_kind("Pod")
            if str(pod["metadata"].get("uid")) not in self.left
            and not pod["metadata"].get("deletionTimestamp")
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


def labels_of(obj: Object) -> Mapping[str, Any]:
    """The labels of an object."""
    found: Mapping[str, Any] = obj["metadata"].get("labels") or {}
    return found


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
    """How early the cause is."""
    family = one.id.rstrip("0123456789")
    return STAGES.index(family) if family in STAGES else len(STAGES)


def diagnose(snapshot: Snapshot) -> tuple[Finding, ...]:
    """The causes, worst first; a finding that is only a symptom of another one is named there as explained by it."""
    merged = _merge(_hidden(found) for body in all_findings() for found in body(snapshot))
    return tuple(sorted(_fold(merged, snapshot), key=_rank))


def _hidden(one: Finding) -> Finding:
    """The finding without what looks like a password: logs and helm's words are anybody's."""
    proof = tuple(replace(part, text=hide(part.text)) for part in one.evidence)
    return replace(one, title=hide(one.title), evidence=proof)


def _rank(one: Finding) -> tuple[bool, bool, bool, int, str, str]:
    return (not one.urgent, one.waits, not one.terminal, stage(one), one.id, one.object)


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


def _others(one: Finding, more: list[Finding]) -> Iterator[Evidence]:
    if same := sum(other.title == one.title for other in more):
        yield Evidence(f"the same in {same} more")
    yield from (Evidence(text) for text in dict.fromkeys(f"also: {o.title}" for o in more if o.title != one.title))


def _fold(found: list[Finding], snapshot: Snapshot) -> list[Finding]:
    """Symptoms into their cause, and one cause that hits several workloads into one finding on the first of them."""
    causes: list[Finding] = []
    explained: dict[int, dict[str, None]] = defaultdict(dict)
    order = {one.object: _depth(one, found, snapshot) for one in found if one.waits}
    for one in sorted(found, key=lambda one: (one.waits, order.get(one.object, 0), stage(one), one.since, one.object)):
        cause = next((cause for cause in causes if _explains(cause, one, snapshot)), None)
        if cause is None:
            causes.append(one)
        elif one.object != cause.object:
            explained[id(cause)][one.object] = None
        elif cause.id != one.id:
            explained[id(cause)][one.title] = None
    return [replace(one, explains=(*one.explains, *explained[id(one)])) for one in causes]


def _depth(one: Finding, found: list[Finding], snapshot: Snapshot) -> int:
    """On how many of the broken objects this one stands: those at the bottom come first."""
    others = {other.object for other in found if other.urgent and other.object != one.object}
    return sum(_needs(one.object, other, snapshot) for other in others)


def _explains(cause: Finding, one: Finding, snapshot: Snapshot) -> bool:
    if (cause.id, cause.title) == (one.id, one.title):
        return True
    if not cause.urgent:
        return False
    if one.object in cause.swallows:
        return True
    if cause.object == one.object:
        return stage(cause) < stage(one) or (one.waits and not cause.waits)
    if not one.waits:
        return False
    return one.object in cause.affects or _needs(one.object, cause.object, snapshot)


_STORE: Final = "StatefulSet/"


def _needs(waiting: str, broken: str, snapshot: Snapshot) -> bool:
    """Whether what waits stands on what is broken: by a Service, a reference, or because the broken one is a store."""
    kind, _, name = waiting.partition("/")
    if kind == "Release":
        return waiting != broken
    obj = snapshot.named(kind, name)
    spec = (obj or {}).get("spec") or {}
    if kind == "HorizontalPodAutoscaler":
        target = spec.get("scaleTargetRef") or {}
        return f"{target.get('kind')}/{target.get('name')}" == broken
    selector = spec.get("selector") or {}
    if kind in ("Service", "PodDisruptionBudget"):
        return _matches(selector.get("matchLabels", selector), _pod_labels(broken, snapshot))
    if broken.startswith(_STORE) and not waiting.startswith(_STORE):
        return True
    return _names_a_service(waiting, _services(broken, snapshot), snapshot)


def _pod_labels(root: str, snapshot: Snapshot) -> list[Mapping[str, Any]]:
    """The labels of a workload's pods, those that it made and those that it would make."""
    kind, _, name = root.partition("/")
    found = [labels_of(pod) for pod in snapshot.of_kind("Pod") if snapshot.root_name(pod) == root]
    template = ((snapshot.named(kind, name) or {}).get("spec") or {}).get("template") or {}
    return [*found, (template.get("metadata") or {}).get("labels") or {}]


def _matches(selector: Mapping[str, Any], labels: list[Mapping[str, Any]]) -> bool:
    return bool(selector) and any(selector.items() <= have.items() for have in labels)


def _services(root: str, snapshot: Snapshot) -> list[str]:
    labels = _pod_labels(root, snapshot)
    return [
        str(one["metadata"]["name"])
        for one in snapshot.of_kind("Service")
        if _matches((one.get("spec") or {}).get("selector") or {}, labels)
    ]


def _names_a_service(waiting: str, services: list[str], snapshot: Snapshot) -> bool:
    specs = [json.dumps(one.get("spec", {})) for one in snapshot.of_kind("Pod") if snapshot.root_name(one) == waiting]
    return any(
        re.search(rf'["/@]{re.escape(service)}[:."]', spec) is not None for service in services for spec in specs
    )
