"""`diagnose`: the impact on users, the ranked findings, and what could not be read. Read-only; asks nothing."""

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
    """Print what is wrong with each release; returns the exit code."""
    releases = await find_release.find(arguments, session, quick=True)
    targets = [find_release.target(arguments, session, row) for row in releases.rows] or _named(arguments, session)
    diagnoses = [view for target in targets for view in await _last_view(session, target, out)]
    if not diagnoses:
        return find_release.nothing(arguments, releases, out)
    for diagnosed in diagnoses:
        show(diagnosed, out)
    _show_hidden(releases, diagnoses, out)
    code = max((diagnosed.code for diagnosed in diagnoses), key=_WORST.index)
    out.object({
        "command": "diagnose", "exit": int(code), "diagnoses": [diagnosed.to_data() for diagnosed in diagnoses], **find_release.searched(releases),
    })  # fmt: skip
    return code


async def _last_view(session: Session, target: Target, out: Out) -> list[Diagnosis]:
    """The last view of a diagnosis in a list, empty when it is about no release; also as events of --output jsonl."""
    last: list[Diagnosis] = []
    async for view in session.release(target).diagnose():
        last = [view] if _has_content(view) else []
    for diagnosed in last:
        for finding in diagnosed.findings:
            out.event(Event("finding", finding.to_data()))
        out.event(Event("verdict", {"state": diagnosed.verdict.state, "reason": diagnosed.verdict.reason}))
    return last


def _has_content(diagnosed: Diagnosis) -> bool:
    return bool(diagnosed.findings or diagnosed.revision or diagnosed.chart or diagnosed.verdict.state != "unknown")


def _named(arguments: DiagnoseArguments, session: Session) -> Sequence[Target]:
    """The named release: one that the cluster does not show may still have a failed run on this machine."""
    options = arguments.options()
    if not options.release or not options.namespace:
        return ()
    return (Target(find_release.context(arguments, session), options.namespace, options.release, arguments.kubeconfig),)


def _show_hidden(releases: ReleasesView, diagnoses: Sequence[Diagnosis], out: Out) -> None:
    if releases.hidden and not any(diagnosed.unseen for diagnosed in diagnoses):
        out.line(releases.hidden, "unknown")


def show(diagnosed: Diagnosis, out: Out) -> None:
    """Print one diagnosis."""
    now = datetime.now(UTC)
    helm = diagnosed.helm_status or "status not known"
    out.line(
        f"{diagnosed.target.release} in {diagnosed.target.namespace}: {diagnosed.verdict.reason}",
        diagnosed.verdict.state,
    )
    owner = f", managed by {diagnosed.owner}" if diagnosed.owner else ""
    out.line(f"revision {diagnosed.revision or '?'}, helm: {helm}, chart {diagnosed.chart or '?'}{owner}")
    since = age(diagnosed.impact.since, now) if diagnosed.impact.users != "fine" else ""
    out.line(f"users: {diagnosed.impact.text}{f', for {since}' if since else ''}", _USERS[diagnosed.impact.users])
    if diagnosed.way_in:
        out.line("way in: " + "   ".join(f"{step.name} {step.text}" for step in diagnosed.way_in))
    if not diagnosed.findings:
        out.line(
            "no cause was found"
            if diagnosed.verdict.state in ("stuck", "failed")
            else "nothing is wrong that can be seen"
        )
    for number, finding in enumerate(diagnosed.findings, 1):
        out.line()
        _show_finding(number, finding, now, out)
    if diagnosed.findings:
        out.line()
    if diagnosed.ruled_out:
        out.line(f"ruled out: {', '.join(diagnosed.ruled_out)}")
    if diagnosed.before and diagnosed.findings:
        out.line("before: " + "   ".join(f"{change.time} {change.text}" for change in diagnosed.before))
    for hidden in diagnosed.unseen:
        needs = f"; needs: {hidden.permission}" if hidden.permission else ""
        out.line(f"{hidden.what} not seen: {hidden.reason}{needs}", "unknown")


def _show_finding(number: int, finding: Finding, now: datetime, out: Out) -> None:
    state = "stuck" if finding.terminal else "warn"
    since = age(finding.since, now)
    how = [_HEALS[finding.heals], f"for {since}" if since else "", "" if finding.urgent else "separate, not urgent"]
    out.line(f"{number}. {finding.id} {finding.object}: {finding.title} ({', '.join(filter(None, how))})", state)
    for proof in finding.evidence:
        out.line(f"     {proof}{f'  [{proof.time}]' if proof.time else ''}")
    if finding.explains:
        out.line(f"   explains: {', '.join(finding.explains)}")
    for text in finding.remedy:
        out.line(f"   next: {text}")
    for text in finding.commands:
        out.line(f"   $ {text}")
    for text in finding.avoid:
        out.line(f"   do not: {text}")
    for text in finding.unseen:
        out.line(f"   proof missing: {text}")
