"""Makes the volumes of the node: for each claim a folder of root's, mode 0755, as a volume of type `local`.

That type, because the kubelet applies a pod's fsGroup to it as to a real disk; to hostPath it does not. A claim of class
`exact-size` gets a file system of exactly its size.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from wizard.sandbox.api import Api, ApiError

PROVISIONER = "llm-cost-ops.local/folder"
_MADE_BY = "pv.kubernetes.io/provisioned-by"
_NODE = "volume.kubernetes.io/selected-node"


def wanted(claim: dict[str, Any]) -> bool:
    """Whether a claim waits for us: its pod has been given the node."""
    notes = claim["metadata"].get("annotations", {})
    ours = notes.get("volume.kubernetes.io/storage-provisioner") == PROVISIONER
    return ours and claim["status"].get("phase") == "Pending" and _NODE in notes


def volume(claim: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The volume for a claim, bound to it, over a folder."""
    meta, spec = claim["metadata"], claim["spec"]
    here = {"key": "kubernetes.io/hostname", "operator": "In", "values": [meta["annotations"][_NODE]]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": folder.name, "annotations": {_MADE_BY: PROVISIONER}},
        "spec": {
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "accessModes": spec["accessModes"],
            "storageClassName": spec["storageClassName"],
            "persistentVolumeReclaimPolicy": "Delete",
            "claimRef": {
                "apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": meta["namespace"],
                "name": meta["name"], "uid": meta["uid"],
            },
            "local": {"path": str(folder)},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [here]}]}},
        },
    }  # fmt: skip


class Provisioner:
    """One pass makes what is asked for and removes what was given back."""

    def __init__(self, api: Api, folder: Path, first_process: int) -> None:
        self._api, self._folder = api, folder
        self._in_node = ["nsenter", "--target", str(first_process), "--mount"]

    def step(self) -> None:
        """One pass; raises ApiError."""
        for claim in self._api.get("/api/v1/persistentvolumeclaims")["items"]:
            if wanted(claim):
                folder = self._make(claim)
                self._api.create("/api/v1/persistentvolumes", volume(claim, folder))
        for one in self._api.get("/api/v1/persistentvolumes")["items"]:
            ours = one["metadata"].get("annotations", {}).get(_MADE_BY) == PROVISIONER
            if ours and one["status"].get("phase") == "Released":
                self._remove(Path(one["spec"]["local"]["path"]))
                self._api.call("DELETE", f"/api/v1/persistentvolumes/{one['metadata']['name']}")

    def _make(self, claim: dict[str, Any]) -> Path:
        folder = self._folder / f"pvc-{claim['metadata']['uid']}"
        if not folder.exists():
            folder.mkdir()
            folder.chmod(0o755)
            if claim["spec"]["storageClassName"] == "exact-size":
                size = claim["spec"]["resources"]["requests"]["storage"].removesuffix("i")
                mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "volume", str(folder)]
                subprocess.run([*self._in_node, *mount], stdin=subprocess.DEVNULL, timeout=10, check=True)
        return folder

    def _remove(self, folder: Path) -> None:
        if folder.parent == self._folder:
            unmount = [*self._in_node, "umount", "--quiet", str(folder)]
            subprocess.run(unmount, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=10, check=False)
            shutil.rmtree(folder, ignore_errors=True)


def main(folder: str, host: str, port: str, first_process: str) -> None:
    """Work until killed."""
    state = Path(folder)
    api = Api(int(port), state / "ca.crt", state / "admin.crt", state / "admin.key", host)
    provisioner = Provisioner(api, state / "volumes", int(first_process))
    while True:
        try:
            provisioner.step()
        except (ApiError, subprocess.SubprocessError) as error:
            print(error, flush=True)
        time.sleep(0.5)


if __name__ == "__main__":
    main(*sys.argv[1:])
