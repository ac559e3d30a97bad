"""The questions of one step as one widget: radio groups, text fields, live problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Final, NamedTuple

from rich.cells import cell_len
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.geometry import Size
from textual.message import Message
from typing_extensions import override

from wizard.core.answers.questions.question import Choice, Question
from wizard.core.answers.resolve import Resolved
from wizard.core.errors import Problem
from wizard.tui.text import Row, Span, cut, pad, wrap
from wizard.tui.widgets.edit import LineEdit
from wizard.tui.widgets.rows import RowList
from wizard.tui.widgets.typing import Typing

_WINDOW: Final = 7
"""Most options of a choice that are shown at once."""
_TALL: Final = 34
"""From this terminal height on every radio group is open, not only the current one."""


class Note(NamedTuple):
    """What is known of an answer: its symbol, tone, and texts, the first of which says it. `always`: beside other questions too."""

    symbol: str
    tone: str
    texts: Sequence[str]
    always: bool = True


def is_text(question: Question) -> bool:
    """Whether the answer is typed; an open choice is typed too, with known values offered."""
    return question.kind != "choice" or question.open


class Form(Typing, RowList):
    """Shows questions; calls `edited(id, answer)` for each change, which must call `update` with the new state."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "field(1)", "next field", show=False),
        Binding("shift+tab", "field(-1)", "field before", show=False),
        Binding("f8", "known", "next known value", show=False),
    ]

    class Moved(Message):
        """Another question is the current one."""

    def __init__(self, edited: Callable[[str, str], None]) -> None:
        super().__init__(id="form")
        self._edited = edited
        self._resolved: Resolved | None = None
        self._questions: tuple[Question, ...] = ()
        self._at = 0
        self._edit = LineEdit()
        self._problems: Mapping[str, str] = {}
        self._notes: Mapping[str, Sequence[Note]] = {}
        self._refused = ""
        """Why the text that was typed or pasted last was not inserted."""
        self._spots: list[tuple[int, int]] = []
        self.revealed: set[str] = set()
        """Questions whose problem is shown even while another one is current."""

    # State

    @property
    def question(self) -> Question | None:
        """The current question."""
        return self._questions[self._at] if self._questions else None

    def update(
        self,
        resolved: Resolved,
        questions: Sequence[Question],
        problems: Mapping[str, str],
        notes: Mapping[str, Sequence[Note]],
    ) -> None:
        """Show a new state; the current question and text that is being typed stay."""
        before = self.question
        self._resolved, self._questions, self._problems, self._notes = resolved, tuple(questions), problems, notes
        ids = [question.id for question in self._questions]
        if before and before.id in ids:
            self._at = ids.index(before.id)
            if is_text(before) and resolved[before.id] != self._edit.text:
                self._edit = LineEdit.of(resolved[before.id])
            self.rebuild()
        else:
            self.take(ids[0] if ids else "")

    def take(self, question_id: str) -> None:
        """Make a question the current one."""
        ids = [question.id for question in self._questions]
        self._at = ids.index(question_id) if question_id in ids else 0
        self._refused = ""
        if self._resolved and self.question:
            self._edit = LineEdit.of(self._resolved[self.question.id])
        self.rebuild()
        self.post_message(self.Moved())

    # Keys

    def action_field(self, step: int) -> None:
        """Go to the next or previous question, with wrap-around."""
        if self._questions:
            self.revealed.add(self._questions[self._at].id)
            self.take(self._questions[(self._at + step) % len(self._questions)].id)

    @override
    def action_move(self, step: int) -> None:
        """Choose within a radio group; at its end, and in text fields, go to the next question."""
        if not self._choose(step) and 0 <= self._at + step < len(self._questions):
            self.action_field(step)

    def _choose(self, step: int) -> bool:
        question = self.question
        if not question or is_text(question) or not self._resolved:
            return False
        values = [choice.value for choice in question.choices(self._resolved)]
        now = self._resolved[question.id]
        to = (values.index(now) if now in values else -1) + step
        if not 0 <= to < len(values):
            return False
        self._edited(question.id, values[to])
        return True

    def action_known(self) -> None:
        """Fill in the next known value."""
        if self.question and self._resolved and is_text(self.question):
            values = [choice.value for choice in self.question.choices(self._resolved)]
            if values:
                at = values.index(self._edit.text) if self._edit.text in values else -1
                self._type(LineEdit.of(values[(at + 1) % len(values)]))

    @property
    @override
    def takes_text(self) -> bool:
        return bool(self.question and is_text(self.question))

    @override  # and beside it: Textual calls the handler of each class
    def on_key(self, event: Key) -> None:
        if self.question and not self.takes_text and event.key in ("left", "right"):
            event.stop()
            self._choose(1 if event.key == "right" else -1)

    @override
    def _refuse(self, problem: Problem) -> None:
        self._refused = str(problem)
        self.rebuild()

    @override
    def _type(self, edit: LineEdit) -> None:
        self._refused = ""
        changed, self._edit = edit.text != self._edit.text, edit
        if changed and self.question:
            self._edited(self.question.id, edit.text)
        self.rebuild()

    # Rows

    @override
    def build(self, width: int) -> None:
        rows: list[Row] = []
        self._spots = []
        titles = min(22, max((cell_len(question.title) for question in self._questions), default=0))
        for number, question in enumerate(self._questions):
            start = len(rows)
            rows += self._question(question, width, titles, current=number == self._at)
            self._spots.append((start, len(rows)))
        self.rows = tuple(rows)

    def _question(self, question: Question, width: int, titles: int, *, current: bool) -> list[Row]:
        assert self._resolved is not None  # noqa: S101 - there are no questions without it
        answer = self._resolved[question.id]
        choices = tuple(question.choices(self._resolved))
        title: Row = (
            (" > " if current else "   ", "accent"),
            (pad(question.title, titles), "strong" if current else ""),
        )
        room = width - titles - 5
        if is_text(question):
            edit = self._edit if current else LineEdit(answer)
            none = next((choice for choice in choices if not choice.value), None)
            empty = none.note or none.label if none else "none" if question.optional else ""
            rows: list[Row] = [(*title, (" ", ""), *edit.spans(room, focused=current, empty=empty))]
            if current and choices:
                rows += _known_values(choices, width)
        elif current or self.app.size.height >= _TALL:
            rows = [
                ((title[0][0] if not choices else "   ", "accent"), title[1]),
                *_radio(choices, answer, width, current=current),
            ]
        else:
            chosen = next(
                (choice for choice in choices if choice.value == answer), Choice(answer, answer or "nothing to choose")
            )
            note = f"  {chosen.note}" if chosen.note else ""
            label = cut(chosen.label, room - 4)
            rows = [(*title, (" (*) ", "dim"), (label, ""), (cut(note, room - 4 - cell_len(label)), "dim"))]
        if current or question.id in self.revealed:
            rows += _note(self._problems.get(question.id, ""), "x", "error", width)
        rows += _note(self._refused if current else "", "!", "warning", width)
        for known in self._notes.get(question.id, ()):
            if current:
                rows += _note(known.texts[0], known.symbol, known.tone, width)
                rows += [row for text in known.texts[1:] for row in _note(text, " ", "dim", width)]
            elif known.always:
                rows += _note(cut(known.texts[0], width - 8), known.symbol, known.tone, width)
        return rows

    @override
    def _fit(self) -> None:
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.rows))
        height = self.size.height
        if self._spots and height:
            start, end = self._spots[self._at]
            top = self.scroll_offset.y
            if start < top or end > top + height:
                self.scroll_to(y=0 if end <= height else min(start, end - height + 1), animate=False)
        self.refresh()


