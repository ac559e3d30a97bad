"""One table for each check: facts in, state, words and the question that leads back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.core.rules.tables import TABLES
from wizard.core.answers.questions import QUESTIONS
from wizard.core.errors import Problem
from wizard.core.kube.ingress import Classes
from wizard.core.kube.kubeconfig import Context, Kubeconfig
from wizard.core.rules.check import Absent, CheckResult, FactFailure, Unknown, all_checks
from wizard.core.rules.facts import (
    CertificateSeen,
    ChartFound,
    DryRun,
    HelmFound,
    HelmSees,
    Identity,
    KeptData,
    LeaksSeen,
    LeaseSeen,
    NamedClass,
    Namespace,
    Owned,
    Refused,
    Release,
    Rendered,
    Right,
    SecretSeen,
    SecretUse,
    Server,
    StorageClass,
    WaysSeen,
)
from wizard.core.target import Target
from wizard.core.text.leaks import Leak
from wizard.core.text.redaction import hide
from wizard.core.text.secrets import Secret
from wizard.core.tls.chain import Certificate, Chain
from wizard.engine.preflight.collectors import COLLECTORS

TARGET = Target("here", "ns", "rel")
SERVER = Server("v1.36.3", 20)
CONFIG = Kubeconfig(("~/.kube/config",), (Context("here", "https://x", "me", ""),), "here")


def at(server: str, *, unverified: bool = False, problem: Problem | None = None) -> Kubeconfig:
    """A kubeconfig whose context is that server's."""
    return Kubeconfig(("config",), (Context("here", server, "me", "", unverified, problem=problem),), "here")


CHART = ChartFound("/chart", "llm-cost-ops", "1.0.0", ">=1.28.0-0")


def claim(storage_class: str | None, name: str = "postgresql") -> dict[str, Any]:
    spec = {} if storage_class is None else {"storageClassName": storage_class}
    return {"kind": "StatefulSet", "metadata": {"name": name}, "spec": {"volumeClaimTemplates": [{"spec": spec}]}}


def ingress(class_name: str | None) -> dict[str, Any]:
    spec = {} if class_name is None else {"ingressClassName": class_name}
    return {"kind": "Ingress", "metadata": {"name": "rel"}, "spec": spec}


STANDARD, FAST = StorageClass("standard", True), StorageClass("fast-ssd", False)
NGINX = NamedClass("nginx", False, "k8s.io/ingress-nginx")
FOREIGN = ChartFound("/cache/1.tgz", "shop", "1.2.3", "", "acme/shop")
USE = SecretUse("mine-credentials", ("jwt-secret",), "Deployment/rel", "secret.jwt.name")

LEAK = Leak("jwt-secret of Secret rel-app-credentials", "revision 3 of helm's records: values at env[0].value")
SEEN = SecretSeen(USE, True, ("jwt-secret", "KEY"))
AT = datetime(2026, 6, 1, tzinfo=UTC)


def with_value(role: str, text: str) -> dict[str, Any]:
    """A Secret whose key KEY has that role and value."""
    use = replace(USE, roles=(("KEY", role),))
    return {"secrets": (replace(SEEN, use=use, values={"KEY": Secret(text)}),), "chart": CHART, "target": TARGET}


def certificate(**changes: Any) -> dict[str, Any]:
    """The certificate of an Ingress for a.test, good but for the changes."""
    begins, ends = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)
    leaf = replace(
        Certificate("a", "An Authority", ("a.test",), begins, ends, "EC", rooted=True, fingerprint="1"), **changes
    )
    return {"certificates": (CertificateSeen("Secret tls", ("a.test",), AT, Chain((leaf,)), None, "tls.secret"),)}


def seen(revision: int | None, theirs: str) -> HelmSees:
    """Helm sees that uid of kube-system, the wizard sees u1."""
    return HelmSees(revision, (), "namespace kube-system", "u1", theirs)


