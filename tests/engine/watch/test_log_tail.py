from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest

from tests.engine.fake_cluster import FakeCluster, Log
from tests.engine.objects import RUNNING, Clock, pod
from wizard.core.backoff import Backoff
from wizard.core.kube.api import LogLine
from wizard.core.kube.errors import ClusterError
from wizard.core.run.events import Event
from wizard.core.run.view import RunView
from wizard.engine.watch import log_tail
from wizard.engine.watch.log_tail import LogTail

ENDED = {"terminated": {"exitCode": 1, "reason": "Error"}}
BACK_OFF = {"waiting": {"reason": "CrashLoopBackOff"}}
CREATING = {"waiting": {"reason": "ContainerCreating"}}


class Tailed:
    def __init__(self, **options: Any) -> None:
        self.cluster, self.view = FakeCluster(), RunView()
        self.said: list[Event] = []
        self.tail = LogTail(self.cluster, "ns", Clock(), self.take, **options)
        self.changed = asyncio.Event()

    def take(self, events: Any) -> None:
        for event in events:
            self.said.append(event)
            self.view.apply(event)
        self.changed.set()

    def texts(self) -> list[str]:
        return [line.text for line in self.view.logs.slice(0, 10**6)]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(5):
            while not condition():
                self.changed.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(0.02):
                        await self.changed.wait()


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_tail, "_RETRY", Backoff(0.01, 0.02))


@pytest.fixture
async def tailed() -> AsyncIterator[Tailed]:
    made = Tailed()
    made.cluster.log["api-1-x/app"] = Log()
    task = asyncio.create_task(made.tail.run())
    await asyncio.sleep(0)
    yield made
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def log_of(tailed: Tailed) -> Log:
    return tailed.cluster.log["api-1-x/app"]


def reads(tailed: Tailed, texts: tuple[str, ...]) -> bool:
    return tuple(tailed.texts()) == texts


async def test_lines_come_as_they_are_said(tailed: Tailed) -> None:
    log_of(tailed).say("one", "two")
    tailed.tail.update([pod(RUNNING, containerID="c1")])
    await tailed.until(lambda: len(tailed.texts()) == 2)
    log_of(tailed).say("three")
    await tailed.until(lambda: tailed.texts() == ["one", "two", "three"])


async def test_nothing_is_asked_before_the_container_has_started(tailed: Tailed) -> None:
    tailed.tail.update([pod(CREATING)])
    tailed.tail.update([pod(CREATING)])
    await asyncio.sleep(0.05)
    assert log_of(tailed).asked == []
    tailed.tail.update([pod(RUNNING, containerID="c1")])
    await tailed.until(lambda: log_of(tailed).asked)
    assert log_of(tailed).asked[0]["tail_lines"] is None


async def test_a_container_that_ran_before_gives_its_last_lines_only(tailed: Tailed) -> None:
    log_of(tailed).say(*[f"old {number}" for number in range(500)])
    old = {"running": {"startedAt": "2026-01-01T11:00:00Z"}}
    tailed.tail.update([pod(old, containerID="c1")])
    await tailed.until(lambda: len(tailed.texts()) == log_tail.OLD_LINES)
    assert tailed.texts()[-1] == "old 499"


