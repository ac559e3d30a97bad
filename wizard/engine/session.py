"""What a face talks to: one object from the first question to the last log line.

Each method imports what only it needs: all of it together is 60 ms, and the first paint needs next to nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import wizard
from wizard.core.answers.draft import Draft
from wizard.core.answers.suggestions import Hints
from wizard.core.errors import Problem
from wizard.engine import approval
from wizard.engine.preflight import suggestions as live_hints

if TYPE_CHECKING:
    from datetime import datetime

    from wizard.core.answers import secrets, values_file
    from wizard.core.answers.resolve import Layers, Resolved
    from wizard.core.helm.command_line import RunOperation
    from wizard.core.helm.plan import Plan
    from wizard.core.kube.rights import Right
    from wizard.core.rules.check import CheckResult
    from wizard.core.rules.diagnosis import Diagnosis
    from wizard.core.run.events import Event
    from wizard.core.run.log_window import Mark, Page
    from wizard.core.target import Target
    from wizard.core.text.secrets import Secret
    from wizard.engine.ports import Ports
    from wizard.engine.preflight.overview import HomeLine
    from wizard.engine.records import Wanted
    from wizard.engine.release.compare import Comparison
    from wizard.engine.release.history import Guided, RevisionText
    from wizard.engine.release.leftovers import Leftover, Leftovers, Removal
    from wizard.engine.release.listing import Asked, ReleasesView
    from wizard.engine.release.plan import Planned
    from wizard.engine.release.records import Revision
    from wizard.engine.release.recover import Recovery
    from wizard.engine.release.rollback import Rollback
    from wizard.engine.release.undo_recover import Undo
    from wizard.engine.release.uninstall import Uninstall
    from wizard.ports.charts import Chart
    from wizard.ports.cluster import Cluster
    from wizard.ports.kubeconfig import Kubeconfig
    from wizard.ports.store import RunSummary

Operation = Literal["install", "upgrade"]


@dataclass(frozen=True)
class Options:
    """What the command line fixes for the whole session."""

    kubeconfig: str = ""
    context: str = ""
    namespace: str = ""
    release: str = ""
    chart: str = ""


class Session:
    """One person, one kubeconfig, one chart. Faces ask it and watch it; it never waits for a face."""

    def __init__(self, ports: Ports, options: Options | None = None) -> None:
        self._ports = ports
        self.options = options or Options()
        self._hints = Hints()
        self._charts: dict[str, Chart] = {}
        self._files: dict[str, Any] = {}
        self._clusters: dict[tuple[str, str], Cluster] = {}

    # Drafts and answers

    def new_draft(self) -> Draft:
        """An empty draft with what the command line said."""
        named = {"context": self.options.context, "namespace": self.options.namespace, "release": self.options.release}
        return Draft(
            answers={key: value for key, value in named.items() if value},
            chart=self.options.chart,
            kubeconfig=self.options.kubeconfig,
        )

    async def upgrade_draft(self, target: Target) -> Draft:
        """A draft that starts from the values of the release that runs, secrets left out; raises Problem."""
        from wizard.core.helm import values

        stored = self._ports.documents.load(await self._ports.helm.stored_values(target), f"values of {target.release}")
        answers = {"context": target.context, "namespace": target.namespace, "release": target.release}
        draft = replace(self.new_draft(), answers={key: value for key, value in answers.items() if value})
        return replace(draft, running=values.without_secrets(stored or {"global": {"environment": "production"}}))

    def drafts(self) -> Sequence[tuple[str, Draft]]:
        """Drafts kept from earlier sessions with the time they were saved, newest first."""
        return self._ports.drafts.load_all()

    def save_draft(self, draft: Draft) -> None:
        """Keep the draft; it is offered again at the next start."""
        self._ports.drafts.save(replace(draft, cluster_uid=self._hints.cluster_uid or draft.cluster_uid))

    def forget_draft(self, draft: Draft) -> None:
        """Remove the kept draft of the same target."""
        self._ports.drafts.forget(draft)

    def chart(self, draft: Draft) -> Chart:
        """The draft's chart, read once; raises Problem when the path is missing or not a chart."""
        if draft.chart not in self._charts:
            self._charts[draft.chart] = self._ports.charts.open(draft.chart)
        return self._charts[draft.chart]

    def layers(self, draft: Draft) -> Layers:
        """The value layers below the answers; raises Problem for a bad chart or values file."""
        from wizard.core.answers.resolve import Layers

        chart = self.chart(draft)
        for path in draft.files:
            if path not in self._files:
                tree = self._ports.documents.load(self._ports.files.read(path, "values file"), path) or {}
                if not isinstance(tree, Mapping):
                    raise Problem(
                        f"{path} is not a values file: it holds no KEY: VALUE lines.", "Give another with -f."
                    )
                self._files[path] = tree
        files = tuple((path, self._files[path]) for path in draft.files)
        return Layers(chart.defaults, chart.presets, files, chart.version, chart.app_version)

    def resolve(self, draft: Draft) -> Resolved:
        """Every question's effective answer, with the live facts known so far."""
        from wizard.core.answers.questions import QUESTIONS
        from wizard.core.answers.resolve import Resolved

        return Resolved(draft, self._hints, self.layers(draft), QUESTIONS)

    def can_resolve(self, draft: Draft) -> bool:
        """Whether `resolve` has all it reads from files already."""
        return draft.chart in self._charts and all(path in self._files for path in draft.files)

    @property
    def hints(self) -> Hints:
        """The live facts known so far."""
        return self._hints

    def kubeconfig(self) -> Kubeconfig:
        """The kubeconfig; also makes its contexts known to the questions."""
        config = self._ports.kubeconfig.read(self.options.kubeconfig)
        current = self.options.context or config.current
        chosen = config.context(current)
        self._hints = replace(
            self._hints,
            kubeconfig=self.options.kubeconfig,
            contexts=tuple(one.name for one in config.contexts),
            current_context=current,
            context_namespace=chosen.namespace if chosen else "",
            sandbox=live_hints.is_sandbox(current),
        )
        return config

    async def refresh_hints(self, draft: Draft) -> Hints:
        """Ask the draft's cluster for what the questions offer; what cannot be had stays None. Never raises."""
        target = self.resolve(draft).target
        found = await live_hints.refresh(self._hints, self.cluster(target), target)
        moved = await asyncio.to_thread(self.moved, target, found.cluster_uid)
        self._hints = replace(found, moved=moved)
        return self._hints

    def moved(self, target: Target, uid: str) -> str:
        """One sentence when the context reaches another cluster than in the newest draft or run; "" when it does not.

        `uid` is that of kube-system now. A sandbox is a new cluster each time that it is started: nothing is said of one.
        """
        from wizard.engine import cluster_identity

        if live_hints.is_sandbox(target.context):
            return ""
        return cluster_identity.moved(target, uid, self.drafts(), self.runs())

    async def cluster_moved(self, target: Target) -> str:
        """Likewise, asking the cluster; raises nothing."""
        from wizard.engine import cluster_identity

        return await asyncio.to_thread(self.moved, target, await cluster_identity.uid(self.cluster(target)))

    def cluster(self, target: Target) -> Cluster:
        """The client of the target's context, one for the whole session."""
        key = (target.kubeconfig, target.context)
        if key not in self._clusters:
            self._clusters[key] = self._ports.cluster(target)
        return self._clusters[key]

    # Values file

    def values_file(self, draft: Draft) -> values_file.ValuesFile:
        """The values file of the answers, as data."""
        from wizard.core.answers import values_file

        return values_file.build(self.resolve(draft), wizard.__version__)

    def values_text(self, draft: Draft) -> str:
        """The values file as it will be written."""
        built = self.values_file(draft)
        return self._ports.documents.render(built.header, built.tree, built.notes)

    def values_shown(self, draft: Draft) -> str:
        """The values file for a person to read: what a person's own files hold of secrets is masked."""
        return self._masked_files(self.values_text(draft))[0]

    def values_diff(self, draft: Draft) -> tuple[str, ...]:
        """A unified diff against the file that is there; empty when there is none or it is the same."""
        path = self.values_file(draft).path
        before = self._ports.files.existing(path)
        if before is None:
            return ()
        import difflib

        after = self.values_text(draft)
        old, new = (text.splitlines() for text in self._masked_files(before, after))
        diff = tuple(difflib.unified_diff(old, new, path, f"{path} (new)", lineterm=""))
        return diff or ((f"{path}: only values that are not shown differ",) if before != after else ())

    def _masked_files(self, *texts: str) -> list[str]:
        """Values files as they may be shown."""
        from wizard.core.text import masking
        from wizard.core.text.redaction import hide

        trees = []
        for text in texts:
            with contextlib.suppress(Problem):  # whoever needs the file says what is wrong with it
                trees.append(self._ports.documents.load(text, "values"))
        redact = masking.known_secrets(trees)
        return [hide(redact(text)) for text in texts]

    def write_values(self, draft: Draft) -> Sequence[str]:
        """Write the values file; returns the paths written (a dated backup among them)."""
        return self._ports.files.write(self.values_file(draft).path, self.values_text(draft))

    def values_exist(self, draft: Draft) -> bool:
        """Whether there is a file where the values file will be written; raises Problem when it cannot be read."""
        return self._ports.files.existing(self.values_file(draft).path) is not None

    # Files that a person names

    def read_file(self, path: str, what: str) -> str:
        """The text of a file, `what` it is for messages; raises Problem."""
        return self._ports.files.read(path, what)

    def secret_file_note(self, path: str, what: str) -> str:
        """What a person should know about a file that holds a secret; its content is not kept; raises Problem."""
        return self._ports.files.read_secret(path, what)[1]

    def write_file(self, path: str, text: str, what: str) -> Sequence[str]:
        """Write a text; returns the paths written (a backup among them); raises Problem."""
        return self._ports.files.write(path, text, what)

    def write_manifests(self, path: str, planned: Planned) -> Sequence[str]:
        """Write the objects of a plan, Secrets masked; returns the paths written; raises Problem."""
        from wizard.engine.release import compare

        text = compare.manifest_text(self._ports.documents, planned.objects, planned.redact)
        return self._ports.files.write(path, text)

    def now(self) -> datetime:
        """The time by the session's clock."""
        return self._ports.clock.now()

    # The cluster, read only

    def home(self) -> AsyncIterator[HomeLine]:
        """The lines of home as they become known; never raises."""
        from wizard.engine.preflight import overview

        return overview.lines(self, self._ports)

    def releases(self, target: Target) -> AsyncIterator[ReleasesView]:
        """Releases in sight: first a quick view, then with readiness; says where was looked and what is hidden."""
        from wizard.engine.release import listing

        return listing.find(self.cluster(target), target, self._hints.context_namespace)

    async def namespaces_of(self, release: str, target: Target) -> tuple[str, ...]:
        """Where a release of that name is, in every namespace in sight of the target's context."""
        places: set[str] = set()
        async for view in self.releases(replace(target, namespace="")):
            places = {one.namespace for one in view.rows if one.name == release}
        return tuple(sorted(places))

    def preflight(self, draft: Draft) -> AsyncIterator[CheckResult]:
        """Every check of the draft as it is decided; never raises."""
        from wizard.engine.preflight import checks

        return checks.run(self, self._ports, draft)

    def watch(self, target: Target, *, logs: bool = True) -> AsyncIterator[Sequence[Event]]:
        """A release live, without a run: the same events as a run's record, in batches."""
        from wizard.engine.watch import live

        return live.watch_release(self.cluster(target), target, self._ports.clock, logs=logs)

    def diagnose(self, target: Target) -> AsyncIterator[Diagnosis]:
        """What is wrong with a release, ranked: at once if it shows, then whole, with logs. Changes nothing; never raises."""
        from wizard.engine.watch import diagnose

        ports = self._ports
        return diagnose.diagnose(self.cluster(target), target, ports.clock, ports.runs, ports.documents)

    async def status(self, target: Target) -> Sequence[Event]:
        """A release as it is now: the same events as a run's record, and the verdict that `diagnose` gives; never raises."""
        from wizard.engine.watch import diagnose

        ports = self._ports
        return await diagnose.status_events(self.cluster(target), target, ports.clock, ports.runs, ports.documents)

    # Day two, read only

    async def plan(self, draft: Draft) -> Plan:
        """What an install or upgrade with these answers would do; raises Problem."""
        return (await self.planned(draft)).plan

    async def planned(self, draft: Draft) -> Planned:
        """The plan with what was rendered for it; raises Problem."""
        from wizard.engine import cluster_identity
        from wizard.engine.release import plan as release_plan

        target, ports = self.resolve(draft).target, self._ports
        cluster_identity.refuse_overrides(ports.helm, target)
        planned = await release_plan.of_values(
            self.cluster(target), ports.helm, ports.documents, target, self.chart(draft), self.values_text(draft)
        )
        return replace(planned, plan=await self._with_moved(target, planned.plan))

    async def plan_rollback(self, target: Target, revision: int = 0) -> Plan:
        """What a roll-back to a revision would do (0: the last good one); raises Problem."""
        from wizard.engine import cluster_identity
        from wizard.engine.release import plan as release_plan

        ports, cluster = self._ports, self.cluster(target)
        async with cluster_identity.proven(cluster, ports.helm, target):
            planned = await release_plan.of_rollback(cluster, ports.helm, ports.documents, target, revision)
        return await self._with_moved(target, planned.plan)

    async def rollback(self, target: Target, revision: int = 0) -> Rollback:
        """What a roll-back would do and needs (revision 0: to the last good one); raises Problem."""
        from wizard.engine.release import rollback

        revision = await self.rollback_revision(target, revision)
        plan, production, missing = await asyncio.gather(
            self.plan_rollback(target, revision), self.is_production(target), self.missing_rights(target, "rollback")
        )
        return rollback.Rollback(
            revision, plan, missing, approval.of_rollback(target.release, plan, production=production)
        )

    async def _with_moved(self, target: Target, plan: Plan) -> Plan:
        """The plan, warning of a context that reaches another cluster than before."""
        moved = await asyncio.to_thread(self.moved, target, plan.cluster_uid)
        return replace(plan, warnings=(*plan.warnings, moved)) if moved else plan

    async def rollback_revision(self, target: Target, revision: int = 0) -> int:
        """The revision that a roll-back goes to, the given one checked; raises Problem when there is none."""
        from wizard.engine.release import plan as release_plan
        from wizard.engine.release import records

        known = await records.known(self.cluster(target), target)
        return await release_plan.wanted_revision(self.cluster(target), target, known, revision)

    async def is_production(self, target: Target) -> bool:
        """Whether the newest revision says that it is production; raises Problem when it cannot be read."""
        from wizard.engine.release import records, uninstall

        known = await records.known(self.cluster(target), target)
        return uninstall.is_production(await records.read(self.cluster(target), target, known[-1].revision))

    async def history(self, target: Target) -> Sequence[Revision]:
        """Every revision of a release, oldest first; raises Problem when there is none or it is hidden."""
        from wizard.engine.release import history

        return await history.history(self.cluster(target), target, self.runs())

    async def compare(self, target: Target, old: int, new: int) -> Comparison:
        """What differs between two revisions, masked; raises Problem."""
        from wizard.engine.release import history

        return await history.compare(self.cluster(target), self._ports.documents, target, old, new)

    async def revision_text(self, target: Target, revision: int, what: RevisionText) -> str:
        """One revision's values (given or all) or manifest as YAML, secrets masked; raises Problem."""
        from wizard.engine.release import history

        return await history.text(self.cluster(target), self._ports.documents, target, revision, what)

    async def guided(self, draft: Draft) -> Guided:
        """The values of an upgrade in four columns, and how the -f files differ from what runs; raises Problem."""
        from wizard.engine.release import history

        resolved = self.resolve(draft)
        target, files = resolved.target, resolved.layers.files
        result = self.values_file(draft).tree
        return await history.guided_values(self.cluster(target), target, self.chart(draft), result, files)

    async def uninstall_lists(self, target: Target, *, namespace: bool = False) -> Uninstall:
        """What an uninstall deletes, keeps and loses for ever; raises Problem when something stops it."""
        from wizard.engine import cluster_identity
        from wizard.engine.release import uninstall

        cluster = self.cluster(target)
        async with cluster_identity.proven(cluster, self._ports.helm, target):
            lists = await uninstall.look(cluster, self._ports.documents, target, namespace=namespace)
            uid = await cluster_identity.uid(cluster)
        return replace(lists, cluster_uid=uid, moved=await asyncio.to_thread(self.moved, target, uid))

    async def missing_rights(self, target: Target, operation: str) -> tuple[Right, ...]:
        """What this person may not do of an operation, each with what that costs; never raises."""
        from wizard.engine.release import rights

        return await rights.missing(self.cluster(target), target, operation)

    async def leftovers(self, target: Target) -> tuple[Leftovers, ...]:
        """What releases that are gone have left, each namespace apart; raises Problem when the release is installed."""
        from wizard.engine.release import leftovers

        return await leftovers.everywhere(self.cluster(target), target, self._hints.context_namespace)

    async def recovery(self, target: Target) -> Recovery:
        """What is known of a release that is stuck in pending-*; raises Problem when it is not."""
        from wizard.engine.release import recover

        ports = self._ports
        return await recover.look(self.cluster(target), ports.documents, target, ports.clock, ports.runs)

    # Runs

    def may_undo(self, target: Target, revision: int, status: str) -> bool:
        """Whether a recover of this machine left the release as it is, and the record from before is kept."""
        from wizard.engine.release import undo_recover

        return undo_recover.offered(self._ports.files, target, revision, status)

    async def undo_recovery(self, target: Target) -> Undo:
        """What undoing a recover would put back; raises Problem when there is nothing to undo."""
        from wizard.engine.release import undo_recover

        return await undo_recover.look(self.cluster(target), self._ports.files, target)

    async def undo(self, target: Target, known: Undo, *, confirmed: str = "") -> None:
        """Put the record back as it was before recover; raises Problem."""
        from wizard.engine.release import undo_recover

        approval.of_undo_recover(target).require(confirmed)
        await undo_recover.undo(self.cluster(target), self._ports.files, target, known)

    async def mark_failed(self, target: Target, known: Recovery, reason: str = "", *, confirmed: str = "") -> str:
        """Back up the record of a stuck revision and mark it as failed; returns the backup's path; raises Problem."""
        from wizard.engine.release import recover

        approval.of_recovery(target, known, reason).require(confirmed)
        return await recover.mark_failed(
            self.cluster(target), self._ports.files, target, known, self._ports.clock, reason
        )

    def delete_leftovers(
        self, target: Target, found: Leftovers, picked: Sequence[Leftover], *, confirmed: str = ""
    ) -> AsyncIterator[Removal]:
        """Delete leftovers one by one, proven once more before the first; raises Problem when one is not what was shown."""
        from wizard.engine.release import leftovers

        approved = approval.of_leftovers(found, picked)
        approved.require(confirmed)
        where = replace(target, namespace=found.namespace, release=approved.release)
        return leftovers.remove(self.cluster(where), where, picked)

    async def start_rollback(
        self, target: Target, shown: Rollback, *, confirmed: str = "", helm_timeout: str = "10m"
    ) -> str:
        """Start a roll-back if it is still what was shown; returns the run's id; raises Problem."""
        from wizard.engine.release import rights

        now = await self.rollback(target, shown.revision)
        now.approval.require(confirmed)
        approval.refuse_changed(shown.plan, now.plan)
        plan = now.plan
        verbs = {"created": "create", "changed": "patch", "removed": "delete"}
        await rights.refuse(
            self.cluster(target), target, ((verbs[one.change], one.kind) for one in plan.objects if one.change in verbs)
        )
        more = {
            "revision": now.revision,
            "expect": {"revision": plan.last, "rendered": plan.rendered},
            "cluster_uid": plan.cluster_uid,
        }
        return await self._start_on_release("rollback", target, plan.chart, helm_timeout, more)

    async def start_uninstall(
        self, target: Target, lists: Uninstall, *, confirmed: str = "", keep_history: bool = False,
        delete_namespace: bool = False, helm_timeout: str = "10m",
    ) -> str:  # fmt: skip
        """Start an uninstall as it was listed; returns the run's id; raises Problem."""
        from wizard.engine.release import rights

        approval.of_uninstall(lists, delete_namespace=delete_namespace).require(confirmed)
        kinds = (one.label.partition("/")[0] for one in lists.deleted)
        await rights.refuse(self.cluster(target), target, (("delete", kind) for kind in kinds))
        more = {
            "keep_history": keep_history,
            "delete_namespace": delete_namespace,
            "expect": {"revision": lists.revision},
            "cluster_uid": lists.cluster_uid,
        }
        return await self._start_on_release("uninstall", target, lists.chart, helm_timeout, more)

    async def _start_on_release(
        self, operation: RunOperation, target: Target, chart: str, helm_timeout: str, more: Mapping[str, Any]
    ) -> str:
        import shlex

        from wizard.core.helm import command_line
        from wizard.engine import cluster_identity

        cluster_identity.refuse_overrides(self._ports.helm, target)
        helm = await self._ports.helm.info()
        if operation == "rollback":
            argv = command_line.rollback_argv(helm.major, target, int(more["revision"]), helm_timeout)
        else:
            argv = command_line.uninstall_argv(
                helm.major, target, helm_timeout, keep_history=bool(more["keep_history"])
            )
        where = {
            "context": target.context, "namespace": target.namespace, "release": target.release,
            "kubeconfig": target.kubeconfig,
        }  # fmt: skip
        spec = {
            "operation": operation, "target": where, "chart": "", "chart_version": chart.rpartition("-")[2], "preset": "",
            "values": "{}\n", "helm": {"path": helm.path, "version": helm.version, "major": helm.major}, "timeout": helm_timeout,
            "reproduce": [shlex.join(["helm", *argv])], **more,
        }  # fmt: skip
        return self._ports.runs.start(spec, {})

    async def operation(self, draft: Draft, asked: Asked = "either") -> Operation:
        """Install or upgrade, by the state of the release; raises Problem as `releases.operation` does."""
        from wizard.engine.release import listing

        self._ports.runs.warm()
        target = self.resolve(draft).target
        return await listing.operation(self.cluster(target), target, asked)

    async def located(self, draft: Draft, *, required: bool = False) -> Draft:
        """The draft with the namespace in which its release is; unchanged when it names one or the release is nowhere.

        Raises:
            Problem: the release is in several namespaces, or required and nowhere.
        """
        if "namespace" in draft.answers:
            return draft
        target = self.resolve(draft).target
        places = await self.namespaces_of(target.release, target)
        if required and not places:
            raise Problem(f"{target.release} was not found.", "Name its namespace with -n NAMESPACE.")
        if len(places) > 1:
            raise Problem(
                f"{target.release} is in {', '.join(places)}.", "Choose one with -n NAMESPACE.", question="namespace"
            )
        return draft.with_answers({"namespace": places[0]}) if places else draft

    async def on_what_runs(self, draft: Draft, *, fresh: bool = False) -> Draft:
        """The draft of an upgrade on the values that run, unless -f files or a chosen preset are the truth; raises Problem.

        `fresh`: its answers were made for an install, so that its preset is no choice for what runs.
        """
        if draft.files or (not fresh and (draft.running or "preset" in draft.answers)):
            return draft
        based = await self.upgrade_draft(self.resolve(draft).target)  # names the target: its default may be another now
        return replace(draft.with_answers(dict(based.answers)), running=based.running)

    async def start(
        self, draft: Draft, operation: Operation, checks: Sequence[CheckResult] = (), plan: Plan | None = None, *,
        confirmed: str = "", attended: bool = True, wait_anyway: bool = False,
    ) -> str:  # fmt: skip
        """Write the values file and start the run in a process of its own; returns the run's id.

        An install is refused when the release is there by now, so that it never resets what runs. When nobody attends the
        run and it is not to wait anyway, a cause that cannot heal ends it.

        `checks` as they were decided: one that blocks refuses it, the accepted ones are recorded. `plan` is the one that was
        shown: PlanChanged is raised when another one is made now, and the run stops before helm when the release has
        another revision by then. `confirmed` is the release's name where it had to be typed. Raises Problem.
        """
        from wizard.core.answers import secrets
        from wizard.engine import cluster_identity
        from wizard.engine.release import listing

        resolved = self.resolve(draft)
        cluster_identity.refuse_overrides(self._ports.helm, resolved.target)
        if problems := resolved.problems():
            question, text = next(iter(problems.items()))
            raise Problem(text, f"Answer {question}.", question=question)
        target = resolved.target
        approval.of_run(target.release, resolved["preset"], plan, checks).require(confirmed)
        if plan:
            approval.refuse_changed(plan, await self.plan(draft))
        again = operation == "install" and await listing.over_history(self.cluster(target), target)
        planned = secrets.plan(resolved)
        material = self._material(planned)
        written = self.write_values(draft)
        helm = await self._ports.helm.info()
        spec = {
            "operation": operation,
            "target": {
                "context": target.context,
                "namespace": target.namespace,
                "release": target.release,
                "kubeconfig": target.kubeconfig,
            },
            "chart": self.chart(draft).path,
            "chart_version": self.chart(draft).version,
            "preset": resolved["preset"],
            "values": self.values_text(draft),
            "helm": {"path": helm.path, "version": helm.version, "major": helm.major},
            "timeout": draft.timeout,
            "undo": draft.undo,
            "replace": again,
            "wait_anyway": attended or wait_anyway,
            "secrets": [
                {"name": one.name, "type": one.type, "keys": [source.key for source in one.sources]} for one in planned
            ],
            "files": list(written),
            "accepted": [one.to_data() for one in checks if one.accepted],
            "expect": {"revision": plan.last, "rendered": plan.rendered} if plan else {},
            "cluster_uid": plan.cluster_uid if plan else self._hints.cluster_uid,
            "reproduce": list(self.reproduce(draft, operation, helm.major, again=again, wait_anyway=wait_anyway)),
        }
        run_id = self._ports.runs.start(spec, material)
        self.forget_draft(draft)
        return run_id

    def reproduce(
        self, draft: Draft, operation: Operation, helm_major: int, *, again: bool = False, wait_anyway: bool = False
    ) -> tuple[str, ...]:
        """The commands that do the same: ours, then helm's own. `again`: an install over a kept history."""
        import shlex

        from wizard.core.helm import command_line

        resolved = self.resolve(draft)
        target, path, chart = resolved.target, self.values_file(draft).path, self.chart(draft).path
        ours = [
            "llm-cost-ops-wizard",
            *(["upgrade", "--install"] if again else [operation]),
            "--context",
            target.context,
            "--namespace",
            target.namespace,
        ]
        ours += ["--release", target.release, "--preset", resolved["preset"], "-f", path, "--yes"]
        ours += ["--kubeconfig", target.kubeconfig] if target.kubeconfig else []
        ours += ["--chart", draft.chart] if draft.chart else []
        ours += ["--rollback-on-failure"] if draft.undo else []
        ours += ["--wait-anyway"] if wait_anyway else []
        ours += ["--confirm", target.release] if resolved["preset"] == "prod" else []
        helm = [
            "helm",
            *command_line.run_argv(helm_major, operation, target, chart, path, draft.timeout, replace=again),
        ]
        return shlex.join(ours), shlex.join(helm)

    def _material(self, planned: Sequence[secrets.SecretToMake]) -> dict[str, dict[str, Secret]]:
        from urllib.parse import quote

        from wizard.core.text.secrets import Secret, generate

        material: dict[str, dict[str, Secret]] = {}
        shared: dict[str, Secret] = {}
        for one in planned:
            for source in one.sources:
                if source.how == "constant":
                    value = Secret(source.detail)
                elif source.shared in shared:
                    value = shared[source.shared]
                elif source.how == "file":
                    value, _ = self._ports.files.read_secret(source.detail, f"file for {source.shared or source.key}")
                else:
                    value = generate()
                if source.shared:
                    shared[source.shared] = value
                if source.encoded:
                    value = Secret(quote(value.reveal(), safe=""))
                material.setdefault(one.name, {})[source.key] = value
        return material

    def runs(self) -> Sequence[RunSummary]:
        """Past and running operations, newest first."""
        return self._ports.runs.runs()

    def find_run(self, run_id: str) -> RunSummary:
        """The run with that id, its beginning or the path of a record; raises Problem."""
        return self._ports.runs.find(run_id)

    def damaged_runs(self) -> Sequence[Problem]:
        """What is wrong with records that cannot be read."""
        return self._ports.runs.damaged()

    def attach(self, run: RunSummary) -> str:
        """Have a run watched; what was done about its runner as a sentence, "" when nothing; raises Problem."""
        from wizard.engine import records

        return records.attach(self._ports.runs, run)

    def follow(self, run_id: str, *, after: int = 0) -> AsyncIterator[Sequence[Event]]:
        """The record of a run as it grows, in batches; ends with the run."""
        return self._ports.runs.follow(run_id, after=after)

    async def older_logs(self, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
        """Wanted log lines before a place in the record of a run, at least so many while there are; raises Problem."""
        from wizard.engine import records

        return await records.older_logs(self._ports.runs, run_id, mark, wanted, least)

    async def newer_logs(self, run_id: str, mark: Mark, wanted: Wanted, least: int) -> Page:
        """Likewise those after it."""
        from wizard.engine import records

        return await records.newer_logs(self._ports.runs, run_id, mark, wanted, least)

    def record_troubles(self, run_id: str) -> AsyncIterator[str]:
        """Sentences about a record that cannot be written, as that changes, "" once it can; never ends."""
        from wizard.engine import records

        return records.record_problems(self._ports.runs, run_id)

    async def command(self, run_id: str, name: str, data: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
        """Send a command to a run: "cancel" stops helm with one SIGTERM."""
        return await self._ports.runs.command(run_id, name, data)

    async def fix(
        self, run_id: str, finding: str, about: str, offered: Mapping[str, Any], answers: Mapping[str, str]
    ) -> str:
        """Have a run do what it offered about a finding; returns a sentence; raises Problem when it did not begin.

        The answer to a secret is `generate` or the path of a file; the value goes through the private socket only.
        """
        from wizard.core.rules.fix import GENERATE
        from wizard.core.text.secrets import generate

        given: dict[str, Any] = dict(answers)
        for need in offered["needs"]:
            if need["kind"] == "secret" and (answer := given.get(need["id"], "")):
                made = generate() if answer == GENERATE else self._ports.files.read_secret(answer, need["title"])[0]
                given[need["id"]] = made
        asked = {"finding": finding, "object": about, "fix": offered["id"], "answers": given}
        answer = await self.command(run_id, "fix", asked)
        if not answer.get("ok"):
            raise Problem(str(answer.get("text") or "It was not done."), "Look at the run again.")
        return str(answer["text"])

    async def close(self) -> None:
        """End every stream and thread of this session; runs go on."""
        for cluster in self._clusters.values():
            await cluster.close()
        self._clusters.clear()
