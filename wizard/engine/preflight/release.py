"""Collectors of the release as it is, and of who else has a hand in it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from wizard.core.answers import validate
from wizard.core.errors import Problem
from wizard.core.helm import plan, revision
from wizard.core.kube import lease
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.ingress import namespace as namespace_of
from wizard.core.kube.objects import Object
from wizard.core.rules import needed_rights
from wizard.core.rules.check import Absent, FactFailure, Unknown
from wizard.core.rules.facts import (
    DryRun,
    HelmSees,
    LeaseSeen,
    Owned,
    Release,
)
from wizard.engine import cluster_identity
from wizard.engine.preflight import access
from wizard.engine.preflight.world import NO_NAME, NOT_THERE, World
from wizard.engine.release import leaks, listing


async def release(world: World, _: Mapping[str, Any]) -> Release | Unknown:
    """The release as helm's records have it, and the others of the namespace."""
    states = await listing.records(world.cluster, world.target.namespace)
    if isinstance(states, Unknown):
        return states
    mine = states.get(world.target.release, listing.ReleaseState())
    others = tuple(sorted(name for name in states if name != world.target.release))
    refused = listing.refused(mine, world.target)
    running = world.runs.get(world.target, "") if refused else ""
    return Release(mine.revision, mine.status, mine.since, others, refused, running, mine.kept)


async def leaks_seen(world: World, inputs: Mapping[str, Any]) -> Any:
    """The secrets of a running release that are where they must not be."""
    if not revision.installed(inputs["release"].revision, inputs["release"].status):
        return Absent("this is an install")
    return await leaks.look(world.cluster, world.documents, world.target, {})


async def lease_seen(world: World, inputs: Mapping[str, Any]) -> LeaseSeen | Absent:
    """Who holds the Lease of the release."""
    if inputs["namespace"].state == "missing":
        return Absent(NOT_THERE)
    target = world.target
    rights = await access.may(world, needed_rights.of_lease(target))
    missing = tuple(right.verb for right in rights if not right.allowed)
    try:
        live = await world.cluster.get("Lease", lease.name(target.release), target.namespace)
    except ClusterError as error:
        if error.kind in ("not-found", "forbidden"):
            return LeaseSeen("", missing)
        raise
    holder = lease.holder(live, world.now())
    return LeaseSeen(lease.words(holder) if lease.of_another(holder, world.machine) else "", missing)


async def helm_sees(world: World, _: Mapping[str, Any]) -> HelmSees | FactFailure | Absent:
    """What helm sees of the release and the cluster, in the environment of a run."""
    helm, target = world.helm, world.target
    if validate.release(target.release):
        return NO_NAME
    if names := tuple(helm.overrides(target)):
        return HelmSees(None, names)
    try:
        mark, ours, theirs = await _uids(world)
        if mark and listing.record_kind():
            return HelmSees(None, (), mark, ours, theirs)
        rows = await helm.list(target)
    except Problem as problem:
        return FactFailure("W06", problem.what, problem.next_step)
    mine = [row for row in rows if row.get("name") == target.release]
    revision = max((int(row["revision"]) for row in mine if row.get("revision", "").isdigit()), default=0)
    return HelmSees(revision, (), mark, ours, theirs)


async def _uids(world: World) -> tuple[str, str, str]:
    """What identifies the cluster, its uid and its uid for helm, which is asked at once for what most people may read."""
    helm, target = world.helm, world.target
    usual = asyncio.ensure_future(helm.uid_of(target, *cluster_identity.USUAL))
    try:
        mark = await cluster_identity.mark(world.cluster, target)
        if mark is None:
            return "", "", ""
        if (mark.kind, mark.name) == cluster_identity.USUAL:
            return mark.title, mark.uid, await usual
        return mark.title, mark.uid, await helm.uid_of(target, mark.kind, mark.name, mark.namespace)
    finally:
        usual.cancel()
        await asyncio.gather(usual, return_exceptions=True)


async def owners(world: World, inputs: Mapping[str, Any]) -> tuple[Owned, ...] | Absent:
    """The rendered objects that are there and belong to somebody else; those that the dry run settled are not asked for."""
    if inputs["namespace"].state == "missing":
        return Absent(NOT_THERE)
    dry_run, space = inputs["dry_run"], world.target.namespace
    settled = dry_run.settled if isinstance(dry_run, DryRun) else frozenset()
    asked = [
        obj
        for obj in inputs["rendered"].objects
        if "helm.sh/hook" not in (obj["metadata"].get("annotations") or {}) and plan.identity(obj, space) not in settled
    ]
    owners = await asyncio.gather(*(_owner(world, obj) for obj in asked))
    return tuple(owner for owner in owners if owner)


async def _owner(world: World, wanted: Object) -> Owned | None:
    kind, name = str(wanted["kind"]), str(wanted["metadata"]["name"])
    try:
        space = namespace_of(wanted) or world.target.namespace
        live = await world.cluster.get(kind, name, space, str(wanted.get("apiVersion", "")))
    except ClusterError as error:
        if error.kind in ("not-found", "forbidden"):  # missing rights are reported by another check
            return None
        raise
    metadata = live["metadata"]
    notes, labels = metadata.get("annotations") or {}, metadata.get("labels") or {}
    owner = (notes.get("meta.helm.sh/release-name"), notes.get("meta.helm.sh/release-namespace"))
    if owner == (world.target.release, world.target.namespace) and labels.get("app.kubernetes.io/managed-by") == "Helm":
        return None
    holder = (
        f"release {owner[0]} in namespace {owner[1]}" if owner[0] else labels.get("app.kubernetes.io/managed-by", "")
    )
    return Owned(kind, name, holder or "nobody that helm knows")
