"""Where requests are sent: the backends of an Ingress, ports and nodes of a Service, its load balancer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.ingress import Classes, Route, is_canary, namespace, routes
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings.pods import asked, names_service
from wizard.core.rules.snapshot import Snapshot

_ROUTE_PATIENCE: Final = 30
_CALLER_PATIENCE: Final = 60
_BALANCER_PATIENCE: Final = 300
_FAILED_BALANCER_PATIENCE: Final = 60
"""Seconds that each may take on a healthy cluster before it is reported; the last once an event says that it failed."""
_MOST_CALLERS: Final = 3
"""Pods that are named as proof; more would say the same."""


# Backends of an Ingress

_ACTION: Final = "use-annotation"
"""Port by which the AWS Load Balancer Controller takes the backend's name for an annotation (docs: guide/ingress)."""


def is_lost(route: Route, snapshot: Snapshot) -> bool:
    """Whether it is certain that no request comes to the route's Service by it."""
    return bool(_dead_end(route, snapshot)) or any(
        _is_older(other, route, classes(snapshot)) for other in _rivals(route, snapshot)
    )


@finding("TR05")
def route_leads_nowhere(snapshot: Snapshot) -> Iterator[Finding]:
    """An Ingress names a Service, or a port of one, that does not exist; or another Ingress has the same host and path."""
    for ingress in snapshot.of_kind("Ingress"):
        since = snapshot.since(ingress)
        if snapshot.changing or not snapshot.older(since, _ROUTE_PATIENCE) or _is_ending(ingress):
            continue
        every = list(routes(ingress))
        if dead := [(route, why) for route in every if (why := _dead_end(route, snapshot))]:
            yield _no_backend(ingress, dead, since, snapshot)
        for route in every:
            for other in _rivals(route, snapshot):
                if snapshot.older(snapshot.since(other.ingress), _ROUTE_PATIENCE):
                    yield _shared(route, other, snapshot)


def _is_ending(obj: Object) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def _in_namespace(kind: str, snapshot: Snapshot) -> list[Object]:
    """Objects of a kind in the release's namespace; around it may be others, such as a controller's Service."""
    return [
        obj
        for obj in snapshot.known(kind)
        if obj["metadata"].get("namespace", snapshot.namespace) == snapshot.namespace
    ]


def _dead_end(route: Route, snapshot: Snapshot) -> str:
    """Why the route leads to no Service; "" when it leads to one, and when not all Services were listed."""
    if "Service" not in snapshot.seen or route.port.get("name") == _ACTION:
        return ""
    services = (one for one in _in_namespace("Service", snapshot) if one["metadata"]["name"] == route.service)
    service = next(services, None)
    if service is None:
        return f"Service {route.service} does not exist"
    spec = service.get("spec", {})
    name, number = route.port.get("name"), route.port.get("number")
    ports = spec.get("ports") or ()
    # An ExternalName Service needs no ports: the name leads to whatever the other side serves.
    if spec.get("type") == "ExternalName" or any(
        name == port.get("name") if name else number == port.get("port") for port in ports
    ):
        return ""
    return f"Service {route.service} has no port {name or number}"


def _no_backend(ingress: Object, dead: Sequence[tuple[Route, str]], since: str, snapshot: Snapshot) -> Finding:
    whys = list(dict.fromkeys(why for _, why in dead))
    more = f" (and {len(whys) - 1} more)" if len(whys) > 1 else ""
    there = ", ".join(
        f"{service['metadata']['name']} ({', '.join(_port_text(port) for port in service.get('spec', {}).get('ports') or ())})"
        for service in _in_namespace("Service", snapshot)
    )
    return Finding(
        "TR05", f"it sends requests nowhere: {whys[0]}{more}", name_of(ingress),
        (
            *(Evidence(f"{route.target}: {why}", name_of(ingress), route.field, since) for route, why in dead),
            Evidence(there or "none", "", "Services there, with their ports"),
        ),
        ("Name a Service and a port of it that are there.",
         "If the chart has that Service, an upgrade or a rollback creates it again."),
        heals="no", since=since,
        commands=(snapshot.command("kubectl", "get", "services"),
                  snapshot.command("kubectl", "describe", "ingress", str(ingress["metadata"]["name"]))),
    )  # fmt: skip


def _port_text(port: Mapping[str, Any]) -> str:
    return " ".join(str(port[key]) for key in ("name", "port") if port.get(key))


