"""The review: the plan of an install or upgrade, and what stops it."""

from __future__ import annotations

from dataclasses import replace

from tests.tui.conftest import Open
from tests.tui.fakes import CONTEXT, ScreenSession
from tests.tui.plans import PLAN
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.tui.start import Start


async def test_the_review_says_what_would_change_and_p_shows_it_object_by_object(
    open_app: Open, session: ScreenSession
) -> None:
    session.next_plan = PLAN
    async with open_app(Start("install")) as see:
        await see.sees("> 1 Environment")
        await see.press("f9")
        await see.sees("plan  1 removed, 2 changed; pods of llm-cost-ops restart", "[p]")
        await see.press("p")
        text = await see.sees(
            "~ changed", "spec.replicas  1  ->  3", "pods restart one by one", "- removed", "READING ONLY"
        )
        assert "changed outside helm: 1" in text
        await see.press("down")
        await see.sees("data.key: changed, not shown")
        await see.loses("spec.replicas")
        await see.press("escape")
        await see.sees("values file", "checks")


async def test_a_plan_that_is_another_one_at_the_last_moment_is_not_started(
    open_app: Open, session: ScreenSession
) -> None:
    session.next_plan = PLAN
    session.checks_gate.clear()
    async with open_app(Start("install")) as see:
        await see.sees("> 1 Environment")
        await see.press("f9")
        await see.sees("plan  1 removed")
        session.next_plan = replace(PLAN, last=4)
        await see.press("enter")
        session.checks_gate.set()
        await see.sees("the plan is not the one that was shown", "revision 4 now")
    assert not session.started


async def test_a_review_without_a_plan_says_why_and_can_be_started(open_app: Open, session: ScreenSession) -> None:
    session.next_plan = Problem("You may not read Secrets here.")
    async with open_app(Start("install")) as see:
        await see.sees("> 1 Environment")
        await see.press("f9")
        await see.sees("there is no plan: You may not read Secrets here.")
        await see.press("enter")
        await see.sees("run 7f3a9c")


async def test_an_install_of_what_is_there_is_an_upgrade_on_the_values_that_run_and_says_so(
    open_app: Open, session: ScreenSession
) -> None:
    session.next_operation = "upgrade"
    draft = Draft({"preset": "dev", "context": CONTEXT})
    target = session.answers.resolve(draft).target
    async with open_app(Start("install", draft=draft)) as see:
        await see.sees("> 1 Environment")
        await see.press("f9")
        await see.sees("the release exists already: this upgrades it, based on its current values", "Enter upgrade")
        await see.sees(f"upgrade {target}")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    ((draft, operation),) = session.started
    assert (operation, draft.running["replicaCount"], session.answers.resolve(draft).target) == ("upgrade", 4, target)


async def test_another_chart_under_the_name_stops_the_review(open_app: Open, session: ScreenSession) -> None:
    session.next_plan = Problem("llm-cost-ops is a release of another chart.", question="release")
    async with open_app(Start("install")) as see:
        await see.sees("> 1 Environment")
        await see.press("f9")
        await see.sees("is a release of another chart")
        await see.press("enter")
        await see.press("enter")
    assert not session.started


async def test_an_older_chart_is_started_only_after_the_name_was_typed(open_app: Open, session: ScreenSession) -> None:
    session.next_plan = replace(PLAN, downgrade="this takes the chart back from 2.0.0 to 1.0.0")
    async with open_app(Start("install")) as see:
        await see.sees("> 1 Environment")
        await see.press("f9")
        await see.sees("[p]")
        await see.press("enter")
        await see.sees("This takes the chart back from 2.0.0 to 1.0.0: type llm-cost-ops to go on")
    assert not session.started
