"""One look at a release, read-only and in parallel, within what rights allow; then what it means (core/diagnosis).

What is refused becomes a line of "could not be seen" and holds nothing else up.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from wizard.core.errors import Problem
from wizard.core.helm import plan, release, revision, unused_values
from wizard.core.kube import membership, patience, status
from wizard.core.kube.objects import KINDS, Object, name_of
from wizard.core.rules import diagnosis
from wizard.core.rules.check import Unknown
from wizard.core.rules.diagnosis import Diagnosis, Hidden, Observation
from wizard.core.rules.findings.containers import missing_reference
from wizard.core.rules.snapshot import HelmError, Revision, Snapshot
from wizard.core.run.events import Event
from wizard.core.target import Target
from wizard.core.text import masking
from wizard.engine.release import listing, records
from wizard.engine.watch.log_tail import GONE
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster, ClusterError
from wizard.ports.documents import Documents
from wizard.ports.store import RunStore, RunSummary

AROUND: Final = ("ResourceQuota", "Node", "PersistentVolume", "StorageClass", "IngressClass")
"""Kinds that it stands on; the last four belong to the whole cluster and are often hidden."""
_LOG_LINES: Final = 40
_MOST_LOGS: Final = 12
"""Containers whose logs are read: with more of them broken, more of the same would be said."""
_LIMIT: Final = 8.0
_LOG_LIMIT: Final = 3.0
_RECORD_LIMIT: Final = 1.0
"""Seconds for one list, one log, and the words of our own last run."""


@dataclass
class _Look:
    """What has come in so far."""

    kinds: dict[str, tuple[Object, ...]]
    unseen: list[Hidden]
    revisions: tuple[Revision, ...] = ()
    said: tuple[HelmError, ...] = ()


async def diagnose(
    cluster: Cluster, target: Target, clock: Clock, runs: RunStore | None = None, documents: Documents | None = None
) -> AsyncIterator[Diagnosis]:
    """First without logs, when there is something to say already; then whole. Raises nothing of the cluster's."""
    async for seen in look(cluster, target, clock, runs, documents):
        found = diagnosis.of(seen, target)
        if seen.complete or found.urgent:
            yield found


async def status_events(
    cluster: Cluster, target: Target, clock: Clock, runs: RunStore | None = None, documents: Documents | None = None
) -> tuple[Event, ...]:
    """A release as it is now, in the events of a run: its objects, its findings, the verdict of the whole diagnosis."""
    whole = [seen async for seen in look(cluster, target, clock, runs, documents)][-1]
    return tuple(diagnosis.events(whole, diagnosis.of(whole, target)))


async def look(
    cluster: Cluster, target: Target, clock: Clock, runs: RunStore | None = None, documents: Documents | None = None
) -> AsyncIterator[Observation]:
    """What there is to see: first what lists show, then with logs and what pods refer to.

    With `documents` the manifest of a pending revision is read, for what helm did not make.
    """
    seen = _seen(await _look(cluster, target, runs), target, clock)
    if documents and seen.snapshot.revisions and seen.snapshot.revisions[-1].status in revision.PENDING:
        seen = await _with_missing(cluster, seen, target, documents)
    yield replace(seen, complete=False)
    yield await _deeper(cluster, seen, target)


async def _look(cluster: Cluster, target: Target, runs: RunStore | None) -> _Look:
    look = _Look({}, [])
    lists = asyncio.gather(*(_list(cluster, look, kind, target.namespace) for kind in (*KINDS, *AROUND, "Event")))
    history, said, _ = await asyncio.gather(_history(cluster, target), _said(runs, target), lists)
    look.said = said
    if isinstance(history, Unknown):
        look.unseen.append(Hidden("helm's status and history", history.reason, history.permission))
    else:
        look.revisions = history
    return look


async def _list(cluster: Cluster, look: _Look, kind: str, namespace: str) -> None:
    try:
        look.kinds[kind] = await asyncio.wait_for(cluster.list(kind, namespace), _LIMIT)
    except ClusterError as error:
        if error.kind != "not-found":
            look.unseen.append(Hidden(kind, error.message.rstrip("."), error.permission))
    except TimeoutError:
        look.unseen.append(Hidden(kind, f"no answer within {_LIMIT:g} s"))


async def _history(cluster: Cluster, target: Target) -> tuple[Revision, ...] | Unknown:
    """The revisions of the release, from the labels of helm's records."""
    kind = listing.record_kind()
    if kind is None:
        return Unknown("helm keeps its records outside of the cluster (HELM_DRIVER)")
    labels = f"owner=helm,name={target.release}"
    try:
        found = await asyncio.wait_for(cluster.list(kind, target.namespace, labels=labels, metadata_only=True), _LIMIT)
    except ClusterError as error:
        return Unknown(error.message.rstrip("."), error.permission)
    except TimeoutError:
        return Unknown(f"no answer within {_LIMIT:g} s")
    return tuple(
        Revision(one.revision, one.status, one.times.created, written=one.times.written)
        for one in records.heads_of(found)
    )


