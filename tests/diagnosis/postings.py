"""What programs printed in postings of others, each with where its kind was met; names of hosts and people are ours."""

# What applications say

# Django's traces as in 101t/jasmin-web-panel#20 and eclipse-che/che#20394; words of libpq and psycopg2
DJANGO_LOGIN = """
[2026-11-24 19:10:00 +0000] [1] [INFO] Starting gunicorn 23.0.0
/usr/local/lib/python3.12/site-packages/django/conf/__init__.py:267: RemovedInDjango60Warning: The USE_L10N setting is deprecated.
  warnings.warn(USE_L10N_DEPRECATED_MSG, RemovedInDjango60Warning)
Traceback (most recent call last):
  File "/usr/local/lib/python3.12/site-packages/django/db/backends/base/base.py", line 279, in ensure_connection
    self.connect()
  File "/usr/local/lib/python3.12/site-packages/django/db/backends/postgresql/base.py", line 275, in get_new_connection
    connection = self.Database.connect(**conn_params)
  File "/usr/local/lib/python3.12/site-packages/psycopg2/__init__.py", line 122, in connect
    conn = _connect(dsn, connection_factory=connection_factory, **kwasync)
psycopg2.OperationalError: connection to server at "llm-cost-ops-postgresql" (10.96.71.14), port 5432 failed: FATAL:  password authentication failed for user "postgres"
connection to server at "llm-cost-ops-postgresql" (10.96.71.14), port 5432 failed: FATAL:  password authentication failed for user "postgres"


The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/manage.py", line 22, in <module>
    main()
  File "/app/manage.py", line 18, in main
    execute_from_command_line(sys.argv)
  File "/usr/local/lib/python3.12/site-packages/django/core/management/base.py", line 413, in run_from_argv
    self.execute(*args, **cmd_options)
django.db.utils.OperationalError: connection to server at "llm-cost-ops-postgresql" (10.96.71.14), port 5432 failed: FATAL:  password authentication failed for user "postgres"
"""

# asyncpg/exceptions, uvicorn/lifespan/on.py
ASYNCPG_LOGIN = """
INFO:     Started server process [1]
INFO:     Waiting for application startup.
ERROR:    Traceback (most recent call last):
  File "/srv/.venv/lib/python3.12/site-packages/starlette/routing.py", line 693, in lifespan
    async with self.lifespan_context(app) as maybe_state:
  File "/srv/app/main.py", line 31, in lifespan
    app.state.pool = await asyncpg.create_pool(settings.dsn, min_size=5)
  File "/srv/.venv/lib/python3.12/site-packages/asyncpg/connect_utils.py", line 1105, in _connect_addr
    return await __connect_addr(params, False, *args)
asyncpg.exceptions.InvalidPasswordError: password authentication failed for user "postgres"

ERROR:    Application startup failed. Exiting.
"""

# npgsql/npgsql#4467, #4726
NPGSQL_SLOTS = """
info: Microsoft.Hosting.Lifetime[14]
      Now listening on: http://[::]:8080
fail: Microsoft.Extensions.Diagnostics.HealthChecks.DefaultHealthCheckService[103]
      Health check OrdersDbContext with status Unhealthy completed after 15.3ms with message '(null)'
      System.InvalidOperationException: An exception has been raised that is likely due to a transient failure.
       ---> Npgsql.PostgresException (0x80004005): 53300: sorry, too many clients already
         at Npgsql.Internal.NpgsqlConnector.<ReadMessage>g__ReadMessageLong|215_0(NpgsqlConnector connector, Boolean async)
         at Npgsql.Internal.NpgsqlConnector.Open(NpgsqlTimeout timeout, Boolean async, CancellationToken cancellationToken)
        Exception data:
          Severity: FATAL
          SqlState: 53300
          MessageText: sorry, too many clients already
          File: proc.c
"""

# npgsql PostgresException of 28P01
NPGSQL_LOGIN = """
info: Orders.Program[0]
      starting, environment Production
Unhandled exception. Npgsql.PostgresException (0x80004005): 28P01: password authentication failed for user "postgres"
   at Npgsql.Internal.NpgsqlConnector.ReadMessageLong(Boolean async, DataRowLoadingMode dataRowLoadingMode, Boolean readingNotifications)
   at Npgsql.Internal.NpgsqlConnector.AuthenticateSASL(List`1 mechanisms, String username, Boolean async, CancellationToken cancellationToken)
   at Orders.Program.Main(String[] args) in /src/Orders/Program.cs:line 27
  Exception data:
    Severity: FATAL
    SqlState: 28P01
    MessageText: password authentication failed for user "postgres"
    File: auth.c
"""

