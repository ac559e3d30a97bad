"""Observes a release, read-only, in parallel, within this person's rights, for its diagnosis (core/rules/diagnosis).

What is refused becomes a line of "could not be seen" and delays nothing else.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.helm import revision, unused_values
from wizard.core.helm.release import ReleaseRecord
from wizard.core.kube import membership, patience, status
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.ingress import namespace, routes
from wizard.core.kube.objects import KINDS, Object, name_of
from wizard.core.limits import map_of
from wizard.core.reach.result import Reach
from wizard.core.rules import diagnosis, manifests
from wizard.core.rules.check import Unknown
from wizard.core.rules.diagnosis import Diagnosis, Hidden, Observation
from wizard.core.rules.findings import admission, jobs, policies
from wizard.core.rules.findings.containers import missing_part
from wizard.core.rules.snapshot import HelmError, Revision, Snapshot
from wizard.core.run.events import Event
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.core.text import masking
from wizard.engine.release import listing, records
from wizard.engine.watch.log_tail import GONE
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents
from wizard.ports.store import RunStore

Ask = Callable[[Snapshot], Coroutine[Any, Any, Reach]]
"""Asks whether people reach the release of a snapshot; never raises."""
_ALWAYS: Final = "Node"
AROUND: Final = (_ALWAYS, "ResourceQuota", "PersistentVolume", "StorageClass", "IngressClass")
"""Kinds that a release depends on; all but the quotas belong to the whole cluster and are often hidden. All but the nodes
are listed only where the release's own objects give a reason to."""
_RARE: Final = "DaemonSet"
"""The kind of a release that is listed only where its record, a pod or an event names it."""
_SERIES: Final = "CronJob"
"""The kind that tells whose a Job is that has no mark of a release: helm marks the CronJob, and nothing in its template."""
NEIGHBOURS: Final = ("Service", "Ingress")
"""Kinds of which the namespace's other objects matter: an Ingress may name, or share a host with, any of them."""
_MOST_LOGS: Final = 12
"""Containers whose logs are read: more broken ones would mostly say the same."""
_LINES_OF_ALL: Final = 500
_MOST_OF_ALL: Final = 300
"""Last lines of each container, and containers, of which a bundle has the logs."""
_AT_ONCE: Final = 16
_MOST_BALANCERS: Final = 4
"""Services whose endpoints are read; the addresses of an Ingress mostly are those of one."""
_LIMIT: Final = 8.0
_LOG_LIMIT: Final = 3.0
_RECORD_LIMIT: Final = 1.0
"""Seconds for one list, one log, and the record of our own last run."""


@dataclass
class _Collected:
    """What was read so far."""

    kinds: dict[str, tuple[Object, ...]]
    unseen: list[Hidden]
    asked: set[str] = field(default_factory=set)
    late: list[str] = field(default_factory=list)
    revisions: tuple[Revision, ...] = ()
    record: ReleaseRecord | None = None
    """Of the newest revision; None without the right to read it."""
    secrets: Mapping[str, Object] | None = None
    """Every Secret of the namespace by name, its metadata alone; None where they may not be listed."""
    helm_errors: tuple[HelmError, ...] = ()
    runs: tuple[RunSummary, ...] = ()


async def diagnose(
    cluster: Cluster, target: Target, clock: Clock, runs: RunStore | None = None, documents: Documents | None = None,
    reach: Ask | None = None,
) -> AsyncIterator[Diagnosis]:  # fmt: skip
    """First without logs, when that shows an urgent cause; then complete. Errors of the cluster are not raised."""
    async for observation in look(cluster, target, clock, runs, documents, reach):
        result = diagnosis.of(observation, target)
        if observation.complete or result.urgent:
            yield result


