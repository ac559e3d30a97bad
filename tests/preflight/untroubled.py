"""More set-ups with which nothing is wrong, though each has what a careless check would take for a fault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tests.preflight.doors import gateway, gateway_kinds, routed
from tests.preflight.foreign import definition
from tests.preflight.postings import hook, policy, webhook
from tests.preflight.setups import (
    IMAGE,
    Object,
    Setup,
    chart,
    container,
    deployment,
    deployment_chart,
    ingress,
    limits,
    obj,
    pod,
    quota,
    tls_pair,
    tls_secret,
)

_RBAC: Final = "rbac.authorization.k8s.io/v1"
_ADMISSION: Final = "admissionregistration.k8s.io/v1"


def _service(**spec: Any) -> Object:
    return obj(
        "Service", "web", spec={"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}], **spec}
    )


def _open(name: str = "http") -> Object:
    return container(ports=[{"name": name, "containerPort": 8080}])


def _theirs() -> Mapping[str, str]:
    role = obj("Role", "web", _RBAC, rules=[{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list"]}])
    to = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "web"}
    bound = obj("RoleBinding", "web", _RBAC, roleRef=to, subjects=[{"kind": "ServiceAccount", "name": "web"}])
    made = deployment(pod(_open(), serviceAccountName="web"), replicas=2)
    return chart(
        obj("ServiceAccount", "web"),
        role,
        bound,
        made,
        _service(),
        ingress("web", "__NS__.example.org", namespace="__NS__"),
    )


def _disk() -> tuple[Object, ...]:
    rule = {"key": "kubernetes.io/hostname", "operator": "Exists"}
    size = {"storage": "100Gi"}
    volume = obj("PersistentVolume", "__NS__-disk", spec={
        "capacity": size, "accessModes": ["ReadWriteOnce"], "storageClassName": "__NS__-hand", "hostPath": {"path": "/srv/x"},
        "claimRef": {"namespace": "__NS__", "name": "own-data"}, "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}},
    })  # fmt: skip
    claim = obj("PersistentVolumeClaim", "own-data", spec={
        "accessModes": ["ReadWriteOnce"], "storageClassName": "__NS__-hand", "volumeName": "__NS__-disk", "resources": {"requests": size},
    })  # fmt: skip
    return volume, claim


def _lets_out() -> tuple[Object, ...]:
    closed = obj("NetworkPolicy", "closed", "networking.k8s.io/v1", spec={"podSelector": {}, "policyTypes": ["Egress"]})
    dns = {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    inside: Object = {"to": [{"podSelector": {}}]}
    way = obj(
        "NetworkPolicy",
        "inside",
        "networking.k8s.io/v1",
        spec={"podSelector": {}, "policyTypes": ["Egress"], "egress": [dns, inside]},
    )
    return closed, way


def _hooks() -> Mapping[str, str]:
    notes = {"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-weight": "-5"}
    account = obj("ServiceAccount", "migrate", metadata={"annotations": notes})
    settings = obj("ConfigMap", "settings", metadata={"annotations": notes}, data={"URL": "x"})
    one = container(envFrom=[{"configMapRef": {"name": "settings"}}])
    return chart(
        deployment(pod()), account, settings, hook("pre-install,pre-upgrade", one, serviceAccountName="migrate")
    )


def _after_hook() -> Mapping[str, str]:
    one = container(envFrom=[{"configMapRef": {"name": "settings"}}])
    return chart(
        deployment(pod()), obj("ServiceAccount", "late"), obj("ConfigMap", "settings", data={"URL": "x"}),
        hook("post-install,post-upgrade", one, serviceAccountName="late"),
    )  # fmt: skip


def _elsewhere() -> tuple[Object, ...]:
    there = webhook("ValidatingWebhookConfiguration", "*", "*", "__NS__-away")
    there[1]["webhooks"][0]["namespaceSelector"] = {"matchLabels": {"kubernetes.io/metadata.name": "__NS__-none"}}
    return there


def _lenient() -> tuple[Object, ...]:
    there = webhook("MutatingWebhookConfiguration", "pods", "", "__NS__-lenient")
    there[1]["webhooks"][0]["failurePolicy"] = "Ignore"
    return there


def _marked() -> tuple[Object, ...]:
    there = webhook("MutatingWebhookConfiguration", "pods", "", "__NS__-marked")
    there[1]["webhooks"][0]["objectSelector"] = {"matchLabels": {"inject": "yes"}}
    return there


_AFFINITY: Final = {
    "podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [
        {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "topology.kubernetes.io/region"},
    ]},
    "podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
        {"weight": 100, "podAffinityTerm": {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}},
    ]},
}  # fmt: skip
_FILE: Final = """\
# Ours: one size for both.
redis:
  master:
    resources: &small
      requests: {cpu: 50m, memory: 64Mi}
      limits: {cpu: "1", memory: 256Mi}
grafana:
  resources: *small
podAnnotations:
  example.com/owner: "on: call"
extraEnv:
  - name: PORTS
    value: "08080"
