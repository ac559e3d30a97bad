from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.fake_cluster import FakeCluster, Log
from tests.engine.objects import API, BROKEN, RUNNING, SET, TARGET, Clock, deployment, obj, pod
from wizard.core.backoff import Backoff
from wizard.core.kube.api import LogLine, WatchEvent
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import KINDS
from wizard.core.run.events import Event
from wizard.core.run.view import RunView
from wizard.engine.watch import live
from wizard.engine.watch import release_watch as watch_module
from wizard.engine.watch.release_watch import ReleaseWatch


class Watched:
    """A release that is watched, folded into a view."""

    def __init__(self) -> None:
        self.cluster, self.clock, self.view = FakeCluster(), Clock(), RunView()
        self.said: list[Event] = []
        self.watch = ReleaseWatch(self.cluster, TARGET, self.clock, self.take)
        self._changed = asyncio.Event()

    def take(self, events: Any) -> None:
        for event in events:
            self.said.append(event)
            self.view.apply(event)
        self._changed.set()

    def types(self) -> list[str]:
        return [event.type for event in self.said]

    async def until(self, condition: Callable[[RunView], object]) -> RunView:
        async with asyncio.timeout(5):
            while not condition(self.view):
                self._changed.clear()
                await self._changed.wait()
        return self.view


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    made = Watched()
    task = asyncio.create_task(made.watch.run())
    await asyncio.sleep(0)
    yield made
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def names(view: RunView) -> list[str]:
    return sorted(f"{row.kind}/{row.name}" for row in view.rows())


async def test_what_belongs_is_decided_by_annotation_label_and_owners(watched: Watched) -> None:
    labelled = obj("Service", "svc", metadata={"labels": {"app.kubernetes.io/instance": "rel"}}, spec={})
    foreign = obj("Service", "other", metadata={"labels": {"app.kubernetes.io/instance": "another"}}, spec={})
    helms = obj("Service", "claimed", metadata={
        "labels": {"app.kubernetes.io/instance": "rel"}, "annotations": {"meta.helm.sh/release-name": "another"},
    }, spec={})  # fmt: skip
    stranger = obj("Pod", "stranger", spec={}, status={})
    watched.cluster.put(pod(RUNNING), SET, API, labelled, foreign, helms, stranger)
    view = await watched.until(lambda view: view.total() >= 3)
    assert names(view) == ["Deployment/api", "Pod/api-1-x", "Service/svc"]
    assert {row.owner for row in view.rows("pod")} == {"Deployment/api"}


async def test_only_changes_are_said(watched: Watched) -> None:
    watched.cluster.put(API, SET, pod(RUNNING))
    await watched.until(lambda view: view.total() == 2)
    said = len(watched.said)
    watched.cluster.put({**API, "metadata": {**API["metadata"], "resourceVersion": "2"}})
    watched.cluster.put(deployment(1))
    view = await watched.until(lambda view: view.ready_count() == 1)
    states = [event.data["kind"] for event in watched.said[said:] if event.type == "object.state"]
    assert states == ["Deployment"]
    watched.cluster.remove(pod(RUNNING))
    await watched.until(lambda view: view.total() == 1)
    assert names(view) == ["Deployment/api"]


