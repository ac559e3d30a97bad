"""The table of a screen's actions: their keys, the labels beside the keys, and their commands in the palette."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from textual.binding import Binding, BindingType

_PRINTED: Final = {
    "enter": "Enter", "escape": "Esc", "space": "Space", "tab": "Tab", "slash": "/", "question_mark": "?", "colon": ":",
    "f1": "F1", "f2": "F2", "f4": "F4", "f6": "F6", "f9": "F9",
}  # fmt: skip

Key = tuple[str, str]
"""A key as it is printed, and its label."""


class Action(NamedTuple):
    """An action of a screen."""

    name: str
    """Textual's action: the method name without action_, with arguments in brackets."""
    keys: str = ""
    """Textual's key names, separated by commas; the first one is printed."""
    label: str = ""
    """The text beside the key, unless it depends on the screen's state."""
    command: str = ""
    """Its title in the command palette; "" when it is not in the palette."""

    def key(self, label: str | None = None) -> Key:
        """The key as the last line of the screen shows it; `label` replaces its own label."""
        first = self.keys.partition(",")[0]
        return _PRINTED.get(first, first), self.label if label is None else label


def bindings(actions: Sequence[Action]) -> list[BindingType]:
    """Textual's bindings of the actions that have keys."""
    return [Binding(action.keys, action.name, show=False) for action in actions if action.keys]