async def status_events(
    cluster: Cluster, target: Target, clock: Clock, runs: RunStore | None = None, documents: Documents | None = None,
    reach: Ask | None = None,
) -> tuple[Event, ...]:  # fmt: skip
    """A release as it is now, in the events of a run: its objects, its findings, the verdict of the whole diagnosis."""
    async for observation in look(cluster, target, clock, runs, documents, reach):
        whole = observation
    met = whole.snapshot.reach
    whole = replace(
        whole, snapshot=replace(whole.snapshot, reach=None)
    )  # said in an event of its own, and never a finding
    events = tuple(diagnosis.events(whole, diagnosis.of(whole, target)))
    return (*events, Event("reach", met.to_data())) if met else events


async def look(
    cluster: Cluster, target: Target, clock: Clock, runs: RunStore | None = None, documents: Documents | None = None,
    reach: Ask | None = None, *, everything: bool = False,
) -> AsyncIterator[Observation]:  # fmt: skip
    """The observation: first of lists alone, then with logs and what pods refer to.

    With `documents` the manifest of a pending revision is read, for the objects that helm has not created. `reach` asks
    whether people reach it, from its lists on, beside the reads of logs. `everything`: every kind is listed, also those
    that nothing points to.
    """
    collected = await _collect(cluster, target, runs, everything=everything)
    observation = _observation(collected, target, clock)
    if documents and collected.record:
        if collected.revisions[-1].status in revision.PENDING:
            observation = _with_missing(collected.record, observation, documents)
        elif collected.revisions[-1].status == revision.DEPLOYED and any(_selects_none(observation.snapshot)):
            observation = _with_selectors(collected.record, observation, documents)
    asking = asyncio.create_task(reach(observation.snapshot)) if reach else None
    try:
        yield replace(observation, complete=False)
        detailed = await _with_details(cluster, observation, target, collected.secrets)
        whole = await _with_network(cluster, detailed, target)
        yield replace(whole, snapshot=replace(whole.snapshot, reach=await asking)) if asking else whole
    finally:
        if asking:
            asking.cancel()


async def more_logs(cluster: Cluster, target: Target, snapshot: Snapshot) -> Mapping[tuple[str, str], Sequence[str]]:
    """By pod and container, the last lines of every container that started, of the newest pods first; within limits."""
    wanted = [
        (str(pod["metadata"]["name"]), str(container.get("name")), _which(container))
        for pod in sorted(snapshot.of_kind("Pod"), key=status.created, reverse=True)
        for container in status.container_statuses(pod)
        if container.get("containerID")
    ][:_MOST_OF_ALL]
    unseen: list[Hidden] = []
    few = asyncio.Semaphore(_AT_ONCE)  # each has a thread and a connection, which is used again

    async def read(pod: str, name: str, which: Sequence[bool]) -> Sequence[str]:
        async with few:
            return await _log(cluster, target, pod, name, which, unseen, _LINES_OF_ALL)

    logs = await asyncio.gather(*(read(*one) for one in wanted))
    return {(pod, name): lines for (pod, name, _), lines in zip(wanted, logs, strict=True) if lines}


async def _collect(cluster: Cluster, target: Target, runs: RunStore | None, *, everything: bool) -> _Collected:
    """Two round trips, for the lists and beside them for the newest record; a third where that has a kind of `_RARE`."""
    collected = _Collected({}, [])

    async def lists(kinds: Iterable[str]) -> None:
        new = [kind for kind in kinds if kind not in collected.asked]
        collected.asked.update(new)
        await asyncio.gather(*(_list(cluster, collected, kind, target.namespace) for kind in new))

    async def objects() -> None:
        await lists(kind for kind in (*KINDS, _ALWAYS, "Event") if everything or kind != _RARE)
        await lists((*AROUND, *_series(collected.kinds)) if everything else _told(collected.kinds))

    async def record() -> None:
        await _read_records(cluster, target, collected)
        if collected.record is None or _RARE in collected.record.manifest:
            await lists((_RARE,))

    collected.helm_errors, _, _ = await asyncio.gather(_helm_errors(runs, target), objects(), record())
    if _RARE not in collected.asked:
        collected.kinds[_RARE] = ()
    collected.runs = tuple(runs_on(target, runs.runs())) if runs else ()
    return collected


