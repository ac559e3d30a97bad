"""The start of the full screen; light, so that the command line can build it before Textual is imported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Literal, NamedTuple

from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.target import Target

if TYPE_CHECKING:
    from wizard.core.rules.diagnosis import Diagnosis

First = Literal["home", "install", "upgrade", "runs", "rollback", "uninstall", "diagnose"]


class Start(NamedTuple):
    """The first screen: `run_id` is for "runs", `draft` the initial draft; `problem` is shown on home.

    `find` finds the release of an operation while home is shown (raises Problem); `revision` is that of a rollback, and
    `force_conflicts` whether it takes over fields of others; `saved` is the diagnosis of a bundle, which is shown alone.
    """

    screen: First = "home"
    run_id: str = ""
    draft: Draft | None = None
    problem: Problem | None = None
    find: Callable[[], Awaitable[Target]] | None = None
    revision: int = 0
    force_conflicts: bool = False
    saved: Diagnosis | None = None
