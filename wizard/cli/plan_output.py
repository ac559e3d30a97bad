"""A plan as text."""

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
    """Print the plan."""
    for line in lines(plan):
        out.line(line)


def lines(plan: Plan) -> Iterator[str]:
    """The lines of a plan: changed objects with their fields, hooks, drift, and what could not be read."""
    yield (
        f"plan: {plan.operation} {plan.release} in {plan.namespace}, {plan.step}, chart {plan.chart}, "
        f"helm writes by {_WRITES.get(plan.method, plan.method)}"
    )
    for text in plan.warnings:
        yield f"  ! {text}"
    if plan.owner:
        yield f"  ! owned by {plan.owner}: it undoes what is changed here; change the values at its source instead"
    for planned in plan.objects:
        if planned.change != "unchanged":
            yield from _object(planned)
    for hook in plan.hooks:
        yield f"  > hook      {hook}"
    if plan.drifted:
        yield f"drift: {words.counted(len(plan.drifted), 'object')} changed outside helm (manifest -> live)"
        for planned in plan.drifted:
            yield f"    {planned.label}{_after_drift(planned)}"
            for field in planned.drift:
                yield from (f"        {line}" for line in _field(field))
    for text in plan.unseen:
        yield f"  ? not seen: {text}"
    yield f"{plan.counted}; plan {plan.hash}"


def _object(planned: ObjectPlan) -> Iterator[str]:
    notes = [RESTARTS[planned.restart]] if planned.restart else []
    notes += [planned.note] if planned.note else []
    yield f"  {words.change(planned.change).ljust(10)}  {planned.label}" + (f"  ({'; '.join(notes)})" if notes else "")
    for field in planned.fields:
        yield from (f"        {line}" for line in _field(field))
    for line in planned.takeovers:
        yield f"        ! {line}"
    for refusal in planned.refusals:
        yield f"        {f'{refusal.path}: ' if refusal.path else ''}{refusal.words}"


def _after_drift(planned: ObjectPlan) -> str:
    if planned.change == "refused":
        return ""
    back = {field.path for field in planned.fields}
    if planned.change == "changed" and any(field.path in back for field in planned.drift):
        return ": put back by this"
    return "" if planned.change == "removed" else ": stays"


def _field(field: Field) -> Iterator[str]:
    old, new = field.old, field.new
    if isinstance(old, str) and isinstance(new, str) and "\n" in old + new and old != new:
        yield f"{field.path}:"
        changed = list(difflib.unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=0))[2:]
        diff = [line for line in changed if not line.startswith("@@")]
        yield from (f"    {_cut(line)}" for line in diff[:_MOST_LINES])
        if len(diff) > _MOST_LINES:
            yield f"    ... {len(diff) - _MOST_LINES} more lines"
    else:
        yield f"{field.path}: changed" if old == new else f"{field.path}: {_value(old)} -> {_value(new)}"


def _value(value: Any) -> str:
    if value is ABSENT:
        return "(none)"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _cut(text.replace("\n", "\u23ce"))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}... (+{len(text) - _LONGEST})"


async def for_review(session: Session, prepared: Prepared) -> Plan | Problem:
    """The plan, or the problem that prevents one."""
    try:
        return await session.installer.plan(prepared)
    except Problem as problem:
        return problem
