"""A bundle of a release with many pods, beside kubectl's dump of its namespace."""

from __future__ import annotations

import itertools
import json
import shutil
import sys
import tarfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Final

from bench.far import far
from bench.log_run import RELEASE
from bench.rounds import Row, alternate, timed
from bench.runs import Bed

_PODS: Final = 100
_RATE: Final = 8
_ROUND_TRIP: Final = 0.05
_SECONDS: Final = 40
"""Each pod has written some 300 lines when the first bundle is made."""


def bundle(bed: Bed, rounds: int) -> list[Row]:
    """Both read the objects and events of the namespace, the nodes, and the logs of all pods: here, and 50 ms away.

    Here most of our time is Python's start; kubectl asks for one log after the other, which costs on every real way.
    """
    with bed.namespace() as name:
        _deploy(bed, name)
        near = Row(f"bundle of {_PODS} pods", *_both(bed, name, bed.kubeconfig, rounds), "kubectl cluster-info dump")
        with far(bed.kubeconfig, _ROUND_TRIP, bed.folder) as kubeconfig:
            away = Row(f"{near.name}, 50 ms away", *_both(bed, name, kubeconfig, rounds), near.beside, "<= 1/3")
    return [near, replace(away, fits=(away.ratio or 9) <= 1 / 3)]


def _both(bed: Bed, namespace: str, kubeconfig: str, rounds: int) -> tuple[list[float], list[float]]:
    files = itertools.count(1)

    def ours() -> float:
        path = bed.folder / f"bundle-{next(files)}.tar.gz"
        words = (
            "bundle",
            RELEASE,
            "-n",
            namespace,
            "--kubeconfig",
            kubeconfig,
            "--yes",
            "--plain",
            "--file",
            str(path),
        )
        seconds = timed(lambda: bed.call(sys.executable, "-m", "wizard", *words))
        _holds_all(path)
        path.unlink()
        return seconds

    def dump() -> float:
        folder = bed.folder / f"dump-{next(files)}"
        words = (
            "cluster-info",
            "dump",
            "--kubeconfig",
            kubeconfig,
            "--namespaces",
            namespace,
            "--output-directory",
            str(folder),
        )
        seconds = timed(lambda: bed.call("kubectl", *words))
        if (logs := len(list(folder.glob(f"{namespace}/*/logs.txt")))) != _PODS:
            raise RuntimeError(f"the dump has {logs} logs")
        shutil.rmtree(folder)
        return seconds

    return alternate(ours, dump, rounds)


def _deploy(bed: Bed, namespace: str) -> None:
    labels = {"app.kubernetes.io/instance": RELEASE, "app.kubernetes.io/managed-by": "Helm"}
    pod = {
        "metadata": {"labels": labels, "annotations": {"sandbox.llm-cost-ops.local/log-rate": str(_RATE)}},
        "spec": {"containers": [{"name": "app", "image": "busybox:1"}]},
    }
    note = {"meta.helm.sh/release-name": RELEASE, "meta.helm.sh/release-namespace": namespace}
    deployment = {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "many", "labels": labels, "annotations": note},
        "spec": {"replicas": _PODS, "selector": {"matchLabels": labels}, "template": pod},
    }  # fmt: skip
    path = bed.folder / "many.json"
    path.write_text(json.dumps(deployment))
    bed.call("kubectl", "create", "namespace", namespace)
    bed.call("kubectl", "-n", namespace, "apply", "-f", str(path))
    bed.call("kubectl", "-n", namespace, "rollout", "status", "deployment/many", "--timeout=120s")
    time.sleep(_SECONDS)


def _holds_all(path: Path) -> None:
    with tarfile.open(path) as archive:
        logs = [member for member in archive if member.name.endswith(".log") and member.size > 0]
    if len(logs) != _PODS:
        raise RuntimeError(f"the bundle has {len(logs)} logs")
