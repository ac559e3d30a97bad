"""Pods that are not made, not scheduled, evicted or do not end, their volumes and nodes.

Words are those of the API server, kube-scheduler, kubelet, attach-detach controller, containerd and CNI plugins; older
and newer ones where they changed (a taint is not named since Kubernetes 1.34).
"""

from __future__ import annotations

from typing import Any

from tests.diagnosis.breaking import APP, DB, Bed, Break, all_of
from tests.diagnosis.cases import API, RELEASE, STORE, Case
from wizard.core.kube.objects import ObjectEvent

CLAIM = "PersistentVolumeClaim/data-llm-cost-ops-postgresql-0"
STORE_ADDRESS = "llm-cost-ops-postgresql:5432"


def _store_away(bed: Bed) -> None:
    bed.app_misses(STORE_ADDRESS)


# apiserver pkg/admission/plugin/webhook: "Internal error occurred: failed calling webhook NAME: failed to call webhook: ..."
def called(why: str, service: str = "kyverno-svc.kyverno.svc:443", name: str = "mutate.kyverno.svc-fail") -> str:
    url = f'Post "https://{service}/mutate/fail?timeout=10s"'
    return f'Internal error occurred: failed calling webhook "{name}": failed to call webhook: {url}: {why}'


NO_SERVICE = 'service "kyverno-svc" not found'
NO_ENDPOINTS = 'no endpoints available for service "kyverno-svc"'
REFUSED = "dial tcp 10.96.41.7:443: connect: connection refused"
SLOW = "context deadline exceeded"
UNTRUSTED = "tls: failed to verify certificate: x509: certificate signed by unknown authority"


def _no_pods(why: str) -> Break:
    return lambda bed: bed.not_made(APP, called(why))


def _store_not_made(bed: Bed) -> None:
    words = called(NO_ENDPOINTS)
    bed.not_made(DB, words)
    root = bed.root(DB)
    bed.event(root, "FailedCreate", f"create Pod llm-cost-ops-postgresql-0 in StatefulSet failed error: {words}")
    _store_away(bed)


def _no_replica_set(bed: Bed) -> None:
    # pkg/controller/deployment/sync.go
    words = f'Failed to create new replica set "llm-cost-ops-7c9": {called(NO_SERVICE)}'
    for one in bed.root(APP)["status"]["conditions"]:
        if one["type"] == "Progressing":
            one.update(status="False", reason="ReplicaSetCreateError", message=words, lastTransitionTime=bed.ago(9))


def _helm_stopped(words: str) -> Break:
    def act(bed: Bed) -> None:
        bed.record(
            "deployed", "failed", description=f'Upgrade "llm-cost-ops" failed: failed to create resource: {words}'
        )

    return act


# Volumes


def _claim(bed: Bed) -> dict[str, Any]:
    return next(one for one in bed.every("PersistentVolumeClaim") if "postgresql" in one["metadata"]["name"])


def _pvc(bed: Bed) -> str:
    return str(_claim(bed)["spec"]["volumeName"])


def _without_claim(words: str) -> Break:
    def act(bed: Bed) -> None:
        bed.world.objects.remove(_claim(bed))
        bed.unscheduled(DB, words)
        _store_away(bed)

    return act


def _deleted_claim(bed: Bed) -> None:
    _claim(bed)["metadata"]["deletionTimestamp"] = bed.ago(4)


def _starting(component: str, reason: str, words: str, minutes: float = 20, count: int = 9) -> Break:
    """Its pods were scheduled so long ago, and their containers do not start."""

    def act(bed: Bed) -> None:
        bed.waits(component, "ContainerCreating", "")
        for pod in bed.pods(component):
            for one in pod["status"]["conditions"]:
                if one["type"] == "PodScheduled":
                    one["lastTransitionTime"] = bed.ago(minutes)
            bed.event(pod, reason, words.replace("PVC", _pvc(bed)), count=count)

    return act


# pkg/controller/volume/attachdetach/reconciler/reconciler.go
EXCLUSIVE = 'Multi-Attach error for volume "PVC" Volume is already exclusively attached to one node and can\'t be attached to another'
USED_BY = 'Multi-Attach error for volume "PVC" Volume is already used by pod(s) llm-cost-ops-postgresql-old'


