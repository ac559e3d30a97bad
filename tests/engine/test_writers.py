"""Whether anybody works on a stuck release: processes of this machine, and what counts as proof."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from wizard.adapters.processes import is_helm
from wizard.core.model.target import Target
from wizard.engine import writers
from wizard.engine.store import Head
from wizard.engine.writers import _maker
from wizard.ports.store import RunSummary

TARGET = Target("c", "n", "rel")


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
def test_the_run_that_made_a_revision_was_at_work_on_the_same_when_helm_wrote_it(
    started: str, ended: str, operation: str, status: str, made: bool
) -> None:
    head = Head(2, status, "2026-01-02T03:00:00Z", "record")
    end = f"2026-01-02T{ended}Z" if ended else ""
    run = RunSummary("ab12", operation, TARGET, "lost", f"2026-01-02T{started}Z", who="jane", ended=end)
    assert (_maker(head, [run]) is not None) is made


def test_a_time_that_cannot_be_read_is_no_proof() -> None:
    now = datetime(2026, 1, 2, 4, tzinfo=UTC)
    assert writers.is_young("yesterday", now)
    assert not writers.is_young("2026-01-02T03:00:00Z", now)
