"""Simulates the default profile of the Kubernetes scheduler: which pods of some workloads find a node, and what holds back the others.

Nodes are filtered as the scheduler's plugins do (pkg/scheduler/framework/plugins). Among those that are left the one with
most free room is taken, of pods that are spread the one with fewest; the scheduler's own choice has more parts, and is random
between equals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any, Final

from wizard.core.kube.objects import Object
from wizard.core.scheduling import requests
from wizard.core.scheduling.selectors import labels_match, node_matches, terms_match, untolerated

_KEEP_OUT: Final = ("NoSchedule", "NoExecute")
_CORDONED: Final = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
_OF_DAEMONS: Final = tuple(
    {"key": f"node.kubernetes.io/{name}", "operator": "Exists"}
    for name in ("not-ready", "unreachable", "disk-pressure", "memory-pressure", "pid-pressure", "unschedulable")
)
"""What the DaemonSet controller lets its pods tolerate (pkg/controller/daemon/util), and those with the node's network besides."""
_NO_NETWORK: Final = {"key": "node.kubernetes.io/network-unavailable", "operator": "Exists"}
_ZONE: Final = "topology.kubernetes.io/zone"
_ENDED: Final = ("Succeeded", "Failed")


@dataclass(frozen=True)
class Wanted:
    """A workload to place: its name, the metadata labels and spec of its pods, their namespace and number."""

    name: str
    labels: Mapping[str, Any]
    spec: Mapping[str, Any]
    namespace: str
    replicas: int
    namespace_labels: Mapping[str, Any] = field(default_factory=dict)
    volumes: Sequence[Callable[[Object], bool]] = ()
    """Of each claim, whether a node can have its volume."""


@dataclass(frozen=True)
class Placed:
    """The outcome for one workload: the nodes of its pods, and for the first one without a node how many nodes say what.

    A node can say two things: that it has too little of two resources.
    """

    wanted: Wanted
    nodes: tuple[str, ...]
    why_not: Mapping[str, int] = field(default_factory=dict)

    @property
    def fits(self) -> bool:
        """Whether every pod has a node."""
        return len(self.nodes) >= self.wanted.replicas


@dataclass
class _Pod:
    name: str
    namespace: str
    labels: Mapping[str, Any]
    spec: Mapping[str, Any]
    going: bool = False

    @cached_property
    def asked(self) -> requests.Amounts:
        """What it asks of a node."""
        return requests.of_pod(self.spec)

    @cached_property
    def ports(self) -> frozenset[tuple[str, str, int]]:
        """The ports of the node that it takes."""
        return requests.ports(self.spec)

    @cached_property
    def apart(self) -> Sequence[Mapping[str, Any]]:
        """What it wants to be apart from."""
        return _terms(self.spec, "podAntiAffinity")


@dataclass
class _Around:
    """What the pods that are there mean for one that is to be placed. A place is a label of nodes with its value."""

    spread: list[tuple[Mapping[str, Any], dict[str, int]]]
    """Its constraints, with the number of pods that each counts by value of its key."""
    own: Sequence[Mapping[str, Any]]
    """What it wants to be near, and by term where such pods are."""
    near: list[set[tuple[str, Any]]]
    first: bool = False
    """Such pods are nowhere, and it is one itself."""
    kept_from: set[tuple[str, Any]] = field(default_factory=set)
    """Where pods are that it wants to be apart from."""
    unwanted: set[tuple[str, Any]] = field(default_factory=set)
    """Where pods are that want to be apart from it."""
    alike: Counter[str] = field(default_factory=Counter)
    alike_in: Counter[Any] = field(default_factory=Counter)
    """How many pods of its workload are on each node, and in each zone."""

    def crowd(self, node: _Node) -> tuple[int, int]:
        """How many pods alike are in its zone and on it: the scheduler spreads pods of one workload by default."""
        zone = node.labels.get(_ZONE)
        return self.alike_in[zone] if zone is not None else 0, self.alike[node.name]


