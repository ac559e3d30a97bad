"""Every signal to every process at every moment of an operation, and the same signal to helm alone.

100 cells in `make test-full` (build/fault-matrix.md has the result of each), a sample of them in `make test`.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from tests.conftest import Bed
from tests.e2e import faults
from tests.e2e.faults import BEFORE, HOOK, PHASES, RECORDED, RELEASE, ROLLBACK, WAIT, Moment, Ours, Tty, moment, until
from tests.terminal import Terminal, children

pytestmark = pytest.mark.e2e

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL, signal.SIGSEGV)
GENTLE: Final = (signal.SIGINT, signal.SIGTERM)
"""What helm has a handler for, in install and upgrade."""
PROCESSES: Final = ("front end", "runner", "supervisor", "helm")
SAMPLE: Final = {
    (signal.SIGHUP, "front end", WAIT), (signal.SIGKILL, "runner", HOOK), (signal.SIGSEGV, "supervisor", ROLLBACK),
    (signal.SIGKILL, "helm", RECORDED),
}  # fmt: skip

GOES_ON = "helm finishes, the run says so"
NEW_RUNNER = "helm finishes, a new runner says so"
BY_ITS_WORDS = "helm finishes, its words say so"
STOPPED = "helm stops by itself, recorded as failed"
NOTHING = "helm dies, nothing is recorded"
STRANDED = "helm dies, pending is said, recover unlocks it"


def expected(number: int, process: str, phase: str) -> str:
    """What has to become of an operation: only what ends helm itself may end it, and then it is said and repaired."""
    match process:
        case "front end":
            return GOES_ON
        case "runner":
            return GOES_ON if number in (signal.SIGINT, signal.SIGHUP) else NEW_RUNNER
        case "supervisor" if number in (signal.SIGINT, signal.SIGHUP):
            return GOES_ON
        case "supervisor" if number == signal.SIGTERM:
            return helms_own(number, phase) if phase != ROLLBACK else GOES_ON  # it never passes a signal to a roll-back
        case "supervisor":
            return BY_ITS_WORDS
    return helms_own(number, phase)


def helms_own(number: int, phase: str) -> str:
    """What becomes of a signal to helm itself under its supervisor, which starts it with hang-ups and interrupts ignored.

    helm has a handler for two signals, in install and upgrade only; that one sees an interrupt all the same.
    """
    if number in GENTLE and phase != ROLLBACK:
        return STOPPED
    if number in (signal.SIGHUP, signal.SIGINT):
        return GOES_ON
    return NOTHING if phase == BEFORE else STRANDED


CELLS = [
    pytest.param(
        *cell, id=f"{cell[0].name[3:]}-{cell[1]}-{cell[2].replace(' ', '-')}",
        marks=[] if cell in SAMPLE else pytest.mark.full,
    )
    for cell in itertools.product(SIGNALS, PROCESSES, PHASES)
]  # fmt: skip


@pytest.mark.parametrize(("number", "process", "phase"), CELLS)
def test_a_signal_to_any_process_at_any_moment_loses_nothing_that_is_not_said_and_repaired(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, record_property: Callable[..., None],
    number: signal.Signals, process: str, phase: str,
) -> None:  # fmt: skip
    wanted = expected(number, process, phase)
    record_property("fault", [number.name[3:], process, phase, wanted])
    record_property("helm alone", alone(sandbox, tool("helm4"), tmp_path / "alone", number, phase))
    with moment(sandbox, namespace, tool("helm4"), phase, tmp_path / "work") as where:
        ours = Ours(where, tmp_path / "state")
        try:
            ours.reach()
            ours.send(number, process)
            CHECKS[wanted](ours, number, process)
            afterwards(ours, process)
        finally:
            ours.close()


@pytest.mark.full
@pytest.mark.parametrize(
    ("number", "process", "phase"),
    [
        (signal.SIGHUP, "front end", HOOK), (signal.SIGKILL, "runner", WAIT), (signal.SIGKILL, "supervisor", ROLLBACK),
        (signal.SIGTERM, "supervisor", WAIT), (signal.SIGTERM, "helm", ROLLBACK), (signal.SIGSEGV, "helm", RECORDED),
    ],
)  # fmt: skip
def test_helm_3_is_held_to_the_same(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, number: signal.Signals, process: str, phase: str
) -> None:  # fmt: skip
    with moment(sandbox, namespace, tool("helm3"), phase, tmp_path / "work") as where:
        ours = Ours(where, tmp_path / "state", major=3)
        try:
            ours.reach()
            ours.send(number, process)
            CHECKS[expected(number, process, phase)](ours, number, process)
            afterwards(ours, process)
        finally:
            ours.close()


@pytest.mark.full
@pytest.mark.parametrize("number", SIGNALS)
def test_a_full_screen_that_ends_in_any_way_leaves_the_run_alone_and_the_terminal_whole(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, number: signal.Signals
) -> None:
    with moment(sandbox, namespace, tool("helm4"), WAIT, tmp_path / "work") as where:
        ours = Ours(where, tmp_path / "state")
        try:
            ours.reach()
            env = {**where.env, "XDG_STATE_HOME": str(tmp_path / "state")}
            with Terminal([sys.executable, "-m", "wizard", "runs", ours.id], env, tmp_path, (100, 30)) as screen:
                screen.wait_for("Deployment")
                (child,) = children(screen.process.pid)
                os.kill(child, number)
                screen.wait()
                assert screen.raw.rindex(b"\x1b[?1049l") > screen.raw.rindex(b"\x1b[?1049h")
                assert "Traceback" not in screen.text()
            assert all(map(ours.lives, ("front end", "runner", "supervisor", "helm")))
            where.release()
            assert ours.front_end.end() == "0", ours.front_end.said
            assert ours.leaks() == []
        finally:
            ours.close()


def goes_on(ours: Ours, number: int, process: str) -> None:
    """Helm is not touched and the runner stays; whoever comes back sees the end."""
    if process == "front end":
        until("the front end is gone", lambda: not ours.lives("front end"))
    assert ours.lives("helm")
    assert ours.lives("runner")
    ours.where.release()
    if process == "front end":
        code, said = ours.call("runs", ours.id)
        assert code == 0, said
    else:
        assert ours.front_end.end() == "0", ours.front_end.said
    view = ours.finished()
    assert (view.helm_exit, view.verdict) == ((0, ""), "ready"), view.reason
    assert ours.where.status() == "deployed"


def new_runner(ours: Ours, number: int, process: str) -> None:
    """The list names the state, recover refuses while helm lives, and coming back gives helm a new runner."""
    until("the runner is gone", lambda: not ours.lives("runner"))
    assert ours.lives("helm")
    assert ours.front_end.end() == "3", ours.front_end.said
    assert "runs" in ours.front_end.said.splitlines()[-1]
    code, said = ours.call("runs")
    assert (code, "orphaned" in said) == (0, True), said
    if ours.where.phase != BEFORE:
        code, said = ours.call("recover", "-n", ours.where.namespace, "--release", RELEASE, "--confirm", RELEASE)
        assert (code, f"run {ours.id}" in said, "Nothing was changed" in said) == (2, True, True), said
    again = ours.wizard("runs", ours.id)
    until(
        "a new runner is on it",
        lambda: not ours.lives("runner") and "a new process watches" in (ours.folder / "record.jsonl").read_text(),
    )
    ours.where.release()
    said, _ = again.communicate(timeout=faults.SECONDS)
    assert again.returncode == 0, said
    view = ours.finished()
    assert (view.helm_exit, view.verdict) == ((0, ""), "ready"), view.reason
    assert ours.where.status() == "deployed"


def by_its_words(ours: Ours, number: int, process: str) -> None:
    """Nobody saw helm's exit code; that it ended well is known all the same."""
    until("the supervisor is gone", lambda: not ours.lives("supervisor"))
    assert ours.lives("helm")
    ours.where.release()
    assert ours.front_end.end() == "0", ours.front_end.said
    view = ours.finished()
    assert (view.helm_exit, view.verdict) == ((None, ""), "ready"), view.reason
    assert ours.where.status() == "deployed"


