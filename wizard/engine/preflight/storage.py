"""Collectors of what disks are made of: claims that are there, volumes that people made, what drivers have left, where nodes are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.core.kube.objects import Object
from wizard.core.rules import claims, manifests
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import DiskRoom, Rendered, StorageClass
from wizard.engine.preflight.world import World

_NO_DISK = Absent("no disk is claimed")


async def live_claims(world: World, inputs: Mapping[str, Any]) -> Mapping[str, Object] | Absent:
    """The claims of the namespace by name, where the release has or uses some."""
    objects = inputs["rendered"].objects
    if not any(manifests.claims(objects)) and not any(claims.mounted(spec) for _, spec in manifests.pods(objects)):
        return _NO_DISK
    if inputs["namespace"].state == "missing":
        return {}
    listed = await world.cluster.list("PersistentVolumeClaim", world.target.namespace)
    return {str(one["metadata"].get("name")): one for one in listed}


async def disk_room(world: World, inputs: Mapping[str, Any]) -> DiskRoom | Absent:
    """The volumes and the capacities that decide about new claims; each is listed only where it does."""
    known: tuple[StorageClass, ...] = inputs["storage_classes"]
    there = inputs["live_claims"] if isinstance(inputs["live_claims"], Mapping) else {}
    wanted = [one for one in claims.wanted(inputs["rendered"].objects) if one.name not in there]
    if not wanted:
        return _NO_DISK
    by_name = {one.name: one for one in known}
    drivers = inputs["csi_drivers"] if isinstance(inputs["csi_drivers"], frozenset) else frozenset()
    volumes = capacities = None
    classes = {one.storage_class(known) for one in wanted if one.spec.get("storageClassName") is not None}
    if any(name == "" or _is_static(by_name.get(name)) for name in classes):
        volumes = await world.cluster.list("PersistentVolume")
    of_all = [by_name.get(one.storage_class(known)) for one in wanted]
    if any(one and one.provisioner in drivers and not one.immediate for one in of_all):
        capacities = await world.cluster.list("CSIStorageCapacity")
    return DiskRoom(volumes, capacities)


def _is_static(one: StorageClass | None) -> bool:
    return one is not None and one.provisioner == claims.NO_PROVISIONER


async def disk_nodes(_: World, inputs: Mapping[str, Any]) -> Any:
    """The nodes, but only where the place of a volume can matter: without that no right is needed to see them."""
    rendered: Rendered = inputs["rendered"]
    known: tuple[StorageClass, ...] = inputs["storage_classes"]
    named = {one.storage_class(known) for one in claims.wanted(rendered.objects)}
    if any(one.name in named and (one.topologies or one.immediate) for one in known):
        return inputs["nodes"]
    return Absent("every volume is made where its pod is" if named else "no disk is claimed")


async def hosts(_: World, inputs: Mapping[str, Any]) -> int:
    """How many nodes there are; 0 when that is hidden."""
    nodes = inputs["nodes"]
    return len(nodes) if isinstance(nodes, tuple) else 0
