"""Planted secrets show up nowhere: not in argv, environment, files, logs, records or Helm's history (rule 4)."""

from __future__ import annotations

import base64
import gzip
import json
import os
import secrets
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from tests.conftest import Bed
from tests.e2e.changing import Release, chart
from tests.e2e.shell import READY, Shell
from tests.terminal import Terminal

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


@pytest.mark.parametrize("helm", ["helm4", pytest.param("helm3", marks=pytest.mark.full)])
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
            code: int | tuple[int, ...] = int(words == ("diagnose",))  # its Ingress has no class
            if words == ("status",):
                code = (0, 1)  # which counts in a while
            said = call(*words, "-o", form, code=code) + call.err
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


PLACES: Final[tuple[str, ...]] = (
    "variable", "sidecar-variable", "argument", "assigned-argument", "address", "annotation", "probe-header", "config-map", "config-pair",
    "config-file", "secret", "jwt", "database", "grafana", "label-of-a-hook",
)  # fmt: skip
"""Where a person's own values file may hold a secret, on the real chart."""
KEY: Final = "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n"


def _canary(place: str, number: int) -> str:
    """A secret that names its place and revision, so that a leak tells where it came from."""
    return f"Canary{number}x{place.title().replace('-', '')}7Q"


def planted(number: int) -> dict[str, Any]:
    """Values of the real chart with a secret in each place, other ones in each revision."""
    secret = {place: _canary(place, number) for place in PLACES}
    return {
        "image": {"registry": "docker.io", "repository": "llm-cost-ops", "tag": "latest"},
        "replicaCount": 1, "autoscaling": {"enabled": False}, "ingress": {"enabled": False},
        "postgresql": {"auth": {"password": _canary("database", 1)}, "primary": {"persistence": {"size": "10Gi"}}},
        "redis": {"master": {"persistence": {"size": "1Gi"}}},
        "jwt": {"secret": secret["jwt"] + "0123456789abcdefghij"},
        "grafana": {"adminPassword": secret["grafana"]},
        "extraEnv": [
            {"name": "LEGACY_PASSWORD", "value": secret["variable"]},
            {"name": "UPSTREAM", "value": f"https://svc:{secret['address']}@api.example.com/v1"},
        ],
        "args": ["serve", "--api-token", secret["argument"], f"--client-secret={secret['assigned-argument']}"],
        "podAnnotations": {"example.com/webhook-token": secret["annotation"]},
        "sidecars": [{
            "name": "proxy", "image": "docker.io/llm-cost-ops:latest", "env": [{"name": "PROXY_API_KEY", "value": secret["sidecar-variable"]}],
            "livenessProbe": {"httpGet": {
                "path": "/", "port": 8080, "httpHeaders": [{"name": "Authorization", "value": f"Bearer {secret['probe-header']}"}],
            }},
        }],
        "extraObjects": [
            {
                "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "more"},
                "data": {
                    "SMTP_PASSWORD": secret["config-map"], "tls.key": KEY.format(secret["config-file"] * 2),
                    "settings.yaml": f"env:\n- name: FEED_TOKEN\n  value: {secret['config-pair']}\n",
                },
            },
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "more"}, "stringData": {"password": secret["secret"]}},
            {
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": "hook", "annotations": {"helm.sh/hook": "post-upgrade", "example.com/api-key": secret["label-of-a-hook"]}},
            },
        ],
    }  # fmt: skip


