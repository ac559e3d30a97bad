"""The labelled set: what is broken, and the cause that a diagnosis has to name. A new failure is one entry in CASES.

Objects come from a release captured in the sandbox; words are those of Kubernetes 1.36, containerd, helm and the clients.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.diagnosis.breaking import APP, CACHE, DB, REGISTRY, Bed, Break, all_of, pull

API = "Deployment/llm-cost-ops"
STORE = "StatefulSet/llm-cost-ops-postgresql"
REDIS = "StatefulSet/llm-cost-ops-redis"
RELEASE = "Release/llm-cost-ops"
IMAGE = "ghcr.io/acme/llm-cost-ops:v9"


@dataclass(frozen=True)
class Case:
    """One failure. `cause` is the finding's ID, `object` whose cause it is, `breaks` makes it."""

    name: str
    cause: str
    object: str
    breaks: Break


def _do(method: str, *arguments: Any, **options: Any) -> Break:
    """A case that is one verb of the bed."""
    return lambda bed: getattr(bed, method)(*arguments, **options)


_STORE_AWAY = _do("app_misses", "llm-cost-ops-postgresql:5432")
_CACHE_AWAY = _do("app_misses", "llm-cost-ops-redis:6379")


def _mounts_nothing(bed: Bed) -> None:
    bed.waits(APP, "ContainerCreating", "")
    for pod in bed.pods(APP):
        bed.event(pod, "FailedMount", 'MountVolume.SetUp failed for volume "tls" : secret "llm-cost-ops-tls" not found')


def _new_pod(state: dict[str, Any]) -> Break:
    def act(bed: Bed) -> None:
        pod = bed.rollout()
        pod["status"]["containerStatuses"][0].update(state=state, ready=False, restartCount=0)
        pod["status"]["containerStatuses"][0].pop("containerID", None)
        pod["status"]["phase"] = "Pending"

    return act


def _new_pod_has_no_room(bed: Bed) -> None:
    pod = bed.rollout()
    message = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found."
    refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    pod["status"] = {"phase": "Pending", "conditions": [{**refused, "lastTransitionTime": bed.ago(20)}]}
    pod["spec"].pop("nodeName", None)


def _killed_by(probe: str) -> Break:
    def act(bed: Bed) -> None:
        bed.crashes(APP, 137, "starting llm-cost-ops", "loading 4 GB of price history")
        for pod in bed.pods(APP):
            name = pod["status"]["containerStatuses"][0]["name"]
            bed.event(
                pod, "Killing", f"Container {name} failed {probe.lower()} probe, will be restarted", container=name
            )
            words = 'Get "http://10.244.0.9:8080/health": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
            bed.event(pod, "Unhealthy", f"{probe} probe failed: {words}", container=name, count=21)

    return act


def _init_waits(bed: Bed) -> None:
    bed.waits(APP, "PodInitializing", "")
    for pod in bed.pods(APP):
        pod["spec"]["initContainers"] = [{"name": "wait-for-schema", "image": "busybox:1.37"}]
        state = {"running": {"startedAt": bed.ago(20)}}
        pod["status"]["initContainerStatuses"] = [
            {
                "name": "wait-for-schema",
                "state": state,
                "ready": False,
                "restartCount": 0,
                "containerID": "containerd://1",
            }
        ]
        pod["status"]["conditions"].append(
            {"type": "Initialized", "status": "False", "lastTransitionTime": bed.ago(20)}
        )
        bed.world.logs[pod["metadata"]["name"], "wait-for-schema"] = ["schema version 7 wanted, 6 found", "waiting"]


def _claim_class(name: str) -> Break:
    def act(bed: Bed) -> None:
        claim = bed.claim(DB, "Pending", storageClassName=name)
        claim["spec"].pop("volumeName", None)
        if name:
            bed.event(claim, "ProvisioningFailed", f'storageclass.storage.k8s.io "{name}" not found')
        else:
            claim["spec"].pop("storageClassName")
            bed.event(
                claim, "FailedBinding", "no persistent volumes available for this claim and no storage class is set"
            )
        unbound = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found"
        bed.unscheduled(DB, unbound)

    return act


