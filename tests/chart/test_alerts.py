"""Every alert rule, played by promtool: it fires when it must, is silent otherwise, and knows what to do when series end."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.conftest import Chart, Manifest
from tests.chart.test_exporters import ON as EXPORTERS
from tests.chart.test_monitoring import KUBE, rules
from tests.chart.tools import PROMTOOL
from wizard.sandbox import toolchain

TARGET = {"job": "llm-cost-ops", "namespace": "costs", "release": "llm-cost-ops"}
"""Labels of every series that the program exports."""


POSTGRESQL = TARGET | {"job": "llm-cost-ops-postgresql"}
REDIS = TARGET | {"job": "llm-cost-ops-redis"}


@dataclass(frozen=True)
class Case:
    """Series that one alert sees, a sample a minute in promtool's notation, and whether it fires at a time."""

    alert: str
    name: str
    series: Mapping[str, str]
    at: str
    fires: Mapping[str, str] | None = None
    """Labels of the alert, without its severity; None: it does not fire."""
    value: str = ""
    """What the summary says of the value."""
    pending: str = ""
    """A time before, at which it has not lasted long enough."""


def app(name: str, **labels: str) -> str:
    """A series of the program."""
    return _series(f"llm_cost_ops_{name}", TARGET | labels)


def kube(name: str, **labels: str) -> str:
    """A series of kube-state-metrics on the release's namespace."""
    return _series(f"kube_{name}", {"namespace": "costs"} | labels)


def pg(name: str, **labels: str) -> str:
    """A series of the exporter beside PostgreSQL."""
    return _series(name, POSTGRESQL | labels)


def redis(name: str, **labels: str) -> str:
    """A series of the exporter beside Redis."""
    return _series(name, REDIS | labels)


def up(instance: str) -> str:
    """Whether an instance answers Prometheus."""
    return _series("up", TARGET | {"instance": instance})


def _series(name: str, labels: Mapping[str, str]) -> str:
    return name + "{" + ",".join(f'{key}="{value}"' for key, value in labels.items()) + "}"


def requests(errors: str, others: str) -> dict[str, str]:
    """Requests that the API answered, with an error of its own or without."""
    made = {"method": "GET", "path": "/"}
    return {
        app("http_requests_total", status="503", **made): errors,
        app("http_requests_total", status="200", **made): others,
    }


def durations(quick: str, slow: str) -> dict[str, str]:
    """Requests of at most a second, and all of them, which take five at most."""
    counts = {"1": quick, "2.5": quick, "5": slow, "+Inf": slow}
    return {app("http_request_duration_seconds_bucket", le=le): values for le, values in counts.items()}


def ingestion(errors: str, requests: str) -> dict[str, str]:
    """Usage records that came in, and those refused."""
    return {
        app("ingestion_errors_total", source="api"): errors,
        app("ingestion_requests_total", source="api"): requests,
    }


def logins(failures: str, attempts: str) -> dict[str, str]:
    """Logins, and those that failed."""
    return {
        app("auth_failures_total", method="password"): failures,
        app("auth_attempts_total", method="password"): attempts,
    }


def connections(idle: str, active: str) -> dict[str, str]:
    """Database connections of an instance."""
    return {app("db_connections_idle", instance="a"): idle, app("db_connections_active", instance="a"): active}


def replicas(available: str, wanted: str, deployment: str = "llm-cost-ops") -> dict[str, str]:
    """Pods of a Deployment."""
    return {
        kube("deployment_status_replicas_available", deployment=deployment): available,
        kube("deployment_spec_replicas", deployment=deployment): wanted,
    }


def store(ready: str, wanted: str, name: str = "llm-cost-ops-postgresql") -> dict[str, str]:
    """Pods of a StatefulSet."""
    return {
        kube("statefulset_status_replicas_ready", statefulset=name): ready,
        kube("statefulset_replicas", statefulset=name): wanted,
    }


def restarts(values: str, pod: str = "llm-cost-ops-5f-x") -> dict[str, str]:
    """Restarts of a container."""
    return {kube("pod_container_status_restarts_total", pod=pod, container="app"): values}


def job(failed: str, succeeded: str = "", name: str = "llm-cost-ops-backup-1") -> dict[str, str]:
    """Pods of a Job that failed, and that succeeded."""
    found = {kube("job_status_failed", job_name=name): failed}
    return found | ({kube("job_status_succeeded", job_name=name): succeeded} if succeeded else {})


