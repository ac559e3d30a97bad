"""History: the revisions of a release, their differences, and the rollback to one."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from typing_extensions import override

from wizard.core.errors import Problem
from wizard.core.text.time import age
from wizard.core.text.words import counted
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.messages import Read, StreamFailed
from wizard.tui.review import plan_view
from wizard.tui.text import Row, cut, mark, pad, wrap
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.rows import RowList

if TYPE_CHECKING:
    from wizard.core.target import Target
    from wizard.engine.release.records import Revision

_STATES = {"deployed": "pass", "superseded": "skipped", "failed": "fail", "uninstalled": "skipped"}


class Revisions(RowList):
    """The revisions, newest first."""

    def __init__(self, screen: HistoryScreen) -> None:
        super().__init__(id="revisions")
        self._of = screen

    @override
    def build(self, width: int) -> None:
        problem = self._of.problem
        rows: list[Row] = [((f" {line}", "error"),) for line in wrap(str(problem), width - 2)] if problem else []
        if not problem and not self._of.found:
            rows = [((" ~ reading revisions ...", "progress"),)]
        if self._of.found:
            rows.append(
                (
                    (
                        cut(f"   {pad('Rev', 5)}{pad('Age', 9)}{pad('Status', 17)}{pad('Chart', 22)}Who, why", width),
                        "dim",
                    ),
                )
            )
        first = len(rows)
        rows += [self._row(number, revision, width) for number, revision in enumerate(self._of.found)]
        self.rows, self.pickable = tuple(rows), tuple(range(first, len(rows)))

    def _row(self, number: int, revision: Revision, width: int) -> Row:
        sign, tone = mark(_STATES.get(revision.status, "warn"))
        who = f"{revision.who}: " if revision.who else ""
        return (
            (" > " if number == self.cursor else "   ", "accent"), (pad(str(revision.revision), 5), "strong"),
            (pad(age(revision.updated, self._of.now()), 9), "dim"), (pad(f"{sign} {revision.status}", 17), tone),
            (pad(revision.chart or "?", 22), ""), (cut(f"{who}{revision.problem or revision.description}", width - 57), "dim"),
        )  # fmt: skip

    @override
    def moved(self) -> None:
        self.rebuild()  # the pointer is part of the rows
        self._of.refresh_frame()


class HistoryScreen(WizardScreen):
    """Read-only; a rollback has a preview of its own."""

    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("changes", "enter", "what it changed", "What it changed"),
        Action("values", "v", "values", "Its values"),
        Action("manifest", "m", "manifest", "Its objects"),
        Action("rollback", "b", "roll back to it", "Roll back to it"),
        Action("home", "escape,h", "home", "Home"),
        Action("leave", "q", "quit"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.target = target
        self.found: tuple[Revision, ...] = ()
        self.problem: Problem | None = None

    @override
    def heading(self) -> Heading:
        kept = f"{counted(len(self.found), 'revision')} kept" if self.found else "history"
        return Heading(f"history {self.target}", "read", "nothing changed", kept)

    @override
    def keys(self) -> Sequence[Key]:
        shown = ("changes", "values", "manifest") if self.found else ()
        back = ("rollback",) if self._can_go_back else ()
        return [self.key(name) for name in (*shown, *back, "home", "leave")]

    @override
    def body(self) -> Iterable[Widget]:
        yield Revisions(self)

    def on_mount(self) -> None:
        """Read at once."""
        self.query_one(Revisions).focus()
        self.bridge.once(self, "history", self._read())

    async def _read(self) -> None:
        self.found = tuple(reversed(await self.wizard.session.release(self.target).history()))

    def on_read(self, _: Read) -> None:
        """Show the revisions."""
        self.query_one(Revisions).rebuild()
        self.refresh_frame()

    def on_stream_failed(self, message: StreamFailed) -> None:
        """Show the problem instead."""
        self.problem = message.problem
        self.query_one(Revisions).rebuild()

    @override
    def waits(self, *, ahead: bool) -> bool:
        return ahead and not self.found and not self.problem

    @property
    def _at(self) -> int:
        return self.query_one(Revisions).cursor

    @property
    def _can_go_back(self) -> bool:
        """Whether the selected revision can be rolled back to; the newest one only when it is not deployed."""
        return bool(self.found) and bool(self._at or self.found[0].status != "deployed")

    @override
    def explanation(self) -> tuple[str, str]:
        return "History", (
            "Helm keeps the last revisions. Enter shows what a revision changed in values and objects; "
            "secrets stay masked. b previews a rollback: data, schema, Secrets and volumes do not roll back."
        )

    # Actions

    async def action_changes(self) -> None:
        """Show what the selected revision changed."""
        if not self.found:
            return
        if self._at + 1 >= len(self.found):
            self.tell(Problem("There is no earlier revision to compare it with.", "v shows its values."))
            return
        new, old = self.found[self._at].revision, self.found[self._at + 1].revision
        await self._explain(f"revision {old} -> {new}", self._changes(old, new))

    async def _changes(self, old: int, new: int) -> list[Row]:
        comparison = await self.wizard.session.release(self.target).compare(old, new)
        return plan_view.comparison_rows(comparison, self.app.size.width - 2)

    async def action_values(self) -> None:
        """Show the values that were given for it."""
        await self._text("values")

    async def action_manifest(self) -> None:
        """Show its objects."""
        await self._text("manifest")

    async def _text(self, what: str) -> None:
        async def rows() -> list[Row]:
            text = await self.wizard.session.release(self.target).revision_text(
                number, "values" if what == "values" else "manifest"
            )
            return [((f" {line}", ""),) for line in text.splitlines()]

        if self.found:
            number = self.found[self._at].revision
            await self._explain(f"{what} of revision {number}", rows())

    async def _explain(self, title: str, rows: Awaitable[list[Row]]) -> None:
        from wizard.tui.widgets.modals import Explain

        try:
            self.app.push_screen(Explain(title, await rows))
        except Problem as problem:
            self.tell(problem)

    def action_rollback(self) -> None:
        """Preview the rollback to the selected revision."""
        if self._can_go_back:
            self.nav.roll_back(self.target, self.found[self._at].revision)

    def action_home(self) -> None:
        """Go home."""
        self.bridge.stop("history")
        self.nav.home()

    async def action_leave(self) -> None:
        """Quit."""
        await self.leave()
