"""The values of a chart with its subcharts are those that helm gives its templates."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.foreign import make_shop, packed_shop
from wizard.adapters.helm.charts import ChartFolders
from wizard.core.helm.chart import with_subcharts, without_globals


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
@pytest.mark.parametrize("is_packed", [True, False], ids=["packed", "folder"])
def test_the_values_of_subcharts_are_those_of_helm(
    tool: Callable[[str], str], tmp_path: Path, helm: str, is_packed: bool
) -> None:  # fmt: skip
    place = tmp_path / "shop.tgz" if is_packed else make_shop(tmp_path / "shop")
    if is_packed:
        place.write_bytes(packed_shop())
    chart = ChartFolders().open(str(place))
    command = [tool(helm), "template", "r", str(place), "--show-only", "templates/shop.yaml"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True, timeout=60)
    shown = json.loads(next(yaml.safe_load_all(done.stdout))["data"]["values"])

    ours = with_subcharts(chart.defaults, chart.subcharts)
    assert set(chart.subcharts) == {"store", "queue"}
    assert without_globals({key: value for key, value in shown.items() if key != "global"}, chart.subcharts) == ours
