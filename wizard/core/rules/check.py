"""The registry of checks: a rule is a pure function that names the facts it needs; it runs when they are available.

A new check is one decorated function in `checks/` and one table in its test. Nothing else lists it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, Protocol

from wizard.core.rules import registry

State = Literal["pass", "warn", "fail", "unknown", "skipped"]
SEVERITY_BLOCKS: Final = "B"


@dataclass(frozen=True)
class Unknown:
    """A fact that could not be read: why, and the permission that would allow it ("get nodes")."""

    reason: str
    permission: str = ""


@dataclass(frozen=True)
class Absent:
    """A fact that cannot exist yet, and why ("namespace not there yet"): its checks are skipped, not unknown."""

    reason: str


@dataclass(frozen=True)
class FactFailure:
    """A fact that is missing for a reason that one check reports; other checks that need it wait for that check."""

    check: str
    what: str
    next_step: str = ""
    word: str = ""
    """The kind of error as in core/kube/errors ("refused", "expired"), or ""."""
    question: str = ""


Facts = Mapping[str, Any]
"""Facts by name; a value is the collector's own frozen type, Unknown, Absent or FactFailure."""


@dataclass(frozen=True)
class Outcome:
    """The result of a rule: state, its evidence, the next step, the question whose answer caused it."""

    state: State
    evidence: tuple[str, ...] = ()
    next_step: str = ""
    question: str = ""
    conflict: bool = False
    """Whether others own fields of it, which --force-conflicts takes over."""


@dataclass(frozen=True)
class CheckResult:
    """An outcome with the rule's identity; `blocking` is true for a fail that stops apply."""

    id: str
    title: str
    state: State
    evidence: tuple[str, ...]
    next_step: str
    blocking: bool
    question: str = ""
    accepted: str = ""
    """The person's reason for accepting the fail."""
    about: tuple[str, ...] = ()
    """The questions beside which the result is shown while they are asked."""
    made_for: str = ""
    """The mark of what was judged: values, chart, target, flags of helm; "" where they could not be prepared."""
    conflict: bool = False
    """As of an Outcome."""

    def to_data(self) -> dict[str, Any]:
        """The data of a `check.result` event."""
        return {
            "id": self.id,
            "title": self.title,
            "state": self.state,
            "evidence": list(self.evidence),
            "next_step": self.next_step,
            "blocking": self.blocking,
            "question": self.question,
        }


class Rule(Protocol):
    """A check's function from facts (those that it needs are present and known) to an outcome."""

    def __call__(self, facts: Facts, /) -> Outcome:
        """The outcome for these facts."""
        ...


@dataclass(frozen=True)
class Check:
    """A registered check. IDs are those of reference/features.md section 4, two digits."""

    id: str
    title: str
    needs: tuple[str, ...]
    severity: str
    body: Rule
    ours: bool = False
    """Whether it makes sense for our chart alone."""
    decides: bool = True
    """Whether an install is uncertain while it is unknown; False where most people lack the right to know."""
    about: tuple[str, ...] = ()
    """The questions that a person answers better when they see the result."""

    def evaluate(self, facts: Facts) -> CheckResult:
        """The result for facts that hold every needed name; an Unknown or Absent fact decides it without the rule. Never raises."""
        try:
            outcome = self._by_needs(facts) or self.body(facts)
        except Exception as error:  # noqa: BLE001 - what one rule cannot read must not stop the other checks
            outcome = Outcome("unknown", (f"the wizard failed to judge it ({type(error).__name__}: {error})",))
        blocking = self.severity == SEVERITY_BLOCKS and outcome.state == "fail"
        return CheckResult(
            self.id, self.title, outcome.state, outcome.evidence, outcome.next_step, blocking, outcome.question,
            about=self.about, conflict=outcome.conflict,
        )  # fmt: skip

    def _by_needs(self, facts: Facts) -> Outcome | None:
        for name in self.needs:
            value = facts[name]
            if isinstance(value, Absent):
                return Outcome("skipped", (value.reason,))
            if isinstance(value, FactFailure) and value.check != self.id:
                return Outcome("skipped", (f"waits for {value.check}",))
            if isinstance(value, Unknown):
                settle = f"To settle it: {value.permission}." if value.permission else ""
                return Outcome("unknown", (value.reason,), settle)
        return None


_checks: dict[str, Check] = {}


def check(
    id: str, title: str, *, needs: tuple[str, ...], severity: str = "W", ours: bool = False, decides: bool = True,  # noqa: A002 - the name of the field
    about: tuple[str, ...] = (),
) -> Callable[[Rule], Rule]:  # fmt: skip
    """Register a check; severity B blocks when it fails, W warns, I informs.

    `ours`: it is left out for foreign charts; `decides` and `about` as of Check.

    Raises:
        ValueError: the ID is taken.
    """

    def register(body: Rule) -> Rule:
        if id in _checks:
            msg = f"check {id} is registered twice"
            raise ValueError(msg)
        _checks[id] = Check(id, title, needs, severity, body, ours, decides, about)
        return body

    return register


def all_checks() -> tuple[Check, ...]:
    """Every registered check, by ID."""
    registry.load("wizard.core.rules.checks")
    return tuple(_checks[key] for key in sorted(_checks))


def ready_to_run(checks: tuple[Check, ...], facts: Facts, done: set[str]) -> Iterator[CheckResult]:
    """Results of the checks whose facts are available and that are not done; marks them done."""
    for candidate in checks:
        if candidate.id not in done and all(name in facts for name in candidate.needs):
            done.add(candidate.id)
            yield candidate.evaluate(facts)


def accept(result: CheckResult, reason: str) -> CheckResult:
    """The result of a fail that the person accepts with a recorded reason: it no longer blocks."""
    return replace(
        result, state="warn", blocking=False, accepted=reason, evidence=(*result.evidence, f"accepted: {reason}")
    )
