"""What differs, what it means, and what must never be shown: plans over plain objects."""

from __future__ import annotations

from typing import Any

import pytest

from wizard.core.helm import plan
from wizard.core.helm.plan import Field, ObjectPlan, Plan, Refusal
from wizard.core.kube import merge_patch
from wizard.core.text import masking
from wizard.core.text.secrets import Redactor, Secret


def deployment(image: str = "api:1", **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": "n"},
        "spec": {"template": {"spec": {"containers": [{"name": "api", "image": image, "env": [{"name": "A", "value": "1"}]}]}}, **spec},
    }  # fmt: skip


def test_a_field_is_named_by_its_place_and_has_both_sides() -> None:
    assert plan.fields(deployment(), deployment("api:2")) == (
        Field("spec.template.spec.containers[api].image", "api:1", "api:2"),
    )


def test_what_the_server_keeps_for_itself_is_no_change() -> None:
    after = deployment()
    after["metadata"] |= {
        "resourceVersion": "7", "generation": 2, "uid": "u", "annotations": {"deployment.kubernetes.io/revision": "3"},
    }  # fmt: skip
    assert plan.fields(deployment(), {**after, "status": {"replicas": 1}}) == ()


def test_items_of_a_list_are_told_apart_by_their_key_and_order_alone_is_said_once() -> None:
    def env(*names: str) -> dict[str, Any]:
        found = deployment()
        found["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": one, "value": one} for one in names]
        return found

    assert [one.path for one in plan.fields(env("A", "B"), env("A", "C", "B"))] == [
        "spec.template.spec.containers[api].env[C].name",
        "spec.template.spec.containers[api].env[C].value",
    ]
    assert plan.fields(env("A", "B"), env("B", "A")) == (
        Field("spec.template.spec.containers[api].env", ["A", "B"], ["B", "A"]),
    )


def test_keys_with_dots_stand_in_brackets() -> None:
    old, new = ({"kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a.conf": text}} for text in ("1", "2"))
    assert [one.path for one in plan.fields(old, new)] == ["data[a.conf]"]


def test_a_secrets_value_is_said_to_be_changed_and_never_shown() -> None:
    old, new = (
        masking.sealed({"kind": "Secret", "metadata": {"name": "s"}, "data": {"password": text, "same": "c2FtZQ=="}})
        for text in ("Y2FuYXJ5LW9uZQ==", "Y2FuYXJ5LXR3bw==")
    )
    assert plan.fields(old, new) == (Field("data.password", plan.HIDDEN, plan.HIDDEN),)
    assert "canary" not in str(old)


def test_string_data_and_data_of_the_same_text_are_the_same_secret() -> None:
    one = masking.sealed({"kind": "Secret", "data": {"k": "c2VjcmV0"}})
    other = masking.sealed({"kind": "Secret", "stringData": {"k": "secret"}})
    assert one == other


@pytest.mark.parametrize(
    ("kind", "spec", "path", "restart"),
    [
        ("Deployment", {"strategy": {"type": "RollingUpdate"}}, "image", "rolling"),
        ("Deployment", {"strategy": {"type": "Recreate"}}, "image", "recreate"),
        ("StatefulSet", {"updateStrategy": {"type": "OnDelete"}}, "image", "on-delete"),
        ("StatefulSet", {}, "image", "rolling"),
        ("Deployment", {}, "replicas", ""),
        ("CronJob", {}, "image", ""),
    ],
)
def test_pods_restart_when_their_template_changes_in_the_way_of_their_strategy(
    kind: str, spec: dict[str, Any], path: str, restart: str
) -> None:
    old = {**deployment(**spec), "kind": kind}
    new = {**deployment("api:2" if path == "image" else "api:1", **spec), "kind": kind}
    if path == "replicas":
        new["spec"]["replicas"] = 3
    found = plan.updated(new, old, new, (), "n")
    assert (found.change, found.restart) == ("changed", restart)


