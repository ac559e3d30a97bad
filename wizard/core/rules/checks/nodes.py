"""C03, C06, C09: pods beside those that they replace, nodes that take no pods, nodes that are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, containers, labels_of
from wizard.core.limits import map_of, maps_of, text_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.manifests import Template
from wizard.core.rules.workloads import Placement

_PRESSURE: Final = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")
_VIRTUAL: Final = (("type", "virtual-kubelet"), ("eks.amazonaws.com/compute-type", "fargate"))
"""Labels of nodes that are a service of a cloud: Azure's virtual nodes and others, AWS Fargate."""


@check("C03", "room for a rolling update", needs=("placed",), decides=False)
def surge(facts: Facts) -> Outcome:
    """Where a rolling update may not stop an old pod first, a new one finds a node beside all that are there."""
    placed: Placement = facts["placed"]
    lines = []
    for one, old in placed.renewed:
        if not one.fits:
            why = ", ".join(f"{count} {words}" for words, count in one.why_not.items()) or "there is no node"
            lines.append(f"{one.wanted.name}: no node for a new pod beside the {old} that are there: {why}")
    if lines:
        step = "Have a node added, or let an old pod go first (maxUnavailable 1): the update would wait for ever, the old pods stay."
        return Outcome("warn", capped(lines), step)
    if not placed.renewed:
        return Outcome("skipped", ("no running pod is replaced by a new one before it stops",))
    return Outcome("pass", (f"a new pod of {len(placed.renewed)} Deployments finds a node beside the old ones",))


@check("C06", "nodes that take no pods", needs=("nodes",), decides=False)
def healthy(facts: Facts) -> Outcome:
    """Most nodes take pods: they are ready, not cordoned, and not short of memory, disk or process ids."""
    nodes: Sequence[Object] = facts["nodes"]
    if not nodes:
        return Outcome("skipped", ("there is no node",))
    lines = [f"{node['metadata'].get('name')} {words}" for node in nodes if (words := _trouble(node))]
    if len(lines) * 2 >= len(nodes):
        said = f"{len(lines)} of {len(nodes)} nodes take no pods"
        return Outcome(
            "warn", (said, *capped(lines)), "Find out what is done with these nodes before you add to the others."
        )
    return Outcome("pass", (f"{len(nodes) - len(lines)} of {len(nodes)} nodes take pods", *capped(lines)))


def _trouble(node: Object) -> str:
    ready = status.condition(node, "Ready")
    if ready.get("status") != "True":
        return f"is not ready: {text_of(ready, 'message')[:200] or 'it does not say why'}"
    pressed = [kind for kind in _PRESSURE if status.condition(node, kind).get("status") == "True"]
    if pressed:
        return f"has {', '.join(pressed)}"
    return "is cordoned" if map_of(node, "spec").get("unschedulable") else ""


@check("C09", "virtual nodes", needs=("rendered", "nodes"), decides=False)
def virtual(facts: Facts) -> Outcome:
    """Where every node is a service of a cloud, no pod asks for what only a machine has."""
    nodes: Sequence[Object] = facts["nodes"]
    kinds = [
        next((f"{key}={value}" for key, value in _VIRTUAL if labels_of(node).get(key) == value), "") for node in nodes
    ]
    if not nodes or not all(kinds):
        return Outcome("pass", ("there are nodes that are machines" if nodes else "there is no node",))
    lines = [
        f"{one.owner}: {', '.join(asked)}"
        for one in manifests.templates(facts["rendered"].objects)
        if (asked := list(_of_machine(one)))
    ]
    if lines:
        step = "Turn these off, or have a node group of machines added."
        return Outcome("warn", (f"every node is virtual ({kinds[0]})", *capped(lines)), step)
    return Outcome("pass", ("no pod asks for what a virtual node has not",))


def _of_machine(template: Template) -> Iterator[str]:
    """What of a pod virtual nodes refuse (docs.aws.amazon.com, Fargate considerations; learn.microsoft.com, virtual nodes)."""
    spec: Mapping[str, Any] = template.spec
    if template.of["kind"] == "DaemonSet":
        yield "it is a DaemonSet"
    if spec.get("hostNetwork"):
        yield "hostNetwork"
    if any(one.get("hostPath") for one in maps_of(spec, "volumes")):
        yield "a hostPath volume"
    if any(port.get("hostPort") for one in containers(spec) for port in maps_of(one, "ports")):
        yield "a hostPort"
    if any(map_of(one, "securityContext").get("privileged") is True for one in containers(spec)):
        yield "a privileged container"
