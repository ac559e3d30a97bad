"""What a run, or the newest revision, changed: from helm's records and the record of the run."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from wizard.core.errors import Problem
from wizard.core.report.changes import Changes, cut, listed
from wizard.core.run.summary import RunSummary
from wizard.core.run.view import RunView
from wizard.core.target import Target
from wizard.engine.release import compare, history, records
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents
from wizard.ports.store import RunStore

_RUN: Final = re.compile(r"\(run (\S+)\)")
_RECORD_SECONDS: Final = 2.0
"""How long the record of a run may take: that of one that goes on has no end."""


async def of(cluster: Cluster, documents: Documents, target: Target, runs: RunStore, run: RunSummary | None) -> Changes:
    """The changes of a run, or of the newest revision without one. Raises nothing: what is hidden is said in the note."""
    try:
        revisions = await history.history(cluster, target, runs.runs())
    except Problem as problem:
        return await _with_run(Changes(note=f"Helm's records are not read: {problem.what}"), runs, run)
    numbers = [one.revision for one in revisions]
    makers = {one.revision: match[1] for one in revisions if (match := _RUN.search(one.who))}
    if run:
        number = next((number for number, maker in makers.items() if maker == run.id), 0)
        note = "" if number else "The run made no revision of the release that is still there."
    else:
        number, note = (max(numbers), "") if numbers else (0, "The release has no revision.")
        run = next((one for one in runs.runs() if one.id == makers.get(number)), None)
    if not number:
        return await _with_run(Changes(note=note), runs, run)
    old = max((one for one in numbers if one < number), default=0)
    try:
        after = await records.read(cluster, target, number)
        before = await records.read(cluster, target, old) if old else replace(after, revision=0, manifest="", config={})
        found = await asyncio.to_thread(compare.revisions, documents, before, after)
    except Problem as problem:
        return await _with_run(Changes(old, number, note=f"Its record is not read: {problem.what}"), runs, run)
    objects, more = listed((one.label, one.change, one.lines) for one in found.objects)
    return await _with_run(Changes(old, number, "", (), objects, cut(found.values), more), runs, run)


async def _with_run(changes: Changes, runs: RunStore, run: RunSummary | None) -> Changes:
    """With what the record of the run says of its end, and of what it made besides helm."""
    if run is None:
        return changes
    view = RunView()
    try:
        async with asyncio.timeout(_RECORD_SECONDS):
            async for batch in runs.follow(run.id):
                for event in batch:
                    view.apply(event)
    except (TimeoutError, Problem):
        pass  # what was read of it is shown
    by = f"{run.operation} by {run.who or 'somebody here'}, run {run.id}, {_end(run, view)}"
    return replace(changes, by=by, made=tuple(_made(view)))


def _end(run: RunSummary, view: RunView) -> str:
    if run.code is None:
        return run.state
    return f"ended with {run.code}{f': {view.reason}' if view.reason else ''}"


def _made(view: RunView) -> Iterator[str]:
    for one in view.made:
        keys = f" (keys {', '.join(one.keys)})" if one.keys else ""
        yield f"{one.kind}/{one.name} {one.action}{keys}"
