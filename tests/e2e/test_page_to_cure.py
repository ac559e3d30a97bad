"""From the page to the cure by keys alone, at 80x24: a release that somebody else broke, its cause, and the key that mends it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bed
from tests.terminal import Terminal

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
WIZARD = [sys.executable, "-m", "wizard"]
GOOD, BAD = "llm-cost-ops:1.0.0", "llm-cost-opz:1.0.0"


@pytest.fixture
def env(sandbox: Bed, tmp_path: Path) -> dict[str, str]:
    """The environment of the person on call, who did not install it."""
    (tmp_path / "work").mkdir()
    return {**os.environ, "KUBECONFIG": sandbox.kubeconfig, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}


def changed(env: dict[str, str], folder: Path, namespace: str, command: str, image: str) -> int:
    """Somebody installs or upgrades the release with an image, and gives up soon."""
    words = [
        *WIZARD,
        command,
        "-n",
        namespace,
        "--preset",
        "dev",
        "--answer",
        f"image={image}",
        "--yes",
        "--timeout",
        "45s",
    ]
    done = subprocess.run(words, env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode


@pytest.mark.full  # 50 s; the quick tier hands over
def test_a_wrong_image_is_corrected_in_its_field(
    sandbox: Bed, namespace: str, env: dict[str, str], tmp_path: Path
) -> None:
    sandbox.scenario("image-missing", image="llm-cost-opz")
    assert changed(env, tmp_path, namespace, "install", BAD) == 1
    with Terminal([*WIZARD, "--namespace", namespace], env, tmp_path / "work") as screen:
        screen.wait_for("> llm-cost-ops ", 30)
        screen.press("d")
        screen.wait_for(r"1 x image docker.io/llm-cost-opz:1.0.0 cannot", 30)
        screen.wait_for("u change")
        screen.press("u")
        screen.wait_for(r"Application image +\[.*opz", 30)
        screen.press("ctrl+u", GOOD, "enter")
        screen.wait_for("Enter (start|upgrade)", 40)
        screen.press("enter")
        screen.wait_for("helm recorded the release", 90)
        screen.press("q")
        assert screen.wait() == 0


@pytest.mark.full  # 45 s; the quick tier corrects a field and hands over
def test_a_new_version_that_does_not_start_is_rolled_back(
    sandbox: Bed, namespace: str, env: dict[str, str], tmp_path: Path
) -> None:
    sandbox.scenario("image-missing", image="llm-cost-opz")
    assert changed(env, tmp_path, namespace, "install", GOOD) == 0
    assert changed(env, tmp_path, namespace, "upgrade", BAD) == 1
    with Terminal([*WIZARD, "--namespace", namespace], env, tmp_path / "work") as screen:
        screen.wait_for("> llm-cost-ops ", 30)
        screen.press("d")
        screen.wait_for("1 old pod still answers", 30)
        screen.wait_for("b roll back")
        screen.press("b")
        screen.wait_for("Enter roll back to 1", 30)
        screen.press("enter")
        screen.wait_for("Enter home", 90)
        screen.wait_for("the previous state|READY|Installed")
        screen.press("q")
        assert screen.wait() == 0
    (app,) = sandbox.get("deployments", "-n", namespace, "-l", "app.kubernetes.io/component=app")["items"]
    assert app["spec"]["template"]["spec"]["containers"][0]["image"].endswith(GOOD)


@pytest.mark.full  # 25 s: a release, its breaking, and a whole diagnosis on the screen
def test_who_may_only_view_hands_over_a_text_with_the_next_step_and_the_missing_rights(
    sandbox: Bed, namespace: str, env: dict[str, str], tmp_path: Path
) -> None:
    sandbox.scenario("wrong-password", namespace=namespace)
    assert changed(env, tmp_path, namespace, "install", GOOD) == 1
    viewer = {**env, "KUBECONFIG": sandbox.user("view")}
    with Terminal([*WIZARD, "--namespace", namespace], viewer, tmp_path / "work") as screen:
        screen.wait_for("> llm-cost-ops|Diagnose", 30)
        screen.press("d")
        screen.wait_for("refuses the password", 30)
        screen.press("m")
        screen.wait_for("Next: Put the old password back")
        screen.press(*["down"] * 20)
        screen.wait_for(r"Not seen: .*list secrets")
        screen.press("esc")
        screen.wait_for("Enter proof")
        screen.press("q")
        assert screen.wait() == 0


@pytest.mark.full  # 50 s each; the quick tier hands over
@pytest.mark.parametrize(
    ("broken", "cause", "cure"),
    [
        (
            ("deployment", {"spec": {"replicas": 0}}),
            "Deployment/llm-cost-ops is scaled to 0",
            r"kubectl scale deployment/llm-cost-ops --replicas=1",
        ),
        (
            ("service", {"spec": {"selector": {"app.kubernetes.io/name": "llm-costops"}}}),
            "its selector matches none since it was changed",
            "kubectl patch service/llm-cost-ops -p",
        ),
    ],
    ids=["scaled to zero", "selector changed"],
)
def test_what_somebody_changed_by_hand_is_named_with_what_cures_it(
    broken: tuple[str, dict[str, Any]], cause: str, cure: str,
    sandbox: Bed, namespace: str, env: dict[str, str], tmp_path: Path,
) -> None:  # fmt: skip
    sandbox.scenario("none")
    assert changed(env, tmp_path, namespace, "install", GOOD) == 0
    kind, patch = broken
    before = sandbox.get(kind, "llm-cost-ops", "-n", namespace)["spec"]
    sandbox.kubectl("patch", kind, "llm-cost-ops", "-n", namespace, "--type=merge", "-p", json.dumps(patch))
    time.sleep(35)  # for half a minute a change may be on its way, and is no fault
    with Terminal([*WIZARD, "--namespace", namespace], env, tmp_path / "work") as screen:
        screen.wait_for("> llm-cost-ops ", 30)
        screen.press("d")
        screen.wait_for("is.* will not heal")
        screen.press("m")
        told = " ".join(screen.wait_for("Next: ").split())
        assert cause in told
        assert cure in told
        back = {"spec": {name: before[name] for name in patch["spec"]}}
        sandbox.kubectl("patch", kind, "llm-cost-ops", "-n", namespace, "--type=merge", "-p", json.dumps(back))
        screen.press("esc")
        screen.wait_for("USERS FINE +1 of 1 pods answer")
        screen.press("q")
        assert screen.wait() == 0
    call = subprocess.run(
        [*WIZARD, "diagnose", "-n", namespace], env=env, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert call.returncode == 0, call.stdout
