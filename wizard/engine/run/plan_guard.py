"""Detects concurrent changes between plan and run, and whether helm stored what was planned."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from wizard.core.errors import Exit, Problem
from wizard.core.helm import applied, plan
from wizard.core.helm.applied import Applied, Key, Wanted
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.run.spec import Expected
from wizard.core.target import Target
from wizard.engine.release import records as release_records
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents

_AT_ONCE: Final = 8
"""Objects that are read at the same time."""


async def unchanged(cluster: Cluster, target: Target, expected: Expected) -> None:
    """Raise Problem when the release has another revision than the plan was made on."""
    try:
        heads = await release_records.heads(cluster, target)
    except Problem:
        return  # helm itself reports what it may not read; that is no sign of a concurrent change
    newest = heads[-1] if heads else None
    if newest and newest.revision != expected.revision:
        raise Problem(
            f"Somebody else changed {target.release} since the plan: it is at revision {newest.revision} "
            f"({newest.status}, begun {newest.times.created}), the plan was made on {expected.revision}. Nothing was changed.",
            "Plan again.",
            Exit.REFUSED,
        )
    if newest is None and expected.revision:
        raise Problem(
            f"{target.release} was uninstalled since the plan was made. Nothing was changed.",
            "Plan again.",
            Exit.REFUSED,
        )


class StoredManifests:
    """The objects of a release's revisions. A stored manifest never changes: each is read and parsed once."""

    def __init__(self, cluster: Cluster, documents: Documents, target: Target) -> None:
        self._cluster, self._documents, self._target = cluster, documents, target
        self._by_revision: dict[int, tuple[Object, ...]] = {}
        self._by_text: dict[str, tuple[Object, ...]] = {}

    async def of(self, revision: int) -> tuple[Object, ...]:
        """The objects of a revision; raises Problem when it cannot be read."""
        if revision not in self._by_revision:
            text = (await release_records.read(self._cluster, self._target, revision)).manifest
            if text not in self._by_text:  # a rollback stores the text of an earlier revision again
                parsed = self._documents.load_all(text, "the stored manifest")
                self._by_text[text] = plan.objects_of(parsed)
            self._by_revision[revision] = self._by_text[text]
        return self._by_revision[revision]

    async def read_ahead(self, revision: int = 0) -> None:
        """Read what a later comparison needs besides its newest revision: the two newest ones of now, and a given one."""
        with contextlib.suppress(Problem):  # the comparison itself reports why it cannot be read
            heads = await release_records.heads(self._cluster, self._target)
            newest = {head.revision for head in heads[-2:]} | ({revision} if revision else set())
            await asyncio.gather(*map(self.of, newest))


async def as_planned(cluster: Cluster, manifests: StoredManifests, target: Target, expected: Expected) -> str:
    """One sentence that compares the stored manifest with the plan; "" when it cannot be read."""
    try:
        newest = (await release_records.heads(cluster, target))[-1].revision
        objects = await manifests.of(newest)
    except (Problem, IndexError):
        return ""
    if plan.digest(objects) == expected.rendered:
        return f"revision {newest} is stored as it was planned"
    return f"revision {newest} is stored, but its manifest is not the planned one: see history"


async def wanted(
    cluster: Cluster, manifests: StoredManifests, target: Target, expected: Expected | None
) -> Wanted | Applied:
    """What the newest revision asks for and what the revisions before it did, or why that is unknown.

    A newest revision that the plan was made on is not this run's: then nothing was recorded.
    """
    try:
        heads = await release_records.heads(cluster, target)
        newest = heads[-1] if heads else None
        if newest is None or (expected and newest.revision <= expected.revision):
            return Applied(recorded=False)
        before = [head for head in heads[:-1] if head is heads[-2] or head.status in ("deployed", "superseded")][-2:]
        new, *old = await asyncio.gather(*(manifests.of(head.revision) for head in (newest, *before)))
    except Problem as problem:
        return Applied(hidden=problem.what.rstrip("."))
    return applied.wanted(new, old, target.namespace, newest.status)


async def compare_live(
    cluster: Cluster, manifests: StoredManifests, target: Target, expected: Expected | None
) -> Applied:
    """What of the newest revision is live after helm failed at it; every object that it changes is read."""
    asked = await wanted(cluster, manifests, target, expected)
    if isinstance(asked, Applied):
        return asked
    if asked.status == "deployed":  # the revision before: helm failed before it recorded its own
        return Applied(recorded=False)
    turns = asyncio.Semaphore(_AT_ONCE)

    async def read(key: Key) -> tuple[Key, Object | None] | None:
        group, kind, namespace, name = key
        manifest = next(objects[key] for objects in (asked.new, *asked.before) if key in objects)
        async with turns:
            try:
                return key, await cluster.get(
                    kind, name, namespace, str(manifest.get("apiVersion", "")) if group else ""
                )
            except ClusterError as error:
                return (key, None) if error.kind == "not-found" else None

    answers = await asyncio.gather(*(read(key) for key in asked.differing()))
    return asked.compare(dict(answer for answer in answers if answer))
