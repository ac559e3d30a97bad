"""The evidence that is kept of a release before it is deleted or rolled back.

Objects with their conditions, the events about them, the findings, and for every pod that is not ready the last log lines
of each container and of the instance before its restart. What could not be read says why.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.text import masking
from wizard.engine.watch.release_watch import ReleaseWatch
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster

MOST_LINES: Final = 500
"""Lines of one container's log; those before them are counted."""
_LONGEST: Final = 4096
_SECONDS: Final = 5.0
"""How long all logs together may take."""
_AT_ONCE: Final = 8


async def of(cluster: Cluster, clock: Clock, namespace: str, watch: ReleaseWatch) -> dict[str, Any]:
    """The evidence as JSON-ready data; never raises for what the cluster refuses, never takes longer than a few seconds."""
    watch.flush()
    events = [
        {"object": f"{event.kind}/{event.name}", "reason": event.reason, "message": event.message, "count": event.count,
         "time": event.time}
        for event in watch.object_events()
    ]  # fmt: skip
    objects = watch.members()
    return {
        "findings": [finding.to_data() for finding in watch.findings],
        "events": events,
        "objects": [masking.kept(obj) for obj in objects],
        "logs": await logs(cluster, clock, namespace, objects),
    }


async def logs(cluster: Cluster, clock: Clock, namespace: str, objects: list[Object]) -> list[dict[str, Any]]:
    """The last lines of every container of the pods that are not ready."""
    gate = asyncio.Semaphore(_AT_ONCE)
    deadline = asyncio.get_running_loop().time() + _SECONDS

    async def read(pod: str, container: str, *, previous: bool) -> dict[str, Any]:
        lines: deque[list[str]] = deque(maxlen=MOST_LINES)
        count, problem = 0, ""
        try:
            async with gate, asyncio.timeout_at(deadline):
                async for batch in cluster.logs(
                    namespace, pod, container, follow=False, previous=previous, tail_lines=MOST_LINES
                ):
                    count += len(batch)
                    lines.extend([line.time, line.text[:_LONGEST]] for line in batch)
        except ClusterError as error:
            problem = error.message
        except TimeoutError:
            problem = f"not read within {_SECONDS:.0f} s"
        where = {"pod": pod, "container": container, "previous": previous}
        return {**where, "lines": list(lines), "cut": count - len(lines), "problem": problem}

    wanted = [log for pod in objects if _not_ready(pod, clock) for log in _containers(pod)]
    return list(await asyncio.gather(*(read(pod, name, previous=before) for pod, name, before in wanted)))


def _not_ready(obj: Object, clock: Clock) -> bool:
    if obj.get("kind") != "Pod":
        return False
    try:
        return status.of(obj, clock.now()).state != "ready"
    except (
        TypeError,
        ValueError,
        AttributeError,
        KeyError,
    ):  # the cluster's data is hostile; a pod that makes no sense is not ready
        return True


def _containers(pod: Object) -> Iterator[tuple[str, str, bool]]:
    """(pod, container, whether the previous instance is meant) for every log that exists."""
    name = str(pod["metadata"]["name"])
    for container in status.container_statuses(pod):
        state = container.get("state") or {}
        if container.get("lastState") or container.get("restartCount"):
            yield name, str(container.get("name")), True
        if "running" in state or "terminated" in state:
            yield name, str(container.get("name")), False
