"""Q09: connections of the release that a NetworkPolicy cuts: DNS, Services of its own, its Ingress, Prometheus."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wizard.core.kube.ingress import routes
from wizard.core.kube.network_policy import End, cutting
from wizard.core.kube.objects import Object, labels_of
from wizard.core.limits import map_of, maps_of
from wizard.core.rules import manifests, named
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import Neighbours, Rendered
from wizard.core.rules.manifests import Template
from wizard.core.scheduling.selectors import labels_match
from wizard.core.target import Target

_NO_NAME: Final = re.compile(r"[\d.]+|localhost")
_DNS: Final = End(
    "kube-system",
    {"k8s-app": "kube-dns"},
    {
        "containers": [
            {
                "ports": [
                    {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                    {"name": "dns-tcp", "containerPort": 53},
                ]
            }
        ]
    },
)
"""The cluster's DNS as it is set up nearly everywhere, where its pods cannot be seen."""


@check("Q09", "network policies", needs=("rendered", "neighbours", "target"), decides=False)
def policies(facts: Facts) -> Outcome:
    """No NetworkPolicy, rendered or there, cuts DNS, Services of the release, its Ingresses or its metrics from those who need them."""
    rendered: Rendered = facts["rendered"]
    around: Neighbours = facts["neighbours"]
    target: Target = facts["target"]
    every = (*around.policies, *(one for one in rendered.of("NetworkPolicy") if _is_here(one, target)))
    ends = {
        one.owner: (one, _end(target.namespace, one.labels, one.spec, around))
        for one in manifests.templates(rendered.objects)
    }
    lines: dict[str, None] = {}
    for found in (
        _dns(ends, every, rendered, around),
        _own(ends, every, rendered, target),
        _from_outside(ends, every, rendered, around),
    ):
        lines |= dict.fromkeys(found)
    if lines:
        step = "Add what is missing to the policy that is named; labels of namespaces: kubectl get namespaces --show-labels"
        return Outcome("warn", capped(lines), step)
    return Outcome("pass", (f"{len(every)} network policies cut no connection that is known to be needed",))


Ends = Mapping[str, tuple[Template, End]]


def _is_here(policy: Object, target: Target) -> bool:
    return policy["metadata"].get("namespace") in (None, "", target.namespace)


def _end(namespace: str, labels: Mapping[str, Any], spec: Mapping[str, Any], around: Neighbours) -> End:
    known = around.namespaces.get(namespace, {}) if around.namespaces is not None else None
    return End(namespace, labels, spec, known)


def _of_pod(pod: Object, around: Neighbours) -> End:
    return _end(str(pod["metadata"].get("namespace") or ""), labels_of(pod), map_of(pod, "spec"), around)


def _dns(ends: Ends, every: Sequence[Object], rendered: Rendered, around: Neighbours) -> Iterator[str]:
    """Pods that cannot ask any of the cluster's resolvers by UDP, or by TCP, which large answers need."""
    callers = {one.owner for one in named.hosts(rendered.objects) if not _NO_NAME.fullmatch(one.host)}
    resolvers = [_of_pod(pod, around) for pod in around.resolvers]
    if not resolvers:
        known = around.namespaces.get(_DNS.namespace) if around.namespaces is not None else None
        resolvers = [End(_DNS.namespace, _DNS.labels, _DNS.spec, known)]
    for owner, (template, end) in ends.items():
        if template.spec.get("hostNetwork"):
            continue
        for protocol, name in (("UDP", "dns"), ("TCP", "dns-tcp")):
            cut = [cutting(every, "Egress", end, one, one.port(name, protocol) or 53, protocol) for one in resolvers]
            if all(cut) and (owner in callers or _may_call(cut[0], every)):
                yield f"{owner}: NetworkPolicy {', '.join(cut[0])} cuts it from DNS (port 53 {protocol}): it could resolve no name"
                break


def _may_call(cut: Sequence[str], every: Sequence[Object]) -> bool:
    """Whether the policies of a pod that names no host let it call others; one that is to call nobody, such as a database, needs no DNS."""
    return any(map_of(one, "spec").get("egress") for one in every if one["metadata"].get("name") in cut)


def _own(ends: Ends, every: Sequence[Object], rendered: Rendered, target: Target) -> Iterator[str]:
    """Services of the release that a variable names and that the pod cannot reach."""
    services = {str(one["metadata"].get("name")): one for one in rendered.of("Service")}
    for one in named.services(rendered.objects, target.namespace):
        service = services.get(one.service) if one.space == target.namespace else None
        _, end = ends[one.owner]
        for other, number in _behind(service, one.port, ends) if service else ():
            cut = cutting(every, "Egress", end, other[1], number) or cutting(every, "Ingress", other[1], end, number)
            if cut and other[0].owner != one.owner:
                yield f"{one.owner} calls {one.host} ({one.variable}), and NetworkPolicy {', '.join(cut)} cuts it from port {number} of {other[0].owner}"


def _behind(service: Object, port: Any, ends: Ends) -> Iterator[tuple[tuple[Template, End], int]]:
    """The workloads behind a Service, each with the number of its port behind that port of the Service."""
    spec = map_of(service, "spec")
    selector = map_of(spec, "selector")
    for one in maps_of(spec, "ports"):
        if (one.get("protocol") or "TCP") != "TCP" or port not in (one.get("port"), one.get("name"), 0, None):
            continue
        for template, end in ends.values():
            if selector and template.stays and labels_match({"matchLabels": selector}, template.labels):
                number = end.port(one.get("targetPort") or one.get("port"), "TCP")
                if number:
                    yield (template, end), number


def _from_outside(ends: Ends, every: Sequence[Object], rendered: Rendered, around: Neighbours) -> Iterator[str]:
    """Backends that no pod of an ingress controller reaches, and metrics that no Prometheus does."""
    services = {str(one["metadata"].get("name")): one for one in rendered.of("Service")}
    callers = [_of_pod(pod, around) for pod in around.controllers if not map_of(pod, "spec").get("hostNetwork")]
    if callers and len(callers) == len(around.controllers):
        for ingress in rendered.of("Ingress"):
            for route in routes(ingress):
                port = route.port.get("number") or route.port.get("name")
                for other, number in _behind(services[route.service], port, ends) if route.service in services else ():
                    cut = [cutting(every, "Ingress", other[1], one, number) for one in callers]
                    if all(cut):
                        space = callers[0].namespace
                        yield f"{other[0].owner}: NetworkPolicy {', '.join(cut[0])} cuts port {number} from the ingress controller in {space}: {manifests.label(ingress)} would time out"
    scrapers = [_of_pod(pod, around) for pod in around.scrapers]
    for monitor in rendered.of("ServiceMonitor") if scrapers else ():
        spec = map_of(monitor, "spec")
        for service in services.values():
            for endpoint in maps_of(spec, "endpoints"):
                if not labels_match(map_of(spec, "selector"), labels_of(service)) or not endpoint.get("port"):
                    continue
                for other, number in _behind(service, endpoint["port"], ends):
                    cut = [cutting(every, "Ingress", other[1], one, number) for one in scrapers]
                    if all(cut):
                        yield f"{other[0].owner}: NetworkPolicy {', '.join(cut[0])} cuts port {number} from Prometheus in {scrapers[0].namespace}: no metrics of {manifests.label(monitor)}"
