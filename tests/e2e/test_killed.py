"""A real install with secrets of the person and generated ones: each of its processes crashes, and no disk holds a secret."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.conftest import Bed
from tests.leaks import Disks, forms
from tests.runner.conftest import ends, until
from wizard.sandbox.toolchain import tool_path

pytestmark = [pytest.mark.e2e, pytest.mark.full]
ROOT = Path(__file__).resolve().parents[2]
WITH_CORES = ("/bin/sh", "-c", 'ulimit -c "$(ulimit -H -c)"; exec "$@"', "sh")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL], ids=lambda one: one.name)
@pytest.mark.parametrize("who", ["front end", "runner", "supervisor"])
def test_a_crash_in_the_middle_of_an_install_leaves_no_secret_on_a_disk(
    who: str, number: signal.Signals, sandbox: Bed, namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("inputs", "work", "temporary"):
        (tmp_path / name).mkdir(mode=0o700)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    canary = f"canary{secrets.token_hex(16)}"
    (tmp_path / "inputs" / "jwt").write_text(canary)
    disks = Disks(tmp_path, without=[tmp_path / "inputs"])
    front_end = subprocess.Popen(
        [
            *WITH_CORES, sys.executable, "-m", "wizard", "install", "--preset", "dev", "--yes", "--namespace", namespace,
            "--helm", str(tool_path("helm4")), "--secret-file", f"jwt={tmp_path / 'inputs' / 'jwt'}",
        ],
        cwd=tmp_path / "work", env={**os.environ, "KUBECONFIG": sandbox.kubeconfig, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    runs = tmp_path / "state" / "llm-cost-ops-wizard" / "runs"
    until(lambda: list(runs.glob("*/supervisor.json")), 60)
    (folder,) = runs.iterdir()
    owners = json.loads((folder / "supervisor.json").read_text())
    pids = {name: owners[name]["pid"] for name in ("supervisor", "helm")}
    pids |= {"runner": json.loads((folder / "runner.json").read_text())["pid"], "front end": front_end.pid}
    made = sandbox.get("secrets", "-n", namespace, "-l", "app.kubernetes.io/managed-by=llm-cost-ops-wizard")["items"]
    generated = [base64.b64decode(value) for one in made for value in one["data"].values()]
    planted = [one for one in {canary.encode(), *generated} if len(one) >= 12]
    assert len(planted) >= 3
    os.kill(pids[who], number)
    if who == "front end":
        assert front_end.wait(10) == -number
    until(lambda: ends(pids[who]))
    for pid in pids.values():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    front_end.wait(30)
    until(lambda: ends(pids["helm"]), 60)
    assert disks.holding(forms(*planted)) == []
    subprocess.run([sys.executable, "-m", "wizard", "runs"], check=True, capture_output=True, cwd=tmp_path / "work")
    assert not list((tmp_path / "temporary").iterdir())
