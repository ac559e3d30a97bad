"""The values as rows, one value in full, and what may be chosen for it. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from wizard.core.answers.offers import offers
from wizard.core.helm import values
from wizard.core.helm.schema import MISSING, compact
from wizard.core.helm.value_tree import CHART, UNSET, ValueNode
from wizard.core.kube import quantity
from wizard.core.text.masking import masked_values
from wizard.core.text.redaction import MASK
from wizard.core.text.words import counted
from wizard.tui.text import Row, beside, cut, elide, pad

if TYPE_CHECKING:
    from wizard.core.answers.questions.question import Question
    from wizard.core.answers.suggestions import ClusterSuggestions
    from wizard.tui.values.state import ValuesState

FROM_WIDTH: Final = 12
_LONGEST: Final = 2_000
"""Characters of a value that are shown; `v` opens all of it in the editor."""
_AMOUNT: Final = re.compile(r"([1-9]\d{0,8})([kMGTPE]i?|m)?")


class Pick(NamedTuple):
    """Something to choose: the value, its text, what it means."""

    value: Any
    text: str
    note: str = ""


def heads(width: int) -> Row:
    """The titles of the columns."""
    key, value = _widths(width)
    return ((pad("   value", key), "dim"), (pad("is", value), "dim"), ("from", "dim"))


def line(state: ValuesState, number: int, width: int, *, chosen: bool) -> Row:
    """One line of the tree."""
    node = state.node(number)
    if node is None:
        return ()
    key, value = _widths(width)
    sign = ("▾ " if state.is_open(number) else "▸ ") if state.has_inside(number) else "  "
    name = f"{'  ' * (len(node.path) - 1)}{sign}{node.key}"
    quiet = node.origin in (CHART, UNSET)
    tone = "strong" if node.path in state.found else "dim" if node.origin == UNSET else ""
    shown = "" if state.has_inside(number) else value_text(node)
    return (
        (" > " if chosen else "   ", "accent"),
        (pad(name, key - 4), tone),
        (" ", ""),
        (pad(shown, value - 2), "dim" if quiet else ""),
        ("  ", ""),
        ("" if state.has_inside(number) else cut(origin_text(node), FROM_WIDTH), "dim" if quiet else "accent"),
    )


def _widths(width: int) -> tuple[int, int]:
    """Cells of key and value with the blanks behind them."""
    room = width - FROM_WIDTH
    key = min(60, room * 11 // 20)
    return key, room - key


def value_text(node: ValueNode) -> str:
    """What the value is now, on one line."""
    if node.secret:
        return MASK if node.value not in (MISSING, None, "") else "secret, not in values"
    if node.value is MISSING:
        return "not set" if node.origin == UNSET else "removed"
    return plain(node, node.value)


def plain(node: ValueNode, value: Any) -> str:
    """A value on one line, secrets masked; a text as itself where nothing is lost."""
    if isinstance(value, str):
        text = compact(value) if value != value.strip() or not value.isprintable() or not value else value
    elif isinstance(value, Mapping | list):
        text = compact(
            values.get(masked_values(values.apply_edits({}, [values.ValueEdit(node.path, value)])), node.path)
        )
    else:
        text = compact(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def origin_text(node: ValueNode) -> str:
    """Where the value comes from."""
    kind, name = node.origin
    return f"preset {name}" if kind == "preset" else kind


def summary(node: ValueNode, question: Question | None, width: int, height: int) -> list[Row]:
    """A value in `height` rows for a narrow terminal, the most useful first."""
    rows: list[Row] = [((elide(f" {values.dotted(node.path)}", width - 1), "accent"),)]
    if text := node.spec.title or node.help:
        rows += beside(
            " Is", f"{text}. {node.help}" if node.spec.title and node.help else text, width - 1, label_width=10
        )[:2]
    rows += beside(" Type", _type_line(node), width - 1, label_width=10)[:1]
    rows += [] if _holds_values(node) else beside(" Default", _default(node), width - 1, label_width=10)[:1]
    rows += [
        row
        for label, text in _notes(node, question)
        for row in beside(f" {label}", text, width - 1, label_width=10)[:1]
    ]
    return [*rows[:height], *[()] * (height - len(rows))]


def full(node: ValueNode, question: Question | None, width: int) -> list[Row]:
    """Everything about a value."""
    rows: list[Row] = beside("", values.dotted(node.path), width, label_width=0, tone="accent")
    for text, tone in ((node.spec.title, "strong"), (node.help, "")):
        if text:
            rows += beside("", text, width, label_width=0, tone=tone)
    rows.append(())
    parts = [("Type", _type_line(node))]
    if not _holds_values(node):
        parts += [("Value", value_text(node)), ("From", _from(node)), ("Default", _default(node))]
    if node.spec.examples and not node.secret:
        parts.append(("Examples", ", ".join(plain(node, example) for example in node.spec.examples[:5])))
    for label, text in (*parts, *_notes(node, question)):
        rows += beside(label, text, width, label_width=10)
    return rows


def _holds_values(node: ValueNode) -> bool:
    """Whether it is a map whose values have lines of their own."""
    return node.kind == "map" and bool(node.value or node.default) and node.value is not MISSING


def _type_line(node: ValueNode) -> str:
    words = [node.type_text, *node.spec.constraints]
    words += ["required"] if node.required else []
    words += ["deprecated"] if node.spec.deprecated else []
    return ", ".join(words)


def _default(node: ValueNode) -> str:
    if node.default is MISSING:
        return "none"
    return MASK if node.secret and node.default not in (None, "") else plain(node, node.default)


def _from(node: ValueNode) -> str:
    kind, name = node.origin
    words = {
        "": "nothing", "chart": "the chart's values.yaml", "--set": "--set, or a change made here", "answer": "an answer of the steps",
        "release": "the release that runs",
    }  # fmt: skip
    return words.get(kind, f"{kind} {name}")


def _notes(node: ValueNode, question: Question | None) -> list[tuple[str, str]]:
    notes = []
    if node.secret:
        notes.append(("Secret", "given in a Secret, never in values; Enter says where"))
    if question:
        notes.append(("Step", f"{question.title}, in the step {question.step.capitalize()}"))
    return notes


def picks(node: ValueNode, suggestions: ClusterSuggestions) -> tuple[Pick, ...]:
    """What may be chosen for a value: all that its schema takes, what the cluster has, or amounts near the present one."""
    if node.choices:
        found = [Pick(choice, plain(node, choice)) for choice in node.choices]
    else:
        found = [Pick(name, name, "on this cluster") for name in offers(node.path, suggestions)]
        if node.kind == "quantity":
            found += _amounts(node)
    if found and node.default is not MISSING and all(not values.same(pick.value, node.default) for pick in found):
        found.append(Pick(node.default, plain(node, node.default)))
    return tuple(pick._replace(note=_note(node, pick)) for pick in found)


def _note(node: ValueNode, pick: Pick) -> str:
    words = [pick.note] if pick.note else []
    words += ["as it is now"] if values.same(pick.value, node.value) else []
    words += ["the chart's default"] if values.same(pick.value, node.default) else []
    return ", ".join(words)


def _amounts(node: ValueNode) -> list[Pick]:
    """Half, the same, twice and four times the amount."""
    amount = _AMOUNT.fullmatch(str(node.value))
    if amount is None:
        return []
    number, unit = int(amount[1]), amount[2] or ""
    texts = [f"{number * part // 4}{unit}" for part in (2, 4, 8, 16) if number * part % 4 == 0]
    fitting = [text for text in texts if quantity.parse(text) and not node.problem(text)]
    return [Pick(node.value if text == str(node.value) else text, text) for text in fitting]


def flag_rows(flags: Sequence[str], width: int) -> list[Row]:
    """The options to copy, each on a line of its own; a long one goes on below."""
    if not flags:
        return [((" Nothing is changed: every value comes from the chart, its preset or a file.", "dim"),)]
    ended = [f"{flag} \\" for flag in flags[:-1]] + [flags[-1]]
    return [row for text in ended for row in beside("", text, width - 2, label_width=1)]


def status(state: ValuesState) -> str:
    """How many values there are, or were found."""
    leaves = len(state.found) if state.query.strip() else len(state.tree.nodes)
    more = "" if state.tree.is_whole else "first "
    return f"{leaves} found" if state.query.strip() else f"{more}{counted(leaves, 'value')}"
