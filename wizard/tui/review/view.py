"""The review as rows: checks red first, one of them in full, the values file and its diff. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.helm.plan import Plan
from wizard.core.rules.check import CheckResult
from wizard.core.text.words import word
from wizard.engine.approval import of_run
from wizard.tui.review import plan_view
from wizard.tui.text import Row, beside, cut, mark, pad, wrap


@dataclass(frozen=True)
class ReviewState:
    """All that the review shows."""

    path: str = ""
    values: tuple[str, ...] = ()
    diff: tuple[str, ...] = ()
    exists: bool = False
    operation: str = ""
    draft: Draft | None = None
    """The draft as it has to be: of a release that is there, on the values that run."""
    there: bool = False
    """Somebody came to install it, and the release is there."""
    problem: Problem | None = None
    """Why it cannot be started, apart from checks: a pending release, a bad values file, a start that was refused."""
    plan: Plan | None = None
    unplanned: Problem | None = None
    """Why there is no plan."""
    checks: tuple[CheckResult, ...] = ()
    complete: bool = False
    seconds: float = 0.0

    @property
    def stands_in_the_way(self) -> Problem | None:
        """Why it cannot be started, apart from checks; what the plan says of it included."""
        return self.problem or of_run("", "", self.plan).blocked

    @property
    def blocking(self) -> tuple[CheckResult, ...]:
        """The failed checks that stop apply."""
        return tuple(one for one in self.checks if one.blocking)

    @property
    def ranked(self) -> tuple[CheckResult, ...]:
        """Checks red first, each group in the order of IDs."""
        order = ("fail", "warn", "unknown", "pass", "skipped")
        return tuple(sorted(self.checks, key=lambda one: (not one.blocking, order.index(one.state), one.id)))


def counts(state: ReviewState) -> str:
    """How many checks are in and how they went, in words."""
    parts = []
    for states, name in (
        (("fail",), "failed"),
        (("warn",), "to look at"),
        (("unknown",), "unknown"),
        (("pass",), "ok"),
    ):
        number = sum(one.state in states for one in state.checks)
        parts += [f"{number} {name}"] if number or name == "ok" else []
    return ", ".join(parts)


def check_row(one: CheckResult, width: int, *, here: bool) -> Row:
    """One check: symbol, word, id, title, its first piece of evidence."""
    sign, tone = mark(one.state)
    title = 30 if width >= 76 else 24
    return (
        (" > " if here else "   ", "accent"), (f"{sign} ", tone), (pad(word(one.state), 8), tone), (pad(one.id, 5), "dim"),
        (pad(one.title, title), "" if one.state in ("pass", "skipped") else "strong"), ("  ", ""),
        (cut(one.evidence[0] if one.evidence else "", width - title - 20), "dim"),
    )  # fmt: skip


def detail(one: CheckResult | None, width: int, height: int) -> list[Row]:
    """All evidence and the next step of a check, in at most `height` rows."""
    if not one:
        return [()] * height
    rows: list[Row] = []
    for number, text in enumerate(one.evidence or ("",)):
        rows += beside("   Seen" if number == 0 else "", text, width - 1, label_width=10)
    if one.next_step:
        next_rows = beside("   Next", one.next_step, width - 1, label_width=10, label_tone="accent")
        rows = rows[: max(1, height - len(next_rows))] + next_rows
    if len(rows) > height:
        rows = [*rows[: height - 1], (("   ... ? shows all", "dim"),)]
    return rows + [()] * (height - len(rows))


def problem_rows(state: ReviewState, width: int) -> list[Row]:
    """What stands in the way apart from checks, or makes it another operation than the one that somebody came for."""
    problem = state.stands_in_the_way
    if not problem:
        said = "the release is there already: this upgrades it, on the values that run"
        return [((" ! ", "warning"), (cut(said, width - 4), "strong"))] if state.there else []
    rows: list[Row] = [((" x ", "error"), (line, "strong")) for line in wrap(problem.what, width - 4)]
    return [*rows, *((("   ", ""), (line, "")) for line in wrap(problem.next_step, width - 4) if line)]


def plan_rows(state: ReviewState, width: int) -> list[Row]:
    """The plan in one row, with the key that shows it."""
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


def back_row(*, undo: bool) -> Row:
    """What happens after a failure, with the key that changes it."""
    text = "go back to what was there before, evidence kept" if undo else "keep it as it is, with its evidence"
    return ((" on failure  ", "strong"), (text, ""), ("   [r] ", "key"), ("changes it", "dim"))


def file_kind(state: ReviewState, *, showing: bool) -> str:
    """What the pane of the values file shows, in a word."""
    if showing:
        return "changes"
    if not state.exists:
        return "new"
    return "whole" if state.diff else "as it is"


def file_rows(lines: Sequence[str], *, diff: bool) -> list[Row]:
    """The values file, or its diff: added and removed lines carry their sign."""
    rows: list[Row] = []
    for line in lines:
        tone = "dim" if line.lstrip().startswith("#") else ""
        if diff:
            tone = "ok" if line.startswith("+") else "error" if line.startswith("-") else "dim"
        rows.append((((" " + line), tone),))
    return rows


def stopped(state: ReviewState) -> str:
    """Why it cannot be started, "" when it can."""
    if state.stands_in_the_way:
        return "see the top"
    number = len(state.blocking)
    return f"{number} check{'s' if number > 1 else ''} failed" if number else ""


def red_question(state: ReviewState, here: CheckResult | None) -> str:
    """The question whose field puts it right: of the check in hand, of the problem, of the first red check."""
    if here and here.blocking and here.question:
        return here.question
    if state.problem and state.problem.question:
        return state.problem.question
    return next((one.question for one in state.blocking if one.question), "")


def enter_text(state: ReviewState, here: CheckResult | None, goal: str, doing: str, *, armed: bool) -> str:
    """What Enter does now, "" when nothing."""
    if goal == "check":
        return ""
    if goal == "values":
        return "write the file"
    if stopped(state):
        return "open the red field" if red_question(state, here) else f"disabled: {stopped(state)}"
    return f"pressed: {doing} starts when the checks are in" if armed else doing
