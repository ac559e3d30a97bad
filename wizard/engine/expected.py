"""A run and the plan it was started on: nobody may have come in between, and what helm stored is what was planned."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.core import plan
from wizard.core.errors import Exit, Problem
from wizard.core.model.target import Target
from wizard.engine import store
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents


@dataclass(frozen=True)
class Expected:
    """The newest revision when the plan was made (0: none), and the hash of what was rendered for it."""

    revision: int
    rendered: str = ""


async def unchanged(cluster: Cluster, target: Target, expected: Expected) -> None:
    """Raise Problem when the release has another revision than the plan was made on."""
    try:
        known = await store.heads(cluster, target)
    except Problem:
        return  # helm will say what it may not read; that is no sign of a second person
    newest = known[-1] if known else None
    if newest and newest.revision != expected.revision:
        raise Problem(
            f"Somebody else changed {target.release} since the plan: it is at revision {newest.revision} "
            f"({newest.status}, begun {newest.times.created}), the plan was made on {expected.revision}. Nothing was changed.",
            "Make the plan anew.",
            Exit.REFUSED,
        )
    if newest is None and expected.revision:
        raise Problem(
            f"{target.release} was uninstalled since the plan was made. Nothing was changed.",
            "Make the plan anew.",
            Exit.REFUSED,
        )


async def as_planned(cluster: Cluster, documents: Documents, target: Target, expected: Expected) -> str:
    """One sentence on the stored manifest and the plan; "" when it cannot be told."""
    try:
        known = await store.heads(cluster, target)
        record = await store.read(cluster, target, known[-1].revision)
        objects = plan.objects_of(documents.load_all(record.manifest, "the stored manifest"))
    except (Problem, IndexError):
        return ""
    if plan.digest(objects) == expected.rendered:
        return f"revision {record.revision} is stored as it was planned"
    return f"revision {record.revision} is stored, but its manifest is not the planned one: see history"
