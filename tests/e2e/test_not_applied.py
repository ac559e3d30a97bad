"""Helm fails while it applies, and the pods of before are ready: nobody calls that ready."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Bed
from tests.e2e.test_run_process import Runner, release_status
from wizard.core.helm.strvals import SetFlag
from wizard.core.run.view import RunView

pytestmark = pytest.mark.e2e
MORE = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: one-too-many}\ndata: {a: b}\n"


@pytest.mark.full  # 17 s; every shape of it is fast in tests/engine/run/test_run.py
@pytest.mark.parametrize("helm", ["helm4", "helm3"])
async def test_an_upgrade_of_which_the_api_server_refuses_a_part_says_that_nothing_new_runs(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, helm: str
) -> None:
    runner = Runner(sandbox.kubeconfig, namespace, tool(helm), tmp_path)
    view = await runner.follow(await runner.start())
    assert view.finished is not None
    assert view.finished["code"] == 0, view.reason
    have = len(sandbox.get("configmaps", "-n", namespace)["items"])
    sandbox.kubectl("create", "quota", "few", "-n", namespace, f"--hard=count/configmaps={have}")
    sandbox.kubectl("wait", "--for=jsonpath={.status.hard}", "quota/few", "-n", namespace, "--timeout=20s")
    changes = (
        SetFlag("--set-json", f"extraObjects={json.dumps([MORE])}"),
        SetFlag("--set", "extraEnv[0].name=COLOUR,extraEnv[0].value=blue"),
    )
    runner.view = RunView()
    view = await runner.follow(await runner.begin(replace(runner.draft(), sets=changes), "upgrade"))
    assert view.finished is not None
    assert (view.finished["code"], view.verdict) == (1, "failed"), view.reason
    assert view.reason.startswith(("Nothing new runs", "It is applied in part, not ConfigMap/one-too-many")), (
        view.reason
    )
    assert "exceeded quota" in view.reason
    assert "made it" not in view.reason
    assert release_status(sandbox, namespace) == "failed"
    await runner.session.close()
