"""How soon the last object that is ready makes a verdict, and how soon a stuck start has its cause on the screen."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from bench import logs, screen
from bench.log_run import RELEASE
from bench.rounds import Row, p99
from bench.runs import Bed
from tests import audit
from wizard.sandbox import cluster, toolchain
from wizard.sandbox.api import Api

_APP: Final = "llm-cost-ops"
_PODS: Final = 3
"""The application's, the database's, the cache's."""
_DEPLOYMENTS: Final = "/apis/apps/v1/namespaces/{}/deployments"


def verdict(here: Bed, rounds: int, few: int) -> list[Row]:
    """Everything but the application is ready; then it becomes so. Needs a bed whose API server logs every request.

    From the write of its Deployment's status to the moment when our view holds nothing back any more but that helm is
    still at work, as the face prints it; and to the end of helm's own process, which waits for the same. `few` of the
    rounds are over helm 3.
    """
    _healed(here, "helm4")  # to warm up
    three = [_healed(here, "helm3") for _ in range(few)]
    four = [_healed(here, "helm4") for _ in range(rounds - few)]
    ours, never_later = [one.seen for one in (*three, *four)], all(one.seen <= one.helm for one in four)
    slow, margin = p99(ours), min(one.helm - one.seen for one in four)
    last = statistics.median(one.said - one.helm for one in four)
    note = (f"p99 {slow * 1000:.0f} ms of {len(ours)}; at least {margin * 1000:.0f} ms before helm 4's end; "
            f"the last word {last * 1000:.0f} ms after it")  # fmt: skip
    over_three, old = [one.seen for one in three], [one.helm for one in three]
    ratio = statistics.median(old) / statistics.median(over_three)
    return [
        Row("all ready to verdict", ours, [one.helm for one in four], "helm 4's end", "p99 <= 100 ms, never later",
            fits=slow <= 0.1 and never_later, note=note),
        Row("all ready to verdict, over helm 3", over_three, old, "helm 3's end", "<= 1/10", fits=ratio >= 10),
    ]  # fmt: skip


@dataclass
class _Healed:
    """Seconds from the last object's readiness to our view of it, to helm's end, and to our last word."""

    seen: float
    helm: float
    said: float


def _healed(here: Bed, helm: str) -> _Healed:
    with here.namespace(gone=False) as name:
        cluster.scenario(here.name, "never-ready", namespace=name)
        path = str(toolchain.tool_path(helm))
        run = _Run(here, name, "--helm", path, "--timeout", "120s")
        api = cluster.admin(here.name)
        with run.reading(), _printed(here, name) as printed:
            _until("all but the application is ready", lambda: _only_app_left(api, name))
            cluster.scenario(here.name, "none")
            run.ended.wait(120)
        if (code := run.code) != 0:
            raise RuntimeError(f"the run ended with {code}: {run.events[-1:]}")
        ready = _written(here, name, printed[0])
        return _Healed(run.seen - ready, run.helm - ready, run.ready - ready)


def _only_app_left(api: Api, namespace: str) -> bool:
    """Whether the application runs and is all that is not ready."""
    states = {one["metadata"]["name"]: one for one in api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]}
    waiting = [name for name, one in states.items() if not _is_ready(one)]
    running = [name for name in waiting if states[name].get("status", {}).get("phase") == "Running"]
    apps = {one["metadata"]["name"]: one for one in api.get(_DEPLOYMENTS.format(namespace))["items"]}
    others = [one for name, one in apps.items() if name != _APP]
    there = all(one.get("status", {}).get("availableReplicas") == one["spec"]["replicas"] for one in others)
    return len(states) >= _PODS and len(waiting) == len(running) == 1 and there


def _is_ready(pod: dict[str, Any]) -> bool:
    found = pod.get("status", {}).get("conditions") or ()
    return any(one["type"] == "Ready" and one["status"] == "True" for one in found)


