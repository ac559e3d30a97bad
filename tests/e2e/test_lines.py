"""The command line on a real API server with real helm 3: what a script sees, and what a person is asked."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from tests.cli.servers import answering
from tests.conftest import Bed
from tests.terminal import Terminal
from wizard.core.run.events import EVENTS

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
WIZARD = [sys.executable, "-m", "wizard"]


class Person:
    """Someone with a kubeconfig, helm 3 and a folder to work in."""

    def __init__(self, kubeconfig: str, helm: str, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.env: dict[str, str] = {
            **os.environ, "KUBECONFIG": kubeconfig, "LLM_COST_OPS_HELM": helm, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin",
        }  # fmt: skip

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command that runs, without a terminal, in a session of its own."""
        return subprocess.Popen(
            [*WIZARD, *words], cwd=self.folder, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip

    def call(self, *words: str, code: int | tuple[int, ...] = 0) -> str:
        """What a command prints; it must end with the code."""
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        allowed = code if isinstance(code, tuple) else (code,)
        assert process.returncode in allowed, f"exit {process.returncode}\n{out}\n{err}"
        assert "Traceback" not in out + err
        self.err = err
        return out


@pytest.fixture
def person(sandbox: Bed, tmp_path: Path, tool: Callable[[str], str]) -> Person:
    """The admin of the sandbox."""
    return Person(sandbox.kubeconfig, tool("helm3"), tmp_path / "work")


@pytest.fixture
def other(sandbox: Bed, tmp_path: Path, tool: Callable[[str], str]) -> Callable[..., Person]:
    """Another user of the sandbox."""
    return lambda kind, **options: Person(sandbox.user(kind, **options), tool("helm3"), tmp_path / "work")


def test_a_dev_install_with_yes_ends_ready_and_everything_about_it_can_be_asked(
    person: Person, sandbox: Bed, namespace: str
) -> None:
    said = person.call("install", "--preset", "dev", "-n", namespace, "--yes")

    assert re.search(r"run [0-9a-f]+: install llm-cost-ops -> .*helm 3\.21\.4", said)
    assert "Secret/llm-cost-ops-app-credentials created with jwt-secret" in said
    assert re.search(r"\+ ready Deployment/llm-cost-ops  1 of 1", said)
    assert re.search(r"llm-cost-ops-postgresql-0 postgresql \| .*ready to accept connections", said)
    assert re.search(r"^\+ ready .*ready$", said, re.MULTILINE)
    assert "********" not in said, "nothing that is no secret is masked"
    assert yaml.safe_load((person.folder / "llm-cost-ops.dev.values.yaml").read_text())["jwt"] == {
        "existingSecret": "llm-cost-ops-app-credentials"
    }
    assert sandbox.get("deployment", "llm-cost-ops", "-n", namespace)["status"]["readyReplicas"] == 1

    said = person.call("status", "-n", namespace)
    assert "+ ready" in said
    assert "deployed" in said
    (found,) = json.loads(person.call("status", "-n", namespace, "-o", "json"))["releases"]
    assert (found["name"], found["revision"]) == ("llm-cost-ops", 1)
    said = person.call("logs", "-n", namespace, "--tail", "3", "--container", "postgresql")
    assert said.count("postgresql |") == 3

    said = person.call("upgrade", "-n", namespace, "--set", "config.logLevel=warn", "--yes")
    assert "upgrade llm-cost-ops" in said
    assert len(sandbox.get("secrets", "-n", namespace, "-l", "owner=helm")["items"]) == 2
    live = json.loads(person.call("status", "-n", namespace, "-o", "json"))
    assert live["releases"][0]["revision"] == 2

    listed = person.call("runs").splitlines()
    assert len(listed) == 2
    run_id = listed[1].split()[2]
    again = person.call("runs", run_id)
    assert f"run {run_id}: install" in again


@pytest.mark.full  # the quick tier holds the prompts with a session of their own, and installs with --yes
def test_a_dev_install_with_prompts_is_enter_only(person: Person, namespace: str) -> None:
    with Terminal([*WIZARD, "install", "--plain", "-n", namespace], person.env, person.folder, (120, 40)) as terminal:
        terminal.wait_for("Environment")
        terminal.press("enter")
        terminal.wait_for("What now")
        terminal.press("enter")

        assert terminal.wait(90) == 0
        assert re.search(r"\+ ready .*ready", terminal.text())


@pytest.mark.full  # 16 s; in the quick tier the same start is named on the full screen and by the process of a run
def test_a_broken_image_is_named_and_fails_with_exit_1(person: Person, sandbox: Bed, namespace: str) -> None:
    sandbox.scenario("image-pull", namespace=namespace)

    said = person.call("install", "--preset", "dev", "-n", namespace, "--timeout", "12s", "--yes", code=1)

    assert re.search(r"[x!] \w+ CO0\d image .* cannot be pulled", said)
    assert "will not heal by itself" in said
    assert "next: " in said
    status = person.call("status", "-n", namespace, code=1)
    assert re.search(r"[x!] \w+ CO0\d image .* cannot be pulled", status)
    told = json.loads(person.call("status", "-n", namespace, "-o", "json", code=1))
    assert told["findings"][0]["id"].startswith("CO0")


@pytest.mark.full  # 7 s; the shapes are held event by event
def test_jsonl_is_checks_and_record_in_the_documented_shape(person: Person, namespace: str) -> None:
    said = person.call("install", "--preset", "dev", "-n", namespace, "--yes", "--output", "jsonl")

    events = [json.loads(line) for line in said.splitlines()]
    assert all(set(one) == {"v", "seq", "time", "type", "data"} for one in events)
    assert all(set(one["data"]) == set(EVENTS[one["type"]]) for one in events)
    types = [one["type"] for one in events]
    start = types.index("run.started")
    assert set(types[:start]) <= {"check.result"}
    assert types[-1] == "run.finished"
    assert [one["seq"] for one in events[start:]] == list(range(1, len(events) - start + 1))


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, *(pytest.param(number, marks=pytest.mark.full) for number in (signal.SIGINT, signal.SIGHUP))],
)
def test_a_front_end_that_is_ended_leaves_the_run_running(
    number: signal.Signals, person: Person, namespace: str
) -> None:
    front_end = person.start("install", "--preset", "dev", "-n", namespace, "--yes")
    assert front_end.stdout
    said = ""
    while "$ " not in said:
        said = front_end.stdout.readline()
        assert said, front_end.communicate()[1]
    front_end.send_signal(number)
    _, err = front_end.communicate(timeout=20)

    if number == signal.SIGINT:
        assert front_end.returncode == 130
        assert re.search(r"Come back to it: .* runs [0-9a-f]+", err)
    (listed,) = person.call("runs").splitlines()
    again = person.call("runs", listed.split()[2])
    assert re.search(r"^\+ ready .*ready$", again, re.MULTILINE)


