"""Hostile text comes out harmless and readable."""

from __future__ import annotations

import pytest

from wizard.core.text import sanitize


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07after", "after"),
        ("\x1b]52;c;ZXZpbA==\x1b\\after", "after"),
        ("\x1b]0;never ended", ""),
        ("\x1bPdevice\x1b\\after", "after"),
        ("\x9b2Jgone", "gone"),
        ("\x1b[2Jgone", "gone"),
        ("a\x00b\x7fc\x08d", "abcd"),
        ("abc\rxyz", "abc\nxyz"),
        ("user\u202etxt.exe", "usertxt.exe"),
        ("zero\u200bwidth", "zerowidth"),
        ("tab\there", "tab    here"),
        ("[red]not markup[/]", "[red]not markup[/]"),
        ("\x1b", ""),
        ("end \x1b[", "end "),
        ("grüße 你好", "grüße 你好"),
    ],
)
def test_nothing_that_drives_a_terminal_survives(raw: str, clean: str) -> None:
    assert sanitize.text(raw) == clean


def test_line_breaks_become_visible_in_a_line() -> None:
    assert sanitize.line("one\ntwo\n") == "one⏎two"


def test_a_long_line_is_cut_and_says_how_much_is_missing() -> None:
    assert sanitize.line("x" * 5000, limit=10) == "xxxxxxxxxx... (+4990 characters)"
    assert sanitize.line("ü" * 5000, limit=10).endswith("(+4990 characters)")


def test_no_control_character_survives_any_input() -> None:
    everything = "".join(map(chr, range(0x300))) + "".join(map(chr, range(0x2000, 0x2100)))
    clean = sanitize.text(everything)
    assert not [char for char in clean if (ord(char) < 32 and char != "\n") or 0x7F <= ord(char) < 0xA0]
