"""Pods that are not created, or not given a node."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from wizard.core import status
from wizard.core.rules.findings_registry import Finding, Object, Snapshot, finding, name_of

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
        "Read the policy's words, change the named field or ask the policy's owner.",
    ),
)
_MAKERS: Final = ("ReplicaSet", "StatefulSet", "DaemonSet", "Job")


@finding("SC01")
def pod_creation_refused(snapshot: Snapshot) -> Iterator[Finding]:
    """A controller tries to create pods and the API server refuses them."""
    for maker in snapshot.of_kind(*_MAKERS):
        failure = status.condition(maker, "ReplicaFailure")
        message, since = str(failure.get("message") or ""), str(failure.get("lastTransitionTime") or "")
        field = "status.conditions[ReplicaFailure]"
        if failure.get("status") != "True":
            refused = snapshot.about(maker, "FailedCreate")
            if not refused or not _lacks_pods(maker, snapshot):
                continue
            message, since, field = (
                refused[0].message,
                refused[0].time,
                f"event FailedCreate, seen {refused[0].count} times",
            )
        why, remedy = _refusal(message)
        yield Finding(
            "SC01",
            f"pods are refused: {why}",
            snapshot.root_name(maker),
            (f"{name_of(maker)} {field}: {message}",),
            (remedy,),
            heals="no",
            since=since,
        )


def _lacks_pods(maker: Object, snapshot: Snapshot) -> bool:
    uid = maker["metadata"].get("uid")
    has: int = sum(status.controller(pod).get("uid") == uid for pod in snapshot.of_kind("Pod"))
    spec, state = maker.get("spec", {}), maker.get("status", {})
    if maker.get("kind") == "Job":
        return not (has or state.get("succeeded") or status.condition(maker, "Complete"))
    return has < int(state.get("desiredNumberScheduled") or spec.get("replicas", 1))


def _refusal(message: str) -> tuple[str, str]:
    for pattern, why, remedy in _REFUSALS:
        if re.search(pattern, message, re.IGNORECASE):
            return why, remedy
    return "the API server says no", "Read its words below and change what they name."


_NODES: Final = re.compile(r"(\d+)/(\d+) nodes are available: ?(.*)", re.DOTALL)
_REASON: Final = re.compile(r"(?:^|, )(\d+) (.+?)(?=, \d+ |$)", re.DOTALL)
_SIZE: Final = re.compile(r"Insufficient (\S+)|Too many pods")


def node_reasons(message: str) -> tuple[int, dict[str, int]]:
    """The scheduler's message as (nodes in all, nodes by reason); (0, {}) when it says something else."""
    match = _NODES.search(message)
    if not match:
        return 0, {}
    body = re.split(r"\.\s*(?:preemption:|no new claims|$)|,? preemption:", match[3].strip())[0].rstrip(". ")
    return int(match[2]), {reason.strip(): int(count) for count, reason in _REASON.findall(body)}


@finding("SC02", "SC03")
def no_node_fits(snapshot: Snapshot) -> Iterator[Finding]:
    """The scheduler finds no node: too little room (SC02), or no node that matches (SC03)."""
    for pod in snapshot.starting_pods():
        one = status.condition(pod, "PodScheduled")
        message = str(one.get("message") or "")
        if one.get("status") != "False" or one.get("reason") != "Unschedulable":
            continue
        if "PersistentVolumeClaim" in message and "unbound" in message:
            continue
        total, reasons = node_reasons(message)
        short = [reason for reason in reasons if _SIZE.search(reason)]
        growing = snapshot.about(pod, "TriggeredScaleUp")
        counted = ", ".join(f"{count} of {total}: {_plain(reason)}" for reason, count in reasons.items())
        yield Finding(
            "SC02" if short else "SC03",
            f"no node fits ({counted or message})",
            snapshot.root_name(pod),
            (f"{name_of(pod)} status.conditions[PodScheduled]: {message}", f"it asks for {_asks(pod)}"),
            _room(short) if short else _match(reasons),
            heals="yes" if growing else "no",
            since=str(one.get("lastTransitionTime") or ""),
        )


def _plain(reason: str) -> str:
    size = _SIZE.search(reason)
    if size:
        return f"too little {size[1]} free" if size[1] else "too many pods already"
    return re.sub(r"^node\(s\) ", "", reason)


def _asks(pod: Object) -> str:
    asked = []
    for name, container in status.container_specs(pod).items():
        requests = (container.get("resources") or {}).get("requests") or {}
        if requests:
            asked.append(f"{name}: " + ", ".join(f"{key} {value}" for key, value in requests.items()))
    return "; ".join(asked) or "nothing in particular"


def _room(short: list[str]) -> tuple[str, ...]:
    what = " and ".join(match[1] for reason in short if (match := _SIZE.search(reason)) and match[1]) or "pods"
    return (f"Lower the request for {what}, or fewer replicas.", "Or give the cluster room: another or a bigger node.")


def _match(reasons: dict[str, int]) -> tuple[str, ...]:
    text = " ".join(reasons)
    if "anti-affinity" in text or "topology spread" in text:
        return ("Fewer replicas than nodes, or make the spreading preferred instead of required.",)
    if "untolerated taint" in text:
        return ("Add a toleration for the taint, or use nodes without it.",)
    return ("Correct the node selector or affinity, or label a node to match.",)
