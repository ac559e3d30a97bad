"""What an upgrade takes from the Deployment and the Secrets that are there."""

from __future__ import annotations

import subprocess
from typing import Any

import pytest

from tests.chart.conftest import CHART, Chart, Manifest, Rendered, read
from tests.chart.fake_api import FakeApi
from wizard.sandbox.toolchain import tool_path

BY_HELM = {"meta.helm.sh/release-name": "llm-cost-ops", "meta.helm.sh/release-namespace": "costs"}
SCALED = {
    "manager": "kube-controller-manager", "operation": "Update", "subresource": "scale",
    "fieldsV1": {"f:spec": {"f:replicas": {}}},
}  # fmt: skip
APPLIED = {"manager": "helm", "operation": "Apply", "fieldsV1": {"f:spec": {"f:replicas": {}}}}
PATCHED = {"manager": "helm", "operation": "Update", "fieldsV1": {"f:spec": {"f:replicas": {}}}}


def upgrade(api: FakeApi, *sets: str) -> tuple[Rendered | None, str]:
    """What an upgrade renders with what is there, and what helm says against it."""
    command = [
        str(tool_path("helm3")), "template", "llm-cost-ops", str(CHART), "-n", "costs", "--dry-run=server", "--is-upgrade",
        "--disable-openapi-validation", "--kubeconfig", str(api.kubeconfig), *(part for one in sets for part in ("--set", one)),
    ]  # fmt: skip
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    return (read(done.stdout) if done.returncode == 0 else None), done.stderr


def deployed(api: FakeApi, chart: Chart, replicas: int, *managers: Manifest) -> None:
    """Put the app's Deployment there, with that number of pods."""
    live: dict[str, Any] = {**chart.render().one("Deployment", "llm-cost-ops")}
    live["metadata"] = live["metadata"] | {"annotations": BY_HELM, "managedFields": list(managers)}
    live["spec"] = live["spec"] | {"replicas": replicas}
    api.deployments["llm-cost-ops"] = live


def replicas(api: FakeApi, *sets: str) -> int | None:
    """The number of pods that the upgrade asks for, or None where it leaves that to others."""
    rendered, err = upgrade(api, *sets)
    assert rendered, err
    found: int | None = rendered.one("Deployment", "llm-cost-ops")["spec"].get("replicas")
    return found


@pytest.mark.parametrize(
    ("managers", "asked"),
    [
        ((), 7),
        ((PATCHED,), 7),
        # Only helm has said how many: taken back, Kubernetes would go down to one.
        ((APPLIED,), 7),
        # Patches take a number back that an earlier revision had, whoever changed it since.
        ((PATCHED, SCALED), 7),
        # By server-side apply it stays the autoscaler's, and to ask for another number than its newest would be a conflict.
        ((APPLIED, SCALED), None),
    ],
)
def test_an_upgrade_that_turns_an_autoscaler_on_keeps_the_pods_that_run(
    api: FakeApi, chart: Chart, managers: tuple[Manifest, ...], asked: int | None
) -> None:
    deployed(api, chart, 7, *managers)
    assert replicas(api, "autoscaling.enabled=true") == asked
    assert replicas(api, "autoscaling.enabled=false", "replicaCount=null") == asked
    assert replicas(api, "autoscaling.enabled=false", "replicaCount=4") == 4


def test_an_app_that_an_autoscaler_has_taken_to_nothing_stays_there(api: FakeApi, chart: Chart) -> None:
    deployed(api, chart, 0)
    assert replicas(api, "autoscaling.enabled=false", "replicaCount=null") == 0


def test_without_a_cluster_the_number_is_left_to_who_scales(chart_on_both: Chart) -> None:
    for sets in (("autoscaling.enabled=true",), ("autoscaling.enabled=false", "replicaCount=null")):
        assert "replicas" not in chart_on_both.render(*sets).one("Deployment", "llm-cost-ops")["spec"]


@pytest.mark.parametrize("count", [1, 3, 2000000])
def test_a_budget_for_pods_that_somebody_else_counts_never_forbids_a_drain(chart: Chart, count: int) -> None:
    unknown = chart.render(
        "autoscaling.enabled=false", "replicaCount=null", f"podDisruptionBudget.minAvailable={count}"
    )
    assert unknown.one("PodDisruptionBudget", "llm-cost-ops")["spec"]["maxUnavailable"] == 1


def test_another_name_for_a_running_deployment_is_refused_with_the_way_back(api: FakeApi, chart: Chart) -> None:
    deployed(api, chart, 3)
    rendered, err = upgrade(api, "nameOverride=costs", "fullnameOverride=llm-cost-ops")
    assert rendered is None
    assert "put nameOverride=llm-cost-ops back, or run kubectl delete deployment llm-cost-ops -n costs" in err
    assert upgrade(api, "fullnameOverride=llm-cost-ops")[0]


def test_what_another_tool_made_from_this_chart_is_taken_over_with_its_passwords(api: FakeApi, chart: Chart) -> None:
    """Argo CD renders with `helm template`; helm takes its objects with --take-ownership and refuses them itself without."""
    for item in chart.render().objects:
        name = item["metadata"]["name"]
        if item["kind"] == "Secret":
            api.store(name, dict.fromkeys(item["data"], "kept-by-argo"), release=None)
            api.secrets[name]["metadata"]["labels"] = item["metadata"]["labels"]
        if item["kind"] == "StatefulSet":
            api.run(item)
            api.statefulsets[name]["metadata"].pop("annotations")
    rendered, err = upgrade(api)
    assert rendered, err
    secret = rendered.one("Secret", "llm-cost-ops-postgresql-credentials")
    assert secret["data"]["password"] == "a2VwdC1ieS1hcmdv"
    assert "user-change" in upgrade(api, "postgresql.auth.username=other")[1]


@pytest.mark.parametrize(
    "label", ["app.kubernetes.io/instance", "app.kubernetes.io/part-of", "app.kubernetes.io/managed-by"]
)
def test_what_only_looks_like_this_release_is_not_taken(api: FakeApi, chart: Chart, label: str) -> None:
    secret = chart.render().one("Secret", "llm-cost-ops-postgresql-credentials")
    api.store(secret["metadata"]["name"], {"password": "p"}, release=None)
    api.secrets[secret["metadata"]["name"]]["metadata"]["labels"] = secret["metadata"]["labels"] | {label: "other"}
    assert "is not this release's; set postgresql.auth.existingSecret=" in upgrade(api)[1]
