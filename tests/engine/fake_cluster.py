"""A cluster in memory: a store of objects that is watched, and logs that a test writes."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from tests.engine.fakes import DayTwo
from wizard.core.kube.api import LogLine, Resource, WatchEvent
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object
from wizard.core.text.secrets import Secret


class Log:
    """One container's log. `lines` is what the kubelet has; `cut` ends the streams that are open."""

    def __init__(self, *texts: str) -> None:
        self.lines: list[LogLine] = []
        self.previous: list[LogLine] = []
        self.changed = asyncio.Event()
        self.over = False
        self.cuts = 0
        self.asked: list[dict[str, Any]] = []
        self.say(*texts)

    def say(self, *texts: str, second: int = 0) -> None:
        """Append lines of one second, a nanosecond apart."""
        count = len(self.lines)
        self.lines += [LogLine(f"2026-01-01T12:00:{second:02}.{count + n:09}Z", text) for n, text in enumerate(texts)]
        self.wake()

    def end(self) -> None:
        """The container ended: streams end after the last line."""
        self.over = True
        self.wake()

    def cut(self) -> None:
        """Every open stream is lost."""
        self.cuts += 1
        self.wake()

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class FakeCluster(DayTwo):
    """Implements what the run, the watch and the tail use of ports/cluster.Cluster."""

    def __init__(self) -> None:
        self.queues: dict[str, list[asyncio.Queue[WatchEvent | ClusterError]]] = defaultdict(list)
        self.stored: dict[str, dict[str, Object]] = defaultdict(dict)
        self.refuse: dict[str, ClusterError] = {}
        """By verb and kind: "watch Pod", "create Secret", "get Namespace", "logs"."""
        self.log: dict[str, Log] = {}
        self.made: list[tuple[str, Object]] = []
        self.time = ""
        """By the API server's clock; "" when it does not say it."""

    def _refused(self, what: str) -> None:
        if what in self.refuse:
            raise self.refuse[what]

    def put(self, *objects: Object) -> None:
        """Objects appear or change."""
        for one in objects:
            kind, uid = str(one["kind"]), str(one["metadata"]["uid"])
            event = WatchEvent("MODIFIED" if uid in self.stored[kind] else "ADDED", (one,))
            self.stored[kind][uid] = one
            self.send(kind, event)

    def remove(self, one: Object) -> None:
        """An object goes."""
        del self.stored[one["kind"]][one["metadata"]["uid"]]
        self.send(str(one["kind"]), WatchEvent("DELETED", (one,)))

    def send(self, kind: str, event: WatchEvent | ClusterError) -> None:
        """Anything else into the open watches of a kind."""
        for queue in self.queues[kind]:
            queue.put_nowait(event)

    async def watch(self, kind: str, namespace: str, *, labels: str = "") -> AsyncIterator[WatchEvent]:
        self._refused(f"watch {kind}")
        queue: asyncio.Queue[WatchEvent | ClusterError] = asyncio.Queue()
        self.queues[kind].append(queue)
        yield WatchEvent("LIST", tuple(self.stored[kind].values()))
        while True:
            event = await queue.get()
            if isinstance(event, ClusterError):
                raise event
            yield event

    async def get(
        self, kind: str, name: str, namespace: str = "", api_version: str = "", *, sealed: bool = False
    ) -> Object:
        self._refused(f"get {kind}")
        for one in self.stored[kind].values():
            if one["metadata"]["name"] == name:
                return one
        raise ClusterError("not-found", f"{kind} {name} is not there", 404)

    async def create(self, manifest: Object, namespace: str = "", *, dry_run: bool = False) -> Object:
        kind, name = str(manifest["kind"]), manifest["metadata"].get("name", "")
        self._refused(f"create {kind}")
        if kind == "SelfSubjectReview":
            return {**manifest, "metadata": {"creationTimestamp": self.time}}
        if any(one["metadata"]["name"] == name for one in self.stored[kind].values()):
            raise ClusterError("conflict", f"{kind} {name} is there already", 409)
        made = {**manifest, "metadata": {**manifest["metadata"], "uid": f"uid-{kind}-{name}"}}
        self.made.append((namespace, manifest))
        self.put(made)
        return made

    async def replace(self, manifest: Object, namespace: str = "") -> Object:
        kind, name = str(manifest["kind"]), manifest["metadata"]["name"]
        self._refused(f"update {kind}")
        old = await self.get(kind, name)
        made = {**manifest, "metadata": {**manifest["metadata"], "uid": old["metadata"]["uid"]}}
        self.put(made)
        return made

    async def delete(
        self, kind: str, name: str, namespace: str = "", api_version: str = "", *, uid: str = "", version: str = ""
    ) -> None:
        self._refused(f"delete {kind}")
        self.remove(await self.get(kind, name))

    async def logs(
        self, namespace: str, pod: str, container: str, *, follow: bool = True, previous: bool = False,
        since_time: str = "", tail_lines: int | None = None,
    ) -> AsyncIterator[tuple[LogLine, ...]]:  # fmt: skip
        self._refused("logs")
        log = self.log.setdefault(f"{pod}/{container}", Log())
        log.asked.append({"previous": previous, "since_time": since_time, "tail_lines": tail_lines})
        since = since_time.rstrip("Z")
        lines = log.previous if previous else log.lines
        kept = [line for line in lines if line.time[: len(since)] >= since]
        if kept:
            yield tuple(kept[-tail_lines:] if tail_lines else kept)
        seen, cuts = len(lines), log.cuts
        while follow and not previous:
            changed = log.changed
            if len(log.lines) > seen:
                fresh, seen = tuple(log.lines[seen:]), len(log.lines)
                yield fresh
            elif log.over:
                return
            elif log.cuts > cuts:
                raise ClusterError("unavailable", "the stream was cut")
            else:
                await changed.wait()

    # What the port has besides and these tests do not use

    async def secret(self, name: str, namespace: str) -> Mapping[str, Secret]:
        return {}

    async def whoami(self) -> tuple[str, tuple[str, ...]]:
        return "me", ()

    async def version(self, *, timed: bool = False) -> Mapping[str, str]:
        return {}

    async def connect(self, count: int) -> None:
        return

    async def resources(self) -> tuple[Resource, ...]:
        return ()

    async def list(
        self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "", metadata_only: bool = False,
        api_version: str = "", sealed: bool = False, kept: Callable[[Object], Object] | None = None,
    ) -> tuple[Object, ...]:  # fmt: skip
        return tuple(self.stored[kind].values())

    async def apply(self, manifest: Object, namespace: str = "", *, dry_run: bool = False) -> Object:
        return manifest

    async def may(self, verb: str, kind: str, namespace: str = "", *, subresource: str = "", name: str = "") -> bool:
        return True

    async def close(self) -> None:
        return
