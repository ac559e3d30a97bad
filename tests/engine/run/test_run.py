from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest
import yaml

from tests.engine.fake_cluster import FakeCluster, Log
from tests.engine.objects import BROKEN, RUNNING, SET, TARGET, Clock, deployment, obj, pod
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.errors import Problem
from wizard.core.helm import release
from wizard.core.kube.errors import ClusterError
from wizard.core.run.events import Event
from wizard.core.run.spec import RunSpec, SecretSpec
from wizard.core.run.summary import HelmExit
from wizard.core.run.view import RunView
from wizard.core.text.secrets import Secret
from wizard.engine.run.run import Run, RunWorld


class FakeHelm:
    """helm under its supervisor; the test says what it prints and when it ends."""

    def __init__(self) -> None:
        self.argv: list[str] = []
        self.lines: list[tuple[str, list[str]]] = []
        self.over: asyncio.Future[HelmExit] = asyncio.get_running_loop().create_future()
        self.started = asyncio.Event()
        self.cancelled = 0

    def prepare(self, argv: Sequence[str]) -> None:
        return

    async def start(self, argv: Sequence[str]) -> int:
        self.argv = list(argv)
        self.started.set()
        return 42

    async def output(self) -> AsyncIterator[tuple[str, list[str]]]:
        await asyncio.shield(self.over)
        for one in self.lines:
            yield one

    async def wait(self) -> HelmExit:
        return await asyncio.shield(self.over)

    def cancel(self) -> bool:
        self.cancelled += 1
        return True

    def end(self, code: int | None, *lines: str, signal: str = "", at: float = 0.0) -> None:
        self.lines = [("err" if code else "out", list(lines))]
        self.over.set_result(HelmExit(code, signal, at))


class Listing:
    """helm, asked for its releases."""

    def __init__(self, listed: Problem | list[dict[str, str]]) -> None:
        self.listed = listed
        self.other: tuple[str, ...] = ()

    def overrides(self, _: Any) -> tuple[str, ...]:
        return self.other

    async def list(self, _: Any) -> list[dict[str, str]]:
        if isinstance(self.listed, Problem):
            raise self.listed
        return self.listed


class Recording:
    """The record in memory."""

    def __init__(self, past: Iterable[Event] = ()) -> None:
        self.events = list(past)
        self._past = tuple(self.events)
        self.view = RunView()
        self.kept: dict[str, Mapping[str, Any]] = {}
        self.changed = asyncio.Event()
        for event in self.events:
            self.view.apply(event)

    def emit(self, events: Iterable[Event]) -> None:
        for event in events:
            self.events.append(event)
            self.view.apply(event)
        self.changed.set()

    def know(self, secrets: Iterable[Secret]) -> None:
        return

    def past(self) -> tuple[Event, ...]:
        return self._past

    def files(self) -> tuple[tuple[str, str], ...]:
        return ()

    def keep(self, name: str, data: Mapping[str, Any]) -> str:
        assert self.view.finished is None, "evidence comes before the end"
        self.kept[name] = data
        return f"/runs/{name}.json"


def spec(operation: str = "install", *secrets: SecretSpec) -> RunSpec:
    return RunSpec(
        cast("Any", operation), TARGET, "/helm", "4.2.4", 4, chart="/chart", chart_version="1.0.0", preset="dev",
        secrets=secrets, files=("values.yaml",), reproduce=("again",), id="7f3a", values_path="/values.yaml",
    )  # fmt: skip


