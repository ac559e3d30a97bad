"""Incidents as strangers posted them: other charts, sidecars, traces of other languages, an old trouble beside the present one.

Written before the rules were read. Words are those of the programs, names are ours; each entry says where its kind was met.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, Final

from tests.diagnosis import postings
from tests.diagnosis.breaking import APP, CACHE, DB, REGISTRY, Bed, Break, all_of, pull
from tests.diagnosis.cases import API, REDIS, STORE, Case

INGRESS = "Ingress/llm-cost-ops"
SCALER = "HorizontalPodAutoscaler/llm-cost-ops"


def _crash(component: str, code: int, log: str = "", **options: Any) -> Break:
    return lambda bed: bed.crashes(component, code, *log.strip("\n").split("\n"), **options)


def _unready(log: str, code: int = 503) -> Break:
    return lambda bed: bed.runs_unready(APP, f"HTTP probe failed with statuscode: {code}", *log.strip("\n").split("\n"))


def _cache_missed(bed: Bed) -> None:
    bed.app_misses("llm-cost-ops-redis:6379")


def _store_missed(bed: Bed) -> None:
    bed.app_misses("llm-cost-ops-postgresql:5432")


# Other charts

_OLD_LABELS: Final = {
    "app.kubernetes.io/name": "app", "app.kubernetes.io/instance": "release", "app.kubernetes.io/component": "tier",
    "app.kubernetes.io/part-of": "team",
}  # fmt: skip


def _old_labels(bed: Bed) -> None:
    """A chart of the time before the recommended labels."""

    def part(value: Any) -> Any:
        if isinstance(value, dict):
            return {_OLD_LABELS.get(key, key): part(item) for key, item in value.items()}
        return [part(item) for item in value] if isinstance(value, list) else value

    bed.world.objects = [part(one) for one in bed.world.objects]


_FLUENT_BIT = (
    "[2026/11/24 19:01:13] [error] [output:es:es.0] HTTP status=429 URI=/_bulk, response: too_many_requests",
    "[2026/11/24 19:01:13] [ warn] [engine] failed to flush chunk '1-1732475.flb', retry in 8 seconds: task_id=3, input=tail.0 > output=es.0",
    "[2026/11/24 19:02:40] [error] [net] TCP connection failed: elasticsearch.logging:9200 (Connection refused)",
)
_ENVOY = (
    '2026-11-24T18:50:02.117523Z\tinfo\txdsproxy\tconnected to delta upstream XDS server: istiod.istio-system.svc:15012\tid="3"',
    "2026-11-24T19:04:51.400213Z\twarning\tenvoy config external/envoy/source/extensions/config_subscription/grpc/grpc_stream.h:190\tDeltaAggregatedResources gRPC config stream to xds-grpc closed since 1800s ago: 14, upstream connect error or disconnect/reset before headers. reset reason: connection termination",
    '[2026-11-24T19:07:19.006Z] "GET /latest HTTP/1.1" 503 UF upstream_reset_before_response_started{connection_failure} - "-" 0 95 30001 - "-" "reqwest/0.12"',
)


def _beside(name: str, *log: str, component: str = APP, first: bool = False, image: str = "") -> Break:
    """A container that runs beside the component's own, and what it says."""

    def act(bed: Bed) -> None:
        for pod in bed.pods(component):
            spec = {
                "name": name,
                "image": image or f"registry.example.net/{name}:2.1",
                "ports": [{"containerPort": 15020}],
            }
            at = 0 if first else len(pod["spec"]["containers"])
            pod["spec"]["containers"].insert(at, spec)
            statuses = pod["status"].get("containerStatuses")
            if not statuses:
                continue
            main = statuses[0]
            made = "containerID" in main
            state = (
                {"running": {"startedAt": pod["metadata"]["creationTimestamp"]}}
                if made
                else copy.deepcopy(main["state"])
            )
            one = {
                "name": name,
                "image": spec["image"],
                "ready": made,
                "started": made,
                "restartCount": 0,
                "state": state,
            }
            if made:
                one["containerID"] = "containerd://9e21"
                bed.world.logs[pod["metadata"]["name"], name] = list(log)
            statuses.insert(at, one)

    return act


_SIDECARS: Final = all_of(_beside("istio-proxy", *_ENVOY, first=True), _beside("fluent-bit", *_FLUENT_BIT))


def _restarted(component: str, times: int, days: float, **end: Any) -> Break:
    """It ended a few times, days ago, and runs since."""

    def act(bed: Bed) -> None:
        for pod in bed.pods(component):
            pod["metadata"]["creationTimestamp"] = bed.ago((days + 30) * 1440)
            one = pod["status"]["containerStatuses"][0]
            last = {
                "finishedAt": bed.ago(days * 1440),
                "startedAt": bed.ago(days * 1440 + 3),
                "containerID": "containerd://77ab",
            }
            one.update(restartCount=times, lastState={"terminated": {**last, **end}})
            one["state"] = {"running": {"startedAt": bed.ago(days * 1440)}}

    return act


_CACHE_ONCE_KILLED = _restarted(CACHE, 4, 3, exitCode=137, reason="OOMKilled")
_STORE_ONCE_ENDED = _restarted(DB, 2, 9, exitCode=1, reason="Error")


def _normal(bed: Bed, about: dict[str, Any], reason: str, message: str, minutes: float = 1) -> None:
    bed.event(about, reason, message, count=1, minutes=minutes)
    last = bed.world.events.pop()
    bed.world.events.append(type(last)(**{**vars(last), "type": "Normal"}))


# One container of several


def _sidecar_ends(name: str, code: int, *log: str, reason: str = "Error") -> Break:
    """The container beside the application crashes; the application itself is as it is."""

    def act(bed: Bed) -> None:
        bed.runs_unready(APP, "HTTP probe failed with statuscode: 500")
        bed.world.events = [one for one in bed.world.events if one.reason != "Unhealthy"]
        for pod in bed.pods(APP):
            pod["status"]["containerStatuses"][0]["ready"] = True
        _beside(name, *log)(bed)
        for pod in bed.pods(APP):
            one = pod["status"]["containerStatuses"][-1]
            ended = {
                "exitCode": code,
                "reason": reason,
                "startedAt": bed.ago(4),
                "finishedAt": bed.ago(3),
                "containerID": "containerd://11",
            }
            wait = f"back-off 2m40s restarting failed container={name} pod={pod['metadata']['name']}_shop(1)"
            one.update(ready=False, started=False, restartCount=9, lastState={"terminated": ended},
                       state={"waiting": {"reason": "CrashLoopBackOff", "message": wait}})  # fmt: skip
            bed.event(pod, "BackOff", f"Back-off restarting failed container {name} in pod x", container=name, count=41)

    return act


