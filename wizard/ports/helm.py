"""What the engine asks of helm, outside of a run (a run's helm belongs to the supervisor)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from wizard.core.target import Target

if TYPE_CHECKING:
    from wizard.core.helm.binary import HelmInfo


class Helm(Protocol):
    """One helm binary. All calls raise Problem with helm's own words, sanitised and redacted."""

    async def info(self) -> HelmInfo:
        """Which helm this is; raises Problem when there is none or it is older than 3.15."""
        ...

    async def template(
        self, target: Target, chart: str, values_file: str, *, kube_version: str = "", values_text: str = "",
        api_versions: Sequence[str] = (),
    ) -> str:  # fmt: skip
        """The rendered manifests (multi-document YAML) with Secrets' data as rendered; offline, hooks included.

        `values_text` is used instead of the file when it is given. `api_versions`: as of capabilities.custom.
        """
        ...

    async def render(
        self, target: Target, chart: str, values_text: str, *, kube_version: str, api_versions: Sequence[str] = (),
        upgrade: bool,
    ) -> str:  # fmt: skip
        """What an install or upgrade would render, hooks included: the chart's lookups read the cluster."""
        ...

    async def crds(self, chart: str) -> str:
        """The CRDs in the folders crds/ of a chart and its subcharts, as YAML; "" without any."""
        ...

    async def read_values(self, target: Target, defaults: str, values: str) -> dict[str, Any]:
        """The values that helm makes of a values file over a chart's values.yaml, both as text; sub charts left out."""
        ...

    async def list(self, target: Target) -> Sequence[dict[str, str]]:
        """`helm list` of the target's namespace, every status, in exactly the environment that a run gets."""
        ...

    def overrides(self, target: Target) -> Sequence[str]:
        """Names of HELM_KUBE* variables that make helm differ from the kubeconfig (core/helm/environment)."""
        ...

    async def uid_of(self, target: Target, kind: str, name: str, namespace: str = "") -> str:
        """The uid of an object of v1 as helm reads it in the environment that a run gets; "" when it does not exist."""
        ...

    async def stored_values(self, target: Target) -> str:
        """User-supplied values of the deployed release as YAML (may hold secrets; never shown)."""
        ...
