"""Keys typed in one burst end where the same keys end when they are typed slowly, on every screen."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from difflib import unified_diff
from functools import partial
from typing import NamedTuple

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key

from tests.terminal import KEYS
from tests.tui.conftest import Open, opens
from tests.tui.diagnose.test_screen import SICK
from tests.tui.driving import Driver, menu, until
from tests.tui.fakes import CONTEXT, DEPLOYED, STUCK, ScreenSession, check
from tests.tui.history.test_screen import REVISIONS
from tests.tui.plans import PLAN
from wizard.core.answers.draft import Draft
from wizard.core.rules.check import CheckResult
from wizard.engine.release.rows import ReleasesView
from wizard.tui import typeahead
from wizard.tui.start import Start
from wizard.tui.step.screen import StepScreen
from wizard.tui.widgets.base import WizardScreen
from wizard.tui.widgets.form import Form
from wizard.tui.widgets.modals import Prompt

TAB = ("tab", "shift+tab", "enter", "escape", "up", "down")
EDIT = ("left", "right", "backspace", "home", "ctrl+u", "f8", "a", "Q", "7", ".", ":", "/", "?", " ")
FUNCTIONS = ("f1", "f4", "f9")
BYTES = {
    **KEYS, "escape": "\x1b[27u", "shift+tab": "\x1b[Z", "home": "\x1b[H", "f8": "\x1b[19~", "ctrl+q": "\x11",
    "pageup": "\x1b[5~", "pagedown": "\x1b[6~",
}  # fmt: skip
"""What a terminal sends; Esc as terminals with the Kitty protocol send it, where no delay tells it from Alt."""
_STILL = 0.3
STAGING = Draft({"preset": "staging", "tls": "none", "host": "a.b", "context": CONTEXT})
RED = check("A03", "Host is taken", "fail", "Ingress team-b/web uses it", question="host")


class Scene(NamedTuple):
    """A screen, how it is reached, and the keys that mean something on it."""

    reach: Callable[[Driver], Awaitable[None]]
    keys: Sequence[str]
    start: Start = Start()
    checks: Sequence[CheckResult] = ()


def wait(*texts: str, keys: Sequence[str] = ()) -> Callable[[Driver], Awaitable[None]]:
    async def reach(see: Driver) -> None:
        await see.sees(texts[0])
        for key, text in zip(keys, texts[1:], strict=True):
            await see.press(key)
            await see.sees(text)

    return reach


async def step(title: str, see: Driver) -> None:
    await see.sees("> 1 Environment")
    for _ in range(int(title[0]) - 1):
        await see.press("enter")
    await see.sees(f"> {title}")


async def released(key: str, text: str, see: Driver) -> None:
    await menu(see, key)
    await see.sees(text)


STEPS = {
    title: Scene(partial(step, title), (*TAB, *EDIT, *FUNCTIONS), Start("install", draft=STAGING))
    for title in ("1 Environment", "2 Where", "3 Address", "4 TLS", "5 Resources", "6 Secrets")
}
SCENES = {
    **STEPS,
    "values": Scene(wait("[v] Values file", "> 1 Environment", keys=["v"]), (*TAB, *EDIT, *FUNCTIONS)),
    "home": Scene(wait("> llm-cost-ops"), (*TAB, "n", "x", "a", "-", "i", "v", "?", "h", ":", "backspace")),
    "review": Scene(
        wait("> 1 Environment", "Enter open the red", keys=["f9"]), (*TAB, "p", "t", "d", "f2", "r", "?", "a"),
        Start("install", draft=STAGING), (RED,),
    ),
    "run": Scene(
        wait("STUCK"), ("tab", "enter", "escape", "/", "n", "N", "e", "w", "p", "j", "y", " ", "o", "r", "up"),
        Start("runs", run_id="7f3a9c"),
    ),
    "history": Scene(partial(released, "h", "3 revisions"), ("enter", "escape", "down", "up", "v", "m", "h", "?", "f1")),
    "diagnose": Scene(partial(released, "d", "> 1 x"), ("enter", "escape", "down", "up", "m", "h", "?", "r")),
}  # fmt: skip


def sends(*keys: str) -> str:
    return "".join(BYTES.get(key, key) for key in keys)


async def typed(see: Driver, text: str) -> None:
    """What the terminal sends in one piece."""
    for event in XTermParser().feed(text):
        see.app.post_message(event)
    await asyncio.sleep(0)


async def quiet(see: Driver) -> None:
    await see.handled()
    await until(lambda: see.app.typeahead.painted(see.app.screen))
    await until(lambda: not isinstance(screen := see.app.screen, WizardScreen) or not screen.waits(ahead=True))
    await see.pilot.pause()


def field(see: Driver) -> str:
    screen = see.app.screen
    return (screen if isinstance(screen, Prompt) else screen.query_one(Form))._edit.text


class State(NamedTuple):
    """All that a person can see, and what was answered and done."""

    screens: tuple[str, ...]
    text: str
    answers: tuple[object, ...]
    done: tuple[object, ...]


def state(see: Driver, session: ScreenSession) -> State:
    drafts = [screen.draft for screen in see.app.screen_stack if isinstance(screen, StepScreen)]
    done = (session.started, session.done, session.saved[-1:], sorted(session.disk.texts), session.commands)
    screens = tuple(type(screen).__name__ for screen in see.app.screen_stack)
    return State(screens, see.text(), (drafts, session.options), done)


async def settled(see: Driver, session: ScreenSession) -> State:
    """The state once nothing more arrives: checks and reads go on after the last key."""
    before, now = None, state(see, session)
    while before != now:
        await asyncio.sleep(_STILL)
        await quiet(see)
        before, now = now, state(see, session)
    return now


async def ends(session: ScreenSession, scene: Scene, types: Callable[[Driver], Awaitable[State]]) -> State:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.revisions, session.next_plan = REVISIONS, replace(PLAN, operation="upgrade")
    session.diagnoses[DEPLOYED.name] = [SICK]
    session.checks = (*session.checks, *scene.checks)
    if scene.start.run_id:
        await session.say(*STUCK)
    async with opens(session)(scene.start) as see:
        await scene.reach(see)
        await quiet(see)
        return await types(see)


async def same(scene: Scene, keys: Sequence[str]) -> None:
    slow, fast = ScreenSession(), ScreenSession()
    given: list[str] = []

    async def slowly(see: Driver) -> State:
        for key in keys:
            await typed(see, sends(key))
            await quiet(see)
            given.append(key)
            if not getattr(see.app.screen, "foreseen", True) or not see.app.is_running:
                break  # what is typed ahead of such a screen is dropped
        return await settled(see, slow)

    wanted = await ends(slow, scene, slowly)

    async def quickly(see: Driver) -> State:
        await typed(see, sends(*given))
        await quiet(see)
        await until(lambda: state(see, fast) == wanted)
        return state(see, fast)

    now = await ends(fast, scene, quickly)
    differs = "\n".join(unified_diff(wanted.text.splitlines(), now.text.splitlines(), "slow", "burst", n=0))
    assert not differs, f"{given}\n{differs}"
    assert now == wanted, given


SCRIPTS = {
    "an image after Tab, as in I23": ("values", ("tab", *"ghcr.io/acme/llm:v1", "tab", *"pull", "enter", "ctrl+u", *"team-a")),
    "a host between Tabs": ("3 Address", ("tab", "ctrl+u", *"api.acme.io", "tab", "tab", "enter")),
    "over the whole form and back": ("2 Where", ("tab", *"a", "shift+tab", "shift+tab", *"b", "down", "down", "enter")),
    "Enter, which reads a file": ("6 Secrets", ("right", "tab", *"/none", "enter", "escape", *"x?:")),
    "a prompt": ("home", ("n", *"team-a", "enter", "?", "escape", "v", "tab", *":q")),
    "a menu and the questions of an upgrade": ("home", ("enter", "u", "tab", *"ghcr.io/a:1", "enter", "ctrl+u")),
    "the palette": ("home", (":", *"values file", "enter", "tab", *"a/b:1")),
    "the filter of the logs": ("run", ("/", *"error/?:", "enter", "/", "ctrl+u", *"ready", "enter", "n", *"redis", "enter")),
    "the revisions": ("history", ("down", "enter", "escape", "v", "escape", "m", "down", "enter")),
    "a cause": ("diagnose", ("down", "enter", "enter", "m", "escape", "?", "escape", "up")),
    "the review and back": ("4 TLS", ("f9", "enter", "escape", "enter", "enter", *"x")),
    "a red line": ("review", ("enter", "ctrl+u", *"api.b", "escape", "escape", "p", "escape", "d")),
}  # fmt: skip


@pytest.mark.parametrize("script", SCRIPTS)
async def test_a_burst_ends_where_slow_typing_ends(script: str) -> None:
    scene, keys = SCRIPTS[script]
    await same(SCENES[scene], keys)


@pytest.mark.full
@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("scene", SCENES)
async def test_any_burst_ends_where_slow_typing_ends(scene: str, seed: int) -> None:
    chance = random.Random(f"{scene} {seed}")
    await same(SCENES[scene], chance.choices(SCENES[scene].keys, k=chance.randint(4, 24)))


# What must not be answered without being seen


async def test_an_enter_that_was_typed_ahead_stops_no_helm_and_confirms_nothing(
    open_app: Open, session: ScreenSession
) -> None:
    await session.say(*STUCK)
    async with open_app(Start("runs", run_id="7f3a9c")) as see:
        await see.sees("STUCK")
        await typed(see, sends("s", "enter", "s", "enter"))
        await see.sees("This run goes on. What do you want?")
        await quiet(see)
        assert session.commands == []
        await typed(see, sends("enter"))
        await see.sees("helm was asked to stop")


async def test_a_name_that_was_typed_ahead_of_the_question_confirms_no_production(
    open_app: Open, session: ScreenSession
) -> None:
    draft = STAGING.with_answers({"preset": "prod"})
    async with open_app(Start("install", draft=draft)) as see:
        await see.sees("> 1 Environment")
        await typed(see, sends("f9", "enter", *"llm-cost-ops", "enter"))
        await see.sees("This is production: type llm-cost-ops to go on", "Release  [ ")
        await quiet(see)
        assert not session.started
        await typed(see, sends(*"llm-cost-ops", "enter"))
        await see.sees("run 7f3a9c")


async def test_an_enter_that_was_typed_ahead_of_a_preview_starts_nothing(
    open_app: Open, session: ScreenSession
) -> None:
    session.found, session.next_plan = ReleasesView((DEPLOYED,), "all namespaces"), PLAN
    async with open_app() as see:
        await see.sees("> llm-cost-ops")
        await typed(see, sends("enter", "b", "enter", "enter"))
        await see.sees("Enter roll back to 1")
        await quiet(see)
        assert session.done == []
        await typed(see, sends("enter"))
        await see.sees("run 7f3a9c")


async def test_a_question_counts_as_seen_from_the_first_paint_that_shows_all_of_it(
    open_app: Open, session: ScreenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.found, session.next_plan = ReleasesView((DEPLOYED,), "all namespaces"), PLAN
    paints: list[tuple[bool, str]] = []
    async with open_app() as see:
        await see.sees("> llm-cost-ops")
        displayed = see.app.typeahead.displayed

        def paint() -> None:
            displayed()
            paints.append((see.app.typeahead.painted(see.app.screen), see.text()))

        monkeypatch.setattr(see.app.typeahead, "displayed", paint)
        for key, text in (("enter", "[b] Roll back"), ("b", "Enter roll back to 1")):
            paints.clear()
            await typed(see, sends(key))
            shown = await see.sees(text)
            last = max(at for at, (painted, _) in enumerate(paints) if not painted)
            seen = [one for _, one in paints[last + 1 :]]
            assert seen, "never counted as seen"
            assert all(text in one for one in seen), "seen before all of it was shown"
            assert shown not in [one for painted, one in paints if not painted], "shown, and not counted as seen"


# Waiting, and what does not wait


async def test_ctrl_c_and_a_resize_do_not_wait_for_a_step_whose_files_are_being_read(
    open_app: Open, session: ScreenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    session.answers.layers(session.answers.new())
    async with open_app() as see:
        monkeypatch.setattr(see.app.bridge, "prepare", never)
        await see.sees("[v] Values file")
        await typed(see, sends("v", "tab", "ctrl+u", *"ghcr.io/a:1", "enter"))
        await see.sees("> 1 Environment", "[ghcr.io/a:1")
        await typed(see, sends("tab", *"lost"))
        await see.pilot.resize_terminal(60, 15)
        await see.sees("too small")
        await see.pilot.resize_terminal(80, 24)
        await see.sees("> 1 Environment")
        await typed(see, sends("ctrl+c"))
        assert await until(lambda: not see.app.is_running)
    assert session.saved[-1].answers == {"image": "ghcr.io/a:1"}


async def test_no_more_keys_wait_than_fit_and_more_are_refused_aloud(
    open_app: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(typeahead, "LIMIT", 8)
    async with open_app() as see:
        await see.sees("[v] Values file")
        await typed(see, sends("n", *"0123456789"))
        await see.sees("More than 8 keys wait")
        await quiet(see)
        assert field(see) == "0123456"
        await typed(see, sends(*"xy"))
        await quiet(see)
        assert field(see) == "0123456xy"


# Pasted text


async def pasted(see: Driver, text: str) -> None:
    await typed(see, f"\x1b[200~{text}\x1b[201~")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("  api.acme.io\r\n", ""),
        ("a\nb\nc", "The pasted text has 3 lines"),
        ("x" * 4096, ""),
        ("x" * 4097, "A field holds at most 4,096"),
        ("x" * 1_000_000, "The pasted text has 1,000,000"),
    ],
    ids=["a line and its end", "three lines", "the longest", "longer", "a megabyte"],
)
@pytest.mark.parametrize("keys", [("v", "tab", "ctrl+u"), ("n",)], ids=["a question", "a prompt"])
async def test_a_paste_is_one_line_of_text_or_refused_in_a_sentence(
    open_app: Open, keys: Sequence[str], text: str, said: str
) -> None:
    async with open_app() as see:
        await see.sees("[v] Values file")
        await see.press(*keys)
        await pasted(see, text)
        await quiet(see)
        await see.sees(said)
        assert field(see) == ("" if said else text.strip())
        await see.press("ctrl+u", "z")
        assert field(see) == "z"


async def test_a_paste_where_no_field_is_changes_nothing_and_says_so(open_app: Open) -> None:
    async with open_app() as see:
        await see.sees("[v] Values file")
        await pasted(see, "viq\nq")
        await see.sees("Pasted text goes into a field", "What do you want to do?")


def test_alt_and_a_letter_are_esc_and_the_letter() -> None:
    keys = [key for key in typeahead._keys(Key("alt+a", "a")) if isinstance(key, Key)]
    assert [(key.key, key.character) for key in keys] == [("escape", "\x1b"), ("a", "a")]
