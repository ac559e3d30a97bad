"""The real session over a world of attributes that a test sets; what it starts, writes and asks is kept to be looked at.

The safety rules, the drafts, the values file and the specification of a run are the engine's own. Only what would need
a cluster, helm or a process is answered from here.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import yaml
from typing_extensions import override

from wizard.adapters.certificates import Certificates
from wizard.adapters.clock import SystemClock
from wizard.adapters.files import PersonFiles
from wizard.adapters.helm.charts import ChartFolders
from wizard.adapters.helm.documents import YamlDocuments
from wizard.adapters.report.html import HtmlPages
from wizard.core import limits
from wizard.core.answers.draft import Draft
from wizard.core.answers.suggestions import ClusterSuggestions
from wizard.core.bundle import content
from wizard.core.bundle.content import Bundle
from wizard.core.errors import Problem
from wizard.core.helm.binary import HelmInfo
from wizard.core.helm.chart import Chart, ChartOptions
from wizard.core.helm.chart_errors import not_pulled, not_verified
from wizard.core.helm.plan import Plan
from wizard.core.helm.schema import Schema
from wizard.core.helm.value_tree import Described
from wizard.core.helm.values import Path, merge
from wizard.core.kube.kubeconfig import Context, Kubeconfig
from wizard.core.kube.rights import Right
from wizard.core.reach.result import Reach
from wizard.core.report.changes import Changes
from wizard.core.rules.check import CheckResult
from wizard.core.rules.diagnosis import Diagnosis, Observation
from wizard.core.rules.snapshot import Snapshot
from wizard.core.run.events import Event
from wizard.core.run.log_window import Mark, Page
from wizard.core.run.spec import RunSpec
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.core.text.secrets import Secret
from wizard.engine import approval
from wizard.engine.answers import Answers, Prepared
from wizard.engine.installer import Installer, Operation
from wizard.engine.ports import Ports
from wizard.engine.preflight.overview import HomeLine
from wizard.engine.records import Wanted
from wizard.engine.release.compare import Comparison
from wizard.engine.release.handle import Release
from wizard.engine.release.history import RevisionText, UpgradeValues
from wizard.engine.release.leftovers import Leftover, Leftovers, Removal
from wizard.engine.release.listing import Asked, Unfit
from wizard.engine.release.plan import Planned
from wizard.engine.release.records import Revision
from wizard.engine.release.recover import Recovery
from wizard.engine.release.rollback import Rollback
from wizard.engine.release.rows import ReleasesView
from wizard.engine.release.undo_recover import Undo
from wizard.engine.release.uninstall import Uninstall
from wizard.engine.runs import Runs
from wizard.engine.secret_files import SecretFiles
from wizard.engine.session import Session
from wizard.engine.state import Options
from wizard.ports.charts import ChartSource
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster
from wizard.ports.network import Network
from wizard.ports.registries import Registries
from wizard.ports.store import DraftStore, FileStore, RunStore

RUN_ID = "7f3a9c"
HERE = Kubeconfig(
    ("config",),
    (Context("here", "https://127.0.0.1:1", "me", ""), Context("there", "https://127.0.0.1:2", "me", "")),
    "here",
)


@dataclass
class StubClock:
    """A clock that stands still until a test moves it."""

    at: datetime = datetime(2026, 3, 2, 14, 5, 40, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


@dataclass
class StubFiles:
    """Files by path."""

    texts: dict[str, str] = field(default_factory=dict)
    edited: list[str] = field(default_factory=list)
    """What the editor was given."""
    editor: Callable[[str], str] = str
    """What a person does in the editor."""

    def read(self, path: str, what: str, *, empty: bool = False) -> str:
        if path not in self.texts:
            raise Problem(f"The {what} {path} does not exist.", "Name one that does.")
        return self.texts[path]

    def exposed(self, path: str) -> Sequence[str]:
        return ()

    def read_bytes(self, path: str, what: str, *, most: int = limits.FILE) -> bytes:
        return self.read(path, what).encode()

    def create(self, path: str, content: bytes, what: str) -> None:
        assert path not in self.texts
        self.texts[path] = content.decode()

    def read_secret(self, path: str, what: str) -> tuple[Secret, str]:
        text = self.read(path, what)
        return Secret(text.rstrip("\n")), "one trailing newline removed" if text.endswith("\n") else ""

    def existing(self, path: str) -> str | None:
        return self.texts.get(path)

    def replace(self, path: str, text: str, before: str | None) -> Sequence[str]:
        assert self.texts.get(path) in (before, text), "somebody has changed it"
        return self.write(path, text, "values file")

    def write(self, path: str, text: str, what: str = "values file") -> Sequence[str]:
        if self.texts.get(path) == text:
            return ()
        self.texts[path] = text
        return (path,)

    def keep_private(self, name: str, text: str) -> str:
        self.texts[name] = text
        return name

    def kept_private(self, name: str) -> Sequence[str]:
        return [name] if name in self.texts else []

    def edit(self, text: str, name: str) -> str:
        self.edited.append(text)
        return self.editor(text)


@dataclass
class StubChart:
    """One chart in memory; a problem when it cannot be read."""

    chart: Chart
    problem: Problem | None = None
    schema: Any = None
    comments: Mapping[Path, str] = field(default_factory=dict)

    def is_local(self, reference: str) -> bool:
        return True

    def open(self, reference: str = "") -> Chart:
        if self.problem:
            raise self.problem
        return self.chart

    def describe(self, chart: Chart) -> Described:
        return Described(Schema(self.schema), self.comments, chart.defaults)

    def open_packed(self, packed: bytes, reference: str, *, pulled: bool = False) -> Chart:
        return self.open(reference)

    def in_record(self, chart: Chart) -> Mapping[str, bytes]:
        return {}

    def require_same(self, chart: Chart) -> None:
        return


class _Helm:
    """A helm that is there and is never run."""

    def __init__(self, session: StubSession) -> None:
        self._session = session

    async def info(self) -> HelmInfo:
        return HelmInfo("/helm", "4.2.4", 4)

    async def pull(self, reference: str, options: ChartOptions) -> bytes:
        self._session.pulled.append((reference, options))
        if reference not in self._session.published:
            raise not_pulled(reference, "repo x not found")
        return self._session.published[reference]

    async def verified(self, path: str, options: ChartOptions) -> bytes:
        raise not_verified(path, "openpgp: signature made by unknown entity")

    def overrides(self, target: Target) -> Sequence[str]:
        return ()

    async def read_values(self, target: Target, defaults: str, values: str) -> dict[str, Any]:
        load = YamlDocuments().load
        return {**merge(load(defaults, "defaults") or {}, load(values, "values") or {}), **self._session.misread}

    async def stored_values(self, target: Target) -> str:
        if isinstance(self._session.running, Problem):
            raise self._session.running
        return yaml.safe_dump(dict(self._session.running))


class _Kubeconfig:
    def __init__(self, session: StubSession) -> None:
        self._session = session

    def read(self, path: str = "") -> Kubeconfig:
        return self._session.config


class _Drafts:
    def __init__(self, session: StubSession) -> None:
        self._session = session

    def save(self, draft: Draft) -> None:
        self._session.saved.append(draft)

    def load_all(self) -> Sequence[tuple[str, Draft]]:
        return self._session.kept

    def forget(self, draft: Draft) -> None:
        self._session.kept = [kept for kept in self._session.kept if kept[1] != draft]


class _Store:
    """Records of runs: those of a test, and the one whose record a test writes."""

    def __init__(self, session: StubSession) -> None:
        self._session = session

    def find(self, run_id: str) -> RunSummary:
        for run in self._session.past:
            if run.id == run_id:
                return run
        raise Problem(f"There is no run {run_id} here.", "See them all with runs.")

    def runs(self) -> Sequence[RunSummary]:
        return self._session.past

    def damaged(self) -> Sequence[Problem]:
        return ()

    def warm(self) -> None:
        return

    def start(self, spec: RunSpec, values: str, secrets: Mapping[str, Mapping[str, Secret]]) -> str:
        if self._session.refusal:
            raise self._session.refusal
        self._session.specs.append(spec)
        if spec.operation in ("rollback", "uninstall"):
            words = f"{spec.operation}, history kept" if spec.helm.keep_history else spec.operation
            self._session.done.append((words, spec.revision or (spec.expected.revision if spec.expected else 0)))
        return RUN_ID

    def revive(self, run_id: str) -> None:
        self._session.revived.append(run_id)

    async def follow(self, run_id: str, *, after: int = 0) -> AsyncIterator[Sequence[Event]]:
        session, at = self._session, 0
        while True:
            async with session.more:
                while not session.over and len(session.record) <= at:
                    await session.more.wait()
            batch, at = session.record[at:], len(session.record)
            if batch:
                yield batch
            if session.over and at == len(session.record):
                return

    async def command(self, run_id: str, name: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        self._session.commands.append((run_id, name))
        return {"ok": True, "text": self._session.answer}

    def logs_until(self, run_id: str, seq: int) -> Sequence[Event]:
        record = self._session.record
        return [event for event in record if event.type.startswith("log.") and event.seq <= seq][-2:]

    def logs_from(self, run_id: str, seq: int) -> Sequence[Event]:
        record = self._session.record
        return [event for event in record if event.type.startswith("log.") and event.seq >= seq][:2]


class StubRuns(Runs):
    """Runs whose record a test writes."""

    def __init__(self, session: StubSession, store: RunStore, files: SecretFiles) -> None:
        super().__init__(store, files)
        self._session = session

    @override
    async def older_logs(self, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
        await self._session.page_gate.wait()
        return await super().older_logs(run_id, mark, wanted, least)

    @override
    async def newer_logs(self, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
        await self._session.page_gate.wait()
        return await super().newer_logs(run_id, mark, wanted, least)

    @override
    async def record_problems(self, run_id: str) -> AsyncIterator[str]:
        while True:
            yield await self._session.record_problems.get()
            self._session.record_problems.task_done()


class StubInstaller(Installer):
    """Installs with scripted checks and plans; the start is the engine's own."""

    def __init__(self, session: StubSession, answers: Answers) -> None:
        super().__init__(session._state, answers)
        self._session = session

    @override
    async def operation(self, target: Target, asked: Asked = "either") -> Operation:
        found = self._session.next_operation
        if isinstance(found, Problem):
            raise found
        if asked not in ("either", found):
            raise Unfit(f"An {asked} does not go with what is there.")
        return found

    @override
    async def handoff(self, draft: Draft, whom: str = "") -> str:
        self._session.handed.append(whom)
        return self._session.next_handoff

    @override
    async def checks(
        self, draft: Draft, only: Collection[str] = (), *, probe: bool = False
    ) -> AsyncIterator[CheckResult]:
        self._session.probed.append(probe)
        for number, result in enumerate(self._session.checks):
            if only and result.id not in only:
                continue
            if number == len(self._session.checks) - 1:
                await self._session.checks_gate.wait()
            yield result

    @override
    async def while_asking(self, draft: Draft) -> AsyncIterator[CheckResult]:
        for result in self._session.said_while_asking:
            yield result

    @override
    async def compare_presets(self, draft: Draft) -> bool:
        return False

    @override
    async def planned(self, prepared: Prepared) -> Planned:
        return Planned(self._session.plan_of(prepared.target), (), None)

    @override
    async def upgrade_values(self, prepared: Prepared) -> UpgradeValues:
        return self._session.next_upgrade_values

    @override
    async def _over_history(self, target: Target) -> bool:
        return False

    @override
    async def start(
        self, prepared: Prepared, operation: Operation, checks: Sequence[CheckResult] = (), plan: Plan | None = None, *,
        confirmed: str = "", attended: bool = True, wait_anyway: bool = False,
    ) -> str:  # fmt: skip
        run_id = await super().start(
            prepared, operation, checks, plan, confirmed=confirmed, attended=attended, wait_anyway=wait_anyway
        )
        self._session.started.append((prepared.draft, operation))
        return run_id


