"""Which step comes when: data in, step out. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from wizard.core.answers.questions import STEPS
from wizard.core.answers.questions.question import Question
from wizard.core.answers.resolve import Resolved

if TYPE_CHECKING:
    from wizard.tui.home.state import Goal

REVIEW: Final = "review"
NAMES: Final = (*((step, name) for step, name, _ in STEPS), (REVIEW, "Review"))
"""Steps as the rail shows them."""
TITLES: Final = {step: title for step, _, title in STEPS}


def questions(resolved: Resolved, step: str, goal: Goal) -> tuple[Question, ...]:
    """The questions asked in a step; writing a file only needs no cluster."""
    return tuple(one for one in resolved.visible(step) if goal != "values" or one.id != "context")


def problems(resolved: Resolved, goal: Goal, step: str = "") -> Mapping[str, str]:
    """What is still wrong, by question, in the order of the table."""
    found = resolved.problems(step)
    return {key: text for key, text in found.items() if goal != "values" or key != "context"}


def steps(resolved: Resolved, goal: Goal) -> tuple[str, ...]:
    """The steps that ask something now, then the review."""
    asked = tuple(step for step, _, _ in STEPS if questions(resolved, step, goal))
    return (*asked, REVIEW)


def after(resolved: Resolved, step: str, goal: Goal) -> str:
    """The step that follows."""
    order = [name for name, _ in NAMES]
    later = order[order.index(step) + 1 :] if step in order else order
    return next(one for one in (*later, REVIEW) if one in steps(resolved, goal))


def before(resolved: Resolved, step: str, goal: Goal) -> str:
    """The step before, "" at the first."""
    order = [name for name, _ in NAMES]
    earlier = [one for one in order[: order.index(step)] if one in steps(resolved, goal)]
    return earlier[-1] if earlier else ""
