"""What single values mean."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import Chart, Manifest, Rendered

Env = Callable[..., list[dict[str, Any]]]


def app(rendered: Rendered) -> Manifest:
    """Pod spec of the app."""
    spec: Manifest = rendered.one("Deployment", "llm-cost-ops")["spec"]["template"]["spec"]
    return spec


def image(chart: Chart, *sets: str) -> str:
    """The app's image reference."""
    reference: str = app(chart.render(*sets))["containers"][0]["image"]
    return reference


def variables(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Variables by name."""
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in entries}


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        ((), "docker.io/llm-cost-ops:v1.0.0"),
        (("image.tag=v2",), "docker.io/llm-cost-ops:v2"),
        (("image.tag=16",), "docker.io/llm-cost-ops:16"),
        (("image.repository=acme/app",), "docker.io/acme/app:v1.0.0"),
        (("image.repository=ghcr.io/acme/app",), "ghcr.io/acme/app:v1.0.0"),
        (("image.repository=localhost/app",), "localhost/app:v1.0.0"),
        (("image.repository=registry:5000/app",), "registry:5000/app:v1.0.0"),
        (("image.registry=quay.io", "global.imageRegistry=other"), "quay.io/llm-cost-ops:v1.0.0"),
        (("global.imageRegistry=",), "llm-cost-ops:v1.0.0"),
        (("image.digest=sha256:" + "a" * 64, "image.tag=v2"), "docker.io/llm-cost-ops@sha256:" + "a" * 64),
    ],
)
def test_an_image_reference_is_joined_from_its_parts(chart: Chart, sets: tuple[str, ...], expected: str) -> None:
    assert image(chart, *sets) == expected


def test_a_large_number_as_tag_keeps_its_digits(chart: Chart) -> None:
    rendered = chart.render(values={"image": {"tag": 20260101}})
    assert app(rendered)["containers"][0]["image"].endswith(":20260101")


def test_a_mirror_serves_every_image(chart: Chart) -> None:
    for workload in chart.render("global.imageRegistry=mirror.example.com").workloads():
        for container in workload["spec"]["template"]["spec"]["containers"]:
            assert container["image"].startswith("mirror.example.com/")


def test_pull_secrets_of_all_three_places_are_joined_without_doubles(chart: Chart) -> None:
    rendered = chart.render(
        "global.imagePullSecrets[0]=a",
        "imagePullSecrets[0].name=b",
        "imagePullSecrets[1]=a",
        "image.pullSecrets[0].name=c",
    )
    assert app(rendered)["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}, {"name": "c"}]


def test_the_program_is_told_to_serve_and_can_be_told_otherwise(chart: Chart) -> None:
    assert app(chart.render())["containers"][0]["args"] == ["serve"]
    changed = app(chart.render("args={run,--fast}", "command={/bin/app}"))["containers"][0]
    assert (changed["command"], changed["args"]) == (["/bin/app"], ["run", "--fast"])


def test_the_port_of_the_program_is_one_number_everywhere(chart: Chart) -> None:
    rendered = chart.render("service.targetPort=9000")
    assert {p["name"]: p["containerPort"] for p in app(rendered)["containers"][0]["ports"]}["http"] == 9000
    assert rendered.one("ConfigMap", "llm-cost-ops")["data"]["PORT"] == "9000"
    assert rendered.one("Service", "llm-cost-ops")["spec"]["ports"][0]["targetPort"] == "http"


def test_metrics_on_the_port_of_the_api_need_no_second_port(chart: Chart) -> None:
    rendered = chart.render("metrics.port=8080")
    assert [p["name"] for p in app(rendered)["containers"][0]["ports"]] == ["http"]
    assert rendered.one("Service", "llm-cost-ops-metrics")["spec"]["ports"][0]["targetPort"] == "http"


def test_metrics_off_leaves_no_port_and_no_target(chart: Chart) -> None:
    rendered = chart.render("config.features.metrics=false")
    assert [p["name"] for p in app(rendered)["containers"][0]["ports"]] == ["http"]
    assert not rendered.has("Service", "llm-cost-ops-metrics")


def test_replicas_are_left_to_the_autoscaler(chart: Chart) -> None:
    assert "replicas" not in chart.render().one("Deployment", "llm-cost-ops")["spec"]
    assert chart.render("autoscaling.enabled=false").one("Deployment", "llm-cost-ops")["spec"]["replicas"] == 3


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        ((), {"minAvailable": 2}),
        (("autoscaling.minReplicas=2",), {"maxUnavailable": 1}),
        (("autoscaling.minReplicas=1",), None),
        (("autoscaling.enabled=false", "replicaCount=1"), None),
        (("autoscaling.enabled=false", "replicaCount=5", "podDisruptionBudget.minAvailable=5"), {"maxUnavailable": 1}),
        (("podDisruptionBudget.minAvailable=100%",), {"maxUnavailable": 1}),
        (("podDisruptionBudget.minAvailable=67%",), {"maxUnavailable": 1}),
        (("podDisruptionBudget.minAvailable=66%",), {"minAvailable": "66%"}),
        (("podDisruptionBudget.minAvailable=null",), {"maxUnavailable": 1}),
        (("podDisruptionBudget.maxUnavailable=2",), {"maxUnavailable": 2}),
        (
            ("podDisruptionBudget.maxUnavailable=25%",),
            {"maxUnavailable": "25%"},
        ),
        (("podDisruptionBudget.enabled=false",), None),
    ],
)
def test_a_disruption_budget_never_blocks_a_drain(
    chart: Chart, sets: tuple[str, ...], expected: dict[str, Any] | None
) -> None:
    budgets = chart.render(*sets).kinds("PodDisruptionBudget")
    if expected is None:
        assert budgets == []
        return
    spec = budgets[0]["spec"]
    assert {k: v for k, v in spec.items() if k in ("minAvailable", "maxUnavailable")} == expected
    assert spec["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_a_changed_budget_is_said(chart: Chart) -> None:
    assert "the budget is maxUnavailable 1 instead" in chart.notes("autoscaling.minReplicas=2")


def hosts_and_paths(rendered: Rendered) -> list[tuple[str, list[tuple[str, str]]]]:
    """Rules of the Ingress in short."""
    return [
        (rule["host"], [(p["path"], p["pathType"]) for p in rule["http"]["paths"]])
        for rule in rendered.one("Ingress", "llm-cost-ops")["spec"]["rules"]
    ]


def test_a_host_alone_gets_every_path(chart: Chart) -> None:
    assert hosts_and_paths(chart.render("ingress.hosts[0].host=a.example.com")) == [
        ("a.example.com", [("/", "Prefix")])
    ]
    assert hosts_and_paths(chart.render("ingress.hosts[0]=a.example.com")) == [("a.example.com", [("/", "Prefix")])]


def test_tls_covers_all_hosts_unless_it_names_its_own(chart: Chart) -> None:
    both = ("ingress.hosts[0]=a.example.com", "ingress.hosts[1].host=b.example.com")
    tls = chart.render(*both).one("Ingress", "llm-cost-ops")["spec"]["tls"]
    assert tls == [{"secretName": "llm-cost-ops-tls", "hosts": ["a.example.com", "b.example.com"]}]
    own = (*both, "ingress.tls[0].secretName=x", "ingress.tls[0].hosts[0]=b.example.com")
    assert chart.render(*own).one("Ingress", "llm-cost-ops")["spec"]["tls"] == [
        {"secretName": "x", "hosts": ["b.example.com"]}
    ]


def test_an_ingress_without_tls_has_none(chart: Chart) -> None:
    assert "tls" not in chart.render(values={"ingress": {"tls": []}}).one("Ingress", "llm-cost-ops")["spec"]


def test_an_empty_class_leaves_the_choice_to_the_cluster(chart: Chart) -> None:
    assert "ingressClassName" not in chart.render("ingress.className=").one("Ingress", "llm-cost-ops")["spec"]


def test_a_load_balancer_gets_its_settings(chart: Chart) -> None:
    service = chart.render(
        "ingress.enabled=false", "service.type=LoadBalancer", "service.annotations.a=b", "service.loadBalancerClass=x/y",
        "service.loadBalancerSourceRanges[0]=10.0.0.0/8", "service.externalTrafficPolicy=Local", "service.nodePort=30080",
    ).one("Service", "llm-cost-ops")  # fmt: skip
    assert service["metadata"]["annotations"] == {"a": "b"}
    spec = service["spec"]
    assert (spec["type"], spec["loadBalancerClass"], spec["externalTrafficPolicy"]) == ("LoadBalancer", "x/y", "Local")
    assert spec["loadBalancerSourceRanges"] == ["10.0.0.0/8"]
    assert spec["ports"][0]["nodePort"] == 30080


@pytest.mark.parametrize(
    ("sets", "expected"),
    [
        ((), None),
        (("global.storageClass=general",), "general"),
        (("global.storageClass=general", "{}.persistence.storageClass=fast"), "fast"),
        (("global.storageClass=general", "{}.persistence.storageClass=-"), ""),
        (("global.storageClass=-",), ""),
    ],
)
@pytest.mark.parametrize(("path", "name"), [("postgresql.primary", "postgresql"), ("redis.master", "redis")])
def test_the_nearest_storage_class_wins(
    chart: Chart, path: str, name: str, sets: tuple[str, ...], expected: str | None
) -> None:
    rendered = chart.render(*(s.format(path) for s in sets))
    claim = rendered.one("StatefulSet", f"llm-cost-ops-{name}")["spec"]["volumeClaimTemplates"][0]
    assert claim["spec"].get("storageClassName") == expected


def test_only_the_production_preset_names_a_storage_class(chart: Chart, preset: str | None) -> None:
    named = {
        claim["spec"]["storageClassName"]
        for s in chart.render(preset=preset).kinds("StatefulSet")
        for claim in s["spec"]["volumeClaimTemplates"]
        if "storageClassName" in claim["spec"]
    }
    assert named == ({"fast-ssd"} if preset == "prod" else set())


def test_without_persistence_the_data_is_in_the_pod(chart: Chart) -> None:
    rendered = chart.render("postgresql.primary.persistence.enabled=false", "redis.master.persistence.enabled=false")
    for stateful in rendered.kinds("StatefulSet"):
        assert "volumeClaimTemplates" not in stateful["spec"]
        assert "data" in {v["name"] for v in stateful["spec"]["template"]["spec"]["volumes"] if "emptyDir" in v}


def test_an_external_database_takes_the_place_of_ours(chart: Chart, app_env: Env) -> None:
    sets = (
        "postgresql.enabled=false", "externalDatabase.host=db.example.com", "externalDatabase.port=5433",
        "externalDatabase.user=me", "externalDatabase.database=costs", "externalDatabase.existingSecret=db",
        "externalDatabase.existingSecretPasswordKey=pw", "externalDatabase.sslmode=verify-full",
    )  # fmt: skip
    env = variables(app_env(*sets))
    assert env["DATABASE_URL"] == "postgres://me:$(DATABASE_URL_PASSWORD)@db.example.com:5433/costs?sslmode=verify-full"
    assert env["DATABASE_URL_PASSWORD"] == {"secretKeyRef": {"name": "db", "key": "pw"}}
    rendered = chart.render(*sets)
    assert not rendered.has("StatefulSet", "llm-cost-ops-postgresql")
    # The bundled Prometheus looks for an exporter that may be there; nothing else knows of a database of ours.
    knows = {o["metadata"]["name"] for o in rendered.objects if "postgresql" in str(o).replace("postgresql.org", "")}
    assert knows == {"llm-cost-ops-prometheus"}


def test_an_external_redis_takes_the_place_of_ours(app_env: Env) -> None:
    env = variables(
        app_env(
            "redis.enabled=false", "externalRedis.host=cache", "externalRedis.port=6380", "externalRedis.database=2",
            "externalRedis.tls=true", "externalRedis.username=me", "externalRedis.existingSecret=r",
        )
    )  # fmt: skip
    assert env["REDIS_URL"] == "rediss://me:$(REDIS_URL_PASSWORD)@cache:6380/2"
    assert env["REDIS_PASSWORD"] == {"secretKeyRef": {"name": "r", "key": "redis-password"}}


def test_without_a_cache_the_app_hears_of_none(chart: Chart, app_env: Env) -> None:
    assert not [name for name in variables(app_env("redis.enabled=false")) if name.startswith("REDIS")]
    assert "there is no cache" in chart.notes("redis.enabled=false")


def test_redis_without_a_password_has_no_secret(chart: Chart, app_env: Env) -> None:
    assert variables(app_env("redis.auth.enabled=false"))["REDIS_URL"] == "redis://llm-cost-ops-redis:6379/0"
    assert not chart.render("redis.auth.enabled=false").has("Secret", "llm-cost-ops-redis-credentials")


@pytest.mark.parametrize("password", ["simple", "quote\" back\\slash $dollar `tick` 'single' #hash"])
def test_redis_reads_its_password_from_a_private_file(chart: Chart, tmp_path: Path, password: str) -> None:
    """The start script, run with a server that shows its arguments and its file."""
    script = chart.render().one("ConfigMap", "llm-cost-ops-redis")["data"]["start.sh"]
    (tmp_path / "redis-server").write_text('#!/bin/sh\necho "$#"; printenv REDISCLI_AUTH; cat "$1"\n')
    (tmp_path / "redis-server").chmod(0o755)
    done = subprocess.run(
        ["sh", "-c", script.replace("/run/redis", str(tmp_path))],
        env={"PATH": f"{tmp_path}:/usr/bin:/bin", "REDISCLI_AUTH": password, "MEMORY_LIMIT": "268435456"},
        capture_output=True, text=True, check=True, timeout=10,
    )  # fmt: skip
    escaped = password.replace("\\", "\\\\").replace('"', '\\"')
    config = ["include /etc/redis/redis.conf", "maxmemory 201326592", f'requirepass "{escaped}"']
    assert done.stdout.splitlines() == ["1", *config]
    assert (tmp_path / "redis.conf").stat().st_mode & 0o077 == 0


def test_a_full_cache_forgets_before_it_reaches_its_memory_limit(chart: Chart) -> None:
    rendered = chart.render()
    assert "maxmemory-policy allkeys-lru" in rendered.one("ConfigMap", "llm-cost-ops-redis")["data"]["redis.conf"]
    redis = rendered.one("StatefulSet", "llm-cost-ops-redis")["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "MEMORY_LIMIT", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory"}}} in redis["env"]


@pytest.mark.parametrize(("exit_code", "said"), [("0", ""), ("2", "FATAL: password authentication failed")])
def test_postgres_has_started_once_the_password_of_its_secret_opens_the_database(
    chart: Chart, tmp_path: Path, exit_code: str, said: str
) -> None:
    """The startup probe, run with a client that shows what it was given."""
    statefulset = chart.render("postgresql.auth.username=app_user").one("StatefulSet", "llm-cost-ops-postgresql")
    container = statefulset["spec"]["template"]["spec"]["containers"][0]
    assert (
        next(e for e in container["env"] if e["name"] == "POD_IP")["valueFrom"]["fieldRef"]["fieldPath"]
        == "status.podIP"
    )
    client = tmp_path / "psql"
    client.write_text(f'#!/bin/sh\nprintf "%s\\n" "$PGPASSWORD" "$@"\necho "{said}" >&2\nexit {exit_code}\n')
    client.chmod(0o755)
    (tmp_path / "password").write_text("p@ss 'word\" $HOME\n")
    shell, option, line = container["startupProbe"]["exec"]["command"]
    settings = {e["name"]: e["value"] for e in container["env"] if "value" in e}
    done = subprocess.run(
        [shell, option, line.replace("/run/secrets/postgresql", str(tmp_path))],
        env=settings | {"PATH": f"{tmp_path}:/usr/bin:/bin", "POD_IP": "10.0.0.7"},
        capture_output=True, text=True, check=False, timeout=10,
    )  # fmt: skip
    options = ["-wXqh", "10.0.0.7", "-U", "app_user", "-d", "llm_cost_ops_prod", "-c", "SELECT 1"]
    assert done.stdout.splitlines() == ["p@ss 'word\" $HOME", *options]
    assert (done.returncode, done.stderr.strip()) == (int(exit_code), said)


def test_a_running_postgres_is_not_asked_for_its_password_again(chart: Chart) -> None:
    """The Secret may be ahead of the database while a password is being changed."""
    statefulset = chart.render().one("StatefulSet", "llm-cost-ops-postgresql")
    container = statefulset["spec"]["template"]["spec"]["containers"][0]
    for probe in ("livenessProbe", "readinessProbe"):
        assert container[probe]["exec"]["command"][0] == "pg_isready"


def test_an_annotation_of_a_preset_can_be_taken_away(chart: Chart) -> None:
    values = {"ingress": {"annotations": {"cert-manager.io/cluster-issuer": None}}}
    ingress = chart.render(preset="prod", values=values).one("Ingress", "llm-cost-ops")
    assert ingress["metadata"]["annotations"] == {"nginx.ingress.kubernetes.io/ssl-redirect": "true"}


def test_an_extra_variable_replaces_ours_in_its_place(app_env: Env) -> None:
    env = app_env(values={"extraEnv": [{"name": "NEW", "value": "1"}, {"name": "REDIS_URL", "value": "redis://mine"}]})
    names = [e["name"] for e in env]
    assert len(names) == len(set(names))
    assert variables(env)["REDIS_URL"] == "redis://mine"
    assert names.index("REDIS_URL") < names.index("NEW") == len(names) - 1


def test_mail_is_off_without_a_host_and_complete_with_one(chart: Chart, app_env: Env) -> None:
    assert "SMTP" not in chart.render().text
    sets = ("smtp.host=mail.example.com", "smtp.username=me", "smtp.from=a@example.com", "smtp.existingSecret=mail")
    data = chart.render(*sets).one("ConfigMap", "llm-cost-ops")["data"]
    assert (data["SMTP_HOST"], data["SMTP_PORT"], data["SMTP_USERNAME"], data["SMTP_TLS"]) == (
        "mail.example.com",
        "587",
        "me",
        "true",
    )
    assert variables(app_env(*sets))["SMTP_PASSWORD"] == {"secretKeyRef": {"name": "mail", "key": "smtp-password"}}


@pytest.mark.parametrize(
    ("environment", "label"), [("production", "production"), ("123", "123"), ("my env!", "my-env")]
)
def test_any_environment_makes_a_valid_label_that_selects_nothing(chart: Chart, environment: str, label: str) -> None:
    for item in chart.render(values={"global": {"environment": environment}}).objects:
        assert item["metadata"]["labels"]["environment"] == label
        selector = item.get("spec", {}).get("selector", {})
        assert "environment" not in str(selector)


@pytest.mark.parametrize(
    ("sets", "apis", "rendered"),
    [
        ((), (), False),
        ((), ("monitoring.coreos.com/v1/ServiceMonitor",), False),
        (("prometheus.enabled=false",), (), False),
        (("prometheus.enabled=false",), ("monitoring.coreos.com/v1/ServiceMonitor",), True),
        (("serviceMonitor.enabled=true",), (), True),
        (
            ("serviceMonitor.enabled=false", "prometheus.enabled=false"),
            ("monitoring.coreos.com/v1/ServiceMonitor",),
            False,
        ),
        (("serviceMonitor.enabled=true", "config.features.metrics=false"), (), False),
    ],
)
def test_a_service_monitor_is_made_for_an_operator_that_is_there(
    chart: Chart, sets: tuple[str, ...], apis: tuple[str, ...], rendered: bool
) -> None:
    options = tuple(item for api in apis for item in ("--api-versions", api))
    assert bool(chart.render(*sets, options=options).kinds("ServiceMonitor")) == rendered


def test_a_service_monitor_finds_the_metrics_service_alone(chart: Chart) -> None:
    rendered = chart.render("serviceMonitor.enabled=true")
    wanted = rendered.kinds("ServiceMonitor")[0]["spec"]["selector"]["matchLabels"].items()
    found = [s["metadata"]["name"] for s in rendered.kinds("Service") if wanted <= s["metadata"]["labels"].items()]
    assert found == ["llm-cost-ops-metrics"]


def test_prometheus_scrapes_this_release_and_needs_no_rights(chart: Chart) -> None:
    rendered = chart.render(release="costs", options=("--set", "fullnameOverride=other"))
    config = yaml.safe_load(rendered.one("ConfigMap", "costs-prometheus")["data"]["prometheus.yml"])
    jobs = {j["job_name"]: j for j in config["scrape_configs"]}
    assert jobs["llm-cost-ops"]["dns_sd_configs"][0]["names"] == ["_metrics._tcp.costs-metrics"]
    metrics = rendered.one("Service", "costs-metrics")
    assert metrics["spec"]["clusterIP"] == "None"
    assert metrics["spec"]["ports"][0]["name"] == "metrics"
    assert not [o for o in rendered.objects if "Role" in o["kind"]]


def test_grafana_asks_the_bundled_prometheus_or_the_one_named(chart: Chart) -> None:
    def url(*sets: str) -> str:
        data = chart.render(*sets).one("ConfigMap", "llm-cost-ops-grafana")["data"]["datasources.yaml"]
        found: str = yaml.safe_load(data)["datasources"][0]["url"]
        return found

    assert url() == "http://llm-cost-ops-prometheus:9090"
    assert chart.render().has("Service", "llm-cost-ops-prometheus")
    assert url("grafana.prometheusUrl=http://mine") == "http://mine"


def test_monitoring_can_be_left_out(chart: Chart) -> None:
    names = [
        w["metadata"]["name"] for w in chart.render("prometheus.enabled=false", "grafana.enabled=false").workloads()
    ]
    assert sorted(names) == ["llm-cost-ops", "llm-cost-ops-postgresql", "llm-cost-ops-redis"]


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ((), "api.llm-cost-ops.com is the placeholder of the documentation"),
        (("image.tag=latest",), "the image tag latest moves"),
        (("replicaCount=7",), "replicaCount (7) has no effect while autoscaling is on"),
        (("prometheus.enabled=false",), "Grafana has no Prometheus to ask"),
        (("ingress.tls=null",), "ingress.tls is empty, but the annotation"),
        (
            ("ingress.tls=null", r"ingress.annotations.nginx\.ingress\.kubernetes\.io/ssl-redirect=null"),
            "ingress.tls is empty, so tokens and costs cross the network readable",
        ),
        (("jwt.secret=short",), "the JWT key has fewer than 32 characters"),
        (("ingress.backendServiceName=llm-cost-ops-v2",), "the Ingress leads to the Service llm-cost-ops-v2"),
        (("httpRoute.parentRefs[0].name=g",), "no HTTPRoute was made: ingress.enabled is true"),
        (("httpRoute.parentRefs[0].name=g", "ingress.enabled=false"), "does not know gateway.networking.k8s.io/v1"),
        (("externalSecret.remoteRefs.jwt.key=a",), "externalSecret.secretStoreRef.name is empty"),
        (("networkPolicy.enabled=true",), "everybody may call the API"),
        (
            ("ingress.enabled=false", "httpRoute.enabled=true", "httpRoute.parentRefs[0].name=g"),
            "Set httpRoute.hostnames to a name of yours",
        ),
        ((), "kubectl rollout status -n costs deployment/llm-cost-ops"),
        ((), "helm test llm-cost-ops -n costs"),
        ((), "kubectl delete pvc,secret -n costs -l app.kubernetes.io/instance=llm-cost-ops"),
        (("ingress.enabled=false",), "kubectl port-forward -n costs service/llm-cost-ops 8080:80"),
        (("ingress.enabled=false", "service.type=LoadBalancer"), "wait for EXTERNAL-IP"),
    ],
)
def test_the_notes_say_what_a_person_must_know(chart: Chart, sets: tuple[str, ...], said: str) -> None:
    assert said in chart.notes(*sets)


@pytest.mark.parametrize(
    ("sets", "unsaid"),
    [
        (("ingress.hosts[0].host=costs.acme.com",), "placeholder"),
        (("ingress.enabled=false",), "placeholder"),
        (("image.tag=latest", "global.environment=development"), "moves"),
        (("image.tag=latest", "image.digest=sha256:" + "a" * 64), "moves"),
        (("autoscaling.enabled=false", "replicaCount=7"), "no effect"),
        (("jwt.secret=a-key-of-more-than-thirty-two-characters",), "fewer than 32"),
        (("ingress.backendServiceName=llm-cost-ops",), "leads to the Service"),
        (("tests.enabled=false",), "helm test"),
        (("ingress.enabled=false", "ingress.tls=null"), "readable"),
    ],
)
def test_the_notes_do_not_cry_wolf(chart: Chart, sets: tuple[str, ...], unsaid: str) -> None:
    assert unsaid not in chart.notes(*sets)


def test_the_notes_tell_how_to_read_each_secret_that_the_chart_keeps(chart: Chart) -> None:
    kept = {(s["metadata"]["name"], key) for s in chart.render().kinds("Secret") for key in s["data"]}
    told = set(re.findall(r"get secret -n costs (\S+) -o jsonpath='{\.data\.([-\w]+)}'", chart.notes()))
    assert told <= kept
    assert {name for name, _ in told} == {name for name, _ in kept}
    outside = (
        "jwt.existingSecret=a",
        "postgresql.auth.existingSecret=b",
        "redis.auth.existingSecret=c",
        "grafana.enabled=false",
    )
    assert "get secret" not in chart.notes(*outside)
