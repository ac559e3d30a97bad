"""Daemon threads for blocking calls, and a channel that brings a thread's batches into the event loop.

Not asyncio's executor: its threads are joined at exit, so one hanging call would keep the program from ending.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from wizard.core.kube.errors import ClusterError

T = TypeVar("T")


class Workers:
    """A few daemon threads, started when they are needed."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._jobs: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._started = 0
        self._waiting = 0
        self._closed = False

    async def call(self, work: Callable[[], T]) -> T:
        """Run blocking work in a thread and wait for it; a caller that is cancelled does not wait for the thread."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def job() -> None:
            if future.cancelled():
                return
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - it is raised in the caller
                _post(loop, _settle, future, None, error)
            else:
                _post(loop, _settle, future, result, None)

        with self._lock:
            if self._closed:
                raise ClusterError("unavailable", "The connection to the cluster was closed.")
            if self._waiting <= self._jobs.qsize() and self._started < self._limit:
                self._started += 1
                threading.Thread(target=self._serve, name=f"kube-call-{self._started}", daemon=True).start()
            self._jobs.put(job)
        return await future

    def close(self) -> None:
        """No more work; idle threads end at once, busy ones with their own time limit."""
        with self._lock:
            self._closed = True
            for _ in range(self._started):
                self._jobs.put(None)

    def _serve(self) -> None:
        while True:
            with self._lock:
                self._waiting += 1
            job = self._jobs.get()
            with self._lock:
                self._waiting -= 1
            if job is None:
                return
            job()


def _settle(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is not None:
        future.set_exception(error)
    else:
        future.set_result(result)


def _post(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: Any) -> None:
    try:
        loop.call_soon_threadsafe(call, *arguments)
    except RuntimeError:
        return  # the loop is closed: nobody waits any more


class Channel(Generic[T]):
    """Items from one thread to one coroutine, in order, none lost: a full channel makes the thread wait."""

    def __init__(self, limit: int) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrived = asyncio.Event()
        self._changed = threading.Condition()
        self._items: list[T] = []
        self._limit = limit
        self._error: BaseException | None = None
        self._ended = False
        self._closed = False

    def put(self, items: Sequence[T]) -> bool:
        """From the thread: hand over items, waiting while the channel is full; False when the reader is gone."""
        with self._changed:
            while len(self._items) >= self._limit and not self._closed:
                self._changed.wait()
            if self._closed:
                return False
            was_empty = not self._items
            self._items.extend(items)
        if was_empty:
            _post(self._loop, self._arrived.set)
        return True

    def finish(self, error: BaseException | None = None) -> None:
        """From the thread: no more items; the error is raised to the reader after the last item."""
        with self._changed:
            self._ended, self._error = True, error
        _post(self._loop, self._arrived.set)

    async def take(self) -> list[T]:
        """Everything that has arrived, at least one item; empty when the thread has finished. Raises its error."""
        while True:
            await self._arrived.wait()
            with self._changed:
                self._arrived.clear()
                items, self._items = self._items, []
                if items:
                    if self._ended:
                        self._arrived.set()
                    self._changed.notify_all()
                    return items
                if self._ended:
                    self._arrived.set()
                    if self._error is not None:
                        raise self._error
                    return []

    def close(self) -> None:
        """From the reader: it takes no more items."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def is_closed(self) -> bool:
        """Whether the reader is gone."""
        return self._closed

    def pause(self, seconds: float) -> bool:
        """From the thread: wait, but no longer than the reader stays; False when it is gone."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed, seconds)
            return not self._closed
