"""The full screen by keys alone, at 80x24, on a real API server with real helm 4."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Bed
from tests.terminal import Terminal

pytestmark = pytest.mark.e2e
WIZARD = [sys.executable, "-m", "wizard"]
ROOT = Path(__file__).resolve().parents[2]
REFUSED = """
apiVersion: v1
kind: Config
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {token: t}}]
contexts: [{name: there, context: {cluster: c, user: u}}]
current-context: there
"""


@pytest.fixture
def env(sandbox: Bed, tmp_path: Path) -> dict[str, str]:
    """The environment of a person whose kubeconfig is the sandbox's."""
    (tmp_path / "work").mkdir()
    return {**os.environ, "KUBECONFIG": sandbox.kubeconfig, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}


def to_review(screen: Terminal) -> None:
    """From home to the review by `i` and Enter, counting keys."""
    screen.wait_for("What do you want to do")
    screen.press("i")
    for title in ("Environment", "Where", "Address", "Resources", "Secrets"):
        screen.wait_for(rf"> \d {title}")
        screen.press("enter")
    screen.wait_for("Review")


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


def test_a_dev_install_takes_eight_keys_and_ends_ready_and_an_upgrade_follows(
    sandbox: Bed, namespace: str, env: dict[str, str], tmp_path: Path
) -> None:
    with Terminal([*WIZARD, "--namespace", namespace], env, tmp_path / "work") as screen:
        to_review(screen)  # i and five times Enter
        screen.wait_for("Enter (start|install)")
        screen.press("enter")
        screen.wait_for("CHANGING THE CLUSTER")
        screen.wait_for("helm recorded the release", 60)  # the result, not the last moment of the run
        screen.press("q")
        assert screen.wait() == 0
    deployments = sandbox.get("deployments", "-n", namespace)["items"]
    assert all(one["status"].get("readyReplicas") == one["spec"]["replicas"] for one in deployments)
    assert (tmp_path / "work" / "llm-cost-ops.dev.values.yaml").is_file()

    with Terminal([*WIZARD, "--namespace", namespace], env, tmp_path / "work") as screen:
        screen.wait_for(r"llm-cost-ops.*deployed")
        screen.press("u")
        screen.wait_for(r"> \d Environment")
        screen.press("f9")
        screen.wait_for("Enter (start|upgrade)", 30)
        screen.press("enter")
        screen.wait_for("CHANGING THE CLUSTER")
        screen.wait_for("helm recorded the release", 60)  # the result, not the last moment of the run
        screen.press("q")
        assert screen.wait() == 0
    history = sandbox.get("secrets", "-n", namespace, "-l", "owner=helm,name=llm-cost-ops")["items"]
    assert sorted(one["metadata"]["labels"]["version"] for one in history) == ["1", "2"]


@pytest.mark.parametrize(
    ("scenario", "word", "cause"),
    [
        ("image-pull", "STUCK", r"image docker.io/llm-cost-ops:latest cannot be pulled"),
        pytest.param(
            "never-ready", "PROGRESSING", "its pool got no connection to llm-cost-ops-post", marks=pytest.mark.full
        ),
        pytest.param("unschedulable", "STUCK", r"no node fits .3 of 3: too little cpu free", marks=pytest.mark.full),
    ],
)
def test_a_start_that_does_not_come_up_is_named_with_its_cause_on_the_screen(
    sandbox: Bed, namespace: str, env: dict[str, str], tmp_path: Path, scenario: str, word: str, cause: str
) -> None:
    sandbox.scenario(scenario)
    with Terminal([*WIZARD, "--namespace", namespace], env, tmp_path / "work") as screen:
        to_review(screen)
        if scenario == "unschedulable":  # what the checks know already
            screen.wait_for("x failed  C01.*room on the nodes")
            screen.wait_for("all in")
            screen.press("a")
            screen.wait_for("Reason|reason")
            screen.press("nodes are added tonight", "enter")
        screen.wait_for("Enter (start|install)")
        screen.press("enter")
        screen.wait_for(word, 40)
        screen.wait_for(cause, 40)  # a pod that waits for its store is left in peace for its first 20 s
        screen.press("q")
        screen.wait_for("[Ll]eave it running")
        screen.press("s")
        screen.wait_for("FAILED|[Cc]ancelled|[Ss]topped", 30)


@pytest.mark.full  # the quick tier hangs up on the command line
def test_closing_the_terminal_leaves_helm_to_finish_and_the_next_start_shows_the_run(
    sandbox: Bed, namespace: str, env: dict[str, str], tmp_path: Path
) -> None:
    with Terminal([*WIZARD, "--namespace", namespace], env, tmp_path / "work") as screen:
        to_review(screen)
        screen.wait_for("Enter (start|install)")
        screen.press("enter")
        screen.wait_for("helm 4.2.4 running")
        screen.hang_up()
    (run,) = (tmp_path / "state" / "llm-cost-ops-wizard" / "runs").iterdir()
    with Terminal([*WIZARD, "--namespace", namespace], env, tmp_path / "work") as screen:
        screen.wait_for(rf"(run|install).*{namespace}")
        until(lambda: (run / "exit.json").exists())
        assert json.loads((run / "exit.json").read_text())["code"] == 0
    until(lambda: '"run.finished"' in (run / "record.jsonl").read_text())
    with Terminal([*WIZARD, "runs", run.name], env, tmp_path / "work") as screen:
        screen.wait_for("READY|[Ii]nstalled")


@pytest.mark.parametrize(
    ("kubeconfig", "reason"),
    [
        (None, r"no kubeconfig"),
        ("not: [yaml", r"is not YAML: did not find expected"),
        (REFUSED, r"refuses the connection"),
    ],
)
def test_a_start_without_a_usable_cluster_opens_home_with_the_reason_and_keys(
    tmp_path: Path, env: dict[str, str], kubeconfig: str | None, reason: str
) -> None:
    file = tmp_path / "kubeconfig"
    if kubeconfig:
        file.write_text(kubeconfig)
    with Terminal(WIZARD, {**env, "KUBECONFIG": str(file)}, tmp_path / "work") as screen:
        screen.wait_for(reason)
        screen.wait_for(r"\[v\] Values file")
        screen.press("q")
        assert screen.wait() == 0


def test_a_person_who_may_only_view_sees_the_release_and_what_is_hidden(
    sandbox: Bed, namespace: str, env: dict[str, str], tmp_path: Path
) -> None:
    install = [*WIZARD, "install", "--preset", "dev", "--yes", "--namespace", namespace]
    subprocess.run(install, env=env, cwd=tmp_path / "work", check=True, capture_output=True, timeout=120)
    viewer = {**env, "KUBECONFIG": sandbox.user("view", namespace=namespace, cluster_wide=True)}
    with Terminal([*WIZARD, "--namespace", namespace], viewer, tmp_path / "work") as screen:
        screen.wait_for(r"llm-cost-ops .*5/5.*ready")
        screen.wait_for("list secrets")
        assert "deployed" not in screen.text(), "helm's own status lies in Secrets, which this person may not read"
        screen.press("q")
        assert screen.wait() == 0
