"""Patterns of schemas mean what they mean to Python where both know them, and end in time where Python does not."""

from __future__ import annotations

import re
import time
import warnings

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.core.text.pattern import found

CHARS = st.sampled_from(["a", "b", "1", ".", r"\.", "[a-c]", "[^a]", r"\d", r"[-_.a-z0-9]", r"[\d.]", "x", "-"])
PATTERNS = st.recursive(
    CHARS | st.sampled_from(["^", "$", ""]),
    lambda inner: st.lists(inner, min_size=1, max_size=3).map("".join)
    | st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})")
    | st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=500, deadline=None, derandomize=True, database=None)
@given(PATTERNS, st.text("ab1.-x\n", max_size=8))
def test_a_pattern_is_found_where_python_finds_it(expression: str, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = re.search(expression.replace("$", r"\Z"), text) is not None
    assert found(expression, text) in (expected, None)
    assert found(expression, text) is not None or "$" in expression or "^" in expression


@pytest.mark.parametrize(
    ("expression", "text", "is_found"),
    [
        ("^(sha256:[a-f0-9]{64})?$", "", True),
        ("^(sha256:[a-f0-9]{64})?$", "sha256:" + "a" * 64, True),
        ("^(sha256:[a-f0-9]{64})?$", "sha256:" + "a" * 63, False),
        (r"^(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]+)*$", "*.api.example.org", True),
        (r"^[^\s@]*$", "a@b", False),
        ("^[[]$", "[", True),
        ("a{,2}", "a{,2}", True),
        (r"\Aa\z", "a", True),
        ("(?P<name>a)", "a", True),
    ],
)
def test_patterns_of_charts_are_understood(expression: str, text: str, *, is_found: bool) -> None:
    assert found(expression, text) is is_found


@pytest.mark.parametrize(
    "expression",
    ["(", "a)", "*", "[", "(?i)a", r"\p{L}", "[[:alpha:]]", r"\Q", "a**", "a{2000}", "a{3,2}", "(" * 3000, "\\"],
)
def test_nothing_is_said_of_a_pattern_that_is_not_understood(expression: str) -> None:
    assert found(expression, "a") is None


@pytest.mark.parametrize(
    "expression",
    ["^(a+)+$", "^(a|a)*$", "^(a|aa)+$", "(a*)*b", "^((((a*)*)*)*)*$", ".*.*.*.*.*=.*", "(?:a{0,999}){0,999}b"],
)
def test_a_pattern_on_which_others_hang_ends(expression: str) -> None:
    began = time.perf_counter()
    found(expression, "a" * 400 + "!")
    assert time.perf_counter() - began < 5  # Python's re would take longer than the universe is old
