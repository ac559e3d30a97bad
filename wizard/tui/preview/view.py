"""What a day-two operation shows before anything is changed, and what Enter then does. One class per operation."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING

from typing_extensions import override

from wizard.core.errors import Problem
from wizard.core.helm.command_line import HelmOptions
from wizard.core.helm.plan import NOT_ROLLED_BACK
from wizard.core.kube import rights
from wizard.engine.approval import PlanChanged, of_recovery, of_undo_recover, of_uninstall
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
    """One operation before it begins."""

    release: str
    approval: Approval | None = None
    """What a person has to agree to; None until it is known, and of what is only looked at."""

    @abstractmethod
    def heading(self) -> str:
        """The operation and its target, for the header."""

    @abstractmethod
    async def read(self, session: Session) -> None:
        """Look at the cluster; raises Problem."""

    @abstractmethod
    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        """Rows, and those that the cursor may stand on."""

    def go(self) -> str:
        """What Enter does; "" when it does nothing here."""
        return ""

    def question(self) -> str:
        """What a person has to say in words before it starts; "" when nothing."""
        return ""

    def answer(self, text: str) -> None:  # noqa: B027 - most previews ask nothing
        """Take those words."""

    def switches(self) -> Mapping[str, str]:
        """Key of each switch -> what it would change now."""
        return {}

    def switch(self, key: str) -> None:  # noqa: B027 - most previews have no switch
        """Turn a switch."""

    async def start(self, session: Session, name: str) -> tuple[str, str]:
        """Begin: the id of the run ("" when it is done already), and a sentence to say; raises Problem.

        `name` is the release's name as it was typed, "" where it did not have to be.
        """
        raise Problem("This is only looked at.", "Start it from the review.")


class PlanPreview(Preview):
    """What install or upgrade would change; the review starts it, not this."""

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
    """A roll-back to a revision; 0 means the one before."""

    def __init__(self, target: Target, revision: int) -> None:
        self.release = target.release
        self._target, self._revision = target, revision
        self._shown: Rollback | None = None

    @override
    def heading(self) -> str:
        return f"roll back to {self._revision or 'the last good'}: {self._target}"

    @override
    async def read(self, session: Session) -> None:
        self._show(await session.release(self._target).rollback(self._revision))

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
    async def start(self, session: Session, name: str) -> tuple[str, str]:
        if not self._shown:
            raise Problem("It is not known yet.", "Wait for it.")
        try:
            return await session.release(self._target).start_rollback(self._shown, confirmed=name), ""
        except PlanChanged:
            self._show(await session.release(self._target).rollback(self._revision))
            raise


class UninstallPreview(Preview):
    """What an uninstall deletes, keeps and loses for ever."""

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
        one = self._lists
        if not one:
            return (), ()
        rows: list[Row] = [((f" revision {one.revision}, chart {one.chart}", "strong"),)]
        if one.moved:
            rows += beside(" !", one.moved, width - 1, label_width=3, tone="warning")
        if one.owner:
            rows += beside(
                " !", f"{one.owner} installs it again: remove it there", width - 1, label_width=3, tone="warning"
            )
        for title, items, sign, tone in (
            ("Lost for ever", one.lost, "x", "error"), ("Deleted", one.deleted, "-", "warning"), ("Kept", one.kept, "=", "ok"),
        ):  # fmt: skip
            rows += [(), ((f" {title}: {len(items) or 'nothing'}", tone if items else "dim"),)]
            rows += [_item(item, sign, tone, width) for item in items]
        history = "The revisions are kept; k changes that." if self._keep else "The revisions go too; k keeps them."
        rows += [(), ((f" {history}", "dim"),)]
        rows += [((cut(f" ? not seen: {text}", width), "dim"),) for text in one.unseen]
        rows += _lost(self._lost, width)
        return rows, ()

    @override
    def go(self) -> str:
        return "uninstall"

    @override
    def switches(self) -> Mapping[str, str]:
        return {"k": "drop revisions" if self._keep else "keep revisions"}

    @override
    def switch(self, key: str) -> None:
        self._keep = not self._keep

    @override
    async def start(self, session: Session, name: str) -> tuple[str, str]:
        if not self._lists:
            raise Problem("The lists are not there yet.", "Wait for them.")
        helm = HelmOptions(keep_history=self._keep)
        return await session.release(self._target).start_uninstall(self._lists, confirmed=name, helm=helm), ""


class RecoverPreview(Preview):
    """A release that is stuck in pending-*."""

    def __init__(self, target: Target) -> None:
        self.release = target.release
        self._target = target
        self._known: Recovery | None = None
        self._back = True
        self._reason = ""

    @override
    def heading(self) -> str:
        return f"recover {self._target}"

    @override
    async def read(self, session: Session) -> None:
        self._known = await session.release(self._target).recovery()
        # Until Enter has asked for the reason, its absence does not turn Enter off.
        self.approval = replace(of_recovery(self._target, self._known), blocked=None)
        self._back = self._back and bool(self._known.good)

    @override
    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        one = self._known
        if not one:
            return (), ()
        rows: list[Row] = [((f" x revision {one.revision} is {one.status} since {one.since}", "error"),)]
        rows += [((cut(f"   made by {one.who}", width), ""),)] if one.who else []
        rows += [((cut(f" + {text}", width), "ok"),) for text in one.looked]
        if one.proof:
            rows += beside(
                " +", f"so nobody is at work on it: {one.proof}", width - 1, label_width=3, tone="ok", label_tone="ok"
            )
        else:
            text = (
                "That is not long ago: a helm on another machine may be at work on it. "
                "Wait if anybody may be. If you know that nobody is, Enter asks why."
            )
            rows += beside(" !", text, width - 1, label_width=3, tone="warning", label_tone="warning")
        rows.append(())
        for title, labels in (("Changed already", one.reached), ("Not reached", one.waiting)):
            rows += beside(f" {title}", ", ".join(labels) or "nothing", width - 1, label_width=18)
        rows += beside(" Last good", str(one.good) if one.good else "none before it", width - 1, label_width=18)
        then = f", then roll back to revision {one.good}" if self._back else "; then upgrade or uninstall works again"
        text = f"keep the record as it is in a private file, mark revision {one.revision} as failed{then}"
        rows += [(), *beside(" Enter will", text, width - 1, label_width=18, tone="strong", label_tone="accent")]
        rows += [((cut(f" ? not seen: {text}", width), "dim"),) for text in one.unseen]
        return rows, ()

    @override
    def go(self) -> str:
        return "roll back" if self._back else "mark as failed"

    @override
    def question(self) -> str:
        unproved = self._known and self._known.unproved
        return "Confirm that no other helm is running. Your reason is stored in the record" if unproved else ""

    @override
    def answer(self, text: str) -> None:
        self._reason = text

    @override
    def switches(self) -> Mapping[str, str]:
        if not self._known or not self._known.good:
            return {}
        return {"f": "only mark as failed" if self._back else "roll back after it"}

    @override
    def switch(self, key: str) -> None:
        self._back = not self._back

    @override
    async def start(self, session: Session, name: str) -> tuple[str, str]:
        if not self._known:
            raise Problem("It is not known yet.", "Wait for it.")
        known = replace(self._known)
        release = session.release(self._target)
        backup = await release.mark_failed(known, self._reason, confirmed=name)
        said = f"Revision {known.revision} is marked as failed; the record as it was is in {backup}."
        if not self._back:
            return "", said
        back = await release.rollback(known.good)
        return await release.start_rollback(back, confirmed=name), said


class UndoPreview(Preview):
    """A release whose record a recover of this machine wrote: what it was before."""

    def __init__(self, target: Target) -> None:
        self.release = target.release
        self._target = target
        self._known: Undo | None = None

    @override
    def heading(self) -> str:
        return f"undo recover {self._target}"

    @override
    async def read(self, session: Session) -> None:
        self._known = await session.release(self._target).undo_recovery()
        self.approval = of_undo_recover(self._target)

    @override
    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        from wizard.engine.release.undo_recover import AFTER

        one = self._known
        if not one:
            return (), ()
        now = f"revision {one.revision} is marked as failed, by recover; nobody wrote its record since"
        rows = beside(" +", now, width - 1, label_width=3, tone="ok", label_tone="ok")
        text = f"put {one.said(self.release)}; {AFTER}"
        rows += [(), *beside(" Enter will", text, width - 1, label_width=18, tone="strong", label_tone="accent")]
        return rows, ()

    @override
    def go(self) -> str:
        return "undo recover"

    @override
    async def start(self, session: Session, name: str) -> tuple[str, str]:
        if not self._known:
            raise Problem("It is not known yet.", "Wait for it.")
        await session.release(self._target).undo(self._known, confirmed=name)
        return "", f"Put {self._known.said(self.release)}."


def _lost(texts: Sequence[str], width: int) -> list[Row]:
    """The rights that are missing, and what that costs."""
    return [row for text in texts for row in beside(" ?", text, width - 1, label_width=3, tone="warning")]


def _item(item: Item, sign: str, tone: str, width: int) -> Row:
    why = f"  {item.why}" if item.why else ""
    label = cut(item.label, width - 8)
    return ((f"   {sign} ", tone), (label, ""), (cut(why, width - len(label) - 6), "dim"))
