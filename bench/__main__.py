"""`python -m bench [NAME ...]`: the table of all measurements, or of the named ones."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench import asked, bundles, incidents, launch, logs, peers, plans, preflight, runs, values, verdicts
from bench.rounds import Row, table

NAMES = (
    "version",
    "field",
    "rows",
    "up",
    "run",
    "image",
    "plan",
    "rollback",
    "diagnose",
    "releases",
    "reader",
    "flood",
    "glyph",
    "memory",
    "values",
    "cause",
    "incidents",
    "preflight",
    "bundle",
    "verdict",
    "requests",
    "idle",
)
_AUDITED: Final = frozenset({"verdict", "requests", "idle"})
"""Measured on a sandbox whose API server logs every request."""


def main() -> int:
    """Measure and print; 0 when every bound is kept."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument(
        "--rounds", type=int, default=20, help="rounds of cheap measurements (20); costly ones get a fifth"
    )
    parser.add_argument("--json", metavar="FILE", help="also write every sample to a file")
    given = parser.parse_args()
    if wrong := set(given.names) - set(NAMES):
        parser.error(f"there is no {sorted(wrong)[0]}; choose from {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory(prefix="bench-") as state:
        os.environ["XDG_STATE_HOME"] = state
        rows = measure(set(given.names or NAMES), given.rounds, max(3, given.rounds // 5))
    print(table(rows))
    if given.json:
        Path(given.json).write_text(json.dumps([row.to_data() for row in rows], indent=1))
    return int(any(row.fits is False for row in rows))


def measure(wanted: set[str], many: int, few: int) -> list[Row]:
    """The rows of the wanted measurements."""
    rows: list[Row] = []

    def done(*more: Row) -> None:
        rows.extend(more)
        print(f"measured: {', '.join(row.name for row in more)}", file=sys.stderr, flush=True)

    if "version" in wanted:
        done(launch.version(many))
    if "up" in wanted:
        done(runs.sandbox_up(few))
    if "memory" in wanted:
        done(logs.memory())
    if "values" in wanted:
        done(*values.tree(few))
    if "incidents" in wanted:
        done(*incidents.incidents())
    if "preflight" in wanted:
        done(*preflight.preflight(few))
    if wanted - {"version", "up", "memory", "values", "incidents", "preflight"} - _AUDITED:
        with runs.fresh_bed("bench") as bed:
            if "field" in wanted:
                done(launch.first_field(bed.kubeconfig, many))
            if "run" in wanted:
                done(*runs.overhead(bed, few))
            if "diagnose" in wanted:
                done(runs.diagnosis(bed, many))
            if "image" in wanted:
                done(runs.broken_image(bed, few))
            if "rollback" in wanted:
                done(runs.rollback(bed, few))
            if "plan" in wanted:
                done(*plans.plan(bed, few))
                done(plans.history(bed, many))
            if "releases" in wanted:
                done(peers.releases(bed, many))
            if "reader" in wanted:
                done(*logs.reader(bed, few), peers.stern(bed, few))
            if "glyph" in wanted:
                done(logs.glyph(bed), peers.glyph(bed))
            if "flood" in wanted:
                done(*logs.flood(bed))
            if "bundle" in wanted:
                done(*bundles.bundle(bed, few))
            if "cause" in wanted:
                done(verdicts.cause(bed, many))
            if "rows" in wanted:
                with bed.namespace() as name:
                    bed.wizard(name)
                    done(launch.live_rows(bed.kubeconfig, many))
    if wanted & _AUDITED:
        with runs.fresh_bed("audited", audit=True) as bed:
            if "verdict" in wanted:
                done(*verdicts.verdict(bed, many, few))
            if "requests" in wanted:
                done(*asked.wait(bed))
            if "idle" in wanted:
                done(asked.idle(bed))
    return rows


if __name__ == "__main__":
    sys.exit(main())
