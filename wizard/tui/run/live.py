"""A screen whose panes show events as they come: those of a run's record, or of a release that is watched."""

from __future__ import annotations

from collections.abc import Iterable
from time import monotonic
from typing import Final

from textual.events import Resize
from textual.widget import Widget
from typing_extensions import override

from wizard.core.errors import Problem
from wizard.tui.bridge import FRAME
from wizard.tui.run.logs import RunLogs
from wizard.tui.run.state import RunFeed
from wizard.tui.run.view import bottom_rows, verdict_rows
from wizard.tui.widgets.rows import Rows

_WIDE: Final = 130
_TALL: Final = 36
"""The least size for two columns: in a narrower left column the reason of an object would not fit."""


class LiveScreen(RunLogs):
    """Verdict, panes and one last line, all from a feed."""

    CSS_PATH = "../styles/run.tcss"

    def __init__(self, feed: RunFeed) -> None:
        super().__init__()
        self.feed = feed
        self._second = -1
        self._shown = 0.0

    def last_line(self) -> str:
        """The text below the panes."""
        raise NotImplementedError

    def ended(self) -> None:
        """Do what follows once the run of the feed has ended; a release that is watched never ends."""

    def lost(self, problem: Problem) -> None:
        """Say that the feed gets no more events."""
        raise NotImplementedError

    @override
    def body(self) -> Iterable[Widget]:
        yield Rows(id="verdict")
        yield self.make_panes()
        yield Rows(id="safe")

    def show_feed(self) -> None:
        """Show the feed, all of it now and then what changes, up to 40 times per second."""
        self.feed.changed |= {"all"}
        self.feed.listener = self._on_change
        self.panes.place()
        self.panes.logs.owner_of = self.feed.view.owner_of
        self.set_interval(FRAME, self._poll)

    def on_resize(self, event: Resize) -> None:
        """Show all panes on a large terminal."""
        roomy = event.size.width >= _WIDE and event.size.height >= _TALL
        self.set_class(roomy, "-room")
        self.panes.place(roomy=roomy)
        self.feed.changed |= {"all"}

    def on_unmount(self) -> None:
        """Stop listening, unless another screen already listens to the feed."""
        if self.feed.listener == self._on_change:
            self.feed.listener = None

    def _on_change(self) -> None:
        """Show a single change without waiting for the next poll; in a flood wait for the poll."""
        if monotonic() - self._shown >= FRAME:
            self.call_later(self._poll)

    def _poll(self) -> None:
        if monotonic() - self._shown < FRAME / 2:
            return
        second = int(self.now().timestamp())
        changed = self.feed.take()
        if self.feed.problem:
            self.lost(self.feed.problem)
            self.feed.problem = None
        ticked, self._second = second != self._second, second
        if changed or ticked:
            self._shown = monotonic()
            self._show(changed, ticked=ticked)
        self.ended()

    def _show(self, changed: frozenset[str], *, ticked: bool) -> None:
        view = self.feed.view
        self.refresh_frame()
        self.query_one("#verdict", Rows).show(verdict_rows(view, self.now(), self.size.width))
        self.panes.update(view, changed, ticked=ticked)
        words = bottom_rows(self.feed.record_problem, self.last_line(), self.size.width)
        self.query_one("#safe", Rows).show(words)

    def on_descendant_focus(self) -> None:
        """Render again: titles show the focus."""
        self.feed.changed |= {"all"}

    def action_pane(self, step: int) -> None:
        """Focus the next pane, and show it."""
        self.panes.next(step)
