"""The shape of rendered objects, as far as checks read them; the API server refuses every object that has another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from wizard.core.kube.objects import Object

Shape = Any
"""A mapping of keys to shapes is an object, a list of one shape an array of it, a type a value; a key with "!" must be there."""

_ANY: Final[Shape] = {}
_CONTAINER: Final[Shape] = {
    "env": [{"valueFrom": {"secretKeyRef": _ANY, "configMapKeyRef": _ANY}}],
    "envFrom": [{"secretRef": _ANY, "configMapRef": _ANY}],
    "ports": [_ANY],
    "volumeMounts": [_ANY],
    "resources": {"requests": _ANY, "limits": _ANY},
    "securityContext": _ANY,
}
_VOLUME: Final[Shape] = {
    "secret": {"items": [_ANY]}, "configMap": {"items": [_ANY]}, "persistentVolumeClaim": _ANY,
    "projected": {"sources": [{"secret": {"items": [_ANY]}, "configMap": {"items": [_ANY]}}]},
}  # fmt: skip
_TERM: Final[Shape] = {"matchLabels": _ANY, "matchExpressions": [_ANY]}
_NEAR: Final[Shape] = {"requiredDuringSchedulingIgnoredDuringExecution": [{"labelSelector": _TERM}]}
_POD: Final[Shape] = {
    "containers": [_CONTAINER],
    "initContainers": [_CONTAINER],
    "volumes": [_VOLUME],
    "imagePullSecrets": [_ANY],
    "tolerations": [_ANY],
    "topologySpreadConstraints": [{"labelSelector": _TERM}],
    "nodeSelector": _ANY,
    "affinity": {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [_ANY]}},
        "podAffinity": _NEAR,
        "podAntiAffinity": _NEAR,
    },
    "resources": {"requests": _ANY, "limits": _ANY},
    "securityContext": _ANY,
}
_TEMPLATE: Final[Shape] = {"metadata": {"labels": _ANY, "annotations": _ANY}, "spec!": _POD}
_CLAIM: Final[Shape] = {"resources": {"requests": _ANY}}
_WORKLOAD: Final[Shape] = {
    "replicas": int,
    "selector": _TERM,
    "strategy": {"rollingUpdate": _ANY},
    "template!": _TEMPLATE,
    "volumeClaimTemplates": [{"metadata!": _ANY, "spec": _CLAIM}],
}
_JOB: Final[Shape] = {"parallelism": int, "template!": _TEMPLATE}
_PATH: Final[Shape] = {"backend": {"service": {"port": _ANY}}}
_SPECS: Final[Mapping[str, Shape]] = {
    "Pod": _POD,
    "Deployment": _WORKLOAD,
    "StatefulSet": _WORKLOAD,
    "DaemonSet": _WORKLOAD,
    "ReplicaSet": _WORKLOAD,
    "Job": _JOB,
    "CronJob": {"jobTemplate!": {"spec!": _JOB}},
    "PersistentVolumeClaim": _CLAIM,
    "Ingress": {
        "rules": [{"http": {"paths": [_PATH]}}],
        "tls": [{"hosts": [str]}],
        "defaultBackend": {"service": {"port": _ANY}},
    },
    "Service": {"ports": [_ANY], "selector": _ANY},
    "HorizontalPodAutoscaler": {"minReplicas": int, "maxReplicas": int, "scaleTargetRef": _ANY, "metrics": [_ANY]},
    "PodDisruptionBudget": {"selector": _TERM},
    "HTTPRoute": {"hostnames": [str], "parentRefs": [_ANY], "rules": [{"matches": [_ANY], "backendRefs": [_ANY]}]},
    "NetworkPolicy": {"podSelector": _TERM, "ingress": [_ANY], "egress": [_ANY], "policyTypes": [str]},
}
"""Kind -> the shape of its spec."""
_METADATA: Final[Shape] = {"labels": _ANY, "annotations": _ANY}
_WORDS: Final[Mapping[type, str]] = {int: "a whole number", str: "a text"}


def wrong(objects: Iterable[Object]) -> str:
    """The first place with another shape than the API server takes, and what has to be there; "" when there is none."""
    for obj in objects:
        kind, name = str(obj["kind"]), (obj.get("metadata") or {}).get("name", "")
        spec = _SPECS.get(kind, _ANY)
        # A spec that is missing is refused for the fields that it has to have; that of other kinds may be anything.
        own = {"spec!" if any(key.endswith("!") for key in spec) else "spec": spec} if kind in _SPECS else {}
        data = {"data": _ANY, "stringData": _ANY} if kind in ("Secret", "ConfigMap") else {}
        for place, what in _wrong(obj, {"metadata": _METADATA, **own, **data}, ""):
            return f"{kind}/{name}: {place} {what}"
    return ""


def _wrong(value: Any, shape: Shape, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(shape, Mapping):
        if not isinstance(value, Mapping):
            yield place, f"is {_shown(value)} and has to be an object"
            return
        for key, inner in shape.items():
            name = key.rstrip("!")
            found = value.get(name)
            if found is not None or name != key:
                yield from _wrong(found, inner, f"{place}.{name}".lstrip("."))
    elif isinstance(shape, list):
        if not isinstance(value, list | tuple):
            yield place, f"is {_shown(value)} and has to be a list"
            return
        for number, one in enumerate(value):
            yield from _wrong(one, shape[0], f"{place}[{number}]")
    elif not isinstance(value, shape) or isinstance(value, bool):
        yield place, f"is {_shown(value)} and has to be {_WORDS[shape]}"


def _shown(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else f'"{value}"'[:40]
