"""Typing into one line: what a question, a prompt and a search share."""

from __future__ import annotations

from abc import abstractmethod

from textual.events import Key, Paste

from wizard.core.errors import Problem
from wizard.tui.widgets.edit import LineEdit


class Typing:
    """A part of a widget or screen: keys and pasted texts change its line; keys that do not edit go on."""

    _edit: LineEdit

    @property
    def takes_text(self) -> bool:
        """Whether a line is typed now."""
        return True

    @abstractmethod
    def _type(self, edit: LineEdit) -> None:
        """Show the changed line."""

    @abstractmethod
    def _refuse(self, problem: Problem) -> None:
        """Say why a text was not inserted."""

    def on_key(self, event: Key) -> None:
        """Edit the line."""
        if not self.takes_text:
            return
        if edit := self._edit.key(event.key):
            self._type(edit)
        elif event.is_printable and event.character:
            self._insert(event.character)
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: Paste) -> None:
        """Insert pasted text, or say why not."""
        if self.takes_text:
            event.stop()
            self._insert(event.text)

    def _insert(self, text: str) -> None:
        try:
            self._type(self._edit.insert(text))
        except Problem as problem:
            self._refuse(problem)
