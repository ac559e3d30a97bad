"""Whether anybody works on a stuck release: processes of this machine, and what counts as proof."""

from __future__ import annotations

from datetime import timedelta

import pytest

from wizard.adapters.runs.processes import is_helm
from wizard.core.helm.revision import Head, Times
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.engine.release.activity import _maker

TARGET = Target("c", "n", "rel")
BEGUN = "2026-01-02T03:00:00Z"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("helm upgrade rel ./chart --wait -n n", True),
        ("/opt/helm-v4.2.4/helm install rel ./chart --namespace=n", True),
        ("helm3 rollback rel 1", True),
        ("helm upgrade rel ./chart -n other", False),
        ("helm upgrade other ./chart -n n", False),
        ("helm status rel -n n", False),
        ("vim upgrade rel", False),
        ("", False),
    ],
)
def test_a_helm_at_work_is_known_by_its_command_line(line: str, found: bool) -> None:
    assert is_helm(line.split(), "rel", "n") is found


@pytest.mark.parametrize(
    ("started", "ended", "operation", "status", "made"),
    [
        ("03:00:00.700", "", "upgrade", "pending-upgrade", True), ("02:59:00", "", "upgrade", "pending-upgrade", True),
        ("02:40:00", "", "upgrade", "pending-upgrade", False), ("03:01:00", "", "upgrade", "pending-upgrade", False),
        ("02:40:00", "03:00:30", "upgrade", "pending-upgrade", True),
        ("02:59:00", "02:59:30", "upgrade", "pending-upgrade", False), ("02:59:00", "", "install", "pending-upgrade", False),
        ("02:59:00", "", "upgrade", "pending-rollback", True),
    ],
)  # fmt: skip
def test_the_run_that_made_a_revision_was_at_work_on_the_same_when_it_was_begun(
    started: str, ended: str, operation: str, status: str, made: bool
) -> None:
    assert (_maker(head(status), BEGUN, timedelta(0), [run(started, ended, operation)]) is not None) is made


@pytest.mark.parametrize(
    ("created", "begun", "ahead", "made"),
    [
        ("2026-01-02T04:30:00Z", BEGUN, 90, True), ("2026-01-02T01:30:00Z", BEGUN, -90, True),
        ("2026-01-02T04:30:00Z", BEGUN, 0, False), (BEGUN, "2026-01-02T01:30:00Z", 0, False),
        ("", BEGUN, 0, False), (BEGUN, "", 0, False), (BEGUN, "yesterday", 0, False),
    ],
)  # fmt: skip
def test_it_takes_both_the_record_and_its_object_to_name_the_run_and_two_clocks_are_told_apart(
    created: str, begun: str, ahead: int, made: bool
) -> None:
    found = _maker(head("pending-upgrade", created), begun, timedelta(minutes=ahead), [run("03:00:00", "", "upgrade")])
    assert (found is not None) is made


def head(status: str, created: str = BEGUN) -> Head:
    return Head("rel", "n", 2, status, Times(created, created), "record")


def run(started: str, ended: str, operation: str) -> RunSummary:
    end = f"2026-01-02T{ended}Z" if ended else ""
    return RunSummary("ab12", operation, TARGET, "lost", f"2026-01-02T{started}Z", who="jane", ended=end)
