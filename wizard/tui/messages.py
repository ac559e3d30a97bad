"""Every message that the bridge posts to a screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from wizard.core.errors import Problem
    from wizard.tui.reviewview import ReviewState
    from wizard.tui.state import HomeState


@dataclass
class HomeChanged(Message):
    """More of home is known."""

    state: HomeState


@dataclass
class ReviewChanged(Message):
    """More of the review is known."""

    state: ReviewState


@dataclass
class HintsChanged(Message):
    """The cluster told more of what questions can offer."""


@dataclass
class StreamFailed(Message):
    """A stream ended by a mistake or a problem; the screen goes on without it."""

    stream: str
    problem: Problem
