"""Shapes of a release that between them use every part of the chart."""

from __future__ import annotations

import copy
import json
from typing import Any

from tests.chart.conftest import CHART
from wizard.core.helm import chart_settings

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
SETTINGS = chart_settings.settings(SCHEMA)
# Helm puts a copy of `global` into the values of every subchart, so their sections must take it; nobody sets it there.
PUT_BY_HELM = {"prometheus.global", "grafana.global"}

# What must be named before the parts below can be switched on.
_COMPANIONS: dict[str, Any] = {
    "autoscaling.keda.triggers": [
        {"type": "cron", "metadata": {"timezone": "UTC", "start": "0 8 * * *", "end": "0 18 * * *"}}
    ],
    "backup.s3.bucket": "costs-backup",
    "backup.s3.existingSecret": "backup-s3",
    "backup.s3.ca.existingSecret": "backup-ca",
    "config.file": "[api]",
    "externalSecret.secretStoreRef.name": "vault",
    "grafana.ingress.host": "grafana.example.com",
    "grafana.rootUrl": "https://grafana.example.com",
    "grafana.auth.oauth.clientId": "grafana",
    "grafana.auth.oauth.existingSecret": "grafana-oauth",
    **{f"grafana.auth.oauth.{name}Url": f"https://sso.example.com/{name}" for name in ("auth", "token", "api")},
    "grafana.auth.proxy.allowedAddresses": ["10.0.0.1"],
    "httpRoute.parentRefs": [{"name": "gateway"}],
    "httpRoute.withIngress": True,
    "postgresql.tls.existingSecret": "postgresql-tls",
    "smtp.host": "mail.example.com",
}
_GIVEN = {
    path: f"value-of-{path}-at-least-32-long"
    for path in (
        "jwt.secret", "secrets.smtpPassword", "postgresql.auth.password", "postgresql.auth.appUser.password", "redis.auth.password",
        "grafana.adminPassword",
    )
}  # fmt: skip


def put(values: dict[str, Any], path: tuple[str, ...], value: Any) -> dict[str, Any]:
    """The values with one more; the old ones stay as they are."""
    changed = copy.deepcopy(values)
    tree = changed
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value
    return changed


def shape(**dotted: Any) -> dict[str, Any]:
    """Values from their dotted paths."""
    values: dict[str, Any] = {}
    for path, value in dotted.items():
        values = put(values, tuple(path.split(".")), value)
    return values


def _switches() -> dict[str, Any]:
    """Every part of the chart switched on."""
    return {s.dotted: True for s in SETTINGS if s.path[-1] == "enabled"}


BUNDLED = shape(**(_switches() | _COMPANIONS | _GIVEN))
"""Everything that can be on at once, with credentials given as values."""

EXTERNAL = shape(**{
    **_switches(), **_COMPANIONS, "jwt.secret": _GIVEN["jwt.secret"], "grafana.adminPassword": _GIVEN["grafana.adminPassword"],
    "postgresql.enabled": False, "postgresql.tls.enabled": False, "postgresql.metrics.enabled": False, "redis.enabled": False,
    "postgresql.auth.appUser.enabled": False, "redis.metrics.enabled": False, "autoscaling.enabled": False,
    "autoscaling.keda.enabled": False, "externalDatabase.host": "db.example.com", "externalDatabase.password": "value-of-the-database",
    "externalRedis.host": "cache.example.com", "externalRedis.password": "value-of-the-cache", "externalRedis.tls": True,
    "externalDatabase.tls.caSecret": "database-ca", "externalRedis.caSecret": "cache-ca", "global.caBundle.configMap": "company-ca",
    "service.type": "LoadBalancer", "podDisruptionBudget.minAvailable": None, "podDisruptionBudget.maxUnavailable": 1,
})  # fmt: skip
"""Database and cache outside, a load balancer, a fixed number of replicas."""

NAMED = shape(**{
    **_switches(), **_COMPANIONS, "config.file": "", "config.existingConfigMap": "cost-ops", "secrets.existingSecret": "app", "postgresql.auth.existingSecret": "postgres",
    "postgresql.auth.appUser.existingSecret": "app-role",
    "redis.auth.existingSecret": "redis", "grafana.existingSecret": "grafana",
    "externalSecret.remoteRefs": {"postgresql": {"key": "costs/postgresql"}},
})  # fmt: skip
"""Everything on, and every credential in a Secret of the person's own."""

NAMED_EXTERNAL = shape(**{
    "jwt.existingSecret": "jwt", "smtp.host": "mail.example.com", "smtp.existingSecret": "mail",
    "postgresql.enabled": False, "redis.enabled": False, "externalDatabase.host": "db.example.com",
    "externalDatabase.existingSecret": "database", "externalRedis.sentinel.hosts": ["sentinel.example.com"],
    "externalRedis.sentinel.masterName": "costs", "externalRedis.existingSecret": "cache", "grafana.existingSecret": "grafana",
})  # fmt: skip
"""Credentials of services outside in Secrets of the person's own, and Sentinels."""

REDIS_URL = shape(**{**_GIVEN,
    "redis.enabled": False, "redis.auth.password": "", "externalRedis.existingSecret": "cache", "externalRedis.existingSecretUrlKey": "url",
    "prometheus.enabled": False,
})  # fmt: skip
"""The whole URL of the cache in a Secret, and no Prometheus."""

PASSWORDLESS = shape(**{
    "postgresql.enabled": False, "externalDatabase.host": "db.example.com", "externalDatabase.sslmode": "verify-full",
    "externalDatabase.passwordless": True, "externalDatabase.tls.caSecret": "database-ca",
    "externalDatabase.tls.clientSecret": "database-client", "migrations.enabled": True, "backup.enabled": True,
    "jwt.existingSecret": "jwt", "redis.auth.existingSecret": "redis", "grafana.existingSecret": "grafana",
})  # fmt: skip
"""A database that a certificate logs in to."""

BARE = shape(**{
    "config.features.database": False, "config.features.metrics": False, "postgresql.enabled": False, "redis.enabled": False,
    "jwt.secret": _GIVEN["jwt.secret"], "grafana.adminPassword": _GIVEN["grafana.adminPassword"], "networkPolicy.enabled": True,
    "replicaCount": None, "autoscaling.enabled": False, "args": [],
})  # fmt: skip
"""A program that uses no database, no cache and serves no metrics; its pods are counted by somebody else."""

VOLATILE = shape(**{
    **{s.dotted: False for s in SETTINGS if s.path[-2:] == ("persistence", "enabled")}, **_GIVEN,
    "jwt.secret": "", "secrets.jwtSecret": _GIVEN["jwt.secret"], "redis.auth.enabled": False, "redis.auth.password": "",
    "autoscaling.enabled": False, "ingress.enabled": False, "serviceAccount.create": False,
})  # fmt: skip
"""No volume, no autoscaler, no Ingress."""

SHAPES: dict[str, dict[str, Any]] = {
    "bundled": BUNDLED, "external": EXTERNAL, "named": NAMED, "named-external": NAMED_EXTERNAL, "redis-url": REDIS_URL,
    "volatile": VOLATILE, "passwordless": PASSWORDLESS, "bare": BARE,
}  # fmt: skip
