"""The review: the plan of an install or upgrade, and what stops it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.tui.conftest import Open
from tests.tui.driving import Driver, until
from tests.tui.fakes import CONTEXT, PASSING, ScreenSession, check
from tests.tui.plans import API, PLAN
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.helm.command_line import HelmOptions
from wizard.core.helm.plan import Refusal, Takeover
from wizard.tui.start import Start

OpenReview = Callable[..., AbstractAsyncContextManager[Driver]]


@pytest.fixture
def open_review(open_app: Open) -> OpenReview:
    """What opens the review of an install: F9 at its first question."""

    @asynccontextmanager
    async def opened(draft: Draft | None = None) -> AsyncIterator[Driver]:
        async with open_app(Start("install", draft=draft)) as see:
            await see.sees("> 1 Environment")
            await see.press("f9")
            yield see

    return opened


async def test_the_review_says_what_would_change_and_p_shows_it_object_by_object(
    open_review: OpenReview, session: ScreenSession
) -> None:
    session.next_plan = PLAN
    async with open_review() as see:
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
    open_review: OpenReview, session: ScreenSession
) -> None:
    session.next_plan = PLAN
    session.checks_gate.clear()
    async with open_review() as see:
        await see.sees("plan  1 removed")
        session.next_plan = replace(PLAN, last=4)
        await see.press("enter")
        session.checks_gate.set()
        await see.sees("the plan is not the one that was shown", "revision 4 now")
    assert not session.started


async def test_a_review_without_a_plan_says_why_and_can_be_started(
    open_review: OpenReview, session: ScreenSession
) -> None:
    session.next_plan = Problem("You may not read Secrets here.")
    async with open_review() as see:
        await see.sees("there is no plan: You may not read Secrets here.")
        await see.press("enter")
        await see.sees("run 7f3a9c")


async def test_an_install_of_what_is_there_is_an_upgrade_on_the_values_that_run_and_says_so(
    open_review: OpenReview, session: ScreenSession
) -> None:
    session.next_operation = "upgrade"
    draft = Draft({"preset": "dev", "context": CONTEXT})
    target = session.answers.resolve(draft).target
    async with open_review(draft) as see:
        await see.sees("the release exists already: this upgrades it, based on its current values", "Enter upgrade")
        await see.sees(f"upgrade {target}")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    ((draft, operation),) = session.started
    assert (operation, draft.running["replicaCount"], session.answers.resolve(draft).target) == ("upgrade", 4, target)


async def test_another_chart_under_the_name_stops_the_review(open_review: OpenReview, session: ScreenSession) -> None:
    session.next_plan = Problem("llm-cost-ops is a release of another chart.", question="release")
    async with open_review() as see:
        await see.sees("is a release of another chart")
        await see.press("enter")
        await see.press("enter")
    assert not session.started


async def test_an_older_chart_is_started_only_after_the_name_was_typed(
    open_review: OpenReview, session: ScreenSession
) -> None:
    session.next_plan = replace(PLAN, downgrade="this takes the chart back from 2.0.0 to 1.0.0")
    async with open_review() as see:
        await see.sees("[p]")
        await see.press("enter")
        await see.sees("This takes the chart back from 2.0.0 to 1.0.0: type llm-cost-ops to go on")
    assert not session.started


NO_ROOM = check("C01", "room on the nodes", "fail", "2 of 3 pods fit", next_step="Lower it.")


async def test_a_failed_check_is_accepted_with_a_reason_that_the_run_keeps(
    open_review: OpenReview, session: ScreenSession
) -> None:
    session.checks = (*PASSING, NO_ROOM)
    async with open_review() as see:
        await see.sees("1 failed", "a accept")
        await see.press("a")
        await see.sees("why go on in spite of it?", "Reason")
        await see.press("enter")
        await see.sees("Say why, in a few words.")
        await see.type("nodes are added tonight")
        await see.press("enter")
        await see.sees("1 warned", "Enter install")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    (spec,) = session.specs
    assert [(one["id"], one["evidence"][-1]) for one in spec.accepted] == [("C01", "accepted: nodes are added tonight")]


async def test_another_fail_of_an_accepted_check_stops_again(open_review: OpenReview, session: ScreenSession) -> None:
    session.checks = (*PASSING, NO_ROOM)
    async with open_review() as see:
        await see.sees("1 failed")
        await see.press("a")
        await see.type("known")
        await see.press("enter")
        await see.sees("1 warned")
        session.checks = (*PASSING, replace(NO_ROOM, evidence=("0 of 3 pods fit",)))
        await see.press("t")
        await see.sees("1 failed", "0 of 3 pods fit")


async def test_only_what_stops_the_start_can_be_accepted(open_review: OpenReview, session: ScreenSession) -> None:
    async with open_review() as see:
        await see.sees("Enter install")
        await see.press("a")
        await see.sees("Select a failed check first")


async def test_checks_that_are_fine_are_one_row_until_o_opens_it(
    open_review: OpenReview, session: ScreenSession
) -> None:
    async with open_review() as see:
        text = await see.sees("5 checks", "[o] shows them", "1 unknown")
        assert "W01" not in text
        await see.press("o")
        await see.sees("W01", "S01")
        await see.press("o")
        await see.sees("[o] shows them")


async def test_what_a_check_says_can_be_copied(open_review: OpenReview, session: ScreenSession) -> None:
    session.checks = (*PASSING, NO_ROOM)
    async with open_review() as see:
        await see.sees("1 failed")
        await see.press("y")
        await see.sees("Copied", "C01 room on the nodes: failed", "Lower it.")
        assert see.app.clipboard == "C01 room on the nodes: failed\n2 of 3 pods fit\nLower it."


async def test_what_an_administrator_has_to_allow_can_be_written(
    open_review: OpenReview, session: ScreenSession
) -> None:
    session.next_handoff = "kind: Role\n"
    session.checks = (*PASSING, check("R02", "rights for every object", "fail", "not allowed: Service: create"))
    async with open_review() as see:
        await see.sees("1 failed", "x for the admin")
        await see.press("x")
        await see.sees("File", "handoff.yaml")
        await see.press("enter")
        await see.sees("Written: handoff.yaml")
    assert session.disk.texts["handoff.yaml"] == "kind: Role\n"


async def test_a_database_is_tried_by_a_pod_only_after_a_person_read_what_is_made_and_agreed(
    open_review: OpenReview, session: ScreenSession
) -> None:
    unknown = check("D01", "external database", "unknown", "whether db:5432 takes the login is not known")
    session.checks = (unknown,)
    async with open_review() as see:
        await see.sees("1 unknown", "b try the database")
        await see.press("b")
        await see.sees("makes one pod in namespace", "deleted after 30 s")
        await see.press("escape")
        await see.loses("makes one pod")
        assert session.probed == [False]
        await see.press("b")
        await see.sees("makes one pod in namespace")
        await see.press("enter")
        assert await until(lambda: session.probed == [False, True])


async def test_a_start_long_after_the_checks_makes_them_again(open_review: OpenReview, session: ScreenSession) -> None:
    async with open_review() as see:
        await see.sees("Enter install")
        session.clock.at += timedelta(minutes=6)
        session.checks = (*PASSING, NO_ROOM)
        await see.press("enter")
        await see.sees("1 failed", "2 of 3 pods fit")
    assert not session.started


async def test_checks_of_other_answers_start_nothing(session: ScreenSession) -> None:
    session.kubeconfig()
    first, second = (
        session.answers.prepare(session.answers.new().with_answers({"replicas": number})) for number in "12"
    )
    with pytest.raises(Problem, match="made for other answers"):
        await session.installer.start(second, "install", [replace(PASSING[0], made_for=first.mark)])
    forced = session.answers.prepare(replace(second.draft, helm=HelmOptions(force_conflicts=True)))
    with pytest.raises(Problem, match="made for other answers"):
        await session.installer.start(forced, "install", [replace(PASSING[0], made_for=second.mark)])
    assert not session.started
    await session.installer.start(second, "install", [replace(PASSING[0], made_for=second.mark)])
    assert len(session.started) == 1


CONFLICT = Refusal(".spec.replicas", 'conflict with "kubectl" with subresource "scale" using apps/v1')
REFUSED = replace(PLAN, objects=(replace(API, change="refused", fields=(), restart="", refusals=(CONFLICT,)),))
TAKEN = replace(PLAN, objects=(replace(API, taken=(Takeover("spec.replicas", "kubectl"),)),), method="apply")


async def test_what_others_set_is_taken_over_by_a_key_named_and_started_after_the_name_was_typed(
    open_review: OpenReview, session: ScreenSession
) -> None:
    session.next_plan = REFUSED
    async with open_review() as see:
        await see.sees("fields of others  are left to them, so helm refuses", "[f]", "f take over", "would be refused")
        session.next_plan = TAKEN
        await see.press("f")
        await see.sees("are taken over: 1 field from kubectl", "Enter install", "f leave to others")
        await see.press("p")
        await see.sees("spec.replicas: taken over from kubectl: 1 -> 3")
        await see.press("escape")
        await see.sees("are taken over: 1 field from kubectl", "Enter install")
        await see.press("enter")
        await see.sees("This takes over 1 field from kubectl: type llm-cost-ops to go on")
        assert not session.started
        await see.type("llm-cost-ops")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    assert [spec.helm.force_conflicts for spec in session.specs] == [True]


async def test_the_key_is_off_where_nothing_conflicts_and_turns_back_what_it_did(
    open_review: OpenReview, session: ScreenSession
) -> None:
    session.next_plan = PLAN
    async with open_review() as see:
        await see.sees("[p]")
        await see.press("f")
        await see.sees("Nothing is refused because others set fields of it.")
        session.next_plan = REFUSED
        await see.press("t", "f")
        await see.sees("are taken over")
        await see.press("f")
        await see.sees("are left to them, so helm refuses")
    assert not session.started
