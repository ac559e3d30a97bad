"""A release as its objects describe it, with as many ways in as a test adds."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tests.engine.objects import obj
from wizard.core.rules.snapshot import Snapshot

NOW = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
LABELS = {"app.kubernetes.io/name": "llm-cost-ops"}


def template(path: str = "/ready", port: Any = "http") -> dict[str, Any]:
    probe = {"httpGet": {"path": path, "port": port}}
    container = {"name": "api", "ports": [{"name": "http", "containerPort": 8000}], "readinessProbe": probe}
    return {"metadata": {"labels": LABELS}, "spec": {"containers": [container]}}


def workload(**probe: Any) -> dict[str, Any]:
    return obj("Deployment", "api", ours=True, metadata={"labels": LABELS}, spec={"template": template(**probe)})


def pod(name: str = "api-1", *, ready: bool = True) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True" if ready else "False"}]
    return obj("Pod", name, metadata={"labels": LABELS}, spec=template()["spec"], status={"conditions": conditions})


def service(kind: str = "ClusterIP", *, name: str = "api", balancer: Any = (), **spec: Any) -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": "http", "nodePort": 30080}]
    return obj(
        "Service", name, ours=True, spec={"type": kind, "ports": ports, "selector": LABELS, **spec},
        status={"loadBalancer": {"ingress": list(balancer)}},
    )  # fmt: skip


def ingress(
    *hosts: str, tls: Any = (), address: Any = ({"ip": "203.0.113.7"},), path: Any = "/", **meta: Any
) -> dict[str, Any]:
    backend = {"service": {"name": "api", "port": {"name": "http"}}}
    rules = [{"host": host, "http": {"paths": [{"path": path, "backend": backend}]}} for host in hosts]
    spec = {"rules": rules, "tls": list(tls)}
    return obj("Ingress", "api", metadata=meta, spec=spec, status={"loadBalancer": {"ingress": list(address)}})


def route(*hosts: str, **spec: Any) -> dict[str, Any]:
    rules = [{"matches": [{"path": {"value": "/"}}], "backendRefs": [{"name": "api", "port": 80}]}]
    parents = [{"name": "edge", "namespace": "infra"}]
    return obj("HTTPRoute", "api", spec={"hostnames": list(hosts), "parentRefs": parents, "rules": rules, **spec})


def gateway(*listeners: dict[str, Any], address: str = "203.0.113.9") -> dict[str, Any]:
    addresses = [{"type": "IPAddress", "value": address}] if address else []
    spec, status = {"listeners": list(listeners)}, {"addresses": addresses}
    return obj("Gateway", "edge", metadata={"namespace": "infra"}, spec=spec, status=status)


def node(**addresses: str) -> dict[str, Any]:
    listed = [{"type": kind, "address": address} for kind, address in addresses.items()]
    ready = [{"type": "Ready", "status": "True"}]
    return obj("Node", "node", status={"addresses": listed, "conditions": ready})


def release(
    *objects: dict[str, Any], around: tuple[dict[str, Any], ...] = (), hidden: frozenset[str] = frozenset()
) -> Snapshot:
    own = {one["metadata"]["uid"]: one for one in (workload(), *objects)}
    others = {one["metadata"]["uid"]: one for one in around}
    return Snapshot(own, (), NOW, around=others, namespace="ns", release="rel", context="here", hidden=hidden)
