from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.core.kube.objects import (
    BEGAN,
    LONG_AGO,
    NOW,
    condition,
    container,
    deployment,
    ended,
    obj,
    pod,
    running,
    waiting,
)
from wizard.core.kube.objects import ObjectEvent
from wizard.core.kube.status import Judged, Status
from wizard.core.rules.finding import Finding
from wizard.core.rules.findings.containers import missing_reference
from wizard.core.rules.findings.readiness import probe_words
from wizard.core.rules.findings.scheduling import node_reasons
from wizard.core.rules.ranking import diagnose
from wizard.core.rules.snapshot import Snapshot
from wizard.core.run import waiting as waiting_line

API = deployment("api")
SET = obj("ReplicaSet", "api-1", owner=API, spec={"replicas": 1}, status={"observedGeneration": 1})
DB = obj("StatefulSet", "db", spec={"replicas": 1}, status={"observedGeneration": 1})
PROBE = {"readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}}}


def api_pod(*statuses: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return pod(*statuses, owner=SET, **rest)


def object_event(about: dict[str, Any], reason: str, message: str, **rest: Any) -> ObjectEvent:
    meta = about["metadata"]
    return ObjectEvent(meta["uid"], about["kind"], meta["name"], "Warning", reason, message, 3, BEGAN, **rest)


def look(
    *objects: dict[str, Any], events: tuple[ObjectEvent, ...] = (), logs: tuple[str, ...] = ()
) -> tuple[Finding, ...]:
    said = {("api-0", "app"): logs}
    return diagnose(Snapshot({one["metadata"]["uid"]: one for one in (API, SET, *objects)}, events, NOW, said))


def only(found: tuple[Finding, ...]) -> Finding:
    assert len(found) == 1, found
    return found[0]


PULLS = [
    ("ErrImagePull", "manifest unknown", "CO01", True, "no"),
    ("ErrImagePull", "docker.io/library/app:nope: not found", "CO01", True, "no"),
    ("ErrImagePull", "pull access denied, repository does not exist or may require authorization", "CO02", False, "no"),
    ("ErrImagePull", "unexpected status from HEAD request: 401 Unauthorized", "CO02", False, "no"),
    ("ErrImagePull", "toomanyrequests: You have reached your pull rate limit", "CO03", False, "yes"),
    ("ErrImagePull", "dial tcp: lookup registry.example: no such host", "CO03", False, "unknown"),
    ("ErrImagePull", "tls: failed to verify certificate: x509: unknown authority", "CO03", True, "no"),
    ("ErrImagePull", "no match for platform in manifest: not found", "CO04", True, "no"),
    # Docker, CRI-O
    ("ErrImagePull", "no matching manifest for linux/arm64/v8 in the manifest list entries", "CO04", True, "no"),
    (
        "ErrImagePull",
        'choosing image instance: no image found in manifest list for architecture "arm64", OS "linux"',
        "CO04",
        True,
        "no",
    ),
    ("ErrImagePull", 'Get "https://r.test/v2/x/manifests/1": no basic auth credentials', "CO02", False, "no"),
    ("ErrImagePull", "net/http: TLS handshake timeout", "CO03", False, "unknown"),
    (
        "ErrImagePull",
        "failed to extract layer sha256:4b: write /var/lib/x: no space left on device: unknown",
        "CO03",
        False,
        "unknown",
    ),
    (
        "ErrImagePull",
        "unexpected status from HEAD request to https://r.test/v2/x/manifests/v9: 503 Service Unavailable",
        "CO03",
        False,
        "unknown",
    ),
    ("ErrImagePull", "http: server gave HTTP response to HTTPS client", "CO03", True, "no"),
    ("InvalidImageName", "couldn't parse image name", "CO05", True, "no"),
    ("ErrImageNeverPull", "Container image is not present with pull policy of Never", "CO05", True, "no"),
    ("ErrImagePull", "something nobody has seen", "CO03", False, "unknown"),
]


@pytest.mark.parametrize(("reason", "words", "rule", "terminal", "heals"), PULLS, ids=[row[1][:40] for row in PULLS])
def test_an_image_that_cannot_be_pulled_is_named_with_the_registrys_words(
    reason: str, words: str, rule: str, terminal: bool, heals: str
) -> None:
    found = only(look(api_pod(container(waiting(reason, words)))))
    assert (found.id, found.terminal, found.heals, found.object) == (rule, terminal, heals, "Deployment/api")
    assert "registry.example/app:1" in found.title
    assert words in found.lines[0]


def test_a_back_off_that_says_nothing_takes_the_words_of_the_failed_pull() -> None:
    broken = api_pod(container(waiting("ImagePullBackOff", 'Back-off pulling image "registry.example/app:1"')))
    event = object_event(broken, "Failed", 'Failed to pull image "registry.example/app:1": manifest unknown')
    found = only(look(broken, events=(event,)))
    assert found.id == "CO01"
    assert found.lines[0].endswith(": manifest unknown")


def test_the_words_stay_the_same_when_a_failed_pull_becomes_a_back_off() -> None:
    words = 'failed to resolve "registry.example/app:1": not found'
    first = only(look(api_pod(container(waiting("ErrImagePull", words)))))
    back_off = f'Back-off pulling image "registry.example/app:1": ErrImagePull: {words}'
    assert only(look(api_pod(container(waiting("ImagePullBackOff", back_off))))) == first


MISSING = [
    ('secret "db-credentials" not found', "Secret db-credentials"),
    ('configmap "app-config" not found', "ConfigMap app-config"),
    ("couldn't find key jwt-secret in Secret ns/app", "key jwt-secret of Secret app"),
    ("couldn't find key a in ConfigMap ns/app", "key a of ConfigMap app"),
    ('MountVolume.SetUp failed for volume "tls" : secret "api-tls" not found', "Secret api-tls"),
    ("container has runAsNonRoot and image will run as root", ""),
]


@pytest.mark.parametrize(("message", "missing"), MISSING)
def test_what_a_kubelet_misses_is_read_from_its_message(message: str, missing: str) -> None:
    assert missing_reference(message) == missing


def test_a_missing_secret_is_named_and_heals_when_somebody_makes_it() -> None:
    found = only(look(api_pod(container(waiting("CreateContainerConfigError", 'secret "db" not found')))))
    assert (found.id, found.title, found.terminal, found.heals) == ("CO06", "Secret db is not there", False, "no")


def test_a_missing_secret_of_a_volume_is_found_in_the_events() -> None:
    broken = api_pod(container(waiting("ContainerCreating")))
    event = object_event(broken, "FailedMount", 'MountVolume.SetUp failed for volume "t" : secret "api-tls" not found')
    assert only(look(broken, events=(event,))).id == "CO06"


def test_a_mount_event_of_before_the_start_is_no_finding_once_the_container_runs() -> None:
    healed = api_pod(container(running(), ready=True), conditions=(condition("Ready", "True"),))
    event = object_event(healed, "FailedMount", 'secret "api-tls" not found')
    assert look(healed, events=(event,)) == ()


def test_a_container_that_may_not_run_as_it_is_made() -> None:
    words = "container has runAsNonRoot and image will run as root"
    found = only(look(api_pod(container(waiting("CreateContainerConfigError", words)))))
    assert (found.id, found.terminal) == ("CO07", True)


REFUSALS = [
    ("pods is forbidden: exceeded quota: small, requested: cpu=1", "quota"),
    ('violates PodSecurity "restricted:latest": runAsNonRoot', "Pod Security"),
    ('error looking up service account ns/api: serviceaccount "api" not found', "ServiceAccount"),
    ("no PriorityClass with name high was found", "PriorityClass"),
    ("maximum memory usage per Container is 1Gi, but limit is 2Gi", "LimitRange"),
    ('admission webhook "policy.example" denied the request: no', "admission policy"),
    ("something else", "the API server refuses them"),
]


@pytest.mark.parametrize(("message", "why"), REFUSALS)
def test_refused_pods_are_named_with_the_reason_of_the_replica_set(message: str, why: str) -> None:
    refusal = condition("ReplicaFailure", "True", message=message)
    refused = SET | {"status": {"observedGeneration": 1, "conditions": [refusal]}}
    found = only(look(refused))
    assert (found.id, found.object, found.heals) == ("SC01", "Deployment/api", "no")
    assert why in found.title
    assert message in found.lines[0]


def test_a_stateful_set_says_refusals_only_in_events_and_only_while_pods_are_missing() -> None:
    event = object_event(DB, "FailedCreate", "exceeded quota: small")
    assert only(look(DB, events=(event,))).object == "StatefulSet/db"
    made = pod(container(running(), ready=True), name="db-0", owner=DB, conditions=(condition("Ready", "True"),))
    assert look(DB, made, events=(event,)) == ()


MESSAGES = [
    ("0/3 nodes are available: 3 Insufficient cpu.", 3, {"Insufficient cpu": 3}),
    (
        "0/3 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 2 Insufficient "
        "memory. no new claims to deallocate, preemption: 0/3 nodes are available: 3 No preemption victims found.",
        3,
        {"node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }": 1, "Insufficient memory": 2},
    ),
    (
        "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector. preemption: 0/2 nodes are available: 2 "
        "Preemption is not helpful for scheduling.",
        2,
        {"node(s) didn't match Pod's node affinity/selector": 2},
    ),
    ("no nodes available to schedule pods", 0, {}),
]


@pytest.mark.parametrize(("message", "total", "reasons"), MESSAGES)
def test_the_schedulers_message_is_counted_by_reason(message: str, total: int, reasons: dict[str, int]) -> None:
    assert node_reasons(message) == (total, reasons)


def unschedulable(message: str, **rest: Any) -> dict[str, Any]:
    refused = condition("PodScheduled", "False", reason="Unschedulable", message=message)
    return pod(conditions=(refused,), **rest)


def test_too_little_room_names_what_is_short_and_what_the_pod_asks() -> None:
    asks = {"containers": [{"name": "app", "resources": {"requests": {"cpu": "4"}}}]}
    found = only(look(unschedulable("0/3 nodes are available: 3 Insufficient cpu.", owner=SET, spec=asks)))
    assert (found.id, found.title, found.heals) == ("SC02", "no node fits (3 of 3: too little cpu free)", "no")
    assert "it asks for app: cpu 4" in found.lines


def test_it_heals_when_the_cluster_grows() -> None:
    broken = unschedulable("0/3 nodes are available: 3 Insufficient cpu.", owner=SET)
    assert only(look(broken, events=(object_event(broken, "TriggeredScaleUp", "node group"),))).heals == "yes"


def test_no_matching_node_is_another_finding_than_no_room() -> None:
    found = only(look(unschedulable("0/1 nodes are available: 1 node(s) had untolerated taint {a: b}.", owner=SET)))
    assert found.id == "SC03"
    assert "toleration" in found.remedy[0]


def test_the_same_shortage_of_several_workloads_is_one_finding() -> None:
    message = "0/3 nodes are available: 3 Insufficient cpu."
    found = only(look(DB, unschedulable(message, owner=SET), unschedulable(message, name="db-0", owner=DB)))
    assert found.object == "Deployment/api"
    assert "also affected: StatefulSet/db" in found.lines


def claim(class_name: str | None) -> dict[str, Any]:
    spec = {"storageClassName": class_name} if class_name else {}
    return obj("PersistentVolumeClaim", "data-db-0", spec=spec, status={"phase": "Pending"})


def test_a_claim_of_a_missing_class_is_the_cause_and_the_waiting_pod_its_symptom() -> None:
    wanted = claim("gp9")
    volumes = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]}
    held = unschedulable("pod has unbound immediate PersistentVolumeClaims", name="db-0", owner=DB, spec=volumes)
    event = object_event(wanted, "ProvisioningFailed", 'storageclass.storage.k8s.io "gp9" not found')
    found = only(look(DB, wanted, held, events=(event,)))
    assert (found.id, found.object, found.title) == ("VO01", "StatefulSet/db", "StorageClass gp9 is not there")


