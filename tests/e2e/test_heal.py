"""Fix and continue: a run that is blocked is put right while helm still waits, and ends ready; or is stopped early."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bed
from tests.e2e.test_run_process import Runner, release_status
from tests.terminal import Terminal
from wizard.core.errors import Problem
from wizard.core.run.view import RunView

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
CANARY = "canary-of-a-fix-0123456789-0123456789"


async def blocked(runner: Runner, run_id: str, fix: str) -> tuple[Any, Any]:
    """The finding and the fix once it is offered."""
    view = await runner.follow(run_id, lambda view: any(one["id"] == fix for _, one in view.applicable_fixes))
    offered = [(row, one) for row, one in view.applicable_fixes if one["id"] == fix]
    assert offered, view
    return offered[0]


async def ready(runner: Runner, run_id: str) -> RunView:
    view = await runner.follow(run_id)
    assert view.finished is not None
    assert (view.finished["code"], view.verdict) == (0, "ready"), view.reason
    return view


def nothing_leaked(run_id: str) -> None:
    folder = Path(os.environ["XDG_STATE_HOME"]) / "llm-cost-ops-wizard" / "runs" / run_id
    for file in folder.iterdir():
        assert CANARY not in file.read_text(errors="replace"), file


@pytest.fixture
def secret_file(tmp_path: Path) -> str:
    file = tmp_path / "secret"
    file.write_text(CANARY)
    return str(file)


@pytest.mark.full  # the same block is healed by keys in the quick tier
@pytest.mark.parametrize("helm", ["helm4", "helm3"])
@pytest.mark.parametrize("there", [False, True], ids=["no Secret", "no key"])
async def test_a_missing_secret_or_key_is_made_while_helm_waits(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, secret_file: str, helm: str, there: bool
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    if there:
        sandbox.kubectl("-n", namespace, "create", "secret", "generic", "mine", "--from-literal=other=x")
    runner = Runner(sandbox.kubeconfig, namespace, tool(helm), tmp_path)
    run_id = await runner.start(**{"secret.jwt": "existing", "secret.jwt.name": "mine"})
    row, one = await blocked(runner, run_id, "make-secret")
    assert row.id == "CO06"
    with pytest.raises(Problem, match="is missing"):
        await runner.session.runs.fix(run_id, row.id, row.object, one, {})
    await runner.session.runs.fix(run_id, row.id, row.object, one, {"jwt-secret": secret_file})
    view = await ready(runner, run_id)
    assert [(one.what, bool(one.who)) for one in view.decisions] == [("fix", True)]
    assert view.fixed is not None
    assert view.fixed["ok"]
    made = sandbox.get("secret", "mine", "-n", namespace)
    assert {"jwt-secret", *(["other"] if there else [])} == set(made["data"])
    nothing_leaked(run_id)
    await runner.session.close()


@pytest.mark.full  # 20 s: the node tries to pull again after ten
async def test_a_missing_pull_secret_is_made_while_helm_waits(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, secret_file: str
) -> None:
    sandbox.scenario("private-image", image="llm-cost-ops", namespace=namespace)
    runner = Runner(sandbox.kubeconfig, namespace, tool("helm4"), tmp_path)
    run_id = await runner.start(**{"image.pullSecret": "regcred"})
    row, one = await blocked(runner, run_id, "pull-secret")
    answers = {"registry": "registry.example", "username": "someone", "password": secret_file}
    await runner.session.runs.fix(run_id, row.id, row.object, one, answers)
    await ready(runner, run_id)
    made = sandbox.get("secret", "regcred", "-n", namespace)
    assert made["type"] == "kubernetes.io/dockerconfigjson"
    assert made["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "llm-cost-ops-wizard"
    nothing_leaked(run_id)
    await runner.session.close()


@pytest.mark.full  # the quick tier puts a start right by keys
async def test_a_claim_of_a_wrong_class_and_a_quota_are_put_right_while_helm_waits(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl("-n", namespace, "create", "quota", "small", "--hard=pods=2")
    runner = Runner(sandbox.kubeconfig, namespace, tool("helm4"), tmp_path)
    run_id = await runner.start(**{"database.class": "gone"})
    row, one = await blocked(runner, run_id, "storage-class")
    (need,) = one["needs"]
    before = sandbox.get("pvc", "-n", namespace)["items"]
    await runner.session.runs.fix(run_id, row.id, row.object, one, {"class": need["default"]})
    await runner.follow(run_id, lambda view: view.fixed)
    row, one = await blocked(runner, run_id, "raise-quota")
    # What was refused so far is added up; with one more than all of it nothing is refused any more.
    await runner.session.runs.fix(run_id, row.id, row.object, one, {need["id"]: "9" for need in one["needs"]})
    view = await ready(runner, run_id)
    assert [one.text.partition(" (")[0] for one in view.decisions][1:] == ["raise quota small"]
    after = {one["metadata"]["name"]: one for one in sandbox.get("pvc", "-n", namespace)["items"]}
    (old,) = [one for one in before if one["spec"].get("storageClassName") == "gone"]
    new = after[old["metadata"]["name"]]
    assert new["metadata"]["uid"] != old["metadata"]["uid"]
    assert new["status"]["phase"] == "Bound"
    folder = Path(os.environ["XDG_STATE_HOME"]) / "llm-cost-ops-wizard" / "runs" / run_id
    kept = json.loads((folder / f"before-{old['metadata']['name']}.json").read_text())
    assert kept["object"]["metadata"]["uid"] == old["metadata"]["uid"]
    await runner.session.close()


def terminal(sandbox: Bed, tool: Callable[[str], str], folder: Path, *words: str) -> Terminal:
    env = {
        **os.environ, "KUBECONFIG": sandbox.kubeconfig, "LLM_COST_OPS_HELM": tool("helm4"), "PYTHONPATH": str(ROOT),
        "PATH": "/usr/bin:/bin",
    }  # fmt: skip
    return Terminal([sys.executable, "-m", "wizard", *words], env, folder)


async def test_on_the_full_screen_f_makes_the_missing_secret_and_the_run_ends_ready(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    runner = Runner(sandbox.kubeconfig, namespace, tool("helm4"), tmp_path)
    run_id = await runner.start(**{"secret.jwt": "existing", "secret.jwt.name": "mine"})
    with terminal(sandbox, tool, tmp_path, "runs", run_id) as screen:
        screen.wait_for("f: create Secret mine", 60)
        assert "s: stop early" in screen.text()
        screen.press("f")
        screen.wait_for("generate one")
        screen.press("enter")
        screen.wait_for("only if it is not there")
        screen.press("enter")
        screen.wait_for("helm recorded the release", 60)
        screen.press("q")
        assert screen.wait() == 0
    assert release_status(sandbox, namespace) == "deployed"
    await runner.session.close()


@pytest.mark.full  # the quick tier stops such a start by itself
async def test_in_lines_a_hopeless_start_is_stopped_early_when_the_person_says_so(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    runner = Runner(sandbox.kubeconfig, namespace, tool("helm4"), tmp_path)
    run_id = await runner.start(image="llm-cost-ops:missing")
    with terminal(sandbox, tool, tmp_path, "runs", run_id, "--plain") as screen:
        screen.wait_for("stop early", 60)
        screen.wait_for("helm would wait")
        screen.press("enter")
        assert screen.wait(60) == 130
    assert release_status(sandbox, namespace) == "failed"
    view = await runner.follow(run_id)
    assert [one.what for one in view.decisions] == ["stop"]
    await runner.session.close()
