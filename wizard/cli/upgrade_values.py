"""The values of an upgrade as lines: old default, new default, my value, result."""

from __future__ import annotations

import json
from typing import Any, Final

from wizard.cli.output import Out, columns
from wizard.engine.release.history import UpgradeValues

_KINDS: Final = {"mine": "yours", "gone": "! not used any more", "new-default": "new default", "added": "new"}
_LONGEST: Final = 40


def show(upgrade: UpgradeValues, out: Out, *, all_rows: bool = False) -> None:
    """The four columns of what does not stay as it is; the rest is counted, unless all are asked for."""
    rows = [one for one in upgrade.rows if all_rows or (one.kind != "added" and not (one.kind == "mine" and one.stays))]
    if rows:
        chart = (
            f"{upgrade.running_chart} -> {upgrade.next_chart}"
            if upgrade.running_chart != upgrade.next_chart
            else upgrade.next_chart
        )
        out.line(f"values ({chart}):")
        cells = [
            (one.path, text(one.old_default), text(one.new_default), text(one.mine), text(one.result), _KINDS[one.kind])
            for one in rows
        ]
        for line in columns([("", "old default", "new default", "yours", "result", ""), *cells]):
            out.line(f"  {line}")
    hidden = [one for one in upgrade.rows if one not in rows]
    if mine := sum(one.kind == "mine" for one in hidden):
        out.line(f"values: {mine} of yours stay as they are")
    if added := sum(one.kind == "added" for one in hidden):
        out.line(f"values: {added} are new in this chart and at their defaults")
    if upgrade.differs:
        out.line("the -f files differ from what runs:")
        for line in columns(
            [("", "running", "file"), *((one.path, text(one.running), text(one.file)) for one in upgrade.differs)]
        ):
            out.line(f"  {line}")


def text(value: Any) -> str:
    """A value in a cell."""
    whole = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    whole = whole.replace("\n", "\u23ce")
    return whole if len(whole) <= _LONGEST else f"{whole[:_LONGEST]}..."
