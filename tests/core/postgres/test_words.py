"""What real runs of psql and pg_isready printed (`collect.py`), and what is read out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from wizard.core.postgres import words
from wizard.core.postgres.script import BEGIN, LOGIN

WORDS = Path(__file__).parent / "words"
FAILED = {
    "no-name": ("DNS", "could not translate host name", "database.host"),
    "refused": ("TCP", "Connection refused", "database.port"),
    "timeout": ("TCP", "timeout expired", "database.host"),
    "not-postgres": ("PostgreSQL", "received H", "database.port"),
    "not-postgres-tls": ("PostgreSQL", "invalid response to SSL negotiation", "database.port"),
    "closes": ("PostgreSQL", "closed the connection unexpectedly", "database.port"),
    "tls-unsupported": ("TLS", "server does not support SSL", "database.host"),
    "tls-required": ("pg_hba.conf", "no encryption", "database.user"),
    "tls-other-name": ("TLS", "does not match host name", "database.host"),
    "tls-unknown-authority": ("TLS", "certificate verify failed", "database.host"),
    "tls-no-root": ("TLS", "ca.crt", "database.host"),
    "standby-cold": ("PostgreSQL", "not accepting connections", "database.host"),
    "no-hba": ("pg_hba.conf", "no pg_hba.conf entry", "database.user"),
    "no-hba-tls": ("pg_hba.conf", "SSL encryption", "database.user"),
    "no-password": ("login", "no password supplied", "secret.postgres"),
    "wrong-password": ("login", 'authentication failed for user "app"', "secret.postgres"),
    "wrong-password-tls": ("login", "authentication failed", "secret.postgres"),
    "no-such-role": ("login", "authentication failed", "secret.postgres"),
    "no-login": ("login", "is not permitted to log in", "database.user"),
    "no-database": ("database", 'database "gone" does not exist', "database.name"),
    "no-connect": ("database", "permission denied for database", "database.name"),
    "role-limit": ("connections", "too many connections for role", "database.user"),
    "database-limit": ("connections", "too many connections for database", "database.user"),
    "reserved": ("connections", "remaining connection slots are reserved", "database.user"),
    "too-many": ("connections", "too many clients already", "database.user"),
}  # fmt: skip
GOOD = {
    "good": {"tls": "", "create": "true", "recovery": "false", "read_only": "off"},
    "good-tls": {"tls": "TLSv1.3"},
    "tls-good": {"tls": "TLSv1.3"},
    "no-create": {"create": "false", "schema": "public"},
    "no-schema": {"create": "false", "schema": ""},
    "read-only": {"read_only": "on"},
    "standby": {"recovery": "true"},
}


def lines(name: str) -> list[str]:
    return (WORDS / f"{name}.txt").read_text().splitlines()


def test_every_run_is_read() -> None:
    assert {path.stem for path in WORDS.iterdir()} == {*FAILED, *GOOD}


@pytest.mark.parametrize("name", FAILED)
def test_a_failure_is_the_step_that_failed_in_its_words(name: str) -> None:
    step, text, question = FAILED[name]
    said = words.read(lines(name))
    assert said.cause
    assert (said.cause.step, said.cause.question, said.logged_in, said.whole) == (step, question, False, True)
    assert text in said.words
    assert "psql: error" not in said.words


@pytest.mark.parametrize("name", GOOD)
def test_after_a_login_the_database_tells(name: str) -> None:
    said = words.read(lines(name))
    assert (said.logged_in, said.cause, said.facts["number"][:2]) == (True, None, "15")
    assert {key: said.facts[key] for key in GOOD[name]} == GOOD[name]
    assert said.number("most") in (9, 97)
    assert 1 <= said.number("connections") <= 9


def test_a_refusal_without_tls_may_be_about_tls_and_one_with_it_is_not() -> None:
    plain, encrypted = (words.read(lines(name)).cause for name in ("tls-required", "no-hba-tls"))
    assert plain
    assert encrypted
    assert "sslmode to require" in plain.next_step
    assert "sslmode" not in encrypted.next_step


def test_of_several_addresses_the_one_that_came_furthest_counts() -> None:
    said = words.read(
        [
            LOGIN,
            'psql: error: connection to server at "db" (::1), port 5432 failed: Connection refused',
            'connection to server at "db" (10.0.0.1), port 5432 failed: FATAL:  password authentication failed for user "a"',
        ]
    )
    assert said.cause
    assert said.cause.step == "login"


def test_a_log_that_ends_early_says_what_pg_isready_saw() -> None:
    silent = words.read([BEGIN, "db:5432 - no response", LOGIN])
    assert silent.cause
    assert (silent.cause.step, silent.words, silent.whole) == ("TCP", "db:5432 - no response", False)
    assert words.read([BEGIN, "db:5432 - accepting connections", LOGIN]) == words.Said()


@pytest.mark.parametrize(
    "text",
    ["", "nothing of ours", f"{LOGIN}\n\x1b[2J", f"{LOGIN}\nnumber=\nversion=" + "9" * 100_000, f"{LOGIN}\n" * 9999],
)
def test_any_other_text_is_no_answer(text: str) -> None:
    said = words.read(text.split("\n"))
    assert said.cause is None
    assert said.number("number") == -1
