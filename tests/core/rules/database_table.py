"""Rows of the table of checks: the external database, by reads and by what a real PostgreSQL said to the pod of a probe."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.core.rules.placement_table import deployment
from wizard.core.postgres.client import Client
from wizard.core.rules.check import Absent
from wizard.core.rules.facts import DatabaseSeen, DatabaseTried, Rendered

WORDS = Path(__file__).parents[1] / "postgres" / "words"
CLIENT = Client("db.example.com", 5432, "app", "costs", "db-login", "password")
BACKUP = {"kind": "CronJob", "metadata": {"name": "rel-backup"}, "spec": {}}
LOGGED_IN = "app is logged in to costs at db.example.com:5432, PostgreSQL 15.18, without TLS"


def seen(client: Client = CLIENT, **more: Any) -> dict[str, Any]:
    return {"rendered": app(), "database": DatabaseSeen(client, **more), "database_probe": None}


def app(*more: dict[str, Any], replicas: int = 3, migrates: bool = True) -> Rendered:
    one = deployment(replicas)
    spec = one["spec"]["template"]["spec"]
    spec["containers"][0]["env"] = [{"name": "DATABASE_URL", "value": "postgres://db.example.com"}]
    spec["initContainers"] = [{"name": "migrate"}] if migrates else []
    return Rendered((one, *more))


def tried(
    name: str = "",
    *,
    rendered: Rendered | None = None,
    changed: Mapping[str, str] | None = None,
    client: Client = CLIENT,
    **more: Any,
) -> dict[str, Any]:
    """What that run of collect.py said, lines of it changed."""
    text = (WORDS / f"{name}.txt").read_text() if name else ""
    for old, new in (changed or {}).items():
        assert old in text
        text = text.replace(old, new)
    return {
        "rendered": rendered or app(), "database": DatabaseSeen(client),
        "database_probe": DatabaseTried(tuple(text.splitlines()), **more),
    }  # fmt: skip


OTHER = Client("db.data.svc", 5432, "app", "costs")
OLD = {"number=150018": "number=130022", "version=15.18": "version=13.22"}
NEW = {"number=150018": "number=180001", "version=15.18": "version=18.1"}
ROWS: list[tuple[str, Mapping[str, Any], str, str, str]] = [
    # By reads
    ("D01", {**seen(), "database": Absent("the database is the bundled one")}, "skipped", "the bundled one", ""),
    ("D01", seen(), "unknown", "whether db.example.com:5432 takes the login of app is not known", "database.host"),
    ("D01", seen(resolves=False), "unknown", "does not resolve from this machine; the cluster's pods may", "database.host"),
    ("D01", seen(resolves=True), "unknown", "is not known", "database.host"),
    ("D01", seen(OTHER, service="data/db", state="missing"), "fail", "Service data/db is not there", "database.host"),
    ("D01", seen(OTHER, service="data/db", state="ready", ports=frozenset({5433})), "fail", "Service data/db has port 5433, not 5432", "database.port"),
    ("D01", seen(OTHER, service="data/db", state="no endpoints", ports=frozenset({5432})), "fail", "no ready endpoints", "database.host"),
    ("D01", seen(OTHER, service="data/db", state="ready"), "unknown", "Service data/db has ready endpoints; whether", "database.host"),
    ("D01", seen(OTHER, service="data/db", state="hidden", permission="get services in data"), "unknown", "is hidden", "database.host"),
    ("D01", seen(Client("db", 5432, "app", "costs"), service="ns/db", state="missing"), "warn", "no Service ns/db; db may be a name of another place", "database.host"),
    ("D01", seen(Client("db.ns", 5432, "app", "costs"), service="ns/db", state="missing"), "fail", "db.ns is no Service: Service ns/db is not there", "database.host"),
    # By the pod: each step in the words of psql and of the server
    ("D01", tried("good"), "pass", LOGGED_IN, ""),
    ("D01", tried("good"), "pass", "may create tables in schema public", ""),
    ("D01", tried("good-tls"), "pass", "with TLSv1.3", ""),
    ("D01", tried("no-name"), "fail", "DNS: could not translate host name", "database.host"),
    ("D01", tried("refused"), "fail", "TCP: Connection refused", "database.port"),
    ("D01", tried("refused"), "fail", "db.example.com:5432, from a pod in the namespace: DNS held", "database.port"),
    ("D01", tried("timeout"), "fail", "TCP: timeout expired", "database.host"),
    ("D01", tried("timeout", cut_by=("deny-all",)), "unknown", "NetworkPolicy deny-all cuts the probe's pod off", "database.host"),
    ("D01", tried("wrong-password", cut_by=("deny-all",)), "fail", "login: FATAL", "secret.postgres"),
    ("D01", tried("not-postgres"), "fail", "PostgreSQL: expected authentication request", "database.port"),
    ("D01", tried("tls-unsupported"), "fail", "TLS: server does not support SSL", "database.host"),
    ("D01", tried("tls-other-name"), "fail", "TLS: server certificate for", "database.host"),
    ("D01", tried("no-hba"), "fail", "pg_hba.conf: FATAL:  no pg_hba.conf entry", "database.user"),
    ("D01", tried("wrong-password"), "fail", 'login: FATAL:  password authentication failed for user "app"', "secret.postgres"),
    ("D01", tried("no-login"), "fail", "is not permitted to log in", "database.user"),
    ("D01", tried("no-database"), "fail", 'database: FATAL:  database "gone" does not exist', "database.name"),
    ("D01", tried("no-connect"), "fail", "permission denied for database", "database.name"),
    ("D01", tried("too-many"), "warn", "connections: FATAL:  sorry, too many clients already", "database.user"),
    ("D01", tried("standby-cold"), "warn", "not accepting connections", "database.host"),
    ("D01", tried("standby"), "fail", "it is a standby", "database.host"),
    ("D01", tried("read-only"), "fail", "transactions are read only", "database.user"),
    ("D01", tried("no-create"), "fail", "may not create tables in schema public", "database.user"),
    ("D01", tried("no-schema"), "fail", "no schema of app's search_path is there", "database.user"),
    # Tables that somebody else made need no right here
    ("D01", tried("no-create", rendered=app(migrates=False)), "fail", "may not create tables", "database.user"),
    ("D01", tried("no-create", rendered=app(migrates=False), changed={"tables=0": "tables=7"}), "pass", "7 tables are there", ""),
    ("D01", tried("good", changed=OLD), "warn", "PostgreSQL 13 gets no fixes", "database.host"),
    ("D01", tried("good", changed=NEW), "pass", "PostgreSQL 18.1", ""),
    ("D01", tried("good", changed=NEW, rendered=app(BACKUP)), "warn", "pg_dump is of 15 and dumps no server of 18", "database.host"),
    ("D01", tried("good", rendered=app(replicas=20)), "warn", "1 of 9 are taken, and up to 20 pods connect", "database.host"),
    ("D01", tried("good", changed={"of_role=-1": "of_role=2"}), "warn", "the user may have 2", "database.host"),
    # Without the password, and without an answer
    ("D01", tried("no-password", without="Secret db-login", made=True), "unknown", "the run makes Secret db-login", "secret.postgres"),
    ("D01", tried("no-password", without="Secret db-login"), "fail", "Secret db-login is not there or empty", "secret.postgres"),
    ("D01", tried("no-password"), "fail", "key password of Secret db-login", "secret.postgres"),
    ("D01", tried("no-password", client=Client("db", 5432, "app", "costs")), "unknown", "the server wants a password", "secret.postgres"),
    ("D01", tried(problem="the pod of the probe did not start within 30 s: ContainerCreating", next_step="Try again."), "unknown", "ContainerCreating", "database.host"),
    ("D01", tried(), "unknown", "said nothing", "database.host"),
    ("D01", tried("good", left="eve may not delete pods"), "pass", "could not be deleted: eve", ""),
]  # fmt: skip
