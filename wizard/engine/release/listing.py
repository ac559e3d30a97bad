"""Releases in sight, without downloading their bodies, and without rights to Secrets if need be.

Helm's own records carry name, revision, status and time as labels, so a metadata-only list is enough. A person who may
not list Secrets (the stock `view` role) still sees releases by what helm writes on their workloads.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from wizard.core.errors import Exit, Problem
from wizard.core.helm import revision
from wizard.core.helm.revision import Head
from wizard.core.kube import patience, status
from wizard.core.kube.objects import KINDS, Object
from wizard.core.rules.check import Unknown
from wizard.core.rules.finding import Finding
from wizard.core.rules.ranking import diagnose
from wizard.core.rules.snapshot import Snapshot
from wizard.core.rules.verdict import release_verdict
from wizard.core.target import DEFAULT_RELEASE, NAMESPACES, Target
from wizard.ports.cluster import Cluster, ClusterError

CHART: Final = "llm-cost-ops"
_RECORDS: Final[Mapping[str, str]] = {"": "Secret", "secret": "Secret", "secrets": "Secret"} | {
    "configmap": "ConfigMap",
    "configmaps": "ConfigMap",
}
"""HELM_DRIVER -> the kind that holds helm's records; others (sql, memory) are out of our sight."""
_BY_HELM: Final = "app.kubernetes.io/managed-by=Helm"
_NAME, _SPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_BELOW: Final = ("ReplicaSet", "Pod")

_IN_USE: Final = "helm cannot re-use a name that is still in use"
Asked = Literal["install", "upgrade", "either"]
"""What somebody wants done to a release: helm's install, its upgrade, or its `upgrade --install`."""


@dataclass(frozen=True)
class ReleaseRow:
    """One release. `helm_status` is "" when it is hidden from this person.

    `updated` is when its newest revision was begun, as in helm's own list; where that is hidden, when its first workload
    was made. RFC 3339.
    """

    name: str
    namespace: str
    chart: str = ""
    app_version: str = ""
    revision: int = 0
    helm_status: str = ""
    updated: str = ""
    ready: int = 0
    total: int = 0
    verdict: str = "unknown"
    worst: str = ""


@dataclass(frozen=True)
class ReleasesView:
    """What was found, where was looked, and what could not be seen."""

    rows: tuple[ReleaseRow, ...]
    looked_in: str
    hidden: str = ""


@dataclass(frozen=True)
class ReleaseState:
    """The newest revision of one release; revision 0 and status "" mean there is none. `since` it has its status, RFC 3339."""

    revision: int = 0
    status: str = ""
    since: str = ""


class Unfit(Problem):
    """What was asked for does not go with what is there: helm would refuse it, too."""


def record_kind() -> str | None:
    """The kind that holds helm's records in this environment; None when they are not in the cluster."""
    return _RECORDS.get(os.environ.get("HELM_DRIVER", "").lower())


# One release


async def records(cluster: Cluster, namespace: str) -> Mapping[str, ReleaseState] | Unknown:
    """The newest record of every release of a namespace, by name."""
    kind = record_kind()
    if kind is None:
        return Unknown(f"helm keeps its records outside of the cluster (HELM_DRIVER={os.environ['HELM_DRIVER']})")
    try:
        found = await cluster.list(kind, namespace, labels="owner=helm", metadata_only=True)
    except ClusterError as error:
        return Unknown(error.message.rstrip("."), error.permission)
    return {one.release: ReleaseState(one.revision, one.status, one.times.since(one.status)) for one in _newest(found)}


async def state(cluster: Cluster, target: Target) -> ReleaseState | Unknown:
    """The state of the target's release."""
    known = await records(cluster, target.namespace)
    return known if isinstance(known, Unknown) else known.get(target.release, ReleaseState())


async def operation(cluster: Cluster, target: Target, asked: Asked = "either") -> Literal["install", "upgrade"]:
    """Install or upgrade, by the state of the release.

    Raises:
        Unfit: an install of a release that is there, or an upgrade of one that is not.
        Problem: it is pending, or cannot be known.
    """
    known = await _fit(cluster, target, asked)
    return "upgrade" if revision.installed(known.revision, known.status) else "install"


async def over_history(cluster: Cluster, target: Target) -> bool:
    """Whether an install, right now, goes over the kept history of a release that was uninstalled.

    Raises:
        Problem: the release is there, or cannot be known.
    """
    known = await _fit(cluster, target, "either")
    if revision.installed(known.revision, known.status):
        raise Unfit(*_taken(known, target), question="release")
    return known.revision > 0


async def _fit(cluster: Cluster, target: Target, asked: Asked) -> ReleaseState:
    """The state of a release with which helm would do what is asked; raises Problem as `operation` does."""
    known = await state(cluster, target)
    if isinstance(known, Unknown):
        settle = f"To settle it: {known.permission}." if known.permission else "Retry when it answers."
        raise Problem(f"Whether release {target.release} exists is not known: {known.reason}.", settle, Exit.UNKNOWN)
    if refusal := refused(known, target):
        raise (Unfit if asked == "install" else Problem)(*refusal, question="release")
    if unfit := _unfit(known, target, asked):
        raise Unfit(*unfit, question="release")
    return known


