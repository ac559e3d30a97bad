"""Ways to be broken that people have written about: what their clusters did to a chart with a database, a cache and an Ingress."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.preflight.setups import (
    IMAGE,
    Object,
    Setup,
    broken,
    chart,
    container,
    deployment,
    deployment_chart,
    name,
    number,
    obj,
    pod,
    quota,
)

# Quotas and limits


@broken("Q02", "services.nodeports", "exceeded quota")
def a_quota_without_node_ports(random: Random) -> Setup:
    return Setup((quota(name(random), services__nodeports="0"),), values={"service.type": "NodePort"})


@broken("R08", "limits.cpu", "must specify")
def a_hook_without_limits_where_a_quota_wants_them(random: Random) -> Setup:
    job = hook("post-install", {"name": "init", "image": IMAGE})
    return Setup((quota(name(random), limits__cpu=str(number(random, 4, 9))),), chart=chart(deployment(pod()), job))


@broken("Q02", "count/deployments.apps needs", "exceeded quota")
def a_quota_of_no_more_deployments(random: Random) -> Setup:
    return Setup((quota(name(random), pods="90") | _counted(random),))


def _counted(random: Random) -> Object:
    return {"spec": {"hard": {"count/deployments.apps": str(number(random, 0, 1))}}}


@broken("Q03", "its claim may use", "per PersistentVolumeClaim")
def a_limit_of_the_size_of_claims(random: Random) -> Setup:
    rule = {"type": "PersistentVolumeClaim", "max": {"storage": f"{number(random, 5, 30)}Gi"}}
    return Setup((obj("LimitRange", name(random), spec={"limits": [rule]}),))


@broken("R08", "per Pod", "per Pod")
def a_limit_of_the_memory_of_pods(random: Random) -> Setup:
    rule = {"type": "Pod", "max": {"memory": f"{number(random, 130, 200)}Mi"}}
    two = pod(container(), container(name="sidecar"))
    return Setup((obj("LimitRange", name(random), spec={"limits": [rule]}),), chart=chart(deployment(two)))


@broken("Q02", "fast-ssd.storageclass", "exceeded quota")
def a_quota_of_one_storage_class(random: Random) -> Setup:
    hard = {"fast-ssd.storageclass.storage.k8s.io/requests.storage": f"{number(random, 1, 20)}Gi"}
    return Setup((obj("ResourceQuota", name(random), spec={"hard": hard}),), {"database.class": "fast-ssd"})


@broken("R08", "limited: pods=0", "exceeded quota")
def a_quota_of_pods_without_requests(random: Random) -> Setup:
    made = obj("ResourceQuota", name(random), spec={"hard": {"pods": "0"}, "scopes": ["BestEffort"]})
    return Setup((made,), chart=deployment_chart(f"image: {IMAGE}"))


# Nodes


@broken("C01", "Insufficient nvidia.com/gpu", "Insufficient nvidia.com/gpu")
def a_device_that_no_node_has(random: Random) -> Setup:
    wanted = {"limits": {"nvidia.com/gpu": str(number(random, 1, 4))}}
    return Setup(chart=chart(deployment(pod(container(resources=wanted)))))


@broken("C01", "anti-affinity", "anti-affinity")
def more_replicas_than_nodes_each_on_its_own(random: Random) -> Setup:
    term = {"labelSelector": {"matchLabels": {"app": "web"}}, "topologyKey": "kubernetes.io/hostname"}
    rule = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return Setup(chart=chart(deployment(pod(affinity=rule), replicas=number(random, 4, 9))))


@broken("C01", "topology spread", "topology spread")
def a_spread_over_what_nodes_are_not_labelled_with(random: Random) -> Setup:
    rule = {"maxSkew": 1, "topologyKey": f"example.com/{name(random)}", "whenUnsatisfiable": "DoNotSchedule"}
    return Setup(values={"topologySpreadConstraints": [rule]})


@broken("C01", "topology spread", "topology spread")
def a_spread_over_more_zones_than_there_are(random: Random) -> Setup:
    rule = {
        "maxSkew": 1, "minDomains": number(random, 5, 8), "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {"matchLabels": {"app": "web"}},
    }  # fmt: skip
    return Setup(chart=chart(deployment(pod(topologySpreadConstraints=[rule]), replicas=6)))


@broken("R08", "RuntimeClass", "RuntimeClass")
def a_runtime_class_that_is_not_there(random: Random) -> Setup:
    return Setup(values={"runtimeClassName": random.choice(("gvisor", "kata", "nvidia"))})


@broken("C01", "node affinity/selector", "node affinity/selector")
def a_runtime_class_of_nodes_that_are_not_there(random: Random) -> Setup:
    where = {"nodeSelector": {f"example.com/{name(random)}": "yes"}}
    made = obj("RuntimeClass", "__NS__-box", "node.k8s.io/v1", handler="runsc", scheduling=where)
    return Setup((made,), values={"runtimeClassName": "__NS__-box"}, wait=1.0)


@broken("C01", "free ports", "free ports")
def more_replicas_than_nodes_with_a_port_of_the_node(random: Random) -> Setup:
    port = {"containerPort": 8080, "hostPort": number(random, 9000, 9999)}
    return Setup(chart=chart(deployment(pod(container(ports=[port])), replicas=number(random, 4, 6))))


@broken("C01", "free ports", "free ports")
def two_agents_with_the_same_port_of_the_node(random: Random) -> Setup:
    port = {"containerPort": 9100, "hostPort": number(random, 9100, 9110)}
    other = _daemon("others", {"app": "others"}, port)
    return Setup((other,), chart=chart(_daemon("web", {"app": "web"}, port)), wait=6.0)


def _daemon(named: str, labels: dict[str, str], port: dict[str, int]) -> Object:
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container(ports=[port])]}}
    return obj("DaemonSet", named, "apps/v1", spec={"selector": {"matchLabels": labels}, "template": template})


@broken("C10", "volcano", "not ready")
def a_scheduler_that_is_not_there(_: Random) -> Setup:
    return Setup(chart=chart(deployment(pod(schedulerName="volcano"))))


@broken("C01", "affinity", "pod affinity")
def a_pod_that_has_to_be_beside_one_that_is_not_there(random: Random) -> Setup:
    term = {"labelSelector": {"matchLabels": {"app": name(random)}}, "topologyKey": "kubernetes.io/hostname"}
    rule = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    return Setup(values={"affinity": rule})


@broken("C01", "Insufficient memory", "Insufficient memory")
def an_init_container_larger_than_every_node(random: Random) -> Setup:
    size = f"{number(random, 9, 60)}Gi"
    first = {"name": "warm", "image": IMAGE, "resources": {"requests": {"memory": size}, "limits": {"memory": size}}}
    return Setup(chart=chart(deployment(pod(initContainers=[first]))))


@broken("C01", "taint", "taint")
def a_pool_whose_taint_is_not_tolerated(random: Random) -> Setup:
    pool = name(random)
    room = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    node = obj(
        "Node", "__NS__-gpu-1", metadata={"labels": {"pool": pool, "kubernetes.io/hostname": "__NS__-gpu-1"}},
        spec={"taints": [{"key": "dedicated", "value": pool, "effect": "NoSchedule"}]}, status={"allocatable": room, "capacity": room},
    )  # fmt: skip
    return Setup((node,), values={"nodeSelector": {"pool": pool}}, wait=4.0)


@broken("C10", "there is no node")
def a_node_by_name_that_is_gone(random: Random) -> Setup:
    return Setup(chart=chart(deployment(pod(nodeName=f"worker-{number(random, 4, 90)}"))))


# Disks


@broken("S09", "own-data", "not found")
def a_claim_of_ours_that_is_not_there(random: Random) -> Setup:
    return Setup(values={"postgresql.primary.persistence.existingClaim": f"own-data-{number(random, 1, 99)}"})


@broken("S09", "own-data", "unbound")
def a_claim_of_ours_that_nothing_provides(random: Random) -> Setup:
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "", **_size(number(random, 60, 90))}
    claim = obj("PersistentVolumeClaim", "own-data", spec=spec)
    return Setup((claim,), values={"postgresql.primary.persistence.existingClaim": "own-data"})


@broken("S10", "own-data", "node affinity")
def a_disk_in_a_zone_without_nodes(random: Random) -> Setup:
    term = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [f"eu-{name(random)}"]}
    volume = obj("PersistentVolume", "__NS__-disk", spec={
        "capacity": {"storage": "100Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "__NS__-old", "hostPath": {"path": "/srv/x"},
        "claimRef": {"namespace": "__NS__", "name": "own-data"}, "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [term]}]}},
    })  # fmt: skip
    spec = {
        "accessModes": ["ReadWriteOnce"],
        "storageClassName": "__NS__-old",
        "volumeName": "__NS__-disk",
        **_size(100),
    }
    claim = obj("PersistentVolumeClaim", "own-data", spec=spec)
    return Setup((volume, claim), values={"postgresql.primary.persistence.existingClaim": "own-data"}, wait=4.0)


@broken("S05", "makes no volumes", "volume")
def a_class_of_volumes_made_by_hand_and_none_is_left(random: Random) -> Setup:
    mode = random.choice(("WaitForFirstConsumer", "Immediate"))
    made = obj(
        "StorageClass",
        "__NS__-local",
        "storage.k8s.io/v1",
        provisioner="kubernetes.io/no-provisioner",
        volumeBindingMode=mode,
    )
    return Setup((made,), {"database.class": "__NS__-local"}, wait=1.0)


@broken("S04", "allowedTopologies", "not ready")
def a_class_of_a_zone_without_nodes(random: Random) -> Setup:
    zone = {"matchLabelExpressions": [{"key": "topology.kubernetes.io/zone", "values": [f"eu-{name(random)}"]}]}
    made = obj(
        "StorageClass", "__NS__-zonal", "storage.k8s.io/v1", provisioner="volumes.llm-cost-ops.local",
        volumeBindingMode="WaitForFirstConsumer", allowedTopologies=[zone],
    )  # fmt: skip
    return Setup((made,), {"database.class": "__NS__-zonal"}, wait=1.0)


@broken("S03", "ReadWriteMany", "not ready")
def a_shared_disk_of_a_driver_of_block_devices(random: Random) -> Setup:
    driver = random.choice(("ebs.csi.aws.com", "pd.csi.storage.gke.io", "disk.csi.azure.com"))
    made = obj(
        "StorageClass",
        "__NS__-block",
        "storage.k8s.io/v1",
        provisioner=driver,
        volumeBindingMode="WaitForFirstConsumer",
    )
    there = obj("CSIDriver", driver, "storage.k8s.io/v1", spec={"attachRequired": True})
    spec = {"accessModes": ["ReadWriteMany"], "storageClassName": "__NS__-block", **_size(number(random, 1, 50))}
    claim = obj("PersistentVolumeClaim", "shared", spec=spec)
    volumes = [{"name": "shared", "persistentVolumeClaim": {"claimName": "shared"}}]
    mounted = pod(container(volumeMounts=[{"name": "shared", "mountPath": "/shared"}]), volumes=volumes)
    return Setup((made, there), chart=chart(claim, deployment(mounted, replicas=3)))


def _size(gibibytes: int) -> dict[str, Any]:
    return {"resources": {"requests": {"storage": f"{gibibytes}Gi"}}}


@broken("S07", "gone-class", "not ready")
def a_disk_of_before_of_a_class_that_is_gone(random: Random) -> Setup:
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": f"gone-class-{number(random, 1, 9)}", **_size(8)}
    return Setup((obj("PersistentVolumeClaim", "data-llm-cost-ops-redis-0", spec=spec),))


@broken("W20", "own-config", "not ready")
def a_config_map_of_a_volume_that_is_not_there(random: Random) -> Setup:
    named = f"own-config-{number(random, 1, 99)}"
    return Setup(values={
        "extraVolumes": [{"name": "own", "configMap": {"name": named}}], "extraVolumeMounts": [{"name": "own", "mountPath": "/own"}],
    })  # fmt: skip


@broken("W20", "own-settings", "not found")
def a_config_map_of_variables_that_is_not_there(random: Random) -> Setup:
    return Setup(values={"extraEnvFrom": [{"configMapRef": {"name": f"own-settings-{number(random, 1, 99)}"}}]})


@broken("W20", "ca.crt", "not ready")
def authorities_without_the_key_that_is_named(random: Random) -> Setup:
    made = obj("ConfigMap", "authorities", data={random.choice(("ca.pem", "bundle.crt", "ca-bundle.crt")): "x"})
    return Setup((made,), values={"global.caBundle.configMap": "authorities"})


# Accounts and hooks


@broken("R08", "serviceaccount", "serviceaccount")
def an_account_that_nobody_makes(random: Random) -> Setup:
    return Setup(values={"serviceAccount.create": False, "serviceAccount.name": f"app-{name(random)}"})


@broken("W21", "migrate", "serviceaccount")
def a_hook_before_the_install_with_an_account_of_the_release(random: Random) -> Setup:
    account = obj("ServiceAccount", "migrate")
    job = hook(random.choice(("pre-install", "pre-install,pre-upgrade")), container(), serviceAccountName="migrate")
    return Setup(chart=chart(deployment(pod()), account, job))


@broken("W21", "settings", "settings")
def a_hook_before_the_install_with_settings_of_the_release(_: Random) -> Setup:
    settings = obj("ConfigMap", "settings", data={"URL": "x"})
    job = hook("pre-install", container(envFrom=[{"configMapRef": {"name": "settings"}}]))
    return Setup(chart=chart(deployment(pod()), settings, job))


@broken("R07", "not currently held", "not currently held")
def a_role_with_more_rights_than_its_person(random: Random) -> Setup:
    rule = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    role = obj("Role", name(random), "rbac.authorization.k8s.io/v1", rules=[rule])
    return Setup(chart=chart(deployment(pod()), role), user="namespace-only")


@broken("R02", "ClusterRole", "forbidden")
def a_role_of_the_cluster_by_a_person_of_one_namespace(random: Random) -> Setup:
    rule = {"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]}
    role = obj("ClusterRole", f"__NS__-{name(random)}", "rbac.authorization.k8s.io/v1", rules=[rule])
    return Setup(chart=chart(deployment(pod()), role), user="namespace-only")


@broken("N03", "belongs to", "cannot be imported")
def a_role_of_the_cluster_of_another_release(random: Random) -> Setup:
    notes = {"meta.helm.sh/release-name": name(random), "meta.helm.sh/release-namespace": "elsewhere"}
    labels = {"app.kubernetes.io/managed-by": "Helm"}
    rules = [{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get"]}]
    made = obj("ClusterRole", "__NS__-reader", "rbac.authorization.k8s.io/v1", rules=rules)
    theirs = {**made, "metadata": {**made["metadata"], "labels": labels, "annotations": notes}}
    return Setup((theirs,), chart=chart(deployment(pod()), made))


def hook(when: str, one: Object, **spec: Any) -> Object:
    """A Job that helm runs at a point of its work."""
    template = {"spec": {"containers": [one], "restartPolicy": "Never", **spec}}
    return obj("Job", "init", "batch/v1", metadata={"annotations": {"helm.sh/hook": when}}, spec={"template": template})


# Admission


@broken("Q05", "would refuse", "failed calling webhook")
def a_webhook_that_changes_services_and_is_away(random: Random) -> Setup:
    return Setup(webhook("MutatingWebhookConfiguration", "services", "", f"{name(random)}-hook"), wait=2.0)


@broken("Q05", "would refuse", "failed calling webhook")
def an_injector_of_pods_that_is_away(random: Random) -> Setup:
    return Setup(webhook("MutatingWebhookConfiguration", "pods", "", f"{name(random)}-hook"), wait=2.0)


@broken("Q05", "would refuse", "failed calling webhook")
def a_policy_engine_without_endpoints(random: Random) -> Setup:
    return Setup(webhook("ValidatingWebhookConfiguration", "*", "*", f"{name(random)}-hook"), wait=2.0)


def webhook(kind: str, resource: str, group: str, named: str) -> tuple[Object, ...]:
    """A Service without endpoints, and a webhook of it for what is created in the namespace."""
    service = {"namespace": "__NS__-other", "name": named, "path": "/mutate"}
    rules = [{"apiGroups": [group], "apiVersions": ["*"], "operations": ["CREATE"], "resources": [resource]}]
    one = {
        "name": "inject.example.com", "clientConfig": {"service": service}, "rules": rules, "sideEffects": "None",
        "admissionReviewVersions": ["v1"], "failurePolicy": "Fail", "timeoutSeconds": 2,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "__NS__"}},
    }  # fmt: skip
    there = obj(
        "Service",
        named,
        metadata={"namespace": "__NS__-other"},
        spec={"selector": {"app": "x"}, "ports": [{"port": 443}]},
    )
    return there, obj(kind, f"__NS__-{named}", "admissionregistration.k8s.io/v1", webhooks=[one])


@broken("R08", "denied", "denied")
def a_policy_about_pods(random: Random) -> Setup:
    wanted = random.choice(("team", "cost-center", "owner"))
    return Setup(
        policy(
            f"__NS__-{name(random)}", "", "pods", f"has(object.metadata.labels) && '{wanted}' in object.metadata.labels"
        ),
        wait=5.0,
    )


@broken("R07", "denied", "denied")
def a_policy_about_registries(random: Random) -> Setup:
    rule = f"object.spec.template.spec.containers.all(c, c.image.startsWith('{name(random)}.example.net/'))"
    return Setup(policy(f"__NS__-{name(random)}", "apps", "deployments", rule), wait=5.0)


@broken("R09", "denied", "denied")
def a_policy_about_claims(random: Random) -> Setup:
    wanted = random.choice(("team", "cost-center", "owner"))
    return Setup(
        policy(f"__NS__-{name(random)}", "", "persistentvolumeclaims", f"'{wanted}' in object.metadata.labels"),
        wait=5.0,
    )


def policy(named: str, group: str, resource: str, expression: str) -> tuple[Object, ...]:
    """A policy that everything of a kind that is created in the namespace has to keep, and its binding."""
    where = {"matchLabels": {"kubernetes.io/metadata.name": "__NS__"}}
    rules = [{"apiGroups": [group], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": [resource]}]
    api = "admissionregistration.k8s.io/v1"
    spec = {
        "failurePolicy": "Fail", "matchConstraints": {"resourceRules": rules}, "validations": [{"expression": expression, "message": "denied by us"}],
    }  # fmt: skip
    bound = {"policyName": named, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": where}}
    return obj("ValidatingAdmissionPolicy", named, api, spec=spec), obj(
        "ValidatingAdmissionPolicyBinding", named, api, spec=bound
    )


@broken("R08", "violates PodSecurity", "violates PodSecurity")
def a_folder_of_the_node_in_a_baseline_namespace(random: Random) -> Setup:
    folder = random.choice(("/var/log", "/var/run", "/srv/data"))
    return Setup(labels={"pod-security.kubernetes.io/enforce": "baseline"}, values={
        "extraVolumes": [{"name": "own", "hostPath": {"path": folder}}], "extraVolumeMounts": [{"name": "own", "mountPath": "/own"}],
    })  # fmt: skip
