"""List, then watch, for ever: bookmarks, resume, relist on 410, backoff with jitter, a new login once on 401."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from wizard.adapters.kube import body as kube_body
from wizard.adapters.kube import errors, kinds
from wizard.adapters.kube import objects as kube_objects
from wizard.adapters.kube.connection import Connection, Stream
from wizard.adapters.kube.threads import Channel
from wizard.core import limits
from wizard.core.backoff import Backoff
from wizard.core.kube.api import Resource, WatchEvent
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import Object

_TRANSIENT: Final = frozenset({"dns", "refused", "tls", "slow", "unavailable", "not-kubernetes", "gone", "conflict"})
"""Errors that pass by themselves; others stay until a person acts."""
_FIRST_TRIES: Final = 3
"""How often the first list is tried: until it has worked once, there is nothing to resume."""
_LIVED: Final = 10.0
_BACKOFF: Final = Backoff(0.5, 30.0)
_SERVER_BACK: Final = Backoff(0.5, 4.0)
"""While nothing listens there: no server is burdened, and a restart takes seconds."""
_LONGEST_WAIT: Final = 60.0
"""Seconds of a Retry-After that are respected."""
_LIFE: Final = (330, 450)
"""Seconds after which the server ends a watch: none ends within helm's own wait of 300; the span spreads reconnects."""
_QUIET: Final = 130.0
"""A server that sends bookmarks does so every minute: after twice as long without a byte the connection is dead."""