def _told(kinds: Mapping[str, Sequence[Object]]) -> Iterator[str]:
    """The kinds, around a release and of one, that its objects give a reason to look at."""
    claims, pods = kinds.get("PersistentVolumeClaim"), kinds.get("Pod")
    if claims is None or any(not _is_bound(claim) and not _volume_of(claim) for claim in claims):
        yield "StorageClass"
    if claims is None or any(_volume_of(claim) and _asks_for_its_volume(claim, pods) for claim in claims):
        yield "PersistentVolume"
    if "Ingress" not in kinds or kinds["Ingress"]:
        yield "IngressClass"
    if _may_lack_pods(kinds):
        yield "ResourceQuota"
    if _named_by_pods_or_events(_RARE, kinds):
        yield _RARE
    yield from _series(kinds)


def _series(kinds: Mapping[str, Sequence[Object]]) -> tuple[str, ...]:
    """CronJobs, where a Job of one does not tell to which release it belongs."""
    jobs = kinds.get("Job", ())
    asked = any(status.controller(job).get("kind") == _SERIES and not membership.is_marked(job) for job in jobs)
    return (_SERIES,) if asked else ()


def _is_bound(claim: Object) -> bool:
    return bool((claim.get("status") or {}).get("phase") == "Bound")


def _volume_of(claim: Object) -> str:
    return str((claim.get("spec") or {}).get("volumeName") or "")


def _asks_for_its_volume(claim: Object, pods: Sequence[Object] | None) -> bool:
    """Whether the volume of a claim matters: it is not bound to it, is being deleted, or a pod with it has no node yet."""
    if pods is None or not _is_bound(claim) or claim["metadata"].get("deletionTimestamp"):
        return True
    waiting = (pod for pod in pods if not (pod.get("spec") or {}).get("nodeName"))
    return any(claim["metadata"]["name"] in _claim_names(pod) for pod in waiting)


def _may_lack_pods(kinds: Mapping[str, Sequence[Object]]) -> bool:
    """Whether a controller has fewer pods than it wants, or a quota refused something; also where that is not seen."""
    if any(kind not in kinds for kind in (*_MAKERS, "Pod", "Event")):
        return True
    has = Counter(str(status.controller(pod).get("uid")) for pod in kinds["Pod"])
    makers = (maker for kind in _MAKERS for maker in kinds[kind])
    return any("exceeded quota" in str(event.get("message") or event.get("note")) for event in kinds["Event"]) or any(
        admission.wanted(maker) > has[str(maker["metadata"].get("uid"))] for maker in makers
    )


_MAKERS: Final = ("ReplicaSet", "StatefulSet", "Job")


def _named_by_pods_or_events(kind: str, kinds: Mapping[str, Sequence[Object]]) -> bool:
    """Whether a pod is of an object of a kind, or an event about one; also where they are hidden."""
    if "Pod" not in kinds or "Event" not in kinds:
        return True
    about = (event.get("involvedObject") or event.get("regarding") or {} for event in kinds["Event"])
    return any(one.get("kind") == kind for one in (*map(status.controller, kinds["Pod"]), *about))


async def _list(cluster: Cluster, collected: _Collected, kind: str, namespace: str) -> None:
    try:
        collected.kinds[kind] = await asyncio.wait_for(cluster.list(kind, namespace), _LIMIT)
    except ClusterError as error:
        if error.kind != "not-found":
            collected.unseen.append(Hidden(kind, error.message.rstrip("."), error.permission))
        if error.kind == "slow" or _TOO_MANY.search(error.message):
            collected.late.append(f"list {kind}: {error.message}")
    except TimeoutError:
        collected.unseen.append(Hidden(kind, f"no answer within {_LIMIT:g} s"))
        collected.late.append(f"list {kind}: no answer within {_LIMIT:g} s")


_TOO_MANY: Final = re.compile(r"too many requests", re.IGNORECASE)


