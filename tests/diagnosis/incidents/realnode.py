"""Words that a real node said: kubelet 1.36.3, containerd 2.4.2, runc 1.1.5, PostgreSQL 16.15 with psql 16.2, Redis 7.0.15.

`tests/realnode/test_causes.py` and `test_node_disk.py` produce them there, in real containers.
"""

from __future__ import annotations

from typing import Any

from tests.diagnosis.breaking import APP, CACHE, DB, Bed, Break, all_of
from tests.diagnosis.cases import API, REDIS, STORE, Case

_503 = "HTTP probe failed with statuscode: 503"
_RUNC = (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: "
    "unable to start container process: "
)
_EXEC = (
    'rpc error: code = Unknown desc = failed to exec in container: failed to start exec "{0}": OCI runtime exec failed: exec failed: '
    'unable to start container process: exec: "check-health": executable file not found in $PATH'
)
_SUB_PATH = "/var/lib/kubelet/pods/6d643c59-57c0-40eb-87ba-5c4c4857c3e9/volume-subpaths/rules/app/0"
_NO_MOUNT = (
    f'{_RUNC}error during container init: error mounting "{_SUB_PATH}" to rootfs at "/etc/app/rules.yaml": mount {_SUB_PATH}:'
    "/etc/app/rules.yaml (via /proc/self/fd/6), flags: 0x5001: not a directory"
)
_HOOK = (
    'Exec lifecycle hook ([sh -c /opt/warm-up]) for Container "app" in Pod "llm-cost-ops-9479468f4-26gxp_shop(d3e4e7c5)" failed - '
    "error: command 'sh -c /opt/warm-up' exited with 4: , message: \"no licence file\\n\""
)
_PSQL = 'psql: error: connection to server at "llm-cost-ops-postgresql" (10.96.141.227), port 5432 failed: '
_REDIS_CONFIG = (
    "*** FATAL CONFIG FILE ERROR (Redis 7.0.15) ***", "Reading the configuration file, at line 3", ">>> 'maxmemory-policy \"most\"'",
    "argument(s) must be one of the following: volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, "
    "allkeys-random, noeviction",
)  # fmt: skip
_REDIS_PORT = (
    *_REDIS_CONFIG[:2],
    ">>> 'port \"tcp://10.96.211.140:6379\"'",
    "argument couldn't be parsed into an integer",
)


def _cannot_mount(words: str, *volumes: dict[str, Any]) -> Break:
    """The kubelet makes no container, because of a volume."""

    def act(bed: Bed) -> None:
        bed.waits(APP, "ContainerCreating", "")
        for pod in bed.pods(APP):
            pod["spec"]["volumes"] = [*(pod["spec"].get("volumes") or ()), *volumes]
            bed.event(pod, "FailedMount", f'MountVolume.SetUp failed for volume "rules" : {words}')

    return act


_RULES = {"name": "rules", "configMap": {"name": "rules", "items": [{"key": "rules.yaml", "path": "rules.yaml"}]}}
_LICENCE = {
    "name": "rules",
    "secret": {"secretName": "licence", "items": [{"key": "licence.key", "path": "licence.key"}]},
}
_BOTH = {
    "name": "rules",
    "projected": {"sources": [{"secret": {"name": "licence"}}, {"configMap": _RULES["configMap"]}]},
}


def _not_started(words: str, *, waits: bool = False) -> Break:
    """The runtime does not start the container; the words are in the waiting state at first, then in the last one."""

    def act(bed: Bed) -> None:
        if waits:
            bed.waits(APP, "RunContainerError", words)
        else:
            bed.crashes(APP, 128, reason="StartError", message=words)
        for pod in bed.pods(APP):
            mount = {"name": "rules", "mountPath": "/etc/app/rules.yaml", "subPath": "rules.yml"}
            pod["spec"]["containers"][0]["volumeMounts"] = [mount]
            bed.event(pod, "Failed", f"Error: {words}", container="app")

    return act


