from __future__ import annotations

import random

import pytest

from wizard.core.run.log_buffer import Line, LogBuffer


def line(text: str) -> Line:
    return Line("2026-01-01T00:00:00Z", "api-0", "api", previous=False, text=text)


def test_lines_keep_their_absolute_number_while_older_ones_are_dropped() -> None:
    buffer = LogBuffer(max_bytes=10 * (48 + 10))
    buffer.extend(line(f"line {number:05}") for number in range(5000))
    assert buffer.end == 5000
    assert len(buffer) == 10
    assert buffer.first == buffer.dropped == 4990
    assert buffer[4995].text == "line 04995"
    assert [one.text for one in buffer.slice(4998, 9999)] == ["line 04998", "line 04999"]


def test_a_dropped_line_is_an_index_error_and_a_slice_leaves_it_out() -> None:
    buffer = LogBuffer(max_bytes=3 * (48 + 10))
    buffer.extend(line(f"line {number:05}") for number in range(10))
    with pytest.raises(IndexError, match="line 0 is not kept: 7 to 10 are"):
        buffer[0]
    with pytest.raises(IndexError):
        buffer[10]
    assert [one.text for one in buffer.slice(0, 8)] == ["line 00007"]
    assert buffer.slice(0, 5) == []


def test_the_budget_counts_text_and_the_newest_line_is_kept_even_when_it_alone_is_too_big() -> None:
    buffer = LogBuffer(max_bytes=1000)
    buffer.extend([line("a" * 400), line("b" * 5000)])
    assert [one.text[0] for one in buffer.slice(0, 9)] == ["b"]
    buffer.extend([line("c")])
    assert [one.text[0] for one in buffer.slice(0, 9)] == ["c"]
    assert buffer.size <= 1000


def test_lines_read_back_as_they_were_said_whatever_the_batches_and_how_much_was_dropped() -> None:
    dice = random.Random(6)
    buffer, said = LogBuffer(max_bytes=90_000), list[Line]()
    for turn in range(400):
        pod, previous = f"api-{dice.randrange(3)}", dice.random() < 0.2
        texts = [dice.choice(("", "plain", "grüße 🚀", "a\0b", "x" * 200, "\ud800")) for _ in range(dice.randrange(40))]
        pairs = [(f"2026-01-01T00:00:00.{turn:06}{number:03}Z", text) for number, text in enumerate(texts)]
        batch = [Line(time, pod, "api", previous, text) for time, text in pairs]
        if turn % 3:
            buffer.add(pod, "api", pairs, previous=previous)
        else:
            gap = Line("", pod, "api", previous=False, text="2 lines lost here", gap=True)
            buffer.extend([*batch, gap])
            batch.append(gap)
        said += batch
        assert buffer.end == len(said)
        assert buffer.slice(0, buffer.end) == said[buffer.first :]
        assert buffer.size <= 90_000
        low, high = sorted(dice.randrange(len(said) + 1) for _ in range(2))
        assert buffer.slice(low, high) == said[max(low, buffer.first) : high]
        if len(buffer):
            number = dice.randrange(buffer.first, buffer.end)
            assert buffer[number] == said[number]
    assert buffer.dropped > 5000
    assert set(buffer.sources()) == {(line.pod, line.container) for line in buffer.slice(0, buffer.end)}
