"""What the wizard opens with; light, so that the command line can build it before Textual is imported."""

from __future__ import annotations

from typing import Literal, NamedTuple

from wizard.core.answers import Draft
from wizard.core.errors import Problem

First = Literal["home", "install", "upgrade", "runs"]


class Start(NamedTuple):
    """The first screen; `run_id` for "runs", `draft` to begin with, `problem` is shown first on home."""

    screen: First = "home"
    run_id: str = ""
    draft: Draft | None = None
    problem: Problem | None = None
