"""The specification of a run: a session builds it, the store saves it as run.json, the runner reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from wizard.core.helm.chart import OURS
from wizard.core.helm.command_line import HelmOptions, RunOperation
from wizard.core.run import stopping
from wizard.core.target import Target


@dataclass(frozen=True)
class SecretSpec:
    """A Secret to create if it does not exist; its values are passed separately."""

    name: str
    type: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Expected:
    """The newest revision when the plan was made (0: none), and the hash of the objects rendered for it."""

    revision: int
    rendered: str = ""


@dataclass(frozen=True)
class RunSpec:
    """The specification of a run, without secrets."""

    operation: RunOperation
    target: Target
    helm_path: str
    helm_version: str
    helm_major: int
    helm: HelmOptions = field(default_factory=HelmOptions)
    chart: str = ""
    """Path of the chart; empty for operations without one."""
    chart_name: str = OURS
    chart_version: str = ""
    preset: str = ""
    secrets: tuple[SecretSpec, ...] = ()
    files: tuple[str, ...] = ()
    """Files that were written before the run."""
    reproduce: tuple[str, ...] = ()
    """Commands that reproduce the run."""
    accepted: tuple[Mapping[str, Any], ...] = ()
    """Results of failed checks that the person accepted, with the reason, for the record."""
    expected: Expected | None = None
    """The plan that was shown to the person; None when none was shown."""
    revision: int = 0
    """Of a roll-back: the target revision."""
    rollback_on_failure: bool = False
    """Of an install or upgrade: roll back after a failure, once the evidence is saved."""
    delete_namespace: bool = False
    """Of an uninstall: delete the namespace too, unless it holds objects of others by then."""
    cluster_uid: str = ""
    """The uid of kube-system when it was planned; "" when it was hidden."""
    wait_anyway: bool = True
    """A person decides when to stop, or chose to wait; else a cause that cannot heal ends an install or upgrade."""
    give_up_after: float = stopping.CANNOT_HEAL_SECONDS
    """Seconds that such a cause must last."""
    id: str = ""
    """Set by the store, like the next two."""
    holder: str = ""
    """The holder of the Lease that warns other machines."""
    values_path: str = ""

    @property
    def lasting(self) -> bool:
        """Whether helm can be stopped half-way without harm."""
        return self.operation in stopping.LASTING

    def to_data(self) -> dict[str, Any]:
        """JSON-ready, without the fields that the store sets."""
        return {
            "operation": self.operation,
            "target": asdict(self.target),
            "chart": self.chart,
            "chart_name": self.chart_name,
            "chart_version": self.chart_version,
            "preset": self.preset,
            "helm": {"path": self.helm_path, "version": self.helm_version, "major": self.helm_major},
            **self.helm.to_data(),
            "secrets": [asdict(secret) for secret in self.secrets],
            "files": list(self.files),
            "reproduce": list(self.reproduce),
            "accepted": [dict(result) for result in self.accepted],
            "expect": asdict(self.expected) if self.expected else {},
            "revision": self.revision,
            "undo": self.rollback_on_failure,
            "delete_namespace": self.delete_namespace,
            "cluster_uid": self.cluster_uid,
            "wait_anyway": self.wait_anyway,
            "give_up_after": self.give_up_after,
        }

    @staticmethod
    def of_data(data: Mapping[str, Any], values_path: str) -> RunSpec:
        """The specification from the store's data; `values_path` is the path of the stored values file."""
        where, helm, plan = data["target"], data["helm"], data.get("expect")
        return RunSpec(
            operation=data["operation"],
            target=Target(where["context"], where["namespace"], where["release"], where.get("kubeconfig", "")),
            helm_path=helm["path"],
            helm_version=helm["version"],
            helm_major=int(helm["major"]),
            helm=HelmOptions.of_data(data),
            chart=data["chart"],
            chart_name=str(data.get("chart_name", OURS)),
            chart_version=data.get("chart_version", ""),
            preset=data.get("preset", ""),
            secrets=tuple(
                SecretSpec(secret["name"], secret["type"], tuple(secret["keys"])) for secret in data.get("secrets", ())
            ),
            files=tuple(data.get("files", ())),
            reproduce=tuple(data.get("reproduce", ())),
            accepted=tuple(data.get("accepted", ())),
            expected=Expected(int(plan["revision"]), str(plan.get("rendered", ""))) if plan else None,
            revision=int(data.get("revision", 0)),
            rollback_on_failure=bool(data.get("undo")),
            delete_namespace=bool(data.get("delete_namespace")),
            cluster_uid=str(data.get("cluster_uid", "")),
            wait_anyway=bool(data.get("wait_anyway", True)),
            give_up_after=float(data.get("give_up_after", stopping.CANNOT_HEAL_SECONDS)),
            id=data["id"],
            holder=str(data.get("holder", "")),
            values_path=values_path,
        )