def leaks(text: str) -> list[str]:
    """Every canary that can be read in a text, as it is or in base64 of any alignment."""
    found = []
    for canary in (_canary(place, number) for place in PLACES for number in (1, 2, 3)):
        forms = [canary]
        for before in range(3):
            whole = base64.b64encode(b"x" * before + canary.encode()).decode()
            forms.append(whole[-(-before * 8 // 6) : (before + len(canary)) * 8 // 6])
        found += [canary for form in forms if form in text]
    return found


class Table:
    """The real chart with a secret in each place, twice installed by plain helm, and our commands on it."""

    def __init__(self, bed: Bed, helm: str, namespace: str, folder: Path) -> None:
        self.bed, self.helm, self.namespace, self.folder = bed, helm, namespace, folder
        self.inputs = folder / "inputs"
        self.inputs.mkdir()
        self.work = folder / "work"
        self.work.mkdir()
        bed.kubectl("create", "namespace", namespace)
        for number in (1, 2):
            done = subprocess.run(
                [
                    helm, "--kubeconfig", bed.kubeconfig, "-n", namespace, "upgrade", "--install", "rel", str(ROOT / "chart" / "llm-cost-ops"),
                    "-f", self.file(number),
                ],
                capture_output=True, text=True, timeout=120, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
        # A drift that holds a secret too: somebody set it by hand.
        bed.kubectl(
            "set", "env", "-n", namespace, "deployment/rel-llm-cost-ops", f"LEGACY_PASSWORD={_canary('variable', 3)}"
        )

    def file(self, number: int) -> str:
        """The values file of a revision."""
        path = self.inputs / f"values-{number}.yaml"
        path.write_text(yaml.safe_dump(planted(number)))
        return str(path)

    def given(self, number: int) -> str:
        """The same without what is refused in a values file before anything is asked."""
        path = self.inputs / f"given-{number}.yaml"
        values = planted(number)
        del values["postgresql"]["auth"], values["jwt"], values["grafana"]
        path.write_text(yaml.safe_dump(values))
        return str(path)

    @property
    def env(self) -> dict[str, str]:
        """What our commands run in."""
        return {
            **os.environ, "KUBECONFIG": self.bed.kubeconfig, "LLM_COST_OPS_HELM": self.helm, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin",
        }  # fmt: skip

    def call(self, *words: str) -> str:
        """Everything that a command prints, on both streams; it must have answered."""
        done = subprocess.run(
            [sys.executable, "-m", "wizard", *words, "--release", "rel", "-n", self.namespace],
            cwd=self.work, env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        said = done.stdout + done.stderr
        assert done.returncode in (0, 1, 2, 3), said
        assert "Traceback" not in said
        assert "unexpected" not in said
        assert len(done.stdout) > 40, f"{words} said nothing: {said}"
        return said


KEPT: Final = ("-f", "VALUES", "--accept-secret-in-history")
SHOWN: Final[tuple[tuple[str, ...], ...]] = (
    ("history",), ("history", "2"), ("history", "1", "2"), ("history", "2", "--values"), ("history", "2", "--all"),
    ("history", "2", "--manifest"), ("rollback", "--dry-run"), ("uninstall", "--dry-run"), ("status",), ("diagnose",), ("plan", *KEPT),
    ("plan", *KEPT, "--manifests", "shown.yaml"), ("upgrade", *KEPT, "--dry-run"), ("check", *KEPT),
)  # fmt: skip
QUICK: Final = (2, 3, 5, 10)


@pytest.fixture
def table(sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str], helm: str) -> Table:
    """The release with the canaries."""
    return Table(sandbox, tool(helm), namespace, tmp_path)


def _shows_no_canary(table: Table, words: tuple[str, ...], form: str) -> None:
    called = [table.given(3) if word == "VALUES" else word for word in words]
    said = table.call(*called, "-o", form)
    assert leaks(said) == [], words
    if "--values" in words or "--manifest" in words:
        assert "********" in said, "the places are there, and masked"


@pytest.mark.parametrize("helm", ["helm4"])
def test_commands_on_the_real_chart_print_no_canary(table: Table, helm: str) -> None:
    for at in QUICK:
        _shows_no_canary(table, SHOWN[at], "text")


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm4", "helm3"])
def test_every_command_in_every_output_prints_no_canary_and_none_stays_in_a_file(table: Table, helm: str) -> None:
    for words in SHOWN:
        for form in ("text", "json", "jsonl"):
            if form != "jsonl" or words[0] in (
                "status",
                "diagnose",
                "plan",
                "check",
                "rollback",
                "uninstall",
                "upgrade",
            ):
                _shows_no_canary(table, words, form)
    assert "********" in (table.work / "shown.yaml").read_text()
    table.bed.kubectl(
        "set", "env", "-n", table.namespace, "deployment/rel-llm-cost-ops", "LEGACY_PASSWORD-"
    )  # helm 4 would be refused
    said = table.call("rollback", "1", "--yes", "--confirm", "rel", "-o", "jsonl")
    assert [json.loads(line)["type"] for line in said.split("\n") if line.startswith("{")]
    assert leaks(said) == []
    # The values file that an upgrade writes is the person's own; all else that was kept is ours.
    kept = [path for path in table.folder.rglob("*") if path.is_file() and table.inputs not in path.parents]
    assert [path for path in kept if path.name == "record.jsonl"]
    assert [
        str(path) for path in kept if path.name != "values.yaml" and leaks(path.read_text("utf-8", "replace"))
    ] == []


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm4"])
def test_the_full_screen_paints_no_canary(table: Table, helm: str) -> None:
    with Terminal([sys.executable, "-m", "wizard", "--namespace", table.namespace], table.env, table.work) as screen:
        seen = [screen.wait_for(r"> rel .*deployed", 40) and screen.text()]
        for key, awaited in (
            ("enter", r"\[h\] History"),
            ("h", "2 revisions kept"),
            ("enter", "values changed: SMTP_PASSWORD"),
        ):
            screen.press(key)
            screen.wait_for(awaited, 30)
            seen.append(screen.text())
        for _ in range(12):
            screen.press("pagedown")
            screen.wait_for(".", 5)
            seen.append(screen.text())
        screen.press("esc")
        screen.wait_for("Enter what it changed", 20)
        screen.press("down")
        screen.wait_for("b roll back to it", 20)
        screen.press("b")
        screen.wait_for("would be refused", 30)
        for _ in range(8):
            seen.append(screen.text())
            screen.press("pagedown")
            screen.wait_for(".", 5)
    assert leaks("\n".join(map(str, seen))) == []
