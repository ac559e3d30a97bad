"""Which screen comes when. It holds the draft between screens; screens never name each other."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

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
    from wizard.engine.release.listing import ReleaseRow
    from wizard.tui.app import WizardApp
    from wizard.tui.home.state import Goal
    from wizard.tui.preview.view import Preview
    from wizard.tui.run.state import RunFeed
    from wizard.tui.start import Start


class Navigator:
    """One flow at a time on top of nothing: home, steps, review, run, done."""

    def __init__(self, app: WizardApp, start: Start) -> None:
        self._app = app
        self._start = start
        self.goal: Goal = "run"
        self.doing = "install"
        """What the person came for; the review finds out which operation it really is."""
        self.returning = False
        """A step was opened from the review and goes back there."""
        self.visited: set[str] = set()
        self._looked_from: Callable[[], None] | None = None
        """What Esc on a preview opens."""
        self.code: int | None = None
        """Exit code of the run seen last."""

    # Screens

    def base(self) -> Screen[None] | None:
        """What lies at the bottom and is painted first: home or the first question. A run lies on top of nothing."""
        if self._shows_run:
            return None
        if self._start.problem is not None or self._start.find is not None or self._start.screen == "home":
            from wizard.tui.home.screen import HomeScreen

            return HomeScreen(self._start.problem)
        from wizard.tui.step.screen import StepScreen

        self.doing = self._start.screen
        return StepScreen(self._start.draft or self._app.session.answers.new())

    def first(self) -> Screen[None] | None:
        """The run that the start asks for."""
        if not self._shows_run:
            return None
        from wizard.tui.run.screen import RunScreen

        return RunScreen(self._start.run_id)

    async def begin(self) -> None:
        """What the command does with a release, once it is known which; home says why it cannot be."""
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
            self.roll_back(target, self._start.revision)
        else:
            self.uninstall(target)

    @property
    def _shows_run(self) -> bool:
        return self._start.screen == "runs" and self._start.problem is None

    def home(self, problem: Problem | None = None) -> None:
        """Home, with the reason when something led back there."""
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
        """Begin the questions; for a mere check go straight to the review."""
        self.goal, self.doing, self.returning, self.visited = goal, doing, False, set()
        draft = draft or self._start.draft or self._app.session.answers.new()
        if goal != "check":
            self._step(draft)
        elif ready := await self.prepared(draft):
            self.review(ready)

    async def upgrade(self, row: ReleaseRow) -> None:
        """Begin the questions for a release that is there, from the values it runs with."""
        named = {
            "context": self._app.session.suggestions.current_context,
            "namespace": row.namespace,
            "release": row.name,
        }
        await self.ask(self._app.session.answers.new().with_answers(named), doing="upgrade")

    async def with_release(self, row: ReleaseRow, key: str | None) -> None:
        """Do with a release what a key of its menu stands for."""
        from wizard.tui.preview import view

        match key:
            case "u":
                await self.upgrade(row)
            case "d":
                self.diagnose(self._target(row))
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
        """Whether a recover of this machine left the release as it is."""
        return self._app.session.release(self._target(row)).may_undo(row.revision, row.helm_status)

    def diagnose(self, target: Target) -> None:
        """What is wrong with a release."""
        from wizard.tui.diagnose.screen import DiagnoseScreen

        self._open(DiagnoseScreen(target))

    def uninstall(self, target: Target) -> None:
        """The lists that come before an uninstall."""
        from wizard.tui.preview.view import UninstallPreview

        self._preview(UninstallPreview(target))

    def leftovers(self) -> None:
        """What releases that are gone have left, where the session looks."""
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
        """What a release was."""
        from wizard.tui.history.screen import HistoryScreen

        self._looked_from = None
        self._open(HistoryScreen(self._target(row)))

    def roll_back(self, target: Target, revision: int = 0) -> None:
        """The preview of a roll-back, to the last revision that was fine unless one is named; Esc goes back to the history."""
        from wizard.tui.history.screen import HistoryScreen
        from wizard.tui.preview.view import RollbackPreview

        self._preview(RollbackPreview(target, revision), lambda: self._open(HistoryScreen(target)))

    def plan(self, draft: Draft, plan: Plan | None) -> None:
        """What the draft would change; Esc goes back to the review."""
        from wizard.tui.preview.view import PlanPreview

        target = self._app.session.answers.resolve(draft).target
        self._preview(PlanPreview(draft, target, plan), lambda: self.review(draft))

    def back_from_look(self) -> None:
        """From a preview to where it was opened; home otherwise."""
        back, self._looked_from = self._looked_from, None
        if back:
            back()
        else:
            self.home()

    def _preview(self, preview: Preview, back: Callable[[], None] | None = None) -> None:
        from wizard.tui.preview.screen import PreviewScreen

        self._looked_from = back
        self._open(PreviewScreen(preview))

    def _target(self, row: ReleaseRow) -> Target:
        from wizard.core.target import Target

        session = self._app.session
        return Target(session.suggestions.current_context, row.namespace, row.name, session.options.kubeconfig)

    def _step(self, draft: Draft, step: str = "", question: str = "") -> None:
        from wizard.tui.step.screen import StepScreen

        self._open(StepScreen(draft, step, question))

    def review(self, draft: Draft) -> None:
        """The review of a draft."""
        from wizard.tui.review.screen import ReviewScreen

        self.returning = False
        self._open(ReviewScreen(draft))

    def attach(self, run: RunSummary) -> None:
        """Show a run; one whose runner died or hangs gets a new one."""
        try:
            told = self._app.session.runs.attach(run)
        except Problem as problem:
            self.home(problem)
            return
        if told:
            self._app.notify(told, markup=False)
        self.run(run.id)

    def run(self, run_id: str) -> None:
        """Show a run."""
        from wizard.tui.run.screen import RunScreen

        self._open(RunScreen(run_id))

    def back_to_run(self, feed: RunFeed) -> None:
        """From the result to the run's logs and objects."""
        from wizard.tui.run.screen import RunScreen

        self._open(RunScreen(feed.run_id, feed))

    def done(self, feed: RunFeed) -> None:
        """The result of a run."""
        from wizard.tui.run.done import DoneScreen

        self._open(DoneScreen(feed))

    # Decisions

    async def prepared(self, draft: Draft) -> Draft | None:
        """The draft once everything that questions need was read; a problem leads home and is shown there."""
        try:
            await self._app.bridge.prepare(draft)
            return await self._app.bridge.on_what_runs(draft) if self.doing == "upgrade" else draft
        except Problem as problem:
            self.home(problem)
            return None

    def answered(self, draft: Draft, step: str) -> str:
        """A step is done: the next one, or the review (which is opened)."""
        from wizard.tui import flow

        resolved = self._app.session.answers.resolve(draft)
        following = flow.after(resolved, step, self.goal)
        if not self.returning and following != flow.REVIEW:
            return following
        wrong = flow.problems(resolved, self.goal)
        if wrong:
            return resolved.question(next(iter(wrong))).step
        self.review(draft)
        return flow.REVIEW

    def back(self, draft: Draft, step: str) -> str:
        """The step before; the review from a field opened there, home from the first (both are opened)."""
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
        elif step == flow.REVIEW:
            self._step(draft, earlier)
        return earlier

    def fix(self, draft: Draft, question_id: str) -> None:
        """Open the field of a question; Enter or Esc there comes back to the review."""
        self.returning = True
        step = self._app.session.answers.resolve(draft).question(question_id).step
        self._step(draft, step, question_id)

    async def start(
        self, draft: Draft, operation: str, plan: Plan | None, checks: Sequence[CheckResult], name: str
    ) -> None:
        """Start the run and show it; raises Problem, PlanChanged when the plan is not the one that was shown."""
        kind: Operation = "upgrade" if operation == "upgrade" else "install"
        session = self._app.session
        self.run(await session.installer.start(session.answers.prepare(draft), kind, checks, plan, confirmed=name))

    async def write(self, draft: Draft) -> None:
        """Write the values file only, and go home with the names of the files."""
        try:
            written = await asyncio.to_thread(self._app.session.answers.prepare(draft).write)
        except Problem as problem:
            self._app.notify(str(problem), severity="error", markup=False)
            return
        self._app.notify("Written: " + ", ".join(written), markup=False, timeout=10)
        self.home()

    def use(self, **options: str) -> None:
        """Another kubeconfig, context or namespace for the whole session."""
        self._app.session.options = replace(self._app.session.options, **options)

    async def quit(self, *, interrupted: bool = False) -> None:
        """Leave: the run's own code when one ended, 130 when a person broke off what the command asked for."""
        asked = self._start.screen != "home"
        code = (
            self.code if asked and self.code is not None else Exit.INTERRUPTED if asked and interrupted else Exit.DONE
        )
        self._app.exit(return_code=int(code))
