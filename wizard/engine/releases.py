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

from wizard.core import status
from wizard.core.errors import Exit, Problem
from wizard.core.model.target import DEFAULT_RELEASE, NAMESPACES, Target
from wizard.core.rules.registry import Unknown
from wizard.ports.cluster import Cluster, ClusterError, Object

CHART: Final = "llm-cost-ops"
_RECORDS: Final[Mapping[str, str]] = {"": "Secret", "secret": "Secret", "secrets": "Secret"} | {
    "configmap": "ConfigMap",
    "configmaps": "ConfigMap",
}
"""HELM_DRIVER -> the kind that holds helm's records; others (sql, memory) are out of our sight."""
_BY_HELM: Final = "app.kubernetes.io/managed-by=Helm"
_NAME, _SPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
PENDING: Final = ("pending-install", "pending-upgrade", "pending-rollback", "uninstalling")


@dataclass(frozen=True)
class ReleaseRow:
    """One release. `helm_status` is "" when it is hidden from this person; `updated` is RFC 3339."""

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
    """The newest revision of one release; revision 0 and status "" mean there is none."""

    revision: int = 0
    status: str = ""
    updated: str = ""


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
    return {row.name: ReleaseState(row.revision, row.helm_status, row.updated) for row in _newest(found)}


async def state(cluster: Cluster, target: Target) -> ReleaseState | Unknown:
    """The state of the target's release."""
    known = await records(cluster, target.namespace)
    return known if isinstance(known, Unknown) else known.get(target.release, ReleaseState())


async def operation(cluster: Cluster, target: Target) -> Literal["install", "upgrade"]:
    """Install or upgrade, by the state of the release.

    Raises:
        Problem: it is pending, was uninstalled with its history kept, or cannot be known.
    """
    known = await state(cluster, target)
    if isinstance(known, Unknown):
        settle = f"To settle it: {known.permission}." if known.permission else "Retry when it answers."
        raise Problem(f"Whether release {target.release} exists is not known: {known.reason}.", settle, Exit.UNKNOWN)
    if refusal := refused(known, target):
        raise Problem(*refusal, question="release")
    return "upgrade" if known.revision else "install"


def refused(known: ReleaseState, target: Target) -> tuple[str, str] | None:
    """Why helm would refuse this release, and what to do; None when it would not."""
    name, since = target.release, f" since {known.updated}" if known.updated else ""
    where = f"-n {target.namespace}" + (f" --kube-context {target.context}" if target.context else "")
    if known.status in PENDING:
        here = f"-n {target.namespace}" + (f" --context {target.context}" if target.context else "")
        return (
            f"Release {name} is {known.status} (revision {known.revision}{since}): a helm works on it, or was killed at it.",
            f"Wait for that helm if it lives; if nobody works on it: llm-cost-ops-wizard recover {name} {here}",
        )
    if known.status == "uninstalled":
        return (
            f"Release {name} was uninstalled with its history kept (revision {known.revision}{since}).",
            f"Bring it back with helm rollback {name} {where}, or take another release name.",
        )
    return None


def _newest(found: Iterable[Object]) -> list[ReleaseRow]:
    rows: dict[tuple[str, str], ReleaseRow] = {}
    for one in found:
        metadata = one["metadata"]
        labels = metadata.get("labels") or {}
        name, number = labels.get("name", ""), str(labels.get("version", ""))
        if not name or not number.isdigit():
            continue
        key, revision = (metadata.get("namespace", ""), name), int(number)
        if key not in rows or rows[key].revision < revision:
            when = labels.get("modifiedAt") or labels.get("createdAt") or ""
            updated = rfc3339(int(when)) if str(when).isdigit() else str(metadata.get("creationTimestamp") or "")
            rows[key] = ReleaseRow(
                name, key[0], revision=revision, helm_status=str(labels.get("status", "")), updated=updated
            )
    return list(rows.values())


def rfc3339(seconds: int) -> str:
    """Seconds since 1970 as RFC 3339 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


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
    if whole.trouble != "forbidden":
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
    rows = {(one.namespace, one.name): one for one in _newest(looked.records)}
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
    judged = [_judge(one, now) for one in (*workloads, *below)]
    verdict = status.release(judged)
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


def _judge(one: Object, now: datetime) -> status.Judged:
    metadata = one["metadata"]
    owner = str(status.controller(one).get("uid") or "")
    return status.Judged(one["kind"], metadata["name"], metadata.get("uid", ""), owner, status.of(one, now))


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
        below = await asyncio.gather(
            cluster.list("ReplicaSet", row.namespace, labels=labels), cluster.list("Pod", row.namespace, labels=labels)
        )
    except ClusterError:
        return row  # what the workloads say stays true
    own = [one for one in workloads if _release_of(one) == (row.namespace, row.name)]
    return _judged(row, own, [one for many in below for one in many], datetime.now(UTC))