def way(namespace: str = "ns", name: str = "rel", *, age: int = 0, release: str = "", **spec: Any) -> dict[str, Any]:
    """An Ingress for a.test/, or an HTTPRoute when it has parentRefs, as the API server gives it."""
    made = (AT + timedelta(days=age)).strftime("%Y-%m-%dT%H:%M:%SZ")
    notes = spec.pop("notes", {})
    if release:
        notes |= {"meta.helm.sh/release-name": release, "meta.helm.sh/release-namespace": namespace}
    backend = {"service": {"name": name, "port": {"name": "http"}}}
    paths = [{"path": spec.pop("path", "/"), "pathType": "Prefix", "backend": backend}]
    rules = [{"host": spec.pop("host", "a.test"), "http": {"paths": paths}}]
    kind = "HTTPRoute" if "parentRefs" in spec else "Ingress"
    return {
        "kind": kind,
        "metadata": {"namespace": namespace, "name": name, "uid": f"{namespace}/{name}", "creationTimestamp": made, "annotations": notes},
        "spec": spec if kind == "HTTPRoute" else {"ingressClassName": "nginx", "rules": rules, **spec},
    }  # fmt: skip


def gateway(*hosts: str, path: str = "/", **match: Any) -> dict[str, Any]:
    """The spec of an HTTPRoute at one Gateway."""
    matches = [{"path": {"type": "PathPrefix", "value": path}, **match}]
    return {
        "parentRefs": [{"namespace": "edge", "name": "gw"}],
        "hostnames": list(hosts),
        "rules": [{"matches": matches}],
    }


def ways(mine: dict[str, Any], *there: dict[str, Any], controller: str = "k8s.io/ingress-nginx") -> dict[str, Any]:
    """A rendered way in, and those of the cluster."""
    rendered = {
        **mine,
        "metadata": {key: value for key, value in mine["metadata"].items() if key in ("name", "annotations")},
    }
    classes = Classes("nginx", {"nginx": controller, "other": "example.com/other"})
    return {"rendered": Rendered((rendered,)), "ways": WaysSeen(there, classes), "target": TARGET}


