"""Rows of the table of checks: what pods name, what hooks need, what a chart has twice, Services, Gateways, volumes that are there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.core.rules.placement_table import deployment, live, node, scaler, spec
from tests.core.rules.storage_table import claim, store, using, volume, zoned
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import ClaimsTried, Namespace, Release, Rendered
from wizard.core.target import Target

TARGET = Target("here", "ns", "rel")


def obj(kind: str, name: str, version: str = "v1", notes: Any = None, **more: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, "annotations": notes or {}}, **more}


def named(*keys: str, there: Any = None, own: tuple[Any, ...] = (), optional: bool = False) -> dict[str, Any]:
    """A pod with a volume of ConfigMap own, with these keys."""
    items = {"items": [{"key": key, "path": key} for key in keys]} if keys else {}
    one = {"name": "own", "optional": optional, **items}
    pods = deployment(volumes=[{"name": "v", "configMap": one}])
    return {"rendered": Rendered((pods, *own)), "config_maps": there if there is not None else {}}


def referring(**container: Any) -> dict[str, Any]:
    one = deployment()
    one["spec"]["template"]["spec"]["containers"][0] |= container
    return {"rendered": Rendered((one,)), "config_maps": {"there": frozenset({"a"}), "gone": None}}


def held(name: str = "files", phase: str = "Bound", **more: Any) -> dict[str, Any]:
    live_claims = {"files": {**claim(**more), "status": {"phase": phase}}}
    return {"rendered": Rendered((using(of=name),)), "live_claims": live_claims}


def hook(event: str, weight: str = "0") -> dict[str, str]:
    return {"helm.sh/hook": event, "helm.sh/hook-weight": weight}


def before(*more: dict[str, Any], event: str = "pre-install", revision: int = 0, **pod: Any) -> dict[str, Any]:
    rules = {"template": {"spec": {**spec(), **pod}}}
    job = obj("Job", "migrate", "batch/v1", hook(event), spec=rules)
    return {
        "rendered": Rendered((job, *more)),
        "release": Release(revision, "deployed" if revision else ""),
        "target": TARGET,
    }


def twice(*objects: dict[str, Any]) -> dict[str, Any]:
    return {"rendered": Rendered(objects), "target": TARGET}


def service(name: str = "api", selector: Any = None, **port: Any) -> dict[str, Any]:
    rules = {"selector": selector or {"app": "api"}, "ports": [{"port": 80, **port}], "type": "NodePort"}
    return obj("Service", name, spec=rules)


def placed(*pods: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"rendered": Rendered((deployment(**more),)), "nodes": (node("n1"),), "pods": pods}


def doors(*objects: dict[str, Any], pods: tuple[Any, ...] = (), services: Any = None) -> dict[str, Any]:
    return {"rendered": Rendered(objects), "services": services or {}, "own_pods": pods}


def way(to: str = "api", **port: Any) -> dict[str, Any]:
    backend = {"service": {"name": to, "port": port or {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    return obj("Ingress", "web", "networking.k8s.io/v1", spec={"rules": [{"host": "a.test", "http": {"paths": paths}}]})


def open_pod(name: str = "http", **more: Any) -> dict[str, Any]:
    one = deployment()
    one["spec"]["template"]["spec"]["containers"][0] |= {"ports": [{"name": name, "containerPort": 8080}], **more}
    return one


ALL = {"allowedRoutes": {"namespaces": {"from": "All"}}}
CHOSEN = {"allowedRoutes": {"namespaces": {"from": "Selector", "selector": {"matchLabels": {"edge": "yes"}}}}}


def routed(
    *listeners: Any, labels: Any = None, hosts: Any = ("a.test",), seen: bool = True, **parent: Any
) -> dict[str, Any]:
    """An HTTPRoute and Gateway edge/web with these listeners; none is no Gateway."""
    rules = {"parentRefs": [{"name": "web", "namespace": "edge", **parent}], "hostnames": [*hosts]}
    route = obj("HTTPRoute", "rel", "gateway.networking.k8s.io/v1", spec=rules)
    every = [{"name": f"l{number}", "port": 443, "protocol": "HTTPS", **one} for number, one in enumerate(listeners)]
    there = obj("Gateway", "web", spec={"listeners": every}) if listeners else None
    return {
        "rendered": Rendered((route,)), "gateways": {("edge", "web"): there}, "target": TARGET,
        "namespace": Namespace("ns", "active", labels=labels or {}, pod_security="" if seen else None),
    }  # fmt: skip


def bound(zone: str, *nodes: dict[str, Any], pod: Any = None) -> dict[str, Any]:
    term = {"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In", "values": [zone]}]}
    there = volume("disk", nodeAffinity={"required": {"nodeSelectorTerms": [term]}})
    return {
        "rendered": Rendered((store(pod=pod),)), "bound_volumes": {"data-db-0": there}, "nodes": nodes, "admitted": {},
    }  # fmt: skip


ROWS: list[tuple[str, Mapping[str, Any], str, str, str]] = [
    # W20 ConfigMaps that are named
    ("W20", named(there={"own": frozenset({"a"})}), "pass", "1 ConfigMap named, all there", ""),
    ("W20", named("a", there={"own": frozenset({"a"})}), "pass", "1 ConfigMap named", ""),
    ("W20", named("b", there={"own": frozenset({"a"})}), "fail", "ConfigMap own has no key b; its keys: a", ""),
    ("W20", named(there={"own": None}), "fail", "Deployment/api: ConfigMap own is not in the namespace", ""),
    ("W20", named(optional=True, there={"own": None}), "pass", "no pod names a ConfigMap", ""),
    ("W20", named("a", own=(obj("ConfigMap", "own", data={"a": "1"}),)), "pass", "1 ConfigMap named", ""),
    ("W20", named("b", own=(obj("ConfigMap", "own", data=None, binaryData={"a": ""}),)), "fail", "no key b", ""),
    ("W20", referring(envFrom=[{"configMapRef": {"name": "gone"}}]), "fail", "ConfigMap gone is not in the namespace", ""),
    ("W20", referring(env=[{"name": "A", "valueFrom": {"configMapKeyRef": {"name": "there", "key": "z"}}}]), "fail", "has no key z", ""),
    ("W20", referring(env=[{"name": "A", "valueFrom": None}, None], envFrom=None), "pass", "no pod names", ""),
    ("W20", {**named(), "config_maps": Unknown("eve may not get configmaps", "get configmaps")}, "unknown", "may not", ""),
    # S09 claims that are named
    ("S09", held(), "pass", "1 claim named, all there", ""),
    ("S09", held("gone"), "fail", "Deployment/api: claim gone is not in the namespace", ""),
    ("S09", held(phase="Lost"), "fail", "claim files has lost its volume", ""),
    ("S09", held(phase="Pending", cls=""), "fail", "has no volume (unbound)", ""),
    ("S09", held(phase="Pending", cls="late"), "pass", "1 claim named", ""),
    ("S09", {"rendered": Rendered((claim("new"), using(of="new"))), "live_claims": {}}, "pass", "1 claim named", ""),
    ("S09", {**held(), "live_claims": Absent("no disk is claimed")}, "skipped", "no disk", ""),
    # S10 volumes that are there
    ("S10", bound("a", zoned("n1", "a"), zoned("n2", "b")), "pass", "can be used where its pod goes", ""),
    ("S10", bound("c", zoned("n1", "a"), zoned("n2", "b")), "fail", "claim data-db-0 has volume disk, which none of the 2 nodes", ""),
    ("S10", bound("a", zoned("n1", "a"), zoned("n2", "b"), pod=spec(nodeSelector={"topology.kubernetes.io/zone": "b"})), "fail", "none of the 1 nodes", ""),
    ("S10", bound("a", zoned("n1", "b"), pod=spec(nodeSelector={"no": "where"})), "pass", "can be used", ""),
    ("S10", {**bound("a"), "bound_volumes": Absent("no claim has a volume yet")}, "skipped", "no claim", ""),
    # R09 claims as admission sees them
    ("R09", {"tried_claims": ClaimsTried(2, {})}, "pass", "2 of 2 claims accepted", ""),
    ("R09", {"tried_claims": ClaimsTried(1, {"StatefulSet/db, claim data-db-0": "denied by us"})}, "fail", "claim data-db-0: denied by us", ""),
    ("R09", {"tried_claims": ClaimsTried(1, {}, ("eve may not create claims",))}, "skipped", "may not", ""),
    # W21 hooks before the install
    ("W21", before(), "pass", "no hook needs what is made after it", ""),
    ("W21", before(obj("ServiceAccount", "m"), serviceAccountName="m"), "fail", "Job/migrate runs before the install and needs ServiceAccount m", ""),
    ("W21", before(obj("ServiceAccount", "m"), serviceAccountName="m", revision=3), "pass", "since the install", ""),
    ("W21", before(obj("ServiceAccount", "m"), serviceAccountName="m", event="post-install"), "pass", "no hook", ""),
    ("W21", before(obj("ServiceAccount", "m", notes=hook("pre-install, pre-upgrade", "-1")), serviceAccountName="m"), "pass", "no hook", ""),
    ("W21", before(obj("ServiceAccount", "m", notes=hook("pre-install")), serviceAccountName="m"), "pass", "no hook", ""),
    ("W21", before(obj("ServiceAccount", "m", notes=hook("pre-install", "5")), serviceAccountName="m"), "fail", "needs ServiceAccount m", ""),
    ("W21", before(obj("ServiceAccount", "m", notes=hook("pre-install", "x")), serviceAccountName="m"), "pass", "no hook", ""),
    ("W21", before(serviceAccountName="there"), "pass", "no hook", ""),
    ("W21", before(obj("ConfigMap", "c"), volumes=[{"name": "v", "configMap": {"name": "c"}}]), "fail", "needs ConfigMap c", ""),
    ("W21", before(obj("Secret", "s"), volumes=[{"name": "v", "secret": {"secretName": "s"}}]), "fail", "needs Secret s", ""),
    ("W21", before(claim("d"), volumes=[{"name": "v", "persistentVolumeClaim": {"claimName": "d"}}]), "fail", "needs PersistentVolumeClaim d", ""),
    # N10 what a chart has twice
    ("N10", twice(obj("ConfigMap", "a"), obj("Secret", "a"), obj("ConfigMap", "b")), "pass", "there once", ""),
    ("N10", twice(obj("ConfigMap", "a"), obj("ConfigMap", "a")), "warn", "ConfigMap/a is rendered 2 times: helm 4 keeps the last, helm 3 refuses", ""),
    ("N10", twice(obj("Ingress", "a", "networking.k8s.io/v1"), obj("Ingress", "a", "example.com/v1")), "pass", "there once", ""),
    ("N10", twice(service("a", nodePort=30080), service("b", nodePort=30080)), "fail", "nodePort 30080 is asked for 2 times: Service/a, Service/b", ""),
    ("N10", twice(service("a", nodePort=30080), service("b", nodePort=30080, protocol="UDP")), "pass", "there once", ""),
    ("N10", twice(service("a", nodePort=8080)), "warn", "Service/a: nodePort 8080 is out of the usual range", ""),
    ("N10", twice(service("a", nodePort=30000), service("b", nodePort=32767)), "pass", "there once", ""),
    ("N10", twice(service("a", nodePort=None), service("b", nodePort=0)), "pass", "there once", ""),
    # C10 nodes and schedulers that pods name
    ("C10", placed(), "pass", "every node and scheduler", ""),
    ("C10", placed(nodeName="n1"), "pass", "every node", ""),
    ("C10", placed(nodeName="n9"), "fail", "Deployment/api: there is no node n9", ""),
    ("C10", placed(schedulerName="volcano"), "warn", "no pod here shows that scheduler volcano runs", ""),
    ("C10", placed(live(schedulerName="volcano"), schedulerName="volcano"), "pass", "every node", ""),
    ("C10", placed(live(app="volcano-scheduler"), schedulerName="volcano"), "pass", "every node", ""),
    ("C10", placed(schedulerName="default-scheduler"), "pass", "every node", ""),
    # W22 Services and the pods behind them
    ("W22", doors(deployment(), service(), way()), "pass", "leads to what is there", ""),
    ("W22", doors(deployment(), service(), way("apj")), "warn", "Ingress/web leads to Service apj, which is not there", ""),
    ("W22", doors(way("old"), services={"old": frozenset({80})}), "pass", "leads to", ""),
    ("W22", doors(deployment(), service(), way(number=8080)), "warn", "leads to port 8080 of Service api, which has 80", ""),
    ("W22", doors(deployment(), service(), way("api", name="http")), "warn", "leads to port http of Service api", ""),
    ("W22", doors(deployment(), service(selector={"app": "apj"})), "warn", "Service/api selects no pod of the release (app=apj)", ""),
    ("W22", doors(service(selector={"app": "old"}), pods=(live(app="old"),)), "pass", "leads to", ""),
    ("W22", doors(service(selector={"app": "pg"}), obj("Cluster", "pg", "postgresql.cnpg.io/v1")), "pass", "leads to", ""),
    ("W22", doors(service(selector={"app": "pg"}), obj("ServiceMonitor", "pg", "monitoring.coreos.com/v1")), "warn", "selects no pod", ""),
    ("W22", doors(obj("Service", "hand", spec={"ports": [{"port": 80}]})), "pass", "leads to", ""),
    ("W22", doors(open_pod(), service(targetPort="http")), "pass", "leads to", ""),
    ("W22", doors(open_pod("web"), service(targetPort="http")), "warn", "Service/api leads to port http, and no container of Deployment/api", ""),
    ("W22", doors(open_pod("web"), service(targetPort="8080")), "pass", "leads to", ""),
    ("W22", doors(open_pod(readinessProbe={"httpGet": {"port": "http"}})), "pass", "leads to", ""),
    ("W22", doors(open_pod(readinessProbe={"httpGet": {"port": "admin"}})), "warn", "its readinessProbe asks port admin", ""),
    ("W22", doors(open_pod(livenessProbe={"tcpSocket": {"port": 9}}, startupProbe=None)), "pass", "leads to", ""),
    ("W22", doors(scaler(1, 3)), "warn", "HorizontalPodAutoscaler/api scales Deployment/api, which the release has not", ""),
    ("W22", doors(deployment(), scaler(1, 3)), "pass", "leads to", ""),
    # I13 Gateways
    ("I13", routed(ALL), "pass", "1 Gateway there", ""),
    ("I13", routed(), "fail", "HTTPRoute/rel: Gateway edge/web is not there", ""),
    ("I13", {**routed(), "gateways": {}}, "unknown", "was not looked at", ""),
    ("I13", routed({}), "fail", "lets no route of namespace ns in", ""),
    ("I13", routed({}, ALL), "pass", "1 Gateway ", ""),
    ("I13", routed({}, ALL, sectionName="l0"), "fail", "lets no route of namespace ns in", ""),
    ("I13", routed(ALL, sectionName="websecure"), "fail", "has no listener websecure; its listeners: l0", ""),
    ("I13", routed(ALL, port=80), "fail", "has no listener 80", ""),
    ("I13", routed({**ALL, "protocol": "TCP"}), "fail", "has no listener for HTTP there: l0 is TCP", ""),
    ("I13", routed(CHOSEN, labels={"edge": "yes"}), "pass", "1 Gateway ", ""),
    ("I13", routed(CHOSEN), "fail", "lets no route of namespace ns in", ""),
    ("I13", routed(CHOSEN, seen=False), "unknown", "depends on labels that are hidden", ""),
    ("I13", routed({**ALL, "hostname": "*.test"}), "pass", "1 Gateway ", ""),
    ("I13", routed({**ALL, "hostname": "*.a.test"}), "fail", "is for host *.a.test, and the route for a.test", ""),
    ("I13", routed({**ALL, "hostname": "A.test"}, hosts=("*.test",)), "pass", "1 Gateway ", ""),
    ("I13", routed({**ALL, "hostname": "b.test"}, hosts=()), "pass", "1 Gateway ", ""),
    ("I13", routed({"allowedRoutes": None, "hostname": None, "protocol": None}), "fail", "has no listener for HTTP", ""),
    ("I13", {**routed(ALL), "gateways": Absent("no HTTPRoute is installed")}, "skipped", "no HTTPRoute", ""),
]  # fmt: skip
