"""Runs with their real processes and a program in helm's place; there is no cluster, so the watch is blind."""

from __future__ import annotations

import fcntl
import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from wizard.adapters.clock import SystemClock
from wizard.adapters.runs.store import RunFiles
from wizard.core.errors import Problem
from wizard.core.helm.command_line import HelmOptions, RunOperation
from wizard.core.run.events import Event
from wizard.core.run.spec import RunSpec
from wizard.core.run.view import RunView
from wizard.core.target import Target
from wizard.core.text.secrets import Secret
from wizard.engine.records import attach
from wizard.runner.__main__ import inherit
from wizard.runner.helm_process import SupervisedHelm
from wizard.runner.record import Record

from .conftest import FakeHelm, ends, until

KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: nowhere
clusters: [{name: nowhere, cluster: {server: "http://127.0.0.1:1"}}]
users: [{name: me, user: {token: abc}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: me}}]
"""


def spec(
    folder: Path, helm: FakeHelm, release: str = "test", operation: RunOperation = "upgrade", **more: Any
) -> RunSpec:
    config = folder / "kubeconfig"
    config.write_text(KUBECONFIG)
    return RunSpec(
        operation, Target("nowhere", "ns", release, str(config)), str(helm.path), "4.2.4", 4, HelmOptions("1m"),
        chart="/chart", chart_version="1.0.0", preset="dev", files=("values.yaml",), reproduce=("helm upgrade",), **more,
    )  # fmt: skip


def folder_of(run_id: str) -> Path:
    return Path(os.environ["XDG_STATE_HOME"]) / "llm-cost-ops-wizard" / "runs" / run_id


def pids(run_id: str) -> dict[str, int]:
    owners = json.loads((folder_of(run_id) / "supervisor.json").read_text())
    runner = json.loads((folder_of(run_id) / "runner.json").read_text())
    return {"runner": runner["pid"], "supervisor": owners["supervisor"]["pid"], "helm": owners["helm"]["pid"]}


async def followed(runs: RunFiles, run_id: str, after: int = 0) -> RunView:
    view = RunView()
    async for batch in runs.follow(run_id, after=after):
        for event in batch:
            view.apply(event)
    return view


def begin(runs: RunFiles, what: RunSpec, helm: FakeHelm, secrets: dict[str, Any] | None = None) -> str:
    run_id = runs.start(what, "a: 1\n", secrets or {})
    until(lambda: (folder_of(run_id) / "supervisor.json").exists() and helm.heard())
    return run_id


async def test_a_run_is_followed_to_its_end_and_read_again_afterwards(tmp_path: Path, helm: FakeHelm) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    assert runs.find(run_id).state == "running"
    helm.end(0)
    view = await followed(runs, run_id)
    assert view.finished is not None
    assert (view.helm_exit, view.finished["code"], view.finished["verdict"]) == ((0, ""), 0, "unknown")
    assert view.notes == "open it"
    assert view.finished["files"] == ["values.yaml"]
    assert any("Deployment" in row.what for row in view.blind)
    again = await followed(RunFiles(), run_id[:3])
    assert again.finished == view.finished
    (listed,) = RunFiles().runs()
    assert (listed.id, listed.state, listed.code, listed.verdict) == (run_id, "finished", 0, "unknown")
    until(lambda: all(ends(pid) for pid in pids(run_id).values()))


async def test_a_failed_helm_ends_the_run_with_its_words(tmp_path: Path, helm: FakeHelm) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    helm.end(1)
    view = await followed(runs, run_id)
    assert view.finished is not None
    assert view.finished["code"] == 1
    assert (folder_of(run_id) / "evidence.json").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="a limit is set on another process")
async def test_a_run_says_that_its_record_cannot_be_written_as_long_as_it_cannot(
    tmp_path: Path, helm: FakeHelm
) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm, operation="rollback", revision=1), helm)
    runner = pids(run_id)["runner"]
    assert await runs.record_error(run_id) == ""
    before = resource.prlimit(runner, resource.RLIMIT_FSIZE)
    resource.prlimit(runner, resource.RLIMIT_FSIZE, (0, before[1]))
    assert "cannot be interrupted" in (await runs.command(run_id, "cancel"))["text"]
    assert await runs.record_error(run_id) == "the record cannot be written: File too large"
    resource.prlimit(runner, resource.RLIMIT_FSIZE, before)
    await runs.command(run_id, "cancel")
    assert await runs.record_error(run_id) == ""
    helm.end(0)
    view = await followed(runs, run_id)
    (gap,) = [row.reason for row in view.blind if row.what == "the record"]
    assert re.fullmatch(r"the record cannot be written: File too large \(\d+ events? lost\)", gap)
    until(lambda: ends(runner))
    assert await runs.record_error(run_id) == "", "a run that has ended has no trouble"


async def test_cancel_stops_helm_once_and_ends_with_130(tmp_path: Path, helm: FakeHelm) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    assert (await runs.command(run_id, "ping"))["id"] == run_id
    first = await runs.command(run_id, "cancel")
    second = await runs.command(run_id, "cancel")
    assert "asked to stop" in first["text"]
    assert "already" in second["text"]
    view = await followed(runs, run_id)
    assert view.finished is not None
    assert view.finished["code"] == 130
    assert helm.heard()[1:] == ["term"]
    assert view.reason == "It was stopped as asked; revision 1 is recorded as failed, what was made stays."
    assert view.helm_lines[-1] == "Error: interrupted"


async def test_a_hang_up_of_everyone_in_the_terminal_reaches_neither_runner_nor_helm(
    tmp_path: Path, helm: FakeHelm
) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    for pid in pids(run_id).values():
        assert os.getsid(pid) != os.getsid(0)
    for who in ("runner", "supervisor"):
        os.kill(pids(run_id)[who], signal.SIGHUP)
    assert (await runs.command(run_id, "ping"))["ok"]
    helm.end(0)
    assert (await followed(runs, run_id)).helm_exit == (0, "")
    assert "hup" not in helm.heard()


async def test_when_the_runner_is_killed_helm_goes_on_and_a_new_runner_finishes_the_record(
    tmp_path: Path, helm: FakeHelm
) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    before = pids(run_id)
    os.kill(before["runner"], signal.SIGKILL)
    until(lambda: ends(before["runner"]))
    assert RunFiles().find(run_id).state == "orphaned"
    assert not ends(before["helm"])
    with pytest.raises(Problem, match="does not answer: it is orphaned"):
        await runs.command(run_id, "ping")
    runs.revive(run_id)
    assert runs.find(run_id).state == "running"
    helm.end(0)
    view = await followed(runs, run_id)
    assert view.finished is not None
    assert (view.helm_exit, view.finished["code"]) == ((0, ""), 0)
    seqs = [json.loads(line)["seq"] for line in (folder_of(run_id) / "record.jsonl").read_text().splitlines()]
    assert seqs == list(range(1, len(seqs) + 1))
    assert view.helm_lines == ["NAME: test", "NOTES:", "open it"]
    assert helm.heard() == [line for line in helm.heard() if line.startswith("started")][:1]


async def test_helm_that_ended_while_nobody_watched_is_finished_by_the_next_runner(
    tmp_path: Path, helm: FakeHelm
) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    os.kill(pids(run_id)["runner"], signal.SIGKILL)
    helm.end(0)
    until(lambda: ends(pids(run_id)["supervisor"]))
    assert runs.find(run_id).state == "lost"
    runs.revive(run_id)
    assert (await followed(runs, run_id)).helm_exit == (0, "")


async def test_when_supervisor_and_runner_are_killed_helm_still_goes_on_and_the_lock_is_held(
    tmp_path: Path, helm: FakeHelm
) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    before = pids(run_id)
    for who in ("runner", "supervisor"):
        os.kill(before[who], signal.SIGKILL)
        until(lambda who=who: ends(before[who]))  # type: ignore[misc]  # a default binds the loop's value
    assert runs.find(run_id).state == "orphaned"
    with pytest.raises(Problem, match=f"Run {run_id} is working on"):
        runs.start(spec(tmp_path, helm), "a: 1\n", {})
    runs.revive(run_id)
    helm.end(0)
    view = await followed(runs, run_id)
    assert view.helm_exit == (None, "")
    assert view.finished is not None
    assert "its exit code is unknown" in view.finished["reason"]


async def test_a_new_runner_waits_for_the_lock_that_its_helm_holds(tmp_path: Path, helm: FakeHelm) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    before = pids(run_id)
    os.kill(before["runner"], signal.SIGKILL)
    until(lambda: ends(before["runner"]))
    runs.revive(run_id)
    waits = rf"-> FLOCK .* {pids(run_id)['runner']} "
    until(lambda: re.search(waits, Path("/proc/locks").read_text()))
    helm.end(1)
    assert (await followed(runs, run_id)).finished is not None


def test_a_lock_that_is_waited_for_falls_to_who_waits(tmp_path: Path) -> None:
    helms, ours, others = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(3))
    fcntl.flock(helms, fcntl.LOCK_EX)
    waiter = inherit(ours)
    os.close(helms)
    waiter.join(10)
    with pytest.raises(OSError, match="unavailable"):
        fcntl.flock(others, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for one in (ours, others):
        os.close(one)


def test_helm_is_not_started_under_a_lock_that_another_run_holds(tmp_path: Path, helm: FakeHelm) -> None:
    ours, theirs = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2))
    try:
        fcntl.flock(theirs, fcntl.LOCK_EX)
        with pytest.raises(Problem, match="Another run works on the release"):
            SupervisedHelm(tmp_path / "rollback", ours).prepare([str(helm.path), "rollback"])
        assert not (tmp_path / "rollback").exists()
    finally:
        os.close(ours)
        os.close(theirs)


async def test_two_runs_on_one_target_are_refused_and_two_targets_are_not(tmp_path: Path, helm: FakeHelm) -> None:
    runs = RunFiles()
    first = begin(runs, spec(tmp_path, helm), helm)
    with pytest.raises(Problem, match=f"Run {first} is working on test -> nowhere / ns right now") as refused:
        RunFiles().start(spec(tmp_path, helm), "a: 1\n", {})
    assert f"runs {first}" in refused.value.next_step
    second = runs.start(spec(tmp_path, helm, release="other"), "a: 1\n", {})
    helm.end(1)
    await followed(runs, first)
    await followed(runs, second)
    third = runs.start(spec(tmp_path, helm), "a: 1\n", {})
    await followed(runs, third)


async def test_secrets_reach_the_runner_by_stdin_alone(tmp_path: Path, helm: FakeHelm) -> None:
    canary = "c4n4ry-c4n4ry-c4n4ry"
    runs = RunFiles()
    what = spec(tmp_path, helm)
    run_id = begin(runs, what, helm, {"app": {"password": Secret(canary)}})
    for pid in pids(run_id).values():
        for name in ("cmdline", "environ"):
            assert canary.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
    helm.end(0)
    await followed(runs, run_id)
    until(lambda: ends(pids(run_id)["runner"]))
    for file in folder_of(run_id).iterdir():
        assert canary not in file.read_text(errors="replace"), file
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(folder_of(run_id).stat().st_mode) == 0o700


async def test_helm_gets_the_persons_environment_without_plugins(
    tmp_path: Path, helm: FakeHelm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("HELM_PLUGINS", "/somewhere")
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    until((helm.folder / "environment").exists)
    helm.end(1)
    await followed(runs, run_id)
    said = (helm.folder / "environment").read_text().splitlines()
    assert "HTTPS_PROXY=http://proxy.example:3128" in said
    assert "HELM_PLUGINS=/somewhere" not in said
    assert "HELM_NO_PLUGINS=1" in said


async def test_an_unreachable_cluster_ends_an_install_before_helm_with_a_reason(tmp_path: Path, helm: FakeHelm) -> None:
    runs = RunFiles()
    run_id = runs.start(spec(tmp_path, helm, operation="install"), "a: 1\n", {})
    view = await followed(runs, run_id)
    assert view.finished is not None
    assert view.finished["code"] == 1
    assert "127.0.0.1:1" in view.finished["reason"]
    assert helm.heard() == []
    until(lambda: ends(json.loads((folder_of(run_id) / "runner.json").read_text())["pid"]))
    with pytest.raises(Problem, match="There is no run zzzz"):
        runs.find("zzzz")


async def test_follow_gives_only_what_came_after(tmp_path: Path, helm: FakeHelm) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    helm.end(1)
    await followed(runs, run_id)
    events: list[Event] = []
    async for batch in runs.follow(run_id, after=3):
        events += batch
    assert events[0].seq == 4
    assert events[-1].type == "run.finished"


def test_a_run_that_ended_before_helm_cannot_be_revived(tmp_path: Path, helm: FakeHelm) -> None:
    runs = RunFiles()
    folder = folder_of("abcd")
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"id": "abcd", **spec(tmp_path, helm).to_data()}))
    assert runs.find("abcd").state == "lost"
    assert runs.find("abcd").log == str(folder.parent.parent / "runner.log"), "it had no order yet"
    (folder / "runner.log").write_text("Traceback")
    with pytest.raises(Problem, match=r"ended before helm was started.*says why in .*/runs/abcd/runner\.log"):
        runs.revive("abcd")


@pytest.mark.parametrize("ids", [("ab12", "ab34")])
def test_an_ambiguous_id_is_refused_with_the_candidates(ids: Sequence[str]) -> None:
    for one in ids:
        folder_of(one).mkdir(parents=True)
    with pytest.raises(Problem, match="start of 2 runs: ab12, ab34"):
        RunFiles().find("ab")


async def test_a_runner_started_ahead_takes_the_next_run(tmp_path: Path, helm: FakeHelm) -> None:
    runs = RunFiles()
    runs.warm()
    runs.warm()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    helm.end(0)
    assert (await followed(runs, run_id)).helm_exit == (0, "")


def test_a_runner_started_ahead_ends_with_the_process_that_wanted_it() -> None:
    program = (
        "from wizard.adapters.runs.store import RunFiles; runs = RunFiles(); runs.warm();"
        "print(runs._spare.child.pid, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as wanting:
        assert wanting.stdout is not None
        assert wanting.stdin is not None
        pid = int(wanting.stdout.readline())
        assert not ends(pid)
        wanting.stdin.write("\n")
    until(lambda: ends(pid))


@pytest.mark.parametrize("named", ["folder", "record"])
async def test_a_record_that_was_copied_to_another_machine_is_shown_as_it_was(
    tmp_path: Path, helm: FakeHelm, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    helm.end(1)
    view = await followed(runs, run_id)
    copied = tmp_path / "copied"
    copied.mkdir()
    (copied / "record.jsonl").write_bytes((folder_of(run_id) / "record.jsonl").read_bytes())
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    path = str(copied if named == "folder" else copied / "record.jsonl")
    found = RunFiles().find(path)
    assert (found.state, found.operation, found.code) == ("finished", "upgrade", 1)
    again = await followed(RunFiles(), path)
    assert again.logs.slice(0, 100) == view.logs.slice(0, 100)
    again.logs = view.logs
    assert again == view


async def test_a_copied_record_cannot_drive_the_terminal(tmp_path: Path) -> None:
    hostile = "\x1b]0;owned\x07\x1b[2J\u202e\r"
    where = {"context": "c", "namespace": f"n{hostile}", "release": "r"}
    about = {"id": "ab12", "operation": "install", "target": where, "chart": hostile, "helm": "4", "preset": "dev"}
    lines = [["2026-01-01T00:00:00Z", f"line {hostile}"]] * 100
    end = {"code": 0, "verdict": hostile, "reason": hostile, "files": [], "commands": []}
    events = [
        Event("run.started", about, 1, "t"),
        Event("log.lines", {"pod": "p", "container": "app", "previous": False, "lines": lines}, 2, "t"),
        Event("run.notes", {"text": f"one\ntwo{hostile}"}, 3, "t"),
        Event("run.finished", end, 4, "t"),
    ]  # fmt: skip
    path = tmp_path / "record.jsonl"
    path.write_text("".join(f"{one.to_line()}\n" for one in events))
    runs = RunFiles()

    found = runs.find(str(path))
    view = await followed(runs, str(path))
    pages = [*runs.logs_until(str(path), 9), *runs.logs_from(str(path), 1)]

    shown = [str(found.target), found.verdict, view.chart, view.reason, *(one.text for one in view.logs.slice(0, 100))]
    shown += [text for page in pages for _, text in page.data["lines"]]
    assert len(shown) == 304
    assert [one for one in shown if not one.isprintable()] == []
    assert view.notes.splitlines()[0] == "one"
    assert view.notes.replace("\n", "").isprintable()


@pytest.mark.parametrize("text", ["", "nonsense\n", '{"v":1,"seq":1,"time":"t","type":"verdict","data":{}}\n'])
def test_what_is_no_record_is_refused_in_words(tmp_path: Path, text: str) -> None:
    file = tmp_path / "record.jsonl"
    with pytest.raises(Problem, match="cannot be read: No such file"):
        RunFiles().find(str(file))
    file.write_text(text)
    with pytest.raises(Problem, match="is not the record of a run"):
        RunFiles().find(str(file))


def test_a_full_disk_or_a_folder_that_cannot_be_written_refuses_a_start(
    tmp_path: Path, helm: FakeHelm, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = os.statvfs_result((4096, 4096, 10, 1, 1, 10, 10, 10, 0, 255))
    with monkeypatch.context() as now:
        now.setattr(os, "statvfs", lambda _: full)
        with pytest.raises(Problem, match=r"Nothing was started: .*less than 16 MiB are free"):
            RunFiles().start(spec(tmp_path, helm), "a: 1\n", {})
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(Problem, match="XDG_STATE_HOME names, cannot be made: a file is in its way"):
        RunFiles().start(spec(tmp_path, helm), "a: 1\n", {})
    assert helm.heard() == []


async def test_a_runner_that_is_stopped_is_told_from_one_at_work_and_replaced_without_touching_helm(
    tmp_path: Path, helm: FakeHelm, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    before = pids(run_id)
    monkeypatch.setattr("wizard.adapters.runs.store.HEARTBEAT_SECONDS", 0.0)
    monkeypatch.setattr("wizard.adapters.runs.store._PING_SECONDS", 10.0)
    assert runs.find(run_id).state == "running", "it is silent, and answers"
    monkeypatch.setattr("wizard.adapters.runs.store._PING_SECONDS", 0.2)
    os.kill(before["runner"], signal.SIGSTOP)
    until(lambda: runs.find(run_id).state == "hung")
    monkeypatch.setattr("wizard.adapters.runs.store.HEARTBEAT_SECONDS", 60.0)
    assert runs.find(run_id).state == "running", "for so long it may be silent"
    monkeypatch.setattr("wizard.adapters.runs.store.HEARTBEAT_SECONDS", 0.0)
    assert "no longer answered; helm went on" in attach(runs, runs.find(run_id))
    until(lambda: ends(before["runner"]))
    assert not ends(before["helm"])
    helm.end(0)
    view = await followed(runs, run_id)
    assert view.helm_exit == (0, "")
    assert "a new process watches this run" in str(
        [event.data for event in Record(folder_of(run_id), SystemClock()).past()]
    )


async def test_the_heart_of_a_runner_beats(tmp_path: Path, helm: FakeHelm) -> None:
    runs = RunFiles()
    run_id = begin(runs, spec(tmp_path, helm), helm)
    file = folder_of(run_id) / "runner.json"
    os.utime(file, (1, 1))
    until(lambda: file.stat().st_mtime > 1)
    helm.end(1)
    await followed(runs, run_id)
