"""Collectors of who this person is here, and what they may do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

from wizard.core.kube import pod_security
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import labels_of
from wizard.core.rules import needed_rights
from wizard.core.rules.check import Absent, FactFailure, Unknown
from wizard.core.rules.facts import (
    Identity,
    Namespace,
    Right,
    Server,
)
from wizard.core.rules.needed_rights import NeededRight
from wizard.engine.preflight.world import World, unknown
from wizard.engine.release import listing

_LOGIN: Final = frozenset({"expired", "unauthorized", "no-credentials"})
_ADDRESS: Final[Mapping[str, str]] = {
    "dns": "Check the address in the kubeconfig, your DNS and your VPN.",
    "refused": "Start the cluster, or choose another context with --context.",
    "tls": "Ask for a kubeconfig with the right certificate authority; do not switch verification off.",
    "slow": "Check VPN and firewall, then retry.",
    "not-kubernetes": "Check the server address in the kubeconfig, and the proxy.",
    "forbidden": "Ask an administrator whether this user may use the cluster at all.",
}


async def server(world: World, _: Mapping[str, Any]) -> Server | FactFailure:
    """The API server's version, how fast it answers, and its address."""
    config = world.kubeconfig
    context = config.context(world.target.context) if config else None
    if config and config.refusal(world.target.context):
        return FactFailure("W03", "there is no usable context")
    address = context.server if context else ""
    try:
        version = await world.cluster.version(timed=True)
    except ClusterError as error:
        check = "W04" if error.kind in _LOGIN else "W05"
        return FactFailure(check, error.message, _ADDRESS.get(error.kind, ""), error.kind, "context")
    return Server(version["gitVersion"], int(version["latency_ms"]), address)


async def kubernetes(_: World, inputs: Mapping[str, Any]) -> Any:
    """The server, or None: for checks that also apply without it."""
    return inputs["server"] if isinstance(inputs["server"], Server) else None


async def identity(world: World, inputs: Mapping[str, Any]) -> Identity | FactFailure | Unknown | Absent:
    """Who this person is for the cluster."""
    server = inputs["server"]
    if isinstance(server, FactFailure):
        return server if server.check == "W04" else Absent(f"waits for {server.check}")
    if not isinstance(server, Server):
        return Absent("waits for W05")
    try:
        return Identity(*await world.cluster.whoami())
    except ClusterError as error:
        if error.kind in _LOGIN:
            return FactFailure("W04", error.message, "", error.kind, "context")
        if error.kind == "not-found":
            return Unknown("the API server is too old to say who you are")
        raise


async def namespace(world: World, _: Mapping[str, Any]) -> Namespace | Unknown:
    """The namespace: whether it is there, can be made, or is going away."""
    name = world.target.namespace
    try:
        live = await world.cluster.get("Namespace", name)
    except ClusterError as error:
        if error.kind == "not-found":
            return Namespace(name, "missing", await world.cluster.may("create", "Namespace"))
        if error.kind == "forbidden":
            return await _namespace_from_inside(world, error)
        raise
    if (live.get("status") or {}).get("phase") == "Terminating" or live["metadata"].get("deletionTimestamp"):
        waits = tuple(
            str(condition.get("message"))
            for condition in (live.get("status") or {}).get("conditions") or ()
            if condition.get("status") == "True" and condition.get("message")
        )
        return Namespace(name, "terminating", blocked_by=waits)
    labels, notes = labels_of(live), dict(live["metadata"].get("annotations") or {})
    level = str(labels.get(pod_security.LABEL) or "")
    return Namespace(name, "active", labels=labels, annotations=notes, pod_security=level)


async def _namespace_from_inside(world: World, forbidden: ClusterError) -> Namespace | Unknown:
    """A person with rights in the namespace alone may not get it, but a dry run inside it shows whether it exists."""
    name = world.target.namespace
    probe = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "llm-cost-ops-wizard-probe"}}
    try:
        await world.cluster.create(probe, name, dry_run=True)
    except ClusterError as error:
        if error.kind == "not-found":
            return Namespace(name, "missing", await world.cluster.may("create", "Namespace"))
        if "being terminated" in error.message:
            return Namespace(name, "terminating", blocked_by=(error.message,))
        if error.kind != "conflict":
            return unknown(forbidden)
    return Namespace(name, "active")


async def rights(world: World, inputs: Mapping[str, Any]) -> tuple[Right, ...]:
    """What this person may of all that helm does with the rendered objects."""
    made = needed_rights.of_made_secrets() if world.made_by_run else ()
    return await may(world, (*needed_rights.of_objects(inputs["rendered"].objects), *made))


async def record_rights(world: World, _: Mapping[str, Any]) -> tuple[Right, ...] | Absent:
    """What this person may do with helm's records."""
    kind = listing.record_kind()
    if kind is None:
        return Absent("helm keeps its records outside of the cluster (HELM_DRIVER)")
    return await may(world, needed_rights.of_records(kind))


async def sight(world: World, _: Mapping[str, Any]) -> tuple[Right, ...]:
    """What this person may read of all that status and diagnosis read."""
    return await may(world, needed_rights.of_status())


async def may(world: World, asked: Iterable[NeededRight]) -> tuple[Right, ...]:
    """Whether this person has each of these rights, each verb on a kind once."""
    rights = tuple({(right.verb, right.noun): right for right in asked}.values())
    answers = await asyncio.gather(*(_has(world, right) for right in rights), return_exceptions=True)
    found = []
    for right, answer in zip(rights, answers, strict=True):
        if isinstance(answer, ClusterError) and answer.kind == "not-found":
            continue  # the cluster does not serve the kind: the dry run reports that
        if isinstance(answer, BaseException):
            raise answer
        found.append(Right(right.verb, right.noun, answer))
    return tuple(found)


async def _has(world: World, right: NeededRight) -> bool:
    """Whether this person has it: on every object, which is one request, or else on each of its names."""

    async def may(name: str) -> bool:
        return await world.cluster.may(
            right.verb, right.kind, world.target.namespace, subresource=right.subresource, name=name
        )

    everywhere = await may("")
    return everywhere or (bool(right.names) and all(await asyncio.gather(*map(may, right.names))))