async def test_a_broken_image_is_named_in_the_same_breath_as_the_pods_status(watched: Watched) -> None:
    watched.cluster.put(API, SET)
    await watched.until(lambda view: view.total() == 1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    watched.cluster.put(pod(BROKEN))
    view = await watched.until(lambda view: view.verdict == "stuck")
    assert loop.time() - began < 0.5
    (found,) = view.ranked_findings()
    assert (found.id, found.object, found.terminal) == ("CO01", "Deployment/api", True)
    assert view.waiting is not None
    assert (view.waiting.what, view.waiting.heals) == ("Deployment/api", "no")
    assert "app:nope" in view.reason


async def test_a_healed_release_loses_finding_and_waiting_line_and_is_ready(watched: Watched) -> None:
    watched.cluster.put(API, SET, pod(BROKEN))
    await watched.until(lambda view: view.findings)
    watched.cluster.put(pod(RUNNING, ready=True), deployment(1))
    view = await watched.until(lambda view: view.verdict == "ready")
    assert not view.findings
    assert view.waiting is None


async def test_while_helm_is_at_work_ready_is_not_said(watched: Watched) -> None:
    watched.watch.hold = "helm is still at work"
    watched.cluster.put(deployment(1))
    view = await watched.until(lambda view: view.total() == 1)
    assert (view.verdict, view.reason) == ("progressing", "helm is still at work")
    watched.watch.hold = ""
    watched.watch.flush()
    assert view.verdict == "ready"


async def test_the_clock_alone_can_make_a_pod_stuck(watched: Watched) -> None:
    watched.cluster.put(API, SET, pod(RUNNING))
    await watched.until(lambda view: view.total() == 2)
    watched.clock.time = watched.clock.time.replace(minute=10)
    view = await watched.until(lambda view: view.verdict == "stuck")
    assert view.rows("pod")[0].state == "stuck"


@pytest.mark.parametrize(
    ("what", "changed", "since"),
    [
        ("nothing", {}, "2026-01-01T12:00:00Z"),
        ("its state", {"readyReplicas": 1}, "2026-01-01T12:45:00Z"),
        ("what is wanted of it", {"generation": 2}, "2026-01-01T12:45:00Z"),
    ],
)
async def test_an_object_counts_by_its_own_times_until_it_is_seen_to_change(
    watched: Watched, what: str, changed: dict[str, int], since: str
) -> None:
    def store(ready: int, generation: int = 1, version: str = "1") -> dict[str, Any]:
        state = {"observedGeneration": 1, "readyReplicas": ready, "collisionCount": version}
        return obj("StatefulSet", "db", ours=True, metadata={"generation": generation}, spec={}, status=state)

    watched.cluster.put(store(0))
    await watched.until(lambda view: view.total())
    watched.clock.time = watched.clock.time.replace(minute=45, second=0)
    # The last change makes something of it to be said, and nothing of its age.
    watched.cluster.put(store(changed.get("readyReplicas", 0), changed.get("generation", 1), "2"), deployment(1))
    view = await watched.until(lambda view: view.total() == 2)
    assert next(row.since for row in view.rows() if row.name == "db") == since


async def test_a_seen_change_keeps_its_time_while_it_lasts_and_over_a_new_watch(watched: Watched) -> None:
    watched.cluster.put(deployment(1))
    await watched.until(lambda view: view.verdict == "ready")
    watched.clock.time = watched.clock.time.replace(minute=45, second=0)
    watched.cluster.put(deployment(0))
    view = await watched.until(lambda view: view.verdict == "progressing")
    assert view.waiting is not None
    assert view.waiting.since == "2026-01-01T12:45:00Z"
    again = Watched()
    again.view, again.clock.time = view, watched.clock.time.replace(minute=50)
    again.watch.resume_after(view)
    again.watch.flush()
    assert again.view.total(), "nothing is gone before it was looked for"
    again.watch._kinds["Deployment"] = {API["metadata"]["uid"]: deployment(0)}
    again.watch.flush()
    assert [row.since for row in again.view.rows()] == ["2026-01-01T12:45:00Z"]


async def test_there_is_no_verdict_before_the_events_that_may_name_the_cause() -> None:
    made = Watched()
    for kind in KINDS:
        made.watch._unlisted.discard(kind)
    made.watch.flush()
    assert (made.view.verdict, made.view.reason) == ("unknown", "still reading the cluster")


async def test_events_about_the_release_are_said_once_per_count_and_others_never(watched: Watched) -> None:
    def happened(name: str, about: dict[str, Any], count: int) -> dict[str, Any]:
        reference = {"kind": about["kind"], "name": about["metadata"]["name"], "uid": about["metadata"]["uid"]}
        return obj("Event", name, involvedObject=reference, type="Warning", reason="Failed", message="m", count=count)

    watched.cluster.put(API, happened("a", API, 1), happened("b", obj("Pod", "stranger"), 1))
    await watched.until(lambda view: view.events)
    watched.cluster.put(happened("a", API, 1))
    watched.cluster.put(happened("a", API, 2))
    view = await watched.until(lambda view: view.events[0].count == 2)
    assert [(row.object, row.count) for row in view.events] == [("Deployment/api", 2)]
    assert watched.types().count("cluster.event") == 2


async def test_the_newer_shape_of_events_is_understood(watched: Watched) -> None:
    reference = {"kind": "Deployment", "name": "api", "uid": API["metadata"]["uid"]}
    event = obj("Event", "a", regarding=reference, type="Normal", reason="Scaled", note="up", series={"count": 4})
    watched.cluster.put(API, event)
    view = await watched.until(lambda view: view.events)
    assert (view.events[0].message, view.events[0].count) == ("up", 4)


LONG = "sh -c set -e; if test -f /run/ready; then exec psql --host 127.0.0.1; else exit 1; fi"
MESSAGES = [
    ("Readiness probe failed: psql: error:\n\n  FATAL:  no\n", "Readiness probe failed: psql: error: FATAL: no"),
    (
        f'Startup probe failed: command timed out: "{LONG}" timed out after 5s',
        'Startup probe failed: command timed out: "sh -c set -e; if test -f /run/ready; then exec psql --host ..." timed out after 5s',
    ),
    ('Back-off pulling image "registry.example/app:1"', 'Back-off pulling image "registry.example/app:1"'),
]


@pytest.mark.parametrize(("message", "said"), MESSAGES)
async def test_an_events_message_is_one_line_and_a_probes_command_its_first_words(
    watched: Watched, message: str, said: str
) -> None:
    reference = {"kind": "Deployment", "name": "api", "uid": API["metadata"]["uid"]}
    watched.cluster.put(API, obj("Event", "a", involvedObject=reference, reason="Unhealthy", message=message))
    view = await watched.until(lambda view: view.events)
    assert view.events[0].message == said


async def test_a_kind_without_right_is_named_with_the_permission_and_the_rest_goes_on() -> None:
    made = Watched()
    refusal = ClusterError("forbidden", "jobs is forbidden", 403, "list jobs in namespace ns")
    made.cluster.refuse["watch Job"] = refusal
    made.cluster.put(deployment(1))
    task = asyncio.create_task(made.watch.run())
    view = await made.until(lambda view: view.verdict == "unknown" and view.total())
    assert [(row.what, row.permission) for row in view.blind] == [("Job", "list jobs in namespace ns")]
    assert "Job" in view.reason
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_lost_connection_is_said_and_so_is_its_return(watched: Watched) -> None:
    watched.cluster.put(deployment(1))
    await watched.until(lambda view: view.verdict == "ready")
    watched.cluster.send("Pod", WatchEvent("BLIND", (), "connection lost"))
    view = await watched.until(lambda view: view.blind)
    assert view.blind[0].reason == "connection lost"
    watched.cluster.send("Pod", WatchEvent("BLIND", ()))
    await watched.until(lambda view: not view.blind and view.verdict == "ready")


async def test_a_relist_forgets_what_is_no_longer_there(watched: Watched) -> None:
    watched.cluster.put(API, SET, pod(RUNNING))
    await watched.until(lambda view: view.total() == 2)
    watched.cluster.send("Pod", WatchEvent("LIST", ()))
    view = await watched.until(lambda view: view.total() == 1)
    assert names(view) == ["Deployment/api"]


async def test_an_object_that_makes_no_sense_does_not_end_the_watch(watched: Watched) -> None:
    broken = obj("StatefulSet", "odd", ours=True, spec={"replicas": "many"}, status=[1, 2])
    worse = obj("Pod", "worse", owner=broken, spec={"containers": 7}, status={"containerStatuses": ["x"]})
    watched.cluster.put(broken, worse, deployment(1))
    view = await watched.until(lambda view: view.total() == 3)
    assert {row.name: row.state for row in view.rows()} == {"odd": "unknown", "worse": "unknown", "api": "ready"}


async def test_owners_in_a_circle_do_not_hang(watched: Watched) -> None:
    first = obj("ReplicaSet", "a", spec={}, status={})
    second = obj("ReplicaSet", "b", owner=first, spec={}, status={})
    first["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": "b", "uid": second["metadata"]["uid"]}]
    watched.cluster.put(first, second, deployment(1))
    assert names(await watched.until(lambda view: view.verdict == "ready")) == ["Deployment/api"]