def test_a_namespace_only_user_installs_in_their_namespace(other: Callable[..., Person], namespace: str) -> None:
    person = other("namespace-only", namespace=namespace)

    said = person.call("install", "--preset", "dev", "-n", namespace, "--yes")

    assert re.search(r"^\+ ready .*ready$", said, re.MULTILINE)
    assert "+ ready" in person.call("status")


def test_a_namespace_only_user_is_refused_elsewhere_with_the_permission(
    other: Callable[..., Person], sandbox: Bed, namespace: str
) -> None:
    person = other("namespace-only", namespace=namespace)

    said = person.call("install", "--preset", "dev", "-n", f"{namespace}-x", "--yes", code=2)

    assert "Nothing was changed" in person.err
    assert "not allowed: Secret: get, list, create" in said
    assert f"{namespace}-x" not in sandbox.kubectl("get", "namespaces")


@pytest.mark.full  # the quick tier looks as this user on the full screen
def test_a_user_with_the_view_role_sees_the_release_and_is_told_what_is_hidden(
    person: Person, other: Callable[..., Person], namespace: str
) -> None:
    person.call("install", "--preset", "dev", "-n", namespace, "--yes")

    said = other("view", namespace=namespace).call("status", "-n", namespace)

    assert "+ ready" in said
    assert "helm: status not known" in said
    assert "list secrets" in said


@pytest.fixture
def broken(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """Kubeconfigs of clusters that do not answer as they should, by what is wrong with them."""
    with (
        socket.create_server(("127.0.0.1", 0)) as deaf,
        answering(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<html>hi</html>") as html,
    ):
        places = {
            "refused": "http://127.0.0.1:1",
            "hangs": f"http://127.0.0.1:{deaf.getsockname()[1]}",
            "html": f"http://127.0.0.1:{html}",
            "dns": "http://no-such-host.invalid:1",
        }
        yield {name: _kubeconfig(tmp_path / name, server) for name, server in places.items()}


def _kubeconfig(file: Path, server: str) -> str:
    config = {
        "apiVersion": "v1", "kind": "Config", "current-context": "there",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "there", "context": {"cluster": "c", "user": "u"}}],
    }  # fmt: skip
    file.write_text(json.dumps(config))
    return str(file)


