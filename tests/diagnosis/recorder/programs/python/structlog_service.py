import os
import sys

import psycopg
import structlog

structlog.configure(
    processors=[
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso"),
        structlog.processors.format_exc_info if os.environ["TIMEOUT"] else structlog.processors.dict_tracebacks,
        structlog.processors.JSONRenderer(),
    ],
)
log = structlog.get_logger(service="invoices")
log.info("service.start", version="4.0.2")
try:
    with psycopg.connect(
        host=os.environ["DB_HOST"], port=os.environ["DB_PORT"], user=os.environ["DB_USER"], dbname=os.environ["DB_NAME"],
        password=os.environ.get("DB_PASSWORD"), sslmode=os.environ["DB_SSLMODE"],
        sslrootcert=os.environ.get("DB_SSLROOTCERT"), connect_timeout=int(os.environ["TIMEOUT"]),
    ) as connection:
        connection.execute(os.environ["STATEMENT"])
except Exception:
    log.exception("db.unavailable", attempt=1)
    sys.exit(1)
