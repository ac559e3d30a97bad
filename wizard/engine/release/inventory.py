"""Everything that is in a namespace, of whatever kind, without contents: what a deletion by ownership is checked against."""

from __future__ import annotations

import asyncio
from typing import Final

from wizard.core.kube.objects import Object
from wizard.ports.cluster import Cluster, ClusterError

_PASSING: Final = frozenset(
    {"Event", "Lease", "Endpoints", "EndpointSlice", "PodMetrics", "Binding", "LocalSubjectAccessReview"}
)
"""What comes and goes by itself."""


async def read(cluster: Cluster, namespace: str) -> tuple[tuple[Object, ...], tuple[str, ...]]:
    """(every object's metadata with kind and apiVersion, one line for each kind that is hidden)."""
    try:
        kinds = [one for one in await cluster.resources() if one.namespaced and one.kind not in _PASSING]
    except ClusterError as error:
        return (), (f"what is in the namespace cannot be seen: {error.message}",)
    newest = {(one.api_version.rpartition("/")[0], one.kind): one for one in reversed(kinds)}
    calls = (
        cluster.list(one.kind, namespace, metadata_only=True, api_version=one.api_version) for one in newest.values()
    )
    found: list[Object] = []
    hidden: list[str] = []
    for one, answer in zip(newest.values(), await asyncio.gather(*calls, return_exceptions=True), strict=True):
        if isinstance(answer, ClusterError):
            if answer.kind not in ("not-found", "other"):  # some kinds cannot be listed at all
                hidden.append(f"{one.kind} objects, which you may not list")
        elif isinstance(answer, BaseException):
            raise answer
        else:
            found += answer
    return tuple(found), tuple(dict.fromkeys(hidden))
