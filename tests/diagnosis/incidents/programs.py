"""Incidents of what programs print, written by somebody who had not read the rules, and what frightens and is well.

61 % of the first 113 had the right cause first before anything was mended; most others were told as a crash, with the telling line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.diagnosis import printed
from tests.diagnosis.breaking import APP, CACHE, DB, Bed, Break
from tests.diagnosis.cases import API, REDIS, Case

GRAFANA, PROMETHEUS = "grafana", "prometheus"
_DASHBOARDS = "Deployment/llm-cost-ops-grafana"
_METRICS = "Deployment/llm-cost-ops-prometheus"


@dataclass(frozen=True)
class Program:
    """One incident: what is printed, the words of it that tell, and how it ends: with a code, or unready where that is None."""

    name: str
    cause: str
    log: str
    tells: str
    code: int | None = 1
    object: str = API
    component: str = APP
    status: int = 503

    def case(self) -> Case:
        """The same as a case of the labelled set."""
        assert self.tells in self.log, self.name
        return Case(self.name, self.cause, self.object, self._breaks)

    def _breaks(self, bed: Bed) -> None:
        lines = self.log.strip("\n").split("\n")
        if self.code is None:
            bed.runs_unready(self.component, f"HTTP probe failed with statuscode: {self.status}", *lines)
        else:
            bed.crashes(self.component, self.code, *lines)


PROGRAMS: Final[tuple[Program, ...]] = (
    # Wrong login
    Program("Hikari's pool gets no login, Spring ends", "LG01", printed.HIKARI_LOGIN, 'password authentication failed for user "costs"'),
    Program("Keycloak is denied by MySQL", "LG01", printed.KEYCLOAK_MYSQL, "Access denied for user 'keycloak'"),
    Program("StackExchange.Redis has a wrong password, in Serilog's JSON", "LG01", printed.SE_REDIS_WRONGPASS, "WRONGPASS", None),
    Program("Prisma's P1000 in yarn", "LG01", printed.PRISMA_P1000, "P1000: Authentication failed"),
    Program("Postgrex gets no login, and the queue drops requests", "LG01", printed.POSTGREX_LOGIN, "28P01 (invalid_password)", None),
    Program("MongoDB's SCRAM fails in Go", "LG01", printed.MONGO_GO_LOGIN, "(AuthenticationFailed) Authentication failed"),
    Program("pika is refused by RabbitMQ", "LG01", printed.PIKA_REFUSED, "ACCESS_REFUSED - Login was refused"),
    Program("Kafka's SASL fails, in logback's JSON", "LG01", printed.KAFKA_SASL, "SaslAuthenticationException", None),
    Program("Grafana gets no login", "LG01", printed.GRAFANA_LOGIN, "pq: password authentication failed", object=_DASHBOARDS, component=GRAFANA),
    Program("ClickHouse knows no such password", "LG01", printed.CLICKHOUSE_LOGIN, "Authentication failed: password is incorrect"),
    # Database or role not there
    Program("EF Core's database is not there", "LG22", printed.EFCORE_NO_DATABASE, '3D000: database "costs" does not exist', 134),
    Program("r2d2 gives up a database that is not there", "LG22", printed.R2D2_NO_DATABASE, 'database "costs_prod" does not exist', 101),
    Program("MySQL does not know GORM's database", "LG22", printed.GORM_MYSQL_NO_DATABASE, "Unknown database 'costs'"),
    Program("Rails does not find its database", "LG22", printed.RAILS_NO_DATABASE, "We could not find your database"),
    Program("Sequelize's role is not there, in bunyan", "LG22", printed.SEQUELIZE_NO_ROLE, r'role \"costs_app\" does not exist'),
    # No permission in the database
    Program("Hasura may not make pgcrypto", "LG13", printed.HASURA_PGCRYPTO, "permission denied to create extension"),
    Program("Flyway may not write to the public schema", "LG13", printed.QUARKUS_FLYWAY_PUBLIC, "permission denied for schema public"),
    Program("lib/pq has no grant on a table", "LG13", printed.PQ_NO_GRANT, "permission denied for table usage_records", None),
    Program("Laravel may not create its table in MySQL", "LG13", printed.LARAVEL_MYSQL_GRANT, "1142 CREATE command denied to user"),
    # Too many connections
    Program("pgx finds too many clients", "LG07", printed.PGX_SLOTS, "sorry, too many clients already", None),
    Program("Postgrex finds only reserved slots", "LG07", printed.POSTGREX_SLOTS, "remaining connection slots are reserved"),
    Program("Redis has no more clients", "LG07", printed.IOREDIS_CLIENTS, "ERR max number of clients reached", None),
    Program("MySQL has too many connections for Doctrine", "LG07", printed.SYMFONY_MYSQL_SLOTS, "[1040] Too many connections", None, status=500),
    # TLS
    Program("lib/pq wants TLS of a server without", "LG05", printed.PQ_NO_SSL, "SSL is not enabled on the server"),
    Program("TypeORM wants TLS of a server without", "LG05", printed.TYPEORM_NO_SSL, "The server does not support SSL connections"),
    Program("Celery speaks TLS to Redis without", "LG05", printed.CELERY_REDIS_WRONG_VERSION, "WRONG_VERSION_NUMBER", None),
    Program("asyncpg's upgrade to TLS is rejected", "LG05", printed.ASYNCPG_SSL_REJECTED, "rejected SSL upgrade", 3),
    Program("tokio-postgres wants TLS of a server without", "LG05", printed.TOKIO_POSTGRES_TLS, "server does not support TLS"),
    # Certificates
    Program("Sequelize does not trust a chain", "LG25", printed.SEQUELIZE_SELF_SIGNED, "self-signed certificate in certificate chain"),
    Program("TypeORM meets a certificate of another name", "LG25", printed.TYPEORM_ALTNAME, "ERR_TLS_CERT_ALTNAME_INVALID"),
    Program("Java builds no path to the issuer of tokens", "LG25", printed.SPRING_PKIX, "PKIX path building failed"),
    Program("pgx meets an expired certificate", "LG25", printed.PGX_CERT_EXPIRED, "x509: certificate has expired", None),
    Program("requests meets an expired certificate", "LG25", printed.PYTHON_CERT_EXPIRED, "certificate verify failed: certificate has expired"),
    Program("rustls does not know the issuer", "LG25", printed.SQLX_RUSTLS, "invalid peer certificate: UnknownIssuer"),
    # Names
    Program("nginx does not find its upstream", "LG03", printed.NGINX_UPSTREAM, "host not found in upstream"),
    Program("HAProxy does not resolve a server", "LG03", printed.HAPROXY_RESOLVE, "could not resolve address"),
    Program("Sidekiq's Redis has no such name", "LG03", printed.SIDEKIQ_NAME, "getaddrinfo: Name or service not known"),
    Program("Laravel's host does not translate", "LG03", printed.LARAVEL_NAME, 'could not translate host name "postgres"', None, status=500),
    Program("Ecto migrates to a name that is not there", "LG03", printed.POSTGREX_NXDOMAIN, "non-existing domain - :nxdomain"),
    Program("Kafka resolves no bootstrap server", "LG03", printed.KAFKA_BOOTSTRAP, "No resolvable bootstrap urls"),
    Program("psycopg's pool gets no answer of the resolver", "LG03", printed.PSYCOPG3_RESOLVE, "Temporary failure in name resolution", None),
    Program("mysqlnd finds no address", "LG03", printed.SYMFONY_GETADDRINFO, "getaddrinfo for costs-mysql failed"),
    Program("the resolver gives .NET no answer", "LG03", printed.DOTNET_EAI_AGAIN, "Resource temporarily unavailable", None),
    # Nobody answers
    Program("Mongoose is refused", "LG04", printed.MONGOOSE_REFUSED, "connect ECONNREFUSED 203.0.113.20:27017"),
    Program("Agroal's connection times out", "LG04", printed.QUARKUS_TIMEOUT, "connect timed out"),
    Program("Postgrex is refused", "LG04", printed.POSTGREX_REFUSED, "connection refused - :econnrefused", None),
    Program("MySQL's link fails in Java", "LG04", printed.JAVA_COMMUNICATIONS, "java.net.ConnectException: Connection refused"),
    Program("go-redis times out, in zap's JSON", "LG04", printed.GO_REDIS_TIMEOUT, "dial tcp 203.0.113.31:6380: i/o timeout", None),
    Program("Celery's broker resets the connection", "LG04", printed.KOMBU_RESET, "Connection reset by peer", None),
    Program("librdkafka's brokers are down", "LG04", printed.RDKAFKA_REFUSED, "Connect to ipv4#203.0.113.40:9092 failed: Connection refused", None),
    Program("Temporal's database does not answer", "LG04", printed.TEMPORAL_TIMEOUT, "dial tcp 203.0.113.9:5432: i/o timeout"),
    # Schema and migrations
    Program("golang-migrate finds a dirty version", "LG08", printed.MIGRATE_DIRTY, "Dirty database version 40"),
    Program("Prisma finds a failed migration", "LG08", printed.PRISMA_P3009, "migrate found failed migrations"),
    Program("sqlx misses a migration that was applied", "LG08", printed.SQLX_MISSING, "was previously applied but is missing"),
    Program("Temporal's schema is too old", "LG08", printed.TEMPORAL_SCHEMA, "version mismatch for keyspace/database"),
    Program("Rails has migrations pending", "LG08", printed.RAILS_PENDING, "Migrations are pending", None, status=500),
    Program("Airflow's database was not initialized", "LG08", printed.AIRFLOW_INIT, "You need to initialize the database"),
    Program("Hibernate misses a column", "LG08", printed.HIBERNATE_VALIDATE, "missing column [currency]"),
    Program("Metabase waits for a lock of migrations", "LG08", printed.METABASE_LOCK, "Database has migration lock"),
    Program("Liquibase's lock is held by a pod that is gone", "LG08", printed.LIQUIBASE_LOCK, "Could not acquire change log lock"),
    # Variables that are missing
    Program("NestJS misses variables", "LG09", printed.NEST_CONFIG, '"DATABASE_URL" is required'),
    Program("django-environ misses a variable, gunicorn's worker does not boot", "LG09", printed.DJANGO_ENVIRON, "Set the SECRET_KEY environment variable", 3),
    Program("an Elixir release misses a variable", "LG09", printed.ELIXIR_SECRET, "environment variable SECRET_KEY_BASE is missing"),
    Program("envconfig misses a key", "LG09", printed.ENVCONFIG, "required key COSTS_SIGNING_KEY missing value"),
    Program("Prisma's schema names a variable that is not set", "LG09", printed.PRISMA_P1012, "Environment variable not found: DATABASE_URL"),
    Program("Rust expects a variable", "LG09", printed.RUST_VAR, "STRIPE_API_KEY must be set: NotPresent", 101),
    # Addresses and variables that are wrong
    Program("pgx cannot parse a password with a percent sign", "LG02", printed.PGX_PARSE, "failed to parse as URL"),
    Program("SQLAlchemy cannot parse its URL", "LG02", printed.SQLALCHEMY_URL, "Could not parse SQLAlchemy URL"),
    Program("Hikari's driver does not accept a URL", "LG02", printed.HIKARI_URL, "claims to not accept jdbcUrl"),
    Program("Node's URL has a Service's variable for a port", "LG02", printed.NODE_INVALID_URL, "ERR_INVALID_URL"),
    Program("Npgsql is given a URL", "LG02", printed.NPGSQL_FORMAT, "Format of the initialization string does not conform", 134),
    # Files that may not be written
    Program("nginx's cache is read-only", "LG10", printed.NGINX_READ_ONLY, "failed (30: Read-only file system)"),
    Program("Laravel may not write its log", "LG10", printed.LARAVEL_LOG_FILE, "Failed to open stream: Permission denied", None, status=500),
    Program("Grafana may not write its data", "LG10", printed.GRAFANA_PATHS, "is not writable", object=_DASHBOARDS, component=GRAFANA),
    Program("Prometheus may not write its queries", "LG10", printed.PROMETHEUS_QUERIES, "open /prometheus/queries.active: permission denied", 2, _METRICS, PROMETHEUS),
    Program("Tomcat's folder is read-only", "LG10", printed.TOMCAT_TEMP, "/tmp/tomcat.8080.1162389: Read-only file system"),
    Program("MinIO may not write its drive", "LG10", printed.MINIO_DRIVE, "Unable to write to the backend"),
    # Ports
    Program("Next.js' port is taken", "LG11", printed.NEXT_PORT, "EADDRINUSE"),
    Program("php-fpm's port is taken", "LG11", printed.FPM_PORT, "Address in use (98)", 78),
    Program("Kestrel's port is taken", "LG11", printed.KESTREL_PORT, "address already in use"),
    # Processor, memory, disk
    Program("an image of another processor, in the words of an old runc", "LG20", printed.EXEC_FORMAT, "exec format error"),
    Program("Java's heap is full, and it ends by itself", "LG26", printed.JAVA_HEAP, "Terminating due to java.lang.OutOfMemoryError", 3),
    Program(".NET's heap is full", "LG26", printed.DOTNET_MEMORY, "System.OutOfMemoryException", 134),
    Program("PHP's memory limit is reached", "LG26", printed.PHP_MEMORY, "Allowed memory size of 134217728 bytes exhausted", 255),
    Program("Python's disk is full", "VO06", printed.PYTHON_NO_SPACE, "No space left on device"),
    Program("Prometheus' disk is full", "VO06", printed.PROMETHEUS_NO_SPACE, "no space left on device", 1, _METRICS, PROMETHEUS),
    # Stores that are not as they should be
    Program("Redis is loading", "LG16", printed.REDIS_LOADING, "LOADING Redis is loading the dataset", None),
    Program("the database starts, and Micronaut does not", "LG16", printed.JAVA_STARTING_UP, "the database system is starting up"),
    Program("BullMQ meets MISCONF", "LG17", printed.BULLMQ_MISCONF, "MISCONF Redis is configured to save", None, REDIS),
    Program("Sidekiq meets a full Redis", "LG18", printed.SIDEKIQ_OOM, "OOM command not allowed", None, REDIS),
    Program("Django writes to a standby", "LG19", printed.DJANGO_READ_ONLY, "cannot execute UPDATE in a read-only transaction", None, status=500),
    Program("go-redis writes to a replica", "LG19", printed.GO_REDIS_READONLY, "READONLY You can't write against", None),
    Program("Django's migration waits for a lock", "LG23", printed.DJANGO_LOCK, "canceling statement due to lock timeout"),
    # Pools that are spent
    Program("Prisma's pool is spent", "LG21", printed.PRISMA_POOL, "Timed out fetching a new connection", None),
    Program("Sequelize's pool is spent", "LG21", printed.SEQUELIZE_POOL, "SequelizeConnectionAcquireTimeoutError", None),
    Program("ActiveRecord's pool is spent", "LG21", printed.RAILS_POOL, "could not obtain a connection from the pool", None, status=500),
    # Configuration files
    Program("nginx does not know a directive", "LG24", printed.NGINX_DIRECTIVE, 'unknown directive "proxy_pas"'),
    Program("Prometheus does not know a field", "LG24", printed.PROMETHEUS_FIELD, "field scrape_intervall not found", 2, _METRICS, PROMETHEUS),
    Program("HAProxy's file has no last line feed", "LG24", printed.HAPROXY_LF, "Missing LF on last line"),
    Program("httpd does not know a command", "LG24", printed.APACHE_COMMAND, "Invalid command 'ProxyPass'"),
    Program("Caddy does not know a directive", "LG24", printed.CADDY_DIRECTIVE, "unrecognized directive: reverse_prox"),
    Program("Envoy does not know a field", "LG24", printed.ENVOY_BOOTSTRAP, "error initializing config"),
    Program("ClickHouse's XML is no XML", "LG24", printed.CLICKHOUSE_XML, "SAXParseException", 232),
    # Programs and images that are broken
    Program("Node's entry point is not there", "LG27", printed.NODE_NO_MAIN, "Cannot find module '/usr/src/app/dist/main.js'"),
    Program("a package is not in Node's image", "LG27", printed.NODE_ESM, "Cannot find package 'send'"),
    Program("gems are not in the image", "LG27", printed.BUNDLER, "Bundler::GemNotFound"),
    Program("uvicorn does not import its application", "LG27", printed.UVICORN_IMPORT, "Could not import module"),
    Program("PHP has no driver", "LG27", printed.PHP_NO_DRIVER, "could not find driver"),
    Program("glibc of the image is too old", "LG27", printed.GLIBC, "`GLIBC_2.34' not found"),
    Program("Prisma's engine misses libssl", "LG27", printed.PRISMA_LIBSSL, "Error loading shared library libssl.so.1.1"),
    Program("Java's main class is not there", "LG27", printed.JAVA_NO_CLASS, "Could not find or load main class"),
    Program("click knows no such command", "CO12", printed.CLICK_COMMAND, "No such command 'serv'", 2),
    Program("cobra knows no such flag", "CO12", printed.COBRA_FLAG, "unknown flag: --prot"),
    # What is no store: the cluster, the node, object stores; and what has no cause of its own but is quoted
    Program("a lease may not be read", "LG29", printed.LEASE_FORBIDDEN, 'cannot get resource "leases"', None),
    Program("no more inotify instances", "LG30", printed.DOTNET_INOTIFY, "number of inotify instances", 134),
    Program("no more file descriptors", "LG30", printed.TOO_MANY_FILES, "too many open files", None),
    Program("no more threads", "LG30", printed.NATIVE_THREAD, "unable to create native thread"),
    Program("Caddy's port is below 1024", "LG10", printed.CADDY_PRIVILEGED, "bind: permission denied"),
    Program("httpd's port is below 1024", "LG10", printed.APACHE_PRIVILEGED, "could not bind to address"),
    Program("the object store does not know the key", "LG31", printed.S3_KEY, "InvalidAccessKeyId", None),
    Program("Redis is a cluster", "LG28", printed.REDIS_MOVED, "MOVED 7918", None),
    Program("keys of two slots", "LG28", printed.REDIS_CROSSSLOT, "CROSSSLOT", None),
    Program("an extension is not installed", "LG28", printed.NO_EXTENSION, "could not open extension control file"),
    Program("the server is too old for Django", "LG28", printed.DJANGO_OLD_SERVER, "PostgreSQL 14 or later is required"),
    Program("prepared statements behind pgbouncer", "LG28", printed.PREPARED_EXISTS, "already exists", None),
    Program("RabbitMQ's vhost is not there", "LG22", printed.AMQP_VHOST, "vhost costs not found"),
    Program("Kafka's topic may not be read", "LG13", printed.KAFKA_TOPIC, "TopicAuthorizationException", None),
    Program("a token from the future", "CO11", printed.CLOCK_SKEW, "Token used before issued"),
    Program("the licence has expired", "CO11", printed.LICENCE_EXPIRED, "expired license"),
    Program("a proxy takes the calls within the cluster", "CO11", printed.PROXY_SWALLOWS, "403 Forbidden"),
    Program("n8n's key was changed", "CO11", printed.N8N_KEY, "Mismatching encryption keys"),
    Program("Superset refuses a default key", "CO11", printed.SUPERSET_KEY, "Refusing to start due to insecure SECRET_KEY"),
    Program("the probe goes away before uWSGI answers", "TR01", printed.UWSGI_PIPE, "Broken pipe", None, status=500),
    Program("a browser leaves Tomcat", "TR01", printed.TOMCAT_ABORT, "ClientAbortException", None, status=404),
    Program("scanners speak TLS to Go", "TR01", printed.GO_SCANNERS, "connection reset by peer", None, status=404),
    Program("people mistype their passwords", "TR01", printed.USERS_LOGIN, "invalid password", None, status=404),
    Program("gunicorn's client is gone", "TR01", printed.GUNICORN_RESET, "Connection reset by peer", None, status=404),
    Program("Django does not allow the probe's host", "TR01", printed.DJANGO_HOST, "Invalid HTTP_HOST header", None, status=400),
)  # fmt: skip


def _says(component: str, log: str) -> Break:
    return lambda bed: bed.log(component, *log.strip("\n").split("\n"))


def _first_seconds(bed: Bed) -> None:
    """A new pod, some seconds old, still tries to reach its store."""
    pod = bed.rollout(stalled=False)
    pod["metadata"]["creationTimestamp"] = bed.ago(0.2)
    one = pod["status"]["containerStatuses"][0]
    one.update(state={"running": {"startedAt": bed.ago(0.1)}}, ready=False)
    bed.world.logs[pod["metadata"]["name"], one["name"]] = printed.FIRST_SECONDS.strip("\n").split("\n")


TRAPS: Final[dict[str, Break]] = {
    "Celery found its broker at the second try, in amqp's words": _says(APP, printed.CELERY_BACK),
    "Kafka's admin client was early, Spring started": _says(APP, printed.SPRING_RETRY),
    "Node warns of what is deprecated and insecure": _says(APP, printed.NODE_DEPRECATIONS),
    "a row was skipped with its traceback": _says(APP, printed.HANDLED_TRACE),
    "health checks of others fail": _says(APP, printed.HEALTH_OF_OTHERS),
    "an Elixir node shut down, and runs again": _says(APP, printed.SHUTDOWN_OF_BEFORE),
    "a ticket quotes a customer's error": _says(APP, printed.QUOTED_TICKET),
    "spans and logs are not exported": _says(APP, printed.TELEMETRY),
    "a scanner fills the access log": _says(APP, printed.ACCESS_4XX),
    "counters of errors are zero": _says(APP, printed.COUNTERS),
    "Hikari replaced a connection": _says(APP, printed.HIKARI_HICCUP),
    "users of Rails err": _says(APP, printed.RAILS_USER_ERRORS),
    "a mail went at the second try": _says(APP, printed.LARAVEL_MAIL),
    "a controller was told to wait": _says(APP, printed.KLOG_NOISE),
    "cookies of another key": _says(APP, printed.DOTNET_NOISE),
    "PostgreSQL's clients deadlock, scan and were too many": _says(DB, printed.PG_CLIENTS),
    "Redis' disk was slow": _says(CACHE, printed.REDIS_SLOW),
    "Grafana's data source is away, and somebody mistypes a password": _says(GRAFANA, printed.GRAFANA_NOISE),
    "Prometheus' Alertmanager is away": _says(PROMETHEUS, printed.PROMETHEUS_NOISE),
    "a task panicked and was tried again": _says(APP, printed.RESTARTED_TRACE),
    "Flyway notes a newer server": _says(APP, printed.FLYWAY_NOTES),
    "features without their variables are off": _says(APP, printed.FEATURE_OFF),
    "the cache was away for half a minute": _says(APP, printed.CACHE_FALLBACK),
    "gunicorn ended a slow worker": _says(APP, printed.GUNICORN_TIMEOUTS),
    "Next.js misses an image": _says(APP, printed.IMAGE_LIBRARY),
    "certificates of customers expire": _says(APP, printed.CERT_WATCH),
    "a transaction was tried again": _says(APP, printed.LOCK_RETRIES),
    "a report worker died of its heap": _says(APP, printed.WORKER_MEMORY),
    "an optional database is not there": _says(APP, printed.OPTIONAL_STORE),
    "a new pod waits for its store in its first seconds": _first_seconds,
}
"""Nothing may be found in these."""


CASES: Final[tuple[Case, ...]] = tuple(one.case() for one in PROGRAMS)
HEALTHY: Final[dict[str, Break]] = TRAPS
