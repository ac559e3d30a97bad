"""All values of a chart as a tree: what each is, where it comes from, and a change of it. The same document as the steps."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, cast

from textual.app import SuspendNotSupported
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.strip import Strip
from textual.widget import Widget
from typing_extensions import override

from wizard.core.answers.draft import Draft
from wizard.core.answers.questions.question import Question
from wizard.core.errors import Problem
from wizard.core.helm import values
from wizard.core.helm.schema import ANY
from wizard.core.helm.value_tree import ValueNode
from wizard.core.helm.values import Path
from wizard.core.text.redaction import hide
from wizard.engine.values import refuse_secret
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.messages import Read, StreamFailed, SuggestionsChanged
from wizard.tui.text import Row, wrap
from wizard.tui.values import view
from wizard.tui.values.state import ValuesState
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.edit import LineEdit
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.rows import RowList, Rows, paint
from wizard.tui.widgets.typing import Typing

_OTHER = "other"


class Tree(RowList):
    """The lines of the tree; only those that show are made, for there may be thousands."""

    def __init__(self, screen: ValuesScreen) -> None:
        super().__init__(id="tree")
        self._of = screen
        self._made: dict[tuple[int, bool], Row] = {}
        """The lines that were shown, by their number and whether the cursor was there."""

    @override
    def build(self, width: int) -> None:
        self._made = {}
        lines = len(self._of.state.shown) if self._of.state else 0
        self.rows, self.pickable = ((),) * lines, tuple(range(lines))

    @override
    def moved(self) -> None:
        self._of.show_chosen()

    @override
    def render_line(self, y: int) -> Strip:
        number, width = y + self.scroll_offset.y, self.scrollable_content_region.width
        chosen, state = number == self.cursor_row, self._of.state
        if (number, chosen) not in self._made and state:
            self._made[number, chosen] = view.line(state, number, width, chosen=chosen)
        self._base = self._base or self.rich_style
        return paint(self._made.get((number, chosen), ()), width, self._base, chosen=chosen and self.has_focus)


class Search(Typing, Rows, can_focus=True):
    """The line in which a search is typed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down,tab", "screen.tree", show=False),
        Binding("escape", "screen.all", show=False),
    ]

    def __init__(self, changed: Callable[[str], None]) -> None:
        super().__init__(id="search")
        self._changed = changed
        self._edit = LineEdit()

    @override
    def build(self, width: int) -> Sequence[Any]:
        empty = "" if self.has_focus else "/ searches paths, help and values"
        if not (self._edit.text or self.has_focus):
            return [((f" {empty}", "dim"),)]
        return [((" / ", "accent"), *self._edit.spans(min(60, width - 6), focused=self.has_focus))]

    def on_focus(self) -> None:
        """Show the cursor."""
        self.rebuild()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.rebuild()

    def clear(self) -> None:
        """Empty the line; what it has found stays."""
        self._edit = LineEdit()
        self.rebuild()

    @override
    def _refuse(self, problem: Problem) -> None:
        cast("WizardScreen", self.screen).tell(problem)

    @override
    def _type(self, edit: LineEdit) -> None:
        changed, self._edit = edit.text != self._edit.text, edit
        self.rebuild()
        if changed:
            self._changed(edit.text)


