"""Diagnose: the impact on users of a release, its causes and remedies; again whenever something changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from typing_extensions import override

from wizard.tui.actions import Action, Key, bindings
from wizard.tui.diagnose import view as diagnose_view
from wizard.tui.messages import DiagnosisChanged, StreamFailed
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.rows import RowList

if TYPE_CHECKING:
    from wizard.core.errors import Problem
    from wizard.core.rules.diagnosis import Diagnosis
    from wizard.core.rules.finding import Finding
    from wizard.core.target import Target


class Causes(RowList):
    """The whole diagnosis; the cursor moves over causes."""

    def __init__(self, screen: DiagnosisView) -> None:
        super().__init__(id="causes")
        self._of = screen

    @override
    def build(self, width: int) -> None:
        seen, problem = self._of.seen, self._of.problem
        if seen is None:
            text = f" x {problem}" if problem else " ~ reading the release ..."
            self.rows, self.pickable = (((text, "error" if problem else "progress"),),), ()
            return
        view = diagnose_view.layout(seen, self._of.seen_at(), width, self.cursor)
        self.rows, self.pickable = view.rows, view.places

    @override
    def moved(self) -> None:
        self.rebuild()  # the pointer is part of the rows


class DiagnosisView(WizardScreen):
    """A diagnosis to be read: its causes with their proof, what happened, a message to hand over."""

    READING: ClassVar[Sequence[Action]] = (
        Action("evidence", "enter", "proof", "Show the proof"),
        Action("timeline", "t", "timeline", "What happened, in order"),
        Action("message", "m,y", "message for chat", "A message for the chat"),
        Action("leave", "q", "quit"),
    )

    def __init__(self) -> None:
        super().__init__()
        self.seen: Diagnosis | None = None
        self.problem: Problem | None = None

    def seen_at(self) -> datetime:
        """The time from which ages are counted."""
        return self.now()

    @override
    def body(self) -> Iterable[Widget]:
        yield Causes(self)

    def _finding(self) -> Finding | None:
        at = self.query_one(Causes).cursor if self.is_mounted else 0
        return self.seen.findings[at] if self.seen and at < len(self.seen.findings) else None

    # Actions

    def action_evidence(self) -> None:
        """Show everything about the selected cause."""
        from wizard.tui.widgets.modals import Explain

        if finding := self._finding():
            rows = diagnose_view.evidence_rows(finding, min(100, self.app.size.width - 4))
            self.app.push_screen(Explain(f"{finding.id} {finding.object}: {finding.title}", rows))

    def action_timeline(self) -> None:
        """Show what happened, in order."""
        from wizard.tui.widgets.modals import Explain

        if self.seen:
            rows = diagnose_view.timeline_rows(self.seen, self.app.size.width - 4)
            self.app.push_screen(Explain("What happened, in UTC: * changes, x failures, - what followed", rows))

    def action_message(self) -> None:
        """Copy the diagnosis as text for a chat, where the terminal allows it."""
        from wizard.tui.widgets.modals import Explain

        if self.seen:
            text = diagnose_view.message(self.seen, self.seen_at())
            self.app.copy_to_clipboard(text)
            self.app.push_screen(Explain("Copied, if your terminal allows it; else select it here", text))

    async def action_leave(self) -> None:
        """Quit."""
        await self.leave()


class DiagnoseScreen(DiagnosisView):
    """The diagnosis of a release that is there. Reads only; asks nothing."""

    ACTIONS: ClassVar[Sequence[Action]] = (
        *DiagnosisView.READING,
        Action("logs", "l", "logs", "Objects and logs, live"),
        Action("change", "u", "change", "Change the answer that caused it, by an upgrade"),
        Action("roll_back", "b", "roll back", "Roll back; previewed first"),
        Action("again", "r", "refresh", "Refresh"),
        Action("home", "escape,h", "home", "Home"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.target = target

    @override
    def heading(self) -> Heading:
        where = f"diagnose {self.target.release} -> {self.target.context} / {self.target.namespace}"
        if not self.seen:
            return Heading(where, "read", "nothing changed", "reading")
        freshness = "live" if self.seen.complete else "reading logs"
        return Heading(where, "read", "nothing changed", f"{freshness}   {diagnose_view.facts(self.seen)}")

    @override
    def keys(self) -> Sequence[Key]:
        look = (self.key("evidence"), self.key("logs"), self.key("timeline"))
        act = (self.key("change"), self.key("roll_back"), self.key("message", "hand over"))
        shown = (*look, *act) if self._finding() else (*look[1:], self.key("again"))
        return (*shown, self.key("home"), self.key("explain", ""), self.key("leave"))

    def on_mount(self) -> None:
        """Diagnose at once, and again whenever something changes."""
        self.query_one(Causes).focus()
        self.action_again()

    def on_unmount(self) -> None:
        """Nobody looks any more."""
        self.bridge.stop("diagnose")

    def on_diagnosis_changed(self, message: DiagnosisChanged) -> None:
        """Show the new data; the cursor stays on its cause."""
        causes, before = self.query_one(Causes), self._finding()
        self.seen, self.problem = message.state, None
        same = [
            n
            for n, finding in enumerate(self.seen.findings)
            if before and (finding.id, finding.object) == (before.id, before.object)
        ]
        causes.cursor = same[0] if same else 0
        causes.rebuild()
        self.refresh_frame()

    def on_stream_failed(self, message: StreamFailed) -> None:
        """Show the error; the last diagnosis stays."""
        self.problem = message.problem
        if self.seen:
            self.tell(message.problem)
        self.query_one(Causes).rebuild()

    @override
    def waits(self, *, ahead: bool) -> bool:
        return ahead and not self.seen and not self.problem

    @override
    def explanation(self) -> tuple[str, str]:
        return "Diagnose", (
            "Reads every object of the release that you may read, and ranks causes before their symptoms. The impact on users "
            "comes first. It changes nothing and asks nothing. What could not be seen is named with the right that would show it."
        )

    # Actions

    def action_again(self) -> None:
        """Diagnose again."""
        self.bridge.diagnose(self, self.target)

    def action_logs(self) -> None:
        """Open the release live, with the logs of the selected cause's workload."""
        finding = self._finding()
        self.bridge.stop("diagnose")
        self.nav.live(self.target, logs_of=finding.object if finding else "", from_diagnosis=True)

    async def action_change(self) -> None:
        """Upgrade, with the field open whose answer caused the selected finding."""
        finding = self._finding()
        self.bridge.stop("diagnose")
        await self.nav.change(self.target, finding.question if finding else "")

    def action_roll_back(self) -> None:
        """Open the preview of a rollback to the last good revision."""
        self.bridge.stop("diagnose")
        self.nav.roll_back(self.target)

    def action_home(self) -> None:
        """Back home."""
        self.bridge.stop("diagnose")
        self.nav.home()
