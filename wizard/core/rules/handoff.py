"""The hand-off: what an administrator applies so that a person with this namespace alone can run a release. Pure.

Objects with comments, in the order of the file: the namespace, a Role with the rights that the run needs and no others,
its binding; then, in comments, what the administrator decides: Secrets, kinds that are not served, objects of the whole cluster.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from wizard.core.errors import Problem
from wizard.core.kube import pod_security
from wizard.core.kube.api import Resource
from wizard.core.kube.objects import MANAGED_BY, WIZARD, Object
from wizard.core.rules import manifests, needed_rights
from wizard.core.rules.facts import Namespace, SecretUse
from wizard.core.rules.needed_rights import INSTALL_VERBS, Grant, NeededRight
from wizard.core.target import Target

RBAC: Final = "rbac.authorization.k8s.io"
_ACCOUNT: Final = "system:serviceaccount:"
_SERVED_BY: Final[Mapping[str, str]] = {
    "cert-manager.io": "cert-manager",
    "external-secrets.io": "the External Secrets Operator",
    "gateway.networking.k8s.io": "the Gateway API (its CRDs, and a controller)",
    "keda.sh": "KEDA",
    "monitoring.coreos.com": "the Prometheus Operator",
}
"""API group -> what a cluster serves it with."""


@dataclass(frozen=True)
class Subject:
    """Whom a binding names."""

    kind: Literal["User", "Group", "ServiceAccount"]
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        word = {"User": "user", "Group": "group", "ServiceAccount": "service account"}[self.kind]
        return f"{word} {self.namespace}/{self.name}" if self.namespace else f"{word} {self.name}"

    def to_data(self) -> dict[str, str]:
        """As RBAC names it."""
        if self.kind == "ServiceAccount":
            return {"kind": self.kind, "name": self.name, "namespace": self.namespace}
        return {"apiGroup": RBAC, "kind": self.kind, "name": self.name}


def subject(text: str) -> Subject:
    """The subject of a user name as the API server gives it, or of group:NAME.

    Raises:
        Problem: it names nobody.
    """
    if text.startswith(_ACCOUNT):
        namespace, _, name = text.removeprefix(_ACCOUNT).partition(":")
        if namespace and name and ":" not in name:
            return Subject("ServiceAccount", name, namespace)
    elif text.startswith("group:"):
        if name := text.removeprefix("group:"):
            return Subject("Group", name)
    elif text:
        return Subject("User", text)
    raise Problem(
        f'--for "{text}" names nobody.', "Write a user name, group:NAME, or system:serviceaccount:NAMESPACE:NAME."
    )


@dataclass(frozen=True)
class Wanted:
    """What the hand-off is made from."""

    target: Target
    subject: Subject
    title: tuple[str, ...]
    """Lines that say for which chart and answers it is."""
    objects: tuple[Object, ...] = field(repr=False)
    """The rendered objects; they may hold secrets, and nothing but names and rules of theirs is written."""
    resources: tuple[Resource, ...]
    """What the cluster serves."""
    namespace: Namespace | None
    """None when it was hidden."""
    record_kind: str | None
    """As of `listing.record_kind`."""
    makes_secrets: bool
    database_secrets: frozenset[str]
    """Those of them that hold the password of the bundled database."""
    secrets: tuple[SecretUse, ...]
    """Secrets that the run does not make and that are not there, or that were not seen."""
    secrets_seen: bool


class Document(NamedTuple):
    """One part of the file: comment lines, an object ({}: none) and a comment for each entry of it by path."""

    comment: tuple[str, ...]
    tree: Mapping[str, Any]
    notes: Mapping[str, str]
    is_optional: bool = False
    """Whether the object is in the file as a comment."""


def documents(wanted: Wanted) -> tuple[Document, ...]:
    """The parts of the file, in order."""
    parts = (
        _namespace(wanted), (_role(wanted),), (_binding(wanted),), _secrets(wanted), _not_served(wanted), _elsewhere(wanted),
        _cluster_reads(wanted),
    )  # fmt: skip
    return (Document(_head(wanted), {}, {}), *(document for part in parts for document in part))


def _head(wanted: Wanted) -> tuple[str, ...]:
    target, context = wanted.target, f" --context {shlex.quote(wanted.target.context)}" if wanted.target.context else ""
    return (
        f"What {wanted.subject} needs for release {target.release} in namespace {target.namespace}.",
        *wanted.title,
        "",
        "It grants what install, upgrade, status, rollback and uninstall of these objects need in this namespace, and",
        "nothing else; it holds no secret. Other answers may need other rights: then it is made again.",
        "",
        "An administrator reads it and applies it:",
        f"  kubectl{context} apply -f FILE",
        f"and {wanted.subject.name} tests it:",
        f"  kubectl auth can-i --list -n {target.namespace}",
        f"  llm-cost-ops-wizard check -n {target.namespace} --release {target.release}   # with the same answers",
    )


def _name(target: Target) -> str:
    return f"{WIZARD}-{target.release}"


def _meta(target: Target) -> dict[str, Any]:
    labels = {"app.kubernetes.io/instance": target.release, MANAGED_BY: WIZARD}
    return {"labels": labels, "name": _name(target), "namespace": target.namespace}


# The namespace


def _level(objects: Iterable[Object]) -> pod_security.Level:
    return pod_security.least(
        pod_security.level(template.spec, template.annotations) for template in manifests.templates(objects)
    )


def _namespace(wanted: Wanted) -> Iterator[Document]:
    name, found, level = wanted.target.namespace, wanted.namespace, _level(wanted.objects)
    say = f"kubectl label namespace {name} {pod_security.LABEL}={level}"
    tree: dict[str, Any] = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    if found is None:
        comment = (
            "This login cannot see whether the namespace is there; where it is, this changes nothing.",
            f"A new one is given the strictest Pod Security level that these pods pass with: {say}",
        )
        yield Document(comment, tree, {})
    elif found.state == "missing":
        tree["metadata"] = {"labels": {pod_security.LABEL: level}, "name": name}
        yield Document(("The namespace is not there yet.",), tree, {"metadata.labels": _why_level(level)})
    elif found.pod_security in pod_security.LEVELS and pod_security.LEVELS.index(
        found.pod_security
    ) < pod_security.LEVELS.index(level):
        comment = (
            f"Namespace {name} enforces the Pod Security level {found.pod_security}, and its pods pass {level} alone.",
            f"Either other values, or: {say} --overwrite",
        )
        yield Document(comment, {}, {})


def _why_level(level: pod_security.Level) -> str:
    return f"the strictest Pod Security level that the rendered pods pass is {level}"


# Role and binding


def _role(wanted: Wanted) -> Document:
    rights = [
        *needed_rights.of_objects(_inside(wanted)),
        *needed_rights.of_status(),
        *needed_rights.of_lease(wanted.target),
    ]
    rights += needed_rights.of_checks(wanted.objects, wanted.target, wanted.database_secrets)
    if wanted.record_kind:
        rights += needed_rights.of_records(wanted.record_kind)
    if wanted.makes_secrets:
        rights += needed_rights.of_made_secrets()
    made = list(_rules(rights, wanted.resources))
    made += _granted(needed_rights.to_grant(_inside(wanted)), [rule for rule, _ in made])
    tree = {
        "apiVersion": f"{RBAC}/v1", "kind": "Role", "metadata": _meta(wanted.target), "rules": [rule for rule, _ in made],
    }  # fmt: skip
    comment = ("The rights. A rule with resourceNames is for these objects alone.",)
    return Document(comment, tree, {f"rules[{number}]": why for number, (_, why) in enumerate(made)})


def _binding(wanted: Wanted) -> Document:
    tree = {
        "apiVersion": f"{RBAC}/v1", "kind": "RoleBinding", "metadata": _meta(wanted.target),
        "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": _name(wanted.target)}, "subjects": [wanted.subject.to_data()],
    }  # fmt: skip
    return Document((f"The Role is given to {wanted.subject}.",), tree, {})


def _rules(rights: Iterable[NeededRight], resources: Sequence[Resource]) -> Iterator[tuple[dict[str, Any], str]]:
    """The fewest rules that hold these rights and no others, sorted, each with its reasons."""
    by_noun: dict[tuple[str, str], dict[str, list[NeededRight]]] = {}
    for right in rights:
        if resource := _resource(right, resources):
            noun = resource.plural + (f"/{right.subresource}" if right.subresource else "")
            by_noun.setdefault((_group(resource.api_version), noun), {}).setdefault(right.verb, []).append(right)
    for (group, noun), verbs in sorted(by_noun.items()):
        by_names: dict[tuple[str, ...], list[str]] = {}
        for verb in sorted(verbs):
            by_names.setdefault(_names(verbs[verb]), []).append(verb)
        for names, those in sorted(by_names.items()):
            rule = {"apiGroups": [group], "resources": [noun], **({"resourceNames": list(names)} if names else {})}
            yield {**rule, "verbs": those}, _why(right for verb in those for right in verbs[verb])


def _names(rights: Sequence[NeededRight]) -> tuple[str, ...]:
    """The names that rights of one verb on one kind are for; () when one of them is for all."""
    if not all(right.names for right in rights):
        return ()
    return tuple(sorted({name for right in rights for name in right.names}))


def _why(rights: Iterable[NeededRight]) -> str:
    return "; ".join(dict.fromkeys(right.why for right in rights))


def _granted(grants: Iterable[Grant], held: Sequence[Mapping[str, Any]]) -> Iterator[tuple[dict[str, Any], str]]:
    """The rules to grant, without the verbs on one kind that the rules held already have for all its objects."""
    fields = ("apiGroups", "resources", "resourceNames", "verbs")
    for grant in grants:
        rule = {
            name: [str(word) for word in grant.rule[name]] for name in fields if isinstance(grant.rule.get(name), list)
        }
        had = {
            verb for other in held if "resourceNames" not in other and _nouns(other) == _nouns(rule) for verb in other["verbs"]
        }  # fmt: skip
        rule["verbs"] = [verb for verb in rule.get("verbs", ()) if verb not in had]
        if rule["verbs"]:
            yield rule, grant.why


def _nouns(rule: Mapping[str, Any]) -> tuple[Any, Any]:
    return rule.get("apiGroups"), rule.get("resources")


def _group(api_version: str) -> str:
    group, slash, _ = api_version.partition("/")
    return group if slash else ""


def _resource(right: NeededRight, resources: Sequence[Resource]) -> Resource | None:
    """The resource of its kind, of the same group where it is known; of several groups the core one, else the first."""
    kinds = [resource for resource in resources if resource.kind == right.kind]
    if right.api_version:
        kinds = [resource for resource in kinds if _group(resource.api_version) == _group(right.api_version)]
    return min(kinds, key=lambda resource: _group(resource.api_version) != "", default=None)


# What is left to the administrator


def _is_served(obj: Object, resources: Sequence[Resource]) -> bool:
    return any(one.kind == obj["kind"] and one.api_version == str(obj.get("apiVersion")) for one in resources)


def _is_inside(obj: Object, wanted: Wanted) -> bool:
    """Whether an object is of a kind with namespaces, and in that of the release."""
    kind = NeededRight("get", str(obj["kind"]), "", api_version=str(obj.get("apiVersion") or ""))
    resource = _resource(kind, wanted.resources)
    return bool(resource and resource.namespaced) and _space(obj, wanted) == wanted.target.namespace


def _space(obj: Object, wanted: Wanted) -> str:
    return str(obj["metadata"].get("namespace") or wanted.target.namespace)


def _inside(wanted: Wanted) -> list[Object]:
    return [obj for obj in wanted.objects if _is_inside(obj, wanted)]


def _secrets(wanted: Wanted) -> Iterator[Document]:
    if not wanted.secrets:
        return
    state = "are not there" if wanted.secrets_seen else "were not seen by this login; those that are missing are made"
    lines = [f"Secrets that the answers name and that {state}. Values come from files:"]
    for use in sorted(wanted.secrets, key=lambda use: use.name):
        lines += [f"{use.used_by} needs it:", f"  {secret_command(use, wanted.target.namespace)}"]
    yield Document(tuple(lines), {}, {})


def secret_command(use: SecretUse, namespace: str) -> str:
    """The kubectl command that makes a Secret with these keys from files; FILE stands for each of them."""
    name, where = shlex.quote(use.name), f"-n {shlex.quote(namespace)}"
    if set(use.keys) == {"tls.crt", "tls.key"}:
        return f"kubectl create secret tls {name} {where} --cert=FILE --key=FILE"
    keys = " ".join(f"--from-file={shlex.quote(f'{key}=FILE')}" for key in use.keys)
    return f"kubectl create secret generic {name} {where} {keys or '--from-file=KEY=FILE'}"


def _not_served(wanted: Wanted) -> Iterator[Document]:
    kinds = sorted(
        {
            (str(obj.get("apiVersion")), str(obj["kind"]))
            for obj in wanted.objects
            if not _is_served(obj, wanted.resources)
        }
    )
    if kinds:
        lines = [
            f"{kind} ({version}): {_SERVED_BY.get(_group(version), f'whatever serves {_group(version) or version}')}"
            for version, kind in kinds
        ]
        yield Document(("Kinds that the cluster does not serve, and what installs them:", *lines), {}, {})


def _elsewhere(wanted: Wanted) -> Iterator[Document]:
    served = [obj for obj in wanted.objects if _is_served(obj, wanted.resources) and not _is_inside(obj, wanted)]
    if served:
        lines = sorted(f"  {manifests.label(obj)} ({obj.get('apiVersion')}){_where(obj)}" for obj in served)
        yield Document(
            (
                "The chart makes these outside of the namespace. The Role cannot allow that: an administrator installs the",
                f"release, grants {', '.join(INSTALL_VERBS)} on them, or a value leaves them out.",
                *lines,
            ),
            {}, {},
        )  # fmt: skip


def _where(obj: Object) -> str:
    space = obj["metadata"].get("namespace")
    return f" in namespace {space}" if space else ""


def _cluster_reads(wanted: Wanted) -> Iterator[Document]:
    made = list(_rules(needed_rights.of_cluster(wanted.objects), wanted.resources))
    name = f"{_name(wanted.target)}-{wanted.target.namespace}"
    meta = {"labels": _meta(wanted.target)["labels"], "name": name}
    role = {
        "apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": meta, "rules": [rule for rule, _ in made],
    }  # fmt: skip
    binding = {
        "apiVersion": f"{RBAC}/v1", "kind": "ClusterRoleBinding", "metadata": meta,
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": name}, "subjects": [wanted.subject.to_data()],
    }  # fmt: skip
    comment = (
        "Optional: reads of the whole cluster. Without them some checks are unknown, and the run works all the same.",
        'To grant them, take the first "# " away from each line below.',
    )
    yield Document(comment, role, {f"rules[{number}]": why for number, (_, why) in enumerate(made)}, is_optional=True)
    yield Document((), binding, {}, is_optional=True)
