"""The releases that this person may see, without downloading their records, and also without rights to Secrets.

Helm's own records carry name, revision, status and time as labels, so a metadata-only list is enough. A person who may
not list Secrets (the stock `view` role) still sees releases by what helm writes on their workloads.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, Literal

from wizard.core.errors import Exit, Problem
from wizard.core.helm import revision
from wizard.core.helm.chart import OURS
from wizard.core.helm.revision import Head
from wizard.core.kube import patience, status
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import KINDS, Object
from wizard.core.rules.check import Unknown
from wizard.core.rules.finding import Finding
from wizard.core.rules.ranking import diagnose
from wizard.core.rules.snapshot import Snapshot
from wizard.core.rules.verdict import release_verdict
from wizard.core.target import DEFAULT_RELEASE, NAMESPACES, Target
from wizard.engine.release.rows import ReleaseRow, ReleasesView
from wizard.ports.cluster import Cluster

_RECORDS: Final[Mapping[str, str]] = {"": "Secret", "secret": "Secret", "secrets": "Secret"} | {
    "configmap": "ConfigMap",
    "configmaps": "ConfigMap",
}
"""HELM_DRIVER -> the kind that holds helm's records; others (sql, memory) are not in the cluster."""
_BY_HELM: Final = "app.kubernetes.io/managed-by=Helm"
_NAME, _SPACE = "meta.helm.sh/release-name", "meta.helm.sh/release-namespace"
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_BELOW: Final = ("ReplicaSet", "Pod")

_IN_USE: Final = "helm cannot re-use a name that is still in use"
Asked = Literal["install", "upgrade", "either"]
"""The operation asked for: helm's install, its upgrade, or its `upgrade --install`."""


@dataclass(frozen=True)
class ReleaseState:
    """The newest revision of one release; revision 0 and status "" mean there is none. `since` it has its status, RFC 3339."""

    revision: int = 0
    status: str = ""
    since: str = ""
    kept: int = 0
    """How many of its revisions are kept."""


class Unfit(Problem):
    """The operation does not fit the state of the release: helm would refuse it too."""


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
        listed = await cluster.list(kind, namespace, labels="owner=helm", metadata_only=True)
    except ClusterError as error:
        return Unknown(error.message.rstrip("."), error.permission)
    kept = Counter(head.release for head in filter(None, map(revision.head, listed)))
    return {
        head.release: ReleaseState(head.revision, head.status, head.times.since(head.status), kept[head.release])
        for head in _newest(listed)
    }


async def state(cluster: Cluster, target: Target) -> ReleaseState | Unknown:
    """The state of the target's release."""
    states = await records(cluster, target.namespace)
    return states if isinstance(states, Unknown) else states.get(target.release, ReleaseState())


async def operation(cluster: Cluster, target: Target, asked: Asked = "either") -> Literal["install", "upgrade"]:
    """Install or upgrade, by the state of the release.

    Raises:
        Unfit: an install of a release that exists, or an upgrade of one that does not.
        Problem: it is pending, or its state cannot be known.
    """
    current = await _fit(cluster, target, asked)
    return "upgrade" if revision.installed(current.revision, current.status) else "install"


async def over_history(cluster: Cluster, target: Target) -> bool:
    """Whether an install, right now, goes over the kept history of a release that was uninstalled.

    Raises:
        Problem: the release exists, or that cannot be known.
    """
    current = await _fit(cluster, target, "either")
    if revision.installed(current.revision, current.status):
        raise Unfit(*_taken(current, target), question="release")
    return current.revision > 0


async def _fit(cluster: Cluster, target: Target, asked: Asked) -> ReleaseState:
    """The state of a release with which helm would do what is asked; raises Problem as `operation` does."""
    current = await state(cluster, target)
    if isinstance(current, Unknown):
        settle = f"To settle it: {current.permission}." if current.permission else "Retry when it answers."
        raise Problem(f"Whether release {target.release} exists is not known: {current.reason}.", settle, Exit.UNKNOWN)
    if refusal := refused(current, target):
        raise (Unfit if asked == "install" else Problem)(*refusal, question="release")
    if unfit := _unfit(current, target, asked):
        raise Unfit(*unfit, question="release")
    return current


