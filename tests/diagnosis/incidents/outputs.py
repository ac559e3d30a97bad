"""What applications, PostgreSQL and Redis say of their trouble, amid the lines of others.

Words are those of the programs: PostgreSQL 15 to 17 (postmaster.c, miscinit.c, checkpointer.c), Redis 7 (server.c, networking.c),
libc's getaddrinfo, Rust's panics, tokio-postgres, sqlx and redis-rs.
"""

from __future__ import annotations

from typing import Any

from tests.diagnosis.breaking import APP, CACHE, DB, Bed, Break, all_of
from tests.diagnosis.cases import API, IMAGE, REDIS, STORE, Case

_503 = "HTTP probe failed with statuscode: 503"
_EXPORTER = (
    '{"level":"WARN","target":"opentelemetry","message":"OTLP export failed: error sending request for url (http://otel:4317): connection refused"}',
    "OpenTelemetry trace error occurred. Exporter otlp encountered the following error(s): the grpc server returns error: connection refused",
)
_EXPORTER_TRACE = (
    "Exception while exporting Span batch.", "Traceback (most recent call last):", '  File "/usr/lib/urllib3/connection.py", line 198, in _new_conn',
    "ConnectionRefusedError: [Errno 111] Connection refused", "The above exception was the direct cause of the following exception:",
    "Traceback (most recent call last):", "requests.exceptions.ConnectionError: HTTPConnectionPool(host='localhost', port=4318): Max retries "
    "exceeded with url: /v1/traces",
)  # fmt: skip
_ACCESS = '10.244.0.1 - - [24/Nov/2026:19:10:01 +0000] "GET /geo/lookup HTTP/1.1" 200 612 "-" "kube-probe/1.36"'
_SERVER = "2026-11-24 19:10:01.002 UTC [75] {}"
_PANIC = ("thread 'main' panicked at src/config.rs:41:9:", "missing field `currency` at line 3 column 1")
_UNKNOWN_HOST = '{"level":"WARN","message":"geo lookup: lookup geo.acme.test on 10.96.0.10:53: no such host"}'


def _said(level: str, message: str) -> str:
    return f'{{"timestamp":"2026-11-24T19:10:01Z","level":"{level}","target":"llm_cost_ops::db","message":"{message}"}}'


def _crash(component: str, code: int, *log: str, **options: Any) -> Break:
    return lambda bed: bed.crashes(component, code, *log, **options)


def _unready(*log: str) -> Break:
    return lambda bed: bed.runs_unready(APP, _503, *log)


def _killed(bed: Bed) -> None:
    bed.crashes(APP, 137)
    for pod in bed.pods(APP):
        bed.event(pod, "Killing", "Container app failed liveness probe, will be restarted", container="app")


def _without_service(component: str) -> Break:
    def act(bed: Bed) -> None:
        bed.world.objects = [
            one for one in bed.world.objects
            if not (one["kind"] == "Service" and component in one["metadata"]["name"])
        ]  # fmt: skip

    return act


def _variable(name: str, value: str) -> Break:
    def act(bed: Bed) -> None:
        for pod in bed.pods(APP):
            container = pod["spec"]["containers"][0]
            others = [entry for entry in container.get("env") or () if entry["name"] != name]
            container["env"] = [*others, {"name": name, "value": value}]

    return act


