import asyncio
import os
import ssl

from tortoise import Tortoise, fields
from tortoise.models import Model


class Usage(Model):
    id = fields.BigIntField(primary_key=True)


async def main() -> None:
    encryption = {"disable": False, "require": ssl._create_unverified_context()}.get(os.environ["DB_SSLMODE"])
    if encryption is None:
        encryption = ssl.create_default_context(cafile=os.environ.get("DB_SSLROOTCERT"))
    credentials = {
        "host": os.environ["DB_HOST"], "port": os.environ["DB_PORT"], "user": os.environ["DB_USER"],
        "password": os.environ.get("DB_PASSWORD"), "database": os.environ["DB_NAME"], "ssl": encryption,
        "timeout": int(os.environ["TIMEOUT"]),
    }
    engine = {"engine": "tortoise.backends.asyncpg", "credentials": credentials}
    await Tortoise.init(config={"connections": {"default": engine}, "apps": {"usage": {"models": ["tortoise_service"]}}})
    await Tortoise.get_connection("default").execute_script(os.environ["STATEMENT"])


if __name__ == "__main__":
    asyncio.run(main())
