"""A diagnosis as rows: what users feel, the ranked causes, what to do now, what could not be seen. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from wizard.core.text.time import age
from wizard.tui.text import Row, beside, cells, cut, ends, mark, time_of_day, wrap

if TYPE_CHECKING:
    from wizard.core.rules.diagnosis import Diagnosis
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
_PROOFS: Final = 3
"""Lines of evidence below a cause; Enter shows all of it."""
_LABEL: Final = 12


@dataclass(frozen=True)
class DiagnoseView:
    """Rows, and the row numbers on which a cause begins."""

    rows: tuple[Row, ...]
    places: tuple[int, ...]


def layout(one: Diagnosis, now: datetime, width: int, chosen: int) -> DiagnoseView:
    """The whole screen, with the pointer on the chosen cause."""
    rows: list[Row] = [_headline(one, now, width), *_way_in(one, width), ()]
    places: list[int] = []
    for number, finding in enumerate(one.findings):
        places.append(len(rows))
        rows += _cause(finding, number, now, width, here=number == chosen)
    if not one.findings:
        wrong = one.verdict.state in ("stuck", "failed")
        said = "no cause was found among what could be seen" if wrong else "nothing is wrong that can be seen"
        rows.append(((f" {mark('warn' if wrong else 'pass')[0]} {said}", "warning" if wrong else "ok"),))
    if one.findings:
        rows += [(), *_about(one, width)]
    for hidden in one.unseen:
        needs = f"  Needs: {hidden.permission}" if hidden.permission else ""
        rows += beside(
            " ? hidden", f"{hidden.what}: {hidden.reason}.{needs}", width - 1, label_width=_LABEL, tone="dim"
        )
    return DiagnoseView(tuple(rows), tuple(places))


def proof(finding: Finding, width: int) -> list[Row]:
    """Everything about one cause."""
    rows: list[Row] = []
    for one in finding.evidence:
        where = " ".join(filter(None, (one.object, one.field)))
        rows += beside(" seen", f"{where}: " if where else "", width, label_width=_LABEL, tone="dim") if where else []
        rows += [((" " * _LABEL, ""), (line, "")) for line in wrap(one.text, width - _LABEL)]
        rows += [((" " * _LABEL, ""), (f"at {one.time}", "dim"))] if one.time else []
    for label, texts, tone in (
        (" explains", finding.explains, ""), (" next", finding.remedy, "strong"), (" $", finding.commands, "accent"),
        (" do not", finding.avoid, "error"), (" missing", finding.unseen, "dim"),
    ):  # fmt: skip
        for text in texts:
            rows += beside(label, text, width, label_width=_LABEL, tone=tone)
    return rows


def message(one: Diagnosis, now: datetime) -> str:
    """The diagnosis as a few lines for a chat: what users feel, the first causes, what is done about it."""
    lines = [f"{one.target.release} in {one.target.namespace} ({one.target.context}), {one.at}: {one.impact.text}"]
    for number, finding in enumerate(one.findings[:3], 1):
        since = age(finding.since, now)
        lines.append(f"{number}. {finding.object}: {finding.title}" + (f" (since {since})" if since else ""))
        lines += [f"   {proof}" for proof in map(str, finding.evidence[:1])]
    if one.findings and one.findings[0].remedy:
        lines.append(f"Next: {one.findings[0].remedy[0]}")
    if not one.findings:
        lines.append(one.verdict.reason)
    return "\n".join(lines)


def _headline(one: Diagnosis, now: datetime, width: int) -> Row:
    word, tone = _USERS[one.impact.users]
    rollout = _ROLLOUT.get(one.verdict.state, "")
    worse = f", {rollout}" if one.verdict.state in ("stuck", "failed") else ""
    since = age(one.impact.since, now) if worse or one.impact.users != "fine" else ""
    left: Row = ((f" {word}{worse}", tone if not worse else "error"), (f" {since}" if since else "", "strong"))
    return (*left, ("   ", ""), (cut(one.impact.text, width - cells(left) - 4), ""))


def _way_in(one: Diagnosis, width: int) -> Iterator[Row]:
    if one.way_in:
        steps = "   ".join(f"{step.name} {mark(step.state)[0]} {step.text}" for step in one.way_in)
        yield from beside(" Way in", steps, width - 1, label_width=_LABEL - 3)


def _cause(finding: Finding, number: int, now: datetime, width: int, *, here: bool) -> list[Row]:
    sign, tone = mark("fail" if finding.terminal else "warn")
    how = HEALS[finding.heals] if finding.urgent else "separate, not urgent"
    since = age(finding.since, now)
    right: Row = ((f"{how}{f'  {since}' if since else ''}", "dim"),)
    head = ((" > " if here else "   ", "accent"), (f"{number + 1} ", ""), (f"{sign} ", tone), (finding.title, "strong"))
    rows = [ends(head, right, width), (("       ", ""), (cut(f"{finding.id} {finding.object}", width - 8), "dim"))]
    for one in finding.evidence[: _PROOFS if here else 1]:
        field = f"{one.field}: " if one.field else ""
        rows.append((("       ", ""), (cut(field, width - 8), "dim"), (cut(one.text, width - 8 - len(field)), "")))
    if finding.explains:
        rows.append((("       ", ""), (cut(f"explains: {', '.join(finding.explains)}", width - 8), "dim")))
    return rows


def _about(one: Diagnosis, width: int) -> Iterator[Row]:
    first = one.findings[0]
    if one.before:
        told = "   ".join(f"{time_of_day(change.time)[:5]} {change.text}" for change in one.before[-3:])
        yield from beside(" Before", told, width - 1, label_width=_LABEL, tone="dim")
    if one.ruled_out:
        yield from beside(" Ruled out", ", ".join(one.ruled_out), width - 1, label_width=_LABEL, tone="dim")
    for text in first.avoid:
        yield from beside(" DO NOT", text, width - 1, label_width=_LABEL, label_tone="error")
    if one.owner:
        yield from beside(" Owner", f"{one.owner}: change it there, not here", width - 1, label_width=_LABEL)
    for number, text in enumerate(first.remedy):
        yield from beside(" Now" if number == 0 else "", text, width - 1, label_width=_LABEL, label_tone="accent")


def facts(one: Diagnosis) -> str:
    """Revision, helm's status and chart in one line for the header."""
    return cut(f"revision {one.revision or '?'}, helm: {one.helm_status or 'not seen'}", 60)
