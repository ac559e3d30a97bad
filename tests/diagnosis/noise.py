"""What programs write that tells nothing of a failure, and the formats in which loggers write a line.

Words are those of OpenTelemetry's SDKs (Go, Java, Python, JavaScript), dd-trace (Go, Java, Python), dogstatsd, Pushgateway
clients, Sentry, Spring Boot, HikariCP, Django, gunicorn, Node, nginx, sqlx, hyper, client-go, PostgreSQL, its exporter, Redis.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

LEVELED: Final = (
    ("INFO", "Started Application in 4.212 seconds (process running for 4.9)"),
    ("INFO", "Tomcat started on port 8080 (http) with context path '/'"),
    ("INFO", "HikariPool-1 - Start completed."),
    ("INFO", "TZ is set to UTC, LOG_LEVEL set to info"),
    ("INFO", "HTTP_PROXY is not set, connecting directly"),
    ("INFO", "server listening on [::]:8080"),
    ("INFO", "connection refused 0 times, timed out 0 times since the last report"),
    ("INFO", "GET /api/v1/lookup 200 3ms"),
    ("INFO", "job 4711 finished: 12 rows, 0 errors"),
    ("DEBUG", 'pooling idle connection for ("https", rates.example.com)'),
    ("DEBUG", "lookup rates.example.com on 10.96.0.10:53: cached"),
    ("DEBUG", 'summary="SELECT 1" db.statement="" rows_affected=0 rows_returned=1 elapsed=412.011µs'),
    ("WARN", 'slow statement: execution time exceeded alert threshold summary="SELECT * FROM jobs" elapsed=1.2s'),
    ("WARN", "HikariPool-1 - Thread starvation or clock leap detected (housekeeper delta=51s312ms)."),
    ("WARN", "retrying request to https://rates.example.com/latest in 2s (attempt 1/5): operation timed out"),
    ("WARN", "spring.jpa.open-in-view is enabled by default. Therefore, database queries may be performed during view rendering."),
    ("WARN", "FEATURE_FLAGS_URL is not set, all flags are off"),
    ("WARN", "config key cache.ttl is deprecated, use cache.expiry; invalid values are ignored"),
    ("WARN", "geo lookup: lookup geo.acme.test on 10.96.0.10:53: no such host"),
    ("WARN", "mail is queued: dial tcp 10.96.3.3:25: connect: connection refused"),
    ("WARN", "could not read /etc/app/overrides.yaml: permission denied (os error 13), using defaults"),
    ("WARN", "TLS handshake failed with 10.244.0.1:52344: tls handshake eof"),
    ("WARN", "Transient error StatusCode.UNAVAILABLE encountered while exporting traces to localhost:4317, retrying in 4.00s."),
    ("WARN", "statsd: write udp 10.244.0.10:52011->10.96.7.7:8125: write: connection refused"),
    ("ERROR", "Failed to export spans. The request could not be executed. Full error message: Connection refused: localhost/127.0.0.1:4318"),
    ("ERROR", 'failed to upload metrics: Post "http://otel-collector:4318/v1/metrics": dial tcp: lookup otel-collector on 10.96.0.10:53: no such host'),
    ("ERROR", 'Could not push metrics to Pushgateway: Put "http://localhost:9091/metrics/job/x": dial tcp [::1]:9091: connect: connection refused'),
    ("ERROR", "failed to send, dropping 1 traces to intake at http://localhost:8126/v0.5/traces after 3 retries ([Errno 111] Connection refused)"),
    ("ERROR", "Error submitting packet to dogstatsd: [Errno 111] Connection refused, dropping the packet and closing the socket"),
)  # fmt: skip
"""(level, message) in the format of the program's own logger."""