def _sidecar_waits(name: str, reason: str, message: str) -> Break:
    def act(bed: Bed) -> None:
        bed.waits(APP, reason, message)
        for pod in bed.pods(APP):
            main = pod["status"]["containerStatuses"][0]
            main.update(
                ready=True, started=True, state={"running": {"startedAt": bed.ago(20)}}, containerID="containerd://1"
            )
        _beside(name)(bed)
        for pod in bed.pods(APP):
            one = pod["status"]["containerStatuses"][-1]
            one.pop("containerID")
            one.update(ready=False, started=False, state={"waiting": {"reason": reason, "message": message}})
            pod["status"]["phase"] = "Pending"

    return act


def _init(
    name: str, state: Mapping[str, Any], *log: str, restarts: int = 0, last: Mapping[str, Any] | None = None
) -> Break:
    """An init container that does not get done."""

    def act(bed: Bed) -> None:
        bed.waits(APP, "PodInitializing", "")
        for pod in bed.pods(APP):
            pod["spec"]["initContainers"] = [{"name": name, "image": f"registry.example.net/{name}:1.3"}]
            one = {
                "name": name,
                "ready": False,
                "restartCount": restarts,
                "state": dict(state),
                "containerID": "containerd://5",
            }
            if last:
                one["lastState"] = {"terminated": {**last, "startedAt": bed.ago(4), "finishedAt": bed.ago(3.9)}}
            pod["status"]["initContainerStatuses"] = [one]
            told = {"type": "Initialized", "status": "False", "reason": "ContainersNotInitialized"}
            pod["status"]["conditions"] = [
                *(other for other in pod["status"]["conditions"] if other["type"] != "Initialized"),
                {**told, "message": f"containers with incomplete status: [{name}]", "lastTransitionTime": bed.ago(20)},
            ]
            bed.world.logs[pod["metadata"]["name"], name] = list(log)

    return act


def _probe_says_full(bed: Bed) -> None:
    """apecloud/kubeblocks#5095: only the probe's output tells."""
    said = "MISCONF Errors writing to the AOF file: No space left on device\nWarning: Using a password with '-a' or '-u' option on the command line interface may not be safe."
    bed.runs_unready(
        CACHE, said, "1:M 24 Nov 2026 19:08:47.067 # Error writing to the AOF file: No space left on device"
    )
    _cache_missed(bed)


def _probe_times_out(bed: Bed) -> None:
    """redis/redis#13636, bitnami/charts#6189: the kubelet ends Redis, and Redis ends well."""
    bed.crashes(CACHE, 0, "1:signal-handler (1764011401) Received SIGTERM scheduling shutdown...",
                "1:M 24 Nov 2026 19:08:47.067 # User requested shutdown...",
                "1:M 24 Nov 2026 19:08:47.070 # Redis is now ready to exit, bye bye...", reason="Completed")  # fmt: skip
    for pod in bed.pods(CACHE):
        bed.event(
            pod,
            "Unhealthy",
            'Liveness probe failed: command timed out: "sh -c /health/redis_liveness.sh" timed out after 1s',
            container="redis",
            count=27,
        )
        bed.event(
            pod, "Killing", "Container redis failed liveness probe, will be restarted", container="redis", count=9
        )
    _cache_missed(bed)


# Images

# cri-o/cri-o#189, kubernetes/minikube#15626
_DEADLINE = f'rpc error: code = DeadlineExceeded desc = {REGISTRY} "ghcr.io/acme/llm-cost-ops:v9": failed to copy: httpReadSeeker: failed open: failed to do request: context deadline exceeded'
# containerd/containerd#6117
_EOF = f'rpc error: code = FailedPrecondition desc = {REGISTRY} "ghcr.io/acme/llm-cost-ops:v9": failed commit on ref "layer-sha256:4b1d": unexpected commit digest, expected sha256:4b1d: failed precondition'
# kubeflow/kubeflow#2698: dockershim
_CANCELED = 'rpc error: code = Unknown desc = Error response from daemon: Get "https://gcr.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)'
# containerd remotes/docker/authorizer.go, ECR
_ECR = f'rpc error: code = Unknown desc = {REGISTRY} "123456789012.dkr.ecr.eu-west-1.amazonaws.com/orders:v9": failed to resolve reference "123456789012.dkr.ecr.eu-west-1.amazonaws.com/orders:v9": unexpected status from HEAD request to https://123456789012.dkr.ecr.eu-west-1.amazonaws.com/v2/orders/manifests/v9: 401 Unauthorized'


# The API server and the scheduler


def _store_not_made(component: str, message: str) -> Break:
    """What the StatefulSet controller says; it sets no condition."""

    def act(bed: Bed) -> None:
        root, name = bed.root(component), bed.root(component)["metadata"]["name"]
        bed.not_made(component, message)
        words = f"create Pod {name}-0 in StatefulSet {name} failed error: {message}"
        bed.event(root, "FailedCreate", words, count=17)

    return act


# bitnami/charts#15729
_SCC = (
    'pods "{}-0" is forbidden: unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable '
    "by user or serviceaccount, provider restricted-v2: .spec.securityContext.fsGroup: Invalid value: []int64{{999}}: 999 is not an allowed group, "
    "provider restricted-v2: .containers[0].runAsUser: Invalid value: 999: must be in the ranges: [1000730000, 1000739999], provider "
    '"privileged": Forbidden: not usable by user or serviceaccount]'
)
# streamdal/streamdal#306
_GATEKEEPER = 'admission webhook "validation.gatekeeper.sh" denied the request: [container-must-have-limits] container <app> has no resource limits\n[container-must-meet-ratio] container <app> has no resource limits'
# plugin/pkg/admission/limitranger
_LIMIT_RANGE = (
    'pods "llm-cost-ops-6bcdf8b9bf-k2lqs" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi'
)


def _karpenter(bed: Bed) -> None:
    """aws/karpenter-provider-aws#7839: two schedulers say why."""
    bed.unscheduled(
        APP,
        "0/10 nodes are available: 10 Insufficient cpu, 10 Insufficient memory. preemption: 0/10 nodes are available: 10 No preemption victims found for incoming pod.",
    )
    for pod in bed.pods(APP):
        bed.event(
            pod,
            "FailedScheduling",
            'Failed to schedule pod, incompatible with nodepool "default", daemonset overhead={"cpu":"500m","memory":"640Mi","pods":"5"}, no instance type satisfied resources {"cpu":"29500m","memory":"246400Mi","pods":"6"} and requirements karpenter.sh/capacity-type In [on-demand], node.kubernetes.io/instance-type In [r5a.8xlarge] (no instance type has enough resources)',
            count=12,
        )


