"""The chart as it stands starts for real: restricted pods, real logins, nothing that warns."""

from __future__ import annotations

import re
from base64 import b64decode
from dataclasses import replace

import pytest

from tests.realnode.conftest import RELEASE, Release, is_random_password, until

pytestmark = pytest.mark.real


PASSING = (
    # A probe that came before the server listened or was up, or that a busy machine did not answer in time. One that
    # goes on failing keeps the release from becoming ready, and fails the test there.
    r"(Startup|Readiness|Liveness) probe (failed|errored).*([Cc]onnection refused|timed? ?out|deadline exceeded)",
    r"Startup probe failed: .*the database system is starting up",
    # The scheduler saw a StatefulSet's pod before the claim that was made just ahead of it: its informers are not ordered.
    r"FailedScheduling: .*persistentvolumeclaim .*not found",
    # The kubelet's caches of Secrets and ConfigMaps, and the API server's of service accounts, come a moment late.
    r"FailedMount: .*(failed to sync (secret|configmap) cache|not registered)",
    r"FailedCreate: .*error looking up service account",
    # Two writers met; the controller tries again.
    r"FailedToUpdateEndpoint\w*: .*the object has been modified",
)
"""Warnings that a slow machine may see on any start and that pass by themselves, after `Release.warnings`."""


def passes_by_itself(warning: str) -> bool:
    """Whether it says nothing about the chart."""
    return any(re.search(pattern, warning, re.DOTALL) for pattern in PASSING)


@pytest.mark.sample
def test_the_development_preset_starts_confined_and_logs_in_with_passwords_it_made(release: Release) -> None:
    release.install()

    assert release.logs_in()
    code, info = release.ask("/info")
    assert code == 200
    assert (info["uid"], info["gid"]) == (1000, 1000)
    assert "read-only file system" in info["root_write"]
    assert info["process"] == {"CapEff": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2", "Groups": "1000"}

    for name, key in (("postgresql", "password"), ("redis", "redis-password")):
        assert is_random_password(b64decode(release.secrets()[f"{RELEASE}-{name}-credentials"][key]).decode())
    wrong = ("env", "PGPASSWORD=wrong", f"PGHOST={RELEASE}-postgresql")
    assert "password authentication failed" in release.sql("select 1", *wrong)
    assert (
        "NOAUTH"
        in release.kubectl("exec", f"{RELEASE}-redis-0", "--", "env", "-u", "REDISCLI_AUTH", "redis-cli", "ping").said
    )

    assert release.sql("select extname from pg_extension order by 1").split() == ["pgcrypto", "plpgsql", "uuid-ossp"]
    assert release.restarts() == 0
    assert [w for w in release.warnings() if not passes_by_itself(w)] == []


def test_every_root_file_system_is_read_only_and_every_process_unprivileged(release: Release) -> None:
    release.install()

    for name, container, user in (("postgresql-0", "postgresql", "999"), ("redis-0", "redis", "999")):
        inside = ("exec", f"{RELEASE}-{name}", "-c", container, "--", "sh", "-c")
        assert "Read-only file system" in release.kubectl(*inside, "touch /usr/probe").said
        assert release.kubectl(*inside, "id -u").out.strip() == user
        status = release.kubectl(*inside, "grep -E 'CapEff|NoNewPrivs|Seccomp:' /proc/1/status").out.split()
        assert status == ["CapEff:", "0" * 16, "NoNewPrivs:", "1", "Seccomp:", "2"]

    # The official postgres image leaves the password in its server's environment after the first start; Redis' has none.
    read = ("exec", f"{RELEASE}-redis-0", "--", "cat")
    assert release.kubectl(*read, "/proc/1/cmdline").out.replace("\0", " ").split()[1:] == ["*:6379"]
    assert "REDISCLI_AUTH" not in release.kubectl(*read, "/proc/1/environ").out


@pytest.mark.parametrize("preset", ["staging", "prod"])
def test_the_other_presets_start_with_their_replicas_and_budget(release: Release, preset: str) -> None:
    release = replace(release, preset=preset)
    release.install()

    replicas = {"staging": 2, "prod": 3}[preset]
    assert release.logs_in()
    # helm is content with the one pod that a Deployment without replicas starts with; the autoscaler adds the others.
    until(lambda: len(release.pods("app")) == replicas, "the autoscaler has seen to its minimum")

    def budget() -> tuple[int, int]:
        status = release.get("poddisruptionbudget", RELEASE)["status"]
        return status["currentHealthy"], status["disruptionsAllowed"]

    until(lambda: budget() == (replicas, 1), "the budget lets one of them go")
    assert release.restarts() == 0


@pytest.mark.sample
def test_helm_test_passes_and_fails_when_the_cache_refuses_the_password(release: Release) -> None:
    release.install()
    assert release.logs_in()
    passed = release.helm("test", RELEASE, "--timeout", "90s")
    assert passed.code == 0, passed.said
    logs = release.kubectl("logs", "-l", "app.kubernetes.io/component=test").out
    assert "GET /ready: 200" in logs
    assert "logged in to llm_cost_ops_prod as postgres" in logs

    other = {"stringData": {"redis-password": "another", "password-urlencoded": "another"}}
    release.patch("secret", f"{RELEASE}-redis-credentials", other)
    refused = release.helm("test", RELEASE, "--timeout", "90s")
    assert refused.code == 1
    assert f"{RELEASE}-test-" in refused.said
