"""Rules and dashboards: one source, sound queries, and only series that somebody exports."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
import yaml

from tests.chart.conftest import CHART, Chart, Manifest, Rendered

RULE = "prometheusRule.enabled=true"
KUBE = (RULE, "prometheusRule.kubeStateMetrics=true", "backup.enabled=true")
DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))

# What the program registers, with the labels of each; histograms without their endings.
EXPORTED = {
    "http_requests_total": "method path status", "http_request_duration_seconds": "method path",
    "cost_calculations_total": "provider model", "cost_calculation_duration_seconds": "provider",
    "total_cost_calculated": "provider model organization", "cost_by_provider": "provider organization",
    "cost_by_model": "provider model organization", "token_usage_total": "provider model token_type organization",
    "requests_by_model": "provider model organization", "db_queries_total": "operation table status",
    "db_query_duration_seconds": "operation table", "db_connections_active": "", "db_connections_idle": "",
    "cache_hits_total": "cache_name", "cache_misses_total": "cache_name", "cache_evictions_total": "",
    "auth_attempts_total": "method status", "auth_failures_total": "method reason",
    "ingestion_requests_total": "source status", "ingestion_errors_total": "source",
    "dlq_items_total": "", "dlq_retry_attempts_total": "", "dlq_success_total": "", "dlq_failures_total": "",
    "forecast_requests_total": "", "anomalies_detected_total": "", "uptime_seconds": "",
}  # fmt: skip
KUBE_STATE_METRICS = {
    "kube_deployment_status_replicas_available", "kube_deployment_spec_replicas", "kube_statefulset_replicas",
    "kube_statefulset_status_replicas_ready", "kube_pod_container_status_restarts_total", "kube_job_status_failed",
    "kube_job_status_succeeded", "kube_cronjob_status_last_successful_time",
}  # fmt: skip
TARGET = {"job", "namespace", "release", "instance", "le"}


def rule_file(rendered: Rendered) -> list[Manifest]:
    """Groups that the bundled Prometheus reads."""
    groups: list[Manifest] = yaml.safe_load(rendered.one("ConfigMap", "llm-cost-ops-prometheus")["data"]["rules.yml"])[
        "groups"
    ]
    return groups


def rules(rendered: Rendered) -> list[Manifest]:
    """All rules of the PrometheusRule."""
    return [rule for group in rendered.kinds("PrometheusRule")[0]["spec"]["groups"] for rule in group["rules"]]


def queries(dashboard: Path) -> Iterator[tuple[str, str]]:
    """Panel and query, with Grafana's variables filled in as Grafana does."""
    for panel in json.loads(dashboard.read_text())["panels"]:
        for target in panel["targets"]:
            expression = target["expr"].replace("$__rate_interval", "2m")
            yield panel["title"], expression.replace("$namespace", ".*").replace("$release", ".*")


def names(expression: str) -> set[str]:
    """Names of the series that a query asks for."""
    return set(re.findall(r"\b(up|llm_cost_ops_\w+|kube_\w+)\{", expression))


def base(name: str) -> str:
    """The name a program registers: without the ending of a histogram's series."""
    short = name.removeprefix("llm_cost_ops_")
    return short if short in EXPORTED else re.sub(r"_(bucket|sum|count)$", "", short)


def strange_labels(expression: str) -> set[str]:
    """Labels of a query that none of its series has."""
    known = set(TARGET)
    for name in names(expression):
        known |= set(EXPORTED.get(base(name), "").split())
    asked = set(re.findall(r"(\w+)(?:=~|!~|!=|=)\"", expression))
    for listed in re.findall(r"by \(([^)]*)\)", expression):
        asked |= {label.strip() for label in listed.split(",")}
    return asked - known


def test_the_operator_and_the_bundled_prometheus_get_the_same_rules(chart: Chart) -> None:
    rendered = chart.render(RULE, "postgresql.metrics.enabled=true")
    assert rendered.kinds("PrometheusRule")[0]["spec"]["groups"] == rule_file(rendered)
    assert len(rules(rendered)) >= 8


def test_every_rule_is_sound_and_says_what_to_do(chart: Chart) -> None:
    found = rules(chart.render(*KUBE))
    assert len({rule["alert"] for rule in found}) == len(found)
    for rule in found:
        promql_parser.parse(rule["expr"])
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert rule["annotations"]["summary"]
        assert rule["annotations"]["runbook"]


