"""A run, live or ended: what is waited for, objects, logs, helm, events, findings - on one clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from time import monotonic
from typing import ClassVar, Final

from textual.binding import BindingType
from textual.events import Resize
from textual.widget import Widget

from wizard.core.errors import Problem
from wizard.core.run import stopping
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.bridge import FRAME
from wizard.tui.messages import StreamFailed
from wizard.tui.run.fixes import fix_now
from wizard.tui.run.logs import RunLogs
from wizard.tui.run.panes import RunPanes
from wizard.tui.run.state import RunFeed
from wizard.tui.run.view import ABOUT, bottom_rows, boundary, clock_text, object_text, verdict_rows
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.rows import Rows

_WIDE: Final = 130
_TALL: Final = 36
"""Room for two columns: below it the rows of the left one would have no words left for the reason."""


class RunScreen(RunLogs):
    """Attached to a record; leaving it stops nothing."""

    CSS_PATH = "../styles/run.tcss"
    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("pane(1)", "tab", "pane", "Next pane"),
        Action("pane(-1)", "shift+tab"),
        *RunLogs.LOG_ACTIONS,
        Action("findings", "f"),
        Action("open", "enter", "result"),
        Action("stop", "s", "stop", "Stop helm"),
        Action("leave", "q", "leave", "Leave the run"),
        Action("home", "escape"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, run_id: str, feed: RunFeed | None = None) -> None:
        super().__init__()
        self._run_id = run_id
        self.feed = feed or RunFeed(run_id)
        self._attached = feed is not None
        self._told_end = feed is not None
        self._second = -1
        self._shown = 0.0

    # Frame

    def heading(self) -> Heading:
        """What the header says now."""
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

    def keys(self) -> Sequence[Key]:
        """The keys that do something now."""
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

    def body(self) -> Iterable[Widget]:
        """The verdict, then the panes."""
        yield Rows(id="verdict")
        yield RunPanes(self.now)
        yield Rows(id="safe")

    def on_mount(self) -> None:
        """Attach, and look for changes at the pace of the eye."""
        if not self._attached:
            self.feed = self.bridge.follow(self, self._run_id)
        self.feed.changed |= {"all"}
        self.feed.listener = self._at_once
        self.panes.place()
        self.panes.objects.focus()
        self.set_interval(FRAME, self._look)

    def on_resize(self, event: Resize) -> None:
        """With room enough all panes show at once."""
        roomy = event.size.width >= _WIDE and event.size.height >= _TALL
        self.set_class(roomy, "-room")
        self.panes.place(roomy=roomy)
        self.feed.changed |= {"all"}

    # Changes

    def on_unmount(self) -> None:
        """Whoever shows the feed next listens to it."""
        if self.feed.listener == self._at_once:
            self.feed.listener = None

    def _at_once(self) -> None:
        """Show a change that comes alone without waiting for the next look; a flood is shown by the clock."""
        if monotonic() - self._shown >= FRAME:
            self.call_later(self._look)

    def _look(self) -> None:
        if monotonic() - self._shown < FRAME / 2:
            return
        second = int(self.now().timestamp())
        changed = self.feed.take()
        if self.feed.problem:
            self._lost_record(self.feed.problem)
            self.feed.problem = None
        ticked, self._second = second != self._second, second
        if changed or ticked:
            self._shown = monotonic()
            self._show(changed, ticked=ticked)
        if self.feed.view.finished is not None and not self._told_end:
            self._told_end = True
            self._ended()

    def _show(self, changed: frozenset[str], *, ticked: bool) -> None:
        view = self.feed.view
        self.refresh_frame()
        self.query_one("#verdict", Rows).show(verdict_rows(view, self.now(), self.size.width))
        self.panes.update(view, changed, ticked=ticked)
        safe = f'Closing the terminal is safe. "llm-cost-ops-wizard runs {self._run_id[:8]}" comes back here.'
        words = "" if view.finished is not None else safe
        self.query_one("#safe", Rows).show(bottom_rows(self.feed.record_problem, words, self.size.width))

    def _ended(self) -> None:
        if self.is_current and self.panes.logs.following:
            self._result()

    def _result(self) -> None:
        self.nav.code = int((self.feed.view.finished or {}).get("code", 0))
        self.nav.done(self.feed)

    def _lost_record(self, problem: Problem) -> None:
        if self.feed.view.started:
            self.tell(problem)
        else:
            self.nav.home(problem)

    def on_stream_failed(self, message: StreamFailed) -> None:
        """The record cannot be read on, or not what was before."""
        self.panes.logs.give_up()
        self._lost_record(message.problem)

    def on_descendant_focus(self) -> None:
        """Titles show where the focus is."""
        self.feed.changed |= {"all"}

    # Actions

    def action_pane(self, step: int) -> None:
        """The next pane; the lower place changes with it where there is one place only."""
        self.panes.next(step)

    def action_findings(self) -> None:
        """Put right what can be put right while helm waits; else go to the findings."""
        if self.feed.view.applicable_fixes:
            self.run_worker(fix_now(self, self._run_id, self.feed.view, self.tell), exclusive=True)
        else:
            self.panes.take("findings")

    def action_open(self) -> None:
        """The result once it ended; else the object in hand in full."""
        if self.feed.view.finished is not None:
            self._result()
        elif self.panes.objects.has_focus:
            self.action_explain()

    def explanation(self) -> tuple[str, str]:
        """The object in hand, or the keys."""
        row = self.panes.objects.object
        if not row or not self.panes.objects.has_focus:
            return "The run", ABOUT
        return f"{row.kind} {row.name}", object_text(self.feed.view, row, self.now())

    def action_stop(self) -> None:
        """Stop helm, after asking."""
        self._ask(at="s")

    async def action_leave(self) -> None:
        """Leave; a run that goes on asks how."""
        await self.leave()

    async def leave(self) -> None:
        """Ask what leaving means while the run goes on."""
        if self.feed.view.finished is not None:
            self.nav.code = int(self.feed.view.finished.get("code", 0))
            await self.nav.quit()
        else:
            self._ask()

    def action_home(self) -> None:
        """Home, when the run has ended; else leaving asks first."""
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
        self.app.push_screen(Choose("This run goes on. What do you want?", options, at=at, stay="stay"), self._answered)

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
