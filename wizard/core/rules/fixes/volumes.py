"""Sets the class of a claim that has none, or recreates a claim with a missing class; never one that had a volume."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from wizard.core.kube.objects import Object, is_default_class, name_of
from wizard.core.rules.finding import Finding
from wizard.core.rules.fix import Answers, Fix, Need, Step, fix
from wizard.core.rules.snapshot import Snapshot

MARK: Final = "llm-cost-ops-wizard/made-anew"
_OF_THE_BINDER: Final = ("pv.kubernetes.io/", "volume.kubernetes.io/", "volume.beta.kubernetes.io/")


def unbound(claim: Object) -> bool:
    """Whether a claim never had a volume, so that nothing is lost with it."""
    marks = claim["metadata"].get("annotations") or {}
    phase = str((claim.get("status") or {}).get("phase") or "Pending")
    bound = (claim.get("spec") or {}).get("volumeName") or "pv.kubernetes.io/bind-completed" in marks
    return phase == "Pending" and not bound and not claim["metadata"].get("deletionTimestamp")


@fix("VO01", reads=("StorageClass",))
def storage_class(finding: Finding, snapshot: Snapshot) -> Iterator[Fix]:
    """Give the claim an existing class."""
    claim = next(
        (claim for claim in snapshot.of_kind("PersistentVolumeClaim") if name_of(claim) == finding.evidence[0].object),
        None,
    )
    classes = snapshot.beside("StorageClass")
    if claim is None or not classes or not unbound(claim):
        return
    names = tuple(str(candidate["metadata"]["name"]) for candidate in classes)
    usual = [str(candidate["metadata"]["name"]) for candidate in classes if is_default_class(candidate)]
    name, old = str(claim["metadata"]["name"]), str(claim.get("spec", {}).get("storageClassName") or "")
    if old in names:
        return
    needs = (Need("class", "The storage class", "choice", names, (usual or names)[0]),)
    if not old:
        yield Fix(
            "storage-class", f"give claim {name} a storage class", (f"set spec.storageClassName of claim {name}, which has none",),
            snapshot.command("kubectl", "patch", "pvc", name, "--type=merge", "-p", '{"spec":{"storageClassName":"CLASS"}}'),
            lambda answers: (Step("patch", _named(claim), {"spec": {"storageClassName": str(answers["class"])}}, uid=_uid(claim)),),
            needs, (("patch", "PersistentVolumeClaim"),),
        )  # fmt: skip
        return
    by_hand = snapshot.command("kubectl", "get", "pvc", name, "-o", "yaml")
    again = snapshot.command("kubectl", "replace", "--force", "-f", "-")
    yield Fix(
        "storage-class",
        f"recreate claim {name} with another storage class",
        (
            f"save claim {name} next to the record, delete it and create it again with the class that you choose",
            "it never had a volume, so no data is lost; with a volume it is refused, also at the last moment",
            f"put the class into your values file too: the workload's own template keeps {old}",
        ),
        f"{by_hand} | sed 's/storageClassName: {old}/storageClassName: CLASS/' | {again}",
        lambda answers: (Step("recreate", _anew(claim, answers), uid=_uid(claim)),),
        needs,
        (("delete", "PersistentVolumeClaim"), ("create", "PersistentVolumeClaim")),
    )


def _uid(claim: Object) -> str:
    return str(claim["metadata"].get("uid", ""))


def _named(claim: Object) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": claim["metadata"]["name"]}}


def _anew(claim: Object, answers: Answers) -> dict[str, Any]:
    """The claim as it was requested, with its labels and owners, and another class."""
    old = claim["metadata"]
    kept = {key: text for key, text in (old.get("annotations") or {}).items() if not key.startswith(_OF_THE_BINDER)}
    metadata = {"name": old["name"], "annotations": {**kept, MARK: "storage-class"}}
    metadata |= {key: old[key] for key in ("labels", "ownerReferences") if old.get(key)}
    spec = {key: value for key, value in claim["spec"].items() if key != "volumeName"}
    spec["storageClassName"] = str(answers["class"])
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
