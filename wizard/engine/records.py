"""The recorded runs of this machine: coming back to one, whether it is being recorded, its older log lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from wizard.core.errors import Problem
from wizard.core.run.log_buffer import Line
from wizard.core.run.log_window import Entry, Mark, Page, backwards, forwards, last_before
from wizard.ports.store import RunStore, RunSummary

Wanted = Callable[[Line], bool]

ASK_SECONDS: Final = 1.0
"""The record itself cannot say that it cannot be written, so its run is asked."""

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


async def record_problems(runs: RunStore, run_id: str) -> AsyncIterator[str]:
    """Why the record of a run is not written, as sentences, each time that changes; "" once it is again. Never ends."""
    known = ""
    while True:
        reason = await runs.record_error(run_id)
        if reason != known:
            known = reason
            yield record_problem_text(reason) if reason else ""
        await asyncio.sleep(ASK_SECONDS)


def record_problem_text(reason: str) -> str:
    """What that means for a person, and the next step."""
    return (
        f"{reason[:1].upper()}{reason[1:]}. helm goes on; what happens meanwhile is neither kept nor shown. "
        "Make room in the state folder."
    )


async def older_logs(runs: RunStore, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
    """The wanted lines before a mark, the newest of them: `least` or some more, fewer only at the beginning."""
    found: list[Entry] = []

    def look() -> bool:
        nonlocal mark
        events = runs.logs_until(run_id, last_before(mark))
        entries, mark = backwards(events, mark)
        found[:0] = [one for one in entries if wanted(one.line)]
        return bool(events) and mark.start > 0

    while more := await asyncio.to_thread(look):
        if len(found) >= least:
            break
    return Page(found, mark if more else None)


async def newer_logs(runs: RunStore, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
    """The wanted lines after a mark, the oldest of them: `least` or some more, fewer only at the record's end."""
    found: list[Entry] = []

    def look() -> bool:
        nonlocal mark
        events = runs.logs_from(run_id, mark.seq)
        entries, mark = forwards(events, mark)
        found.extend(one for one in entries if wanted(one.line))
        return bool(events)

    while more := await asyncio.to_thread(look):
        if len(found) >= least:
            break
    return Page(found, mark if more else None)
