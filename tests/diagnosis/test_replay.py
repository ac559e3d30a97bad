"""A look reads of an API server what the labelled set says of it: each failure, over HTTP, has the diagnosis that the score counts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.diagnosis.breaking import Bed
from tests.diagnosis.replay import served
from tests.diagnosis.score import EVERY, SOUND
from wizard.adapters.clock import SystemClock
from wizard.adapters.helm.documents import YamlDocuments
from wizard.adapters.kube.client import KubeCluster
from wizard.core.rules.ranking import diagnose
from wizard.core.rules.snapshot import Snapshot
from wizard.core.target import Target
from wizard.engine.watch.diagnose import look

BREAKS = {**{case.name: case.breaks for case in EVERY}, **SOUND}


async def looked_at(kubeconfig: Path, namespace: str, release: str) -> Snapshot:
    target = Target("c", namespace, release, str(kubeconfig))
    cluster = KubeCluster(target)
    try:
        *_, last = [seen async for seen in look(cluster, target, SystemClock(), None, YamlDocuments())]
    finally:
        await cluster.close()
    assert last.complete
    return last.snapshot


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.full] if at % 20 else []) for at, name in enumerate(BREAKS)]
)
async def test_what_is_read_over_http_has_the_same_diagnosis(name: str, tmp_path: Path) -> None:
    bed = Bed()
    BREAKS[name](bed)
    world = bed.world
    world.said.clear()  # helm's own words are in the records of this machine, not in the cluster
    with served(world, tmp_path, datetime.now(UTC)) as kubeconfig:
        met = diagnose(await looked_at(kubeconfig, world.namespace, world.release))
    assert [(one.id, one.object, one.title) for one in met] == [
        (one.id, one.object, one.title) for one in diagnose(world.snapshot())
    ]
