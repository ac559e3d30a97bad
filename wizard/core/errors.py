"""What happened, the likely cause and the next step, in one type that both front ends render."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from wizard.core.text.redaction import hide


class Exit(IntEnum):
    """Exit codes of every command (design: contracts, exit codes)."""

    DONE = 0
    FAILED = 1
    REFUSED = 2
    UNKNOWN = 3
    CHANGES = 4
    INTERRUPTED = 130


@dataclass(unsafe_hash=True)  # not frozen: contextlib sets __traceback__ on an exception that passes a context manager
class Problem(Exception):  # noqa: N818 - shown to a person as a problem that they can solve
    """A problem that the person can solve: one sentence says what was wrong and where, one says what to do next."""

    what: str
    next_step: str = ""
    code: Exit = Exit.REFUSED
    question: str = ""
    """The id of the question whose answer caused it, so that a front end can open that field."""

    def __post_init__(self) -> None:
        self.what, self.next_step = hide(self.what), hide(self.next_step)  # it may quote a file, a program or a server

    def __str__(self) -> str:
        return f"{self.what} {self.next_step}".strip()
