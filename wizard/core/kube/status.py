"""Readiness: one status per object and one verdict for the release. Pure; an object is the API's own dictionary.

States: ready, progressing (continues by itself), stuck (does not continue without a change), failed (ended for good),
unknown. Ingress, HorizontalPodAutoscaler, PodDisruptionBudget and Service say whether the release can be reached or
scaled; they never make it unready.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from wizard.core.kube.objects import Object, containers
from wizard.core.text.time import parse_time
from wizard.core.text.words import counted

State = Literal["ready", "progressing", "stuck", "failed", "unknown"]

HOLDING: Final = frozenset(
    {"Deployment", "StatefulSet", "ReplicaSet", "DaemonSet", "Job", "Pod", "PersistentVolumeClaim"}
)
"""Kinds that a release must have ready."""

IMAGE_REASONS: Final = frozenset(
    {"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
     "RegistryUnavailable", "SignatureValidationFailed"}
)  # fmt: skip
QUEUED: Final = re.compile(r"pull QPS exceeded")
"""The kubelet's message while an image waits in its pull queue."""
CONFIG_REASONS: Final = frozenset({"CreateContainerConfigError"})
START_REASONS: Final = frozenset(
    {"CreateContainerError", "RunContainerError", "StartError", "PreCreateHookError", "PreStartHookError",
     "PostStartHookError"}
)  # fmt: skip
CRASH_REASONS: Final = frozenset({"CrashLoopBackOff"})
_STUCK_REASONS: Final = IMAGE_REASONS | CONFIG_REASONS | START_REASONS | CRASH_REASONS

LEAST_PROBE_BUDGET: Final = timedelta(seconds=20)
"""How long a container may take at least to become ready, whatever its probes allow."""
_TERMINATION_SLACK: Final = timedelta(seconds=30)
_SHORT_LIFE: Final = timedelta(minutes=10)
"""A container that ran longer is restarted without a back-off, by the kubelet's rule."""


@dataclass(frozen=True)
class Status:
    """The status of one object. summary: "1 of 3", "ImagePullBackOff"; since: RFC 3339 or ""."""

    state: State
    summary: str
    reason: str = ""
    since: str = ""


@dataclass(frozen=True)
class Judged:
    """One object of a release with its status; owner_uid is its controller's uid or ""."""

    kind: str
    name: str
    uid: str
    owner_uid: str
    status: Status
    periodic: bool = False
    """A Job of a CronJob: one of many, whose failure is a finding of its own and holds nothing up."""


@dataclass(frozen=True)
class Verdict:
    """The verdict of a release with its reason in one sentence."""

    state: State
    reason: str


def of(obj: Object, now: datetime) -> Status:
    """The status of one object; a kind that the chart does not use is ready as soon as it exists."""
    judge = _JUDGES.get(str(obj.get("kind", "")))
    if judge is None:
        return Status("ready", "made", "", created(obj))
    return judge(obj, now)


def release(members: Sequence[Judged], hidden: Sequence[str] = ()) -> Verdict:
    """The verdict of a release over its workloads, Jobs and claims; pods only explain it (except those without owner).

    Args:
        members: every object of the release.
        hidden: kinds that could not be watched; with a hidden workload kind "ready" becomes "unknown".
    """
    by_uid = {member.uid: member for member in members}
    roots = holding(members)
    if not roots:
        return Verdict(
            "unknown", f"cannot see {', '.join(hidden)}" if hidden else "no workload of this release is there"
        )
    stuck_below = {root_uid(member, by_uid): member for member in members if member.status.state == "stuck"}
    worst: dict[State, Verdict] = {}
    for root in roots:
        state, cause = root.status.state, root
        if state in ("progressing", "stuck") and root.uid in stuck_below:
            state, cause = "stuck", stuck_below[root.uid]
        if state not in worst:
            why = cause.status.reason or cause.status.summary
            worst[state] = Verdict(state, f"{cause.kind}/{cause.name}: {why}")
    for state in ("failed", "stuck", "progressing", "unknown"):
        if state in worst:
            return worst[state]
    unseen = sorted(HOLDING & set(hidden))
    if unseen:
        return Verdict("unknown", f"what can be seen is ready, but {', '.join(unseen)} cannot be seen")
    return Verdict("ready", f"{len(roots)} of {len(roots)} workloads, Jobs and claims are ready")