@pytest.mark.parametrize(
    ("trouble", "says"),
    [
        ("refused", "refuses"),
        pytest.param("hangs", "answer", marks=pytest.mark.full),
        ("html", "web page"),
        # Seven seconds; which words a name that does not resolve comes to is held in adapters/kube/test_errors.py.
        pytest.param("dns", "name|DNS|resolve", marks=pytest.mark.full),
    ],
)
def test_a_cluster_that_does_not_answer_is_a_sentence_and_not_a_hang(
    trouble: str, says: str, broken: Mapping[str, str], tmp_path: Path, tool: Callable[[str], str]
) -> None:
    person = Person(broken[trouble], tool("helm3"), tmp_path / "work")
    began = time.monotonic()

    said = person.call("check", "--preset", "dev", "--answer", "image=a/b:c", "--yes", code=2)

    assert re.search(rf"x failed W05 .*\n.*({says})", said)
    assert "next: " in said
    assert time.monotonic() - began < 40
    if trouble != "hangs":
        person.call("install", "--preset", "dev", "--answer", "image=a/b:c", "--yes", code=2)
        assert "Nothing was changed: W05 failed." in person.err
        assert not list(person.folder.iterdir())
    assert re.search(says, person.call("status", code=3))


def test_a_foreign_certificate_is_a_sentence(sandbox: Bed, tmp_path: Path, tool: Callable[[str], str]) -> None:
    from wizard.sandbox import pki

    config = yaml.safe_load(Path(sandbox.kubeconfig).read_text())
    stranger = tmp_path / "stranger.crt"
    stranger.write_bytes(pki.make_authority().certificate)
    cluster = config["clusters"][0]["cluster"]
    cluster.pop("certificate-authority-data", None)
    cluster["certificate-authority"] = str(stranger)
    (tmp_path / "config").write_text(yaml.safe_dump(config))
    person = Person(str(tmp_path / "config"), tool("helm3"), tmp_path / "work")

    said = person.call("check", "--preset", "dev", "--yes", code=(2, 3))

    assert "certificate" in said + person.err


@pytest.mark.parametrize(("kind", "says"), [("expired", "expired"), ("nobody", "may not|not allowed|forbidden|needs")])
def test_a_user_without_a_valid_login_or_rights_is_told(
    kind: str, says: str, other: Callable[..., Person], namespace: str
) -> None:
    person = other(kind, namespace=namespace)

    said = person.call("install", "--preset", "dev", "-n", namespace, "--yes", code=(2, 3))

    assert re.search(says, said + person.err, re.IGNORECASE)
    assert "Nothing was changed" in person.err or "next:" in person.err


@pytest.mark.parametrize(
    ("script", "says"),
    [
        ("", "helm"),
        ('echo "v3.14.9+g1"', "3.15"),
        # What else a helm may answer is read in adapters/helm/test_cli.py.
        *(pytest.param(script, "helm", marks=pytest.mark.full) for script in ("echo nonsense", "exit 3")),
    ],
)
def test_a_helm_that_is_missing_or_too_old_is_refused(
    script: str, says: str, person: Person, namespace: str, tmp_path: Path
) -> None:
    helm = tmp_path / "helm"
    if script:
        helm.write_text(f"#!/bin/sh\n{script}\n")
        helm.chmod(0o755)

    said = person.call("install", "--preset", "dev", "-n", namespace, "--helm", str(helm), "--yes", code=(2, 3))

    assert says in said + person.err
    assert "llm-cost-ops" not in person.call("runs")


def test_a_pending_release_is_not_touched(person: Person, sandbox: Bed, namespace: str) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl(
        "create", "secret", "generic", "sh.helm.release.v1.llm-cost-ops.v1", "-n", namespace,
        "--type=helm.sh/release.v1", "--from-literal=release=x",
    )  # fmt: skip
    labels = ("owner=helm", "name=llm-cost-ops", "status=pending-install", "version=1")
    sandbox.kubectl("label", "secret", "sh.helm.release.v1.llm-cost-ops.v1", "-n", namespace, *labels)

    said = person.call("install", "--preset", "dev", "-n", namespace, "--yes", code=2)

    assert "pending" in said + person.err


def test_a_namespace_that_is_being_removed_is_refused(person: Person, sandbox: Bed, namespace: str) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl("create", "configmap", "held", "-n", namespace)
    hold = '{"metadata":{"finalizers":["example.com/hold"]}}'
    sandbox.kubectl("patch", "configmap", "held", "-n", namespace, "--type=merge", "-p", hold)
    sandbox.kubectl("delete", "namespace", namespace, "--wait=false")
    try:
        said = person.call("install", "--preset", "dev", "-n", namespace, "--yes", code=2)
        assert re.search("terminating|being removed|being deleted", said + person.err, re.IGNORECASE)
    finally:
        release = '{"metadata":{"finalizers":null}}'
        sandbox.kubectl("patch", "configmap", "held", "-n", namespace, "--type=merge", "-p", release)
