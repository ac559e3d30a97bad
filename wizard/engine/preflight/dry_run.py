"""Collectors of what the API server says of each object in a dry run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from wizard.core.errors import Problem
from wizard.core.helm import plan, revision
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.ingress import namespace as namespace_of
from wizard.core.kube.objects import Object
from wizard.core.limits import map_of
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import (
    DryRun,
    Namespace,
    Refused,
    Release,
)
from wizard.engine.preflight.world import NOT_THERE, World, judged
from wizard.engine.release import brought
from wizard.engine.release import plan as release_plan


async def brought_kinds(world: World, inputs: Mapping[str, Any]) -> brought.Kinds:
    """The kinds that the chart itself brings, of those that are not served: an install makes them first."""
    release: Release = inputs["release"]
    if revision.installed(release.revision, release.status):
        return frozenset()
    there = {(resource.kind, resource.api_version) for resource in inputs["served"]}
    away = [obj for obj in inputs["rendered"].objects if (obj["kind"], obj.get("apiVersion")) not in there]
    return await brought.kinds(world.helm, world.documents, inputs["chart"].path, away)


async def dry_run(world: World, inputs: Mapping[str, Any]) -> DryRun | Absent:
    """Each rendered object in a dry run, as helm would send it."""
    namespace: Namespace = inputs["namespace"]
    if namespace.state == "missing":
        return Absent(NOT_THERE)
    if namespace.state == "terminating":
        return Absent("waits for R01")
    release = inputs["release"]
    upgrade = isinstance(release, Release) and revision.installed(release.revision, release.status)
    new_kinds = inputs["brought"] if isinstance(inputs["brought"], frozenset) else frozenset()
    objects = tuple(obj for obj in inputs["rendered"].objects if brought.kind_of(obj) not in new_kinds)
    if upgrade and (planned := await _planned(world, objects)) is not None:
        return planned
    made = frozenset((str(obj["kind"]), str(obj["metadata"].get("name"))) for obj in objects)
    answers = await asyncio.gather(*(_try(world, obj, made, upgrade=upgrade) for obj in objects))
    refused = tuple(answer for answer in answers if isinstance(answer, Refused))
    unknown = tuple(dict.fromkeys(answer for answer in answers if isinstance(answer, str)))
    if upgrade:  # an apply is accepted for an object of somebody else too
        return DryRun(len(objects), refused, "apply", unknown)
    new = frozenset(
        plan.identity(obj, world.target.namespace)
        for obj, answer in zip(objects, answers, strict=True)
        if answer is True
    )
    return DryRun(len(objects), refused, "create", unknown, new)


async def _planned(world: World, objects: tuple[Object, ...]) -> DryRun | None:
    """The dry run of an upgrade, with the requests of helm; None when helm's record of what runs is unreadable."""
    try:
        plans = await release_plan.tried(
            world.cluster, await world.helm.info(), world.documents, world.target, objects,
            force_conflicts=world.force_conflicts,
        )  # fmt: skip
    except Problem:
        return None
    refused = [
        Refused(
            planned.kind,
            planned.name,
            tuple(
                f"{refusal.path}: {refusal.words}" if refusal.path else refusal.words for refusal in planned.refusals
            ),
        )
        for planned in plans
        if planned.change == "refused" and not any(refusal.words.startswith(plan.TAKEN) for refusal in planned.refusals)
    ]
    unknown = tuple(dict.fromkeys(planned.note for planned in plans if planned.change == "unknown"))
    tried = (obj for obj in objects if not plan.hook_events(obj))
    settled = frozenset(
        plan.identity(obj, world.target.namespace)
        for obj, planned in zip(tried, plans, strict=True)
        if planned.change not in ("refused", "unknown")
    )
    taken = tuple(
        f"{planned.label}: {taken.path} is taken over from {taken.manager}"
        for planned in plans
        for taken in planned.taken
    )
    return DryRun(len(objects), tuple(refused), "apply", unknown, settled, taken)


async def _try(world: World, obj: Object, made: frozenset[tuple[str, str]], *, upgrade: bool) -> Refused | str | bool:
    """Whether the object was accepted; False when it exists already; else its refusal, or why it could not be tried."""
    send = world.cluster.apply if upgrade else world.cluster.create
    space = namespace_of(obj) or world.target.namespace
    try:
        await send(obj, space, dry_run=True)
    except ClusterError as error:
        kind, name = str(obj["kind"]), str(obj["metadata"]["name"])
        if error.kind == "not-found" and ("Namespace", space) in made:
            return f"namespace {space} is made by the release"
        if error.kind == "not-found" and (role := _role(obj)) in made:
            return await _may_be_bound(world, *role, space)
        if error.kind == "conflict" and not upgrade:
            return False  # another check reports its owner
        if not judged(error):
            return error.message.rstrip(".")
        return Refused(kind, name, _words(error))
    return True


def _role(obj: Object) -> tuple[str, str]:
    """(kind, name) of the role that a binding gives; nothing that is rendered for other kinds."""
    reference = map_of(obj, "roleRef") if obj["kind"] in ("RoleBinding", "ClusterRoleBinding") else {}
    return str(reference.get("kind")), str(reference.get("name"))


async def _may_be_bound(world: World, kind: str, name: str, space: str) -> str | bool:
    """Whether this person may bind a role that the release makes, which the API server cannot try before it is there.

    Who may not escalate has every right of a role that its own dry run accepts, and may give them (docs: RBAC, privilege
    escalation prevention).
    """
    if await world.cluster.may("bind", kind, space, name=name) or not await world.cluster.may(
        "escalate", kind, space, name=name
    ):
        return True
    return f"{kind} {name} is not there yet, and whether you have all that it gives is not tried: you may not bind it"


def _words(error: ClusterError) -> tuple[str, ...]:
    """Each field error of the API server, or its message."""
    causes = ((error.body or {}).get("details") or {}).get("causes") or ()
    fields = tuple(
        f"{cause['field']}: {cause['message']}" for cause in causes if cause.get("field") and cause.get("message")
    )
    return fields or (error.message,)
