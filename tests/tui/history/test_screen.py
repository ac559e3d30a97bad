"""The revisions of a release: what one changed, and the way back."""

from __future__ import annotations

from dataclasses import replace

from tests.tui.conftest import Open
from tests.tui.driving import menu
from tests.tui.fakes import DEPLOYED, ScreenSession
from tests.tui.plans import PLAN
from wizard.engine.release.records import Revision
from wizard.engine.release.rows import ReleasesView

REVISIONS = (
    Revision(1, "superseded", "2026-01-01T00:00:00Z", "llm-cost-ops-1.0.0", "v1", "Install complete"),
    Revision(2, "superseded", "2026-01-01T01:00:00Z", "llm-cost-ops-1.0.0", "v1", "Upgrade complete", "run ab12"),
    Revision(3, "failed", "2026-01-01T02:00:00Z", "llm-cost-ops-1.0.0", "v1", "timed out"),
)


async def test_the_way_back_leads_to_the_newest_revision_once_it_was_uninstalled(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.next_plan = replace(PLAN, operation="rollback")
    for status, offered in (("deployed", False), ("uninstalled", True)):
        session.revisions = (Revision(1, status, "2026-01-01T00:00:00Z", "llm-cost-ops-1.0.0", "v1"),)
        async with open_app() as see:
            await menu(see, "h")
            text = await see.sees("history", status)
            assert ("[b]" in text or "b roll back" in text) is offered


async def test_history_shows_revisions_what_one_changed_and_the_way_back(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.revisions = REVISIONS
    session.next_plan = replace(PLAN, operation="rollback")
    async with open_app() as see:
        await menu(see, "h")
        await see.sees("3 revisions kept", "> 3", "x failed", "run ab12: Upgrade")
        await see.press("enter")
        await see.sees("revision 2 -> 3", "+replicas: 2")
        await see.press("escape", "down", "v")
        await see.sees("values of revision 2")
        await see.press("escape", "b")
        await see.sees("roll back to 2", "This does not roll back", "data in volumes")
        await see.press("escape")
        await see.sees("3 revisions kept")
        await see.press("down", "down", "b")
        await see.sees("roll back to 1:", "Enter roll back to 1")
        await see.press("enter")
        await see.sees("run 7f3a9c")
    assert session.done == [("rollback", 1)]
