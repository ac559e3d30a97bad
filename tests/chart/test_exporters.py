"""Exporters beside PostgreSQL and Redis: how they log in, who scrapes them, and only series that they export."""

from __future__ import annotations

import json
import re
from typing import Any

import promql_parser
import pytest
import yaml

from tests.chart.conftest import CHART, Chart, Manifest, Rendered
from tests.chart.test_monitoring import queries, rules
from tests.chart.test_network_policy import STRANGER, reaches
from tests.chart.test_pod_security import CANARIES, violations

ON = ("postgresql.metrics.enabled=true", "redis.metrics.enabled=true")
RULE = "prometheusRule.enabled=true"
EXPORTERS = [("postgresql", 9187), ("redis", 9121)]
BOARD = CHART / "dashboards" / "exporters" / "servers.json"

# What the exporters register, with the labels of each: collector/pg_*.go and exporter/postgres_exporter.go of postgres_exporter 0.20,
# exporter/exporter.go of redis_exporter 1.9x.
STATEMENTS = "datname state usename application_name backend_type wait_event_type wait_event"
EXPORTED = {
    "pg_up": "", "pg_settings_max_connections": "", "pg_database_size_bytes": "datname",
    **{f"pg_stat_database_{name}": "datid datname" for name in (
        "numbackends", "xact_commit", "xact_rollback", "blks_hit", "blks_read", "deadlocks", "temp_bytes")},
    "pg_stat_activity_count": STATEMENTS, "pg_stat_activity_max_tx_duration": STATEMENTS,
    **dict.fromkeys((
        "redis_up", "redis_connected_clients", "redis_commands_processed_total", "redis_memory_used_bytes", "redis_memory_max_bytes",
        "redis_keyspace_hits_total", "redis_keyspace_misses_total", "redis_expired_keys_total", "redis_evicted_keys_total",
        "redis_rejected_connections_total", "redis_rdb_last_bgsave_status", "redis_aof_last_write_status"), ""),
    "up": "",
}  # fmt: skip
TARGET = {"job", "namespace", "release", "instance"}


def spec(rendered: Rendered, server: str) -> Manifest:
    """Pod specification of a server."""
    found: Manifest = rendered.one("StatefulSet", f"llm-cost-ops-{server}")["spec"]["template"]["spec"]
    return found


def exporter(rendered: Rendered, server: str) -> Manifest:
    """The container beside a server."""
    return next(c for c in spec(rendered, server)["containers"] if c["name"] == "metrics")


def variables(container: Manifest) -> dict[str, Any]:
    """Values of the environment by name."""
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in container["env"]}


def asked(expression: str) -> set[str]:
    """Labels that a query asks for."""
    found = set(re.findall(r"(\w+)(?:=~|!~|!=|=)\"", expression))
    for listed in re.findall(r"by \(([^)]*)\)", expression):
        found |= {label.strip() for label in listed.split(",")}
    return found


def unknown(expression: str) -> set[str]:
    """Series and labels of a query that no exporter has."""
    names = set(re.findall(r"\b(up|pg_\w+|redis_\w+)\{", expression))
    assert names, expression
    labels = TARGET.union(*(EXPORTED.get(name, "").split() for name in names))
    return (names - EXPORTED.keys()) | (asked(expression) - labels)


def test_there_are_none_unless_asked_for(chart: Chart, preset: str | None) -> None:
    rendered = chart.render(preset=preset)
    for server, _ in EXPORTERS:
        assert [c["name"] for c in spec(rendered, server)["containers"]] == [server]
        assert not rendered.has("Service", f"llm-cost-ops-{server}-metrics")


@pytest.mark.parametrize(("server", "port"), EXPORTERS)
def test_it_runs_second_under_the_restricted_profile_and_no_service_waits_for_it(
    chart_on_both: Chart, server: str, port: int
) -> None:
    rendered = chart_on_both.render(*ON)
    pod = spec(rendered, server)
    assert [c["name"] for c in pod["containers"]] == [server, "metrics"]
    assert violations(pod) == []
    container = pod["containers"][1]
    assert container["ports"] == [{"name": "metrics", "containerPort": port, "protocol": "TCP"}]
    assert "readinessProbe" not in container
    assert container["livenessProbe"]["httpGet"]["port"] == "metrics"


