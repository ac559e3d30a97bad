"""The screen of a step of questions: built from the draft, returns patches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widget import Widget
from typing_extensions import override

from wizard.core.answers.draft import Draft
from wizard.core.answers.resolve import Resolved
from wizard.tui import flow
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.messages import ChecksSeen, StreamFailed, SuggestionsChanged
from wizard.tui.step import view
from wizard.tui.step.rail import Rail
from wizard.tui.step.seen import Seen
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.form import Form, Note, is_text
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.rows import Rows


class StepScreen(WizardScreen):
    """Asks the visible questions of a step; Enter keeps the shown answers and goes to the next step."""

    CSS_PATH = "../styles/step.tcss"
    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("next", "enter", command="Next step"),
        Action("back", "escape", "back", "Back"),
        Action("preview", "f4", "file", "Show the values file"),
        Action("values", "f6", "all", "All values"),
        Action("review", "f9", "review now", "Review now"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, draft: Draft, step: str = "", question: str = "") -> None:
        super().__init__()
        self.draft = draft
        self.step = step
        self._question = question
        self._resolved: Resolved | None = None
        self._notes: dict[str, str] = {}
        """What a person should know about a file that an answer names."""
        self._seen = Seen()
        self._wrong: dict[str, str] = {}
        self._ready = asyncio.Event()

    # Frame

    @override
    def heading(self) -> Heading:
        what = "values file" if self.nav.goal == "values" else self.nav.doing
        if not self._resolved:
            return Heading(what, "ask", "cluster is only read", "reading chart and kubeconfig ...")
        steps = flow.steps(self._resolved, self.nav.goal)
        safe = "no cluster needed" if self.nav.goal == "values" else "cluster is only read"
        place = f"step {steps.index(self.step) + 1} of {len(steps)}"
        return Heading(f"{what} {self._resolved.target}", "ask", safe, place)

    @override
    def keys(self) -> Sequence[Key]:
        question = self.query_one(Form).question if self.is_mounted else None
        has_values = bool(question and self._resolved and is_text(question) and question.choices(self._resolved))
        label = "review" if self.nav.returning else "next"
        return (
            self.key("next", label), self.key("back"), ("Tab", "field"), *((("F8", "known values"),) if has_values else ()),
            ("F1", "explain"), self.key("preview"), self.key("values"), self.key("review"),
        )  # fmt: skip

    @override
    def body(self) -> Iterable[Widget]:
        form = Form(self._edited)
        yield Horizontal(
            Rail(id="rail"),
            Vertical(Rows(id="title"), form, Rows(id="means"), id="middle"),
            Rows(id="aside"),
            id="step",
        )
        yield Rows([((" Enter keeps what is shown. Answers are saved as you go, secrets never.", "dim"),)], id="hint")

    def on_mount(self) -> None:
        """Show the first question as soon as it can be resolved, and read the rest in a task, which keys wait for."""
        self.query_one(Form).focus()
        if self.nav.doing != "upgrade" and self.wizard.session.answers.can_resolve(self.draft):
            self._begin()
            self.call_after_refresh(self._read)
        else:
            self._read()

    def _read(self) -> None:
        self._reading = asyncio.create_task(self._prepare())

    async def _prepare(self) -> None:
        try:
            if draft := await self.nav.prepared(self.draft):
                if self._resolved:
                    self.refresh_state()  # the kubeconfig changes defaults; answers may have been given meanwhile
                else:
                    self.draft = draft
                    self._begin()
                self.bridge.refresh_suggestions(self, self.draft)
                self._look()
        finally:
            self._ready.set()

    def _begin(self) -> None:
        self._resolved = self.wizard.session.answers.resolve(self.draft)
        self._show(self.step or flow.steps(self._resolved, self.nav.goal)[0], self._question)

    # State

    @property
    def resolved(self) -> Resolved:
        """The state of all answers; call it only after `_ready`."""
        assert self._resolved is not None  # noqa: S101 - actions wait for _ready
        return self._resolved

    def _edited(self, question_id: str, answer: str) -> None:
        draft = self.draft.with_answers({question_id: None})
        default = self.wizard.session.answers.resolve(draft)[question_id]
        self.draft = draft if answer == default else draft.with_answers({question_id: answer})
        self._wrong.pop(question_id, None)
        self._notes.pop(question_id, None)
        if question_id in ("context", "namespace", "release"):
            self.bridge.refresh_suggestions(self, self.draft)
        self._look()
        self.refresh_state()

    def refresh_state(self) -> None:
        """Resolve again and render; text that is being typed stays."""
        self._resolved = self.wizard.session.answers.resolve(self.draft)
        asked = flow.questions(self._resolved, self.step, self.nav.goal)
        problems = {**self._resolved.problems(self.step), **self._wrong}
        # What was seen of a wrong answer was seen of the value in its place.
        notes = {question.id: self._notes_of(question.id) for question in asked if question.id not in problems}
        self.query_one(Form).update(self._resolved, asked, problems, notes)
        self._render_around()

    def _notes_of(self, question_id: str) -> tuple[Note, ...]:
        of_file = self._notes.get(question_id, "")
        return (*([Note("+", "ok", (of_file,))] if of_file else ()), *self._seen.notes(self.draft, question_id))

    def _look(self) -> None:
        """Have the checks look at the answers, where a cluster is asked for."""
        if self.nav.goal != "values":
            self.bridge.look(self, self.draft)

    def _show(self, step: str, question: str = "") -> None:
        if step in ("", flow.VALUES, flow.REVIEW):
            self.bridge.stop("look")
            return  # another screen was opened
        self.step = step
        self._wrong, self._notes = {}, {}
        form = self.query_one(Form)
        form.revealed = {question} if question else set()
        self.refresh_state()
        asked = flow.questions(self.resolved, step, self.nav.goal)
        form.take(question or (asked[0].id if asked else ""))
        name = dict(flow.NAMES)[step]
        self.query_one("#title", Rows).show(((((f"{name}: ", "accent"), (flow.TITLES[step], "strong"))), ()))

    def _render_around(self) -> None:
        self.query_one(Rail).show(view.rail(self.resolved, self.nav.goal, self.step, self.nav.visited, self._seen))
        if question := self.query_one(Form).question:
            width = max(40, self.query_one("#middle").size.width or 60) - 1
            self.query_one("#means", Rows).show(view.below_form(self.resolved, question, width))
            width = max(20, (self.query_one("#aside").size.width or 36) - 1)
            self.query_one("#aside", Rows).show(view.beside_form(self.resolved, question, width))
        self.refresh_frame()

    # Messages

    def on_resize(self, _: Resize) -> None:
        """Wrap texts at the new width, once it is laid out."""
        if self._resolved:
            self.call_after_refresh(self._render_around)

    def on_form_moved(self) -> None:
        """Another question is selected."""
        if self._resolved:
            self._render_around()

    def on_suggestions_changed(self, _: SuggestionsChanged) -> None:
        """The suggestions changed: choices and defaults change, text that is being typed stays."""
        if self._resolved:
            self.refresh_state()

    def on_checks_seen(self, message: ChecksSeen) -> None:
        """The checks have said something about answers."""
        self._seen = self._seen.with_results(message.draft, message.results)
        if self._resolved:
            self.refresh_state()

    def on_stream_failed(self, message: StreamFailed) -> None:
        """Show the problem; the questions work without suggestions."""
        self.tell(message.problem)

    @override
    def waits(self, *, ahead: bool) -> bool:
        return self._resolved is None

    # Actions

    async def action_next(self) -> None:
        """Validate the step, save its answers, go to the next step."""
        await self._ready.wait()
        if not self._resolved or not await self._validate():
            return
        self.nav.visited.add(self.step)
        problem = await self.bridge.save(self.draft)
        if problem:
            self.tell(problem)
        self._show(self.nav.answered(self.draft, self.step))

    async def _validate(self) -> bool:
        form = self.query_one(Form)
        wrong = dict(flow.problems(self.resolved, self.nav.goal, self.step))
        if not wrong:
            for question in flow.questions(self.resolved, self.step, self.nav.goal):
                if question.kind == "path":
                    problem, note = await self.bridge.check_file(self.resolved, question.id)
                    if problem:
                        wrong.setdefault(problem.question or question.id, str(problem))
                    self._notes[question.id] = note
            self._wrong = wrong
        if wrong:
            form.revealed |= set(wrong)
            self.refresh_state()
            form.take(next(iter(wrong)))
        return not wrong

    async def action_back(self) -> None:
        """Go to the previous step, or home from the first one; answers are saved."""
        await self._ready.wait()
        await self.bridge.save(self.draft)
        self._show(self.nav.back(self.draft, self.step) if self._resolved else "")

    async def action_review(self) -> None:
        """Go to the review, or to the first wrong answer."""
        await self._ready.wait()
        if not self._resolved or not await self._validate():
            return
        self.nav.visited.add(self.step)
        await self.bridge.save(self.draft)
        wrong = flow.problems(self.resolved, self.nav.goal)
        if wrong:
            question_id = next(iter(wrong))
            self._show(self.resolved.question(question_id).step, question_id)
        else:
            self.bridge.stop("look")
            self.nav.review(self.draft)

    async def action_preview(self) -> None:
        """Show the values file as it would be written now."""
        await self._ready.wait()
        from wizard.tui.widgets.modals import Explain

        if not self._resolved:
            return
        wrong = flow.problems(self.resolved, "values")
        if wrong:
            text = "The file can be shown when these are fixed:\n\n" + "\n".join(wrong.values())
        else:
            text = await asyncio.to_thread(self.wizard.session.answers.prepare(self.draft).shown)
        self.app.push_screen(Explain("The values file so far", text))

    async def action_values(self) -> None:
        """Show all values of the chart; they are those of the answers."""
        await self._ready.wait()
        if self._resolved:
            question = self.query_one(Form).question
            await self.bridge.save(self.draft)
            self.nav.values(self.draft, self.step, question.id if question else "")

    @override
    def explanation(self) -> tuple[str, str]:
        question = self.query_one(Form).question
        if not question or not self._resolved:
            return "Step", "The chart is being read."
        return question.title, view.explanation(self.resolved, question)

    @override
    async def leave(self) -> None:
        """Saves the answers first."""
        await self.bridge.save(self.draft)
        await super().leave()