def test_a_claim_without_class_and_without_default() -> None:
    event = object_event(claim(None), "FailedBinding", "no persistent volumes available and no storage class is set")
    found = only(look(claim(None), events=(event,)))
    assert "there is no default" in found.title


def test_a_claim_that_waits_for_its_first_consumer_is_no_finding() -> None:
    event = object_event(claim("standard"), "WaitForFirstConsumer", "waiting for first consumer to be created")
    assert look(claim("standard"), events=(event,)) == ()


def test_a_crash_loop_says_exit_code_and_last_words() -> None:
    last = ended(1, message="panic: no database")
    broken = container(waiting("CrashLoopBackOff"), lastState=last, restartCount=4)
    found = only(look(api_pod(broken, phase="Running")))
    assert (found.id, found.title) == ("CO11", "container app crashes with exit code 1")
    assert "its termination message: panic: no database" in found.lines


CRASHES = [
    (ended(137, "OOMKilled"), "CO09", False),
    (ended(127), "CO08", True),
    (ended(0, "Completed"), "CO12", False),
]


@pytest.mark.parametrize(("last", "rule", "terminal"), CRASHES)
def test_crashes_are_told_apart_by_how_they_ended(last: dict[str, Any], rule: str, terminal: bool) -> None:
    broken = api_pod(container(waiting("CrashLoopBackOff"), lastState=last, restartCount=3), phase="Running")
    found = only(look(broken))
    assert (found.id, found.terminal) == (rule, terminal)


