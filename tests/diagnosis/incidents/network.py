"""Connections that a NetworkPolicy cuts, and policies beside which something else is wrong.

Words of clients: libpq, tokio (os error 110 of Linux), Go's net, node-redis, busybox; of probes: the kubelet's pkg/probe/http.
"""

from __future__ import annotations

import copy
from typing import Any

from tests.diagnosis.breaking import APP, CACHE, DB, Bed, Break, all_of
from tests.diagnosis.cases import API, STORE, Case

_503 = "HTTP probe failed with statuscode: 503"
_SLOW_PROBE = (
    'Get "http://10.244.0.9:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
)
_LIBPQ = 'connection to server at "llm-cost-ops-postgresql" (10.96.12.34), port 5432 failed: Connection timed out'
_TOKIO = "error communicating with database: connection to llm-cost-ops-postgresql:5432 failed: Connection timed out (os error 110)"
_POOL = "pool timed out while waiting for an open connection to llm-cost-ops-postgresql:5432"
_REDIS = "Error: connect ETIMEDOUT llm-cost-ops-redis:6379"
_LOOKUP = (
    "dial tcp: lookup llm-cost-ops-postgresql on 10.96.0.10:53: read udp 10.244.0.9:41822->10.96.0.10:53: i/o timeout"
)
_GETADDRINFO = (
    'could not translate host name "llm-cost-ops-postgresql" to address: Temporary failure in name resolution'
)
_NO_SUCH = 'could not translate host name "llm-cost-ops-postgres" to address: Name or service not known'
_REFUSED = "connection to llm-cost-ops-postgresql:5432 failed: Connection refused (os error 111)"
_OUTSIDE = "dial tcp: connect to db.acme.test:5432: connect: connection timed out"

_APP = {"app.kubernetes.io/component": "app"}
_STORE = {"app.kubernetes.io/component": "postgresql"}
_DNS = {
    "to": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}}],
    "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
}


def policy(name: str, spec: dict[str, Any], *, space: str = "shop", known: bool = True) -> Break:
    """A NetworkPolicy of the namespace, or of another one."""

    def act(bed: Bed) -> None:
        meta = {"name": name, "namespace": space, "uid": f"uid-{name}", "creationTimestamp": bed.ago(40)}
        if known:
            bed.world.around.append({"kind": "NetworkPolicy", "metadata": meta, "spec": copy.deepcopy(spec)})
        if known and "NetworkPolicy" not in bed.world.seen:
            bed.world.seen.append("NetworkPolicy")

    return act


def _waits(*log: str, probe: str = _503) -> Break:
    return lambda bed: bed.runs_unready(APP, probe, *log)