def holding(members: Sequence[Judged]) -> list[Judged]:
    """The objects that a release is ready by: workloads, Jobs and claims that belong to no other object of it."""
    uids = {member.uid for member in members}
    return [
        member for member in members if member.kind in HOLDING and member.owner_uid not in uids and not member.periodic
    ]


def root_uid(member: Judged, by_uid: Mapping[str, Judged]) -> str:
    """The uid of the topmost owner of an object within the release (itself when it has none)."""
    seen = {member.uid}
    while member.owner_uid in by_uid and member.owner_uid not in seen:
        member = by_uid[member.owner_uid]
        seen.add(member.uid)
    return member.uid


# Fields


def created(obj: Object) -> str:
    """When the object was created."""
    return str(obj.get("metadata", {}).get("creationTimestamp") or "")


def condition(obj: Object, kind: str) -> Mapping[str, Any]:
    """A condition of the status by its type; empty when there is none."""
    for entry in obj.get("status", {}).get("conditions") or ():
        if entry.get("type") == kind:
            result: Mapping[str, Any] = entry
            return result
    return {}


def written(obj: Object) -> str:
    """When the object was last written by any of its managers, or else created."""
    managers = obj.get("metadata", {}).get("managedFields") or ()
    return max((created(obj), *(str(manager.get("time") or "") for manager in managers)))


def rollout(replica_set: Object) -> int:
    """The number that the Deployment controller gave to a ReplicaSet's rollout; 0 without one."""
    number = str((replica_set["metadata"].get("annotations") or {}).get("deployment.kubernetes.io/revision", "0"))
    return int(number) if number.isdigit() else 0


def controller(obj: Object) -> Mapping[str, Any]:
    """The owner reference of the object's controller (or its only owner); empty when there is none that has kind and name."""
    owners = [
        one for one in obj.get("metadata", {}).get("ownerReferences") or () if one.get("kind") and one.get("name")
    ]
    chosen: Mapping[str, Any] = next(
        (owner for owner in owners if owner.get("controller")), owners[0] if owners else {}
    )
    return chosen


def probe_budget(container: Mapping[str, Any], *, starting: bool = False) -> timedelta:
    """How long a container may take, by its own probes, to become ready before it counts as stuck.

    Args:
        container: its specification.
        starting: its startup probe has not passed yet, so that only this probe runs.
    """
    total = timedelta()
    for name in ("startupProbe",) if starting else ("startupProbe", "readinessProbe"):
        if probe := container.get(name):
            rounds = int(probe.get("periodSeconds") or 10) * int(probe.get("failureThreshold") or 3)
            total += timedelta(seconds=int(probe.get("initialDelaySeconds") or 0) + rounds)
    return max(total, LEAST_PROBE_BUDGET)


def is_ready(obj: Object) -> bool:
    """Whether its condition Ready is True."""
    return condition(obj, "Ready").get("status") == "True"


def is_starting(container_status: Mapping[str, Any], container: Mapping[str, Any]) -> bool:
    """Whether a container's startup probe (from its specification) has not passed yet, by its status."""
    return bool(container.get("startupProbe")) and container_status.get("started") is False


def unready_since(pod: Object, container_status: Mapping[str, Any]) -> str:
    """Since when a running container has not been ready; a restart does not reset it. "" if unknown."""
    started = str(((container_status.get("state") or {}).get("running") or {}).get("startedAt") or "")
    before = str(((container_status.get("lastState") or {}).get("terminated") or {}).get("startedAt") or "")
    return max(before or started, _lost(pod)) if started else ""


def _lost(pod: Object) -> str:
    """When a pod stopped being ready, or was created unready; "" while it is ready."""
    ready = condition(pod, "Ready")
    return str(ready.get("lastTransitionTime") or "") if ready.get("status") != "True" else ""


