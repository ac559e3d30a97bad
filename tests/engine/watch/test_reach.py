"""Asking whether people reach a release: what is read, what is asked in which order, and when it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from typing_extensions import override

from tests.core.reach.objects import NOW, gateway, ingress, node, pod, route, service, workload
from tests.engine.fake_cluster import FakeCluster
from tests.engine.objects import Clock
from wizard.core.kube.errors import ClusterError
from wizard.core.reach.request import Answer, Request
from wizard.core.reach.result import Reach
from wizard.core.rules.snapshot import Snapshot
from wizard.core.target import Target
from wizard.core.text.secrets import Secret
from wizard.engine.watch import diagnose, reach
from wizard.ports.network import Network

TARGET = Target("here", "ns", "rel")
LB = "203.0.113.7"
OK = Answer((LB,), f"{LB}:443", ends=NOW + timedelta(days=62), status=200)
NO_NAME = Answer(broken="dns", why="unresolved", text="not known")
UNTRUSTED = Answer((LB,), f"{LB}:443", broken="tls", why="untrusted", text="nobody signed it")
OURS = {"annotations": {"meta.helm.sh/release-name": "rel", "meta.helm.sh/release-namespace": "ns"}}
TLS = [{"hosts": ["api.example.com"], "secretName": "rel-tls"}]


class FakeNetwork(Network):
    """Answers by what a test says; keeps what was asked."""

    def __init__(self, answer: Callable[[Request], Answer | None]) -> None:
        self._answer = answer
        self.asked: list[Request] = []

    @override
    async def ask(self, request: Request, seconds: float) -> Answer:
        self.asked.append(request)
        answer = self._answer(request)
        if answer is None:
            await asyncio.Event().wait()
        assert answer is not None
        return answer

    @override
    async def addresses(self, name: str, seconds: float) -> tuple[str, ...] | None:
        raise AssertionError("a request looks up its name itself")


class Cluster(FakeCluster):
    """Counts the port-forwards, and has the values of Secrets."""

    def __init__(self, *objects: dict[str, Any]) -> None:
        super().__init__()
        self.put(workload(), service(), *objects)
        self.forwards = 0
        self.secrets: dict[str, dict[str, Secret]] = {}

    @override
    async def list(self, kind: str, namespace: str = "", **more: Any) -> tuple[Mapping[str, Any], ...]:
        self._refused(f"list {kind}")
        return await super().list(kind, namespace)

    @override
    async def ask_pod(self, namespace: str, pod: str, port: int, path: str, seconds: float) -> int:
        self.forwards += 1
        return await super().ask_pod(namespace, pod, port, path, seconds)

    @override
    async def secret(self, name: str, namespace: str) -> Mapping[str, Secret]:
        self._refused("get Secret")
        return self.secrets[name]


async def found(cluster: Cluster, network: Network, seconds: float = 3.0) -> Reach:
    return await reach.of_release(cluster, network, TARGET, Clock(), seconds)


def ready_pod() -> dict[str, Any]:
    return {**pod(), "metadata": {**pod()["metadata"], **OURS}}


async def test_a_way_in_that_answers_needs_nothing_else() -> None:
    cluster, network = Cluster(ingress("api.example.com", tls=TLS, **OURS), ready_pod()), FakeNetwork(lambda _: OK)

    answer = await found(cluster, network)

    assert answer.state == "pass"
    assert [request.url for request in network.asked] == ["https://api.example.com/ready"]
    assert cluster.forwards == 0


async def test_objects_of_others_are_not_asked() -> None:
    foreign = {"annotations": {"meta.helm.sh/release-name": "other", "meta.helm.sh/release-namespace": "ns"}}
    network = FakeNetwork(lambda _: OK)

    answer = await found(Cluster(ingress("api.example.com", **foreign), route("b.example.com")), network)

    assert network.asked == []
    assert answer.state == "unknown"


async def test_a_missing_name_is_asked_at_the_address() -> None:
    network = FakeNetwork(lambda request: OK if request.via == LB else NO_NAME)

    answer = await found(Cluster(ingress("api.example.com", tls=TLS, **OURS)), network)

    assert (answer.state, answer.next_step) == ("waiting", "Create that DNS record; status asks again.")
    assert [(request.host, request.via) for request in network.asked] == [
        ("api.example.com", ""),
        ("api.example.com", LB),
    ]


async def test_a_port_forward_that_was_not_tried_is_not_said_to_have_failed() -> None:
    network = FakeNetwork(lambda request: OK if request.via == LB else NO_NAME)
    cluster = Cluster(ingress("api.example.com", tls=TLS, **OURS), ready_pod())

    answer = await found(cluster, network)

    assert cluster.forwards == 0
    assert answer.text.endswith("it answers there already, only the name is missing")


async def test_objects_that_make_no_sense_are_said_to_be_that() -> None:
    made = route("api.example.com", rules=[{"matches": ["/"], "backendRefs": [{"name": "api"}]}])

    answer = await found(Cluster({**made, "metadata": {**made["metadata"], **OURS}}), FakeNetwork(lambda _: OK))

    assert (answer.state, answer.text) == ("unknown", "not asked: objects of the release are not what they should be")


async def test_nodes_are_read_for_a_node_port_only() -> None:
    network = FakeNetwork(lambda _: OK)
    cluster = Cluster(node(InternalIP="10.0.0.4"), service("NodePort"))
    cluster.refuse["list Node"] = ClusterError("forbidden", "no", 403)

    hidden = await found(cluster, network)
    del cluster.refuse["list Node"]
    seen = await found(cluster, network)

    assert (hidden.state, hidden.text) == ("unknown", "Service/api: no ready node can be seen, whose port it is")
    assert seen.state == "pass"
    assert [request.url for request in network.asked] == ["http://10.0.0.4:30080/ready"]


async def test_the_authority_of_the_secret_is_read_only_when_it_is_needed() -> None:
    cluster = Cluster(ingress("api.example.com", tls=TLS, **OURS))
    cluster.secrets["rel-tls"] = {"ca.crt": Secret("PEM"), "tls.key": Secret("private")}
    network = FakeNetwork(lambda request: replace(OK, own_authority=True) if request.authority == "PEM" else UNTRUSTED)

    answer = await found(cluster, network)

    assert answer.state == "pass"
    assert "verified by the CA of Secret rel-tls" in answer.text
    assert "private" not in repr(network.asked)


@pytest.mark.parametrize("hidden", [True, False])
async def test_without_its_authority_the_certificate_stays_unverified(hidden: bool) -> None:
    cluster, network = Cluster(ingress("api.example.com", tls=TLS, **OURS)), FakeNetwork(lambda _: UNTRUSTED)
    cluster.secrets["rel-tls"] = {"tls.crt": Secret("PEM")}
    if hidden:
        cluster.refuse["get Secret"] = ClusterError("forbidden", "no", 403)

    answer = await found(cluster, network)

    assert answer.state == "fail"
    assert len(network.asked) == 1


async def test_a_redirect_to_https_is_followed_once() -> None:
    again = Answer((LB,), f"{LB}:80", status=308, location="https://api.example.com/ready")
    network = FakeNetwork(lambda request: OK if request.scheme == "https" else again)

    answer = await found(Cluster(ingress("api.example.com", **OURS)), network)

    assert answer.state == "pass"
    assert answer.text.startswith("https://api.example.com/ready answers HTTP 200")
    assert len(network.asked) == 2


async def test_a_redirect_that_leads_back_ends() -> None:
    loop = Answer((LB,), f"{LB}:443", status=308, location="https://api.example.com/ready")
    network = FakeNetwork(lambda _: loop)

    answer = await found(Cluster(ingress("api.example.com", **OURS)), network)

    assert (answer.state, len(network.asked)) == ("unknown", 2)


async def test_a_route_is_asked_at_the_address_of_its_gateway() -> None:
    listener = {"name": "web", "protocol": "HTTPS", "port": 443}
    made = route("api.example.com")
    cluster = Cluster({**made, "metadata": {**made["metadata"], **OURS}}, gateway(listener))
    network = FakeNetwork(lambda request: OK if request.via == "203.0.113.9" else NO_NAME)

    answer = await found(cluster, network)

    assert "A api.example.com -> 203.0.113.9; it answers there already" in answer.text


async def test_five_ways_are_asked_and_the_others_counted() -> None:
    network = FakeNetwork(lambda _: OK)

    answer = await found(Cluster(ingress(*(f"{letter}.example.com" for letter in "abcdefgh"), **OURS)), network)

    assert (len(network.asked), len(answer.ways)) == (5, 5)
    assert answer.text.endswith("; 3 more not asked")


async def test_without_a_way_in_a_port_forward_tells() -> None:
    cluster = Cluster(ready_pod())
    cluster.forwarded = 200

    answer = await found(cluster, FakeNetwork(lambda _: OK))

    assert (answer.state, answer.next_step) == ("pass", "kubectl port-forward service/api 8080:80 -n ns --context here")
    assert answer.text == "by a port-forward only, HTTP 200: no Ingress, route or load balancer leads to it"


async def test_the_right_that_a_port_forward_lacks_is_the_next_step() -> None:
    cluster = Cluster(ready_pod())
    cluster.forwarded = ClusterError("forbidden", "me may not.", 403, "get,create pods/portforward in namespace ns")

    answer = await found(cluster, FakeNetwork(lambda _: OK))

    assert (answer.state, answer.next_step) == ("unknown", "Needs: get,create pods/portforward in namespace ns")
    assert answer.text.endswith("no port-forward either: me may not")


async def test_what_does_not_answer_is_left_and_the_port_forward_was_tried_meanwhile() -> None:
    cluster = Cluster(ingress("api.example.com", **OURS), ready_pod())
    cluster.forwarded = 200

    answer = await found(cluster, FakeNetwork(lambda _: None), 0.2)

    assert answer.state == "unknown"
    assert "no answer within 0.2 s; it answers inside the cluster, by a port-forward: HTTP 200" in answer.text


async def test_what_may_not_be_listed_is_said() -> None:
    cluster = Cluster(ready_pod())
    cluster.refuse = {
        f"list {kind}": ClusterError("forbidden", "no", 403) for kind in ("Ingress", "Service", "Node", "HTTPRoute")
    }

    answer = await found(cluster, FakeNetwork(lambda _: OK))

    assert (answer.state, answer.text) == (
        "unknown",
        "not from here: Ingress, Service cannot be seen, and no pod of it is ready to be asked",
    )


async def test_a_cluster_that_hangs_ends_in_time() -> None:
    class Hanging(Cluster):
        @override
        async def list(self, kind: str, namespace: str = "", **more: Any) -> tuple[Mapping[str, Any], ...]:
            await asyncio.Event().wait()
            return ()

    assert (await found(Hanging(), FakeNetwork(lambda _: OK), 0.1)).state == "unknown"


async def test_a_fault_of_ours_is_not_swallowed() -> None:
    def broken(_: Request) -> Answer:
        raise RuntimeError("bug")

    with pytest.raises(RuntimeError, match="bug"):
        await found(Cluster(ingress("api.example.com", **OURS)), FakeNetwork(broken))


async def test_status_asks_with_what_it_read_already() -> None:
    cluster, network = Cluster(ingress("api.example.com", **OURS)), FakeNetwork(lambda _: OK)

    async def ask(snapshot: Any) -> Reach:
        return await reach.of_snapshot(cluster, network, TARGET, snapshot)

    events = await diagnose.status_events(cluster, TARGET, Clock(), reach=ask)
    without = await diagnose.status_events(cluster, TARGET, Clock())
    views = [view async for view in diagnose.diagnose(cluster, TARGET, Clock(), reach=ask)]

    assert [event.type for event in events if event.type not in ("object.state", "finding")] == [
        "waiting",
        "verdict",
        "reach",
    ]
    assert events[-1].data["state"] == "pass"
    assert "reach" not in [event.type for event in without]
    names = [step.name for step in views[-1].way_in]
    assert names[0] == "DNS"
    assert names[-1] == "HTTP"
    assert any(name.startswith("Ingress/") for name in names[1:-1])


async def test_a_diagnosis_asks_from_outside_alone() -> None:
    cluster, network = Cluster(), FakeNetwork(lambda _: OK)

    async def ask(snapshot: Snapshot) -> Reach:
        return await reach.of_snapshot(cluster, network, TARGET, snapshot, forward=False)

    views = [view async for view in diagnose.diagnose(cluster, TARGET, Clock(), reach=ask)]
    assert [step.name for step in views[-1].way_in if "/" not in step.name] == []
    assert cluster.forwards == 0
