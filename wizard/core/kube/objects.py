"""An object as the API sends it, its names, and an event about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.limits import maps_of

Object = Mapping[str, Any]
"""The API's own dictionary."""

MANAGED_BY: Final = "app.kubernetes.io/managed-by"
WIZARD: Final = "llm-cost-ops-wizard"
"""The value of MANAGED_BY on objects that the wizard created."""

KINDS: Final = (
    "Deployment", "StatefulSet", "DaemonSet", "Job", "Pod", "PersistentVolumeClaim", "Service", "Ingress",
    "HorizontalPodAutoscaler", "PodDisruptionBudget", "ReplicaSet",
)  # fmt: skip
"""The kinds of a release that are watched and judged, in the order in which they are shown."""


@dataclass(frozen=True)
class ObjectEvent:
    """A Kubernetes event about an object of the release. `time` is its last occurrence."""

    uid: str
    kind: str
    name: str
    type: str
    reason: str
    message: str
    count: int
    time: str
    container: str = ""
    """Named by the event's field path, such as spec.containers{api}."""


def containers(spec: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The containers of a pod spec, those that run first in front."""
    return (*maps_of(spec, "initContainers"), *maps_of(spec, "containers"))


def name_of(obj: Object) -> str:
    """Kind/name of an object."""
    return f"{obj.get('kind')}/{obj['metadata']['name']}"


def labels_of(obj: Object) -> Mapping[str, Any]:
    """The labels of an object."""
    labels: Mapping[str, Any] = obj["metadata"].get("labels") or {}
    return labels


def is_default_class(obj: Object) -> bool:
    """Whether a StorageClass or IngressClass is the default, by the annotation of its kind."""
    notes = obj["metadata"].get("annotations") or {}
    kinds = ("storageclass", "ingressclass")
    return any(notes.get(f"{kind}.kubernetes.io/is-default-class") == "true" for kind in kinds)
