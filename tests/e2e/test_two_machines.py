"""Two state folders are two machines: the second is warned by the Lease that the first holds in the cluster."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Bed
from tests.e2e.test_run_process import Runner
from wizard.core.rules.check import CheckResult

pytestmark = pytest.mark.e2e


async def other_wizards(runner: Runner) -> CheckResult:
    return next(iter([one async for one in runner.session.installer.checks(runner.draft()) if one.id == "N09"]))


async def test_the_second_machine_is_warned_while_the_first_is_at_work_and_not_afterwards(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.scenario("never-ready")
    first = Runner(sandbox.kubeconfig, namespace, tool("helm4"), tmp_path)
    run_id = await first.start()
    await first.follow(run_id, lambda view: view.helm_pid)
    assert (await other_wizards(first)).state == "pass", "on one machine the lock decides"

    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
        second = Runner(sandbox.kubeconfig, namespace, tool("helm4"), tmp_path)
        seen = await other_wizards(second)
        assert (seen.state, seen.blocking) == ("fail", True)
        assert f"(run {run_id}) is at work on it right now" in seen.evidence[0]
        view = await second.follow(await second.begin(second.draft(), "upgrade"))
        assert view.finished is not None
        assert view.finished["code"] == 2
        assert f"(run {run_id}) is at work on" in view.reason
        assert view.helm_pid == 0
        await second.session.close()

    sandbox.scenario("none")
    view = await first.follow(run_id)
    assert view.finished is not None
    assert view.finished["code"] == 0, view.reason
    assert sandbox.get("leases", "-n", namespace)["items"] == []
    await first.session.close()
