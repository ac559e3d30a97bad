"""The recordings are whole, bounded and nobody's private property; each has its cause first; recording is done by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from tests.diagnosis.breaking import Bed
from tests.diagnosis.cases import Case
from tests.diagnosis.incidents.clients import EXPECTED, RECORDED, UNCOVERED, recordings
from wizard.core.rules.ranking import diagnose

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


_OFTEN: Final = (
    "psycopg",
    "redis-py",
    "node-pg",
    "ioredis-pino",
    "spring-jdbc",
    "lettuce",
    "pgx",
    "go-redis",
    "sqlx",
    "php-pdo",
)
"""Clients whose recordings the quick tier has."""


@pytest.mark.parametrize(
    "client",
    [
        client if client in _OFTEN else pytest.param(client, marks=pytest.mark.full)
        for client in sorted({case.name.partition(",")[0] for case in RECORDED})
    ],
)
def test_the_trouble_of_a_client_is_told_by_what_it_printed(client: str) -> None:
    cases = [case for case in RECORDED if case.name.startswith(f"{client}, ")]
    first = {case.name: _first(case) for case in cases}
    assert first == {case.name: (case.cause, case.object) for case in cases}


def _first(case: Case) -> tuple[str, str]:
    bed = Bed()
    case.breaks(bed)
    found = diagnose(bed.world.snapshot())[0]
    return found.id, found.object


def test_every_trouble_that_was_recorded_has_a_label_or_is_told_to_have_none() -> None:
    met = {(uses, one["trouble"]) for _, uses, one in recordings()}
    assert met == (EXPECTED | UNCOVERED).keys()
    assert not EXPECTED.keys() & UNCOVERED.keys()
