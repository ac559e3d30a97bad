"""recover beside a living helm, on what helm wrote a moment ago, and taken back: on a real API server with both helms."""

from __future__ import annotations

import base64
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bed
from tests.e2e.changing import Release, chart
from tests.e2e.shell import READY, Shell
from tests.e2e.test_full_screen_day_two import home
from wizard.core.helm import release as helm_release

pytestmark = pytest.mark.e2e


@pytest.fixture
def release(sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str], helm: str) -> Release:
    """A release to be; nothing is installed yet."""
    sandbox.kubectl("create", "namespace", namespace)
    return Release(sandbox, tool(helm), namespace, chart(tmp_path), tmp_path)


def applied(live: Mapping[str, Any]) -> bool:
    """Whether helm has made and changed all that it does before it waits."""
    config = live.get("ConfigMap/conf") or {"data": {}}
    return "Ingress/api" in live and config["data"].get("level") == "debug"


@contextmanager
def waiting(release: Release, binary: str = "") -> Iterator[subprocess.Popen[bytes]]:
    """A plain helm that waits for pods which cannot start; killed at the end with SIGKILL."""
    file = release.folder / "next.yaml"
    file.write_text(release.values(**{**READY, "image": "llm-cost-ops:missing", "config": {"level": "debug"}}))
    argv = [
        binary or release.helm, "--kubeconfig", release.bed.kubeconfig, "--namespace", release.namespace, "upgrade", "--install",
        release.name, release.chart, "--reset-values", "-f", str(file), "--wait", "--timeout", "10m",
    ]  # fmt: skip
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as helm:
        try:
            deadline = time.monotonic() + 60
            while not applied(release.live()):
                assert time.monotonic() < deadline, "helm sends its objects"
                time.sleep(0.1)
            assert helm.poll() is None
            yield helm
        finally:
            helm.send_signal(signal.SIGKILL)


def newest(call: Shell) -> tuple[int, str]:
    last = json.loads(call("history", "-o", "json"))["revisions"][-1]
    return last["revision"], last["status"]


@pytest.mark.parametrize("helm", ["helm4", pytest.param("helm3", marks=pytest.mark.full)])
def test_a_helm_that_still_waits_is_left_alone_and_what_its_kill_left_is_marked_and_taken_back(
    release: Release, tmp_path: Path
) -> None:
    call = Shell(release, tmp_path)
    with waiting(release) as helm:
        call("recover", "--reason", "I am sure", "--confirm", "rel", code=2)
        assert f"helm itself, on this machine: process {helm.pid}" in call.err
    call("recover", "--confirm", "rel", code=3)
    assert "a helm on another machine may be at work" in call.err
    assert newest(call) == (1, "pending-install")
    assert "recover" in call("install", "--answer", "image=llm-cost-ops:1", "--yes", code=2) + call.err

    call("recover", "--to", "failed", "--reason", "I killed it", "--confirm", "rel")
    assert newest(call) == (1, "failed")

    call("recover", "--undo", code=2)
    assert "--confirm rel" in call.err
    call("recover", "--undo", "--confirm", "rel")
    assert newest(call) == (1, "pending-install")
    assert (
        "nothing to undo" in call("recover", "--undo", "--confirm", "rel", code=2) + call.err
        or "not what recover wrote" in call.err
    )

    call("recover", "--to", "failed", "--reason", "I killed it", "--confirm", "rel")
    with home(release, tmp_path) as screen:
        screen.wait_for("> rel .*failed", 30)
        screen.press("enter")
        screen.wait_for(r"\[z\] Undo recover")
        screen.press("z")
        screen.wait_for("back to pending-install", 20)
        screen.press("enter")
        screen.wait_for("This rewrites Helm's record: type rel")
        screen.press("rel")
        screen.press("enter")
        screen.wait_for("Put revision 1 of rel back to pending-install", 20)
        screen.press("q")
        assert screen.wait() == 0
    assert newest(call) == (1, "pending-install")


ELSEWHERE = ("unshare", "--pid", "--fork", "--mount-proc")
"""Starts a command that sees no process but its own, as one on another machine."""


