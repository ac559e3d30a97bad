"""What a pod asks of a node: resources and host ports."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

from wizard.core.kube import quantity

Amounts = Mapping[str, Fraction]
"""By name of the resource, in cores, bytes or pieces."""
PODS: Final = "pods"
POD_LEVEL: Final = ("cpu", "memory")
"""Resources that a pod may request as a whole; hugepages besides."""


def of_pod(spec: Mapping[str, Any]) -> dict[str, Fraction]:
    """What the scheduler counts for a pod, itself included (k8s.io/component-helpers, resource.PodRequests).

    That is the larger of what its containers ask for together, sidecars included, and what its init containers need at any
    time; a request of the whole pod replaces it; the overhead of its runtime class is added.
    """
    parts = _only(spec, ("resources", "overhead"))
    for kind in ("initContainers", "containers"):
        parts[kind] = [_only(container, ("resources", "restartPolicy")) for container in spec.get(kind) or ()]
    return dict(_of_parts(json.dumps(parts, default=str)))


def _only(part: Mapping[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    return {key: part[key] for key in keys if key in part}


@lru_cache(4096)  # the pods of a workload ask for the same, and sums of fractions are slow
def _of_parts(text: str) -> Amounts:
    """Of the parts of a pod's spec that matter, as JSON."""
    spec: dict[str, Any] = json.loads(text)
    started: dict[str, Fraction] = {}
    most: dict[str, Fraction] = {}
    for container in spec.get("initContainers") or ():
        own = _of_container(container)
        if container.get("restartPolicy") == "Always":
            started = _sum(started, own)
            own = started
        else:
            own = _sum(started, own)
        most = _max(most, own)
    whole = _max(_sum(started, *map(_of_container, spec.get("containers") or ())), most)
    of_all = _amounts(_requests(spec.get("resources") or {}))
    whole |= {name: amount for name, amount in of_all.items() if name in POD_LEVEL or name.startswith("hugepages-")}
    return {**_sum(whole, _amounts(spec.get("overhead") or {})), PODS: Fraction(1)}


def ports(spec: Mapping[str, Any]) -> frozenset[tuple[str, str, int]]:
    """(protocol, address, port) of the node that a pod takes; "0.0.0.0" is every address."""
    containers = [*(spec.get("containers") or ()), *_sidecars(spec)]
    found = [port for container in containers for port in container.get("ports") or ()]
    network = bool(spec.get("hostNetwork"))
    wanted = [(port, port.get("hostPort") or (port.get("containerPort") if network else 0)) for port in found]
    return frozenset(
        (str(port.get("protocol") or "TCP"), str(port.get("hostIP") or "0.0.0.0"), int(number))  # noqa: S104 - compared alone
        for port, number in wanted
        if number
    )


def _sidecars(spec: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [one for one in spec.get("initContainers") or () if one.get("restartPolicy") == "Always"]


def _of_container(container: Mapping[str, Any]) -> dict[str, Fraction]:
    return _amounts(_requests(container.get("resources") or {}))


def _requests(resources: Mapping[str, Any]) -> dict[str, Any]:
    """A limit counts as the request where there is none: the API server fills it in."""
    return {**(resources.get("limits") or {}), **(resources.get("requests") or {})}


def _amounts(named: Mapping[str, Any]) -> dict[str, Fraction]:
    return {name: amount for name, text in named.items() if (amount := quantity.parse(text)) is not None}


def allocatable(node: Mapping[str, Any]) -> dict[str, Fraction]:
    """What a node has for pods."""
    return _amounts((node.get("status") or {}).get("allocatable") or {})


def _sum(*every: Amounts) -> dict[str, Fraction]:
    return {name: sum((one.get(name, Fraction(0)) for one in every), Fraction(0)) for name in _names(every)}


def _max(*every: Amounts) -> dict[str, Fraction]:
    return {name: max(one.get(name, Fraction(0)) for one in every) for name in _names(every)}


def _names(every: Iterable[Amounts]) -> dict[str, None]:
    return dict.fromkeys(name for one in every for name in one)
