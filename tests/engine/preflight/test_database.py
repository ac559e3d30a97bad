"""The facts about an external database: the Service that it names, and the life of the pod that tries it."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from tests.engine.fake_cluster import FakeCluster, Log
from tests.engine.fakes import FakeHelm
from tests.engine.preflight import test_collectors
from wizard.core.kube.errors import ClusterError
from wizard.core.postgres.client import CONTAINER, PROBE_LABEL
from wizard.core.postgres.script import BEGIN, END, LOGIN
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import DatabaseSeen, DatabaseTried
from wizard.engine.preflight import collectors, database
from wizard.engine.preflight.world import World

CHART = """
kind: Deployment
apiVersion: apps/v1
metadata: {name: rel}
spec:
  template:
    metadata:
      labels: {app.kubernetes.io/name: api, app.kubernetes.io/component: app, app.kubernetes.io/instance: rel}
    spec:
      serviceAccountName: rel
      nodeSelector: {disk: fast}
      tolerations: [{key: gpu, operator: Exists}]
      imagePullSecrets: [{name: pull}]
      containers: [{name: app, image: "app:1", env: [{name: DATABASE_URL, value: "postgres://u:$(P)@DB_ADDRESS:5432/d"}]}]
---
kind: Service
apiVersion: v1
metadata: {name: rel}
spec: {selector: {app.kubernetes.io/name: api, app.kubernetes.io/component: app}}
---
kind: Pod
apiVersion: v1
metadata: {name: t, annotations: {helm.sh/hook: test}}
spec:
  securityContext: {runAsNonRoot: true, runAsUser: 999}
  containers:
    - name: test
      image: "docker.io/library/postgres:16.15"
      command: [psql]
      securityContext: {readOnlyRootFilesystem: true}
      resources: {limits: {memory: 64Mi}}
      env:
        - {name: PGHOST, value: DB_ADDRESS}
        - {name: PGPORT, value: "5432"}
        - {name: PGUSER, value: u}
        - {name: PGDATABASE, value: d}
        - {name: PGSSLMODE, value: verify-full}
        - {name: PGPASSWORD, valueFrom: {secretKeyRef: {name: db-login, key: password}}}
      volumeMounts: [{name: ca, mountPath: /ca}]
  volumes: [{name: ca, secret: {secretName: db-ca}}, {name: other, emptyDir: {}}]
