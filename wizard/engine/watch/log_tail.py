"""Every line of every container of a release: opened when the container has started, resumed without duplicates.

A lost stream is resumed from the last second that was read, minus the lines of that second that were seen; when none of
them comes again, lines may be missing and a gap says so. After a restart the previous instance's log is read once.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from wizard.core.backoff import Backoff
from wizard.core.kube import status
from wizard.core.kube.api import LogLine
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.run.events import Event
from wizard.core.text.time import parse_time
from wizard.core.text.words import counted
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster

MAX_STREAMS: Final = 100
"""Streams open at once: each is a thread and a connection. Those beyond are reported, not silently left out."""
OLD_LINES: Final = 200
"""Lines shown of a container that ran before the watch began."""
_RETRY: Final = Backoff(0.25, 10.0)
_AGAIN: Final = Backoff(5.0, 300.0)
"""Seconds until logs that were refused are asked for again, doubling: rights come back."""
GONE: Final = re.compile(r"unable to retrieve container logs for ", re.IGNORECASE)
"""What the kubelet sends in place of a removed log, as if it were a line of it."""
_BEYOND: Final = "logs of more containers"
_NAMED: Final = 5
_SECOND: Final = len("2026-01-01T00:00:00")

Emit = Callable[[Iterable[Event]], None]


@dataclass
class _ReadPosition:
    """How far one container's log was read."""

    second: str = ""
    seen: list[str] = field(default_factory=list)
    """Times of the lines read in that second."""
    zone: str = "Z"

    def take(self, lines: Sequence[LogLine]) -> None:
        """Advance to the position after these lines."""
        last = next((line.time for line in reversed(lines) if line.time), "")
        if not last:
            return
        second, times = last[:_SECOND], []
        for line in reversed(lines):
            if line.time.startswith(second):
                times.append(line.time)
            elif line.time:
                break
        else:
            if second == self.second:
                self.seen += times
                return
        self.second, self.zone, self.seen = second, _zone(last), times

    @property
    def since(self) -> str:
        """Where to resume, in whole seconds as the API takes it; "" for the beginning."""
        return self.second + self.zone if self.second else ""


@dataclass
class _Deduplicator:
    """Drops the lines that a resumed stream repeats."""

    second: str
    left: Counter[str]
    met: bool = False
    decided: bool = False

    def drop(self, lines: Sequence[LogLine]) -> list[LogLine]:
        """The lines that were not seen before."""
        if self.decided:
            return list(lines)
        kept = []
        for line in lines:
            if not self.decided and line.time and line.time[:_SECOND] > self.second:
                self.decided = True
            if not self.decided and self.left[line.time] > 0:
                self.left[line.time] -= 1
                self.met = True
            elif self.decided or not line.time or line.time[:_SECOND] == self.second:
                kept.append(line)
        return kept


@dataclass
class _Container:
    """One container of one pod and the instance of it that is read."""

    pod: str
    name: str
    instance: str = ""
    restarts: int = 0
    ended: bool = False
    """The instance has ended: the end of its stream is the end of its log."""
    old: bool = False
    """It ran before the watch began."""
    position: _ReadPosition = field(default_factory=_ReadPosition)
    before_read: bool = False
    """The log of the instance before this one was read to its end."""
    task: asyncio.Task[None] | None = None
    finished: bool = False


