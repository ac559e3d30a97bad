"""Live facts from the cluster that questions offer as choices and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ClusterSuggestions:
    """Facts of the cluster while questions are asked. None: not known yet, or no right to read it; (): none exist."""

    sandbox: bool = False
    kubeconfig: str = ""
    contexts: tuple[str, ...] = ()
    current_context: str = ""
    context_namespace: str = ""
    context_namespaces: Mapping[str, str] = field(default_factory=dict)
    """Context -> its namespace, of those that name one."""
    namespaces: tuple[str, ...] | None = None
    ingress_classes: tuple[str, ...] | None = None
    storage_classes: tuple[str, ...] | None = None
    default_storage_class: str = ""
    issuers: tuple[str, ...] | None = None
    tls_secrets: tuple[str, ...] | None = None
    secrets: tuple[str, ...] | None = None
    """Names of all Secrets in the target's namespace."""
    presets: Mapping[str, str] = field(default_factory=dict)
    """Preset -> what of it does not fit the cluster, "" when all does; only those that are known."""
    cluster_uid: str = ""
    """The uid of kube-system; "" when it is not known."""
    moved: str = ""
    """A sentence when the context reaches another cluster than last time; "" when it does not."""
