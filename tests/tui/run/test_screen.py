from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.events import Key

from tests.stub_session import StubRelease
from tests.tui.conftest import Open
from tests.tui.fakes import BEGIN, END, NAME_MISSING, NOW, READY, STUCK, ScreenSession, event, lines
from wizard.core.errors import Problem
from wizard.core.reach.result import Reach
from wizard.core.run.events import Event
from wizard.core.text import sanitize
from wizard.engine import records
from wizard.tui.run.screen import RunScreen
from wizard.tui.start import Start
from wizard.tui.widgets.log_pane import LogPane

RUN = Start("runs", run_id="7f3a9c")


async def test_a_stuck_run_is_named_with_cause_and_next_step(open_app: Open, session: ScreenSession) -> None:
    await session.say(*STUCK)
    async with open_app(RUN) as see:
        text = await see.sees(
            "03:07 of 10:00", "CHANGING THE CLUSTER", "helm 4.2.4 running", "x STUCK for 2 m 58",
            "postgresql-0 cannot get its disk", "will not heal itself", "class gp2 needs driver ebs.csi.aws.com",
            "helm would wait 6 m 53 more for nothing", "Install the EBS CSI driver.", "2 of 5 ready", "following",
            "WARN  database not reachable", "Closing the terminal is safe",
        )  # fmt: skip
        rows = [line for line in text.split("\n") if (line[1:2] in "x~+" and "Claim" in line) or "Deployment" in line]
        assert rows[0].lstrip("> ").startswith("x Claim")
        assert max(map(len, text.split("\n"))) <= 80


async def test_every_pane_can_be_reached_by_tab(open_app: Open, session: ScreenSession) -> None:
    await session.say(*STUCK)
    async with open_app(RUN) as see:
        await see.sees("STUCK")
        await see.press("tab", "tab")
        await see.sees("release recorded (revision 1", "created (jwt-secret; not shown)")
        await see.press("tab")
        await see.sees("! warning Claim/data-postgresql-0 ProvisioningFailed x7: no driver")
        await see.press("tab")
        await see.sees("The claim's class has no driver", "Or choose another class for the database disk.")


async def test_with_room_all_panes_show_at_once(open_app: Open, session: ScreenSession) -> None:
    await session.say(*STUCK)
    async with open_app(RUN, size=(140, 45)) as see:
        await see.sees("objects  2 of 5", "logs  ", "helm", "events  1", "findings  1", "Or choose another class")


async def test_enter_on_an_object_tells_all_about_it(open_app: Open, session: ScreenSession) -> None:
    await session.say(*STUCK)
    async with open_app(RUN) as see:
        await see.sees("STUCK")
        await see.press("enter")
        await see.sees("PersistentVolumeClaim data-postgresql-0", "no CSIDriver of that name")


async def test_space_holds_the_logs_and_nothing_is_lost_meanwhile(open_app: Open, session: ScreenSession) -> None:
    await session.say(*STUCK, lines("p-1", "api", *(f"line {number}" for number in range(50))))
    async with open_app(RUN) as see:
        await see.sees("line 49")
        await see.press("space")
        before = await see.sees("held", "Space follow")
        await session.say(lines("p-1", "api", *(f"later {number}" for number in range(500))))
        after = await see.sees("held, 500 new below")
        assert [one for one in after.split("\n") if "line 4" in one] == [
            one for one in before.split("\n") if "line 4" in one
        ]
        await see.press("space")
        await see.sees("later 499", "following", "0 lines lost")


async def test_a_filter_shows_only_matching_lines_and_an_empty_one_all(open_app: Open, session: ScreenSession) -> None:
    await session.say(*STUCK)
    async with open_app(RUN) as see:
        await see.sees("Ready to accept connections")
        await see.press("/")
        await see.sees("Show log lines with this text")
        await see.type("warn")
        await see.press("enter")
        await see.loses("Ready to accept")
        await see.sees("database not reachable", 'with "warn"')
        await see.press("/", "ctrl+u", "enter")
        await see.sees("Ready to accept connections")


async def test_p_shows_what_a_container_said_before_its_last_restart(open_app: Open, session: ScreenSession) -> None:
    await session.say(*STUCK, lines("p-1", "api", "last words", previous=True))
    async with open_app(RUN) as see:
        await see.sees("last words", "Ready to accept")
        await see.press("p")
        await see.loses("Ready to accept")
        await see.sees("last words", "before the last restart")


async def test_e_holds_at_the_first_error(open_app: Open, session: ScreenSession) -> None:
    await session.say(*BEGIN, lines("p-1", "api", "fine", "ERROR first", *(f"line {number}" for number in range(90))))
    async with open_app(RUN) as see:
        await see.sees("line 89")
        await see.press("e")
        await see.sees("ERROR first", "held")