async def _read_records(cluster: Cluster, target: Target, collected: _Collected) -> None:
    """The revisions of the release from the labels of helm's records, and the contents of the newest."""
    listed = await _list_records(cluster, target, collected)
    if isinstance(listed, Unknown):
        collected.unseen.append(Hidden("helm's status and history", listed.reason, listed.permission))
        return
    ours = (head for head in records.heads_of(listed) if head.release == target.release)
    collected.revisions = tuple(
        Revision(head.revision, head.status, head.times.created, written=head.times.written) for head in ours
    )
    if collected.revisions:
        await _read_newest(cluster, target, collected)


async def _list_records(cluster: Cluster, target: Target, collected: _Collected) -> tuple[Object, ...] | Unknown:
    """Helm's records without their contents. Where they are Secrets, one list has those that pods name as well."""
    kind = listing.record_kind()
    if kind is None:
        return Unknown("helm keeps its records outside of the cluster (HELM_DRIVER)")
    labels = "" if kind == "Secret" else _OF_HELM
    try:
        listed = await asyncio.wait_for(cluster.list(kind, target.namespace, labels=labels, metadata_only=True), _LIMIT)
    except ClusterError as error:
        return Unknown(error.message.rstrip("."), error.permission)
    except TimeoutError:
        return Unknown(f"no answer within {_LIMIT:g} s")
    if kind == "Secret":
        collected.secrets = {str(one["metadata"]["name"]): one for one in listed}
    return tuple(one for one in listed if map_of(one["metadata"], "labels").get("owner") == "helm")


_OF_HELM: Final = "owner=helm"


async def _read_newest(cluster: Cluster, target: Target, collected: _Collected) -> None:
    """The newest revision with the contents of its record: helm's description, and values that the chart does not have."""
    *before, newest = collected.revisions
    what = f"the record of revision {newest.number}"
    try:
        record = await asyncio.wait_for(records.read(cluster, target, newest.number), _LOG_LIMIT)
    except TimeoutError:
        collected.unseen.append(Hidden(what, f"no answer within {_LOG_LIMIT:g} s"))
        return
    except Problem as problem:
        collected.unseen.append(Hidden(what, problem.what.rstrip(".")))
        return
    whole = replace(
        newest,
        description=masking.known_secrets([record.config])(record.description),
        unread=unused_values.unread(record.config, record.defaults, record.subcharts),
    )
    collected.record, collected.revisions = record, (*before, whole)


# Helm's own error, from the record of our last run


async def _helm_errors(runs: RunStore | None, target: Target) -> tuple[HelmError, ...]:
    """Helm's error when our newest run on this target failed."""
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


def runs_on(target: Target, runs: Iterable[RunSummary]) -> Iterator[RunSummary]:
    """The runs on a target."""
    for run in runs:
        same = (run.target.namespace, run.target.release) == (target.namespace, target.release)
        if same and target.context in ("", run.target.context):
            yield run


def last_failure(runs: Iterable[RunSummary], target: Target) -> RunSummary | None:
    """The newest run on a target when it failed."""
    newest = next(runs_on(target, runs), None)
    return newest if newest and newest.state == "finished" and newest.code else None


# Joining


def _observation(collected: _Collected, target: Target, clock: Clock) -> Observation:
    every = {str(obj["metadata"]["uid"]): obj for kind in (*KINDS, _SERIES) for obj in collected.kinds.get(kind, ())}
    members = membership.of(every, target.release, target.namespace)
    members = {uid: obj for uid, obj in members.items() if obj.get("kind") != _SERIES}
    members |= _claims_of(members, every)
    unreadable = patience.unreadable(members, clock.now())
    sane = {uid: obj for uid, obj in members.items() if uid not in unreadable}
    around = {str(obj["metadata"]["uid"]): obj for kind in AROUND for obj in collected.kinds.get(kind, ())}
    around |= {uid: obj for uid, obj in every.items() if obj.get("kind") in NEIGHBOURS and uid not in members}
    snapshot = Snapshot(
        objects=sane,
        events=membership.object_events(collected.kinds.get("Event", ()), members),
        now=clock.now(),
        around=around,
        seen=frozenset(kind for kind in (*AROUND, *NEIGHBOURS) if kind in collected.kinds)
        | _surely_none(collected, members),
        revisions=collected.revisions,
        helm_errors=collected.helm_errors,
        runs=collected.runs,
        namespace=target.namespace,
        release=target.release,
        context=target.context,
        hidden=frozenset(kind for kind in KINDS if kind not in collected.kinds),
        late=tuple(collected.late),
    )
    strange = [Hidden(f"{obj['kind']}/{obj['metadata']['name']}", "its status makes no sense") for uid, obj in members.items()
               if uid in unreadable]  # fmt: skip
    return Observation(
        snapshot, (*collected.unseen, *strange), frozenset(kind for kind in KINDS if kind not in collected.kinds)
    )


