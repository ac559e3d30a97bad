"""What of an object may lie on a disk."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.core.errors import Problem
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


KEYS = st.sampled_from(["password", "name", "value", "replicas", "token", "url", "args"])
TREES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "x", "hunter2hunter2", "DB_PASSWORD", "--password", "postgres://u:pw@h/d"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(TREES)
def test_a_masked_tree_that_was_not_changed_is_the_original(tree: Any) -> None:
    assert masking.unmasked(masking.masked_values(tree), tree) == tree


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.dictionaries(KEYS, TREES, max_size=3), st.dictionaries(KEYS, TREES, max_size=3))
def test_no_secret_comes_in_that_was_not_there(edited: Any, original: Any) -> None:
    try:
        tree = masking.unmasked(edited, original)
    except Problem:
        return
    there = {"", *masking._secret_leaves(original, ())}  # an empty text is no secret
    assert set(masking._secret_leaves(tree, ())) <= there


@pytest.mark.parametrize(
    ("edited", "original"),
    [
        ({"password": "new"}, {"password": "old"}),
        ({"password": "new"}, {}),
        ({"args": [{"name": "API_TOKEN", "value": "abcdefgh"}]}, {"args": []}),
        ({"moved": MASK}, {"password": "old"}),
    ],
)
def test_a_secret_that_is_put_in_or_moved_is_refused(edited: Any, original: Any) -> None:
    with pytest.raises(Problem, match="would hold a secret"):
        masking.unmasked(edited, original)
