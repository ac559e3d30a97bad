import logging
import os

from psycopg_pool import ConnectionPool

logging.basicConfig(level=logging.INFO, format="%(asctime)s [%(levelname)s] %(name)s: %(message)s")
logging.getLogger(__name__).info("opening the pool")
settings = {
    "host": os.environ["DB_HOST"], "port": os.environ["DB_PORT"], "user": os.environ["DB_USER"], "dbname": os.environ["DB_NAME"],
    "password": os.environ.get("DB_PASSWORD"), "sslmode": os.environ["DB_SSLMODE"], "sslrootcert": os.environ.get("DB_SSLROOTCERT"),
    "connect_timeout": os.environ["TIMEOUT"],
}
pool = ConnectionPool(kwargs=settings, min_size=1, open=False)
pool.open(wait=True, timeout=6)
with pool.connection() as connection:
    connection.execute(os.environ["STATEMENT"])