# Helm's own words, from the record of our last run


async def _said(runs: RunStore | None, target: Target) -> tuple[HelmError, ...]:
    """What helm said when our newest run on this target failed."""
    failed = last_failure(runs.runs(), target) if runs else None
    if runs is None or failed is None:
        return ()
    lines: list[str] = []
    ended = failed.started
    try:
        async with asyncio.timeout(_RECORD_LIMIT):
            async for batch in runs.follow(failed.id):
                for event in batch:
                    if event.type == "helm.output":
                        lines += event.data["lines"]
                    ended = event.time or ended
    except (TimeoutError, Problem):
        pass  # a record that is too long, or is being removed, still has what was read of it
    text = "\n".join(lines)
    words = text[text.rfind("Error:") :].removeprefix("Error:").strip() if "Error:" in text else ""
    return (HelmError(words, f"helm, run {failed.id}", ended),) if words else ()


def last_failure(runs: Iterable[RunSummary], target: Target) -> RunSummary | None:
    """The newest run on a target when it ended badly."""
    mine = [
        one for one in runs
        if (one.target.namespace, one.target.release) == (target.namespace, target.release)
        and target.context in ("", one.target.context)
    ]  # fmt: skip
    return mine[0] if mine and mine[0].state == "finished" and mine[0].code else None


# Joining


def _seen(look: _Look, target: Target, clock: Clock) -> Observation:
    every = {str(one["metadata"]["uid"]): one for kind in KINDS for one in look.kinds.get(kind, ())}
    members = membership.of(every, target.release, target.namespace)
    members |= _claims_of(members, every)
    unreadable = patience.unreadable(members, clock.now())
    sane = {uid: one for uid, one in members.items() if uid not in unreadable}
    around = {str(one["metadata"]["uid"]): one for kind in AROUND for one in look.kinds.get(kind, ())}
    around |= {uid: one for uid, one in every.items() if one.get("kind") == "Service" and uid not in members}
    snapshot = Snapshot(
        objects=sane,
        events=membership.object_events(look.kinds.get("Event", ()), members),
        now=clock.now(),
        around=around,
        seen=frozenset(kind for kind in AROUND if kind in look.kinds),
        revisions=look.revisions,
        helm_errors=look.said,
        namespace=target.namespace,
        release=target.release,
        context=target.context,
        hidden=frozenset(kind for kind in KINDS if kind not in look.kinds),
    )
    strange = [Hidden(f"{one['kind']}/{one['metadata']['name']}", "its status makes no sense") for uid, one in members.items()
               if uid in unreadable]  # fmt: skip
    return Observation(snapshot, (*look.unseen, *strange), frozenset(kind for kind in KINDS if kind not in look.kinds))


def _claims_of(members: Mapping[str, Object], every: Mapping[str, Object]) -> dict[str, Object]:
    """Claims that pods of the release use; a StatefulSet's bear no label of Helm's."""
    used = {
        str((volume.get("persistentVolumeClaim") or {}).get("claimName"))
        for pod in members.values()
        if pod.get("kind") == "Pod"
        for volume in (pod.get("spec") or {}).get("volumes") or ()
    }
    return {
        uid: one
        for uid, one in every.items()
        if one.get("kind") == "PersistentVolumeClaim" and one["metadata"]["name"] in used
    }


# Deeper: logs of what is not ready, and the Secrets that are missed


async def _deeper(cluster: Cluster, seen: Observation, target: Target) -> Observation:
    snapshot = seen.snapshot
    unseen: list[Hidden] = []
    wanted = list(_unready(snapshot))[:_MOST_LOGS]
    logs, more, revisions = await asyncio.gather(
        asyncio.gather(*(_log(cluster, target, pod, name, which, unseen) for pod, name, which in wanted)),
        asyncio.gather(*(_get(cluster, target, kind, name) for kind, name in sorted(_named(snapshot)))),
        _with_body(cluster, target, snapshot.revisions, unseen),
    )
    read = {(pod, name): lines for (pod, name, _), lines in zip(wanted, logs, strict=True) if lines}
    found = {str(one["metadata"]["uid"]): one for one in more if one is not None}
    deeper = replace(snapshot, logs=read, around={**snapshot.around, **found}, revisions=revisions)
    return replace(seen, snapshot=deeper, unseen=tuple(dict.fromkeys((*seen.unseen, *unseen))))


def _unready(snapshot: Snapshot) -> Iterable[tuple[str, str, tuple[bool, ...]]]:
    """(pod, container, which logs: previous or not) of what ran and is not ready, newest pod first."""
    for pod in sorted(snapshot.starting_pods(), key=status.created, reverse=True):
        for one in status.container_statuses(pod):
            if one.get("containerID") and not one.get("ready"):
                ended = status.last_end(one)
                if not (ended and ended.get("exitCode") == 0 and not one.get("restartCount")):
                    # While it waits to be started again, the kubelet gives the same log under both names.
                    waits = "waiting" in (one.get("state") or {})
                    which = ((True,) if waits else (True, False)) if one.get("restartCount") else (False,)
                    yield str(pod["metadata"]["name"]), str(one.get("name")), which


