"""Helm's own records of one release, read without running helm: its revisions and their contents."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from wizard.core.errors import Exit, Problem
from wizard.core.helm import plan, release, revision
from wizard.core.helm.release import ReleaseRecord
from wizard.core.helm.revision import Head
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.target import Target
from wizard.core.text.time import parse_time
from wizard.engine.release import listing
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents

_CLOCK_SLACK: Final = timedelta(seconds=2)
"""The difference that whole seconds and the time of a call may show between two clocks that agree."""


@dataclass(frozen=True)
class Revision:
    """One revision of a history. `who` is set where a run of this machine made it; `problem` is why it is unreadable."""

    revision: int
    status: str
    updated: str
    """When it was begun, RFC 3339: by its record, or by the storage object where the record cannot be read."""
    chart: str = ""
    app_version: str = ""
    description: str = ""
    who: str = ""
    problem: str = ""

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return dict(vars(self))


async def heads(cluster: Cluster, target: Target) -> tuple[Head, ...]:
    """Every revision of the release, oldest first; none when there is no such release.

    Raises:
        Problem: the records are hidden, with the permission that is needed.
    """
    kind = _kind(target)
    labels = f"owner=helm,name={target.release}"
    try:
        listed = await cluster.list(kind, target.namespace, labels=labels, metadata_only=True)
    except ClusterError as error:
        raise _hidden(error, target) from error
    return heads_of(listed)


def heads_of(objects: Iterable[Object]) -> tuple[Head, ...]:
    """The heads of records, oldest first; objects without a revision number are left out."""
    return tuple(sorted(filter(None, map(revision.head, objects)), key=lambda head: head.revision))


def objects_of(documents: Documents, manifest: str) -> tuple[dict[str, Any], ...]:
    """The objects of a record's manifest; raises Problem when it is damaged."""
    return plan.objects_of(documents.load_all(manifest, "the stored manifest")) if manifest else ()


async def last_good(cluster: Cluster, target: Target, revisions: Sequence[Head]) -> int:
    """The revision that a rollback goes to: the last one that was ever ready; 0 when there is none.

    `revisions` are all of them, oldest first. Where a record cannot be read, its label counts.
    """
    for head in revision.maybe_good(revisions):
        if head.status == revision.DEPLOYED:
            return head.revision
        try:
            record = await read(cluster, target, head.revision)
        except Problem:
            return head.revision
        if not revision.says_failed(record.description):
            return head.revision
    return 0


async def server_ahead(cluster: Cluster, now: Callable[[], datetime]) -> timedelta:
    """How far the clock of the API server, which writes the times of records, is ahead of this machine's.

    0 when they agree as far as whole seconds tell, or when the API server does not answer with its time.
    """
    asked = now()
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}}
    try:
        answer = await cluster.create(review, dry_run=True)
    except ClusterError:
        return timedelta(0)
    server_time = parse_time(revision.times(answer.get("metadata")).created)
    return server_time - asked if server_time and abs(server_time - asked) > _CLOCK_SLACK else timedelta(0)


async def read(cluster: Cluster, target: Target, number: int) -> ReleaseRecord:
    """One revision's record; raises Problem when it is missing, hidden or unreadable."""
    return release.of_data(await read_data(cluster, target, number), _where(target, number))


async def deployed(cluster: Cluster, target: Target) -> ReleaseRecord | None:
    """The record of the newest revision that is marked as deployed, by one call; None when it cannot be read."""
    try:
        stored = await cluster.records(_kind(target), target.namespace, target.release, status=revision.DEPLOYED)
        newest = max(heads_of(stored), key=lambda head: head.revision)
        body = next(_body(record) for record in stored if revision.head(record) == newest)
        return release.of_data(release.unpack(body, _where(target, newest.revision)), _where(target, newest.revision))
    except (
        ClusterError,
        Problem,
        ValueError,
    ):  # the caller then reads it by its number, and reports why that fails
        return None


async def read_data(cluster: Cluster, target: Target, number: int) -> dict[str, Any]:
    """One revision's record as its own JSON."""
    bodies = await _bodies(cluster, target, number)
    if not bodies:
        kept = ", ".join(str(head.revision) for head in await heads(cluster, target)) or "none"
        raise Problem(
            f"{target.release} in namespace {target.namespace} has no revision {number}.",
            f"Revisions that are kept: {kept}.",
        )
    return release.unpack(_body(bodies[0]), _where(target, number))


async def history(cluster: Cluster, target: Target) -> tuple[tuple[Revision, ReleaseRecord | None], ...]:
    """Every revision with its record, oldest first, from one call; an unreadable record is None, and its revision says why."""
    revisions: list[tuple[Revision, ReleaseRecord | None]] = []
    for stored in await _bodies(cluster, target, 0):
        head = revision.head(stored)
        if head is None:
            continue
        try:
            record = release.decode(_body(stored), _where(target, head.revision))
        except Problem as problem:
            revisions.append((Revision(head.revision, head.status, head.times.created, problem=problem.what), None))
            continue
        revisions.append((_line(record), record))
        await asyncio.sleep(0)  # fifty of them take a while, and the front end must stay responsive
    return tuple(sorted(revisions, key=lambda pair: pair[0].revision))


async def require_heads(cluster: Cluster, target: Target) -> tuple[Head, ...]:
    """Every revision of an existing release, oldest first; raises Problem when there is none or it is hidden."""
    revisions = await heads(cluster, target)
    if not revisions:
        raise missing(target)
    return revisions


def missing(target: Target, looked_in: str = "") -> Problem:
    """The problem that there is no such release."""
    where = looked_in or f"namespace {target.namespace}"
    context = f" of {target.context}" if target.context else ""
    return Problem(
        f"There is no release {target.release} here; looked in {where}{context}.",
        "Look elsewhere with -n NAMESPACE or --context NAME; status shows what is there.",
        Exit.UNKNOWN,
        "release",
    )


def _line(record: ReleaseRecord) -> Revision:
    chart = f"{record.chart}-{record.chart_version}".strip("-")
    return Revision(record.revision, record.status, record.updated, chart, record.app_version, record.description)


async def _bodies(cluster: Cluster, target: Target, number: int) -> tuple[Object, ...]:
    try:
        return await cluster.records(_kind(target), target.namespace, target.release, number)
    except ClusterError as error:
        raise _hidden(error, target) from error


def _kind(target: Target) -> str:
    kind = listing.record_kind()
    if kind is None:
        raise Problem(
            f"Helm keeps the records of {target.release} outside of the cluster (HELM_DRIVER).",
            "Use helm itself for this, in the same environment.",
            Exit.UNKNOWN,
        )
    return kind


def _hidden(error: ClusterError, target: Target) -> Problem:
    if error.permission:
        what = f"Helm's records of {target.release} are hidden from you: needs {error.permission}."
        return Problem(what, "Ask for that right; nothing was changed.", Exit.UNKNOWN)
    return Problem(error.message, "Retry when the cluster answers; nothing was changed.", Exit.UNKNOWN)


def _where(target: Target, number: int) -> str:
    return f"of {target.release} revision {number} in namespace {target.namespace}"


def _body(record: Object) -> str:
    data = record.get("data")
    return str(data.get("release") or "") if isinstance(data, Mapping) else ""
