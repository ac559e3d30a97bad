"""Facts about what runs already: helm's record of it, who wrote it last, the clock of the API server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.engine.fakes import FakeHelm
from tests.engine.preflight.test_collectors import active, facts, world
from tests.engine.release.stored import TARGET, cluster_with
from wizard.core.kube.errors import ClusterError
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import Touched
from wizard.core.run.summary import RunSummary
from wizard.engine.preflight.world import World


def upgrade(*revisions: tuple[int, str]) -> World:
    return replace(world(cluster_with(*revisions), FakeHelm()), target=TARGET, kubeconfig=None)


async def test_the_newest_revision_that_is_deployed_is_read() -> None:
    found = await facts(upgrade((1, "superseded"), (2, "deployed"), (3, "failed")), "running", "release")
    assert found["running"].record.revision == 2
    assert [one["kind"] for one in found["running"].objects] == ["ConfigMap"]
    assert found["release"].kept == 3


async def test_an_install_and_a_hidden_or_missing_record_are_told_apart() -> None:
    assert isinstance((await facts(world(active()), "running"))["running"], Absent)
    failed = await facts(upgrade((1, "failed")), "running")
    assert failed["running"].record.revision == 1, "helm compares with an install that failed"
    hidden = active(refuse={"list Secret": ClusterError("forbidden", "eve may not list secrets.", 403, "list secrets")})
    assert (await facts(world(hidden), "running"))["running"] == Unknown("eve may not list secrets", "list secrets")


@pytest.mark.parametrize(
    ("started", "ended", "here"),
    [
        ("2026-01-02T03:00:00Z", "2026-01-02T03:01:03Z", True),
        ("2026-01-02T03:00:00Z", "", True),
        ("2026-01-02T03:00:00Z", "2026-01-02T03:00:30Z", False),
        ("2026-01-02T03:02:00Z", "", False),
    ],
)
async def test_a_revision_is_of_this_machine_when_a_run_of_it_was_at_work(started: str, ended: str, here: bool) -> None:
    run = RunSummary("a", "install", TARGET, "finished", started, ended=ended)
    of = replace(upgrade((1, "deployed")), ended=(run,), now=lambda: datetime(2026, 1, 2, 3, 9, tzinfo=UTC))
    assert (await facts(of, "touched"))["touched"] == Touched(1, 8, here)
