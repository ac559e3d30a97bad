"""Logs: lines per second without a screen, a flood on a screen, memory; and the delay from a change to the screen."""

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
"""Lines that one round reads."""
SIZE: Final = (40, 120)
ONE_COLUMN: Final = (30, 120)
"""Too low for two columns, so that an object's row has room for its whole text."""


def reader(bed: Bed, rounds: int) -> list[Row]:
    """Reads the same lines of one container with our reader, with `logs`, and with kubectl; all write to /dev/null."""
    with bed.namespace() as name:
        command, ask = big(bed, name)
        own = (sys.executable, "-m", "bench.log_reader", name, "big-0", str(READ))
        mine, theirs = alternate(lambda: float(bed.call(*own)), lambda: timed(lambda: quiet(bed, ask)), rounds)
        whole, again = alternate(lambda: timed(lambda: quiet(bed, command)), lambda: timed(lambda: quiet(bed, ask)), 3)
    rate = f"{READ / min(mine):,.0f} lines/s against {READ / min(theirs):,.0f}, best of each"
    first = Row(f"{READ:,} log lines, reader", mine, theirs, "kubectl logs", "<= 1.25 x", note=rate)
    kept = Row(first.name, mine, theirs, first.beside, first.bound, fits=(first.ratio or 9) <= 1.25, note=rate)
    return [kept, Row(f"{READ:,} log lines, whole `logs`", whole, again, "kubectl logs")]


