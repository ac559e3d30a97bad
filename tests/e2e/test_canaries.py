"""Planted secrets show up nowhere: not in argv, environment, files, logs, records or Helm's history (rule 4)."""

from __future__ import annotations

import base64
import gzip
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Bed
from tests.e2e.changing import Release, chart
from tests.e2e.shell import READY, Shell

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


PLANTED = ("first-canary-secret", "second-canary-secret", "canary-in-a-variable")


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm4", "helm3"])
def test_nothing_that_looks_at_a_release_prints_or_keeps_a_planted_secret(
    sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str], helm: str
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    release = Release(sandbox, tool(helm), namespace, chart(inputs), inputs)
    release.upgrade(**READY, env={"DB_PASSWORD": PLANTED[2]})
    release.upgrade(**READY, env={"DB_PASSWORD": PLANTED[2]}, secret=PLANTED[1])
    work = tmp_path / "work"
    work.mkdir()
    call = Shell(release, work)
    looks = (
        ("history",), ("history", "2"), ("history", "1", "2"), ("history", "2", "--values"), ("history", "2", "--all"),
        ("history", "2", "--manifest"), ("rollback", "--dry-run"), ("uninstall", "--dry-run"), ("status",), ("diagnose",),
    )  # fmt: skip
    for words in looks:
        for form in ("text", "json"):
            said = call(*words, "-o", form, code=int(words == ("diagnose",))) + call.err  # its Ingress has no class
            assert not [text for text in _forms() if text in said], words
    events = call("rollback", "1", "--yes", "-o", "jsonl")
    assert not [text for text in _forms() if text in events]
    call("uninstall", "--yes")

    files = [path for path in tmp_path.rglob("*") if path.is_file() and inputs not in path.parents]
    assert [one for one in files if one.name == "record.jsonl"]
    assert [str(one) for one in files if any(text.encode() in one.read_bytes() for text in _forms())] == []


def _forms() -> list[str]:
    """The planted secrets, as they are and as Kubernetes keeps them."""
    return [form for one in PLANTED for form in (one, base64.b64encode(one.encode()).decode().rstrip("="))]