def crashes(pod: Object, container_status: Mapping[str, Any]) -> bool:
    """Whether a container ended repeatedly, the last time after a short life, and has not been ready since."""
    if (
        container_status.get("ready")
        or int(container_status.get("restartCount") or 0) < 2
        or _was_ready_since(pod, container_status)
    ):
        return False
    ended = last_end(container_status) or {}
    begun, over = (parse_time(str(ended.get(key) or "")) for key in ("startedAt", "finishedAt"))
    return bool(ended) and not (begun and over and over - begun > _SHORT_LIFE)


def _was_ready_since(pod: Object, container_status: Mapping[str, Any]) -> bool:
    """Whether the pod was ready after the last start of a running container: the cause of that end is over."""
    started, lost = (
        parse_time(text)
        for text in (
            str(((container_status.get("state") or {}).get("running") or {}).get("startedAt") or ""),
            _lost(pod),
        )
    )
    return bool(started and lost and lost > started)


def last_end(container_status: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The terminated state of a container, or that before its last restart; None when there is neither."""
    for where in ("state", "lastState"):
        if ended := (container_status.get(where) or {}).get("terminated"):
            result: Mapping[str, Any] = ended
            return result
    return None


def observed(obj: Object) -> bool:
    """Whether its controller has observed its current spec."""
    generation = obj.get("metadata", {}).get("generation") or 0
    return (obj.get("status", {}).get("observedGeneration") or 0) >= generation


def _count(status: Mapping[str, Any], key: str) -> int:
    return int(status.get(key) or 0)


def _not_seen(obj: Object, summary: str) -> Status:
    return Status("progressing", summary, "its controller has not seen the latest change yet", created(obj))


# Workloads


def _deployment(obj: Object, _now: datetime) -> Status:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    wanted = int(spec.get("replicas", 1))
    ready, updated, total = (_count(status, key) for key in ("readyReplicas", "updatedReplicas", "replicas"))
    summary = f"{min(ready, wanted)} of {wanted}"
    if not observed(obj):
        return _not_seen(obj, summary)
    progress, failure = condition(obj, "Progressing"), condition(obj, "ReplicaFailure")
    since = str(condition(obj, "Available").get("lastTransitionTime") or created(obj))
    if failure.get("status") == "True":
        when = str(failure.get("lastTransitionTime") or since)
        return Status("stuck", summary, f"pods are refused: {failure.get('message', '')}", when)
    if progress.get("reason") == "ProgressDeadlineExceeded":
        when = str(progress.get("lastTransitionTime") or since)
        return Status("stuck", summary, "the rollout stalled: no progress within its deadline", when)
    if spec.get("paused") and updated < wanted:
        return Status("stuck", summary, "the rollout is paused", since)
    if updated < wanted:
        return Status("progressing", summary, f"{updated} of {wanted} pods are of the new version", since)
    if _count(status, "availableReplicas") < wanted:
        return Status("progressing", summary, f"{wanted - ready} not ready yet", since)
    if total > updated:
        return Status("progressing", summary, f"{total - updated} old pods are still terminating", since)
    return Status("ready", summary, "ready" if wanted else "scaled to zero", since)


def _stateful_set(obj: Object, _now: datetime) -> Status:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    wanted = int(spec.get("replicas", 1))
    ready = _count(status, "readyReplicas")
    summary = f"{min(ready, wanted)} of {wanted}"
    if not observed(obj):
        return _not_seen(obj, summary)
    if ready < wanted:
        return Status("progressing", summary, f"{wanted - ready} not ready yet", created(obj))
    strategy = spec.get("updateStrategy", {})
    if strategy.get("type", "RollingUpdate") == "RollingUpdate":
        partition = int((strategy.get("rollingUpdate") or {}).get("partition") or 0)
        updated = _count(status, "updatedReplicas")
        moving = status.get("currentRevision") != status.get("updateRevision")
        if moving and updated < wanted - partition:
            text = f"{updated} of {wanted - partition} pods are of the new version"
            return Status("progressing", summary, text, created(obj))
    return Status("ready", summary, "ready" if wanted else "scaled to zero", created(obj))


def _replica_set(obj: Object, _now: datetime) -> Status:
    wanted = int(obj.get("spec", {}).get("replicas", 1))
    ready = _count(obj.get("status", {}), "readyReplicas")
    summary = f"{min(ready, wanted)} of {wanted}"
    if not observed(obj):
        return _not_seen(obj, summary)
    failure = condition(obj, "ReplicaFailure")
    if failure.get("status") == "True":
        when = str(failure.get("lastTransitionTime") or created(obj))
        return Status("stuck", summary, f"pods are refused: {failure.get('message', '')}", when)
    if ready < wanted:
        return Status("progressing", summary, f"{wanted - ready} not ready yet", created(obj))
    return Status("ready", summary, "ready" if wanted else "scaled to zero", created(obj))


def _daemon_set(obj: Object, _now: datetime) -> Status:
    status = obj.get("status", {})
    wanted, ready = _count(status, "desiredNumberScheduled"), _count(status, "numberAvailable")
    summary = f"{min(ready, wanted)} of {wanted}"
    if not observed(obj):
        return _not_seen(obj, summary)
    updated = _count(status, "updatedNumberScheduled")
    on_delete = obj.get("spec", {}).get("updateStrategy", {}).get("type") == "OnDelete"
    if updated < wanted and not on_delete:
        return Status("progressing", summary, f"{updated} of {wanted} pods are of the new version", created(obj))
    if ready < wanted:
        return Status("progressing", summary, f"{wanted - ready} not ready yet", created(obj))
    return Status("ready", summary, "ready" if wanted else "no node matches", created(obj))


def _job(obj: Object, _now: datetime) -> Status:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    done, wanted = _count(status, "succeeded"), int(spec.get("completions") or 1)
    summary = f"{done} of {wanted}"
    for kind, state in (("Failed", "failed"), ("FailureTarget", "failed"), ("Complete", "ready")):
        outcome = condition(obj, kind)
        if outcome.get("status") == "True":
            text = "done" if state == "ready" else f"{outcome.get('reason', 'Failed')}: {outcome.get('message', '')}"
            return Status(
                "failed" if state == "failed" else "ready", summary, text, str(outcome.get("lastTransitionTime"))
            )
    since = str(status.get("startTime") or created(obj))
    if spec.get("suspend"):
        return Status("stuck", summary, "it is suspended", since)
    failed = _count(status, "failed")
    tries = f", {counted(failed, 'try', 'tries')} failed" if failed else ""
    return Status("progressing", summary, f"{_count(status, 'active')} running{tries}", since)


def _claim(obj: Object, _now: datetime) -> Status:
    phase = str(obj.get("status", {}).get("phase") or "Pending")
    if phase == "Bound":
        return Status("ready", phase, "ready", created(obj))
    if phase == "Lost":
        return Status("failed", phase, "its volume is gone", created(obj))
    wanted = obj.get("spec", {}).get("storageClassName")
    return Status("progressing", phase, f"waits for a volume of class {wanted}" if wanted else "waits for a volume",
                  created(obj))  # fmt: skip


# Pods


def _pod(obj: Object, now: datetime) -> Status:
    status, meta = obj.get("status", {}), obj.get("metadata", {})
    if meta.get("deletionTimestamp"):
        return _terminating(obj, now)
    phase, since = str(status.get("phase") or "Pending"), str(status.get("startTime") or created(obj))
    if phase == "Succeeded":
        return Status("ready", "Completed", "done", since)
    if phase == "Failed":
        ended = next(_ended(status), "")
        text = ": ".join(part for part in (status.get("reason"), status.get("message")) if part)
        return Status("failed", str(status.get("reason") or phase), text or ended or "its containers failed", since)
    unscheduled = _unscheduled(obj)
    if unscheduled:
        return unscheduled
    return _containers(obj, now, since)


def _terminating(obj: Object, now: datetime) -> Status:
    meta = obj.get("metadata", {})
    asked = str(meta["deletionTimestamp"])
    # The deletion time already includes the grace period.
    due = parse_time(asked)
    if due and now > due + _TERMINATION_SLACK:
        return Status("stuck", "Terminating", "its node does not confirm that it ended", asked)
    return Status("progressing", "Terminating", "it is being removed", asked)


def _unscheduled(obj: Object) -> Status | None:
    scheduled = condition(obj, "PodScheduled")
    if scheduled.get("status") != "False":
        return None
    since, message = str(scheduled.get("lastTransitionTime") or created(obj)), str(scheduled.get("message") or "")
    if scheduled.get("reason") == "SchedulingGated":
        return Status("progressing", "SchedulingGated", "a scheduling gate holds it", since)
    if "unbound immediate PersistentVolumeClaims" in message:
        return Status("progressing", "Pending", "waits for its volume", since)
    return Status("stuck", "Unschedulable", f"no node fits: {message}", since)


def _ended(status: Mapping[str, Any]) -> Iterator[str]:
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        ended = (container.get("state") or {}).get("terminated")
        if ended and ended.get("exitCode"):
            yield f"container {container.get('name')} ended: {ended.get('reason', 'Error')}, exit code {ended['exitCode']}"


def container_specs(pod: Object) -> dict[str, Mapping[str, Any]]:
    """The containers of a pod's spec by name, init containers included."""
    spec = pod.get("spec", {})
    every = containers(spec)
    return {str(container.get("name")): container for container in every}


def container_statuses(pod: Object) -> list[Mapping[str, Any]]:
    """The container statuses of a pod, init containers first."""
    status = pod.get("status", {})
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _containers(obj: Object, now: datetime, since: str) -> Status:
    status, spec = obj.get("status", {}), obj.get("spec", {})
    for container_status in container_statuses(obj):
        waiting = (container_status.get("state") or {}).get("waiting") or {}
        reason = str(waiting.get("reason") or "")
        text = str(waiting.get("message") or reason)
        if reason in IMAGE_REASONS and QUEUED.search(text):
            return Status("progressing", reason, f"container {container_status.get('name')}: {text}", since)
        if reason in _STUCK_REASONS:
            return Status(
                "stuck",
                reason,
                f"container {container_status.get('name')}: {text}",
                _last_end(container_status) or since,
            )
    inits = [container for container in spec.get("initContainers") or () if container.get("restartPolicy") != "Always"]
    if inits and condition(obj, "Initialized").get("status") != "True":
        return _initializing(obj, inits, since)
    if is_ready(obj):
        return Status("ready", "Running", "ready", str(condition(obj, "Ready").get("lastTransitionTime") or since))
    specs = container_specs(obj)
    for container_status in status.get("containerStatuses") or ():
        if container_status.get("ready"):
            continue
        return _unready(obj, container_status, specs.get(str(container_status.get("name")), {}), now, since)
    if condition(obj, "ContainersReady").get("status") == "True":
        gates = ", ".join(str(gate.get("conditionType")) for gate in spec.get("readinessGates") or ())
        return Status("progressing", "Running", f"waits for {gates or 'its Ready condition'}", since)
    scheduled = str(condition(obj, "PodScheduled").get("lastTransitionTime") or since)
    return Status("progressing", str(status.get("phase") or "Pending"), "waits for its node to start it", scheduled)


def _initializing(obj: Object, inits: Sequence[Mapping[str, Any]], since: str) -> Status:
    statuses = obj.get("status", {}).get("initContainerStatuses") or ()
    done = sum(
        ((container_status.get("state") or {}).get("terminated") or {}).get("exitCode") == 0
        for container_status in statuses
    )
    summary = f"Init:{min(done, len(inits))}/{len(inits)}"
    for container_status in statuses:
        state = container_status.get("state") or {}
        if "running" in state and not container_status.get("ready"):
            started = str(state["running"].get("startedAt") or since)
            return Status("progressing", summary, f"init container {container_status.get('name')} is running", started)
        if (state.get("terminated") or {}).get("exitCode"):
            ended = (
                f"init container {container_status.get('name')} ended with exit code {state['terminated']['exitCode']}"
            )
            return Status("progressing", summary, f"{ended} and is tried again", since)
    return Status("progressing", summary, "waits for its init containers", since)


def _unready(
    obj: Object, container_status: Mapping[str, Any], container: Mapping[str, Any], now: datetime, since: str
) -> Status:
    state, name = container_status.get("state") or {}, container_status.get("name")
    if crashes(obj, container_status):
        ended = last_end(container_status) or {}
        text = f"container {name} ends again and again, exit code {ended.get('exitCode')}"
        return Status("stuck", str(ended.get("reason") or "Ended"), text, _last_end(container_status) or since)
    if "running" in state:
        started = unready_since(obj, container_status) or since
        begun, budget = parse_time(started), probe_budget(container, starting=is_starting(container_status, container))
        if begun and now - begun > budget:
            return Status("stuck", "NotReady", f"container {name} runs but is not ready", started)
        allowed = f"its probes allow {budget.total_seconds():.0f} s"
        return Status("progressing", "NotReady", f"container {name} runs, not ready yet ({allowed})", started)
    if "terminated" in state:
        ended = state["terminated"]
        text = f"container {name} ended ({ended.get('reason', '')}, exit code {ended.get('exitCode')})"
        return Status("progressing", str(ended.get("reason") or "Ended"), text, str(ended.get("finishedAt") or since))
    reason = str((state.get("waiting") or {}).get("reason") or "Pending")
    message = str((state.get("waiting") or {}).get("message") or "")
    scheduled = str(condition(obj, "PodScheduled").get("lastTransitionTime") or since)
    text = "its image and volumes are being prepared" if reason in ("ContainerCreating", "PodInitializing") else reason
    return Status("progressing", reason, f"{text}: {message}" if message else text, scheduled)


def _last_end(container_status: Mapping[str, Any]) -> str:
    return str(((container_status.get("lastState") or {}).get("terminated") or {}).get("finishedAt") or "")


def restarts(obj: Object) -> int:
    """Restarts of a pod's containers together; 0 for any other object."""
    containers = container_statuses(obj) if obj.get("kind") == "Pod" else []
    return sum(int(container.get("restartCount") or 0) for container in containers)


# Reachability: never makes the release unready


def _service(obj: Object, _now: datetime) -> Status:
    spec = obj.get("spec", {})
    kind = str(spec.get("type") or "ClusterIP")
    given = ", ".join(addresses(obj))
    if kind == "LoadBalancer" and not given:
        return Status("progressing", kind, "no address from the load balancer yet", created(obj))
    return Status("ready", kind, given or "made", created(obj))


def _ingress(obj: Object, _now: datetime) -> Status:
    hosts = ", ".join(str(rule.get("host") or "*") for rule in obj.get("spec", {}).get("rules") or ())
    if given := addresses(obj):
        return Status("ready", hosts, f"at {', '.join(given)}", created(obj))
    return Status("progressing", hosts, "no ingress controller gave it an address yet", created(obj))


def addresses(obj: Object) -> tuple[str, ...]:
    """The addresses that a controller gave to an Ingress, or a cloud to a Service; of both in one entry the IP, as kubectl shows."""
    given = ((obj.get("status") or {}).get("loadBalancer") or {}).get("ingress") or ()
    return tuple(str(text) for address in given if (text := address.get("ip") or address.get("hostname")))


def _autoscaler(obj: Object, _now: datetime) -> Status:
    spec, status = obj.get("spec", {}), obj.get("status", {})
    low, high = spec.get("minReplicas", 1), spec.get("maxReplicas")
    summary = f"{_count(status, 'currentReplicas')} in {low}-{high}"
    for kind in ("AbleToScale", "ScalingActive"):
        scaling = condition(obj, kind)
        if scaling.get("status") == "False":
            text = f"cannot scale: {scaling.get('message') or scaling.get('reason')}"
            return Status("progressing", summary, text, str(scaling.get("lastTransitionTime") or created(obj)))
    return Status("ready", summary, "made", created(obj))


def _disruption_budget(obj: Object, _now: datetime) -> Status:
    status = obj.get("status", {})
    healthy, wanted = _count(status, "currentHealthy"), _count(status, "desiredHealthy")
    return Status(
        "ready", f"{healthy} of {wanted}", f"{_count(status, 'disruptionsAllowed')} may be disrupted", created(obj)
    )


_JUDGES: Final[Mapping[str, Callable[[Object, datetime], Status]]] = {
    "Deployment": _deployment,
    "StatefulSet": _stateful_set,
    "ReplicaSet": _replica_set,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "Pod": _pod,
    "PersistentVolumeClaim": _claim,
    "Service": _service,
    "Ingress": _ingress,
    "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _disruption_budget,
}
