"""What a day-two operation shows before anything is changed, and what Enter then does. One class per operation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from wizard.core.errors import Problem
from wizard.core.helm.plan import NOT_ROLLED_BACK
from wizard.core.kube import rights
from wizard.tui.review import plan_view
from wizard.tui.text import Row, beside, cut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from wizard.core.answers.draft import Draft
    from wizard.core.helm.plan import Plan
    from wizard.core.target import Target
    from wizard.engine.release.recover import Recovery
    from wizard.engine.release.undo_recover import Undo
    from wizard.engine.release.uninstall import Item, Uninstall
    from wizard.engine.session import Session


class Preview(Protocol):
    """One operation before it begins. `switches` are keys: key -> what it says now."""

    release: str

    def heading(self) -> str:
        """What is being looked at."""
        ...

    async def read(self, session: Session) -> None:
        """Look at the cluster; raises Problem."""
        ...

    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        """Rows, and those that the cursor may stand on."""
        ...

    def go(self) -> str:
        """What Enter does; "" when it does nothing here."""
        ...

    def stopped(self) -> str:
        """Why Enter must do nothing; "" when it may."""
        ...

    def harm(self) -> str:
        """Why the release's name has to be typed; "" when Enter is enough."""
        ...

    def question(self) -> str:
        """What a person has to say in words before it starts; "" when nothing."""
        ...

    def answer(self, text: str) -> None:
        """Take those words."""
        ...

    def switches(self) -> Mapping[str, str]:
        """The switches as they stand."""
        ...

    def switch(self, key: str) -> None:
        """Turn a switch."""
        ...

    async def start(self, session: Session) -> tuple[str, str]:
        """Begin: the id of the run ("" when it is done already), and a sentence to say; raises Problem."""
        ...


class _Usual:
    """What most previews do not need."""

    def stopped(self) -> str:
        """Nothing stops it."""
        return ""

    def question(self) -> str:
        """Nothing."""
        return ""

    def answer(self, text: str) -> None:
        """Nothing was asked."""


class _NoSwitches(_Usual):
    def switches(self) -> Mapping[str, str]:
        """None."""
        return {}

    def switch(self, key: str) -> None:
        """Nothing to turn."""


class PlanPreview(_NoSwitches):
    """What install or upgrade would change; the review starts it, not this."""

    def __init__(self, draft: Draft, target: Target, plan: Plan | None = None) -> None:
        self.release = target.release
        self._draft, self._target, self._plan = draft, target, plan

    def heading(self) -> str:
        """What is being looked at."""
        return f"plan {self._target}"

    async def read(self, session: Session) -> None:
        """Make the plan, unless it is there."""
        self._plan = self._plan or await session.plan(self._draft)

    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        """The plan."""
        return plan_view.plan_rows(self._plan, width, chosen) if self._plan else ((), ())

    def go(self) -> str:
        """Nothing: the review starts it."""
        return ""

    def harm(self) -> str:
        """Never started from here."""
        return ""

    async def start(self, session: Session) -> tuple[str, str]:
        """Never called: `go` is empty."""
        raise Problem("A plan is only looked at.", "Start it from the review.")


class RollbackPreview(_NoSwitches):
    """A roll-back to a revision; 0 means the one before."""

    def __init__(self, target: Target, revision: int) -> None:
        self.release = target.release
        self._target, self._revision = target, revision
        self._plan: Plan | None = None
        self._production = False
        self._lost: list[str] = []

    def heading(self) -> str:
        """What is being looked at."""
        return f"roll back to {self._revision or 'the last good'}: {self._target}"

    async def read(self, session: Session) -> None:
        """Make the plan from the stored manifests."""
        self._revision = await session.rollback_revision(self._target, self._revision)
        self._plan = await session.plan_rollback(self._target, self._revision)
        self._production = await session.is_production(self._target)
        self._lost = rights.lines(await session.missing_rights(self._target, "rollback"))

    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        """The plan, then what does not come back."""
        if not self._plan:
            return (), ()
        rows, places = plan_view.plan_rows(self._plan, width, chosen)
        rows += [
            (),
            ((" This does not roll back", "look"),),
            *(((cut(f"   - {text}", width), ""),) for text in NOT_ROLLED_BACK),
            *_lost(self._lost, width),
        ]
        return rows, places

    def go(self) -> str:
        """What Enter does."""
        return f"roll back to {self._revision}"

    def stopped(self) -> str:
        """Somebody else owns the release, or the API server refuses an object of it."""
        if self._plan and self._plan.owner:
            return f"{self._plan.owner} owns it and would undo it"
        refused = self._plan.refused if self._plan else ()
        return f"{refused[0].label} would be refused" if refused else ""

    def harm(self) -> str:
        """Production."""
        return "This is production" if self._production else ""

    async def start(self, session: Session) -> tuple[str, str]:
        """Plan again, and begin when nothing differs."""
        from wizard.core.helm.plan import difference

        shown = self._plan
        again = await session.plan_rollback(self._target, self._revision)
        self._plan = again
        if shown is None or (changed := difference(shown, again)):
            said = "; ".join(changed) if shown else "it was not shown yet"
            raise Problem(f"The plan is not the one that was shown: {said}.", "Look at it, then press Enter again.")
        return await session.start_rollback(self._target, again, self._revision), ""


