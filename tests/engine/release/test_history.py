"""The revisions of a release, and who made each."""

from __future__ import annotations

import pytest

from tests.engine.fakes import FakeCluster
from tests.engine.release.stored import TARGET, cluster_with
from wizard.core.errors import Exit, Problem
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.engine.release import history


async def test_a_release_that_is_not_there_says_where_was_looked() -> None:
    with pytest.raises(Problem) as caught:
        await history.history(FakeCluster(), TARGET)
    assert "looked in namespace n of c" in caught.value.what
    assert caught.value.code == Exit.UNKNOWN


async def test_who_made_a_revision_is_known_where_a_run_of_ours_did() -> None:
    run = RunSummary("ab12", "upgrade", TARGET, "finished", "2026-01-02T03:01:30Z", who="jane")
    other = RunSummary("cd34", "upgrade", Target("c", "m", "rel"), "finished", "2026-01-02T03:01:40Z", who="joe")
    found = await history.history(cluster_with((1, "superseded"), (2, "deployed")), TARGET, [run, other])
    assert [one.who for one in found] == ["", "jane (run ab12)"]


async def test_a_revision_that_followed_one_of_ours_is_not_taken_for_ours() -> None:
    run = RunSummary("ab12", "install", TARGET, "finished", "2026-01-02T03:00:30Z", who="jane")
    found = await history.history(cluster_with((1, "superseded"), (2, "deployed")), TARGET, [run])
    assert [one.who for one in found] == ["jane (run ab12)", ""]
