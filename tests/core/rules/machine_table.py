"""Rows of the table of checks: helm's version and the clock of this machine, files of secrets, nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.core.rules.placement_table import deployment, live, node, room
from wizard.core.errors import Problem
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import HelmFound, Rendered, SecretFile, Server

JWT = "secret.jwt.file"


def skew(helm: str, server: str) -> dict[str, Any]:
    return {"helm": HelmFound("/bin/helm", helm), "kubernetes": Server(server, 1) if server else None}


def files(**more: Any) -> dict[str, Any]:
    return {"secret_files": (SecretFile("/s/jwt", JWT, **more),)}


def ready(name: str, status: str = "True", kind: str = "Ready", **more: Any) -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": "True"}, {"type": kind, "status": status, "message": "kubelet stopped"}]
    one = node(name, **more)
    return {**one, "status": {**one["status"], "conditions": conditions[-1:] if kind == "Ready" else conditions}}


def on(*labels: dict[str, str], daemon: bool = False, **pod: Any) -> dict[str, Any]:
    one = deployment(1, **pod)
    if daemon:
        one["kind"] = "DaemonSet"
    return {
        "rendered": Rendered((one,)),
        "nodes": tuple(node(f"n{number}", labels=of) for number, of in enumerate(labels)),
    }


def rolling(*, cpu: str, pods: int = 1, **strategy: Any) -> dict[str, Any]:
    rules = {"rollingUpdate": strategy} if strategy else {}
    there = tuple(live(number, cpu=cpu) for number in range(pods))
    return room(deployment(pods, cpu=cpu, strategy=rules), nodes=(node(cpu="2"),), pods=there)


UNSET = deployment(1)
UNSET["spec"]["replicas"] = None
FARGATE = {"eks.amazonaws.com/compute-type": "fargate"}
ROWS: list[tuple[str, Mapping[str, Any], str, str, str]] = [
    # W02 helm and the cluster
    ("W02", skew("3.21.4", "v1.36.3"), "pass", "helm 3.21.4 is built for Kubernetes 1.36, this is v1.36.3", ""),
    ("W02", skew("4.2.4", "v1.33.1-eks-1"), "pass", "built for Kubernetes 1.36", ""),
    ("W02", skew("4.2.4", "v1.32.0"), "warn", "helm supports down to 1.33", ""),
    ("W02", skew("3.15.0", "v1.32.0"), "pass", "built for Kubernetes 1.30", ""),
    ("W02", skew("3.15.0", "v1.33.0"), "warn", "may not know kinds and fields", ""),
    ("W02", skew("5.0.0", "v1.33.0"), "skipped", "not known", ""),
    ("W02", skew("4.2.4", ""), "skipped", "not known", ""),
    # W07 clocks
    ("W07", {"clock": 3}, "pass", "both clocks agree", ""),
    ("W07", {"clock": 400}, "warn", "the clock of this machine is 6 min behind the one of the API server", ""),
    ("W07", {"clock": -90}, "warn", "is 90 s ahead of", ""),
    # K01 files of secrets
    ("K01", {"secret_files": ()}, "pass", "no secret is given by a file", ""),
    ("K01", files(note="one trailing newline was removed"), "pass", "/s/jwt: one trailing newline was removed", ""),
    ("K01", files(problem=Problem("The file is empty.", "Put the secret into it.")), "fail", "The file is empty.", JWT),
    ("K01", files(exposed=("can be read by every user of this machine (chmod 600)",)), "warn", "/s/jwt can be read by every user", JWT),
    ("K01", {"secret_files": Absent("was read before")}, "skipped", "read before", ""),
    # C03 room for a rolling update
    ("C03", rolling(cpu="500m"), "pass", "a new pod of 1 Deployments finds a node", ""),
    ("C03", rolling(cpu="1500m"), "warn", "Deployment/api: no node for a new pod beside the 1 that are there: 1 Insufficient cpu", ""),
    ("C03", rolling(cpu="1500m", maxUnavailable=1), "skipped", "no running pod is replaced", ""),
    ("C03", rolling(cpu="500m", pods=4), "skipped", "no running pod is replaced", ""),
    ("C03", rolling(cpu="600m", pods=3), "warn", "beside the 3 that are there", ""),
    ("C03", rolling(cpu="1500m", maxUnavailable="0%"), "warn", "beside the 1", ""),
    ("C03", room(deployment(), nodes=(node(),)), "skipped", "no running pod", ""),
    # A template renders null for a number that is not set: the API server makes it 1
    ("C01", room(UNSET, nodes=(node(),)), "pass", "1 of 1 pods fit", ""),
    # C06 nodes that take no pods
    ("C06", {"nodes": (ready("a"), ready("b"))}, "pass", "2 of 2 nodes take pods", ""),
    ("C06", {"nodes": (ready("a"), ready("b"), ready("c", "False"))}, "pass", "c is not ready: kubelet stopped", ""),
    ("C06", {"nodes": (ready("a"), ready("b", "Unknown"))}, "warn", "1 of 2 nodes take no pods", ""),
    ("C06", {"nodes": (ready("a", unschedulable=True),)}, "warn", "a is cordoned", ""),
    ("C06", {"nodes": (ready("a", kind="DiskPressure"),)}, "warn", "a has DiskPressure", ""),
    ("C06", {"nodes": ()}, "skipped", "no node", ""),
    ("C06", {"nodes": Unknown("eve may not list nodes", "list nodes")}, "unknown", "may not", ""),
    # C09 virtual nodes
    ("C09", on({}, FARGATE, daemon=True), "pass", "there are nodes that are machines", ""),
    ("C09", on(FARGATE, daemon=True), "warn", "DaemonSet/api: it is a DaemonSet", ""),
    ("C09", on({"type": "virtual-kubelet"}, hostNetwork=True, volumes=[{"name": "v", "hostPath": {"path": "/"}}]), "warn", "hostNetwork, a hostPath volume", ""),
    ("C09", on(FARGATE), "pass", "no pod asks for what", ""),
    ("C09", {**on({}), "nodes": ()}, "pass", "there is no node", ""),
]  # fmt: skip
