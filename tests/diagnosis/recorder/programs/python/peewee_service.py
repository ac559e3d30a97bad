import os

from peewee import PostgresqlDatabase

print("invoicer: connecting to its database", flush=True)
database = PostgresqlDatabase(
    os.environ["DB_NAME"], host=os.environ["DB_HOST"], port=os.environ["DB_PORT"], user=os.environ["DB_USER"],
    password=os.environ.get("DB_PASSWORD"), sslmode=os.environ["DB_SSLMODE"],
    sslrootcert=os.environ.get("DB_SSLROOTCERT"), connect_timeout=int(os.environ["TIMEOUT"]),
)
with database.atomic():
    database.execute_sql(os.environ["STATEMENT"])
