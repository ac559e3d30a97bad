"""Causes that containers can produce, produced there: the wizard names each one first, and nothing once it is put right.

One release for all of them: its worker (`worker.py`) and its stores are broken and mended in turn.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.realnode import node, worker
from tests.realnode.conftest import RELEASE, Release, new_release, until
from tests.realnode.person import Person
from tests.realnode.test_diagnose import CACHE, proof
from tests.realnode.worker import (
    APPLICATION,
    OF_ITS_IMAGE,
    WORKER,
    calls_postgres,
    calls_redis,
    container,
    mounting,
    pod,
)
from wizard.sandbox.toolchain import tool_path

pytestmark = [pytest.mark.real, pytest.mark.xdist_group("causes")]

_DATA, _APPENDED = "pgdata", "appendonlydir"
Around = Callable[[Release], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def release(node: node.Node, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    """A release with a worker, and what the worker's pods refer to."""
    values = tmp_path_factory.mktemp("causes") / "values.json"
    values.write_text(worker.values())
    with new_release("helm4", node) as one:
        one.install("-f", str(values))
        one.kubectl("create", "configmap", "rules", "--from-literal=rules.yaml=no program")
        yield one


@pytest.fixture
def person(release: Release, tmp_path: Path) -> Person:
    """Who looks at the release."""
    return Person(release, tmp_path)


def beside(*sql: str, undone: str = "") -> Around:
    """What the database is told before the worker is broken, and afterwards."""

    @contextmanager
    def around(release: Release) -> Iterator[None]:
        for text in sql:
            release.sql(text)
        yield
        release.sql(undone)

    return around


def told_redis(*words: str, undone: tuple[str, ...]) -> Around:
    """What Redis is told before the worker is broken, and afterwards."""

    @contextmanager
    def around(release: Release) -> Iterator[None]:
        release.redis(*words)
        yield
        release.redis(*undone)

    return around


@contextmanager
def meanwhile(release: Release, pod_name: str, *command: str) -> Iterator[None]:
    """A command that runs in a pod all the while."""
    words = [
        str(tool_path("kubectl")),
        "--kubeconfig",
        release.kubeconfig,
        "-n",
        release.namespace,
        "exec",
        pod_name,
        "--",
        *command,
    ]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


@contextmanager
def table_locked(release: Release) -> Iterator[None]:
    """A session of the database holds a table."""
    release.sql("create table held(a int)")
    script = "begin; lock table held; select pg_sleep(600)"
    held = (
        "select count(*) from pg_locks l join pg_class c on c.oid = l.relation where c.relname = 'held' and l.granted"
    )
    with meanwhile(
        release, f"{RELEASE}-postgresql-0", "psql", "-U", "postgres", "-d", "llm_cost_ops_prod", "-c", script
    ):
        until(lambda: release.sql(held) == "1", "the table is locked")
        yield
        release.sql(
            "select pg_terminate_backend(pid) from pg_stat_activity where query like '%lock table held%' and pid <> pg_backend_pid()"
        )
    release.sql("drop table held")


@contextmanager
def script_runs(release: Release) -> Iterator[None]:
    """Redis runs a script that does not end."""
    release.redis("config", "set", "busy-reply-threshold", "50")
    with meanwhile(release, f"{RELEASE}-redis-0", "redis-cli", "eval", "while true do end", "0"):
        until(lambda: "BUSY" in release.redis("get", "x"), "Redis is busy")
        yield
        release.redis("script", "kill")


@contextmanager
def memory_full(release: Release) -> Iterator[None]:
    """Redis has more than its memory allows, and may forget nothing."""
    release.redis("config", "set", "maxmemory", "100kb", "maxmemory-policy", "noeviction")
    yield
    release.redis("config", "set", "maxmemory", "100mb", "maxmemory-policy", "allkeys-lru")


