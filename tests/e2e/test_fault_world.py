"""What else can go wrong in the middle of a run: the API server, the login, the rights, the disk, the terminal, the text.

All in `make test-full`, but for one that is quick. What breaks a watch or a log stream alone is in tests/engine/watch/test_faults_e2e.py.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conftest import Bed, _with_state
from tests.e2e.faults import RELEASE, WAIT, Moment, Ours, moment, until
from tests.faultproxy import Rule
from tests.terminal import Terminal
from wizard.runner import record
from wizard.sandbox import cluster, processes
from wizard.sandbox.api import ApiError

pytestmark = pytest.mark.e2e
OUR_WATCHES: Final = "watch=1"
HOSTILE: Final = "\x1b]0;owned\x07\x1b[2J\x1bPq\x1b\\\x9b2J\u202ereversed\u2066\r\x08" + "A" * 20_000
_COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")
_DRIVES: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def own_bed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bed]:
    """A sandbox whose API server may be stopped: nobody else uses it."""
    state, name = tmp_path_factory.mktemp("faults"), f"faults-{uuid.uuid4().hex[:6]}"
    with _with_state(state):
        info = cluster.up(name)
    yield Bed(info, state)
    with _with_state(state):
        cluster.down(name)


@contextlib.contextmanager
def held(bed: Bed, namespace: str, helm: str, folder: Path, **more: Any) -> Iterator[tuple[Moment, Ours]]:
    """A run of the wizard that waits for its pod."""
    timeout = more.pop("timeout", "10m")
    with moment(bed, namespace, helm, WAIT, folder / "work", **more) as where:
        ours = Ours(where, folder / "state", timeout=timeout)
        try:
            ours.reach()
            yield where, ours
        finally:
            ours.close()


def ends_well(where: Moment, ours: Ours) -> None:
    """What was held comes loose, and all is as if nothing had been."""
    where.release()
    assert ours.front_end.end() == "0", ours.front_end.said
    view = ours.finished()
    assert (view.helm_exit, view.verdict) == ((0, ""), "ready"), view.reason
    assert "Traceback" not in ours.front_end.said
    assert ours.leaks() == []


def blind(ours: Ours) -> list[dict[str, Any]]:
    """What the run said that it cannot see, and that it sees again."""
    return [dict(one.data) for one in record.read(ours.folder / "record.jsonl") if one.type == "watch.blind"]


@pytest.mark.full
@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(Rule(status=429, headers={"Retry-After": "1"}, times=12), id="busy"),
        pytest.param(Rule(path="watch=", status=410, times=8), id="gone"),
        pytest.param(Rule(path=OUR_WATCHES, status=503, times=12), id="unavailable"),
        pytest.param(Rule(delay=0.2), id="slow"),
    ],
)
def test_a_run_outlives_an_api_server_that_refuses_or_is_slow(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, rule: Rule
) -> None:
    with held(sandbox, namespace, tool("helm4"), tmp_path, proxied=True) as (where, ours):
        assert where.proxy is not None
        where.proxy.add(Rule(**{name: value for name, value in vars(rule).items() if name != "lifted"}))
        where.proxy.drop(OUR_WATCHES)
        until("the fault was met", lambda: where.proxy and where.proxy.count("GET", OUR_WATCHES) > 8)
        ends_well(where, ours)


def _server(bed: Bed) -> processes.Process:
    return next(one for one in processes.load(bed.info.folder / "processes.json") if one.name == "kube-apiserver")


@pytest.mark.full
def test_an_api_server_that_hangs_makes_nothing_hang_and_the_run_goes_on_when_it_answers(
    own_bed: Bed, tool: Callable[[str], str], tmp_path: Path
) -> None:
    with held(own_bed, "hangs", tool("helm4"), tmp_path) as (where, ours):
        pid = _server(own_bed).pid
        os.kill(pid, signal.SIGSTOP)
        try:
            began = time.monotonic()
            code, said = ours.call("runs")
            assert (code, "running" in said) == (0, True), said
            code, said = ours.call("status", "-n", "hangs")
            assert code in (1, 2, 3), said
            assert time.monotonic() - began < 60
            assert ours.lives("helm")
            assert ours.lives("runner")
        finally:
            os.kill(pid, signal.SIGCONT)
        ends_well(where, ours)


@pytest.mark.full
@pytest.mark.parametrize(("name", "goaway"), [("killed", "0"), ("goaway", "0.02")])
def test_an_api_server_that_is_killed_is_said_and_after_its_restart_the_run_ends_with_what_is_true(
    own_bed: Bed, tool: Callable[[str], str], tmp_path: Path, name: str, goaway: str
) -> None:
    with held(own_bed, name, tool("helm4"), tmp_path) as (where, ours):
        old = _server(own_bed)
        command = Path(f"/proc/{old.pid}/cmdline").read_bytes().decode().rstrip("\0").split("\0")
        command.append(f"--goaway-chance={goaway}")  # the most it takes; HTTP/2 only, so helm gets them
        os.kill(old.pid, signal.SIGKILL)
        until("the run says that it is blind", lambda: any(one["reason"] for one in blind(ours)))
        new = processes.start("kube-apiserver", command, own_bed.info.folder / "kube-apiserver.log", dict(os.environ))
        others = [one for one in processes.load(own_bed.info.folder / "processes.json") if one.name != "kube-apiserver"]
        processes.save(own_bed.info.folder / "processes.json", [*others, new])

        def answers() -> bool:
            with contextlib.suppress(ApiError):
                return bool(where.api.get("/readyz") == "ok")
            return False

        until("the API server answers again", answers)
        where.release()
        ours.front_end.end()
        view = ours.finished()
        assert view.finished is not None
        assert view.helm_exit is not None
        # helm's own wait may not survive this; whatever it says, what is there is told beside it.
        assert view.verdict == "ready", view.reason
        assert view.finished["code"] == (0 if view.helm_exit == (0, "") else 1)
        assert view.helm_exit == (0, "") or "helm" in view.reason


@pytest.mark.full
def test_rights_that_are_taken_and_given_back_are_named_and_the_run_sees_again(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    config = sandbox.user("namespace-only", namespace=namespace)
    with held(sandbox, namespace, tool("helm4"), tmp_path, kubeconfig=config, proxied=True) as (where, ours):
        proxy = where.proxy
        assert proxy is not None
        # Before that it lists, and gives up when it may not.
        until("helm watches", lambda: proxy.opened(r"/configmaps\?.*watch=true"))
        sandbox.kubectl("-n", namespace, "delete", "rolebinding", f"sandbox-namespace-only-{namespace}")
        proxy.drop(OUR_WATCHES)
        until("the missing right is named", lambda: any("pods" in one["permission"] for one in blind(ours)))
        sandbox.user("namespace-only", namespace=namespace)
        until(
            "the run sees the pods again",
            lambda: [one["reason"] for one in blind(ours) if one["what"] == "Pod"][-1] == "",
        )
        ends_well(where, ours)


@pytest.mark.full
def test_a_login_that_ends_in_the_middle_is_said_and_never_taken_for_health(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl("-n", namespace, "create", "serviceaccount", "installer")
    sandbox.kubectl("-n", namespace, "create", "rolebinding", "installer", "--clusterrole=admin", f"--serviceaccount={namespace}:installer")  # fmt: skip
    config = yaml.safe_load(Path(sandbox.kubeconfig).read_text())
    config["users"][0]["user"] = {"token": sandbox.kubectl("-n", namespace, "create", "token", "installer").strip()}
    mine = tmp_path / "token.kubeconfig"
    mine.write_text(yaml.safe_dump(config))
    mine.chmod(0o600)
    more = {"kubeconfig": str(mine), "proxied": True, "timeout": "40s"}
    with held(sandbox, namespace, tool("helm4"), tmp_path, **more) as (where, ours):
        assert where.proxy is not None
        sandbox.kubectl("-n", namespace, "delete", "serviceaccount", "installer")
        asks = [tool("kubectl"), "--kubeconfig", str(mine), "-n", namespace, "get", "pods"]
        # The API server takes a token for some seconds more: it remembers what it has looked up.
        until("the token is refused", lambda: subprocess.run(asks, capture_output=True, check=False).returncode != 0)
        where.proxy.drop(OUR_WATCHES)
        until("the login's end is said", lambda: any("log" in one["reason"].lower() or "401" in one["reason"] for one in blind(ours)))  # fmt: skip
        assert ours.front_end.end() == "1", ours.front_end.said
        view = ours.finished()
        assert view.verdict != "ready", view.reason
        assert "helm" in view.reason
        assert ours.leaks() == []


@pytest.mark.full
def test_a_disk_that_fills_up_stops_neither_helm_nor_the_run(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    state = tmp_path / "state"
    with small_disk(state), held(sandbox, namespace, tool("helm4"), tmp_path) as (where, ours):
        filler = (state / "filler").open("wb", buffering=0)
        with filler, contextlib.suppress(OSError):
            for size in (65536, 4096, 1):
                with contextlib.suppress(OSError):
                    while filler.write(b"x" * size):
                        pass
        where.release()
        until("helm has finished its work", lambda: where.status() == "deployed")
        ours.front_end.end()
        assert "Traceback" not in ours.front_end.said
        (state / "filler").unlink()
        until("all processes of the run have ended", lambda: not any(map(ours.lives, ("runner", "supervisor", "helm"))))
        code, said = ours.call("runs", ours.id)
        assert code in (0, 1, 3), said
        assert said.strip()


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of 24 MB: a run wants 16 to begin. Only root can make one; CI and the makers' machines are root."""
    folder.mkdir(exist_ok=True)
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=0700", "tmpfs", str(folder)], capture_output=True, check=False)  # fmt: skip
    if made.returncode:
        pytest.skip(f"a small disk needs root and mount: {made.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_state_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder can be made below a file, not even by root")
    env = {
        **os.environ,
        "XDG_STATE_HOME": str(tmp_path / "file"),
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    done = subprocess.run(
        [sys.executable, "-m", "wizard", "runs"], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert done.returncode in (1, 2), said
    assert "Traceback" not in said
    assert str(tmp_path / "file") in said


@pytest.mark.full
def test_hostile_text_and_ten_thousand_events_reach_neither_the_terminal_nor_the_end_of_the_run(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    with held(sandbox, namespace, tool("helm4"), tmp_path, notes=f"Thanks {HOSTILE}") as (where, ours):
        flood(where, 10_000)
        until("the flood is in the record", lambda: "event number" in (ours.folder / "record.jsonl").read_text())
        ends_well(where, ours)
        assert _DRIVES.findall(_COLOUR.sub("", ours.front_end.said)) == []
        assert (ours.folder / "record.jsonl").stat().st_size < 64 * 1024 * 1024
        for _, said in (ours.call("runs", ours.id), ours.call("status", "-n", namespace, "--release", RELEASE)):
            assert _DRIVES.findall(_COLOUR.sub("", said)) == []


def flood(where: Moment, many: int) -> None:
    """Warnings about the release's pod, each a new one with a text that would drive a terminal."""
    pod = where.pods()[0]
    folder, port = where.bed.info.folder, int(where.bed.info.server.rpartition(":")[2])
    tls = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    tls.load_cert_chain(folder / "admin.crt", folder / "admin.key")
    line = http.client.HTTPSConnection("127.0.0.1", port, timeout=30, context=tls)
    about = {"kind": "Pod", "apiVersion": "v1", "namespace": where.namespace, "name": pod["metadata"]["name"], "uid": pod["metadata"]["uid"]}  # fmt: skip
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    with contextlib.closing(line):
        for number in range(many):
            body = {
                "metadata": {"name": f"flood-{number}"}, "involvedObject": about, "reason": "Flood", "type": "Warning",
                "message": f"event number {number} {HOSTILE[:200]}", "firstTimestamp": now, "lastTimestamp": now, "count": 1,
            }  # fmt: skip
            headers = {"Content-Type": "application/json"}
            line.request("POST", f"/api/v1/namespaces/{where.namespace}/events", json.dumps(body), headers)
            answer = line.getresponse()
            answer.read()
            assert answer.status == 201


@pytest.mark.full
def test_a_terminal_that_shrinks_to_nothing_and_comes_back_shows_the_run_again(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    with held(sandbox, namespace, tool("helm4"), tmp_path) as (where, ours):
        env = {**where.env, "XDG_STATE_HOME": str(tmp_path / "state")}
        env.pop("COLUMNS", None)
        with Terminal([sys.executable, "-m", "wizard", "runs", ours.id], env, tmp_path, (100, 30)) as screen:
            screen.wait_for("Deployment")
            for rows, columns in ((1, 1), (0, 0), (2, 300), (30, 100)):
                screen.process.setwinsize(rows, columns)
            where.release()
            screen.wait_for("READY|ready", 60)
            assert screen.process.isalive()
        assert ours.front_end.end() == "0", ours.front_end.said
