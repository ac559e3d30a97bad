"""The line of keys."""

from __future__ import annotations

from wizard.tui.widgets.frame import Keys


async def test_the_first_key_is_cut_and_not_left_out_where_it_does_not_fit() -> None:
    keys = Keys((("Enter", "is off: " + "for a very long reason " * 5), ("t", "look again")))

    shown = "".join(text for text, _ in keys.build(40)[1])

    assert shown.startswith(" Enter is off: for a very long")
    assert len(shown) <= 40
