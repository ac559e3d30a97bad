"""The rights that a run uses in its namespace: one table for the checks that ask for them and the hand-off that grants them.

Pure. Verbs are RBAC's (kubernetes.io/docs/reference/access-authn-authz/authorization, "request verb attributes").
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from wizard.core.kube import lease
from wizard.core.kube.objects import Object
from wizard.core.rules import manifests
from wizard.core.rules.facts import READ_FOR_STATUS
from wizard.core.target import Target

INSTALL_VERBS: Final = ("get", "list", "watch", "create", "patch", "delete")
"""What helm does with every object in the course of install, upgrade, wait, roll back and uninstall."""
_BY_NAME: Final = frozenset({"patch", "delete"})
"""Verbs that are asked for the rendered names alone. Whoever may list a kind reads every object, so `get` is not."""
_RECORD_VERBS: Final = ("get", "list", "create", "update", "delete")
_RENAMED: Final = frozenset({"Job"})
"""Kinds whose objects cannot change and so often get another name with another content."""
_IDENTITY: Final = (manifests.AUTHORITIES,)
"""The ConfigMap that check W06 has helm get: Kubernetes puts it into every namespace."""


class NeededRight(NamedTuple):
    """One right in the namespace and what uses it; `names`: of these objects alone, () of all."""

    verb: str
    kind: str
    why: str
    subresource: str = ""
    names: tuple[str, ...] = ()
    api_version: str = ""
    """That of the rendered object; "" where Kubernetes has one kind of that name."""

    @property
    def noun(self) -> str:
        """The kind as a check shows it: "Pod/log"."""
        return self.kind + (f"/{self.subresource}" if self.subresource else "")


def of_objects(objects: Iterable[Object]) -> tuple[NeededRight, ...]:
    """What helm does with the objects that it sends."""
    kinds: dict[str, list[Object]] = {}
    for obj in objects:
        kinds.setdefault(str(obj["kind"]), []).append(obj)
    needed = []
    for kind, those in kinds.items():
        names, version = _names(those), str(those[0].get("apiVersion") or "")
        for verb in INSTALL_VERBS:
            if verb in _BY_NAME and names:
                needed.append(NeededRight(verb, kind, "helm upgrades and removes these", "", names, version))
            else:
                needed.append(NeededRight(verb, kind, "helm installs it and waits for it", api_version=version))
    return tuple(needed)


def _names(objects: Iterable[Object]) -> tuple[str, ...]:
    """Their names; () where another revision may have others: hooks, Jobs, generated names."""
    names = set[str]()
    for obj in objects:
        meta = obj["metadata"]
        if not meta.get("name") or obj["kind"] in _RENAMED or "helm.sh/hook" in (meta.get("annotations") or {}):
            return ()
        names.add(str(meta["name"]))
    return tuple(sorted(names))


def of_records(kind: str) -> tuple[NeededRight, ...]:
    """What helm does with its records, which are of that kind; a record's name has its revision in it."""
    return tuple(NeededRight(verb, kind, "helm keeps its revisions in it") for verb in _RECORD_VERBS)


def of_made_secrets() -> tuple[NeededRight, ...]:
    """What the run does with the Secrets that it makes before helm."""
    return (NeededRight("create", "Secret", "the run makes what the values name"),)


def of_status() -> tuple[NeededRight, ...]:
    """What status and diagnosis read."""
    return tuple(
        NeededRight(verb, kind, "status and diagnosis read it", subresource)
        for verb, kind, subresource in READ_FOR_STATUS
    )


def of_lease(target: Target) -> tuple[NeededRight, ...]:
    """What a run does with its Lease."""
    names = (lease.name(target.release),)
    return tuple(
        NeededRight(verb, "Lease", "warns wizards on other machines", names=() if verb == "create" else names)
        for verb in lease.VERBS
    )


