"""What may be done about a finding: which is offered, what it needs, and exactly which objects it would send."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.core.kube.objects import BEGAN, NOW, condition, container, deployment, obj, pod, waiting
from wizard.core.kube.objects import ObjectEvent
from wizard.core.rules import fix as rules_fix
from wizard.core.rules.fix import Fix
from wizard.core.rules.fixes.volumes import unbound
from wizard.core.rules.ranking import diagnose
from wizard.core.rules.snapshot import Snapshot
from wizard.core.text.secrets import Secret

API = deployment("api")
SET = obj("ReplicaSet", "api-1", owner=API, spec={"replicas": 2}, status={"observedGeneration": 1})
DB = obj("StatefulSet", "db", spec={"replicas": 1}, status={"observedGeneration": 1})


def offered(
    *objects: dict[str, Any], around: tuple[dict[str, Any], ...] = (), seen: str = "", events: Any = ()
) -> tuple[Fix, ...]:
    """The fixes of everything that is found."""
    kept = {one["metadata"]["uid"]: one for one in (API, SET, *objects)}
    beside = {one["metadata"]["uid"]: one for one in around}
    snapshot = Snapshot(
        kept, tuple(events), NOW, around=beside, seen=frozenset(seen.split()), namespace="n", release="r", context="c"
    )
    return tuple(fix for one in diagnose(snapshot) for fix in rules_fix.offers(one, snapshot))


def names(secret: str, *keys: str) -> list[dict[str, Any]]:
    return [{"name": key.upper(), "valueFrom": {"secretKeyRef": {"name": secret, "key": key}}} for key in keys]


def refused(message: str, *keys: str, secret: str = "creds") -> dict[str, Any]:
    made = pod(container(waiting("CreateContainerConfigError", message)), owner=SET)
    made["spec"]["containers"][0]["env"] = names(secret, *keys)
    return made


def test_a_missing_secret_is_created_with_every_key_that_the_pods_name_and_with_our_label() -> None:
    (fix,) = offered(refused('secret "creds" not found', "password", "password-urlencoded", "api-token"), seen="Secret")

    assert fix.title == "create Secret creds"
    assert [(one.id, one.kind, one.choices) for one in fix.needs] == [
        ("password", "secret", ("generate", "file")), ("api-token", "secret", ("generate", "file")),
    ]  # fmt: skip
    (step,) = fix.steps({"password": Secret("a/b"), "api-token": Secret("t0ken")})
    assert (step.do, step.label) == ("create", "Secret/creds")
    assert {key: one.reveal() for key, one in step.secrets.items()} == {
        "password": "a/b", "password-urlencoded": "a%2Fb", "api-token": "t0ken",
    }  # fmt: skip
    assert step.manifest["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "llm-cost-ops-wizard"
    assert "a/b" not in repr(step) + str(fix.to_data())
    assert fix.command.startswith("kubectl create secret generic creds --from-file=api-token=FILE")
    assert fix.rights == (("create", "Secret"),)


def test_a_missing_key_is_added_and_one_that_belongs_to_a_key_there_comes_from_a_file_only() -> None:
    there = obj("Secret", "creds", data={"password": "********"})
    message = "couldn't find key password-urlencoded in Secret n/creds"
    (fix,) = offered(refused(message, "password", "password-urlencoded"), around=(there,), seen="Secret")

    assert [(one.id, one.choices) for one in fix.needs] == [("password-urlencoded", ("file",))]
    assert "the same as password" in fix.needs[0].title
    (step,) = fix.steps({"password-urlencoded": Secret("x y")})
    assert (step.do, step.body, step.uid) == ("patch", {}, there["metadata"]["uid"])
    assert {key: one.reveal() for key, one in step.secrets.items()} == {"password-urlencoded": "x%20y"}


@pytest.mark.parametrize(
    "message", ['configmap "creds" not found', "container has runAsNonRoot and image will run as root"]
)
def test_what_is_no_secret_is_not_offered(message: str) -> None:
    assert offered(refused(message, "password"), seen="Secret") == ()


def test_a_pull_secret_that_is_named_and_missing_is_created_as_a_login() -> None:
    broken = pod(container(waiting("ErrImagePull", "unexpected status: 401 Unauthorized")), owner=SET)
    assert offered(broken, seen="Secret") == (), "no login is named: nothing can be done in place"
    broken["spec"]["imagePullSecrets"] = [{"name": "regcred"}]
    assert offered(broken, around=(obj("Secret", "regcred"),), seen="Secret") == (), "it is there"

    (fix,) = offered(broken, seen="Secret")

    assert [(one.id, one.default) for one in fix.needs] == [
        ("registry", "registry.example"),
        ("username", ""),
        ("password", "file"),
    ]
    (step,) = fix.steps({"registry": "registry.example", "username": "u", "password": Secret("p")})
    login = json.loads(step.secrets[".dockerconfigjson"].reveal())
    assert login == {"auths": {"registry.example": {"username": "u", "password": "p", "auth": "dTpw"}}}
    assert step.manifest["type"] == "kubernetes.io/dockerconfigjson"


def claim(class_name: str | None, **rest: Any) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    spec |= {"storageClassName": class_name} if class_name else {}
    meta = {"labels": {"app": "db"}, "annotations": {"volume.kubernetes.io/x": "1", "mine": "2"}}
    return obj("PersistentVolumeClaim", "data-db-0", spec=spec, status={"phase": "Pending"}, metadata=meta, **rest)


def classes() -> tuple[dict[str, Any], ...]:
    usual = {"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}
    return obj("StorageClass", "slow"), obj("StorageClass", "standard", metadata=usual)


def about(one: dict[str, Any], reason: str, message: str) -> ObjectEvent:
    meta = one["metadata"]
    return ObjectEvent(meta["uid"], one["kind"], meta["name"], "Warning", reason, message, 3, BEGAN)


def test_a_pending_claim_of_a_class_that_is_not_there_is_made_anew_with_its_labels() -> None:
    broken = claim("gone")
    said = about(broken, "ProvisioningFailed", 'storageclass.storage.k8s.io "gone" not found')
    (fix,) = offered(DB, broken, around=classes(), seen="StorageClass", events=(said,))

    assert (fix.needs[0].choices, fix.needs[0].default) == (("slow", "standard"), "standard")
    (step,) = fix.steps({"class": "standard"})
    assert (step.do, step.uid) == ("recreate", broken["metadata"]["uid"])
    assert step.manifest["spec"] == {**broken["spec"], "storageClassName": "standard"}
    assert step.manifest["metadata"]["labels"] == {"app": "db"}
    assert step.manifest["metadata"]["annotations"] == {"mine": "2", "llm-cost-ops-wizard/made-anew": "storage-class"}


def test_a_claim_without_a_class_only_gets_one() -> None:
    broken = claim(None)
    said = about(broken, "FailedBinding", "no persistent volumes available for this claim and no storage class is set")
    (fix,) = offered(DB, broken, around=classes()[:1], seen="StorageClass", events=(said,))
    (step,) = fix.steps({"class": "slow"})
    assert (step.do, step.body) == ("patch", {"spec": {"storageClassName": "slow"}})


@pytest.mark.parametrize(
    "change",
    [
        {"spec": {"volumeName": "pv-1"}}, {"status": {"phase": "Bound"}}, {"status": {"phase": "Lost"}},
        {"metadata": {"annotations": {"pv.kubernetes.io/bind-completed": "yes"}}}, {"metadata": {"deletionTimestamp": BEGAN}},
    ],
    ids=str,
)  # fmt: skip
def test_a_claim_that_has_or_had_a_volume_is_never_made_anew(change: dict[str, dict[str, Any]]) -> None:
    one = claim("gone")
    assert unbound(one)
    assert not unbound({**one, **{key: {**one[key], **value} for key, value in change.items()}})


def test_a_quota_is_raised_by_what_all_refused_pods_ask_for_and_their_controllers_try_again() -> None:
    message = (
        'pods "api-1-x" is forbidden: exceeded quota: small, requested: limits.memory=256Mi,pods=1, used: limits.memory=1Gi,pods=3, '
        "limited: limits.memory=1Gi,pods=3"
    )
    maker = {
        **SET,
        "apiVersion": "apps/v1",
        "status": {"conditions": [condition("ReplicaFailure", "True", message=message)]},
    }
    hard = {"pods": "3", "limits.memory": "1Gi", "services": "9"}
    quota = obj(
        "ResourceQuota",
        "small",
        spec={"hard": hard},
        status={"hard": hard, "used": {"pods": "3", "limits.memory": "1Gi"}},
    )
    (fix,) = offered(maker, around=(quota,), seen="ResourceQuota")

    assert {one.id: one.default for one in fix.needs} == {"limits.memory": "1536Mi", "pods": "5"}
    raised, again = fix.steps({"pods": "6", "limits.memory": "2Gi"})
    assert raised.body == {"spec": {"hard": {"limits.memory": "2Gi", "pods": "6"}}}
    assert raised.until == (("status", "hard"), {"limits.memory": "2Gi", "pods": "6"})
    assert again.label == "ReplicaSet/api-1"
    assert ("patch", "ResourceQuota") in fix.rights


def test_an_answer_that_is_missing_or_wrong_is_said() -> None:
    (fix,) = offered(refused('secret "creds" not found', "token"), seen="Secret")
    assert fix.problem({}) == "The value of token is missing."
    assert fix.problem({"token": Secret("")}) == "The value of token is empty."
    assert fix.problem({"token": Secret("x")}) == ""
