from __future__ import annotations

import asyncio
from dataclasses import replace

from textual.events import Key

from tests.adapters.tls_pairs import pairs
from tests.tui.conftest import Open
from tests.tui.driving import Driver
from tests.tui.fakes import CONTEXT, ScreenSession, check
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.tui.start import Start

STAGING = Draft({"preset": "staging", "host": "api.example.org", "tls": "none", "context": CONTEXT})


async def steps_to(see: Driver, *titles: str) -> None:
    for title in titles:
        await see.sees(f"> {title}")
        await see.press("enter")


async def test_a_dev_install_in_a_sandbox_takes_eight_keys_at_most(open_app: Open, session: ScreenSession) -> None:
    keys = ["i", "enter", "enter", "enter", "enter", "enter", "enter"]
    async with open_app() as see:
        await see.sees("[i] Install")
        await see.press(*keys[:-1])
        await see.sees("Enter install")
        await see.press(keys[-1])
        await see.sees("run 7f3a9c")
    assert len(keys) <= 8
    (draft, operation), *more = session.started
    assert not more
    assert operation == "install"
    assert draft.answers == {}  # Enter keeps defaults as defaults


async def test_keys_pressed_ahead_of_the_screen_are_not_lost(open_app: Open, session: ScreenSession) -> None:
    async with open_app() as see:
        await see.sees("[i] Install")
        for key in ("i", *["enter"] * 6):
            see.app.post_message(Key(key, key if len(key) == 1 else None))
        await see.sees("run 7f3a9c")
    assert len(session.started) == 1


async def test_back_and_forth_keeps_every_answer_and_saves_it(open_app: Open, session: ScreenSession) -> None:
    async with open_app() as see:
        await see.sees("[i] Install")
        await see.press("i")
        await see.sees("> 1 Environment")
        await see.press("down", "enter")
        await see.sees("> 2 Where", "preset staging")
        await see.press("tab")
        await see.press("ctrl+u")
        await see.type("team-a")
        await see.press("escape")
        await see.sees("> 1 Environment", "(*) Staging")
        await see.press("enter")
        await see.sees("> 2 Where", "[team-a")
    assert session.saved[-1].answers == {"preset": "staging", "namespace": "team-a"}


async def test_steps_without_questions_are_skipped_and_the_rail_says_so(open_app: Open) -> None:
    async with open_app() as see:
        await see.sees("[i] Install")
        await see.press("i")
        text = await see.sees("step 1 of 6")
        assert "4 TLS" not in text
        await see.press("down")
        await see.sees("step 1 of 7", "4 TLS")


async def test_an_invalid_host_is_one_sentence_and_the_step_does_not_go_on(open_app: Open) -> None:
    async with open_app(Start("install", draft=Draft({"preset": "staging", "context": CONTEXT}))) as see:
        await steps_to(see, "1 Environment", "2 Where")
        await see.sees("> 3 Address")
        await see.press("tab")
        await see.type("not a host")
        await see.press("enter")
        text = await see.sees("not a host", "x ")
        assert "> 3 Address" in text
        await see.press("ctrl+u")
        await see.type("api.example.org")
        await see.press("enter")
        await see.sees("> 4 TLS")


async def test_letters_are_text_in_a_text_field_and_keys_elsewhere(open_app: Open) -> None:
    async with open_app(Start("install")) as see:
        await see.sees("> 1 Environment")
        await see.press("tab", "ctrl+u")
        await see.type("q?:x")
        await see.sees("[q?:x")
        await see.press("shift+tab", "?")
        await see.sees("The preset decides sizes")


async def test_suggestions_that_arrive_late_change_offers_but_not_what_is_typed(
    open_app: Open, session: ScreenSession
) -> None:
    session.known_gate.clear()
    async with open_app(Start("install", draft=Draft({"preset": "staging", "context": CONTEXT}))) as see:
        await steps_to(see, "1 Environment")
        await see.sees("> 2 Where")
        await see.press("tab", "ctrl+u")
        await see.type("team")
        session.known_gate.set()
        await see.sees("F8 known here: default, llm-cost-ops-dev", "[team")
        await see.press("f8")
        await see.sees("[default")