def refused(known: ReleaseState, target: Target) -> tuple[str, str] | None:
    """Why helm would refuse this release, and what to do; None when it would not."""
    if known.status not in revision.PENDING:
        return None
    return (
        f"Release {target.release} is {known.status} ({_of(known)}): a helm works on it, or was killed at it.",
        f"Wait for that helm if it lives; if nobody works on it: {_ours('recover', target)}",
    )


def _unfit(known: ReleaseState, target: Target, asked: Asked) -> tuple[str, str] | None:
    """Why helm would refuse just this operation, in its words, and what to do."""
    if asked == "either":
        return None
    if revision.installed(known.revision, known.status):
        return _taken(known, target) if asked == "install" else None
    if known.revision:
        why = {"install": _IN_USE, "upgrade": "it has no deployed releases to upgrade"}[asked]
        return (
            f"Release {target.release} was uninstalled with its history kept ({_of(known)}): {why}. Nothing was changed.",
            f"Install it again with {_ours('upgrade --install', target)}, or bring back what ran with "
            f"{_ours('rollback', target)}.",
        )
    if asked == "install":
        return None
    return (
        f"There is no release {target.release} in namespace {target.namespace} to upgrade: it has no deployed releases. "
        "Nothing was changed.",
        f"Use install, or {_ours('upgrade --install', target)}; status shows where it is.",
    )


def _taken(known: ReleaseState, target: Target) -> tuple[str, str]:
    return (
        f"Release {target.release} is there already in namespace {target.namespace} ({known.status}, {_of(known)}): "
        f"{_IN_USE}. Nothing was changed.",
        f"Change it with {_ours('upgrade', target)}, or take another release name.",
    )


def _of(known: ReleaseState) -> str:
    return f"revision {known.revision}" + (f" since {known.since}" if known.since else "")


def _ours(command: str, target: Target) -> str:
    """One of our commands on a release, to paste."""
    context = f" --context {target.context}" if target.context else ""
    return f"llm-cost-ops-wizard {command} {target.release} -n {target.namespace}{context}"


def _newest(found: Iterable[Object]) -> list[Head]:
    """The newest revision of each release."""
    heads: dict[tuple[str, str], Head] = {}
    for one in filter(None, map(revision.head, found)):
        key = (one.namespace, one.release)
        if key not in heads or heads[key].revision < one.revision:
            heads[key] = one
    return list(heads.values())


# All in sight


async def find(cluster: Cluster, target: Target, home_namespace: str = "") -> AsyncIterator[ReleasesView]:
    """First what helm's records say, then with readiness, then with the cause of what is not ready.

    An empty target namespace means everywhere; where that is not allowed, `home_namespace` (the kubeconfig's) and the
    namespaces that the wizard offers. An empty release means all. Raises nothing: trouble is in `hidden`.
    """
    looked = await _look(cluster, target.namespace, home_namespace)
    rows = _joined(looked)
    wanted = tuple(one for one in rows if target.release in ("", one.name))
    view = ReleasesView(_ours_first(wanted), looked.where, looked.hidden)
    yield view
    if any(one.verdict not in ("ready", "unknown") for one in view.rows):
        explained = await asyncio.gather(*(_explain(cluster, one, looked.workloads) for one in view.rows))
        yield replace(view, rows=_ours_first(explained))


@dataclass(frozen=True)
class _Looked:
    records: tuple[Object, ...]
    workloads: tuple[Object, ...]
    where: str
    hidden: str


async def _look(cluster: Cluster, namespace: str, home_namespace: str) -> _Looked:
    whole = await _look_in(cluster, namespace)
    if namespace or not isinstance(whole, ClusterError):
        where = f"namespace {namespace}" if namespace else "all namespaces"
        return _Looked((), (), where, whole.message) if isinstance(whole, ClusterError) else replace(whole, where=where)
    if whole.kind != "forbidden":
        return _Looked((), (), "no namespace", whole.message)
    offered = dict.fromkeys(filter(None, (home_namespace, DEFAULT_RELEASE, *NAMESPACES.values())))
    found = dict(zip(offered, await asyncio.gather(*(_look_in(cluster, one) for one in offered)), strict=True))
    seen = {name: one for name, one in found.items() if isinstance(one, _Looked)}
    if not seen:
        return _Looked((), (), "no namespace", f"{whole.message} Name a namespace that you may see with -n.")
    hidden = dict.fromkeys(
        [one.hidden for one in seen.values() if one.hidden] + ["other namespaces are hidden from you"]
    )
    return _Looked(
        tuple(record for one in seen.values() for record in one.records),
        tuple(workload for one in seen.values() for workload in one.workloads),
        f"{'namespace' if len(seen) == 1 else 'namespaces'} {', '.join(seen)}",
        "; ".join(hidden),
    )


