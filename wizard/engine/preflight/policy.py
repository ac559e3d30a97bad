"""Collectors of what the cluster allows: the kinds that it serves, limits, admission webhooks, network policies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal

from wizard.core.helm import revision
from wizard.core.kube import network_policy, status
from wizard.core.kube import webhooks as admission
from wizard.core.kube.api import Resource
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object, labels_of
from wizard.core.limits import maps_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.checks.addons import RUN_AS
from wizard.core.rules.facts import NamedClass, Namespace, Neighbours, Release, Rendered, WebhookSeen
from wizard.engine.preflight.world import World

_SPACE_NAME: Final = "kubernetes.io/metadata.name"
_RESOLVERS: Final = (("k8s-app", "kube-dns"), ("dns.operator.openshift.io/daemonset-dns", "default"))
_RELEASE, _RELEASE_SPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"


async def served(world: World, _: Mapping[str, Any]) -> tuple[Resource, ...] | Unknown:
    """Every kind that the API server serves."""
    return await world.cluster.resources() or Unknown("the API server does not tell which kinds it serves")


async def limit_ranges(world: World, inputs: Mapping[str, Any]) -> tuple[Object, ...]:
    """The LimitRanges of the namespace."""
    if inputs["namespace"].state == "missing":
        return ()
    return await world.cluster.list("LimitRange", world.target.namespace)


# Admission webhooks


async def webhooks(world: World, inputs: Mapping[str, Any]) -> tuple[WebhookSeen, ...]:
    """The webhooks that refuse while they do not answer and are asked about the release, with the state of their Services."""
    release = inputs["release"]
    upgrade = isinstance(release, Release) and revision.installed(release.revision, release.status)
    requests = list(_requests(inputs["rendered"], inputs["namespace"], inputs["served"], upgrade=upgrade))
    listed = await asyncio.gather(*(world.cluster.list(kind) for kind in admission.KINDS))
    found: list[tuple[str, Mapping[str, Any], tuple[str, ...]]] = []
    for kind, configurations in zip(admission.KINDS, listed, strict=True):
        for one in configurations:
            for webhook in maps_of(one, "webhooks"):
                asked = tuple(request.label for request in requests if admission.asks(webhook, request))
                if asked and admission.rejects(webhook) and all(admission.service(webhook)):
                    found.append((f"{kind}/{one['metadata'].get('name')}", webhook, asked))
    services = list(dict.fromkeys(admission.service(webhook) for _, webhook, _ in found))
    states = dict(zip(services, await asyncio.gather(*(_state(world, *one) for one in services)), strict=True))
    return tuple(
        WebhookSeen(
            str(webhook.get("name")), label, "/".join(admission.service(webhook)), states[admission.service(webhook)],
            asked, bool(webhook.get("matchConditions")),
        )
        for label, webhook, asked in found
    )  # fmt: skip


def _requests(
    rendered: Rendered, namespace: Namespace, served: tuple[Resource, ...], *, upgrade: bool
) -> Iterator[admission.Request]:
    """What helm writes, its own record too, and the pods that follow from it."""
    kinds = {(one.api_version, one.kind): one for one in served}
    space = {**namespace.labels, _SPACE_NAME: namespace.name}
    operations = ("CREATE", "UPDATE") if upgrade else ("CREATE",)
    yield admission.Request("helm's record", "", "secrets", {"owner": "helm"}, space, ("CREATE",))
    for obj in rendered.objects:
        if kind := kinds.get((str(obj.get("apiVersion")), str(obj["kind"]))):
            group = kind.api_version.rpartition("/")[0]
            labels = obj["metadata"].get("labels") or {}
            yield admission.Request(
                manifests.label(obj), group, kind.plural, labels, space if kind.namespaced else None, operations
            )
    for template in manifests.templates(rendered.objects):
        yield admission.Request(f"pods of {template.owner}", "", "pods", template.labels, space, ("CREATE",))


async def _state(world: World, namespace: str, name: str) -> Literal["ready", "missing", "no endpoints", "hidden"]:
    try:
        slices = await world.cluster.list("EndpointSlice", namespace, labels=f"kubernetes.io/service-name={name}")
        if admission.has_ready(slices):
            return "ready"
        await world.cluster.get("Service", name, namespace)
    except ClusterError as error:
        return "missing" if error.kind == "not-found" else "hidden"
    return "no endpoints"


# Network policies


async def neighbours(world: World, inputs: Mapping[str, Any]) -> Neighbours | Absent:
    """The policies of the namespace that stay, and the pods of others that talk to those of the release."""
    rendered: Rendered = inputs["rendered"]
    listed: tuple[Object, ...] = ()
    if inputs["namespace"].state != "missing":
        listed = await world.cluster.list("NetworkPolicy", world.target.namespace)
    others = tuple(one for one in listed if not _is_of_release(one, world))
    every = (*others, *rendered.of("NetworkPolicy"))
    if not every:
        return Absent("no network policy is there")
    namespaces = await _namespaces(world) if network_policy.selects_by_labels(every) else None
    pods: tuple[Object, ...] = inputs["pods"] if isinstance(inputs["pods"], tuple) else ()
    ready = [pod for pod in pods if status.is_ready(pod)]
    known: tuple[NamedClass, ...] = inputs["ingress_classes"] if isinstance(inputs["ingress_classes"], tuple) else ()
    run_as = {RUN_AS.get(one.controller, "") for one in known} - {""}
    return Neighbours(
        others,
        namespaces,
        tuple(pod for pod in ready if any(labels_of(pod).get(key) == value for key, value in _RESOLVERS)),
        tuple(pod for pod in ready if labels_of(pod).get("app.kubernetes.io/name") in run_as),
        tuple(pod for pod in ready if labels_of(pod).get("app.kubernetes.io/name") == "prometheus"),
    )


def _is_of_release(one: Object, world: World) -> bool:
    notes = one["metadata"].get("annotations") or {}
    return (notes.get(_RELEASE), notes.get(_RELEASE_SPACE)) == (world.target.release, world.target.namespace)


async def _namespaces(world: World) -> Mapping[str, Mapping[str, Any]] | None:
    try:
        listed = await world.cluster.list("Namespace", metadata_only=True)
    except ClusterError:
        return None  # what depends on their labels then counts as allowed
    return {str(one["metadata"]["name"]): labels_of(one) for one in listed}
