"""Values follow Helm's rules: merge, minus, paths and --set."""

from __future__ import annotations

from typing import Any

import pytest

from wizard.core.errors import Problem
from wizard.core.helm import values
from wizard.core.helm.values import DELETE, ValueEdit


@pytest.mark.parametrize(
    ("base", "over", "merged"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": {"b": 1}}, {"a": None}, {}),
        ({"a": 1}, {"a": {"b": None, "c": 2}}, {"a": {"b": None, "c": 2}}),
        ({"a": {"b": 1}}, {"a": {"b": None, "c": None}}, {"a": {"c": None}}),
        ({}, {"a": {"b": 1}}, {"a": {"b": 1}}),
    ],
)
def test_maps_merge_lists_replace_and_null_deletes_what_is_there(base: Any, over: Any, merged: Any) -> None:
    assert values.merge(base, over) == merged


@pytest.mark.parametrize(
    ("tree", "defaults"),
    [
        ({"a": {"b": 1, "c": 2}, "d": [1]}, {"a": {"b": 1, "c": 3}, "d": [2], "e": 5}),
        ({"a": {}}, {"a": {"b": 1}}),
        ({"a": True}, {"a": 1}),
        ({"a": "x"}, {"a": {"b": 1}}),
        ({"a": {"n": 0}}, {"a": {"n": False}}),
    ],
)
def test_what_is_written_gives_the_tree_back_when_merged_with_the_defaults(tree: Any, defaults: Any) -> None:
    assert repr(values.merge(defaults, values.minus(tree, defaults))) == repr(tree)


def test_equal_values_are_not_written() -> None:
    assert values.minus({"a": {"b": 1}, "c": [1]}, {"a": {"b": 1}, "c": [1]}) == {}


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a", ("a",)),
        ("ingress.hosts[0].host", ("ingress", "hosts", 0, "host")),
        (r"annotations.cert-manager\.io/issuer", ("annotations", "cert-manager.io/issuer")),
        ("a[0][1]", ("a", 0, 1)),
        (r"a\\.b", ("a\\", "b")),
        (r"a\[0\].b", ("a[0]", "b")),
    ],
)
def test_a_path_reads_as_helm_writes_it(text: str, path: values.Path) -> None:
    assert values.path_of(text) == path
    assert values.dotted(path) == text


@pytest.mark.parametrize("text", ["", "a..b", "[0]", "a[x]", "a[", "a.", ".a", "a[0]b", "a.[0]", "a\\"])
def test_a_wrong_path_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(Problem, match="not a value path"):
        values.path_of(text)


def test_edits_make_what_is_missing_and_leave_the_rest() -> None:
    before = {"a": {"b": 1}, "list": [{"x": 1}]}
    lines = [
        ValueEdit(("a", "c"), 2),
        ValueEdit(("list", 0, "y"), 3),
        ValueEdit(("list", 1, "x"), 4),
        ValueEdit(("a", "b"), DELETE),
        ValueEdit(("n", "m"), DELETE),
    ]
    assert values.apply_edits(before, lines) == {"a": {"c": 2}, "list": [{"x": 1, "y": 3}, {"x": 4}]}
    assert before == {"a": {"b": 1}, "list": [{"x": 1}]}


def test_secrets_in_values_are_found_and_changeme_is_none() -> None:
    tree = {"jwt": {"secret": "s"}, "grafana": {"adminPassword": "changeme"}, "redis": {"auth": {"password": ""}}}
    assert values.secrets_in(tree) == ("jwt.secret",)
