"""A regular expression that a person typed, on lines of any kind."""

from __future__ import annotations

import time

import pytest

from wizard.tui.run.expression import Expression


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("err|warn", "a WARNING", True),
        ("^a.c$", "abc", True),
        ("^a.c$", "xabc", False),
        (r"\d{3}", "took 204", True),
        ("", "", True),
    ],
)
def test_an_expression_is_found_in_upper_or_lower_case(pattern: str, text: str, *, found: bool) -> None:
    assert Expression(pattern)(text) is found


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "*", "a{99999999999}", "\\", "(?P<x>", "(" * 5000])
def test_what_is_no_expression_is_refused_with_a_reason(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        Expression(pattern)


def test_an_expression_that_never_ends_costs_little_and_is_counted() -> None:
    slow = Expression(r"^(a?){30}(a|aa|ab)+$|(a*)*b\1")
    lines = ["a" * 4000 + "!"] * 500
    began = time.process_time()
    assert not any(slow(line) for line in lines)
    assert 0 < slow.slow < len(lines)
    assert time.process_time() - began < 10
