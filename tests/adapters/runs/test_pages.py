"""Pieces from the middle of a record, against the same record read whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from wizard.adapters.runs import pages
from wizard.adapters.runs.store import RunFiles
from wizard.core.errors import Problem
from wizard.core.run.events import Event
from wizard.core.run.log_buffer import Line
from wizard.core.run.log_window import BEGIN, lines_of
from wizard.engine import records

PLACES = (1, 2, 3, 700, 701, 2001, 3998, 3999, 4000, 9999)


def log(seq: int, *texts: str) -> Event:
    pairs = [["2026-01-02T03:04:05Z", text] for text in texts]
    return Event("log.lines", {"pod": "p", "container": "c", "previous": False, "lines": pairs}, seq, "t")


def events() -> Iterator[Event]:
    """4000 events: every third a batch of log lines, one of them longer than a piece, long stretches without any."""
    yield Event("run.started", {"id": "ab", "operation": "install"}, 1, "t")
    for seq in range(2, 4001):
        if seq == 2001:
            yield log(seq, *(f"big {seq} {number} {'x' * 90}" for number in range(5000)))
        elif seq % 3 == 0 and not 900 < seq < 1900:
            yield log(seq, *(f'said "seq":{seq} {number}' for number in range(seq % 7 + 1)))
        else:
            yield Event("verdict", {"state": "ready", "reason": '"type":"log.lines" ' + "y" * 300}, seq, "t")


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("run") / "record.jsonl"
    lines = [one.to_line() for one in events()]
    lines.insert(800, '{"v":1,"seq":80')  # a runner was killed here
    path.write_text("\n".join(lines) + '\n{"v":1,"seq":4001,"time":"t","type":"log.li')
    return path


def logs() -> list[Event]:
    return [one for one in events() if one.type.startswith("log.")]


@pytest.mark.parametrize("seq", PLACES)
def test_the_last_log_events_before_a_number_are_found_without_a_hole(record: Path, seq: int) -> None:
    wanted = [one for one in logs() if one.seq <= seq]
    found = pages.until(record, seq)
    assert list(found) == wanted[len(wanted) - len(found) :]
    assert bool(found) == bool(wanted)


@pytest.mark.parametrize("seq", PLACES)
def test_the_first_log_events_from_a_number_on_are_found_without_a_hole(record: Path, seq: int) -> None:
    wanted = [one for one in logs() if one.seq >= seq]
    found = pages.since(record, seq)
    assert list(found) == wanted[: len(found)]
    assert bool(found) == bool(wanted)


def test_only_a_piece_of_a_long_record_is_parsed(record: Path) -> None:
    assert record.stat().st_size > 3 * 256 * 1024
    for found in (pages.until(record, 4000), pages.since(record, 1)):
        assert 0 < len(found) < len(logs()) - 1


@pytest.mark.parametrize("needle", ["", "said", "nowhere", "big 2001 4999"])
async def test_a_record_is_read_from_either_end_to_the_other_line_by_line(record: Path, needle: str) -> None:
    runs: Any = RecordAt(record)
    lines = [line for event in logs() for line in lines_of(event)]
    wanted = [(number, line.text) for number, line in enumerate(lines) if needle in line.text]

    def holds(line: Line) -> bool:
        return needle in line.text

    down: list[tuple[int, str]] = []
    edge = BEGIN
    while True:
        page = await records.newer_logs(runs, "ab", edge, holds, 100)
        down += [(one.mark.number, one.line.text) for one in page.entries]
        if page.edge is None:
            break
        edge = page.edge
    assert down == wanted

    up: list[tuple[int, str]] = []
    while True:
        page = await records.older_logs(runs, "ab", edge, holds, 100)
        up[:0] = [(one.mark.number, one.line.text) for one in page.entries]
        if page.edge is None:
            break
        edge = page.edge
    assert up == wanted[: len(up)]
    assert len(wanted) - len(up) <= 500, "from the last edge on everything before it"


class RecordAt:
    """A store whose record lies at a path."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def logs_until(self, run_id: str, seq: int) -> Any:
        return pages.until(self.path, seq)

    def logs_from(self, run_id: str, seq: int) -> Any:
        return pages.since(self.path, seq)


def test_a_copied_record_is_looked_into_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    where = {"context": "c", "namespace": "n", "release": "r"}
    named = {"id": "ab", "operation": "install", "target": where, "chart": "", "helm": "", "preset": ""}
    begun = Event("run.started", named, 1, "t")
    copied = tmp_path / "record.jsonl"
    copied.write_text("\n".join(one.to_line() for one in (begun, log(2, "a"), log(3, "b"))) + "\n")
    runs = RunFiles()
    assert [one.seq for one in runs.logs_until(str(copied), 2)] == [2]
    assert [one.seq for one in runs.logs_from(str(copied), 1)] == [2, 3]
    copied.unlink()
    with pytest.raises(Problem, match="cannot be read"):
        runs.logs_until(str(copied), 2)
