"""A headless run: namespace, Secrets, late checks, helm, and watching until there is a verdict.

Helm's exit code and our verdict are two facts and stay two. Evidence is on the disk before a failed run is finished, and
before anything is rolled back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from wizard.core.errors import Exit, Problem
from wizard.core.helm import command_line, output
from wizard.core.helm.applied import Applied, Wanted
from wizard.core.kube.errors import ClusterError
from wizard.core.kube.objects import MANAGED_BY, WIZARD
from wizard.core.kube.status import Verdict
from wizard.core.rules.finding import Finding
from wizard.core.run import stopping
from wizard.core.run.events import Event
from wizard.core.run.spec import Expected, RunSpec, SecretSpec
from wizard.core.run.summary import HelmExit
from wizard.core.run.view import RunView
from wizard.core.text.secrets import Secret
from wizard.core.text.words import counted
from wizard.engine import cluster_identity
from wizard.engine.run import evidence, helm_outcome, plan_guard, rollback_on_failure
from wizard.engine.run.early_render import EarlyRender
from wizard.engine.run.fixes import RunFixes
from wizard.engine.run.lease import Held
from wizard.engine.run.rollback_on_failure import RollbackStep, Undo
from wizard.engine.watch.log_tail import LogTail
from wizard.engine.watch.release_watch import ReleaseWatch
from wizard.ports.clock import Clock
from wizard.ports.cluster import Cluster
from wizard.ports.documents import Documents
from wizard.ports.helm import Helm
from wizard.ports.run import HelmProcess, Recorder

AFTER_FAILURE_SECONDS: Final = 20.0
"""Seconds for which we watch on after helm gave up: pods often become ready a little later."""
AFTER_SUCCESS_SECONDS: Final = 60.0
"""Seconds that our own verdict may take after helm has succeeded (helm 3 accepts unavailable pods)."""
_HIDDEN_SECONDS: Final = 2.0
"""Seconds to wait for a lost connection before the verdict is "unknown"."""
_LAST_LINES_SECONDS: Final = 1.0
"""Seconds that ended containers may take to deliver their last lines before a failed run is finished."""
_BEFORE_SECONDS: Final = 3.0
"""Seconds that the first lists may take before the evidence of a rollback or uninstall is kept without them."""
_WORKLOADS: Final = ("Deployment", "StatefulSet", "DaemonSet")
_GIVE_UP_TICK: Final = 1.0
"""Seconds between two checks whether a cause that does not resolve by itself ends the run."""
_APPLIED_TICK: Final = 2.0
"""Seconds between two reads of helm's records: whether helm leaves as it is what was broken before."""
_LIST_SECONDS: Final = 5.0
"""Seconds for a read of helm's records."""


def secret_manifest(name: str, kind: str, values: Mapping[str, Secret], release: str) -> dict[str, Any]:
    """The Secret of that name and type that a run creates; it holds its values."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "labels": {MANAGED_BY: WIZARD, "app.kubernetes.io/instance": release}},
        "type": kind,
        "stringData": {key: value.reveal() for key, value in values.items()},
    }


def _few(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are."""
    more = f" and {len(names) - _FEW} more" if len(names) > _FEW else ""
    return f"{', '.join(names[:_FEW])}{more}"


_FEW: Final = 3
_DOES: Final[Mapping[str, str]] = {
    "install": "installs", "upgrade": "upgrades", "rollback": "rolls back", "uninstall": "uninstalls",
}  # fmt: skip


_UNDONE: Final[Mapping[str, str]] = {"rollback": "rolled back", "uninstall": "deleted"}


@dataclass(frozen=True)
class RunWorld:
    """The ports of a run."""

    cluster: Cluster
    documents: Documents
    helm: Helm
    clock: Clock
    record: Recorder
    process: HelmProcess
    back: HelmProcess
    """The helm that rolls back after a failure."""


@dataclass(frozen=True)
class _End:
    """How a run ends."""

    code: Exit
    verdict: str
    reason: str