def _surely_none(collected: _Collected, members: Mapping[str, Object]) -> frozenset[str]:
    """HTTPRoute where the release has an Ingress, and its record names no route: there is none to look for."""
    routed = collected.record is None or "HTTPRoute" in collected.record.manifest
    leads = any(obj.get("kind") == "Ingress" for obj in members.values())
    return frozenset({"HTTPRoute"} if leads and not routed else ())


def _claims_of(members: Mapping[str, Object], every: Mapping[str, Object]) -> dict[str, Object]:
    """Claims that pods of the release use; those of a StatefulSet have no label of Helm."""
    used = {name for pod in members.values() if pod.get("kind") == "Pod" for name in _claim_names(pod)}
    return {
        uid: obj
        for uid, obj in every.items()
        if obj.get("kind") == "PersistentVolumeClaim" and obj["metadata"]["name"] in used
    }


def _claim_names(pod: Object) -> Iterator[str]:
    """The claims that a pod names."""
    for volume in (pod.get("spec") or {}).get("volumes") or ():
        yield str((volume.get("persistentVolumeClaim") or {}).get("claimName"))


# Details: logs of what is not ready, the Secrets that are missing, and what is before an Ingress


async def _with_details(
    cluster: Cluster, observation: Observation, target: Target, secrets: Mapping[str, Object] | None
) -> Observation:
    snapshot = observation.snapshot
    unseen: list[Hidden] = []
    absent: set[str] = set()
    unready = list(_unready(snapshot))
    wanted = [*unready, *_failed_jobs(snapshot), *(_stores(snapshot) if unready else ())][:_MOST_LOGS]
    logs, more, certificates, balancers, rivals = await asyncio.gather(
        asyncio.gather(*(_log(cluster, target, pod, name, which, unseen) for pod, name, which in wanted)),
        _referred(cluster, target, snapshot, secrets, absent),
        _certificates(cluster, target, snapshot, unseen),
        _balancers(cluster, snapshot, unseen),
        _rivals(cluster, snapshot, unseen),
    )
    read = {(pod, name): lines for (pod, name, _), lines in zip(wanted, logs, strict=True) if lines}
    found = [*more, *balancers, *rivals, *(obj for objects in certificates.values() for obj in objects)]
    around = {**snapshot.around, **{str(obj["metadata"]["uid"]): obj for obj in found}}
    seen = snapshot.seen | certificates.keys()
    detailed = replace(snapshot, logs=read, around=around, seen=seen, absent=frozenset(absent))
    return replace(observation, snapshot=detailed, unseen=tuple(dict.fromkeys((*observation.unseen, *unseen))))


async def _with_network(cluster: Cluster, observation: Observation, target: Target) -> Observation:
    """With what may cut a connection, where a container waits for one: network policies, and the cluster's DNS for a name."""
    snapshot = observation.snapshot
    waits = list(policies.waits(snapshot))
    if not waits:
        return observation
    collected = _Collected({}, [])
    asked_dns = any(wait.for_dns for wait in waits)
    _, dns = await asyncio.gather(
        _list(cluster, collected, "NetworkPolicy", target.namespace),
        _resolvers(cluster, collected.unseen) if asked_dns else _nothing(),
    )
    found = (*collected.kinds.get("NetworkPolicy", ()), *dns)
    detailed = replace(
        snapshot,
        around={**snapshot.around, **{str(obj["metadata"]["uid"]): obj for obj in found}},
        seen=snapshot.seen | collected.kinds.keys(),
        late=(*snapshot.late, *collected.late),
    )
    return replace(
        observation, snapshot=detailed, unseen=tuple(dict.fromkeys((*observation.unseen, *collected.unseen)))
    )


