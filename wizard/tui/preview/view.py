"""The previews of operations: their rows, and what Enter starts. One class per operation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from typing_extensions import override

from wizard.core.errors import Problem
from wizard.core.helm.command_line import HelmOptions
from wizard.core.helm.plan import NOT_ROLLED_BACK
from wizard.core.kube import rights
from wizard.engine.approval import PlanChanged, of_recovery, of_undo_recover, of_uninstall, offers_force
from wizard.tui.review import plan_view
from wizard.tui.text import Row, beside, cut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wizard.core.answers.draft import Draft
    from wizard.core.helm.plan import Plan
    from wizard.core.target import Target
    from wizard.engine.approval import Approval
    from wizard.engine.release.recover import Recovery
    from wizard.engine.release.rollback import Rollback
    from wizard.engine.release.undo_recover import Undo
    from wizard.engine.release.uninstall import Item, Uninstall
    from wizard.engine.session import Session


class Preview(ABC):
    """The preview of one operation."""

    release: str
    approval: Approval | None = None
    """What a person has to confirm; None until it is known, and for a plan, which starts nothing."""

    @abstractmethod
    def heading(self) -> str:
        """The operation and its target, for the header."""

    @abstractmethod
    async def read(self, session: Session) -> None:
        """Read the cluster; raises Problem."""

    @abstractmethod
    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        """Rows, and the row numbers that the cursor can select."""

    def go(self) -> str:
        """The label of Enter; "" when Enter does nothing."""
        return ""

    def question(self) -> str:
        """The question that a person has to answer before the start; "" for none."""
        return ""

    def answer(self, text: str) -> None:  # noqa: B027 - most previews ask nothing
        """Store the answer to the question."""

    def switches(self) -> Mapping[str, str]:
        """Key of each switch -> its label."""
        return {}

    def switch(self, key: str) -> bool:
        """Toggle a switch; whether the cluster has to be read again for it."""
        return False

    async def start(self, session: Session, name: str) -> tuple[str, str]:
        """Start; returns the id of the run ("" when it is done already) and a message; raises Problem.

        `name` is the release's name as it was typed, "" where it did not have to be.
        """
        raise Problem("This is only a preview.", "Start it from the review.")


class PlanPreview(Preview):
    """What install or upgrade would change; only the review starts it."""

    def __init__(self, draft: Draft, target: Target, plan: Plan | None = None) -> None:
        self.release = target.release
        self._draft, self._target, self._plan = draft, target, plan

    @override
    def heading(self) -> str:
        return f"plan {self._target}"

    @override
    async def read(self, session: Session) -> None:
        self._plan = self._plan or await session.installer.plan(session.answers.prepare(self._draft))

    @override
    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        return plan_view.plan_rows(self._plan, width, chosen) if self._plan else ((), ())


class RollbackPreview(Preview):
    """A rollback to a revision; 0 is the last good one."""

    def __init__(self, target: Target, revision: int, *, force_conflicts: bool = False) -> None:
        self.release = target.release
        self._target, self._revision = target, revision
        self._shown: Rollback | None = None
        self._force = force_conflicts

    @override
    def heading(self) -> str:
        return f"roll back to {self._revision or 'the last good'}: {self._target}"

    @override
    async def read(self, session: Session) -> None:
        self._show(await self._look(session))

    async def _look(self, session: Session) -> Rollback:
        return await session.release(self._target).rollback(self._revision, force_conflicts=self._force)

    def _show(self, shown: Rollback) -> None:
        self._shown, self._revision, self.approval = shown, shown.revision, shown.approval

    @override
    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        if not self._shown:
            return (), ()
        rows, places = plan_view.plan_rows(self._shown.plan, width, chosen)
        rows += [
            (),
            ((" This does not roll back", "warning"),),
            *(((cut(f"   - {text}", width), ""),) for text in NOT_ROLLED_BACK),
            *_lost(rights.lines(self._shown.missing), width),
        ]
        return rows, places

    @override
    def go(self) -> str:
        return f"roll back to {self._revision}"

    @override
    def switches(self) -> Mapping[str, str]:
        if self._force:
            return {"f": "leave to others"}
        return {"f": "take over"} if self._shown and offers_force(self._shown.plan) else {}

    @override
    def switch(self, key: str) -> bool:
        self._force = not self._force
        return True

    @override
    async def start(self, session: Session, name: str) -> tuple[str, str]:
        if not self._shown:
            raise Problem("The preview is not ready yet.", "Wait for it.")
        try:
            return await session.release(self._target).start_rollback(self._shown, confirmed=name), ""
        except PlanChanged:
            self._show(await self._look(session))
            raise


class UninstallPreview(Preview):
    """The lists of an uninstall: deleted, kept, lost for ever."""

    def __init__(self, target: Target) -> None:
        self.release = target.release
        self._target = target
        self._lists: Uninstall | None = None
        self._keep = False
        self._lost: list[str] = []

    @override
    def heading(self) -> str:
        return f"uninstall {self._target}"

    @override
    async def read(self, session: Session) -> None:
        release = session.release(self._target)
        self._lists = await release.uninstall_lists()
        self.approval = of_uninstall(self._lists)
        self._lost = rights.lines(await release.missing_rights("uninstall"))

    @override
    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        lists = self._lists
        if not lists:
            return (), ()
        rows: list[Row] = [((f" revision {lists.revision}, chart {lists.chart}", "strong"),)]
        if lists.moved:
            rows += beside(" !", lists.moved, width - 1, label_width=3, tone="warning")
        if lists.owner:
            rows += beside(
                " !", f"{lists.owner} installs it again: remove it there", width - 1, label_width=3, tone="warning"
            )
        for title, items, sign, tone in (
            ("Lost for ever", lists.lost, "x", "error"), ("Deleted", lists.deleted, "-", "warning"), ("Kept", lists.kept, "=", "ok"),
        ):  # fmt: skip
            rows += [(), ((f" {title}: {len(items) or 'nothing'}", tone if items else "dim"),)]
            rows += [_item(item, sign, tone, width) for item in items]
        history = "The revisions are kept; k changes that." if self._keep else "The revisions go too; k keeps them."
        rows += [(), ((f" {history}", "dim"),)]
        rows += [((cut(f" ? not seen: {text}", width), "dim"),) for text in lists.unseen]
        rows += _lost(self._lost, width)
        return rows, ()

    @override
    def go(self) -> str:
        return "uninstall"

    @override
    def switches(self) -> Mapping[str, str]:
        return {"k": "drop revisions" if self._keep else "keep revisions"}

    @override
    def switch(self, key: str) -> bool:
        self._keep = not self._keep
        return False

    @override
    async def start(self, session: Session, name: str) -> tuple[str, str]:
        if not self._lists:
            raise Problem("The lists are not ready yet.", "Wait for them.")
        helm = HelmOptions(keep_history=self._keep)
        return await session.release(self._target).start_uninstall(self._lists, confirmed=name, helm=helm), ""


class RecoverPreview(Preview):
    """A release that is stuck in pending-*."""

    def __init__(self, target: Target) -> None:
        self.release = target.release
        self._target = target
        self._state: Recovery | None = None
        self._after: Rollback | None = None
        self._refusal = ""
        self._mark_only = self._force = False
        self._reason = ""

    @property
    def _back(self) -> bool:
        """Whether the release is rolled back after the record is marked."""
        return bool(self._after) and not self._refusal and not self._mark_only

    @override
    def heading(self) -> str:
        return f"recover {self._target}"

    @override
    async def read(self, session: Session) -> None:
        release = session.release(self._target)
        self._state = await release.recovery()
        # Enter asks for the reason, so its absence must not disable Enter.
        self.approval = replace(of_recovery(self._target, self._state), blocked=None)
        self._after, self._refusal = None, ""
        if not self._state.good:
            return
        try:
            self._after = await release.rollback(self._state.good, force_conflicts=self._force)
            blocked = self._after.approval.blocked
        except Problem as problem:
            blocked = problem
        self._refusal = blocked.what.removeprefix("Nothing was changed: ") if blocked else ""

    @override
    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        recovery = self._state
        if not recovery:
            return (), ()
        rows: list[Row] = [((f" x revision {recovery.revision} is {recovery.status} since {recovery.since}", "error"),)]
        rows += [((cut(f"   made by {recovery.who}", width), ""),)] if recovery.who else []
        rows += [((cut(f" + {text}", width), "ok"),) for text in recovery.looked]
        if recovery.proof:
            rows += beside(
                " +",
                f"so nobody is at work on it: {recovery.proof}",
                width - 1,
                label_width=3,
                tone="ok",
                label_tone="ok",
            )
        else:
            text = (
                "That is not long ago: a helm on another machine may be at work on it. "
                "Wait if that is possible. If you know that none is, Enter asks why."
            )
            rows += beside(" !", text, width - 1, label_width=3, tone="warning", label_tone="warning")
        rows.append(())
        for title, labels in (("Changed already", recovery.reached), ("Not reached", recovery.waiting)):
            rows += beside(f" {title}", ", ".join(labels) or "nothing", width - 1, label_width=18)
        rows += beside(
            " Last good", str(recovery.good) if recovery.good else "none before it", width - 1, label_width=18
        )
        then = (
            f", then roll back to revision {recovery.good}" if self._back else "; then upgrade or uninstall works again"
        )
        text = f"keep the record as it is in a private file, mark revision {recovery.revision} as failed{then}"
        rows += [(), *beside(" Enter will", text, width - 1, label_width=18, tone="strong", label_tone="accent")]
        if self._refusal:
            text = f"The roll-back after it would not start: {self._refusal}"
            rows += beside(" !", text, width - 1, label_width=3, tone="warning", label_tone="warning")
        rows += [((cut(f" ? not seen: {text}", width), "dim"),) for text in recovery.unseen]
        if not self._after or self._mark_only:
            return rows, ()
        plan, places = plan_view.plan_rows(self._after.plan, width, chosen)
        return [*rows, (), *plan], [len(rows) + 1 + place for place in places]

    @override
    def go(self) -> str:
        return "roll back" if self._back else "mark as failed"

    @override
    def question(self) -> str:
        unproved = self._state and self._state.unproved
        return "Confirm that no other helm is running. Your reason is stored in the record" if unproved else ""

    @override
    def answer(self, text: str) -> None:
        self._reason = text

    @override
    def switches(self) -> Mapping[str, str]:
        switches = {}
        if self._after and not self._refusal:
            switches["f"] = "roll back after it" if self._mark_only else "mark only"
        if self._after and (self._force or offers_force(self._after.plan)):
            switches["o"] = "leave it" if self._force else "take over"
        return switches

    @override
    def switch(self, key: str) -> bool:
        if key == "o":
            self._force = not self._force
            return True
        self._mark_only = not self._mark_only
        return False

    @override
    async def start(self, session: Session, name: str) -> tuple[str, str]:
        if not self._state:
            raise Problem("The preview is not ready yet.", "Wait for it.")
        recovery = replace(self._state)
        release = session.release(self._target)
        back = await release.rollback_after(recovery, force_conflicts=self._force) if self._back else None
        backup = await release.mark_failed(recovery, self._reason, confirmed=name)
        message = f"Revision {recovery.revision} is marked as failed; the record as it was is in {backup}."
        if back is None:
            return "", message
        return await release.start_rollback(back, confirmed=name), message


class UndoPreview(Preview):
    """The undo of a recover that was done on this machine."""

    def __init__(self, target: Target) -> None:
        self.release = target.release
        self._target = target
        self._state: Undo | None = None

    @override
    def heading(self) -> str:
        return f"undo recover {self._target}"

    @override
    async def read(self, session: Session) -> None:
        self._state = await session.release(self._target).undo_recovery()
        self.approval = of_undo_recover(self._target)

    @override
    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        from wizard.engine.release.undo_recover import AFTER

        undo = self._state
        if not undo:
            return (), ()
        now = f"revision {undo.revision} is marked as failed, by recover; its record was not changed since"
        rows = beside(" +", now, width - 1, label_width=3, tone="ok", label_tone="ok")
        text = f"put {undo.said(self.release)}; {AFTER}"
        rows += [(), *beside(" Enter will", text, width - 1, label_width=18, tone="strong", label_tone="accent")]
        return rows, ()

    @override
    def go(self) -> str:
        return "undo recover"

    @override
    async def start(self, session: Session, name: str) -> tuple[str, str]:
        if not self._state:
            raise Problem("The preview is not ready yet.", "Wait for it.")
        await session.release(self._target).undo(self._state, confirmed=name)
        return "", f"Put {self._state.said(self.release)}."


def _lost(texts: Sequence[str], width: int) -> list[Row]:
    """The missing rights, with their consequences."""
    return [row for text in texts for row in beside(" ?", text, width - 1, label_width=3, tone="warning")]


def _item(item: Item, sign: str, tone: str, width: int) -> Row:
    why = f"  {item.why}" if item.why else ""
    label = cut(item.label, width - 8)
    return ((f"   {sign} ", tone), (label, ""), (cut(why, width - len(label) - 6), "dim"))