class _Node:
    """A node with the pods on it."""

    def __init__(self, obj: Object) -> None:
        self.obj = obj
        self.name = str(obj["metadata"]["name"])
        self.labels: Mapping[str, Any] = obj["metadata"].get("labels") or {}
        spec = obj.get("spec") or {}
        self.taints: list[Mapping[str, Any]] = list(spec.get("taints") or ())
        self.cordoned = bool(spec.get("unschedulable"))
        self.room = requests.allocatable(obj)
        self.used: dict[str, Fraction] = {}
        self.ports: set[tuple[str, str, int]] = set()
        self.pods: list[_Pod] = []

    def add(self, pod: _Pod) -> None:
        for name, amount in pod.asked.items():
            self.used[name] = self.used.get(name, Fraction(0)) + amount
        self.ports |= pod.ports
        self.pods.append(pod)

    def places(self, term: Mapping[str, Any]) -> set[tuple[str, Any]]:
        """The place of the node by the key of a term; none without that label."""
        key = str(term.get("topologyKey"))
        return {(key, self.labels[key])} if key in self.labels else set()

    def lacks(self, asked: requests.Amounts) -> list[str]:
        """The resources of which it has too little."""
        free = {name: self.room.get(name, Fraction(0)) - self.used.get(name, Fraction(0)) for name in asked}
        return [name for name, amount in asked.items() if amount > max(free[name], Fraction(0))]

    def free_share(self, asked: requests.Amounts) -> Fraction:
        """How much of its cores and memory would be left, as a share, on average."""
        shares = [
            (self.room[name] - self.used.get(name, Fraction(0)) - asked.get(name, Fraction(0))) / self.room[name]
            for name in requests.POD_LEVEL
            if self.room.get(name)
        ]
        return sum(shares, Fraction(0)) / max(1, len(shares))