def backup(last: str, name: str = "llm-cost-ops-backup") -> dict[str, str]:
    """When the newest dump was made; in these plays time begins at 0."""
    return {kube("cronjob_status_last_successful_time", cronjob=name): last}


def backends(used: str, allowed: str) -> dict[str, str]:
    """Connections of two databases, and how many the server allows."""
    found = {pg("pg_stat_database_numbackends", datname=name): used for name in ("costs", "postgres")}
    return found | {pg("pg_settings_max_connections"): allowed}


def transaction(seconds: str, state: str = "idle in transaction") -> dict[str, str]:
    """The longest transaction of a database."""
    return {pg("pg_stat_activity_max_tx_duration", datname="costs", state=state): seconds}


COSTS = {"datname": "costs"}
DEADLOCKS = pg("pg_stat_database_deadlocks", datname="costs")
REJECTED = redis("redis_rejected_connections_total")
SAVED, WRITTEN = redis("redis_rdb_last_bgsave_status"), redis("redis_aof_last_write_status")
PG_UP, REDIS_UP = pg("pg_up"), redis("redis_up")
A = TARGET | {"instance": "a"}
RELEASE = {"namespace": "costs"}
UPTIME = app("uptime_seconds", instance="a")
ANOMALIES = app("anomalies_detected_total")
DEAD = app("dlq_failures_total")
POD = RELEASE | {"pod": "llm-cost-ops-5f-x", "container": "app"}
JOB = RELEASE | {"job_name": "llm-cost-ops-backup-1"}
DAY = 24 * 60

