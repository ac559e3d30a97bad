"""A bundle as JSON, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any, Final, TypeVar

from wizard.core import limits
from wizard.core.bundle.content import Bundle, Withheld
from wizard.core.kube import shape
from wizard.core.kube.objects import Object, ObjectEvent
from wizard.core.reach.result import Reach
from wizard.core.rules.diagnosis import Hidden, Observation
from wizard.core.rules.snapshot import HelmError, Revision, Snapshot
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.core.text import sanitize
from wizard.core.text.time import parse_time, rfc3339

VERSION: Final = 1
"""Of the format; one with another number is not read."""
_RUN: Final = ("id", "operation", "state", "started", "verdict", "ended")
"""What goes in of a run: not who made it, and nothing of the machine."""
_TYPES: Final = {"str": str, "int": int, "tuple[str, ...]": tuple}
_Record = TypeVar("_Record", ObjectEvent, Hidden, Revision, HelmError, Withheld)


class NewerError(ValueError):
    """The bundle has a format that a newer wizard made."""


def to_data(bundle: Bundle) -> dict[str, Any]:
    """Plain data in an order that depends on the observation alone."""
    observation, snapshot = bundle.observation, bundle.observation.snapshot
    return {
        "v": VERSION,
        "at": rfc3339(snapshot.now),
        "tool": bundle.tool,
        "target": {"context": bundle.target.context, "namespace": bundle.target.namespace, "release": bundle.target.release},
        "complete": observation.complete,
        "reach": snapshot.reach.to_data() if snapshot.reach else None,
        "unseen": [asdict(one) for one in observation.unseen],
        "blind": sorted(observation.blind),
        "seen": sorted(snapshot.seen),
        "hidden": sorted(snapshot.hidden),
        "absent": sorted(snapshot.absent),
        "late": list(snapshot.late),
        "revisions": [asdict(one) for one in snapshot.revisions],
        "helm_errors": [asdict(one) for one in snapshot.helm_errors],
        "runs": [{key: getattr(run, key) for key in _RUN} for run in snapshot.runs],
        "events": [asdict(one) for one in snapshot.events],
        "logs": [[pod, container, list(lines)] for (pod, container), lines in snapshot.logs.items()],
        "objects": list(snapshot.objects.values()),
        "around": list(snapshot.around.values()),
        "withheld": [asdict(one) for one in bundle.withheld],
    }  # fmt: skip


def of_data(data: Any) -> Bundle:
    """The bundle of such data, its texts safe to print.

    Raises:
        NewerError: its format is newer.
        ValueError, TypeError, KeyError: it is something else.
    """
    version = data["v"]
    if limits.is_count(version) and version > VERSION:
        raise NewerError(f"format {version}")
    if version != VERSION:
        raise ValueError("its format is not known")
    data = shape.each(data, shape.clean)
    now = parse_time(data["at"])
    if now is None:
        raise ValueError("its time is none")
    target = Target(*(_text(data["target"][key]) for key in ("context", "namespace", "release")))
    snapshot = Snapshot(
        objects=_objects(data["objects"]), events=_records(ObjectEvent, data["events"]), now=now,
        logs={(_text(pod), _text(container)): [sanitize.line(line) for line in _texts(lines)] for pod, container, lines in data["logs"]},
        around=_objects(data["around"]), seen=frozenset(_texts(data["seen"])), absent=frozenset(_texts(data["absent"])),
        revisions=_records(Revision, data["revisions"]), helm_errors=_records(HelmError, data["helm_errors"]),
        runs=[_run(run, target) for run in data["runs"]],
        namespace=target.namespace, release=target.release, context=target.context, hidden=frozenset(_texts(data["hidden"])),
        late=tuple(_texts(data.get("late", ()))),
        reach=_reach(data["reach"]) if data["reach"] else None,
    )  # fmt: skip
    unseen, complete = _records(Hidden, data["unseen"]), data["complete"] is True
    observation = Observation(snapshot, unseen, frozenset(_texts(data["blind"])), complete)
    return Bundle(target, observation, _records(Withheld, data["withheld"]), _text(data["tool"]))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("a text is none")
    return value


def _texts(value: Any) -> list[str]:
    return [_text(item) for item in value]


def _records(kind: type[_Record], items: Iterable[Mapping[str, Any]]) -> tuple[_Record, ...]:
    return tuple(_record(kind, item) for item in items)


def _record(kind: type[_Record], item: Mapping[str, Any]) -> _Record:
    values: dict[str, Any] = {
        key: tuple(_texts(value)) if isinstance(value, list) else value for key, value in item.items()
    }
    made = kind(**values)
    for field in fields(kind):
        if not isinstance(getattr(made, field.name), _TYPES[str(field.type)]):
            raise TypeError(f"{field.name} is of another type")
    return made


def _reach(item: Mapping[str, Any]) -> Reach:
    for part in (item, *item["ways"]):
        for value in part.values():
            if value is not item["ways"]:
                _text(value)
    return Reach.of_data(item)


def _run(item: Mapping[str, Any], target: Target) -> RunSummary:
    name, operation, state, started, verdict, ended = (_text(item[key]) for key in _RUN)
    return RunSummary(name, operation, target, state, started, verdict, ended=ended)


def _objects(items: Iterable[Any]) -> dict[str, Object]:
    """The objects by uid, checked as those of an API server are."""
    result = {}
    for item in items:
        shape.check(item)
        _text(item["kind"])
        _text(item["metadata"]["name"])
        result[_text(item["metadata"]["uid"])] = item
    return result