def _claim_waits(bed: Bed) -> None:
    claim = bed.claim(DB, "Pending")
    claim["spec"].pop("volumeName", None)
    bed.event(claim, "WaitForFirstConsumer", "waiting for first consumer to be created before binding")


_NO_SANDBOX = (
    'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to start sandbox "530f": failed to create '
    "containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container "
    "process: container init was OOM-killed (memory limit too low?)"
)


def _no_room_for_a_container(bed: Bed) -> None:
    bed.waits(APP, "ContainerCreating", "")
    for pod in bed.pods(APP):
        bed.event(pod, "FailedCreatePodSandBox", _NO_SANDBOX)


_FULL_DATABASE = (
    "LOG:  redo done at 0/5FFFAE0 system usage: CPU: user: 0.07 s, system: 0.09 s, elapsed: 0.26 s",
    'FATAL:  could not write to file "pg_wal/xlogtemp.12": No space left on device',
    "LOG:  startup process (PID 12) exited with exit code 1",
    "LOG:  terminating any other active server processes",
    "LOG:  shutting down due to startup process failure",
    "LOG:  database system is shut down",
)


def _claim_lost(bed: Bed) -> None:
    bed.claim(DB, "Lost")
    bed.world.around = [one for one in bed.world.around if one["kind"] != "PersistentVolume"]
    words = '0/3 nodes are available: 3 persistentvolumeclaim "data-llm-cost-ops-postgresql-0" bound to non-existent persistentvolume "pvc-1".'
    bed.unscheduled(DB, words)


def _volume_released(bed: Bed) -> None:
    claim = bed.claim(DB, "Pending")
    bed.one("PersistentVolume", claim["spec"]["volumeName"])["status"] = {"phase": "Released"}
    bed.unscheduled(DB, "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims.")


def _service(change: str) -> Break:
    def act(bed: Bed) -> None:
        spec = bed.one("Service", "llm-cost-ops")["spec"]
        if change == "selector":
            spec["selector"]["app.kubernetes.io/name"] = "llm-costops"
        else:
            spec["ports"][0]["targetPort"] = "web"

    return act


def _scaled_to_zero(bed: Bed) -> None:
    bed.not_made(APP, "")
    root = bed.root(APP)
    root["spec"]["replicas"] = 0
    root["status"] = {"observedGeneration": root["metadata"]["generation"]}
    for one in bed.every("ReplicaSet", APP):
        one["spec"]["replicas"], one["status"] = 0, {"observedGeneration": one["metadata"]["generation"]}
    bed.one("HorizontalPodAutoscaler")["status"]["conditions"] = [
        {"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled", "message": "scaling is disabled"}
    ]


def _ingress(class_name: str | None) -> Break:
    def act(bed: Bed) -> None:
        one = bed.one("Ingress")
        one["status"] = {"loadBalancer": {}}
        one["spec"].pop("ingressClassName", None)
        if class_name:
            one["spec"]["ingressClassName"] = class_name

    return act


_ISSUER = {"group": "cert-manager.io", "kind": "ClusterIssuer", "name": "letsencrypt-prod"}
_NO_ISSUER = 'Referenced "ClusterIssuer" not found: clusterissuer.cert-manager.io "letsencrypt-prod" not found'


def _asks_for_a_certificate(bed: Bed) -> None:
    """By annotation, and nothing was made yet."""
    ingress = bed.one("Ingress")
    ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] = _ISSUER["name"]
    ingress["spec"]["tls"] = [{"hosts": ["api.example.com"], "secretName": "llm-cost-ops-tls"}]
    bed.world.seen += ["Certificate", "CertificateRequest"]


