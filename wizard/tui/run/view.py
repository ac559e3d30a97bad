"""The run as rows: verdict, objects, helm, events, findings, result. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from rich.cells import cell_len

from wizard.core.reach.result import Reach
from wizard.core.rules.finding import Finding
from wizard.core.run import stopping
from wizard.core.run.view import ObjectRow, RunView
from wizard.core.text.time import age, seconds_since, span
from wizard.tui.text import Row, beside, clock, cut, elide, ends, mark, pad, time_of_day, wrap

KINDS: Final[Mapping[str, str]] = {
    "PersistentVolumeClaim": "Claim", "HorizontalPodAutoscaler": "Autoscaler", "PodDisruptionBudget": "Budget",
    "ServiceAccount": "Account", "NetworkPolicy": "NetPolicy", "ServiceMonitor": "Monitor",
}  # fmt: skip
ABOUT: Final = (
    "Objects are watched by the wizard itself from the first second, apart from helm's own wait. Red ones come first; "
    "Enter on one shows why. The logs of all containers run below; Space holds them, no line is lost, G or "
    "End follows again. Above the lines that are kept, PgUp and Home read the run's record. / filters, c shows one container, v warnings and errors, n and N find, e goes to the first error, p shows lines from before a restart, j shows structured lines as they were "
    "written, w saves them, y copies those that show, or helm's command from its pane. Leaving or closing the terminal stops nothing."
)
_WIDE: Final = 110
"""From this width on the result also says how each way in was found to work."""
HEALS: Final = {"no": "will not heal itself", "yes": "will heal by itself", "unknown": "may heal by itself"}


def elapsed(view: RunView, now: datetime) -> float:
    """Seconds since the run began, until its end if it has ended."""
    end = seconds_since(view.finished_at, now) if view.finished_at else 0.0
    return max(0.0, (seconds_since(view.started, now) or 0.0) - (end or 0.0))


def clock_text(view: RunView, now: datetime) -> str:
    """03:07 of 10:00."""
    limit = view.helm_timeout
    return clock(elapsed(view, now)) + (f" of {clock(limit)}" if limit else "")


def boundary(view: RunView) -> tuple[str, str]:
    """The boundary of the run (a key of frame.BOUNDARIES), and the text beside it."""
    version = view.helm.removeprefix("v")
    if view.finished is not None:
        return "read", "the run has ended"
    if view.back_argv and view.back_exit is None:
        return "apply", f"helm {version} rolling back"
    if view.helm_exit is not None:
        return "apply", "helm has ended, watching"
    if view.helm_argv:
        return "apply", f"helm {version} running"
    return ("apply", "before helm") if view.phase else ("read", "opening the record")


def verdict_rows(view: RunView, now: datetime, width: int) -> list[Row]:
    """What the run waits for, since when, why, whether it heals, and what can be done. Five rows."""
    waiting, findings = view.waiting, view.ranked_findings()
    state = view.verdict or "progressing"
    sign, tone = mark(state)
    since = age(waiting.since, now) if waiting else ""
    head = state.upper() + (f" for {since}" if since and state in ("stuck", "progressing") else "")
    what = (waiting.what if waiting else "") or view.reason or view.phase_text or "reading the record"
    heals = HEALS.get(waiting.heals, "") if waiting and state != "ready" else ""
    right: Row = ((heals, "error" if waiting and waiting.heals == "no" else "dim"),)
    rows: list[Row] = [ends(((f" {sign} {head}", tone), ("   ", ""), (what, "strong")), right, width)]
    why = (waiting.why if waiting else "") or (findings[0].title if findings else "") or view.reason
    why = "" if why == what else why
    labelled = [("Why", why), ("Then", _then(view, now)), ("You", _you(view, findings))]
    room = 4
    for number, (label, text) in enumerate(labelled):
        if text:
            spare = room - sum(bool(later) for _, later in labelled[number + 1 :])
            lines = beside(f" {label}", text, width - 1, label_width=8)[: max(1, spare)]
            rows += lines
            room -= len(lines)
    return rows + [()] * (5 - len(rows))


def _then(view: RunView, now: datetime) -> str:
    if view.finished is not None or view.helm_exit is not None:
        return view.phase_text
    if view.helm_timeout and view.verdict in ("stuck", "failed"):
        left = view.left(now)
        return f"helm would wait {span(left)} more for nothing" if left > 0 else "helm's time is used up"
    return view.phase_text


def _you(view: RunView, findings: list[Finding]) -> str:
    if view.applicable_fixes:
        stop = f"; s: stop early, {stopping.early(view)}" if view.hopeless else ""
        return f"f: {view.applicable_fixes[0][1]['title']}{stop}"
    if not findings or not findings[0].remedy:
        return ""
    more = sum(len(finding.remedy) for finding in findings) - 1
    return findings[0].remedy[0] + (f" ({more} more: f)" if more else "")


def bottom_rows(record_problem: str, words: str, width: int) -> list[Row]:
    """The rows below the panes; a problem of the record replaces the other text."""
    if not record_problem:
        return [((f" {words}", "dim"),)]
    return beside(" !", record_problem, width - 1, label_width=3, tone="warning", label_tone="warning")


def object_row(row: ObjectRow, now: datetime, width: int, *, chosen: bool) -> Row:
    """One object: symbol, kind, name, state, reason, age."""
    sign, tone = mark(row.state)
    name = max(20, (width - 40) // 2)
    again = f"{row.reason} ({row.restarts} restarts)" if row.restarts else row.reason
    summary = f"{row.summary or row.state:10} "
    room = width - name - 26
    red = row.state in ("stuck", "failed")
    return (
        (">" if chosen else " ", "accent"),
        (f"{sign} ", tone),
        (pad(KINDS.get(row.kind, row.kind), 12), "dim"),
        (f" {pad(elide(row.name, name), name)} ", "strong" if red else ""),
        (cut(summary, room), tone if red else ""),
        (pad(again or row.state, room - cell_len(cut(summary, room))), "dim" if row.state == "ready" else tone),
        (f"{age(row.since, now):>8}", "dim"),
    )


def object_text(view: RunView, row: ObjectRow, now: datetime) -> str:
    """Everything known about one object, with the findings about it."""
    lines = [f"{row.state}: {row.summary} {row.reason}", f"for {age(row.since, now) or 'an unknown time'}"]
    lines += [f"belongs to {row.owner}"] if row.owner else []
    for finding in view.ranked_findings():
        if finding.object == f"{row.kind}/{row.name}":
            lines += ["", f"{finding.id} {finding.title}", *(f"  {text}" for text in finding.lines)]
            lines += [f"  Do: {text}" for text in finding.remedy]
    return "\n".join(lines)


def helm_rows(view: RunView, width: int) -> list[Row]:
    """What the wizard created and decided, and the calls of helm with their output."""
    rows: list[Row] = []
    for item in view.made:
        keys = f" ({', '.join(item.keys)}; not shown)" if item.keys else ""
        rows.append(((" + ", "ok"), (cut(f"{item.kind} {item.name} {item.action}{keys}", width - 4), "")))
    rows += [
        ((" * ", "accent"), (cut(f"{decision.who}: {decision.text}", width - 4), "")) for decision in view.decisions
    ]
    if view.fixed:
        sign, tone = mark("ready" if view.fixed["ok"] else "failed")
        rows.append(((f" {sign} ", tone), (cut(view.fixed["text"], width - 4), "")))
    rows += _call_rows(view.helm_argv, view.helm_lines, view.helm_exit, width)
    rows += _call_rows(view.back_argv, view.back_lines, view.back_exit, width)
    return rows or [((" helm has not been started yet", "dim"),)]


def _call_rows(
    argv: Sequence[str], lines: Sequence[str], ended: tuple[int | None, str] | None, width: int
) -> list[Row]:
    """One call of helm: command, output, exit."""
    rows: list[Row] = [
        ((" $ " if not n else "   ", "dim"), (line, "dim")) for n, line in enumerate(wrap(" ".join(argv), width - 4))
    ] if argv else []  # fmt: skip
    rows += [((" ", ""), (line, "")) for text in lines for line in wrap(text, width - 2)]
    if ended:
        code, signal = ended
        how = f"ended by signal {signal}" if code is None else f"ended with code {code}"
        rows.append(((f" {'+' if code == 0 else 'x'} helm {how}", "ok" if code == 0 else "error"),))
    return rows


def event_rows(view: RunView, width: int) -> list[Row]:
    """Kubernetes events, newest last; warnings have a sign and the word."""
    rows: list[Row] = []
    for event in view.events:
        warns = event.kind == "Warning"
        kind, _, name = event.object.partition("/")
        head = f"{KINDS.get(kind, kind)}/{name} {event.reason}" + (f" x{event.count}" if event.count > 1 else "")
        rows.append(
            (
                (f" {time_of_day(event.time)} ", "dim"), ("! warning " if warns else "  normal  ", "warning" if warns else "dim"),
                (cut(f"{head}: {event.message}", width - 21), ""),
            )
        )  # fmt: skip
    return rows or [((" no events yet", "dim"),)]


def finding_rows(view: RunView, width: int) -> list[Row]:
    """Findings, the worst first, with evidence and remedy; then what cannot be read."""
    rows: list[Row] = []
    for finding in view.ranked_findings():
        sign, tone = ("x", "error") if finding.terminal else ("!", "warning")
        title = wrap(finding.title, width - 12)
        rows.append(((f" {sign} ", tone), (title[0], "strong"), (f"  {finding.id}", "dim")))
        rows += [(("   ", ""), (line, "strong")) for line in title[1:]]
        rows += beside("   Seen", f"{finding.object}: " + "; ".join(finding.lines), width - 1, label_width=9)
        for remedy in finding.remedy:
            rows += beside("   Do", remedy, width - 1, label_width=9, label_tone="accent")
        for command in finding.commands:
            rows += beside("   $", command, width - 1, label_width=9, tone="accent")
        for text in finding.avoid:
            rows += beside("   Do not", text, width - 1, label_width=10, label_tone="error")
    for hidden in view.blind:
        needs = f" Needs: {hidden.permission}." if hidden.permission else ""
        rows += [
            ((" ? ", "dim"), (line, "dim"))
            for line in wrap(f"{hidden.what} not seen: {hidden.reason}.{needs}", width - 4)
        ]
    return rows or [((" nothing found", "dim"),)]


def done_rows(view: RunView, width: int) -> list[Row]:
    """The result: installed, working, reachable as separate facts; files; commands; NOTES."""
    data = view.finished or {}
    code, verdict = data.get("code"), view.verdict
    sign, tone = mark(verdict)
    word = "DONE" if view.operation == "uninstall" and verdict == "ready" else verdict.upper()
    rows: list[Row] = []
    for number, line in enumerate(wrap(view.reason, width - 16)):
        head = f" {sign} {word}" if number == 0 else ""
        rows.append(((pad(head, 15), tone), (line, "strong")))
    rows.append(())
    for fact in _facts(view):
        rows += _fact_rows(fact, width)
    rows += _reach_rows(view.reach, width) if view.reach else []
    for fact in _secrets(view):
        rows += _fact_rows(fact, width)
    if code and view.findings:
        rows += [(), ((" Why", "strong"),), *finding_rows(view, width)]
    if data.get("files"):
        rows += [(), ((" Files", "strong"),), *(((f"   {path}", ""),) for path in data["files"])]
    rows += [(), ((" The same again", "strong"),)]
    for command in data.get("commands", ()):
        rows += [
            ((("   $ " if n == 0 else "     "), "dim"), (line, "")) for n, line in enumerate(wrap(command, width - 7))
        ]
    if view.notes:
        rows += [
            (),
            ((" NOTES", "strong"),),
            *(((f"   {line}", ""),) for text in view.notes.split("\n") for line in wrap(text, width - 4)),
        ]
    return rows


_Fact = tuple[str, tuple[str, str]]
"""Its name, its state, and what it says."""


def _fact_rows(fact: _Fact, width: int) -> list[Row]:
    name, (state, text) = fact
    sign, tone = mark(state)
    first, *more = wrap(text, width - 18)
    return [
        ((f" {sign} ", tone), (pad(name, 12), "strong"), (first, "")),
        *(((" " * 15, ""), (line, "")) for line in more),
    ]


def _secrets(view: RunView) -> Sequence[_Fact]:
    """Whether the run's secrets were found where they must not be (check K03), where that was looked for."""
    if (found := view.checks.get("K03")) is None:
        return ()
    text = "; ".join(found.evidence)
    return (("Secrets", (found.state, f"{text}. {found.next_step}" if found.next_step else text)),)