class ValuesScreen(WizardScreen):
    """Shows every value of the chart; Enter changes one."""

    CSS_PATH = "../styles/values.tcss"
    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("edit", "enter", "edit", "Edit the value"),
        Action("search", "slash", "search", "Search"),
        Action("reset", "d", "default", "Take back the change, or back to the default"),
        Action("flags", "s", "--set", "Show the options that give these values"),
        Action("editor", "v", "in $EDITOR", "Edit the value in $EDITOR"),
        Action("file", "e", "file in $EDITOR", "Edit the values file in $EDITOR"),
        Action("open", "space", "open"),
        Action("fold(1)", "right"),
        Action("fold(-1)", "left"),
        Action("back", "escape,f6", "back", "Back"),
        Action("leave", "q"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, draft: Draft, back: Callable[[Draft], None]) -> None:
        super().__init__()
        self.draft = draft
        self.state: ValuesState | None = None
        self.problem: Problem | None = None
        self._questions: Mapping[Path, Question] = {}
        self._what = "all values"
        self._back = back
        self._unfinished = ""
        """A values file as the editor left it, which could not be taken yet."""

    # Frame

    @override
    def heading(self) -> Heading:
        safe = "no cluster needed" if self.nav.goal == "values" else "cluster is only read"
        place = f"all values  {view.status(self.state)}" if self.state else "reading the chart ..."
        return Heading(self._what, "ask", safe, place)

    @override
    def keys(self) -> Sequence[Key]:
        node = self._node
        enter = "open" if node and self._opens(node) else "edit"
        return (
            self.key("edit", enter), self.key("search"), self.key("reset"), self.key("flags"), self.key("file", "file"),
            self.key("back"), self.key("open"), self.key("editor"), self.key("explain"),
        )  # fmt: skip

    @override
    def body(self) -> Iterable[Widget]:
        yield Horizontal(
            Vertical(Search(self._search), Rows(id="heads"), Tree(self), Rows(id="detail"), id="tree-pane"),
            Rows(id="beside"),
            id="values",
        )

    def on_mount(self) -> None:
        """Read the chart's schema and comments."""
        self.query_one(Tree).focus()
        self.bridge.once(self, "values", self.bridge.describe(self.draft))

    def on_read(self, _: Read) -> None:
        """Show the tree; what the cluster offers may not have been asked for yet."""
        self._take(self.draft)
        if self.wizard.session.suggestions.storage_classes is None:
            self.bridge.refresh_suggestions(self, self.draft)

    def on_suggestions_changed(self, _: SuggestionsChanged) -> None:
        """The defaults of answers may be others now."""
        self._take(self.draft)

    def on_stream_failed(self, message: StreamFailed) -> None:
        """Show why there are no values; without what the cluster offers the values are there."""
        if self.state:
            self.tell(message.problem)
            return
        self.problem = message.problem
        self._show()

    @override
    def waits(self, *, ahead: bool) -> bool:
        return ahead and not self.state and not self.problem

    def on_resize(self, _: Resize) -> None:
        """Lay the texts out anew."""
        self.call_after_refresh(self._show)

    # State

    @property
    def _node(self) -> ValueNode | None:
        return self.state.node(self._line) if self.state and self.is_mounted else None

    def _opens(self, node: ValueNode) -> bool:
        """Whether Enter opens the value instead of editing it: a map that holds values, and no keys of a person's own."""
        return bool(self.state and self.state.has_inside(self._line)) and ANY not in node.spec.properties

    @property
    def _line(self) -> int:
        return self.query_one(Tree).cursor

    def _take(self, draft: Draft) -> None:
        """Show the values of a draft; the cursor stays at its value."""
        try:
            shown = self.wizard.session.values.show(draft)
        except Problem as problem:
            self.problem = problem
            self._show()
            return
        node = self._node
        self.draft, self.problem, self._questions = draft, None, shown.questions
        doing = "values file" if self.nav.goal == "values" else self.nav.doing
        self._what = f"{doing} {shown.target}"
        self.state = replace(self.state, tree=shown.tree) if self.state else ValuesState(shown.tree)
        self._show(node)

    def _show(self, at: ValueNode | None = None) -> None:
        lines = self.query_one(Tree)
        lines.rebuild()
        if at and self.state:
            lines.cursor = self.state.line_of(at.path)
            lines.rebuild()
        self.query_one("#heads", Rows).show([view.heads(lines.scrollable_content_region.width or self.size.width)])
        self.show_chosen()

    def show_chosen(self) -> None:
        """Show the value under the cursor in full."""
        node, below, beside = self._node, self.query_one("#detail", Rows), self.query_one("#beside", Rows)
        if self.problem:
            for pane in (below, beside):
                texts = wrap(f"x {self.problem}", max(20, pane.size.width - 2))
                pane.show([((f" {text}", "error"),) for text in texts])
        elif node:
            question = self._questions.get(node.path)
            if below.size.height:
                below.show(view.summary(node, question, below.size.width, below.size.height))
            if beside.size.width:
                beside.show(view.full(node, question, beside.size.width - 1))
        elif self.state:
            for pane in (below, beside):
                pane.show([((" Nothing is found; Esc ends the search.", "dim"),)])
        self.refresh_frame()

    def _search(self, query: str) -> None:
        if self.state:
            self.state = replace(self.state, query=query)
            lines = self.query_one(Tree)
            found = next((line for line in range(len(self.state.shown)) if self._is_found(line)), 0)
            lines.cursor = found
            self._show()

    def _is_found(self, line: int) -> bool:
        node = self.state.node(line) if self.state else None
        return bool(self.state and node and node.path in self.state.found)

    @override
    def explanation(self) -> tuple[str, str]:
        node = self._node
        if node is None:
            return "All values", "Every value that the chart takes."
        rows = view.full(node, self._questions.get(node.path), min(96, self.size.width - 6))
        return values.dotted(node.path), "\n".join("".join(text for text, _ in row) for row in rows)

    # Actions

    def action_search(self) -> None:
        """Type a search."""
        self.query_one(Search).focus()

    def action_tree(self) -> None:
        """Go from the search to what it found."""
        self.query_one(Tree).focus()

    def action_all(self) -> None:
        """End the search; the value under the cursor stays in sight."""
        node = self._node
        self.query_one(Search).clear()
        if self.state:
            self.state = self.state.revealed(node.path) if node else replace(self.state, query="")
        self.query_one(Tree).focus()
        self._show(node)

    def action_open(self) -> None:
        """Open or close the map."""
        if self.state and self._node:
            self.action_fold(-1 if self.state.is_open(self._line) else 1)

    def action_fold(self, step: int) -> None:
        """Open the map; or close it, or the one around the value."""
        node, state = self._node, self.state
        if not (node and state) or state.query.strip():
            return
        is_map = state.has_inside(self._line)
        if step > 0:
            state = state.toggled(node.path) if is_map and not state.is_open(self._line) else state
        elif path := node.path if state.is_open(self._line) else node.path[:-1]:
            state = state.toggled(path)
            node = state.tree.get(path)
        self.state = state
        self._show(node)

    async def action_edit(self) -> None:
        """Change the value: pick one, type it, or open its map."""
        node = self._node
        if node is None:
            return
        if self._opens(node):
            self.action_open()
            return
        try:
            refuse_secret(node)
        except Problem as problem:
            self.tell(problem)
            return
        if found := view.picks(node, self.wizard.session.suggestions):
            self._pick(node, found)
        elif isinstance(node.value, str) and not node.value.isprintable():
            await self.action_editor()
        else:
            self._type(node)

    def _pick(self, node: ValueNode, found: Sequence[view.Pick]) -> None:
        from wizard.tui.widgets.modals import Choose

        options = [(f"{number:03}", pick.text, pick.note) for number, pick in enumerate(found)]
        now = next((f"{number:03}" for number, pick in enumerate(found) if values.same(pick.value, node.value)), "")
        if not node.choices:
            options.append((_OTHER, "another ...", "typed"))

        async def take(chosen: str | None) -> None:
            if chosen == _OTHER:
                self._type(node)
            elif chosen is not None:
                await self._change(node, found[int(chosen)].value)

        self.ask(Choose(values.dotted(node.path), options, at=now), take)

    def _type(self, node: ValueNode) -> None:
        from wizard.tui.widgets.modals import Prompt

        made: list[Draft] = []

        def problem(text: str) -> str:
            try:
                made.append(
                    self.wizard.session.values.change(self.draft, node, self.wizard.session.values.of_line(node, text))
                )
            except Problem as wrong:
                return str(wrong)
            return ""

        async def take(text: str | None) -> None:
            if text is not None and made:
                await self._keep(made[-1])

        text = self.wizard.session.values.line(node)
        self.ask(Prompt(values.dotted(node.path), text, node.type_text, problem), take)

    async def _change(self, node: ValueNode, value: Any) -> None:
        try:
            draft = self.wizard.session.values.change(self.draft, node, value)
        except Problem as problem:
            self.tell(problem)
            return
        await self._keep(draft)

    async def _keep(self, draft: Draft) -> None:
        self._take(draft)
        if problem := await self.bridge.save(draft):
            self.tell(problem)

    async def action_reset(self) -> None:
        """Take back what was changed last; where nothing was, set the chart's default."""
        if node := self._node:
            try:
                draft = self.wizard.session.values.reset(self.draft, node)
            except Problem as problem:
                self.tell(problem)
                return
            await self._keep(draft)

    def action_flags(self) -> None:
        """Show the options of the command line that give these values, and copy them."""
        from wizard.tui.widgets.modals import Explain

        flags = [hide(flag) for flag in self.wizard.session.values.flags(self.draft)]
        self.app.copy_to_clipboard(" \\\n".join(flags))
        self.app.push_screen(
            Explain("Copied, if your terminal allows it; else select it here", view.flag_rows(flags, self.size.width))
        )

    # The editor

    def _edited(self, text: str, name: str) -> str:
        """The text after the editor, which has the terminal meanwhile; raises Problem."""
        with contextlib.ExitStack() as stack:
            with contextlib.suppress(SuspendNotSupported):
                stack.enter_context(self.app.suspend())
            return self.wizard.session.values.edit(text, name)

    async def action_editor(self) -> None:
        """Edit the value in $EDITOR."""
        node = self._node
        if node is None:
            return
        session = self.wizard.session.values
        try:
            refuse_secret(node)
            before = session.text(node)
            after = self._edited(before, f"{node.key}.yaml".replace("/", "-"))
            draft = session.of_text(self.draft, node, after) if after != before else self.draft
        except Problem as problem:
            self.tell(problem)
            return
        await self._keep(draft)

    async def action_file(self) -> None:
        """Edit the values file in $EDITOR; what could not be taken before is there again."""
        session = self.wizard.session.values
        try:
            before = session.file(self.draft)
            after = self._edited(self._unfinished or before, "values.yaml")
        except Problem as problem:
            self.tell(problem)
            return
        self._unfinished = after if after != before else ""
        try:
            draft = session.of_file(self.draft, after) if self._unfinished else self.draft
        except Problem as problem:
            self._ask_again(problem)
            return
        self._unfinished = ""
        await self._keep(draft)

    def _ask_again(self, problem: Problem) -> None:
        from wizard.tui.widgets.modals import Choose

        async def take(chosen: str | None) -> None:
            if chosen == "e":
                await self.action_file()
            elif chosen == "x":
                self._unfinished = ""

        options = (
            ("e", "edit it again", problem.next_step),
            ("x", "drop the changes", "the values stay as they are"),
        )
        self.ask(Choose(str(problem.what), options, stay="later: e goes on with it", foreseen=False), take)

    # Leaving

    async def action_back(self) -> None:
        """Go back to where one was; a search ends first, and a file that is not taken yet is asked about."""
        if self.state and self.state.query:
            self.action_all()
            return
        if not self._unfinished:
            await self._go_back(sure=True)
            return
        from wizard.tui.widgets.modals import Confirm

        text = "The values file that you edited could not be taken yet. e goes on with it."
        self.ask(Confirm("Leave without it?", text, "leave, dropping it"), self._confirmed)

    async def _confirmed(self, sure: bool | None) -> None:
        await self._go_back(sure=bool(sure))

    async def _go_back(self, *, sure: bool) -> None:
        if sure:
            self.bridge.stop("values")
            await self.bridge.save(self.draft)
            self._back(self.draft)

    async def action_leave(self) -> None:
        """Quit; the draft stays saved."""
        await self.leave()

    @override
    async def leave(self) -> None:
        """Saves the draft first."""
        await self.bridge.save(self.draft)
        await super().leave()
