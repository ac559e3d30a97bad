"""Pods that are not created."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from wizard.core.kube import patience, status
from wizard.core.kube.objects import Object, name_of
from wizard.core.limits import map_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings import overload, webhooks
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.words import counted

_REFUSALS: Final = (
    (r"exceeded quota", "the namespace's quota is used up", "Ask for more quota, or lower replicas or requests."),
    (
        r"violates PodSecurity",
        "the namespace's Pod Security level forbids it",
        "Adapt the security context, or ask for another level on the namespace.",
    ),
    (
        r"serviceaccount \S+ not found|error looking up service account",
        "its ServiceAccount is not there",
        "Create the ServiceAccount, or let the chart create it (serviceAccount.create).",
    ),
    (r"no PriorityClass", "its PriorityClass is not there", "Name an existing PriorityClass, or none."),
    (r"(maximum|minimum) (cpu|memory)", "a LimitRange forbids its size", "Change requests and limits to fit it."),
    (
        r"admission webhook|denied the request|ValidatingAdmissionPolicy",
        "an admission policy of this cluster denies it",
        "Read the policy's message, change the field that it names or ask the policy's owner.",
    ),
)
MAKERS: Final = ("ReplicaSet", "StatefulSet", "DaemonSet", "Job")


@dataclass(frozen=True)
class Refusal:
    """What a controller may not make (`what`), the API server's message, since when, and the field that has it."""

    maker: Object
    message: str
    since: str
    field: str
    what: str = "pods"


def refusals(snapshot: Snapshot) -> Iterator[Refusal]:
    """The refusals that stand: controllers without their pods, and Deployments without their ReplicaSet."""
    for maker in snapshot.of_kind(*MAKERS):
        if str(maker["metadata"].get("uid")) not in snapshot.left:
            message, since, field = refusal_of(maker, snapshot)
            if message:
                yield Refusal(maker, message, since, field)
    for deployment in snapshot.of_kind("Deployment"):
        # pkg/controller/deployment/sync.go: the ReplicaSet itself could not be made.
        progress = status.condition(deployment, "Progressing")
        if progress.get("status") == "False" and progress.get("reason") == "ReplicaSetCreateError":
            message, since = str(progress.get("message") or "refused"), str(progress.get("lastTransitionTime") or "")
            yield Refusal(deployment, message, since, "status.conditions[Progressing]", "its ReplicaSet and pods")


@finding("SC01")
def pod_creation_refused(snapshot: Snapshot) -> Iterator[Finding]:
    """A controller tries to create pods, or their ReplicaSet, and the API server refuses them.

    What is the cluster's own trouble is CL03 and CL05.
    """
    for refusal in refusals(snapshot):
        if not overload.told(refusal.message) and not webhooks.is_untrusted(refusal.message):
            yield _refused(refusal, snapshot)


def _refused(refusal: Refusal, snapshot: Snapshot) -> Finding:
    maker, message, since, what = refusal.maker, refusal.message, refusal.since, refusal.what
    describe = snapshot.command("kubectl", "describe", str(maker["kind"]).lower(), str(maker["metadata"]["name"]))
    proof = Evidence(message, name_of(maker), refusal.field, since)
    if call := webhooks.failed_call(message):
        return Finding(
            "SC01",
            f"{what} cannot be made: {call.title}",
            snapshot.root_name(maker),
            (proof,),
            call.remedy,
            heals="unknown" if call.transient else "no",
            since=since,
            commands=(*call.commands(snapshot), describe),
            avoid=(webhooks.AVOID,),
        )
    why, remedy = _refusal(message)
    return Finding(
        "SC01",
        f"{what} are refused: {why}",
        snapshot.root_name(maker),
        (proof, *_quota(message, snapshot)),
        (remedy,),
        heals="yes" if "exceeded quota" in message and snapshot.going else "no",
        since=since,
        commands=(describe,),
    )


def refusal_of(maker: Object, snapshot: Snapshot) -> tuple[str, str, str]:
    """The API server's message to a controller that may not create its pods, since when, and its field; else ""."""
    failure = status.condition(maker, "ReplicaFailure")
    if failure.get("status") == "True":
        since = str(failure.get("lastTransitionTime") or "")
        return str(failure.get("message") or "refused"), since, "status.conditions[ReplicaFailure]"
    refused = snapshot.about(maker, "FailedCreate")
    if (
        not refused
        or "Pod" in snapshot.hidden
        or lacking(maker, snapshot) <= 0
        or refused[0].time < _last_made(maker, snapshot)
    ):
        return "", "", ""
    return refused[0].message, refused[0].time, f"event FailedCreate, seen {counted(refused[0].count, 'time')}"


def _last_made(maker: Object, snapshot: Snapshot) -> str:
    """When a controller's last pod was created, by the API's times: earlier refusals are over. "" when it had none."""
    uid = maker["metadata"].get("uid")
    pods = [status.created(pod) for pod in snapshot.of_kind("Pod") if status.controller(pod).get("uid") == uid]
    gone = [pod.made for pod in snapshot.gone if pod.owner == uid]
    return patience.latest((*pods, *gone, *(event.time for event in snapshot.about(maker, "SuccessfulCreate"))))


def lacking(maker: Object, snapshot: Snapshot) -> int:
    """The number of pods that a controller should have but has not."""
    uid = maker["metadata"].get("uid")
    has: int = sum(status.controller(pod).get("uid") == uid for pod in snapshot.of_kind("Pod"))
    return wanted(maker) - has if maker.get("kind") != "Job" else max(0, wanted(maker) - has)


def wanted(maker: Object) -> int:
    """The number of pods that a controller should have; of a Job that is not complete one."""
    spec, state = map_of(maker, "spec"), map_of(maker, "status")
    if maker.get("kind") == "Job":
        return int(not (state.get("succeeded") or status.condition(maker, "Complete")))
    count = state.get("desiredNumberScheduled") or spec.get("replicas", 1)
    return count if isinstance(count, int) else 1


def _quota(message: str, snapshot: Snapshot) -> list[Evidence]:
    """The limits and the usage of the quota that the message names."""
    match = re.search(r"exceeded quota: ([^\s,]+)", message)
    quota = snapshot.named("ResourceQuota", match[1]) if match else None
    if quota is None:
        return []
    state = quota.get("status", {})
    hard, used = state.get("hard") or {}, state.get("used") or {}
    amounts = ", ".join(f"{key} {used.get(key, '0')} of {most}" for key, most in hard.items())
    return [Evidence(amounts, name_of(quota), "status.used")]


def _refusal(message: str) -> tuple[str, str]:
    for pattern, why, remedy in _REFUSALS:
        if re.search(pattern, message, re.IGNORECASE):
            return why, remedy
    return "the API server refuses them", "Read its message below and change what it names."
