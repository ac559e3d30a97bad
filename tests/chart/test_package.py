"""The chart as a thing to ship: complete without a network, clean for lint, small."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, PRESETS, ROOT, Chart, run_helm


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
    assert package.stat().st_size < 60_000
    with tarfile.open(package) as archive:
        suffixes = {Path(name).suffix for name in archive.getnames()}
    assert suffixes <= {".yaml", ".tpl", ".txt", ".md", ".json", ".helmignore", ""}


def test_the_paths_printed_in_the_guide_lead_to_the_chart() -> None:
    assert (ROOT / "helm" / "llm-cost-ops").resolve() == CHART
    for preset in PRESETS:
        assert (ROOT / "presets" / f"values-{preset}.yaml").resolve() == CHART / f"values-{preset}.yaml"


# Sections handed on to Kubernetes as they are: the schema lists its fields, and leaves what is in them to the API server.
HANDED_ON = ("Context/", "Probe/", "affinity/", "/limits/", "/requests/", "/lifecycle/", "/dnsConfig/", "/behavior/")


def schema_leaves(node: dict[str, Any], definitions: dict[str, Any], path: str = "") -> dict[str, dict[str, Any]]:
    """Every property of the schema by path, definitions followed."""
    node = definitions[node["$ref"].rsplit("/", 1)[1]] if "$ref" in node else node
    found = {path: node}
    for name, child in node.get("properties", {}).items():
        found |= schema_leaves(child, definitions, f"{path}/{name}")
    return found


def value_paths(tree: dict[str, Any], path: str = "") -> dict[str, Any]:
    """Every key of a values tree by path."""
    found = {}
    for name, value in tree.items():
        found[f"{path}/{name}"] = value
        if isinstance(value, dict):
            found |= value_paths(value, f"{path}/{name}")
    return found


def all_values() -> dict[str, Any]:
    """Default values with those of the subcharts below their names, as helm merges them."""
    values: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
    for name in ("prometheus", "grafana"):
        values[name] = yaml.safe_load((CHART / "charts" / name / "values.yaml").read_text()) | values[name]
    return values


def test_the_schema_knows_every_default_value_and_no_section_is_open() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    assert schema["$schema"] == "http://json-schema.org/draft-07/schema#"
    leaves = schema_leaves(schema, schema["definitions"])
    free = [f"{path}/" for path, node in leaves.items() if isinstance(node.get("additionalProperties"), dict)]
    for path in value_paths(all_values()):
        assert path in leaves or path.startswith(tuple(free)) or any(word in path for word in HANDED_ON), path
    for path, node in leaves.items():
        if "properties" in node:
            assert node.get("additionalProperties") is False, path


def test_the_schema_has_no_setting_that_the_defaults_do_not_show() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    known = value_paths(all_values())
    for path in schema_leaves(schema, schema["definitions"]):
        if path and not any(word in path for word in HANDED_ON) and not path.endswith(("/global", "/claims")):
            assert path in known, path


def test_the_schema_says_the_defaults_that_the_chart_has() -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    known = value_paths(all_values())
    for path, node in schema_leaves(schema, schema["definitions"]).items():
        if "default" in node and path in known:
            assert node["default"] == known[path], path


def test_the_dashboard_asks_for_series_that_exist(chart: Chart) -> None:
    dashboards = chart.render().one("ConfigMap", "llm-cost-ops-grafana-dashboards")["data"]
    for text in dashboards.values():
        for panel in json.loads(text)["panels"]:
            for target in panel["targets"]:
                assert "llm_cost_ops_" in target["expr"] or "up{" in target["expr"]
