"""Pods that lost their place: preempted, evicted, or deleted because of a node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wizard.core.kube import membership, status
from wizard.core.kube.objects import Object, ObjectEvent, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.snapshot import Snapshot

_RECENT: Final = 3600
"""Seconds for which an eviction is worth a word when its replacement runs: as long as its events are kept."""
_RESTART: Final = 120
"""Seconds in which a replacement is made and starts without anybody's help."""

# Words: pkg/kubelet/eviction/helpers.go, pkg/kubelet/nodeshutdown, staging/src/k8s.io/api/core/v1 (PodReason...).
_LOW: Final = re.compile(r"low on resource: ([\w.\-/]+?)\.?(?:\s|$)")
_OWN_LIMIT: Final = re.compile(r"local ephemeral storage|ephemeral local storage|EmptyDir volume")
_PREEMPTED: Final = "PreemptionByScheduler"
_QUIET: Final = ("EvictionByEvictionAPI", "Terminated", "NodeShutdown")
"""Somebody drains or stops a node: nothing to say while the replacement runs."""
_KUBELET: Final = ("Evicted", "TerminationByKubelet", "Preempting")
_KEPT: Final = (*_KUBELET, "NodeShutdown", "Terminated")
_EVENTS: Final = dict(zip(membership.LOST_PLACE, (_PREEMPTED, "DeletionByTaintManager"), strict=True))


@dataclass(frozen=True)
class Loss:
    """A pod that lost its place, why, the words about it, where they are, and when."""

    pod: str
    node: str
    reason: str
    message: str
    field: str
    time: str


def preemption(root: str, snapshot: Snapshot) -> Loss | None:
    """The last recent preemption of a workload's pods."""
    lost = [loss for loss in _losses(root, snapshot) if loss.reason == _PREEMPTED]
    return max(lost, key=lambda loss: loss.time, default=None)


@finding("SC07")
def lost_place(snapshot: Snapshot) -> Iterator[Finding]:
    """Pods were preempted or evicted; urgent while their replacement finds no place."""
    for root in snapshot.of_kind("Deployment", "StatefulSet", "DaemonSet", "Job"):
        if status.controller(root):
            continue
        lost = sorted(_losses(name_of(root), snapshot), key=lambda loss: loss.time)
        if not lost:
            continue
        state = status.of(root, snapshot.now).state
        if root["kind"] == "Job" and state in ("ready", "failed"):
            continue  # its own outcome counts
        last = lost[-1]
        homeless = state != "ready" and _homeless(name_of(root), last, snapshot)
        if not homeless and last.reason in _QUIET:
            continue
        yield _finding(root, lost, homeless, snapshot)


def _losses(root: str, snapshot: Snapshot) -> Iterator[Loss]:
    for pod in snapshot.of_kind("Pod"):
        if snapshot.root_name(pod) == root:
            loss = _of_pod(pod, snapshot)
            if loss and not snapshot.older(loss.time, _RECENT):
                yield loss
    for event in snapshot.events:
        gone = event.kind == "Pod" and event.uid not in snapshot.objects
        recent = gone and event.reason in _EVENTS and not snapshot.older(event.time, _RECENT)
        maker = membership.maker_of(event.name, snapshot.objects.values()) if recent else None
        if maker and snapshot.root_name(maker) == root:
            yield _of_event(event, "")


def _of_pod(pod: Object, snapshot: Snapshot) -> Loss | None:
    name, state = str(pod["metadata"]["name"]), pod.get("status") or {}
    node = str((pod.get("spec") or {}).get("nodeName") or "")
    target = status.condition(pod, "DisruptionTarget")
    if target.get("status") == "True":
        reason, words = str(target.get("reason") or ""), str(target.get("message") or "")
        events = snapshot.about(pod, *_EVENTS)
        return Loss(
            name, node, reason, events[0].message if events else words, "status.conditions[DisruptionTarget]",
            str(target.get("lastTransitionTime") or ""),
        )  # fmt: skip
    if state.get("phase") == "Failed" and state.get("reason") in _KEPT:
        ended = [str((one.get("state") or {}).get("terminated", {}).get("finishedAt") or "")
                 for one in status.container_statuses(pod)]  # fmt: skip
        since = max((*ended, str(status.condition(pod, "Ready").get("lastTransitionTime") or ""), status.created(pod)))
        return Loss(name, node, str(state["reason"]), str(state.get("message") or ""), "status.reason", since)
    events = snapshot.about(pod, *_EVENTS) if pod["metadata"].get("deletionTimestamp") else []
    return _of_event(events[0], node) if events else None


