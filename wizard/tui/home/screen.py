"""Home: cluster, you, tools, releases, what this cluster has, and what you can do."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget
from typing_extensions import override

import wizard
from wizard.core.errors import Problem
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.home.state import HomeState
from wizard.tui.home.view import Entry, HomeView, layout, menu
from wizard.tui.messages import HomeChanged, StreamFailed
from wizard.tui.text import Row, wrap
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.rows import RowList, Rows

if TYPE_CHECKING:
    from wizard.engine.release.rows import ReleaseRow


class Board(RowList):
    """Home as one list; the cursor moves over entries only."""

    def __init__(self, screen: HomeScreen) -> None:
        super().__init__(id="board")
        self._home = screen
        self.view = HomeView((), ())

    @override
    def build(self, width: int) -> None:
        self.view = layout(self._home.state, self._home.now(), width, self.cursor, tall=self.app.size.height >= 30)
        self.rows, self.pickable = self.view.rows, tuple(row for row, _ in self.view.entries)

    @override
    def moved(self) -> None:
        self.rebuild()  # the pointer is part of the rows
        self._home.moved()

    @property
    def entry(self) -> Entry | None:
        """The entry under the cursor."""
        return self.view.entries[self.cursor][1] if self.view.entries else None


class HomeScreen(WizardScreen):
    """The first screen; a problem never closes it."""

    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("press('i')", "i", command="Install"),
        Action("press('r')", "r", command="Resume the draft"),
        Action("press('u')", "u", command="Upgrade the release"),
        Action("press('d')", "d", command="Diagnose the release"),
        Action("press('v')", "v", command="Write a values file only"),
        Action("press('c')", "c", command="Run all checks"),
        Action("press('a')", "a", command="Show the run"),
        Action("press('l')", "l", command="Show the last run"),
        Action("press('t')", "t", command="Read everything again"),
        Action("press('o')", "o", command="Use another kubeconfig"),
        Action("press('p')", "p", command="How to practise"),
        Action("press('e')", "e"),
        Action("leftovers", command="Leftovers of releases that are gone"),
        Action("context", "x", "cluster", "Choose another cluster"),
        Action("namespace", "n", "namespace", "Choose another namespace"),
        Action("go", "enter", "go"),
        Action("leave", "q", "quit"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, problem: Problem | None = None) -> None:
        super().__init__()
        self._problem = problem
        self.state = HomeState(problem=problem)
        self._touched = False
        self._was_read = False

    @override
    def heading(self) -> Heading:
        return Heading(wizard.__version__, "read", "nothing changed")

    @override
    def keys(self) -> Sequence[Key]:
        return [self.key(name) for name in ("go", "context", "namespace", "app.command_palette", "explain", "leave")]

    @override
    def commands(self) -> Sequence[Action]:
        """Without the keys of entries that the board does not offer now."""
        offered = {entry.key for _, entry in self.query_one(Board).view.entries}
        return [
            action for action in super().commands() if not action.name.startswith("press(") or action.keys in offered
        ]

    @override
    def body(self) -> Iterable[Widget]:
        yield Horizontal(Board(self), Rows(id="aside"))

    def on_mount(self) -> None:
        """Show at once, then read."""
        self.query_one(Board).focus()
        self.call_after_refresh(self._read_first)

    def _read_first(self) -> None:
        # `home(problem)` may have called `read` before the first paint; reading again would drop the problem.
        if not self._was_read:
            self.read(self._problem)

    def read(self, problem: Problem | None = None) -> None:
        """Read everything again."""
        self._was_read = True
        self.state = replace(self.state, complete=False)
        self.wizard.typeahead.changed(self)
        self.bridge.watch_home(self, problem)

    def on_home_changed(self, message: HomeChanged) -> None:
        """Show the new data; the cursor stays on its entry once the person has moved it."""
        board = self.query_one(Board)
        before = board.entry
        self.state = message.state
        board.rebuild()
        if before and self._touched:
            same = [n for n, (_, entry) in enumerate(board.view.entries) if _same(entry, before)]
            board.cursor = same[0] if same else board.cursor
        else:
            board.cursor = 0
        board.rebuild()
        self._aside()

    def on_stream_failed(self, message: StreamFailed) -> None:
        """Show the error on home."""
        self.state = HomeState(**{**vars(self.state), "problem": message.problem, "complete": True})
        self.query_one(Board).rebuild()

    @override
    def waits(self, *, ahead: bool) -> bool:
        return ahead and not self.state.complete

    def moved(self) -> None:
        """Show the explanation of the entry under the cursor."""
        self._touched = True
        self._aside()

    def _aside(self) -> None:
        entry = self.query_one(Board).entry
        rows: list[Row] = []
        if entry:
            rows = [((f" {entry.title}", "accent"),), (), *(((f" {line}", "dim"),) for line in wrap(entry.explain, 34))]
        self.query_one("#aside", Rows).show(rows)

    @override
    def explanation(self) -> tuple[str, str]:
        entry = self.query_one(Board).entry
        return (entry.title, entry.explain or entry.text) if entry else ("Home", "Nothing is known yet.")

    # Actions

    def action_leftovers(self) -> None:
        """Open the leftovers of uninstalled releases."""
        self.nav.leftovers()

    async def action_go(self) -> None:
        """Run the entry under the cursor."""
        if entry := self.query_one(Board).entry:
            await self._do(entry)

    async def action_press(self, key: str) -> None:
        """Run the entry with this key; u and d prefer the selected release."""
        current = self.query_one(Board).entry
        if key in "ud" and current and current.action == "release":
            await self.nav.with_release(current.about, key)
        elif entry := next((entry for _, entry in self.query_one(Board).view.entries if entry.key == key), None):
            await self._do(entry)

    async def _do(self, entry: Entry) -> None:
        match entry.action:
            case "install":
                await self.nav.ask()
            case "release":
                self._menu(entry.about)
            case "upgrade" | "diagnose":
                if self.state.releases and self.state.releases.rows:
                    await self.nav.with_release(self.state.releases.rows[0], entry.key)
            case "resume":
                await self._resume()
            case "values":
                await self.nav.ask(goal="values")
            case "check":
                await self.nav.ask(goal="check")
            case "attach":
                self.nav.attach(entry.about)
            case "again":
                self.read()
            case "other_file":
                self._other_file()
            case "leftovers":
                self.nav.leftovers()
            case "practise":
                self.action_explain_entry(entry)

    def _menu(self, row: ReleaseRow) -> None:
        from wizard.tui.widgets.modals import Choose

        options, first = menu(row, undo=self.nav.may_undo(row))
        self.ask(Choose(f"{row.name} in {row.namespace}", options, at=first), partial(self.nav.with_release, row))

    def action_explain_entry(self, entry: Entry) -> None:
        """Show what an entry means."""
        from wizard.tui.widgets.modals import Explain

        self.app.push_screen(Explain(entry.title, entry.explain))

    async def _resume(self) -> None:
        drafts = self.state.drafts
        if len(drafts) == 1:
            await self.nav.ask(drafts[0][1])
            return
        from wizard.tui.widgets.modals import Choose

        async def take(value: str | None) -> None:
            if value is not None:
                await self.nav.ask(drafts[int(value)][1])

        named = [
            (
                str(n),
                f"{draft.answers.get('preset') or draft.chart or 'dev'} {draft.answers.get('namespace', '')}",
                f"saved {saved[:16]}",
            )
            for n, (saved, draft) in enumerate(drafts[:10])
        ]
        self.ask(Choose("Which draft?", named), take)

    def action_context(self) -> None:
        """Choose another context."""
        config = self.state.config
        if not config or not config.contexts:
            self.tell(Problem("The kubeconfig names no cluster to choose from.", "Use o to name another file."))
            return
        from wizard.tui.widgets.modals import Choose

        options = [(context.name, context.name, context.server) for context in config.contexts]
        current = self.wizard.session.suggestions.current_context
        self.ask(Choose("Which cluster?", options, at=current), partial(self._use, "context"))

    def action_namespace(self) -> None:
        """Choose the namespace of the shown releases."""
        from wizard.core.answers import validate
        from wizard.tui.widgets.modals import Prompt

        def problem(text: str) -> str:
            return validate.label(text, "Namespace") if text else ""

        current = self.wizard.session.options.namespace
        prompt = Prompt("Which namespace? Empty: all that you may read", current, "Namespace", problem)
        self.ask(prompt, partial(self._use, "namespace"))

    def _other_file(self) -> None:
        from wizard.tui.widgets.modals import Prompt

        current = self.wizard.session.options.kubeconfig
        self.ask(Prompt("Which kubeconfig?", current, "File"), self._use_file)

    def _use_file(self, name: str | None) -> None:
        # As a shell would: neither helm nor the wizard expands a ~ in a name that it gets.
        self._use("kubeconfig", name and os.path.expanduser(name))  # noqa: PTH111 - Path.expanduser raises for ~nobody

    def _use(self, option: str, value: str | None) -> None:
        if value is not None:
            self.nav.use(**{option: value})
            self.read()

    async def action_leave(self) -> None:
        """Quit."""
        await self.leave()


def _same(first: Entry, second: Entry) -> bool:
    return (first.key, first.action, first.title) == (second.key, second.action, second.title)
