"""Ways to be broken of people's charts, values files and older releases, as they have written about them."""

from __future__ import annotations

import base64
from random import Random
from typing import Any

from tests.preflight.setups import (
    IMAGE,
    Setup,
    broken,
    chart,
    container,
    deployment,
    name,
    number,
    obj,
    pod,
    secret,
)

# Kinds and versions


@broken("A02", "batch/v1beta1", "no matches for kind")
def a_version_that_is_not_served_any_more(random: Random) -> Setup:
    template = {"spec": {"template": {"spec": {"containers": [container()], "restartPolicy": "Never"}}}}
    job = obj("CronJob", name(random), "batch/v1beta1", spec={"schedule": "0 3 * * *", "jobTemplate": template})
    return Setup(chart=chart(deployment(pod()), job))


@broken("A02", "autoscaling/v2beta2", "no matches for kind")
def an_autoscaler_of_an_old_version(random: Random) -> Setup:
    to = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    one = obj(
        "HorizontalPodAutoscaler", name(random), "autoscaling/v2beta2", spec={"scaleTargetRef": to, "maxReplicas": 3}
    )
    return Setup(chart=chart(deployment(pod()), one))


@broken("A02", "Certificate", "no matches for kind")
def a_kind_of_an_operator_that_is_not_installed(random: Random) -> Setup:
    one = obj("Certificate", name(random), "cert-manager.io/v1", spec={"secretName": "x"})
    return Setup(chart=chart(deployment(pod()), one))


def definition(group: str, version: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    """Of a kind Widget, in one version."""
    spec = schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    one = {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": spec}}
    names = {"kind": "Widget", "plural": "widgets", "singular": "widget"}
    return obj(
        "CustomResourceDefinition", f"widgets.{group}", "apiextensions.k8s.io/v1",
        spec={"group": group, "scope": "Namespaced", "names": names, "versions": [one]},
    )  # fmt: skip


@broken("A02", "/v1 ", "no matches for kind")
def an_operator_whose_kinds_are_older_than_the_chart(random: Random) -> Setup:
    version = random.choice(("v1alpha1", "v1beta1"))
    widget = obj("Widget", name(random), "__NS__.example.com/v1", spec={"size": 1})
    return Setup((definition("__NS__.example.com", version),), chart=chart(deployment(pod()), widget))


@broken("R07", "Widget", "no matches for kind")
def a_definition_among_the_templates_of_its_objects(random: Random) -> Setup:
    group = "__NS__.example.com"
    widget = obj("Widget", name(random), f"{group}/v1", spec={"size": number(random, 1, 9)})
    return Setup(chart=chart(deployment(pod()), definition(group, "v1"), widget))


@broken("R07", "spec.size")
def an_object_that_its_definition_refuses(random: Random) -> Setup:
    size = {"type": "integer", "maximum": number(random, 3, 9)}
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"size": size}}}}
    widget = obj("Widget", name(random), "__NS__.example.com/v1", spec={"size": number(random, 10, 99)})
    return Setup((definition("__NS__.example.com", "v1", schema),), chart=chart(deployment(pod()), widget), wait=3.0)


# Charts


@broken("W10", "postgresql", "postgresql")
def a_chart_whose_dependencies_were_not_fetched(random: Random) -> Setup:
    head = f"dependencies:\n- {{name: postgresql, version: {number(random, 10, 16)}.x.x, repository: 'https://charts.example.com'}}\n"
    return Setup(chart=chart(deployment(pod()), head=head))


@broken("W10", "library", "library")
def a_chart_that_is_a_library(_: Random) -> Setup:
    return Setup(chart=chart("", head="type: library\n"))


@broken("N10", "settings")
def one_object_twice_in_a_chart(random: Random) -> Setup:
    one, two = (obj("ConfigMap", "settings", data={"A": str(number(random, 1, 99))}) for _ in range(2))
    return Setup(chart=chart(deployment(pod()), one, two))


@broken("R07", "monitoring", "not found")
def an_object_of_a_namespace_that_is_not_there(random: Random) -> Setup:
    meta = {"namespace": f"monitoring-{name(random)}"}
    return Setup(chart=chart(deployment(pod()), obj("ConfigMap", "dashboards", metadata=meta)))


@broken("R07", "RFC 1123", "RFC 1123")
def a_name_that_kubernetes_refuses(random: Random) -> Setup:
    return Setup(
        chart=chart(deployment(pod()), obj("ConfigMap", random.choice(("My_Config", "App.Config_1", "UPPER"))))
    )


