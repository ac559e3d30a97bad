"""Planted secrets show up nowhere: not in argv, environment, files, logs, records or Helm's history (rule 4)."""

from __future__ import annotations

import base64
import gzip
import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.conftest import Bed

pytestmark = pytest.mark.e2e
ROOT = Path(__file__).resolve().parents[2]


class ProcessWatch(threading.Thread):
    """Samples argv and environment of every process of this machine until told to stop, looking for the canaries."""

    def __init__(self, canaries: list[bytes]) -> None:
        super().__init__(daemon=True)
        self._canaries = canaries
        self._stop_now = threading.Event()
        self.found: set[str] = set()
        self.seen: set[str] = set()

    def run(self) -> None:
        while not self._stop_now.wait(0.005):
            for process in Path("/proc").glob("[0-9]*"):
                self._look(process)

    def _look(self, process: Path) -> None:
        for name in ("cmdline", "environ"):
            try:
                content = (process / name).read_bytes()
            except OSError:
                continue
            if name == "cmdline":
                self.seen.add(content.decode("utf-8", "replace"))
            if any(canary in content for canary in self._canaries):
                self.found.add(f"{process.name}/{name}")

    def stop(self) -> None:
        self._stop_now.set()
        self.join(5)


@pytest.mark.parametrize("helm", ["helm4", "helm3"])
def test_planted_secrets_are_in_no_process_no_file_and_no_release_record(
    sandbox: Bed, namespace: str, tmp_path: Path, helm: str
) -> None:
    from wizard.sandbox.toolchain import tool_path

    names = ("jwt", "postgres", "redis", "grafana", "smtp")
    canaries = {name: f"canary{secrets.token_hex(16)}" for name in names}
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    flags = []
    for name, value in canaries.items():
        (folder / name).write_text(value + "\n")
        (folder / name).chmod(0o600)
        flags += ["--secret-file", f"{name}={folder / name}"]
    work = tmp_path / "work"
    work.mkdir()
    watch = ProcessWatch([value.encode() for value in canaries.values()])
    watch.start()
    done = subprocess.run(
        [
            sys.executable, "-m", "wizard", "install", "--preset", "dev", "--yes", "--namespace", namespace,
            "--helm", str(tool_path(helm)), "--answer", "smtp.host=mail.acme.test", *flags,
        ],
        cwd=work, env={**os.environ, "KUBECONFIG": sandbox.kubeconfig, "PYTHONPATH": str(ROOT)},
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    watch.stop()
    assert done.returncode == 0, done.stderr.decode()
    assert any("supervisor" in one for one in watch.seen), "the sampling saw the run's own processes"
    assert watch.found == set()

    forms = [
        form for value in canaries.values() for form in (value.encode(), base64.b64encode(value.encode()).rstrip(b"="))
    ]
    assert not [form for form in forms if form in done.stdout + done.stderr]
    leaks, wide = [], []
    for file in (path for path in tmp_path.rglob("*") if path.is_file() and folder not in path.parents):
        if any(form in file.read_bytes() for form in forms):
            leaks.append(str(file))
        if file.stat().st_mode & 0o077 and "state" in file.parts:
            wide.append(str(file))
    assert leaks == []
    assert wide == []

    stored = sandbox.get("secret", "llm-cost-ops-app-credentials", "-n", namespace)["data"]
    assert base64.b64decode(stored["jwt-secret"]).decode() == canaries["jwt"], "the trailing newline is removed"
    for record in sandbox.get("secrets", "-n", namespace, "-l", "owner=helm")["items"]:
        release = gzip.decompress(base64.b64decode(base64.b64decode(record["data"]["release"])))
        assert not [form for form in forms if form in release]