@pytest.mark.parametrize(
    ("wanted", "live", "differs"),
    [
        ({"resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}}}, {"resources": {"limits": {"cpu": "1", "memory": "1024Mi"}}}, False),
        ({"resources": {"limits": {"cpu": 1}}}, {"resources": {"limits": {"cpu": "1"}}}, False),
        ({"resources": {"limits": {"cpu": "2"}}}, {"resources": {"limits": {"cpu": "1"}}}, True),
        ({"hostNetwork": False, "env": [], "x": {}, "y": None}, {}, False),
        ({"env": [{"name": "A", "value": ""}]}, {"env": [{"name": "A"}]}, False),
        ({"replicas": 2}, {"replicas": 2, "progressDeadlineSeconds": 600}, False),
        ({"replicas": 2}, {"replicas": 5}, True),
        ({"env": [{"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}, True),
        ({"args": ["a", "b"]}, {"args": ["a", "c"]}, True),
        ({"enabled": True}, {"enabled": False}, True),
    ],
)  # fmt: skip
def test_drift_is_what_differs_from_the_manifest_and_not_what_the_server_filled_in(
    wanted: dict[str, Any], live: dict[str, Any], differs: bool
) -> None:
    sides = [{"kind": "X", "metadata": {"name": "x"}, "spec": one} for one in (wanted, live)]
    assert bool(plan.drift(*sides)) is differs


def test_drift_in_a_secret_is_named_and_not_shown() -> None:
    wanted, live = (
        masking.sealed({"kind": "Secret", "metadata": {"name": "s"}, "data": {"p": text}}) for text in ("YQ==", "Yg==")
    )
    assert plan.drift(wanted, live) == (Field("data.p", plan.HIDDEN, plan.HIDDEN),)


def test_an_object_of_someone_else_is_named_with_its_owner() -> None:
    def live(**notes: str) -> dict[str, Any]:
        labels = {"app.kubernetes.io/managed-by": "Helm"} if notes else {}
        return {"metadata": {"annotations": notes, "labels": labels}}

    mine = plan.with_owner({"metadata": {"name": "x"}}, "rel", "n")
    assert plan.foreign_owner(mine, "rel", "n") == ""
    assert "release other" in plan.foreign_owner(
        live(**{"meta.helm.sh/release-name": "other", "meta.helm.sh/release-namespace": "m"}), "rel", "n"
    )
    assert "not made by helm" in plan.foreign_owner(live(), "rel", "n")


def named(name: str, change: Any, **more: Any) -> ObjectPlan:
    return ObjectPlan("ConfigMap", name, "n", "v1", change, **more)


def whole(*objects: ObjectPlan, last: int = 1) -> Plan:
    return Plan("upgrade", "c", "n", "rel", 1, last, objects)


@pytest.mark.parametrize(
    ("after", "says"),
    [
        (whole(named("a", "changed")), ""),
        (whole(named("a", "changed"), last=2), "revision 2"),
        (whole(named("a", "refused")), "refused now"),
        (whole(named("a", "changed", fields=(Field("data.x", "1", "2"),))), "data.x"),
        (whole(named("a", "changed"), named("b", "created")), "ConfigMap/b: created now"),
        (whole(), "not there any more"),
    ],
)
def test_two_plans_of_the_same_answers_differ_in_sentences(after: Plan, says: str) -> None:
    found = plan.difference(whole(named("a", "changed")), after)
    assert (says in " ".join(found)) if says else not found
    assert (after.hash == whole(named("a", "changed")).hash) is (not says)


def test_a_changed_secret_says_who_goes_on_with_the_old_one() -> None:
    secret = ObjectPlan("Secret", "s", "n", "v1", "changed")
    user = ObjectPlan("Deployment", "api", "n", "apps/v1", "unchanged")
    users = {("Secret", "s"): ["Deployment/api"]}
    assert "Deployment/api" in plan.with_stale([secret, user], users)[0].note
    restarted = plan.with_stale(
        [secret, ObjectPlan("Deployment", "api", "n", "apps/v1", "changed", restart="rolling")], users
    )
    assert restarted[0].note == ""


def test_known_secrets_are_masked_wherever_they_stand() -> None:
    redact = Redactor((Secret("canary-canary"),))
    object_ = named(
        "a", "changed", fields=(Field("data.x", "is canary-canary", {"deep": ["canary-canary"]}),),
        refusals=(Refusal("", "no canary-canary"),), drift=(Field("y", "canary-canary", None),),
    )  # fmt: skip
    assert "canary" not in str(plan.redacted(whole(object_), redact).to_data())


def test_lists_are_unpacked_and_hooks_and_kept_objects_known() -> None:
    one = {"kind": "ConfigMap", "metadata": {"name": "a", "annotations": {"helm.sh/hook": "pre-upgrade, post-install"}}}
    assert plan.objects_of([{"kind": "ConfigMapList", "items": [one]}, None, "text"]) == (one,)
    assert plan.hook_events(one) == ("pre-upgrade", "post-install")
    assert plan.is_kept({"metadata": {"annotations": {"helm.sh/resource-policy": "Keep"}}})


# The patch of helm's client-side way


def test_an_object_that_is_as_its_manifest_says_gets_no_patch() -> None:
    live = deployment(replicas=1, revisionHistoryLimit=10)
    assert merge_patch.patch(deployment(), deployment(), live) == {}


def test_a_field_that_left_the_manifest_is_removed_and_a_strangers_field_stays() -> None:
    old, new, live = deployment(paused=True), deployment(), deployment(paused=True, minReadySeconds=5)
    assert merge_patch.patch(old, new, live) == {"spec": {"paused": None}}


def test_a_drifted_field_is_put_back() -> None:
    same = deployment(replicas=2)
    assert merge_patch.patch(same, same, deployment(replicas=7)) == {"spec": {"replicas": 2}}


def test_list_items_are_merged_by_key_and_removed_ones_deleted() -> None:
    old, new = deployment(), deployment()
    new["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "B", "value": "2"}]
    (container,) = merge_patch.patch(old, new, deployment())["spec"]["template"]["spec"]["containers"]
    assert container == {
        "name": "api",
        "env": [{"name": "B", "value": "2"}, {"$patch": "delete", "name": "A"}],
        "$setElementOrder/env": [{"name": "B"}],
    }


def test_a_changed_strategy_drops_what_the_old_one_had() -> None:
    live = deployment(strategy={"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}})
    found = merge_patch.patch(deployment(), deployment(strategy={"type": "Recreate"}), live)
    assert found == {"spec": {"strategy": {"type": "Recreate", "$retainKeys": ["type"]}}}


def test_a_kind_that_helm_does_not_know_gets_the_difference_of_the_manifests_alone() -> None:
    def monitor(interval: str, **more: Any) -> dict[str, Any]:
        return {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "ServiceMonitor",
            "spec": {"interval": interval, **more},
        }

    assert merge_patch.patch(monitor("1s"), monitor("1s"), monitor("9s")) == {}
    assert merge_patch.patch(monitor("1s", old=1), monitor("2s"), monitor("1s")) == {
        "spec": {"interval": "2s", "old": None}
    }
    assert merge_patch.is_builtin({"apiVersion": "v1"})
    assert not merge_patch.is_builtin({"apiVersion": "gateway.networking.k8s.io/v1"})


@pytest.mark.parametrize(
    ("kind", "where", "key"),
    [
        ("Deployment", ("spec", "template", "spec", "containers", "ports"), "containerPort"),
        ("Service", ("spec", "ports"), "port"),
        ("NetworkPolicy", ("spec", "ingress", "ports"), ""),
        ("ServiceAccount", ("imagePullSecrets",), "name"),
        ("Ingress", ("spec", "rules"), ""),
        ("Pod", ("metadata", "ownerReferences"), "uid"),
    ],
)
def test_lists_have_the_keys_that_kubernetes_gives_them(kind: str, where: tuple[str, ...], key: str) -> None:
    assert merge_patch.list_key(kind, where) == key
