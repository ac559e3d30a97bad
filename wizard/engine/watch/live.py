"""A release live, without a run: the same events as in a run's record, in batches."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace

from wizard.core.run.events import Event
from wizard.core.target import Target
from wizard.core.text.time import rfc3339
from wizard.engine.watch.log_tail import LogTail
from wizard.engine.watch.release_watch import FLUSH_SECONDS, ReleaseWatch
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster


async def watch_release(
    cluster: Cluster, target: Target, clock: Clock, *, logs: bool = True
) -> AsyncIterator[Sequence[Event]]:
    """Batches of events until the caller stops; numbered from 1. Never raises for what the cluster refuses.

    The time of a cluster.event is that of its last occurrence, of any other that of its observation.
    """
    waiting: list[Event] = []
    arrived = asyncio.Event()

    def emit(events: Iterable[Event]) -> None:
        waiting.extend(events)
        arrived.set()

    watch = ReleaseWatch(cluster, target, clock, emit)
    tasks = [asyncio.create_task(watch.run(), name="watch release")]
    if logs:
        tail = LogTail(cluster, target.namespace, clock, emit)
        watch.on_pods(tail.update)
        tail.on_lines(watch.keep_last_lines)
        tasks.append(asyncio.create_task(tail.run(), name="tail release"))
    seq = 0
    try:
        while True:
            await _first_of(arrived, tasks)
            arrived.clear()
            time = rfc3339(clock.now(), "milliseconds")
            batch = [
                replace(event, seq=seq + number, time=event.time or time) for number, event in enumerate(waiting, 1)
            ]
            waiting.clear()
            seq += len(batch)
            if batch:
                yield batch
            await asyncio.sleep(FLUSH_SECONDS)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first_of(arrived: asyncio.Event, tasks: Sequence[asyncio.Task[None]]) -> None:
    """Wait until there are events; an exception of a task is raised here and not lost."""
    asked = asyncio.ensure_future(arrived.wait())
    try:
        done, _ = await asyncio.wait([asked, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        with contextlib.suppress(asyncio.CancelledError):
            asked.cancel()
    for task in done:
        task.result()