def test_one_crash_is_not_yet_a_crash_loop() -> None:
    assert look(api_pod(container(running(), lastState=ended(1), restartCount=1), phase="Running")) == ()


def not_ready(since: str = BEGAN, **rest: Any) -> dict[str, Any]:
    spec = {"containers": [{"name": "app", **PROBE, **rest}]}
    unready = condition("Ready", "False", lastTransitionTime=since)
    return api_pod(container(running(since)), conditions=(unready,), spec=spec, phase="Running")


def test_running_but_not_ready_says_what_the_probe_asks_and_what_it_gets() -> None:
    broken = not_ready()
    event = object_event(
        broken, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", container="app"
    )
    found = only(look(broken, events=(event,)))
    assert found.id == "TR01"
    assert "GET /ready on port http" in found.title
    assert found.title.endswith("statuscode: 503")
    assert found.since == BEGAN


def test_the_first_seconds_of_a_container_are_not_held_against_it() -> None:
    young = not_ready(NOW.isoformat())
    event = object_event(young, "Unhealthy", "Readiness probe failed: connection refused")
    assert look(young, events=(event,)) == ()


STARTING = {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 2, "failureThreshold": 150}


def unhealthy(about: dict[str, Any], message: str, count: int = 3, time: str = BEGAN) -> ObjectEvent:
    return replace(object_event(about, "Unhealthy", message), count=count, time=time)