Row = tuple[str, Mapping[str, Any], str, str, str]
TABLE: list[Row] = [
    # W01 helm
    ("W01", {"helm": HelmFound("/bin/helm", "4.2.4")}, "pass", "helm 4.2.4 at /bin/helm", ""),
    ("W01", {"helm": HelmFound("/bin/helm", "4.1.3")}, "warn", "security fixes came with 4.1.4", ""),
    ("W01", {"helm": HelmFound("/bin/helm", "3.20.1")}, "warn", "security fixes came with 3.20.2", ""),
    ("W01", {"helm": HelmFound("/bin/helm", "4.1.4-rc.1")}, "warn", "security fixes came with 4.1.4", ""),
    ("W01", {"helm": HelmFound("/bin/helm", "5.0.0")}, "pass", "helm 5.0.0", ""),
    ("W01", {"helm": FactFailure("W01", "There is no helm on PATH.", "Install it.")}, "fail", "no helm on PATH", ""),
    # W03 kubeconfig
    ("W03", {"kubeconfig": CONFIG, "target": TARGET}, "pass", "context here: https://x as me", ""),
    ("W03", {"kubeconfig": CONFIG, "target": Target("gone", "ns")}, "fail", 'no context "gone"', "context"),
    (
        "W03",
        {"kubeconfig": Kubeconfig((), (), "", Problem("There is no kubeconfig.", "Give one.")), "target": TARGET},
        "fail", "There is no kubeconfig", "context",
    ),
    (
        "W03",
        {"kubeconfig": Kubeconfig((), CONFIG.contexts, "", Problem("No current context.", "")), "target": TARGET},
        "pass", "context here", "",
    ),
    ("W03", {"kubeconfig": at("https://x", problem=Problem("Two users.", "Remove one.")), "target": TARGET}, "fail", "Two users.", "context"),
    ("W03", {"kubeconfig": at("https://x", unverified=True), "target": TARGET}, "warn", "is not verified", "context"),
    ("W03", {"kubeconfig": at("http://x"), "target": TARGET}, "warn", "is not encrypted", "context"),
    ("W03", {"kubeconfig": replace(CONFIG, open_to_others=("/k",)), "target": TARGET}, "warn", "can read /k", ""),
    # W04 login
    ("W04", {"identity": Identity("jane", ("ops", "system:authenticated"))}, "pass", "you are jane in ops", ""),
    ("W04", {"identity": FactFailure("W04", "Your token expired.", "", "expired", "context")}, "fail", "expired", "context"),
    ("W04", {"identity": Identity("system:anonymous")}, "fail", "no credentials", "context"),
    ("W04", {"identity": Absent("waits for W05")}, "skipped", "waits for W05", ""),
    ("W04", {"identity": Unknown("too old")}, "unknown", "too old", ""),
    # W05 API server: every trouble keeps its own words
    ("W05", {"server": SERVER}, "pass", "Kubernetes v1.36.3 answers in 20 ms", ""),
    ("W05", {"server": Server("v1.36.3", 2500)}, "warn", "2500 ms", ""),
    ("W05", {"server": FactFailure("W05", "x refuses the connection.", "", "refused", "context")}, "fail", "refuses", "context"),
    ("W05", {"server": FactFailure("W04", "expired", "", "expired")}, "skipped", "waits for W04", ""),
    # W06 helm reaches the same cluster
    ("W06", {"helm_sees": seen(0, "u1"), "release": Release(), "target": TARGET}, "pass", "no release of that name", ""),
    ("W06", {"helm_sees": seen(3, "u1"), "release": Release(3, "deployed"), "target": TARGET}, "pass", "shows revision 3", ""),
    ("W06", {"helm_sees": seen(None, "u1"), "release": Release(3, "deployed"), "target": TARGET}, "pass", "is u1 for both", ""),
    ("W06", {"helm_sees": seen(None, "u2"), "release": Release(3, "deployed"), "target": TARGET}, "fail", "two clusters", "context"),
    ("W06", {"helm_sees": HelmSees(0), "release": Release(), "target": TARGET}, "unknown", "nothing that tells clusters", ""),
    ("W06", {"helm_sees": seen(0, "u2"), "release": Release(), "target": TARGET}, "fail", "two clusters", "context"),
    ("W06", {"helm_sees": seen(0, ""), "release": Release(), "target": TARGET}, "fail", "not there for helm", "context"),
    (
        "W06",
        {"helm_sees": HelmSees(None, ("HELM_KUBEASUSER", "HELM_KUBETOKEN")), "release": Release(), "target": TARGET},
        "fail", "HELM_KUBEASUSER, HELM_KUBETOKEN differ from the kubeconfig", "context",
    ),
    (
        "W06",
        {"helm_sees": HelmSees(0), "release": Release(3, "deployed"), "target": TARGET},
        "fail", "helm sees revision none of rel, we see 3", "context",
    ),
    (
        "W06",
        {"helm_sees": FactFailure("W06", "helm list failed: proxyconnect"), "release": Release(), "target": TARGET},
        "fail", "proxyconnect", "",
    ),
    # W08 chart
    ("W08", {"chart": CHART, "kubernetes": SERVER}, "pass", "wants Kubernetes >=1.28.0-0, this is v1.36.3", ""),
    ("W08", {"chart": CHART, "kubernetes": Server("v1.27.9-eks-1", 1)}, "fail", "this is v1.27.9-eks-1", "context"),
    ("W08", {"chart": CHART, "kubernetes": Server("v1.36.3-eks-1", 1)}, "pass", "this is v1.36.3-eks-1", ""),
    (
        "W08", {"chart": ChartFound("/c", "x", "1", ">=1.28"), "kubernetes": Server("v1.36.3-eks-1", 1)},
        "fail", "wants Kubernetes >=1.28, this is v1.36.3-eks-1", "context",
    ),
    ("W08", {"chart": FOREIGN, "kubernetes": SERVER}, "pass", "shop 1.2.3 at acme/shop", ""),
    ("W08", {"chart": CHART, "kubernetes": Server("main", 1)}, "pass", "helm itself will judge", ""),
    ("W08", {"chart": ChartFound("/c", "x", "1", "weird!"), "kubernetes": SERVER}, "pass", "helm itself will judge", ""),
    ("W08", {"chart": CHART, "kubernetes": None}, "pass", "llm-cost-ops 1.0.0", ""),
    ("W08", {"chart": FactFailure("W08", "/nope is not a chart."), "kubernetes": SERVER}, "fail", "/nope is not a chart", ""),
    # W10 values and templates
    ("W10", {"rendered": Rendered((claim(None), ingress("x")))}, "pass", "2 objects of 2 kinds", ""),
    (
        "W10",
        {"rendered": FactFailure("W10", "helm template failed:\n- at '/replicaCount': got string", question="replicas")},
        "fail", "at '/replicaCount': got string", "replicas",
    ),
    # R01 namespace
    ("R01", {"namespace": Namespace("ns", "active")}, "pass", "ns is there", ""),
    ("R01", {"namespace": Namespace("ns", "missing", True)}, "pass", "the run makes it", ""),
    ("R01", {"namespace": Namespace("ns", "missing", False)}, "fail", "you may not create it", "namespace"),
    (
        "R01",
        {"namespace": Namespace("ns", "terminating", blocked_by=("Some content has finalizers: x",))},
        "fail", "Some content has finalizers", "namespace",
    ),
    ("R01", {"namespace": Unknown("eve may not get namespaces", "get namespaces")}, "unknown", "may not get", ""),
    # R02, R04, R05 rights
    ("R02", {"rights": (Right("create", "Deployment", True),), "target": TARGET}, "pass", "1 right on 1 kind, all", ""),
    (
        "R02",
        {"rights": (Right("create", "Job", False), Right("patch", "Job", False)), "target": TARGET},
        "fail", "not allowed: Job: create, patch", "namespace",
    ),
    ("R04", {"record_rights": (Right("list", "Secret", True),), "target": TARGET}, "pass", "Secrets", ""),
    ("R04", {"record_rights": (Right("list", "Secret", False),), "target": TARGET}, "fail", "Secret: list", "namespace"),
    ("R04", {"record_rights": Absent("HELM_DRIVER is sql"), "target": TARGET}, "skipped", "sql", ""),
    ("R05", {"sight": (Right("get", "Pod/log", True),), "target": TARGET}, "pass", "can be followed", ""),
    ("R05", {"sight": (Right("get", "Pod/log", False),), "target": TARGET}, "warn", "will not be seen: Pod/log", ""),
    # R07 dry run
    ("R07", {"dry_run": DryRun(20, (), "create")}, "pass", "20 of 20 objects accepted (create)", ""),
    (
        "R07",
        {"dry_run": DryRun(2, (Refused("Deployment", "rel", ("spec.selector: field is immutable",)),), "apply")},
        "fail", "Deployment/rel: spec.selector: field is immutable", "",
    ),
    ("R07", {"dry_run": DryRun(2, (), "create", ("eve may not create jobs.batch",))}, "unknown", "jobs.batch", ""),
    (
        "R07", {"dry_run": DryRun(2, (), "apply", taken=("Deployment/api: spec.replicas is taken over from kubectl",))},
        "pass", "spec.replicas is taken over from kubectl", "",
    ),
    ("R07", {"dry_run": Absent("namespace not there yet")}, "skipped", "namespace not there yet", ""),
    # W19 logout
    ("W19", {"logout": ("", "")}, "pass", "goes on when you log out", ""),
    ("W19", {"logout": ("systemd ends your processes", "enable-linger")}, "warn", "systemd ends your processes", ""),
    # N01 release name
    ("N01", {"release": Release(), "target": TARGET}, "pass", "rel is free", ""),
    ("N01", {"release": Release(2, "deployed", others=("other",)), "target": TARGET}, "pass", "also in ns: other", ""),
    ("N01", {"release": Release(), "target": Target("here", "ns", "Bad_Name")}, "fail", "lower-case", "release"),
    # N02 release state
    ("N02", {"release": Release(), "target": TARGET}, "pass", "this is an install", ""),
    ("N02", {"release": Release(2, "deployed", "2026-01-01T00:00:00Z"), "target": TARGET}, "pass", "an upgrade", ""),
    ("N02", {"release": Release(1, "failed"), "target": TARGET}, "pass", "an upgrade repairs a failed release", ""),
    (
        "N02",
        {"release": Release(1, "pending-install", refused=("rel is pending-install", "helm uninstall rel")), "target": TARGET},
        "fail", "rel is pending-install", "release",
    ),
    # N03 objects of others
    ("N03", {"owners": (), "target": TARGET}, "pass", "no object of the same name", ""),
    ("N03", {"owners": (Owned("Service", "rel", "release a in namespace b"),), "target": TARGET}, "fail", "release a", "release"),
    # N09 wizards on other machines
    ("K03", {"leaks": LeaksSeen((), 5, 2), "target": TARGET}, "pass", "5 secrets are in none of 2 revisions", ""),
    ("K03", {"leaks": LeaksSeen((), 0, 2), "target": TARGET}, "pass", "no secret that could be looked for", ""),
    ("K03", {"leaks": LeaksSeen((LEAK,), 5, 2), "target": TARGET}, "warn", "jwt-secret of Secret rel-app-credentials is in revision 3", ""),
    ("K03", {"leaks": LeaksSeen((LEAK,), 5, 2, ("Job",)), "target": TARGET}, "warn", "values at env[0].value", ""),
    ("K03", {"leaks": LeaksSeen((), 5, 2, ("rel-login", "Job")), "target": TARGET}, "unknown", "rel-login, Job", ""),
    ("K03", {"leaks": Absent("this is an install"), "target": TARGET}, "skipped", "this is an install", ""),
    ("N09", {"lease": LeaseSeen(""), "target": TARGET}, "pass", "no wizard on another machine", ""),
    ("N09", {"lease": LeaseSeen("eve@laptop (run 7f3a)"), "target": TARGET}, "fail", "eve@laptop (run 7f3a) is at work", "release"),
    ("N09", {"lease": LeaseSeen("", ("create",)), "target": TARGET}, "warn", "you may not create leases here", ""),
    ("N09", {"lease": Absent("namespace not there yet"), "target": TARGET}, "skipped", "not there yet", ""),
    # S01, S02 storage classes
    ("S01", {"rendered": Rendered((claim("fast-ssd"),)), "named_storage": (STANDARD, FAST)}, "pass", "fast-ssd is here", ""),
    (
        "S01",
        {"rendered": Rendered((claim("gone"),)), "named_storage": (STANDARD,)},
        "fail", "wants storage class gone, which is not here", "database.class",
    ),
    ("S01", {"rendered": Rendered((claim("gone", "redis"),)), "named_storage": ()}, "fail", "redis", ""),
    ("S01", {"rendered": Rendered((claim(None),)), "named_storage": Absent("no claim names one")}, "skipped", "no claim", ""),
    ("S02", {"rendered": Rendered((claim(None),)), "storage_classes": (STANDARD, FAST)}, "pass", "standard", ""),
    ("S02", {"rendered": Rendered((claim("fast-ssd"),)), "storage_classes": ()}, "pass", "every claim names", ""),
    ("S02", {"rendered": Rendered((claim(None),)), "storage_classes": (FAST,)}, "warn", "wait for ever", "database.class"),
    (
        "S02",
        {"rendered": Rendered((claim(None),)), "storage_classes": (STANDARD, StorageClass("b", True))},
        "warn", "several are default: standard, b", "database.class",
    ),
    # I01 ingress class
    ("I01", {"rendered": Rendered((ingress("nginx"),)), "ingress_classes": (NGINX,)}, "pass", "nginx is here", ""),
    ("I01", {"rendered": Rendered((ingress("alb"),)), "ingress_classes": (NGINX,)}, "fail", "alb, which is not", "ingress.class"),
    ("I01", {"rendered": Rendered((ingress("alb"),)), "ingress_classes": ()}, "fail", "alb, which is not", "expose"),
    ("I01", {"rendered": Rendered((ingress(None),)), "ingress_classes": (NGINX,)}, "fail", "no default", "ingress.class"),
    (
        "I01",
        {"rendered": Rendered((ingress(None),)), "ingress_classes": (NamedClass("nginx", True),)},
        "pass", "the default is here", "",
    ),
    ("I01", {"rendered": Rendered(()), "ingress_classes": Absent("no Ingress is installed")}, "skipped", "no Ingress", ""),
    # I05 host and path
    ("I05", ways(way()), "pass", "nobody else has a.test", ""),
    ("I05", ways(way(), way("team-b", "web")), "fail", "Ingress/web in namespace team-b has a.test/ too: it came first", "host"),
    ("I05", ways(way(), way("team-b", "web"), controller="traefik.io/ingress-controller"), "warn", "not certain which", "host"),
    ("I05", ways(way(), way("team-b", "web", ingressClassName="other")), "warn", "not certain which", "host"),
    ("I05", ways(way(ingressClassName=None), way("team-b", "web")), "fail", "it came first", "host"),
    ("I05", ways(way(), way("team-b", "rel", release="rel")), "fail", "Ingress/rel in namespace team-b", "host"),
    ("I05", ways(way(), way("ns", "web", release="web")), "fail", "Ingress/web in namespace ns", "host"),
    ("I05", ways(way(), way("team-b", "web", host="b.test")), "pass", "nobody else", ""),
    ("I05", ways(way(), way("team-b", "web", path="/api")), "pass", "nobody else", ""),
    ("I05", ways(way(), way(), way("team-b", "web", age=1)), "pass", "nobody else", ""),
    ("I05", ways(way(), way(age=1), way("team-b", "web")), "fail", "it came first", "host"),
    ("I05", ways(way(), way("ns", "old-name", release="rel")), "pass", "nobody else", ""),
    ("I05", ways(way(), way("team-b", "web", notes={"nginx.ingress.kubernetes.io/canary": "true"})), "pass", "nobody else", ""),
    ("I05", ways(way(**gateway("a.test")), way("team-b", "web", **gateway("a.test"))), "fail", "has a.test/ at Gateway edge/gw too: it came first", "host"),
    ("I05", ways(way(**gateway("a.test", "b.test")), way("team-b", "web", **gateway("b.test"))), "fail", "has b.test/", "host"),
    ("I05", ways(way(**gateway("a.test")), way("team-b", "web", **gateway("a.test", path="/api"))), "pass", "nobody else has a.test", ""),
    ("I05", ways(way(**gateway("a.test")), way("team-b", "web", **gateway("a.test", method="GET"))), "pass", "nobody else", ""),
    ("I05", ways(way(**gateway("a.test")), way(**gateway("a.test")), way("team-b", "web", age=1, **gateway("a.test"))), "pass", "nobody else", ""),
    ("I05", {"rendered": Rendered(()), "ways": Absent("no Ingress or HTTPRoute is installed"), "target": TARGET}, "skipped", "no Ingress", ""),
    # K02 existing Secrets
    ("K02", {"secrets": (), "chart": CHART, "target": TARGET}, "pass", "the run makes every Secret", ""),
    ("K02", {"secrets": (SecretSeen(USE, True, ("jwt-secret",)),), "chart": CHART, "target": TARGET}, "pass", "mine-credentials has jwt-secret", ""),
    ("K02", {"secrets": (SecretSeen(USE, False),), "chart": CHART, "target": TARGET}, "fail", "is not in namespace ns", "secret.jwt.name"),
    (
        "K02",
        {"secrets": (SecretSeen(USE, True, ("other",)),), "chart": CHART, "target": TARGET},
        "fail", "has no key jwt-secret, which Deployment/rel needs; its keys: other", "secret.jwt.name",
    ),
    (
        "K02",
        {"secrets": (SecretSeen(USE, True, ("jwt-secret",), ("jwt-secret",)),), "chart": CHART, "target": TARGET},
        "fail", "jwt-secret of Secret mine-credentials is empty", "secret.jwt.name",
    ),
    ("K02", with_value("jwt", "12345"), "fail", "KEY of Secret mine-credentials has 5 characters; the chart asks for 32", "secret.jwt.name"),
    ("K02", with_value("jwt", "x" * 32), "pass", "mine-credentials has jwt-secret", ""),
    ("K02", with_value("grafana", "${HOME}"), "fail", "which Grafana would replace", "secret.jwt.name"),
    ("K02", with_value("postgres-url", "p@ss/w:rd"), "fail", "KEY of Secret mine-credentials breaks the URL", "secret.jwt.name"),
    ("K02", with_value("redis-url", "p%40ss"), "pass", "mine-credentials has jwt-secret", ""),
    (
        "K02",
        {"secrets": (replace(SEEN, use=replace(USE, roles=(("a", "redis"), ("b", "redis-url"))), values={"a": Secret("x"), "b": Secret("y")}),), "chart": CHART, "target": TARGET},
        "fail", "b of Secret mine-credentials means another password", "secret.jwt.name",
    ),
    (
        "K02", {"secrets": (SecretSeen(USE, False),), "chart": FOREIGN, "target": TARGET},
        "warn", "is not in namespace ns", "",
    ),
    # I07 TLS certificate
    ("I07", {"certificates": Absent("no certificate is given")}, "skipped", "no certificate is given", ""),
    ("I07", {"certificates": (CertificateSeen("Secret tls", ("a.test",), AT),)}, "skipped", "waits for K02", ""),
    ("I07", certificate(), "pass", "Secret tls: for a.test, by An Authority, EC, until 2026-12-01", ""),
    ("I07", certificate(ends=AT - timedelta(days=3)), "fail", "Secret tls: it expired on 2026-05-29", "tls.secret"),
    ("I07", certificate(ends=AT + timedelta(days=3)), "warn", "Secret tls: it expires in 3 days, on 2026-06-04", "tls.secret"),
    ("I07", certificate(names=("b.test",)), "fail", "it is not for a.test; its names: b.test", "tls.secret"),
    ("I07", certificate(rooted=False), "warn", "the chain ends with it: An Authority", "tls.secret"),
    (
        "I07",
        {"certificates": (CertificateSeen("files", ("a.test",), AT, None, Problem("The two are swapped.", "Turn them round."), "tls.cert"),)},
        "fail", "files: The two are swapped", "tls.cert",
    ),
    # N07 leftovers
    ("N07", {"kept_data": (), "target": TARGET}, "pass", "no database of an earlier install", ""),
    (
        "N07",
        {"kept_data": (KeptData("data-rel-postgresql-0", "rel-postgresql-credentials", "generate"),), "target": TARGET},
        "fail", "Secret rel-postgresql-credentials with its password is gone", "secret.postgres",
    ),
    (
        "N07",
        {"kept_data": (KeptData("data-rel-postgresql-0", "rel-postgresql-credentials", "file"),), "target": TARGET},
        "warn", "data-rel-postgresql-0 holds a database", "",
    ),
    *(row for table in TABLES for row in table.ROWS),
]  # fmt: skip