async def test_a_new_watch_on_an_old_record_says_only_what_changed() -> None:
    first = Watched()
    first.cluster.put(API, SET, pod(BROKEN))
    task = asyncio.create_task(first.watch.run())
    await first.until(lambda view: view.verdict == "stuck")
    task.cancel()
    second = Watched()
    second.cluster = first.cluster
    second.watch = ReleaseWatch(first.cluster, TARGET, second.clock, second.take)
    second.watch.resume_after(first.view)
    task = asyncio.create_task(second.watch.run())
    await second.until(lambda view: view.verdict == "stuck")
    task.cancel()
    assert set(second.types()) == {"waiting", "verdict"}


async def test_what_a_log_says_of_a_refused_password_is_a_finding_of_the_live_view() -> None:
    cluster, view = FakeCluster(), RunView()
    cluster.log["api-1-x/app"] = Log('FATAL: password authentication failed for user "app"')
    cluster.put(API, SET, pod(RUNNING, containerID="c1"))
    async with asyncio.timeout(5):
        async for batch in live.watch_release(cluster, TARGET, Clock()):
            for event in batch:
                view.apply(event)
            if view.findings:
                break
    assert [(one.id, one.object) for one in view.ranked_findings()] == [("LG01", "Deployment/api")]


async def test_watching_live_gives_numbered_batches_with_logs_and_ends_with_the_caller() -> None:
    cluster, view = FakeCluster(), RunView()
    cluster.log["api-1-x/app"] = Log("hello")
    cluster.put(SET, pod(RUNNING, ready=True, containerID="c1"), deployment(1))
    async with asyncio.timeout(5):
        async for batch in live.watch_release(cluster, TARGET, Clock()):
            for event in batch:
                view.apply(event)
            if view.verdict == "ready" and len(view.logs):
                break
    assert [line.text for line in view.logs.slice(0, 9)] == ["hello"]
    assert view.last_seq > 3


