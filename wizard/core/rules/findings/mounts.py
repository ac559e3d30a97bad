"""Volumes that are not attached or mounted where their pod is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, ObjectEvent, name_of
from wizard.core.rules.finding import Evidence, Finding, Heals, finding
from wizard.core.rules.findings import placement
from wizard.core.rules.findings.containers import missing_reference
from wizard.core.rules.findings.pods import began, describe_command
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.words import counted

_ATTACH_PATIENCE: Final = 60
"""Seconds in which the volume of a pod that just ended is detached in a usual rollout."""
_VOLUME: Final = re.compile(r"for volume \"([^\"]+)\"")
_USED_BY: Final = re.compile(r"already used by pod\(s\) ([\w.\-]+(?:, [\w.\-]+)*)")
_ONE_POD: Final = "ReadWriteOncePod access mode"
_ELSEWHERE: Final = re.compile(
    r"Multi-Attach error|VolumeInUse|RESOURCE_IN_USE_BY_ANOTHER_RESOURCE|already (?:being used by|attached to (?:an instance|node|another|a different))"
    r"|attached to a different|is still being used",
    re.IGNORECASE,
)
"""Words of the attach-detach controller, and of the drivers of AWS, Google Cloud, Azure, OpenStack and Ceph."""


@finding("VO04")
def attached_elsewhere(snapshot: Snapshot) -> Iterator[Finding]:
    """A volume is still attached to another node, or used by another pod, and allows only one.

    Words: pkg/controller/volume/attachdetach/reconciler/reconciler.go, scheduler plugin volumerestrictions.
    """
    for pod in snapshot.starting_pods():
        proof = _multi_attach(pod, snapshot)
        if proof is None or _mounted(pod) or not snapshot.older(began(pod), _ATTACH_PATIENCE):
            continue
        volume, used = _VOLUME.search(proof.text), _USED_BY.search(proof.text)
        claim = _claim_of(pod, volume[1] if volume else "", snapshot)
        yield _attached(pod, claim, proof, used[1].split(", ") if used else [], snapshot)


def _multi_attach(pod: Object, snapshot: Snapshot) -> Evidence | None:
    attached = [event.time for event in snapshot.about(pod, "SuccessfulAttachVolume")]
    for event in snapshot.about(pod, "FailedAttachVolume"):
        if _held(event) and event.time >= max(attached, default=""):
            return Evidence(event.message, name_of(pod), "event FailedAttachVolume", event.time)
    scheduled = status.condition(pod, "PodScheduled")
    message = str(scheduled.get("message") or "")
    if scheduled.get("status") == "False" and _ONE_POD in message:
        since = str(scheduled.get("lastTransitionTime") or "")
        return Evidence(message, name_of(pod), "status.conditions[PodScheduled]", since)
    return None


def _held(event: ObjectEvent) -> bool:
    """Whether it says that the volume is attached elsewhere."""
    return event.reason == "FailedAttachVolume" and _ELSEWHERE.search(event.message) is not None


def _claim_of(pod: Object, volume: str, snapshot: Snapshot) -> str:
    """The pod's claim that is bound to this volume; its only claim when the volume is not named; else ""."""
    claims = [claim for claim, _ in placement.claims_of(pod, snapshot)]
    bound = [claim for claim in claims if volume and (claim.get("spec") or {}).get("volumeName") == volume]
    chosen = bound or (claims if len(claims) == 1 else [])
    return str(chosen[0]["metadata"]["name"]) if chosen else ""


def _attached(pod: Object, claim: str, proof: Evidence, named: list[str], snapshot: Snapshot) -> Finding:
    root = snapshot.root_name(pod)
    holders = [
        other
        for other in snapshot.of_kind("Pod")
        if other is not pod
        and ((claim and claim in placement.claim_names(other)) or other["metadata"]["name"] in named)
        and (other.get("spec") or {}).get("nodeName")
        and other.get("status", {}).get("phase") not in ("Succeeded", "Failed")
    ]
    holder = holders[0] if holders else None
    name = str(holder["metadata"]["name"]) if holder else ", ".join(named)
    node = str(holder["spec"]["nodeName"]) if holder else ""
    ready = status.condition(snapshot.named("Node", node) or {}, "Ready") if node else {}
    unwell = bool(ready) and ready.get("status") != "True"
    heals: Heals = "unknown"
    remedy: tuple[str, ...]
    if holder is None and not named:
        where = "another pod" if _ONE_POD in proof.text else "another node"
        remedy = (
            "It is detached by itself once the pod there has ended; when that node does not answer, the attach-detach "
            "controller waits 6 minutes more.",
            "If it takes longer: ask whoever runs the storage which node holds it (VolumeAttachment).",
        )
    elif holder and holder["metadata"].get("deletionTimestamp"):
        where = f"node {node} for pod {name}, which is terminating"
        late = " and up to 6 minutes after that while the node does not answer" if unwell else ""
        remedy = (f"Wait: it is detached by itself when that pod has ended{late}.",)
        heals = "unknown" if unwell else "yes"
    elif holder and snapshot.root_name(holder) == root and root.startswith("Deployment/"):
        where = f"node {node} for pod {name} of the same Deployment"
        remedy = ("Set the Deployment's strategy to Recreate (or its replicas to 1 with maxSurge 0): the old pod has to end "
                  "before the new one can have the volume.",)  # fmt: skip
        heals = "no"
    else:
        where = f"{f'node {node} for ' if node else ''}pod {name}"
        remedy = (f"Pod {name} has to end first, or use another claim: find out which of the two is meant to have it.",)
    if unwell:
        remedy = (*remedy, f"Node {node} is not ready: whoever runs it has to bring it back, or prove that it is off.")
    return Finding(
        "VO04",
        f"the volume of claim {claim or 'unknown'} is still held by {where}",
        root,
        (
            proof,
            *([Evidence(f"uses claim {claim} on node {node}", name_of(holder), "spec.volumes")] if holder else []),
            *([Evidence(str(ready.get("message") or "not ready"), f"Node/{node}", "status.conditions[Ready]",
                        str(ready.get("lastTransitionTime") or ""))] if unwell else []),
        ),
        remedy,
        heals=heals,
        since=proof.time,
        commands=(
            describe_command(pod, snapshot),
            "kubectl get volumeattachments",
        ),
        avoid=("Don't force-delete the other pod or its VolumeAttachment: two nodes would write one volume.",),
    )  # fmt: skip


