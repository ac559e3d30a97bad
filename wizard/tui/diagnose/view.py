"""A diagnosis as rows: impact on users, ranked causes, remedies, and what could not be read. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from wizard.core.rules.timeline import first_failure
from wizard.core.text.time import age, parse_time
from wizard.tui.text import Row, beside, cells, cut, ends, mark, time_of_day, wrap

if TYPE_CHECKING:
    from wizard.core.rules.diagnosis import Diagnosis, Step
    from wizard.core.rules.finding import Finding

_USERS: Final = {
    "fine": ("USERS FINE", "ok"),
    "part": ("SOME PODS ANSWER", "warning"),
    "outside": ("NOT REACHABLE FROM OUTSIDE", "error"),
    "down": ("USERS SEE NOTHING", "error"),
    "unknown": ("USERS: NOT KNOWN", "dim"),
}
_ROLLOUT: Final = {"stuck": "ROLLOUT STUCK", "failed": "ROLLOUT FAILED", "progressing": "on its way", "ready": "ready"}
HEALS: Final = {"yes": "heals by itself", "no": "will not heal", "unknown": "may heal"}
_MOMENTS: Final = {"change": ("*", "accent"), "failure": ("x", "error"), "note": ("-", "dim")}
_EVIDENCE: Final = 3
"""Lines of evidence below the selected cause; Enter shows all of them."""
_LABEL: Final = 12


@dataclass(frozen=True)
class DiagnoseView:
    """Rows, and the row numbers at which a cause begins."""

    rows: tuple[Row, ...]
    places: tuple[int, ...]


def layout(diagnosis: Diagnosis, now: datetime, width: int, chosen: int) -> DiagnoseView:
    """The whole screen, with the pointer on the chosen cause."""
    rows: list[Row] = [_headline(diagnosis, now, width), *_way_in(diagnosis, width), ()]
    places: list[int] = []
    for number, finding in enumerate(diagnosis.findings):
        places.append(len(rows))
        rows += _cause(finding, number, now, width, chosen=number == chosen)
    if not diagnosis.findings:
        wrong = diagnosis.verdict.state in ("stuck", "failed")
        sign = mark("warn" if wrong else "pass")[0]
        rows.append(((f" {sign} {diagnosis.nothing_found}", "warning" if wrong else "ok"),))
    if diagnosis.findings:
        rows += [(), *_now(diagnosis, width), (), *_background(diagnosis, width)]
    for hidden in diagnosis.unseen:
        needs = f"  Needs: {hidden.permission}" if hidden.permission else ""
        rows += beside(
            " ? hidden", f"{hidden.what}: {hidden.reason}.{needs}", width - 1, label_width=_LABEL, tone="dim"
        )
    return DiagnoseView(tuple(rows), tuple(places))


def evidence_rows(finding: Finding, width: int) -> list[Row]:
    """Everything about one cause."""
    rows: list[Row] = []
    for evidence in finding.evidence:
        where = " ".join(filter(None, (evidence.object, evidence.field)))
        rows += beside(" seen", f"{where}: " if where else "", width, label_width=_LABEL, tone="dim") if where else []
        rows += [((" " * _LABEL, ""), (line, "")) for line in wrap(evidence.text, width - _LABEL)]
        rows += [((" " * _LABEL, ""), (f"at {evidence.time}", "dim"))] if evidence.time else []
    for label, texts, tone in (
        (" explains", finding.explains, ""), (" next", finding.remedy, "strong"), (" $", finding.commands, "accent"),
        (" do not", finding.avoid, "error"), (" missing", finding.unseen, "dim"),
    ):  # fmt: skip
        for text in texts:
            rows += beside(label, text, width, label_width=_LABEL, tone=tone)
    return rows


def timeline_rows(diagnosis: Diagnosis, width: int) -> list[Row]:
    """Every moment that is known, oldest first, with a line where the first failure began."""
    began = first_failure(diagnosis.findings)
    rows: list[Row] = []
    for moment in diagnosis.timeline:
        when = parse_time(moment.time)
        if began and when and when >= began:
            rows.append((("   --- the first failure ---", "error"),))
            began = None
        sign, tone = _MOMENTS[moment.kind]
        stamp = f" {moment.time[5:10]} {time_of_day(moment.time)} "
        label: Row = ((stamp, "dim"), (f"{sign} ", tone))
        about = f"{moment.object}: " if moment.object and moment.object not in moment.text else ""
        first, *more = wrap(f"{about}{moment.text}", width - cells(label))
        rows.append((*label, (first, "strong" if moment.kind == "change" else "")))
        rows += [((" " * cells(label), ""), (line, "")) for line in more]
    return rows or [((" nothing is known of what happened", "dim"),)]


def message(diagnosis: Diagnosis, now: datetime) -> str:
    """The diagnosis as lines for a chat or a hand-over: impact, causes with proof, what to do and what not, what is hidden."""
    lines = [
        f"{diagnosis.target.release} in {diagnosis.target.namespace} ({diagnosis.target.context}), {diagnosis.at}: {diagnosis.impact.text}"
    ]
    for number, finding in enumerate(diagnosis.findings[:3], 1):
        since = age(finding.since, now)
        lines.append(f"{number}. {finding.object}: {finding.title}" + (f" (since {since})" if since else ""))
        lines += [f"   {evidence}" for evidence in map(str, finding.evidence[:1])]
    for first in diagnosis.findings[:1]:
        lines += [f"Next: {text}" for text in first.remedy]
        lines += [f"  $ {command}" for command in first.commands]
        lines += [f"Avoid: {text}" for text in first.avoid]
        lines += [f"Before: {change.time} {change.text}" for change in diagnosis.before[-3:]]
        lines += [f"Not seen: {hidden.what} ({hidden.permission or hidden.reason})" for hidden in diagnosis.unseen]
    if not diagnosis.findings:
        lines.append(diagnosis.verdict.reason)
    return "\n".join(lines)


def _headline(diagnosis: Diagnosis, now: datetime, width: int) -> Row:
    word, tone = _USERS[diagnosis.impact.users]
    rollout = _ROLLOUT.get(diagnosis.verdict.state, "")
    worse = f", {rollout}" if diagnosis.verdict.state in ("stuck", "failed") else ""
    since = age(diagnosis.impact.since, now) if worse or diagnosis.impact.users != "fine" else ""
    left: Row = ((f" {word}{worse}", tone if not worse else "error"), (f" {since}" if since else "", "strong"))
    return (*left, ("   ", ""), (cut(diagnosis.impact.text, width - cells(left) - 4), ""))


def _way_in(diagnosis: Diagnosis, width: int) -> Iterator[Row]:
    if diagnosis.way_in:
        yield from beside(" Way in", "   ".join(map(_step, diagnosis.way_in)), width - 1, label_width=_LABEL - 3)


def _step(step: Step) -> str:
    """A rung of the way in; one that holds needs no more than its sign, and a Service its endpoints."""
    said = step.text if step.state != "pass" or step.name.startswith("Service/") else ""
    return f"{step.name} {mark(step.state)[0]} {said}".rstrip()


def _cause(finding: Finding, number: int, now: datetime, width: int, *, chosen: bool) -> list[Row]:
    sign, tone = mark("fail" if finding.terminal else "warn")
    how = HEALS[finding.heals] if finding.urgent else "separate, not urgent"
    since = age(finding.since, now)
    right: Row = ((f"{how}{f'  {since}' if since else ''}", "dim"),)
    lead: Row = ((" > " if chosen else "   ", "accent"), (f"{number + 1} ", ""), (f"{sign} ", tone))
    first, *more = wrap(finding.title, max(30, width - cells(lead) - cells(right) - 2))
    rows = [ends((*lead, (first, "strong")), right, width)]
    rows += [(("       ", ""), (line, "strong")) for line in more]
    rows.append((("       ", ""), (cut(f"{finding.id} {finding.object}", width - 8), "dim")))
    for evidence in finding.evidence[: _EVIDENCE if chosen else 1]:
        field = f"{evidence.field}: " if evidence.field else ""
        rows.append((("       ", ""), (cut(field, width - 8), "dim"), (cut(evidence.text, width - 8 - len(field)), "")))
    if finding.explains:
        rows.append((("       ", ""), (cut(f"explains: {', '.join(finding.explains)}", width - 8), "dim")))
    return rows


def _now(diagnosis: Diagnosis, width: int) -> Iterator[Row]:
    """What to do about the first cause, and what not."""
    first = diagnosis.findings[0]
    for number, text in enumerate(first.remedy):
        yield from beside(" Now" if number == 0 else "", text, width - 1, label_width=_LABEL, label_tone="accent")
    for text in first.avoid:
        yield from beside(" DO NOT", text, width - 1, label_width=_LABEL, label_tone="error")
    if diagnosis.owner:
        yield from beside(" Owner", f"{diagnosis.owner}: change it there, not here", width - 1, label_width=_LABEL)


def _background(diagnosis: Diagnosis, width: int) -> Iterator[Row]:
    """What came before, and what was ruled out."""
    if diagnosis.before:
        changes = "   ".join(f"{time_of_day(change.time)[:5]} {change.text}" for change in diagnosis.before[-3:])
        yield from beside(" Before", changes, width - 1, label_width=_LABEL, tone="dim")
    if diagnosis.ruled_out:
        yield from beside(" Ruled out", ", ".join(diagnosis.ruled_out), width - 1, label_width=_LABEL, tone="dim")


def facts(diagnosis: Diagnosis) -> str:
    """Revision and helm's status for the header."""
    return cut(f"revision {diagnosis.revision or '?'}, helm: {diagnosis.helm_status or 'not seen'}", 60)
