"""The ways into a release, as its own objects describe them: Ingress, HTTPRoute, Service; and the pod behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.reach import request
from wizard.core.reach.request import Request, Scheme
from wizard.core.rules import diagnosis
from wizard.core.rules.snapshot import Snapshot
from wizard.core.tls import chain

HEALTH: Final = "/health"
"""Path that is asked where no readiness probe names one."""
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_EVERYTHING: Final[tuple[Mapping[str, Any], ...]] = ({},)
"""The matches of a rule that has none."""
_PATTERN: Final = re.compile(r"[][()*+?^$|\\{}]")
"""What makes a path a pattern, as controllers with regular expressions take it."""
_BALANCER_TLS: Final = ("certificate-arn", "aws-load-balancer-ssl-cert")
"""Ends of annotations by which a cloud's load balancer speaks TLS."""


@dataclass(frozen=True)
class Way:
    """One way in: what to ask, and where by the object's status it is."""

    object: str
    scheme: Scheme
    host: str
    """"" where the address is all there is."""
    port: int
    path: str = HEALTH
    addresses: tuple[str, ...] = ()
    """IP addresses and names of the load balancer."""
    secret: str = ""
    """The Secret of the certificate, in the release's namespace."""
    healthy: bool = True
    """Whether `path` is one that a healthy application answers with success."""
    hidden: str = ""
    """Why its addresses are not known, where that is not the object's own state."""
    problem: str = ""
    """Why it cannot be asked."""
    command: str = ""
    """The command line that shows more of the object."""

    @property
    def url(self) -> str:
        """The URL that is asked; without a host that of the first address."""
        host = self.host or next(iter(self.addresses), "")
        return request.url(self.scheme, host, self.port, self.path) if host else ""

    def request(self, via: str = "") -> Request | None:
        """The request by this way; None when it has neither host nor address, or a problem."""
        host = self.host or next(iter(self.addresses), "")
        return Request(self.scheme, host, self.port, self.path, via) if host and not self.problem else None


@dataclass(frozen=True)
class Inside:
    """A ready pod of the application and the port of it that the Service leads to."""

    service: str
    service_port: int
    pod: str
    port: int
    path: str


def ways(snapshot: Snapshot) -> tuple[Way, ...]:
    """Every way from outside of the cluster, each URL once."""
    found = (*_ingresses(snapshot), *_routes(snapshot), *_services(snapshot))
    return tuple({(way.url or way.object, way.problem): _with_command(snapshot, way) for way in found}.values())


def _with_command(snapshot: Snapshot, way: Way) -> Way:
    kind, _, name = way.object.partition("/")
    return replace(way, command=snapshot.command("kubectl", "describe", kind.lower(), name))


def inside(snapshot: Snapshot) -> Inside | None:
    """The first Service of what users call that has a ready pod; None when there is none."""
    fronts = diagnosis.front_workloads(snapshot)
    for service in snapshot.of_kind("Service"):
        front = any(workload in fronts for workload in _selected(snapshot, service))
        if not front or service["spec"].get("clusterIP") == "None":
            continue
        port = _http_port(service)
        for pod in snapshot.selected(service["spec"]["selector"]):
            number = _target_port(port, pod["spec"])
            stays = not pod["metadata"].get("deletionTimestamp")
            if number and stays and status.is_ready(pod):
                path = _health(snapshot, service, port)
                return Inside(
                    str(service["metadata"]["name"]), int(port["port"]), str(pod["metadata"]["name"]), number, path
                )
    return None


# Ingress


def _ingresses(snapshot: Snapshot) -> Iterator[Way]:
    for ingress in snapshot.of_kind("Ingress"):
        spec = ingress.get("spec") or {}
        addresses = status.addresses(ingress)
        balanced = _balancer_tls(ingress)
        for rule in spec.get("rules") or ():
            host = str(rule.get("host") or "")
            entry = next((entry for entry in spec.get("tls") or () if _covers(entry, host)), None)
            scheme: Scheme = "https" if entry is not None or balanced else "http"
            paths = [
                (str(path.get("path") or "/"), str(((path.get("backend") or {}).get("service") or {}).get("name")))
                for path in (rule.get("http") or {}).get("paths") or ()
            ]
            path, healthy = _path(snapshot, paths)
            secret = str((entry or {}).get("secretName") or "")
            yield _way(name_of(ingress), scheme, host, request.PORTS[scheme], path, addresses, secret, healthy=healthy)