_MOUNT_PATIENCE: Final = 150
"""Seconds: the kubelet gives up the first try to mount after 2 minutes and 3 seconds."""
_STALE: Final = 600
"""Seconds after which a failed mount is not tried any more: the kubelet tries every 2 minutes at least."""
_ACCESS_REMEDY: Final = "Ask whoever runs the storage to give this node access; for files of another user set fsGroup."
# Words: pkg/volume/util/operationexecutor, pkg/volume/csi, mount(8), k8s.io/mount-utils.
_MOUNTS: Final[tuple[tuple[str, str, str, Heals], ...]] = (
    (
        r"not found in the list of registered CSI drivers",
        "the node's CSI driver is not registered",
        "The CSI driver's pod on that node has to run: ask whoever runs the storage.",
        "unknown",
    ),
    (
        r"wrong fs type|bad superblock|read superblock|structure needs cleaning|fsck|corrupt",
        "its file system cannot be mounted",
        "The file system may be damaged: have a snapshot of the disk made before anybody repairs it.",
        "no",
    ),
    (
        r"permission denied|access ?denied|forbidden|unauthori[sz]ed",
        "access to it is denied",
        _ACCESS_REMEDY,
        "unknown",
    ),
    (
        r"hostPath type check failed|no such file or directory|does not exist|NotFound|not found",
        "what it refers to is not there",
        "Ask whoever runs the storage whether the disk or folder behind the volume still exists.",
        "unknown",
    ),
    (
        r"timed out|DeadlineExceeded|deadline exceeded",
        "attaching or mounting takes too long",
        "Ask whoever runs the storage: its driver or the storage does not answer.",
        "unknown",
    ),
)


@finding("VO05")
def mount_failed(snapshot: Snapshot) -> Iterator[Finding]:
    """A volume of a pod cannot be attached or mounted, and neither another node nor a missing Secret is the cause."""
    for pod in snapshot.starting_pods():
        events = snapshot.about(pod, "FailedMount", "FailedMapVolume", "FailedAttachVolume")
        if not events or _mounted(pod) or not snapshot.older(began(pod), _MOUNT_PATIENCE):
            continue
        if any(missing_reference(event.message, pod) or _held(event) for event in events):
            continue
        telling = [event for event in events if not event.message.startswith("Unable to attach or mount")] or events
        last = telling[0]
        if snapshot.older(last.time, _STALE):
            continue
        volume = _VOLUME.search(last.message)
        claim = _claim_of(pod, volume[1], snapshot) if volume else ""
        what = f"claim {claim}" if claim else f"volume {volume[1]}" if volume else "a volume"
        why, remedy, heals = next(
            (row[1:] for row in _MOUNTS if re.search(row[0], last.message, re.IGNORECASE)),
            ("the kubelet's message says why", "Ask whoever runs the storage: give them this message.", "unknown"),
        )
        yield Finding(
            "VO05",
            f"{what} cannot be mounted on node {(pod.get('spec') or {}).get('nodeName') or 'unknown'}: {why}",
            snapshot.root_name(pod),
            (
                Evidence(
                    last.message, name_of(pod), f"event {last.reason}, seen {counted(last.count, 'time')}", last.time
                ),
            ),
            (remedy,),
            heals=heals,
            since=began(pod),
            commands=(describe_command(pod, snapshot),),
            avoid=("Don't delete the claim or format the disk: the data is on it.",),
        )


def _mounted(pod: Object) -> bool:
    """Whether a container was started: its volumes were mounted then."""
    return any(container.get("containerID") for container in status.container_statuses(pod))
