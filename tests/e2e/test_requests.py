"""What a run asks of the API server, counted in its audit log: watching asks once for a kind, and nothing is polled."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests import audit
from tests.conftest import Bed
from tests.e2e.test_run_process import Runner
from wizard.adapters.kube import kinds as kube_kinds
from wizard.core.kube import lease
from wizard.core.kube.objects import KINDS

pytestmark = pytest.mark.e2e
WATCHED = {kube_kinds.KINDS[kind].plural for kind in (*KINDS, "Event")}


def moment(runner: Runner, kind: str) -> float:
    """When the record first has an event of this kind."""
    return next(datetime.fromisoformat(event.time).timestamp() for event in runner.events if event.type == kind)


@pytest.mark.full  # 8 s: a whole install
async def test_a_run_asks_twice_for_a_kind_once_for_a_log_and_besides_only_before_helm_starts(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    runner = Runner(sandbox.kubeconfig, namespace, tool("helm4"), tmp_path)
    view = await runner.follow(await runner.start())
    await runner.session.close()
    assert view.finished is not None
    assert view.finished["code"] == 0, view.reason
    began, helm, end = (moment(runner, kind) for kind in ("run.started", "helm.started", "run.finished"))
    assert sandbox.info.audit_log is not None
    ours = audit.of_agent(audit.asked(sandbox.info.audit_log), audit.OURS, began, end)

    kinds = Counter(str(one) for one in ours if one.lists and one.resource in WATCHED)
    assert kinds == {f"{verb} {kind}": 1 for verb in ("list", "watch") for kind in WATCHED}
    logs = Counter(one.name for one in ours if one.opens_log)
    assert logs == Counter(pod for pod, _ in view.containers())

    others = [one for one in ours if not (one.lists and one.resource in WATCHED) and not one.opens_log]
    start = Counter(str(one) for one in others if one.came < helm)
    assert start.pop("get /version") <= 4, audit.counted(others)
    workloads = sum(one.kind in ("Deployment", "StatefulSet", "Job") for one in view.objects.values())
    assert start.pop("create pods/llm-cost-ops-wizard-probe") <= workloads + 1  # check R08, once the namespace is there
    assert max(start.values()) <= 2, audit.counted(others)
    later = Counter(str(one) for one in others if one.came >= helm)
    name = f"leases/{lease.name(view.target['release'])}"
    assert later.pop(f"delete {name}") == 1
    assert later.pop(f"update {name}", 0) <= 1 + (end - began) / lease.RENEW_SECONDS
    assert (
        later.pop("list secrets", 0) <= 4
    )  # what the revision asks for before and after helm has written it, and leaks
    assert later.pop("list configmaps") == later.pop("list cronjobs") == 1  # what is not watched, for leaks
    assert not later


DENY: dict[str, Any] = {
    "apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "nothing-leaves"},
    "spec": {"podSelector": {}, "policyTypes": ["Egress"]},
}  # fmt: skip


@pytest.mark.full  # 30 s: an application that stays unready
async def test_a_run_whose_pods_wait_reads_the_network_policies_once_and_names_the_one_that_cuts(
    sandbox: Bed, namespace: str, tool: Callable[[str], str], tmp_path: Path
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    (tmp_path / "policy.json").write_text(json.dumps(DENY))
    sandbox.kubectl("apply", "-n", namespace, "-f", str(tmp_path / "policy.json"))
    sandbox.scenario("refused", namespace=namespace)
    runner = Runner(sandbox.kubeconfig, namespace, tool("helm4"), tmp_path)
    run_id = await runner.start()
    view = await runner.follow(run_id, lambda view: any(one.id == "TR14" for one in view.ranked_findings()))
    await runner.session.runs.command(run_id, "cancel")
    await runner.follow(run_id)
    await runner.session.close()
    found = next(one for one in view.ranked_findings() if one.id == "TR14")
    assert found.object == "Deployment/llm-cost-ops"
    assert "nothing-leaves" in found.title
    assert sandbox.info.audit_log is not None
    ours = audit.of_agent(audit.asked(sandbox.info.audit_log), audit.OURS, moment(runner, "helm.started"))
    listed = [one for one in ours if one.resource == "networkpolicies" and one.namespace == namespace]
    assert list(map(str, listed)) == ["list networkpolicies"]


def test_a_stream_is_one_request_however_many_lines_the_audit_log_has_of_it(tmp_path: Path) -> None:
    def line(id_: str, stage: str, second: int, **more: object) -> str:
        entry = {
            "auditID": id_, "stage": stage, "verb": "watch", "userAgent": "llm-cost-ops-wizard", "requestURI": "/x?y",
            "requestReceivedTimestamp": "2026-01-01T00:00:00.5Z", "stageTimestamp": f"2026-01-01T00:00:0{second}.25Z",
            "objectRef": {"resource": "pods", "namespace": "shop"}, **more,
        }  # fmt: skip
        return json.dumps(entry) + "\n"

    log = tmp_path / "audit.log"
    log.write_text(
        line("a", "ResponseStarted", 1) + line("a", "ResponseComplete", 3)
        + line("b", "ResponseComplete", 2, verb="get", userAgent="Helm/3.21.4", objectRef={"resource": "pods", "subresource": "log", "name": "p"})
        + line("c", "ResponseComplete", 2)[:-20]
    )  # fmt: skip
    watch, get = audit.asked(log)
    assert (str(watch), watch.lists, watch.answered - watch.came) == ("watch pods", True, 2.75)
    assert (str(get), get.opens_log, get.lists) == ("get pods/log/p", True, False)
    assert audit.of_agent([watch, get], audit.HELM) == [get]
    assert audit.counted([watch, watch, get]) == "2 x watch pods, 1 x get pods/log/p"
