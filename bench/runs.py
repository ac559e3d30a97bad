"""A run beside the bare helm command, a broken image, and how long until all is ready."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bench.launch import ROOT
from bench.rounds import Row, alternate, timed
from wizard.sandbox import cluster, toolchain

_NUMBERS: Final = itertools.count(1)
_CHART: Final = ROOT / "chart" / "llm-cost-ops"


class Bed:
    """A sandbox and a folder to work in."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.folder = name, folder
        self.env = {**os.environ, **cluster.environment(name)}
        self.helm = str(toolchain.tool_path("helm4"))

    @property
    def kubeconfig(self) -> str:
        """Path of the admin's kubeconfig."""
        return self.env["KUBECONFIG"]

    @property
    def audit_log(self) -> Path:
        """Where its API server logs every request; only of a bed with `audit`."""
        log = cluster.require(self.name).audit_log
        assert log is not None
        return log

    def call(self, *argv: str, check: bool = True, limit: float = 300) -> str:
        """Run a program, at most so many seconds, and return what it printed."""
        done = subprocess.run(
            argv, cwd=self.folder, env=self.env, check=False, capture_output=True, text=True, timeout=limit
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{argv}: {done.stdout[-500:]} {done.stderr[-500:]}")
        return done.stdout

    def wizard(self, namespace: str, *more: str, check: bool = True, limit: float = 300) -> list[dict[str, Any]]:
        """A dev install into a namespace; the events of its run."""
        said = self.call(*self.install(namespace, *more), check=check, limit=limit)
        return [json.loads(line) for line in said.splitlines()]

    def install(self, namespace: str, *more: str) -> tuple[str, ...]:
        """The command of a dev install into a namespace, which prints the events of its run."""
        words = ("install", "--preset", "dev", "-n", namespace, "--yes", "--output", "jsonl", *more)
        return (sys.executable, "-m", "wizard", *words)

    @contextlib.contextmanager
    def namespace(self, *, gone: bool = True) -> Iterator[str]:
        """A name of its own, removed afterwards so that rounds do not feel each other; `gone`: that is waited for."""
        name = f"bench-{next(_NUMBERS)}"
        yield name
        self.call("kubectl", "delete", "namespace", name, f"--wait={str(gone).lower()}", check=False)


@contextlib.contextmanager
def bed(name: str, *, audit: bool = False) -> Iterator[Bed]:
    """A fresh sandbox, taken down at the end; with `audit` its API server logs every request."""
    cluster.down(name)
    cluster.up(name, audit=audit)
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Bed(name, Path(folder))
    finally:
        cluster.down(name)


def sandbox_up(rounds: int) -> Row:
    """Warm start of a control plane until its nodes are ready."""
    ours = []
    for _ in range(rounds):
        ours.append(timed(lambda: cluster.up("bench-up")))
        cluster.down("bench-up")
    return Row("sandbox up, warm", ours, bound="<= 8 s", fits=statistics.median(ours) <= 8)


def overhead(here: Bed, rounds: int) -> list[Row]:
    """Our run, from its first to its last event, beside helm with the same chart and values and the Secrets made before."""
    whole: list[float] = []

    def ours() -> float:
        with here.namespace() as name:
            began = time.perf_counter()
            events = here.wizard(name)
            whole.append(time.perf_counter() - began)
            return _length(events)

    def bare() -> float:
        with here.namespace() as name:
            here.call("kubectl", "create", "namespace", name)
            for secret, keys in _SECRETS.items():
                parts = [f"--from-literal={key}=bench-{key}-0123456789" for key in keys]
                here.call("kubectl", "create", "secret", "generic", f"llm-cost-ops-{secret}", "-n", name, *parts)
            values = str(here.folder / "llm-cost-ops.dev.values.yaml")
            command = (
                here.helm,
                "install",
                "llm-cost-ops",
                str(_CHART),
                "-n",
                name,
                "-f",
                values,
                "--wait",
                "--timeout",
                "10m",
            )
            return timed(lambda: here.call(*command))

    mine, theirs = alternate(ours, bare, rounds)
    limit = statistics.median(theirs) * 1.02 + 0.3
    return [
        Row("a run", mine, theirs, "helm install --wait", "<= 1.02 x + 300 ms", fits=statistics.median(mine) <= limit),
        Row(
            "dev preset to all ready, whole command",
            whole[1:],
            bound="<= 20 s",
            fits=statistics.median(whole[1:]) <= 20,
        ),
    ]


_SECRETS: Final = {
    "app-credentials": ("jwt-secret",),
    "postgresql-credentials": ("password", "postgres-password", "password-urlencoded"),
    "redis-credentials": ("redis-password", "password-urlencoded"),
    "grafana-credentials": ("admin-user", "admin-password"),
}


def broken_image(here: Bed, rounds: int) -> Row:
    """From the moment a pod's status says so to the cause in the record."""
    delays = []
    for _ in range(rounds):
        with here.namespace() as name:
            cluster.scenario(here.name, "image-pull", namespace=name)
            told: list[float] = []
            looking = threading.Thread(target=_when_the_pod_says_so, args=(here, name, told), daemon=True)
            looking.start()
            events = here.wizard(name, "--timeout", "6s", check=False)
            looking.join(30)
            named = next(one for one in events if one["type"] == "finding")
            delays.append(max(0.0, datetime.fromisoformat(named["time"]).timestamp() - told[0]))
            cluster.scenario(here.name, "none")
    return Row("broken image named after the pod says so", delays, bound="<= 1 s", fits=max(delays) <= 1)


def rollback(here: Bed, rounds: int) -> Row:
    """A roll-back from its first to its last event beside `helm rollback --wait`, each to the revision before; no pod restarts."""
    with here.namespace() as name:
        here.wizard(name)
        annotated = ("--set", "service.annotations.bench=yes")
        here.call(sys.executable, "-m", "wizard", "upgrade", "--preset", "dev", "-n", name, "--yes", *annotated)

        def ours() -> float:
            said = here.call(sys.executable, "-m", "wizard", "rollback", "-n", name, "--yes", "--output", "jsonl")
            return _length([json.loads(line) for line in said.splitlines()])

        mine, theirs = alternate(
            ours, lambda: timed(lambda: here.call(here.helm, "rollback", "llm-cost-ops", "-n", name, "--wait")), rounds
        )
    limit = statistics.median(theirs) + 0.3
    return Row(
        "a roll-back", mine, theirs, "helm rollback --wait", "<= + 300 ms", fits=statistics.median(mine) <= limit
    )


def _length(events: list[dict[str, Any]]) -> float:
    """Seconds from the first to the last event of a run."""
    first, last = (
        next(datetime.fromisoformat(one["time"]) for one in events if one["type"] == kind)
        for kind in ("run.started", "run.finished")
    )
    return (last - first).total_seconds()


def diagnosis(here: Bed, rounds: int) -> Row:
    """A new process of `diagnose` until its first ranked finding is printed, on a release whose database refuses it."""
    with here.namespace() as name:
        here.wizard(name)
        cluster.scenario(here.name, "wrong-password", namespace=name)
        here.call("kubectl", "delete", "pod", "-n", name, "-l", "app.kubernetes.io/component=app")
        deadline = time.monotonic() + 60
        while "LG01" not in here.call(sys.executable, "-m", "wizard", "diagnose", "-n", name, check=False):
            if time.monotonic() > deadline:
                raise TimeoutError("the refused password was never diagnosed")
        taken = [timed(lambda: _first_finding(here, name)) for _ in range(rounds)]
        cluster.scenario(here.name, "none")
    return Row("diagnose to its first ranked finding", taken, bound="<= 1.2 s", fits=statistics.median(taken) <= 1.2)


def _first_finding(here: Bed, namespace: str) -> None:
    argv = (sys.executable, "-m", "wizard", "diagnose", "-n", namespace)
    with subprocess.Popen(argv, cwd=here.folder, env=here.env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = any(" 1. LG01 " in line for line in process.stdout)
        process.stdout.close()
    if not found:
        raise RuntimeError("the cause was not said")


def _when_the_pod_says_so(here: Bed, namespace: str, told: list[float]) -> None:
    """Asks every 10 ms; the answer's own age is what this cannot see."""
    api = cluster.admin(here.name)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pod in api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]:
            for container in pod.get("status", {}).get("containerStatuses", ()):
                if container.get("state", {}).get("waiting", {}).get("reason") in ("ErrImagePull", "ImagePullBackOff"):
                    told.append(time.time())
                    return
        time.sleep(0.01)
