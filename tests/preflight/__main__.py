"""`python -m tests.preflight [NAME]`: every set-up, or those whose name holds NAME, with the place of the check that has to name it.

`healthy`: what is said against set-ups with which nothing is wrong; `fails [NAME]`: what helm and the cluster say of each that is
installed all the same.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from random import Random

from tests.conftest import Bed
from tests.preflight import broken, doors, foreign, postings
from tests.preflight.healthy import CLUSTERS, every
from tests.preflight.judge import Judge, place
from tests.preflight.setups import KINDS
from tests.preflight.untroubled import UNTROUBLED
from wizard.sandbox import cluster


def healthy() -> int:
    """Print what is said against set-ups with which nothing is wrong."""
    for nodes, shape in CLUSTERS.items():
        with tempfile.TemporaryDirectory() as folder:
            info = cluster.up(f"preflight-{nodes}", shape)
            try:
                judge = Judge(Bed(info, Path.home() / ".local" / "state"), Path(folder))
                judge.prepare(metrics=True)
                for one in every(nodes):
                    found = judge.healthy(one)
                    print(f"{len(found)} {nodes} nodes: {one.name}", flush=True)
                    for result in found:
                        print(f"    {result.id} {result.state}: {result.evidence}", flush=True)
                for name, setup in UNTROUBLED.items() if nodes == 3 else ():
                    found = judge.results(setup)
                    print(f"{len(found)} {nodes} nodes: {name}", flush=True)
                    for result in found:
                        print(f"    {result.id} {result.state}: {result.evidence}", flush=True)
            finally:
                cluster.down(f"preflight-{nodes}")
    return 0


def fails(wanted: str) -> int:
    """Print whether an install that goes on fails with the words that are expected, and a corrected one does not; 0 when all do."""
    missed = 0
    with tempfile.TemporaryDirectory() as folder:
        info = cluster.up("preflight-fails")
        try:
            judge = Judge(Bed(info, Path.home() / ".local" / "state"), Path(folder))
            judge.prepare()
            for kind in (one for one in KINDS if one.fails and wanted in one.name):
                began = time.monotonic()
                gone = judge.gone_on(kind.make(Random(kind.name)))
                failed, mended = bool(gone.code) and kind.fails in gone.words, not gone.blocking and not gone.failed
                missed += not (failed and mended)
                print(f"{failed} {mended} {kind.check} {kind.name} ({time.monotonic() - began:.1f} s)", flush=True)
                if not failed:
                    print(f"    exit {gone.code}: {gone.words[:2000]}", flush=True)
                if not mended:
                    print(f"    {gone.blocking} {gone.failed}", flush=True)
        finally:
            cluster.down("preflight-fails")
    return int(bool(missed))


def main() -> int:
    """Print each set-up that is missed; 0 when enough are named first or second."""
    wanted = " ".join(sys.argv[1:])
    if wanted == "healthy":
        return healthy()
    if wanted.split()[:1] == ["fails"]:
        return fails(wanted.removeprefix("fails").strip())
    with tempfile.TemporaryDirectory() as folder:
        info = cluster.up("preflight-sets")
        try:
            judge = Judge(Bed(info, Path.home() / ".local" / "state"), Path(folder))
            judge.prepare()
            for kind in KINDS:
                if wanted and wanted not in kind.name:
                    continue
                for seed in (1, 2):
                    began = time.monotonic()
                    found = judge.results(kind.make(Random(f"{kind.name} {seed}")))
                    at = place(found, kind.check, kind.says)
                    print(f"{at} {kind.check} {kind.name} ({time.monotonic() - began:.1f} s)", flush=True)
                    if at != 1:
                        for result in found:
                            print(f"    {result.id} {result.state}: {result.evidence}", flush=True)
        finally:
            cluster.down("preflight-sets")
    return 0


assert all((broken, doors, foreign, postings))
if __name__ == "__main__":
    sys.exit(main())
