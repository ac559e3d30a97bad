"""Upgrades that were recorded in the sandbox, played again as if everything had been there for days.

The streams are what `tests/e2e/old.py` keeps of `tests/e2e/test_healthy_upgrades.py`: one row a line, times in UTC.
"""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.old import AGED, aged, alarms
from tests.engine.watch.playing import Player
from wizard.core.kube.api import WatchEvent
from wizard.core.target import Target

STREAMS = sorted((Path(__file__).parent / "streams").glob("*.json.gz"))


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in gzip.decompress(path.read_bytes()).decode().splitlines()]


@pytest.mark.parametrize("knows", [True, False], ids=["a run", "a look from aside"])
@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.name.partition(".")[0])
async def test_an_upgrade_of_an_old_release_is_on_its_way_at_every_moment(path: Path, knows: bool) -> None:
    stream = rows(path)
    begun = datetime.fromisoformat(stream[0]["at"])
    namespace = next(one["metadata"]["namespace"] for row in stream for one in row["objects"])
    async with Player(Target("", namespace, "llm-cost-ops"), begun, replaces=knows) as player:
        for row in stream:
            at = datetime.fromisoformat(row["at"])
            while player.clock.time + timedelta(seconds=1) < at:
                await player.look(player.clock.time + timedelta(seconds=1))
            objects = tuple(aged(one) if row["kind"] in AGED else one for one in row["objects"])
            await player.send(at, row["kind"], WatchEvent(row["type"], objects))
        player.watch.hold = ""
        player.watch.flush()
    assert alarms(player.events) == []
    assert [one for one in player.urgent if one.terminal or one.heals == "no"] == []
    assert player.watch.verdict.state == "ready"
