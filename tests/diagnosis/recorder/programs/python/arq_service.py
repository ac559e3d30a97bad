import os
from typing import Any

from arq.connections import RedisSettings


async def report(_: Any, number: int) -> None:
    print("report", number)


class WorkerSettings:
    functions = (report,)
    burst = True
    redis_settings = RedisSettings(
        host=os.environ["REDIS_HOST"], port=int(os.environ["REDIS_PORT"]), database=int(os.environ["REDIS_DB"]),
        username=os.environ.get("REDIS_USERNAME"), password=os.environ.get("REDIS_PASSWORD"),
        ssl=os.environ["REDIS_TLS"] == "yes", ssl_ca_certs=os.environ.get("REDIS_CA"), conn_timeout=3, conn_retries=2,
    )
