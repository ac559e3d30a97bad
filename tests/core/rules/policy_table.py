"""Rows of the table of checks: limits, autoscalers' requests, webhooks, sidecars, users, network policies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.core.rules.placement_table import deployment, scaler, spec
from tests.core.rules.storage_table import store
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import Namespace, Neighbours, Rendered, WebhookSeen
from wizard.core.target import Target

TARGET = Target("here", "ns", "rel")
_SPACE = "kubernetes.io/metadata.name"


def limited(*objects: dict[str, Any], admitted: Any = None, **limit: Any) -> dict[str, Any]:
    ranges = ({"metadata": {"name": "small"}, "spec": {"limits": [limit]}},) if limit else ()
    return {"rendered": Rendered(objects), "limit_ranges": ranges, "admitted": admitted or {}, "tried": bool(admitted)}


def asking(requests: Any = None, limits: Any = None, **more: Any) -> dict[str, Any]:
    one = deployment()
    container = {"name": "c", "resources": {"requests": requests or {}, "limits": limits or {}}}
    one["spec"]["template"]["spec"] = {"containers": [container], **more}
    return one


def by(*metrics: dict[str, Any]) -> dict[str, Any]:
    one = scaler(1, 3)
    one["spec"]["metrics"] = [*metrics]
    return one


def share(name: str, **more: Any) -> dict[str, Any]:
    return {
        "type": "Resource",
        "resource": {"name": name, "target": {"type": "Utilization", "averageUtilization": 80}, **more},
    }


def hook(state: Any, *, conditional: bool = False) -> dict[str, Any]:
    objects = ("Deployment/api", "Service/api", "pods of Deployment/api")
    one = WebhookSeen(
        "deny.example.com", "ValidatingWebhookConfiguration/policy", "policy/webhook", state, objects, conditional
    )
    return {"webhooks": (one,)}


def job(name: str = "migrate") -> dict[str, Any]:
    return {"kind": "Job", "metadata": {"name": name}, "spec": {"template": {"metadata": {}, "spec": spec()}}}


def injected(*objects: dict[str, Any], native: bool = False, into: str = "") -> dict[str, Any]:
    proxy = {"name": "istio-proxy"}
    own = spec()["containers"]
    made = (
        {"containers": own, "initContainers": [{**proxy, "restartPolicy": "Always"}]}
        if native
        else {"containers": [*own, proxy]}
    )
    return {"rendered": Rendered(objects), "admitted": {into: made} if into else {}}


def openshift(uid: int | None = None, text: str = "1000680000/10000", where: str = "", **more: str) -> dict[str, Any]:
    context = {} if uid is None else {"runAsUser" if where != "group" else "fsGroup": uid}
    one = deployment(securityContext=context)
    notes = {"openshift.io/sa.scc.uid-range": text, **more} if text else {}
    return {"rendered": Rendered((one,)), "namespace": Namespace("ns", "active", annotations=notes)}


def policy(name: str = "api", pods: Any = None, **rules: Any) -> dict[str, Any]:
    chosen = {"matchLabels": {"app": "api"}} if pods is None else pods
    return {"kind": "NetworkPolicy", "metadata": {"name": name}, "spec": {"podSelector": chosen, **rules}}


def in_space(name: str, **pods: str) -> dict[str, Any]:
    chosen = {"podSelector": {"matchLabels": pods}} if pods else {}
    return {"namespaceSelector": {"matchLabels": {_SPACE: name}}, **chosen}


def to_dns(*protocols: str, peer: Any = None) -> dict[str, Any]:
    ports = [{"port": 53, "protocol": protocol} for protocol in protocols]
    return {"ports": ports, **({"to": [peer]} if peer else {})}


def served_by(name: str, app: str, port: int, target: Any = None) -> dict[str, Any]:
    ports = [{"port": port, "name": "http", **({"targetPort": target} if target else {})}]
    return {
        "kind": "Service",
        "metadata": {"name": name, "labels": {"app": app}},
        "spec": {"selector": {"app": app}, "ports": ports},
    }


def calling(url: str = "") -> dict[str, Any]:
    one = deployment()
    container = {**one["spec"]["template"]["spec"]["containers"][0], "ports": [{"name": "web", "containerPort": 8080}]}
    one["spec"]["template"]["spec"]["containers"] = [{**container, "env": [{"name": "DATABASE_URL", "value": url}]}]
    return one


def calling_by_map(url: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A Deployment whose variable stands in a ConfigMap of the release, and that ConfigMap."""
    one = calling()
    one["spec"]["template"]["spec"]["containers"][0] |= {"env": [], "envFrom": [{"configMapRef": {"name": "conf"}}]}
    return one, {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "conf"}, "data": {"DATABASE_URL": url}}


