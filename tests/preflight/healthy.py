"""Set-ups with which nothing is wrong: the three presets on clusters of 1, 3 and 50 nodes, in namespaces as administrators make them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tests.preflight.setups import Setup, limits, obj, quota
from wizard.sandbox.objects import NodeShape

PRESETS: Final = ("dev", "staging", "prod")
CLUSTERS: Final = {1: NodeShape(1, "16", "64Gi", 1), 3: NodeShape(3, "8", "32Gi", 3), 50: NodeShape(50, "4", "16Gi", 3)}
"""Number of nodes -> their shape."""
_OF_PRESET: Final[Mapping[str, Mapping[str, str | None]]] = {
    "dev": {"host": None, "tls": None, "tls.secret": None, "ingress.class": None, "scaling": None, "replicas": None},
    "staging": {"scaling": None, "replicas": None},
    "prod": {"scaling": None, "replicas": None},
}
"""Answers with which a preset stays as it is, but for its way in."""
_AROUND: Final[Mapping[str, Setup]] = {
    "a namespace that is not there yet": Setup(namespace=False, answers={"tls": "none", "tls.secret": None}),
    "a namespace of restricted pods": Setup(labels={"pod-security.kubernetes.io/enforce": "restricted"}),
    "a namespace with a quota": Setup((
        quota("team", requests__cpu="12", requests__memory="40Gi", limits__cpu="60", limits__memory="80Gi", pods="30",
              persistentvolumeclaims="6", requests__storage="400Gi", services="12"),
    )),
    "a namespace with default limits": Setup((
        limits("usual", default={"cpu": "500m", "memory": "512Mi"}, defaultRequest={"cpu": "50m", "memory": "64Mi"}, max={"cpu": "4", "memory": "8Gi"}),
    )),
    "a namespace that lets nothing in": Setup((
        obj("NetworkPolicy", "deny", "networking.k8s.io/v1", spec={"podSelector": {}, "policyTypes": ["Ingress"]}),
    ), values={"networkPolicy.enabled": True}),
    "a namespace beside other releases": Setup((
        obj("ConfigMap", "other"), obj("ServiceAccount", "other"),
        obj("Service", "web", spec={"ports": [{"port": 80}], "selector": {"app": "web"}}),
    )),
    "a namespace of its own administrator": Setup(user="namespace-only"),
}  # fmt: skip


@dataclass(frozen=True)
class Healthy:
    """A set-up, and what some nodes have: `spec` of that many of them."""

    name: str
    setup: Setup
    nodes: int = 0
    spec: Mapping[str, Any] | None = None


def every(nodes: int) -> Iterator[Healthy]:
    """Those of a cluster of so many nodes."""
    for preset in PRESETS:
        yield Healthy(f"{preset} as it is", _of(preset, Setup()))
    for number, (where, setup) in enumerate(_AROUND.items()):
        # Production over plain HTTP is warned of, and no certificate is where there is no namespace.
        preset = PRESETS[(number + nodes) % len(PRESETS)] if setup.namespace else "staging"
        yield Healthy(f"{preset} in {where}", _of(preset, setup))
    taint = {"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}
    yield Healthy("prod beside nodes with a taint", _of("prod", Setup()), nodes // 3, {"taints": [taint]})
    yield Healthy("staging beside cordoned nodes", _of("staging", Setup()), nodes // 3, {"unschedulable": True})


def _of(preset: str, setup: Setup) -> Setup:
    return replace(setup, answers={"preset": preset, **_OF_PRESET[preset], **setup.answers})
