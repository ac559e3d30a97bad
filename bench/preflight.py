"""The checks before a run: beside their slowest part, far away, in a large cluster; how many requests; and beside other preflights."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from bench.far import far
from bench.launch import ROOT, environment
from bench.rounds import Row
from bench.runs import Bed, fresh_bed
from tests import audit, conftest
from tests.preflight import broken
from tests.preflight.judge import CHART, Judge
from tests.preflight.setups import IMAGE, KINDS, Kind, Setup
from wizard.core.rules.check import CheckResult
from wizard.sandbox import cluster, objects, processes, toolchain
from wizard.sandbox.toolchain import Pin

_TRIP: Final = 0.1
_NODES: Final = 500
_PODS: Final = 5_000
_AT_ONCE: Final = 6
_LIMIT: Final = 120
_MODULE: Final = Path(__file__).resolve().parent / "modules" / "troubleshoot"
_SOURCE: Final = "github.com/replicatedhq/troubleshoot"
TROUBLESHOOT: Final = Pin(
    "troubleshoot", "preflight", "v0.133.0", str(_MODULE), f"{_SOURCE}/cmd/preflight", 1500,
    (f"-X {_SOURCE}/pkg/version.version=v0.133.0",),
    ("netgo", "containers_image_ostree_stub", "exclude_graphdriver_devicemapper", "exclude_graphdriver_btrfs", "containers_image_openpgp"),
)  # fmt: skip
"""Its tags are those of its own Makefile."""
_WAY_IN: Final = {"image": IMAGE, "host": "bench.example.org", "tls": "none"}
_PRESETS: Final[dict[str, dict[str, str]]] = {
    "dev": {"preset": "dev"}, "staging": {"preset": "staging", **_WAY_IN}, "prod": {"preset": "prod", **_WAY_IN},
}  # fmt: skip


def preflight(rounds: int) -> list[Row]:
    """All measurements of the checks; each process is a new one."""
    with fresh_bed("checks", audit=True) as bed:
        rows = [*_near(bed, rounds), *_requests(bed), *_asking(bed), *_far(bed, rounds), *_beside(bed)]
    return [*rows, *_large(rounds)]


def _run(kubeconfig: str, namespace: str, how: str, *answers: dict[str, str]) -> dict[str, Any]:
    words = [kubeconfig, namespace, how, *map(json.dumps, answers)]
    done = subprocess.run(
        [sys.executable, "-m", "bench.preflight_run", *words], cwd=ROOT, env=environment(kubeconfig), capture_output=True,
        text=True, timeout=_LIMIT, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr[-1000:])
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def _seconds(measured: dict[str, Any]) -> float:
    return float(measured["looks"][0]["seconds"])


def _near(bed: Bed, rounds: int) -> list[Row]:
    with bed.namespace() as name:
        bed.call("kubectl", "create", "namespace", name)
        runs = [_run(bed.kubeconfig, name, "once", _PRESETS["prod"]) for _ in range(rounds + 1)][1:]
    ours, slowest = [_seconds(one) for one in runs], [max(one["collectors"].values()) for one in runs]
    which = max(runs[-1]["collectors"], key=runs[-1]["collectors"].get)
    ratio = statistics.median(whole / part for whole, part in zip(ours, slowest, strict=True))
    return [
        Row(
            "preflight of prod",
            ours,
            slowest,
            "its slowest collector",
            "<= 1.5 x",
            ratio <= 1.5,
            f"the slowest: {which}",
        )
    ]


def _requests(bed: Bed) -> list[Row]:
    """Those of ours and of helm, as the API server counts them."""
    rows = []
    for preset, answers in _PRESETS.items():
        with bed.namespace() as name:
            bed.call("kubectl", "create", "namespace", name)
            began = time.time()
            objects_of_it = _run(bed.kubeconfig, name, "once", answers)["objects"]
            every = audit.asked(bed.audit_log)
        ours, helms = audit.of_agent(every, audit.OURS, began), audit.of_agent(every, audit.HELM, began)
        count, most = len(ours) + len(helms), 3 * objects_of_it + 40
        note = f"{len(ours)} of ours and {len(helms)} of helm for {objects_of_it} objects"
        rows.append(
            Row(f"preflight of {preset}: requests", [count / 1000], bound=f"<= {most}", fits=count <= most, note=note)
        )
    return rows


def _asking(bed: Bed) -> list[Row]:
    """Requests of what stands beside the questions: at first, and after one answer was changed."""
    with bed.namespace() as name:
        bed.call("kubectl", "create", "namespace", name)
        answers = _PRESETS["prod"]
        first, second = _run(bed.kubeconfig, name, "asking", answers, {**answers, "replicas": "4"})["looks"]
    note = f"{first['seconds'] * 1000:.0f} ms, then {second['seconds'] * 1000:.0f} ms"
    return [
        Row(
            "beside the questions: requests",
            [second["requests"] / 1000],
            [first["requests"] / 1000],
            "the first look",
            note=note,
        )
    ]


def _far(bed: Bed, rounds: int) -> list[Row]:
    with bed.namespace() as name, far(bed.kubeconfig, _TRIP, bed.folder) as kubeconfig:
        bed.call("kubectl", "create", "namespace", name)
        serial = _run(kubeconfig, name, "serial", _PRESETS["prod"])["serial"]
        runs = [_run(kubeconfig, name, "once", _PRESETS["prod"]) for _ in range(rounds)]
    ours, renders = [_seconds(one) for one in runs], [one["collectors"]["rendered"] for one in runs]
    bounds = [6 * _TRIP + render + 0.1 for render in renders]
    parts = statistics.median(one["collectors"]["helm_sees"] for one in runs)
    note = f"render {statistics.median(renders) * 1000:.0f} ms; helm itself, for W06: {parts * 1000:.0f} ms"
    title = f"preflight of prod, {_TRIP * 1000:.0f} ms away"
    near = all(whole <= bound for whole, bound in zip(ours, bounds, strict=True))
    return [
        Row(title, ours, bounds, "6 trips + render + 100 ms", "<= 1 x", near, note),
        Row(title, ours, [serial], "the same requests in turn", "<= 1/10", statistics.median(ours) <= serial / 10),
    ]


# A large cluster


def _large(rounds: int) -> list[Row]:
    with fresh_bed("large") as bed, bed.namespace(gone=False) as name:
        bed.call("kubectl", "create", "namespace", name)
        _fill(bed)
        runs = [_run(bed.kubeconfig, name, "once", _PRESETS["prod"]) for _ in range(max(2, rounds // 2))]
    ours, peak = [_seconds(one) for one in runs], [one["peak"] / 1000 for one in runs]
    parts = runs[-1]["collectors"]
    what = f"{_PODS:,} pods, {_NODES} nodes"
    note = f"pods {parts['pods'] * 1000:.0f} ms, placement {parts['placed'] * 1000:.0f} ms"
    return [
        Row(f"preflight of prod, {what}", ours, bound="<= 2 s", fits=statistics.median(ours) <= 2, note=note),
        Row(f"{what}: MB resident at most", peak, bound="<= 150", fits=max(peak) <= 0.15),
    ]


def _fill(bed: Bed) -> None:
    """Nodes and pods as objects alone: what would act on them is stopped before."""
    info, api = cluster.require(bed.name), cluster.admin(bed.name)
    recorded = processes.load(info.folder / "processes.json")
    processes.stop([one for one in recorded if one.name not in ("etcd", "kube-apiserver")])
    made = [("/api/v1/nodes", _node(number)) for number in range(info.nodes.count, _NODES)]
    made += [("/api/v1/namespaces/default/pods", _pod(number)) for number in range(_PODS)]
    failed: list[str] = []

    def work(first: int) -> None:
        port = int(info.server.rpartition(":")[2])
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=api._tls)
        for path, body in made[first::_AT_ONCE]:
            connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != http.client.CREATED:
                failed.append(text.decode()[:300])
                return

    threads = [threading.Thread(target=work, args=(first,)) for first in range(_AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise RuntimeError(failed[0])


def _node(number: int) -> dict[str, Any]:
    node = objects.node(objects.NodeShape(_NODES), number, 1, toolchain.PINS["kube-apiserver"].version)
    node["status"]["conditions"] = [{"type": "Ready", "status": "True", "reason": "KubeletReady", "message": ""}]
    return node


def _pod(number: int) -> dict[str, Any]:
    """A pod of 7 KB, about as large as pods are."""
    app = f"service-{number % 40}"
    env = [{"name": f"SETTING_{one}", "value": "a value of some length, as people have it"} for one in range(12)]
    main = {
        "name": "main", "image": "registry.example.com/team/service:1.2.3", "env": env, "ports": [{"containerPort": 8080}],
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        "livenessProbe": {"httpGet": {"path": "/live", "port": 8080}}, "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
    }  # fmt: skip
    proxy = {**main, "name": "proxy", "env": env[:4], "ports": []}
    labels = {"app.kubernetes.io/name": app, "app.kubernetes.io/instance": f"team-{number % 9}"}
    return {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"{app}-6b7f8d9c5d-{number:05}", "labels": labels},
        "spec": {"nodeName": f"node-{number % _NODES + 1}", "automountServiceAccountToken": False, "containers": [main, proxy]},
    }  # fmt: skip


# Beside other programs

TELLING: Final = {
    "a quota of fewer pods": r"quota|pods",
    "a limit of memory for containers": r"limit ?range|maximum memory|memory",
    "a pod larger than every node": r"cpu",
    "a label that no node has": r"label|selector|affinity",
    "a storage class of another cloud": r"storage ?class",
    "a pull secret for another registry": r"pull secret|login",
    "a certificate that has expired": r"expired",
    "a tls secret without its key": r"tls\.key",
    "an issuer without cert manager": r"cert-manager",
    "a policy of the cluster that refuses a service": r"denied|polic",
    "an object of another release": r"belongs|owner",
    "a value of the wrong kind": r"replicaCount",
}
"""Way to be broken -> the words of which a program has to say at least one of what it does not find fine."""


class _Beside(Judge):
    """Has all programs judge a set-up while it is there."""

    def __init__(self, bed: conftest.Bed, folder: Path, preflights: Path) -> None:
        super().__init__(bed, folder)
        self._home, self._preflights = folder, preflights
        self.said: dict[str, tuple[float, str]] = {}

    async def _judged(self, setup: Setup, space: str) -> list[CheckResult]:
        session = self._session(setup, space)
        try:
            prepared = session.answers.prepare(self._draft(session, setup))
            values, kubeconfig = prepared.text, session.options.kubeconfig
        finally:
            await session.close()
        (self._home / "values.yaml").write_text(values)
        (self._home / "spec.json").write_text(json.dumps(_specification(setup, space)))
        helm = (
            str(toolchain.tool_path("helm4")), "install", "llm-cost-ops", str(CHART), "-n", space,
            "-f", str(self._home / "values.yaml"), "--dry-run=server", "--kubeconfig", kubeconfig,
        )  # fmt: skip
        theirs = (
            str(self._preflights), "--interactive=false", "--format=json", "--auto-update=false", "--no-uri",
            "--kubeconfig", kubeconfig, str(self._home / "spec.json"),
        )  # fmt: skip
        self.said["helm"] = await asyncio.to_thread(self._call, helm)
        self.said["troubleshoot"] = await asyncio.to_thread(self._call, theirs)
        began = time.perf_counter()
        results = await super()._judged(setup, space)
        not_fine = [one for one in results if one.state in ("fail", "warn")]
        text = "\n".join(f"{one.title}: {line}" for one in not_fine for line in one.evidence)
        self.said["ours"] = (time.perf_counter() - began, text)
        return results

    def _call(self, words: Sequence[str]) -> tuple[float, str]:
        """Seconds, and what it does not find fine."""
        began = time.perf_counter()
        env = {**os.environ, "HOME": str(self._home)}
        done = subprocess.run(
            words,
            cwd=self._home,
            env=env,
            capture_output=True,
            text=True,
            timeout=_LIMIT,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        seconds = time.perf_counter() - began
        if not done.stdout.startswith("{"):
            return seconds, done.stderr if done.returncode else ""
        told = json.loads(done.stdout)
        return seconds, "\n".join(
            f"{one['title']}: {one['message']}" for word in ("fail", "warn") for one in told.get(word) or ()
        )


def _beside(bed: Bed) -> list[Row]:
    """A dozen broken set-ups, each judged by helm, by Troubleshoot and by us while it is there."""
    assert broken.__doc__  # its import registers the ways to be broken
    kinds = {kind.name: kind for kind in KINDS}
    peer = toolchain.ensure_pin(TROUBLESHOOT, toolchain.ProgressLines(print))
    with tempfile.TemporaryDirectory() as folder:
        info = cluster.require(bed.name)
        judge = _Beside(conftest.Bed(info, Path(os.environ["XDG_STATE_HOME"])), Path(folder), peer)
        judge.prepare()
        told = {name: _told(judge, kinds[name]) for name in TELLING}
    seconds = {who: [said[who][0] for said in told.values()] for who in ("ours", "helm", "troubleshoot")}
    named = {
        who: [name for name, said in told.items() if re.search(TELLING[name], said[who][1], re.IGNORECASE)]
        for who in seconds
    }
    rows = []
    for who, beside in (("helm", "helm --dry-run=server"), ("troubleshoot", f"troubleshoot {TROUBLESHOOT.version}")):
        rows += [
            Row(f"{len(told)} broken set-ups: seconds of each", seconds["ours"], seconds[who], beside),
            Row(f"{len(told)} broken set-ups: faults named", [len(named["ours"]) / 1000], [len(named[who]) / 1000], beside,
                note=f"{beside} does not name: {', '.join(sorted(told.keys() - set(named[who]))) or 'nothing'}"),
        ]  # fmt: skip
    return rows


def _told(judge: _Beside, kind: Kind) -> dict[str, tuple[float, str]]:
    judge.results(kind.make(Random(kind.name)))
    return dict(judge.said)


def _specification(setup: Setup, space: str) -> dict[str, Any]:
    """What an author of a Preflight can ask of the cluster for these answers, each by the analyzer that Troubleshoot has for it."""
    answers, values = dict(setup.answers), dict(setup.values)
    tls, pull, storage = (
        answers.get("tls.secret") or "good-tls",
        answers.get("image.pullSecret"),
        answers.get("database.class"),
    )
    kept = [{"namespaces": [space]}]
    cores = int(answers.get("cpu") or 1)
    analyzers = [
        _analyzer("clusterVersion", "Kubernetes 1.25 or newer is needed", "< 1.25.0"),
        _analyzer("nodeResources", f"no node has {cores} cpu", f"max(cpuAllocatable) < {cores}", checkName="cpu of a pod"),
        _analyzer("nodeResources", "memory of all nodes is below 4Gi", "sum(memoryAllocatable) < 4Gi", checkName="memory"),
        _analyzer("secret", f"Secret {tls} has no tls.crt", namespace=space, secretName=tls, key="tls.crt", checkName="tls.crt"),
        _analyzer("secret", f"Secret {tls} has no tls.key", namespace=space, secretName=tls, key="tls.key", checkName="tls.key"),
        _analyzer("certificates", "the certificate has expired", "notAfter < Today"),
        _analyzer("distribution", "docker-desktop is not for this", "== docker-desktop"),
        _number("pods of a quota", "resource-quota", space, r'"hard":\s*\{[^}]*"pods":\s*"(?P<Found>\d+)"', "< 4"),
        _number("memory of a limit range", "limitranges", space, r'"max":\s*\{[^}]*"memory":\s*"(?P<Found>\d+)Mi"', "< 256"),
    ]  # fmt: skip
    for key in (one for one in values if one == "nodeSelector"):
        wanted = {"selector": {"matchLabel": values[key]}}
        analyzers.append(
            _analyzer("nodeResources", "no node has the label", "count() < 1", filters=wanted, checkName="label")
        )
    if storage:
        analyzers.append(_analyzer("storageClass", f"storage class {storage} is not here", storageClassName=storage))
    if pull:
        registry = IMAGE.partition("/")[0]
        analyzers.append(
            _analyzer(
                "imagePullSecret",
                f"there is no pull secret for {registry}",
                registryName=registry,
                checkName="pull secret",
            )
        )
    if answers.get("tls") == "issuer":
        named = {"customResourceDefinitionName": "certificates.cert-manager.io"}
        analyzers.append(_analyzer("customResourceDefinition", "cert-manager is not installed", **named))
    if answers.get("scaling") == "auto":
        analyzers.append(
            _analyzer(
                "customResourceDefinition", "no metrics", customResourceDefinitionName="podmetrics.metrics.k8s.io"
            )
        )
    secrets = [{"secret": {"namespace": space, "name": tls, "key": key}} for key in ("tls.crt", "tls.key")]
    collected = [
        {"clusterResources": kept[0]},
        {"certificates": {"secrets": [{"name": tls, "namespaces": [space]}]}},
        *secrets,
    ]
    return {
        "apiVersion": "troubleshoot.sh/v1beta2", "kind": "Preflight", "metadata": {"name": "llm-cost-ops"},
        "spec": {"collectors": collected, "analyzers": analyzers},
    }  # fmt: skip


def _analyzer(kind: str, message: str, when: str = "", **more: Any) -> dict[str, Any]:
    failed = {"message": message, **({"when": when} if when else {})}
    return {kind: {**more, "outcomes": [{"fail": failed}, {"pass": {"message": "fine"}}]}}


def _number(title: str, folder: str, space: str, pattern: str, when: str) -> dict[str, Any]:
    """Of a number that a pattern finds in what was collected; nothing found is fine."""
    return _analyzer(
        "textAnalyze", title, f"Found {when}", checkName=title, fileName=f"cluster-resources/{folder}/{space}.json",
        regexGroups=pattern, ignoreIfNoFiles=True,
    )  # fmt: skip
