"""What the services of one session share: ports, options of the command line, clients, and suggestions of the cluster."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from wizard.core.answers.suggestions import ClusterSuggestions
from wizard.core.helm.chart import ChartOptions
from wizard.engine.preflight import suggestions as live
from wizard.engine.preflight.kept import Kept

if TYPE_CHECKING:
    from wizard.core.kube.kubeconfig import Kubeconfig
    from wizard.core.target import Target
    from wizard.engine.ports import Ports
    from wizard.ports.cluster import Cluster


@dataclass(frozen=True)
class Options:
    """What the command line fixes for the whole session."""

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    release: str = ""
    chart: str = ""
    chart_options: ChartOptions = field(default_factory=ChartOptions)


class SessionState:
    """One person, one kubeconfig. Only the engine holds it: a front end would reach the ports through it."""

    def __init__(self, ports: Ports, options: Options) -> None:
        self.ports = ports
        self.options = options
        self.suggestions = ClusterSuggestions()
        self.kept = Kept()
        """Facts of clusters, for what is shown while a person looks around and answers."""
        self._clusters: dict[tuple[str, str], Cluster] = {}

    def kubeconfig(self) -> Kubeconfig:
        """The kubeconfig; also makes its contexts known to the questions."""
        config = self.ports.kubeconfig.read(self.options.kubeconfig)
        current = self.options.context or config.current
        chosen = config.context(current)
        self.suggestions = replace(
            self.suggestions,
            kubeconfig=self.options.kubeconfig,
            contexts=tuple(context.name for context in config.contexts),
            current_context=current,
            context_namespace=chosen.namespace if chosen else "",
            context_namespaces={context.name: context.namespace for context in config.contexts if context.namespace},
            sandbox=live.is_sandbox(current),
        )
        return config

    def everywhere(self) -> Target:
        """Where releases are looked for: the current context, and no namespace or release but those of the options."""
        from wizard.core.target import Target

        options = self.options
        return Target(self.suggestions.current_context, options.namespace, options.release, options.kubeconfig)

    async def refresh(self, target: Target) -> ClusterSuggestions:
        """Ask the cluster for what the questions offer; what it does not answer is None. Never raises."""
        suggestions = await live.refresh(self.suggestions, self.cluster(target), target)
        self.suggestions = replace(
            suggestions, moved=await asyncio.to_thread(self.moved, target, suggestions.cluster_uid)
        )
        return self.suggestions

    def cluster(self, target: Target) -> Cluster:
        """The client of the target's context, one for the whole session."""
        key = (target.kubeconfig, target.context)
        if key not in self._clusters:
            self._clusters[key] = self.ports.cluster(target)
        return self._clusters[key]

    def moved(self, target: Target, uid: str) -> str:
        """One sentence when the context reaches another cluster than in the newest draft or run; "" when it does not.

        `uid` is that of kube-system now. Always "" for a sandbox: it is a new cluster each time that it is started.
        """
        from wizard.engine import cluster_identity

        if live.is_sandbox(target.context):
            return ""
        return cluster_identity.moved(target, uid, self.ports.drafts.load_all(), self.ports.runs.runs())

    async def close(self) -> None:
        """End every stream and thread of the clients."""
        for cluster in self._clusters.values():
            await cluster.close()
        self._clusters.clear()
