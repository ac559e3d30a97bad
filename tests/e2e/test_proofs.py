"""Day two of the real chart on a real API server: made by hand and drifted, killed half-way, installed over what was left."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bed
from tests.e2e.changing import Release, chart
from tests.e2e.shell import READY, ROOT, Shell

pytestmark = pytest.mark.e2e
HELMS = pytest.mark.parametrize("helm", ["helm4", pytest.param("helm3", marks=pytest.mark.full)])
REAL = str(ROOT / "chart" / "llm-cost-ops")
JWT, DATABASE = "jwt-canary-of-thirty-two-characters", "database-canary-0123456789"


@pytest.fixture
def release(sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str], helm: str) -> Release:
    """A place for a release of the small chart; nothing is installed."""
    sandbox.kubectl("create", "namespace", namespace)
    return Release(sandbox, tool(helm), namespace, chart(tmp_path), tmp_path)


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm4", "helm3"])
def test_a_release_made_by_hand_with_secret_files_and_drifted_is_upgraded_as_planned(
    release: Release, sandbox: Bed, helm: str
) -> None:
    space, folder = release.namespace, release.folder
    release.chart, release.name = REAL, "llm-cost-ops"
    (folder / "jwt").write_text(JWT)
    (folder / "database").write_text(DATABASE)
    release.call(
        "install", release.name, REAL, "-f", f"{REAL}/values-dev.yaml", "--set-file", f"jwt.secret={folder / 'jwt'}",
        "--set-file", f"postgresql.auth.password={folder / 'database'}",
    )  # fmt: skip
    api = "deployment/llm-cost-ops"
    patch = '{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":44}}}}'
    sandbox.kubectl("-n", space, "patch", api, "--field-manager=kubectl-edit", "-p", patch)
    sandbox.kubectl("-n", space, "scale", api, "--replicas=2")
    before = _passwords(sandbox, space)
    call = Shell(release, folder)

    told = json.loads(call("plan", "--set", "config.logLevel=debug", "-o", "json", code=2 if helm == "helm4" else 0))
    plan = told["plan"]
    objects = {f"{one['kind']}/{one['name']}": one for one in plan["objects"]}
    drifted = {one["path"] for one in objects["Deployment/llm-cost-ops"]["drift"]}
    assert drifted == {"spec.replicas", "spec.template.spec.terminationGracePeriodSeconds"}
    assert "-canary-" not in json.dumps(told)
    mine = {one["path"]: one["mine"] for one in told["values"]["values"]}
    assert (mine["jwt.secret"], mine["postgresql.auth.password"]) == ("********", "********")
    if helm == "helm4":  # a field that somebody else applied is a conflict: helm refuses it, and so does the plan
        assert objects["Deployment/llm-cost-ops"]["change"] == "refused"
        call("upgrade", "--set", "config.logLevel=debug", "--yes", code=2)
        sandbox.kubectl("-n", space, "patch", api, "--field-manager=kubectl-edit", "-p", patch.replace("44", "30"))
        sandbox.kubectl("-n", space, "scale", api, "--replicas=1")

    call("upgrade", "--set", "config.logLevel=debug", "--yes")

    live = sandbox.get("deployment", "llm-cost-ops", "-n", space)["spec"]
    assert (live["replicas"], live["template"]["spec"]["terminationGracePeriodSeconds"]) == (1, 30)
    assert _passwords(sandbox, space) == before, "the passwords that were given by hand are kept"
    assert json.loads(call("plan", "--set", "config.logLevel=debug", "-o", "json"))["plan"]["counts"].keys() == {
        "unchanged"
    }


def _passwords(sandbox: Bed, space: str) -> dict[str, dict[str, str]]:
    found = sandbox.get("secrets", "-n", space)["items"]
    return {one["metadata"]["name"]: one["data"] for one in found if not one["type"].startswith("helm.sh")}


@pytest.fixture
def killed(release: Release, sandbox: Bed) -> Shell:
    """An upgrade whose helm was killed with SIGKILL while it waited for pods that cannot start."""
    release.upgrade(**READY)
    sandbox.scenario("image-pull")
    file = release.folder / "next.yaml"
    file.write_text(release.values(**{**READY, "image": "llm-cost-ops:v9", "config": {"level": "debug"}}))
    argv = [
        release.helm, "--kubeconfig", release.bed.kubeconfig, "--namespace", release.namespace, "upgrade", release.name,
        release.chart, "--reset-values", "-f", str(file), "--wait", "--timeout", "10m",
    ]  # fmt: skip
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as helm:
        try:
            _until(lambda: _live_level(release) == "debug", "helm changed the objects and waits for them")
            assert helm.poll() is None
        finally:
            helm.send_signal(signal.SIGKILL)
    sandbox.scenario("none")
    return Shell(release, release.folder)


def _live_level(release: Release) -> str:
    return str(release.live()["ConfigMap/conf"]["data"]["level"])


def _until(met: Callable[[], bool], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


@pytest.mark.full  # in the quick tier test_recover kills a helm that waits
@HELMS
def test_a_helm_that_was_killed_while_it_waited_is_recovered_to_the_revision_before(killed: Shell) -> None:
    known = json.loads(killed("recover", "--dry-run", "-o", "json"))
    assert (known["revision"], known["status"], known["good"], known["young"]) == (2, "pending-upgrade", 1, True)
    assert "ConfigMap/conf" in known["reached"]

    killed("recover", "--confirm", "rel", "--reason", "it was killed by hand")

    assert _statuses(killed) == {1: "superseded", 2: "failed", 3: "deployed"}
    assert _live_level(killed.release) == "info"


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm4", "helm3"])
def test_a_killed_upgrade_that_is_only_marked_as_failed_can_be_upgraded_again(killed: Shell) -> None:
    killed("recover", "--to", "failed", "--confirm", "rel", "--reason", "it was killed by hand")

    assert _statuses(killed) == {1: "deployed", 2: "failed"}
    assert "STATUS: deployed" in killed.release.upgrade(**READY)


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm4"])
def test_a_killed_release_that_somebody_removed_meanwhile_is_told_and_not_brought_back(
    killed: Shell, sandbox: Bed
) -> None:
    sandbox.kubectl("-n", killed.release.namespace, "delete", "secrets", "-l", "owner=helm,name=rel")

    killed("recover", "--confirm", "rel", code=3)

    assert "There is no release rel here; looked in namespace" in killed.err
    killed("history", code=3)


def _statuses(call: Shell) -> dict[int, str]:
    return {one["revision"]: one["status"] for one in json.loads(call("history", "-o", "json"))["revisions"]}


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm4", "helm3"])
def test_an_install_over_what_an_uninstall_left_goes_on_with_the_same_data_and_passwords(
    release: Release, sandbox: Bed
) -> None:
    release.name, space = "llm-cost-ops", release.namespace
    call = Shell(release, release.folder)
    install = ("--preset", "dev", "--yes")
    call("install", *install)
    passwords, claims = _passwords(sandbox, space), _claims(sandbox, space)
    assert claims
    call("uninstall", "--yes")
    assert _passwords(sandbox, space) == passwords
    (left,) = json.loads(call("uninstall", "--leftovers", "-o", "json"))["leftovers"]
    assert {f"PersistentVolumeClaim/{name}" for name in claims} <= {one["object"] for one in left["items"]}

    call("install", *install)

    assert (_passwords(sandbox, space), _claims(sandbox, space)) == (passwords, claims)
    assert call("status")
    call("uninstall", "--yes")
    key = "secret/llm-cost-ops-postgresql-credentials"
    call("uninstall", "--leftovers", "--delete", key, "--yes", "--confirm", release.name)
    checks = json.loads(call("check", "--preset", "dev", "-o", "json", code=2))["checks"]
    (n07,) = [one for one in checks if one["id"] == "N07"]
    assert (n07["state"], n07["blocking"]) == ("fail", True)
    call("install", *install, code=2)


def _claims(sandbox: Bed, space: str) -> dict[str, str]:
    return {one["metadata"]["name"]: one["metadata"]["uid"] for one in sandbox.get("pvc", "-n", space)["items"]}


# Bad input


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm4"])
def test_bad_input_ends_with_its_exit_code_and_changes_nothing(release: Release, sandbox: Bed) -> None:
    call = Shell(release, release.folder)
    call("rollback", "--yes", code=3)
    assert f"looked in namespace {release.namespace}" in call.err
    release.upgrade(**READY)
    before = release.live()
    call("rollback", "9", "--yes", code=2)
    assert "has no revision 9" in call.err
    call("rollback", "--yes", code=2)
    assert "nothing to roll" in call.err
    call("plan", "-f", f"{REAL}/values-dev.yaml", code=2)
    assert "is a release of another chart: changing 1.0.0, not llm-cost-ops" in call.err
    call("upgrade", "--preset", "dev", "--yes", code=2)
    assert "is a release of another chart" in call.err
    _rewrite(release, lambda record: record.update(chart={**record["chart"], "metadata": "a newer helm's"}))
    call("uninstall", "--yes", code=3)
    assert "cannot be read" in call.err
    assert release.live().keys() == before.keys()


def _rewrite(release: Release, change: Callable[[dict[str, Any]], None]) -> None:
    from wizard.core.helm import release as helm_release

    data = release.bed.get("secret", f"sh.helm.release.v1.{release.name}.v1", "-n", release.namespace)
    record = helm_release.unpack(data["data"]["release"], "x")
    change(record)
    data["data"]["release"] = base64.b64encode(helm_release.pack(record).encode()).decode()
    file = release.folder / "record.json"
    file.write_text(json.dumps(data))
    release.bed.kubectl("replace", "-f", str(file))
