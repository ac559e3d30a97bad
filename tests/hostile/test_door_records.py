"""Records of runs that anybody wrote: what can be shown is shown, for the rest there is a sentence, and nothing is followed."""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.run.test_view import SAMPLES
from tests.hostile.door_strategies import answers, broken, each, one_sentence, raw_json
from wizard.adapters.runs import processes
from wizard.adapters.runs import store as runs_store
from wizard.adapters.runs.store import RunFiles
from wizard.cli.follow import as_data
from wizard.cli.output import Out
from wizard.cli.render import EventPrinter
from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.run.events import Event
from wizard.core.run.view import RunView
from wizard.paths import state_dir

TIME = "2026-01-01T00:00:00.000Z"
STARTED = {"v": 1, "seq": 1, "time": TIME, "type": "run.started", "data": SAMPLES["run.started"]}
WHOLE = [
    {"v": 1, "seq": n, "time": TIME, "type": kind, "data": data} for n, (kind, data) in enumerate(SAMPLES.items(), 1)
]
SPEC = {
    "id": "ab",
    "operation": "install",
    "started": TIME,
    "who": "me",
    "target": {"context": "c", "namespace": "n", "release": "r"},
}


def copied(folder: Path, *lines: bytes) -> str:
    folder.mkdir(exist_ok=True)
    (folder / "record.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    return str(folder / "record.jsonl")


def events(found: str) -> list[Event]:
    async def read() -> list[Event]:
        return [event async for batch in RunFiles().follow(found) for event in batch]

    return asyncio.run(read())


def shown(seen: list[Event]) -> str:
    """What lines and a view make of events; they must be able to show each."""
    view, out = RunView(), io.StringIO()
    printer = EventPrinter(Out("text", stdout=out))
    for event in seen:
        view.apply(event)
        printer.show(event)
    json.dumps(as_data(view))
    view.rows(), view.ranked_findings(), view.applicable_fixes, view.hopeless, view.containers()
    return out.getvalue()


@each()
def test_any_record_that_was_copied_here_is_shown_or_refused(many: settings, tmp_path: Path) -> None:
    line = st.sampled_from(WHOLE).flatmap(answers)

    @many
    @given(st.one_of(st.just(json.dumps(STARTED).encode()), answers(STARTED)), st.lists(line, max_size=6))
    def holds(first: bytes, rest: list[bytes]) -> None:
        path = copied(tmp_path / "run", first, *rest)
        with one_sentence("record.jsonl"):
            shown(events(path))
            RunFiles().logs_until(path, 99)
            RunFiles().logs_from(path, 0)

    holds()


@each(2000)
def test_any_folder_among_the_runs_is_listed_or_gets_a_sentence_and_hides_no_other(many: settings) -> None:
    folder, other = state_dir("runs") / "ab", state_dir("runs") / "ok"
    for one in (folder, other):
        one.mkdir(exist_ok=True)
    (other / "run.json").write_text(json.dumps({**SPEC, "id": "ok"}))
    (folder / "record.jsonl").write_text(json.dumps(STARTED) + "\n")
    process = {"pid": 2**22 + 5, "start": "1"}
    files = {
        "run.json": SPEC, "runner.json": process, "supervisor.json": {"supervisor": process, "helm": process}, "control.json": {"socket": "/x"},
        "exit.json": {"code": 0, "signal": "", "time": 1.5e9},
    }  # fmt: skip

    @many
    @given(st.sampled_from(sorted(files)), st.data())
    def holds(name: str, data: st.DataObject) -> None:
        for known, tree in files.items():
            (folder / known).write_text(json.dumps(tree))
        (folder / name).write_bytes(data.draw(answers(files[name])))
        store = RunFiles()
        listed = {one.id for one in store.runs()}
        assert "ok" in listed
        assert len(listed) + len(store.damaged()) >= 2 or not (folder / "run.json").exists()
        with one_sentence():
            run = store.find("ab")
            asyncio.run(store.record_error(run.id))

    holds()


@pytest.fixture
def run_folder() -> Path:
    folder = state_dir("runs") / "ab"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps(SPEC))
    return folder


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ({**STARTED, "data": {**SAMPLES["run.started"], "target": None}}, "its target is not what it should be"),
        ({**STARTED, "data": {}}, "its id is missing"),
        ({**STARTED, "seq": "@inf@"}, "it holds 1e400"),
        ({**STARTED, "data": "@deep@"}, "nested more than 100 levels deep"),
        ({**STARTED, "v": 2}, "it is not an event of version 1"),
        ([], "it is not an event of version 1"),
        ({**STARTED, "type": 7}, "it has no type, seq or data"),
    ],
    ids=["target", "empty", "infinite", "deep", "version", "list", "type"],
)
def test_a_first_line_that_is_none_is_said_with_its_reason(tmp_path: Path, line: Any, says: str) -> None:
    path = copied(tmp_path / "run", raw_json(line).encode())
    with pytest.raises(Problem, match=says):
        RunFiles().find(path)


