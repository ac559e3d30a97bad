import logging
import os

import redis

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)-8s %(name)s %(message)s")
logging.getLogger("quota").info("quota service 3.1 starting")
client = redis.Redis(
    host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), db=int(os.environ["REDIS_DB"]),
    username=os.environ.get("REDIS_USERNAME"), password=os.environ.get("REDIS_PASSWORD"),
    ssl=os.environ["REDIS_TLS"] == "yes", ssl_ca_certs=os.environ.get("REDIS_CA"),
    socket_timeout=1.5, socket_connect_timeout=1.5,
)
client.execute_command(*os.environ["COMMAND"].split())
print("ready", flush=True)
