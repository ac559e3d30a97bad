"""Helm's own records of one release: which revisions there are, and what is in them, without running helm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from wizard.core.errors import Exit, Problem
from wizard.core.helm import release, revision
from wizard.core.helm.release import ReleaseRecord
from wizard.core.helm.revision import Head
from wizard.core.kube.objects import Object
from wizard.core.target import Target
from wizard.core.text.time import parse_time
from wizard.engine.release import listing
from wizard.ports.cluster import Cluster, ClusterError

_SECONDS: Final = timedelta(seconds=2)
"""What whole seconds and a call on its way make of two clocks that agree."""


@dataclass(frozen=True)
class Revision:
    """One line of a history. `who` is known where a run of this machine made it; `problem` says why nothing else is."""

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
        Problem: the records cannot be seen, with the permission that would settle it.
    """
    kind = _kind(target)
    labels = f"owner=helm,name={target.release}"
    try:
        found = await cluster.list(kind, target.namespace, labels=labels, metadata_only=True)
    except ClusterError as error:
        raise _hidden(error, target) from error
    return heads_of(found)


def heads_of(found: Iterable[Object]) -> tuple[Head, ...]:
    """The heads of records, oldest first; what bears no number of a revision is left out."""
    return tuple(sorted(filter(None, map(revision.head, found)), key=lambda one: one.revision))


async def last_good(cluster: Cluster, target: Target, known: Sequence[Head]) -> int:
    """The revision that a roll-back goes to: the last one that was ever ready; 0 when there is none.

    `known` are all revisions, oldest first. A record that cannot be read is believed by its label.
    """
    for one in revision.maybe_good(known):
        if one.status == revision.DEPLOYED:
            return one.revision
        try:
            record = await read(cluster, target, one.revision)
        except Problem:
            return one.revision
        if not revision.says_failed(record.description):
            return one.revision
    return 0


async def server_ahead(cluster: Cluster, now: Callable[[], datetime]) -> timedelta:
    """How far the clock of the API server, which writes the times of records, is ahead of this machine's.

    0 when they agree as far as whole seconds tell, or when the API server does not say its time.
    """
    asked = now()
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}}
    try:
        answer = await cluster.create(review, dry_run=True)
    except ClusterError:
        return timedelta(0)
    there = parse_time(revision.times(answer.get("metadata")).created)
    return there - asked if there and abs(there - asked) > _SECONDS else timedelta(0)


async def read(cluster: Cluster, target: Target, number: int) -> ReleaseRecord:
    """One revision's record; raises Problem when it is not there, hidden or unreadable."""
    return release.of_data(await read_data(cluster, target, number), _where(target, number))


async def deployed(cluster: Cluster, target: Target) -> ReleaseRecord | None:
    """The record of the newest revision that is marked as deployed, by one call; None when there is none to be had."""
    try:
        found = await cluster.records(_kind(target), target.namespace, target.release, status=revision.DEPLOYED)
        newest = max(heads_of(found), key=lambda head: head.revision)
        body = next(_body(record) for record in found if revision.head(record) == newest)
        return release.of_data(release.unpack(body, _where(target, newest.revision)), _where(target, newest.revision))
    except (
        ClusterError,
        Problem,
        ValueError,
    ):  # whoever needs it reads it by its number, and says why it cannot be had
        return None


async def read_data(cluster: Cluster, target: Target, number: int) -> dict[str, Any]:
    """One revision's record as its own JSON."""
    found = await _bodies(cluster, target, number)
    if not found:
        known = ", ".join(str(one.revision) for one in await heads(cluster, target)) or "none"
        raise Problem(
            f"{target.release} in namespace {target.namespace} has no revision {number}.",
            f"Revisions that are kept: {known}.",
        )
    return release.unpack(_body(found[0]), _where(target, number))


async def history(cluster: Cluster, target: Target) -> tuple[tuple[Revision, ReleaseRecord | None], ...]:
    """Every revision with its record, oldest first, from one call; a record that cannot be read says so in its line."""
    known: list[tuple[Revision, ReleaseRecord | None]] = []
    for one in await _bodies(cluster, target, 0):
        head = revision.head(one)
        if head is None:
            continue
        try:
            record = release.decode(_body(one), _where(target, head.revision))
        except Problem as problem:
            known.append((Revision(head.revision, head.status, head.times.created, problem=problem.what), None))
            continue
        known.append((_line(record), record))
        await asyncio.sleep(0)  # fifty of them take a while, and a face wants to go on
    return tuple(sorted(known, key=lambda pair: pair[0].revision))


async def known(cluster: Cluster, target: Target) -> tuple[Head, ...]:
    """Every revision of a release that is there, oldest first; raises Problem when there is none or it is hidden."""
    found = await heads(cluster, target)
    if not found:
        raise missing(target)
    return found


def missing(target: Target, looked_in: str = "") -> Problem:
    """There is no such release."""
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


def _body(one: Object) -> str:
    data = one.get("data")
    return str(data.get("release") or "") if isinstance(data, Mapping) else ""
