"""A real API server takes the chart from both helms, in a namespace that enforces *restricted* pod security."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import CHART, HELMS, Chart
from tests.conftest import Bed

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]

Helm = Callable[..., str]


@pytest.fixture
def helm(request: pytest.FixtureRequest, sandbox: Bed, namespace: str, tool: Callable[[str], str]) -> Helm:
    """Calls the helm under test in the test's own namespace, as a user without rights anywhere else."""
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    kubeconfig = sandbox.user("namespace-only", namespace=namespace)

    def call(*arguments: str) -> str:
        command = [tool(request.param), *arguments, "-n", namespace, "--kubeconfig", kubeconfig]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def pods(sandbox: Bed, namespace: str) -> dict[str, bool]:
    """Pods by unique id, and whether each is ready."""
    return {
        pod["metadata"]["uid"]: all(s["ready"] for s in pod["status"].get("containerStatuses", [{"ready": False}]))
        for pod in sandbox.get("pods", "-n", namespace)["items"]
    }


def credentials(sandbox: Bed, namespace: str) -> dict[str, Any]:
    """Data of the chart's Secrets."""
    found = sandbox.get("secrets", "-n", namespace, "--field-selector", "type=Opaque")["items"]
    return {s["metadata"]["name"]: s["data"] for s in found}


@pytest.mark.full  # 20 s; the quick tier brings the same preset up through the wizard
@pytest.mark.parametrize("helm", HELMS, indirect=True)
def test_the_development_preset_comes_up_upgrades_quietly_and_comes_back_with_its_data(
    helm: Helm, sandbox: Bed, namespace: str
) -> None:
    preset = ("llm-cost-ops", str(CHART), "-f", str(CHART / "values-dev.yaml"), "--wait", "--timeout", "60s")
    helm("install", *preset)
    record = sandbox.get("secret", "sh.helm.release.v1.llm-cost-ops.v1", "-n", namespace)["data"]["release"]
    assert len(record) < 500_000  # a Secret may have 1 MiB
    running, secrets = pods(sandbox, namespace), credentials(sandbox, namespace)
    assert len(running) == 5
    assert all(running.values())
    assert len(secrets) == 4

    said = helm("test", "llm-cost-ops", "--timeout", "60s")
    assert said.count("Phase:          Succeeded") == 3
    sandbox.kubectl("delete", "pods", "-n", namespace, "-l", "app.kubernetes.io/component=test")

    helm("upgrade", *preset)
    assert pods(sandbox, namespace) == running
    assert credentials(sandbox, namespace) == secrets

    helm("uninstall", "llm-cost-ops", "--wait")
    helm("install", *preset)
    assert credentials(sandbox, namespace) == secrets
    claims = sandbox.get("pvc", "-n", namespace)["items"]
    assert {c["status"]["phase"] for c in claims} == {"Bound"}


@pytest.mark.parametrize("helm", HELMS, indirect=True)
@pytest.mark.parametrize("preset", [pytest.param("staging", marks=pytest.mark.full), "prod"])
def test_the_other_presets_come_up_too(helm: Helm, preset: str) -> None:
    helm(
        "install", "llm-cost-ops", str(CHART), "-f", str(CHART / f"values-{preset}.yaml"), "--wait", "--timeout", "60s"
    )


def jobs(sandbox: Bed, namespace: str) -> dict[str, int]:
    """Jobs by name, and how often each has succeeded."""
    found = sandbox.get("jobs", "-n", namespace)["items"]
    return {job["metadata"]["name"]: job["status"].get("succeeded", 0) for job in found}


@pytest.mark.full  # 18 s: two installs that wait for their Jobs
@pytest.mark.parametrize("helm", HELMS, indirect=True)
def test_migrations_and_backups_run_beside_a_release_that_is_waited_for(
    helm: Helm, sandbox: Bed, namespace: str
) -> None:
    preset = ("llm-cost-ops", str(CHART), "-f", str(CHART / "values-dev.yaml"), "--wait", "--timeout", "60s",
              "--set", "migrations.enabled=true,backup.enabled=true,backup.persistence.size=1Gi")  # fmt: skip
    helm("install", *preset, "--wait-for-jobs", "--set", "image.tag=v1.0.0")
    first = jobs(sandbox, namespace)
    assert len(first) == 2
    assert set(first.values()) == {1}
    assert sandbox.get("pvc", "llm-cost-ops-backup", "-n", namespace)["status"]["phase"] == "Bound"

    helm("upgrade", *preset, "--wait-for-jobs", "--atomic", "--set", "image.tag=v2.0.0")
    second = jobs(sandbox, namespace)
    assert len(first.keys() - second.keys()) == 1  # the migration of the old image is gone
    assert second.keys() - first.keys()

    helm("rollback", "llm-cost-ops", "1", "--wait", "--timeout", "60s")
    assert jobs(sandbox, namespace).keys() == first.keys()

    sandbox.kubectl("create", "job", "now", "--from=cronjob/llm-cost-ops-backup", "-n", namespace)
    sandbox.kubectl("wait", "--for=condition=complete", "job/now", "-n", namespace, "--timeout=60s")


