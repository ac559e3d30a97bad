"""The result table of the fault matrix."""

from __future__ import annotations

from typing import Any

from tests import fault_table


def test_a_cell_that_does_not_hold_is_counted_and_named_beside_what_helm_alone_came_to() -> None:
    cells: list[tuple[dict[str, Any], str, float]] = [
        (
            {"fault": ["HUP", "front end", "during wait", "helm finishes"], "helm alone": "helm ends (SIGHUP)"},
            "passed",
            4.25,
        ),
        ({"fault": ["KILL", "helm", "during hook", "recover"]}, "failed", 9.0),
    ]
    text = fault_table.table(cells)
    assert text.startswith("# Fault matrix: 1 of 2 cells hold\n")
    assert "| HUP | front end | during wait | helm finishes | yes | helm ends (SIGHUP) | 4.2 |" in text
    assert "| KILL | helm | during hook | recover | NO | ? | 9.0 |" in text