def rewind(release: Release, revision: int, hours: int) -> None:
    """Make a revision that many hours old in all that a client can write: its labels, and the times in its body."""
    then = datetime.now(UTC) - timedelta(hours=hours)
    record = release.bed.get("secret", f"sh.helm.release.v1.{release.name}.v{revision}", "-n", release.namespace)
    body = helm_release.unpack(record["data"]["release"], "the record")
    body["info"] |= dict.fromkeys(("first_deployed", "last_deployed"), then.isoformat())
    record["metadata"]["labels"] |= dict.fromkeys(("createdAt", "modifiedAt"), str(int(then.timestamp())))
    record["data"]["release"] = base64.b64encode(helm_release.pack(body).encode()).decode()
    file = release.folder / "record.json"
    file.write_text(json.dumps(record))
    release.bed.kubectl("replace", "-f", str(file))


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="a PID namespace takes root and unshare")
@pytest.mark.full  # 20 s; the quick tier has one that waits
@pytest.mark.parametrize("helm", ["helm4", "helm3"])
def test_a_living_helm_elsewhere_is_left_alone_though_all_its_labels_are_hours_old(
    release: Release, tmp_path: Path
) -> None:
    release.upgrade(**READY)
    rewind(release, 1, hours=3)
    call = Shell(release, tmp_path, ELSEWHERE)
    with waiting(release) as helm:
        labels = release.bed.get("secret", "sh.helm.release.v1.rel.v2", "-n", release.namespace)["metadata"]["labels"]
        assert time.time() - int(labels["modifiedAt"]) > 3600, "helm copies the labels of the revision before"
        call("recover", "--confirm", "rel", code=3)
        assert "a helm on another machine may be at work on it" in call.err
        (row,) = json.loads(call("status", "-o", "json", code=1))["releases"]
        (*_, last) = json.loads(call("history", "-o", "json"))["revisions"]
        for updated in (row["updated"], last["updated"]):
            assert datetime.now(UTC) - datetime.fromisoformat(updated) < timedelta(minutes=2)
        found = {
            one["id"]: one for one in json.loads(call("diagnose", "-o", "json", code=1))["diagnoses"][0]["findings"]
        }
        assert not found["X01"]["terminal"], "it is no lock that nobody holds"
        assert (helm.poll(), newest(call)) == (None, (2, "pending-upgrade"))
    call("recover", "--to", "failed", "--reason", "I killed it", "--confirm", "rel")
    assert newest(call) == (2, "failed")


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm4"])  # helm 3 knows no conflicts
def test_nothing_is_marked_while_the_roll_back_after_it_would_be_refused_and_what_others_set_is_taken_over_where_asked(
    release: Release, tmp_path: Path
) -> None:
    release.upgrade(**READY)
    call = Shell(release, tmp_path)
    sure = ("recover", "--reason", "I killed it", "--confirm", "rel")
    with waiting(release):
        release.bed.kubectl("-n", release.namespace, "scale", "deployment", "api", "--replicas=4")
    call(*sure, code=2)
    assert "Nothing was changed: Deployment/api would be refused. next: Mark it only as failed" in " ".join(
        call.err.split()
    )
    assert newest(call) == (2, "pending-upgrade")
    told = call(*sure, "--force-conflicts")
    taken_over, marked = told.find("spec.replicas: taken over from kubectl: 4 -> 1"), told.find("is marked as failed")
    assert 0 < taken_over < marked, "the roll-back's plan is shown before the record is touched"
    assert newest(call) == (3, "deployed")
    assert release.live()["Deployment/api"]["spec"]["replicas"] == 1


@pytest.mark.full
@pytest.mark.parametrize("helm", ["helm4", "helm3"])
def test_a_living_helm_that_cannot_be_seen_from_here_is_refused_too_and_nothing_is_undone_after_a_roll_back(
    release: Release, tmp_path: Path
) -> None:
    release.upgrade(**READY)
    hidden = tmp_path / "somebody-elses"
    shutil.copy(release.helm, hidden)
    call = Shell(release, tmp_path)
    with waiting(release, str(hidden)):
        call("recover", "--confirm", "rel", code=3)
        assert newest(call) == (2, "pending-upgrade")
    call("recover", "--reason", "its machine is off", "--confirm", "rel")
    assert newest(call) == (3, "deployed")
    call("recover", "--undo", "--confirm", "rel", code=2)
    assert "there is nothing to undo" in call.err
    assert newest(call) == (3, "deployed")
