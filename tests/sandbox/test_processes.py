"""Processes that outlive us, and that are stopped without ever touching another one."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from wizard.sandbox import processes
from wizard.sandbox.processes import Process


def until(done: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[[str], Process]]:
    started: list[Process] = []

    def make(script: str) -> Process:
        ready = tmp_path / f"ready-{len(started)}"
        process = processes.start(
            "sh",
            ["/bin/sh", "-c", script.replace("READY", f"touch {ready}")],
            tmp_path / "sh.log",
            {"PATH": os.environ["PATH"]},
        )
        started.append(process)
        if "READY" in script:
            until(ready.exists)
        return process

    yield make
    processes.stop(started, grace=0)


def test_a_process_is_a_session_of_its_own_without_our_input_and_output(
    run: Callable[[str], Process], tmp_path: Path
) -> None:
    process = run("echo hello; READY; sleep 60")
    assert os.getsid(process.pid) == process.pid
    assert (tmp_path / "sh.log").read_text() == "hello\n"
    assert (tmp_path / "sh.log").stat().st_mode & 0o777 == 0o600


def test_stop_ends_all_in_the_given_order(run: Callable[[str], Process], tmp_path: Path) -> None:
    script = "trap 'echo %s >> order; exit' TERM; READY; while :; do sleep 0.01; done"
    first, second = run(script % "first"), run(script % "second")
    processes.stop([second, first])
    assert not processes.alive(first)
    assert not processes.alive(second)
    assert (tmp_path / "order").read_text().split() == ["second", "first"]


def test_one_that_ignores_the_request_is_killed(run: Callable[[str], Process]) -> None:
    stubborn = run("trap '' TERM; READY; while :; do sleep 0.01; done")
    processes.stop([stubborn], grace=0.2)
    assert not processes.alive(stubborn)


def test_a_recycled_pid_is_left_alone(run: Callable[[str], Process]) -> None:
    stranger = run("READY; sleep 60")
    ours = replace(stranger, started="1")
    assert not processes.alive(ours)
    processes.stop([ours], grace=0)
    assert processes.alive(stranger)


def test_a_process_that_ended_but_was_not_waited_for_counts_as_ended() -> None:
    with subprocess.Popen(["/bin/sh", "-c", "exit 0"]) as child:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert processes._start_time(child.pid) is None


def test_without_proc_the_answer_comes_from_ps(run: Callable[[str], Process]) -> None:
    process = run("READY; sleep 60")
    assert processes._start_time_by_ps(process.pid)
    processes.stop([process], grace=0)
    assert processes._start_time_by_ps(process.pid) is None


def test_the_record_survives_and_an_unreadable_one_means_nothing_is_known(tmp_path: Path) -> None:
    known = [Process("etcd", 12, "34"), Process("agent", 56, "78")]
    processes.save(tmp_path / "p.json", known)
    assert processes.load(tmp_path / "p.json") == known
    (tmp_path / "p.json").write_text('[{"name": "etcd"')
    assert processes.load(tmp_path / "p.json") == []
    assert processes.load(tmp_path / "none.json") == []


def test_free_ports_are_different_and_can_be_bound() -> None:
    ports = processes.free_ports(20)
    assert len(set(ports)) == 20
    assert all(port in range(20_000, 32_000) for port in ports)