class UninstallPreview(_Usual):
    """What an uninstall deletes, keeps and loses for ever."""

    def __init__(self, target: Target) -> None:
        self.release = target.release
        self._target = target
        self._lists: Uninstall | None = None
        self._keep = False
        self._lost: list[str] = []

    def heading(self) -> str:
        """What is being looked at."""
        return f"uninstall {self._target}"

    async def read(self, session: Session) -> None:
        """Make the lists; raises Problem when another release depends on it."""
        self._lists = await session.uninstall_lists(self._target)
        self._lost = rights.lines(await session.missing_rights(self._target, "uninstall"))

    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        """Three lists."""
        one = self._lists
        if not one:
            return (), ()
        rows: list[Row] = [((f" revision {one.revision}, chart {one.chart}", "strong"),)]
        if one.moved:
            rows += beside(" !", one.moved, width - 1, label_width=3, tone="look")
        if one.owner:
            rows += beside(
                " !", f"{one.owner} installs it again: remove it there", width - 1, label_width=3, tone="look"
            )
        for title, items, sign, tone in (
            ("Lost for ever", one.lost, "x", "bad"), ("Deleted", one.deleted, "-", "look"), ("Kept", one.kept, "=", "ok"),
        ):  # fmt: skip
            rows += [(), ((f" {title}: {len(items) or 'nothing'}", tone if items else "dim"),)]
            rows += [_item(item, sign, tone, width) for item in items]
        history = "The revisions are kept; k changes that." if self._keep else "The revisions go too; k keeps them."
        rows += [(), ((f" {history}", "dim"),)]
        rows += [((cut(f" ? not seen: {text}", width), "dim"),) for text in one.unseen]
        rows += _lost(self._lost, width)
        return rows, ()

    def go(self) -> str:
        """What Enter does."""
        return "uninstall"

    def harm(self) -> str:
        """Production, or data that is lost."""
        if self._lists and self._lists.lost:
            return "Data is lost for ever"
        return "This is production" if self._lists and self._lists.production else ""

    def switches(self) -> Mapping[str, str]:
        """Whether revisions are kept."""
        return {"k": "drop revisions" if self._keep else "keep revisions"}

    def switch(self, key: str) -> None:
        """Keep them or not."""
        self._keep = not self._keep

    async def start(self, session: Session) -> tuple[str, str]:
        """Begin."""
        if not self._lists:
            raise Problem("The lists are not there yet.", "Wait for them.")
        return await session.start_uninstall(self._target, self._lists, keep_history=self._keep), ""


