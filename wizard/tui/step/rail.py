"""The step rail: current step, completed steps, steps with problems."""

from __future__ import annotations

from collections.abc import Sequence

from wizard.tui.text import Row, pad
from wizard.tui.widgets.rows import Rows

RAIL_WIDTH = 18


def rail_rows(names: Sequence[tuple[str, str]], current: str, marks: dict[str, str]) -> list[Row]:
    """Rows of the rail. marks: step id -> "+" done, "x" with problems, "!" with something to look at."""
    rows: list[Row] = []
    for number, (step, name) in enumerate(names, 1):
        sign = ">" if step == current else marks.get(step, " ")
        tone = {">": "accent", "+": "ok", "x": "error", "!": "warning"}.get(sign, "")
        text = "strong" if step == current else "dim" if sign == " " else ""
        rows.append(((f" {sign} ", tone), (pad(f"{number} {name}", RAIL_WIDTH - 4), text)))
        if step == current and marks.get(step) == "x":
            rows[-1] = ((" > ", "accent"), (f"{number} {name} ", "strong"), ("x", "error"))
    return rows


class Rail(Rows):
    """The steps, top to bottom."""

    DEFAULT_CSS = f"Rail {{ width: {RAIL_WIDTH}; height: 1fr; }}"
