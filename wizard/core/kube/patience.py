"""Finds objects that look stuck but are progressing: they are being replaced, or wait for a recent change. Pure.

The age of an object says nothing about a problem of today: patience counts from when the problem can have begun.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object
from wizard.core.kube.status import Judged, Status
from wizard.core.text.time import parse_time

_HASH: Final = "pod-template-hash"
_BROKEN: Final = ("stuck", "failed")

UNREADABLE: Final = "unreadable"
"""The summary of an object whose status cannot be read."""

AS_BEFORE: Final = "as it was before; helm has not applied it yet"
"""The reason of a broken object that helm has yet to apply; whether it heals is unknown."""

Outdated = Mapping[str, Sequence[Mapping[str, Any]]]
"""By uid, the conditions that an object had when its spec changed: they are about the spec before."""


@dataclass(frozen=True)
class Gone:
    """A deleted pod: its labels, its owner's uid, when the API created it and when its deletion was seen."""

    labels: Mapping[str, Any]
    owner: str
    made: str
    seen: str


def latest(times: Iterable[str]) -> str:
    """The latest of these RFC 3339 times; "" when none is known."""
    moments = [(when, text) for text in times if (when := parse_time(text))]
    return max(moments)[1] if moments else ""


def left(objects: Mapping[str, Object]) -> frozenset[str]:
    """The uids of ReplicaSets that their Deployment no longer wants, and of pods that their workload replaces.

    Old pods of a StatefulSet that starts its pods in order are not included: its controller waits for them.
    """
    sets = {
        uid
        for uid, obj in objects.items()
        if obj.get("kind") == "ReplicaSet" and (owner := objects.get(_owner(obj))) and _is_old(obj, owner)
    }
    pods = {
        uid
        for uid, obj in objects.items()
        if obj.get("kind") == "Pod"
        and (_owner(obj) in sets or ((owner := objects.get(_owner(obj))) and _is_replaced(obj, owner)))
    }
    return frozenset(sets | pods)


def _owner(obj: Object) -> str:
    return str(status.controller(obj).get("uid", ""))


def _is_old(replica_set: Object, owner: Object) -> bool:
    """Whether a ReplicaSet has another template than its Deployment. A paused Deployment creates no new one."""
    if owner.get("kind") != "Deployment" or owner.get("spec", {}).get("paused"):
        return False
    return template(replica_set) != template(owner)


def template(workload: Object) -> tuple[Any, Any, Any]:
    """Labels, annotations and spec of the pods that a workload creates, without what its controller adds."""
    made = workload.get("spec", {}).get("template") or {}
    meta = made.get("metadata") or {}
    labels = {key: value for key, value in (meta.get("labels") or {}).items() if key != _HASH}
    return labels, meta.get("annotations") or {}, made.get("spec")


def _is_replaced(pod: Object, owner: Object) -> bool:
    if owner.get("kind") != "StatefulSet":
        return False
    spec = owner.get("spec", {})
    if not status.observed(owner):
        return True
    strategy = spec.get("updateStrategy") or {}
    if spec.get("podManagementPolicy") != "Parallel" or strategy.get("type", "RollingUpdate") != "RollingUpdate":
        return False
    mine = (pod["metadata"].get("labels") or {}).get("controller-revision-hash")
    newest = owner.get("status", {}).get("updateRevision")
    ordinal = str(pod["metadata"]["name"]).rpartition("-")[2]
    first = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
    return bool(mine and newest and mine != newest and ordinal.isdecimal() and int(ordinal) >= first)


def going(objects: Mapping[str, Object], now: datetime) -> bool:
    """Whether a pod of the release is terminating within its grace period: it will free its resources."""
    return any(
        obj.get("kind") == "Pod"
        and obj["metadata"].get("deletionTimestamp")
        and status.of(obj, now).state == "progressing"
        for obj in objects.values()
    )


def store_on_its_way(pod: Object, objects: Mapping[str, Object], now: datetime) -> str:
    """A StatefulSet ("Kind/name") that a pod may wait for, not ready but progressing; "" when there is none."""
    for store, pods in _stores(pod, objects):
        states = {status.of(obj, now).state for obj in (store, *pods)}
        if "progressing" in states and not states & {*_BROKEN}:
            return f"StatefulSet/{store['metadata']['name']}"
    return ""


def stores_back(pod: Object, objects: Mapping[str, Object]) -> str:
    """When the last pod of the StatefulSets that a pod may wait for became ready; "" when none is ready."""
    ready = [status.condition(store_pod, "Ready") for _, pods in _stores(pod, objects) for store_pod in pods]
    return latest(
        str(condition.get("lastTransitionTime") or "") for condition in ready if condition.get("status") == "True"
    )


