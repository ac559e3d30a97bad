"""What an image must do, and what the chart does without for one that does less: values-cost-ops.yaml and its switches."""

from __future__ import annotations

import yaml

from tests.chart.conftest import CHART, Chart, Manifest, Rendered

PUBLIC = yaml.safe_load((CHART / "values-cost-ops.yaml").read_text())


def app(rendered: Rendered) -> Manifest:
    """The app's container."""
    found: Manifest = rendered.one("Deployment", "llm-cost-ops")["spec"]["template"]["spec"]["containers"][0]
    return found


def test_the_public_program_gets_its_entrypoint_and_nothing_that_it_does_not_use(chart_on_both: Chart) -> None:
    rendered = chart_on_both.render(values=PUBLIC)
    container = app(rendered)
    assert "command" not in container
    assert "args" not in container
    assert {entry["name"] for entry in container["env"]} == {"JWT_SECRET"}
    assert [port["name"] for port in container["ports"]] == ["http"]
    config = rendered.one("ConfigMap", "llm-cost-ops")["data"]
    assert (config["PORT"], config["RUST_LOG"], config["ENABLE_METRICS"]) == ("8080", "info", "false")
    kinds = {(o["kind"], o["metadata"]["labels"]["app.kubernetes.io/component"]) for o in rendered.objects}
    assert kinds == {
        ("ConfigMap", "app"), ("Deployment", "app"), ("Secret", "app"), ("Service", "app"), ("ServiceAccount", "app"), ("Pod", "test"),
    }  # fmt: skip


def test_its_one_pod_is_never_beside_another_and_writes_where_it_may(chart: Chart) -> None:
    spec = chart.render(values=PUBLIC).one("Deployment", "llm-cost-ops")["spec"]
    assert (spec["replicas"], spec["strategy"]) == (1, {"type": "Recreate"})
    pod = spec["template"]["spec"]
    (data,) = [mount["name"] for mount in pod["containers"][0]["volumeMounts"] if mount["mountPath"] == "/app/data"]
    assert [v for v in pod["volumes"] if v["name"] == data] == PUBLIC["extraVolumes"]


def test_an_image_without_an_entrypoint_is_told_its_program(chart: Chart) -> None:
    container = app(chart.render(values=PUBLIC | {"command": ["cost-ops"], "args": ["serve"]}))
    assert (container["command"], container["args"]) == (["cost-ops"], ["serve"])


def test_the_notes_say_what_is_done_without(chart: Chart) -> None:
    bare = (
        "config.features.database=false",
        "postgresql.enabled=false",
        "redis.enabled=false",
        "config.features.metrics=false",
    )
    said = " ".join(chart.notes(*bare).split())
    for words in (
        "the program uses no database: config.features.database is false",
        "a file such as SQLite's needs replicaCount=1",
        "no metrics are collected: config.features.metrics is false",
        "there is no cache: redis.enabled is false",
    ):
        assert words in said
        assert words not in " ".join(chart.notes().split())
    alone = (*bare, "replicaCount=1", "autoscaling.enabled=false")
    assert "SQLite" not in chart.notes(*alone)


def test_without_a_database_nobody_asks_for_one(chart_on_both: Chart) -> None:
    text = chart_on_both.render(values=PUBLIC | {"networkPolicy": {"enabled": True}, "tests": {"enabled": True}}).text
    for word in ("DATABASE_URL", "PGHOST", "REDIS_URL", "5432", "6379", "test-database", "test-cache"):
        assert word not in text