# A series without further samples counts for five minutes more.
CASES = (
    Case("LLMCostOpsDown", "no instance answers", {up("a"): "1x5 0x20", up("b"): "1x5 0x20"}, "9m", {}, pending="7m"),
    Case("LLMCostOpsDown", "one of two answers", {up("a"): "0x30", up("b"): "1x30"}, "20m"),
    Case("LLMCostOpsDown", "away for a minute", {up("a"): "1x5 0 1x20"}, "7m"),
    Case("LLMCostOpsDown", "the targets ended a moment ago", {up("a"): "1x5"}, "9m"),
    Case("LLMCostOpsDown", "the targets ended", {up("a"): "1x5"}, "13m", {}),
    Case("LLMCostOpsDown", "there never was a target", {}, "3m", {}),
    Case("LLMCostOpsInstanceDown", "one of two is down", {up("a"): "1x5 0x20", up("b"): "1x30"}, "12m", A, pending="8m"),
    Case("LLMCostOpsInstanceDown", "both answer", {up("a"): "1x30", up("b"): "1x30"}, "12m"),
    Case("LLMCostOpsInstanceDown", "down for four minutes", {up("a"): "1x5 0x4 1x20"}, "12m"),
    Case("LLMCostOpsInstanceDown", "it was taken away while down", {up("a"): "0x8", up("b"): "1x30"}, "15m"),
    Case("LLMCostOpsRestarts", "three starts", {UPTIME: "60 120 0 60 0 60 0 60 120x9"}, "10m", A),
    Case("LLMCostOpsRestarts", "two starts", {UPTIME: "60 120 0 60 0 60 120 180x9"}, "10m"),
    Case("LLMCostOpsRestarts", "three, half an hour ago", {UPTIME: "60 120 0 60 0 60 0 60+60x60"}, "45m"),
    Case("LLMCostOpsRestarts", "the series ended", {UPTIME: "60 120 0 60 0 60 0 60"}, "45m"),
    Case("LLMCostOpsErrors", "one in twenty", requests("0+5x60", "0+95x60"), "30m", {}, "5%", pending="5m"),
    Case("LLMCostOpsErrors", "one in a thousand", requests("0+1x60", "0+999x60"), "30m"),
    Case("LLMCostOpsErrors", "for five minutes", requests("0x10 0+5x5 25x40", "0+95x60"), "17m"),
    Case("LLMCostOpsErrors", "nobody asks anything", requests("7x60", "9x60"), "30m"),
    Case("LLMCostOpsErrors", "the series ended", requests("0+5x20", "0+95x20"), "30m"),
    Case("LLMCostOpsSlow", "most take seconds", durations("0x60", "0+100x60"), "30m", {}, "4.875s", pending="5m"),
    Case("LLMCostOpsSlow", "all take less than a second", durations("0+100x60", "0+100x60"), "30m"),
    Case("LLMCostOpsSlow", "nobody asks anything", durations("5x60", "9x60"), "30m"),
    Case("LLMCostOpsSlow", "the series ended", durations("0x20", "0+100x20"), "30m"),
    Case("LLMCostOpsIngestionErrors", "one in ten", ingestion("0+1x60", "0+10x60"), "40m", {}, "10%", pending="10m"),
    Case("LLMCostOpsIngestionErrors", "one in a hundred", ingestion("0+1x60", "0+100x60"), "40m"),
    Case("LLMCostOpsIngestionErrors", "nothing comes in", ingestion("3x60", "9x60"), "40m"),
    Case("LLMCostOpsIngestionErrors", "the series ended", ingestion("0+1x40", "0+10x40"), "60m"),
    Case("LLMCostOpsDeadLetters", "a retry failed", {DEAD: "0x5 1x40"}, "17m", {}, pending="10m"),
    Case("LLMCostOpsDeadLetters", "none failed lately", {DEAD: "5x60"}, "40m"),
    Case("LLMCostOpsDeadLetters", "the series ended", {DEAD: "0x5 1x5"}, "45m"),
    Case("LLMCostOpsLoginFailures", "three in four", logins("0+45x60", "0+60x60"), "30m", {}, pending="5m"),
    Case("LLMCostOpsLoginFailures", "one in ten", logins("0+6x60", "0+60x60"), "30m"),
    Case("LLMCostOpsLoginFailures", "all of a few", logins("0+3x60", "0+3x60"), "30m"),
    Case("LLMCostOpsLoginFailures", "the series ended", logins("0+45x20", "0+60x20"), "35m"),
    Case("LLMCostOpsNoFreeConnection", "all in use", connections("0x30", "5x30"), "15m", A, pending="5m"),
    Case("LLMCostOpsNoFreeConnection", "one is free", connections("1x30", "4x30"), "15m"),
    Case("LLMCostOpsNoFreeConnection", "no pool yet", connections("0x30", "0x30"), "15m"),
    Case("LLMCostOpsNoFreeConnection", "the series ended", connections("0x20", "5x20"), "30m"),
    Case("LLMCostOpsCostAnomaly", "one was found", {ANOMALIES: "0x5 1x30"}, "10m", {}),
    Case("LLMCostOpsCostAnomaly", "none since", {ANOMALIES: "4x90"}, "80m"),
    Case("LLMCostOpsCostAnomaly", "the series ended", {ANOMALIES: "0x5 1x5"}, "80m"),
    Case(
        "LLMCostOpsReplicasMissing", "two of three", replicas("2x60", "3x60"), "20m",
        RELEASE | {"deployment": "llm-cost-ops"}, pending="10m",
    ),
    Case("LLMCostOpsReplicasMissing", "all are there", replicas("3x60", "3x60"), "20m"),
    Case("LLMCostOpsReplicasMissing", "of another Deployment", replicas("2x60", "3x60", "shop"), "20m"),
    Case("LLMCostOpsReplicasMissing", "during a rollout", replicas("3x5 2x10 3x40", "3x60"), "18m"),
    Case("LLMCostOpsReplicasMissing", "the Deployment is gone", replicas("2x20", "3x20"), "30m"),
    Case(
        "LLMCostOpsDataStoreMissing", "the database is not ready", store("0x30", "1x30"), "10m",
        RELEASE | {"statefulset": "llm-cost-ops-postgresql"}, pending="3m",
    ),
    Case("LLMCostOpsDataStoreMissing", "it is ready", store("1x30", "1x30"), "10m"),
    Case("LLMCostOpsDataStoreMissing", "of somebody else", store("0x30", "1x30", "shop-postgresql"), "10m"),
    Case("LLMCostOpsDataStoreMissing", "the StatefulSet is gone", store("0x10", "1x10"), "20m"),
    Case("LLMCostOpsCrashes", "four restarts", restarts("0 1 2 3 4x20"), "10m", POD),
    Case("LLMCostOpsCrashes", "one restart", restarts("0 1x20"), "10m"),
    Case("LLMCostOpsCrashes", "of another app's pod", restarts("0 1 2 3 4x20", "shop-5f-x"), "10m"),
    Case("LLMCostOpsCrashes", "the pod is gone", restarts("0 1 2 3 4"), "40m"),
    Case("LLMCostOpsJobFailed", "a backup failed", job("0x5 1x30", "0x40"), "15m", JOB, pending="8m"),
    Case("LLMCostOpsJobFailed", "a later try succeeded", job("1x40", "0x3 1x40"), "15m"),
    Case("LLMCostOpsJobFailed", "nothing failed", job("0x40", "1x40"), "15m"),
    Case("LLMCostOpsJobFailed", "of somebody else", job("1x40", name="shop-backup-1"), "15m"),
    Case("LLMCostOpsJobFailed", "the Job was deleted", job("1x10"), "20m"),
    Case(
        "LLMCostOpsBackupOld", "the newest is 50 hours old", backup(f"0x{3 * DAY}"), "50h",
        RELEASE | {"cronjob": "llm-cost-ops-backup"}, pending="48h30m",
    ),
    Case("LLMCostOpsBackupOld", "of somebody else", backup(f"0x{3 * DAY}", "shop-backup"), "50h"),
    Case("LLMCostOpsBackupOld", "one a day", backup(f"0x{DAY} 86400x{2 * DAY}"), "50h"),
    Case("LLMCostOpsBackupOld", "the CronJob is gone", backup("0x60"), "50h"),
    Case("LLMCostOpsExporterDown", "it does not answer", {pg("up"): "0x30"}, "10m", POSTGRESQL, pending="3m"),
    Case("LLMCostOpsExporterDown", "both answer", {pg("up"): "1x30", redis("up"): "1x30"}, "10m"),
    Case("LLMCostOpsExporterDown", "of another release", {_series("up", REDIS | {"release": "shop"}): "0x30"}, "10m"),
    Case("LLMCostOpsExporterDown", "it was taken away", {redis("up"): "0x3"}, "20m"),
    Case("LLMCostOpsPostgreSQLDown", "no login", {PG_UP: "0x30"}, "5m", POSTGRESQL, pending="1m"),
    Case("LLMCostOpsPostgreSQLDown", "a login", {PG_UP: "1x30"}, "5m"),
    Case("LLMCostOpsPostgreSQLDown", "the exporter is gone", {PG_UP: "0x1"}, "20m"),
    Case("LLMCostOpsPostgreSQLConnections", "90 of 100", backends("45x30", "100x30"), "15m", {}, "90%", pending="5m"),
    Case("LLMCostOpsPostgreSQLConnections", "80 of 100", backends("40x30", "100x30"), "15m"),
    Case("LLMCostOpsPostgreSQLConnections", "the exporter is gone", backends("45x5", "100x5"), "30m"),
    Case("LLMCostOpsPostgreSQLIdleTransaction", "an hour", transaction("3600x30"), "10m", COSTS, pending="3m"),
    Case("LLMCostOpsPostgreSQLIdleTransaction", "after an error", transaction("3600x30", "idle in transaction (aborted)"), "10m", COSTS),
    Case("LLMCostOpsPostgreSQLIdleTransaction", "it works", transaction("3600x30", "active"), "10m"),
    Case("LLMCostOpsPostgreSQLIdleTransaction", "a minute", transaction("60x30"), "10m"),
    Case("LLMCostOpsPostgreSQLIdleTransaction", "the exporter is gone", transaction("3600x2"), "20m"),
    Case("LLMCostOpsPostgreSQLDeadlocks", "six", {DEADLOCKS: "0 2 4 6x30"}, "10m", COSTS),
    Case("LLMCostOpsPostgreSQLDeadlocks", "one", {DEADLOCKS: "0 1x30"}, "10m"),
    Case("LLMCostOpsPostgreSQLDeadlocks", "six, long ago", {DEADLOCKS: "0 2 4 6x90"}, "80m"),
    Case("LLMCostOpsPostgreSQLDeadlocks", "the exporter is gone", {DEADLOCKS: "0 2 4 6"}, "80m"),
    Case("LLMCostOpsRedisDown", "no login", {REDIS_UP: "0x30"}, "5m", REDIS, pending="1m"),
    Case("LLMCostOpsRedisDown", "a login", {REDIS_UP: "1x30"}, "5m"),
    Case("LLMCostOpsRedisDown", "the exporter is gone", {REDIS_UP: "0x1"}, "20m"),
    Case("LLMCostOpsRedisDiskRefuses", "the snapshot", {SAVED: "0x30", WRITTEN: "1x30"}, "10m", REDIS, pending="3m"),
    Case("LLMCostOpsRedisDiskRefuses", "the log of writes", {SAVED: "1x30", WRITTEN: "0x30"}, "10m", REDIS),
    Case("LLMCostOpsRedisDiskRefuses", "both are written", {SAVED: "1x30", WRITTEN: "1x30"}, "10m"),
    Case("LLMCostOpsRedisDiskRefuses", "the exporter is gone", {SAVED: "0x3"}, "20m"),
    Case("LLMCostOpsRedisRejects", "some", {REJECTED: "0x3 5x30"}, "8m", REDIS),
    Case("LLMCostOpsRedisRejects", "none lately", {REJECTED: "5x60"}, "40m"),
    Case("LLMCostOpsRedisRejects", "the exporter is gone", {REJECTED: "0 5"}, "40m"),
)  # fmt: skip


