"""The watch and the tail over the real API server, with a proxy before it that breaks what a network breaks.

The quick tier keeps one refusal that relists, one that needs a right, one cut stream and the count of requests.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests import faultproxy
from tests.conftest import Bed
from tests.faultproxy import FaultProxy, Rule
from wizard.adapters.clock import SystemClock
from wizard.adapters.kube import watch
from wizard.adapters.kube.client import KubeCluster
from wizard.adapters.kube.connection import Connection
from wizard.core.backoff import Backoff
from wizard.core.kube.objects import KINDS
from wizard.core.run.events import Event
from wizard.core.run.view import RunView
from wizard.core.target import Target
from wizard.engine.watch import log_tail as tail_module
from wizard.engine.watch import release_watch as watch_module
from wizard.engine.watch.log_tail import LogTail
from wizard.engine.watch.release_watch import ReleaseWatch

pytestmark = pytest.mark.e2e

PODS = r"/pods\?watch=1"
LOG = r"/pods/[^/]+/log\?"
NO = json.dumps({
    "kind": "Status", "status": "Failure", "reason": "Forbidden", "code": 403,
    "message": 'pods is forbidden: User "eve" cannot watch resource "pods" in API group "" in the namespace',
}).encode()  # fmt: skip
_NUMBER = re.compile(r" line (\d+)")


class Live:
    """A release seen through the proxy, folded into a view."""

    def __init__(self, kubeconfig: str, namespace: str) -> None:
        self.namespace, self.view = namespace, RunView()
        self.said: list[Event] = []
        self._changed = asyncio.Event()
        self.cluster = KubeCluster(Target("", namespace, "shop", kubeconfig=kubeconfig))
        target = Target("", namespace, "shop", kubeconfig=kubeconfig)
        self.watch = ReleaseWatch(self.cluster, target, SystemClock(), self.take)
        self.tail = LogTail(self.cluster, namespace, SystemClock(), self.take)
        self.watch.on_pods(self.tail.update)

    def take(self, events: Any) -> None:
        for event in events:
            self.said.append(event)
            self.view.apply(event)
        self._changed.set()

    async def until(self, condition: Callable[[], object], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not condition():
                self._changed.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await self._changed.wait()

    def gone(self) -> list[Event]:
        return [one for one in self.said if one.data.get("state") == "gone"]

    def numbers(self) -> list[int]:
        lines = self.view.logs.slice(0, self.view.logs.end)
        return [int(found[1]) for line in lines if (found := _NUMBER.search(line.text))]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_BACKOFF", Backoff(0.05, 0.4))
    monkeypatch.setattr(watch, "_SERVER_BACK", Backoff(0.05, 0.4))
    monkeypatch.setattr(watch_module, "_AGAIN", Backoff(0.1, 0.5))
    monkeypatch.setattr(tail_module, "_RETRY", Backoff(0.05, 0.2))
    monkeypatch.setattr(tail_module, "_AGAIN", Backoff(0.1, 0.5))


@contextlib.asynccontextmanager
async def live(kubeconfig: str, namespace: str) -> AsyncIterator[Live]:
    made = Live(kubeconfig, namespace)
    tasks = [asyncio.create_task(made.watch.run()), asyncio.create_task(made.tail.run())]
    try:
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await made.cluster.close()


@pytest.fixture
def proxy(sandbox: Bed, namespace: str, tmp_path: Path) -> Any:
    sandbox.kubectl("create", "namespace", namespace)
    with faultproxy.before(sandbox.info.folder, sandbox.kubeconfig, tmp_path) as made:
        yield made


def start(sandbox: Bed, namespace: str, name: str, rate: int = 0) -> None:
    """A pod of the release that writes so many lines a second."""
    note = f'{{"metadata":{{"annotations":{{"sandbox.llm-cost-ops.local/log-rate":"{rate}"}}}}}}' if rate else "{}"
    sandbox.kubectl("-n", namespace, "run", name, "--image=busybox:1", "--overrides", note,
                    "--labels=app.kubernetes.io/instance=shop,app.kubernetes.io/managed-by=Helm")  # fmt: skip


@pytest.mark.parametrize(
    ("what", "status", "headers"),
    [
        ("gone", 410, {}),
        ("right", 403, {}),
        pytest.param("busy", 429, {"Retry-After": "1"}, marks=pytest.mark.full),
        pytest.param("away", 503, {}, marks=pytest.mark.full),
        pytest.param("login", 401, {}, marks=pytest.mark.full),
    ],
)
async def test_a_refused_watch_comes_back_and_nothing_is_said_to_be_gone(
    sandbox: Bed, namespace: str, proxy: FaultProxy, what: str, status: int, headers: dict[str, str]
) -> None:
    start(sandbox, namespace, "one")
    async with live(proxy.kubeconfig, namespace) as seen:
        await seen.until(lambda: seen.watch.listed and seen.view.rows("pod"))
        rule = proxy.add(Rule(path=PODS, status=status, headers=headers, body=NO if what == "right" else None, times=4))
        proxy.drop(PODS)
        await seen.until(lambda: rule.hits == rule.times)
        start(sandbox, namespace, "two")
        await seen.until(lambda: len(seen.view.rows("pod")) == 2 and not seen.view.blind)
        assert seen.gone() == []
        told = [one for one in seen.said if one.type == "watch.blind" and one.data["what"] == "Pod"]
        if what in ("busy", "away", "login", "right"):
            assert told[0].data["reason"]
            assert told[-1].data["reason"] == ""
        if what == "right":
            assert any(one.data["permission"] == f"watch pods in namespace {namespace}" for one in told)


async def test_a_watch_that_is_cut_in_the_middle_of_an_object_resumes(
    sandbox: Bed, namespace: str, proxy: FaultProxy
) -> None:
    rule = proxy.add(Rule(path=PODS, cut=700, times=3))
    async with live(proxy.kubeconfig, namespace) as seen:
        await seen.until(lambda: seen.watch.listed)
        start(sandbox, namespace, "one")
        await seen.until(lambda: rule.hits == 3 and seen.view.rows("pod") and seen.view.rows("pod")[0].state == "ready")
        assert seen.gone() == []
        assert proxy.count("GET", r"/pods(\?limit|$)") <= 1


@pytest.mark.full
async def test_a_watch_whose_line_is_dead_without_a_word_is_asked_for_again(
    sandbox: Bed, namespace: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_QUIET", 2.0)
    rule = proxy.add(Rule(path=PODS, stall=0, times=1))
    async with live(proxy.kubeconfig, namespace) as seen:
        await seen.until(lambda: seen.watch.listed and rule.hits)
        start(sandbox, namespace, "one")
        await seen.until(lambda: seen.view.rows("pod"))
        assert seen.gone() == []


@pytest.mark.full
async def test_a_server_that_hangs_at_first_is_said_and_watched_as_soon_as_it_answers(
    sandbox: Bed, namespace: str, proxy: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = Connection.send.__kwdefaults__
    assert usual
    monkeypatch.setitem(usual, "read", 0.5)
    start(sandbox, namespace, "one")
    rule = proxy.add(Rule(path="/pods", hold=True))
    async with live(proxy.kubeconfig, namespace) as seen:
        await seen.until(lambda: any(one.what == "Pod" for one in seen.view.blind))
        proxy.remove(rule)
        await seen.until(lambda: seen.view.rows("pod") and not seen.view.blind)


@pytest.mark.parametrize(
    "how",
    ["cut anywhere", *(pytest.param(one, marks=pytest.mark.full) for one in ("reset", "stalls, then goes on", "503"))],
)
async def test_log_streams_that_break_lose_nothing_and_repeat_nothing(
    sandbox: Bed, namespace: str, proxy: FaultProxy, how: str
) -> None:
    rules = {
        "cut anywhere": [Rule(path=LOG, cut=size, times=1) for size in (1, 777, 40_001, 100_000, 250_007)],
        "reset": [],
        "stalls, then goes on": [Rule(path=LOG, stall=30_000, times=1)],
        "503": [Rule(path=LOG, status=503, times=3)],
    }[how]
    for rule in rules:
        proxy.add(rule)
    async with live(proxy.kubeconfig, namespace) as seen:
        start(sandbox, namespace, "chatty", rate=5000)
        for goal in (2_000, 6_000, 12_000):
            if how.startswith("stalls"):
                await seen.until(lambda: rules[0].hits)
                proxy.remove()
            await seen.until(lambda goal=goal: len(seen.numbers()) >= goal)  # type: ignore[misc]  # a default binds the loop's value
            if how == "reset":
                proxy.drop(LOG)
        numbers = seen.numbers()
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert numbers[0] <= 1
        assert seen.view.log_gaps == 0
        if rules:
            assert all(rule.hits for rule in rules)


async def test_a_run_s_watches_ask_once_for_the_list_and_once_for_the_watch_of_each_kind(
    sandbox: Bed, namespace: str, proxy: FaultProxy
) -> None:
    async with live(proxy.kubeconfig, namespace) as seen:
        start(sandbox, namespace, "one", rate=100)
        await seen.until(lambda: len(seen.numbers()) > 200)
    kinds = len(KINDS) + 1
    assert proxy.count("GET", "watch=1") == kinds
    assert proxy.count("GET", LOG) == 1
    assert proxy.count() == 2 * kinds + 1