async def _nothing() -> tuple[Object, ...]:
    return ()


async def _resolvers(cluster: Cluster, unseen: list[Hidden]) -> tuple[Object, ...]:
    """The pods of the cluster's DNS; without any, the endpoints of its usual Service, which other set-ups do not have."""
    try:
        async with asyncio.timeout(_LIMIT):
            pods = await cluster.list("Pod", "kube-system", labels="k8s-app=kube-dns")
            return pods or await cluster.list(
                "EndpointSlice", "kube-system", labels="kubernetes.io/service-name=kube-dns"
            )
    except ClusterError as error:
        unseen.append(Hidden("the cluster's DNS", error.message.rstrip("."), error.permission))
    except TimeoutError:
        unseen.append(Hidden("the cluster's DNS", f"no answer within {_LIMIT:g} s"))
    return ()


def _unready(snapshot: Snapshot) -> Iterable[tuple[str, str, tuple[bool, ...]]]:
    """(pod, container, which logs: previous or not) of what ran and is not ready, newest pod first."""
    for pod in sorted(snapshot.starting_pods(), key=status.created, reverse=True):
        for container in status.container_statuses(pod):
            if container.get("containerID") and not container.get("ready"):
                ended = status.last_end(container)
                if not (ended and ended.get("exitCode") == 0 and not container.get("restartCount")):
                    yield str(pod["metadata"]["name"]), str(container.get("name")), _which(container)


def _which(container: Mapping[str, Any]) -> tuple[bool, ...]:
    """Which logs there are: of before the restart, and of now. While it waits, the kubelet gives the same under both names."""
    if not container.get("restartCount"):
        return (False,)
    return (True,) if "waiting" in (container.get("state") or {}) else (True, False)


def _failed_jobs(snapshot: Snapshot) -> Iterable[tuple[str, str, tuple[bool, ...]]]:
    """(pod, container, which logs) of what failed in each Job that stands as failed."""
    for job, _, _ in jobs.failed_jobs(snapshot):
        if ended := jobs.ended_badly(job, snapshot):
            pod, container = ended
            yield str(pod["metadata"]["name"]), str(container.get("name")), (False,)


def _stores(snapshot: Snapshot) -> Iterable[tuple[str, str, tuple[bool, ...]]]:
    """(pod, container, which logs) of the stores that run: they may say why those who call them are not ready."""
    for pod in snapshot.of_kind("Pod"):
        if snapshot.root(pod).get("kind") == "StatefulSet":
            for container in pod.get("status", {}).get("containerStatuses") or ():
                if container.get("ready"):
                    yield str(pod["metadata"]["name"]), str(container.get("name")), (False,)


async def _log(
    cluster: Cluster,
    target: Target,
    pod: str,
    container: str,
    which: Sequence[bool],
    unseen: list[Hidden],
    most: int = limits.LOG_LINES,
) -> Sequence[str]:
    """The last lines before the restart, then those since."""
    lines: list[str] = []
    for previous in which:
        try:
            async with asyncio.timeout(_LOG_LIMIT):
                async for batch in cluster.logs(
                    target.namespace, pod, container, follow=False, previous=previous, tail_lines=most
                ):
                    lines += [line.text for line in batch if not GONE.match(line.text)]
        except ClusterError as error:
            if error.kind == "forbidden":
                unseen.append(Hidden("logs", error.message.rstrip("."), error.permission))
        except TimeoutError:
            unseen.append(Hidden(f"log of {pod} {container}", f"no answer within {_LOG_LIMIT:g} s"))
    return lines


