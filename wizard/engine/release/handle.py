"""One release: its state, its history, and the operations on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from wizard.core.helm.command_line import HelmOptions

if TYPE_CHECKING:
    from wizard.core.bundle.content import Bundle
    from wizard.core.helm.command_line import RunOperation
    from wizard.core.kube.rights import Right
    from wizard.core.report.changes import Changes
    from wizard.core.rules.diagnosis import Diagnosis
    from wizard.core.run.events import Event
    from wizard.core.run.summary import RunSummary
    from wizard.core.target import Target
    from wizard.engine.release.compare import Comparison
    from wizard.engine.release.history import RevisionText
    from wizard.engine.release.leftovers import Leftover, Leftovers, Removal
    from wizard.engine.release.records import Revision
    from wizard.engine.release.recover import Recovery
    from wizard.engine.release.rollback import Rollback
    from wizard.engine.release.undo_recover import Undo
    from wizard.engine.release.uninstall import Uninstall
    from wizard.engine.state import SessionState
    from wizard.engine.watch.diagnose import Ask
    from wizard.ports.cluster import Cluster

_ASKED_SECONDS: Final = 2.0
"""How long a diagnosis asks whether people reach the release."""
_VERBS: Final = {"created": "create", "changed": "patch", "removed": "delete"}


class Release:
    """The release of a target. Nothing is contacted before a method is called; what cannot be read raises Problem."""

    def __init__(self, state: SessionState, target: Target) -> None:
        self._state = state
        self._ports = state.ports
        self._target = target

    @property
    def _cluster(self) -> Cluster:
        return self._state.cluster(self._target)

    async def moved(self) -> str:
        """One sentence when the context reaches another cluster than the last time; "" when it does not. Raises nothing."""
        from wizard.engine import cluster_identity

        return await self._moved(await cluster_identity.uid(self._cluster))

    async def _moved(self, uid: str) -> str:
        return await asyncio.to_thread(self._state.moved, self._target, uid)

    # State

    def watch(self, *, logs: bool = True) -> AsyncIterator[Sequence[Event]]:
        """The release live, without a run: the same events as a run's record, in batches."""
        from wizard.engine.watch import live

        return live.watch_release(self._cluster, self._target, self._ports.clock, logs=logs)

    async def status(self, *, reach: float = 0.0) -> Sequence[Event]:
        """The release as it is now: the same events as a run's record, and the verdict that `diagnose` gives; never raises.

        With `reach` it is asked for so many seconds whether people reach it: one event more.
        """
        from wizard.engine.watch import diagnose

        ports = self._ports
        return await diagnose.status_events(
            self._cluster, self._target, ports.clock, ports.runs, ports.documents, self._asking(reach, forward=True)
        )

    async def reach(self) -> Event:
        """Whether people reach it, asked from this machine for some seconds, as a `reach` event; never raises."""
        from wizard.core.run.events import Event
        from wizard.engine.watch import reach

        found = await reach.of_release(self._cluster, self._ports.network, self._target, self._ports.clock)
        return Event("reach", found.to_data())

    def diagnose(self, *, reach: float = _ASKED_SECONDS) -> AsyncIterator[Diagnosis]:
        """What is wrong with it, ranked: first without logs if a cause shows, then complete. Changes nothing; never raises.

        For so many seconds it is asked, from outside of the cluster alone, whether people reach it; 0: not at all.
        """
        from wizard.engine.watch import diagnose

        ports = self._ports
        asking = self._asking(reach, forward=False)
        return diagnose.diagnose(self._cluster, self._target, ports.clock, ports.runs, ports.documents, asking)

    def diagnoses(self) -> AsyncIterator[Diagnosis]:
        """`diagnose`, again whenever something of it may have changed, until the caller stops."""
        from wizard.engine.watch import again

        return again.diagnoses(self._cluster, self._target, self.diagnose)

    def _asking(self, seconds: float, *, forward: bool) -> Ask | None:
        from functools import partial

        from wizard.engine.watch import reach

        network = self._ports.network
        ask = partial(reach.of_snapshot, self._cluster, network, self._target, seconds=seconds, forward=forward)
        return ask if seconds else None

    async def bundle(self) -> Bundle:
        """What a diagnosis reads, as it may be given away; changes nothing, never raises."""
        from wizard import __version__
        from wizard.core.bundle import content
        from wizard.engine.watch import diagnose

        ports = self._ports
        async for observation in diagnose.look(
            self._cluster,
            self._target,
            ports.clock,
            ports.runs,
            ports.documents,
            self._asking(_ASKED_SECONDS, forward=False),
            everything=True,
        ):
            whole = observation
        more = await diagnose.more_logs(self._cluster, self._target, whole.snapshot)
        return await asyncio.to_thread(content.of, whole, self._target, __version__, more)

    def logs(self, *, tail: int | None = None) -> AsyncIterator[Sequence[Event]]:
        """The logs of its containers so far, in batches of log.lines; raises Problem when pods cannot be listed."""
        from wizard.engine.watch import logs

        return logs.read(self._cluster, self._target, tail=tail)

    async def describe(self, kind: str, name: str) -> str:
        """One of its objects as text: the events about it, and its YAML with secrets masked; raises Problem."""
        from wizard.engine.release import describe

        return await describe.describe(self._cluster, self._ports.documents, self._target, kind, name)

    # History

    async def history(self) -> Sequence[Revision]:
        """Every revision, oldest first."""
        from wizard.engine.release import history

        return await history.history(self._cluster, self._target, self._ports.runs.runs())

    async def compare(self, old: int, new: int) -> Comparison:
        """What differs between two revisions, masked."""
        from wizard.engine.release import history

        return await history.compare(self._cluster, self._ports.documents, self._target, old, new)

    async def changes(self, run: RunSummary | None = None) -> Changes:
        """What a run of this machine changed, or the newest revision; masked, raises nothing."""
        from wizard.engine.release import changes

        ports = self._ports
        return await changes.of(self._cluster, ports.documents, self._target, ports.runs, run)

    async def revision_text(self, revision: int, what: RevisionText) -> str:
        """One revision's values (given or all) or manifest as YAML, secrets masked."""
        from wizard.engine.release import history

        return await history.text(self._cluster, self._ports.documents, self._target, revision, what)

    # Rollback and uninstall

    async def missing_rights(self, operation: str) -> tuple[Right, ...]:
        """The rights of an operation that this person lacks, each with its effect; never raises."""
        from wizard.engine.release import rights

        return await rights.missing(self._cluster, self._target, operation)

    async def rollback(self, revision: int = 0, *, force_conflicts: bool = False) -> Rollback:
        """What a rollback would do and needs (revision 0: the last good one).

        `force_conflicts`: fields of other managers are taken over, and the plan names them.
        """
        from wizard.engine.release import rollback

        self._ports.runs.warm()
        return await rollback.look(self._state, self._target, revision, force_conflicts=force_conflicts)

    async def rollback_after(self, recovery: Recovery, *, force_conflicts: bool = False) -> Rollback:
        """The rollback that follows a recover, before its record is marked; `force_conflicts` as in `rollback`.

        Raises:
            Problem: it would be refused.
        """
        from wizard.engine import approval

        back = await self.rollback(recovery.good, force_conflicts=force_conflicts)
        approval.refuse_after_recovery(back.approval, back.plan)
        return back

    async def start_rollback(
        self, shown: Rollback, *, confirmed: str = "", helm: HelmOptions = HelmOptions()  # noqa: B008 - it is frozen
    ) -> str:  # fmt: skip
        """Start a rollback if it is still what was shown; returns the run's id."""
        from wizard.core.run.spec import Expected
        from wizard.engine import approval

        now = await self.rollback(shown.revision, force_conflicts=shown.force_conflicts)
        now.approval.require(confirmed)
        approval.refuse_changed(shown.plan, now.plan)
        plan = now.plan
        helm = replace(helm, force_conflicts=approval.may_force(plan, asked=shown.force_conflicts))
        await self._refuse_without(
            (_VERBS[change.change], change.kind, change.name) for change in plan.objects if change.change in _VERBS
        )
        return await self._start(
            "rollback", helm, plan.chart, plan.cluster_uid, Expected(plan.last, plan.rendered), revision=now.revision
        )

    async def uninstall_lists(self, *, namespace: bool = False) -> Uninstall:
        """What an uninstall deletes, keeps and loses for ever."""
        from wizard.engine import cluster_identity
        from wizard.engine.release import uninstall

        self._ports.runs.warm()
        async with cluster_identity.proven(self._cluster, self._ports.helm, self._target):
            lists = await uninstall.look(self._cluster, self._ports.documents, self._target, namespace=namespace)
            uid = await cluster_identity.uid(self._cluster)
        return replace(lists, cluster_uid=uid, moved=await self._moved(uid))

    async def start_uninstall(
        self, lists: Uninstall, *, confirmed: str = "", delete_namespace: bool = False,
        helm: HelmOptions = HelmOptions(),  # noqa: B008 - it is frozen
    ) -> str:  # fmt: skip
        """Start an uninstall as it was listed; returns the run's id."""
        from wizard.core.run.spec import Expected
        from wizard.engine import approval

        approval.of_uninstall(lists, delete_namespace=delete_namespace).require(confirmed)
        deleted = (item.label.partition("/") for item in lists.deleted)
        await self._refuse_without(("delete", kind, name) for kind, _, name in deleted)
        expected = Expected(lists.revision)
        return await self._start(
            "uninstall", helm, lists.chart, lists.cluster_uid, expected, delete_namespace=delete_namespace
        )

    async def _refuse_without(self, wanted: Iterable[tuple[str, str, str]]) -> None:
        from wizard.engine.release import rights

        await rights.refuse(self._cluster, self._target, wanted)

    async def _start(
        self, operation: RunOperation, options: HelmOptions, chart: str, uid: str, expected: Any, **more: Any
    ) -> str:
        import shlex

        from wizard.core.helm import command_line, version
        from wizard.core.helm.chart import OURS
        from wizard.core.run.spec import RunSpec
        from wizard.engine import cluster_identity

        target, ports = self._target, self._ports
        number = version.of_chart(chart)
        cluster_identity.refuse_overrides(ports.helm, target)
        helm = await ports.helm.info()
        if operation == "rollback":
            argv = command_line.rollback_argv(helm.major, target, int(more["revision"]), options)
        else:
            argv = command_line.uninstall_argv(helm.major, target, options)
        spec = RunSpec(
            operation, target, helm.path, helm.version, helm.major, options,
            chart_name=chart.removesuffix(number).removesuffix("-") or OURS, chart_version=number,
            reproduce=(shlex.join(["helm", *argv]),), expected=expected, cluster_uid=uid, **more,
        )  # fmt: skip
        return ports.runs.start(spec, "{}\n", {})

    # Leftovers and recovery

    async def leftovers(self) -> tuple[Leftovers, ...]:
        """The leftovers of releases that are gone, by namespace; raises Problem when the release is installed."""
        from wizard.engine.release import leftovers

        return await leftovers.everywhere(self._cluster, self._target, self._state.suggestions.context_namespace)

    def delete_leftovers(
        self, shown: Leftovers, picked: Sequence[Leftover], *, confirmed: str = ""
    ) -> AsyncIterator[Removal]:
        """Delete leftovers one by one, after a new proof of all; raises Problem when an object is not what was shown."""
        from wizard.engine import approval
        from wizard.engine.release import leftovers

        approved = approval.of_leftovers(shown, picked)
        approved.require(confirmed)
        target = replace(self._target, namespace=shown.namespace, release=approved.release)
        return leftovers.remove(self._state.cluster(target), target, picked)

    async def recovery(self) -> Recovery:
        """What is known of a release that is stuck in pending-*; raises Problem when it is not."""
        from wizard.engine.release import recover

        ports = self._ports
        return await recover.look(self._cluster, ports.documents, self._target, ports.clock, ports.runs)

    async def mark_failed(self, shown: Recovery, reason: str = "", *, confirmed: str = "") -> str:
        """Back up the record of a stuck revision and mark it as failed; returns the backup's path."""
        from wizard.engine import approval
        from wizard.engine.release import recover

        approval.of_recovery(self._target, shown, reason).require(confirmed)
        return await recover.mark_failed(
            self._cluster, self._ports.files, self._target, shown, self._ports.clock, reason
        )

    def may_undo(self, revision: int, status: str) -> bool:
        """Whether a recover of this machine left the release as it is, and the backup of its record is kept."""
        from wizard.engine.release import undo_recover

        return undo_recover.offered(self._ports.files, self._target, revision, status)

    async def undo_recovery(self) -> Undo:
        """What undoing a recover would put back; raises Problem when there is nothing to undo."""
        from wizard.engine.release import undo_recover

        return await undo_recover.look(self._cluster, self._ports.files, self._target)

    async def undo(self, shown: Undo, *, confirmed: str = "") -> None:
        """Put the record back as it was before recover."""
        from wizard.engine import approval
        from wizard.engine.release import undo_recover

        approval.of_undo_recover(self._target).require(confirmed)
        await undo_recover.undo(self._cluster, self._ports.files, self._target, shown)
