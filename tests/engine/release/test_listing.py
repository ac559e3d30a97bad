"""Releases are found by helm's labels, and by what helm wrote on workloads where Secrets are hidden."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from tests.engine.fakes import FakeCluster
from wizard.core.errors import Exit, Problem
from wizard.core.kube.errors import ClusterError
from wizard.core.rules.check import Unknown
from wizard.core.target import Target
from wizard.engine.release import listing, rows
from wizard.engine.release.listing import ReleaseState, Unfit
from wizard.engine.release.rows import Found, ReleaseRow, ReleasesView

HIDDEN = ClusterError("forbidden", "eve may not list secrets.", 403, "list secrets in all namespaces")


def record(cluster: FakeCluster, name: str, version: int, status: str, namespace: str = "ns") -> None:
    labels = {"owner": "helm", "name": name, "version": str(version), "status": status, "modifiedAt": "1735689600"}
    metadata = {"labels": labels, "creationTimestamp": "2026-01-01T00:00:00Z"}
    cluster.add("Secret", f"sh.helm.release.v1.{name}.v{version}", namespace, metadata=metadata)


def workload(
    cluster: FakeCluster, release: str, ready: bool, namespace: str = "ns", chart: str = "llm-cost-ops-1.0.0"
) -> None:
    labels = {
        "app.kubernetes.io/managed-by": "Helm", "app.kubernetes.io/name": "llm-cost-ops", "helm.sh/chart": chart,
        "app.kubernetes.io/version": "1.0.0", "app.kubernetes.io/instance": release,
    }  # fmt: skip
    notes = {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}
    metadata = {
        "labels": labels, "annotations": notes, "uid": f"u-{release}", "generation": 1,
        "creationTimestamp": "2026-01-01T00:00:00Z",
    }  # fmt: skip
    count = 1 if ready else 0
    status = {
        "observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "readyReplicas": count, "availableReplicas": count,
    }  # fmt: skip
    cluster.add("Deployment", release, namespace, metadata=metadata, spec={"replicas": 1}, status=status)


async def last(cluster: FakeCluster, namespace: str = "", release: str = "", home: str = "") -> ReleasesView:
    return [view async for view in listing.find(cluster, Target("c", namespace, release), home)][-1]


async def test_the_newest_revision_and_its_workloads_are_one_row() -> None:
    cluster = FakeCluster()
    record(cluster, "rel", 9, "superseded")
    record(cluster, "rel", 10, "deployed")
    workload(cluster, "rel", ready=True)
    view = await last(cluster)
    assert view.rows == (
        ReleaseRow(
            "rel", "ns", "llm-cost-ops-1.0.0", "1.0.0", 10, "deployed", "2026-01-01T00:00:00Z", 1, 1, "ready", ""
        ),
    )
    assert (view.looked_in, view.hidden) == ("all namespaces", "")


async def test_only_metadata_of_records_is_asked_for() -> None:
    cluster = FakeCluster()
    asked: list[bool] = []
    real = cluster.list

    async def spy(kind: str, namespace: str = "", **more: Any) -> Any:
        if kind == "Secret":
            asked.append(more["metadata_only"])
        return await real(kind, namespace, **more)

    cluster.list = spy  # type: ignore[method-assign]  # a spy on one call
    await last(cluster)
    assert asked == [True]


async def test_without_secrets_workloads_tell_and_what_is_hidden_is_said() -> None:
    cluster = FakeCluster(refuse={"list Secret": HIDDEN})
    workload(cluster, "rel", ready=True)
    view = await last(cluster)
    assert [(one.name, one.helm_status, one.verdict) for one in view.rows] == [("rel", "", "ready")]
    assert "needs list secrets" in view.hidden


async def test_without_rights_everywhere_the_known_namespaces_are_looked_at_and_named() -> None:
    class Inside(FakeCluster):
        async def list(self, kind: str, namespace: str = "", **more: Any) -> Any:
            if namespace != "mine":
                raise HIDDEN
            return await super().list(kind, namespace, **more)

    cluster = Inside()
    record(cluster, "rel", 1, "deployed", "mine")
    view = await last(cluster, home="mine")
    assert [one.name for one in view.rows] == ["rel"]
    assert view.looked_in == "namespace mine"
    assert "other namespaces are hidden" in view.hidden


async def test_nothing_to_be_seen_is_not_nothing_there() -> None:
    view = await last(FakeCluster(refuse={"list": HIDDEN}))
    assert view.rows == ()
    assert "-n" in view.hidden
    refused = ClusterError("refused", "x refuses the connection.")
    assert "refuses" in (await last(FakeCluster(refuse={"list": refused}), "ns")).hidden


@pytest.mark.parametrize(("template", "verdict"), [({}, "stuck"), ({"spec": {"containers": []}}, "progressing")])
async def test_what_is_not_ready_is_explained_by_its_pods_but_not_by_those_that_are_being_left(
    template: dict[str, Any], verdict: str
) -> None:
    cluster = FakeCluster()
    record(cluster, "rel", 1, "pending-install")
    workload(cluster, "rel", ready=False)
    owner = [{"kind": "Deployment", "name": "rel", "uid": "u-rel", "controller": True}]
    labels = {"app.kubernetes.io/instance": "rel"}
    cluster.add(
        "ReplicaSet", "rs", "ns",
        metadata={"uid": "u-rs", "ownerReferences": owner, "labels": labels}, spec={"template": template},
    )  # fmt: skip
    waiting = {"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff", "message": "no such image"}}}
    cluster.add(
        "Pod", "p", "ns",
        metadata={"uid": "u-p", "labels": labels,
                  "ownerReferences": [{"kind": "ReplicaSet", "name": "rs", "uid": "u-rs", "controller": True}]},
        spec={"containers": [{"name": "c"}]}, status={"phase": "Pending", "containerStatuses": [waiting]},
    )  # fmt: skip
    views = [view async for view in listing.find(cluster, Target("c", "ns", ""))]
    assert [view.rows[0].verdict for view in views] == ["progressing", verdict]
    assert ("cannot be pulled" in views[-1].rows[0].worst) == (verdict == "stuck")


async def test_our_chart_s_releases_come_first_and_a_name_picks_one() -> None:
    cluster = FakeCluster()
    workload(cluster, "aaa", ready=True, chart="nginx-1.0.0")
    workload(cluster, "zzz", ready=True)
    assert [one.name for one in (await last(cluster)).rows] == ["zzz", "aaa"]
    assert [one.name for one in (await last(cluster, release="aaa")).rows] == ["aaa"]


@pytest.mark.parametrize(
    ("status", "asked", "done", "says", "next_step"),
    [
        ("deployed", "either", "upgrade", "", ""), ("failed", "either", "upgrade", "", ""),
        ("superseded", "upgrade", "upgrade", "", ""), (None, "either", "install", "", ""), (None, "install", "install", "", ""),
        ("uninstalled", "either", "install", "", ""),
        ("deployed", "install", "", "cannot re-use a name that is still in use", "wizard upgrade rel -n ns --context c"),
        ("failed", "install", "", "cannot re-use a name that is still in use", "wizard upgrade rel -n ns --context c"),
        ("uninstalled", "install", "", "cannot re-use a name that is still in use", "wizard upgrade --install rel -n ns"),
        ("uninstalled", "upgrade", "", "has no deployed releases", "wizard rollback rel -n ns --context c"),
        (None, "upgrade", "", "has no deployed releases", "wizard upgrade --install rel -n ns"),
    ],
)  # fmt: skip
async def test_install_or_upgrade_by_what_is_asked_and_the_state_of_the_release_as_in_helm(
    status: str | None, asked: listing.Asked, done: str, says: str, next_step: str
) -> None:
    cluster = FakeCluster()
    if status:
        record(cluster, "rel", 3, status)
    call = listing.operation(cluster, Target("c", "ns", "rel"), asked)
    if done:
        assert await call == done
        return
    with pytest.raises(Unfit) as caught:
        await call
    assert (says in caught.value.what, next_step in caught.value.next_step) == (True, True), caught.value
    assert caught.value.code == Exit.REFUSED


@pytest.mark.parametrize(
    ("status", "over"), [(None, False), ("uninstalled", True), ("deployed", None), ("failed", None)]
)
async def test_an_install_starts_on_a_free_name_or_over_a_kept_history_and_on_nothing_else(
    status: str | None, over: bool | None
) -> None:
    cluster = FakeCluster()
    if status:
        record(cluster, "rel", 3, status)
    if over is not None:
        assert await listing.over_history(cluster, Target("c", "ns", "rel")) is over
        return
    with pytest.raises(Unfit):
        await listing.over_history(cluster, Target("c", "ns", "rel"))


@pytest.mark.parametrize(
    ("version", "status", "way_out"),
    [
        (1, "pending-install", "llm-cost-ops-wizard recover rel -n ns --context c"),
        (4, "pending-upgrade", "llm-cost-ops-wizard recover rel -n ns --context c"),
        (4, "uninstalling", "recover rel"),
    ],
)
async def test_a_release_that_helm_would_refuse_is_a_problem_with_a_way_out(
    version: int, status: str, way_out: str
) -> None:
    cluster = FakeCluster()
    record(cluster, "rel", version, status)
    with pytest.raises(Unfit):
        await listing.operation(cluster, Target("c", "ns", "rel"), "install")
    with pytest.raises(Problem) as caught:
        await listing.operation(cluster, Target("c", "ns", "rel"))
    assert way_out in caught.value.next_step
    assert "2026-01-01T00:00:00Z" in caught.value.what


async def test_a_state_that_cannot_be_known_is_not_guessed() -> None:
    cluster = FakeCluster(refuse={"list Secret": HIDDEN})
    target = Target("c", "ns", "rel")
    assert await listing.state(cluster, target) == Unknown("eve may not list secrets", HIDDEN.permission)
    assert await listing.state(FakeCluster(), target) == ReleaseState()
    with pytest.raises(Problem) as caught:
        await listing.operation(cluster, target)
    assert caught.value.code == Exit.UNKNOWN


_HERE = Target("c", "", "")


@pytest.mark.parametrize(
    ("chart", "version"),
    [
        ("llm-cost-ops-1.1.0", "1.1.0"), ("kube-prometheus-stack-75.3.0-rc.1", "75.3.0-rc.1"), ("redis-7-1.2.3+build", "1.2.3+build"),
        ("odd", "odd"), ("", ""),
    ],
)  # fmt: skip
def test_the_version_of_a_chart_is_what_follows_its_name(chart: str, version: str) -> None:
    assert ReleaseRow("rel", "ns", chart, "9.9.9").chart_version == version


_READY = ReleaseRow("rel", "ns", verdict="ready")
_FROM_HERE = ReleasesView((ReleaseRow("rel", "ns", "read by itself"),), "all namespaces")


@pytest.mark.parametrize(
    ("read", "expected"),
    [
        ((_HERE, ReleasesView((_READY,), "all namespaces")), ["ahead"]),
        ((_HERE, ReleasesView((replace(_READY, verdict="failed"),), "all namespaces")), ["ahead", "own"]),
        ((_HERE, ReleasesView((_READY,), "namespace ns", "other namespaces are hidden")), ["ahead", "own"]),
        ((_HERE, ReleasesView((), "no namespace", "no answer")), ["own"]),
        ((replace(_HERE, context="other"), ReleasesView((_READY,), "all namespaces")), ["own"]),
        (None, ["own"]),
    ],
)
async def test_what_another_process_read_comes_first_and_is_enough_only_when_nothing_is_open(
    read: Found | None, expected: list[str]
) -> None:
    async def ahead() -> Found | None:
        return read

    async def found() -> AsyncIterator[ReleasesView]:
        yield _FROM_HERE

    views = [view async for view in rows.after(ahead, _HERE, found)]
    assert ["own" if view is _FROM_HERE else "ahead" for view in views] == expected
