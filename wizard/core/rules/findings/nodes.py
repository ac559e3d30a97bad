"""Nodes whose problems affect their pods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.words import counted

_PRESSURES: Final = ("MemoryPressure", "DiskPressure", "PIDPressure")


class _Advice(NamedTuple):
    """What happens to its pods until the node is well, and what to avoid."""

    meanwhile: str
    avoid: str


_GONE: Final = _Advice(
    "Pods of a Deployment are recreated elsewhere after 5 minutes if there is room; those of a StatefulSet only "
    "when the node is back or removed.",
    "Don't force-delete a StatefulSet's pod while its node may still run it: two would write one volume.",
)
_SHORT: Final = _Advice(
    "Until then the kubelet takes pods off it, those first that take most beyond their requests, and its taint keeps "
    "new ones away.",
    "Don't tolerate the node's pressure taint: what is placed there would be evicted again.",
)


@finding("CL01")
def node_unwell(snapshot: Snapshot) -> Iterator[Finding]:
    """A node with pods of this release is not ready, or short of memory, disk or processes."""
    for node in snapshot.beside("Node"):
        name = str(node["metadata"]["name"])
        pods = [pod for pod in snapshot.of_kind("Pod") if (pod.get("spec") or {}).get("nodeName") == name]
        if not pods:
            continue
        ready = status.condition(node, "Ready")
        pressed = [
            condition for kind in _PRESSURES if (condition := status.condition(node, kind)).get("status") == "True"
        ]
        if ready and ready.get("status") != "True":
            yield _finding(node, pods, ready, "is not ready", _GONE, snapshot)
        elif pressed:
            short = ", ".join(str(condition["type"]).removesuffix("Pressure").lower() for condition in pressed)
            yield _finding(node, pods, pressed[0], f"is short of {short}", _SHORT, snapshot)


def _finding(
    node: Object,
    pods: list[Object],
    condition: Mapping[str, Any],
    what: str,
    advice: _Advice,
    snapshot: Snapshot,
) -> Finding:
    roots = tuple(dict.fromkeys(snapshot.root_name(pod) for pod in pods))
    names = ", ".join(str(pod["metadata"]["name"]) for pod in pods)
    since = str(condition.get("lastTransitionTime") or "")
    words = ": ".join(str(part) for part in (condition.get("reason"), condition.get("message")) if part)
    return Finding(
        "CL01", f"node {node['metadata']['name']} {what}; with {counted(len(pods), 'pod')} of this release", name_of(node),
        (
            Evidence(words or str(condition.get("status")), name_of(node), f"status.conditions[{condition.get('type')}]", since),
            Evidence(names, "", "pods on it"),
        ),
        ("Whoever runs the nodes has to fix it: give them this evidence.", advice.meanwhile),
        heals="unknown", since=since, affects=roots,
        commands=(f"kubectl describe node {node['metadata']['name']}",),
        avoid=(advice.avoid,),
    )  # fmt: skip
