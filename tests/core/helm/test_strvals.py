"""--set flags mean what they mean to helm."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.core.helm.strvals_cases import BASE, CASES, FILES, F, Given, J, L, S, T
from wizard.core.errors import Problem
from wizard.core.helm import strvals
from wizard.core.helm.strvals import SetFlag


def applied(flags: Given, base: dict[str, Any]) -> dict[str, Any]:
    def read(path: str) -> str:
        if path not in FILES:
            raise Problem("missing", "")
        return FILES[path]

    tree = copy.deepcopy(base)
    for given in strvals.in_order(SetFlag(*pair) for pair in flags):
        strvals.apply(tree, given, read)
    return tree


def same(left: Any, right: Any) -> bool:
    """Equal, types of the values included; how a number is held is not told by JSON."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return bool(left == right) and isinstance(left, bool) == isinstance(right, bool)


@pytest.mark.parametrize(("flags", "base", "expected"), CASES)
def test_flags_mean_what_they_mean_to_helm(flags: Given, base: dict[str, Any], expected: dict[str, Any] | None) -> None:
    if expected is None:
        with pytest.raises(Problem):
            applied(flags, base)
    else:
        assert same(applied(flags, base), expected)


@pytest.mark.parametrize(
    ("flag", "text", "what", "next_step"),
    [
        (S, "a", '--set: key "a" has no value.', "Write it as in --set replicaCount=3."),
        (S, "a=one,two", '--set: key "two" has no value.', r"Write a comma inside a value as \, as in --set 'a=one\,two'."),
        (S, "a=one,two,b=1", 'key "two" has no value (cannot end with ,)', r"a=one\,two"),
        (T, "a=one,two", 'key "two" has no value.', r"--set-string 'a=one\,two'."),
        (L, "a", 'key "a" has no value.', "--set-literal config.motd=text"),
        (S, "a={x", "list must terminate with '}'", "--set a={x,y}"),
        (S, "l[x]=1", 'error parsing index: "x" is not a whole number', "hosts[0].host"),
        (S, "l[0=1", "error parsing index: there is no ]", "hosts[0].host"),
        (S, "l[-1]=1", "negative -1 index not allowed", "The first item is [0]."),
        (S, "l[65537]=1", "index of 65537 is greater than maximum supported index of 65536", "smaller"),
        (S, "l[0]x=1", 'unexpected data at end of array index: "x"', "hosts[0].host"),
        (S, "s.x=1", '"s" is not a map', "--set-json"),
        (S, "a[0]=1", '"a" is not a list', "--set-json"),
        (S, "a." * 31 + "a=1", "nested level is greater than maximum supported nested level of 30", "-f file"),
        (S, "z" + "[0]" * 200 + "=1", "nested more than 100 levels deep", "less deep"),
        (S, "z" + "[0]" * 20_000 + "=1", "nested more than 100 levels deep", "less deep"),
        (J, "z=" + "[" * 20_000, "nested more than 100 levels deep", "less deep"),
        (J, "a=hello", "not JSON: Expecting value", 'a text has double quotes'),
        (J, "a=1.", "not JSON: a number that is cut off", "--set-json"),
        (J, "a=1e999", "not JSON: 1e999 is not a number that helm can hold", "--set-json"),
        (S, "a=\udcff", "the text is not UTF-8", "UTF-8"),
        (J, '{"a":1} x', "there is more than one JSON object", "one object"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_helms_words_with_the_next_step(
    flag: str, text: str, what: str, next_step: str
) -> None:
    with pytest.raises(Problem) as caught:
        applied([(flag, text)], BASE)
    assert caught.value.what.startswith(f"{flag}: ")
    assert what in caught.value.what
    assert next_step in caught.value.next_step


def test_the_largest_index_is_the_one_of_helm() -> None:
    assert len(applied([(S, "l[65536]=x")], {})["l"]) == 65537


def test_the_contents_of_files_are_taken_one_after_the_other() -> None:
    tree: dict[str, Any] = {}
    strvals.apply(tree, SetFlag(F, "a={f,g},b=h", ("1", "2\n", "")))
    assert tree == {"a": ["1", "2\n"], "b": ""}


def test_whole_numbers_of_json_stay_whole_where_they_are_exact() -> None:
    found = applied([(J, "a=3.0,b=9007199254740993,c=1e30,d=-0")], {})
    assert [repr(value) for value in found.values()] == ["3", "9007199254740992", "1e+30", "0"]