# jazzband/django-redis#126, ioredis redis-parser
NOAUTH = """
{"level":"info","time":1764011401000,"pid":1,"msg":"queue worker 3 started"}
[ioredis] Unhandled error event: ReplyError: NOAUTH Authentication required.
    at parseError (/app/node_modules/redis-parser/lib/parser.js:179:12)
    at parseType (/app/node_modules/redis-parser/lib/parser.js:302:14) {
  command: { name: 'info', args: [] }
}
"""

# PacktPublishing/Machine-Learning-on-Kubernetes#11: Keycloak, pgjdbc
JAVA_UNKNOWN_HOST = """
2026-11-24 19:10:11,402 INFO  [org.keycloak.quarkus.runtime.hostname.DefaultHostnameProvider] (main) Hostname settings: Base URL: <unset>
2026-11-24 19:10:14,981 WARN  [io.agroal.pool] (agroal-11) Datasource '<default>': The connection attempt failed.
2026-11-24 19:10:15,012 ERROR [org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler] (main) ERROR: Failed to start server in (production) mode
org.postgresql.util.PSQLException: The connection attempt failed.
	at org.postgresql.core.v3.ConnectionFactoryImpl.openConnectionImpl(ConnectionFactoryImpl.java:364)
	at org.postgresql.core.ConnectionFactory.openConnection(ConnectionFactory.java:54)
	at org.postgresql.jdbc.PgConnection.<init>(PgConnection.java:273)
	at org.postgresql.Driver.makeConnection(Driver.java:446)
	at io.agroal.pool.ConnectionFactory.createConnection(ConnectionFactory.java:231)
	... 14 more
Caused by: java.net.UnknownHostException: llm-cost-ops-postgres
	at java.base/sun.nio.ch.NioSocketImpl.connect(NioSocketImpl.java:567)
	at java.base/java.net.SocksSocketImpl.connect(SocksSocketImpl.java:327)
	at org.postgresql.core.PGStream.createSocket(PGStream.java:260)
	... 19 more
2026-11-24 19:10:15,020 ERROR [org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler] (main) For more details run the same command passing the '--verbose' option. Also you can use '--help' to see the details about the usage of the particular command.
"""

# prisma/orm error reference P1001
PRISMA = """
Prisma schema loaded from prisma/schema.prisma
Datasource "db": PostgreSQL database "app", schema "public" at "pg.internal.acme.test:5432"

Error: P1001: Can't reach database server at `pg.internal.acme.test:5432`

Please make sure your database server is running at `pg.internal.acme.test:5432`.
npm notice
npm notice New major version of npm available! 10.8.2 -> 11.6.2
npm notice
"""

# sciety/sciety#3248
NODE_HBA = """
{"timestamp":"2026-11-24T19:10:25.060Z","level":"info","message":"Database connection pool and logger available"}
Unable to start:
{
  "length": 161,
  "name": "error",
  "severity": "FATAL",
  "code": "28000",
  "file": "auth.c",
  "line": "502",
  "routine": "ClientAuthentication"
}
Error object: {
  "message": "no pg_hba.conf entry for host \\"10.0.21.238\\", user \\"postgres\\", database \\"app\\", no encryption",
  "stack": "error: no pg_hba.conf entry for host \\"10.0.21.238\\", user \\"postgres\\", database \\"app\\", no encryption\\n    at /app/node_modules/pg-pool/index.js:45:11"
}
"""

# dbinfrago/capella-collab-manager#1914
QUEUE_POOL = """
time="2026-11-24T19:09:20+0000" level=INFO function=dispatch client="10.244.1.7:0" method="GET" path="/api/v1/metadata" status_code=200
time="2026-11-24T19:09:50+0000" level=ERROR function=dispatch client="10.244.1.1:0" trace_id="IYV0V95O2U" method="GET" path="/health" message="QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00 (Background on this error at: https://sqlalche.me/e/20/3o7r)"
Traceback (most recent call last):
  File "/opt/.venv/lib/python3.12/site-packages/starlette/middleware/base.py", line 148, in call_next
    message = await recv_stream.receive()
  File "/opt/.venv/lib/python3.12/site-packages/sqlalchemy/pool/impl.py", line 167, in _do_get
    raise exc.TimeoutError(
sqlalchemy.exc.TimeoutError: QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00 (Background on this error at: https://sqlalche.me/e/20/3o7r)
"""

