"""What the guide prints works: every value path has an effect, every printed line renders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import CHART, GIVEN, PRESETS, Chart

FILES = [
    "Chart.yaml", "values.yaml", "values-dev.yaml", "values-staging.yaml", "values-prod.yaml", "README.md",
    "templates/NOTES.txt", "templates/_helpers.tpl", "templates/deployment.yaml", "templates/service.yaml",
    "templates/ingress.yaml", "templates/configmap.yaml", "templates/secret.yaml", "templates/hpa.yaml", "templates/pdb.yaml",
    "templates/serviceaccount.yaml", "templates/statefulset-postgres.yaml", "templates/statefulset-redis.yaml",
    "templates/servicemonitor.yaml", "charts", "crds",
]  # fmt: skip

# Every leaf of the guide's values.yaml with a value that it does not have by default.
PRINTED = [
    "global.environment=qa",
    "global.imageRegistry=registry.example.com",
    "global.storageClass=slow",
    "autoscaling.enabled=false,replicaCount=5",
    "image.repository=other/app",
    "image.tag=v9.9.9",
    "image.pullPolicy=Always",
    "image.pullSecrets[0]=regcred",
    "imagePullSecrets[0].name=regcred",
    "nameOverride=other",
    "fullnameOverride=other",
    "serviceAccount.create=false",
    "serviceAccount.annotations.a=b",
    "serviceAccount.name=other",
    "podSecurityContext.runAsNonRoot=false",
    "podSecurityContext.runAsUser=2000",
    "podSecurityContext.fsGroup=2000",
    "securityContext.allowPrivilegeEscalation=true",
    "securityContext.readOnlyRootFilesystem=false",
    "securityContext.capabilities.drop[0]=KILL",
    "service.type=NodePort",
    "service.port=8081",
    "service.targetPort=8081",
    "service.annotations.a=b",
    "ingress.enabled=false",
    "ingress.className=traefik",
    "ingress.annotations.a=b",
    "ingress.hosts[0].host=other.example.com",
    "ingress.hosts[0].host=api.llm-cost-ops.com,ingress.hosts[0].paths[0].path=/api",
    "ingress.hosts[0].host=api.llm-cost-ops.com,ingress.hosts[0].paths[0].pathType=Exact",
    "ingress.tls[0].secretName=other",
    "ingress.tls[0].secretName=llm-cost-ops-tls,ingress.tls[0].hosts[0]=other.example.com",
    "resources.limits.cpu=3",
    "resources.limits.memory=3Gi",
    "resources.requests.cpu=300m",
    "resources.requests.memory=300Mi",
    "autoscaling.enabled=false",
    "autoscaling.minReplicas=4",
    "autoscaling.maxReplicas=20",
    "autoscaling.targetCPUUtilizationPercentage=50",
    "autoscaling.targetMemoryUtilizationPercentage=50",
    "podDisruptionBudget.enabled=false",
    "podDisruptionBudget.minAvailable=1",
    "livenessProbe.httpGet.path=/other",
    "livenessProbe.httpGet.port=8080",
    "livenessProbe.initialDelaySeconds=31",
    "livenessProbe.periodSeconds=11",
    "readinessProbe.httpGet.path=/ready",
    "readinessProbe.httpGet.port=8080",
    "readinessProbe.initialDelaySeconds=11",
    "readinessProbe.periodSeconds=6",
    "postgresql.enabled=false,externalDatabase.host=db,externalDatabase.password=x,postgresql.auth.password=",
    "postgresql.auth.username=other",
    "postgresql.auth.password=other-password-of-more-than-32-characters",
    "postgresql.auth.database=other",
    "postgresql.auth.existingSecret=postgres-secret,postgresql.auth.password=",
    "postgresql.primary.persistence.enabled=false",
    "postgresql.primary.persistence.size=1Gi",
    "postgresql.primary.persistence.storageClass=slow",
    "postgresql.primary.resources.limits.cpu=3",
    "postgresql.primary.resources.limits.memory=3Gi",
    "postgresql.primary.resources.requests.cpu=300m",
    "postgresql.primary.resources.requests.memory=300Mi",
    "redis.enabled=false",
    "redis.auth.enabled=false,redis.auth.password=",
    "redis.auth.existingSecret=redis-secret,redis.auth.password=",
    "redis.master.persistence.enabled=false",
    "redis.master.persistence.size=1Gi",
    "redis.master.resources.limits.cpu=3",
    "redis.master.resources.limits.memory=3Gi",
    "redis.master.resources.requests.cpu=300m",
    "redis.master.resources.requests.memory=300Mi",
    "prometheus.enabled=false",
    "grafana.enabled=false",
    "grafana.adminPassword=other-password-of-more-than-32-characters",
    "config.logLevel=debug",
    "config.features.compression=false",
    "config.features.rateLimiting=false",
    "config.features.metrics=false",
    "config.features.tracing=false",
    "jwt.secret=,secrets.jwtSecret=other-secret-of-more-than-32-characters",
    "secrets.smtpPassword=other",
]

PRINTED_DEFAULTS: dict[str, Any] = {
    "global.environment": "production", "global.imageRegistry": "docker.io", "replicaCount": 3,
    "image.repository": "llm-cost-ops", "image.pullPolicy": "IfNotPresent", "imagePullSecrets": [], "nameOverride": "",
    "fullnameOverride": "", "serviceAccount.create": True, "serviceAccount.annotations": {}, "serviceAccount.name": "",
    "podSecurityContext.runAsNonRoot": True, "podSecurityContext.runAsUser": 1000, "podSecurityContext.fsGroup": 1000,
    "securityContext.allowPrivilegeEscalation": False, "securityContext.readOnlyRootFilesystem": True,
    "securityContext.capabilities.drop": ["ALL"], "service.type": "ClusterIP", "service.port": 80,
    "service.targetPort": 8080, "service.annotations": {}, "ingress.enabled": True, "ingress.className": "nginx",
    "ingress.annotations": {"cert-manager.io/cluster-issuer": "letsencrypt-prod",
                            "nginx.ingress.kubernetes.io/ssl-redirect": "true"},
    "ingress.hosts": [{"host": "api.llm-cost-ops.com", "paths": [{"path": "/", "pathType": "Prefix"}]}],
    "resources": {"limits": {"cpu": "2000m", "memory": "2Gi"}, "requests": {"cpu": "500m", "memory": "512Mi"}},
    "autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 10, "targetCPUUtilizationPercentage": 70,
                    "targetMemoryUtilizationPercentage": 80},
    "podDisruptionBudget.enabled": True, "podDisruptionBudget.minAvailable": 2,
    "livenessProbe": {"httpGet": {"path": "/health", "port": "http"}, "initialDelaySeconds": 30, "periodSeconds": 10},
    "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}, "initialDelaySeconds": 10, "periodSeconds": 5},
    "postgresql.enabled": True, "postgresql.auth.username": "postgres", "postgresql.auth.database": "llm_cost_ops_prod",
    "postgresql.auth.existingSecret": "", "postgresql.primary.persistence.enabled": True,
    "postgresql.primary.persistence.size": "100Gi",
    "postgresql.primary.resources": {"limits": {"cpu": "4000m", "memory": "8Gi"}, "requests": {"cpu": "1000m", "memory": "2Gi"}},
    "redis.enabled": True, "redis.auth.enabled": True, "redis.auth.existingSecret": "",
    "redis.master.persistence.enabled": True, "redis.master.persistence.size": "10Gi",
    "redis.master.resources": {"limits": {"cpu": "1000m", "memory": "2Gi"}, "requests": {"cpu": "200m", "memory": "512Mi"}},
    "prometheus.enabled": True, "grafana.enabled": True, "grafana.adminPassword": "changeme", "config.logLevel": "info",
    "config.features": {"compression": True, "rateLimiting": True, "metrics": True, "tracing": True},
    "secrets.jwtSecret": "", "secrets.smtpPassword": "",
}  # fmt: skip

PRINTED_PRESETS: dict[str, dict[str, Any]] = {
    "dev": {
        "global": {"environment": "development"}, "replicaCount": 1, "image": {"tag": "latest", "pullPolicy": "Always"},
        "ingress": {"enabled": False}, "autoscaling": {"enabled": False},
        "resources": {"limits": {"cpu": "1000m", "memory": "1Gi"}, "requests": {"cpu": "200m", "memory": "256Mi"}},
        "postgresql": {"primary": {"persistence": {"size": "10Gi"}, "resources": {"limits": {"cpu": "1000m", "memory": "2Gi"}}}},
        "config": {"logLevel": "debug"},
    },
    "staging": {
        "global": {"environment": "staging"}, "replicaCount": 2, "image": {"tag": "staging", "pullPolicy": "Always"},
        "ingress": {"enabled": True, "hosts": [{"host": "staging-api.example.com"}]},
        "autoscaling": {"enabled": True, "minReplicas": 2, "maxReplicas": 5},
        "postgresql": {"primary": {"persistence": {"size": "50Gi"}}},
    },
    "prod": {
        "global": {"environment": "production"}, "replicaCount": 3, "image": {"tag": "v1.0.0", "pullPolicy": "IfNotPresent"},
        "ingress": {"enabled": True, "annotations": {"cert-manager.io/cluster-issuer": "letsencrypt-prod"},
                    "hosts": [{"host": "api.example.com"}], "tls": [{"secretName": "llm-cost-ops-tls"}]},
        "autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 10},
        "postgresql": {"primary": {"persistence": {"size": "100Gi", "storageClass": "fast-ssd"},
                                   "resources": {"limits": {"cpu": "4000m", "memory": "8Gi"}}}},
        "podDisruptionBudget": {"enabled": True, "minAvailable": 2}, "config": {"logLevel": "info"},
    },
}  # fmt: skip


def at(tree: Any, path: str) -> Any:
    """The value at a dotted path."""
    for part in path.split("."):
        tree = tree[part]
    return tree


def contains(tree: Any, wanted: Any) -> bool:
    """Whether every leaf of `wanted` is in `tree`."""
    if isinstance(wanted, dict):
        return isinstance(tree, dict) and all(k in tree and contains(tree[k], v) for k, v in wanted.items())
    return bool(tree == wanted)


@pytest.mark.parametrize("name", FILES)
def test_the_printed_layout_is_there(name: str) -> None:
    assert (CHART / name).exists()


@pytest.mark.parametrize(("path", "printed"), PRINTED_DEFAULTS.items(), ids=str)
def test_a_printed_default_is_the_default(path: str, printed: Any) -> None:
    assert contains(at(yaml.safe_load((CHART / "values.yaml").read_text()), path), printed)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_holds_everything_printed_for_it(preset: str) -> None:
    assert contains(yaml.safe_load((CHART / f"values-{preset}.yaml").read_text()), PRINTED_PRESETS[preset])


@pytest.mark.parametrize("change", PRINTED, ids=lambda c: c[:60])
def test_a_printed_value_path_has_an_effect(chart: Chart, change: str) -> None:
    assert chart.render(*GIVEN, change).objects != chart.render(*GIVEN).objects


@pytest.mark.parametrize(
    "options",
    [
        "--set image.tag=v1.0.0 --set replicaCount=3 --set ingress.enabled=true --set ingress.hosts[0].host=api.example.com",
        "--values {chart}/values-dev.yaml --set global.environment=development",
        "--values {chart}/values-prod.yaml --set-file postgresql.auth.password={tmp}/p --set-file jwt.secret={tmp}/j"
        " --set ingress.tls[0].secretName=llm-cost-ops-tls",
        "--values {chart}/values-prod.yaml --set image.tag=v1.1.0",
        "--values {chart}/values.yaml --values {chart}/values-prod.yaml",
        "--set image.tag=v2.0.0",
    ],
)
def test_a_printed_command_renders(chart_on_both: Chart, tmp_path: Path, options: str) -> None:
    (tmp_path / "p").write_text("postgres-password\n")
    (tmp_path / "j").write_text("jwt-secret\n")
    rendered = chart_on_both.render(options=tuple(options.format(chart=CHART, tmp=tmp_path).split()))
    for ingress in rendered.kinds("Ingress"):
        hosts = [rule["host"] for rule in ingress["spec"]["rules"]]
        assert [tls["hosts"] for tls in ingress["spec"]["tls"]] == [hosts]
        assert all(rule["http"]["paths"] for rule in ingress["spec"]["rules"])


def test_the_names_that_the_blue_green_example_patches_exist(chart: Chart) -> None:
    assert chart.render(release="llm-cost-ops").has("Ingress", "llm-cost-ops")
    assert chart.render(release="llm-cost-ops-v2").has("Service", "llm-cost-ops-v2")
