"""A bundle of a release with many pods, beside kubectl's dump of its namespace."""

from __future__ import annotations

import itertools
import json
import sys
import tarfile
import time
from pathlib import Path
from typing import Final

from bench.log_run import RELEASE
from bench.rounds import Row, alternate, timed
from bench.runs import Bed

_PODS: Final = 100
_RATE: Final = 8
_SECONDS: Final = 40
"""Each pod has written some 300 lines when the first bundle is made."""


def bundle(bed: Bed, rounds: int) -> Row:
    """Both read the objects and events of the namespace, the nodes, and the logs of all pods."""
    with bed.namespace() as name:
        _deploy(bed, name)
        files = itertools.count(1)

        def ours() -> float:
            path = bed.folder / f"bundle-{next(files)}.tar.gz"
            words = ("bundle", RELEASE, "-n", name, "--yes", "--plain", "--file", str(path))
            seconds = timed(lambda: bed.call(sys.executable, "-m", "wizard", *words))
            _holds_all(path)
            return seconds

        def dump() -> float:
            folder = bed.folder / f"dump-{next(files)}"
            words = ("cluster-info", "dump", "--namespaces", name, "--output-directory", str(folder))
            seconds = timed(lambda: bed.call("kubectl", *words))
            if (logs := len(list(folder.glob(f"{name}/*/logs.txt")))) != _PODS:
                raise RuntimeError(f"the dump has {logs} logs")
            return seconds

        mine, theirs = alternate(ours, dump, rounds)
    row = Row(f"bundle of {_PODS} pods", mine, theirs, "kubectl cluster-info dump", "<= 1/3")
    return Row(row.name, mine, theirs, row.beside, row.bound, fits=(row.ratio or 9) <= 1 / 3)


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
