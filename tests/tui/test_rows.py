"""What is computed without a screen: columns, ages, typing, log lines, the order of steps."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tests.tui.fakes import DEFAULTS, DEV, NOW, SUGGESTIONS
from wizard.core.answers.draft import Draft
from wizard.core.answers.questions import QUESTIONS
from wizard.core.answers.resolve import Layers, Resolved
from wizard.core.text import time
from wizard.tui import flow, text
from wizard.tui.run.log_view import readable
from wizard.tui.widgets.edit import LineEdit


def resolved(**answers: str) -> Resolved:
    return Resolved(Draft(answers), SUGGESTIONS, Layers(DEFAULTS, {"dev": DEV}), QUESTIONS)


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


@pytest.mark.parametrize(
    ("since", "age"),
    [
        ("2026-03-02T14:05:00Z", "40 s"),
        ("2026-03-02T14:02:42.123Z", "2 m 57"),
        ("2026-03-02T11:03:40+00:00", "3 h 02"),
        ("2026-02-18T14:05:40Z", "12 d"),
        ("2027-01-01T00:00:00Z", "0 s"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_ages_fit_a_narrow_column(since: str, age: str) -> None:
    assert time.age(since, NOW) == age


def test_clocks_show_hours_only_when_there_are_some() -> None:
    assert [text.clock(one) for one in (0, 187, 3671)] == ["00:00", "03:07", "1:01:11"]


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["a", "b", "left", "X"], "aXb"),
        (["a", "b", "backspace"], "a"),
        (["a", "b", "home", "delete"], "b"),
        (["a", ".", "b", "ctrl+w"], "a."),
        (["a", "b", "ctrl+u"], ""),
        (["a", "b", "home", "ctrl+k"], ""),
        (["a", "end", "b"], "ab"),
    ],
)
def test_typing_edits_the_line(keys: list[str], value: str) -> None:
    edit = LineEdit()
    for key in keys:
        edit = edit.key(key) or edit.insert(key)
    assert edit.text == value


def test_pasted_text_is_made_safe_and_one_line() -> None:
    assert LineEdit().insert("a\x1b[31mb\nc\u202e").text == "ab c"


@pytest.mark.parametrize("width", [10, 20])
@pytest.mark.parametrize("here", [True, False])
@pytest.mark.parametrize("value", ["", "short", "a very long value that does not fit", "日本語日本語日本語日本語"])
def test_a_field_is_exactly_as_wide_as_asked(value: str, here: bool, width: int) -> None:
    assert text.cells(LineEdit.of(value).spans(width, here=here)) == width


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ('{"timestamp":"x","level":"info","message":"hello","pod":"a","n":1}', "INFO  hello  pod=a n=1"),
        ('logger=http t=2026 level=info msg="HTTP Server" addr=:3000', "INFO  HTTP Server  logger=http addr=:3000"),
        ("plain text level=info", "plain text level=info"),
        ('{"no": "message"}', '{"no": "message"}'),
        ("{broken", "{broken"),
        ('{"message":"a\\u001b[2J"}', "a\\u001b[2J"),
        ("[" * 5000, "[" * 5000),
    ],
)
def test_structured_log_lines_show_level_and_message_first_and_keep_the_rest(raw: str, shown: str) -> None:
    assert readable(raw) == shown


def test_steps_follow_each_other_and_skip_what_asks_nothing() -> None:
    dev = resolved(preset="dev")
    assert flow.steps(dev, "run") == ("environment", "where", "address", "resources", "secrets", "review")
    assert flow.after(dev, "address", "run") == "resources"
    assert flow.before(dev, "resources", "run") == "address"
    assert flow.before(dev, "environment", "run") == ""
    assert flow.after(resolved(preset="dev", expose="ingress"), "address", "run") == "tls"


def test_a_values_file_asks_for_no_cluster() -> None:
    asked = [one.id for one in flow.questions(resolved(), "where", "values")]
    assert asked == ["namespace", "release"]
