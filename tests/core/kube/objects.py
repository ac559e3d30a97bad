"""Small makers of Kubernetes objects for tables."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
BEGAN = "2026-01-01T11:59:50Z"
LONG_AGO = "2026-01-01T11:00:00Z"


def obj(kind: str, name: str, *, owner: dict[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    meta: dict[str, Any] = {"name": name, "uid": f"uid-{kind}-{name}", "creationTimestamp": BEGAN, "generation": 1}
    meta.update(rest.pop("metadata", {}))
    if owner:
        reference = {"kind": owner["kind"], "name": owner["metadata"]["name"], "uid": owner["metadata"]["uid"]}
        meta["ownerReferences"] = [{**reference, "controller": True}]
    return {"kind": kind, "metadata": meta, **rest}


def condition(kind: str, status: str, **rest: str) -> dict[str, str]:
    return {"type": kind, "status": status, "lastTransitionTime": BEGAN, **rest}


def deployment(name: str = "api", *, wanted: int = 1, **status: Any) -> dict[str, Any]:
    return obj("Deployment", name, spec={"replicas": wanted}, status={"observedGeneration": 1, **status})


def container(state: dict[str, Any], name: str = "app", **rest: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "ready": False, "restartCount": 0, **rest}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def running(since: str = BEGAN) -> dict[str, Any]:
    return {"running": {"startedAt": since}}


def ended(code: int, reason: str = "Error", **rest: Any) -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": BEGAN, **rest}}


def pod(
    *statuses: dict[str, Any],
    name: str = "api-0",
    owner: dict[str, Any] | None = None,
    conditions: tuple[dict[str, str], ...] = (),
    spec: dict[str, Any] | None = None,
    phase: str = "Pending",
    **status: Any,
) -> dict[str, Any]:
    containers = [{"name": one["name"], "image": "registry.example/app:1"} for one in statuses] or [{"name": "app"}]
    return obj(
        "Pod",
        name,
        owner=owner,
        spec={"containers": containers, **(spec or {})},
        status={"phase": phase, "conditions": list(conditions), "containerStatuses": list(statuses), **status},
    )
