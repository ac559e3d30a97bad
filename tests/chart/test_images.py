"""Images can be listed, mirrored and pinned, all of them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, HELMS, ROOT, Chart, Rendered
from tests.chart.shapes import BUNDLED
from wizard.sandbox.toolchain import tool_path

DIGEST = "sha256:" + "a" * 64


def images(rendered: Rendered) -> set[str]:
    """Every image of every pod that the chart may make, those of tests and jobs too."""

    def find(node: Any) -> set[str]:
        if isinstance(node, list):
            return set().union(*map(find, node))
        if not isinstance(node, dict):
            return set()
        own = {node["image"]} if isinstance(node.get("image"), str) else set()
        return own.union(*map(find, node.values()))

    return find([o for o in rendered.objects if o["kind"] not in ("ConfigMap", "Secret")])


@pytest.mark.parametrize("helm", HELMS)
def test_the_printed_command_lists_every_image(helm: str, chart: Chart, tmp_path: Path) -> None:
    command = re.search(r"^helm template .*sort -u$", (CHART / "README.md").read_text(), re.MULTILINE)
    assert command
    (tmp_path / "helm").symlink_to(tool_path(helm))
    done = subprocess.run(
        ["sh", "-c", command[0]], cwd=ROOT, env={"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == sorted(images(chart.render(preset="prod")))


def test_the_chart_names_its_default_images_for_artifact_hub(chart: Chart) -> None:
    annotations = yaml.safe_load((CHART / "Chart.yaml").read_text())["annotations"]
    listed = yaml.safe_load(annotations["artifacthub.io/images"])
    assert sorted(entry["image"] for entry in listed) == sorted(images(chart.render()))
    assert all({"name", "image"} <= entry.keys() <= {"name", "image", "whitelisted", "platforms"} for entry in listed)
    assert yaml.safe_load((CHART.parent / "artifacthub-repo.yml").read_text())["owners"][0]["email"]


def test_what_artifact_hub_reads_has_the_form_that_it_documents(chart: Chart) -> None:
    """Its page on the annotations of Chart.yaml: texts, some of which hold YAML."""
    meta = yaml.safe_load((CHART / "Chart.yaml").read_text())
    given = {key.removeprefix("artifacthub.io/"): text for key, text in meta["annotations"].items()}
    assert all(isinstance(text, str) for text in given.values())
    assert {given[key] for key in ("prerelease", "operator", "containsSecurityUpdates")} <= {"true", "false"}
    kinds = {"added", "changed", "deprecated", "removed", "fixed", "security"}
    assert all(entry["kind"] in kinds and entry["description"] for entry in yaml.safe_load(given["changes"]))
    assert all(entry["name"] and entry["url"].startswith("https://") for entry in yaml.safe_load(given["links"]))
    assert yaml.safe_load(given["crds"]) == []
    assert chart.render(values=BUNDLED).kinds("CustomResourceDefinition") == []


def test_a_mirror_serves_every_image_and_pull_secrets_reach_every_pod(chart: Chart, preset: str | None) -> None:
    rendered = chart.render(
        "global.imageRegistry=mirror.example.com/hub", "global.imagePullSecrets[0]=pull", preset=preset
    )
    assert all(image.startswith("mirror.example.com/hub/") for image in images(rendered))
    pods = [w["spec"]["template"]["spec"] for w in rendered.workloads()] + [p["spec"] for p in rendered.kinds("Pod")]
    assert len(pods) >= 8
    assert all(pod["imagePullSecrets"] == [{"name": "pull"}] for pod in pods)


@pytest.mark.parametrize("path", ["image", "postgresql.image", "redis.image", "prometheus.image", "grafana.image"])
def test_each_image_can_be_replaced_part_by_part_and_pinned_by_digest(chart: Chart, path: str) -> None:
    name = chart.render(f"{path}.registry=r.example.com", f"{path}.repository=acme/x", f"{path}.tag=9")
    assert "r.example.com/acme/x:9" in images(name)
    pinned = images(chart.render(f"{path}.digest={DIGEST}", f"{path}.pullPolicy=Always"))
    assert [i for i in pinned if i.endswith(f"@{DIGEST}")]


def test_only_the_development_preset_takes_a_moving_tag_or_staging_its_own(chart: Chart, preset: str | None) -> None:
    moving = {i.rsplit(":", 1)[1] for i in images(chart.render(preset=preset))} & {"latest", "staging", "edge", "main"}
    assert moving == {"dev": {"latest"}, "staging": {"staging"}}.get(preset or "", set())
