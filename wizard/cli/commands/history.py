"""`history`: the revisions of a release, one of them, or two compared. Secrets are masked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from wizard.cli.arguments.release import HistoryArguments
from wizard.cli.output import Out, columns
from wizard.cli.release import the_release
from wizard.core.errors import Exit, Problem
from wizard.core.text.words import counted
from wizard.engine.release.compare import Comparison
from wizard.engine.release.history import RevisionText
from wizard.engine.release.records import Revision
from wizard.engine.session import Session


async def history(arguments: HistoryArguments, session: Session, out: Out) -> int:
    """Show revisions, the values or manifest of one, or the differences of two; returns the exit code."""
    wanted = arguments.revisions()
    asked: Mapping[RevisionText, bool] = {
        "values": arguments.values, "all": arguments.all, "manifest": arguments.manifest,
    }  # fmt: skip
    parts = [name for name, given in asked.items() if given]
    if len(parts) > 1 or (parts and len(wanted) != 1):
        raise Problem(
            "--values, --all and --manifest show one thing of one revision.", "Write it as in history 3 --values."
        )
    target = await the_release(arguments, session)
    if parts:
        text = await session.release(target).revision_text(wanted[0], parts[0])
        out.block(text, "")
        out.object({"command": "history", "exit": 0, "revision": wanted[0], parts[0]: text})
        return Exit.DONE
    if len(wanted) == 2:
        comparison = await session.release(target).compare(*wanted)
        _show_comparison(comparison, out)
        out.object({"command": "history", "exit": 0, **comparison.to_data()})
        return Exit.DONE
    revisions = list(await session.release(target).history())
    if wanted:
        return await _show_revision(session, target, revisions, wanted[0], out)
    out.line(f"{target.release} in {target.namespace}: {counted(len(revisions), 'revision')} kept")
    for line in columns([_row(revision) for revision in revisions]):
        out.line(f"  {line}")
    out.object({"command": "history", "exit": 0, "revisions": [revision.to_data() for revision in revisions]})
    return Exit.DONE


async def _show_revision(session: Session, target: Any, revisions: list[Revision], number: int, out: Out) -> int:
    numbers = [revision.revision for revision in revisions]
    if number not in numbers:
        raise Problem(
            f"{target.release} has no revision {number}.", f"Revisions that are kept: {', '.join(map(str, numbers))}."
        )
    at = numbers.index(number)
    out.line("  ".join(_row(revisions[at])))
    data: dict[str, Any] = {"command": "history", "exit": 0, "revisions": [revisions[at].to_data()]}
    if at and not (revisions[at].problem or revisions[at - 1].problem):
        comparison = await session.release(target).compare(numbers[at - 1], number)
        _show_comparison(comparison, out)
        data["compared"] = comparison.to_data()
    out.object(data)
    return Exit.DONE


def _row(revision: Revision) -> tuple[str, ...]:
    text = revision.problem or revision.description
    return (
        str(revision.revision),
        _when(revision.updated),
        revision.status,
        revision.chart or "?",
        revision.app_version or "?",
        revision.who or "-",
        text,
    )


def _when(time: str) -> str:
    try:
        return f"{datetime.fromisoformat(time).astimezone():%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return time or "?"


def _show_comparison(comparison: Comparison, out: Out) -> None:
    out.line(
        f"revision {comparison.old} -> {comparison.new}"
        + (
            f", chart {comparison.chart[0]} -> {comparison.chart[1]}"
            if comparison.chart[0] != comparison.chart[1]
            else ""
        )
    )
    if comparison.values:
        out.line("values:")
        for line in comparison.values:
            out.line(f"  {line}")
    for diff in comparison.objects:
        out.line(f"{diff.change} {diff.label}:")
        for line in diff.lines:
            out.line(f"  {line}")
    if not (comparison.values or comparison.objects):
        out.line("values and manifest are the same")
