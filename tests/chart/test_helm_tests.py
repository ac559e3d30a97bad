"""The pods of `helm test`: they do what they say, in images that the release has anyway, under the restricted profile."""

from __future__ import annotations

import socketserver
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import Chart, Manifest, Rendered
from tests.chart.test_pod_security import violations


def hook_pods(rendered: Rendered) -> dict[str, Manifest]:
    """Test pods by the last part of their names."""
    pods = [p for p in rendered.kinds("Pod") if p["metadata"]["annotations"].get("helm.sh/hook") == "test"]
    return {p["metadata"]["name"].rsplit("-", 1)[1]: p for p in pods}


def container(chart: Chart, name: str, *sets: str, **more: Any) -> Manifest:
    """The container of one test pod."""
    found: Manifest = hook_pods(chart.render(*sets, **more))[name]["spec"]["containers"][0]
    return found


def env(found: Manifest) -> dict[str, Any]:
    """Variables by name."""
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in found.get("env", [])}


def test_api_database_and_cache_are_tested_on_both_helms(chart_on_both: Chart, preset: str | None) -> None:
    assert set(hook_pods(chart_on_both.render(preset=preset))) == {"api", "database", "cache"}
    assert set(hook_pods(chart_on_both.render("redis.enabled=false", preset=preset))) == {"api", "database"}
    assert not hook_pods(chart_on_both.render("tests.enabled=false", preset=preset))


def test_test_pods_pass_restricted_need_no_further_image_and_are_selected_by_no_service(chart: Chart) -> None:
    rendered = chart.render("global.commonLabels.team=costs")
    images = {c["image"] for w in rendered.workloads() for c in w["spec"]["template"]["spec"]["containers"]}
    for pod in hook_pods(rendered).values():
        assert violations(pod["spec"]) == []
        assert pod["spec"]["containers"][0]["image"] in images
        assert pod["spec"]["restartPolicy"] == "Never"
        for service in rendered.kinds("Service"):
            assert not service["spec"]["selector"].items() <= pod["metadata"]["labels"].items()


def test_test_pods_take_limits_time_and_place_from_the_values(chart: Chart) -> None:
    pod = hook_pods(
        chart.render(
            "tests.timeoutSeconds=7", "tests.resources.limits.memory=99Mi", "nodeSelector.disk=ssd", "tolerations[0].key=a",
            "imagePullSecrets[0]=pull",
        )
    )["api"]["spec"]  # fmt: skip
    assert pod["activeDeadlineSeconds"] == 7
    assert pod["containers"][0]["resources"]["limits"]["memory"] == "99Mi"
    assert (pod["nodeSelector"], pod["tolerations"], pod["imagePullSecrets"]) == (
        {"disk": "ssd"},
        [{"key": "a"}],
        [{"name": "pull"}],
    )


def test_the_database_is_logged_in_to_as_the_app_does(chart: Chart) -> None:
    found = env(container(chart, "database"))
    assert (found["PGHOST"], found["PGUSER"], found["PGDATABASE"], found["PGSSLMODE"]) == (
        "llm-cost-ops-postgresql",
        "postgres",
        "llm_cost_ops_prod",
        "disable",
    )
    assert found["PGPASSWORD"] == {"secretKeyRef": {"name": "llm-cost-ops-postgresql-credentials", "key": "password"}}
    external = (
        "postgresql.enabled=false", "externalDatabase.host=db", "externalDatabase.existingSecret=s",
        "externalDatabase.existingSecretPasswordKey=pw", "externalDatabase.existingSecretUrlPasswordKey=url",
        "externalDatabase.sslmode=verify-full",
    )  # fmt: skip
    found = env(container(chart, "database", *external))
    assert (found["PGHOST"], found["PGSSLMODE"]) == ("db", "require")
    assert found["PGPASSWORD"] == {"secretKeyRef": {"name": "s", "key": "pw"}}


@contextmanager
def answering(status: str) -> Iterator[tuple[int, list[str]]]:
    """A server on the loopback that answers everything with that status; yields its port and what it was asked."""
    asked: list[str] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked.append(self.rfile.readline().decode().strip())
            while self.rfile.readline().strip():
                pass
            self.wfile.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_address[1], asked
        server.shutdown()
        thread.join()


def run(found: Manifest, **variables: str) -> subprocess.CompletedProcess[str]:
    """The container's command, run here."""
    return subprocess.run(
        found["command"],
        env={"PATH": "/usr/bin:/bin"} | variables,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )


@pytest.mark.parametrize(
    ("status", "code"), [("200 OK", 0), ("204 No Content", 0), ("503 Service Unavailable", 1), ("404 No", 1)]
)
def test_the_api_passes_when_every_path_is_answered_well(chart: Chart, status: str, code: int) -> None:
    found = container(chart, "api", "tests.paths={/health,/info}")
    with answering(status) as (port, asked):
        done = run(found, HOST="127.0.0.1", PORT=str(port))
    assert done.returncode == code, done.stderr
    assert asked == (["GET /health HTTP/1.0", "GET /info HTTP/1.0"] if code == 0 else ["GET /health HTTP/1.0"])
    assert f"GET /health: {status[:3]}" in done.stdout


def test_the_api_fails_when_nobody_listens(chart: Chart) -> None:
    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as closed:
        port = closed.server_address[1]
    assert run(container(chart, "api"), HOST="127.0.0.1", PORT=str(port)).returncode != 0


def test_the_api_is_asked_by_the_dns_name_and_port_of_its_service(chart: Chart) -> None:
    assert env(container(chart, "api", "service.port=81")) == {"HOST": "llm-cost-ops.costs.svc", "PORT": "81"}


@pytest.mark.parametrize("program", ["redis-cli", "valkey-cli"])
@pytest.mark.parametrize(("answer", "code"), [("PONG", 0), ("NOAUTH Authentication required.", 1)])
def test_the_cache_passes_when_it_answers_a_ping(
    chart: Chart, tmp_path: Path, program: str, answer: str, code: int
) -> None:
    client = tmp_path / program
    client.write_text(f'#!/bin/sh\necho "$@" >&2\necho "{answer}"\n')
    client.chmod(0o755)
    done = run(container(chart, "cache"), PATH=f"{tmp_path}:/usr/bin:/bin")
    assert done.returncode == code
    assert "-h llm-cost-ops-redis -p 6379 ping" in done.stdout
    assert answer in done.stdout


def test_the_cache_is_reached_as_the_app_reaches_it(chart: Chart) -> None:
    found = container(
        chart, "cache", "redis.enabled=false", "externalRedis.host=c", "externalRedis.tls=true", "externalRedis.username=me",
        "externalRedis.existingSecret=s",
    )  # fmt: skip
    assert found["command"][4:] == ["-h", "c", "-p", "6379", "--tls", "--insecure", "--user", "me"]
    assert env(found)["REDISCLI_AUTH"] == {"secretKeyRef": {"name": "s", "key": "redis-password"}}
    assert "env" not in container(chart, "cache", "redis.auth.enabled=false")