def _with_missing(record: ReleaseRecord, observation: Observation, documents: Documents) -> Observation:
    """The observation with the objects that the pending revision has not created; unchanged where its manifest is damaged."""
    snapshot = observation.snapshot
    *before, newest = snapshot.revisions
    try:
        wanted = records.objects_of(documents, record.manifest)
    except Problem:
        return observation
    existing = {name_of(obj) for obj in (*snapshot.objects.values(), *snapshot.around.values())}
    kinds = set(KINDS) - observation.blind
    names = [name_of(obj) for obj in wanted if obj["kind"] in kinds and obj["metadata"].get("name")]
    missing = tuple(name for name in names if name not in existing)
    operation = newest.status.removeprefix("pending-")
    hooks = any(f"pre-{operation}" in hook.events for hook in record.hooks)
    if newest.status == "uninstalling" or (hooks and (operation != "install" or len(missing) == len(names))):
        return observation  # gone on purpose, or helm may be waiting for a hook before it makes anything
    return replace(observation, snapshot=replace(snapshot, revisions=(*before, replace(newest, missing=missing))))


def _selects_none(snapshot: Snapshot) -> Iterator[Object]:
    """The Services of the release that select no pod."""
    for service in snapshot.of_kind("Service"):
        selector = (service.get("spec") or {}).get("selector")
        if selector and not snapshot.selected(selector):
            yield service


def _with_selectors(record: ReleaseRecord, observation: Observation, documents: Documents) -> Observation:
    """The observation with the selectors of the Services as helm made them; unchanged where the manifest is damaged."""
    snapshot = observation.snapshot
    *before, newest = snapshot.revisions
    try:
        made = records.objects_of(documents, record.manifest)
    except Problem:
        return observation
    selectors = {
        str(one["metadata"].get("name")): map_of(map_of(one, "spec"), "selector")
        for one in made
        if one["kind"] == "Service"
    }
    texts = tuple(
        f"{name} {','.join(f'{key}={value}' for key, value in labels.items())}" for name, labels in selectors.items()
    )
    return replace(observation, snapshot=replace(snapshot, revisions=(*before, replace(newest, selectors=texts))))


async def _referred(
    cluster: Cluster, target: Target, snapshot: Snapshot, secrets: Mapping[str, Object] | None, absent: set[str]
) -> list[Object]:
    """What pods and Ingresses refer to: read by name where its keys matter, else from the list of Secrets if there is one."""
    whole, heads = _with_keys(snapshot), _without_keys(snapshot)
    found: list[Object] = []
    if secrets is None:
        whole |= heads
    else:
        named = {*whole, *heads}
        absent |= {f"{kind}/{name}" for kind, name in named if kind == "Secret" and name not in secrets}
        found = [secrets[name] for kind, name in sorted(heads - whole) if name in secrets]
        whole = {(kind, name) for kind, name in whole if kind != "Secret" or name in secrets}
    more = await asyncio.gather(*(_get(cluster, target, kind, name, absent) for kind, name in sorted(whole)))
    return [*found, *filter(None, more)]


def _with_keys(snapshot: Snapshot) -> set[tuple[str, str]]:
    """(kind, name) of what pods wait for, and the certificates of Ingresses that people make: which keys they have is to be told."""
    references = set()
    for pod in snapshot.starting_pods():
        texts = [event.message for event in snapshot.about(pod, "FailedMount")[:1]]
        for container in status.container_statuses(pod):
            wait = (container.get("state") or {}).get("waiting") or {}
            texts.append(str(wait.get("message") or ""))
        for kind, name, _ in (missing_part(text, pod) for text in texts):
            if name:
                references.add((kind, name))
    for ingress in snapshot.of_kind("Ingress"):
        if not manifests.issuer(ingress):
            references |= _certificates_of(ingress)
    return references


def _certificates_of(ingress: Object) -> set[tuple[str, str]]:
    tls = ingress.get("spec", {}).get("tls") or ()
    return {("Secret", str(entry["secretName"])) for entry in tls if entry.get("secretName")}


def _without_keys(snapshot: Snapshot) -> set[tuple[str, str]]:
    """(kind, name) of Secrets of which is told whether they are there, and when they were written.

    Those of containers that ran and are not ready, and certificates that cert-manager writes.
    """
    asked = [_certificates_of(one) for one in snapshot.of_kind("Ingress") if manifests.issuer(one)]
    return {entry for entries in asked for entry in entries} | {
        ("Secret", name)
        for pod in snapshot.starting_pods()
        for container in status.container_statuses(pod)
        if container.get("containerID") and not container.get("ready")
        for name in _secrets_of(pod, str(container.get("name")))
    }