# jackc/pgx v5 pgconn/errors.go, zap's JSON
PGX_LOOKUP = """
{"level":"info","ts":1764011400.117,"caller":"cmd/main.go:31","msg":"configuration loaded","file":"/etc/app/config.yaml"}
{"level":"fatal","ts":1764011405.441,"caller":"store/store.go:58","msg":"open store","error":"failed to connect to `user=postgres database=app`: hostname resolving error: lookup llm-cost-ops-pg on 10.96.0.10:53: no such host","stacktrace":"main.main\\n\\t/src/cmd/main.go:44\\nruntime.main\\n\\t/usr/local/go/src/runtime/proc.go:283"}
"""

# hibiken/asynq#854, taskforcesh/bullmq#1928
READONLY = """
{"level":"info","time":1764011401000,"pid":1,"hostname":"worker-6bcd","msg":"processing 4 queues"}
ReplyError: READONLY You can't write against a read only replica.
    at parseError (/app/node_modules/redis-parser/lib/parser.js:179:12)
    at parseType (/app/node_modules/redis-parser/lib/parser.js:302:14) {
  command: {
    name: 'hset',
    args: [ 'bull:Paint:meta', 'opts.maxLenEvents', '10000' ]
  }
}
"""

# sqlalchemy/alembic#691
ALEMBIC = """
INFO  [alembic.runtime.migration] Context impl PostgresqlImpl.
INFO  [alembic.runtime.migration] Will assume transactional DDL.
ERROR [alembic.util.messaging] Can't locate revision identified by 'dea3b669039f'
FAILED: Can't locate revision identified by 'dea3b669039f'
"""

# gpustack/gpustack#5774
NO_COLUMN = """
2026-11-24T19:10:08+00:00 - app.server.metering - ERROR - failed to flush usage
Traceback (most recent call last):
  File "/usr/local/lib/python3.11/dist-packages/asyncpg/connection.py", line 443, in _get_statement
    statement = await self._protocol.prepare(
  File "asyncpg/protocol/protocol.pyx", line 165, in prepare
asyncpg.exceptions.UndefinedColumnError: column "completed" of relation "usage_details" does not exist

The above exception was the direct cause of the following exception:

sqlalchemy.exc.ProgrammingError: (sqlalchemy.dialects.postgresql.asyncpg.ProgrammingError) <class 'asyncpg.exceptions.UndefinedColumnError'>: column "completed" of relation "usage_details" does not exist
[SQL: INSERT INTO usage_details (id, completed) VALUES ($1::INTEGER, $2::BOOLEAN)]
(Background on this error at: https://sqlalche.me/e/20/f405)
"""

# Flyway core DbValidate
FLYWAY = """
2026-11-24T19:10:07.310Z ERROR 1 --- [           main] o.s.boot.SpringApplication               : Application run failed

org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'flywayInitializer' defined in class path resource [org/springframework/boot/autoconfigure/flyway/FlywayAutoConfiguration$FlywayConfiguration.class]: Validate failed: Migrations have failed validation
	at org.springframework.beans.factory.support.AbstractAutowireCapableBeanFactory.initializeBean(AbstractAutowireCapableBeanFactory.java:1812) ~[spring-beans-6.1.13.jar!/:6.1.13]
	at com.acme.orders.OrdersApplication.main(OrdersApplication.java:14) ~[!/:na]
Caused by: org.flywaydb.core.api.exception.FlywayValidateException: Validate failed: Migrations have failed validation
Migration checksum mismatch for migration version 1.2
-> Applied to database : -1045826441
-> Resolved locally    : 1907366351
Either revert the changes to the migration, or run repair to update the schema history.
	at org.flywaydb.core.Flyway.lambda$migrate$0(Flyway.java:173) ~[flyway-core-10.10.0.jar!/:na]
"""

# Spring Boot PortInUseFailureAnalyzer
SPRING_PORT = """

***************************
APPLICATION FAILED TO START
***************************

Description:

Web server failed to start. Port 8080 was already in use.

Action:

Identify and stop the process that's listening on port 8080 or configure this application to listen on another port.

"""

