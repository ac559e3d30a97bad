"""What PostgreSQL's programs and server say when a login fails, and what they tell after one. Pure.

Each pattern is taken from a run of libpq 15 (tests/core/postgres/collect.py); the words of the server are in its errcodes and auth.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

from wizard.core.postgres.script import BEGIN, END, LOGIN

Step = Literal["DNS", "TCP", "TLS", "PostgreSQL", "pg_hba.conf", "login", "database", "connections"]
STEPS: Final[tuple[Step, ...]] = ("DNS", "TCP", "TLS", "PostgreSQL", "pg_hba.conf", "login", "database", "connections")
"""In the order in which a connection comes to them."""


class Cause(NamedTuple):
    """What a line means: the step that failed, what to do, the question whose answer may be wrong."""

    step: Step
    pattern: str
    next_step: str
    question: str = "database.host"
    heals: bool = False
    """Whether it may go away by itself."""


_HBA: Final = "Have the server's pg_hba.conf allow this user and database from the cluster's addresses."
_TLS_MODE: Final = "Have TLS switched on there, or set externalDatabase.sslmode to what the server does."
_CA: Final = "Give the authority of the server's certificate in externalDatabase.tls.caSecret."
_PORT: Final = "Correct host and port: that is not where PostgreSQL answers."
_LATER: Final = "Try again when the server is up."
_CROWDED: Final = "Have the limit of connections raised, or others closed."
CAUSES: Final[tuple[Cause, ...]] = (
    Cause("DNS", r"could not translate host name .*(?:Temporary failure|Try again)", "The cluster's DNS does not answer: try again, or have it and the network policies looked at.", heals=True),
    Cause("DNS", r"could not translate host name", "Correct the host: the cluster's DNS does not know it."),
    Cause("TCP", r"Connection refused", "Correct the port, or have the server started and listen on that address.", "database.port"),
    Cause("TCP", r"timeout expired|timed out|No route to host|Network is unreachable|Host is unreachable", "Correct the host, or have firewall and network policies let the cluster's pods through."),
    Cause("TLS", r"server does not support SSL, but SSL was required", _TLS_MODE),
    Cause("TLS", r"server certificate for .* does not match host name", "Name the host as its certificate does."),
    Cause("TLS", r"root certificate file .* does not exist|certificate verify failed|could not read root certificate file", _CA),
    Cause("pg_hba.conf", r"no pg_hba\.conf entry for .*(?:no encryption|SSL off)", "Set externalDatabase.sslmode to require, if the server wants TLS; else have its pg_hba.conf allow this login.", "database.user"),
    Cause("PostgreSQL", r"expected authentication request from server|received invalid response to SSL negotiation|server closed the connection unexpectedly", _PORT, "database.port"),
    Cause("TLS", r"SSL error|SSL SYSCALL error|private key file|certificate present, but not private key", "See what the server says about TLS, and the certificates of externalDatabase.tls."),
    Cause("PostgreSQL", r"the database system is (?:not (?:yet )?accepting connections|starting up|shutting down|in recovery mode)", _LATER, heals=True),
    Cause("pg_hba.conf", r"no pg_hba\.conf entry for|pg_hba\.conf rejects connection", _HBA, "database.user"),
    Cause("login", r"no password supplied", "Give the password of this user.", "secret.postgres"),
    Cause("login", r"authentication failed for user", "Correct the user, or give its password.", "secret.postgres"),
    Cause("login", r"role .* does not exist|is not permitted to log in", "Have the user made with the right to log in.", "database.user"),
    Cause("database", r"database .* does not exist", "Correct the name, or have the database made.", "database.name"),
    Cause("database", r"permission denied for database|is not currently accepting connections", "Have this user be granted CONNECT on the database.", "database.name"),
    Cause("connections", r"too many (?:clients|connections)|remaining connection slots are reserved", _CROWDED, "database.user", heals=True),
)  # fmt: skip
"""The first that fits a line counts."""

_FAILED: Final = re.compile(r"^(?:psql: error: )?(?:connection to server (?:at|on) .{0,300}? failed: )?(?P<words>.*)$")
_FACT: Final = re.compile(r"([a-z_]{2,20})=(.*)")
_ENCRYPTED: Final = re.compile(r"no pg_hba\.conf entry for .*SSL (?:encryption|on)")
_LONGEST: Final = 300
_MOST_LINES: Final = 200


@dataclass(frozen=True)
class Said:
    """What came of a try: the words of the failure and their cause, or what the database told after the login."""

    facts: Mapping[str, str] = field(default_factory=dict)
    cause: Cause | None = None
    words: str = ""
    """Of the failure, one line; "" where nothing failed so far."""
    whole: bool = False
    """Whether the script ran to its end."""
    logged_in: bool = False

    @property
    def held(self) -> tuple[Step, ...]:
        """The steps before the one that failed."""
        return STEPS[: STEPS.index(self.cause.step)] if self.cause else ()

    def number(self, name: str, otherwise: int = -1) -> int:
        """A fact that is a number."""
        text = self.facts.get(name, "")
        return int(text) if re.fullmatch(r"-?\d{1,9}", text) else otherwise

    def is_on(self, name: str) -> bool:
        """A fact that is a truth as PostgreSQL writes them."""
        return self.facts.get(name) in ("true", "t", "on")


def read(lines: Iterable[str]) -> Said:
    """What the lines of the script's log say; any other text is no answer. Never raises."""
    parts: dict[str, list[str]] = {BEGIN: [], LOGIN: [], END: []}
    here = ""
    for number, line in enumerate(lines):
        if number >= _MOST_LINES:
            break
        text = line[:_LONGEST].strip()
        if text in parts:
            here = text
        elif here and text:
            parts[here].append(text)
    facts = {match[1]: match[2] for text in (*parts[BEGIN], *parts[LOGIN]) if (match := _FACT.fullmatch(text))}
    whole, logged_in = here == END, "number" in facts
    if logged_in:
        return Said(facts, None, "", whole, logged_in)
    failed = _furthest(parts[LOGIN])
    if not failed and not whole and any(text.endswith("no response") for text in parts[BEGIN]):
        # Several addresses that do not answer take psql longer than the pod may live.
        silent = next(text for text in parts[BEGIN] if text.endswith("no response"))
        return Said(facts, next(cause for cause in CAUSES if "timeout" in cause.pattern), silent)
    return Said(facts, *(failed or (None, "")), whole=whole)


def _furthest(lines: list[str]) -> tuple[Cause | None, str] | None:
    """Of all tries - each address, with TLS and without - the one that came furthest; None without any."""
    encrypted = any(_ENCRYPTED.search(line) for line in lines)
    found: list[tuple[Cause, str]] = []
    other = ""
    for line in lines:
        match = _FAILED.match(line)
        words = match["words"] if match else line
        cause = next((one for one in CAUSES if re.search(one.pattern, words)), None)
        if cause and encrypted and "pg_hba" in words and not _ENCRYPTED.search(words):
            continue  # it is refused with TLS as well, so that more TLS would not help
        if cause:
            found.append((cause, words))
        other = other or words
    if found:
        return max(found, key=lambda pair: STEPS.index(pair[0].step))
    return (None, other) if other else None