def test_rules_ask_for_series_that_exist_and_for_this_release_alone(chart: Chart) -> None:
    for rule in rules(chart.render(RULE)):
        assert names(rule["expr"]), rule["alert"]
        assert {base(n) for n in names(rule["expr"])} <= EXPORTED.keys() | {"up"}, rule["alert"]
        assert strange_labels(rule["expr"]) == set(), rule["alert"]
        selectors = re.findall(r"\{([^}]*)\}", rule["expr"])
        assert all('namespace="costs",release="llm-cost-ops"' in s for s in selectors), rule["alert"]


def test_rules_on_pods_and_jobs_are_there_where_kube_state_metrics_is_stated(chart: Chart) -> None:
    plain, more = ({r["alert"]: r["expr"] for r in rules(chart.render(*sets))} for sets in ((RULE,), KUBE))
    added = {name: expression for name, expression in more.items() if name not in plain}
    assert "LLMCostOpsBackupOld" in added
    for name, expression in added.items():
        assert names(expression) <= KUBE_STATE_METRICS, name
        assert 'namespace="costs"' in expression
    without = {r["alert"] for r in rules(chart.render(*KUBE, "backup.enabled=false"))}
    assert more.keys() - without == {"LLMCostOpsBackupOld"}


def test_targets_carry_the_labels_that_rules_ask_for(chart: Chart) -> None:
    rendered = chart.render("serviceMonitor.enabled=true")
    wanted = {"job": "llm-cost-ops", "namespace": "costs", "release": "llm-cost-ops"}
    endpoint = rendered.kinds("ServiceMonitor")[0]["spec"]["endpoints"][0]
    assert {r["targetLabel"]: r["replacement"] for r in endpoint["relabelings"]} == wanted
    config = yaml.safe_load(rendered.one("ConfigMap", "llm-cost-ops-prometheus")["data"]["prometheus.yml"])
    assert {r["target_label"]: r["replacement"] for r in config["scrape_configs"][0]["relabel_configs"]} == wanted


@pytest.mark.parametrize(
    ("sets", "known", "made"),
    [
        ((), True, False),
        (("prometheus.enabled=false",), True, True),
        (("prometheus.enabled=false",), False, False),
        ((RULE,), False, True),
        (("prometheusRule.enabled=false", "prometheus.enabled=false"), True, False),
        ((RULE, "config.features.metrics=false"), False, False),
    ],
)
def test_a_prometheus_rule_is_made_for_an_operator_that_is_there(
    chart: Chart, sets: tuple[str, ...], known: bool, made: bool
) -> None:
    options = ("--api-versions", "monitoring.coreos.com/v1/PrometheusRule") if known else ()
    assert bool(chart.render(*sets, options=options).kinds("PrometheusRule")) == made


def test_more_rules_and_labels_come_from_the_values(chart: Chart) -> None:
    group = {"name": "mine", "rules": [{"record": "a", "expr": "sum(up)"}]}
    values = {
        "prometheusRule": {"enabled": True, "labels": {"team": "costs"}, "extraGroups": [group]},
        "prometheus": {"extraRuleGroups": [group]},
    }
    rendered = chart.render(values=values)
    rule = rendered.kinds("PrometheusRule")[0]
    assert rule["metadata"]["labels"]["team"] == "costs"
    assert rule["spec"]["groups"][-1] == rule_file(rendered)[-1] == group


def test_the_service_monitor_takes_its_settings(chart: Chart) -> None:
    more, drop = {"targetLabel": "cluster", "replacement": "eu"}, {"sourceLabels": ["path"], "action": "drop"}
    given = {"enabled": True, "scrapeTimeout": "7s", "relabelings": [more], "metricRelabelings": [drop]}
    endpoint = chart.render(values={"serviceMonitor": given}).kinds("ServiceMonitor")[0]["spec"]["endpoints"][0]
    assert (endpoint["scrapeTimeout"], endpoint["relabelings"][-1]) == ("7s", more)
    assert endpoint["metricRelabelings"] == [drop]


