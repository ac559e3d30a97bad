"""Rows of the table of checks: admission, room, quotas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wizard.core.rules import workloads
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import Probe, Rendered
from wizard.core.target import Target

TARGET = Target("here", "ns", "rel")
APP = {"app.kubernetes.io/component": "app", "app": "api"}


def node(name: str = "n1", cpu: str = "2", memory: str = "4Gi", *, pods: str = "110", **more: Any) -> dict[str, Any]:
    labels = {"kubernetes.io/hostname": name, **more.pop("labels", {})}
    room = {"cpu": cpu, "memory": memory, "pods": pods}
    return {"kind": "Node", "metadata": {"name": name, "labels": labels}, "spec": more, "status": {"allocatable": room}}


def spec(cpu: str = "500m", memory: str = "128Mi", **more: Any) -> dict[str, Any]:
    return {"containers": [{"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory}}}], **more}


def deployment(replicas: int = 3, name: str = "api", *, strategy: Any = None, **more: Any) -> dict[str, Any]:
    rules = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "strategy": strategy or {}}
    template = {"metadata": {"labels": {**APP, "app": name}}, "spec": spec(**more)}
    return {"kind": "Deployment", "metadata": {"name": name}, "spec": {**rules, "template": template}}


def scaler(least: int, most: int) -> dict[str, Any]:
    target = {"kind": "Deployment", "name": "api"}
    limits = {"minReplicas": least, "maxReplicas": most, "scaleTargetRef": target}
    return {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "api"}, "spec": limits}


def live(number: int = 0, on: str = "n1", app: str = "api", namespace: str = "ns", **more: Any) -> dict[str, Any]:
    meta = {"name": f"{app}-{number}", "namespace": namespace, "labels": {"app": app}}
    return {"kind": "Pod", "metadata": meta, "spec": {**spec(**more), "nodeName": on}, "status": {"phase": "Running"}}


def store(claim: str = "10Gi", cls: str = "") -> dict[str, Any]:
    named = {"storageClassName": cls} if cls else {}
    wanted = {"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": claim}}, **named}}
    return {
        "kind": "StatefulSet",
        "metadata": {"name": "db"},
        "spec": {"template": {"metadata": {}, "spec": spec()}, "volumeClaimTemplates": [wanted]},
    }


def room(
    *objects: dict[str, Any], nodes: tuple[Any, ...] = (), pods: tuple[Any, ...] = (), admitted: Any = None
) -> dict[str, Any]:
    return {"nodes": nodes, "placed": workloads.place(objects, admitted or {}, nodes, pods, TARGET)}


def daemon(**more: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "agent"}}, "spec": spec(**more)}
    rules = {"selector": {"matchLabels": {"app": "agent"}}, "template": template}
    return {"kind": "DaemonSet", "metadata": {"name": "agent"}, "spec": rules}


def quota(
    *objects: dict[str, Any], hard: Mapping[str, str], used: Any = None, pods: tuple[Any, ...] = (), **more: Any
) -> dict[str, Any]:
    status = {"hard": hard, "used": used or {}}
    one = {"kind": "ResourceQuota", "metadata": {"name": "team"}, "spec": more, "status": status}
    return {"rendered": Rendered(objects), "admitted": {}, "quotas": (one,), "own_pods": pods, "target": TARGET}


TAINTED: dict[str, Any] = {"taints": [{"key": "dedicated", "value": "gpu", "effect": "NoSchedule"}]}
APART = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
    {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": {"app": "api"}}}]}}  # fmt: skip
ROWS: list[tuple[str, Mapping[str, Any], str, str, str]] = [
    # R08 pods as admission sees them
    ("R08", {"probe": Probe({"Deployment/api": spec()}, {})}, "pass", "1 of 1 pod templates accepted", ""),
    (
        "R08", {"probe": Probe({}, {"Deployment/api": 'violates PodSecurity "restricted"', "Job/m": 'violates PodSecurity "restricted"'})},
        "fail", 'Deployment/api, Job/m: violates PodSecurity "restricted"', "",
    ),
    ("R08", {"probe": Probe({}, {"StatefulSet/db": "maximum memory usage per Container is 1Gi"})}, "fail", "per Container", ""),
    ("R08", {"probe": Probe({}, {}, ("eve may not create pods in namespace ns",))}, "unknown", "may not create pods", ""),
    ("R08", {"probe": Absent("namespace not there yet")}, "skipped", "not there yet", ""),
    # C01 room on the nodes
    ("C01", room(deployment(), nodes=(node(),)), "pass", "Deployment/api: 3 of 3 pods fit on 1 node", ""),
    ("C01", room(deployment(5), nodes=(node(),)), "fail", "4 of 5 pods fit; no node for the next, of 1: 1 Insufficient cpu", "cpu"),
    ("C01", room(deployment(2, memory="3Gi"), nodes=(node(),)), "fail", "1 Insufficient memory", "memory"),
    ("C01", room(deployment(), nodes=(node(pods="2"),)), "fail", "2 of 3 pods fit; no node for the next, of 1: 1 Too many pods", ""),
    ("C01", room(deployment(), nodes=(node(), node("n2", **TAINTED)), pods=(live(app="x", cpu="1800m"),)), "fail",
     "0 of 3 pods fit; no node for the next, of 2: 1 Insufficient cpu, 1 node(s) had untolerated taint {dedicated: gpu}", "cpu"),
    ("C01", room(deployment(), nodes=(node(),), pods=(live(app="x", namespace="other", cpu="1800m"),)), "fail", "Insufficient cpu", "cpu"),
    ("C01", room(deployment(), nodes=(node(),), pods=(live(0, cpu="900m"), live(1, cpu="900m"))), "pass", "3 of 3", ""),
    ("C01", room(deployment(2, affinity=APART), nodes=(node(),)), "fail", "1 node(s) didn't match pod anti-affinity rules", ""),
    ("C01", room(deployment(2, affinity=APART), nodes=(node(), node("n2"))), "pass", "2 of 2 pods fit on 2 nodes", ""),
    ("C01", room(deployment(nodeSelector={"disk": "ssd"}), nodes=(node(),)), "fail", "didn't match Pod's node affinity/selector", ""),
    ("C01", room(deployment(1), nodes=(node(unschedulable=True),)), "fail", "1 node(s) were unschedulable", ""),
    ("C01", room(deployment(1), nodes=()), "fail", "there is no node", ""),
    ("C01", room(deployment(1), scaler(4, 9), nodes=(node(),)), "pass", "4 of 4", ""),
    ("C01", room(deployment(5), nodes=(node(labels={"karpenter.sh/nodepool": "a"}),)), "warn", "Insufficient cpu", ""),
    ("C01", room(deployment(), nodes=(node(),), admitted={"Deployment/api": spec("1")}), "fail", "2 of 3 pods fit; no node for the next", "cpu"),
    ("C01", room(daemon(), deployment(2), nodes=(node(cpu="1"), node("n2", cpu="1"))), "pass", "DaemonSet/agent: 2 of 2 pods fit on 2 nodes", ""),
    ("C01", room(daemon(cpu="1"), nodes=(node(cpu="1"), node("n2", cpu="500m"))), "fail", "DaemonSet/agent: 1 of 2 pods fit; no node for the next, of 2: 1 Insufficient cpu", ""),
    ("C01", room(daemon(), nodes=(node(), node("n2", **TAINTED), node("n3", unschedulable=True))), "pass", "DaemonSet/agent: 2 of 2 pods fit", ""),
    ("C01", room(daemon(), deployment(3), nodes=(node(cpu="1500m"),)), "fail", "Deployment/api: 2 of 3 pods fit; no node for the next", "cpu"),
    ("C01", room(daemon(), nodes=(node(cpu="500m"),), pods=(live(app="agent"),)), "pass", "DaemonSet/agent: 1 of 1 pods fit", ""),
    ("C01", {"nodes": (), "placed": Unknown("eve may not list nodes", "list nodes")}, "unknown", "may not list nodes", ""),
    # C04 room for the autoscaler
    ("C04", room(deployment(), nodes=(node(),)), "skipped", "nothing is scaled by load", ""),
    ("C04", room(deployment(1), scaler(2, 4), nodes=(node(),)), "pass", "Deployment/api: 4 of 4 pods fit", ""),
    ("C04", room(deployment(1), scaler(2, 10), nodes=(node(),)), "warn", "would stop at 4 of 10 pods: 1 Insufficient cpu", "replicas.max"),
    # Q02 quota
    ("Q02", {**quota(deployment(), hard={}), "quotas": ()}, "pass", "has no quota", ""),
    ("Q02", quota(deployment(), hard={"requests.cpu": "2", "pods": "9"}), "pass", "requests.cpu needs 1500m more, 2 of 2 left", ""),
    ("Q02", quota(deployment(), hard={"cpu": "2"}, used={"cpu": "600m"}), "fail", "cpu needs 1500m more, 1400m of 2 left", "replicas"),
    ("Q02", quota(deployment(), hard={"pods": "2"}), "fail", "pods needs 3 more, 2 of 2 left", "replicas"),
    ("Q02", quota(store(), hard={"requests.storage": "5Gi"}), "fail", "requests.storage needs 10Gi more, 5Gi of 5Gi left", "replicas"),
    ("Q02", quota(store(), hard={"persistentvolumeclaims": "1"}), "pass", "needs 1 more, 1 of 1 left", ""),
    ("Q02", quota(deployment(), hard={"pods": "3"}, used={"pods": "3"}, pods=(live(0), live(1), live(2))), "fail", "pods needs 1 more", "replicas"),
    ("Q02", quota(deployment(strategy={"type": "Recreate"}), hard={"pods": "3"}, used={"pods": "3"}, pods=(live(0), live(1), live(2))), "pass", "nothing", ""),
    ("Q02", quota(deployment(strategy={"rollingUpdate": {"maxSurge": 2}}), hard={"pods": "4"}, used={"pods": "3"}, pods=(live(0), live(1), live(2))),
     "fail", "pods needs 2 more, 1 of 4 left", "replicas"),
    ("Q02", quota(store(), hard={"persistentvolumeclaims": "1"}, used={"persistentvolumeclaims": "1"}, pods=(live(app="other"),)),
     "fail", "persistentvolumeclaims needs 1 more, 0 of 1 left", "replicas"),
    ("Q02", quota({**deployment(), "apiVersion": "apps/v1"}, hard={"count/deployments.apps": "0"}), "fail", "count/deployments.apps needs 1 more, 0 of 0 left", "replicas"),
    ("Q02", quota({**deployment(), "apiVersion": "apps/v1"}, hard={"count/replicasets.apps": "0"}), "fail", "count/replicasets.apps needs 1 more", "replicas"),
    ("Q02", quota({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "a"}}, hard={"count/ingresses.networking.k8s.io": "0"}), "fail", "ingresses.networking.k8s.io needs 1", "replicas"),
    ("Q02", quota({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"type": "NodePort", "ports": [{}, {}]}}, hard={"services.nodeports": "1", "services": "1"}), "fail", "services.nodeports needs 2 more, 1 of 1 left", "replicas"),
    ("Q02", quota(store(cls="fast"), hard={"fast.storageclass.storage.k8s.io/requests.storage": "5Gi"}), "fail", "requests.storage needs 10Gi more, 5Gi of 5Gi", "replicas"),
    ("Q02", quota(store(cls="slow"), hard={"fast.storageclass.storage.k8s.io/requests.storage": "5Gi"}), "pass", "count nothing", ""),
    ("Q02", quota(deployment(), hard={"pods": "1"}, scopes=["Terminating"]), "pass", "count nothing", ""),
    ("Q02", quota(deployment(), hard={}) | {"quotas": Unknown("eve may not list quotas", "list resourcequotas")}, "unknown", "may not", ""),
]  # fmt: skip
