"""`status` and `logs` of a release, once or live."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from wizard.cli import find_release
from wizard.cli.arguments.release import LogsArguments, StatusArguments
from wizard.cli.follow import Interrupts, findings_data, next_or_interrupt, objects_data
from wizard.cli.output import Out
from wizard.cli.render import Lines
from wizard.core.errors import Exit, Problem
from wizard.core.rules.verdict import exit_code
from wizard.core.run.events import Event
from wizard.core.run.view import RunView
from wizard.core.text.time import age
from wizard.engine.release.listing import ReleaseRow, ReleasesView
from wizard.engine.session import Session

_LIMIT: Final = 15.0
"""Seconds until a look that brings no verdict ends as unknown; each call below it has a shorter limit of its own."""


async def status(arguments: StatusArguments, session: Session, out: Out) -> int:
    """Say how the release is; returns the exit code."""
    found = await find_release.find(arguments, session)
    if not found.rows:
        return find_release.nothing(arguments, found, out)
    if len(found.rows) > 1:
        return _several(found, out)
    row = found.rows[0]
    target = find_release.target(arguments, session, row)
    if arguments.follow:
        return await _live(session.release(target).watch(logs=False), out)
    view = RunView()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LIMIT):
            for event in await session.release(target).status():
                view.apply(event)
                out.event(event)
    return _one(row, found, view, out)


async def logs(arguments: LogsArguments, session: Session, out: Out) -> int:
    """Show the lines of the release's containers; returns the exit code."""
    found = await find_release.find(arguments, session)
    if not found.rows:
        return find_release.nothing(arguments, found, out)
    if len(found.rows) > 1:
        names = ", ".join(f"{one.name} in {one.namespace}" for one in found.rows)
        raise Problem(f"There are several releases: {names}.", "Name one: logs RELEASE -n NAMESPACE.")
    target = find_release.target(arguments, session, found.rows[0])
    wanted = ("log.lines", "log.gap", "watch.blind")
    if arguments.follow:
        return await _live(session.release(target).watch(), out, only=wanted, container=arguments.container)
    return await _live(
        session.release(target).logs(tail=arguments.tail),
        out,
        only=wanted,
        container=arguments.container,
    )


def _several(found: ReleasesView, out: Out) -> int:
    out.table([_row(one) for one in found.rows])
    out.line(f"looked in {found.looked_in}")
    find_release.hidden(found, out)
    code = max((exit_code(row.verdict, ()) for row in found.rows), key=_severity)
    out.object(
        {
            "command": "status",
            "exit": int(code),
            "releases": [_data(one) for one in found.rows],
            **find_release.sight(found),
        }
    )
    return code


def _severity(code: Exit) -> int:
    """A problem weighs more than something unknown, and that more than health."""
    return (Exit.DONE, Exit.UNKNOWN, Exit.FAILED).index(code)


def _one(row: ReleaseRow, found: ReleasesView, view: RunView, out: Out) -> int:
    state = view.verdict or "unknown"
    reason = view.reason or f"nothing was heard of it within {_LIMIT:.0f} s"
    helm = row.helm_status or "status not known"
    out.line(f"{row.name} in {row.namespace}: {reason}", state)
    out.line(f"revision {row.revision or '?'}, helm: {helm}, chart {row.chart or '?'}, app {row.app_version or '?'}")
    now = datetime.now(UTC)
    out.table(
        [
            (one.state, f"{one.kind}/{one.name}", one.summary, age(one.since, now) or "-", one.reason)
            for one in view.rows()
        ],
        "  ",
    )
    lines = Lines(out)
    if view.waiting and state != "ready":
        waiting = view.waiting
        lines.show(
            Event("waiting", {"what": waiting.what, "since": waiting.since, "why": waiting.why, "heals": waiting.heals})
        )
    for finding in findings_data(view):
        lines.show(Event("finding", finding))
    for blind in view.blind:
        lines.show(Event("watch.blind", {"what": blind.what, "reason": blind.reason, "permission": blind.permission}))
    find_release.hidden(found, out)
    code = exit_code(state, view.ranked_findings())
    out.object({
        "command": "status", "exit": int(code), "releases": [_data(row)], "verdict": state, "reason": reason,
        "objects": objects_data(view), "findings": findings_data(view), **find_release.sight(found),
    })  # fmt: skip
    return code


def _row(one: ReleaseRow) -> tuple[str, ...]:
    ready = f"{one.ready} of {one.total}" if one.total else "-"
    helm = one.helm_status or "?"
    return (one.verdict, one.name, one.namespace, f"rev {one.revision or '?'}", helm, one.chart, ready, one.worst)


def _data(one: ReleaseRow) -> dict[str, Any]:
    return {
        "name": one.name, "namespace": one.namespace, "chart": one.chart, "app_version": one.app_version,
        "revision": one.revision, "helm_status": one.helm_status, "updated": one.updated, "ready": one.ready,
        "total": one.total, "verdict": one.verdict, "worst": one.worst,
    }  # fmt: skip


async def _live(
    stream: AsyncIterator[Sequence[Event]], out: Out, *, only: tuple[str, ...] = (), container: str = ""
) -> int:
    """Show events until the stream ends or Ctrl-C; the exit code is that of the last look, 130 after Ctrl-C."""
    view, lines = RunView(), Lines(out)
    pending: asyncio.Task[Sequence[Event] | None] | None = None
    async with Interrupts() as interrupts:
        while True:
            pending, done = await next_or_interrupt(stream, pending, interrupts)
            if not done:
                pending.cancel()
                return Exit.INTERRUPTED
            batch, pending = pending.result(), None
            if batch is None:
                break
            for event in batch:
                if (only and event.type not in only) or (
                    container and event.data.get("container", container) != container
                ):
                    continue
                if event.type != "log.lines":  # shown and let go; only the verdict is asked for at the end
                    view.apply(event)
                out.event(event)
                lines.show(event)
    return exit_code(view.verdict, view.ranked_findings()) if not only else Exit.DONE
