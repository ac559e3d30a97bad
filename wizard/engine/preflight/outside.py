"""Collectors of what others of the cluster do with objects of the release: load balancers, Prometheus, Secrets that are synced."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.api import Resource
from wizard.core.kube.objects import Object, name_of
from wizard.core.limits import map_of, text_of
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import Balancer, Rendered, SecretSeen, SyncedSecret
from wizard.engine.preflight.world import NOT_THERE, World

_MONITORS: Final = ("ServiceMonitor", "PodMonitor", "PrometheusRule")
_SYNCED: Final = {"ExternalSecret": "external-secrets.io", "SealedSecret": "bitnami.com"}
"""Kind -> its group."""


async def balancers(world: World, inputs: Mapping[str, Any]) -> tuple[Balancer, ...] | Absent:
    """The Services of type LoadBalancer of the cluster, where the release has one that is not there with an address."""
    rendered: Rendered = inputs["rendered"]
    wanted = {
        one["metadata"].get("name")
        for one in rendered.of("Service")
        if map_of(one, "spec").get("type") == "LoadBalancer"
    }
    if not wanted:
        return Absent("no load balancer is asked for")
    listed = await world.cluster.list("Service", fields="spec.type=LoadBalancer")
    return tuple(
        Balancer(
            f"{one['metadata'].get('namespace')}/{one['metadata'].get('name')}", next(iter(status.addresses(one)), "")
        )
        for one in listed
        if status.addresses(one) or one["metadata"].get("name") not in wanted
    )


async def prometheuses(world: World, inputs: Mapping[str, Any]) -> tuple[Object, ...] | Absent:
    """The Prometheus objects of the cluster, where something is rendered for them."""
    if not any(inputs["rendered"].of(kind) for kind in _MONITORS):
        return Absent("nothing is rendered for the Prometheus Operator")
    if not _kind(inputs["served"], "Prometheus", "monitoring.coreos.com"):
        return Absent("waits for A02")
    return await world.cluster.list("Prometheus")


async def synced_secrets(world: World, inputs: Mapping[str, Any]) -> tuple[SyncedSecret, ...] | Absent:
    """What makes the Secrets that the release needs, of the operators that are here."""
    if inputs["namespace"].state == "missing":
        return Absent(NOT_THERE)
    seen: tuple[SecretSeen, ...] = inputs["secrets"]
    needed = {one.use.name for one in seen}
    kinds = [kind for name, group in _SYNCED.items() if (kind := _kind(inputs["served"], name, group))]
    if not needed or not kinds:
        return Absent("no Secret that is needed can be synced here")
    listed = await asyncio.gather(
        *(world.cluster.list(one.kind, world.target.namespace, api_version=one.api_version) for one in kinds)
    )
    found = [_synced(one) for objects in listed for one in objects]
    return tuple(one for one in found if one.secret in needed)


def _synced(obj: Object) -> SyncedSecret:
    spec = map_of(obj, "spec")
    named = text_of(map_of(spec, "target"), "name") if obj.get("kind") == "ExternalSecret" else ""
    ready = status.condition(obj, "Ready" if obj.get("kind") == "ExternalSecret" else "Synced")
    secret = named or str(obj["metadata"].get("name"))
    return SyncedSecret(name_of(obj), secret, ready.get("status") == "True", str(ready.get("message") or ""))


def _kind(served: tuple[Resource, ...], kind: str, group: str) -> Resource | None:
    return next((one for one in served if one.kind == kind and one.api_version.rpartition("/")[0] == group), None)