def _covers(entry: Mapping[str, Any], host: str) -> bool:
    hosts = entry.get("hosts") or ()
    return not hosts or any(chain.covers(str(name), host) for name in hosts)


def _balancer_tls(obj: Object) -> bool:
    return any(str(key).endswith(_BALANCER_TLS) for key in obj["metadata"].get("annotations") or {})


# HTTPRoute


def _routes(snapshot: Snapshot) -> Iterator[Way]:
    for route in snapshot.of_kind("HTTPRoute"):
        spec = route.get("spec") or {}
        paths = [
            (str((match.get("path") or {}).get("value") or "/"), str(backend.get("name")))
            for rule in spec.get("rules") or ()
            for match in rule.get("matches") or _EVERYTHING
            for backend in rule.get("backendRefs") or ()
        ]
        path, healthy = _path(snapshot, paths)
        for gateway, parent in _gateways(snapshot, route):
            addresses = tuple(
                str(address.get("value")) for address in ((gateway or {}).get("status") or {}).get("addresses") or ()
            )
            for host in spec.get("hostnames") or ("",):
                scheme, port = _listener(gateway, parent, str(host))
                way = _way(name_of(route), scheme, str(host), port, path, addresses, healthy=healthy)
                yield way if gateway else replace(way, hidden="its Gateway cannot be seen")


def parents(route: Object, namespace: str) -> tuple[tuple[str, str], ...]:
    """(namespace, name) of each Gateway that a route names."""
    references = (route.get("spec") or {}).get("parentRefs") or ()
    return tuple(
        (str(parent.get("namespace") or namespace), str(parent.get("name")))
        for parent in references
        if parent.get("kind", "Gateway") == "Gateway"
    )


def _gateways(snapshot: Snapshot, route: Object) -> Iterator[tuple[Object | None, Mapping[str, Any]]]:
    """Each Gateway of a route, None when it was not read, with the reference to it."""
    known = {
        (gateway["metadata"].get("namespace"), gateway["metadata"]["name"]): gateway
        for gateway in snapshot.beside("Gateway")
    }
    for parent in (route.get("spec") or {}).get("parentRefs") or ():
        if parent.get("kind", "Gateway") == "Gateway":
            yield known.get((parent.get("namespace") or snapshot.namespace, parent.get("name"))), parent


def _listener(gateway: Object | None, parent: Mapping[str, Any], host: str) -> tuple[Scheme, int]:
    """Scheme and port of the listener that takes the host, HTTPS before HTTP; http and 80 where none is known."""
    listeners = [
        listener
        for listener in ((gateway or {}).get("spec") or {}).get("listeners") or ()
        if listener.get("protocol") in ("HTTP", "HTTPS")
        and parent.get("sectionName") in (None, listener.get("name"))
        and parent.get("port") in (None, listener.get("port"))
        and (not listener.get("hostname") or not host or chain.covers(str(listener["hostname"]), host))
    ]
    chosen: Mapping[str, Any] = max(listeners, key=lambda listener: listener["protocol"] == "HTTPS", default={})
    scheme: Scheme = "https" if chosen.get("protocol") == "HTTPS" else "http"
    return scheme, int(chosen.get("port") or request.PORTS[scheme])


# Service


def _services(snapshot: Snapshot) -> Iterator[Way]:
    for service in snapshot.of_kind("Service"):
        kind = (service.get("spec") or {}).get("type")
        if kind not in ("LoadBalancer", "NodePort") or not service["spec"].get("ports"):
            continue
        port = _http_port(service)
        tls = port.get("port") == request.PORTS["https"] or port.get("name") == "https" or _balancer_tls(service)
        scheme: Scheme = "https" if tls else "http"
        addresses = status.addresses(service)
        number, path = int(port.get("port") or 0), _health(snapshot, service, port)
        if kind == "NodePort":
            addresses, number = _node_addresses(snapshot), int(port.get("nodePort") or 0)
        way = _way(name_of(service), scheme, "", number, path, addresses)
        yield replace(way, hidden="no ready node can be seen, whose port it is") if kind == "NodePort" else way


