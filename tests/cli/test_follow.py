"""Ctrl-C on a run that is followed in lines: what each choice would do, and what came of it."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import pytest

from tests.cli.stub import stub_session
from tests.stub_session import RUN_ID
from wizard.cli.follow import Interrupts, _leave
from wizard.cli.output import Out
from wizard.core.answers.questions.question import Choice
from wizard.core.run.view import RunView


class Answers:
    """Takes a choice, and keeps what was offered."""

    def __init__(self, answer: str) -> None:
        self.answer = answer
        self.offered: Sequence[Choice] = ()

    async def choose(self, title: str, choices: Sequence[Choice], default: str = "") -> str:
        self.offered = choices
        return self.answer

    async def text(self, title: str, default: str = "", check: Callable[[str], str] = lambda _: "") -> str:
        raise AssertionError("no text is asked for")


@pytest.mark.parametrize(("back", "words"), [(True, "then it is rolled back"), (False, "what happened until then")])
async def test_who_stops_a_run_reads_whether_it_rolls_back_and_then_what_it_answers(
    capsys: pytest.CaptureFixture[str], words: str, *, back: bool
) -> None:
    session, prompt = stub_session(), Answers("stop")
    view = RunView(operation="upgrade", helm_argv=("helm", "upgrade"), rollback_on_failure=back)

    assert not await _leave(session, RUN_ID, view, Out("text", stdout=io.StringIO()), prompt, Interrupts())

    assert words in next(one for one in prompt.offered if one.value == "stop").note
    assert session.commands == [(RUN_ID, "cancel")]
    assert "helm was asked to stop; it answers." in capsys.readouterr().err
