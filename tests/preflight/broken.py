"""Ways to be broken, each made from a random number: other names, numbers and order mean the same."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from tests.preflight.setups import (
    IMAGE,
    Setup,
    broken,
    deployment_chart,
    ingress,
    limits,
    login,
    name,
    number,
    obj,
    quota,
    secret,
    tls_pair,
    tls_secret,
)
from wizard.core.kube import lease
from wizard.core.target import Target

# Quotas and limits


@broken("Q02", "requests.cpu needs", "exceeded quota")
def a_quota_of_cpu_that_is_nearly_used(random: Random) -> Setup:
    return Setup((quota(name(random), requests__cpu=f"{number(random, 100, 400)}m"),))


@broken("Q02", "requests.memory needs", "exceeded quota")
def a_quota_of_memory_that_is_too_small(random: Random) -> Setup:
    return Setup((quota(name(random), requests__memory=f"{number(random, 64, 400)}Mi"),))


@broken("Q02", "pods needs", "exceeded quota")
def a_quota_of_fewer_pods(random: Random) -> Setup:
    return Setup((quota(name(random), pods=str(number(random, 1, 3))),))


@broken("Q02", "persistentvolumeclaims needs", "exceeded quota")
def a_quota_of_fewer_disks(random: Random) -> Setup:
    return Setup((quota(name(random), persistentvolumeclaims="1"),))


@broken("Q02", "requests.storage needs", "exceeded quota")
def a_quota_of_less_storage(random: Random) -> Setup:
    return Setup((quota(name(random), requests__storage=f"{number(random, 5, 40)}Gi"),))


@broken("R08", "maximum memory usage per Container", "maximum memory usage per Container")
def a_limit_of_memory_for_containers(random: Random) -> Setup:
    return Setup((limits(name(random), max={"memory": f"{number(random, 100, 250)}Mi"}),))


@broken("R08", "maximum cpu usage per Container", "maximum cpu usage per Container")
def a_limit_of_cpu_for_containers(random: Random) -> Setup:
    return Setup((limits(name(random), max={"cpu": f"{number(random, 60, 90)}m"}),))


@broken("R08", "minimum cpu usage per Container", "minimum cpu usage per Container")
def a_least_request_of_cpu(random: Random) -> Setup:
    return Setup((limits(name(random), min={"cpu": str(number(random, 2, 4))}),))


@broken("R08", "limit to request ratio", "limit to request ratio")
def a_ratio_of_limit_to_request(random: Random) -> Setup:
    return Setup((limits(name(random), maxLimitRequestRatio={"cpu": "1"}),))


# Nodes


@broken("C01", "Insufficient cpu", "Insufficient cpu")
def a_pod_larger_than_every_node(random: Random) -> Setup:
    cores = number(random, 5, 64)
    return Setup(answers={"cpu": str(cores), "cpu.limit": str(cores + 1)})


@broken("C01", "Insufficient memory", "Insufficient memory")
def a_pod_with_more_memory_than_every_node(random: Random) -> Setup:
    size = number(random, 9, 200)
    return Setup(answers={"memory": f"{size}Gi", "memory.limit": f"{size}Gi"})


@broken("C01", "pods fit", "Insufficient cpu")
def more_replicas_than_there_is_room_for(random: Random) -> Setup:
    return Setup(answers={"replicas": str(number(random, 30, 90)), "cpu": "1", "cpu.limit": "2"})


@broken("C04", "would stop at")
def an_autoscaler_that_goes_beyond_the_nodes(random: Random) -> Setup:
    return Setup(
        answers={"scaling": "auto", "replicas.max": str(number(random, 40, 200)), "cpu": "1", "cpu.limit": "2"}
    )


@broken("C01", "node affinity/selector", "node affinity/selector")
def a_label_that_no_node_has(random: Random) -> Setup:
    return Setup(values={"nodeSelector": {f"example.com/{name(random)}": "true"}})


@broken("C01", "node affinity/selector", "node affinity/selector")
def an_affinity_to_a_zone_that_is_not_there(random: Random) -> Setup:
    rule = {"key": "topology.kubernetes.io/zone", "operator": "In", "values": [f"eu-{name(random)}"]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
    return Setup(values={"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}})


@broken("R08", "no PriorityClass", "no PriorityClass with name")
def a_priority_class_that_is_not_there(random: Random) -> Setup:
    return Setup(values={"priorityClassName": name(random)})


# Disks


@broken("S01", "which is not here", "not found")
def a_storage_class_of_another_cloud(random: Random) -> Setup:
    return Setup(answers={"database.class": random.choice(("gp3", "premium-rwo", "managed-csi", "longhorn"))})


@broken("S01", "which is not here", "not found")
def a_storage_class_of_the_cache_with_a_typing_error(random: Random) -> Setup:
    return Setup(values={"redis.master.persistence.storageClass": random.choice(("fast-sdd", "standart", "fastssd"))})


@broken("S03", "driver", "external provisioner")
def a_class_whose_driver_is_not_installed(random: Random) -> Setup:
    driver = random.choice(("ebs.csi.aws.com", "pd.csi.storage.gke.io", "disk.csi.azure.com"))
    cls = obj("StorageClass", "__NS__-gp", "storage.k8s.io/v1", provisioner=driver)
    return Setup((cls,), {"database.class": "__NS__-gp"})


# Images


@broken("M03", "Bitnami took")
def an_image_of_bitnami_by_version(random: Random) -> Setup:
    return Setup(values={
        "redis.image.registry": "docker.io", "redis.image.repository": "bitnami/redis", "redis.image.tag": f"7.{number(random, 0, 4)}.1",
    })  # fmt: skip


@broken("M03", "frozen")
def an_image_of_a_registry_that_is_frozen(random: Random) -> Setup:
    return Setup(chart=deployment_chart(f"image: k8s.gcr.io/pause:3.{number(random, 1, 5)}"))


@broken("M06", "may run different")
def a_tag_that_moves_in_production(random: Random) -> Setup:
    tag = random.choice(("latest", "main", "stable", "edge"))
    return Setup(answers={"preset": "prod", "scaling": "fixed", "image": f"registry.example.com/api:{tag}"})


@broken("M04", "has no login for")
def a_pull_secret_for_another_registry(random: Random) -> Setup:
    return Setup((login(f"{name(random)}.example.net"),), {"image.pullSecret": "pull"})


@broken("M04", "is no list of registry logins")
def a_pull_secret_that_is_something_else(random: Random) -> Setup:
    text = random.choice(("e30=", "bm90LWpzb24=", "W10="))
    made = obj("Secret", "pull", type="Opaque", data={".dockerconfigjson": text})
    return Setup((made,), {"image.pullSecret": "pull"})


@broken("K02", "is not in namespace")
def a_pull_secret_that_is_not_there(random: Random) -> Setup:
    return Setup(answers={"image.pullSecret": name(random)})


# Ways in


@broken("I01", "which is not here")
def an_ingress_class_that_is_not_there(random: Random) -> Setup:
    return Setup(answers={"ingress.class": random.choice(("alb", "traefik", "haproxy", "gce"))})


@broken("I02", "nobody would serve it")
def an_ingress_class_whose_controller_is_gone(random: Random) -> Setup:
    controller = random.choice(("k8s.io/ingress-nginx", "traefik.io/ingress-controller"))
    cls = obj("IngressClass", "__NS__-web", "networking.k8s.io/v1", spec={"controller": controller})
    return Setup((cls,), {"ingress.class": "__NS__-web"})


@broken("I05", "too")
def a_host_that_somebody_else_has(random: Random) -> Setup:
    return Setup((ingress(name(random), "__NS__.example.org"),))


@broken("I05", "too")
def a_path_of_the_host_that_somebody_else_has(random: Random) -> Setup:
    path = f"/{random.choice(('costs', 'llm', 'api'))}"
    return Setup((ingress(name(random), "__NS__.example.org", path),), {"path": path})


@broken("I06", "where no Ingress of its class is")
def a_name_that_leads_elsewhere(random: Random) -> Setup:
    return Setup(names={"__NS__.example.org": (f"198.51.100.{number(random, 1, 250)}",)})


# Certificates


@broken("I07", "expired")
def a_certificate_that_has_expired(random: Random) -> Setup:
    return Setup((tls_secret(tls_pair("*.example.org", ends=-number(random, 1, 60))),), {"tls.secret": "web-tls"})


@broken("I07", "not valid before")
def a_certificate_that_is_not_valid_yet(random: Random) -> Setup:
    return Setup((tls_secret(tls_pair("*.example.org", begins=number(random, 2, 60))),), {"tls.secret": "web-tls"})


@broken("I07", "not for")
def a_certificate_for_another_host(random: Random) -> Setup:
    return Setup((tls_secret(tls_pair(f"{name(random)}.example.net")),), {"tls.secret": "web-tls"})


@broken("I07", "key")
def a_certificate_with_the_key_of_another(_: Random) -> Setup:
    made = tls_secret(tls_pair("*.example.org"), key=tls_pair("*.example.org"))
    return Setup((made,), {"tls.secret": "web-tls"})


@broken("K02", "is not in namespace")
def a_tls_secret_that_is_not_there(random: Random) -> Setup:
    return Setup(answers={"tls.secret": name(random)})


@broken("K02", "tls.key")
def a_tls_secret_without_its_key(random: Random) -> Setup:
    made = tls_secret(tls_pair("*.example.org"), named=name(random))
    made["data"].pop("tls.key")
    made["type"] = "Opaque"
    return Setup((made,), {"tls.secret": made["metadata"]["name"]})


@broken("I08", "cert-manager is not installed")
def an_issuer_without_cert_manager(random: Random) -> Setup:
    return Setup(answers={"tls": "issuer", "tls.secret": None, "tls.issuer": f"letsencrypt-{name(random)}"})


# Secrets


@broken("K02", "is not in namespace", "not found")
def a_secret_of_the_database_that_is_not_there(random: Random) -> Setup:
    return Setup(answers={"secret.postgres": "existing", "secret.postgres.name": name(random)})


@broken("K02", "has no key", "find key")
def a_secret_without_the_key(random: Random) -> Setup:
    named = name(random)
    made = secret(named, **{random.choice(("token", "password", "jwt")): "a-text-that-is-long-enough-for-all-that"})
    return Setup((made,), {"secret.jwt": "existing", "secret.jwt.name": named})


@broken("K02", "is empty")
def a_secret_with_an_empty_value(random: Random) -> Setup:
    named = name(random)
    return Setup((secret(named, jwt_secret=""),), {"secret.jwt": "existing", "secret.jwt.name": named})


@broken("W16", "well-known password")
def a_password_out_of_a_manual(random: Random) -> Setup:
    word = random.choice(("changeme", "password", "postgres", "admin"))
    container = f"image: {IMAGE}\nenv:\n  - name: DB_PASSWORD\n    value: {word}"
    return Setup(chart=deployment_chart(container))


@broken("N07", "with its password is gone")
def a_database_disk_of_before_without_its_password(_: Random) -> Setup:
    claim = obj(
        "PersistentVolumeClaim", "data-llm-cost-ops-postgresql-0",
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "8Gi"}}},
    )  # fmt: skip
    return Setup((claim,))


# Namespace, names, owners, rights


@broken("R01", "is being deleted", "being terminated")
def a_namespace_that_is_being_deleted(random: Random) -> Setup:
    held = obj("ConfigMap", name(random), metadata={"finalizers": ["example.com/held"]})
    return Setup((held,), deleted=True)


@broken("R02", "not allowed", "forbidden")
def a_person_without_any_right(_: Random) -> Setup:
    return Setup(user="nobody", namespace=False)


@broken("R02", "not allowed", "forbidden")
def a_person_who_may_only_look(_: Random) -> Setup:
    return Setup(user="view")


@broken("N02", "pending")
def a_release_that_is_stuck(random: Random) -> Setup:
    state = random.choice(("pending-install", "pending-upgrade", "pending-rollback"))
    labels = {"owner": "helm", "name": "llm-cost-ops", "status": state, "version": "1"}
    record = obj(
        "Secret", "sh.helm.release.v1.llm-cost-ops.v1", type="helm.sh/release.v1", metadata={"labels": labels},
        data={"release": "eA=="},
    )  # fmt: skip
    return Setup((record,))


@broken("N03", "belongs to", "cannot be imported")
def an_object_of_another_release(random: Random) -> Setup:
    notes = {"meta.helm.sh/release-name": name(random), "meta.helm.sh/release-namespace": "__NS__"}
    meta = {"labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": notes}
    return Setup((obj("ServiceAccount", "llm-cost-ops", metadata=meta),))


@broken("N03", "belongs to", "cannot be imported")
def an_object_that_was_made_by_hand(random: Random) -> Setup:
    return Setup((obj(random.choice(("ServiceAccount", "ConfigMap")), "llm-cost-ops"),))


@broken("N01", "Release name", "invalid")
def a_release_name_that_helm_refuses(random: Random) -> Setup:
    return Setup(answers={"release": random.choice(("x" * 54, "-api", "api-"))})


@broken("N09", "is at work on it")
def another_wizard_at_work(random: Random) -> Setup:
    holder = f"eve@{name(random)}:0123456789/7f3a9c"
    target = Target("", "__NS__", "llm-cost-ops")
    return Setup((lease.manifest(target, holder, datetime.now(UTC)),))


# Admission


@broken("R07", "denied", "denied")
def a_policy_of_the_cluster_that_refuses_a_service(random: Random) -> Setup:
    where = {"matchLabels": {"kubernetes.io/metadata.name": "__NS__"}}
    rules = [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["services"]}]
    named = f"__NS__-{name(random)}"
    policy = obj(
        "ValidatingAdmissionPolicy", named, "admissionregistration.k8s.io/v1",
        spec={"failurePolicy": "Fail", "matchConstraints": {"resourceRules": rules}, "validations": [{"expression": "has(object.metadata.labels.owner)"}]},
    )  # fmt: skip
    binding = obj(
        "ValidatingAdmissionPolicyBinding", named, "admissionregistration.k8s.io/v1",
        spec={"policyName": named, "validationActions": ["Deny"], "matchResources": {"namespaceSelector": where}},
    )  # fmt: skip
    return Setup((policy, binding), wait=5.0)


@broken("Q05", "would refuse", "failed calling webhook")
def a_webhook_whose_service_is_gone(random: Random) -> Setup:
    service = {"namespace": "__NS__", "name": name(random), "path": "/validate"}
    rules = [
        {"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["CREATE", "UPDATE"], "resources": ["configmaps"]}
    ]
    hook = {
        "name": "validate.example.com", "clientConfig": {"service": service}, "rules": rules, "sideEffects": "None",
        "admissionReviewVersions": ["v1"], "failurePolicy": "Fail", "timeoutSeconds": 2,
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "__NS__"}},
    }  # fmt: skip
    made = obj(
        "ValidatingWebhookConfiguration", f"__NS__-{name(random)}", "admissionregistration.k8s.io/v1", webhooks=[hook]
    )
    return Setup((made,), wait=2.0)


@broken("R08", "violates PodSecurity", "violates PodSecurity")
def a_namespace_of_restricted_pods(random: Random) -> Setup:
    level = random.choice(("restricted", "baseline"))
    container = f"image: {IMAGE}\nsecurityContext: {{privileged: true}}"
    return Setup(labels={"pod-security.kubernetes.io/enforce": level}, chart=deployment_chart(container))


# Values and wiring


@broken("W12", "replicaCont")
def a_value_with_a_typing_error(random: Random) -> Setup:
    return Setup(values={"replicaCont": number(random, 1, 9)})


@broken("W10", "replicaCount", "replicaCount")
def a_value_of_the_wrong_kind(random: Random) -> Setup:
    return Setup(values={"replicaCount": random.choice(("many", "three", [1]))})


@broken("W10", "has to be")
def a_template_that_renders_a_null(random: Random) -> Setup:
    env = random.choice(("env: [null]", "ports: [null]", "env: {A: b}"))
    return Setup(chart=deployment_chart(f"image: {IMAGE}\n{env}"))


@broken("W08", "wants Kubernetes", "kubeVersion")
def a_chart_for_a_newer_cluster(random: Random) -> Setup:
    files = deployment_chart(f"image: {IMAGE}")
    return Setup(chart=files | {"Chart.yaml": files["Chart.yaml"] + f'kubeVersion: ">=1.{number(random, 60, 90)}.0"\n'})


@broken("W13", "is given 2 times")
def a_variable_that_is_given_twice(random: Random) -> Setup:
    key = f"SETTING_{number(random, 1, 9)}"
    env = f"env:\n  - {{name: {key}, value: one}}\n  - {{name: {key}, value: two}}"
    return Setup(chart=deployment_chart(f"image: {IMAGE}\n{env}"))


@broken("W14", "$(")
def a_variable_that_names_one_after_it(random: Random) -> Setup:
    host = f"DB_HOST_{number(random, 1, 9)}"
    env = f"env:\n  - {{name: DB_URL, value: postgres://$({host})/app}}\n  - {{name: {host}, value: db}}"
    return Setup(chart=deployment_chart(f"image: {IMAGE}\n{env}"))


@broken("W15", "there is no Service of that name")
def a_service_that_is_named_and_not_there(random: Random) -> Setup:
    env = f"env:\n  - {{name: CACHE_URL, value: 'http://{name(random)}.__NS__.svc:6379'}}"
    return Setup(chart=deployment_chart(f"image: {IMAGE}\n{env}"))


@broken("W15", "has no ready endpoints")
def a_cache_elsewhere_with_nothing_behind_it(random: Random) -> Setup:
    named = f"{name(random)}-redis"
    spec = {"selector": {"app": named}, "ports": [{"port": 6379}]}
    service = obj("Service", named, metadata={"namespace": "__NS__-other"}, spec=spec)
    return Setup((service,), {"cache": "external", "cache.host": f"{named}.__NS__-other.svc.cluster.local"})


@broken("W15", "-other/")
def a_cache_elsewhere_that_is_not_there(random: Random) -> Setup:
    return Setup((), {"cache": "external", "cache.host": f"{name(random)}-redis.__NS__-other.svc"})


@broken("C05", "could be drained")
def a_budget_that_lets_no_pod_move(random: Random) -> Setup:
    budget = (
        "---\napiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\n"
        f"spec: {{minAvailable: {random.choice(('1', '100%'))}, selector: {{matchLabels: {{app: web}}}}}}\n"
    )
    return Setup(chart=deployment_chart(f"image: {IMAGE}", budget))


@broken("A01", "metrics")
def an_autoscaler_without_metrics(random: Random) -> Setup:
    return Setup(answers={"scaling": "auto", "replicas": "2", "replicas.max": str(number(random, 3, 6))})


@broken("W16", "plain text")
def production_over_plain_http(_: Random) -> Setup:
    return Setup(answers={"preset": "prod", "scaling": "fixed", "tls": "none", "tls.secret": None})


# Upgrades

_PASSWORD = secret("llm-cost-ops-postgresql-credentials", postgres_password="x" * 24)
"""What an install by the wizard has made before."""


@broken("U07", "not ready")
def an_upgrade_of_a_release_whose_image_is_gone(random: Random) -> Setup:
    replicas = str(number(random, 3, 4))
    return Setup((_PASSWORD,), {"replicas": replicas}, installed={}, scenario="image-missing")


@broken("N04", "Argo CD (application")
def an_upgrade_of_a_release_of_argo_cd(random: Random) -> Setup:
    labels = {"argocd.argoproj.io/instance": name(random)}
    return Setup((_PASSWORD,), {"replicas": "3"}, installed={"global.commonLabels": labels})
