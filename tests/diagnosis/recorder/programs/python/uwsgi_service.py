import os

import psycopg

wanted = {
    "host": os.environ["DB_HOST"], "port": os.environ["DB_PORT"], "user": os.environ["DB_USER"],
    "password": os.environ.get("DB_PASSWORD"), "dbname": os.environ["DB_NAME"], "sslmode": os.environ["DB_SSLMODE"],
    "sslrootcert": os.environ.get("DB_SSLROOTCERT"), "connect_timeout": os.environ["TIMEOUT"],
}
with psycopg.connect(**{name: value for name, value in wanted.items() if value}) as connection:
    connection.execute(os.environ["STATEMENT"])
os._exit(0)
