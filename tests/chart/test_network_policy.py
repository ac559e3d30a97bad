"""Who reaches whom once the network policies are on, worked out from the rendered rules as Kubernetes reads them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.conftest import Chart, Manifest, Rendered

STRANGER = {"app": "stranger"}
ON = "networkPolicy.enabled=true"
PORTS = {"llm-cost-ops": "http", "llm-cost-ops-postgresql": "postgresql", "llm-cost-ops-redis": "redis",
         "llm-cost-ops-prometheus": "http", "llm-cost-ops-grafana": "http"}  # fmt: skip


def selects(selector: Manifest, labels: Manifest) -> bool:
    """Whether a label selector takes a pod with these labels."""
    for rule in selector.get("matchExpressions", []):
        value = labels.get(rule["key"])
        if (value in rule["values"]) != (rule["operator"] == "In"):
            return False
    wanted: Manifest = selector.get("matchLabels", {})
    return wanted.items() <= labels.items()


def allowed(rendered: Rendered, side: str, owner: Manifest, other: Manifest, ports: set[Any]) -> bool:
    """Whether the policies of `owner`'s pod let it talk with `other` on one of `ports`; side is ingress or egress."""
    mine = [p["spec"] for p in rendered.kinds("NetworkPolicy") if selects(p["spec"]["podSelector"], owner)]
    mine = [p for p in mine if side.capitalize() in p["policyTypes"]]
    if not mine:
        return True
    for rule in (rule for policy in mine for rule in policy[side]):
        peers = rule.get("from" if side == "ingress" else "to")
        open_port = "ports" not in rule or bool({p["port"] for p in rule["ports"]} & ports)
        near = peers is None or any(selects(p["podSelector"], other) for p in peers if "namespaceSelector" not in p)
        if open_port and near:
            return True
    return False


def labels(rendered: Rendered, name: str) -> Manifest:
    """Labels of a workload's pods."""
    found = [w for w in rendered.workloads() if w["metadata"]["name"] == name]
    pod: Manifest = found[0]["spec"]["template"]["metadata"]["labels"]
    return pod


def port_names(rendered: Rendered, name: str, port: str) -> set[Any]:
    """A named port, and its number."""
    containers = next(w for w in rendered.workloads() if w["metadata"]["name"] == name)["spec"]["template"]["spec"][
        "containers"
    ]
    numbers = {p["containerPort"] for c in containers for p in c["ports"] if p["name"] == port}
    assert numbers
    return {port, *numbers}


def reaches(rendered: Rendered, source: str | Manifest, target: str, port: str) -> bool:
    """Whether a workload, or a pod with these labels in the same namespace, reaches a port of another workload."""
    one = labels(rendered, source) if isinstance(source, str) else source
    other = labels(rendered, target)
    ports = port_names(rendered, target, port)
    return allowed(rendered, "egress", one, other, ports) and allowed(rendered, "ingress", other, one, ports)


def test_only_the_production_preset_has_policies(chart: Chart, preset: str | None) -> None:
    assert bool(chart.render(preset=preset).kinds("NetworkPolicy")) == (preset == "prod")


def test_every_workload_has_a_policy_of_its_own(chart: Chart, preset: str | None) -> None:
    rendered = chart.render(ON, preset=preset)
    for workload in (w for w in rendered.workloads() if w["kind"] in ("Deployment", "StatefulSet")):  # Jobs: below
        pod = workload["spec"]["template"]["metadata"]["labels"]
        hits = [
            p["metadata"]["name"] for p in rendered.kinds("NetworkPolicy") if selects(p["spec"]["podSelector"], pod)
        ]
        assert hits == [workload["metadata"]["name"]]


@pytest.mark.parametrize(
    ("source", "target", "port"),
    [
        ("llm-cost-ops", "llm-cost-ops-postgresql", "postgresql"),
        ("llm-cost-ops", "llm-cost-ops-redis", "redis"),
        ("llm-cost-ops-prometheus", "llm-cost-ops", "metrics"),
        ("llm-cost-ops-grafana", "llm-cost-ops-prometheus", "http"),
    ],
)
def test_what_belongs_together_talks(chart: Chart, source: str, target: str, port: str) -> None:
    assert reaches(chart.render(ON), source, target, port)


