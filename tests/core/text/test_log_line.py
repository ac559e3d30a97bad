"""How much a log line weighs, in the formats of the programs that people run."""

from __future__ import annotations

import pytest

from tests.diagnosis.noise import FORMATS
from wizard.core.text import sanitize
from wizard.core.text.log_line import READ, Weight, read

LINES = [
    # PostgreSQL, Redis
    ("2026-11-24 19:10:01.123 UTC [1] FATAL:  database files are incompatible with server", Weight.FATAL),
    ("2026-11-24 19:10:01.002 UTC [28] PANIC:  could not locate a valid checkpoint record", Weight.FATAL),
    ("2026-11-24 19:10:01.123 UTC [1] LOG:  listening on IPv4 address", Weight.ASIDE),
    ('2026-11-24 19:10:01.123 UTC [71] ERROR:  could not open file "base/1/2": I/O error', Weight.ERROR),
    ('2026-11-24 19:10:01.123 UTC [71] ERROR:  relation "x" does not exist at character 15', Weight.ASIDE),
    ('2026-11-24 19:10:01.123 UTC [71] app@x FATAL:  password authentication failed for user "app"', Weight.ASIDE),
    ('FATAL:  password authentication failed for user "app"', Weight.FATAL),
    ("1:M 24 Nov 2026 19:10:01.000 # Can't save in background: fork: Cannot allocate memory", Weight.PLAIN),
    # JSON and logfmt
    ('{"level":"WARN","message":"lookup x: no such host"}', Weight.WARNING),
    ('{"severity":"critical","msg":"no pricing table"}', Weight.FATAL),
    ('time="2026-11-24T19:10:01Z" level=error msg="ping" err="dial tcp: refused"', Weight.ERROR),
    ('{"level":30,"msg":"up"}', Weight.ASIDE),
    # text with a level
    ("2026-11-24T19:10:01.000000Z ERROR llm_cost_ops::db: connection refused", Weight.ERROR),
    ("[error] 1#1: upstream timed out", Weight.ERROR),
    ('psql: error: connection to server failed: FATAL:  database "costs" does not exist', Weight.ERROR),
    ("E1124 19:10:01.000000       1 main.go:1] leader lost", Weight.ERROR),
    ("I1124 19:10:01.000000       1 main.go:1] leader won", Weight.ASIDE),
    ("Error: getaddrinfo ENOTFOUND redis.shop.svc", Weight.ERROR),
    ("error-budget is 3", Weight.PLAIN),
    ("Log in failed: connection refused", Weight.PLAIN),
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
    (
        '2026/11/24 19:10:01 traces export: Post "http://localhost:4318/v1/traces": dial tcp: connection refused',
        Weight.ASIDE,
    ),
    ("statsd: write udp 10.0.0.1:5->10.0.0.2:8125: connection refused", Weight.ASIDE),
    (
        "ERROR: Failed to send batch of logs to Loki at http://loki:3100/loki/api/v1/push: connection refused",
        Weight.ASIDE,
    ),
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


_LEVELS = {
    "DEBUG": Weight.ASIDE, "INFO": Weight.ASIDE, "WARN": Weight.WARNING, "ERROR": Weight.ERROR, "FATAL": Weight.FATAL,
}  # fmt: skip


@pytest.mark.parametrize("logger", FORMATS)
def test_the_level_is_read_as_loggers_write_it(logger: str) -> None:
    lines = [sanitize.line(FORMATS[logger](level, "cannot reach db")) for level in _LEVELS]
    assert [read(line).weight for line in lines] == list(_LEVELS.values())
