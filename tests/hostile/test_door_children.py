"""Programs that we ask - login plugins, helm - and that print without end, hang, leave children or answer nonsense."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hostile.door_strategies import answers, each, one_sentence
from wizard.adapters.bounded import ExceededError
from wizard.adapters.children import Child
from wizard.adapters.helm.cli import HelmCli
from wizard.adapters.kube import exec_plugin
from wizard.core import limits
from wizard.core.errors import Problem
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target

API = "client.authentication.k8s.io/v1"
CREDENTIAL = {
    "apiVersion": API, "kind": "ExecCredential",
    "status": {"token": "t", "clientCertificateData": "c", "clientKeyData": "k", "expirationTimestamp": "2030-01-01T00:00:00Z"},
}  # fmt: skip


def script(folder: Path, body: str) -> str:
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return str(path)


def plugin(folder: Path, body: str, **more: Any) -> dict[str, Any]:
    return {"apiVersion": API, "command": script(folder, body), **more}


def gone(pid: int) -> bool:
    """Whether a process has ended; it may take a moment to be seen."""
    until = time.monotonic() + 5
    while time.monotonic() < until:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False


@each()
def test_any_answer_of_a_plugin_is_a_credential_or_one_sentence(many: settings) -> None:
    @many
    @given(answers(CREDENTIAL))
    def holds(raw: bytes) -> None:
        with one_sentence("The login plugin plugin "):
            found = exec_plugin._answer(raw, {"apiVersion": API}, "plugin")
            assert isinstance(found.token, str)
            assert found.stale in (True, False)

    holds()


@each(1000)
def test_any_output_of_helm_list_is_a_list_or_one_sentence(many: settings, tmp_path: Path) -> None:
    rows = [{"name": "a", "namespace": "n", "revision": "1", "status": "deployed", "chart": "c-1", "app_version": "1"}]
    helm = HelmCli(script(tmp_path, f'case $1 in version) echo v4.2.4;; *) cat "{tmp_path}/said";; esac'))

    @many
    @given(answers(rows))
    def holds(raw: bytes) -> None:
        (tmp_path / "said").write_bytes(raw)
        with one_sentence("helm list"):
            assert all(isinstance(one, dict) for one in asyncio.run(helm.list(Target("c", "n", "r"))))

    holds()


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("sleep 60", "was ended: it did not end within 1 s"),
        ("yes", "was ended: it printed more than 1 MiB"),
        ("yes >&2", "was ended: it printed more than 1 MiB"),
        ("trap '' TERM INT HUP; while :; do sleep 1; done", "was ended: it did not end within 1 s"),
    ],
    ids=["hangs", "prints", "complains", "will not go"],
)
def test_a_plugin_without_end_is_ended_with_what_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, says: str
) -> None:
    monkeypatch.setattr(limits, "PLUGIN_SECONDS", 1.0)
    began = time.monotonic()
    with pytest.raises(ClusterError, match=says):
        exec_plugin.run(plugin(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child\n{body}"), tmp_path)
    assert time.monotonic() - began < 4
    assert gone(int((tmp_path / "child").read_text()))


def test_a_child_that_keeps_the_output_open_does_not_hold_the_answer_up(tmp_path: Path) -> None:
    said = json.dumps(CREDENTIAL)
    began = time.monotonic()
    found = exec_plugin.run(
        plugin(tmp_path, f"sleep 30 & echo $! > {tmp_path}/child\ncat <<'END'\n{said}\nEND"), tmp_path
    )
    assert found.token == "t"
    assert time.monotonic() - began < 3
    os.kill(int((tmp_path / "child").read_text()), signal.SIGKILL)


def test_a_plugin_that_failed_is_not_run_for_each_of_a_dozen_calls(tmp_path: Path) -> None:
    spec = plugin(tmp_path, f"echo x >> {tmp_path}/runs; echo no >&2; exit 1")
    for _ in range(12):
        with pytest.raises(ClusterError, match="failed: no"):
            exec_plugin.run(spec, tmp_path)
    assert (tmp_path / "runs").read_text() == "x\n"


def test_a_plugin_that_failed_is_run_again_after_a_while(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exec_plugin, "_FAILED", 0.0)
    spec = plugin(tmp_path, f"echo x >> {tmp_path}/runs; exit 1")
    for _ in range(2):
        with pytest.raises(ClusterError):
            exec_plugin.run(spec, tmp_path)
    assert (tmp_path / "runs").read_text() == "x\nx\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV], ids=str)
def test_what_we_started_ends_with_us_even_when_we_are_killed(tmp_path: Path, number: signal.Signals) -> None:
    body = script(
        tmp_path,
        f"sleep 60 & echo $! > {tmp_path}/child; echo $$ > {tmp_path}/self; sleep 0.3; mv {tmp_path}/self {tmp_path}/there; wait",
    )
    code = f"import os; from wizard.adapters.children import Child; Child(10, 60).run([{body!r}], os.environ)"
    with subprocess.Popen([sys.executable, "-c", code]) as ours:
        until = time.monotonic() + 10
        while not (tmp_path / "there").exists():
            assert time.monotonic() < until
            time.sleep(0.01)
        ours.send_signal(number)
    assert gone(int((tmp_path / "there").read_text()))
    assert gone(int((tmp_path / "child").read_text()))


def test_a_child_can_be_stopped_from_another_thread_and_gets_all_of_its_input(tmp_path: Path) -> None:
    whole = Child(limits.KIB, 10).run(["/usr/bin/env", "wc", "-c"], os.environ, b"x" * 3_000_000)
    assert whole.out.strip() == b"3000000"
    child = Child(limits.KIB, 60)
    threading.Timer(0.2, child.stop).start()
    with pytest.raises(InterruptedError):
        child.run(["/bin/sh", "-c", "sleep 60"], os.environ)


async def test_helm_without_end_is_ended_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "HELM_OUTPUT", 100_000)
    helm = HelmCli(script(tmp_path, "case $1 in version) echo v4.2.4;; *) while :; do echo 'a: b'; done;; esac"))
    with pytest.raises(Problem, match="helm template was ended: it printed more than"):
        await helm.template(Target("c", "n", "r"), str(tmp_path), "values.yaml")


async def test_helm_s_words_about_two_users_of_one_name_keep_their_tokens_back(tmp_path: Path) -> None:
    said = 'Error: duplicate name "u" in list: [{u { []  [] C4n4ry [] map[] <nil>}} {u {C4n4ry}}]'
    helm = HelmCli(script(tmp_path, f"case $1 in version) echo v4.2.4;; *) echo '{said}' >&2; exit 1;; esac"))
    with pytest.raises(Problem, match='duplicate name "u" in list') as caught:
        await helm.list(Target("c", "n", "r"))
    assert "C4n4ry" not in str(caught.value)


@each(500)
def test_any_output_is_taken_whole_up_to_its_limit_and_no_further(many: settings) -> None:
    @many
    @given(st.integers(0, 3000), st.integers(0, 3000))
    def holds(out: int, err: int) -> None:
        argv = ["/bin/sh", "-c", f"head -c {out} /dev/zero; head -c {err} /dev/zero >&2"]
        try:
            done = Child(2000, 10).run(argv, os.environ)
        except ExceededError:
            assert max(out, err) > 2000
        else:
            assert (len(done.out), len(done.err)) == (out, err)

    holds()
