"""The target of an operation: cluster, namespace and release."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

DEFAULT_RELEASE: Final = "llm-cost-ops"
PRODUCTION: Final = "prod"
"""The preset of a release that people depend on."""
NAMESPACES: Final = {"dev": "llm-cost-ops-dev", "staging": "llm-cost-ops-staging", "prod": "llm-cost-ops-prod"}
"""Namespace offered for each preset, as the guide prints them."""


@dataclass(frozen=True)
class Target:
    """Cluster, namespace and release. An empty kubeconfig means the client's default search."""

    context: str
    namespace: str
    release: str = DEFAULT_RELEASE
    kubeconfig: str = ""

    @property
    def key(self) -> str:
        """A file name that is the same for the same target; drafts are stored under it."""
        return "__".join(re.sub(r"[^A-Za-z0-9.-]", "-", part) for part in (self.context, self.namespace, self.release))

    def __str__(self) -> str:
        return f"{self.release} -> {self.context} / {self.namespace}"
