"""The rows of the result, from the events of a run."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.stub import finished_run
from wizard.core.run.events import Event
from wizard.core.run.view import RunView
from wizard.tui.run.view import done_rows


def shown(*more: Event) -> str:
    view = RunView()
    for event in (*more, *finished_run()):
        view.apply(event)
    return "\n".join("".join(text for text, _ in row) for row in done_rows(view, 80))


@pytest.mark.parametrize(
    ("state", "evidence", "next_step"),
    [("pass", ["5 secrets are in none of 2 revisions"], ""), ("warn", ["a of Secret b is in revision 3"], "Give it a new value.")],
)  # fmt: skip
def test_whether_secrets_were_found_where_they_must_not_be_is_a_fact_of_the_result(
    state: str, evidence: list[str], next_step: str
) -> None:
    data: dict[str, Any] = {
        "id": "K03", "title": "t", "state": state, "evidence": evidence, "next_step": next_step, "blocking": False, "question": "",
    }  # fmt: skip
    said = shown(Event("check.result", data, 1, "2026-01-02T03:04:07.000Z"))
    assert "Secrets" in said
    assert evidence[0] in said
    assert next_step in said


def test_what_was_not_looked_for_is_no_fact() -> None:
    assert "Secrets" not in shown()