async def _log(
    cluster: Cluster, target: Target, pod: str, container: str, which: Sequence[bool], unseen: list[Hidden]
) -> Sequence[str]:
    """The last lines before the restart, then those since."""
    lines: list[str] = []
    for previous in which:
        try:
            async with asyncio.timeout(_LOG_LIMIT):
                async for batch in cluster.logs(
                    target.namespace, pod, container, follow=False, previous=previous, tail_lines=_LOG_LINES
                ):
                    lines += [line.text for line in batch if not GONE.match(line.text)]
        except ClusterError as error:
            if error.kind == "forbidden":
                unseen.append(Hidden("logs", error.message.rstrip("."), error.permission))
        except TimeoutError:
            unseen.append(Hidden(f"log of {pod} {container}", f"no answer within {_LOG_LIMIT:g} s"))
    return lines


async def _with_body(
    cluster: Cluster, target: Target, revisions: Sequence[Revision], unseen: list[Hidden]
) -> Sequence[Revision]:
    """The newest revision with what its body says: helm's description, and values that the chart does not have."""
    if not revisions:
        return revisions
    newest = revisions[-1]
    try:
        data = await asyncio.wait_for(records.read_data(cluster, target, newest.number), _LOG_LIMIT)
        record = release.of_data(data, f"of revision {newest.number}")
    except TimeoutError:
        unseen.append(Hidden(f"the record of revision {newest.number}", f"no answer within {_LOG_LIMIT:g} s"))
        return revisions
    except Problem as problem:
        unseen.append(Hidden(f"the record of revision {newest.number}", problem.what.rstrip(".")))
        return revisions
    metadata = (data.get("chart") or {}).get("metadata") or {}
    charts = {str(one.get("alias") or one.get("name")) for one in metadata.get("dependencies") or ()}
    redact = masking.known_secrets([record.config])
    whole = replace(
        newest,
        description=redact(record.description),
        unread=unused_values.unread(record.config, record.defaults, frozenset(charts)),
    )
    return (*revisions[:-1], whole)


async def _with_missing(cluster: Cluster, seen: Observation, target: Target, documents: Documents) -> Observation:
    """What was seen, and what of its manifest the pending revision has not made; unchanged where its record is hidden."""
    snapshot = seen.snapshot
    *before, newest = snapshot.revisions
    try:
        record = await asyncio.wait_for(records.read(cluster, target, newest.number), _LOG_LIMIT)
        wanted = plan.objects_of(documents.load_all(record.manifest, "the stored manifest")) if record.manifest else ()
    except (TimeoutError, Problem):
        return seen
    there = {name_of(one) for one in (*snapshot.objects.values(), *snapshot.around.values())}
    kinds = set(KINDS) - seen.blind
    names = [name_of(one) for one in wanted if one["kind"] in kinds and one["metadata"].get("name")]
    missing = tuple(name for name in names if name not in there)
    operation = newest.status.removeprefix("pending-")
    hooks = any(f"pre-{operation}" in hook.events for hook in record.hooks)
    if newest.status == "uninstalling" or (hooks and (operation != "install" or len(missing) == len(names))):
        return seen  # gone on purpose, or helm may be waiting for a hook before it makes anything
    return replace(seen, snapshot=replace(snapshot, revisions=(*before, replace(newest, missing=missing))))


_REFERENCE: Final = re.compile(r"(?:^|of )(Secret|ConfigMap) (\S+)$")


def _named(snapshot: Snapshot) -> set[tuple[str, str]]:
    """(kind, name) of Secrets and ConfigMaps that pods wait for, or that pods which do not start take passwords from."""
    found = set()
    for pod in snapshot.starting_pods():
        for one in status.container_statuses(pod):
            wait = (one.get("state") or {}).get("waiting") or {}
            if match := _REFERENCE.search(missing_reference(str(wait.get("message") or ""))):
                found.add((match[1], match[2]))
            if one.get("containerID") and not one.get("ready"):
                found |= {("Secret", name) for name in _secrets_of(pod, str(one.get("name")))}
    return found


def _secrets_of(pod: Object, container: str) -> set[str]:
    spec = status.container_specs(pod).get(container, {})
    sources = ((one.get("valueFrom") or {}).get("secretKeyRef") or {} for one in spec.get("env") or ())
    return {str(one["name"]) for one in sources if one.get("name")}


async def _get(cluster: Cluster, target: Target, kind: str, name: str) -> Object | None:
    """The object without values, or None: then the finding says what proof is missing."""
    try:
        return await asyncio.wait_for(cluster.get(kind, name, target.namespace), _LOG_LIMIT)
    except (ClusterError, TimeoutError):
        return None
