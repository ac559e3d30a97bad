"""The data of `object.state` and `waiting` events: the objects of a release as they are shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.core.kube import patience, status
from wizard.core.kube.objects import Object
from wizard.core.kube.status import Judged
from wizard.core.run.view import Waiting


def object_rows(members: Mapping[str, Object], judged: Mapping[str, Judged]) -> dict[str, dict[str, Any]]:
    """By uid, the row of each object; a ReplicaSet of a Deployment is the Deployment's business."""
    return {
        uid: _row(members[uid], one, judged)
        for uid, one in judged.items()
        if one.kind != "ReplicaSet" or one.owner_uid not in judged
    }


def _row(obj: Object, one: Judged, judged: Mapping[str, Judged]) -> dict[str, Any]:
    owner = status.controller(obj)
    return {
        "uid": one.uid,
        "kind": one.kind,
        "name": one.name,
        "group": "pod" if one.kind == "Pod" else "object",
        "state": one.status.state,
        "summary": one.status.summary,
        "reason": one.status.reason,
        "since": one.status.since,
        "owner": _owner_name(one, judged) or (f"{owner['kind']}/{owner['name']}" if owner else ""),
        "restarts": 0 if one.status.summary == patience.UNREADABLE else status.restarts(obj),
    }


def _owner_name(one: Judged, judged: Mapping[str, Judged]) -> str:
    if one.owner_uid not in judged:
        return ""
    root = judged[status.root_uid(one, judged)]
    return f"{root.kind}/{root.name}"


def waiting_data(line: Waiting) -> dict[str, str]:
    """The data of a `waiting` event."""
    return {"what": line.what, "since": line.since, "why": line.why, "heals": line.heals}
