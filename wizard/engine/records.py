"""The recorded runs of this machine: attach to a run, the health of its record, its older log lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final

from wizard.core.errors import Problem
from wizard.core.run.log_buffer import Line
from wizard.core.run.log_window import Entry, Mark, Page, backwards, forwards, last_before
from wizard.core.run.summary import RunSummary
from wizard.ports.store import RunStore

Wanted = Callable[[Line], bool]

ASK_SECONDS: Final = 1.0
"""Seconds between two questions to a run: a record that cannot be written cannot say so itself."""

AT_WORK: Final = ("running", "hung", "orphaned")
"""States in which helm may be at work."""

_ATTACHED: Final = {
    "orphaned": "The process that watched run {id} is gone; helm went on. A new one watches now.",
    "hung": "The process that watched run {id} no longer answered; helm went on. A new one watches now.",
    "lost": "The process that watched run {id} is gone and helm has ended; a new one finds out the result.",
}


def attach(runs: RunStore, run: RunSummary) -> str:
    """Have the run watched; returns what was done about its runner, "" when nothing; raises Problem when it cannot be."""
    if run.state not in _ATTACHED or run.id.startswith("/"):
        return ""
    try:
        runs.revive(run.id)
    except Problem:
        if run.state != "lost":
            raise
        return ""  # it ended before helm was started: the record says why
    return _ATTACHED[run.state].format(id=run.id)


async def record_problems(runs: RunStore, run_id: str) -> AsyncIterator[str]:
    """Why the record of a run is not written, a sentence each time that changes; "" once it is written again. Never ends."""
    last = ""
    while True:
        reason = await runs.record_error(run_id)
        if reason != last:
            last = reason
            yield record_problem_text(reason) if reason else ""
        await asyncio.sleep(ASK_SECONDS)


def record_problem_text(reason: str) -> str:
    """The reason as a sentence, with its effect and the next step."""
    return (
        f"{reason[:1].upper()}{reason[1:]}. helm goes on; what happens meanwhile is neither kept nor shown. "
        "Make room in the state folder."
    )


async def older_logs(runs: RunStore, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
    """The wanted lines before a mark, the newest of them: `least` or some more, fewer only at the beginning."""
    wanted_entries: list[Entry] = []

    def read_before() -> bool:
        nonlocal mark
        events = runs.logs_until(run_id, last_before(mark))
        entries, mark = backwards(events, mark)
        wanted_entries[:0] = [entry for entry in entries if wanted(entry.line)]
        return bool(events) and mark.start > 0

    while more := await asyncio.to_thread(read_before):
        if len(wanted_entries) >= least:
            break
    return Page(wanted_entries, mark if more else None)


async def newer_logs(runs: RunStore, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
    """The wanted lines after a mark, the oldest of them: `least` or some more, fewer only at the record's end."""
    wanted_entries: list[Entry] = []

    def read_after() -> bool:
        nonlocal mark
        events = runs.logs_from(run_id, mark.seq)
        entries, mark = forwards(events, mark)
        wanted_entries.extend(entry for entry in entries if wanted(entry.line))
        return bool(events)

    while more := await asyncio.to_thread(read_after):
        if len(wanted_entries) >= least:
            break
    return Page(wanted_entries, mark if more else None)
