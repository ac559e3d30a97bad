"""Claims that get no volume."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.core import status
from wizard.core.rules.findings_registry import Finding, Object, Snapshot, finding, name_of


@finding("VO01")
def class_missing(snapshot: Snapshot) -> Iterator[Finding]:
    """A claim names a StorageClass that is not there, or none while there is no default."""
    for claim in snapshot.of_kind("PersistentVolumeClaim"):
        if status.of(claim, snapshot.now).state != "progressing":
            continue
        wanted = str(claim.get("spec", {}).get("storageClassName") or "")
        said = snapshot.about(claim, "ProvisioningFailed", "FailedBinding")
        missing = [one for one in said if "storageclass" in one.message.lower() and "not found" in one.message]
        no_default = [one for one in said if "no storage class is set" in one.message]
        if not (wanted and missing) and not (not wanted and no_default):
            continue
        event = (missing or no_default)[0]
        title = f"StorageClass {wanted} is not there" if wanted else "no StorageClass is named and there is no default"
        users = _users(claim, snapshot)
        yield Finding(
            "VO01",
            title,
            users[0] if users else name_of(claim),
            (
                f"{name_of(claim)} status.phase: Pending",
                f"event {event.reason}: {event.message}",
            ),
            (
                "Name a class that is there (kubectl get storageclass), or have this one created.",
                "The claim keeps its class: it has to be deleted and made again (it holds no data yet).",
            ),
            heals="no",
            since=status.created(claim),
        )


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
