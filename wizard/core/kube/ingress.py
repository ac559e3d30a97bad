"""Ingresses: the paths that lead to a Service, the class that serves them, and how two of them share a path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, is_default_class

_OLDEST_WINS: Final = "k8s.io/ingress-nginx"
"""Controller that is documented to give a path to the oldest Ingress (ingress-nginx, docs/how-it-works.md)."""
_CANARY: Final = "nginx.ingress.kubernetes.io/canary"
_CHOICES: Final = ("router.priority", "router.entrypoints", "group.order", "mergeable-ingress-type")
"""Ends of annotations by which other controllers are told how to share a path: Traefik twice, AWS, F5."""


@dataclass(frozen=True)
class Route:
    """One path of an Ingress, and the Service to which it sends requests; path and its type are "" for the default."""

    ingress: Object
    host: str
    path: str
    path_type: str
    service: str
    port: Mapping[str, Any]

    @property
    def field(self) -> str:
        """The field of the Ingress that names the Service."""
        place = f"spec.rules[{self.host or '*'}{self.path}].backend" if self.path_type else "spec.defaultBackend"
        return f"{place}.service"

    @property
    def target(self) -> str:
        """The Service and its port."""
        return f"{self.service}:{self.port.get('name') or self.port.get('number')}"

    def shares_path(self, other: Route) -> bool:
        """Whether both answer the same requests: host, path and type of path are the same."""
        mine, theirs = (self.host, self.path, self.path_type), (other.host, other.path, other.path_type)
        return bool(self.path_type) and mine == theirs

    def same_backend(self, other: Route) -> bool:
        """Whether both lead to one Service of a namespace; the name and the number of a port may be those of the same."""
        if namespace(self.ingress) != namespace(other.ingress) or self.service != other.service:
            return False
        return self.port == other.port or self.port.keys() != other.port.keys()


def routes(ingress: Object) -> Iterator[Route]:
    """The paths of an Ingress that lead to a Service."""
    spec = ingress.get("spec") or {}
    found = [("", "", "", spec.get("defaultBackend") or {})]
    for rule in spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            kind = str(path.get("pathType") or "ImplementationSpecific")
            found.append((str(rule.get("host") or ""), str(path.get("path") or "/"), kind, path.get("backend") or {}))
    for host, path, kind, backend in found:
        if service := backend.get("service"):
            yield Route(ingress, host, path, kind, str(service.get("name") or ""), service.get("port") or {})


def backends(obj: Object) -> tuple[str, ...]:
    """The Services that an Ingress or HTTPRoute sends requests to, once each; none of any other object."""
    if obj["kind"] == "Ingress":
        names = [route.service for route in routes(obj)]
    elif obj["kind"] == "HTTPRoute":
        rules = (obj.get("spec") or {}).get("rules") or ()
        references = [reference for rule in rules for reference in rule.get("backendRefs") or ()]
        names = [str(one.get("name") or "") for one in references if one.get("kind", "Service") == "Service"]
    else:
        names = []
    return tuple(dict.fromkeys(filter(None, names)))


@dataclass(frozen=True)
class Classes:
    """The ingress classes of a cluster: the default one ("": none) and the controller of each."""

    default: str = ""
    controllers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, objects: Iterable[Object]) -> Classes:
        """From IngressClass objects."""
        found = list(objects)
        default = (str(one["metadata"]["name"]) for one in found if is_default_class(one))
        return cls(
            next(default, ""),
            {str(one["metadata"]["name"]): str((one.get("spec") or {}).get("controller") or "") for one in found},
        )

    def name(self, ingress: Object) -> str:
        """The name of an Ingress's class: the one that it names, else the default; "" when there is none or it is not known."""
        notes = ingress["metadata"].get("annotations") or {}
        named = (ingress.get("spec") or {}).get("ingressClassName") or notes.get("kubernetes.io/ingress.class")
        return str(named or self.default)

    def oldest_wins(self, ingress: Object) -> bool:
        """Whether the controller of its class is known to give a path to the oldest Ingress that has it."""
        return self.controllers.get(self.name(ingress)) == _OLDEST_WINS

    def share_a_proxy(self, one: Object, other: Object) -> bool:
        """Whether one proxy serves both Ingresses, and none is told how; clouds make a load balancer for each Ingress."""
        if self.name(one) != self.name(other):
            return False
        together = not {*status.addresses(one)}.isdisjoint(status.addresses(other))
        return self.oldest_wins(one) or (together and not is_told(one) and not is_told(other))


def namespace(obj: Object) -> str:
    """The namespace of an object; "" of one that was rendered without."""
    return str(obj["metadata"].get("namespace") or "")


def is_canary(ingress: Object) -> bool:
    """Whether it shares a path with another Ingress on purpose."""
    return (ingress["metadata"].get("annotations") or {}).get(_CANARY) == "true"


def is_told(ingress: Object) -> bool:
    """Whether an annotation tells the controller how it shares paths with others."""
    return any(str(note).endswith(_CHOICES) for note in ingress["metadata"].get("annotations") or {})