def classes(snapshot: Snapshot) -> Classes:
    """The ingress classes that are known."""
    return Classes.of(snapshot.beside("IngressClass"))


def _rivals(route: Route, snapshot: Snapshot) -> list[Route]:
    """Routes of other Ingresses of the same class with the same host, path and type, to another Service or port.

    Without those that this route is known to win against. Of two of the release, neither known to win, the younger has
    the other as its rival.
    """
    mine = route.ingress
    if is_canary(mine):
        return []
    known = classes(snapshot)
    ours = {str(one["metadata"].get("uid")) for one in snapshot.of_kind("Ingress")}
    found = []
    for other in snapshot.known("Ingress"):
        same = other["metadata"].get("uid") == mine["metadata"].get("uid")
        if same or _is_ending(other) or is_canary(other) or not known.share_a_proxy(mine, other):
            continue
        for rival in routes(other):
            wins = _is_older(route, rival, known)
            told_by_other = str(other["metadata"].get("uid")) in ours and _age(route) < _age(rival)
            if route.shares_path(rival) and not rival.same_backend(route) and not wins and not told_by_other:
                found.append(rival)
    return found


def _age(route: Route) -> tuple[str, str]:
    return status.created(route.ingress), str(route.ingress["metadata"]["name"])


def _is_older(route: Route, than: Route, classes: Classes) -> bool:
    """Whether the controller is known to prefer the route because its Ingress is older; of one second, it is not known."""
    older = status.created(route.ingress) < status.created(than.ingress)
    return older and classes.oldest_wins(than.ingress)


def _shared(route: Route, other: Route, snapshot: Snapshot) -> Finding:
    sure = _is_older(other, route, classes(snapshot))
    elsewhere = namespace(other.ingress) if namespace(other.ingress) != namespace(route.ingress) else ""
    whose = name_of(other.ingress) + (f" in namespace {elsewhere}" if elsewhere else "")
    shared = f"{whose} has the same host and path"
    return Finding(
        "TR05", f"{shared} and is older: it gets the requests" if sure else f"{shared}: which of the two gets the requests is not certain",
        name_of(route.ingress),
        (
            Evidence(route.target, name_of(route.ingress), route.field, status.created(route.ingress)),
            Evidence(other.target, whose, other.field, status.created(other.ingress)),
        ),
        ("Give each its own host or path, or have one of the two paths removed.",),
        heals="no", since=snapshot.since(route.ingress, other.ingress), urgent=sure, question=asked(route.ingress, "host"),
        commands=(_by_age(snapshot, "--all-namespaces") if elsewhere else _by_age(snapshot),),
        avoid=("Don't delete the other Ingress before you know whose it is: its users lose their way in.",),
    )  # fmt: skip


def _by_age(snapshot: Snapshot, *where: str) -> str:
    asked = replace(snapshot, namespace="") if where else snapshot
    return asked.command("kubectl", "get", "ingress", *where, "--sort-by", ".metadata.creationTimestamp")


# Ports of a Service


def dead_ports(service: Object, pods: Sequence[Object]) -> list[Mapping[str, Any]]:
    """The ports of a Service that none of the pods (or pod templates) has, as far as these say it.

    A container may serve a port that it does not declare. So a number is only missed where every pod declares ports,
    and no probe, variable, argument or annotation names it.
    """
    spec = service.get("spec", {})
    return [port for port in spec.get("ports") or () if not _is_served(port, spec.get("clusterIP") == "None", pods)]


def _is_served(port: Mapping[str, Any], headless: bool, pods: Sequence[Object]) -> bool:
    wanted = target_port(port)
    if not wanted.isdigit():
        return any(wanted in {str(declared.get("name")) for declared in _declared(pod)} for pod in pods)
    # Clients of a headless Service call the pods themselves, at a port of their own choice.
    return headless or any(not _declared(pod) or _mentions(pod, wanted) for pod in pods)


def target_port(port: Mapping[str, Any]) -> str:
    """The name or number of a Service's port in its pods."""
    return str(port.get("targetPort") or port.get("port"))


def port_field(port: Mapping[str, Any]) -> str:
    """The field of evidence about a port of a Service."""
    return f"spec.ports[{port.get('name') or port.get('port')}].targetPort"


def _declared(pod: Object) -> list[Mapping[str, Any]]:
    spec = pod.get("spec", {})
    every = (*(spec.get("containers") or ()), *(spec.get("initContainers") or ()))
    return [port for container in every for port in container.get("ports") or ()]


