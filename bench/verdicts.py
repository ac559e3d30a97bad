"""The delay from the readiness of the last object to the verdict, and from a stuck start to its cause on the screen."""

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
"""The pods of application, database and cache."""
_DEPLOYMENTS: Final = "/apis/apps/v1/namespaces/{}/deployments"


def verdict(bed: Bed, rounds: int, few: int) -> list[Row]:
    """The application becomes ready as the last object. Needs a bed whose API server logs every request.

    Measures the time from the write of its Deployment's status until the command line prints a verdict that waits only
    for helm, and until helm's own process ends, which waits for the same objects. `few` of the rounds use helm 3.
    """
    _time_verdict(bed, "helm4")  # to warm up
    three = [_time_verdict(bed, "helm3") for _ in range(few)]
    four = [_time_verdict(bed, "helm4") for _ in range(rounds - few)]
    ours, never_later = [sample.seen for sample in (*three, *four)], all(sample.seen <= sample.helm for sample in four)
    slow, margin = p99(ours), min(sample.helm - sample.seen for sample in four)
    last = statistics.median(sample.said - sample.helm for sample in four)
    note = (f"p99 {slow * 1000:.0f} ms of {len(ours)}; at least {margin * 1000:.0f} ms before helm 4's end; "
            f"the last verdict {last * 1000:.0f} ms after it")  # fmt: skip
    over_three, old = [sample.seen for sample in three], [sample.helm for sample in three]
    ratio = statistics.median(old) / statistics.median(over_three)
    return [
        Row("all ready to verdict", ours, [sample.helm for sample in four], "helm 4's end", "p99 <= 100 ms, never later",
            fits=slow <= 0.1 and never_later, note=note),
        Row("all ready to verdict, over helm 3", over_three, old, "helm 3's end", "<= 1/10", fits=ratio >= 10),
    ]  # fmt: skip


@dataclass
class _Timing:
    """Seconds from the last object's readiness to our view of it, to helm's end, and to our last verdict."""

    seen: float
    helm: float
    said: float


def _time_verdict(bed: Bed, helm: str) -> _Timing:
    with bed.namespace(gone=False) as name:
        cluster.scenario(bed.name, "never-ready", namespace=name)
        path = str(toolchain.tool_path(helm))
        run = _Run(bed, name, "--helm", path, "--timeout", "120s")
        api = cluster.admin(bed.name)
        with run.reading(), _printed(bed, name) as printed:
            _until("all but the application is ready", lambda: _only_app_left(api, name))
            cluster.scenario(bed.name, "none")
            run.ended.wait(120)
        if (code := run.code) != 0:
            raise RuntimeError(f"the run ended with {code}: {run.events[-1:]}")
        ready = _written(bed, name, printed[0])
        return _Timing(run.seen - ready, run.helm - ready, run.ready - ready)


def _only_app_left(api: Api, namespace: str) -> bool:
    """Whether the application runs and is the only workload that is not ready."""
    states = {pod["metadata"]["name"]: pod for pod in api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]}
    waiting = [name for name, pod in states.items() if not _is_ready(pod)]
    running = [name for name in waiting if states[name].get("status", {}).get("phase") == "Running"]
    apps = {
        deployment["metadata"]["name"]: deployment for deployment in api.get(_DEPLOYMENTS.format(namespace))["items"]
    }
    others = [deployment for name, deployment in apps.items() if name != _APP]
    others_ready = all(
        deployment.get("status", {}).get("availableReplicas") == deployment["spec"]["replicas"] for deployment in others
    )
    return len(states) >= _PODS and len(waiting) == len(running) == 1 and others_ready


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