def _group_is_full(bed: Bed) -> None:
    """kubernetes/autoscaler#5692."""
    bed.unscheduled(
        DB,
        "0/5 nodes are available: 1 Too many pods, 2 node(s) had untolerated taint {dedicated: batch}, 2 Insufficient memory. preemption: 0/5 nodes are available: 2 Preemption is not helpful for scheduling, 3 No preemption victims found for incoming pod.",
    )
    for pod in bed.pods(DB):
        _normal(
            bed,
            pod,
            "NotTriggerScaleUp",
            "pod didn't trigger scale-up: 1 node(s) had untolerated taint {dedicated: batch}, 1 max node group size reached",
        )
    _store_missed(bed)


# kubernetes-sigs/karpenter#1857, aws/karpenter-provider-aws#1887
_VOLUME_COUNT = "0/27 nodes are available: 21 node(s) had untolerated taint {eks.amazonaws.com/compute-type: fargate}, 6 node(s) exceed max volume count. preemption: 0/27 nodes are available: 21 Preemption is not helpful for scheduling, 6 No preemption victims found for incoming pod."
# pkg/scheduler/framework/plugins/interpodaffinity
_APART = "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 node(s) didn't satisfy existing pods anti-affinity rules. preemption: 0/4 nodes are available: 1 Preemption is not helpful for scheduling, 3 No preemption victims found for incoming pod."

# Volumes


def _pvc(bed: Bed) -> str:
    return next(
        str(one["spec"]["volumeName"])
        for one in bed.every("PersistentVolumeClaim")
        if "postgresql" in one["metadata"]["name"]
    )


def _not_bound(message: str) -> Break:
    """The provisioner fails, and what waits for it says so in its own words as well."""

    def act(bed: Bed) -> None:
        claim = bed.claim(DB, "Pending")
        claim["spec"].pop("volumeName", None)
        _normal(
            bed,
            claim,
            "Provisioning",
            'External provisioner is provisioning volume for claim "shop/data-llm-cost-ops-postgresql-0"',
            3,
        )
        bed.event(claim, "ProvisioningFailed", message, count=10, minutes=3)
        _normal(
            bed,
            claim,
            "ExternalProvisioning",
            "Waiting for a volume to be created either by the external provisioner 'ebs.csi.aws.com' or manually by the system administrator.",
            1,
        )
        bed.unscheduled(
            DB,
            "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling.",
        )
        _store_missed(bed)

    return act


# kubernetes-sigs/aws-ebs-csi-driver#963, #1449
_UNAUTHORIZED = 'failed to provision volume with StorageClass "fast-ssd": rpc error: code = Internal desc = Could not create volume "pvc-c338311b": could not create volume in EC2: UnauthorizedOperation: You are not authorized to perform this operation. Encoded authorization failure message: 9xC2'
# oktadev/okta-blog#1163
_NO_VOLUMES_LEFT = 'failed to provision volume with StorageClass "fast-ssd": rpc error: code = ResourceExhausted desc = volume limit (10) has been reached. Current number of volumes: 10. Please contact support.'


def _not_mounted(component: str, reason: str, words: str, *, also: str = "", missed: Break = _store_missed) -> Break:
    def act(bed: Bed) -> None:
        words_now = words.replace("PVC", _pvc(bed))
        bed.waits(component, "ContainerCreating", "")
        for pod in bed.pods(component):
            for one in pod["status"]["conditions"]:
                if one["type"] == "PodScheduled":
                    one["lastTransitionTime"] = bed.ago(22)
            bed.event(pod, reason, words_now, count=14)
            if also:
                bed.event(pod, "FailedMount", also, count=4)
        missed(bed)

    return act


def _nobody_notices(_: Bed) -> None:
    pass


# kubernetes-sigs/azuredisk-csi-driver#1097
_TOO_MANY_DISKS = 'AttachVolume.Attach failed for volume "PVC" : rpc error: code = FailedPrecondition desc = Retriable: false, RetryAfter: 0s, HTTPStatusCode: 409, RawError: {\n  "error": {\n    "code": "OperationNotAllowed",\n    "message": "The maximum number of data disks allowed to be attached to a VM of this size is 8.",\n    "target": "dataDisks"\n  }\n}'
# kubernetes-sigs/aws-ebs-csi-driver#1801
_STILL_ATTACHING = 'AttachVolume.Attach failed for volume "PVC" : rpc error: code = Internal desc = Could not attach volume "vol-0eb3cc8c" to node "i-0996343a": attachment of disk "vol-0eb3cc8c" failed, expected device to be attached but was attaching'
_UNMOUNTED = "Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[data password run]: timed out waiting for the condition"
# kubernetes/kubernetes#52996
_IN_USE = 'AttachVolume.Attach failed for volume "PVC" : Error attaching EBS volume "vol-056711f7" to instance "i-06770e88": VolumeInUse: vol-056711f7 is already attached to an instance status code: 400, request id: 739864c1'
# longhorn/longhorn#2336
_FSCK = "MountVolume.MountDevice failed for volume \"PVC\" : rpc error: code = Internal desc = 'fsck' found errors on device /dev/longhorn/PVC but could not correct them: fsck from util-linux 2.37.4\n/dev/longhorn/PVC: UNEXPECTED INCONSISTENCY; RUN fsck MANUALLY.\n\t(i.e., without -a or -p options)"
# rook/rook#4896, #7122
_ALREADY = 'MountVolume.MountDevice failed for volume "PVC" : rpc error: code = Aborted desc = an operation with the given Volume ID 0001-0009-rook-ceph-0000000000000001-8e2 already exists'
# kubernetes-sigs/secrets-store-csi-driver pkg/secrets-store/nodeserver.go
_VAULT_STORE = 'MountVolume.SetUp failed for volume "secrets-store-inline" : rpc error: code = Unknown desc = failed to mount secrets store objects for pod shop/llm-cost-ops-6bcdf8b9bf-9x8jx, err: rpc error: code = Unknown desc = failed to mount objects, error: failed to get keyvault client: failed to get authorizer for keyvault client: failed to acquire token'

# Sandboxes