def stopped(ours: Ours, number: int, process: str) -> None:
    """Helm ended as it does itself, and what it recorded can be upgraded."""
    if ours.where.phase == BEFORE:
        ours.where.release()  # helm writes its record down first, whatever it was told meanwhile
    until("helm is gone", lambda: not ours.lives("helm"))
    ours.where.release()
    assert ours.front_end.end() == "1", ours.front_end.said
    view = ours.finished()
    assert view.helm_exit == (1, ""), view.reason
    assert ours.where.status() == "failed"


def nothing(ours: Ours, number: int, process: str) -> None:
    """Helm has recorded nothing, so nothing is locked."""
    until("helm is gone", lambda: not ours.lives("helm"))
    ours.where.release()
    assert ours.front_end.end() == "1", ours.front_end.said
    view = ours.finished()
    assert view.helm_exit not in (None, (0, "")), view.reason
    assert "helm" in view.reason
    assert ours.where.status() == ""


def stranded(ours: Ours, number: int, process: str) -> None:
    """The end of the run names the state and the way out, and that way works."""
    until("helm is gone", lambda: not ours.lives("helm"))
    pending = ours.where.status()
    assert pending.startswith("pending-")
    ours.where.release()
    assert ours.front_end.end() == "1", ours.front_end.said
    view = ours.finished()
    assert pending in view.reason
    assert "recover" in view.reason
    there = ("-n", ours.where.namespace, "--release", RELEASE)
    code, said = ours.call("recover", *there)
    assert (code, "nothing was changed" in said.lower()) == (2, True), said
    assert ours.where.status() == pending, "without a confirmation it stays"
    code, said = ours.call("recover", *there, "--to", "failed", "--confirm", RELEASE)
    assert (code, pending in said) == (0, True), said
    assert ours.where.status() == "failed"


