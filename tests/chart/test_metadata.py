"""Names, namespaces, labels and annotations, on every object the chart can render."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, Chart, Manifest, read, run_helm
from tests.chart.shapes import SHAPES

# Helm takes these as release names, and YAML takes them for numbers, booleans, nothing or a date.
NAMES_THAT_YAML_TURNS = ("123", "1e3", "0x1f", "true", "on", "null", "2026-11-29")
GIVEN = {"labels": {"example.com/given": "1.10"}, "annotations": {"example.com/given": "yes"}}


def component(item: Manifest) -> str:
    """The component that an object belongs to, by its label."""
    return str(item["metadata"]["labels"]["app.kubernetes.io/component"])


@pytest.mark.parametrize("shape", SHAPES)
def test_every_object_names_the_namespace_of_the_release(chart_on_both: Chart, shape: str) -> None:
    for item in chart_on_both.render(values=SHAPES[shape]).objects:
        assert item["metadata"]["namespace"] == "costs", item["metadata"]["name"]


@pytest.mark.parametrize("release", NAMES_THAT_YAML_TURNS)
def test_a_label_is_a_string_whatever_the_release_is_called(chart_on_both: Chart, release: str) -> None:
    for item in chart_on_both.render(values=SHAPES["bundled"], release=release).objects:
        maps = [item["metadata"]["labels"], *label_maps(item.get("spec", {}))]
        for labels in maps:
            assert all(isinstance(value, str) for value in labels.values()), (item["kind"], labels)
        assert item["metadata"]["labels"]["app.kubernetes.io/instance"] == release


def label_maps(node: Any) -> list[dict[str, Any]]:
    """Every map of labels and every selector below a node."""
    if isinstance(node, list):
        return [found for child in node for found in label_maps(child)]
    if not isinstance(node, dict):
        return []
    own = [node[name] for name in ("labels", "matchLabels") if isinstance(node.get(name), dict)]
    return own + [found for child in node.values() for found in label_maps(child)]


@pytest.mark.parametrize(
    "by", [lambda o: o["kind"], lambda o: f"{o['kind']}/{component(o)}"], ids=["kind", "component"]
)
@pytest.mark.parametrize("shape", SHAPES)
def test_metadata_of_a_kind_reaches_every_object_of_it_and_no_other(
    chart: Chart, shape: str, by: Callable[[Manifest], str]
) -> None:
    keys = {by(item) for item in chart.render(values=SHAPES[shape]).objects}
    assert len(keys) > 5
    given = {
        key: {part: {"example.com/key": key.replace("/", ".")} for part in ("labels", "annotations")} for key in keys
    }
    options = ("--set-json", f"global.metadata={json.dumps(given)}")
    for item in chart.render(values=SHAPES[shape], options=options).objects:
        for part in ("labels", "annotations"):
            assert item["metadata"][part]["example.com/key"] == by(item).replace("/", ".")


def test_of_two_values_the_nearer_one_wins(chart: Chart) -> None:
    values = {
        "global": {
            "commonAnnotations": {"a": "common", "b": "common", "c": "common", "d": "common"},
            "metadata": {
                "Service": {"annotations": {"b": "kind", "c": "kind", "d": "kind"}},
                "Service/app": {"annotations": {"c": "component", "d": "component"}},
            },
        },
        "service": {"annotations": {"d": "own"}},
    }
    rendered = chart.render(values=values)
    assert rendered.one("Service", "llm-cost-ops")["metadata"]["annotations"] == {
        "a": "common", "b": "kind", "c": "component", "d": "own",
    }  # fmt: skip
    assert rendered.one("Service", "llm-cost-ops-redis")["metadata"]["annotations"]["c"] == "kind"
    assert rendered.one("ConfigMap", "llm-cost-ops")["metadata"]["annotations"]["b"] == "common"


@pytest.mark.parametrize(
    ("key", "given"),
    [
        ("Deploymnet", GIVEN),
        ("Deployment/web", GIVEN),
        ("deployment", GIVEN),
        ("Deployment", {"label": {"a": "b"}}),
        ("Deployment", {"labels": {"app.kubernetes.io/name": "mine"}}),
        ("Deployment", {"labels": {"a": 1}}),
    ],
)
def test_metadata_that_would_reach_nothing_is_refused(chart_on_both: Chart, key: str, given: dict[str, Any]) -> None:
    said = chart_on_both.refusal(values={"global": {"metadata": {key: given}}})
    assert "global" in said
    assert "metadata" in said


@pytest.fixture
def umbrella(tmp_path: Path) -> Path:
    """A chart of somebody's own with this one below it, and with keys of its own in `global`."""
    parent = tmp_path / "platform"
    (parent / "charts").mkdir(parents=True)
    (parent / "charts" / "llm-cost-ops").symlink_to(CHART)
    (parent / "Chart.yaml").write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v2", "name": "platform", "version": "0.1.0",
                "dependencies": [{"name": "llm-cost-ops", "version": "1.x", "repository": ""}],
            }
        )
    )  # fmt: skip
    (parent / "values.yaml").write_text(
        yaml.safe_dump(
            {
                "global": {
                    "domain": "example.com",
                    "postgresql": {"auth": {"username": "x"}},
                    "environment": "staging",
                },
                "llm-cost-ops": {"replicaCount": 2, "autoscaling": {"enabled": False}},
            }
        )
    )
    return parent


@pytest.mark.parametrize("helm", ["helm3", "helm4"])
def test_below_an_umbrella_chart_with_globals_of_its_own_it_renders(umbrella: Path, helm: str) -> None:
    code, out, err = run_helm(helm, "template", "platform", str(umbrella), "-n", "costs")
    assert code == 0, err
    deployment = read(out).one("Deployment", "platform-llm-cost-ops")
    assert deployment["spec"]["replicas"] == 2
    assert deployment["metadata"]["labels"]["environment"] == "staging"


def test_the_notes_name_a_global_that_this_chart_does_not_have(chart: Chart) -> None:
    said = " ".join(chart.notes("global.imageRegisty=r.example.com", "global.domain=example.com").split())
    assert "this chart has no setting global.domain, global.imageRegisty;" in said
    assert "this chart has no setting" not in chart.notes(
        "global.metadata.Service.labels.a=b", "global.commonLabels.a=b", "global.commonAnnotations.a=b",
        "global.storageClass=fast", "global.imagePullSecrets[0]=regcred",
    )  # fmt: skip
