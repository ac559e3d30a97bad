from __future__ import annotations

from dataclasses import replace

from tests.tui.conftest import Open
from tests.tui.driving import Driver
from tests.tui.fakes import CONTEXT, DEPLOYED, FIRST_PLAN, TARGET, ScreenSession
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.helm.plan import ABSENT, Field, ObjectPlan, Plan, Refusal
from wizard.core.kube import rights
from wizard.core.target import Target
from wizard.engine.release.leftovers import Leftover, Leftovers
from wizard.engine.release.listing import ReleasesView
from wizard.engine.release.records import Revision
from wizard.engine.release.undo_recover import Undo
from wizard.engine.release.uninstall import Item, Uninstall
from wizard.ports.store import RunSummary
from wizard.tui.start import Start
from wizard.tui.widgets.frame import Keys

API = ObjectPlan(
    "Deployment", "llm-cost-ops", "ns", "apps/v1", "changed",
    (Field("spec.replicas", 1, 3), Field("spec.template.spec.containers[api].image", "x:1", "x:2")), "rolling",
)  # fmt: skip
KEY = ObjectPlan("Secret", "llm-cost-ops-app", "ns", "v1", "changed", (Field("data.key", "same", "same"),))
GONE = ObjectPlan("Ingress", "llm-cost-ops", "ns", "networking.k8s.io/v1", "removed")
SAME = ObjectPlan(
    "Service", "llm-cost-ops", "ns", "v1", "unchanged", drift=(Field("spec.type", "ClusterIP", "NodePort"),)
)
PLAN = Plan("upgrade", CONTEXT, "ns", "llm-cost-ops", 3, 3, (API, KEY, GONE, SAME), "llm-cost-ops-1.0.0")
REVISIONS = (
    Revision(1, "superseded", "2026-01-01T00:00:00Z", "llm-cost-ops-1.0.0", "v1", "Install complete"),
    Revision(2, "superseded", "2026-01-01T01:00:00Z", "llm-cost-ops-1.0.0", "v1", "Upgrade complete", "run ab12"),
    Revision(3, "failed", "2026-01-01T02:00:00Z", "llm-cost-ops-1.0.0", "v1", "timed out"),
)
LISTS = Uninstall(
    "llm-cost-ops", "llm-cost-ops-dev", 3, "llm-cost-ops-1.0.0", False, (Item("Deployment/llm-cost-ops"),),
    (Item("PersistentVolumeClaim/data", "made by a StatefulSet"),), (),
)  # fmt: skip


async def menu(see: Driver, session: ScreenSession, key: str) -> None:
    """Open the menu of the only release and press a key in it."""
    await see.sees("> llm-cost-ops")
    await see.press("enter")
    await see.sees("[u] Upgrade")
    await see.press(key)


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
        assert "changed behind helm's back: 1" in text
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
        await see.sees("the release is there already: this upgrades it, on the values that run", "Enter upgrade")
        await see.sees(f"upgrade {target}")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    ((draft, operation),) = session.started
    assert (operation, draft.running["replicaCount"], session.answers.resolve(draft).target) == ("upgrade", 4, target)