# Spring PropertyPlaceholderHelper
SPRING_PLACEHOLDER = """
2026-11-24T19:10:03.882Z  WARN 1 --- [           main] ConfigServletWebServerApplicationContext : Exception encountered during context initialization - cancelling refresh attempt: org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'tokenService': Injection of autowired dependencies failed
2026-11-24T19:10:03.914Z ERROR 1 --- [           main] o.s.boot.SpringApplication               : Application run failed

java.lang.IllegalArgumentException: Could not resolve placeholder 'JWT_SECRET' in value "${JWT_SECRET}"
	at org.springframework.util.PropertyPlaceholderHelper.parseStringValue(PropertyPlaceholderHelper.java:180) ~[spring-core-6.1.13.jar!/:6.1.13]
	at com.acme.orders.OrdersApplication.main(OrdersApplication.java:14) ~[!/:na]
"""

# pydantic-settings ValidationError
PYDANTIC = """
Traceback (most recent call last):
  File "/srv/app/main.py", line 8, in <module>
    settings = Settings()
               ^^^^^^^^^^
  File "/srv/.venv/lib/python3.12/site-packages/pydantic_settings/main.py", line 144, in __init__
    super().__init__(
pydantic_core._pydantic_core.ValidationError: 1 validation error for Settings
DATABASE_URL
  Field required [type=missing, input_value={}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.9/v/missing
"""

# benoitc/gunicorn#1119, SuggestArr#11
GUNICORN = """
[2026-11-24 19:10:34 +0000] [1] [INFO] Starting gunicorn 23.0.0
[2026-11-24 19:10:34 +0000] [1] [INFO] Listening at: http://0.0.0.0:8080 (1)
[2026-11-24 19:10:34 +0000] [7] [INFO] Booting worker with pid: 7
[2026-11-24 19:10:34 +0000] [7] [ERROR] Exception in worker process
Traceback (most recent call last):
  File "/opt/venv/lib/python3.12/site-packages/gunicorn/arbiter.py", line 608, in spawn_worker
    worker.init_process()
  File "/opt/venv/lib/python3.12/site-packages/gunicorn/util.py", line 370, in import_app
    mod = importlib.import_module(module)
ModuleNotFoundError: No module named 'orders.wsgi_prod'
[2026-11-24 19:10:34 +0000] [7] [INFO] Worker exiting (pid: 7)
[2026-11-24 19:10:34 +0000] [1] [ERROR] Worker (pid:7) exited with code 3
[2026-11-24 19:10:34 +0000] [1] [ERROR] Shutting down: Master
[2026-11-24 19:10:34 +0000] [1] [ERROR] Reason: Worker failed to boot.
"""

# Go runtime panics
GO_NIL = """
time=2026-11-24T19:10:02.113Z level=WARN msg="statsd unreachable, metrics are dropped" err="dial udp: lookup statsd: no such host"
time=2026-11-24T19:10:02.114Z level=INFO msg="listening" addr=:8080
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x7a3f11]

goroutine 1 [running]:
github.com/acme/orders/internal/rates.(*Cache).Warm(0x0, {0xa41e20, 0xc0000b2000})
	/src/internal/rates/cache.go:41 +0x31
main.main()
	/src/cmd/orders/main.go:66 +0x5d1
"""

# CPython logging.FileHandler
NO_LOG_FOLDER = """
Traceback (most recent call last):
  File "/usr/local/lib/python3.12/logging/config.py", line 581, in configure
    handler = self.configure_handler(handlers[name])
  File "/usr/local/lib/python3.12/logging/__init__.py", line 1263, in _open
    return open_func(self.baseFilename, self.mode,
PermissionError: [Errno 13] Permission denied: '/var/log/orders/app.log'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/manage.py", line 22, in <module>
    main()
ValueError: Unable to configure handler 'file'
"""

# celery/celery#4162, SuperAGI#1377: kombu and redis-py
CELERY_REFUSED = """
[2026-11-24 19:10:37,374: WARNING/MainProcess] /opt/venv/lib/python3.12/site-packages/celery/worker/consumer/consumer.py:508: CPendingDeprecationWarning: The broker_connection_retry configuration setting will no longer determine
whether broker connection retries are made during startup in Celery 6.0 and above.
[2026-11-24 19:10:37,381: ERROR/MainProcess] consumer: Cannot connect to redis://:**@llm-cost-ops-redis:6379/0: Error 111 connecting to llm-cost-ops-redis:6379. Connection refused..
Trying again in 32.00 seconds... (16/100)

"""

