"""Pods that are not scheduled."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, labels_of, name_of
from wizard.core.rules.finding import Evidence, Finding, Heals, finding
from wizard.core.rules.findings import evictions, placement
from wizard.core.rules.findings.placement import Place
from wizard.core.rules.findings.pods import asked, describe_command
from wizard.core.rules.snapshot import Snapshot

_NODES: Final = re.compile(r"(\d+)/(\d+) nodes are available: ?(.*)", re.DOTALL)
_REASON: Final = re.compile(r"(?:^|, )(\d+) (.+?)(?=, \d+ |$)", re.DOTALL)

# Words: pkg/scheduler/framework/plugins/{noderesources,nodevolumelimits,volumebinding,volumezone,nodeports,interpodaffinity,podtopologyspread};
# since 1.34 a taint is not named, and a volume's conflict reads "didn't match PersistentVolume's node affinity".
_SIZE: Final = re.compile(r"Insufficient (\S+)|Too many pods|exceed max volume count")
_VOLUMES: Final = "exceed max volume count"
_ZONE: Final = re.compile(r"volume node affinity conflict|PersistentVolume's node affinity|no available volume zone")
_NO_VOLUME: Final = re.compile(r"didn't find available persistent volumes|enough free storage")
_PORTS: Final = re.compile(r"free ports")
_SPREAD: Final = re.compile(r"anti-affinity|topology spread|pod affinity rules")
_SELECTOR: Final = re.compile(r"node affinity/selector|requested node name")
_TAINTED: Final = re.compile(r"untolerated taint")
_CORDONED: Final = re.compile(r"were unschedulable")


def node_reasons(message: str) -> tuple[int, dict[str, int]]:
    """The scheduler's message as (number of nodes, nodes by reason); (0, {}) for another message."""
    match = _NODES.search(message)
    if not match:
        return 0, {}
    body = re.split(r"\.\s*(?:preemption:|no new claims|$)|,? preemption:", match[3].strip())[0].rstrip(". ")
    return int(match[2]), {reason.strip(): int(count) for count, reason in _REASON.findall(body)}


@dataclass(frozen=True)
class _Answer:
    """What keeps a pod from its nodes, and what to do."""

    id: str
    title: str
    remedy: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
    avoid: tuple[str, ...] = ()
    heals: Heals = "no"


@finding("SC02", "SC03", "SC04", "SC05", "SC06")
def no_node_fits(snapshot: Snapshot) -> Iterator[Finding]:
    """The scheduler finds no node.

    Too little room (SC02); no node that matches, or only tainted and cordoned ones (SC03); spreading leaves none (SC04);
    none where its volume can be used (SC05); its host port is taken everywhere (SC06).
    """
    for pod in snapshot.starting_pods():
        scheduled = status.condition(pod, "PodScheduled")
        message = str(scheduled.get("message") or "")
        if scheduled.get("status") != "False" or scheduled.get("reason") != "Unschedulable":
            continue
        if "persistentvolumeclaim" in message.lower():
            continue  # the claim is the cause and has its own finding
        answer = _answer(pod, message, snapshot)
        if answer.id == "SC02" and evictions.preemption(snapshot.root_name(pod), snapshot):
            continue  # its place was taken: SC07
        since = str(scheduled.get("lastTransitionTime") or "")
        scaling = snapshot.about(pod, "TriggeredScaleUp", "NotTriggerScaleUp", "Nominated")[:1]
        growing = any(event.reason != "NotTriggerScaleUp" for event in scaling)
        room = answer.id == "SC02"
        if growing and _all_serve(pod, snapshot) and not snapshot.older(since, _SCALE_PATIENCE):
            continue
        yield Finding(
            answer.id,
            answer.title,
            snapshot.root_name(pod),
            (
                Evidence(message, name_of(pod), "status.conditions[PodScheduled]", since),
                Evidence(f"it asks for {_asks(pod)}"),
                *answer.evidence,
                *(Evidence(event.message, name_of(pod), f"event {event.reason}", event.time) for event in scaling),
            ),
            answer.remedy,
            heals="yes" if growing or (room and snapshot.going) else answer.heals,
            since=since,
            commands=(describe_command(pod, snapshot),),
            avoid=answer.avoid,
            question=asked(snapshot.root(pod), "cpu" if "Insufficient cpu" in message else "memory") if room else "",
            unseen=()
            if "Node" in snapshot.seen or not snapshot.seen
            else ("labels, taints, cordons and room of the nodes: list nodes",),
        )


