"""Facts about disks: each list is asked for only where it decides something."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.fakes import FakeHelm
from tests.engine.preflight.test_collectors import active, facts, world
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import DiskRoom

STORE = """
kind: StatefulSet
apiVersion: apps/v1
metadata: {name: db}
spec:
  template: {spec: {containers: [{name: c}]}}
  volumeClaimTemplates: [{metadata: {name: data}, spec: {storageClassName: CLASS, resources: {requests: {storage: 1Gi}}}}]
"""
NAMES = ("live_claims", "disk_room", "disk_nodes")


@pytest.mark.parametrize(
    ("name", "listed", "found"),
    [
        ("local", {"list PersistentVolume"}, DiskRoom(volumes=())),
        ('""', {"list PersistentVolume"}, DiskRoom(volumes=())),
        ("gp3", {"list CSIStorageCapacity"}, DiskRoom(capacities=())),
        ("hostpath", set(), DiskRoom()),
    ],
)
async def test_volumes_and_capacities_are_listed_where_a_class_makes_them_matter(
    name: str, listed: set[str], found: DiskRoom
) -> None:
    cluster = active()
    late: dict[str, Any] = {"volumeBindingMode": "WaitForFirstConsumer"}
    cluster.add("StorageClass", "local", provisioner="kubernetes.io/no-provisioner", **late)
    cluster.add("StorageClass", "gp3", provisioner="ebs.csi.aws.com", **late)
    cluster.add("StorageClass", "hostpath", provisioner="example.com/hostpath", **late)
    cluster.add("CSIDriver", "ebs.csi.aws.com")
    seen = await facts(world(cluster, FakeHelm(STORE.replace("CLASS", name))), *NAMES, "csi_drivers")
    assert seen["disk_room"] == found
    assert seen["live_claims"] == {}
    assert isinstance(seen["disk_nodes"], Absent)
    assert {call for call in cluster.calls if "PersistentVolume" in call or "Capacity" in call} - {
        "list PersistentVolumeClaim ns"
    } == listed


async def test_a_claim_that_is_there_needs_no_room_and_without_disks_nothing_is_listed() -> None:
    cluster = active()
    cluster.add("PersistentVolumeClaim", "data-db-0", "ns")
    seen = await facts(world(cluster, FakeHelm(STORE.replace("CLASS", '""'))), *NAMES)
    assert list(seen["live_claims"]) == ["data-db-0"]
    assert seen["disk_room"] == Absent("no disk is claimed")
    cluster = active()
    seen = await facts(world(cluster), *NAMES)
    assert seen["live_claims"] == seen["disk_room"] == seen["disk_nodes"] == Absent("no disk is claimed")
    assert not [call for call in cluster.calls if "PersistentVolume" in call]