def test_every_kind_that_the_chart_makes_and_status_judges_is_watched() -> None:
    assert {"Pod", "Deployment", "StatefulSet", "Job", "PersistentVolumeClaim", "Service", "Ingress"} <= set(KINDS)


async def test_a_right_that_is_taken_away_and_given_back_leaves_no_object_gone(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_module, "_AGAIN", Backoff(0.01, 0.05))
    watched.cluster.put(API)
    await watched.until(lambda view: view.objects)
    refused = ClusterError("forbidden", "eve may not list deployments", 403, "list deployments in namespace ns")
    watched.cluster.refuse["watch Deployment"] = refused
    watched.cluster.send("Deployment", refused)
    view = await watched.until(lambda view: view.blind)
    assert view.blind[0].permission == "list deployments in namespace ns"
    del watched.cluster.refuse["watch Deployment"]
    await watched.until(lambda view: not view.blind)
    assert names(watched.view) == ["Deployment/api"]
    assert not [one for one in watched.said if one.data.get("state") == "gone"]


async def test_what_a_record_has_and_nobody_can_see_now_is_not_said_to_be_gone() -> None:
    first = Watched()
    first.cluster.put(API)
    task = asyncio.create_task(first.watch.run())
    await first.until(lambda view: view.objects)
    task.cancel()
    second = Watched()
    second.watch.resume_after(first.view)
    second.cluster.refuse["watch Deployment"] = ClusterError("slow", "no answer")
    task = asyncio.create_task(second.watch.run())
    async with asyncio.timeout(5):
        while not second.watch.listed:
            await second.watch.changed(0.1)
    second.watch.flush()
    task.cancel()
    assert "watch.blind" in second.types()
    assert not [one for one in second.said if one.data.get("state") == "gone"]


# What is being left, and what only just changed


class Replaced(Watched):
    """A release with a broken image that helm is about to replace."""

    def __init__(self) -> None:
        super().__init__()
        self.watch.hold, self.watch.replaces = "helm is still at work", True
        self.old = self.version(1)
        self.old_set = {**SET, "spec": self.old["spec"]}
        self.cluster.put(self.old, self.old_set, pod(BROKEN))

    def version(self, number: int) -> dict[str, Any]:
        one = deployment(0)
        template = {"spec": {"containers": [{"name": "app", "image": f"app:{number}"}]}}
        return {**one, "metadata": {**one["metadata"], "generation": number}, "spec": {"replicas": 1, "template": template},
                "status": {**one["status"], "observedGeneration": number}}  # fmt: skip

    def later(self, seconds: float) -> str:
        self.clock.time += timedelta(seconds=seconds)
        self.watch.flush()
        return self.watch.verdict.state


