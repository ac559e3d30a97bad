"""Looks into a run's record for log lines that the ring has dropped: some at a time, off the loop, filtered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from wizard.core.run.log_buffer import Line
from wizard.core.run.log_window import Entry, Mark, Page, backwards, forwards, last_before
from wizard.ports.store import RunStore

Wanted = Callable[[Line], bool]


async def older(runs: RunStore, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
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


async def newer(runs: RunStore, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
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