class Cluster:
    """Nodes and the pods on them; workloads are placed one after the other."""

    def __init__(
        self, nodes: Sequence[Object], pods: Sequence[Object], namespaces: Mapping[str, Mapping[str, Any]] | None = None
    ) -> None:
        self._nodes = {node.name: node for node in map(_Node, nodes)}
        self._namespaces = namespaces or {}
        for pod in pods:
            node = self._nodes.get(str((pod.get("spec") or {}).get("nodeName") or ""))
            if node and (pod.get("status") or {}).get("phase") not in _ENDED:
                meta = pod["metadata"]
                going = bool(meta.get("deletionTimestamp"))
                node.add(
                    _Pod(
                        str(meta["name"]),
                        str(meta.get("namespace") or ""),
                        meta.get("labels") or {},
                        pod["spec"],
                        going,
                    )
                )

    def place(self, wanted: Wanted) -> Placed:
        """Place the pods of a workload, one after the other, until one finds no node."""
        nodes: list[str] = []
        for number in range(wanted.replicas):
            pod = _Pod(f"{wanted.name}-{number}", wanted.namespace, wanted.labels, wanted.spec)
            around = self._around(pod)
            reasons: list[str] = []
            open_to = []
            for node in self._nodes.values():
                why = self._refusals(pod, node, wanted, around)
                reasons += why
                if not why:
                    open_to.append(node)
            if not open_to:
                return Placed(wanted, tuple(nodes), dict(Counter(reasons).most_common()))
            chosen = min(open_to, key=lambda node: (*around.crowd(node), -node.free_share(pod.asked), node.name))
            chosen.add(pod)
            nodes.append(chosen.name)
        return Placed(wanted, tuple(nodes))

    def place_on_each(self, wanted: Wanted) -> Placed:
        """Place one pod on every node that is meant, as the DaemonSet controller does: by taints and node affinity alone."""
        always = [*_OF_DAEMONS, *([_NO_NETWORK] if wanted.spec.get("hostNetwork") else ())]
        spec = {**wanted.spec, "tolerations": [*(wanted.spec.get("tolerations") or ()), *always]}
        around = self._around(_Pod(wanted.name, wanted.namespace, wanted.labels, spec))
        nodes: list[str] = []
        reasons: list[str] = []
        meant = 0
        for node in self._nodes.values():
            if untolerated(node.taints, spec, _KEEP_OUT) or not node_matches(spec, node.obj):
                continue
            meant += 1
            pod = _Pod(f"{wanted.name}-{node.name}", wanted.namespace, wanted.labels, spec)
            if why := self._refusals(pod, node, wanted, around):
                reasons += why
                continue
            node.add(pod)
            nodes.append(node.name)
        return Placed(replace(wanted, replicas=meant), tuple(nodes), dict(Counter(reasons).most_common()))

    def _around(self, pod: _Pod) -> _Around:
        """What the pods that are there mean for this one; read once, and not again for every node."""
        own, apart = _terms(pod.spec, "podAffinity"), pod.apart
        around = _Around([(one, self._counts(pod, one)) for one in _constraints(pod)], own, [set() for _ in own])
        for node in self._nodes.values():
            for other in node.pods:
                if own and self._is_all_meant(own, pod, other):
                    for term, places in zip(own, around.near, strict=True):
                        places |= node.places(term)
                for term in apart:
                    if self._is_meant(term, pod, other):
                        around.kept_from |= node.places(term)
                for term in other.apart:
                    if self._is_meant(term, other, pod):
                        around.unwanted |= node.places(term)
                if other.namespace == pod.namespace and other.labels == pod.labels:
                    around.alike[node.name] += 1
                    around.alike_in[node.labels.get(_ZONE)] += 1
        around.first = not any(around.near) and self._is_all_meant(own, pod, pod)
        return around

    # Filters, in the scheduler's order

    def _refusals(self, pod: _Pod, node: _Node, wanted: Wanted, around: _Around) -> list[str]:
        """Why a node does not take the pod, in the scheduler's words: what its first plugin that refuses has to say."""
        if node.cordoned and untolerated([_CORDONED], pod.spec, _KEEP_OUT):
            return ["node(s) were unschedulable"]
        if taint := untolerated(node.taints, pod.spec, _KEEP_OUT):
            return [f"node(s) had untolerated taint {{{taint.get('key')}: {taint.get('value') or ''}}}"]
        if not node_matches(pod.spec, node.obj):
            return ["node(s) didn't match Pod's node affinity/selector"]
        if _overlap(pod.ports, node.ports):
            return ["node(s) didn't have free ports for the requested pod ports"]
        if short := node.lacks(pod.asked):
            return ["Too many pods" if name == requests.PODS else f"Insufficient {name}" for name in short]
        if not all(fits(node.obj) for fits in wanted.volumes):
            return ["node(s) had volume node affinity conflict"]
        return list(filter(None, [_spread(pod, node, around) or _affinity(node, around)]))

    def _counts(self, pod: _Pod, constraint: Mapping[str, Any]) -> dict[str, int]:
        """By value of its key, how many pods the constraint counts, on the nodes that it considers."""
        keys = [str(one["topologyKey"]) for one in _constraints(pod)]
        selector = _selector(constraint, pod)
        counts: dict[str, int] = {}
        for node in self._nodes.values():
            if not all(key in node.labels for key in keys):
                continue
            if constraint.get("nodeAffinityPolicy", "Honor") == "Honor" and not node_matches(pod.spec, node.obj):
                continue
            if constraint.get("nodeTaintsPolicy", "Ignore") == "Honor" and untolerated(
                [*node.taints, *([_CORDONED] if node.cordoned else ())], pod.spec, _KEEP_OUT
            ):
                continue
            value = str(node.labels[str(constraint["topologyKey"])])
            found = sum(
                not other.going and other.namespace == pod.namespace and labels_match(selector, other.labels)
                for other in node.pods
            )
            counts[value] = counts.get(value, 0) + found
        return counts

    def _is_all_meant(self, terms: Sequence[Mapping[str, Any]], pod: _Pod, other: _Pod) -> bool:
        return all(self._is_meant(term, pod, other) for term in terms)

    def _is_meant(self, term: Mapping[str, Any], owner: _Pod, other: _Pod) -> bool:
        """Whether a term of the owner's selects the other pod."""
        spaces = set(map(str, term.get("namespaces") or ()))
        selector = term.get("namespaceSelector")
        if not spaces and selector is None:
            spaces = {owner.namespace}
        chosen = other.namespace in spaces or (
            selector is not None and labels_match(selector, self._namespaces.get(other.namespace, {}))
        )
        return chosen and labels_match(_keyed(term.get("labelSelector"), term, owner), other.labels)


