"""What comes of asking a run to stop, in words: in the question, as the run's answer, and at its end. Pure."""

from __future__ import annotations

from wizard.core.runview import RunView

LASTING = ("install", "upgrade")
"""Operations in which helm can be stopped half-way without harm."""


def question(view: RunView) -> str:
    """What stopping would do to a run as it is now, short enough for a line of choices."""
    if not view.helm_argv:
        return "it stops before helm is started"
    if view.back_argv and view.back_exit is None:
        return "helm cannot be interrupted safely in a roll-back"
    if view.operation not in LASTING:
        return f"helm cannot be interrupted safely in this {view.operation}"
    if view.rollback_on_failure:
        return "one SIGTERM; then it is rolled back, evidence kept"
    return "one SIGTERM; what happened until then is kept"


def early(view: RunView) -> str:
    """What stopping early means for what is there, as the rest of a sentence."""
    return "evidence is kept, then it is rolled back" if view.rollback_on_failure else "evidence is kept"


def unsafe(operation: str) -> str:
    """The answer of a run that must not be stopped."""
    return f"helm cannot be interrupted safely in the middle of this {operation}; it goes on."


def answer(*, rollback_on_failure: bool) -> str:
    """The answer of a run whose helm was asked to stop."""
    if rollback_on_failure:
        after = "once it has ended and the evidence is kept, the release is rolled back, for that was chosen on failure"
    else:
        after = "what it made so far stays, and the release is recorded as failed"
    return f"helm was asked to stop; {after}."


def end(recorded: str, *, rollback_on_failure: bool) -> str:
    """Why a run that was stopped has ended; `recorded` is what helm wrote down of it, "" when that is not known."""
    if rollback_on_failure:
        return "It was stopped as asked."
    return f"It was stopped as asked; {f'{recorded}, ' if recorded else ''}what was made stays."
