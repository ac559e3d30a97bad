"""What several families read of a pod."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from wizard.core.kube import status
from wizard.core.kube.objects import Object
from wizard.core.rules.snapshot import Snapshot


def waiting(pod: Object, reasons: frozenset[str]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Container statuses that wait for one of these reasons, with what they say about it."""
    for container in status.container_statuses(pod):
        wait = (container.get("state") or {}).get("waiting") or {}
        if wait.get("reason") in reasons:
            yield container, wait


def in_field(container: Mapping[str, Any]) -> str:
    """A container (its status) as the place of evidence."""
    return f"container {container.get('name')}"


def began(pod: Object) -> str:
    """When the pod was given its node, or was made."""
    return str(status.condition(pod, "PodScheduled").get("lastTransitionTime") or status.created(pod))


def log_command(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> str:
    """The line that shows what the container said: before its restart when it was restarted."""
    previous = ("--previous",) if int(container.get("restartCount") or 0) else ()
    name, tail = str(pod["metadata"]["name"]), ("--tail", "50")
    return snapshot.command("kubectl", "logs", name, "-c", str(container.get("name")), *previous, *tail)


def last_lines(pod: Object, container: Mapping[str, Any], snapshot: Snapshot, count: int = 3) -> list[str]:
    """The last lines of a container's log that say something."""
    lines = snapshot.logs.get((str(pod["metadata"]["name"]), str(container.get("name"))), ())
    return [line for line in lines if line.strip()][-count:]
