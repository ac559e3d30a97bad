"""Mistakes of our own become a sentence; whoever starts the app decides where the details go."""

from __future__ import annotations

from collections.abc import Callable

from wizard.core.errors import Exit, Problem

Unexpected = Callable[[BaseException], Problem]
"""Turns an exception nobody expected into a problem, and keeps the details where they are private."""


def sentence(error: BaseException) -> Problem:
    """The problem without any details kept: neither the message nor a variable can show what it should not."""
    return Problem(f"The wizard made a mistake of its own ({type(error).__name__}).", "Please report it.", Exit.FAILED)
