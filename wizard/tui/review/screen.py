"""The review: the values file as it will be written, the checks as they come in, and the key that starts the run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from typing_extensions import override

from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.rules.check import CheckResult
from wizard.engine.approval import Approval, of_run
from wizard.tui import flow
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.messages import ReviewChanged, StreamFailed
from wizard.tui.review.checks import Checks
from wizard.tui.review.view import (
    FileRows,
    ReviewState,
    as_text,
    back_row,
    counts,
    detail,
    enter_text,
    file_kind,
    fine_detail,
    is_fine,
    lacks_rights,
    offers_take_over,
    plan_rows,
    problem_rows,
    question_to_fix,
    stopped,
    take_over_rows,
    with_reasons,
)
from wizard.tui.text import rule
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.rows import RowList, Rows


def _no_reason(text: str) -> str:
    return "" if text.strip() else "Say why, in a few words."


class ReviewScreen(WizardScreen):
    """Nothing is changed before Enter."""

    CSS_PATH = "../styles/review.tcss"
    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("plan", "p", "plan", "Show the plan"),
        Action("write", "s", "write file only", "Write the values file only"),
        Action("again", "t", "check again", "Check again"),
        Action("fix", "f2", "open its field", "Open the field"),
        Action("accept", "a", "accept", "Go on in spite of a failed check"),
        Action("probe", "b", "try the database", "Try the external database by a pod"),
        Action("force", "f", "take over", "Take over the fields that others set"),
        Action("copy", "y", "copy", "Copy what a check says"),
        Action("handoff", "x", "for the admin", "Write what an administrator has to allow"),
        Action("fine", "o", "ok ones", "Show the checks that are fine"),
        Action("values", "f6", "all", "All values"),
        Action("back", "escape", "back", "Back"),
        Action("start", "enter"),
        Action("diff", "d,f4", "diff"),
        Action("undo", "r"),
        Action("pane", "tab,shift+tab", "pane"),
        Action("leave", "q"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, draft: Draft) -> None:
        super().__init__()
        self.draft = draft
        self.state = ReviewState()
        self._armed = False
        self._starting = False
        self._reasons: dict[tuple[str, tuple[str, ...]], str] = {}
        self._diff: bool | None = None

    # Frame

    @property
    def _target(self) -> str:
        return str(self.wizard.session.answers.resolve(self.draft).target)

    @property
    def _shows_diff(self) -> bool:
        return bool(self.state.diff) and self._diff is not False

    @property
    def _doing(self) -> str:
        return {"values": "values file", "check": "check"}.get(self.nav.goal, self.state.operation or self.nav.doing)

    @override
    def heading(self) -> Heading:
        safe = "nothing is changed before Enter" if self.nav.goal == "run" else "the cluster is not changed"
        return Heading(f"{self._doing} {self._target}", "ask", safe, "review")

    @override
    def keys(self) -> Sequence[Key]:
        check, state = self._check, self.state
        enter = enter_text(state, check, self.nav.goal, self._doing, armed=self._armed)
        offers = (
            ("fix", bool(check and check.question and check.state in ("fail", "warn", "unknown"))),
            ("force", offers_take_over(state, self.draft)), ("probe", self._may_probe), ("accept", bool(check and check.blocking)), ("handoff", lacks_rights(state)), ("write", self.nav.goal == "run"),
            ("plan", bool(state.plan)), ("diff", bool(state.diff)),
            *((name, True) for name in ("values", "again", "copy", "fine", "pane", "back")),
        )  # fmt: skip
        start = [self.key("start", enter)] if enter else []
        labels = {"force": "leave to others"} if self.draft.helm.force_conflicts else {}
        return (*start, *(self.key(name, labels.get(name)) for name, offered in offers if offered))

    @override
    def body(self) -> Iterable[Widget]:
        yield Rows(id="blockers")
        yield Horizontal(
            Vertical(Rows(id="checks-title"), Checks(self.show_detail), Rows(id="detail"), id="pane-checks"),
            Vertical(Rows(id="file-title"), RowList(id="file"), id="pane-file"),
            id="panes",
        )

    def on_mount(self) -> None:
        """Start the checks at once."""
        self.set_class(self.nav.goal == "values", "-file-only")
        self.query_one(RowList if self.nav.goal == "values" else Checks).focus()
        self.action_again()

    def action_again(self, *, probe: bool = False) -> None:
        """Run the checks again; `probe`: with the pod that tries the database."""
        self.state, self._armed = ReviewState(), False
        self.wizard.typeahead.changed(self)
        fresh = self.nav.doing == "install"
        self.bridge.review(self, self.draft, cluster=self.nav.goal != "values", fresh=fresh, probe=probe)
        self.refresh_state()

    def on_resize(self, event: object) -> None:
        """Render again: titles depend on the width."""
        self.call_after_refresh(self.refresh_state)

    @override
    def waits(self, *, ahead: bool) -> bool:
        return ahead and not self.state.complete

    def refresh_state(self) -> None:
        """Show everything again."""
        state, width = self.state, self.size.width or 80
        back = [back_row(undo=self.draft.rollback_on_failure)] * (self.nav.goal == "run")
        force = take_over_rows(state, self.draft, width)
        self.query_one("#blockers", Rows).show([*problem_rows(state, width), *plan_rows(state, width), *force, *back])
        went = f"all in, {state.seconds:.1f} s" if state.complete else "still checking"
        left = self.query_one("#pane-checks").size.width or width
        self.query_one("#checks-title", Rows).show([rule(left, f"checks  {counts(state)}", went, strong=True)])
        self.query_one(Checks).update(state.ranked)
        showing = self._shows_diff
        kind = file_kind(state, showing=showing)
        right = self.query_one("#pane-file").size.width or width
        self.query_one("#file-title", Rows).show([rule(right, f"values file  {state.path}", kind, strong=True)])
        self.query_one("#file", RowList).show(FileRows(state.diff if showing else state.values, diff=showing))
        self.show_detail()

    def show_detail(self) -> None:
        """Show the selected check in full."""
        width = self.query_one("#pane-checks").size.width or 80
        tall = self.size.height >= 36
        height = 6 if tall else 3
        check = self._check
        rows = detail(check, width, height) if check else fine_detail(self.state.checks, width, height)
        self.query_one("#detail", Rows).show(rows)
        self.refresh_frame()

    @property
    def _check(self) -> CheckResult | None:
        return self.query_one(Checks).check if self.is_mounted else None

    # Messages

    async def on_review_changed(self, message: ReviewChanged) -> None:
        """Show the new data; start after an earlier Enter once all checks are in and nothing blocks."""
        self.state = replace(message.state, checks=with_reasons(message.state.checks, self._reasons))
        if self.state.draft and self.state.draft.running != self.draft.running:
            self.draft = replace(self.state.draft, rollback_on_failure=self.draft.rollback_on_failure)
            self.action_again()
            return
        if stopped(self.state):
            self._armed = False
        self.refresh_state()
        if self._armed and self.state.complete:
            await self._start()

    def on_stream_failed(self, message: StreamFailed) -> None:
        """Show the error at the top; the checks can be run again."""
        self.state = ReviewState(**{**vars(self.state), "problem": message.problem, "complete": True})
        self.refresh_state()

    # Actions

    async def action_start(self) -> None:
        """Start, or open the field that blocks, or write the file."""
        if self.nav.goal == "values":
            await self.action_write()
        elif self.nav.goal == "run" and stopped(self.state):
            if question := question_to_fix(self.state, self._check):
                self.nav.fix(self.draft, question)
        elif self.nav.goal == "run":
            if self.state.is_old(self.wizard.session.now()):
                self.action_again()
            self._armed = True
            self.refresh_frame()
            if self.state.complete:
                await self._start()

    async def _start(self) -> None:
        if self._starting:
            return
        self._starting = True
        resolved = self.wizard.session.answers.resolve(self.draft)
        approval = of_run(resolved["release"], resolved.preset, self.state.plan)
        if approval.type_the_name_because:
            self._confirm(approval)
        else:
            await self._start_run("")

    def _confirm(self, approval: Approval) -> None:
        from wizard.tui.widgets.modals import typed_name

        async def take(name: str | None) -> None:
            self._armed = self._starting = False
            if name is not None:
                await self._start_run(name)
            self.refresh_frame()

        self.ask(typed_name(approval), take)

    async def _start_run(self, name: str) -> None:
        try:
            await self.nav.start(self.draft, self.state.operation, self.state.plan, self.state.checks, name)
        except Problem as problem:
            self._armed = self._starting = False
            self.state = ReviewState(**{**vars(self.state), "problem": problem})
            self.refresh_state()

    def action_fix(self) -> None:
        """Open the field that the selected check is about."""
        if question := (self._check and self._check.question) or question_to_fix(self.state, self._check):
            self.nav.fix(self.draft, question)

    def action_accept(self) -> None:
        """Ask why to go on in spite of the selected check; the reason is kept with the run."""
        from wizard.tui.widgets.modals import Prompt

        check = self._check
        if not check or not check.blocking:
            self.app.notify("Select a failed check first: only these stop it.", markup=False)
            return

        def take(reason: str | None) -> None:
            if reason:
                self._reasons[check.id, check.evidence] = reason.strip()
                self.state = replace(self.state, checks=with_reasons(self.state.checks, self._reasons))
            self.refresh_state()

        title = f"{check.id} {check.title}: why go on in spite of it? The run keeps the reason."
        self.ask(Prompt(title, label="Reason", problem=_no_reason, foreseen=False), take)

    @property
    def _may_probe(self) -> bool:
        """Whether the selected check is one that a probe settles."""
        check = self._check
        return bool(check and check.id == "D01" and check.state not in ("pass", "skipped"))

    def action_probe(self) -> None:
        """Say what the probe makes, and make it once the person agrees."""
        from wizard.tui.widgets.modals import Confirm

        if not self._may_probe:
            self.app.notify("Select D01 first, of an external database.", markup=False)
            return

        def take(agreed: bool | None) -> None:
            if agreed:
                self.action_again(probe=True)

        text = self.wizard.session.installer.probe_text(self.draft)
        self.ask(Confirm("Try the external database by a pod?", text, "make the pod"), take)

    def action_force(self) -> None:
        """Take over the fields that others set, or leave them; either way check and plan again, which names them."""
        if not offers_take_over(self.state, self.draft):
            self.app.notify("Nothing is refused because others set fields of it.", markup=False)
            return
        helm = self.draft.helm
        self.draft = replace(self.draft, helm=replace(helm, force_conflicts=not helm.force_conflicts))
        self.action_again()

    def action_copy(self) -> None:
        """Copy what the selected check says, or all that is not fine; show it too: many terminals ignore it."""
        from wizard.tui.widgets.modals import Explain

        checks = [self._check] if self._check else [one for one in self.state.ranked if not is_fine(one)]
        text = "\n\n".join(as_text(check) for check in checks) or "Every check is fine."
        self.app.copy_to_clipboard(text)
        self.app.push_screen(Explain("Copied, if your terminal allows it; else select it here", text))

    async def action_handoff(self) -> None:
        """Write the file with which an administrator allows what is missing."""
        from wizard.tui.widgets.modals import Prompt

        session = self.wizard.session
        try:
            text = await session.installer.handoff(self.draft)
        except Problem as problem:
            self.tell(problem)
            return

        def take(path: str | None) -> None:
            if not path:
                return
            try:
                session.files.write_handoff(path, text)
                self.app.notify(f"Written: {path}. An administrator reads it and applies it.", markup=False, timeout=10)
            except Problem as problem:
                self.tell(problem)

        self.ask(Prompt("Write what an administrator has to allow", "handoff.yaml", "File"), take)

    def action_fine(self) -> None:
        """Show the checks that are fine, or fold them."""
        self.query_one(Checks).toggle()

    async def action_write(self) -> None:
        """Write only the values file."""
        await self.nav.write(self.draft)

    def action_diff(self) -> None:
        """Switch between the whole values file and its diff."""
        self._diff = not self._shows_diff
        self.refresh_state()

    def action_plan(self) -> None:
        """Open the plan."""
        if self.state.plan:
            self.nav.plan(self.draft, self.state.plan)

    def action_values(self) -> None:
        """Show all values of the chart."""
        self.bridge.stop("review")
        self.nav.values(self.draft)

    def action_undo(self) -> None:
        """Toggle the rollback on failure."""
        self.draft = replace(self.draft, rollback_on_failure=not self.draft.rollback_on_failure)
        self.refresh_state()

    def action_pane(self) -> None:
        """Focus the other pane."""
        target = "#file" if self.query_one(Checks).has_focus else "#checks"
        self.query_one(target, RowList).focus()

    def action_back(self) -> None:
        """Go to the last step, or home when this is only a check."""
        self.bridge.stop("review")
        self.nav.back(self.draft, flow.REVIEW)

    @override
    def explanation(self) -> tuple[str, str]:
        check = self._check
        if not check:
            return "Review", "Checks read the cluster and dry-run; nothing is changed before you press Enter."
        return f"{check.id} {check.title}", "\n".join([*check.evidence, "", check.next_step])

    async def action_leave(self) -> None:
        """Quit; the draft stays saved."""
        await self.leave()
