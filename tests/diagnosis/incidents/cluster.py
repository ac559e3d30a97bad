"""Troubles of the cluster itself, sidecars that its webhooks put into pods, and what only looks like them.

Words: etcd api/v3rpc/rpctypes/error.go, apiserver pkg/server/filters and pkg/admission/plugin/webhook, apimachinery
pkg/api/errors and pkg/util/proxy, scheduler plugins nodeunschedulable and nodeaffinity, Go's crypto/x509, istio pilot-agent.
"""

from __future__ import annotations

import copy
from typing import Any

from tests.diagnosis.breaking import APP, DB, Bed, Break, all_of
from tests.diagnosis.cases import API, STORE, Case
from tests.diagnosis.incidents.scheduling import called

SCALER = "HorizontalPodAutoscaler/llm-cost-ops"
SERVER = "Cluster/kube-apiserver"
NODE = "Node/node-1"
_ETCD = "etcdserver: request timed out, possibly due to previous leader failure"
_DEADLINE = "Timeout: request did not complete within requested timeout - context deadline exceeded"
_GATEWAY = "the server was unable to return a response in the time allotted, but may still be processing the request (get configmaps)"
_EXPIRED = "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-24T19:10:01Z is after 2026-11-20T00:00:00Z"
_OTHER_CA = 'tls: failed to verify certificate: x509: certificate signed by unknown authority (possibly because of "crypto/rsa: verification error" while trying to verify candidate authority certificate "kyverno-svc.kyverno.svc")'
_METRICS = (
    "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: unable to "
    "fetch metrics from resource metrics API: error trying to reach service: tls: failed to verify certificate: x509: certificate "
    "signed by unknown authority (get pods.metrics.k8s.io)"
)
_PRIVATE = "x509: certificate signed by unknown authority"


def _not_made(words: str) -> Break:
    return lambda bed: bed.not_made(APP, words)


def _store_not_made(words: str) -> Break:
    def act(bed: Bed) -> None:
        bed.not_made(DB, words)
        said = f"create Pod llm-cost-ops-postgresql-0 in StatefulSet llm-cost-ops-postgresql failed error: {words}"
        bed.event(bed.root(DB), "FailedCreate", said)
        bed.app_misses("llm-cost-ops-postgresql:5432")

    return act


def _warned(words: str, *, reason: str = "FailedUpdate", minutes: float = 1) -> Break:
    """A controller was refused something, and its pods go on."""
    return lambda bed: bed.event(bed.root(APP), reason, words, minutes=minutes)


def _late(*kinds: str) -> Break:
    """Lists of this look that had no answer."""

    def act(bed: Bed) -> None:
        bed.world.late = list(kinds)
        bed.world.seen = [kind for kind in bed.world.seen if kind not in kinds]
        bed.world.around = [one for one in bed.world.around if one["kind"] not in kinds]

    return act


