from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from wizard.runner import supervisor

from .conftest import FakeHelm, until


def supervise(folder: Path, *argv: str) -> subprocess.Popen[bytes]:
    folder.mkdir(exist_ok=True)
    script = str(Path(supervisor.__file__))
    child = subprocess.Popen(
        [sys.executable, "-I", "-S", script, str(folder), "-1", *argv], stdin=subprocess.PIPE, start_new_session=True
    )
    assert child.stdin is not None
    child.stdin.write(b"go\n")
    child.stdin.close()
    return child


def read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text())
    return data


def test_it_says_how_helm_ended_and_keeps_its_output_in_private_files(tmp_path: Path, helm: FakeHelm) -> None:
    run = tmp_path / "run"
    child = supervise(run, str(helm.path), "install", "x")
    until((run / "supervisor.json").exists)
    helm.end(3)
    assert child.wait(10) == 0
    ended = read(run / "exit.json")
    assert (ended["code"], ended["signal"], ended["cancelled"]) == (3, "", False)
    assert (run / "helm.out").read_text() == "NAME: test\nNOTES:\nopen it"
    assert helm.heard() == ["started install x"]
    for file in run.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_hang_up_and_an_interrupt_reach_neither_it_nor_helm(tmp_path: Path, helm: FakeHelm) -> None:
    run = tmp_path / "run"
    child = supervise(run, str(helm.path))
    until((run / "supervisor.json").exists)
    until(helm.heard)
    for number in (signal.SIGHUP, signal.SIGINT):
        os.killpg(child.pid, number)
    helm.end(0)
    assert child.wait(10) == 0
    assert read(run / "exit.json")["code"] == 0
    assert helm.heard() == ["started "]


def test_sigterm_is_passed_on_once_where_helm_can_be_stopped(tmp_path: Path, helm: FakeHelm) -> None:
    run = tmp_path / "run"
    child = supervise(run, str(helm.path), "install")
    until(helm.heard)
    until((run / "supervisor.json").exists)
    for _ in range(3):
        child.send_signal(signal.SIGTERM)
    assert child.wait(10) == 0
    ended = read(run / "exit.json")
    assert (ended["code"], ended["cancelled"]) == (1, True)
    assert helm.heard() == ["started install", "term"]


@pytest.mark.parametrize("operation", ["rollback", "uninstall"])
def test_sigterm_does_not_reach_a_helm_that_would_leave_the_release_locked(
    tmp_path: Path, helm: FakeHelm, operation: str
) -> None:
    run = tmp_path / "run"
    child = supervise(run, str(helm.path), operation)
    until(helm.heard)
    until((run / "supervisor.json").exists)
    child.send_signal(signal.SIGTERM)
    helm.end(0)
    assert child.wait(10) == 0
    ended = read(run / "exit.json")
    assert (ended["code"], ended["cancelled"]) == (0, False)
    assert helm.heard() == [f"started {operation}"]


def test_a_killed_helm_is_told_apart_from_one_that_failed(tmp_path: Path, helm: FakeHelm) -> None:
    run = tmp_path / "run"
    child = supervise(run, str(helm.path))
    until((run / "supervisor.json").exists)
    os.kill(read(run / "supervisor.json")["helm"]["pid"], signal.SIGKILL)
    assert child.wait(10) == 0
    ended = read(run / "exit.json")
    assert (ended["code"], ended["signal"]) == (None, "SIGKILL")


def test_helm_is_in_a_session_of_its_own(tmp_path: Path, helm: FakeHelm) -> None:
    run = tmp_path / "run"
    child = supervise(run, str(helm.path))
    until((run / "supervisor.json").exists)
    pid = read(run / "supervisor.json")["helm"]["pid"]
    assert os.getsid(pid) == pid != child.pid
    helm.end(0)
    child.wait(10)


def test_a_helm_that_cannot_be_started_is_an_end_with_words(tmp_path: Path) -> None:
    run = tmp_path / "run"
    assert supervise(run, str(tmp_path / "nothing")).wait(10) == 0
    assert read(run / "exit.json")["code"] == 127
    assert "cannot be started: No such file" in (run / "helm.err").read_text()


def test_without_the_word_go_nothing_is_started(tmp_path: Path, helm: FakeHelm) -> None:
    run = tmp_path / "run"
    run.mkdir()
    command = [sys.executable, "-I", "-S", str(Path(supervisor.__file__)), str(run), "-1", str(helm.path)]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=10)
    assert list(run.iterdir()) == []
    assert helm.heard() == []


def test_it_needs_nothing_but_the_standard_library() -> None:
    source = Path(supervisor.__file__).read_text()
    imported = {line.split()[1].split(".")[0] for line in source.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= sys.stdlib_module_names | {"__future__"}


@pytest.mark.parametrize("pid", [0, 2**22 + 1])
def test_a_process_that_is_not_there_has_no_start(pid: int) -> None:
    assert supervisor.start_of(pid) == ""


def test_the_exit_code_has_its_room_on_the_disk_before_helm_starts(tmp_path: Path, helm: FakeHelm) -> None:
    run = tmp_path / "run"
    child = supervise(run, str(helm.path))
    until((run / "supervisor.json").exists)
    (reserved,) = run.glob(".exit.json.*")
    room = reserved.stat()
    helm.end(5)
    assert child.wait(10) == 0
    ended = (run / "exit.json").stat()
    assert (ended.st_ino, ended.st_size) == (room.st_ino, room.st_size)
    assert read(run / "exit.json")["code"] == 5


def test_without_that_room_helm_is_not_started(tmp_path: Path, helm: FakeHelm, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(supervisor, "reserve", refuses)
    monkeypatch.setattr(signal, "signal", lambda *_: None)  # this process keeps its own
    read_end, write_end = os.pipe()
    os.write(write_end, b"go\n")
    monkeypatch.setattr(sys, "stdin", os.fdopen(read_end))
    with pytest.raises(OSError, match="No space left"):
        supervisor.main(tmp_path, -1, [str(helm.path)])
    os.close(write_end)
    assert helm.heard() == []


def test_who_yields_to_screens_says_so_to_the_kernel() -> None:
    own = Path("/proc/self/autogroup")
    if not own.exists():
        pytest.skip("this kernel does not share processors by session")
    code = (
        "from wizard import process; from wizard.adapters.runs import processes\n"
        f"processes.hold_autogroup(); process.no_dump(); processes.yield_to_screens(); print(open({str(own)!r}).read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, start_new_session=True
    )
    assert done.stdout.split()[-2:] == ["nice", "6"]
