"""Which of what looks stuck is on its way: what is being left, and what waits for something that only just changed. Pure.

An object's age says nothing about a trouble of today. Patience counts since the thing judged can have been wrong.
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
"""The summary of an object whose status makes no sense."""

AS_BEFORE: Final = "as it was before; helm has not applied it yet"
"""Why something broken says nothing of what comes, while helm is at work; whether it heals is not known either."""

Outdated = Mapping[str, Sequence[Mapping[str, Any]]]
"""By uid, conditions that an object had when what is wanted of it changed: they tell of what was wanted before."""


@dataclass(frozen=True)
class Gone:
    """A pod that is no more: its labels, its owner's uid, when the API made it and when it was seen to go."""

    labels: Mapping[str, Any]
    owner: str
    made: str
    seen: str


def latest(times: Iterable[str]) -> str:
    """The latest of these RFC 3339 times; "" when none is known."""
    moments = [(when, text) for text in times if (when := parse_time(text))]
    return max(moments)[1] if moments else ""


def left(objects: Mapping[str, Object]) -> frozenset[str]:
    """The uids of ReplicaSets that their Deployment asks for no longer, and of pods that their workload takes away.

    An old pod of a StatefulSet that starts its pods in order is not among them: its controller waits for it.
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
    """As the Deployment's controller tells: a ReplicaSet of another template. While paused it makes no new one."""
    if owner.get("kind") != "Deployment" or owner.get("spec", {}).get("paused"):
        return False
    return template(replica_set) != template(owner)


def template(workload: Object) -> tuple[Any, Any, Any]:
    """Labels, annotations and spec of the pods that a workload makes, without what its controller adds."""
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
    return bool(mine and newest and mine != newest and ordinal.isdigit() and int(ordinal) >= first)


def going(objects: Mapping[str, Object], now: datetime) -> bool:
    """Whether a pod of the release is being removed and still within its time: it gives back what it holds."""
    return any(
        obj.get("kind") == "Pod"
        and obj["metadata"].get("deletionTimestamp")
        and status.of(obj, now).state == "progressing"
        for obj in objects.values()
    )


def store_on_its_way(pod: Object, objects: Mapping[str, Object], now: datetime) -> str:
    """A StatefulSet, as Kind/name, that a pod may wait for: not ready, and nothing is wrong with it; "" for none."""
    for store, pods in _stores(pod, objects):
        states = {status.of(obj, now).state for obj in (store, *pods)}
        if "progressing" in states and not states & {*_BROKEN}:
            return f"StatefulSet/{store['metadata']['name']}"
    return ""


def stores_back(pod: Object, objects: Mapping[str, Object]) -> str:
    """When the last pod of the StatefulSets that a pod may wait for became ready; "" when none is."""
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
    """Whether a container (status and specification) that runs used up its probes' budget with all stores there."""
    since = parse_time(latest((status.unready_since(pod, container_status), stores_back(pod, objects))))
    budget = status.probe_budget(container, starting=status.is_starting(container_status, container))
    return since is not None and now - since >= budget and not store_on_its_way(pod, objects, now)


def judge(objects: Mapping[str, Object], now: datetime, outdated: Outdated | None = None) -> dict[str, Judged]:
    """Every object judged, those that are on their way after all with that reason; one that makes no sense is unknown."""
    return apply({uid: _judged(obj, now) for uid, obj in objects.items()}, objects, now, outdated)


def unreadable(objects: Mapping[str, Object], now: datetime) -> frozenset[str]:
    """The uids of objects that make no sense."""
    return frozenset(uid for uid, obj in objects.items() if _judged(obj, now).status.summary == UNREADABLE)


def _judged(obj: Object, now: datetime) -> Judged:
    meta = obj["metadata"]
    try:
        result = status.of(obj, now)
        status.restarts(obj)
        template(obj)
    except (TypeError, ValueError, AttributeError, KeyError) as error:
        # The cluster's text is hostile: an object that makes no sense must not end a watch.
        result = Status("unknown", UNREADABLE, f"its status makes no sense: {error}")
    owner = str(status.controller(obj).get("uid") or "")
    return Judged(str(obj.get("kind")), str(meta["name"]), str(meta.get("uid") or ""), owner, result)


def apply(
    judged: Mapping[str, Judged], objects: Mapping[str, Object], now: datetime, outdated: Outdated | None = None
) -> dict[str, Judged]:
    """The same with what is on its way after all as progressing, and why. Objects that make no sense are left out."""
    sane = {uid: obj for uid, obj in objects.items() if judged[uid].status.state != "unknown"}
    being_left, result = left(sane), dict(judged)
    for uid, obj in sane.items():
        member = judged[uid]
        if member.status.state not in _BROKEN:
            continue
        why = ""
        if uid in being_left:
            why = "of the version that is being left"
        elif _tells_of_before(obj, sane, being_left, outdated or {}):
            why = "its controller has not told of the latest change yet"
        elif member.status.summary == "NotReady" and not _any_unready_too_long(obj, sane, now):
            why = f"waits for {store_on_its_way(obj, sane, now) or 'what it uses, which is only just back'}"
        elif member.status.summary == "Unschedulable" and going(sane, now):
            why = "pods that are being removed make room"
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
    """The same as progressing, with the reason."""
    return replace(member, status=replace(member.status, state="progressing", reason=why))


def _tells_of_before(
    obj: Object, objects: Mapping[str, Object], being_left: frozenset[str], outdated: Outdated
) -> bool:
    """Whether a Deployment is stuck only by a condition of what was wanted before, or by a ReplicaSet that it leaves."""
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
