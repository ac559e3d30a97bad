"""The lines of home: cluster, you, tools, releases, and what this cluster has and what that means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Final

from wizard.core.errors import Problem
from wizard.core.helm.version import parse
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.kubeconfig import Kubeconfig
from wizard.core.kube.objects import Object, is_default_class
from wizard.core.target import Target
from wizard.engine import cluster_identity
from wizard.engine.release import listing
from wizard.ports.cluster import Cluster

if TYPE_CHECKING:
    from wizard.core.rules.check import State
    from wizard.engine.answers import Answers
    from wizard.engine.state import SessionState

_LIMIT: Final = 6.0
"""Seconds a line may take before its state is "unknown"."""
_UNREACHABLE: Final = (("x", "other cluster"), ("R", "retry"), ("v", "values file only"), ("p", "practise"))
_PROVIDERS: Final = {"-eks": "EKS", "-gke": "GKE", "+k3s": "k3s", "+rke2": "RKE2", "-aks": "AKS", "+vmware": "Tanzu"}
_NEEDED: Final = (
    "Deployment",
    "StatefulSet",
    "Service",
    "ConfigMap",
    "Secret",
    "ServiceAccount",
    "PersistentVolumeClaim",
)
_LOGIN: Final = frozenset({"expired", "unauthorized", "no-credentials"})


@dataclass(frozen=True)
class HomeLine:
    """One line. `key` may repeat: the later line replaces the earlier. `keys`: (key to press, what it does).

    For what the cluster has, `next_step` is what it means for an install.
    """

    key: str
    state: State
    title: str
    text: str
    next_step: str = ""
    keys: tuple[tuple[str, str], ...] = ()


async def lines(state: SessionState, answers: Answers) -> AsyncIterator[HomeLine]:
    """The lines as they become known; never raises."""
    config = state.kubeconfig()
    tools = _safely(_tools(state, answers), HomeLine("tools", "unknown", "Tools", "not known"))
    target = _target(state, answers)
    if refused := config.refusal(target.context):
        yield HomeLine("cluster", "fail", "Cluster", refused.what, refused.next_step, _UNREACHABLE)
        yield await tools
        return
    cluster = state.cluster(target)
    asked = asyncio.ensure_future(_cluster(state, cluster, config, target))
    pending = [asked, *map(asyncio.ensure_future, (tools, *_rest(state, answers, cluster, target, asked)))]
    try:
        for done in asyncio.as_completed(pending):
            if (line := await done) is not None:
                yield line
    finally:
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


def _rest(
    state: SessionState, answers: Answers, cluster: Cluster, target: Target, asked: asyncio.Future[HomeLine]
) -> Iterable[Awaitable[HomeLine | None]]:
    """The lines that need a cluster that answers; for one that does not, the line of the cluster alone tells it."""
    parts: Sequence[tuple[str, str, Awaitable[HomeLine]]] = (
        ("you", "You", _you(cluster, target)),
        ("releases", "Releases", _releases(state)),
        ("disk", "database disk", _disk(cluster)),
        ("wayin", "way in", _ingress(cluster)),
        ("certs", "certificates", _certificates(cluster)),
        ("metrics", "metrics", _metrics(cluster)),
        ("room", "room", _room(state, answers)),
    )

    async def line_of(key: str, title: str, part: Awaitable[HomeLine]) -> HomeLine | None:
        line = await _safely(part, HomeLine(key, "unknown", title, "not known"))
        return line if (await asyncio.shield(asked)).state in ("pass", "warn") else None

    return [line_of(*part) for part in parts]


async def _safely(part: Awaitable[HomeLine], otherwise: HomeLine) -> HomeLine:
    try:
        return await asyncio.wait_for(part, _LIMIT)
    except TimeoutError:
        return replace(otherwise, text=f"no answer within {_LIMIT:g} s")
    except ClusterError as error:
        settle = f"To settle it: {error.permission}." if error.permission else ""
        return replace(otherwise, text=error.message.rstrip("."), next_step=settle)
    except Problem as problem:
        return replace(otherwise, state="fail", text=problem.what, next_step=problem.next_step)


def _target(state: SessionState, answers: Answers) -> Target:
    draft = answers.new()
    try:
        return answers.resolve(draft).target
    except Problem:  # the line of the tools reports a bad chart or values file
        options, suggestions = state.options, state.suggestions
        return Target(
            options.context or suggestions.current_context,
            options.namespace or "default",
            kubeconfig=options.kubeconfig,
        )


# Cluster, you, tools, releases


async def _cluster(state: SessionState, cluster: Cluster, config: Kubeconfig, target: Target) -> HomeLine:
    context = config.context(target.context)
    address = f" ({context.server})" if context else ""
    try:
        version = await asyncio.wait_for(cluster.version(timed=True), 2 * _LIMIT)
    except TimeoutError:
        text = f"{target.context}: no answer within {2 * _LIMIT:g} s{address}"
        return HomeLine("cluster", "fail", "Cluster", text, "Check VPN and firewall, then retry.", _UNREACHABLE)
    except ClusterError as error:
        keys = (("L", "log in"), *_UNREACHABLE) if error.kind in _LOGIN else _UNREACHABLE
        step = "Log in again, then retry." if error.kind in _LOGIN else "Retry, or choose another cluster."
        return HomeLine("cluster", "fail", "Cluster", f"{target.context}: {error.message}", step, keys)
    nodes, uid = await asyncio.gather(_nodes(cluster), cluster_identity.uid(cluster))
    name, latency = _named(version["gitVersion"]), version["latency_ms"]
    text = f"{target.context}   {name}, {nodes}, API answers in {latency} ms"
    moved = await asyncio.to_thread(state.moved, target, uid)
    warnings = [sentence for sentence in (moved, context.exposed if context else "") if sentence]
    if warnings:
        return HomeLine("cluster", "warn", "Cluster", text, ". ".join(map(_capital, warnings)) + ".")
    return HomeLine("cluster", "pass", "Cluster", text)


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _named(version: str) -> str:
    provider = next((name for mark, name in _PROVIDERS.items() if mark in version), "")
    if provider and (number := parse(version)):
        return f"{provider} {number.major}.{number.minor}"
    return f"Kubernetes {version.removeprefix('v')}"


async def _nodes(cluster: Cluster) -> str:
    try:
        nodes = await asyncio.wait_for(cluster.list("Node"), _LIMIT)
    except (ClusterError, TimeoutError):
        return "nodes hidden from you"
    return f"{sum(map(_is_ready, nodes))} of {len(nodes)} nodes ready"


def _is_ready(node: Object) -> bool:
    conditions = (node.get("status") or {}).get("conditions") or ()
    return any(condition.get("type") == "Ready" and condition.get("status") == "True" for condition in conditions)


async def _you(cluster: Cluster, target: Target) -> HomeLine:
    (user, _), rights, may_make = await asyncio.gather(
        cluster.whoami(),
        asyncio.gather(*(cluster.may("create", kind, target.namespace) for kind in _NEEDED)),
        cluster.may("create", "Namespace"),
    )
    missing = [kind for kind, allowed in zip(_NEEDED, rights, strict=True) if not allowed]
    if not missing:
        beyond = "" if may_make else f" in namespace {target.namespace}"
        return HomeLine("you", "pass", "You", f"{user}, may create everything needed{beyond}")
    if len(missing) == len(_NEEDED):
        step = "Install and upgrade need more rights; status, logs and diagnosis work with what you may read."
        return HomeLine("you", "warn", "You", f"{user}, may create nothing in namespace {target.namespace}", step)
    text = f"{user}, may not create {', '.join(missing)} in namespace {target.namespace}"
    return HomeLine("you", "warn", "You", text, "Ask for these rights, or choose another namespace.")


async def _tools(state: SessionState, answers: Answers) -> HomeLine:
    info = await state.ports.helm.info()
    try:
        chart = await answers.read(answers.new())
    except Problem as problem:
        return HomeLine("tools", "fail", "Tools", f"helm {info.version} ok; {problem.what}", problem.next_step)
    return HomeLine("tools", "pass", "Tools", f"helm {info.version} ok, chart {chart.version}, kubectl not needed")


async def _releases(state: SessionState) -> HomeLine:
    everywhere = state.everywhere()
    view = await anext(aiter(listing.find(state.cluster(everywhere), everywhere, state.suggestions.context_namespace)))
    names = [f"{row.name} in {row.namespace}" for row in view.rows]
    hidden = view.hidden or "nothing hidden from you"
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "") or "none"
    if not names and view.hidden:
        return HomeLine("releases", "unknown", "Releases", f"none seen   looked in {view.looked_in}", view.hidden)
    return HomeLine("releases", "pass", "Releases", f"{shown}   looked in {view.looked_in}, {hidden}")


# What the cluster has


async def _disk(cluster: Cluster) -> HomeLine:
    classes = await cluster.list("StorageClass")
    defaults = {storage_class["metadata"]["name"] for storage_class in classes if is_default_class(storage_class)}
    names = [
        storage_class["metadata"]["name"] + (" (default)" if storage_class["metadata"]["name"] in defaults else "")
        for storage_class in classes
    ]
    if not classes:
        return HomeLine("disk", "fail", "database disk", "no storage class", "bundled databases would wait for ever")
    if not defaults:
        return HomeLine("disk", "warn", "database disk", ", ".join(names), "none is default: choose one")
    return HomeLine("disk", "pass", "database disk", ", ".join(names), "bundled databases get a disk")


async def _ingress(cluster: Cluster) -> HomeLine:
    classes = [ingress_class["metadata"]["name"] for ingress_class in await cluster.list("IngressClass")]
    if not classes:
        return HomeLine("wayin", "warn", "way in", "no ingress controller", "load balancer or port-forward")
    return HomeLine(
        "wayin", "pass", "way in", f"ingress class {', '.join(classes)}", "an Ingress with a host name works"
    )


async def _certificates(cluster: Cluster) -> HomeLine:
    try:
        issuers = [issuer["metadata"]["name"] for issuer in await cluster.list("ClusterIssuer", metadata_only=True)]
    except ClusterError as error:
        if error.kind != "not-found":
            raise
        return HomeLine("certs", "warn", "certificates", "no cert-manager", "bring your own files, or none")
    if not issuers:
        return HomeLine("certs", "warn", "certificates", "cert-manager without issuer", "make a ClusterIssuer first")
    return HomeLine("certs", "pass", "certificates", f"issuer {', '.join(issuers)}", "certificates are made for you")


async def _metrics(cluster: Cluster) -> HomeLine:
    try:
        service = await cluster.get("APIService", "v1beta1.metrics.k8s.io")
    except ClusterError as error:
        if error.kind != "not-found":
            raise
        return HomeLine("metrics", "warn", "metrics", "none", "fixed replicas, no autoscaling")
    conditions = (service.get("status") or {}).get("conditions") or ()
    if any(condition.get("type") == "Available" and condition.get("status") == "True" for condition in conditions):
        return HomeLine("metrics", "pass", "metrics", "metrics API answers", "autoscaling works")
    return HomeLine("metrics", "warn", "metrics", "metrics API does not answer", "autoscaling would not scale")


async def _room(state: SessionState, answers: Answers) -> HomeLine:
    from wizard.core.rules.check import Unknown  # here: the rules take longer to import than home to paint
    from wizard.engine.preflight import checks, collectors, presets

    draft = answers.new()
    world = checks.world_of(state, answers, draft)
    facts = {name: fact async for name, fact in collectors.facts(world, frozenset({"nodes", "pods"}), kept=state.kept)}
    for fact in (facts[name] for name in ("nodes", "pods") if not isinstance(facts[name], tuple)):
        settle = fact.permission if isinstance(fact, Unknown) else ""
        why = fact.reason if isinstance(fact, Unknown) else "not known"
        return HomeLine("room", "unknown", "room", why, f"To settle it: {settle}." if settle else "")
    free = _free(facts["nodes"], facts["pods"])
    text = f"{float(free['cpu']):.1f} CPU, {float(free['memory'] / 2**30):.0f} GiB free"
    fit = await presets.compare(state, answers, draft, state.kept)
    fits = [name for name, lacks in fit.items() if not lacks]
    if fit and not fits:
        return HomeLine("room", "warn", "room", text, "dev does not fit, unless this cluster adds nodes")
    means = f"{', '.join(fits)} {'fit' if len(fits) > 1 else 'fits'}" if fits else ""
    return HomeLine("room", "pass", "room", text, means)


def _free(nodes: Iterable[Object], pods: Iterable[Object]) -> dict[str, Fraction]:
    """Cores and bytes of memory that pods have left on the nodes that take some."""
    from wizard.core.scheduling import requests

    usable = {
        str(node["metadata"]["name"]): requests.allocatable(node)
        for node in nodes
        if _is_ready(node) and not (node.get("spec") or {}).get("unschedulable")
    }
    taken = [requests.of_pod(pod["spec"]) for pod in pods if pod["spec"].get("nodeName") in usable]
    nothing = Fraction(0)
    free = {
        name: sum((one.get(name, nothing) for one in usable.values()), nothing)
        - sum((one.get(name, nothing) for one in taken), nothing)
        for name in requests.POD_LEVEL
    }
    return {name: max(amount, nothing) for name, amount in free.items()}