def _secrets_of(pod: Object, container: str) -> set[str]:
    spec = status.container_specs(pod).get(container, {})
    sources = ((variable.get("valueFrom") or {}).get("secretKeyRef") or {} for variable in spec.get("env") or ())
    return {str(source["name"]) for source in sources if source.get("name")}


async def _certificates(
    cluster: Cluster, target: Target, snapshot: Snapshot, unseen: list[Hidden]
) -> dict[str, tuple[Object, ...]]:
    """What cert-manager makes in the namespace, when an Ingress asks it to; requests where a certificate is not ready."""
    if not any(map(manifests.issuer, snapshot.of_kind("Ingress"))):
        return {}
    collected = _Collected({}, unseen)
    kinds = ["Certificate"]
    await _list(cluster, collected, "Certificate", target.namespace)
    if not all(map(status.is_ready, collected.kinds.get("Certificate", ()))):
        kinds.append("CertificateRequest")
        await _list(cluster, collected, "CertificateRequest", target.namespace)
    hidden = {line.what for line in unseen}
    return {kind: collected.kinds.get(kind, ()) for kind in kinds if kind not in hidden}


async def _balancers(cluster: Cluster, snapshot: Snapshot, unseen: list[Hidden]) -> list[Object]:
    """The Services of all namespaces to which the addresses of an Ingress belong, with their endpoints."""
    wanted = {address for ingress in snapshot.of_kind("Ingress") for address in status.addresses(ingress)}
    if not wanted:
        return []
    try:
        async with asyncio.timeout(_LIMIT):
            services = await cluster.list("Service", fields="spec.type=LoadBalancer")
            found = [service for service in services if wanted.intersection(status.addresses(service))]
            endpoints = [await _endpoints(cluster, service) for service in found[:_MOST_BALANCERS]]
    except ClusterError as error:
        unseen.append(Hidden("the controller of the Ingress", error.message.rstrip("."), error.permission))
    except TimeoutError:
        unseen.append(Hidden("the controller of the Ingress", f"no answer within {_LIMIT:g} s"))
    else:
        return [*found, *(one for ones in endpoints for one in ones)]
    return []


async def _rivals(cluster: Cluster, snapshot: Snapshot, unseen: list[Hidden]) -> list[Object]:
    """The Ingresses of other namespaces that have a host of the release's, as another release on the same host has."""
    hosts = {route.host for ingress in snapshot.of_kind("Ingress") for route in routes(ingress)}
    if not hosts:
        return []
    try:
        found = await asyncio.wait_for(cluster.list("Ingress"), _LIMIT)
    except ClusterError as error:
        unseen.append(Hidden("the Ingresses of other namespaces", error.message.rstrip("."), error.permission))
    except TimeoutError:
        unseen.append(Hidden("the Ingresses of other namespaces", f"no answer within {_LIMIT:g} s"))
    else:
        others = (ingress for ingress in found if namespace(ingress) != snapshot.namespace)
        return [ingress for ingress in others if any(route.host in hosts for route in routes(ingress))]
    return []


async def _endpoints(cluster: Cluster, service: Object) -> tuple[Object, ...]:
    labels = f"kubernetes.io/service-name={service['metadata']['name']}"
    return await cluster.list("EndpointSlice", str(service["metadata"]["namespace"]), labels=labels)


async def _get(cluster: Cluster, target: Target, kind: str, name: str, absent: set[str]) -> Object | None:
    """The object without values, or None; one that does not exist is added to `absent`, one that may not be read is not."""
    try:
        return await asyncio.wait_for(cluster.get(kind, name, target.namespace), _LOG_LIMIT)
    except TimeoutError:
        return None
    except ClusterError as error:
        if error.kind == "not-found":
            absent.add(f"{kind}/{name}")
        return None
