"""However the full screen dies, the terminal is as it was."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import termios
import time
from pathlib import Path

import pytest

from tests.runner.conftest import until
from tests.terminal import Terminal, children
from wizard.adapters.runs import processes

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = """
import os, sys, time, tty
from pathlib import Path
from wizard import terminal_guard

def child(terminal):
    tty.setraw(0)
    os.write(1, b"\\x1b[?1049h\\x1b[?1003h\\x1b[?2004h\\x1b[?25l")
    Path("pid.part").write_text(str(os.getpid()))
    Path("pid.part").rename("pid")
    while not Path("end").exists():
        time.sleep(0.01)
    return 7

code = terminal_guard.run(child)
Path("code").write_text(str(code))
sys.exit(code)
"""


def start(folder: Path, *wrap: str) -> tuple[Terminal, int]:
    """The program in a terminal and the process id of its child, once that owns the screen."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PROGRAM": PROGRAM}
    terminal = Terminal(wrap or [sys.executable, "-c", PROGRAM], environment, folder)
    return terminal, int(text_of(folder / "pid"))


def text_of(file: Path) -> str:
    """The text of a file, once it holds some: a shell makes the file before the program that writes it."""
    deadline = time.monotonic() + 20
    while not (file.exists() and (text := file.read_text())):
        assert time.monotonic() < deadline, f"nothing in {file.name}"
        time.sleep(0.01)
    return text


def is_plain(terminal: Terminal) -> bool:
    flags = termios.tcgetattr(terminal.process.fd)[3]
    return bool(flags & termios.ECHO and flags & termios.ICANON)


def restored(terminal: Terminal) -> bool:
    return is_plain(terminal) and all(
        part in terminal.raw for part in (b"\x1b[?1049l", b"\x1b[?1003l", b"\x1b[?2004l", b"\x1b[?25h")
    )


def wait_until_restored(terminal: Terminal) -> None:
    deadline = time.monotonic() + 10
    while not restored(terminal):
        assert time.monotonic() < deadline, terminal.raw
        time.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV])
def test_a_child_that_dies_by_a_signal(number: signal.Signals, tmp_path: Path) -> None:
    terminal, child = start(tmp_path)
    with terminal:
        assert not is_plain(terminal)
        os.kill(child, number)

        assert terminal.wait() == 128 + number
        assert number.name in terminal.text()
        assert restored(terminal)


def test_a_termination_is_sent_on_to_the_child(tmp_path: Path) -> None:
    terminal, _ = start(tmp_path)
    with terminal:
        os.kill(terminal.process.pid, signal.SIGTERM)

        assert terminal.wait() == 128 + signal.SIGTERM
        assert restored(terminal)


AT_ONCE = """
import os, signal, sys, time
from wizard import terminal_guard

def child(terminal):
    os.kill(os.getppid(), signal.SIGTERM)
    time.sleep(15)
    return 7

def fork(real=os.fork):
    pid = real()
    time.sleep(0.1 if pid else 0)
    return pid

os.fork = fork
sys.exit(terminal_guard.run(child))
"""