_SANDBOX = "Failed to create pod sandbox: rpc error: code = Unknown desc = "
# projectcalico/calico#6716
_CALICO = (
    _SANDBOX
    + 'failed to setup network for sandbox "5d8c43f3": plugin type="calico" failed (add): error getting ClusterInformation: Get "https://10.96.0.1:443/apis/crd.projectcalico.org/v1/clusterinformations/default": dial tcp 10.96.0.1:443: i/o timeout'
)
# kubernetes/kubernetes#62451
_CALICO_NODE = (
    _SANDBOX
    + 'failed to setup network for sandbox "90e4": plugin type="calico" failed (add): stat /var/lib/calico/nodename: no such file or directory: check that the calico/node container is running and has mounted /var/lib/calico/'
)
# kubernetes/kubernetes#107561, senthilrch/kube-fledged#194
_RESERVED = (
    _SANDBOX
    + 'failed to reserve sandbox name "llm-cost-ops_shop_46f063f3_0": name "llm-cost-ops_shop_46f063f3_0" is reserved for "62d706b05a73"'
)


def _no_external_secret(bed: Bed) -> None:
    """external-secrets/external-secrets#3094: the operator says why there is no Secret."""
    bed.waits(APP, "CreateContainerConfigError", 'secret "llm-cost-ops-app-credentials" not found')
    meta = {"uid": "uid-es", "name": "llm-cost-ops-app-credentials"}
    bed.event(
        {"kind": "ExternalSecret", "metadata": meta},
        "UpdateFailed",
        "error processing spec.data[0] (key: prod/orders), err: Secret does not exist",
        count=22,
    )
    for pod in bed.pods(APP):
        bed.event(pod, "Failed", 'Error: secret "llm-cost-ops-app-credentials" not found', container="app", count=60)


def _hook_of_start_fails(bed: Bed) -> None:
    """kubernetes/kubernetes#130438, influxdata/helm-charts#336."""
    bed.crashes(
        APP, 0, "INFO  listening on 0.0.0.0:8080", "INFO  got SIGTERM, draining", "INFO  bye", reason="Completed"
    )
    for pod in bed.pods(APP):
        pod["spec"]["containers"][0]["lifecycle"] = {"postStart": {"exec": {"command": ["/bin/sh", "/setup.sh"]}}}
        pod["status"]["containerStatuses"][0]["state"] = {
            "waiting": {"reason": "PostStartHookError", "message": "PostStartHookError"}
        }
        bed.event(pod, "FailedPostStartHook", "PostStartHook failed", container="app", count=8)
        bed.event(pod, "Killing", "FailedPostStartHook", container="app", count=8)


def _evicted(minutes: float, message: str) -> Break:
    return lambda bed: bed.evicted(minutes, message)


# kubernetes/kubernetes#91600, cloud-ark/kubeplus#1382
_LOW_DISK = "The node was low on resource: ephemeral-storage. Threshold quantity: 2146223340, available: 1883424Ki. Container app was using 3103040Ki, request is 0, has larger consumption of ephemeral-storage. "


# Certificates and metrics

_LIMITED = 'Failed to wait for order resource "llm-cost-ops-tls-h7x2p-2317276124" to become ready: order is in "errored" state: Failed to create Order: 429 urn:ietf:params:acme:error:rateLimited: Error creating new order :: too many certificates (5) already issued for this exact set of domains in the last 168 hours: api.example.com, retry after 2026-11-26T01:29:08Z: see https://letsencrypt.org/docs/duplicate-certificate-limit/'
_ISSUER = {"group": "cert-manager.io", "kind": "Issuer", "name": "letsencrypt"}


def _certificate(
    certificate: tuple[tuple[str, str, str, str], ...], request: tuple[tuple[str, str, str, str], ...]
) -> Break:
    """argoproj/argo-cd#10697, cert-manager/cert-manager#3230: conditions (type, status, reason, message)."""

    def act(bed: Bed) -> None:
        ingress = bed.one("Ingress")
        ingress["metadata"].setdefault("annotations", {})["cert-manager.io/issuer"] = "letsencrypt"
        ingress["spec"]["tls"] = [{"hosts": ["api.example.com"], "secretName": "llm-cost-ops-tls"}]
        bed.world.seen += ["Certificate", "CertificateRequest"]
        owner: dict[str, Any] = {}
        for kind, name, said in (
            ("Certificate", "llm-cost-ops-tls", certificate),
            ("CertificateRequest", "llm-cost-ops-tls-1", request),
        ):
            keys = ("type", "status", "reason", "message")
            conditions = [dict(zip(keys, words, strict=True)) | {"lastTransitionTime": bed.ago(90)} for words in said]
            meta = {"name": name, "namespace": bed.world.namespace, "uid": f"uid-{kind}", "creationTimestamp": bed.ago(95),
                    "ownerReferences": [owner] if owner else []}  # fmt: skip
            spec = {"secretName": "llm-cost-ops-tls", "issuerRef": _ISSUER, "dnsNames": ["api.example.com"]}
            bed.world.around.append(
                {
                    "kind": kind,
                    "apiVersion": "cert-manager.io/v1",
                    "metadata": meta,
                    "spec": spec,
                    "status": {"conditions": conditions},
                }
            )
            owner = {"kind": kind, "name": name, "uid": f"uid-{kind}", "controller": True}

    return act


_NOT_THERE = ("Ready", "False", "DoesNotExist", "Issuing certificate as Secret does not exist")
_APPROVED = ("Approved", "True", "cert-manager.io", "Certificate request has been approved by cert-manager.io")


def _scaler(bed: Bed) -> None:
    """kedacore/keda#6132."""
    words = "the HPA was unable to compute the replica count: unable to get external metric shop/s0-prometheus/&LabelSelector{MatchLabels:map[string]string{scaledobject.keda.sh/name: llm-cost-ops,},MatchExpressions:[]LabelSelectorRequirement{},}: unable to fetch metrics from external metrics API: the server is currently unable to handle the request (get s0-prometheus.external.metrics.k8s.io)"
    told = {"type": "ScalingActive", "status": "False", "reason": "FailedGetExternalMetric", "message": words}
    able = {
        "type": "AbleToScale",
        "status": "True",
        "reason": "SucceededGetScale",
        "message": "the HPA controller was able to get the target's current scale",
    }
    bed.one("HorizontalPodAutoscaler")["status"]["conditions"] = [
        {**able, "lastTransitionTime": bed.ago(900)}, {**told, "lastTransitionTime": bed.ago(70)},
    ]  # fmt: skip


# Jobs


