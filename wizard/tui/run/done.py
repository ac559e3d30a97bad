"""The result of a run: installed, working and reachable as separate facts, files, commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from typing_extensions import override

from wizard.core.reach.result import Reach
from wizard.core.run.events import Event
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.messages import StreamFailed
from wizard.tui.run.state import RunFeed
from wizard.tui.run.view import clock_text, done_rows
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.rows import RowList


class Result(RowList):
    """The result as a scrolling list."""

    def __init__(self, feed: RunFeed) -> None:
        super().__init__(id="result")
        self._feed = feed

    @override
    def build(self, width: int) -> None:
        self.rows = tuple(done_rows(self._feed.view, min(width, 120)))


class DoneScreen(WizardScreen):
    """Shown after the end of a run."""

    foreseen = False
    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("logs", "l", "objects and logs", "Back to objects and logs"),
        Action("diagnose", "d", "diagnose", "Diagnose the release"),
        Action("change", "u", "change and retry", "Change an answer and try again"),
        Action("roll_back", "b", "roll back", "Roll back; previewed first"),
        Action("uninstall", "x", "uninstall", "Uninstall; previewed first, data is kept"),
        Action("home", "enter,h,escape", "home", "Home"),
        Action("leave", "q", "quit"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, feed: RunFeed) -> None:
        super().__init__()
        self._feed = feed

    @override
    def heading(self) -> Heading:
        view = self._feed.view
        target = view.target
        what = (
            f"{view.operation} {target['release']} -> {target['context']} / {target['namespace']}" if target else "run"
        )
        place = f"took {clock_text(view, self.now()).split(' of ')[0]}"
        return Heading(what, "read", "the run has ended", place, f"run {self._feed.run_id[:8]}")

    @override
    def keys(self) -> Sequence[Key]:
        if not self._failed:
            return (
                self.key("home"),
                self.key("logs"),
                ("Up Down", "scroll"),
                self.key("explain"),
                self.key("leave"),
            )
        act = (self.key("change", "retry"), self.key("roll_back"), self.key("uninstall"))
        return (self.key("home"), self.key("logs", "logs"), self.key("diagnose"), *act, self.key("leave"))

    @override
    def body(self) -> Iterable[Widget]:
        yield Result(self._feed)

    def on_mount(self) -> None:
        """Focus the list, so that arrows scroll; ask whether people reach the release."""
        self.query_one(Result).focus()
        if self._feed.view.serves and self._feed.view.reach is None:
            self.bridge.reach(self, self._feed)

    def on_read(self) -> None:
        """It was asked whether people reach the release."""
        self.query_one(Result).rebuild()

    def on_stream_failed(self, message: StreamFailed) -> None:
        """It could not be asked."""
        failed = Reach("unknown", f"not asked: {message.problem.what}", message.problem.next_step)
        self._feed.view.apply(Event("reach", failed.to_data()))
        self.on_read()

    @property
    def _failed(self) -> bool:
        view = self._feed.view
        return bool((view.finished or {}).get("code")) and view.operation != "uninstall"

    def action_diagnose(self) -> None:
        """Diagnose the release as it is now."""
        if self._failed:
            self.nav.diagnose(self.bridge.target(self._feed))

    async def action_change(self) -> None:
        """Try again from the values that run, with the field open whose answer caused the first finding."""
        if self._failed:
            asked = (finding.question for finding in self._feed.view.ranked_findings() if finding.urgent)
            await self.nav.change(self.bridge.target(self._feed), next(filter(None, asked), ""))

    def action_roll_back(self) -> None:
        """Open the preview of a rollback to the last good revision."""
        if self._failed:
            self.nav.roll_back(self.bridge.target(self._feed))

    def action_uninstall(self) -> None:
        """Open the preview of an uninstall: deleted, kept, lost for ever."""
        if self._failed:
            self.nav.uninstall(self.bridge.target(self._feed))

    def action_home(self) -> None:
        """Go home."""
        self.nav.home()

    def action_logs(self) -> None:
        """Go back to objects and logs."""
        self.nav.back_to_run(self._feed)

    @override
    def explanation(self) -> tuple[str, str]:
        return "Three facts", (
            "Installed: helm recorded the release. Working: every workload, job and disk of it is ready. Reachable: people "
            "can open it from where they are; asked just now from this machine, without a proxy: the name, the connection, "
            "the certificate, the answer. One can be true without the others."
        )

    async def action_leave(self) -> None:
        """Quit with the run's code."""
        await self.leave()