def expected(rule: Manifest, labels: Mapping[str, str], value: str) -> Manifest:
    """The alert of a rule, as promtool wants it written."""

    def filled(text: str) -> str:
        text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda match: labels[match[1]], text)
        return re.sub(r"\{\{ \$value \| \w+ \}\}", value, text)

    return {
        "exp_labels": {**rule["labels"], **labels},
        "exp_annotations": {name: filled(text) for name, text in rule["annotations"].items()},
    }


def play(case: Case, rule: Manifest) -> Manifest:
    """A case as promtool reads it."""
    alerts = [] if case.fires is None else [expected(rule, case.fires, case.value)]
    times = {case.at: alerts} | ({case.pending: []} if case.pending else {})
    return {
        "name": case.name,
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "alert_rule_test": [
            {"eval_time": time, "alertname": case.alert, "exp_alerts": found} for time, found in times.items()
        ],
    }


@pytest.fixture(scope="session")
def promtool() -> str:
    """Prometheus's own tool, built when it is not there yet."""
    return str(toolchain.ensure_pin(PROMTOOL))


def test_every_alert_has_a_case_in_which_it_fires_one_in_which_it_is_silent_and_one_in_which_series_end(
    chart: Chart,
) -> None:
    found = rules(chart.render(*KUBE, *EXPORTERS))
    alerts = {rule["alert"] for rule in found}
    assert {case.alert for case in CASES if case.fires is not None} == alerts
    assert {case.alert for case in CASES if case.fires is None} == alerts
    ends = re.compile(r"ended|is gone|was deleted|was taken away")
    assert {case.alert for case in CASES if ends.search(case.name)} == alerts
    assert {case.alert for case in CASES if case.pending} == {rule["alert"] for rule in found if "for" in rule}


