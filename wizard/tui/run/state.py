"""The state of a run that is read from its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wizard.core.errors import Problem
from wizard.core.run.events import Event
from wizard.core.run.view import RunView


class RunFeed:
    """A run that is being read: its view, and the parts that changed since the last `take`."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.view = RunView()
        self.problem: Problem | None = None
        self.record_problem = ""
        """Why the record is not being written; "" when it is."""
        self.changed: set[str] = {"run"}
        self.listener: Callable[[], None] | None = None
        """Called after a change, on the event loop; the screen that shows the feed sets it."""

    def read(self, events: Iterable[Event]) -> None:
        """Apply events and call the listener."""
        for event in events:
            self.changed |= self.view.apply(event)
        if self.changed and self.listener:
            self.listener()

    def take(self) -> frozenset[str]:
        """The parts that changed since the last call. A slow screen skips states instead of queueing them."""
        taken, self.changed = frozenset(self.changed), set()
        return taken
