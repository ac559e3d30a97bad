"""`status` and `logs` of a release, once or live."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from wizard.cli import find_release
from wizard.cli.arguments.release import LogsArguments, StatusArguments
from wizard.cli.follow import Interrupts, findings_data, next_or_interrupt, objects_data, reach_data
from wizard.cli.output import Out
from wizard.cli.render import EventPrinter
from wizard.core.errors import Exit, Problem
from wizard.core.rules.verdict import exit_code
from wizard.core.run.events import Event
from wizard.core.run.view import RunView
from wizard.core.text.time import age
from wizard.engine.release.rows import ReleaseRow, ReleasesView
from wizard.engine.session import Session

_LIMIT: Final = 15.0
"""Seconds until a status without a verdict ends as unknown; each call below it has a shorter limit."""


async def status(arguments: StatusArguments, session: Session, out: Out) -> int:
    """Print the status of the release; returns the exit code."""
    releases = await find_release.find(arguments, session)
    if not releases.rows:
        return find_release.nothing(arguments, releases, out)
    if len(releases.rows) > 1:
        return _several(releases, out)
    row = releases.rows[0]
    target = find_release.target(arguments, session, row)
    if arguments.follow:
        return await _live(session.release(target).watch(logs=False), out)
    view = RunView()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_LIMIT):
            for event in await session.release(target).status(reach=arguments.reach):
                view.apply(event)
                out.event(event)
    return _show(row, releases, view, out)


async def logs(arguments: LogsArguments, session: Session, out: Out) -> int:
    """Show the logs of the release's containers; returns the exit code."""
    releases = await find_release.find(arguments, session)
    if not releases.rows:
        return find_release.nothing(arguments, releases, out)
    if len(releases.rows) > 1:
        names = ", ".join(f"{row.name} in {row.namespace}" for row in releases.rows)
        raise Problem(f"There are several releases: {names}.", "Name one: logs RELEASE -n NAMESPACE.")
    target = find_release.target(arguments, session, releases.rows[0])
    wanted = ("log.lines", "log.gap", "watch.blind")
    if arguments.follow:
        return await _live(session.release(target).watch(), out, only=wanted, container=arguments.container)
    return await _live(
        session.release(target).logs(tail=arguments.tail),
        out,
        only=wanted,
        container=arguments.container,
    )


def _several(releases: ReleasesView, out: Out) -> int:
    out.table([_row(row) for row in releases.rows])
    out.line(f"looked in {releases.looked_in}")
    find_release.hidden(releases, out)
    code = max((exit_code(row.verdict, ()) for row in releases.rows), key=_severity)
    out.object(
        {
            "command": "status",
            "exit": int(code),
            "releases": [_data(row) for row in releases.rows],
            **find_release.searched(releases),
        }
    )
    return code


def _severity(code: Exit) -> int:
    """Ranks exit codes: a problem before something unknown before health."""
    return (Exit.DONE, Exit.UNKNOWN, Exit.FAILED).index(code)


def _show(row: ReleaseRow, releases: ReleasesView, view: RunView, out: Out) -> int:
    state = view.verdict or "unknown"
    reason = view.reason or f"the cluster gave no answer within {_LIMIT:.0f} s"
    helm = row.helm_status or "status not known"
    out.line(f"{row.name} in {row.namespace}: {reason}", state)
    chart = f", chart {row.chart}" if row.chart else ""
    app = f", app {row.app_version}" if row.app_version else ""
    out.line(f"revision {row.revision or '?'}, helm: {helm}{chart}{app}")
    now = datetime.now(UTC)
    out.table(
        [
            (member.state, f"{member.kind}/{member.name}", member.summary, age(member.since, now) or "-", member.reason)
            for member in view.rows()
        ],
        "  ",
    )
    printer = EventPrinter(out)
    if view.reach:
        printer.show(Event("reach", view.reach.to_data()))
    if view.waiting and state != "ready":
        waiting = view.waiting
        printer.show(
            Event("waiting", {"what": waiting.what, "since": waiting.since, "why": waiting.why, "heals": waiting.heals})
        )
    for finding in findings_data(view):
        printer.show(Event("finding", finding))
    for hidden in view.blind:
        printer.show(
            Event("watch.blind", {"what": hidden.what, "reason": hidden.reason, "permission": hidden.permission})
        )
    find_release.hidden(releases, out)
    code = exit_code(state, view.ranked_findings())
    out.object({
        "command": "status", "exit": int(code), "releases": [_data(row)], "verdict": state, "reason": reason,
        "objects": objects_data(view), "findings": findings_data(view), **reach_data(view), **find_release.searched(releases),
    })  # fmt: skip
    return code


def _row(row: ReleaseRow) -> tuple[str, ...]:
    ready = f"{row.ready} of {row.total}" if row.total else "-"
    helm = row.helm_status or "?"
    return (row.verdict, row.name, row.namespace, f"rev {row.revision or '?'}", helm, row.chart, ready, row.worst)


def _data(row: ReleaseRow) -> dict[str, Any]:
    return {
        "name": row.name, "namespace": row.namespace, "chart": row.chart, "app_version": row.app_version,
        "revision": row.revision, "helm_status": row.helm_status, "updated": row.updated, "ready": row.ready,
        "total": row.total, "verdict": row.verdict, "worst": row.worst,
    }  # fmt: skip


async def _live(
    stream: AsyncIterator[Sequence[Event]], out: Out, *, only: tuple[str, ...] = (), container: str = ""
) -> int:
    """Show events until the stream ends or Ctrl-C; returns the exit code of the last verdict, 130 after Ctrl-C."""
    view, printer = RunView(), EventPrinter(out)
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
                if event.type != "log.lines":  # log lines are not kept: the end needs the verdict only
                    view.apply(event)
                out.event(event)
                printer.show(event)
    return exit_code(view.verdict, view.ranked_findings()) if not only else Exit.DONE
