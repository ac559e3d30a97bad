"""Findings about pods that are not made, placed, mounted or ended: what each needs, and what its advice may not be."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from tests.core.kube.objects import NOW, condition, container, deployment, obj, pod, running, waiting
from tests.diagnosis.breaking import Bed
from tests.diagnosis.incidents import scheduling as incidents
from wizard.core.kube.objects import Object, ObjectEvent
from wizard.core.rules.finding import Finding
from wizard.core.rules.findings import placement, webhooks
from wizard.core.rules.ranking import diagnose
from wizard.core.rules.snapshot import HelmError, Revision, Snapshot

API = deployment("api")
SET = obj("ReplicaSet", "api-1", owner=API, spec={"replicas": 1}, status={"observedGeneration": 1, "replicas": 1})
DB = obj("StatefulSet", "db", spec={"replicas": 1}, status={"observedGeneration": 1})
VOLUMES = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-db-0"}}]}


def ago(minutes: float) -> str:
    return (NOW - timedelta(minutes=minutes)).isoformat()


def told(about: dict[str, Any], reason: str, message: str, *, minutes: float = 1, count: int = 3) -> ObjectEvent:
    meta = about["metadata"]
    return ObjectEvent(meta["uid"], about["kind"], meta["name"], "Warning", reason, message, count, ago(minutes))


def look(*objects: Object, around: tuple[Object, ...] = (), **rest: Any) -> tuple[Finding, ...]:
    seen = frozenset({"Node", "PersistentVolume"}) if around else frozenset()
    every = {str(one["metadata"]["uid"]): one for one in (API, SET, DB, *objects)}
    beside = {str(one["metadata"]["uid"]): one for one in around}
    return diagnose(Snapshot(every, rest.pop("events", ()), NOW, around=beside, seen=seen, **rest))


def named(found: tuple[Finding, ...], finding_id: str) -> list[Finding]:
    return [one for one in found if one.id == finding_id]


def only(found: tuple[Finding, ...]) -> Finding:
    assert len(found) == 1, found
    return found[0]


def _text(found: Finding) -> str:
    return repr(asdict(found))


# Webhooks

CALLS = [
    ('service "hook" not found', "Service hook in namespace sec is not there", False),
    ('no endpoints available for service "hook"', "Service hook in namespace sec has no endpoints", True),
    ("dial tcp 10.0.0.1:443: connect: connection refused", "refuses the connection", True),
    ("context deadline exceeded", "does not answer in time", True),
    ("tls: failed to verify certificate: x509: certificate signed by unknown authority", "not trusted", False),
    ("tls: failed to verify certificate: x509: certificate has expired or is not yet valid", "has expired", False),
    ("the server could not find the requested resource", "404", False),
    ("EOF", "closes the connection", True),
    ("words that nobody knows", "words that nobody knows", True),
]


@pytest.mark.parametrize(("why", "words", "transient"), CALLS, ids=[row[0][:30] for row in CALLS])
@pytest.mark.parametrize("quote", ['"', '\\"'])
def test_a_failed_call_names_webhook_service_and_reason(why: str, words: str, transient: bool, quote: str) -> None:
    message = (
        f'failed calling webhook "a.b": failed to call webhook: Post "https://hook.sec.svc:443/m?timeout=10s": {why}'
    )
    call = webhooks.failed_call(message.replace('"', quote))
    assert call
    assert (call.name, call.service, call.namespace, call.transient) == ("a.b", "hook", "sec", transient)
    assert words in call.why
    assert "namespace sec" in call.remedy[0]


def test_a_webhook_outside_of_the_cluster_has_no_service() -> None:
    call = webhooks.failed_call('failed calling webhook "a.b": Post "https://hook.acme.test/m?timeout=10s": EOF')
    assert call
    assert (call.host, call.service) == ("hook.acme.test", "")
    assert "hook.acme.test" in call.remedy[0]
    assert webhooks.failed_call('failed calling webhook "a.b"; no further details available')
    assert webhooks.failed_call('admission webhook "a.b" denied the request: no') is None


REFUSALS = [
    ('failed calling webhook "a.b": failed to call webhook: Post "https://h.sec.svc:443/m?timeout=10s": EOF', "failed calling webhook a.b (h.sec.svc): EOF"),
    ('conversion webhook for g/v1, Kind=K failed: Post "https://h.sec.svc:443/c?timeout=30s": EOF', "failed calling webhook g/v1, Kind=K (h.sec.svc): EOF"),
    ('failed calling webhook "a.b"; no further details available', "failed calling webhook a.b: no further details available"),
]  # fmt: skip


@pytest.mark.parametrize(("message", "title"), REFUSALS)
def test_helm_says_which_webhook_stopped_it(message: str, title: str) -> None:
    found = named(look(helm_errors=(HelmError(message, "helm"),), release="r"), "X11")
    assert [one.title for one in found] == [title]


# Nodes


def node(name: str, *taints: dict[str, str], cordoned: bool = False, **labels: str) -> dict[str, Any]:
    spec = {"taints": list(taints), "unschedulable": cordoned}
    return obj("Node", name, metadata={"labels": {"zone": "a", **labels}}, spec=spec, status={})


TERMS: list[tuple[dict[str, Any], bool]] = [
    ({"key": "zone", "operator": "In", "values": ["a", "b"]}, True),
    ({"key": "zone", "operator": "NotIn", "values": ["a"]}, False),
    ({"key": "zone", "operator": "Exists"}, True),
    ({"key": "disk", "operator": "DoesNotExist"}, True),
    ({"key": "cores", "operator": "Gt", "values": ["4"]}, True),
    ({"key": "cores", "operator": "Lt", "values": ["4"]}, False),
    ({"key": "zone", "operator": "Gt", "values": ["4"]}, False),
]


@pytest.mark.parametrize(("rule", "matches"), TERMS)
def test_required_node_affinity_is_matched_as_the_scheduler_does(rule: dict[str, Any], matches: bool) -> None:
    required = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}
    asking = pod(spec={"affinity": {"nodeAffinity": required}})
    here = node("n", cores="8")
    (place,) = placement.places(asking, Snapshot({}, (), NOW, around={"n": here}))
    assert place.matches == matches
    assert str(rule["key"]) in placement.selection(asking)


TOLERATIONS: list[tuple[dict[str, str], dict[str, str], bool]] = [
    ({"key": "a", "value": "b", "effect": "NoSchedule"}, {}, False),
    ({"key": "a", "value": "b", "effect": "NoSchedule"}, {"key": "a", "value": "b"}, True),
    ({"key": "a", "value": "b", "effect": "NoSchedule"}, {"key": "a", "value": "c"}, False),
    ({"key": "a", "value": "b", "effect": "NoSchedule"}, {"key": "a", "operator": "Exists"}, True),
    ({"key": "a", "value": "b", "effect": "NoSchedule"}, {"operator": "Exists", "effect": "NoExecute"}, False),
    ({"key": "a", "value": "b", "effect": "PreferNoSchedule"}, {}, True),
]


@pytest.mark.parametrize(("taint", "toleration", "tolerated"), TOLERATIONS)
def test_taints_and_tolerations(taint: dict[str, str], toleration: dict[str, str], tolerated: bool) -> None:
    asking = pod(spec={"tolerations": [toleration] if toleration else []})
    (place,) = placement.places(asking, Snapshot({}, (), NOW, around={"n": node("n", taint)}))
    assert (not place.taints) == tolerated


GPU, FULL = {"key": "gpu", "effect": "NoSchedule"}, {"key": "node.kubernetes.io/disk-pressure", "effect": "NoSchedule"}
HERE = {"zone": "a"}
ADVICE: list[tuple[str, str, dict[str, Any], tuple[Object, ...], str, str]] = [
    # the scheduler's words, the pod's spec, nodes, the ID, words of the first remedy
    ("own taint", "1 node(s) had untolerated taint(s)", HERE, (node("n", GPU),), "SC03", "add a toleration for gpu:NoSchedule"),
    ("pressure", "1 node(s) had untolerated taint(s)", HERE, (node("n", FULL),), "SC03", "get well (node.kubernetes.io/disk-pressure)"),
    ("both on one node", "1 node(s) had untolerated taint(s)", HERE, (node("n", GPU, FULL),), "SC03", "get well"),
    ("cordoned", "1 node(s) were unschedulable", HERE, (node("n", cordoned=True),), "SC03", "uncordoned"),
    ("nothing selected", "1 node(s) had untolerated taint(s)", {"zone": "b"}, (node("n", GPU),), "SC03", "Correct the node selector"),
    ("taint of another node", "1 node(s) had untolerated taint(s), 1 node(s) were unschedulable", HERE, (node("m", GPU, zone="b"), node("n", cordoned=True)), "SC03", "Have node n uncordoned"),
    ("taint not named, nodes hidden", "1 node(s) had untolerated taint(s)", {}, (), "SC03", "Ask whoever runs the nodes"),
    ("own taint named, nodes hidden", "1 node(s) had untolerated taint {gpu: }", {}, (), "SC03", "add a toleration"),
    ("pressure named, nodes hidden", "1 node(s) had untolerated taint {node.kubernetes.io/memory-pressure: }", {}, (), "SC03", "get well"),
    ("selector and taint, nodes hidden", "1 node(s) had untolerated taint {gpu: }, 1 node(s) didn't match Pod's node affinity/selector", {}, (), "SC03", "Correct the node selector"),
    ("full, another cordoned", "1 Insufficient cpu, 1 node(s) were unschedulable", HERE, (node("m", cordoned=True), node("n")), "SC02", "Lower the request for cpu"),
    ("apart", "1 node(s) didn't match pod anti-affinity rules", HERE, (node("n"),), "SC04", "Run fewer replicas"),
    ("apart by zones", "1 node(s) didn't match pod topology spread constraints", HERE, (node("n"),), "SC04", "Run fewer replicas"),
    ("port", "1 node(s) didn't have free ports for the requested pod ports", HERE, (node("n"),), "SC06", "Remove the host port"),
    ("zone, nodes hidden", "1 node(s) had volume node affinity conflict", {}, (), "SC05", "own zone or on its own host"),
    ("no volume to bind", "1 node(s) didn't find available persistent volumes to bind", HERE, (node("n"),), "SC05", "ask whoever runs storage"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("what", "words", "selector", "nodes", "rule", "remedy"), ADVICE, ids=[row[0] for row in ADVICE]
)
def test_the_advice_depends_on_the_nodes(
    what: str, words: str, selector: dict[str, Any], nodes: tuple[Object, ...], rule: str, remedy: str
) -> None:
    refused = condition("PodScheduled", "False", reason="Unschedulable", message=f"0/2 nodes are available: {words}.")
    found = only(look(pod(owner=SET, conditions=(refused,), spec={"nodeSelector": selector}), around=nodes))
    assert found.id == rule
    assert remedy in found.remedy[0]
    tolerated = [text for text in found.remedy if "toleration" in text]
    assert bool(tolerated) == ("own taint" in what)
    assert not any("node.kubernetes.io" in text for text in tolerated)
    assert "label a node" not in _text(found)


PINNED = {"required": {"nodeSelectorTerms": [{"matchExpressions": [TERMS[0][0] | {"values": ["a"]}]}]}}
ZONES: list[tuple[str, tuple[Object, ...], dict[str, str], str]] = [
    ("only a cordoned node", (node("n", cordoned=True), node("m", zone="b")), {}, "Have node n uncordoned"),
    ("only a full node", (node("n"), node("m", zone="b")), {}, "node n has too little cpu"),
    ("no node at all", (node("m", zone="b"),), {}, "bring it back"),
    ("left out by the selector", (node("n"), node("m", zone="b", disk="x")), {"disk": "x"}, "it leaves out node n"),
]


@pytest.mark.parametrize(("what", "nodes", "selector", "remedy"), ZONES, ids=[row[0] for row in ZONES])
def test_a_volume_keeps_its_pod_in_its_zone(
    what: str, nodes: tuple[Object, ...], selector: dict[str, str], remedy: str
) -> None:
    words = "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) didn't match PersistentVolume's node affinity."
    refused = condition("PodScheduled", "False", reason="Unschedulable", message=words)
    waits = pod(name="db-0", owner=DB, conditions=(refused,), spec={**VOLUMES, "nodeSelector": selector})
    claim = obj("PersistentVolumeClaim", "data-db-0", spec={"volumeName": "pv"}, status={"phase": "Bound"})
    volume = obj("PersistentVolume", "pv", spec={"nodeAffinity": PINNED})
    found = only(look(waits, claim, around=(volume, *nodes)))
    assert found.id == "SC05"
    assert remedy in found.remedy[0]
    assert "label a node" not in _text(found)
    assert "PersistentVolume/pv spec.nodeAffinity: zone In a (claim data-db-0)" in found.lines


def test_why_the_autoscaler_does_not_help_is_evidence() -> None:
    refused = condition(
        "PodScheduled", "False", reason="Unschedulable", message="0/1 nodes are available: 1 Insufficient cpu."
    )
    waits = pod(owner=SET, conditions=(refused,))
    words = "pod didn't trigger scale-up: 2 max node group size reached"
    before = told(waits, "TriggeredScaleUp", "pod triggered scale-up: [{a 1->2 (max: 2)}]", minutes=9)
    found = only(look(waits, events=(before, told(waits, "NotTriggerScaleUp", words))))
    assert found.heals == "no"
    assert f"Pod/api-0 event NotTriggerScaleUp: {words}" in found.lines


def test_nodes_that_hold_no_more_volumes_have_no_room() -> None:
    words = "0/3 nodes are available: 1 node(s) had untolerated taint {a: b}, 2 node(s) exceed max volume count."
    refused = condition("PodScheduled", "False", reason="Unschedulable", message=words)
    found = only(look(pod(name="db-0", owner=DB, conditions=(refused,))))
    assert (found.id, found.object) == ("SC02", "StatefulSet/db")
    assert "2 of 3: too many volumes already" in found.title
    assert "only so many volumes" in found.remedy[0]


SURGES = [
    # replicas that are ready, what the autoscaler said, minutes since the scheduler's refusal, the finding
    (1, "TriggeredScaleUp", 1.0, ""),
    (1, "Nominated", 4.0, ""),
    (1, "TriggeredScaleUp", 6.0, "SC02"),
    (1, "NotTriggerScaleUp", 1.0, "SC02"),
    (1, "", 1.0, "SC02"),
    (0, "TriggeredScaleUp", 1.0, "SC02"),
]


@pytest.mark.parametrize(("ready", "said", "minutes", "rule"), SURGES)
def test_a_pod_of_a_surge_may_wait_for_the_autoscalers_node(ready: int, said: str, minutes: float, rule: str) -> None:
    words = "0/1 nodes are available: 1 Insufficient cpu."
    refused = condition("PodScheduled", "False", reason="Unschedulable", message=words)
    waits = pod(owner=SET, conditions=({**refused, "lastTransitionTime": ago(minutes)},))
    root = {**API, "spec": {**API["spec"], "replicas": 1}, "status": {**API["status"], "readyReplicas": ready}}
    events = (told(waits, said, "words"),) if said else ()
    assert [one.id for one in look(root, waits, events=events)] == ([rule] if rule else [])


# Volumes and pods that move: patience

CREATING = container(waiting("ContainerCreating"))
MULTI = 'Multi-Attach error for volume "pv" Volume is already used by pod(s) db-old'


def starting(minutes: float, **rest: Any) -> dict[str, Any]:
    placed = {**condition("PodScheduled", "True"), "lastTransitionTime": ago(minutes)}
    return pod(CREATING, name="db-0", owner=DB, conditions=(placed,), spec={**VOLUMES, "nodeName": "n", **rest})


MOUNTS = [
    # the reason of the event, its words, minutes since scheduling, the finding
    ("FailedAttachVolume", MULTI, 5.0, "VO04"),
    ("FailedAttachVolume", MULTI, 0.5, ""),
    # drivers of Google Cloud, Azure, OpenStack and Ceph
    (
        "FailedAttachVolume",
        "Failed to Attach: operation failed (RESOURCE_IN_USE_BY_ANOTHER_RESOURCE): The disk is already being used by 'vm-1'",
        5.0,
        "VO04",
    ),
    (
        "FailedAttachVolume",
        "disk(/subscriptions/1/disks/pv) already attached to node(vm-1), could not be attached to node(vm-2)",
        5.0,
        "VO04",
    ),
    ("FailedAttachVolume", "disk 1f-2e path /dev/vdb is attached to a different instance (3d-4c)", 5.0, "VO04"),
    (
        "FailedAttachVolume",
        "rpc error: code = Internal desc = rbd image replicapool/csi-vol-1 is still being used",
        5.0,
        "VO04",
    ),
    ("FailedMount", "MountVolume.MountDevice failed: rbd image replicapool/csi-vol-1 is still being used", 5.0, "VO05"),
    ("FailedMount", 'MountVolume.SetUp failed for volume "pv" : mount failed: exit status 32', 5.0, "VO05"),
    ("FailedMount", 'MountVolume.SetUp failed for volume "pv" : mount failed: exit status 32', 1.0, ""),
    ("FailedMount", 'MountVolume.SetUp failed for volume "t" : secret "tls" not found', 5.0, "CO06"),
    ("FailedCreatePodSandBox", "failed to setup network for sandbox", 5.0, "CO14"),
    ("FailedCreatePodSandBox", "failed to setup network for sandbox", 0.5, ""),
    ("FailedCreatePodSandBox", "container init was OOM-killed (memory limit too low?)", 5.0, "CO09"),
]


@pytest.mark.parametrize(("reason", "words", "minutes", "rule"), MOUNTS)
def test_what_keeps_a_container_from_being_made(reason: str, words: str, minutes: float, rule: str) -> None:
    waits = starting(minutes)
    found = look(waits, events=(told(waits, reason, words),))
    assert [one.id for one in found] == ([rule] if rule else [])
    assert not any("force" in text.lower() for one in found for text in one.remedy)


def test_an_attached_volume_and_a_started_container_end_the_alarm() -> None:
    waits = starting(5)
    events = (
        told(waits, "FailedAttachVolume", MULTI, minutes=4),
        told(waits, "SuccessfulAttachVolume", "AttachVolume.Attach succeeded"),
    )
    assert look(waits, events=events) == ()
    runs = starting(5)
    runs["status"]["containerStatuses"] = [container(running(), ready=True, containerID="c://1")]
    assert named(look(runs, events=(told(runs, "FailedAttachVolume", MULTI),)), "VO04") == []


def test_two_pods_of_one_deployment_that_share_a_volume_need_recreate() -> None:
    old = pod(
        container(running(), ready=True), name="api-old", owner=SET, phase="Running", spec={**VOLUMES, "nodeName": "m"}
    )
    new = starting(5) | {"metadata": {**starting(5)["metadata"], "ownerReferences": old["metadata"]["ownerReferences"]}}
    claim = obj("PersistentVolumeClaim", "data-db-0", spec={"volumeName": "pv"}, status={"phase": "Bound"})
    found = named(look(old, new, claim, events=(told(new, "FailedAttachVolume", MULTI),)), "VO04")
    assert [one.heals for one in found] == ["no"]
    assert "Recreate" in found[0].remedy[0]
    assert "node m for pod api-old" in found[0].title


# Claims


def claim(**meta: Any) -> dict[str, Any]:
    spec = {"volumeName": "pv", "resources": {"requests": {"storage": "2Gi"}}}
    status = {"phase": "Bound", "capacity": {"storage": "1Gi"}}
    return obj("PersistentVolumeClaim", "data-db-0", metadata=meta, spec=spec, status=status)


def test_a_claim_that_is_being_deleted_is_saved_first() -> None:
    holder = pod(
        container(running(), ready=True), name="db-0", owner=DB, phase="Running", spec={**VOLUMES, "nodeName": "n"}
    )
    leaving = claim(deletionTimestamp=ago(1), finalizers=["kubernetes.io/pvc-protection"])
    found = named(look(holder, leaving), "VO10")
    assert [(one.object, one.urgent, one.heals) for one in found] == [("PersistentVolumeClaim/data-db-0", True, "no")]
    assert found[0].remedy[0].startswith("Save its data now, while pod db-0")
    assert "Don't stop, restart or scale down pod db-0" in found[0].avoid[0]
    assert named(look(holder, leaving, revisions=(Revision(1, "uninstalling"),)), "VO10") == []


def test_a_missing_claim_is_named_unless_it_has_come_meanwhile() -> None:
    message = 'persistentvolumeclaim "data-db-0" not found'
    refused = {
        **condition("PodScheduled", "False", reason="Unschedulable", message=message),
        "lastTransitionTime": ago(2),
    }
    waits = pod(name="db-0", owner=DB, conditions=(refused,), spec=VOLUMES)
    assert only(look(waits)).title == "claim data-db-0 is not there"
    assert named(look(waits, claim()), "VO09") == []


RESIZES = [
    ("FileSystemResizePending", 20.0, ["VO08"]), ("FileSystemResizePending", 2.0, []), ("Resizing", 20.0, ["VO08"]),
    ("Resizing", 2.0, []), ("NodeResizeError", 0.5, ["VO08"]),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "minutes", "rules"), RESIZES)
def test_a_claim_that_does_not_grow(kind: str, minutes: float, rules: list[str]) -> None:
    grows = claim()
    grows["status"]["conditions"] = [{**condition(kind, "True"), "lastTransitionTime": ago(minutes)}]
    found = look(grows)
    assert [one.id for one in found] == rules
    assert not any(one.urgent for one in found)


PROVISIONS = [
    ("ExternalProvisioning", "by the external provisioner 'a.b' or manually", 20, 5.0, ["VO03"]),
    ("ExternalProvisioning", "by the external provisioner 'a.b' or manually", 3, 5.0, []),
    ("ProvisioningFailed", "rpc error: code = ResourceExhausted desc = quota", 1, 5.0, ["VO03"]),
    ("ProvisioningFailed", "rpc error: code = ResourceExhausted desc = quota", 1, 1.0, []),
]


@pytest.mark.parametrize(("reason", "words", "count", "minutes", "rules"), PROVISIONS)
def test_a_provisioner_gets_time(reason: str, words: str, count: int, minutes: float, rules: list[str]) -> None:
    waits = obj("PersistentVolumeClaim", "data-db-0", metadata={"creationTimestamp": ago(minutes)},
                spec={"storageClassName": "fast"}, status={"phase": "Pending"})  # fmt: skip
    found = look(waits, events=(told(waits, reason, words, count=count),))
    assert [one.id for one in found] == rules


# Pods that lose their place, are not looked at, or do not end


def test_a_pod_that_no_scheduler_looks_at() -> None:
    new, old = pod(owner=SET), pod(owner=SET, spec={"schedulerName": "volcano"})
    old["metadata"]["creationTimestamp"] = ago(5)
    assert look(new) == ()
    assert only(look(old)).title == "no scheduler has looked at it: volcano is named, and has said nothing"


def test_a_quick_replacement_makes_an_eviction_a_note_and_a_drain_nothing() -> None:
    ready = deployment("api") | {"status": {"observedGeneration": 1, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1,
                                            "availableReplicas": 1}}  # fmt: skip
    for reason, rules in (("TerminationByKubelet", ["SC07"]), ("EvictionByEvictionAPI", [])):
        target = {**condition("DisruptionTarget", "True", reason=reason), "lastTransitionTime": ago(3)}
        lost = pod(name="api-old", owner=SET, phase="Failed", conditions=(target,), reason="Evicted")
        found = look(ready, lost)
        assert [one.id for one in found] == rules
        assert not any(one.urgent for one in found)


@pytest.mark.parametrize(("due", "rules"), [(2.0, []), (-3.0, ["SC07"])])
def test_a_store_that_is_drained_gets_its_grace_period(due: float, rules: list[str]) -> None:
    target = {**condition("DisruptionTarget", "True", reason="EvictionByEvictionAPI"), "lastTransitionTime": ago(4)}
    ends = pod(container(running()), name="db-0", owner=DB, conditions=(target,), phase="Running")
    ends["metadata"]["deletionTimestamp"] = ago(-due)
    assert [one.id for one in look(ends)] == rules


def test_a_pod_of_a_node_that_is_gone_waits_for_the_control_plane() -> None:
    ends = pod(container(running()), name="db-0", owner=DB, phase="Running", spec={"nodeName": "n"})
    ends["metadata"]["deletionTimestamp"] = ago(20)
    assert only(look(ends, around=(node("m"),))).title.endswith("its node n is not there any more")


ENDS: list[tuple[str, Object, float, list[str], bool]] = [
    ("a StatefulSet's", DB, 20, ["CO15"], True),
    ("a Deployment's", SET, 20, ["CO15"], False),
    ("within its patience", DB, 3, [], False),
]


@pytest.mark.parametrize(("what", "owner", "minutes", "rules", "urgent"), ENDS, ids=[row[0] for row in ENDS])
def test_a_pod_that_does_not_end(what: str, owner: Any, minutes: float, rules: list[str], urgent: bool) -> None:
    ends = pod(container(running()), name="db-0", owner=owner, phase="Running", spec={"nodeName": "n"})
    ends["metadata"]["deletionTimestamp"] = ago(minutes)
    found = look(ends)
    assert [one.id for one in found] == rules
    assert [one.urgent for one in found] == [urgent for _ in rules]
    for one in found:
        assert any("force-delete" in text for text in one.avoid) == (owner is DB)


@pytest.mark.parametrize("case", incidents.CASES, ids=lambda case: case.name)
def test_no_advice_loses_data_or_defeats_what_protects(case: Any) -> None:
    bed = Bed()
    case.breaks(bed)
    for found in diagnose(bed.world.snapshot()):
        for text in (*found.remedy, *found.commands):
            words = text.lower()
            assert not any(
                bad in words
                for bad in ("--force", "force-delete", "label a node", "delete the webhook", "delete the claim")
            )
            assert not ("toleration" in words and "kubernetes.io/" in words)
