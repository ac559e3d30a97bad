"""Another Unix user of the same machine can read, drive and change nothing of a person's runs, files and processes."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tests import other_user

from .conftest import ends, until

ALICE, MALLORY = 61_201, 61_202
"""Numbers that no user of a machine has."""
WIZARD = [sys.executable, "-m", "wizard"]
VALUES = [*WIZARD, "values", "--preset", "dev", "--yes", "--context", "none", "--answer", "image=a/b:1", "--write"]
STARTS = """
import os, sys
from pathlib import Path
from tests.runner.conftest import FakeHelm, until
from tests.runner.test_runs import begin, spec
from wizard.adapters.runs.store import RunFiles
from wizard.core.text.secrets import Secret

Path("fake").mkdir(mode=0o700)
helm = FakeHelm(Path("fake").absolute())
print(begin(RunFiles(), spec(Path.cwd(), helm), helm, {"db": {"password": Secret(sys.argv[1])}}))
"""
TRIES = """
import ctypes, json, os, signal, socket, stat, sys
paths, pids = json.loads(sys.argv[1])
done = []

def attempt(what, action, *arguments):
    try:
        action(*arguments)
    except OSError:
        return
    done.append(what)

def connect(path):
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(path)

def attach(pid):
    if ctypes.CDLL(None, use_errno=True).ptrace(16, pid, None, None):
        raise OSError

for path in paths:
    attempt(f"list or read {path}", lambda: os.listdir(path) if os.path.isdir(path) else open(path, "rb"))
    attempt(f"open for writing {path}", lambda: os.close(os.open(path, os.O_WRONLY)))
    attempt(f"make a file in {path}", lambda: open(f"{path}/new", "x"))
    attempt(f"rename {path}", os.rename, path, f"{path}.stolen")
    attempt(f"remove {path}", os.unlink, path)
    attempt(f"change the mode of {path}", os.chmod, path, 0o777)
    attempt(f"connect to {path}", connect, path)
for pid in pids:
    for name in ("environ", "mem", "maps", "auxv", "fd", "cwd", "exe", "root"):
        file = f"/proc/{pid}/{name}"
        attempt(f"read {file}", lambda: os.listdir(file) if name == "fd" else
                os.readlink(file) if name in ("cwd", "exe", "root") else open(file, "rb"))
    attempt(f"end {pid}", os.kill, pid, signal.SIGTERM)
    attempt(f"trace {pid}", attach, pid)
print(json.dumps(done))
"""
PINGS = """
import socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.settimeout(10)
    line.connect(sys.argv[1])
    try:
        line.sendall(b'{"command":"ping"}\\n')
        print(line.recv(100))
    except OSError as error:
        print(b"")
"""


@pytest.fixture(scope="module")
def possible() -> None:
    if reason := other_user.why_not():
        pytest.skip(reason)


class World:
    """The home folders of two users, open to everybody as many systems make them, so that only the wizard's own modes help."""

    def __init__(self, base: Path) -> None:
        self.base = base
        base.chmod(0o755)
        self.alice, self.mallory = self._home("alice", ALICE), self._home("mallory", MALLORY)
        self.sticky, self.open = base / "sticky", base / "open"
        for folder, mode in ((self.sticky, 0o1777), (self.open, 0o777)):
            folder.mkdir()
            folder.chmod(mode)

    def _home(self, name: str, user: int) -> Path:
        home = self.base / name
        for folder in (home, *(home / part for part in ("home", "tmp", "cache", "work"))):
            folder.mkdir(mode=0o755)
            os.chown(folder, user, user)
        return home

    def as_alice(self, *argv: str, code: int = 0) -> str:
        done = other_user.run(ALICE, argv, self.alice)
        assert done.returncode == code, done.stderr
        return done.stdout + done.stderr * bool(code)

    def mallory_does(self, *argv: str, **environment: str) -> tuple[int, str]:
        done = other_user.run(MALLORY, argv, self.mallory, **environment)
        return done.returncode, done.stdout + done.stderr

    def mallory_can(self, paths: list[Path], pids: list[int]) -> Any:
        asked = json.dumps([[str(path) for path in paths], pids])
        code, said = self.mallory_does(sys.executable, "-c", TRIES, asked)
        assert code == 0, said
        return json.loads(said)


@pytest.fixture(scope="module")
def world(possible: None) -> Iterator[World]:
    with a_world() as made:
        yield made


@contextmanager
def a_world() -> Iterator[World]:
    base = Path(tempfile.mkdtemp(prefix="two-users-"))
    yield World(base)
    shutil.rmtree(base)


class LiveRun:
    """A run of alice's, with a secret in its runner and a helm that goes on until it is told to end."""

    def __init__(self, world: World) -> None:
        self.canary = f"canary{secrets.token_hex(16)}"
        self.id = world.as_alice(sys.executable, "-c", STARTS, self.canary).strip()
        self.state = world.alice / "state" / "llm-cost-ops-wizard"
        self.folder = self.state / "runs" / self.id
        until(lambda: (self.folder / "control.json").exists())
        owners = self.read("supervisor.json")
        self.pids = {name: int(owners[name]["pid"]) for name in ("supervisor", "helm")}
        self.pids["runner"] = int(self.read("runner.json")["pid"])
        self.socket = Path(self.read("control.json")["socket"])

    def read(self, name: str) -> Any:
        return json.loads((self.folder / name).read_text())


