"""Requests that are sent where nobody answers, and releases that only look so.

Words of the autoscaler are from kubernetes/kubernetes pkg/controller/podautoscaler/horizontal.go, those of load balancers
from k8s.io/cloud-provider controllers/service/controller.go and metallb controller/service.go.
"""

from __future__ import annotations

import copy
from typing import Any

from tests.diagnosis.breaking import APP, DB, Bed, Break, all_of
from tests.diagnosis.cases import Case

SERVICE = "Service/llm-cost-ops"
DATABASE = "Service/llm-cost-ops-postgresql"
INGRESS = "Ingress/llm-cost-ops"
SCALER = "HorizontalPodAutoscaler/llm-cost-ops"


def _fresh(kind: str, name: str = "llm-cost-ops") -> Break:
    """The object was created a moment ago."""

    def act(bed: Bed) -> None:
        bed.one(kind, name)["metadata"]["creationTimestamp"] = bed.ago(0.1)

    return act


# Ports of a Service


def _port(name: str = "llm-cost-ops", **fields: Any) -> Break:
    """Fields of the Service's first port; None removes one."""

    def act(bed: Bed) -> None:
        port = bed.one("Service", name)["spec"]["ports"][0]
        port.update(fields)
        for key in [key for key, value in fields.items() if value is None]:
            del port[key]

    return act


def _second_port(target: Any) -> Break:
    def act(bed: Bed) -> None:
        bed.one("Service", "llm-cost-ops")["spec"]["ports"].append({"name": "admin", "port": 81, "targetPort": target})

    return act


def _each_container(change: Any) -> Break:
    """A change of the application's containers and of the template of which they are made."""

    def act(bed: Bed) -> None:
        for spec in (*(pod["spec"] for pod in bed.pods(APP)), bed.root(APP)["spec"]["template"]["spec"]):
            change(spec["containers"][0])

    return act


def _declares_nothing(container: dict[str, Any]) -> None:
    container.pop("ports")
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        container[probe]["httpGet"]["port"] = 8080


def _probes_8081(container: dict[str, Any]) -> None:
    container["readinessProbe"]["httpGet"]["port"] = 8081


def _serves_8081(container: dict[str, Any]) -> None:
    container["args"] = ["serve", "--listen=0.0.0.0:8081"]


def _set_8081(container: dict[str, Any]) -> None:
    container["env"].append({"name": "PORT", "value": "8081"})


def _database_unreachable(bed: Bed) -> None:
    bed.app_misses("llm-cost-ops-postgresql:5432")


# Nodes of a Service


def _local(bed: Bed) -> None:
    """The database's Service answers on the database's node only."""
    bed.one("Service", "llm-cost-ops-postgresql")["spec"]["internalTrafficPolicy"] = "Local"


def _ready_beside_the_database(bed: Bed) -> None:
    """The application's pod on the database's node is ready."""
    (database,) = bed.pods(DB)
    for pod in bed.pods(APP):
        if pod["spec"]["nodeName"] == database["spec"]["nodeName"]:
            pod["status"]["containerStatuses"][0].update(ready=True)
            for one in pod["status"]["conditions"]:
                if one["type"] in ("Ready", "ContainersReady"):
                    one.update(status="True")
                    one.pop("reason", None)


# Backends and paths of an Ingress


def _path(bed: Bed) -> dict[str, Any]:
    path: dict[str, Any] = bed.one("Ingress")["spec"]["rules"][0]["http"]["paths"][0]
    return path


def _backend(service: str, **port: Any) -> Break:
    def act(bed: Bed) -> None:
        _path(bed)["backend"] = {"service": {"name": service, "port": port}}

    return act


def _second_path(name: str, path: str = "/admin") -> Break:
    def act(bed: Bed) -> None:
        other = copy.deepcopy(_path(bed))
        other.update(path=path, backend={"service": {"name": name, "port": {"number": 80}}})
        bed.one("Ingress")["spec"]["rules"][0]["http"]["paths"].append(other)

    return act


def _default_backend(bed: Bed) -> None:
    bed.one("Ingress")["spec"] = {
        "ingressClassName": "nginx", "defaultBackend": {"service": {"name": "llm-cost-ops-api", "port": {"number": 80}}},
    }  # fmt: skip


def _another_release(service: str, **spec: Any) -> Break:
    """A Service of another release in the namespace."""

    def act(bed: Bed) -> None:
        other = copy.deepcopy(bed.one("Service", "llm-cost-ops"))
        other["metadata"].update(name=service, uid=f"uid-{service}", annotations={}, labels={})
        other["spec"].update(spec)
        bed.world.around.append(other)

    return act


