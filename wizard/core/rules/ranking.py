"""Ranks findings and folds symptoms into their causes.

Each workload keeps its earliest cause; a workload that only waits for a broken one is listed as affected and has no
finding of its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from wizard.core.kube.ingress import backends
from wizard.core.kube.objects import labels_of, name_of
from wizard.core.rules.finding import Evidence, Finding, all_findings, order, stage
from wizard.core.rules.findings.hosts import service_name
from wizard.core.rules.findings.pods import names_service
from wizard.core.rules.findings.release import FAILED_OPERATION
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.redaction import hide
from wizard.core.text.time import parse_time


def diagnose(snapshot: Snapshot) -> tuple[Finding, ...]:
    """The causes, worst first; a finding that is only a symptom of another one is listed in its `explains`."""
    merged = _merge(_hidden(finding) for body in all_findings() for finding in body(snapshot))
    return tuple(sorted(_overtaken(_fold(merged, snapshot)), key=order))


_LATER: Final = timedelta(hours=1)
"""What begins so long after a failed operation of helm has another cause."""


def _overtaken(causes: list[Finding]) -> list[Finding]:
    """A failed operation of helm is only a note beside a cause that began long after it: the present comes first."""
    present = [when for cause in causes if cause.urgent and not _of_helm(cause) and (when := parse_time(cause.since))]
    if not present:
        return causes
    first = min(present)
    return [
        replace(cause, urgent=False)
        if _of_helm(cause) and (when := parse_time(cause.since)) and first - when > _LATER
        else cause
        for cause in causes
    ]


def _of_helm(cause: Finding) -> bool:
    return cause.id in FAILED_OPERATION


def _hidden(finding: Finding) -> Finding:
    """The finding with likely secrets masked: logs and helm's messages are untrusted text."""
    proof = tuple(replace(part, text=hide(part.text)) for part in finding.evidence)
    return replace(finding, title=hide(finding.title), evidence=proof)


def _merge(findings: Iterator[Finding]) -> list[Finding]:
    """One finding per cause and workload, with the evidence of its pods merged."""
    by_key: dict[tuple[str, str], Finding] = {}
    more: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        key = (finding.id, finding.object)
        if key in by_key:
            more[key].append(finding)
        by_key.setdefault(key, finding)
    return [
        replace(finding, evidence=(*finding.evidence, *_others(finding, more[key]))) for key, finding in by_key.items()
    ]


def _others(finding: Finding, more: list[Finding]) -> Iterator[Evidence]:
    if same := sum(duplicate.title == finding.title for duplicate in more):
        yield Evidence(f"the same in {same} more")
    titles = dict.fromkeys(duplicate.title for duplicate in more if duplicate.title != finding.title)
    yield from (Evidence(f"also: {title}") for title in titles)


def _fold(findings: list[Finding], snapshot: Snapshot) -> list[Finding]:
    """Fold symptoms into their cause, and a cause of several workloads into one finding on the first of them."""
    causes: list[Finding] = []
    explained: dict[int, dict[str, None]] = defaultdict(dict)
    order = {finding.object: _depth(finding, findings, snapshot) for finding in findings if finding.waits}
    for finding in sorted(
        findings,
        key=lambda finding: (
            finding.waits,
            order.get(finding.object, 0),
            stage(finding),
            finding.since,
            finding.object,
        ),
    ):
        cause = next((cause for cause in causes if _explains(cause, finding, snapshot)), None)
        if cause is None:
            causes.append(finding)
        elif finding.object != cause.object:
            explained[id(cause)][finding.object] = None
        elif cause.id != finding.id:
            explained[id(cause)][finding.title] = None
    return [replace(cause, explains=(*cause.explains, *explained[id(cause)])) for cause in causes]


_DNS: Final = "CL02"


def _depth(finding: Finding, findings: list[Finding], snapshot: Snapshot) -> int:
    """How many of the broken objects the finding's object depends on; causes with fewer come first."""
    broken = {other.object for other in findings if other.urgent and other.object != finding.object}
    return sum(_needs(finding.object, name, snapshot) for name in broken)


def _explains(cause: Finding, symptom: Finding, snapshot: Snapshot) -> bool:
    if (cause.id, cause.title) == (symptom.id, symptom.title):
        return True
    if not cause.urgent:
        return False
    if symptom.object in cause.hides:
        return True
    if cause.object == symptom.object:
        return stage(cause) < stage(symptom) or (symptom.waits and not cause.waits)
    if not symptom.waits:
        return False
    if symptom.calls:  # without DNS nobody is reached by name
        return serves(cause.object, symptom.calls, snapshot) or (cause.id == _DNS and symptom.object in cause.affects)
    return symptom.object in cause.affects or _needs(symptom.object, cause.object, snapshot)


def serves(broken: str, host: str, snapshot: Snapshot) -> bool:
    """Whether the host is a Service here that selects the pods of the broken workload, or that Service itself."""
    service = snapshot.named("Service", service_name(host, snapshot))
    if service is None:
        return False
    selector = (service.get("spec") or {}).get("selector") or {}
    return broken == name_of(service) or _matches(selector, _pod_labels(broken, snapshot))


_STORE: Final = "StatefulSet/"


def _needs(waiting: str, broken: str, snapshot: Snapshot) -> bool:
    """Whether the waiting object depends on the broken one: by a Service, a reference, or because it is a store."""
    kind, _, name = waiting.partition("/")
    if kind == "Release":
        return waiting != broken
    obj = snapshot.named(kind, name)
    spec = (obj or {}).get("spec") or {}
    if kind == "HorizontalPodAutoscaler":
        target = spec.get("scaleTargetRef") or {}
        return f"{target.get('kind')}/{target.get('name')}" == broken
    if kind in ("Ingress", "HTTPRoute"):
        behind = backends(obj) if obj else [str(service["metadata"]["name"]) for service in snapshot.of_kind("Service")]
        return any(serves(broken, service, snapshot) for service in behind)
    selector = spec.get("selector") or {}
    if kind in ("Service", "PodDisruptionBudget"):
        return _matches(selector.get("matchLabels", selector), _pod_labels(broken, snapshot))
    if broken.startswith(_STORE) and not waiting.startswith(_STORE):
        return True
    return _names_a_service(waiting, _services(broken, snapshot), snapshot)


def _pod_labels(root: str, snapshot: Snapshot) -> list[Mapping[str, Any]]:
    """The labels of a workload's pods and of its pod template."""
    kind, _, name = root.partition("/")
    labels = [labels_of(pod) for pod in snapshot.of_kind("Pod") if snapshot.root_name(pod) == root]
    template = ((snapshot.named(kind, name) or {}).get("spec") or {}).get("template") or {}
    return [*labels, (template.get("metadata") or {}).get("labels") or {}]


def _matches(selector: Mapping[str, Any], labels: list[Mapping[str, Any]]) -> bool:
    return bool(selector) and any(selector.items() <= have.items() for have in labels)


def _services(root: str, snapshot: Snapshot) -> list[str]:
    labels = _pod_labels(root, snapshot)
    return [
        str(service["metadata"]["name"])
        for service in snapshot.of_kind("Service")
        if _matches((service.get("spec") or {}).get("selector") or {}, labels)
    ]


def _names_a_service(waiting: str, services: list[str], snapshot: Snapshot) -> bool:
    pods = [pod for pod in snapshot.of_kind("Pod") if snapshot.root_name(pod) == waiting]
    return any(names_service(pod, service) for service in services for pod in pods)
