"""Before a rollback, an uninstall, a recover and its undoing: what would change, and what has to be typed."""

from __future__ import annotations

from dataclasses import replace

from tests.tui.conftest import Open
from tests.tui.driving import menu
from tests.tui.fakes import DEPLOYED, FIRST_PLAN, TARGET, ScreenSession
from tests.tui.plans import API, PLAN
from wizard.core.errors import Problem
from wizard.core.helm.plan import Refusal, Takeover
from wizard.core.kube import rights
from wizard.core.target import Target
from wizard.engine.release.rows import ReleasesView
from wizard.engine.release.undo_recover import Undo
from wizard.engine.release.uninstall import Item, Uninstall
from wizard.tui.start import Start

LISTS = Uninstall(
    "llm-cost-ops", "llm-cost-ops-dev", 3, "llm-cost-ops-1.0.0", False, (Item("Deployment/llm-cost-ops"),),
    (Item("PersistentVolumeClaim/data", "made by a StatefulSet"),), (),
)  # fmt: skip


async def test_a_roll_back_in_production_asks_for_the_name(open_app: Open, session: ScreenSession) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.production = True
    session.next_plan = PLAN
    async with open_app() as see:
        await menu(see, "b")
        await see.sees("Enter roll back to 1")
        await see.press("enter")
        await see.sees("This is production: type llm-cost-ops to go on")
        await see.type("wrong")
        await see.press("enter")
        await see.sees("That is not llm-cost-ops.")
        assert session.done == []
        await see.press(*["backspace"] * 5)
        await see.type("llm-cost-ops")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    assert session.done == [("rollback", 1)]


async def test_a_refused_or_owned_roll_back_cannot_be_started(open_app: Open, session: ScreenSession) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    refused = replace(API, change="refused", refusals=(Refusal("spec.selector", "field is immutable"),))
    session.next_plan = replace(PLAN, objects=(refused,))
    async with open_app() as see:
        await menu(see, "b")
        await see.sees("x refused", "spec.selector: field is immutable", "Enter disabled: see above")
        await see.press("enter")
        session.next_plan = replace(PLAN, owner="Argo CD application shop")
        await see.press("t")
        await see.sees("is owned by Argo CD application shop")
        await see.press("enter")
    assert session.done == []