def of_checks(objects: Iterable[Object], target: Target, databases: Collection[str]) -> Iterator[NeededRight]:
    """What the checks read or try beyond that in the namespace; `databases`: as of `manifests.data_claims`."""
    every = list(objects)
    yield NeededRight("list", "ResourceQuota", "check Q02 compares with the quota")
    yield NeededRight("list", "LimitRange", "checks Q03 and Q04 compare with the limits")
    yield NeededRight("list", "NetworkPolicy", "check Q09 looks for connections that are cut")
    yield NeededRight("list", "Service", "check W15 looks for the Services that are named")
    yield NeededRight("get", "ConfigMap", "check W06 knows the cluster by it", names=_IDENTITY)
    if any(manifests.pods(every)):
        yield NeededRight("create", "Pod", "check R08 tries each pod in a dry run")
    if not any(obj["kind"] == "ConfigMap" for obj in every):
        # With one, a dry run of a ConfigMap tells whether the namespace is there.
        yield NeededRight("get", "Namespace", "check R01 looks for it", names=(target.namespace,))
    if claims := sorted({claim for claim, _ in manifests.data_claims(every, databases)}):
        yield NeededRight("get", "PersistentVolumeClaim", "check N07 looks for data of before", names=tuple(claims))
    if named := sorted(manifests.config_maps_outside(every)):
        yield NeededRight("get", "ConfigMap", "check W20 looks for what pods name", names=tuple(named))
    issuers = sorted({name for obj in every for kind, name in manifests.issuers(obj) if kind == "Issuer"})
    if issuers:
        yield NeededRight("get", "Issuer", "check I09 asks whether it is ready", names=tuple(issuers))


class Grant(NamedTuple):
    """A rule that a person must hold to create a Role or RoleBinding of the chart: Kubernetes lets nobody grant more."""

    rule: Mapping[str, Any]
    why: str


def to_grant(objects: Iterable[Object]) -> Iterator[Grant]:
    """The rules of rendered Roles, and `bind` for what rendered RoleBindings refer to beside them.

    Who has all that a Role grants may bind it, and helm makes Roles before their bindings: see
    kubernetes.io/docs/reference/access-authn-authz/rbac, "privilege escalation prevention".
    """
    objects = tuple(objects)
    made = {(obj["kind"], obj["metadata"].get("name")) for obj in objects}
    for obj in objects:
        label = manifests.label(obj)
        if obj["kind"] == "Role":
            yield from (
                Grant(rule, f"{label} grants it") for rule in obj.get("rules") or () if isinstance(rule, Mapping)
            )
        elif obj["kind"] == "RoleBinding":
            reference = obj.get("roleRef") or {}
            if (reference.get("kind"), reference.get("name")) in made:
                continue
            resource = "clusterroles" if reference.get("kind") == "ClusterRole" else "roles"
            rule = {
                "apiGroups": ["rbac.authorization.k8s.io"], "resources": [resource],
                "resourceNames": [str(reference.get("name") or "")], "verbs": ["bind"],
            }  # fmt: skip
            yield Grant(rule, f"{label} binds it")


CLUSTER_READS: Final[tuple[tuple[str, str, str, str], ...]] = (
    ("list", "Node", "", "room on the nodes (C01, C04)"),
    ("list", "Pod", "", "what runs on the nodes, and the controllers (C01, C04, I02, I08)"),
    ("list", "StorageClass", "", "storage classes (S01, S02)"),
    ("list", "CSIDriver", "", "disk drivers (S03)"),
    ("list", "PersistentVolume", "", "volumes that are there (S05)"),
    ("list", "CSIStorageCapacity", "", "storage that is left (S05)"),
    ("list", "ValidatingWebhookConfiguration", "", "webhooks whose Service is gone (Q05)"),
    ("list", "MutatingWebhookConfiguration", "", "webhooks whose Service is gone (Q05)"),
    ("list", "EndpointSlice", "", "whether the Services of webhooks have pods (Q05)"),
    ("list", "Namespace", "", "namespaces that network policies select (Q09)"),
    ("list", "Service", "", "whether load balancers are made (I11)"),
    ("list", "IngressClass", "Ingress", "ingress classes (I01)"),
    ("list", "Ingress", "Ingress", "hosts that are taken (I05)"),
    ("list", "HTTPRoute", "HTTPRoute", "hosts that are taken (I05)"),
    ("get", "Gateway", "HTTPRoute", "whether it lets the route in (I13)"),
    ("get", "PersistentVolume", "", "whether data goes with its claim (uninstall)"),
    ("get", "APIService", "HorizontalPodAutoscaler", "whether load is measured (A01)"),
)
"""(verb, kind, the rendered kind that makes it matter or "", why) of what checks read outside of the namespace."""


def of_cluster(objects: Iterable[Object]) -> Iterator[NeededRight]:
    """What checks read outside of the namespace; without it those checks are unknown, and the run works."""
    every = list(objects)
    kinds = {str(obj["kind"]) for obj in every}
    for verb, kind, wanted, why in CLUSTER_READS:
        if not wanted or wanted in kinds:
            yield NeededRight(verb, kind, why)
    names = sorted({name for obj in every for kind, name in manifests.issuers(obj) if kind == "ClusterIssuer"})
    if names:
        yield NeededRight("get", "ClusterIssuer", "whether certificates will be issued (I09)", names=tuple(names))
