"""NetworkPolicies: which connections they cut, as the API defines it (k8s.io/api/networking/v1, NetworkPolicySpec).

What depends on addresses (ipBlock) or on labels that are hidden counts as allowed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from wizard.core.kube.objects import Object, containers
from wizard.core.limits import map_of, maps_of
from wizard.core.scheduling.selectors import labels_match

Direction = Literal["Ingress", "Egress"]
_NAME: Final = "kubernetes.io/metadata.name"
_PEERS: Final[Mapping[Direction, str]] = {"Ingress": "from", "Egress": "to"}


@dataclass(frozen=True)
class End:
    """One end of a connection: a pod's namespace, labels and spec. `namespace_labels` is None when they are hidden."""

    namespace: str
    labels: Mapping[str, Any]
    spec: Mapping[str, Any]
    namespace_labels: Mapping[str, Any] | None = None

    def port(self, name: Any, protocol: str) -> int:
        """The number of a port that is given by number or name; 0 when the pod has none of that name."""
        if isinstance(name, int) or str(name).isdigit():
            return int(name)
        for container in containers(self.spec):
            for port in maps_of(container, "ports"):
                if port.get("name") == name and (port.get("protocol") or "TCP") == protocol:
                    return int(port["containerPort"]) if str(port.get("containerPort", "")).isdigit() else 0
        return 0


def cutting(
    policies: Iterable[Object], direction: Direction, pod: End, other: End, port: int, protocol: str = "TCP"
) -> tuple[str, ...]:
    """The policies that isolate a pod of their namespace, when none of them allows the connection; () when it is allowed.

    `other` is the other end; `port` is the one of the pod that is connected to.
    """
    isolating = [
        one
        for one in policies
        if direction in _types(map_of(one, "spec")) and _selects(map_of(one, "spec").get("podSelector"), pod.labels)
    ]
    target = pod if direction == "Ingress" else other
    for policy in isolating:
        for rule in maps_of(map_of(policy, "spec"), direction.lower()):
            if _port_allowed(rule, target, port, protocol) and _peer_allowed(rule, direction, pod, other):
                return ()
    return tuple(str(one["metadata"].get("name")) for one in isolating)


def selects_by_labels(policies: Iterable[Object]) -> bool:
    """Whether a policy selects namespaces by other labels than their name, which every namespace has."""
    return any(
        key != _NAME
        for policy in policies
        for direction, peers in _PEERS.items()
        for rule in maps_of(map_of(policy, "spec"), direction.lower())
        for peer in maps_of(rule, peers)
        for key in _keys(map_of(peer, "namespaceSelector"))
    )


def _keys(selector: Mapping[str, Any]) -> set[str]:
    return {*map_of(selector, "matchLabels"), *(str(one.get("key")) for one in maps_of(selector, "matchExpressions"))}


def _types(spec: Mapping[str, Any]) -> tuple[str, ...]:
    """The directions of a policy; without them it is for ingress, and for egress if it has such rules."""
    given = spec.get("policyTypes")
    if isinstance(given, list | tuple) and given:
        return tuple(map(str, given))
    return ("Ingress", "Egress") if spec.get("egress") else ("Ingress",)


def _selects(selector: Any, labels: Mapping[str, Any]) -> bool:
    """A pod selector; one that is left out or empty selects every pod."""
    return labels_match(selector if isinstance(selector, Mapping) else {}, labels)


def _port_allowed(rule: Mapping[str, Any], target: End, port: int, protocol: str) -> bool:
    if not rule.get("ports"):
        return True
    for one in maps_of(rule, "ports"):
        if (one.get("protocol") or "TCP") != protocol:
            continue
        if one.get("port") is None:
            return True
        first = target.port(one["port"], protocol)
        last = one.get("endPort")
        if first <= port <= (last if isinstance(last, int) else first):
            return True
    return False


def _peer_allowed(rule: Mapping[str, Any], direction: Direction, pod: End, other: End) -> bool:
    peers = maps_of(rule, _PEERS[direction])
    return not rule.get(_PEERS[direction]) or any(_is_peer(one, pod, other) for one in peers)


def _is_peer(peer: Mapping[str, Any], pod: End, other: End) -> bool:
    if peer.get("ipBlock"):
        return True
    spaces = peer.get("namespaceSelector")
    if not isinstance(spaces, Mapping):
        return pod.namespace == other.namespace and _selects(peer.get("podSelector"), other.labels)
    known = other.namespace_labels
    here = (
        labels_match(spaces, {**(known or {}), _NAME: other.namespace})
        if known is not None or _keys(spaces) <= {_NAME}
        else True
    )
    return here and _selects(peer.get("podSelector"), other.labels)