def _node_addresses(snapshot: Snapshot) -> tuple[str, ...]:
    """The address of one ready node, the external one first; none where nodes cannot be listed."""
    for node in snapshot.beside("Node"):
        known = {
            entry.get("type"): str(entry.get("address")) for entry in (node.get("status") or {}).get("addresses") or ()
        }
        address = known.get("ExternalIP") or known.get("InternalIP")
        if address and status.is_ready(node):
            return (address,)
    return ()


def _http_port(service: Object) -> Mapping[str, Any]:
    """The port of a Service that takes requests: named http or https, else the first."""
    ports: Sequence[Mapping[str, Any]] = service["spec"].get("ports") or ({},)
    return next((port for port in ports if port.get("name") in ("http", "https")), ports[0])


# What they share


def _way(
    about: str, scheme: Scheme, host: str, port: int, path: str, addresses: tuple[str, ...], secret: str = "", *,
    healthy: bool = True,
) -> Way:  # fmt: skip
    """The way, with the problem of what cannot be asked; nothing of such a host or path is put into a URL."""
    if "*" in host:
        return Way(about, scheme, "", port, problem=f"{host} stands for many hosts, none of which is named")
    if host and not request.is_host(host):
        return Way(about, scheme, "", port, problem="its host is no DNS name")
    if not request.is_path(path):
        path, healthy = HEALTH, False
    known = tuple(address for address in addresses if request.is_host(address))
    return Way(about, scheme, host, port, path, known, secret, healthy)


def _path(snapshot: Snapshot, paths: Sequence[tuple[str, str]]) -> tuple[str, bool]:
    """The path to ask among (prefix, Service), and whether a healthy application answers it with success."""
    for prefix, name in paths:
        service = next((one for one in snapshot.of_kind("Service") if one["metadata"]["name"] == name), None)
        health = _health(snapshot, service, _http_port(service)) if service and service.get("spec") else HEALTH
        if f"{health}/".startswith(f"{_PATTERN.split(prefix)[0].rstrip('/')}/"):
            return health, True
    return (_PATTERN.split(paths[0][0])[0] if paths else "/"), False


def _selected(snapshot: Snapshot, service: Object) -> list[Object]:
    """The workloads whose pods a Service selects."""
    selector = (service.get("spec") or {}).get("selector") or {}
    return [
        workload
        for workload in snapshot.of_kind(*_WORKLOADS)
        if selector and selector.items() <= (_template(workload).get("metadata", {}).get("labels") or {}).items()
    ]


def _template(workload: Object) -> Mapping[str, Any]:
    template: Mapping[str, Any] = (workload.get("spec") or {}).get("template") or {}
    return template


def _health(snapshot: Snapshot, service: Object, port: Mapping[str, Any]) -> str:
    """The readiness path of what a Service leads to, when its port is the one that is probed."""
    for workload in _selected(snapshot, service):
        spec = _template(workload).get("spec") or {}
        wanted = _target_port(port, spec)
        for container in spec.get("containers") or ():
            probe = (container.get("readinessProbe") or {}).get("httpGet") or {}
            if probe.get("path") and wanted and wanted == _number(probe.get("port"), spec):
                return str(probe["path"])
    return HEALTH


def _target_port(port: Mapping[str, Any], spec: Mapping[str, Any]) -> int:
    """The number of the container's port that a Service's port leads to; 0 when the pod has none of that name."""
    return _number(port.get("targetPort") or port.get("port"), spec)


def _number(port: Any, spec: Mapping[str, Any]) -> int:
    if str(port).isdigit():
        return int(port)
    named = (
        int(entry.get("containerPort") or 0)
        for container in spec.get("containers") or ()
        for entry in container.get("ports") or ()
        if entry.get("name") == port
    )
    return next(named, 0)
