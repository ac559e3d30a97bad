"""Helm's own records of one release: which revisions there are, and what is in them, without running helm."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from wizard.core import release_record
from wizard.core.errors import Exit, Problem
from wizard.core.model.target import Target
from wizard.core.release_record import ReleaseRecord
from wizard.engine import releases
from wizard.ports.cluster import Cluster, ClusterError, Object

_CODES: Final = {"forbidden": Exit.UNKNOWN, "not-found": Exit.UNKNOWN}


@dataclass(frozen=True)
class Head:
    """What a record's labels say: no body was downloaded."""

    revision: int
    status: str
    updated: str
    """RFC 3339."""
    name: str
    """Of the Secret or ConfigMap that holds it."""


@dataclass(frozen=True)
class Revision:
    """One line of a history. `who` is known where a run of this machine made it; `problem` says why nothing else is."""

    revision: int
    status: str
    updated: str
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
    return tuple(sorted((_head(one) for one in found if _number(one)), key=lambda one: one.revision))


async def read(cluster: Cluster, target: Target, revision: int) -> ReleaseRecord:
    """One revision's record; raises Problem when it is not there, hidden or unreadable."""
    return release_record.of_data(await read_data(cluster, target, revision), _where(target, revision))


async def read_data(cluster: Cluster, target: Target, revision: int) -> dict[str, Any]:
    """One revision's record as its own JSON."""
    found = await _bodies(cluster, target, revision)
    if not found:
        known = ", ".join(str(one.revision) for one in await heads(cluster, target)) or "none"
        raise Problem(
            f"{target.release} in namespace {target.namespace} has no revision {revision}.",
            f"Revisions that are kept: {known}.",
        )
    return release_record.unpack(_body(found[0]), _where(target, revision))


async def history(cluster: Cluster, target: Target) -> tuple[tuple[Revision, ReleaseRecord | None], ...]:
    """Every revision with its record, oldest first, from one call; a record that cannot be read says so in its line."""
    known: list[tuple[Revision, ReleaseRecord | None]] = []
    for one in await _bodies(cluster, target, 0):
        if not _number(one):
            continue
        head = _head(one)
        try:
            record = release_record.decode(_body(one), _where(target, head.revision))
        except Problem as problem:
            known.append((Revision(head.revision, head.status, head.updated, problem=problem.what), None))
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


async def _bodies(cluster: Cluster, target: Target, revision: int) -> tuple[Object, ...]:
    try:
        return await cluster.records(_kind(target), target.namespace, target.release, revision)
    except ClusterError as error:
        raise _hidden(error, target) from error


def _kind(target: Target) -> str:
    kind = releases.record_kind()
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


def _where(target: Target, revision: int) -> str:
    return f"of {target.release} revision {revision} in namespace {target.namespace}"


def _body(one: Object) -> str:
    return str((one.get("data") or {}).get("release") or "")


def _labels(one: Object) -> dict[str, str]:
    return dict(one["metadata"].get("labels") or {})


def _number(one: Object) -> int:
    text = str(_labels(one).get("version", ""))
    return int(text) if text.isdigit() else 0


def _head(one: Object) -> Head:
    labels, metadata = _labels(one), one["metadata"]
    when = labels.get("modifiedAt") or labels.get("createdAt") or ""
    updated = releases.rfc3339(int(when)) if when.isdigit() else str(metadata.get("creationTimestamp") or "")
    return Head(_number(one), str(labels.get("status", "")), updated, str(metadata["name"]))
