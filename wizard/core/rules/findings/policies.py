"""TR14: connections that a NetworkPolicy cuts, told only where something of the release waits for them in vain."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.network_policy import End, cutting
from wizard.core.kube.objects import Object, labels_of, name_of
from wizard.core.limits import map_of, maps_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings import hosts, logs
from wizard.core.rules.findings.pods import in_field, log_command
from wizard.core.rules.findings.readiness import probe_failures
from wizard.core.rules.snapshot import Snapshot

_TIMED_OUT: Final = re.compile(r"deadline exceeded|timed? ?out|Client\.Timeout", re.IGNORECASE)
"""Words of a probe whose answer did not come: what it asks may wait for a connection itself."""
_UNREACHED: Final = ("LG04", "LG21")
_DNS_NAMESPACE: Final = "kube-system"
_DNS_LABELS: Final = {"k8s-app": "kube-dns"}
_DNS_PORT: Final = 53
_MOST_HOSTS: Final = 10
"""Hosts of a container's variables that are tried where its output names none."""


@dataclass(frozen=True)
class Wait:
    """A container (its status) of a pod that waits for an answer, and the proof; `cause` is None when only a probe tells."""

    pod: Object
    container: Mapping[str, Any]
    proof: Evidence
    cause: logs.Cause | None

    @property
    def for_dns(self) -> bool:
        """Whether it waits for the answer to a name, which a resolver that says no has given."""
        return self.cause is not None and self.cause.message.id == "LG03"


def waits(snapshot: Snapshot) -> Iterator[Wait]:
    """Containers that are not ready and say that something does not answer them, or whose probes get no answer in time."""
    for pod in snapshot.starting_pods():
        for container in status.container_statuses(pod):
            if container.get("ready"):
                continue
            stated = logs.cause(pod, container, snapshot)
            if stated is None and not logs.own_cause(pod, container, snapshot):
                for event in probe_failures(pod, container, snapshot)[:1]:
                    if _TIMED_OUT.search(event.message):
                        proof = Evidence(event.message, name_of(pod), "event Unhealthy", event.time)
                        yield Wait(pod, container, proof, None)
            elif stated and (stated.message.id in _UNREACHED or _waits_for_dns(stated)):
                yield Wait(
                    pod, container, Evidence(stated.line, name_of(pod), f"{in_field(container)} {stated.place}"), stated
                )


def _waits_for_dns(stated: logs.Cause) -> bool:
    return stated.message.id == "LG03" and hosts.unanswered(stated.line)


@dataclass(frozen=True)
class _Cut:
    """One connection and the policies that cut it, at the caller and at what is called."""

    to: str
    port: int
    at_caller: tuple[str, ...]
    at_called: tuple[str, ...]
    peers: tuple[str, ...]
    """The called, and the caller, each as a peer of a rule in YAML; "" where no rule needs it."""
    protocols: tuple[str, ...] = ("TCP",)

    @property
    def policies(self) -> tuple[str, ...]:
        """The names of all of them."""
        return tuple(dict.fromkeys((*self.at_caller, *self.at_called)))

    def rules(self) -> Iterator[tuple[str, tuple[str, ...], str]]:
        """(direction, policies, the rule that allows it as YAML of one line)."""
        ports = ", ".join(f"{{port: {self.port}, protocol: {protocol}}}" for protocol in self.protocols)
        if self.at_caller:
            yield "egress", self.at_caller, f"egress: [{{to: [{self.peers[0]}], ports: [{ports}]}}]"
        if self.at_called:
            yield "ingress", self.at_called, f"ingress: [{{from: [{self.peers[1]}], ports: [{ports}]}}]"


@finding("TR14")
def connection_cut(snapshot: Snapshot) -> Iterator[Finding]:
    """A NetworkPolicy cuts the connection for which a container waits: to a Service here, to DNS, or out of the cluster."""
    policies = [
        one for one in snapshot.beside("NetworkPolicy") if one["metadata"].get("namespace") == snapshot.namespace
    ]
    for wait in waits(snapshot) if policies else ():
        if map_of(wait.pod, "spec").get("hostNetwork"):
            continue  # policies do not apply to it
        cuts = list(_cuts(wait, policies, snapshot))
        if cuts:
            yield _finding(wait, cuts, policies, snapshot)


