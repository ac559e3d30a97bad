"""A run as it is read from its record."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from wizard.core.errors import Problem
from wizard.core.run.events import Event
from wizard.core.run.view import RunView


class RunFeed:
    """One run being read: the reducer's state, and which of its parts changed since they were last taken."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.view = RunView()
        self.problem: Problem | None = None
        self.record_problem = ""
        """Why the record is not written just now."""
        self.changed: set[str] = {"run"}
        self.listener: Callable[[], None] | None = None
        """Called after a change, on the loop that reads; whoever shows the feed sets it."""

    def read(self, events: Iterable[Event]) -> None:
        """Fold events in and tell the listener."""
        for event in events:
            self.changed |= self.view.apply(event)
        if self.changed and self.listener:
            self.listener()

    def take(self) -> frozenset[str]:
        """The changed parts since the last call. A slow screen skips states, it never queues them."""
        taken, self.changed = frozenset(self.changed), set()
        return taken
