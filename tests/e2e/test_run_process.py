"""The run's own process against a real API server and real helm: verdicts, causes, logs, kills and rights."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bed
from wizard import compose
from wizard.adapters.runs import processes
from wizard.core.answers.draft import Draft
from wizard.core.errors import Problem
from wizard.core.helm.command_line import HelmOptions
from wizard.core.run.events import Event
from wizard.core.run.view import RunView
from wizard.core.target import Target
from wizard.engine.installer import Operation
from wizard.engine.session import Session
from wizard.engine.state import Options

pytestmark = pytest.mark.e2e
SECONDS = 90


class Runner:
    """A person's session, and runs read event by event."""

    def __init__(self, kubeconfig: str, namespace: str, helm: str, folder: Path) -> None:
        self.session: Session = compose.session(Options(kubeconfig=kubeconfig, namespace=namespace), helm_path=helm)
        self.session.kubeconfig()
        self.folder, self.namespace = folder, namespace
        self.view, self.events = RunView(), list[Event]()

    def draft(self, **answers: str) -> Draft:
        given = {"preset": "dev", "image": "llm-cost-ops:1.0.0", **answers}
        draft = self.session.answers.new().with_answers(given)
        # A file that holds the values of another release is left alone.
        return replace(draft, write=str(self.folder / f"values-{self.namespace}.yaml"), helm=HelmOptions("60s"))

    async def start(self, **answers: str) -> str:
        draft = self.draft(**answers)
        await self.session.refresh_suggestions(draft)
        return await self.begin(draft)

    async def begin(self, draft: Draft, operation: Operation | None = None, *, attended: bool = True) -> str:
        """Start the run of a draft; which operation it is, is looked at unless it is named."""
        prepared, installer = self.session.answers.prepare(draft), self.session.installer
        return await installer.start(
            prepared, operation or await installer.operation(prepared.target), attended=attended
        )

    async def follow(self, run_id: str, until: Callable[[RunView], object] = lambda _: False) -> RunView:
        async with asyncio.timeout(SECONDS):
            async for batch in self.session.runs.follow(run_id, after=self.view.last_seq):
                for event in batch:
                    self.events.append(event)
                    self.view.apply(event)
                if until(self.view):
                    break
        return self.view


@pytest.fixture
async def runner(sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path) -> AsyncIterator[Runner]:
    made = Runner(sandbox.kubeconfig, namespace, tool("helm4"), tmp_path)
    yield made
    await made.session.close()


def pids(run_id: str) -> dict[str, int]:
    folder = Path(os.environ["XDG_STATE_HOME"]) / "llm-cost-ops-wizard" / "runs" / run_id
    owners = json.loads((folder / "supervisor.json").read_text())
    return {
        "runner": json.loads((folder / "runner.json").read_text())["pid"],
        "supervisor": owners["supervisor"]["pid"],
        "helm": owners["helm"]["pid"],
    }


def release_status(bed: Bed, namespace: str) -> str:
    secrets = bed.get("secrets", "-n", namespace, "-l", "owner=helm")["items"]
    newest = max(secrets, key=lambda one: int(one["metadata"]["labels"]["version"]))
    return str(newest["metadata"]["labels"]["status"])


def first_seen(bed: Bed, kubectl: str, namespace: str, words: str) -> Future[float]:
    """When kubectl's own watch first shows the words about a pod, as seconds since the epoch."""
    columns = "REASON:.status.containerStatuses[*].state.waiting.reason"
    command = [
        kubectl,
        "--kubeconfig",
        bed.kubeconfig,
        "get",
        "pods",
        "-n",
        namespace,
        "-w",
        "-o",
        f"custom-columns={columns}",
    ]
    watching = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found: Future[float] = Future()

    def read() -> None:
        with watching:
            for line in watching.stdout or ():
                if words in line:
                    found.set_result(time.time())
                    break
            watching.kill()

    threading.Thread(target=read, daemon=True).start()
    return found


@pytest.mark.full  # the quick tier does the same by keys and by lines
@pytest.mark.parametrize("helm", ["helm4", "helm3"])
async def test_install_to_ready_with_logs_and_then_upgrade(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path, helm: str
) -> None:
    runner = Runner(sandbox.kubeconfig, namespace, tool(helm), tmp_path)
    view = await runner.follow(await runner.start())
    assert view.finished is not None, view
    assert (view.finished["code"], view.verdict) == (0, "ready"), view.reason
    assert view.helm_exit == (0, "")
    assert namespace in view.notes
    assert view.total("pod") >= 3
    assert view.ready_count("pod") == view.total("pod")
    assert any(pod.startswith("llm-cost-ops-") and container == "app" for pod, container in view.containers())
    assert (view.made[0].kind, view.made[0].action) == ("Namespace", "created")
    assert release_status(sandbox, namespace) == "deployed"
    runner.view = RunView()
    view = await runner.follow(await runner.start(replicas="2"))
    assert view.finished is not None
    assert (view.operation, view.finished["code"]) == ("upgrade", 0), view.reason
    assert {row.action for row in view.made} <= {"kept"}
    await runner.session.close()