def test_a_termination_is_sent_on_however_early_it_comes(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with Terminal([sys.executable, "-c", AT_ONCE], environment, tmp_path) as terminal:
        assert terminal.wait() == 128 + signal.SIGTERM
        assert "SIGTERM" in terminal.text()


def test_even_the_death_of_the_parent_leaves_a_plain_terminal(tmp_path: Path) -> None:
    # A shell leads the session, as in life; when the leader itself dies, the terminal is gone.
    terminal, child = start(tmp_path, "/bin/sh", "-c", f'{sys.executable} -c "$PROGRAM"; exec cat')
    with terminal:
        parent = int(Path(f"/proc/{child}/stat").read_text().split()[3])
        os.kill(parent, signal.SIGKILL)

        wait_until_restored(terminal)
        deadline = time.monotonic() + 10
        while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
            assert time.monotonic() < deadline, "the child outlived its parent"
            time.sleep(0.01)


def test_ctrl_c_belongs_to_the_child(tmp_path: Path) -> None:
    terminal, _ = start(tmp_path)
    with terminal:
        os.kill(terminal.process.pid, signal.SIGINT)
        (tmp_path / "end").touch()

        assert terminal.wait() == 7


def test_a_child_that_ends_by_itself_gives_its_exit_code(tmp_path: Path) -> None:
    terminal, _ = start(tmp_path)
    with terminal:
        (tmp_path / "end").touch()

        assert terminal.wait() == 7
        assert text_of(tmp_path / "code") == "7"


def last(raw: bytes, mode: int) -> bytes:
    """Whether a mode was last switched on (h) or off (l); empty when nobody touched it."""
    found = re.findall(rb"\x1b\[\?(?:[0-9]+;)*%d(?:;[0-9]+)*([hl])" % mode, raw)
    return found[-1] if found else b""


def test_a_wizard_that_hears_no_hang_up_ends_when_its_terminal_is_gone(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KUBECONFIG": str(tmp_path / "none")}
    deaf = ["/bin/sh", "-c", f"trap '' HUP; exec {sys.executable} -m wizard"]
    with Terminal(deaf, environment, tmp_path, (100, 30)) as terminal:
        terminal.wait_for("What do you want to do")
        (child,) = children(terminal.process.pid)
        terminal.hang_up()
        assert not processes.start_of(child)


def test_a_wizard_that_is_stopped_gives_the_terminal_back_and_its_screen_returns(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KUBECONFIG": str(tmp_path / "none")}
    with Terminal([sys.executable, "-m", "wizard"], environment, tmp_path, (100, 30)) as terminal:
        terminal.wait_for("What do you want to do")
        parent = terminal.process.pid
        (child,) = children(parent)
        os.kill(child, signal.SIGTSTP)

        wait_until_stopped(parent)
        assert is_plain(terminal)
        until(
            lambda: (last(terminal.raw, 1049), last(terminal.raw, 2004), last(terminal.raw, 25)) == (b"l", b"l", b"h")
        )

        shown = len(terminal.raw)
        os.kill(parent, signal.SIGCONT)
        deadline = time.monotonic() + 10
        while b"What do you want to do" not in terminal.raw[shown:]:
            assert time.monotonic() < deadline, terminal.raw[shown:]
            time.sleep(0.01)
        assert last(terminal.raw, 1049) == b"h"
        assert not is_plain(terminal)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV])
def test_the_wizard_itself_leaves_the_terminal_as_it_was_and_names_the_run_that_goes_on(
    number: signal.Signals, tmp_path: Path
) -> None:
    run = tmp_path / "state" / "llm-cost-ops-wizard" / "runs" / "7f3a"
    run.mkdir(parents=True)
    target = {"context": "c", "namespace": "ns", "release": "rel"}
    (run / "run.json").write_text(json.dumps({"operation": "install", "target": target}))
    me = {"pid": os.getpid(), "start": processes.start_of(os.getpid())}
    (run / "supervisor.json").write_text(json.dumps({"helm": me, "supervisor": me}))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KUBECONFIG": str(tmp_path / "none")}
    program = f'stty -a > before; {sys.executable} -m wizard; echo "exit $?"; stty -a > after; exec cat'
    with Terminal(["/bin/sh", "-c", program], environment, tmp_path, (100, 30)) as terminal:
        terminal.wait_for("What do you want to do")
        assert last(terminal.raw, 1049) == b"h"
        (parent,) = children(terminal.process.pid)
        (child,) = children(parent)
        os.kill(child, number)

        # The screen that is read here has no alternate one: the sentence stands behind what was shown, wrapped anywhere.
        text = " ".join(terminal.wait_for(f"exit {128 + number}").split())
        assert f"The wizard was ended by {number.name}" in text
        assert "Run 7f3a (install of rel in ns) goes on:" in text
        assert "runs 7f3a" in text
        assert text_of(tmp_path / "after") == (tmp_path / "before").read_text()
        assert {mode: last(terminal.raw, mode) for mode in (1049, 1000, 1003, 1006, 2004)} == dict.fromkeys(
            (1049, 1000, 1003, 1006, 2004), b"l"
        )
        assert last(terminal.raw, 25) == b"h"


def wait_until_stopped(pid: int) -> None:
    deadline = time.monotonic() + 10
    while Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "T":
        assert time.monotonic() < deadline, "it was not stopped"
        time.sleep(0.01)
