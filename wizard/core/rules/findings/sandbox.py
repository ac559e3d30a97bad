"""Pods whose sandbox cannot be made: the network plugin, its addresses, the container runtime."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, ObjectEvent, name_of
from wizard.core.rules.finding import Evidence, Finding, Heals, finding
from wizard.core.rules.findings.pods import began, describe_command
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.words import counted

_PATIENCE: Final = 90
"""Seconds after scheduling in which a node's network plugin may still be starting."""
_STALE: Final = 600
_MEMORY: Final = re.compile(r"OOM-killed|memory limit too low")
"""A limit too small for any container is CO09."""

_NODE_OWNER: Final = "Ask whoever runs the nodes: give them this message."
# Words: containerd internal/cri/server/sandbox_run.go; CNI plugins host-local, aws-cni, cilium, calico, flannel.
_CAUSES: Final[tuple[tuple[str, str, str, Heals], ...]] = (
    (
        r"no IP addresses available|failed to assign an IP address|no IPs currently available|range is full|no more IPs"
        r"|(?:IP|address) (?:space|pool)[^\n]{0,20}exhausted|InsufficientCidrBlocks|no free (?:IP )?addresses|run out of addresses",
        "no IP address is free for it",
        "Whoever runs the nodes has to give the pod network more addresses; fewer pods on that node help at once.",
        "unknown",
    ),
    (
        r"no runtime for",
        "its RuntimeClass is not configured on the node",
        "Name a RuntimeClass that the node has.",
        "no",
    ),
    (
        r"sandbox image|pull image \"[^\"]*pause",
        "the node cannot pull its sandbox image",
        f"The node's own (pause) image is missing. {_NODE_OWNER}",
        "unknown",
    ),
    (
        r"cni plugin not initialized|network plugin is not ready|NetworkPluginNotReady|setup network|plugin type=",
        "the network plugin fails",
        f"The pods of the network plugin on that node have to work. {_NODE_OWNER}",
        "unknown",
    ),
)


@finding("CO14")
def no_sandbox(snapshot: Snapshot) -> Iterator[Finding]:
    """The kubelet cannot make a pod's sandbox, for longer than a node needs to become complete."""
    for pod in snapshot.starting_pods():
        if any(container.get("containerID") for container in status.container_statuses(pod)):
            continue
        events = snapshot.about(pod, "FailedCreatePodSandBox", "NetworkNotReady")
        if not events or _MEMORY.search(events[0].message):
            continue
        if snapshot.older(began(pod), _PATIENCE) and not snapshot.older(events[0].time, _STALE):
            yield _finding(pod, events[0], snapshot)


def _finding(pod: Object, event: ObjectEvent, snapshot: Snapshot) -> Finding:
    why, remedy, heals = next(
        ((why, remedy, heals) for pattern, why, remedy, heals in _CAUSES if re.search(pattern, event.message, re.I)),
        ("the container runtime fails", _NODE_OWNER, "unknown"),
    )
    plugin = re.search(r"plugin type=\\?\"([^\"\\]+)", event.message)
    node = str((pod.get("spec") or {}).get("nodeName") or "")
    named = f" ({plugin[1]})" if plugin else ""
    return Finding(
        "CO14",
        f"its sandbox cannot be made on node {node or 'unknown'}: {why}{named}",
        snapshot.root_name(pod),
        (
            Evidence(
                event.message, name_of(pod), f"event {event.reason}, seen {counted(event.count, 'time')}", event.time
            ),
        ),
        (remedy,),
        heals=heals,
        since=began(pod),
        # The kubelet says NetworkNotReady where the whole node is not ready: CL01.
        waits=event.reason == "NetworkNotReady",
        commands=(
            describe_command(pod, snapshot),
            *([f"kubectl get pods --all-namespaces --field-selector spec.nodeName={node}"] if node else []),
        ),
        avoid=("Don't delete the pods over and over: new ones on that node need the same.",),
    )
