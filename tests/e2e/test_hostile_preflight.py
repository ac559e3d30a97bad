"""Checks on an API server that refuses, hangs, lies or restarts: each ends in its time, and the others say what they always say."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import faultproxy
from tests.conftest import Bed
from tests.faultproxy import FaultProxy, Rule
from wizard import compose
from wizard.core.rules.check import CheckResult, all_checks
from wizard.engine.preflight import collectors
from wizard.engine.session import Session
from wizard.engine.state import Options

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]
LIMIT = 2.0
"""Seconds that a fact may take here."""
PATHS = {
    "nodes": r"^/api/v1/nodes",
    "pods": r"^/api/v1/pods\?",
    "storage_classes": r"/storageclasses",
    "csi_drivers": r"/csidrivers",
    "ingress_classes": r"/ingressclasses",
    "ways": r"^/apis/networking.k8s.io/v1/ingresses",
    "quotas": r"/resourcequotas",
    "limit_ranges": r"/limitranges",
    "own_pods": r"/namespaces/[^/]+/pods\?",
    "services": r"/namespaces/[^/]+/services\?",
    "webhooks": r"/(?:validating|mutating)webhookconfigurations",
    "metrics_api": r"/apiservices/",
    "lease": r"/leases/",
    "probe": r"/pods\?.*dryRun",
}
"""Fact -> the requests that bring it."""
FAULTS: Mapping[str, Mapping[str, Any]] = {
    "forbidden": {"status": 403},
    "broken": {"status": 500},
    "overloaded": {"status": 429, "headers": {"Retry-After": "1"}},
    "garbage": {"status": 200, "body": b'{"kind": "List", "items": [{"metadata"'},
    "a lie": {"status": 200, "body": b'{"kind": "X", "apiVersion": "v1", "metadata": {}, "items": [{"metadata": {"name": "a"}, "spec": null}]}'},
    "a web page": {"status": 200, "body": b"<html>sign in</html>", "headers": {"Content-Type": "text/html"}},
    "silence": {"hold": True},
    "cut off": {"cut": 10},
}  # fmt: skip
ANSWERS = {"preset": "prod", "image": "llm-cost-ops:1.0.0", "host": "api.example.org", "tls": "none"}


@pytest.fixture
def proxy(sandbox: Bed, tmp_path: Path) -> Iterator[FaultProxy]:
    with faultproxy.before(sandbox.info.folder, sandbox.kubeconfig, tmp_path) as made:
        yield made


@pytest.fixture
async def session(
    sandbox: Bed, namespace: str, proxy: FaultProxy, tool: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Session]:
    """A session before the proxy, whose facts may take two seconds where they are of the cluster alone."""
    sandbox.kubectl("create", "namespace", namespace)
    quick = {
        name: one if "rendered" in name or name in ("helm_sees", "server") else replace(one, limit=LIMIT)
        for name, one in collectors.COLLECTORS.items()
    }
    monkeypatch.setattr(collectors, "COLLECTORS", quick)
    made = compose.session(Options(kubeconfig=proxy.kubeconfig, namespace=namespace), helm_path=tool("helm4"))
    made.kubeconfig()
    yield made
    await made.close()


async def checked(session: Session) -> dict[str, CheckResult]:
    draft = session.answers.new().with_answers(ANSWERS)
    return {one.id: one async for one in session.installer.checks(draft)}


def depending(fact: str) -> set[str]:
    """The checks that a fact decides, by what it is needed for."""
    return {check.id for check in all_checks() if fact in collectors.with_dependencies(frozenset(check.needs))}


@pytest.mark.full  # 15 s each
@pytest.mark.parametrize("fact", PATHS)
async def test_what_one_kind_of_request_meets_is_told_by_its_checks_alone(
    session: Session, proxy: FaultProxy, fact: str
) -> None:
    usual = await checked(session)
    touched = depending(fact)
    assert touched
    for name, fault in FAULTS.items():
        rule = proxy.add(Rule(path=PATHS[fact], method="POST" if fact == "probe" else "GET", **fault))
        began = time.monotonic()
        found = await checked(session)
        proxy.remove(rule)
        assert time.monotonic() - began < 30, (name, "it ends in its time")
        assert set(found) == set(usual)
        others = {
            one: (found[one].state, usual[one].state)
            for one in set(usual) - touched
            if found[one].state != usual[one].state
        }
        assert not others, (name, others)
        new = {one for one in touched if found[one].state == "fail" and usual[one].state != "fail"}
        # What is well formed is believed: a lie, and the 403 with which admission refuses a pod.
        believed = name == "a lie" or (fact, name) == ("probe", "forbidden")
        assert believed or not new, (name, {one: found[one].evidence for one in new})
        wrong = {one.id: one.evidence for one in found.values() if any("failed to" in line for line in one.evidence)}
        assert not wrong, (name, wrong)
        assert rule.hits, f"{fact}: the request is another one"


async def test_a_server_that_restarts_in_the_middle_leaves_what_it_did_not_answer_unknown(
    session: Session, proxy: FaultProxy
) -> None:
    usual = await checked(session)

    async def dropped() -> None:
        for _ in range(20):
            await asyncio.sleep(0.05)
            await asyncio.to_thread(proxy.drop)

    task = asyncio.create_task(dropped())
    found = await checked(session)
    await task
    assert set(found) == set(usual)
    fails = {one.id for one in found.values() if one.state == "fail"} - {
        one.id for one in usual.values() if one.state == "fail"
    }
    assert fails <= {"W04", "W05", "W06"}, {one: found[one].evidence for one in fails}
    again = await checked(session)
    assert {name: one.state for name, one in again.items()} == {name: one.state for name, one in usual.items()}