class Bench:
    """A run with everything around it in memory."""

    def __init__(
        self, what: RunSpec, past: Iterable[Event] = (), listed: Problem | list[dict[str, str]] | None = None
    ) -> None:
        self.cluster, self.helm, self.record = FakeCluster(), FakeHelm(), Recording(past)
        listing = cast("Any", Listing(listed or []))
        self.back = FakeHelm()
        world = RunWorld(self.cluster, YamlDocuments(), listing, Clock(), self.record, self.helm, self.back)
        material = {one.name: {key: Secret(f"value of {key}") for key in one.keys} for one in what.secrets}
        self.run = Run(what, world, material, after_failure=0.3, after_success=0.3)

    @property
    def view(self) -> RunView:
        return self.record.view

    def recorded(self, *revisions: tuple[str, str]) -> None:
        """Helm's records: the status and the image of the one Deployment of each revision, oldest first."""
        bodies = []
        for number, (status, image) in enumerate(revisions, 1):
            data = {
                "name": "rel", "namespace": "ns", "version": number, "manifest": yaml.safe_dump(manifest(image)),
                "config": {}, "info": {"status": status}, "chart": {"metadata": {"name": "c", "version": "1"}},
            }  # fmt: skip
            labels = {"owner": "helm", "name": "rel", "version": str(number), "status": status}
            name = f"sh.helm.release.v1.rel.v{number}"
            body = base64.b64encode(release.pack(data).encode()).decode()
            bodies.append({**obj("Secret", name, metadata={"labels": labels}), "data": {"release": body}})
        self.cluster.put(*bodies)
        self.cluster.bodies = tuple(bodies)

    def phases(self) -> list[str]:
        return list(dict.fromkeys(event.data["phase"] for event in self.record.events if event.type == "run.phase"))

    async def helm_started(self) -> None:
        await asyncio.wait_for(self.helm.started.wait(), 5)

    async def until(self, part: Any) -> None:
        async with asyncio.timeout(5):
            while not part(self.view):
                self.record.changed.clear()
                await self.record.changed.wait()