class _Run:
    """An install whose events are timed when the command line prints them; helm's end is timed by its process."""

    def __init__(self, bed: Bed, namespace: str, *words: str) -> None:
        self.events: list[dict[str, Any]] = []
        self.seen = self.ready = self.helm = 0.0
        self.code: int | None = None
        self.ended = threading.Event()
        self._process = subprocess.Popen(
            bed.install(namespace, *words),
            cwd=bed.folder, env=bed.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Read events in a thread until the install ends."""
        reader = threading.Thread(target=self._read, daemon=True)
        reader.start()
        try:
            yield
        finally:
            self._process.kill()  # no effect after its end
            reader.join(10)

    def _read(self) -> None:
        for line in self._process.stdout or ():
            now, event = time.time(), json.loads(line)
            self.events.append(event)
            self._handle(now, event["type"], event["data"])
        self.code = self._process.wait()
        self.ended.set()

    def _handle(self, now: float, kind: str, data: dict[str, Any]) -> None:
        if kind == "helm.started":
            threading.Thread(target=self._wait_for_helm, args=(data["pid"],), daemon=True).start()
        elif kind == "verdict":
            # While helm runs, this is the verdict of a ready release, see ReleaseWatch.hold.
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
def _printed(bed: Bed, namespace: str) -> Iterator[list[float]]:
    """Yields a list of the times at which `kubectl get -w` prints that the application's Deployment is available."""
    columns = "custom-columns=NAME:.metadata.name,AVAILABLE:.status.availableReplicas"
    argv = ("kubectl", "-n", namespace, "get", "deployments", "-w", "-o", columns)
    times: list[float] = []
    with subprocess.Popen(
        argv, env=bed.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:  # fmt: skip

        def read() -> None:
            times.extend(time.time() for line in process.stdout or () if line.split() == [_APP, "1"])

        threading.Thread(target=read, daemon=True).start()
        try:
            yield times
        finally:
            process.kill()


def _written(bed: Bed, namespace: str, printed: float) -> float:
    """The time at which that status was written, by the API server's clock, at most the time when kubectl printed it."""
    writes = [
        write
        for write in audit.asked(bed.audit_log)
        if (write.namespace, write.resource, write.name) == (namespace, "deployments/status", _APP)
        and write.came <= printed
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
    """The status that a kubelet writes for a container that cannot start, and the text of its cause on our screen."""

    reason: str
    message: str
    shown: str
    image: str = "shop/api:{0}"

    def of(self, number: int) -> _Stuck:
        """The same with the number of a round, so that rounds have different texts."""
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


def cause(bed: Bed, rounds: int) -> Row:
    """The delay from the request that writes a stuck pod's status until its cause is on the screen of a run."""
    api = cluster.admin(bed.name)
    with bed.namespace() as name, logs.recorded(bed, name) as run_id:
        shown = screen.of_run(run_id, bed.kubeconfig, sys.executable, logs.SIZE)
        with contextlib.closing(shown):
            shown.until(rb"no workload of this release")
            delays = [
                _stuck(api, name, shown, number, _STUCK[number % len(_STUCK)].of(number))
                for number in range(rounds + 1)
            ][1:]
    slow = p99(delays)
    return Row("a stuck start's cause on screen", delays, bound="p99 <= 1 s", fits=slow <= 1,
               note=f"p99 {slow * 1000:.0f} ms of {len(delays)}")  # fmt: skip


def _stuck(api: Api, namespace: str, shown: screen.Screen, number: int, stuck: _Stuck) -> float:
    """Create one pod without a node, so that only we write its status; returns the delay."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    name = f"stuck-{number}"
    labels = {"app.kubernetes.io/instance": RELEASE, "app.kubernetes.io/managed-by": "Helm"}
    spec = {"schedulerName": "nobody", "containers": [{"name": "api", "image": stuck.image}]}
    api.create(path, {"metadata": {"name": name, "labels": labels}, "spec": spec})
    shown.until(name.encode())
    waiting = {"reason": stuck.reason, "message": stuck.message}
    container = {"name": "api", "image": stuck.image, "imageID": "", "ready": False, "restartCount": 0,
                 "state": {"waiting": waiting}}  # fmt: skip
    shown.forget()
    began = time.perf_counter()
    api.merge(f"{path}/{name}/status", {"status": {"containerStatuses": [container]}})
    delay = shown.until(re.escape(stuck.shown).encode()) - began
    api.call("DELETE", f"{path}/{name}", {"gracePeriodSeconds": 0})
    shown.until(rb"no workload of this release")
    return delay
