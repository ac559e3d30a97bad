"""A cluster whose Services and workloads look as if they had been there for days, and what a watch said meanwhile."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from wizard.adapters.clock import SystemClock
from wizard.adapters.kube.client import KubeCluster
from wizard.core.kube.api import WatchEvent
from wizard.core.kube.objects import Object
from wizard.core.rules.finding import Finding
from wizard.core.run.events import Event
from wizard.core.target import Target
from wizard.engine.watch.release_watch import ReleaseWatch

AGE: Final = timedelta(days=3)
AGED: Final = (
    "Deployment", "StatefulSet", "Service", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget",
    "PersistentVolumeClaim",
)  # fmt: skip


def aged(obj: Object, by: timedelta = AGE) -> Object:
    """The object as if it had been made so long before."""
    made = datetime.fromisoformat(obj["metadata"]["creationTimestamp"]) - by
    stamp = made.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {**obj, "metadata": {**obj["metadata"], "creationTimestamp": stamp}}


class OldCluster(KubeCluster):
    """The real one, seen like that; `stream` is what it sent, as JSON-ready rows."""

    def __init__(self, target: Target) -> None:
        super().__init__(target)
        self.stream: list[dict[str, Any]] = []

    async def watch(self, kind: str, namespace: str, *, labels: str = "") -> AsyncIterator[WatchEvent]:
        """As the port says."""
        async for change in super().watch(kind, namespace, labels=labels):
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            row = {"at": now, "kind": kind, "type": change.type, "objects": list(change.objects)}
            self.stream.append(row)
            old = tuple(aged(one) if kind in AGED else one for one in change.objects)
            yield replace(change, objects=old)


class Watcher:
    """Watches a release in the old cluster while something is done to it, and knows nothing of that."""

    def __init__(self, target: Target) -> None:
        self.cluster, self.events = OldCluster(target), list[Event]()
        self.hopeless: list[Finding] = []
        """Urgent findings that would not heal."""
        self.watch = ReleaseWatch(self.cluster, target, SystemClock(), self._keep)

    def _keep(self, events: Iterable[Event]) -> None:
        self.events += events
        self.hopeless += [one for one in self.watch.urgent if one.terminal or one.heals == "no"]

    async def __aenter__(self) -> Watcher:
        self._task = asyncio.create_task(self.watch.run())
        async with asyncio.timeout(20):
            while not self.watch.listed:
                await self.watch.changed(0.1)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.cluster.close()


def alarms(events: Iterable[Event]) -> list[str]:
    """What a person could destroy something for: stuck, will not heal, stop."""
    return [f"{one.type} {json.dumps(dict(one.data))}" for one in events if _alarms(one.type, one.data)]


def _alarms(kind: str, data: Mapping[str, Any]) -> bool:
    match kind:
        case "verdict":
            return data["state"] in ("stuck", "failed")
        case "waiting":
            return bool(data["heals"] == "no")
        case "object.state":
            return data["state"] in ("stuck", "failed")
        case "finding":
            return bool(data["terminal"])
        case "decision":
            return True
    return False
