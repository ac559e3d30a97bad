"""A session whose world is a table: real core objects, scripted streams, and gates that a test opens."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import yaml

from wizard.core.answers import values_file
from wizard.core.answers.draft import Draft
from wizard.core.answers.questions import QUESTIONS
from wizard.core.answers.resolve import Layers, Resolved
from wizard.core.answers.suggestions import Hints
from wizard.core.errors import Problem
from wizard.core.helm.plan import ObjectPlan, Plan
from wizard.core.kube.rights import Right
from wizard.core.rules.check import CheckResult, State
from wizard.core.rules.diagnosis import Diagnosis
from wizard.core.run.events import Event
from wizard.core.run.log_window import Mark, Page
from wizard.core.target import Target
from wizard.core.text.secrets import Secret
from wizard.engine import approval, records
from wizard.engine.preflight.overview import HomeLine
from wizard.engine.release.compare import Comparison
from wizard.engine.release.leftovers import Leftover, Leftovers, Removal
from wizard.engine.release.listing import ReleaseRow, ReleasesView
from wizard.engine.release.records import Revision
from wizard.engine.release.recover import Recovery
from wizard.engine.release.rollback import Rollback
from wizard.engine.release.undo_recover import Undo
from wizard.engine.release.uninstall import Uninstall
from wizard.engine.session import Options, Session
from wizard.ports.kubeconfig import Context, Kubeconfig
from wizard.ports.store import RunStore, RunSummary

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
HINTS = Hints(
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


@dataclass
class FakeClock:
    """A clock that stands still until a test moves it."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at


@dataclass
class FakeFiles:
    """Files by path."""

    texts: dict[str, str] = field(default_factory=dict)

    def read(self, path: str, what: str) -> str:
        if path not in self.texts:
            raise Problem(f"The {what} {path} does not exist.", "Name one that does.")
        return self.texts[path]

    def read_secret(self, path: str, what: str) -> tuple[Secret, str]:
        text = self.read(path, what)
        return Secret(text.rstrip("\n")), "one trailing newline removed" if text.endswith("\n") else ""

    def existing(self, path: str) -> str | None:
        return self.texts.get(path)

    def write(self, path: str, text: str, what: str = "values file") -> Sequence[str]:
        self.texts[path] = text
        return (path,)


FIRST_PLAN = Plan(
    "install", CONTEXT, "llm-cost-ops-dev", "llm-cost-ops", 0, 0,
    (ObjectPlan("Deployment", "llm-cost-ops", "llm-cost-ops-dev", "apps/v1", "created"),),
)  # fmt: skip


