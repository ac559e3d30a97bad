"""Ways to be broken between people and pods: ports, Services, Ingresses, certificates, Gateways."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.preflight.setups import (
    Object,
    Setup,
    broken,
    chart,
    container,
    deployment,
    ingress,
    name,
    number,
    obj,
    pod,
    tls_pair,
    tls_secret,
)


@broken("R07", "already allocated", "already allocated")
def a_node_port_that_is_taken(random: Random) -> Setup:
    port = number(random, 30000, 32700)
    made = obj("Service", "front", spec={"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]})
    return Setup((made,), values={"service.type": "NodePort", "service.nodePort": port})


@broken("N10", "usual range", "valid ports")
def a_node_port_out_of_range(random: Random) -> Setup:
    service = obj(
        "Service", "web", spec={"type": "NodePort", "ports": [{"port": 80, "nodePort": number(random, 8000, 9000)}]}
    )
    return Setup(chart=chart(deployment(pod()), service))


@broken("N10", "nodePort", "already allocated")
def two_services_with_the_same_node_port(random: Random) -> Setup:
    port = number(random, 30000, 32700)
    made = [
        obj("Service", named, spec={"type": "NodePort", "ports": [{"port": 80, "nodePort": port}]})
        for named in ("a", "b")
    ]
    return Setup(chart=chart(deployment(pod()), *made))


@broken("I01", "class")
def an_ingress_of_no_class_where_none_is_usual(random: Random) -> Setup:
    made = ingress("web", f"{name(random)}.example.org", namespace="__NS__")
    made["spec"].pop("ingressClassName")
    return Setup(chart=chart(deployment(pod()), _service(), made))


def _service(**spec: Any) -> Object:
    return obj("Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}], **spec})


@broken("W22", "web-svc")
def an_ingress_to_a_service_of_another_name(random: Random) -> Setup:
    made = ingress("web", f"{name(random)}.example.org", namespace="__NS__")
    made["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] = "web-svc"
    return Setup(chart=chart(deployment(pod()), _service(), made))


@broken("W22", "port")
def an_ingress_to_a_port_that_its_service_has_not(random: Random) -> Setup:
    made = ingress("web", f"{name(random)}.example.org", namespace="__NS__")
    made["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"] = {"number": number(random, 8000, 9000)}
    return Setup(chart=chart(deployment(pod()), _service(), made))


@broken("W22", "selects no pod")
def a_service_that_selects_no_pod(random: Random) -> Setup:
    wrong = random.choice(("wbe", "web-app", "frontend"))
    made = ingress("web", f"{name(random)}.example.org", namespace="__NS__")
    return Setup(chart=chart(deployment(pod()), _service(selector={"app": wrong}), made))


@broken("W22", "http-web")
def a_service_with_a_port_name_that_no_container_has(random: Random) -> Setup:
    ports = [{"name": random.choice(("web", "http", "main")), "containerPort": 8080}]
    service = _service(ports=[{"port": 80, "targetPort": "http-web"}])
    return Setup(chart=chart(deployment(pod(container(ports=ports))), service))


@broken("I04", "snippet")
def a_snippet_that_the_controller_refuses(random: Random) -> Setup:
    cls = obj("IngressClass", "__NS__-nginx", "networking.k8s.io/v1", spec={"controller": "k8s.io/ingress-nginx"})
    key = random.choice(("configuration-snippet", "server-snippet"))
    notes = {f"ingress.annotations.nginx\\.ingress\\.kubernetes\\.io/{key}": 'more_set_headers "X: y";'}
    return Setup((cls,), {"ingress.class": "__NS__-nginx"}, values=notes)


@broken("I07", "not for")
def a_wildcard_that_is_one_level_short(random: Random) -> Setup:
    return Setup(answers={"host": f"{random.choice(('api', 'www', 'eu'))}.__NS__.example.org"})


@broken("I07", "certificate")
def a_certificate_and_its_key_the_wrong_way_round(random: Random) -> Setup:
    made = tls_secret(tls_pair("*.example.org"), named=name(random))
    data = made["data"]
    turned = {**made, "type": "Opaque", "data": {"tls.crt": data["tls.key"], "tls.key": data["tls.crt"]}}
    return Setup((turned,), {"tls.secret": made["metadata"]["name"]})


# The Gateway API

_GROUP = "gateway.networking.k8s.io"


def gateway_kinds() -> tuple[Object, ...]:
    """Definitions of the kinds of the Gateway API, without their schemas."""
    return tuple(_definition(kind) for kind in ("Gateway", "HTTPRoute", "GatewayClass", "ReferenceGrant"))


def _definition(kind: str, group: str = _GROUP, version: str = "v1") -> Object:
    plural = f"{kind.lower()}{'es' if kind.endswith('s') else 's'}"
    free = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    one = {"name": version, "served": True, "storage": True, "schema": free, "subresources": {"status": {}}}
    return obj(
        "CustomResourceDefinition", f"{plural}.{group}", "apiextensions.k8s.io/v1",
        metadata={"annotations": {"api-approved.kubernetes.io": "unapproved, for a test"}},
        spec={
            "group": group, "scope": "Cluster" if kind == "GatewayClass" else "Namespaced", "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
            "versions": [one],
        },
    )  # fmt: skip


def gateway(**listener: Any) -> Object:
    """A Gateway of another team, with one listener."""
    one = {"name": "web", "port": 443, "protocol": "HTTPS", **listener}
    return obj(
        "Gateway",
        "edge",
        f"{_GROUP}/v1",
        metadata={"namespace": "__NS__-other"},
        spec={"gatewayClassName": "edge", "listeners": [one]},
    )


def routed(section: str = "web", gateway_name: str = "edge") -> dict[str, Any]:
    """Values with which the chart's way in is a Gateway."""
    parent = {"name": gateway_name, "namespace": "__NS__-other", "sectionName": section}
    return {"ingress.enabled": False, "httpRoute.enabled": True, "httpRoute.parentRefs": [parent]}


_ALL = {"namespaces": {"from": "All"}}


@broken("I13", "edge-")
def a_gateway_that_is_not_there(random: Random) -> Setup:
    values = routed(gateway_name=f"edge-{number(random, 1, 99)}")
    return Setup((*gateway_kinds(), gateway(allowedRoutes=_ALL)), values=values)


@broken("I13", "namespace")
def a_gateway_that_lets_its_own_namespace_in_alone(random: Random) -> Setup:
    listener: dict[str, Any] = random.choice(({}, {"allowedRoutes": {"namespaces": {"from": "Same"}}}))
    return Setup((*gateway_kinds(), gateway(**listener)), values=routed())


@broken("I13", "host")
def a_gateway_of_another_host(random: Random) -> Setup:
    there = gateway(allowedRoutes=_ALL, hostname=f"*.{name(random)}.example.net")
    return Setup((*gateway_kinds(), there), values=routed())


@broken("I13", "websecure")
def a_listener_that_the_gateway_has_not(_: Random) -> Setup:
    return Setup((*gateway_kinds(), gateway(allowedRoutes=_ALL)), values=routed("websecure"))
