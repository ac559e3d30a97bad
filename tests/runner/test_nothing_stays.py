"""Each process of ours is killed in the middle, with cores allowed: no secret is on any disk afterwards."""

from __future__ import annotations

import base64
import json
import os
import resource
import secrets
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.adapters import loopback
from tests.leaks import Disks, forms
from tests.terminal import Terminal, children
from wizard.adapters.runs.store import RunFiles
from wizard.core.text.secrets import Secret

from .conftest import FakeHelm, ends, until
from .test_runs import begin, folder_of, pids, spec

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="cores and descriptors are looked at below /proc")
ROOT = Path(__file__).resolve().parents[2]
SIGNALS = [signal.SIGKILL, signal.SIGSEGV]
WITH_CORES = ("/bin/sh", "-c", 'ulimit -c "$(ulimit -H -c)"; exec "$@"', "sh")
CORES_ARE_FILES = Path("/proc/sys/kernel/core_pattern").read_text().strip() == "core" and (
    resource.getrlimit(resource.RLIMIT_CORE)[1] == resource.RLIM_INFINITY
)
HOLDS = """
import sys, time
from wizard import __main__
from wizard.cli import parser
from wizard.core.text.secrets import Secret

def hold(argv):
    kept = Secret(sys.stdin.readline().strip())
    print("held", flush=True)
    time.sleep(60)

parser.main = hold
__main__.main()
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that the wizard is called in, with temporary folders of the test's own."""
    for name in ("work", "temporary", "inputs"):
        (tmp_path / name).mkdir(mode=0o700)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def disks(work: Path) -> Disks:
    return Disks(work.parent, without=[work.parent / "inputs"])


def end(pid: int, number: signal.Signals) -> None:
    os.kill(pid, number)
    until(lambda: ends(pid))


def told_to_dump_nothing(pid: int) -> bool:
    """Whether no core of a living process can come: not as a file, and not through a program of the kernel's."""
    limits = Path(f"/proc/{pid}/limits").read_text().splitlines()
    (core,) = (line.split()[4:6] for line in limits if line.startswith("Max core file size"))
    return core == ["0", "0"] and Path(f"/proc/{pid}/auxv").stat().st_uid == 0


class ClientKey:
    """A kubeconfig with a client certificate in it, for a server that takes the connection and never answers."""

    def __init__(self, inputs: Path, server: loopback.Server, authority: Path, **cluster: str) -> None:
        certificate, key = (one.read_bytes() for one in loopback.certificate(inputs, "me"))
        encoded = {"client-certificate-data": certificate, "client-key-data": key}
        user = {name: base64.b64encode(pem).decode() for name, pem in encoded.items()}
        where = {"certificate-authority": str(authority), **cluster}
        self.kubeconfig = loopback.kubeconfig(inputs, server.url, user=user, cluster=where)
        private = load_pem_private_key(key, None)
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        number = private.private_numbers().private_value.to_bytes(32, "big")
        self.forms = [*forms(key.splitlines()[2], number), number[::-1]]


@contextmanager
def connecting(inputs: Path, **cluster: str) -> Iterator[tuple[ClientKey, loopback.Server]]:
    pair, held = loopback.certificate(inputs, "server"), threading.Event()
    with loopback.serving(lambda _: loopback.Answer(hold=held), pair) as server:
        yield ClientKey(inputs, server, pair[0], **cluster), server
        held.set()


THROUGH = [
    pytest.param({}, id="own connection"),
    pytest.param({"not-known-to-us": "so the client of Kubernetes reads it"}, id="client of Kubernetes"),
]


@pytest.mark.parametrize("cluster", THROUGH)
@pytest.mark.parametrize(
    "number", [signal.SIGKILL, pytest.param(signal.SIGSEGV, marks=pytest.mark.full)], ids=lambda one: one.name
)
def test_a_front_end_that_is_connected_with_a_client_certificate(
    number: signal.Signals, cluster: dict[str, str], work: Path, disks: Disks
) -> None:
    with connecting(work.parent / "inputs", **cluster) as (key, server):
        command = [*WITH_CORES, sys.executable, "-m", "wizard", "status", "--kubeconfig", key.kubeconfig]
        front_end = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: server.asked)
        assert told_to_dump_nothing(front_end.pid)
        front_end.send_signal(number)
        assert front_end.wait(10) == -number
    assert disks.holding(key.forms) == []