def _variable_lost(name: str) -> Break:
    """The new rollout has no longer what the old one had."""

    def act(bed: Bed) -> None:
        pod = bed.rollout()
        sets = [one for one in bed.every("ReplicaSet", APP) if one["metadata"]["name"].endswith("-new")]
        specs = [pod["spec"], *(one["spec"]["template"]["spec"] for one in (bed.root(APP), *sets))]
        for container in (spec["containers"][0] for spec in specs):
            container["env"] = [entry for entry in container.get("env") or () if entry["name"] != name]
        ended = {"exitCode": 1, "reason": "Error", "startedAt": bed.ago(3), "finishedAt": bed.ago(2.9)}
        pod["status"]["containerStatuses"][0].update(
            state={"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}, lastState={"terminated": ended},
            restartCount=7, ready=False,
        )  # fmt: skip
        bed.world.logs[pod["metadata"]["name"], pod["status"]["containerStatuses"][0]["name"]] = [
            f"Error: environment variable {name} is not set"
        ]

    return act


def _failed_long_ago(bed: Bed) -> None:
    bed.record("deployed", "failed", age=20 * 24 * 60, description="cannot patch: spec.selector: field is immutable")


_VERSIONS = (
    "2026-11-24 19:10:01.002 UTC [1] FATAL:  database files are incompatible with server",
    "2026-11-24 19:10:01.002 UTC [1] DETAIL:  The data directory was initialized by PostgreSQL version 16, which is not "
    "compatible with this version 17.2 (Debian 17.2-1.pgdg120+1).",
)
_CHECKPOINT = (
    "2026-11-24 19:10:01.002 UTC [28] LOG:  invalid primary checkpoint record",
    "2026-11-24 19:10:01.002 UTC [28] PANIC:  could not locate a valid checkpoint record",
)
_SHM = ('ERROR:  could not resize shared memory segment "/PostgreSQL.1212" to 16777216 bytes: No space left on device',)
_MISCONF = (
    "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the "
    "data set are disabled"
)
_DB_HOST, _CACHE_HOST = "llm-cost-ops-postgresql", "llm-cost-ops-redis"
_NO_NAME = f"could not translate host name {_DB_HOST!r} to address: Name or service not known".replace("'", '"')

CASES: tuple[Case, ...] = (
    Case("killed for memory, one warning about a name (D06)", "CO09", API, _crash(APP, 137, _UNKNOWN_HOST, reason="OOMKilled")),
    Case("panic after an exporter's noise (D07)", "CO11", API, _crash(APP, 101, *_EXPORTER, *_PANIC)),
    Case("panic after one refused connection", "CO11", API, _crash(APP, 101, _said("WARN", "statsd 10.0.0.9:8125: connection refused"), *_PANIC)),
    Case("traceback of a wrong setting after warnings", "CO11", API, _crash(APP, 1, _UNKNOWN_HOST, "Traceback (most recent call last):", '  File "app.py", line 3, in <module>', "KeyError: 'currency'")),
    Case("traceback that ends in a name that does not resolve", "LG03", API, _crash(APP, 1, "Traceback (most recent call last):", '  File "app.py", line 3, in <module>', 'psycopg2.OperationalError: could not translate host name "db.acme.test" to address: Name or service not known')),
    Case("panic on a refused connection", "LG04", API, _crash(APP, 101, "thread 'main' panicked at src/db.rs:9:", 'called `Result::unwrap()` on an `Err` value: Io(Os { code: 111, kind: ConnectionRefused, message: "Connection refused" })')),
    Case("fatal words after the error that says why", "LG04", API, _crash(APP, 1, "level=error msg=\"ping database\" err=\"dial tcp 203.0.113.9:5432: connect: connection refused\"", "level=fatal msg=\"server cannot start\"")),
    Case("upgrade failed 20 days ago, out of memory now (D08)", "CO09", API, all_of(_crash(APP, 137, reason="OOMKilled"), _failed_long_ago)),
    Case("image of the cache missing, and the application panics (D17)", "CO01", REDIS, all_of(_crash(APP, 101, *_PANIC), lambda bed: bed.waits(CACHE, "ImagePullBackOff", f'Back-off pulling image "{IMAGE}": not found'))),
    Case("database Service deleted (N03)", "LG03", API, all_of(_unready(_said("ERROR", "failed to lookup address information: Name or service not known")), _variable("DATABASE_URL", f"postgres://u:$(DB_PASSWORD)@{_DB_HOST}:5432/x"), _without_service(DB))),
    Case("cluster's DNS down (N04)", "LG03", API, _unready(_said("ERROR", f"error connecting to {_DB_HOST}: failed to lookup address information: Temporary failure in name resolution"))),
    Case("variable lost by the new revision (N06)", "LG09", API, _variable_lost("DATABASE_URL")),
    Case("grants revoked (N09)", "LG13", API, _unready(_said("ERROR", "error returned from database: permission denied for table usage_records"))),
    Case("grants on the schema missing (N16)", "LG13", API, _crash(APP, 1, "Error: error returned from database: permission denied for schema public")),
    Case("too many clients (N10)", "LG07", API, _unready(_said("ERROR", "error returned from database: sorry, too many clients already"))),
    Case("connection slots kept for the superuser", "LG07", API, _unready("FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute")),
    Case("port taken by a sidecar (N15)", "LG11", API, _crash(APP, 1, "Error: Address already in use (os error 98)")),
    Case("PostgreSQL 17 on files of 16 (N18, D18)", "LG06", STORE, all_of(_crash(DB, 1, *_VERSIONS), lambda bed: bed.app_misses(f"{_DB_HOST}:5432"))),
    Case("no valid checkpoint", "LG15", STORE, all_of(_crash(DB, 1, *_CHECKPOINT), lambda bed: bed.app_misses(f"{_DB_HOST}:5432"))),
    Case("/dev/shm too small (N19)", "LG14", API, _unready(*_SHM)),
    Case("Redis does not save, said by the application (D16)", "LG17", REDIS, all_of(_unready(_said("ERROR", _MISCONF)), _variable("REDIS_URL", f"redis://{_CACHE_HOST}:6379"))),
    Case("Redis full", "LG18", REDIS, all_of(_unready(_said("ERROR", "OOM command not allowed when used memory > 'maxmemory'.")), _variable("REDIS_HOST", _CACHE_HOST))),
    Case("an architecture that the node has not (D19)", "LG20", API, _crash(APP, 255, "exec /usr/local/bin/llm-cost-ops: exec format error")),
    Case("a Service's variable taken for a port (D21)", "LG02", API, _crash(APP, 1, "Error: REDIS_PORT: invalid digit found in string: tcp://10.96.14.3:6379")),
    Case("an address with tcp:// that refuses is no Service's variable", "LG04", API, _crash(APP, 1, "Error: connect tcp://203.0.113.9:6379: Connection refused (os error 111)")),
    Case("a Service's variable that Go cannot read", "LG02", API, _crash(APP, 2, 'strconv.Atoi: parsing "tcp://10.96.14.3:6379": invalid syntax')),
    Case("a folder that may not be written", "LG10", API, _crash(APP, 1, "Error: Read-only file system (os error 30): /var/log/app")),
    Case("a table that is not there", "LG08", API, _unready(_said("ERROR", 'error returned from database: relation \\"usage_records\\" does not exist'))),
    Case("the database replays its log", "LG16", API, _unready(_said("ERROR", "FATAL: the database system is starting up"))),
    Case("the pool is spent", "LG21", API, _unready(_said("ERROR", "pool timed out while waiting for an open connection"))),
    Case("the pool of HikariCP is spent", "LG21", API, _unready("java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms (total=10, active=10, idle=0, waiting=3)")),
    Case("the pool waits for a store that is away", "CO01", STORE, all_of(lambda bed: bed.waits(DB, "ImagePullBackOff", f'Back-off pulling image "{IMAGE}": not found'), _unready(_said("ERROR", "database pool timed out")))),
    Case("the probe's path is not there, and a store was slow", "TR01", API, lambda bed: bed.runs_unready(APP, "HTTP probe failed with statuscode: 404", _said("WARN", "database pool timed out"))),
    Case("an access log of /geo/lookup is no name that does not resolve", "TR01", API, _unready(_ACCESS)),
    Case("a variable that is set is not missing", "TR01", API, _unready("DATABASE_URL is set")),
    Case("killed by its probe, and one flag is not set", "CO10", API, all_of(_killed, lambda bed: bed.log(APP, _said("WARN", "FEATURE_FLAGS_URL is not set, all flags are off")))),
    Case("wrong command, and JSON lines that are no errors", "CO08", API, _crash(APP, 127, '{"level":30,"msg":"HTTP_PROXY is not set"}', '{"@t":"2026-11-24T19:10:01Z","@m":"HTTP_PROXY is not set"}')),
    Case("a variable is missing, above the traceback of an exporter", "LG09", API, _crash(APP, 1, "Error: environment variable DATABASE_URL is not set", *_EXPORTER_TRACE)),
    Case("fatal words, asides after the error that says why", "LG04", API, _crash(APP, 1, 'level=error msg="ping" err="dial tcp 203.0.113.9:5432: connect: connection refused"', *['level=info msg="closing a listener"'] * 5, 'level=fatal msg="server terminated"')),
    Case("database's disk full, its clients fail as well", "VO06", STORE, all_of(_crash(DB, 1, _SERVER.format('FATAL:  could not write to file "pg_wal/x": No space left on device'), _SERVER.format('FATAL:  password authentication failed for user "exporter"')), lambda bed: bed.app_misses(f"{_DB_HOST}:5432"))),
    Case("a table that is not there, in logfmt", "LG08", API, _unready(r'level=error msg="relation \"usage_records\" does not exist"')),
    Case("the pool is spent, below a message of an exporter", "LG21", API, _unready(_EXPORTER[1], "java.sql.SQLTransientConnectionException: HikariPool-1 - Connection is not available, request timed out after 30000ms")),
    Case("the database's certificate is of another authority", "LG25", API, _unready(_said("ERROR", "tls: failed to verify certificate: x509: certificate signed by unknown authority"))),
    Case("V8's heap is full", "LG26", API, lambda bed: bed.crashes(APP, 134, "[1:0x7f] 41000 ms: Mark-Compact 2046.1 (2082.4) -> 2044.8 (2083.2) MB, 1402.1 / 0.0 ms", "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory")),
    Case("a replica is called", "LG19", API, _unready(_said("ERROR", "cannot execute INSERT in a read-only transaction"))),
)  # fmt: skip

HEALTHY: dict[str, Break] = {
    "lines of errors of before, and it is ready": lambda bed: bed.log(APP, _said("ERROR", "sorry, too many clients already"), *_PANIC),
    "an upgrade that failed long ago, overtaken": lambda bed: bed.record("failed", "superseded", "deployed"),
    "Redis logs that it saves": lambda bed: bed.log(CACHE, "1:M 24 Nov 2026 19:10:01.000 * Background saving terminated with success"),
}  # fmt: skip
