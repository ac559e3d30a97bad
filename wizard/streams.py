"""Standard input, output and error as they may be: closed, full, gone, or of an encoding that has no word for a letter."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any, TextIO

from wizard.core.errors import Exit, Problem


def prepare() -> None:
    """Make the three of them usable: a closed one is /dev/null, and a letter that cannot be written is written as its number.

    Nothing else may get the number of a closed one: what is printed would end in it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
        if getattr(sys, name) is None:
            opened: Any = open(number, "w" if number else "r", encoding="utf-8", closefd=False)  # noqa: SIM115 - it is open for good
            setattr(sys, name, opened)
            setattr(sys, f"__{name}__", opened)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def data(text: str, stream: TextIO | None = None) -> None:
    """Write to standard output, or to the stream given, and see that it got there.

    Raises:
        BrokenPipeError: the reader went away.
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
            "Give it another place; what was begun goes on, see `runs`.",
            Exit.FAILED,
        ) from None


def message(text: str) -> None:
    """Write to standard error, if anybody can read it: a message that is lost stops nothing."""
    with contextlib.suppress(OSError, ValueError):
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:
            forget(sys.stderr)
            raise


def forget(stream: TextIO) -> None:
    """Let go what could not be written: Python would try once more when it ends, and complain."""
    with contextlib.suppress(OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)
