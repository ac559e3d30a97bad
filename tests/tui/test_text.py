"""Texts of the full screen: cut, wrapped and padded to columns."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from wizard.tui import text


@pytest.mark.parametrize(
    ("whole", "width", "short"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 5, "日本…"), ("abc", 0, ""), ("", 4, "")],
)
def test_a_cut_text_fits_its_cells(whole: str, width: int, short: str) -> None:
    assert text.cut(whole, width) == short
    assert cell_len(text.pad(whole, width)) == width


def test_a_name_that_does_not_fit_keeps_its_end() -> None:
    assert cell_len(text.elide("llm-cost-ops-postgresql-0", 16)) == 16
    assert text.elide("llm-cost-ops-postgresql-0", 16).endswith("gresql-0")
    assert text.elide("short", 16) == "short"


@pytest.mark.parametrize(
    ("whole", "lines"),
    [
        ("one two three", ["one two", "three"]),
        ("unbreakableword", ["unbreaka", "bleword"]),
        ("  kept\nnext", ["  kept", "next"]),
        ("", [""]),
    ],
)
def test_wrapped_lines_keep_words_indent_and_breaks(whole: str, lines: list[str]) -> None:
    assert text.wrap(whole, 8) == lines


@pytest.mark.parametrize("width", [1, 2, 7, 40])
def test_no_wrapped_line_is_wider_than_asked_and_nothing_is_lost(width: int) -> None:
    whole = "ein langes_ununterbrochenes_wort und kurze ab cd"
    lines = text.wrap(whole, width)
    assert all(cell_len(one) <= width for one in lines)
    assert "".join(lines).replace(" ", "") == whole.replace(" ", "")


def test_clocks_show_hours_only_when_there_are_some() -> None:
    assert [text.clock(one) for one in (0, 187, 3671)] == ["00:00", "03:07", "1:01:11"]
