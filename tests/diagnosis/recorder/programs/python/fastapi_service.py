import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    wanted = {"sslmode": os.environ["DB_SSLMODE"], "sslrootcert": os.environ.get("DB_SSLROOTCERT")}
    wanted |= {"connect_timeout": os.environ["TIMEOUT"]}
    engine = create_async_engine(
        URL.create(
            "postgresql+psycopg", os.environ["DB_USER"], os.environ.get("DB_PASSWORD"), os.environ["DB_HOST"],
            int(os.environ["DB_PORT"]), os.environ["DB_NAME"], {name: value for name, value in wanted.items() if value},
        )
    )
    async with engine.begin() as connection:
        await connection.execute(text(os.environ["STATEMENT"]))
    yield


app = FastAPI(lifespan=lifespan)
