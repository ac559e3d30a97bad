"""The hosts that variables of containers name, and the Services of the cluster that these can only be."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.kube.objects import Object, containers
from wizard.core.limits import map_of, maps_of
from wizard.core.rules import manifests
from wizard.core.rules.findings.hosts import service_in

_URL: Final = re.compile(
    r"[a-z][a-z0-9+.-]{0,40}://(?:[^@/\s]{0,400}@)?(?P<host>[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)(?::(?P<port>\d{1,5}))?(?=[/?#,\s]|$)"
)
_ALONE: Final = re.compile(r"(?P<host>[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?)(?::(?P<port>\d{1,5}))?")
_NAMES_HOST: Final = re.compile(r"(?:^|_)(?:HOST|HOSTNAME|ADDR|ADDRESS|SERVER|ENDPOINT)$")


@dataclass(frozen=True)
class Host:
    """A host that a variable names: "Kind/name" of the workload, its container, the variable, the host as it stands there, the port or 0."""

    owner: str
    container: str
    variable: str
    host: str
    port: int


@dataclass(frozen=True)
class Service(Host):
    """A host that can only be a Service of the cluster."""

    space: str
    service: str

    @property
    def label(self) -> str:
        """namespace/name."""
        return f"{self.space}/{self.service}"


def hosts(objects: Iterable[Object]) -> Iterator[Host]:
    """The hosts that the pods of rendered objects name, in variables of their own and in those of rendered ConfigMaps."""
    every = list(objects)
    maps = {str(one["metadata"].get("name")): map_of(one, "data") for one in every if one["kind"] == "ConfigMap"}
    for owner, spec in manifests.pods(every):
        for container in containers(spec):
            for variable, value in _variables(container, maps):
                for host, port in _in_value(variable, value):
                    yield Host(owner, str(container.get("name")), variable, host, port)


def services(objects: Iterable[Object], namespace: str) -> Iterator[Service]:
    """Those hosts that can only be Services of the cluster."""
    for one in hosts(objects):
        if found := _service(namespace, one.host):
            yield Service(one.owner, one.container, one.variable, one.host, one.port, *found)


def _variables(container: Mapping[str, Any], maps: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for source in maps_of(container, "envFrom"):
        given = maps.get(str(map_of(source, "configMapRef").get("name")), {})
        yield from ((f"{source.get('prefix') or ''}{key}", str(value)) for key, value in given.items())
    for variable in maps_of(container, "env"):
        reference = map_of(map_of(variable, "valueFrom"), "configMapKeyRef")
        value = variable.get("value") or maps.get(str(reference.get("name")), {}).get(str(reference.get("key")))
        yield str(variable.get("name")), str(value or "")


def _service(namespace: str, host: str) -> tuple[str, str] | None:
    """(namespace, name) of the Service that a host can only mean, seen from a namespace.

    A host such as x.y may be one of the world; NAME.NAMESPACE.svc, and that of a pod behind it, cannot.
    """
    if name := service_in(namespace, host):
        return namespace, name
    match host.split("."):
        case [name, space, "svc", *_] | [_, name, space, "svc", *_]:
            return space, name
    return None


def _in_value(name: str, value: str) -> Iterator[tuple[str, int]]:
    """(host, port or 0) that the value of a variable names; a bare word only where its name says that it is a host."""
    found = list(_URL.finditer(value))
    if not found and _NAMES_HOST.search(name) and (alone := _ALONE.fullmatch(value)):
        found = [alone]
    for match in found:
        yield match["host"], int(match["port"] or 0)
