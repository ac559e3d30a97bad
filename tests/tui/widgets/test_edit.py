"""A line that is typed: keys, pasted text, its width."""

from __future__ import annotations

import pytest

from wizard.core.errors import Problem
from wizard.tui import text
from wizard.tui.widgets.edit import LineEdit


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


def test_pasted_text_is_made_safe_without_the_space_around_it() -> None:
    assert LineEdit().insert(" a\x1b[31mb c\u202e\r\n").text == "ab c"


@pytest.mark.parametrize(
    ("more", "why"), [("b\nc", "has 2 lines"), ("b\r\rc", "has 3 lines"), ("b" * 4096, "at most 4,096 characters")]
)
def test_what_does_not_fit_is_refused_and_changes_nothing(more: str, why: str) -> None:
    edit = LineEdit.of("a")
    with pytest.raises(Problem, match=why):
        edit.insert(more)
    assert edit.insert("b" * 4095).text == "a" + "b" * 4095


@pytest.mark.parametrize("width", [10, 20])
@pytest.mark.parametrize("focused", [True, False])
@pytest.mark.parametrize("value", ["", "short", "a very long value that does not fit", "日本語日本語日本語日本語"])
def test_a_field_is_exactly_as_wide_as_asked(value: str, focused: bool, width: int) -> None:
    assert text.cells(LineEdit.of(value).spans(width, focused=focused)) == width
