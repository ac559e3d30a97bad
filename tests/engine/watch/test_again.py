"""A diagnosis that stays open: again at a change, not before, and now and then without one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from typing_extensions import override

from tests.engine.fakes import FakeCluster
from tests.engine.watch.test_diagnose import TARGET, At
from wizard.core.kube.api import WatchEvent
from wizard.core.kube.errors import ClusterError
from wizard.core.rules.diagnosis import Diagnosis
from wizard.engine.watch import again, diagnose


class Watched(FakeCluster):
    """Its watches say what a test says."""

    def __init__(self, *, kind: str = "Pod", refused: bool = False) -> None:
        super().__init__()
        self.kind = kind
        self.told: asyncio.Queue[WatchEvent] = asyncio.Queue()
        self.refused = refused
        self.open = 0

    @override
    async def watch(self, kind: str, namespace: str, *, labels: str = "") -> AsyncIterator[WatchEvent]:
        if self.refused:
            raise ClusterError("forbidden", "eve may not watch pods.")
        self.open += 1
        try:
            yield WatchEvent("LIST", ())
            while kind == self.kind:
                yield await self.told.get()
            await asyncio.Event().wait()
        finally:
            self.open -= 1


def looks(cluster: Watched, **options: Any) -> AsyncIterator[Diagnosis]:
    def once() -> AsyncIterator[Diagnosis]:
        return diagnose.diagnose(cluster, TARGET, At())

    return again.diagnoses(cluster, TARGET, once, **{"pause": 0.01, "longest": 60.0, **options})


@pytest.mark.parametrize("kind", ["Pod", "Event", "Service"])
async def test_it_looks_again_when_something_changes_and_not_before(kind: str) -> None:
    cluster = Watched(kind=kind)
    views = looks(cluster)
    await anext(views)
    waiting = asyncio.ensure_future(anext(views))
    await asyncio.sleep(0.1)
    assert not waiting.done()
    await cluster.told.put(WatchEvent("MODIFIED", ()))
    await asyncio.wait_for(waiting, 5)
    assert cluster.open == 3
    await views.aclose()  # type: ignore[attr-defined] # it is a generator
    assert cluster.open == 0


async def test_a_list_that_comes_again_is_a_change_and_a_crowd_of_changes_is_one() -> None:
    cluster = Watched()
    views = looks(cluster, pause=0.2)
    await anext(views)
    for _ in range(50):
        await cluster.told.put(WatchEvent("LIST", ()))
    await asyncio.wait_for(anext(views), 5)
    waiting = asyncio.ensure_future(anext(views))
    await asyncio.sleep(0.4)
    assert not waiting.done()
    waiting.cancel()


async def test_without_a_change_and_without_the_right_to_watch_it_looks_again_after_a_time() -> None:
    quiet = looks(Watched(), longest=0.05)
    blind = looks(Watched(refused=True), poll=0.05)
    for views in (quiet, blind):
        for _ in range(3):
            await asyncio.wait_for(anext(views), 5)