def test_postgres_exporter_reads_the_password_from_the_file_that_the_server_reads(chart: Chart) -> None:
    rendered = chart.render(*ON, "postgresql.auth.database=costs", "postgresql.auth.username=me")
    container = exporter(rendered, "postgresql")
    assert variables(container) == {
        "DATA_SOURCE_URI": "127.0.0.1:5432/costs?sslmode=disable", "DATA_SOURCE_USER": "me",
        "DATA_SOURCE_PASS_FILE": "/run/secrets/postgresql/password",
    }  # fmt: skip
    assert container["volumeMounts"][0] in spec(rendered, "postgresql")["containers"][0]["volumeMounts"]


@pytest.mark.parametrize(
    ("sets", "reference"),
    [
        ((), {"name": "llm-cost-ops-redis-credentials", "key": "redis-password"}),
        (("redis.auth.existingSecret=mine", "redis.auth.existingSecretPasswordKey=pw"), {"name": "mine", "key": "pw"}),
    ],
)
def test_redis_exporter_gets_the_password_from_the_secret(
    chart: Chart, sets: tuple[str, ...], reference: dict[str, str]
) -> None:
    found = variables(exporter(chart.render(*ON, *sets), "redis"))
    assert found == {"REDIS_ADDR": "redis://127.0.0.1:6379", "REDIS_PASSWORD": {"secretKeyRef": reference}}


def test_no_password_is_in_a_pod(chart: Chart) -> None:
    rendered = chart.render(*ON, *(f"{path}={value}" for path, value in CANARIES.items()))
    assert not any("canary" in str(spec(rendered, server)) for server, _ in EXPORTERS)
    assert "REDIS_PASSWORD" not in variables(exporter(chart.render(*ON, "redis.auth.enabled=false"), "redis"))


@pytest.mark.full
@pytest.mark.parametrize(("server", "_port"), EXPORTERS)
def test_image_and_resources_come_from_the_values(chart: Chart, server: str, _port: int) -> None:
    metrics = f"{server}.metrics"
    found = exporter(chart.render(*ON, f"{metrics}.image.registry=r.example.com", f"{metrics}.image.tag=v9",
                                  f"{metrics}.resources.limits.memory=99Mi"), server)  # fmt: skip
    assert found["image"].startswith("r.example.com/")
    assert found["image"].endswith(":v9")
    assert found["resources"]["limits"]["memory"] == "99Mi"


