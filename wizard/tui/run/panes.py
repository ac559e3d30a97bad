"""The panes of a run or a release: objects, logs, events, findings, of a run helm too; two at once, or all on a large terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Final

from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from typing_extensions import override

from wizard.core.run.view import ObjectRow, RunView
from wizard.tui.run.view import event_rows, finding_rows, helm_rows, object_row
from wizard.tui.text import Row, rule
from wizard.tui.widgets.log_pane import LogPane
from wizard.tui.widgets.rows import RowList, Rows

PANES: Final = ("objects", "logs", "helm", "events", "findings")
WITHOUT_HELM: Final = ("objects", "logs", "events", "findings")


class Objects(RowList):
    """Watched objects, failed ones first, ready ones last. The cursor stays on its object."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__(id="objects")
        self._now = now
        self.shown: tuple[ObjectRow, ...] = ()

    def update(self, rows: Sequence[ObjectRow]) -> None:
        """Show objects."""
        before = self.object
        self.shown = tuple(rows)
        if before and self.cursor:
            uids = [row.uid for row in self.shown]
            self.cursor = uids.index(before.uid) if before.uid in uids else 0
        self.rebuild()

    @override
    def build(self, width: int) -> None:
        now = self._now()
        self.rows = tuple(
            object_row(row, now, width, chosen=self.has_focus and number == self.cursor)
            for number, row in enumerate(self.shown)
        ) or (((" nothing is watched yet", "dim"),),)
        self.pickable = tuple(range(len(self.shown)))

    @override
    def moved(self) -> None:
        self.rebuild()  # the pointer is part of the rows

    @property
    def object(self) -> ObjectRow | None:
        """The selected object."""
        return self.shown[self.cursor] if self.cursor < len(self.shown) else None


class RunPanes(Horizontal):
    """Objects above, one other pane below, chosen by Tab; on a large terminal all of them in two columns."""

    def __init__(self, now: Callable[[], datetime], panes: Sequence[str] = PANES) -> None:
        super().__init__(id="run")
        self._now = now
        self._panes = panes
        self._lower = "logs"
        self._roomy = False

    @override
    def compose(self) -> Iterable[Widget]:
        yield Vertical(
            Vertical(Rows(id="objects-title"), Objects(self._now), id="pane-objects"),
            Vertical(LogPane(), id="pane-logs"),
            id="left",
        )
        yield Vertical(
            *(
                Vertical(Rows(id=f"{pane}-title"), RowList(id=pane), id=f"pane-{pane}")
                for pane in ("findings", "helm", "events")
                if pane in self._panes
            ),
            id="right",
        )

    @property
    def logs(self) -> LogPane:
        """The log pane."""
        return self.query_one(LogPane)

    @property
    def objects(self) -> Objects:
        """The list of objects."""
        return self.query_one(Objects)

    def place(self, *, roomy: bool | None = None, lower: str = "") -> None:
        """Choose the visible panes."""
        self._roomy = self._roomy if roomy is None else roomy
        self._lower = lower or self._lower
        for pane in self._panes[1:]:
            self.query_one(f"#pane-{pane}").set_class(not self._roomy and pane != self._lower, "-off")
        self.query_one("#right").set_class(not self._roomy and self._lower == "logs", "-off")

    def take(self, pane: str) -> None:
        """Show a pane and focus it."""
        if pane != "objects":
            self.place(lower=pane)
        self.query_one(f"#{pane}").focus()

    def next(self, step: int) -> None:
        """Focus the next or the previous pane."""
        at = next((number for number, pane in enumerate(self._panes) if self.query_one(f"#{pane}").has_focus), 0)
        self.take(self._panes[(at + step) % len(self._panes)])

    def update(self, view: RunView, changed: frozenset[str], *, ticked: bool) -> None:
        """Render the changed parts, "all" for all of them; `ticked`: a new second has begun."""
        every = "all" in changed
        if every or ticked or "objects" in changed:
            self._title("objects", f"objects  {view.ready_count()} of {view.total()} ready", "red first")
            self.objects.update(view.rows())
        if every or "logs" in changed:
            self.logs.read(view.logs, view.log_lost, view.log_places)
        if "helm" in self._panes and (every or changed & {"helm", "made", "phase", "fixes"}):
            self._list("helm", helm_rows(view, self._room("helm")), "helm", view.phase_text, tail=True)
        if every or "events" in changed:
            rows = event_rows(view, self._room("events"))
            self._list("events", rows, f"events  {len(view.events)}", "newest last", tail=True)
        if every or changed & {"findings", "blind"}:
            rows = finding_rows(view, self._room("findings"))
            self._list("findings", rows, f"findings  {len(view.findings)}", "worst first")

    def _room(self, pane: str) -> int:
        return self.query_one(f"#pane-{pane}").size.width or self.app.size.width

    def _title(self, pane: str, left: str, right: str) -> None:
        row: Row = rule(self._room(pane), left, right, strong=self.query_one(f"#{pane}").has_focus)
        self.query_one(f"#{pane}-title", Rows).show([row])

    def _list(self, pane: str, rows: Sequence[Row], left: str, right: str, *, tail: bool = False) -> None:
        self._title(pane, left, right)
        lines = self.query_one(f"#{pane}", RowList)
        at_end = lines.scroll_offset.y >= len(lines.rows) - lines.size.height
        lines.show(rows)
        if tail and at_end:
            lines.call_after_refresh(lines.scroll_end, animate=False, immediate=True)
