from __future__ import annotations

from dataclasses import replace

import pytest

from tests.tui.conftest import Open
from tests.tui.diagnose.test_screen import METRICS, SICK
from tests.tui.driving import menu
from tests.tui.fakes import DEPLOYED, ScreenSession, event, lines, thing
from wizard.core.run.events import Event
from wizard.engine.release.rows import ReleasesView

SINCE = "2026-03-02T14:02:42Z"


def pod(name: str, owner: str, state: str = "ready") -> Event:
    data = {**thing("Pod", name, state, "Running", "", SINCE, group="pod").data, "owner": owner}
    return event("object.state", **data)


LIVE = (
    thing("Deployment", "llm-cost-ops", "stuck", "0 of 1", "waits for the database", SINCE),
    thing("StatefulSet", "postgresql", "ready", "1 of 1", "", SINCE),
    pod("llm-cost-ops-7d9f", "Deployment/llm-cost-ops", "stuck"),
    pod("postgresql-0", "StatefulSet/postgresql"),
    event(
        "finding", id="LG04", title="nothing answers at postgresql", object="Deployment/llm-cost-ops", terminal=False,
        evidence=["connection refused"], remedy=["See whether it runs."],
    ),
    event("verdict", state="stuck", reason="nothing answers at postgresql"),
    event("cluster.event", kind="Warning", object="Pod/llm-cost-ops-7d9f", reason="Unhealthy", message="probe failed", count=7),
    lines("llm-cost-ops-7d9f", "api", '{"level":"INFO","message":"starting"}', "WARN  database not reachable"),
    lines("postgresql-0", "postgresql", "LOG:  ready", "ERROR:  deadlock detected"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def found(session: ScreenSession) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.watched = (LIVE,)
    session.diagnoses[DEPLOYED.name] = [replace(SICK, findings=(replace(METRICS, object="Deployment/llm-cost-ops"),))]


async def test_l_on_a_release_shows_it_live_without_a_run(open_app: Open) -> None:
    async with open_app() as see:
        await menu(see, "l")
        await see.sees(
            "llm-cost-ops -> ", "READING ONLY", "x STUCK", "nothing answers at postgresql", "2 of 4 ready", ">x Deployment",
            "ready", "deadlock detected", "Enter describe", "d diagnose",
        )  # fmt: skip
        await see.press("tab", "tab")
        await see.sees("Unhealthy x7: probe failed")
        assert "helm" not in see.text()
        await see.press("f")
        await see.sees("Do    See whether it runs.")
        await see.press("escape")
        await see.sees("What do you want to do?")


async def test_enter_on_an_object_describes_it_with_its_yaml(open_app: Open, session: ScreenSession) -> None:
    async with open_app() as see:
        await menu(see, "l")
        await see.sees(">x Deployment")
        await see.press("enter")
        await see.sees("LG04 nothing answers", "kind: Deployment", "name: llm-cost-ops")
        assert session.described == ["Deployment/llm-cost-ops"]
        await see.press("escape")
        await see.sees("Enter describe")


async def test_logs_are_chosen_by_container_by_warnings_and_by_text_and_the_title_counts(open_app: Open) -> None:
    async with open_app() as see:
        await menu(see, "l")
        await see.sees("deadlock detected")
        await see.press("v")
        await see.sees("warnings and errors  2 lines", "database not reachable", "deadlock")
        assert "LOG:  ready" not in see.text()
        await see.press("c")
        await see.sees("Whose logs?", "StatefulSet/postgresql", "container api of llm-cost-ops-7d9f")
        await see.press("down", "down", "enter")
        await see.sees("of postgresql", "1 line", "deadlock")
        await see.press("v")
        await see.sees("LOG:  ready")
        await see.press("slash")
        await see.type("READY")
        await see.press("enter")
        await see.sees('of postgresql  with "READY"  1 line')
        await see.loses("deadlock")


async def test_logs_are_chosen_by_a_regular_expression_and_a_wrong_one_is_said_to_be_none(open_app: Open) -> None:
    async with open_app() as see:
        await menu(see, "l")
        await see.sees("deadlock detected")
        await see.press("slash")
        await see.sees("/regular expression")
        await see.type("/REA[CD]Y|dead.*ted")
        await see.press("enter")
        await see.sees('with "/REA[CD]Y|dead.*ted"  2 lines', "deadlock", "LOG:  ready")
        await see.loses("not reachable")
        await see.press("slash", *["backspace"] * 30)
        await see.type("/(")
        await see.press("enter")
        await see.sees("That is no regular expression: missing )", 'with "/REA[CD]Y|dead.*ted"')


async def test_l_in_a_diagnosis_shows_the_logs_of_the_cause_and_esc_leads_back(open_app: Open) -> None:
    async with open_app() as see:
        await menu(see, "d")
        await see.sees("l logs", "> 1")
        await see.press("l")
        await see.sees("of llm-cost-ops", "database not reachable", "Esc back")
        await see.loses("deadlock")
        await see.press("escape")
        await see.sees("diagnose llm-cost-ops", "> 1")
