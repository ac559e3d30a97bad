"""Every pod passes the *restricted* profile, and no credential stands where a reader without rights to Secrets looks."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.chart.conftest import Chart, read, run_helm

EVERYTHING = ("prometheus.persistence.enabled=true", "grafana.persistence.enabled=true")
CANARIES = {
    "jwt.secret": "canary-jwt-0123456789abcdefghijklmnop",
    "secrets.smtpPassword": "canary-smtp",
    "postgresql.auth.password": "canary-postgres",
    "redis.auth.password": "canary-redis",
    "grafana.adminPassword": "canary-grafana",
}
EXTERNAL_CANARIES = {"externalDatabase.password": "canary-database", "externalRedis.password": "canary-cache"}


def violations(pod: dict[str, Any]) -> list[str]:
    """What the restricted profile has against a pod spec, plus the two habits of this chart."""
    allowed = {"configMap", "secret", "emptyDir", "persistentVolumeClaim", "projected", "downwardAPI"}
    found = [name for name in ("hostNetwork", "hostPID", "hostIPC") if pod.get(name)]
    found += [f"volume {volume['name']}" for volume in pod.get("volumes", []) if not allowed & volume.keys()]
    level = pod.get("securityContext", {})
    for container in [*pod["containers"], *pod.get("initContainers", [])]:
        own = container.get("securityContext", {})
        merged = {**level, **own}
        if merged.get("runAsNonRoot") is not True or merged.get("runAsUser") == 0:
            found.append("may run as root")
        if not isinstance(merged.get("runAsUser"), int):
            found.append("no numeric user, so an image with a named one is refused")
        if merged.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
            found.append("seccomp")
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            found.append("privilege escalation")
        capabilities = own.get("capabilities", {})
        if capabilities.get("drop") != ["ALL"] or set(capabilities.get("add", [])) - {"NET_BIND_SERVICE"}:
            found.append("capabilities")
        if own.get("readOnlyRootFilesystem") is not True:
            found.append("root file system is writable")
        if any("hostPort" in port for port in container.get("ports", [])):
            found.append("host port")
    if pod.get("automountServiceAccountToken") is not False:
        found.append("service account token")
    return found


def test_the_checker_sees_a_careless_pod() -> None:
    assert (
        len(
            violations({"hostNetwork": True, "containers": [{"name": "x"}], "volumes": [{"name": "h", "hostPath": {}}]})
        )
        >= 8
    )


def test_every_pod_passes_restricted_with_a_read_only_root_and_no_token(chart: Chart, preset: str | None) -> None:
    for workload in chart.render(*EVERYTHING, preset=preset).workloads():
        assert violations(workload["spec"]["template"]["spec"]) == [], workload["metadata"]["name"]


def test_every_container_states_requests_and_limits(chart: Chart, preset: str | None) -> None:
    for workload in chart.render(preset=preset).workloads():
        for container in workload["spec"]["template"]["spec"]["containers"]:
            for side in ("requests", "limits"):
                assert {"cpu", "memory"} <= container["resources"][side].keys(), workload["metadata"]["name"]


def test_a_read_only_app_can_write_where_the_image_writes(chart: Chart) -> None:
    container = chart.render().one("Deployment", "llm-cost-ops")["spec"]["template"]["spec"]["containers"][0]
    assert {m["mountPath"] for m in container["volumeMounts"]} == {"/tmp", "/app/data", "/app/logs"}


def test_a_writable_root_needs_no_extra_volumes(chart: Chart) -> None:
    pod = chart.render("securityContext.readOnlyRootFilesystem=false").one("Deployment", "llm-cost-ops")["spec"][
        "template"
    ]["spec"]
    assert "volumes" not in pod
    assert "volumeMounts" not in pod["containers"][0]


def test_postgres_and_redis_run_as_the_users_of_their_images(chart: Chart) -> None:
    rendered = chart.render()
    postgres = rendered.one("StatefulSet", "llm-cost-ops-postgresql")["spec"]["template"]["spec"]
    redis = rendered.one("StatefulSet", "llm-cost-ops-redis")["spec"]["template"]["spec"]
    assert (postgres["securityContext"]["runAsUser"], postgres["securityContext"]["fsGroup"]) == (999, 999)
    assert (redis["securityContext"]["runAsUser"], redis["securityContext"]["fsGroup"]) == (999, 1000)
    env = {e["name"]: e.get("value") for e in postgres["containers"][0]["env"]}
    assert env["PGDATA"] == "/var/lib/postgresql/data/pgdata"  # a fresh volume's root holds lost+found


@pytest.mark.parametrize("external", [False, True])
def test_a_given_password_stands_in_secrets_only(chart: Chart, external: bool) -> None:
    given = dict(CANARIES)
    sets = []
    if external:
        given = {k: v for k, v in given.items() if k.split(".")[0] not in ("postgresql", "redis")} | EXTERNAL_CANARIES
        sets = [
            "postgresql.enabled=false",
            "redis.enabled=false",
            "externalDatabase.host=db",
            "externalRedis.host=cache",
        ]
    rendered = chart.render(*sets, *(f"{path}={value}" for path, value in given.items()))
    stored = {base64.b64decode(v).decode() for s in rendered.kinds("Secret") for v in s["data"].values()}
    assert set(given.values()) <= stored
    for item in rendered.objects:
        if item["kind"] != "Secret":
            text = str(item)
            for value in given.values():
                assert value not in text, item["metadata"]["name"]
                assert base64.b64encode(value.encode()).decode() not in text, item["metadata"]["name"]


def test_a_generated_password_stands_in_secrets_only_and_not_in_the_notes(chart: Chart, preset: str | None) -> None:
    code, out, err = run_helm(
        "helm4", "install", "llm-cost-ops", str(chart.folder), "-n", "costs", "--dry-run=client",
        *chart.arguments(preset, None, ()),
    )  # fmt: skip
    assert code == 0, err
    manifest, notes = out.split("MANIFEST:\n", 1)[1].split("NOTES:\n", 1)
    rendered = read(manifest)
    made = {base64.b64decode(v).decode() for s in rendered.kinds("Secret") for v in s["data"].values()} - {"admin"}
    assert len(made) >= 4
    others = str([item for item in rendered.objects if item["kind"] != "Secret"]) + notes
    for value in made:
        assert value not in others
        assert base64.b64encode(value.encode()).decode() not in others


def test_a_given_password_is_not_in_the_notes(chart: Chart) -> None:
    notes = chart.notes(*(f"{path}={value}" for path, value in CANARIES.items()))
    assert "canary" not in notes


def test_no_password_is_on_a_command_line(chart: Chart) -> None:
    for workload in chart.render(*(f"{path}={value}" for path, value in CANARIES.items())).workloads():
        for container in workload["spec"]["template"]["spec"]["containers"]:
            line = " ".join([*container.get("command", []), *container.get("args", [])])
            assert "PASSWORD" not in line
            assert "AUTH" not in line