CHECKS: Final[dict[str, Callable[[Ours, int, str], None]]] = {
    GOES_ON: goes_on, NEW_RUNNER: new_runner, BY_ITS_WORDS: by_its_words, STOPPED: stopped, NOTHING: nothing,
    STRANDED: stranded,
}  # fmt: skip


def afterwards(ours: Ours, process: str) -> None:
    """Of every cell: a whole record with evidence, no secret in a file, no process left, the target free."""
    view = ours.finished()
    assert view.finished is not None
    if view.finished["code"] != 0:
        assert any(str(path).endswith("evidence.json") for path in view.finished["files"]), view.finished
    assert ours.leaks() == []
    until("all processes of the run have ended", lambda: not any(map(ours.lives, PROCESSES)), 20)
    until("the lock is free", ours.lock_is_free, 20)
    assert "Traceback" not in ours.front_end.said


_ALONE: dict[tuple[int, str], str] = {}


def alone(bed: Bed, helm: str, folder: Path, number: signal.Signals, phase: str) -> str:
    """What becomes of the same operation with helm alone on a terminal; done once for each worker."""
    if (number, phase) not in _ALONE:
        with moment(bed, f"t-{uuid.uuid4().hex[:8]}", helm, phase, folder) as where:
            _ALONE[number, phase] = _alone(where, number)
    return _ALONE[number, phase]


def _alone(where: Moment, number: signal.Signals) -> str:
    terminal = Tty([where.helm, *where.words()], where.env, where.folder)
    try:
        until("helm alone is where it is held", where.reached)
        terminal.send(number)
        if where.phase == BEFORE and number in GENTLE:
            where.release()
        ended = terminal.end()
        return f"helm ends ({ended}), {where.status() or 'nothing recorded'}"
    finally:
        terminal.close()
