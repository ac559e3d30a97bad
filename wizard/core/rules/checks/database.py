"""D01: whether the external database is there and lets the application work: by reads, and by a pod when one was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from wizard.core.postgres import client as postgres
from wizard.core.postgres import words
from wizard.core.postgres.words import Said
from wizard.core.rules.check import Facts, Outcome, check
from wizard.core.rules.facts import DatabaseSeen, DatabaseTried, Rendered

_HOST: Final = "database.host"
_PROBE: Final = "check --probe has a pod in the namespace try it, and deletes the pod."
_MAINTAINED: Final = 14
"""The oldest major version that gets fixes (postgresql.org/support/versioning: 13 ended in November 2025)."""
_NETWORK: Final = ("DNS", "TCP")


@check(
    "D01", "external database", needs=("rendered", "database", "database_probe"), ours=True,
    about=("database.host", "database.port"),
)  # fmt: skip
def database(facts: Facts) -> Outcome:
    """The external database answers, and a login as the application may create tables there; only a pod can tell (`--probe`)."""
    seen: DatabaseSeen = facts["database"]
    tried: DatabaseTried | None = facts["database_probe"]
    outcome = _by_reads(seen) if tried is None else _by_probe(seen, tried, facts["rendered"])
    if tried and tried.left:
        left = f"the pod of the probe could not be deleted: {tried.left}"
        return Outcome(outcome.state, (*outcome.evidence, left), outcome.next_step, outcome.question)
    return outcome


def _by_reads(seen: DatabaseSeen) -> Outcome:
    it, service = seen.client, f"Service {seen.service}"
    wrong_port = bool(seen.ports) and it.port not in seen.ports
    if seen.state == "missing" and "." in it.host:
        line = f"{it.host} is no Service: {service} is not there"
        return Outcome("fail", (line,), "Correct the host, or have that Service made.", _HOST)
    if seen.state == "missing":
        line = f"there is no {service}; {it.host} may be a name of another place that this cluster's DNS knows"
        return Outcome("warn", (line,), f"Correct the host, unless it is one; {_PROBE}", _HOST)
    if wrong_port:
        has = ", ".join(map(str, sorted(seen.ports)))
        return Outcome("fail", (f"{service} has port {has}, not {it.port}",), "Correct the port.", "database.port")
    if seen.state == "no endpoints":
        line = f"{service} has no ready endpoints: nothing answers at {it.address}"
        return Outcome("fail", (line,), "Have the database behind it started.", _HOST)
    if seen.state == "hidden":
        return Outcome("unknown", (f"{service} is hidden",), f"To settle it: {seen.permission}; or: {_PROBE}", _HOST)
    known = f"{service} has ready endpoints; " if seen.state == "ready" else ""
    lines = [f"{known}whether {it.address} takes the login of {it.user or 'the application'} is not known"]
    if seen.resolves is False:
        lines.append(f"{it.host} does not resolve from this machine; the cluster's pods may resolve it")
    return Outcome("unknown", tuple(lines), _PROBE, _HOST)


def _by_probe(seen: DatabaseSeen, tried: DatabaseTried, rendered: Rendered) -> Outcome:
    it, said = seen.client, words.read(tried.lines)
    if said.logged_in:
        return _after_login(said, seen, rendered)
    cause = said.cause
    if cause is None:
        lines = tuple(line for line in (said.words, tried.problem) if line) or ("the pod of the probe said nothing",)
        return Outcome("unknown", lines, tried.next_step or "See what it says, and try again.", _HOST)
    held = f"{it.address}, from a pod in the namespace: {', '.join(said.held) or 'nothing'} held"
    line = f"{cause.step}: {said.words}"
    if cause.step in _NETWORK and tried.cut_by:
        policies = (
            f"NetworkPolicy {', '.join(tried.cut_by)} cuts the probe's pod off; the application has a policy of its own"
        )
        return Outcome("unknown", (line, policies), "See once the application runs, or try from a pod that may.", _HOST)
    if "no password supplied" in said.words:
        return _without_password(seen, tried, held)
    return Outcome("warn" if cause.heals else "fail", (line, held), cause.next_step, cause.question)


def _without_password(seen: DatabaseSeen, tried: DatabaseTried, held: str) -> Outcome:
    it = seen.client
    if not it.secret:
        line = "the server wants a password, and the chart gives none to a client that the probe could be"
        step = "Nothing, where a certificate or the identity of a ServiceAccount logs in; else give the password."
        return Outcome("unknown", (held, line), step, "secret.postgres")
    if tried.made:
        line = f"the run makes Secret {it.secret} with the password: the login could not be tried"
        step = "It is tried by the first start; or make that Secret before, and check --probe again."
        return Outcome("unknown", (held, line), step, "secret.postgres")
    what = tried.without or f"key {it.key} of Secret {it.secret}"
    return Outcome(
        "fail", (f"login: {what} is not there or empty", held), "Make it, or name another.", "secret.postgres"
    )


def _after_login(said: Said, seen: DatabaseSeen, rendered: Rendered) -> Outcome:
    it, schema = seen.client, said.facts.get("schema", "")
    version = said.facts.get("version", "").partition(" ")[0]
    tls = f"with {said.facts['tls']}" if said.facts.get("tls") else "without TLS"
    fine = f"{it.user} is logged in to {it.database} at {it.address}, PostgreSQL {version}, {tls}"
    if said.is_on("recovery"):
        step = "Name the primary: its address, or the one that follows it."
        return Outcome(
            "fail", ("database: it is a standby, which is in recovery and takes no writes", fine), step, _HOST
        )
    if said.is_on("read_only"):
        step = f'Have it writable: ALTER ROLE "{it.user}" RESET default_transaction_read_only, or that of the database.'
        return Outcome("fail", ("database: transactions are read only", fine), step, "database.user")
    if lines := tuple(_rights(said, it.user, rendered)):
        step = f'Run there: CREATE SCHEMA IF NOT EXISTS {schema or "public"}; GRANT USAGE, CREATE ON SCHEMA {schema or "public"} TO "{it.user}"'
        return Outcome("fail", (*lines, fine), step, "database.user")
    if remarks := tuple(_remarks(said, rendered)):
        return Outcome("warn", (*(line for line, _ in remarks), fine), remarks[0][1], _HOST)
    right = (
        f"it may create tables in schema {schema}"
        if said.is_on("create")
        else f"{said.number('tables')} tables are there"
    )
    return Outcome("pass", (fine, right))


def _rights(said: Said, user: str, rendered: Rendered) -> Iterator[str]:
    """What keeps tables from being made; where nothing here makes them and some are there, somebody else does."""
    elsewhere = not postgres.migrates(rendered.objects) and said.number("tables") > 0
    if said.is_on("create") or elsewhere:
        return
    schema = said.facts.get("schema", "")
    yield (
        f"privilege: {user} may not create tables in schema {schema}"
        if schema
        else f"privilege: no schema of {user}'s search_path is there"
    )


def _remarks(said: Said, rendered: Rendered) -> Iterator[tuple[str, str]]:
    """(what, next step) of what works now and will not always."""
    major, client = said.number("number", 0) // 10_000, _major(said.facts.get("client", ""))
    if 0 < major < _MAINTAINED:
        yield f"version: PostgreSQL {major} gets no fixes any more", "Have it upgraded."
    backup = any("backup" in str(job["metadata"].get("name")) for job in rendered.of("CronJob"))
    if backup and client and major > client:
        line = f"version: the backups' pg_dump is of {client} and dumps no server of {major}"
        yield line, f"Set postgresql.image.tag to one of PostgreSQL {major}."
    yield from _room(said, rendered)


def _room(said: Said, rendered: Rendered) -> Iterator[tuple[str, str]]:
    app = postgres.app(rendered.objects)
    pods = max(app.replicas, app.most) if app else 1
    limits = [("the user", said.number("of_role")), ("the database", said.number("of_database"))]
    for what, most in limits:
        if 0 <= most < pods:
            yield f"connections: {what} may have {most}, and up to {pods} pods connect", "Have that limit raised."
    most, used = said.number("most"), said.number("connections")
    if most > 0 and used >= 0 and most - used < pods:
        line = f"connections: {used} of {most} are taken, and up to {pods} pods connect"
        yield line, "Have max_connections raised, or others closed."


def _major(text: str) -> int:
    """The major version in "psql (PostgreSQL) 16.15"; 0 without one."""
    number = text.rpartition(") ")[2].partition(".")[0]
    return int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 0
