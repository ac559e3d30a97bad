"""`diagnose`: what users feel, the ranked causes, and what could not be seen. Reads only; asks nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from wizard.cli import find_release
from wizard.cli.arguments.release import DiagnoseArguments
from wizard.cli.output import Out
from wizard.core.errors import Exit
from wizard.core.rules.diagnosis import Diagnosis
from wizard.core.rules.finding import Finding
from wizard.core.run.events import Event
from wizard.core.target import Target
from wizard.core.text.time import age
from wizard.engine.release.listing import ReleasesView
from wizard.engine.session import Session

_USERS: Final = {"fine": "pass", "part": "warn", "outside": "fail", "down": "fail", "unknown": "unknown"}
_HEALS: Final = {"yes": "heals by itself", "no": "will not heal by itself", "unknown": "may heal"}
_WORST: Final = (Exit.DONE, Exit.UNKNOWN, Exit.FAILED)


async def diagnose(arguments: DiagnoseArguments, session: Session, out: Out) -> int:
    """Say what is wrong; returns the exit code."""
    found = await find_release.find(arguments, session, quick=True)
    targets = [find_release.target(arguments, session, row) for row in found.rows] or _named(arguments, session)
    told = [one for target in targets for one in await _whole(session, target, out)]
    if not told:
        return find_release.nothing(arguments, found, out)
    for one in told:
        show(one, out)
    _sight(found, told, out)
    code = max((one.code for one in told), key=_WORST.index)
    out.object({
        "command": "diagnose", "exit": int(code), "diagnoses": [one.to_data() for one in told], **find_release.sight(found),
    })  # fmt: skip
    return code


async def _whole(session: Session, target: Target, out: Out) -> list[Diagnosis]:
    """The last view of a look that says something, or none; with --output jsonl as events too."""
    last: list[Diagnosis] = []
    async for view in session.release(target).diagnose():
        last = [view] if _says_something(view) else []
    for one in last:
        for found in one.findings:
            out.event(Event("finding", found.to_data()))
        out.event(Event("verdict", {"state": one.verdict.state, "reason": one.verdict.reason}))
    return last


def _says_something(one: Diagnosis) -> bool:
    return bool(one.findings or one.revision or one.chart or one.verdict.state != "unknown")


def _named(arguments: DiagnoseArguments, session: Session) -> Sequence[Target]:
    """A release that the cluster does not show may still have a failed run here."""
    options = arguments.options()
    if not options.release or not options.namespace:
        return ()
    return (Target(find_release.context(arguments, session), options.namespace, options.release, arguments.kubeconfig),)


def _sight(found: ReleasesView, told: Sequence[Diagnosis], out: Out) -> None:
    if found.hidden and not any(one.unseen for one in told):
        out.line(found.hidden, "unknown")


def show(one: Diagnosis, out: Out) -> None:
    """One diagnosis as lines."""
    now = datetime.now(UTC)
    helm = one.helm_status or "status not known"
    out.line(f"{one.target.release} in {one.target.namespace}: {one.verdict.reason}", one.verdict.state)
    owner = f", managed by {one.owner}" if one.owner else ""
    out.line(f"revision {one.revision or '?'}, helm: {helm}, chart {one.chart or '?'}{owner}")
    since = age(one.impact.since, now) if one.impact.users != "fine" else ""
    out.line(f"users: {one.impact.text}{f', for {since}' if since else ''}", _USERS[one.impact.users])
    if one.way_in:
        out.line("way in: " + "   ".join(f"{step.name} {step.text}" for step in one.way_in))
    if not one.findings:
        out.line(
            "no cause was found" if one.verdict.state in ("stuck", "failed") else "nothing is wrong that can be seen"
        )
    for number, finding in enumerate(one.findings, 1):
        out.line()
        _show_finding(number, finding, now, out)
    if one.findings:
        out.line()
    if one.ruled_out:
        out.line(f"ruled out: {', '.join(one.ruled_out)}")
    if one.before and one.findings:
        out.line("before: " + "   ".join(f"{change.time} {change.text}" for change in one.before))
    for hidden in one.unseen:
        needs = f"; needs: {hidden.permission}" if hidden.permission else ""
        out.line(f"{hidden.what} not seen: {hidden.reason}{needs}", "unknown")


def _show_finding(number: int, one: Finding, now: datetime, out: Out) -> None:
    state = "stuck" if one.terminal else "warn"
    since = age(one.since, now)
    how = [_HEALS[one.heals], f"for {since}" if since else "", "" if one.urgent else "separate, not urgent"]
    out.line(f"{number}. {one.id} {one.object}: {one.title} ({', '.join(filter(None, how))})", state)
    for proof in one.evidence:
        out.line(f"     {proof}{f'  [{proof.time}]' if proof.time else ''}")
    if one.explains:
        out.line(f"   explains: {', '.join(one.explains)}")
    for text in one.remedy:
        out.line(f"   next: {text}")
    for text in one.commands:
        out.line(f"   $ {text}")
    for text in one.avoid:
        out.line(f"   do not: {text}")
    for text in one.unseen:
        out.line(f"   proof missing: {text}")