def _request(*conditions: tuple[str, str, str, str], minutes: float = 25) -> Break:
    """A certificate that was asked for so long ago; conditions (type, status, reason, message) of the request."""

    def act(bed: Bed) -> None:
        _asks_for_a_certificate(bed)
        issued = ("Ready", "True", "Issued", "Certificate fetched from issuer successfully") in conditions
        state = (
            ("Ready", "True", "Ready", "Certificate is up to date and has not expired")
            if issued
            else ("Ready", "False", "DoesNotExist", "Issuing certificate as Secret does not exist")
        )
        keys = ("type", "status", "reason", "message")
        owner: dict[str, Any] = {}
        for kind, name, said in (
            ("Certificate", "llm-cost-ops-tls", (state,)),
            ("CertificateRequest", "llm-cost-ops-tls-h7x2p", conditions),
        ):
            since = {"lastTransitionTime": bed.ago(minutes)}
            meta = {
                "name": name,
                "namespace": bed.world.namespace,
                "uid": kind,
                "creationTimestamp": bed.ago(minutes),
                "ownerReferences": [owner] if owner else [],
            }
            spec = {"secretName": "llm-cost-ops-tls", "issuerRef": _ISSUER}
            status = {"conditions": [dict(zip(keys, words, strict=True)) | since for words in said]}
            bed.world.around.append({"kind": kind, "metadata": meta, "spec": spec, "status": status})
            owner = {"kind": kind, "name": name, "uid": kind, "controller": True}

    return act


_APPROVED = ("Approved", "True", "cert-manager.io", "Certificate request has been approved by cert-manager.io")


def _balancer(ready: bool, minutes: float = 25) -> Break:
    """The Service to which the Ingress's address belongs, whose endpoint changed so long ago."""

    def act(bed: Bed) -> None:
        meta = {"namespace": "ingress-nginx", "creationTimestamp": bed.ago(9000)}
        service = {"name": "ingress-nginx-controller", "uid": "balancer", **meta}
        trigger = {"endpoints.kubernetes.io/last-change-trigger-time": bed.ago(minutes)}
        labels = {"kubernetes.io/service-name": "ingress-nginx-controller"}
        endpoints = {
            "name": "ingress-nginx-controller-x",
            "uid": "slice",
            "labels": labels,
            "annotations": trigger,
            **meta,
        }
        pods = [{"addresses": ["10.244.1.7"], "conditions": {"ready": ready, "serving": ready, "terminating": False}}]
        bed.world.around += [
            {"kind": "Service", "metadata": service, "spec": {"type": "LoadBalancer"}, "status": bed.one("Ingress")["status"]},
            {"kind": "EndpointSlice", "metadata": endpoints, "endpoints": pods},
        ]  # fmt: skip

    return act


def _class_left(bed: Bed) -> None:
    bed.one("Ingress")["spec"]["ingressClassName"] = "nginx-internal"


def _scaler(reason: str, message: str) -> Break:
    def act(bed: Bed) -> None:
        told = {"type": "ScalingActive", "status": "False", "reason": reason, "message": message}
        bed.one("HorizontalPodAutoscaler")["status"]["conditions"] = [{**told, "lastTransitionTime": bed.ago(25)}]

    return act


_NO_METRICS = _scaler(
    "FailedGetResourceMetric",
    "the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: "
    "unable to fetch metrics from resource metrics API: the server could not find the requested resource (get pods.metrics.k8s.io)",
)


def _budget(bed: Bed) -> None:
    one = bed.one("PodDisruptionBudget")
    one["spec"] = {"minAvailable": 3, "selector": one["spec"]["selector"]}
    one["status"].update(expectedPods=3, desiredHealthy=3, currentHealthy=3, disruptionsAllowed=0)


def _node(kind: str, state: str, reason: str, message: str) -> Break:
    def act(bed: Bed) -> None:
        pod = bed.pods(DB)[0]
        name = pod["spec"]["nodeName"]
        for one in bed.one("Node", name)["status"]["conditions"]:
            if one["type"] == kind:
                one.update(status=state, reason=reason, message=message, lastTransitionTime=bed.ago(8))
        if kind == "Ready":
            for one in pod["status"]["conditions"]:
                if one["type"] == "Ready":
                    one.update(status="False", lastTransitionTime=bed.ago(7))
            bed.root(DB)["status"].update(readyReplicas=0, availableReplicas=0)
            bed.app_misses("llm-cost-ops-postgresql:5432")

    return act


