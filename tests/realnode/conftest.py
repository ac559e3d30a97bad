"""One node for all workers of a run, and a release of the chart on it, through helm 3 or helm 4."""

from __future__ import annotations

import fcntl
import json
import re
import subprocess
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.realnode import images, layout, node
from wizard.sandbox.toolchain import tool_path

T = TypeVar("T")
HELMS = ("helm3", "helm4")
RELEASE = "llm-cost-ops"
FITTING = (
    # Imported images cannot be pulled, and one small machine has to hold everything.
    "image.pullPolicy=IfNotPresent", f"image.tag={images.APP_TAGS[0]}", "prometheus.enabled=false",
    "grafana.enabled=false", "resources.requests.cpu=50m", "postgresql.primary.resources.requests.cpu=50m",
    "postgresql.primary.resources.requests.memory=256Mi", "postgresql.primary.persistence.storageClass=standard",
    "redis.master.resources.requests.cpu=50m", "readinessProbe.initialDelaySeconds=1",
)  # fmt: skip
"""Values under which a preset fits the node; everything else stays as the preset says."""


@pytest.fixture(scope="session", name="node")
def shared_node(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Iterator[node.Node]:
    """The node, started by the first worker and stopped by the last."""
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent
    _count(shared, +1)
    try:
        yield node.up()
    finally:
        if _count(shared, -1) == 0:
            node.down()


def _count(folder: Path, change: int) -> int:
    """Users of the node, after the change."""
    with (folder / "users-of-the-node").open("a+") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        handle.seek(0)
        users = int(handle.read() or 0) + change
        handle.seek(0)
        handle.truncate()
        handle.write(str(users))
    return users


def until(ask: Callable[[], T], what: str, seconds: float = 90) -> T:
    """Ask until the answer is true; fails the test with `what` after that many seconds."""
    deadline = time.monotonic() + seconds
    while True:
        answer = ask()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}; last answer: {answer!r}"
        time.sleep(0.3)


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """Everything it said."""
        return self.out + self.err


