"""Turns a bug into a sentence; the caller that starts the app decides where the details go."""

from __future__ import annotations

from collections.abc import Callable

from wizard.core.errors import Exit, Problem

Unexpected = Callable[[BaseException], Problem]
"""Turns an unexpected exception into a problem, and stores the details privately."""


def sentence(error: BaseException) -> Problem:
    """A problem without details: neither message nor variables of the error are shown."""
    return Problem(f"The wizard made a mistake of its own ({type(error).__name__}).", "Please report it.", Exit.FAILED)