async def test_hostile_log_text_is_shown_as_text(open_app: Open, session: ScreenSession) -> None:
    raw = (
        "\x1b[2J\x1b]0;owned\x07[red]not markup[/red] [/tmp/x]",
        "a\u202eb\x9b31mc",
        "[@click=app.quit]x[/]",
        "日本語" * 40,
    )
    await session.say(*BEGIN, lines("p-1", "api", *(sanitize.line(one) for one in raw)))
    async with open_app(RUN) as see:
        text = await see.sees("[red]not markup[/red] [/tmp/x]", "[@click=app.quit]x[/]", "日本語")
        assert not any(one in text for one in ("\x1b", "\x9b", "\u202e", "owned"))


async def test_ten_thousand_lines_keep_the_screen_alive(open_app: Open, session: ScreenSession) -> None:
    await session.say(*BEGIN)
    async with open_app(RUN) as see:
        await see.sees("following")
        for batch in range(10):
            await session.say(lines("p-1", "api", *(f"line {batch * 1000 + number}" for number in range(1000))))
        await see.sees("line 9999")
        pane = see.app.screen.query_one(LogPane)
        assert pane.buffer.end == 10_000
        await see.press("tab", "home")
        await see.sees("line 0", "held")


async def test_q_asks_and_staying_changes_nothing(open_app: Open, session: ScreenSession) -> None:
    await session.say(*STUCK)
    async with open_app(RUN) as see:
        await see.sees("STUCK")
        await see.press("q")
        await see.sees("[l] leave it running", "[s] stop helm", "Esc stay")
        await see.press("escape")
        await see.loses("leave it running")
        assert isinstance(see.app.screen, RunScreen)
    assert session.commands == []


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
async def test_leaving_a_run_that_goes_on_stops_nothing(open_app: Open, session: ScreenSession, key: str) -> None:
    await session.say(*STUCK)
    async with open_app(RUN) as see:
        await see.sees("STUCK")
        await see.press(key)
        await see.sees("leave it running")
        await see.press("l")
    assert session.commands == []
    assert see.app.return_code == 0


async def test_stopping_helm_is_one_command_and_the_screen_stays(open_app: Open, session: ScreenSession) -> None:
    await session.say(*STUCK)
    async with open_app(RUN) as see:
        await see.sees("STUCK")
        await see.press("q", "s")
        await see.sees("helm was asked to stop; it answers.")
        assert isinstance(see.app.screen, RunScreen)
    assert session.commands == [("7f3a9c", "cancel")]


async def test_who_asks_to_stop_reads_that_the_run_rolls_back_and_then_what_the_run_answers(
    open_app: Open, session: ScreenSession
) -> None:
    begun = replace(BEGIN[0], data={**BEGIN[0].data, "rollback_on_failure": True})
    session.answer = "asked; it is rolled back."
    await session.say(begun, *STUCK[1:])
    async with open_app(RUN) as see:
        await see.sees("STUCK")
        await see.press("s")
        await see.sees("[s] stop helm", "one SIGTERM; then it is rolled back, evidence kept")
        await see.press("s")
        await see.sees("asked; it is rolled back.")


async def test_a_roll_back_that_must_not_be_stopped_says_so_in_the_question(
    open_app: Open, session: ScreenSession
) -> None:
    begun = replace(BEGIN[0], data={**BEGIN[0].data, "operation": "rollback"})
    await session.say(begun, *STUCK[1:])
    async with open_app(RUN) as see:
        await see.sees("STUCK")
        await see.press("s")
        await see.sees("helm cannot be interrupted safely in this rollback")


async def test_a_letter_pressed_ahead_of_the_question_does_not_answer_it(
    open_app: Open, session: ScreenSession
) -> None:
    await session.say(*STUCK)
    async with open_app(RUN) as see:
        await see.sees("STUCK")
        for key in "qs":
            see.app.post_message(Key(key, key))
        await see.sees("This run goes on. What do you want?")
        await see.handled()
        assert not session.commands


async def test_a_run_that_ends_shows_three_facts_notes_files_and_commands(
    open_app: Open, session: ScreenSession
) -> None:
    await session.say(*READY)
    async with open_app(RUN) as see:
        await see.sees("3 of 3 ready")
        await session.say(*END)
        await see.sees(
            "+ READY", "+ Installed", "+ Working", "+ Reachable", "./llm-cost-ops.dev.values.yaml",
            "$ helm install llm-cost-ops", "kubectl port-forward svc/llm-cost-ops 8080:80", "took 01:18",
        )  # fmt: skip
        await see.press("l")
        await see.sees("objects  3 of 3 ready", "Enter result")
        await see.press("q")
    assert see.app.return_code == 0


