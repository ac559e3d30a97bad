"""What the checks say beside questions: by weight, beside the right question, dim when it was found for other answers."""

from __future__ import annotations

import asyncio

from tests.tui.conftest import Open
from tests.tui.fakes import CONTEXT, ScreenSession
from wizard.core.answers.draft import Draft
from wizard.core.rules.check import CheckResult, State
from wizard.tui.start import Start
from wizard.tui.step.seen import NOTHING

ONE, OTHER = Draft({"cpu": "1"}), Draft({"cpu": "2"})


def result(check_id: str, state: State, *about: str, evidence: str = "seen", step: str = "") -> CheckResult:
    return CheckResult(
        check_id, f"title of {check_id}", state, (evidence,), step, blocking=state == "fail", about=about
    )


ROOM = result("C01", "fail", "cpu", "replicas", evidence="2 of 3 pods fit", step="Lower it.")
QUOTA = result("Q02", "pass", "cpu", evidence="no quota")
HOST = result("I05", "warn", "host")


def test_what_is_bad_comes_first_with_its_next_step_and_is_shown_beside_other_questions() -> None:
    seen = NOTHING.with_results(ONE, (QUOTA, ROOM))
    bad, good = seen.notes(ONE, "cpu")
    assert (bad.symbol, bad.tone, list(bad.texts), bad.always) == ("x", "error", ["2 of 3 pods fit", "Lower it."], True)
    assert (good.symbol, good.tone, list(good.texts), good.always) == ("+", "ok", ["no quota", ""], False)
    assert seen.notes(ONE, "memory") == ()


def test_a_result_of_other_answers_is_dim_until_there_is_a_newer_one() -> None:
    seen = NOTHING.with_results(ONE, (ROOM,))
    assert [note.tone for note in seen.notes(OTHER, "cpu")] == ["dim"]
    newer = seen.with_results(OTHER, (result("C01", "pass", "cpu"),))
    assert [note.tone for note in newer.notes(OTHER, "cpu")] == ["ok"]


def test_what_waits_for_another_answer_leaves_what_was_seen_and_what_does_not_apply_takes_it_away() -> None:
    seen = NOTHING.with_results(ONE, (ROOM,))
    waits = result("C01", "skipped", "cpu", evidence="waits for W10")
    assert len(seen.with_results(OTHER, (waits,)).notes(OTHER, "cpu")) == 1
    gone = result("C01", "skipped", "cpu", evidence="nothing is placed")
    assert seen.with_results(OTHER, (gone,)).notes(OTHER, "cpu") == ()


def test_the_rail_counts_what_is_bad_and_names_what_is_alone() -> None:
    texts = ["".join(text for text, _ in row) for row in NOTHING.with_results(ONE, (HOST, ROOM, QUOTA)).rows(30)]
    assert texts == [" 1 x  title of C01", " 1 !  title of I05"]
    two = NOTHING.with_results(ONE, (HOST, result("I06", "warn", "host")))
    assert ["".join(text for text, _ in row) for row in two.rows(30)] == [" 2 !  to look at"]
    assert NOTHING.rows(30) == []


async def test_the_step_shows_it_once_a_person_pauses(open_app: Open, session: ScreenSession) -> None:
    session.said_while_asking = (result("I05", "warn", "host", evidence="team-b has it"), ROOM)
    async with open_app(
        Start("install", draft=Draft({"preset": "staging", "host": "a.example.org", "tls": "none", "context": CONTEXT}))
    ) as see:
        await see.sees("1 x  title of C…", "1 !  title of I…", "! 3 Address", "x 5 Resources")
        await see.press("enter", "enter")
        await see.sees("> 3 Address", "! team-b has it")


async def test_a_values_file_asks_no_cluster(open_app: Open, session: ScreenSession) -> None:
    session.said_while_asking = (ROOM,)
    async with open_app() as see:
        await see.sees("[v] Values file")
        await see.press("v")
        await see.sees("> 1 Environment")
        await asyncio.sleep(0.6)
        assert "title of C01" not in see.text()
