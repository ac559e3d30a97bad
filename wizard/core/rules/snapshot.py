"""The input of the finding rules: the objects of one release, and related objects, at one moment."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from wizard.core.helm.revision import Times
from wizard.core.kube import patience, status
from wizard.core.kube.objects import Object, ObjectEvent, labels_of, name_of
from wizard.core.kube.patience import Gone, Outdated
from wizard.core.reach.result import Reach
from wizard.core.run.summary import RunSummary
from wizard.core.text.time import parse_time

_SCALED: Final = ("SuccessfulCreate", "SuccessfulDelete", "ScalingReplicaSet")
"""Events of a controller that created or deleted a pod."""


def _name(obj: Object) -> str:
    return str(obj["metadata"]["name"])


@dataclass(frozen=True)
class Revision:
    """One revision of the release as helm recorded it; `updated` is when it began, RFC 3339.

    `description` and `unread` are in the record's body: "" and () without the right to read it.
    """

    number: int
    status: str
    updated: str = ""
    description: str = ""
    unread: tuple[str, ...] = ()
    """Paths of given values that the chart does not have."""
    written: str = ""
    """When its record was last written, RFC 3339; "" when that is not known."""
    missing: tuple[str, ...] = ()
    """Of a pending revision: objects ("Kind/name") of its manifest that helm creates next and that do not exist."""
    selectors: tuple[str, ...] = ()
    """Of a deployed revision, where a Service selects no pod: of each Service of its manifest "NAME KEY=VALUE,..."."""

    @property
    def since(self) -> str:
        """Since when it has its status."""
        return Times(self.updated, self.written or self.updated).since(self.status)

    def selector(self, service: str) -> Mapping[str, str] | None:
        """The selector that a Service has in its manifest; None where that is not known."""
        for text in self.selectors:
            name, _, labels = text.partition(" ")
            if name == service:
                return dict(pair.split("=", 1) for pair in labels.split(",") if "=" in pair)
        return None


@dataclass(frozen=True)
class HelmError:
    """Helm's error message of a failed operation, its source, and when the operation ended."""

    text: str
    source: str
    time: str = ""


