"""Roll back on failure: after the evidence, to the right place, told with what failed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.engine.fake_cluster import Log
from tests.engine.objects import API, BROKEN, SET, TARGET, deployment, obj, pod
from tests.engine.run.test_run import Bench, spec
from wizard.core.errors import Problem
from wizard.core.helm.command_line import HelmOptions
from wizard.core.run.events import Event
from wizard.core.run.summary import HelmExit
from wizard.engine.run import rollback_on_failure


def revision(number: int, status: str) -> Mapping[str, Any]:
    labels = {"owner": "helm", "name": TARGET.release, "version": str(number), "status": status}
    name = f"sh.helm.release.v1.{TARGET.release}.v{number}"
    return obj("Secret", name, metadata={"labels": labels})


def bench(operation: str, *revisions: Mapping[str, Any]) -> Bench:
    made = Bench(replace(spec(operation), rollback_on_failure=True))
    made.cluster.put(*revisions)
    made.run.after_failure = 60  # must not be waited for: there is a way back
    return made


async def failed(made: Bench) -> None:
    """Helm gives up on pods that do not start."""
    made.cluster.log["api-1-x/app"] = Log("panic: no database")
    await made.helm_started()
    made.cluster.put(API, SET, pod(BROKEN))
    await made.until(lambda view: view.findings)
    made.helm.end(1, "Error: UPGRADE FAILED: not ready")


def types(made: Bench) -> list[str]:
    return [one.type for one in made.record.events]


async def test_a_failed_upgrade_goes_back_to_the_last_good_revision_after_the_evidence_was_kept() -> None:
    made = bench("upgrade", revision(1, "superseded"), revision(2, "deployed"), revision(3, "failed"))
    task = asyncio.create_task(made.run.go())
    await failed(made)
    await made.back.started.wait()
    assert [one["id"] for one in made.record.kept["evidence"]["findings"]] == ["CO01"]
    assert made.view.phase == "rollback"
    assert made.back.argv[:4] == ["/helm", "rollback", TARGET.release, "2"]
    assert "cannot be interrupted safely" in made.run.cancel()
    made.cluster.put(deployment(1))
    made.back.end(0, "Rollback was a success!")
    assert await asyncio.wait_for(task, 5) == 1
    assert made.view.helm_exit == (1, "")
    assert made.view.back_exit == (0, "")
    assert made.view.back_lines == ["Rollback was a success!"]
    assert "UPGRADE FAILED: not ready" in made.view.reason
    assert "It was rolled back to revision 2" in made.view.reason
    order = [one for one in types(made) if one.startswith(("helm.ex", "rollback", "run.fin"))]
    assert order == ["helm.exited", "rollback.started", "rollback.output", "rollback.exited", "run.finished"]


async def test_a_failed_install_is_uninstalled_again() -> None:
    made = bench("upgrade", revision(1, "failed"))
    made.run.spec = replace(made.run.spec, operation="install")
    made.cluster.put(obj("Namespace", TARGET.namespace))
    task = asyncio.create_task(made.run.go())
    await failed(made)
    await made.back.started.wait()
    assert made.back.argv[:3] == ["/helm", "uninstall", TARGET.release]
    made.back.end(0)
    assert await asyncio.wait_for(task, 5) == 1
    assert "uninstalled again" in made.view.reason


async def test_who_stops_a_run_is_told_that_it_is_rolled_back_and_it_is() -> None:
    made = bench("upgrade", revision(1, "superseded"), revision(2, "deployed"), revision(3, "failed"))
    task = asyncio.create_task(made.run.go())
    await made.helm_started()
    assert made.view.rollback_on_failure
    assert made.run.cancel() == (
        "helm was asked to stop; once it has ended and the evidence is kept, the release is rolled back, "
        "as chosen for a failure."
    )
    made.helm.end(1, "Error: context canceled")
    await made.back.started.wait()
    made.cluster.put(API, SET, deployment(1))
    made.back.end(0, "Rollback was a success!")
    assert await asyncio.wait_for(task, 5) == 130
    assert made.view.reason.startswith("It was stopped as asked. It was rolled back to revision 2")


NOTHING = [
    ((), "helm recorded no release"),
    (("deployed",), "revision 1 is still the one that is deployed"),
    (("failed", "failed"), "there is no revision before it that was ever ready"),
]


@pytest.mark.parametrize(("statuses", "words"), NOTHING)
async def test_where_there_is_no_way_back_nothing_is_done_and_the_reason_is_said(
    statuses: tuple[str, ...], words: str
) -> None:
    made = bench("upgrade", *(revision(number + 1, status) for number, status in enumerate(statuses)))
    task = asyncio.create_task(made.run.go())
    await failed(made)
    assert await asyncio.wait_for(task, 5) == 1
    assert words in made.view.reason
    assert not made.back.started.is_set()


async def test_a_failed_install_over_a_kept_history_is_uninstalled_again_and_brings_nothing_back() -> None:
    made = bench("upgrade", revision(1, "superseded"), revision(2, "failed"))
    made.run.spec = replace(made.run.spec, operation="install", helm=HelmOptions(replace=True, force_conflicts=True))
    made.cluster.put(obj("Namespace", TARGET.namespace))
    task = asyncio.create_task(made.run.go())
    await failed(made)
    await made.back.started.wait()
    assert "--replace" in made.helm.argv
    assert (made.back.argv[1], made.back.argv[-1]) == ("uninstall", "--keep-history")
    made.back.end(0)
    assert await asyncio.wait_for(task, 5) == 1


async def test_what_an_upgrade_may_take_over_its_way_back_may_too() -> None:
    made = bench("upgrade", revision(1, "deployed"), revision(2, "failed"))
    made.run.spec = replace(made.run.spec, helm=HelmOptions(force_conflicts=True))
    task = asyncio.create_task(made.run.go())
    await failed(made)
    await made.back.started.wait()
    assert "--force-conflicts" in made.helm.argv
    assert (made.back.argv[1], "--force-conflicts" in made.back.argv) == ("rollback", True)
    made.back.end(0)
    assert await asyncio.wait_for(task, 5) == 1


async def test_what_somebody_uninstalled_meanwhile_is_not_brought_back() -> None:
    made = bench("upgrade", revision(1, "superseded"), revision(2, "uninstalled"))
    task = asyncio.create_task(made.run.go())
    await failed(made)
    assert await asyncio.wait_for(task, 5) == 1
    assert "somebody uninstalled the release (revision 2)" in made.view.reason
    assert not made.back.started.is_set()


@pytest.mark.parametrize(("ahead", "later", "back"), [(3600, 3600, True), (-3600, -3000, False)])
async def test_two_clocks_that_differ_by_an_hour_are_compared_before_their_times_are(
    ahead: int, later: int, back: bool
) -> None:
    made, ended = bench("upgrade"), datetime(2026, 3, 2, 14, 0, tzinfo=UTC)
    newest = revision(2, "failed")
    newest["metadata"]["creationTimestamp"] = (ended + timedelta(seconds=later)).isoformat()
    made.cluster.put(revision(1, "superseded"), newest)
    made.cluster.time = (datetime.now(UTC) + timedelta(seconds=ahead)).isoformat()
    way = await rollback_on_failure.next_step(
        made.cluster, TARGET, 4, HelmOptions("5m"), install=False, ended=HelmExit(1, at=ended.timestamp())
    )
    assert bool(way.argv) is back, way.text


@pytest.mark.parametrize(("later", "back"), [(600, False), (0, True)])
async def test_what_others_did_since_helm_ended_is_not_rolled_back(later: int, back: bool) -> None:
    ended = datetime(2026, 3, 2, 14, 0, tzinfo=UTC).timestamp()
    newest = revision(3, "failed")
    written = datetime.fromtimestamp(ended + later, UTC).isoformat()
    newest["metadata"]["labels"]["modifiedAt"] = "1735689600"  # as helm copies it from the revision before
    newest["metadata"]["managedFields"] = [{"manager": "Helm", "operation": "Update", "time": written}]
    first = bench("upgrade", revision(2, "superseded"))
    task = asyncio.create_task(first.run.go())
    await first.helm_started()
    task.cancel()
    made = Bench(replace(spec("upgrade"), rollback_on_failure=True), first.record.events)
    made.cluster.put(revision(2, "superseded"), newest, API, SET, pod(BROKEN))
    made.helm.end(1, "Error: UPGRADE FAILED: not ready", at=ended)
    made.back.end(0, "Rollback was a success!")
    made.run.after_success = 0.1
    assert await asyncio.wait_for(made.run.resume(), 10) == 1
    assert made.back.started.is_set() is back
    assert ("somebody worked on the release since (revision 3)" in made.view.reason) is not back


async def test_without_evidence_on_the_disk_nothing_is_rolled_back(monkeypatch: pytest.MonkeyPatch) -> None:
    made = bench("upgrade", revision(1, "deployed"), revision(2, "failed"))
    monkeypatch.setattr(made.record, "keep", lambda *_: "")
    task = asyncio.create_task(made.run.go())
    await failed(made)
    assert await asyncio.wait_for(task, 5) == 1
    assert "It is not rolled back: the evidence could not be kept." in made.view.reason
    assert not made.back.started.is_set()


async def test_nothing_is_rolled_back_while_another_run_works_on_the_release(monkeypatch: pytest.MonkeyPatch) -> None:
    def taken(_: Sequence[str]) -> None:
        raise Problem("Another run works on the release now.")

    made = bench("upgrade", revision(1, "deployed"), revision(2, "failed"))
    monkeypatch.setattr(made.back, "prepare", taken)
    task = asyncio.create_task(made.run.go())
    await failed(made)
    assert await asyncio.wait_for(task, 5) == 1
    assert "not rolled back: Another run works on the release now." in made.view.reason
    assert "rollback.started" not in types(made)


@pytest.mark.parametrize("operation", ["rollback", "uninstall"])
async def test_what_a_person_asks_for_is_not_done_either_without_evidence_on_the_disk(
    monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    made = Bench(spec(operation))
    monkeypatch.setattr(made.record, "keep", lambda *_: "")
    assert await asyncio.wait_for(made.run.go(), 10) == 1
    assert "could not be kept on the disk" in made.view.reason
    assert "helm.started" not in types(made)


async def test_a_way_back_that_fails_too_is_told_with_what_failed_first() -> None:
    made = bench("upgrade", revision(1, "deployed"), revision(2, "failed"))
    task = asyncio.create_task(made.run.go())
    await failed(made)
    await made.back.started.wait()
    made.back.end(1, "Error: timed out")
    assert await asyncio.wait_for(task, 5) == 1
    assert "UPGRADE FAILED: not ready" in made.view.reason
    assert "Going back failed too: helm ended with code 1" in made.view.reason


async def test_a_new_runner_goes_on_with_a_way_back_that_was_begun() -> None:
    first = bench("upgrade", revision(1, "deployed"), revision(2, "failed"))
    task = asyncio.create_task(first.run.go())
    await failed(first)
    await first.back.started.wait()
    first.record.emit([Event("rollback.output", {"stream": "out", "lines": ["one"]})])
    task.cancel()
    second = Bench(replace(spec("upgrade"), rollback_on_failure=True), first.record.events)
    second.helm.end(1, "Error: UPGRADE FAILED: not ready")
    second.cluster.put(revision(3, "deployed"), deployment(1))  # by now it looks as if all were well
    second.back.end(0, "one", "two")
    assert await asyncio.wait_for(second.run.resume(), 5) == 1
    assert second.view.back_lines == ["one", "two"]
    assert types(second).count("rollback.started") == 1
    assert "rolled back to revision 1" in second.view.reason


async def test_the_evidence_has_the_current_and_the_previous_log_of_every_pod_that_is_not_ready() -> None:
    made = Bench(spec("upgrade"))
    log = made.cluster.log["api-1-x/app"] = Log(*(f"line {number}" for number in range(700)))
    log.previous = Log("panic: no database").lines
    task = asyncio.create_task(made.run.go())
    await made.helm_started()
    crashed = {"terminated": {"exitCode": 1}}
    made.cluster.put(API, SET, pod({"running": {}}, ready=False, containerID="c2", restartCount=1, lastState=crashed))
    await made.until(lambda view: view.total("pod"))
    made.helm.end(1, "Error: no")
    await task
    before, now = made.record.kept["evidence"]["logs"]
    assert (before["previous"], before["lines"][0][1], before["problem"]) == (True, "panic: no database", "")
    assert (now["previous"], len(now["lines"]), now["lines"][-1][1]) == (False, 500, "line 699")
