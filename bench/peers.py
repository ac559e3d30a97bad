"""Comparisons with k9s and stern, which are pinned and built like the sandbox's tools, and with `helm list`."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Final

from bench import logs, screen
from bench.launch import environment
from bench.rounds import Row, alternate, timed
from bench.runs import Bed
from tests.terminal import Terminal
from wizard import compose
from wizard.core.helm import release
from wizard.core.target import Target
from wizard.engine.state import Options
from wizard.sandbox import cluster, toolchain
from wizard.sandbox.toolchain import Pin

_MODULES: Final = Path(__file__).resolve().parent / "modules"
K9S: Final = Pin(
    "k9s", "k9s", "v0.51.0", str(_MODULES / "k9s"), "github.com/derailed/k9s", 900,
    ("-X github.com/derailed/k9s/cmd.version=v0.51.0",),
)  # fmt: skip
STERN: Final = Pin("stern", "stern", "v1.34.0", str(_MODULES / "stern"), "github.com/stern/stern", 300)

_RELEASES: Final = 100
_REVISIONS: Final = 10


def tool(pin: Pin) -> str:
    """The path of a tool, built when it is missing (k9s: five minutes on two cores)."""
    return str(toolchain.ensure_pin(pin, toolchain.ProgressLines(print)))


def releases(bed: Bed, rounds: int) -> Row:
    """The list of 100 releases with 10 revisions each, in a running wizard, beside `helm list`.

    The release records are copies of one that helm made from our chart, under different names.
    """
    with bed.namespace() as origin, bed.namespace() as name:
        bed.wizard(origin)
        _fill(bed, origin, name)
        samples = asyncio.run(_listed(bed, name, rounds))
        words = ("list", "-n", name, "--max", "0", "-o", "json")
        few = max(3, rounds // 4)
        theirs = [timed(lambda: _complete(json.loads(bed.call(bed.helm, *words)))) for _ in range(few)]
    ratio = statistics.median(theirs) / statistics.median(samples)
    return Row(
        f"list of {_RELEASES} releases x {_REVISIONS}", samples, theirs, "helm list", "<= 1/50", fits=ratio >= 50
    )


def _complete(listed: list[dict[str, Any]]) -> None:
    if len(listed) != _RELEASES:
        raise RuntimeError(f"{len(listed)} releases")


def _fill(bed: Bed, origin: str, namespace: str) -> None:
    api = cluster.admin(bed.name)
    model = api.get(f"/api/v1/namespaces/{origin}/secrets/sh.helm.release.v1.llm-cost-ops.v1")
    body = release.unpack(base64.b64decode(model["data"]["release"]).decode(), "the model")
    bed.call("kubectl", "create", "namespace", namespace)
    for number in range(_RELEASES):
        name = f"release-{number}"
        for revision in range(1, _REVISIONS + 1):
            status = "deployed" if revision == _REVISIONS else "superseded"
            info = {**body["info"], "status": status}
            text = release.pack({**body, "name": name, "namespace": namespace, "version": revision, "info": info})
            labels = {**model["metadata"]["labels"], "name": name, "version": str(revision), "status": status}
            record = {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": f"sh.helm.release.v1.{name}.v{revision}", "labels": labels},
                "type": "helm.sh/release.v1",
                "data": {"release": base64.b64encode(text.encode()).decode()},
            }
            api.create(f"/api/v1/namespaces/{namespace}/secrets", record)


async def _listed(bed: Bed, namespace: str, rounds: int) -> list[float]:
    session = compose.session(Options(kubeconfig=bed.kubeconfig, namespace=namespace))
    target = Target(session.kubeconfig().current, namespace, "", bed.kubeconfig)
    samples = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        view = await anext(session.releases(target))
        samples.append(time.perf_counter() - began)
        if len(view.rows) != _RELEASES:
            raise RuntimeError(f"{len(view.rows)} releases: {view.hidden}")
    await session.close()
    return samples[1:]


def glyph(bed: Bed, rounds: int = 40) -> Row:
    """An Ingress gets another address: the time from the request until our screen shows it, and until k9s does.

    k9s polls every two seconds, its shortest period: the changes are spread over the period.
    """
    api = cluster.admin(bed.name)
    folder = bed.folder / "k9s"
    folder.mkdir(exist_ok=True)
    env = {**environment(bed.kubeconfig), "K9S_CONFIG_DIR": str(folder), "HOME": str(folder)}
    ours, theirs = [], []
    with bed.namespace() as name, logs.recorded(bed, name) as run_id:
        logs.create_ingress(bed, name)
        path = f"/apis/networking.k8s.io/v1/namespaces/{name}/ingresses/way-in/status"
        shown = screen.of_run(run_id, bed.kubeconfig, sys.executable, logs.ONE_COLUMN)
        argv = (tool(K9S), "-n", name, "-c", "ingresses", "--readonly")
        with Terminal(argv, env, folder, (120, 40)) as k9s, contextlib.closing(shown):
            shown.until(rb"way-in")
            k9s.wait_for("way-in", 60)
            for number in range(rounds):
                time.sleep(_K9S_REFRESH * (number % 10) / 10)
                address = f"10.8.0.{number + 1}"
                shown.forget()
                began = time.perf_counter()
                api.merge(path, {"status": {"loadBalancer": {"ingress": [{"ip": address}]}}})
                ours.append(shown.until(re.escape(address).encode() + rb"(?!\d)") - began)
                k9s.wait_for(re.escape(address) + r"(?!\d)", 20)
                theirs.append(time.perf_counter() - began)
    ratio = statistics.median(theirs) / statistics.median(ours)
    return Row("object change to glyph, from the request", ours, theirs, "k9s", "<= 1/20", fits=ratio >= 20)


def stern(bed: Bed, rounds: int) -> Row:
    """Our whole `logs` of half a million lines beside stern; both write to /dev/null."""
    with bed.namespace() as name:
        ours, _ = logs.big(bed, name)
        argv = (tool(STERN), "big", "-n", name, "--no-follow", f"--tail={logs.READ}", "--color=never")
        mine, theirs = alternate(
            lambda: timed(lambda: logs.quiet(bed, ours)), lambda: timed(lambda: logs.quiet(bed, argv)), rounds
        )
    return Row(f"{logs.READ:,} log lines, whole `logs`", mine, theirs, "stern --no-follow")


_K9S_REFRESH: Final = 2.0
