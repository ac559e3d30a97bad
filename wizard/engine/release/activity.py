"""Whether anybody still works on a stuck release: checked, never assumed."""

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
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.core.text.time import parse_time
from wizard.engine.release import listing, records
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster
from wizard.ports.store import RunStore

WINDOW_SECONDS: Final = 2.0
"""How long release and objects are watched for a change."""
OLD: Final = timedelta(minutes=10)
"""helm's own timeout is 5 minutes and ours 10: a helm that wrote longer ago than that has given up."""
_CLOCK_SLACK: Final = timedelta(seconds=2)
"""Helm's record has whole seconds, a run's start has milliseconds."""
_UNCONTROLLED: Final = ("ConfigMap", "Secret", "ServiceAccount", "Role", "RoleBinding")
"""Kinds that no controller writes: any change counts. Of other kinds a change of the specification counts (generation)."""


@dataclass(frozen=True)
class ActivityCheck:
    """The result of a check. `idle_because` is why it is certain that nobody is at work; "" when it is not certain."""

    idle_because: str
    checked: tuple[str, ...]
    """What was checked without finding anybody, as sentences."""
    young: bool
    """Whether the revision was made, or its record written, so recently that a helm elsewhere could still be waiting."""
    author: str = ""
    """Who made the revision, as far as it is known."""


async def check(
    cluster: Cluster,
    target: Target,
    head: Head,
    begun: str,
    wanted: Sequence[tuple[str, str, str]],
    runs: RunStore,
    clock: Clock,
    window: float = WINDOW_SECONDS,
) -> ActivityCheck:
    """Check whether anybody still works on the release.

    `begun` is the time of the revision by its own record; `wanted` are kind, name and apiVersion of its objects; `window`
    is for how many seconds both are watched.

    Raises:
        Problem: somebody is at work on the release; nothing was changed.
    """
    checked = []
    summaries = runs.runs()
    for run in summaries:
        if run.state in ("running", "hung", "orphaned") and same(run.target, target):
            raise busy(target, f"run {run.id} of this machine ({run.operation}, since {run.started})", f"runs {run.id}")
    checked.append("no run of this machine is at work on it")
    if pids := runs.helms(target):
        raise busy(target, f"helm itself, on this machine: {', '.join(f'process {pid}' for pid in pids)}")
    checked.append("no helm of this machine works on it")
    checked.append(await _lease(cluster, target, clock))
    before = await _stamps(cluster, target, head, wanted)
    await asyncio.sleep(window)
    if changed := sorted(
        key for key, stamp in (await _stamps(cluster, target, head, wanted)).items() if before.get(key) != stamp
    ):
        raise busy(target, f"somebody: {', '.join(changed[:5])} changed within {window:.0f} seconds")
    checked.append(f"nothing of it changed within {window:.0f} seconds")
    ahead = await records.server_ahead(cluster, clock.now)
    old = min(
        revision.age(clock.now() + ahead, head.times.created, head.times.written), revision.age(clock.now(), begun)
    )
    made = _maker(head, begun, ahead, [run for run in summaries if same(run.target, target)])
    if made:
        author = f"{made.who or 'somebody here'} (run {made.id})"
        proof = f"run {made.id} of this machine made it, and its helm has ended"
        return ActivityCheck(proof, tuple(checked), old < OLD, author)
    if old < OLD:
        return ActivityCheck("", tuple(checked), young=True)
    minutes = int(old.total_seconds() // 60)
    return ActivityCheck(
        f"helm wrote it {minutes} minutes ago and waits no longer than that", tuple(checked), young=False
    )


def same(first: Target, second: Target) -> bool:
    """Whether two targets are one release."""
    return (first.context, first.namespace, first.release) == (second.context, second.namespace, second.release)


def busy(target: Target, who: str, watch: str = "") -> Problem:
    """The problem that somebody works on the release."""
    step = f"Watch it with {watch}." if watch else "Wait until that has ended, then look again."
    return Problem(f"At work on {target.release}: {who}. Nothing was changed.", step, Exit.REFUSED)


async def _lease(cluster: Cluster, target: Target, clock: Clock) -> str:
    try:
        live = await cluster.get("Lease", lease.name(target.release), target.namespace)
    except ClusterError as error:
        if error.kind == "not-found":
            return "no wizard of another machine holds its Lease"
        return f"whether a wizard of another machine is at work is hidden: {error.message}"
    if holder := lease.holder(live, clock.now()):
        raise busy(target, f"a wizard of {lease.words(holder)}")
    return f"its Lease ran out; {lease.words(str((live.get('spec') or {}).get('holderIdentity') or 'nobody'))} held it"


async def _stamps(
    cluster: Cluster, target: Target, head: Head, wanted: Sequence[tuple[str, str, str]]
) -> dict[str, str]:
    kind = listing.record_kind() or "Secret"
    listed = await cluster.list(kind, target.namespace, labels=f"owner=helm,name={target.release}", metadata_only=True)
    stamps = {
        f"record {record['metadata']['name']}": str(record["metadata"].get("resourceVersion")) for record in listed
    }
    live = await asyncio.gather(*(_stamp(cluster, target, *key) for key in wanted))
    return stamps | {f"{kind}/{name}": stamp for (kind, name, _), stamp in zip(wanted, live, strict=True)}


async def _stamp(cluster: Cluster, target: Target, kind: str, name: str, version: str) -> str:
    try:
        obj: Object = await cluster.get(kind, name, target.namespace, version)
    except ClusterError as error:
        return error.kind
    meta = obj["metadata"]
    return f"{meta.get('uid')} {meta.get('resourceVersion') if kind in _UNCONTROLLED else meta.get('generation', '')}"


def _maker(head: Head, begun: str, ahead: timedelta, runs: Iterable[RunSummary]) -> RunSummary | None:
    """The run of this machine that made a revision: the last one that was at work when the revision began.

    Both times of the revision must lie within the run: that of its record (`begun`, by the clock of the machine that ran
    helm) and that of its storage object (by the clock of the API server, which is `ahead` of ours). A run with an unknown
    end lasted no longer than OLD.
    """
    created, recorded = parse_time(head.times.created), parse_time(begun)
    if created is None or recorded is None:
        return None
    times = (created - ahead, recorded)
    near = [run for run in runs if _leaves(run, head.status) and all(_at_work(run, moment) for moment in times)]
    return max(near, key=lambda run: run.started, default=None)


def _leaves(run: RunSummary, status: str) -> bool:
    """Whether a run's helm could leave a release so; after a failure each may roll back."""
    return status in (f"pending-{run.operation}", "pending-rollback")


def _at_work(run: RunSummary, when: datetime) -> bool:
    began = parse_time(run.started)
    ended = parse_time(run.ended) or (began and began + OLD)
    return bool(began and ended and began - _CLOCK_SLACK <= when <= ended)