@pytest.fixture
async def replaced() -> AsyncIterator[Replaced]:
    made = Replaced()
    task = asyncio.create_task(made.watch.run())
    async with asyncio.timeout(5):
        while not made.watch.listed:
            await made.watch.changed(0.1)
    made.watch.flush()
    yield made
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_what_helm_is_about_to_replace_is_found_and_does_not_make_the_run_stuck(replaced: Replaced) -> None:
    assert [one.id for one in replaced.watch.findings] == ["CO01"]
    assert replaced.watch.urgent == ()
    assert replaced.watch.verdict.state == "progressing"
    assert replaced.view.waiting is not None
    assert replaced.view.waiting.heals == "unknown"


async def test_the_pods_of_the_old_version_are_left_and_those_of_the_new_one_are_judged(replaced: Replaced) -> None:
    new = replaced.version(2)
    new_set = obj("ReplicaSet", "api-2", owner=new, spec=new["spec"], status={"observedGeneration": 1})
    broken = {**pod(BROKEN, name="api-2-x")}
    broken["metadata"]["ownerReferences"][0].update(name="api-2", uid=new_set["metadata"]["uid"])
    replaced.cluster.put(new, new_set)
    await asyncio.sleep(0.01)
    assert replaced.later(20) == "progressing"
    assert replaced.watch.findings == ()
    replaced.cluster.put(broken)
    await replaced.until(lambda view: view.verdict == "stuck")
    assert [one.id for one in replaced.watch.urgent] == ["CO01"]


async def test_what_helm_leaves_as_it_is_is_judged_once_helm_is_through(replaced: Replaced) -> None:
    replaced.cluster.put(obj("Service", "other", ours=True, spec={}))
    await asyncio.sleep(0.01)
    assert replaced.later(4) == "progressing"
    assert replaced.later(2) == "stuck"


async def test_what_helm_wants_just_as_it_is_is_judged(replaced: Replaced) -> None:
    assert replaced.watch.holds_back
    replaced.watch.applied(["Deployment/api"])
    assert replaced.later(0) == "stuck"
    assert [one.id for one in replaced.watch.urgent] == ["CO01"]
    assert not replaced.watch.holds_back


async def test_what_others_change_in_the_namespace_does_not_show_that_helm_applies(replaced: Replaced) -> None:
    replaced.cluster.put(obj("Service", "not-ours", spec={}))
    await asyncio.sleep(0.01)
    assert replaced.later(20) == "progressing"


async def test_what_is_not_touched_at_all_is_judged_after_a_while_and_when_helm_has_ended(replaced: Replaced) -> None:
    assert replaced.later(59) == "progressing"
    replaced.watch.hold = ""
    assert replaced.later(0) == "stuck"
    replaced.watch.hold = "helm is still at work"
    assert replaced.later(0) == "progressing"
    assert replaced.later(2) == "stuck"


async def test_what_a_container_said_before_it_was_ready_is_forgotten(watched: Watched) -> None:
    watched.cluster.put(API, SET, pod(RUNNING))
    await watched.until(lambda view: view.total("pod"))
    watched.watch.keep_last_lines("api-1-x", "app", [LogLine("2026-01-01T12:00:00Z", "password authentication failed")])
    watched.watch.flush()
    assert [one.id for one in watched.watch.findings] == ["LG01"]
    watched.cluster.put(pod(RUNNING, ready=True))
    await watched.until(lambda view: not view.findings)
    watched.cluster.put(pod(RUNNING))
    await watched.until(lambda view: view.ready_count("pod") == 0)
    assert watched.watch.findings == ()


async def test_a_service_that_is_seen_to_be_made_is_new_whatever_the_api_servers_clock_says(watched: Watched) -> None:
    watched.cluster.put(API, SET, pod(RUNNING))
    await watched.until(lambda view: view.total("pod"))
    old = {"creationTimestamp": "2023-01-01T00:00:00Z"}
    watched.cluster.put(obj("Service", "api", ours=True, metadata=old, spec={"selector": {"app": "none"}}))
    await watched.until(lambda view: view.total("object") == 2)
    assert watched.watch.findings == ()
    watched.clock.time += timedelta(seconds=31)
    watched.watch.flush()
    assert [one.id for one in watched.watch.findings if one.id == "TR03"] == ["TR03"]