@broken("U08", "record", "Too long")
def a_chart_that_is_too_large_for_the_record(random: Random) -> Setup:
    noise = base64.b64encode(random.randbytes(1_300_000)).decode()
    return Setup(chart=chart(deployment(pod()), files__noise__txt=noise))


@broken("R07", "may not be", "may not be")
def a_config_map_that_is_too_large(random: Random) -> Setup:
    one = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: big}\ndata: {a: '{{ repeat "
        + str(number(random, 1_100_000, 1_500_000))
        + ' "x" }}\'}\n'
    )
    return Setup(chart=chart(deployment(pod()), one))


@broken("R07", "Duplicate", "duplicate entries")
def two_containers_of_one_name(random: Random) -> Setup:
    named = name(random)
    return Setup(chart=chart(deployment(pod(container(name=named), container(name=named)))))


@broken("M01", "capital letters")
def an_image_with_capital_letters(random: Random) -> Setup:
    image = f"registry.example.com/Team/API:{number(random, 1, 9)}.0"
    return Setup(chart=chart(deployment(pod(container(image=image)))))


@broken("R07", "selector", "selector")
def a_selector_that_does_not_match_its_pods(random: Random) -> Setup:
    one = deployment(pod(), selector={"matchLabels": {"app": name(random)}})
    return Setup(chart=chart(one))


@broken("R07", "volumeMounts", "volumeMounts")
def a_mount_without_its_volume(random: Random) -> Setup:
    mount = {"name": name(random), "mountPath": "/data"}
    return Setup(chart=chart(deployment(pod(container(volumeMounts=[mount])))))


@broken("W22", "admin")
def a_probe_of_a_port_that_its_container_has_not(random: Random) -> Setup:
    ports = [{"name": random.choice(("http", "web")), "containerPort": 8080}]
    one = container(ports=ports, readinessProbe={"httpGet": {"path": "/", "port": "admin"}})
    return Setup(chart=chart(deployment(pod(one))))


@broken("Q04", "cpu")
def an_autoscaler_of_pods_that_ask_for_no_cpu(random: Random) -> Setup:
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
    }
    to = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
    spec = {"scaleTargetRef": to, "maxReplicas": number(random, 2, 5), "metrics": [metric]}
    one = container(resources={"requests": {"memory": "64Mi"}})
    return Setup(chart=chart(deployment(pod(one)), obj("HorizontalPodAutoscaler", "web", "autoscaling/v2", spec=spec)))


@broken("W22", "api-server")
def an_autoscaler_of_a_deployment_of_another_name(random: Random) -> Setup:
    to = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api-server"}
    spec = {"scaleTargetRef": to, "maxReplicas": number(random, 2, 5)}
    return Setup(chart=chart(deployment(pod()), obj("HorizontalPodAutoscaler", "web", "autoscaling/v2", spec=spec)))


@broken("Q09", "DNS")
def a_namespace_that_lets_nothing_out(random: Random) -> Setup:
    policy = obj(
        "NetworkPolicy", name(random), "networking.k8s.io/v1", spec={"podSelector": {}, "policyTypes": ["Egress"]}
    )
    return Setup((policy,))


# Values


@broken("R07", "number", "expected string")
def a_number_where_a_text_is_wanted(random: Random) -> Setup:
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n"
        f"    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - name: web\n        image: {IMAGE}\n"
        "        env:\n        - name: MAX_DAYS\n          value: {{ .Values.days }}\n"
    )
    return Setup(chart=chart(text, values=f'days: "{number(random, 2, 90)}"\n'))


@broken("W10", "nodeSelector", "nodeSelector")
def a_node_selector_that_is_a_text(random: Random) -> Setup:
    return Setup(values={"nodeSelector": name(random)})


@broken("W10", "tolerations", "tolerations")
def tolerations_that_are_no_list(random: Random) -> Setup:
    return Setup(values={"tolerations": {"key": name(random), "operator": "Exists"}})


@broken("W10", "nodeSelector", "nodeSelector")
def a_node_selector_that_is_a_text_in_a_chart_without_a_schema(random: Random) -> Setup:
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: web}}\n  template:\n"
        f"    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers: [{{name: web, image: '{IMAGE}'}}]\n"
        "      nodeSelector: {{ toYaml .Values.nodeSelector | nindent 8 }}\n"
    )
    return Setup(values={"nodeSelector": name(random)}, chart=chart(text, values="nodeSelector: x\n"))


