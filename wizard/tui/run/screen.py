"""A run, live or ended: verdict, objects, logs, helm, events, findings."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from typing_extensions import override

from wizard.core.errors import Problem
from wizard.core.run import stopping
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.messages import PageRead, StreamFailed
from wizard.tui.run.fixes import fix_now
from wizard.tui.run.live import LiveScreen
from wizard.tui.run.panes import RunPanes
from wizard.tui.run.state import RunFeed
from wizard.tui.run.view import ABOUT, boundary, clock_text, object_text
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.log_history import LogHistory


class RunScreen(LiveScreen):
    """Follows the record of a run; leaving it stops nothing."""

    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("pane(1)", "tab", "pane", "Next pane"),
        Action("pane(-1)", "shift+tab"),
        *LiveScreen.LOG_ACTIONS,
        Action("findings", "f"),
        Action("open", "enter", "result"),
        Action("stop", "s", "stop", "Stop helm"),
        Action("leave", "q", "leave", "Leave the run"),
        Action("home", "escape"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, run_id: str, feed: RunFeed | None = None) -> None:
        super().__init__(feed or RunFeed(run_id))
        self._run_id = run_id
        self._attached = self._end_shown = feed is not None

    # Frame

    @override
    def heading(self) -> Heading:
        view = self.feed.view
        side, safe = boundary(view)
        target = view.target
        what = (
            f"{view.operation} {target['release']} -> {target['context']} / {target['namespace']}" if target else "run"
        )
        return Heading(
            what,
            side,
            safe,
            clock_text(view, self.now()) if view.started else "--:--",
            f"run {(view.id or self._run_id)[:8]}",
        )

    @override
    def keys(self) -> Sequence[Key]:
        ended = self.feed.view.finished is not None
        hold = "hold" if self.is_mounted and self.panes.logs.following else "follow"
        in_logs = self.is_mounted and self.panes.logs.has_focus
        log_keys = ("find(-1)", "fields") if in_logs else ("previous",)
        keys = [self.key("open")] if ended else []
        keys += [self.key("pane(1)"), self.key("filter"), *(() if in_logs else (self.key("error"),))]
        keys += [self.key("hold", hold), *map(self.key, log_keys)]
        if self.feed.view.findings:
            keys.append(self.key("findings", "fix" if self.feed.view.applicable_fixes else "cause"))
        if not ended:
            keys.append(self.key("stop", "stop early" if self.feed.view.hopeless else "stop"))
        command = self.is_mounted and self.query_one("#helm").has_focus
        copy = self.key("copy", "copy the command" if command else "copy")
        return (*keys, self.key("leave", "quit" if ended else "leave"), self.key("explain", ""), copy)

    @override
    def make_panes(self) -> RunPanes:
        return RunPanes(self.now)

    @override
    def last_line(self) -> str:
        safe = f'Closing the terminal is safe. "llm-cost-ops-wizard runs {self._run_id[:8]}" comes back here.'
        return "" if self.feed.view.finished is not None else safe

    def on_mount(self) -> None:
        """Follow the record."""
        if not self._attached:
            self.feed = self.bridge.follow(self, self._run_id)
        self.show_feed()
        self.panes.objects.focus()

    # Changes

    @override
    def ended(self) -> None:
        if self.feed.view.finished is None or self._end_shown:
            return
        self._end_shown = True
        if self.is_current and self.panes.logs.following:
            self._result()

    def _result(self) -> None:
        self.nav.code = int((self.feed.view.finished or {}).get("code", 0))
        self.nav.done(self.feed)

    @override
    def lost(self, problem: Problem) -> None:
        if self.feed.view.started:
            self.tell(problem)
        else:
            self.nav.home(problem)

    def on_stream_failed(self, message: StreamFailed) -> None:
        """Reading the record failed, at its end or above the log buffer."""
        self.panes.logs.give_up()
        self.lost(message.problem)

    @override
    def older_lines(self, wanted: LogHistory.Wanted) -> None:
        self.bridge.page(self, self._run_id, wanted)

    def on_page_read(self, message: PageRead) -> None:
        """Show lines of the record."""
        self.panes.logs.take(message.ticket, message.page, newer=message.newer)

    @override
    def text_to_copy(self) -> tuple[str, str]:
        if not self.query_one("#helm").has_focus:
            return super().text_to_copy()
        view = self.feed.view
        return shlex.join(view.back_argv or view.helm_argv), "helm has not been started yet."

    # Actions

    def action_findings(self) -> None:
        """Offer the applicable fixes; without any focus the findings."""
        if self.feed.view.applicable_fixes:
            self.run_worker(fix_now(self, self._run_id, self.feed.view, self.tell), exclusive=True)
        else:
            self.panes.take("findings")

    def action_open(self) -> None:
        """Open the result of an ended run, else explain the selected object."""
        if self.feed.view.finished is not None:
            self._result()
        elif self.panes.objects.has_focus:
            self.action_explain()

    @override
    def explanation(self) -> tuple[str, str]:
        row = self.panes.objects.object
        if not row or not self.panes.objects.has_focus:
            return "The run", ABOUT
        return f"{row.kind} {row.name}", object_text(self.feed.view, row, self.now())

    def action_stop(self) -> None:
        """Ask, then stop helm."""
        self._ask(at="s")

    async def action_leave(self) -> None:
        """Leave; ask how while the run goes on."""
        await self.leave()

    @override
    async def leave(self) -> None:
        """Ask what leaving means while the run goes on."""
        if self.feed.view.finished is not None:
            self.nav.code = int(self.feed.view.finished.get("code", 0))
            await self.nav.quit()
        else:
            self._ask()

    def action_home(self) -> None:
        """Go home; ask first while the run goes on."""
        if self.feed.view.finished is not None:
            self.nav.home()
        else:
            self._ask()

    def _ask(self, at: str = "l") -> None:
        from wizard.tui.widgets.modals import Choose

        options = [
            ("l", "leave it running", "helm goes on; the next start shows the run"),
            ("h", "home", "the same, but stay in the wizard"),
            ("s", "stop helm", stopping.question(self.feed.view)),
        ]
        choose = Choose("This run goes on. What do you want?", options, at=at, stay="stay", foreseen=False)
        self.ask(choose, self._answered)

    async def _answered(self, value: str | None) -> None:
        if value == "l":
            await self.nav.quit()
        elif value == "h":
            self.nav.home()
        elif value == "s":
            try:
                answer = await self.wizard.session.runs.command(self._run_id, "cancel")
                self.app.notify(str(answer.get("text", "")), markup=False)
            except Problem as problem:
                self.tell(problem)
