"""Mistakes of our own: one clear sentence for the person, the details in a private file without any variable's value."""

from __future__ import annotations

import os
import time
import traceback
from pathlib import Path

from wizard.core.errors import Exit, Problem
from wizard.core.secrets import Redactor


def keep_details(error: BaseException) -> str:
    """Write the stack without locals, redacted, to a file of mode 0600; returns its path, "" when that failed too."""
    text = Redactor()("".join(traceback.TracebackException.from_exception(error, capture_locals=False).format()))
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state") / "llm-cost-ops-wizard"
    path = state / f"crash-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.txt"
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError:
        return ""
    return str(path)


def as_problem(error: BaseException, code: Exit = Exit.FAILED) -> Problem:
    """The sentence for an exception nobody expected."""
    if isinstance(error, Problem):
        return error
    path = keep_details(error)
    where = f"The details are in {path}." if path else "The details could not be written."
    return Problem(f"The wizard made a mistake of its own ({type(error).__name__}).", where, code)
