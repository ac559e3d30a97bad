"""What is missing is asked, on a real pseudo-terminal."""

from __future__ import annotations

import os
import sys
import termios
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.terminal import Terminal
from wizard.adapters.drafts import DraftFiles
from wizard.cli.prompts import QuestionaryPrompter
from wizard.core.answers.draft import Draft
from wizard.core.answers.questions.question import Choice

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import asyncio, json, sys
from dataclasses import replace
from pathlib import Path
from tests.cli.stub import check, stub_session
from wizard.cli import parser
from wizard.core.errors import Problem
from wizard.cli import dispatch
from wizard.cli.output import Out

session = stub_session()
session.known = replace(session.known, sandbox="sandbox" in sys.argv[1])
if "slow" in sys.argv[1]:
    session.record, session.over = session.record[:3], False
if "blocked" in sys.argv[1]:
    session.checks = [check("N06", "Class", "fail", blocking=True)]
arguments = parser.read(sys.argv[2:])
session.options = arguments.options()
try:
    code = asyncio.run(dispatch.run(arguments, session, Out(arguments.mode), "wizard"))
except Problem as problem:
    print(problem)
    code = int(problem.code)
except KeyboardInterrupt:
    code = 130
answers = session.started[0][0].answers if session.started else {}
Path("result.json").write_text(json.dumps({"answers": dict(answers), "commands": session.commands}))
print("ended", code)
sys.exit(code)
"""


def start(folder: Path, world: str, line: str, extra: Mapping[str, str] | None = None) -> Terminal:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(extra or {})}
    return Terminal([sys.executable, "-c", PROGRAM, world, *line.split()], environment, folder, (100, 40))


def wait_for_line_mode(terminal: Terminal) -> None:
    """Until the prompt has given the terminal back, so that Ctrl-C is a signal again."""
    deadline = time.monotonic() + 10
    while not termios.tcgetattr(terminal.process.fd)[3] & termios.ISIG:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def result(folder: Path) -> str:
    return (folder / "result.json").read_text()


def test_a_dev_install_is_enter_only_once_the_image_is_known(tmp_path: Path) -> None:
    with start(tmp_path, "sandbox", "install --plain") as terminal:
        terminal.wait_for("Environment")
        terminal.press("enter")
        terminal.wait_for("What now")
        terminal.press("enter")

        assert terminal.wait() == 0
        assert '"preset": "dev"' in result(tmp_path)


def test_missing_answers_are_asked_and_a_wrong_one_is_said_on_the_spot(tmp_path: Path) -> None:
    with start(tmp_path, "cluster", "install --plain --preset dev") as terminal:
        terminal.wait_for("Application image")
        terminal.press("UPPER/case", "enter")
        terminal.wait_for("is not an image")
        terminal.press("ctrl+u", "ghcr.io/acme/app:v1", "enter")
        terminal.wait_for("What now")
        terminal.press("enter")

        assert terminal.wait() == 0
        assert '"image": "ghcr.io/acme/app:v1"' in result(tmp_path)


def test_an_answer_can_be_changed_before_anything_happens(tmp_path: Path) -> None:
    with start(tmp_path, "sandbox", "install --plain --preset dev") as terminal:
        terminal.wait_for("What now")
        terminal.press("down", "enter")
        terminal.wait_for("Which answer")
        terminal.press("down", "enter")
        terminal.wait_for(r"\? Application image docker")
        terminal.press("ctrl+u", "ghcr.io/acme/other:v2", "enter")
        terminal.wait_for("What now.*\n(.*\n)*.*install llm-cost-ops")
        terminal.press("enter")

        assert terminal.wait() == 0
        assert "acme/other:v2" in result(tmp_path)


def test_production_wants_its_name_typed(tmp_path: Path) -> None:
    line = "install --plain --preset prod --answer host=api.acme.test"
    with start(tmp_path, "sandbox", line) as terminal:
        terminal.wait_for("What now")
        terminal.press("enter")
        terminal.wait_for("Type the release name")
        terminal.press("nonsense", "enter")
        terminal.wait_for("That is not llm-cost-ops")
        terminal.press("ctrl+u", "llm-cost-ops", "enter")

        assert terminal.wait() == 0


def test_a_failed_check_offers_to_change_or_to_stop_and_keeps_the_answers(tmp_path: Path) -> None:
    with start(tmp_path, "sandbox blocked", "install --plain --preset dev") as terminal:
        screen = terminal.wait_for("What now")
        assert "this changes the cluster" not in screen
        terminal.press("down", "enter")

        assert terminal.wait() == 130
        assert len(DraftFiles().load_all()) == 1


@pytest.mark.parametrize(
    ("keys", "expected"), [(["enter"], '"preset": "staging"'), (["down", "enter", "enter"], '"preset": "dev"')]
)
def test_a_kept_draft_is_offered(keys: list[str], expected: str, tmp_path: Path) -> None:
    DraftFiles().save(Draft({"preset": "staging", "context": "here", "namespace": "x", "host": "api.acme.test"}))

    with start(tmp_path, "sandbox", "install --plain") as terminal:
        terminal.wait_for("is kept .4 answers")
        terminal.press(keys[0])
        for key in keys[1:]:
            terminal.wait_for("Environment|anew")
            terminal.press(key)
        terminal.wait_for("What now")
        terminal.press("enter")

        assert terminal.wait() == 0
        assert expected in result(tmp_path)


def test_ctrl_c_at_a_question_changes_nothing(tmp_path: Path) -> None:
    with start(tmp_path, "sandbox", "install --plain") as terminal:
        terminal.wait_for("Environment")
        terminal.press("ctrl+c")

        assert terminal.wait() == 130
        assert '"answers": {}' in result(tmp_path)


def test_ctrl_c_on_a_run_asks_and_stay_goes_on(tmp_path: Path) -> None:
    with start(tmp_path, "sandbox slow", "install --plain --preset dev") as terminal:
        terminal.wait_for("What now")
        terminal.press("enter")
        terminal.wait_for("Deployment/llm-cost-ops")
        terminal.press("ctrl+c")
        terminal.wait_for("goes on without you")
        terminal.press("down", "down", "enter")
        terminal.wait_for(r"What now\? +stay")
        wait_for_line_mode(terminal)
        terminal.press("ctrl+c")
        terminal.wait_for("goes on without you(.*\n)*.*goes on without you")
        terminal.press("enter")

        assert terminal.wait() == 130
        assert "wizard runs 7f3a9c" in terminal.text()
        assert '"commands": []' in result(tmp_path)


def test_ctrl_c_on_a_run_can_stop_helm(tmp_path: Path) -> None:
    with start(tmp_path, "sandbox slow", "install --plain --preset dev") as terminal:
        terminal.wait_for("What now")
        terminal.press("enter")
        terminal.wait_for("Deployment/llm-cost-ops")
        terminal.press("ctrl+c")
        terminal.wait_for("goes on without you")
        terminal.press("down", "enter")
        terminal.wait_for(r"What now\? +stop helm")
        wait_for_line_mode(terminal)
        terminal.press("ctrl+c")
        terminal.wait_for("goes on without you(.*\n)*.*goes on without you")
        terminal.press("enter")

        assert terminal.wait() == 130
        assert '["7f3a9c", "cancel"]' in result(tmp_path)


def test_a_terminal_without_cursor_movement_gets_numbered_lines(tmp_path: Path) -> None:
    with start(tmp_path, "sandbox", "install", {"TERM": "dumb"}) as terminal:
        terminal.wait_for(r"Environment \[dev\]")
        terminal.press("9", "enter")
        terminal.wait_for("Answer with a number from 1 to 3")
        terminal.press("1", "enter")
        terminal.wait_for(r"What now\? \[go\]")
        terminal.press("enter")

        assert terminal.wait() == 0
        assert b"\x1b" not in terminal.raw


async def test_a_title_with_words_of_the_cluster_is_shown_safely_by_both_kinds_of_prompt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    async def answer(_: object) -> str:
        return "yes"

    def kept(title: str, *_: object, **__: object) -> None:
        asked.append(title)

    monkeypatch.setattr("questionary.text", kept)
    monkeypatch.setattr("questionary.select", kept)
    monkeypatch.setattr("wizard.cli.prompts._answer", answer)
    prompt = QuestionaryPrompter()
    hostile = "This takes over 1 field from \x1b[31mevil\u202e\nname"
    assert (await prompt.text(hostile), await prompt.choose(hostile, [Choice("yes", "yes")])) == ("yes", "yes")
    assert len(asked) == 2
    assert all(title.isprintable() and "\u202e" not in title and "evil" in title for title in asked)