@pytest.mark.full
@pytest.mark.parametrize("who", ["the screen", "its parent"])
@pytest.mark.parametrize("number", SIGNALS, ids=lambda one: one.name)
def test_the_full_screen_that_is_connected_with_a_client_certificate(
    number: signal.Signals, who: str, work: Path, disks: Disks
) -> None:
    with connecting(work.parent / "inputs") as (key, server):
        environment = {**os.environ, "KUBECONFIG": key.kubeconfig}
        with Terminal([*WITH_CORES, sys.executable, "-m", "wizard"], environment, work, (100, 30)) as terminal:
            until(lambda: server.asked)
            (screen,) = children(terminal.process.pid)
            pid = screen if who == "the screen" else terminal.process.pid
            assert told_to_dump_nothing(pid)
            os.kill(pid, number)
            terminal.wait()
            until(lambda: ends(screen))
    assert disks.holding(key.forms) == []


@pytest.mark.full
@pytest.mark.parametrize("number", SIGNALS, ids=lambda one: one.name)
def test_a_front_end_that_holds_a_secret(number: signal.Signals, work: Path, disks: Disks) -> None:
    canary = f"canary{secrets.token_hex(16)}"
    front_end = subprocess.Popen(
        [*WITH_CORES, sys.executable, "-c", HOLDS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert front_end.stdin
    assert front_end.stdout
    front_end.stdin.write(canary + "\n")
    front_end.stdin.flush()
    assert front_end.stdout.readline() == "held\n"
    assert told_to_dump_nothing(front_end.pid)
    front_end.send_signal(number)
    assert front_end.wait(10) == -number
    front_end.communicate()
    assert disks.holding(forms(canary.encode())) == []


@pytest.mark.parametrize(
    ("who", "number"),
    [
        ("runner", signal.SIGSEGV),
        pytest.param("runner", signal.SIGKILL, marks=pytest.mark.full),
        pytest.param("supervisor", signal.SIGSEGV, marks=pytest.mark.full),
        pytest.param("supervisor", signal.SIGKILL, marks=pytest.mark.full),
    ],
)
def test_a_process_of_a_run_that_was_given_secrets(
    who: str, number: signal.Signals, work: Path, disks: Disks, helm: FakeHelm, started: list[int]
) -> None:
    canary = f"canary{secrets.token_hex(16)}"
    runs = RunFiles()
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        run_id = begin(runs, spec(work.parent, helm), helm, {"db": {"password": Secret(canary)}})
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    processes = pids(run_id)
    started += processes.values()
    assert told_to_dump_nothing(processes[who])
    end(processes[who], number)
    assert disks.holding(forms(canary.encode())) == []
    helm.end(0)
    until(lambda: ends(processes["helm"]))
    assert disks.holding(forms(canary.encode())) == []


def test_helm_gets_the_limit_of_its_runner(work: Path, helm: FakeHelm, started: list[int]) -> None:
    run_id = begin(RunFiles(), spec(work.parent, helm), helm)
    started += pids(run_id).values()
    limits = Path(f"/proc/{pids(run_id)['helm']}/limits").read_text().splitlines()
    assert next(line.split()[4:6] for line in limits if line.startswith("Max core")) == ["0", "0"]
    helm.end(0)


@pytest.mark.skipif(not CORES_ARE_FILES, reason="this system writes no core into the current folder")
def test_the_search_finds_a_secret_in_the_core_of_a_program_that_is_not_ours(work: Path, disks: Disks) -> None:
    canary = f"canary{secrets.token_hex(16)}"
    code = "import os, signal; kept = input(); os.kill(os.getpid(), signal.SIGSEGV)"
    subprocess.run([*WITH_CORES, sys.executable, "-c", code], input=canary, text=True, check=False)
    (found,) = disks.holding(forms(canary.encode()))
    assert Path(found).parent == work


def test_the_folder_of_a_runner_that_was_killed_is_removed_by_the_next_start(
    work: Path, helm: FakeHelm, started: list[int]
) -> None:
    run_id = begin(RunFiles(), spec(work.parent, helm), helm)
    started += pids(run_id).values()
    folder = Path(json.loads((folder_of(run_id) / "control.json").read_text())["socket"]).parent
    look = [sys.executable, "-m", "wizard", "runs"]
    subprocess.run(look, check=True, capture_output=True)
    assert folder.exists(), "a living runner keeps its own"
    end(pids(run_id)["runner"], signal.SIGKILL)
    assert folder.exists()
    subprocess.run(look, check=True, capture_output=True)
    assert not folder.exists()
    helm.end(0)
