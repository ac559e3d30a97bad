"""The guided steps of a foreign chart: Where, Values, Review."""

from __future__ import annotations

from dataclasses import replace

from tests.foreign import packed_shop
from tests.tui.conftest import Open
from tests.tui.fakes import CONTEXT, ScreenSession
from wizard.adapters.helm.charts import ChartFolders
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.helm.strvals import SetFlag
from wizard.tui.start import Start

SHOP = Draft({"context": CONTEXT}, chart="acme/shop", sets=(SetFlag("--set", "greeting=hi,password=hunter2canary"),))


def foreign(session: ScreenSession, packed: bytes = packed_shop()) -> None:
    session.chart.chart = ChartFolders().open_packed(packed, "acme/shop")


async def test_a_foreign_chart_asks_where_shows_its_values_and_starts(open_app: Open, session: ScreenSession) -> None:
    foreign(session)
    async with open_app(Start("install", draft=SHOP)) as see:
        text = await see.sees("> 1 Where", "2 Values", "3 Review", "step 1 of 3", "chart shop", "[default", "[shop")
        assert "Environment" not in text
        await see.press("enter")
        text = await see.sees("> 2 Values", "shop 1.2.3", "greeting: hi", "password: ********", "step 2 of 3")
        assert "hunter2canary" not in text
        await see.press("enter")
        await see.sees("./shop.values.yaml", "Enter install")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    (spec,) = session.specs
    assert (spec.chart_name, spec.preset, spec.target.release) == ("shop", "", "shop")


async def test_back_leads_through_the_values_to_where(open_app: Open, session: ScreenSession) -> None:
    foreign(session)
    async with open_app(Start("install", draft=SHOP)) as see:
        await see.sees("> 1 Where")
        await see.press("enter")
        await see.sees("> 2 Values")
        await see.press("enter")
        await see.sees("Enter install")
        await see.press("escape")
        await see.sees("> 2 Values")
        await see.press("escape")
        await see.sees("> 1 Where")
        await see.press("f9")
        await see.sees("Enter install")


async def test_a_wrong_answer_under_where_is_not_passed(open_app: Open, session: ScreenSession) -> None:
    foreign(session)
    async with open_app(
        Start("install", draft=replace(SHOP, answers={"context": CONTEXT, "release": "Not a name"}))
    ) as see:
        await see.sees("> 1 Where")
        await see.press("enter")
        await see.sees("may hold lower-case letters")


async def test_values_that_cannot_be_made_are_said(open_app: Open, session: ScreenSession) -> None:
    foreign(session)
    wrong = replace(SHOP, sets=(SetFlag("--set-json", "greeting={"),))
    async with open_app(Start("install", draft=wrong)) as see:
        await see.sees("> 1 Where")
        await see.press("enter")
        await see.sees("> 2 Values", "--set-json")


async def test_a_chart_that_cannot_be_pulled_is_told_on_home(open_app: Open, session: ScreenSession) -> None:
    session.chart.problem = Problem("The chart acme/shop was not pulled: repo acme not found.", "Add it.")
    async with open_app(Start("install", draft=SHOP)) as see:
        await see.sees("The chart acme/shop was not pulled", "Add it.")