_SCALE_PATIENCE: Final = 300
"""Seconds in which a new node of an autoscaler is usually there."""
_SHOWN_NODES: Final = 3


def _all_serve(pod: Object, snapshot: Snapshot) -> bool:
    """Whether the pod is one more than its Deployment needs: that has all its replicas ready."""
    root = snapshot.root(pod)
    wanted, have = (root.get("spec") or {}).get("replicas"), (root.get("status") or {}).get("readyReplicas")
    return root.get("kind") == "Deployment" and isinstance(wanted, int) and isinstance(have, int) and have >= wanted > 0


def _answer(pod: Object, message: str, snapshot: Snapshot) -> _Answer:
    total, reasons = node_reasons(message)
    counted = ", ".join(f"{count} of {total}: {_plain(reason)}" for reason, count in reasons.items())
    title, text = f"no node fits ({counted or message})", message if not reasons else "; ".join(reasons)
    short = [reason for reason in reasons if _SIZE.search(reason)]
    every = placement.places(pod, snapshot)
    if every and not any(place.matches for place in every):
        return _selects_none(pod, snapshot)
    if _ZONE.search(text):
        return _volume_elsewhere(pod, title, every, short, snapshot)
    if _NO_VOLUME.search(text):
        return _Answer(
            "SC05", title, ("A volume for its claim has to be made where a node fits: ask whoever runs storage.",)
        )
    usable = [place for place in every if place.matches and place.reached]
    if short:
        remedy = (f"Lower the request for {_short_of(short)}, or run fewer replicas.", *_room(usable))
        if all(_VOLUMES in reason for reason in short):
            remedy = ("A node takes only so many volumes: move pods that have some to others.", *_room(usable))
        avoid = "Don't delete running pods to make room: they would need the same room again."
        return _Answer(
            "SC02", title, remedy, (*_rooms(short, snapshot), *_shown(usable)), (avoid, *_never(usable, text))
        )
    if _PORTS.search(text):
        return _port_taken(pod, title, snapshot)
    if _SPREAD.search(text):
        remedy = (
            "Run fewer replicas than nodes, or make the spreading preferred instead of required.",
            *_unblock(usable),
        )
        return _Answer("SC04", title, remedy, _shown(usable), _never(usable, text))
    proof = (*_labels(pod, snapshot), *_shown(usable))
    if usable:
        heals: Heals = "unknown" if all(place.unwell for place in usable) else _heals(text)
        return _Answer("SC03", title, _unblock(usable) or _by_words(text), proof, _never(usable, text), heals)
    return _Answer("SC03", title, _by_words(text), proof, _never(usable, text), _heals(text))


def _heals(text: str) -> Heals:
    """By the scheduler's words: what the cluster itself set, it may remove."""
    taints = placement.named_taints(text)
    return "unknown" if taints and all(map(placement.is_cluster_taint, taints)) else "no"


def _selects_none(pod: Object, snapshot: Snapshot) -> _Answer:
    """No node is selected: what else keeps it from them does not count."""
    return _Answer(
        "SC03",
        f"no node matches its node selector or affinity: {placement.selection(pod)}",
        ("Correct the node selector or affinity: no node that is there has these labels.",),
        tuple(_labels(pod, snapshot)),
        ("Don't add tolerations: with this selector they change nothing.",),
    )