@dataclass(frozen=True)
class Ill:
    """A worker that cannot work: its pod, the first finding, and words that title or evidence have."""

    name: str
    cause: str
    says: str
    spec: Mapping[str, Any]
    around: Around = lambda _: nullcontext()


_RULES = {"configMap": {"name": "rules", "defaultMode": 0o755}}
_PREPARE = container("exit 3", name="prepare")


def _probe(kind: str, **how: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {kind: {"periodSeconds": 1, "failureThreshold": 2, **how}}
    return pod(container(**fields))


_APP_ROLE = "create role app login password 'x'"
_AS_APP = {"PGUSER": "app", "PGPASSWORD": "x"}
_ENV_KEY = [{"name": "RULES", "valueFrom": {"configMapKeyRef": {"name": "rules", "key": "gone"}}}]

WORKERS = (
    # The command
    Ill("command with a path that is not there", "CO08", "no such file or directory", pod(container(command=["/usr/local/bin/nope"]))),
    Ill("command that is not in PATH", "CO08", "executable file not found in $PATH", pod(container(command=["nope"]))),
    Ill("command that may not be run", "CO08", "permission denied", pod(container(command=["/etc/passwd"]))),
    Ill("shell that does not find it", "CO08", "exit code 127", pod(container("nope --serve"))),
    Ill("file of a volume that is no program", "LG20", "/srv/rules.yaml comes from a volume", mounting(_RULES, "/srv") | {"containers": [container(command=["/srv/rules.yaml"], volumeMounts=[{"name": "given", "mountPath": "/srv"}])]}),
    Ill("command that ends without an error", "CO12", "ends by itself", pod(container("echo migrated 3 tables"))),
    Ill("panic", "CO11", "exit code 101", pod(container("echo \"thread 'main' panicked at src/main.rs:9:\"; echo 'no licence'; exit 101"))),
    Ill("init container that fails", "CO11", "container prepare crashes with exit code 3", pod(initContainers=[_PREPARE])),
    Ill("init container without its program", "CO08", "container prepare cannot be run", pod(initContainers=[_PREPARE | {"command": ["prepare"]}])),
    Ill("postStart hook that fails", "CO08", "sh -c echo no licence; exit 4", pod(container(lifecycle={"postStart": {"exec": {"command": ["sh", "-c", "echo no licence; exit 4"]}}}))),
    Ill("postStart hook without its program", "CO08", "postStart hook", pod(container(lifecycle={"postStart": {"exec": {"command": ["warm-up"]}}}))),
    # User, memory, probes
    Ill("image that runs as root", "CO07", "image will run as root", pod(container(securityContext=OF_ITS_IMAGE))),
    Ill("too much memory", "CO09", "OOMKilled", pod(container("head -c 200m /dev/zero | tail", resources={"limits": {"memory": "24Mi"}}))),
    Ill("startup probe that gives up too early", "CO10", "startupProbe, which allows 2 s", _probe("startupProbe", exec={"command": ["cat", "/run/ready"]})),
    Ill("liveness probe at a port where nobody listens", "CO10", "livenessProbe", _probe("livenessProbe", tcpSocket={"port": 8080})),
    Ill("readiness probe at a port where nobody listens", "TR01", "connection refused", _probe("readinessProbe", tcpSocket={"port": 8080})),
    Ill("readiness probe whose program is not there", "TR01", 'cannot be run: exec: "check-health"', _probe("readinessProbe", exec={"command": ["check-health", "localhost"]})),
    # What is mounted and given
    Ill("ConfigMap of variables missing", "CO06", "ConfigMap gone is not there", pod(container(envFrom=[{"configMapRef": {"name": "gone"}}]))),
    Ill("Secret of a variable missing", "CO06", "Secret gone is not there", pod(container(env=[{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "gone", "key": "key"}}}]))),
    Ill("key of a variable missing", "CO06", "key gone of ConfigMap rules is not there", pod(container(env=_ENV_KEY))),
    Ill("ConfigMap of a volume missing", "CO06", "ConfigMap gone is not there", mounting({"configMap": {"name": "gone"}}, "/srv")),
    Ill("Secret of a volume missing", "CO06", "Secret gone is not there", mounting({"secret": {"secretName": "gone"}}, "/srv")),
    Ill("key of a volume missing", "CO06", "keys there: rules.yaml", mounting({"configMap": {"name": "rules", "items": [{"key": "gone", "path": "x"}]}}, "/srv")),
    Ill("key of a projected volume missing", "CO06", "key gone of ConfigMap rules is not there", mounting({"projected": {"sources": [{"configMap": {"name": "rules", "items": [{"key": "gone", "path": "x"}]}}]}}, "/srv")),
    Ill("subPath that is not there, over a file", "CO07", "mount at /etc/passwd fails: not a directory", mounting(_RULES, "/etc/passwd", subPath="gone")),
    Ill("subPath below a file", "CO07", "failed to prepare subPath", mounting(_RULES, "/srv/x", subPath="rules.yaml/below")),
    Ill("subPathExpr without its variable", "CO07", "missing value for TENANT", mounting({"emptyDir": {}}, "/srv", subPathExpr="$(TENANT)")),
    Ill("file system that is read-only", "LG10", "Read-only file system", pod(container("touch /var/log/app.log && exec sleep 100000"))),
    Ill("folder of another user", "LG10", "Permission denied", pod(container("echo x > /data/state && exec sleep 100000"))),
    Ill("volume of memory that is full", "VO06", "No space left on device", mounting({"emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}}, "/tmp", "head -c 4m /dev/zero > /tmp/x && exec sleep 100000")),
    # Images
    Ill("image that is not on the node and may not be pulled", "CO05", "pull policy is Never", pod(container(image="docker.io/acme/nothing:v1", imagePullPolicy="Never"))),
    Ill("image whose name is not valid", "CO05", "its name is not valid", pod(container(image="docker.io/Acme/Nothing:v1"))),
    Ill("registry whose name does not resolve", "CO03", "cannot reach the registry", pod(container(image="registry.acme.test/nothing:v1"))),
    Ill("registry that refuses", "CO03", "connection refused", pod(container(image="127.0.0.1:9/nothing:v1"))),
    # Names, ports, variables of Services
    Ill("name that does not resolve", "LG03", "no Service of that name", calls_postgres("select 1", PGHOST="llm-cost-ops-postgres")),
    Ill("name that Redis' client does not resolve", "LG03", "no Service of that name", calls_redis("ping", REDIS_HOST="llm-cost-ops-cache")),
    Ill("port that the Service has not", "LG04", "it calls port 5433 of llm-cost-ops-postgresql, and its Service has port 5432", calls_postgres("select 1", PGPORT="5433")),
    Ill("address that nobody has", "LG04", "nothing answers at 10.244.0.250", calls_postgres("select 1", PGHOST="10.244.0.250")),
    Ill("Service's variable as a port of Redis", "LG02", "enableServiceLinks", pod(container(command=["redis-server", "--port", "$(LLM_COST_OPS_REDIS_PORT)"]), enableServiceLinks=True)),
    Ill("Service's variable as a port of Go", "LG02", "enableServiceLinks", pod(container(image=APPLICATION, command=None, env=[{"name": "PORT", "value": "$(LLM_COST_OPS_REDIS_PORT)"}]), enableServiceLinks=True)),
    # PostgreSQL's answers
    Ill("database that is not there", "LG22", 'database "costs" does not exist', calls_postgres("select 1", PGDATABASE="costs")),
    Ill("user that is not there", "LG01", "password authentication failed", calls_postgres("select 1", PGUSER="costs")),
    Ill("no password", "LG01", "no password supplied", calls_postgres("select 1", PGPASSWORD="")),
    Ill("user that may not log in", "LG22", "not permitted to log in", calls_postgres("select 1", **_AS_APP), beside("create role app nologin password 'x'", undone="drop role app")),
    Ill("user without a connection left", "LG07", "too many connections for role", calls_postgres("select 1", **_AS_APP), beside(f"{_APP_ROLE} connection limit 0", undone="drop role app")),
    Ill("user without a grant", "LG13", "permission denied for schema public", calls_postgres("create table mine(a int)", **_AS_APP), beside(_APP_ROLE, undone="drop role app")),
    Ill("table that is not there", "LG08", 'relation "usage" does not exist', calls_postgres("select * from usage")),
    Ill("column that is not there", "LG08", "column", calls_postgres("select currency from pg_class")),
    Ill("function that is not there", "LG08", "does not exist", calls_postgres("select uuid_generate_v9()")),
    Ill("database that only reads", "LG19", "read-only transaction", calls_postgres("create table mine(a int)", PGOPTIONS="-c default_transaction_read_only=on")),
    Ill("statement that runs too long", "LG23", "statement timeout", calls_postgres("select pg_sleep(9)", PGOPTIONS="-c statement_timeout=300")),
    Ill("table that another session holds", "LG23", "lock timeout", calls_postgres("alter table held add b int", PGOPTIONS="-c lock_timeout=300"), table_locked),
    Ill("extension that the server's image has not", "LG28", 'extension "timescaledb" is not available', calls_postgres("create extension timescaledb")),
    # What the program itself lacks
    Ill("shared library that is not there", "LG27", "error while loading shared libraries", pod(container("exec /lib64/ld-linux-x86-64.so.2 --inhibit-cache --library-path /nowhere /usr/bin/redis-cli"))),
    # Redis' answers
    Ill("no password of Redis", "LG01", "NOAUTH", calls_redis("get x", password="")),
    Ill("wrong password of Redis", "LG01", "WRONGPASS", calls_redis("get x", password="wrong")),
    Ill("user of Redis without a right", "LG13", "NOPERM", calls_redis("--user limited --pass x set a b"), told_redis("acl", "setuser", "limited", "on", ">x", "~*", "+get", undone=("acl", "deluser", "limited"))),
    Ill("database number that Redis has not", "LG22", "DB index is out of range", calls_redis("select 99")),
    Ill("Redis as a replica", "LG19", "READONLY", calls_redis("set a b"), told_redis("replicaof", "127.0.0.1", "1", undone=("replicaof", "no", "one"))),
)  # fmt: skip


@pytest.mark.parametrize("ill", WORKERS, ids=lambda ill: ill.name)
def test_a_worker_that_cannot_work(release: Release, person: Person, ill: Ill) -> None:
    with ill.around(release):
        worker.run(release, ill.spec)
        first = person.finds(ill.cause, WORKER)
        assert ill.says in f"{first['title']}\n{first['remedy']}\n{proof(first)}"
    worker.run(release, pod())
    person.finds_nothing()


@dataclass(frozen=True)
class Broken:
    """A store whose files were changed while it was away: what damages them, and what puts them back."""

    name: str
    store: str
    cause: str
    says: str
    files: tuple[Callable[[Path], None], Callable[[Path], None]]
    code: int = 1
    """How `diagnose` ends: 0 for what goes on by itself."""


def _recovering() -> tuple[Callable[[Path], None], Callable[[Path], None]]:
    """What has PostgreSQL wait for its log from an archive, and what lets it go on."""
    setting, _ = worker.added(f"{_DATA}/postgresql.auto.conf", "restore_command = 'sleep 3600'\n")
    signal, _ = worker.added(f"{_DATA}/recovery.signal", "")
    empty, _ = worker.added(f"{_DATA}/postgresql.auto.conf", "")

    def damage(files: Path) -> None:
        setting(files)
        signal(files)

    def restore(files: Path) -> None:
        empty(files)
        (files / _DATA / "recovery.signal").unlink(missing_ok=True)

    return damage, restore


STORES = (
    Broken("files of another major version", "postgresql", "LG06", "version 15", worker.replaced(f"{_DATA}/PG_VERSION", lambda _: b"15\n")),
    Broken("data folder of another user", "postgresql", "LG06", "wrong ownership", worker.owned_by(_DATA, 1234, 0o770)),
    Broken("data folder that may not be read", "postgresql", "LG06", "could not access directory", worker.owned_by(_DATA, 1234, 0o700)),
    Broken("control file that is empty", "postgresql", "LG15", "pg_control", worker.replaced(f"{_DATA}/global/pg_control", lambda _: b"")),
    Broken("control file that is damaged", "postgresql", "LG15", "incorrect checksum in control file", worker.replaced(f"{_DATA}/global/pg_control", lambda was: was[:20] + bytes([was[20] ^ 255]) + was[21:])),
    Broken("log of the database lost", "postgresql", "LG15", "could not locate a valid checkpoint record", worker.emptied(f"{_DATA}/pg_wal")),
    Broken("setting that PostgreSQL does not know", "postgresql", "LG24", 'parameter "shared_bufers"', worker.added(f"{_DATA}/postgresql.auto.conf", "shared_bufers = '1GB'\n")),
    Broken("recovery that takes long", "postgresql", "LG16", "the database system is starting up", _recovering(), 0),
    Broken("append-only file with foreign bytes", "redis", "LG15", "Bad file format reading the append only file", worker.replaced(f"{_APPENDED}/*.incr.aof", lambda was: was + b"not of Redis\r\n")),
    Broken("append-only file cut off", "redis", "LG15", "damaged", worker.replaced(f"{_APPENDED}/*.base.rdb", lambda was: was[:20])),
    Broken("append-only folder of another user", "redis", "LG06", "Permission denied", worker.owned_by(_APPENDED, 0, 0o700)),
)  # fmt: skip


@pytest.mark.parametrize("broken", STORES, ids=lambda broken: broken.name)
def test_a_store_whose_files_are_not_as_they_were(release: Release, person: Person, broken: Broken) -> None:
    damage, restore = broken.files
    release.redis("set", "kept", "1")
    worker.while_away(release, broken.store, damage)
    try:
        first = person.finds(broken.cause, f"StatefulSet/{RELEASE}-{broken.store}", broken.code)
        assert broken.says in f"{first['title']}\n{proof(first)}"
    finally:
        worker.while_away(release, broken.store, restore)
    person.finds_nothing()


def test_a_volume_whose_folder_is_gone_is_told_and_mounted_once_it_is_back(release: Release, person: Person) -> None:
    files = worker.volume(release, "postgresql")
    hidden = files.with_name(f"{files.name}.hidden")

    def hide(_: Path) -> None:
        files.rename(hidden)

    worker.while_away(release, "postgresql", hide)
    try:
        first = person.finds("VO05", f"StatefulSet/{RELEASE}-postgresql", limit=240)  # after what the kubelet waits
        assert "claim data-llm-cost-ops-postgresql-0 cannot be mounted" in first["title"]
        assert "does not exist" in proof(first)
    finally:
        hidden.rename(files)
    person.finds_nothing()


def test_redis_that_still_reads_its_data_goes_on_by_itself(release: Release, person: Person) -> None:
    fill = "for i = 1, 5000 do redis.call('set', 'kept' .. i, string.rep('x', 300)) end"
    release.redis("eval", fill, "0")
    release.redis("bgrewriteaof")
    settings = release.get("configmap", f"{RELEASE}-redis")["data"]
    slow = {"redis.conf": f"{settings['redis.conf']}key-load-delay 20000\nloading-process-events-interval-bytes 1024\n"}
    worker.while_away(release, "redis", lambda _: release.patch("configmap", f"{RELEASE}-redis", {"data": slow}))
    try:
        first = person.finds("LG16", CACHE, 0)
        assert "LOADING Redis is loading the dataset in memory" in proof(first)
    finally:
        worker.while_away(
            release, "redis", lambda _: release.patch("configmap", f"{RELEASE}-redis", {"data": settings})
        )
    person.finds_nothing()


def test_redis_that_takes_no_writes_is_a_cause_of_redis(release: Release, person: Person) -> None:
    with memory_full(release):
        worker.run(release, calls_redis("set a b"))
        first = person.finds("LG18", CACHE)
        assert "OOM command not allowed" in proof(first)
    worker.run(release, pod())
    person.finds_nothing()


def test_redis_that_runs_a_script_is_told_with_what_ends_it(release: Release, person: Person) -> None:
    with script_runs(release):
        worker.run(release, calls_redis("set a b"))
        first = person.finds("LG23", CACHE)
        assert "SCRIPT KILL" in str(first["remedy"])
    worker.run(release, pod())
    person.finds_nothing()


def test_redis_that_cannot_save_is_told_with_why(release: Release, person: Person) -> None:
    files = worker.volume(release, "redis")
    release.redis("config", "set", "save", "1 1")
    mode = files.stat().st_mode & 0o7777
    files.chmod(0o555)
    try:
        release.redis("set", "kept", "1")
        until(lambda: "MISCONF" in release.redis("set", "kept", "2"), "Redis takes no writes")
        first = person.finds("LG06", CACHE)
        assert "Failed opening the temp RDB file" in proof(first)
        assert "Permission denied" in proof(first)
    finally:
        files.chmod(mode)
        worker.while_away(release, "redis", lambda _: None)
    person.finds_nothing()


def test_redis_without_a_connection_left_is_told_in_its_own_words(release: Release, person: Person) -> None:
    release.redis("config", "set", "maxclients", "1")
    with meanwhile(release, f"{RELEASE}-redis-0", "redis-cli", "--no-auth-warning", "blpop", "nothing", "120"):
        first = person.finds("LG07", CACHE)
        assert "max number of clients reached" in proof(first)
    worker.while_away(release, "redis", lambda _: None)
    person.finds_nothing()


def test_a_password_of_redis_that_was_changed_inside_it_is_told(release: Release, person: Person) -> None:
    release.redis("config", "set", "requirepass", "AnotherPassword")
    first = person.finds("LG01", CACHE)
    assert "WRONGPASS" in proof(first)
    assert "AnotherPassword" not in str(first)
    worker.while_away(release, "redis", lambda _: None)
    person.finds_nothing()


def test_a_pod_that_writes_more_than_its_limit_is_evicted_and_told(release: Release, person: Person) -> None:
    full = mounting({"emptyDir": {"sizeLimit": "1Mi"}}, "/tmp", "head -c 20m /dev/zero > /tmp/x; exec sleep 100000")
    worker.run(release, full)
    found = person.diagnose_until(lambda found: any(one["id"] == "SC07" for one in found["findings"]), "SC07")
    first = found["findings"][0]
    assert (first["id"], first["object"]) == ("SC07", WORKER)
    assert "more local disk than its limit" in first["title"]
    assert "exceeds the limit" in proof(first)
    worker.run(release, pod())
    release.kubectl("delete", "pods", "--field-selector=status.phase=Failed", "--wait=false")
    person.finds_nothing()


def test_a_port_of_the_node_that_is_taken_leaves_the_second_pod_without_a_place(
    release: Release, person: Person
) -> None:
    label = "pod-security.kubernetes.io/enforce"
    release.kubectl("label", "namespace", release.namespace, "--overwrite", f"{label}=privileged")
    worker.run(release, pod(container(ports=[{"containerPort": 5999, "hostPort": 5999}])))
    release.kubectl("scale", "deployment", "worker", "--replicas=2")
    first = person.finds("SC06", WORKER)
    assert "free ports" in first["title"]
    release.kubectl("scale", "deployment", "worker", "--replicas=1")
    worker.run(release, pod())
    release.kubectl("label", "namespace", release.namespace, "--overwrite", f"{label}=restricted")
    person.finds_nothing()