def big(bed: Bed, namespace: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Create a StatefulSet "big" whose pod has READ log lines; returns our command that prints them, and kubectl's."""
    bed.call("kubectl", "create", "namespace", namespace, check=False)
    labels = dict(label.split("=") for label in _LABELS.split(","))
    pod = {
        "metadata": {"labels": labels, "annotations": {"sandbox.llm-cost-ops.local/log-rate": "100000"}},
        "spec": {"containers": [{"name": "big-0", "image": "busybox:1"}]},
    }
    spec = {"serviceName": "big", "selector": {"matchLabels": labels}, "template": pod}
    release = {"meta.helm.sh/release-name": RELEASE, "meta.helm.sh/release-namespace": namespace}
    about = {"name": "big", "labels": labels, "annotations": release}
    path = bed.folder / "big.json"
    path.write_text(json.dumps({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": about, "spec": spec}))
    bed.call("kubectl", "-n", namespace, "apply", "-f", str(path))
    bed.call("kubectl", "-n", namespace, "rollout", "status", "statefulset/big", "--timeout=120s")
    _wait(bed, namespace, 1, READ / 100_000 + 3)
    ours = (sys.executable, "-m", "wizard", "logs", RELEASE, "-n", namespace, "--tail", str(READ))
    return ours, ("kubectl", "-n", namespace, "logs", "big-0", "--timestamps", f"--tail={READ}")


_CAUGHT_UP: Final = 4.0
"""Seconds in which a screen that is opened during a flood catches up."""


def flood(bed: Bed, seconds: float = 20, containers: int = 20, rate: int = 100_000, presses: int = 200) -> list[Row]:
    """So many lines a second in a record and on a screen of 120x40: lost lines, frames, and the delay of a key."""
    with bed.namespace() as name, recorded(bed, name) as run_id:
        for number in range(containers):
            _pod(bed, name, f"p{number}", rate // containers)
        _wait(bed, name, containers, 3)
        shown = screen.of_run(run_id, bed.kubeconfig, sys.executable, SIZE)
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
    recorded_lines = _RecordedLines(state_dir("runs") / run_id / "record.jsonl")
    slow = p99(delays)
    note = (f"p99 {slow * 1000:.0f} ms of {len(delays)}; {frames:.0f} frames/s (>= 30); {recorded_lines.lines:,} lines recorded, "
            f"{recorded_lines.rate:,.0f} a second of the containers' clocks; {recorded_lines.missing:,} lost unmarked, {recorded_lines.gaps} gap marks")  # fmt: skip
    fits = slow <= 0.033 and frames >= 30 and recorded_lines.missing == 0 and recorded_lines.rate >= 0.95 * rate
    return [Row(f"a key while {rate:,} lines/s arrive", delays, bound="p99 <= 33 ms", fits=fits, note=note)]


class _RecordedLines:
    """Counts the numbered lines of a record."""

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
                    spans[pod] += [int(match[1]) for match in numbers if match]
        self.lines = sum(map(len, spans.values()))
        self.missing = sum(max(numbers) - min(numbers) + 1 - len(set(numbers)) for numbers in spans.values() if numbers)
        self.doubled = sum(len(numbers) - len(set(numbers)) for numbers in spans.values())
        # From a container's first line until its last one was recorded, so that a lagging record shows in the rate;
        # each container separately, because they do not start together.
        self.rate = sum(len(spans[pod]) / max(0.001, max(seconds) - min(seconds)) for pod, seconds in times.items())


def _seconds(time_text: str) -> float:
    from datetime import datetime

    return datetime.fromisoformat(time_text).timestamp()


def glyph(bed: Bed, changes: int = 200) -> Row:
    """An Ingress gets another address: the delay of our screen compared with the output of `kubectl get -w`."""
    with bed.namespace() as name, recorded(bed, name) as run_id:
        create_ingress(bed, name)
        shown = screen.of_run(run_id, bed.kubeconfig, sys.executable, ONE_COLUMN)
        ask = ["kubectl", "-n", name, "get", "ingress", "way-in", "-w", "--output-watch-events"]
        watch = screen.Screen(ask, environment(bed.kubeconfig) | bed.env, (40, 200))
        try:
            shown.until(rb"way-in")
            watch.until(rb"way-in")
            delays = []
            for number in range(changes):
                address = f"10.9.{number // 200}.{number % 200 + 1}"
                for terminal in (shown, watch):
                    terminal.forget()
                patch = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": address}]}}})
                bed.call(
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


def create_ingress(bed: Bed, namespace: str) -> None:
    """Create an Ingress of the release, whose address can change."""
    rule = "shop.example.com/*=shop:80"
    bed.call("kubectl", "-n", namespace, "create", "ingress", "way-in", f"--rule={rule}")
    bed.call("kubectl", "-n", namespace, "label", "ingress", "way-in", *_LABELS.split(","))


def memory(pods: int = 100, lines: int = 5_000, width: int = 120) -> Row:
    """Resident memory of a view with so many lines of each pod, then after five times as many; in MB, not seconds."""
    printed = subprocess.run(
        [sys.executable, "-m", "bench.log_memory", str(pods), str(lines), str(width)],
        check=True, capture_output=True, text=True, env={**os.environ, "PYTHONDONTWRITEBYTECODE": ""},
    ).stdout  # fmt: skip
    kept, first, last = map(float, printed.split())
    bound = 1.5 * kept + 60
    note = f"MB: {first:.0f} at once, {last:.0f} after five times as many lines; {kept:.0f} kept, bound {bound:.0f}"
    fits = max(first, last) <= bound and last <= first * 1.1
    return Row(
        f"memory at {pods} pods x {lines:,} lines", [last / 1000], bound="1.5 x kept + 60 MB", fits=fits, note=note
    )


@contextlib.contextmanager
def recorded(bed: Bed, namespace: str) -> Iterator[str]:
    """Create a namespace and record its release as a run does; yields the run's id."""
    bed.call("kubectl", "create", "namespace", namespace)
    run_id = uuid.uuid4().hex[:8]
    argv = (sys.executable, "-m", "bench.log_run", run_id, namespace)
    # A session of its own, as a runner has: Linux divides CPU time among sessions first.
    with subprocess.Popen(argv, env=bed.env, stdin=subprocess.PIPE, text=True, start_new_session=True) as process:
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


def _pod(bed: Bed, namespace: str, name: str, rate: int) -> None:
    bed.call("kubectl", "create", "namespace", namespace, check=False)
    note = json.dumps({"metadata": {"annotations": {"sandbox.llm-cost-ops.local/log-rate": str(rate)}}})
    bed.call("kubectl", "-n", namespace, "run", name, "--image=busybox:1", f"--labels={_LABELS}", "--overrides", note)


def _wait(bed: Bed, namespace: str, count: int, more: float) -> None:
    bed.call("kubectl", "-n", namespace, "wait", "pod", "--all", "--for=condition=Ready", "--timeout=120s")
    time.sleep(more)  # the containers write at a fixed rate


def quiet(bed: Bed, argv: tuple[str, ...]) -> None:
    """Run a command with its output to /dev/null."""
    subprocess.run(argv, cwd=bed.folder, env=bed.env, check=True, stdout=subprocess.DEVNULL, timeout=300)
