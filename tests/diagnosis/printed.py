"""What programs print when they do not start, or run and are not ready; each with where its kind was met.

The telling words are those of the programs and of their clients, as a thread or a source shows them. Names of hosts, people and
classes are ours. Half of what stands around them is what such a program says before and after.
"""

# Wrong login

# Grashjs/cmms#38, brettwooldridge/HikariCP#1340: Spring Boot, HikariPool.java
HIKARI_LOGIN = r"""
  .   ____          _            __ _ _
 /\\ / ___'_ __ _ _(_)_ __  __ _ \ \ \ \
 =========|_|==============|___/=/_/_/_/
 :: Spring Boot ::                (v3.3.4)

2026-11-24T19:10:02.511Z  INFO 1 --- [costs] [           main] com.acme.costs.CostsApplication          : Starting CostsApplication v4.2.0 using Java 21.0.4 with PID 1
2026-11-24T19:10:04.902Z  WARN 1 --- [costs] [           main] o.s.b.a.s.s.UserDetailsServiceAutoConfiguration : Using generated security password: 0c9b6a1e
2026-11-24T19:10:05.117Z  INFO 1 --- [costs] [           main] com.zaxxer.hikari.HikariDataSource       : HikariPool-1 - Starting...
2026-11-24T19:10:06.240Z ERROR 1 --- [costs] [           main] com.zaxxer.hikari.pool.HikariPool        : HikariPool-1 - Exception during pool initialization.

org.postgresql.util.PSQLException: FATAL: password authentication failed for user "costs"
	at org.postgresql.core.v3.ConnectionFactoryImpl.doAuthentication(ConnectionFactoryImpl.java:710) ~[postgresql-42.7.3.jar!/:42.7.3]
	at com.zaxxer.hikari.pool.HikariPool.<init>(HikariPool.java:100) ~[HikariCP-5.1.0.jar!/:na]
	at com.acme.costs.CostsApplication.main(CostsApplication.java:14) ~[!/:na]

2026-11-24T19:10:06.255Z  WARN 1 --- [costs] [           main] o.h.e.j.e.i.JdbcEnvironmentInitiator     : HHH000342: Could not obtain connection to query metadata
2026-11-24T19:10:06.391Z  INFO 1 --- [costs] [           main] o.apache.catalina.core.StandardService   : Stopping service [Tomcat]
2026-11-24T19:10:06.402Z ERROR 1 --- [costs] [           main] o.s.boot.SpringApplication               : Application run failed
	... 41 common frames omitted
"""

# keycloak/keycloak#11296
KEYCLOAK_MYSQL = """
Updating the configuration and installing your custom providers, if any. Please wait.
2026-11-24 19:10:01,882 INFO  [io.quarkus.deployment.QuarkusAugmentor] (main) Quarkus augmentation completed in 4116ms
2026-11-24 19:10:04,420 INFO  [org.keycloak.quarkus.runtime.hostname.DefaultHostnameProvider] (main) Hostname settings: Base URL: <unset>, Hostname: <request>
2026-11-24 19:10:05,003 WARN  [io.agroal.pool] (agroal-11) Datasource '<default>': Access denied for user 'keycloak'@'10.244.1.9' (using password: YES)
2026-11-24 19:10:05,031 ERROR [org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler] (main) ERROR: Failed to start server in (production) mode
2026-11-24 19:10:05,031 ERROR [org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler] (main) ERROR: Failed to obtain JDBC connection
2026-11-24 19:10:05,031 ERROR [org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler] (main) ERROR: Access denied for user 'keycloak'@'10.244.1.9' (using password: YES)
2026-11-24 19:10:05,032 ERROR [org.keycloak.quarkus.runtime.cli.ExecutionExceptionHandler] (main) For more details run the same command passing the '--verbose' option. Also you can use '--help' to see the details about the usage of the particular command.
"""

# StackExchange/StackExchange.Redis#2362 and #2246, Serilog's compact JSON
SE_REDIS_WRONGPASS = r"""
{"@t":"2026-11-24T19:10:01.2204117Z","@m":"Now listening on: http://[::]:8080","@i":"d826f4b8","address":"http://[::]:8080"}
{"@t":"2026-11-24T19:10:01.2310442Z","@m":"Application started. Press Ctrl+C to shut down.","@i":"dcaefe54"}
{"@t":"2026-11-24T19:10:03.8817103Z","@m":"Overriding HTTP_PORTS '8080' and HTTPS_PORTS ''. Binding to values defined by URLS instead","@l":"Warning"}
{"@t":"2026-11-24T19:10:11.0102231Z","@m":"Health check redis with status Unhealthy completed after 41.2ms with message '(null)'","@l":"Error","@x":"StackExchange.Redis.RedisConnectionException: It was not possible to connect to the redis server(s). There was an authentication failure; check that passwords (or client certificates) are configured correctly: (RedisServerException) Error: WRONGPASS invalid username-password pair or user is disabled.\n   at StackExchange.Redis.ConnectionMultiplexer.ConnectImplAsync(ConfigurationOptions configuration, TextWriter writer, Nullable`1 serverType)\n   at HealthChecks.Redis.RedisHealthCheck.CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)","HealthCheckName":"redis"}
{"@t":"2026-11-24T19:10:11.0131194Z","@m":"HTTP GET /health responded 503 in 44.1 ms","@l":"Error","RequestPath":"/health","StatusCode":503}
"""

# ghostfolio/ghostfolio#1011, Peppermint-Lab/peppermint#225
PRISMA_P1000 = """
yarn run v1.22.22
$ prisma migrate deploy
Environment variables loaded from .env
Prisma schema loaded from prisma/schema.prisma
Datasource "db": PostgreSQL database "costs", schema "public" at "llm-cost-ops-postgresql:5432"

Error: P1000: Authentication failed against database server at `llm-cost-ops-postgresql`, the provided database credentials for `costs` are not valid.

Please make sure to provide valid database credentials for the database server at `llm-cost-ops-postgresql`.
error Command failed with exit code 1.
info Visit https://yarnpkg.com/en/docs/cli/run for documentation about this command.
"""

# firezone/firezone#2541
POSTGREX_LOGIN = """
19:10:01.117 [info] Running CostsWeb.Endpoint with Bandit 1.5.7 at :::4000 (http)
19:10:01.120 [info] Access CostsWeb.Endpoint at https://costs.example.com
19:10:01.402 [error] Postgrex.Protocol (#PID<0.1841.0> ("db_conn_3")) failed to connect: ** (Postgrex.Error) FATAL 28P01 (invalid_password) password authentication failed for user "costs"
19:10:02.960 [error] Postgrex.Protocol (#PID<0.1839.0> ("db_conn_1")) failed to connect: ** (Postgrex.Error) FATAL 28P01 (invalid_password) password authentication failed for user "costs"
19:10:04.118 request_id=GArXm1 [info] GET /ready
19:10:09.132 request_id=GArXm1 [error] ** (DBConnection.ConnectionError) connection not available and request was dropped from queue after 2981ms. This means requests are coming in and your connection pool cannot serve them fast enough. You can address this by:
  1. Ensuring your database is available and that you can connect to it
  2. Tracking down slow queries and making sure they are running fast enough
19:10:09.133 request_id=GArXm1 [info] Sent 503 in 5014ms
"""

# bitnami/containers#13650: mongo-go-driver
MONGO_GO_LOGIN = r"""
time=2026-11-24T19:10:00.480Z level=INFO msg="config loaded" path=/etc/costs/config.yaml
time=2026-11-24T19:10:00.481Z level=WARN msg="tracing is off" reason="OTEL_EXPORTER_OTLP_ENDPOINT is empty"
time=2026-11-24T19:10:00.903Z level=ERROR msg="cannot connect to MongoDB" err="connection() error occurred during connection handshake: auth error: sasl conversation error: unable to authenticate using mechanism \"SCRAM-SHA-256\": (AuthenticationFailed) Authentication failed."
time=2026-11-24T19:10:00.904Z level=INFO msg="stopping listeners"
time=2026-11-24T19:10:00.904Z level=INFO msg=bye code=1
"""

# pika/pika#998, mosquito/aio-pika#516
PIKA_REFUSED = """
2026-11-24 19:10:00,812 INFO costs.worker starting, 4 consumers
2026-11-24 19:10:00,991 INFO pika.adapters.utils.connection_workflow Pika version 1.3.2 connecting to ('10.96.201.4', 5672)
2026-11-24 19:10:01,007 ERROR pika.adapters.blocking_connection Connection workflow failed: AMQPConnectionWorkflowFailed: 1 exceptions in all; last exception - AMQPConnectorAMQPHandshakeError: ProbableAuthenticationError: Client was disconnected at a connection stage indicating a probable authentication error: ("ConnectionClosedByBroker: (403) 'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.'",)
2026-11-24 19:10:01,008 ERROR pika.adapters.blocking_connection Error in _create_connection().
Traceback (most recent call last):
  File "/app/.venv/lib/python3.12/site-packages/pika/adapters/blocking_connection.py", line 451, in _create_connection
    raise self._reap_last_connection_workflow_error(error)
pika.exceptions.ProbableAuthenticationError: ConnectionClosedByBroker: (403) 'ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile.'
2026-11-24 19:10:01,011 INFO costs.worker stopped
"""

# bitnami/charts#24522: Kafka's SaslClientAuthenticator, in logback's JSON
KAFKA_SASL = r"""
{"@timestamp":"2026-11-24T19:10:04.120Z","@version":"1","message":"[Consumer clientId=costs-1, groupId=costs] Initializing the Kafka consumer","logger_name":"org.apache.kafka.clients.consumer.internals.LegacyKafkaConsumer","thread_name":"main","level":"INFO","level_value":20000}
{"@timestamp":"2026-11-24T19:10:04.771Z","@version":"1","message":"[Consumer clientId=costs-1, groupId=costs] Connection to node -1 (kafka-0.kafka-headless.kafka.svc.cluster.local/10.244.1.6:9092) failed authentication due to: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256","logger_name":"org.apache.kafka.clients.NetworkClient","thread_name":"costs-0-C-1","level":"ERROR","level_value":40000}
{"@timestamp":"2026-11-24T19:10:04.772Z","@version":"1","message":"[Consumer clientId=costs-1, groupId=costs] Bootstrap broker kafka-0.kafka-headless.kafka.svc.cluster.local:9092 (id: -1 rack: null) disconnected","logger_name":"org.apache.kafka.clients.NetworkClient","thread_name":"costs-0-C-1","level":"WARN","level_value":30000}
{"@timestamp":"2026-11-24T19:10:04.790Z","@version":"1","message":"Authentication/Authorization Exception, throwing a FencedInstanceIdException","logger_name":"o.s.k.l.KafkaMessageListenerContainer","thread_name":"costs-0-C-1","level":"ERROR","level_value":40000,"stack_trace":"org.apache.kafka.common.errors.SaslAuthenticationException: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-256\n"}
{"@timestamp":"2026-11-24T19:10:04.795Z","@version":"1","message":"Fatal consumer exception; stopping container","logger_name":"o.s.k.l.KafkaMessageListenerContainer","thread_name":"costs-0-C-1","level":"ERROR","level_value":40000}
"""

# alphagov/govuk-helm-charts#1602
GRAFANA_LOGIN = """
logger=settings t=2026-11-24T19:10:00.100731Z level=info msg="Starting Grafana" version=11.2.0 commit=2a88694fd3 branch=HEAD
logger=settings t=2026-11-24T19:10:00.101344Z level=info msg="Config overridden from Environment variable" var="GF_DATABASE_TYPE=postgres"
logger=featuremgmt t=2026-11-24T19:10:00.102001Z level=info msg=FeatureToggles dashgpt=true
logger=sqlstore t=2026-11-24T19:10:00.110731Z level=info msg="Connecting to DB" dbtype=postgres
logger=migrator t=2026-11-24T19:10:00.131021Z level=info msg="Starting DB migrations"
Error: \u2717 failed to check table existence: pq: password authentication failed for user "grafana"
"""

# Altinity/clickhouse-operator#786: clickhouse-go
CLICKHOUSE_LOGIN = r"""
{"level":"debug","time":1764011400,"caller":"/src/cmd/main.go:20","message":"reading environment"}
{"level":"info","time":1764011400,"caller":"/src/cmd/main.go:33","message":"opening clickhouse"}
{"level":"fatal","error":"code: 516, message: costs: Authentication failed: password is incorrect, or there is no user with such name.","time":1764011401,"caller":"/src/cmd/main.go:41","message":"clickhouse ping"}
"""

# Database or role not there

# npgsql/efcore.pg#882
EFCORE_NO_DATABASE = """
info: Microsoft.EntityFrameworkCore.Migrations[20411]
      Acquiring an exclusive lock for migration application. See https://aka.ms/efcore-docs-migrations-lock for more information if this takes too long.
fail: Microsoft.EntityFrameworkCore.Database.Connection[20004]
      An error occurred using the connection to database 'costs' on server 'tcp://llm-cost-ops-postgresql:5432'.
Unhandled exception. Npgsql.PostgresException (0x80004005): 3D000: database "costs" does not exist
   at Npgsql.Internal.NpgsqlConnector.ReadMessageLong(Boolean async, DataRowLoadingMode dataRowLoadingMode, Boolean readingNotifications, Boolean isReadingPrependedMessage)
   at Npgsql.Internal.NpgsqlConnector.Open(NpgsqlTimeout timeout, Boolean async, CancellationToken cancellationToken)
   at Microsoft.EntityFrameworkCore.Migrations.Internal.Migrator.Migrate(String targetMigration)
   at Program.<Main>$(String[] args) in /src/Costs/Program.cs:line 58
  Exception data:
    Severity: FATAL
    SqlState: 3D000
    MessageText: database "costs" does not exist
    File: postinit.c
    Line: 941
    Routine: InitPostgres
"""

# sfackler/r2d2 lib.rs (LoggingErrorHandler), diesel's ConnectionError::BadConnection
R2D2_NO_DATABASE = """
[2026-11-24T19:10:00Z INFO  costs] costs 4.2.0 (6f2c1d9)
[2026-11-24T19:10:00Z ERROR r2d2] connection to server at "10.96.71.14", port 5432 failed: FATAL:  database "costs_prod" does not exist
[2026-11-24T19:10:00Z ERROR r2d2] connection to server at "10.96.71.14", port 5432 failed: FATAL:  database "costs_prod" does not exist
[2026-11-24T19:10:12Z ERROR r2d2] connection to server at "10.96.71.14", port 5432 failed: FATAL:  database "costs_prod" does not exist
thread 'main' panicked at src/store.rs:18:10:
build pool: Error(Some("connection to server at \\"10.96.71.14\\", port 5432 failed: FATAL:  database \\"costs_prod\\" does not exist\\n"))
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""

# go-gorm/gorm's Initialize, go-sql-driver/mysql's MySQLError
GORM_MYSQL_NO_DATABASE = """
[GIN-debug] [WARNING] Running in "debug" mode. Switch to "release" mode in production.
 - using env:	export GIN_MODE=release
 - using code:	gin.SetMode(gin.ReleaseMode)

2026/11/24 19:10:01 /src/internal/store/store.go:31
[error] failed to initialize database, got error Error 1049 (42000): Unknown database 'costs'
2026/11/24 19:10:01 open store: Error 1049 (42000): Unknown database 'costs'
exit status 1
"""

# rails/rails activerecord NoDatabaseError
RAILS_NO_DATABASE = """
=> Booting Puma
=> Rails 7.1.4 application starting in production
=> Run `bin/rails server --help` for more startup options
bin/rails aborted!
ActiveRecord::NoDatabaseError: We could not find your database: costs_production. Available database configurations can be found in config/database.yml. (ActiveRecord::NoDatabaseError)

To resolve this error:

- Did you not create the database, or did you delete it? To create the database, run:

    bin/rails db:create

- Has the database name changed? Verify that config/database.yml contains the correct database name.

Caused by:
PG::ConnectionBad: connection to server at "10.96.71.14", port 5432 failed: FATAL:  database "costs_production" does not exist (PG::ConnectionBad)

