"""Collectors of what a release leans on: metrics, cert-manager, ingress controllers, disk drivers, backups, who else owns it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from wizard.core.helm import revision, upgrade_values
from wizard.core.kube import status
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object, labels_of, name_of
from wizard.core.limits import map_of, maps_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import BackupSeen, CertManager, IssuerSeen, MetricsApi, Release, Rendered
from wizard.core.text.time import parse_time
from wizard.engine.preflight.world import World
from wizard.ports.cluster import Cluster

_METRICS: Final = "v1beta1.metrics.k8s.io"
_INSTALL: Final = "this is an install"
_MOST_HOSTS: Final = 5
_DNS_SECONDS: Final = 2.0
_WORKLOADS: Final = ("Deployment", "StatefulSet")


async def preset(world: World, _: Mapping[str, Any]) -> str:
    """The chosen environment."""
    return world.preset


async def metrics_api(world: World, inputs: Mapping[str, Any]) -> MetricsApi | Absent:
    """The registration of the metrics API and its own word on whether it answers."""
    if not inputs["rendered"].of("HorizontalPodAutoscaler"):
        return Absent("nothing is scaled by load")
    return await metrics_seen(world.cluster)


async def metrics_seen(cluster: Cluster) -> MetricsApi:
    """The metrics API of a cluster."""
    try:
        service = await cluster.get("APIService", _METRICS)
    except ClusterError as error:
        if error.kind == "not-found":
            return MetricsApi(there=False)
        raise
    available = status.condition(service, "Available")
    return MetricsApi(True, available.get("status") == "True", str(available.get("message") or ""))


async def cert_manager(world: World, inputs: Mapping[str, Any]) -> CertManager | Absent:
    """The issuers that Ingresses name, and whether there is anybody to read them."""
    rendered: Rendered = inputs["rendered"]
    asked = [
        (manifests.label(ingress), *issuer)
        for ingress in rendered.of("Ingress")
        for issuer in manifests.issuers(ingress)
    ]
    if not asked:
        return Absent("no certificate is asked of cert-manager")
    try:
        await world.cluster.list("Certificate", world.target.namespace)
    except ClusterError as error:
        if error.kind == "not-found":
            return CertManager(served=False)
        if error.kind != "forbidden":
            raise
    own = {(obj["kind"], obj["metadata"]["name"]) for obj in rendered.objects}
    issuers = await asyncio.gather(*(_issuer(world, *one) for one in asked if one[1:] not in own))
    return CertManager(True, runs_cert_manager(inputs["pods"]), tuple(issuers))


def runs_cert_manager(pods: Any) -> bool | None:
    """Whether a pod of cert-manager is ready; None where the fact of the pods is hidden."""
    return any(map(_is_cert_manager, pods)) if isinstance(pods, tuple) else None


def _is_cert_manager(pod: Object) -> bool:
    labels = labels_of(pod)
    controller = labels.get("app.kubernetes.io/name") == "cert-manager" or labels.get("app") == "cert-manager"
    return controller and status.is_ready(pod)


async def _issuer(world: World, ingress: str, kind: str, name: str) -> IssuerSeen:
    try:
        live = await world.cluster.get(kind, name, "" if kind == "ClusterIssuer" else world.target.namespace)
    except ClusterError as error:
        if error.kind == "not-found":
            return IssuerSeen(ingress, kind, name, there=False)
        raise
    ready, acme = status.condition(live, "Ready"), map_of(map_of(live, "spec"), "acme")
    solvers = maps_of(acme, "solvers")
    return IssuerSeen(
        ingress, kind, name, True, ready.get("status") == "True", str(ready.get("message") or ""),
        str(acme.get("server") or ""), bool(solvers) and not any("dns01" in one for one in solvers),
    )  # fmt: skip


async def controllers(_: World, inputs: Mapping[str, Any]) -> frozenset[str] | Any:
    """The names (app.kubernetes.io/name) of what runs ready in the cluster."""
    pods = inputs["pods"]
    if not isinstance(pods, tuple):
        return pods
    return frozenset(str(labels_of(pod).get("app.kubernetes.io/name") or "") for pod in pods if status.is_ready(pod))


async def csi_drivers(world: World, inputs: Mapping[str, Any]) -> frozenset[str] | Absent:
    """The names of the disk drivers that are registered."""
    if not any(manifests.claims(inputs["rendered"].objects)):
        return Absent("no disk is claimed")
    return await registered_drivers(world.cluster)


async def registered_drivers(cluster: Cluster) -> frozenset[str]:
    """The names of the CSI drivers of a cluster."""
    return frozenset(str(one["metadata"]["name"]) for one in await cluster.list("CSIDriver"))


async def backups(world: World, inputs: Mapping[str, Any]) -> tuple[BackupSeen, ...] | Absent:
    """The backups of a release that has a database of its own and is there already."""
    release: Release = inputs["release"]
    if not revision.installed(release.revision, release.status):
        return Absent(_INSTALL)
    if not any(obj["metadata"]["name"].endswith("-postgresql") for obj in inputs["rendered"].of("StatefulSet")):
        return Absent("it has no database of its own")
    found = await world.cluster.list("CronJob", world.target.namespace)
    now = world.now()
    return tuple(
        BackupSeen(
            name_of(job), parse_time((job.get("status") or {}).get("lastSuccessfulTime")),
            bool((job.get("spec") or {}).get("suspend")), now,
        )
        for job in found
        if labels_of(job).get("app.kubernetes.io/instance") == world.target.release and "backup" in job["metadata"]["name"]
    )  # fmt: skip


async def names(world: World, inputs: Mapping[str, Any]) -> Mapping[str, tuple[str, ...] | None] | Absent:
    """By host of the release, the addresses that it has from this machine; None where DNS did not tell."""
    rendered: Rendered = inputs["rendered"]
    hosts = manifests.hosts(rendered.objects)[:_MOST_HOSTS]
    network = world.network
    if not hosts or network is None:
        return Absent("no host is named")
    found = await asyncio.gather(*(network.addresses(host, _DNS_SECONDS) for host in hosts))
    return dict(zip(hosts, found, strict=True))


async def owner(world: World, inputs: Mapping[str, Any]) -> str | Absent:
    """The GitOps controller that manages the running release; "" when there is none."""
    release: Release = inputs["release"]
    if not revision.installed(release.revision, release.status):
        return Absent(_INSTALL)
    listed = await asyncio.gather(
        *(world.cluster.list(kind, world.target.namespace, metadata_only=True) for kind in _WORKLOADS)
    )
    ours = [
        one for objects in listed for one in objects
        if labels_of(one).get("app.kubernetes.io/instance") == world.target.release
    ]  # fmt: skip
    return str(upgrade_values.owner(ours) or "")