"""

UNTROUBLED: Final[Mapping[str, Setup]] = {
    "a file with anchors": Setup(file=_FILE),
    "their chart with account, role, Service and Ingress": Setup(chart=_theirs()),
    "their chart by the administrator of a namespace": Setup(chart=_theirs(), user="namespace-only"),
    "a runtime class that is there": Setup(
        (obj("RuntimeClass", "__NS__-box", "node.k8s.io/v1", handler="runsc", overhead={"podFixed": {"memory": "64Mi"}}),),
        values={"runtimeClassName": "__NS__-box"}, wait=1.0,
    ),
    "a policy that is kept": Setup(
        policy("__NS__-owner", "apps", "deployments", "object.metadata.labels['owner'] == 'us'"),
        values={"global.commonLabels": {"owner": "us"}}, wait=5.0,
    ),
    "a webhook of another namespace that is away": Setup(_elsewhere(), wait=2.0),
    "an injector that is away and may be": Setup(_lenient(), wait=2.0),
    "an injector of pods with a label that is away": Setup(_marked(), wait=2.0),
    "a claim of ours with a volume made by hand": Setup(
        _disk(), values={"postgresql.primary.persistence.existingClaim": "own-data"}, wait=4.0
    ),
    "a namespace that lets out to itself and DNS": Setup(_lets_out()),
    "a quota of limits that a limit range gives": Setup(
        (quota("team", limits__cpu="8", limits__memory="8Gi", requests__cpu="4", requests__memory="4Gi"),
         limits("usual", default={"cpu": "200m", "memory": "128Mi"}, defaultRequest={"cpu": "50m", "memory": "64Mi"})),
        chart=deployment_chart(f"image: {IMAGE}"), wait=1.0,
    ),
    "a quota of another priority": Setup((obj("ResourceQuota", "gold", spec={
        "hard": {"pods": "0"}, "scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In", "values": ["gold"]}]},
    }),)),
    "a Gateway that lets everybody in": Setup(
        (*gateway_kinds(), gateway(allowedRoutes={"namespaces": {"from": "All"}}, hostname="*.example.org")), values=routed()
    ),
    "a Gateway that lets a labelled namespace in": Setup(
        (*gateway_kinds(), gateway(allowedRoutes={"namespaces": {"from": "Selector", "selector": {"matchLabels": {"edge": "yes"}}}})),
        labels={"edge": "yes"}, values=routed(),
    ),
    "a chart that brings its kind": Setup(chart=chart(
        deployment(pod()), obj("Widget", "one", "__NS__.example.com/v1", spec={"size": 1}),
        crds__widget__yaml=definition("__NS__.example.com", "v1"),
    )),
    "a hook before the install with all that it needs": Setup(chart=_hooks()),
    "a hook after the install with an account of the release": Setup(chart=_after_hook()),
    "settings that may be missing": Setup(values={
        "extraEnvFrom": [{"configMapRef": {"name": "own-settings", "optional": True}}, {"secretRef": {"name": "own-secret", "optional": True}}],
        "extraVolumes": [{"name": "own", "configMap": {"name": "own-files", "optional": True}}],
        "extraVolumeMounts": [{"name": "own", "mountPath": "/own"}],
    }),
    "a host of two names below each other": Setup(
        (tls_secret(tls_pair("api.eu.example.org", "*.example.org"), named="deep-tls"),),
        {"host": "api.eu.example.org", "tls.secret": "deep-tls"},
    ),
    "another path of the same host": Setup(
        (ingress("docs", "__NS__.example.org", "/docs"),), values={"ingress.hosts": [{"host": "__NS__.example.org", "paths": [{"path": "/api", "pathType": "Prefix"}]}]}
    ),
    "a node port that is free": Setup(values={"service.type": "NodePort", "service.nodePort": 31999}),
    "pods in one region and preferably apart": Setup(chart=chart(deployment(pod(_open(), affinity=_AFFINITY), replicas=3), _service())),
    "a Service without pods for an address outside": Setup(chart=chart(
        deployment(pod(container(env=[{"name": "DB_URL", "value": "postgres://db.__NS__.svc:5432/x"}]))),
        obj("Service", "db", spec={"type": "ExternalName", "externalName": "db.example.com"}),
    )),
    "a Service whose endpoints are written by hand": Setup(chart=chart(
        deployment(pod()), obj("Service", "legacy", spec={"ports": [{"port": 5432}]}),
        obj("EndpointSlice", "legacy-1", "discovery.k8s.io/v1", metadata={"labels": {"kubernetes.io/service-name": "legacy"}},
            addressType="IPv4", ports=[{"port": 5432}], endpoints=[{"addresses": ["192.0.2.7"]}]),
    )),
    "a quota of what pods need not name": Setup(
        (obj("ResourceQuota", "disk", spec={"hard": {"limits.ephemeral-storage": "20Gi"}}),), chart=chart(deployment(pod()))
    ),
    "an object of another namespace": Setup(
        (obj("ConfigMap", "there", metadata={"namespace": "__NS__-other"}),),
        chart=chart(deployment(pod()), obj("ConfigMap", "dashboards", metadata={"namespace": "__NS__-other"})),
    ),
}  # fmt: skip
