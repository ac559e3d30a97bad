"""Which rights of an operation a person does not have, found out before anything is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from wizard.core.errors import Exit, Problem
from wizard.core.kube import rights
from wizard.core.kube.rights import Right
from wizard.core.target import Target
from wizard.engine.release import listing
from wizard.ports.cluster import Cluster, ClusterError


async def missing(cluster: Cluster, target: Target, operation: str) -> tuple[Right, ...]:
    """The rights of the table that this person does not have here; one that cannot be asked about is not named."""
    wanted = [one._replace(kind=_records()) if one.kind == "Secret" else one for one in rights.of(operation)]
    had = await asyncio.gather(*(_may(cluster, one.verb, one.kind, target, one.subresource) for one in wanted))
    return tuple(one for one, allowed in zip(wanted, had, strict=True) if not allowed)


def _records() -> str:
    return listing.record_kind() or "Secret"


async def refuse(cluster: Cluster, target: Target, verbs: Iterable[tuple[str, str]]) -> None:
    """Raise Problem when helm would stop half-way for want of a right: (verb, kind) of everything that it will do."""
    asked = tuple(dict.fromkeys(verbs))
    had = await asyncio.gather(*(_may(cluster, verb, kind, target) for verb, kind in asked))
    if lost := [f"{verb} {kind}" for (verb, kind), allowed in zip(asked, had, strict=True) if not allowed]:
        more = f" and {len(lost) - 6} more" if len(lost) > 6 else ""
        raise Problem(
            f"You may not {', '.join(lost[:6])}{more} in namespace {target.namespace}: helm would stop half-way. "
            "Nothing was changed.",
            "Ask for these rights; kubectl auth can-i --list shows what you have.",
            Exit.REFUSED,
        )


async def _may(cluster: Cluster, verb: str, kind: str, target: Target, subresource: str = "") -> bool:
    try:
        return await cluster.may(verb, kind, target.namespace, subresource=subresource)
    except ClusterError:
        return True  # a question that has no answer takes no right away; the API server itself decides later