def _cuts(wait: Wait, policies: Sequence[Object], snapshot: Snapshot) -> Iterator[_Cut]:
    """What is cut of what it waits for; without a stated host, of what its variables name."""
    name = str(wait.container.get("name"))
    given = dict(_given(wait.pod, name))
    if wait.cause and not wait.for_dns:
        host = hosts.called(wait.pod, name, wait.cause.line, snapshot).host
        wanted = {host: _port_in(wait.cause.line, host) or given.get(host, 0)} if host else {}
    else:
        wanted = given
        dns = _dns(wait.pod, policies, snapshot) if wait.for_dns or given else None
        if dns:
            yield dns
        elif wait.for_dns:
            return
    for host, port in list(wanted.items())[:_MOST_HOSTS]:
        if cut := _cut(wait.pod, host, port, policies, snapshot):
            yield cut


def _given(pod: Object, container: str) -> Iterator[tuple[str, int]]:
    """(host, port or 0) of the variables of a container that hold an address."""
    for variable in maps_of(status.container_specs(pod).get(container, {}), "env"):
        name, value = str(variable.get("name")), str(variable.get("value") or "")
        for host in hosts.named(name, value):
            yield host, _port_in(value, host)


def _port_in(text: str, host: str) -> int:
    """The port that stands behind a host: host:5432, or as libpq writes it, "host" (10.0.0.1), port 5432."""
    match = re.search(rf"(?<![\w.-]){re.escape(host)}\"?(?: \([^)]{{1,64}}\))?(?::|,? port )(\d{{1,5}})\b", text)
    return int(match[1]) if match else 0


def _end(pod: Object, snapshot: Snapshot) -> End:
    return End(snapshot.namespace, labels_of(pod), map_of(pod, "spec"))


# What is called


def _cut(pod: Object, host: str, port: int, policies: Sequence[Object], snapshot: Snapshot) -> _Cut | None:
    service = snapshot.named("Service", hosts.service_name(host, snapshot)) or _at(host, snapshot)
    if service is not None:
        return _cut_from(pod, service, port, policies, snapshot)
    if not port or not _is_outside(host):
        return None
    # Nothing is known of the other end but that it is no pod: rules for addresses count as allowing it.
    cut = cutting(policies, "Egress", _end(pod, snapshot), End("", {}, {}), port)
    block = f"{host}/32" if _ADDRESS.fullmatch(host) else "ADDRESS/32"
    return _Cut(host, port, cut, (), (f'{{ipBlock: {{cidr: "{block}"}}}}', "")) if cut else None


_ADDRESS: Final = re.compile(r"\d+\.\d+\.\d+\.\d+")


def _at(host: str, snapshot: Snapshot) -> Object | None:
    """The Service of the release with this address."""
    found = (one for one in snapshot.of_kind("Service") if host and map_of(one, "spec").get("clusterIP") == host)
    return next(found, None)


def _is_outside(host: str) -> bool:
    """Whether a host is surely none of the cluster: x.y may be Service x of namespace y, a private address a pod."""
    try:
        return ipaddress.ip_address(host).is_global
    except ValueError:
        return host.count(".") >= _OUTSIDE and ".svc" not in host and not host.endswith(".local")


_OUTSIDE: Final = 2


def _cut_from(pod: Object, service: Object, port: int, policies: Sequence[Object], snapshot: Snapshot) -> _Cut | None:
    """What cuts a pod from every ready pod behind a Service: one that is not ready has a cause of its own."""
    selector = map_of(map_of(service, "spec"), "selector")
    ready = [other for other in snapshot.selected(selector) if status.is_ready(other)]
    asked = [
        one
        for one in maps_of(map_of(service, "spec"), "ports")
        if (one.get("protocol") or "TCP") == "TCP" and port in (0, one.get("port"))
    ]
    at_caller: dict[str, None] = {}
    at_called: dict[str, None] = {}
    numbers: dict[int, None] = {}
    caller = _end(pod, snapshot)
    for one in asked:
        for other in ready:
            called = _end(other, snapshot)
            number = called.port(one.get("targetPort") or one.get("port"), "TCP")
            out = cutting(policies, "Egress", caller, called, number)
            into = () if called.spec.get("hostNetwork") else cutting(policies, "Ingress", called, caller, number)
            if not out and not into:
                return None
            numbers[number] = None
            at_caller |= dict.fromkeys(out)
            at_called |= dict.fromkeys(into)
    if not numbers:
        return None
    peers = _peer(selector), _peer(_selector_of(pod, snapshot))
    return _Cut(snapshot.root_name(ready[0]), next(iter(numbers)), tuple(at_caller), tuple(at_called), peers)


