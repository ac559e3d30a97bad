"""What the wizard opens with; light, so that the command line can build it before Textual is imported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal, NamedTuple

from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.target import Target

First = Literal["home", "install", "upgrade", "runs", "rollback", "uninstall", "diagnose"]


class Start(NamedTuple):
    """The first screen; `run_id` for "runs", `draft` to begin with, `problem` is shown first on home.

    What is done with a release lies on home until `find` has told which one (raises Problem); `revision` of a roll-back.
    """

    screen: First = "home"
    run_id: str = ""
    draft: Draft | None = None
    problem: Problem | None = None
    find: Callable[[], Awaitable[Target]] | None = None
    revision: int = 0
