"""A Redis outside by its URL or by Sentinels: what the program is told, what policies let through, and how it is tested."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.chart.conftest import Chart, Manifest

OUTSIDE = "redis.enabled=false"
URL = (OUTSIDE, "externalRedis.existingSecret=cache", "externalRedis.existingSecretUrlKey=url")
SENTINEL = (OUTSIDE, "externalRedis.sentinel.hosts={s1:7000,s2}", "externalRedis.sentinel.masterName=costs")
SECRET = "externalRedis.existingSecret=cache"


def told(chart: Chart, *sets: str) -> dict[str, Any]:
    """What the program is told of its cache."""
    pod = chart.render(*sets).one("Deployment", "llm-cost-ops")["spec"]["template"]["spec"]
    found = {e["name"]: e.get("value", e.get("valueFrom")) for e in pod["containers"][0]["env"]}
    return {name: value for name, value in found.items() if name.startswith("REDIS")}


def reference(key: str) -> dict[str, dict[str, str]]:
    """A key of the person's Secret."""
    return {"secretKeyRef": {"name": "cache", "key": key}}


def test_a_url_in_a_secret_is_all_that_the_program_needs(chart_on_both: Chart) -> None:
    assert told(chart_on_both, *URL) == {"REDIS_URL": reference("url")}
    assert "no cache" not in chart_on_both.notes(*URL)


def test_sentinels_are_named_in_the_url_and_by_variables(chart_on_both: Chart) -> None:
    found = told(chart_on_both, *SENTINEL, SECRET, "externalRedis.username=me", "externalRedis.database=2",
                 "externalRedis.sentinel.existingSecretPasswordKey=theirs", "externalRedis.existingSecretUrlPasswordKey=encoded")  # fmt: skip
    assert found == {
        "REDIS_URL": "redis+sentinel://me:$(REDIS_URL_PASSWORD)@s1:7000,s2:26379/costs/2",
        "REDIS_PASSWORD": reference("redis-password"), "REDIS_URL_PASSWORD": reference("encoded"),
        "REDIS_SENTINELS": "s1:7000,s2:26379", "REDIS_SENTINEL_MASTER": "costs", "REDIS_SENTINEL_PASSWORD": reference("theirs"),
    }  # fmt: skip
    assert "no cache" not in chart_on_both.notes(*SENTINEL)


def test_sentinels_without_a_login_and_with_tls(chart: Chart) -> None:
    found = told(chart, *SENTINEL, "externalRedis.tls=true")
    assert found["REDIS_URL"] == "rediss+sentinel://s1:7000,s2:26379/costs/0"
    assert not [name for name in found if "PASSWORD" in name]


@pytest.mark.full
def test_a_password_in_the_values_serves_the_master_of_the_sentinels(chart: Chart) -> None:
    rendered = chart.render(*SENTINEL, "externalRedis.password=canary-cache")
    assert rendered.has("Secret", "llm-cost-ops-external-redis-credentials")
    assert "canary-cache" not in rendered.text


@pytest.mark.parametrize(
    ("sets", "ports"),
    [
        ((*URL, "externalRedis.port=6390"), {6390}),
        (SENTINEL, {6379, 7000, 26379}),
        ((OUTSIDE, "externalRedis.host=c"), {6379}),
    ],
)
def test_policies_let_the_app_out_to_them(chart: Chart, sets: tuple[str, ...], ports: set[int]) -> None:
    spec = chart.render(*sets, "networkPolicy.enabled=true").one("NetworkPolicy", "llm-cost-ops")["spec"]
    assert {p["port"] for rule in spec["egress"] for p in rule["ports"]} - {53, 5353, 5432, 4317, 4318} == ports


def pod_of_the_test(chart: Chart, *sets: str) -> Manifest:
    """The container of `helm test` that pings the cache."""
    found: Manifest = chart.render(*sets).one("Pod", "llm-cost-ops-test-cache")["spec"]["containers"][0]
    return found


CLIENT = """#!/bin/sh
echo "$REDISCLI_AUTH|$*" >> {calls}
case "$*" in
  "-h s1 "*) echo "Could not connect" ;;
  *get-master*) printf '10.0.0.7\\n6380\\n' ;;
  "-h 10.0.0.7 "* | "-h c"*) echo PONG ;;
esac
"""