def _another_ingress(*, ours: bool = False, minutes: float = 9000, **fields: Any) -> Break:
    """An Ingress for the same host and path, to another Service, so old; fields of its path, class or annotations differ."""

    def act(bed: Bed) -> None:
        other = copy.deepcopy(bed.one("Ingress"))
        meta, spec = other["metadata"], other["spec"]
        meta.update(name="shop-front", uid="uid-shop-front", creationTimestamp=bed.ago(minutes))
        if not ours:
            meta.update(labels={}, annotations=fields.get("annotations", {}))
        spec["ingressClassName"] = fields.get("ingressClassName", "nginx")
        path = spec["rules"][0]["http"]["paths"][0]
        path["backend"] = {"service": {"name": "llm-cost-ops-grafana", "port": {"name": "http"}}}
        path.update({key: value for key, value in fields.items() if key not in ("annotations", "ingressClassName")})
        (bed.world.objects if ours else bed.world.around).append(other)

    return act


def _another_controller(bed: Bed) -> None:
    bed.one("IngressClass")["spec"]["controller"] = "traefik.io/ingress-controller"


def _services_unlisted(bed: Bed) -> None:
    bed.world.seen.remove("Service")


# TLS Secrets


def _tls(*keys: str, there: bool = True, known: bool = True, note: str = "", secret: str = "shop-tls") -> Break:
    """The Ingress names a TLS Secret with these keys; it may be missing, and that may be unknown."""

    def act(bed: Bed) -> None:
        ingress = bed.one("Ingress")
        ingress["spec"]["tls"] = [{"hosts": ["api.example.com"], **({"secretName": secret} if secret else {})}]
        if note:
            ingress["metadata"]["annotations"][note] = "x"
        meta = {"name": secret, "namespace": bed.world.namespace, "uid": f"uid-{secret}"}
        if secret and there:
            bed.world.around.append({"kind": "Secret", "metadata": meta, "data": dict.fromkeys(keys, "********")})
        elif secret and known:
            bed.world.absent.append(f"Secret/{secret}")

    return act


# Load balancers


def _balancer(*events: tuple[str, str], address: str = "", **spec: Any) -> Break:
    """The Service is of type LoadBalancer; warnings (reason, message) about it."""

    def act(bed: Bed) -> None:
        service = bed.one("Service", "llm-cost-ops")
        service["spec"].update(type="LoadBalancer", **spec)
        service["status"] = {"loadBalancer": {"ingress": [{"ip": address}]} if address else {}}
        for reason, message in events:
            bed.event(service, reason, message)

    return act


# Autoscalers


def _pinned(minutes: float, *, cpu: int = 95, scaled: float = 9000, least: int = 2) -> Break:
    """The autoscaler is at its maximum for so long; its last step was so many minutes ago."""

    def act(bed: Bed) -> None:
        scaler = bed.one("HorizontalPodAutoscaler")
        scaler["spec"].update(minReplicas=least, maxReplicas=3)
        current = {"averageUtilization": cpu, "averageValue": "475m"}
        scaler["status"].update(
            currentMetrics=[{"type": "Resource", "resource": {"name": "cpu", "current": current}}],
            lastScaleTime=bed.ago(scaled),
        )
        scaler["status"]["conditions"].append({
            "type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas", "lastTransitionTime": bed.ago(minutes),
            "message": "the desired replica count is more than the maximum replica count",
        })  # fmt: skip

    return act


_NO_SUBNETS = "Error syncing load balancer: failed to ensure load balancer: could not find any suitable subnets for creating the ELB"
_NO_ADDRESSES = 'Failed to allocate IP for "shop/llm-cost-ops": no available IPs'

