"""Collectors of classes and ways in."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from wizard.core.kube.errors import ClusterError
from wizard.core.kube.ingress import Classes
from wizard.core.kube.ingress import namespace as namespace_of
from wizard.core.kube.objects import Object, is_default_class
from wizard.core.limits import maps_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import (
    NamedClass,
    Rendered,
    StorageClass,
    WaysSeen,
)
from wizard.engine.preflight.world import World

_MOST_GATEWAYS: Final = 20


async def storage_classes(world: World, _: Mapping[str, Any]) -> tuple[StorageClass, ...]:
    """The storage classes."""
    classes = await world.cluster.list("StorageClass")
    return tuple(
        StorageClass(
            storage_class["metadata"]["name"],
            is_default_class(storage_class),
            str(storage_class.get("provisioner") or ""),
            storage_class.get("volumeBindingMode") != "WaitForFirstConsumer",
            storage_class.get("allowVolumeExpansion") is True,
            maps_of(storage_class, "allowedTopologies"),
        )
        for storage_class in classes
    )


async def named_storage(_: World, inputs: Mapping[str, Any]) -> Any:
    """The storage classes, but only if a claim names one: without that no right is needed to see them."""
    named = any(spec.get("storageClassName") for _, spec in manifests.claims(inputs["rendered"].objects))
    return inputs["storage_classes"] if named else Absent("no claim names a storage class")


async def every_ingress_class(world: World, _: Mapping[str, Any]) -> tuple[NamedClass, ...]:
    """The ingress classes."""
    classes = await world.cluster.list("IngressClass")
    return tuple(
        NamedClass(
            ingress_class["metadata"]["name"],
            is_default_class(ingress_class),
            str((ingress_class.get("spec") or {}).get("controller", "")),
        )
        for ingress_class in classes
    )


async def ingress_classes(_: World, inputs: Mapping[str, Any]) -> Any:
    """The ingress classes, but only where an Ingress is installed: without that no right is needed to see them."""
    return inputs["every_ingress_class"] if inputs["rendered"].of("Ingress") else Absent("no Ingress is installed")


async def ways(world: World, inputs: Mapping[str, Any]) -> WaysSeen | Absent:
    """The Ingresses and HTTPRoutes of all namespaces, where the release has some."""
    rendered, known = inputs["rendered"], inputs["ingress_classes"]
    kinds = [kind for kind in ("Ingress", "HTTPRoute") if rendered.of(kind)]
    if not kinds:
        return Absent("no Ingress or HTTPRoute is installed")
    listed = await asyncio.gather(*(world.cluster.list(kind) for kind in kinds))
    classes = known if isinstance(known, tuple) else ()
    return WaysSeen(
        tuple(obj for objects in listed for obj in objects),
        Classes(next((one.name for one in classes if one.default), ""), {one.name: one.controller for one in classes}),
    )


async def gateways(world: World, inputs: Mapping[str, Any]) -> Mapping[tuple[str, str], Object | None] | Absent:
    """(namespace, name) -> each Gateway that a rendered HTTPRoute names; None for one that is not there."""
    rendered: Rendered = inputs["rendered"]
    routes = rendered.of("HTTPRoute")
    if not routes:
        return Absent("no HTTPRoute is installed")
    space = world.target.namespace
    named = {
        (str(one.get("namespace") or namespace_of(route) or space), str(one["name"])): str(
            route.get("apiVersion") or ""
        )
        for route in routes
        for one in manifests.parents(route)
    }
    own = {(namespace_of(one) or space, str(one["metadata"].get("name"))): one for one in rendered.of("Gateway")}
    asked = [one for one in named if one not in own][:_MOST_GATEWAYS]
    found = await asyncio.gather(*(_gateway(world, *one, named[one]) for one in asked))
    return {**dict(zip(asked, found, strict=True)), **own}


async def _gateway(world: World, space: str, name: str, version: str) -> Object | None:
    """A Gateway of the route's API: Istio has a kind of that name too."""
    try:
        return await world.cluster.get("Gateway", name, space, version)
    except ClusterError as error:
        if error.kind == "not-found":
            return None
        raise
