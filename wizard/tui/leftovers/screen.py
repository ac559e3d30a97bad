"""Leftovers: lists what uninstalled releases left behind, and deletes the marked objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget
from typing_extensions import override

from wizard.core.errors import Problem
from wizard.tui.actions import Action, Key, bindings
from wizard.tui.messages import Read, StreamFailed
from wizard.tui.text import Row, cut, wrap
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.frame import Heading
from wizard.tui.widgets.rows import RowList

if TYPE_CHECKING:
    from wizard.core.target import Target
    from wizard.engine.release.leftovers import Leftover, Leftovers

_GROUPS = {
    "rest": "Objects",
    "data": "Data: a new install of that name takes it up again",
    "secret": "Passwords",
    "record": "Helm's records (kept by --keep-history)",
    "namespace": "The namespace",
}


class Board(RowList):
    """All leftovers; the cursor moves over objects that can be deleted."""

    def __init__(self, screen: LeftoversScreen) -> None:
        super().__init__(id="board")
        self._of = screen

    @override
    def build(self, width: int) -> None:
        screen = self._of
        rows: list[Row] = [
            ((" x " if n == 0 else "   ", "error"), (line, "strong"))
            for n, line in enumerate(wrap(str(screen.problem), width - 4) if screen.problem else ())
        ]
        rows += [((f" {line}", "accent"),) for line in wrap(screen.result, width - 2)] if screen.result else []
        if not screen.ready and not screen.problem:
            rows += [((" ~ reading; nothing is changed ...", "progress"),)]
        places: list[int] = []
        for space in screen.found:
            rows += [(), ((f" Namespace {space.namespace}: {len(space.items) or 'nothing is'} left", "strong"),)]
            for group, title in _GROUPS.items():
                items = [item for item in space.items if item.group == group]
                rows += [((f"  {title}", "dim"),)] if items else []
                for item in items:
                    places.append(len(rows))
                    rows += self._item(item, width, chosen=len(places) - 1 == self.cursor)
            for text in space.unproven:
                rows.append(((cut(f"   its release is not known, so it stays: {text}", width), "dim"),))
            if space.items and space.foreign:
                rows.append(((f"   The namespace stays: {len(space.foreign)} other things are in it.", "dim"),))
            rows += [((cut(f" ? not seen: {text}", width), "dim"),) for text in space.unseen]
        self.rows, self.pickable = tuple(rows), tuple(places)

    def _item(self, item: Leftover, width: int, *, chosen: bool) -> list[Row]:
        marked = item.uid in self._of.marked
        sign = ("[x] ", "error") if marked else ("[ ] ", "")
        row: Row = (
            (" > " if chosen else "   ", "accent"),
            sign,
            (cut(f"{item.label} of {item.release}", width - 8), ""),
        )
        note = f"{item.note}; {item.proof}" if item.note else item.proof
        return [row, *((("       ", ""), (line, "dim")) for line in wrap(note, width - 8))] if chosen else [row]

    @override
    def moved(self) -> None:
        self.rebuild()  # the pointer is part of the rows


class LeftoversScreen(WizardScreen):
    """Nothing is deleted before Enter, and then only marked objects."""

    foreseen = False
    ACTIONS: ClassVar[Sequence[Action]] = (
        Action("mark", "space", "mark", "Mark it"),
        Action("start", "enter", command="Delete what is marked"),
        Action("again", "t", "refresh", "Refresh"),
        Action("home", "escape", "home", "Home"),
        Action("leave", "q", "quit"),
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(ACTIONS)

    def __init__(self, target: Target) -> None:
        super().__init__()
        self.target = target
        self.found: tuple[Leftovers, ...] = ()
        self.marked: set[str] = set()
        self.ready = False
        self.problem: Problem | None = None
        self.result = ""
        """The result of the last deletion; a row, because a notification would cover the next prompt."""
        self._busy = False

    @override
    def heading(self) -> Heading:
        left = sum(len(space.items) for space in self.found)
        return Heading("leftovers of releases that are gone", "ask", "nothing is deleted before Enter", f"{left} left")

    @override
    def keys(self) -> Sequence[Key]:
        enter = (self.key("start", f"delete {len(self.marked)}"),) if self.marked else ()
        mark = (self.key("mark"),) if self._items else ()
        return (*enter, *mark, ("Up Down", "select"), self.key("again"), self.key("home"), self.key("leave"))

    @override
    def body(self) -> Iterable[Widget]:
        yield Board(self)

    def on_mount(self) -> None:
        """Read at once."""
        self.query_one(Board).focus()
        self.action_again()

    @property
    def _items(self) -> list[tuple[Leftovers, Leftover]]:
        """The objects under the cursor positions, in order, each with its namespace's leftovers."""
        return [
            (space, item) for space in self.found for group in _GROUPS for item in space.items if item.group == group
        ]

    def _show(self) -> None:
        self.query_one(Board).rebuild()
        self.refresh_frame()

    async def _read(self) -> None:
        self.found = tuple(await self.wizard.session.release(self.target).leftovers())
        self.marked &= {item.uid for _, item in self._items}

    def on_read(self, _: Read) -> None:
        """Show the leftovers."""
        self.ready = True
        self.wizard.typeahead.changed(self)
        self._show()

    def on_stream_failed(self, message: StreamFailed) -> None:
        """Show the problem instead."""
        self.problem = message.problem
        self._show()

    @override
    def explanation(self) -> tuple[str, str]:
        return "Leftovers", (
            "Volumes, passwords and kept objects outlive an uninstall, so that a new install of the same name goes on with "
            "its data. An object is listed when one of its labels or annotations names the release. Space marks one; Enter "
            "deletes what is marked and nothing else, and for data and passwords asks for the release's name."
        )

    # Actions

    def action_again(self) -> None:
        """Read again."""
        self.ready, self.problem, self.result = False, None, ""
        self.bridge.once(self, "leftovers", self._read())
        self._show()

    def action_mark(self) -> None:
        """Mark or unmark the selected object."""
        if self._items and not self._busy:
            self.marked ^= {self._items[self.query_one(Board).cursor][1].uid}
            self.problem = None
            self._show()

    async def action_start(self) -> None:
        """Delete the marked objects; where data is lost the release's name has to be typed first."""
        from wizard.engine.approval import of_leftovers
        from wizard.engine.release import leftovers

        marked = [(space, item) for space, item in self._items if item.uid in self.marked]
        if not marked or self._busy:
            return
        space = marked[0][0]
        try:
            if len({where.namespace for where, _ in marked}) > 1:
                raise Problem("These are in several namespaces.", "Delete those of one namespace first.")
            picked = leftovers.chosen(space, [item.label for _, item in marked])
            approval = of_leftovers(space, picked)
            approval.refuse_blocked()
        except Problem as problem:
            self.problem = problem
            self._show()
            return
        if not approval.type_the_name_because:
            await self._delete(space, picked, "")
            return
        from wizard.tui.widgets.modals import typed_name

        async def take(typed: str | None) -> None:
            await self._delete(space, picked, typed)

        self.ask(typed_name(approval), take)

    async def _delete(self, space: Leftovers, picked: Sequence[Leftover], typed: str | None) -> None:
        if typed is None:
            return
        self._busy, bad = True, []
        try:
            async for deletion in self.wizard.session.release(self.target).delete_leftovers(
                space, picked, confirmed=typed
            ):
                bad += [f"{deletion.item.label}: {deletion.text}"] if deletion.state != "deleted" else []
        except Problem as problem:
            bad = [str(problem)]
        self._busy = False
        self.marked.clear()
        self.action_again()
        self.result = "; ".join(bad) or f"{len(picked)} deleted"

    def action_home(self) -> None:
        """Go home."""
        self.bridge.stop("leftovers")
        self.nav.home()

    async def action_leave(self) -> None:
        """Quit."""
        await self.leave()
