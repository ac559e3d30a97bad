"""The kinds that the chart and the checks use, so that the first call needs no discovery."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote

from wizard.core.kube.api import Resource

_TABLE: Final = """
v1 Namespace namespaces cluster
v1 Node nodes cluster
v1 PersistentVolume persistentvolumes cluster
v1 ConfigMap configmaps
v1 Endpoints endpoints
v1 Event events
v1 LimitRange limitranges
v1 PersistentVolumeClaim persistentvolumeclaims
v1 Pod pods
v1 ResourceQuota resourcequotas
v1 Secret secrets
v1 Service services
v1 ServiceAccount serviceaccounts
apps/v1 ControllerRevision controllerrevisions
apps/v1 DaemonSet daemonsets
apps/v1 Deployment deployments
apps/v1 ReplicaSet replicasets
apps/v1 StatefulSet statefulsets
autoscaling/v2 HorizontalPodAutoscaler horizontalpodautoscalers
batch/v1 CronJob cronjobs
batch/v1 Job jobs
coordination.k8s.io/v1 Lease leases
discovery.k8s.io/v1 EndpointSlice endpointslices
networking.k8s.io/v1 Ingress ingresses
networking.k8s.io/v1 IngressClass ingressclasses cluster
networking.k8s.io/v1 NetworkPolicy networkpolicies
policy/v1 PodDisruptionBudget poddisruptionbudgets
rbac.authorization.k8s.io/v1 ClusterRole clusterroles cluster
rbac.authorization.k8s.io/v1 ClusterRoleBinding clusterrolebindings cluster
rbac.authorization.k8s.io/v1 Role roles
rbac.authorization.k8s.io/v1 RoleBinding rolebindings
scheduling.k8s.io/v1 PriorityClass priorityclasses cluster
storage.k8s.io/v1 CSIDriver csidrivers cluster
storage.k8s.io/v1 CSIStorageCapacity csistoragecapacities
storage.k8s.io/v1 StorageClass storageclasses cluster
apiextensions.k8s.io/v1 CustomResourceDefinition customresourcedefinitions cluster
apiregistration.k8s.io/v1 APIService apiservices cluster
admissionregistration.k8s.io/v1 MutatingWebhookConfiguration mutatingwebhookconfigurations cluster
admissionregistration.k8s.io/v1 ValidatingWebhookConfiguration validatingwebhookconfigurations cluster
authentication.k8s.io/v1 SelfSubjectReview selfsubjectreviews cluster
authorization.k8s.io/v1 SelfSubjectAccessReview selfsubjectaccessreviews cluster
authorization.k8s.io/v1 SelfSubjectRulesReview selfsubjectrulesreviews cluster
cert-manager.io/v1 Certificate certificates
cert-manager.io/v1 CertificateRequest certificaterequests
cert-manager.io/v1 ClusterIssuer clusterissuers cluster
cert-manager.io/v1 Issuer issuers
gateway.networking.k8s.io/v1 Gateway gateways
gateway.networking.k8s.io/v1 HTTPRoute httproutes
monitoring.coreos.com/v1 PodMonitor podmonitors
monitoring.coreos.com/v1 Prometheus prometheuses
monitoring.coreos.com/v1 PrometheusRule prometheusrules
monitoring.coreos.com/v1 ServiceMonitor servicemonitors
"""


def _read(table: str) -> dict[str, Resource]:
    resources = {}
    for line in table.strip().splitlines():
        api_version, kind, plural, *scope = line.split()
        resources[kind] = Resource(api_version, kind, plural, not scope)
    return resources


KINDS: Final[Mapping[str, Resource]] = _read(_TABLE)
"""Kind -> resource."""


def known(kind: str, api_version: str = "") -> Resource | None:
    """The resource of a kind if the table has it in that version; None for other versions, which need discovery."""
    resource = KINDS.get(kind)
    return resource if resource and api_version in ("", resource.api_version) else None


def aggregated(answer: Mapping[str, Any]) -> Iterator[Resource]:
    """The kinds of one aggregated discovery answer."""
    for group in answer.get("items") or ():
        name = (group.get("metadata") or {}).get("name", "")
        for version in group.get("versions") or ():
            api_version = f"{name}/{version['version']}" if name else str(version["version"])
            for resource in version.get("resources") or ():
                if kind := (resource.get("responseKind") or {}).get("kind"):
                    yield Resource(
                        api_version, str(kind), str(resource["resource"]), resource.get("scope") == "Namespaced"
                    )


def versions(answer: Mapping[str, Any]) -> Iterator[str]:
    """The versions that /api or /apis of a server older than 1.26 lists: "v1", "apps/v1"."""
    yield from map(str, answer.get("versions") or ())
    for group in answer.get("groups") or ():
        for version in group.get("versions") or ():
            yield str(version["groupVersion"])


def listed(api_version: str, answer: Mapping[str, Any]) -> Iterator[Resource]:
    """The kinds of one version of such a server, without subresources (pods/log)."""
    for resource in answer.get("resources") or ():
        if resource.get("kind") and "/" not in resource["name"]:
            yield Resource(api_version, str(resource["kind"]), str(resource["name"]), bool(resource.get("namespaced")))


def path(resource: Resource, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """The path below the server's address; a namespace is left out for kinds that have none."""
    root = "/api" if "/" not in resource.api_version else "/apis"
    parts = [root, resource.api_version]
    if resource.namespaced and namespace:
        parts += ["namespaces", quote(namespace, safe="")]
    parts += [part for part in (resource.plural, quote(name, safe=""), subresource) if part]
    return "/".join(parts)


def permission(verb: str, resource: Resource, namespace: str = "", subresource: str = "") -> str:
    """The right in words: "list secrets in namespace x", "create deployments.apps"."""
    group, slash, _ = resource.api_version.partition("/")
    noun = resource.plural + (f"/{subresource}" if subresource else "") + (f".{group}" if slash else "")
    if not resource.namespaced:
        return f"{verb} {noun}"
    return f"{verb} {noun} in namespace {namespace}" if namespace else f"{verb} {noun} in all namespaces"