async def test_the_way_back_leads_to_the_newest_revision_once_it_was_uninstalled(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.next_plan = replace(PLAN, operation="rollback")
    for status, offered in (("deployed", False), ("uninstalled", True)):
        session.revisions = (Revision(1, status, "2026-01-01T00:00:00Z", "llm-cost-ops-1.0.0", "v1"),)
        async with open_app() as see:
            await menu(see, session, "h")
            text = await see.sees("history", status)
            assert ("[b]" in text or "b roll back" in text) is offered


async def test_history_shows_revisions_what_one_changed_and_the_way_back(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.revisions = REVISIONS
    session.next_plan = replace(PLAN, operation="rollback")
    async with open_app() as see:
        await menu(see, session, "h")
        await see.sees("3 revisions are kept", "> 3", "x failed", "run ab12: Upgrade")
        await see.press("enter")
        await see.sees("revision 2 -> 3", "+replicas: 2")
        await see.press("escape", "down", "v")
        await see.sees("values of revision 2")
        await see.press("escape", "b")
        await see.sees("roll back to 2", "This does not roll back", "data in volumes")
        await see.press("escape")
        await see.sees("3 revisions are kept")
        await see.press("down", "down", "b")
        await see.sees("roll back to 1:", "Enter roll back to 1")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    assert session.done == [("rollback", 1)]


async def test_a_roll_back_in_production_asks_for_the_name(open_app: Open, session: ScreenSession) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.production = True
    session.next_plan = PLAN
    async with open_app() as see:
        await menu(see, session, "b")
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
        await menu(see, session, "b")
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
        await menu(see, session, "x")
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
        await menu(see, session, "x")
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
        await menu(see, session, "x")
        await see.sees("serves Service/green", "Point it back")
        await see.press("enter")
    assert session.done == []


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


async def test_of_a_release_that_a_helm_elsewhere_may_have_in_hand_it_is_asked_why_nobody_is_at_work_on_it(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((replace(DEPLOYED, helm_status="pending-upgrade"),), "all namespaces")
    session.stuck = replace(session.stuck, young=True, proof="")
    async with open_app() as see:
        await menu(see, session, "c")
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


async def test_the_first_key_is_cut_and_not_left_out_where_it_does_not_fit() -> None:
    keys = Keys((("Enter", "is off: " + "for a very long reason " * 5), ("t", "look again")))

    shown = "".join(text for text, _ in keys.build(40)[1])

    assert shown.startswith(" Enter is off: for a very long")
    assert len(shown) <= 40


async def test_a_recover_of_ours_can_be_undone_from_the_menu_after_the_name_was_typed(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((replace(DEPLOYED, helm_status="failed"),), "all namespaces")
    session.undoable = Undo(3, "pending-upgrade", "kept/v3.json")
    async with open_app() as see:
        await menu(see, session, "z")
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
        await menu(see, session, "up")
        assert "Undo recover" not in see.text()


async def test_a_record_that_somebody_wrote_since_is_not_put_back_and_says_why(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((replace(DEPLOYED, helm_status="failed"),), "all namespaces")
    session.undoable = Problem("Revision 3 of llm-cost-ops is not what recover wrote any more.", "Its backup is kept.")
    async with open_app() as see:
        await menu(see, session, "z")
        await see.sees("is not what recover wrote any more", "Its backup is")
        await see.press("enter")
    assert session.done == []


async def test_a_field_that_is_not_there_before_is_said_so() -> None:
    from wizard.tui.review.plan_view import field_rows

    (row,) = field_rows(Field("spec.x", ABSENT, "new\nline"), 80)
    assert "".join(text for text, _ in row).strip() == "spec.x  (none)  ->  new\u23celine"


LEFT = Leftovers(
    "llm-cost-ops-dev",
    (
        Leftover("ConfigMap", "kept", "v1", "u1", "llm-cost-ops", "rest", "helm's annotation names the release"),
        Leftover("PersistentVolumeClaim", "data-0", "v1", "u2", "llm-cost-ops", "data", "its label names the release", "volume v and its data are deleted with it (reclaim policy Delete)"),
    ),
    foreign=("ConfigMap/other",),
)  # fmt: skip


async def test_leftovers_are_deleted_when_marked_and_data_only_after_the_name_was_typed(
    open_app: Open, session: ScreenSession
) -> None:
    session.past = [RunSummary("7f3a9c", "uninstall", TARGET, "finished", "2026-03-02T14:02:33Z")]
    session.left = (LEFT,)
    async with open_app() as see:
        await see.sees("[e] Leftovers")
        await see.press("e")
        await see.sees("2 left", "[ ] ConfigMap/kept of llm-cost-ops", "The namespace stays: 1 other things are in it.")
        await see.press("enter")
        await see.press("space")
        await see.sees("[x] ConfigMap/kept", "delete 1")
        await see.press("enter")
        await see.loses("ConfigMap/kept of")
        assert session.removed == ["u1"]
        await see.press("space")
        await see.sees("its data are deleted with it", "delete 1")
        await see.press("enter")
        await see.sees("1 of these cannot be had back: type llm-cost-ops to go on")
        await see.type("llm-cost-ops")
        await see.press("enter")
        await see.sees("nothing is left")
    assert session.removed == ["u1", "u2"]


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


async def test_rights_that_are_missing_are_told_with_what_they_cost_before_an_uninstall(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.lists = LISTS
    session.lost_rights = (rights.TABLE[-3],)
    async with open_app() as see:
        await menu(see, session, "x")
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


async def test_a_release_that_a_command_does_not_find_is_said_on_home(open_app: Open) -> None:
    async def find() -> Target:
        raise Problem("There is no release x here; looked in all namespaces.", "Look elsewhere with -n NAMESPACE.")

    async with open_app(Start("diagnose", find=find)) as see:
        await see.sees("There is no release x here", "Look elsewhere with -n NAMESPACE.")
