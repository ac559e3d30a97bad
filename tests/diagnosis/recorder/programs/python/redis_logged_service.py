import json
import logging
import os
import sys
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


class Lines(logging.Formatter):
    def format(self, record):
        return json.dumps({"ts": time.time(), "level": record.levelname, "logger": record.name, "msg": record.getMessage()})


handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(Lines())
logging.basicConfig(level=logging.INFO, handlers=[handler])
log = logging.getLogger("cache")
log.info("connecting to %s:%s", os.environ["REDIS_HOST"], os.environ["REDIS_PORT"])
client = redis.Redis(
    host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), db=int(os.environ["REDIS_DB"]),
    username=os.environ.get("REDIS_USERNAME"), password=os.environ.get("REDIS_PASSWORD"),
    ssl=os.environ["REDIS_TLS"] == "yes", ssl_ca_certs=os.environ.get("REDIS_CA"), retry=Retry(NoBackoff(), 0),
    socket_timeout=1.5, socket_connect_timeout=1.5,
)
try:
    client.execute_command(*os.environ["COMMAND"].split())
except redis.RedisError as error:
    log.critical("cache is not available: %s", error)
    sys.exit(1)