def _job(bed: Bed, name: str, minutes: float, *log: str, code: int = 1, kept: bool = True, reason: str = "BackoffLimitExceeded",
         message: str = "Job has reached the specified backoff limit", succeeded: bool = False, owner: str = "") -> None:  # fmt: skip
    app = bed.pods(APP)[0]["metadata"]
    owners = (
        [{"apiVersion": "batch/v1", "kind": "CronJob", "name": owner, "uid": f"uid-{owner}", "controller": True}]
        if owner
        else []
    )
    meta = {"name": name, "uid": f"uid-{name}", "namespace": app["namespace"], "labels": dict(app["labels"]),
            "creationTimestamp": bed.ago(minutes + 6), "ownerReferences": owners}  # fmt: skip
    ended: dict[str, Any] = {"type": "Failed", "status": "True", "reason": reason, "message": message}
    if succeeded:
        ended = {
            "type": "Complete",
            "status": "True",
            "reason": "CompletionsReached",
            "message": "Reached expected number of succeeded pods",
        }
    status = {
        "conditions": [{**ended, "lastTransitionTime": bed.ago(minutes)}],
        "failed": 1,
        "succeeded": int(succeeded),
    }
    bed.world.objects.append(
        {"kind": "Job", "apiVersion": "batch/v1", "metadata": meta, "spec": {"backoffLimit": 3}, "status": status}
    )
    if not kept:
        return
    end = {
        "exitCode": code,
        "reason": "Error",
        "startedAt": bed.ago(minutes + 5),
        "finishedAt": bed.ago(minutes + 4),
        "containerID": "containerd://6",
    }
    of_job = {"apiVersion": "batch/v1", "kind": "Job", "name": name, "uid": f"uid-{name}", "controller": True}
    pod = {**meta, "name": f"{name}-8xk2p", "uid": f"uid-{name}-pod", "ownerReferences": [of_job]}
    statuses = [
        {"name": "task", "ready": False, "restartCount": 0, "state": {"terminated": end}, "containerID": "containerd://6"},
        {"name": "istio-proxy", "ready": False, "restartCount": 0, "containerID": "containerd://7",
         "state": {"terminated": {**end, "exitCode": 0, "reason": "Completed"}}},
    ]  # fmt: skip
    spec = {"containers": [{"name": "task"}, {"name": "istio-proxy"}], "nodeName": "node-2", "restartPolicy": "Never"}
    bed.world.objects.append(
        {
            "kind": "Pod",
            "apiVersion": "v1",
            "metadata": pod,
            "spec": spec,
            "status": {"phase": "Failed", "containerStatuses": statuses},
        }
    )
    bed.world.logs[pod["name"], "task"] = list(log)


def _hook_too_slow(bed: Bed) -> None:
    """SUSE/suse-ai-up#26, decocms/studio#6237."""
    bed.record(
        "deployed",
        "deployed",
        "failed",
        age=25,
        description="pre-upgrade hooks failed: 1 error occurred: * job llm-cost-ops-db-migrate failed: DeadlineExceeded",
    )
    _job(
        bed,
        "llm-cost-ops-db-migrate",
        26,
        kept=False,
        reason="DeadlineExceeded",
        message="Job was active longer than specified deadline",
    )


def _nightly(bed: Bed) -> None:
    trace = ("> orders@4.2.0 report", "node dist/report.js", "Error: connect ECONNREFUSED 10.96.7.30:25", "    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16) {",
             "  errno: -111,", "  code: 'ECONNREFUSED',", "  syscall: 'connect',", "  address: '10.96.7.30',", "  port: 25", "}")  # fmt: skip
    _job(bed, "llm-cost-ops-report-29401200", 1500, succeeded=True, kept=False, owner="llm-cost-ops-report")
    _job(bed, "llm-cost-ops-report-29402640", 60, *trace, owner="llm-cost-ops-report")


_DELETED = ("Killing", "Stopping container app")
_403 = (
    "==> Vault Agent started! Log data will stream in below:",
    "2026-11-24T19:05:38.375Z [INFO]  agent.auth.handler: authenticating",
    '2026-11-24T19:05:38.401Z [ERROR] agent.auth.handler: error authenticating: error="Error making API request.\\n\\nURL: PUT http://vault.vault.svc:8200/v1/auth/kubernetes/login\\nCode: 403. Errors:\\n\\n* permission denied" backoff=4m17s',
)
_SQL_PROXY = (
    "2026/11/24 19:09:01 Authorizing with Application Default Credentials",
    '2026/11/24 19:09:02 The proxy has encountered a terminal error: unable to start: [acme-prod:europe-west1:orders] Unable to mount socket: failed to get instance: Refresh error: failed to get instance metadata (connection name = "acme-prod:europe-west1:orders"): googleapi: Error 403: The client is not authorized to make this request., notAuthorized',
)
_IMAGE_OF_LOGS = f'Back-off pulling image "registry.example.net/fluent-bit:2.1": ErrImagePull: rpc error: code = NotFound desc = {REGISTRY} "registry.example.net/fluent-bit:2.1": failed to resolve reference "registry.example.net/fluent-bit:2.1": registry.example.net/fluent-bit:2.1: not found'

