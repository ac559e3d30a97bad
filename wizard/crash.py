"""An unexpected error becomes one sentence and a private report: a trace without local variables, redacted."""

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
    """The trace of an error, fit for a file: no local variables, no escapes, no passwords of addresses."""
    trace = "".join(traceback.format_exception(error))
    where = f"llm-cost-ops-wizard {wizard.__version__}, Python {sys.version.split()[0]}, {sys.platform}"
    return hide(sanitize.text(f"{where}\n\n{trace}"))


def problem(error: BaseException, *, debug: bool = False) -> Problem:
    """The sentence for an unexpected error; the details are written to the state folder, 0600."""
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
