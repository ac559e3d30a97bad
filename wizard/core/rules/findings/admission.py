"""Pods that are not created or not scheduled."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from typing import Final

from wizard.core.kube import patience, status
from wizard.core.kube.objects import Object, labels_of, name_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.snapshot import Snapshot

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


@finding("SC01")
def pod_creation_refused(snapshot: Snapshot) -> Iterator[Finding]:
    """A controller tries to create pods and the API server refuses them."""
    for maker in snapshot.of_kind(*MAKERS):
        if str(maker["metadata"].get("uid")) in snapshot.left:
            continue
        message, since, field = refusal_of(maker, snapshot)
        if not message:
            continue
        why, remedy = _refusal(message)
        yield Finding(
            "SC01",
            f"pods are refused: {why}",
            snapshot.root_name(maker),
            (Evidence(message, name_of(maker), field, since), *_quota(message, snapshot)),
            (remedy,),
            heals="yes" if "exceeded quota" in message and snapshot.going else "no",
            since=since,
            commands=(
                snapshot.command("kubectl", "describe", str(maker["kind"]).lower(), str(maker["metadata"]["name"])),
            ),
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
    return refused[0].message, refused[0].time, f"event FailedCreate, seen {refused[0].count} times"


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
    spec, state = maker.get("spec", {}), maker.get("status", {})
    if maker.get("kind") == "Job":
        return int(not (has or state.get("succeeded") or status.condition(maker, "Complete")))
    return int(state.get("desiredNumberScheduled") or spec.get("replicas", 1)) - has


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


_NODES: Final = re.compile(r"(\d+)/(\d+) nodes are available: ?(.*)", re.DOTALL)
_REASON: Final = re.compile(r"(?:^|, )(\d+) (.+?)(?=, \d+ |$)", re.DOTALL)
_SIZE: Final = re.compile(r"Insufficient (\S+)|Too many pods")


def node_reasons(message: str) -> tuple[int, dict[str, int]]:
    """The scheduler's message as (number of nodes, nodes by reason); (0, {}) for another message."""
    match = _NODES.search(message)
    if not match:
        return 0, {}
    body = re.split(r"\.\s*(?:preemption:|no new claims|$)|,? preemption:", match[3].strip())[0].rstrip(". ")
    return int(match[2]), {reason.strip(): int(count) for count, reason in _REASON.findall(body)}


@finding("SC02", "SC03")
def no_node_fits(snapshot: Snapshot) -> Iterator[Finding]:
    """The scheduler finds no node: too little room (SC02), or no node that matches (SC03)."""
    for pod in snapshot.starting_pods():
        scheduled = status.condition(pod, "PodScheduled")
        message = str(scheduled.get("message") or "")
        if scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
            continue
        if "persistentvolumeclaim" in message.lower():
            continue  # the claim is the cause and has its own finding
        total, reasons = node_reasons(message)
        short = [reason for reason in reasons if _SIZE.search(reason)]
        growing = snapshot.about(pod, "TriggeredScaleUp")
        counted = ", ".join(f"{count} of {total}: {_plain(reason)}" for reason, count in reasons.items())
        yield Finding(
            "SC02" if short else "SC03",
            f"no node fits ({counted or message})",
            snapshot.root_name(pod),
            (
                Evidence(
                    message,
                    name_of(pod),
                    "status.conditions[PodScheduled]",
                    str(scheduled.get("lastTransitionTime") or ""),
                ),
                Evidence(f"it asks for {_asks(pod)}"),
                *(_rooms(short, snapshot) if short else _labels(pod, snapshot)),
            ),
            _room(short) if short else _match(reasons),
            heals="yes" if growing or (short and snapshot.going) else "no",
            since=str(scheduled.get("lastTransitionTime") or ""),
            commands=(snapshot.command("kubectl", "describe", "pod", str(pod["metadata"]["name"])),),
            avoid=("Don't delete running pods to make room: they would need the same room again.",) if short else (),
            unseen=() if "Node" in snapshot.seen or not snapshot.seen else ("what the nodes have: list nodes",),
        )


_SHOWN_NODES: Final = 3


def _rooms(short: list[str], snapshot: Snapshot) -> list[Evidence]:
    """The allocatable amounts of the first nodes for the resources that are short."""
    wanted = [match[1] for reason in short if (match := _SIZE.search(reason)) and match[1]]
    return [
        Evidence(", ".join(f"{key} {have[key]}" for key in wanted), name_of(node), "status.allocatable")
        for node in snapshot.beside("Node")[:_SHOWN_NODES]
        if (have := (node.get("status") or {}).get("allocatable") or {}) and all(key in have for key in wanted)
    ]


def _labels(pod: Object, snapshot: Snapshot) -> list[Evidence]:
    """The nodes' values of each label in the pod's node selector; the most similar label when no node has it."""
    evidence = []
    for key, value in (pod.get("spec", {}).get("nodeSelector") or {}).items():
        nodes = [labels_of(node) for node in snapshot.beside("Node")]
        have = sorted({str(labels[key]) for labels in nodes if key in labels})
        near = difflib.get_close_matches(key, sorted({name for labels in nodes for name in labels}), 1)
        available = ", ".join(have) or (f"no node has it; the nearest label is {near[0]}" if near else "no node has it")
        if nodes:
            evidence.append(
                Evidence(f"wanted {value}, on the nodes: {available}", name_of(pod), f"spec.nodeSelector[{key}]")
            )
    return evidence


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
    return (f"Lower the request for {what}, or run fewer replicas.", "Or add a node, or a bigger one.")


def _match(reasons: dict[str, int]) -> tuple[str, ...]:
    text = " ".join(reasons)
    if "anti-affinity" in text or "topology spread" in text:
        return ("Run fewer replicas than nodes, or make the spreading preferred instead of required.",)
    if "untolerated taint" in text:
        return ("Add a toleration for the taint, or use nodes without it.",)
    return ("Correct the node selector or affinity, or label a node to match.",)
