"""The differences between helm 3 and helm 4 as data, and the argument lists that are built from them.

A new difference is one line in HELM_FLAGS. Sources: reference/chart.md D.1, D.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from wizard.core.helm.chart import ChartOptions
from wizard.core.target import Target

RunOperation = Literal["install", "upgrade", "rollback", "uninstall"]


@dataclass(frozen=True)
class HelmFlags:
    """The flags of one major version of helm that differ from the other's."""

    major: int
    list_every_status: tuple[str, ...]
    """helm 4 lists every status by default and refuses the flag."""
    wait: tuple[str, ...]
    """Wait for readiness: a switch in helm 3, in helm 4 a strategy whose bare form means its own watcher."""


HELM_FLAGS: Final[Mapping[int, HelmFlags]] = {
    3: HelmFlags(3, ("--all",), ("--wait",)),
    4: HelmFlags(4, (), ("--wait",)),
}

_OPERATION_FLAGS: Final[Mapping[str, tuple[str, ...]]] = {
    "install": (),
    # The values file has all values; without the flag helm reuses the old values when the file is empty.
    "upgrade": ("--reset-values",),
}


def flags_of(major: int) -> HelmFlags:
    """The flags of a major version; a later version is treated like the newest known."""
    return HELM_FLAGS[min(max(major, min(HELM_FLAGS)), max(HELM_FLAGS))]


def target_argv(target: Target) -> list[str]:
    """The flags that name cluster and namespace."""
    kubeconfig = ["--kubeconfig", target.kubeconfig] if target.kubeconfig else []
    context = ["--kube-context", target.context] if target.context else []
    return [*kubeconfig, *context, "--namespace", target.namespace]


@dataclass(frozen=True)
class HelmOptions:
    """What a person may ask of helm in a run. A new flag is a field here and a line in `flags`."""

    timeout: str = "10m"
    """How long helm waits, in helm's own form."""
    replace: bool = False
    """Of an install: replace a release that was uninstalled with its history kept, as `helm upgrade --install` does."""
    keep_history: bool = False
    """Of an uninstall: the revisions stay."""
    force_conflicts: bool = False
    """Of a server-side apply of helm 4: fields that others own are taken over, each of which a plan named before."""

    def flags(self) -> list[str]:
        """The helm flags of these options."""
        return [
            "--timeout", self.timeout,
            *(["--replace"] if self.replace else []),
            *(["--keep-history"] if self.keep_history else []),
            *(["--force-conflicts"] if self.force_conflicts else []),
        ]  # fmt: skip

    def to_data(self) -> dict[str, Any]:
        """JSON-ready, one key per field."""
        return asdict(self)

    @staticmethod
    def of_data(data: Mapping[str, Any]) -> HelmOptions:
        """The options among the keys of a larger mapping; missing keys get their default."""
        usual = asdict(HelmOptions())
        return HelmOptions(**{name: type(value)(data.get(name, value)) for name, value in usual.items()})


def run_argv(
    helm_major: int, operation: RunOperation, target: Target, chart: str, values_path: str, options: HelmOptions
) -> list[str]:
    """The arguments of an install or upgrade after the binary's path.

    Never --create-namespace (the run creates it) and never a roll-back flag (it destroys the evidence).
    """
    return [
        operation, target.release, chart, *target_argv(target), "--values", values_path,
        *flags_of(helm_major).wait, *options.flags(), *_OPERATION_FLAGS[operation],
    ]  # fmt: skip


def rollback_argv(helm_major: int, target: Target, revision: int, options: HelmOptions) -> list[str]:
    """The arguments of a roll-back after the binary's path."""
    wait = flags_of(helm_major).wait
    return ["rollback", target.release, str(revision), *target_argv(target), *wait, *options.flags()]


def uninstall_argv(helm_major: int, target: Target, options: HelmOptions) -> list[str]:
    """The arguments of an uninstall after the binary's path."""
    return ["uninstall", target.release, *target_argv(target), *flags_of(helm_major).wait, *options.flags()]


def list_argv(helm_major: int, target: Target) -> list[str]:
    """`helm list` of the target's namespace, every status, as JSON."""
    return ["list", *target_argv(target), *flags_of(helm_major).list_every_status, "--output", "json"]


def pull_argv(reference: str, options: ChartOptions, folder: str) -> list[str]:
    """`helm pull` of a chart into a folder."""
    return ["pull", "--destination", folder, *options.flags(), "--", reference]


def verify_argv(path: str, keyring: str = "") -> list[str]:
    """`helm verify` of a packed chart with its .prov beside it."""
    return ["verify", *(["--keyring", keyring] if keyring else []), "--", path]


def template_argv(
    target: Target, chart: str, values_path: str, kube_version: str = "", api_versions: Sequence[str] = ()
) -> list[str]:
    """`helm template` with hooks, without a cluster; what it would be asked for is given."""
    return [
        "template", target.release, chart, "--namespace", target.namespace, "--values", values_path,
        *_capabilities(kube_version, api_versions),
    ]  # fmt: skip


def _capabilities(kube_version: str, api_versions: Sequence[str]) -> list[str]:
    served = [part for api_version in api_versions for part in ("--api-versions", api_version)]
    return [*(["--kube-version", kube_version] if kube_version else []), *served]


def render_argv(
    target: Target, chart: str, kube_version: str, api_versions: Sequence[str] = (), *, upgrade: bool, looks_up: bool
) -> list[str]:
    """`helm template` of values on stdin, rendered as for an install or upgrade; nothing is sent to the cluster.

    `looks_up`: the chart reads objects of the cluster, which takes helm a second when the cluster is far away.
    """
    return [
        "template", target.release, chart, *target_argv(target), "--values", "-", *_capabilities(kube_version, api_versions),
        *(["--dry-run=server"] if looks_up else []),
        *(["--is-upgrade"] if upgrade else []),
    ]  # fmt: skip