Tasks: TOP => db:migrate
(See full trace by running task with --trace)
"""

# sequelize postgres connection-manager.js, bunyan
SEQUELIZE_NO_ROLE = r"""
{"name":"costs","hostname":"llm-cost-ops-6bcdf8b9bf-9x8jx","pid":1,"level":30,"msg":"booting","time":"2026-11-24T19:10:00.101Z","v":0}
{"name":"costs","hostname":"llm-cost-ops-6bcdf8b9bf-9x8jx","pid":1,"level":40,"msg":"NODE_ENV is production, source maps are off","time":"2026-11-24T19:10:00.150Z","v":0}
{"name":"costs","hostname":"llm-cost-ops-6bcdf8b9bf-9x8jx","pid":1,"level":60,"err":{"message":"role \"costs_app\" does not exist","name":"SequelizeConnectionError","stack":"SequelizeConnectionError: role \"costs_app\" does not exist\n    at Client._connectionCallback (/app/node_modules/sequelize/lib/dialects/postgres/connection-manager.js:145:24)\n    at Client._handleErrorWhileConnecting (/app/node_modules/pg/lib/client.js:336:19)"},"msg":"unable to open the database","time":"2026-11-24T19:10:00.390Z","v":0}
{"name":"costs","hostname":"llm-cost-ops-6bcdf8b9bf-9x8jx","pid":1,"level":30,"msg":"exit","time":"2026-11-24T19:10:00.391Z","v":0}
"""

# No permission in the database

# hasura/graphql-engine#4833, #2362
HASURA_PGCRYPTO = r"""
{"type":"startup","timestamp":"2026-11-24T19:10:00.000+0000","level":"info","detail":{"kind":"server_configuration","info":{"live_query_options":{"batch_size":100,"refetch_delay":1},"enable_telemetry":true,"port":8080}}}
{"type":"startup","timestamp":"2026-11-24T19:10:00.102+0000","level":"info","detail":{"kind":"postgres_connection","info":{"retries":1,"database_url":"postgres://hasura:...@llm-cost-ops-postgresql:5432/costs"}}}
{"type":"startup","timestamp":"2026-11-24T19:10:00.480+0000","level":"error","detail":{"kind":"catalog_migrate","info":{"path":"$","error":"pgcrypto extension is required, but the current user doesn't have permission to create it. Please grant superuser permission, or setup the initial schema via https://hasura.io/docs/latest/graphql/core/deployment/postgres-permissions.html","code":"postgres-error","internal":{"statement":"CREATE EXTENSION IF NOT EXISTS pgcrypto SCHEMA public","error":{"exec_status":"FatalError","hint":"Must have CREATE privilege on current database to create this extension.","message":"permission denied to create extension \"pgcrypto\"","status_code":"42501"}}}}}
"""

# flyway/flyway JdbcTableSchemaHistory on PostgreSQL 15's public schema; Quarkus' Application
QUARKUS_FLYWAY_PUBLIC = """
__  ____  __  _____   ___  __ ____  ______
 --/ __ \\/ / / / _ | / _ \\/ //_/ / / / __/
 -/ /_/ / /_/ / __ |/ , _/ ,< / /_/ /\\ \\
--\\___\\_\\____/_/ |_/_/|_/_/|_|\\____/___/
2026-11-24 19:10:02,481 INFO  [org.fly.cor.int.dat.bas.BaseDatabaseType] (main) Database: jdbc:postgresql://llm-cost-ops-postgresql:5432/costs (PostgreSQL 16.15)
2026-11-24 19:10:02,533 INFO  [org.fly.cor.int.sch.JdbcTableSchemaHistory] (main) Schema history table "public"."flyway_schema_history" does not exist yet
2026-11-24 19:10:02,541 INFO  [org.fly.cor.int.sch.JdbcTableSchemaHistory] (main) Creating Schema History table "public"."flyway_schema_history" ...
2026-11-24 19:10:02,612 ERROR [io.qua.run.Application] (main) Failed to start application: java.lang.RuntimeException: Failed to start quarkus
	at io.quarkus.runner.ApplicationImpl.doStart(Unknown Source)
	at io.quarkus.runtime.Application.start(Application.java:101)
Caused by: org.flywaydb.core.internal.exception.sqlExceptions.FlywaySqlException: Unable to create schema history table
SQL State  : 42501
Error Code : 0
Message    : ERROR: permission denied for schema public
  Position: 14
	at org.flywaydb.core.internal.schemahistory.JdbcTableSchemaHistory.create(JdbcTableSchemaHistory.java:135)
	... 12 more