RAW: Final = (
    ('10.244.0.1 - - [24/Nov/2026:19:10:01 +0000] "GET /geo/lookup HTTP/1.1" 200 612 "-" "kube-probe/1.36"',),
    ('10.244.0.1 - - [24/Nov/2026:19:10:01 +0000] "GET /search?q=connection+refused HTTP/1.1" 200 88 "-" "curl/8.9"',),
    ("::ffff:10.244.0.1 - POST /api/orders 201 12.402 ms - 77",),
    ('INFO:     10.244.0.1:41022 - "GET /metrics HTTP/1.1" 200 OK',),
    ("2026/11/24 19:10:01 [notice] 1#1: using the \"epoll\" event method",),
    ('2026/11/24 19:10:01 [error] 30#30: *1 open() "/usr/share/nginx/html/favicon.ico" failed (2: No such file or directory)',),
    ("I1124 19:10:01.123456       1 leaderelection.go:257] attempting to acquire leader lease team/controller...",),
    ("W1124 19:10:01.123456       1 warnings.go:70] policy/v1beta1 PodDisruptionBudget is deprecated in v1.21+",),
    ("[2026-11-24 19:10:01 +0000] [7] [INFO] Booting worker with pid: 7",),
    ("(node:1) [DEP0040] DeprecationWarning: The `punycode` module is deprecated. Please use a userland alternative instead.",
     "(Use `node --trace-deprecation ...` to show where the warning was created)"),
    ("System check identified some issues:", "", "WARNINGS:", "?: (security.W004) You have not set a value for the SECURE_HSTS_SECONDS setting."),
    ("/usr/lib/python3.12/site-packages/celery/app.py:3: UserWarning: pkg_resources is deprecated as an API.", "  import pkg_resources"),
    ('2026/11/24 19:10:01 traces export: Post "http://localhost:4318/v1/traces": dial tcp 127.0.0.1:4318: connect: connection refused',),
    ("Datadog Tracer v1.70.0 ERROR: lost 3 traces: Post \"http://localhost:8126/v0.4/traces\": dial tcp 127.0.0.1:8126: connect: connection refused",),
    ("[dd.trace 2026-11-24 19:10:01:159 +0000] [dd-trace-writer] WARN datadog.trace.agent.common.writer.ddagent.DDAgentApi - Error while "
     "sending 1 (size=591B) traces to the DD agent. java.net.ConnectException: Connection refused",),
    ('{"stack":"Error: connect ECONNREFUSED 127.0.0.1:4318\\n    at TCPConnectWrap.afterConnect","message":"connect ECONNREFUSED '
     '127.0.0.1:4318","code":"ECONNREFUSED","address":"127.0.0.1","port":"4318"}',),
    ("Exception while exporting Span batch.", "Traceback (most recent call last):",
     '  File "/usr/lib/python3.12/site-packages/urllib3/connection.py", line 198, in _new_conn',
     "    sock = connection.create_connection(", "           ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^",
     "ConnectionRefusedError: [Errno 111] Connection refused", "",
     "The above exception was the direct cause of the following exception:", "", "Traceback (most recent call last):",
     '  File "/usr/lib/python3.12/site-packages/opentelemetry/sdk/trace/export/__init__.py", line 362, in _export_batch',
     "requests.exceptions.ConnectionError: HTTPConnectionPool(host='localhost', port=4318): Max retries exceeded with url: /v1/traces "
     "(Caused by NewConnectionError('Failed to establish a new connection: [Errno 111] Connection refused'))"),
    ("2026/11/24 19:10:01 http: TLS handshake error from 10.244.0.1:52344: EOF",),
    ("+ test -n set", "DATABASE_URL is set", "+ exec serve"),
    ("Picked up JAVA_TOOL_OPTIONS: -javaagent:/otel/javaagent.jar",
     "OpenJDK 64-Bit Server VM warning: Sharing is only supported for boot loader classes because bootstrap classpath has been appended"),
    ('SLF4J: Failed to load class "org.slf4j.impl.StaticLoggerBinder".', "SLF4J: Defaulting to no-operation (NOP) logger implementation"),
    ("npm warn config production Use `--omit=dev` instead.", "", "> orders@2.1.0 start", "> node server.js", ""),
    ("[Sentry] Event failed to send: dial tcp: lookup o1.ingest.sentry.io on 10.96.0.10:53: no such host",),
    ('{"v":0,"level":50,"name":"newrelic","hostname":"x","pid":1,"msg":"Failed to connect to collector: getaddrinfo ENOTFOUND collector.newrelic.com"}',),
    ("2026-11-24 19:10:01,123 [elastic-apm-server-reporter] ERROR co.elastic.apm.agent.report.IntakeV2ReportingEventHandler - Failed to handle "
     "event of type JSON_WRITER with this error: Connection refused (Connection refused)",),
    ('2026-11-24 19:10:01 +0000 [warn]: #0 failed to flush the buffer. error_class=Errno::ECONNREFUSED error="Connection refused - connect(2) '
     'for \\"fluentd\\" port 24224"',),
    ('[ERROR] upload profile: do http request: Post "http://pyroscope:4040/ingest?name=app": dial tcp: lookup pyroscope on 10.96.0.10:53: no such host',),
    ("ERROR: Failed to send batch of logs to Loki at http://loki:3100/loki/api/v1/push: connection refused",),
    ("payload " + "eyJhbGciOiJub25lIn0" * 180,),
)  # fmt: skip
"""Blocks of lines that stand as they are."""