_DENY_ALL = policy("default-deny", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
_DENY_IN = policy("default-deny-ingress", {"podSelector": {}, "policyTypes": ["Ingress"]})
_DENY_OUT = policy("default-deny-egress", {"podSelector": {}, "policyTypes": ["Egress"], "egress": [_DNS]})
_ONLY_PORT = policy("database", {"podSelector": {"matchLabels": _STORE}, "ingress": [{"ports": [{"port": 5433}]}]})
_ONLY_OTHERS = policy(
    "database", {"podSelector": {"matchLabels": _STORE}, "ingress": [{"from": [{"podSelector": {"matchLabels": {"tier": "batch"}}}]}]}
)  # fmt: skip
_OPEN = policy(
    "database", {"podSelector": {"matchLabels": _STORE}, "ingress": [{"from": [{"podSelector": {"matchLabels": _APP}}], "ports": [{"port": 5432}]}]}
)  # fmt: skip
_BY_ADDRESS = policy(
    "egress",
    {
        "podSelector": {"matchLabels": _APP},
        "policyTypes": ["Egress"],
        "egress": [_DNS, {"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}],
    },
)
_OF_DATABASE = policy("database", {"podSelector": {"matchLabels": _STORE}, "policyTypes": ["Egress"], "egress": []})
_ELSEWHERE = policy("default-deny", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}, space="other")


def _by_address(bed: Bed) -> None:
    """The client says the address of the Service instead of its name."""
    address = bed.one("Service", "llm-cost-ops-postgresql")["spec"]["clusterIP"]
    bed.runs_unready(APP, _503, f"dial tcp {address}:5432: i/o timeout")


def _crashes(*log: str) -> Break:
    return lambda bed: bed.crashes(APP, 1, *log)


def _killed(bed: Bed) -> None:
    """The liveness probe gets no answer, because the program waits for the database."""
    bed.crashes(APP, 137, "starting", reason="Error")
    for pod in bed.pods(APP):
        bed.event(pod, "Killing", "Container app failed liveness probe, will be restarted", container="app")
        bed.event(pod, "Unhealthy", f"Liveness probe failed: {_SLOW_PROBE}", container="app", count=21)


def _on_the_node(bed: Bed) -> None:
    for pod in bed.pods(APP):
        pod["spec"]["hostNetwork"] = True


# DNS of the cluster


def resolvers(*ready: bool, reason: str = "CrashLoopBackOff") -> Break:
    """The pods of the cluster's DNS."""

    def act(bed: Bed) -> None:
        for number, well in enumerate(ready):
            state: dict[str, Any] = {"running": {"startedAt": bed.ago(9000)}} if well else {
                "waiting": {"reason": reason, "message": "back-off 5m0s restarting failed container=coredns"}
            }  # fmt: skip
            meta = {"name": f"coredns-66bc5c9577-{number}", "namespace": "kube-system", "uid": f"uid-dns-{number}",
                    "labels": {"k8s-app": "kube-dns"}, "creationTimestamp": bed.ago(9000)}  # fmt: skip
            ports = [
                {"name": "dns", "containerPort": 53, "protocol": "UDP"},
                {"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"},
            ]
            condition = {"type": "Ready", "status": str(well), "lastTransitionTime": bed.ago(25)}
            one = {"name": "coredns", "ready": well, "state": state, "restartCount": 0 if well else 12}
            bed.world.around.append({
                "kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "coredns", "image": "registry.k8s.io/coredns/coredns:v1.12.1", "ports": ports}]},
                "status": {"phase": "Running", "conditions": [condition], "containerStatuses": [one]},
            })  # fmt: skip

    return act


def _no_resolver(bed: Bed) -> None:
    meta = {
        "name": "kube-dns-x2x4z",
        "namespace": "kube-system",
        "uid": "uid-dns",
        "labels": {"kubernetes.io/service-name": "kube-dns"},
    }
    bed.world.around.append({"kind": "EndpointSlice", "metadata": meta, "endpoints": []})


DNS_POD = "Pod/coredns-66bc5c9577-0"

CASES: tuple[Case, ...] = (
    Case("default deny, the client times out", "TR14", API, all_of(_DENY_IN, _waits(_TOKIO))),
    Case("default deny, libpq's words", "TR14", API, all_of(_DENY_IN, _crashes(_LIBPQ))),
    Case("default deny, the pool gets nothing", "TR14", API, all_of(_DENY_IN, _waits(_POOL))),
    Case("default deny, only the probe's timeout", "TR14", API, all_of(_DENY_IN, _waits(probe=_SLOW_PROBE))),
    Case("default deny, killed by the liveness probe", "TR14", API, all_of(_DENY_IN, _killed)),
    Case("nothing may leave, the cache times out", "TR14", API, all_of(_DENY_OUT, _waits(_REDIS))),
    Case("nothing may leave, the address of a Service times out", "TR14", API, all_of(_DENY_OUT, _by_address)),
    Case("the database's policy has another port", "TR14", API, all_of(_ONLY_PORT, _waits(_TOKIO))),
    Case("the database's policy lets others in", "TR14", API, all_of(_ONLY_OTHERS, _waits(_TOKIO))),
    Case("no name resolves: egress to DNS is cut (Go)", "TR14", API, all_of(_DENY_ALL, _waits(_LOOKUP))),
    Case("no name resolves: egress to DNS is cut (libpq)", "TR14", API, all_of(_DENY_ALL, resolvers(True, True), _crashes(_GETADDRINFO))),
    Case("nothing may leave, the database outside times out", "TR14", API, all_of(_DENY_OUT, _waits(_OUTSIDE))),
    # The same symptom beside a policy that does not cut it, or cut something else
    Case("the policy lets it in, and it times out", "LG04", API, all_of(_OPEN, _waits(_TOKIO))),
    Case("addresses may be called, and it times out", "LG04", API, all_of(_BY_ADDRESS, _waits(_TOKIO))),
    Case("a policy of another namespace, and it times out", "LG04", API, all_of(_ELSEWHERE, _waits(_TOKIO))),
    Case("the database's own egress is cut, and it times out", "LG04", API, all_of(_OF_DATABASE, _waits(_TOKIO))),
    Case("pods on the node's network are not cut", "LG04", API, all_of(_DENY_OUT, _on_the_node, _waits(_OUTSIDE))),
    Case("DNS may be asked, and says no", "LG03", API, all_of(_DENY_OUT, _waits(_NO_SUCH))),
    Case("DNS may not be asked, and a host is answered with no", "LG03", API, all_of(_DENY_ALL, _waits(_NO_SUCH))),
    Case("policies may not be listed", "LG04", API, all_of(policy("default-deny", {}, known=False), _waits(_TOKIO))),
    Case("the database is out of memory behind a policy", "CO09", STORE, all_of(_DENY_IN, lambda bed: bed.crashes(DB, 137, reason="OOMKilled"), _waits(_TOKIO))),
    Case("readiness says 503 in a cut namespace, no word of why", "TR01", API, all_of(_DENY_IN, _waits())),
    # DNS of the cluster
    Case("one of two pods of the cluster's DNS is down", "CL02", DNS_POD, all_of(resolvers(False, True), _waits(_LOOKUP))),
    Case("all pods of the cluster's DNS are down", "CL02", DNS_POD, all_of(resolvers(False, False), _crashes(_GETADDRINFO))),
    Case("the cluster's DNS has no pod", "CL02", "Service/kube-dns", all_of(_no_resolver, _waits(_GETADDRINFO))),
    Case("the cluster's DNS is well, and gives no answer", "LG03", API, all_of(resolvers(True, True), _waits(_GETADDRINFO))),
    Case("the cluster's DNS is down, and a port is refused", "LG04", API, all_of(resolvers(False, True), _waits(_REFUSED))),
    Case("a name is answered with no while a pod of DNS is down", "LG03", API, all_of(resolvers(False, True), _waits(_NO_SUCH))),
)  # fmt: skip


def _ready_again(bed: Bed) -> None:
    """Its log still has what it said while it waited."""
    for component in (APP, CACHE):
        bed.log(component, _TOKIO, _LOOKUP)


HEALTHY: dict[str, Break] = {
    "a namespace that lets nothing in and works": _DENY_IN,
    "a namespace that lets nothing out and works": _DENY_ALL,
    "a namespace with policies, timeouts in the logs of before": all_of(_DENY_ALL, _ready_again),
    "the cluster's DNS is degraded, and nobody here feels it": all_of(resolvers(False, True), _ready_again),
}
"""Nothing may be found in these."""
