"""A line that is typed: keys, pasted text, its width."""

from __future__ import annotations

import pytest

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


def test_pasted_text_is_made_safe_and_one_line() -> None:
    assert LineEdit().insert("a\x1b[31mb\nc\u202e").text == "ab c"


@pytest.mark.parametrize("width", [10, 20])
@pytest.mark.parametrize("focused", [True, False])
@pytest.mark.parametrize("value", ["", "short", "a very long value that does not fit", "日本語日本語日本語日本語"])
def test_a_field_is_exactly_as_wide_as_asked(value: str, focused: bool, width: int) -> None:
    assert text.cells(LineEdit.of(value).spans(width, focused=focused)) == width
