"""The values of an upgrade as text: old default, new default, the person's value, result."""

from __future__ import annotations

import json
from typing import Any, Final

from wizard.cli.output import Out, columns
from wizard.engine.release.history import UpgradeValues

_KINDS: Final = {"mine": "yours", "gone": "! not used any more", "new-default": "new default", "added": "new"}
_LONGEST: Final = 40


def show(upgrade: UpgradeValues, out: Out, *, all_rows: bool = False) -> None:
    """Print the values that change in four columns, and the number of the others; `all_rows` prints all."""
    rows = [row for row in upgrade.rows if all_rows or (row.kind != "added" and not (row.kind == "mine" and row.stays))]
    if rows:
        chart = (
            f"{upgrade.running_chart} -> {upgrade.next_chart}"
            if upgrade.running_chart != upgrade.next_chart
            else upgrade.next_chart
        )
        out.line(f"values ({chart}):")
        cells = [
            (row.path, text(row.old_default), text(row.new_default), text(row.mine), text(row.result), _KINDS[row.kind])
            for row in rows
        ]
        for line in columns([("", "old default", "new default", "yours", "result", ""), *cells]):
            out.line(f"  {line}")
    hidden = [row for row in upgrade.rows if row not in rows]
    if mine := sum(row.kind == "mine" for row in hidden):
        out.line(f"values: {mine} of yours stay as they are")
    if added := sum(row.kind == "added" for row in hidden):
        out.line(f"values: {added} are new in this chart and at their defaults")
    if upgrade.differs:
        out.line("the -f files differ from what runs:")
        for line in columns(
            [("", "running", "file"), *((row.path, text(row.running), text(row.file)) for row in upgrade.differs)]
        ):
            out.line(f"  {line}")


def text(value: Any) -> str:
    """A value as the text of a cell."""
    whole = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    whole = whole.replace("\n", "\u23ce")
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}..."
