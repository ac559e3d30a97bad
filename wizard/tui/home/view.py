"""Home as rows: facts, releases, runs, what the cluster has, and what can be done. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from wizard.core.text.time import age
from wizard.core.text.words import counted, word
from wizard.tui.home.state import HomeState
from wizard.tui.text import Row, beside, cut, mark, pad, time_of_day, wrap

if TYPE_CHECKING:
    from wizard.engine.preflight.overview import HomeLine
    from wizard.engine.release.rows import ReleaseRow

_FACTS: Final = ("cluster", "you", "tools", "releases")
_LABEL: Final = 11
STEPS_TEXT: Final = "7 steps, about 5 minutes; nothing changes before the last"


@dataclass(frozen=True)
class Entry:
    """An entry that the cursor can select: its key, an action of HomeScreen, and the object of the action."""

    key: str
    action: str
    title: str
    text: str = ""
    about: Any = None
    explain: str = ""


@dataclass(frozen=True)
class HomeView:
    """Rows, and the entries with their row numbers."""

    rows: tuple[Row, ...]
    entries: tuple[tuple[int, Entry], ...]


def entries(state: HomeState, now: datetime) -> tuple[Entry, ...]:
    """What can be done now, releases first."""
    offered: list[Entry] = []
    for run in state.going_on:
        since = age(run.started, now)
        text = f"{run.operation} of {run.target.release} in {run.target.namespace}" + (
            f", {since} ago" if since else ""
        )
        title = "Attach" if run.state == "running" else "Take over"
        offered.append(Entry("a", "attach", title, text, run, _ATTACH))
    if state.releases:
        offered += [Entry("", "release", row.name, about=row, explain=_RELEASE) for row in state.releases.rows]
    usable = state.config is None or state.config.problem is None
    if state.problem or not usable or _cluster_fails(state):
        offered.append(Entry("t", "again", "Try again", "read the kubeconfig and ask the cluster once more"))
        offered.append(Entry("o", "other_file", "Other file", "use another kubeconfig"))
    if usable:
        offered.append(Entry("i", "install", "Install", STEPS_TEXT, explain=_INSTALL))
    if state.releases and state.releases.rows:
        offered.append(Entry("u", "upgrade", "Upgrade", "the selected release", explain=_RELEASE))
        offered.append(
            Entry("d", "diagnose", "Diagnose", "what is wrong with it, and why; reads only", explain=_DIAGNOSE)
        )
    if state.drafts:
        saved, draft = state.drafts[0]
        more = f", and {len(state.drafts) - 1} more" if len(state.drafts) > 1 else ""
        named = f"{draft.answers.get('preset') or draft.chart or 'dev'}, {counted(len(draft.answers), 'answer')}"
        offered.append(
            Entry(
                "r",
                "resume",
                "Resume",
                f"draft from {_when(saved, now)}: {named}, no secrets kept{more}",
                explain=_RESUME,
            )
        )
    offered.append(Entry("v", "values", "Values file", "only write the file; works without a cluster", explain=_VALUES))
    if usable:
        offered.append(Entry("c", "check", "Check", "all checks, read-only; nothing is written", explain=_CHECK))
    if usable and any(run.operation == "uninstall" for run in state.runs):
        text = "of releases that are gone: volumes, passwords, kept objects"
        offered.append(Entry("e", "leftovers", "Leftovers", text, explain=_LEFT))
    last = next((run for run in state.runs if run.state not in ("running", "hung", "orphaned")), None)
    if last:
        result = f": {last.verdict}" if last.verdict else ""
        text = f"{last.operation} of {last.target.release} in {last.target.namespace}{result}"
        offered.append(Entry("l", "attach", "Last run", text, last, _LAST))
    offered.append(
        Entry("p", "practise", "Practise", "a real control plane on this machine: break it, fix it", explain=_PRACTISE)
    )
    return tuple(offered)


def menu(row: ReleaseRow, *, undo: bool = False) -> tuple[list[tuple[str, str, str]], str]:
    """The menu of a release: (key, label, meaning), and the key that fits its state best. `undo`: offer it."""
    pending = row.helm_status.startswith("pending")
    offered = [
        ("u", "Upgrade", "other values, another image; the same questions"),
        ("d", "Diagnose", "what is wrong, and why; reads only"),
        ("l", "Live", "objects, logs and events as they come; reads only"),
        ("h", "History", "revisions, what each changed, and the way back"),
        ("b", "Roll back", "to the last revision that was fine; previewed first"),
        ("x", "Uninstall", "three lists first: deleted, kept, lost for ever"),
    ]
    if undo:
        offered.append(("z", "Undo recover", "put helm's record back as it was before recover"))
    if pending:
        return [("c", "Recover", f"it is {row.helm_status}: nothing else works until that is fixed"), *offered], "c"
    return offered, "d" if row.verdict in ("stuck", "failed") else "u"


def layout(state: HomeState, now: datetime, width: int, chosen: int, *, tall: bool = True) -> HomeView:
    """Home for a width, with the cursor on the chosen entry; unless `tall`, releases displace passed cluster rows."""
    rows: list[Row] = []
    places: list[tuple[int, Entry]] = []
    offered = entries(state, now)

    def place(entry: Entry, row: Row) -> None:
        pointer = (" > ", "accent") if len(places) == chosen else ("   ", "")
        places.append((len(rows), entry))
        rows.append((pointer, *row))

    rows += _problem(state, width)
    shown = {problem.what for problem in (state.problem, state.config.problem if state.config else None) if problem}
    for line in sorted(state.overview, key=lambda line: _FACTS.index(line.key) if line.key in _FACTS else len(_FACTS)):
        if line.key in _FACTS and line.text not in shown:
            rows += _fact(line, width)
    if not state.overview:
        waits = "reading the kubeconfig" if state.config is None else "asking the cluster"
        rows += [] if state.problem and state.complete else [((f" {waits} ...", "dim"),)]
    runs = [entry for entry in offered if entry.key == "a"]
    if runs:
        rows += [(), ((" A run is going on", "strong"),)]
        for entry in runs:
            place(entry, _entry(entry, width))
    releases = [entry for entry in offered if entry.action == "release"]
    if releases:
        rows += [(), _release_head(width)]
        for entry in releases:
            place(entry, _release(entry.about, now, width))
            if entry.about.worst:
                rows.append((("     ", ""), (cut(entry.about.worst, width - 6), mark(entry.about.verdict)[1])))
    has = [line for line in state.overview if line.key not in _FACTS and (tall or not releases or line.state != "pass")]
    if has:
        half = max(43, min(52, width // 2))
        rows += [(), ((pad(" What this cluster has", half + 1), "strong"), ("What it means for you", "strong"))]
        rows += [_has(line, half, width) for line in has]
    rows += [(), ((" What do you want to do?", "strong"),)]
    for entry in offered:
        if entry.key and entry not in runs:
            place(entry, _entry(entry, width))
    return HomeView(tuple(rows), tuple(places))


def _entry(entry: Entry, width: int) -> Row:
    return ((f"[{entry.key}] ", "key"), (pad(entry.title, 13), ""), (cut(entry.text, width - 21), "dim"))


def _problem(state: HomeState, width: int) -> list[Row]:
    problem = state.problem or (state.config.problem if state.config else None)
    if not problem:
        return []
    rows: list[Row] = []
    for number, line in enumerate(wrap(problem.what, width - 4)):
        rows.append(((" x " if number == 0 else "   ", "error"), (line, "strong")))
    if problem.next_step:
        rows += [(("   ", ""), (line, "")) for line in wrap(problem.next_step, width - 4)]
    return [*rows, ()]


def _fact(line: HomeLine, width: int) -> list[Row]:
    sign, tone = ("", "") if line.state == "pass" else mark(line.state)
    label = f" {line.title}"
    text = f"{sign} {line.text}" if sign else line.text
    rows = beside(label, text, width - 1, label_width=_LABEL, tone=tone if line.state in ("fail", "warn") else "")
    if line.next_step and line.state in ("fail", "warn", "unknown"):
        rows += beside("", line.next_step, width - 1, label_width=_LABEL, tone="dim")
    return rows


def _has(line: HomeLine, half: int, width: int) -> Row:
    sign, tone = mark(line.state)
    return (
        ("   ", ""), (f"{sign} ", tone), (pad(line.title, 14), ""), (" ", ""), (pad(line.text, half - 21), ""), ("  ", ""),
        (cut(line.next_step, width - half - 2), "dim"),
    )  # fmt: skip


def _release_columns(width: int) -> tuple[int, int]:
    spare = max(0, width - 80)
    return 13 + spare // 4, 16 + spare // 3


def _release_head(width: int) -> Row:
    name, space = _release_columns(width)
    head = f"   {pad('Release', name)} {pad('Namespace', space)} Rev Helm     Ready Chart Age     Verdict"
    return ((cut(head, width), "dim"),)


def _release(row: ReleaseRow, now: datetime, width: int) -> Row:
    name, space = _release_columns(width)
    sign, tone = mark(row.verdict)
    ready = f"{row.ready}/{row.total}" if row.total else ""
    status = pad(row.helm_status or "?", 8)
    facts = f"{pad(str(row.revision or '?'), 3)} {status} {pad(ready, 5)} {pad(row.chart_version, 5)} "
    return (
        (pad(row.name, name), "strong"),
        (f" {pad(row.namespace, space)} ", ""),
        (facts, ""),
        (pad(age(row.updated, now), 8), "dim"),
        (cut(f"{sign} {word(row.verdict)}", width - name - space - 38), tone),
    )


def _cluster_fails(state: HomeState) -> bool:
    return any(line.key in ("cluster", "you") and line.state in ("fail", "unknown") for line in state.overview)


def _when(saved: str, now: datetime) -> str:
    return time_of_day(saved)[:5] if saved[:10] == now.date().isoformat() else saved[:10]


_INSTALL: Final = (
    "Seven steps: environment, where, address, TLS, resources, secrets, review. Each shows what it would write. The cluster "
    "is only read until you press Enter on the review, and the run that starts then is recorded; you can leave it and come back."
)
_RELEASE: Final = (
    "Enter on a release offers what can be done with it: upgrade, diagnose, history, roll back, uninstall, and recover when "
    "it is stuck. u and d on its line go straight there. An upgrade asks the same questions as an install; the review shows "
    "plan and checks before anything is changed."
)
_DIAGNOSE: Final = (
    "The impact on users, the ranked causes with their evidence, what to do and what not to do. Reads every object of the release "
    "that you may read; changes nothing. Press d on a release, or on this line for the first one."
)
_ATTACH: Final = (
    "A run is a process of its own: it goes on when this window closes. Attaching shows it from its first second; leaving "
    "again stops nothing."
)
_RESUME: Final = (
    "Answers are saved as you go, secrets never. Resume opens the first step with every answer as you left it."
)
_VALUES: Final = (
    "The same questions, and at the end a values file fit for git. No cluster is needed and none is changed."
)
_CHECK: Final = "Runs every check of an install with the answers so far. Reads and dry-runs only."
_LEFT: Final = (
    "Objects that outlive an uninstall, found by labels and annotations that name the release. Only objects that you mark are "
    "deleted."
)
_LAST: Final = "Opens the record of the run that ended last: objects, logs, helm, events and the verdict."
_PRACTISE: Final = (
    "A sandbox is a real API server with simulated kubelets, on this machine only. Leave the wizard (q), then:\n\n"
    "  llm-cost-ops-wizard sandbox up\n"
    '  eval "$(llm-cost-ops-wizard sandbox env)"\n'
    "  llm-cost-ops-wizard\n\n"
    "Break it with:   llm-cost-ops-wizard sandbox scenario image-pull\n"
    "Take it down:    llm-cost-ops-wizard sandbox down"
)
