"""The rights of an operation that a person lacks, checked before anything is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from wizard.core.errors import Exit, Problem
from wizard.core.kube import rights
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.rights import Right
from wizard.core.target import Target
from wizard.engine.release import listing
from wizard.ports.cluster import Cluster


async def missing(cluster: Cluster, target: Target, operation: str) -> tuple[Right, ...]:
    """The rights of the table that this person lacks here; a right that cannot be checked is not named."""
    wanted = [right._replace(kind=_records()) if right.kind == "Secret" else right for right in rights.of(operation)]
    had = await asyncio.gather(*(_may(cluster, right.verb, right.kind, target, right.subresource) for right in wanted))
    return tuple(right for right, allowed in zip(wanted, had, strict=True) if not allowed)


def _records() -> str:
    return listing.record_kind() or "Secret"


async def refuse(cluster: Cluster, target: Target, verbs: Iterable[tuple[str, str, str]]) -> None:
    """Raise Problem when helm would stop half-way for lack of a right; `verbs`: (verb, kind, name) of all that it will do."""
    asked = tuple(dict.fromkeys(verbs))
    had = await asyncio.gather(*(_may(cluster, verb, kind, target, name=name) for verb, kind, name in asked))
    refused = (f"{verb} {kind}" for (verb, kind, _), allowed in zip(asked, had, strict=True) if not allowed)
    if lost := list(dict.fromkeys(refused)):
        more = f" and {len(lost) - 6} more" if len(lost) > 6 else ""
        raise Problem(
            f"You may not {', '.join(lost[:6])}{more} in namespace {target.namespace}: helm would stop half-way. "
            "Nothing was changed.",
            "Ask for these rights; kubectl auth can-i --list shows what you have.",
            Exit.REFUSED,
        )


async def _may(
    cluster: Cluster, verb: str, kind: str, target: Target, subresource: str = "", *, name: str = ""
) -> bool:
    try:
        return await cluster.may(verb, kind, target.namespace, subresource=subresource, name=name)
    except ClusterError:
        return True  # a right that cannot be checked counts as held; the API server itself decides later
