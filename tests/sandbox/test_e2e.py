"""A whole sandbox: real API server, controllers and scheduler, with the agent as runtime."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography import x509

from wizard.core.errors import Problem
from wizard.sandbox import cluster, processes, toolchain, users
from wizard.sandbox.cluster import NodeShape, SandboxInfo

T = TypeVar("T")

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]

APP = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: demo}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
      - {name: postgres, image: "postgres:16", readinessProbe: {tcpSocket: {port: 5432}}, volumeMounts: [{name: data, mountPath: /data}]}
  volumeClaimTemplates:
  - metadata: {name: data}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: demo}
spec:
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec:
      initContainers: [{name: wait, image: busybox}]
      containers:
      - name: app
        image: example.com/llm-cost-ops:1.0.0
        readinessProbe: {httpGet: {path: /health/ready, port: 8080}, periodSeconds: 1}
        resources: {requests: {cpu: 250m}}
        env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: credentials, key: password}}}]
---
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: demo}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: once, image: busybox}]}}}
"""


def until(ask: Callable[[], T], what: str, seconds: float = 20) -> T:
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds} s"
        time.sleep(0.05)
    return answer


class Kubectl:
    """The pinned kubectl, as one user."""

    def __init__(self, kubeconfig: Path) -> None:
        self._start = [str(toolchain.tool_path("kubectl")), f"--kubeconfig={kubeconfig}"]

    def run(self, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*self._start, *words], input=given, capture_output=True, text=True, check=False, timeout=60
        )

    def __call__(self, *words: str, given: str = "") -> str:
        done = self.run(*words, given=given)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def items(self, kind: str, namespace: str = "demo", *words: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self("get", kind, "-n", namespace, "-o", "json", *words))["items"]
        return found

    def follow(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen([*self._start, *words], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """State of its own; the tools come from the shared cache."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("state")
        patch.setenv("XDG_STATE_HOME", str(folder))
        toolchain.ensure(["kubectl"])
        yield folder
        patch.setenv("XDG_STATE_HOME", str(folder))
        for name in cluster.names():
            cluster.down(name)


@pytest.fixture(autouse=True)
def same_state(state: Path, own_world: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """All tests of this file share their sandboxes."""
    monkeypatch.setenv("XDG_STATE_HOME", str(state))


@pytest.fixture(scope="module")
def sandbox(state: Path) -> SandboxInfo:
    return cluster.up("e2e", audit=True)


@pytest.fixture(scope="module")
def kubectl(sandbox: SandboxInfo) -> Kubectl:
    return Kubectl(sandbox.kubeconfig)


@pytest.fixture(scope="module")
def app(kubectl: Kubectl) -> Kubectl:
    """The workload above, ready."""
    kubectl("create", "namespace", "demo")
    kubectl("apply", "-f", "-", given=APP)
    until(lambda: "not found" in waiting(kubectl, "CreateContainerConfigError"), "the missing Secret is noticed")
    kubectl("create", "secret", "generic", "credentials", "-n", "demo", "--from-literal=password=x")
    until(lambda: ready(kubectl), "the application is ready once its Secret is there")
    return kubectl


def pod(kubectl: Kubectl) -> dict[str, Any]:
    """The application's newest pod."""
    pods = kubectl.items("pods", "demo", "-l", "app=app")
    return max(pods, key=lambda item: str(item["metadata"]["creationTimestamp"]))


def container(kubectl: Kubectl) -> dict[str, Any]:
    statuses = pod(kubectl)["status"].get("containerStatuses") or [{}]
    found: dict[str, Any] = statuses[0]
    return found


def ready(kubectl: Kubectl) -> bool:
    return bool(container(kubectl).get("ready"))


def waiting(kubectl: Kubectl, reason: str) -> str:
    """Message of the application's container when it waits for this reason, else empty."""
    found = container(kubectl).get("state", {}).get("waiting", {})
    return str(found.get("message", "")) if found.get("reason") == reason else ""


def events(kubectl: Kubectl, reason: str) -> list[str]:
    return [str(item["message"]) for item in kubectl.items("events") if item["reason"] == reason]


def test_nodes_classes_and_context_are_as_described(kubectl: Kubectl, sandbox: SandboxInfo) -> None:
    nodes = json.loads(kubectl("get", "nodes", "-o", "json"))["items"]
    zones = {node["metadata"]["labels"]["topology.kubernetes.io/zone"] for node in nodes}
    assert (len(nodes), len(zones)) == (3, 3)
    assert {(node["status"]["allocatable"]["cpu"], node["status"]["allocatable"]["memory"]) for node in nodes} == {
        ("4", "8Gi")
    }
    assert kubectl("get", "storageclass", "-o", "name").split() == [
        "storageclass.storage.k8s.io/fast-ssd", "storageclass.storage.k8s.io/standard",
    ]  # fmt: skip
    assert kubectl("get", "ingressclass", "-o", "name").strip() == "ingressclass.networking.k8s.io/nginx"
    assert kubectl("config", "current-context").strip() == sandbox.context == "llm-cost-ops-sandbox-e2e"
    assert kubectl("version").splitlines()[-1] == "Server Version: v1.36.3"
    assert sandbox.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert sandbox.folder.stat().st_mode & 0o777 == 0o700


def test_a_workload_looks_as_on_real_nodes(app: Kubectl) -> None:
    found = pod(app)["status"]
    assert {c["type"]: c["status"] for c in found["conditions"]} == dict.fromkeys(
        ("PodScheduled", "PodReadyToStartContainers", "Initialized", "ContainersReady", "Ready"), "True"
    )
    status = found["containerStatuses"][0]
    assert status["containerID"].startswith("containerd://")
    assert status["imageID"].startswith("example.com/llm-cost-ops@sha256:")
    assert status["state"]["running"]["startedAt"]
    assert found["podIP"].startswith("10.244.")
    assert found["initContainerStatuses"][0]["state"]["terminated"]["reason"] == "Completed"
    for reason in ("Pulling", "Pulled", "Created", "Started"):
        assert events(app, reason), reason
    assert 'Error: secret "credentials" not found' in events(app, "Failed")
    assert [claim["status"]["phase"] for claim in app.items("pvc")] == ["Bound"]
    until(lambda: app.items("jobs")[0]["status"].get("succeeded") == 1, "the Job completes")


def test_logs_come_through_the_api_server_and_grow_while_followed(app: Kubectl) -> None:
    with app.follow("logs", "-n", "demo", "deploy/app", "-c", "app", "-f") as reader:
        try:
            assert reader.stdout is not None
            lines = [json.loads(reader.stdout.readline()) for _ in range(8)]
        finally:
            reader.terminate()
    assert "listening on 0.0.0.0:8080" in [line["message"] for line in lines]
    assert lines[7]["message"] == "request", "written after the start, while the log was followed"
    assert "database system is ready to accept connections" in app("logs", "-n", "demo", "db-0")


def test_log_options_are_honoured(app: Kubectl) -> None:
    def logs(*words: str) -> str:
        return app("logs", "-n", "demo", "deploy/app", "-c", "app", *words)

    first = logs().splitlines()[0]
    assert len(logs("--tail=2").splitlines()) == 2
    assert logs("--limit-bytes=10") == first[:10]
    stamp, _, text = logs("--timestamps").splitlines()[0].partition(" ")
    assert text == first
    assert stamp.startswith(json.loads(first)["timestamp"][:19])
    assert first not in logs("--since=1s").splitlines()
    refused = app.run("logs", "-n", "demo", "deploy/app", "-c", "app", "--previous")
    assert "previous terminated container" in refused.stderr


@pytest.mark.full  # 6 s; the quick tier meets this scenario by its findings
def test_image_pull_fails_with_its_cause_and_heals(app: Kubectl, sandbox: SandboxInfo) -> None:
    cluster.scenario(sandbox.name, "image-pull")
    app("rollout", "restart", "-n", "demo", "deploy/app")
    message = until(lambda: waiting(app, "ImagePullBackOff"), "the pull is given up for a while")
    assert "pull access denied" in message
    assert any("Failed to pull image" in text for text in events(app, "Failed"))
    assert cluster.status(sandbox.name).scenario == "image-pull"
    name = pod(app)["metadata"]["name"]
    assert "trying and failing to pull image" in app.run("logs", "-n", "demo", name, "-c", "app").stderr
    cluster.scenario(sandbox.name, "none")
    app("rollout", "status", "-n", "demo", "deploy/app", "--timeout=20s")
    assert ready(app)


def test_never_ready_hits_running_pods_too_and_heals(app: Kubectl, sandbox: SandboxInfo) -> None:
    cluster.scenario(sandbox.name, "never-ready")
    until(lambda: not ready(app), "the running pod becomes unready")
    assert "running" in container(app)["state"]
    until(lambda: events(app, "Unhealthy"), "the failing probe is told")
    assert events(app, "Unhealthy") == ["Readiness probe failed: HTTP probe failed with statuscode: 503"]
    cluster.scenario(sandbox.name, "none")
    until(lambda: ready(app), "the pod is ready again")


@pytest.mark.full  # the quick tier meets this scenario by its findings
def test_unschedulable_is_the_scheduler_s_own_word_and_heals(app: Kubectl, sandbox: SandboxInfo) -> None:
    cluster.scenario(sandbox.name, "unschedulable")
    until(lambda: {n["status"]["allocatable"]["cpu"] for n in app.items("nodes")} == {"50m"}, "the nodes shrink")
    app("scale", "-n", "demo", "deploy/app", "--replicas=2")
    said = until(lambda: events(app, "FailedScheduling"), "the scheduler refuses")
    assert any("Insufficient cpu" in text for text in said)
    cluster.scenario(sandbox.name, "none")
    app("rollout", "status", "-n", "demo", "deploy/app", "--timeout=20s")
    app("scale", "-n", "demo", "deploy/app", "--replicas=1")


@pytest.mark.full  # the quick tier meets this scenario by its findings
def test_a_crash_loop_counts_restarts_and_keeps_the_previous_log(app: Kubectl, sandbox: SandboxInfo) -> None:
    cluster.scenario(sandbox.name, "crash-loop", namespace="demo")
    until(lambda: waiting(app, "CrashLoopBackOff"), "the loop is recognised")
    found = container(app)
    assert found["restartCount"] >= 1
    assert found["lastState"]["terminated"]["exitCode"] == 1
    assert "fatal" in app("logs", "-n", "demo", "deploy/app", "-c", "app", "--previous")
    cluster.scenario(sandbox.name, "none")
    until(lambda: ready(app), "the pod recovers without waiting for its back-off")


def test_an_image_that_nobody_published_cannot_be_pulled(kubectl: Kubectl) -> None:
    kubectl("run", "typo", "-n", "default", "--image=postgrs:16")

    def reason() -> str:
        statuses = kubectl.items("pods", "default")[0]["status"].get("containerStatuses", [{}])
        return str(statuses[0].get("state", {}).get("waiting", {}).get("reason"))

    until(lambda: reason() == "ErrImagePull", "the mistyped image is noticed")
    kubectl("delete", "pod", "typo", "-n", "default", "--timeout=20s")


@pytest.mark.parametrize(
    ("user", "may", "may_not"),
    [
        ("namespace-only", [("create", "deployments", "team"), ("get", "secrets", "team")], [
            ("create", "namespaces", ""), ("list", "nodes", ""), ("get", "pods", "default"),
        ]),
        ("view", [("list", "pods", "team"), ("list", "pods", "default")], [("get", "secrets", "team"), ("create", "pods", "team")]),
        ("nobody", [], [("list", "pods", "team"), ("list", "namespaces", "")]),
    ],
)  # fmt: skip
def test_users_have_exactly_the_rights_of_their_role(
    user: str, may: list[tuple[str, str, str]], may_not: list[tuple[str, str, str]], sandbox: SandboxInfo
) -> None:
    path = users.user_kubeconfig(sandbox.name, user, namespace="team")
    theirs = Kubectl(path)
    assert path.stat().st_mode & 0o777 == 0o600
    for wanted, questions in (("yes", may), ("no", may_not)):
        for verb, what, namespace in questions:
            where = ["-n", namespace] if namespace else ["--all-namespaces"]
            assert theirs.run("auth", "can-i", verb, what, *where).stdout.strip() == wanted, (user, verb, what)


def test_an_expired_certificate_is_refused_with_401(sandbox: SandboxInfo) -> None:
    theirs = Kubectl(users.user_kubeconfig(sandbox.name, "expired"))
    assert "Unauthorized" in theirs.run("get", "--raw", "/version").stderr + theirs.run("auth", "whoami").stderr


def test_a_second_up_is_the_same_sandbox_and_another_shape_is_refused(sandbox: SandboxInfo) -> None:
    assert cluster.up(sandbox.name) == sandbox
    with pytest.raises(Problem, match="runs already with other nodes"):
        cluster.up(sandbox.name, NodeShape(count=5))


def test_requests_are_logged_when_asked_for(kubectl: Kubectl, sandbox: SandboxInfo) -> None:
    kubectl("get", "configmaps", "-n", "kube-public")
    assert sandbox.audit_log is not None
    assert any("/kube-public/configmaps" in json.loads(line)["requestURI"] for line in sandbox.audit_log.open())


def leftovers(folder: Path) -> list[str]:
    """Command lines of all processes that have to do with a sandbox folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes()
        except OSError:
            continue
        if str(folder).encode() in words:
            found.append(words.replace(b"\0", b" ").decode(errors="replace"))
    return found


def test_a_port_that_somebody_took_in_between_is_replaced(
    sandbox: SandboxInfo, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose, taken = processes.free_ports, int(sandbox.server.rpartition(":")[2])
    answers = iter([lambda count: [*choose(2), taken, *choose(count - 3)], choose])
    monkeypatch.setattr(processes, "free_ports", lambda count: next(answers)(count))
    assert cluster.up("crash", NodeShape(count=1)).server != sandbox.server


def test_a_crashed_sandbox_is_replaced_by_the_next_up_and_down_leaves_nothing(state: Path) -> None:
    first = cluster.up("crash", NodeShape(count=1))
    before = processes.load(first.folder / "processes.json")
    for victim in ("kube-apiserver", "agent"):
        os.kill(next(process.pid for process in before if process.name == victim), signal.SIGKILL)
    until(lambda: set(cluster.status("crash").missing) == {"kube-apiserver", "agent"}, "the crash is noticed")
    assert cluster.status("crash").state == "broken"

    second = cluster.up("crash", NodeShape(count=1))
    assert not [process.name for process in before if processes.alive(process)]
    assert second.server != first.server
    assert cluster.status("crash").state == "up"
    assert len(leftovers(second.folder)) >= 5

    assert cluster.down("crash")
    assert leftovers(second.folder) == []
    assert not second.folder.exists()
    assert cluster.status("crash").state == "down"
    assert not cluster.down("crash")


ASKS = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: asks, namespace: certificates, annotations: {cert-manager.io/cluster-issuer: sandbox}}
spec:
  tls: [{secretName: asks-tls, hosts: [api.example.test]}]
  rules: [{host: api.example.test, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}]}}]
"""


@pytest.mark.full  # cert-manager is built for who asks for it only
def test_a_sandbox_that_runs_gets_a_cert_manager_that_makes_certificates(
    sandbox: SandboxInfo, kubectl: Kubectl
) -> None:
    assert cluster.up("e2e", extras=("cert-manager",)) == sandbox
    kubectl("create", "namespace", "certificates")
    kubectl("apply", "-f", "-", given=ASKS)
    kubectl("wait", "-n", "certificates", "--for=create", "--timeout=30s", "certificate/asks-tls")
    kubectl("wait", "-n", "certificates", "--for=condition=Ready", "--timeout=30s", "certificate/asks-tls")

    data = json.loads(kubectl("get", "secret", "-n", "certificates", "asks-tls", "-o", "json"))["data"]
    made, authority = (x509.load_pem_x509_certificate(b64decode(data[key])) for key in ("tls.crt", "ca.crt"))
    made.verify_directly_issued_by(authority)
    assert "cert-manager" in {process.name for process in processes.load(sandbox.folder / "processes.json")}
    assert cluster.up("e2e", extras=("cert-manager",)) == sandbox
    assert cluster.status("e2e").state == "up"