def test_a_stranger_reaches_the_api_and_nothing_else(chart: Chart) -> None:
    rendered = chart.render(ON)
    open_ports = {name for name, port in PORTS.items() if reaches(rendered, STRANGER, name, port)}
    assert open_ports == {"llm-cost-ops"}
    assert not reaches(rendered, STRANGER, "llm-cost-ops", "metrics")


@pytest.mark.parametrize("source", ["llm-cost-ops-prometheus", "llm-cost-ops-grafana", "llm-cost-ops-redis"])
def test_the_other_components_do_not_reach_the_database(chart: Chart, source: str) -> None:
    assert not reaches(chart.render(ON), source, "llm-cost-ops-postgresql", "postgresql")


def test_a_second_release_of_the_app_reaches_the_database_of_the_first(chart: Chart) -> None:
    rendered = chart.render(ON)
    green = labels(chart.render(release="llm-cost-ops-v2"), "llm-cost-ops-v2")
    assert reaches(rendered, green, "llm-cost-ops-postgresql", "postgresql")
    assert reaches(rendered, green, "llm-cost-ops-redis", "redis")


def test_named_callers_close_the_api_to_the_others(chart: Chart) -> None:
    peer = {"podSelector": {"matchLabels": {"app": "gateway"}}}
    rendered = chart.render(values={"networkPolicy": {"enabled": True, "apiFrom": [peer]}})
    assert reaches(rendered, {"app": "gateway"}, "llm-cost-ops", "http")
    assert not reaches(rendered, STRANGER, "llm-cost-ops", "http")


def test_named_monitoring_reads_metrics_prometheus_and_grafana(chart: Chart) -> None:
    peer = {"podSelector": {"matchLabels": {"app": "watcher"}}}
    rendered = chart.render(values={"networkPolicy": {"enabled": True, "monitoringFrom": [peer]}})
    for target, port in (("", "metrics"), ("-prometheus", "http"), ("-grafana", "http")):
        assert reaches(rendered, {"app": "watcher"}, f"llm-cost-ops{target}", port)
        assert not reaches(rendered, STRANGER, f"llm-cost-ops{target}", port)


@pytest.mark.parametrize("sets", [("serviceMonitor.enabled=true",), ("prometheus.enabled=false",)])
def test_an_outside_prometheus_nobody_named_is_not_locked_out(chart: Chart, sets: tuple[str, ...]) -> None:
    assert reaches(chart.render(ON, *sets), STRANGER, "llm-cost-ops", "metrics")


def test_the_app_gets_out_to_what_its_values_name(chart: Chart) -> None:
    def ports(*sets: str) -> set[int]:
        spec = chart.render(ON, *sets).one("NetworkPolicy", "llm-cost-ops")["spec"]
        return {p["port"] for rule in spec["egress"] for p in rule["ports"]}

    assert ports() == {53, 5353, 5432, 6379, 4317, 4318}
    external = (
        "postgresql.enabled=false", "externalDatabase.host=db", "externalDatabase.port=5433", "externalDatabase.existingSecret=s",
        "redis.enabled=false", "externalRedis.host=cache", "externalRedis.port=6380", "smtp.host=mail", "config.features.tracing=false",
    )  # fmt: skip
    assert ports(*external) == {53, 5353, 5433, 6380, 587}
    assert ports("networkPolicy.egress.extra[0].ports[0].port=443") == {53, 5353, 5432, 6379, 4317, 4318, 443}


def test_egress_can_be_left_open(chart: Chart) -> None:
    spec = chart.render(ON, "networkPolicy.egress.enabled=false").one("NetworkPolicy", "llm-cost-ops")["spec"]
    assert spec["policyTypes"] == ["Ingress"]
    assert "egress" not in spec


def test_more_rules_are_added_to_the_app(chart: Chart) -> None:
    rule = {"ports": [{"port": 9000}]}
    spec = chart.render(values={"networkPolicy": {"enabled": True, "extraIngress": [rule]}}).one(
        "NetworkPolicy", "llm-cost-ops"
    )["spec"]
    assert spec["ingress"][-1] == rule


