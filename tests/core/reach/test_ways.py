"""The ways in that the objects of a release describe."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.reach.objects import gateway, ingress, node, pod, release, route, service, workload
from tests.engine.objects import obj
from wizard.core.reach.ways import Inside, Way, inside, ways

HTTPS = {"name": "web", "protocol": "HTTPS", "port": 443}
HTTP = {"name": "plain", "protocol": "HTTP", "port": 80}


def urls(*objects: dict[str, Any], around: tuple[dict[str, Any], ...] = ()) -> list[str]:
    return [way.url for way in ways(release(*objects, around=around))]


@pytest.mark.parametrize(
    ("tls", "url"),
    [
        ((), "http://api.example.com/ready"),
        ([{"hosts": ["api.example.com"]}], "https://api.example.com/ready"),
        ([{"hosts": ["*.example.com"]}], "https://api.example.com/ready"),
        ([{"secretName": "s"}], "https://api.example.com/ready"),
        ([{"hosts": ["other.example.com"]}], "http://api.example.com/ready"),
    ],
)
def test_an_ingress_is_asked_at_its_host_with_the_scheme_of_its_tls(tls: Any, url: str) -> None:
    assert urls(ingress("api.example.com", tls=tls), service()) == [url]


def test_an_ingress_tells_its_addresses_and_the_secret_of_its_certificate() -> None:
    tls = [{"hosts": ["api.example.com"], "secretName": "rel-tls"}]
    address = [{"ip": "203.0.113.7"}, {"hostname": "lb.example.net"}, {"hostname": "bad host"}, {}]

    [way] = ways(release(ingress("api.example.com", tls=tls, address=address), service()))

    assert way.command == "kubectl describe ingress api -n ns --context here"
    assert (way.object, way.secret, way.addresses) == ("Ingress/api", "rel-tls", ("203.0.113.7", "lb.example.net"))


def test_a_certificate_at_a_cloud_load_balancer_means_https() -> None:
    annotations = {"alb.ingress.kubernetes.io/certificate-arn": "arn:x"}

    assert urls(ingress("api.example.com", annotations=annotations), service()) == ["https://api.example.com/ready"]


@pytest.mark.parametrize(
    ("path", "asked", "healthy"),
    [("/", "/ready", True), ("/ready", "/ready", True), ("/api", "/api", False), ("/rea", "/rea", False),
     ("/a b\r\nHost: x", "/health", False), ("/(.*)", "/ready", True), ("/v1(/|$)(.*)", "/v1", False), (None, "/ready", True)],
)  # fmt: skip
def test_the_readiness_path_is_asked_where_the_ingress_leads_it_to_the_application(
    path: Any, asked: str, healthy: bool
) -> None:
    [way] = ways(release(ingress("api.example.com", path=path), service()))

    assert (way.path, way.healthy) == (asked, healthy)


def test_without_a_probe_of_that_port_health_is_asked() -> None:
    assert urls(workload(port=9000), ingress("api.example.com"), service()) == ["http://api.example.com/health"]


@pytest.mark.parametrize("host", ["a.com\r\nX: y", "user:password@a.com", "a.com/x", "\x1b[2J", "a b"])
def test_a_hostile_host_is_neither_asked_nor_put_into_a_url(host: str) -> None:
    [way] = ways(release(ingress(host), service()))

    assert way.request() is None
    assert (way.problem, way.host) == ("its host is no DNS name", "")


def test_a_wildcard_names_no_host_to_ask() -> None:
    [way] = ways(release(ingress("*.example.com"), service()))

    assert way.request() is None
    assert way.problem == "*.example.com stands for many hosts, none of which is named"


def test_the_same_url_is_asked_once() -> None:
    assert len(urls(ingress("a.example.com", "a.example.com", "b.example.com"), service())) == 2


@pytest.mark.parametrize(
    ("listeners", "parent", "url"),
    [
        ((HTTP, HTTPS), {}, "https://api.example.com/ready"),
        ((HTTP,), {}, "http://api.example.com/ready"),
        ((HTTP, HTTPS), {"sectionName": "plain"}, "http://api.example.com/ready"),
        (({**HTTPS, "port": 8443},), {}, "https://api.example.com:8443/ready"),
        (({**HTTPS, "hostname": "*.other.com"}, HTTP), {}, "http://api.example.com/ready"),
        (({"name": "raw", "protocol": "TCP", "port": 5432},), {}, "http://api.example.com/ready"),
    ],
)  # fmt: skip
def test_a_route_is_asked_at_the_listener_of_its_gateway(listeners: Any, parent: dict[str, Any], url: str) -> None:
    made = route("api.example.com", parentRefs=[{"name": "edge", "namespace": "infra", **parent}])

    [way] = ways(release(made, service(), around=(gateway(*listeners),)))

    assert (way.url, way.addresses) == (url, ("203.0.113.9",))


def test_a_route_without_a_visible_gateway_has_no_address() -> None:
    [way] = ways(release(route("api.example.com"), service()))

    assert (way.url, way.addresses) == ("http://api.example.com/ready", ())


@pytest.mark.parametrize(
    ("kind", "balancer", "around", "found"),
    [
        ("LoadBalancer", [{"ip": "203.0.113.7"}], (), ["http://203.0.113.7/ready"]),
        ("LoadBalancer", [{"ip": "2001:db8::7"}], (), ["http://[2001:db8::7]/ready"]),
        ("LoadBalancer", [{"hostname": "lb.example.net"}], (), ["http://lb.example.net/ready"]),
        ("LoadBalancer", [], (), [""]),
        ("NodePort", [], (node(InternalIP="10.0.0.4"),), ["http://10.0.0.4:30080/ready"]),
        ("NodePort", [], (node(InternalIP="10.0.0.4", ExternalIP="203.0.113.4"),), ["http://203.0.113.4:30080/ready"]),
        ("NodePort", [], (), [""]),
        ("ClusterIP", [], (), []),
    ],
)  # fmt: skip
def test_a_service_is_asked_at_its_load_balancer_or_at_a_node(
    kind: str, balancer: Any, around: Any, found: list[str]
) -> None:
    assert urls(service(kind, balancer=balancer), around=around) == found


def test_a_way_without_host_and_address_is_not_asked() -> None:
    [way] = ways(release(service("LoadBalancer")))

    assert way.request() is None
    assert Way("Service/api", "http", "", 80, addresses=("203.0.113.7",)).request() is not None


def test_inside_it_is_a_ready_pod_at_the_port_that_the_service_leads_to() -> None:
    snapshot = release(service(), pod("api-0", ready=False), pod("api-1"))

    assert inside(snapshot) == Inside("api", 80, "api-1", 8000, "/ready")


@pytest.mark.parametrize(
    "objects",
    [
        (),
        (service(),),
        (service(), pod(ready=False)),
        (service(clusterIP="None"), pod()),
        (service(selector={"a": "b"}), pod()),
    ],
)
def test_inside_there_is_nothing_without_service_and_ready_pod(objects: Any) -> None:
    assert inside(release(*objects)) is None


def test_objects_that_lack_everything_bring_no_way_and_no_error() -> None:
    empty = [obj(kind, "x") for kind in ("Ingress", "Service", "HTTPRoute", "Pod")]

    assert ways(release(*empty)) == ()
    assert inside(release(*empty)) is None
