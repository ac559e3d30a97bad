"""The cluster adapter against a real API server, with real rights, watches and logs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from unittest.mock import Mock

import pytest

from tests.conftest import Bed
from wizard.adapters.kube import body
from wizard.adapters.kube.client import KubeCluster
from wizard.core.kube.api import LogLine, WatchEvent
from wizard.core.kube.errors import ClusterError
from wizard.core.target import Target

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("sandbox")]


@contextlib.asynccontextmanager
async def connected(bed: Bed, kubeconfig: str = "") -> AsyncIterator[KubeCluster]:
    made = KubeCluster(Target(bed.info.context, "default", kubeconfig=kubeconfig or bed.kubeconfig))
    try:
        yield made
    finally:
        await made.close()


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"t": "x"}}, "data": data}


def pod(name: str, **annotations: str) -> dict[str, Any]:
    container = {"name": "c", "image": "llm-cost-ops:1.0.0"}
    metadata = {"name": name, "labels": {"t": "x"}, "annotations": annotations}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"containers": [container]}}


async def test_who_what_and_where(sandbox: Bed) -> None:
    async with connected(sandbox) as cluster:
        user, groups = await cluster.whoami()
        assert "system:masters" in groups
        assert user
        version = await cluster.version(timed=True)
        assert version["gitVersion"] == "v1.36.3"
        assert int(version["latency_ms"]) < 1000
        assert len(await cluster.list("Node")) == sandbox.info.nodes.count
        kinds = {one.kind: one for one in await cluster.resources()}
        assert kinds["Deployment"].plural == "deployments"
        assert not kinds["Node"].namespaced
        assert "PodList" not in kinds


async def test_a_kind_outside_of_the_table_is_found_by_discovery(sandbox: Bed) -> None:
    async with connected(sandbox) as cluster:
        assert await cluster.list("VolumeAttachment", api_version="storage.k8s.io/v1") == ()
        with pytest.raises(ClusterError, match="serves no kind Nonsense") as caught:
            await cluster.list("Nonsense")
    assert caught.value.kind == "not-found"


async def test_objects_are_made_checked_strictly_and_only_tried_in_a_dry_run(sandbox: Bed, namespace: str) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    async with connected(sandbox) as cluster:
        await cluster.create(config_map("tried"), namespace, dry_run=True)
        await cluster.apply(config_map("tried"), namespace, dry_run=True)
        assert await cluster.list("ConfigMap", namespace, labels="t=x") == ()
        await cluster.create(config_map("made", a="1"), namespace)
        with pytest.raises(ClusterError) as caught:
            await cluster.create(config_map("made"), namespace)
        assert caught.value.kind == "conflict"
        with pytest.raises(ClusterError, match="unknown field") as caught:
            await cluster.create({**config_map("x"), "dat": {}}, namespace, dry_run=True)
        assert caught.value.kind == "invalid"
        assert (await cluster.get("ConfigMap", "made", namespace))["data"] == {"a": "1"}
        (metadata,) = await cluster.list("ConfigMap", namespace, labels="t=x", metadata_only=True)
        assert "data" not in metadata
        assert metadata["kind"] == "ConfigMap"
        assert await cluster.list("ConfigMap", namespace, fields="metadata.name=nope") == ()


async def test_lists_come_in_pages_and_whole(sandbox: Bed, namespace: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wizard.adapters.kube.client._PAGE", 2)
    guess, unpack = body.next_page, body._unpacked
    guessing, unpacking = Mock(wraps=guess), Mock(wraps=unpack)
    monkeypatch.setattr(body, "next_page", guessing)
    monkeypatch.setattr(body, "_unpacked", unpacking)
    sandbox.kubectl("create", "namespace", namespace)
    async with connected(sandbox) as cluster:
        await asyncio.gather(*(cluster.create(config_map(f"m{n}", text="x" * 100_000), namespace) for n in range(5)))
        unpacking.reset_mock()
        listed = await cluster.list("ConfigMap", namespace, labels="t=x")
    assert [one["metadata"]["name"] for one in listed] == ["m0", "m1", "m2", "m3", "m4"]
    guesses = [guess(call.args[0]) for call in guessing.call_args_list]
    sizes = [len(call.args[0]) for call in unpacking.call_args_list]
    assert all(guesses[:2]), "the API server writes a list's metadata first"
    assert guesses[2:] == [""]
    assert len(sizes) == 2, "it packs what is larger than 128 KiB"
    assert max(sizes) < 10_000


async def test_a_secret_s_values_stay_in_the_cluster(sandbox: Bed, namespace: str) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    sandbox.kubectl(
        "-n", namespace, "create", "secret", "generic", "s", "--from-literal=a=planted", "--from-literal=b="
    )
    async with connected(sandbox) as cluster:
        for found in (await cluster.get("Secret", "s", namespace), *await cluster.list("Secret", namespace)):
            assert found["data"] == {"a": "********", "b": ""}


async def test_an_immutable_field_is_named(sandbox: Bed, namespace: str) -> None:
    sandbox.kubectl("create", "namespace", namespace)

    def deployment(label: str) -> dict[str, Any]:
        template = {"metadata": {"labels": {"a": label}}, "spec": {"containers": [{"name": "c", "image": "busybox"}]}}
        spec = {"replicas": 0, "selector": {"matchLabels": {"a": label}}, "template": template}
        return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}

    async with connected(sandbox) as cluster:
        await cluster.create(deployment("one"), namespace)
        await cluster.apply(deployment("one"), namespace, dry_run=True)
        with pytest.raises(ClusterError) as caught:
            await cluster.apply(deployment("two"), namespace, dry_run=True)
    assert caught.value.kind == "invalid"
    assert caught.value.body is not None
    assert "spec.selector" in {cause["field"] for cause in caught.value.body["details"]["causes"]}


async def test_rights_are_the_person_s_own(sandbox: Bed, namespace: str) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    async with connected(sandbox, sandbox.user("namespace-only", namespace=namespace)) as cluster:
        assert await cluster.may("create", "Deployment", namespace)
        assert await cluster.may("get", "Pod", namespace, subresource="log")
        assert not await cluster.may("create", "Deployment", "default")
        assert not await cluster.may("create", "Namespace")
        assert not await cluster.may("list", "Node")
        with pytest.raises(ClusterError, match="may not list nodes") as caught:
            await cluster.list("Node")
        assert caught.value.permission == "list nodes"
        with pytest.raises(ClusterError) as caught:
            await cluster.list("Secret")
        assert caught.value.permission == "list secrets in all namespaces"
    async with connected(sandbox, sandbox.user("view", cluster_wide=True)) as cluster:
        assert await cluster.may("list", "Pod", namespace)
        assert not await cluster.may("list", "Secret", namespace)


async def test_many_rights_cost_few_calls(sandbox: Bed) -> None:
    async with connected(sandbox) as cluster:
        sent: list[str] = []
        call = cluster._call

        def spy(method: str, path: str, **more: Any) -> Any:
            sent.append(path.rsplit("/", 1)[-1])
            return call(method, path, **more)

        cluster._call = spy  # type: ignore[method-assign]  # counts what goes out
        verbs = ("get", "list", "watch", "create", "patch", "delete")
        kinds = ("Deployment", "StatefulSet", "Service", "Secret", "ConfigMap", "Ingress")
        answers = await asyncio.gather(*(cluster.may(verb, kind, "default") for verb in verbs for kind in kinds))
        assert all(answers)
        assert sent == ["selfsubjectrulesreviews"]


async def test_an_expired_login_is_said_without_a_call(sandbox: Bed) -> None:
    async with connected(sandbox, sandbox.user("expired")) as cluster:
        with pytest.raises(ClusterError) as caught:
            await cluster.version()
    assert caught.value.kind == "expired"


async def test_a_watch_tells_a_pod_s_life(sandbox: Bed, namespace: str) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    async with connected(sandbox) as cluster:
        seen: list[WatchEvent] = []
        deleted: list[str] = []

        async def until_running() -> None:
            async for event in cluster.watch("Pod", namespace, labels="t=x"):
                seen.append(event)
                if event.type == "LIST":
                    await cluster.create(pod("p"), namespace)
                elif event.objects[0]["status"].get("phase") == "Running" and not deleted:
                    deleted.append("p")
                    sandbox.kubectl(
                        "-n", namespace, "delete", "pod", "p", "--wait=false", "--grace-period=0", "--force"
                    )
                if event.type == "DELETED":
                    return

        await asyncio.wait_for(until_running(), 30)
    assert [seen[0].type, seen[1].type, seen[-1].type] == ["LIST", "ADDED", "DELETED"]
    assert seen[1].objects[0]["kind"] == "Pod"
    assert "managedFields" not in seen[1].objects[0]["metadata"]


async def test_logs_of_a_live_container_are_followed_and_resumed(sandbox: Bed, namespace: str) -> None:
    sandbox.kubectl("create", "namespace", namespace)
    async with connected(sandbox) as cluster:
        await cluster.create(pod("p", **{"sandbox.llm-cost-ops.local/log-rate": "2000"}), namespace)

        async def running() -> None:
            async for event in cluster.watch("Pod", namespace):
                if any(one["status"].get("phase") == "Running" for one in event.objects):
                    return

        async def read(count: int, **how: Any) -> list[LogLine]:
            lines: list[LogLine] = []
            async for batch in cluster.logs(namespace, "p", "c", **how):
                lines += batch
                if len(lines) >= count:
                    break
            return lines

        await asyncio.wait_for(running(), 30)
        lines = await asyncio.wait_for(read(3000), 30)
        numbers = [int(line.text.split(" line ")[1].split()[0]) for line in lines if " line " in line.text]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        again = await read(10, since_time=lines[-1].time)
        assert again[0].time >= lines[-1].time[:19]
        assert len(await read(10_000, follow=False, tail_lines=7)) == 7


async def test_a_log_that_is_not_there_is_one_sentence(sandbox: Bed, namespace: str) -> None:
    async with connected(sandbox) as cluster:
        with pytest.raises(ClusterError) as caught:
            await anext(cluster.logs(namespace, "nope", "c"))
    assert caught.value.kind == "not-found"


async def test_a_right_that_is_taken_away_stops_the_watch_with_its_name(sandbox: Bed, namespace: str) -> None:
    async with connected(sandbox, sandbox.user("nobody")) as cluster:
        with pytest.raises(ClusterError, match="may not list pods in namespace") as caught:
            await anext(cluster.watch("Pod", namespace))
    assert caught.value.permission == f"list pods in namespace {namespace}"