@pytest.fixture(scope="module")
def live(world: World) -> Iterator[LiveRun]:
    with a_run(world) as run:
        yield run


@contextmanager
def a_run(world: World) -> Iterator[LiveRun]:
    run = LiveRun(world)
    yield run
    for pid in run.pids.values():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: all(ends(pid) for pid in run.pids.values()))


def below(*folders: Path) -> list[Path]:
    return [path for folder in folders for path in (folder, *folder.rglob("*"))]


def test_nothing_of_a_living_run_can_be_read_driven_or_changed(world: World, live: LiveRun) -> None:
    values = world.alice / "work" / "v.yaml"
    world.as_alice(*VALUES, str(values))
    world.as_alice(*VALUES, str(world.sticky / "v.yaml"))
    cache = world.alice / "cache" / "llm-cost-ops-wizard"
    files = [*below(live.state, live.socket.parent, cache), values, world.sticky / "v.yaml"]
    assert {"record.jsonl", "run.json", "values.yaml", "runner.log", "helm.out", "run"} <= {one.name for one in files}
    ours = [live.pids["runner"], live.pids["supervisor"]]
    assert world.mallory_can(files, [*ours, live.pids["helm"]]) == []
    assert all(stat.S_IMODE(one.lstat().st_mode) & 0o077 == 0 for one in files)
    assert "running" in world.as_alice(*WIZARD, "runs")


def test_another_user_sees_no_run_of_ours_whatever_they_name(world: World, live: LiveRun) -> None:
    record = live.folder / "record.jsonl"
    assert "no run" in world.mallory_does(*WIZARD, "runs")[1].lower()
    for words in (["runs", live.id], ["runs", str(record)], ["runs", str(live.folder)]):
        code, said = world.mallory_does(*WIZARD, *words)
        assert code == 2, said
        assert "Traceback" not in said
    code, said = world.mallory_does(*WIZARD, "runs", XDG_STATE_HOME=str(world.alice / "state"))
    assert (code, f"belongs to another user (uid {ALICE})" in said) == (2, True), said


def test_the_runner_answers_nobody_else_even_where_its_socket_is_open(world: World, live: LiveRun) -> None:
    live.socket.parent.chmod(0o755)
    live.socket.chmod(0o666)
    assert world.mallory_does(sys.executable, "-c", PINGS, str(live.socket)) == (0, "b''\n")
    assert '"ok": true' in world.as_alice(sys.executable, "-c", PINGS, str(live.socket))


def test_even_the_same_user_cannot_look_into_a_process_that_holds_secrets(world: World, live: LiveRun) -> None:
    done = other_user.run(
        ALICE,
        [sys.executable, "-c", TRIES.replace("SIGTERM", "SIGCONT"), json.dumps([[], [live.pids["runner"]]])],
        world.alice,
    )
    assert json.loads(done.stdout) == [f"end {live.pids['runner']}"], "a signal may come"


def test_a_values_file_goes_into_no_folder_where_others_could_replace_it(world: World) -> None:
    said = world.as_alice(*VALUES, str(world.open / "v.yaml"), code=2)
    assert "open to everybody" in said
    assert list(world.open.iterdir()) == []
    assert "belongs to another user" in world.as_alice(*VALUES, str(world.mallory / "tmp" / "v.yaml"), code=2)


def test_a_link_that_another_user_left_in_a_common_folder_overwrites_nothing(world: World) -> None:
    victim = world.alice / "work" / "victim"
    victim.write_text("mine")
    os.chown(victim, ALICE, ALICE)
    plant = "import os, sys; os.symlink(sys.argv[1], sys.argv[2])"
    assert world.mallory_does(sys.executable, "-c", plant, str(victim), str(world.sticky / "link")) == (0, "")
    assert "link of another user" in world.as_alice(*VALUES, str(world.sticky / "link"), code=2)
    assert victim.read_text() == "mine"


def test_a_user_who_is_not_root_writes_to_standard_output_by_its_path(world: World) -> None:
    assert world.as_alice(*VALUES, "/dev/stdout").startswith("# Values of LLM Cost Ops")


@pytest.mark.full
def test_a_runner_of_another_user_in_the_place_of_ours_hears_no_command(possible: None) -> None:
    with a_world() as world, a_run(world) as live:
        mallory_hears_nothing(world, live)


def mallory_hears_nothing(world: World, live: LiveRun) -> None:
    os.kill(live.pids["runner"], signal.SIGKILL)
    place = world.sticky / "run"
    listens = "import socket, sys; s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); import os\n"
    listens += "os.chmod(sys.argv[1], 0o666); s.settimeout(float(sys.argv[2]))\n"
    listens += "try: print(s.accept()[0].recv(100))\nexcept TimeoutError: print(b'')"
    command = other_user.command(MALLORY, [sys.executable, "-c", listens, str(place), "10"])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as mallory:
        until(lambda: place.exists() and stat.S_IMODE(place.stat().st_mode) == 0o666)
        (live.folder / "control.json").write_text(json.dumps({"socket": str(place)}))
        sends = "import asyncio, sys; from wizard.adapters.runs.store import RunFiles\n"
        sends += "asyncio.run(RunFiles().command(sys.argv[1], 'fix', {'answers': {'password': 'canary'}}))"
        assert "does not answer" in world.as_alice(sys.executable, "-c", sends, live.id, code=1)
        assert mallory.communicate(timeout=30)[0] == "b''\n"
