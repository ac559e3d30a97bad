"""A plan of 100 objects on a far-away cluster beside helm's server-side dry run; a history of 50 revisions."""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from pathlib import Path
from typing import Final

from bench.far import far
from bench.rounds import Row, alternate, timed
from bench.runs import Bed
from wizard import compose
from wizard.core.target import Target
from wizard.engine.state import Options

_OBJECTS: Final = 100
_REVISIONS: Final = 50
_ROUND_TRIP: Final = 0.05
_TEMPLATE: Final = """
{{- range $n := until (ternary 1 100 (default false .Values.none)) }}
---
apiVersion: v1
kind: {{ if lt (mod $n 4) 3 }}ConfigMap{{ else }}Service{{ end }}
metadata: {name: thing-{{ $n }}}
{{- if lt (mod $n 4) 3 }}
data: {level: {{ $.Values.level | quote }}}
{{- else }}
spec: {selector: {app: thing}, ports: [{port: {{ $.Values.port }}}]}
{{- end }}
{{- end }}
"""


def plan(bed: Bed, rounds: int) -> list[Row]:
    """Our plan beside `helm upgrade --dry-run=server`, both as processes: all objects new, then all objects changed.

    For existing objects helm sends no request and compares nothing, so only the plan of new objects has a bound.
    """
    chart = bed.folder / "hundred"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: hundred\nversion: 1.0.0\n")
    (chart / "values.yaml").write_text("level: info\nport: 80\n")
    (chart / "templates" / "all.yaml").write_text(_TEMPLATE)
    with bed.namespace() as name, far(bed.kubeconfig, _ROUND_TRIP, bed.folder) as kubeconfig:
        bed.call(bed.helm, "install", "hundred", str(chart), "-n", name, "--create-namespace", "--set", "none=true")
        changed = bed.folder / "changed.yaml"
        changed.write_text("level: debug\nport: 81\n")
        where = ("--kubeconfig", kubeconfig, "-n", name)
        program = Path(__file__).with_name("plan_app.py")

        def ours() -> float:
            return timed(
                lambda: bed.call(sys.executable, str(program), kubeconfig, name, str(chart), str(changed), bed.helm)
            )

        def theirs() -> float:
            words = ("upgrade", "hundred", str(chart), *where, "-f", str(changed), "--dry-run=server", "-o", "json")
            return timed(lambda: bed.call(bed.helm, *words))

        new = alternate(ours, theirs, rounds)
        bed.call(bed.helm, "upgrade", "hundred", str(chart), "-n", name, "--reset-values")
        upgraded = alternate(ours, theirs, rounds)
    fits = statistics.median(new[1]) >= 5 * statistics.median(new[0])
    beside = "helm upgrade --dry-run=server"
    return [
        Row(f"plan of {_OBJECTS} new objects, 50 ms away", *new, beside, "<= 1/5", fits),
        Row(f"plan of {_OBJECTS} changed objects, 50 ms away", *upgraded, beside),
    ]


def history(bed: Bed, rounds: int) -> Row:
    """The history of a release with 50 revisions, in a running program."""
    chart = bed.folder / "hundred"
    with bed.namespace() as name:
        words = ("--history-max", "0", "-n", name, "--create-namespace")
        for level in range(_REVISIONS):
            bed.call(bed.helm, "upgrade", "--install", "hundred", str(chart), *words, "--set", f"level={level}")
        samples = asyncio.run(_history(bed, name, rounds))
    return Row(f"history of {_REVISIONS} revisions", samples, bound="<= 300 ms", fits=statistics.median(samples) <= 0.3)


async def _history(bed: Bed, name: str, rounds: int) -> list[float]:
    session = compose.session(Options(kubeconfig=bed.kubeconfig, namespace=name))
    target = Target(session.kubeconfig().current, name, "hundred", bed.kubeconfig)
    samples = []
    for _ in range(rounds + 1):
        began = time.perf_counter()
        revisions = await session.release(target).history()
        samples.append(time.perf_counter() - began)
        if len(revisions) != _REVISIONS:
            raise RuntimeError(f"{len(revisions)} revisions")
    await session.close()
    return samples[1:]
