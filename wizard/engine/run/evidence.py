"""What is kept of a release before anything of it is deleted or rolled back.

Objects with their conditions, the events about them, the findings, and of every pod that is not ready the last lines of
each container, of the instance before its restart too. What could not be had says why.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object
from wizard.core.text import masking
from wizard.engine.watch.release_watch import ReleaseWatch
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster, ClusterError

MOST_LINES: Final = 500
"""Of one container's log; what was said before them is counted."""
_LONGEST: Final = 4096
_SECONDS: Final = 5.0
"""How long all logs together may take."""
_AT_ONCE: Final = 8


async def of(cluster: Cluster, clock: Clock, namespace: str, watch: ReleaseWatch) -> dict[str, Any]:
    """The evidence as JSON-ready data; never raises for what the cluster refuses, never takes longer than a few seconds."""
    watch.flush()
    happened = [
        {"object": f"{one.kind}/{one.name}", "reason": one.reason, "message": one.message, "count": one.count,
         "time": one.time}
        for one in watch.object_events()
    ]  # fmt: skip
    objects = watch.members()
    return {
        "findings": [one.to_data() for one in watch.findings],
        "events": happened,
        "objects": [masking.kept(one) for one in objects],
        "logs": await logs(cluster, clock, namespace, objects),
    }


async def logs(cluster: Cluster, clock: Clock, namespace: str, objects: list[Object]) -> list[dict[str, Any]]:
    """The last lines of every container of the pods that are not ready."""
    gate = asyncio.Semaphore(_AT_ONCE)
    deadline = asyncio.get_running_loop().time() + _SECONDS

    async def read(pod: str, container: str, *, previous: bool) -> dict[str, Any]:
        lines: deque[list[str]] = deque(maxlen=MOST_LINES)
        said, problem = 0, ""
        try:
            async with gate, asyncio.timeout_at(deadline):
                async for batch in cluster.logs(
                    namespace, pod, container, follow=False, previous=previous, tail_lines=MOST_LINES
                ):
                    said += len(batch)
                    lines.extend([one.time, one.text[:_LONGEST]] for one in batch)
        except ClusterError as error:
            problem = error.message
        except TimeoutError:
            problem = f"not read within {_SECONDS:.0f} s"
        where = {"pod": pod, "container": container, "previous": previous}
        return {**where, "lines": list(lines), "cut": said - len(lines), "problem": problem}

    wanted = [one for pod in objects if _not_ready(pod, clock) for one in _containers(pod)]
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
    ):  # the cluster's text is hostile; what makes no sense is not ready
        return True


def _containers(pod: Object) -> Iterator[tuple[str, str, bool]]:
    """Pod, container and whether the instance before is meant, for every log that there is."""
    name = str(pod["metadata"]["name"])
    for one in status.container_statuses(pod):
        state = one.get("state") or {}
        if one.get("lastState") or one.get("restartCount"):
            yield name, str(one.get("name")), True
        if "running" in state or "terminated" in state:
            yield name, str(one.get("name")), False
