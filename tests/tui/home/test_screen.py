from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.tui.conftest import Open
from tests.tui.fakes import CONTEXT, DEPLOYED, TARGET, ScreenSession
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.kube.kubeconfig import Kubeconfig
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.engine.preflight.overview import HomeLine
from wizard.engine.release.rows import ReleasesView
from wizard.tui.start import Start
from wizard.tui.step.screen import StepScreen

NO_CONFIG = Problem("No kubeconfig was found at ~/.kube/config.", "Set KUBECONFIG or name a file.")


async def test_a_fresh_cluster_is_described_and_install_is_the_first_thing_to_do(open_app: Open) -> None:
    async with open_app() as see:
        text = await see.sees("READING ONLY", "3 of 3 nodes ready", "no cert-manager", "bring your own files, or none")
        assert "> [i] Install" in text
        assert max(map(len, text.split("\n"))) <= 80


async def test_releases_come_first_and_enter_on_one_offers_what_fits_its_state(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView(
        (
            DEPLOYED,
            replace(DEPLOYED, name="other", namespace="team-b", verdict="stuck", worst="image"),
        ),
        "all namespaces",
    )
    async with open_app() as see:
        text = await see.sees("> llm-cost-ops", "deployed", "7/7", "2 d", "+ ready", "x stuck", "image")
        assert text.index("7/7") < text.index("What do you want to do?")
        await see.press("down", "enter")
        await see.sees("other in team-b", "> [d] Diagnose", "[u] Upgrade", "[x] Uninstall")
        await see.press("u")
        await see.sees("upgrade other", "step 1")
        assert isinstance(see.app.screen, StepScreen)
        draft = see.app.screen.draft
        assert draft.answers == {"context": CONTEXT, "namespace": "team-b", "release": "other"}


async def test_the_rows_are_shown_before_the_overview_is_asked_for(
    open_app: Open, session: ScreenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wizard.tui.bridge._ROWS_FIRST", 20.0)  # a busy machine takes longer to paint
    monkeypatch.setattr("wizard.tui.bridge._PAINTED", 0.5)
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    shown: list[str] = []
    home = session.home
    async with open_app() as see:

        def asked() -> AsyncIterator[HomeLine]:
            shown.append(see.text())
            return home()

        monkeypatch.setattr(session, "home", asked)
        await see.sees("7/7", "3 of 3 nodes ready")
        session.found = ReleasesView((replace(DEPLOYED, ready=3),), "all namespaces")
        shown.clear()
        see.app.bridge.watch_home(see.app.screen)
        await see.sees("3/7", "3 of 3 nodes ready")
    assert "3/7" in shown[0]


async def test_an_upgrade_starts_from_the_values_that_run(open_app: Open, session: ScreenSession) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    async with open_app() as see:
        await see.sees("[u] Upgrade")
        await see.press("u")
        for step in ("1 Environment", "2 Where", "3 Address"):
            await see.sees(f"> {step}")
            await see.press("enter")
        await see.sees("> 4 ", "[4  ")


async def test_values_that_may_not_be_read_lead_back_home_with_the_reason(
    open_app: Open, session: ScreenSession
) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    session.running = Problem("helm may not read Secrets here.", "Ask for: get secrets.")
    async with open_app() as see:
        await see.sees("[u] Upgrade")
        await see.press("u")
        await see.sees("x helm may not read Secrets here.", "Ask for: get secrets.", "[i] Install")


@pytest.mark.parametrize(
    ("places", "sentence"),
    [((), "llm-cost-ops was not found."), (("a", "b"), "llm-cost-ops is in a, b.")],
)
async def test_an_upgrade_of_a_release_that_is_not_in_one_place_asks_which(
    open_app: Open, session: ScreenSession, places: tuple[str, ...], sentence: str
) -> None:
    session.found = ReleasesView(tuple(replace(DEPLOYED, namespace=one) for one in places), "all namespaces")
    async with open_app(Start("upgrade")) as see:
        await see.sees(sentence, "-n NAMESPACE")


async def test_an_upgrade_finds_the_only_place_of_its_release(open_app: Open, session: ScreenSession) -> None:
    session.found = ReleasesView((replace(DEPLOYED, namespace="team-b"),), "all namespaces")
    async with open_app(Start("upgrade")) as see:
        await see.sees("upgrade llm-cost-ops", "/ team-b", "> 1 Environment")


async def test_u_upgrades_the_release_in_hand(open_app: Open, session: ScreenSession) -> None:
    session.found = ReleasesView((DEPLOYED,), "all namespaces")
    async with open_app() as see:
        await see.sees("[u] Upgrade")
        await see.press("u")
        await see.sees("upgrade llm-cost-ops", "step 1")


async def test_without_a_kubeconfig_home_opens_with_the_reason_and_a_values_file_can_still_be_made(
    open_app: Open, session: ScreenSession
) -> None:
    session.config = Kubeconfig((), (), "", NO_CONFIG)
    session.home_lines = (HomeLine("cluster", "fail", "Cluster", NO_CONFIG.what, NO_CONFIG.next_step),)
    async with open_app() as see:
        text = await see.sees(NO_CONFIG.what, NO_CONFIG.next_step, "[t] Try again", "[o] Other file", "[v] Values file")
        assert "[i]" not in text
        assert text.count(NO_CONFIG.what) == 1
        await see.press("v")
        await see.sees("values file", "no cluster needed")


async def test_a_refused_cluster_keeps_home_open_and_another_context_can_be_chosen(
    open_app: Open, session: ScreenSession
) -> None:
    session.home_lines = (
        HomeLine("cluster", "fail", "Cluster", "https://127.0.0.1:6443 refuses connections.", "Start it or press x."),
    )
    async with open_app() as see:
        await see.sees("x https://127.0.0.1:6443 refuses connections.", "Start it or press x.", "[t] Try again")
        await see.press("x")
        await see.sees("Which cluster?", "demo-eks")
        await see.press("down", "enter")
        await see.loses("Which cluster?")
        assert session.options.context == "demo-eks"


@pytest.mark.parametrize(("typed", "used"), [("/tmp/other", "/tmp/other"), ("~/other", "{home}/other")])
async def test_another_kubeconfig_can_be_named(
    open_app: Open, session: ScreenSession, tmp_path: Path, typed: str, used: str
) -> None:
    session.config = Kubeconfig((), (), "", NO_CONFIG)
    async with open_app() as see:
        await see.sees("[o] Other file")
        await see.press("o")
        await see.sees("Which kubeconfig?")
        await see.type(typed)
        await see.press("enter")
        await see.loses("Which kubeconfig?")
        assert session.options.kubeconfig == used.format(home=tmp_path / "home")


async def test_the_problem_that_led_here_is_shown_first(open_app: Open) -> None:
    problem = Problem("The chart path ./nope does not exist.", "Give another with --chart.")
    async with open_app(Start("install", problem=problem)) as see:
        text = await see.sees("x The chart path ./nope does not exist.", "Give another with --chart.", "Install")
        assert text.split("\n")[2].startswith(" x The chart path")


async def test_a_run_that_goes_on_is_offered_for_attaching(open_app: Open, session: ScreenSession) -> None:
    session.past = [RunSummary("7f3a9c", "install", TARGET, "running", "2026-03-02T14:02:33Z")]
    async with open_app() as see:
        await see.sees("> [a] Attach", "install of llm-cost-ops in llm-cost-ops-dev, 3 m 07 ago")
        await see.press("a")
        await see.sees("run 7f3a9c")


async def test_a_run_whose_runner_died_gets_a_new_one(open_app: Open, session: ScreenSession) -> None:
    session.past = [RunSummary("7f3a9c", "install", TARGET, "orphaned", "2026-03-02T14:02:33Z")]
    async with open_app() as see:
        await see.sees("> [a] Take over")
        await see.press("enter")
        await see.sees("run 7f3a9c")
        assert session.revived == ["7f3a9c"]


async def test_a_kept_draft_is_offered_with_what_it_holds(open_app: Open, session: ScreenSession) -> None:
    session.kept = [("2026-03-02T13:48:00Z", Draft({"preset": "staging", "host": "api.test"}))]
    async with open_app() as see:
        await see.sees("[r] Resume", "draft from 13:48: staging, 2 answers, no secrets kept")
        await see.press("r")
        await see.sees("step 1", "preset staging", "(*) Staging")


async def test_a_mistake_of_our_own_is_a_line_of_home(
    open_app: Open, session: ScreenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(session.answers, "kept", broken)
    async with open_app() as see:
        await see.sees("The wizard made a mistake of its own (RuntimeError).", "[i] Install")


async def test_the_palette_offers_only_what_applies(open_app: Open) -> None:
    async with open_app() as see:
        await see.sees("[i] Install")
        await see.press(":")
        text = await see.sees("Choose another cluster", "Run all checks")
        assert "Upgrade" not in text
        assert "Stop helm" not in text


async def test_explain_tells_about_the_entry_in_hand(open_app: Open) -> None:
    async with open_app() as see:
        await see.sees("[i] Install")
        await see.press("p")
        await see.sees("llm-cost-ops-wizard sandbox up")
        await see.press("escape", "?")
        await see.sees("Seven steps")


async def test_q_ends_with_code_zero_and_ends_the_session(open_app: Open, session: ScreenSession) -> None:
    async with open_app() as see:
        await see.sees("[i] Install")
        await see.press("q")
    assert see.app.return_code == 0
    assert session.closed


async def test_a_release_that_a_command_does_not_find_is_said_on_home(open_app: Open) -> None:
    async def find() -> Target:
        raise Problem("There is no release x here; looked in all namespaces.", "Look elsewhere with -n NAMESPACE.")

    async with open_app(Start("diagnose", find=find)) as see:
        await see.sees("There is no release x here", "Look elsewhere with -n NAMESPACE.")
