"""Fields that somebody set by hand: named, left to them, and taken over where it is asked for; on a real API server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bed
from tests.e2e.changing import Release, chart
from tests.e2e.shell import READY, ROOT, Shell
from tests.terminal import Terminal

pytestmark = [pytest.mark.e2e, pytest.mark.full]
ACCEPT = ("--accept", "I01=nobody asks this Ingress")


@pytest.fixture
def shell(sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str]) -> Callable[..., Shell]:
    """A release at revision 1 whose deployment somebody scaled to 3 since."""
    sandbox.kubectl("create", "namespace", namespace)

    def make(helm: str, *flags: str) -> Shell:
        release = Release(sandbox, tool(helm), namespace, chart(tmp_path), tmp_path)
        release.upgrade(flags=flags, **READY)
        sandbox.kubectl("-n", namespace, "scale", "deployment", "api", "--replicas=3")
        return Shell(release, tmp_path)

    return make


def values(call: Shell, **changes: Any) -> tuple[str, ...]:
    """The flags of chart and values."""
    file = call.folder / "mine.yaml"
    file.write_text(call.release.values(**{**READY, **changes}))
    return "--chart", call.release.chart, "-f", str(file)


def replicas(call: Shell) -> tuple[int, list[str]]:
    """The live number of replicas, and the field managers that own it."""
    space = call.release.namespace
    live = call.release.bed.get("deployment", "api", "-n", space, "--show-managed-fields")
    owners = [
        entry["manager"]
        for entry in live["metadata"]["managedFields"]
        if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    ]
    return live["spec"]["replicas"], owners


def test_helm_4_takes_over_what_was_scaled_by_hand_once_it_is_asked_for_and_named(
    shell: Callable[..., Shell],
) -> None:
    call = shell("helm4")
    given = values(call, replicas=2)

    refused = call("upgrade", *given, *ACCEPT, "--yes", code=2)
    assert 'Deployment/api: .spec.replicas: conflict with "kubectl" with subresource "scale"' in refused
    assert "--force-conflicts" in refused

    planned = call("plan", *given, "--force-conflicts")
    assert "spec.replicas: taken over from kubectl: 3 -> 2" in planned
    assert "R07 dry run on the server: Deployment/api: spec.replicas" not in planned
    call("upgrade", *given, *ACCEPT, "--yes", "--force-conflicts", code=2)
    assert "This takes over 1 field from kubectl" in call.err
    assert replicas(call) == (3, ["kubectl"]), "a name that is not confirmed changes nothing"

    ended = json.loads(
        call("upgrade", *given, *ACCEPT, "--yes", "--force-conflicts", "--confirm", call.release.name, "-o", "json")
    )
    assert replicas(call) == (2, ["helm"])
    ours, helms = ended["commands"]
    assert "--force-conflicts" in ours
    assert "--force-conflicts" in helms

    call.release.bed.kubectl("-n", call.release.namespace, "scale", "deployment", "api", "--replicas=4")
    call("rollback", "1", "--yes", code=2)
    call("rollback", "1", "--yes", "--force-conflicts", "--confirm", call.release.name)
    assert replicas(call) == (1, ["helm"])


@pytest.mark.parametrize(("helm", "flags"), [("helm3", ()), ("helm4", ("--server-side=false",))])
def test_a_three_way_merge_needs_no_force_and_is_given_none(
    shell: Callable[..., Shell], helm: str, flags: tuple[str, ...]
) -> None:
    call = shell(helm, *flags)
    told = call("upgrade", *values(call, replicas=2), *ACCEPT, "--yes", "--force-conflicts")
    assert "--force-conflicts is not needed" in told
    assert replicas(call)[0] == 2
    if helm == "helm4":  # which would refuse the flag
        assert "forceConflicts enabled when serverSideApply disabled" in call.release.upgrade(
            check=False, flags=["--force-conflicts"], **READY
        )
    assert "not needed" in call("rollback", "1", "--yes", "--force-conflicts")
    assert replicas(call)[0] == 1


def test_an_install_over_an_object_of_its_own_that_somebody_changed_is_named_before_it_is_taken_over(
    sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    release = Release(sandbox, tool("helm4"), namespace, chart(tmp_path), tmp_path)
    sandbox.kubectl("-n", namespace, "create", "configmap", "conf", "--from-literal=level=mine")
    sandbox.kubectl("-n", namespace, "label", "configmap", "conf", "app.kubernetes.io/managed-by=Helm")
    owner = ("meta.helm.sh/release-name=rel", f"meta.helm.sh/release-namespace={namespace}")
    sandbox.kubectl("-n", namespace, "annotate", "configmap", "conf", *owner)
    call = Shell(release, tmp_path)
    given = values(call)

    assert '.data.level: conflict with "kubectl-create"' in call("plan", *given, code=2)
    install = ("install", *given, *ACCEPT, "--yes", "--force-conflicts")
    call(*install, code=2)
    assert "This takes over 1 field from kubectl-create" in call.err
    call(*install, "--confirm", release.name)
    assert sandbox.get("configmap", "conf", "-n", namespace)["data"] == {"level": "info"}


def test_an_autoscaler_is_named_where_its_replicas_are_taken_over(shell: Callable[..., Shell]) -> None:
    call = shell("helm4")
    patch = '{"spec":{"replicas":5}}'
    call.release.bed.kubectl(
        "-n", call.release.namespace, "patch", "deployment", "api", "--subresource=scale",
        "--field-manager=kube-controller-manager", "-p", patch,
    )  # fmt: skip
    given = values(call, replicas=2)
    assert "An autoscaler sets the replicas of Deployment/api" in call("check", *given, "--only", "R07", code=2)
    plan = json.loads(call("plan", *given, "--force-conflicts", "-o", "json"))["plan"]
    assert "an autoscaler (kube-controller-manager) sets its replicas" in plan["warnings"][0]
    taken = [each for planned in plan["objects"] for each in planned["taken_over"]]
    assert taken == [{"path": "spec.replicas", "manager": "kube-controller-manager"}]
    assert "1 field" not in call("check", *given, "--only", "R07", "--force-conflicts")


def type_the_name(screen: Terminal) -> None:
    """Confirm, and see the run end well."""
    screen.press("llm-cost-ops", "enter")
    screen.wait_for("helm recorded the release", 90)
    screen.press("q")
    assert screen.wait() == 0


def test_what_was_scaled_by_hand_is_taken_over_by_keys_at_80x24_and_by_answers(
    sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    env = {
        **os.environ, "KUBECONFIG": sandbox.kubeconfig, "PYTHONPATH": str(ROOT), "LLM_COST_OPS_HELM": tool("helm4"),
    }  # fmt: skip
    wizard = (sys.executable, "-m", "wizard")
    given = ("--preset", "dev", "--answer", "image=llm-cost-ops:1.0.0", "--yes")
    subprocess.run([*wizard, "install", "-n", namespace, *given], env=env, cwd=tmp_path, check=True, timeout=120)

    def scaled(count: int) -> None:
        sandbox.kubectl("-n", namespace, "scale", "deployment", "llm-cost-ops", f"--replicas={count}")

    def live() -> int:
        return int(sandbox.get("deployment", "llm-cost-ops", "-n", namespace)["spec"]["replicas"])

    scaled(3)
    with Terminal([*wizard, "upgrade", "-n", namespace, "--set", "replicaCount=2"], env, tmp_path) as screen:
        screen.wait_for("Enter keeps what is shown", 30)
        screen.press("f9")
        screen.wait_for("x failed  R07", 40)
        screen.wait_for("are left to them, so helm refuses")
        screen.press("f")
        screen.wait_for("are taken over: 1 field from kubectl", 40)
        screen.wait_for("all in", 40)
        screen.press("enter")
        screen.wait_for("This takes over 1 field from kubectl: type llm-cost-ops to go on")
        type_the_name(screen)
    assert live() == 2

    scaled(4)
    with Terminal([*wizard, "rollback", "-n", namespace], env, tmp_path) as screen:
        screen.wait_for("Enter disabled.* f take over", 30)
        screen.press("f")
        screen.wait_for("spec.replicas: taken over from kubectl: 4 -> 1", 30)
        screen.press("enter")
        screen.wait_for("type llm-cost-ops to go on")
        type_the_name(screen)
    assert live() == 1

    scaled(5)
    plain = ("--plain", "--set", "replicaCount=2")
    with Terminal([*wizard, "upgrade", "-n", namespace, *plain], env, tmp_path) as screen:
        screen.wait_for("take over what others set", 60)
        screen.press("up", "enter")
        screen.wait_for("spec.replicas: taken over from kubectl: 5 -> 2", 60)
        screen.wait_for("What now", 20)
        screen.press("enter")
        screen.wait_for("This takes over 1 field from kubectl. Type the release name", 20)
        screen.press("llm-cost-ops", "enter")
        assert screen.wait(120) == 0
    assert live() == 2
