"""The logs of a release's containers so far, read once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from typing import Any

from wizard.core.errors import Exit, Problem
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import containers
from wizard.core.run.events import Event
from wizard.core.target import Target
from wizard.ports.cluster import Cluster


async def read(cluster: Cluster, target: Target, *, tail: int | None = None) -> AsyncIterator[Sequence[Event]]:
    """Batches of log.lines, container after container; a log that cannot be read is a watch.blind and does not end it.

    Raises:
        Problem: the pods cannot be listed.
    """
    labels = f"app.kubernetes.io/instance={target.release}"
    try:
        pods = await cluster.list("Pod", target.namespace, labels=labels)
    except ClusterError as error:
        needs = f"Needs: {error.permission}." if error.permission else "Look at the cluster with check."
        raise Problem(error.message, needs, Exit.UNKNOWN) from error
    for pod in sorted(pods, key=lambda pod: str(pod["metadata"]["name"])):
        name = str(pod["metadata"]["name"])
        for container in _started(pod):
            about = {"pod": name, "container": container, "previous": False}
            try:
                async for batch in cluster.logs(target.namespace, name, container, follow=False, tail_lines=tail):
                    yield (Event("log.lines", {**about, "lines": list(batch)}),)
            except ClusterError as error:
                hidden = {
                    "what": f"logs of {name} {container}",
                    "reason": error.message,
                    "permission": error.permission,
                }
                yield (Event("watch.blind", hidden),)


def _started(pod: Mapping[str, Any]) -> Iterator[str]:
    """The containers that have started, in the order of the pod's specification."""
    status = pod.get("status") or {}
    statuses = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    ran = {reported["name"] for reported in statuses if reported.get("containerID")}
    spec = pod.get("spec") or {}
    for container in containers(spec):
        if container["name"] in ran:
            yield str(container["name"])
