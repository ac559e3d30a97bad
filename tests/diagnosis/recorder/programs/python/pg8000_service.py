import logging
import os
import ssl

import pg8000.dbapi

logging.basicConfig(level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s")
logging.getLogger("ledger").info("ledger 0.9 starting")
context = None
if os.environ["DB_SSLMODE"] != "disable":
    context = ssl.create_default_context(cafile=os.environ.get("DB_SSLROOTCERT"))
    if os.environ["DB_SSLMODE"] == "require":
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
connection = pg8000.dbapi.connect(
    host=os.environ["DB_HOST"], port=int(os.environ["DB_PORT"]), user=os.environ["DB_USER"],
    password=os.environ.get("DB_PASSWORD"), database=os.environ["DB_NAME"], ssl_context=context,
    timeout=int(os.environ["TIMEOUT"]),
)
connection.cursor().execute(os.environ["STATEMENT"])
connection.commit()