def _reach_rows(found: Reach, width: int) -> list[Row]:
    """Below the fact: the next step, and what each way in brought, where that is news or there is room."""
    rows: list[Row] = []
    if found.next_step:
        rows += beside(" " * 15 + "Do", found.next_step, width - 3, label_width=19, label_tone="accent")
    if width >= _WIDE or found.state != "pass":
        rows += [((" " * 15, ""), (line, "dim")) for way in found.ways for line in wrap(way.facts, width - 18)]
    return rows


def _facts(view: RunView) -> Sequence[_Fact]:
    """Each fact; each can be true without the others."""
    helm_ok = view.helm_exit is not None and view.helm_exit[0] == 0
    if view.operation == "uninstall":
        gone = ("pass", "helm removed the release") if helm_ok else ("fail", _helm_end(view))
        return (("Uninstalled", gone),)
    installed = ("pass", "helm recorded the release") if helm_ok else ("fail", _helm_end(view))
    back = (("Rolled back", _back_end(view)),) if view.back_argv else ()
    ready = f"{view.ready_count()} of {view.total()} objects ready"
    working = ({"ready": "pass", "stuck": "fail", "failed": "fail"}.get(view.verdict, "unknown"), ready)
    return (("Installed", installed), *back, ("Working", working), ("Reachable", _reachable(view)))


def _reachable(view: RunView) -> tuple[str, str]:
    if view.reach:
        return view.reach.state, view.reach.text
    return (
        ("progressing", "asking from this machine ...") if view.serves else ("unknown", "not asked after such an end")
    )


def _back_end(view: RunView) -> tuple[str, str]:
    if view.back_exit is None:
        return "unknown", "its end was not observed"
    return ("pass", "the previous state is restored") if view.back_exit[0] == 0 else ("fail", "that failed too")


def _helm_end(view: RunView) -> str:
    if view.helm_exit is None:
        return view.reason or "helm was not started"
    code, signal = view.helm_exit
    return f"helm was ended by {signal}" if code is None else f"helm ended with code {code}"