class _Run:
    """An install whose events are timed as its face prints them, and whose helm's end is seen by its process."""

    def __init__(self, here: Bed, namespace: str, *words: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.seen = self.ready = self.helm = 0.0
        self.code: int | None = None
        self.ended = threading.Event()
        self._process = subprocess.Popen(
            here.install(namespace, *words),
            cwd=here.folder, env=here.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Reads on a thread of its own until the install ends."""
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        try:
            yield
        finally:
            self._process.kill()  # nothing when it has ended
            reader.join(10)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            now, event = time.time(), json.loads(line)
            self.events.append(event)
            self._look(now, event["type"], event["data"])
        self.code = self._process.wait()
        self.ended.set()

    def _look(self, now: float, kind: str, data: dict[str, Any]) -> None:
        if kind == "helm.started":
            threading.Thread(target=self._wait_for_helm, args=(data["pid"],), daemon=True).start()
        elif kind == "verdict":
            # While helm is at work a release that is ready is said like this, see ReleaseWatch.hold.
            held = data["state"] == "progressing" and data["reason"] == "helm is still at work"
            if held or (data["state"] == "ready" and not self.seen):
                self.seen = now
            elif data["state"] != "ready":
                self.seen = 0.0
            if data["state"] == "ready":
                self.ready = now

    def _wait_for_helm(self, pid: int) -> None:
        handle = os.pidfd_open(pid)
        try:
            select.select([handle], [], [])
            self.helm = time.time()
        finally:
            os.close(handle)


@contextlib.contextmanager
def _printed(here: Bed, namespace: str) -> Iterator[list[float]]:
    """When `kubectl get -w` prints that the application's Deployment has its pod available."""
    columns = "custom-columns=NAME:.metadata.name,AVAILABLE:.status.availableReplicas"
    argv = ("kubectl", "-n", namespace, "get", "deployments", "-w", "-o", columns)
    times: list[float] = []
    with subprocess.Popen(
        argv, env=here.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:  # fmt: skip

        def read() -> None:
            times.extend(time.time() for line in process.stdout or () if line.split() == [_APP, "1"])

        threading.Thread(target=read, daemon=True).start()
        try:
            yield times
        finally:
            process.kill()


def _written(here: Bed, namespace: str, printed: float) -> float:
    """When that status was written: by the API server's own clock, or when kubectl printed it, whichever is first."""
    writes = [
        one
        for one in audit.asked(here.audit_log)
        if (one.namespace, one.resource, one.name) == (namespace, "deployments/status", _APP) and one.came <= printed
    ]
    return min(printed, writes[-1].answered)


def _until(what: str, done: Callable[[], bool], limit: float = 90) -> None:
    deadline = time.monotonic() + limit
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit:.0f} s in vain until {what}")
        time.sleep(0.2)


# The cause of a stuck start


@dataclass(frozen=True)
class _Stuck:
    """What a kubelet writes of a container that cannot start, and the words of its cause on our screen."""

    reason: str
    message: str
    shown: str
    image: str = "shop/api:{0}"

    def of(self, number: int) -> _Stuck:
        """The same of a round of its own, so that no other round's words are taken for it."""
        return _Stuck(*(part.format(number) for part in (self.reason, self.message, self.shown, self.image)))


_STUCK: Final = (
    _Stuck(
        "ImagePullBackOff",
        'Back-off pulling image "shop/api:{0}": ErrImagePull: failed to resolve reference "shop/api:{0}": not found',
        "image shop/api:{0} cannot be pulled: the image does not exist",
    ),
    _Stuck(
        "CreateContainerConfigError",
        "couldn't find key key-{0} in Secret shop/credentials",
        "key key-{0} of Secret credentials is not there",
    ),
)


def cause(here: Bed, rounds: int) -> Row:
    """A pod's status says that it cannot start: from the request that writes it until the cause is on the screen of a run."""
    api = cluster.admin(here.name)
    with here.namespace() as name, logs.recorded(here, name) as run_id:
        shown = screen.of_run(run_id, here.kubeconfig, sys.executable, logs.SIZE)
        with contextlib.closing(shown):
            shown.until(rb"no workload of this release")
            delays = [
                _stuck(api, name, shown, number, _STUCK[number % len(_STUCK)].of(number))
                for number in range(rounds + 1)
            ][1:]
    slow = p99(delays)
    return Row("a stuck start's cause on screen", delays, bound="p99 <= 1 s", fits=slow <= 1,
               note=f"p99 {slow * 1000:.0f} ms of {len(delays)}")  # fmt: skip


def _stuck(api: Api, namespace: str, shown: screen.Screen, number: int, one: _Stuck) -> float:
    """One pod, which no node has: nobody but we write its status."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    name = f"stuck-{number}"
    labels = {"app.kubernetes.io/instance": RELEASE, "app.kubernetes.io/managed-by": "Helm"}
    spec = {"schedulerName": "nobody", "containers": [{"name": "api", "image": one.image}]}
    api.create(path, {"metadata": {"name": name, "labels": labels}, "spec": spec})
    shown.until(name.encode())
    waiting = {"reason": one.reason, "message": one.message}
    container = {"name": "api", "image": one.image, "imageID": "", "ready": False, "restartCount": 0,
                 "state": {"waiting": waiting}}  # fmt: skip
    shown.forget()
    began = time.perf_counter()
    api.merge(f"{path}/{name}/status", {"status": {"containerStatuses": [container]}})
    delay = shown.until(re.escape(one.shown).encode()) - began
    api.call("DELETE", f"{path}/{name}", {"gracePeriodSeconds": 0})
    shown.until(rb"no workload of this release")
    return delay