def outsider(space: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": space, "labels": {"app.kubernetes.io/name": name}},
        "spec": more,
    }


def net(
    *objects: dict[str, Any], live: tuple[Any, ...] = (), spaces: Any = None, **pods: tuple[Any, ...]
) -> dict[str, Any]:
    return {"rendered": Rendered(objects), "neighbours": Neighbours(live, spaces, **pods), "target": TARGET}


def way() -> dict[str, Any]:
    paths = [{"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "api", "port": {"name": "http"}}}}]
    return {
        "kind": "Ingress",
        "metadata": {"name": "rel"},
        "spec": {"rules": [{"host": "a.test", "http": {"paths": paths}}]},
    }


DATABASE = deployment(1, "db")
URL = "postgresql://u@db:5432/x"
MONITOR = {
    "kind": "ServiceMonitor",
    "metadata": {"name": "api"},
    "spec": {"selector": {"matchLabels": {"app": "api"}}, "endpoints": [{"port": "http"}]},
}
WEB = served_by("api", "api", 80, "web")
CONTROLLER, PROMETHEUS = outsider("edge", "ingress-nginx"), outsider("monitoring", "prometheus")
ROWS: list[tuple[str, Mapping[str, Any], str, str, str]] = [
    # Q03 limits of the namespace
    ("Q03", limited(store()), "pass", "has no LimitRange", ""),
    ("Q03", limited(store(), type="PersistentVolumeClaim", max={"storage": "5Gi"}), "fail", "StatefulSet/db: its claim may use 10Gi storage, the most is 5Gi (small)", "database.size"),
    ("Q03", limited(store(), type="PersistentVolumeClaim", min={"storage": "50Gi"}), "fail", "asks for 10Gi storage, the least is 50Gi", "database.size"),
    ("Q03", limited(store(), type="PersistentVolumeClaim", max={"storage": "10Gi"}), "pass", "everything is within", ""),
    ("Q03", limited(asking({"cpu": "2"}, {"cpu": "2"}), type="Container", max={"cpu": "1"}), "fail", "it may use 2 cpu, the most is 1", ""),
    ("Q03", limited(asking({"cpu": "100m"}, {"cpu": "1"}), type="Container", maxLimitRequestRatio={"cpu": "4"}), "fail", "has cpu 100m to 1, the limit may be 4 times", ""),
    ("Q03", limited(asking({"cpu": "100m"}), type="Container", max={"cpu": "1"}), "fail", "has no limit of cpu", ""),
    ("Q03", limited(asking({"cpu": "2"}, {"cpu": "2"}), type="Container", max={"cpu": "1"}, admitted={"Deployment/api": spec()}), "pass", "within", ""),
    ("Q03", limited(asking(), type="Container", default={"cpu": "1"}, defaultRequest={"cpu": "200m"}, max={"cpu": "1"}), "pass", "gives requests of cpu 200m and limits of cpu 1", ""),
    ("Q03", {**limited(), "limit_ranges": Unknown("eve may not list limitranges", "list limitranges")}, "unknown", "may not", ""),
    # Q04 requests for the autoscaler
    ("Q04", limited(deployment()), "skipped", "nothing is scaled by load", ""),
    ("Q04", limited(deployment(), by(share("cpu"))), "pass", "asks for what its autoscaler measures", ""),
    ("Q04", limited(asking({"memory": "1Gi"}), by(share("cpu"))), "warn", "scales Deployment/api by cpu, and container c asks for none", "cpu"),
    ("Q04", limited(asking({"memory": "1Gi"}), by()), "warn", "by cpu", "cpu"),
    ("Q04", limited(asking(), by(share("cpu", target={"type": "AverageValue"}))), "pass", "asks for", ""),
    ("Q04", limited(asking(limits={"cpu": "1"}), by(share("cpu"))), "pass", "asks for", ""),
    ("Q04", limited(asking(), by(share("cpu")), type="Container", defaultRequest={"cpu": "1"}), "pass", "asks for", ""),
    ("Q04", limited(asking(), by(share("cpu")), admitted={"Deployment/api": spec()}), "pass", "asks for", ""),
    ("Q04", limited(asking({"cpu": "1"}, initContainers=[{"name": "mesh", "restartPolicy": "Always"}]), by(share("cpu"))), "warn", "container mesh", "cpu"),
    ("Q04", limited(asking({"cpu": "1"}, initContainers=[{"name": "wait"}]), by(share("cpu"))), "pass", "asks for", ""),
    # Q05 admission webhooks
    ("Q05", {"webhooks": ()}, "pass", "no webhook that refuses is asked", ""),
    ("Q05", hook("ready"), "pass", "1 webhook asked", ""),
    ("Q05", hook("missing"), "fail", "deny.example.com would refuse Deployment/api, Service/api and 1 more: its Service policy/webhook is not there", ""),
    ("Q05", hook("no endpoints"), "fail", "has no ready pod", ""),
    ("Q05", hook("missing", conditional=True), "warn", "is not there", ""),
    ("Q05", hook("hidden"), "unknown", "is hidden", ""),
    # Q06 containers that are added
    ("Q06", injected(job(), into="Job/migrate"), "warn", "Job/migrate: the cluster adds container istio-proxy", ""),
    ("Q06", injected(job(), into="Job/migrate", native=True), "pass", "adds no container", ""),
    ("Q06", injected(deployment(), into="Deployment/api"), "pass", "Deployment/api: the cluster adds container istio-proxy", ""),
    ("Q06", injected(job()), "skipped", "waits for R08", ""),
    # Q08 users of OpenShift
    ("Q08", openshift(1000, text=""), "pass", "has no range", ""),
    ("Q08", openshift(1000), "warn", "Deployment/api: runAsUser 1000 is outside of 1000680000/10000", ""),
    ("Q08", openshift(1000680000), "pass", "no pod names a user", ""),
    ("Q08", openshift(1000690000), "warn", "1000690000", ""),
    ("Q08", openshift(), "pass", "no pod names", ""),
    ("Q08", openshift(999, where="group"), "warn", "fsGroup 999", ""),
    ("Q08", openshift(5, text="1-9"), "pass", "no pod names", ""),
    ("Q08", openshift(5, text="all of them"), "pass", "no range", ""),
    # Q09 network policies
    ("Q09", {**net(), "neighbours": Absent("no network policy is there")}, "skipped", "no network policy", ""),
    ("Q09", net(deployment(), policy(policyTypes=["Egress"])), "pass", "cut no", ""),
    ("Q09", net(calling("http://api.example.com/"), policy(policyTypes=["Egress"])), "warn", "Deployment/api: NetworkPolicy api cuts it from DNS (port 53 UDP)", ""),
    ("Q09", net(deployment(), policy(policyTypes=["Egress"], egress=[{}])), "pass", "1 network policies cut no", ""),
    ("Q09", net(deployment(), policy(policyTypes=["Egress"], egress=[to_dns("UDP", "TCP", peer=in_space("kube-system"))])), "pass", "cut no", ""),
    ("Q09", net(deployment(), policy(policyTypes=["Egress"], egress=[to_dns("UDP")])), "warn", "port 53 TCP", ""),
    ("Q09", net(deployment(), policy(egress=[to_dns("UDP", "TCP", peer=in_space("dns"))])), "warn", "cuts it from DNS", ""),
    ("Q09", net(deployment(), policy(egress=[to_dns("UDP", "TCP", peer={"podSelector": {}})])), "warn", "cuts it from DNS", ""),
    ("Q09", net(deployment(), policy(egress=[to_dns("UDP", "TCP", peer={"ipBlock": {"cidr": "10.0.0.0/8"}})])), "pass", "cut no", ""),
    ("Q09", net(deployment(), policy(egress=[to_dns("UDP", "TCP", peer={"namespaceSelector": {"matchLabels": {"name": "kube-system"}}})]), spaces={"kube-system": {}}), "warn", "cuts it from DNS", ""),
    ("Q09", net(deployment(), policy(egress=[to_dns("UDP", "TCP", peer={"namespaceSelector": {"matchLabels": {"name": "kube-system"}}})])), "pass", "cut no", ""),
    ("Q09", net(deployment(), policy(pods={"matchLabels": {"app": "other"}}, policyTypes=["Egress"])), "pass", "cut no", ""),
    ("Q09", net(deployment(), live=(policy("deny", {}, policyTypes=["Egress", "Ingress"]),)), "pass", "cut no", ""),
    ("Q09", net(calling("http://10.0.0.1/"), live=(policy("deny", {}, policyTypes=["Egress"]),)), "pass", "cut no", ""),
    ("Q09", net(calling("http://api.example.com/"), live=(policy("deny", {}, policyTypes=["Egress", "Ingress"]),)), "warn", "NetworkPolicy deny cuts it from DNS", ""),
    ("Q09", net(deployment(), policy("dns", egress=[to_dns("UDP", "TCP")]), live=(policy("deny", {}, policyTypes=["Egress"]),)), "pass", "2 network policies cut no", ""),
    ("Q09", net(calling(URL), DATABASE, served_by("db", "db", 5432), policy("db", {"matchLabels": {"app": "db"}}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "web"}}}]}])),
     "warn", "Deployment/api calls db (DATABASE_URL), and NetworkPolicy db cuts it from port 5432 of Deployment/db", ""),
    ("Q09", net(calling(URL), DATABASE, served_by("db", "db", 5432), policy("db", {"matchLabels": {"app": "db"}}, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "api"}}}], "ports": [{"port": 5000, "endPort": 6000}]}])), "pass", "cut no", ""),
    ("Q09", net(calling(URL), DATABASE, served_by("db", "db", 5432), policy("db", {"matchLabels": {"app": "db"}}, ingress=[{"ports": [{"port": 6379}]}])), "warn", "port 5432", ""),
    ("Q09", net(*calling_by_map(URL), DATABASE, served_by("db", "db", 5432), policy("db", {"matchLabels": {"app": "db"}}, ingress=[{"ports": [{"port": 6379}]}])), "warn", "Deployment/api calls db (DATABASE_URL), and NetworkPolicy db cuts it", ""),
    ("Q09", net(*calling_by_map("http://api.example.com/"), policy(policyTypes=["Egress"])), "warn", "cuts it from DNS (port 53 UDP)", ""),
    ("Q09", net(calling(URL), DATABASE, served_by("db", "db", 5432), policy(egress=[{"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}]}])), "warn", "NetworkPolicy api cuts it from port 5432", ""),
    ("Q09", net(calling(), WEB, way(), policy(ingress=[{"from": [in_space("ingress-nginx")]}]), controllers=(CONTROLLER,)), "warn", "cuts port 8080 from the ingress controller in edge", ""),
    ("Q09", net(calling(), WEB, way(), policy(ingress=[{"from": [in_space("edge")], "ports": [{"port": "web"}]}]), controllers=(CONTROLLER,)), "pass", "cut no", ""),
    ("Q09", net(calling(), WEB, way(), policy(ingress=[{"from": [in_space("edge")], "ports": [{"port": "metrics"}]}]), controllers=(CONTROLLER,)), "warn", "cuts port 8080", ""),
    ("Q09", net(calling(), WEB, way(), policy(ingress=[]), controllers=(outsider("edge", "ingress-nginx", hostNetwork=True),)), "pass", "cut no", ""),
    ("Q09", net(calling(), WEB, way(), policy(ingress=[])), "pass", "cut no", ""),
    ("Q09", net(calling(), WEB, MONITOR, policy(ingress=[{"from": [in_space("edge")]}]), scrapers=(PROMETHEUS,)), "warn", "cuts port 8080 from Prometheus in monitoring: no metrics of ServiceMonitor/api", ""),
    ("Q09", net(calling(), WEB, MONITOR, policy(ingress=[{"from": [in_space("monitoring")]}]), scrapers=(PROMETHEUS,)), "pass", "cut no", ""),
    ("Q09", {**net(), "neighbours": Unknown("eve may not list networkpolicies", "list networkpolicies")}, "unknown", "may not", ""),
]  # fmt: skip
