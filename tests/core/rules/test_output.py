"""What containers print as they end: the words of clients, frameworks and languages, and those that only look like them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.breaking import APP, CACHE, DB, Bed
from tests.diagnosis.score import EVERY
from wizard.core.rules.finding import Finding
from wizard.core.rules.findings.messages import MESSAGES, Message
from wizard.core.rules.ranking import diagnose

API = "Deployment/llm-cost-ops"


def first(log: str, code: int = 1) -> Finding:
    """The first finding of an application that ends with this log."""
    bed = Bed()
    bed.crashes(APP, code, *log.split("\n"))
    return diagnose(bed.world.snapshot())[0]


CAUSES = [
    # names: .NET on Windows, musl, Java with and without the resolver's words, PHP, Elixir
    ("LG03", "Unhandled exception. System.Net.Sockets.SocketException (11001): No such host is known.\n   at Npgsql.Internal.NpgsqlConnector.Connect()"),
    ("LG03", "redis.exceptions.ConnectionError: Error -2 connecting to cache-master:6379. Name does not resolve."),
    ("LG03", "Caused by: java.net.UnknownHostException: db.internal: Name or service not known\n\tat java.base/java.net.Inet6AddressImpl.lookupAllHostAddr(Native Method)"),
    ("LG03", 'PHP Fatal error:  Uncaught PDOException: SQLSTATE[08006] [7] could not translate host name "pg" to address: Name or service not known in /var/www/db.php:11\nStack trace:\n#0 /var/www/db.php(11): PDO->__construct()'),
    ("LG03", "** (DBConnection.ConnectionError) tcp connect (pg:5432): non-existing domain - :nxdomain"),
    # stores that are not reached: Npgsql, Lettuce, psycopg, node-postgres, GORM, Postgrex
    ("LG04", "Npgsql.NpgsqlException (0x80004005): Failed to connect to 10.0.4.2:5432\n ---> System.TimeoutException: Timeout during connection attempt\n   at Npgsql.Internal"),
    ("LG04", "org.springframework.data.redis.RedisConnectionFailureException: Unable to connect to Redis\n\tat org.x.Y(Z.java:1)\nCaused by: io.lettuce.core.RedisConnectionException: Unable to connect to cache.acme.test/<unresolved>:6379\n\tat io.lettuce.core.RedisConnectionException.create(RedisConnectionException.java:78)"),
    ("LG04", 'psycopg_pool.PoolTimeout: pool initialization incomplete after 30.0 sec\nconnection to server at "10.9.8.7", port 5432 failed: connection timeout expired'),
    ("LG04", "Error: Connection terminated due to connection timeout\n    at Connection.<anonymous> (/app/node_modules/pg/lib/client.js:132:73)"),
    ("LG04", "failed to initialize database, got error failed to connect to `user=app database=app`:\n\t10.96.1.2:5432 (pg): dial error: dial tcp 10.96.1.2:5432: connect: no route to host\npanic: failed to connect database"),
    ("LG04", "[error] Postgrex.Protocol (#PID<0.2010.0>) failed to connect: ** (DBConnection.ConnectionError) tcp connect (pg.acme.test:5432): connection refused - :econnrefused"),
    # schemas: Liquibase, Prisma, Django, Rails, SQL of several clients
    ("LG08", "liquibase.exception.LockException: Could not acquire change log lock.  Currently locked by api-5d9 (10.1.2.3) since 11/24/26 7:00 PM"),
    ("LG08", "liquibase.exception.ValidationFailedException: Validation Failed:\n     1 changesets check sum\n          db/changelog.xml::12::bob was: 8:ab but is now: 8:cd"),
    ("LG08", "Error: P3009\n\nmigrate found failed migrations in the target database, new migrations will not be applied. Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve"),
    ("LG08", "django.db.migrations.exceptions.InconsistentMigrationHistory: Migration admin.0001_initial is applied before its dependency users.0001_initial on database 'default'."),
    ("LG08", "Migrations are pending. To resolve this issue, run: bin/rails db:migrate RAILS_ENV=production (ActiveRecord::PendingMigrationError)"),
    ("LG08", 'django.db.utils.ProgrammingError: column users_user.tenant_id does not exist\nLINE 1: SELECT "users_user"."id", "users_user"."tenant_id" FROM'),
    ("LG08", "org.postgresql.util.PSQLException: ERROR: function gen_uuid(text, integer) does not exist\n  Position: 41\n\tat org.postgresql.core"),
    # ports and paths: gunicorn, nginx, Go, .NET, Java
    ("LG11", "[2026-11-24 19:10:01 +0000] [1] [ERROR] Connection in use: ('0.0.0.0', 8080)\n[2026-11-24 19:10:06 +0000] [1] [ERROR] Can't connect to ('0.0.0.0', 8080)"),
    ("LG10", 'nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (13: Permission denied)'),
    ("LG10", "2026/11/24 19:10:01 open /data/state.db: permission denied"),
    ("LG10", "Unhandled exception. System.UnauthorizedAccessException: Access to the path '/app/keys' is denied.\n ---> System.IO.IOException: Permission denied\n   at System.IO"),
    ("LG10", "java.nio.file.AccessDeniedException: /opt/app/logs\n\tat java.base/sun.nio.fs.UnixException.translateToIOException(UnixException.java:90)"),
    ("LG10", "Caused by: java.io.FileNotFoundException: /var/log/app.log (Permission denied)\n\tat java.base/java.io.FileOutputStream.open0(Native Method)"),
    ("LG10", "panic: mkdir /data/cache: permission denied\n\ngoroutine 1 [running]:\nmain.main()"),
    # settings: django-environ, python-decouple, envconfig, Prisma, Phoenix, pydantic
    ("LG09", "django.core.exceptions.ImproperlyConfigured: Set the DATABASE_URL environment variable"),
    ("LG09", "decouple.UndefinedValueError: SECRET_KEY not found. Declare it as envvar or define a default value."),
    ("LG09", "panic: required key DATABASE_URL missing value\n\ngoroutine 1 [running]:"),
    ("LG09", "error: Environment variable not found: DATABASE_URL.\n  -->  schema.prisma:9"),
    ("LG09", "** (RuntimeError) environment variable SECRET_KEY_BASE is missing.\nYou can generate one by calling: mix phx.gen.secret"),
    ("LG09", "pydantic_core._pydantic_core.ValidationError: 2 validation errors for AppSettings\nredis_url\n  Field required [type=missing, input_value={}, input_type=dict]\njwt_secret\n  Field required [type=missing]"),
    # certificates: Go, libpq, Python, Node.js, Java, rustls, .NET
    ("LG25", "failed to connect to `host=pg user=app database=app`: tls: failed to verify certificate: x509: certificate signed by unknown authority"),
    ("LG25", "Error: x509: certificate is valid for pg-rw.data.svc, not pg.acme.test"),
    ("LG25", 'psycopg.OperationalError: connection failed: connection to server at "10.0.3.7", port 5432 failed: SSL error: certificate verify failed'),
    ("LG25", 'sqlalchemy.exc.OperationalError: connection to server at "pg" (10.0.3.7), port 5432 failed: server certificate for "pg-rw" does not match host name "pg"'),
    ("LG25", 'connection to server at "pg" (10.0.3.7), port 5432 failed: root certificate file "/etc/pg/ca.crt" does not exist\nEither provide the file or change sslmode to disable server certificate verification.'),
    ("LG25", "redis.exceptions.ConnectionError: Error 1 connecting to cache:6380. [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain (_ssl.c:1006)."),
    ("LG25", "Failed in deploying verticle\njava.util.concurrent.ExecutionException: io.vertx.core.VertxException: SSL handshake failed"),
    ("LG05", "Caused by: java.lang.Exception: Postgres Server does not handle SSL connection"),
    ("LG05", "pg8000.exceptions.InterfaceError: Server refuses SSL"),
    ("LG03", "pid=7 tid=50a WARN: Redis::CannotConnectError: Error connecting to Redis on cache:6379 (SocketError)"),
    ("LG04", "Could not connect to Redis server at 10.0.3.7:6379: Invalid argument at /srv/rates.pl line 13."),
    ("LG04", "Redis server authentication error: Error while reading from Redis server: Resource temporarily unavailable at /srv/rates.pl line 13."),
    ("LG04", 'Exception in thread "main" org.redisson.client.RedisConnectionException: java.util.concurrent.TimeoutException'),
    ("LG04", "Raw query failed. Code: `N/A`. Message: `Server has closed the connection.`"),
    ("LG27", "IO::Socket::SSL is required for connecting to Redis using SSL at /srv/rates.pl line 13."),
    ("LG28", 'Exception in thread "main" org.redisson.client.RedisException: MOVED redirection loop detected. Node redis://10.0.3.7:6379 has further redirect to redis://10.0.3.8:6379'),
    ("LG25", "Error: unable to verify the first certificate\n    at TLSSocket.onConnectSecure (node:_tls_wrap:1674:34) {\n  code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'\n}"),
    ("LG25", "Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: cache. is not in the cert's altnames: DNS:cache.acme.test"),
    ("LG25", "Caused by: javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target\n\tat java.base/sun.security.ssl.Alert"),
    ("LG25", 'Error: error communicating with database: invalid peer certificate: UnknownIssuer'),
    ("LG25", "Unhandled exception. System.Security.Authentication.AuthenticationException: The remote certificate is invalid according to the validation procedure: RemoteCertificateNameMismatch\n   at System.Net.Security"),
    # logins: SQL Server, Oracle, MongoDB, SMTP; databases that are not there, rights
    ("LG01", "mssql: login error: Login failed for user 'costs'."),
    ("LG01", "Caused by: java.sql.SQLException: ORA-01017: invalid username/password; logon denied"),
    ("LG01", "MongoServerError: bad auth : authentication failed\n    at Connection.onMessage (/app/node_modules/mongodb/lib/cmap/connection.js:231:30)"),
    ("LG22", "Cannot open database \"costs\" requested by the login. The login failed."),
    ("LG13", "MongoServerError: not authorized on costs to execute command { find: \"usage\" }"),
    ("LG13", "ERROR 1044 (42000): Access denied for user 'costs'@'%' to database 'billing'"),
    # what is not in an image: Python, Node.js, Java, PHP, Ruby, .NET, musl
    ("LG27", "Traceback (most recent call last):\n  File \"/app/main.py\", line 3, in <module>\n    import psycopg2\nModuleNotFoundError: No module named 'psycopg2'"),
    ("LG27", "node:internal/modules/cjs/loader:1228\n  throw err;\n  ^\n\nError: Cannot find module 'express'\nRequire stack:\n- /app/server.js"),
    ("LG27", "Exception in thread \"main\" java.lang.NoClassDefFoundError: org/slf4j/LoggerFactory\n\tat com.acme.Main.main(Main.java:7)"),
    ("LG27", "Error: Unable to access jarfile /app/app.jar"),
    ("LG27", "PHP Fatal error:  Uncaught Error: Class \"Redis\" not found in /app/cache.php:12\nStack trace:\n#0 {main}"),
    ("LG27", "/usr/lib/ruby/3.1.0/bundler/runtime.rb:304:in `require': cannot load such file -- pg (LoadError)"),
    ("LG27", "Unhandled exception. System.IO.FileNotFoundException: Could not load file or assembly 'Npgsql, Version=8.0.0.0'. The system cannot find the file specified."),
    ("LG27", "/app/costs: error while loading shared libraries: libpq.so.5: cannot open shared object file: No such file or directory"),
    # what a store is not: a single Redis, a server with the extension, one without a pooler
    ("LG28", "redis.exceptions.MovedError: MOVED 3999 127.0.0.1:6381\nError: MOVED 3999 127.0.0.1:6381"),
    ("LG28", 'ERROR: extension "timescaledb" is not available\nDETAIL: Could not open extension control file'),
    ("LG28", "Error: ERR This instance has cluster support disabled"),
    # the Kubernetes API: client-go, Python, fabric8
    ("LG29", 'Error: pods is forbidden: User "system:serviceaccount:shop:default" cannot list resource "pods" in API group "" in the namespace "shop"'),
    ("LG29", 'kubernetes.client.exceptions.ApiException: (403)\nReason: Forbidden\nHTTP response body: {"message":"secrets \\"x\\" is forbidden: User \\"system:serviceaccount:a:b\\" cannot get resource \\"secrets\\" in API group"}'),
    # limits of processes: Node.js, Go, Python, the JVM, PostgreSQL
    ("LG30", "Error: ENOSPC: System limit for number of file watchers reached, watch '/app/src': no space left on device"),
    ("LG30", "failed to create fsnotify watcher: no space left on device"),
    ("LG30", "Error: EMFILE: too many open files, open '/app/data/1.json'"),
    ("LG30", "runtime: failed to create new OS thread (have 2 already; errno=11)\nruntime: may need to increase max user processes (ulimit -u)\nfatal error: newosproc"),
    ("LG30", "RuntimeError: can't start new thread"),
    # object stores
    ("LG31", "botocore.exceptions.ClientError: An error occurred (SignatureDoesNotMatch) when calling the ListBuckets operation"),
    ("LG31", "NoSuchBucket: The specified bucket does not exist\n\tstatus code: 404"),
    # configuration: YAML, TOML, nginx, Spring
    ("LG24", "panic: error loading config: yaml: line 7: mapping values are not allowed in this context"),
    ("LG24", "TOML parse error at line 3, column 8\n  |\n3 | port = eighty"),
    ("LG24", 'nginx: [emerg] invalid number of arguments in "listen" directive in /etc/nginx/conf.d/default.conf:2'),
    # ports below 1024, pools, ends of connections
    ("LG10", "2026/11/24 19:10:01 listen tcp :443: bind: permission denied"),
    ("LG21", "KnexTimeoutError: Knex: Timeout acquiring a connection. The pool is probably full. Are you missing a .transacting(trx) call?"),
    ("LG04", "redis.exceptions.ConnectionError: Connection closed by server.\nConnectionResetError: [Errno 104] Connection reset by peer"),
    ("LG04", "pymongo.errors.ServerSelectionTimeoutError: mongo:27017: [Errno 111] Connection refused, Timeout: 30s"),
    # php-fpm puts its own level before what a program printed
    ("LG13", '[24-Nov-2026 19:10:00] WARNING: [pool www] child 7 said into stderr: "NOTICE: PHP message: PHP Fatal error:  Uncaught PDOException: SQLSTATE[42501]: Insufficient privilege: 7 ERROR:  permission denied for table usage"'),
    # heaps: V8, the JVM, .NET
    ("LG26", "<--- Last few GCs --->\n[1:0x7f] 41000 ms: Mark-Compact 2046.1 (2082.4) -> 2044.8 (2083.2) MB\n<--- JS stacktrace --->\nFATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory"),
    ("LG26", 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n\tat java.base/java.util.Arrays.copyOf(Arrays.java:3537)'),
    ("LG26", "Terminating due to java.lang.OutOfMemoryError: Metaspace"),
    ("LG26", "Unhandled exception. System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was thrown.\n   at Acme.Billing.Load()"),
    # passwords and pools: redis-py without its code, SQLAlchemy, psycopg
    ("LG01", "redis.exceptions.AuthenticationError: invalid username-password pair or user is disabled."),
    ("LG21", "sqlalchemy.exc.TimeoutError: QueuePool limit of size 20 overflow 20 reached, connection timed out, timeout 30.00 (Background on this error at: https://sqlalche.me/e/20/3o7r)"),
    ("LG21", "psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec"),
]  # fmt: skip
OTHERS = [
    ("CO11", "ValueError: bad rate\nFor more information see https://docs.example.com/e/1", 1),
    ("CO11", "hvac.exceptions.Forbidden: permission denied, on get http://vault:8200/v1/auth", 1),
    ("CO11", "RuntimeError: pricing failed:\nGET /health 200 3ms", 1),
    ("CO11", "panic: user column does not exist in upload", 1),
    ("CO11", "Error: type order.created does not exist", 1),
    ("CO08", "sh: 1: ./run.sh: Permission denied", 126),
    ("CO11", "java.lang.IllegalStateException: account is already in use", 1),
    ("CO11", "AssertionError: gave up on parsing", 1),
    ("CO11", "tenacity.RetryError: RetryError[<Future at 0x7f state=finished raised ValueError>]", 1),
    # what a person set, and what a mail server's certificate is about in passing
    ("CO11", "WARN  smtp: x509: certificate has expired, mails are not sent\npanic: pricing table has no rows", 1),
    ("CO11", "ValueError: certificate is required for region eu", 1),
    # the server answered
    (
        "LG22",
        'psycopg2.OperationalError: connection to server at "pg" (10.96.0.9), port 5432 failed: FATAL:  database "orders" does not exist',
        1,
    ),
    # a server's login, schema or module that somebody else's line only mentions
    ("CO11", "INFO audit: authentication failed for user bob from 203.0.113.9\npanic: pricing table has no rows", 1),
    ("CO11", "ValueError: table 'prices' has no header row", 1),
    ("CO11", "WARN  plugin geo: no module named geo2, it is left out\npanic: pricing table has no rows", 1),
    ("CO11", "Error: user 17 cannot delete resource 4711", 1),
    # the line before last words that are a panic of their own says nothing of them
    ("CO11", "mail: dial tcp 10.96.3.3:25: connect: connection refused\npanic: pricing table has no rows", 1),
    # a line of its own below an exception is no part of its message
    ("CO11", "KeyError: 'currency'\n[worker 2] connect to 10.1.1.1:25: connection refused", 1),
]


@pytest.mark.parametrize(("cause", "log"), CAUSES, ids=[f"{row[0]} {row[1][:40]}" for row in CAUSES])
def test_the_words_of_a_program_name_the_cause(cause: str, log: str) -> None:
    found = first(log)
    assert (found.id, found.object) == (cause, API)


@pytest.mark.parametrize(("cause", "log", "code"), OTHERS, ids=[row[1][:40] for row in OTHERS])
def test_words_that_only_look_like_a_cause_name_none(cause: str, log: str, code: int) -> None:
    assert first(log, code).id == cause


HOSTS = [
    (
        "Caused by: java.net.UnknownHostException: db.internal\n\tat java.net.X(Y.java:1)",
        "the name db.internal does not resolve",
    ),
    (
        "Caused by: java.net.UnknownHostException: orders-pg\n\tat java.net.X(Y.java:1)",
        "it calls orders-pg, and there is no Service of that name",
    ),
    (
        "PrismaClientKnownRequestError: Raw query failed. Code: `N/A`. Message: `Can't reach database server at orders-pg`",
        "it calls orders-pg, and there is no Service of that name",
    ),
    ("dial error: connection refused by orders-pg:5432", "nothing answers at orders-pg"),
    (
        "TimeoutError: QueuePool limit of size 5 overflow 10 reached, timeout 30.00 (Background on this error at: https://sqlalche.me/e/20/3o7r)",
        "its pool got no connection to the address it calls in time",
    ),
    (
        "redis.exceptions.AuthenticationError: invalid username-password pair or user is disabled.",
        "the cache refuses the password in Secret llm-cost-ops-redis-credentials",
    ),
]


@pytest.mark.parametrize(("log", "title"), HOSTS)
def test_the_title_names_what_is_called_and_no_link_to_an_explanation(log: str, title: str) -> None:
    assert first(log).title == title


@pytest.mark.parametrize("before", ["", "x" * 100])
def test_the_title_has_the_words_of_the_cause_also_of_another_field_than_the_message(before: str) -> None:
    names = ", ".join(f"n{number}.acme.test" for number in range(20))
    log = f'{{"level":"error","msg":"cannot start","reason":"{before}x509: certificate is valid for {names}, not pg"}}'
    assert "it calls: ...x509: certificate is valid for n0.acme.test" in first(log).title


def test_a_full_disk_is_said_before_what_comes_of_it() -> None:
    bed = Bed()
    bed.runs_unready(CACHE, "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist",
                     "1:M 24 Nov 2026 19:08:47.067 # Error writing to the AOF file: No space left on device")  # fmt: skip
    assert [one.id for one in diagnose(bed.world.snapshot())] == ["VO06"]


NOT_MADE = [
    # the reason, the runtime's or the kubelet's words, the finding, what its title has, whether it lasts
    ("CreateContainerError", 'failed to reserve container name "app_x": name "app_x" is reserved for "818f"', "CO08", "the node's container runtime", False),
    ("CreateContainerError", "context deadline exceeded", "CO08", "the node's container runtime", False),
    ("RunContainerError", 'failed to create containerd task: runc create failed: error mounting "/var/lib/kubelet/pods/1/volume-subpaths/c/app/0" to rootfs at "/etc/app/c.yaml": not a directory', "CO08", "a volume cannot be mounted into container app", True),
    ("RunContainerError", 'runc create failed: chdir to cwd ("/srv/app") set in config.json failed: permission denied', "CO08", "working folder", True),
    ("RunContainerError", "runc create failed: unable to apply cgroup configuration: mkdir /sys/fs/cgroup/x: no space left on device", "CO08", "control group", False),
    ("RunContainerError", 'runc create failed: exec: "./run.sh": permission denied', "CO08", "the command of container app", True),
    ("CreateContainerError", "failed to apply OCI options: no command specified", "CO08", "the command of container app", True),
    ("CreateContainerConfigError", 'failed to prepare subPath for volumeMount "config" of container "app"', "CO07", "subPath", True),
    ("CreateContainerConfigError", "failed to sync secret cache: timed out waiting for the condition", "CO07", "timed out", False),
    ("CreateContainerConfigError", "container has runAsNonRoot and image will run as root", "CO07", "runAsNonRoot", True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "words", "cause", "title", "lasts"), NOT_MADE, ids=[row[1][:40] for row in NOT_MADE]
)
def test_a_container_that_is_not_made_is_blamed_on_what_the_words_say(
    reason: str, words: str, cause: str, title: str, lasts: bool
) -> None:
    bed = Bed()
    bed.waits(APP, reason, words)
    (found,) = diagnose(bed.world.snapshot())
    assert found.id == cause
    assert title in found.title
    assert (found.terminal, found.heals) == (lasts, "no" if lasts else "unknown")
    advises = "Change the security context" in found.remedy[0] or "Correct the command" in found.remedy[0]
    assert advises == (lasts and ("command" in found.title or "runAsNonRoot" in found.title))


def _hooked(state: dict[str, Any], **event: str) -> tuple[Finding, ...]:
    bed = Bed()
    bed.crashes(APP, 0, "listening", reason="Completed")
    for pod in bed.pods(APP):
        pod["spec"]["containers"][0]["lifecycle"] = {"postStart": {"exec": {"command": ["sh", "-c", "warm-up"]}}}
        pod["status"]["containerStatuses"][0]["state"] = {"waiting": state}
        for reason, words in event.items():
            bed.event(pod, reason, words, container="app")
    return diagnose(bed.world.snapshot())


@pytest.mark.parametrize(
    ("reason", "title"),
    [
        ("StartError", "control group"),
        ("ContainerCannotRun", "control group"),
        ("Error", "the command of container app"),
    ],
)
def test_a_message_is_the_runtimes_only_where_the_runtime_ended_the_container(reason: str, title: str) -> None:
    bed = Bed()
    bed.crashes(APP, 127, reason=reason, message="cannot read /sys/fs/cgroup/memory.max")
    assert title in diagnose(bed.world.snapshot())[0].title


def test_a_hook_that_fails_is_the_cause_and_not_the_command() -> None:
    words = "Exec lifecycle hook ([sh -c warm-up]) failed - error: command exited with 1"
    for found in (
        _hooked({"reason": "PostStartHookError", "message": "PostStartHookError"}),
        _hooked({"reason": "CrashLoopBackOff", "message": "back-off"}, FailedPostStartHook=words),
    ):
        (one,) = found
        assert (one.id, one.title) == ("CO08", "the postStart hook of container app fails")
        assert any(
            "postStart: sh -c warm-up" in line or "lifecycle.postStart: sh -c warm-up" in line for line in one.lines
        )
    assert [one.id for one in _hooked({"reason": "CrashLoopBackOff", "message": "back-off"})] == ["CO12"]


@pytest.fixture(scope="module")
def printed() -> set[str]:
    """Every line that a container prints in these tests and in the labelled failures."""
    beds = [Bed() for _ in EVERY]
    for failure, bed in zip(EVERY, beds, strict=True):
        failure.breaks(bed)
    logs = [log for _, log in CAUSES] + [log for _, log, _ in OTHERS]
    return {line for log in logs for line in log.split("\n")} | {
        line for bed in beds for lines in bed.world.logs.values() for line in lines
    }


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: f"{message.id} {message.title[:30]}")
def test_what_is_looked_for_in_lower_case_first_leaves_no_message_out(message: Message, printed: set[str]) -> None:
    found = [text for text in printed if message.pattern.search(text) and not message.of_callers(text)]
    assert [text for text in found if not message.search(text, text.lower())] == []
    assert found, "no line of the tests is this message"


def test_a_full_disk_of_a_database_whose_pod_has_not_started_yet_is_told_with_its_claim() -> None:
    bed = Bed()
    for pod in bed.pods(DB):
        pod["status"].pop("containerStatuses", None)
    bed.crashes(APP, 1, 'ERROR: could not extend file "base/1/2": No space left on device')
    titles = [one.title for one in diagnose(bed.world.snapshot())]
    assert "the disk of the database is full: claim data-llm-cost-ops-postgresql-0" in titles
