"""PostgreSQL and Redis: their settings, their volumes, and what cannot change about a volume."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import CHART, HELMS, Chart, Manifest, Rendered
from tests.chart.fake_api import FakeApi, serve
from wizard.sandbox.toolchain import tool_path

POSTGRES, REDIS = "llm-cost-ops-postgresql", "llm-cost-ops-redis"
COMPONENTS = [
    ("postgresql.primary", "StatefulSet", POSTGRES),
    ("redis.master", "StatefulSet", REDIS),
    ("prometheus", "Deployment", "llm-cost-ops-prometheus"),
    ("grafana", "Deployment", "llm-cost-ops-grafana"),
]


def nested(path: str, value: Any) -> dict[str, Any]:
    """A values tree with one leaf."""
    for part in reversed(path.split(".")):
        value = {part: value}
    tree: dict[str, Any] = value
    return tree


def pod(rendered: Rendered, kind: str, name: str) -> Manifest:
    """Pod spec of a workload."""
    spec: Manifest = rendered.one(kind, name)["spec"]["template"]["spec"]
    return spec


def volume(spec: Manifest, name: str) -> Manifest:
    """One volume of a pod."""
    return next(v for v in spec["volumes"] if v["name"] == name)


@pytest.mark.parametrize(("path", "kind", "name"), COMPONENTS)
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nodeSelector", {"disk": "ssd"}),
        ("tolerations", [{"key": "dedicated", "operator": "Exists"}]),
        ("affinity", {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}}),
        ("priorityClassName", "high"),
        ("runtimeClassName", "gvisor"),
        ("terminationGracePeriodSeconds", 77),
    ],
)
def test_a_pod_setting_reaches_the_pod(
    chart: Chart, path: str, kind: str, name: str, field: str, value: object
) -> None:
    assert pod(chart.render(values=nested(f"{path}.{field}", value)), kind, name)[field] == value


@pytest.mark.parametrize(("path", "kind", "name"), COMPONENTS)
def test_labels_and_annotations_reach_the_pod_and_leave_its_selector_alone(
    chart: Chart, path: str, kind: str, name: str
) -> None:
    before = chart.render().one(kind, name)
    given = {"podLabels": {"team": "costs", "app.kubernetes.io/name": "mine"}, "podAnnotations": {"a": "b"}}
    after = chart.render(values=nested(path, given)).one(kind, name)
    metadata = after["spec"]["template"]["metadata"]
    assert metadata["annotations"]["a"] == "b"
    assert metadata["labels"] == before["spec"]["template"]["metadata"]["labels"] | {"team": "costs"}
    assert after["spec"]["selector"] == before["spec"]["selector"]


@pytest.mark.parametrize(("path", "kind", "name"), COMPONENTS)
def test_a_spread_constraint_counts_the_pods_of_its_own_component(
    chart: Chart, path: str, kind: str, name: str
) -> None:
    rule = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "ScheduleAnyway"}
    rendered = chart.render(values=nested(f"{path}.topologySpreadConstraints", [rule]))
    selector = rendered.one(kind, name)["spec"]["selector"]
    assert pod(rendered, kind, name)["topologySpreadConstraints"] == [rule | {"labelSelector": selector}]


@pytest.mark.parametrize(("path", "kind", "name"), COMPONENTS)
def test_a_claim_of_the_user_takes_the_place_of_ours(chart: Chart, path: str, kind: str, name: str) -> None:
    rendered = chart.render(f"{path}.persistence.enabled=true", f"{path}.persistence.existingClaim=mine")
    assert volume(pod(rendered, kind, name), "data")["persistentVolumeClaim"] == {"claimName": "mine"}
    assert "volumeClaimTemplates" not in rendered.one(kind, name)["spec"]
    assert not rendered.has("PersistentVolumeClaim", name)


@pytest.mark.parametrize(("path", "kind", "name"), COMPONENTS)
def test_a_claim_takes_its_access_mode_and_annotations_from_the_values(
    chart: Chart, path: str, kind: str, name: str
) -> None:
    given = {"enabled": True, "accessModes": ["ReadWriteOncePod"], "annotations": {"a": "b"}}
    rendered = chart.render(values=nested(f"{path}.persistence", given))
    if kind == "StatefulSet":
        claim = rendered.one(kind, name)["spec"]["volumeClaimTemplates"][0]
    else:
        claim = rendered.one("PersistentVolumeClaim", name)
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert claim["metadata"]["annotations"]["a"] == "b"


@pytest.mark.parametrize(("path", "name"), [("postgresql.primary", POSTGRES), ("redis.master", REDIS)])
def test_volumes_stay_unless_the_values_give_them_up(chart: Chart, path: str, name: str) -> None:
    def policy(*sets: str) -> object:
        return chart.render(*sets).one("StatefulSet", name)["spec"]["persistentVolumeClaimRetentionPolicy"]

    assert policy() == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    sets = [f"{path}.persistentVolumeClaimRetentionPolicy.{when}=Delete" for when in ("whenDeleted", "whenScaled")]
    assert policy(*sets) == {"whenDeleted": "Delete", "whenScaled": "Delete"}


def test_parameters_of_the_server_are_its_arguments(chart: Chart) -> None:
    assert "args" not in pod(chart.render(), "StatefulSet", POSTGRES)["containers"][0]
    given = {"max_connections": 200, "shared_buffers": "2GB", "log_min_duration_statement": 250, "jit": False}
    rendered = chart.render(values=nested("postgresql.primary.configuration", given))
    assert pod(rendered, "StatefulSet", POSTGRES)["containers"][0]["args"] == [
        "postgres", "-c", "jit=false", "-c", "log_min_duration_statement=250", "-c", "max_connections=200",
        "-c", "shared_buffers=2GB",
    ]  # fmt: skip


def sources(rendered: Rendered) -> list[str]:
    """ConfigMaps whose scripts run on an empty volume."""
    projected = volume(pod(rendered, "StatefulSet", POSTGRES), "initdb")["projected"]
    return [source["configMap"]["name"] for source in projected["sources"]]


def test_start_up_scripts_come_from_the_values_and_from_a_config_map(chart: Chart) -> None:
    rendered = chart.render(
        values=nested("postgresql.primary.initdb", {"scripts": {"10-reader.sql": "CREATE ROLE reader;"}})
    )
    assert rendered.one("ConfigMap", f"{POSTGRES}-initdb")["data"]["10-reader.sql"] == "CREATE ROLE reader;"
    assert sources(rendered) == [f"{POSTGRES}-initdb"]
    assert sources(chart.render("postgresql.primary.initdb.scriptsConfigMap=mine")) == [f"{POSTGRES}-initdb", "mine"]
    alone = chart.render(values=nested("postgresql.primary.initdb", {"scripts": None, "scriptsConfigMap": "mine"}))
    assert sources(alone) == ["mine"]
    assert not alone.has("ConfigMap", f"{POSTGRES}-initdb")


def test_without_start_up_scripts_nothing_is_mounted(chart: Chart) -> None:
    spec = pod(chart.render(values=nested("postgresql.primary.initdb.scripts", None)), "StatefulSet", POSTGRES)
    assert "initdb" not in {v["name"] for v in spec["volumes"]}
    assert "/docker-entrypoint-initdb.d" not in {m["mountPath"] for m in spec["containers"][0]["volumeMounts"]}


def test_a_script_that_the_image_would_pass_over_is_refused(chart: Chart) -> None:
    said = chart.refusal(values=nested("postgresql.primary.initdb.scripts", {"reader.txt": "x"}))
    assert "at '/postgresql/primary/initdb/scripts'" in said


def test_tls_serves_the_certificate_and_the_app_asks_for_it(
    chart: Chart, app_env: Callable[..., list[dict[str, Any]]]
) -> None:
    sets = ("postgresql.tls.enabled=true", "postgresql.tls.existingSecret=pg-tls", "postgresql.tls.certKey=c",
            "postgresql.tls.privateKeyKey=k")  # fmt: skip
    spec = pod(chart.render(*sets), "StatefulSet", POSTGRES)
    secret = volume(spec, "tls")["secret"]
    assert (secret["secretName"], secret["defaultMode"]) == ("pg-tls", 0o440)  # a key others may read is refused
    assert [(i["key"], i["path"]) for i in secret["items"]] == [("c", "tls.crt"), ("k", "tls.key")]
    arguments = spec["containers"][0]["args"]
    assert {"ssl=on", "ssl_cert_file=/etc/postgresql/tls/tls.crt", "ssl_key_file=/etc/postgresql/tls/tls.key"} <= set(
        arguments
    )
    url = next(e["value"] for e in app_env(*sets) if e["name"] == "DATABASE_URL")
    assert url.endswith("?sslmode=require")


def test_tls_without_a_certificate_is_refused(chart: Chart) -> None:
    assert "name a Secret of type kubernetes.io/tls in postgresql.tls.existingSecret" in chart.refusal(
        "postgresql.tls.enabled=true"
    )


def started(chart: Chart, folder: Path, server: str, *sets: str) -> list[str]:
    """What a server of that name is told by the start script, line by line."""
    script = chart.render(*sets).one("ConfigMap", REDIS)["data"]["start.sh"]
    program = folder / server
    program.write_text('#!/bin/sh\ncat "$1"\n')
    program.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", script.replace("/run/redis", str(folder))],
        env={"PATH": f"{folder}:/usr/bin:/bin", "MEMORY_LIMIT": "268435456"},
        capture_output=True, text=True, check=True, timeout=10,
    )  # fmt: skip
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("sets", "expected"),
    [((), 201326592), (("redis.maxmemory=100Mi",), 104857600), (("redis.maxmemory=1048576",), 1048576)],
)
def test_the_memory_for_data_is_three_quarters_of_the_limit_or_as_said(
    chart: Chart, tmp_path: Path, sets: tuple[str, ...], expected: int
) -> None:
    assert f"maxmemory {expected}" in started(chart, tmp_path, "redis-server", *sets)


def test_policy_and_further_lines_reach_the_configuration(chart: Chart) -> None:
    values = {"redis": {"maxmemoryPolicy": "noeviction", "configuration": 'save ""\nappendfsync no'}}
    lines = chart.render(values=values).one("ConfigMap", REDIS)["data"]["redis.conf"].splitlines()
    assert "maxmemory-policy noeviction" in lines
    assert lines[-2:] == ['save ""', "appendfsync no"]


@pytest.mark.parametrize("brand", ["redis", "valkey"])
def test_the_programs_may_have_either_name(chart: Chart, tmp_path: Path, brand: str) -> None:
    assert started(chart, tmp_path, f"{brand}-server", "redis.auth.enabled=false")
    client = tmp_path / f"{brand}-cli"
    client.write_text('#!/bin/sh\ntest "$*" = "-h 127.0.0.1 ping" && echo LOADING Redis is loading\n')
    client.chmod(0o755)
    script = tmp_path / "ping.sh"
    script.write_text(chart.render().one("ConfigMap", REDIS)["data"]["ping.sh"])
    found = {}
    for wanted in ("PONG", "PONG|LOADING|BUSY"):
        done = subprocess.run(
            ["/bin/sh", str(script), wanted], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False, timeout=10,
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert done.stdout == "LOADING Redis is loading\n", "the event of a failed probe shows the answer"
        found[wanted] = done.returncode == 0
    assert found == {"PONG": False, "PONG|LOADING|BUSY": True}


@pytest.mark.parametrize(
    ("answer", "kept_running", "ready"),
    [("PONG", True, True), ("LOADING", True, False), ("MISCONF No space left", True, False), ("NOAUTH", False, False)],
)
def test_a_redis_whose_disk_refuses_is_taken_away_but_not_killed(
    chart: Chart, tmp_path: Path, answer: str, kept_running: bool, ready: bool
) -> None:
    client = tmp_path / "redis-cli"
    client.write_text(f"#!/bin/sh\necho '{answer}'\n")
    client.chmod(0o755)
    rendered = chart.render()
    script = tmp_path / "ping.sh"
    script.write_text(rendered.one("ConfigMap", REDIS)["data"]["ping.sh"])
    container = pod(rendered, "StatefulSet", REDIS)["containers"][0]

    def passes(probe: str) -> bool:
        wanted = container[probe]["exec"]["command"][-1]
        command = ["/bin/sh", str(script), wanted]
        env = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
        return subprocess.run(command, env=env, capture_output=True, check=False, timeout=10).returncode == 0

    assert (passes("livenessProbe"), passes("readinessProbe")) == (kept_running, ready)


def test_another_image_serves_as_redis(chart: Chart) -> None:
    spec = pod(chart.render("redis.image.repository=valkey/valkey", "redis.image.tag=8.1"), "StatefulSet", REDIS)
    assert spec["containers"][0]["image"] == "docker.io/valkey/valkey:8.1"


# What a running StatefulSet was made with, what the values say now, and what is said about it.
UNCHANGEABLE = [
    ((), "{}.persistence.size=200Gi", ["was made with {size}", '"storage":"200Gi"', "delete statefulset {name} -n costs --cascade=orphan",
                                    "keep {}.persistence.size={size}"]),
    ((), "{}.persistence.size=1Mi", ["no volume can shrink. Keep {}.persistence.size={size}"]),
    ((), "{}.persistence.storageClass=fast", ["another class", "(none named)"]),
    ((), "global.storageClass=fast", ["another class", "(none named)"]),
    (("{}.persistence.storageClass=slow",), "{}.persistence.storageClass=", ["(slow)", "Keep {}.persistence.storageClass=slow"]),
    (("{}.persistence.storageClass=-",), "{}.persistence.storageClass=", ["Keep {}.persistence.storageClass=-"]),
    ((), "{}.persistence.accessModes[0]=ReadWriteMany", ["{}.persistence.accessModes", "data-{name}-0"]),
    ((), "{}.persistence.annotations.a=b", ["{}.persistence.annotations cannot change"]),
    ((), "{}.persistence.enabled=false", ["put back persistence.enabled=true"]),
    ((), "{}.persistence.existingClaim=mine", ["without an existing claim"]),
    (("{}.persistence.enabled=false",), "{}.persistence.enabled=true", ["has none of its own", "delete statefulset {name}"]),
]  # fmt: skip
FINE = [((), "{}.persistence.size={same}"), (("{}.persistence.storageClass=slow",), "global.storageClass=slow"),
        (("{}.persistence.enabled=false",), "{}.persistence.size=1Gi")]  # fmt: skip
STATEFUL = [
    ("postgresql.primary", POSTGRES, "100Gi", "102400Mi"),
    ("redis.master", REDIS, "10Gi", "10240Mi"),
]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[FakeApi]:
    """A cluster whose objects the test chooses."""
    with serve(tmp_path) as running:
        yield running


def upgrade(api: FakeApi, helm: str, *sets: str) -> tuple[int, str]:
    """Exit code and words of a render that may look things up."""
    options = [item for one in sets for item in ("--set", one)]
    done = subprocess.run(
        [str(tool_path(helm)), "template", "llm-cost-ops", str(CHART), "-n", "costs", "--dry-run=server",
         "--disable-openapi-validation", "--kubeconfig", str(api.kubeconfig), *options],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize(("path", "name", "size", "_same"), STATEFUL)
@pytest.mark.parametrize(("before", "now", "said"), UNCHANGEABLE)
def test_what_a_volume_cannot_change_is_refused_with_the_way_out(
    chart: Chart, api: FakeApi, path: str, name: str, size: str, _same: str, before: tuple[str, ...], now: str, said: list[str]
) -> None:  # fmt: skip
    api.run(chart.render(*(one.format(path) for one in before)).one("StatefulSet", name))
    code, err = upgrade(api, "helm3", now.format(path))
    assert code != 0
    assert path in err
    for words in said:
        assert words.replace("{}", path).replace("{name}", name).replace("{size}", size) in err


@pytest.mark.parametrize("helm", HELMS)
def test_a_grown_volume_is_refused_by_both_helms(chart: Chart, api: FakeApi, helm: str) -> None:
    api.run(chart.render().one("StatefulSet", POSTGRES))
    code, err = upgrade(api, helm, "postgresql.primary.persistence.size=200Gi")
    assert code != 0
    assert "kubectl patch pvc data-llm-cost-ops-postgresql-0 -n costs" in err


@pytest.mark.parametrize(("path", "name", "_size", "same"), STATEFUL)
@pytest.mark.parametrize(("before", "now"), FINE)
def test_the_same_volume_in_other_words_is_no_change(
    chart: Chart, api: FakeApi, path: str, name: str, _size: str, same: str, before: tuple[str, ...], now: str
) -> None:  # fmt: skip
    api.run(chart.render(*(one.format(path) for one in before)).one("StatefulSet", name))
    api.store(f"{name}-credentials", {"password": "the one that the volume was made with"})
    code, err = upgrade(
        api, "helm3", *(one.format(path) for one in before if "enabled" in one), now.format(path, same=same)
    )
    assert code == 0, err


def test_a_stateful_set_of_somebody_else_is_not_judged(chart: Chart, api: FakeApi) -> None:
    api.run(chart.render().one("StatefulSet", POSTGRES), release="another")
    assert upgrade(api, "helm3", "postgresql.primary.persistence.size=200Gi")[0] == 0
