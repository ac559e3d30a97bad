"""Plans: renders, reads helm's record and the live objects in parallel, and asks the API server by dry runs.

Nothing is changed. An object whose manifest stays and whose live fields equal the manifest's costs one read; the others
cost a read and a dry run, sent as the helm of the run will send them (core/helm/plan, core/kube/merge_patch).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wizard.core.errors import Exit, Problem
from wizard.core.helm import capabilities, plan, upgrade_values
from wizard.core.helm.binary import HelmInfo
from wizard.core.helm.chart import Chart
from wizard.core.helm.plan import ObjectPlan, Plan, Refusal
from wizard.core.helm.release import ReleaseRecord
from wizard.core.helm.revision import DEPLOYED, Head, installed
from wizard.core.kube import merge_patch
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object, containers
from wizard.core.rules import manifests
from wizard.core.target import Target
from wizard.core.text import masking
from wizard.engine import cluster_identity
from wizard.engine.release import brought, records
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents
from wizard.ports.helm import Helm

_TESTS: Final = frozenset({"test", "test-success", "test-failure"})
_UNKNOWN: Final = frozenset({"forbidden", "slow", "unavailable", "refused", "dns", "tls", "expired", "unauthorized"})
_BAD_APPLY: Final = "failed to create typed patch object"
"""The refusal of a server-side apply for a field that is in no schema: status 500, though the request is wrong."""
_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "install": frozenset({"pre-install", "post-install"}),
    "upgrade": frozenset({"pre-upgrade", "post-upgrade"}),
    "rollback": frozenset({"pre-rollback", "post-rollback"}),
}
_MANY: Final = 4
"""From so many objects of a kind on, one list replaces a read of each."""
_CONNECTIONS: Final = 30
"""Opened while helm renders: each takes some round trips, and the dry runs are sent all at once."""
_MADE_BY_HELM: Final = "app.kubernetes.io/managed-by=Helm"
Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Planned:
    """A plan and the objects rendered for it. They may hold secrets: they stay inside the engine."""

    plan: Plan
    objects: tuple[Object, ...] = field(repr=False)
    redact: Any = field(repr=False)


@dataclass(frozen=True)
class PlannedRollback:
    """The plan of a rollback, its revision, and the record of the newest revision."""

    plan: Plan
    revision: int
    newest: ReleaseRecord = field(repr=False)


@dataclass(frozen=True)
class _World:
    cluster: Cluster
    target: Target
    manager: str
    """The field manager under which helm writes: the name of its binary."""
    method: str
    """apply or patch."""
    force: bool = False
    """Whether helm takes over fields by itself, without being told to."""
    force_conflicts: bool = False
    """Whether helm is told to take over the fields of other managers; each of them is part of the plan."""


async def of_values(
    cluster: Cluster, helm: Helm, documents: Documents, target: Target, chart: Chart, values_text: str, *,
    force_conflicts: bool = False,
) -> Planned:  # fmt: skip
    """What an install or upgrade with these values would do.

    Raises:
        Problem: the chart does not render, helm's record is hidden or unreadable, or the cluster does not answer.
    """
    served = asyncio.ensure_future(_served(cluster))
    ahead = asyncio.ensure_future(records.deployed(cluster, target))
    try:
        info, heads = await asyncio.gather(helm.info(), records.heads(cluster, target))
    except BaseException:
        served.cancel()
        ahead.cancel()
        raise
    rendering = asyncio.ensure_future(_render(served, helm, target, chart, values_text, upgrade=_is_installed(heads)))
    try:
        base = await _base(cluster, target, heads, ahead)
        _same_chart(base, chart, target)
        manager = os.path.basename(info.path)  # noqa: PTH119 - helm takes the name it was called by, links not followed
        method = _method(info, base, fresh=base is None)
        world = _World(cluster, target, manager, method, force_conflicts=force_conflicts)
        live = _Live(world)
        stored = records.objects_of(documents, base.manifest if base else "")
        live.ask_installed(stored)
        opening = asyncio.ensure_future(cluster.connect(min(len(stored), _CONNECTIONS)))
        try:
            text = await rendering
        finally:
            opening.cancel()
    finally:
        rendering.cancel()
        ahead.cancel()
    wanted = plan.objects_of(documents.load_all(text, "helm template"))
    wanted = tuple(obj for obj in wanted if not _TESTS.intersection(plan.hook_events(obj)))
    operation = "upgrade" if base else "install"
    inputs = hashlib.sha256(f"{chart.path}\n{chart.version}\n{target}\n{values_text}".encode()).hexdigest()[:16]
    redact = masking.known_secrets(
        [documents.load(values_text, "values") or {}, base.config if base else {}], (*wanted, *stored)
    )
    back = _downgrade(base, chart.version)
    custom = (await served)[1]
    away = (
        obj for obj in wanted if not merge_patch.is_builtin(obj) and f"{obj['apiVersion']}/{obj['kind']}" not in custom
    )
    new_kinds = await brought.kinds(helm, documents, chart.path, away) if base is None else frozenset()
    made = Plan(
        operation, target.context, target.namespace, target.release, base.revision if base else 0,
        heads[-1].revision if heads else 0, (), f"{chart.name}-{chart.version}", world.method,
        _hooks(wanted, operation), inputs=inputs, rendered=plan.digest(wanted),
        warnings=tuple(filter(None, (back, _needless(world)))), downgrade=back,
    )  # fmt: skip
    return await _finished(world, live, made, stored, wanted, redact, new_kinds)


async def of_rollback(
    cluster: Cluster, helm: Helm, documents: Documents, target: Target, revision: int, *, force_conflicts: bool = False
) -> PlannedRollback:
    """What a rollback to a stored revision would do (0: the last good one); nothing is rendered.

    Raises:
        Problem: there is no such revision, nothing to roll back to, or helm's record is hidden or unreadable.
    """
    info, heads = await asyncio.gather(helm.info(), records.require_heads(cluster, target))
    revision = await wanted_revision(cluster, target, heads, revision)
    current, chosen = await asyncio.gather(
        records.read(cluster, target, heads[-1].revision), records.read(cluster, target, revision)
    )
    method = _method(info, chosen)
    # helm then takes over the fields that it wrote by patches
    force = method == "apply" and current.apply_method != "ssa"
    world = _World(cluster, target, os.path.basename(info.path), method, force, force_conflicts)  # noqa: PTH119 - as above
    live = _Live(world)
    stored = records.objects_of(documents, current.manifest) if _is_installed(heads) else ()
    wanted = records.objects_of(documents, chosen.manifest)
    live.ask_installed(stored)
    hooks = tuple(
        f"{hook.kind}/{hook.name} ({', '.join(hook.events)})"
        for hook in chosen.hooks
        if _EVENTS["rollback"].intersection(hook.events)
    )
    made = Plan(
        "rollback", target.context, target.namespace, target.release, current.revision, heads[-1].revision, (),
        f"{chosen.chart}-{chosen.chart_version}", method, hooks, inputs=f"revision {revision}",
        rendered=plan.digest(wanted), warnings=tuple(filter(None, (_needless(world),))),
    )  # fmt: skip
    redact = masking.known_secrets([current.config, chosen.config], (*wanted, *stored))
    planned = await _finished(world, live, made, stored, wanted, redact)
    return PlannedRollback(planned.plan, revision, current)


async def tried(
    cluster: Cluster, info: HelmInfo, documents: Documents, target: Target, objects: Sequence[Object], *,
    force_conflicts: bool = False,
) -> tuple[ObjectPlan, ...]:  # fmt: skip
    """The plans of rendered objects on the release that runs, for a check; raises Problem as `of_values` does."""
    heads = await records.heads(cluster, target)
    base = await _base(cluster, target, heads, records.deployed(cluster, target))
    method = _method(info, base, fresh=base is None)
    world = _World(cluster, target, os.path.basename(info.path), method, force_conflicts=force_conflicts)  # noqa: PTH119 - as above
    live, space = _Live(world), target.namespace
    old = {plan.identity(obj, space): obj for obj in records.objects_of(documents, base.manifest if base else "")}
    try:
        plans = await asyncio.gather(
            *(
                _rendered(world, live, old.get(plan.identity(obj, space)), obj, missing=False)
                for obj in objects
                if not plan.hook_events(obj)
            )
        )
    finally:
        await live.close()
    return tuple(plans)


async def wanted_revision(cluster: Cluster, target: Target, heads: Sequence[Head], revision: int) -> int:
    """The revision that a rollback goes to: the given one, or the last good one.

    Raises:
        Problem: it is not kept, runs already, or there is none.
    """
    kept = [head.revision for head in heads]
    if not revision:
        good = await records.last_good(cluster, target, heads)
        if not good:
            raise Problem(
                f"There is nothing to roll {target.release} back to: revision {kept[-1]} is the only good one."
                if heads[-1].status == DEPLOYED
                else f"There is nothing to roll {target.release} back to: no revision before {kept[-1]} was good.",
                "Correct the values and run upgrade, or uninstall (it lists first what is kept).",
            )
        return good
    if revision not in kept:
        raise Problem(
            f"{target.release} has no revision {revision}.", f"Revisions that are kept: {', '.join(map(str, kept))}."
        )
    if revision == kept[-1] and heads[-1].status == DEPLOYED:
        raise Problem(
            f"Revision {revision} is the one that runs.", f"Choose another of {', '.join(map(str, kept[:-1]))}."
        )
    return revision


def _is_installed(heads: Sequence[Head]) -> bool:
    return bool(heads) and installed(heads[-1].revision, heads[-1].status)


async def _base(
    cluster: Cluster, target: Target, heads: Sequence[Head], ahead: Awaitable[ReleaseRecord | None]
) -> ReleaseRecord | None:
    """The revision that helm starts an upgrade from: the newest deployed one, else the newest; None for an install.

    `ahead`: the record that was deployed when it was requested, which is mostly the right one.
    """
    if not _is_installed(heads):
        return None
    deployed = [head.revision for head in heads if head.status == DEPLOYED]
    number = deployed[-1] if deployed else heads[-1].revision
    record = await ahead
    return record if record and record.revision == number else await records.read(cluster, target, number)


def _method(info: HelmInfo, record: ReleaseRecord | None, *, fresh: bool = False) -> str:
    """How helm writes: helm 3 always patches; helm 4 keeps the method of the release, and applies new ones."""
    if info.major < 4:
        return "patch"
    return "apply" if fresh or (record and record.apply_method == "ssa") else "patch"


def _needless(world: _World) -> str:
    """Why --force-conflicts changes nothing; "" where it does, or was not asked for."""
    if not world.force_conflicts or world.method == "apply":
        return ""
    return "--force-conflicts is not needed: helm writes this release by a three-way merge, which knows no conflicts"


async def _served(cluster: Cluster) -> tuple[str, tuple[str, ...]]:
    """(version, API versions and kinds beyond Kubernetes' own), which charts ask for as Capabilities."""
    try:
        version, served = await asyncio.gather(cluster.version(), cluster.resources())
    except ClusterError as error:
        raise Problem(error.message, "Retry when the cluster answers; nothing was changed.", Exit.UNKNOWN) from error
    return version.get("gitVersion", ""), capabilities.custom(served)


async def _render(
    served: Awaitable[tuple[str, tuple[str, ...]]], helm: Helm, target: Target, chart: Chart, values_text: str, *,
    upgrade: bool,
) -> str:  # fmt: skip
    version, custom = await served
    return await helm.render(
        target, chart.path, values_text, kube_version=version, api_versions=custom, upgrade=upgrade
    )


def _same_chart(base: ReleaseRecord | None, chart: Chart, target: Target) -> None:
    if base and base.chart and base.chart != chart.name:
        raise Problem(
            f"{target.release} in namespace {target.namespace} is a release of another chart: {base.chart} "
            f"{base.chart_version}, not {chart.name}.",
            "Use another release name with --release, or name its chart with --chart.",
            question="release",
        )


def _downgrade(base: ReleaseRecord | None, version: str) -> str:
    if base and upgrade_values.is_downgrade(base.chart_version, version):
        return f"this takes the chart back from {base.chart_version} to {version}"
    return ""


def _hooks(wanted: Iterable[Object], operation: str) -> tuple[str, ...]:
    events_of = {
        manifests.label(obj): [event for event in plan.hook_events(obj) if event in _EVENTS[operation]]
        for obj in wanted
    }
    return tuple(f"{label} ({', '.join(events)})" for label, events in events_of.items() if events)


class _Live:
    """The live objects, each read once, as soon as it is known to be needed."""

    def __init__(self, world: _World) -> None:
        self._world = world
        self._tasks: dict[Key, asyncio.Task[Object | ClusterError | None]] = {}
        self._lists: list[asyncio.Task[dict[str, Object]]] = []

    def ask(self, objects: Iterable[Object]) -> None:
        """Start reading each object."""
        for obj in objects:
            key = plan.identity(obj, self._world.target.namespace)
            if key not in self._tasks:
                self._tasks[key] = asyncio.ensure_future(self._read(obj, key))

    def ask_installed(self, objects: Iterable[Object]) -> None:
        """Start reading what helm has installed: many of a kind by one list."""
        groups: dict[tuple[str, str, str], list[Object]] = {}
        for obj in objects:
            _, kind, namespace, _ = plan.identity(obj, self._world.target.namespace)
            groups.setdefault((kind, namespace, str(obj.get("apiVersion", ""))), []).append(obj)
        for (kind, namespace, version), group in groups.items():
            if len(group) < _MANY or not namespace:
                self.ask(group)
                continue
            listing = asyncio.ensure_future(self._list(kind, namespace, version))
            self._lists.append(listing)
            for obj in group:
                key = plan.identity(obj, self._world.target.namespace)
                self._tasks[key] = asyncio.ensure_future(self._listed(obj, key, listing))

    async def _list(self, kind: str, namespace: str, version: str) -> dict[str, Object]:
        """The objects of a kind that helm made, by name: it labels every object. Empty when they may not be listed."""
        try:
            listed = await self._world.cluster.list(
                kind, namespace, labels=_MADE_BY_HELM, api_version=version, sealed=True
            )
        except ClusterError:
            return {}
        return {str(obj["metadata"]["name"]): obj for obj in listed}

    async def _listed(
        self, obj: Object, key: Key, listing: asyncio.Future[dict[str, Object]]
    ) -> Object | ClusterError | None:
        listed = (await asyncio.shield(listing)).get(key[3])
        return listed if listed is not None else await self._read(obj, key)

    async def of(self, obj: Object) -> Object | ClusterError | None:
        """The live object, None when there is none, or why it cannot be read."""
        self.ask([obj])
        return await self._tasks[plan.identity(obj, self._world.target.namespace)]

    async def seen(self) -> list[Object]:
        """Every live object that could be read so far."""
        answers = await asyncio.gather(*self._tasks.values())
        return [answer for answer in answers if answer is not None and not isinstance(answer, ClusterError)]

    async def _read(self, obj: Object, key: Key) -> Object | ClusterError | None:
        _, kind, namespace, name = key
        try:
            return await self._world.cluster.get(kind, name, namespace, str(obj.get("apiVersion", "")), sealed=True)
        except ClusterError as error:
            return None if error.kind == "not-found" and error.body is not None else error

    async def close(self) -> None:
        """Stop reading."""
        tasks = (*self._tasks.values(), *self._lists)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _finished(
    world: _World, live: _Live, made: Plan, stored: Sequence[Object], wanted: Sequence[Object], redact: Any,
    new_kinds: brought.Kinds = frozenset(),
) -> Planned:  # fmt: skip
    """The plan with its objects; of `new_kinds` there is none yet, and the API server cannot try one."""
    space = world.target.namespace
    wanted = tuple(obj for obj in wanted if not plan.hook_events(obj))
    live.ask(obj for obj in wanted if brought.kind_of(obj) not in new_kinds)
    old = {plan.identity(obj, space): obj for obj in stored if not plan.hook_events(obj)}
    keys = {plan.identity(obj, space) for obj in wanted}
    uid_asked = asyncio.ensure_future(cluster_identity.uid(world.cluster))
    try:
        missing = made.base == 0 and await _namespace_missing(world)
        plans = await asyncio.gather(
            *(
                _rendered(
                    world,
                    live,
                    old.get(plan.identity(obj, space)),
                    obj,
                    missing=missing or brought.kind_of(obj) in new_kinds,
                )
                for obj in wanted
            ),
            *(_gone(world, live, obj) for key, obj in old.items() if key not in keys),
        )
        owner = upgrade_values.owner(await live.seen())
        uid = await uid_asked
    finally:
        uid_asked.cancel()
        await live.close()
    objects = plan.sort(plan.with_stale(plans, _readers(wanted)))
    unseen = tuple(dict.fromkeys(planned.note for planned in plans if planned.change == "unknown"))
    if missing:
        unseen = (f"namespace {space} is not there yet: the API server checks these objects once it is",)
    whole = plan.redacted(
        replace(
            made, objects=objects, unseen=unseen, owner=str(owner or ""), cluster_uid=uid,
            warnings=(*made.warnings, *plan.autoscaled(objects)),
        ),
        redact,
    )  # fmt: skip
    return Planned(whole, tuple(wanted), redact)


async def _namespace_missing(world: _World) -> bool:
    try:
        await world.cluster.get("Namespace", world.target.namespace)
    except ClusterError as error:
        return error.kind == "not-found"
    return False


async def _rendered(
    world: _World, live_objects: _Live, old: Object | None, new: Object, *, missing: bool
) -> ObjectPlan:
    """The plan of an object that is rendered."""
    space = world.target.namespace
    if missing:
        return plan.simple(new, space, "created")
    sent = plan.with_owner(new, world.target.release, space)
    applied = None
    if world.method == "apply" and old is not None and old != new:  # the request does not depend on the live object
        applied = asyncio.ensure_future(_apply(world, sent))
    try:
        live = await live_objects.of(new)
        return await _compared(world, live, (old, new, sent), applied)
    finally:
        if applied:
            applied.cancel()
            applied.add_done_callback(lambda done: done.cancelled() or done.exception())  # marks it as retrieved


async def _compared(
    world: _World, live: Object | ClusterError | None, sides: tuple[Object | None, Object, Object],
    applied: asyncio.Future[Object] | None,
) -> ObjectPlan:  # fmt: skip
    old, new, sent = sides
    space = world.target.namespace
    if isinstance(live, ClusterError):
        return _refused_or_unknown(new, space, live)
    if live is None:
        note = "" if old is None else "somebody deleted it; helm makes it again"
        return await _created(world, new, sent, note)
    drifted: tuple[plan.Field, ...] = ()
    if old is None:
        if owner := plan.foreign_owner(live, world.target.release, space):
            return plan.simple(new, space, "refused", refusals=[Refusal("", owner)])
    else:
        drifted = plan.drift(masking.sealed(old), live)
        if old == new and not drifted:
            return plan.simple(new, space, "unchanged")
    return await _updated(world, (old, sent, live), drifted, applied)


async def _created(world: _World, new: Object, sent: Object, note: str) -> ObjectPlan:
    _, _, namespace, _ = plan.identity(new, world.target.namespace)
    try:
        await world.cluster.create(sent, namespace, dry_run=True)
    except ClusterError as error:
        return _refused_or_unknown(new, world.target.namespace, error)
    return plan.simple(new, world.target.namespace, "created", note=note)


async def _updated(
    world: _World, sides: tuple[Object | None, Object, Object], drifted: tuple[plan.Field, ...],
    applied: asyncio.Future[Object] | None,
) -> ObjectPlan:  # fmt: skip
    old, sent, live = sides
    space = world.target.namespace
    _, _, namespace, _ = plan.identity(sent, space)
    taken: tuple[plan.Takeover, ...] = ()
    try:
        if world.method == "apply":
            after, taken = await _applied(world, sent, applied)
        else:
            # A Secret's live values are sealed, so its new ones are always sent; that merges to the same.
            patch = merge_patch.patch(old, sent, live)
            if not patch:
                return plan.simple(sent, space, "unchanged", drifted=drifted)
            after = await world.cluster.try_patch(sent, patch, namespace, manager=world.manager)
    except ClusterError as error:
        return replace(_refused_or_unknown(sent, space, error), drift=drifted)
    return plan.updated(sent, live, after, drifted, space, taken)


async def _applied(
    world: _World, sent: Object, applied: asyncio.Future[Object] | None
) -> tuple[Object, tuple[plan.Takeover, ...]]:
    """The object after a server-side apply, and what of other managers it takes over: what the API server refuses first."""
    try:
        return await (applied or _apply(world, sent)), ()
    except ClusterError as error:
        taken = plan.takeovers(_refusals(error))
        if not (world.force_conflicts and taken):
            raise
    return await _apply(replace(world, force=True), sent), taken


async def _apply(world: _World, sent: Object) -> Object:
    _, _, namespace, _ = plan.identity(sent, world.target.namespace)
    return await world.cluster.try_apply(sent, namespace, manager=world.manager, force=world.force)


async def _gone(world: _World, live_objects: _Live, old: Object) -> ObjectPlan:
    """The plan of an object of the running revision that is no longer rendered."""
    space = world.target.namespace
    live = await live_objects.of(old)
    if isinstance(live, ClusterError):
        return _refused_or_unknown(old, space, live)
    if live is None:
        return plan.simple(old, space, "unchanged", note="it is gone already")
    if plan.is_kept(live):
        return plan.simple(old, space, "kept", note="helm.sh/resource-policy: keep")
    return plan.simple(old, space, "removed", drifted=plan.drift(masking.sealed(old), live))


def _refused_or_unknown(obj: Object, namespace: str, error: ClusterError) -> ObjectPlan:
    if error.kind in _UNKNOWN and _BAD_APPLY not in error.message:
        settle = f" (needs {error.permission})" if error.permission else ""
        return plan.simple(obj, namespace, "unknown", note=f"{error.message.rstrip('.')}{settle}")
    return plan.simple(obj, namespace, "refused", refusals=_refusals(error))


def _refusals(error: ClusterError) -> tuple[Refusal, ...]:
    """Each cause that the API server names, or its message."""
    causes = ((error.body or {}).get("details") or {}).get("causes") or ()
    refusals = tuple(
        Refusal(str(cause.get("field") or ""), str(cause.get("message") or cause.get("reason") or ""))
        for cause in causes
        if cause.get("field") or cause.get("message")
    )
    return refusals or (Refusal("", error.message),)


def _readers(objects: Iterable[Object]) -> dict[tuple[str, str], list[str]]:
    """(kind, name) of each ConfigMap and Secret -> the workloads whose pods read it at their start."""
    readers: dict[tuple[str, str], list[str]] = {}
    for owner, spec in manifests.pods(objects):
        for kind, name in _read_by(spec):
            users = readers.setdefault((kind, name), [])
            if owner not in users:
                users.append(owner)
    return readers


def _read_by(spec: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for container in containers(spec):
        for reference in container.get("envFrom") or ():
            yield "ConfigMap", (reference.get("configMapRef") or {}).get("name", "")
            yield "Secret", (reference.get("secretRef") or {}).get("name", "")
        for variable in container.get("env") or ():
            source = variable.get("valueFrom") or {}
            yield "ConfigMap", (source.get("configMapKeyRef") or {}).get("name", "")
            yield "Secret", (source.get("secretKeyRef") or {}).get("name", "")
    for volume in spec.get("volumes") or ():
        yield "ConfigMap", (volume.get("configMap") or {}).get("name", "")
        yield "Secret", (volume.get("secret") or {}).get("secretName", "")
