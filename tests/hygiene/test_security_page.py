"""SECURITY.md: every promise and threat names a test that is there, or says why there is none."""

from __future__ import annotations

import ast
import re

import pytest

from tests.hygiene.test_house import ROOT

PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def rows(first_cell: str) -> dict[str, str]:
    """Rows of the tables whose first cell begins with that pattern: its first group, and the last cell with a test."""
    return {match[1]: match[0] for match in re.finditer(rf"^\| ({first_cell})\W.*\|$", PAGE, re.MULTILINE)}


def test_each_promise_and_each_threat_has_one_row() -> None:
    assert list(rows(r"\d+")) == [str(number) for number in range(1, 8)]
    assert list(rows(r"S\d+")) == [f"S{number}" for number in range(1, 35)]


@pytest.mark.parametrize(
    "row", [*rows(r"\d+").values(), *rows(r"S\d+").values()], ids=lambda row: row[2:5].strip(" |.")
)
def test_a_row_names_a_test_or_says_why_there_is_none(row: str) -> None:
    assert re.search(r"`tests/\S+::test_\w+`", row) or re.search(r"\| not covered: \w.+ \|", row)


def test_every_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(tests/\S+?\.py)::(\w+)`", PAGE))
    there = {
        (file, node.name)
        for file in {file for file, _ in named}
        for node in ast.walk(ast.parse((ROOT / file).read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert len(named) > 40
    assert named - there == set()
    assert PAGE.count("::test_") == len(re.findall(r"`tests/\S+?\.py::\w+`", PAGE)), "a test stands outside backticks"
