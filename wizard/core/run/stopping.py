"""Decides when a cause ends a run, and words the effect of a stop: the question, the run's answer, its end. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from wizard.core.kube.status import Verdict
from wizard.core.rules.finding import Finding
from wizard.core.run.view import RunView
from wizard.core.text import sanitize

LASTING = ("install", "upgrade")
"""Operations in which helm can be stopped half-way without harm."""

CANNOT_HEAL_SECONDS: Final = 30.0
"""How long a cause that cannot heal lasts before it ends an unattended run."""
_FROM_OUTSIDE: Final = ("SC02", "SC03")
"""Findings that an autoscaler may resolve by adding a node."""


def cannot_heal(verdict: Verdict, urgent: Iterable[Finding]) -> list[Finding]:
    """The urgent findings that are certain and that waiting cannot fix."""
    if verdict.state not in ("stuck", "failed"):
        return []
    certain = (finding for finding in urgent if not finding.waits and finding.id not in _FROM_OUTSIDE)
    return [finding for finding in certain if finding.heals == "no"]


class Standing:
    """How long a cause that cannot heal has lasted without interruption; a pod that becomes ready resets it."""

    def __init__(self) -> None:
        self._since: dict[tuple[str, str], float] = {}
        self._ready: frozenset[str] = frozenset()

    def again(self) -> None:
        """Restart the count after a fix."""
        self._since.clear()

    def longest(self, now: float, causes: Sequence[Finding], ready: frozenset[str]) -> tuple[float, Finding | None]:
        """The seconds that the oldest cause has lasted, and that cause; (0, None) when there is none.

        Args:
            now: seconds of a monotonic clock.
            causes: the result of `cannot_heal`.
            ready: the uids of the pods that are ready.
        """
        if ready - self._ready:
            self.again()
        self._ready = ready
        self._since = {key: self._since.get(key, now) for key in ((cause.id, cause.object) for cause in causes)}
        first = min(causes, key=lambda cause: self._since[cause.id, cause.object], default=None)
        return (now - self._since[first.id, first.object] if first else 0.0), first


def question(view: RunView) -> str:
    """What stopping would do to the run in its current state, short enough for a line of choices."""
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
    """What happens to the release after an early stop, as the rest of a sentence."""
    return "evidence is kept, then it is rolled back" if view.rollback_on_failure else "evidence is kept"


def unsafe(operation: str) -> str:
    """The answer of a run that must not be stopped."""
    return f"helm cannot be interrupted safely in the middle of this {operation}; it goes on."


def answer(*, rollback_on_failure: bool) -> str:
    """The answer of a run that asked its helm to stop."""
    if rollback_on_failure:
        after = "once it has ended and the evidence is kept, the release is rolled back, as chosen for a failure"
    else:
        after = "what it made so far stays, and the release is recorded as failed"
    return f"helm was asked to stop; {after}."


def end(recorded: str, *, rollback_on_failure: bool) -> str:
    """Why a stopped run has ended; `recorded` is what helm recorded of it, "" when that is not known."""
    if rollback_on_failure:
        return "It was stopped as asked."
    return f"It was stopped as asked; {f'{recorded}, ' if recorded else ''}what was made stays."


def giving_up(cause: Finding, seconds: float) -> str:
    """The message when helm is asked to stop because of a cause that cannot heal."""
    return f"helm is asked to stop: {cause.object} cannot heal by itself, and this has lasted {seconds:.0f} s."


_PROOF: Final = 600
"""Characters of the evidence in the last line; the finding and the evidence file hold all of it."""


def given_up(cause: Finding, seconds: float, recorded: str) -> str:
    """Why a cause that cannot heal ended a run, with its evidence; `recorded` as in `end`."""
    proof = f" ({sanitize.shorten(cause.lines[0], _PROOF)})" if cause.lines else ""
    left = f" {recorded[:1].upper()}{recorded[1:]}, what was made stays." if recorded else ""
    return (
        f"{cause.object}: {cause.title}{proof}. It cannot heal by itself and lasted {seconds:.0f} s, so the run was "
        f"ended; --wait-anyway waits for the time limit instead.{left}"
    )