def _quietly_short(bed: Bed) -> None:
    root = bed.root(APP)
    root["status"].update(readyReplicas=2, availableReplicas=2, replicas=2, updatedReplicas=2, unavailableReplicas=1)
    root["metadata"]["creationTimestamp"] = bed.ago(300)
    for one in root["status"]["conditions"]:
        one["lastTransitionTime"] = bed.ago(120)
    gone = bed.pods(APP)[0]["metadata"]["uid"]
    bed.world.objects = [one for one in bed.world.objects if one["metadata"]["uid"] != gone]


def _paused(bed: Bed) -> None:
    root = bed.root(APP)
    root["spec"]["paused"] = True
    root["status"]["updatedReplicas"] = 0
    for one in root["status"]["conditions"]:
        if one["type"] == "Progressing":
            one.update(status="Unknown", reason="DeploymentPaused", message="Deployment is paused")


_CPU = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
_MEMORY = "0/3 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 2 Insufficient memory."
_SELECTOR = "0/3 nodes are available: 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
_TAINT = "0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: gpu}. preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
_QUOTA = 'pods "llm-cost-ops-6bcdf8b9bf-" is forbidden: exceeded quota: team, requested: limits.memory=2Gi, used: limits.memory=6Gi, limited: limits.memory=6Gi'
_SECURITY = 'pods "llm-cost-ops-" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true (pod or container "app" must set securityContext.runAsNonRoot=true)'
_ACCOUNT = 'pods "llm-cost-ops-" is forbidden: error looking up service account shop/llm-cost-ops: serviceaccount "llm-cost-ops" not found'
_WEBHOOK = 'admission webhook "validate.kyverno.svc-fail" denied the request: policy Deployment/shop/llm-cost-ops for resource violation: require-labels: label team is required'
_CONFLICT = 'Apply failed with 1 conflict: conflict with "kube-controller-manager" using apps/v1: .spec.replicas'
_NOT_OURS = 'Unable to continue with install: Service "llm-cost-ops" in namespace "shop" exists and cannot be imported into the current release: invalid ownership metadata; label validation error: missing key "app.kubernetes.io/managed-by": must be set to "Helm"'
_IMMUTABLE = "cannot patch \"llm-cost-ops-postgresql\" with kind StatefulSet: StatefulSet.apps \"llm-cost-ops-postgresql\" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy' are forbidden"
_SELECTOR_FIXED = 'cannot patch "llm-cost-ops" with kind Deployment: Deployment.apps "llm-cost-ops" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"x"}}: field is immutable'
_FORBIDDEN = 'networkpolicies.networking.k8s.io is forbidden: User "ci" cannot create resource "networkpolicies" in API group "networking.k8s.io" in the namespace "shop"'
_NO_LOGIN = (
    '{"level":"ERROR","message":"error returned from database: password authentication failed for user \\"postgres\\""}'
)

