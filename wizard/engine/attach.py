"""Coming back to a run: one that nobody watches gets a new runner, and the person is told."""

from __future__ import annotations

from typing import Final

from wizard.core.errors import Problem
from wizard.ports.store import RunStore, RunSummary

AT_WORK: Final = ("running", "hung", "orphaned")
"""States in which helm may be at work."""

_TOLD: Final = {
    "orphaned": "The process that watched run {id} is gone; helm went on. A new one watches now.",
    "hung": "The process that watched run {id} did not answer any more; helm went on. A new one watches now.",
    "lost": "The process that watched run {id} is gone and helm has ended; a new one finds out what came of it.",
}


def attach(runs: RunStore, run: RunSummary) -> str:
    """Have the run watched; returns what was done about its runner, "" when nothing; raises Problem when it cannot be."""
    if run.state not in _TOLD or run.id.startswith("/"):
        return ""
    try:
        runs.revive(run.id)
    except Problem:
        if run.state != "lost":
            raise
        return ""  # it ended before helm was started: the record says why
    return _TOLD[run.state].format(id=run.id)
