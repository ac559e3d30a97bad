"""Objects of one release, as the API serves them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from wizard.core.target import Target

TARGET = Target("here", "ns", "rel")
BEGAN = "2026-01-01T12:00:00Z"


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, 12, 0, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time


def obj(
    kind: str, name: str, *, owner: dict[str, Any] | None = None, ours: bool = False, **rest: Any
) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "uid": f"uid-{kind}-{name}", "creationTimestamp": BEGAN, "generation": 1}
    meta.update(rest.pop("metadata", {}))
    if ours:
        meta["annotations"] = {"meta.helm.sh/release-name": "rel", "meta.helm.sh/release-namespace": "ns"}
    if owner:
        meta["ownerReferences"] = [
            {
                "kind": owner["kind"],
                "name": owner["metadata"]["name"],
                "uid": owner["metadata"]["uid"],
                "controller": True,
            }
        ]
    return {"kind": kind, "metadata": meta, **rest}


def deployment(ready: int = 0, name: str = "api") -> dict[str, Any]:
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), ready)
    return obj("Deployment", name, ours=True, spec={"replicas": 1}, status={"observedGeneration": 1, **counts})


API = deployment()
SET = obj("ReplicaSet", "api-1", owner=API, spec={"replicas": 1}, status={"observedGeneration": 1})


def pod(
    state: dict[str, Any] | None = None, *, ready: bool = False, name: str = "api-1-x", **container: Any
) -> dict[str, Any]:
    statuses = [{"name": "app", "state": state, "ready": ready, "restartCount": 0, **container}] if state else []
    conditions = [{"type": "Ready", "status": "True" if ready else "False", "lastTransitionTime": BEGAN}]
    return obj(
        "Pod", name, owner=SET, spec={"containers": [{"name": "app", "image": "app:nope"}]},
        status={"phase": "Running" if ready else "Pending", "conditions": conditions, "containerStatuses": statuses},
    )  # fmt: skip


RUNNING = {"running": {"startedAt": "2026-01-01T12:00:02Z"}}
BROKEN = {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}