@pytest.mark.parametrize(("server", "port"), EXPORTERS)
def test_the_bundled_prometheus_and_an_operator_find_the_same_target(
    chart_on_both: Chart, server: str, port: int
) -> None:
    rendered = chart_on_both.render(*ON, "serviceMonitor.enabled=true", "fullnameOverride=other")
    service = rendered.one("Service", f"llm-cost-ops-{server}-metrics")
    assert service["spec"]["clusterIP"] == "None"
    assert [(p["name"], p["port"], p["targetPort"]) for p in service["spec"]["ports"]] == [("metrics", port, "metrics")]
    pod = rendered.one("StatefulSet", f"other-{server}")["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= pod.items()
    wanted = {"job": f"llm-cost-ops-{server}", "namespace": "costs", "release": "llm-cost-ops"}
    config = yaml.safe_load(rendered.one("ConfigMap", "llm-cost-ops-prometheus")["data"]["prometheus.yml"])
    job = next(job for job in config["scrape_configs"] if job["job_name"] == wanted["job"])
    assert job["dns_sd_configs"][0]["names"] == [f"_metrics._tcp.{service['metadata']['name']}"]
    assert {r["target_label"]: r["replacement"] for r in job["relabel_configs"]} == wanted
    monitor = rendered.one("ServiceMonitor", f"other-{server}")["spec"]
    assert {r["targetLabel"]: r["replacement"] for r in monitor["endpoints"][0]["relabelings"]} == wanted
    assert [s["metadata"]["name"] for s in rendered.kinds("Service")
            if monitor["selector"]["matchLabels"].items() <= s["metadata"]["labels"].items()] == [service["metadata"]["name"]]  # fmt: skip


def test_an_operator_scrapes_exporters_of_an_app_without_metrics(chart: Chart) -> None:
    found = chart.render(*ON, "serviceMonitor.enabled=true", "config.features.metrics=false").kinds("ServiceMonitor")
    assert {m["metadata"]["name"] for m in found} == {"llm-cost-ops-postgresql", "llm-cost-ops-redis"}


@pytest.mark.parametrize(("server", "_port"), EXPORTERS)
def test_only_prometheus_reaches_them(chart: Chart, server: str, _port: int) -> None:
    rendered = chart.render(*ON, "networkPolicy.enabled=true")
    assert reaches(rendered, "llm-cost-ops-prometheus", f"llm-cost-ops-{server}", "metrics")
    assert not reaches(rendered, STRANGER, f"llm-cost-ops-{server}", "metrics")
    assert not reaches(rendered, "llm-cost-ops-prometheus", f"llm-cost-ops-{server}", server)


def test_an_operator_gets_the_rules_only_with_an_exporter(chart: Chart) -> None:
    assert not [rule for rule in rules(chart.render(RULE)) if "pg_up" in rule["expr"]]


def test_every_rule_is_sound_and_asks_for_what_is_exported_by_this_release(chart: Chart) -> None:
    plain = {rule["alert"] for rule in rules(chart.render(RULE))}
    added = [rule for rule in rules(chart.render(RULE, *ON)) if rule["alert"] not in plain]
    assert len(added) == 8
    for rule in added:
        promql_parser.parse(rule["expr"])
        assert unknown(rule["expr"]) == set(), rule["alert"]
        selectors = re.findall(r"\{([^}]*)\}", rule["expr"])
        assert all('namespace="costs",release="llm-cost-ops"' in s for s in selectors), rule["alert"]
        assert rule["annotations"].keys() == {"summary", "runbook"}


def test_the_dashboard_comes_with_an_exporter(chart: Chart) -> None:
    name = "llm-cost-ops-grafana-dashboards"
    assert BOARD.name not in chart.render().one("ConfigMap", name)["data"]
    for switch in ON:
        assert chart.render(switch).one("ConfigMap", name)["data"][BOARD.name] == BOARD.read_text()


def test_every_query_of_the_dashboard_is_sound_and_asks_for_what_is_exported() -> None:
    board = json.loads(BOARD.read_text())
    assert board["uid"] == "llm-cost-ops-servers"
    assert all(panel["datasource"]["uid"] == "${datasource}" and panel["description"] for panel in board["panels"])
    found = list(queries(BOARD))
    assert len(found) >= 10
    for panel, expression in found:
        promql_parser.parse(expression)
        assert unknown(expression) == set(), panel


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        (
            ("postgresql.metrics.enabled=true", "postgresql.enabled=false", "externalDatabase.host=db", "externalDatabase.existingSecret=s"),
            "set postgresql.metrics.enabled=false, and scrape an exporter of the external database by prometheus.extraScrapeConfigs",
        ),
        (("redis.metrics.enabled=true", "redis.enabled=false"), "redis.metrics.enabled is true and redis.enabled is false"),
        (("postgresql.metrics.port=9187",), "at '/postgresql/metrics': additional properties 'port' not allowed"),
        (("redis.metrics.image.tag=a:b",), "at '/redis/metrics/image/tag': 'a:b' does not match pattern"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_refused(chart_on_both: Chart, sets: tuple[str, ...], said: str) -> None:
    assert said in chart_on_both.refusal(*sets)
