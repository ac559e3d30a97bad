"""Modal screens: a text prompt, a choice, a confirmation, an explanation.

`foreseen` is False for those that nobody may answer without having seen them; see typeahead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from string import ascii_lowercase
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widget import Widget
from typing_extensions import override

from wizard.core.errors import Problem
from wizard.engine.approval import Approval
from wizard.tui.text import Row, cells, cut, pad, rule, wrap
from wizard.tui.widgets.edit import LineEdit
from wizard.tui.widgets.frame import Keys
from wizard.tui.widgets.rows import RowList, Rows
from wizard.tui.widgets.typing import Typing

Option = tuple[str, str, str]
"""The returned value, its label, its meaning."""


class Prompt(Typing, ModalScreen[str | None]):
    """Asks for one line; `problem` returns what is wrong with it ("" when it is valid). Esc returns None."""

    CSS_PATH = "../styles/modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "dismiss(None)", show=False),
        Binding("enter", "accept", show=False),
    ]

    def __init__(
        self, title: str, text: str = "", label: str = "", problem: Callable[[str], str] = lambda _: "", *,
        foreseen: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(classes="bottom")
        self._title, self._label, self._problem, self.foreseen = title, label, problem, foreseen
        self._edit = LineEdit.of(text)
        self._wrong = ""

    @override
    def compose(self) -> Iterable[Widget]:
        yield Rows(id="prompt")
        yield Keys((("Enter", "accept"), ("Esc", "cancel")))

    def on_mount(self) -> None:
        """Show the prompt."""
        self._show()

    def _show(self) -> None:
        width = self.app.size.width
        rows: list[Row] = [rule(width, self._title, strong=True)]
        room = min(60, width - len(self._label) - 6)
        rows.append(((f" {self._label}  " if self._label else " ", ""), *self._edit.spans(room, focused=True)))
        rows += [((line, "error"),) for line in wrap(f" x {self._wrong}" if self._wrong else "", width - 1)]
        self.query_one("#prompt", Rows).show(rows)

    @override
    def _refuse(self, problem: Problem) -> None:
        self._wrong = str(problem)
        self._show()

    @override
    def _type(self, edit: LineEdit) -> None:
        self._edit, self._wrong = edit, ""
        self._show()

    def action_accept(self) -> None:
        """Return the text if it is valid."""
        self._wrong = self._problem(self._edit.text)
        if self._wrong:
            self._show()
        else:
            self.dismiss(self._edit.text)


class _Options(RowList):
    """The list of a choice; calls `changed` when its cursor moves."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__(id="options")
        self._changed = changed

    @override
    def moved(self) -> None:
        self._changed()  # the pointer is part of the rows


class Choose(ModalScreen[str | None]):
    """Asks for one of several options; a value of one letter is also its key. Esc returns None."""

    CSS_PATH = "../styles/modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "dismiss(None)", show=False),
        Binding("enter", "accept", show=False),
        *(Binding(letter, f"take('{letter}')", show=False) for letter in ascii_lowercase),
    ]

    def __init__(
        self, title: str, options: Sequence[Option], *, at: str = "", stay: str = "cancel", foreseen: bool = True
    ) -> None:
        super().__init__(classes="bottom")
        self.foreseen = foreseen
        self._title, self._options, self._stay = title, tuple(options), stay
        self._first = at

    @override
    def compose(self) -> Iterable[Widget]:
        yield Rows([rule(self.app.size.width, self._title, strong=True)])
        yield _Options(self._show)
        yield Keys((("Enter", "accept"), ("Esc", self._stay)))

    def on_mount(self) -> None:
        """Show the list with the cursor on the current value."""
        lines = self.query_one(RowList)
        values = [value for value, _, _ in self._options]
        lines.cursor = values.index(self._first) if self._first in values else 0
        lines.styles.height = min(len(self._options), max(3, self.app.size.height - 8))
        self._show()
        lines.focus()

    def _show(self) -> None:
        lines, width = self.query_one(RowList), self.app.size.width
        labels = min(40, max(cells([(label, "")]) for _, label, _ in self._options))
        rows: list[Row] = []
        for number, (value, label, note) in enumerate(self._options):
            key = f"[{value}] " if len(value) == 1 else ""
            pointer = (" > ", "accent") if number == lines.cursor else ("   ", "")
            rows.append(
                (pointer, (key, "key"), (pad(label, labels), ""), ("  ", ""), (cut(note, width - labels - 10), "dim"))
            )
        lines.show(rows, range(len(rows)))

    def action_take(self, letter: str) -> None:
        """Return the option of a letter at once."""
        if letter in [value for value, _, _ in self._options]:
            self.dismiss(letter)

    def action_accept(self) -> None:
        """Return the option under the cursor."""
        self.dismiss(self._options[self.query_one(RowList).cursor][0])


class Confirm(ModalScreen[bool]):
    """Shows what would be done; Enter confirms, Esc does not."""

    CSS_PATH = "../styles/modal.tcss"
    foreseen = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,ctrl+c", "dismiss(False)", show=False),
        Binding("enter", "dismiss(True)", show=False),
    ]

    def __init__(self, title: str, text: str, go: str) -> None:
        super().__init__(classes="bottom")
        self._title, self._text, self._go = title, text, go

    @override
    def compose(self) -> Iterable[Widget]:
        yield Rows([rule(self.app.size.width, self._title, strong=True)])
        yield RowList(id="text")
        yield Keys((("Enter", self._go), ("Esc", "change nothing")))

    def on_mount(self) -> None:
        """Give the text the height that it needs."""
        lines, width = self.query_one(RowList), min(100, self.app.size.width - 4)
        rows = [((f" {line}", ""),) for line in wrap(self._text, width)]
        lines.styles.height = max(1, min(len(rows), self.app.size.height - 6))
        lines.show(rows)
        lines.focus()


def typed_name(approval: Approval) -> Prompt:
    """A prompt that accepts only the release's name, with the reason why it has to be typed."""
    return Prompt(
        f"{approval.type_the_name_because}: type {approval.release} to go on",
        label="Release",
        problem=approval.wrong_name,
        foreseen=False,
    )


class Explain(ModalScreen[None]):
    """Shows a text; Esc, Enter and q close it."""

    CSS_PATH = "../styles/modal.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,enter,q,f1,f4,question_mark,ctrl+c", "dismiss(None)", show=False)
    ]

    def __init__(self, title: str, text: str | Sequence[Row]) -> None:
        super().__init__(classes="bottom")
        self._title, self._text = title, text

    @override
    def compose(self) -> Iterable[Widget]:
        yield Rows([rule(self.app.size.width, self._title, strong=True)])
        yield RowList(id="text")
        yield Keys((("Up Down", "scroll"), ("Esc", "back")))

    def on_mount(self) -> None:
        """Give the text the height that it needs."""
        lines, width = self.query_one(RowList), min(100, self.app.size.width - 4)
        rows = [((f" {line}", ""),) for line in wrap(self._text, width)] if isinstance(self._text, str) else self._text
        lines.styles.height = max(1, min(len(rows), self.app.size.height - 6))
        lines.show(rows)
        lines.focus()