@dataclass
class Run:
    """One run. `go` starts it, `resume` continues one whose runner was lost; both return the exit code."""

    spec: RunSpec
    world: RunWorld
    material: Mapping[str, Mapping[str, Secret]] = field(default_factory=dict, repr=False)
    after_failure: float = AFTER_FAILURE_SECONDS
    after_success: float = AFTER_SUCCESS_SECONDS
    applied_every: float = _APPLIED_TICK

    def __post_init__(self) -> None:
        emit = self.world.record.emit
        self._watch = ReleaseWatch(self.world.cluster, self.spec.target, self.world.clock, emit)
        self._watch.hold = "helm is still at work"
        self._watch.replaces = self.spec.operation in ("upgrade", "rollback")
        self._tail = LogTail(self.world.cluster, self.spec.target.namespace, self.world.clock, emit)
        self._watch.on_pods(self._tail.update)
        self._tail.on_lines(self._watch.keep_last_lines)
        self._manifests = plan_guard.StoredManifests(self.world.cluster, self.world.documents, self.spec.target)
        self._cancelled = False
        self._standing = stopping.Standing()
        self._wanted: Wanted | None = None
        self._given_up: tuple[Finding, float] | None = None
        self._helm_runs = False
        self._fixes = RunFixes(
            self.world.cluster, self.spec.target, self._watch, self.world.record, self.world.clock,
            lambda: self._helm_runs and bool(self._watch.hold) and self.spec.operation != "uninstall",
        )  # fmt: skip
        self._may_watch = asyncio.Event()
        self._lines: dict[str, list[str]] = {"out": [], "err": []}
        self._undo = Undo(self.world.back, self._say)
        self._undoing = False
        self._lease = Held(self.world.cluster, self.world.clock, self.spec.target, self.spec.holder, self._say)
        self._helm_exit: HelmExit | None = None

    def fix(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Begin a fix that was offered; see RunFixes.apply."""
        self._standing.again()
        return self._fixes.apply(request)

    def cancel(self) -> str:
        """Stop the run: one SIGTERM for helm, or helm is not started. Returns what happens, as a sentence."""
        if self._undoing:
            return "helm is rolling back and cannot be interrupted safely; it goes on."
        if self._helm_runs and not self.spec.lasting:
            return stopping.unsafe(self.spec.operation)
        if self._cancelled or self._given_up:
            return "It was asked to stop already."
        self._cancelled = True
        if not self._helm_runs:
            return "It stops before helm is started."
        if self.world.process.cancel():
            return stopping.answer(rollback_on_failure=self.spec.rollback_on_failure)
        return "helm has ended already."

    async def go(self) -> int:
        """Run to the end."""
        spec = self.spec
        where = {"context": spec.target.context, "namespace": spec.target.namespace, "release": spec.target.release}
        started = {
            "id": spec.id,
            "operation": spec.operation,
            "target": where,
            "chart": f"{spec.chart_name} {spec.chart_version}".strip(),
            "helm": spec.helm_version,
            "preset": spec.preset,
            "rollback_on_failure": spec.rollback_on_failure,
            "cluster_uid": spec.cluster_uid,
        }
        self._say("run.started", **started)
        for result in spec.accepted:
            self._say("check.result", **result)
        async with self._watching():
            self.world.process.prepare(self._argv())
            early = self._early_render() if self.spec.operation == "install" else None
            try:
                await self._prepare(early)
            except Problem as problem:
                return await self._finish(_End(problem.code, "failed", str(problem)))
            except ClusterError as error:
                return await self._finish(_End(Exit.FAILED, "failed", f"The cluster refused: {error.message}"))
            finally:
                self._may_watch.set()
                if early:
                    early.close()
            if self._cancelled:
                return await self._finish(_End(Exit.INTERRUPTED, "unknown", "It was stopped before helm was started."))
            return await self._helm_and_verdict(skip={})

    def _early_render(self) -> EarlyRender:
        world, spec = self.world, self.spec
        return EarlyRender(world.cluster, world.helm, spec.target, spec.chart, spec.values_path)

    async def resume(self) -> int:
        """Go on watching a run whose runner was lost; helm is running or has ended meanwhile."""
        self._watch.replaces = False  # what is live now was applied before
        view, counted = RunView(), {"out": 0, "err": 0}
        history = list(self.world.record.past())
        for event in history:
            view.apply(event)
            if event.type == "helm.output":
                counted[event.data["stream"]] += len(event.data["lines"])
        self._may_watch.set()
        self._watch.resume_after(view)
        self._undo.resume_after(view)
        self._tail.resume_after(history)
        self._fixes.resume_after(view)
        async with self._watching():
            await self._lease.take(accepted=True)
            return await self._helm_and_verdict(skip=counted, resumed=view)

    @contextlib.asynccontextmanager
    async def _watching(self) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(self._unbreakable(part.run)) for part in (self._watch, self._tail, self._fixes)]
        tasks.append(asyncio.create_task(self._lease.renew()))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._lease.release()

    async def _unbreakable(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run a part of our watch; its fault never ends a run: helm goes on, and watch.blind tells it."""
        try:
            # A dozen new connections at once would delay the one call that everything else waits for.
            await self._may_watch.wait()
            await work()
        except Exception as error:  # noqa: BLE001 - whatever it is, helm goes on
            reason = f"the wizard's own watch failed: {type(error).__name__}: {error}"
            self._say("watch.blind", what="the release", reason=reason, permission="")

    # Before helm

    async def _prepare(self, early: EarlyRender | None) -> None:
        made = False
        spec, cluster = self.spec, self.world.cluster
        cluster_identity.refuse_overrides(self.world.helm, spec.target)
        same = [cluster_identity.refuse_another(cluster, spec.target, spec.cluster_uid)]
        if spec.expected:
            same.append(plan_guard.unchanged(cluster, spec.target, spec.expected))
        for answer in await asyncio.gather(*same, return_exceptions=True):
            if answer is not None:  # another cluster is reported before another revision
                raise answer
        if self.spec.operation == "install":
            self._phase("namespace", f"checks namespace {self.spec.target.namespace}")
            made = await self._namespace()
        if not spec.lasting:
            self._may_watch.set()  # the evidence needs the lists
        evidence_task = None if spec.lasting else asyncio.create_task(self._evidence_before())
        try:
            await self._lease.take(accepted=any(result["id"] == "N09" for result in spec.accepted))
            self._may_watch.set()
            if evidence_task:
                await evidence_task
        finally:
            if evidence_task:
                evidence_task.cancel()
        if self.spec.secrets and not self._cancelled:
            self._phase("secrets", f"creates {counted(len(self.spec.secrets), 'Secret')} where missing")
            await asyncio.gather(*(self._secret(secret) for secret in self.spec.secrets))
        if made and early and not self._cancelled:
            self._phase("checks", "runs the checks that needed the namespace")
            await self._late_checks(early)

    async def _evidence_before(self) -> None:
        """Keep the present state on the disk before anything is rolled back or deleted."""
        self._phase("checks", "keeps the present state beside the record")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_BEFORE_SECONDS):
                while not self._watch.listed:
                    await self._watch.changed(0.02)
        if not await self._evidence("before"):
            raise Problem(
                f"The present state could not be kept on the disk, so nothing is {_UNDONE[self.spec.operation]}.",
                "Make room in the state folder, then try again.",
                Exit.FAILED,
            )

    async def _namespace(self) -> bool:
        name, cluster = self.spec.target.namespace, self.world.cluster
        try:
            live = await cluster.get("Namespace", name)
        except ClusterError as error:
            if error.kind == "forbidden":
                # A person with rights inside a namespace often may not read it; helm reports it if it is missing.
                return False
            if error.kind != "not-found":
                raise
        else:
            if (live.get("status") or {}).get("phase") == "Terminating":
                raise Problem(
                    f"Namespace {name} is being deleted.", "Wait until it is gone, or use another one.", Exit.FAILED
                )
            return False
        manifest = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {MANAGED_BY: WIZARD}}}
        try:
            await cluster.create(manifest)
        except ClusterError as refused:
            if refused.kind == "conflict":
                return False
            if refused.kind == "forbidden":
                raise Problem(
                    f"Namespace {name} does not exist and you may not create it ({refused.permission or 'create namespaces'}).",
                    f"Ask for it: kubectl create namespace {name}",
                    Exit.FAILED,
                ) from refused
            raise
        self._say("object.made", kind="Namespace", name=name, action="created", keys=[])
        return True

    async def _secret(self, secret: SecretSpec) -> None:
        values = self.material.get(secret.name, {})
        manifest = secret_manifest(secret.name, secret.type, values, self.spec.target.release)
        action = "created"
        try:
            await self.world.cluster.create(manifest, self.spec.target.namespace)
        except ClusterError as error:
            if error.kind == "forbidden":
                raise Problem(
                    f"You may not create Secret {secret.name} ({error.permission or 'create secrets'}).",
                    "Ask for the right, or name an existing Secret with --existing-secret.",
                    Exit.FAILED,
                ) from None
            if error.kind != "conflict":
                # The error may repeat what was sent; its traceback must not.
                raise ClusterError(error.kind, f"Secret {secret.name}: {error.message}", error.status) from None
            action = "kept"
        self._say("object.made", kind="Secret", name=secret.name, action=action, keys=list(secret.keys))

    async def _late_checks(self, early: EarlyRender) -> None:
        from wizard.engine.preflight import checks  # 40 ms of rules that a run into an existing namespace does not need

        spec, world = self.spec, self.world
        results = await checks.late(world.cluster, world.documents, early, spec.target, spec.chart, spec.values_path)
        world.record.emit(Event("check.result", result.to_data()) for result in results)
        for result in results:
            if result.blocking:
                reasons = "; ".join(result.evidence)
                raise Problem(f"Check {result.id} ({result.title}) failed: {reasons}.", result.next_step, Exit.REFUSED)

    # helm, and the verdict

    async def _helm_and_verdict(self, *, skip: Mapping[str, int], resumed: RunView | None = None) -> int:
        spec, process, argv = self.spec, self.world.process, self._argv()
        self._helm_runs = True
        if resumed is None:
            self._phase("helm", f"helm {spec.helm_version} {_DOES[spec.operation]} {spec.target.release}")
        else:
            self._phase("helm", "a new process watches this run; the one before it is gone")
        pid = await process.start(argv)
        if resumed is None or not resumed.helm_pid:
            self._say("helm.started", pid=pid, argv=argv)
        tasks = [
            asyncio.create_task(self._unbreakable(work))
            for work in (self._give_up, self._report_what_is_applied, self._read_ahead)
        ]
        try:
            await self._read_helm(dict(skip))
            ended = self._helm_exit = await process.wait()
        finally:
            for task in tasks:
                task.cancel()
        if resumed is None or resumed.helm_exit is None:
            self._say("helm.exited", code=ended.code, signal=ended.signal)
        self._watch.hold = ""
        self._watch.flush()
        end = await self._judge(helm_outcome.infer_exit(ended, self._lines["out"], self._lines["err"]))
        if end.code != Exit.DONE:
            await self._tail.drain(_LAST_LINES_SECONDS)
        return await self._finish(end)

    async def _give_up(self) -> None:
        """Ask helm to stop, once, when nobody attends and a cause that does not resolve by itself has lasted long enough."""
        if self.spec.wait_anyway or not self.spec.lasting:
            return
        loop = asyncio.get_running_loop()
        while not self._cancelled:
            watch = self._watch
            causes = stopping.cannot_heal(watch.verdict, watch.urgent) if watch.listed else []
            stood, cause = self._standing.longest(loop.time(), causes, watch.ready_pods())
            long = stood >= self.spec.give_up_after
            if cause and long and await self._is_of_this_run(cause):
                if self.world.process.cancel():
                    self._given_up = (cause, stood)
                    self._say("decision", what="stop", who="the wizard", text=stopping.giving_up(cause, stood))
                return
            if long:  # the records are read again, but not often
                await asyncio.sleep(_GIVE_UP_TICK)
            await watch.changed(min(_GIVE_UP_TICK, max(0.01, self.spec.give_up_after - stood)))

    async def _read_ahead(self) -> None:
        """While helm is at work: what its revision will be compared with."""
        await self._manifests.read_ahead(self.spec.revision)

    async def _report_what_is_applied(self) -> None:
        """While something broken from before is not judged: find out whether this revision leaves it as it is."""
        while True:
            await asyncio.sleep(self.applied_every)
            if self._watch.holds_back:
                self._watch.applied((await self._applied()).there)

    async def _is_of_this_run(self, cause: Finding) -> bool:
        """Whether this run's revision was applied to the object of the cause: a hook may delay helm before that.

        Where the records are hidden our watch decides, which knows what changed.
        """
        spec, world = self.spec, self.world
        if spec.operation == "install":
            return True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LIST_SECONDS):
                compared = await plan_guard.compare_live(world.cluster, self._manifests, spec.target, spec.expected)
                return bool(compared.hidden) or compared.whole or cause.object in compared.there
        return False

    def _argv(self) -> list[str]:
        spec, major = self.spec, self.spec.helm_major
        match spec.operation:
            case "rollback":
                argv = command_line.rollback_argv(major, spec.target, spec.revision, spec.helm)
            case "uninstall":
                argv = command_line.uninstall_argv(major, spec.target, spec.helm)
            case operation:
                argv = command_line.run_argv(major, operation, spec.target, spec.chart, spec.values_path, spec.helm)
        return [spec.helm_path, *argv]

    async def _read_helm(self, skip: dict[str, int]) -> None:
        async for stream, lines in self.world.process.output():
            fresh = lines[skip.get(stream, 0) :]
            skip[stream] = max(0, skip.get(stream, 0) - len(lines))
            self._lines[stream] += lines
            if fresh:
                self._say("helm.output", stream=stream, lines=fresh)

    async def _judge(self, ended: HelmExit) -> _End:
        if self.spec.operation == "uninstall":
            return await self._after_uninstall(ended)
        if ended.code == 0:
            if notes := output.notes_of(self._lines["out"]):
                self._say("run.notes", text=notes)
            await asyncio.gather(self._compare_with_plan(), self._ask_what_is_wanted())
            return await self._after_success()
        if self._given_up:
            cause, stood = self._given_up
            return _End(Exit.FAILED, "failed", stopping.given_up(cause, stood, await self._recorded()))
        if self._cancelled:
            reason = stopping.end(await self._recorded(), rollback_on_failure=self.spec.rollback_on_failure)
            return _End(Exit.INTERRUPTED, self._watch.verdict.state, reason)
        return await self._after_failure(self._words(ended), await self._left_locked())

    def _words(self, ended: HelmExit) -> str:
        return output.failure_of(self._lines["err"], ended.code, ended.signal)

    async def _left_locked(self) -> str:
        """A sentence on the release that a dead helm left in pending-*; "" when it is not locked."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LIST_SECONDS):
                return await helm_outcome.locked_release_message(self.world.helm, self.spec.target)
        return ""

    async def _after_uninstall(self, ended: HelmExit) -> _End:
        target, words = self.spec.target, self._words(ended)
        if ended.code != 0:
            return _End(Exit.FAILED, "failed", f"{words} What is left is listed by uninstall --dry-run.")
        reason = f"{target.release} is uninstalled" + (", its history is kept" if self.spec.helm.keep_history else "")
        if not self.spec.delete_namespace:
            return _End(Exit.DONE, "ready", reason)
        from wizard.engine.release import uninstall  # only here

        if others := await uninstall.foreign(self.world.cluster, target):
            names = ", ".join(others[:5])
            return _End(
                Exit.FAILED, "ready", f"{reason}; namespace {target.namespace} stays, there is more in it: {names}"
            )
        await self.world.cluster.delete("Namespace", target.namespace)
        self._say("object.made", kind="Namespace", name=target.namespace, action="deleted", keys=[])
        return _End(Exit.DONE, "ready", f"{reason}, and namespace {target.namespace} is being deleted")

    async def _compare_with_plan(self) -> None:
        spec, world = self.spec, self.world
        if spec.expected and spec.expected.rendered:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LIST_SECONDS):
                    sentence = await plan_guard.as_planned(world.cluster, self._manifests, spec.target, spec.expected)
                if sentence:
                    self._phase("watching", sentence)

    async def _recorded(self) -> str:
        """What helm has recorded of a stopped run, as part of a sentence; "" when it cannot be read."""
        target = self.spec.target
        with contextlib.suppress(Problem, TimeoutError):
            async with asyncio.timeout(_LIST_SECONDS):
                listed = await self.world.helm.list(target)
            for row in listed:
                if row.get("name") == target.release:
                    return f"revision {row.get('revision')} is recorded as {row.get('status')}"
        return ""

    async def _after_success(self) -> _End:
        verdict = self._watch.verdict
        if verdict.state != "ready" or self._not_applied():
            self._phase("watching", "helm has succeeded; waits for our own verdict")
            verdict = await self._wait_for_ready(self.after_success)
        if verdict.state == "ready" and (workload := self._not_applied()):
            verdict = Verdict("unknown", f"{workload} is not as this revision asks: somebody may have changed it since")
        if verdict.state == "ready":
            return _End(Exit.DONE, "ready", verdict.reason)
        if verdict.state == "unknown":
            return _End(Exit.DONE, "unknown", f"helm says that it is done, but we cannot tell: {verdict.reason}")
        return _End(Exit.FAILED, verdict.state, f"helm says that it is done, but {verdict.reason}")

    async def _after_failure(self, words: str, locked: str) -> _End:
        words = f"{words} {locked}".strip()
        if not self._watch.members():
            return _End(Exit.FAILED, "failed", words)
        if self.spec.rollback_on_failure:
            now = self._watch.verdict
            why = f"{now.reason}. " if now.reason and now.state != "ready" else ""  # the old pods may be ready
            return _End(Exit.FAILED, "failed", f"{why}{words}")
        applied = await self._applied()
        if applied.nothing:
            return _End(Exit.FAILED, "failed", f"Nothing new runs: helm failed before it applied any of it. {words}")
        if applied.before:
            return _End(Exit.FAILED, "failed", f"It is applied in part, not {_few(applied.before)}. {words}")
        self._phase("watching", "helm gave up; watches whether the pods become ready a little later")
        gave_up = self.world.clock.now()
        verdict = await self._wait_for_ready(self.after_failure)
        if verdict.state == "ready" and not applied.whole:
            why = applied.hidden or f"{_few(applied.unsure)} cannot be compared with it"
            return _End(
                Exit.FAILED,
                "unknown",
                f"All pods are ready, but whether this revision runs is not known: {why}. {words}",
            )
        if verdict.state == "ready":
            later = (self.world.clock.now() - gave_up).total_seconds()
            advice = "" if locked else " The release is recorded as failed: run upgrade to fix that."
            return _End(
                Exit.FAILED, "ready", f"helm gave up, and the pods made it {later:.0f} s later. {words}{advice}"
            )
        state = "stuck" if self._watch.urgent else "failed"
        return _End(Exit.FAILED, state, f"{verdict.reason}. {words}" if verdict.reason else words)

    async def _applied(self) -> Applied:
        """What of this run's revision is live, after helm failed."""
        spec, world = self.spec, self.world
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LIST_SECONDS):
                return await plan_guard.compare_live(world.cluster, self._manifests, spec.target, self._planned())
        return Applied(hidden="the cluster did not answer in time")

    def _planned(self) -> Expected | None:
        """The revision that the run starts from; none for an install."""
        return self.spec.expected or (Expected(0) if self.spec.operation == "install" else None)

    async def _ask_what_is_wanted(self) -> None:
        """Read what the revision that helm applied asks for; without the right to, our watch decides."""
        spec, world = self.spec, self.world
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LIST_SECONDS):
                asked = await plan_guard.wanted(world.cluster, self._manifests, spec.target, None)
                self._wanted = asked if isinstance(asked, Wanted) else None

    def _not_applied(self) -> str:
        """A workload that our watch still sees as it was before helm applied it, as Kind/name; "" when there is none."""
        if self._wanted is None:
            return ""
        seen = {(obj.get("kind"), obj["metadata"]["name"]): obj for obj in self._watch.members()}
        live = {key: obj for key in self._wanted.new if (obj := seen.get((key[1], key[3])))}
        compared = self._wanted.compare(live, _WORKLOADS)
        return compared.before[0] if compared.before else ""

    async def _wait_for_ready(self, seconds: float) -> Verdict:
        """The verdict once it is ready, hopeless or unknown, or after `seconds`."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while True:
            verdict = self._watch.verdict
            waited = loop.time() - began
            hopeless = verdict.state == "failed" or any(
                finding.terminal or finding.heals == "no" for finding in self._watch.urgent
            )
            hidden = verdict.state == "unknown" and waited > _HIDDEN_SECONDS
            ready = verdict.state == "ready" and not self._not_applied()
            done = ready or waited >= seconds or self._cancelled
            if done or (self._watch.listed and (hopeless or hidden)):
                return verdict
            await self._watch.changed(min(seconds - waited, 0.5))

    # The end

    async def _finish(self, end: _End) -> int:
        files = list(self.spec.files)
        if end.code != Exit.DONE:
            kept = await self._evidence()
            files += [kept] if kept else []
            if self.spec.rollback_on_failure and self._helm_runs:
                end = await self._go_back(end, kept)
        if self._helm_runs and self.spec.operation in ("install", "upgrade"):
            await self._look_for_leaks()
        await self._lease.release()  # whoever reads that it is finished may begin the next one
        self._phase("finished", end.reason)
        self._say(
            "run.finished",
            code=int(end.code),
            verdict=end.verdict,
            reason=end.reason,
            files=files,
            commands=list(self.spec.reproduce),
        )
        return int(end.code)

    async def _look_for_leaks(self) -> None:
        """Record as check K03 whether a secret of the run is anywhere but in its Secret; never raises for the cluster."""
        from wizard.core.rules.check import Unknown, all_checks
        from wizard.core.rules.facts import LeaksSeen
        from wizard.engine.release import leaks  # 40 ms of rules, as for the late checks

        world, target = self.world, self.spec.target
        fact: Any = Unknown("the cluster did not answer in time")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_LIST_SECONDS):
                try:
                    files = await asyncio.to_thread(world.record.files)
                    watched = self._watch.members() if self._watch.listed else None
                    fact = await leaks.look(world.cluster, world.documents, target, self.material, files, watched)
                except ClusterError as error:
                    fact = Unknown(error.message.rstrip("."), error.permission)
        if isinstance(fact, LeaksSeen) and not fact.secrets:
            return
        (rule,) = (check for check in all_checks() if check.id == "K03")
        self._say("check.result", **rule.evaluate({"leaks": fact, "target": target}).to_data())

    async def _go_back(self, end: _End, kept: str) -> _End:
        """Roll back on failure, but never without evidence on the disk."""
        if not kept:
            return replace(end, reason=f"{end.reason} It is not rolled back: the evidence could not be kept.")
        spec, self._undoing = self.spec, True
        back = self._undo.begun or await rollback_on_failure.next_step(
            self.world.cluster, spec.target, spec.helm_major, spec.helm,
            install=spec.operation == "install", ended=self._helm_exit,
        )  # fmt: skip
        if not back.argv:
            return replace(end, reason=rollback_on_failure.combined_reason(end.reason, back, None))
        try:
            ended = await self._undo.go(spec.helm_path, back)
        except Problem as problem:
            return replace(
                end,
                reason=rollback_on_failure.combined_reason(
                    end.reason, RollbackStep((), f"not rolled back: {problem.what}"), None
                ),
            )
        after = ""
        if ended.code == 0 and back.argv[0] == "rollback":
            await self._ask_what_is_wanted()
            self._watch.flush()
            after = (await self._wait_for_ready(self.after_success)).reason
        return replace(
            end, verdict="failed", reason=rollback_on_failure.combined_reason(end.reason, back, ended, after)
        )

    async def _evidence(self, name: str = "evidence") -> str:
        """Keep the present state on the disk; returns the path, "" when it could not be written."""
        world = self.world
        data = await evidence.of(world.cluster, world.clock, self.spec.target.namespace, self._watch)
        return world.record.keep(name, data)

    def _phase(self, phase: str, text: str) -> None:
        self._say("run.phase", phase=phase, text=text)

    def _say(self, kind: str, /, **data: Any) -> None:
        self.world.record.emit([Event(kind, data)])
