"""The safe way from one version to the next, as the chart's README prints it, with a real API server."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import CHART, HELMS, ROOT
from tests.conftest import Bed
from wizard.sandbox.toolchain import tool_path

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]

BLUE = "helm install llm-cost-ops ./helm/llm-cost-ops --namespace llm-cost-ops --set ingress.enabled=true --wait --timeout 60s"


def printed() -> list[str]:
    """Commands of the README's part on it, in order."""
    part = (CHART / "README.md").read_text().split("## Blue/green")[1].split("```bash")[1].split("```")[0]
    lines = part.replace("\\\n", " ").splitlines()
    return [line for line in lines if line.startswith("helm ")]


Shell = Callable[[str], str]


@pytest.fixture
def shell(request: pytest.FixtureRequest, sandbox: Bed, namespace: str, tmp_path: Path) -> Shell:
    """Runs a printed command with the helm under test, in the test's namespace, sized as for development."""
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "helm").symlink_to(tool_path(request.param))
    env = os.environ | {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "KUBECONFIG": sandbox.user("namespace-only", namespace=namespace),
    }

    def run(command: str) -> str:
        command = command.replace("--namespace llm-cost-ops", f"--namespace {namespace}")
        if command.startswith("helm install"):
            command += " --values presets/values-dev.yaml"
        done = subprocess.run(
            ["sh", "-c", command], cwd=ROOT, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    return run


@pytest.mark.full
@pytest.mark.parametrize("shell", HELMS, indirect=True)
def test_the_printed_switch_keeps_database_keys_and_ingress(shell: Shell, sandbox: Bed, namespace: str) -> None:
    def ingresses() -> dict[str, str]:
        found = sandbox.get("ingresses", "-n", namespace)["items"]
        return {
            i["metadata"]["name"]: i["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"]
            for i in found
        }

    def app(name: str) -> dict[str, Any]:
        container: dict[str, Any] = sandbox.get("deployment", name, "-n", namespace)["spec"]["template"]["spec"][
            "containers"
        ][0]
        return container

    def volumes() -> set[str]:
        return {c["metadata"]["uid"] for c in sandbox.get("pvc", "-n", namespace)["items"]}

    def secrets() -> set[str]:
        return {
            s["metadata"]["name"]
            for s in sandbox.get("secrets", "-n", namespace, "--field-selector", "type=Opaque")["items"]
        }

    install, test, switch, back, finish, remove = printed()
    shell(BLUE)
    data, keys = volumes(), secrets()

    shell(install)
    assert volumes() == data
    assert secrets() == keys
    assert ingresses() == {"llm-cost-ops": "llm-cost-ops"}
    env = {e["name"]: e for e in app("llm-cost-ops-v2")["env"]}
    blue = {e["name"]: e for e in app("llm-cost-ops")["env"]}
    same = ("DATABASE_URL_PASSWORD", "JWT_SECRET", "REDIS_PASSWORD", "REDIS_URL_PASSWORD", "REDIS_URL")
    assert {name: env[name] for name in same} == {name: blue[name] for name in same}
    assert env["DATABASE_URL"] == blue["DATABASE_URL"]
    assert app("llm-cost-ops-v2")["image"].endswith(":v2.0.0")
    assert shell(test).count("Phase:          Succeeded") == 3

    shell(switch)
    assert ingresses() == {"llm-cost-ops": "llm-cost-ops-v2"}
    shell(back)
    assert ingresses() == {"llm-cost-ops": "llm-cost-ops"}
    shell(switch)
    shell(finish)
    assert app("llm-cost-ops")["image"].endswith(":v2.0.0")
    shell(remove)
    assert ingresses() == {"llm-cost-ops": "llm-cost-ops"}
    assert volumes() == data
    assert secrets() == keys


@pytest.mark.parametrize("shell", HELMS, indirect=True)
def test_a_kept_ingress_outlives_its_release_and_is_taken_up_again(shell: Shell, sandbox: Bed, namespace: str) -> None:
    shell(BLUE.replace("--wait", "--set ingress.keepOnUninstall=true --set ingress.backendServiceName=llm-cost-ops-v2"))
    shell("helm uninstall llm-cost-ops --namespace llm-cost-ops")
    kept = sandbox.get("ingress", "llm-cost-ops", "-n", namespace)
    assert kept["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] == "llm-cost-ops-v2"
    shell(BLUE.replace("--wait", ""))
    again = sandbox.get("ingress", "llm-cost-ops", "-n", namespace)
    assert again["metadata"]["uid"] == kept["metadata"]["uid"]
    assert again["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["name"] == "llm-cost-ops"
