"""A bundle on the full screen: read as it was then, without a cluster."""

from __future__ import annotations

from tests.tui.conftest import Open
from tests.tui.diagnose.test_screen import SICK, WELL
from tests.tui.fakes import ScreenSession
from wizard.tui.start import Start


async def test_a_bundle_shows_causes_proof_timeline_and_message_and_asks_no_cluster(
    open_app: Open, session: ScreenSession
) -> None:
    async with open_app(Start(saved=SICK)) as see:
        await see.sees("bundle of llm-cost-ops", "no cluster is contacted", "as saved at 2026-01-02T03:04:05Z", "> 1 x")
        assert "l logs" not in see.text()
        await see.press("enter")
        await see.sees("FATAL: password authentication failed")
        await see.press("escape")
        await see.press("t")
        await see.sees("What happened", "revision 13: failed")
        await see.press("escape")
        await see.press("m")
        await see.sees("1. StatefulSet/llm-cost-ops-postgresql", "since 4 m 05")
        await see.press("escape")
        await see.press("l", "u", "b", "h", "r")
        await see.sees("> 1 x", "no cluster is contacted")
        assert session.looked_at == []


async def test_a_bundle_of_a_healthy_release_says_so(open_app: Open) -> None:
    async with open_app(Start(saved=WELL)) as see:
        await see.sees("nothing is wrong that can be seen", "q quit")
        assert "proof" not in see.text()