def test_the_bundled_prometheus_takes_its_settings(chart: Chart) -> None:
    job = {"job_name": "mine", "static_configs": [{"targets": ["exporter:9187"]}]}
    given = {
        "retention": "3d", "retentionSize": "8GB", "alertmanagers": ["am:9093"], "extraScrapeConfigs": [job],
        "extraArgs": ["--web.enable-lifecycle"], "scrapeInterval": "9s",
    }  # fmt: skip
    rendered = chart.render(values={"prometheus": given})
    config = yaml.safe_load(rendered.one("ConfigMap", "llm-cost-ops-prometheus")["data"]["prometheus.yml"])
    assert config["alerting"]["alertmanagers"] == [{"static_configs": [{"targets": ["am:9093"]}]}]
    assert config["scrape_configs"][-1] == job
    assert config["global"] == {"scrape_interval": "9s", "evaluation_interval": "9s"}
    pod = rendered.one("Deployment", "llm-cost-ops-prometheus")["spec"]["template"]["spec"]
    assert pod["containers"][0]["args"][-3:] == [
        "--storage.tsdb.retention.time=3d", "--storage.tsdb.retention.size=8GB", "--web.enable-lifecycle",
    ]  # fmt: skip


def test_grafana_takes_more_settings(chart: Chart) -> None:
    more = {"name": "GF_SERVER_ROOT_URL", "value": "https://grafana.example.com"}
    rendered = chart.render(values={"grafana": {"extraEnv": [more]}})
    pod = rendered.one("Deployment", "llm-cost-ops-grafana")["spec"]["template"]["spec"]
    assert more in pod["containers"][0]["env"]


def test_a_setting_of_grafana_takes_the_place_of_the_chart_s(chart_on_both: Chart) -> None:
    """Server-side apply refuses a list with a name twice."""
    mine = {"GF_ANALYTICS_REPORTING_ENABLED": "true", "GF_SECURITY_ADMIN_USER": "root"}
    given = [{"name": name, "value": value} for name, value in mine.items()]
    rendered = chart_on_both.render(values={"grafana": {"extraEnv": given}})
    env = rendered.one("Deployment", "llm-cost-ops-grafana")["spec"]["template"]["spec"]["containers"][0]["env"]
    names_ = [entry["name"] for entry in env]
    assert len(set(names_)) == len(names_)
    assert [entry for entry in env if entry["name"] in mine] == sorted(
        given, key=lambda entry: names_.index(entry["name"])
    )


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda p: p.stem)
def test_every_query_of_a_dashboard_is_sound_and_asks_for_series_that_exist(dashboard: Path) -> None:
    asked = list(queries(dashboard))
    assert len(asked) >= 8
    for panel, expression in asked:
        promql_parser.parse(expression)
        assert names(expression), panel
        assert {base(n) for n in names(expression)} <= EXPORTED.keys() | {"up"}, panel
        assert strange_labels(expression) == set(), panel


@pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda p: p.stem)
def test_a_dashboard_works_with_any_data_source_and_fits_its_grid(dashboard: Path) -> None:
    board = json.loads(dashboard.read_text())
    assert board["uid"] == f"llm-cost-ops-{dashboard.stem}"
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        assert panel["datasource"]["uid"] == "${datasource}"
        assert panel["description"]
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken
        assert place["x"] + place["w"] <= 24
        taken |= cells
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def dashboards(chart: Chart, *sets: str) -> Manifest | None:
    """The ConfigMap with the dashboards."""
    rendered = chart.render(*sets)
    name = "llm-cost-ops-grafana-dashboards"
    return rendered.one("ConfigMap", name) if rendered.has("ConfigMap", name) else None


def test_the_bundled_grafana_mounts_the_dashboards(chart: Chart) -> None:
    found = dashboards(chart)
    assert found
    assert found["data"] == {file.name: file.read_text() for file in DASHBOARDS}
    assert len(DASHBOARDS) == 3
    pod = chart.render().one("Deployment", "llm-cost-ops-grafana")["spec"]["template"]["spec"]
    assert {"name": "dashboards", "configMap": {"name": found["metadata"]["name"]}} in pod["volumes"]


def test_another_grafana_finds_the_dashboards_by_their_label(chart: Chart) -> None:
    alone = "grafana.enabled=false"
    assert dashboards(chart, alone) is None
    found = dashboards(chart, alone, "dashboards.enabled=true", "dashboards.labels.grafana_dashboard=yes",
                       "dashboards.annotations.grafana_folder=Costs")  # fmt: skip
    assert found
    assert found["metadata"]["labels"]["grafana_dashboard"] == "yes"
    assert found["metadata"]["annotations"] == {"grafana_folder": "Costs"}
    unlabelled = dashboards(chart, "dashboards.enabled=false")
    assert unlabelled
    assert "grafana_dashboard" not in unlabelled["metadata"]["labels"]
