"""The look: in parallel, within what rights allow, and deeper only where something is not ready."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.core.kube.objects import condition, container, ended, waiting
from tests.engine.fakes import FakeCluster
from wizard.adapters.helm.documents import YamlDocuments
from wizard.core.errors import Problem
from wizard.core.helm import release as helm_release
from wizard.core.kube.api import LogLine
from wizard.core.kube.errors import ClusterError
from wizard.core.rules.diagnosis import Diagnosis, Hidden
from wizard.core.run.events import Event
from wizard.core.run.summary import RunSummary
from wizard.core.target import Target
from wizard.engine.watch import diagnose

TARGET = Target("here", "ns", "rel", "")
OURS = {
    "app.kubernetes.io/instance": "rel",
    "app.kubernetes.io/name": "llm-cost-ops",
    "helm.sh/chart": "llm-cost-ops-1.0.0",
}


class At:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, 12, 0, tzinfo=UTC)


class Cluster(FakeCluster):
    """With logs by pod, container and whether before the restart."""

    def __init__(self) -> None:
        super().__init__()
        self.said: dict[tuple[str, str, bool], Sequence[str]] = {}
        self.asked: list[tuple[str, str, bool]] = []

    def put(self, kind: str, name: str, *, owner: str = "", namespace: str = "ns", **rest: Any) -> None:
        meta = {
            "uid": f"uid-{kind}-{name}",
            "creationTimestamp": "2026-01-01T11:00:00Z",
            "generation": 1,
            **rest.pop("meta", {}),
        }
        if owner:
            of_kind, of_name = owner.split("/")
            meta["ownerReferences"] = [
                {"kind": of_kind, "name": of_name, "uid": f"uid-{of_kind}-{of_name}", "controller": True}
            ]
        self.add(kind, name, "" if kind == "Node" else namespace, metadata=meta, **rest)

    async def logs(
        self, namespace: str, pod: str, container: str, *, follow: bool = True, previous: bool = False,
        since_time: str = "", tail_lines: int | None = None,
    ) -> AsyncIterator[tuple[LogLine, ...]]:  # fmt: skip
        self.asked.append((pod, container, previous))
        if "logs" in self.refuse:
            raise self.refuse["logs"]
        yield tuple(LogLine("", text) for text in self.said.get((pod, container, previous), ()))


def deployed(cluster: Cluster, state: dict[str, Any], **rest: Any) -> Cluster:
    """One Deployment with one pod whose only container has that state."""
    ready = bool(rest.get("ready"))
    count = (
        {"readyReplicas": 1, "availableReplicas": 1, "updatedReplicas": 1, "replicas": 1}
        if ready
        else {"updatedReplicas": 1, "replicas": 1}
    )
    cluster.put(
        "Deployment", "api", meta={"labels": OURS}, spec={"replicas": 1}, status={"observedGeneration": 1, **count}
    )
    cluster.put("ReplicaSet", "api-1", owner="Deployment/api", spec={"replicas": 1}, status={"observedGeneration": 1})
    env = [{"name": "DATABASE_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}}]
    status = {"phase": "Running", "conditions": [condition("Ready", "True" if ready else "False")],
              "containerStatuses": [container(state, containerID="c", **rest)]}  # fmt: skip
    cluster.put(
        "Pod", "api-1-x", owner="ReplicaSet/api-1", spec={"containers": [{"name": "app", "env": env}]}, status=status
    )
    return cluster


async def views(cluster: Cluster, runs: Any = None) -> list[Diagnosis]:
    return [one async for one in diagnose.diagnose(cluster, TARGET, At(), runs, YamlDocuments())]


CRASH: dict[str, Any] = {"state": waiting("CrashLoopBackOff"), "lastState": ended(1), "restartCount": 4}
NO_LOGIN = 'FATAL: password authentication failed for user "app"'


async def test_the_first_view_comes_before_the_logs_and_the_last_has_what_they_say() -> None:
    cluster = deployed(Cluster(), **CRASH)
    cluster.said["api-1-x", "app", True] = ["starting", NO_LOGIN]
    first, last = await views(cluster)
    assert (first.complete, [one.id for one in first.findings]) == (False, ["CO11"])
    assert (last.complete, [one.id for one in last.findings]) == (True, ["LG01"])
    assert last.findings[0].title == "the database refuses the password in Secret db"
    assert cluster.asked == [("api-1-x", "app", True)], (
        "while it waits, the kubelet gives the same log under both names"
    )


async def test_the_kubelets_word_for_a_log_that_is_gone_is_no_line_of_it() -> None:
    cluster = deployed(Cluster(), state=ended(1), restartCount=4)
    cluster.said["api-1-x", "app", True] = ["unable to retrieve container logs for containerd://5f43"]
    cluster.said["api-1-x", "app", False] = ["starting", "out of paper"]
    *_, last = await views(cluster)
    assert cluster.asked == [("api-1-x", "app", True), ("api-1-x", "app", False)]
    assert "out of paper" in str(last.findings[0].evidence)
    assert "unable to retrieve" not in str(last.findings[0])


async def test_a_bundle_has_the_logs_of_what_runs_as_well_and_none_of_what_may_not_be_read() -> None:
    cluster = deployed(Cluster(), {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True, restartCount=1)
    cluster.said = {("api-1-x", "app", True): ["out of paper"], ("api-1-x", "app", False): ["starting", "ready"]}
    async for seen in diagnose.look(cluster, TARGET, At()):
        snapshot = seen.snapshot
    assert not snapshot.logs
    assert await diagnose.more_logs(cluster, TARGET, snapshot) == {
        ("api-1-x", "app"): ["out of paper", "starting", "ready"]
    }
    cluster.refuse["logs"] = forbidden("get pods/log")
    assert await diagnose.more_logs(cluster, TARGET, snapshot) == {}


async def test_a_healthy_release_needs_no_logs_and_one_view() -> None:
    cluster = deployed(Cluster(), {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    (only,) = await views(cluster)
    assert (only.findings, only.verdict.state, only.impact.users) == ((), "ready", "fine")
    assert not cluster.asked


async def test_a_failed_job_says_why_and_a_store_that_runs_what_it_complains_of() -> None:
    cluster = deployed(Cluster(), **CRASH)
    labels = {"labels": OURS}
    failed = {
        **condition("Failed", "True"),
        "reason": "BackoffLimitExceeded",
        "lastTransitionTime": "2026-01-01T11:30:00Z",
    }
    cluster.put("Job", "migrate", meta=labels, spec={}, status={"conditions": [failed]})
    cluster.put("Pod", "migrate-x", owner="Job/migrate", spec={"containers": [{"name": "run"}]},
                status={"phase": "Failed", "containerStatuses": [container(ended(1), name="run", containerID="j")]})  # fmt: skip
    cluster.put("StatefulSet", "redis", meta=labels, spec={"replicas": 1}, status={"readyReplicas": 1})
    cluster.put("Pod", "redis-0", owner="StatefulSet/redis", spec={"containers": [{"name": "redis"}]},
                status={"phase": "Running", "conditions": [condition("Ready", "True")],
                        "containerStatuses": [container({"running": {}}, name="redis", containerID="r", ready=True)]})  # fmt: skip
    cluster.said["migrate-x", "run", False] = ["Error: permission denied for schema public"]
    *_, last = await views(cluster)
    assert cluster.asked == [("api-1-x", "app", True), ("migrate-x", "run", False), ("redis-0", "redis", False)]
    job = next(one for one in last.findings if one.id == "X13")
    assert "permission denied for schema public" in job.title


@pytest.mark.parametrize(
    ("marks", "of", "found", "asked"),
    [
        # as helm leaves the CronJob of a chart whose template has no labels; of another release; with labels of its own
        ({}, {"annotations": {"meta.helm.sh/release-name": "rel", "meta.helm.sh/release-namespace": "ns"}}, True, True),
        ({}, {"annotations": {"meta.helm.sh/release-name": "other"}}, False, True),
        ({"labels": OURS}, {}, True, False),
    ],
)
async def test_a_job_without_a_mark_is_of_the_release_of_its_cron_job(
    marks: dict[str, Any], of: dict[str, Any], found: bool, asked: bool
) -> None:
    cluster = deployed(Cluster(), {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    failed = {**condition("Failed", "True"), "lastTransitionTime": "2026-01-01T11:30:00Z"}
    cluster.put("CronJob", "backup", meta=of, spec={"schedule": "@daily"})
    cluster.put("Job", "backup-1", owner="CronJob/backup", meta=marks, spec={}, status={"conditions": [failed]})
    *_, last = await views(cluster)
    assert [one.object for one in last.findings if one.id == "X13"] == (["CronJob/backup"] if found else [])
    assert ("list CronJob ns" in cluster.calls) is asked


async def test_a_secret_without_the_key_shows_its_keys_and_never_a_value() -> None:
    message = "couldn't find key jwt in Secret ns/app"
    cluster = deployed(Cluster(), waiting("CreateContainerConfigError", message))
    cluster.put("Secret", "app", data={"token": "********"})
    last = (await views(cluster))[-1]
    assert "Secret/app keys there: token" in last.findings[0].lines
    assert "****" not in repr(last)


def forbidden(what: str) -> ClusterError:
    return ClusterError("forbidden", f"v may not {what}.", 403, what)


async def test_what_the_view_role_may_not_see_is_said_and_holds_nothing_up() -> None:
    cluster = deployed(Cluster(), **CRASH)
    for kind in ("Secret", "Node"):
        cluster.refuse[f"list {kind}"] = forbidden(f"list {kind.lower()}s")
    cluster.refuse["get Secret"] = forbidden("get secrets")
    cluster.said["api-1-x", "app", True] = [NO_LOGIN]
    last = (await views(cluster))[-1]
    assert Hidden("helm's status and history", "v may not list secrets", "list secrets") in last.unseen
    assert Hidden("Node", "v may not list nodes", "list nodes") in last.unseen
    assert (last.findings[0].id, last.findings[0].unseen) == (
        "LG01", ("when Secret db was written: get secrets in namespace ns",),
    )  # fmt: skip
    assert last.helm_status == ""


async def test_without_the_right_to_logs_the_finding_and_the_view_say_so() -> None:
    cluster = deployed(Cluster(), **CRASH)
    cluster.refuse["logs"] = forbidden("get pods/log")
    last = (await views(cluster))[-1]
    assert last.findings[0].unseen == ("what it logged before it ended: get pods/log",)
    assert [one.what for one in last.unseen].count("logs") == 1


async def test_a_cluster_that_shows_nothing_is_unknown() -> None:
    cluster = Cluster()
    cluster.refuse["list"] = forbidden("list anything")
    (only,) = await views(cluster)
    assert (only.verdict.state, int(only.code), only.impact.users) == ("unknown", 3, "unknown")
    assert len(only.unseen) > 10


def served(cluster: Cluster) -> Cluster:
    """A healthy release behind an Ingress with an address, for which cert-manager is to make a certificate."""
    deployed(cluster, {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    asks = {"annotations": {"cert-manager.io/cluster-issuer": "company"}, "labels": OURS}
    address = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    cluster.put("Ingress", "api", meta=asks, spec={"tls": [{"secretName": "api-tls"}]}, status=address)
    cluster.add(
        "Service", "controller", "elsewhere", metadata={"uid": "s"}, spec={"type": "LoadBalancer"}, status=address
    )
    labels = {"kubernetes.io/service-name": "controller"}
    meta = {"uid": "e", "labels": labels, "creationTimestamp": "2026-01-01T11:00:00Z"}
    cluster.add("EndpointSlice", "controller-x", "elsewhere", metadata=meta, endpoints=[])
    return cluster


@pytest.mark.parametrize("installed", [True, False])
async def test_what_is_before_an_ingress_is_looked_at_its_certificate_and_its_controller(installed: bool) -> None:
    cluster = served(Cluster())
    if not installed:
        cluster.refuse |= {
            f"list {kind}": ClusterError("not-found", "the server has no such kind", 404)
            for kind in ("Certificate", "CertificateRequest")
        }
    last = (await views(cluster))[-1]
    assert [(one.id, one.object) for one in last.findings] == [("TR06", "Ingress/api"), ("TR07", "Ingress/api")]
    assert last.impact.users == "outside"


async def test_a_secret_that_is_there_needs_nobody_who_makes_it() -> None:
    cluster = served(Cluster())
    cluster.put("Secret", "api-tls")
    last = (await views(cluster))[-1]
    assert [one.id for one in last.findings] == ["TR06"]


def behind_tls(cluster: Cluster) -> Cluster:
    """A healthy release behind an Ingress whose TLS Secret nobody makes, to a Service of another release."""
    deployed(cluster, {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    backend = {"service": {"name": "front", "port": {"number": 80}}}
    path = {"path": "/", "pathType": "Prefix", "backend": backend}
    rules = [{"host": "x.test", "http": {"paths": [path]}}]
    spec = {"ingressClassName": "nginx", "tls": [{"secretName": "api-tls"}], "rules": rules}
    address = {"loadBalancer": {"ingress": [{"ip": "203.0.113.7"}]}}
    cluster.put("Ingress", "api", meta={"labels": OURS}, spec=spec, status=address)
    cluster.put("IngressClass", "nginx", spec={"controller": "k8s.io/ingress-nginx"})
    cluster.put("Service", "front", spec={"ports": [{"port": 80}]})
    return cluster


async def test_a_tls_secret_is_missing_only_when_the_api_says_so() -> None:
    cluster = behind_tls(Cluster())
    (*_, last) = await views(cluster)
    assert [(one.id, one.object) for one in last.findings] == [("TR08", "Ingress/api")]
    cluster.refuse |= {f"{verb} Secret": forbidden(f"{verb} secrets") for verb in ("get", "list")}
    (only,) = await views(cluster)
    assert only.findings == ()
    cluster.refuse.clear()
    cluster.put("Secret", "api-tls", data={"tls.crt": "********", "tls.key": "********"})
    (only,) = await views(cluster)
    assert only.findings == ()


async def test_services_and_ingresses_of_the_namespace_are_compared_with_the_release_s() -> None:
    cluster = behind_tls(Cluster())
    cluster.put("Secret", "api-tls", data={"tls.crt": "********", "tls.key": "********"})
    path = {"path": "/", "pathType": "Prefix", "backend": {"service": {"name": "shop", "port": {"number": 80}}}}
    older = {"creationTimestamp": "2025-01-01T11:00:00Z"}
    spec = {"ingressClassName": "nginx", "rules": [{"host": "x.test", "http": {"paths": [path]}}]}
    cluster.put("Ingress", "shop", meta=older, spec=spec)
    (*_, last) = await views(cluster)
    assert [one.title for one in last.findings] == [
        "Ingress/shop has the same host and path and is older: it gets the requests"
    ]
    cluster.put("Ingress", "shop", namespace="elsewhere", meta=older, spec=spec)
    del cluster.objects["Ingress", "ns", "shop"]
    (*_, last) = await views(cluster)
    assert [one.title for one in last.findings] == [
        "Ingress/shop in namespace elsewhere has the same host and path and is older: it gets the requests"
    ]
    cluster.refuse["list Service"] = forbidden("list services")
    del cluster.objects["Ingress", "elsewhere", "shop"], cluster.objects["Service", "ns", "front"]
    (only,) = await views(cluster)
    assert only.findings == ()


async def test_what_nothing_gives_a_reason_to_look_at_is_not_asked_for() -> None:
    well = deployed(Cluster(), {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    await views(well)
    asked = [call for call in well.calls if call.startswith(("list", "get"))]
    assert len(asked) <= 15
    seldom = ("StorageClass", "PersistentVolume", "IngressClass", "ResourceQuota")
    assert not {f"list {kind} ns" for kind in seldom} & {*asked}

    entered = behind_tls(Cluster())
    await views(entered)
    assert len([call for call in entered.calls if call.startswith(("list", "get"))]) <= 20
    assert "list IngressClass ns" in entered.calls

    waiting = deployed(Cluster(), {"waiting": {"reason": "ContainerCreating"}})
    waiting.put("PersistentVolumeClaim", "data", status={"phase": "Pending"})
    await views(waiting)
    assert "list StorageClass ns" in waiting.calls
    assert "list PersistentVolume ns" not in waiting.calls


CLAIM: dict[str, Any] = {"spec": {"volumeName": "v"}, "status": {"phase": "Bound"}}
UNPLACED: dict[str, Any] = {"spec": {"containers": [], "volumes": [{"persistentVolumeClaim": {"claimName": "data"}}]}}
WANTS_PODS: dict[str, Any] = {"spec": {"replicas": 2}, "status": {"replicas": 0}}
ASKED = [
    # what is there beside a healthy Deployment, the kind that is then listed, or not
    (("PersistentVolumeClaim", CLAIM), "PersistentVolume", False),
    (("PersistentVolumeClaim", CLAIM | {"status": {"phase": "Lost"}}), "PersistentVolume", True),
    (("PersistentVolumeClaim", CLAIM | {"meta": {"deletionTimestamp": "2026-01-01T11:30:00Z"}}), "PersistentVolume", True),
    (("PersistentVolumeClaim", CLAIM | {"status": {"phase": "Lost"}}), "StorageClass", False),
    (("StatefulSet", WANTS_PODS), "ResourceQuota", True),
    (("StatefulSet", {"spec": {"replicas": None}, "status": {"replicas": 0}}), "ResourceQuota", True),
    (("StatefulSet", {"spec": {"replicas": 0}}), "ResourceQuota", False),
    (("Job", {"status": {"succeeded": 1}}), "ResourceQuota", False),
    (("Event", {"message": "exceeded quota: team, requested: pods=1", "involvedObject": {}}), "ResourceQuota", True),
]  # fmt: skip


@pytest.mark.parametrize(("there", "kind", "listed"), ASKED)
async def test_a_kind_is_listed_where_something_points_to_it(
    there: tuple[str, dict[str, Any]], kind: str, listed: bool
) -> None:
    cluster = deployed(Cluster(), {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    cluster.objects["Pod", "ns", "api-1-x"]["spec"]["nodeName"] = "n"
    cluster.put(there[0], "data", **there[1])
    await views(cluster)
    assert (f"list {kind} ns" in cluster.calls) is listed


async def test_the_volume_of_a_pod_without_a_node_is_looked_at() -> None:
    cluster = deployed(Cluster(), {"waiting": {"reason": "ContainerCreating"}})
    cluster.put("PersistentVolumeClaim", "data", **CLAIM)
    cluster.put("Pod", "x", **UNPLACED)
    await views(cluster)
    assert "list PersistentVolume ns" in cluster.calls


SERVICES = """
kind: Service
metadata: {name: web}
spec: {selector: {app: web}}
---
kind: Service
metadata: {name: cache}
"""


@pytest.mark.parametrize(
    ("selects", "state", "manifest", "read"),
    [
        ("gone", "deployed", SERVICES, ("web app=web", "cache ")),
        ("web", "deployed", SERVICES, ()),  # it selects a pod: nothing is looked up
        ("gone", "failed", SERVICES, ()),  # what of it helm sent is not known
        ("gone", "deployed", "{", ()),
    ],
)
async def test_where_a_service_selects_no_pod_the_record_tells_the_selectors_that_helm_made(
    selects: str, state: str, manifest: str, read: tuple[str, ...]
) -> None:
    cluster = deployed(Cluster(), {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    cluster.objects["Pod", "ns", "api-1-x"]["metadata"]["labels"] = {"app": "web"}
    cluster.put("Service", "web", meta={"labels": OURS}, spec={"selector": {"app": selects}})
    cluster.bodies = (record(1, state, "", {}, manifest=manifest),)
    cluster.put("Secret", "sh.helm.release.v1.rel.v1", meta={"labels": cluster.bodies[0]["metadata"]["labels"]})
    *_, last = [one async for one in diagnose.look(cluster, TARGET, At(), None, YamlDocuments())]
    assert last.snapshot.revisions[-1].selectors == read
    assert cluster.calls.count("records Secret ns") <= 1


DAEMON_SET = "kind: DaemonSet\nmetadata: {name: agent}\n"


@pytest.mark.parametrize(
    ("manifest", "there", "hidden", "listed"),
    [
        ("", (), False, False),
        (DAEMON_SET, (), False, True),
        ('{"kind": "DaemonSet"}', (), False, True),
        ("", ("Pod", {"owner": "DaemonSet/agent", "spec": {"containers": []}}), False, True),
        ("", ("Event", {"involvedObject": {"kind": "DaemonSet", "name": "agent"}}), False, True),
        ("", (), True, True),
    ],
)
async def test_daemon_sets_are_listed_once_where_the_record_a_pod_or_an_event_names_one_or_the_record_is_hidden(
    manifest: str, there: tuple[str, dict[str, Any]] | tuple[()], hidden: bool, listed: bool
) -> None:
    cluster = deployed(Cluster(), {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    cluster.bodies = (record(1, "deployed", "Install complete", {}, manifest=manifest),)
    cluster.put("Secret", "sh.helm.release.v1.rel.v1", meta={"labels": cluster.bodies[0]["metadata"]["labels"]})
    if there:
        cluster.put(there[0], "x", **there[1])
    if hidden:
        cluster.refuse["list Secret"] = forbidden("list secrets")
    last = (await views(cluster))[-1]
    assert cluster.calls.count("list DaemonSet ns") == listed
    assert last.verdict.state == "ready"


async def test_what_is_before_an_ingress_and_may_not_be_seen_is_said() -> None:
    cluster = served(Cluster())
    cluster.refuse |= {f"list {kind}": forbidden(f"list {kind}") for kind in ("Certificate", "EndpointSlice")}
    (only,) = await views(cluster)
    assert only.findings == ()
    assert {one.what for one in only.unseen} == {"Certificate", "the controller of the Ingress"}


@pytest.mark.parametrize("refused", [False, True])
async def test_a_certificate_that_nobody_makes_is_proven_by_what_was_read(refused: bool) -> None:
    cluster = served(Cluster())
    if refused:
        cluster.refuse |= {f"{verb} Secret": forbidden(f"{verb} secrets") for verb in ("get", "list")}
    last = (await views(cluster))[-1]
    (found,) = [one for one in last.findings if one.id == "TR07"]
    assert ("Secret/api-tls" in [proof.object for proof in found.evidence]) is not refused
    assert bool(found.unseen) is refused


async def test_the_history_comes_from_the_labels_of_helm_s_records() -> None:
    cluster = deployed(Cluster(), {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    for number, state in ((2, "pending-upgrade"), (1, "deployed")):
        labels = {"owner": "helm", "name": "rel", "version": str(number), "status": state, "modifiedAt": "1767225600"}
        meta = {"labels": labels, "creationTimestamp": "2026-01-01T00:00:00Z"}
        cluster.put("Secret", f"sh.helm.release.v1.rel.v{number}", meta=meta)
    last = (await views(cluster))[-1]
    assert (last.revision, last.helm_status) == (2, "pending-upgrade")
    assert [one.id for one in last.findings] == ["X01"]
    assert last.findings[0].terminal, "nobody upgrades for twelve hours"


TORN = """
apiVersion: v1
kind: Service
metadata: {name: api}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
"""


def torn(minutes: int, made: bool, hook: str = "") -> Cluster:
    """A pending install that was begun so long ago, its Service made or not, its Deployment not; with a hook before it."""
    cluster = Cluster()
    hooks = [{"name": "h", "kind": "Job", "events": [hook]}] if hook else []
    cluster.bodies = (record(1, "pending-install", "Initial install underway", {}, manifest=TORN, hooks=hooks),)
    meta = {"labels": cluster.bodies[0]["metadata"]["labels"], "creationTimestamp": f"2026-01-01T11:{60 - minutes}:00Z"}
    cluster.put("Secret", "sh.helm.release.v1.rel.v1", meta=meta)
    if made:
        meta = {"labels": OURS, "creationTimestamp": meta["creationTimestamp"]}
        meta["annotations"] = {"meta.helm.sh/release-name": "rel", "meta.helm.sh/release-namespace": "ns"}
        cluster.put("Service", "api", meta=meta, spec={"selector": {"app": "api"}})
    return cluster


@pytest.mark.parametrize("minutes", [2, 50])
@pytest.mark.parametrize("made", [True, False])
async def test_an_install_that_stopped_half_way_is_a_killed_helm_and_no_fault_of_its_services(
    minutes: int, made: bool
) -> None:
    for view in await views(torn(minutes, made)):
        (only,) = view.findings
        assert (only.id, only.urgent) == ("X01", True)
        assert "Deployment/api" in only.evidence[1].text
        assert "ecover" in only.remedy[0]
        assert only.terminal is (minutes == 50)


@pytest.mark.parametrize(("hook", "made", "urgent"), [("pre-install", False, False), ("pre-install", True, True)])
async def test_an_install_that_may_wait_for_its_hook_is_not_called_killed(hook: str, made: bool, urgent: bool) -> None:
    last = (await views(torn(2, made, hook)))[-1]
    assert [one.urgent for one in last.findings if one.id == "X01"] == [urgent]


def record(number: int, state: str, description: str, config: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A record as helm keeps it."""
    chart = {
        "metadata": {"name": "api", "version": "1", "dependencies": [{"name": "redis"}]},
        "values": {"replicas": 1},
    }
    info = {"status": state, "last_deployed": "2026-01-01T11:00:00Z", "description": description}
    data = {"name": "rel", "namespace": "ns", "version": number, "info": info, "chart": chart, "config": config, **more}
    labels = {"owner": "helm", "name": "rel", "version": str(number), "status": state, "modifiedAt": "1767225600"}
    body = base64.b64encode(helm_release.pack(data).encode()).decode()
    return {
        "kind": "Secret",
        "metadata": {"name": f"sh.helm.release.v1.rel.v{number}", "labels": labels},
        "data": {"release": body},
    }