class StubRelease(Release):
    """A release that is what a test says; what changes it asks the engine's own rules first."""

    def __init__(self, session: StubSession, target: Target) -> None:
        super().__init__(session._state, target)
        self._session = session

    @override
    async def moved(self) -> str:
        return ""

    @override
    async def watch(self, *, logs: bool = True) -> AsyncIterator[Sequence[Event]]:
        for batch in self._session.watched:
            yield batch

    @override
    async def describe(self, kind: str, name: str) -> str:
        self._session.described.append(f"{kind}/{name}")
        return f"Events\n  none\n\nkind: {kind}\nmetadata:\n  name: {name}"

    @override
    async def status(self, *, reach: float = 0.0) -> Sequence[Event]:
        self._session.reach_seconds.append(reach)
        answer = [Event("reach", self._session.reached.to_data())] if reach else []
        return [*(event for batch in self._session.watched for event in batch), *answer]

    @override
    async def reach(self) -> Event:
        self._session.looked_at.append(self._target)
        self._session.reach_asked.set()
        await self._session.reach_gate.wait()
        return Event("reach", self._session.reached.to_data())

    @override
    async def diagnose(self, *, reach: float = 2.0) -> AsyncIterator[Diagnosis]:
        self._session.reach_seconds.append(reach)
        self._session.looked_at.append(self._target)
        for view in self._session.diagnoses.get(self._target.release, ()):
            yield view

    @override
    async def diagnoses(self) -> AsyncIterator[Diagnosis]:
        async for view in self.diagnose():
            yield view

    @override
    async def bundle(self) -> Bundle:
        self._session.looked_at.append(self._target)
        return content.of(self._session.observed, self._target, "1.0.0")

    @override
    async def changes(self, run: RunSummary | None = None) -> Changes:
        return Changes(1, 2, f"run {run.id}" if run else "", values=("-replicas: 1", "+replicas: 2"))

    @override
    async def history(self) -> Sequence[Revision]:
        return self._session.revisions

    @override
    async def compare(self, old: int, new: int) -> Comparison:
        return Comparison(old, new, ("x-1", "x-2"), ("-replicas: 1", "+replicas: 2"), ())

    @override
    async def revision_text(self, revision: int, what: RevisionText) -> str:
        return f"{what} of {revision}"

    @override
    async def missing_rights(self, operation: str) -> tuple[Right, ...]:
        return self._session.lost_rights

    @override
    async def _refuse_without(self, wanted: Any) -> None:
        return

    @override
    async def rollback(self, revision: int = 0, *, force_conflicts: bool = False) -> Rollback:
        plan = self._session.plan_of(self._target)
        agreed = approval.of_rollback(self._target.release, plan, production=self._session.production)
        return Rollback(revision or 1, plan, self._session.lost_rights, agreed, force_conflicts)

    @override
    async def uninstall_lists(self, *, namespace: bool = False) -> Uninstall:
        if isinstance(self._session.lists, Problem):
            raise self._session.lists
        return self._session.lists

    @override
    async def leftovers(self) -> tuple[Leftovers, ...]:
        self._session.looked_at.append(self._target)
        gone = self._session.removed
        return tuple(
            replace(found, items=tuple(item for item in found.items if item.uid not in gone))
            for found in self._session.left
        )

    @override
    async def delete_leftovers(
        self, found: Leftovers, picked: Sequence[Leftover], *, confirmed: str = ""
    ) -> AsyncIterator[Removal]:
        approval.of_leftovers(found, picked).require(confirmed)
        for item in picked:
            self._session.removed.append(item.uid)
            yield Removal(item, "deleted")

    @override
    async def recovery(self) -> Recovery:
        return self._session.stuck

    @override
    async def mark_failed(self, known: Recovery, reason: str = "", *, confirmed: str = "") -> str:
        approval.of_recovery(self._target, known, reason).require(confirmed)
        self._session.done.append((f"failed: {reason}" if reason else "failed", known.revision))
        return "backup.json"

    @override
    def may_undo(self, revision: int, status: str) -> bool:
        return self._session.undoable is not None

    @override
    async def undo_recovery(self) -> Undo:
        if isinstance(self._session.undoable, Undo):
            return self._session.undoable
        raise self._session.undoable or Problem("there is nothing to undo")

    @override
    async def undo(self, known: Undo, *, confirmed: str = "") -> None:
        approval.of_undo_recover(self._target).require(confirmed)
        self._session.done.append(("undo", known.revision))


