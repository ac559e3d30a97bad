import asyncio
import os
import ssl

import asyncpg


async def main() -> None:
    print("INFO:     Started server process [1]", flush=True)
    print("INFO:     Waiting for application startup.", flush=True)
    encryption = os.environ["DB_SSLMODE"]
    if root := os.environ.get("DB_SSLROOTCERT"):
        encryption = ssl.create_default_context(cafile=root)
    elif encryption == "verify-full":
        encryption = ssl.create_default_context()
    pool = await asyncpg.create_pool(
        host=os.environ["DB_HOST"], port=int(os.environ["DB_PORT"]), user=os.environ["DB_USER"],
        password=os.environ.get("DB_PASSWORD"), database=os.environ["DB_NAME"], ssl=encryption,
        timeout=float(os.environ["TIMEOUT"]), min_size=1,
    )
    async with pool.acquire() as connection:
        await connection.execute(os.environ["STATEMENT"])


asyncio.run(main())