BUDGETS: list[tuple[str, str, bool, str, int, str]] = [
    # what, running since, started, the event, how often, the probe that the finding names ("": no finding)
    ("a startup probe within its budget", BEGAN, False, "Startup probe failed: refused", 5, ""),
    ("a startup probe beyond its budget", LONG_AGO, False, "Startup probe failed: refused", 150, "startupProbe"),
    ("readiness asked during the start", BEGAN, False, "Readiness probe failed: refused", 5, ""),
    ("the first failures of readiness", BEGAN, True, "Readiness probe failed: refused", 2, ""),
    ("readiness as often as it may", BEGAN, True, "Readiness probe failed: refused", 3, "readinessProbe"),
    ("an old word of the startup probe", BEGAN, True, "Startup probe failed: refused", 9, ""),
    ("a liveness probe", BEGAN, True, "Liveness probe failed: refused", 3, "livenessProbe"),
    ("a probe that cannot be asked", BEGAN, True, "Readiness probe errored: no runtime", 3, "readinessProbe"),
    ("an event of another kind", BEGAN, True, "something failed", 9, ""),
]


@pytest.mark.parametrize(
    ("what", "since", "started", "message", "count", "named"), BUDGETS, ids=[row[0] for row in BUDGETS]
)
def test_a_probe_alarms_beyond_what_it_allows_and_by_its_own_name(
    what: str, since: str, started: bool, message: str, count: int, named: str
) -> None:
    probes = {"name": "app", **PROBE, "startupProbe": STARTING, "livenessProbe": {"tcpSocket": {"port": 1}}}
    slow = api_pod(container(running(since), started=started), spec={"containers": [probes]}, phase="Running")
    found = look(slow, events=(unhealthy(slow, message, count),))
    assert [one.id for one in found] == (["TR01"] if named else [])
    for one in found:
        assert one.lines[1].startswith(f"{named}: ")
        assert one.remedy[-1] == f"If the application answers elsewhere, correct the {named}."


