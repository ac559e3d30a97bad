from __future__ import annotations

import inspect
import os
import subprocess
import sys

import pytest
from textual.actions import parse

from tests.tui.conftest import Open
from tests.tui.fakes import STUCK, ScreenSession
from wizard.core.errors import Problem
from wizard.tui.app import WizardApp
from wizard.tui.diagnose.screen import DiagnoseScreen
from wizard.tui.history.screen import HistoryScreen
from wizard.tui.home.screen import HomeScreen
from wizard.tui.leftovers.screen import LeftoversScreen
from wizard.tui.preview.screen import PreviewScreen
from wizard.tui.review.screen import ReviewScreen
from wizard.tui.run.done import DoneScreen
from wizard.tui.run.screen import RunScreen
from wizard.tui.start import Start
from wizard.tui.step.screen import StepScreen
from wizard.tui.widgets.base import WizardScreen


async def test_a_terminal_that_becomes_too_small_says_so_and_the_run_goes_on_behind(
    open_app: Open, session: ScreenSession
) -> None:
    async with open_app(Start("runs", run_id="7f3a9c")) as see:
        await see.pilot.resize_terminal(60, 15)
        await see.sees("too small", "60x15", "80x24")
        await session.say(*STUCK)
        await see.pilot.resize_terminal(80, 24)
        await see.sees("STUCK")


async def test_without_colour_every_state_has_a_sign_and_a_word(
    open_app: Open, session: ScreenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    await session.say(*STUCK)
    async with open_app(Start("runs", run_id="7f3a9c")) as see:
        await see.sees("x STUCK", "x Claim", "~ StatefulSet", "+ Deployment", "CHANGING THE CLUSTER")


async def test_a_crash_prints_the_sentence_it_is_given_and_no_variable(
    session: ScreenSession, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[BaseException] = []

    def unexpected(error: BaseException) -> Problem:
        seen.append(error)
        return Problem("Something unexpected happened.", "Details are in the state folder.")

    app = WizardApp(session, Start(), unexpected)
    password = "tr0ub4dor"

    def boom() -> float:
        kept = password
        return len(kept) / 0

    async def crashing() -> None:
        async with app.run_test(notifications=True) as pilot:
            app.call_later(boom)
            await pilot.pause()

    with pytest.raises(ZeroDivisionError):
        await crashing()
    printed = capsys.readouterr()
    assert [type(one) for one in seen] == [ZeroDivisionError]
    assert "Something unexpected happened. Details are in the state folder. A run that was started goes on." in (
        " ".join((printed.out + printed.err).split())
    )
    assert password not in printed.out + printed.err
    assert app.return_code == 1


def test_the_app_is_imported_without_kubernetes_yaml_or_screens_it_does_not_open() -> None:
    code = (
        "import sys; import wizard.tui.app, wizard.tui.home.screen; "
        "bad = [m for m in ('kubernetes', 'yaml', 'ruamel', 'cryptography', 'wizard.tui.run.screen', "
        "'wizard.tui.step.screen', 'wizard.adapters') if m in sys.modules]; sys.exit(', '.join(bad) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "screen",
    [
        HomeScreen,
        StepScreen,
        ReviewScreen,
        RunScreen,
        DoneScreen,
        HistoryScreen,
        PreviewScreen,
        DiagnoseScreen,
        LeftoversScreen,
    ],
)
def test_every_action_of_a_screen_can_be_called_as_its_table_says(screen: type[WizardScreen]) -> None:
    for action in screen.ACTIONS:
        _, name, arguments = parse(action.name)
        inspect.signature(getattr(screen, f"action_{name}")).bind(screen, *arguments)
    bound = [key for action in screen.ACTIONS for key in action.keys.split(",") if key]
    assert len(bound) == len(set(bound))
    assert any(action.command for action in screen.ACTIONS)


def test_the_screen_is_painted_twice_as_often_as_by_default_and_helm_s_environment_stays_the_person_s() -> None:
    code = "import os, wizard.tui.app, textual.constants as t; print(t.MAX_FPS, os.environ.get('TEXTUAL_FPS'))"
    mine = {key: value for key, value in os.environ.items() if key != "TEXTUAL_FPS"}
    for env, said in ((mine, "120 None"), ({**mine, "TEXTUAL_FPS": "30"}, "30 30")):
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=env)
        assert done.stdout.strip() == said
