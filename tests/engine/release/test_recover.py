"""Repairs of a stuck release: only of what nobody has in hand, and never of a record that changed meanwhile."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from tests.engine.fakes import FakeCluster, FakeRuns
from tests.engine.release.stored import MAP, TARGET, Clock, cluster_with
from wizard.adapters.files import PersonFiles
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.errors import Problem
from wizard.core.helm import release
from wizard.core.run.summary import RunSummary
from wizard.engine.release import recover
from wizard.engine.release.recover import Recovery


async def test_a_run_of_ours_that_lives_stops_a_repair() -> None:
    cluster = cluster_with((1, "superseded"), (2, "pending-upgrade"))
    run = RunSummary("ab12", "upgrade", TARGET, "running", "2026-01-02T03:01:30Z")
    with pytest.raises(Problem, match="run ab12 of this machine"):
        await recover.look(cluster, YamlDocuments(), TARGET, Clock(), FakeRuns(run), window=0)  # type: ignore[arg-type]  # what a look asks of runs
    found = await recover.look(cluster, YamlDocuments(), TARGET, Clock(), FakeRuns(), window=0)  # type: ignore[arg-type]  # what a look asks of runs
    assert (found.revision, found.good, found.young) == (2, 1, False)


@pytest.mark.parametrize(
    ("status", "metadata", "deployed", "young"),
    [
        ("pending-upgrade", {}, "", False),
        # what copies of labels say, helm 4's and helm 3's
        ("pending-upgrade", {"creationTimestamp": "2026-01-02T03:59:47Z"}, "", True),
        ("pending-upgrade", {}, "2026-01-02T03:59:47Z", True),
        ("pending-upgrade", {}, "soon", True), ("pending-upgrade", {"creationTimestamp": "soon"}, "", True),
        ("uninstalling", {}, "", False),
        ("uninstalling", {"managedFields": [{"manager": "Helm", "time": "2026-01-02T03:59:00Z"}]}, "", True),
    ],
)  # fmt: skip
async def test_a_revision_is_old_only_when_its_object_and_its_record_both_say_so(
    status: str, metadata: dict[str, Any], deployed: str, young: bool
) -> None:
    cluster = cluster_with((1, "superseded"), (2, status))
    data = release.unpack(cluster.bodies[1]["data"]["release"], "it")
    data["info"]["last_deployed"] = deployed or data["info"]["last_deployed"]
    body = base64.b64encode(release.pack(data).encode()).decode()
    cluster.bodies = (cluster.bodies[0], {**cluster.bodies[1], "data": {"release": body}})
    cluster.add("Secret", "sh.helm.release.v1.rel.v2", "n", metadata={**cluster.bodies[1]["metadata"], **metadata})
    found = await recover.look(cluster, YamlDocuments(), TARGET, Clock(), FakeRuns(), window=0)  # type: ignore[arg-type]  # what a look asks of runs
    assert (found.young, found.unproved) == (young, young)


async def test_by_a_clock_of_ours_that_is_hours_ahead_nothing_is_old() -> None:
    class Server(FakeCluster):
        async def create(self, manifest: Any, namespace: str = "", *, dry_run: bool = False) -> Any:
            return {**manifest, "metadata": {"creationTimestamp": "2026-01-02T03:04:00Z"}}

    old = cluster_with((1, "superseded"), (2, "pending-upgrade"))
    cluster = Server(objects=old.objects)
    cluster.bodies = old.bodies
    found = await recover.look(cluster, YamlDocuments(), TARGET, Clock(), FakeRuns(), window=0)  # type: ignore[arg-type]  # what a look asks of runs
    assert found.unproved


async def test_a_record_that_changed_meanwhile_is_not_repaired(tmp_path: Path) -> None:
    cluster = cluster_with((1, "superseded"), (2, "deployed"))
    known = Recovery(2, "pending-upgrade", "2026-01-02T03:05:00Z", False, 1, (), ())
    with pytest.raises(Problem, match="somebody is at work on it"):
        await recover.mark_failed(cluster, PersonFiles(), TARGET, known, Clock())
    assert not list(tmp_path.rglob("backups/*")), "nothing was even backed up"


def test_a_marked_record_is_as_helm_leaves_a_failed_one() -> None:
    (record,) = cluster_with((2, "pending-upgrade")).bodies
    known = Recovery(2, "pending-upgrade", "", False, 1, (), ())
    after = recover.failed(record, known, Clock().now())
    read = release.decode(after["data"]["release"], "x")
    assert (read.status, after["metadata"]["labels"]["status"]) == ("failed", "failed")
    assert read.manifest == MAP
    assert "pending-upgrade" in read.description
