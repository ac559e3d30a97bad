"""Wrong values are refused in words that name the place and the way out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.conftest import Chart

SCHEMA = [
    ("foo=1", "additional properties 'foo' not allowed"),
    ("replicacount=1", "additional properties 'replicacount' not allowed"),
    ("prometheus.enabeld=true", "at '/prometheus': additional properties 'enabeld' not allowed"),
    ("grafana.admin=x", "at '/grafana': additional properties 'admin' not allowed"),
    ("postgresql.persistence.size=1Gi", "at '/postgresql': additional properties 'persistence' not allowed"),
    ("resources.limits.cpuu=1", "at '/resources/limits': additional properties 'cpuu' not allowed"),
    ("resources.limits.memory=2GB", "at '/resources/limits/memory': '2GB' does not match pattern"),
    ("postgresql.primary.persistence.size=big", "at '/postgresql/primary/persistence/size'"),
    ("replicaCount=three", "at '/replicaCount': got string, want integer"),
    ("replicaCount=-1", "at '/replicaCount': minimum: got -1, want 0"),
    ("autoscaling.minReplicas=0", "at '/autoscaling/minReplicas'"),
    ("image.tag=a:b", "at '/image/tag': 'a:b' does not match pattern"),
    ("image.digest=abc", "at '/image/digest'"),
    ("image.pullPolicy=Sometimes", "at '/image/pullPolicy': value must be one of 'Always', 'IfNotPresent', 'Never'"),
    ("service.type=Balancer", "at '/service/type': value must be one of"),
    ("service.port=99999", "at '/service/port': maximum: got 99,999, want 65,535"),
    ("ingress.hosts[0].host=Bad_Host", "at '/ingress/hosts/0/host'"),
    ("ingress.hosts[0]=a b", "at '/ingress/hosts/0'"),
    ("ingress.hosts[0].host=https://a.example.com", "at '/ingress/hosts/0/host'"),
    ("ingress.annotations.x=true", "at '/ingress/annotations/x': got boolean, want string"),
    ("config.logLevel=loud", "at '/config/logLevel': value must be one of 'trace', 'debug', 'info', 'warn', 'error'"),
    ("config.features.metrics=on", "at '/config/features/metrics': got string, want boolean"),
    ("prometheus.enabled=maybe", "at '/prometheus/enabled': got string, want boolean"),
    ("serviceMonitor.enabled=yes", "at '/serviceMonitor/enabled': value must be one of 'auto', true, false"),
    ("jwt.secret=123", "at '/jwt/secret': got number, want string"),
    ("podDisruptionBudget.minAvailable=200%", "at '/podDisruptionBudget/minAvailable'"),
    ("postgresql.auth.existingSecret=My_Secret", "at '/postgresql/auth/existingSecret'"),
    ("externalDatabase.sslmode=always", "at '/externalDatabase/sslmode': value must be one of"),
]

COMBINATIONS = [
    (("jwt.secret=a", "secrets.jwtSecret=b"), "two different values for one key; keep one of them"),
    (("jwt.existingSecret=a", "secrets.existingSecret=b"), "name two Secrets for the JWT key; keep one of them"),
    (("postgresql.enabled=false",), "externalDatabase.host is empty; name the database's host, or set postgresql.enabled=true"),
    (("externalDatabase.host=db",), "set postgresql.enabled=false to use the external database"),
    (("postgresql.enabled=false", "externalDatabase.host=db"), "set externalDatabase.existingSecret (best) or externalDatabase.password"),
    (("externalRedis.host=r",), "set redis.enabled=false to use the external Redis"),
    (("redis.auth.enabled=false", "redis.auth.password=x"), "set redis.auth.enabled=true"),
    (("autoscaling.minReplicas=11",), "autoscaling.minReplicas (11) is above autoscaling.maxReplicas (10)"),
    (
        ("autoscaling.targetCPUUtilizationPercentage=null", "autoscaling.targetMemoryUtilizationPercentage=null"),
        "autoscaling.enabled is true without a target",
    ),
    (("ingress.hosts=null",), "ingress.hosts is empty; add a host, or set ingress.enabled=false"),
    (
        ("jwt.existingSecret=llm-cost-ops-app-credentials", "secrets.smtpPassword=x"),
        "put both keys into it and name it in jwt.existingSecret and smtp.existingSecret",
    ),
    (("httpRoute.enabled=true", "ingress.enabled=false"), "httpRoute.parentRefs is empty; name the Gateway"),
    (("httpRoute.enabled=true", "httpRoute.parentRefs[0].name=g"), "set ingress.enabled=false, or httpRoute.withIngress=true"),
    (("externalSecret.enabled=true",), "externalSecret.secretStoreRef.name is empty; name the SecretStore"),
    (
        ("externalSecret.enabled=true", "externalSecret.secretStoreRef.name=s", "externalSecret.remoteRefs.redis.key=k"),
        "externalSecret.remoteRefs.redis is set and redis.auth.existingSecret is empty; name the Secret it should fill",
    ),
    (("preStopSleepSeconds=30",), "preStopSleepSeconds (30) leaves nothing of terminationGracePeriodSeconds (30)"),
    (("sidecars[0].name=app",), "called app, the name of the chart's own; give it another name"),
    (("initContainers[0].name=app",), "called app, the name of the chart's own; give it another name"),
    (
        ("postgresql.enabled=false", "externalDatabase.host=db", "externalDatabase.existingSecret=s", "externalDatabase.password=p"),
        "externalDatabase.existingSecret and externalDatabase.password are both set",
    ),
]  # fmt: skip

LISTS: list[tuple[dict[str, Any], str]] = [
    ({"ingress": {"hosts": []}}, "ingress.hosts is empty"),
    ({"image": {"tag": 1.1}}, "at '/image/tag'"),
    ({"jwt": {"secret": "one\ntwo"}}, "jwt.secret has a line break inside; a secret is one line"),
    ({"jwt": {"secret": "\n"}}, "jwt.secret holds nothing but a line break; check the file it was read from"),
    ({"extraEnv": [{"value": "x"}]}, "at '/extraEnv/0': missing property 'name'"),
]


@pytest.mark.parametrize(("change", "said"), SCHEMA)
def test_a_wrong_value_is_named_by_the_schema(chart_on_both: Chart, change: str, said: str) -> None:
    assert said in chart_on_both.refusal(change)


@pytest.mark.parametrize(("changes", "said"), COMBINATIONS)
def test_an_impossible_combination_is_refused_with_its_way_out(
    chart: Chart, changes: tuple[str, ...], said: str
) -> None:
    assert said in chart.refusal(*changes)


@pytest.mark.parametrize(("values", "said"), LISTS)
def test_a_wrong_values_file_is_refused(chart: Chart, values: dict[str, Any], said: str) -> None:
    assert said in chart.refusal(values=values)


def test_a_cluster_too_old_is_refused(chart: Chart) -> None:
    code, _, said = chart.call("--kube-version", "1.27.9")
    assert code != 0
    assert "chart requires kubeVersion: >=1.28.0-0" in said


def test_a_refusal_never_repeats_a_secret(chart: Chart) -> None:
    said = chart.refusal("jwt.secret=canary-one", "secrets.jwtSecret=canary-two")
    assert "canary" not in said
