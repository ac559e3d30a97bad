"""Collectors: each fetches one fact, in parallel, within a time limit, once.

A collector that fails yields Unknown; a collector whose dependency is missing yields Absent. Adding a fact is one entry in COLLECTORS.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from types import MappingProxyType
from typing import Any, Final

from wizard.core.errors import Problem
from wizard.core.kube.errors import ClusterError
from wizard.core.rules.check import Absent, FactFailure, Unknown
from wizard.engine.preflight import (
    access,
    addons,
    database,
    dry_run,
    images,
    machine,
    outside,
    policy,
    release,
    room,
    secrets,
    services,
    storage,
    upgrade,
    ways,
)
from wizard.engine.preflight.kept import Kept
from wizard.engine.preflight.world import Collector, World, unknown

NOTHING_GIVEN: Final[Mapping[str, Any]] = MappingProxyType({})


async def facts(
    world: World,
    names: frozenset[str] | None = None,
    given: Mapping[str, Any] = NOTHING_GIVEN,
    kept: Kept | None = None,
) -> AsyncIterator[tuple[str, Any]]:
    """(name, fact) as they come in: all of them, or those named and their dependencies. Never raises.

    What is `given` is not fetched; what lasts is taken from `kept`, and put there.
    """
    wanted = with_dependencies(names, given) if names is not None else frozenset(COLLECTORS)
    loop = asyncio.get_running_loop()
    futures: dict[str, asyncio.Future[Any]] = {name: loop.create_future() for name in wanted}
    arrived: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def collect(name: str) -> None:
        collector = COLLECTORS[name]
        fact = given.get(name, kept.get(name, world.target) if kept else None)
        if fact is None:
            fact = await fetched(name, collector)
        futures[name].set_result(fact)
        arrived.put_nowait((name, fact))

    async def fetched(name: str, collector: Collector) -> Any:
        begun = asyncio.ensure_future(_in_time(collector, world, NOTHING_GIVEN)) if collector.ahead else None
        try:
            inputs = {
                dependency: await asyncio.shield(futures[dependency])
                for dependency in (*collector.needs, *collector.after)
            }
            fact = _missing(collector, inputs)
            if fact is None:
                fact = await (begun or _in_time(collector, world, inputs))
        finally:
            if begun:
                begun.cancel()
                await asyncio.gather(begun, return_exceptions=True)
        if kept and collector.lasts and not isinstance(fact, Unknown | Absent | FactFailure):
            kept.put(name, world.target, fact, collector.lasts)
        return fact

    tasks = [asyncio.ensure_future(collect(name)) for name in wanted]
    try:
        for _ in tasks:
            yield await arrived.get()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def with_dependencies(names: frozenset[str], given: Collection[str] = ()) -> frozenset[str]:
    """The facts with all that they need, but not what only the given ones do."""
    wanted: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo += [] if name in given else [*COLLECTORS[name].needs, *COLLECTORS[name].after]
    return frozenset(wanted)


def _missing(collector: Collector, inputs: Mapping[str, Any]) -> Unknown | Absent | None:
    for name in collector.needs:
        value = inputs[name]
        if isinstance(value, FactFailure):
            return Absent(f"waits for {value.check}")
        if isinstance(value, Unknown | Absent):
            return value
    return None


async def _in_time(collector: Collector, world: World, inputs: Mapping[str, Any]) -> Any:
    try:
        return await asyncio.wait_for(collector.fetch(world, inputs), collector.limit)
    except TimeoutError:
        return Unknown(f"no answer within {collector.limit:g} s")
    except ClusterError as error:
        return unknown(error)
    except Problem as problem:
        return Unknown(str(problem))
    except Exception as error:  # noqa: BLE001 - a bug in one collector must not stop the other checks
        return Unknown(f"the wizard failed to find out ({type(error).__name__}: {error})")


COLLECTORS: Final[Mapping[str, Collector]] = {
    "target": Collector(machine.target),
    "logout": Collector(machine.logout),
    "kubeconfig": Collector(machine.kubeconfig),
    "helm": Collector(machine.helm),
    "chart": Collector(machine.chart),
    "server": Collector(access.server, lasts=10.0),
    "kubernetes": Collector(access.kubernetes, after=("server",)),
    "identity": Collector(access.identity, after=("server",), lasts=60.0),
    "values": Collector(machine.values),
    "unread": Collector(machine.unread, needs=("chart", "values")),
    "rendered": Collector(machine.rendered, needs=("helm", "chart"), after=("values", "server", "served"), limit=60.0),
    "namespace": Collector(access.namespace, needs=("server",), lasts=10.0),
    "rights": Collector(access.rights, needs=("server", "rendered")),
    "record_rights": Collector(access.record_rights, needs=("server",)),
    "sight": Collector(access.sight, needs=("server",)),
    "release": Collector(release.release, needs=("server",), lasts=10.0),
    "leaks": Collector(release.leaks_seen, needs=("server", "release")),
    "lease": Collector(release.lease_seen, needs=("server", "namespace")),
    "helm_sees": Collector(release.helm_sees, needs=("server", "helm"), limit=30.0, ahead=True),
    "owners": Collector(release.owners, needs=("server", "rendered", "namespace"), after=("dry_run",)),
    "storage_classes": Collector(ways.storage_classes, needs=("server",), lasts=60.0),
    "named_storage": Collector(ways.named_storage, needs=("server", "rendered"), after=("storage_classes",)),
    "every_ingress_class": Collector(ways.every_ingress_class, needs=("server",), lasts=60.0),
    "ingress_classes": Collector(ways.ingress_classes, needs=("server", "rendered"), after=("every_ingress_class",)),
    "ways": Collector(ways.ways, needs=("server", "rendered"), after=("ingress_classes",)),
    "gateways": Collector(ways.gateways, needs=("server", "rendered")),
    "secrets": Collector(secrets.secrets, needs=("server", "rendered")),
    "config_maps": Collector(secrets.config_maps, needs=("server", "rendered")),
    "certificates": Collector(secrets.certificates, needs=("server", "rendered")),
    "kept_data": Collector(secrets.kept_data, needs=("server", "rendered")),
    "probe": Collector(room.probe, needs=("server", "rendered", "namespace"), limit=20.0),
    "admitted": Collector(room.admitted, after=("probe",)),
    "tried": Collector(room.tried, after=("probe",)),
    "placed": Collector(room.placed, needs=("rendered", "nodes", "pods"), after=("admitted",), limit=20.0),
    "preset": Collector(addons.preset),
    "metrics_api": Collector(addons.metrics_api, needs=("server", "rendered")),
    "cert_manager": Collector(addons.cert_manager, needs=("server", "rendered"), after=("pods",)),
    "controllers": Collector(addons.controllers, after=("pods",)),
    "served": Collector(policy.served, needs=("server",), lasts=60.0, ahead=True),
    "brought": Collector(dry_run.brought_kinds, needs=("rendered", "chart", "served", "release"), limit=30.0),
    "limit_ranges": Collector(policy.limit_ranges, needs=("server", "namespace")),
    "webhooks": Collector(policy.webhooks, needs=("server", "rendered", "namespace", "served"), after=("release",)),
    "neighbours": Collector(
        policy.neighbours, needs=("server", "rendered", "namespace"), after=("pods", "ingress_classes")
    ),
    "balancers": Collector(outside.balancers, needs=("server", "rendered")),
    "prometheuses": Collector(outside.prometheuses, needs=("server", "rendered", "served")),
    "synced_secrets": Collector(outside.synced_secrets, needs=("server", "namespace", "served", "secrets")),
    "database": Collector(database.seen, needs=("server", "rendered", "namespace")),
    "database_probe": Collector(
        database.tried, needs=("server", "rendered", "namespace", "database"), limit=database.LIMIT
    ),
    "running": Collector(upgrade.running, needs=("server", "release")),
    "record_size": Collector(upgrade.record_size, needs=("rendered", "values")),
    "touched": Collector(upgrade.touched, needs=("server", "release")),
    "new_defaults": Collector(upgrade.new_defaults, needs=("chart",)),
    "clock": Collector(upgrade.clock, needs=("server",)),
    "secret_files": Collector(upgrade.secret_files),
    "live_claims": Collector(storage.live_claims, needs=("server", "rendered", "namespace")),
    "bound_volumes": Collector(storage.bound_volumes, needs=("server", "rendered", "live_claims")),
    "tried_claims": Collector(
        storage.tried_claims, needs=("server", "rendered", "namespace"), after=("live_claims",), limit=20.0
    ),
    "disk_room": Collector(
        storage.disk_room, needs=("server", "rendered", "storage_classes"), after=("live_claims", "csi_drivers")
    ),
    "disk_nodes": Collector(storage.disk_nodes, needs=("server", "rendered", "storage_classes"), after=("nodes",)),
    "hosts": Collector(storage.hosts, after=("nodes",)),
    "csi_drivers": Collector(addons.csi_drivers, needs=("server", "rendered")),
    "backups": Collector(addons.backups, needs=("server", "rendered", "release", "namespace")),
    "owner": Collector(addons.owner, needs=("server", "release", "namespace")),
    "names": Collector(addons.names, needs=("rendered",)),
    "nodes": Collector(room.nodes, needs=("server",), lasts=60.0),
    "own_pods": Collector(room.own_pods, needs=("server", "namespace"), lasts=30.0),
    "pods": Collector(room.pods, needs=("server",), lasts=60.0, ahead=True),
    "services": Collector(room.services, needs=("server", "namespace"), lasts=30.0),
    "named_services": Collector(
        services.named_services, needs=("server", "rendered", "namespace"), after=("database",)
    ),
    "quotas": Collector(room.quotas, needs=("server", "namespace"), lasts=30.0),
    "pull_logins": Collector(images.pull_logins, needs=("server", "rendered")),
    "images": Collector(
        images.images, needs=("server", "rendered"), after=("admitted", "pull_logins", "nodes"), limit=16.0
    ),
    "dry_run": Collector(
        dry_run.dry_run, needs=("server", "rendered", "namespace"), after=("release", "brought"), limit=30.0
    ),
}
"""Fact -> its collector."""