def test_the_tool_is_of_the_version_of_the_bundled_prometheus(chart: Chart) -> None:
    pod = chart.render().one("Deployment", "llm-cost-ops-prometheus")["spec"]["template"]["spec"]
    assert pod["containers"][0]["image"].endswith(f":{PROMTOOL.version}")


@pytest.mark.full  # builds promtool
@pytest.mark.parametrize("alert", sorted({case.alert for case in CASES}))
def test_an_alert_fires_when_it_must_and_only_then(alert: str, chart: Chart, promtool: str, tmp_path: Path) -> None:
    (rule,) = (one for one in rules(chart.render(*KUBE, *EXPORTERS)) if one["alert"] == alert)
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "played", "rules": [rule]}]}))
    plays = [play(case, rule) for case in CASES if case.alert == alert]
    page = {"rule_files": ["rules.yml"], "evaluation_interval": "1m", "tests": plays}
    (tmp_path / "plays.yml").write_text(yaml.safe_dump(page))
    done = run(promtool, "test", "rules", str(tmp_path / "plays.yml"))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.full  # builds promtool
def test_promtool_accepts_configuration_and_rules(chart: Chart, promtool: str, tmp_path: Path) -> None:
    group: dict[str, Any] = {"name": "mine", "rules": [{"record": "a", "expr": "sum(up)"}]}
    rendered = chart.render(*KUBE, values={"prometheus": {"alertmanagers": ["am:9093"], "extraRuleGroups": [group]}})
    data = rendered.one("ConfigMap", "llm-cost-ops-prometheus")["data"]
    (tmp_path / "rules.yml").write_text(data["rules.yml"])
    (tmp_path / "prometheus.yml").write_text(data["prometheus.yml"].replace("/etc/prometheus", str(tmp_path)))
    (tmp_path / "operator.yml").write_text(yaml.safe_dump(rendered.kinds("PrometheusRule")[0]["spec"]))
    for command in (("config", "prometheus.yml"), ("rules", "operator.yml")):
        done = run(promtool, "check", command[0], str(tmp_path / command[1]))
        assert done.returncode == 0, done.stdout + done.stderr


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run a tool."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60)