async def _look_in(cluster: Cluster, namespace: str) -> _Looked | ClusterError:
    """What one namespace (or all) shows; the error when it shows nothing at all."""
    kind = record_kind()
    asked = [cluster.list(one, namespace, labels=_BY_HELM) for one in _WORKLOADS]
    if kind:
        asked.insert(0, cluster.list(kind, namespace, labels="owner=helm", metadata_only=True))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    errors = [one for one in answers if isinstance(one, BaseException)]
    if strange := next((one for one in errors if not isinstance(one, ClusterError)), None):
        raise strange
    lists = [() if isinstance(one, BaseException) else one for one in answers]
    found, workloads = (lists[0], lists[1:]) if kind else ((), lists)
    failed = [one for one in errors if isinstance(one, ClusterError)]
    if len(failed) == len(asked):
        return failed[0]
    if not kind:
        hidden = f"helm's status: its records are outside of the cluster (HELM_DRIVER={os.environ['HELM_DRIVER']})"
    elif isinstance(answers[0], ClusterError):
        needs = answers[0].permission or f"list {kind.lower()}s"
        hidden = f"helm's status is hidden from you: needs {needs}"
    else:
        hidden = "; ".join(one.message for one in failed)
    return _Looked(found, tuple(one for many in workloads for one in many), "", hidden)


def _joined(looked: _Looked) -> tuple[ReleaseRow, ...]:
    """Records and workloads of the same release in one row."""
    rows = {
        (one.namespace, one.release): ReleaseRow(
            one.release, one.namespace, revision=one.revision, helm_status=one.status, updated=one.times.created
        )
        for one in _newest(looked.records)
    }
    by_release: dict[tuple[str, str], list[Object]] = {}
    for one in looked.workloads:
        if key := _release_of(one):
            by_release.setdefault(key, []).append(one)
    now = datetime.now(UTC)
    for key, members in by_release.items():
        row = rows.get(key) or ReleaseRow(key[1], key[0], updated=min(status.created(one) for one in members))
        rows[key] = _judged(row, members, (), now)
    return tuple(rows.values())


def _judged(row: ReleaseRow, workloads: Sequence[Object], below: Sequence[Object], now: datetime) -> ReleaseRow:
    objects = {
        one["metadata"].get("uid") or f"{one['kind']}/{one['metadata']['name']}": one for one in (*workloads, *below)
    }
    found = patience.judge(objects, now)
    judged = list(found.values())
    findings: tuple[Finding, ...] = ()
    if below:
        shown = {one["kind"] for one in objects.values()}
        findings = diagnose(Snapshot(objects, (), now, hidden=frozenset(KINDS) - shown - {*_WORKLOADS, *_BELOW}))
    verdict = release_verdict(judged, findings)
    tops = judged[: len(workloads)]
    labels = _labels(workloads)
    return replace(
        row,
        chart=labels.get("helm.sh/chart", row.chart),
        app_version=labels.get("app.kubernetes.io/version", row.app_version),
        ready=sum(one.status.state == "ready" for one in tops),
        total=len(tops),
        verdict=verdict.state,
        worst="" if verdict.state == "ready" else verdict.reason,
    )


def _labels(workloads: Sequence[Object]) -> Mapping[str, str]:
    """The labels of the release's own workload: the one whose chart is ours, else the first."""
    all_of_them: list[Mapping[str, str]] = [one["metadata"].get("labels") or {} for one in workloads]
    ours = [one for one in all_of_them if one.get("helm.sh/chart", "").startswith(f"{CHART}-")]
    main = [one for one in ours if one.get("app.kubernetes.io/name") == CHART]
    return next(iter([*main, *ours, *all_of_them]), {})


def _release_of(one: Object) -> tuple[str, str] | None:
    metadata: Mapping[str, Any] = one["metadata"]
    notes = metadata.get("annotations") or {}
    namespace = notes.get(_SPACE, metadata.get("namespace", ""))
    return (namespace, notes[_NAME]) if _NAME in notes else None


def _ours_first(rows: Iterable[ReleaseRow]) -> tuple[ReleaseRow, ...]:
    return tuple(
        sorted(
            rows, key=lambda one: (not one.chart.startswith(f"{CHART}-") and bool(one.chart), one.namespace, one.name)
        )
    )


async def _explain(cluster: Cluster, row: ReleaseRow, workloads: Sequence[Object]) -> ReleaseRow:
    """The row with the cause that its pods name, when it is not ready."""
    if row.verdict in ("ready", "unknown"):
        return row
    labels = f"app.kubernetes.io/instance={row.name}"
    try:
        below = await asyncio.gather(*(cluster.list(kind, row.namespace, labels=labels) for kind in _BELOW))
    except ClusterError:
        return row  # what the workloads say stays true
    own = [one for one in workloads if _release_of(one) == (row.namespace, row.name)]
    return _judged(row, own, [one for many in below for one in many], datetime.now(UTC))
