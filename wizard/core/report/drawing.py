"""What happened, drawn: lanes of marks and bars on one time axis, as coordinates. Pure, and bounded for any input.

The axis shows the time around the first failure; what was earlier stands together at its left edge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from wizard.core.kube import status
from wizard.core.kube.objects import Object, name_of
from wizard.core.rules.snapshot import Snapshot
from wizard.core.rules.timeline import WINDOW
from wizard.core.text.time import parse_time

WIDTH: Final = 960
MOST_PODS: Final = 24
"""Lanes of pods; those that are not ready come first."""
_LEFT, _RIGHT = 12, WIDTH - 36
_EARLIER: Final = 30
"""Where everything stands that was before the axis begins."""
_GUTTER: Final = 72
_TOP, _LANE = 44, 38
_NEAR: Final = 30
"""Marks of one lane that are nearer than this are drawn as one with their number: so much room does that take."""
_NAMED: Final = 6
"""Moments that the title of such a mark names."""
_SHORTEST: Final = 60.0
"""Seconds that the axis shows at least."""
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_STEPS: Final = (
    10, 30, _MINUTE, 2 * _MINUTE, 5 * _MINUTE, 10 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR, 12 * _HOUR,
    _DAY, 2 * _DAY, 7 * _DAY, 14 * _DAY, 30 * _DAY, 90 * _DAY, 180 * _DAY, 365 * _DAY,
)  # fmt: skip
_MOST_TICKS: Final = 7
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS: Final = {"changes": "change", "failures": "failure", "warnings": "warning", "errors in logs": "log"}
"""The lanes of all moments of one kind."""
_SIGNS: Final = ("failure", "warning", "log", "change", "note")
"""Kinds of marks; the first among several is the one that is drawn."""


@dataclass(frozen=True)
class Mark:
    """A moment of the timeline, or a line of a log that is an error and names its time."""

    when: datetime
    text: str
    object: str
    kind: Literal["change", "failure", "warning", "log", "note"]

    @property
    def line(self) -> str:
        """Time, object and text in one line."""
        about = f"{self.object}: " if self.object and self.object not in self.text else ""
        return f"{self.when:%Y-%m-%d %H:%M:%S} {about}{self.text}"


@dataclass(frozen=True)
class Sign:
    """One or more marks at a place of a lane."""

    x: float
    kind: str
    title: str
    count: int = 1


@dataclass(frozen=True)
class Bar:
    """A part of a pod's life, or of the axis. state: ready, unready, before (the last change), ended."""

    x: float
    width: float
    state: str
    title: str


@dataclass(frozen=True)
class Lane:
    """One line of the drawing; `top` is the upper edge of its label."""

    label: str
    top: int
    signs: tuple[Sign, ...]
    bars: tuple[Bar, ...] = ()

    @property
    def state(self) -> str:
        """The last state of the pod; "" in other lanes."""
        return self.bars[-1].state if self.bars else ""


@dataclass(frozen=True)
class Tick:
    """A time at a place of the axis."""

    x: float
    text: str


@dataclass(frozen=True)
class Drawing:
    """Everything that is drawn, in a box of `WIDTH` and `height`."""

    height: int
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]
    failure: Tick | None
    """Where the first failure began."""
    window: Bar | None
    """The time before it in which its cause is looked for."""
    earlier: Tick | None
    begins: str
    ends: str
    left_out: int
    """Pods without a lane."""


class _Axis:
    """Times as places, all of them within the box."""

    def __init__(self, start: datetime, end: datetime, *, earlier: bool) -> None:
        self.start, self.end = start, end
        self.left = _GUTTER if earlier else _LEFT
        self.span = max((end - start).total_seconds(), 1.0)

    def x(self, when: datetime) -> float:
        if when < self.start:
            return _EARLIER
        share = min((when - self.start).total_seconds() / self.span, 1.0)
        return round(self.left + share * (_RIGHT - self.left), 1)

    def ticks(self) -> Iterator[Tick]:
        step = next((step for step in _STEPS if self.span / step <= _MOST_TICKS), int(self.span / _MOST_TICKS))
        form = "%H:%M:%S" if step < _MINUTE else "%H:%M" if step < _DAY else "%Y-%m-%d"
        if step < _DAY < self.span:
            form = "%m-%d %H:%M"
        ahead = -((self.start - _EPOCH).total_seconds()) % step
        while ahead < self.span:
            when = self.start + timedelta(seconds=ahead)
            yield Tick(self.x(when), f"{when:{form}}")
            ahead += step


