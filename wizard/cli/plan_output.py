"""A plan as readable lines."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator
from typing import Any, Final

from wizard.cli.output import Out
from wizard.core.errors import Problem
from wizard.core.helm.plan import ABSENT, Field, ObjectPlan, Plan
from wizard.core.text import words
from wizard.engine.answers import Prepared
from wizard.engine.session import Session

RESTARTS: Final = {
    "rolling": "pods restart one after the other",
    "recreate": "all pods stop before new ones start: downtime",
    "on-delete": "pods restart only when somebody deletes them",
}
_WRITES: Final = {"apply": "server-side apply", "patch": "three-way merge"}
_LONGEST: Final = 100
_MOST_LINES: Final = 12


def show(plan: Plan, out: Out) -> None:
    """The plan as a tree of lines."""
    for line in lines(plan):
        out.line(line)


def lines(plan: Plan) -> Iterator[str]:
    """The plan line by line: what is touched with its fields, then drift, then what stays as it is."""
    yield (
        f"plan: {plan.operation} {plan.release} in {plan.namespace}, {plan.step}, chart {plan.chart}, "
        f"helm writes by {_WRITES.get(plan.method, plan.method)}"
    )
    for text in plan.warnings:
        yield f"  ! {text}"
    if plan.owner:
        yield f"  ! owned by {plan.owner}: it undoes what is changed here; change the values at its source instead"
    for one in plan.objects:
        if one.change != "unchanged":
            yield from _object(one)
    for hook in plan.hooks:
        yield f"  > hook      {hook}"
    if plan.drifted:
        yield f"drift: {len(plan.drifted)} objects were changed behind helm's back (manifest -> live)"
        for one in plan.drifted:
            yield f"    {one.label}{_fate(one)}"
            for field in one.drift:
                yield from (f"        {line}" for line in _side(field))
    for text in plan.unseen:
        yield f"  ? not seen: {text}"
    yield f"{plan.counted}; plan {plan.hash}"


def _object(one: ObjectPlan) -> Iterator[str]:
    said = [RESTARTS[one.restart]] if one.restart else []
    said += [one.note] if one.note else []
    yield f"  {words.change(one.change).ljust(10)}  {one.label}" + (f"  ({'; '.join(said)})" if said else "")
    for field in one.fields:
        yield from (f"        {line}" for line in _side(field))
    for refusal in one.refusals:
        yield f"        {f'{refusal.path}: ' if refusal.path else ''}{refusal.words}"


def _fate(one: ObjectPlan) -> str:
    if one.change == "refused":
        return ""
    back = {field.path for field in one.fields}
    if one.change == "changed" and any(field.path in back for field in one.drift):
        return ": put back by this"
    return "" if one.change == "removed" else ": stays"


def _side(one: Field) -> Iterator[str]:
    old, new = one.old, one.new
    if isinstance(old, str) and isinstance(new, str) and "\n" in old + new and old != new:
        yield f"{one.path}:"
        changed = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[2:]
        said = [line for line in changed if not line.startswith("@@")]
        yield from (f"    {_cut(line)}" for line in said[:_MOST_LINES])
        if len(said) > _MOST_LINES:
            yield f"    ... {len(said) - _MOST_LINES} lines more"
    else:
        yield f"{one.path}: changed" if old == new else f"{one.path}: {_value(old)} -> {_value(new)}"


def _value(value: Any) -> str:
    if value is ABSENT:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _cut(text.replace("\n", "\u23ce"))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... (+{len(text) - _LONGEST})"


async def for_review(session: Session, prepared: Prepared) -> Plan | Problem:
    """The plan of answers, or why there is none."""
    try:
        return await session.installer.plan(prepared)
    except Problem as problem:
        return problem
