"""The host that a log line is about: words of a sentence are none."""

from __future__ import annotations

import pytest

from tests.diagnosis.breaking import APP, Bed
from wizard.core.rules.findings import hosts
from wizard.core.rules.ranking import diagnose, serves

LINES = [
    ("failed to lookup address information: Name or service not known", ""),
    ("failed to lookup address information: Temporary failure in name resolution", ""),
    (
        'could not translate host name "llm-cost-ops-postgres" to address: Name or service not known',
        "llm-cost-ops-postgres",
    ),
    ("dial tcp: lookup db.acme.test on 10.96.0.10:53: no such host", "db.acme.test"),
    ("dial tcp: lookup postgres on 10.96.0.10:53: no such host", "postgres"),
    ("Error: getaddrinfo ENOTFOUND queue", "queue"),
    ("Error: getaddrinfo ENOTFOUND redis.shop.svc", "redis.shop.svc"),
    ("getaddrinfo EAI_AGAIN llm-cost-ops-redis", "llm-cost-ops-redis"),
    ("wget: bad address 'db.acme.test:5432'", "db.acme.test"),
    ('connection to server at "db.acme.test" (203.0.113.9), port 5432 failed: Connection refused', "db.acme.test"),
    ("dial tcp 203.0.113.9:5432: connect: connection timed out", "203.0.113.9"),
    ("redis: connect ECONNREFUSED llm-cost-ops-redis:6380", "llm-cost-ops-redis"),
    ("connection to server at 127.0.0.1 failed, see src/db.rs:41", "127.0.0.1"),
    ("panicked at src/main.rs:41: Connection refused", ""),
    ("2026-11-24T19:10:01 connection refused", ""),
    ("connect to localhost:6379 refused", "localhost"),
    ("read tcp 10.244.1.23:48310->203.0.113.9:5432: read: connection reset by peer", "203.0.113.9"),
    ("the redis pool timed out", "cache.acme.test"),
    ("the database pool timed out", "db.acme.test"),
    ('{"timestamp":"2026-11-24T19:10:01Z","target":"app::db","message":"connection refused"}', "db.acme.test"),
]


@pytest.mark.parametrize(("line", "wanted"), LINES)
def test_the_host_of_a_line(line: str, wanted: str) -> None:
    bed = Bed()
    pod = bed.pods(APP)[0]
    pod["spec"]["containers"][0]["env"] = [
        {"name": "DATABASE_URL", "value": "postgres://u:$(DB_PASSWORD)@db.acme.test:5432/x"},
        {"name": "REDIS_HOST", "value": "cache.acme.test"},
    ]
    assert hosts.called(pod, "app", line, bed.world.snapshot()).host == wanted


@pytest.mark.parametrize(("kind", "wanted"), [("cache", "llm-cost-ops-redis"), ("database", "llm-cost-ops-postgresql")])
def test_a_store_is_known_by_its_scheme_before_any_name(kind: str, wanted: str) -> None:
    bed = Bed()
    pod = bed.pods(APP)[0]
    pod["spec"]["containers"][0]["env"] = [
        {"name": "REDIS_COMMANDER_STORE", "value": "jdbc:postgresql://llm-cost-ops-postgresql:5432/x"},
        {"name": "QUEUE_URL", "value": "rediss://llm-cost-ops-redis:6379"},
    ]
    assert hosts.store(pod, "app", kind, bed.world.snapshot()) == f"StatefulSet/{wanted}"


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("llm-cost-ops-redis", True),
        ("llm-cost-ops-redis.{ns}", True),
        ("llm-cost-ops-redis.{ns}.svc", True),
        ("llm-cost-ops-redis.{ns}.svc.cluster.local", True),
        ("llm-cost-ops-redis.other.svc", False),
        ("llm-cost-ops-redis.acme.test", False),
        ("llm-cost-ops-postgresql", False),
        ("", False),
    ],
)
def test_a_host_is_served_by_the_workload_behind_its_service(host: str, wanted: bool) -> None:
    snapshot = Bed().world.snapshot()
    assert serves("StatefulSet/llm-cost-ops-redis", host.format(ns=snapshot.namespace), snapshot) is wanted


def test_an_address_of_a_service_here_is_that_service() -> None:
    bed = Bed()
    address = bed.one("Service", "llm-cost-ops-redis")["spec"]["clusterIP"]
    bed.crashes(APP, 1, f"Error: connect ECONNREFUSED {address}:6379")
    (found, *_) = diagnose(bed.world.snapshot())
    assert found.title == "nothing answers at llm-cost-ops-redis"
    assert any(part.object == "Service/llm-cost-ops-redis" for part in found.evidence)
