"""Healthy upgrades of many kinds, seen as if everything had been there for days: at no moment are they called stuck."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from tests.conftest import Bed
from tests.e2e.old import Watcher, alarms
from tests.e2e.test_giving_up import impatient
from tests.e2e.test_run_process import Runner
from wizard.core.helm.strvals import SetFlag
from wizard.core.run.view import RunView
from wizard.core.target import Target

pytestmark = pytest.mark.e2e

CHANGES: Final[dict[str, dict[str, Any]]] = {
    "both databases restart": {"postgresql.image.tag": "16.14", "redis.image.tag": "7.2.15-alpine"},
    "the app waits for its database": {"postgresql.image.tag": "16.13", "podAnnotations": {"restarted": "0"}},
    "only Postgres restarts": {"postgresql.primary.podAnnotations": {"restarted": "1"}},
    "only Redis restarts": {"redis.master.podAnnotations": {"restarted": "1"}},
    "the app's environment": {"extraEnv": [{"name": "COLOUR", "value": "blue"}]},
    "the app's resources": {"resources.limits.memory": "768Mi", "resources.requests.cpu": "0.15"},
    "replicas up": {"replicaCount": 3},
    "replicas down": {"replicaCount": 1},
    "configuration": {"config.logLevel": "debug"},
    "autoscaler on": {"autoscaling.enabled": True, "autoscaling.minReplicas": 2},
    "autoscaler off": {"autoscaling.enabled": False},
    "monitoring off": {"prometheus.enabled": False, "grafana.enabled": False},
    "monitoring on": {"prometheus.enabled": True, "grafana.enabled": True},
    "all pods end before the new ones begin": {"strategy.type": "Recreate", "podAnnotations": {"restarted": "1"}},
    "a Secret's checksum": {"podAnnotations": {"checksum/secret": "2"}, "postgresql.primary.podAnnotations": {"checksum/secret": "2"}},
}  # fmt: skip
QUICK: Final = ("both databases restart", "all pods end before the new ones begin")


class Old:
    """A release that is upgraded again and again, with a watcher on it that takes everything for old."""

    def __init__(self, bed: Bed, namespace: str, helm: str, folder: Path) -> None:
        self.runner, self.bed = Runner(bed.kubeconfig, namespace, helm, folder), bed
        context = bed.kubectl("config", "current-context").strip()
        self.target = Target(context, namespace, "llm-cost-ops", bed.kubeconfig)
        self.streams: dict[str, list[dict[str, Any]]] = {}

    async def install(self) -> None:
        view = await self.runner.follow(await self.runner.start())
        assert view.finished is not None
        assert view.finished["code"] == 0, view.reason

    async def upgrade(self, name: str, **answers: str) -> None:
        draft = self.runner.draft(**answers)
        changes = [
            SetFlag("--set-json", f"{path}={json.dumps(value)}") for path, value in CHANGES.get(name, {}).items()
        ]
        draft = replace(draft, sets=(*draft.sets, *changes))
        await self.watched(name, self.runner.begin(draft, "upgrade", attended=False))

    async def watched(self, name: str, start: Any) -> None:
        self.runner.view, self.runner.events = RunView(), []
        async with Watcher(self.target) as watcher:
            view = await self.runner.follow(await start)
        self.streams[name] = watcher.cluster.stream
        assert view.finished is not None
        assert (view.finished["code"], view.verdict) == (0, "ready"), f"{name}: {view.reason}"
        assert alarms(self.runner.events) == [], name
        assert (alarms(watcher.events), watcher.hopeless) == ([], []), name
        assert any(one.type == "verdict" for one in watcher.events), name


async def test_upgrades_that_restart_databases_and_the_app_are_on_their_way_all_the_time(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    old = Old(sandbox, namespace, tool("helm4"), tmp_path)
    await old.install()
    for name in QUICK:
        await old.upgrade(name)
    await old.runner.session.close()


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm3", "helm4"])
async def test_no_kind_of_healthy_upgrade_is_called_stuck_at_any_moment(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, helm: str
) -> None:
    old = Old(sandbox, namespace, tool(helm), tmp_path)
    await old.install()
    for name in CHANGES:
        await old.upgrade(name)
    await old.runner.session.close()


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm3", "helm4"])
@pytest.mark.parametrize("way", ["rollback", "upgrade"])
async def test_the_way_out_of_a_broken_version_is_not_called_stuck_for_what_it_leaves(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helm: str,
    way: str,
) -> None:  # fmt: skip
    old = Old(sandbox, namespace, tool(helm), tmp_path)
    await old.install()
    runner, session = old.runner, old.runner.session
    with monkeypatch.context() as patch:
        impatient(runner, patch)
        runner.view = RunView()
        broken = runner.draft(image="no-such-image:1.0.0")
        view = await runner.follow(await runner.begin(broken, "upgrade", attended=False))
        assert "It cannot heal by itself" in view.reason
    runner.view, runner.events = RunView(), []
    if way == "rollback":
        run_id = await session.release(old.target).start_rollback(await session.release(old.target).rollback(1))
    else:
        run_id = await runner.begin(runner.draft(), "upgrade", attended=False)
    view = await runner.follow(run_id)
    assert view.finished is not None
    assert (view.finished["code"], view.verdict) == (0, "ready"), view.reason
    # What is found in the version before is told; it decides nothing.
    assert alarms(one for one in runner.events if one.type != "finding") == []
    await session.close()
