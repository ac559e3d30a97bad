"""A run beside the bare helm command, the delay until a broken image is named, rollback, diagnosis."""

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
    """A sandbox with a working folder."""

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
        """The file in which the API server logs every request; only with `audit`."""
        log = cluster.require(self.name).audit_log
        assert log is not None
        return log

    def call(self, *argv: str, check: bool = True, limit: float = 300) -> str:
        """Run a program, at most `limit` seconds, and return its output."""
        done = subprocess.run(
            argv, cwd=self.folder, env=self.env, check=False, capture_output=True, text=True, timeout=limit
        )
        if check and done.returncode != 0:
            raise RuntimeError(f"{argv}: {done.stdout[-500:]} {done.stderr[-500:]}")
        return done.stdout

    def wizard(self, namespace: str, *more: str, check: bool = True, limit: float = 300) -> list[dict[str, Any]]:
        """Run a dev install into a namespace; returns the events of its run."""
        printed = self.call(*self.install(namespace, *more), check=check, limit=limit)
        return [json.loads(line) for line in printed.splitlines()]

    def install(self, namespace: str, *more: str) -> tuple[str, ...]:
        """The command of a dev install into a namespace, which prints the events of its run."""
        words = ("install", "--preset", "dev", "-n", namespace, "--yes", "--output", "jsonl", *more)
        return (sys.executable, "-m", "wizard", *words)

    @contextlib.contextmanager
    def namespace(self, *, gone: bool = True) -> Iterator[str]:
        """A new namespace name; the namespace is deleted afterwards, so that rounds are independent. `gone`: wait for it."""
        name = f"bench-{next(_NUMBERS)}"
        yield name
        self.call("kubectl", "delete", "namespace", name, f"--wait={str(gone).lower()}", check=False)


@contextlib.contextmanager
def fresh_bed(name: str, *, audit: bool = False) -> Iterator[Bed]:
    """Start a new sandbox, and stop it at the end; with `audit` its API server logs every request."""
    cluster.down(name)
    cluster.up(name, audit=audit)
    try:
        with tempfile.TemporaryDirectory() as folder:
            yield Bed(name, Path(folder))
    finally:
        cluster.down(name)


def sandbox_up(rounds: int) -> Row:
    """The warm start of a control plane until its nodes are ready."""
    ours = []
    for _ in range(rounds):
        ours.append(timed(lambda: cluster.up("bench-up")))
        cluster.down("bench-up")
    return Row("sandbox up, warm", ours, bound="<= 8 s", fits=statistics.median(ours) <= 8)


def overhead(bed: Bed, rounds: int) -> list[Row]:
    """Our run, from its first to its last event, beside helm with the same chart, values and existing Secrets."""
    whole: list[float] = []

    def ours() -> float:
        with bed.namespace() as name:
            began = time.perf_counter()
            events = bed.wizard(name)
            whole.append(time.perf_counter() - began)
            return _length(events)

    def bare() -> float:
        with bed.namespace() as name:
            bed.call("kubectl", "create", "namespace", name)
            for secret, keys in _SECRETS.items():
                parts = [f"--from-literal={key}=bench-{key}-0123456789" for key in keys]
                bed.call("kubectl", "create", "secret", "generic", f"llm-cost-ops-{secret}", "-n", name, *parts)
            values = str(bed.folder / "llm-cost-ops.dev.values.yaml")
            command = (
                bed.helm,
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
            return timed(lambda: bed.call(*command))

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


def broken_image(bed: Bed, rounds: int) -> Row:
    """The delay from the error in a pod's status to its finding in the record."""
    delays = []
    for _ in range(rounds):
        with bed.namespace() as name:
            cluster.scenario(bed.name, "image-pull", namespace=name)
            moments: list[float] = []
            poller = threading.Thread(target=_await_pull_error, args=(bed, name, moments), daemon=True)
            poller.start()
            events = bed.wizard(name, "--timeout", "6s", check=False)
            poller.join(30)
            named = next(event for event in events if event["type"] == "finding")
            delays.append(max(0.0, datetime.fromisoformat(named["time"]).timestamp() - moments[0]))
            cluster.scenario(bed.name, "none")
    return Row("broken image named after the pod says so", delays, bound="<= 1 s", fits=max(delays) <= 1)


def rollback(bed: Bed, rounds: int) -> Row:
    """A rollback to the previous revision, first to last event, beside `helm rollback --wait`; no pod restarts."""
    with bed.namespace() as name:
        bed.wizard(name)
        annotated = ("--set", "service.annotations.bench=yes")
        bed.call(sys.executable, "-m", "wizard", "upgrade", "--preset", "dev", "-n", name, "--yes", *annotated)

        def ours() -> float:
            printed = bed.call(sys.executable, "-m", "wizard", "rollback", "-n", name, "--yes", "--output", "jsonl")
            return _length([json.loads(line) for line in printed.splitlines()])

        mine, theirs = alternate(
            ours, lambda: timed(lambda: bed.call(bed.helm, "rollback", "llm-cost-ops", "-n", name, "--wait")), rounds
        )
    limit = statistics.median(theirs) + 0.3
    return Row(
        "a roll-back", mine, theirs, "helm rollback --wait", "<= + 300 ms", fits=statistics.median(mine) <= limit
    )


def _length(events: list[dict[str, Any]]) -> float:
    """Seconds from the first to the last event of a run."""
    first, last = (
        next(datetime.fromisoformat(event["time"]) for event in events if event["type"] == kind)
        for kind in ("run.started", "run.finished")
    )
    return (last - first).total_seconds()


def diagnosis(bed: Bed, rounds: int) -> Row:
    """A new `diagnose` process until it prints its first finding; the release's database refuses the password."""
    with bed.namespace() as name:
        bed.wizard(name)
        cluster.scenario(bed.name, "wrong-password", namespace=name)
        bed.call("kubectl", "delete", "pod", "-n", name, "-l", "app.kubernetes.io/component=app")
        deadline = time.monotonic() + 60
        while "LG01" not in bed.call(sys.executable, "-m", "wizard", "diagnose", "-n", name, check=False):
            if time.monotonic() > deadline:
                raise TimeoutError("the refused password was not diagnosed")
        taken = [timed(lambda: _first_finding(bed, name)) for _ in range(rounds)]
        cluster.scenario(bed.name, "none")
    return Row("diagnose to its first ranked finding", taken, bound="<= 1.2 s", fits=statistics.median(taken) <= 1.2)


def _first_finding(bed: Bed, namespace: str) -> None:
    argv = (sys.executable, "-m", "wizard", "diagnose", "-n", namespace)
    with subprocess.Popen(argv, cwd=bed.folder, env=bed.env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        named = any(" 1. LG01 " in line for line in process.stdout)
        process.stdout.close()
    if not named:
        raise RuntimeError("the cause was not printed")


def _await_pull_error(bed: Bed, namespace: str, moments: list[float]) -> None:
    """Append the time at which a pod's status has a pull error; polls every 10 ms."""
    api = cluster.admin(bed.name)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pod in api.get(f"/api/v1/namespaces/{namespace}/pods")["items"]:
            for container in pod.get("status", {}).get("containerStatuses", ()):
                if container.get("state", {}).get("waiting", {}).get("reason") in ("ErrImagePull", "ImagePullBackOff"):
                    moments.append(time.time())
                    return
        time.sleep(0.01)