@dataclass
class Watch:
    """One watch, run in a thread of its own; ends when its reader has closed the channel."""

    connection: Callable[[], Connection]
    resource: Resource
    namespace: str
    labels: str
    channel: Channel[WatchEvent]
    stream: Stream
    version: str = ""
    failures: int = 0
    listed: bool = False
    renewed: bool = False
    blind: bool = False
    marked: bool = False
    """The server sends bookmarks."""
    patient: bool = False
    """It was silent for long and sends no bookmarks: only its own time limit ends a watch."""
    wait: float = 0.0
    """Seconds that the last refusal asked for with Retry-After."""

    def run(self) -> None:
        """Watch until the reader closes the channel, or an error that does not pass."""
        try:
            while not self.channel.is_closed():
                began = time.monotonic()
                try:
                    self._once()
                    failure = None
                except ClusterError as error:
                    failure = error
                if self.channel.is_closed():
                    break
                if time.monotonic() - began > _LIVED:
                    self.failures = 0
                if not self._go_on(failure, time.monotonic() - began):
                    self.channel.finish(failure)
                    return
        except Exception as error:  # noqa: BLE001 - the channel is the only way to report it
            self.channel.finish(error)
        else:
            self.channel.finish()

    def _go_on(self, failure: ClusterError | None, lived: float) -> bool:
        if failure is None:
            if lived > 1.0:
                return True  # the server ends every watch after some minutes; that is no failure
        elif failure.kind == "gone":
            self.version = ""
            if self.failures == 0:
                self.failures = 1
                return True
        elif failure.kind == "unauthorized" and not self.renewed:
            self.renewed = True
            self.connection().refresh()
            return True
        elif not self._is_transient(failure):
            return False
        elif self.listed or self.failures:  # one failure at first is not reported
            self.blind = True
            self.channel.put((WatchEvent("BLIND", (), failure.message),))
        self.failures += 1
        backoff = _SERVER_BACK if failure and failure.kind == "refused" else _BACKOFF
        self.channel.pause(max(backoff.pause(self.failures), self.wait))
        return True

    def _is_transient(self, failure: ClusterError) -> bool:
        if self.listed:
            return failure.kind in _TRANSIENT
        return failure.kind in ("slow", "unavailable") and self.failures + 1 < _FIRST_TRIES

    def _once(self) -> None:
        if not self.version:
            objects, self.version = self._list()
            self.listed, self.renewed = True, False
            if not self.channel.put((WatchEvent("LIST", objects),)):
                return
        seconds = random.randint(*_LIFE)  # noqa: S311 - spreads reconnects, no secret
        query = {
            "watch": "1",
            "allowWatchBookmarks": "true",
            "resourceVersion": self.version,
            "timeoutSeconds": str(seconds),
        }
        answer = self._ask("watch", query)
        self.renewed = False
        if self.blind:
            self.blind = False
            self.channel.put((WatchEvent("BLIND", ()),))
        self.stream.patience(seconds + 15.0 if self.patient else _QUIET)
        try:
            for batch in self._changes(answer):
                if not self.channel.put(batch):
                    return
        except ClusterError as error:
            if error.kind != "slow":
                raise
            # Watched again at once, from the same version: that shows whether the connection is dead or the server hangs.
            self.patient = not self.marked

    def _list(self) -> tuple[tuple[Object, ...], str]:
        answer = self._ask("list", {})
        server = self.connection().server
        body = kube_body.whole(answer, server)
        try:
            data = kube_objects.decode(body)
            return tuple(self._own(item) for item in data["items"]), str(data["metadata"].get("resourceVersion", ""))
        except limits.OverLimitError as error:
            raise errors.unread(server, str(error), "not-kubernetes") from None
        except (ValueError, LookupError, TypeError, AttributeError):
            raise errors.not_kubernetes(server, "something else") from None

    def _ask(self, verb: str, query: dict[str, str]) -> Any:
        connection = self.connection()
        path = kinds.path(self.resource, self.namespace)
        if self.labels:
            query = {**query, "labelSelector": self.labels}
        answer = connection.send("GET", path, query=query, stream=self.stream)
        self.wait = seconds(answer.headers.get("Retry-After", "")) if answer.status != 200 else 0.0
        if answer.status != 200:
            right = kinds.permission(verb, self.resource, self.namespace)
            body = kube_body.whole(answer, connection.server)
            raise errors.of_answer(
                answer.status, answer.headers.get("Content-Type", ""), body, connection.server, right
            )
        return answer

    def _changes(self, answer: Any) -> Iterator[tuple[WatchEvent, ...]]:
        server, rest = self.connection().server, b""
        for chunk in _chunks(answer, server):
            *lines, rest = (rest + chunk).split(b"\n") if rest else chunk.split(b"\n")
            if len(rest) > limits.WATCH_LINE:
                words = f"a line of a watch holds more than {limits.amount(limits.WATCH_LINE)}"
                raise errors.unread(server, words, "not-kubernetes")
            try:
                events = tuple(event for line in lines if line for event in self._event(line))
            except limits.OverLimitError as error:
                raise errors.unread(server, str(error), "not-kubernetes") from None
            except (ValueError, LookupError, TypeError, AttributeError):
                raise errors.not_kubernetes(server, "something else") from None
            if events:
                yield events

    def _event(self, line: bytes) -> Iterator[WatchEvent]:
        """The change of one line, none for a bookmark.

        Raises:
            ClusterError: the line is an error of the API.
            ValueError, LookupError, TypeError, AttributeError: the line is malformed.
        """
        data = kube_objects.decode(line)
        kind, item = data["type"], data["object"]
        if kind == "ERROR":
            code = int(item.get("code") or 500)
            raise ClusterError(
                "gone" if code == 410 else "unavailable", str(item.get("message") or "watch error"), code
            )
        version = item["metadata"]["resourceVersion"]
        if kind == "BOOKMARK":
            self.marked = True
        elif kind in ("ADDED", "MODIFIED", "DELETED"):
            yield WatchEvent(kind, (self._own(item),))
        else:
            raise ValueError(f"a change of type {kind}")
        self.version = str(version)

    def _own(self, item: dict[str, Any]) -> Object:
        item["apiVersion"], item["kind"] = self.resource.api_version, self.resource.kind
        return kube_objects.without_secrets(item)


def seconds(retry_after: str, otherwise: float = 0.0) -> float:
    """The seconds of a Retry-After, capped; `otherwise` when there is none, or a date."""
    return min(float(retry_after), _LONGEST_WAIT) if retry_after.isdecimal() else otherwise


def _chunks(answer: Any, server: str) -> Iterator[bytes]:
    import urllib3

    try:
        while chunk := answer.read1(262_144):
            yield chunk
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise errors.of_exception(error, server) from None
    finally:
        answer.close()
