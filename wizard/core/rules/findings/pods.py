"""Readers of pods that several families use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from wizard.core.helm.chart import OURS
from wizard.core.kube import status
from wizard.core.kube.objects import Object, labels_of
from wizard.core.rules.snapshot import Snapshot


def waiting(pod: Object, reasons: frozenset[str]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Container statuses that wait for one of these reasons, with their waiting state."""
    for container in status.container_statuses(pod):
        wait = (container.get("state") or {}).get("waiting") or {}
        if wait.get("reason") in reasons:
            yield container, wait


def in_field(container: Mapping[str, Any]) -> str:
    """A container (its status) as the field of evidence."""
    return f"container {container.get('name')}"


def names_service(pod: Object, name: str) -> bool:
    """Whether the pod's specification names a Service as a host: in a variable, an argument, a command."""
    return re.search(rf'["/@]{re.escape(name)}[:."]', json.dumps(pod.get("spec", {}))) is not None


def asked(obj: Object, question: str, component: str = "app") -> str:
    """The question of the wizard about this part of its own chart; "" of anything else."""
    labels = labels_of(obj)
    ours = str(labels.get("helm.sh/chart") or "").startswith(f"{OURS}-")
    return question if ours and labels.get("app.kubernetes.io/component") == component else ""


def began(pod: Object) -> str:
    """When the pod was scheduled, or else created."""
    return str(status.condition(pod, "PodScheduled").get("lastTransitionTime") or status.created(pod))


def describe_command(pod: Object, snapshot: Snapshot) -> str:
    """The command line that shows the pod with its events."""
    return snapshot.command("kubectl", "describe", "pod", str(pod["metadata"]["name"]))


def log_command(pod: Object, container: Mapping[str, Any], snapshot: Snapshot) -> str:
    """The command line that shows the container's log: that before the last restart when it was restarted."""
    previous = ("--previous",) if int(container.get("restartCount") or 0) else ()
    name, tail = str(pod["metadata"]["name"]), ("--tail", "50")
    return snapshot.command("kubectl", "logs", name, "-c", str(container.get("name")), *previous, *tail)


def last_lines(pod: Object, container: Mapping[str, Any], snapshot: Snapshot, count: int = 3) -> list[str]:
    """The last non-blank lines of a container's log."""
    lines = snapshot.logs.get((str(pod["metadata"]["name"]), str(container.get("name"))), ())
    return [line for line in lines if line.strip()][-count:]
