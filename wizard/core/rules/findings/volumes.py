"""Claims that get no volume, or have lost it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.snapshot import Snapshot

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
    return [
        snapshot.root_name(pod)
        for pod in snapshot.of_kind("Pod")
        if any(
            (volume.get("persistentVolumeClaim") or {}).get("claimName") == name
            for volume in pod.get("spec", {}).get("volumes") or ()
        )
    ]
