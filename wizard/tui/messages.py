"""The messages that the bridge posts to a screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from wizard.core.answers.draft import Draft
    from wizard.core.errors import Problem
    from wizard.core.rules.check import CheckResult
    from wizard.core.rules.diagnosis import Diagnosis
    from wizard.core.run.log_window import Page
    from wizard.tui.home.state import HomeState
    from wizard.tui.review.view import ReviewState


class HomeChanged(Message):
    """Home has new data."""

    def __init__(self, state: HomeState) -> None:
        super().__init__()
        self.state = state


class ReviewChanged(Message):
    """The review has new data."""

    def __init__(self, state: ReviewState) -> None:
        super().__init__()
        self.state = state


class DiagnosisChanged(Message):
    """The diagnosis of a release has new data."""

    def __init__(self, state: Diagnosis) -> None:
        super().__init__()
        self.state = state


class Read(Message):
    """Data that a screen asked for once is read; the screen holds it."""


class PageRead(Message):
    """Log lines from the record of a run."""

    def __init__(self, ticket: int, page: Page, *, newer: bool) -> None:
        super().__init__()
        self.ticket, self.page, self.newer = ticket, page, newer


class SuggestionsChanged(Message):
    """The suggestions of the cluster have changed."""


class ChecksSeen(Message):
    """What the checks say while a person answers, for a draft."""

    def __init__(self, draft: Draft, results: tuple[CheckResult, ...]) -> None:
        super().__init__()
        self.draft, self.results = draft, results


class StreamFailed(Message):
    """A stream ended with an error; the screen goes on without it."""

    def __init__(self, stream: str, problem: Problem) -> None:
        super().__init__()
        self.stream, self.problem = stream, problem
