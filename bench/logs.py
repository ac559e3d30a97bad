"""Logs: how many lines a second without a screen, a flood under a screen, memory; and how soon a change is a glyph."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

from bench import screen
from bench.launch import environment
from bench.log_run import RELEASE
from bench.rounds import Row, alternate, p99, timed
from bench.runs import Bed
from wizard.paths import state_dir

_LABELS: Final = f"app.kubernetes.io/instance={RELEASE},app.kubernetes.io/managed-by=Helm"
_NUMBER: Final = re.compile(r" line (\d+)")
READ: Final = 500_000
"""Lines of one reading round."""
SIZE: Final = (40, 120)
ONE_COLUMN: Final = (30, 120)
"""Not high enough for two columns: an object's row has room for all that is said of it."""


def reader(here: Bed, rounds: int) -> list[Row]:
    """The same lines of one container, by our reader without a screen, by `logs`, and by kubectl; all into /dev/null."""
    with here.namespace() as name:
        command, ask = big(here, name)
        own = (sys.executable, "-m", "bench.log_reader", name, "big-0", str(READ))
        mine, theirs = alternate(lambda: float(here.call(*own)), lambda: timed(lambda: quiet(here, ask)), rounds)
        whole, again = alternate(
            lambda: timed(lambda: quiet(here, command)), lambda: timed(lambda: quiet(here, ask)), 3
        )
    rate = f"{READ / min(mine):,.0f} lines/s against {READ / min(theirs):,.0f}, best of each"
    first = Row(f"{READ:,} log lines, reader", mine, theirs, "kubectl logs", "<= 1.25 x", note=rate)
    kept = Row(first.name, mine, theirs, first.beside, first.bound, fits=(first.ratio or 9) <= 1.25, note=rate)
    return [kept, Row(f"{READ:,} log lines, whole `logs`", whole, again, "kubectl logs")]


