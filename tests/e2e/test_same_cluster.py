"""One cluster for the wizard and for helm, on real API servers with both helms; a context that moves is said."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Bed
from wizard.sandbox import cluster

pytestmark = pytest.mark.e2e
IMAGE = ("--answer", "image=llm-cost-ops:1.0.0", "--preset", "dev")
DIFFERENT = {
    "HELM_KUBEAPISERVER": "https://127.0.0.1:1", "HELM_KUBETOKEN": "canary-token", "HELM_KUBEASUSER": "somebody",
    "HELM_KUBEASGROUPS": "system:masters", "HELM_KUBECAFILE": "/nowhere.pem", "HELM_KUBECONTEXT": "other",
    "HELM_KUBEINSECURE_SKIP_TLS_VERIFY": "true", "HELM_KUBETLS_SERVER_NAME": "other",
}  # fmt: skip

QUICK = ("HELM_KUBEAPISERVER", "HELM_KUBETOKEN")
"""Another cluster, and another user; how each variable differs is held in core/helm/test_environment.py."""


class Place:
    """Somebody with a kubeconfig whose one context is named prod, and a folder to work in."""

    def __init__(self, bed: Bed, helm: str, folder: Path) -> None:
        self.folder, self.helm, self.kubeconfig = folder, helm, folder / "kubeconfig"
        self.point_to(bed.kubeconfig)
        self.err = ""

    def point_to(self, kubeconfig: str) -> None:
        """Let the context prod reach the cluster of that kubeconfig."""
        tree = json.loads(Path(kubeconfig).read_text())
        tree["contexts"][0]["name"] = tree["current-context"] = "prod"
        self.kubeconfig.write_text(json.dumps(tree))

    def __call__(self, *words: str, code: int, **environment: str) -> str:
        env = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "LLM_COST_OPS_HELM": self.helm, **environment}
        done = subprocess.run(
            [sys.executable, "-m", "wizard", *words], cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        self.err = done.stderr
        assert done.returncode == code, f"exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "canary" not in done.stdout + done.stderr
        return done.stdout


@pytest.fixture
def place(sandbox: Bed, tmp_path: Path, tool: Callable[[str], str], request: pytest.FixtureRequest) -> Place:
    folder = tmp_path / "work"
    folder.mkdir()
    return Place(sandbox, tool(getattr(request, "param", "helm4")), folder)


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """Path of the kubeconfig of a second cluster."""
    name = f"t{uuid.uuid4().hex[:6]}"
    yield str(cluster.up(name).kubeconfig)
    cluster.down(name)


@pytest.mark.parametrize(
    "variable", [one if one in QUICK else pytest.param(one, marks=pytest.mark.full) for one in sorted(DIFFERENT)]
)
def test_a_variable_that_sends_helm_elsewhere_is_refused_by_name(place: Place, namespace: str, variable: str) -> None:
    out = place("check", *IMAGE, "-n", namespace, code=2, **{variable: DIFFERENT[variable]})

    assert f"{variable} differs from the kubeconfig" in out
    assert f"unset {variable}" in out


@pytest.mark.full
@pytest.mark.parametrize("command", ["install", "upgrade --install", "plan", "rollback", "uninstall"])
def test_no_command_starts_helm_with_such_a_variable(place: Place, namespace: str, command: str) -> None:
    if command in ("rollback", "uninstall"):
        place("install", *IMAGE, "-n", namespace, "--yes", code=0)
        place("upgrade", *IMAGE, "-n", namespace, "--yes", code=0)
    more = () if command in ("rollback", "uninstall") else IMAGE
    accepted = ("--accept", "W06=I know better") if command not in ("plan", "rollback", "uninstall") else ()
    yes = () if command == "plan" else ("--yes",)

    place(*command.split(), *more, "-n", namespace, *yes, *accepted, code=2, HELM_KUBEASUSER="somebody")

    assert "HELM_KUBEASUSER differs from the kubeconfig" in place.err
    assert "Nothing was changed" in place.err


@pytest.mark.parametrize("place", ["helm3", "helm4"], indirect=True)
def test_the_check_proves_one_cluster_with_each_helm(place: Place, sandbox: Bed, namespace: str) -> None:
    uid = sandbox.get("namespace", "kube-system")["metadata"]["uid"]

    assert f"namespace kube-system is {uid} for both" in place("check", *IMAGE, "-n", namespace, code=0)


def test_a_person_of_one_namespace_is_proven_by_what_that_holds(
    place: Place, sandbox: Bed, namespace: str, tool: Callable[[str], str]
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    place.point_to(sandbox.user("namespace-only", namespace=namespace))

    out = place("check", *IMAGE, "-n", namespace, code=0)

    assert f"configmap kube-root-ca.crt in {namespace} is" in out


def test_a_helm_that_reaches_another_cluster_and_a_context_that_moves_are_both_said(
    place: Place, sandbox: Bed, namespace: str, elsewhere: str
) -> None:
    place("install", *IMAGE, "-n", namespace, "--yes", code=0)
    liar = place.folder / "helm"
    liar.write_text(f'#!/bin/sh\nKUBECONFIG={place.folder}/first exec {place.helm} "$@"\n')
    liar.chmod(0o755)
    (place.folder / "first").write_text(place.kubeconfig.read_text())

    place.point_to(elsewhere)

    out = place("check", *IMAGE, "-n", namespace, "--helm", str(liar), code=2)
    assert "for the wizard: two clusters" in out
    assert "context prod reaches another cluster than on" in place.err
    place("install", *IMAGE, "-n", namespace, "--dry-run", code=0)
    assert place.err.startswith("! warn context prod reaches another cluster than on"), "it is said first"
    place("uninstall", "-n", namespace, "--yes", "--helm", str(liar), code=3)
    place.point_to(sandbox.kubeconfig)
    place("check", *IMAGE, "-n", namespace, code=0)
    assert "reaches another cluster" not in place.err