CASES: tuple[Case, ...] = (
    # Clients of the stores
    Case("Django cannot log in, two chained tracebacks", "LG01", API, all_of(_crash(APP, 1, postings.DJANGO_LOGIN), _SIDECARS)),
    Case("asyncpg cannot log in, uvicorn ends with 3", "LG01", API, all_of(_crash(APP, 3, postings.ASYNCPG_LOGIN), _old_labels)),
    Case("Npgsql cannot log in, an unhandled exception of .NET", "LG01", API, all_of(_crash(APP, 134, postings.NPGSQL_LOGIN), _CACHE_ONCE_KILLED)),
    Case("ioredis gives no password", "LG01", API, all_of(_unready(postings.NOAUTH, 500), _SIDECARS)),
    Case("Npgsql finds no free connection, in a health check", "LG07", API, all_of(_unready(postings.NPGSQL_SLOTS), _STORE_ONCE_ENDED)),
    Case("Keycloak calls a host that is not there", "LG03", API, all_of(_crash(APP, 1, postings.JAVA_UNKNOWN_HOST), _old_labels)),
    Case("pgx calls a host that is not there, in zap's JSON", "LG03", API, all_of(_crash(APP, 1, postings.PGX_LOOKUP), _SIDECARS)),
    Case("ioredis gets no answer of the resolver", "LG03", API, all_of(_unready(postings.EAI_AGAIN, 500), _old_labels)),
    Case("Prisma does not reach an external database", "LG04", API, all_of(_crash(APP, 1, postings.PRISMA), _SIDECARS)),
    Case("node-postgres without TLS, error printed as an object", "LG05", API, all_of(_crash(APP, 1, postings.NODE_HBA), _beside("fluent-bit", *_FLUENT_BIT))),
    Case("SQLAlchemy's pool is spent, in logfmt with a traceback", "LG21", API, all_of(_unready(postings.QUEUE_POOL, 500), _CACHE_ONCE_KILLED)),
    Case("BullMQ writes to a replica", "LG19", API, all_of(_unready(postings.READONLY, 500), _old_labels)),
    Case("alembic does not know the revision after a rollback", "LG08", API, all_of(_crash(APP, 255, postings.ALEMBIC), _SIDECARS)),
    Case("asyncpg misses a column", "LG08", API, all_of(_unready(postings.NO_COLUMN, 500), _STORE_ONCE_ENDED)),
    Case("Flyway's checksum differs", "LG08", API, all_of(_crash(APP, 1, postings.FLYWAY), _old_labels)),
    # Settings and programs
    Case("Spring's port is taken", "LG11", API, all_of(_crash(APP, 1, postings.SPRING_PORT), _beside("nginx", "10.244.0.1 - - \"GET / HTTP/1.1\" 200"))),
    Case("Spring misses a variable", "LG09", API, all_of(_crash(APP, 1, postings.SPRING_PLACEHOLDER), _SIDECARS)),
    Case("pydantic misses a variable", "LG09", API, all_of(_crash(APP, 1, postings.PYDANTIC), _old_labels)),
    Case("gunicorn's module is not there", "LG27", API, all_of(_crash(APP, 3, postings.GUNICORN), _SIDECARS)),
    Case("Go panics and ends with 2", "CO11", API, all_of(_crash(APP, 2, postings.GO_NIL), _old_labels)),
    Case("Python may not write its log", "LG10", API, all_of(_crash(APP, 1, postings.NO_LOG_FOLDER), _CACHE_ONCE_KILLED)),
    Case("hook after the start fails, and the container ends well", "CO08", API, _hook_of_start_fails),
    # Stores
    Case("PostgreSQL's folder is open to its group", "LG06", STORE, all_of(_crash(DB, 1, postings.PG_PERMISSIONS), _store_missed, _old_labels)),
    Case("PostgreSQL may not make its folder", "LG10", STORE, all_of(_crash(DB, 1, postings.PG_MKDIR), _store_missed)),
    Case("PostgreSQL's log cannot be read", "LG15", STORE, all_of(_crash(DB, 1, postings.PG_CHECKPOINT), _store_missed, _SIDECARS)),
    Case("Redis may not write its folder", "LG10", REDIS, all_of(_crash(CACHE, 1, postings.REDIS_READ_ONLY), _cache_missed)),
    Case("Redis's file is damaged, Celery waits", "LG15", REDIS, all_of(_crash(CACHE, 1, postings.REDIS_AOF), _unready(postings.CELERY_REFUSED, 500), _old_labels)),
    Case("Redis cannot fork, Python says MISCONF", "LG17", REDIS, all_of(_unready(postings.MISCONF, 500), lambda bed: bed.log(CACHE, *postings.REDIS_FORK.strip().split("\n")))),
    Case("Redis's disk is full, said by its probe", "VO06", REDIS, _probe_says_full),
    Case("Redis is ended by a slow probe, and ends well", "CO10", REDIS, _probe_times_out),
    # Containers beside
    Case("istio-proxy out of memory", "CO09", API, _sidecar_ends("istio-proxy", 137, *_ENVOY, reason="OOMKilled")),
    Case("cloud-sql-proxy may not use the instance", "CO11", API, _sidecar_ends("cloud-sql-proxy", 1, *_SQL_PROXY)),
    Case("image of fluent-bit is gone, the application runs", "CO01", API, _sidecar_waits("fluent-bit", "ImagePullBackOff", _IMAGE_OF_LOGS)),
    Case("vault-agent-init is refused", "CO13", API, _init("vault-agent-init", {"running": {"startedAt": "2026-11-24T18:58:00Z"}}, *_403)),
    # Images
    Case("layers do not come in time", "CO03", API, all_of(pull(_DEADLINE), _beside("istio-proxy", first=True))),
    Case("a layer comes broken", "CO03", API, pull(_EOF)),
    Case("registry does not answer, dockershim's words", "CO03", API, all_of(pull(_CANCELED), _old_labels)),
    Case("ECR wants a login", "CO02", API, all_of(pull(_ECR), _CACHE_ONCE_KILLED)),
    # Admission and scheduling
    Case("OpenShift's constraints refuse the database", "SC01", STORE, all_of(_store_not_made(DB, _SCC.format("llm-cost-ops-postgresql")), _store_missed)),
    Case("Gatekeeper refuses the pods", "SC01", API, lambda bed: bed.not_made(APP, _GATEKEEPER)),
    Case("LimitRange refuses the pods", "SC01", API, all_of(lambda bed: bed.not_made(APP, _LIMIT_RANGE), _old_labels)),
    Case("Karpenter has no machine so large", "SC02", API, _karpenter),
    Case("the node group is full", "SC02", STORE, _group_is_full),
    Case("nodes hold no more volumes", "SC02", STORE, all_of(lambda bed: bed.unscheduled(DB, _VOLUME_COUNT), _store_missed)),
    Case("a pod of others keeps the cache away", "SC04", REDIS, all_of(lambda bed: bed.unscheduled(CACHE, _APART), _cache_missed, _old_labels)),
    Case("evicted for the node's disk, its replacement runs", "SC07", API, _evicted(20, _LOW_DISK)),
    # Volumes and sandboxes
    Case("EBS driver has no right", "VO03", STORE, _not_bound(_UNAUTHORIZED)),
    Case("account has no more volumes", "VO03", STORE, all_of(_not_bound(_NO_VOLUMES_LEFT), _old_labels)),
    Case("Azure's machine takes no more disks", "VO05", STORE, _not_mounted(DB, "FailedAttachVolume", _TOO_MANY_DISKS)),
    Case("EBS is attaching for ever", "VO05", STORE, _not_mounted(DB, "FailedAttachVolume", _STILL_ATTACHING, also=_UNMOUNTED)),
    Case("EBS volume is used by another machine, in-tree words", "VO04", STORE, _not_mounted(DB, "FailedAttachVolume", _IN_USE, also=_UNMOUNTED)),
    Case("Longhorn's file system is inconsistent", "VO05", STORE, all_of(_not_mounted(DB, "FailedMount", _FSCK), _old_labels)),
    Case("Ceph has an operation under way", "VO05", STORE, _not_mounted(DB, "FailedMount", _ALREADY)),
    Case("secrets store cannot log in", "VO05", API, _not_mounted(APP, "FailedMount", _VAULT_STORE, missed=_nobody_notices)),
    Case("external-secrets made no Secret", "CO06", API, all_of(_no_external_secret, _old_labels)),
    Case("Calico does not reach the API server", "CO14", API, _not_mounted(APP, "FailedCreatePodSandBox", _CALICO, missed=_nobody_notices)),
    Case("Calico's agent is not there", "CO14", API, _not_mounted(APP, "FailedCreatePodSandBox", _CALICO_NODE, missed=_nobody_notices)),
    Case("containerd keeps the sandbox's name", "CO14", STORE, _not_mounted(DB, "FailedCreatePodSandBox", _RESERVED)),
    # Traffic, scaling, jobs
    Case("Let's Encrypt limits the rate", "TR07", INGRESS, _certificate((_NOT_THERE, ("Issuing", "False", "Failed", f"The certificate request has failed to complete and will be retried: {_LIMITED}")), (_APPROVED, ("Ready", "False", "Failed", _LIMITED)))),
    Case("the order stays pending", "TR07", INGRESS, _certificate((_NOT_THERE, ("Issuing", "True", "DoesNotExist", "Issuing certificate as Secret does not exist")), (_APPROVED, ("Ready", "False", "Pending", 'Waiting on certificate issuance from order shop/llm-cost-ops-tls-1-2985: "pending"')))),
    Case("KEDA's metrics API is down", "TR11", SCALER, _scaler),
    Case("hook is too slow, and its pods are gone", "X13", "Job/llm-cost-ops-db-migrate", _hook_too_slow),
    Case("nightly report cannot send its mail", "X13", "CronJob/llm-cost-ops-report", _nightly),
    # Two at once
    Case("Secret missing beside old restarts of the stores", "CO06", API, all_of(lambda bed: bed.waits(APP, "CreateContainerConfigError", "couldn't find key stripe-key in Secret shop/llm-cost-ops-app-credentials"), _CACHE_ONCE_KILLED, _STORE_ONCE_ENDED)),
    Case("image missing beside pods evicted last week", "CO01", API, all_of(pull("rpc error: code = NotFound desc = ghcr.io/acme/llm-cost-ops:v9: not found"), _evicted(9000, _LOW_DISK))),
)  # fmt: skip


