"""What a kubeconfig says, without talking to any cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from wizard.core.errors import Problem


@dataclass(frozen=True)
class Context:
    """One context: its cluster's server address, its user, its namespace ("" when it names none)."""

    name: str
    server: str
    user: str
    namespace: str


@dataclass(frozen=True)
class Kubeconfig:
    """The merged kubeconfig; `problem` says why it cannot be used, and then there may be no contexts."""

    files: tuple[str, ...]
    contexts: tuple[Context, ...]
    current: str
    problem: Problem | None = None

    def context(self, name: str) -> Context | None:
        """The context of that name."""
        return next((one for one in self.contexts if one.name == name), None)


class KubeconfigReader(Protocol):
    """Reads $KUBECONFIG (a list), the given path, or ~/.kube/config."""

    def read(self, path: str = "") -> Kubeconfig:
        """The merged kubeconfig; never raises."""
        ...
