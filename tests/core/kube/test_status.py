from __future__ import annotations

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
from wizard.core.kube import status
from wizard.core.kube.status import Judged, Status
from wizard.core.text.time import parse_time

UNSCHEDULABLE = condition(
    "PodScheduled", "False", reason="Unschedulable", message="0/3 nodes are available: 3 Insufficient cpu."
)
SCHEDULED = condition("PodScheduled", "True")
UNBOUND = condition(
    "PodScheduled", "False", reason="Unschedulable", message="pod has unbound immediate PersistentVolumeClaims."
)
STATEFUL = {"observedGeneration": 1, "currentRevision": "a", "updateRevision": "a"}

TABLE: list[tuple[str, dict[str, Any], str, str, str]] = [
    # what, object, state, summary, words of the reason
    ("all pods available", deployment(readyReplicas=1, updatedReplicas=1, replicas=1, availableReplicas=1), "ready", "1 of 1", "ready"),
    ("change not seen yet", deployment(observedGeneration=0, readyReplicas=1, updatedReplicas=1, availableReplicas=1), "progressing", "1 of 1", "has not seen"),
    ("nothing updated", deployment(wanted=3, readyReplicas=3, updatedReplicas=1, replicas=4, availableReplicas=3), "progressing", "3 of 3", "1 of 3 pods are of the new version"),
    ("not available", deployment(wanted=2, readyReplicas=1, updatedReplicas=2, replicas=2, availableReplicas=1), "progressing", "1 of 2", "1 not ready yet"),
    ("old pods leave", deployment(readyReplicas=1, updatedReplicas=1, replicas=2, availableReplicas=1), "progressing", "1 of 1", "1 old pods"),
    ("scaled to zero", deployment(wanted=0), "ready", "0 of 0", "scaled to zero"),
    ("deadline", deployment(updatedReplicas=1, conditions=[condition("Progressing", "False", reason="ProgressDeadlineExceeded")]), "stuck", "0 of 1", "stalled"),
    ("pods refused", deployment(conditions=[condition("ReplicaFailure", "True", message="exceeded quota")]), "stuck", "0 of 1", "exceeded quota"),
    ("paused", obj("Deployment", "api", spec={"replicas": 1, "paused": True}, status={"observedGeneration": 1}), "stuck", "0 of 1", "paused"),
    ("set ready", obj("StatefulSet", "db", spec={"replicas": 1}, status={**STATEFUL, "readyReplicas": 1}), "ready", "1 of 1", "ready"),
    ("set not ready", obj("StatefulSet", "db", spec={"replicas": 2}, status={**STATEFUL, "readyReplicas": 1}), "progressing", "1 of 2", "1 not ready"),
    ("set rolls", obj("StatefulSet", "db", spec={"replicas": 2}, status={**STATEFUL, "updateRevision": "b", "readyReplicas": 2, "updatedReplicas": 1}), "progressing", "2 of 2", "1 of 2 pods are of the new"),
    ("set rolled to its partition", obj("StatefulSet", "db", spec={"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}}, status={**STATEFUL, "updateRevision": "b", "readyReplicas": 2, "updatedReplicas": 1}), "ready", "2 of 2", "ready"),
    ("set change not seen", obj("StatefulSet", "db", spec={"replicas": 1}, status={**STATEFUL, "observedGeneration": 0, "readyReplicas": 1}), "progressing", "1 of 1", "has not seen"),
    ("replica set refused", obj("ReplicaSet", "r", spec={"replicas": 1}, status={"observedGeneration": 1, "conditions": [condition("ReplicaFailure", "True", message="forbidden")]}), "stuck", "0 of 1", "forbidden"),
    ("replica set ready", obj("ReplicaSet", "r", spec={"replicas": 1}, status={"observedGeneration": 1, "readyReplicas": 1}), "ready", "1 of 1", "ready"),
    ("daemon set", obj("DaemonSet", "d", spec={}, status={"observedGeneration": 1, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 2}), "progressing", "2 of 3", "1 not ready"),
    ("daemon set without nodes", obj("DaemonSet", "d", spec={}, status={"observedGeneration": 1}), "ready", "0 of 0", "no node matches"),
    ("job done", obj("Job", "m", spec={}, status={"succeeded": 1, "conditions": [condition("Complete", "True")]}), "ready", "1 of 1", "done"),
    ("job failed", obj("Job", "m", spec={}, status={"failed": 3, "conditions": [condition("Failed", "True", reason="BackoffLimitExceeded", message="too often")]}), "failed", "0 of 1", "BackoffLimitExceeded: too often"),
    ("job runs", obj("Job", "m", spec={}, status={"active": 1, "failed": 1}), "progressing", "0 of 1", "1 running, 1 try failed"),
    ("job suspended", obj("Job", "m", spec={"suspend": True}, status={}), "stuck", "0 of 1", "suspended"),
    ("claim bound", obj("PersistentVolumeClaim", "c", spec={}, status={"phase": "Bound"}), "ready", "Bound", "ready"),
    ("claim pending", obj("PersistentVolumeClaim", "c", spec={"storageClassName": "gp2"}, status={"phase": "Pending"}), "progressing", "Pending", "class gp2"),
    ("claim lost", obj("PersistentVolumeClaim", "c", spec={}, status={"phase": "Lost"}), "failed", "Lost", "volume is gone"),
    ("pod ready", pod(container(running(), ready=True), conditions=(condition("Ready", "True"),), phase="Running"), "ready", "Running", "ready"),
    ("pod done", pod(phase="Succeeded"), "ready", "Completed", "done"),
    ("pod evicted", pod(phase="Failed", reason="Evicted", message="The node was low on memory"), "failed", "Evicted", "low on memory"),
    ("pod failed without words", pod(container(ended(3)), phase="Failed"), "failed", "Failed", "exit code 3"),
    ("unschedulable", pod(conditions=(UNSCHEDULABLE,)), "stuck", "Unschedulable", "3 Insufficient cpu"),
    ("waits for its claim", pod(conditions=(UNBOUND,)), "progressing", "Pending", "waits for its volume"),
    ("scheduling gate", pod(conditions=(condition("PodScheduled", "False", reason="SchedulingGated"),)), "progressing", "SchedulingGated", "gate"),
    ("scheduled, nothing yet", pod(conditions=(SCHEDULED,)), "progressing", "Pending", "waits for its node"),
    ("being created", pod(container(waiting("ContainerCreating"))), "progressing", "ContainerCreating", "being prepared"),
    ("unknown waiting reason", pod(container(waiting("FromTheFuture", "who knows"))), "progressing", "FromTheFuture", "who knows"),
    ("exited, to be restarted", pod(container(ended(1)), phase="Running"), "progressing", "Error", "exit code 1"),
    ("init runs", pod(spec={"initContainers": [{"name": "wait"}]}, initContainerStatuses=[container(running(), "wait")]), "progressing", "Init:0/1", "init container wait is running"),
    ("init failed once", pod(spec={"initContainers": [{"name": "wait"}]}, initContainerStatuses=[container(ended(2), "wait")]), "progressing", "Init:0/1", "exit code 2"),
    ("init image missing", pod(spec={"initContainers": [{"name": "wait"}]}, initContainerStatuses=[container(waiting("ErrImagePull", "no"), "wait")]), "stuck", "ErrImagePull", "container wait: no"),
    ("runs, not ready, young", pod(container(running()), conditions=(condition("Ready", "False"),), phase="Running"), "progressing", "NotReady", "not ready yet"),
    ("runs, was ready until now", pod(container(running(LONG_AGO)), conditions=(condition("Ready", "False"),), phase="Running"), "progressing", "NotReady", "not ready yet"),
    ("runs, not ready, for long", pod(container(running(LONG_AGO)), conditions=(condition("Ready", "False", lastTransitionTime=LONG_AGO),), phase="Running"), "stuck", "NotReady", "runs but is not ready"),
    ("readiness gate", pod(container(running(), ready=True), conditions=(condition("Ready", "False"), condition("ContainersReady", "True")), spec={"readinessGates": [{"conditionType": "lb/ready"}]}, phase="Running"), "progressing", "Running", "lb/ready"),
    ("leaving", obj("Pod", "p", metadata={"deletionTimestamp": BEGAN}), "progressing", "Terminating", "being removed"),
    ("does not leave", obj("Pod", "p", metadata={"deletionTimestamp": LONG_AGO}), "stuck", "Terminating", "node does not confirm"),
    ("service", obj("Service", "s", spec={"type": "ClusterIP"}), "ready", "ClusterIP", "made"),
    ("load balancer pending", obj("Service", "s", spec={"type": "LoadBalancer"}), "progressing", "LoadBalancer", "no address"),
    ("load balancer", obj("Service", "s", spec={"type": "LoadBalancer"}, status={"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}), "ready", "LoadBalancer", "192.0.2.1"),
    ("ingress without address", obj("Ingress", "i", spec={"rules": [{"host": "a.example"}]}), "progressing", "a.example", "no ingress controller"),
    ("autoscaler blind", obj("HorizontalPodAutoscaler", "h", spec={"maxReplicas": 5}, status={"conditions": [condition("ScalingActive", "False", message="no metrics")]}), "progressing", "0 in 1-5", "no metrics"),
    ("disruption budget", obj("PodDisruptionBudget", "b", spec={}, status={"currentHealthy": 2, "desiredHealthy": 1, "disruptionsAllowed": 1}), "ready", "2 of 1", "1 may be disrupted"),
    ("another kind", obj("ConfigMap", "c"), "ready", "made", ""),
]  # fmt: skip


@pytest.mark.parametrize(("what", "thing", "state", "summary", "words"), TABLE, ids=[row[0] for row in TABLE])
def test_the_status_of_an_object(what: str, thing: dict[str, Any], state: str, summary: str, words: str) -> None:
    said = status.of(thing, NOW)
    assert (said.state, said.summary) == (state, summary)
    assert words in said.reason


@pytest.mark.parametrize(
    "reason",
    sorted(status.IMAGE_REASONS | status.CONFIG_REASONS | status.START_REASONS | status.CRASH_REASONS),
)
def test_every_known_bad_waiting_reason_is_stuck_at_once(reason: str) -> None:
    said = status.of(pod(container(waiting(reason, "the words"))), NOW)
    assert (said.state, said.summary) == ("stuck", reason)
    assert "the words" in said.reason


def test_how_long_a_container_may_be_unready_comes_from_its_own_probes() -> None:
    probes = {
        "startupProbe": {"periodSeconds": 5, "failureThreshold": 30},
        "readinessProbe": {"periodSeconds": 10, "failureThreshold": 3, "initialDelaySeconds": 5},
    }
    assert status.probe_budget(probes) == timedelta(seconds=150 + 35)
    assert status.probe_budget(probes, starting=True) == timedelta(seconds=150)
    assert status.probe_budget({}) == timedelta(seconds=20)


def starting_pod(since: str, *, started: bool = False, **rest: Any) -> dict[str, Any]:
    startup, readiness = {"periodSeconds": 2, "failureThreshold": 15}, {"periodSeconds": 5}
    spec = {"containers": [{"name": "app", "startupProbe": startup, "readinessProbe": readiness}]}
    unready = condition("Ready", "False") | {"lastTransitionTime": LONG_AGO}
    one = container(running(since), started=started, **rest)
    return pod(one, spec=spec, phase="Running", conditions=(unready,))


BEFORE = "2026-01-01T11:59:25Z"
STARTS: list[tuple[str, dict[str, Any], str, str]] = [
    ("within its startup probe", starting_pod(BEGAN), "progressing", "not ready yet (its probes allow 30 s)"),
    ("started, within its probes", starting_pod(BEFORE, started=True), "progressing", "allow 45 s"),
    ("beyond its startup probe", starting_pod(BEFORE), "stuck", "runs but is not ready"),
    ("restarted by its probe, not ready since before", starting_pod(BEGAN, restartCount=1, lastState=ended(137, startedAt=BEFORE)), "stuck", "runs but is not ready"),
    ("between two crashes", starting_pod(BEGAN, restartCount=2, lastState=ended(1, startedAt=BEFORE)), "stuck", "ends again and again, exit code 1"),
    ("restarted after long lives", starting_pod(BEGAN, restartCount=2, lastState=ended(1, startedAt="2026-01-01T08:00:00Z")), "stuck", "runs but is not ready"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "thing", "state", "words"), STARTS, ids=[row[0] for row in STARTS])
def test_a_pod_that_is_not_ready_is_stuck_beyond_what_its_probes_allow(
    what: str, thing: dict[str, Any], state: str, words: str
) -> None:
    said = status.of(thing, NOW)
    assert said.state == state
    assert words in said.reason


def judged(kind: str, name: str, state: Any, owner: str = "", reason: str = "because") -> Judged:
    return Judged(kind, name, name, owner, Status(state, "", reason))


VERDICTS: list[tuple[str, list[Judged], list[str], str, str]] = [
    ("nothing there", [], [], "unknown", "no workload"),
    ("nothing there and nothing seen", [], ["Deployment"], "unknown", "cannot see Deployment"),
    ("all ready", [judged("Deployment", "api", "ready"), judged("PersistentVolumeClaim", "c", "ready")], [], "ready", "2 of 2"),
    ("reachability does not hold back", [judged("Deployment", "api", "ready"), judged("Ingress", "i", "progressing")], [], "ready", "1 of 1"),
    ("ready, but a workload kind is out of sight", [judged("Deployment", "api", "ready")], ["Job"], "unknown", "Job cannot be seen"),
    ("ready, and only events are out of sight", [judged("Deployment", "api", "ready")], ["Event"], "ready", ""),
    ("one is on its way", [judged("Deployment", "api", "ready"), judged("StatefulSet", "db", "progressing")], [], "progressing", "StatefulSet/db"),
    ("its pod is stuck", [judged("Deployment", "api", "progressing"), judged("ReplicaSet", "rs", "progressing", "api"), judged("Pod", "p", "stuck", "rs", "no image")], [], "stuck", "Pod/p: no image"),
    ("an old stuck pod of a ready workload", [judged("Deployment", "api", "ready"), judged("Pod", "p", "stuck", "api")], [], "ready", ""),
    ("a failed job is worse than a stuck pod", [judged("Job", "m", "failed"), judged("Deployment", "api", "stuck")], [], "failed", "Job/m"),
]  # fmt: skip


@pytest.mark.parametrize(("what", "members", "blind", "state", "words"), VERDICTS, ids=[row[0] for row in VERDICTS])
def test_the_verdict_of_a_release(what: str, members: list[Judged], blind: list[str], state: str, words: str) -> None:
    said = status.release(members, blind)
    assert said.state == state
    assert words in said.reason


def test_owners_in_a_circle_end() -> None:
    first, second = judged("ReplicaSet", "a", "ready", "b"), judged("ReplicaSet", "b", "ready", "a")
    assert status.root_uid(first, {"a": first, "b": second}) == "b"


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("2026-01-01T12:00:00Z", 12), ("2026-01-01T12:00:00+02:00", 10), ("", None), ("now", None), (None, None), (7, None),
        ("2026-01-01T12:00:00", None), ("9999-12-31T23:59:59-14:00", None), ("0001-01-01T00:00:00+23:59", None),
    ],
)  # fmt: skip
def test_a_time_is_one_with_its_offset_and_nothing_else_raises(text: object, hour: int | None) -> None:
    found = parse_time(text)
    assert (found.hour if found else None) == hour


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ([{"ip": "192.0.2.1", "hostname": "lb.test"}, {"hostname": "other.test"}, {}], ("192.0.2.1", "other.test")),
        (None, ()),
    ],
)
def test_an_address_is_shown_as_kubectl_shows_it(given: Any, addresses: tuple[str, ...]) -> None:
    assert status.addresses(obj("Service", "s", status={"loadBalancer": {"ingress": given}})) == addresses
    assert status.addresses({"status": None}) == ()
