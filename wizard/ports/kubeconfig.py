"""How a kubeconfig is read; no cluster is contacted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from wizard.core.kube.kubeconfig import Kubeconfig


class KubeconfigReader(Protocol):
    """Reads $KUBECONFIG (a list), the given path, or ~/.kube/config."""

    def read(self, path: str = "") -> Kubeconfig:
        """The merged kubeconfig; never raises."""
        ...