CASES: tuple[Case, ...] = (
    # Images
    Case("image tag does not exist", "CO01", API, pull(f'{REGISTRY} "{IMAGE}": failed to resolve reference "{IMAGE}": {IMAGE}: not found')),
    Case("registry says manifest unknown", "CO01", API, pull("unexpected status: manifest unknown: manifest unknown")),
    Case("image of somebody else's registry", "CO02", API, pull(f'{REGISTRY} "{IMAGE}": pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed')),
    Case("registry wants a login", "CO02", API, pull("failed to authorize: failed to fetch oauth token: unexpected status from GET request: 401 Unauthorized")),
    Case("registry's pull limit", "CO03", API, pull("429 Too Many Requests - toomanyrequests: You have reached your unauthenticated pull rate limit")),
    Case("registry's name does not resolve", "CO03", API, pull('Head "https://registry.acme.test/v2/": dial tcp: lookup registry.acme.test on 10.0.0.2:53: no such host')),
    Case("registry's certificate is not trusted", "CO03", API, pull("tls: failed to verify certificate: x509: certificate signed by unknown authority")),
    Case("image for another processor", "CO04", API, pull("no match for platform in manifest: not found")),
    Case("image name with a space", "CO05", API, _do("waits", APP, "InvalidImageName", 'Failed to apply default image tag "ghcr.io/Acme x:1": couldn\'t parse image name')),
    Case("image never pulled", "CO05", API, _do("waits", APP, "ErrImageNeverPull", 'Container image "x" is not present with pull policy of Never')),
    Case("database image gone from its registry", "CO01", STORE, all_of(_do("waits", DB, "ImagePullBackOff", 'Back-off pulling image "docker.io/bitnami/postgresql:15": ErrImagePull: docker.io/bitnami/postgresql:15: not found'), _STORE_AWAY)),
    Case("cache image refused", "CO02", REDIS, all_of(_do("waits", CACHE, "ErrImagePull", "unexpected status from HEAD request: 403 Forbidden"), _CACHE_AWAY)),
    Case("new version's image missing, old pods answer", "CO01", API, _new_pod({"waiting": {"reason": "ImagePullBackOff", "message": f'Back-off pulling image "{IMAGE}": ErrImagePull: {IMAGE}: not found'}})),
    # Configuration
    Case("Secret missing", "CO06", API, _do("waits", APP, "CreateContainerConfigError", 'secret "llm-cost-ops-app-credentials" not found')),
    Case("key missing in a Secret", "CO06", API, _do("waits", APP, "CreateContainerConfigError", "couldn't find key jwt-secret in Secret shop/llm-cost-ops-app-credentials")),
    Case("ConfigMap missing", "CO06", API, _do("waits", APP, "CreateContainerConfigError", 'configmap "llm-cost-ops" not found')),
    Case("TLS Secret of a volume missing", "CO06", API, _mounts_nothing),
    Case("database's Secret missing", "CO06", STORE, all_of(_do("waits", DB, "CreateContainerConfigError", 'secret "llm-cost-ops-postgresql-credentials" not found'), _STORE_AWAY)),
    Case("new version's key missing, autoscaler blind as well", "CO06", API, all_of(_new_pod({"waiting": {"reason": "CreateContainerConfigError", "message": "couldn't find key smtp-password in Secret shop/llm-cost-ops-app-credentials"}}), _NO_METRICS)),
    Case("image runs as root where it may not", "CO07", API, _do("waits", APP, "CreateContainerConfigError", "container has runAsNonRoot and image will run as root")),
    # Commands, memory, crashes
    Case("command not in the image", "CO08", API, _do("crashes", APP, 128, reason="StartError", message='failed to create containerd task: exec: "serv": executable file not found in $PATH')),
    Case("shell does not find the command", "CO08", API, _do("crashes", APP, 127, "sh: 1: llm-cost-opps: not found")),
    Case("application out of memory", "CO09", API, _do("crashes", APP, 137, reason="OOMKilled")),
    Case("no container fits into the limit", "CO09", API, _no_room_for_a_container),
    Case("initdb out of memory ends with 1", "CO09", STORE, all_of(_do("crashes", DB, 1, "running bootstrap script ...", reason="OOMKilled"), _STORE_AWAY)),
    Case("database's disk full", "VO06", STORE, all_of(_do("crashes", DB, 1, *_FULL_DATABASE), _STORE_AWAY)),
    Case("cache's disk full, its probe says nothing", "VO06", REDIS, _do("runs_unready", CACHE, "", "1:M # Short write while writing to the AOF file: (nwritten=514696, expected=786465)")),
    Case("database out of memory", "CO09", STORE, all_of(_do("crashes", DB, 137, "LOG:  starting PostgreSQL 16.4", reason="OOMKilled"), _STORE_AWAY)),
    Case("cache out of memory", "CO09", REDIS, all_of(_do("crashes", CACHE, 137, reason="OOMKilled"), _CACHE_AWAY)),
    Case("liveness probe kills a slow application", "CO10", API, _killed_by("Liveness")),
    Case("startup probe gives up too early", "CO10", API, _killed_by("Startup")),
    Case("application panics", "CO11", API, _do("crashes", APP, 101, "thread 'main' panicked at src/config.rs:41:", "missing field `currency`")),
    Case("application ends with its last words", "CO11", API, _do("crashes", APP, 3, message="fatal: unknown pricing table")),
    Case("database refuses its data folder", "LG06", STORE, all_of(_do("crashes", DB, 1, 'FATAL:  data directory "/var/lib/postgresql/data/pgdata" has wrong ownership'), _STORE_AWAY)),
    Case("command does one thing and ends", "CO12", API, _do("crashes", APP, 0, "migrations are up to date", reason="Completed")),
    Case("command with an unknown argument", "CO12", API, _do("crashes", APP, 2, "error: unrecognized subcommand 'serv'", "Usage: llm-cost-ops [OPTIONS] <COMMAND>")),
    Case("init container waits for ever", "CO13", API, _init_waits),
    Case("init container waits for a database without room", "SC02", STORE, all_of(_init_waits, _do("unscheduled", DB, _CPU))),
    # What the application says
    Case("wrong database password, crash loop", "LG01", API, _do("crashes", APP, 1, "starting llm-cost-ops", _NO_LOGIN)),
    Case("wrong database password, only not ready", "LG01", API, _do("runs_unready", APP, "HTTP probe failed with statuscode: 503", _NO_LOGIN)),
    Case("wrong database password in last words", "LG01", API, _do("crashes", APP, 1, message='FATAL: password authentication failed for user "postgres"')),
    Case("wrong cache password", "LG01", API, _do("crashes", APP, 1, "WRONGPASS invalid username-password pair or user is disabled.")),
    Case("variable not filled into the address", "LG02", API, _do("crashes", APP, 1, 'invalid connection string: postgres://postgres:$(DB_PASSWORD)@llm-cost-ops-postgresql:5432/x')),
    Case("password with a slash in the address", "LG02", API, _do("crashes", APP, 1, "error: invalid port number in database url")),
    Case("host of the database misspelt", "LG03", API, _do("crashes", APP, 1, 'could not translate host name "llm-cost-ops-postgres" to address: Name or service not known')),
    Case("cache host does not resolve", "LG03", API, _do("crashes", APP, 1, "Error: getaddrinfo ENOTFOUND redis.shop.svc")),
    Case("external database's name does not resolve", "LG03", API, _do("runs_unready", APP, "HTTP probe failed with statuscode: 503", "dial tcp: lookup db.acme.test on 10.96.0.10:53: no such host")),
    Case("external database refuses", "LG04", API, _do("crashes", APP, 1, 'connection to server at "db.acme.test" (203.0.113.9), port 5432 failed: Connection refused')),
    Case("external database behind a firewall", "LG04", API, _do("crashes", APP, 1, "dial tcp 203.0.113.9:5432: connect: connection timed out")),
    Case("cache on a port where nobody listens", "LG04", API, _do("runs_unready", APP, "HTTP probe failed with statuscode: 503", "redis: connect ECONNREFUSED llm-cost-ops-redis:6380")),
    Case("TLS wanted of a database without", "LG05", API, _do("crashes", APP, 1, "error occurred while attempting to establish a TLS connection: server does not support TLS")),
    Case("encryption demanded by the database", "LG05", API, _do("crashes", APP, 1, 'FATAL:  no pg_hba.conf entry for host "10.244.0.9", user "postgres", database "x", no encryption')),
    # Admission and scheduling
    Case("quota used up", "SC01", API, _do("not_made", APP, _QUOTA)),
    Case("pod security forbids", "SC01", API, _do("not_made", APP, _SECURITY)),
    Case("ServiceAccount missing", "SC01", API, _do("not_made", APP, _ACCOUNT)),
    Case("policy denies the pods", "SC01", API, _do("not_made", APP, _WEBHOOK)),
    Case("no CPU left", "SC02", API, _do("unscheduled", APP, _CPU)),
    Case("no memory left for the database", "SC02", STORE, all_of(_do("unscheduled", DB, _MEMORY), _STORE_AWAY)),
    Case("no room for the new version's pod", "SC02", API, _new_pod_has_no_room),
    Case("node selector matches nothing", "SC03", API, _do("unscheduled", APP, _SELECTOR)),
    Case("taint not tolerated", "SC03", STORE, all_of(_do("unscheduled", DB, _TAINT), _STORE_AWAY)),
    # Volumes
    Case("storage class missing", "VO01", STORE, all_of(_claim_class("gp9"), _STORE_AWAY)),
    Case("no default storage class", "VO01", STORE, all_of(_claim_class(""), _STORE_AWAY)),
    Case("claim waits for its first pod", "VO02", STORE, _claim_waits),
    Case("claim waits because its pod has no room", "SC02", STORE, all_of(_claim_waits, _do("unscheduled", DB, _CPU), _STORE_AWAY)),
    Case("volume gone", "VO07", STORE, all_of(_claim_lost, _STORE_AWAY)),
    Case("volume remembers another claim", "VO07", STORE, all_of(_volume_released, _STORE_AWAY)),
    # Readiness and traffic
    Case("readiness says 503 and nothing else", "TR01", API, _do("runs_unready", APP)),
    Case("readiness path is not there", "TR01", API, _do("runs_unready", APP, "HTTP probe failed with statuscode: 404")),
    Case("rollout paused", "TR02", API, _paused),
    Case("rollout stalled, its pods unseen", "TR02", API, lambda bed: bed.world.objects.remove(bed.rollout())),
    Case("Service selects nobody", "TR03", "Service/llm-cost-ops", _service("selector")),
    Case("Service names a port that is not there", "TR03", "Service/llm-cost-ops", _service("port")),
    Case("scaled to zero", "TR03", "Service/llm-cost-ops", _scaled_to_zero),
    Case("Ingress class missing", "TR04", "Ingress/llm-cost-ops", _ingress("nginx-internal")),
    Case("Ingress without class and default", "TR04", "Ingress/llm-cost-ops", _ingress(None)),
    Case("Ingress that no controller takes up", "TR04", "Ingress/llm-cost-ops", _ingress("nginx")),
    Case("Ingress class changed to one that is missing, the old address is left", "TR04", "Ingress/llm-cost-ops", _class_left),
    Case("Ingress controller down", "TR06", "Ingress/llm-cost-ops", _balancer(ready=False)),
    Case("issuer of the certificate missing", "TR07", "Ingress/llm-cost-ops", _request(_APPROVED, ("Ready", "False", "Pending", _NO_ISSUER), minutes=1)),
    Case("issuer of the certificate not ready", "TR07", "Ingress/llm-cost-ops", _request(_APPROVED, ("Ready", "False", "Pending", "Referenced issuer does not have a Ready status condition"))),
    Case("certificate request denied", "TR07", "Ingress/llm-cost-ops", _request(("Denied", "True", "Policy", "not this name"), ("Ready", "False", "Denied", "The CertificateRequest was denied by an approval controller"))),
    Case("certificate refused by its issuer", "TR07", "Ingress/llm-cost-ops", _request(_APPROVED, ("Ready", "False", "Failed", "Error signing certificate: no names"))),
    Case("certificate asked for, cert-manager not there", "TR07", "Ingress/llm-cost-ops", _asks_for_a_certificate),
    Case("metrics API gone", "TR11", "HorizontalPodAutoscaler/llm-cost-ops", _NO_METRICS),
    Case("pods without requests to scale by", "TR11", "HorizontalPodAutoscaler/llm-cost-ops", _scaler("FailedGetResourceMetric", "failed to get cpu utilization: missing request for cpu in container app of Pod llm-cost-ops-1")),
    Case("disruption budget blocks every drain", "TR13", "PodDisruptionBudget/llm-cost-ops", _budget),
    # Nodes, and the release itself
    Case("the database's node is gone", "CL01", "Node/node-1", _node("Ready", "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status.")),
    Case("a node's disk is full", "CL01", "Node/node-1", _node("DiskPressure", "True", "KubeletHasDiskPressure", "kubelet has disk pressure")),
    Case("deployed, and a pod short for hours", "CL06", RELEASE, _quietly_short),
    Case("locked by a killed upgrade", "X01", RELEASE, _do("record", "deployed", "pending-upgrade")),
    Case("locked by a killed install, image missing too", "X01", RELEASE, all_of(_do("record", "pending-install"), pull("x: not found"))),
    Case("first install failed, nothing else seen", "X02", RELEASE, _do("record", "failed")),
    Case("uninstalled with its history", "X02", RELEASE, _do("record", "uninstalled")),
    Case("object belongs to somebody else", "X03", "Service/llm-cost-ops", all_of(_do("record"), _do("helm_said", _NOT_OURS))),
    Case("fixed field of the database's StatefulSet", "X04", RELEASE, _do("record", "deployed", "failed", description=f'Upgrade "llm-cost-ops" failed: {_IMMUTABLE}')),
    Case("selector changed", "X04", RELEASE, all_of(_do("record", "deployed", age=90), _do("helm_said", _SELECTOR_FIXED))),
    Case("autoscaler owns the replicas", "X05", RELEASE, _do("record", "deployed", "failed", description=_CONFLICT)),
    Case("quota refuses a claim", "X09", RELEASE, _do("record", "failed", description='persistentvolumeclaims "data" is forbidden: exceeded quota: storage, requested: requests.storage=100Gi, used: requests.storage=40Gi, limited: requests.storage=50Gi')),
    Case("policy denies the release", "X10", RELEASE, _do("record", "deployed", "failed", description=_WEBHOOK)),
    Case("no right to make an object", "X12", RELEASE, _do("record", "deployed", "failed", description=_FORBIDDEN)),
    Case("failed upgrade over a working one", "X18", RELEASE, _do("record", "deployed", "failed", description='Upgrade "llm-cost-ops" failed: resource not ready, name: llm-cost-ops, kind: Deployment, status: InProgress: context deadline exceeded')),
    Case("values with a name that nobody reads", "X18", "Values/llm-cost-ops", _do("record", "deployed", unread=("secrets.jwtSecret", "replicas"))),
    Case("chart not in the repository", "X19", RELEASE, all_of(_do("record", "deployed"), _do("helm_said", 'chart "llm-cost-ops" matching 9.9.9 not found in llm-cost-ops index. (try \'helm repo update\')'))),
    Case("repository not added", "X19", RELEASE, all_of(_do("record"), _do("helm_said", "repo llm-cost-ops not found"))),
)  # fmt: skip


