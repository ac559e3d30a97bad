"""Stalled rollouts, and the objects between users and pods: Service, Ingress, autoscaler, disruption budget."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from wizard.core.kube import status
from wizard.core.kube.objects import Object, is_default_class, labels_of, name_of
from wizard.core.kube.webhooks import has_ready
from wizard.core.rules.finding import Evidence, Finding, finding
from wizard.core.rules.findings import routing, webhooks
from wizard.core.rules.findings.pods import asked
from wizard.core.rules.snapshot import Snapshot

_SERVICE_PATIENCE: Final = 30
_ADDRESS_PATIENCE: Final = 300
_METRICS_PATIENCE: Final = 120
_BUDGET_PATIENCE: Final = 30
"""Seconds that each may take on a healthy cluster before it is reported."""
_OF_CONTROLLERS: Final = re.compile(
    r"pod-template-hash|controller-revision-hash|pod-template-generation|"
    r"(topology|statefulset|apps|batch)\.kubernetes\.io/"
)
"""Labels that Kubernetes itself puts on pods (its reference of well-known labels); no Service is meant by them."""


@finding("TR02")
def rollout_stalled(snapshot: Snapshot) -> Iterator[Finding]:
    """A Deployment makes no progress within its deadline, or is paused; old pods may still answer."""
    for deployment in snapshot.of_kind("Deployment"):
        progress = status.condition(deployment, "Progressing")
        wanted = int(deployment.get("spec", {}).get("replicas", 1))
        state = deployment.get("status", {})
        uid = str(deployment["metadata"].get("uid"))
        before = progress in snapshot.outdated.get(uid, ()) or not status.observed(deployment)
        stalled = progress.get("reason") == "ProgressDeadlineExceeded" and not before
        paused = deployment.get("spec", {}).get("paused") and int(state.get("updatedReplicas") or 0) < wanted
        if not (stalled or paused):
            continue
        old = int(state.get("availableReplicas") or 0)
        answer = f"{old} old pods still answer" if old else "no pod answers"
        since = str(progress.get("lastTransitionTime") or "")
        name = str(deployment["metadata"]["name"])
        why = "is paused" if paused else "stalled: no progress within its deadline"
        message = str(progress.get("message") or progress.get("reason") or "spec.paused: true")
        yield Finding(
            "TR02",
            f"the rollout {why}; {answer}",
            name_of(deployment),
            (
                Evidence(
                    message, name_of(deployment), "spec.paused" if paused else "status.conditions[Progressing]", since
                ),
                Evidence(
                    f"{state.get('updatedReplicas') or 0} of {wanted} are of the new version",
                    name_of(deployment),
                    "status",
                ),
            ),
            (
                ("Resume it, then the change takes effect.",)
                if paused
                else ("Find what stops its new pods; or roll back to the revision before it.",)
            ),
            heals="no",
            since=since,
            waits=not paused,
            commands=(snapshot.command("kubectl", "rollout", "resume" if paused else "status", f"deployment/{name}"),),
            avoid=("Don't delete old pods: they are the ones that answer.",) if old else (),
        )


_MAKERS: Final = ("Deployment", "StatefulSet", "DaemonSet")


@finding("TR03")
def service_without_pods(snapshot: Snapshot) -> Iterator[Finding]:
    """A Service selects no pod, or none that has its port or that its callers reach; for unready pods see their findings.

    A workload that replaces its pods has none for a while: patience counts since their deletion, or since the last
    change of the Service, its workloads and their pods.
    """
    for service in snapshot.of_kind("Service") if "Pod" not in snapshot.hidden else ():
        spec = service.get("spec", {})
        selector: Mapping[str, Any] = spec.get("selector") or {}
        if not selector or spec.get("type") == "ExternalName":
            continue
        selected = snapshot.selected(selector)
        pods = [pod for pod in selected if not pod["metadata"].get("deletionTimestamp")]
        makers = [maker for maker in snapshot.of_kind(*_MAKERS) if _would_match(maker, selector)]
        since = snapshot.since(service, *makers, *pods, selector=selector)
        if len(pods) < len(selected) or not snapshot.older(since, _SERVICE_PATIENCE):
            continue
        if not pods and (makers or _all_made(snapshot)):
            yield _no_pods(service, selector, makers, since, snapshot)
        coming = [maker["spec"]["template"] for maker in makers]
        if pods and (dead := routing.dead_ports(service, (*pods, *coming))):
            yield _no_port(service, dead, pods[0], since, snapshot)
        yield from routing.no_pod_on_node(service, pods, snapshot)


def _all_made(snapshot: Snapshot) -> bool:
    """Whether an absent workload is missing: every kind was listed, and helm finished the newest revision."""
    return not snapshot.changing and not snapshot.hidden & {*_MAKERS}


def _no_pods(
    service: Object, selector: Mapping[str, Any], makers: Sequence[Object], since: str, snapshot: Snapshot
) -> Finding:
    wanted = ", ".join(f"{key}={value}" for key, value in selector.items())
    proof = [Evidence(wanted, name_of(service), "spec.selector", since)]
    cure: tuple[str, ...] = ()
    newest = snapshot.revisions[-1] if snapshot.revisions else None
    made = newest.selector(str(service["metadata"]["name"])) if newest else None
    if newest and made and made != selector:
        title, remedy = (
            "no pod is behind it: its selector matches none since it was changed",
            "Put helm's selector back.",
        )
        proof.append(Evidence(_text(made), f"helm's revision {newest.number}", "spec.selector"))
        patch = {"spec": {"selector": {**dict.fromkeys(selector), **made}}}
        cure = (snapshot.command("kubectl", "patch", name_of(service).lower(), "-p", json.dumps(patch)),)
    elif makers:
        count = makers[0].get("spec", {}).get("replicas", 1)
        proof.append(Evidence(f"{count} wanted, no pod is there", name_of(makers[0]), "spec.replicas"))
        if count == 0:
            title, remedy = f"no pod is behind it: {name_of(makers[0])} is scaled to 0", "Scale it up."
            cure = (snapshot.command("kubectl", "scale", name_of(makers[0]).lower(), "--replicas=1"),)
        else:
            title, remedy = "no pod is behind it: its pods do not exist", "See why they are not created."
    elif near := _nearest(service, selector, snapshot):
        title = "no pod is behind it: its selector matches none"
        proof.append(near)
        remedy = "Make the Service's selector and the pods' labels the same."
    else:
        title = "no pod is behind it: its workload does not exist"
        remedy = "An upgrade or a rollback creates it again."
    return Finding(
        "TR03", title, name_of(service), tuple(proof), (remedy,), heals="no", since=since,
        waits=bool(makers) and makers[0].get("spec", {}).get("replicas", 1) != 0,
        commands=(*cure, snapshot.command("kubectl", "get", "pods", "--show-labels"),
                  snapshot.command("kubectl", "get", "endpoints", str(service["metadata"]["name"]))),
    )  # fmt: skip


def _would_match(maker: Object, selector: Mapping[str, Any]) -> bool:
    return bool(selector.items() <= _pod_labels(maker).items())


def _pod_labels(maker: Object) -> Mapping[str, Any]:
    template = maker.get("spec", {}).get("template") or {}
    labels: Mapping[str, Any] = (template.get("metadata") or {}).get("labels") or {}
    return labels


def _nearest(service: Object, selector: Mapping[str, Any], snapshot: Snapshot) -> Evidence | None:
    """The labels of the pods that the Service is probably for.

    Those of the workload of its own name, which other Services may select too; else of the pod that shares most
    labels with the selector, of those that no Service selects.
    """
    for maker in snapshot.of_kind(*_MAKERS):
        if maker["metadata"]["name"] == service["metadata"]["name"]:
            return Evidence(_text(_pod_labels(maker)), name_of(maker), "spec.template.metadata.labels")
    selectors = [other.get("spec", {}).get("selector") or {} for other in snapshot.of_kind("Service")]
    pods = [
        pod
        for pod in snapshot.of_kind("Pod")
        if not any(wanted and wanted.items() <= labels_of(pod).items() for wanted in selectors)
    ]
    near = max(pods, key=lambda pod: len(selector.items() & labels_of(pod).items()), default=None)
    if near is None:
        return None
    own = {key: value for key, value in labels_of(near).items() if key in selector or not _OF_CONTROLLERS.match(key)}
    return Evidence(_text(own), name_of(near), "metadata.labels")


def _text(labels: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in labels.items())


def _no_port(
    service: Object, dead: Sequence[Mapping[str, Any]], pod: Object, since: str, snapshot: Snapshot
) -> Finding:
    have = [
        f"{port.get('name', '')} {port.get('containerPort', '')}".strip()
        for container in pod.get("spec", {}).get("containers") or ()
        for port in container.get("ports") or ()
    ]
    wanted = routing.target_port(dead[0])
    missing = f"none has port {wanted}" if wanted.isdigit() else f"none has a port named {wanted}"
    every = len(dead) == len(service["spec"]["ports"])
    behind = "it" if every else f"its port {dead[0].get('name') or dead[0].get('port')}"
    return Finding(
        "TR03", f"no pod is behind {behind}: {missing}", name_of(service),
        (
            *(Evidence(routing.target_port(port), name_of(service), routing.port_field(port), since) for port in dead),
            Evidence(", ".join(have) or "none", name_of(pod), "spec.containers.ports"),
        ),
        ("Give the Service a targetPort that the pods have.",), heals="no", since=since,
        affects=routing.callers(service, snapshot),
        commands=(snapshot.command("kubectl", "get", "endpoints", str(service["metadata"]["name"])),),
    )  # fmt: skip


@finding("TR04")
def ingress_without_address(snapshot: Snapshot) -> Iterator[Finding]:
    """An Ingress that no controller serves: its class does not exist, or has no controller."""
    for ingress in snapshot.of_kind("Ingress"):
        addresses = status.addresses(ingress)
        spec, since = ingress.get("spec", {}), snapshot.since(ingress)
        old = labels_of(ingress).get("kubernetes.io/ingress.class")
        noted = (ingress["metadata"].get("annotations") or {}).get("kubernetes.io/ingress.class", old)
        wanted = str(spec.get("ingressClassName") or noted or "")
        listed = "IngressClass" in snapshot.seen
        classes = snapshot.beside("IngressClass")
        missing = listed and wanted and not noted and not snapshot.named("IngressClass", wanted)
        no_default = listed and not wanted and not any(is_default_class(ingress_class) for ingress_class in classes)
        if addresses and not missing:  # one of a class that it had before stays in it
            continue
        if not (missing or no_default) and not snapshot.older(since, _ADDRESS_PATIENCE):
            continue
        names = ", ".join(str(ingress_class["metadata"]["name"]) for ingress_class in classes) or "none"
        if missing:
            title = f"no controller serves it: IngressClass {wanted} does not exist"
        elif no_default:
            title = "no controller serves it: it names no IngressClass and there is no default"
        else:
            title = (
                f"it has no address: no controller of {f'class {wanted}' if wanted else 'the default class'} serves it"
            )
        yield Finding(
            "TR04", title, name_of(ingress),
            (
                Evidence(", ".join(addresses) or "none", name_of(ingress), "status.loadBalancer.ingress", since),
                Evidence(wanted or "none", name_of(ingress), "spec.ingressClassName"),
                *([Evidence(names, "", "classes there")] if listed else []),
            ),
            ("Name a class that is there and whose controller runs, or have a controller installed.",)
            if missing or no_default
            else ("See whether the controller of that class runs, and whether it writes addresses at all.",),
            terminal=bool(missing or no_default), heals="no" if missing or no_default else "unknown", since=since,
            urgent=bool(missing or no_default), question=asked(ingress, "ingress.class"),
            commands=("kubectl get ingressclass", snapshot.command("kubectl", "describe", "ingress", str(ingress["metadata"]["name"]))),
            unseen=() if listed or not snapshot.seen else ("the classes: list ingressclasses",),
        )  # fmt: skip


@finding("TR06")
def controller_down(snapshot: Snapshot) -> Iterator[Finding]:
    """The address of an Ingress is that of a Service without a ready pod: whoever calls it gets no answer."""
    for ingress in snapshot.of_kind("Ingress"):
        for service in snapshot.beside("Service"):
            shared = [address for address in status.addresses(service) if address in status.addresses(ingress)]
            slices = [one for one in snapshot.beside("EndpointSlice") if _is_of(one, service)]
            if not shared or not slices or has_ready(slices):
                continue
            since = max(str((one["metadata"].get("annotations") or {}).get(_CHANGED, "")) for one in slices)
            if since and not snapshot.older(since, _SERVICE_PATIENCE):
                continue
            namespace = str(service["metadata"].get("namespace"))
            yield Finding(
                "TR06", f"nobody answers at {shared[0]}: its ingress controller has no ready pod", name_of(ingress),
                (
                    Evidence(", ".join(shared), name_of(ingress), "status.loadBalancer.ingress"),
                    Evidence(f"none is ready, in namespace {namespace}", name_of(service), "endpoints", since),
                ),
                ("See why the controller's pods do not run. It serves the whole cluster, not this release alone.",),
                since=since,
                commands=(shlex.join(["kubectl", "get", "pods,endpointslices", "-n", namespace]),),
            )  # fmt: skip


_CHANGED: Final = "endpoints.kubernetes.io/last-change-trigger-time"
"""Annotation of an EndpointSlice; it has none once its last pod was deleted."""


def _is_of(endpoints: Object, service: Object) -> bool:
    same = endpoints["metadata"].get("namespace") == service["metadata"].get("namespace")
    return bool(same and labels_of(endpoints).get("kubernetes.io/service-name") == service["metadata"]["name"])


@finding("TR11")
def autoscaler_without_metrics(snapshot: Snapshot) -> Iterator[Finding]:
    """An autoscaler that gets no metrics: the metrics API does not answer, or the pods have no requests."""
    for autoscaler in snapshot.of_kind("HorizontalPodAutoscaler"):
        active = status.condition(autoscaler, "ScalingActive")
        since = str(active.get("lastTransitionTime") or "")
        if active.get("status") != "False" or active.get("reason") == "ScalingDisabled":
            continue
        if not snapshot.older(since, _METRICS_PATIENCE):
            continue
        message = str(active.get("message") or "")
        if webhooks.is_untrusted(message):
            continue  # CL05
        unclear = False
        if "missing request" in message:
            title, remedy = (
                "the pods request nothing that it could measure by",
                "Give every container a request for it.",
            )
        elif "unable to fetch metrics" in message or "could not find the requested resource" in message:
            title, remedy = "the metrics API does not answer", "Have metrics-server installed or fixed."
        else:
            title, remedy, unclear = "it gets no metrics", "Read its message.", True
        count = autoscaler.get("status", {}).get("currentReplicas", "?")
        yield Finding(
            "TR11", f"the autoscaler cannot scale: {title}", name_of(autoscaler),
            (
                Evidence(message, name_of(autoscaler), f"status.conditions[ScalingActive] {active.get('reason')}", since),
                Evidence(f"{count}, as it was", name_of(autoscaler), "status.currentReplicas"),
            ),
            (remedy,), heals="no", since=since, waits=unclear, urgent=False,
            commands=("kubectl get apiservice v1beta1.metrics.k8s.io",
                      snapshot.command("kubectl", "describe", "hpa", str(autoscaler["metadata"]["name"]))),
            avoid=("Don't scale the Deployment by hand and forget it: the autoscaler reverts that once it gets metrics.",),
        )  # fmt: skip


@finding("TR13")
def disruption_budget_blocks(snapshot: Snapshot) -> Iterator[Finding]:
    """A disruption budget that can never allow a disruption: every node drain waits for ever."""
    for budget in snapshot.of_kind("PodDisruptionBudget"):
        state = budget.get("status", {})
        expected, wanted = int(state.get("expectedPods") or 0), int(state.get("desiredHealthy") or 0)
        since = snapshot.since(budget)
        blocks = expected and wanted >= expected and not int(state.get("disruptionsAllowed") or 0)
        if not blocks or not status.observed(budget) or not snapshot.older(since, _BUDGET_PATIENCE):
            continue
        spec = budget.get("spec", {})
        key = next((name for name in ("minAvailable", "maxUnavailable") if name in spec), "minAvailable")
        drained = [node for node in snapshot.beside("Node") if (node.get("spec") or {}).get("unschedulable")]
        yield Finding(
            "TR13", f"it allows no pod to be moved: {wanted} of {expected} have to stay", name_of(budget),
            (
                Evidence(f"{key} {spec.get(key)}", name_of(budget), "spec", since),
                Evidence(f"0, with {state.get('currentHealthy', 0)} of {expected} healthy", name_of(budget), "status.disruptionsAllowed"),
                *(Evidence("is cordoned, a drain would wait", name_of(node), "spec.unschedulable") for node in drained),
            ),
            ("Ask for fewer to stay than there are pods, or run more pods.",), heals="no", since=since,
            waits=True, urgent=False,
            commands=(snapshot.command("kubectl", "get", "pdb", str(budget["metadata"]["name"])),),
            avoid=("Don't force a drain past it while a pod is not ready.",),
        )  # fmt: skip
