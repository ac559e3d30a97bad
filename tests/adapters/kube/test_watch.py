"""A watch heals what heals, says when it is blind, and stops with the missing verb when it may not."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.adapters import loopback
from tests.adapters.loopback import Answer, Asked, Server, status
from wizard.adapters.kube import watch as kube_watch
from wizard.adapters.kube.client import KubeCluster
from wizard.core.backoff import Backoff
from wizard.core.kube.api import WatchEvent
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target


def pod(name: str, version: int) -> dict[str, Any]:
    return {"metadata": {"name": name, "uid": name, "resourceVersion": str(version)}}


def listing(version: int, *pods: dict[str, Any]) -> Answer:
    return Answer(200, json.dumps({"kind": "PodList", "metadata": {"resourceVersion": str(version)}, "items": pods}))


def line(kind: str, item: dict[str, Any]) -> bytes:
    return json.dumps({"type": kind, "object": item}).encode() + b"\n"


def is_watch(asked: Asked) -> bool:
    return "watch=1" in asked.path


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube_watch, "_BACKOFF", Backoff(0.01, 0.02))
    monkeypatch.setattr(kube_watch, "_SERVER_BACK", Backoff(0.01, 0.02))


@contextlib.asynccontextmanager
async def watching(
    folder: Path, answer: Callable[[Asked], Answer]
) -> AsyncIterator[tuple[AsyncIterator[WatchEvent], Server]]:
    with loopback.serving(answer) as server:
        cluster = KubeCluster(Target("here", "ns", kubeconfig=loopback.kubeconfig(folder, server.url)))
        stream = cluster.watch("Pod", "ns", labels="app=x")
        try:
            yield stream, server
        finally:
            await cluster.close()


async def take(stream: AsyncIterator[WatchEvent], count: int) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for _ in range(count):
        event = await asyncio.wait_for(anext(stream), 5)
        found.append((event.type, [one["metadata"]["name"] for one in event.objects]))
    return found


async def test_it_lists_then_tells_changes_and_resumes_from_the_last_bookmark(tmp_path: Path) -> None:
    forever = threading.Event()
    first = Answer(
        chunks=[
            line("ADDED", pod("b", 11)) + line("MODIFIED", pod("b", 12))[:20],
            line("MODIFIED", pod("b", 12))[20:] + line("BOOKMARK", pod("", 40)),
        ]
    )
    watches = [first, Answer(chunks=[line("DELETED", pod("b", 41))], then_hold=forever)]
    async with watching(tmp_path, lambda a: watches.pop(0) if is_watch(a) else listing(10, pod("a", 5))) as (
        it,
        server,
    ):
        assert await take(it, 4) == [("LIST", ["a"]), ("ADDED", ["b"]), ("MODIFIED", ["b"]), ("DELETED", ["b"])]
        paths = [asked.path for asked in server.asked]
        forever.set()
    assert "labelSelector=app%3Dx" in paths[0]
    assert "resourceVersion=10" in paths[1]
    assert "allowWatchBookmarks" in paths[1]
    assert "resourceVersion=40" in paths[2]
    assert len(paths) == 3


async def test_a_watch_outlives_a_wait_of_five_minutes_so_that_a_run_of_that_length_asks_twice_for_a_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.adapters.kube.watch.random.randint", lambda low, _: low)
    forever = threading.Event()
    watch = Answer(chunks=[line("ADDED", pod("b", 11))], then_hold=forever)
    async with watching(tmp_path, lambda a: watch if is_watch(a) else listing(10)) as (it, server):
        await take(it, 2)
        (asked,) = [one.path for one in server.asked if is_watch(one)]
        forever.set()
    lives = int(parse_qs(asked.partition("?")[2])["timeoutSeconds"][0])
    assert lives >= 5 * 60 + 30, "helm takes a while before it begins to wait"


@pytest.mark.parametrize("inside", [True, False])
async def test_a_version_that_is_too_old_makes_it_list_again(tmp_path: Path, inside: bool) -> None:
    gone = {"kind": "Status", "code": 410, "message": "too old resource version"}
    watches = [Answer(chunks=[line("ERROR", gone)]) if inside else status(410, "too old", "Expired")]
    lists = [listing(10, pod("a", 5)), listing(20, pod("b", 15))]
    forever = threading.Event()

    def answer(asked: Asked) -> Answer:
        if not is_watch(asked):
            return lists.pop(0)
        return watches.pop(0) if watches else Answer(chunks=[], then_hold=forever)

    async with watching(tmp_path, answer) as (it, _):
        assert await take(it, 2) == [("LIST", ["a"]), ("LIST", ["b"])]
        forever.set()


async def test_a_lost_connection_is_said_and_heals(tmp_path: Path) -> None:
    forever = threading.Event()
    watches = [status(503, "etcd is away"), Answer(chunks=[line("ADDED", pod("b", 11))], then_hold=forever)]
    async with watching(tmp_path, lambda a: watches.pop(0) if is_watch(a) else listing(10)) as (it, _):
        assert (await anext(it)).type == "LIST"
        blind = await anext(it)
        assert (blind.type, "etcd is away" in blind.reason) == ("BLIND", True)
        again = await anext(it)
        assert (again.type, again.reason) == ("BLIND", "")
        assert await take(it, 1) == [("ADDED", ["b"])]
        forever.set()


@pytest.mark.parametrize("right", ["list", "watch"])
async def test_a_missing_right_ends_it_and_is_named(tmp_path: Path, right: str) -> None:
    no = status(403, 'pods is forbidden: User "eve" cannot do that', "Forbidden")

    def answer(asked: Asked) -> Answer:
        return no if is_watch(asked) or right == "list" else listing(1)

    async with watching(tmp_path, answer) as (it, _):
        with pytest.raises(ClusterError, match=f"eve may not {right} pods in namespace ns") as caught:
            await take(it, 2)
    assert caught.value.permission == f"{right} pods in namespace ns"


async def test_a_kind_that_is_not_served_ends_it(tmp_path: Path) -> None:
    async with watching(tmp_path, lambda _: Answer(404, "404 page not found", "text/plain")) as (it, _):
        with pytest.raises(ClusterError) as caught:
            await take(it, 1)
    assert caught.value.kind == "not-found"


async def test_a_401_is_answered_by_one_new_login_and_a_second_one_ends_it(tmp_path: Path) -> None:
    answers = [status(401, "no"), listing(1), status(401, "no"), status(401, "no")]
    async with watching(tmp_path, lambda _: answers.pop(0)) as (it, server):
        assert await take(it, 1) == [("LIST", [])]
        with pytest.raises(ClusterError) as caught:
            await take(it, 1)
        assert len(server.asked) == 4
    assert caught.value.kind == "unauthorized"


async def test_a_cluster_that_was_never_reached_is_said_at_once(tmp_path: Path) -> None:
    path = loopback.kubeconfig(tmp_path, loopback.closed_port())
    with pytest.raises(ClusterError) as caught:
        await anext(KubeCluster(Target("here", "ns", kubeconfig=path)).watch("Pod", "ns"))
    assert caught.value.kind == "refused"


async def test_watches_that_end_at_once_do_not_make_a_storm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kube_watch, "_BACKOFF", Backoff(0.2, 30.0))
    async with watching(tmp_path, lambda a: Answer(chunks=[]) if is_watch(a) else listing(1)) as (it, server):
        await take(it, 1)
        reading = asyncio.ensure_future(anext(it))
        await asyncio.sleep(1.0)
        assert 1 < len(server.asked) < 8
        reading.cancel()


@pytest.mark.parametrize("silent", ["watch", "headers"])
async def test_closing_wakes_a_silent_watch_and_ends_its_thread(tmp_path: Path, silent: str) -> None:
    forever = threading.Event()

    def answer(asked: Asked) -> Answer:
        if not is_watch(asked):
            return listing(1)
        return Answer(chunks=[], then_hold=forever) if silent == "watch" else Answer(hold=forever)

    async with watching(tmp_path, answer) as (it, server):
        await take(it, 1)
        await asyncio.to_thread(server.wait, 2)
        began = time.monotonic()
        reading = asyncio.ensure_future(anext(it))
        await asyncio.sleep(0.05)
        reading.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await reading
        while any(one.name == "watch-pods" for one in threading.enumerate()):
            assert time.monotonic() - began < 2
            await asyncio.sleep(0.01)
        forever.set()
