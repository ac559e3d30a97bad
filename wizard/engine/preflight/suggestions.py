"""What the cluster offers to the questions: namespaces, classes, issuers, existing Secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from wizard.core.answers.suggestions import ClusterSuggestions

if TYPE_CHECKING:
    from wizard.core.kube.objects import Object
    from wizard.core.target import Target
    from wizard.ports.cluster import Cluster

SANDBOX_CONTEXT: Final = "llm-cost-ops-sandbox"
_LIMIT: Final = 3.0


def is_sandbox(context: str) -> bool:
    """Whether a context is one of the sandbox's."""
    return context.startswith(SANDBOX_CONTEXT)


async def refresh(
    suggestions: ClusterSuggestions, cluster: Cluster, target: Target, seconds: float = _LIMIT
) -> ClusterSuggestions:
    """The suggestions with what the cluster answers within `seconds`; what it does not is None. Never raises."""
    from wizard.core.kube.objects import is_default_class
    from wizard.engine import cluster_identity

    namespace = target.namespace
    uid = asyncio.ensure_future(cluster_identity.uid(cluster))
    namespaces, ingress, storage, issuers, secrets, tls = await asyncio.gather(
        _try(cluster.list("Namespace", metadata_only=True), seconds),
        _try(cluster.list("IngressClass"), seconds),
        _try(cluster.list("StorageClass"), seconds),
        _try(cluster.list("ClusterIssuer", metadata_only=True), seconds),
        _try(cluster.list("Secret", namespace, metadata_only=True), seconds),
        _try(cluster.list("Secret", namespace, metadata_only=True, fields="type=kubernetes.io/tls"), seconds),
    )
    return replace(
        suggestions,
        sandbox=is_sandbox(target.context),
        namespaces=_names(namespaces),
        ingress_classes=_names(ingress),
        storage_classes=_names(storage),
        default_storage_class=next(
            (storage_class["metadata"]["name"] for storage_class in storage or () if is_default_class(storage_class)),
            "",
        ),
        issuers=_names(issuers),
        tls_secrets=_names(tls),
        secrets=_names(secrets),
        cluster_uid=await uid,
    )


async def _try(call: Awaitable[tuple[Object, ...]], seconds: float) -> tuple[Object, ...] | None:
    from wizard.core.kube.errors import ClusterError

    try:
        return await asyncio.wait_for(call, seconds)
    except ClusterError as error:
        return () if error.kind == "not-found" else None  # a kind that is not served has no objects
    except TimeoutError:
        return None


def _names(objects: Sequence[Object] | None) -> tuple[str, ...] | None:
    return None if objects is None else tuple(obj["metadata"]["name"] for obj in objects)
