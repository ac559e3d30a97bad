"""The blocks of the guide that are not commands: files of the chart, and values that render and have an effect."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, HELMS, Chart, run_helm
from tests.chart.test_guide import PRINTED
from tests.guide.printed import block, blocks

HELPERS = "Template Customization: Custom template (_helpers.tpl)"
ROLLING = "Upgrade Strategy: Rolling update"
PRESETS = "Environment-Specific Values: "
VALUES = [
    one.section for one in blocks() if one.language == "yaml" and one.section not in ("Chart.yaml", HELPERS, ROLLING)
]


def tree(section: str) -> Any:
    """The block, decoded."""
    return yaml.safe_load(block(section).text)


def leaves(node: Any, path: str = "") -> dict[str, Any]:
    """Every value that is neither a map nor a list with something in it, by its path as --set spells it."""
    found: dict[str, Any] = {}
    if isinstance(node, dict) and node:
        for name, value in node.items():
            found |= leaves(value, f"{path}.{name}" if path else str(name))
    elif isinstance(node, list) and node:
        for index, value in enumerate(node):
            found |= leaves(value, f"{path}[{index}]")
    else:
        found[path] = node
    return found


def test_every_block_is_run_or_read() -> None:
    read = {"Directory Layout", "Chart.yaml", HELPERS, ROLLING, *VALUES}
    assert {one.section for one in blocks() if one.language != "bash"} == read
    assert len(VALUES) == 9


def test_the_chart_has_every_file_of_the_layout() -> None:
    lines = block("Directory Layout").text.splitlines()
    names = [re.split(r"[├└]── ", line.split("#")[0])[-1].strip() for line in lines[1:]]
    assert "statefulset-postgres.yaml" in names
    for name in names:
        assert (CHART / name).exists() or (CHART / "templates" / name).exists(), name


def test_the_chart_is_described_as_printed_and_depends_on_nothing_remote() -> None:
    printed, ours = tree("Chart.yaml"), yaml.safe_load((CHART / "Chart.yaml").read_text())
    wanted = printed.pop("dependencies")
    # The guide prints the first version; the chart has gone on since.
    assert tuple(map(int, ours["version"].split("."))) >= tuple(map(int, printed.pop("version").split(".")))
    assert {key: ours[key] for key in printed} == printed
    conditions = [one["condition"] for one in wanted]
    assert conditions == ["postgresql.enabled", "redis.enabled", "prometheus.enabled"]
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    assert all(defaults[condition.split(".")[0]]["enabled"] for condition in conditions)


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize("section", VALUES)
def test_a_block_of_values_is_accepted(helm: str, section: str, tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text(block(section).text)
    code, out, err = run_helm(helm, "lint", "--strict", str(CHART), "-f", str(file))
    assert code == 0, out + err
    code, out, err = run_helm(helm, "template", "llm-cost-ops", str(CHART), "-f", str(file))
    assert code == 0, err
    assert "kind: Deployment" in out


@pytest.mark.parametrize("section", VALUES)
def test_every_value_in_a_block_is_one_whose_effect_is_tested(section: str) -> None:
    tested = {setting.split("=")[0] for change in PRINTED for setting in change.split(",")}
    for path in leaves(tree(section)):
        of_a_map = path.partition(".annotations.")[0] + ".annotations.a"
        below = tuple(f"{path}{mark}" for mark in (".", "["))
        assert path in tested or of_a_map in tested or any(one.startswith(below) for one in tested), path


@pytest.mark.parametrize("section", [one for one in VALUES if one.startswith(PRESETS)])
def test_a_preset_says_everything_that_is_printed_for_it(section: str) -> None:
    ours = leaves(yaml.safe_load((CHART / section.removeprefix(PRESETS)).read_text()))
    printed = leaves(tree(section))
    assert {path: ours.get(path) for path in printed} == printed


def test_the_deployment_rolls_as_printed(tmp_path: Path) -> None:
    rendered = Chart("helm4", CHART, tmp_path).render().one("Deployment", "llm-cost-ops")
    assert rendered["spec"]["strategy"] == tree(ROLLING)["spec"]["strategy"]


@pytest.mark.parametrize("helm", HELMS)
def test_the_printed_helpers_can_take_the_place_of_the_chart_s(helm: str, tmp_path: Path) -> None:
    """A file that sorts before the chart's own redefines what it names; the printed labels lack one of the chart's."""
    ours = tmp_path / "llm-cost-ops"
    shutil.copytree(CHART, ours)
    arguments = (helm, "template", "llm-cost-ops", str(ours), "-n", "costs", "--show-only", "templates/deployment.yaml")
    assert "app.kubernetes.io/part-of" in yaml.safe_load(run_helm(*arguments)[1])["metadata"]["labels"]

    (ours / "templates" / "_custom.tpl").write_text(block(HELPERS).text)
    code, out, err = run_helm(*arguments, "--debug")  # another command line: the answers of run_helm are kept
    assert code == 0, err
    metadata = yaml.safe_load(out)["metadata"]
    assert "app.kubernetes.io/part-of" not in metadata["labels"]
    assert metadata["labels"]["environment"] == "production"
    assert metadata["name"] == "llm-cost-ops"
