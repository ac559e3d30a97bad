"""Standard input, output and error that may be closed, full, broken, or have an encoding without Unicode."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, TextIO

from wizard.core.errors import Exit, Problem


def prepare() -> None:
    """Make the standard streams usable: a closed one becomes /dev/null, characters that cannot be encoded are escaped.

    No other file may get the descriptor of a closed stream: output would be written into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free descriptor, which is `number`
        if getattr(sys, name) is None:
            opened: Any = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open
            setattr(sys, name, opened)
            setattr(sys, f"__{name}__", opened)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def data(text: str, stream: TextIO | None = None) -> None:
    """Write to standard output, or to the given stream, and flush.

    Raises:
        BrokenPipeError: the reader closed the pipe.
        Problem: it cannot be written.
    """
    stream = stream or sys.stdout
    try:
        stream.write(text)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        forget(stream)
        why = (error.strerror or str(error)).lower()
        raise Problem(
            f"Standard output cannot be written: {why}.",
            "Redirect it elsewhere; a started run goes on, see `runs`.",
            Exit.FAILED,
        ) from None


def message(text: str) -> None:
    """Write to standard error; errors are ignored."""
    with contextlib.suppress(OSError, ValueError):
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            forget(sys.stderr)
            raise


def forget(stream: TextIO) -> None:
    """Drop unwritten output: Python would try again at exit, and print an error."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
