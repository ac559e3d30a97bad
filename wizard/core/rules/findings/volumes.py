"""Claims that get no volume, have lost it, are being deleted or do not grow, and pods that name none that is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wizard.core.kube import quantity, status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings import placement
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.words import counted

_FIRST_CONSUMER_PATIENCE: Final = 30


@finding("VO01")
def class_missing(snapshot: Snapshot) -> Iterator[Finding]:
    """A claim names a StorageClass that does not exist, or none while there is no default."""
    for claim in _pending(snapshot):
        wanted = str(claim.get("spec", {}).get("storageClassName") or "")
        failures = snapshot.about(claim, "ProvisioningFailed", "FailedBinding")
        missing = [
            event for event in failures if "storageclass" in event.message.lower() and "not found" in event.message
        ]
        no_default = [event for event in failures if "no storage class is set" in event.message]
        unlisted = "StorageClass" in snapshot.seen and wanted and not snapshot.named("StorageClass", wanted)
        if not (wanted and (missing or unlisted)) and not (not wanted and no_default):
            continue
        title = f"StorageClass {wanted} is not there" if wanted else "no StorageClass is named and there is no default"
        events = (missing or no_default)[:1]
        classes = (
            ", ".join(str(storage_class["metadata"]["name"]) for storage_class in snapshot.beside("StorageClass"))
            or "none"
        )
        users = _users(claim, snapshot)
        yield Finding(
            "VO01",
            title,
            users[0] if users else name_of(claim),
            (
                Evidence("Pending", name_of(claim), "status.phase", status.created(claim)),
                *(Evidence(event.message, "", f"event {event.reason}", event.time) for event in events),
                *([Evidence(classes, "", "classes there")] if "StorageClass" in snapshot.seen else []),
            ),
            (
                "Name a class that is there (kubectl get storageclass), or have this one created.",
                "The claim keeps its class: it has to be deleted and made again (it holds no data yet).",
            ),
            heals="no",
            since=status.created(claim),
            commands=("kubectl get storageclass", _describe(claim, snapshot)),
        )


@finding("VO02")
def waits_for_a_pod(snapshot: Snapshot) -> Iterator[Finding]:
    """A claim of a class with WaitForFirstConsumer waits for its pod: no error of its own, the pod has the cause."""
    for claim in _pending(snapshot):
        events = snapshot.about(claim, "WaitForFirstConsumer")
        if not events or not snapshot.older(status.created(claim), _FIRST_CONSUMER_PATIENCE):
            continue
        users = _users(claim, snapshot)
        yield Finding(
            "VO02",
            f"claim {claim['metadata']['name']} waits for its first pod: no error, follow the pod",
            users[0] if users else name_of(claim),
            (Evidence(events[0].message, name_of(claim), "event WaitForFirstConsumer", events[0].time),),
            ("Nothing to do about the claim: it is bound as soon as a pod that uses it has a node.",),
            heals="yes",
            since=status.created(claim),
            waits=True,
            urgent=False,
            commands=(_describe(claim, snapshot),),
            avoid=("Don't make a volume for it by hand.",),
        )


@finding("VO07")
def volume_lost(snapshot: Snapshot) -> Iterator[Finding]:
    """A claim whose volume is gone (Lost), or that waits for a volume which is still bound to another (Released)."""
    for claim in snapshot.of_kind("PersistentVolumeClaim"):
        spec, phase = claim.get("spec", {}), str(claim.get("status", {}).get("phase") or "Pending")
        name = str(spec.get("volumeName") or "")
        volume = snapshot.named("PersistentVolume", name) if name else None
        released = volume is not None and str((volume.get("status") or {}).get("phase")) in ("Released", "Failed")
        if phase != "Lost" and not (phase == "Pending" and released):
            continue
        users = _users(claim, snapshot)
        state = str(((volume or {}).get("status") or {}).get("phase") or "gone")
        yield Finding(
            "VO07",
            f"claim {claim['metadata']['name']} lost its volume {name}: {state}",
            users[0] if users else name_of(claim),
            (
                Evidence(phase, name_of(claim), "status.phase", status.created(claim)),
                *([Evidence(_remembers(volume), name_of(volume), "spec.claimRef")] if volume else []),
            ),
            (
                "If the disk is still there: make a PersistentVolume for it again, or clear the claimRef of the released "
                "one, with this claim as its claimRef.",
                "If it is gone: restore a backup into a new claim.",
            ),
            terminal=True,
            heals="no",
            since=status.created(claim),
            commands=("kubectl get persistentvolumes", _describe(claim, snapshot)),
            avoid=("Don't delete the claim or the volume: with reclaim policy Delete the data goes with it.",),
            unseen=() if volume or "PersistentVolume" in snapshot.seen else ("the volume: get persistentvolumes",),
        )


_PROVISION_PATIENCE: Final = 120
"""Seconds in which a cloud makes a volume, and a provisioner that was just installed comes up."""
_SAID_OFTEN: Final = 8
"""The persistentvolume-controller says ExternalProvisioning again every 15 seconds."""
_REFUSED: Final = re.compile(
    r"unauthori[sz]ed|access ?denied|permission|forbidden|not authorized|InvalidArgument|invalid parameter",
    re.IGNORECASE,
)


@finding("VO03")
def not_provisioned(snapshot: Snapshot) -> Iterator[Finding]:
    """The provisioner of a claim's class fails, or does not answer at all."""
    for claim in _pending(snapshot):
        events = [
            event
            for event in snapshot.about(claim, "ProvisioningFailed", "ExternalProvisioning")
            if not re.search(r"storageclass\S* \"[^\"]*\" not found", event.message)
        ]
        failed = next((event for event in events if event.reason == "ProvisioningFailed"), None)
        silent = next((event for event in events if event.count >= _SAID_OFTEN), None)
        said = failed or silent
        if said is None or not snapshot.older(status.created(claim), _PROVISION_PATIENCE):
            continue
        by = re.search(r"external provisioner '([^']+)'", said.message)
        refused = failed and _REFUSED.search(failed.message)
        users, name = _users(claim, snapshot), claim["metadata"]["name"]
        yield Finding(
            "VO03",
            f"the volume of claim {name} cannot be provisioned"
            if failed
            else f"no volume is provisioned for claim {name}: {by[1] if by else 'its provisioner'} does not answer",
            users[0] if users else name_of(claim),
            (
                Evidence("Pending", name_of(claim), "status.phase", status.created(claim)),
                Evidence(
                    said.message, name_of(claim), f"event {said.reason}, seen {counted(said.count, 'time')}", said.time
                ),
            ),
            (
                "Ask whoever runs the storage: the message says what the provisioner lacks (rights, quota, a parameter)."
                if failed
                else "Ask whoever runs the storage: the pods of this provisioner have to run and be registered.",
                "Nothing has to be made anew then: the claim is tried again by itself.",
            ),
            heals="no" if refused else "unknown",
            since=status.created(claim),
            commands=(_describe(claim, snapshot), "kubectl get csidrivers"),
            avoid=("Don't make a volume for it by hand.",),
        )