def _stores(pod: Object, objects: Mapping[str, Object]) -> Iterator[tuple[Object, list[Object]]]:
    for uid, store in objects.items():
        if store.get("kind") == "StatefulSet" and uid != _owner(pod):
            yield store, [obj for obj in objects.values() if obj.get("kind") == "Pod" and _owner(obj) == uid]


def unready_too_long(
    pod: Object,
    container_status: Mapping[str, Any],
    container: Mapping[str, Any],
    objects: Mapping[str, Object],
    now: datetime,
) -> bool:
    """Whether a running container (status and specification) used up its probes' budget while all stores were ready."""
    since = parse_time(latest((status.unready_since(pod, container_status), stores_back(pod, objects))))
    budget = status.probe_budget(container, starting=status.is_starting(container_status, container))
    return since is not None and now - since >= budget and not store_on_its_way(pod, objects, now)


def judge(objects: Mapping[str, Object], now: datetime, outdated: Outdated | None = None) -> dict[str, Judged]:
    """The judgement of every object; `apply` is included, and an object that cannot be read is unknown."""
    return apply({uid: _judged(obj, now) for uid, obj in objects.items()}, objects, now, outdated)


def unreadable(objects: Mapping[str, Object], now: datetime) -> frozenset[str]:
    """The uids of objects that cannot be read."""
    return frozenset(uid for uid, obj in objects.items() if _judged(obj, now).status.summary == UNREADABLE)


def _judged(obj: Object, now: datetime) -> Judged:
    meta = obj["metadata"]
    try:
        result = status.of(obj, now)
        status.restarts(obj)
        template(obj)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        # The cluster's data is untrusted: an object that cannot be read must not end a watch.
        result = Status("unknown", UNREADABLE, f"its status makes no sense: {error}")
    owner = status.controller(obj)
    return Judged(
        str(obj.get("kind")), str(meta["name"]), str(meta.get("uid") or ""), str(owner.get("uid") or ""), result,
        periodic=owner.get("kind") == "CronJob",
    )  # fmt: skip


def apply(
    judged: Mapping[str, Judged], objects: Mapping[str, Object], now: datetime, outdated: Outdated | None = None
) -> dict[str, Judged]:
    """The same, with stuck objects that are progressing marked so, and why. Objects that cannot be read are skipped."""
    sane = {uid: obj for uid, obj in objects.items() if judged[uid].status.state != "unknown"}
    being_left, result = left(sane), dict(judged)
    for uid, obj in sane.items():
        member = judged[uid]
        if member.status.state not in _BROKEN:
            continue
        why = ""
        if uid in being_left:
            why = "it belongs to the version that is being replaced"
        elif _tells_of_before(obj, sane, being_left, outdated or {}):
            why = "its controller has not reported on the latest change yet"
        elif member.status.summary == "NotReady" and not _any_unready_too_long(obj, sane, now):
            why = f"waits for {store_on_its_way(obj, sane, now) or 'what it uses, which has only just come back'}"
        elif member.status.summary == "Unschedulable" and going(sane, now):
            why = "pods that are being removed will make room"
        if why:
            result[uid] = on_its_way(member, why)
    return result


def _any_unready_too_long(pod: Object, objects: Mapping[str, Object], now: datetime) -> bool:
    specs = status.container_specs(pod)
    running = (
        container_status
        for container_status in status.container_statuses(pod)
        if "running" in (container_status.get("state") or {}) and not container_status.get("ready")
    )
    return any(
        unready_too_long(pod, container_status, specs.get(str(container_status.get("name")), {}), objects, now)
        for container_status in running
    )


def on_its_way(member: Judged, why: str) -> Judged:
    """The same object as progressing, with the reason."""
    return replace(member, status=replace(member.status, state="progressing", reason=why))


def _tells_of_before(
    obj: Object, objects: Mapping[str, Object], being_left: frozenset[str], outdated: Outdated
) -> bool:
    """Whether a Deployment is stuck only because of a condition of its old spec or of a ReplicaSet that it replaces."""
    if obj.get("kind") != "Deployment":
        return False
    uid = str(obj["metadata"]["uid"])
    failure = status.condition(obj, "ReplicaFailure")
    if failure.get("status") == "True":
        refused = [
            replica_set for replica_set in objects.values() if _owner(replica_set) == uid and _is_refused(replica_set)
        ]
        return bool(refused) and all(str(replica_set["metadata"]["uid"]) in being_left for replica_set in refused)
    return status.condition(obj, "Progressing") in outdated.get(uid, ())


def _is_refused(replica_set: Object) -> bool:
    return status.condition(replica_set, "ReplicaFailure").get("status") == "True"
