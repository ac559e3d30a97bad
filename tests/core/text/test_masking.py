"""What of an object may lie on a disk."""

from __future__ import annotations

from wizard.core.text import masking
from wizard.core.text.secrets import MASK


def test_variables_that_tell_a_secret_are_masked_wherever_containers_stand() -> None:
    told = [
        {"name": "DB_PASSWORD", "value": "canary"},
        {"name": "LOG_LEVEL", "value": "info"},
        {"name": "JWT_SECRET", "valueFrom": {"secretKeyRef": {"name": "app", "key": "jwt-secret"}}},
    ]
    pod = {"containers": [{"name": "app", "env": told}], "initContainers": [{"name": "password", "env": told[:1]}]}
    deployment = {"kind": "Deployment", "metadata": {"name": "api"}, "spec": {"template": {"spec": pod}}}

    kept = masking.kept(deployment)

    assert "canary" not in str(kept)
    found = kept["spec"]["template"]["spec"]["containers"][0]["env"]
    assert found == [{"name": "DB_PASSWORD", "value": MASK}, *told[1:]]
    assert kept["metadata"] == deployment["metadata"]


def test_what_kubectl_notes_of_an_object_is_masked_whole() -> None:
    applied = "kubectl.kubernetes.io/last-applied-configuration"
    obj = {"kind": "Pod", "metadata": {"name": "x", "annotations": {applied: '{"canary":1}', "team": "a"}}}
    assert masking.kept(obj)["metadata"]["annotations"] == {applied: MASK, "team": "a"}


def test_a_secret_is_kept_with_its_keys_and_without_its_values() -> None:
    obj = {"kind": "Secret", "metadata": {"name": "x"}, "data": {"password": "Y2FuYXJ5", "empty": ""}}
    assert masking.kept(obj)["data"] == {"password": MASK, "empty": ""}
