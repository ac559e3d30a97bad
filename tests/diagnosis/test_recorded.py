"""The recordings are whole, bounded and nobody's private property; what is done by hand is the recording, not this."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.diagnosis.incidents.clients import EXPECTED, UNCOVERED, recordings

_RECORDED = Path(__file__).resolve().parent / "recorded"


@pytest.mark.parametrize("path", sorted(_RECORDED.glob("*.json")), ids=lambda path: path.stem)
def test_a_recording_has_exact_versions_and_bounded_words_and_no_path_of_the_recorder(path: Path) -> None:
    data = json.loads(path.read_text(encoding="utf-8"))
    assert data["client"] == path.stem
    assert data["versions"]
    assert all(any(sign.isdigit() for sign in number) for number in data["versions"].values())
    for one in data["recordings"]:
        assert one["exit"] is None or 0 < one["exit"] < 256
        assert 0 < len(one["lines"]) <= 60
        assert not [line for line in one["lines"] if "/work/" in line or "/root/" in line or len(line) > 16000]


def test_every_trouble_that_was_recorded_has_a_label_or_is_told_to_have_none() -> None:
    met = {(uses, one["trouble"]) for _, uses, one in recordings()}
    assert met == (EXPECTED | UNCOVERED).keys()
    assert not EXPECTED.keys() & UNCOVERED.keys()
