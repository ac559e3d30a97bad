"""A script does not wait out a cause that cannot heal: with the real helm, in a shorter time than people have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bed
from tests.e2e.test_rollback_on_failure import evidence_of, revisions
from tests.e2e.test_run_process import Runner, release_status
from wizard.core.run.spec import RunSpec
from wizard.core.run.view import RunView

pytestmark = pytest.mark.e2e
STANDS = 2.0
"""Seconds that the cause has to stand here."""


def impatient(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = runner.session._state.ports.runs
    start = runs.start

    def sooner(spec: RunSpec, values: str, material: Any) -> str:
        return start(replace(spec, give_up_after=STANDS), values, material)

    monkeypatch.setattr(runs, "start", sooner)


async def test_an_install_whose_image_is_refused_ends_by_itself_with_cause_and_evidence(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.scenario("image-pull", image="llm-cost-ops", namespace=namespace)
    runner = Runner(sandbox.kubeconfig, namespace, tool("helm4"), tmp_path)
    impatient(runner, monkeypatch)
    draft = runner.draft()
    await runner.session.refresh_suggestions(draft)
    run_id = await runner.begin(draft, "install", attended=False)
    view = await runner.follow(run_id)
    assert view.finished is not None
    assert (view.finished["code"], view.verdict) == (1, "failed"), view.reason
    assert "Deployment/llm-cost-ops: image" in view.reason
    assert "insufficient_scope" in view.reason
    assert "It cannot heal by itself and lasted" in view.reason
    assert "Revision 1 is recorded as failed" in view.reason
    assert [one.who for one in view.decisions] == ["the wizard"]
    assert any(one["id"] == "CO02" for one in evidence_of(run_id)["findings"])
    assert release_status(sandbox, namespace) == "failed"
    await runner.session.close()


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm3", "helm4"])
async def test_an_upgrade_that_is_ended_so_goes_back_when_that_was_chosen(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, helm: str
) -> None:
    runner = Runner(sandbox.kubeconfig, namespace, tool(helm), tmp_path)
    view = await runner.follow(await runner.start())
    assert view.finished is not None
    assert view.finished["code"] == 0, view.reason
    impatient(runner, monkeypatch)
    draft = replace(runner.draft(image="no-such-image:1.0.0"), rollback_on_failure=True)
    runner.view = RunView()
    view = await runner.follow(await runner.begin(draft, "upgrade", attended=False))
    assert view.finished is not None
    assert (view.finished["code"], view.back_exit) == (1, (0, "")), view.reason
    assert "It cannot heal by itself" in view.reason
    assert "It was rolled back to revision 1" in view.reason
    assert revisions(sandbox, namespace)[-1] == (3, "deployed")
    await runner.session.close()
