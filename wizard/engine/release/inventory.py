"""The metadata of every object in a namespace: a deletion by ownership is checked against it."""

from __future__ import annotations

import asyncio
from typing import Final

from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.ports.cluster import Cluster

_TRANSIENT: Final = frozenset(
    {"Event", "Lease", "Endpoints", "EndpointSlice", "PodMetrics", "Binding", "LocalSubjectAccessReview"}
)
"""Kinds whose objects come and go by themselves."""


async def read(cluster: Cluster, namespace: str) -> tuple[tuple[Object, ...], tuple[str, ...]]:
    """(every object's metadata with kind and apiVersion, one line for each kind that is hidden)."""
    try:
        kinds = [
            resource
            for resource in await cluster.resources()
            if resource.namespaced and resource.kind not in _TRANSIENT
        ]
    except ClusterError as error:
        return (), (f"what is in the namespace cannot be seen: {error.message}",)
    newest = {(resource.api_version.rpartition("/")[0], resource.kind): resource for resource in reversed(kinds)}
    calls = (
        cluster.list(resource.kind, namespace, metadata_only=True, api_version=resource.api_version)
        for resource in newest.values()
    )
    objects: list[Object] = []
    hidden: list[str] = []
    for resource, answer in zip(newest.values(), await asyncio.gather(*calls, return_exceptions=True), strict=True):
        if isinstance(answer, ClusterError):
            if answer.kind not in ("not-found", "other"):  # some kinds cannot be listed at all
                hidden.append(f"{resource.kind} objects, which you may not list")
        elif isinstance(answer, BaseException):
            raise answer
        else:
            objects += answer
    return tuple(objects), tuple(dict.fromkeys(hidden))