async def test_the_newest_record_says_why_it_failed_and_which_values_nobody_reads_and_no_secret() -> None:
    cluster = deployed(Cluster(), {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    words = 'admission webhook "policy" denied the request: c4n4ry-value is weak'
    config = {"replica": 3, "redis": {"x": 1}, "jwt": {"secret": "c4n4ry-value"}}
    cluster.bodies = (record(2, "failed", words, config),)
    for number, state in ((1, "deployed"), (2, "failed")):
        meta = {"labels": {**cluster.bodies[0]["metadata"]["labels"], "version": str(number), "status": state}}
        cluster.put("Secret", f"sh.helm.release.v1.rel.v{number}", meta=meta)
    last = (await views(cluster))[-1]
    assert [one.id for one in last.findings] == ["X10", "X18"]
    assert last.findings[1].evidence[0].text == "replica, jwt"
    assert "c4n4ry" not in repr(last)


async def test_a_record_that_cannot_be_read_is_said() -> None:
    cluster = deployed(Cluster(), {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    body = record(1, "deployed", "", {})
    cluster.bodies = ({**body, "data": {"release": "bm90IGdvb2Q="}},)
    cluster.put("Secret", "sh.helm.release.v1.rel.v1", meta={"labels": body["metadata"]["labels"]})
    last = (await views(cluster))[-1]
    assert "damaged" in last.unseen[0].reason
    assert last.findings == ()


async def test_another_release_s_objects_are_not_ours_and_claims_that_our_pods_use_are() -> None:
    cluster = deployed(Cluster(), {"running": {"startedAt": "2026-01-01T11:00:00Z"}}, ready=True)
    pod = cluster.objects["Pod", "ns", "api-1-x"]
    pod["spec"]["volumes"] = [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]
    cluster.put("PersistentVolumeClaim", "data", spec={}, status={"phase": "Lost"})
    cluster.put("PersistentVolumeClaim", "foreign", spec={}, status={"phase": "Lost"})
    last = (await views(cluster))[-1]
    assert [(one.id, one.object) for one in last.findings] == [("VO07", "Deployment/api")]


class Runs:
    """The record of one run."""

    def __init__(self, *, code: int = 1, state: str = "finished", release: str = "rel") -> None:
        target = Target("here", "ns", release, "")
        self.known = [RunSummary("ab12", "install", target, state, "2026-01-01T11:58:00Z", "failed", code)]

    def runs(self) -> Sequence[RunSummary]:
        return self.known

    async def follow(self, run_id: str, *, after: int = 0) -> AsyncIterator[Sequence[Event]]:
        words = 'Error: Service "api" in namespace "ns" exists and cannot be imported into the current release: invalid ownership'
        yield [Event("helm.output", {"stream": "err", "lines": ["warning: x", words]}, 1, "2026-01-01T11:59:00Z")]


@pytest.mark.parametrize(
    ("runs", "found"),
    [(Runs(), ["X03"]), (Runs(code=0), []), (Runs(state="running"), []), (Runs(release="other"), []), (None, [])],
)
async def test_helm_s_words_are_those_of_our_newest_run_when_it_failed(runs: Any, found: list[str]) -> None:
    last = (await views(Cluster(), runs))[-1]
    assert [one.id for one in last.findings] == found
    for one in last.findings:
        assert one.object == "Service/api"
        assert one.evidence[0].field == "helm, run ab12"


async def test_a_run_whose_record_is_gone_does_not_end_the_look() -> None:
    class Gone(Runs):
        async def follow(self, run_id: str, *, after: int = 0) -> AsyncIterator[Sequence[Event]]:
            async for batch in super().follow(run_id):
                yield batch[:0]
            raise Problem(f"There is no run {run_id} here.")

    assert (await views(Cluster(), Gone()))[-1].findings == ()
