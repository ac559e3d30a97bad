"""One object of a release as text: its events, and its YAML with secrets masked."""

from __future__ import annotations

import asyncio
from typing import Final

from wizard.core.errors import Problem
from wizard.core.kube import membership
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import ObjectEvent
from wizard.core.target import Target
from wizard.core.text.masking import kept
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents

_MOST: Final = 20
"""Events that are shown, the newest ones."""


async def describe(cluster: Cluster, documents: Documents, target: Target, kind: str, name: str) -> str:
    """The events about an object, newest last, and its YAML without managedFields; raises Problem."""
    try:
        obj, events = await asyncio.gather(
            cluster.get(kind, name, target.namespace), _events(cluster, target, kind, name)
        )
    except ClusterError as error:
        needs = f"To see it: {error.permission}." if error.permission else "Esc goes back; its row shows what is known."
        raise Problem(f"{kind} {name} cannot be read: {error.message}", needs) from None
    shown = kept({**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key != "managedFields"}})
    return f"{events}\n\n{documents.render((), shown, {}).strip()}"


async def _events(cluster: Cluster, target: Target, kind: str, name: str) -> str:
    about = f"involvedObject.kind={kind},involvedObject.name={name}"
    try:
        found = await cluster.list("Event", target.namespace, fields=about)
    except ClusterError as error:
        return f"Events are not seen: {error.message}"
    events = (membership.object_event(raw, raw.get("involvedObject") or {}) for raw in found)
    lines = [_line(event) for event in sorted(events, key=lambda event: event.time)]
    older = [f"{len(lines) - _MOST} older ones"] if len(lines) > _MOST else []
    return "\n".join(["Events", *(f"  {line}" for line in (*older, *lines[-_MOST:]) or ("none",))])


def _line(event: ObjectEvent) -> str:
    times = f" x{event.count}" if event.count > 1 else ""
    when = event.time[5:19].replace("T", " ")
    return f"{when} {event.type} {event.reason}{times}: {event.message}"
