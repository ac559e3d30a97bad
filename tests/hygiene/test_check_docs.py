"""The page of checks is the one of the code."""

from __future__ import annotations

from release import check_docs
from wizard.core.rules.check import all_checks


def test_the_page_names_every_check_as_the_code_has_it() -> None:
    page = check_docs.page()
    assert check_docs.PAGE.read_text() == page, "run python -m release.check_docs"
    assert all(f"| {check.id} | {check.title} |" in page for check in all_checks())
    assert "|  |" not in page, "a check has no sentence"