def _hook_fails(*, stated: bool) -> Break:
    """A postStart hook: its words are in the waiting state of PostStartHookError alone, and the event says only that it failed."""

    def act(bed: Bed) -> None:
        bed.crashes(APP, 137, "listening on :8080")
        for pod in bed.pods(APP):
            one = pod["status"]["containerStatuses"][0]
            pod["spec"]["containers"][0]["lifecycle"] = {
                "postStart": {"exec": {"command": ["sh", "-c", "/opt/warm-up"]}}
            }
            bed.event(pod, "FailedPostStartHook", "PostStartHook failed", container=one["name"], count=2)
            if stated:
                one["state"] = {"waiting": {"reason": "PostStartHookError", "message": _HOOK}}

    return act


def _mounted_script(bed: Bed) -> None:
    bed.crashes(APP, 1, "exec /srv/start: exec format error")
    for pod in bed.pods(APP):
        pod["spec"]["containers"][0].update(
            command=["/srv/start"], volumeMounts=[{"name": "rules", "mountPath": "/srv"}]
        )


def _probe_is_no_program(bed: Bed) -> None:
    """Each failure is an event of its own: the id of the exec differs."""
    bed.runs_unready(APP, "")
    bed.world.events = [event for event in bed.world.events if event.reason != "Unhealthy"]
    for pod in bed.pods(APP):
        pod["spec"]["containers"][0]["readinessProbe"] = {
            "exec": {"command": ["check-health", "localhost"]},
            "periodSeconds": 1,
        }
        for number in range(4):
            words = f"Readiness probe errored and resulted in unknown state: {_EXEC.format(number)}"
            bed.event(pod, "Unhealthy", words, container="app", count=1)


def _crash(*log: str, code: int = 1, component: str = APP) -> Break:
    return lambda bed: bed.crashes(component, code, *log)


def _unready(*log: str) -> Break:
    return lambda bed: bed.runs_unready(APP, _503, *log)


def _server(*lines: str) -> tuple[str, ...]:
    return tuple(f"2026-11-24 19:10:01.002 UTC [28] {line}" for line in lines)


_DOWN = (
    "LOG:  startup process (PID 13) exited with exit code 1", "LOG:  terminating any other active server processes",
    "LOG:  shutting down due to startup process failure", "LOG:  database system is shut down",
)  # fmt: skip
_AWAY = {DB: "llm-cost-ops-postgresql:5432", CACHE: "llm-cost-ops-redis:6379"}


def _store(component: str, *log: str) -> Break:
    """A store ends with these words, and the application misses it."""
    return all_of(_crash(*log, component=component), lambda bed: bed.app_misses(_AWAY[component]))


def _config_refused(words: str) -> Break:
    return lambda bed: bed.waits(APP, "CreateContainerConfigError", words)


_LOW = "The node was low on resource: ephemeral-storage. Threshold quantity: 671703, available: 24Ki. Container app was using 32Ki, request is 0, has larger consumption of ephemeral-storage. "


def _disk_of_the_node(bed: Bed) -> None:
    """Its disk is full: a pod of it was evicted."""
    bed.evicted(20, _LOW)
    node = bed.one("Node", bed.pods(APP)[0]["spec"]["nodeName"])
    for one in node["status"]["conditions"]:
        if one["type"] == "DiskPressure":
            one.update(status="True", reason="KubeletHasDiskPressure", message="kubelet has disk pressure", lastTransitionTime=bed.ago(24))  # fmt: skip


