"""Rows of the table of checks: what a release leans on, who else works on it, images, insecure defaults."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.core.rules.placement_table import deployment
from wizard.core.kube.ingress import Classes
from wizard.core.rules import named as named_hosts
from wizard.core.rules.check import Absent, Unknown
from wizard.core.rules.facts import (
    BackupSeen,
    CertManager,
    IssuerSeen,
    MetricsApi,
    PullLogin,
    Release,
    Rendered,
    ServiceSeen,
    StorageClass,
    WaysSeen,
)
from wizard.core.target import Target

TARGET = Target("here", "ns", "rel")
AT = datetime(2026, 6, 1, tzinfo=UTC)
EBS = StorageClass("gp3", True, "ebs.csi.aws.com")
HERE = frozenset({"ebs.csi.aws.com"})


def ingress(name: str = "rel", address: str = "", cls: str | None = "nginx", **spec: Any) -> dict[str, Any]:
    status = {"loadBalancer": {"ingress": [{"ip": address}]}} if address else {}
    named = {"ingressClassName": cls} if cls else {}
    return {
        "kind": "Ingress",
        "metadata": {"name": name, "namespace": "ns"},
        "spec": {**named, **spec},
        "status": status,
    }


def behind(
    *live: dict[str, Any], running: Any = frozenset(), controller: str = "k8s.io/ingress-nginx"
) -> dict[str, Any]:
    ways = WaysSeen(live, Classes("", {"nginx": controller} if controller else {}))
    return {"rendered": Rendered((ingress(),)), "ways": ways, "controllers": running}


def claims(
    *classes: StorageClass, wants: str | None = None, drivers: frozenset[str] = frozenset(), **more: Any
) -> dict[str, Any]:
    spec = {**({"storageClassName": wants} if wants else {}), **more}
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "a"}, "spec": spec}
    return {"rendered": Rendered((claim,)), "storage_classes": classes, "csi_drivers": drivers}


def pod(name: str, ready: str, instance: str = "rel", phase: str = "Running") -> dict[str, Any]:
    meta = {"name": name, "labels": {"app.kubernetes.io/instance": instance}}
    return {
        "kind": "Pod",
        "metadata": meta,
        "spec": {},
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]},
    }


def before(*pods: dict[str, Any], revision: int = 3) -> dict[str, Any]:
    return {"release": Release(revision, "deployed"), "own_pods": pods, "target": TARGET}


def backed_up(hours: float | None = None, preset: str = "prod", *, suspended: bool = False) -> dict[str, Any]:
    when = None if hours is None else AT - timedelta(hours=hours)
    return {"backups": (BackupSeen("CronJob/rel-backup", when, suspended, AT),), "preset": preset}


def images(*names: str, preset: str = "") -> dict[str, Any]:
    containers = [{"name": f"c{number}", "image": name} for number, name in enumerate(names)]
    one = deployment()
    one["spec"]["template"]["spec"]["containers"] = containers
    return {"rendered": Rendered((one,)), "preset": preset}


def secret(key: str, value: str, **more: Any) -> dict[str, Any]:
    data = {key: base64.b64encode(value.encode()).decode()}
    return {"rendered": Rendered(({"kind": "Secret", "metadata": {"name": "s"}, "data": data, **more},)), "preset": ""}


def variable(name: str, value: str) -> dict[str, Any]:
    one = deployment()
    one["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": name, "value": value}]
    return {"rendered": Rendered((one,)), "preset": ""}


def asked(**more: Any) -> dict[str, Any]:
    one = IssuerSeen("Ingress/rel", "ClusterIssuer", "le", **{"there": True, "ready": True, **more})
    return {"cert_manager": CertManager(True, True, (one,))}


NGINX = Classes("", {"nginx": "k8s.io/ingress-nginx"})


def named(*addresses: str) -> dict[str, Any]:
    backend = {"service": {"name": "api", "port": {"number": 80}}}
    rules = [{"host": "a.test", "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]}}]
    there = WaysSeen((ingress("other", "10.0.0.1"), ingress("else", "10.0.0.5", cls="alb")), NGINX)
    return {"rendered": Rendered((ingress(rules=rules),)), "names": {"a.test": addresses}, "ways": there}


def pulls(image: str, *registries: str, wrong: str = "") -> dict[str, Any]:
    one = deployment()
    one["spec"]["template"]["spec"] |= {
        "imagePullSecrets": [{"name": "mine"}],
        "containers": [{"name": "c", "image": image}],
    }
    return {"rendered": Rendered((one,)), "pull_logins": {"mine": PullLogin(registries, wrong)}}


def budget(**spec: Any) -> dict[str, Any]:
    chosen = {"selector": {"matchLabels": {"app": "api"}}, **spec}
    one = {"kind": "PodDisruptionBudget", "metadata": {"name": "api"}, "spec": chosen}
    return {"rendered": Rendered((deployment(3), one))}


def wired(*pairs: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A container with these variables; Services by their name in lower case, those of namespace "other" as x_other."""
    env = [*pairs, *((name, value) for name, value in more.items() if not name.islower())]
    one = deployment()
    one["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": name, "value": value} for name, value in env]
    there = {name: given for name, given in more.items() if name.islower()}
    seen = {
        "/".join(name.split("_")[::-1]) if "_" in name else f"ns/{name}": given
        if given is None or isinstance(given, ServiceSeen)
        else ServiceSeen("ready", frozenset(given))
        for name, given in there.items()
    }
    wanted = {one.label: ServiceSeen("missing") for one in named_hosts.services((one,), TARGET.namespace)}
    return {"rendered": Rendered((one,)), "named_services": wanted | seen, "target": TARGET}