_RESIZE_PATIENCE: Final = 600
_ERRORS: Final = ("ControllerResizeError", "NodeResizeError")
_RESTART_ONCE: Final = "FileSystemResizePending"


@finding("VO08")
def resize_stuck(snapshot: Snapshot) -> Iterator[Finding]:
    """A claim asks for a bigger volume and does not get it."""
    for claim in snapshot.of_kind("PersistentVolumeClaim"):
        wanted = ((claim.get("spec", {}).get("resources") or {}).get("requests") or {}).get("storage")
        has = (claim.get("status", {}).get("capacity") or {}).get("storage")
        asked, given = quantity.parse(wanted), quantity.parse(has)
        if asked is None or given is None or asked <= given:
            continue
        found = [
            condition
            for kind in (*_ERRORS, _RESTART_ONCE, "Resizing")
            if (condition := status.condition(claim, kind)).get("status") == "True"
        ]
        failed = snapshot.about(claim, "VolumeResizeFailed")[:1]
        since = str(found[0].get("lastTransitionTime") or "") if found else failed[0].time if failed else ""
        if not found or not (found[0]["type"] in _ERRORS or snapshot.older(since, _RESIZE_PATIENCE)):
            continue
        kind, users = str(found[0]["type"]), _users(claim, snapshot)
        remedy = (
            f"Restart {users[0] if users else 'the pod that uses it'} once, when a short outage is allowed: the file system "
            "grows when the volume is mounted."
            if kind == _RESTART_ONCE
            else "Ask whoever runs the storage: its driver has to grow the volume; the message says why it does not."
        )
        yield Finding(
            "VO08",
            f"claim {claim['metadata']['name']} does not grow from {has} to {wanted}: {kind}",
            name_of(claim),
            (
                Evidence(str(found[0].get("message") or kind), name_of(claim), f"status.conditions[{kind}]", since),
                *(Evidence(event.message, name_of(claim), f"event {event.reason}", event.time) for event in failed),
            ),
            (remedy,),
            heals="no" if kind == _RESTART_ONCE else "unknown",
            since=since,
            urgent=False,
            commands=(_describe(claim, snapshot),),
            avoid=("Don't delete the claim to get a bigger one: the data goes with it.",),
        )


_CLAIM_PATIENCE: Final = 30
"""Seconds in which a controller makes the claim of a pod that it has just made."""
# pkg/scheduler/framework/plugins/volumebinding, pkg/volume/util.
_NO_CLAIM: Final = re.compile(r"persistentvolumeclaim \"([^\"]+)\" not found")