class LogTail:
    """Follows the containers of the pods that `update` names. `run` owns the tasks; cancelling it ends them."""

    def __init__(
        self, cluster: Cluster, namespace: str, clock: Clock, emit: Emit, *, max_streams: int = MAX_STREAMS
    ) -> None:
        self._cluster, self._namespace, self._emit = cluster, namespace, emit
        self._began = clock.now()
        self._max = max_streams
        self._containers: dict[tuple[str, str], _Container] = {}
        self._left_out: list[str] = []
        self._refused = False
        self._refusals = 0
        self._asking = False
        self._group: asyncio.TaskGroup | None = None
        self._pods: Sequence[Object] = ()
        self._read_before: dict[tuple[str, str], _ReadPosition] = {}
        self._listeners: list[Callable[[str, str, Sequence[LogLine]], None]] = []

    def on_lines(self, listener: Callable[[str, str, Sequence[LogLine]], None]) -> None:
        """Call the listener with pod, container and the lines that were read."""
        self._listeners.append(listener)

    def resume_after(self, past: Iterable[Event]) -> None:
        """Continue a record: the lines that it has are not read again."""
        for event in past:
            if event.type == "log.lines" and not event.data["previous"]:
                position = self._read_before.setdefault((event.data["pod"], event.data["container"]), _ReadPosition())
                position.take([LogLine(time, "") for time, _ in event.data["lines"]])

    async def run(self) -> None:
        """Follow until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            self.update(self._pods)
            await asyncio.get_running_loop().create_future()

    async def drain(self, seconds: float) -> None:
        """Give streams of ended containers a moment to deliver their last lines."""
        ending = [container.task for container in self._containers.values() if container.task and container.ended]
        if ending:
            await asyncio.wait(ending, timeout=seconds)

    def update(self, pods: Sequence[Object]) -> None:
        """The release's pods as they are now: opens what has started."""
        self._pods = pods
        if self._group is None or self._refused:
            return
        current = set()
        for pod in pods:
            uid, name = str(pod["metadata"]["uid"]), str(pod["metadata"]["name"])
            for reported in status.container_statuses(pod):
                key = (uid, str(reported.get("name")))
                current.add(key)
                if key not in self._containers:
                    position = self._read_before.pop((name, key[1]), _ReadPosition())
                    self._containers[key] = _Container(name, key[1], position=position)
                self._update_container(self._containers[key], reported)
        for key in self._containers.keys() - current:
            self._containers[key].ended = True
            if self._containers[key].task is None:
                del self._containers[key]
        self._open()

    def _update_container(self, container: _Container, reported: Mapping[str, Any]) -> None:
        state = reported.get("state") or {}
        restarts = int(reported.get("restartCount") or 0)
        started = "running" in state or "terminated" in state
        if not started and not reported.get("containerID"):
            return
        instance = str(reported.get("containerID") or f"restart {restarts}")
        container.ended = "running" not in state
        if instance == container.instance:
            return
        if not container.instance:
            begun = parse_time(str((state.get("running") or {}).get("startedAt") or ""))
            container.old = bool(begun and begun < self._began.replace(microsecond=0))
        skipped = restarts - container.restarts - 1
        if container.instance and skipped > 0:
            self._gap(
                container,
                None,
                f"{container.name} restarted {counted(skipped + 1, 'time')} before its log could be read",
            )
        if container.instance:
            container.old, container.before_read = False, container.finished and skipped <= 0
            if container.finished:
                container.position = _ReadPosition()  # it does not apply to the log of the next instance
        container.instance, container.restarts, container.finished = instance, restarts, False

    def _open(self) -> None:
        group = self._group
        if group is None or self._refused:
            return
        open_now = sum(container.task is not None for container in self._containers.values())
        left_out = []
        for container in self._containers.values():
            if not container.instance or container.finished or container.task is not None:
                continue
            if open_now >= self._max:
                left_out.append(f"{container.pod}/{container.name}")
                continue
            open_now += 1
            container.task = group.create_task(self._follow(container), name=f"log {container.pod}/{container.name}")
        if left_out != self._left_out:
            self._left_out = left_out
            more = f" and {len(left_out) - _NAMED} more" if len(left_out) > _NAMED else ""
            which = f"{len(left_out)} are not followed ({', '.join(left_out[:_NAMED])}{more})"
            self._emit_hidden(_BEYOND, f"{which}: {self._max} logs are open already" if left_out else "", "")

    async def _follow(self, container: _Container) -> None:
        """Read the instance to its end, then those that came after it meanwhile."""
        previous = container.restarts > 0 and not (container.position.second or container.old or container.before_read)
        try:
            while not container.finished:
                instance = container.instance
                if previous:
                    await self._read_previous(container)
                await self._read_instance(container, instance)
                if self._refused:
                    break
                if container.instance == instance:
                    container.finished = True
                else:
                    previous = True
        finally:
            container.task = None
        self._open()

    async def _read_previous(self, container: _Container) -> None:
        """The lines of the instance before the restart that were not read yet; never twice."""
        position = container.position
        container.position = _ReadPosition()
        repeated = _Deduplicator(position.second, Counter(position.seen)) if position.second else None
        tail = None if repeated else OLD_LINES
        try:
            async for batch in self._cluster.logs(
                self._namespace,
                container.pod,
                container.name,
                follow=False,
                previous=True,
                since_time=position.since,
                tail_lines=tail,
            ):
                self._emit_lines(container, repeated.drop(batch) if repeated else batch, previous=True)
        except ClusterError as error:
            if self._is_refused(error):
                return
            if error.kind not in ("not-found", "invalid", "other"):
                self._gap(container, None, f"the log before the restart: {error.message}")

    async def _read_instance(self, container: _Container, instance: str) -> None:
        failures, tries = 0, 0
        while True:
            position = container.position
            repeated = _Deduplicator(position.second, Counter(position.seen)) if position.second else None
            ended_before = container.ended or container.instance != instance
            try:
                received = await self._read_stream(container, repeated)
            except ClusterError as error:
                received = False
                if self._is_refused(error) or error.kind == "not-found":
                    return
                if ended_before:
                    tries += 1
                    if tries > 3:
                        self._gap(container, None, f"its last lines: {error.message}")
                        return
            else:
                # A clean end of a container that has ended is the end; else the connection was lost or the file rotated.
                if ended_before or container.ended or container.instance != instance:
                    return
            failures = 1 if received else failures + 1
            await asyncio.sleep(_RETRY.pause(failures))
            if container.instance != instance:
                return

    async def _read_stream(self, container: _Container, repeated: _Deduplicator | None) -> bool:
        received = False
        tail = OLD_LINES if container.old and not repeated else None
        async for batch in self._cluster.logs(
            self._namespace, container.pod, container.name, since_time=container.position.since, tail_lines=tail
        ):
            self._not_refused()
            fresh = repeated.drop(batch) if repeated else batch
            if repeated and fresh and not repeated.met and container.position.seen:
                self._gap(container, None, "the stream was cut, and its last lines were gone when it came back")
                repeated = None
            received = received or bool(fresh)
            container.position.take(fresh)
            self._emit_lines(container, fresh, previous=False)
        return received

    def _emit_lines(self, container: _Container, lines: Sequence[LogLine], *, previous: bool) -> None:
        if any(GONE.match(line.text) for line in lines if not line.time):
            self._gap(container, None, "the kubelet has removed this log already")
            lines = [line for line in lines if line.time or not GONE.match(line.text)]
        if lines:
            data = {"pod": container.pod, "container": container.name, "previous": previous, "lines": list(lines)}
            self._emit([Event("log.lines", data)])
            for listener in self._listeners:
                listener(container.pod, container.name, lines)

    def _gap(self, container: _Container, lost: int | None, reason: str) -> None:
        data = {"pod": container.pod, "container": container.name, "lost": lost, "reason": reason}
        self._emit([Event("log.gap", data)])

    def _is_refused(self, error: ClusterError) -> bool:
        if error.kind != "forbidden":
            return False
        if not self._refused and self._group is not None:
            self._refused = True
            self._asking = False
            self._emit_hidden("logs", error.message, error.permission)
            self._group.create_task(self._ask_again(), name="logs again")
        return True

    async def _ask_again(self) -> None:
        self._refusals += 1
        await asyncio.sleep(_AGAIN.pause(self._refusals))
        self._refused, self._asking = False, True
        self.update(self._pods)

    def _not_refused(self) -> None:
        if self._asking and not self._refused:
            self._asking, self._refusals = False, 0
            self._emit_hidden("logs", "", "")

    def _emit_hidden(self, what: str, reason: str, permission: str) -> None:
        self._emit([Event("watch.blind", {"what": what, "reason": reason, "permission": permission})])


def _zone(time: str) -> str:
    """The zone of an RFC 3339 time: Z or +hh:mm."""
    tail = time[_SECOND:]
    cut = max(tail.rfind("+"), tail.rfind("-"))
    return tail[cut:] if cut >= 0 else "Z"