def _scaler(words: str) -> Break:
    def act(bed: Bed) -> None:
        told = {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": words}
        bed.one("HorizontalPodAutoscaler")["status"]["conditions"] = [{**told, "lastTransitionTime": bed.ago(25)}]

    return act


# An upgrade of the nodes


def _kubelets(*versions: str) -> Break:
    def act(bed: Bed) -> None:
        for number, version in enumerate(versions, 1):
            bed.one("Node", f"node-{number}")["status"]["nodeInfo"]["kubeletVersion"] = version

    return act


def _cordoned(bed: Bed) -> None:
    bed.one("Node", "node-1")["spec"].update(
        unschedulable=True, taints=[{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]
    )


def _homeless(words: str, component: str = APP) -> Break:
    return lambda bed: bed.unscheduled(
        component,
        f"0/3 nodes are available: {words}. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
    )


def _wants_ssd(bed: Bed) -> None:
    for pod in bed.pods(APP):
        pod["spec"]["nodeSelector"] = {"disktype": "ssd"}


_MIXED = _kubelets("v1.36.3", "v1.37.0", "v1.36.3")
_NO_NODE = "1 node(s) were unschedulable, 2 Insufficient cpu"
_ZONE = "1 node(s) were unschedulable, 2 node(s) didn't match PersistentVolume's node affinity"


# Sidecars


def _sidecar(name: str, *log: str, ready: bool = False, native: bool = False, minutes: float = 20) -> Break:
    """A container that a webhook put into the application's pods, running for so long."""

    def act(bed: Bed) -> None:
        if not ready:
            bed.unready(APP)
        for pod in bed.pods(APP):
            _inject(pod, name, {"running": {"startedAt": bed.ago(minutes)}}, ready=ready, native=native)
            bed.world.logs[pod["metadata"]["name"], name] = list(log)
            for one in pod["status"]["conditions"]:
                if not ready and one["type"] in ("Ready", "ContainersReady"):
                    one["lastTransitionTime"] = bed.ago(minutes)

    return act


def _inject(pod: dict[str, Any], name: str, state: dict[str, Any], *, ready: bool, native: bool = False) -> None:
    spec: dict[str, Any] = {
        "name": name,
        "image": f"docker.io/mesh/{name}:1.29",
        "readinessProbe": {"httpGet": {"path": "/healthz/ready", "port": 15021}},
    }
    pod["spec"].setdefault("initContainers" if native else "containers", []).append(
        spec | ({"restartPolicy": "Always"} if native else {})
    )
    pod["status"].setdefault("initContainerStatuses" if native else "containerStatuses", []).append(
        {"name": name, "image": spec["image"], "ready": ready, "started": ready, "restartCount": 0, "state": state, "containerID": "containerd://77"}
    )  # fmt: skip


def _job(
    *, injected: str = "istio-proxy", minutes: float = 15, code: int = 0, runs: bool = False, native: bool = False
) -> Break:
    """A Job whose own container ended so long ago, and a sidecar that goes on."""

    def act(bed: Bed) -> None:
        space = bed.pods(APP)[0]["metadata"]["namespace"]
        container = {"name": "migrate", "image": "docker.io/llm-cost-ops:v1.0.0"}
        spec: dict[str, Any] = {"containers": [container], "restartPolicy": "Never"}
        meta = {
            "namespace": space,
            "creationTimestamp": bed.ago(minutes + 2),
            "labels": {"app.kubernetes.io/instance": "llm-cost-ops"},
        }
        bed.world.objects.append({
            "kind": "Job", "apiVersion": "batch/v1", "metadata": {**meta, "name": "migrate", "uid": "uid-migrate"},
            "spec": {"template": {"spec": copy.deepcopy(spec)}}, "status": {"active": 1, "ready": int(runs), "startTime": bed.ago(minutes + 2)},
        })  # fmt: skip
        end: dict[str, Any] = {
            "exitCode": code,
            "reason": "Error" if code else "Completed",
            "startedAt": bed.ago(minutes + 1),
            "finishedAt": bed.ago(minutes),
        }
        state = {"running": {"startedAt": bed.ago(minutes + 1)}} if runs else {"terminated": end}
        own = {"name": "migrate", "ready": runs, "restartCount": 0, "state": state, "containerID": "containerd://8"}
        pod = {
            "kind": "Pod", "apiVersion": "v1", "spec": {**copy.deepcopy(spec), "nodeName": "node-1"},
            "metadata": {**meta, "name": "migrate-x", "uid": "uid-migrate-x", "ownerReferences": [
                {"apiVersion": "batch/v1", "kind": "Job", "name": "migrate", "uid": "uid-migrate", "controller": True}]},
            "status": {"phase": "Running", "startTime": bed.ago(minutes + 2), "containerStatuses": [own], "conditions": [
                {"type": "PodScheduled", "status": "True", "lastTransitionTime": bed.ago(minutes + 2)},
                {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "lastTransitionTime": bed.ago(minutes)}]},
        }  # fmt: skip
        _inject(pod, injected, {"running": {"startedAt": bed.ago(minutes + 2)}}, ready=True, native=native)
        bed.world.objects.append(pod)

    return act


_ISTIO = (
    "2026-11-24T19:10:01.221304Z\twarn\tca\tca request failed, starting attempt 1 in 90.2ms",
    "2026-11-24T19:10:02.221304Z\twarn\tEnvoy proxy is NOT ready: config not received from XDS server (is Istiod running?): cds updates: 0 successful, 0 rejected",
)
_ISTIO_DIAL = 'error\tcitadelclient\tfailed to sign CSR: create certificate: rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial tcp 10.96.0.12:15012: connect: connection refused"'

CASES: tuple[Case, ...] = (
    # API server and its certificates
    Case("etcd timed out when the pods were made", "CL03", API, _not_made(_ETCD)),
    Case("the request for the pods did not complete in time", "CL03", STORE, _store_not_made(_DEADLINE)),
    Case("a controller was refused by a slow API server, all runs", "CL03", SERVER, _warned(_GATEWAY)),
    Case("two lists of this look had no answer", "CL03", SERVER, _late("Node", "HorizontalPodAutoscaler")),
    Case("a webhook's certificate has expired", "CL05", API, _not_made(called(_EXPIRED))),
    Case("a webhook's certificate is of another CA", "CL05", STORE, _store_not_made(called(_OTHER_CA))),
    Case("the metrics API's certificate is not trusted", "CL05", SCALER, _scaler(_METRICS)),
    # The same words, said of or by something else
    Case("a webhook runs into its deadline", "SC01", API, _not_made(called("context deadline exceeded"))),
    Case("a quota refuses while the API server is slow", "SC01", API, all_of(_warned(_GATEWAY), _not_made('pods "x" is forbidden: exceeded quota: team, requested: pods=1, used: pods=9, limited: pods=9'))),
    Case("the application does not trust the certificate of its database", "TR01", API, lambda bed: bed.runs_unready(APP, "HTTP probe failed with statuscode: 503", f"WARN retrying: {_PRIVATE}")),
    # Nodes
    Case("pods wait for a node while the nodes are upgraded", "CL04", NODE, all_of(_MIXED, _cordoned, _homeless(_NO_NODE))),
    Case("the database waits for the upgraded node of its volume", "CL04", NODE, all_of(_MIXED, _cordoned, _homeless(_ZONE, DB), lambda bed: bed.app_misses("llm-cost-ops-postgresql:5432"))),
    Case("a cordoned node, all kubelets alike", "SC02", API, all_of(_cordoned, _homeless(_NO_NODE))),
    Case("kubelets differ, and none is cordoned", "SC02", API, all_of(_MIXED, _homeless("3 Insufficient cpu"))),
    Case("a selector that matches none, during an upgrade of the nodes", "SC03", API, all_of(_MIXED, _cordoned, _wants_ssd, _homeless("1 node(s) were unschedulable, 2 node(s) didn't match Pod's node affinity/selector"))),
    # Sidecars
    Case("istio's sidecar gets no configuration", "CO16", API, _sidecar("istio-proxy", *_ISTIO)),
    Case("istio's sidecar is refused by its control plane", "CO16", API, _sidecar("istio-proxy", _ISTIO_DIAL)),
    Case("a native sidecar is not ready", "CO16", API, _sidecar("linkerd-proxy", native=True)),
    Case("a sidecar of nobody known is not ready", "CO16", API, _sidecar("audit-agent")),
    Case("a sidecar keeps a Job from ending", "CO16", "Job/migrate", _job()),
    Case("a sidecar of nobody known keeps a Job from ending", "CO16", "Job/migrate", _job(injected="audit-agent")),
    Case("the application panics beside its sidecar", "CO11", API, all_of(lambda bed: bed.crashes(APP, 101, "thread 'main' panicked at src/config.rs:41:", "missing field `currency`"), _sidecar("istio-proxy", ready=True))),
)  # fmt: skip


HEALTHY: dict[str, Break] = {
    "a slow API server of an hour ago": _warned(_ETCD, minutes=50),
    "one list had no answer": _late("HorizontalPodAutoscaler"),
    "a deadline of somebody else": _warned("failed to get lock: context deadline exceeded", reason="Sync"),
    "nodes are upgraded, and all pods have one": all_of(_MIXED, _cordoned),
    "a sidecar that is ready": _sidecar("istio-proxy", *_ISTIO, ready=True),
    "a Job that still works, with a sidecar": _job(runs=True),
    "a Job that ended a moment ago, its sidecar follows": _job(minutes=0.3),
    "a Job that ended a moment ago, its native sidecar follows": _job(minutes=0.3, native=True),
}
"""Nothing may be found in these."""