def _once_out_of_memory(bed: Bed) -> None:
    for pod in bed.pods(APP):
        one = pod["status"]["containerStatuses"][0]
        one["restartCount"] = 2
        one["lastState"] = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "finishedAt": bed.ago(25)}}
    bed.log(APP, "connection refused", _NO_LOGIN)


def _view_only(bed: Bed) -> None:
    bed.world.around, bed.world.seen, bed.world.revisions = [], [], []


def _old_trouble(bed: Bed) -> None:
    for pod in bed.pods(APP):
        bed.event(pod, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", container="app")
        bed.event(pod, "FailedMount", 'secret "x" not found')
        bed.event(pod, "FailedScheduling", _CPU)


def _on_its_way(bed: Bed) -> None:
    pod = bed.rollout(stalled=False)
    pod["metadata"]["creationTimestamp"] = bed.ago(1)
    pod["status"]["containerStatuses"][0].update(state={"running": {"startedAt": bed.ago(0.1)}}, ready=False)


HEALTHY: dict[str, Break] = {
    "as installed": lambda _: None,
    "seen by the view role": _view_only,
    "restarted once, ready again": _once_out_of_memory,
    "warnings of before": _old_trouble,
    "an upgrade that went well after one that failed": _do("record", "superseded", "failed", "deployed"),
    "an old failure of ours, mended since": all_of(_do("record", "deployed", age=1), _do("helm_said", _NOT_OURS)),
    "a rollout on its way": _on_its_way,
    "a certificate issued, its controller up": all_of(_request(_APPROVED, ("Ready", "True", "Issued", "Certificate fetched from issuer successfully")), _balancer(ready=True)),
    "a certificate on its way, the controller restarts": all_of(_request(_APPROVED, minutes=1), _balancer(ready=False, minutes=0.2)),
}  # fmt: skip
"""Nothing may be found in these."""
