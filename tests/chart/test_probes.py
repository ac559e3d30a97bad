"""How long a component may take, and who says so."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.conftest import Chart, Manifest

PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
# Path in the values, kind and name of the object, its container.
COMPONENTS = [
    ("", "Deployment", "llm-cost-ops", "app"),
    ("postgresql.primary", "StatefulSet", "llm-cost-ops-postgresql", "postgresql"),
    ("redis.master", "StatefulSet", "llm-cost-ops-redis", "redis"),
    ("prometheus", "Deployment", "llm-cost-ops-prometheus", "prometheus"),
    ("grafana", "Deployment", "llm-cost-ops-grafana", "grafana"),
]


def container(chart: Chart, component: tuple[str, str, str, str], given: dict[str, Any]) -> Manifest:
    """The component's container with these values of it."""
    path, kind, name, container_name = component
    values = given
    for part in reversed(path.split(".") if path else []):
        values = {part: values}
    containers = chart.render(values=values).one(kind, name)["spec"]["template"]["spec"]["containers"]
    found: Manifest = next(c for c in containers if c["name"] == container_name)
    return found


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c[3])
@pytest.mark.parametrize("probe", PROBES)
def test_each_field_of_a_probe_can_be_set_and_the_others_stay(
    chart: Chart, component: tuple[str, str, str, str], probe: str
) -> None:
    before = container(chart, component, {})
    after = container(chart, component, {probe: {"timeoutSeconds": 17, "failureThreshold": 1234567}})
    assert after[probe] == before[probe] | {"timeoutSeconds": 17, "failureThreshold": 1234567}
    assert {p: after[p] for p in PROBES if p != probe} == {p: before[p] for p in PROBES if p != probe}


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c[3])
@pytest.mark.parametrize("probe", PROBES)
def test_without_values_a_server_is_asked_all_the_same(
    chart: Chart, component: tuple[str, str, str, str], probe: str
) -> None:
    """Values of a release from before there were any have none; null for the app's own has always meant never."""
    found = container(chart, component, {probe: None})
    assert (probe in found) == (component[3] != "app")
    assert probe not in found or found == container(chart, component, {})


@pytest.mark.parametrize("component", COMPONENTS[1:], ids=lambda c: c[3])
def test_another_way_to_ask_takes_the_place_of_the_chart_s(
    chart_on_both: Chart, component: tuple[str, str, str, str]
) -> None:
    """A probe with two ways is refused by Kubernetes."""
    for way in ({"tcpSocket": {"port": 1}}, {"exec": {"command": ["true"]}}, {"httpGet": {"path": "/", "port": 1}}):
        found = container(chart_on_both, component, {"readinessProbe": way})["readinessProbe"]
        assert {k: v for k, v in found.items() if k in ("exec", "httpGet", "tcpSocket", "grpc")} == way


@pytest.mark.parametrize(
    ("size", "minutes"), [("1Gi", 5), ("10Gi", 5.5), ("100Gi", 10), ("1Ti", 56.2), (107374182400, 10), ("512Mi", 5)]
)
def test_postgresql_may_recover_for_longer_the_more_it_holds(chart: Chart, size: str | int, minutes: float) -> None:
    probe = container(chart, COMPONENTS[1], {"persistence": {"size": size}})["startupProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] == pytest.approx(minutes * 60, rel=0.02)


def test_a_redis_that_reads_its_file_still_has_started_and_is_not_ready(chart: Chart) -> None:
    redis = container(chart, COMPONENTS[2], {})
    states = {probe: redis[probe]["exec"]["command"][-1] for probe in PROBES}
    assert states["startupProbe"] == states["livenessProbe"]
    assert "LOADING" in states["startupProbe"]
    assert states["readinessProbe"] == "PONG"
