import logging
import os

import psycopg2

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
log = logging.getLogger("usage")
log.info("starting usage-api 2.4.1")
connection = psycopg2.connect(
    host=os.environ["DB_HOST"],
    port=os.environ["DB_PORT"],
    user=os.environ["DB_USER"],
    password=os.environ.get("DB_PASSWORD"),
    dbname=os.environ["DB_NAME"],
    sslmode=os.environ["DB_SSLMODE"],
    sslrootcert=os.environ.get("DB_SSLROOTCERT"),
    connect_timeout=int(os.environ["TIMEOUT"]),
    options=os.environ.get("DB_OPTIONS"),
)
with connection, connection.cursor() as cursor:
    cursor.execute(os.environ["STATEMENT"])
log.info("listening on 0.0.0.0:8080")