@dataclass(frozen=True)
class Release:
    """A release of the chart in a namespace of its own that enforces *restricted* pod security."""

    helm_path: str
    namespace: str
    kubeconfig: str
    preset: str = "dev"

    def helm(self, *arguments: str, limit: float = 200) -> Ran:
        """Run helm in the namespace."""
        return _run([self.helm_path, *arguments, "-n", self.namespace, "--kubeconfig", self.kubeconfig], limit)

    def apply(self, verb: str, *options: str, sets: tuple[str, ...] = (), timeout: str = "180s") -> Ran:
        """`helm install` or `upgrade` with the preset and --wait; `sets` are --set expressions."""
        values = ["-f", str(layout.CHART / f"values-{self.preset}.yaml")]
        for one in (*FITTING, *sets):
            values += ["--set", one]
        return self.helm(verb, RELEASE, str(layout.CHART), *values, *options, "--wait", "--timeout", timeout)

    def install(self, *options: str, sets: tuple[str, ...] = ()) -> None:
        """Install and wait; fails the test when helm fails, with what the pods say."""
        self._succeed("install", options, sets)

    def upgrade(self, *options: str, sets: tuple[str, ...] = ()) -> None:
        """Upgrade and wait; fails the test when helm fails, with what the pods say."""
        self._succeed("upgrade", options, sets)

    def _succeed(self, verb: str, options: tuple[str, ...], sets: tuple[str, ...]) -> None:
        done = self.apply(verb, *options, sets=sets)
        assert done.code == 0, f"{done.err}\n{self.kubectl('get', 'pods').out}\n{self.warnings()}"

    def uninstall(self) -> None:
        """Uninstall, and wait until no pod is left."""
        assert self.helm("uninstall", RELEASE, "--wait").code == 0
        until(lambda: not self.get("pods")["items"], "no pod is left")

    def kubectl(self, *arguments: str, limit: float = 60) -> Ran:
        """Run kubectl in the namespace."""
        command = [str(tool_path("kubectl")), "--kubeconfig", self.kubeconfig, "-n", self.namespace, *arguments]
        return _run(command, limit)

    def create_raw(self, path: str, body: str) -> Ran:
        """POST a body to a path of the API."""
        command = [str(tool_path("kubectl")), "--kubeconfig", self.kubeconfig, "create", "--raw", path, "-f", "-"]
        return _run(command, 30, body)

    def get(self, *arguments: str) -> Any:
        """An object or a list, decoded."""
        done = self.kubectl("get", *arguments, "-o", "json")
        assert done.code == 0, done.err
        return json.loads(done.out)

    def patch(self, kind: str, name: str, body: Mapping[str, Any]) -> None:
        """Merge into an object."""
        done = self.kubectl("patch", kind, name, "--type=merge", "-p", json.dumps(body))
        assert done.code == 0, done.err

    def evict(self, pod: str) -> str:
        """What the API says when a pod is evicted, as a drain of its node does it."""
        body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": pod}}
        return self.create_raw(f"/api/v1/namespaces/{self.namespace}/pods/{pod}/eviction", json.dumps(body)).said

    def pods(self, component: str) -> list[Any]:
        """Pods of a component that are not being deleted."""
        selector = f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/component={component}"
        return [p for p in self.get("pods", "-l", selector)["items"] if "deletionTimestamp" not in p["metadata"]]

    def pod_ids(self) -> dict[str, set[str]]:
        """Unique ids of the pods, by component."""
        return {part: {p["metadata"]["uid"] for p in self.pods(part)} for part in ("app", "postgresql", "redis")}

    def restarts(self) -> int:
        """Restarts of all containers together."""
        pods = self.get("pods")["items"]
        return sum(s["restartCount"] for p in pods for s in p["status"].get("containerStatuses", ()))

    def warnings(self) -> list[str]:
        """Reason and message of each warning event."""
        events = self.get("events", "--field-selector", "type=Warning")["items"]
        return [f"{e['involvedObject']['name']}: {e['reason']}: {e['message']}" for e in events]

    def secrets(self) -> dict[str, Any]:
        """Data of the credentials, by name of the Secret."""
        found = self.get("secrets", "--field-selector", "type=Opaque")["items"]
        return {s["metadata"]["name"]: s["data"] for s in found}

    def sql(self, text: str, *command: str) -> str:
        """What psql answers in the database's own pod, as an administrator there."""
        done = self.kubectl(
            "exec", f"{RELEASE}-postgresql-0", "-c", "postgresql", "--", *command,
            "psql", "-U", "postgres", "-d", "llm_cost_ops_prod", "-Atc", text,
        )  # fmt: skip
        return done.said.strip()

    def redis(self, *words: str) -> str:
        """What redis-cli answers in Redis' own pod."""
        return self.kubectl("exec", f"{RELEASE}-redis-0", "-c", "redis", "--", "redis-cli", *words).said.strip()

    def address(self) -> str:
        """URL of the app's Service."""
        return f"http://{self.get('service', RELEASE)['spec']['clusterIP']}"

    def ask(self, path: str) -> tuple[int, Any]:
        """Status and decoded answer of the app, through its Service; 0 and the reason without an answer."""
        return ask(self.address() + path)

    def logs_in(self) -> bool:
        """Whether the app is logged in to both stores; a Service takes a moment to know a pod that is ready."""
        said: list[tuple[int, Any]] = []

        def answers() -> bool:
            said.append(self.ask("/ready"))
            return said[-1][0] == 200

        try:
            until(answers, "the app is logged in", 60)
        except AssertionError as error:
            raise AssertionError(said[-1]) from error
        return all(one["ok"] for one in said[-1][1]["dependencies"].values())


def ask(url: str) -> tuple[int, Any]:
    """Status and decoded JSON of a GET; 0 and the reason when there is no answer."""
    try:
        with urllib.request.urlopen(url, timeout=8) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError as error:
        return 0, str(error)


def _run(command: list[str], limit: float, given: str = "") -> Ran:
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, errors="replace", timeout=limit, check=False
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(params=HELMS)
def release(request: pytest.FixtureRequest, node: node.Node) -> Iterator[Release]:
    """A release that is not installed yet; what is left of it goes away after the test."""
    with new_release(request.param, node) as one:
        yield one


@contextmanager
def new_release(helm: str, node: node.Node) -> Iterator[Release]:
    """One more release, likewise."""
    name = f"t-{uuid.uuid4().hex[:8]}"
    one = Release(str(tool_path(helm)), name, str(node.kubeconfig))
    assert one.kubectl("create", "namespace", name).code == 0
    assert one.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted").code == 0
    yield one
    one.helm("uninstall", RELEASE)
    one.kubectl("delete", "namespace", name, "--wait=false")


def is_random_password(text: str) -> bool:
    """Whether it looks like one that the chart makes."""
    return re.fullmatch(r"[A-Za-z0-9]{32}", text) is not None