class RecoverPreview(_Usual):
    """A release that is stuck in pending-*."""

    def __init__(self, target: Target) -> None:
        self.release = target.release
        self._target = target
        self._known: Recovery | None = None
        self._back = True
        self._reason = ""

    def heading(self) -> str:
        """What is being looked at."""
        return f"recover {self._target}"

    async def read(self, session: Session) -> None:
        """Look who may be at work on it; raises Problem when somebody is."""
        self._known = await session.recovery(self._target)
        self._back = self._back and bool(self._known.good)

    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        """What is known, and what would be done."""
        one = self._known
        if not one:
            return (), ()
        rows: list[Row] = [((f" x revision {one.revision} is {one.status} since {one.since}", "bad"),)]
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
            rows += beside(" !", text, width - 1, label_width=3, tone="look", label_tone="look")
        rows.append(())
        for title, labels in (("Changed already", one.reached), ("Not reached", one.waiting)):
            rows += beside(f" {title}", ", ".join(labels) or "nothing", width - 1, label_width=18)
        rows += beside(" Last good", str(one.good) if one.good else "none before it", width - 1, label_width=18)
        then = f", then roll back to revision {one.good}" if self._back else "; then upgrade or uninstall works again"
        text = f"keep the record as it is in a private file, mark revision {one.revision} as failed{then}"
        rows += [(), *beside(" Enter will", text, width - 1, label_width=18, tone="strong", label_tone="accent")]
        rows += [((cut(f" ? not seen: {text}", width), "dim"),) for text in one.unseen]
        return rows, ()

    def go(self) -> str:
        """What Enter does."""
        return "roll back" if self._back else "mark as failed"

    def question(self) -> str:
        """About a writer that cannot be seen from here."""
        unproved = self._known and self._known.unproved
        return "Why is nobody at work on it? Your words are kept in the record" if unproved else ""

    def answer(self, text: str) -> None:
        """Why nobody is."""
        self._reason = text

    def harm(self) -> str:
        """Helm's record is rewritten."""
        from wizard.engine.release.recover import IF_NOBODY

        return IF_NOBODY

    def switches(self) -> Mapping[str, str]:
        """The way out."""
        if not self._known or not self._known.good:
            return {}
        return {"f": "only mark as failed" if self._back else "roll back after it"}

    def switch(self, key: str) -> None:
        """The other way out."""
        self._back = not self._back

    async def start(self, session: Session) -> tuple[str, str]:
        """Mark it, then roll back when that was chosen."""
        if not self._known:
            raise Problem("It is not known yet.", "Wait for it.")
        known = replace(self._known)
        backup = await session.mark_failed(self._target, known, self._reason)
        said = f"Revision {known.revision} is marked as failed; the record as it was is in {backup}."
        if not self._back:
            return "", said
        plan = await session.plan_rollback(self._target, known.good)
        return await session.start_rollback(self._target, plan, known.good), said


class UndoPreview(_NoSwitches):
    """A release whose record a recover of this machine wrote: what it was before."""

    def __init__(self, target: Target) -> None:
        self.release = target.release
        self._target = target
        self._known: Undo | None = None

    def heading(self) -> str:
        """What is being looked at."""
        return f"undo recover {self._target}"

    async def read(self, session: Session) -> None:
        """Look for the backup; raises Problem when there is none, or the record is not what recover wrote any more."""
        self._known = await session.undo_recovery(self._target)

    def view(self, width: int, chosen: int) -> tuple[Sequence[Row], Sequence[int]]:
        """What is known, and what would be done."""
        from wizard.engine.release.undo_recover import AFTER

        one = self._known
        if not one:
            return (), ()
        now = f"revision {one.revision} is marked as failed, by recover; nobody wrote its record since"
        rows = beside(" +", now, width - 1, label_width=3, tone="ok", label_tone="ok")
        text = f"put {one.said(self.release)}; {AFTER}"
        rows += [(), *beside(" Enter will", text, width - 1, label_width=18, tone="strong", label_tone="accent")]
        return rows, ()

    def go(self) -> str:
        """What Enter does."""
        return "undo recover"

    def harm(self) -> str:
        """Helm's record is rewritten."""
        from wizard.engine.release.recover import IF_NOBODY

        return IF_NOBODY

    async def start(self, session: Session) -> tuple[str, str]:
        """Put it back."""
        if not self._known:
            raise Problem("It is not known yet.", "Wait for it.")
        await session.undo(self._target, self._known)
        return "", f"Put {self._known.said(self.release)}."


def _lost(texts: Sequence[str], width: int) -> list[Row]:
    """The rights that are missing, and what that costs."""
    return [row for text in texts for row in beside(" ?", text, width - 1, label_width=3, tone="look")]


def _item(item: Item, sign: str, tone: str, width: int) -> Row:
    why = f"  {item.why}" if item.why else ""
    label = cut(item.label, width - 8)
    return ((f"   {sign} ", tone), (label, ""), (cut(why, width - len(label) - 6), "dim"))
