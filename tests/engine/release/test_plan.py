"""Plans and repairs at the port: bad input is named, and nothing is lost or changed."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.stub import StubRuns
from tests.engine.fakes import FakeCluster, FakeHelm
from wizard.adapters.files import PersonFiles
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.errors import Exit, Problem
from wizard.core.helm import release
from wizard.core.target import Target
from wizard.engine.release import activity, history, records, recover, uninstall
from wizard.engine.release import plan as release_plan
from wizard.engine.release.recover import Recovery
from wizard.engine.run import plan_guard
from wizard.engine.run.plan_guard import Expected
from wizard.ports.charts import Chart
from wizard.ports.cluster import ClusterError
from wizard.ports.store import RunSummary

TARGET = Target("c", "n", "rel")
CHART = Chart("/chart", "mine", "1.1.0", "1", "", {}, {}, {})
MAP = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: conf}\ndata: {a: b}\n"


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 1, 2, 4, tzinfo=UTC)


def cluster_with(
    *revisions: tuple[int, str], chart: str = "mine", version: str = "1.0.0", manifest: str = MAP
) -> FakeCluster:
    """A cluster with helm's records of the release."""
    cluster = FakeCluster()
    cluster.add("Namespace", "n")
    bodies = []
    for number, status in revisions:
        data: dict[str, Any] = {
            "name": "rel", "namespace": "n", "version": number, "manifest": manifest, "config": {},
            "info": {"status": status, "last_deployed": f"2026-01-02T03:0{number}:00Z"},
            "chart": {"metadata": {"name": chart, "version": version}, "values": {}},
        }  # fmt: skip
        labels = {"owner": "helm", "name": "rel", "version": str(number), "status": status, "modifiedAt": "1767225600"}
        name = f"sh.helm.release.v1.rel.v{number}"
        metadata = {
            "labels": labels,
            "creationTimestamp": f"2026-01-02T03:0{number}:00Z",
            "resourceVersion": str(number),
        }
        cluster.add("Secret", name, "n", metadata=metadata)
        body = base64.b64encode(release.pack(data).encode()).decode()
        bodies.append({"kind": "Secret", "metadata": {**metadata, "name": name}, "data": {"release": body}})
    cluster.bodies = tuple(bodies)
    return cluster


async def plan(cluster: FakeCluster, rendered: str = MAP, chart: Chart = CHART) -> Any:
    return (await release_plan.of_values(cluster, FakeHelm(rendered), YamlDocuments(), TARGET, chart, "{}")).plan


async def test_another_chart_under_that_name_is_refused() -> None:
    with pytest.raises(Problem) as caught:
        await plan(cluster_with((1, "deployed"), chart="nginx"))
    assert "another chart: nginx" in caught.value.what
    assert caught.value.code == Exit.REFUSED


async def test_a_downgrade_is_said() -> None:
    found = await plan(cluster_with((1, "deployed"), version="2.0.0"))
    assert found.warnings == ("this takes the chart back from 2.0.0 to 1.1.0",)


async def test_the_base_is_the_newest_deployed_revision_and_not_a_failed_one_after_it() -> None:
    found = await plan(cluster_with((1, "superseded"), (2, "deployed"), (3, "failed")))
    assert (found.base, found.last) == (2, 3)


async def test_a_kind_that_the_cluster_does_not_serve_is_refused_by_name_and_the_rest_is_planned() -> None:
    stored = f"{MAP}---\napiVersion: x.example/v1\nkind: Odd\nmetadata: {{name: odd}}\n"
    cluster = cluster_with((1, "deployed"), manifest=stored)
    cluster.refuse["get Odd"] = ClusterError("not-found", "This cluster serves no kind Odd (x.example/v1).", 404)
    cluster.add("ConfigMap", "conf", "n", data={"a": "b"})

    found = await plan(cluster, stored)

    assert {one.label: one.change for one in found.objects} == {"Odd/odd": "refused", "ConfigMap/conf": "unchanged"}
    assert "serves no kind Odd" in found.refused[0].refusals[0].words


async def test_a_right_that_is_missing_makes_an_object_unknown_with_the_permission() -> None:
    cluster = cluster_with((1, "deployed"))
    cluster.refuse["get ConfigMap"] = ClusterError(
        "forbidden", "jane may not get.", 403, "get configmaps in namespace n"
    )
    (one,) = (await plan(cluster)).objects
    assert one.change == "unknown"
    assert "needs get configmaps" in one.note


