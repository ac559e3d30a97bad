"""A person's own editor on a private file: $VISUAL, else $EDITOR, else vi."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
from collections.abc import Iterator

from wizard.adapters import atomic, bounded
from wizard.adapters.scratch import Scratch
from wizard.core import limits
from wizard.core.errors import Problem

_NEXT_STEP = "Set EDITOR to the editor that you want, as in export EDITOR=nano."


def edited(text: str, name: str) -> str:
    """The text after the person changed it. The editor has the terminal until it ends; the file is removed then.

    Raises:
        Problem: there is no editor, it ended with an error, or what it left is not a text of at most 1 MiB.
    """
    scratch = Scratch("edit")
    try:
        file = scratch.path / name
        atomic.write(file, text)
        words = _editor()
        try:
            with _without_interrupt():
                code = subprocess.run([*words, str(file)], check=False).returncode
        except OSError as error:
            raise Problem(f"The editor {words[0]} cannot be started: {error.strerror}.", _NEXT_STEP) from error
        if code:
            raise Problem(f"The editor {words[0]} ended with {code}; nothing was taken.", _NEXT_STEP)
        return bounded.read(file, limits.FILE).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(f"The edited file is not UTF-8 text (byte {error.start}).", "Save it as UTF-8.") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise Problem(f"The edited file cannot be read: {reason}.", "Edit it again.") from error
    finally:
        scratch.remove()


def _editor() -> list[str]:
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        words = shlex.split(named)
    except ValueError as error:
        raise Problem(f"The editor {named} cannot be started: {error}.", _NEXT_STEP) from error
    return words or ["vi"]


@contextlib.contextmanager
def _without_interrupt() -> Iterator[None]:
    """Ctrl-C in the editor is the editor's; a handler, unlike SIG_IGN, is not inherited by it."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