class StubSession(Session):
    """What a front end may ask."""

    def __init__(
        self, options: Options | None = None, *, config: Kubeconfig = HERE, charts: ChartSource | None = None,
        files: FileStore | None = None, drafts: DraftStore | None = None, clock: Clock | None = None,
    ) -> None:  # fmt: skip
        self.config = config
        self.known = ClusterSuggestions(sandbox=True, storage_classes=("standard",), namespaces=())
        """What the cluster tells once it is asked."""
        self.known_gate = _open_gate()
        self.home_lines: Sequence[HomeLine] = ()
        self.found = ReleasesView((), "namespace default")
        self.published: Mapping[str, bytes] = {}
        """Packed charts by their references: what helm can pull."""
        self.pulled: list[tuple[str, ChartOptions]] = []
        self.running: Mapping[str, Any] | Problem = {}
        """The values of the release that runs."""
        self.kept: list[tuple[str, Draft]] = []
        self.saved: list[Draft] = []
        self.checks: Sequence[CheckResult] = ()
        self.said_while_asking: Sequence[CheckResult] = ()
        self.next_handoff = ""
        self.handed: list[str] = []
        self.probed: list[bool] = []
        """Of each time that the checks ran, whether with the probe."""
        """For whom each hand-off was asked."""
        self.checks_gate = _open_gate()
        self.next_operation: Operation | Problem = "install"
        self.next_plan: Plan | Problem = Plan("install", "here", "", "", 0, 0, ())
        self.next_upgrade_values = UpgradeValues((), (), "llm-cost-ops-1.0.0", "llm-cost-ops-1.0.0")
        self.production = False
        self.misread: dict[str, Any] = {}
        """Values that helm reads otherwise than is meant."""
        self.described: list[str] = []
        self.started: list[tuple[Draft, str]] = []
        self.specs: list[RunSpec] = []
        """Of every run that was started."""
        self.refusal: Problem | None = None
        """Why no run can be started."""
        self.past: list[RunSummary] = []
        self.revived: list[str] = []
        self.record: list[Event] = []
        self.over = False
        self.more = asyncio.Condition()
        self.record_problems: asyncio.Queue[str] = asyncio.Queue()
        self.page_gate = _open_gate()
        self.commands: list[tuple[str, str]] = []
        self.answer = "helm was asked to stop; it answers."
        self.watched: Sequence[Sequence[Event]] = ()
        self.reached = Reach("pass", "https://api.example.com/health answers HTTP 200")
        self.reach_gate = _open_gate()
        self.reach_asked = asyncio.Event()
        self.reach_seconds: list[float] = []
        """For how long each `status` asked."""
        self.diagnoses: dict[str, Sequence[Diagnosis]] = {}
        self.observed = Observation(Snapshot({}, (), StubClock().now()))
        """What a bundle is made of."""
        """By release, each view of it in turn."""
        self.looked_at: list[Target] = []
        self.revisions: tuple[Revision, ...] = ()
        self.lost_rights: tuple[Right, ...] = ()
        self.lists: Uninstall | Problem = Problem("no lists")
        self.stuck = Recovery(3, "pending-upgrade", "2026-01-02T03:00:00Z", False, 2, ("Deployment/a",), ("Service/b",))
        self.done: list[tuple[str, int]] = []
        """What was done with the release, and with which revision of it."""
        self.undoable: Undo | Problem | None = None
        self.left: tuple[Leftovers, ...] = ()
        self.removed: list[str] = []
        self.closed = False
        store = cast("RunStore", _Store(self))
        helm = cast("Any", _Helm(self))
        ports = Ports(
            cluster=_no_cluster,
            kubeconfig=_Kubeconfig(self),
            helm=helm,
            charts=charts or ChartFolders(),
            puller=helm,
            documents=YamlDocuments(),
            drafts=drafts or _Drafts(self),
            runs=store,
            files=files or PersonFiles(),
            clock=clock or SystemClock(),
            certificates=Certificates(),
            network=cast("Network", None),
            registries=cast("Registries", None),
            pages=HtmlPages(),
        )
        super().__init__(ports, options)
        self.runs = StubRuns(self, store, SecretFiles(ports.files, ports.certificates))
        self.installer = StubInstaller(self, self.answers)

    def plan_of(self, target: Target) -> Plan:
        """The next plan, for that target."""
        if isinstance(self.next_plan, Problem):
            raise self.next_plan
        return replace(self.next_plan, release=target.release, namespace=target.namespace)

    async def say(self, *events: Event) -> None:
        """Append to the record of the run."""
        async with self.more:
            self.record += [replace(event, seq=len(self.record) + number) for number, event in enumerate(events, 1)]
            self.over = self.over or any(event.type == "run.finished" for event in events)
            self.more.notify_all()

    @override
    def release(self, target: Target) -> StubRelease:
        return StubRelease(self, target)

    @override
    async def refresh_suggestions(self, draft: Draft) -> ClusterSuggestions:
        await self.known_gate.wait()
        now = self._state.suggestions
        self._state.suggestions = replace(
            self.known, contexts=now.contexts, current_context=now.current_context,
            context_namespaces=now.context_namespaces,
        )  # fmt: skip
        return self._state.suggestions

    @override
    async def releases(self, target: Target) -> AsyncIterator[ReleasesView]:
        yield self.found

    @override
    async def home(self) -> AsyncIterator[HomeLine]:
        for line in self.home_lines:
            yield line

    @override
    async def close(self) -> None:
        self.closed = True


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate


def _no_cluster(_: Target) -> Cluster:
    raise AssertionError("no cluster is to be contacted")
