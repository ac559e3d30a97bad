"""`python -m bench.log_memory PODS LINES WIDTH`: fills a view; prints MB of kept text, first and last RSS."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from wizard.core.run.events import Event
from wizard.core.run.log_buffer import LogBuffer
from wizard.core.run.view import RunView


def resident() -> float:
    """The resident memory of this process, in MB."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def main(pods: int, lines: int, width: int) -> None:
    """Fill once, measure, fill five times more, measure again."""
    view = RunView(logs=LogBuffer(max_bytes=pods * lines * (width + 64)))  # the default budget would keep a third
    measured = []
    for turn in range(6):
        for start in range(0, lines, 500):
            for pod in range(pods):
                lines_of_pod = [
                    [f"2026-01-01T00:{turn:02}:00.{n:09}Z", f"{turn} {pod} {n} ".ljust(width, "x")]
                    for n in range(start, min(start + 500, lines))
                ]
                view.apply(
                    Event(
                        "log.lines", {"pod": f"pod-{pod}", "container": "c", "previous": False, "lines": lines_of_pod}
                    )
                )
        measured.append(resident())
    kept = sum(len(line.text) + len(line.time) for line in view.logs.slice(0, view.logs.end)) / 1e6
    print(kept, measured[0], measured[-1])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