async def test_a_cut_stream_resumes_without_doubles_and_without_a_gap(tailed: Tailed) -> None:
    log_of(tailed).say("a", "b", second=1)
    tailed.tail.update([pod(RUNNING, containerID="c1")])
    await tailed.until(lambda: len(tailed.texts()) == 2)
    for number in range(5):
        log_of(tailed).cut()
        log_of(tailed).say(f"after {number}", second=1 + number // 2)
        await tailed.until(lambda number=number: len(tailed.texts()) == 3 + number)  # type: ignore[misc]  # a default binds the loop's value
    assert tailed.texts() == ["a", "b", "after 0", "after 1", "after 2", "after 3", "after 4"]
    assert tailed.view.log_gaps == 0
    assert log_of(tailed).asked[1]["since_time"] == "2026-01-01T12:00:01Z"


async def test_lines_that_were_gone_when_the_stream_came_back_are_a_visible_gap(tailed: Tailed) -> None:
    log_of(tailed).say("a", "b", second=1)
    tailed.tail.update([pod(RUNNING, containerID="c1")])
    await tailed.until(lambda: len(tailed.texts()) == 2)
    log_of(tailed).lines.clear()
    log_of(tailed).cut()
    log_of(tailed).say("much later", second=9)
    await tailed.until(lambda: "much later" in tailed.texts())
    assert tailed.view.log_gaps == 1
    assert "cut" in tailed.texts()[2]


async def test_the_log_of_an_ended_container_is_read_once_to_its_end(tailed: Tailed) -> None:
    log_of(tailed).say("last words")
    log_of(tailed).end()
    tailed.tail.update([pod(ENDED, containerID="c1")])
    await tailed.until(lambda: tailed.texts() == ["last words"])
    tailed.tail.update([pod(BACK_OFF, containerID="c1")])
    await asyncio.sleep(0.05)
    assert len(log_of(tailed).asked) == 1


async def test_after_a_restart_the_rest_of_the_previous_log_comes_once_and_then_the_new_one(tailed: Tailed) -> None:
    log = log_of(tailed)
    log.say("first life", second=1)
    tailed.tail.update([pod(RUNNING, containerID="c1")])
    await tailed.until(lambda: len(tailed.texts()) == 1)
    log.say("panic", second=1)
    log.previous, log.lines = log.lines, []
    log.cut()
    tailed.tail.update([pod(RUNNING, containerID="c2", restartCount=1)])
    log.say("second life", second=3)
    await tailed.until(lambda: len(tailed.texts()) == 3)
    assert sorted(tailed.texts()) == ["first life", "panic", "second life"]
    said = [(line.text, line.previous) for line in tailed.view.logs.slice(0, 9)]
    assert ("second life", False) in said
    await asyncio.sleep(0.05)
    assert len(tailed.texts()) == 3


@pytest.mark.parametrize("ran_before", [False, True])
async def test_each_life_of_a_crash_loop_is_read_whole_once_and_without_a_gap(
    tailed: Tailed, monkeypatch: pytest.MonkeyPatch, ran_before: bool
) -> None:
    if ran_before:
        monkeypatch.setattr(log_tail, "OLD_LINES", 1)
    begun = {"running": {"startedAt": "2020-01-01T00:00:00Z"}} if ran_before else RUNNING
    log, said = log_of(tailed), []
    for life in range(3):
        log.over = False
        lines = [f"life {life} starts", f"life {life} ends"]
        log.say(*lines, second=10 * life + 1)
        said += lines[1:] if ran_before and life == 0 else lines
        tailed.tail.update([pod(RUNNING if life else begun, containerID=f"c{life}", restartCount=life)])
        await tailed.until(partial(reads, tailed, tuple(said)))
        log.end()
        tailed.tail.update([pod(ENDED, containerID=f"c{life}", restartCount=life)])
        await tailed.until(lambda: all(one.finished for one in tailed.tail._containers.values()))
        log.previous, log.lines = log.lines, []
    await asyncio.sleep(0.05)
    assert tailed.texts() == said
    assert tailed.view.log_gaps == 0


async def test_a_crash_that_was_before_us_gives_the_previous_log(tailed: Tailed) -> None:
    log = log_of(tailed)
    log.say("panic: no database")
    log.previous, log.lines = log.lines, []
    log.say("trying again", second=5)
    tailed.tail.update([pod(RUNNING, containerID="c2", restartCount=1)])
    await tailed.until(lambda: len(tailed.texts()) == 2)
    assert [(line.text, line.previous) for line in tailed.view.logs.slice(0, 9)] == [
        ("panic: no database", True),
        ("trying again", False),
    ]


async def test_a_log_that_the_kubelet_has_removed_is_a_gap_and_not_a_line(tailed: Tailed) -> None:
    log = log_of(tailed)
    log.previous = [LogLine("", "unable to retrieve container logs for containerd://0c1d")]
    log.say("trying again", second=5)
    tailed.tail.update([pod(RUNNING, containerID="c2", restartCount=1)])
    await tailed.until(lambda: len(tailed.texts()) == 2)
    assert [event.data.get("reason", "") for event in tailed.said] == ["the kubelet has removed this log already", ""]


async def test_restarts_too_quick_to_be_read_are_a_gap(tailed: Tailed) -> None:
    tailed.tail.update([pod(RUNNING, containerID="c1")])
    await tailed.until(lambda: log_of(tailed).asked)
    tailed.tail.update([pod(RUNNING, containerID="c5", restartCount=4)])
    await tailed.until(lambda: tailed.view.log_gaps)
    assert "restarted 4 times" in tailed.texts()[0]


async def test_without_the_right_it_says_so_once_and_asks_no_more(tailed: Tailed) -> None:
    tailed.cluster.refuse["logs"] = ClusterError("forbidden", "no", 403, "get pods/log in namespace ns")
    tailed.tail.update([pod(RUNNING, containerID="c1"), pod(RUNNING, name="b", containerID="c2")])
    await tailed.until(lambda: tailed.view.blind)
    await asyncio.sleep(0.05)
    assert [event.type for event in tailed.said] == ["watch.blind"]
    assert tailed.view.blind[0].permission == "get pods/log in namespace ns"


async def test_more_containers_than_streams_is_said_and_the_next_one_opens_when_one_ends() -> None:
    made = Tailed(max_streams=1)
    for name in ("a", "b"):
        made.cluster.log[f"{name}/app"] = Log(f"from {name}")
    task = asyncio.create_task(made.tail.run())
    await asyncio.sleep(0)
    pods = [pod(RUNNING, name="a", containerID="c1"), pod(RUNNING, name="b", containerID="c2")]
    made.tail.update(pods)
    await made.until(lambda: made.view.blind and made.texts())
    assert made.view.blind[0].reason == "1 are not followed (b/app): 1 logs are open already"
    assert made.texts() == ["from a"]
    made.cluster.log["a/app"].end()
    made.tail.update([pod(ENDED, name="a", containerID="c1"), pods[1]])
    await made.until(lambda: made.texts() == ["from a", "from b"])
    assert made.view.blind == []
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_new_runner_does_not_repeat_lines_that_the_record_has(tailed: Tailed) -> None:
    log_of(tailed).say("a", "b", second=1)
    times = [line.time for line in log_of(tailed).lines]
    lines = [[times[0], "a"], [times[1], "b"]]
    past = Event("log.lines", {"pod": "api-1-x", "container": "app", "previous": False, "lines": lines})
    tailed.tail.resume_after([past])
    log_of(tailed).say("c", second=2)
    tailed.tail.update([pod(RUNNING, containerID="c1")])
    await tailed.until(tailed.texts)
    assert tailed.texts() == ["c"]


async def test_a_right_that_is_given_back_brings_the_logs_back(tailed: Tailed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_tail, "_AGAIN", Backoff(0.01, 0.02))
    log_of(tailed).say("one")
    tailed.cluster.refuse["logs"] = ClusterError("forbidden", "no", 403, "get pods/log in namespace ns")
    tailed.tail.update([pod(RUNNING, containerID="c1")])
    await tailed.until(lambda: tailed.view.blind)
    del tailed.cluster.refuse["logs"]
    await tailed.until(lambda: tailed.texts() == ["one"])
    assert tailed.view.blind == []
    assert tailed.view.log_gaps == 0


def test_a_position_is_the_last_second_whatever_the_batches() -> None:
    times = [f"2026-01-01T12:00:0{second}.{n:09}Z" for second in (1, 1, 2, 2, 2) for n in (1, 1, 2)]
    whole = log_tail._ReadPosition()
    whole.take([LogLine(time, "") for time in times])
    for size in (1, 2, 4, 7):
        position = log_tail._ReadPosition()
        for at in range(0, len(times), size):
            position.take([*(LogLine(time, "") for time in times[at : at + size]), LogLine("", "no time")])
        assert (position.since, sorted(position.seen)) == ("2026-01-01T12:00:02Z", sorted(whole.seen))
    assert len(whole.seen) == 9
