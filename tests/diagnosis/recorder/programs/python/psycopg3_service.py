import logging
import os
import sys

import psycopg

logging.basicConfig(level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s")
log = logging.getLogger("billing.store")
log.info("billing worker 0.9.3 (python %s)", sys.version.split()[0])
try:
    with psycopg.connect(
        host=os.environ["DB_HOST"],
        port=os.environ["DB_PORT"],
        user=os.environ["DB_USER"],
        password=os.environ.get("DB_PASSWORD"),
        dbname=os.environ["DB_NAME"],
        sslmode=os.environ["DB_SSLMODE"],
        sslrootcert=os.environ.get("DB_SSLROOTCERT"),
        connect_timeout=int(os.environ["TIMEOUT"]),
    ) as connection:
        connection.execute(os.environ["STATEMENT"])
except psycopg.Error as error:
    log.error("database check failed: %s", error)
    sys.exit(1)
