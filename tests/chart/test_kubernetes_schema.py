"""Kubernetes' own schemas, of the oldest version that the chart allows and of the newest known, take every object."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest

from tests.chart.conftest import Chart, Manifest
from tests.chart.shapes import SHAPES

OLDEST, NEWEST = "1.28.0", kubernetes_validate.latest_version()

# Kinds of operators: their schemas are not Kubernetes'.
FOREIGN = ("monitoring.coreos.com/", "gateway.networking.k8s.io/", "external-secrets.io/", "keda.sh/")

CASES: dict[str, dict[str, Any]] = {"defaults": {}} | {name: {"values": values} for name, values in SHAPES.items()} | {
    name: {"preset": name} for name in ("dev", "staging", "prod")
}  # fmt: skip


def refused(item: Manifest, version: str) -> str:
    """What the strict schema of that Kubernetes has against the object."""
    try:
        kubernetes_validate.validate(item, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{item['kind']} {item['metadata']['name']}: {error.message}"
    return ""


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("version", [pytest.param(OLDEST, marks=pytest.mark.full), NEWEST])
def test_every_object_fits_the_schema_of_its_kind(chart: Chart, version: str, case: str) -> None:
    rendered = chart.render(options=("--kube-version", version), **CASES[case])
    own = [item for item in rendered.objects if not item["apiVersion"].startswith(FOREIGN)]
    assert len(own) > 8
    assert [said for item in own if (said := refused(item, version))] == []


def test_an_unknown_field_and_a_wrong_type_would_be_seen(chart: Chart) -> None:
    service = chart.render().one("Service", "llm-cost-ops")
    for spec in ({**service["spec"], "prots": []}, {**service["spec"], "type": 1}):
        assert refused({**service, "spec": spec}, NEWEST)
