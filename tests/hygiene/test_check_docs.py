"""The page of checks is the one of the code."""

from __future__ import annotations

import re

from release import check_docs
from release.check_catalogue import ELSEWHERE, FAMILIES, LEFT_OUT
from wizard.core.rules.check import all_checks


def test_the_page_names_every_check_as_the_code_has_it() -> None:
    page = check_docs.page()
    assert check_docs.PAGE.read_text() == page, "run python -m release.check_docs"
    assert all(f"| {check.id} | {check.title} |" in page for check in all_checks())
    assert "|  |" not in page, "a check has no sentence"


def test_every_check_that_was_thought_of_is_made_said_by_another_or_left_out_with_a_reason() -> None:
    catalogue = {f"{family}{number:02}" for family, count in FAMILIES.items() for number in range(1, count + 1)}
    made = {check.id for check in all_checks()}
    accounted = [*(made & catalogue), *ELSEWHERE, *LEFT_OUT]
    assert sorted(accounted) == sorted(catalogue), "each once"
    named = {one for _, by in ELSEWHERE.values() for one in re.findall(r"\b[A-Z]\d\d\b", by)}
    assert named <= made
    assert all(by for _, by in ELSEWHERE.values())
