"""`history`: the revisions of a release, one of them, or two compared. Secrets are masked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wizard.cli.arguments.release import HistoryArguments
from wizard.cli.output import Out, columns
from wizard.cli.release import the_release
from wizard.core.errors import Exit, Problem
from wizard.engine.release.compare import Comparison
from wizard.engine.release.history import RevisionText
from wizard.engine.release.records import Revision
from wizard.engine.session import Session


async def history(arguments: HistoryArguments, session: Session, out: Out) -> int:
    """Show revisions, one revision's values or manifest, or what differs between two; returns the exit code."""
    wanted = arguments.revisions()
    asked: Mapping[RevisionText, bool] = {
        "values": arguments.values, "all": arguments.all, "manifest": arguments.manifest,
    }  # fmt: skip
    whats = [name for name, given in asked.items() if given]
    if len(whats) > 1 or (whats and len(wanted) != 1):
        raise Problem(
            "--values, --all and --manifest show one thing of one revision.", "Write it as in history 3 --values."
        )
    target = await the_release(arguments, session)
    if whats:
        text = await session.release(target).revision_text(wanted[0], whats[0])
        out.block(text, "")
        out.object({"command": "history", "exit": 0, "revision": wanted[0], whats[0]: text})
        return Exit.DONE
    if len(wanted) == 2:
        comparison = await session.release(target).compare(*wanted)
        _compared(comparison, out)
        out.object({"command": "history", "exit": 0, **comparison.to_data()})
        return Exit.DONE
    found = list(await session.release(target).history())
    if wanted:
        return await _one(session, target, found, wanted[0], out)
    out.line(f"{target.release} in {target.namespace}: {len(found)} revisions are kept")
    for line in columns([_row(one) for one in found]):
        out.line(f"  {line}")
    out.object({"command": "history", "exit": 0, "revisions": [one.to_data() for one in found]})
    return Exit.DONE


async def _one(session: Session, target: Any, found: list[Revision], number: int, out: Out) -> int:
    known = [one.revision for one in found]
    if number not in known:
        raise Problem(
            f"{target.release} has no revision {number}.", f"Revisions that are kept: {', '.join(map(str, known))}."
        )
    at = known.index(number)
    out.line("  ".join(_row(found[at])))
    data: dict[str, Any] = {"command": "history", "exit": 0, "revisions": [found[at].to_data()]}
    if at and not (found[at].problem or found[at - 1].problem):
        comparison = await session.release(target).compare(known[at - 1], number)
        _compared(comparison, out)
        data["compared"] = comparison.to_data()
    out.object(data)
    return Exit.DONE


def _row(one: Revision) -> tuple[str, ...]:
    said = one.problem or one.description
    return (
        str(one.revision),
        _when(one.updated),
        one.status,
        one.chart or "?",
        one.app_version or "?",
        one.who or "-",
        said,
    )


def _when(time: str) -> str:
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return time or "?"


def _compared(one: Comparison, out: Out) -> None:
    out.line(
        f"revision {one.old} -> {one.new}"
        + (f", chart {one.chart[0]} -> {one.chart[1]}" if one.chart[0] != one.chart[1] else "")
    )
    if one.values:
        out.line("values:")
        for line in one.values:
            out.line(f"  {line}")
    for diff in one.objects:
        out.line(f"{diff.change} {diff.label}:")
        for line in diff.lines:
            out.line(f"  {line}")
    if not (one.values or one.objects):
        out.line("values and manifest are the same")
