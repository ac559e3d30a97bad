"""The order of the steps. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from wizard.core.answers.questions import STEPS
from wizard.core.answers.questions.question import Question
from wizard.core.answers.resolve import Resolved

if TYPE_CHECKING:
    from wizard.tui.home.state import Goal

VALUES: Final = "values"
"""The step of a foreign chart that shows its values, a screen of its own."""
REVIEW: Final = "review"
NAMES: Final = (*((step, name) for step, name, _ in STEPS), (VALUES, "Values"), (REVIEW, "Review"))
"""Steps as the rail shows them."""
TITLES: Final = {step: title for step, _, title in STEPS}


def questions(resolved: Resolved, step: str, goal: Goal) -> tuple[Question, ...]:
    """The questions that a step asks; writing only the values file needs no cluster."""
    return tuple(question for question in resolved.visible(step) if goal != "values" or question.id != "context")


def problems(resolved: Resolved, goal: Goal, step: str = "") -> Mapping[str, str]:
    """Question id -> what is wrong with its answer, in the order of the questions."""
    wrong = resolved.problems(step)
    return {key: text for key, text in wrong.items() if goal != "values" or key != "context"}


def steps(resolved: Resolved, goal: Goal) -> tuple[str, ...]:
    """The steps with visible questions, the values of a foreign chart, then the review."""
    asked = tuple(step for step, _, _ in STEPS if questions(resolved, step, goal))
    return (*asked, *((VALUES,) if resolved.layers.foreign else ()), REVIEW)


def after(resolved: Resolved, step: str, goal: Goal) -> str:
    """The next step, at last the review."""
    order = [name for name, _ in NAMES]
    later = order[order.index(step) + 1 :] if step in order else order
    return next(name for name in (*later, REVIEW) if name in steps(resolved, goal))


def before(resolved: Resolved, step: str, goal: Goal) -> str:
    """The previous step; "" at the first one."""
    order = [name for name, _ in NAMES]
    earlier = [name for name in order[: order.index(step)] if name in steps(resolved, goal)]
    return earlier[-1] if earlier else ""
