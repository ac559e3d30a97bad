"""Plans at the port: bad input is named, and nothing is lost or changed."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.fakes import FakeCluster, FakeHelm
from tests.engine.release.stored import MAP, TARGET, cluster_with
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.errors import Exit, Problem
from wizard.core.helm.chart import Chart
from wizard.core.kube.errors import ClusterError
from wizard.engine.release import history, records, uninstall
from wizard.engine.release import plan as release_plan

CHART = Chart("/chart", "mine", "1.1.0", "1", "", {}, {}, {})


async def plan(cluster: FakeCluster, rendered: str = MAP, chart: Chart = CHART, *, force: bool = False) -> Any:
    helm = FakeHelm(rendered)
    planned = await release_plan.of_values(cluster, helm, YamlDocuments(), TARGET, chart, "{}", force_conflicts=force)
    return planned.plan


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


MAPS = "---\n".join(MAP.replace("conf", f"conf-{number}") for number in range(6))


@pytest.mark.parametrize("listed", ["all", "without some labels", "forbidden"])
async def test_many_objects_of_a_kind_are_read_by_one_list_and_what_it_does_not_tell_one_by_one(listed: str) -> None:
    cluster = cluster_with((1, "deployed"), manifest=MAPS)
    for number in range(5):  # somebody deleted the last one
        labels = {} if listed == "without some labels" and number < 2 else {"app.kubernetes.io/managed-by": "Helm"}
        cluster.add("ConfigMap", f"conf-{number}", "n", data={"a": "b"}, metadata={"labels": labels})
    if listed == "forbidden":
        cluster.refuse["list ConfigMap"] = ClusterError("forbidden", "jane may not list.", 403, "list configmaps")
    cluster.refuse["get ConfigMap conf-5"] = ClusterError("not-found", "it is gone", 404, body={})

    found = await plan(cluster, MAPS.replace("a: b", "a: c", 2))

    changes = {change.label.partition("/")[2]: change.change for change in found.objects}
    assert changes == {
        "conf-0": "changed", "conf-1": "changed", "conf-2": "unchanged", "conf-3": "unchanged", "conf-4": "unchanged",
        "conf-5": "created",
    }  # fmt: skip
    singly = [call for call in cluster.calls if call.startswith("get ConfigMap conf-")]
    assert len(singly) == {"all": 1, "without some labels": 3, "forbidden": 6}[listed]


DEPLOYMENT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: api}\nspec: {replicas: 2}\n"


class Scaled(FakeCluster):
    """A cluster in which somebody else owns the replicas; without `immutable` a forced apply is taken."""

    immutable = False
    managers: tuple[str, ...] = ("kubectl",)

    async def try_apply(self, manifest: Any, namespace: str = "", *, manager: str, force: bool = False) -> Any:
        self.calls.append(f"apply force={force}")
        if self.immutable:
            causes = [{"field": "spec.selector", "message": "field is immutable"}]
        elif not force:
            scale = 'with subresource "scale" using apps/v1'
            causes = [
                {
                    "reason": "FieldManagerConflict",
                    "field": ".spec.replicas",
                    "message": f'conflict with "{owner}" {scale}',
                }
                for owner in self.managers
            ]
        else:
            return manifest
        raise ClusterError("conflict", "Apply failed.", 409, body={"details": {"causes": causes}})


def scaled(**kind: Any) -> Scaled:
    records = cluster_with((1, "deployed"), manifest=DEPLOYMENT.replace("2", "1"), method="ssa")
    cluster = Scaled(records.objects)
    cluster.bodies = records.bodies
    cluster.add("Deployment", "api", "n", apiVersion="apps/v1", spec={"replicas": 3})
    for name, value in kind.items():
        setattr(cluster, name, value)
    return cluster


async def test_a_field_of_another_manager_is_refused_by_name_and_taken_over_once_it_is_asked_for() -> None:
    (left,) = (await plan(scaled(), DEPLOYMENT)).objects
    assert (left.change, left.takeovers, len(left.conflicts)) == ("refused", (), 1)

    cluster = scaled()
    found = await plan(cluster, DEPLOYMENT, force=True)
    (taken,) = found.objects
    assert (taken.change, taken.conflicts) == ("changed", ())
    assert taken.takeovers == ("spec.replicas: taken over from kubectl: 3 -> 2",)
    assert [(field.old, field.new) for field in taken.drift] == [(1, 3)]
    assert (found.takes, found.warnings) == ("1 field from kubectl", ())
    assert [call for call in cluster.calls if "force" in call] == ["apply force=False", "apply force=True"]


async def test_what_is_refused_for_another_reason_is_not_tried_by_force() -> None:
    cluster = scaled(immutable=True)
    (one,) = (await plan(cluster, DEPLOYMENT, force=True)).objects
    assert (one.change, one.conflicts, one.taken) == ("refused", (), ())
    assert "apply force=True" not in cluster.calls


async def test_replicas_that_an_autoscaler_sets_are_a_warning_where_they_are_taken_over() -> None:
    (warning,) = (await plan(scaled(managers=("kube-controller-manager",)), DEPLOYMENT, force=True)).warnings
    assert (
        "Deployment/api: an autoscaler (kube-controller-manager) sets its replicas and will set them again" in warning
    )


async def test_where_helm_merges_force_is_said_to_be_needless() -> None:
    cluster = cluster_with((1, "deployed"))
    cluster.add("ConfigMap", "conf", "n", data={"a": "c"})
    (warning,) = (await plan(cluster, force=True)).warnings
    assert "--force-conflicts is not needed" in warning
    assert (await plan(cluster)).warnings == ()