def _volume_elsewhere(pod: Object, title: str, every: Sequence[Place], short: list[str], snapshot: Snapshot) -> _Answer:
    """The nodes where the pod's volume can be used do not take it, or are gone."""
    bound = [(claim, volume) for claim, volume in placement.claims_of(pod, snapshot) if volume]
    pinned = [(claim, volume) for claim, volume in bound if placement.volume_terms(volume)]
    proof = [
        Evidence(
            f"{placement.term_words(placement.volume_terms(volume))} (claim {claim['metadata']['name']})",
            name_of(volume),
            "spec.nodeAffinity",
        )
        for claim, volume in pinned
    ]
    reached = [place for place in every if place.reached] if pinned else []
    there = [place for place in reached if place.matches]
    open_there = [place for place in there if not place.cordoned and not place.taints]
    remedy = list(_unblock(there))
    if open_there and short:
        remedy.append(f"{_names(open_there)} has too little {_short_of(short)}: lower the request or make room there.")
    where = placement.term_words(placement.volume_terms(pinned[0][1])) if pinned else "its volume's zone or host"
    if reached and not there:
        remedy.append(
            f"Correct the node selector or affinity: it leaves out {_names(reached)}, where its volume can be used."
        )
    elif every and pinned and not there:
        remedy.append(f"No node is there ({where}): bring it back, or add a node there.")
    elif not remedy:
        remedy.append("Its volume can be used in its own zone or on its own host only: a node there has to be back, "
                      "uncordoned and with room. Ask whoever runs the nodes.")  # fmt: skip
    else:
        remedy.append(f"Or add a node there ({where}).")
    return _Answer(
        "SC05",
        title,
        tuple(remedy),
        (*proof, *_shown(there)),
        (
            "Don't change zone or host labels of other nodes, and don't delete the claim or the volume: the data is there only.",
            *_never(there, title),
        ),
    )


def _port_taken(pod: Object, title: str, snapshot: Snapshot) -> _Answer:
    wanted = _host_ports(pod)
    uid = pod["metadata"].get("uid")
    ports = ", ".join(map(str, sorted(wanted)))
    proof = [Evidence(ports, name_of(pod), "containers[*].ports[*].hostPort")] if ports else []
    for other in snapshot.of_kind("Pod"):
        taken = _host_ports(other) & wanted
        node = (other.get("spec") or {}).get("nodeName")
        if taken and node and other["metadata"].get("uid") != uid:
            proof.append(Evidence(f"has port {', '.join(map(str, sorted(taken)))} of {node}", name_of(other)))
    remedy = (
        "Remove the host port, or give it one that is free: a node has each port once.",
        "If an old pod of the same Deployment has it, set maxSurge to 0 so that the old one ends first.",
    )
    return _Answer("SC06", title, remedy, tuple(proof[: _SHOWN_NODES + 1]))


def _host_ports(pod: Object) -> set[int]:
    containers = status.container_specs(pod).values()
    return {int(port["hostPort"]) for one in containers for port in one.get("ports") or () if port.get("hostPort")}


def _unblock(usable: Sequence[Place]) -> tuple[str, ...]:
    """What has to happen to the nodes that would be right, as their objects show it."""
    cordoned = [place for place in usable if place.cordoned]
    unwell = [place for place in usable if place.unwell]
    tainted = [place for place in usable if place.taints and not place.unwell and not place.cordoned]
    texts = []
    if cordoned:
        texts.append(f"Have {_names(cordoned)} uncordoned when the maintenance is over: ask who cordoned it.")
    if unwell:
        keys = ", ".join(dict.fromkeys(key for place in unwell for key in place.unwell))
        texts.append(f"First {_names(unwell)} has to get well ({keys}): ask whoever runs the nodes.")
    if tainted:
        taints = ", ".join(dict.fromkeys(text for place in tainted for _, text in place.taints))
        texts.append(f"If {_names(tainted)} is meant for it, add a toleration for {taints}; else use nodes without it.")
    return tuple(texts)


def _by_words(text: str) -> tuple[str, ...]:
    """The remedy when no node's object shows the cause: only what the scheduler's words prove."""
    taints = placement.named_taints(text)
    texts = []
    if _SELECTOR.search(text):
        texts.append("Correct the node selector or affinity, if no node is meant to have these labels.")
    if _CORDONED.search(text):
        texts.append("Have the cordoned nodes uncordoned when their maintenance is over.")
    if unwell := [key for key in taints if placement.is_cluster_taint(key)]:
        texts.append(f"The nodes with {', '.join(unwell)} have to get well first: ask whoever runs them.")
    own = [key for key in taints if not placement.is_cluster_taint(key)]
    if own and not texts:
        texts.append(f"If these nodes are meant for it, add a toleration for taint {', '.join(own)}; else use others.")
    elif _TAINTED.search(text) and not unwell:
        texts.append("Ask whoever runs the nodes which taints they have and why, before anything is tolerated.")
    return tuple(texts) or ("Ask whoever runs the nodes: the scheduler's words say what keeps it away.",)


