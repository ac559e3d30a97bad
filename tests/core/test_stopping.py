from __future__ import annotations

import pytest

from wizard.core import stopping
from wizard.core.runview import RunView

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
    from tests.core.test_runview import SAMPLES
    from wizard.core.events import Event

    data = {key: value for key, value in SAMPLES["run.started"].items() if key != "rollback_on_failure"}
    view = RunView()
    view.apply(Event("run.started", data, 1))
    assert view.id == "7f3a"
    assert not view.rollback_on_failure
