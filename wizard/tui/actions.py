"""What a screen can do, as one table: its keys, the words beside them, and its command in the palette."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from textual.binding import Binding, BindingType

_PRINTED: Final = {
    "enter": "Enter", "escape": "Esc", "space": "Space", "tab": "Tab", "slash": "/", "question_mark": "?", "colon": ":",
    "f1": "F1", "f2": "F2", "f4": "F4", "f9": "F9",
}  # fmt: skip

Key = tuple[str, str]
"""A key as it is printed, and what it does now."""


class Action(NamedTuple):
    """Something that a screen does."""

    name: str
    """Textual's action: the method without action_, its arguments in brackets."""
    keys: str = ""
    """Textual's names, the one that is printed first."""
    label: str = ""
    """What stands beside the key, unless that depends on the moment."""
    command: str = ""
    """Its title in the command palette; "" for one that is not there."""

    def key(self, label: str | None = None) -> Key:
        """The key as the foot of the screen shows it, with another label where that depends on the moment."""
        first = self.keys.partition(",")[0]
        return _PRINTED.get(first, first), self.label if label is None else label


def bindings(actions: Sequence[Action]) -> list[BindingType]:
    """What Textual wants to know of the keys."""
    return [Binding(action.keys, action.name, show=False) for action in actions if action.keys]
