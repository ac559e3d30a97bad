"""How much a log line weighs, in the formats of the programs that people run."""

from __future__ import annotations

import pytest

from wizard.core.text.log_line import READ, Weight, read

LINES = [
    # PostgreSQL, Redis
    ("2026-11-24 19:10:01.123 UTC [1] FATAL:  database files are incompatible with server", Weight.FATAL),
    ("2026-11-24 19:10:01.002 UTC [28] PANIC:  could not locate a valid checkpoint record", Weight.FATAL),
    ("2026-11-24 19:10:01.123 UTC [1] LOG:  listening on IPv4 address", Weight.ASIDE),
    ('2026-11-24 19:10:01.123 UTC [71] ERROR:  relation "x" does not exist at character 15', Weight.ERROR),
    ("1:M 24 Nov 2026 19:10:01.000 # Can't save in background: fork: Cannot allocate memory", Weight.PLAIN),
    # JSON and logfmt
    ('{"level":"WARN","message":"lookup x: no such host"}', Weight.WARNING),
    ('{"severity":"critical","msg":"no pricing table"}', Weight.FATAL),
    ('time="2026-11-24T19:10:01Z" level=error msg="ping" err="dial tcp: refused"', Weight.ERROR),
    ('{"level":30,"msg":"up"}', Weight.PLAIN),
    # text with a level
    ("2026-11-24T19:10:01.000000Z ERROR llm_cost_ops::db: connection refused", Weight.ERROR),
    ("[error] 1#1: upstream timed out", Weight.ERROR),
    ("E1124 19:10:01.000000       1 main.go:1] leader lost", Weight.ERROR),
    ("I1124 19:10:01.000000       1 main.go:1] leader won", Weight.ASIDE),
    ("Error: getaddrinfo ENOTFOUND redis.shop.svc", Weight.ERROR),
    ("error-budget is 3", Weight.PLAIN),
    # what nobody caught
    ("thread 'main' panicked at src/config.rs:41:9:", Weight.FATAL),
    ("panic: runtime error: invalid memory address", Weight.FATAL),
    ("Traceback (most recent call last):", Weight.FATAL),
    ("psycopg2.OperationalError: could not translate host name", Weight.FATAL),
    ('Exception in thread "main" java.lang.IllegalStateException', Weight.FATAL),
    ("Caused by: java.net.UnknownHostException: db", Weight.FATAL),
    # telemetry
    ("OpenTelemetry trace error occurred. Exporter otlp encountered: connection refused", Weight.ASIDE),
    ('{"level":"ERROR","message":"OTLP export failed: connection refused"}', Weight.ASIDE),
    ("1234567 " * 500 + "x", Weight.PLAIN),
    ("[1234567] 12345 " * 250 + "ERROR x", Weight.PLAIN),
    ("", Weight.PLAIN),
]


@pytest.mark.parametrize(("line", "wanted"), LINES)
def test_a_line_weighs_what_its_level_says(line: str, wanted: Weight) -> None:
    assert read(line).weight == wanted


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ('{"message":"ping","error":"refused"}', "ping: refused"),
        ('{"message":"ping: refused","error":"refused"}', "ping: refused"),
        ('level=error msg="ping" err=refused', "ping: refused"),
        ('{"level":"ERROR"}', '{"level":"ERROR"}'),
        ("[" * 100_000, "[" * 100_000),
        ("{" * 100_000, "{" * 100_000),
        ("plain", "plain"),
    ],
)
def test_the_message_of_a_structured_line_has_its_error(line: str, wanted: str) -> None:
    assert read(line).message == wanted[:READ]
