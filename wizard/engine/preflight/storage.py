"""Collectors of what disks are made of: claims that are there, volumes that people made, what drivers have left, where nodes are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.limits import map_of, text_of
from wizard.core.rules import claims, manifests
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import ClaimsTried, DiskRoom, Rendered, StorageClass
from wizard.engine.preflight.world import NOT_THERE, World, judged

_MOST_CLAIMS: Final = 20
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


async def tried_claims(world: World, inputs: Mapping[str, Any]) -> ClaimsTried | Absent:
    """The first claim of each template of a StatefulSet in a dry run, where it is not there yet: no rendered object is it."""
    if inputs["namespace"].state != "active":
        return Absent(NOT_THERE)
    live = inputs["live_claims"] if isinstance(inputs["live_claims"], Mapping) else {}
    wanted = [one for one in claims.wanted(inputs["rendered"].objects) if one.templated and one.first]
    asked = [one for one in wanted if one.name not in live][:_MOST_CLAIMS]
    if not asked:
        return Absent("no StatefulSet makes a claim")
    answers = await asyncio.gather(*(_try(world, one) for one in asked))
    refused = {f"{one.owner}, claim {one.name}": said for one, said in zip(asked, answers, strict=True) if said}
    return ClaimsTried(
        len(asked),
        {owner: said.message.rstrip(".") for owner, said in refused.items() if judged(said)},
        tuple(dict.fromkeys(said.message.rstrip(".") for said in refused.values() if not judged(said))),
    )


async def _try(world: World, one: claims.Wanted) -> ClusterError | None:
    meta = {"name": one.name, **{key: one.meta[key] for key in ("labels", "annotations") if key in one.meta}}
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": one.spec}
    try:
        await world.cluster.create(claim, world.target.namespace, dry_run=True)
    except ClusterError as error:
        return None if error.kind == "conflict" else error
    return None


async def bound_volumes(world: World, inputs: Mapping[str, Any]) -> Mapping[str, Object] | Absent:
    """Claim -> the volume that it has, of the claims that are there and that pods of the release get."""
    objects = inputs["rendered"].objects
    live: Mapping[str, Object] = inputs["live_claims"]
    used = {name for _, spec in manifests.pods(objects) for name in claims.mounted(spec)}
    used |= {one.name for one in claims.wanted(objects)}
    names = {name: text_of(map_of(live[name], "spec"), "volumeName") for name in sorted(used & live.keys())}
    named = [(claim, volume) for claim, volume in names.items() if volume][:_MOST_CLAIMS]
    if not named:
        return Absent("no claim has a volume yet")
    found = await asyncio.gather(*(_volume(world, volume) for _, volume in named))
    return {claim: volume for (claim, _), volume in zip(named, found, strict=True) if volume}


async def _volume(world: World, name: str) -> Object | None:
    try:
        return await world.cluster.get("PersistentVolume", name)
    except ClusterError as error:
        if error.kind == "not-found":
            return None
        raise


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
