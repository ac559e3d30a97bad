"""Turns an unexpected error into one sentence and a private report: a redacted trace without local variables."""

from __future__ import annotations

import sys
import traceback
from datetime import UTC, datetime

import wizard
from wizard import streams
from wizard.core.errors import Exit, Problem
from wizard.core.text import sanitize
from wizard.core.text.redaction import hide


def report(error: BaseException) -> str:
    """The trace of an error for a file: no local variables, no escape sequences, redacted."""
    trace = "".join(traceback.format_exception(error))
    where = f"llm-cost-ops-wizard {wizard.__version__}, Python {sys.version.split()[0]}, {sys.platform}"
    return hide(sanitize.text(f"{where}\n\n{trace}"))


def problem(error: BaseException, *, debug: bool = False) -> Problem:
    """The problem for an unexpected error; its report is written to the state folder, mode 0600."""
    text = report(error)
    if debug:
        streams.message(f"{text}\n")
    what = f"Something unexpected happened: {type(error).__name__}: {hide(sanitize.line(str(error), 200))}."
    try:
        from wizard import paths
        from wizard.adapters import atomic

        file = paths.state_dir("crashes") / f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}.txt"
        atomic.write(file, text)
    except (OSError, Problem):
        return Problem(what, "Run it again with --debug to see the details.", Exit.FAILED)
    return Problem(what, f"Details are in {file}; a running operation goes on, see `runs`.", Exit.FAILED)
