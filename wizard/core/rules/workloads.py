"""The workloads of a release on the nodes: where their pods go beside those that are there, now and when they are scaled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from wizard.core.kube.objects import Object, labels_of
from wizard.core.rules import manifests
from wizard.core.rules.manifests import Template
from wizard.core.scheduling.placement import Cluster, Placed, Wanted
from wizard.core.scheduling.selectors import labels_match
from wizard.core.target import Target


@dataclass(frozen=True)
class Placement:
    """The outcome for each workload whose pods stay, and for those with an autoscaler at the largest number of pods."""

    nodes: int
    """How many nodes there are."""
    first: tuple[Placed, ...]
    scaled: tuple[Placed, ...]


def place(
    objects: Sequence[Object],
    admitted: Mapping[str, Mapping[str, Any]],
    nodes: Sequence[Object],
    pods: Sequence[Object],
    target: Target,
) -> Placement:
    """Place the rendered workloads of a release; `admitted` is the spec of their pods where admission made another.

    Takes as long as there are nodes and pods: 1.5 s with 500 nodes and 5,000 pods.
    """
    templates = _in_order([template for template in manifests.templates(objects) if template.stays])
    gone = {id(pod) for template in templates for pod in replaced(template, pods, target)}
    cluster = Cluster(nodes, [pod for pod in pods if id(pod) not in gone])
    first = [_place(cluster, template, admitted, target) for template in templates]
    scaled = [
        _scale(cluster, template, admitted, target, before)
        for template, before in zip(templates, first, strict=True)
        if template.most
    ]
    return Placement(len(nodes), tuple(first), tuple(scaled))


def _place(cluster: Cluster, template: Template, admitted: Mapping[str, Mapping[str, Any]], target: Target) -> Placed:
    wanted = _wanted(template, admitted, target, template.replicas)
    return cluster.place_on_each(wanted) if template.of["kind"] == "DaemonSet" else cluster.place(wanted)


def _scale(
    cluster: Cluster, template: Template, admitted: Mapping[str, Mapping[str, Any]], target: Target, before: Placed
) -> Placed:
    more = cluster.place(_wanted(template, admitted, target, max(0, template.most - template.replicas)))
    wanted = replace(more.wanted, replicas=template.most)
    return Placed(wanted, (*before.nodes, *more.nodes), before.why_not or more.why_not)


def _wanted(template: Template, admitted: Mapping[str, Mapping[str, Any]], target: Target, replicas: int) -> Wanted:
    """The pods of a template as admission makes them, where that is known."""
    spec = admitted.get(template.owner, template.spec)
    placed = {key: value for key, value in {**template.spec, **spec}.items() if key != "nodeName"}
    return Wanted(template.owner, template.labels, placed, target.namespace, replicas)


def replaced(template: Template, pods: Sequence[Object], target: Target) -> list[Object]:
    """The live pods of a workload, which its new ones replace."""
    selector = (template.of.get("spec") or {}).get("selector")
    return [
        pod
        for pod in pods
        if pod["metadata"].get("namespace") in (None, target.namespace) and labels_match(selector, labels_of(pod))
    ]


def _in_order(templates: Sequence[Template]) -> list[Template]:
    """First what cannot go elsewhere, then stores, for which others wait."""
    order = ("DaemonSet", "StatefulSet")
    kinds = {kind: number for number, kind in enumerate(order)}
    return sorted(templates, key=lambda template: (kinds.get(template.of["kind"], len(order)), template.owner))