async def test_records_that_are_hidden_are_named_with_the_permission() -> None:
    cluster = FakeCluster()
    cluster.refuse["list Secret"] = ClusterError("forbidden", "no", 403, "list secrets in namespace n")
    for call in (
        plan(cluster), history.history(cluster, TARGET), uninstall.look(cluster, YamlDocuments(), TARGET),
    ):  # fmt: skip
        with pytest.raises(Problem) as caught:
            await call
        assert "needs list secrets" in caught.value.what
        assert caught.value.code == Exit.UNKNOWN


async def test_a_release_that_is_not_there_says_where_was_looked() -> None:
    with pytest.raises(Problem) as caught:
        await history.history(FakeCluster(), TARGET)
    assert "looked in namespace n of c" in caught.value.what
    assert caught.value.code == Exit.UNKNOWN


@pytest.mark.parametrize(
    ("revisions", "asked", "goes", "says"),
    [
        (((1, "superseded"), (2, "deployed")), 0, 1, ""),
        (((1, "superseded"), (2, "failed"), (3, "deployed")), 0, 1, ""),
        (((1, "superseded"), (2, "pending-upgrade")), 0, 1, ""),
        (((1, "deployed"),), 0, 0, "nothing to roll rel back to"),
        (((1, "failed"), (2, "failed")), 0, 0, "no revision before 2 was good"),
        (((1, "superseded"), (2, "deployed")), 9, 0, "no revision 9"),
        (((1, "superseded"), (2, "deployed")), 2, 0, "is the one that runs"),
        (((1, "uninstalled"),), 0, 1, ""),
        (((1, "superseded"), (2, "uninstalled")), 0, 2, ""),
        (((1, "deployed"), (2, "uninstalling")), 0, 1, ""),
        (((1, "superseded"), (2, "uninstalled")), 2, 2, ""),
    ],
)
async def test_where_a_rollback_goes(revisions: Any, asked: int, goes: int, says: str) -> None:
    cluster = cluster_with(*revisions)
    known = await records.heads(cluster, TARGET)
    if says:
        with pytest.raises(Problem, match=says):
            await release_plan.wanted_revision(cluster, TARGET, known, asked)
    else:
        assert await release_plan.wanted_revision(cluster, TARGET, known, asked) == goes


async def test_a_roll_back_after_an_uninstall_makes_everything_anew_and_an_install_starts_from_nothing() -> None:
    cluster = cluster_with((1, "superseded"), (2, "uninstalled"))
    cluster.refuse["get ConfigMap"] = ClusterError("not-found", "it is gone", 404, body={})
    back = (await release_plan.of_rollback(cluster, FakeHelm(""), YamlDocuments(), TARGET, 0)).plan
    assert [(one.label, one.change, one.note) for one in back.objects] == [("ConfigMap/conf", "created", "")]
    anew = await plan(cluster)
    assert (anew.operation, anew.base, anew.last, anew.step) == ("install", 0, 2, "revision 2 -> 3")


async def test_somebody_who_came_in_between_stops_the_run() -> None:
    cluster = cluster_with((1, "superseded"), (2, "deployed"))
    await plan_guard.unchanged(cluster, TARGET, Expected(2))
    with pytest.raises(Problem) as caught:
        await plan_guard.unchanged(cluster, TARGET, Expected(1))
    assert "Somebody else changed rel" in caught.value.what
    with pytest.raises(Problem, match="was uninstalled since"):
        await plan_guard.unchanged(FakeCluster(), TARGET, Expected(1))


async def test_who_made_a_revision_is_known_where_a_run_of_ours_did() -> None:
    run = RunSummary("ab12", "upgrade", TARGET, "finished", "2026-01-02T03:01:30Z", who="jane")
    other = RunSummary("cd34", "upgrade", Target("c", "m", "rel"), "finished", "2026-01-02T03:01:40Z", who="joe")
    found = await history.history(cluster_with((1, "superseded"), (2, "deployed")), TARGET, [run, other])
    assert [one.who for one in found] == ["", "jane (run ab12)"]


async def test_a_revision_that_followed_one_of_ours_is_not_taken_for_ours() -> None:
    run = RunSummary("ab12", "install", TARGET, "finished", "2026-01-02T03:00:30Z", who="jane")
    found = await history.history(cluster_with((1, "superseded"), (2, "deployed")), TARGET, [run])
    assert [one.who for one in found] == ["jane (run ab12)", ""]


class Runs(StubRuns):
    def __init__(self, known: list[RunSummary]) -> None:
        super().__init__()
        self.known = known


