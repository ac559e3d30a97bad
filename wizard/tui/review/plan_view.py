"""A plan, a comparison and the lists of an uninstall as rows. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from wizard.core.helm.plan import ABSENT, Field, ObjectPlan, Plan
from wizard.core.text import words
from wizard.tui.text import Row, beside, cut, pad, rule, wrap

if TYPE_CHECKING:
    from wizard.engine.release.compare import Comparison

_TONES: Final = {"created": "ok", "changed": "warning", "removed": "error", "refused": "error"}
_RESTARTS: Final = {
    "rolling": ("pods restart one by one", "warning"),
    "recreate": ("all pods stop first: downtime", "error"),
    "on-delete": ("pods restart when deleted", "warning"),
}
_MOST: Final = 12
"""Most fields that are shown of the selected object; the command `plan` shows all."""


def plan_rows(plan: Plan, width: int, chosen: int) -> tuple[list[Row], list[int]]:
    """The plan as rows, with the fields of the chosen object; and the row number of each object."""
    rows: list[Row] = [((f" {plan.step}, chart {plan.chart}", "strong"), (f"   {plan.counted}", ""))]
    for text in plan.warnings:
        rows += beside(" !", text, width - 1, label_width=3, tone="warning", label_tone="warning")
    if plan.owner:
        text = f"{plan.owner} owns it and undoes what is changed here: change the values at their source"
        rows += beside(" !", text, width - 1, label_width=3, tone="warning", label_tone="warning")
    places: list[int] = []
    rows.append(())
    for planned in plan.objects:
        if planned.change != "unchanged":
            current = len(places) == chosen
            places.append(len(rows))
            rows += _object(planned, width, chosen=current)
    same = sum(planned.change == "unchanged" for planned in plan.objects)
    rows += [((f"   {same} more stay as they are", "dim"),)] if same else []
    rows += [((cut(f"   hook  {hook}", width), ""),) for hook in plan.hooks]
    rows += [row for row in _drift(plan, width) if row is not None]
    for text in plan.unseen:
        rows += beside(" ? not seen", text, width - 1, label_width=12, tone="dim")
    return rows, places


def summary(plan: Plan) -> str:
    """The plan in half a line: counts of changed objects, and whose pods restart."""
    touched = {name: count for name, count in plan.counts().items() if name not in ("unchanged", "kept")}
    text = ", ".join(f"{count} {name}" for name, count in touched.items()) or "nothing changes"
    restarts = [planned.name for planned in plan.objects if planned.restart]
    return f"{text}; pods of {', '.join(restarts)} restart" if restarts else text


def _object(planned: ObjectPlan, width: int, *, chosen: bool) -> Iterator[Row]:
    label = max(20, min(50, width - 48))
    effect, tone = _RESTARTS.get(planned.restart, (planned.note or _fields(planned), "dim"))
    yield (
        (" > " if chosen else "   ", "accent"), (pad(words.change(planned.change), 11), _TONES.get(planned.change, "dim")), (pad(planned.label, label), "strong" if chosen else ""), ("  ", ""),
        (cut(effect, width - label - 17), tone),
    )  # fmt: skip
    for line in planned.takeovers:
        yield from ((("       ", ""), (part, "warning")) for part in wrap(line, width - 9))
    for refusal in planned.refusals:
        text = f"{refusal.path}: {refusal.words}" if refusal.path else refusal.words
        yield from ((("       ", ""), (line, "error")) for line in wrap(text, width - 9))
    if not chosen:
        return
    for field in planned.fields[:_MOST]:
        yield from field_rows(field, width)
    if len(planned.fields) > _MOST:
        yield ((f"       {words.counted(len(planned.fields) - _MOST, 'more field')}: `plan` shows all", "dim"),)


def _fields(planned: ObjectPlan) -> str:
    return words.counted(len(planned.fields), "field") if planned.fields else ""


def field_rows(field: Field, width: int) -> Iterator[Row]:
    """One field: its path, old and new value, on one row where they fit, else on three."""
    old, new = _value(field.old), _value(field.new)
    if field.old == field.new:
        yield (("       ", ""), (cut(f"{field.path}: changed, not shown", width - 8), ""))
        return
    if len(field.path) + len(old) + len(new) + 16 <= width:
        yield (("       ", ""), (f"{field.path}  ", "dim"), (old, "error"), ("  ->  ", "dim"), (new, "ok"))
        return
    yield (("       ", ""), (cut(field.path, width - 8), "dim"))
    yield (("         - ", "error"), (cut(old, width - 12), "error"))
    yield (("         + ", "ok"), (cut(new, width - 12), "ok"))


def _value(value: Any) -> str:
    if value is ABSENT:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text.replace("\n", "\u23ce")


def _drift(plan: Plan, width: int) -> Iterator[Row]:
    if not plan.drifted:
        return
    yield ()
    yield (
        (f" changed outside helm: {len(plan.drifted)}", "warning"),
        ("   - manifest, + live", "dim"),
    )
    for planned in plan.drifted:
        yield (("   ! ", "warning"), (planned.label, ""))
        for field in planned.drift[:3]:
            yield from field_rows(field, width)


def comparison_rows(comparison: Comparison, width: int) -> list[Row]:
    """The differences between two revisions: chart, values, objects."""
    rows: list[Row] = []
    if comparison.chart[0] != comparison.chart[1]:
        rows += [((f" chart {comparison.chart[0]} -> {comparison.chart[1]}", "strong"),), ()]
    rows.append(rule(width, "values that were given"))
    rows += diff_rows(comparison.values, width) or [((" the same", "dim"),)]
    for changed in comparison.objects:
        rows += [rule(width, f"{changed.label}  {changed.change}"), *diff_rows(changed.lines, width)]
    if not comparison.objects:
        rows += [rule(width, "objects"), ((" the same", "dim"),)]
    return rows


def diff_rows(lines: Sequence[str], width: int) -> list[Row]:
    """A unified diff as rows; added and removed lines keep their sign."""
    tones = {"+": "ok", "-": "error"}
    return [((cut(f" {line}", width), tones.get(line[:1], "dim")),) for line in lines]
