"""A session whose cluster, helm and runs are scripted; chart, documents and files are the real ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wizard.adapters.clock import SystemClock
from wizard.adapters.drafts import DraftFiles
from wizard.adapters.files import PersonFiles
from wizard.adapters.helm.charts import ChartFolders
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.answers.draft import Draft
from wizard.core.answers.suggestions import Hints
from wizard.core.errors import Problem
from wizard.core.helm.plan import Plan
from wizard.core.rules.check import CheckResult
from wizard.core.rules.diagnosis import Diagnosis
from wizard.core.run.events import Event
from wizard.core.target import Target
from wizard.engine import approval
from wizard.engine.ports import Ports
from wizard.engine.release.history import Guided
from wizard.engine.release.listing import Asked, ReleasesView, Unfit
from wizard.engine.session import Operation, Options, Session
from wizard.ports.cluster import Cluster
from wizard.ports.kubeconfig import Context, Kubeconfig
from wizard.ports.store import RunSummary

TARGET = {"context": "here", "namespace": "llm-cost-ops-dev", "release": "llm-cost-ops"}


class StubKubeconfig:
    def __init__(self, problem: Problem | None = None) -> None:
        self.problem = problem

    def read(self, path: str = "") -> Kubeconfig:
        if self.problem:
            return Kubeconfig((), (), "", self.problem)
        contexts = (Context("here", "https://127.0.0.1:1", "me", ""), Context("there", "https://127.0.0.1:2", "me", ""))
        return Kubeconfig(("config",), contexts, "here")


class StubRuns:
    def __init__(self) -> None:
        self.known: list[RunSummary] = []
        self.revived: list[str] = []

    def find(self, run_id: str) -> RunSummary:
        for one in self.known:
            if one.id == run_id:
                return one
        raise Problem(f"There is no run {run_id} here.", "See them all with runs.")

    def runs(self) -> Sequence[RunSummary]:
        return self.known

    def damaged(self) -> Sequence[Problem]:
        return ()

    def machine(self) -> str:
        return "me@here:1"

    def helms(self, target: Target) -> Sequence[int]:
        return ()

    def ended_by_logout(self) -> tuple[str, str]:
        return "", ""

    def revive(self, run_id: str) -> None:
        self.revived.append(run_id)


class StubSession(Session):
    """What a face may ask, answered from attributes that a test sets."""

    def __init__(self, options: Options | None = None, *, problem: Problem | None = None) -> None:
        self.stub_runs = StubRuns()
        ports = Ports(
            cluster=lambda _: _no_cluster(),
            kubeconfig=StubKubeconfig(problem),
            helm=None,  # type: ignore[arg-type]  # a face never asks helm
            charts=ChartFolders(),
            documents=YamlDocuments(),
            drafts=DraftFiles(),
            runs=self.stub_runs,  # type: ignore[arg-type]  # only what `runs` asks
            files=PersonFiles(),
            clock=SystemClock(),
        )
        super().__init__(ports, options)
        self.is_sandbox = True
        self.checks: list[CheckResult] = [check("C01", "API answers")]
        self.next_guided = Guided((), (), "llm-cost-ops-1.0.0", "llm-cost-ops-1.0.0")
        self.next_plan: Plan = Plan("install", "here", "", "", 0, 0, ())
        self.no_plan: Problem | None = None
        self.next_operation: Operation | Problem = "install"
        self.events: list[Event] = finished_run()
        self.found = ReleasesView((), "namespace default")
        self.watched: list[Sequence[Event]] = []
        self.diagnoses: dict[str, Diagnosis] = {}
        """By release."""
        self.started: list[tuple[Draft, Operation]] = []
        self.accepted: list[str] = []
        self.commands: list[tuple[str, str]] = []
        self.troubles: list[str] = []
        self.said_troubles = asyncio.Event()

    async def refresh_hints(self, draft: Draft) -> Hints:
        self._hints = replace(self._hints, sandbox=self.is_sandbox, namespaces=(), storage_classes=("standard",))
        return self._hints

    async def operation(self, draft: Draft, asked: Asked = "either") -> Operation:
        if isinstance(self.next_operation, Problem):
            raise self.next_operation
        if asked not in ("either", self.next_operation):
            raise Unfit(f"An {asked} does not go with what is there.")
        return self.next_operation

    async def preflight(self, draft: Draft) -> AsyncIterator[CheckResult]:
        for one in self.checks:
            yield one

    async def guided(self, draft: Draft) -> Guided:
        return self.next_guided

    async def plan(self, draft: Draft) -> Plan:
        if self.no_plan:
            raise self.no_plan
        target = self.resolve(draft).target
        return replace(self.next_plan, release=target.release, namespace=target.namespace)

    async def start(
        self, draft: Draft, operation: Operation, checks: Sequence[CheckResult] = (), plan: Plan | None = None, *,
        confirmed: str = "", attended: bool = True, wait_anyway: bool = False,
    ) -> str:  # fmt: skip
        resolved = self.resolve(draft)
        approval.of_run(resolved["release"], resolved["preset"], plan, checks).require(confirmed)
        if plan:
            approval.refuse_changed(plan, await self.plan(draft))
        self.write_values(draft)
        self.waits_anyway = attended or wait_anyway
        self.accepted = [one.id for one in checks if one.accepted]
        self.started.append((draft, operation))
        return "ab12"

    async def follow(self, run_id: str, *, after: int = 0) -> AsyncIterator[Sequence[Event]]:
        yield self.events

    async def record_troubles(self, run_id: str) -> AsyncIterator[str]:
        for one in self.troubles:
            yield one
        self.said_troubles.set()

    async def command(self, run_id: str, name: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        self.commands.append((run_id, name))
        return {"ok": True, "text": "helm was asked to stop; it answers."}

    async def releases(self, target: Target) -> AsyncIterator[ReleasesView]:
        yield self.found

    async def status(self, target: Target) -> Sequence[Event]:
        return [event for batch in self.watched for event in batch]

    async def watch(self, target: Target, *, logs: bool = True) -> AsyncIterator[Sequence[Event]]:
        for batch in self.watched:
            yield batch

    async def diagnose(self, target: Target) -> AsyncIterator[Diagnosis]:
        whole = self.diagnoses[target.release]
        yield replace(whole, findings=whole.findings[:1], complete=False)
        yield whole


def _no_cluster() -> Cluster:
    raise AssertionError("no cluster is to be contacted")


def check(id_: str, title: str, state: Any = "pass", *, blocking: bool = False, next_step: str = "") -> CheckResult:
    return CheckResult(id_, title, state, ("seen",), next_step, blocking)


def finished_run(code: int = 0, verdict: str = "ready", reason: str = "all 3 of 3 are ready") -> list[Event]:
    """The record of a short run."""
    row = {
        "uid": "u1", "kind": "Deployment", "name": "llm-cost-ops", "group": "object", "state": verdict, "summary": "1 of 1",
        "reason": "", "since": "2026-01-02T03:04:05Z", "owner": "", "restarts": 0,
    }  # fmt: skip
    told: list[tuple[str, dict[str, Any]]] = [
        ("run.started", {"id": "ab12", "operation": "install", "target": TARGET, "chart": "1.0.0", "helm": "4.2.4", "preset": "dev"}),
        ("helm.started", {"pid": 7, "argv": ["helm", "install", "llm-cost-ops"]}),
        ("object.state", row),
        ("log.lines", {"pod": "p-0", "container": "api", "previous": False, "lines": [["2026-01-02T03:04:06Z", "hello"]]}),
        ("run.notes", {"text": "NOTES: open it"}),
        ("verdict", {"state": verdict, "reason": reason}),
        ("run.finished", {"code": code, "verdict": verdict, "reason": reason, "files": ["./v.yaml"], "commands": ["again"]}),
    ]  # fmt: skip
    return [Event(kind, data, seq, "2026-01-02T03:04:07.000Z") for seq, (kind, data) in enumerate(told, 1)]


def objects(text: str) -> list[Any]:
    """The JSON objects of lines."""
    return [json.loads(line) for line in text.splitlines()]


def write(path: Path, text: str) -> str:
    """A file with that text; returns its path."""
    path.write_text(text)
    return str(path)
