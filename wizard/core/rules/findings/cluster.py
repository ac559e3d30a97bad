"""Troubles of the cluster itself that a release feels: its DNS, its API server, its upgrade, its certificates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, labels_of, name_of
from wizard.core.limits import map_of
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings import admission, overload, placement, policies, webhooks
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.words import counted

_RECENT: Final = 900
"""Seconds for which words of an overloaded API server count."""


@finding("CL02")
def dns_degraded(snapshot: Snapshot) -> Iterator[Finding]:
    """Names of the release's containers get no answer, and pods of the cluster's DNS are not ready."""
    asking = [wait for wait in policies.waits(snapshot) if wait.for_dns]
    if not asking:
        return
    pods = [pod for pod in policies.resolvers(snapshot) if not pod["metadata"].get("deletionTimestamp")]
    down = [pod for pod in pods if not status.is_ready(pod)]
    if pods and not down:
        return
    if not pods and not _without_pods(snapshot):
        return
    ready = len(pods) - len(down)
    title = f"the cluster's DNS is degraded: {ready} of {len(pods)} of its pods are ready" if pods else (
        "the cluster's DNS is down: it has no pod"
    )  # fmt: skip
    roots = tuple(dict.fromkeys(snapshot.root_name(wait.pod) for wait in asking))
    proof = [Evidence(_state(pod), name_of(pod), "status", status.unready_since(pod, {})) for pod in down[:3]]
    proof += [] if pods else [Evidence("none", "Service/kube-dns", "endpoints")]
    since = min((str(status.condition(pod, "Ready").get("lastTransitionTime") or "") for pod in down), default="")
    yield Finding(
        "CL02", title, name_of(down[0]) if down else "Service/kube-dns", (*proof, asking[0].proof),
        (
            "Whoever runs the cluster has to mend it: give them this evidence. Every workload that resolves a name feels it.",
            "Nothing has to be done here then: lookups are tried again.",
        ),
        heals="unknown", since=since, affects=roots,
        commands=(
            replace(snapshot, namespace="kube-system").command("kubectl", "get", "pods", "-l", "k8s-app=kube-dns", "-o", "wide"),
            replace(snapshot, namespace="kube-system").command("kubectl", "logs", "-l", "k8s-app=kube-dns", "--tail", "50"),
        ),
        avoid=("Don't put addresses in place of names: those of Services and pods change.",),
    )  # fmt: skip


def _without_pods(snapshot: Snapshot) -> bool:
    """Whether the cluster has the usual Service of its DNS, and nothing is behind it."""
    slices = [
        one
        for one in snapshot.beside("EndpointSlice")
        if one["metadata"].get("namespace") == "kube-system"
        and labels_of(one).get("kubernetes.io/service-name") == "kube-dns"
    ]
    return bool(slices) and not any(one.get("endpoints") for one in slices)


def _state(pod: Object) -> str:
    """Why a pod is not ready, in the words of its containers or of the scheduler."""
    for container in status.container_statuses(pod):
        wait = (container.get("state") or {}).get("waiting") or {}
        if wait.get("reason"):
            return ": ".join(str(part) for part in (wait["reason"], wait.get("message")) if part)
    scheduled = status.condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        return str(scheduled.get("message") or scheduled.get("reason") or "it has no node")
    return f"phase {map_of(pod, 'status').get('phase') or 'unknown'}, not ready"


@finding("CL03")
def api_overloaded(snapshot: Snapshot) -> Iterator[Finding]:
    """The API server or its store is overloaded: it says so to a controller, or did not answer this very look in time."""
    refused = [refusal for refusal in admission.refusals(snapshot) if overload.told(refusal.message)]
    for one in refused:
        proof = Evidence(one.message, name_of(one.maker), one.field, one.since)
        title = f"{one.what} cannot be made: the API server or its store (etcd) is overloaded"
        yield _overloaded(title, snapshot.root_name(one.maker), (proof,), one.since, snapshot)
    said = [
        Evidence(event.message, f"{event.kind}/{event.name}", f"event {event.reason}", event.time)
        for event in sorted(snapshot.events, key=lambda event: event.time)
        if event.type == "Warning" and overload.told(event.message) and not snapshot.older(event.time, _RECENT)
    ]
    late = [Evidence(text, "", "this look") for text in snapshot.late]
    if not refused and said:
        title = "the API server or its store (etcd) is overloaded: it refused a controller"
        yield _overloaded(title, "", (*said[-2:], *late[:3]), said[-1].time, snapshot)
    elif not refused and len(late) >= _LATE:
        title = f"the API server is overloaded, or the way to it is slow: {counted(len(late), 'request')} of this look got no answer in time"
        yield _overloaded(title, "", tuple(late[:5]), "", snapshot)


_LATE: Final = 2
"""Requests of one look without an answer in time: a single one may be a hiccup of the way."""


def _overloaded(title: str, root: str, proof: tuple[Evidence, ...], since: str, snapshot: Snapshot) -> Finding:
    return Finding(
        "CL03", title, root or "Cluster/kube-apiserver", proof,
        (
            "Wait: controllers try again by themselves. Ask whoever runs the cluster what its API server and etcd are busy with.",
            "What is shown here may be old; look again before you act on it.",
        ),
        heals="unknown", since=since, urgent=bool(root),
        commands=(_anywhere(snapshot, "get", "--raw", "/readyz?verbose"), snapshot.command("kubectl", "get", "events", "--sort-by", ".lastTimestamp")),
        avoid=("Don't start an upgrade or a roll-back now: helm may stop half-way.",),
    )  # fmt: skip


@finding("CL04")
def cluster_upgrade(snapshot: Snapshot) -> Iterator[Finding]:
    """The nodes are being upgraded: their kubelets differ, some are cordoned, and pods of the release wait for a node."""
    nodes = snapshot.beside("Node")
    versions = {str(node["metadata"]["name"]): _kubelet(node) for node in nodes}
    cordoned = [node for node in nodes if map_of(node, "spec").get("unschedulable")]
    if len(set(versions.values()) - {""}) < _MIXED or not cordoned:
        return
    homeless = [
        pod
        for pod in snapshot.starting_pods()
        if _CORDONED.search(str(status.condition(pod, "PodScheduled").get("message") or ""))
        and any(place.cordoned and place.matches for place in placement.places(pod, snapshot))
    ]
    if not homeless:
        return
    roots = tuple(dict.fromkeys(map(snapshot.root_name, homeless)))
    since = min(str(status.condition(pod, "PodScheduled").get("lastTransitionTime") or "") for pod in homeless)
    counts = ", ".join(f"{list(versions.values()).count(one)} x {one}" for one in sorted(set(versions.values()) - {""}))
    refused = status.condition(homeless[0], "PodScheduled")
    yield Finding(
        "CL04",
        f"the cluster's nodes are being upgraded: {len(cordoned)} of {len(nodes)} are cordoned, {_waiting(len(homeless))} for a node",
        name_of(cordoned[0]),
        (
            Evidence(counts, "", "kubelet versions of the nodes"),
            *(Evidence(f"cordoned, {versions[str(node['metadata']['name'])]}", name_of(node), "spec.unschedulable") for node in cordoned[:3]),
            Evidence(str(refused.get("message") or ""), name_of(homeless[0]), "status.conditions[PodScheduled]", since),
        ),
        (
            "Wait until the next node is back, mostly some minutes. Ask whoever upgrades the cluster how far it is.",
            "If it takes longer than the release can bear, have one node more added, or one uncordoned.",
        ),
        heals="yes", since=since, affects=roots, commands=(_anywhere(snapshot, "get", "nodes", "-o", "wide"),),
        avoid=("Don't uncordon a node that is being drained: whoever upgrades it empties it again.",),
    )  # fmt: skip


def _waiting(count: int) -> str:
    return counted(count, "pod waits", "pods wait")


_MIXED: Final = 2
_CORDONED: Final = re.compile(r"were unschedulable")


@finding("CL05")
def certificate_untrusted(snapshot: Snapshot) -> Iterator[Finding]:
    """The API server does not trust the certificate of a webhook, or of the metrics API: it expired, or is of another CA."""
    for refusal in admission.refusals(snapshot):
        call = webhooks.failed_call(refusal.message)
        if call and webhooks.is_untrusted(refusal.message):
            proof = Evidence(refusal.message, name_of(refusal.maker), refusal.field, refusal.since)
            yield Finding(
                "CL05", f"{refusal.what} cannot be made: {call.title}", snapshot.root_name(refusal.maker), (proof,),
                _renewal(f"webhook {call.name}", f"namespace {call.namespace}" if call.namespace else "it"),
                heals="no", since=refusal.since, commands=(_anywhere(snapshot, "get", _CONFIGURATIONS), *call.commands(snapshot)), avoid=(webhooks.AVOID,),
            )  # fmt: skip
    for scaler in snapshot.of_kind("HorizontalPodAutoscaler"):
        active = status.condition(scaler, "ScalingActive")
        message, since = str(active.get("message") or ""), str(active.get("lastTransitionTime") or "")
        if active.get("status") == "False" and webhooks.is_untrusted(message):
            yield Finding(
                "CL05", "the autoscaler cannot scale: the API server does not trust the certificate of the metrics API",
                name_of(scaler), (Evidence(message, name_of(scaler), "status.conditions[ScalingActive]", since),),
                _renewal("the metrics API", "metrics-server"), heals="no", since=since, urgent=False,
                commands=(_anywhere(snapshot, "get", "apiservice", "v1beta1.metrics.k8s.io", "-o", "yaml"),),
                avoid=("Don't set insecureSkipTLSVerify for good: anybody on the way could then answer in its place.",),
            )  # fmt: skip


_CONFIGURATIONS: Final = "validatingwebhookconfigurations,mutatingwebhookconfigurations"


def _renewal(what: str, owner: str) -> tuple[str, ...]:
    return (
        f"Ask whoever runs {owner} to renew the certificate of {what} and to write its CA into caBundle.",
        "With cert-manager that is the work of its cainjector: see whether it runs, and whether the Certificate is ready.",
    )


def _anywhere(snapshot: Snapshot, *words: str) -> str:
    """A kubectl command line about what has no namespace."""
    return replace(snapshot, namespace="").command("kubectl", *words)


def _kubelet(node: Object) -> str:
    return str(map_of(map_of(node, "status"), "nodeInfo").get("kubeletVersion") or "")