CASES: tuple[Case, ...] = (
    Case("Service's targetPort is a number that no pod has", "TR03", SERVICE, _port(targetPort=8081)),
    Case("Service without targetPort, its port is none of the pods'", "TR03", SERVICE, _port(targetPort=None)),
    Case("second port of the Service leads nowhere", "TR03", SERVICE, _second_port("admin")),
    Case("database's Service has a wrong number", "TR03", DATABASE, all_of(_port("llm-cost-ops-postgresql", targetPort=5433), _database_unreachable)),
    Case("database's Service is Local, the application is on other nodes", "TR03", DATABASE, all_of(_local, _database_unreachable, _ready_beside_the_database)),
    Case("Ingress names a Service that is not there", "TR05", INGRESS, _backend("llm-cost-ops-api", number=80)),
    Case("Ingress names a port name that its Service does not have", "TR05", INGRESS, _backend("llm-cost-ops", name="web")),
    Case("Ingress names a port number that its Service does not have", "TR05", INGRESS, _backend("llm-cost-ops", number=8080)),
    Case("default backend of the Ingress is not there", "TR05", INGRESS, _default_backend),
    Case("one of two paths leads to a Service that is not there", "TR05", INGRESS, _second_path("admin")),
    Case("an older Ingress of another release has the same path", "TR05", INGRESS, _another_ingress()),
    Case("an older Ingress of the release has the same path", "TR05", INGRESS, _another_ingress(ours=True)),
    Case("another Ingress has the same path, and its controller says not which wins", "TR05", INGRESS, all_of(_another_ingress(), _another_controller)),
    Case("TLS Secret of the Ingress is not there", "TR08", INGRESS, _tls(there=False)),
    Case("TLS Secret of the Ingress has no key", "TR08", INGRESS, _tls("tls.crt", "ca.crt")),
    Case("cloud finds no subnet for the load balancer", "TR10", SERVICE, _balancer(("SyncLoadBalancerFailed", _NO_SUBNETS))),
    Case("MetalLB has no address left", "TR10", SERVICE, _balancer(("AllocationFailed", _NO_ADDRESSES))),
    Case("nobody makes load balancers", "TR10", SERVICE, _balancer(loadBalancerClass="example.com/lb")),
    Case("autoscaler at its maximum for half an hour", "TR12", SCALER, _pinned(28)),
)  # fmt: skip


HEALTHY: dict[str, Break] = {
    "targetPort is a number that the pods declare": _port(targetPort=8080),
    "containers that declare no ports": all_of(_each_container(_declares_nothing), _port(targetPort=8080), _port("llm-cost-ops-metrics", targetPort=9090)),
    "a number that only a probe names": all_of(_each_container(_probes_8081), _port(targetPort=8081)),
    "a number that only an argument names": all_of(_each_container(_serves_8081), _port(targetPort=8081)),
    "a number that only a variable names": all_of(_each_container(_set_8081), _port(targetPort=8081)),
    "headless Service with another number": _port("llm-cost-ops-postgresql-hl", targetPort=15432),
    "a Service that was made a moment ago": all_of(_port(targetPort=8081), _fresh("Service")),
    "database's Service is Local, and everything is ready": _local,
    "load balancer with externalTrafficPolicy Local": _balancer(address="203.0.113.9", externalTrafficPolicy="Local"),
    "load balancer a minute after its creation": all_of(_balancer(), _fresh("Service")),
    "Ingress to a Service of another release": all_of(_another_release("front"), _backend("front", number=80)),
    "Ingress to a name outside of the cluster": all_of(_another_release("front", type="ExternalName", ports=[]), _backend("front", number=443)),
    "a redirect of the AWS Load Balancer Controller": _backend("ssl-redirect", name="use-annotation"),
    "Services that may not be listed": all_of(_services_unlisted, _backend("front", number=80)),
    "an Ingress that was made a moment ago": all_of(_backend("front", number=80), _fresh("Ingress")),
    "two Ingresses of one host with other paths": _another_ingress(path="/grafana"),
    "two Ingresses of one path, of other types": _another_ingress(pathType="Exact"),
    "two Ingresses of one path in other classes": _another_ingress(ingressClassName="internal"),
    "a canary beside the Ingress": _another_ingress(annotations={"nginx.ingress.kubernetes.io/canary": "true"}),
    "a younger Ingress that gets nothing": _another_ingress(minutes=5),
    "two Ingresses of one path to the same Service": _another_ingress(backend={"service": {"name": "llm-cost-ops", "port": {"name": "http"}}}),
    "TLS Secret that is there": _tls("tls.crt", "tls.key"),
    "TLS Secret that may not be read": _tls(there=False, known=False),
    "TLS by the controller's own certificate": _tls(there=False, secret=""),
    "TLS by a certificate of the cloud": _tls(there=False, note="alb.ingress.kubernetes.io/certificate-arn"),
    "TLS Secret of an Ingress that was made a moment ago": all_of(_tls(there=False), _fresh("Ingress")),
    "autoscaler at its maximum for a peak": _pinned(5),
    "autoscaler that reached its maximum a moment ago, by steps": _pinned(600, scaled=2),
    "autoscaler at its maximum, the load is over": _pinned(28, cpu=40),
    "autoscaler of a fixed number": _pinned(28, least=3),
}  # fmt: skip
"""Nothing may be found in these."""
