"""The data of `object.state` and `waiting` events, which front ends show as rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.core.kube import patience, status
from wizard.core.kube.objects import Object
from wizard.core.kube.status import Judged
from wizard.core.run.view import Waiting


def object_rows(members: Mapping[str, Object], judged: Mapping[str, Judged]) -> dict[str, dict[str, Any]]:
    """By uid, the row of each object; a ReplicaSet of a Deployment has none."""
    return {
        uid: _row(members[uid], member, judged)
        for uid, member in judged.items()
        if member.kind != "ReplicaSet" or member.owner_uid not in judged
    }


def _row(obj: Object, member: Judged, judged: Mapping[str, Judged]) -> dict[str, Any]:
    owner = status.controller(obj)
    return {
        "uid": member.uid,
        "kind": member.kind,
        "name": member.name,
        "group": "pod" if member.kind == "Pod" else "object",
        "state": member.status.state,
        "summary": member.status.summary,
        "reason": member.status.reason,
        "since": member.status.since,
        "owner": _owner_name(member, judged) or (f"{owner['kind']}/{owner['name']}" if owner else ""),
        "restarts": 0 if member.status.summary == patience.UNREADABLE else status.restarts(obj),
    }


def _owner_name(member: Judged, judged: Mapping[str, Judged]) -> str:
    if member.owner_uid not in judged:
        return ""
    root = judged[status.root_uid(member, judged)]
    return f"{root.kind}/{root.name}"


def waiting_data(line: Waiting) -> dict[str, str]:
    """The data of a `waiting` event."""
    return {"what": line.what, "since": line.since, "why": line.why, "heals": line.heals}
