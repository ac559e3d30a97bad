"""What screens are shown in tests: a cluster, releases, checks, a plan, and the records of runs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from tests.stub_session import StubChart, StubClock, StubFiles, StubSession
from wizard.core.answers.suggestions import ClusterSuggestions
from wizard.core.helm.chart import Chart
from wizard.core.helm.plan import ObjectPlan, Plan
from wizard.core.kube.kubeconfig import Context, Kubeconfig
from wizard.core.reach.result import Reach, WayIn
from wizard.core.rules.check import CheckResult, State
from wizard.core.run.events import Event
from wizard.core.target import Target
from wizard.engine.preflight.overview import HomeLine
from wizard.engine.release.rows import ReleaseRow

NOW = datetime(2026, 3, 2, 14, 5, 40, tzinfo=UTC)
CONTEXT = "llm-cost-ops-sandbox"
TARGET = Target(CONTEXT, "llm-cost-ops-dev")

DEFAULTS: dict[str, Any] = {
    "replicaCount": 3,
    "image": {"registry": "docker.io", "repository": "llm-cost-ops/api", "tag": ""},
    "imagePullSecrets": [],
    "global": {"imageRegistry": ""},
    "service": {"type": "ClusterIP"},
    "ingress": {
        "enabled": True, "className": "nginx", "annotations": {}, "tls": [],
        "hosts": [{"host": "api.llm-cost-ops.com", "paths": [{"path": "/", "pathType": "Prefix"}]}],
    },
    "autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 10},
    "resources": {"requests": {"cpu": "500m", "memory": "512Mi"}, "limits": {"cpu": "2", "memory": "2Gi"}},
    "postgresql": {"enabled": True, "primary": {"persistence": {"size": "50Gi", "storageClass": ""}}, "auth": {}},
    "redis": {"enabled": True, "master": {"persistence": {"size": "8Gi"}}, "auth": {}},
    "prometheus": {"enabled": True}, "grafana": {"enabled": True}, "config": {"features": {"metrics": True}},
    "externalDatabase": {"host": "", "port": 5432, "database": "llm_cost_ops", "username": "llm"},
    "externalRedis": {"host": ""}, "smtp": {"host": ""}, "jwt": {},
}  # fmt: skip
DEV: dict[str, Any] = {
    "replicaCount": 1, "ingress": {"enabled": False}, "autoscaling": {"enabled": False},
    "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}},
    "postgresql": {"primary": {"persistence": {"size": "5Gi"}}}, "prometheus": {"enabled": False},
    "grafana": {"enabled": False},
}  # fmt: skip
SUGGESTIONS = ClusterSuggestions(
    sandbox=True,
    contexts=(CONTEXT, "demo-eks"),
    current_context=CONTEXT,
    namespaces=("default", "llm-cost-ops-dev"),
    ingress_classes=("nginx",),
    storage_classes=("standard", "fast-ssd"),
    default_storage_class="standard",
    issuers=(),
    secrets=(),
)
LINES = (
    HomeLine("cluster", "pass", "Cluster", "llm-cost-ops-sandbox   v1.36.3, 3 of 3 nodes ready, API answers in 8 ms"),
    HomeLine("you", "pass", "You", "sandbox-admin, may create everything needed"),
    HomeLine("tools", "pass", "Tools", "helm 4.2.4 ok, chart 1.0.0 built in, kubectl not needed"),
    HomeLine("releases", "pass", "Releases", "none   looked in all namespaces, nothing hidden from you"),
    HomeLine("disk", "pass", "database disk", "standard (default), fast-ssd", "fits every preset"),
    HomeLine("wayin", "pass", "way in", "ingress class nginx", "Ingress works with a host name"),
    HomeLine("certs", "warn", "certificates", "no cert-manager", "bring your own files, or none"),
    HomeLine("room", "pass", "room", "11.2 CPU, 22 GiB free", "dev, staging and prod fit"),
)
DEPLOYED = ReleaseRow(
    "llm-cost-ops",
    "llm-cost-ops-dev",
    "llm-cost-ops-1.0.0",
    "1.0.0",
    3,
    "deployed",
    "2026-02-28T14:05:40Z",
    7,
    7,
    "ready",
)


def check(id: str, title: str, state: State, *evidence: str, next_step: str = "", question: str = "") -> CheckResult:  # noqa: A002 - the field's own word
    return CheckResult(id, title, state, evidence, next_step, blocking=state == "fail", question=question)


PASSING = (
    check("W01", "Wizard and helm agree", "pass", "helm 4.2.4"),
    check("R01", "The API server answers", "pass", "8 ms"),
    check("R04", "You may create everything", "pass", "31 of 31 rights"),
    check("N02", "Release state", "pass", "no release of that name"),
    check("S01", "Storage class exists", "pass", "standard is the default"),
    check("C03", "Certificates", "unknown", "no right to list issuers", next_step="To settle it: list clusterissuers."),
)


FIRST_PLAN = Plan(
    "install", CONTEXT, "llm-cost-ops-dev", "llm-cost-ops", 0, 0,
    (ObjectPlan("Deployment", "llm-cost-ops", "llm-cost-ops-dev", "apps/v1", "created"),),
)  # fmt: skip


CHART = Chart(
    "/chart", "llm-cost-ops", "1.0.0", "1.0.0", "", DEFAULTS, {"dev": DEV, "staging": {}, "prod": {}}, {},
    values_text=json.dumps(DEFAULTS),
)  # fmt: skip
CONFIG = Kubeconfig(
    ("~/.kube/config",),
    (Context(CONTEXT, "https://127.0.0.1:6443", "admin", ""), Context("demo-eks", "https://demo", "me", "")),
    CONTEXT,
)


class ScreenSession(StubSession):
    """A session on the sandbox, whose chart, files and clock are in memory."""

    def __init__(self) -> None:
        self.chart, self.disk, self.clock = StubChart(CHART), StubFiles(), StubClock(NOW)
        super().__init__(config=CONFIG, charts=self.chart, files=self.disk, clock=self.clock)
        self.known = SUGGESTIONS
        self.home_lines = LINES
        self.checks = PASSING
        self.next_plan = FIRST_PLAN
        self.running = {**DEV, "replicaCount": 4}


def event(type: str, time: str = "2026-03-02T14:02:33.000Z", **data: Any) -> Event:  # noqa: A002 - the field's own word
    return Event(type, data, 0, time)


def thing(kind: str, name: str, state: str, summary: str, reason: str, since: str, group: str = "object") -> Event:
    return event(
        "object.state", uid=f"{kind}/{name}", kind=kind, name=name, group=group, state=state, summary=summary, reason=reason,
        since=since, owner="", restarts=0,
    )  # fmt: skip


def lines(pod: str, container: str, *texts: str, previous: bool = False) -> Event:
    stamped = [[f"2026-03-02T14:05:{30 + number % 30:02}.000Z", text] for number, text in enumerate(texts)]
    return event("log.lines", pod=pod, container=container, previous=previous, lines=stamped)


BEGIN = (
    event(
        "run.started", id="7f3a9c", operation="install", chart="llm-cost-ops 1.0.0", helm="4.2.4", preset="dev",
        target={"context": CONTEXT, "namespace": "llm-cost-ops-dev", "release": "llm-cost-ops"},
    ),
    event("run.phase", phase="namespace", text="Namespace llm-cost-ops-dev was made."),
    event("object.made", kind="Secret", name="llm-cost-ops-app-credentials", action="created", keys=["jwt-secret"]),
    event("run.phase", phase="helm", text="helm sends the objects and waits."),
    event("helm.started", pid=4711, argv=["helm", "install", "llm-cost-ops", "chart", "--wait", "--timeout", "10m"]),
)  # fmt: skip
STUCK = (
    *BEGIN,
    thing("PersistentVolumeClaim", "data-postgresql-0", "stuck", "Pending", "no driver for class gp2", "2026-03-02T14:02:42Z"),
    thing("StatefulSet", "postgresql", "progressing", "0 of 1", "waits for the claim", "2026-03-02T14:02:42Z"),
    thing("Deployment", "llm-cost-ops", "progressing", "0 of 1", "waits for the database", "2026-03-02T14:02:59Z"),
    thing("Deployment", "redis", "ready", "1 of 1", "", "2026-03-02T14:03:20Z"),
    thing("Secret", "llm-cost-ops-app-credentials", "ready", "made", "by the wizard", "2026-03-02T14:02:34Z"),
    event(
        "waiting", what="postgresql-0 cannot get its disk", since="2026-03-02T14:02:42Z", heals="no",
        why="claim data-postgresql-0: class gp2 needs driver ebs.csi.aws.com, absent",
    ),
    event(
        "finding", id="VO01", title="The claim's class has no driver", object="PersistentVolumeClaim/data-postgresql-0",
        terminal=True, evidence=["class gp2 needs driver ebs.csi.aws.com", "no CSIDriver of that name"],
        remedy=["Install the EBS CSI driver.", "Or choose another class for the database disk."],
    ),
    event("verdict", state="stuck", reason="postgresql-0 cannot get its disk"),
    event("cluster.event", kind="Warning", object="PersistentVolumeClaim/data-postgresql-0", reason="ProvisioningFailed", message="no driver", count=7),
    lines("llm-cost-ops-7d9f", "api", "INFO  starting", "WARN  database not reachable, try 14, next in 5 s"),
    lines("redis-0", "redis", "Ready to accept connections"),
    event("helm.output", stream="out", lines=["release recorded (revision 1, pending-install)"]),
)  # fmt: skip
END = (
    event("verdict", "2026-03-02T14:03:50.000Z", state="ready", reason="7 of 7 ready"),
    event("helm.exited", "2026-03-02T14:03:51.000Z", code=0, signal=""),
    event("run.notes", "2026-03-02T14:03:51.000Z", text="Open the API:\n  kubectl port-forward svc/llm-cost-ops 8080:80"),
    event(
        "run.finished", "2026-03-02T14:03:51.000Z", code=0, verdict="ready", reason="all objects are ready",
        files=["./llm-cost-ops.dev.values.yaml"],
        commands=[
            "llm-cost-ops-wizard install --context llm-cost-ops-sandbox --namespace llm-cost-ops-dev --preset dev --yes",
            "helm install llm-cost-ops chart/llm-cost-ops --namespace llm-cost-ops-dev --values ./llm-cost-ops.dev.values.yaml",
        ],
    ),
)  # fmt: skip
NAME_MISSING = Reach(
    "waiting",
    "waiting for you: CNAME api.example.com -> lb-7f3a.example.net; it answers there already, only the name is missing",
    "Create that DNS record; status asks again.",
    (
        WayIn(
            "Ingress/llm-cost-ops", "https://api.example.com/health", "waiting", "waiting for you", "",
            "api.example.com does not resolve: name or service not known", "203.0.113.7:443 connects",
            "certificate verified by this machine's authorities, good for 89 days", "HTTP 200 at /health",
            "dns", "unresolved",
        ),
    ),
)  # fmt: skip
READY = (
    *BEGIN,
    thing("Deployment", "llm-cost-ops", "ready", "1 of 1", "", "2026-03-02T14:03:20Z"),
    thing("StatefulSet", "postgresql", "ready", "1 of 1", "", "2026-03-02T14:03:10Z"),
    thing("Deployment", "redis", "ready", "1 of 1", "", "2026-03-02T14:03:00Z"),
)