CASES: tuple[Case, ...] = (
    # The kubelet and the runtime
    Case("key of a ConfigMap missing in a volume", "CO06", API, _cannot_mount("configmap references non-existent config key: rules.yaml", _RULES)),
    Case("key of a Secret missing in a volume", "CO06", API, _cannot_mount("references non-existent secret key: licence.key", _LICENCE)),
    Case("Secret and key missing in one projected volume", "CO06", API, _cannot_mount('[secret "licence" not found, configmap references non-existent config key: rules.yaml]', _BOTH)),
    Case("subPath that is not in the ConfigMap, over a file", "CO07", API, _not_started(_NO_MOUNT)),
    Case("subPath that is not in the ConfigMap, first try", "CO07", API, _not_started(_NO_MOUNT, waits=True)),
    Case("subPath below a file", "CO07", API, _config_refused('failed to prepare subPath for volumeMount "rules" of container "app"')),
    Case("subPathExpr with a variable that is not set", "CO07", API, _config_refused("missing value for TENANT")),
    Case("image runs as root, in the kubelet's whole sentence", "CO07", API, _config_refused('container has runAsNonRoot and image will run as root (pod: "llm-cost-ops-587977f68c-scz5k_shop(06b7e205)", container: app)')),
    Case("command that is no file, in runc's words", "CO08", API, _not_started(f'{_RUNC}exec: "/usr/local/bin/nope": stat /usr/local/bin/nope: no such file or directory')),
    Case("command that may not be run", "CO08", API, _not_started(f'{_RUNC}exec: "/etc/passwd": permission denied', waits=True)),
    Case("postStart hook fails", "CO08", API, _hook_fails(stated=True)),
    Case("postStart hook failed, the container waits", "CO08", API, _hook_fails(stated=False)),
    Case("readiness probe's program is not in the image", "TR01", API, _probe_is_no_program),
    Case("script of a volume without its first line", "LG20", API, _mounted_script),
    # What programs say
    Case("volume of memory full", "VO06", API, _crash("head: error writing 'standard output': No space left on device")),
    Case("shell may not write where it is not root", "LG10", API, _crash("sh: 1: cannot create /data/state: Permission denied", code=2)),
    Case("Go may not create its folder", "LG10", API, _crash('{"level":"ERROR","msg":"serve failed","error":"mkdir /app/data: permission denied"}')),
    Case("Python may not write a file", "LG10", API, _crash("Traceback (most recent call last):", '  File "/app/main.py", line 3, in <module>', "PermissionError: [Errno 13] Permission denied: '/var/log/app.log'")),
    Case("a Service's variable in Redis' own configuration", "LG02", API, _crash(*_REDIS_PORT)),
    Case("a Service's variable that Go listens on", "LG02", API, _crash('{"level":"ERROR","msg":"serve failed","error":"listen tcp: address :tcp://10.96.211.140:6379: too many colons in address"}')),
    Case("Redis does not know a setting", "LG24", REDIS, _store(CACHE, *_REDIS_CONFIG)),
    Case("PostgreSQL does not know a setting", "LG24", STORE, _store(DB, *_server('LOG:  unrecognized configuration parameter "shared_bufers" in file "/var/lib/postgresql/data/pgdata/postgresql.auto.conf" line 1', 'FATAL:  configuration file "/var/lib/postgresql/data/pgdata/postgresql.auto.conf" contains errors'))),
    # Clients of PostgreSQL
    Case("database not there, and the server answers", "LG22", API, _crash(f'{_PSQL}FATAL:  database "costs" does not exist')),
    Case("role not there", "LG22", API, _unready('FATAL:  role "costs" does not exist')),
    Case("role that may not log in", "LG22", API, _crash(f'{_PSQL}FATAL:  role "app" is not permitted to log in')),
    Case("no password given to PostgreSQL", "LG01", API, _crash(f"{_PSQL}fe_sendauth: no password supplied")),
    Case("wrong password, in libpq's whole sentence", "LG01", API, _crash(f'{_PSQL}FATAL:  password authentication failed for user "costs"')),
    Case("connection limit of a role", "LG07", API, _crash(f'{_PSQL}FATAL:  too many connections for role "app"')),
    Case("server starts, in libpq's whole sentence", "LG16", API, _crash(f"{_PSQL}FATAL:  the database system is starting up")),
    Case("port that the Service has not", "LG04", API, _crash(_PSQL.replace("5432", "5433") + "Connection refused", "\tIs the server running on that host and accepting TCP/IP connections?")),
    Case("database's address answers nobody", "LG04", API, _crash('psql: error: connection to server at "10.244.0.250", port 5432 failed: timeout expired')),
    Case("column that is not there", "LG08", API, _crash('ERROR:  column "currency" does not exist', "LINE 1: select currency from usage", "               ^")),
    Case("function of an extension that is not there", "LG08", API, _crash("ERROR:  function uuid_generate_v4() does not exist", "LINE 1: select uuid_generate_v4()", "               ^", "HINT:  No function matches the given name and argument types. You might need to add explicit type casts.")),
    Case("statement waits for a lock", "LG23", API, _crash("ERROR:  canceling statement due to lock timeout")),
    Case("statement runs too long", "LG23", API, _unready("ERROR:  canceling statement due to statement timeout")),
    # Clients of Redis
    Case("no password given to Redis", "LG01", API, _crash("NOAUTH Authentication required.")),
    Case("wrong password given to Redis", "LG01", API, _crash("AUTH failed: WRONGPASS invalid username-password pair or user is disabled.", "NOAUTH Authentication required.")),
    Case("Redis runs a script", "LG23", REDIS, _crash("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")),
    Case("database number that Redis has not", "LG22", API, _crash("ERR DB index is out of range")),
    # The node
    Case("disk of the node that is full, with a pod that it took", "CL01", "Node/node-2", _disk_of_the_node),
    # Files of the stores
    Case("files of another major version, in the words of 16", "LG06", STORE, _store(DB, *_server("FATAL:  database files are incompatible with server", "DETAIL:  The data directory was initialized by PostgreSQL version 15, which is not compatible with this version 16.15."))),
    Case("data folder of another user, with its hint", "LG06", STORE, _store(DB, *_server('FATAL:  data directory "/var/lib/postgresql/data/pgdata" has wrong ownership', "HINT:  The server must be started by the user that owns the data directory."))),
    Case("data folder that initdb may not read", "LG06", STORE, _store(DB, 'The default text search configuration will be set to "english".', "Data page checksums are disabled.", 'initdb: error: could not access directory "/var/lib/postgresql/data/pgdata": Permission denied')),
    Case("control file empty", "LG15", STORE, _store(DB, *_server('PANIC:  could not read file "global/pg_control": read 0 of 296'))),
    Case("control file damaged", "LG15", STORE, _store(DB, *_server("FATAL:  incorrect checksum in control file", "LOG:  database system is shut down"))),
    Case("write-ahead log lost", "LG15", STORE, _store(DB, *_server("LOG:  database system was shut down at 2026-11-29 22:41:11 UTC", "LOG:  invalid checkpoint record", "PANIC:  could not locate a valid checkpoint record", *_DOWN))),
    Case("folder of the write-ahead log not there", "LG15", STORE, _store(DB, *_server('FATAL:  required WAL directory "pg_wal" does not exist', *_DOWN))),
    Case("append-only file with foreign bytes", "LG15", REDIS, _store(CACHE, "1:M 29 Nov 2026 22:43:07.451 * DB loaded from base file appendonly.aof.1.base.rdb: 0.000 seconds", "1:M 29 Nov 2026 22:43:07.451 # Bad file format reading the append only file appendonly.aof.1.incr.aof: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>")),
    Case("append-only file cut off", "LG15", REDIS, _store(CACHE, "1:M 29 Nov 2026 22:43:22.572 # Short read or OOM loading DB. Unrecoverable error, aborting now.", "1:M 29 Nov 2026 22:43:22.572 # Internal error in RDB reading offset 0, function at rdb.c:3249 -> Unexpected EOF reading RDB file", "[offset 0] Checking RDB file appendonly.aof.1.base.rdb")),
    Case("append-only folder of another user", "LG06", REDIS, _store(CACHE, "1:M 29 Nov 2026 22:43:54.817 # Error moving temp append only file on the final destination: Permission denied")),
    Case("Redis may not create its append-only folder", "LG06", REDIS, _store(CACHE, "1:M 29 Nov 2026 22:34:41.193 # Server initialized", "1:M 29 Nov 2026 22:34:41.215 # Can't open or create append-only dir appendonlydir: Permission denied")),
)  # fmt: skip

HEALTHY: dict[str, Break] = {
    "Redis could not save once, and saves again": lambda bed: bed.log(CACHE, "2748:C 29 Nov 2026 22:39:17.069 # Failed opening the temp RDB file temp-2748.rdb (in server root dir /data) for saving: Permission denied", "1:M 29 Nov 2026 22:39:19.212 * Background saving terminated with success"),
    "clients of PostgreSQL were refused, and it goes on": lambda bed: bed.log(DB, *_server('FATAL:  database "costs" does not exist', 'FATAL:  role "costs" does not exist', "ERROR:  canceling statement due to lock timeout")),
}  # fmt: skip