def _mentions(pod: Object, number: str) -> bool:
    spec, notes = pod.get("spec", {}), (pod.get("metadata") or {}).get("annotations")
    text = json.dumps([spec.get("containers"), spec.get("initContainers"), notes])
    return re.search(rf"(?<![\w.]){number}(?![\w.])", text) is not None


# Nodes of a Service


def no_pod_on_node(service: Object, pods: Sequence[Object], snapshot: Snapshot) -> Iterator[Finding]:
    """A Service answers on the nodes of its pods only, and pods that call it from other nodes are not ready.

    With callers that fail beside its pods too, something else is wrong; without a ready pod of it, that is.
    """
    spec = service.get("spec", {})
    name, nodes = str(service["metadata"]["name"]), {_node(pod) for pod in pods}
    if (
        spec.get("internalTrafficPolicy") != "Local"
        or spec.get("clusterIP") == "None"
        or not any(map(status.is_ready, pods))
    ):
        return
    failing = [pod for pod in snapshot.starting_pods() if names_service(pod, name) and _runs_unready(pod)]
    away = [pod for pod in failing if _node(pod) and _node(pod) not in nodes]
    since = snapshot.since(service, *pods, *away)
    if not away or len(away) < len(failing) or not snapshot.older(since, _CALLER_PATIENCE):
        return
    missing = ", ".join(sorted({_node(pod) for pod in away}))
    yield Finding(
        "TR03", f"internalTrafficPolicy is Local, and none of its pods is on {missing}", name_of(service),
        (
            Evidence("Local", name_of(service), "spec.internalTrafficPolicy", since),
            *(Evidence(_node(pod), name_of(pod), "spec.nodeName") for pod in pods),
            *(Evidence(f"{_node(pod)}; it calls {name} and is not ready", name_of(pod), "spec.nodeName", since)
              for pod in away[:_MOST_CALLERS]),
        ),
        ("Set internalTrafficPolicy to Cluster: then its pods answer calls from every node.",),
        heals="no", since=since, affects=callers(service, snapshot),
        commands=(snapshot.command("kubectl", "get", "pods", "-o", "wide"),),
    )  # fmt: skip


def callers(service: Object, snapshot: Snapshot) -> tuple[str, ...]:
    """The workloads ("Kind/name") whose pods name the Service."""
    name = str(service["metadata"]["name"])
    return tuple(dict.fromkeys(snapshot.root_name(pod) for pod in snapshot.starting_pods() if names_service(pod, name)))


def _node(pod: Object) -> str:
    return str(pod.get("spec", {}).get("nodeName") or "")


def _runs_unready(pod: Object) -> bool:
    """Whether a container of the pod ran and is not ready."""
    return any(one.get("containerID") and not one.get("ready") for one in status.container_statuses(pod))


# The load balancer of a Service


@finding("TR10")
def balancer_without_address(snapshot: Snapshot) -> Iterator[Finding]:
    """A Service of type LoadBalancer gets no address: it cannot be made, or nobody makes it."""
    for service in snapshot.of_kind("Service"):
        spec, since = service.get("spec", {}), snapshot.since(service)
        if spec.get("type") != "LoadBalancer" or status.addresses(service) or _is_ending(service):
            continue
        events = snapshot.about(service)
        failures = [event for event in events if event.type == "Warning"]
        if not snapshot.older(since, _FAILED_BALANCER_PATIENCE if failures else _BALANCER_PATIENCE):
            continue
        told = (failures or events)[:1]
        if failures:
            why, remedy = "its load balancer cannot be made", "Put right what the event names; it is tried again."
        elif told:
            why, remedy = "its load balancer is not made yet", "Read its events, and see whether its controller runs."
        else:
            why = "no event says that a load balancer is made for it"
            remedy = "Have a load balancer controller installed, or use an Ingress and type ClusterIP."
        of_class = str(spec.get("loadBalancerClass") or "")
        yield Finding(
            "TR10", f"it has no address: {why}", name_of(service),
            (
                Evidence("none", name_of(service), "status.loadBalancer.ingress", since),
                *([Evidence(of_class, name_of(service), "spec.loadBalancerClass")] if of_class else []),
                *(Evidence(event.message, name_of(service), f"event {event.reason}", event.time) for event in told),
            ),
            (remedy,), since=since,
            commands=(snapshot.command("kubectl", "describe", "service", str(service["metadata"]["name"])),),
            avoid=("Don't delete the Service to try again: a load balancer that is made anew has another address.",),
        )  # fmt: skip
