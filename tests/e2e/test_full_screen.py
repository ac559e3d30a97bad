"""The full screen by keys alone, at 80x24, on a real API server with real helm 4."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.conftest import Bed
from tests.terminal import Terminal

pytestmark = pytest.mark.e2e
WIZARD = [sys.executable, "-m", "wizard"]
ROOT = Path(__file__).resolve().parents[2]


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


def runs(state: Path) -> list[Path]:
    return sorted((state / "llm-cost-ops-wizard" / "runs").glob("*/run.json"))


def test_a_dev_install_takes_eight_keys_and_ends_ready_and_an_upgrade_follows(
    sandbox: Bed, namespace: str, env: dict[str, str], tmp_path: Path
) -> None:
    with Terminal([*WIZARD, "--namespace", namespace], env, tmp_path / "work") as screen:
        to_review(screen)  # i and five times Enter
        screen.wait_for("Enter (start|install)")
        screen.press("enter")
        screen.wait_for("CHANGING THE CLUSTER")
        screen.wait_for("READY|[Ii]nstalled", 60)
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
        screen.wait_for("READY|[Ii]nstalled", 60)
        screen.press("q")
        assert screen.wait() == 0
    history = sandbox.get("secrets", "-n", namespace, "-l", "owner=helm,name=llm-cost-ops")["items"]
    assert sorted(one["metadata"]["labels"]["version"] for one in history) == ["1", "2"]


@pytest.mark.parametrize(
    ("scenario", "cause"),
    [
        ("image-pull", r"image.*(cannot be pulled|not found|pull)"),
        ("never-ready", r"(readiness|not ready).*"),
        ("unschedulable", r"(Insufficient|no node|cannot be placed|fits)"),
    ],
)
def test_a_stuck_start_is_named_with_its_cause_on_the_screen(
    sandbox: Bed, namespace: str, env: dict[str, str], tmp_path: Path, scenario: str, cause: str
) -> None:
    sandbox.scenario(scenario)
    with Terminal([*WIZARD, "--namespace", namespace], env, tmp_path / "work") as screen:
        to_review(screen)
        screen.wait_for("Enter (start|install)")
        screen.press("enter")
        screen.wait_for("STUCK", 40)
        screen.wait_for(cause)
        screen.press("q")
        screen.wait_for("leave")
