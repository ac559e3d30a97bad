"""The order of the steps, and what each asks."""

from __future__ import annotations

from tests.tui.fakes import DEFAULTS, DEV, SUGGESTIONS
from wizard.core.answers.draft import Draft
from wizard.core.answers.questions import QUESTIONS
from wizard.core.answers.resolve import Layers, Resolved
from wizard.tui import flow


def resolved(**answers: str) -> Resolved:
    return Resolved(Draft(answers), SUGGESTIONS, Layers(DEFAULTS, {"dev": DEV}), QUESTIONS)


def test_steps_follow_each_other_and_skip_what_asks_nothing() -> None:
    dev = resolved(preset="dev")
    assert flow.steps(dev, "run") == ("environment", "where", "address", "resources", "secrets", "review")
    assert flow.after(dev, "address", "run") == "resources"
    assert flow.before(dev, "resources", "run") == "address"
    assert flow.before(dev, "environment", "run") == ""
    assert flow.after(resolved(preset="dev", expose="ingress"), "address", "run") == "tls"


def test_a_values_file_asks_for_no_cluster() -> None:
    asked = [one.id for one in flow.questions(resolved(), "where", "values")]
    assert asked == ["namespace", "release"]
