"""All values by keys: open, search, change, take back, edit as a file; the same document as the steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.tui.conftest import Open
from tests.tui.driving import Driver
from tests.tui.fakes import CONTEXT, ScreenSession
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.helm.strvals import SetFlag
from wizard.tui.start import Start

DRAFT = Draft({"preset": "staging", "host": "api.example.org", "tls": "none", "context": CONTEXT})
SCHEMA: dict[str, Any] = {
    "properties": {
        "replicaCount": {"type": "integer", "minimum": 0, "title": "Replicas", "description": "Pods of the application."},
        "service": {"properties": {"type": {"enum": ["ClusterIP", "LoadBalancer", "NodePort"]}}},
        "image": {"properties": {"tag": {"type": "string", "pattern": "^[a-z0-9.]*$"}}},
        "podLabels": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}  # fmt: skip


@pytest.fixture
def session() -> ScreenSession:
    session = ScreenSession()
    session.chart.schema = SCHEMA
    return session


async def all_values(see: Driver) -> None:
    await see.sees("> 1 Environment")
    await see.press("f6")
    await see.sees("ASKING", "/ searches", ">   replicaCount")


async def find(see: Driver, query: str) -> None:
    await see.press("slash")
    await see.type(query)
    await see.press("enter")


def install(draft: Draft = DRAFT) -> Start:
    return Start("install", draft=draft)


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_f6_opens_all_values_and_escape_goes_back_to_the_question(open_app: Open, size: tuple[int, int]) -> None:
    async with open_app(install(), size=size) as see:
        await see.sees("> 1 Environment")
        await see.press("enter", "enter")
        await see.sees("> 3 Address")
        await see.press("tab", "f6")
        await see.sees("all values", "replicaCount", "chart")
        await see.press("escape")
        await see.sees("> 3 Address", "api.example.org")
        await see.press("f9")
        await see.sees("Enter install")
        await see.press("f6")
        await see.sees("replicaCount")
        await see.press("escape")
        await see.sees("Enter install")


async def test_a_search_shows_only_what_it_finds_with_the_maps_around_it(open_app: Open) -> None:
    async with open_app(install()) as see:
        await all_values(see)
        await find(see, "memory")
        text = await see.sees("▾ resources", "▾ requests", "memory", "512Mi", "2 found")
        assert "replicaCount" not in text
        await see.press("escape")
        await see.sees("> ", "replicaCount", "memory")  # what was found stays in sight


async def test_a_search_that_finds_nothing_says_so(open_app: Open) -> None:
    async with open_app(install()) as see:
        await all_values(see)
        await find(see, "nothing-like-it")
        await see.sees("0 found", "Nothing is found; Esc ends the search.")
        await see.press("enter", "d", "v", "space", "escape")
        await see.sees(">   replicaCount")


async def test_a_value_that_is_typed_is_judged_by_the_schema(open_app: Open, session: ScreenSession) -> None:
    async with open_app(install()) as see:
        await all_values(see)
        await find(see, "replicaCount")
        await see.press("enter")
        await see.sees("integer", "[3")
        await see.press("ctrl+u")
        await see.type("x")
        await see.press("enter")
        await see.sees("x replicaCount: type: integer is wanted, not string.")
        await see.press("ctrl+u")
        await see.type("4")
        await see.press("enter")
        await see.sees("replicaCount", " 4 ", "--set")  # staging scales by itself: no question asks for it
    assert session.saved[-1].sets == (SetFlag("--set", "replicaCount=4"),)


async def test_a_choice_is_picked_and_taken_back(open_app: Open, session: ScreenSession) -> None:
    async with open_app(install()) as see:
        await all_values(see)
        await find(see, "service.type")
        await see.press("enter")
        await see.sees("> ClusterIP", "as it is now, the chart's default", "NodePort")
        await see.press("down", "down", "enter")
        await see.sees("NodePort", "--set")
        assert session.saved[-1].sets == (SetFlag("--set", "service.type=NodePort"),)
        await see.press("d")
        await see.sees("ClusterIP  ", "chart")
    assert session.saved[-1].sets == ()


async def test_the_cluster_offers_its_storage_classes(open_app: Open, session: ScreenSession) -> None:
    async with open_app(install()) as see:
        await see.sees("> 1 Environment")
        await see.press("f6")
        await see.sees("replicaCount")
        await find(see, "storageClass")
        await see.press("enter")
        await see.sees("fast-ssd", "on this cluster", "another ...")
        await see.press("up", "enter")
        await see.sees("fast-ssd", "answer")
    assert session.saved[-1].answers["database.class"] == "fast-ssd"


async def test_a_step_shows_what_a_set_puts_in_its_place(open_app: Open) -> None:
    dev = Draft({"preset": "dev", "context": CONTEXT}, sets=(SetFlag("--set", "replicaCount=9"),))
    async with open_app(install(dev)) as see:
        await see.sees("> 1 Environment")
        await see.press("enter", "enter", "enter")
        await see.sees("> 5 Resources" if "> 5 Resources" in see.text() else "Resources")
        await see.press("tab")
        await see.sees("replicaCount: 1 (9 from --set)")


async def test_a_map_is_typed_as_yaml_and_opens(open_app: Open, session: ScreenSession) -> None:
    async with open_app(install()) as see:
        await all_values(see)
        await find(see, "podLabels")
        await see.press("enter")
        await see.sees("[{}")
        await see.press("ctrl+u")
        await see.type("{team: [}")
        await see.press("enter")
        await see.sees("not YAML")
        await see.press("ctrl+u")
        await see.type("{team: costs}")
        await see.press("enter")
        await see.loses("Enter accept")
    assert session.saved[-1].sets == (SetFlag("--set", "podLabels.team=costs"),)


async def test_a_secret_says_where_it_is_given(open_app: Open, session: ScreenSession) -> None:
    session.chart.schema = {"properties": {"jwt": {"properties": {"secret": {"type": "string"}}}}}
    async with open_app(install()) as see:
        await all_values(see)
        await find(see, "jwt.secret")
        await see.sees("secret, not in values")
        await see.press("enter")
        await see.sees("--existing-secret jwt=SECRET")


async def test_the_same_on_the_command_line_is_shown_and_copied(open_app: Open) -> None:
    draft = replace(DRAFT, sets=(SetFlag("--set", "podLabels.team=a b"),))
    async with open_app(install(draft)) as see:
        await all_values(see)
        await see.press("s")
        await see.sees("--answer host=api.example.org \\", "--set 'podLabels.team=a b'")
        assert "--set 'podLabels.team=a b'" in see.app.clipboard


async def test_the_values_file_goes_to_the_editor_and_becomes_the_draft(open_app: Open, session: ScreenSession) -> None:
    session.disk.editor = lambda text: text + "podLabels:\n  team: costs\n"
    async with open_app(install()) as see:
        await all_values(see)
        await see.press("e")
        await find(see, "podLabels.team")
        await see.sees("costs", "--set")
    assert session.saved[-1].sets == (SetFlag("--set", "podLabels.team=costs"),)


async def test_a_file_that_cannot_be_taken_goes_back_to_the_editor_as_it_was_left(
    open_app: Open, session: ScreenSession
) -> None:
    texts = iter(["replicaCount: x\n", "replicaCount: 7\n"])
    session.disk.editor = lambda text: next(texts)
    async with open_app(install()) as see:
        await all_values(see)
        await see.press("e")
        await see.sees("integer is wanted, not string", "[e] edit it again")
        await see.press("escape", "escape")
        await see.sees("Leave without it?")
        await see.press("escape")
        await see.press("e")
        await see.loses("[e] edit it again")
        await find(see, "replicaCount")
        await see.sees(" 7 ", "--set")
    assert session.disk.edited[1] == "replicaCount: x\n"


async def test_an_editor_that_fails_changes_nothing(open_app: Open, session: ScreenSession) -> None:
    def fail(text: str) -> str:
        raise Problem("The editor vi cannot be started: no such file.", "Set EDITOR.")

    session.disk.editor = fail
    async with open_app(install()) as see:
        await all_values(see)
        await see.press("e")
        await see.sees("cannot be started")
        await see.press("v")
        await see.sees("cannot be started")


@pytest.mark.parametrize("size", [(80, 24), (140, 45)])
async def test_a_chart_whose_schema_cannot_be_read_says_so(
    open_app: Open, session: ScreenSession, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    def fail(chart: object) -> None:
        raise Problem("values.schema.json is not a JSON schema: bad.", "Give another chart with --chart.")

    monkeypatch.setattr(session.chart, "describe", fail)
    async with open_app(install(), size=size) as see:
        await see.sees("> 1 Environment")
        await see.press("f6")
        await see.sees("x values.schema.json is not a")
        await see.press("escape")
        await see.sees("> 1 Environment")
