"""Selectors of labels, of nodes and of tolerated taints, as Kubernetes matches them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Labels = Mapping[str, Any]


def labels_match(selector: Mapping[str, Any] | None, labels: Labels) -> bool:
    """Whether a label selector selects; none at all selects nothing, an empty one everything."""
    if selector is None:
        return False
    exact = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in exact.items()):
        return False
    return all(_holds(one, labels) for one in selector.get("matchExpressions") or ())


def node_matches(spec: Mapping[str, Any], node: Mapping[str, Any]) -> bool:
    """Whether a node has the labels and the name that a pod's nodeSelector and required node affinity ask for."""
    labels = node["metadata"].get("labels") or {}
    if any(labels.get(key) != value for key, value in (spec.get("nodeSelector") or {}).items()):
        return False
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution")
    return required is None or terms_match(required.get("nodeSelectorTerms") or (), node)


def terms_match(terms: Sequence[Mapping[str, Any]], node: Mapping[str, Any]) -> bool:
    """Whether one of some node selector terms matches; an empty term matches no node."""
    labels, names = node["metadata"].get("labels") or {}, {"metadata.name": node["metadata"]["name"]}
    for term in terms:
        wanted, fields = term.get("matchExpressions") or (), term.get("matchFields") or ()
        if not wanted and not fields:
            continue
        if all(_holds(one, labels) for one in wanted) and all(_holds(one, names) for one in fields):
            return True
    return False


def _holds(wanted: Mapping[str, Any], labels: Labels) -> bool:
    key, operator, given = wanted.get("key"), wanted.get("operator"), list(map(str, wanted.get("values") or ()))
    has = key in labels
    value = str(labels.get(key, "")) if key else ""
    match operator:
        case "In":
            return has and value in given
        case "NotIn":
            return not has or value not in given
        case "Exists":
            return has
        case "DoesNotExist":
            return not has
        case "Gt" | "Lt":
            if not has or len(given) != 1 or not _is_number(value) or not _is_number(given[0]):
                return False
            return int(value) > int(given[0]) if operator == "Gt" else int(value) < int(given[0])
    return False


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdigit() and text.isascii() and len(text) <= 19


def untolerated(
    taints: Sequence[Mapping[str, Any]], spec: Mapping[str, Any], effects: Sequence[str]
) -> Mapping[str, Any] | None:
    """The first taint with one of these effects that the pod does not tolerate."""
    tolerations = spec.get("tolerations") or ()
    for taint in taints:
        if taint.get("effect") in effects and not any(_tolerates(one, taint) for one in tolerations):
            return taint
    return None


def _tolerates(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if toleration.get("effect") and toleration["effect"] != taint.get("effect"):
        return False
    if toleration.get("key") and toleration["key"] != taint.get("key"):
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists":
        return True
    return bool(toleration.get("key")) and str(toleration.get("value") or "") == str(taint.get("value") or "")