async def test_an_uninstall_shows_three_lists_and_keeps_revisions_when_asked(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.lists = LISTS
    async with open_app() as see:
        await menu(see, "x")
        await see.sees(
            "Lost for ever: nothing", "Deleted: 1", "Kept: 1", "made by a StatefulSet", "The revisions go too"
        )
        await see.press("k")
        await see.sees("The revisions are kept")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    assert session.done == [("uninstall, history kept", 3)]


async def test_an_uninstall_that_loses_data_asks_for_the_name_and_escape_changes_nothing(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.lists = replace(LISTS, lost=(Item("PersistentVolumeClaim/data", "its class deletes"),))
    async with open_app() as see:
        await menu(see, "x")
        await see.sees("Lost for ever: 1", "its class deletes")
        await see.press("enter")
        await see.sees("Data is lost for ever: type llm-cost-ops")
        await see.press("escape", "escape")
        await see.sees("What do you want to do?")
    assert session.done == []


async def test_an_uninstall_that_must_not_be_says_why(open_app: Open, session: ScreenSession) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.lists = Problem("Ingress/llm-cost-ops serves Service/green of another release.", "Point it back")
    async with open_app() as see:
        await menu(see, "x")
        await see.sees("serves Service/green", "Point it back")
        await see.press("enter")
    assert session.done == []


async def test_rights_that_are_missing_are_told_with_what_they_cost_before_an_uninstall(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.lists = LISTS
    session.lost_rights = (rights.TABLE[-3],)
    async with open_app() as see:
        await menu(see, "x")
        await see.sees("you may not get Pod log: why a container ends is unknown", "Enter uninstall")


async def test_uninstall_as_a_command_opens_its_lists_and_escape_leads_home(
    open_app: Open, session: ScreenSession
) -> None:
    session.lists = LISTS

    async def find() -> Target:
        return TARGET

    async with open_app(Start("uninstall", find=find)) as see:
        await see.sees("PersistentVolumeClaim/data", "made by a StatefulSet")
        await see.press("escape")
        await see.sees("What do you want to do?")


async def test_a_stuck_release_offers_recover_first_and_asks_for_the_name(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((replace(DEPLOYED, helm_status="pending-upgrade"),), "all namespaces")
    session.next_plan = FIRST_PLAN
    async with open_app() as see:
        await see.sees("> llm-cost-ops")
        await see.press("enter")
        await see.sees("> [c] Recover")
        await see.press("enter")
        await see.sees(
            "revision 3 is pending-upgrade", "Changed already", "Deployment/a", "then roll back to revision 2"
        )
        await see.press("f", "enter")
        await see.sees("This rewrites Helm's record: type llm-cost-ops")
        await see.type("llm-cost-ops")
        await see.press("enter")
        await see.sees("backup.json", "What do you want to do?")
    assert session.done == [("failed", 3)]


async def test_a_stuck_release_is_not_marked_while_the_roll_back_after_it_would_be_refused(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((replace(DEPLOYED, helm_status="pending-upgrade"),), "all namespaces")
    conflict = Refusal(".spec.replicas", 'conflict with "kubectl" using apps/v1')
    session.next_plan = replace(PLAN, objects=(replace(API, change="refused", refusals=(conflict,)),))
    async with open_app() as see:
        await menu(see, "c")
        await see.sees("The roll-back after it would not start", "Enter mark as failed", "o take over")
        assert "f only mark" not in see.text()
        session.next_plan = replace(PLAN, objects=(replace(API, taken=(Takeover("spec.replicas", "kubectl"),)),))
        await see.press("o")
        await see.sees("then roll back to revision 2", "Enter roll back", "o leave it", "Esc back", "taken over")
        assert "would not start" not in see.text()
        session.next_plan = replace(PLAN, objects=(replace(API, change="refused", refusals=(conflict,)),))
        await see.press("enter")
        await see.type("llm-cost-ops")
        await see.press("enter")
        await see.sees("would be refused", "Mark it only", "a rollback then shows its plan")
        assert session.done == []
        await see.press("o")
        await see.sees("Enter mark as failed")
        await see.press("enter")
        await see.type("llm-cost-ops")
        await see.press("enter")
        await see.sees("backup.json")
    assert session.done == [("failed", 3)]


async def test_of_a_release_that_a_helm_elsewhere_may_have_in_hand_it_is_asked_why_nobody_is_at_work_on_it(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((replace(DEPLOYED, helm_status="pending-upgrade"),), "all namespaces")
    session.stuck = replace(session.stuck, young=True, proof="")
    async with open_app() as see:
        await menu(see, "c")
        await see.sees("a helm on another machine may be at work", "Enter asks why", "Enter roll back")
        await see.press("f", "enter")
        await see.sees("Confirm that no other helm is running")
        await see.press("space", "enter")
        await see.sees("Say it in a few words")
        await see.type("I killed it")
        await see.press("enter")
        await see.sees("This rewrites Helm's record: type llm-cost-ops")
        assert session.done == []
        await see.type("llm-cost-ops")
        await see.press("enter")
        await see.sees("What do you want to do?")
    assert session.done == [("failed: I killed it", 3)]


async def test_a_recover_of_ours_can_be_undone_from_the_menu_after_the_name_was_typed(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((replace(DEPLOYED, helm_status="failed"),), "all namespaces")
    session.undoable = Undo(3, "pending-upgrade", "kept/v3.json")
    async with open_app() as see:
        await menu(see, "z")
        await see.sees("put revision 3 of llm-cost-ops back to pending-upgrade", "kept/v3.json", "Enter undo recover")
        await see.sees("helm refuses to change it then.")
        await see.press("enter")
        await see.sees("This rewrites Helm's record: type llm-cost-ops to go on")
        assert session.done == []
        await see.type("llm-cost-ops")
        await see.press("enter")
        await see.sees("Put revision 3 of llm-cost-ops back to pending-upgrade", "What do you want to do?")
    assert session.done == [("undo", 3)]


async def test_without_a_recover_of_ours_no_undo_is_offered(open_app: Open, session: ScreenSession) -> None:
    session.found = ReleasesView((replace(DEPLOYED, helm_status="failed"),), "all namespaces")
    async with open_app() as see:
        await menu(see, "up")
        assert "Undo recover" not in see.text()


async def test_a_record_that_somebody_wrote_since_is_not_put_back_and_says_why(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((replace(DEPLOYED, helm_status="failed"),), "all namespaces")
    session.undoable = Problem("Revision 3 of llm-cost-ops is not what recover wrote any more.", "Its backup is kept.")
    async with open_app() as see:
        await menu(see, "z")
        await see.sees("is not what recover wrote any more", "Its backup is")
        await see.press("enter")
    assert session.done == []


async def test_before_a_roll_back_what_others_set_is_taken_over_by_a_key_and_read_again(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    conflict = Refusal(".spec.replicas", 'conflict with "kubectl" using apps/v1')
    session.next_plan = replace(PLAN, objects=(replace(API, change="refused", refusals=(conflict,)),))
    async with open_app() as see:
        await menu(see, "b")
        await see.sees("x refused", "or take it over: f, or", "f take over", "Enter disabled: see above")
        session.next_plan = replace(
            PLAN, objects=(replace(API, taken=(Takeover("spec.replicas", "kubectl"),)),), method="apply"
        )
        await see.press("f")
        await see.sees("spec.replicas: taken over from kubectl: 1 -> 3", "f leave to others", "Enter roll back to 1")
        await see.press("enter")
        await see.sees("This takes over 1 field from kubectl")
        await see.type("llm-cost-ops")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    assert [spec.helm.force_conflicts for spec in session.specs] == [True]


async def test_the_flag_of_a_rollback_is_on_where_its_preview_opens(open_app: Open, session: ScreenSession) -> None:
    session.next_plan = PLAN

    async def find() -> Target:
        return TARGET

    async with open_app(Start("rollback", find=find, force_conflicts=True)) as see:
        await see.sees("f leave to others", "Enter roll back to 1")
        await see.press("f")
        await see.loses("f leave to others")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    assert [spec.helm.force_conflicts for spec in session.specs] == [False]