def big(here: Bed, namespace: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """A StatefulSet named big whose pod has so many lines; our command that prints them, and kubectl's."""
    here.call("kubectl", "create", "namespace", namespace, check=False)
    labels = dict(one.split("=") for one in _LABELS.split(","))
    pod = {
        "metadata": {"labels": labels, "annotations": {"sandbox.llm-cost-ops.local/log-rate": "100000"}},
        "spec": {"containers": [{"name": "big-0", "image": "busybox:1"}]},
    }
    spec = {"serviceName": "big", "selector": {"matchLabels": labels}, "template": pod}
    release = {"meta.helm.sh/release-name": RELEASE, "meta.helm.sh/release-namespace": namespace}
    about = {"name": "big", "labels": labels, "annotations": release}
    path = here.folder / "big.json"
    path.write_text(json.dumps({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": about, "spec": spec}))
    here.call("kubectl", "-n", namespace, "apply", "-f", str(path))
    here.call("kubectl", "-n", namespace, "rollout", "status", "statefulset/big", "--timeout=120s")
    _wait(here, namespace, 1, READ / 100_000 + 3)
    ours = (sys.executable, "-m", "wizard", "logs", RELEASE, "-n", namespace, "--tail", str(READ))
    return ours, ("kubectl", "-n", namespace, "logs", "big-0", "--timestamps", f"--tail={READ}")


_CAUGHT_UP: Final = 4.0
"""Seconds in which a screen that was opened in the middle of a flood has read what was there before it."""


def flood(here: Bed, seconds: float = 20, containers: int = 20, rate: int = 100_000, presses: int = 200) -> list[Row]:
    """So many lines a second into a record and onto a screen of 120x40: losses, frames, and a key's way to the screen."""
    with here.namespace() as name, recorded(here, name) as run_id:
        for number in range(containers):
            _pod(here, name, f"p{number}", rate // containers)
        _wait(here, name, containers, 3)
        shown = screen.of_run(run_id, here.kubeconfig, sys.executable, SIZE)
        try:
            shown.until(rb"line \d+")
            time.sleep(_CAUGHT_UP)
            began, before, delays = time.perf_counter(), shown.frames, []
            with screen.undisturbed():
                for number in range(presses):
                    pressed = shown.press(b" ")
                    delays.append(shown.until(rb"held" if number % 2 == 0 else rb"following", 10) - pressed)
            while time.perf_counter() - began < seconds:
                time.sleep(0.05)
            taken = time.perf_counter() - began
            frames = (shown.frames - before) / taken
        finally:
            shown.close()
    told = _told(state_dir("runs") / run_id / "record.jsonl")
    slow = p99(delays)
    note = (f"p99 {slow * 1000:.0f} ms of {len(delays)}; {frames:.0f} frames/s (>= 30); {told.lines:,} lines recorded, "
            f"{told.rate:,.0f} a second of the containers' clocks; {told.missing:,} lost unmarked, {told.gaps} gap marks")  # fmt: skip
    fits = slow <= 0.033 and frames >= 30 and told.missing == 0 and told.rate >= 0.95 * rate
    return [Row(f"a key while {rate:,} lines/s arrive", delays, bound="p99 <= 33 ms", fits=fits, note=note)]


class _told:  # noqa: N801 - reads as what it does
    """What a record has of numbered lines."""

    def __init__(self, record: Path) -> None:
        spans: dict[str, list[int]] = defaultdict(list)
        times: dict[str, list[float]] = defaultdict(list)
        self.gaps = 0
        with record.open() as file:
            for text in file:
                event = json.loads(text)
                if event["type"] == "log.gap":
                    self.gaps += 1
                elif event["type"] == "log.lines":
                    pod = event["data"]["pod"]
                    times[pod] += [_seconds(event["data"]["lines"][0][0][:23] + "Z"), _seconds(event["time"])]
                    numbers = (_NUMBER.search(line) for _, line in event["data"]["lines"])
                    spans[pod] += [int(one[1]) for one in numbers if one]
        self.lines = sum(map(len, spans.values()))
        self.missing = sum(max(one) - min(one) + 1 - len(set(one)) for one in spans.values() if one)
        self.doubled = sum(len(one) - len(set(one)) for one in spans.values())
        # From a container's first line until its last one was in the record, so that a record that lags behind shows;
        # each container for itself, for they do not start together.
        self.rate = sum(len(spans[pod]) / max(0.001, max(one) - min(one)) for pod, one in times.items())


def _seconds(time_text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(time_text).timestamp()


def glyph(here: Bed, changes: int = 200) -> Row:
    """An Ingress gets another address: the moment it is on our screen less the moment that `kubectl get -w` printed it."""
    with here.namespace() as name, recorded(here, name) as run_id:
        way_in(here, name)
        shown = screen.of_run(run_id, here.kubeconfig, sys.executable, ONE_COLUMN)
        ask = ["kubectl", "-n", name, "get", "ingress", "way-in", "-w", "--output-watch-events"]
        watch = screen.Screen(ask, environment(here.kubeconfig) | here.env, (40, 200))
        try:
            shown.until(rb"way-in")
            watch.until(rb"way-in")
            delays = []
            for number in range(changes):
                address = f"10.9.{number // 200}.{number % 200 + 1}"
                for one in (shown, watch):
                    one.forget()
                patch = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": address}]}}})
                here.call(
                    "kubectl",
                    "-n",
                    name,
                    "patch",
                    "ingress",
                    "way-in",
                    "--subresource=status",
                    "--type=merge",
                    "-p",
                    patch,
                )
                pattern = re.escape(address).encode() + rb"(?!\d)"
                delays.append(max(0.0, shown.until(pattern) - watch.until(pattern)))
        finally:
            shown.close()
            watch.close()
    slow = p99(delays)
    return Row("object change to glyph after kubectl -w", delays, bound="p99 <= 50 ms", fits=slow <= 0.05,
               note=f"p99 {slow * 1000:.0f} ms of {len(delays)}")  # fmt: skip


def way_in(here: Bed, namespace: str) -> None:
    """An Ingress of the release, whose address can change."""
    rule = "shop.example.com/*=shop:80"
    here.call("kubectl", "-n", namespace, "create", "ingress", "way-in", f"--rule={rule}")
    here.call("kubectl", "-n", namespace, "label", "ingress", "way-in", *_LABELS.split(","))


def memory(pods: int = 100, lines: int = 5_000, width: int = 120) -> Row:
    """Resident memory of a view that keeps so many lines of so many pods, and after as many again; in MB, not seconds."""
    said = subprocess.run(
        [sys.executable, "-m", "bench.log_memory", str(pods), str(lines), str(width)],
        check=True, capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    ).stdout  # fmt: skip
    kept, first, last = map(float, said.split())
    bound = 1.5 * kept + 60
    note = f"MB: {first:.0f} at once, {last:.0f} after five times as many lines; {kept:.0f} kept, bound {bound:.0f}"
    fits = max(first, last) <= bound and last <= first * 1.1
    return Row(
        f"memory at {pods} pods x {lines:,} lines", [last / 1000], bound="1.5 x kept + 60 MB", fits=fits, note=note
    )


@contextlib.contextmanager
def recorded(here: Bed, namespace: str) -> Iterator[str]:
    """A namespace whose release is watched into a record as a run does it; the run's id."""
    here.call("kubectl", "create", "namespace", namespace)
    run_id = uuid.uuid4().hex[:8]
    argv = (sys.executable, "-m", "bench.log_run", run_id, namespace)
    # A session of its own, as a runner has: Linux shares the processors among sessions first.
    with subprocess.Popen(argv, env=here.env, stdin=subprocess.PIPE, text=True, start_new_session=True) as process:
        record = state_dir("runs") / run_id / "record.jsonl"
        while not record.exists():
            time.sleep(0.05)
        try:
            yield run_id
        finally:
            stdin: IO[str] | None = process.stdin
            if stdin:
                stdin.close()
            process.wait(30)


def _pod(here: Bed, namespace: str, name: str, rate: int) -> None:
    here.call("kubectl", "create", "namespace", namespace, check=False)
    note = json.dumps({"metadata": {"annotations": {"sandbox.llm-cost-ops.local/log-rate": str(rate)}}})
    here.call("kubectl", "-n", namespace, "run", name, "--image=busybox:1", f"--labels={_LABELS}", "--overrides", note)


def _wait(here: Bed, namespace: str, count: int, more: float) -> None:
    here.call("kubectl", "-n", namespace, "wait", "pod", "--all", "--for=condition=Ready", "--timeout=120s")
    time.sleep(more)  # lines are written by the clock


def quiet(here: Bed, argv: tuple[str, ...]) -> None:
    """Run it, its output into /dev/null."""
    subprocess.run(argv, cwd=here.folder, env=here.env, check=True, stdout=subprocess.DEVNULL, timeout=300)
