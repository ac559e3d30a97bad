"""Log lines that stay as the record has them until somebody looks at one."""

from __future__ import annotations

import json

import pytest

from wizard.core.run.events import Event
from wizard.core.run.log_buffer import Line, LogBuffer
from wizard.core.run.packed import PackedLines

HOSTILE = ['"],["', '\\"],[\\"', "a\tb", "\u202e", 'end"]]}}', "[[", "", '{"v":1}']


def batch(count: int, start: int = 0) -> list[list[str]]:
    texts = (HOSTILE[number % len(HOSTILE)] for number in range(start, start + count))
    return [[f"2026-01-01T12:00:00.{start + number:09}Z", text] for number, text in enumerate(texts)]


def event(lines: list[list[str]]) -> Event:
    return Event("log.lines", {"pod": "p-1", "container": "app", "previous": True, "lines": lines}, 7, "2026-01-01")


@pytest.mark.parametrize("count", [1, 2, 8, 200])
def test_packed_lines_are_counted_without_being_read_and_read_as_they_were_written(count: int) -> None:
    found = Event.of_record(event(batch(count)).to_line().encode())

    assert isinstance(found.data["lines"], PackedLines)
    assert len(found.data["lines"]) == count
    assert found == event(batch(count))
    assert found.to_line() == event(batch(count)).to_line()
    assert Event.from_line(found.to_line()) == found


@pytest.mark.parametrize(
    "other",
    [
        Event("log.gap", {"pod": "p", "container": "c", "lost": 1, "reason": "x"}, 3, "t"),
        event([]),
        Event("run.phase", {}, 1),
    ],
)
def test_every_other_event_is_read_as_ever(other: Event) -> None:
    assert Event.of_record(other.to_line().encode()) == other


@pytest.mark.parametrize("line", [b"", b"{", event(batch(3)).to_line().encode()[:-1], b'{"v":2,"type":"log.lines"}'])
def test_a_torn_or_foreign_line_is_no_event(line: bytes) -> None:
    with pytest.raises((ValueError, KeyError)):
        Event.of_record(line)


def test_lines_that_turn_out_to_be_unreadable_are_empty_and_stay_as_many() -> None:
    assert list(PackedLines(b'[["t","a"],["t",b"]]')) == [["", ""], ["", ""]]
    assert list(PackedLines(b'[["t","a"],5,["u","b"],["v",1]]')) == [["t", "a"], ["u", "b"]]


def test_a_ring_of_packed_and_other_lines_is_the_same_as_one_of_read_lines() -> None:
    packed, read = LogBuffer(10**9), LogBuffer(10**9)
    start = 0
    for count in (3, 100, 64, 1, 700, 63):
        lines = batch(count, start)
        packed.add("p-1", "app", Event.of_record(event(lines).to_line().encode()).data["lines"])
        read.extend([Line(time, "p-1", "app", previous=False, text=text) for time, text in lines])
        start += count

    assert packed.end == read.end == start
    assert packed.slice(0, start) == read.slice(0, start)
    assert [packed[number] for number in range(start)] == [read[number] for number in range(start)]
    assert packed.sources() == [("p-1", "app")]


def test_a_ring_drops_packed_lines_within_its_budget_and_keeps_their_numbers() -> None:
    ring, whole = LogBuffer(20_000), []
    for turn in range(20):
        lines = batch(100, 100 * turn)
        whole += lines
        ring.add("p-1", "app", PackedLines(json.dumps(lines, separators=(",", ":"), ensure_ascii=False).encode()))

    assert ring.size <= 20_000
    assert 0 < ring.first < ring.end == 2000
    assert [line.text for line in ring.slice(0, 2000)] == [text for _, text in whole[ring.first :]]