def evaluate(check_id: str, facts: Mapping[str, Any]) -> CheckResult:
    (check,) = (one for one in all_checks() if one.id == check_id)
    return check.evaluate(facts)


@pytest.mark.parametrize(("check_id", "facts", "state", "says", "question"), TABLE)
def test_a_check_says_what_its_facts_mean(
    check_id: str, facts: Mapping[str, Any], state: str, says: str, question: str
) -> None:
    result = evaluate(check_id, facts)
    assert result.state == state
    assert says in "\n".join(result.evidence)
    assert result.question == question
    ours = (*result.evidence, result.next_step)
    assert [hide(line) for line in ours] == [*ours], "our own words are not taken for secrets"
    if state in ("fail", "warn"):
        assert result.next_step, "a red or yellow line has a next step"


def test_every_check_is_in_the_table_with_a_pass_and_a_bad_day() -> None:
    states: dict[str, set[str]] = {}
    for check_id, _, state, _, _ in TABLE:
        states.setdefault(check_id, set()).add(state)
    assert set(states) == {one.id for one in all_checks()}
    assert all("pass" in seen and len(seen) > 1 for seen in states.values())


def test_every_fact_that_a_check_needs_has_a_collector() -> None:
    assert {name for one in all_checks() for name in one.needs} <= set(COLLECTORS)


