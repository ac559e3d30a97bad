"""Numbers arrive as they were given, and null is either no value or refused with the key."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.chart.conftest import HELMS, Chart, read, run_helm
from tests.chart.shapes import BUNDLED, PUT_BY_HELM, SCHEMA, SETTINGS, put
from wizard.core.helm import chart_settings

# Fields of Kubernetes that mean its own default when they are null.
DEFAULTED = {
    "activeDeadlineSeconds", "backoffLimit", "imagePullPolicy", "interval", "minReplicas", "persistentVolumeClaimRetentionPolicy", "resources", "securityContext", "suspend",
    "terminationGracePeriodSeconds", "type", "value", "allowPrivilegeEscalation", "readOnlyRootFilesystem", "runAsNonRoot",
}  # fmt: skip
LARGE = 12345678
PATHS = [s.path for s in chart_settings.entries(SCHEMA) if ".".join(s.path) not in PUT_BY_HELM]
SAMPLE = {
    ("global", "environment"), ("service",), ("service", "port"), ("ingress",), ("ingress", "enabled"), ("postgresql", "auth", "username"),
    ("postgresql", "primary"), ("networkPolicy", "monitoringFrom"), ("grafana", "adminUser"), ("smtp", "tls"), ("backup", "keep"),
    ("autoscaling",), ("metrics", "port"), ("httpRoute", "hostnames"), ("prometheus", "persistence"),
}  # fmt: skip


def rendered(helm: str, chart: Chart, values: dict[str, Any]) -> tuple[int, str, str]:
    """Exit code, output and error of `helm template` with these values."""
    return run_helm(
        helm, "template", "llm-cost-ops", str(chart.folder), "-n", "costs", *chart.arguments(None, values, ())
    )


def nulls(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Where null stands."""
    if isinstance(node, dict):
        for key, child in node.items():
            yield from nulls(child, (*path, key))
    elif isinstance(node, list):
        for child in node:
            yield from nulls(child, path)
    elif node is None:
        yield path


@pytest.mark.parametrize(
    "path", [p if p in SAMPLE else pytest.param(p, marks=pytest.mark.full) for p in PATHS], ids=".".join
)
@pytest.mark.parametrize("helm", ["helm4", pytest.param("helm3", marks=pytest.mark.full)])
def test_null_is_no_value_or_is_refused_by_its_name(chart: Chart, helm: str, path: tuple[str, ...]) -> None:
    assert set(SAMPLE) <= set(PATHS)
    code, out, err = rendered(helm, chart, put(BUNDLED, path, None))
    if code:
        assert path[-1] in err, "the refusal names another key"
        assert re.search(r"null takes the chart's value away|execution error at|don't meet the spec", err), (
            "a raw error"
        )
        return
    assert "<nil>" not in out
    assert "%!" not in out
    for item in read(out).objects:
        assert {found[-1] for found in nulls(item)} <= DEFAULTED, item["metadata"]["name"]


@pytest.mark.parametrize("helm", HELMS)
def test_several_nulls_are_named_at_once(chart: Chart, helm: str) -> None:
    code, _, err = rendered(helm, chart, {"service": {"port": None, "targetPort": None}, "metrics": None})
    assert code == 1
    assert "service.port, service.targetPort, metrics: null takes the chart's value away" in err


WHOLE = [s for s in SETTINGS if "integer" in s.types]


@pytest.mark.full
@pytest.mark.parametrize("setting", WHOLE, ids=lambda s: s.dotted)
def test_a_large_number_is_written_in_full(chart: Chart, setting: chart_settings.Setting) -> None:
    values = put(BUNDLED, setting.path, LARGE)
    if setting.dotted == "replicaCount":
        values = put(put(values, ("autoscaling", "enabled"), False), ("autoscaling", "keda", "enabled"), False)
    code, out, err = rendered("helm4", chart, values)
    if code:
        assert setting.path[-1] in err
    assert not re.search(r"\de\+\d", out), [line for line in out.splitlines() if re.search(r"\de\+\d", line)]


def test_a_size_in_bytes_and_a_long_wait_are_written_in_full(chart_on_both: Chart) -> None:
    text = chart_on_both.render(
        values={
            "postgresql": {
                "primary": {"persistence": {"size": 107374182400}, "terminationGracePeriodSeconds": 86400000}
            },
            "prometheus": {"persistence": {"enabled": True, "size": 10737418240}},
            "backup": {"enabled": True, "keep": 3650000, "activeDeadlineSeconds": 86400000},
        }
    ).text
    for number in ("107374182400", "86400000", "10737418240", "3650000"):
        assert re.search(rf"\b{number}\b", text), number
    assert not re.search(r"\de\+\d", text)


# What PostgreSQL takes as numbers: docs of postgresql.conf, "A numeric parameter can be specified in fractional and exponential formats".
@pytest.mark.parametrize(
    "number",
    [
        "1.1",
        "0.9",
        "0.05",
        "4.0",
        "1e3",
        "200",
        "8589934592",
        "-1",
        "0.0001",
        "1.10",
        "3.14159265358979",
        "1000000.5",
        "0",
    ],
)
@pytest.mark.parametrize("way", ["values", "set"])
def test_a_parameter_of_postgresql_has_the_number_that_was_given(chart_on_both: Chart, number: str, way: str) -> None:
    given = {"postgresql": {"primary": {"configuration": {"x": yaml.safe_load(number)}}}}
    sets = (f"postgresql.primary.configuration.x={number}",) if way == "set" else ()
    found = chart_on_both.render(*sets, values=given if way == "values" else None)
    (container,) = found.one("StatefulSet", "llm-cost-ops-postgresql")["spec"]["template"]["spec"]["containers"]
    (argument,) = [one for one in container["args"] if one.startswith("x=")]
    assert float(argument.removeprefix("x=")) == float(number)
    assert way == "values" or argument == f"x={number}"