@pytest.mark.full
@pytest.mark.parametrize("helm", HELMS, indirect=True)
def test_a_volume_grows_by_the_commands_that_its_refusal_says(helm: Helm, sandbox: Bed, namespace: str) -> None:
    preset = ("llm-cost-ops", str(CHART), "-f", str(CHART / "values-dev.yaml"), "--wait", "--timeout", "60s")
    helm("install", *preset)
    running = pods(sandbox, namespace)
    database = sandbox.get("pod", "llm-cost-ops-postgresql-0", "-n", namespace)["metadata"]["uid"]
    grown = (*preset, "--set", "postgresql.primary.persistence.size=20Gi")
    with pytest.raises(AssertionError, match="was made with 10Gi") as refused:
        helm("upgrade", *grown)
    commands = re.search(r"its pod restarts .*?: (kubectl patch .*?) && (kubectl delete .*?),", str(refused.value))
    assert commands
    for command in commands.groups():
        sandbox.kubectl(*shlex.split(command)[1:])
    helm("upgrade", *grown)
    after = pods(sandbox, namespace)
    assert running.keys() - after.keys() == {database}
    assert len(after) == len(running)
    assert all(after.values())
    claim = sandbox.get("pvc", "data-llm-cost-ops-postgresql-0", "-n", namespace)
    assert claim["spec"]["resources"]["requests"]["storage"] == "20Gi"


EVERYTHING: dict[str, Any] = {
    "global": {"imagePullSecrets": ["a"], "storageClass": "standard"},
    "service": {
        "type": "LoadBalancer", "loadBalancerClass": "x/y", "loadBalancerSourceRanges": ["10.0.0.0/8"],
        "externalTrafficPolicy": "Local", "nodePort": 30080, "annotations": {"a": "b"},
    },
    "ingress": {"hosts": ["a.example.com", {"host": "*.b.example.com"}]},
    "extraEnv": [{"name": "A", "value": "b"}, {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}],
    "podAnnotations": {"a": "b"}, "podLabels": {"a": "b"}, "nodeSelector": {"a": "b"},
    "tolerations": [{"key": "a", "operator": "Exists"}],
    "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {
        "nodeSelectorTerms": [{"matchExpressions": [{"key": "a", "operator": "Exists"}]}]}}},
    "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}],
    "prometheus": {"persistence": {"enabled": True}}, "grafana": {"persistence": {"enabled": True}},
    "postgresql": {"primary": {"persistence": {"enabled": False}, "configuration": {"max_connections": 50},
                               "initdb": {"scriptsConfigMap": "mine"}, "podAnnotations": {"a": "b"}},
                   "tls": {"enabled": True, "existingSecret": "tls"}},
    "redis": {"auth": {"enabled": False}, "maxmemory": "1Gi", "master": {"persistence": {"existingClaim": "mine"}}},
    "migrations": {"enabled": True, "mode": "initContainer"}, "backup": {"enabled": True, "timeZone": "Europe/Vienna"},
    "smtp": {"host": "mail.example.com"}, "secrets": {"smtpPassword": "x"},
    "autoscaling": {"targetMemoryUtilizationPercentage": None}, "podDisruptionBudget": {"maxUnavailable": "25%"},
}  # fmt: skip


@pytest.mark.parametrize("values", [{}, EVERYTHING], ids=["defaults", "everything"])
def test_the_api_server_finds_no_unknown_field_in_any_object(
    values: dict[str, Any], chart: Chart, sandbox: Bed, namespace: str, tmp_path: Path
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    manifests = tmp_path / "manifests.yaml"
    manifests.write_text(chart.render(values=values).text.replace("namespace: costs\n", f"namespace: {namespace}\n"))
    said = sandbox.kubectl("apply", "-n", namespace, "--dry-run=server", "--validate=strict", "-f", str(manifests))
    assert said.count("created (server dry run)") == len(chart.render(values=values).objects)


@pytest.mark.parametrize("helm", [pytest.param("helm3", marks=pytest.mark.full), "helm4"], indirect=True)
@pytest.mark.full  # 8 s; the data guard holds the same in the quick tier
def test_what_was_generated_stays_over_upgrade_rollback_uninstall_and_install(
    helm: Helm, sandbox: Bed, namespace: str
) -> None:
    """Beside a second release, whose Secrets are its own. Without --wait: no pod needs to run for this."""
    preset = (str(CHART), "-f", str(CHART / "values-dev.yaml"))
    helm("install", "llm-cost-ops", *preset)
    first = credentials(sandbox, namespace)
    assert len(first) == 4

    helm("install", "llm-cost-ops-v2", *preset)
    both = credentials(sandbox, namespace)
    second = {name: data for name, data in both.items() if name not in first}
    assert len(second) == 4
    assert {k: v for k, v in both.items() if k in first} == first
    passwords = {v for data in both.values() for key, v in data.items() if key in ("password", "jwt-secret")}
    assert len(passwords) == 4, "each release has its own database password and signing key"

    helm("upgrade", "llm-cost-ops", *preset, "--set", "image.tag=v1.1.0", "--set", "global.environment=qa")
    assert credentials(sandbox, namespace) == both
    helm("rollback", "llm-cost-ops", "1")
    assert credentials(sandbox, namespace) == both
    helm("uninstall", "llm-cost-ops", "--wait")
    assert credentials(sandbox, namespace) == both
    helm("install", "llm-cost-ops", *preset, "--set", "image.tag=v1.2.0")
    assert credentials(sandbox, namespace) == both