def _held_by_a_terminating_pod(bed: Bed) -> None:
    _starting(DB, "FailedAttachVolume", USED_BY)(bed)
    (pod,) = bed.pods(DB)
    old = {**pod, "metadata": {**pod["metadata"], "name": "llm-cost-ops-postgresql-old", "uid": "old",
                               "ownerReferences": [], "deletionTimestamp": bed.ago(2)}}  # fmt: skip
    old["spec"] = {**pod["spec"], "nodeName": "node-3"}
    bed.world.objects.append(old)


ONE_POD = (
    "0/3 nodes are available: 1 node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode, "
    "2 node(s) didn't match PersistentVolume's node affinity. preemption: 0/3 nodes are available: 3 No preemption victims found."
)
TIMED_OUT = "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition"
NO_DRIVER = 'MountVolume.MountDevice failed for volume "PVC" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name ebs.csi.aws.com not found in the list of registered CSI drivers'
BAD_DISK = 'MountVolume.MountDevice failed for volume "PVC" : rpc error: code = Internal desc = mount failed: exit status 32 Output: mount: wrong fs type, bad option, bad superblock on /dev/nvme1n1'
NOT_ATTACHED = (
    'AttachVolume.Attach failed for volume "PVC" : rpc error: code = DeadlineExceeded desc = context deadline exceeded'
)


