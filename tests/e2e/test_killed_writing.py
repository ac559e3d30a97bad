"""`bundle` and `report` killed while they write: no half file under the name, nothing that others may read, the next one works."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.diagnosis.breaking import APP, Bed
from tests.diagnosis.replay import served

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]
KILLED_AT = """
import builtins, os, runpy, signal, sys

step = sys.argv.pop(1)
die = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)
if step == "write":
    from wizard.adapters import atomic

    real = os.fdopen

    class Half:
        def __init__(self, handle, mode):
            self.file = real(handle, mode)

        def __enter__(self):
            return self

        def __exit__(self, *error):
            self.file.close()

        def write(self, content):
            self.file.write(content[: len(content) // 2])
            self.file.flush()
            die()

    os.fdopen = lambda handle, mode, *rest, **more: Half(handle, mode) if mode == "wb" else real(handle, mode, *rest, **more)
else:
    setattr(os, step, die)
runpy.run_module("wizard", run_name="__main__", alter_sys=True)
"""
"""Ends itself as by the kernel: in the middle of the text, or at the first call of that name."""


def ran(env: dict[str, str], folder: Path, *words: str, step: str = "") -> subprocess.CompletedProcess[str]:
    program: Sequence[str] = ("-c", KILLED_AT, step) if step else ("-m", "wizard")
    return subprocess.run(
        [sys.executable, *program, *words], env=env, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


SLOW = pytest.mark.full  # 3 s each; the quick tier is killed in the middle of the text


@pytest.mark.parametrize(
    ("command", "step"),
    [
        ("report", "write"),
        *(pytest.param(command, step, marks=SLOW) for command in ("bundle", "report") for step in ("fsync", "link")),
        pytest.param("bundle", "write", marks=SLOW),
    ],
)
def test_a_kill_leaves_no_half_file_and_the_next_start_works(command: str, step: str, tmp_path: Path) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    bed = Bed()
    bed.crashes(APP, 1, "starting", 'password authentication failed for user "postgres"')
    name = {"bundle": "incident.tar.gz", "report": "incident.html"}[command]
    words = [command, "llm-cost-ops", "-n", "shop", "--file", name, *(["--yes"] if command == "bundle" else [])]
    with served(bed.world, tmp_path, datetime.now(UTC)) as kubeconfig:
        env = {
            **os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": str(ROOT), "HOME": str(tmp_path / "home"),
            "XDG_STATE_HOME": str(tmp_path / "state"),
        }  # fmt: skip
        killed = ran(env, folder, *words, step=step)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
        assert not (folder / name).exists()
        left = list(folder.iterdir())
        assert left, "it was killed before it wrote"
        assert [one.name for one in left if stat.S_IMODE(one.stat().st_mode) & 0o077] == []

        again = ran(env, folder, *words)

    assert again.returncode == 0, again.stderr
    assert [one.name for one in folder.iterdir()] == [name]
    assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    if command == "bundle":
        opened = ran(env, folder, "diagnose", "--bundle", name)
        assert "refuses the password" in opened.stdout
    else:
        assert (folder / name).read_text().rstrip().endswith("</html>")