def manifest(image: str) -> dict[str, Any]:
    template = {"spec": {"containers": [{"name": "app", "image": image}]}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api"}, "spec": {"template": template}}


def live(image: str, ready: int, generation: int = 1) -> dict[str, Any]:
    """The Deployment with that image, its status up to date."""
    one = deployment(ready)
    return {
        **one, "spec": {**one["spec"], **manifest(image)["spec"]},
        "metadata": {**one["metadata"], "generation": generation},
        "status": {**one["status"], "observedGeneration": generation},
    }  # fmt: skip


@pytest.fixture(autouse=True)
def no_late_checks(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []

    async def late(*_: Any) -> list[Any]:
        asked.append("late")
        return []

    monkeypatch.setattr("wizard.engine.preflight.checks.late", late)
    return asked


APP = SecretSpec("rel-app-credentials", "Opaque", ("jwt-secret",))


async def test_an_install_makes_namespace_and_secrets_runs_helm_and_ends_when_all_is_ready(
    no_late_checks: list[str],
) -> None:
    bench = Bench(spec("install", APP))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    (_, namespace), (where, secret) = bench.cluster.made
    assert namespace["metadata"]["name"] == where == "ns"
    assert secret["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "llm-cost-ops-wizard"
    assert secret["stringData"] == {"jwt-secret": "value of jwt-secret"}
    bench.cluster.put(deployment(1))
    bench.helm.end(0, "STATUS: deployed", "NOTES:", "open it")
    assert await task == 0
    assert bench.phases() == ["namespace", "secrets", "checks", "helm", "finished"]
    assert [(row.kind, row.action) for row in bench.view.made] == [("Namespace", "created"), ("Secret", "created")]
    assert (bench.view.verdict, bench.view.notes, bench.view.helm_exit) == ("ready", "open it", (0, ""))
    assert bench.view.finished is not None
    assert bench.view.finished["files"] == ["values.yaml"]
    assert no_late_checks == ["late"]
    assert "--create-namespace" not in bench.helm.argv
    assert bench.helm.argv[:4] == ["/helm", "install", "rel", "/chart"]


async def test_no_event_holds_a_secret(no_late_checks: list[str]) -> None:
    bench = Bench(spec("install", APP))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    bench.helm.end(1, "Error: no")
    await task
    assert "value of" not in str(bench.record.events) + str(bench.record.kept) + repr(bench.run)


async def test_what_exists_is_kept_and_late_checks_are_not_made_again(no_late_checks: list[str]) -> None:
    bench = Bench(spec("install", APP))
    bench.cluster.put(obj("Namespace", "ns"), obj("Secret", "rel-app-credentials"))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    assert bench.cluster.made == []
    assert [(row.name, row.action, row.keys) for row in bench.view.made] == [
        ("rel-app-credentials", "kept", ("jwt-secret",))
    ]
    assert no_late_checks == []
    bench.cluster.put(deployment(1))
    bench.helm.end(0)
    assert await task == 0


REFUSALS = [
    (
        "create Namespace",
        ClusterError("forbidden", "no", 403, "create namespaces"),
        "may not create it (create namespaces)",
    ),
    ("get Namespace", ClusterError("refused", "connection refused"), "connection refused"),
    ("create Secret", ClusterError("forbidden", "no", 403, "create secrets in namespace ns"), "may not create Secret"),
]


@pytest.mark.parametrize(("what", "error", "words"), REFUSALS)
async def test_a_refusal_before_helm_ends_the_run_with_the_reason_and_helm_is_not_started(
    what: str, error: ClusterError, words: str
) -> None:
    bench = Bench(spec("install", APP))
    bench.cluster.refuse[what] = error
    assert await asyncio.wait_for(bench.run.go(), 5) == 1
    assert words in bench.view.reason
    assert not bench.helm.started.is_set()


async def test_whoever_may_not_look_at_namespaces_can_still_install_into_one() -> None:
    bench = Bench(spec("install"))
    bench.cluster.refuse["get Namespace"] = ClusterError("forbidden", "no", 403, "get namespaces")
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    bench.cluster.put(deployment(1))
    bench.helm.end(0)
    assert await task == 0


async def test_a_namespace_that_is_being_deleted_is_refused() -> None:
    bench = Bench(spec("install"))
    bench.cluster.put(obj("Namespace", "ns", status={"phase": "Terminating"}))
    assert await asyncio.wait_for(bench.run.go(), 5) == 1
    assert "being deleted" in bench.view.reason


async def test_a_blocking_late_check_stops_before_helm(monkeypatch: pytest.MonkeyPatch) -> None:
    from wizard.core.rules.check import CheckResult

    async def late(*_: Any) -> list[CheckResult]:
        return [CheckResult("D01", "dry run", "fail", ("quota",), "Ask for more.", blocking=True)]

    monkeypatch.setattr("wizard.engine.preflight.checks.late", late)
    bench = Bench(spec("install"))
    assert await asyncio.wait_for(bench.run.go(), 5) == 2
    assert "Check D01 (dry run) failed: quota. Ask for more." in bench.view.reason
    assert bench.view.checks["D01"].blocking
    assert not bench.helm.started.is_set()


async def test_a_failed_helm_ends_with_the_cause_and_the_evidence_is_kept_first() -> None:
    bench = Bench(spec("upgrade"))
    bench.cluster.log["api-1-x/app"] = Log("panic")
    bench.recorded(("superseded", "app:1"), ("failed", "app:nope"))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    bench.cluster.put(live("app:nope", 0), {**SET, "spec": live("app:nope", 0)["spec"]}, pod(BROKEN))
    await bench.until(lambda view: view.findings)
    bench.helm.end(1, "Error: UPGRADE FAILED: not ready", "context deadline exceeded")
    assert await task == 1
    assert bench.view.finished is not None
    assert bench.view.finished["verdict"] == "stuck"
    assert "app:nope" in bench.view.reason
    assert "helm says: UPGRADE FAILED: not ready context deadline exceeded" in bench.view.reason
    kept = bench.record.kept["evidence"]
    assert [one["id"] for one in kept["findings"]] == ["CO01"]
    assert {one["kind"] for one in kept["objects"]} == {"Deployment", "ReplicaSet", "Pod"}
    assert bench.view.finished["files"] == ["values.yaml", "/runs/evidence.json"]


async def test_helm_gave_up_and_the_pods_made_it_later_is_a_state_of_its_own() -> None:
    bench = Bench(spec("upgrade"))
    bench.run.after_failure = 5
    bench.recorded(("superseded", "app:1"), ("failed", "app:2"))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    bench.cluster.put(live("app:2", 0))
    await bench.until(lambda view: view.total())
    bench.helm.end(1, "Error: timed out")
    await bench.until(lambda view: view.phase == "watching")
    bench.cluster.put(live("app:2", 1))
    assert await task == 1
    assert bench.view.finished is not None
    assert bench.view.finished["verdict"] == "ready"
    assert "helm gave up, and the pods made it" in bench.view.reason


NOT_APPLIED: list[tuple[str, list[tuple[str, str]], str, str]] = [
    ("helm recorded nothing", [("deployed", "app:1")], "failed", "Nothing new runs"),
    ("recorded, and nothing was applied", [("deployed", "app:1"), ("failed", "app:2")], "failed", "Nothing new runs"),
    ("twice in a row", [("deployed", "app:1"), ("failed", "app:3"), ("failed", "app:2")], "failed", "Nothing new runs"),
    ("somebody changed it", [("deployed", "app:0"), ("failed", "app:2")], "unknown", "is not known"),
]


@pytest.mark.parametrize(("what", "records", "verdict", "words"), NOT_APPLIED, ids=[row[0] for row in NOT_APPLIED])
async def test_old_pods_that_are_ready_say_nothing_of_a_revision_that_helm_did_not_apply(
    what: str, records: list[tuple[str, str]], verdict: str, words: str
) -> None:
    bench = Bench(spec("upgrade"))
    bench.recorded(*records)
    bench.cluster.put(live("app:1", 1))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    await bench.until(lambda view: view.total())
    bench.helm.end(1, "Error: UPGRADE FAILED: conflict")
    assert await asyncio.wait_for(task, 5) == 1
    assert bench.view.finished is not None
    assert bench.view.finished["verdict"] == verdict
    assert words in bench.view.reason
    assert "helm says: UPGRADE FAILED: conflict" in bench.view.reason
    assert "made it" not in bench.view.reason


async def test_ready_waits_until_our_watch_shows_what_helm_applied() -> None:
    bench = Bench(spec("upgrade"))
    bench.run.after_success = 5
    bench.recorded(("superseded", "app:1"), ("deployed", "app:2"))
    bench.cluster.put(live("app:1", 1))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    await bench.until(lambda view: view.total())
    bench.helm.end(0)
    await bench.until(lambda view: view.phase == "watching")
    bench.cluster.put(live("app:2", 1, generation=2))
    assert await task == 0
    assert (bench.view.verdict, bench.view.finished is not None) == ("ready", True)


async def test_what_somebody_put_back_after_helm_is_not_called_ready() -> None:
    bench = Bench(spec("upgrade"))
    bench.recorded(("superseded", "app:1"), ("deployed", "app:2"))
    bench.cluster.put(live("app:1", 1))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    await bench.until(lambda view: view.total())
    bench.helm.end(0)
    assert await task == 0
    assert bench.view.verdict == "unknown"
    assert "Deployment/api is not as this revision asks" in bench.view.reason


def unattended(operation: str = "upgrade", **more: Any) -> RunSpec:
    return replace(spec(operation), wait_anyway=False, give_up_after=0.2, **more)


async def test_nobody_waits_for_what_cannot_heal() -> None:
    bench = Bench(unattended(), listed=[{"name": "rel", "revision": "2", "status": "failed"}])
    bench.recorded(("deployed", "app:1"), ("pending-upgrade", "app:nope"))
    bench.cluster.put(live("app:1", 1))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    new = live("app:nope", 0, generation=2)
    bench.cluster.put(new, {**SET, "spec": new["spec"]}, pod(BROKEN))
    await bench.until(lambda view: view.decisions)
    assert bench.helm.cancelled == 1
    bench.helm.end(1, "Error: UPGRADE FAILED: context canceled")
    assert await task == 1
    assert bench.view.finished is not None
    assert bench.view.finished["verdict"] == "failed"
    for words in ("Deployment/api: image app:nope cannot be pulled", "manifest unknown", "It cannot heal", "--wait-anyway",
                  "Revision 2 is recorded as failed"):  # fmt: skip
        assert words in bench.view.reason
    assert [one["id"] for one in bench.record.kept["evidence"]["findings"]] == ["CO01"]


ATTENDED = [
    ("a person decides", replace(unattended(), wait_anyway=True), BROKEN),
    ("a roll-back is never interrupted", unattended("rollback"), BROKEN),
    (
        "the registry's limit resets",
        unattended(),
        {"waiting": {"reason": "ErrImagePull", "message": "429 Too Many Requests"}},
    ),
    ("the kubelet's turn comes", unattended(), {"waiting": {"reason": "ErrImagePull", "message": "pull QPS exceeded"}}),
    (
        "the registry may answer again",
        unattended(),
        {"waiting": {"reason": "ErrImagePull", "message": "dial tcp: i/o timeout"}},
    ),
]


@pytest.mark.parametrize(("what", "asked", "state"), ATTENDED, ids=[row[0] for row in ATTENDED])
async def test_helm_goes_on_where_a_person_decides_or_it_may_heal(
    what: str, asked: RunSpec, state: dict[str, Any]
) -> None:
    bench = Bench(asked)
    bench.recorded(("deployed", "app:1"), ("pending-upgrade", "app:nope"))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    new = live("app:nope", 0, generation=2)
    bench.cluster.put(new, {**SET, "spec": new["spec"]}, pod(state))
    await bench.until(lambda view: view.findings)
    await asyncio.sleep(0.5)  # longer than it would take to give up
    assert (bench.helm.cancelled, task.done()) == (0, False)
    bench.helm.end(1, "Error: no")
    await task


async def test_an_upgrade_that_changes_nothing_of_what_is_broken_says_so() -> None:
    bench = Bench(spec("upgrade"))
    bench.run.applied_every = 0.01
    bench.recorded(("deployed", "app:nope"), ("pending-upgrade", "app:nope"))
    old = live("app:nope", 0)
    bench.cluster.put(old, {**SET, "spec": old["spec"]}, pod(BROKEN))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    await bench.until(lambda view: view.verdict == "stuck")
    bench.helm.end(1, "Error: no")
    await task


async def test_what_the_run_has_not_applied_yet_does_not_end_it() -> None:
    bench = Bench(unattended())
    bench.recorded(("deployed", "app:nope"), ("pending-upgrade", "app:2"))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()  # and a hook runs for a long while
    old = live("app:nope", 0)
    bench.cluster.put(old, {**SET, "spec": old["spec"]}, pod(BROKEN))
    await bench.until(lambda view: view.verdict == "stuck")
    await asyncio.sleep(0.5)  # longer than it would take to give up
    assert bench.helm.cancelled == 0
    bench.helm.end(1, "Error: no")
    await task


async def test_helm_is_content_and_we_are_not() -> None:
    bench = Bench(spec("upgrade"))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    bench.cluster.put(deployment(0))
    bench.helm.end(0)
    assert await task == 1
    assert bench.view.helm_exit == (0, "")
    assert "helm says that it is done, but Deployment/api" in bench.view.reason


async def test_an_error_of_the_chart_ends_at_once() -> None:
    bench = Bench(spec("upgrade"))
    bench.run.after_failure = 60
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    bench.helm.end(1, "Error: values do not meet the schema")
    assert await asyncio.wait_for(task, 5) == 1
    assert bench.view.reason == "helm says: values do not meet the schema"


LISTED = [
    ([{"name": "other", "revision": "9", "status": "deployed"}], "It was stopped as asked; what was made stays."),
    (
        [{"name": "rel", "revision": "2", "status": "failed"}],
        "It was stopped as asked; revision 2 is recorded as failed, what was made stays.",
    ),
    (Problem("helm list failed."), "It was stopped as asked; what was made stays."),
]


@pytest.mark.parametrize(("listed", "reason"), LISTED)
async def test_cancelling_asks_helm_once_and_ends_with_130(listed: Problem | list[dict[str, str]], reason: str) -> None:
    bench = Bench(spec("upgrade"), listed=listed)
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    assert "asked to stop" in bench.run.cancel()
    assert "already" in bench.run.cancel()
    assert bench.helm.cancelled == 1
    bench.helm.end(1, "Error: context canceled")
    assert await task == 130
    assert bench.view.reason == reason


async def test_cancelling_before_helm_starts_nothing() -> None:
    bench = Bench(spec("install"))
    assert "before helm" in bench.run.cancel()
    assert await asyncio.wait_for(bench.run.go(), 5) == 130
    assert not bench.helm.started.is_set()


async def test_a_fault_of_our_watch_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(spec("upgrade"))
    monkeypatch.setattr(bench.cluster, "watch", lambda *_: 1 / 0)
    task = asyncio.create_task(bench.run.go())
    await bench.until(lambda view: view.blind)
    bench.helm.end(1, "Error: no")
    assert await task == 1
    assert "the wizard's own watch failed" in bench.view.blind[0].reason


async def test_a_new_runner_continues_without_repeating_what_the_record_has() -> None:
    first = Bench(spec("upgrade"))
    task = asyncio.create_task(first.run.go())
    await first.helm_started()
    first.record.emit([Event("helm.output", {"stream": "out", "lines": ["one", "two"]})])
    task.cancel()
    second = Bench(spec("upgrade"), first.record.events)
    second.cluster.put(deployment(1))
    second.helm.end(0, "one", "two", "NOTES:", "open it")
    assert await asyncio.wait_for(second.run.resume(), 5) == 0
    assert second.view.helm_lines == ["one", "two", "NOTES:", "open it"]
    assert sum(event.type == "helm.started" for event in second.record.events) == 1
    assert "new process watches" in str([event.data for event in second.record.events if event.type == "run.phase"])


async def test_a_pods_log_is_in_the_record() -> None:
    bench = Bench(spec("upgrade"))
    bench.cluster.log["api-1-x/app"] = Log("hello from the pod")
    task = asyncio.create_task(bench.run.go())
    bench.cluster.put(SET, pod(RUNNING, ready=True, containerID="c1"), deployment(1))
    await bench.until(lambda view: len(view.logs))
    bench.helm.end(0)
    assert await task == 0
    assert bench.view.logs[0].text == "hello from the pod"


def test_the_specification_of_a_run_is_read_from_its_file() -> None:
    data = {
        "id": "7f3a", "operation": "install", "chart": "/c", "target": {"context": "c", "namespace": "n", "release": "r"},
        "helm": {"path": "/helm", "version": "3.21.4", "major": 3},
        "secrets": [{"name": "s", "type": "Opaque", "keys": ["k"]}],
    }  # fmt: skip
    read = RunSpec.of_data(data, "/v.yaml")
    assert (read.secrets, read.helm_major, read.helm.timeout, read.target.kubeconfig) == (
        (SecretSpec("s", "Opaque", ("k",)),),
        3,
        "10m",
        "",
    )


async def test_what_the_person_accepted_is_in_the_record() -> None:
    said = {
        "id": "S01", "title": "Class", "state": "warn", "evidence": ["accepted: later"], "next_step": "", "blocking": False,
        "question": "",
    }  # fmt: skip
    bench = Bench(replace(spec(), accepted=(said,)))
    task = asyncio.create_task(bench.run.go())
    await bench.helm_started()
    bench.helm.end(1, "Error: no")
    await task

    assert [one.data for one in bench.record.events if one.type == "check.result"] == [said]
