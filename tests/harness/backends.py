"""The two ways chatapp runs, as the tests see them: what to set in the environment for each."""

import asyncio
import itertools
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from chatapp.settings import PROJECT, Settings
from tests.harness.services import PostgresServer, RedisServer

_numbers = itertools.count(1)

CACHE = {"CHATAPP_ANSWER_CACHE": "off"}
"""Tests ask the same questions again and again; those of the cache switch it on."""


class Backend:
    """Fresh, migrated databases of one kind. What they hold is gone at the end of the session."""

    name: str

    async def fresh(self, folder: Path) -> dict[str, str]:
        """The environment of an installation in which nothing has happened yet."""
        raise NotImplementedError


class Embedded(Backend):
    """SQLite, and Redis inside the process."""

    name = "embedded"

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template"

    async def fresh(self, folder: Path) -> dict[str, str]:
        if not self._template.exists():
            await migrate({"CHATAPP_DATA_DIR": str(self._template)})
        data = folder / f"data{next(_numbers)}"
        shutil.copytree(self._template, data)
        return {"CHATAPP_DATA_DIR": str(data), "DATABASE_URL": "", "REDIS_URL": "", **CACHE}


class Real(Backend):
    """PostgreSQL and a Redis server."""

    name = "real"

    def __init__(
        self,
        postgres: Callable[[], Awaitable[PostgresServer]],
        redis: Callable[[], Awaitable[RedisServer]],
    ) -> None:
        self._postgres = postgres
        self._redis = redis
        self._migrated = False

    async def fresh(self, folder: Path) -> dict[str, str]:
        postgres, redis = await self._postgres(), await self._redis()
        if not self._migrated:
            await migrate({"DATABASE_URL": await postgres.create("template_chatapp")})
            self._migrated = True
        database = await postgres.create(f"chatapp{next(_numbers)}", "template_chatapp")
        data = folder / f"data{next(_numbers)}"
        servers = {"DATABASE_URL": database, "REDIS_URL": redis.url()}
        return {"CHATAPP_DATA_DIR": str(data), **servers, **CACHE}


async def migrate(env: dict[str, str]) -> None:
    """Migrate as an operator does."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "chatapp",
        "migrate",
        cwd=PROJECT,
        env={**os.environ, **env},
        stderr=asyncio.subprocess.PIPE,
    )
    _out, error = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"The migration failed:\n{error.decode()}")


def forget_caches() -> None:
    """Let the next call of each cached function of chatapp read the environment anew."""
    for name, module in list(sys.modules.items()):
        if not name.startswith("chatapp."):
            continue
        for value in list(vars(module).values()):
            # Asked of its type: a Var of Reflex has whatever it is asked for, or refuses.
            if hasattr(type(value), "cache_clear") and value.__module__.startswith("chatapp."):
                value.cache_clear()


async def execute(env: dict[str, str], statement: str) -> None:
    """Run SQL in the database of an installation."""
    async with connected(env) as connection:
        await connection.execute(text(statement))


@asynccontextmanager
async def connected(env: dict[str, str]) -> AsyncIterator[AsyncConnection]:
    """A connection to the database of an installation; what is done in it is one transaction."""
    given = {name: value for name, value in env.items() if value}
    made = Settings.model_validate(given | {"data_dir": env["CHATAPP_DATA_DIR"]})
    engine = create_async_engine(made.sqlalchemy_url, poolclass=NullPool)
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()