def refused(current: ReleaseState, target: Target) -> tuple[str, str] | None:
    """Why helm would refuse this release, and what to do; None when it would not."""
    if current.status not in revision.PENDING:
        return None
    return (
        f"Release {target.release} is {current.status} ({_of(current)}): a helm works on it, or was killed meanwhile.",
        f"Wait for that helm if it still runs; if nobody works on it: {_ours('recover', target)}",
    )


def _unfit(current: ReleaseState, target: Target, asked: Asked) -> tuple[str, str] | None:
    """Why helm would refuse just this operation, in its words, and what to do."""
    if asked == "either":
        return None
    if revision.installed(current.revision, current.status):
        return _taken(current, target) if asked == "install" else None
    if current.revision:
        why = {"install": _IN_USE, "upgrade": "it has no deployed releases to upgrade"}[asked]
        return (
            f"Release {target.release} was uninstalled with its history kept ({_of(current)}): {why}. Nothing was changed.",
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


def _taken(current: ReleaseState, target: Target) -> tuple[str, str]:
    return (
        f"Release {target.release} already exists in namespace {target.namespace} ({current.status}, {_of(current)}): "
        f"{_IN_USE}. Nothing was changed.",
        f"Change it with {_ours('upgrade', target)}, or use another release name.",
    )


def _of(current: ReleaseState) -> str:
    return f"revision {current.revision}" + (f" since {current.since}" if current.since else "")


def _ours(command: str, target: Target) -> str:
    """One of our commands on a release, to paste."""
    context = f" --context {target.context}" if target.context else ""
    return f"llm-cost-ops-wizard {command} {target.release} -n {target.namespace}{context}"


def _newest(objects: Iterable[Object]) -> list[Head]:
    """The newest revision of each release."""
    heads: dict[tuple[str, str], Head] = {}
    for head in filter(None, map(revision.head, objects)):
        key = (head.namespace, head.release)
        if key not in heads or heads[key].revision < head.revision:
            heads[key] = head
    return list(heads.values())


# All releases


async def find(cluster: Cluster, target: Target, home_namespace: str = "") -> AsyncIterator[ReleasesView]:
    """First what helm's records say, then with readiness, then with the cause of what is not ready.

    An empty target namespace means everywhere; where that is not allowed, `home_namespace` (the kubeconfig's) and the
    namespaces that the wizard offers. An empty release means all. Raises nothing: errors are in `hidden`.
    """
    listed = await _list(cluster, target.namespace, home_namespace)
    rows = _joined(listed)
    wanted = tuple(row for row in rows if target.release in ("", row.name))
    view = ReleasesView(_ours_first(wanted), listed.where, listed.hidden)
    yield view
    if any(row.verdict not in ("ready", "unknown") for row in view.rows):
        explained = await asyncio.gather(*(_explain(cluster, row, listed.workloads) for row in view.rows))
        yield replace(view, rows=_ours_first(explained))


@dataclass(frozen=True)
class _Listed:
    records: tuple[Object, ...]
    workloads: tuple[Object, ...]
    where: str
    hidden: str


async def _list(cluster: Cluster, namespace: str, home_namespace: str) -> _Listed:
    whole = await _list_in(cluster, namespace)
    if namespace or not isinstance(whole, ClusterError):
        where = f"namespace {namespace}" if namespace else "all namespaces"
        return _Listed((), (), where, whole.message) if isinstance(whole, ClusterError) else replace(whole, where=where)
    if whole.kind != "forbidden":
        return _Listed((), (), "no namespace", whole.message)
    offered = dict.fromkeys(filter(None, (home_namespace, DEFAULT_RELEASE, *NAMESPACES.values())))
    answers = await asyncio.gather(*(_list_in(cluster, space) for space in offered))
    seen = {space: listed for space, listed in zip(offered, answers, strict=True) if isinstance(listed, _Listed)}
    if not seen:
        return _Listed((), (), "no namespace", f"{whole.message} Name a namespace that you may see with -n.")
    hidden = dict.fromkeys(
        [listed.hidden for listed in seen.values() if listed.hidden] + ["other namespaces are hidden from you"]
    )
    return _Listed(
        tuple(record for listed in seen.values() for record in listed.records),
        tuple(workload for listed in seen.values() for workload in listed.workloads),
        f"{'namespace' if len(seen) == 1 else 'namespaces'} {', '.join(seen)}",
        "; ".join(hidden),
    )


async def _list_in(cluster: Cluster, namespace: str) -> _Listed | ClusterError:
    """Records and workloads of one namespace (or all); the error when nothing could be listed."""
    kind = record_kind()
    asked = [cluster.list(workload, namespace, labels=_BY_HELM) for workload in _WORKLOADS]
    if kind:
        asked.insert(0, cluster.list(kind, namespace, labels="owner=helm", metadata_only=True))
    answers = await asyncio.gather(*asked, return_exceptions=True)
    errors = [answer for answer in answers if isinstance(answer, BaseException)]
    if bug := next((error for error in errors if not isinstance(error, ClusterError)), None):
        raise bug
    lists = [() if isinstance(answer, BaseException) else answer for answer in answers]
    stored, workloads = (lists[0], lists[1:]) if kind else ((), lists)
    failed = [error for error in errors if isinstance(error, ClusterError)]
    if len(failed) == len(asked):
        return failed[0]
    if not kind:
        hidden = f"helm's status: its records are outside of the cluster (HELM_DRIVER={os.environ['HELM_DRIVER']})"
    elif isinstance(answers[0], ClusterError):
        needs = answers[0].permission or f"list {kind.lower()}s"
        hidden = f"helm's status is hidden from you: needs {needs}"
    else:
        hidden = "; ".join(error.message for error in failed)
    return _Listed(stored, tuple(workload for objects in workloads for workload in objects), "", hidden)


def _joined(listed: _Listed) -> tuple[ReleaseRow, ...]:
    """Records and workloads of the same release in one row."""
    rows = {
        (head.namespace, head.release): ReleaseRow(
            head.release, head.namespace, revision=head.revision, helm_status=head.status, updated=head.times.created
        )
        for head in _newest(listed.records)
    }
    by_release: dict[tuple[str, str], list[Object]] = {}
    for workload in listed.workloads:
        if key := _release_of(workload):
            by_release.setdefault(key, []).append(workload)
    now = datetime.now(UTC)
    for key, members in by_release.items():
        row = rows.get(key) or ReleaseRow(key[1], key[0], updated=min(status.created(workload) for workload in members))
        rows[key] = _judged(row, members, (), now)
    return tuple(rows.values())


def _judged(row: ReleaseRow, workloads: Sequence[Object], below: Sequence[Object], now: datetime) -> ReleaseRow:
    objects = {
        obj["metadata"].get("uid") or f"{obj['kind']}/{obj['metadata']['name']}": obj for obj in (*workloads, *below)
    }
    judged = list(patience.judge(objects, now).values())
    findings: tuple[Finding, ...] = ()
    if below:
        shown = {obj["kind"] for obj in objects.values()}
        findings = diagnose(Snapshot(objects, (), now, hidden=frozenset(KINDS) - shown - {*_WORKLOADS, *_BELOW}))
    verdict = release_verdict(judged, findings)
    tops = judged[: len(workloads)]
    labels = _labels(workloads)
    return replace(
        row,
        chart=labels.get("helm.sh/chart", row.chart),
        app_version=labels.get("app.kubernetes.io/version", row.app_version),
        ready=sum(top.status.state == "ready" for top in tops),
        total=len(tops),
        verdict=verdict.state,
        worst="" if verdict.state == "ready" else verdict.reason,
    )


def _labels(workloads: Sequence[Object]) -> Mapping[str, str]:
    """The labels of the release's own workload: that of our chart, else the first."""
    every: list[Mapping[str, str]] = [workload["metadata"].get("labels") or {} for workload in workloads]
    ours = [labels for labels in every if labels.get("helm.sh/chart", "").startswith(f"{OURS}-")]
    main = [labels for labels in ours if labels.get("app.kubernetes.io/name") == OURS]
    return next(iter([*main, *ours, *every]), {})


def _release_of(workload: Object) -> tuple[str, str] | None:
    metadata: Mapping[str, Any] = workload["metadata"]
    notes = metadata.get("annotations") or {}
    namespace = notes.get(_SPACE, metadata.get("namespace", ""))
    return (namespace, notes[_NAME]) if _NAME in notes else None


def _ours_first(rows: Iterable[ReleaseRow]) -> tuple[ReleaseRow, ...]:
    return tuple(
        sorted(
            rows, key=lambda row: (not row.chart.startswith(f"{OURS}-") and bool(row.chart), row.namespace, row.name)
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
        return row  # the row made of the workloads alone stays valid
    own = [workload for workload in workloads if _release_of(workload) == (row.namespace, row.name)]
    return _judged(row, own, [obj for objects in below for obj in objects], datetime.now(UTC))
