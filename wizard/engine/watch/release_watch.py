"""Our own list-watch of a release, from second 0: objects, events, findings, what it waits for, and the verdict.

Every kind has a watch of its own; what belongs to the release is decided here (label, annotation, owners). Changes are
coalesced: the first one is passed on at once, those that follow within FLUSH_SECONDS together.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from wizard.core import limits
from wizard.core.backoff import Backoff
from wizard.core.kube import membership, patience, status
from wizard.core.kube.api import LogLine, WatchEvent
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import KINDS, Object, ObjectEvent
from wizard.core.kube.patience import Gone
from wizard.core.kube.status import Judged, Verdict
from wizard.core.rules.finding import Finding
from wizard.core.rules.findings import policies
from wizard.core.rules.ranking import diagnose
from wizard.core.rules.snapshot import Snapshot
from wizard.core.rules.verdict import release_verdict
from wizard.core.run import waiting
from wizard.core.run.events import Event
from wizard.core.run.rows import object_rows, waiting_data
from wizard.core.run.view import RunView
from wizard.core.target import Target
from wizard.core.text.time import parse_time, rfc3339
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster

STILL_READING: Final = "still reading the cluster"
"""Reason of the verdict until every kind was listed once; events too, as they may be all that names a cause."""
FLUSH_SECONDS: Final = 0.05
TICK_SECONDS: Final = 1.0
"""How often the clock alone may change a verdict (a probe's budget runs out)."""

_AGAIN: Final = Backoff(2.0, 300.0)
"""Seconds until a kind that was refused is asked for again, doubling: rights and logins come back."""

_GONE_PODS: Final = 200
"""Deleted pods that are remembered."""
_APPLIED: Final = (
    "Deployment", "StatefulSet", "DaemonSet", "Service", "Ingress", "HorizontalPodAutoscaler", "PodDisruptionBudget",
)  # fmt: skip
"""Kinds of which a change shows that helm applies; Jobs may be hooks that come long before."""
_APPLIED_SECONDS: Final = 5.0
"""Helm applies object after object: once nothing changed for so long, it has finished."""
_UNCHANGED_SECONDS: Final = 60.0
"""When not even one object changed for so long, helm changes none of them."""

_WAITS_SECONDS: Final = 10.0
"""So long a container has to wait for an answer in vain before the network policies are read, once: a start takes a while."""
_POLICIES_LIMIT: Final = 8.0

Emit = Callable[[Iterable[Event]], None]


@dataclass(frozen=True)
class _Seen:
    """An object as it was last judged; since: when it was seen to get this state, "" when it had it from the start."""

    state: str
    generation: Any
    since: str


class ReleaseWatch:
    """Watches one release and emits what changes. One owner starts it with `run` and ends it by cancelling."""

    def __init__(self, cluster: Cluster, target: Target, clock: Clock, emit: Emit) -> None:
        self._cluster, self._target, self._clock, self._emit = cluster, target, clock, emit
        self.hold = ""
        """While set, "ready" is reported as "progressing" with this reason (helm has not ended yet)."""
        self.replaces = False
        """Set before `run` when helm is to replace existing objects: until it has, they count as the old ones."""
        self._kinds: dict[str, dict[str, Object]] = {kind: {} for kind in KINDS}
        self._raw_events: dict[str, Object] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._emitted_events: dict[tuple[str, str, str], int] = {}
        self._findings: dict[tuple[str, str], Mapping[str, Any]] = {}
        self._waiting = waiting.NOTHING
        self._verdict = Verdict("unknown", "")
        self._hidden: dict[str, str] = {}
        self._unlisted = {*KINDS, "Event"}
        self._seen: dict[str, _Seen] = {}
        self._changed_at: dict[str, str] = {}
        self._outdated: dict[str, Sequence[Mapping[str, Any]]] = {}
        self._gone: deque[Gone] = deque(maxlen=_GONE_PODS)
        self._before: set[str] = set()
        self._began: datetime | None = None
        self._applied: datetime | None = None
        self._last_lines: dict[tuple[str, str], deque[str]] = {}
        self._policies: dict[str, Object] = {}
        self._waits_since: datetime | None = None
        self._waits_long = asyncio.Event()
        self._changed = asyncio.Event()
        self._judged_changed = asyncio.Event()
        self._pods_listeners: list[Callable[[Sequence[Object]], None]] = []
        self._ranked: tuple[Finding, ...] = ()
        self.holds_back = False
        """Whether something broken is not judged because it is still as it was before helm began."""
        self._carried: frozenset[str] = frozenset()
        self._old_names: set[str] = set()
        """Kind/name of what is still as it was before helm began."""

    def resume_after(self, view: RunView) -> None:
        """Continue a record: only what changed since is emitted."""
        self._rows = {uid: asdict(row) for uid, row in view.objects.items()}
        self._seen = {uid: _Seen(row.state, None, row.since) for uid, row in view.objects.items()}
        self._findings = {key: finding.to_data() for key, finding in view.findings.items()}

    # What a run asks

    @property
    def verdict(self) -> Verdict:
        """The verdict that was last emitted."""
        return self._verdict

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The findings of the last judgement, worst first."""
        return self._ranked

    @property
    def urgent(self) -> tuple[Finding, ...]:
        """The findings that hold up the new revision; the others are shown and decide nothing."""
        return tuple(finding for finding in self._ranked if finding.urgent and finding.object not in self._old_names)

    @property
    def listed(self) -> bool:
        """Whether every kind and the events were listed once, or is known to be hidden."""
        return not self._unlisted

    def on_pods(self, listener: Callable[[Sequence[Object]], None]) -> None:
        """Call the listener with the release's pods at every change."""
        self._pods_listeners.append(listener)

    def members(self) -> list[Object]:
        """The objects of the release as last seen (never a Secret)."""
        return list(self._members().values())

    def ready_pods(self) -> frozenset[str]:
        """The uids of the release's pods that are ready."""
        return frozenset(
            uid for uid, obj in self._members().items() if obj.get("kind") == "Pod" and status.is_ready(obj)
        )

    def object_events(self) -> list[ObjectEvent]:
        """The events about objects of the release."""
        return membership.object_events(self._raw_events.values(), self._members())

    async def changed(self, seconds: float) -> None:
        """Wait until the release was judged again, at most so many seconds."""
        self._judged_changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._judged_changed.wait()

    def keep_last_lines(self, pod: str, container: str, lines: Sequence[LogLine]) -> None:
        """Keep the end of a container's log for the findings that read it, from the next judgement on."""
        kept = self._last_lines.setdefault((pod, container), deque(maxlen=limits.LOG_LINES))
        kept.extend(line.text for line in lines[-limits.LOG_LINES :])

    # The watch itself

    async def run(self) -> None:
        """Watch until cancelled; never raises for what the cluster refuses."""
        self._began = self._clock.now()
        async with asyncio.TaskGroup() as group:
            for kind in (*KINDS, "Event"):
                group.create_task(self._watch(kind), name=f"watch {kind}")
            group.create_task(self._flushes(), name="watch flush")
            group.create_task(self._read_policies(), name="watch policies")

    async def _read_policies(self) -> None:
        """Read the network policies once, when something has waited long: few releases ever need them."""
        await self._waits_long.wait()
        try:
            async with asyncio.timeout(_POLICIES_LIMIT):
                listed = await self._cluster.list("NetworkPolicy", self._target.namespace)
        except ClusterError as error:
            self._emit([Event("watch.blind", {"what": "NetworkPolicy", "reason": error.message, "permission": error.permission})])  # fmt: skip
        except TimeoutError:
            reason = f"no answer within {_POLICIES_LIMIT:g} s"
            self._emit([Event("watch.blind", {"what": "NetworkPolicy", "reason": reason, "permission": ""})])
        else:
            self._policies = {str(obj["metadata"]["uid"]): obj for obj in listed}
            self._changed.set()

    async def _watch(self, kind: str) -> None:
        store = self._raw_events if kind == "Event" else self._kinds[kind]
        failures, listed = 0, False
        while True:
            try:
                async for change in self._cluster.watch(kind, self._target.namespace):
                    self._take(kind, store, change)
                    if change.type == "LIST":
                        failures, listed = 0, True
            except ClusterError as error:
                self._set_hidden(kind, error.message, error.permission)
                never = not listed and error.kind in ("forbidden", "not-found")
            else:
                return  # the cluster was closed
            failures += 1
            await asyncio.sleep(_AGAIN.longest if never else _AGAIN.pause(failures))

    def _take(self, kind: str, store: dict[str, Object], change: WatchEvent) -> None:
        if change.type == "BLIND":
            if change.reason:
                self._set_hidden(kind, change.reason, "")
            else:
                self._set_visible(kind)
        elif change.type == "LIST":
            self._set_visible(kind)
            current = {str(obj["metadata"]["uid"]): obj for obj in change.objects}
            self._note(kind, store, current, [obj for uid, obj in store.items() if uid not in current])
            store.clear()
            store.update(current)
            self._unlisted.discard(kind)
        elif change.type == "DELETED":
            self._note(kind, store, {}, change.objects)
            for obj in change.objects:
                store.pop(str(obj["metadata"]["uid"]), None)
        else:
            current = {str(obj["metadata"]["uid"]): obj for obj in change.objects}
            self._note(kind, store, current, ())
            store.update(current)
        self._changed.set()

    def _note(
        self, kind: str, before: Mapping[str, Object], current: Mapping[str, Object], gone: Iterable[Object]
    ) -> None:
        """Note when the specifications of objects changed, and which pods were deleted: patience counts from then."""
        if kind == "Event":
            return
        now, first = self._clock.now(), kind in self._unlisted
        time = rfc3339(now, "seconds")
        if first and self.replaces:
            self._before |= current.keys()
        for uid, obj in current.items() if kind != "Pod" else ():
            old = before.get(uid)
            if old is None and not first:
                self._changed_at[uid] = time  # by our clock: the API server's may differ
            elif old is not None and not _is_same_specification(old, obj):
                self._changed_at[uid] = time
                self._outdated[uid] = tuple((old.get("status") or {}).get("conditions") or ())
            applied = kind in _APPLIED and not first and self._changed_at.get(uid) == time
            if applied and membership.of({uid: obj}, self._target.release, self._target.namespace):
                self._applied = now
        for obj in gone:
            uid, meta = str(obj["metadata"]["uid"]), obj["metadata"]
            self._changed_at.pop(uid, None)
            self._outdated.pop(uid, None)
            if kind == "Pod":
                owner = str(status.controller(obj).get("uid", ""))
                self._gone.append(Gone(meta.get("labels") or {}, owner, status.created(obj), time))

    def _still_as_before(self, members: Mapping[str, Object]) -> frozenset[str]:
        """The uids of the objects from before helm began that it has not applied again yet."""
        now = self._clock.now()
        if not (self.hold and self._before and self._began):
            return frozenset()
        since, patient = (self._applied, _APPLIED_SECONDS) if self._applied else (self._began, _UNCHANGED_SECONDS)
        if (now - since).total_seconds() >= patient:
            return frozenset()
        return frozenset(
            uid
            for uid in members
            if uid in self._before
            and not self._changed_at.keys() & (chain := _owner_chain(uid, members))
            and not self._carried
            & {f"{members[owner]['kind']}/{members[owner]['metadata']['name']}" for owner in chain}
        )

    def applied(self, names: Iterable[str]) -> None:
        """Judge these objects, as Kind/name: they are as helm wants them to be."""
        self._carried = frozenset(names)
        self._changed.set()

    def _set_visible(self, kind: str) -> None:
        if kind in self._hidden:
            del self._hidden[kind]
            self._emit([Event("watch.blind", {"what": kind, "reason": "", "permission": ""})])

    def _set_hidden(self, kind: str, reason: str, permission: str) -> None:
        self._unlisted.discard(kind)
        if self._hidden.get(kind) != reason:
            self._hidden[kind] = reason
            self._emit([Event("watch.blind", {"what": kind, "reason": reason, "permission": permission})])
        self._changed.set()

    async def _flushes(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._changed.wait()
            changed = self._changed.is_set()
            self._changed.clear()
            self.flush()
            if changed:  # after a judgement by the clock alone the next change is passed on at once
                await asyncio.sleep(FLUSH_SECONDS)

    # Judging

    def flush(self) -> None:
        """Judge the release now and emit what differs from what was emitted before."""
        now = self._clock.now()
        members = self._members()
        judged = patience.judge(members, now, self._outdated)
        before = self._still_as_before(members)
        self.holds_back = False
        for uid in before:
            if judged[uid].status.state in ("stuck", "failed"):
                judged[uid] = patience.on_its_way(judged[uid], patience.AS_BEFORE)
                self.holds_back = True
        judged = {uid: self._aged(item, members[uid]) for uid, item in judged.items()}
        if self.listed:
            self._seen = {uid: seen for uid, seen in self._seen.items() if uid in members}
        events: list[Event] = []
        events += self._objects(members, judged)
        object_events = membership.object_events(self._raw_events.values(), members)
        events += self._cluster_events(object_events)
        # An object that makes no sense is shown as such and kept from everything that reads more of it.
        sane = {uid: obj for uid, obj in members.items() if judged[uid].status.summary != patience.UNREADABLE}
        self._forget_lines_of_ready(sane.values())
        snapshot = Snapshot(
            sane,
            object_events,
            now,
            self._last_lines,
            self._policies,
            hidden=frozenset(self._unlisted | self._hidden.keys()),
            changed=self._changed_at,
            outdated=self._outdated,
            gone=tuple(self._gone),
            namespace=self._target.namespace,
            release=self._target.release,
            context=self._target.context,
        )
        self._ranked = diagnose(snapshot) if sane else ()
        self._note_waits(snapshot)
        self._old_names = {f"{judged[uid].kind}/{judged[uid].name}" for uid in before}
        events += self._finding_events()
        judgements = list(judged.values())
        events += self._verdict_events(judgements)
        if events:
            self._emit(events)
        for listener in self._pods_listeners:
            listener([obj for obj in sane.values() if obj.get("kind") == "Pod"])
        self._judged_changed.set()

    def _note_waits(self, snapshot: Snapshot) -> None:
        """Note since when a container waits for an answer in vain, until that is long enough to ask what cuts it off."""
        if self._waits_long.is_set():
            return
        waits = False
        with contextlib.suppress(LookupError, TypeError, ValueError, AttributeError):  # objects may be malformed
            waits = any(policies.waits(snapshot))
        self._waits_since = (self._waits_since or snapshot.now) if waits else None
        if self._waits_since and (snapshot.now - self._waits_since).total_seconds() >= _WAITS_SECONDS:
            self._waits_long.set()

    def _forget_lines_of_ready(self, objects: Iterable[Object]) -> None:
        """Forget the last lines of ready containers: they do not say why one is not ready later."""
        for pod in objects:
            if pod.get("kind") == "Pod":
                for container in status.container_statuses(pod):
                    if container.get("ready"):
                        self._last_lines.pop((str(pod["metadata"]["name"]), str(container.get("name"))), None)

    def _members(self) -> dict[str, Object]:
        every = {uid: obj for store in self._kinds.values() for uid, obj in store.items()}
        return membership.of(every, self._target.release, self._target.namespace)

    def _aged(self, judged: Judged, obj: Object) -> Judged:
        """The object, its state counted since that or its specification was seen to change; before that by its own times."""
        state, generation = judged.status.state, obj["metadata"].get("generation")
        before = self._seen.get(judged.uid)
        since = before.since if before else ""
        if before and (before.state != state or before.generation not in (None, generation)):
            since = rfc3339(self._clock.now(), "seconds")
        self._seen[judged.uid] = _Seen(state, generation, since)
        own, changed = parse_time(judged.status.since), parse_time(since)
        if changed is None or (own is not None and own >= changed):
            return judged
        return replace(judged, status=replace(judged.status, since=since))

    def _objects(self, members: Mapping[str, Object], judged: Mapping[str, Judged]) -> list[Event]:
        rows = object_rows(members, judged)
        events = [Event("object.state", row) for uid, row in rows.items() if self._rows.get(uid) != row]
        missing = {uid: row for uid, row in self._rows.items() if uid not in rows}
        # A hidden object is not gone: the record has it, and nothing says otherwise.
        unlisted = {uid: row for uid, row in missing.items() if row["kind"] in self._unlisted | self._hidden.keys()}
        events += [
            Event("object.state", {**row, "state": "gone", "summary": "gone", "reason": ""})
            for uid, row in missing.items()
            if uid not in unlisted
        ]
        self._rows = {**rows, **unlisted}
        return events

    def _cluster_events(self, object_events: Sequence[ObjectEvent]) -> list[Event]:
        events = []
        for event in object_events:
            key = (event.uid, event.reason, event.message)
            if self._emitted_events.get(key, 0) >= event.count:
                continue
            self._emitted_events[key] = event.count
            data = {
                "kind": event.type,
                "object": f"{event.kind}/{event.name}",
                "reason": event.reason,
                "message": event.message,
                "count": event.count,
            }
            events.append(Event("cluster.event", data, time=event.time))
        return events

    def _finding_events(self) -> list[Event]:
        new = {(finding.id, finding.object): finding.to_data() for finding in self._ranked}
        gone = [key for key in self._findings if key not in new]
        events = [Event("finding.healed", {"id": key[0], "object": key[1]}) for key in gone]
        for key, data in new.items():
            before = self._findings.get(key, {})
            # Where the finding does not know since when, a record says when it was first seen.
            if before != (data if data["since"] else {**data, "since": before.get("since", "")}):
                events.append(Event("finding", data))
        self._findings = dict(new)
        return events

    def _verdict_events(self, judged: Sequence[Judged]) -> list[Event]:
        events = []
        line = waiting.line(judged, self.urgent)
        if line != self._waiting:
            self._waiting = line
            events.append(Event("waiting", waiting_data(line)))
        verdict = self._decide(judged)
        if verdict != self._verdict:
            self._verdict = verdict
            events.append(Event("verdict", {"state": verdict.state, "reason": verdict.reason}))
        return events

    def _decide(self, judged: Sequence[Judged]) -> Verdict:
        if self._unlisted:
            return Verdict("unknown", STILL_READING)
        verdict = release_verdict(judged, self.urgent, self._hidden)
        if self.hold and (verdict.state == "ready" or (verdict.state == "unknown" and not self._hidden)):
            return Verdict("progressing", self.hold)
        return verdict


def _is_same_specification(old: Object, new: Object) -> bool:
    """Whether the specification of an object is unchanged, by its generation where the API counts one."""
    counted = [obj["metadata"].get("generation") for obj in (old, new)]
    return counted[0] == counted[1] if all(counted) else old.get("spec") == new.get("spec")


def _owner_chain(uid: str, members: Mapping[str, Object]) -> set[str]:
    """The uids of an object and its owners."""
    chain: set[str] = set()
    while uid in members and uid not in chain:
        chain.add(uid)
        uid = str(status.controller(members[uid]).get("uid", ""))
    return chain