def _radio(choices: Sequence[Choice], answer: str, width: int, *, current: bool) -> list[Row]:
    chosen = next((number for number, choice in enumerate(choices) if choice.value == answer), -1)
    start = max(0, min(chosen - _WINDOW // 2, len(choices) - _WINDOW)) if len(choices) > _WINDOW else 0
    shown = choices[start : start + _WINDOW]
    labels = min(30, max((cell_len(choice.label) for choice in shown), default=0))
    rows: list[Row] = []
    for number, choice in enumerate(shown, start):
        on = number == chosen
        tone = "strong" if on and current else "" if current or on else "dim"
        lead: tuple[Span, ...] = (
            ("   > " if on and current else "     ", "accent"),
            ("(*) " if on else "( ) ", "accent" if on else "dim"),
        )
        notes = wrap(choice.note, max(16, width - labels - 12)) if choice.note else [""]
        rows.append((*lead, (pad(choice.label, labels), tone), ("  ", ""), (notes[0], "dim")))
        rows += [((" " * (labels + 11), ""), (line, "dim")) for line in notes[1:]]
    if len(choices) > _WINDOW:
        rows.append(((f"     {chosen + 1} of {len(choices)}", "dim"),))
    return rows


def _known_values(choices: Sequence[Choice], width: int) -> list[Row]:
    names = ", ".join(choice.label for choice in choices)
    return [((cut(f"     F8 known here: {names}", width - 1), "dim"),)]


def _note(text: str, sign: str, tone: str, width: int) -> list[Row]:
    if not text:
        return []
    lines = wrap(text, width - 8)
    return [(("     " + (sign if number == 0 else " ") + " ", tone), (line, tone)) for number, line in enumerate(lines)]
