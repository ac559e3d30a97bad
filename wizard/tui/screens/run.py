"""A run, live or ended: what is waited for, objects, logs, helm, events, findings - on one clock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, Final

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.widget import Widget

from wizard.core.errors import Problem
from wizard.core.runview import ObjectRow
from wizard.tui.bridge import FRAME, RunFeed
from wizard.tui.messages import StreamFailed
from wizard.tui.runpanes import boundary, clock_text, event_rows, finding_rows, helm_rows, object_row, verdict_rows
from wizard.tui.screens.base import WIDE, WizardScreen
from wizard.tui.text import Row, age, rule, wrap
from wizard.tui.widgets.frame import Heading, Key
from wizard.tui.widgets.log_pane import LogPane
from wizard.tui.widgets.rows import Lines, Rows

PANES: Final = ("objects", "logs", "helm", "events", "findings")
_TALL: Final = 36


class Objects(Lines):
    """Watched objects, red first; what is ready comes last."""

    def __init__(self, screen: RunScreen) -> None:
        super().__init__(id="objects")
        self._run = screen
        self.shown: tuple[ObjectRow, ...] = ()

    def build(self, width: int) -> None:
        """One row an object."""
        now = self._run.now()
        self.shown = tuple(self._run.feed.view.rows())
        self.rows = tuple(
            object_row(one, now, width, here=self.has_focus and number == self.cursor)
            for number, one in enumerate(self.shown)
        ) or ((((" nothing is watched yet"), "dim"),),)
        self.pickable = tuple(range(len(self.shown)))

    def moved(self) -> None:
        """The pointer is part of the rows."""
        self.rebuild()


class RunScreen(WizardScreen):
    """Attached to a record; leaving it stops nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "pane(1)", show=False),
        Binding("shift+tab", "pane(-1)", show=False),
        Binding("space", "hold", show=False),
        Binding("slash", "filter", show=False),
        Binding("e", "error", show=False),
        Binding("p", "previous", show=False),
        Binding("s", "stop", show=False),
        Binding("f", "findings", show=False),
        Binding("enter", "open", show=False),
        Binding("q", "leave", show=False),
        Binding("escape", "home", show=False),
    ]

    def __init__(self, run_id: str, feed: RunFeed | None = None) -> None:
        super().__init__()
        self._run_id = run_id
        self.feed = feed or RunFeed(run_id)
        self._attached = feed is not None
        self._told_end = feed is not None
        self._second = -1
        self._lower = "logs"

    # Frame

    def heading(self) -> Heading:
        """What the header says now."""
        view = self.feed.view
        side, safe = boundary(view)
        target = view.target
        what = (
            f"{view.operation} {target['release']} -> {target['context']} / {target['namespace']}" if target else "run"
        )
        return Heading(
            what, side, safe, clock_text(view, self.now()) if view.started else "--:--", f"run {self._run_id[:8]}"
        )

    def keys(self) -> Sequence[Key]:
        """The keys that do something now."""
        ended = self.feed.view.finished is not None
        hold = "hold" if self.is_mounted and self.query_one(LogPane).following else "follow"
        keys = [("Enter", "result")] if ended else []
        keys += [("Tab", "pane"), ("/", "filter"), ("e", "error"), ("Space", hold), ("p", "previous")]
        keys += [("f", "cause")] if self.feed.view.findings else []
        keys += [] if ended else [("s", "stop")]
        return (*keys, ("q", "quit" if ended else "leave"), ("?", ""))

    def body(self) -> Iterable[Widget]:
        """The verdict, then the panes."""
        yield Rows(id="verdict")
        yield Horizontal(
            Vertical(
                Vertical(Rows(id="objects-title"), Objects(self), id="pane-objects"),
                Vertical(LogPane(), id="pane-logs"),
                id="left",
            ),
            Vertical(
                *(
                    Vertical(Rows(id=f"{one}-title"), Lines(id=one), id=f"pane-{one}")
                    for one in ("findings", "helm", "events")
                ),
                id="right",
            ),
            id="run",
        )
        yield Rows(id="safe")

    def on_mount(self) -> None:
        """Attach, and look for changes at the pace of the eye."""
        if not self._attached:
            self.feed = self.bridge.follow(self, self._run_id)
        self.feed.changed |= {"all"}
        self._arrange("logs")
        self.query_one(Objects).focus()
        self.set_interval(FRAME, self._look)

    def on_resize(self, event: Resize) -> None:
        """With room enough all panes show at once."""
        self.set_class(event.size.width >= WIDE and event.size.height >= _TALL, "-room")
        self._arrange(self._lower)
        self.feed.changed |= {"all"}

    @property
    def _roomy(self) -> bool:
        return self.has_class("-room")

    def _arrange(self, lower: str) -> None:
        self._lower = lower
        for one in PANES[1:]:
            self.query_one(f"#pane-{one}").set_class(not self._roomy and one != lower, "-off")
        self.query_one("#right").set_class(not self._roomy and lower == "logs", "-off")

    # Changes

    def _look(self) -> None:
        second = int(self.now().timestamp())
        changed = self.feed.take()
        if self.feed.problem:
            self._lost_record(self.feed.problem)
            self.feed.problem = None
        ticked, self._second = second != self._second, second
        if changed or ticked:
            self._show(changed, ticked=ticked)
        if self.feed.view.finished is not None and not self._told_end:
            self._told_end = True
            self._ended()

    def _show(self, changed: frozenset[str], *, ticked: bool) -> None:
        view, now, width = self.feed.view, self.now(), self.size.width
        every = "all" in changed
        self.refresh_frame()
        self.query_one("#verdict", Rows).show(verdict_rows(view, now, width))
        if every or ticked or "objects" in changed:
            ready = f"objects  {view.ready_count()} of {view.total()} ready"
            self._title("objects", ready, "red first")
            self.query_one(Objects).rebuild()
        if every or "logs" in changed:
            self.query_one(LogPane).read(view.logs, view.log_lost)
        if every or changed & {"helm", "made"}:
            self._list("helm", helm_rows(view, self._room("helm")), "helm", view.phase_text, tail=True)
        if every or "events" in changed:
            self._list(
                "events",
                event_rows(view, self._room("events")),
                f"events  {len(view.events)}",
                "newest last",
                tail=True,
            )
        if every or changed & {"findings", "blind"}:
            rows, _ = finding_rows(view, self._room("findings"))
            self._list("findings", rows, f"findings  {len(view.findings)}", "worst first")
        safe = f' Closing the terminal is safe. "llm-cost-ops-wizard runs {self._run_id[:8]}" comes back here.'
        self.query_one("#safe", Rows).show([((safe if view.finished is None else "", "dim"),)])

    def _room(self, pane: str) -> int:
        return self.query_one(f"#pane-{pane}").size.width or self.size.width

    def _title(self, pane: str, left: str, right: str) -> None:
        row: Row = rule(self._room(pane), left, right, strong=self.query_one(f"#{pane}").has_focus)
        self.query_one(f"#{pane}-title", Rows).show([row])

    def _list(self, pane: str, rows: Sequence[Row], left: str, right: str, *, tail: bool = False) -> None:
        self._title(pane, left, right)
        lines = self.query_one(f"#{pane}", Lines)
        at_end = lines.scroll_offset.y >= len(lines.rows) - lines.size.height
        lines.show(rows)
        if tail and at_end:
            lines.scroll_to(y=len(rows), animate=False)

    def _ended(self) -> None:
        if self.app.screen is self and self.query_one(LogPane).following:
            self._result()

    def _result(self) -> None:
        self.nav.code = int((self.feed.view.finished or {}).get("code", 0))
        self.nav.done(self.feed)

    def _lost_record(self, problem: Problem) -> None:
        if self.feed.view.started:
            self.tell(problem)
        else:
            self.nav.home(problem)

    def on_stream_failed(self, message: StreamFailed) -> None:
        """The record cannot be read on."""
        self._lost_record(message.problem)

    def on_log_pane_held(self) -> None:
        """The keys say what Space does now."""
        self.refresh_frame()

    def on_descendant_focus(self) -> None:
        """Titles show where the focus is."""
        self.feed.changed |= {"all"}

    # Actions

    def action_pane(self, step: int) -> None:
        """The next pane; the lower place changes with it where there is one place only."""
        ids = [one.id for one in (self.focused,) if one and one.id in PANES]
        at = PANES.index(ids[0]) if ids else 0 if step > 0 else 1
        self._focus(PANES[(at + step) % len(PANES)] if ids else "logs" if step > 0 else "objects")

    def _focus(self, pane: str) -> None:
        if pane != "objects":
            self._arrange(pane)
        self.query_one(f"#{pane}").focus()
        self.feed.changed |= {"all"}

    def action_findings(self) -> None:
        """Go to the findings."""
        self._focus("findings")

    def action_hold(self) -> None:
        """Hold the logs still, or follow them again; nothing is lost."""
        self.query_one(LogPane).action_hold_or_follow()

    def action_filter(self) -> None:
        """Show only lines that hold a text."""
        from wizard.tui.screens.modals import Prompt

        pane = self.query_one(LogPane)

        def take(text: str | None) -> None:
            if text is not None:
                pane.show_only(text, previous=pane.previous)

        self.app.push_screen(Prompt("Log lines that hold this text; empty: all", pane.filter, "/"), take)

    def action_error(self) -> None:
        """The first line that names an error."""
        if not self.query_one(LogPane).first_error():
            self.app.notify("No line names an error.", markup=False)

    def action_previous(self) -> None:
        """Only what containers said before their last restart."""
        pane = self.query_one(LogPane)
        pane.show_only(pane.filter, previous=not pane.previous)

    def action_open(self) -> None:
        """The result once it ended; else the object in hand in full."""
        if self.feed.view.finished is not None:
            self._result()
        elif self.query_one(Objects).has_focus:
            self.action_explain()

    def explanation(self) -> tuple[str, str]:
        """The object in hand, or the keys."""
        objects = self.query_one(Objects)
        if objects.has_focus and objects.shown:
            row = objects.shown[objects.cursor]
            about = [one for one in self.feed.view.ranked_findings() if one.object == f"{row.kind}/{row.name}"]
            lines = [
                f"{row.state}: {row.summary} {row.reason}",
                f"since {age(row.since, self.now())}, belongs to {row.owner or 'nothing'}",
            ]
            for one in about:
                lines += [
                    "",
                    f"{one.id} {one.title}",
                    *(f"  {text}" for text in one.evidence),
                    *(f"  Do: {text}" for text in one.remedy),
                ]
            return f"{row.kind} {row.name}", "\n".join(lines)
        return "The run", _KEYS_TEXT

    def action_stop(self) -> None:
        """Stop helm, after asking."""
        self._ask(at="s")

    async def action_leave(self) -> None:
        """Leave; a run that goes on asks how."""
        await self.leave()

    async def leave(self) -> None:
        """Ask what leaving means while the run goes on."""
        if self.feed.view.finished is not None:
            self.nav.code = int(self.feed.view.finished.get("code", 0))
            await self.nav.quit()
        else:
            self._ask()

    def action_home(self) -> None:
        """Home, when the run has ended; else leaving asks first."""
        if self.feed.view.finished is not None:
            self.nav.home()
        else:
            self._ask()

    def _ask(self, at: str = "l") -> None:
        from wizard.tui.screens.modals import Choose

        options = [
            ("l", "leave it running", "helm goes on; the next start shows the run"),
            ("h", "home", "the same, but stay in the wizard"),
            ("s", "stop helm", "one SIGTERM; what happened until then is kept"),
        ]
        self.app.push_screen(Choose("This run goes on. What do you want?", options, at=at, stay="stay"), self._answered)

    async def _answered(self, value: str | None) -> None:
        if value == "l":
            await self.nav.quit()
        elif value == "h":
            self.nav.home()
        elif value == "s":
            try:
                await self.wizard.session.command(self._run_id, "cancel")
                self.app.notify("helm was asked to stop.", markup=False)
            except Problem as problem:
                self.tell(problem)


_KEYS_TEXT: Final = "\n".join(
    wrap(
        "Objects are watched by the wizard itself from the first second, apart from helm's own wait. Red ones come first; "
        "Enter on one shows why. The logs of all containers run below; Space holds them, nothing is lost meanwhile, End "
        "follows again. Leaving or closing the terminal stops nothing.",
        90,
    )
)