"""
GOOD = (BEGIN, LOGIN, "number=160015", "version=16.15", "create=true", "schema=public", END)


class Cluster(FakeCluster):
    """Runs the pod of a probe: it ends at once with that log, or stays as it is told."""

    def __init__(self, *log: str, status: dict[str, Any] | None = None) -> None:
        super().__init__()
        self.say, self.status, self.gone, self.denied = log, status, list[str](), set[str]()
        self.running = asyncio.Event()
        self.put({"kind": "Namespace", "metadata": {"name": "ns", "uid": "ns"}, "status": {"phase": "Active"}})

    async def version(self, *, timed: bool = False) -> dict[str, str]:
        return {"gitVersion": "v1.36.0", "latency_ms": "1"}

    async def create(self, manifest: Any, namespace: str = "", *, dry_run: bool = False) -> Any:
        if manifest["kind"] != "Pod":
            return await super().create(manifest, namespace, dry_run=dry_run)
        made = await super().create({**manifest, "status": self.status or {"phase": "Succeeded"}}, namespace)
        self.running.set()
        self.log[f"{manifest['metadata']['name']}/{CONTAINER}"] = Log(*self.say)
        return made

    async def delete(
        self, kind: str, name: str, namespace: str = "", api_version: str = "", *, uid: str = "", version: str = ""
    ) -> None:
        self.gone.append(name)
        await super().delete(kind, name, namespace, uid=uid)

    async def list(
        self, kind: str, namespace: str = "", *, labels: str = "", fields: str = "", metadata_only: bool = False,
        api_version: str = "", sealed: bool = False, kept: Any = None,
    ) -> tuple[Any, ...]:  # fmt: skip
        self._refused(f"list {kind}")
        found = tuple(self.stored[kind].values())
        if fields.startswith("metadata.name="):
            return tuple(one for one in found if one["metadata"]["name"] == fields.partition("=")[2])
        key, _, value = labels.partition("=")
        return tuple(one for one in found if not key or one["metadata"].get("labels", {}).get(key) == value)

    async def may(self, verb: str, kind: str, namespace: str = "", *, subresource: str = "", name: str = "") -> bool:
        return f"{verb} {kind}" not in self.denied


class Names:
    """A resolver that knows no name."""

    async def addresses(self, name: str, seconds: float) -> tuple[str, ...] | None:
        return ()


def world(cluster: FakeCluster, host: str = "db.example.com", *, probes: bool = True, **more: Any) -> World:
    made = test_collectors.world(None, FakeHelm(CHART.replace("DB_ADDRESS", host)), **more)
    return replace(made, cluster=cluster, network=Names(), probes=probes)  # type: ignore[arg-type] # one method of it is asked


async def facts(of: World) -> dict[str, Any]:
    return {name: fact async for name, fact in collectors.facts(of, frozenset({"database", "database_probe"}))}


def secret(**data: str) -> dict[str, Any]:
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return {"kind": "Secret", "metadata": {"name": "db-login", "uid": "s"}, "data": encoded}


def service(name: str = "db", **spec: Any) -> dict[str, Any]:
    return {"kind": "Service", "metadata": {"name": name, "uid": name}, "spec": {"ports": [{"port": 5432}], **spec}}


@pytest.mark.parametrize(
    ("host", "there", "state", "label"),
    [
        ("db.example.com", (), "outside", ""),
        ("10.1.2.3", (), "outside", ""),
        ("db", (), "missing", "ns/db"),
        ("db", (service(),), "no endpoints", "ns/db"),
        ("db.data.svc.cluster.local", (service(),), "no endpoints", "data/db"),
        ("db.data.svc", (), "missing", "data/db"),
        ("db.data", (service(),), "no endpoints", "data/db"),
        ("db.data", (), "outside", ""),
        ("db", (service(type="ExternalName"),), "outside", ""),
    ],
)
async def test_a_host_is_a_service_of_the_cluster_or_outside(
    host: str, there: tuple[Any, ...], state: str, label: str
) -> None:
    cluster = Cluster()
    cluster.put(*there)
    found = (await facts(world(cluster, host, probes=False)))["database"]
    assert isinstance(found, DatabaseSeen)
    assert (found.state, found.service) == (state, label)
    assert found.client.address == f"{host}:5432"
    assert cluster.made == []


async def test_a_service_that_is_hidden_names_the_right_and_the_bundled_database_is_none_of_these() -> None:
    cluster = Cluster()
    cluster.refuse["get Service"] = ClusterError("forbidden", "eve may not", 403, "get services in data")
    found = (await facts(world(cluster, "db.data.svc")))["database"]
    assert (found.state, found.permission) == ("hidden", "get services in data")
    assert (await facts(world(Cluster(), "rel")))["database"] == Absent("the database is the bundled one")


async def test_no_pod_is_made_unless_it_was_asked_for() -> None:
    cluster = Cluster(*GOOD)
    assert (await facts(world(cluster, probes=False)))["database_probe"] is None
    assert cluster.made == []


async def test_the_pod_is_the_charts_client_in_the_apps_place_and_is_gone_afterwards() -> None:
    cluster = Cluster(*GOOD)
    cluster.put(secret(password="hunter2"))
    said = (await facts(world(cluster)))["database_probe"]
    assert said == DatabaseTried(GOOD)
    ((namespace, pod),) = cluster.made
    spec, (container,) = pod["spec"], pod["spec"]["containers"]
    assert namespace == "ns"
    assert cluster.gone == [pod["metadata"]["name"]]
    assert cluster.stored["Pod"] == {}
    assert pod["metadata"]["labels"] == {
        "app.kubernetes.io/name": "api", "app.kubernetes.io/instance": "rel", "app.kubernetes.io/component": "database-probe",
        PROBE_LABEL: "rel",
    }  # fmt: skip
    assert (spec["restartPolicy"], spec["automountServiceAccountToken"]) == ("Never", False)
    assert 0 < spec["activeDeadlineSeconds"] <= 60
    assert "serviceAccountName" not in spec
    assert (spec["nodeSelector"], spec["tolerations"]) == ({"disk": "fast"}, [{"key": "gpu", "operator": "Exists"}])
    assert spec["imagePullSecrets"] == [{"name": "pull"}]
    assert spec["securityContext"] == {"runAsNonRoot": True, "runAsUser": 999}
    assert spec["volumes"] == [{"name": "ca", "secret": {"secretName": "db-ca", "optional": True}}]
    assert container["image"] == "docker.io/library/postgres:16.15"
    assert container["securityContext"] == {"readOnlyRootFilesystem": True}
    given = {one["name"]: one for one in container["env"]}
    assert given["PGPASSWORD"]["valueFrom"]["secretKeyRef"] == {"name": "db-login", "key": "password", "optional": True}
    assert given["PGSSLMODE"]["value"] == "verify-full"
    assert "hunter2" not in json.dumps(pod)


async def test_a_service_that_selects_by_fewer_labels_does_not_select_the_pod() -> None:
    cluster = Cluster(*GOOD)
    cluster.put(service("all", selector={"app.kubernetes.io/instance": "rel"}))
    await facts(world(cluster))
    assert "app.kubernetes.io/instance" not in cluster.made[0][1]["metadata"]["labels"]


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ({"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ErrImagePull", "message": "no such tag"}}}]}, "ErrImagePull: no such tag"),
        ({"phase": "Pending", "containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}, "within 0 s: ContainerCreating"),
        ({"phase": "Pending", "conditions": [{"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}]}, "0/3 nodes"),
        ({"phase": "Running", "containerStatuses": [{"state": {"running": {}}}]}, "no whole answer within 0 s"),
    ],
)  # fmt: skip
async def test_a_pod_that_does_not_answer_in_time_says_what_it_waits_for_and_goes(
    status: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SECONDS", 0.2)
    cluster = Cluster(*GOOD, status=status)
    said = (await facts(world(cluster)))["database_probe"]
    assert says in said.problem
    assert said.next_step
    assert cluster.stored["Pod"] == {}


async def test_a_probe_that_is_cancelled_deletes_its_pod() -> None:
    cluster = Cluster(status={"phase": "Pending"})
    work = asyncio.ensure_future(facts(world(cluster)))
    await asyncio.wait_for(cluster.running.wait(), 5)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert cluster.gone == [cluster.made[0][1]["metadata"]["name"]]
    assert cluster.stored["Pod"] == {}


@pytest.mark.parametrize(
    ("made", "phase", "goes"),
    [
        ("2020-01-01T00:00:00Z", "Pending", True),
        ("2999-01-01T00:00:00Z", "Running", False),
        ("2999-01-01T00:00:00Z", "Failed", True),
    ],
)
async def test_what_a_killed_wizard_left_goes_with_the_next_probe(made: str, phase: str, goes: bool) -> None:
    cluster = Cluster(*GOOD)
    meta = {"name": "old", "uid": "old", "creationTimestamp": made, "labels": {PROBE_LABEL: "rel"}}
    other = {"name": "other", "uid": "other", "creationTimestamp": made, "labels": {PROBE_LABEL: "else"}}
    cluster.put(*({"kind": "Pod", "metadata": one, "status": {"phase": phase}} for one in (meta, other)))
    await facts(world(cluster))
    assert ("old" in cluster.gone) == goes
    assert "other" not in cluster.gone


@pytest.mark.parametrize("right", ["create Pod", "delete Pod", "list Pod", "get Pod"])
async def test_without_a_right_nothing_is_made_and_the_right_is_named(right: str) -> None:
    cluster = Cluster(*GOOD)
    cluster.denied.add(right)
    said = (await facts(world(cluster)))["database_probe"]
    assert f"{right.split()[0]} pods" in said.next_step
    assert cluster.made == []


async def test_a_refused_pod_is_said_in_the_words_of_the_refusal() -> None:
    cluster = Cluster(*GOOD)
    cluster.refuse["create Pod"] = ClusterError("forbidden", "exceeded quota: small", 403)
    said = (await facts(world(cluster)))["database_probe"]
    assert "exceeded quota: small" in said.problem
    assert cluster.gone == []


async def test_a_pod_that_cannot_be_deleted_is_named() -> None:
    cluster = Cluster(*GOOD)
    cluster.refuse["delete Pod"] = ClusterError("slow", "no answer within 10 s")
    said = (await facts(world(cluster)))["database_probe"]
    assert said.left.startswith("rel-database-probe-")
    assert said.left.endswith("no answer within 10 s")


async def test_a_missing_namespace_and_a_secret_that_the_run_makes_are_said() -> None:
    cluster = Cluster(*GOOD)
    cluster.stored["Namespace"].clear()
    said = (await facts(world(cluster)))["database_probe"]
    assert "namespace ns is not there" in said.problem
    assert cluster.made == []
    found = await facts(world(Cluster(*GOOD), made_by_run=frozenset({"db-login"})))
    assert (found["database_probe"].without, found["database_probe"].made) == ("Secret db-login", True)


@pytest.mark.parametrize(("selects", "names"), [({}, ("deny",)), ({"app.kubernetes.io/component": "app"}, ())])
async def test_a_policy_that_holds_the_pod_and_not_the_app_is_named(
    selects: dict[str, str], names: tuple[str, ...]
) -> None:
    cluster = Cluster(*GOOD)
    deny = {"podSelector": {"matchLabels": selects}, "policyTypes": ["Egress"]}
    allow = {
        "podSelector": {"matchLabels": {"app.kubernetes.io/component": "app"}},
        "policyTypes": ["Egress"],
        "egress": [{}],
    }
    cluster.put(
        {"kind": "NetworkPolicy", "metadata": {"name": "deny", "uid": "d"}, "spec": deny},
        {"kind": "NetworkPolicy", "metadata": {"name": "rel", "uid": "r"}, "spec": allow},
    )
    assert (await facts(world(cluster)))["database_probe"].cut_by == names
