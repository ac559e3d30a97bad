from __future__ import annotations

from pathlib import Path

from wizard.core.kube import rights

PAGE = Path(__file__).resolve().parents[3] / "docs" / "day-two.md"


def test_the_page_has_the_table_of_rights_as_it_is() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for one in rights.TABLE:
        assert f"| {one.text} | {', '.join(one.operations)} | {one.costs} |" in page


def test_a_right_is_asked_for_only_by_the_operations_that_use_it() -> None:
    assert {one.text for one in rights.of("history")} == {"list Secret"}
    assert "get Pod log" in {one.text for one in rights.of("diagnose")}
    assert rights.lines(rights.of("history"))[0].startswith("you may not list Secret: helm's records are hidden")
