"""Nothing is applied to a release that changed since its plan was made."""

from __future__ import annotations

import pytest

from tests.engine.fakes import FakeCluster
from tests.engine.release.stored import TARGET, cluster_with
from wizard.core.errors import Problem
from wizard.core.run.spec import Expected
from wizard.engine.run import plan_guard


async def test_somebody_who_came_in_between_stops_the_run() -> None:
    cluster = cluster_with((1, "superseded"), (2, "deployed"))
    await plan_guard.unchanged(cluster, TARGET, Expected(2))
    with pytest.raises(Problem) as caught:
        await plan_guard.unchanged(cluster, TARGET, Expected(1))
    assert "Somebody else changed rel" in caught.value.what
    with pytest.raises(Problem, match="was uninstalled since"):
        await plan_guard.unchanged(FakeCluster(), TARGET, Expected(1))