# Releases that work


def _at_start(
    reason: str, message: str, component: str = APP, minutes: float = 29, count: int = 2, container: str = ""
) -> Break:
    def act(bed: Bed) -> None:
        for pod in bed.pods(component):
            bed.event(pod, reason, message, minutes=minutes, count=count, container=container)

    return act


def _pulled_at_last(bed: Bed) -> None:
    image = 'image "docker.io/llm-cost-ops:v1.0.0"'
    for pod in bed.pods(APP):
        bed.event(
            pod,
            "Failed",
            f"Failed to pull {image}: rpc error: code = Unknown desc = failed to pull and unpack {image}: failed to copy: read tcp 10.0.1.4:51514->104.18.121.25:443: read: connection reset by peer",
            container="app",
            count=2,
            minutes=29,
        )
        bed.event(pod, "Failed", "Error: ErrImagePull", container="app", count=2, minutes=29)
        bed.event(pod, "Failed", "Error: ImagePullBackOff", container="app", count=3, minutes=28.5)
        _normal(bed, pod, "BackOff", f"Back-off pulling {image}", 28.5)
        _normal(
            bed,
            pod,
            "Pulled",
            f"Successfully pulled {image} in 41.2s (41.2s including waiting). Image size: 81234567 bytes.",
            28,
        )


def _surge(bed: Bed) -> None:
    """A new pod waits for a node that the autoscaler has asked for."""
    pod = bed.rollout(stalled=False)
    pod["metadata"]["creationTimestamp"] = bed.ago(0.5)
    pod["spec"].pop("nodeName", None)
    words = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
    refused = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": words,
        "lastTransitionTime": bed.ago(0.5),
    }
    pod["status"] = {"phase": "Pending", "conditions": [refused]}
    bed.event(pod, "FailedScheduling", words, count=1, minutes=0.5)
    _normal(bed, pod, "TriggeredScaleUp", "pod triggered scale-up: [{eks-workers-3a 3->4 (max: 6)}]", 0.3)
    for one in bed.every("ReplicaSet", APP):
        if one["metadata"]["uid"] == "uid-new-set":
            one["metadata"]["creationTimestamp"] = bed.ago(0.5)


def _old_pod_ends(bed: Bed) -> None:
    """The last pod of the version before is on its way out, within its grace."""
    pod = copy.deepcopy(bed.pods(APP)[0])
    pod["metadata"].update(
        name="llm-cost-ops-5d5c-x2x", uid="uid-leaving", deletionTimestamp=bed.ago(-0.3), deletionGracePeriodSeconds=30
    )
    for one in pod["status"]["conditions"]:
        if one["type"] in ("Ready", "ContainersReady"):
            one.update(status="False", reason="ContainersNotReady", lastTransitionTime=bed.ago(0.1))
    pod["status"]["containerStatuses"][0]["ready"] = False
    bed.world.objects.append(pod)
    _normal(bed, pod, *_DELETED, 0.2)
    bed.event(
        pod,
        "Unhealthy",
        'Readiness probe failed: Get "http://10.244.2.9:8080/health": dial tcp 10.244.2.9:8080: connect: connection refused',
        container="app",
        count=2,
        minutes=0.1,
    )


def _scanned(bed: Bed) -> None:
    """Somebody tries logins, clients go without a word: a PostgreSQL that is well."""
    bed.log(DB, *"""
2026-11-24 18:48:29.312 UTC [41] FATAL:  the database system is starting up
2026-11-24 18:48:29.513 UTC [1] LOG:  database system is ready to accept connections
2026-11-24 18:59:01.100 UTC [201] LOG:  could not receive data from client: Connection reset by peer
2026-11-24 19:02:44.841 UTC [219] FATAL:  password authentication failed for user "admin"
2026-11-24 19:02:44.841 UTC [219] DETAIL:  Role "admin" does not exist.
	Connection matched file "/var/lib/postgresql/data/pgdata/pg_hba.conf" line 128: "host all all all scram-sha-256"
2026-11-24 19:05:10.006 UTC [230] ERROR:  duplicate key value violates unique constraint "orders_number_key"
2026-11-24 19:05:10.006 UTC [230] DETAIL:  Key (number)=(4711) already exists.
2026-11-24 19:06:31.224 UTC [233] ERROR:  relation "ordrs" does not exist at character 15
2026-11-24 19:06:31.224 UTC [233] STATEMENT:  select * from ordrs limit 10;
2026-11-24 19:08:00.530 UTC [240] FATAL:  terminating connection due to administrator command
""".strip().split("\n"))  # fmt: skip


