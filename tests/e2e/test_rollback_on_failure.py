"""Roll back on failure with both helms: evidence first, then what was there before."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bed
from tests.e2e.test_run_process import Runner
from wizard.core.helm.command_line import HelmOptions
from wizard.core.run.view import RunView

pytestmark = pytest.mark.e2e
HELMS = ["helm4", pytest.param("helm3", marks=pytest.mark.full)]


def evidence_of(run_id: str) -> Any:
    folder = Path(os.environ["XDG_STATE_HOME"]) / "llm-cost-ops-wizard" / "runs" / run_id
    return json.loads((folder / "evidence.json").read_text())


def revisions(bed: Bed, namespace: str) -> list[tuple[int, str]]:
    found = [one["metadata"]["labels"] for one in bed.get("secrets", "-n", namespace, "-l", "owner=helm")["items"]]
    return sorted((int(one["version"]), one["status"]) for one in found)


async def undone(runner: Runner, **answers: str) -> tuple[str, RunView]:
    """A run that is to fail and to go back."""
    draft = replace(runner.draft(**answers), rollback_on_failure=True, helm=HelmOptions("8s"))
    await runner.session.refresh_suggestions(draft)
    run_id = await runner.begin(draft)
    runner.view = RunView()
    return run_id, await runner.follow(run_id)


@pytest.mark.parametrize("helm", HELMS)
async def test_a_failed_upgrade_is_back_at_its_last_good_revision_with_the_evidence_kept(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, helm: str
) -> None:
    runner = Runner(sandbox.kubeconfig, namespace, tool(helm), tmp_path)
    view = await runner.follow(await runner.start())
    assert view.finished is not None
    assert view.finished["code"] == 0, view.reason
    sandbox.scenario("image-pull", image="llm-cost-ops", namespace=namespace)
    run_id, view = await undone(runner, replicas="2")
    assert view.finished is not None
    assert (view.finished["code"], view.back_exit) == (1, (0, "")), view.reason
    assert view.helm_exit is not None
    assert view.helm_exit[0] != 0
    assert "It was rolled back to revision 1" in view.reason
    assert [number for number, _ in revisions(sandbox, namespace)] == [1, 2, 3]
    assert revisions(sandbox, namespace)[-1] == (3, "deployed")
    kept = evidence_of(run_id)
    waiting = [one for one in kept["objects"] if one["kind"] == "Pod" and "ImagePull" in json.dumps(one["status"])]
    assert len(waiting) == 1
    assert any(one["id"] == "CO02" for one in kept["findings"])
    at = [one.type for one in runner.events if one.type in ("helm.exited", "rollback.started", "rollback.exited")]
    assert at[-3:] == ["helm.exited", "rollback.started", "rollback.exited"]
    await runner.session.close()


@pytest.mark.full
@pytest.mark.parametrize("helm", HELMS)
async def test_a_failed_install_leaves_its_secrets_and_claims_and_no_release(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, helm: str
) -> None:
    sandbox.scenario("image-pull", image="llm-cost-ops", namespace=namespace)
    runner = Runner(sandbox.kubeconfig, namespace, tool(helm), tmp_path)
    run_id, view = await undone(runner)
    assert view.finished is not None
    assert (view.finished["code"], view.back_exit) == (1, (0, "")), view.reason
    assert "It was uninstalled again" in view.reason
    assert revisions(sandbox, namespace) == []
    assert sandbox.get("deployments", "-n", namespace)["items"] == []
    made = "app.kubernetes.io/managed-by=llm-cost-ops-wizard"
    assert sandbox.get("secrets", "-n", namespace, "-l", made)["items"]
    assert sandbox.get("persistentvolumeclaims", "-n", namespace)["items"]
    assert any(one["kind"] == "Pod" for one in evidence_of(run_id)["objects"])
    await runner.session.close()
