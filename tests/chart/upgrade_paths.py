"""Ways that teams take a release from one state to the next, each with what has to come of it: one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.chart.conftest import CHART
from tests.chart.upgrading import EARLIER, NAME, Effect, read

Dotted = Mapping[str, Any]
"""Values by their dotted paths."""
ALIAS: Final = "costs"
"""Of the chart below an umbrella chart."""


@dataclass(frozen=True)
class Step:
    """One upgrade."""

    values: Dotted | None
    """All values that it gives; None: no file."""
    effect: Effect = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    """Words of the refusal, if it is one: the key, and the way out."""
    changes: frozenset[str] = frozenset()
    """Secrets that hold something else afterwards, as asked."""
    replicas: str = ""
    """Of the app afterwards, where it matters."""
    options: tuple[str, ...] = ()
    helm4: tuple[str, ...] = ()
    """More options, which helm 3 does not know."""
    chart: str = "ours"
    """ours; umbrella: a chart with ours below it; alias: there under another name."""
    command: tuple[str, ...] = ()
    """A helm command in place of the upgrade."""


@dataclass(frozen=True)
class UpgradePath:
    """A release, and the upgrades that it goes through."""

    name: str
    steps: tuple[Step, ...]
    first: Dotted = field(default_factory=dict)
    """Values of the release before them."""
    secret: tuple[str, ...] = ()
    """What the Secret `mine` holds, as KEY=VALUE."""
    made: str = "install"
    """install; other helm: installed by the other helm; apply: rendered by helm and applied by kubectl."""


def to(values: Dotted | None, effect: str = "", **more: Any) -> Step:
    """An upgrade that succeeds, with its effect as in "app restarted, redis gone"."""
    return Step(values, dict(part.split() for part in effect.split(", ") if part), **more)


def refused(values: Dotted | None, *words: str, **more: Any) -> Step:
    """An upgrade that the chart refuses with these words."""
    return Step(values, refused=words, **more)


VOLUME: Final = "postgresql.primary.persistence"
APP: Final = "app restarted"
ALL: Final = "app restarted, grafana restarted, postgresql restarted, prometheus restarted, redis restarted"
TAG: Final = {"image.tag": "v1.0.1"}
SET_TAG: Final = ("--set", "image.tag=v1.0.1")
ADOPT: Final = ("--install", "--take-ownership")
# kubectl owns its fields; where the server completed one, or wrote 2000m as 2, helm 4 sees two owners that disagree.
FORCE: Final = ("--force-conflicts",)
OWN_SECRET: Final = frozenset({"llm-cost-ops-app-credentials"})
PRODUCTION: Final = read(CHART, "values-prod.yaml")
OLDER_DEFAULTS: Final = read(EARLIER[0], "values.yaml")

OUTSIDE: Final = {
    "postgresql.enabled": False, "externalDatabase.host": "db.example.com", "externalDatabase.existingSecret": "mine",
}  # fmt: skip
MINE: Final = {f"{path}.existingSecret": "mine" for path in ("jwt", "postgresql.auth", "redis.auth", "grafana")}
KEYS: Final = (
    "jwt-secret=of-at-least-thirty-two-characters", "password=p-1", "redis-password=p-2", "admin-user=a", "admin-password=p-3",
)  # fmt: skip
NULLS: Final = {"resources.limits": None, "startupProbe": None}

PARTS = (
    UpgradePath("Prometheus off and on", (
        to({"prometheus.enabled": False}, "prometheus gone"), to({}, "prometheus new"),
    )),
    UpgradePath("Grafana off and on", (to({"grafana.enabled": False}, "grafana gone"), to({}, "grafana new"))),
    UpgradePath("Ingress off and on", (to({"ingress.enabled": False}), to({}))),
    UpgradePath("autoscaling off and on", (to({"autoscaling.enabled": False}), to({}))),
    UpgradePath(
        # A minimum of 1, since the autoscaler would put a larger one back in some seconds.
        "autoscaling for a release that has five replicas", (to({"autoscaling.minReplicas": 1}, replicas="5"),),
        first={"autoscaling.enabled": False, "replicaCount": 5},
    ),
    UpgradePath("disruption budget off and on", (to({"podDisruptionBudget.enabled": False}), to({}))),
    UpgradePath("network policies on and off", (to({"networkPolicy.enabled": True}), to({}))),
    UpgradePath("backups on, off and on", (to({"backup.enabled": True}), to({}), to({"backup.enabled": True}))),
    UpgradePath("migrations in a Job, on and off", (
        to({"migrations.enabled": True}), to(TAG | {"migrations.enabled": True}, APP), to(TAG),
    )),
    UpgradePath("migrations in the pods, on and off", (
        to({"migrations.enabled": True, "migrations.mode": "initContainer"}, APP), to({}, APP),
    )),
    UpgradePath("metrics off and on", (to({"config.features.metrics": False}, APP), to({}, APP))),
    UpgradePath("service account off and on", (to({"serviceAccount.create": False}, APP), to({}, APP))),
)  # fmt: skip

SETTINGS = (
    UpgradePath("a new image", (to(TAG, APP), to({"image.digest": "sha256:" + "5a" * 32}, APP))),
    UpgradePath("another log level and back", (to({"config.logLevel": "debug"}, APP), to({}, APP))),
    UpgradePath("more replicas", (
        to({"autoscaling.enabled": False, "replicaCount": 5}),
    ), first={"autoscaling.enabled": False}),
    UpgradePath("another strategy and back", (to({"strategy.type": "Recreate"}), to({}))),
    UpgradePath("other types of the Service and back", (
        to({"service.type": "NodePort"}), to({"service.type": "LoadBalancer"}), to({}),
    )),
    UpgradePath("a mirror for the images", (to({"global.imageRegistry": "mirror.example.com"}, ALL),)),
    UpgradePath("labels on everything and back", (to({"global.commonLabels": {"team": "x"}}, ALL), to({}, ALL))),
    UpgradePath("another environment", (to({"global.environment": "qa"}, APP),)),
    UpgradePath("mail", (
        to({"smtp.host": "mail.example.com", "secrets.smtpPassword": "of-the-mail"}, APP, changes=OWN_SECRET),
        to({"smtp.host": "mail.example.com"}),
    )),
    UpgradePath("a signing key of one's own", (to({"jwt.secret": "5" * 40}, APP, changes=OWN_SECRET), to({}))),
    UpgradePath("the database's password in a Secret of one's own", (
        to({"postgresql.auth.existingSecret": "mine"}, "app restarted, postgresql restarted"),
    ), first={"postgresql.auth.password": "p-1"}, secret=KEYS),
)  # fmt: skip

NAMES = (
    UpgradePath("the name that it has, said", (to({"fullnameOverride": NAME}), to({"nameOverride": NAME}))),
    UpgradePath("another full name", (
        refused({"fullnameOverride": "other"},
                "Keep the old name: --set fullnameOverride=llm-cost-ops", "postgresql.acceptRisk={new-volume}"),
    )),
    UpgradePath("another name", (
        refused({"nameOverride": "other"},
                "Keep the old name: --set nameOverride=llm-cost-ops", "postgresql.acceptRisk={new-volume}"),
    )),
    UpgradePath("another full name with the risk taken", (
        to({"fullnameOverride": "other", "postgresql.acceptRisk": ["new-volume"]},
           "app replaced, postgresql replaced, redis replaced"),
    )),
)  # fmt: skip

DATA = (
    UpgradePath("an external database", (
        refused(OUTSIDE, "postgresql.enabled is false, and this release keeps data in claim data-llm-cost-ops-postgresql-0",
                "Keep postgresql.enabled=true", "postgresql.acceptRisk={switch-off}"),
    ), secret=KEYS),
    UpgradePath("an external database with the risk taken, and back", (
        to(OUTSIDE | {"postgresql.acceptRisk": ["switch-off"]}, "app restarted, postgresql gone"),
        to({}, "app restarted, postgresql new"),
    ), secret=KEYS),
    UpgradePath("an external Redis and back", (
        to({"redis.enabled": False, "externalRedis.host": "cache.example.com"}, "app restarted, redis gone"),
        to({}, "app restarted, redis new"),
    )),
    UpgradePath("a Redis without a password and back", (
        to({"redis.auth.enabled": False}, "app restarted, redis restarted"), to({}, "app restarted, redis restarted"),
    )),
    UpgradePath("a Redis that is a store", (
        to({"redis.maxmemoryPolicy": "noeviction"}, "redis restarted"),
        refused({"redis.maxmemoryPolicy": "noeviction", "redis.enabled": False},
                "redis.enabled is false", "Keep redis.enabled=true", "redis.acceptRisk={switch-off}"),
    )),
    UpgradePath("TLS for the database on and off", (
        refused({"postgresql.tls.enabled": True}, "postgresql.tls.enabled is true without a certificate",
                "in postgresql.tls.existingSecret", "or set postgresql.tls.enabled=false"),
        to({"postgresql.tls.enabled": True, "postgresql.tls.existingSecret": "mine"},
           "app restarted, postgresql restarted"),
        to({}, "app restarted, postgresql restarted"),
    ), secret=("tls.crt=x", "tls.key=y")),
    UpgradePath("a larger volume", (
        refused({f"{VOLUME}.size": "200Gi"}, f"{VOLUME}.size=200Gi: the volume was made with 100Gi",
                "kubectl patch pvc data-llm-cost-ops-postgresql-0", f"Or keep {VOLUME}.size=100Gi"),
    )),
    UpgradePath("a smaller volume", (
        refused({f"{VOLUME}.size": "50Gi"}, f"{VOLUME}.size=50Gi", "no volume can shrink", f"Keep {VOLUME}.size=100Gi"),
    )),
    UpgradePath("a larger volume for Redis", (
        refused({"redis.master.persistence.size": "20Gi"}, "redis.master.persistence.size=20Gi",
                "kubectl patch pvc data-llm-cost-ops-redis-0", "Or keep redis.master.persistence.size=10Gi"),
    )),
    UpgradePath("another storage class", (
        refused({"global.storageClass": "fast"},
                f"{VOLUME}.storageClass (or global.storageClass) now gives another class", "a volume cannot move"),
    )),
    UpgradePath("other access modes", (
        refused({f"{VOLUME}.accessModes": ["ReadWriteOncePod"]}, f"{VOLUME}.accessModes", "put the old ones back"),
    )),
    UpgradePath("no volume any more", (
        refused({f"{VOLUME}.enabled": False}, f"{VOLUME}.enabled",
                "put back persistence.enabled=true without an existing claim", "postgresql.acceptRisk={new-volume}"),
    )),
    UpgradePath("the same size in other words", (to({f"{VOLUME}.size": "102400Mi"}),)),
    UpgradePath("a volume for Prometheus, on, off and on", (
        to({"prometheus.persistence.enabled": True}, "prometheus restarted"),
        to({}, "prometheus restarted"),
        to({"prometheus.persistence.enabled": True}, "prometheus restarted"),
    )),
    UpgradePath("a larger volume for Prometheus", (
        to({"prometheus.persistence.enabled": True, "prometheus.persistence.size": "20Gi"}),
    ), first={"prometheus.persistence.enabled": True}),
    UpgradePath("a smaller volume for backups", (
        refused({"backup.enabled": True, "backup.persistence.size": "50Gi"},
                "backup.persistence.size=50Gi", "no volume can shrink", "keep backup.persistence.size=100Gi"),
    ), first={"backup.enabled": True}),
    UpgradePath("another storage class for Grafana", (
        refused({"grafana.persistence.enabled": True, "grafana.persistence.storageClass": "fast"},
                "grafana.persistence.storageClass (or global.storageClass) now gives the class fast", "a volume cannot move"),
    ), first={"grafana.persistence.enabled": True}),
    UpgradePath("a smaller volume for Prometheus", (
        refused({"prometheus.persistence.enabled": True, "prometheus.persistence.size": "5Gi"},
                "prometheus.persistence.size=5Gi", "no volume can shrink", "keep prometheus.persistence.size=10Gi"),
    ), first={"prometheus.persistence.enabled": True}),
    UpgradePath("from the preset dev to prod", (
        refused(PRODUCTION, f"{VOLUME}.size=100Gi: the volume was made with 10Gi", f"Or keep {VOLUME}.size=10Gi"),
        to(PRODUCTION | {
            f"{VOLUME}.size": "10Gi", f"{VOLUME}.storageClass": "", "redis.master.persistence.size": "1Gi",
        }, ALL),
    ), first=read(CHART, "values-dev.yaml")),
)  # fmt: skip

VALUES = (
    UpgradePath("--reuse-values", (
        to(None, APP, options=("--reuse-values", *SET_TAG)),
    ), first={"config.logLevel": "warn"}),
    UpgradePath("--reset-then-reuse-values", (
        to(None, APP, options=("--reset-then-reuse-values", *SET_TAG)),
    ), first={"config.logLevel": "warn"}),
    UpgradePath("values that are not repeated", (
        to(None),
        refused(None, "postgresql.auth.username is postgres", "Keep postgresql.auth.username=costs", options=SET_TAG),
    ), first={"postgresql.auth.username": "costs"}),
    UpgradePath("a file with all values of an older chart", (
        to(OLDER_DEFAULTS | TAG, APP),
    ), first=OLDER_DEFAULTS),
    UpgradePath("null for what is not wanted", (
        to(NULLS, APP),
        to(NULLS | {"autoscaling.targetMemoryUtilizationPercentage": None, "podDisruptionBudget.minAvailable": None}),
    )),
    UpgradePath("null for a whole section", (
        refused({"networkPolicy": None}, "networkPolicy: null takes the chart's value away", "or leave this out of your values"),
    )),
)  # fmt: skip

MANAGERS = (
    UpgradePath("a rollback", (to(TAG, APP), to(None, APP, command=("rollback", NAME, "1")))),
    UpgradePath("an uninstall and an install", (
        to(None, ALL.replace("restarted", "gone"), command=("uninstall", NAME, "--wait")),
        to({}, ALL.replace("restarted", "new"), options=("--install",)),
    )),
    UpgradePath("below an umbrella chart and out again", (
        to({}, chart="umbrella"), to(TAG, APP, chart="umbrella"), to(TAG),
    )),
    UpgradePath("below an umbrella chart under an alias, with the old name", (
        to({"nameOverride": NAME}, chart="alias"),
    )),
    UpgradePath("below an umbrella chart under an alias", (
        refused({}, "Keep the old name", f"{ALIAS}.nameOverride=llm-cost-ops", f"{ALIAS}.postgresql.acceptRisk", chart="alias"),
    )),
    UpgradePath("from one helm to the other", (to({}), to(TAG, APP)), made="other helm"),
    UpgradePath("from kubectl apply, as Argo CD does it", (
        to(MINE, options=ADOPT, helm4=FORCE), to(MINE | TAG, APP, helm4=FORCE),
    ), first=MINE, secret=KEYS, made="apply"),
    UpgradePath("from kubectl apply with generated credentials, which are kept", (
        to({}, options=ADOPT, helm4=FORCE), to(TAG, APP, helm4=FORCE),
    ), made="apply"),
)  # fmt: skip

PATHS: Final = (*PARTS, *SETTINGS, *NAMES, *DATA, *VALUES, *MANAGERS)