def test_metrics_on_the_port_of_the_api_need_no_rule(chart: Chart) -> None:
    spec = chart.render(ON, "metrics.port=8080").one("NetworkPolicy", "llm-cost-ops")["spec"]
    assert [p["port"] for rule in spec["ingress"] for p in rule["ports"]] == ["http"]


JOBS = {"migrations": {"enabled": True}, "backup": {"enabled": True}}


def pods(rendered: Rendered, kind: str, component: str) -> Manifest:
    """Labels of the pods of a component's Job or CronJob."""
    (found,) = {
        tuple(sorted(t["metadata"]["labels"].items()))
        for name, t in rendered.pod_templates().items()
        if name.startswith(f"{kind} ") and t["metadata"]["labels"]["app.kubernetes.io/component"] == component
    }
    return dict(found)


@pytest.mark.parametrize(("kind", "component"), [("Job", "migrations"), ("CronJob", "backup"), ("Job", "backup")])
def test_a_job_is_reached_by_nobody_and_reaches_what_it_needs(chart: Chart, kind: str, component: str) -> None:
    rendered = chart.render(ON, values=JOBS)
    job = pods(rendered, kind, component)
    assert reaches(rendered, job, "llm-cost-ops-postgresql", "postgresql")
    assert reaches(rendered, job, "llm-cost-ops-redis", "redis") == (component == "migrations")
    assert not reaches(rendered, job, "llm-cost-ops-prometheus", "http")
    assert allowed(rendered, "egress", job, STRANGER, {53})
    assert not allowed(rendered, "egress", job, STRANGER, {443})
    assert not allowed(rendered, "ingress", job, STRANGER, {80, 443, 8080})


@pytest.mark.parametrize("store", ["llm-cost-ops-postgresql", "llm-cost-ops-redis"])
def test_a_store_gets_out_to_nobody_but_whom_the_values_name(chart: Chart, store: str) -> None:
    rendered = chart.render(ON)
    assert not allowed(rendered, "egress", labels(rendered, store), STRANGER, {53, 443})
    policy = {
        "enabled": True,
        "egress": {"extraStores": [{"ports": [{"port": 443}]}], "extraJobs": [{"ports": [{"port": 444}]}]},
    }
    rendered = chart.render(values=JOBS | {"networkPolicy": policy})
    assert allowed(rendered, "egress", labels(rendered, store), STRANGER, {443})
    for component, kind in (("migrations", "Job"), ("backup", "CronJob")):
        job = pods(rendered, kind, component)
        assert allowed(rendered, "egress", job, STRANGER, {444})
        assert not allowed(rendered, "egress", job, STRANGER, {443})


def test_without_rules_for_ways_out_nothing_but_ways_in_is_closed(chart: Chart) -> None:
    rendered = chart.render(ON, "networkPolicy.egress.enabled=false", values=JOBS)
    assert all(p["spec"]["policyTypes"] == ["Ingress"] for p in rendered.kinds("NetworkPolicy"))


def test_metrics_on_the_port_of_a_closed_api_are_read_by_who_watches(chart: Chart) -> None:
    gateway, watcher = ({"podSelector": {"matchLabels": {"app": name}}} for name in ("gateway", "watcher"))
    policy = {"enabled": True, "apiFrom": [gateway], "monitoringFrom": [watcher]}
    rendered = chart.render(values={"networkPolicy": policy, "metrics": {"port": 8080}})
    assert reaches(rendered, "llm-cost-ops-prometheus", "llm-cost-ops", "http")
    assert reaches(rendered, {"app": "watcher"}, "llm-cost-ops", "http")
    assert not reaches(rendered, STRANGER, "llm-cost-ops", "http")
    # Grafana asks Prometheus, not the app.
    assert not reaches(rendered, "llm-cost-ops-grafana", "llm-cost-ops", "http")


def test_a_program_without_a_database_reaches_none(chart: Chart) -> None:
    rendered = chart.render(ON, "config.features.database=false", "postgresql.enabled=false", "redis.enabled=false")
    app = labels(rendered, "llm-cost-ops")
    assert not allowed(rendered, "egress", app, STRANGER, {5432, 6379})
    assert allowed(rendered, "egress", app, STRANGER, {53})