def _never(usable: Sequence[Place], text: str) -> tuple[str, ...]:
    """The tolerations that would put the pod on a node that is unwell."""
    keys = [key for place in usable for key in place.unwell]
    keys += [key for key in placement.named_taints(text) if placement.is_cluster_taint(key)]
    return (f"Don't tolerate {', '.join(dict.fromkeys(keys))}: the cluster sets it to keep pods away.",) if keys else ()


def _names(some: Sequence[Place]) -> str:
    shown = ", ".join(place.name for place in some[:_SHOWN_NODES])
    more = f" or {len(some) - _SHOWN_NODES} more" if len(some) > _SHOWN_NODES else ""
    return f"{'node' if len(some) == 1 else 'one of the nodes'} {shown}{more}"


def _shown(some: Sequence[Place]) -> tuple[Evidence, ...]:
    return tuple(Evidence(place.why, f"Node/{place.name}", "spec") for place in some if place.why)[:_SHOWN_NODES]


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
        crowded = "too many volumes already" if _VOLUMES in reason else "too many pods already"
        return f"too little {size[1]} free" if size[1] else crowded
    return re.sub(r"^node\(s\) ", "", reason)


def _asks(pod: Object) -> str:
    asked = []
    for name, container in status.container_specs(pod).items():
        requests = (container.get("resources") or {}).get("requests") or {}
        if requests:
            asked.append(f"{name}: " + ", ".join(f"{key} {value}" for key, value in requests.items()))
    return "; ".join(asked) or "nothing in particular"


def _short_of(short: list[str]) -> str:
    return " and ".join(match[1] for reason in short if (match := _SIZE.search(reason)) and match[1]) or "pods"


def _room(usable: Sequence[Place]) -> tuple[str, ...]:
    return (*_unblock([place for place in usable if place.cordoned or place.unwell]), "Or add a node, or a bigger one.")


_UNSCHEDULED_PATIENCE: Final = 120
"""Seconds in which even a busy or restarting scheduler looks at a pod."""
_GATE_PATIENCE: Final = 300
_DEFAULT: Final = "default-scheduler"


@finding("SC09")
def not_looked_at(snapshot: Snapshot) -> Iterator[Finding]:
    """A pod that no scheduler has looked at, or that scheduling gates hold."""
    for pod in snapshot.starting_pods():
        spec, scheduled = pod.get("spec") or {}, status.condition(pod, "PodScheduled")
        if spec.get("nodeName") or any(container.get("containerID") for container in status.container_statuses(pod)):
            continue
        describe = describe_command(pod, snapshot)
        since = str(scheduled.get("lastTransitionTime") or status.created(pod))
        root = snapshot.root_name(pod)
        gates = ", ".join(str(gate.get("name")) for gate in spec.get("schedulingGates") or ())
        if gates and snapshot.older(since, _GATE_PATIENCE):
            yield Finding(
                "SC09", f"scheduling gates hold it: {gates}", root,
                (Evidence(gates, name_of(pod), "spec.schedulingGates", since),),
                ("Whatever set the gate opens it (a queue for quota, for example): ask who runs that.",),
                since=since, commands=(describe,),
                avoid=("Don't remove a gate by hand: its owner counts on it.",),
            )  # fmt: skip
        elif not gates and not scheduled and not snapshot.about(pod, "FailedScheduling", "Scheduled"):
            if not snapshot.older(status.created(pod), _UNSCHEDULED_PATIENCE):
                continue
            name = str(spec.get("schedulerName") or _DEFAULT)
            own = name != _DEFAULT
            yield Finding(
                "SC09", f"no scheduler has looked at it: {name} is named, and has said nothing", root,
                (Evidence("Pending, without a PodScheduled condition", name_of(pod), "status", since),
                 Evidence(name, name_of(pod), "spec.schedulerName")),
                (f"Correct schedulerName, or have {name} started." if own else
                 "Ask whoever runs the control plane: its kube-scheduler does not work.",),
                since=since, commands=(describe,),
                avoid=("Don't recreate the pods: new ones would wait as well.",),
            )  # fmt: skip
