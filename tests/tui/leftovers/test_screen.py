"""What uninstalls left behind, deleted by what a person marks."""

from __future__ import annotations

from tests.tui.conftest import Open
from tests.tui.fakes import TARGET, ScreenSession
from wizard.core.run.summary import RunSummary
from wizard.engine.release.leftovers import Leftover, Leftovers

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
