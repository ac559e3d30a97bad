"""Opens screens. Screens never open each other; the navigator passes drafts between them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wizard.core.errors import Exit, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.screen import Screen

    from wizard.core.answers.draft import Draft
    from wizard.core.helm.plan import Plan
    from wizard.core.rules.check import CheckResult
    from wizard.core.run.summary import RunSummary
    from wizard.core.target import Target
    from wizard.engine.installer import Operation
    from wizard.engine.release.rows import ReleaseRow
    from wizard.tui.app import WizardApp
    from wizard.tui.home.state import Goal
    from wizard.tui.preview.view import Preview
    from wizard.tui.run.state import RunFeed
    from wizard.tui.start import Start


class Navigator:
    """At most one screen above the base screen: home, steps, review, run, done."""

    def __init__(self, app: WizardApp, start: Start) -> None:
        self._app = app
        self._start = start
        self.goal: Goal = "run"
        self.doing = "install"
        """What the person asked for; the review determines the real operation."""
        self.returning = False
        """Whether the step was opened from the review and goes back there."""
        self.visited: set[str] = set()
        self._before_preview: Callable[[], None] | None = None
        """Opens the screen before a preview; Esc calls it."""
        self.code: int | None = None
        """Exit code of the run shown last."""

    # Screens

    def base(self) -> Screen[None] | None:
        """The base screen, which is painted first: home or the first question; None for a run."""
        if self._shows_run:
            return None
        if self._start.saved:
            from wizard.tui.diagnose.saved import SavedScreen

            return SavedScreen(self._start.saved)
        if self._start.problem is not None or self._start.find is not None or self._start.screen == "home":
            from wizard.tui.home.screen import HomeScreen

            return HomeScreen(self._start.problem)
        from wizard.tui.step.screen import StepScreen

        self.doing = self._start.screen
        return StepScreen(self._start.draft or self._app.session.answers.new())

    def first(self) -> Screen[None] | None:
        """The screen of the run that the start names, if any."""
        if not self._shows_run:
            return None
        from wizard.tui.run.screen import RunScreen

        return RunScreen(self._start.run_id)

    async def begin(self) -> None:
        """Find the release of the command and open its screen; home shows a problem."""
        if self._start.find is None:
            return
        try:
            target = await self._start.find()
        except Problem as problem:
            self.home(problem)
            return
        if self._start.screen == "diagnose":
            self.diagnose(target)
        elif self._start.screen == "rollback":
            self.roll_back(target, self._start.revision, force_conflicts=self._start.force_conflicts)
        else:
            self.uninstall(target)

    @property
    def _shows_run(self) -> bool:
        return self._start.screen == "runs" and self._start.problem is None

    def home(self, problem: Problem | None = None) -> None:
        """Open home; it shows the problem, if any."""
        from wizard.tui.home.screen import HomeScreen

        base = self._app.screen_stack[0]
        if not isinstance(base, HomeScreen):
            self._open(HomeScreen(problem))
            return
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        base.read(problem)

    def _open(self, screen: Screen[None]) -> None:
        if len(self._app.screen_stack) > 1:
            self._app.switch_screen(screen)
        else:
            self._app.push_screen(screen)

    async def ask(self, draft: Draft | None = None, *, goal: Goal = "run", doing: str = "install") -> None:
        """Open the first step; with goal "check" open the review."""
        self.goal, self.doing, self.returning, self.visited = goal, doing, False, set()
        draft = draft or self._start.draft or self._app.session.answers.new()
        if goal != "check":
            self._step(draft)
        elif ready := await self.prepared(draft):
            self.review(ready)

    async def change(self, target: Target, question: str = "") -> None:
        """Upgrade a release from its current values, with the field of a question open, else the first step."""
        named = {"context": target.context, "namespace": target.namespace, "release": target.release}
        draft = self._app.session.answers.new().with_answers(named)
        if not question:
            await self.ask(draft, doing="upgrade")
            return
        self.goal, self.doing, self.visited = "run", "upgrade", set()
        if ready := await self.prepared(draft):
            self.fix(ready, question)

    async def with_release(self, row: ReleaseRow, key: str | None) -> None:
        """Run the menu entry of a release that has this key."""
        from wizard.tui.preview import view

        match key:
            case "u":
                await self.change(self._target(row))
            case "d":
                self.diagnose(self._target(row))
            case "l":
                self.live(self._target(row))
            case "h":
                self.history(row)
            case "b":
                self.roll_back(self._target(row))
            case "x":
                self.uninstall(self._target(row))
            case "c":
                self._preview(view.RecoverPreview(self._target(row)))
            case "z":
                self._preview(view.UndoPreview(self._target(row)))

    def may_undo(self, row: ReleaseRow) -> bool:
        """Whether the release is as a recover on this machine left it."""
        return self._app.session.release(self._target(row)).may_undo(row.revision, row.helm_status)

    def diagnose(self, target: Target) -> None:
        """Open the diagnosis of a release."""
        from wizard.tui.diagnose.screen import DiagnoseScreen

        self._open(DiagnoseScreen(target))

    def live(self, target: Target, *, logs_of: str = "", from_diagnosis: bool = False) -> None:
        """Open a release live; `logs_of` as of ReleaseScreen."""
        from wizard.tui.release.screen import ReleaseScreen

        self._open(ReleaseScreen(target, logs_of=logs_of, from_diagnosis=from_diagnosis))

    def uninstall(self, target: Target) -> None:
        """Open the preview of an uninstall."""
        from wizard.tui.preview.view import UninstallPreview

        self._preview(UninstallPreview(target))

    def leftovers(self) -> None:
        """Open the leftovers of uninstalled releases."""
        from wizard.core.target import Target
        from wizard.tui.leftovers.screen import LeftoversScreen

        session = self._app.session
        options = session.options
        self._open(
            LeftoversScreen(
                Target(session.suggestions.current_context, options.namespace, options.release, options.kubeconfig)
            )
        )

    def history(self, row: ReleaseRow) -> None:
        """Open the history of a release."""
        from wizard.tui.history.screen import HistoryScreen

        self._before_preview = None
        self._open(HistoryScreen(self._target(row)))

    def roll_back(self, target: Target, revision: int = 0, *, force_conflicts: bool = False) -> None:
        """Open the preview of a rollback; revision 0 is the last good one. Esc goes back to the history."""
        from wizard.tui.history.screen import HistoryScreen
        from wizard.tui.preview.view import RollbackPreview

        preview = RollbackPreview(target, revision, force_conflicts=force_conflicts)
        self._preview(preview, lambda: self._open(HistoryScreen(target)))

    def plan(self, draft: Draft, plan: Plan | None) -> None:
        """Open the plan of a draft; Esc goes back to the review."""
        from wizard.tui.preview.view import PlanPreview

        target = self._app.session.answers.resolve(draft).target
        self._preview(PlanPreview(draft, target, plan), lambda: self.review(draft))

    def back_from_preview(self) -> None:
        """Open the screen before the preview, else home."""
        back, self._before_preview = self._before_preview, None
        if back:
            back()
        else:
            self.home()

    def _preview(self, preview: Preview, back: Callable[[], None] | None = None) -> None:
        from wizard.tui.preview.screen import PreviewScreen

        self._before_preview = back
        self._open(PreviewScreen(preview))

    def _target(self, row: ReleaseRow) -> Target:
        from wizard.core.target import Target

        session = self._app.session
        return Target(session.suggestions.current_context, row.namespace, row.name, session.options.kubeconfig)

    def _step(self, draft: Draft, step: str = "", question: str = "") -> None:
        from wizard.tui import flow

        if step == flow.VALUES:
            from wizard.tui.step.values import ValuesStep

            self._open(ValuesStep(draft))
            return
        from wizard.tui.step.screen import StepScreen

        self._open(StepScreen(draft, step, question))

    def review(self, draft: Draft) -> None:
        """Open the review of a draft."""
        from wizard.tui.review.screen import ReviewScreen

        self.returning = False
        self._open(ReviewScreen(draft))

    def values(self, draft: Draft, step: str = "", question: str = "") -> None:
        """Open all values of a draft; Esc goes back to that question, without a step to the review."""
        from wizard.tui.values.screen import ValuesScreen

        self._open(ValuesScreen(draft, (lambda edited: self._step(edited, step, question)) if step else self.review))

    def attach(self, run: RunSummary) -> None:
        """Open a run; a new runner is started when its own died or hangs."""
        try:
            message = self._app.session.runs.attach(run)
        except Problem as problem:
            self.home(problem)
            return
        if message:
            self._app.notify(message, markup=False)
        self.run(run.id)

    def run(self, run_id: str) -> None:
        """Open a run."""
        from wizard.tui.run.screen import RunScreen

        self._open(RunScreen(run_id))

    def back_to_run(self, feed: RunFeed) -> None:
        """Go from the result back to the run."""
        from wizard.tui.run.screen import RunScreen

        self._open(RunScreen(feed.run_id, feed))

    def done(self, feed: RunFeed) -> None:
        """Open the result of a run."""
        from wizard.tui.run.done import DoneScreen

        self._open(DoneScreen(feed))

    # Decisions

    async def prepared(self, draft: Draft) -> Draft | None:
        """The draft after kubeconfig, chart and values files were read; None after a problem, which home shows."""
        try:
            await self._app.bridge.prepare(draft)
            return await self._app.bridge.on_what_runs(draft) if self.doing == "upgrade" else draft
        except Problem as problem:
            self.home(problem)
            return None

    def answered(self, draft: Draft, step: str) -> str:
        """The step after an answered one; opens the values or the review when it is next."""
        from wizard.tui import flow

        resolved = self._app.session.answers.resolve(draft)
        following = flow.after(resolved, step, self.goal)
        if not self.returning and following not in (flow.VALUES, flow.REVIEW):
            return following
        wrong = flow.problems(resolved, self.goal)
        if wrong:
            return resolved.question(next(iter(wrong))).step
        if not self.returning and following == flow.VALUES:
            self._step(draft, flow.VALUES)
            return following
        self.review(draft)
        return flow.REVIEW

    def back(self, draft: Draft, step: str) -> str:
        """The step before; opens the review for a step that was opened there, home for the first step."""
        from wizard.tui import flow

        if self.goal == "check" and step == flow.REVIEW:
            self.home()
            return ""
        resolved = self._app.session.answers.resolve(draft)
        if self.returning and step != flow.REVIEW and not flow.problems(resolved, self.goal):
            self.review(draft)
            return ""
        earlier = flow.before(resolved, step, self.goal)
        if not earlier:
            self.home()
        elif earlier == flow.VALUES or step in (flow.VALUES, flow.REVIEW):
            self._step(draft, earlier)
        return earlier

    def fix(self, draft: Draft, question_id: str) -> None:
        """Open the field of a question; Enter or Esc goes back to the review."""
        self.returning = True
        step = self._app.session.answers.resolve(draft).question(question_id).step
        self._step(draft, step, question_id)

    async def start(
        self, draft: Draft, operation: str, plan: Plan | None, checks: Sequence[CheckResult], name: str
    ) -> None:
        """Start a run and open it; raises Problem, and PlanChanged when the plan is not the one that was shown."""
        kind: Operation = "upgrade" if operation == "upgrade" else "install"
        session = self._app.session
        self.run(await session.installer.start(session.answers.prepare(draft), kind, checks, plan, confirmed=name))

    async def write(self, draft: Draft) -> None:
        """Write only the values file, show the written paths and open home."""
        try:
            written = await asyncio.to_thread(self._app.session.answers.prepare(draft).write)
        except Problem as problem:
            self._app.notify(str(problem), severity="error", markup=False)
            return
        self._app.notify("Written: " + ", ".join(written), markup=False, timeout=10)
        self.home()

    def use(self, **options: Any) -> None:
        """Set kubeconfig, context or namespace for the whole session."""
        self._app.session.options = replace(self._app.session.options, **options)

    async def quit(self, *, interrupted: bool = False) -> None:
        """Exit with the code of the run that ended, or 130 when a person interrupted the operation of the command."""
        asked = self._start.screen != "home"
        code = (
            self.code if asked and self.code is not None else Exit.INTERRUPTED if asked and interrupted else Exit.DONE
        )
        self._app.exit(return_code=int(code))
