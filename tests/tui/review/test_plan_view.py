"""Rows of a plan."""

from __future__ import annotations

from wizard.core.helm.plan import ABSENT, Field
from wizard.tui.review.plan_view import field_rows


async def test_a_field_that_is_not_there_before_is_said_so() -> None:
    (row,) = field_rows(Field("spec.x", ABSENT, "new\nline"), 80)
    assert "".join(text for text, _ in row).strip() == "spec.x  (none)  ->  new\u23celine"