def _unbound(reason: str, words: str, count: int = 40) -> Break:
    def act(bed: Bed) -> None:
        claim = bed.claim(DB, "Pending")
        claim["spec"].pop("volumeName", None)
        bed.event(claim, reason, words, count=count)
        bed.unscheduled(DB, "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
        _store_away(bed)

    return act


# pkg/controller/volume/persistentvolume/pv_controller.go
EXTERNAL = (
    "Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com' or manually by the system "
    "administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered."
)
NO_QUOTA = 'failed to provision volume with StorageClass "fast-ssd": rpc error: code = ResourceExhausted desc = volume limit exceeded'


def _grows(kind: str, message: str, minutes: float = 40) -> Break:
    def act(bed: Bed) -> None:
        claim = _claim(bed)
        claim["spec"]["resources"]["requests"]["storage"] = "200Gi"
        told = {"type": kind, "status": "True", "message": message, "lastTransitionTime": bed.ago(minutes)}
        claim["status"]["conditions"] = [told]

    return act


# pkg/volume/util/resize_util.go
GROW_LATER = "Waiting for user to (re-)start a pod to finish file system resize of volume on node."

# Nodes


def _cordon(*names: str) -> Break:
    def act(bed: Bed) -> None:
        for name in names:
            bed.one("Node", name)["spec"]["unschedulable"] = True
            bed.one("Node", name)["spec"]["taints"] = [
                {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
            ]

    return act


def _taint(key: str, *names: str) -> Break:
    def act(bed: Bed) -> None:
        for name in names or ("node-1", "node-2", "node-3"):
            bed.one("Node", name)["spec"]["taints"] = [{"key": key, "effect": "NoSchedule"}]

    return act


def _wants(component: str, **labels: str) -> Break:
    def act(bed: Bed) -> None:
        for pod in bed.pods(component):
            pod["spec"]["nodeSelector"] = {key.replace("_", "."): value for key, value in labels.items()}

    return act


def _zoned(bed: Bed) -> None:
    volume = bed.one("PersistentVolume", _pvc(bed))
    rule = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": ["sandbox-1a"]}
    volume["spec"]["nodeAffinity"] = {"required": {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}}


def _unfit(component: str, words: str) -> Break:
    return lambda bed: bed.unscheduled(
        component, f"{words}. preemption: 0/3 nodes are available: 3 Preemption is not helpful."
    )


TAINTED = "0/3 nodes are available: 3 node(s) had untolerated taint(s)"
PRESSED = "0/3 nodes are available: 3 node(s) had untolerated taint {node.kubernetes.io/disk-pressure: }"
SELECTED = (
    "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 node(s) didn't match Pod's node affinity/selector"
)
ZONE = "0/3 nodes are available: 1 node(s) were unschedulable, 2 node(s) had volume node affinity conflict"
NEW_ZONE = "0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't match PersistentVolume's node affinity"
SPREAD = "0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules"
PORTS = "0/3 nodes are available: 3 node(s) didn't have free ports for the requested pod ports"
CPU = "0/3 nodes are available: 3 Insufficient cpu"


def _never_seen(scheduler: str, minutes: float = 20) -> Break:
    def act(bed: Bed) -> None:
        bed.unready(APP)
        for pod in bed.pods(APP):
            pod["metadata"]["creationTimestamp"] = bed.ago(minutes)
            pod["spec"].pop("nodeName", None)
            pod["spec"]["schedulerName"] = scheduler
            pod["status"] = {"phase": "Pending"}
            uid = pod["metadata"]["uid"]
            bed.world.events = [one for one in bed.world.events if one.uid != uid]

    return act


def _gated(minutes: float = 20) -> Break:
    def act(bed: Bed) -> None:
        _never_seen("default-scheduler")(bed)
        words = "Scheduling is blocked due to non-empty scheduling gates"
        told = {"type": "PodScheduled", "status": "False", "reason": "SchedulingGated", "message": words}
        for pod in bed.pods(APP):
            pod["spec"]["schedulingGates"] = [{"name": "kueue.x-k8s.io/admission"}]
            pod["status"]["conditions"] = [{**told, "lastTransitionTime": bed.ago(minutes)}]

    return act


# Evictions


def _preempted(bed: Bed) -> None:
    """The victims are gone; their events are left, and their replacements have no room."""
    bed.unscheduled(APP, f"{CPU}. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.")
    (replica_set,) = bed.every("ReplicaSet", APP)
    name = f"{replica_set['metadata']['name']}-q7x2z"
    words = "Preempted by pod 3f1f0c52-3d1b-4d5e-9d7c-0a4d3a5b9c11 on node node-2"
    bed.world.events.append(ObjectEvent("gone", "Pod", name, "Normal", "Preempted", words, 1, bed.ago(20.5)))


def _marked(component: str, reason: str, message: str, *, minutes: float = 3) -> Break:
    """One pod is on its way out for a disruption."""

    def act(bed: Bed) -> None:
        pod = bed.pods(component)[0]
        told = {"type": "DisruptionTarget", "status": "True", "reason": reason, "message": message}
        pod["status"]["conditions"].append({**told, "lastTransitionTime": bed.ago(minutes)})
        pod["metadata"]["deletionTimestamp"] = bed.ago(minutes - 0.5)

    return act


def _evicted(component: str, message: str, *, minutes: float = 10, homeless: bool = True) -> Break:
    """A failed pod is left; its replacement has no place, or runs."""

    def act(bed: Bed) -> None:
        pod = bed.pods(component)[0]
        told = {"type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet", "message": message}
        left = {
            "kind": "Pod",
            "metadata": {**pod["metadata"], "name": f"{pod['metadata']['name']}-left", "uid": "left"},
            "spec": dict(pod["spec"]),
            "status": {"phase": "Failed", "reason": "Evicted", "message": message,
                       "conditions": [{**told, "lastTransitionTime": bed.ago(minutes)}]},
        }  # fmt: skip
        if homeless:
            bed.unscheduled(component, PRESSED)
        bed.world.objects.append(left)

    return act


# pkg/kubelet/eviction/helpers.go
LOW_MEMORY = "The node was low on resource: memory. Threshold quantity: 100Mi, available: 48Mi. Container app was using 1Gi, request is 256Mi, has larger consumption of memory. "
OWN_DISK = "Pod ephemeral local storage usage exceeds the total limit of containers 1Gi. "

# Sandboxes: containerd internal/cri/server/sandbox_run.go, CNI host-local, aws-cni, cilium
SANDBOX = 'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "0a1b": plugin type='
NO_ADDRESS = f'{SANDBOX}"aws-cni" name="aws-cni" failed (add): add cmd: failed to assign an IP address to container'
RANGE_FULL = f'{SANDBOX}"bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: 10.244.1.1-10.244.1.254'
NO_AGENT = f'{SANDBOX}"cilium-cni" name="cilium" failed (add): unable to connect to Cilium agent: failed to create cilium agent client after 30.000000 seconds timeout'
NO_RUNTIME = 'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "gvisor" is configured'


def _no_sandbox(words: str, minutes: float = 20) -> Break:
    return _starting(APP, "FailedCreatePodSandBox", words, minutes)


# Terminating


def _never_ends(component: str, *, minutes: float = 25, **meta: Any) -> Break:
    def act(bed: Bed) -> None:
        pod = bed.pods(component)[0]
        pod["metadata"].update(deletionTimestamp=bed.ago(minutes), **meta)
        if component == DB:
            bed.unready(DB)
            _store_away(bed)

    return act


CASES: tuple[Case, ...] = (
    Case("webhook's Service missing: no pods", "SC01", API, _no_pods(NO_SERVICE)),
    Case("webhook without endpoints: no pods", "SC01", API, _no_pods(NO_ENDPOINTS)),
    Case("webhook refuses: no pods", "SC01", API, _no_pods(REFUSED)),
    Case("webhook too slow: no pods", "SC01", API, _no_pods(SLOW)),
    Case("webhook's certificate not trusted: no pods", "CL05", API, _no_pods(UNTRUSTED)),
    Case("webhook without endpoints: no database pod", "SC01", STORE, _store_not_made),
    Case("webhook refuses the ReplicaSet", "SC01", API, _no_replica_set),
    Case("webhook down stops helm", "X11", RELEASE, _helm_stopped(called(NO_SERVICE))),
    Case("conversion webhook down stops helm", "X11", RELEASE, _helm_stopped('conversion webhook for cert-manager.io/v1, Kind=Certificate failed: Post "https://cert-manager-webhook.cert-manager.svc:443/convert?timeout=30s": no endpoints available for service "cert-manager-webhook"')),
    Case("claim of the database is gone", "VO09", STORE, _without_claim('0/3 nodes are available: persistentvolumeclaim "data-llm-cost-ops-postgresql-0" not found. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.')),
    Case("claim is gone, in the words of old schedulers", "VO09", STORE, _without_claim('persistentvolumeclaim "data-llm-cost-ops-postgresql-0" not found')),
    Case("claim is being deleted under a running database", "VO10", CLAIM, _deleted_claim),
    Case("claim is being deleted, and the database ends", "VO10", CLAIM, all_of(_deleted_claim, lambda bed: bed.unscheduled(DB, '0/3 nodes are available: persistentvolumeclaim "data-llm-cost-ops-postgresql-0" is being deleted.'))),
    Case("volume attached to another node", "VO04", STORE, all_of(_starting(DB, "FailedAttachVolume", EXCLUSIVE), _store_away)),
    Case("volume used by a terminating pod", "VO04", STORE, all_of(_held_by_a_terminating_pod, _store_away)),
    Case("volume for one pod only is in use", "VO04", STORE, all_of(lambda bed: bed.unscheduled(DB, ONE_POD), _store_away)),
    Case("mount times out", "VO05", STORE, all_of(_starting(DB, "FailedMount", TIMED_OUT), _store_away)),
    Case("CSI driver not registered on the node", "VO05", STORE, all_of(_starting(DB, "FailedMount", NO_DRIVER), _store_away)),
    Case("file system cannot be mounted", "VO05", STORE, all_of(_starting(DB, "FailedMount", BAD_DISK), _store_away)),
    Case("disk is not attached in time", "VO05", STORE, all_of(_starting(DB, "FailedAttachVolume", NOT_ATTACHED), _store_away)),
    Case("provisioner does not answer", "VO03", STORE, _unbound("ExternalProvisioning", EXTERNAL)),
    Case("provisioner has no quota", "VO03", STORE, _unbound("ProvisioningFailed", NO_QUOTA)),
    Case("file system waits for a restart to grow", "VO08", CLAIM, _grows("FileSystemResizePending", GROW_LATER)),
    Case("disk does not grow", "VO08", CLAIM, _grows("ControllerResizeError", "failed to expand pvc with: rpc error: code = OutOfRange desc = too big", 2)),
    Case("selector matches no node, one is tainted", "SC03", API, all_of(_wants(APP, disktype="ssd"), _taint("dedicated", "node-1"), _unfit(APP, SELECTED))),
    Case("all nodes tainted, and the selector matches none", "SC03", API, all_of(_wants(APP, disktype="ssd"), _taint("dedicated"), _unfit(APP, TAINTED))),
    Case("all nodes under disk pressure", "SC03", API, all_of(_taint("node.kubernetes.io/disk-pressure"), _unfit(APP, TAINTED))),
    Case("all nodes under disk pressure, in old words", "SC03", API, _unfit(APP, PRESSED)),
    Case("all nodes cordoned", "SC03", API, all_of(_cordon("node-1", "node-2", "node-3"), _unfit(APP, "0/3 nodes are available: 3 node(s) were unschedulable"))),
    Case("the volume's zone has only a cordoned node", "SC05", STORE, all_of(_zoned, _cordon("node-1"), _unfit(DB, ZONE), _store_away)),
    Case("the volume's zone is full", "SC05", STORE, all_of(_zoned, _unfit(DB, NEW_ZONE), _store_away)),
    Case("replicas must be apart and there are too few nodes", "SC04", API, _unfit(APP, SPREAD)),
    Case("host port taken", "SC06", API, _unfit(APP, PORTS)),
    Case("scheduler that is not there", "SC09", API, _never_seen("volcano")),
    Case("scheduler down", "SC09", API, _never_seen("default-scheduler")),
    Case("held by a scheduling gate", "SC09", API, _gated()),
    Case("preempted by a higher priority", "SC07", API, _preempted),
    Case("database preempted, on its way out", "SC07", STORE, all_of(_marked(DB, "PreemptionByScheduler", "default-scheduler: preempting to accommodate a higher priority pod"), lambda bed: bed.unready(DB), _store_away)),
    Case("evicted for the node's memory, its replacement runs", "SC07", API, _evicted(APP, LOW_MEMORY, homeless=False)),
    Case("evicted for its own disk limit", "SC07", API, _evicted(APP, OWN_DISK, homeless=False)),
    Case("evicted, and all nodes are under pressure", "SC03", API, _evicted(APP, LOW_MEMORY)),
    Case("database drained, no node takes it", "SC07", STORE, all_of(_marked(DB, "EvictionByEvictionAPI", "Eviction API: evicting", minutes=4), lambda bed: bed.unready(DB), _store_away)),
    Case("subnet has no addresses left", "CO14", API, _no_sandbox(NO_ADDRESS)),
    Case("node's range of addresses is full", "CO14", API, _no_sandbox(RANGE_FULL)),
    Case("network plugin's agent is down", "CO14", API, _no_sandbox(NO_AGENT)),
    Case("RuntimeClass not configured", "CO14", API, _no_sandbox(NO_RUNTIME)),
    Case("database's pod does not end", "CO15", STORE, _never_ends(DB)),
    Case("database's pod is on a node that is gone", "CO15", STORE, all_of(_never_ends(DB), lambda bed: bed.world.around.remove(bed.one("Node", "node-1")))),
    Case("database's pod is held by a finalizer", "CO15", STORE, _never_ends(DB, finalizers=["example.com/backup"])),
)  # fmt: skip


def _old_event(component: str, reason: str, words: str) -> Break:
    """A warning of before, about pods that run."""

    def act(bed: Bed) -> None:
        for pod in bed.pods(component):
            bed.event(pod, reason, words.replace("PVC", _pvc(bed)))

    return act


def _webhook_was_down(bed: Bed) -> None:
    for one in bed.every("ReplicaSet", APP):
        bed.event(one, "FailedCreate", f"Error creating: {called(NO_ENDPOINTS)}")


def _helm_ran_again(bed: Bed) -> None:
    bed.record("deployed", age=1)
    bed.helm_said(called(NO_SERVICE))


def _rolls(reason: str, words: str, minutes: float) -> Break:
    """A new pod beside the old ones, scheduled so long ago, whose containers are being created."""

    def act(bed: Bed) -> None:
        pod = bed.rollout(stalled=False)
        pod["metadata"]["creationTimestamp"] = bed.ago(minutes)
        for one in pod["status"]["conditions"]:
            if one["type"] == "PodScheduled":
                one["lastTransitionTime"] = bed.ago(minutes)
        one = pod["status"]["containerStatuses"][0]
        one.update(state={"waiting": {"reason": "ContainerCreating"}}, ready=False, started=False)
        one.pop("containerID", None)
        pod["status"]["phase"] = "Pending"
        bed.event(pod, reason, words.replace("PVC", _pvc(bed)), count=1)

    return act


def _just_made(bed: Bed) -> None:
    pod = bed.rollout(stalled=False)
    pod["metadata"]["creationTimestamp"] = bed.ago(0.5)
    pod["spec"].pop("nodeName")
    pod["status"] = {"phase": "Pending"}


def _gated_for_a_moment(bed: Bed) -> None:
    _just_made(bed)
    pod = next(one for one in bed.pods(APP) if one["metadata"]["uid"] == "uid-new-pod")
    pod["spec"]["schedulingGates"] = [{"name": "kueue.x-k8s.io/admission"}]


def _claim_just_asked(bed: Bed) -> None:
    claim = bed.claim(DB, "Pending")
    claim["metadata"]["creationTimestamp"] = bed.ago(1)
    claim["spec"].pop("volumeName", None)
    bed.world.events = [one for one in bed.world.events if one.uid != claim["metadata"]["uid"]]
    bed.event(claim, "ExternalProvisioning", EXTERNAL, count=4)


def _grown(bed: Bed) -> None:
    _grows("FileSystemResizePending", GROW_LATER)(bed)
    _claim(bed)["status"]["capacity"]["storage"] = "200Gi"


def _ephemeral(bed: Bed) -> None:
    _deleted_claim(bed)
    _claim(bed)["metadata"]["ownerReferences"] = [{"kind": "Pod", "name": "x", "uid": "x", "controller": True}]


HEALTHY: dict[str, Break] = {
    "a webhook was down before the pods were made": _webhook_was_down,
    "helm met a webhook that was down, and was run again": _helm_ran_again,
    "a volume was attached elsewhere before": _old_event(DB, "FailedAttachVolume", EXCLUSIVE),
    "a volume moves in a rollout": _rolls("FailedAttachVolume", EXCLUSIVE, 0.6),
    "a mount failed before": _old_event(DB, "FailedMount", TIMED_OUT),
    "a mount that is tried again": _rolls("FailedMount", 'MountVolume.SetUp failed for volume "config" : failed to sync configmap cache: timed out waiting for the condition', 0.5),
    "a provisioner at work": _claim_just_asked,
    "a volume that grows": _grows("Resizing", "", 2),
    "a file system about to grow": _grows("FileSystemResizePending", GROW_LATER, 3),
    "a volume that has grown": _grown,
    "an ephemeral claim goes with its pod": _ephemeral,
    "nodes cordoned, everything runs": _cordon("node-1", "node-2", "node-3"),
    "nodes tainted, everything runs": _taint("dedicated"),
    "a volume with a zone": _zoned,
    "it did not fit before": _old_event(APP, "FailedScheduling", f"{CPU}."),
    "it did not trigger a scale-up before": _old_event(APP, "NotTriggerScaleUp", "pod didn't trigger scale-up: 2 max node group size reached"),
    "a host port was taken before": _old_event(APP, "FailedScheduling", f"{PORTS}."),
    "a pod that was just made": _just_made,
    "a gate that is opened in a moment": _gated_for_a_moment,
    "evicted an hour and more ago": _evicted(APP, LOW_MEMORY, minutes=70, homeless=False),
    "evicted three weeks ago": _evicted(APP, OWN_DISK, minutes=30000, homeless=False),
    "a drain that moves a pod": _marked(APP, "EvictionByEvictionAPI", "Eviction API: evicting", minutes=1),
    "a sandbox at the second try": _rolls("FailedCreatePodSandBox", NO_AGENT, 0.5),
    "a sandbox that failed before": _old_event(APP, "FailedCreatePodSandBox", NO_ADDRESS),
    "a network that was not ready before": _old_event(APP, "NetworkNotReady", "network is not ready: container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network plugin returns error: cni plugin not initialized"),
    "a pod that ends slowly": _never_ends(APP, minutes=2),
    "a pod with a finalizer": lambda bed: bed.pods(APP)[0]["metadata"].update(finalizers=["example.com/x"]),
}  # fmt: skip
"""Nothing may be found in these."""