LAST: Final = (
    ("npm error Lifecycle script `start` failed with error:", "npm error code 1", "npm error path /app"),
    ("error Command failed with exit code 1.", "info Visit https://yarnpkg.com/en/docs/cli/run for documentation about this command."),
    ("[2026-11-24 19:10:01 +0000] [1] [ERROR] Worker (pid:7) exited with code 3",
     "[2026-11-24 19:10:01 +0000] [1] [ERROR] Shutting down: Master", "[2026-11-24 19:10:01 +0000] [1] [ERROR] Reason: Worker failed to boot."),
    ("exit status 1",),
    ('{"level":"fatal","ts":1795547401.1,"caller":"app/main.go:41","msg":"server terminated"}',),
)  # fmt: skip
"""What the program around a program writes when that has ended with an error."""

STORES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "postgres": (
        ("2026-11-24 19:10:01.002 UTC [27] LOG:  checkpoint starting: time",),
        ("2026-11-24 19:10:01.002 UTC [71] ERROR:  duplicate key value violates unique constraint \"jobs_pkey\"",
         "2026-11-24 19:10:01.002 UTC [71] DETAIL:  Key (id)=(7) already exists."),
        ("2026-11-24 19:10:01.002 UTC [72] ERROR:  canceling statement due to user request",),
        ("2026-11-24 19:10:01.002 UTC [73] LOG:  could not receive data from client: Connection reset by peer",),
        ('2026-11-24 19:10:01.002 UTC [74] FATAL:  role "root" does not exist',),
        ('2026-11-24 19:10:01.002 UTC [75] FATAL:  password authentication failed for user "exporter"',
         '2026-11-24 19:10:01.002 UTC [75] DETAIL:  Connection matched file "pg_hba.conf" line 128: "host all all all scram-sha-256"'),
        ('2026-11-24 19:10:01.002 UTC [76] ERROR:  relation "pg_stat_statements" does not exist at character 15',
         "2026-11-24 19:10:01.002 UTC [76] STATEMENT:  SELECT * FROM pg_stat_statements"),
    ),
    "redis": (
        ("1:M 24 Nov 2026 19:10:01.000 * 100 changes in 300 seconds. Saving...",),
        ("1:C 24 Nov 2026 19:10:01.000 * Fork CoW for RDB: current 1 MB, peak 1 MB, average 0 MB",),
        ("1:C 24 Nov 2026 19:10:01.000 # WARNING Memory overcommit must be enabled! Without it, a background save or replication may "
         "fail under low memory condition.",),
        ("1:M 24 Nov 2026 19:10:01.000 # Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Redis.",),
    ),
}  # fmt: skip
"""What stores write while nothing is wrong with them: most of it is about their clients."""

LEVELS: Final = ("DEBUG", "INFO", "WARN", "ERROR", "FATAL")
"""The levels that every format writes."""
_PINO: Final = {"DEBUG": 20, "INFO": 30, "WARN": 40, "ERROR": 50, "FATAL": 60}
_NET: Final = {"DEBUG": "dbug", "INFO": "info", "WARN": "warn", "ERROR": "fail", "FATAL": "crit"}
_LONG: Final = {"WARN": "WARNING", "FATAL": "CRITICAL"}
_ZERO: Final = {"DEBUG": "DBG", "INFO": "INF", "WARN": "WRN", "ERROR": "ERR", "FATAL": "FTL"}
_T: Final = "2026-11-24T19:10:01"