def asked(container: Manifest, folder: Path, **env: str) -> tuple[int, list[str]]:
    """Exit code, and password and arguments of each call of the client."""
    calls = folder / "calls"
    (folder / "redis-cli").write_text(CLIENT.format(calls=calls))
    (folder / "redis-cli").chmod(0o755)
    plain = {e["name"]: e["value"] for e in container["env"] if "value" in e}
    done = subprocess.run(
        container["command"],
        env={"PATH": f"{folder}:/usr/bin:/bin"} | plain | env,
        capture_output=True,
        check=False,
        timeout=20,
    )
    return done.returncode, calls.read_text().splitlines() if calls.exists() else []


@pytest.mark.parametrize(
    ("url", "call"),
    [
        ("redis://c.example.com", "|-h c.example.com -p 6379 ping"),
        ("redis://:pw@c:6390/3", "pw|-h c -p 6390 ping"),
        ("rediss://me:p%40ss%2Fw%25rd%3a@c:6390?x=y", "p@ss/w%rd:|-h c -p 6390 --tls --insecure --user me ping"),
        ("redis://m%C3%A9:pw@c", "pw|-h c -p 6379 --user m\u00e9 ping"),
    ],
)
def test_helm_test_logs_in_by_the_url(chart: Chart, tmp_path: Path, url: str, call: str) -> None:
    container = pod_of_the_test(chart, *URL)
    assert [e for e in container["env"] if "valueFrom" in e] == [{"name": "REDIS_URL", "valueFrom": reference("url")}]
    assert asked(container, tmp_path, REDIS_URL=url) == (0, [call])


def test_helm_test_asks_the_sentinels_for_the_master(chart: Chart, tmp_path: Path) -> None:
    container = pod_of_the_test(chart, *SENTINEL, SECRET, "externalRedis.sentinel.existingSecretPasswordKey=theirs")
    assert {e["name"]: e["valueFrom"] for e in container["env"] if "valueFrom" in e} == {
        "SENTINEL_PASSWORD": reference("theirs"), "REDISCLI_AUTH": reference("redis-password"),
    }  # fmt: skip
    assert asked(container, tmp_path, SENTINEL_PASSWORD="theirs", REDISCLI_AUTH="its") == (0, [
        "theirs|-h s1 -p 7000 sentinel get-master-addr-by-name costs", "theirs|-h s2 -p 26379 sentinel get-master-addr-by-name costs",
        "its|-h 10.0.0.7 -p 6380 ping",
    ])  # fmt: skip


def test_helm_test_fails_when_no_sentinel_knows_the_master(chart: Chart, tmp_path: Path) -> None:
    container = pod_of_the_test(chart, *SENTINEL[:1], "externalRedis.sentinel.hosts={s1:7000}", SENTINEL[2])
    code, calls = asked(container, tmp_path)
    assert code != 0
    assert calls[0] == "|-h s1 -p 7000 sentinel get-master-addr-by-name costs"


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ((OUTSIDE, URL[2]), "externalRedis.existingSecret is empty; name the Secret that holds the URL there"),
        ((*URL, "externalRedis.host=c"), "clear externalRedis.host, or the key"),
        ((*URL, "externalRedis.tls=true"), "clear externalRedis.tls, or the key"),
        (SENTINEL[:2], "externalRedis.sentinel.hosts and externalRedis.sentinel.masterName belong together"),
        ((*SENTINEL, "externalRedis.host=c"), "the Sentinels say where the master is; keep one of them"),
        (SENTINEL[1:], "set redis.enabled=false to use the external Redis, or clear externalRedis.sentinel.hosts"),
        ((*SENTINEL, "externalRedis.sentinel.existingSecretPasswordKey=k"), "name the Secret there, or clear the key"),
        ((OUTSIDE, "externalRedis.sentinel.hosts={redis://s1}"), "at '/externalRedis/sentinel/hosts/0'"),
        ((*URL, "externalRedis.password=p"), "externalRedis.existingSecret and externalRedis.password are both set"),
    ],
)
def test_a_wrong_value_is_refused(chart_on_both: Chart, sets: tuple[str, ...], said: str) -> None:
    assert said in chart_on_both.refusal(*sets)
