"""Collectors of Services that the release names and does not make."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from wizard.core.kube import webhooks
from wizard.core.kube.errors import ClusterError
from wizard.core.limits import map_of
from wizard.core.rules import manifests, named
from wizard.core.rules.facts import DatabaseSeen, Rendered, ServiceSeen
from wizard.engine.preflight.world import World

_MOST: Final = 20
"""Services that are looked at; a release names a handful."""


async def look(world: World, space: str, name: str) -> ServiceSeen:
    """One Service, and whether something is behind it."""
    try:
        service = await world.cluster.get("Service", name, space)
    except ClusterError as error:
        if error.kind == "not-found":
            return ServiceSeen("missing")
        return ServiceSeen("hidden", permission=error.permission or error.message)
    if map_of(service, "spec").get("type") == "ExternalName":
        return ServiceSeen("another name")
    ports = manifests.service_ports(service)
    try:
        slices = await world.cluster.list("EndpointSlice", space, labels=f"kubernetes.io/service-name={name}")
    except ClusterError as error:
        return ServiceSeen("hidden", ports, error.permission or error.message)
    return ServiceSeen("ready" if webhooks.has_ready(slices) else "no endpoints", ports)


async def named_services(world: World, inputs: Mapping[str, Any]) -> Mapping[str, ServiceSeen | None]:
    """By namespace/name, the Services that variables name; not those of the release, nor the external database's, which D01 looks at.

    None for each of those that are too many to look at.
    """
    rendered: Rendered = inputs["rendered"]
    database = inputs["database"]
    own = {f"{world.target.namespace}/{one['metadata'].get('name')}" for one in rendered.of("Service")}
    own |= {database.service} if isinstance(database, DatabaseSeen) else set()
    found = {one.label: one for one in named.services(rendered.objects, world.target.namespace) if one.label not in own}
    wanted = list(found.values())[:_MOST]
    seen = await asyncio.gather(*(look(world, one.space, one.service) for one in wanted))
    left_out: dict[str, ServiceSeen | None] = dict.fromkeys(found)
    return left_out | {one.label: state for one, state in zip(wanted, seen, strict=True)}