def test_without_events_only_a_used_up_probe_budget_is_a_finding() -> None:
    assert look(not_ready()) == ()
    assert only(look(not_ready(LONG_AGO))).id == "TR01"


def test_anothers_probe_event_is_not_taken() -> None:
    event = object_event(not_ready(), "Unhealthy", "Readiness probe failed: no", container="sidecar")
    assert look(not_ready(), events=(event,)) == ()


NO_LOGIN = 'FATAL:  password authentication failed for user "app"'
FROM_ENV = {"env": [
    {"name": "SMTP_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "rel-smtp", "key": "p"}}},
    {"name": "DATABASE_URL_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "rel-db", "key": "p"}}},
]}  # fmt: skip
FROM_FILE = {"volumeMounts": [{"name": "password", "mountPath": "/run/secrets/postgresql"}]}
CRASHED = container(waiting("CrashLoopBackOff"), lastState=ended(1), restartCount=4)
LAST_WORDS = container(waiting("CrashLoopBackOff"), lastState=ended(1, message=NO_LOGIN), restartCount=4)
LOGINS: list[tuple[str, dict[str, Any], dict[str, Any], str, tuple[str, ...], str]] = [
    # what, the container's status, its specification, a probe's words, its log, the Secret that is named ("": no LG01)
    ("a probe says so at once", container(running(), started=False), FROM_FILE, f"Startup probe failed: psql: {NO_LOGIN}", (), "Secret rel-pg"),
    ("a crash's last words", LAST_WORDS, FROM_ENV, "", (), "Secret rel-db"),
    ("a crash's log", CRASHED, FROM_ENV, "", ("start", NO_LOGIN, "bye"), "Secret rel-db"),
    ("a log of who waits", container(running()), {}, "", (NO_LOGIN,), "its Secret"),
    ("the probe says something else since", container(running()), FROM_ENV, "Startup probe failed: refused", (), ""),
    ("it is ready", container(running(), ready=True), FROM_ENV, f"Startup probe failed: {NO_LOGIN}", (NO_LOGIN,), ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "one", "spec", "probe", "logs", "secret"), LOGINS, ids=[row[0] for row in LOGINS])
def test_a_refused_password_is_the_cause_by_whatever_way_it_is_said(
    what: str, one: dict[str, Any], spec: dict[str, Any], probe: str, logs: tuple[str, ...], secret: str
) -> None:
    probed = {"name": "app", **PROBE, "startupProbe": STARTING, **spec}
    volumes = [{"name": "password", "secret": {"secretName": "rel-pg"}}]
    broken = api_pod(one, spec={"containers": [probed], "volumes": volumes}, phase="Running")
    found = look(broken, events=(unhealthy(broken, probe),), logs=logs)
    if not secret:
        assert [found.id for found in found if found.id == "LG01"] == []
        return
    named = only(found)
    assert (named.id, named.terminal, named.heals, named.object) == ("LG01", True, "no", "Deployment/api")
    assert named.title == f"the database refuses the password in {secret}"
    assert named.lines == ('Pod/api-0 container app: password authentication failed for user "app"',)
    assert "ALTER ROLE" in named.remedy[0]
    assert "Don't delete the volume" in named.remedy[1]


PROBES = [
    ({"httpGet": {"path": "/health", "port": 8080}}, "GET /health on port 8080"),
    ({"tcpSocket": {"port": 5432}}, "TCP port 5432"),
    ({"grpc": {"port": 50051}}, "gRPC port 50051"),
    ({"exec": {"command": ["pg_isready", "-U", "x"]}}, "pg_isready -U x"),
    (
        {
            "exec": {
                "command": [
                    "sh",
                    "-c",
                    "set -e\n  if test -f /ready\n  then exec psql --host 127.0.0.1 --command x\n  fi",
                ]
            }
        },
        "sh -c set -e if test -f /ready then exec psql --host ...",
    ),
    ({}, "none"),
]


@pytest.mark.parametrize(("probe", "words"), PROBES)
def test_a_probe_in_words(probe: dict[str, Any], words: str) -> None:
    assert probe_words(probe) == words


def test_what_waits_for_a_broken_store_is_folded_into_the_stores_finding() -> None:
    broken = pod(container(waiting("ErrImagePull", "manifest unknown")), name="db-0", owner=DB)
    symptom = not_ready(LONG_AGO)
    found = only(look(DB, broken, symptom))
    assert found.object == "StatefulSet/db"
    assert "also affected: Deployment/api" in found.lines


def test_what_names_the_service_of_a_broken_workload_is_folded_and_what_does_not_stays() -> None:
    cache = deployment("cache")
    broken = pod(container(waiting("ErrImagePull", "manifest unknown")), name="cache-0", owner=cache)
    broken["metadata"]["labels"] = {"app": "cache"}
    service = obj("Service", "cache", spec={"selector": {"app": "cache"}})
    names_it = not_ready(LONG_AGO, env=[{"name": "REDIS_URL", "value": "redis://cache:6379"}])
    assert only(look(cache, service, broken, names_it)).object == "Deployment/cache"
    assert {one.object for one in look(cache, service, broken, not_ready(LONG_AGO))} == {
        "Deployment/api",
        "Deployment/cache",
    }


def test_pods_of_one_workload_with_one_cause_are_one_finding() -> None:
    broken = [api_pod(container(waiting("ErrImagePull", "manifest unknown")), name=f"api-{n}") for n in range(3)]
    assert "the same in 2 more" in only(look(*broken)).lines


def test_the_waiting_line_takes_the_first_finding_else_the_worst_object() -> None:
    api = Judged("Deployment", "api", "d", "", Status("progressing", "0 of 1", "1 not ready yet", BEGAN))
    below = Judged("Pod", "api-0", "p", "d", Status("progressing", "Pending", "waits for its node", BEGAN))
    ready = Judged("Service", "api", "s", "", Status("ready", "ClusterIP"))
    line = waiting_line.line([api, below, ready], [])
    assert (line.what, line.why, line.heals, line.since) == ("Deployment/api", "waits for its node", "yes", BEGAN)
    found = Finding("CO01", "image gone", "Deployment/api", (), (), True, "no", LONG_AGO)
    line = waiting_line.line([api, below, ready], [found])
    assert (line.what, line.why, line.heals, line.since) == ("Deployment/api", "image gone", "no", LONG_AGO)
    assert waiting_line.line([ready], [found]) == waiting_line.NOTHING