def test_a_bad_line_is_said_with_its_number_and_the_rest_is_shown(tmp_path: Path) -> None:
    phase = {**WHOLE[1], "seq": 5}
    lines = [json.dumps(STARTED), '{"v":1', json.dumps({**WHOLE[1], "data": {"phase": 1}}), json.dumps(phase)]
    text = shown(events(copied(tmp_path / "run", *(line.encode() for line in lines))))
    assert "line 2 of the record is not read: it is not JSON, and 1 more after it" in text
    assert "helm installs" in text


def test_a_line_longer_than_any_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "RECORD_LINE", 400_000)
    lines = [json.dumps(STARTED).encode(), b"x" * 2_000_000, json.dumps({**WHOLE[1], "seq": 3}).encode()]
    text = shown(events(copied(tmp_path / "run", *lines)))
    assert "line 2 of the record is not read: it holds more than 400000 bytes" in text
    assert "helm installs" in text


@pytest.mark.parametrize("name", ["record.jsonl", "run.json", "runner.json", "control.json", "exit.json"])
def test_a_pipe_in_the_place_of_a_file_holds_nothing_up(run_folder: Path, name: str) -> None:
    (run_folder / name).unlink(missing_ok=True)
    os.mkfifo(run_folder / name)
    began = time.monotonic()
    store = RunFiles()
    assert len(store.runs()) + len(store.damaged()) == 1
    with pytest.raises(Problem):
        RunFiles().find(str(run_folder))
    assert time.monotonic() - began < 2


def test_what_a_copied_folder_names_is_asked_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "copy"
    path = copied(folder, json.dumps(STARTED).encode())
    (folder / "run.json").write_text(json.dumps(SPEC))
    (folder / "runner.json").write_text(json.dumps({"pid": 1, "start": processes.start_of(1)}))
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        listening.setblocking(False)
        (folder / "control.json").write_text(json.dumps({"socket": str(tmp_path / "s")}))
        for seam in ("_lives", "_answers", "_asked"):
            monkeypatch.setattr(runs_store, seam, lambda *_: pytest.fail("it was followed"))
        assert RunFiles().find(path).state == "lost"
        assert [one.type for one in events(path)] == ["run.started"]
        assert asyncio.run(RunFiles().record_error(path)) == ""
        with pytest.raises(Problem, match="is a copy"):
            asyncio.run(RunFiles().command(path, "cancel"))
        RunFiles().revive(path)
        with pytest.raises(BlockingIOError):
            listening.accept()
    assert not (folder / "runner.lock").exists()


@pytest.mark.parametrize(
    "other", [{"id": "zz"}, {"holder": "me@there:0badcafe/ab"}, {"holder": "x/zz"}], ids=["id", "machine", "run"]
)
def test_a_folder_that_was_copied_among_the_runs_is_not_followed_either(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch, other: dict[str, str]
) -> None:
    RunFiles().machine()
    (run_folder / "run.json").write_text(json.dumps({**SPEC, **other}))
    (run_folder / "record.jsonl").write_text(json.dumps(STARTED) + "\n")
    (run_folder / "runner.json").write_text(json.dumps({"pid": os.getpid(), "start": processes.start_of(os.getpid())}))
    monkeypatch.setattr(runs_store, "_lives", lambda *_: pytest.fail("it was followed"))
    assert [one.state for one in RunFiles().runs()] == ["lost"]


@pytest.mark.parametrize(
    "who",
    [{"pid": 1, "start": "1"}, {"pid": "1"}, {"pid": -1, "start": "1"}, {"pid": 1e30, "start": []}, {"pid": True}],
)
def test_a_runner_json_that_names_no_process_of_ours_is_nobody(run_folder: Path, who: dict[str, Any]) -> None:
    named = {**who, "start": processes.start_of(1)} if who.get("pid") == 1 and who.get("start") == "1" else who
    (run_folder / "runner.json").write_text(json.dumps(named))
    assert RunFiles().find("ab").state == "lost"


def test_a_damaged_run_is_a_sentence_of_its_own(run_folder: Path) -> None:
    for text, says in (
        ("{", "it is not JSON"),
        ("[]", "it holds no keys"),
        ("{}", "its target has no context"),
        ("[" * 9000, "nested more than"),
    ):
        (run_folder / "run.json").write_text(text)
        (problem,) = RunFiles().damaged()
        assert problem.what.startswith("The run ab cannot be shown")
        assert says in problem.what
        assert RunFiles().runs() == []


@each(2000)
def test_every_event_that_passes_the_check_can_be_shown(many: settings) -> None:
    @many
    @given(st.lists(st.sampled_from(WHOLE).flatmap(broken), min_size=1, max_size=5))
    def holds(trees: list[Any]) -> None:
        seen = []
        for tree in trees:
            try:
                seen.append(Event.of_record(raw_json(tree).encode("utf-8", "surrogatepass")).checked().safe())
            except ValueError:
                continue
        shown(seen)

    holds()