@finding("VO09")
def claim_missing(snapshot: Snapshot) -> Iterator[Finding]:
    """A pod names a claim that does not exist."""
    for pod in snapshot.starting_pods():
        scheduled = status.condition(pod, "PodScheduled")
        message, since = str(scheduled.get("message") or ""), str(scheduled.get("lastTransitionTime") or "")
        missing = _NO_CLAIM.search(message) if scheduled.get("status") == "False" else None
        if not missing or snapshot.named("PersistentVolumeClaim", missing[1]):
            continue
        if not snapshot.older(since or status.created(pod), _CLAIM_PATIENCE):
            continue
        there = ", ".join(str(claim["metadata"]["name"]) for claim in snapshot.of_kind("PersistentVolumeClaim"))
        yield Finding(
            "VO09",
            f"claim {missing[1]} is not there",
            snapshot.root_name(pod),
            (
                Evidence(message, name_of(pod), "status.conditions[PodScheduled]", since),
                *([Evidence(there, "", "claims of the release")] if there else []),
            ),
            (
                f"Name a claim that is there, or create claim {missing[1]}; the pod is scheduled by itself then.",
                "If it was there before: find out who deleted it and whether its volume still exists, before a new one is made.",
            ),
            heals="no",
            since=since,
            commands=(
                snapshot.command("kubectl", "get", "persistentvolumeclaims"),
                "kubectl get persistentvolumes",
            ),
            avoid=("Don't let an empty claim take its place before you know where the data is.",),
        )


@finding("VO10")
def claim_being_deleted(snapshot: Snapshot) -> Iterator[Finding]:
    """A claim is being deleted: it stays only until the last pod that uses it has ended."""
    if snapshot.revisions and snapshot.revisions[-1].status in ("uninstalling", "uninstalled"):
        return
    for claim in snapshot.of_kind("PersistentVolumeClaim"):
        asked = str(claim["metadata"].get("deletionTimestamp") or "")
        if not asked or status.controller(claim).get("kind") == "Pod":
            continue  # an ephemeral volume goes with its pod
        name = str(claim["metadata"]["name"])
        users = [
            pod
            for pod in snapshot.of_kind("Pod")
            if name in placement.claim_names(pod) and pod.get("status", {}).get("phase") not in ("Succeeded", "Failed")
        ]
        holding = [pod for pod in users if (pod.get("spec") or {}).get("nodeName")]
        yield _being_deleted(claim, asked, users, holding, snapshot)


def _being_deleted(
    claim: Object, asked: str, users: list[Object], holding: list[Object], snapshot: Snapshot
) -> Finding:
    name, volume_name = str(claim["metadata"]["name"]), str((claim.get("spec") or {}).get("volumeName") or "")
    volume = snapshot.named("PersistentVolume", volume_name) if volume_name else None
    policy = str(((volume or {}).get("spec") or {}).get("persistentVolumeReclaimPolicy") or "")
    held = ", ".join(str(pod["metadata"]["name"]) for pod in holding)
    proof = [Evidence(asked, name_of(claim), "metadata.deletionTimestamp", asked)]
    proof += [Evidence(f"uses claim {name}", name_of(pod), "spec.volumes") for pod in holding]
    proof += (
        [Evidence(policy, f"PersistentVolume/{volume_name}", "spec.persistentVolumeReclaimPolicy")] if policy else []
    )
    kept = "its volume is kept (reclaim policy Retain)" if policy == "Retain" else "its data may go with it"
    remedy = [f"Save its data now, while pod {held} still runs: make a backup and keep it elsewhere."] if held else []
    if policy != "Retain" and volume_name:
        remedy.append(
            f"Ask whoever runs the storage to set the reclaim policy of volume {volume_name} to Retain at once."
        )
    remedy.append("A deletion cannot be taken back: plan a new claim and a restore for afterwards.")
    finalizers = ", ".join(map(str, claim["metadata"].get("finalizers") or ()))
    return Finding(
        "VO10",
        f"claim {name} is being deleted; "
        + (f"it stays until pod {held} ends, then {kept}" if held else f"no pod holds it any more, and {kept}"),
        name_of(claim),
        (*proof, *([Evidence(finalizers, name_of(claim), "metadata.finalizers")] if finalizers else [])),
        tuple(remedy),
        heals="no",
        since=asked,
        commands=(_describe(claim, snapshot), *([f"kubectl get persistentvolume {volume_name}"] if volume_name else [])),
        avoid=(
            *((f"Don't stop, restart or scale down pod {held}, and don't drain its node: the claim goes when it ends.",)
              if held else ()),
            "Don't remove its finalizers: the claim would go at once.",
        ),
        unseen=() if policy else (f"the reclaim policy of volume {volume_name or 'unknown'}: get persistentvolumes",),
        affects=tuple(dict.fromkeys(snapshot.root_name(pod) for pod in users)),
    )  # fmt: skip


def _pending(snapshot: Snapshot) -> list[Object]:
    claims = snapshot.of_kind("PersistentVolumeClaim")
    return [claim for claim in claims if status.of(claim, snapshot.now).state == "progressing"]


def _remembers(volume: Object) -> str:
    held = (volume.get("spec") or {}).get("claimRef") or {}
    return f"{held.get('namespace')}/{held.get('name')} uid {held.get('uid')}" if held else "none"


def _describe(claim: Object, snapshot: Snapshot) -> str:
    return snapshot.command("kubectl", "describe", "pvc", str(claim["metadata"]["name"]))


def _users(claim: Object, snapshot: Snapshot) -> list[str]:
    name = claim["metadata"]["name"]
    return [snapshot.root_name(pod) for pod in snapshot.of_kind("Pod") if name in placement.claim_names(pod)]
