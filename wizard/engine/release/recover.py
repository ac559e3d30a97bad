"""A release that is stuck in pending-*: its state, who may still be at work on it, and the smallest repair."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from wizard.core.errors import Exit, Problem
from wizard.core.helm import plan, release, revision
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.target import Target
from wizard.core.text import masking
from wizard.engine import approval
from wizard.engine.release import activity, listing, records
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents
from wizard.ports.store import FileStore, RunStore

MARK: Final = "marked as failed by llm-cost-ops-wizard recover"
"""In the description of a record that we wrote, between its former status and the reason."""


@dataclass(frozen=True)
class Recovery:
    """What is known of a stuck release."""

    revision: int
    status: str
    since: str
    """RFC 3339: since when it has this status."""
    young: bool
    """Whether it was made or written so recently that a helm on another machine could still be waiting."""
    good: int
    """The last good revision; 0 when there is none, and then there is nothing to go back to."""
    reached: tuple[str, ...]
    """Objects that the stuck revision changed or made already."""
    waiting: tuple[str, ...]
    """Objects that it did not reach."""
    unseen: tuple[str, ...] = ()
    proof: str = ""
    """Why it is certain that nobody is at work on it; "" when a helm on another machine may be."""
    looked: tuple[str, ...] = ()
    """What was checked without finding anybody at work, as sentences."""
    who: str = ""
    """Who made the revision, where a run of this machine did."""
    written: str = ""
    """RFC 3339: when its record was last written."""

    @property
    def unproved(self) -> bool:
        """Whether a helm on another machine may still be at work on it: a person must say why none is."""
        return self.young and not self.proof

    def to_data(self) -> dict[str, Any]:
        """JSON-ready."""
        return {key: list(value) if isinstance(value, tuple) else value for key, value in vars(self).items()}


async def look(
    cluster: Cluster,
    documents: Documents,
    target: Target,
    clock: Clock,
    runs: RunStore,
    window: float = activity.WINDOW_SECONDS,
) -> Recovery:
    """What is known of a stuck release, which is watched for a change for so many seconds.

    Raises:
        Problem: there is none, it is not stuck, somebody is at work on it, or its record cannot be read.
    """
    heads = await records.require_heads(cluster, target)
    last = heads[-1]
    if last.status not in revision.PENDING:
        raise Problem(
            f"{target.release} is {last.status} (revision {last.revision}): nothing is stuck, nothing was changed.",
            "See it with status and history.",
        )
    good = await records.last_good(cluster, target, heads)
    try:
        record = await records.read(cluster, target, last.revision)
        named = [
            (obj["kind"], obj["metadata"]["name"], str(obj.get("apiVersion", "")))
            for obj in _objects(documents, record.manifest)
        ]
        check = await activity.check(cluster, target, last, record.updated, named, runs, clock, window)
    except ClusterError as error:
        raise Problem(error.message, "Nothing was changed.", Exit.UNKNOWN) from error
    before = good if good != last.revision else 0
    reached, waiting, unseen = await _progress(cluster, documents, target, last.revision, before)
    return Recovery(
        last.revision, last.status, last.times.since(last.status), check.young, good,
        reached, waiting, unseen, check.idle_because, check.checked, check.author, last.times.written,
    )  # fmt: skip


async def _progress(
    cluster: Cluster, documents: Documents, target: Target, revision: int, good: int
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """(reached, not reached, hidden): of what the stuck revision changes, what is live already."""
    record = await records.read(cluster, target, revision)
    before = await records.read(cluster, target, good) if good else None
    old = {plan.identity(obj, target.namespace): obj for obj in _objects(documents, before.manifest if before else "")}
    new = [obj for obj in _objects(documents, record.manifest) if old.get(plan.identity(obj, target.namespace)) != obj]
    live = await asyncio.gather(*(_live(cluster, obj, target.namespace) for obj in new))
    reached, waiting, unseen = [], [], []
    for obj, current in zip(new, live, strict=True):
        label = f"{obj['kind']}/{obj['metadata']['name']}"
        if isinstance(current, ClusterError):
            unseen.append(f"{label}: {current.message}")
        elif current is not None and not plan.drift(masking.sealed(obj), current):
            reached.append(label)
        else:
            waiting.append(label)
    return tuple(reached), tuple(waiting), tuple(unseen)


def _objects(documents: Documents, text: str) -> Sequence[Object]:
    return [obj for obj in records.objects_of(documents, text) if obj["metadata"].get("name")]


async def _live(cluster: Cluster, obj: Object, namespace: str) -> Object | ClusterError | None:
    _, kind, space, name = plan.identity(obj, namespace)
    try:
        return await cluster.get(kind, name, space, str(obj.get("apiVersion", "")), sealed=True)
    except ClusterError as error:
        return None if error.kind == "not-found" else error


def backup_name(target: Target, revision: int) -> str:
    """The name of the backups of a revision's record."""
    return f"{target.namespace}.{target.release}.v{revision}"


async def mark_failed(
    cluster: Cluster, files: FileStore, target: Target, recovery: Recovery, clock: Clock, reason: str = ""
) -> str:
    """Back the record up, then write into it that the revision failed, and why that is certain; returns the backup's path.

    Raises:
        Problem: the record has changed since it was shown, or may not be written; then nothing was changed.
    """
    approval.of_recovery(target, recovery, reason).refuse_blocked()
    kind = listing.record_kind() or "Secret"
    try:
        stored = await cluster.records(kind, target.namespace, target.release, recovery.revision)
    except ClusterError as error:
        raise Problem(error.message, "Nothing was changed.", Exit.UNKNOWN) from error
    newest = (await records.require_heads(cluster, target))[-1]
    seen = (recovery.revision, recovery.status, recovery.written)
    if not stored or (newest.revision, newest.status, newest.times.written) != seen:
        raise Problem(
            f"{target.release} is at revision {newest.revision} ({newest.status}) now: somebody is at work on it. "
            "Nothing was changed.",
            "Look at it again with recover --dry-run.",
        )
    record = stored[0]
    backup = files.keep_private(backup_name(target, recovery.revision), json.dumps(record, indent=1))
    try:
        await cluster.replace(failed(record, recovery, clock.now(), reason), target.namespace)
    except ClusterError as error:
        if error.kind == "conflict":
            raise Problem(
                f"The record of {target.release} changed this moment: somebody is at work on it. Nothing was changed.",
                "Look at it again with recover --dry-run.",
            ) from error
        raise Problem(
            f"The record was not changed: {error.message}", f"Its backup is {backup}.", Exit.FAILED
        ) from error
    return backup


def failed(record: Object, recovery: Recovery, now: datetime, reason: str = "") -> dict[str, Any]:
    """The record as helm itself leaves a revision that failed: status in the body and in the label."""
    body = str((record.get("data") or {}).get("release") or "")
    data = release.unpack(body, f"revision {recovery.revision}")
    info = dict(data.get("info") or {})
    info["status"] = "failed"
    info["description"] = f"Was {recovery.status}; {MARK}: {reason.strip() or recovery.proof}"
    text = release.pack({**data, "info": info})
    if record.get("kind") == "Secret":
        text = base64.b64encode(text.encode()).decode()
    metadata: Mapping[str, Any] = record["metadata"]
    labels = {**(metadata.get("labels") or {}), "status": "failed", "modifiedAt": str(int(now.timestamp()))}
    return {
        **record,
        "metadata": {**metadata, "labels": labels},
        "data": {**record["data"], "release": text},
    }
