"""The public shape of a run's events is stable."""

from __future__ import annotations

import pytest

from wizard.core.run.events import EVENTS, Event


def test_a_line_of_the_record_has_the_public_shape_and_reads_back() -> None:
    event = Event("verdict", {"state": "ready", "reason": "über"}, 7, "2026-01-01T00:00:00.000Z")
    line = event.to_line()
    assert line == (
        '{"v":1,"seq":7,"time":"2026-01-01T00:00:00.000Z","type":"verdict","data":{"state":"ready","reason":"über"}}'
    )
    assert Event.from_line(line) == event


@pytest.mark.parametrize("line", ['{"v":2,"seq":1,"time":"","type":"x","data":{}}', "[]", "{", ""])
def test_a_line_of_another_version_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Event.from_line(line)


def test_the_types_are_the_published_ones() -> None:
    assert sorted(EVENTS) == [
        "check.result", "cluster.event", "decision", "finding", "finding.healed", "fix.applied", "fix.offered", "helm.exited", "helm.output", "helm.started", "log.gap", "log.lines",
        "object.made", "object.state", "reach", "record.gap", "rollback.exited", "rollback.output", "rollback.started", "run.finished", "run.notes", "run.phase", "run.started", "verdict", "waiting",
        "watch.blind",
    ]  # fmt: skip
