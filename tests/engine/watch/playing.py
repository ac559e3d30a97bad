"""Plays what a cluster sent to a release's watch, at times that the test says, and collects what the watch says of it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from typing import Any, cast

from wizard.core.kube.api import WatchEvent
from wizard.core.kube.objects import KINDS, Object
from wizard.core.rules.finding import Finding
from wizard.core.run.events import Event
from wizard.core.target import Target
from wizard.engine.watch.release_watch import ReleaseWatch


class _Clock:
    def __init__(self, time: datetime) -> None:
        self.time = time

    def now(self) -> datetime:
        return self.time


class _Streams:
    """The cluster as far as a watch asks it."""

    def __init__(self) -> None:
        self.queues: dict[str, asyncio.Queue[WatchEvent]] = defaultdict(asyncio.Queue)
        self.listed: list[str] = []
        self.policies: tuple[Object, ...] = ()

    async def list(self, kind: str, namespace: str) -> tuple[Object, ...]:
        self.listed.append(kind)
        return self.policies

    async def watch(self, kind: str, namespace: str, *, labels: str = "") -> AsyncIterator[WatchEvent]:
        while True:
            yield await self.queues[kind].get()


class Player:
    """A watch of a release that helm upgrades, and knows of it or not; every look is kept."""

    def __init__(self, target: Target, start: datetime, *, replaces: bool) -> None:
        self.clock, self.streams = _Clock(start), _Streams()
        self.events: list[Event] = []
        self.urgent: list[Finding] = []
        self.watch = ReleaseWatch(cast("Any", self.streams), target, self.clock, self._keep)
        self.watch.hold, self.watch.replaces = "helm is still at work", replaces

    def _keep(self, events: Iterable[Event]) -> None:
        self.events += events

    async def __aenter__(self) -> Player:
        self._task = asyncio.create_task(self.watch.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def list(self, *objects: Object) -> None:
        """Everything that is there at first, each kind with a list of its own."""
        for kind in (*KINDS, "Event"):
            found = tuple(one for one in objects if one["kind"] == kind)
            self.streams.queues[kind].put_nowait(WatchEvent("LIST", found))
        await self.look(self.clock.time)

    async def send(self, at: datetime, kind: str, change: WatchEvent) -> None:
        """One change, and a look at once."""
        self.clock.time = at
        self.streams.queues[kind].put_nowait(change)
        await self.look(at)

    async def look(self, at: datetime) -> None:
        """Judge at that time."""
        self.clock.time = at
        for _ in range(3):  # the watches of the kinds take what was sent
            await asyncio.sleep(0)
        self.watch.flush()
        self.urgent += self.watch.urgent
