"""The lines of home about what this cluster has: of the facts that the checks judge, by the rules that judge them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.ingress import Classes
from wizard.core.kube.objects import Object
from wizard.core.rules.check import Unknown
from wizard.core.rules.checks.addons import away_controller, away_driver
from wizard.core.rules.facts import NamedClass, StorageClass, WaysSeen
from wizard.core.scheduling import requests
from wizard.engine.preflight import addons, collectors
from wizard.engine.preflight.kept import Kept
from wizard.engine.preflight.overview import HomeLine
from wizard.engine.preflight.world import World

_FACTS: Final = frozenset({"nodes", "pods", "controllers", "storage_classes", "every_ingress_class"})


class ClusterLines:
    """The lines of one look at home, in a running event loop; each may raise ClusterError.

    `presets` tells what of each does not fit, "" for one that does.
    """

    def __init__(self, world: World, kept: Kept, presets: Callable[[], Awaitable[Mapping[str, str]]]) -> None:
        self._world, self._kept, self._presets = world, kept, presets
        loop = asyncio.get_running_loop()
        self._facts: dict[str, asyncio.Future[Any]] = {name: loop.create_future() for name in _FACTS}
        self._collecting = asyncio.ensure_future(self._collect())

    async def _collect(self) -> None:
        async for name, fact in collectors.facts(self._world, _FACTS, kept=self._kept):
            if name in _FACTS:
                self._facts[name].set_result(fact)

    async def _of(self, name: str) -> Any:
        return await asyncio.shield(self._facts[name])

    def close(self) -> None:
        """Nobody waits any more."""
        self._collecting.cancel()

    async def disk(self) -> HomeLine:
        """S01 to S03: the storage classes."""
        classes: tuple[StorageClass, ...] | Any = await self._of("storage_classes")
        if not isinstance(classes, tuple):
            return _hidden("disk", "database disk", classes)
        names = ", ".join(one.name + (" (default)" if one.default else "") for one in classes)
        if not classes:
            return HomeLine(
                "disk", "fail", "database disk", "no storage class", "bundled databases would wait for ever"
            )
        away = await self._away_drivers(classes)
        defaults = [one for one in classes if one.default]
        if not defaults:
            return HomeLine("disk", "warn", "database disk", names, "none is default: choose one")
        if gone := away.get(defaults[0].name):
            return HomeLine("disk", "warn", "database disk", names, f"{gone} is not installed")
        return HomeLine("disk", "pass", "database disk", names, "bundled databases get a disk")

    async def _away_drivers(self, classes: Sequence[StorageClass]) -> dict[str, str]:
        """Storage class -> its driver that is not registered; {} where drivers are hidden."""
        if not any(away_driver(one, frozenset()) for one in classes):
            return {}
        try:
            drivers = await addons.registered_drivers(self._world.cluster)
        except ClusterError:
            return {}
        return {one.name: driver for one in classes if (driver := away_driver(one, drivers))}

    async def way_in(self) -> HomeLine:
        """I01 and I02: the ingress classes, and whether somebody serves them."""
        classes: tuple[NamedClass, ...] | Any = await self._of("every_ingress_class")
        if not isinstance(classes, tuple):
            return _hidden("wayin", "way in", classes)
        if not classes:
            return HomeLine("wayin", "warn", "way in", "no ingress controller", "load balancer or port-forward")
        away = await self._away_controllers(classes)
        text = f"ingress class {', '.join(one.name for one in classes)}"
        if len(away) < len(classes):
            unserved = f"; nobody serves {', '.join(away)}" if away else ""
            return HomeLine("wayin", "pass", "way in", text, f"an Ingress with a host name works{unserved}")
        absent = ", ".join(dict.fromkeys(away.values()))
        return HomeLine("wayin", "warn", "way in", text, f"{absent} does not run")

    async def _away_controllers(self, classes: Sequence[NamedClass]) -> dict[str, str]:
        """Ingress class -> its controller, which does not run; {} where pods or Ingresses are hidden."""
        running = await self._of("controllers")
        known = Classes("", {one.name: one.controller for one in classes})
        if not isinstance(running, frozenset) or not _away(classes, WaysSeen((), known), running):
            return {}
        try:
            ingresses = await self._world.cluster.list("Ingress")
        except ClusterError:
            return {}
        return _away(classes, WaysSeen(ingresses, known), running)

    async def certificates(self) -> HomeLine:
        """I08 and I09: cert-manager and its issuers."""
        try:
            issuers = await self._world.cluster.list("ClusterIssuer")
        except ClusterError as error:
            if error.kind != "not-found":
                raise
            return HomeLine("certs", "warn", "certificates", "no cert-manager", "bring your own files, or none")
        if addons.runs_cert_manager(await self._of("pods")) is False:
            return HomeLine(
                "certs", "warn", "certificates", "cert-manager does not run", "no certificate would be made"
            )
        if not issuers:
            return HomeLine(
                "certs", "warn", "certificates", "cert-manager without issuer", "make a ClusterIssuer first"
            )
        ready = [str(one["metadata"]["name"]) for one in issuers if status.is_ready(one)]
        if not ready:
            return HomeLine(
                "certs", "warn", "certificates", "no issuer is ready", "see why: kubectl describe clusterissuer"
            )
        return HomeLine("certs", "pass", "certificates", f"issuer {', '.join(ready)}", "certificates are made for you")

    async def metrics(self) -> HomeLine:
        """A01: the metrics API."""
        seen = await addons.metrics_seen(self._world.cluster)
        if seen.answers:
            return HomeLine("metrics", "pass", "metrics", "metrics API answers", "autoscaling works")
        if seen.there:
            return HomeLine("metrics", "warn", "metrics", "metrics API does not answer", "autoscaling would not scale")
        return HomeLine("metrics", "warn", "metrics", "none", "fixed replicas, no autoscaling")

    async def room(self) -> HomeLine:
        """C01: what is free on the nodes, and which presets fit."""
        nodes, pods = await self._of("nodes"), await self._of("pods")
        for fact in (nodes, pods):
            if not isinstance(fact, tuple):
                return _hidden("room", "room", fact)
        free = _free(nodes, pods)
        text = f"{float(free['cpu']):.1f} CPU, {float(free['memory'] / 2**30):.0f} GiB free"
        fit = await self._presets()
        fits = [name for name, lacks in fit.items() if not lacks]
        if fit and not fits:
            return HomeLine("room", "warn", "room", text, "dev does not fit, unless this cluster adds nodes")
        means = f"{', '.join(fits)} {'fit' if len(fits) > 1 else 'fits'}" if fits else ""
        return HomeLine("room", "pass", "room", text, means)


def _hidden(key: str, title: str, fact: Any) -> HomeLine:
    settle = fact.permission if isinstance(fact, Unknown) else ""
    why = fact.reason if isinstance(fact, Unknown) else "not known"
    return HomeLine(key, "unknown", title, why, f"To settle it: {settle}." if settle else "")


def _away(classes: Iterable[NamedClass], ways: WaysSeen, running: frozenset[str]) -> dict[str, str]:
    return {one.name: away for one in classes if (away := away_controller(one.name, ways, running))}


def _free(nodes: Iterable[Object], pods: Iterable[Object]) -> dict[str, Fraction]:
    """Cores and bytes of memory that pods have left on the nodes that take some."""
    usable = {
        str(node["metadata"]["name"]): requests.allocatable(node)
        for node in nodes
        if status.is_ready(node) and not (node.get("spec") or {}).get("unschedulable")
    }
    taken = [requests.of_pod(pod["spec"]) for pod in pods if pod["spec"].get("nodeName") in usable]
    nothing = Fraction(0)
    free = {
        name: sum((one.get(name, nothing) for one in usable.values()), nothing)
        - sum((one.get(name, nothing) for one in taken), nothing)
        for name in requests.POD_LEVEL
    }
    return {name: max(amount, nothing) for name, amount in free.items()}
