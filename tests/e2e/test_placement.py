"""The placement of pods beside the real scheduler: generated nodes, pods on them and a workload; how many find a node, and why no more."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest

from tests.conftest import Bed
from wizard.core.scheduling.placement import Cluster, Placed, Wanted
from wizard.sandbox.api import Api

pytestmark = pytest.mark.e2e
QUICK, ALL, AGREE = 12, 300, 0.99
"""Cases of the quick test and of the full one, and the least share of those in which both agree."""


@dataclass(frozen=True)
class Case:
    """Nodes, pods that have one, and pods of one workload that want one; all of them kept apart from other cases by labels."""

    name: str
    nodes: tuple[dict[str, Any], ...]
    pods: tuple[dict[str, Any], ...]
    spec: dict[str, Any]
    labels: dict[str, str]
    replicas: int


def generated(seed: str, number: int) -> Case:
    """A case in which a few of the rules of the scheduler bind."""
    random, name = Random(f"{seed} {number}"), f"{seed}{number}"
    nodes = tuple(_node(random, name, at) for at in range(random.randint(1, 5)))
    pods = tuple(_pod(f"old-{at}", name, _old(random, nodes), random) for at in range(random.randint(0, 6)))
    labels = {"app": random.choice("xy"), "pod-template-hash": "1"}
    spec = {
        "terminationGracePeriodSeconds": 0, "nodeSelector": {"case": name}, "tolerations": list(_tolerations(random)),
        "containers": [{"name": "c", "image": "busybox:1", **_ports(random, 0.15), "resources": _resources(random)}],
        **_init(random), **_rules(random, labels),
    }  # fmt: skip
    if random.random() < 0.25:
        spec["nodeSelector"]["disk"] = random.choice(["ssd", "hdd"])
    return Case(name, nodes, pods, spec, labels, random.randint(1, 6))


def _node(random: Random, case: str, at: int) -> dict[str, Any]:
    name = f"{case}-n{at}"
    labels = {
        "case": case,
        "kubernetes.io/hostname": name,
        "disk": random.choice(["ssd", "hdd"]),
        "size": str(random.randint(1, 9)),
    }
    if random.random() < 0.85:
        labels["topology.kubernetes.io/zone"] = f"{case}-{random.choice('abc')}"
    taints = [{"key": "case", "value": case, "effect": "NoSchedule"}]
    if random.random() < 0.2:
        taints.append(
            {
                "key": "dedicated",
                "value": random.choice(["gpu", "db"]),
                "effect": random.choice(["NoSchedule", "NoExecute", "PreferNoSchedule"]),
            }
        )
    room = {
        "cpu": random.choice(["900m", "1", "1500m", "2", "4"]), "memory": random.choice(["1Gi", "1500Mi", "2Gi", "4Gi"]),
        "pods": str(random.choice([2, 3, 5, 110])), "ephemeral-storage": "10Gi",
    }  # fmt: skip
    if random.random() < 0.1:
        room["example.com/gpu"] = "2"
    spec = {"taints": taints, **({"unschedulable": True} if random.random() < 0.1 else {})}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": spec,
        "status": {"allocatable": room, "capacity": room},
    }


def _old(random: Random, nodes: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    labels = {"app": random.choice("xyz")}
    spec: dict[str, Any] = {
        "nodeName": random.choice(nodes)["metadata"]["name"], "terminationGracePeriodSeconds": 0,
        "tolerations": [{"operator": "Exists"}],
        "containers": [{"name": "c", "image": "busybox:1", **_ports(random, 0.1), "resources": _resources(random, small=True)}],
    }  # fmt: skip
    if random.random() < 0.15:
        spec["affinity"] = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [_term(random)]}}
    return {"labels": labels, "spec": spec}


def _pod(name: str, namespace: str, given: dict[str, Any], _: Random) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": given["labels"]},
        "spec": given["spec"],
    }


def _resources(random: Random, *, small: bool = False) -> dict[str, Any]:
    cpu = random.choice([None, "50m", "100m", "0.25"] if small else [None, "100m", "300m", "500m", "1", "1100m"])
    memory = random.choice([None, "64Mi", "128Mi"] if small else [None, "128Mi", "400Mi", "512Mi", "1Gi"])
    found = {key: value for key, value in (("cpu", cpu), ("memory", memory)) if value}
    if not small and random.random() < 0.05:
        return {"limits": {**found, "example.com/gpu": "1"}}
    return {random.choice(["requests", "requests", "limits"]): found} if found else {}


def _ports(random: Random, chance: float) -> dict[str, Any]:
    if random.random() >= chance:
        return {}
    port: dict[str, Any] = {
        "containerPort": 80,
        "hostPort": random.choice([9100, 9101]),
        "protocol": random.choice(["TCP", "TCP", "UDP"]),
    }
    return {"ports": [port | ({"hostIP": "10.0.0.1"} if random.random() < 0.2 else {})]}


def _init(random: Random) -> dict[str, Any]:
    if random.random() < 0.75:
        return {}
    every = []
    for at in range(random.randint(1, 2)):
        sidecar = {"restartPolicy": "Always"} if random.random() < 0.5 else {}
        every.append({"name": f"i{at}", "image": "busybox:1", "resources": _resources(random), **sidecar})
    return {"initContainers": every}


def _tolerations(random: Random) -> Iterator[dict[str, Any]]:
    yield {"key": "case", "operator": "Exists"}
    if random.random() < 0.3:
        yield random.choice([
            {"key": "dedicated", "operator": "Exists"}, {"key": "dedicated", "value": "gpu"},
            {"key": "dedicated", "operator": "Equal", "value": "db", "effect": "NoSchedule"},
            {"key": "node.kubernetes.io/unschedulable", "operator": "Exists"},
        ])  # fmt: skip


def _term(random: Random) -> dict[str, Any]:
    key = random.choice(["kubernetes.io/hostname", "topology.kubernetes.io/zone"])
    return {"topologyKey": key, "labelSelector": {"matchLabels": {"app": random.choice("xy")}}}


def _rules(random: Random, labels: dict[str, str]) -> dict[str, Any]:
    affinity: dict[str, Any] = {}
    if random.random() < 0.2:
        expression = random.choice([
            {"key": "disk", "operator": "NotIn", "values": ["hdd"]}, {"key": "size", "operator": "Gt", "values": ["4"]},
            {"key": "topology.kubernetes.io/zone", "operator": "Exists"}, {"key": "disk", "operator": "DoesNotExist"},
            {"key": "size", "operator": "In", "values": ["1", "2", "3", "4", "5"]},
        ])  # fmt: skip
        terms = [{"matchExpressions": [expression]}]
        affinity["nodeAffinity"] = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}
    for kind, chance in (("podAntiAffinity", 0.25), ("podAffinity", 0.12)):
        if random.random() < chance:
            affinity[kind] = {"requiredDuringSchedulingIgnoredDuringExecution": [_term(random)]}
    rules: dict[str, Any] = {"affinity": affinity} if affinity else {}
    if random.random() < 0.25:
        constraint = {
            "maxSkew": random.choice([1, 1, 2]), "topologyKey": random.choice(["kubernetes.io/hostname", "topology.kubernetes.io/zone"]),
            "whenUnsatisfiable": random.choice(["DoNotSchedule", "DoNotSchedule", "ScheduleAnyway"]),
            "labelSelector": {"matchLabels": {"app": labels["app"]}},
        }  # fmt: skip
        if constraint["whenUnsatisfiable"] == "DoNotSchedule" and random.random() < 0.3:
            constraint["minDomains"] = random.choice([2, 4])
        if random.random() < 0.3:
            constraint["nodeTaintsPolicy"] = "Honor"
        if random.random() < 0.2:
            constraint["matchLabelKeys"] = ["pod-template-hash"]
        rules["topologySpreadConstraints"] = [constraint]
    return rules


# The real scheduler


def _each(work: Any, items: Any) -> list[Any]:
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(work, items))


def _make(api: Api, case: Case) -> None:
    api.create("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": case.name}})
    for node in case.nodes:
        api.create("/api/v1/nodes", node)


def _settled(api: Api, case: Case) -> bool:
    """Whether its nodes have no taint but their own, and its namespace an account."""
    for node in case.nodes:
        live = api.get(f"/api/v1/nodes/{node['metadata']['name']}")
        keys = {taint["key"] for taint in live["spec"].get("taints") or ()}
        if keys - {"case", "dedicated", "node.kubernetes.io/unschedulable"} or not (live.get("status") or {}).get(
            "conditions"
        ):
            return False
    return bool(api.get(f"/api/v1/namespaces/{case.name}/serviceaccounts")["items"])


def _fill(api: Api, case: Case) -> None:
    for pod in case.pods:
        api.create(f"/api/v1/namespaces/{case.name}/pods", pod)


def _want(api: Api, case: Case) -> None:
    for number in range(case.replicas):
        meta = {"name": f"new-{number}", "namespace": case.name, "labels": case.labels}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": case.spec}
        api.create(f"/api/v1/namespaces/{case.name}/pods", pod)


def _decided(pods: list[dict[str, Any]]) -> bool:
    return all(
        any(one["type"] == "PodScheduled" for one in pod.get("status", {}).get("conditions") or ()) for pod in pods
    )


def _until(what: str, ready: Any, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.2)


def _new(api: Api, case: Case) -> list[dict[str, Any]]:
    pods = api.get(f"/api/v1/namespaces/{case.name}/pods")["items"]
    return [pod for pod in pods if pod["metadata"]["name"].startswith("new-")]


def _compared(case: Case, placed: Placed, pods: list[dict[str, Any]]) -> str:
    """What both see differently; "" when they agree on the number and on how many nodes say what."""
    found = [pod for pod in pods if pod["spec"].get("nodeName")]
    if len(found) != len(placed.nodes):
        return f"{case.name}: {len(found)} of {case.replicas} were placed, we say {len(placed.nodes)}: {placed.why_not}"
    if placed.fits:
        return ""
    said = [
        one["message"]
        for pod in pods
        for one in pod["status"].get("conditions") or ()
        if one["type"] == "PodScheduled" and one["status"] == "False"
    ]
    real = {
        words: int(count)
        for count, words in re.findall(
            r"(\d+) ((?:[^,.{]|\{[^}]*\}|\.(?! |$))+)", said[0].split(" preemption:")[0].partition(": ")[2]
        )
    }
    others = (
        "node(s) didn't match Pod's node affinity/selector",
        "node(s) had untolerated taint",
        "node(s) were unschedulable",
    )
    ours = {words: count for words, count in placed.why_not.items() if not words.startswith(others)}
    theirs = {words: count for words, count in real.items() if not words.startswith(others)}
    return "" if ours == theirs else f"{case.name}: the scheduler says {theirs}, we say {ours}"


def compare(api: Api, cases: list[Case]) -> list[str]:
    """What both see differently, of cases that are in the cluster together."""
    try:
        _each(lambda case: _make(api, case), cases)
        _until("nodes are ready", lambda: all(_each(lambda case: _settled(api, case), cases)), 30)
        _each(lambda case: _fill(api, case), cases)
        nodes = {node["metadata"]["name"]: node for node in api.get("/api/v1/nodes")["items"]}
        before = {case.name: api.get(f"/api/v1/namespaces/{case.name}/pods")["items"] for case in cases}
        _each(lambda case: _want(api, case), cases)
        _until("pods are decided on", lambda: all(_decided(_new(api, case)) for case in cases), 60)
        placed = {
            case.name: Cluster([nodes[node["metadata"]["name"]] for node in case.nodes], before[case.name]).place(
                Wanted("new", case.labels, case.spec, case.name, case.replicas)
            )
            for case in cases
        }
        return [text for case in cases if (text := _compared(case, placed[case.name], _new(api, case)))]
    finally:
        _each(lambda case: _remove(api, case), cases)


def _remove(api: Api, case: Case) -> None:
    api.call("DELETE", f"/api/v1/namespaces/{case.name}/pods", {"gracePeriodSeconds": 0})
    api.call("DELETE", f"/api/v1/namespaces/{case.name}")
    for node in case.nodes:
        api.call("DELETE", f"/api/v1/nodes/{node['metadata']['name']}")


@pytest.mark.parametrize(
    ("seed", "count"), [("quick", QUICK), pytest.param("all", ALL, marks=pytest.mark.full)], ids=["quick", "all"]
)
def test_placement_is_as_the_scheduler_decides(sandbox: Bed, seed: str, count: int) -> None:
    cases = [generated(seed, number) for number in range(count)]
    api = sandbox.api()
    differences = [text for start in range(0, count, 20) for text in compare(api, cases[start : start + 20])]
    assert 1 - len(differences) / count >= AGREE, "\n".join(differences)