async def test_a_run_of_ours_that_lives_stops_a_repair() -> None:
    cluster = cluster_with((1, "superseded"), (2, "pending-upgrade"))
    run = RunSummary("ab12", "upgrade", TARGET, "running", "2026-01-02T03:01:30Z")
    with pytest.raises(Problem, match="run ab12 of this machine"):
        await recover.look(cluster, YamlDocuments(), TARGET, Clock(), Runs([run]))  # type: ignore[arg-type]  # what a look asks of it
    found = await recover.look(cluster, YamlDocuments(), TARGET, Clock(), Runs([]))  # type: ignore[arg-type]  # the same
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
    monkeypatch: pytest.MonkeyPatch, status: str, metadata: dict[str, Any], deployed: str, young: bool
) -> None:
    monkeypatch.setattr(activity, "WINDOW_SECONDS", 0)
    cluster = cluster_with((1, "superseded"), (2, status))
    data = release.unpack(cluster.bodies[1]["data"]["release"], "it")
    data["info"]["last_deployed"] = deployed or data["info"]["last_deployed"]
    body = base64.b64encode(release.pack(data).encode()).decode()
    cluster.bodies = (cluster.bodies[0], {**cluster.bodies[1], "data": {"release": body}})
    cluster.add("Secret", "sh.helm.release.v1.rel.v2", "n", metadata={**cluster.bodies[1]["metadata"], **metadata})
    found = await recover.look(cluster, YamlDocuments(), TARGET, Clock(), Runs([]))  # type: ignore[arg-type]  # what a look asks of it
    assert (found.young, found.unproved) == (young, young)


async def test_by_a_clock_of_ours_that_is_hours_ahead_nothing_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    class Server(FakeCluster):
        async def create(self, manifest: Any, namespace: str = "", *, dry_run: bool = False) -> Any:
            return {**manifest, "metadata": {"creationTimestamp": "2026-01-02T03:04:00Z"}}

    monkeypatch.setattr(activity, "WINDOW_SECONDS", 0)
    old = cluster_with((1, "superseded"), (2, "pending-upgrade"))
    cluster = Server(objects=old.objects)
    cluster.bodies = old.bodies
    found = await recover.look(cluster, YamlDocuments(), TARGET, Clock(), Runs([]))  # type: ignore[arg-type]  # what a look asks of it
    assert found.unproved


async def test_a_superseded_revision_that_failed_by_its_own_words_is_no_way_back() -> None:
    cluster = cluster_with((1, "superseded"), (2, "superseded"), (3, "failed"))
    data = release.unpack(cluster.bodies[1]["data"]["release"], "it")
    data["info"]["description"] = 'Upgrade "rel" failed: resource not ready'
    body = base64.b64encode(release.pack(data).encode()).decode()
    cluster.bodies = (cluster.bodies[0], {**cluster.bodies[1], "data": {"release": body}}, cluster.bodies[2])
    assert await records.last_good(cluster, TARGET, await records.heads(cluster, TARGET)) == 1


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


@pytest.mark.parametrize(
    ("kind", "spec", "services"),
    [
        ("Ingress", {"rules": [{"http": {"paths": [{"backend": {"service": {"name": "a"}}}]}}]}, ["a"]),
        ("Ingress", {"defaultBackend": {"service": {"name": "b"}}}, ["b"]),
        ("HTTPRoute", {"rules": [{"backendRefs": [{"name": "c"}, {"name": "x", "kind": "Other"}]}]}, ["c"]),
        ("Service", {}, []),
    ],
)
def test_the_services_behind_a_way_in(kind: str, spec: dict[str, Any], services: list[str]) -> None:
    assert list(uninstall.backends({"kind": kind, "spec": spec})) == services


async def test_what_an_uninstall_loses_for_ever_follows_owner_and_reclaim_policy() -> None:
    claim = "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: NAME}\n"
    names = ("gone", "stays", "hidden")
    cluster = cluster_with((1, "deployed"), manifest="---\n".join(claim.replace("NAME", name) for name in names))
    for name, policy in zip(names, ("Delete", "Retain", ""), strict=True):
        cluster.add("PersistentVolumeClaim", name, "n", spec={"volumeName": f"pv-{name}"})
        if policy:
            cluster.objects["PersistentVolume", "n", f"pv-{name}"] = {}
            cluster.objects["PersistentVolume", "", f"pv-{name}"] = {
                "kind": "PersistentVolume", "metadata": {"name": f"pv-{name}"}, "spec": {"persistentVolumeReclaimPolicy": policy},
            }  # fmt: skip

    found = await uninstall.look(cluster, YamlDocuments(), TARGET)

    assert [one.label for one in found.lost] == ["PersistentVolumeClaim/gone", "PersistentVolumeClaim/hidden"]
    assert "needs get persistentvolumes" in found.lost[1].why
    assert "PersistentVolumeClaim/stays" in [one.label for one in found.kept]
