"""The page that says what is tested where says the truth."""

from __future__ import annotations

import re

from tests.chart.conftest import ROOT

PAGE = ROOT / "docs" / "chart-coverage.md"
ROWS = {"C": 47, "D": 9, "E.1": 24, "E.2": 10, "E.3": 7, "E.4": 8}


def rows() -> dict[str, str]:
    """What stands beside each row, by its number."""
    found = re.findall(r"^\| ([CDE][\d.]+) \| [^|]+ \| (.+) \|$", PAGE.read_text(), re.MULTILINE)
    assert len(dict(found)) == len(found), "a row twice"
    return dict(found)


def test_every_row_is_there_with_a_test_or_a_reason() -> None:
    found = rows()
    assert set(found) == {f"{part}.{number}" for part, count in ROWS.items() for number in range(1, count + 1)}
    for row, text in found.items():
        assert "::test_" in text or re.match(r"no test: \w+", text), row


def test_every_named_test_exists() -> None:
    for row, text in rows().items():
        for file, name in re.findall(r"`([\w/]+\.py)::(\w+)`", text):
            source = (ROOT / "tests" / file).read_text()
            assert re.search(rf"^(async )?def {name}\(", source, re.MULTILINE), f"{row}: {file}::{name}"
        assert text.count("::") == len(re.findall(r"`[\w/]+\.py::\w+`", text)), f"{row}: written in another way"
