"""The review as rows: checks with failed ones first, one check in full, the values file and its diff. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.helm.plan import Plan
from wizard.core.rules.check import CheckResult, accept
from wizard.core.text.words import counted, word
from wizard.engine.approval import of_run, offers_force
from wizard.tui.review import plan_view
from wizard.tui.text import Row, beside, cut, mark, pad, wrap

_OLD: Final = timedelta(minutes=5)


@dataclass(frozen=True)
class ReviewState:
    """The data of the review."""

    path: str = ""
    values: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()
    exists: bool = False
    operation: str = ""
    draft: Draft | None = None
    """The draft to use: for an existing release it is based on its current values."""
    exists_already: bool = False
    """Whether the person wanted to install a release that exists already."""
    problem: Problem | None = None
    """Why the run cannot be started, apart from checks: a pending release, a bad values file, a refused start."""
    plan: Plan | None = None
    unplanned: Problem | None = None
    """Why there is no plan."""
    checks: tuple[CheckResult, ...] = ()
    complete: bool = False
    seconds: float = 0.0
    at: datetime | None = None
    """When the last check was in."""

    def is_old(self, now: datetime) -> bool:
        """Whether the cluster may be another one by now; then the checks are made again before a start."""
        return self.complete and self.at is not None and now - self.at > _OLD

    @property
    def blocker(self) -> Problem | None:
        """Why the run cannot be started, apart from checks: `problem`, or what the plan forbids."""
        return self.problem or of_run("", "", self.plan).blocked

    @property
    def blocking(self) -> tuple[CheckResult, ...]:
        """The failed checks that block the run."""
        return tuple(check for check in self.checks if check.blocking)

    @property
    def ranked(self) -> tuple[CheckResult, ...]:
        """Checks, failed ones first, each group sorted by ID."""
        order = ("fail", "warn", "unknown", "pass", "skipped")
        return tuple(sorted(self.checks, key=lambda check: (not check.blocking, order.index(check.state), check.id)))


Reasons = Mapping[tuple[str, tuple[str, ...]], str]
"""ID and evidence of a fail -> why a person goes on in spite of it; another evidence is another fail."""


def with_reasons(checks: Iterable[CheckResult], reasons: Reasons) -> tuple[CheckResult, ...]:
    """The results, those accepted for which a person gave a reason."""
    return tuple(
        accept(check, reasons[check.id, check.evidence]) if (check.id, check.evidence) in reasons else check
        for check in checks
    )


def is_fine(check: CheckResult) -> bool:
    """Whether there is nothing to look at."""
    return check.state in ("pass", "skipped")


def fine_row(checks: Sequence[CheckResult], width: int, *, chosen: bool) -> Row:
    """The checks that are fine, as one row."""
    passed = sum(check.state == "pass" for check in checks)
    sign, tone = mark("pass")
    rest = f", {len(checks) - passed} do not apply" if len(checks) > passed else ""
    return (
        (" > " if chosen else "   ", "accent"), (f"{sign} ", tone), (pad(word("pass"), 8), tone),
        (counted(passed, "check"), "strong"), (cut(rest, width - 50), "dim"), ("   [o] ", "key"), ("shows them", "dim"),
    )  # fmt: skip


def counts(state: ReviewState) -> str:
    """The numbers of checks by result, as text."""
    parts = []
    for states, name in (
        (("fail",), "failed"),
        (("warn",), "warned"),
        (("unknown",), "unknown"),
        (("pass",), "ok"),
    ):
        number = sum(check.state in states for check in state.checks)
        parts += [f"{number} {name}"] if number or name == "ok" else []
    return ", ".join(parts)


def check_row(check: CheckResult, width: int, *, chosen: bool) -> Row:
    """One check: symbol, state, ID, title, first line of evidence."""
    sign, tone = mark(check.state)
    title = 30 if width >= 76 else 24
    return (
        (" > " if chosen else "   ", "accent"), (f"{sign} ", tone), (pad(word(check.state), 8), tone), (pad(check.id, 5), "dim"),
        (pad(check.title, title), "" if check.state in ("pass", "skipped") else "strong"), ("  ", ""),
        (cut(check.evidence[0] if check.evidence else "", width - title - 20), "dim"),
    )  # fmt: skip


def fine_detail(checks: Sequence[CheckResult], width: int, height: int) -> list[Row]:
    """The names of the checks that are fine, in at most `height` rows."""
    names = ", ".join(check.title for check in checks if check.state == "pass")
    rows = beside("   Fine" if names else "", names, width - 1, label_width=10)[:height]
    return rows + [()] * (height - len(rows))


def detail(check: CheckResult, width: int, height: int) -> list[Row]:
    """All evidence and the next step of a check, in at most `height` rows."""
    rows: list[Row] = []
    for number, text in enumerate(check.evidence or ("",)):
        rows += beside("   Seen" if number == 0 else "", text, width - 1, label_width=10)
    if check.next_step:
        next_rows = beside("   Next", check.next_step, width - 1, label_width=10, label_tone="accent")
        rows = rows[: max(1, height - len(next_rows))] + next_rows
    if len(rows) > height:
        rows = [*rows[: height - 1], (("   ... ? shows all", "dim"),)]
    return rows + [()] * (height - len(rows))


def lacks_rights(state: ReviewState) -> bool:
    """Whether a check of rights fails or warns: an administrator can help."""
    return any(check.id.startswith("R") and check.state in ("fail", "warn") for check in state.checks)


def as_text(check: CheckResult) -> str:
    """A check as lines to hand on."""
    lines = (f"{check.id} {check.title}: {word(check.state)}", *check.evidence, check.next_step)
    return "\n".join(line for line in lines if line)


def problem_rows(state: ReviewState, width: int) -> list[Row]:
    """What blocks the run apart from checks; or that an install became an upgrade."""
    problem = state.blocker
    if not problem:
        text = "the release exists already: this upgrades it, based on its current values"
        return [((" ! ", "warning"), (cut(text, width - 4), "strong"))] if state.exists_already else []
    rows: list[Row] = [((" x ", "error"), (line, "strong")) for line in wrap(problem.what, width - 4)]
    return [*rows, *((("   ", ""), (line, "")) for line in wrap(problem.next_step, width - 4) if line)]


def plan_rows(state: ReviewState, width: int) -> list[Row]:
    """The plan in one row, with the key that opens it."""
    if state.plan:
        return [
            (
                (" plan  ", "strong"),
                (cut(plan_view.summary(state.plan), width - 24), ""),
                ("   [p] ", "key"),
                ("shows it", "dim"),
            )
        ]
    if state.unplanned:
        return [((cut(f" ? there is no plan: {state.unplanned}", width), "dim"),)]
    return []


def offers_take_over(state: ReviewState, draft: Draft) -> bool:
    """Whether fields of others are taken over, or could be: what they own is why something is refused."""
    return draft.helm.force_conflicts or offers_force(state.plan, state.checks)


def take_over_rows(state: ReviewState, draft: Draft, width: int) -> list[Row]:
    """What happens to fields that others set, with the key that changes it; none where there are none."""
    if not offers_take_over(state, draft):
        return []
    if not draft.helm.force_conflicts:
        text = "are left to them, so helm refuses"
    else:
        text = "are taken over" + (f": {state.plan.takes}" if state.plan and state.plan.takes else "")
    label, key = " fields of others  ", "   [f] changes it"
    return [
        (
            (label, "strong"),
            (cut(text, width - len(label) - len(key) - 1), ""),
            ("   [f] ", "key"),
            ("changes it", "dim"),
        )
    ]


def back_row(*, undo: bool) -> Row:
    """What a failure leads to, with the key that changes it."""
    text = "go back to what was there before, evidence kept" if undo else "keep it as it is, with its evidence"
    return ((" on failure  ", "strong"), (text, ""), ("   [r] ", "key"), ("changes it", "dim"))


def file_kind(state: ReviewState, *, showing: bool) -> str:
    """What the pane of the values file shows."""
    if showing:
        return "changes"
    if not state.exists:
        return "new"
    return "whole" if state.diff else "as it is"


@dataclass(frozen=True)
class FileRows:
    """The values file, or its diff, in which added and removed lines keep their sign.

    A row is made when it is painted: a file may have 20,000 lines, and each result of a check shows it again.
    """

    lines: Sequence[str]
    diff: bool

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, number: int, /) -> Row:
        line = self.lines[number]
        tone = "dim" if line.lstrip().startswith("#") else ""
        if self.diff:
            tone = "ok" if line.startswith("+") else "error" if line.startswith("-") else "dim"
        return ((" " + line, tone),)


def stopped(state: ReviewState) -> str:
    """Why the run cannot be started; "" when it can."""
    if state.blocker:
        return "see the top"
    number = len(state.blocking)
    return f"{counted(number, 'check')} failed" if number else ""


def question_to_fix(state: ReviewState, chosen: CheckResult | None) -> str:
    """The question whose answer fixes the selected check, the problem, or the first failed check; else ""."""
    if chosen and chosen.blocking and chosen.question:
        return chosen.question
    if state.problem and state.problem.question:
        return state.problem.question
    return next((check.question for check in state.blocking if check.question), "")


def enter_text(state: ReviewState, chosen: CheckResult | None, goal: str, doing: str, *, armed: bool) -> str:
    """The label of Enter; "" when Enter does nothing."""
    if goal == "check":
        return ""
    if goal == "values":
        return "write the file"
    if stopped(state):
        return "open the red field" if question_to_fix(state, chosen) else f"disabled: {stopped(state)}"
    return f"pressed: {doing} starts when the checks are in" if armed else doing
