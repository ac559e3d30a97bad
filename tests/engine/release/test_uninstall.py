"""What an uninstall deletes, keeps and loses for ever."""

from __future__ import annotations

from tests.engine.release.stored import TARGET, cluster_with
from wizard.adapters.helm.documents import YamlDocuments
from wizard.engine.release import uninstall


async def test_what_an_uninstall_loses_for_ever_follows_owner_and_reclaim_policy() -> None:
    claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: NAME}\n"
    names = ("gone", "stays", "hidden")
    cluster = cluster_with((1, "deployed"), manifest="---\n".join(claim.replace("NAME", name) for name in names))
    for name, policy in zip(names, ("Delete", "Retain", ""), strict=True):
        cluster.add("PersistentVolumeClaim", name, "n", spec={"volumeName": f"pv-{name}"})
        if policy:
            cluster.objects["PersistentVolume", "n", f"pv-{name}"] = {}
            cluster.objects["PersistentVolume", "", f"pv-{name}"] = {
                "kind": "PersistentVolume", "metadata": {"name": f"pv-{name}"}, "spec": {"persistentVolumeReclaimPolicy": policy},
            }  # fmt: skip

    found = await uninstall.look(cluster, YamlDocuments(), TARGET)

    assert [one.label for one in found.lost] == ["PersistentVolumeClaim/gone", "PersistentVolumeClaim/hidden"]
    assert "needs get persistentvolumes" in found.lost[1].why
    assert "PersistentVolumeClaim/stays" in [one.label for one in found.kept]
