"""status, logs and runs in lines, over a scripted session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.cli.commands.test_install import call
from tests.cli.stub import TARGET, finished_run, objects, stub_session
from tests.stub_session import RUN_ID
from tests.tui.fakes import NAME_MISSING
from wizard.core.errors import Problem
from wizard.core.run.events import Event
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.engine.release.rows import ReleaseRow, ReleasesView

ROW = ReleaseRow("llm-cost-ops", "llm-cost-ops-dev", "llm-cost-ops-1.0.0", "1.0.0", 2, "deployed", "", 7, 7, "ready")


def live(state: str, reason: str, *more: Event) -> list[Sequence[Event]]:
    return [[*finished_run(verdict=state)[2:3], *more, Event("verdict", {"state": state, "reason": reason})]]


def finding(*, terminal: bool) -> Event:
    data = {
        "id": "IM01",
        "title": "no image",
        "object": "Pod/p",
        "terminal": terminal,
        "evidence": ["e"],
        "remedy": ["r"],
    }
    return Event("finding", data)


@pytest.mark.parametrize(
    ("state", "code"), [("ready", 0), ("progressing", 0), ("stuck", 1), ("failed", 1), ("unknown", 3)]
)
async def test_the_exit_code_of_status_is_the_verdict(state: str, code: int) -> None:
    session = stub_session()
    session.found = ReleasesView((ROW,), "namespace llm-cost-ops-dev")
    session.watched = live(state, "because")

    got, said = await call("status", session)

    assert got == code
    assert "llm-cost-ops in llm-cost-ops-dev: because" in said
    assert "revision 2, helm: deployed, chart llm-cost-ops-1.0.0, app 1.0.0" in said
    assert "Deployment/llm-cost-ops  1 of 1" in said


async def test_a_cause_that_does_not_heal_is_a_problem() -> None:
    session = stub_session()
    session.found = ReleasesView((ROW,), "x")
    session.watched = live("progressing", "waits", finding(terminal=True))

    code, said = await call("status", session)

    assert code == 1
    assert "x stuck IM01 no image (Pod/p)" in said


async def test_nothing_found_is_unknown_and_says_where_it_looked(capsys: pytest.CaptureFixture[str]) -> None:
    session = stub_session()
    session.found = ReleasesView((), "namespaces a, b", "releases of other namespaces: needs list secrets")

    code, said = await call("status", session)

    assert code == 3
    assert "? unknown No release found; looked in namespaces a, b" in said
    assert "? unknown releases of other namespaces: needs list secrets" in said
    assert "-n NAMESPACE" in capsys.readouterr().err
    assert (await call("logs", session))[0] == 3


@pytest.mark.parametrize(("worst", "code"), [("ready", 0), ("unknown", 3), ("stuck", 1)])
async def test_several_releases_are_a_table_and_the_worst_decides(worst: str, code: int) -> None:
    session = stub_session()
    rows = (ROW, ReleaseRow("other", "b", verdict=worst), ReleaseRow("third", "c", verdict="progressing"))
    session.found = ReleasesView(rows, "everywhere")

    got, said = await call("status", session)

    assert got == code
    assert "other         b" in said
    with pytest.raises(Problem, match="There are several releases"):
        await call("logs", session)


async def test_a_name_chooses_among_several() -> None:
    session = stub_session()
    session.found = ReleasesView((ROW, ReleaseRow("other", "b")), "everywhere")
    session.watched = live("ready", "fine")

    assert "llm-cost-ops in llm-cost-ops-dev: fine" in (await call("status llm-cost-ops", session))[1]
    assert (await call("status nobody", session))[0] == 3


async def test_status_in_json() -> None:
    session = stub_session()
    session.found = ReleasesView((ROW,), "x", "y")
    session.watched = live("stuck", "why", finding(terminal=True))

    _, said = await call("status --output json", session)

    (one,) = objects(said)
    assert (one["exit"], one["verdict"], one["looked_in"], one["hidden"]) == (1, "stuck", "x", "y")
    assert one["objects"][0]["kind"] == "Deployment"
    assert one["findings"][0]["id"] == "IM01"


@pytest.mark.parametrize(("line", "seconds"), [("status", 1.0), ("status --reach 3", 3.0), ("status --reach 0", 0.0)])
async def test_status_asks_whether_people_reach_it_for_as_long_as_it_may(line: str, seconds: float) -> None:
    session = stub_session()
    session.found = ReleasesView((ROW,), "x")
    session.watched = live("ready", "fine")
    session.reached = NAME_MISSING

    code, said = await call(line, session)

    assert session.reach_seconds == [seconds]
    assert code == 0, "who reaches it never changes the code"
    assert ("~ waiting reachable: waiting for you: CNAME" in said) is bool(seconds)
    assert ("next: Create that DNS record" in said) is bool(seconds)
    assert ("https://api.example.com/health: api.example.com does not resolve" in said) is bool(seconds)


@pytest.mark.parametrize("seconds", ["-1", "16", "nan"])
async def test_a_time_that_is_no_time_to_wait_is_refused(seconds: str) -> None:
    session = stub_session()
    session.found = ReleasesView((ROW,), "x")

    with pytest.raises(Problem, match="--reach takes 0 to 15 seconds"):
        await call(f"status --reach={seconds}", session)


async def test_status_has_reach_in_both_json_forms() -> None:
    session = stub_session()
    session.found = ReleasesView((ROW,), "x")
    session.watched = live("ready", "fine")

    (one,) = objects((await call("status --output json", session))[1])
    *_, last = objects((await call("status --output jsonl", session))[1])
    (without,) = objects((await call("status --output json --reach 0", session))[1])

    assert (one["exit"], one["reach"]) == (0, session.reached.to_data())
    assert (last["type"], last["data"]) == ("reach", session.reached.to_data())
    assert "reach" not in without


async def test_followed_status_and_logs_go_on_until_the_stream_ends() -> None:
    session = stub_session()
    session.found = ReleasesView((ROW,), "x")
    session.watched = [[one] for one in finished_run()[2:6]]

    code, said = await call("status --follow", session)
    assert code == 0
    assert "+ ready Deployment/llm-cost-ops  1 of 1" in said

    session.watched = live("progressing", "waits", finding(terminal=True))
    assert (await call("status --follow", session))[0] == 1
    session.watched = [[one] for one in finished_run()[2:6]]

    code, said = await call("logs --follow", session)
    assert code == 0
    assert "p-0 api | hello" in said
    assert "Deployment" not in said
    assert "hello" not in (await call("logs --follow --container other", session))[1]


async def test_runs_are_listed_newest_first_with_how_they_ended() -> None:
    session = stub_session()
    session.past = [summary("b2", "running"), summary("a1", "finished", 1)]

    code, said = await call("runs", session)

    assert code == 0
    first, second = said.splitlines()
    assert first.startswith("~ progressing  b2")
    assert "finished, exit 1, failed" in second
    (one,) = objects((await call("runs --output json", session))[1])
    assert [run["id"] for run in one["runs"]] == ["b2", "a1"]


async def test_no_runs_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert (await call("runs"))[0] == 0
    assert "There are no runs yet." in capsys.readouterr().err


async def test_a_run_is_shown_again_by_its_id_and_exits_as_it_did() -> None:
    session = stub_session()
    session.past = [summary(RUN_ID, "finished", 1)]
    session.record = finished_run(1, "failed", "helm gave up")

    code, said = await call(f"runs {RUN_ID} --plain", session)

    assert code == 1
    assert f"run {RUN_ID}: install" in said
    assert "x failed helm gave up" in said
    assert session.revived == []
    assert session.looked_at == []


async def test_a_run_that_ended_long_ago_is_only_shown_again() -> None:
    session = stub_session()
    session.past = [summary(RUN_ID, "finished", 0)]

    assert (await call(f"runs {RUN_ID} --plain", session))[0] == 0
    assert session.looked_at == []


async def test_a_run_that_lost_its_runner_gets_a_new_one(capsys: pytest.CaptureFixture[str]) -> None:
    session = stub_session()
    session.past = [summary(RUN_ID, "orphaned")]

    await call(f"runs {RUN_ID} --plain", session)

    assert session.revived == [RUN_ID]
    assert "helm went on" in capsys.readouterr().err


def summary(run_id: str, state: str, code: int | None = None) -> RunSummary:
    verdict: Any = "" if code is None else "failed"
    return RunSummary(run_id, "install", Target(**TARGET), state, "2026-01-02T03:04:05Z", verdict, code)
