"""The hand-off: the fewest rules that hold what a run needs, and in comments what an administrator decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from wizard.adapters.helm.documents import YamlDocuments
from wizard.adapters.kube.kinds import KINDS
from wizard.core.errors import Problem
from wizard.core.rules import handoff
from wizard.core.rules.facts import Namespace, SecretUse
from wizard.core.rules.handoff import Subject, Wanted
from wizard.core.target import Target
from wizard.engine.preflight.handoff import written

CANARY = "canary-of-a-secret"


def obj(kind: str, name: str, version: str = "v1", **fields: Any) -> dict[str, Any]:
    metadata = {"name": name, **fields.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **fields}


SERVED = tuple(resource for kind, resource in KINDS.items() if kind not in ("ServiceMonitor", "HTTPRoute"))
BASE = Wanted(
    Target("here", "shop", "rel"), Subject("User", "jane"), ("Chart a 1; answers: none",),
    (obj("ConfigMap", "rel"), obj("Secret", "rel-login", stringData={"password": CANARY})), SERVED, Namespace("shop", "active"),
    "Secret", False, frozenset(), (), True,
)  # fmt: skip


def text(**changes: Any) -> str:
    return written(handoff.documents(replace(BASE, **changes)), YamlDocuments())


def role(**changes: Any) -> list[dict[str, Any]]:
    """The rules of the Role."""
    (one,) = (one for one in yaml.safe_load_all(text(**changes)) if one["kind"] == "Role")
    return list(one["rules"])


def rules_on(resource: str, **changes: Any) -> list[tuple[list[str], list[str]]]:
    """(verbs, names) of each rule on a resource."""
    return [(one["verbs"], one.get("resourceNames", [])) for one in role(**changes) if one["resources"] == [resource]]


def test_what_can_be_limited_to_names_is_and_each_rule_says_why() -> None:
    assert rules_on("configmaps") == [(["create", "get", "list", "watch"], []), (["delete", "patch"], ["rel"])]
    assert rules_on("leases") == [(["create"], []), (["delete", "get", "update"], ["llm-cost-ops-wizard-rel"])]
    assert rules_on("secrets") == [
        (["create", "delete", "get", "list", "update", "watch"], []), (["patch"], ["rel-login"]),
    ], "a record's name has its revision in it"  # fmt: skip
    lines = text().split("\n")
    rules = [at for at, line in enumerate(lines) if line.startswith("  - apiGroups")]
    assert len(rules) == len(role())
    assert all(lines[at - 1].startswith("  # ") for at in rules)


def test_rules_are_sorted_and_no_two_say_the_same() -> None:
    found = [(one["apiGroups"][0], one["resources"][0], one.get("resourceNames", [])) for one in role()]
    assert found == sorted(found)
    assert len({str(one) for one in found}) == len(found)
    assert "*" not in str(role())


def test_it_holds_no_value_of_a_secret() -> None:
    assert CANARY not in text()


@pytest.mark.parametrize(
    "there",
    [
        obj("Job", "rel-1a2b", "batch/v1"),
        obj("ConfigMap", "h", metadata={"annotations": {"helm.sh/hook": "pre-install"}}),
    ],
)
def test_what_another_revision_may_name_otherwise_is_not_limited_to_names(there: dict[str, Any]) -> None:
    resource = KINDS[there["kind"]].plural
    ((verbs, names),) = rules_on(resource, objects=(there,))
    assert {"create", "delete", "patch"} <= set(verbs)
    assert names == []


def test_roles_of_the_chart_are_granted_rule_by_rule_and_bindings_of_others_by_name() -> None:
    rules = [{"apiGroups": ["batch"], "resources": ["jobs"], "verbs": ["create"]}, "no rule"]
    objects = (
        obj("Role", "runs", "rbac.authorization.k8s.io/v1", rules=rules),
        obj("RoleBinding", "runs", "rbac.authorization.k8s.io/v1", roleRef={"kind": "Role", "name": "runs"}),
        obj("RoleBinding", "sees", "rbac.authorization.k8s.io/v1", roleRef={"kind": "ClusterRole", "name": "view"}),
    )
    assert role(objects=objects)[-2:] == [
        rules[0],
        {"apiGroups": ["rbac.authorization.k8s.io"], "resources": ["clusterroles"], "resourceNames": ["view"], "verbs": ["bind"]},
    ]  # fmt: skip


def test_what_a_role_cannot_allow_is_named_and_not_granted() -> None:
    objects = (
        obj("ClusterRole", "all", "rbac.authorization.k8s.io/v1"), obj("ConfigMap", "far", metadata={"namespace": "other"}),
        obj("ServiceMonitor", "rel", "monitoring.coreos.com/v1"), obj("Widget", "w", "acme.test/v1"),
    )  # fmt: skip
    said = text(objects=objects)
    assert "#   ClusterRole/all (rbac.authorization.k8s.io/v1)\n#   ConfigMap/far (v1) in namespace other" in said
    assert "# ServiceMonitor (monitoring.coreos.com/v1): the Prometheus Operator" in said
    assert "# Widget (acme.test/v1): whatever serves acme.test" in said
    assert {"clusterroles", "servicemonitors"}.isdisjoint(str(role(objects=objects)).replace("'", " ").split())
    assert rules_on("configmaps", objects=objects) == [(["get"], ["kube-root-ca.crt"])]


POD = {"containers": [{"name": "a", "image": "a"}]}
WORKLOAD = obj("Deployment", "rel", "apps/v1", spec={"template": {"spec": POD}})


@pytest.mark.parametrize(
    ("namespace", "made", "says"),
    [
        (Namespace("shop", "active", pod_security=""), None, ""),
        (Namespace("shop", "active", pod_security="privileged"), None, ""),
        (Namespace("shop", "active", pod_security="restricted"), None, "enforces the Pod Security level restricted, and its pods pass baseline alone"),
        (Namespace("shop", "missing"), {"pod-security.kubernetes.io/enforce": "baseline"}, "The namespace is not there yet"),
        (None, {}, "cannot see whether the namespace is there"),
    ],
)  # fmt: skip
def test_the_namespace_is_made_only_where_it_may_be_missing(
    namespace: Namespace | None, made: dict[str, str] | None, says: str
) -> None:
    said = text(namespace=namespace, objects=(WORKLOAD,))
    found = [one for one in yaml.safe_load_all(said) if one["kind"] == "Namespace"]
    assert [one["metadata"].get("labels", {}) for one in found] == ([] if made is None else [made])
    assert says in said


def test_secrets_that_are_missing_are_commands_with_their_keys() -> None:
    uses = (
        SecretUse("login", ("user", "pass word"), "Deployment/rel"), SecretUse("tls", ("tls.crt", "tls.key"), "the Ingress"),
        SecretUse("pull", (), "Deployment/rel"),
    )  # fmt: skip
    said = text(secrets=uses)
    assert (
        "#   kubectl create secret generic login -n shop --from-file=user=FILE '--from-file=pass word=FILE'" not in said
    )
    assert "#   kubectl create secret generic login -n shop --from-file=user=FILE --from-file='pass word=FILE'" in said
    assert "#   kubectl create secret tls tls -n shop --cert=FILE --key=FILE" in said
    assert "#   kubectl create secret generic pull -n shop --from-file=KEY=FILE" in said
    assert "were not seen by this login" in text(secrets=uses, secrets_seen=False)


def test_reads_of_the_whole_cluster_are_there_as_a_comment_alone() -> None:
    said = text()
    assert "#   - apiGroups: [storage.k8s.io]\n#     resources: [storageclasses]" in said
    optional = "\n".join(line[2:] for line in said[said.index("# ---") :].split("\n") if line.startswith("# "))
    cluster_role, binding = yaml.safe_load_all(optional)
    assert (cluster_role["kind"], binding["kind"]) == ("ClusterRole", "ClusterRoleBinding")
    assert binding["roleRef"]["name"] == cluster_role["metadata"]["name"]
    assert {one["kind"] for one in yaml.safe_load_all(said)} == {"Role", "RoleBinding"}


@pytest.mark.parametrize(
    ("given", "subject"),
    [
        ("jane", {"apiGroup": handoff.RBAC, "kind": "User", "name": "jane"}),
        ("oidc:jane@acme.test", {"apiGroup": handoff.RBAC, "kind": "User", "name": "oidc:jane@acme.test"}),
        ("group:costs", {"apiGroup": handoff.RBAC, "kind": "Group", "name": "costs"}),
        ("system:serviceaccount:ci:deployer", {"kind": "ServiceAccount", "name": "deployer", "namespace": "ci"}),
    ],
)
def test_whom_the_binding_names(given: str, subject: dict[str, str]) -> None:
    assert handoff.subject(given).to_data() == subject


@pytest.mark.parametrize(
    "given", ["", "group:", "system:serviceaccount:", "system:serviceaccount:ci", "system:serviceaccount:a:b:c"]
)
def test_nobody_is_refused(given: str) -> None:
    with pytest.raises(Problem, match="names nobody"):
        handoff.subject(given)


def test_no_name_of_a_chart_or_person_can_add_a_line_to_the_file() -> None:
    evil = 'x\n---\nkind: ClusterRoleBinding\n"# '
    objects = (
        obj("ConfigMap", evil),
        obj(evil, evil, evil),
        WORKLOAD,
        obj("ClusterRole", evil, "rbac.authorization.k8s.io/v1"),
    )
    said = text(
        objects=objects, subject=Subject("User", evil), title=(evil,), secrets=(SecretUse(evil, (evil,), evil),),
        target=Target(evil, evil, evil),
    )  # fmt: skip
    found = list(yaml.safe_load_all(said))
    assert [one["kind"] for one in found] == ["Role", "RoleBinding"]
    assert found[1]["subjects"][0]["name"] == evil
