"""Since when something can have been wrong: old objects with a trouble of today, and what is being left."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import timedelta
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
from wizard.core.kube import patience, status
from wizard.core.kube.objects import ObjectEvent
from wizard.core.kube.patience import Gone
from wizard.core.rules import diagnosis
from wizard.core.rules.diagnosis import Observation
from wizard.core.rules.finding import Finding
from wizard.core.rules.ranking import diagnose
from wizard.core.rules.snapshot import Revision, Snapshot
from wizard.core.target import Target

YEARS_AGO = "2023-01-01T00:00:00Z"
OLD = {"creationTimestamp": YEARS_AGO}
PENDING = waiting("ContainerCreating")


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def template(app: str, *ports: str, image: str = "i:1") -> dict[str, Any]:
    named = [{"name": port, "containerPort": 1} for port in ports]
    return {
        "metadata": {"labels": {"app": app}},
        "spec": {"containers": [{"name": "app", "image": image, "ports": named}]},
    }


def service(app: str = "db", **port: Any) -> dict[str, Any]:
    return obj("Service", app, metadata=OLD, spec={"selector": {"app": app}, "ports": [port] if port else []})


STORE = obj("StatefulSet", "db", metadata=OLD, spec={"replicas": 1, "template": template("db", "sql")},
            status={"observedGeneration": 1})  # fmt: skip


def store_pod(*statuses: dict[str, Any], port: str = "sql", **meta: Any) -> dict[str, Any]:
    made = pod(*statuses, name="db-0", owner=STORE, spec=template("db", port)["spec"])
    made["metadata"].update({"labels": {"app": "db"}, **meta})
    return made


def snapshot(*objects: dict[str, Any], **more: Any) -> Snapshot:
    return Snapshot({one["metadata"]["uid"]: one for one in objects}, more.pop("events", ()), NOW, **more)


def found(what: Snapshot, rule: str) -> list[Finding]:
    return [one for one in diagnose(what) if one.id == rule]


def object_event(about: dict[str, Any], reason: str, message: str, when: str) -> ObjectEvent:
    meta = about["metadata"]
    return ObjectEvent(meta["uid"], about["kind"], meta["name"], "Warning", reason, message, 3, when)


def gone(seconds: float, made: str = YEARS_AGO) -> Gone:
    return Gone({"app": "db"}, STORE["metadata"]["uid"], made, ago(seconds))


ENDING = store_pod(container(running(YEARS_AGO)), deletionTimestamp=ago(-30))
AWAY: list[tuple[str, tuple[dict[str, Any], ...], dict[str, Any], bool]] = [
    # what, objects, what a watch knows, whether the Service is said to have nobody
    ("its only pod is ending", (STORE, ENDING), {}, False),
    ("its only pod ended longer ago than it may, and says so itself", (STORE, store_pod(deletionTimestamp=ago(300))), {}, False),
    ("its pod went a moment ago", (STORE,), {"gone": (gone(29),)}, False),
    ("its pod went and none came", (STORE,), {"gone": (gone(31),)}, True),
    ("nobody saw its pods", (STORE,), {}, True),
    ("its controller made one a moment ago", (STORE,), {"events": (object_event(STORE, "SuccessfulCreate", "x", ago(5)),)}, False),
    ("what it selects changed a moment ago", (STORE,), {"changed": {service()["metadata"]["uid"]: ago(5)}}, False),
    ("what is wanted of its workload changed a moment ago", (STORE,), {"changed": {STORE["metadata"]["uid"]: ago(5)}}, False),
    ("pods may not be listed", (STORE,), {"hidden": frozenset({"Pod"})}, False),
    ("its workload may not be listed", (), {"hidden": frozenset({"StatefulSet"})}, False),
    ("its workload is gone", (), {}, True),
    ("helm was killed before it made any", (), {"revisions": (Revision(1, "pending-install"),)}, False),
    ("it is scaled to zero", ({**STORE, "spec": {**STORE["spec"], "replicas": 0}},), {}, True),
    ("its new pod starts", (STORE, store_pod(container(PENDING))), {}, False),
]  # fmt: skip


@pytest.mark.parametrize(("what", "objects", "known", "said"), AWAY, ids=[row[0] for row in AWAY])
def test_an_old_service_is_without_pods_only_once_they_are_away_for_long(
    what: str, objects: tuple[dict[str, Any], ...], known: dict[str, Any], said: bool
) -> None:
    assert bool(found(snapshot(service(), *objects, **known), "TR03")) == said


def test_a_service_without_pods_says_since_when_and_of_a_lost_workload_what_makes_it_again() -> None:
    (one,) = found(snapshot(service(), STORE, gone=(gone(40),)), "TR03")
    assert one.since == ago(40)
    (one,) = found(snapshot(service()), "TR03")
    assert one.title.endswith("its workload does not exist")
    assert one.remedy == ("An upgrade or a rollback creates it again.",)


def test_labels_are_compared_with_pods_that_no_service_finds() -> None:
    lost = pod(container(running(), ready=True), name="web-0")
    lost["metadata"]["labels"] = {"app": "web", "tier": "db"}
    cache = pod(container(running(), ready=True), name="cache-0")
    cache["metadata"]["labels"] = {"app": "cache", "tier": "db"}
    wrong = obj("Service", "web", metadata=OLD, spec={"selector": {"app": "wbe", "tier": "db"}})
    (one,) = found(snapshot(wrong, service("cache"), lost, cache), "TR03")
    assert [proof.object for proof in one.evidence] == ["Service/web", "Pod/web-0"]


PORTS: list[tuple[str, str, str, dict[str, Any], bool]] = [
    ("the new template has it", "sql", "old", {}, False),
    ("neither has it", "old", "old", {}, True),
    ("the Service was changed a moment ago", "old", "old", {"changed": {service()["metadata"]["uid"]: ago(3)}}, False),
]


@pytest.mark.parametrize(("what", "coming", "there", "known", "said"), PORTS, ids=[row[0] for row in PORTS])
def test_a_port_that_the_next_pods_have_is_not_missed(
    what: str, coming: str, there: str, known: dict[str, Any], said: bool
) -> None:
    maker = {**STORE, "spec": {"replicas": 1, "template": template("db", coming)}}
    old = store_pod(container(running(YEARS_AGO), ready=True), port=there, creationTimestamp=YEARS_AGO)
    assert bool(found(snapshot(service(targetPort="sql"), maker, old, **known), "TR03")) == said


REFUSED = "create Pod db-0 failed: exceeded quota: team"
REFUSALS: list[tuple[str, dict[str, Any], bool]] = [
    ("it never had a pod", {}, True),
    ("its pod was made after that", {"gone": (gone(2, made=ago(60)),)}, False),
    ("its pod was made before that", {"gone": (gone(2, made=ago(5000)),)}, True),
]


@pytest.mark.parametrize(("what", "known", "said"), REFUSALS, ids=[row[0] for row in REFUSALS])
def test_a_refusal_of_before_the_last_pod_is_over(what: str, known: dict[str, Any], said: bool) -> None:
    events = (object_event(STORE, "FailedCreate", REFUSED, ago(600)),)
    assert bool(found(snapshot(STORE, events=events, **known), "SC01")) == said


# Containers that were ready meanwhile


UNREADY_NOW = condition("Ready", "False", lastTransitionTime=ago(5))
PROBED = {"containers": [{"name": "app", "readinessProbe": {"periodSeconds": 10}}]}


def lost_readiness(**one: Any) -> dict[str, Any]:
    return pod(container(running(YEARS_AGO), **one), conditions=(UNREADY_NOW,), spec=PROBED, phase="Running")


CRASHED = {"restartCount": 2, "lastState": ended(1, startedAt=YEARS_AGO, finishedAt=YEARS_AGO)}


@pytest.mark.parametrize("one", [{}, CRASHED], ids=["never restarted", "crashed twice at its first start"])
def test_a_container_that_lost_its_readiness_now_has_what_its_probes_allow(one: dict[str, Any]) -> None:
    lost = lost_readiness(**one)
    assert status.of(lost, NOW).state == "progressing"
    assert status.of(lost, NOW + timedelta(seconds=60)).state == "stuck"
    assert diagnose(snapshot(lost)) == ()


def test_a_kill_by_a_probe_of_before_it_was_ready_is_over() -> None:
    lost = lost_readiness(restartCount=1, lastState=ended(137, startedAt=YEARS_AGO))
    killed = object_event(lost, "Killing", "Container app failed liveness probe, will be restarted", ago(600))
    assert found(snapshot(lost, events=(killed,)), "CO10") == []


def test_what_uses_a_store_waits_while_the_store_comes_and_for_its_own_probes_after_that() -> None:
    app = pod(container(running(YEARS_AGO)), conditions=(condition("Ready", "False", lastTransitionTime=LONG_AGO),),
              spec=PROBED, phase="Running")  # fmt: skip
    coming = store_pod(container(PENDING))
    back = store_pod(container(running(), ready=True))
    states = []
    for db, seconds in ((coming, 0), (back, 0), (back, 60)):
        back["status"]["conditions"] = [condition("Ready", "True", lastTransitionTime=ago(5))]
        ready = {**STORE, "status": {**STORE["status"], "readyReplicas": 1 if db is back else 0}}
        world = replace(snapshot(app, ready, db), now=NOW + timedelta(seconds=seconds))
        states.append(diagnosis.of(Observation(world), Target("", "ns", "rel")).verdict.state)
    assert states == ["progressing", "progressing", "stuck"]


# What is being left


NEW = deployment("api", observedGeneration=1)
NEW["spec"]["template"] = template("api", image="i:2")


def replica_set(version: int) -> dict[str, Any]:
    made = template("api", image=f"i:{version}")
    made["metadata"]["labels"]["pod-template-hash"] = f"h{version}"
    spec = {"replicas": 1, "template": made}
    return obj("ReplicaSet", f"api-{version}", owner=NEW, spec=spec, status={"observedGeneration": 1})


NOT_FOUND = container(waiting("ErrImagePull", "not found"))


def test_broken_pods_of_the_version_before_neither_make_it_stuck_nor_are_a_finding() -> None:
    old_set, new_set = replica_set(1), replica_set(2)
    old_set["status"]["conditions"] = [condition("ReplicaFailure", "True", message="exceeded quota: team")]
    NEW["status"]["conditions"] = [condition("ReplicaFailure", "True", message="exceeded quota: team")]
    old = pod(NOT_FOUND, name="api-1-x", owner=old_set)
    new = pod(container(running()), name="api-2-x", owner=new_set, phase="Running")
    world = snapshot(NEW, old_set, new_set, old, new)
    assert world.left == {old_set["metadata"]["uid"], old["metadata"]["uid"]}
    assert diagnose(world) == ()
    assert diagnosis.of(Observation(world), Target("", "ns", "rel")).verdict.state == "progressing"
    broken = pod(NOT_FOUND, name="api-2-x", owner=new_set)
    assert [one.id for one in diagnose(snapshot(NEW, old_set, new_set, old, broken))] == ["CO01"]


def test_a_paused_deployment_leaves_nothing() -> None:
    paused = copy.deepcopy(NEW)
    paused["spec"]["paused"] = True
    old_set = replica_set(1)
    assert snapshot(paused, old_set, pod(NOT_FOUND, owner=old_set)).left == frozenset()


SETS: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("started in order: its controller waits for the pod", {}, {}, False),
    ("started all at once: the pod is taken away", {"podManagementPolicy": "Parallel"}, {}, True),
    ("started all at once, below the partition", {"podManagementPolicy": "Parallel", "updateStrategy": {"rollingUpdate": {"partition": 1}}}, {}, False),
    ("replaced by hand", {"podManagementPolicy": "Parallel", "updateStrategy": {"type": "OnDelete"}}, {}, False),
    ("the change is not seen yet", {}, {"observedGeneration": 0}, True),
]  # fmt: skip


@pytest.mark.parametrize(("what", "spec", "state", "left"), SETS, ids=[row[0] for row in SETS])
def test_a_stateful_sets_broken_pod_is_left_only_when_its_controller_takes_it_away(
    what: str, spec: dict[str, Any], state: dict[str, Any], left: bool
) -> None:
    store = {
        **STORE,
        "spec": {**STORE["spec"], **spec},
        "status": {**STORE["status"], "updateRevision": "db-2", **state},
    }
    broken = store_pod(NOT_FOUND)
    broken["metadata"]["labels"]["controller-revision-hash"] = "db-1"
    assert (broken["metadata"]["uid"] in snapshot(store, broken).left) == left


def test_a_stalled_rollout_of_before_the_change_is_not_the_new_ones() -> None:
    stalled = condition("Progressing", "False", reason="ProgressDeadlineExceeded", lastTransitionTime=YEARS_AGO)
    one = deployment("api", conditions=[stalled])
    uid = one["metadata"]["uid"]
    assert [each.id for each in diagnose(snapshot(one))] == ["TR02"]
    world = snapshot(one, outdated={uid: (stalled,)})
    assert diagnose(world) == ()
    judged = {uid: status.Judged("Deployment", "api", uid, "", status.of(one, NOW))}
    assert judged[uid].status.state == "stuck"
    assert patience.apply(judged, world.objects, NOW, world.outdated)[uid].status.state == "progressing"


NO_ROOM = "0/1 nodes are available: 1 Insufficient cpu."


@pytest.mark.parametrize(("leaving", "heals", "state"), [(False, "no", "stuck"), (True, "yes", "progressing")])
def test_pods_that_end_make_room(leaving: bool, heals: str, state: str) -> None:
    refused = condition("PodScheduled", "False", reason="Unschedulable", message=NO_ROOM)
    waits = pod(name="api-0", conditions=(refused,), owner=NEW)
    NEW["status"].pop("conditions", None)
    going = (pod(name="old-0"),) if not leaving else (obj("Pod", "old-0", metadata={"deletionTimestamp": ago(-20)}),)
    world = snapshot(NEW, waits, *going)
    (one,) = found(world, "SC02")
    assert one.heals == heals
    assert diagnosis.of(Observation(world), Target("", "ns", "rel")).verdict.state == state


def test_an_image_that_waits_its_turn_is_on_its_way() -> None:
    queued = pod(container(waiting("ErrImagePull", "pull QPS exceeded")), owner=NEW)
    world = snapshot(NEW, queued)
    (one,) = diagnose(world)
    assert (one.id, one.heals, one.terminal) == ("CO03", "yes", False)
    assert diagnosis.of(Observation(world), Target("", "ns", "rel")).verdict.state == "progressing"


def test_a_disruption_budget_that_just_changed_is_given_time() -> None:
    state = {"expectedPods": 1, "desiredHealthy": 1, "disruptionsAllowed": 0, "observedGeneration": 1}
    budget = obj("PodDisruptionBudget", "api", metadata=OLD, spec={"minAvailable": 1}, status=state)
    uid = budget["metadata"]["uid"]
    assert len(found(snapshot(budget), "TR13")) == 1
    assert found(snapshot(budget, changed={uid: BEGAN}), "TR13") == []


def test_an_ingress_that_just_changed_is_given_time_to_get_an_address() -> None:
    ingress = obj("Ingress", "api", metadata=OLD, spec={"ingressClassName": "nginx"})
    assert len(found(snapshot(ingress), "TR04")) == 1
    assert found(snapshot(ingress, changed={ingress["metadata"]["uid"]: BEGAN}), "TR04") == []
