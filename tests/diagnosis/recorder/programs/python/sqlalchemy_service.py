import logging
import os
import sys

from sqlalchemy import URL, create_engine, text

logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s - %(name)s - %(levelname)s - %(message)s")
log = logging.getLogger("orders.app")
options = {"sslmode": os.environ["DB_SSLMODE"], "connect_timeout": os.environ["TIMEOUT"]}
if root := os.environ.get("DB_SSLROOTCERT"):
    options["sslrootcert"] = root
address = URL.create(
    "postgresql+psycopg", os.environ["DB_USER"], os.environ.get("DB_PASSWORD"), os.environ["DB_HOST"],
    int(os.environ["DB_PORT"]), os.environ["DB_NAME"], options,
)
engine = create_engine(address, pool_pre_ping=True)
log.info("orders 1.12.0 starting")
try:
    with engine.begin() as connection:
        connection.execute(text(os.environ["STATEMENT"]))
except Exception:
    log.exception("Could not initialise the database")
    sys.exit(3)
