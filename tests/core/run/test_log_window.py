from __future__ import annotations

import pytest

from wizard.core.run.events import Event
from wizard.core.run.log_buffer import Line
from wizard.core.run.log_window import (
    BEGIN,
    Entry,
    Mark,
    Page,
    Places,
    Window,
    backwards,
    forwards,
    last_before,
    lines_of,
)
from wizard.core.run.view import RunView


def said(seq: int, *texts: str) -> Event:
    pairs = [["t", text] for text in texts]
    return Event("log.lines", {"pod": "p", "container": "c", "previous": False, "lines": pairs}, seq, "t")


def gap(seq: int) -> Event:
    return Event("log.gap", {"pod": "p", "container": "c", "lost": 3, "reason": "cut"}, seq, "t")


RECORD = (said(2, "0", "1", "2"), gap(5), said(7, "4", "5"))
"""Lines 0 to 5; the gap is line 3."""

MARKS = [
    (0, Mark(2, 0, 0), 1),
    (2, Mark(2, 0, 2), 2),
    (3, Mark(5, 3, 3), 4),
    (4, Mark(7, 4, 4), 6),
    (5, Mark(7, 4, 5), 7),
]


@pytest.mark.parametrize(("number", "mark", "last"), MARKS)
def test_the_slice_before_a_line_is_the_events_before_its_own_and_the_lines_before_it_in_that(
    number: int, mark: Mark, last: int
) -> None:
    view = RunView()
    for event in RECORD:
        view.apply(event)
    assert view.log_places.mark(number) == mark
    assert last_before(mark) == last
    before = [event for event in RECORD if event.seq <= last]
    entries, edge = backwards(before, mark)
    assert [one.mark.number for one in entries] == list(range(number))
    assert [one.line for one in entries] == view.logs.slice(0, number)
    assert all(view.log_places.mark(one.mark.number) == one.mark for one in entries)
    assert edge.number == 0


@pytest.mark.parametrize(("number", "mark", "_last"), MARKS)
def test_the_slice_after_a_line_is_the_rest_of_its_event_and_the_events_after_it(
    number: int, mark: Mark, _last: int
) -> None:
    entries, edge = forwards([event for event in RECORD if event.seq >= mark.seq], mark)
    assert [one.mark.number for one in entries] == list(range(number + 1, 6))
    assert edge == Mark(8, 6, 5)
    assert forwards([said(9, "6")], edge)[0] == [Entry(Mark(9, 6, 6), Line("t", "p", "c", previous=False, text="6"))]


def test_a_part_of_the_record_is_read_on_from_its_edge_in_both_directions() -> None:
    entries, edge = backwards(RECORD[1:], Mark(8, 6, 6))
    assert ([one.mark.number for one in entries], edge) == ([3, 4, 5], Mark(5, 3, 3))
    assert [one.mark.number for one in backwards(RECORD[:1], edge)[0]] == [0, 1, 2]
    entries, edge = forwards(RECORD[:1], BEGIN)
    assert ([one.mark.number for one in entries], edge) == ([0, 1, 2], Mark(3, 3, 2))
    assert [one.mark.number for one in forwards(RECORD[1:], edge)[0]] == [3, 4, 5]


def test_there_is_nothing_before_the_beginning() -> None:
    assert backwards((), Mark(2, 0, 0)) == ([], Mark(2, 0, 0))
    assert Places().mark(0) is None


def test_places_of_lines_that_are_not_kept_any_more_are_forgotten() -> None:
    places = Places()
    for number in range(10_000):
        places.note(number + 1, number * 10, max(0, (number - 5) * 10))
    assert len(places._numbers) < 3000
    assert places.mark(99_995) == Mark(10_000, 99_990, 99_995)


def entries(*numbers: int) -> list[Entry]:
    return [
        Entry(Mark(number + 1, number, number), Line("", "p", "c", previous=False, text=str(number)))
        for number in numbers
    ]


def texts(window: Window) -> list[str]:
    return [window[position].line.text for position in range(window.first, window.end)]


def test_a_window_keeps_positions_while_lines_come_and_go_at_both_ends() -> None:
    window = Window(entries(50, 51), Mark(51, 50, 50), None)
    window.older(Page(entries(48, 49), Mark(49, 48, 48)), most=3 * 302)
    assert (window.first, texts(window)) == (-2, ["48", "49", "50"])
    assert window[0].line.text == "50"
    assert (window.low, window.high) == (Mark(49, 48, 48), Mark(51, 50, 50)), "what was dropped can be read again"
    window.newer(Page(entries(51, 52), Mark(53, 52, 52)), most=3 * 302)
    assert (window.first, texts(window)) == (0, ["50", "51", "52"])
    assert (window.low, window.high) == (Mark(51, 50, 50), Mark(53, 52, 52))


def test_what_was_just_read_is_kept_even_when_it_alone_is_too_much() -> None:
    window = Window(entries(9), Mark(10, 9, 9), None)
    window.older(Page(entries(5, 6, 7, 8), None), most=10)
    assert texts(window) == ["5", "6", "7", "8"]


def test_events_without_log_lines_add_none() -> None:
    assert lines_of(Event("verdict", {"state": "ready", "reason": ""})) == []
