"""Wrong values are refused in words that name the place and the way out."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.conftest import CHART, HELMS, Chart, run_helm

SCHEMA = [
    ("foo=1", "additional properties 'foo' not allowed"),
    ("replicacount=1", "additional properties 'replicacount' not allowed"),
    ("prometheus.enabeld=true", "at '/prometheus': additional properties 'enabeld' not allowed"),
    ("grafana.admin=x", "at '/grafana': additional properties 'admin' not allowed"),
    ("postgresql.persistence.size=1Gi", "at '/postgresql': additional properties 'persistence' not allowed"),
    ("resources.limits.cpuu=1", "at '/resources/limits': additional properties 'cpuu' not allowed"),
    ("resources.limits.memory=2GB", "at '/resources/limits/memory': '2GB' does not match pattern"),
    ("postgresql.primary.persistence.size=big", "at '/postgresql/primary/persistence/size'"),
    # near typos, one for each level and kind of section
    ("global.caBundle.secretName=x", "at '/global/caBundle': additional properties 'secretName' not allowed"),
    ("image.tags=v1", "at '/image': additional properties 'tags' not allowed"),
    ("ingress.host=a.example.com", "at '/ingress': additional properties 'host' not allowed"),
    (
        "ingress.hosts[0].host=a.example.com,ingress.hosts[0].path=/",
        "at '/ingress/hosts/0': additional properties 'path' not allowed",
    ),
    ("ingress.tls[0].secret=x", "at '/ingress/tls/0': additional properties 'secret' not allowed"),
    ("autoscaling.minReplica=3", "at '/autoscaling': additional properties 'minReplica' not allowed"),
    (
        "podDisruptionBudget.minavailable=1",
        "at '/podDisruptionBudget': additional properties 'minavailable' not allowed",
    ),
    ("livenessProbe.httpget.path=/x", "at '/livenessProbe': additional properties 'httpget' not allowed"),
    ("readinessProbe.httpGet.paht=/x", "at '/readinessProbe/httpGet': additional properties 'paht' not allowed"),
    ("podSecurityContext.runAsuser=1", "at '/podSecurityContext': additional properties 'runAsuser' not allowed"),
    (
        "securityContext.capabilities.drops[0]=ALL",
        "at '/securityContext/capabilities': additional properties 'drops' not allowed",
    ),
    ("postgresql.auth.pasword=x", "at '/postgresql/auth': additional properties 'pasword' not allowed"),
    (
        "postgresql.primary.persistance.size=1Gi",
        "at '/postgresql/primary': additional properties 'persistance' not allowed",
    ),
    ("redis.auth.existingsecret=x", "at '/redis/auth': additional properties 'existingsecret' not allowed"),
    ("redis.master.resource.limits.cpu=1", "at '/redis/master': additional properties 'resource' not allowed"),
    (
        "prometheus.persistence.storageclass=x",
        "at '/prometheus/persistence': additional properties 'storageclass' not allowed",
    ),
    ("grafana.adminpassword=x", "at '/grafana': additional properties 'adminpassword' not allowed"),
    ("config.features.rateLimit=true", "at '/config/features': additional properties 'rateLimit' not allowed"),
    ("jwt.secretKey=x", "at '/jwt': additional properties 'secretKey' not allowed"),
    ("secrets.jwt=x", "at '/secrets': additional properties 'jwt' not allowed"),
    ("externalDatabase.username=x", "at '/externalDatabase': additional properties 'username' not allowed"),
    ("replicaCount=three", "at '/replicaCount': got string, want null or integer"),
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
    (
        "securityContext.readOnlyRootFilesystem=1",
        "at '/securityContext/readOnlyRootFilesystem': got number, want null or boolean",
    ),
    ("podSecurityContext.runAsUser=me", "at '/podSecurityContext/runAsUser'"),
    ("readinessProbe.periodSeconds=0", "at '/readinessProbe/periodSeconds': minimum: got 0, want 1"),
    ("livenessProbe.httpGet.path=health", "at '/livenessProbe/httpGet/path': 'health' does not match pattern"),
    ("tolerations[0].effect=Never", "at '/tolerations/0/effect': value must be one of"),
    ("imagePullSecrets[0].secret=x", "at '/imagePullSecrets/0'"),
    ("postgresql.auth.database=a b", "at '/postgresql/auth/database': 'a b' does not match pattern"),
    ("postgresql.enabled=1", "at '/postgresql/enabled': got number, want boolean"),
    ("postgresql=true", "at '/postgresql': got boolean, want object"),
    ("podDisruptionBudget.minAvailable=200%", "at '/podDisruptionBudget/minAvailable'"),
    ("postgresql.auth.existingSecret=My_Secret", "at '/postgresql/auth/existingSecret'"),
    ("externalDatabase.sslmode=always", "at '/externalDatabase/sslmode': value must be one of"),
]

DATABASE = ("postgresql.enabled=false", "externalDatabase.host=db")
COMBINATIONS = [
    ((*DATABASE, "externalDatabase.passwordless=true", "externalDatabase.existingSecret=s"), "externalDatabase.passwordless is true while a password is given"),
    ((*DATABASE, "externalDatabase.passwordless=true", "externalDatabase.password=p"), "clear externalDatabase.existingSecret and externalDatabase.password"),
    (DATABASE, "or externalDatabase.passwordless=true where a client certificate or the cloud's identity logs in"),
    (
        (*DATABASE, "externalDatabase.existingSecret=s", "externalDatabase.sslmode=disable", "externalDatabase.tls.caSecret=ca"),
        "externalDatabase.sslmode is disable, so that the certificates in externalDatabase.tls would not be used",
    ),
    (
        (*DATABASE, "externalDatabase.existingSecret=s", "externalDatabase.sslmode=disable", "externalDatabase.tls.clientSecret=c"),
        "or clear externalDatabase.tls.caSecret and externalDatabase.tls.clientSecret",
    ),
    (
        (*DATABASE, "externalDatabase.existingSecret=s", "externalDatabase.sslmode=verify-full", "migrations.enabled=true"),
        "name the Secret with the CA in externalDatabase.tls.caSecret, or a bundle in global.caBundle",
    ),
    (
        (*DATABASE, "externalDatabase.existingSecret=s", "externalDatabase.sslmode=verify-ca", "backup.enabled=true"),
        "externalDatabase.sslmode is verify-ca, and migrations and backups run PostgreSQL's own clients",
    ),
    (("global.caBundle.configMap=a", "global.caBundle.secret=b"), "global.caBundle.configMap and global.caBundle.secret are both set"),
    (("redis.enabled=false", "externalRedis.host=r", "externalRedis.caSecret=ca"), "set externalRedis.tls=true, or clear externalRedis.caSecret"),
    (("config.features.database=false",), "postgresql.enabled is set; set config.features.database=true, or postgresql.enabled=false"),
    (
        ("config.features.database=false", "postgresql.enabled=false", "migrations.enabled=true"),
        "migrations.enabled is set; set config.features.database=true, or migrations.enabled=false",
    ),
    (
        ("config.features.database=false", "postgresql.enabled=false", "backup.enabled=true"),
        "backup.enabled is set; set config.features.database=true, or backup.enabled=false",
    ),
    (("config.features.database=false", *DATABASE), "externalDatabase.host is set; set config.features.database=true, or clear externalDatabase.host"),
    (("metrics.path=/other",), "metrics.path is /other and prometheus.metricsPath is /metrics"),
    (("prometheus.metricsPath=/other",), "so the bundled Prometheus would ask for a page that is not there; give both the same"),
    (("jwt.secret=a", "secrets.jwtSecret=b"), "two different values for one key; keep one of them"),
    (("jwt.existingSecret=a", "secrets.existingSecret=b"), "name two Secrets for the JWT key; keep one of them"),
    (("postgresql.enabled=false",), "externalDatabase.host is empty; name the database's host, or set postgresql.enabled=true"),
    (("postgresql.enabled=false",), "or config.features.database=false for a program that uses none"),
    (("externalDatabase.host=db",), "set postgresql.enabled=false to use the external database"),
    (("postgresql.enabled=false", "externalDatabase.host=db"), "set externalDatabase.existingSecret (best) or externalDatabase.password"),
    (("externalRedis.host=r",), "set redis.enabled=false to use the external Redis"),
    (("externalDatabase.password=p",), "externalDatabase.password is set while postgresql.enabled is true"),
    (("externalDatabase.existingSecret=s",), "set postgresql.enabled=false to use the external database, or clear externalDatabase.existingSecret"),
    (("externalRedis.password=p",), "set redis.enabled=false to use the external Redis, or clear externalRedis.password"),
    (("redis.auth.enabled=false", "redis.auth.password=x"), "set redis.auth.enabled=true"),
    (
        ("podDisruptionBudget.minAvailable=1", "podDisruptionBudget.maxUnavailable=25%"),
        "podDisruptionBudget.minAvailable (1) and podDisruptionBudget.maxUnavailable (25%) are both set, and a budget has one of them; set the other to null",
    ),
    (("service.nodePort=30080",), "set service.type=NodePort or LoadBalancer, or clear service.nodePort"),
    (("service.loadBalancerClass=x/y",), "service.loadBalancerClass is set and service.type is ClusterIP; set service.type=LoadBalancer"),
    (("service.type=NodePort", "service.loadBalancerSourceRanges[0]=10.0.0.0/8"), "service.loadBalancerSourceRanges is set and service.type is NodePort"),
    (("jwt.secret=change-me-in-production",), "jwt.secret is a password that everybody knows"),
    (("secrets.jwtSecret=changeme",), "leave secrets.jwtSecret empty to have one generated, or set jwt.existingSecret"),
    (("postgresql.auth.password=Postgres",), "leave postgresql.auth.password empty to have one generated"),
    (("redis.auth.password=password",), "redis.auth.password is a password that everybody knows"),
    (("grafana.adminPassword=admin",), "leave grafana.adminPassword empty to have one generated, or set grafana.existingSecret"),
    (
        ("postgresql.enabled=false", "externalDatabase.host=db", "externalDatabase.password=postgres"),
        "externalDatabase.password is a password that everybody knows, and global.environment is production",
    ),
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
    (("ingress.hosts[0]=a.example.com", "ingress.hosts[1].host=a.example.com"), "ingress.hosts names a.example.com twice"),
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
    chart_on_both: Chart, changes: tuple[str, ...], said: str
) -> None:
    assert said in chart_on_both.refusal(*changes)


@pytest.mark.parametrize(("values", "said"), LISTS)
def test_a_wrong_values_file_is_refused(chart_on_both: Chart, values: dict[str, Any], said: str) -> None:
    assert said in chart_on_both.refusal(values=values)


@pytest.mark.parametrize("change", ["postgresql.auth.password=changeme", "jwt.secret=secret"])
def test_a_known_password_is_fine_outside_production(chart: Chart, change: str) -> None:
    chart.render(change, preset="dev")


@pytest.mark.parametrize("helm", HELMS)
@pytest.mark.parametrize(("change", "said"), SCHEMA[:3])
def test_lint_knows_the_schema_too(helm: str, change: str, said: str) -> None:
    code, out, err = run_helm(helm, "lint", str(CHART), "--set", change)
    assert code == 1
    assert said in out + err


def test_a_cluster_too_old_is_refused(chart: Chart) -> None:
    code, _, said = chart.call("--kube-version", "1.27.9")
    assert code == 1
    assert "chart requires kubeVersion: >=1.28.0-0" in said


def test_a_refusal_never_repeats_a_secret(chart: Chart) -> None:
    said = chart.refusal("jwt.secret=canary-one", "secrets.jwtSecret=canary-two")
    assert "canary" not in said
