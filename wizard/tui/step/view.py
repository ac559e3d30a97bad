"""The meaning of an answer, the lines that it writes, and the rail, as rows. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from wizard.core.answers.questions.question import Question
from wizard.core.answers.resolve import Resolved
from wizard.core.errors import Problem
from wizard.core.helm import set_flags
from wizard.core.helm.values import DELETE, Path, dotted, get
from wizard.core.text.words import counted
from wizard.tui import flow
from wizard.tui.step.rail import RAIL_WIDTH, rail_rows
from wizard.tui.step.seen import NOTHING, Seen
from wizard.tui.text import Row, beside, cut, wrap

if TYPE_CHECKING:
    from wizard.tui.home.state import Goal


def writes(resolved: Resolved, question: Question) -> list[str]:
    """The lines that the answer writes into the values file; none while it is wrong."""
    answer = resolved[question.id]
    if question.problem(resolved, answer):
        return []
    edits = question.value_edits(resolved, answer)
    return [f"{dotted(edit.path)}: {_shown(edit.value)}{_instead(resolved, edit.path)}" for edit in edits]


def _instead(resolved: Resolved, path: Path) -> str:
    """What a --set puts in the place of a written value; "" without one."""
    if not set_flags.touches(resolved.draft.sets, path):
        return ""
    try:
        value = get(resolved.of(resolved.draft).whole, path)
    except Problem:  # the review says what is wrong with the flag
        return " (from --set)"
    return f" ({_shown(value)} from --set)"


def below_form(resolved: Resolved, question: Question, width: int) -> list[Row]:
    """Help and written lines for a narrow terminal: four rows, half of them for a warning about the cluster."""
    warning = _warning(resolved, width)
    each = 1 if warning else 2
    what = "; ".join(writes(resolved, question)) or "nothing"
    means = beside(" Means", question.help, width, label_width=9)
    return [*warning[:2], *means[:each], *beside(" Writes", what, width, label_width=9)[:each]]


def _warning(resolved: Resolved, width: int) -> list[Row]:
    moved = resolved.suggestions.moved
    return beside(" !", f"{moved} (choose another under Where)", width, label_width=3, tone="warning") if moved else []


def beside_form(resolved: Resolved, question: Question, width: int) -> list[Row]:
    """Help, written lines and given answers, for the right column of a wide terminal."""
    rows: list[Row] = [
        *_warning(resolved, width),
        ((question.title, "accent"),),
        *(((line, ""),) for line in wrap(question.help, width)),
        (),
    ]
    rows.append((("Writes", "accent"),))
    made = writes(resolved, question)
    rows += [((cut(line, width), ""),) for line in made] or [(("nothing", "dim"),)]
    everything = resolved.visible()
    mine = [question for question in everything if resolved.given(question.id)]
    if mine:
        rows += [(), (("Your answers so far", "accent"),)]
        rows += [((cut(f"{question.title}: {resolved[question.id] or 'none'}", width), "dim"),) for question in mine]
    return rows


def explanation(resolved: Resolved, question: Question) -> str:
    """Everything about a question as text."""
    choices = [f"{choice.label}: {choice.note}" for choice in question.choices(resolved) if choice.note]
    made = [f"Writes {line}" for line in writes(resolved, question)]
    return "\n".join([question.help, *([""] if choices else []), *choices, "", *made])


def rail(resolved: Resolved, goal: Goal, current: str, visited: Iterable[str], seen: Seen = NOTHING) -> list[Row]:
    """The visible steps, marked as done or with problems, what the checks see, and the draft in three lines."""
    asked = flow.steps(resolved, goal)
    names = [(step, name) for step, name in flow.NAMES if step in asked]
    found = seen.marks(resolved)
    marks = found | {step: "x" if flow.problems(resolved, goal, step) else found.get(step, "+") for step in visited}
    yours = sum(resolved.given(question.id) for question in resolved.visible())
    what = f"preset {resolved.preset}" if resolved.preset else f"chart {resolved.layers.chart_name}"
    there = resolved.layers.destination
    file = "file is edited" if there and there.is_start else "file not written"
    below = (cut(what, RAIL_WIDTH - 1), f"{counted(yours, 'answer')} yours", file)
    bad = seen.rows(RAIL_WIDTH)
    return [
        *rail_rows(names, current, marks),
        *([(), *bad] if bad else ()),
        (),
        *(((f" {line}", "dim"),) for line in below),
    ]


def _shown(value: object) -> str:
    if value is DELETE:
        return "(removed)"
    return str(value).lower() if isinstance(value, bool) else str(value) if value != "" else '""'
