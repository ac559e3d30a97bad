"""`diagnose`: the impact on users, the ranked findings, and what could not be read. Read-only; asks nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from wizard.cli import find_release
from wizard.cli.answers import require_context
from wizard.cli.arguments.release import DiagnoseArguments
from wizard.cli.output import Out
from wizard.cli.release import saved_bundle
from wizard.core.errors import Exit
from wizard.core.rules.diagnosis import USERS_STATES, Diagnosis
from wizard.core.rules.finding import HEALS, Finding
from wizard.core.run.events import Event
from wizard.core.target import Target
from wizard.core.text.time import age, parse_time
from wizard.core.text.words import symbol
from wizard.engine.release.rows import ReleasesView
from wizard.engine.session import Session

_WORST: Final = (Exit.DONE, Exit.UNKNOWN, Exit.FAILED)


async def diagnose(arguments: DiagnoseArguments, session: Session, out: Out) -> int:
    """Print what is wrong with each release; returns the exit code."""
    if arguments.bundle:
        return _of_bundle(arguments, session, out)
    releases, diagnoses = await _of_named(arguments, session, out)
    if not diagnoses:
        releases = await find_release.find(arguments, session, quick=True)
        targets = [find_release.target(arguments, session, row) for row in releases.rows]
        diagnoses = [view for target in targets for view in await _last_view(session, target, out, arguments.reach)]
    if not diagnoses:
        return find_release.nothing(arguments, releases, out)
    for diagnosis in diagnoses:
        show(diagnosis, out)
    _show_hidden(releases, diagnoses, out)
    code = max((diagnosis.code for diagnosis in diagnoses), key=_WORST.index)
    out.object({
        "command": "diagnose", "exit": int(code),
        "diagnoses": [diagnosis.to_data() for diagnosis in diagnoses], **find_release.searched(releases),
    })  # fmt: skip
    return code


async def _last_view(session: Session, target: Target, out: Out, reach: float) -> list[Diagnosis]:
    """The last view of a diagnosis in a list, empty when it is about no release; also as events of --output jsonl."""
    last: list[Diagnosis] = []
    async for view in session.release(target).diagnose(reach=reach):
        last = [view] if _has_content(view) else []
    for diagnosis in last:
        events(diagnosis, out)
    return last


def events(diagnosis: Diagnosis, out: Out) -> None:
    """Print the findings and the verdict of one diagnosis as events of --output jsonl."""
    for finding in diagnosis.findings:
        out.event(Event("finding", finding.to_data()))
    out.event(Event("verdict", {"state": diagnosis.verdict.state, "reason": diagnosis.verdict.reason}))


def _of_bundle(arguments: DiagnoseArguments, session: Session, out: Out) -> int:
    """The diagnosis of a saved observation, at its time; no cluster is contacted."""
    bundle = saved_bundle(arguments, session)
    diagnosis = bundle.diagnosis()
    out.message(f"As saved at {diagnosis.at} by llm-cost-ops-wizard {bundle.tool}; no cluster was contacted.")
    events(diagnosis, out)
    show(diagnosis, out)
    saved = {"path": arguments.bundle, "tool": bundle.tool, "withheld": len(bundle.withheld)}
    out.object(
        {"command": "diagnose", "exit": int(diagnosis.code), "bundle": saved, "diagnoses": [diagnosis.to_data()]}
    )
    return diagnosis.code


def _has_content(diagnosis: Diagnosis) -> bool:
    return bool(diagnosis.findings or diagnosis.revision or diagnosis.chart or diagnosis.verdict.state != "unknown")


async def _of_named(
    arguments: DiagnoseArguments, session: Session, out: Out
) -> tuple[ReleasesView, Sequence[Diagnosis]]:
    """The named release, which nothing has to be searched for: a failed run on this machine may be all there is of it."""
    options = arguments.options()
    nowhere = ReleasesView((), f"namespace {options.namespace}")
    if not options.release or not options.namespace:
        return nowhere, ()
    require_context(arguments, session.kubeconfig())
    context = find_release.context(arguments, session)
    target = Target(context, options.namespace, options.release, arguments.kubeconfig)
    return nowhere, await _last_view(session, target, out, arguments.reach)


def _show_hidden(releases: ReleasesView, diagnoses: Sequence[Diagnosis], out: Out) -> None:
    if releases.hidden and not any(diagnosis.unseen for diagnosis in diagnoses):
        out.line(releases.hidden, "unknown")


def show(diagnosis: Diagnosis, out: Out) -> None:
    """Print one diagnosis, with ages at its own time."""
    now = parse_time(diagnosis.at) or datetime.now(UTC)
    helm = diagnosis.helm_status or "status not known"
    out.line(
        f"{diagnosis.target.release} in {diagnosis.target.namespace}: {diagnosis.verdict.reason}",
        diagnosis.verdict.state,
    )
    chart = f", chart {diagnosis.chart}" if diagnosis.chart else ""
    owner = f", managed by {diagnosis.owner}" if diagnosis.owner else ""
    out.line(f"revision {diagnosis.revision or '?'}, helm: {helm}{chart}{owner}")
    since = age(diagnosis.impact.since, now) if diagnosis.impact.users != "fine" else ""
    out.line(f"users: {diagnosis.impact.text}{f', for {since}' if since else ''}", USERS_STATES[diagnosis.impact.users])
    if diagnosis.way_in:
        out.line("way in: " + "   ".join(f"{step.name} {symbol(step.state)} {step.text}" for step in diagnosis.way_in))
    if not diagnosis.findings:
        out.line(diagnosis.nothing_found)
    for number, finding in enumerate(diagnosis.findings, 1):
        out.line()
        _show_finding(number, finding, now, out)
    if diagnosis.findings:
        out.line()
    if diagnosis.ruled_out:
        out.line(f"ruled out: {', '.join(diagnosis.ruled_out)}")
    if diagnosis.before and diagnosis.findings:
        out.line("before: " + "   ".join(f"{change.time} {change.text}" for change in diagnosis.before))
    for hidden in diagnosis.unseen:
        needs = f"; needs: {hidden.permission}" if hidden.permission else ""
        out.line(f"{hidden.what} not seen: {hidden.reason}{needs}", "unknown")


def _show_finding(number: int, finding: Finding, now: datetime, out: Out) -> None:
    state = "stuck" if finding.terminal else "warn"
    since = age(finding.since, now)
    how = [HEALS[finding.heals], f"for {since}" if since else "", "" if finding.urgent else "separate, not urgent"]
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
