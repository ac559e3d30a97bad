"""Releases as a look brings them, kept in files: captured from the sandbox, loaded fresh for every case.

`python -m tests.diagnosis.worlds NAMESPACE RELEASE FILE` captures one from the cluster of the kubeconfig.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from wizard.core.kube.objects import ObjectEvent
from wizard.core.rules.snapshot import HelmError, Revision, Snapshot

FOLDER = Path(__file__).resolve().parent / "worlds"


@dataclass
class World:
    """One release and what surrounds it, to be broken by a case. All by hand: nothing here is the code under test."""

    objects: list[dict[str, Any]]
    around: list[dict[str, Any]]
    seen: list[str]
    events: list[ObjectEvent]
    logs: dict[tuple[str, str], list[str]]
    revisions: list[Revision]
    now: datetime
    namespace: str
    release: str
    said: list[HelmError] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    """Kinds whose list had no answer in time."""

    def snapshot(self) -> Snapshot:
        """The world as rules get it."""
        return Snapshot(
            objects={one["metadata"]["uid"]: one for one in self.objects},
            events=sorted(self.events, key=lambda one: one.time),
            now=self.now,
            logs=self.logs,
            around={one["metadata"]["uid"]: one for one in self.around},
            seen=frozenset(self.seen),
            absent=frozenset(self.absent),
            late=tuple(f"list {kind}: no answer within 8 s" for kind in self.late),
            revisions=tuple(self.revisions),
            helm_errors=tuple(self.said),
            namespace=self.namespace,
            release=self.release,
        )


def load(name: str) -> World:
    """A captured world, fresh."""
    data = json.loads((FOLDER / f"{name}.json").read_text())
    return World(
        objects=data["objects"],
        around=data["around"],
        seen=data["seen"],
        events=[ObjectEvent(**one) for one in data["events"]],
        logs={(pod, container): lines for pod, container, lines in data["logs"]},
        revisions=[Revision(**{**one, "unread": tuple(one["unread"])}) for one in data["revisions"]],
        now=datetime.fromisoformat(data["now"]),
        namespace=data["namespace"],
        release=data["release"],
    )


def save(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot, an object a line."""
    data = {
        "now": snapshot.now.isoformat(timespec="seconds"),
        "namespace": snapshot.namespace,
        "release": snapshot.release,
        "seen": sorted(snapshot.seen),
        "objects": list(snapshot.objects.values()),
        "around": list(snapshot.around.values()),
        "events": [asdict(one) for one in snapshot.events],
        "logs": [[pod, container, list(lines)] for (pod, container), lines in snapshot.logs.items()],
        "revisions": [asdict(one) for one in snapshot.revisions],
    }
    parts = [f'"{key}": {_lines(value)}' for key, value in data.items()]
    path.write_text("{" + ",\n".join(parts) + "}\n")


def _lines(value: Any) -> str:
    if isinstance(value, list) and value and not isinstance(value[0], str):
        return "[\n" + ",\n".join(json.dumps(one, separators=(",", ":"), sort_keys=True) for one in value) + "]"
    return json.dumps(value)


async def _capture(namespace: str, release: str, path: Path) -> None:
    from wizard.adapters.clock import SystemClock
    from wizard.adapters.kube.client import KubeCluster
    from wizard.core.target import Target
    from wizard.engine.watch.diagnose import look

    target = Target("", namespace, release, "")
    cluster = KubeCluster(target)
    async for seen in look(cluster, target, SystemClock()):
        if seen.complete:
            save(seen.snapshot, path)
    await cluster.close()


def main(arguments: Sequence[str]) -> None:
    """Capture one."""
    namespace, release, name = arguments
    FOLDER.mkdir(exist_ok=True)
    asyncio.run(_capture(namespace, release, FOLDER / f"{name}.json"))


if __name__ == "__main__":
    main(sys.argv[1:])