def _selector_of(pod: Object, snapshot: Snapshot) -> Mapping[str, Any]:
    """The labels by which a pod's workload selects it; those that every rollout changes are not among them."""
    selector = map_of(map_of(map_of(snapshot.root(pod), "spec"), "selector"), "matchLabels")
    return selector or {key: value for key, value in labels_of(pod).items() if not key.endswith(("-hash", "-index"))}


def _peer(labels: Mapping[str, Any]) -> str:
    return f"{{podSelector: {{matchLabels: {json.dumps(dict(labels))}}}}}"


# DNS


def resolvers(snapshot: Snapshot) -> list[Object]:
    """The pods of the cluster's DNS, as far as they were looked at."""
    return [
        pod
        for pod in snapshot.beside("Pod")
        if pod["metadata"].get("namespace") == _DNS_NAMESPACE and _DNS_LABELS.items() <= labels_of(pod).items()
    ]


def _dns(pod: Object, policies: Sequence[Object], snapshot: Snapshot) -> _Cut | None:
    """What cuts a pod from the cluster's DNS, where it is set up as nearly everywhere."""
    if map_of(pod, "spec").get("dnsPolicy") not in (None, "ClusterFirst"):
        return None
    ends = [End(_DNS_NAMESPACE, labels_of(one), map_of(one, "spec")) for one in resolvers(snapshot)]
    caller = _end(pod, snapshot)
    cuts = [
        cutting(policies, "Egress", caller, end, end.port("dns", "UDP") or _DNS_PORT, "UDP")
        for end in ends or [End(_DNS_NAMESPACE, _DNS_LABELS, {})]
    ]
    if not all(cuts):
        return None
    peer = (
        f'{{namespaceSelector: {{matchLabels: {{"kubernetes.io/metadata.name": "{_DNS_NAMESPACE}"}}}}, '
        f"podSelector: {{matchLabels: {json.dumps(_DNS_LABELS)}}}}}"
    )
    return _Cut("DNS", _DNS_PORT, cuts[0], (), (peer, ""), ("UDP", "TCP"))


# What is said


def _finding(wait: Wait, cuts: Sequence[_Cut], policies: Sequence[Object], snapshot: Snapshot) -> Finding:
    caller, first = snapshot.root_name(wait.pod), cuts[0]
    what = "policies" if len(first.policies) > 1 else "policy"
    title = f"network {what} {', '.join(first.policies)} cuts it from port {first.port} of {first.to}"
    if first.to == "DNS":
        title = f"network {what} {', '.join(first.policies)} cuts it from DNS (port {first.port}): it resolves no name"
    rules = list(dict.fromkeys(rule for cut in cuts for rule in cut.rules()))
    names = dict.fromkeys(name for cut in cuts for name in cut.policies)
    seen = [
        Evidence(_said(direction, cut, caller), f"NetworkPolicy/{name}", f"spec.{direction}")
        for cut in cuts
        for direction, given, _ in cut.rules()
        for name in given
    ]
    return Finding(
        "TR14",
        title,
        caller,
        (wait.proof, *seen),
        (
            *(f"Allow it, in the spec of {' or '.join(given)}: {rule}" for _, given, rule in rules),
            *_of_helm([one for one in policies if one["metadata"].get("name") in names], snapshot),
        ),
        heals="no",
        since=status.unready_since(wait.pod, wait.container) or status.created(wait.pod),
        commands=(
            snapshot.command("kubectl", "describe", "networkpolicy", *names),
            log_command(wait.pod, wait.container, snapshot),
        ),
        avoid=("Don't delete the policy: it also keeps others out. Allow this one connection.",),
    )


def _said(direction: str, cut: _Cut, caller: str) -> str:
    if direction == "egress":
        return f"selects {caller}; no rule lets it out to {cut.to}, port {cut.port}"
    return f"selects {cut.to}; no rule lets {caller} in to port {cut.port}"


def _of_helm(policies: Sequence[Object], snapshot: Snapshot) -> Iterator[str]:
    key = "meta.helm.sh/release-name"
    if any((one["metadata"].get("annotations") or {}).get(key) == snapshot.release for one in policies):
        yield "The policy is of this release: change it by its values, or the next upgrade takes the rule out again."
