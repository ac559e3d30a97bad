"""Joins adapters to a session: the one place where the engine meets the world."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from wizard.adapters.charts import ChartFolders
from wizard.adapters.clock import SystemClock
from wizard.adapters.documents import YamlDocuments
from wizard.adapters.drafts import DraftFiles
from wizard.adapters.files import PersonFiles
from wizard.adapters.helm_cli import HelmCli
from wizard.adapters.kubeconfig import KubeconfigFiles
from wizard.adapters.runs import RunFiles
from wizard.engine.hints import is_sandbox
from wizard.engine.ports import Ports
from wizard.engine.session import Options, Session

if TYPE_CHECKING:
    from wizard.core.model.target import Target
    from wizard.ports.cluster import Cluster


def session(options: Options, *, helm_path: str = "") -> Session:
    """A session over the real world. Nothing is read or contacted and nothing heavy is imported yet."""
    kubeconfig = KubeconfigFiles()
    named = helm_path or os.environ.get("LLM_COST_OPS_HELM", "")
    ports = Ports(
        cluster=_cluster,
        kubeconfig=kubeconfig,
        helm=HelmCli(named or (lambda: _sandbox_helm(options, kubeconfig))),
        charts=ChartFolders(),
        documents=YamlDocuments(),
        drafts=DraftFiles(),
        runs=RunFiles(),
        files=PersonFiles(),
        clock=SystemClock(),
    )
    return Session(ports, options)


def _cluster(target: Target) -> Cluster:
    from wizard.adapters.kube import KubeCluster  # 12 ms that the first paint does without

    return KubeCluster(target)


def _sandbox_helm(options: Options, kubeconfig: KubeconfigFiles) -> str:
    """In the sandbox the pinned helm 4 is used; elsewhere "" means the one on PATH."""
    if not is_sandbox(options.context or kubeconfig.read(options.kubeconfig).current):
        return ""
    from wizard.sandbox.toolchain import ToolMissing, tool_path

    try:
        return str(tool_path("helm4"))
    except ToolMissing:
        return ""
