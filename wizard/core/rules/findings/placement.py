"""Readers of what decides on which nodes a pod can run: selectors, affinity, taints, cordons and volumes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.kube.objects import Object, labels_of
from wizard.core.rules.snapshot import Snapshot

_CLUSTER_TAINT: Final = re.compile(
    r"^node\.(?:cloudprovider\.)?kubernetes\.io/|^node-role\.kubernetes\.io/|^karpenter\.sh/|ClusterAutoscaler|not-ready$"
)
"""Taints that the control plane, an autoscaler or a node's own agents set and remove; nobody should tolerate them."""
_CORDON: Final = "node.kubernetes.io/unschedulable"
_UNTOLERATED: Final = re.compile(r"untolerated taint \{([^:}\s]+):")


@dataclass(frozen=True)
class Place:
    """A node as a place for one pod: what of the node's object keeps the pod away."""

    name: str
    matches: bool
    """The pod's node selector and required node affinity select it."""
    reached: bool
    """The pod's volumes can be used on it."""
    cordoned: bool
    taints: tuple[tuple[str, str], ...]
    """(key, whole text) of its taints that the pod does not tolerate, the cordon's own left out."""

    @property
    def unwell(self) -> tuple[str, ...]:
        """Keys of the taints that only the cluster may set."""
        return tuple(key for key, _ in self.taints if is_cluster_taint(key))

    @property
    def why(self) -> str:
        """What keeps the pod away, in words; "" for nothing that the node's object shows."""
        parts = [] if self.matches else ["not selected"]
        parts += [] if self.reached else ["its volume cannot be used there"]
        parts += ["cordoned"] if self.cordoned else []
        return ", ".join([*parts, *(f"taint {text}" for _, text in self.taints)])


def is_cluster_taint(key: str) -> bool:
    """Whether the cluster itself sets and removes the taint."""
    return _CLUSTER_TAINT.search(key) is not None


def named_taints(message: str) -> list[str]:
    """Keys of the taints that a scheduler's message names; since 1.34 it names none."""
    return _UNTOLERATED.findall(message)


def places(pod: Object, snapshot: Snapshot) -> list[Place]:
    """Every node that can be seen, as a place for this pod."""
    volumes = [volume for _, volume in claims_of(pod, snapshot) if volume]
    return [
        Place(
            name=str(node["metadata"]["name"]),
            matches=_selected(pod, node),
            reached=all(_in_terms(volume_terms(volume), node) for volume in volumes if volume_terms(volume)),
            cordoned=bool((node.get("spec") or {}).get("unschedulable")),
            taints=tuple(_untolerated(pod, node)),
        )
        for node in snapshot.beside("Node")
    ]


def claims_of(pod: Object, snapshot: Snapshot) -> Iterator[tuple[Object, Object | None]]:
    """The claims of a pod that can be seen, each with its volume if that can be seen."""
    for name in claim_names(pod):
        if claim := snapshot.named("PersistentVolumeClaim", name):
            volume = str((claim.get("spec") or {}).get("volumeName") or "")
            yield claim, snapshot.named("PersistentVolume", volume) if volume else None


def claim_names(pod: Object) -> list[str]:
    """The claims that a pod names."""
    volumes = (pod.get("spec") or {}).get("volumes") or ()
    return [str(claim["claimName"]) for volume in volumes if (claim := volume.get("persistentVolumeClaim"))]


def volume_terms(volume: Object) -> list[Mapping[str, Any]]:
    """The terms of a volume's node affinity, one of which a node has to meet."""
    required = ((volume.get("spec") or {}).get("nodeAffinity") or {}).get("required") or {}
    return list(required.get("nodeSelectorTerms") or ())


def term_words(terms: list[Mapping[str, Any]]) -> str:
    """Node selector terms in words: "topology.kubernetes.io/zone In eu-1a"."""
    return " or ".join(
        " and ".join(
            f"{rule.get('key')} {rule.get('operator')} {', '.join(map(str, rule.get('values') or ()))}".rstrip()
            for rule in (*(term.get("matchExpressions") or ()), *(term.get("matchFields") or ()))
        )
        for term in terms
    )


def selection(pod: Object) -> str:
    """A pod's node selector and required node affinity in words; "" when it has none."""
    selector = (pod.get("spec") or {}).get("nodeSelector") or {}
    parts = [f"{key}={value}" for key, value in selector.items()]
    return ", ".join(filter(None, (*parts, term_words(_affinity(pod)))))


def _affinity(pod: Object) -> list[Mapping[str, Any]]:
    affinity = ((pod.get("spec") or {}).get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    return list(required.get("nodeSelectorTerms") or ())


def _selected(pod: Object, node: Object) -> bool:
    selector = (pod.get("spec") or {}).get("nodeSelector") or {}
    terms = _affinity(pod)
    return bool(selector.items() <= labels_of(node).items()) and (not terms or _in_terms(terms, node))


def _in_terms(terms: list[Mapping[str, Any]], node: Object) -> bool:
    fields = {"metadata.name": node["metadata"]["name"]}
    return any(
        (term.get("matchExpressions") or term.get("matchFields"))
        and all(_meets(rule, labels_of(node)) for rule in term.get("matchExpressions") or ())
        and all(_meets(rule, fields) for rule in term.get("matchFields") or ())
        for term in terms
    )


def _meets(rule: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    key, wanted = str(rule.get("key")), [str(value) for value in rule.get("values") or ()]
    has = str(values[key]) if key in values else None
    match rule.get("operator"):
        case "In":
            return has in wanted
        case "NotIn":
            return has not in wanted
        case "Exists":
            return has is not None
        case "DoesNotExist":
            return has is None
        case "Gt" | "Lt" as operator if has and wanted and has.isdecimal() and wanted[0].isdecimal():
            return int(has) > int(wanted[0]) if operator == "Gt" else int(has) < int(wanted[0])
    return False


def _untolerated(pod: Object, node: Object) -> Iterator[tuple[str, str]]:
    tolerations = (pod.get("spec") or {}).get("tolerations") or ()
    for taint in (node.get("spec") or {}).get("taints") or ():
        key, value, effect = (str(taint.get(name) or "") for name in ("key", "value", "effect"))
        tolerated = any(_tolerates(entry, key, value, effect) for entry in tolerations)
        if effect in ("NoSchedule", "NoExecute") and key != _CORDON and not tolerated:
            yield key, f"{key}={value}:{effect}" if value else f"{key}:{effect}"


def _tolerates(toleration: Mapping[str, Any], key: str, value: str, effect: str) -> bool:
    if toleration.get("effect") not in (None, "", effect) or toleration.get("key") not in (None, "", key):
        return False
    # An operator other than Equal (Exists, or one that is newer than this table) is no proof that it keeps away.
    return toleration.get("operator") not in (None, "", "Equal") or str(toleration.get("value") or "") == value