def draw(snapshot: Snapshot, marks: Sequence[Mark], began: datetime | None) -> Drawing:
    """The drawing of marks (oldest first) and of the release's pods; `began` is the first failure."""
    pods = sorted(snapshot.of_kind("Pod"), key=_is_well)
    shown = pods[:MOST_PODS]
    rows: list[tuple[str, list[Mark], Object | None]] = [
        (label, found, None)
        for label, kind in _KINDS.items()
        if (found := [mark for mark in marks if mark.kind == kind])
    ]
    rows += [(name_of(pod), [mark for mark in marks if mark.object == name_of(pod)], pod) for pod in shown]
    axis = _axis(snapshot.now, shown, [mark for _, found, _ in rows for mark in found], began)
    lanes = tuple(
        Lane(label, _TOP + number * _LANE, tuple(_signs(found, axis)), tuple(_life(pod, axis)) if pod else ())
        for number, (label, found, pod) in enumerate(rows)
    )
    window = None
    if began and began > axis.start:
        x = axis.x(began - min(WINDOW, began - axis.start))
        window = Bar(x, round(axis.x(began) - x, 1), "window", "30 minutes before the first failure")
    return Drawing(
        height=_TOP + len(rows) * _LANE + 6,
        lanes=lanes,
        ticks=tuple(axis.ticks()),
        failure=Tick(axis.x(began), f"first failure {began:%Y-%m-%d %H:%M:%S}") if began else None,
        window=window,
        earlier=Tick(_EARLIER, "earlier") if axis.left == _GUTTER else None,
        begins=f"{axis.start:%Y-%m-%d %H:%M:%S}",
        ends=f"{axis.end:%Y-%m-%d %H:%M:%S}",
        left_out=len(pods) - len(shown),
    )


def _axis(end: datetime, pods: Sequence[Object], marks: Sequence[Mark], began: datetime | None) -> _Axis:
    """From some time before the first failure, or from the first moment when nothing failed, to the observation."""
    created = [when for pod in pods if (when := parse_time(status.created(pod)))]
    # Applications name any time in their logs: these alone do not stretch the axis.
    earliest = min((*created, *(mark.when for mark in marks if mark.kind != "log"), began or end, end))
    start = earliest
    if began and began < end:
        back = max(WINDOW * 1.2, (end - began) * 0.6)
        start = began - min(back, began - earliest)
        # What is shown fills the axis: one moment of an hour ago is no reason for an empty hour.
        first = min(when for when in (*created, *(mark.when for mark in marks), began) if when >= start)
        start = first - min((end - first) * 0.1, first - start)
    shortest = timedelta(seconds=_SHORTEST)
    if end - start < shortest:
        start = end - min(shortest, end - datetime.min.replace(tzinfo=UTC))
    return _Axis(start, end, earlier=any(when < start for when in (*created, *(mark.when for mark in marks))))


def _is_well(pod: Object) -> bool:
    return status.is_ready(pod) or (pod.get("status") or {}).get("phase") == "Succeeded"


def _life(pod: Object, axis: _Axis) -> Iterator[Bar]:
    """Its time from creation to its end or the observation, cut where its readiness changed last."""
    begun = parse_time(status.created(pod)) or axis.start
    ends = [
        when
        for container in status.container_statuses(pod)
        if (when := parse_time(((container.get("state") or {}).get("terminated") or {}).get("finishedAt")))
    ]
    ended = (pod.get("status") or {}).get("phase") in ("Succeeded", "Failed")
    gone = parse_time(pod["metadata"].get("deletionTimestamp"))
    end = min(gone or axis.end, max(ends) if ended and ends else axis.end)
    turned = parse_time(status.condition(pod, "Ready").get("lastTransitionTime"))
    if ended or not turned or not begun < turned < end:
        turned = begun
    state, word = (
        ("ended", "ended") if ended else ("ready", "ready") if status.is_ready(pod) else ("unready", "not ready")
    )
    for first, last, kind, said in ((begun, turned, "before", "before"), (turned, end, state, word)):
        if first < last or kind != "before":
            x = axis.x(first)
            title = f"{said}: {first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S}"
            yield Bar(x, max(round(axis.x(last) - x, 1), 2.0), kind, title)


def _signs(marks: Sequence[Mark], axis: _Axis) -> Iterator[Sign]:
    """The marks of a lane, oldest first, those that would touch as one."""
    places: list[tuple[float, list[Mark]]] = []
    for mark in marks:
        x = axis.x(mark.when)
        if places and x < places[-1][0] + _NEAR:
            places[-1][1].append(mark)
        else:
            places.append((x, [mark]))
    for x, near in places:
        kind = min((mark.kind for mark in near), key=_SIGNS.index)
        more = [f"and {len(near) - _NAMED} more"] if len(near) > _NAMED else []
        yield Sign(x, kind, "\n".join([*(mark.line for mark in near[:_NAMED]), *more]), len(near))
