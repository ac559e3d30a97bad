"""The troubles: what is wrong, what a program is told by its environment, and what is done to the servers meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Final

from tests.diagnosis.recorder import network, servers
from tests.diagnosis.recorder.servers import PASSWORD, Servers

Meanwhile = Callable[[Servers], AbstractContextManager[None]]
_READ: Final = "SELECT id, tokens FROM usage_records"
_ADD: Final = "INSERT INTO usage_records VALUES (2, 'b', 1)"


@dataclass(frozen=True)
class Trouble:
    """`address` is what the Service's name stands for; `environment` differs from that of a program that works.

    `only` names the clients that it troubles, where it is not all.
    """

    name: str
    environment: Mapping[str, str] = field(default_factory=dict)
    address: str = servers.PLAIN
    meanwhile: Meanwhile = lambda _: contextlib.nullcontext()
    resolver_fails: bool = False
    only: tuple[str, ...] = ()

    def settings(self, servers_at: Servers) -> dict[str, str]:
        """The variables of a program; an empty one is left out."""
        usual = {
            "DB_HOST": network.DATABASE, "DB_PORT": "5432", "DB_USER": "app", "DB_PASSWORD": PASSWORD, "DB_NAME": "costs",
            "DB_SSLMODE": "disable", "STATEMENT": _READ, "TIMEOUT": "3",
            "REDIS_HOST": network.CACHE, "REDIS_PORT": "6379", "REDIS_PASSWORD": PASSWORD, "REDIS_DB": "0", "REDIS_TLS": "no",
            "COMMAND": "SET price:gpt 5",
        }  # fmt: skip
        every = {**usual, **self.environment}
        return {name: value.replace("{folder}", str(servers_at.folder)) for name, value in every.items() if value}


def _certificate(name: str) -> Meanwhile:
    @contextlib.contextmanager
    def act(all_servers: Servers) -> Iterator[None]:
        all_servers.use_certificate(name)
        yield

    return act


def _redis_set(*words: str, back: str) -> Meanwhile:
    """A setting of the main Redis, and its value afterwards."""

    @contextlib.contextmanager
    def act(all_servers: Servers) -> Iterator[None]:
        all_servers.ask(servers.MAIN_CACHE, "CONFIG", "SET", *words)
        yield
        all_servers.ask(servers.MAIN_CACHE, "CONFIG", "SET", words[0], back)

    return act


@contextlib.contextmanager
def _cannot_save(all_servers: Servers) -> Iterator[None]:
    folder = all_servers.folder / "cache"
    folder.chmod(0o500)
    all_servers.ask(servers.MAIN_CACHE, "BGSAVE")
    servers.until(lambda: "rdb_last_bgsave_status:err" in all_servers.ask(servers.MAIN_CACHE, "INFO", "persistence"))
    yield
    folder.chmod(0o700)
    all_servers.ask(servers.MAIN_CACHE, "SAVE")


@contextlib.contextmanager
def _dirty(all_servers: Servers) -> Iterator[None]:
    plain = all_servers.folder / "plain"
    table = "CREATE TABLE schema_migrations (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)"
    all_servers.sql(plain, "costs", f"{table}; INSERT INTO schema_migrations VALUES (4, true)", user="app")
    yield


POSTGRES: Final = (
    Trouble("wrong password", {"DB_PASSWORD": "changeme"}),
    Trouble("no password", {"DB_PASSWORD": ""}),
    Trouble("unknown database", {"DB_NAME": "cost_ops"}),
    Trouble("unknown role", {"DB_USER": "ghost"}),
    Trouble("role may not log in", {"DB_USER": "sleeper"}),
    Trouble("no right on a table", {"STATEMENT": "SELECT * FROM budgets"}),
    Trouble("no right on a schema", {"DB_USER": "guest", "STATEMENT": "CREATE TABLE audit (id int)"}),
    Trouble("too many connections of the role", {"DB_USER": "single"}),
    Trouble("too many connections", address=servers.CROWDED, meanwhile=lambda at: at.sessions("crowded", 40)),
    Trouble("last connections are reserved", meanwhile=lambda at: at.sessions("plain", 37)),
    Trouble("TLS wanted and not offered", {"DB_SSLMODE": "require"}),
    Trouble("certificate signs itself", {"DB_SSLMODE": "verify-full", "DB_SSLROOTCERT": "{folder}/authority.crt"}, servers.SECURE, _certificate("server")),
    Trouble("certificate of another host", {"DB_SSLMODE": "verify-full", "DB_SSLROOTCERT": "{folder}/authority.crt"}, servers.SECURE, _certificate("other")),
    Trouble("file of the authority is missing", {"DB_SSLMODE": "verify-full", "DB_SSLROOTCERT": "/etc/ssl/acme/ca.crt"}, servers.SECURE),
    Trouble("encryption demanded", address=servers.SECURE),
    Trouble("host name unknown", {"DB_HOST": "llm-cost-ops-postgres"}),
    Trouble("resolver fails", resolver_fails=True),
    Trouble("connection refused", address=servers.NOBODY),
    Trouble("never answers", address=servers.SILENT),
    Trouble("closes at once", address=servers.RESET),
    Trouble("starting up", address=servers.STARTING),
    Trouble("read-only", {"DB_USER": "reader", "STATEMENT": _ADD}),
    Trouble("missing table", {"STATEMENT": "SELECT * FROM invoices"}),
    Trouble("missing column", {"STATEMENT": "SELECT currency FROM usage_records"}),
    Trouble("missing function", {"STATEMENT": "SELECT uuid_generate_v4()"}),
    Trouble("missing extension", {"STATEMENT": "CREATE EXTENSION timescaledb"}),
    Trouble("missing type", {"STATEMENT": "CREATE TABLE notes (body vector(3))"}),
    Trouble("statement timeout", {"DB_USER": "hasty", "STATEMENT": "SELECT pg_sleep(5)"}),
    Trouble("lock timeout", {"DB_USER": "waiter", "STATEMENT": _ADD}, meanwhile=lambda at: at.locked("usage_records")),
    Trouble("table is there already", {"STATEMENT": "CREATE TABLE pricing_rules (id bigint)"}),
    Trouble("row is there already", {"STATEMENT": "INSERT INTO usage_records VALUES (1, 'a', 1)"}),
    Trouble("half-done migration", meanwhile=_dirty, only=("golang-migrate",)),
    Trouble("schema is not empty", only=("flyway",)),
    Trouble("disk full", {"STATEMENT": "INSERT INTO usage_records SELECT generate_series(10, 90000), repeat('x', 1500), 1"}, servers.FULL),
)  # fmt: skip

_CACHE: Final = servers.MAIN_CACHE
REDIS: Final = (
    Trouble("no password given", {"REDIS_PASSWORD": ""}, _CACHE),
    Trouble("wrong password", {"REDIS_PASSWORD": "changeme"}, _CACHE),
    Trouble("unknown user", {"REDIS_USERNAME": "costs"}, _CACHE),
    Trouble("password given, none wanted", {}, servers.CROWDED_CACHE),
    Trouble("command not allowed", {"REDIS_USERNAME": "narrow"}, _CACHE),
    Trouble("read-only replica", {"REDIS_PASSWORD": ""}, servers.REPLICA),
    Trouble("memory is used up", {}, _CACHE, _redis_set("maxmemory", "1", back="0")),
    Trouble("cannot save", {}, _CACHE, _cannot_save),
    Trouble("loading", {"REDIS_PASSWORD": ""}, servers.LOADING),
    Trouble("too many clients", {"REDIS_PASSWORD": ""}, servers.CROWDED_CACHE, lambda at: at.crowd(servers.CROWDED_CACHE, 40)),
    Trouble("database number out of range", {"REDIS_DB": "20"}, _CACHE),
    Trouble("host name unknown", {"REDIS_HOST": "llm-cost-ops-redis-master"}, _CACHE),
    Trouble("resolver fails", {}, _CACHE, resolver_fails=True),
    Trouble("connection refused", {}, servers.NOBODY),
    Trouble("never answers", {}, servers.SILENT),
    Trouble("closes at once", {}, servers.RESET),
    Trouble("TLS wanted and not offered", {"REDIS_TLS": "yes"}, _CACHE),
    Trouble("TLS offered and not wanted", {}, servers.SECURE_CACHE),
    Trouble("certificate signs itself", {"REDIS_TLS": "yes", "REDIS_CA": "{folder}/authority.crt"}, servers.SECURE_CACHE),
    Trouble("slot of another node", {"REDIS_PASSWORD": ""}, servers.FIRST_SHARD),
)  # fmt: skip

LOCAL: Final = (
    Trouble("heap used up"),
    Trouble("module missing"),
    Trouble("shared library missing"),
    Trouble("program missing"),
    Trouble("error in the code"),
    Trouble("variable missing"),
    Trouble("variable not filled in"),
    Trouble("syntax of a JSON file", {"CONFIG": "{folder}/broken.json"}),
    Trouble("syntax of a YAML file", {"CONFIG": "{folder}/broken.yaml"}),
    Trouble("missing file", {"CONFIG": "/etc/llm-cost-ops/config.yaml"}),
    Trouble("file may not be read", {"CONFIG": "{folder}/private.yaml"}),
    Trouble("folder may not be written", {"OUTPUT": "{folder}/closed/state.db"}),
    Trouble("read-only file system", {"OUTPUT": "{folder}/readonly/state.db"}),
    Trouble("port in use", {"LISTEN": "0.0.0.0:8080", "PORT": "8080", "PRICING_API_KEY": "x"}),
    Trouble("port below 1024", {"LISTEN": "0.0.0.0:80", "PORT": "80"}),
)
TROUBLES: Final = {"postgres": POSTGRES, "redis": REDIS, "local": LOCAL}
