"""Day two by keys alone, at 80x24, on a real API server: a release that plain helm made, and one that fell ill."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bed
from tests.e2e.changing import Release, chart
from tests.terminal import Terminal

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
READY: dict[str, Any] = {"job": False, "image": "llm-cost-ops:latest"}
ON_HELM = pytest.mark.parametrize("helm", [pytest.param("helm3", marks=pytest.mark.full), "helm4"])


@pytest.fixture
def release(sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str], helm: str) -> Release:
    """A small release, at revision 1, ready soon."""
    sandbox.kubectl("create", "namespace", namespace)
    made = Release(sandbox, tool(helm), namespace, chart(tmp_path), tmp_path)
    made.upgrade(**READY)
    return made


def home(release: Release, folder: Path) -> Terminal:
    """The wizard, looking in the release's namespace."""
    env = {
        **os.environ, "KUBECONFIG": release.bed.kubeconfig, "LLM_COST_OPS_HELM": release.helm, "PYTHONPATH": str(ROOT),
        "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    return Terminal([sys.executable, "-m", "wizard", "--namespace", release.namespace], env, folder)


@ON_HELM
def test_history_shows_what_changed_and_rolls_back_and_then_all_of_it_is_uninstalled(
    release: Release, sandbox: Bed, tmp_path: Path
) -> None:
    release.upgrade(**READY, replicas=2)
    with home(release, tmp_path) as screen:
        screen.wait_for(rf"> {release.name} .*deployed", 30)
        screen.press("enter")
        screen.wait_for(r"\[h\] History")
        screen.press("h")
        screen.wait_for("2 revisions kept", 20)
        screen.press("enter")
        screen.wait_for(r"\+ *replicas: 2")
        screen.press("esc")
        screen.wait_for("Enter what it changed")
        screen.press("down")
        screen.wait_for("b roll back to it")
        screen.press("b")
        screen.wait_for("This does not roll back", 20)
        assert "nothing is changed before Enter" in screen.text()
        screen.press("enter")
        screen.wait_for("Enter home", 60)  # it opens by itself, and takes no key that was typed before it was seen
        screen.press("q")
        assert screen.wait() == 0
    history = sandbox.get("secrets", "-n", release.namespace, "-l", f"owner=helm,name={release.name}")["items"]
    assert sorted(one["metadata"]["labels"]["version"] for one in history) == ["1", "2", "3"]

    with home(release, tmp_path) as screen:
        screen.wait_for(rf"> {release.name} .*deployed", 30)
        screen.press("enter")
        screen.wait_for(r"\[x\] Uninstall")
        screen.press("x")
        screen.wait_for("Lost for ever: ", 20)
        screen.wait_for("Deleted: [1-9]")
        screen.press("enter")
        screen.wait_for("Enter home", 60)  # it opens by itself, and takes no key that was typed before it was seen
        screen.press("q")
        assert screen.wait() == 0
    assert not sandbox.get("secrets", "-n", release.namespace, "-l", f"owner=helm,name={release.name}")["items"]


@ON_HELM
def test_a_release_that_fell_ill_is_diagnosed_by_d_with_causes_and_their_proof(
    release: Release, sandbox: Bed, tmp_path: Path
) -> None:
    sandbox.scenario("image-pull")
    release.upgrade(**{**READY, "image": "llm-cost-ops:v9"})
    with home(release, tmp_path) as screen:
        screen.wait_for(rf"> {release.name} ", 30)
        screen.press("d")
        screen.wait_for("READING ONLY")
        screen.wait_for(r"2 [x!] image llm-cost-ops:v9 cannot be pulled", 30)
        screen.press("down")
        screen.wait_for("> 2 ")
        screen.press("enter")
        screen.wait_for("llm-cost-ops:v9")
        screen.press("esc")
        screen.wait_for("Enter proof")
        screen.press("l")
        screen.wait_for("no lines yet|0 lines lost", 20)
        screen.wait_for("x STUCK")
        screen.press("shift+tab")
        screen.wait_for(">x Pod +api-")
        screen.press("enter")
        screen.wait_for("Failed x?.*: Failed to pull|ErrImagePull", 20)
        screen.press("esc")
        screen.wait_for("Esc back")
        screen.press("esc")
        screen.wait_for("Enter proof", 20)
        screen.press("esc")
        screen.wait_for("What do you want to do")
        screen.press("q")
        assert screen.wait() == 0