def _of_event(event: ObjectEvent, node: str) -> Loss:
    return Loss(event.name, node, _EVENTS[event.reason], event.message, f"event {event.reason}", event.time)


def _homeless(root: str, last: Loss, snapshot: Snapshot) -> bool:
    """Whether a replacement is not on a node yet, or not there, longer than that takes by itself."""
    pods = [pod for pod in snapshot.starting_pods() if snapshot.root_name(pod) == root]
    # A StatefulSet makes no replacement before the old pod has ended; the deletion time includes its grace period.
    asked = [
        str(pod["metadata"].get("deletionTimestamp") or "")
        for pod in snapshot.of_kind("Pod")
        if snapshot.root_name(pod) == root
    ]
    ending = any(time and not snapshot.older(time, _RESTART) for time in asked)
    waiting = [pod for pod in pods if not (pod.get("spec") or {}).get("nodeName")]
    refused = any(status.condition(pod, "PodScheduled").get("status") == "False" for pod in waiting)
    return refused or (not ending and (bool(waiting) or not pods) and snapshot.older(last.time, _RESTART))


def _finding(root: Object, lost: list[Loss], homeless: bool, snapshot: Snapshot) -> Finding:
    last = lost[-1]
    what, remedy, avoid = _words(last)
    title = f"a pod {what}" if len(lost) == 1 else f"{len(lost)} pods, the last one {what}"
    return Finding(
        "SC07",
        f"{title}; its replacement has no place yet" if homeless else f"{title}; its replacement has a place",
        name_of(root),
        tuple(Evidence(loss.message or loss.reason, f"Pod/{loss.pod}", loss.field, loss.time) for loss in lost[-3:]),
        remedy,
        heals=("yes" if snapshot.going else "unknown") if homeless else "yes",
        since=last.time,
        urgent=homeless,
        commands=(snapshot.command("kubectl", "get", "pods", "-o", "wide"),),
        avoid=avoid,
    )


def _words(loss: Loss) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What happened, what to do, and what not to do."""
    where = f" on {loss.node}" if loss.node else ""
    if loss.reason == _PREEMPTED:
        return (
            f"was preempted{where} by a pod of a higher priority",
            ("Ask who runs that pod whether it needs its PriorityClass; or give this workload a PriorityClass of its own.",
             "Or add a node: then both have room."),
            ("Don't delete pods to make room: the one of the higher priority comes first again.",),
        )  # fmt: skip
    if loss.reason in _KUBELET and _OWN_LIMIT.search(loss.message):
        return (
            f"was evicted by the kubelet{where}: it used more local disk than its limit",
            ("Write less to local disk, or raise the limit that the message names (ephemeral-storage, or sizeLimit).",),
            (),
        )
    if loss.reason in _KUBELET:
        low = _LOW.search(loss.message)
        resource = low[1] if low else ""
        remedy = "Ask whoever runs the nodes what fills its disk." if "storage" in resource else (
            "Raise the memory request to what it really uses: the kubelet evicts those above their request first."
        )  # fmt: skip
        why = f": the node was low on {resource}" if resource else ""
        return (
            f"was evicted by the kubelet{where}{why}",
            (remedy if resource else "Read the kubelet's message: it says what was short.",),
            ("Don't tolerate the node's pressure taint: it would be evicted again.",),
        )
    if loss.reason == "DeletionByTaintManager":
        return (
            f"was deleted by the taint manager{where}: the node got a NoExecute taint",
            ("Ask whoever runs the nodes why the node was tainted (not ready, or unreachable); it has to get well.",),
            ("Don't tolerate it for ever: pods would stay on a node that does not answer.",),
        )
    return (
        f"was evicted{where}: its node is being drained or stopped",
        ("Ask whoever drains the nodes to wait until a node has room for it, or to uncordon one.",),
        (),
    )