"""

# lib/pq error.go
PQ_NO_GRANT = r"""
{"level":"info","service":"costs","time":"2026-11-24T19:10:00Z","message":"listening on :8080"}
{"level":"warn","service":"costs","error":"context canceled","time":"2026-11-24T19:10:02Z","message":"request aborted by client"}
{"level":"error","service":"costs","error":"pq: permission denied for table usage_records","query":"ListUsage","time":"2026-11-24T19:10:05Z","message":"readiness check"}
{"level":"error","service":"costs","error":"pq: permission denied for table usage_records","query":"ListUsage","time":"2026-11-24T19:10:15Z","message":"readiness check"}
"""

# laravel/framework Connection.php, MySQL's ER_TABLEACCESS_DENIED_ERROR
LARAVEL_MYSQL_GRANT = """
   INFO  Preparing database.

  Creating migration table ....................................... 4.10ms FAIL

   Illuminate\\Database\\QueryException

  SQLSTATE[42000]: Syntax error or access violation: 1142 CREATE command denied to user 'costs'@'10.244.1.9' for table `costs`.`migrations` (Connection: mysql, SQL: create table `migrations` (`id` int unsigned not null auto_increment primary key))

  at vendor/laravel/framework/src/Illuminate/Database/Connection.php:829
    825|                     $this->getName(), $query, $this->prepareBindings($bindings), $e
    826|                 );
    827|             }
  > 829|             throw new QueryException(

      +9 vendor frames
  10  artisan:35
"""

# Too many connections

# jackc/pgx v5 pgconn
PGX_SLOTS = r"""
{"level":"info","time":"2026-11-24T19:10:00Z","message":"schema is at 42"}
{"level":"info","time":"2026-11-24T19:10:00Z","message":"http on :8080"}
{"level":"error","time":"2026-11-24T19:10:06Z","error":"failed to connect to `user=costs database=costs`:\n\t10.96.71.14:5432 (llm-cost-ops-postgresql): server error: FATAL: sorry, too many clients already (SQLSTATE 53300)","message":"ready: acquire"}
{"level":"error","time":"2026-11-24T19:10:16Z","error":"failed to connect to `user=costs database=costs`:\n\t10.96.71.14:5432 (llm-cost-ops-postgresql): server error: FATAL: sorry, too many clients already (SQLSTATE 53300)","message":"ready: acquire"}
"""

# elixir-ecto/postgrex error.ex
POSTGREX_SLOTS = """
19:10:00.007 [info] Migrations already up
19:10:00.312 [error] Postgrex.Protocol (#PID<0.2210.0> ("db_conn_7")) failed to connect: ** (Postgrex.Error) FATAL 53300 (too_many_connections) remaining connection slots are reserved for roles with the SUPERUSER attribute
19:10:00.313 [error] Postgrex.Protocol (#PID<0.2213.0> ("db_conn_10")) failed to connect: ** (Postgrex.Error) FATAL 53300 (too_many_connections) remaining connection slots are reserved for roles with the SUPERUSER attribute
19:10:03.720 [notice] Application costs exited: Costs.Application.start(:normal, []) returned an error: shutdown: failed to start child: Costs.Prices
    ** (EXIT) an exception was raised:
        ** (DBConnection.ConnectionError) connection not available and request was dropped from queue after 2990ms. This means requests are coming in and your connection pool cannot serve them fast enough.
            (ecto_sql 3.12.0) lib/ecto/adapters/sql.ex:1096: Ecto.Adapters.SQL.raise_sql_call_error/1
Kernel pid terminated (application_controller) ("{application_start_failure,costs,{{shutdown,{failed_to_start_child,'Elixir.Costs.Prices',...}}}")

Crash dump is being written to: erl_crash.dump...done
"""

# redis/ioredis#809
IOREDIS_CLIENTS = """
{"level":30,"time":1764011400101,"pid":1,"hostname":"api","msg":"Server listening at http://0.0.0.0:8080"}
{"level":50,"time":1764011402440,"pid":1,"hostname":"api","err":{"type":"ReplyError","message":"ERR max number of clients reached","stack":"ReplyError: ERR max number of clients reached\\n    at parseError (/app/node_modules/redis-parser/lib/parser.js:179:12)\\n    at parseType (/app/node_modules/redis-parser/lib/parser.js:302:14)","command":{"name":"auth"}},"msg":"redis"}
{"level":40,"time":1764011402441,"pid":1,"hostname":"api","msg":"redis: reconnecting in 2000 ms"}
{"level":50,"time":1764011404450,"pid":1,"hostname":"api","err":{"type":"ReplyError","message":"ERR max number of clients reached"},"msg":"redis"}
{"level":50,"time":1764011405012,"pid":1,"hostname":"api","req":{"method":"GET","url":"/ready"},"res":{"statusCode":503},"msg":"request errored"}
"""

# Symfony's Monolog lines, PDO MySQL 1040
SYMFONY_MYSQL_SLOTS = r"""
[24-Nov-2026 19:10:00] NOTICE: fpm is running, pid 1
[24-Nov-2026 19:10:00] NOTICE: ready to handle connections
{"message":"User Deprecated: Since symfony/http-foundation 7.1: Not setting a default is deprecated.","level":200,"level_name":"INFO","channel":"deprecation","datetime":"2026-11-24T19:10:03+00:00"}
{"message":"Uncaught PHP Exception Doctrine\\DBAL\\Exception\\ConnectionException: \"An exception occurred in the driver: SQLSTATE[HY000] [1040] Too many connections\" at ExceptionConverter.php line 101","context":{"exception":{"class":"Doctrine\\DBAL\\Exception\\ConnectionException","code":1040}},"level":500,"level_name":"CRITICAL","channel":"request","datetime":"2026-11-24T19:10:05+00:00"}
10.244.0.1 -  24/Nov/2026:19:10:05 +0000 "GET /index.php" 500
"""

# TLS wanted, or not given

# lib/pq ssl.go's ErrSSLNotSupported, logrus
PQ_NO_SSL = """
time="2026-11-24T19:10:00Z" level=info msg="costs 4.2.0 starting"
time="2026-11-24T19:10:00Z" level=warning msg="DEPRECATED: --db-dsn, use DATABASE_URL"
time="2026-11-24T19:10:00Z" level=error msg="ping failed, attempt 1 of 3" error="pq: SSL is not enabled on the server"
time="2026-11-24T19:10:02Z" level=error msg="ping failed, attempt 2 of 3" error="pq: SSL is not enabled on the server"
time="2026-11-24T19:10:04Z" level=fatal msg="giving up on the database" error="pq: SSL is not enabled on the server"
"""

# brianc/node-postgres connection.js, nestjs/typeorm's retry (nestjs/typeorm#47)
TYPEORM_NO_SSL = """
[Nest] 1  - 11/24/2026, 7:10:00 PM     LOG [NestFactory] Starting Nest application...
[Nest] 1  - 11/24/2026, 7:10:00 PM     LOG [InstanceLoader] TypeOrmModule dependencies initialized +38ms
[Nest] 1  - 11/24/2026, 7:10:00 PM     LOG [InstanceLoader] ConfigHostModule dependencies initialized +1ms
[Nest] 1  - 11/24/2026, 7:10:00 PM   ERROR [TypeOrmModule] Unable to connect to the database. Retrying (1)...
Error: The server does not support SSL connections
    at Socket.<anonymous> (/app/node_modules/pg/lib/connection.js:76:37)
    at Object.onceWrapper (node:events:633:26)
    at Socket.emit (node:events:518:28)
[Nest] 1  - 11/24/2026, 7:10:27 PM   ERROR [TypeOrmModule] Unable to connect to the database. Retrying (9)...
Error: The server does not support SSL connections
    at Socket.<anonymous> (/app/node_modules/pg/lib/connection.js:76:37)
[Nest] 1  - 11/24/2026, 7:10:27 PM   ERROR [ExceptionHandler] The server does not support SSL connections
"""

# redis-py's rediss:// at a port without TLS, CPython's _ssl.c
CELERY_REDIS_WRONG_VERSION = """
 -------------- celery@llm-cost-ops-6bcdf8b9bf-9x8jx v5.4.0 (opalescent)
--- ***** -----
-- ******* ---- Linux-6.8.0-x86_64-with-glibc2.36 2026-11-24 19:10:00
- *** --- * ---
- ** ---------- [config]
- ** ---------- .> transport:   rediss://:**@llm-cost-ops-redis:6379/0
- ** ---------- .> results:     disabled://
[2026-11-24 19:10:01,374: WARNING/MainProcess] /venv/lib/python3.12/site-packages/celery/worker/consumer/consumer.py:508: CPendingDeprecationWarning: The broker_connection_retry configuration setting will no longer determine
whether broker connection retries are made during startup in Celery 6.0 and above.
  warnings.warn(
[2026-11-24 19:10:01,381: ERROR/MainProcess] consumer: Cannot connect to rediss://:**@llm-cost-ops-redis:6379/0: Error 1 connecting to llm-cost-ops-redis:6379. [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)..
Trying again in 2.00 seconds... (1/100)

[2026-11-24 19:10:03,391: ERROR/MainProcess] consumer: Cannot connect to rediss://:**@llm-cost-ops-redis:6379/0: Error 1 connecting to llm-cost-ops-redis:6379. [SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)..
Trying again in 4.00 seconds... (2/100)
"""

# MagicStack/asyncpg connect_utils.py
ASYNCPG_SSL_REJECTED = """
INFO:     Started server process [1]
INFO:     Waiting for application startup.
2026-11-24 19:10:00 [info     ] opening pool                   dsn=postgresql+asyncpg://costs:***@llm-cost-ops-postgresql/costs size=10
ERROR:    Traceback (most recent call last):
  File "/srv/.venv/lib/python3.12/site-packages/starlette/routing.py", line 693, in lifespan
    async with self.lifespan_context(app) as maybe_state:
  File "/srv/.venv/lib/python3.12/site-packages/asyncpg/connect_utils.py", line 969, in _create_ssl_connection
    tr, pr = await loop.create_connection(
ConnectionError: PostgreSQL server at "llm-cost-ops-postgresql:5432" rejected SSL upgrade

ERROR:    Application startup failed. Exiting.
"""

# tokio-postgres error/mod.rs, tracing-subscriber's JSON
TOKIO_POSTGRES_TLS = r"""
{"timestamp":"2026-11-24T19:10:00.002113Z","level":"INFO","fields":{"message":"costs starting","version":"4.2.0"},"target":"costs"}
{"timestamp":"2026-11-24T19:10:00.009871Z","level":"WARN","fields":{"message":"no Sentry DSN, errors stay here"},"target":"costs::telemetry"}
{"timestamp":"2026-11-24T19:10:00.044019Z","level":"ERROR","fields":{"message":"cannot open the store","error":"error performing TLS handshake: server does not support TLS"},"target":"costs::store","span":{"name":"open"},"spans":[{"name":"open"}]}
{"timestamp":"2026-11-24T19:10:00.044203Z","level":"INFO","fields":{"message":"flushing metrics"},"target":"costs"}
"""

# Certificates

# outline/outline#11519, sequelize/sequelize#12083
SEQUELIZE_SELF_SIGNED = r"""
{"label":"lifecycle","level":"info","message":"Listening on http://localhost:8080 / https://costs.example.com"}
{"label":"lifecycle","level":"warn","message":"Enforcing timestamps in UTC"}
{"error":"self-signed certificate in certificate chain","level":"error","message":"Failed to connect to database","stack":"SequelizeConnectionError: self-signed certificate in certificate chain\n    at Client._connectionCallback (/opt/costs/node_modules/sequelize/lib/dialects/postgres/connection-manager.js:145:24)\n    at Client._handleErrorWhileConnecting (/opt/costs/node_modules/pg/lib/client.js:336:19)"}
{"label":"lifecycle","level":"info","message":"Shutting down"}
{"label":"lifecycle","level":"info","message":"Graceful quit"}
"""

# CrunchyData/postgres-operator#3161, twentyhq/twenty#17463
TYPEORM_ALTNAME = """
Running database setup and migrations...
query failed: SELECT * FROM current_schema()
Error during migration run:
Error [ERR_TLS_CERT_ALTNAME_INVALID]: Hostname/IP does not match certificate's altnames: Host: db.acme.test. is not in the cert's altnames: DNS:pg-7c1.rdb.acme.test, IP Address:203.0.113.9
    at Object.checkServerIdentity (node:tls:455:12)
    at TLSSocket.onConnectSecure (node:_tls_wrap:1674:27)
    at TLSSocket.emit (node:events:518:28)
    at TLSSocket._finishInit (node:_tls_wrap:1085:8) {
  code: 'ERR_TLS_CERT_ALTNAME_INVALID',
  reason: "Host: db.acme.test. is not in the cert's altnames: DNS:pg-7c1.rdb.acme.test, IP Address:203.0.113.9",
  host: 'db.acme.test'
}
"""

# spring-cloud/spring-cloud-kubernetes#560, hazelcast/hazelcast-kubernetes#174
SPRING_PKIX = """
2026-11-24T19:10:03.402Z  INFO 1 --- [           main] c.a.c.Application                        : The following 1 profile is active: "prod"
2026-11-24T19:10:06.118Z  WARN 1 --- [           main] onfigReactiveWebServerApplicationContext : Exception encountered during context initialization - cancelling refresh attempt: org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'jwtDecoder'
2026-11-24T19:10:06.170Z ERROR 1 --- [           main] o.s.boot.SpringApplication               : Application run failed

org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'jwtDecoder' defined in class path resource [com/acme/costs/SecurityConfig.class]: Failed to instantiate [org.springframework.security.oauth2.jwt.JwtDecoder]: Factory method 'jwtDecoder' threw exception with message: Unable to resolve the Configuration with the provided Issuer of "https://sso.acme.test/realms/costs"
	at org.springframework.beans.factory.support.ConstructorResolver.instantiate(ConstructorResolver.java:657) ~[spring-beans-6.1.13.jar!/:6.1.13]
Caused by: org.springframework.web.client.ResourceAccessException: I/O error on GET request for "https://sso.acme.test/realms/costs/.well-known/openid-configuration": PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target
	... 22 common frames omitted
Caused by: javax.net.ssl.SSLHandshakeException: PKIX path building failed: sun.security.provider.certpath.SunCertPathBuilderException: unable to find valid certification path to requested target
	at java.base/sun.security.ssl.Alert.createSSLException(Alert.java:131) ~[na:na]
	... 37 common frames omitted
"""

# Go crypto/x509's CertificateInvalidError, jackc/pgx v5
PGX_CERT_EXPIRED = r"""
2026-11-24T19:10:00.001Z	INFO	cmd/serve.go:44	serving	{"addr": ":8080", "version": "4.2.0"}
2026-11-24T19:10:00.140Z	WARN	store/pool.go:71	pool is empty, dialing	{"min": 2}
2026-11-24T19:10:00.188Z	ERROR	store/pool.go:83	dial	{"error": "failed to connect to `user=costs database=costs`: 203.0.113.9:5432 (db.acme.test): tls error: tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-11-24T19:10:00Z is after 2026-11-21T08:00:00Z"}
github.com/acme/costs/store.(*Pool).dial
	/src/store/pool.go:83
github.com/acme/costs/store.(*Pool).Keep
	/src/store/pool.go:60
2026-11-24T19:10:05.001Z	INFO	http/ready.go:19	not ready	{"failing": ["store"]}
"""

# psf/requests adapters.py over urllib3, CPython's SSLCertVerificationError
PYTHON_CERT_EXPIRED = """
{"event": "settings loaded", "level": "info", "timestamp": "2026-11-24T19:10:00Z"}
{"event": "fetching price list", "url": "https://prices.acme.test/v2", "level": "info", "timestamp": "2026-11-24T19:10:00Z"}
Traceback (most recent call last):
  File "/srv/app/prices.py", line 31, in load
    answer = session.get(url, timeout=10)
  File "/srv/.venv/lib/python3.12/site-packages/requests/adapters.py", line 698, in send
    raise SSLError(e, request=request)
requests.exceptions.SSLError: HTTPSConnectionPool(host='prices.acme.test', port=443): Max retries exceeded with url: /v2 (Caused by SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has expired (_ssl.c:1000)')))
{"event": "cannot start without prices", "level": "critical", "timestamp": "2026-11-24T19:10:01Z"}
"""

# rustls webpki errors, launchbadge/sqlx's postgres tls
SQLX_RUSTLS = """
2026-11-24T19:10:00.100214Z  INFO costs: config from /etc/costs/costs.toml
2026-11-24T19:10:00.201114Z DEBUG rustls::client::hs: No cached session for DnsName("db.acme.test")
Error: error communicating with database: invalid peer certificate: UnknownIssuer

Caused by:
    0: invalid peer certificate: UnknownIssuer
    1: invalid peer certificate: UnknownIssuer
"""

# Names

# wazuh/wazuh-kubernetes#99
NGINX_UPSTREAM = """
/docker-entrypoint.sh: /docker-entrypoint.d/ is not empty, will attempt to perform configuration
/docker-entrypoint.sh: Launching /docker-entrypoint.d/10-listen-on-ipv6-by-default.sh
10-listen-on-ipv6-by-default.sh: info: can not modify /etc/nginx/conf.d/default.conf (read-only file system?)
/docker-entrypoint.sh: Launching /docker-entrypoint.d/30-tune-worker-processes.sh
/docker-entrypoint.sh: Configuration complete; ready for start up
2026/11/24 19:10:00 [emerg] 1#1: host not found in upstream "costs-backend" in /etc/nginx/conf.d/default.conf:15
nginx: [emerg] host not found in upstream "costs-backend" in /etc/nginx/conf.d/default.conf:15
"""

# OpenCHAMI/deployment-recipes#102
HAPROXY_RESOLVE = """
[NOTICE]   (1) : haproxy version is 2.9.9
[NOTICE]   (1) : path to executable is /usr/sbin/haproxy
[WARNING]  (1) : config : parsing [/usr/local/etc/haproxy/haproxy.cfg:12] : 'option httplog' not usable with proxy 'tcp-in' (needs 'mode http'). Falling back to 'option tcplog'.
[ALERT]    (1) : config : [/usr/local/etc/haproxy/haproxy.cfg:72] : 'server costs/costs-0' : could not resolve address 'costs-0.costs-headless'.
[ALERT]    (1) : config : Failed to initialize server(s) addr.
"""

# sidekiq/sidekiq#2536, T-unity/sentry#34: redis-client
SIDEKIQ_NAME = """
2026-11-24T19:10:00.120Z pid=1 tid=1y INFO: Booting Sidekiq 7.3.2 with Sidekiq::Config::DEFAULT_THREAD_PRIORITY
2026-11-24T19:10:00.121Z pid=1 tid=1y INFO: Booted Rails 7.1.4 application in production environment
2026-11-24T19:10:00.121Z pid=1 tid=1y INFO: Running in ruby 3.3.5 (2024-09-03 revision ef084cc8f4) [x86_64-linux]
getaddrinfo: Name or service not known (redis://redis-queue:6379) (RedisClient::CannotConnectError)
/usr/local/bundle/gems/redis-client-0.22.2/lib/redis_client/ruby_connection.rb:104:in `block in connect'
/usr/local/bundle/gems/redis-client-0.22.2/lib/redis_client.rb:761:in `connect'
/usr/local/bundle/gems/sidekiq-7.3.2/lib/sidekiq/config.rb:149:in `block in redis_info'
/usr/local/bundle/gems/sidekiq-7.3.2/bin/sidekiq:31:in `<top (required)>'
/usr/local/bundle/bin/sidekiq:25:in `<main>'
"""

# firefly-iii/firefly-iii#1838
LARAVEL_NAME = r"""
[2026-11-24 19:10:01] production.ERROR: SQLSTATE[08006] [7] could not translate host name "postgres" to address: Name or service not known (Connection: pgsql, SQL: select * from "settings") {"exception":"[object] (Illuminate\\Database\\QueryException(code: 7): SQLSTATE[08006] [7] could not translate host name \"postgres\" to address: Name or service not known at /var/www/html/vendor/laravel/framework/src/Illuminate/Database/Connection.php:829)
[stacktrace]
#0 /var/www/html/vendor/laravel/framework/src/Illuminate/Database/Connection.php(983): Illuminate\\Database\\Connection->runQueryCallback('select * from \"...', Array, Object(Closure))
#1 /var/www/html/app/Providers/AppServiceProvider.php(31): Illuminate\\Support\\Facades\\Facade::__callStatic('get', Array)
#2 {main}

[previous exception] [object] (PDOException(code: 7): SQLSTATE[08006] [7] could not translate host name \"postgres\" to address: Name or service not known at /var/www/html/vendor/laravel/framework/src/Illuminate/Database/Connectors/Connector.php:66)
"}
127.0.0.1 -  24/Nov/2026:19:10:01 +0000 "GET /index.php" 500
"""

# elixir-ecto/postgrex#255
POSTGREX_NXDOMAIN = """
19:10:00.441 [info] == Running 20260901120000 Costs.Repo.Migrations.AddCurrency.change/0 forward
19:10:00.513 [error] Postgrex.Protocol (#PID<0.153.0>) failed to connect: ** (DBConnection.ConnectionError) tcp connect (costs-db:5432): non-existing domain - :nxdomain
19:10:00.514 [error] Postgrex.Protocol (#PID<0.154.0>) failed to connect: ** (DBConnection.ConnectionError) tcp connect (costs-db:5432): non-existing domain - :nxdomain
19:10:03.512 [error] Could not create schema migrations table. This error usually happens due to the following:

  * The database does not exist
  * The "schema_migrations" table, which Ecto uses for managing
    migrations, was defined by another library
  * There is a deadlock while migrating (such as using concurrent
    indexes with a migration_lock)

** (DBConnection.ConnectionError) connection not available and request was dropped from queue after 2995ms.
    (ecto_sql 3.12.0) lib/ecto/adapters/sql.ex:1096: Ecto.Adapters.SQL.raise_sql_call_error/1
"""

# jhipster/generator-jhipster#11758: Kafka's ClientUtils
KAFKA_BOOTSTRAP = """
2026-11-24 19:10:04.600  WARN 1 --- [           main] o.a.k.clients.ClientUtils                : Couldn't resolve server kafka-broker:9092 from bootstrap.servers as DNS resolution failed for kafka-broker
2026-11-24 19:10:04.665  WARN 1 --- [           main] ConfigServletWebServerApplicationContext : Exception encountered during context initialization - cancelling refresh attempt: org.springframework.context.ApplicationContextException: Failed to start bean 'org.springframework.kafka.config.internalKafkaListenerEndpointRegistry'
2026-11-24 19:10:04.689 ERROR 1 --- [           main] o.s.boot.SpringApplication               : Application run failed

org.springframework.context.ApplicationContextException: Failed to start bean 'org.springframework.kafka.config.internalKafkaListenerEndpointRegistry'
	at org.springframework.context.support.DefaultLifecycleProcessor.doStart(DefaultLifecycleProcessor.java:326) ~[spring-context-6.1.13.jar!/:6.1.13]
Caused by: org.apache.kafka.common.KafkaException: Failed to construct kafka consumer
	at org.apache.kafka.clients.consumer.internals.LegacyKafkaConsumer.<init>(LegacyKafkaConsumer.java:265) ~[kafka-clients-3.7.1.jar!/:na]
	... 28 common frames omitted
Caused by: org.apache.kafka.common.config.ConfigException: No resolvable bootstrap urls given in bootstrap.servers
	at org.apache.kafka.clients.ClientUtils.parseAndValidateAddresses(ClientUtils.java:103) ~[kafka-clients-3.7.1.jar!/:na]
	... 30 common frames omitted
"""

# psycopg/psycopg3's _conninfo_attempts.py
PSYCOPG3_RESOLVE = """
[2026-11-24 19:10:00 +0000] [1] [INFO] Starting gunicorn 23.0.0
[2026-11-24 19:10:00 +0000] [8] [INFO] Booting worker with pid: 8
error connecting in 'pool-1': failed to resolve host 'costs-pg.data.svc': [Errno -3] Temporary failure in name resolution
error connecting in 'pool-1': failed to resolve host 'costs-pg.data.svc': [Errno -3] Temporary failure in name resolution
[2026-11-24 19:10:30 +0000] [8] [ERROR] Error handling request /ready
Traceback (most recent call last):
  File "/srv/app/health.py", line 12, in ready
    with pool.connection() as connection:
  File "/usr/local/lib/python3.12/site-packages/psycopg_pool/pool.py", line 202, in getconn
    raise PoolTimeout(
psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec
"""

# laradock/laradock#2507: PHP 8's mysqlnd
SYMFONY_GETADDRINFO = r"""
Waiting for database to be ready...
Still waiting for database to be ready... Or maybe the database is not reachable. 1 attempts left.
The database is not up or not reachable:

 In ExceptionConverter.php line 101:

  An exception occurred in the driver: SQLSTATE[HY000] [2002] php_network_getaddresses: getaddrinfo for costs-mysql failed: Name or service not known

 In Exception.php line 24:

  SQLSTATE[HY000] [2002] php_network_getaddresses: getaddrinfo for costs-mysql failed: Name or service not known

dbal:run-sql [--connection CONNECTION] [--force-fetch] [--] <sql>
"""

# npgsql/npgsql#5749: EAI_AGAIN in .NET's words
DOTNET_EAI_AGAIN = """
info: Microsoft.Hosting.Lifetime[14]
      Now listening on: http://[::]:8080
info: Microsoft.Hosting.Lifetime[0]
      Application started. Press Ctrl+C to shut down.
fail: Microsoft.Extensions.Diagnostics.HealthChecks.DefaultHealthCheckService[103]
      Health check npgsql with status Unhealthy completed after 10021.6ms with message 'Resource temporarily unavailable'
      System.Net.Sockets.SocketException (00000001, 11): Resource temporarily unavailable
         at System.Net.Dns.GetHostEntryOrAddressesCore(String hostName, Boolean justAddresses, AddressFamily addressFamily, Nullable`1 startingTimestamp)
         at System.Net.Dns.GetHostAddresses(String hostNameOrAddress, AddressFamily family)
         at Npgsql.Internal.NpgsqlConnector.Connect(NpgsqlTimeout timeout)
         at Npgsql.Internal.NpgsqlConnector.Open(NpgsqlTimeout timeout, Boolean async, CancellationToken cancellationToken)
"""

# Nobody answers

# karafra/ai-art#39, nestjs/typeorm#688
MONGOOSE_REFUSED = """
[Nest] 1  - 11/24/2026, 7:10:00 PM     LOG [InstanceLoader] MongooseModule dependencies initialized +24ms
(node:1) [MONGODB DRIVER] Warning: useNewUrlParser is a deprecated option: useNewUrlParser has no effect since Node.js Driver version 4.0.0 and will be removed in the next major version
(Use `node --trace-warnings ...` to show where the warning was created)
[Nest] 1  - 11/24/2026, 7:10:30 PM   ERROR [MongooseModule] Unable to connect to the database. Retrying (1)...
[Nest] 1  - 11/24/2026, 7:11:03 PM   ERROR [MongooseModule] Unable to connect to the database. Retrying (2)...
[Nest] 1  - 11/24/2026, 7:15:33 PM   ERROR [ExceptionHandler] connect ECONNREFUSED 203.0.113.20:27017
MongooseServerSelectionError: connect ECONNREFUSED 203.0.113.20:27017
    at NativeConnection.openUri (/app/node_modules/mongoose/lib/connection.js:874:32)
    at MongooseCoreModule.useFactory (/app/node_modules/@nestjs/mongoose/dist/mongoose-core.module.js:57:41) {
  reason: TopologyDescription {
    type: 'Unknown',
    servers: Map(1) { '203.0.113.20:27017' => [ServerDescription] },
    setName: null
  },
  code: undefined
}
"""

# flyway/flyway#3146
QUARKUS_TIMEOUT = """
2026-11-24 19:10:00,317 INFO  [org.fly.cor.int.lic.VersionPrinter] (main) Flyway Community Edition 7.4.0 by Redgate
2026-11-24 19:10:10,373 WARN  [io.agr.pool] (agroal-11) Datasource '<default>': The connection attempt failed.
2026-11-24 19:10:10,374 WARN  [org.fly.cor.int.jdb.JdbcUtils] (main) Connection error: The connection attempt failed. (Caused by connect timed out) Retrying in 1 sec...
2026-11-24 19:10:21,382 WARN  [io.agr.pool] (agroal-11) Datasource '<default>': The connection attempt failed.
2026-11-24 19:10:21,440 ERROR [io.qua.run.Application] (main) Failed to start application (with profile [prod]): java.net.SocketTimeoutException: connect timed out
	at java.base/java.net.PlainSocketImpl.socketConnect(Native Method)
	at org.postgresql.core.PGStream.createSocket(PGStream.java:231)
	at org.postgresql.core.v3.ConnectionFactoryImpl.tryConnect(ConnectionFactoryImpl.java:98)
	at io.agroal.pool.ConnectionFactory.createConnection(ConnectionFactory.java:210)
"""

# pentacent/keila#234
POSTGREX_REFUSED = """
19:10:00.611 [warning] [OTLP] exporter is off
19:10:04.902 [error] Postgrex.Protocol (#PID<0.2488.0>) failed to connect: ** (DBConnection.ConnectionError) tcp connect (db.acme.test:5432): connection refused - :econnrefused
19:10:04.902 [error] Postgrex.Protocol (#PID<0.2487.0>) failed to connect: ** (DBConnection.ConnectionError) tcp connect (db.acme.test:5432): connection refused - :econnrefused
19:10:06.511 [error] Postgrex.Protocol (#PID<0.2487.0>) failed to connect: ** (DBConnection.ConnectionError) tcp connect (db.acme.test:5432): connection refused - :econnrefused
"""

# mysql-connector-j's CommunicationsException under HikariCP
JAVA_COMMUNICATIONS = """
2026-11-24 19:10:05.240 ERROR [costs,,] 1 --- [           main] com.zaxxer.hikari.pool.HikariPool        : HikariPool-1 - Exception during pool initialization.

com.mysql.cj.jdbc.exceptions.CommunicationsException: Communications link failure

The last packet sent successfully to the server was 0 milliseconds ago. The driver has not received any packets from the server.
	at com.mysql.cj.jdbc.exceptions.SQLError.createCommunicationsException(SQLError.java:165) ~[mysql-connector-j-8.3.0.jar!/:8.3.0]
	at com.mysql.cj.jdbc.ConnectionImpl.createNewIO(ConnectionImpl.java:815) ~[mysql-connector-j-8.3.0.jar!/:8.3.0]
Caused by: com.mysql.cj.exceptions.CJCommunicationsException: Communications link failure
	... 46 common frames omitted
Caused by: java.net.ConnectException: Connection refused
	at java.base/sun.nio.ch.Net.pollConnect(Native Method) ~[na:na]
	... 49 common frames omitted

2026-11-24 19:10:05.390 ERROR [costs,,] 1 --- [           main] j.LocalContainerEntityManagerFactoryBean : Failed to initialize JPA EntityManagerFactory: [PersistenceUnit: default] Unable to build Hibernate SessionFactory
"""

# redis/go-redis v9 over net.OpError, zap
GO_REDIS_TIMEOUT = r"""
{"level":"info","ts":1764011400.117,"caller":"costs/main.go:31","msg":"up","addr":":8080"}
{"level":"warn","ts":1764011405.119,"caller":"cache/cache.go:44","msg":"cache is cold","hit_ratio":0}
{"level":"error","ts":1764011405.441,"caller":"health/ready.go:58","msg":"dependency failed","dependency":"cache","error":"dial tcp 203.0.113.31:6380: i/o timeout","stacktrace":"github.com/acme/costs/health.Ready\n\t/src/health/ready.go:58\nnet/http.HandlerFunc.ServeHTTP\n\t/usr/local/go/src/net/http/server.go:2171"}
{"level":"info","ts":1764011405.442,"caller":"health/ready.go:66","msg":"answered","status":503}
"""

# celery/kombu's connection.py, py-amqp
KOMBU_RESET = """
[2026-11-24 19:10:00,374: INFO/MainProcess] beat: Starting...
[2026-11-24 19:10:00,881: ERROR/MainProcess] beat: Connection error: [Errno 104] Connection reset by peer. Trying again in 2.0 seconds...
[2026-11-24 19:10:02,907: ERROR/MainProcess] beat: Connection error: [Errno 104] Connection reset by peer. Trying again in 4.0 seconds...
[2026-11-24 19:10:06,931: ERROR/MainProcess] beat: Connection error: [Errno 104] Connection reset by peer. Trying again in 6.0 seconds...
"""

# confluentinc/librdkafka rdkafka_broker.c, in its stderr logger's form
RDKAFKA_REFUSED = """
2026-11-24T19:10:00Z INF starting costs-consumer topics=["usage"]
%3|1764011400.991|FAIL|rdkafka#consumer-1| [thrd:kafka.acme.test:9092/bootstrap]: kafka.acme.test:9092/bootstrap: Connect to ipv4#203.0.113.40:9092 failed: Connection refused (after 2ms in state CONNECT)
%3|1764011400.992|ERROR|rdkafka#consumer-1| [thrd:app]: rdkafka#consumer-1: kafka.acme.test:9092/bootstrap: Connect to ipv4#203.0.113.40:9092 failed: Connection refused (after 2ms in state CONNECT)
%3|1764011401.001|ERROR|rdkafka#consumer-1| [thrd:kafka.acme.test:9092/bootstrap]: 1/1 brokers are down
2026-11-24T19:10:31Z ERR readiness failed probe=consumer error="no partitions assigned"
"""

# temporalio/temporal common/persistence/sql/sqlplugin's DatabaseHandle
TEMPORAL_TIMEOUT = r"""
2026/11/24 19:10:00 Loading config; env=docker,zone=,configDir=config
2026/11/24 19:10:00 Loading config files=[config/docker.yaml]
{"level":"info","ts":"2026-11-24T19:10:00.703Z","msg":"Build info.","git-revision":"645e72d2b917","go-version":"go1.22.6","server-version":"1.25.0","logging-call-at":"main.go:148"}
{"level":"warn","ts":"2026-11-24T19:10:00.704Z","msg":"Not using any authorizer and flag `--allow-no-auth` not detected. Future versions will require using the flag `--allow-no-auth` if you do not want to set an authorizer.","logging-call-at":"main.go:178"}
{"level":"error","ts":"2026-11-24T19:10:10.771Z","msg":"sql handle: unable to refresh database connection pool","error":"dial tcp 203.0.113.9:5432: i/o timeout","logging-call-at":"db_handle.go:110"}
sql schema version compatibility check failed: no usable database connection found
Unable to create server. Error: could not build arguments for function "go.uber.org/fx".(*module).constructCustomLogger.func2 (/go/pkg/mod/go.uber.org/fx@v1.22.0/module.go:294): sql schema version compatibility check failed: no usable database connection found.
"""

# Schema and migrations

# golang-migrate/migrate#430, #282
MIGRATE_DIRTY = """
2026-11-24T19:10:00Z [INFO] [/controller/artifact/annotation/parser.go:71]: the annotation parser to parser artifact annotation version v1alpha1 registered
2026-11-24T19:10:00Z [INFO] [/common/dao/base.go:67]: Registering database: type-PostgreSQL host-llm-cost-ops-postgresql port-5432 database-registry sslmode-"disable"
2026-11-24T19:10:00Z [INFO] [/common/dao/base.go:72]: Register database completed
2026-11-24T19:10:00Z [INFO] [/common/dao/pgsql.go:127]: Upgrading schema for pgsql ...
2026-11-24T19:10:00Z [ERROR] [/common/dao/pgsql.go:132]: Failed to upgrade schema, error: "Dirty database version 40. Fix and force version."
2026-11-24T19:10:00Z [FATAL] [/core/main.go:163]: failed to migrate the database, error: Dirty database version 40. Fix and force version.
"""

# prisma/prisma-engines user_facing_errors P3009
PRISMA_P3009 = """
Environment variables loaded from .env
Prisma schema loaded from prisma/schema.prisma
Datasource "db": PostgreSQL database "costs", schema "public" at "llm-cost-ops-postgresql:5432"

37 migrations found in prisma/migrations

Error: P3009

migrate found failed migrations in the target database, new migrations will not be applied. Read more about how to resolve migration issues in a production database: https://pris.ly/d/migrate-resolve
The `20261101090000_add_currency` migration started at 2026-11-24 18:52:11.419000 UTC failed

npm notice
npm notice New major version of npm available! 10.8.2 -> 11.6.2
npm notice
"""

# lennart-k/rustical#166, transact-rs/sqlx#2238
SQLX_MISSING = """
2026-11-24T19:10:00.310214Z  INFO costs: starting version="4.1.9"
2026-11-24T19:10:00.402117Z  INFO costs::store: running database migrations
Error: migration 20261101181540 was previously applied but is missing in the resolved migrations

Caused by:
    migration 20261101181540 was previously applied but is missing in the resolved migrations
"""

# temporalio/helm-charts#655
TEMPORAL_SCHEMA = r"""
2026/11/24 19:10:00 Loading config; env=docker,zone=,configDir=config
{"level":"info","ts":"2026-11-24T19:10:00.703Z","msg":"Build info.","git-revision":"645e72d2b917","go-version":"go1.23.4","server-version":"1.27.1","debug-mode":false,"logging-call-at":"main.go:148"}
{"level":"info","ts":"2026-11-24T19:10:00.703Z","msg":"dynamic config changed for the key: frontend.globalnamespacerps oldValue: nil newValue: { constraints: {} value: 5000 }","logging-call-at":"file_based_client.go:275"}
[Fx] PROVIDE	fx.Lifecycle <= go.uber.org/fx.New.func1()
[Fx] ERROR		Failed to initialize custom logger: could not build arguments for function "go.uber.org/fx".(*module).constructCustomLogger.func2
sql schema version compatibility check failed: version mismatch for keyspace/database: "temporal_visibility". Expected version: 1.9 cannot be greater than Actual version: 1.7
Unable to create server. Error: could not build arguments for function "go.uber.org/fx".(*module).constructCustomLogger.func2 (/go/pkg/mod/go.uber.org/fx@v1.23.0/module.go:294): failed to build log.Logger.
"""

# EBWiki/EBWiki#756, linqueta/rails-healthcheck#61
RAILS_PENDING = """
Puma starting in single mode...
* Puma version: 6.4.3 (ruby 3.3.5-p100) ("The Eagle of Durin")
* Listening on http://0.0.0.0:8080
I, [2026-11-24T19:10:05.114201 #1]  INFO -- : [0d5a] Started GET "/up" for 10.244.0.1 at 2026-11-24 19:10:05 +0000
F, [2026-11-24T19:10:05.120870 #1] FATAL -- : [0d5a]
[0d5a] ActiveRecord::PendingMigrationError (

Migrations are pending. To resolve this issue, run:

        bin/rails db:migrate

You have 2 pending migrations:

db/migrate/20261101090000_add_currency_to_usages.rb
db/migrate/20261103111500_add_index_to_usages.rb

):
[0d5a] activerecord (7.1.4) lib/active_record/migration.rb:789:in `check_pending_migrations'
"""

# apache/airflow cli's check of migrations; stackabletech/airflow-operator#350
AIRFLOW_INIT = """
/home/airflow/.local/lib/python3.12/site-packages/airflow/configuration.py:859: FutureWarning: section/key [core/sql_alchemy_conn] has been deprecated, you should use [database/sql_alchemy_conn] instead.
  ____________       _____________
 ____    |__( )_________  __/__  /________      __
____  /| |_  /__  ___/_  /_ __  /_  __ \\_ | /| / /
___  ___ |  / _  /   _  __/ _  / / /_/ /_ |/ |/ /
 _/_/  |_/_/  /_/    /_/    /_/  \\____/____/|__/
[2026-11-24T19:10:03.812+0000] {executor_loader.py:254} INFO - Loaded executor: KubernetesExecutor
ERROR: You need to initialize the database. Please run `airflow db migrate`. Make sure the command is run using Airflow version 2.10.2.
"""

# hibernate-orm AbstractSchemaValidator
HIBERNATE_VALIDATE = """
2026-11-24T19:10:05.402Z  INFO 1 --- [           main] org.hibernate.Version                    : HHH000412: Hibernate ORM core version 6.5.2.Final
2026-11-24T19:10:06.020Z  WARN 1 --- [           main] org.hibernate.orm.deprecation            : HHH90000025: PostgreSQLDialect does not need to be specified explicitly using 'hibernate.dialect' (remove the property setting and it will be selected by default)
2026-11-24T19:10:06.911Z ERROR 1 --- [           main] j.LocalContainerEntityManagerFactoryBean : Failed to initialize JPA EntityManagerFactory: [PersistenceUnit: default] Unable to build Hibernate SessionFactory; nested exception is org.hibernate.tool.schema.spi.SchemaManagementException: Schema-validation: missing column [currency] in table [usage_records]
2026-11-24T19:10:06.918Z  INFO 1 --- [           main] com.zaxxer.hikari.HikariDataSource       : HikariPool-1 - Shutdown initiated...
2026-11-24T19:10:06.924Z  INFO 1 --- [           main] com.zaxxer.hikari.HikariDataSource       : HikariPool-1 - Shutdown completed.
2026-11-24T19:10:06.940Z  INFO 1 --- [           main] .s.b.a.l.ConditionEvaluationReportLogger :

Error starting ApplicationContext. To display the condition evaluation report re-run your application with 'debug' enabled.
2026-11-24T19:10:06.961Z ERROR 1 --- [           main] o.s.boot.SpringApplication               : Application run failed
"""

# metabase/metabase#41779, #37866
METABASE_LOCK = """
2026-11-24 19:10:00,308 INFO metabase.core :: Setting up and migrating Metabase DB. Please sit tight, this may take a minute...
2026-11-24 19:10:00,310 INFO db.setup :: Verifying postgres Database Connection ...
2026-11-24 19:10:00,629 INFO db.setup :: Successfully verified PostgreSQL 16.15 application database connection. \u2705
2026-11-24 19:10:00,962 INFO db.liquibase :: Checking if Database has unrun migrations...
2026-11-24 19:10:01,349 INFO db.liquibase :: Database has unrun migrations. Waiting for migration lock to be cleared...
2026-11-24 19:10:03,358 WARN util.jvm :: auto-retry metabase.db.liquibase$wait_for_migration_lock_to_be_cleared$fn__47884@347004f6: Database has migration lock; cannot run migrations. You can force-release these locks by running `java -jar metabase.jar migrate release-locks`.
2026-11-24 19:10:13,374 ERROR metabase.core :: Metabase Initialization FAILED
liquibase.exception.LockException: Database has migration lock; cannot run migrations. You can force-release these locks by running `java -jar metabase.jar migrate release-locks`.
	at metabase.db.liquibase$wait_for_migration_lock_to_be_cleared$fn__48803.invoke(liquibase.clj:218)
	at metabase.util.jvm$do_with_auto_retries.invokeStatic(jvm.clj:176)
2026-11-24 19:10:13,380 INFO metabase.core :: Metabase Shutting Down ...
2026-11-24 19:10:13,392 INFO metabase.core :: Metabase Shutdown COMPLETE
"""

# Activiti/Activiti#3595, rancher/rancher#14149
LIQUIBASE_LOCK = """
2026-11-24 19:10:02.224  INFO 1 --- [           main] liquibase.lockservice                    : Waiting for changelog lock....
2026-11-24 19:10:12.231  INFO 1 --- [           main] liquibase.lockservice                    : Waiting for changelog lock....
2026-11-24 19:15:02.305  INFO 1 --- [           main] liquibase.lockservice                    : Waiting for changelog lock....
2026-11-24 19:15:02.401 ERROR 1 --- [           main] o.s.b.web.embedded.tomcat.TomcatStarter  : Error starting Tomcat context. Exception: org.springframework.beans.factory.UnsatisfiedDependencyException. Message: Error creating bean with name 'usageFilter'
2026-11-24 19:15:02.455 ERROR 1 --- [           main] o.s.boot.SpringApplication               : Application run failed

org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'liquibase' defined in class path resource [org/springframework/boot/autoconfigure/liquibase/LiquibaseAutoConfiguration$LiquibaseConfiguration.class]: liquibase.exception.LockException: Could not acquire change log lock.  Currently locked by llm-cost-ops-5d5c8b-x2xkl (10.244.2.14) since 11/24/26, 6:51 PM
	at org.springframework.beans.factory.support.AbstractAutowireCapableBeanFactory.initializeBean(AbstractAutowireCapableBeanFactory.java:1806) ~[spring-beans-6.1.13.jar!/:6.1.13]
	... 19 common frames omitted
"""

# Variables that are missing

# nestjs/config's ConfigModule.forRoot with joi
NEST_CONFIG = r"""
> costs@4.2.0 start:prod
> node dist/main

/app/node_modules/@nestjs/config/dist/config.module.js:70
                throw new Error(`Config validation error: ${error.message}`);
                ^

Error: Config validation error: "DATABASE_URL" is required. "JWT_SECRET" is required
    at ConfigModule.forRoot (/app/node_modules/@nestjs/config/dist/config.module.js:70:23)
    at Object.<anonymous> (/app/dist/app.module.js:39:35)
    at Module._compile (node:internal/modules/cjs/loader:1554:14)
    at Module.require (node:internal/modules/cjs/loader:1298:12)

Node.js v22.14.0
"""

# chiefonboarding/ChiefOnboarding#77, benoitc/gunicorn#1789
DJANGO_ENVIRON = """
[2026-11-24 19:10:00 +0000] [1] [INFO] Starting gunicorn 23.0.0
[2026-11-24 19:10:00 +0000] [1] [INFO] Using worker: sync
[2026-11-24 19:10:00 +0000] [8] [INFO] Booting worker with pid: 8
/usr/local/lib/python3.12/site-packages/environ/environ.py:637: UserWarning: Error reading /app/.env - if you're not configuring your environment separately, check this.
  warnings.warn(
[2026-11-24 19:10:01 +0000] [8] [ERROR] Exception in worker process
Traceback (most recent call last):
  File "/usr/local/lib/python3.12/site-packages/environ/environ.py", line 388, in get_value
    value = self.ENVIRON[var_name]
            ~~~~~~~~~~~~^^^^^^^^^^
KeyError: 'SECRET_KEY'

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/usr/local/lib/python3.12/site-packages/gunicorn/arbiter.py", line 608, in spawn_worker
    worker.init_process()
  File "/app/back/settings.py", line 24, in <module>
    SECRET_KEY = env("SECRET_KEY")
django.core.exceptions.ImproperlyConfigured: Set the SECRET_KEY environment variable
[2026-11-24 19:10:01 +0000] [8] [INFO] Worker exiting (pid: 8)
[2026-11-24 19:10:01 +0000] [1] [ERROR] Worker (pid:8) exited with code 3
[2026-11-24 19:10:01 +0000] [1] [ERROR] Shutting down: Master
[2026-11-24 19:10:01 +0000] [1] [ERROR] Reason: Worker failed to boot.
"""

# sergiotapia/magnetissimo#148, hexpm/hexpm#992
ELIXIR_SECRET = """
ERROR! Config provider Config.Reader failed with:
** (RuntimeError) environment variable SECRET_KEY_BASE is missing.
You can generate one by calling: mix phx.gen.secret

    /app/releases/4.2.0/runtime.exs:46: (file)
    (elixir 1.17.3) src/elixir.erl:386: :elixir.eval_external_handler/3
    (stdlib 6.1.1) erl_eval.erl:904: :erl_eval.do_apply/7

Runtime terminating during boot ({#{message=><<101,110,118>>,'__struct__'=>'Elixir.RuntimeError','__exception__'=>true},[{elixir_eval,'__FILE__',1,[{file,"/app/releases/4.2.0/runtime.exs"},{line,46}]}]})

Crash dump is being written to: erl_crash.dump...done
"""

# kelseyhightower/envconfig envconfig.go
ENVCONFIG = """
2026/11/24 19:10:00 maxprocs: Updating GOMAXPROCS=2: determined from CPU quota
2026/11/24 19:10:00 costs 4.2.0 (go1.23.2)
2026/11/24 19:10:00 required key COSTS_SIGNING_KEY missing value
"""

# prisma/prisma-engines P1012
PRISMA_P1012 = """
Prisma schema loaded from prisma/schema.prisma
Error: Prisma schema validation - (get-config wasm)
Error code: P1012
error: Environment variable not found: DATABASE_URL.
  -->  prisma/schema.prisma:10
   |
 9 |   provider = "postgresql"
10 |   url      = env("DATABASE_URL")
   |

Validation Error Count: 1
[Context: getConfig]

Prisma CLI Version : 6.2.1
"""

# Rust's std::env::VarError under expect
RUST_VAR = """
2026-11-24T19:10:00.000114Z  INFO costs: costs 4.2.0
thread 'main' panicked at src/main.rs:41:46:
STRIPE_API_KEY must be set: NotPresent
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""

# Addresses and variables that are wrong

# jackc/pgx v5 pgconn/config.go over net/url
PGX_PARSE = r"""
{"time":"2026-11-24T19:10:00.004Z","level":"INFO","msg":"starting","version":"4.2.0"}
{"time":"2026-11-24T19:10:00.005Z","level":"ERROR","msg":"run failed","error":"new pool: cannot parse `postgres://costs:xxxxxx@llm-cost-ops-postgresql:5432/costs`: failed to parse as URL (parse \"postgres://costs:p%wd@llm-cost-ops-postgresql:5432/costs\": invalid URL escape \"%wd\")"}
"""

# sqlalchemy/sqlalchemy engine/url.py
SQLALCHEMY_URL = """
INFO:     Will watch for changes in these directories: ['/srv']
Traceback (most recent call last):
  File "/usr/local/bin/uvicorn", line 8, in <module>
    sys.exit(main())
  File "/srv/app/db.py", line 9, in <module>
    engine = create_async_engine(os.environ["DATABASE_URL"])
  File "/usr/local/lib/python3.12/site-packages/sqlalchemy/engine/url.py", line 922, in _parse_url
    raise exc.ArgumentError(
sqlalchemy.exc.ArgumentError: Could not parse SQLAlchemy URL from given URL string
"""

# brettwooldridge/HikariCP DriverDataSource.java
HIKARI_URL = """
2026-11-24T19:10:05.001Z  INFO 1 --- [           main] com.zaxxer.hikari.HikariDataSource       : HikariPool-1 - Starting...
2026-11-24T19:10:05.011Z  WARN 1 --- [           main] ConfigServletWebServerApplicationContext : Exception encountered during context initialization - cancelling refresh attempt
2026-11-24T19:10:05.090Z ERROR 1 --- [           main] o.s.boot.SpringApplication               : Application run failed

org.springframework.beans.factory.BeanCreationException: Error creating bean with name 'entityManagerFactory' defined in class path resource [org/springframework/boot/autoconfigure/orm/jpa/HibernateJpaConfiguration.class]
Caused by: java.lang.RuntimeException: Driver org.postgresql.Driver claims to not accept jdbcUrl, postgres://costs:s3cret@llm-cost-ops-postgresql:5432/costs
	at com.zaxxer.hikari.util.DriverDataSource.<init>(DriverDataSource.java:109) ~[HikariCP-5.1.0.jar!/:na]
	... 33 common frames omitted
"""

# Node's ERR_INVALID_URL
NODE_INVALID_URL = """
node:internal/url:816
    href = bindingUrl.parse(input, base, true);
                      ^

TypeError: Invalid URL
    at new URL (node:internal/url:816:29)
    at createClient (/app/dist/cache.js:14:17)
    at Object.<anonymous> (/app/dist/index.js:6:15) {
  code: 'ERR_INVALID_URL',
  input: 'redis://llm-cost-ops-redis:tcp://10.96.14.3:6379'
}

Node.js v22.14.0
"""

# System.Data.Common.DbConnectionOptions, a URL given to Npgsql
NPGSQL_FORMAT = """
Unhandled exception. System.ArgumentException: Format of the initialization string does not conform to specification starting at index 0.
   at System.Data.Common.DbConnectionOptions.GetKeyValuePair(String connectionString, Int32 currentPosition, StringBuilder buffer, Boolean useOdbcRules, String& keyname, String& keyvalue)
   at System.Data.Common.DbConnectionStringBuilder.set_ConnectionString(String value)
   at Npgsql.NpgsqlConnectionStringBuilder..ctor(String connectionString)
   at Program.<Main>$(String[] args) in /src/Costs/Program.cs:line 22
"""

# Files that may not be written

# nginx's ngx_create_paths under readOnlyRootFilesystem
NGINX_READ_ONLY = """
/docker-entrypoint.sh: No files found in /docker-entrypoint.d/, skipping configuration
2026/11/24 19:10:00 [warn] 1#1: the "user" directive makes sense only if the master process runs with super-user privileges, ignored in /etc/nginx/nginx.conf:2
nginx: [warn] the "user" directive makes sense only if the master process runs with super-user privileges, ignored in /etc/nginx/nginx.conf:2
2026/11/24 19:10:00 [emerg] 1#1: mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)
nginx: [emerg] mkdir() "/var/cache/nginx/client_temp" failed (30: Read-only file system)
"""

# Seldaek/monolog StreamHandler.php
LARAVEL_LOG_FILE = """
[24-Nov-2026 19:10:00] NOTICE: fpm is running, pid 1
[24-Nov-2026 19:10:00] NOTICE: ready to handle connections
NOTICE: PHP message: PHP Fatal error:  Uncaught UnexpectedValueException: The stream or file "/var/www/html/storage/logs/laravel.log" could not be opened in append mode: Failed to open stream: Permission denied
The exception occurred while attempting to log: Database file at path is in use
Context: {"userId":null} in /var/www/html/vendor/monolog/monolog/src/Monolog/Handler/StreamHandler.php:156
Stack trace:
#0 /var/www/html/vendor/monolog/monolog/src/Monolog/Handler/AbstractProcessingHandler.php(44): Monolog\\Handler\\StreamHandler->write(Object(Monolog\\LogRecord))
#1 {main}
  thrown in /var/www/html/vendor/monolog/monolog/src/Monolog/Handler/StreamHandler.php on line 156
127.0.0.1 -  24/Nov/2026:19:10:03 +0000 "GET /index.php" 500
"""

# grafana/grafana packaging/docker/run.sh
GRAFANA_PATHS = """
GF_PATHS_DATA='/var/lib/grafana' is not writable.
You may have issues with file permissions, more information here: http://docs.grafana.org/installation/docker/#migrate-to-v51-or-later
mkdir: can't create directory '/var/lib/grafana/plugins': Permission denied
"""

# prometheus/prometheus promql/query_logger.go
PROMETHEUS_QUERIES = """
ts=2026-11-24T19:10:00.002Z caller=main.go:601 level=info msg="No time or size retention was set so using the default time retention" duration=15d
ts=2026-11-24T19:10:00.002Z caller=main.go:645 level=info msg="Starting Prometheus Server" mode=server version="(version=2.54.1, branch=HEAD, revision=e6cfa720fbe6)"
ts=2026-11-24T19:10:00.003Z caller=query_logger.go:93 level=error component=activeQueryTracker msg="Error opening query log file" file=/prometheus/queries.active err="open /prometheus/queries.active: permission denied"
panic: Unable to create mmap-ed active query log

goroutine 1 [running]:
github.com/prometheus/prometheus/promql.NewActiveQueryTracker({0x7ffd0b7c8f2a, 0xb}, 0x14, {0x3d8a5a0, 0xc0008d2460})
	/app/promql/query_logger.go:137 +0x3c9
main.main()
	/app/cmd/prometheus/main.go:720 +0x7553
"""

# spring-boot's AbstractServletWebServerFactory.createTempDir
TOMCAT_TEMP = """
2026-11-24T19:10:03.902Z  INFO 1 --- [           main] com.acme.costs.CostsApplicationKt         : Starting CostsApplicationKt v4.2.0 using Java 21.0.4 with PID 1
2026-11-24T19:10:04.377Z  WARN 1 --- [           main] ConfigServletWebServerApplicationContext : Exception encountered during context initialization - cancelling refresh attempt: org.springframework.context.ApplicationContextException: Unable to start web server
2026-11-24T19:10:04.404Z ERROR 1 --- [           main] o.s.boot.SpringApplication               : Application run failed

org.springframework.context.ApplicationContextException: Unable to start web server
Caused by: org.springframework.boot.web.server.WebServerException: Unable to create tempDir. java.io.tmpdir is set to /tmp
	at org.springframework.boot.web.server.AbstractConfigurableWebServerFactory.createTempDir(AbstractConfigurableWebServerFactory.java:216) ~[spring-boot-3.3.4.jar!/:3.3.4]
	... 12 common frames omitted
Caused by: java.nio.file.FileSystemException: /tmp/tomcat.8080.1162389: Read-only file system
	at java.base/sun.nio.fs.UnixException.translateToIOException(UnixException.java:100) ~[na:na]
	... 15 common frames omitted
"""

# minio/minio#18096, supabase-community/supabase-kubernetes#209
MINIO_DRIVE = """
INFO: WARNING: MINIO_ACCESS_KEY and MINIO_SECRET_KEY are deprecated.
         Please use MINIO_ROOT_USER and MINIO_ROOT_PASSWORD
API: SYSTEM.internal
Time: 19:10:27 UTC 11/24/2026
Error: unable to create (/export/.minio.sys/tmp) file access denied, drive may be faulty please investigate (*fmt.wrapError)
       6: internal/logger/logger.go:268:logger.LogIf()
       5: cmd/prepare-storage.go:95:cmd.bgFormatErasureCleanupTmp()
FATAL Unable to initialize backend: Unable to write to the backend
      > Please ensure MinIO binary has write permissions for the backend
"""

# Ports

# Node's net, Next.js' start-server
NEXT_PORT = """
   ▲ Next.js 14.2.13
   - Local:        http://localhost:3000
   - Network:      http://0.0.0.0:3000

 ✓ Starting...
Failed to start server
Error: listen EADDRINUSE: address already in use 0.0.0.0:3000
    at Server.setupListenHandle [as _listen2] (node:net:1898:16)
    at listenInCluster (node:net:1946:12)
    at doListen (node:net:2116:7) {
  code: 'EADDRINUSE',
  errno: -98,
  syscall: 'listen',
  address: '0.0.0.0',
  port: 3000
}
"""

# alexjustesen/speedtest-tracker#1787, webmin/webmin#518
FPM_PORT = """
[24-Nov-2026 19:10:00] NOTICE: [pool www] 'user' directive is ignored when FPM is not running as root
[24-Nov-2026 19:10:00] NOTICE: [pool www] 'group' directive is ignored when FPM is not running as root
[24-Nov-2026 19:10:00] ERROR: unable to bind listening socket for address '127.0.0.1:9000': Address in use (98)
[24-Nov-2026 19:10:00] ERROR: FPM initialization failed
"""

# dotnet/aspnetcore Kestrel's AddressBinder
KESTREL_PORT = """
warn: Microsoft.AspNetCore.DataProtection.Repositories.FileSystemXmlRepository[60]
      Storing keys in a directory '/home/node/.aspnet/DataProtection-Keys' that may not be persisted outside of the container. Protected data will be unavailable when container is destroyed.
fail: Microsoft.Extensions.Hosting.Internal.Host[11]
      Hosting failed to start
      System.IO.IOException: Failed to bind to address http://[::]:8080: address already in use.
       ---> Microsoft.AspNetCore.Connections.AddressInUseException: Address already in use
       ---> System.Net.Sockets.SocketException (98): Address already in use
         at System.Net.Sockets.Socket.DoBind(EndPoint endPointSnapshot, SocketAddress socketAddress)
         --- End of inner exception stack trace ---
         at Microsoft.AspNetCore.Server.Kestrel.Core.Internal.AddressBinder.BindEndpointAsync(ListenOptions endpoint, AddressBindContext context, CancellationToken cancellationToken)
"""

# Processor

# opencontainers/runc's standard_init_linux.go of 1.0
EXEC_FORMAT = "standard_init_linux.go:228: exec user process caused: exec format error"

# Memory of the runtime

# OpenJDK's debug.cpp: ExitOnOutOfMemoryError
JAVA_HEAP = """
2026-11-24T19:10:09.402Z  INFO 1 --- [           main] c.a.costs.PriceHistory                   : loading 41 files
2026-11-24T19:10:31.118Z  WARN 1 --- [ool-2-thread-1] c.zaxxer.hikari.pool.HikariPool          : HikariPool-1 - Thread starvation or clock leap detected (housekeeper delta=48s921ms).
java.lang.OutOfMemoryError: Java heap space
Dumping heap to /tmp/java_pid1.hprof ...
Unable to create /tmp/java_pid1.hprof: Read-only file system
Terminating due to java.lang.OutOfMemoryError: Java heap space
"""

# .NET's heap hard limit
DOTNET_MEMORY = """
info: Costs.Prices[0]
      warming 1200 currencies
Unhandled exception. System.OutOfMemoryException: Exception of type 'System.OutOfMemoryException' was thrown.
   at System.Collections.Generic.Dictionary`2.Resize(Int32 newSize, Boolean forceNewHashCodes)
   at Costs.Prices.Warm() in /src/Costs/Prices.cs:line 88
   at Program.<Main>$(String[] args) in /src/Costs/Program.cs:line 40
"""

# PHP's zend_alloc.c
PHP_MEMORY = """
Application cache cleared!
Configuration cached successfully.
PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes) in /var/www/html/vendor/composer/ClassLoader.php on line 571

   Symfony\\Component\\ErrorHandler\\Error\\FatalError

  Allowed memory size of 134217728 bytes exhausted (tried to allocate 20480 bytes)

  at vendor/composer/ClassLoader.php:571
"""

# Disk

# CPython's OSError of ENOSPC
PYTHON_NO_SPACE = """
{"event": "unpacking model", "lvl": "info", "path": "/var/cache/costs"}
Traceback (most recent call last):
  File "/srv/app/model.py", line 40, in unpack
    shutil.copyfileobj(source, target)
  File "/usr/local/lib/python3.12/shutil.py", line 204, in copyfileobj
    fdst_write(buf)
OSError: [Errno 28] No space left on device
{"event": "exit", "lvl": "info", "code": 1}
"""

# prometheus/prometheus tsdb/wlog
PROMETHEUS_NO_SPACE = """
ts=2026-11-24T19:10:00.910Z caller=head.go:793 level=info component=tsdb msg="WAL segment loaded" segment=411 maxSegment=412
ts=2026-11-24T19:10:01.008Z caller=head.go:833 level=info component=tsdb msg="WAL replay completed" total_replay_duration=7.1s
ts=2026-11-24T19:10:01.120Z caller=main.go:1196 level=error err="opening storage failed: create head chunks file: preallocate: no space left on device"
ts=2026-11-24T19:10:01.120Z caller=main.go:1068 level=info msg="Stopping scrape discovery manager..."
ts=2026-11-24T19:10:01.121Z caller=main.go:1110 level=info msg="Scrape manager stopped"
"""

# Stores that are not as they should be

# redis/go-redis#1131, juicedata/juicefs#5391
REDIS_LOADING = r"""
{"lvl":"info","t":"2026-11-24T19:10:00Z","msg":"costs up","addr":":8080"}
{"lvl":"error","t":"2026-11-24T19:10:05Z","msg":"ready","check":"cache","err":"LOADING Redis is loading the dataset in memory"}
{"lvl":"error","t":"2026-11-24T19:10:15Z","msg":"ready","check":"cache","err":"LOADING Redis is loading the dataset in memory"}
"""

# PostgreSQL's ERRCODE_CANNOT_CONNECT_NOW in pgjdbc and Hikari
JAVA_STARTING_UP = """
2026-11-24 19:10:05,003 INFO  [io.micronaut.context.env.DefaultEnvironment] (main) Established active environments: [k8s, cloud]
2026-11-24 19:10:06,240 ERROR [com.zaxxer.hikari.pool.HikariPool] (main) HikariPool-1 - Exception during pool initialization.
org.postgresql.util.PSQLException: FATAL: the database system is starting up
	at org.postgresql.core.v3.ConnectionFactoryImpl.doAuthentication(ConnectionFactoryImpl.java:710)
	at com.zaxxer.hikari.pool.HikariPool.<init>(HikariPool.java:100)
2026-11-24 19:10:06,301 ERROR [io.micronaut.runtime.Micronaut] (main) Error starting Micronaut server: Bean definition [javax.sql.DataSource] could not be loaded: Error instantiating bean of type  [io.micronaut.configuration.jdbc.hikari.HikariUrlDataSource]

Message: Failed to initialize pool: FATAL: the database system is starting up
Path Taken: new CostsRepository(DataSource dataSource)
"""

# taskforcesh/bullmq's worker over ioredis; redis' MISCONF
BULLMQ_MISCONF = """
{"level":30,"time":1764011400101,"pid":1,"name":"worker","msg":"3 queues"}
{"level":50,"time":1764011402440,"pid":1,"name":"worker","err":{"type":"ReplyError","message":"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error.","command":{"name":"evalsha"}},"msg":"worker failed"}
{"level":50,"time":1764011407440,"pid":1,"name":"worker","msg":"ready: writes are refused"}
"""

# redis' OOM in redis-client's words
SIDEKIQ_OOM = """
2026-11-24T19:10:00.120Z pid=1 tid=1y INFO: Starting processing, hit Ctrl-C to stop
2026-11-24T19:10:00.121Z pid=1 tid=1y WARN: Your Redis instance will evict Sidekiq data under heavy load.
2026-11-24T19:10:05.130Z pid=1 tid=4c ERROR: heartbeat: OOM command not allowed when used memory > 'maxmemory'. (redis://llm-cost-ops-redis:6379/0)
2026-11-24T19:10:15.141Z pid=1 tid=4c ERROR: heartbeat: OOM command not allowed when used memory > 'maxmemory'. (redis://llm-cost-ops-redis:6379/0)
"""

# PostgreSQL's ERRCODE_READ_ONLY_SQL_TRANSACTION in Django
DJANGO_READ_ONLY = """
INFO 2026-11-24 19:10:04,120 basehttp "GET /healthz HTTP/1.1" 200 2
ERROR 2026-11-24 19:10:05,202 log Internal Server Error: /ready/
Traceback (most recent call last):
  File "/usr/local/lib/python3.12/site-packages/django/db/backends/utils.py", line 105, in _execute
    return self.cursor.execute(sql, params)
psycopg.errors.ReadOnlySqlTransaction: cannot execute UPDATE in a read-only transaction

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/health/views.py", line 18, in ready
    Beat.objects.update(at=now())
django.db.utils.InternalError: cannot execute UPDATE in a read-only transaction
ERROR 2026-11-24 19:10:05,204 basehttp "GET /ready/ HTTP/1.1" 500 145
"""

# redis' READONLY through go-redis v8
GO_REDIS_READONLY = """
I1124 19:10:00.004021       1 main.go:44] serving on :8080
E1124 19:10:05.119223       1 ready.go:31] cache probe: READONLY You can't write against a read only replica.
E1124 19:10:15.120091       1 ready.go:31] cache probe: READONLY You can't write against a read only replica.
"""

# PostgreSQL's lock_timeout in Django's migrate
DJANGO_LOCK = """
Operations to perform:
  Apply all migrations: admin, auth, contenttypes, sessions, usage
Running migrations:
  Applying usage.0042_usage_currency...Traceback (most recent call last):
  File "/usr/local/lib/python3.12/site-packages/django/db/backends/utils.py", line 103, in _execute
    return self.cursor.execute(sql)
psycopg.errors.LockNotAvailable: canceling statement due to lock timeout

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File "/app/manage.py", line 22, in <module>
    main()
django.db.utils.OperationalError: canceling statement due to lock timeout
"""

# Pools that are spent

# prisma's P2024
PRISMA_POOL = """
{"level":"info","message":"GraphQL on :8080/graphql","timestamp":"2026-11-24T19:10:00.001Z"}
{"level":"error","message":"\\nInvalid `prisma.usage.count()` invocation:\\n\\n\\nTimed out fetching a new connection from the connection pool. More info: http://pris.ly/d/connection-pool (Current connection pool timeout: 10, connection limit: 5)","code":"P2024","clientVersion":"6.2.1","timestamp":"2026-11-24T19:10:15.310Z"}
{"level":"error","message":"GET /ready 503 10021ms","timestamp":"2026-11-24T19:10:15.311Z"}
"""

# sequelize-pool's TimeoutError
SEQUELIZE_POOL = """
Executing (default): SELECT 1+1 AS result
ready check failed SequelizeConnectionAcquireTimeoutError [SequelizeConnectionAcquireTimeoutError]: Operation timeout
    at ConnectionManager.getConnection (/app/node_modules/sequelize/lib/dialects/abstract/connection-manager.js:206:48)
    at async /app/node_modules/sequelize/lib/sequelize.js:301:26 {
  parent: TimeoutError: Operation timeout
      at Timeout.<anonymous> (/app/node_modules/sequelize-pool/lib/Deferred.js:17:25)
}
GET /ready 503 60013.112 ms - 24
"""

# activerecord's ConnectionPool
RAILS_POOL = """
I, [2026-11-24T19:10:05.114201 #1]  INFO -- : [77c1] Started GET "/up" for 10.244.0.1 at 2026-11-24 19:10:05 +0000
E, [2026-11-24T19:10:10.120870 #1] ERROR -- : [77c1] could not obtain a connection from the pool within 5.000 seconds (waited 5.004 seconds); all pooled connections were in use
F, [2026-11-24T19:10:10.121021 #1] FATAL -- : [77c1] ActiveRecord::ConnectionTimeoutError (could not obtain a connection from the pool within 5.000 seconds (waited 5.004 seconds); all pooled connections were in use):
[77c1] activerecord (7.1.4) lib/active_record/connection_adapters/abstract/connection_pool/queue.rb:134:in `wait_poll'
[77c1] rack (3.1.7) lib/rack/runtime.rb:24:in `call'
"""

# Configuration files that the program does not take

# nginx's ngx_conf_file.c
NGINX_DIRECTIVE = """
/docker-entrypoint.sh: Configuration complete; ready for start up
2026/11/24 19:10:00 [emerg] 1#1: unknown directive "proxy_pas" in /etc/nginx/conf.d/default.conf:14
nginx: [emerg] unknown directive "proxy_pas" in /etc/nginx/conf.d/default.conf:14
"""

# kubecost/kubecost#410, prometheus-community/helm-charts#3409
PROMETHEUS_FIELD = r"""
ts=2026-11-24T19:10:00.402Z caller=main.go:645 level=info msg="Starting Prometheus Server" mode=server version="(version=2.54.1, branch=HEAD, revision=e6cfa720fbe6)"
ts=2026-11-24T19:10:00.408Z caller=main.go:479 level=error msg="Error loading config (--config.file=/etc/prometheus/prometheus.yml)" file=/etc/prometheus/prometheus.yml err="parsing YAML file /etc/prometheus/prometheus.yml: yaml: unmarshal errors:\n  line 2: field scrape_intervall not found in type config.plain"
"""

# haproxytech/haproxy-docker-ubuntu#4
HAPROXY_LF = """
[NOTICE]   (1) : haproxy version is 2.9.9
[NOTICE]   (1) : path to executable is /usr/local/sbin/haproxy
[ALERT]    (1) : config : parsing [/usr/local/etc/haproxy/haproxy.cfg:41]: Missing LF on last line, file might have been truncated at position 29.
[ALERT]    (1) : config : Error(s) found in configuration file : /usr/local/etc/haproxy/haproxy.cfg
[ALERT]    (1) : config : Fatal errors found in configuration.
"""

# httpd's core
APACHE_COMMAND = """
AH00558: httpd: Could not reliably determine the server's fully qualified domain name, using 10.244.1.9. Set the 'ServerName' directive globally to suppress this message
AH00526: Syntax error on line 12 of /usr/local/apache2/conf/extra/costs.conf:
Invalid command 'ProxyPass', perhaps misspelled or defined by a module not included in the server configuration
"""

# caddyserver/caddy caddyfile adapter
CADDY_DIRECTIVE = r"""
{"level":"info","ts":1764011400.117,"msg":"maxprocs: Leaving GOMAXPROCS=4: CPU quota undefined"}
{"level":"info","ts":1764011400.118,"msg":"using config from file","file":"/etc/caddy/Caddyfile"}
Error: adapting config using caddyfile: /etc/caddy/Caddyfile:5: unrecognized directive: reverse_prox
"""

# envoyproxy/envoy source/server/server.cc, projectcontour/contour#3264
ENVOY_BOOTSTRAP = """
[2026-11-24 19:10:00.402][1][info][main] [source/server/server.cc:430] initializing epoch 0 (base id=0, hot restart version=11.104)
[2026-11-24 19:10:00.403][1][info][main] [source/server/server.cc:432] statically linked extensions:
[2026-11-24 19:10:00.410][1][critical][main] [source/server/server.cc:416] error initializing config '  /etc/envoy/envoy.yaml': Protobuf message (type envoy.config.bootstrap.v3.Bootstrap reason INVALID_ARGUMENT: invalid JSON in envoy.config.bootstrap.v3.Bootstrap @ static_resources.listeners[0]: message envoy.config.listener.v3.Listener, near 1:412 (offset 411): no such field: 'filter_chain') has unknown fields
[2026-11-24 19:10:00.411][1][info][main] [source/server/server.cc:990] exiting
"""

# langfuse/langfuse-k8s#145
CLICKHOUSE_XML = """
clickhouse 19:10:00.18 INFO  ==> ** Starting ClickHouse **
Processing configuration file '/opt/bitnami/clickhouse/etc/config.xml'.
Merging configuration file '/opt/bitnami/clickhouse/etc/conf.d/00_default_overrides.xml'.
Poco::Exception. Code: 1000, e.code() = 0, Exception: Failed to merge config with '/opt/bitnami/clickhouse/etc/conf.d/00_default_overrides.xml': SAXParseException: Invalid token in line 1 column 18, Stack trace (when copying this message, always include the lines below):

0. DB::ConfigProcessor::processConfig(bool*, zkutil::ZooKeeperNodeCache*, std::shared_ptr<Poco::Event> const&, bool) @ 0x0000000014e1f048
1. DB::ConfigProcessor::loadConfig(bool, bool) @ 0x0000000014e1f8f7
2. main @ 0x0000000009eff6e1
 (version 25.2.1.3085 (official build))
"""

# Programs and images that are broken

# marcopiovanello/yt-dlp-web-ui#31
NODE_NO_MAIN = """
> costs@4.2.0 start
> node dist/main.js

node:internal/modules/cjs/loader:1228
  throw err;
  ^

Error: Cannot find module '/usr/src/app/dist/main.js'
    at Module._resolveFilename (node:internal/modules/cjs/loader:1225:15)
    at Module._load (node:internal/modules/cjs/loader:1051:27)
    at Function.executeUserEntryPoint [as runMain] (node:internal/modules/run_main:173:12) {
  code: 'MODULE_NOT_FOUND',
  requireStack: []
}

Node.js v20.18.0
"""

# babaohuang/GeminiProChat#3
NODE_ESM = """
Starting service...
node:internal/modules/esm/resolve:853
  throw new ERR_MODULE_NOT_FOUND(packageName, fileURLToPath(base), null);
        ^

Error [ERR_MODULE_NOT_FOUND]: Cannot find package 'send' imported from /usr/src/dist/server/entry.mjs
    at packageResolve (node:internal/modules/esm/resolve:853:9)
    at ModuleLoader.resolve (node:internal/modules/esm/loader:365:25) {
  code: 'ERR_MODULE_NOT_FOUND'
}

Node.js v21.4.0
"""

# rubygems/bundler's spec_set.rb, SUSE/Portus#323
BUNDLER = """
bundler: failed to load command: puma (/usr/local/bundle/bin/puma)
/usr/local/lib/ruby/3.3.0/bundler/definition.rb:559:in `materialize': Could not find rack-3.1.7, puma-6.4.3 in locally installed gems (Bundler::GemNotFound)
	from /usr/local/lib/ruby/3.3.0/bundler/definition.rb:192:in `specs'
	from /usr/local/lib/ruby/3.3.0/bundler/setup.rb:28:in `<top (required)>'
	from <internal:/usr/local/lib/ruby/site_ruby/3.3.0/rubygems/core_ext/kernel_require.rb>:136:in `require'
"""

# encode/uvicorn importer.py
UVICORN_IMPORT = """
INFO:     Started server process [1]
ERROR:    Error loading ASGI app. Could not import module "costs.main".
"""

# Symfony: docker-symfony threads, pdo's PDOException (coloso/symfony-docker#17)
PHP_NO_DRIVER = """
Running migration...

In ExceptionConverter.php line 87:

  An exception occurred in the driver: could not find driver


In Driver.php line 34:

  could not find driver


doctrine:migrations:migrate [--write-sql [WRITE-SQL]] [--dry-run] [--query-time] [--allow-no-migration] [--all-or-nothing [ALL-OR-NOTHING]] [--configuration CONFIGURATION] [--] [<version>]
"""

# open-telemetry/opentelemetry-demo#1240
GLIBC = """
/app/costs: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by /app/costs)
/app/costs: /lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.32' not found (required by /app/costs)
"""

# prisma/orm#15505, hudy9x/namviek#301
PRISMA_LIBSSL = """
prisma:warn Prisma failed to detect the libssl/openssl version to use, and may not work as expected. Defaulting to "openssl-1.1.x".
PrismaClientInitializationError: Unable to require(`/app/node_modules/.prisma/client/libquery_engine-linux-musl.so.node`).
The Prisma engines do not seem to be compatible with your system. Please refer to the documentation about Prisma's system requirements: https://pris.ly/d/system-requirements

Details: Error loading shared library libssl.so.1.1: No such file or directory (needed by /app/node_modules/.prisma/client/libquery_engine-linux-musl.so.node)
    at $n.loadLibrary (/app/node_modules/@prisma/client/runtime/library.js:111:10243) {
  clientVersion: '5.22.0',
  errorCode: undefined
}
"""

# OpenJDK's launcher
JAVA_NO_CLASS = """
Picked up JAVA_TOOL_OPTIONS: -XX:MaxRAMPercentage=75
Error: Could not find or load main class com.acme.costs.CostsApplicationKt
Caused by: java.lang.ClassNotFoundException: com.acme.costs.CostsApplicationKt
"""

# pallets/click exceptions.py, spf13/cobra
CLICK_COMMAND = """
Usage: costs [OPTIONS] COMMAND [ARGS]...
Try 'costs --help' for help.

Error: No such command 'serv'.
"""
COBRA_FLAG = """
Error: unknown flag: --prot
Usage:
  costs serve [flags]

Flags:
      --config string   path of the configuration
  -h, --help            help for serve
      --port int        port to listen on (default 8080)

unknown flag: --prot
"""

# Troubles for which there is no finding of their own

# volcano-sh/volcano#2872, kubernetes/client-go#1280
LEASE_FORBIDDEN = """
I1124 19:10:00.101220       1 leaderelection.go:250] attempting to acquire leader lease shop/costs-controller...
E1124 19:10:00.118003       1 leaderelection.go:332] error retrieving resource lock shop/costs-controller: leases.coordination.k8s.io "costs-controller" is forbidden: User "system:serviceaccount:shop:llm-cost-ops" cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "shop"
E1124 19:10:02.412041       1 leaderelection.go:332] error retrieving resource lock shop/costs-controller: leases.coordination.k8s.io "costs-controller" is forbidden: User "system:serviceaccount:shop:llm-cost-ops" cannot get resource "leases" in API group "coordination.k8s.io" in the namespace "shop"
"""

# emberstack/docker-sftp#113
DOTNET_INOTIFY = """
2026-11-24 19:10:00.847 +00:00 [INF] () Starting host
2026-11-24 19:10:00.872 +00:00 [FTL] () Host terminated unexpectedly
System.IO.IOException: The configured user limit (128) on the number of inotify instances has been reached, or the per-process limit on the number of open file descriptors has been reached.
   at System.IO.FileSystemWatcher.StartRaisingEvents()
   at Microsoft.Extensions.FileProviders.Physical.PhysicalFilesWatcher.CreateFileChangeToken(String filter)
   at Microsoft.Extensions.Configuration.FileConfigurationProvider..ctor(FileConfigurationSource source)
"""

# kubernetes/kubernetes#5461, canonical/microk8s#206
TOO_MANY_FILES = """
2026/11/24 19:10:00 listening on :8080
2026/11/24 19:10:05 http: Accept error: accept tcp [::]:8080: accept4: too many open files; retrying in 5ms
2026/11/24 19:10:05 http: Accept error: accept tcp [::]:8080: accept4: too many open files; retrying in 10ms
2026/11/24 19:10:06 http: Accept error: accept tcp [::]:8080: accept4: too many open files; retrying in 1s
"""

# kruize/autotune#1551
NATIVE_THREAD = """
[4.265s][warning][os,thread] Failed to start thread "Unknown thread" - pthread_create failed (EAGAIN) for attributes: stacksize: 1024k, guardsize: 4k, detached.
[4.266s][warning][os,thread] Failed to start the native thread for java.lang.Thread "vert.x-internal-blocking-1"
Exception in thread "main" java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or process/resource limits reached
	at java.base/java.lang.Thread.start0(Native Method)
	at java.base/java.lang.Thread.start(Thread.java:1526)
"""

# minio/object-browser#2100, quarkusio/quarkus#12928
CLOCK_SKEW = """
2026/11/24 19:10:00 provider https://sso.acme.test/realms/costs discovered
2026/11/24 19:10:01 own service token refused: Token used before issued (*jwt.ValidationError)
2026/11/24 19:10:01 cannot authenticate against the price service, exiting
"""

# caddyserver/caddy#7570, hotio/caddy#3
CADDY_PRIVILEGED = """
{"level":"info","ts":1764011400.118,"msg":"using provided configuration","config_file":"/etc/caddy/Caddyfile","config_adapter":"caddyfile"}
{"level":"info","ts":1764011400.121,"logger":"admin","msg":"admin endpoint started","address":"localhost:2019","enforce_origin":false}
Error: loading initial config: loading new config: http app module: start: listening on :80: listen tcp :80: bind: permission denied
"""

# nazar-pc/docker-phpmyadmin#25, docker-library/php#1070
APACHE_PRIVILEGED = """
AH00558: apache2: Could not reliably determine the server's fully qualified domain name, using 10.244.1.9. Set the 'ServerName' directive globally to suppress this message
(13)Permission denied: AH00072: make_sock: could not bind to address [::]:80
(13)Permission denied: AH00072: make_sock: could not bind to address 0.0.0.0:80
no listening sockets available, shutting down
AH00015: Unable to open logs
"""

# deviantony/docker-elk#1030
LICENCE_EXPIRED = r"""
{"@timestamp":"2026-11-24T19:10:04.085Z","log.level":"WARN","message":"LICENSE [EXPIRED] ON [SATURDAY, NOVEMBER 21, 2026].\n# IF YOU HAVE A NEW LICENSE, PLEASE UPDATE IT. OTHERWISE, PLEASE REACH OUT TO\n# YOUR SUPPORT CONTACT.","log.logger":"org.elasticsearch.license.ClusterStateLicenseService"}
{"@timestamp":"2026-11-24T19:10:06.823Z","log.level":"ERROR","message":"blocking [cluster:monitor/health] operation due to expired license. Cluster health, cluster stats and indices stats \noperations are blocked on license expiration. All data operations (read and write) continue to work.","log.logger":"org.elasticsearch.xpack.security.action.filter.SecurityActionFilter"}
"""

# m1k1o/neko#509, kubernetes-sigs/kind#2884
PROXY_SWALLOWS = r"""
{"level":"info","time":"2026-11-24T19:10:00Z","message":"asking the price service"}
{"level":"error","time":"2026-11-24T19:10:00Z","url":"http://costs-prices.shop.svc:8080/v1","status":403,"header":{"Via":"1.1 proxy.acme.test (squid/6.10)","X-Squid-Error":"ERR_ACCESS_DENIED 0"},"message":"price service: unexpected status 403 Forbidden"}
{"level":"fatal","time":"2026-11-24T19:10:00Z","message":"no prices"}
"""

# velero-io/velero#8189, #2890
S3_KEY = """
time="2026-11-24T19:10:00Z" level=info msg="setting log-level to INFO"
time="2026-11-24T19:10:02Z" level=error msg="Current BackupStorageLocations available/unavailable/unknown: 0/1/0, BackupStorageLocation \\"default\\" is unavailable: rpc error: code = Unknown desc = operation error S3: ListObjectsV2, https response error StatusCode: 403, RequestID: 4VP5XQYAk9QFDA2B, api error InvalidAccessKeyId: The AWS Access Key Id you provided does not exist in our records.)" controller=backup-storage-location
"""

# redis/go-redis#917, redis/node-redis#2208
REDIS_MOVED = """
{"level":50,"time":1764011402440,"pid":1,"msg":"cache probe failed","err":{"type":"ReplyError","message":"MOVED 7918 10.244.2.31:6379"}}
{"level":50,"time":1764011412440,"pid":1,"msg":"cache probe failed","err":{"type":"ReplyError","message":"MOVED 7918 10.244.2.31:6379"}}
"""

# langgenius/dify-plugin-daemon#61
REDIS_CROSSSLOT = """
2026-11-24T19:10:00.120Z pid=1 tid=1y INFO: Starting processing, hit Ctrl-C to stop
2026-11-24T19:10:05.130Z pid=1 tid=4c ERROR: heartbeat: CROSSSLOT Keys in request don't hash to the same slot (redis://cache.acme.test:6379)
"""

# n8n-io/n8n#8332
N8N_KEY = """
Initializing n8n process
User settings loaded from: /home/node/.n8n/config
Error: Mismatching encryption keys. The encryption key in the settings file /home/node/.n8n/config does not match the N8N_ENCRYPTION_KEY env var. Please make sure both keys match. More information: https://docs.n8n.io/hosting/environment-variables/configuration-methods/#encryption-key
"""

# PostgreSQL's extension.c
NO_EXTENSION = """
Running migrations...
ERROR:  could not open extension control file "/usr/share/postgresql/16/extension/vector.control": No such file or directory
migration 0007_embeddings failed, giving up
"""

# django db/backends/base's check_database_version_supported
DJANGO_OLD_SERVER = """
Traceback (most recent call last):
  File "/app/manage.py", line 22, in <module>
    main()
  File "/usr/local/lib/python3.12/site-packages/django/db/backends/base/base.py", line 214, in check_database_version_supported
    raise NotSupportedError(
django.db.utils.NotSupportedError: PostgreSQL 14 or later is required (found 12.22).
"""

# porsager/postgres#172, pgbouncer/pgbouncer#1118
PREPARED_EXISTS = r"""
{"level":"info","ts":"2026-11-24T19:10:00Z","msg":"up"}
{"level":"error","ts":"2026-11-24T19:10:05Z","msg":"ready","error":"ERROR: prepared statement \"stmtcache_5b1\" already exists (SQLSTATE 42P05)"}
"""

# apache/superset#24201
SUPERSET_KEY = """
--------------------------------------------------------------------------------
                                    WARNING
--------------------------------------------------------------------------------
A Default SECRET_KEY was detected, please use superset_config.py to override it.
Use a strong complex alphanumeric string and use a tool to help you generate
a sufficiently random sequence, ex: openssl rand -base64 42
--------------------------------------------------------------------------------
Refusing to start due to insecure SECRET_KEY
"""

# django http/request.py's get_host behind a probe without a Host header
DJANGO_HOST = """
[2026-11-24 19:10:00 +0000] [1] [INFO] Listening at: http://0.0.0.0:8080 (1)
ERROR 2026-11-24 19:10:05,120 exception Invalid HTTP_HOST header: '10.244.1.9:8080'. You may need to add '10.244.1.9' to ALLOWED_HOSTS.
WARNING 2026-11-24 19:10:05,121 log Bad Request: /ready/
"""

# RabbitMQ's 530 for a vhost that is not there, in amqplib
AMQP_VHOST = """
{"level":30,"time":1764011400101,"pid":1,"msg":"connecting to the broker"}
Error: Handshake terminated by server: 530 (NOT-ALLOWED) with message "NOT_ALLOWED - vhost costs not found"
    at afterStartOk (/app/node_modules/amqplib/lib/connection.js:210:12)
"""

# confluentinc/librdkafka#2445, redpanda-data/redpanda-operator#903
KAFKA_TOPIC = """
2026-11-24 19:10:04 [Warning] [Consumer clientId=costs, groupId=costs] Not authorized to read from partition usage-0.
org.apache.kafka.common.errors.TopicAuthorizationException: Not authorized to access topics: [usage]
2026-11-24 19:10:04 [Error] consumer stopped
"""

# Callers that go away, while the probe fails for another reason

# unbit/uwsgi core/writer.c
UWSGI_PIPE = """
WSGI app 0 (mountpoint='') ready in 2 seconds on interpreter 0x5581 pid: 1 (default app)
*** uWSGI is running in multiple interpreter mode ***
Tue Nov 24 19:10:05 2026 - SIGPIPE: writing to a closed pipe/socket/fd (probably the client disconnected) on request /ready (ip 10.244.0.1) !!!
Tue Nov 24 19:10:05 2026 - uwsgi_response_writev_headers_and_body_do(): Broken pipe [core/writer.c line 306] during GET /ready (10.244.0.1)
OSError: write error
"""

# apache/tomcat catalina/connector/OutputBuffer.java
TOMCAT_ABORT = """
2026-11-24T19:10:02.001Z  INFO 1 --- [           main] c.a.costs.CostsApplication               : Started CostsApplication in 6.1 seconds
2026-11-24T19:10:07.120Z ERROR 1 --- [nio-8080-exec-3] o.a.c.c.C.[.[.[/].[dispatcherServlet]    : Servlet.service() for servlet [dispatcherServlet] threw exception
org.apache.catalina.connector.ClientAbortException: java.io.IOException: Broken pipe
	at org.apache.catalina.connector.OutputBuffer.realWriteBytes(OutputBuffer.java:342)
"""

# golang/go net/http/server.go
GO_SCANNERS = """
2026/11/24 19:10:00 listening on :8443
2026/11/24 19:10:03 http: TLS handshake error from 10.244.0.1:52344: read tcp 10.244.1.23:8443->10.244.0.1:52344: read: connection reset by peer
2026/11/24 19:10:09 http: TLS handshake error from 10.244.0.1:52391: EOF
"""

# words of sign-in pages and of fail2ban's filters
USERS_LOGIN = """
2026-11-24 19:10:01,002 INFO  auth started
2026-11-24 19:10:09,120 ERROR auth sign-in of bob@acme.test failed: invalid password
2026-11-24 19:10:11,418 ERROR auth authentication failed for alice from 203.0.113.77
2026-11-24 19:10:19,993 ERROR auth sign-in of bob@acme.test failed: invalid password
"""

# benoitc/gunicorn workers/base.py
GUNICORN_RESET = """
[2026-11-24 19:10:00 +0000] [1] [INFO] Listening at: http://0.0.0.0:8080 (1)
[2026-11-24 19:10:05 +0000] [8] [ERROR] Socket error processing request.
Traceback (most recent call last):
  File "/usr/local/lib/python3.12/site-packages/gunicorn/workers/sync.py", line 134, in handle
    req = next(parser)
ConnectionResetError: [Errno 104] Connection reset by peer
"""

# What programs print that are well

# celery/celery#4162
CELERY_BACK = """
[2026-11-24 18:49:00,374: ERROR/MainProcess] consumer: Cannot connect to amqp://costs:**@rabbitmq:5672//: [Errno 111] Connection refused.
Trying again in 2.00 seconds... (1/100)
[2026-11-24 18:49:02,402: INFO/MainProcess] Connected to amqp://costs:**@rabbitmq:5672//
[2026-11-24 18:49:03,410: INFO/MainProcess] celery@llm-cost-ops-6bcdf8b9bf ready.
"""

# bitnami/charts#24522: Kafka's NetworkClient
SPRING_RETRY = """
2026-11-24T18:49:10.402Z  WARN 1 --- [           main] o.a.k.clients.NetworkClient              : [AdminClient clientId=costs-admin-0] Connection to node -1 (kafka/10.96.4.9:9092) could not be established. Node may not be available.
2026-11-24T18:49:11.404Z  WARN 1 --- [           main] o.a.k.clients.NetworkClient              : [AdminClient clientId=costs-admin-0] Bootstrap broker kafka:9092 (id: -1 rack: null) disconnected
2026-11-24T18:49:14.100Z  INFO 1 --- [           main] c.a.costs.CostsApplication               : Started CostsApplication in 9.402 seconds (process running for 10.1)
"""

# Node's process.emitWarning; nodejs/node's DEP0040
NODE_DEPRECATIONS = """
(node:1) [DEP0040] DeprecationWarning: The `punycode` module is deprecated. Please use a userland alternative instead.
(Use `node --trace-deprecation ...` to show where the warning was created)
(node:1) Warning: Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS connections and HTTPS requests insecure by disabling certificate verification.
(node:1) MaxListenersExceededWarning: Possible EventEmitter memory leak detected. 11 error listeners added to [Redis]. Use emitter.setMaxListeners() to increase limit
{"level":30,"time":1764010201001,"pid":1,"msg":"Server listening at http://0.0.0.0:8080"}
"""

# CPython's decimal, logged by a handler
HANDLED_TRACE = """
2026-11-24 19:10:02,411 WARNING costs.import row 81 skipped
Traceback (most recent call last):
  File "/srv/app/imports.py", line 61, in rows
    amount = Decimal(cell)
decimal.InvalidOperation: [<class 'decimal.ConversionSyntax'>]
2026-11-24 19:10:02,412 INFO costs.import 80 rows taken, 1 skipped, failed: 0
"""

# Go's net.DNSError in a health check of others
HEALTH_OF_OTHERS = r"""
{"level":"warn","time":"2026-11-24T19:10:00Z","upstream":"http://billing.finance.svc:8080/health","error":"Get \"http://billing.finance.svc:8080/health\": dial tcp: lookup billing.finance.svc on 10.96.0.10:53: no such host","message":"upstream is down, its numbers are left out"}
{"level":"info","time":"2026-11-24T19:10:01Z","message":"GET /ready 200"}
"""

# thechangelog/changelog.com#269: DBConnection at a shutdown
SHUTDOWN_OF_BEFORE = """
19:00:00.001 [notice] SIGTERM received - shutting down
19:00:00.020 [error] Postgrex.Protocol (#PID<0.2410.0>) disconnected: ** (DBConnection.ConnectionError) client #PID<0.2661.0> exited
19:00:00.031 [error] GenServer #PID<0.2400.0> terminating
** (stop) exited in: GenServer.call(#PID<0.2399.0>, :flush, 5000)
19:00:04.410 [info] Running CostsWeb.Endpoint with Bandit 1.5.7 at :::4000 (http)
"""

# words of a customer, as a help desk logs them
QUOTED_TICKET = r"""
{"level":"INFO","message":"ticket received","id":4711,"subject":"your CLI says FATAL: password authentication failed for user \"bob\"","body":"psql: error: connection refused. Please help!"}
{"level":"INFO","message":"ticket routed","id":4711,"queue":"databases"}
"""

# open-telemetry/opentelemetry-rust's batch processors
TELEMETRY = r"""
{"timestamp":"2026-11-24T19:10:01Z","level":"ERROR","target":"opentelemetry_sdk","message":"BatchSpanProcessor.ExportError","error":"Operation failed: status: Unavailable, message: \"tcp connect error: Connection refused (os error 111)\""}
{"timestamp":"2026-11-24T19:10:06Z","level":"ERROR","target":"opentelemetry_sdk","message":"BatchLogProcessor.ExportError","error":"dns error: failed to lookup address information: Name or service not known"}
{"timestamp":"2026-11-24T19:10:09Z","level":"INFO","target":"costs::http","message":"GET /v1/usage 200 4ms"}
"""

# nginx' access and error logs under a scanner
ACCESS_4XX = """
10.244.0.17 - bob [24/Nov/2026:19:10:01 +0000] "POST /login HTTP/1.1" 401 51 "-" "Mozilla/5.0" "invalid password"
10.244.0.17 - - [24/Nov/2026:19:10:03 +0000] "GET /wp-admin/install.php HTTP/1.1" 404 153 "-" "zgrab/0.x"
10.244.0.17 - - [24/Nov/2026:19:10:05 +0000] "GET /reports/connection-refused-how-to HTTP/1.1" 499 0 "-" "curl/8.5.0"
2026/11/24 19:10:06 [error] 29#29: *411 open() "/usr/share/nginx/html/wp-admin/install.php" failed (2: No such file or directory), client: 10.244.0.17, server: localhost
"""

# counters in logrus
COUNTERS = """
time=2026-11-24T19:10:00Z level=info msg="batch done" ok=4096 error=0 failed=0 timeout=0 refused=0 denied=0
time=2026-11-24T19:10:10Z level=info msg="batch done" ok=4021 error=0 failed=0 timeout=0 refused=0 denied=0
time=2026-11-24T19:10:10Z level=info msg="errors: 0, failed: 0, panics: 0, out of memory: no"
"""

# HikariCP's HouseKeeper and PoolBase
HIKARI_HICCUP = """
2026-11-24T19:02:31.118Z  WARN 1 --- [l-1 housekeeper] com.zaxxer.hikari.pool.HikariPool        : HikariPool-1 - Thread starvation or clock leap detected (housekeeper delta=48s921ms).
2026-11-24T19:04:02.002Z  WARN 1 --- [nio-8080-exec-4] com.zaxxer.hikari.pool.PoolBase          : HikariPool-1 - Failed to validate connection org.postgresql.jdbc.PgConnection@6f1c (This connection has been closed.). Possibly consider using a shorter maxLifetime value.
2026-11-24T19:04:02.100Z  INFO 1 --- [nio-8080-exec-4] c.a.costs.UsageController                : 200 in 110 ms
"""

# rails' DebugExceptions and RecordNotUnique
RAILS_USER_ERRORS = """
F, [2026-11-24T19:03:05.121021 #1] FATAL -- : [77c1] ActionController::RoutingError (No route matches [GET] "/.env"):
E, [2026-11-24T19:03:09.121021 #1] ERROR -- : [77c2] ActiveRecord::RecordNotUnique (PG::UniqueViolation: ERROR:  duplicate key value violates unique constraint "index_users_on_email")
I, [2026-11-24T19:03:10.114201 #1]  INFO -- : [77c3] Completed 200 OK in 4ms (ActiveRecord: 1.1ms)
"""

# symfony/mailer's SocketStream in Laravel
LARAVEL_MAIL = r"""
[2026-11-24 19:01:01] production.ERROR: Connection could not be established with host "mail.acme.test:587": stream_socket_client(): Unable to connect to mail.acme.test:587 (Connection timed out) {"exception":"[object] (Symfony\\Component\\Mailer\\Exception\\TransportException(code: 0))"}
[2026-11-24 19:02:01] production.INFO: mail 81 sent at the second try
"""

# client-go's warnings.go and reflector.go
KLOG_NOISE = """
W1124 19:00:00.101220       1 warnings.go:70] v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice
E1124 19:02:00.118003       1 reflector.go:158] "Unhandled Error" err="k8s.io/client-go/informers/factory.go:160: Failed to watch *v1.ConfigMap: the server has received too many requests and has asked us to try again later (get configmaps)"
I1124 19:02:01.412041       1 leaderelection.go:260] successfully acquired lease shop/costs-controller
"""

# dotnet/aspnetcore's DataProtection and Antiforgery
DOTNET_NOISE = """
warn: Microsoft.AspNetCore.DataProtection.KeyManagement.XmlKeyManager[35]
      No XML encryptor configured. Key {8d0b7c1e} may be persisted to storage in unencrypted form.
fail: Microsoft.AspNetCore.Antiforgery.DefaultAntiforgery[7]
      An exception was thrown while deserializing the token.
      Microsoft.AspNetCore.Antiforgery.AntiforgeryValidationException: The antiforgery token could not be decrypted.
       ---> System.Security.Cryptography.CryptographicException: The key {5f1c} was not found in the key ring.
info: Microsoft.AspNetCore.Hosting.Diagnostics[2]
      Request finished HTTP/1.1 GET http://10.244.1.9:8080/ready - 200
"""

# PostgreSQL's own log, of clients
PG_CLIENTS = """
2026-11-24 19:02:44.841 UTC [219] ERROR:  canceling statement due to user request
2026-11-24 19:02:50.100 UTC [223] LOG:  unexpected EOF on client connection with an open transaction
2026-11-24 19:03:14.006 UTC [230] ERROR:  deadlock detected
2026-11-24 19:03:14.006 UTC [230] DETAIL:  Process 230 waits for ShareLock on transaction 811; blocked by process 231.
2026-11-24 19:04:31.224 UTC [233] FATAL:  no pg_hba.conf entry for replication connection from host "10.244.0.17", user "scan", no encryption
2026-11-24 19:05:31.224 UTC [235] FATAL:  sorry, too many clients already
2026-11-24 19:06:12.501 UTC [27] LOG:  checkpoint complete: wrote 41 buffers (0.3%)
"""

# redis' aof.c and networking.c
REDIS_SLOW = """
1:M 24 Nov 2026 19:00:29.026 * 10000 changes in 60 seconds. Saving...
1:M 24 Nov 2026 19:00:29.731 # Asynchronous AOF fsync is taking too long (disk is busy?). Writing the AOF buffer without waiting for fsync to complete, this may slow down Redis.
1:M 24 Nov 2026 19:00:30.412 * Background saving terminated with success
1:M 24 Nov 2026 19:01:02.500 # Client id=41 addr=10.244.0.17:51000 scheduled to be closed ASAP for overcoming of output buffer limits.
"""

# grafana/helm-charts#1086, OpenSTEF/openstef-reference#23
GRAFANA_NOISE = """
logger=tsdb.prometheus t=2026-11-24T19:01:00Z level=error msg="Query error" err="Post \\"http://mimir.mon.svc/api/v1/query\\": dial tcp: lookup mimir.mon.svc: no such host"
logger=context userId=0 orgId=0 t=2026-11-24T19:02:00Z level=error msg="Invalid username or password" error="invalid username or password" remote_addr=10.244.0.17
logger=context userId=0 t=2026-11-24T19:02:00Z level=info msg="Request Completed" method=POST path=/login status=401
"""

# prometheus' scrape.go and notifier.go
PROMETHEUS_NOISE = """
ts=2026-11-24T19:01:00.402Z caller=scrape.go:1322 level=warn component="scrape manager" scrape_pool=kube target=http://10.244.3.9:9100/metrics msg="Append failed" err="out of order sample"
ts=2026-11-24T19:02:00.402Z caller=notifier.go:530 level=error component=notifier alertmanager=http://alertmanager:9093/api/v2/alerts count=1 msg="Error sending alert" err="Post \\"http://alertmanager:9093/api/v2/alerts\\": dial tcp: lookup alertmanager on 10.96.0.10:53: no such host"
"""

# a panic in a task that tokio catches
RESTARTED_TRACE = """
thread 'tokio-runtime-worker' panicked at src/jobs/rates.rs:77:18:
called `Result::unwrap()` on an `Err` value: Elapsed(())
2026-11-24T19:07:00Z  WARN costs::jobs: job "rates" failed, next try in 60 s
2026-11-24T19:08:00Z  INFO costs::jobs: job "rates" done
"""

# flyway's Database and DefaultSqlScriptExecutor
FLYWAY_NOTES = """
2026-11-24 18:49:02,481 WARN  [org.fly.cor.int.dat.bas.Database] (main) Flyway upgrade recommended: PostgreSQL 16.15 is newer than this version of Flyway and support has not been tested. The latest supported version of PostgreSQL is 15.
2026-11-24 18:49:02,612 INFO  [org.fly.cor.int.com.DbMigrate] (main) Schema "public" is up to date. No migration necessary.
2026-11-24 18:49:02,613 WARN  [org.fly.cor.int.sql.DefaultSqlScriptExecutor] (main) DB: relation "usage_records" already exists, skipping (SQL State: 42P07 - Error Code: 0)
"""

# settings that may be left out
FEATURE_OFF = """
2026-11-24T18:49:02Z WARN SMTP_PASSWORD is not set, mails are not sent
2026-11-24T18:49:02Z WARN LICENSE_KEY is not set, running the community edition
2026-11-24T18:49:03Z INFO listening on 0.0.0.0:8080
"""

# pino, a client that goes on without its cache
CACHE_FALLBACK = """
{"level":40,"time":1764010201001,"pid":1,"msg":"ECONNREFUSED llm-cost-ops-redis:6379, falling back to memory for 30 s"}
{"level":30,"time":1764010231001,"pid":1,"msg":"redis: ready again"}
"""

# benoitc/gunicorn's arbiter.py
GUNICORN_TIMEOUTS = """
[2026-11-24 19:01:34 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:8)
[2026-11-24 19:01:35 +0000] [1] [ERROR] Worker (pid:8) was sent SIGKILL! Perhaps out of memory?
[2026-11-24 19:01:35 +0000] [31] [INFO] Booting worker with pid: 31
10.244.0.1 - - [24/Nov/2026:19:01:40 +0000] "GET /ready HTTP/1.1" 200 2
"""

# vercel/next.js#31793
IMAGE_LIBRARY = """
Warning: For production Image Optimization with Next.js, the optional 'sharp' package is strongly recommended. Run 'npm i sharp', and Next.js will use it automatically for Image Optimization.
 \u2a2f Error: ENOENT: no such file or directory, open '/app/.next/cache/images/a1.webp'
 \u2a2f upstream image response failed for https://cdn.acme.test/x.png 404
 \u2713 Ready in 402ms
"""

# Go's crypto/x509 in a program that watches certificates of customers
CERT_WATCH = """
{"level":"warn","ts":1764011400.1,"msg":"certificate of customer expires soon","host":"shop.customer.test","not_after":"2026-11-26T08:00:00Z"}
{"level":"error","ts":1764011401.1,"msg":"check of customer failed","host":"old.customer.test","error":"x509: certificate has expired or is not yet valid: current time 2026-11-24T19:10:01Z is after 2026-11-01T08:00:00Z"}
{"level":"info","ts":1764011402.1,"msg":"GET /ready","status":200}
"""

# PostgreSQL's serialization failures, tried again
LOCK_RETRIES = """
2026-11-24T19:01:02Z ERROR costs::billing: could not serialize access due to concurrent update, try 1 of 5
2026-11-24T19:01:02Z ERROR costs::billing: canceling statement due to lock timeout, try 2 of 5
2026-11-24T19:01:03Z  INFO costs::billing: invoice 81 written
"""

# V8's heap in a child process
WORKER_MEMORY = """
<--- Last few GCs --->
[412:0x7f] 41000 ms: Mark-Compact 2046.1 (2082.4) -> 2044.8 (2083.2) MB
FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory
{"level":50,"msg":"report worker 412 died of its heap, restarted","code":134}
{"level":30,"msg":"report 4711 done by worker 431"}
"""

# uvicorn, a store that is optional
OPTIONAL_STORE = """
INFO:     Uvicorn running on http://0.0.0.0:8080 (Press CTRL+C to quit)
WARNING:  optional vector store: FATAL:  database "embeddings" does not exist, semantic search is off
INFO:     10.244.0.1:0 - "GET /ready HTTP/1.1" 200 OK
"""


# prisma's P1001 in an entrypoint that tries again
FIRST_SECONDS = """
Prisma schema loaded from prisma/schema.prisma
Error: P1001: Can't reach database server at `llm-cost-ops-postgresql:5432`
Please make sure your database server is running at `llm-cost-ops-postgresql:5432`.
docker-entrypoint.sh: try 1 of 30 failed, next in 2 s
"""
