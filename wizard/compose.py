"""Makes sessions with the real adapters: the only place that joins adapters and engine."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from wizard.adapters.helm.charts import ChartFolders
from wizard.engine.ports import Ports
from wizard.engine.preflight.suggestions import is_sandbox
from wizard.engine.session import Session
from wizard.engine.state import Options

if TYPE_CHECKING:
    from wizard.adapters.certificates import Certificates
    from wizard.adapters.clock import SystemClock
    from wizard.adapters.drafts import DraftFiles
    from wizard.adapters.files import PersonFiles
    from wizard.adapters.helm.cli import HelmCli
    from wizard.adapters.helm.documents import YamlDocuments
    from wizard.adapters.kube.kubeconfig import KubeconfigFiles
    from wizard.adapters.network import DirectNetwork
    from wizard.adapters.registry.client import RegistryClient
    from wizard.adapters.report.html import HtmlPages
    from wizard.adapters.runs.store import RunFiles
    from wizard.core.target import Target
    from wizard.engine.release.rows import Ahead
    from wizard.ports.cluster import Cluster


def session(options: Options, *, helm_path: str = "", ahead: Ahead | None = None) -> Session:
    """A session with the real adapters. Nothing is read, contacted or imported (if heavy) yet.

    `ahead` waits for the releases that another process looks for.
    """
    kubeconfig = _lazy(_kubeconfig)
    helm = _lazy(lambda: _helm(helm_path, options, kubeconfig))
    ports = Ports(
        cluster=_cluster,
        kubeconfig=kubeconfig,
        helm=helm,
        charts=ChartFolders(),
        puller=helm,
        documents=_lazy(_documents),
        drafts=_lazy(_drafts),
        runs=_lazy(_runs),
        files=_lazy(_files),
        clock=_lazy(_clock),
        certificates=_lazy(_certificates),
        network=_lazy(_network),
        registries=_lazy(_registries),
        pages=_lazy(_pages),
    )
    return Session(ports, options, ahead)


Adapter = TypeVar("Adapter")


class LazyAdapter:
    """A proxy that makes its adapter at the first use: all adapters together take 8 ms, which the first question saves."""

    def __init__(self, make: Callable[[], object]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> object:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._made, name)


def _lazy(make: Callable[[], Adapter]) -> Adapter:
    return cast("Adapter", LazyAdapter(make))


def _kubeconfig() -> KubeconfigFiles:
    from wizard.adapters.kube.kubeconfig import KubeconfigFiles

    return KubeconfigFiles()


def _helm(path: str, options: Options, kubeconfig: KubeconfigFiles) -> HelmCli:
    from wizard.adapters.helm.cli import HelmCli

    named_helm = path or os.environ.get("LLM_COST_OPS_HELM", "")
    return HelmCli(named_helm or (lambda: _sandbox_helm(options, kubeconfig)))


def _documents() -> YamlDocuments:
    from wizard.adapters.helm.documents import YamlDocuments

    return YamlDocuments()


def _drafts() -> DraftFiles:
    from wizard.adapters.drafts import DraftFiles

    return DraftFiles()


def _runs() -> RunFiles:
    from wizard.adapters.runs.store import RunFiles

    return RunFiles()


def _files() -> PersonFiles:
    from wizard.adapters.files import PersonFiles

    return PersonFiles()


def _clock() -> SystemClock:
    from wizard.adapters.clock import SystemClock

    return SystemClock()


def _certificates() -> Certificates:
    from wizard.adapters.certificates import Certificates

    return Certificates()


def _network() -> DirectNetwork:
    from wizard.adapters.network import DirectNetwork

    return DirectNetwork()


def _registries() -> RegistryClient:
    from wizard.adapters.registry.client import OFFLINE, RegistryClient

    return RegistryClient(offline=bool(os.environ.get(OFFLINE)))


def _pages() -> HtmlPages:
    from wizard.adapters.report.html import HtmlPages  # the template library

    return HtmlPages()


def _cluster(target: Target) -> Cluster:
    from wizard.adapters.kube.client import KubeCluster  # takes 12 ms, which the first paint saves

    return KubeCluster(target)


def _sandbox_helm(options: Options, kubeconfig: KubeconfigFiles) -> str:
    """The path of the pinned helm 4 for the sandbox; "" (the helm on PATH) for any other cluster."""
    if not is_sandbox(options.context or kubeconfig.read(options.kubeconfig).current):
        return ""
    from wizard.sandbox.toolchain import ToolMissing, tool_path

    try:
        return str(tool_path("helm4"))
    except ToolMissing:
        return ""