_RECOVERED = """
[2026-11-24 18:48:57,104: ERROR/MainProcess] consumer: Cannot connect to redis://:**@llm-cost-ops-redis:6379/0: Error 111 connecting to llm-cost-ops-redis:6379. Connection refused..
Trying again in 2.00 seconds... (1/100)

[2026-11-24 18:48:59,131: INFO/MainProcess] Connected to redis://:**@llm-cost-ops-redis:6379/0
[2026-11-24 18:49:00,140: INFO/MainProcess] celery@llm-cost-ops-6bcdf8b9bf ready.
W1124 18:49:02.101220       1 warnings.go:70] autoscaling/v2beta2 HorizontalPodAutoscaler is deprecated in v1.23+, unavailable in v1.26+; use autoscaling/v2 HorizontalPodAutoscaler
"""


def _says(component: str, log: str) -> Break:
    return lambda bed: bed.log(component, *log.strip("\n").split("\n"))


def _retried_job(bed: Bed) -> None:
    """The first try failed, the second did it; the failed pod is left."""
    _job(
        bed,
        "llm-cost-ops-migrate",
        25,
        "Error: P1001: Can't reach database server at `llm-cost-ops-postgresql:5432`",
        succeeded=True,
    )


def _foreign_node(bed: Bed) -> None:
    """A node of the cluster on which nothing of the release runs."""
    node = copy.deepcopy(bed.one("Node", "node-2"))
    node["metadata"].update(name="node-7", uid="uid-node-7")
    for one in node["status"]["conditions"]:
        if one["type"] == "Ready":
            one.update(
                status="Unknown",
                reason="NodeStatusUnknown",
                message="Kubelet stopped posting node status.",
                lastTransitionTime=bed.ago(200),
            )
    bed.world.around.append(node)


def _scaler_at_start(bed: Bed) -> None:
    bed.event(
        bed.one("HorizontalPodAutoscaler"),
        "FailedGetResourceMetric",
        "failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)",
        count=4,
        minutes=27,
    )
    bed.event(
        bed.one("HorizontalPodAutoscaler"),
        "FailedComputeMetricsReplicas",
        "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)",
        count=4,
        minutes=27,
    )


_SQL_PROXY_WELL = (
    '2026/11/24 19:02:33 New connection for "acme-prod:europe-west1:orders"',
    "2026/11/24 19:02:39 Client closed local connection on 127.0.0.1:5432",
    "2026/11/24 19:07:46 Thottling refreshCfg(acme-prod:europe-west1:orders): it was only called 15.001350074s ago",
)
_ENVOY_STARTS = (
    "2026-11-24T18:48:44.117523Z\twarn\tca\tca request failed, starting attempt 1 in 102.21ms",
    "2026-11-24T18:48:45.221304Z\twarn\tEnvoy proxy is NOT ready: config not received from XDS server (is Istiod running?): cds updates: 0 successful, 0 rejected",
    "2026-11-24T18:48:47.400213Z\tinfo\tReadiness succeeded in 3.211s",
    "2026-11-24T18:48:47.400992Z\tinfo\tEnvoy proxy is ready",
)
_REDIS_WARNS = """
1:C 24 Nov 2026 18:48:29.026 # WARNING Memory overcommit must be enabled! Without it, a background save or replication may fail under low memory condition. Being disabled, it can also cause failures without low memory condition, see https://github.com/jemalloc/jemalloc/issues/1328. To fix this issue add 'vm.overcommit_memory = 1' to /etc/sysctl.conf and then reboot or run the command 'sysctl vm.overcommit_memory=1' for this to take effect.
1:M 24 Nov 2026 18:48:29.027 # Warning: Could not create server TCP listening socket ::*:6379: unable to bind socket, errno: 97
1:M 24 Nov 2026 18:48:29.031 * Ready to accept connections tcp
1:M 24 Nov 2026 19:03:29.412 # Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis. This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Redis instance. Connection aborted.
"""

HEALTHY: dict[str, Break] = {
    # kubernetes/kubernetes#16051, knative/serving#1773, netbox-community/netbox-chart#113
    "connection refused once, when the pods began": _at_start("Unhealthy", 'Readiness probe failed: Get "http://10.244.5.16:8080/health": dial tcp 10.244.5.16:8080: connect: connection refused', container="app"),
    # istio/istio#54704
    "istio-proxy was late, the pods are ready": all_of(_beside("istio-proxy", *_ENVOY_STARTS, first=True), _at_start("Unhealthy", 'Startup probe failed: Get "http://10.244.5.16:15021/healthz/ready": dial tcp 10.244.5.16:15021: connect: connection refused', container="istio-proxy")),
    # kubernetes/minikube#15626, kagent-dev/kagent#210
    "an image that was pulled at the third try": _pulled_at_last,
    # cluster-autoscaler's TriggeredScaleUp
    "a pod of a surge that waits for its node since half a minute": _surge,
    "the last old pod ends, its readiness probe is refused": _old_pod_ends,
    # docker-library/postgres, PostgreSQL's own log
    "PostgreSQL whose clients err": all_of(_scanned, _old_labels),
    # redis/docker-library-redis, redis server.c
    "Redis with warnings of its start": _says(CACHE, _REDIS_WARNS),
    # celery/celery#4162
    "Celery that found its broker at the second try": all_of(_says(APP, _RECOVERED), _SIDECARS),
    # GoogleCloudPlatform/cloud-sql-proxy#190
    "cloud-sql-proxy that says what it does": all_of(_beside("cloud-sql-proxy", *_SQL_PROXY_WELL), _old_labels),
    # linkerd/linkerd2#3563: hundreds of restarts, long ago
    "many restarts, the last twelve days ago": all_of(_restarted(APP, 544, 12, exitCode=1, reason="Error"), _restarted(DB, 3, 12, exitCode=0, reason="Completed")),
    # kubelet's configmap cache at the start of a pod
    "volumes that were mounted at the second try": all_of(_at_start("FailedMount", 'MountVolume.SetUp failed for volume "initdb" : failed to sync configmap cache: timed out waiting for the condition', DB, count=1), _at_start("FailedAttachVolume", 'Multi-Attach error for volume "pvc-1" Volume is already used by pod(s) llm-cost-ops-postgresql-0', DB, count=1)),
    "a Job done at its second try": _retried_job,
    "an autoscaler without metrics in the first minutes": _scaler_at_start,
    "a node is away that nothing of the release needs": _foreign_node,
    # operate-first/apps#1352
    "pods evicted last week, their replacements run": _evicted(9000, _LOW_DISK),
    "sidecars that lost their collectors": all_of(_SIDECARS, _CACHE_ONCE_KILLED),
}  # fmt: skip
