"""A02, A03, K04: kinds that only an operator serves, whether Prometheus reads what is made for it, Secrets that operators make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from wizard.core.kube.api import Resource
from wizard.core.kube.objects import Object, labels_of
from wizard.core.limits import map_of
from wizard.core.rules import manifests
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.checks.access import capped
from wizard.core.rules.facts import Namespace, Rendered, SyncedSecret
from wizard.core.scheduling.selectors import labels_match
from wizard.core.text.words import counted

_SERVED_BY: Final[Mapping[str, str]] = {
    "monitoring.coreos.com": "the Prometheus Operator", "cert-manager.io": "cert-manager", "gateway.networking.k8s.io": "the Gateway API's CRDs",
    "external-secrets.io": "the External Secrets Operator", "bitnami.com": "Sealed Secrets", "keda.sh": "KEDA", "traefik.io": "Traefik",
    "snapshot.storage.k8s.io": "the snapshot controller's CRDs", "autoscaling.k8s.io": "the Vertical Pod Autoscaler", "networking.istio.io": "Istio",
    "security.istio.io": "Istio", "argoproj.io": "Argo", "kyverno.io": "Kyverno", "cilium.io": "Cilium", "postgresql.cnpg.io": "CloudNativePG",
    "route.openshift.io": "OpenShift", "security.openshift.io": "OpenShift", "helm.toolkit.fluxcd.io": "Flux", "karpenter.sh": "Karpenter",
}  # fmt: skip
"""API group -> who brings its kinds."""


@check("A02", "kinds that are served", needs=("rendered", "served", "brought"), severity="B")
def kinds(facts: Facts) -> Outcome:
    """The API server serves every rendered kind in its version, or the release brings it."""
    rendered: Rendered = facts["rendered"]
    served: Sequence[Resource] = facts["served"]
    there = {(one.kind, one.api_version) for one in served}
    own = {
        (map_of(map_of(one, "spec"), "names").get("kind"), map_of(one, "spec").get("group"))
        for one in rendered.of("CustomResourceDefinition")
    }
    lines, steps = [], []
    for kind, api_version in rendered.kinds():
        group = api_version.rpartition("/")[0]
        if (kind, api_version) in there or (kind, group) in own or (group, kind) in facts["brought"]:
            continue
        others = sorted(one.api_version for one in served if one.kind == kind)
        by = _SERVED_BY.get(group, "")
        lines.append(
            f"{kind} of {api_version} is not served here"
            + (f", {', '.join(others)} is" if others else f": {by} is not installed" if by else "")
        )
        steps.append(
            f"Use a chart for {others[-1]}."
            if others
            else f"Have {by or 'what brings it'} installed, or turn off what needs it."
        )
    if lines:
        return Outcome("fail", capped(lines), steps[0])
    return Outcome("pass", (f"{counted(len(rendered.kinds()), 'kind')}, all served",))


@check("A03", "Prometheus reads it", needs=("rendered", "prometheuses", "namespace"), decides=False)
def selected(facts: Facts) -> Outcome:
    """A Prometheus of the cluster selects what is rendered for the Prometheus Operator, by its labels and its namespace."""
    rendered: Rendered = facts["rendered"]
    namespace: Namespace = facts["namespace"]
    readers: Sequence[Object] = facts["prometheuses"]
    if not readers:
        return Outcome("pass", ("no Prometheus of the Operator is here; another collector may read it",))
    lines: list[str] = []
    for kind, field in (("ServiceMonitor", "serviceMonitor"), ("PodMonitor", "podMonitor"), ("PrometheusRule", "rule")):
        for one in rendered.of(kind):
            if not any(_selects(reader, field, one, namespace) for reader in readers):
                wants = ", ".join(sorted({_wanted(reader, field) for reader in readers}))
                lines.append(f"{manifests.label(one)} is selected by no Prometheus; they want {wants}")
    if lines:
        return Outcome(
            "warn",
            capped(lines),
            "Give it the labels that are wanted (serviceMonitor.labels), or have its namespace selected.",
        )
    return Outcome("pass", ("a Prometheus selects it",))


def _selects(reader: Object, field: str, one: Object, namespace: Namespace) -> bool:
    """As the Operator does: no selector selects nothing, no namespace selector means the own namespace."""
    spec = map_of(reader, "spec")
    spaces = spec.get(f"{field}NamespaceSelector")
    here = str(one["metadata"].get("namespace") or namespace.name)
    if isinstance(spaces, Mapping):
        labels = {**(namespace.labels if here == namespace.name else {}), "kubernetes.io/metadata.name": here}
        if not labels_match(spaces, labels):
            return False
    elif reader["metadata"].get("namespace") != here:
        return False
    selector = spec.get(f"{field}Selector")
    return isinstance(selector, Mapping) and labels_match(selector, labels_of(one))


def _wanted(reader: Object, field: str) -> str:
    spec = map_of(reader, "spec")
    parts = [_shown(map_of(spec, f"{field}Selector"), "labels")]
    spaces = spec.get(f"{field}NamespaceSelector")
    parts.append(
        _shown(spaces, "namespaces with")
        if isinstance(spaces, Mapping)
        else f"namespace {reader['metadata'].get('namespace')}"
    )
    return " in ".join(filter(None, parts)) or "nothing"


def _shown(selector: Mapping[str, Any], what: str) -> str:
    exact = [f"{key}={value}" for key, value in map_of(selector, "matchLabels").items()]
    more = [str(one.get("key")) for one in selector.get("matchExpressions") or () if isinstance(one, Mapping)]
    return f"{what} {' '.join([*exact, *more])}" if exact or more else ""


@check("K04", "Secrets that are synced", needs=("synced_secrets",))
def synced(facts: Facts) -> Outcome:
    """What makes a Secret that the release needs, of a store outside or of a sealed one, has made it."""
    found: tuple[SyncedSecret, ...] = facts["synced_secrets"]
    waiting = [one for one in found if not one.ready]
    if waiting:
        lines = capped(
            f"{one.label} has not made Secret {one.secret}: {one.message or 'it says nothing yet'}" for one in waiting
        )
        kind, _, name = waiting[0].label.partition("/")
        return Outcome("warn", lines, f"See why: kubectl describe {kind.lower()} {name}")
    return Outcome(
        "pass", (f"{len(found)} of the Secrets are synced" if found else "no Secret of the release is synced",)
    )
