"""The step rail: where you are, what is done, what is still red."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.tui.text import Row, pad
from wizard.tui.widgets.rows import Rows

RAIL_WIDTH = 18


def rail_rows(names: Sequence[tuple[str, str]], here: str, marks: dict[str, str], below: Sequence[str]) -> list[Row]:
    """Rows of the rail. marks: step id -> "+" done, "x" red; below: lines about the draft as a whole."""
    rows: list[Row] = []
    for number, (step, name) in enumerate(names, 1):
        sign = ">" if step == here else marks.get(step, " ")
        tone = {">": "accent", "+": "ok", "x": "error"}.get(sign, "")
        text = "strong" if step == here else "dim" if sign == " " else ""
        rows.append(((f" {sign} ", tone), (pad(f"{number} {name}", RAIL_WIDTH - 4), text)))
        if step == here and marks.get(step) == "x":
            rows[-1] = ((" > ", "accent"), (f"{number} {name} ", "strong"), ("x", "error"))
    return [*rows, (), *(((f" {line}", "dim"),) for line in below)]


class Rail(Rows):
    """The steps, top to bottom."""

    DEFAULT_CSS = f"Rail {{ width: {RAIL_WIDTH}; height: 1fr; }}"