def test_every_question_that_a_check_leads_back_to_is_asked() -> None:
    assert {row[4] for row in TABLE} - {""} <= {one.id for one in QUESTIONS}


def test_only_failed_checks_of_weight_block() -> None:
    assert evaluate("R01", {"namespace": Namespace("ns", "missing", False)}).blocking
    assert not evaluate("R05", {"sight": (Right("get", "Pod/log", False),), "target": TARGET}).blocking
    assert not evaluate("R01", {"namespace": Unknown("x")}).blocking


def test_a_pending_release_that_a_run_of_this_machine_works_on_leads_to_that_run() -> None:
    release = Release(1, "pending-install", refused=("pending", "helm uninstall"), running="abc123")
    assert "runs abc123" in evaluate("N02", {"release": release, "target": TARGET}).next_step


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("spec.selector: field is immutable", "cannot change in place"),
        ("exceeded quota: small", "larger quota"),
        ('violates PodSecurity "restricted"', "Pod Security"),
        ('.spec.selector: conflict with "kubectl-patch" using v1', "f in the review, or --force-conflicts"),
        (
            '.spec.replicas: conflict with "kube-controller-manager" with subresource "scale" using v1',
            "leave replicas out",
        ),
        ("its labels conflict with those of another team", "Correct the answer"),
        ("spec.x: unknown field", "Correct the answer"),
    ],
)
def test_a_refused_object_has_the_way_out_that_fits(words: str, says: str) -> None:
    dry_run = DryRun(1, (Refused("Deployment", "rel", (words,)),), "create")
    result = evaluate("R07", {"dry_run": dry_run})
    assert says in result.next_step
    assert result.conflict is ('conflict with "' in words)


def test_many_refused_objects_are_counted_not_listed() -> None:
    refused = tuple(Refused("Job", str(n), ("no",)) for n in range(50))
    evidence = evaluate("R07", {"dry_run": DryRun(50, refused, "create")}).evidence
    assert evidence[-1] == "and 42 more"
