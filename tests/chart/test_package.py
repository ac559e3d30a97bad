"""The chart as a thing to ship: complete without a network, clean for lint, small."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest
import yaml

from tests.chart.conftest import CHART, PRESETS, ROOT, run_helm


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
@pytest.mark.parametrize("preset", [None, *PRESETS])
def test_lint_is_clean(helm: str, preset: str | None) -> None:
    options = ("-f", str(CHART / f"values-{preset}.yaml")) if preset else ()
    code, out, err = run_helm(helm, "lint", "--strict", str(CHART), *options)
    assert code == 0, out + err
    assert "WARNING" not in out
    assert "[ERROR]" not in out


def test_every_dependency_is_in_the_chart_and_nothing_is_fetched() -> None:
    meta = yaml.safe_load((CHART / "Chart.yaml").read_text())
    for dependency in meta["dependencies"]:
        assert dependency["repository"] == ""
        packed = yaml.safe_load((CHART / "charts" / dependency["name"] / "Chart.yaml").read_text())
        assert (packed["name"], packed["version"]) == (dependency["name"], dependency["version"])
    assert {d["name"] for d in meta["dependencies"]} == {p.name for p in (CHART / "charts").iterdir()}


def test_the_package_is_small_and_holds_no_stray_file(tmp_path: Path) -> None:
    code, _, err = run_helm("helm4", "package", str(CHART), "-d", str(tmp_path))
    assert code == 0, err
    package = next(tmp_path.glob("*.tgz"))
    assert package.stat().st_size < 300_000
    with tarfile.open(package) as archive:
        suffixes = {Path(name).suffix for name in archive.getnames()}
    assert suffixes <= {".yaml", ".tpl", ".txt", ".md", ".json", ".helmignore", ""}


def test_the_paths_printed_in_the_guide_lead_to_the_chart() -> None:
    assert (ROOT / "helm" / "llm-cost-ops").resolve() == CHART
    for preset in PRESETS:
        assert (ROOT / "presets" / f"values-{preset}.yaml").resolve() == CHART / f"values-{preset}.yaml"