class FakeSession:
    """What the screens use of a session."""

    def __init__(self) -> None:
        self.options = Options()
        self.chart_read = False
        self.config = Kubeconfig(
            ("~/.kube/config",),
            (Context(CONTEXT, "https://127.0.0.1:6443", "admin", ""), Context("demo-eks", "https://demo", "me", "")),
            CONTEXT,
        )
        self.files = FakeFiles()
        self.clock = FakeClock()
        self.revived: list[str] = []
        self.known = Hints()
        self.hints_after = HINTS
        self.home_lines: Sequence[HomeLine] = LINES
        self.release_rows: tuple[ReleaseRow, ...] = ()
        self.kept: list[tuple[str, Draft]] = []
        self.past: list[RunSummary] = []
        self.results: Sequence[CheckResult] = PASSING
        self.kind = "install"
        self.refusal: Problem | None = None
        self.layers_problem: Problem | None = None
        self.checks_gate = asyncio.Event()
        self.checks_gate.set()
        self.page_gate = asyncio.Event()
        self.page_gate.set()
        self.hints_gate = asyncio.Event()
        self.hints_gate.set()
        self.started: list[tuple[Draft, str]] = []
        self.saved: list[Draft] = []
        self.written: list[Draft] = []
        self.commands: list[tuple[str, str]] = []
        self.answer = "helm was asked to stop."
        self.record: list[Event] = []
        self.troubles: asyncio.Queue[str] = asyncio.Queue()
        self.more = asyncio.Condition()
        self.over = False
        self.closed = False
        self.next_plan: Plan | Problem = FIRST_PLAN
        self.production = False
        self.revisions: tuple[Revision, ...] = ()
        self.lists: Uninstall | Problem = Problem("no lists")
        self.stuck = Recovery(3, "pending-upgrade", "2026-01-02T03:00:00Z", False, 2, ("Deployment/a",), ("Service/b",))
        self.undoable: Undo | Problem | None = None
        self.done: list[tuple[str, int]] = []
        self.left: tuple[Leftovers, ...] = ()
        self.removed: list[str] = []
        self.lost_rights: tuple[Right, ...] = ()
        self.diagnoses: list[Diagnosis] = []
        self.looked_at: list[Target] = []
        self.running: dict[str, Any] = {**DEV, "replicaCount": 4}
        self.running_problem: Problem | None = None

    # What the app calls

    @property
    def hints(self) -> Hints:
        return self.known

    def kubeconfig(self) -> Kubeconfig:
        problem = self.config.problem
        contexts = tuple(one.name for one in self.config.contexts)
        current = self.options.context or self.config.current
        self.known = replace(
            self.known, contexts=contexts, current_context=current, sandbox=not problem and HINTS.sandbox
        )
        return self.config

    def new_draft(self) -> Draft:
        named = {"context": self.options.context, "namespace": self.options.namespace}
        return Draft({key: value for key, value in named.items() if value})

    def layers(self, draft: Draft) -> Layers:
        if self.layers_problem:
            raise self.layers_problem
        self.chart_read = True
        return Layers(DEFAULTS, {"dev": DEV, "staging": {}, "prod": {}}, (), "1.0.0", "1.0.0")

    def can_resolve(self, draft: Draft) -> bool:
        return self.chart_read

    def resolve(self, draft: Draft) -> Resolved:
        return Resolved(draft, self.known, self.layers(draft), QUESTIONS)

    async def refresh_hints(self, draft: Draft) -> Hints:
        await self.hints_gate.wait()
        self.known = self.hints_after
        return self.known

    async def upgrade_draft(self, target: Target) -> Draft:
        if self.running_problem:
            raise self.running_problem
        return replace(Draft(), running=self.running)

    def drafts(self) -> Sequence[tuple[str, Draft]]:
        return self.kept

    def save_draft(self, draft: Draft) -> None:
        self.saved.append(draft)

    def runs(self) -> Sequence[RunSummary]:
        return self.past

    async def home(self) -> AsyncIterator[HomeLine]:
        for line in self.home_lines:
            yield line

    async def releases(self, target: Target) -> AsyncIterator[ReleasesView]:
        yield ReleasesView(self.release_rows, "all namespaces")

    async def plan(self, draft: Draft) -> Plan:
        if isinstance(self.next_plan, Problem):
            raise self.next_plan
        return self.next_plan

    async def plan_rollback(self, target: Target, revision: int = 0) -> Plan:
        return await self.plan(Draft())

    async def rollback(self, target: Target, revision: int = 0) -> Rollback:
        plan = await self.plan_rollback(target, revision)
        agreed = approval.of_rollback(target.release, plan, production=self.production)
        return Rollback(revision or 1, plan, self.lost_rights, agreed)

    async def history(self, target: Target) -> Sequence[Revision]:
        return self.revisions

    async def compare(self, target: Target, old: int, new: int) -> Comparison:
        return Comparison(old, new, ("x-1", "x-2"), ("-replicas: 1", "+replicas: 2"), ())

    async def revision_text(self, target: Target, revision: int, what: str) -> str:
        return f"{what} of {revision}"

    async def uninstall_lists(self, target: Target) -> Uninstall:
        if isinstance(self.lists, Problem):
            raise self.lists
        return self.lists

    async def missing_rights(self, target: Target, operation: str) -> tuple[Right, ...]:
        return self.lost_rights

    async def leftovers(self, target: Target) -> tuple[Leftovers, ...]:
        self.looked_at.append(target)
        return tuple(replace(one, items=tuple(i for i in one.items if i.uid not in self.removed)) for one in self.left)

    async def delete_leftovers(
        self, target: Target, found: Leftovers, picked: Sequence[Leftover], *, confirmed: str
    ) -> AsyncIterator[Removal]:
        approval.of_leftovers(found, picked).require(confirmed)
        for one in picked:
            self.removed.append(one.uid)
            yield Removal(one, "deleted")

    async def recovery(self, target: Target) -> Recovery:
        return self.stuck

    def may_undo(self, target: Target, revision: int, status: str) -> bool:
        return self.undoable is not None

    async def undo_recovery(self, target: Target) -> Undo:
        if isinstance(self.undoable, Undo):
            return self.undoable
        raise self.undoable or Problem("there is nothing to undo")

    async def undo(self, target: Target, known: Undo, *, confirmed: str) -> None:
        approval.of_undo_recover(target).require(confirmed)
        self.done.append(("undo", known.revision))

    async def mark_failed(self, target: Target, known: Recovery, reason: str, *, confirmed: str) -> str:
        approval.of_recovery(target, known, reason).require(confirmed)
        self.done.append((f"failed: {reason}" if reason else "failed", known.revision))
        return "backup.json"

    async def start_rollback(self, target: Target, shown: Rollback, *, confirmed: str) -> str:
        now = await self.rollback(target, shown.revision)
        now.approval.require(confirmed)
        approval.refuse_changed(shown.plan, now.plan)
        self.done.append(("rollback", shown.revision))
        return "7f3a9c"

    async def start_uninstall(self, target: Target, lists: Uninstall, *, confirmed: str, keep_history: bool) -> str:
        approval.of_uninstall(lists).require(confirmed)
        self.done.append(("uninstall, history kept" if keep_history else "uninstall", lists.revision))
        return "7f3a9c"

    async def diagnose(self, target: Target) -> AsyncIterator[Diagnosis]:
        self.looked_at.append(target)
        for view in self.diagnoses:
            yield view

    async def namespaces_of(self, release: str, target: Target) -> tuple[str, ...]:
        return tuple(sorted({one.namespace for one in self.release_rows if one.name == release}))

    def values_file(self, draft: Draft) -> values_file.ValuesFile:
        return values_file.build(self.resolve(draft), "0.1.0")

    def values_text(self, draft: Draft) -> str:
        built = self.values_file(draft)
        return "".join(f"# {line}\n" for line in built.header) + yaml.safe_dump(dict(built.tree), sort_keys=False)

    def values_shown(self, draft: Draft) -> str:
        return self.values_text(draft)

    def values_diff(self, draft: Draft) -> tuple[str, ...]:
        path = self.values_file(draft).path
        before = self.files.existing(path)
        if before is None:
            return ()
        after = self.values_text(draft).splitlines()
        return tuple(difflib.unified_diff(before.splitlines(), after, path, f"{path} (new)", lineterm=""))

    def values_exist(self, draft: Draft) -> bool:
        return self.files.existing(self.values_file(draft).path) is not None

    def read_file(self, path: str, what: str) -> str:
        return self.files.read(path, what)

    def secret_file_note(self, path: str, what: str) -> str:
        return self.files.read_secret(path, what)[1]

    def write_file(self, path: str, text: str, what: str) -> Sequence[str]:
        return self.files.write(path, text, what)

    def now(self) -> datetime:
        return self.clock.now()

    def attach(self, run: RunSummary) -> str:
        return records.attach(cast("RunStore", SimpleNamespace(revive=self.revived.append)), run)

    def write_values(self, draft: Draft) -> Sequence[str]:
        self.written.append(draft)
        return (self.values_file(draft).path,)

    async def operation(self, draft: Draft) -> str:
        return self.kind

    async def located(self, draft: Draft, *, required: bool = False) -> Draft:
        return await Session.located(cast("Session", self), draft, required=required)

    async def on_what_runs(self, draft: Draft, *, fresh: bool = False) -> Draft:
        if not fresh and (draft.running or "preset" in draft.answers):
            return draft
        based = await self.upgrade_draft(self.resolve(draft).target)
        return replace(draft.with_answers(dict(based.answers)), running=based.running)

    async def preflight(self, draft: Draft) -> AsyncIterator[CheckResult]:
        for number, result in enumerate(self.results):
            if number == len(self.results) - 1:
                await self.checks_gate.wait()
            yield result

    async def start(
        self, draft: Draft, operation: str, checks: Sequence[CheckResult], plan: Plan | None, *, confirmed: str
    ) -> str:
        if self.refusal:
            raise self.refusal
        resolved = self.resolve(draft)
        approval.of_run(resolved["release"], resolved["preset"], plan, checks).require(confirmed)
        if plan:
            approval.refuse_changed(plan, await self.plan(draft))
        self.started.append((draft, operation))
        return "7f3a9c"

    async def follow(self, run_id: str, *, after: int = 0) -> AsyncIterator[Sequence[Event]]:
        at = 0
        while True:
            async with self.more:
                while not self.over and len(self.record) <= at:
                    await self.more.wait()
            batch, at = self.record[at:], len(self.record)
            if batch:
                yield batch
            if self.over and at == len(self.record):
                return

    async def command(self, run_id: str, name: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        self.commands.append((run_id, name))
        return {"ok": True, "text": self.answer}

    def logs_until(self, run_id: str, seq: int) -> Sequence[Event]:
        return [one for one in self.record if one.type.startswith("log.") and one.seq <= seq][-2:]

    def logs_from(self, run_id: str, seq: int) -> Sequence[Event]:
        return [one for one in self.record if one.type.startswith("log.") and one.seq >= seq][:2]

    async def older_logs(self, run_id: str, mark: Mark, wanted: records.Wanted, least: int) -> Page:
        await self.page_gate.wait()
        return await records.older_logs(cast("RunStore", self), run_id, mark, wanted, least)

    async def newer_logs(self, run_id: str, mark: Mark, wanted: records.Wanted, least: int) -> Page:
        await self.page_gate.wait()
        return await records.newer_logs(cast("RunStore", self), run_id, mark, wanted, least)

    async def record_troubles(self, run_id: str) -> AsyncIterator[str]:
        while True:
            yield await self.troubles.get()

    async def close(self) -> None:
        self.closed = True

    # What a test does

    async def say(self, *events: Event) -> None:
        """Append to the record."""
        async with self.more:
            self.record += [replace(one, seq=len(self.record) + number) for number, one in enumerate(events, 1)]
            self.over = self.over or any(one.type == "run.finished" for one in events)
            self.more.notify_all()

    def as_session(self) -> Session:
        """Itself, by the type that screens know."""
        return cast("Session", self)


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
READY = (
    *BEGIN,
    thing("Deployment", "llm-cost-ops", "ready", "1 of 1", "", "2026-03-02T14:03:20Z"),
    thing("StatefulSet", "postgresql", "ready", "1 of 1", "", "2026-03-02T14:03:10Z"),
    thing("Deployment", "redis", "ready", "1 of 1", "", "2026-03-02T14:03:00Z"),
)