Format = Callable[[str, str], str]
FORMATS: Final[Mapping[str, Format]] = {
    "tracing, JSON": lambda level, said: json.dumps({"timestamp": f"{_T}.000001Z", "level": level, "fields": {"message": said}, "target": "app::db"}),
    "zap": lambda level, said: json.dumps({"level": level.lower(), "ts": 1795547401.1, "caller": "db/pool.go:41", "msg": said}),
    "slog": lambda level, said: json.dumps({"time": f"{_T}.1Z", "level": level, "msg": said}),
    "pino": lambda level, said: json.dumps({"level": _PINO[level], "time": 1795547401000, "pid": 1, "hostname": "x", "msg": said}),
    "python-json-logger": lambda level, said: json.dumps({"asctime": f"{_T}", "levelname": _LONG.get(level, level), "name": "app.db", "message": said}),
    "ECS": lambda level, said: json.dumps({"@timestamp": f"{_T}.1Z", "log.level": level, "message": said, "ecs.version": "1.2.0"}),
    "Google Cloud": lambda level, said: json.dumps({"severity": _LONG.get(level, level), "message": said}),
    ".NET, JSON": lambda level, said: json.dumps({"EventId": 0, "LogLevel": {"WARN": "Warning", "INFO": "Information"}.get(level, level.title()), "Category": "App.Db", "Message": said}),
    "Serilog": lambda level, said: json.dumps({"@t": f"{_T}.1Z", "@m": said, **({} if level == "INFO" else {"@l": {"WARN": "Warning"}.get(level, level.title())})}),
    "logrus": lambda level, said: f'time="{_T}Z" level={_LONG.get(level, level).lower()} msg={json.dumps(said)}',
    "go-kit": lambda level, said: f"ts={_T}.1Z caller=pool.go:41 level={level.lower()} msg={json.dumps(said)}",
    "tracing, coloured": lambda level, said: f"\x1b[2m{_T}.000001Z\x1b[0m \x1b[31m{level:>5}\x1b[0m \x1b[2mapp::db\x1b[0m\x1b[2m:\x1b[0m {said}",
    "env_logger": lambda level, said: f"[{_T}Z {level:<5} app::db] {said}",
    "zap, console": lambda level, said: f"{_T}.000Z\t{level}\tdb/pool.go:41\t{said}",
    "zerolog, console": lambda level, said: f"7:10PM {_ZERO[level]} {said}",
    "klog": lambda level, said: f"{level[0].replace('D', 'I')}1124 19:10:01.123456       1 pool.go:41] {said}",
    "Spring Boot": lambda level, said: f"{_T}.123Z {level:>5} 1 --- [app] [           main] com.acme.Db    : {said}",
    "Logback": lambda level, said: f"19:10:01.123 [main] {level:<5} com.acme.Db - {said}",
    "Log4j": lambda level, said: f"2026-11-24 19:10:01,123 [pool-1-thread-3] {level} com.acme.Db - {said}",
    "Quarkus": lambda level, said: f"2026-11-24 19:10:01,123 {level:<5} [com.acm.Db] (main) {said}",
    "Python": lambda level, said: f"{_LONG.get(level, level)}:app.db:{said}",
    "Python, with a time": lambda level, said: f"2026-11-24 19:10:01,123 - app.db - {_LONG.get(level, level)} - {said}",
    "gunicorn": lambda level, said: f"[2026-11-24 19:10:01 +0000] [7] [{_LONG.get(level, level)}] {said}",
    "winston": lambda level, said: f"{level.lower()}: {said}",
    "Ruby": lambda level, said: f"{level[0]}, [{_T}.123456 #1] {level:>5} -- : {said}",
    "Monolog": lambda level, said: f"[{_T}.123456+00:00] app.{_LONG.get(level, level)}: {said} [] []",
    ".NET": lambda level, said: f"{_NET[level]}: App.Db[0] {said}",
    "CRLF": lambda level, said: f"{_T}Z [{level.lower()}] {said}\r",
}  # fmt: skip
"""A line of a level, as loggers write it unless told otherwise."""