# redis/ioredis#1064, pydantic/logfire-helm-chart#6
EAI_AGAIN = """
[ioredis] Unhandled error event: Error: getaddrinfo EAI_AGAIN llm-cost-ops-redis
    at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:120:26)
[ioredis] Unhandled error event: Error: getaddrinfo EAI_AGAIN llm-cost-ops-redis
    at GetAddrInfoReqWrap.onlookupall [as oncomplete] (node:dns:120:26)
MaxRetriesPerRequestError: Reached the max retries per request limit (which is 20). Refer to "maxRetriesPerRequest" option for details.
    at Socket.<anonymous> (/app/node_modules/ioredis/built/redis/event_handler.js:182:37)
    at Object.onceWrapper (node:events:622:26)
"""

# What stores say

# goharbor/harbor-helm#1746, zalando/postgres-operator#834
PG_PERMISSIONS = """
postgresql 19:09:58.13 INFO  ==>
postgresql 19:09:58.14 INFO  ==> Welcome to the Bitnami postgresql container
postgresql 19:09:58.20 INFO  ==> ** Starting PostgreSQL **
2026-11-24 19:09:58.101 UTC [1] FATAL:  data directory "/var/lib/postgresql/data/pgdata" has invalid permissions
2026-11-24 19:09:58.101 UTC [1] DETAIL:  Permissions should be u=rwx (0700) or u=rwx,g=rx (0750).
"""

# bitnami/charts#3471, kurokobo/awx-on-k3s#2
PG_MKDIR = "mkdir: cannot create directory '/var/lib/postgresql/data/pgdata': Permission denied"

# noobaa/noobaa-core#6611
PG_CHECKPOINT = """
2026-11-24 19:09:16.347 UTC [28] LOG:  database system was interrupted; last known up at 2026-11-24 18:00:05 UTC
2026-11-24 19:09:16.586 UTC [28] LOG:  could not read from log segment 000000010000000000000001, offset 0: Input/output error
2026-11-24 19:09:16.586 UTC [28] LOG:  invalid primary checkpoint record
2026-11-24 19:09:16.586 UTC [28] PANIC:  could not locate a valid checkpoint record
2026-11-24 19:09:17.012 UTC [35] FATAL:  the database system is starting up
2026-11-24 19:09:19.680 UTC [26] LOG:  startup process (PID 28) was terminated by signal 6: Aborted
2026-11-24 19:09:19.680 UTC [26] LOG:  aborting startup due to startup process failure
2026-11-24 19:09:19.878 UTC [26] LOG:  database system is shut down
"""

# oncokb/oncokb#2216
REDIS_READ_ONLY = """
1:C 24 Nov 2026 19:09:13.491 # oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
1:C 24 Nov 2026 19:09:13.491 # Redis version=7.2.16, bits=64, commit=00000000, modified=0, pid=1, just started
1:C 24 Nov 2026 19:09:13.491 # Configuration loaded
1:M 24 Nov 2026 19:09:13.492 # Can't open or create append-only dir appendonlydir: Read-only file system
"""

# goauthentik/authentik#11576, #7643: damaged files of a store, as PostgreSQL without a checkpoint
REDIS_AOF = """
1:C 24 Nov 2026 19:09:29.026 * oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo
1:C 24 Nov 2026 19:09:29.026 * Configuration loaded
1:M 24 Nov 2026 19:09:29.031 * Running mode=standalone, port=6379.
1:M 24 Nov 2026 19:09:29.411 * Reading RDB base file on AOF loading...
1:M 24 Nov 2026 19:09:29.812 # Bad file format reading the append only file appendonly.aof.1.incr.aof: make a backup of your AOF file, then use ./redis-check-aof --fix <filename.manifest>
"""

# goharbor/harbor#12753, redis/redis#5610
REDIS_FORK = """
1:M 24 Nov 2026 19:08:47.067 * 1 changes in 900 seconds. Saving...
1:M 24 Nov 2026 19:08:47.067 # Can't save in background: fork: Cannot allocate memory
1:M 24 Nov 2026 19:08:53.041 * 1 changes in 900 seconds. Saving...
1:M 24 Nov 2026 19:08:53.043 # Can't save in background: fork: Cannot allocate memory
"""
MISCONF = """
Traceback (most recent call last):
  File "/opt/venv/lib/python3.12/site-packages/redis/connection.py", line 542, in read_response
    raise response
redis.exceptions.ResponseError: MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.
"""
