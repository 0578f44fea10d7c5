"""The database comes up to date by itself, once, on both kinds."""

import asyncio
from pathlib import Path

import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from chatapp import database, migrate
from chatapp.settings import Settings
from tests.harness import backends
from tests.harness.backends import Backend
from tests.harness.services import PostgresServer


def revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def check(connection: Connection) -> None:
    command.check(migrate.configuration(connection))


async def test_the_tables_are_those_of_the_models(installation: Settings) -> None:
    async with database.engine().connect() as connection:
        head = ScriptDirectory.from_config(migrate.configuration()).get_current_head()
        assert await connection.run_sync(revision) == head
        await connection.run_sync(check)


async def test_migrating_again_changes_nothing(installation: Settings) -> None:
    await migrate.upgrade()


async def test_migrators_wait_for_each_other(
    backend: Backend, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    env = {"CHATAPP_DATA_DIR": str(tmp_path / "together")}
    if backend.name == "real":
        env["DATABASE_URL"] = await postgres_server.create("together")
    await asyncio.gather(*(backends.migrate(env) for _ in range(3)))


async def test_a_database_from_the_future_is_refused_in_one_sentence(
    backend: Backend, tmp_path: Path
) -> None:
    env = await backend.fresh(tmp_path)
    await backends.execute(env, "UPDATE alembic_version SET version_num = 'f0f0f0f0f0f0'")
    with pytest.raises(RuntimeError, match="does not belong to this version") as refused:
        await backends.migrate(env)
    assert "Traceback" not in str(refused.value)


async def test_an_absent_database_is_one_sentence(tmp_path: Path) -> None:
    env = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
    with pytest.raises(RuntimeError, match="could not be brought up to date") as refused:
        await backends.migrate(env)
    assert "Traceback" not in str(refused.value)
