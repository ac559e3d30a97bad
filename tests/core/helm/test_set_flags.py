"""A written --set flag gives exactly its value; beside helm in test_strvals_oracle.py."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.helm.test_strvals import same
from wizard.core.errors import Problem
from wizard.core.helm import set_flags, strvals, values
from wizard.core.helm.strvals import SetFlag

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(
    ["true", "NULL", "null", "0", "007", "12", "-1", "+5", "1e3", "{a,b}", "{", "a,b=c", "a\\", "\\,", "[0]", " ", "", "x=y", "fal\u017fe"]
)  # fmt: skip
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(-1e9, 1e9) | TEXTS
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=6
)
KEYS = (TEXTS | st.sampled_from(["a", "b", "cert-manager.io/cluster-issuer", "a[0]", "{a", " {b", "a=b"])).filter(bool)
PATHS = st.lists(KEYS, min_size=1, max_size=4).map(tuple)


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(PATHS, VALUES)
def test_a_written_flag_gives_the_value_at_the_path_and_nothing_else(path: tuple[str, ...], value: Any) -> None:
    tree: dict[str, Any] = {}
    strvals.apply(tree, set_flags.write(path, value))
    expected: Any = value
    for key in reversed(path):
        expected = {key: expected}
    assert same(tree, expected)


@pytest.mark.parametrize(
    ("path", "value", "flag", "text"),
    [
        (("replicaCount",), 3, "--set", "replicaCount=3"),
        (("image", "tag"), "1.10", "--set", "image.tag=1.10"),
        (("image", "tag"), "7", "--set-string", "image.tag=7"),
        (("a",), None, "--set", "a=null"),
        (("a",), "null", "--set-string", "a=null"),
        (("a",), "one, two", "--set", r"a=one\, two"),
        (("a", "cert-manager.io/issuer"), "x", "--set", r"a.cert-manager\.io/issuer=x"),
        (("hosts",), ["a", {"b": None}], "--set-json", 'hosts=["a", {"b": null}]'),
        (("hosts", 0, "host"), "x", "--set", "hosts[0].host=x"),
        (("a",), 1.5, "--set-json", "a=1.5"),
        (("a",), {}, "--set-json", "a={}"),
    ],
)
def test_flags_are_written_as_a_person_would(path: values.Path, value: Any, flag: str, text: str) -> None:
    assert set_flags.write(path, value) == SetFlag(flag, text)


@pytest.mark.parametrize(
    ("path", "value"), [((), 1), (("a", ""), 1), (("a",), float("inf")), (("a",), "\ud800"), (("\ud800",), 1)]
)
def test_what_helm_cannot_set_is_a_problem(path: values.Path, value: Any) -> None:
    with pytest.raises(Problem):
        set_flags.write(path, value)


def test_a_path_is_taken_out_of_flags_and_what_stands_beside_it_stays() -> None:
    sets = (SetFlag("--set", "a.b=1,a.c=2,d=3"), SetFlag("--set-json", '{"a": {"b": 4}}'), SetFlag("--set", "x=y"))
    whole = {"a": {"b": 1, "c": 2}, "d": 3, "x": "y"}
    assert set_flags.without(sets, ("a", "b"), whole) == (
        SetFlag("--set", "a.c=2"),
        SetFlag("--set", "d=3"),
        SetFlag("--set", "x=y"),
    )
    assert set_flags.without(sets, ("a",), whole) == (SetFlag("--set", "d=3"), SetFlag("--set", "x=y"))
    assert set_flags.without(sets, ("q",), whole) == sets
    assert set_flags.touches(sets, ("a",))
    assert not set_flags.touches(sets, ("a", "z"))


def test_an_item_of_a_list_leaves_its_list_behind_as_it_is_now() -> None:
    whole = copy.deepcopy({"hosts": [{"host": "x"}, "y"], "d": 3})
    sets = (SetFlag("--set", "hosts[0].host=x,d=3"),)
    assert set_flags.without(sets, ("d",), whole) == (SetFlag("--set-json", 'hosts=[{"host": "x"}, "y"]'),)
    assert set_flags.without(sets, ("hosts",), whole) == (SetFlag("--set", "d=3"),)
