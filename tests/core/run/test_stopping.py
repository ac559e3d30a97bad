from __future__ import annotations

import pytest

from wizard.core.kube.status import Verdict
from wizard.core.rules.finding import Evidence, Finding
from wizard.core.run import stopping
from wizard.core.run.view import RunView

HELM = ("helm", "upgrade")
QUESTIONS = [
    (RunView(operation="upgrade"), "it stops before helm is started"),
    (RunView(operation="upgrade", helm_argv=HELM), "one SIGTERM; what happened until then is kept"),
    (
        RunView(operation="upgrade", helm_argv=HELM, rollback_on_failure=True),
        "one SIGTERM; then it is rolled back, evidence kept",
    ),
    (
        RunView(operation="upgrade", helm_argv=HELM, rollback_on_failure=True, back_argv=("helm", "rollback")),
        "helm cannot be interrupted safely in a roll-back",
    ),
    (RunView(operation="rollback", helm_argv=HELM), "helm cannot be interrupted safely in this rollback"),
    (RunView(operation="uninstall", helm_argv=HELM), "helm cannot be interrupted safely in this uninstall"),
]


@pytest.mark.parametrize(("view", "words"), QUESTIONS)
def test_the_question_says_what_stopping_would_do_now_and_fits_beside_its_choice(view: RunView, words: str) -> None:
    assert stopping.question(view) == words
    assert len(words) <= 80 - 16 - 10, "a choice of the smallest screen has no more room"


def test_a_record_of_an_older_wizard_is_read_as_one_without_a_roll_back() -> None:
    from tests.core.run.test_view import SAMPLES
    from wizard.core.run.events import Event

    data = {key: value for key, value in SAMPLES["run.started"].items() if key != "rollback_on_failure"}
    view = RunView()
    view.apply(Event("run.started", data, 1))
    assert view.id == "7f3a"
    assert not view.rollback_on_failure


def cause(rule: str = "CO01", about: str = "Deployment/api", heals: str = "no", *, waits: bool = False) -> Finding:
    proof = (Evidence("manifest unknown", "Pod/api-1"),)
    return Finding(rule, "image a cannot be pulled", about, proof, (), heals=heals, waits=waits)  # type: ignore[arg-type] # one of three words


STUCK = Verdict("stuck", "x")
CAUSES = [
    ("an image that is not there", STUCK, cause(), True),
    ("what may heal", STUCK, cause(heals="unknown"), False),
    ("what heals", STUCK, cause(heals="yes"), False),
    ("what may be a symptom", STUCK, cause("TR02", waits=True), False),
    ("no room on any node: an autoscaler may bring one", STUCK, cause("SC02"), False),
    ("the release moves on", Verdict("progressing", "x"), cause(), False),
]


@pytest.mark.parametrize(("what", "verdict", "found", "certain"), CAUSES, ids=[row[0] for row in CAUSES])
def test_only_what_is_certain_and_cannot_heal_ends_a_run(
    what: str, verdict: Verdict, found: Finding, certain: bool
) -> None:
    assert bool(stopping.cannot_heal(verdict, [found])) == certain


NONE: frozenset[str] = frozenset()


def test_a_cause_has_to_stand_without_a_break() -> None:
    standing = stopping.Standing()
    assert standing.longest(0, [cause()], NONE) == (0, cause())
    assert standing.longest(29, [cause()], NONE)[0] == 29
    assert standing.longest(30, [], NONE) == (0, None)
    assert standing.longest(31, [cause()], NONE)[0] == 0
    other = cause("CO06", "StatefulSet/db")
    assert standing.longest(40, [other, cause()], NONE) == (9, cause())
    assert standing.longest(41, [other], NONE) == (1, other)


@pytest.mark.parametrize("how", ["a pod becomes ready", "somebody does something about it"])
def test_the_clock_starts_again_when(how: str) -> None:
    standing = stopping.Standing()
    standing.longest(0, [cause()], frozenset({"a"}))
    if how == "a pod becomes ready":
        assert standing.longest(20, [cause()], frozenset({"a", "b"}))[0] == 0
        assert standing.longest(30, [cause()], frozenset({"a"}))[0] == 10
    else:
        standing.again()
        assert standing.longest(20, [cause()], frozenset({"a"}))[0] == 0


def test_the_end_names_the_cause_its_evidence_and_the_way_to_wait() -> None:
    said = stopping.given_up(cause(), 30.4, "revision 2 is recorded as failed")
    assert said == (
        "Deployment/api: image a cannot be pulled (Pod/api-1: manifest unknown). It cannot heal by itself and lasted 30 s, so "
        "the run was ended; --wait-anyway waits for the time limit instead. Revision 2 is recorded as failed, what was made stays."
    )