async def test_a_broken_image_is_named_within_a_second_of_the_pods_status_and_cancel_ends_it(
    sandbox: Bed, namespace: str, runner: Runner, tool: Callable[[str], str]
) -> None:
    sandbox.scenario("image-pull", image="llm-cost-ops", namespace=namespace)
    seen = first_seen(sandbox, tool("kubectl"), namespace, "ErrImagePull")
    run_id = await runner.start()
    view = await runner.follow(run_id, lambda view: view.findings)
    (found,) = view.ranked_findings()
    assert (found.id, found.object) == ("CO02", "Deployment/llm-cost-ops")
    assert "insufficient_scope" in found.lines[0]
    assert (view.verdict, view.waiting.heals if view.waiting else "") == ("stuck", "no")
    named = next(event for event in runner.events if event.type == "finding")
    assert datetime.fromisoformat(named.time).timestamp() - seen.result(10) < 1
    answer = await runner.session.runs.command(run_id, "cancel")
    assert "asked to stop" in answer["text"]
    view = await runner.follow(run_id)
    assert view.finished is not None
    assert view.finished["code"] == 130
    assert release_status(sandbox, namespace) == "failed"
    assert any(path.endswith("evidence.json") for path in view.finished["files"])


SCENARIOS = [
    pytest.param("never-ready", "LG21", "its pool got no connection", marks=pytest.mark.full),
    pytest.param("unschedulable", "SC02", "too little cpu", marks=pytest.mark.full),
    pytest.param("crash-loop", "CO11", "exit code 1", marks=pytest.mark.full),
]


@pytest.mark.parametrize(("scenario", "rule", "words"), SCENARIOS)
async def test_each_scenario_is_named_and_heals(
    sandbox: Bed, namespace: str, runner: Runner, scenario: str, rule: str, words: str
) -> None:
    sandbox.scenario(scenario)
    run_id = await runner.start()
    view = await runner.follow(run_id, lambda view: any(one.id == rule for one in view.findings.values()))
    found = next(one for one in view.ranked_findings() if one.id == rule)
    assert words in found.title
    assert view.waiting is not None
    assert words in view.waiting.why
    sandbox.scenario("none")
    view = await runner.follow(run_id)
    assert view.finished is not None
    assert (view.finished["code"], view.findings) == (0, {}), view.reason


@pytest.mark.full  # 7 s; the sample of the fault matrix kills a runner
async def test_when_the_runner_is_killed_helm_ends_well_and_the_next_runner_says_so(
    sandbox: Bed, namespace: str, runner: Runner
) -> None:
    run_id = await runner.start()
    await runner.follow(run_id, lambda view: view.total("pod"))
    before = pids(run_id)
    os.kill(before["runner"], signal.SIGKILL)
    deadline = time.monotonic() + 10
    while processes.start_of(before["runner"]):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    assert runner.session.runs.find(run_id).state == "orphaned"
    runner.session.runs.attach(runner.session.runs.find(run_id))
    view = await runner.follow(run_id)
    assert view.finished is not None
    assert (view.finished["code"], view.verdict) == (0, "ready"), view.reason
    assert release_status(sandbox, namespace) == "deployed"
    lines = [(line.pod, line.container, line.time, line.text) for line in view.logs.slice(0, 10**6) if line.time]
    assert len(lines) == len(set(lines)), "the new runner repeated lines"


@pytest.mark.full  # the quick tier installs as this user by the command line
async def test_a_namespace_only_user_installs_where_they_may_and_is_refused_a_new_namespace(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    config = sandbox.user("namespace-only", namespace=namespace)
    may = Runner(config, namespace, tool("helm4"), tmp_path)
    view = await may.follow(await may.start())
    assert view.finished is not None
    assert view.finished["code"] == 0, view.reason
    await may.session.close()
    elsewhere = Runner(config, f"{namespace}-x", tool("helm4"), tmp_path)
    with pytest.raises(Problem, match=f"may not list secrets in namespace {namespace}-x"):
        await elsewhere.begin(elsewhere.draft(), "install")
    await elsewhere.session.close()


@pytest.mark.full  # the quick tier looks as this user on the full screen
async def test_the_view_role_sees_a_release_live_and_what_it_cannot_see(
    sandbox: Bed, namespace: str, runner: Runner, tool: Callable[[str], str], tmp_path: Path
) -> None:
    await runner.follow(await runner.start())
    viewer = Runner(sandbox.user("view", namespace=namespace, cluster_wide=False), namespace, tool("helm4"), tmp_path)
    target: Target = viewer.session.answers.resolve(viewer.draft()).target
    view = RunView()
    async with asyncio.timeout(30):
        async for batch in viewer.session.release(target).watch():
            for event in batch:
                view.apply(event)
            if view.verdict == "ready" and len(view.logs):
                break
    assert view.ready_count("pod") >= 3
    await viewer.session.close()


@pytest.mark.full  # in the quick tier the planted secrets of test_canaries are looked for there, too
async def test_no_secret_of_the_run_is_in_its_folder(sandbox: Bed, namespace: str, runner: Runner) -> None:
    run_id = await runner.start()
    await runner.follow(run_id)
    values: dict[str, Any] = {}
    for one in sandbox.get("secrets", "-n", namespace)["items"]:
        if one["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "llm-cost-ops-wizard":
            values.update({f"{one['metadata']['name']}/{key}": value for key, value in one["data"].items()})
    assert len(values) >= 3
    folder = Path(os.environ["XDG_STATE_HOME"]) / "llm-cost-ops-wizard" / "runs" / run_id
    for file in folder.iterdir():
        text = file.read_text(errors="replace")
        for name, value in values.items():
            plain = base64.b64decode(value).decode()
            if len(plain) >= 12:
                assert plain not in text, (file, name)
                assert value not in text, (file, name)