@broken("W10", "memory", "memory")
def a_size_with_a_unit_that_kubernetes_has_not(random: Random) -> Setup:
    return Setup(
        values={
            "redis.master.resources.requests.memory": f"{number(random, 64, 512)}{random.choice(('MB', ' Mi', 'mb'))}"
        }
    )


@broken("R07", "less than or equal to", "less than or equal to")
def a_request_above_its_limit(random: Random) -> Setup:
    return Setup(values={"redis.master.resources": {
        "requests": {"cpu": "2", "memory": "64Mi"}, "limits": {"cpu": f"{number(random, 100, 900)}m", "memory": "256Mi"},
    }})  # fmt: skip


@broken("W10", "ingress", "ingress")
def a_host_with_its_scheme(random: Random) -> Setup:
    return Setup(values={"ingress.hosts": [{"host": f"https://{name(random)}.example.org"}]})


@broken("W12", "postgres is no value")
def a_key_of_another_chart_in_a_file(random: Random) -> Setup:
    return Setup(file=f"# ours\npostgres:\n  primary:\n    persistence:\n      size: {number(random, 20, 90)}Gi\n")


@broken("W12", "replicas")
def a_key_that_is_one_level_too_high(random: Random) -> Setup:
    return Setup(file=f"replicas: {number(random, 2, 4)}\npersistence:\n  size: 20Gi\n")


# Secrets


@broken("K02", "line")
def a_password_with_the_end_of_its_line(random: Random) -> Setup:
    named = name(random)
    keys = {"password": "long-enough-for-all-1234\n", "postgres_password": "long-enough-for-all-1234\n"}
    return Setup((secret(named, **keys),), {"secret.postgres": "existing", "secret.postgres.name": named})


@broken("K02", "32")
def a_signing_key_that_is_too_short(random: Random) -> Setup:
    named = name(random)
    made = secret(named, jwt_secret="x" * number(random, 5, 20))
    return Setup((made,), {"secret.jwt": "existing", "secret.jwt.name": named})


# Upgrades and what older releases left

_PASSWORD = secret("llm-cost-ops-postgresql-credentials", postgres_password="x" * 24)


@broken("R07", "immutable")
def a_job_whose_image_changes(random: Random) -> Setup:
    text = (
        "apiVersion: batch/v1\nkind: Job\nmetadata: {name: migrate}\nspec:\n  template:\n    spec:\n      restartPolicy: Never\n"
        f"      containers: [{{name: migrate, image: '{IMAGE}', args: ['{{{{ .Values.step }}}}']}}]\n"
    )
    step = number(random, 2, 9)
    return Setup(
        chart=chart(text, values="step: one\n"), values={"step": f"s{step}"}, installed={"step": f"s{step - 1}"}
    )


@broken("R07", "immutable")
def a_selector_that_changes(random: Random) -> Setup:
    text = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: '{{ .Values.app }}'}}\n  template:\n"
        f"    metadata: {{labels: {{app: '{{{{ .Values.app }}}}'}}}}\n    spec:\n      containers: [{{name: web, image: '{IMAGE}'}}]\n"
    )
    old, new = name(random), name(random) + "-v2"
    return Setup(chart=chart(text, values="app: web\n"), values={"app": new}, installed={"app": old})


@broken("S07", "Gi")
def a_database_that_gets_a_larger_disk(random: Random) -> Setup:
    old = {"postgresql.primary.persistence.size": f"{number(random, 10, 30)}Gi"}
    return Setup((_PASSWORD,), {"database.size": f"{number(random, 40, 90)}Gi"}, installed=old)


@broken("R07", "conflict")
def replicas_that_somebody_has_changed_by_hand(random: Random) -> Setup:
    since = (("scale", "deployment/llm-cost-ops", f"--replicas={number(random, 3, 4)}"),)
    return Setup((_PASSWORD,), {"replicas": "5"}, installed={}, since=since)


@broken("N03", "belongs to", "cannot be imported")
def a_service_of_the_release_under_its_old_name(random: Random) -> Setup:
    notes = {"meta.helm.sh/release-name": name(random), "meta.helm.sh/release-namespace": "__NS__"}
    meta = {"labels": {"app.kubernetes.io/managed-by": "Helm"}, "annotations": notes}
    return Setup((obj("Service", "llm-cost-ops-redis", metadata=meta, spec={"ports": [{"port": 6379}]}),))
