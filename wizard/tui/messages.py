"""Every message that the bridge posts to a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from wizard.core.errors import Problem
    from wizard.core.rules.diagnosis import Diagnosis
    from wizard.core.run.log_window import Page
    from wizard.tui.home.state import HomeState
    from wizard.tui.review.view import ReviewState


class HomeChanged(Message):
    """More of home is known."""

    def __init__(self, state: HomeState) -> None:
        super().__init__()
        self.state = state


class ReviewChanged(Message):
    """More of the review is known."""

    def __init__(self, state: ReviewState) -> None:
        super().__init__()
        self.state = state


class DiagnosisChanged(Message):
    """A look at a release brought more."""

    def __init__(self, state: Diagnosis) -> None:
        super().__init__()
        self.state = state


class Read(Message):
    """What a screen asked for once was read; the screen holds it."""


class PageRead(Message):
    """Log lines from the record of a run."""

    def __init__(self, ticket: int, page: Page, *, newer: bool) -> None:
        super().__init__()
        self.ticket, self.page, self.newer = ticket, page, newer


class HintsChanged(Message):
    """The cluster told more of what questions can offer."""


class StreamFailed(Message):
    """A stream ended by a mistake or a problem; the screen goes on without it."""

    def __init__(self, stream: str, problem: Problem) -> None:
        super().__init__()
        self.stream, self.problem = stream, problem