async def test_the_values_file_can_be_read_at_any_step(open_app: Open) -> None:
    async with open_app(Start("install")) as see:
        await see.sees("> 1 Environment")
        await see.press("f4")
        await see.sees("The values file so far", "It holds no secret")
        await see.press("escape")
        await see.loses("The values file so far")


async def test_a_secret_file_that_is_missing_stops_the_step_and_one_that_ends_in_a_newline_is_said(
    open_app: Open, session: ScreenSession
) -> None:
    draft = Draft({"context": CONTEXT, "secret.jwt": "file", "secret.jwt.file": "/none"})
    async with open_app(Start("install", draft=draft)) as see:
        await steps_to(see, "1 Environment", "2 Where", "3 Address", "4 Resources")
        await see.sees("> 5 Secrets", "JWT secret: file")
        await see.press("enter")
        await see.sees("x The file for JWT secret /none does not exist.", "> 5 Secrets")
        session.disk.texts["/none"] = "s3cret-text-of-thirty-two-letters\n"
        await see.press("enter")
        await see.sees("Enter install")
        await see.press("escape")
        text = await see.sees("> 5 Secrets")
        assert "s3cret-text" not in text


async def test_f9_goes_to_the_first_answer_that_is_missing(open_app: Open) -> None:
    async with open_app(Start("install", draft=Draft({"preset": "prod", "context": CONTEXT}))) as see:
        await see.sees("> 1 Environment")
        await see.press("f9")
        await see.sees("> 3 Address", "x ")


async def test_a_bad_chart_leads_home_with_the_reason(open_app: Open, session: ScreenSession) -> None:
    session.chart.problem = Problem("./nope is not a chart: it has no Chart.yaml.", "Give another with --chart.")
    async with open_app(Start("install")) as see:
        await see.sees("x ./nope is not a chart", "Give another with --chart.", "[i] Install")


async def test_a_values_file_needs_no_cluster(open_app: Open, session: ScreenSession) -> None:
    session.config = replace(session.config, contexts=(), current="", problem=Problem("No kubeconfig.", "Name one."))
    draft = Draft({"image": "ghcr.io/me/api:1"})
    async with open_app(Start(draft=draft)) as see:
        await see.sees("[v] Values file")
        await see.press("v")
        for title in ("1 Environment", "2 Where", "3 Address", "4 Resources", "5 Secrets"):
            await see.sees(f"> {title}")
            await see.press("enter")
        await see.sees("Enter write the file", "It holds no secret")
        await see.press("enter")
        await see.sees("Written: ./llm-cost-ops.dev.values.yaml")
    assert list(session.disk.texts) == ["./llm-cost-ops.dev.values.yaml"]
    assert not session.started


# Review


async def at_review(see: Driver) -> None:
    await see.sees("> 1 Environment")
    await see.press("f9")
    await see.sees("review", "checks")


async def test_a_red_line_opens_its_field_and_comes_back(open_app: Open, session: ScreenSession) -> None:
    red = check(
        "A03", "Host is taken", "fail", "Ingress team-b/web uses it", next_step="Choose another.", question="host"
    )
    session.checks = (*session.checks, red)
    async with open_app(Start("install", draft=STAGING)) as see:
        await at_review(see)
        text = await see.sees("> x failed", "Host is taken", "Choose another.", "Enter open the red field")
        assert text.index("Host is taken") < text.index("Certificates") < text.index("5 checks")
        await see.press("enter")
        await see.sees("> 3 Address", "Host", "api.example.org", "Enter review")
        session.checks = session.checks[:-1]
        await see.press("enter")
        await see.sees("Enter install")
    assert not session.started


async def test_a_red_line_without_a_field_stops_the_start_and_says_why(open_app: Open, session: ScreenSession) -> None:
    session.checks = (check("R01", "The API server answers", "fail", "connection refused", next_step="Start it."),)
    async with open_app(Start("install")) as see:
        await at_review(see)
        await see.sees("Enter disabled: 1 check failed")
        await see.press("enter")
        await see.pilot.pause()
    assert not session.started


async def test_enter_before_the_checks_are_in_starts_when_they_are(open_app: Open, session: ScreenSession) -> None:
    session.checks_gate.clear()
    async with open_app(Start("install")) as see:
        await at_review(see)
        await see.sees("still checking")
        await see.press("enter")
        await see.sees("install starts when the checks are in")
        assert not session.started
        session.checks_gate.set()
        await see.sees("run 7f3a9c")