EMPTY = ServiceSeen("no endpoints", frozenset({6379}))
UNSEEN = ServiceSeen("hidden", permission="get services in other")
BY_KEY = {"env": [{"name": "REDIS_URL", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "REDIS_URL"}}}]}


def wired_by_map(url: str, **container: Any) -> dict[str, Any]:
    """A container whose variables are those of a ConfigMap of the release."""
    one = deployment()
    one["spec"]["template"]["spec"]["containers"][0] |= container or {"envFrom": [{"configMapRef": {"name": "conf"}}]}
    conf = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"name": "conf"}, "data": {"REDIS_URL": url}}
    return {**wired(), "rendered": Rendered((one, conf)), "named_services": {"other/cache": ServiceSeen("missing")}}


ROWS: list[tuple[str, Mapping[str, Any], str, str, str]] = [
    # A01 metrics API
    ("A01", {"metrics_api": MetricsApi(True, True)}, "pass", "the metrics API answers", ""),
    ("A01", {"metrics_api": MetricsApi(False)}, "warn", "no metrics API is installed: the autoscaler would not scale", "scaling"),
    ("A01", {"metrics_api": MetricsApi(True, False, "no endpoints")}, "warn", "no endpoints", "scaling"),
    ("A01", {"metrics_api": Absent("nothing is scaled by load")}, "skipped", "nothing", ""),
    # I02 ingress controller
    ("I02", behind(ingress("other", "10.0.0.1")), "pass", "1 Ingress of class nginx have an address", ""),
    ("I02", behind(running=frozenset({"ingress-nginx"})), "pass", "ingress-nginx runs, which serves class nginx", ""),
    ("I02", behind(ingress("other")), "warn", "ingress-nginx does not run and no Ingress of the class has an address", "ingress.class"),
    ("I02", behind(ingress("other", "10.0.0.1", cls="alb")), "warn", "nobody would serve it", "ingress.class"),
    ("I02", behind(controller="k8s.io/gce"), "pass", "class nginx is of k8s.io/gce that cannot be seen", ""),
    ("I02", behind(controller=""), "skipped", "waits for I01", ""),
    ("I02", behind(running=Unknown("eve may not list pods", "list pods")), "unknown", "may not list pods", ""),
    # I08, I09 cert-manager and issuers
    ("I08", asked(), "pass", "cert-manager runs", ""),
    ("I08", {"cert_manager": CertManager(True, None)}, "pass", "cert-manager is installed", ""),
    ("I08", {"cert_manager": CertManager(False)}, "fail", "cert-manager is not installed", "tls"),
    ("I08", {"cert_manager": CertManager(True, False)}, "warn", "no pod of it is ready", "tls"),
    ("I09", asked(), "pass", "ClusterIssuer le is ready", ""),
    ("I09", {"cert_manager": CertManager(True)}, "pass", "the release brings its issuer", ""),
    ("I09", asked(there=False), "fail", "Ingress/rel asks ClusterIssuer le, which is not there", "tls.issuer"),
    ("I09", asked(ready=False, message="no account"), "warn", "ClusterIssuer le is not ready: no account", "tls.issuer"),
    ("I09", {"cert_manager": CertManager(False)}, "skipped", "waits for I08", ""),
    # S03 disk drivers
    ("S03", claims(EBS, drivers=frozenset({"ebs.csi.aws.com"})), "pass", "drivers of the classes are there", ""),
    ("S03", claims(EBS, drivers=HERE, accessModes=["ReadWriteMany"]), "warn", "asks for ReadWriteMany, which driver ebs.csi.aws.com of class gp3 does not make", "database.class"),
    ("S03", claims(EBS, drivers=HERE, accessModes=["ReadWriteMany"], volumeMode="Block"), "pass", "drivers", ""),
    ("S03", claims(EBS), "warn", "class gp3 is there, but its driver ebs.csi.aws.com is not", "database.class"),
    ("S03", claims(StorageClass("gp2", True, "kubernetes.io/aws-ebs")), "warn", "its driver ebs.csi.aws.com is not", "database.class"),
    ("S03", claims(EBS, StorageClass("local", False, "rancher.io/local-path"), wants="local"), "pass", "drivers", ""),
    # N04 GitOps
    ("N04", {"owner": ""}, "pass", "no GitOps controller", ""),
    ("N04", {"owner": "Flux HelmRelease shop/rel"}, "warn", "Flux HelmRelease shop/rel manages it", "release"),
    ("N04", {"owner": Absent("this is an install")}, "skipped", "install", ""),
    # U07 health before the upgrade
    ("U07", before(pod("a", "True"), pod("b", "True")), "pass", "2 of 2 pods are ready", ""),
    ("U07", before(pod("a", "True"), pod("b", "False")), "warn", "1 of 2 pods are not ready: b", ""),
    ("U07", before(pod("a", "True"), pod("x", "False", "other"), pod("job", "False", phase="Succeeded")), "pass", "1 of 1", ""),
    ("U07", before(revision=0), "skipped", "install", ""),
    # U09 backup before the upgrade
    ("U09", backed_up(9), "pass", "CronJob/rel-backup went well 9 h ago", ""),
    ("U09", backed_up(80), "warn", "is 3 days old", ""),
    ("U09", backed_up(None, suspended=True), "warn", "CronJob/rel-backup never went well and is suspended", ""),
    ("U09", {"backups": (), "preset": "prod"}, "warn", "no backup by this chart", ""),
    ("U09", {"backups": (), "preset": "dev"}, "pass", "no backup by this chart", ""),
    # M03, M06 images
    ("M03", images("ghcr.io/acme/api:1.2", "docker.io/library/postgres:16"), "pass", "2 images", ""),
    ("M03", images("docker.io/bitnami/postgresql:16.1.0"), "fail", "Bitnami took its versioned images", ""),
    ("M03", images("bitnami/redis:7"), "fail", "Deployment/api runs bitnami/redis:7", ""),
    ("M03", images("docker.io/bitnamilegacy/redis:7", "ghcr.io/x/bitnami/redis:7"), "pass", "none at a registry", ""),
    ("M03", images("k8s.gcr.io/pause:3"), "fail", "frozen since 2023", ""),
    ("M06", images("ghcr.io/acme/api:1.2", preset="prod"), "pass", "version or digest", ""),
    ("M06", images("ghcr.io/acme/api:latest", preset="prod"), "warn", "may run different ones under tag latest", "image"),
    ("M06", images("localhost:5000/api", preset="prod"), "warn", "under no tag", "image"),
    ("M06", images("api:latest@sha256:0f", preset="prod"), "pass", "version or digest", ""),
    ("M06", images("api:latest", preset="dev"), "pass", "tag latest", ""),
    # M04 pull secrets
    ("M04", pulls("ghcr.io/acme/api:1", "ghcr.io"), "pass", "mine has a login", ""),
    ("M04", pulls("ghcr.io/acme/api:1", "https://ghcr.io/v1/", "quay.io"), "pass", "mine has a login", ""),
    ("M04", pulls("ghcr.io/acme/api:1", "ghcr.io/acme"), "pass", "mine has a login", ""),
    ("M04", pulls("ghcr.io/acme/api:1", "ghcr.io/other"), "warn", "Secret mine has no login for ghcr.io; it names ghcr.io/other", "image.pullSecret"),
    ("M04", pulls("acme/api:1", "https://index.docker.io/v1/"), "pass", "mine has a login", ""),
    ("M04", pulls("a.b.registry.test/api", "*.b.registry.test"), "pass", "mine has a login", ""),
    ("M04", pulls("a.b.registry.test/api", "*.registry.test"), "warn", "no login for a.b.registry.test", "image.pullSecret"),
    ("M04", pulls("localhost:5000/api", "localhost:5000"), "pass", "mine has a login", ""),
    ("M04", pulls("ghcr.io/acme/api:1", wrong="is no list of registry logins"), "warn", "Secret mine is no list", "image.pullSecret"),
    ("M04", {"rendered": Rendered(()), "pull_logins": Absent("no pull secret is named")}, "skipped", "no pull secret", ""),
    # I06 DNS
    ("I06", named("10.0.0.1"), "pass", "a.test is 10.0.0.1, where its class is", ""),
    ("I06", named("10.0.0.9"), "warn", "a.test is 10.0.0.9, where no Ingress of its class is; they are at 10.0.0.1", "host"),
    ("I06", named(), "pass", "a.test does not resolve yet; the record to make: a.test -> 10.0.0.1", ""),
    ("I06", {**named(), "names": {"a.test": None}}, "pass", "DNS does not answer from here", ""),
    ("I06", {**named("10.0.0.9"), "ways": WaysSeen((), NGINX)}, "pass", "a.test is 10.0.0.9", ""),
    ("I06", {**named(), "names": Absent("no host is named")}, "skipped", "no host", ""),
    # C05 disruption budgets
    ("C05", budget(minAvailable=2), "pass", "lets a pod be moved", ""),
    ("C05", budget(minAvailable=3), "warn", "PodDisruptionBudget/api wants 3 of 3 pods to stay", "replicas"),
    ("C05", budget(minAvailable="70%"), "warn", "3 of 3", "replicas"),
    ("C05", budget(minAvailable="60%"), "pass", "lets a pod", ""),
    ("C05", budget(maxUnavailable=0), "warn", "3 of 3", "replicas"),
    ("C05", budget(maxUnavailable="1%"), "pass", "lets a pod", ""),
    ("C05", budget(selector={"matchLabels": {"app": "other"}}, minAvailable=1), "pass", "lets a pod", ""),
    # W12 values that nothing reads
    ("W12", {"unread": ()}, "pass", "has every value that is given", ""),
    ("W12", {"unread": (("replicas", "replicaCount"), ("x.y", ""))}, "warn", "replicas is no value of the chart; did you mean replicaCount?", ""),
    ("W12", {"unread": Absent("waits for W10")}, "skipped", "waits for W10", ""),
    # W13, W14, W15 variables and the Services that they name
    ("W13", wired(A="1", B="2"), "pass", "every variable is given once", ""),
    ("W13", wired(("A", "1"), ("A", "2")), "warn", "Deployment/api c: A is given 2 times, the last one counts", ""),
    ("W14", wired(A="1", B="x$(A)"), "pass", "stands before it", ""),
    ("W14", wired(B="x$(A)", A="1"), "fail", "B has $(A), which stands after it: it would stay as it is written", ""),
    ("W14", wired(B="x$(GONE)"), "fail", "B has $(GONE), which is not there", ""),
    ("W14", wired(B="x$$(GONE) and $(REDIS_SERVICE_HOST) or $(two words)"), "pass", "stands before it", ""),
    ("W15", wired(A="redis://:$(PW)@cache:6379/0", cache={6379}), "pass", "1 named Services are there", ""),
    ("W15", wired(A="redis://cache:6379"), "warn", "A names cache, and there is no Service of that name", ""),
    ("W15", wired(A="redis://cache:6380", cache={6379}), "warn", "A names cache:6380, and Service cache has 6379", ""),
    ("W15", wired(DB_HOST="db.ns.svc.cluster.local", db={5432}), "pass", "1 named", ""),
    ("W15", wired(A="https://api.example.com/x", B="http://127.0.0.1:8080", C="https://api.other/x", MODE="fast"), "pass", "no variable names a Service", ""),
    ("W15", wired(DB_HOST="db.other.svc", db_other={5432}), "pass", "1 named", ""),
    ("W15", wired(DB_HOST="db.other.svc"), "warn", "DB_HOST names db.other.svc, and there is no Service other/db", ""),
    ("W15", wired(A="tcp://db.other.svc:1", db_other={5432}), "warn", "db.other.svc:1, and Service other/db has 5432", ""),
    ("W15", wired(A="redis://c-0.cache.other.svc.cluster.local:6379", cache_other=EMPTY), "warn", "Service other/cache has no ready endpoints: nothing answers there", ""),
    ("W15", wired(A="redis://cache:6379", cache=EMPTY), "warn", "Service cache has no ready endpoints", ""),
    ("W15", wired(A="redis://cache.other.svc", cache_other=ServiceSeen("another name")), "pass", "1 named", ""),
    ("W15", wired(A="redis://cache.other.svc", cache_other=UNSEEN), "unknown", "Service other/cache is named, and hidden", ""),
    ("W15", wired(A="redis://cache.other.svc", B="http://web", cache_other=UNSEEN), "warn", "names web, and there is no Service", ""),
    ("W15", wired_by_map("redis://cache.other.svc"), "warn", "REDIS_URL names cache.other.svc, and there is no Service other/cache", "cache.host"),
    ("W15", wired_by_map("redis://cache.other.svc", **BY_KEY), "warn", "REDIS_URL names cache.other.svc, and there is no Service other/cache", "cache.host"),
    ("W15", wired(A="redis://cache.other.svc", B="http://web", cache_other=None, web={80}), "unknown", "Service other/cache is named, and was not looked at", ""),
    ("W15", wired(A="redis://cache.other.svc", B="http://web", cache_other=None, web=EMPTY), "warn", "Service web has no ready endpoints", ""),
    ("W15", {**wired(A="redis://cache:6379"), "named_services": {}}, "pass", "no variable names a Service", ""),
    # W16 insecure defaults
    ("W16", secret("password", "x7Jq81kd0Lm"), "pass", "no password of a manual", ""),
    ("W16", secret("postgres-password", "ChangeMe"), "fail", "Secret/s has a well-known password under postgres-password", ""),
    ("W16", secret("user", "postgres"), "pass", "no password", ""),
    ("W16", variable("DB_PASSWORD", "postgres"), "fail", "Deployment/api has a well-known password in DB_PASSWORD", ""),
    ("W16", {"rendered": Rendered((ingress(rules=[{"host": "a.test"}]),)), "preset": "prod"}, "warn", "Ingress/rel has no TLS", "tls"),
    ("W16", {"rendered": Rendered((ingress(rules=[{"host": "a.test"}]),)), "preset": "dev"}, "pass", "no password", ""),
    ("W16", {"rendered": Rendered((ingress(rules=[{"host": "a.test"}], tls=[{}]),)), "preset": "prod"}, "pass", "no password", ""),
]  # fmt: skip
