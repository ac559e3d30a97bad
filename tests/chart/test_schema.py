"""values.yaml, values.schema.json and README say the same, and the schema says enough to draw a form from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml

from release import chart_docs
from tests.chart.conftest import CHART, PRESETS
from tests.chart.shapes import PUT_BY_HELM, SCHEMA, SETTINGS
from wizard.core.helm import chart_settings
from wizard.core.helm.chart_settings import Section, Setting

# Maps whose keys are the person's own, objects of Kubernetes that are handed on, and `global`, where a parent chart has keys of
# its own. Whatever else is open is a mistake.
FREE_MAPS = {
    "global",
    "global.commonAnnotations", "strings", "extraLabels",
    "affinity.nodeAffinity", "affinity.podAffinity", "affinity.podAntiAffinity",
    "autoscaling.metrics", "autoscaling.behavior.scaleUp", "autoscaling.behavior.scaleDown",
    "dnsConfig.options", "extraEnvFrom.configMapRef", "extraEnvFrom.secretRef",
    "extraEnv.valueFrom.configMapKeyRef", "extraEnv.valueFrom.fieldRef",
    "extraEnv.valueFrom.resourceFieldRef", "extraEnv.valueFrom.secretKeyRef",
    "extraVolumes", "extraVolumeMounts", "initContainers", "sidecars", "lifecycle.postStart", "lifecycle.preStop",
    "podSecurityContext.sysctls", "podSecurityContext.windowsOptions", "securityContext.windowsOptions",
    "httpRoute.filters", "extraObjects",
    "serviceMonitor.relabelings", "serviceMonitor.metricRelabelings", "prometheusRule.extraGroups",
    "prometheus.extraRuleGroups", "prometheus.extraScrapeConfigs",
    *(f"grafana.extraEnv.valueFrom.{kind}" for kind in ("configMapKeyRef", "fieldRef", "resourceFieldRef", "secretKeyRef")),
    *(f"{place}.{selector}"
      for place in ("networkPolicy.apiFrom", "networkPolicy.monitoringFrom", "networkPolicy.extraIngress.from", "egressRules.to")
      for selector in ("namespaceSelector", "podSelector")),
    "networkPolicy.extraIngress.ports", "egressRules.ports",
    "probe.httpGet.httpHeaders", "topologySpread.labelSelector",
} | PUT_BY_HELM  # fmt: skip


def flat(tree: dict[str, Any], stops: set[tuple[str, ...]], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths of a values tree down to the settings of the schema."""
    for name, value in tree.items():
        here = (*path, name)
        if isinstance(value, dict) and value and here not in stops:
            yield from flat(value, stops, here)
        else:
            yield here


def nodes(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every subschema by its path; items of lists and definitions included, words of the language left out."""
    if isinstance(node, list):
        for child in node:
            yield from nodes(child, path)
    if not isinstance(node, dict):
        return
    yield ".".join(path), node
    for word, child in node.items():
        if word in ("properties", "definitions", "patternProperties"):
            for name, property_ in child.items():
                yield from nodes(property_, (*path, name))
        elif word in ("items", "then", "else", "additionalProperties", "allOf", "anyOf", "oneOf", "not"):
            yield from nodes(child, path)


def test_the_schema_is_draft_07_and_complete_in_itself() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    references = {node["$ref"] for _, node in nodes(SCHEMA) if "$ref" in node}
    assert references
    assert all(r.startswith("#/definitions/") for r in references)
    used = {r.removeprefix("#/definitions/") for r in references}
    assert used == set(SCHEMA["definitions"]), "a definition that nothing uses, or the other way round"


def test_every_section_is_closed_and_every_open_map_is_meant() -> None:
    found = set()
    for path, node in nodes(SCHEMA):
        kinds = node.get("type", ())
        if "$ref" in node or not ("object" in ([kinds] if isinstance(kinds, str) else kinds) or "properties" in node):
            continue
        if node.get("additionalProperties") is not False and path:
            found.add(path)
    assert found - FREE_MAPS == set(), "open, and not listed"
    assert FREE_MAPS - found == set(), "listed, and not open"


def test_every_default_value_is_a_setting_of_the_schema_and_the_other_way_round() -> None:
    known = {s.path for s in SETTINGS if s.dotted not in PUT_BY_HELM}
    shown = set(flat(chart_docs.merged_values(), known))
    assert shown - known == set(), "in the values, not in the schema"
    assert known - shown == set(), "in the schema, not in the values"


def test_the_parent_sets_nothing_of_a_subchart_that_the_subchart_does_not_have() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    for folder in (CHART / "charts").iterdir():
        own = yaml.safe_load((folder / "values.yaml").read_text())
        stops = {s.path[1:] for s in SETTINGS if s.path[0] == folder.name}
        assert set(flat(values[folder.name], stops)) <= set(flat(own, stops)), folder.name


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.dotted)
def test_every_setting_says_enough_for_a_form(setting: Setting) -> None:
    if setting.dotted in PUT_BY_HELM:
        return
    assert setting.title
    assert setting.description
    assert setting.has_default, "no default: is the key in values.yaml? make chart-docs"
    assert setting.examples
    assert setting.types or setting.choices, "neither a type nor a choice"


def test_every_section_and_every_field_below_a_setting_has_a_title_and_a_meaning() -> None:
    for entry in chart_settings.entries(SCHEMA):
        if isinstance(entry, Section):
            assert entry.title, entry.path
            assert entry.description, entry.path
    for path, node in nodes(SCHEMA):
        for name, child in node.get("properties", {}).items():
            found = chart_settings.resolve(SCHEMA, child)
            assert found.get("title"), f"{path}.{name}"
            assert found.get("description"), f"{path}.{name}"


def valid(setting: Setting, value: Any) -> list[str]:
    """What the schema has against the value at that place."""
    tree: Any = value
    for part in reversed(setting.path):
        tree = {part: tree}
    return [error.message for error in jsonschema.Draft7Validator(SCHEMA).iter_errors(tree)]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: s.dotted)
def test_defaults_and_examples_are_allowed_by_the_schema_itself(setting: Setting) -> None:
    for value in (*setting.examples, *([setting.default] if setting.has_default else [])):
        assert valid(setting, value) == [], value


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_hold_known_settings_only(preset: str) -> None:
    values = yaml.safe_load((CHART / f"values-{preset}.yaml").read_text())
    assert list(jsonschema.Draft7Validator(SCHEMA).iter_errors(values)) == []


def test_every_secret_is_marked_so_that_a_form_masks_it() -> None:
    secret = {s.dotted for s in SETTINGS if s.secret}
    named = {s.dotted for s in SETTINGS if s.path[-1].lower().endswith(("password", "secret"))}
    names_of_secrets = ("existingSecret", "caSecret", "clientSecret", "caBundle.secret")
    assert secret == {name for name in named if not name.endswith(names_of_secrets)}
    assert "postgresql.auth.password" in secret


@pytest.mark.parametrize("file", ["values.schema.json", "README.md"])
def test_the_written_parts_are_up_to_date(file: str) -> None:
    assert (CHART / file).read_text() == chart_docs.written()[CHART / file], "run make chart-docs"


def test_the_readme_has_a_row_for_every_setting() -> None:
    readme = (CHART / "README.md").read_text()
    for setting in SETTINGS:
        if setting.dotted not in PUT_BY_HELM:
            assert f"\n| `{setting.dotted}` | " in readme
