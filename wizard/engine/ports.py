"""Every port that a session needs, in one value."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from wizard.core.target import Target
    from wizard.ports.certificates import CertificateReader
    from wizard.ports.charts import ChartPuller, ChartSource
    from wizard.ports.clock import Clock
    from wizard.ports.cluster import Cluster
    from wizard.ports.documents import Documents
    from wizard.ports.helm import Helm
    from wizard.ports.kubeconfig import KubeconfigReader
    from wizard.ports.network import Network
    from wizard.ports.pages import Pages
    from wizard.ports.registries import Registries
    from wizard.ports.store import DraftStore, FileStore, RunStore


class Ports(NamedTuple):
    """The ports of one session. `cluster` makes a client for a target's context; nothing is contacted yet."""

    cluster: Callable[[Target], Cluster]
    kubeconfig: KubeconfigReader
    helm: Helm
    charts: ChartSource
    puller: ChartPuller
    documents: Documents
    drafts: DraftStore
    runs: RunStore
    files: FileStore
    clock: Clock
    certificates: CertificateReader
    network: Network
    registries: Registries
    pages: Pages