def _spread(pod: _Pod, node: _Node, around: _Around) -> str:
    for constraint, counts in around.spread:
        key = str(constraint["topologyKey"])
        if key not in node.labels:
            return "node(s) didn't match pod topology spread constraints (missing required label)"
        enough = len(counts) >= int(constraint.get("minDomains") or 1)
        least = min(counts.values(), default=0) if enough else 0
        mine = labels_match(_selector(constraint, pod), pod.labels)
        if counts.get(str(node.labels[key]), 0) + int(mine) - least > int(constraint["maxSkew"]):
            return "node(s) didn't match pod topology spread constraints"
    return ""


def _affinity(node: _Node, around: _Around) -> str:
    """Affinity and anti-affinity between pods that are required, in both directions.

    The first pod of a group that only asks for itself may go wherever the labels are.
    """
    labelled = all(node.places(term) for term in around.own)
    near = all(node.places(term) & places for term, places in zip(around.own, around.near, strict=True))
    if around.own and not (labelled and (near or around.first)):
        return "node(s) didn't match pod affinity rules"
    here = set(node.labels.items())
    if here & around.kept_from:
        return "node(s) didn't match pod anti-affinity rules"
    return "node(s) didn't satisfy existing pods anti-affinity rules" if here & around.unwanted else ""


def _overlap(asked: frozenset[tuple[str, str, int]], taken: set[tuple[str, str, int]]) -> bool:
    every = "0.0.0.0"  # noqa: S104 - compared alone
    return any(
        (protocol == other and port == number and every in (address, where))
        or (protocol, address, port) == (other, where, number)
        for protocol, address, port in asked
        for other, where, number in taken
    )


def _constraints(pod: _Pod) -> list[Mapping[str, Any]]:
    return [
        one
        for one in pod.spec.get("topologySpreadConstraints") or ()
        if one.get("whenUnsatisfiable") != "ScheduleAnyway"
    ]


def _selector(constraint: Mapping[str, Any], pod: _Pod) -> Mapping[str, Any] | None:
    return _keyed(constraint.get("labelSelector"), constraint, pod)


def _keyed(selector: Mapping[str, Any] | None, of: Mapping[str, Any], pod: _Pod) -> Mapping[str, Any] | None:
    """A selector with what matchLabelKeys and mismatchLabelKeys add: the pod's own labels of these keys."""
    more = [
        {"key": key, "operator": operator, "values": [pod.labels[key]]}
        for name, operator in (("matchLabelKeys", "In"), ("mismatchLabelKeys", "NotIn"))
        for key in of.get(name) or ()
        if key in pod.labels
    ]
    if selector is None or not more:
        return selector
    return {**selector, "matchExpressions": [*(selector.get("matchExpressions") or ()), *more]}


def _terms(spec: Mapping[str, Any], kind: str) -> Sequence[Mapping[str, Any]]:
    rules = (spec.get("affinity") or {}).get(kind) or {}
    return rules.get("requiredDuringSchedulingIgnoredDuringExecution") or ()


def volume_fits(volume: Object) -> Callable[[Object], bool]:
    """Whether a node can have a volume that exists, by its node affinity."""
    required = ((volume.get("spec") or {}).get("nodeAffinity") or {}).get("required")
    return lambda node: required is None or terms_match(required.get("nodeSelectorTerms") or (), node)


def class_fits(storage_class: Object) -> Callable[[Object], bool]:
    """Whether a volume of a class can be made for a node, by its allowed topologies."""
    allowed = storage_class.get("allowedTopologies") or ()
    terms = [
        {"matchExpressions": [{**one, "operator": "In"} for one in term.get("matchLabelExpressions") or ()]}
        for term in allowed
    ]
    return lambda node: not terms or terms_match(terms, node)
