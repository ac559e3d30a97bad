"""Whether people reach a release, asked for real: objects of a real API server, and a load balancer that a test plays."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.adapters.loopback import Answer, serving
from tests.conftest import Bed
from tests.e2e.changing import Release, chart
from tests.e2e.shell import READY, Shell
from wizard import compose
from wizard.core.reach.result import Reach
from wizard.core.run.events import EVENTS
from wizard.core.target import Target
from wizard.engine.state import Options

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]
OURS = {"app.kubernetes.io/instance": "rel"}


def service(namespace: str, kind: str, port: int = 80) -> dict[str, Any]:
    return {
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "api", "namespace": namespace, "labels": OURS},
        "spec": {"type": kind, "selector": {"app": "api"}, "ports": [{"name": "http", "port": port, "targetPort": 8000}]},
    }  # fmt: skip


def deployment(namespace: str) -> dict[str, Any]:
    labels = {"app": "api", **OURS}
    container = {"name": "api", "image": "llm-cost-ops:1.0.0", "ports": [{"containerPort": 8000}]}
    return {
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "api", "namespace": namespace, "labels": labels},
        "spec": {"selector": {"matchLabels": {"app": "api"}},
                 "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}},
    }  # fmt: skip


@pytest.fixture
def put(sandbox: Bed, namespace: str, tmp_path: Path) -> Callable[..., None]:
    """Creates or changes objects of the release in the test's namespace."""
    sandbox.kubectl("create", "namespace", namespace)

    def apply(*objects: dict[str, Any]) -> None:
        file = tmp_path / "objects.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        sandbox.kubectl("apply", "-f", str(file))

    return apply


async def reach(bed: Bed, namespace: str, kubeconfig: str = "") -> Reach:
    kubeconfig = kubeconfig or bed.kubeconfig
    session = compose.session(Options(kubeconfig, bed.info.context))
    try:
        event = await session.release(Target(bed.info.context, namespace, "rel", kubeconfig)).reach()
    finally:
        await session.close()
    return Reach.of_data(event.checked().data)


async def test_a_load_balancer_is_waited_for_then_asked(sandbox: Bed, namespace: str, put: Callable[..., None]) -> None:
    with serving(lambda _: Answer(200)) as server:
        put(service(namespace, "LoadBalancer", int(urlsplit(server.url).port or 0)))
        waiting = await reach(sandbox, namespace)
        status = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}})
        sandbox.kubectl(
            "patch", "service", "api", "-n", namespace, "--subresource=status", "--type=merge", "-p", status
        )
        there = await reach(sandbox, namespace)

    assert (waiting.state, waiting.text) == ("waiting", "Service/api has no address yet")
    assert waiting.next_step.startswith(
        f"See why its controller gave no address: kubectl describe service api -n {namespace}"
    )
    assert (there.state, there.text) == ("pass", f"{server.url}/health answers HTTP 200")
    assert [asked.path for asked in server.asked] == ["/health"]


async def test_an_address_of_the_metadata_service_is_never_asked(
    sandbox: Bed, namespace: str, put: Callable[..., None]
) -> None:
    put(service(namespace, "LoadBalancer"))
    status = json.dumps({"status": {"loadBalancer": {"ingress": [{"ip": "169.254.169.254"}]}}})
    sandbox.kubectl("patch", "service", "api", "-n", namespace, "--subresource=status", "--type=merge", "-p", status)

    found = await reach(sandbox, namespace)

    assert found.state == "unknown"
    assert "an address that is never asked" in found.text


async def test_a_pod_that_cannot_answer_says_why(sandbox: Bed, namespace: str, put: Callable[..., None]) -> None:
    put(service(namespace, "ClusterIP"), deployment(namespace))
    sandbox.kubectl("rollout", "status", "deployment/api", "-n", namespace, "--timeout=60s")

    found = await reach(sandbox, namespace)
    reader = await reach(sandbox, namespace, sandbox.user("view"))

    closed = "not from here: no Ingress, route or load balancer leads to it; no port-forward either:"
    assert found.state == reader.state == "unknown"
    assert found.text.startswith(f"{closed} api-")
    assert found.next_step.startswith(f"kubectl port-forward service/api 8080:80 -n {namespace}")
    assert reader.text.startswith(closed)
    assert reader.next_step == f"Needs: get,create pods/portforward in namespace {namespace}"


def test_status_says_it_in_text_and_both_json_forms(
    sandbox: Bed, namespace: str, tmp_path: Path, tool: Callable[[str], str]
) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    release = Release(sandbox, tool("helm4"), namespace, chart(tmp_path), tmp_path)
    release.upgrade(**READY, host="api.invalid")
    call = Shell(release, tmp_path)

    text = call("status", code=(0, 1))  # 1 once the missing class of the Ingress is a finding
    (whole,) = (json.loads(line) for line in call("status", "-o", "json", code=(0, 1)).splitlines())
    last = json.loads(call("status", "-o", "jsonl", code=(0, 1)).splitlines()[-1])

    assert "~ waiting reachable: Ingress/api has no address yet, and api.invalid does not resolve" in text
    assert "next: See why its controller gave no address: kubectl describe ingress api" in text
    assert whole["reach"]["state"] == "waiting"
    assert (last["type"], tuple(last["data"])) == ("reach", EVENTS["reach"])
    assert last["data"]["ways"][0]["url"] == "http://api.invalid/health"
    assert "reachable" not in call("status", "--reach", "0", code=(0, 1))
