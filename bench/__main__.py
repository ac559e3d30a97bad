"""`python -m bench [NAME ...]`: the table of all measurements, or of the named ones."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Final

from bench import asked, launch, logs, peers, plans, runs, verdicts
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
    "cause",
    "verdict",
    "requests",
    "idle",
)
_AUDITED: Final = frozenset({"verdict", "requests", "idle"})
"""Measured where the API server logs every request."""


def main() -> int:
    """Measure and print; 0 when every bound is kept."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=20, help="of cheap measurements (20); costly ones take a fifth")
    parser.add_argument("--json", metavar="FILE", help="write every sample to a file as well")
    said = parser.parse_args()
    if wrong := set(said.names) - set(NAMES):
        parser.error(f"there is no {sorted(wrong)[0]}; choose of {', '.join(NAMES)}")
    with tempfile.TemporaryDirectory(prefix="bench-") as state:
        os.environ["XDG_STATE_HOME"] = state
        rows = measure(set(said.names or NAMES), said.rounds, max(3, said.rounds // 5))
    print(table(rows))
    if said.json:
        Path(said.json).write_text(json.dumps([row.to_data() for row in rows], indent=1))
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
    if wanted - {"version", "up", "memory"} - _AUDITED:
        with runs.bed("bench") as here:
            if "field" in wanted:
                done(launch.first_field(here.kubeconfig, many))
            if "run" in wanted:
                done(*runs.overhead(here, few))
            if "diagnose" in wanted:
                done(runs.diagnosis(here, many))
            if "image" in wanted:
                done(runs.broken_image(here, few))
            if "rollback" in wanted:
                done(runs.rollback(here, few))
            if "plan" in wanted:
                done(*plans.plan(here, few))
                done(plans.history(here, many))
            if "releases" in wanted:
                done(peers.releases(here, many))
            if "reader" in wanted:
                done(*logs.reader(here, few), peers.stern(here, few))
            if "glyph" in wanted:
                done(logs.glyph(here), peers.glyph(here))
            if "flood" in wanted:
                done(*logs.flood(here))
            if "cause" in wanted:
                done(verdicts.cause(here, many))
            if "rows" in wanted:
                with here.namespace() as name:
                    here.wizard(name)
                    done(launch.live_rows(here.kubeconfig, many))
    if wanted & _AUDITED:
        with runs.bed("audited", audit=True) as here:
            if "verdict" in wanted:
                done(*verdicts.verdict(here, many, few))
            if "requests" in wanted:
                done(*asked.wait(here))
            if "idle" in wanted:
                done(asked.idle(here))
    return rows


if __name__ == "__main__":
    sys.exit(main())
