"""The Lease that tells wizards on other machines that a run is working on a release. Pure.

It is named after the release and is in its namespace; helm does not use it. A Lease that is not renewed in time is
ignored, so that a lost machine blocks nobody. A holder is `user@host:machine/run`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from wizard.core.kube.objects import MANAGED_BY, WIZARD
from wizard.core.target import Target
from wizard.core.text.time import rfc3339

SECONDS: Final = 90
"""How long it counts without renewal; the clocks of two machines must differ by less than that."""
RENEW_SECONDS: Final = 30.0
VERBS: Final = ("get", "create", "update", "delete")
"""The verbs that a run uses on it. None is required: without them other machines are not warned."""


def name(release: str) -> str:
    """The name of a release's Lease."""
    return f"llm-cost-ops-wizard-{release}"


def manifest(target: Target, holder: str, now: datetime, before: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The Lease as the holder writes it now; `before` is the existing one, which it replaces."""
    moment = rfc3339(now, "microseconds")
    labels = {MANAGED_BY: WIZARD, "app.kubernetes.io/instance": target.release}
    metadata: dict[str, Any] = {"name": name(target.release), "namespace": target.namespace, "labels": labels}
    if before:
        metadata["resourceVersion"] = before["metadata"].get("resourceVersion", "")
    begun = (before.get("spec") or {}) if before else {}
    since = begun.get("acquireTime") if begun.get("holderIdentity") == holder else moment
    spec = {"holderIdentity": holder, "leaseDurationSeconds": SECONDS, "acquireTime": since, "renewTime": moment}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}


def holder(lease: Mapping[str, Any], now: datetime) -> str:
    """The holder, "" when it has expired or cannot be read."""
    spec = lease.get("spec") or {}
    try:
        renewed = datetime.fromisoformat(str(spec["renewTime"]))
        ends = renewed + timedelta(seconds=int(spec["leaseDurationSeconds"]))
        return str(spec["holderIdentity"]) if now < ends else ""
    except (KeyError, TypeError, ValueError, OverflowError):
        return ""


def of_another(identity: str, machine: str) -> bool:
    """Whether a holder is a wizard on another machine; on this machine the lock file decides."""
    return bool(identity) and identity.rpartition("/")[0] != machine


def words(identity: str) -> str:
    """A holder in words: who, on which machine, in which run."""
    where, _, run = identity.rpartition("/")
    return f"{where.partition(':')[0]} (run {run})" if where else identity
