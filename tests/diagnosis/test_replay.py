"""A look reads of an API server what the labelled set says of it: each failure, over HTTP, has the diagnosis that the score counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.diagnosis.breaking import Bed
from tests.diagnosis.replay import Replay, served
from tests.diagnosis.score import EVERY, SOUND
from tests.engine.watch.test_reach import NO_NAME, FakeNetwork
from wizard.adapters.clock import SystemClock
from wizard.adapters.helm.documents import YamlDocuments
from wizard.adapters.kube.client import KubeCluster
from wizard.core.rules.diagnosis import Observation
from wizard.core.rules.ranking import diagnose
from wizard.core.target import Target
from wizard.engine.watch import reach
from wizard.engine.watch.diagnose import look

BREAKS = {**{case.name: case.breaks for case in EVERY}, **SOUND}


async def looked_at(kubeconfig: Path, namespace: str, release: str) -> Observation:
    """What `diagnose` observes; what this machine meets of the release is asked for, and left out."""
    target = Target("c", namespace, release, str(kubeconfig))
    cluster = KubeCluster(target)
    ask = partial(reach.of_snapshot, cluster, FakeNetwork(lambda _: NO_NAME), target, forward=False)
    try:
        *_, last = [seen async for seen in look(cluster, target, SystemClock(), None, YamlDocuments(), ask)]
    finally:
        await cluster.close()
    assert last.complete
    assert last.snapshot.reach
    return replace(last, snapshot=replace(last.snapshot, reach=None))


MOST = 20
"""Requests of one look, besides those for logs."""
COSTLY = (
    "storage class missing", "claim waits because its pod has no room", "volume gone", "the cluster's DNS has no pod",
    "no name resolves: egress to DNS is cut (Go)", "a certificate on its way, the controller restarts",
)  # fmt: skip
"""Those with the most requests."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The path of every request."""
    paths: list[str] = []
    answer = Replay.answer

    def counted(self: Replay, path: str, query: Mapping[str, str]) -> tuple[int, Any]:
        paths.append(path)
        return answer(self, path, query)

    monkeypatch.setattr(Replay, "answer", counted)
    return paths


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.full] if at % 20 and name not in COSTLY else [])
        for at, name in enumerate(BREAKS)
    ],
)
async def test_what_is_read_over_http_by_few_requests_has_the_same_diagnosis(
    name: str, tmp_path: Path, asked: list[str]
) -> None:
    bed = Bed()
    BREAKS[name](bed)
    world = bed.world
    world.said.clear()  # helm's own words are in the records of this machine, not in the cluster
    with served(world, tmp_path, datetime.now(UTC)) as kubeconfig:
        seen = await looked_at(kubeconfig, world.namespace, world.release)
    met = diagnose(seen.snapshot)
    assert [(one.id, one.object, one.title) for one in met] == [
        (one.id, one.object, one.title) for one in diagnose(world.snapshot())
    ]
    others = [path for path in asked if not path.endswith("/log")]
    assert len(others) <= MOST, Counter(others).most_common()


@pytest.mark.parametrize(
    ("name", "requests"),
    [
        ("as installed", []),
        ("wrong database password, crash loop", []),
        ("default deny, the client times out", ["shop/networkpolicies"]),
        ("no name resolves: egress to DNS is cut (libpq)", ["shop/networkpolicies", "kube-system/pods"]),
        ("the cluster's DNS has no pod", ["shop/networkpolicies", "kube-system/pods", "kube-system/endpointslices"]),
    ],
)
async def test_policies_and_dns_are_read_once_and_only_where_something_waits(
    name: str, requests: list[str], tmp_path: Path, asked: list[str]
) -> None:
    bed = Bed()
    BREAKS[name](bed)
    with served(bed.world, tmp_path, datetime.now(UTC)) as kubeconfig:
        await looked_at(kubeconfig, bed.world.namespace, bed.world.release)
    below = (path.partition("/namespaces/")[2] for path in asked)
    assert sorted(path for path in below if "networkpolicies" in path or "kube-system" in path) == sorted(requests)


async def test_policies_that_may_not_be_listed_are_said_to_be_hidden(tmp_path: Path) -> None:
    bed = Bed()
    BREAKS["policies may not be listed"](bed)
    with served(bed.world, tmp_path, datetime.now(UTC)) as kubeconfig:
        seen = await looked_at(kubeconfig, bed.world.namespace, bed.world.release)
    assert "NetworkPolicy" in {one.what for one in seen.unseen}
