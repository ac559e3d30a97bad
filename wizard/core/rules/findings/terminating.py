"""Pods that do not end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.time import parse_time

_PATIENCE: Final = 300
"""Seconds beyond the grace period (the deletion time includes it) in which a slow kubelet may still confirm."""


@finding("CO15")
def never_ends(snapshot: Snapshot) -> Iterator[Finding]:
    """A pod is terminating long after its grace period: a finalizer, its node, or its kubelet."""
    for pod in snapshot.of_kind("Pod"):
        asked = str(pod["metadata"].get("deletionTimestamp") or "")
        if snapshot.older(asked, _PATIENCE):
            yield _finding(pod, asked, snapshot)


def _finding(pod: Object, asked: str, snapshot: Snapshot) -> Finding:
    meta, node = pod["metadata"], str((pod.get("spec") or {}).get("nodeName") or "")
    finalizers = ", ".join(map(str, meta.get("finalizers") or ()))
    store = status.controller(pod).get("kind") == "StatefulSet"
    begun = parse_time(asked)
    minutes = int((snapshot.now - begun).total_seconds() // 60) if begun else 0
    proof = [Evidence(asked, name_of(pod), "metadata.deletionTimestamp", asked)]
    ready = status.condition(snapshot.named("Node", node) or {}, "Ready")
    unwell = bool(ready) and ready.get("status") != "True"
    if finalizers:
        why, remedy = f"finalizers hold it: {finalizers}", "Whatever set the finalizer has to finish: ask who runs it."
        proof.append(Evidence(finalizers, name_of(pod), "metadata.finalizers"))
    elif unwell:
        why = f"its node {node} is not ready"
        remedy = f"Node {node} has to come back, or to be proven off and removed by whoever runs it."
        proof.append(Evidence(str(ready.get("message") or ready.get("status")), f"Node/{node}", "status.conditions[Ready]",
                              str(ready.get("lastTransitionTime") or "")))  # fmt: skip
    elif node and "Node" in snapshot.seen and not snapshot.named("Node", node):
        why = f"its node {node} is not there any more"
        remedy = "Wait: the control plane removes pods of a node that is gone. If it does not, ask whoever runs it."
    else:
        why = f"the kubelet of {node or 'its node'} does not confirm that it ended"
        remedy = f"Ask whoever runs {node or 'its node'} to look at its kubelet and container runtime."
    killing = snapshot.about(pod, "FailedKillPod", "FailedUnmount", "FailedPreStopHook")[:1]
    proof += [Evidence(event.message, name_of(pod), f"event {event.reason}", event.time) for event in killing]
    avoid = "Don't remove the finalizer by hand: its owner would not clean up." if finalizers else ""
    force = "Don't force-delete it: while its node may still run it, two would write one volume." if store else ""
    return Finding(
        "CO15",
        f"pod {meta['name']} has been terminating for {minutes} minutes: {why}",
        snapshot.root_name(pod),
        tuple(proof),
        (remedy, *(("Its StatefulSet makes no new pod before this one has ended.",) if store else ())),
        heals="no" if finalizers else "unknown",
        since=asked,
        waits=unwell and not finalizers,
        # A Deployment makes its new pod at once; a StatefulSet waits for the old one.
        urgent=store,
        commands=(snapshot.command("kubectl", "get", "pod", str(meta["name"]), "-o", "yaml"),),
        avoid=tuple(filter(None, (avoid, force))),
        unseen=()
        if "Node" in snapshot.seen or not snapshot.seen or not node or finalizers
        else (f"whether node {node} is ready: get nodes",),
    )
