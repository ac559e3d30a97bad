"""Makes plans: renders, reads helm's record and the live objects in parallel, and asks the API server by dry runs.

Nothing is changed. An object whose manifest stays as it is and whose live fields are the manifest's costs one read; the
others cost a read and a dry run, sent the way the helm of the run will send them (core/plan, core/merge_patch).
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wizard.core.errors import Exit, Problem
from wizard.core.helm import plan, upgrade_values
from wizard.core.helm.plan import ObjectPlan, Plan, Refusal
from wizard.core.helm.release import ReleaseRecord
from wizard.core.helm.revision import DEPLOYED, Head, installed
from wizard.core.kube import merge_patch
from wizard.core.kube.objects import Object
from wizard.core.rules import manifests
from wizard.core.target import Target
from wizard.core.text import masking
from wizard.engine import cluster_identity
from wizard.engine.release import records
from wizard.ports.charts import Chart
from wizard.ports.cluster import Cluster, ClusterError
from wizard.ports.documents import Documents
from wizard.ports.helm import Helm, HelmInfo

_TESTS: Final = frozenset({"test", "test-success", "test-failure"})
_UNKNOWN: Final = frozenset({"forbidden", "slow", "unavailable", "refused", "dns", "tls", "expired", "unauthorized"})
_BAD_APPLY: Final = "failed to create typed patch object"
"""How a server-side apply is refused for a field that is in no schema: with status 500, though it is no fault of the server."""
_EVENTS: Final[Mapping[str, frozenset[str]]] = {
    "install": frozenset({"pre-install", "post-install"}),
    "upgrade": frozenset({"pre-upgrade", "post-upgrade"}),
    "rollback": frozenset({"pre-rollback", "post-rollback"}),
}
_MANY: Final = 4
"""From so many objects of a kind on one list is asked for instead of each."""
_CONNECTIONS: Final = 30
"""Opened while helm renders: each takes some round trips, and what changed is asked of the API server at once."""
_MADE_BY_HELM: Final = "app.kubernetes.io/managed-by=Helm"
Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class Planned:
    """A plan and what was rendered for it. The objects may hold secrets: they stay inside the engine."""

    plan: Plan
    objects: tuple[Object, ...] = field(repr=False)
    redact: Any = field(repr=False)


@dataclass(frozen=True)
class PlannedRollback:
    """The plan of a roll-back, where it goes, and the record of the newest revision."""

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


async def of_values(
    cluster: Cluster, helm: Helm, documents: Documents, target: Target, chart: Chart, values_text: str
) -> Planned:
    """What an install or upgrade with these values would do.

    Raises:
        Problem: the chart does not render, helm's record cannot be seen or read, or the cluster does not answer.
    """
    served = asyncio.ensure_future(_served(cluster))
    ahead = asyncio.ensure_future(records.deployed(cluster, target))
    try:
        info, known = await asyncio.gather(helm.info(), records.heads(cluster, target))
    except BaseException:
        served.cancel()
        ahead.cancel()
        raise
    rendering = asyncio.ensure_future(_render(served, helm, target, chart, values_text, upgrade=_is_installed(known)))
    try:
        base = await _base(cluster, target, known, ahead)
        _same_chart(base, chart, target)
        world = _World(cluster, target, os.path.basename(info.path), _method(info, base, fresh=base is None))  # noqa: PTH119 - helm takes the name it was called by, links not followed
        there = _Live(world)
        stored = _objects(documents, base.manifest if base else "")
        there.ask_installed(stored)
        opening = asyncio.ensure_future(cluster.connect(min(len(stored), _CONNECTIONS)))
        try:
            text = await rendering
        finally:
            opening.cancel()
    finally:
        rendering.cancel()
        ahead.cancel()
    wanted = plan.objects_of(documents.load_all(text, "helm template"))
    wanted = tuple(one for one in wanted if not _TESTS.intersection(plan.hook_events(one)))
    operation = "upgrade" if base else "install"
    inputs = hashlib.sha256(f"{chart.path}\n{chart.version}\n{target}\n{values_text}".encode()).hexdigest()[:16]
    redact = masking.known_secrets(
        [documents.load(values_text, "values") or {}, base.config if base else {}], (*wanted, *stored)
    )
    back = _downgrade(base, chart.version)
    made = Plan(
        operation, target.context, target.namespace, target.release, base.revision if base else 0,
        known[-1].revision if known else 0, (), f"{chart.name}-{chart.version}", world.method,
        _hooks(wanted, operation), inputs=inputs, rendered=plan.digest(wanted), warnings=tuple(filter(None, (back,))), downgrade=back,
    )  # fmt: skip
    return await _finished(world, there, made, stored, wanted, redact)


async def of_rollback(
    cluster: Cluster, helm: Helm, documents: Documents, target: Target, revision: int
) -> PlannedRollback:
    """What a roll-back to a stored revision would do (0: to the last good one); nothing is rendered.

    Raises:
        Problem: there is no such revision, nothing to roll back to, or helm's record cannot be seen or read.
    """
    info, known = await asyncio.gather(helm.info(), records.require_heads(cluster, target))
    revision = await wanted_revision(cluster, target, known, revision)
    current, chosen = await asyncio.gather(
        records.read(cluster, target, known[-1].revision), records.read(cluster, target, revision)
    )
    method = _method(info, chosen)
    force = method == "apply" and current.apply_method != "ssa"  # helm then takes over what it wrote the other way
    world = _World(cluster, target, os.path.basename(info.path), method, force)  # noqa: PTH119 - as above
    there = _Live(world)
    stored = _objects(documents, current.manifest) if _is_installed(known) else ()
    wanted = _objects(documents, chosen.manifest)
    there.ask_installed(stored)
    hooks = tuple(
        f"{one.kind}/{one.name} ({', '.join(one.events)})"
        for one in chosen.hooks
        if _EVENTS["rollback"].intersection(one.events)
    )
    made = Plan(
        "rollback", target.context, target.namespace, target.release, current.revision, known[-1].revision, (),
        f"{chosen.chart}-{chosen.chart_version}", method, hooks, inputs=f"revision {revision}",
        rendered=plan.digest(wanted),
    )  # fmt: skip
    redact = masking.known_secrets([current.config, chosen.config], (*wanted, *stored))
    planned = await _finished(world, there, made, stored, wanted, redact)
    return PlannedRollback(planned.plan, revision, current)


async def tried(
    cluster: Cluster, info: HelmInfo, documents: Documents, target: Target, objects: Sequence[Object]
) -> tuple[ObjectPlan, ...]:
    """The plans of rendered objects on the release that runs, for a check; raises Problem as `of_values` does."""
    known = await records.heads(cluster, target)
    base = await _base(cluster, target, known, records.deployed(cluster, target))
    world = _World(cluster, target, os.path.basename(info.path), _method(info, base, fresh=base is None))  # noqa: PTH119 - as above
    there, space = _Live(world), target.namespace
    old = {plan.identity(one, space): one for one in _objects(documents, base.manifest if base else "")}
    try:
        plans = await asyncio.gather(
            *(
                _one(world, there, old.get(plan.identity(one, space)), one, missing=False)
                for one in objects
                if not plan.hook_events(one)
            )
        )
    finally:
        await there.close()
    return tuple(plans)


async def wanted_revision(cluster: Cluster, target: Target, known: Sequence[Head], revision: int) -> int:
    """The revision that a roll-back goes to: the given one, or the last good one.

    Raises:
        Problem: it is not kept, is what runs already, or there is none.
    """
    kept = [one.revision for one in known]
    if not revision:
        good = await records.last_good(cluster, target, known)
        if not good:
            raise Problem(
                f"There is nothing to roll {target.release} back to: revision {kept[-1]} is the only good one."
                if known[-1].status == DEPLOYED
                else f"There is nothing to roll {target.release} back to: no revision before {kept[-1]} was good.",
                "Correct the values and run upgrade, or uninstall (it lists first what is kept).",
            )
        return good
    if revision not in kept:
        raise Problem(
            f"{target.release} has no revision {revision}.", f"Revisions that are kept: {', '.join(map(str, kept))}."
        )
    if revision == kept[-1] and known[-1].status == DEPLOYED:
        raise Problem(
            f"Revision {revision} is the one that runs.", f"Choose another of {', '.join(map(str, kept[:-1]))}."
        )
    return revision


def _is_installed(known: Sequence[Head]) -> bool:
    return bool(known) and installed(known[-1].revision, known[-1].status)


async def _base(
    cluster: Cluster, target: Target, known: Sequence[Head], ahead: Awaitable[ReleaseRecord | None]
) -> ReleaseRecord | None:
    """The revision that helm starts an upgrade from: the newest deployed one, else the newest; None for an install.

    `ahead`: the record that was deployed when it was asked for, which is most often the one.
    """
    if not _is_installed(known):
        return None
    deployed = [head.revision for head in known if head.status == DEPLOYED]
    number = deployed[-1] if deployed else known[-1].revision
    found = await ahead
    return found if found and found.revision == number else await records.read(cluster, target, number)


def _method(info: HelmInfo, record: ReleaseRecord | None, *, fresh: bool = False) -> str:
    """How helm writes: helm 3 always patches; helm 4 goes on as the release was made, and applies new ones."""
    if info.major < 4:
        return "patch"
    return "apply" if fresh or (record and record.apply_method == "ssa") else "patch"


async def _served(cluster: Cluster) -> tuple[str, tuple[str, ...]]:
    """(version, API versions and kinds beyond Kubernetes' own), which charts ask for as Capabilities."""
    try:
        version, served = await asyncio.gather(cluster.version(), cluster.resources())
    except ClusterError as error:
        raise Problem(error.message, "Retry when the cluster answers; nothing was changed.", Exit.UNKNOWN) from error
    custom = {one.api_version: None for one in served if not merge_patch.is_builtin({"apiVersion": one.api_version})}
    custom |= {f"{one.api_version}/{one.kind}": None for one in served if one.api_version in custom}
    return version.get("gitVersion", ""), tuple(custom)


async def _render(
    served: Awaitable[tuple[str, tuple[str, ...]]], helm: Helm, target: Target, chart: Chart, values_text: str, *,
    upgrade: bool,
) -> str:  # fmt: skip
    version, custom = await served
    return await helm.render(
        target, chart.path, values_text, kube_version=version, api_versions=custom, upgrade=upgrade
    )


def _objects(documents: Documents, text: str) -> tuple[dict[str, Any], ...]:
    return plan.objects_of(documents.load_all(text, "the stored manifest")) if text else ()


def _same_chart(base: ReleaseRecord | None, chart: Chart, target: Target) -> None:
    if base and base.chart and base.chart != chart.name:
        raise Problem(
            f"{target.release} in namespace {target.namespace} is a release of another chart: {base.chart} "
            f"{base.chart_version}, not {chart.name}.",
            "Take another release name with --release, or name its chart with --chart.",
            question="release",
        )


def _downgrade(base: ReleaseRecord | None, version: str) -> str:
    if base and upgrade_values.is_downgrade(base.chart_version, version):
        return f"this takes the chart back from {base.chart_version} to {version}"
    return ""


def _hooks(wanted: Iterable[Object], operation: str) -> tuple[str, ...]:
    mine = {
        manifests.label(one): [event for event in plan.hook_events(one) if event in _EVENTS[operation]]
        for one in wanted
    }
    return tuple(f"{label} ({', '.join(events)})" for label, events in mine.items() if events)


class _Live:
    """The live objects, each read once, from the moment that it is known to be needed."""

    def __init__(self, world: _World) -> None:
        self._world = world
        self._tasks: dict[Key, asyncio.Task[Object | ClusterError | None]] = {}
        self._lists: list[asyncio.Task[dict[str, Object]]] = []

    def ask(self, objects: Iterable[Object]) -> None:
        """Start reading, one by one."""
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
        """What helm made of a kind, by name: it labels every object. Nothing when it may not be listed."""
        try:
            found = await self._world.cluster.list(
                kind, namespace, labels=_MADE_BY_HELM, api_version=version, sealed=True
            )
        except ClusterError:
            return {}
        return {str(obj["metadata"]["name"]): obj for obj in found}

    async def _listed(
        self, obj: Object, key: Key, listing: asyncio.Future[dict[str, Object]]
    ) -> Object | ClusterError | None:
        found = (await asyncio.shield(listing)).get(key[3])
        return found if found is not None else await self._read(obj, key)

    async def of(self, obj: Object) -> Object | ClusterError | None:
        """The live object, None when there is none, or why it cannot be had."""
        self.ask([obj])
        return await self._tasks[plan.identity(obj, self._world.target.namespace)]

    async def seen(self) -> list[Object]:
        """Every live object that could be read so far."""
        found = await asyncio.gather(*self._tasks.values())
        return [one for one in found if one is not None and not isinstance(one, ClusterError)]

    async def _read(self, obj: Object, key: Key) -> Object | ClusterError | None:
        _, kind, namespace, name = key
        try:
            return await self._world.cluster.get(kind, name, namespace, str(obj.get("apiVersion", "")), sealed=True)
        except ClusterError as error:
            return None if error.kind == "not-found" and error.body is not None else error

    async def close(self) -> None:
        """Nothing more is read."""
        tasks = (*self._tasks.values(), *self._lists)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _finished(
    world: _World, there: _Live, made: Plan, stored: Sequence[Object], wanted: Sequence[Object], redact: Any
) -> Planned:
    space = world.target.namespace
    wanted = tuple(one for one in wanted if not plan.hook_events(one))
    there.ask(wanted)
    old = {plan.identity(one, space): one for one in stored if not plan.hook_events(one)}
    keys = {plan.identity(one, space) for one in wanted}
    uid_asked = asyncio.ensure_future(cluster_identity.uid(world.cluster))
    try:
        missing = made.base == 0 and await _namespace_missing(world)
        plans = await asyncio.gather(
            *(_one(world, there, old.get(plan.identity(one, space)), one, missing=missing) for one in wanted),
            *(_gone(world, there, one) for key, one in old.items() if key not in keys),
        )
        owner = upgrade_values.owner(await there.seen())
        uid = await uid_asked
    finally:
        uid_asked.cancel()
        await there.close()
    objects = plan.sort(plan.with_stale(plans, _readers(wanted)))
    unseen = tuple(dict.fromkeys(one.note for one in plans if one.change == "unknown"))
    if missing:
        unseen = (
            f"namespace {space} is not there yet: what the API server says to these objects is checked once it is",
        )
    whole = plan.redacted(
        replace(made, objects=objects, unseen=unseen, owner=str(owner or ""), cluster_uid=uid), redact
    )
    return Planned(whole, tuple(wanted), redact)


async def _namespace_missing(world: _World) -> bool:
    try:
        await world.cluster.get("Namespace", world.target.namespace)
    except ClusterError as error:
        return error.kind == "not-found"
    return False


async def _one(world: _World, there: _Live, old: Object | None, new: Object, *, missing: bool) -> ObjectPlan:
    """An object that is rendered next."""
    space = world.target.namespace
    if missing:
        return plan.simple(new, space, "created")
    sent = plan.with_owner(new, world.target.release, space)
    applied = None
    if world.method == "apply" and old is not None and old != new:  # what is there does not change what is sent
        applied = asyncio.ensure_future(_apply(world, sent))
    try:
        live = await there.of(new)
        return await _compared(world, live, (old, new, sent), applied)
    finally:
        if applied:
            applied.cancel()
            applied.add_done_callback(lambda done: done.cancelled() or done.exception())  # it was nobody's concern


async def _compared(
    world: _World, live: Object | ClusterError | None, sides: tuple[Object | None, Object, Object],
    applied: asyncio.Future[Object] | None,
) -> ObjectPlan:  # fmt: skip
    old, new, sent = sides
    space = world.target.namespace
    if isinstance(live, ClusterError):
        return _trouble(new, space, live)
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
        return _trouble(new, world.target.namespace, error)
    return plan.simple(new, world.target.namespace, "created", note=note)


async def _updated(
    world: _World, sides: tuple[Object | None, Object, Object], drifted: tuple[plan.Field, ...],
    applied: asyncio.Future[Object] | None,
) -> ObjectPlan:  # fmt: skip
    old, sent, live = sides
    space = world.target.namespace
    _, _, namespace, _ = plan.identity(sent, space)
    try:
        if world.method == "apply":
            after = await (applied or _apply(world, sent))
        else:
            # A Secret's live values are sealed, so its new ones are always sent; that merges to the same.
            patch = merge_patch.patch(old, sent, live)
            if not patch:
                return plan.simple(sent, space, "unchanged", drifted=drifted)
            after = await world.cluster.try_patch(sent, patch, namespace, manager=world.manager)
    except ClusterError as error:
        return replace(_trouble(sent, space, error), drift=drifted)
    return plan.updated(sent, live, after, drifted, space)


async def _apply(world: _World, sent: Object) -> Object:
    _, _, namespace, _ = plan.identity(sent, world.target.namespace)
    return await world.cluster.try_apply(sent, namespace, manager=world.manager, force=world.force)


async def _gone(world: _World, there: _Live, old: Object) -> ObjectPlan:
    """An object of the revision that runs that is not rendered any more."""
    space = world.target.namespace
    live = await there.of(old)
    if isinstance(live, ClusterError):
        return _trouble(old, space, live)
    if live is None:
        return plan.simple(old, space, "unchanged", note="it is gone already")
    if plan.is_kept(live):
        return plan.simple(old, space, "kept", note="helm.sh/resource-policy: keep")
    return plan.simple(old, space, "removed", drifted=plan.drift(masking.sealed(old), live))


def _trouble(obj: Object, namespace: str, error: ClusterError) -> ObjectPlan:
    if error.kind in _UNKNOWN and _BAD_APPLY not in error.message:
        settle = f" (needs {error.permission})" if error.permission else ""
        return plan.simple(obj, namespace, "unknown", note=f"{error.message.rstrip('.')}{settle}")
    causes = ((error.body or {}).get("details") or {}).get("causes") or ()
    found = tuple(
        Refusal(str(one.get("field") or ""), str(one.get("message") or one.get("reason") or ""))
        for one in causes
        if one.get("field") or one.get("message")
    )
    return plan.simple(obj, namespace, "refused", refusals=found or (Refusal("", error.message),))


def _readers(objects: Iterable[Object]) -> dict[tuple[str, str], list[str]]:
    """(kind, name) of each ConfigMap and Secret -> the workloads whose pods read it at their start."""
    found: dict[tuple[str, str], list[str]] = {}
    for owner, spec in manifests.pods(objects):
        for kind, name in _read_by(spec):
            users = found.setdefault((kind, name), [])
            if owner not in users:
                users.append(owner)
    return found


def _read_by(spec: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for container in (*(spec.get("initContainers") or ()), *(spec.get("containers") or ())):
        for one in container.get("envFrom") or ():
            yield "ConfigMap", (one.get("configMapRef") or {}).get("name", "")
            yield "Secret", (one.get("secretRef") or {}).get("name", "")
        for one in container.get("env") or ():
            source = one.get("valueFrom") or {}
            yield "ConfigMap", (source.get("configMapKeyRef") or {}).get("name", "")
            yield "Secret", (source.get("secretKeyRef") or {}).get("name", "")
    for one in spec.get("volumes") or ():
        yield "ConfigMap", (one.get("configMap") or {}).get("name", "")
        yield "Secret", (one.get("secret") or {}).get("secretName", "")