async def test_the_result_shows_at_once_and_reachable_fills_in(open_app: Open, session: ScreenSession) -> None:
    session.reach_gate.clear()
    session.reached = NAME_MISSING
    await session.say(*READY, *END)
    async with open_app(RUN) as see:
        await see.sees(
            "+ Installed", "+ Working", "~ Reachable   asking from this machine ...", "$ helm install llm-cost-ops"
        )
        session.reach_gate.set()
        await see.sees(
            "~ Reachable   waiting for you: CNAME api.example.com -> lb-7f3a.example.net", "HTTP 200 at /health"
        )
        await see.press("l")
        await see.sees("objects  3 of 3 ready")
        await see.press("enter")
        await see.sees("waiting for you")
    assert len(session.looked_at) == 1, "it is asked once"


async def test_a_question_that_fails_leaves_the_result_and_says_why(
    open_app: Open, session: ScreenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(_: StubRelease) -> Event:
        raise Problem("The login has expired.", "Log in again.")

    monkeypatch.setattr(StubRelease, "reach", fails)
    await session.say(*READY, *END)
    async with open_app(RUN) as see:
        await see.sees("+ Working", "? Reachable   not asked: The login has expired.", "Do  Log in again.")


async def test_hostile_words_of_a_server_stay_one_safe_line(open_app: Open, session: ScreenSession) -> None:
    session.reached = Reach("fail", "https://a/ \x1b[2J answers\nHTTP 302, [bold]a redirect[/] to \u202ehttp://b")
    await session.say(*READY, *END)
    async with open_app(RUN) as see:
        await see.sees("x Reachable", "[bold]a redirect[/]")
        assert "\x1b" not in see.text()
        assert "\u202e" not in see.text()


async def test_an_uninstall_that_ended_says_only_that(open_app: Open, session: ScreenSession) -> None:
    started = replace(READY[0], data={**READY[0].data, "operation": "uninstall"})
    reason = "llm-cost-ops is uninstalled"
    end = event("run.finished", code=0, verdict="ready", reason=reason, files=[], commands=[])
    await session.say(started, event("helm.exited", code=0, signal=""), end)
    async with open_app(RUN) as see:
        await see.sees("+ DONE", reason, "+ Uninstalled", "helm removed the release")
        assert "Reachable" not in see.text()
        assert "+ Installed" not in see.text()
    assert session.looked_at == []


async def test_the_code_of_a_failed_run_is_the_code_of_the_wizard(open_app: Open, session: ScreenSession) -> None:
    failed = event("run.finished", code=1, verdict="failed", reason="helm gave up", files=[], commands=[])
    await session.say(*STUCK, event("helm.exited", code=1, signal=""), failed)
    async with open_app(RUN) as see:
        await see.sees(
            "x FAILED", "helm gave up", "x Installed", "helm ended with code 1", "The claim's class has no driver"
        )
        await see.press("q")
    assert see.app.return_code == 1


@pytest.mark.parametrize(
    ("key", "says"),
    [
        ("d", ("diagnose llm-cost-ops", "READING ONLY")), ("l", ("objects  ", "Enter result")),
        ("u", ("1 Environment", "upgrade")), ("b", ("roll back",)), ("x", ("uninstall",)),
    ],
)  # fmt: skip
async def test_after_a_failure_each_way_on_is_a_key(
    open_app: Open, session: ScreenSession, key: str, says: tuple[str, ...]
) -> None:
    failed = event("run.finished", code=1, verdict="failed", reason="helm gave up", files=[], commands=[])
    await session.say(*STUCK, event("helm.exited", code=1, signal=""), failed)
    async with open_app(RUN) as see:
        await see.sees("x FAILED", "Enter home", "l logs", "d diagnose", "u retry", "b roll back", "x uninstall")
        await see.press(key)
        await see.sees(*says)
        await see.loses("u retry")


async def test_a_reader_who_holds_the_logs_is_not_taken_away_when_the_run_ends(
    open_app: Open, session: ScreenSession
) -> None:
    await session.say(*READY)
    async with open_app(RUN) as see:
        await see.sees("3 of 3 ready")
        await see.press("space")
        await session.say(*END)
        await see.sees("Enter result", "objects  3 of 3")
        await see.press("enter")
        await see.sees("+ Installed")


async def test_the_clock_goes_on_while_nothing_happens(open_app: Open, session: ScreenSession) -> None:
    await session.say(*STUCK)
    async with open_app(RUN) as see:
        await see.sees("03:07 of 10:00")
        session.clock.at = NOW.replace(minute=6, second=0)
        await see.sees("03:27 of 10:00", "STUCK for 3 m 18")


async def test_a_record_that_cannot_be_written_is_said_while_the_run_goes_on_and_no_longer_once_it_can(
    open_app: Open, session: ScreenSession
) -> None:
    await session.say(*STUCK)
    async with open_app(RUN) as see:
        await see.sees("Closing the terminal is safe")
        session.record_problems.put_nowait(
            records.record_problem_text("the record cannot be written: No space left on device")
        )
        text = await see.sees(
            "! The record cannot be written: No space left on device. helm goes on;", "neither kept nor shown"
        )
        assert max(map(len, text.split("\n"))) <= 80
        session.record_problems.put_nowait("")
        await see.sees("Closing the terminal is safe")
        await see.loses("cannot be written")


async def test_n_finds_older_and_newer_lines_and_marks_them(open_app: Open, session: ScreenSession) -> None:
    said = [f"needle {number}" if number in (20, 60) else f"line {number}" for number in range(100)]
    await session.say(*BEGIN, lines("p-1", "api", *said))
    async with open_app(RUN) as see:
        await see.sees("line 99")
        await see.press("n")
        await see.sees("Find a line with this text")
        await see.type("NEEDLE")
        await see.press("enter")
        await see.sees("* needle 60", "held")
        await see.press("n")
        await see.sees("* needle 20")
        await see.press("N")
        await see.sees("* needle 60")


async def test_j_shows_structured_lines_as_they_were_written(open_app: Open, session: ScreenSession) -> None:
    await session.say(*BEGIN, lines("p-1", "api", '{"level":"info","msg":"started","port":8080}'))
    async with open_app(RUN) as see:
        await see.sees("INFO  started  port=8080")
        await see.press("j")
        await see.sees('{"level":"info","msg":"started","port":8080}', "as written")


async def test_y_copies_the_log_lines_that_show_and_shows_them_for_terminals_that_drop_it(
    open_app: Open, session: ScreenSession
) -> None:
    await session.say(*BEGIN, lines("p-1", "api", *(f"line {number}" for number in range(50))))
    async with open_app(RUN) as see:
        await see.sees("line 49")
        await see.press("tab", "y")
        await see.sees("Copied, if your terminal allows it", "[pod/p-1/api] 2026-03-02T14:05:49.000Z line 49")
        copied = see.app.clipboard.splitlines()
        assert copied[-1] == "[pod/p-1/api] 2026-03-02T14:05:49.000Z line 49"
        await see.press("escape")
        text = await see.sees("following")
        assert len(copied) == sum("line " in row and " api " in row for row in text.split("\n"))


async def test_y_in_helms_pane_copies_its_command(open_app: Open, session: ScreenSession) -> None:
    await session.say(*BEGIN)
    async with open_app(RUN) as see:
        await see.sees("helm 4.2.4 running")
        await see.press("tab", "tab")
        await see.sees("$ helm install")
        await see.press("y")
        await see.sees("else select it here")
        assert see.app.clipboard == "helm install llm-cost-ops chart --wait --timeout 10m"


async def test_y_without_anything_to_copy_says_so(open_app: Open, session: ScreenSession) -> None:
    await session.say(*BEGIN)
    async with open_app(RUN) as see:
        await see.sees("helm 4.2.4 running")
        await see.press("y")
        await see.sees("There are no log lines yet.")
        assert see.app.clipboard == ""


async def test_w_saves_what_is_shown_as_kubectl_prints_it(open_app: Open, session: ScreenSession) -> None:
    lost = event("log.gap", pod="p-1", container="api", lost=3, reason="the stream was cut")
    await session.say(*BEGIN, lines("p-1", "api", "one", "two"), lost)
    async with open_app(RUN) as see:
        await see.sees("two", "3 lost")
        await see.press("w")
        await see.sees("readable by you only")
        await see.press("enter")
        await see.sees("Written: ./release.log")
    assert session.disk.texts["./release.log"] == (
        "[pod/p-1/api] 2026-03-02T14:05:30.000Z one\n[pod/p-1/api] 2026-03-02T14:05:31.000Z two\n"
        "# 3 lines lost here: the stream was cut\n"
    )


async def test_a_change_that_comes_alone_does_not_wait_for_the_next_look(
    open_app: Open, session: ScreenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocked = RunScreen.set_interval

    def without_looks(screen: RunScreen, interval: float, callback: Any = None, **more: Any) -> Any:
        return clocked(screen, 3600 if callback == screen._poll else interval, callback, **more)

    monkeypatch.setattr(RunScreen, "set_interval", without_looks)
    async with open_app(RUN) as see:
        await session.say(*STUCK)
        await see.sees("STUCK")
