"""Renders the chart for the late checks while namespace and Secrets are still being made."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any

from wizard.core.errors import Problem
from wizard.core.helm import capabilities
from wizard.core.helm.binary import HelmInfo
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target
from wizard.ports.cluster import Cluster
from wizard.ports.helm import Helm


class EarlyRender:
    """helm for the late checks. It begins to render the chart (0.2 s) when it is made."""

    def __init__(self, cluster: Cluster, helm: Helm, target: Target, chart: str, values_path: str) -> None:
        self._cluster, self._helm = cluster, helm
        self._target, self._chart, self._values_path = target, chart, values_path
        self._early = asyncio.create_task(self._render())
        # Marks an exception as retrieved: the result may never be used.
        self._early.add_done_callback(lambda task: task.cancelled() or task.exception())

    async def _render(self) -> tuple[str, tuple[str, ...], str]:
        told, served = await asyncio.gather(self._cluster.version(), self._cluster.resources())
        version, custom = told.get("gitVersion", ""), capabilities.custom(served)
        text = await self._helm.template(
            self._target, self._chart, self._values_path, kube_version=version, api_versions=custom
        )
        return version, custom, text

    def close(self) -> None:
        """Cancel the render."""
        self._early.cancel()

    async def template(
        self, target: Target, chart: str, values_file: str, *, kube_version: str = "", values_text: str = "",
        api_versions: Sequence[str] = (),
    ) -> str:  # fmt: skip
        """The manifests; rendered again when the early render failed or was for another cluster."""
        early = (self._target, self._chart, self._values_path, "")
        if (target, chart, values_file, values_text) == early:
            with contextlib.suppress(Problem, ClusterError):
                version, custom, text = await self._early
                if (version, custom) == (kube_version, tuple(api_versions)):
                    return text
        return await self._helm.template(
            target, chart, values_file, kube_version=kube_version, values_text=values_text, api_versions=api_versions
        )

    async def render(
        self, target: Target, chart: str, values_text: str, *, kube_version: str, api_versions: Sequence[str] = (),
        upgrade: bool,
    ) -> str:  # fmt: skip
        """As helm renders it, the chart's lookups included; never ahead."""
        return await self._helm.render(
            target, chart, values_text, kube_version=kube_version, api_versions=api_versions, upgrade=upgrade
        )

    async def crds(self, chart: str) -> str:
        """The CRDs of the chart."""
        return await self._helm.crds(chart)

    async def info(self) -> HelmInfo:
        """Which helm this is."""
        return await self._helm.info()

    async def read_values(self, target: Target, defaults: str, values: str) -> dict[str, Any]:
        """The values that helm makes of a values file over a chart's values.yaml."""
        return await self._helm.read_values(target, defaults, values)

    async def list(self, target: Target) -> Sequence[dict[str, str]]:
        """`helm list` of the target's namespace."""
        return await self._helm.list(target)

    def overrides(self, target: Target) -> Sequence[str]:
        """Names of HELM_KUBE* variables that differ from the kubeconfig."""
        return self._helm.overrides(target)

    async def uid_of(self, target: Target, kind: str, name: str, namespace: str = "") -> str:
        """The uid of an object as helm reaches it."""
        return await self._helm.uid_of(target, kind, name, namespace)

    async def stored_values(self, target: Target) -> str:
        """User-supplied values of the deployed release."""
        return await self._helm.stored_values(target)
