"""The preview of an operation on an existing release: its effects, and the key that starts it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from typing_extensions import override

from wizard.core.errors import Problem
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.messages import Read, StreamFailed
from wizard.tui.text import wrap
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.rows import RowList

if TYPE_CHECKING:
    from wizard.tui.preview.view import Preview


class Board(RowList):
    """The rows of the preview; the cursor moves over objects."""

    def __init__(self, screen: PreviewScreen) -> None:
        super().__init__(id="board")
        self._of = screen

    @override
    def build(self, width: int) -> None:
        problem = self._of.problem or self._of.blocked
        problem_rows = [
            ((" x " if n == 0 else "   ", "error"), (line, "strong"))
            for n, line in enumerate(wrap(str(problem), width - 4))
        ]
        if not self._of.ready:
            self.rows, self.pickable = (
                tuple(problem_rows) if problem else (((" ~ reading; nothing is changed ...", "progress"),),),
                (),
            )
            return
        above = [*problem_rows, ()] if problem else []
        rows, places = self._of.preview.view(width, self.cursor)
        self.rows, self.pickable = (*above, *rows), tuple(len(above) + place for place in places)

    @override
    def moved(self) -> None:
        self.rebuild()  # the pointer is part of the rows


class PreviewScreen(WizardScreen):
    """Nothing is changed before Enter."""

    foreseen = False
    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("start", "enter", command="Start it"),
        Action("again", "t", "refresh", "Refresh"),
        Action("back", "escape", "back", "Back"),
        *(Action(f"switch('{key}')", key) for key in "kfo"),
        Action("leave", "q"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, preview: Preview) -> None:
        super().__init__()
        self.preview = preview
        self.ready = False
        self.problem: Problem | None = None
        self._starting = False

    @property
    def blocked(self) -> Problem | None:
        """Why Enter is disabled."""
        approval = self.preview.approval
        return approval.blocked if approval else None

    @override
    def heading(self) -> Heading:
        starts = bool(self.preview.go())
        safe = "nothing is changed before Enter" if starts else "the cluster is not changed"
        return Heading(self.preview.heading(), "ask" if starts else "read", safe, "preview")

    @override
    def keys(self) -> Sequence[Key]:
        go = self.preview.go()
        enter = (self.key("start", "disabled: see above" if self.blocked else go),) if go and self.ready else ()
        switches = tuple(self.preview.switches().items()) if self.ready else ()
        return (*enter, *switches, ("Up Down", "select"), self.key("again"), self.key("back"))

    @override
    def body(self) -> Iterable[Widget]:
        yield Board(self)

    def on_mount(self) -> None:
        """Read at once."""
        self.query_one(Board).focus()
        self.action_again()

    def _show(self) -> None:
        self.query_one(Board).rebuild()
        self.refresh_frame()

    def on_read(self, _: Read) -> None:
        """Show the preview."""
        self.ready = True
        self.wizard.typeahead.changed(self)
        self._show()

    def on_stream_failed(self, message: StreamFailed) -> None:
        """Show why the preview cannot be made, or why the operation is refused."""
        self.problem, self._starting = message.problem, False
        self._show()

    @override
    def explanation(self) -> tuple[str, str]:
        return self.preview.heading(), (
            "This is what would happen, computed from the cluster's present state. Secrets are never shown, only that they change. "
            "Enter reads the cluster again and starts only what you have seen; it runs like an install and can be left."
        )

    # Actions

    def action_again(self) -> None:
        """Read again."""
        self.ready, self.problem = False, None
        self.bridge.once(self, "preview", self.preview.read(self.wizard.session))
        self._show()

    def action_switch(self, key: str) -> None:
        """Toggle a switch of the preview."""
        if self.ready and key in self.preview.switches():
            if self.preview.switch(key):
                self.action_again()
            self._show()

    async def action_start(self) -> None:
        """Start the operation, after its question and, where needed, the typed name."""
        if not self.ready or self._starting or not self.preview.go() or self.blocked:
            return
        if not (question := self.preview.question()):
            await self._confirm()
            return
        from wizard.tui.widgets.modals import Prompt

        wrong = "Say it in a few words, or go back with Esc."
        prompt = Prompt(question, problem=lambda text: "" if text.strip() else wrong, foreseen=False)
        self.ask(prompt, self._answered)

    async def _answered(self, text: str | None) -> None:
        if text is not None:
            self.preview.answer(text.strip())
            await self._confirm()

    async def _confirm(self) -> None:
        approval = self.preview.approval
        if not (approval and approval.type_the_name_because):
            await self._start("")
            return
        from wizard.tui.widgets.modals import typed_name

        self.ask(typed_name(approval), self._start)

    async def _start(self, typed: str | None) -> None:
        if typed is None:
            return
        self._starting = True
        try:
            run_id, message = await self.preview.start(self.wizard.session, typed)
        except Problem as problem:
            self.problem, self._starting = problem, False
            self._show()
            return
        if message:
            self.app.notify(message, markup=False, timeout=15)
        if run_id:
            self.nav.run(run_id)
        else:
            self.nav.home()

    def action_back(self) -> None:
        """Go back to the previous screen."""
        self.bridge.stop("preview")
        self.nav.back_from_preview()

    async def action_leave(self) -> None:
        """Quit."""
        await self.leave()