@dataclass(frozen=True)
class Snapshot:
    """The objects of one release by uid, the events about them and the ends of their logs, at one moment.

    Only the first three fields are always set. The others need further reads; a rule that needs them checks `seen`.
    """

    objects: Mapping[str, Object]
    events: Sequence[ObjectEvent]
    now: datetime
    logs: Mapping[tuple[str, str], Sequence[str]] = field(default_factory=dict)
    """The last log lines by pod and container, oldest first, as far as logs are read."""
    around: Mapping[str, Object] = field(default_factory=dict)
    """By uid, what the release depends on but does not own: nodes, volumes, classes, quotas, Secrets without values."""
    seen: frozenset[str] = frozenset()
    """Kinds of `around` that were listed completely: what is not in it does not exist."""
    absent: frozenset[str] = frozenset()
    """Objects ("Kind/name") of the namespace that were asked for by name and do not exist."""
    revisions: Sequence[Revision] = ()
    """Oldest first; empty when helm's records are hidden."""
    helm_errors: Sequence[HelmError] = ()
    """Helm's error messages, newest first."""
    runs: Sequence[RunSummary] = ()
    """Our own runs on the release, of this machine, newest first."""
    namespace: str = ""
    release: str = ""
    context: str = ""
    hidden: frozenset[str] = frozenset()
    """Kinds of the release that could not be listed, or not yet: what is not in `objects` may exist."""
    changed: Mapping[str, str] = field(default_factory=dict)
    """By uid, when an object's creation or last spec change was seen; only a watch sets this and the next two."""
    outdated: Outdated = field(default_factory=dict)
    gone: Sequence[Gone] = ()
    """Pods whose deletion was seen, oldest first."""
    late: Sequence[str] = ()
    """Requests of this look that the API server did not answer in time, or refused as too many."""
    reach: Reach | None = None
    """Whether people reach it, asked from this machine; None when it was not asked."""
    _by_uid: dict[str, list[ObjectEvent]] = field(default_factory=dict, compare=False, repr=False)

    def command(self, *words: str) -> str:
        """A kubectl or helm command line for this cluster and namespace."""
        where = ["-n", self.namespace] if self.namespace else []
        if self.context:
            where += ["--context" if words[0] == "kubectl" else "--kube-context", self.context]
        return shlex.join([*words, *where])

    def older(self, since: str, seconds: int) -> bool:
        """Whether a time is known and at least so many seconds ago."""
        begun = parse_time(since)
        return begun is not None and (self.now - begun).total_seconds() >= seconds

    def since(self, *objects: Object, selector: Mapping[str, Any] | None = None) -> str:
        """The earliest time since when these objects can have shown their present state.

        That is the latest time at which one of them was created, its spec, a condition or its number of pods changed,
        or a pod with the labels of the selector was deleted.
        """
        times = [pod.seen for pod in self.gone if selector and selector.items() <= pod.labels.items()]
        for obj in objects:
            times += [status.created(obj), self.changed.get(str(obj["metadata"].get("uid")), "")]
            for condition in obj.get("status", {}).get("conditions") or ():
                times += [str(condition.get(key) or "") for key in ("lastTransitionTime", "lastUpdateTime")]
            times += [event.time for event in self.about(obj, *_SCALED)]
        return patience.latest(times)

    @cached_property
    def left(self) -> frozenset[str]:
        """The uids of objects that are being replaced: they do not count for the new version."""
        return patience.left(self.objects)

    @property
    def changing(self) -> bool:
        """Whether helm has not finished the newest revision: what is missing may still be created."""
        return bool(self.revisions) and self.revisions[-1].status.startswith("pending-")

    @cached_property
    def going(self) -> bool:
        """Whether pods are terminating, which will free their resources."""
        return patience.going(self.objects, self.now)

    def beside(self, *kinds: str) -> list[Object]:
        """Objects of these kinds around the release, by name."""
        return sorted((obj for obj in self.around.values() if obj.get("kind") in kinds), key=_name)

    def known(self, kind: str) -> list[Object]:
        """Objects of a kind of the release, then those around it."""
        return [*self.of_kind(kind), *self.beside(kind)]

    def named(self, kind: str, name: str) -> Object | None:
        """One object of the release or around it."""
        return next((obj for obj in self.known(kind) if obj["metadata"]["name"] == name), None)

    def selected(self, selector: Mapping[str, Any]) -> list[Object]:
        """The release's pods with these labels; none for an empty selector."""
        return [pod for pod in self.of_kind("Pod") if selector and selector.items() <= labels_of(pod).items()]

    def of_kind(self, *kinds: str) -> list[Object]:
        """Objects of these kinds, by name."""
        if len(kinds) == 1:
            return list(self._sorted.get(kinds[0], ()))
        return sorted((obj for kind in kinds for obj in self._sorted.get(kind, ())), key=_name)

    @cached_property
    def _sorted(self) -> dict[str, list[Object]]:
        """The objects of each kind, by name: every rule asks for some."""
        by_kind: dict[str, list[Object]] = {}
        for obj in sorted(self.objects.values(), key=_name):
            by_kind.setdefault(str(obj.get("kind")), []).append(obj)
        return by_kind

    def starting_pods(self) -> list[Object]:
        """Pods that should start: of the wanted version, not terminating and not ended."""
        return [
            pod
            for pod in self.of_kind("Pod")
            if str(pod["metadata"].get("uid")) not in self.left
            and not pod["metadata"].get("deletionTimestamp")
            and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
        ]

    def about(self, obj: Object, *reasons: str) -> list[ObjectEvent]:
        """Events about an object with one of these reasons (any when none is given), newest first."""
        if not self._by_uid:
            for event in self.events:
                self._by_uid.setdefault(event.uid, []).append(event)
        events = self._by_uid.get(str(obj["metadata"].get("uid")), ())
        return sorted(
            (event for event in events if not reasons or event.reason in reasons), key=lambda event: event.time
        )[::-1]

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
