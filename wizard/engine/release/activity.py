"""Whether anybody still works on a release that is stuck: looked for, never assumed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from wizard.core.errors import Exit, Problem
from wizard.core.helm import revision
from wizard.core.helm.revision import Head
from wizard.core.kube import lease
from wizard.core.kube.objects import Object
from wizard.core.target import Target
from wizard.core.text.time import parse_time
from wizard.engine.release import listing, records
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster, ClusterError
from wizard.ports.store import RunStore, RunSummary

WINDOW_SECONDS: Final = 2.0
"""How long release and objects are watched for a change."""
OLD: Final = timedelta(minutes=10)
"""helm's own time limit is 5 minutes and ours 10: what it wrote longer ago than that it has given up."""
_CLOCKS: Final = timedelta(seconds=2)
"""Helm's record has whole seconds, a run's start has milliseconds."""
_QUIET: Final = ("ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding")
"""Kinds that no controller writes: any change of one is somebody's. Of others what is asked for counts (generation)."""


@dataclass(frozen=True)
class Proof:
    """What was found out. `nobody` is why it is certain that nobody is at work; "" when it is not certain."""

    nobody: str
    told: tuple[str, ...]
    young: bool
    """Whether the revision was made, or its record written, so lately that a helm elsewhere could still be waiting."""
    who: str = ""
    """Who made the revision, as far as it is known."""


async def look(
    cluster: Cluster,
    target: Target,
    head: Head,
    begun: str,
    wanted: Sequence[tuple[str, str, str]],
    runs: RunStore,
    clock: Clock,
    window: float = WINDOW_SECONDS,
) -> Proof:
    """Look for a writer.

    `begun` is when the revision was by its own record; `wanted` are kind, name and apiVersion of its objects; `window` is
    for how many seconds both are watched.

    Raises:
        Problem: somebody is at work on the release; nothing was changed.
    """
    told = []
    summaries = runs.runs()
    for run in summaries:
        if run.state in ("running", "hung", "orphaned") and same(run.target, target):
            raise busy(target, f"run {run.id} of this machine ({run.operation}, since {run.started})", f"runs {run.id}")
    told.append("no run of this machine is at work on it")
    if here := runs.helms(target):
        raise busy(target, f"helm itself, on this machine: {', '.join(f'process {pid}' for pid in here)}")
    told.append("no helm of this machine has it in hand")
    told.append(await _lease(cluster, target, clock))
    before = await _stamps(cluster, target, head, wanted)
    await asyncio.sleep(window)
    if changed := sorted(
        key for key, stamp in (await _stamps(cluster, target, head, wanted)).items() if before.get(key) != stamp
    ):
        raise busy(target, f"somebody: {', '.join(changed[:5])} changed within {window:.0f} seconds")
    told.append(f"nothing of it changed within {window:.0f} seconds")
    ahead = await records.server_ahead(cluster, clock.now)
    old = min(
        revision.age(clock.now() + ahead, head.times.created, head.times.written), revision.age(clock.now(), begun)
    )
    made = _maker(head, begun, ahead, [run for run in summaries if same(run.target, target)])
    if made:
        who = f"{made.who or 'somebody here'} (run {made.id})"
        proof = f"run {made.id} of this machine made it, and its helm has ended"
        return Proof(proof, tuple(told), old < OLD, who)
    if old < OLD:
        return Proof("", tuple(told), young=True)
    minutes = int(old.total_seconds() // 60)
    return Proof(f"helm wrote it {minutes} minutes ago and waits no longer than that", tuple(told), young=False)


def same(one: Target, other: Target) -> bool:
    """Whether two targets are one release."""
    return (one.context, one.namespace, one.release) == (other.context, other.namespace, other.release)


def busy(target: Target, who: str, watch: str = "") -> Problem:
    """Somebody works on it."""
    step = f"Watch it with {watch}." if watch else "Wait until that has ended, then look again."
    return Problem(f"At work on {target.release}: {who}. Nothing was changed.", step, Exit.REFUSED)


async def _lease(cluster: Cluster, target: Target, clock: Clock) -> str:
    try:
        found = await cluster.get("Lease", lease.name(target.release), target.namespace)
    except ClusterError as error:
        if error.kind == "not-found":
            return "no wizard of another machine holds its Lease"
        return f"whether a wizard of another machine is at work is hidden: {error.message}"
    if holder := lease.holder(found, clock.now()):
        raise busy(target, f"a wizard of {lease.words(holder)}")
    return f"its Lease ran out; {lease.words(str((found.get('spec') or {}).get('holderIdentity') or 'nobody'))} had it"


async def _stamps(
    cluster: Cluster, target: Target, head: Head, wanted: Sequence[tuple[str, str, str]]
) -> dict[str, str]:
    kind = listing.record_kind() or "Secret"
    listed = await cluster.list(kind, target.namespace, labels=f"owner=helm,name={target.release}", metadata_only=True)
    stamps = {f"record {one['metadata']['name']}": str(one["metadata"].get("resourceVersion")) for one in listed}
    found = await asyncio.gather(*(_stamp(cluster, target, *one) for one in wanted))
    return stamps | {f"{one[0]}/{one[1]}": stamp for one, stamp in zip(wanted, found, strict=True)}


async def _stamp(cluster: Cluster, target: Target, kind: str, name: str, version: str) -> str:
    try:
        obj: Object = await cluster.get(kind, name, target.namespace, version)
    except ClusterError as error:
        return error.kind
    meta = obj["metadata"]
    return f"{meta.get('uid')} {meta.get('resourceVersion') if kind in _QUIET else meta.get('generation', '')}"


def _maker(head: Head, begun: str, ahead: timedelta, runs: Iterable[RunSummary]) -> RunSummary | None:
    """The run of this machine that made a revision: it began while the last such run was at work on the same.

    Both its record (`begun`, by the clock of the machine that ran helm) and its storage object have to say so; the clock
    of the API server is `ahead` of ours. A run whose end is not known had no longer than OLD. What was begun after a run's
    end is somebody else's.
    """
    created, said = parse_time(head.times.created), parse_time(begun)
    if created is None or said is None:
        return None
    when = (created - ahead, said)
    near = [one for one in runs if _does(one, head.status) and all(_at_work(one, moment) for moment in when)]
    return max(near, key=lambda one: one.started, default=None)


def _does(run: RunSummary, status: str) -> bool:
    """Whether a run's helm could leave a release so; after a failure each may roll back."""
    return status in (f"pending-{run.operation}", "pending-rollback")


def _at_work(run: RunSummary, when: datetime) -> bool:
    began = parse_time(run.started)
    ended = parse_time(run.ended) or (began and began + OLD)
    return bool(began and ended and began - _CLOCKS <= when <= ended)