async def test_unknown_facts_are_listed_and_do_not_stop(open_app: Open, session: ScreenSession) -> None:
    async with open_app(Start("install")) as see:
        await at_review(see)
        await see.sees("? unknown C03", "To settle it: list clusterissuers.", "Enter install")
        await see.press("enter")
        await see.sees("run 7f3a9c")


async def test_production_asks_for_the_name_of_the_release(open_app: Open, session: ScreenSession) -> None:
    draft = STAGING.with_answers({"preset": "prod"})
    async with open_app(Start("install", draft=draft)) as see:
        await at_review(see)
        await see.sees("Enter install")
        await see.press("enter")
        await see.sees("This is production: type llm-cost-ops to go on")
        await see.type("yes")
        await see.press("enter")
        await see.sees("That is not llm-cost-ops.")
        assert not session.started
        await see.press("ctrl+u")
        await see.type("llm-cost-ops")
        await see.press("enter")
        await see.sees("run 7f3a9c")


async def test_an_existing_file_is_shown_as_a_diff_first(open_app: Open, session: ScreenSession) -> None:
    mine = "replicaCount: 5 # mine\nglobal: {environment: development}\ningress: {enabled: false}\nautoscaling: {enabled: false}\n"
    session.disk.texts["./llm-cost-ops.dev.values.yaml"] = mine
    async with open_app(Start("install", draft=Draft({"replicas": "2"}))) as see:
        await at_review(see)
        await see.sees("changes", "-replicaCount: 5", "+replicaCount: 2 # mine")
        await see.press("d")
        await see.loses("-replicaCount: 5")


async def test_a_refused_start_stands_at_the_top_and_nothing_is_lost(open_app: Open, session: ScreenSession) -> None:
    session.refusal = Problem("helm was not found.", "Name it with --helm.")
    async with open_app(Start("install")) as see:
        await at_review(see)
        await see.sees("Enter install")
        await see.press("enter")
        await see.sees("x helm was not found.", "Name it with --helm.")
        session.refusal = None
        await see.press("t")
        await see.sees("Enter install")


async def test_s_writes_the_file_and_starts_nothing(open_app: Open, session: ScreenSession) -> None:
    async with open_app(Start("install")) as see:
        await at_review(see)
        await see.sees("Enter install")
        await see.press("s")
        await see.sees("Written: ./llm-cost-ops.dev.values.yaml", "What do you want to do?")
    assert session.disk.texts
    assert not session.started


async def test_quitting_in_mid_question_keeps_the_draft(open_app: Open, session: ScreenSession) -> None:
    async with open_app(Start("install")) as see:
        await see.sees("> 1 Environment")
        await see.press("down", "ctrl+q")
        await asyncio.sleep(0)
    assert session.saved[-1].answers == {"preset": "staging"}
    assert see.app.return_code == 130


async def test_a_first_question_whose_files_are_read_takes_keys_at_once(open_app: Open, session: ScreenSession) -> None:
    session.answers.layers(session.answers.new())
    async with open_app(Start("install")) as see:
        await see.press("down")
        await see.sees("preset staging", "(*) Staging")
        await see.press("enter")
        await see.sees("+ 1 Environment", "> 2 Where")


async def test_certificate_files_are_judged_where_they_are_asked_for(open_app: Open, session: ScreenSession) -> None:
    answers = {**STAGING.answers, "tls": "files", "tls.cert": "/c", "tls.key": "/k"}
    pair = pairs()["for another host"]
    session.disk.texts |= {"/c": pair.key.decode(), "/k": pair.certificate.decode()}
    async with open_app(Start("install", draft=Draft(answers))) as see:
        await steps_to(see, "1 Environment", "2 Where", "3 Address")
        await see.sees("> 4 TLS", "Certificate file")
        await see.press("enter")
        await see.sees("x The two are swapped: /c holds the private key")
        session.disk.texts |= {"/c": pair.certificate.decode(), "/k": pairs()["another key"].key.decode()}
        await see.press("enter")
        await see.sees("x The key in /k is not that of")
        session.disk.texts["/k"] = pair.key.decode()
        await see.press("enter")
        assert "PRIVATE KEY" not in await see.sees("> 5 ")
