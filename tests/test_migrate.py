"""The database comes up to date by itself, once, on both kinds."""

import asyncio
import io
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from chatapp import database, migrate
from chatapp.database import new_id
from chatapp.settings import PROJECT, Settings
from tests.harness import backends
from tests.harness.backends import Backend
from tests.harness.services import PostgresServer


@pytest.fixture
async def bare(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[str]:
    """The address of a PostgreSQL without tables, as this process and its children have it."""
    monkeypatch.setenv("DATABASE_URL", await postgres_server.create(f"bare{new_id().hex}"))
    backends.forget_caches()
    yield os.environ["DATABASE_URL"]
    await database.close()
    monkeypatch.undo()
    backends.forget_caches()


@pytest.fixture
async def bare_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
    """A SQLite without tables, likewise."""
    monkeypatch.setenv("CHATAPP_DATA_DIR", str(tmp_path))
    backends.forget_caches()
    yield
    await database.close()
    monkeypatch.undo()
    backends.forget_caches()


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


async def test_a_newer_version_of_this_database_stays_as_it_is(
    backend: Backend, tmp_path: Path
) -> None:
    env = await backend.fresh(tmp_path)
    await backends.execute(env, "UPDATE alembic_version SET version_num = '9999'")
    await backends.migrate(env)
    with pytest.raises(Exception, match=r"UNIQUE|unique|duplicate"):
        await backends.execute(env, "INSERT INTO alembic_version VALUES ('9999')")


def revisions() -> dict[str, list[str]]:
    """The statements of each revision on PostgreSQL, by their first lines."""
    told = io.StringIO()
    config = migrate.configuration()
    config.output_buffer = told
    command.upgrade(config, "head", sql=True)
    found = re.split(r"-- Running upgrade .*-> (\w+)\n", told.getvalue())[1:]
    begins = re.compile(r"^(?:ALTER|CREATE|DELETE|DROP|INSERT|TRUNCATE|UPDATE)\b.*", re.MULTILINE)
    return {
        name: [line for line in begins.findall(sql) if " alembic_version" not in line]
        for name, sql in zip(found[::2], found[1::2], strict=True)
    }


def adds(line: str, made: set[str]) -> bool:
    """Whether code that does not know of it goes on beside it, and nobody has to wait for it."""
    table = re.search(r" (?:INTO|ON|TABLE) (\w+)", line)
    if line.startswith(("CREATE TABLE ", "CREATE FUNCTION ", "CREATE EXTENSION IF NOT ")) or (
        table and table[1] in made
    ):
        return True
    if re.match(r"CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS ", line):
        return True
    column = re.match(r"ALTER TABLE \w+ ADD COLUMN ", line)
    return bool(column) and ("NOT NULL" not in line or " DEFAULT " in line)


def test_revisions_only_add_so_that_old_code_runs_on_beside_them() -> None:
    found = revisions()
    assert (
        list(found)[-1] == ScriptDirectory.from_config(migrate.configuration()).get_current_head()
    )
    for name, lines in found.items():
        made = {line.split()[2] for line in lines if line.startswith("CREATE TABLE ")}
        assert [line for line in lines if not adds(line, made)] == [], name


def test_a_revision_that_builds_indexes_while_people_work_does_nothing_else() -> None:
    for name, lines in revisions().items():
        building = [line for line in lines if " INDEX CONCURRENTLY " in line]
        assert building in ([], lines), name
    # None leaves its transaction for anything else.
    for file in (PROJECT / "alembic" / "versions").glob("*.py"):
        assert "autocommit_block" not in file.read_text(), file.name


@pytest.mark.parametrize(
    "line",
    [
        "ALTER TABLE users DROP COLUMN name;",
        "ALTER TABLE users RENAME COLUMN name TO called;",
        "ALTER TABLE users ADD COLUMN age INTEGER NOT NULL;",
        "ALTER TABLE users ALTER COLUMN name SET NOT NULL;",
        "CREATE INDEX ix_users_name ON users (name);",
        "DROP TABLE users;",
        "UPDATE users SET name = '';",
    ],
)
def test_what_would_hurt_old_code_or_hold_up_people_is_noticed(line: str) -> None:
    assert not adds(line, {"groups"})


async def build_again() -> None:
    """Migrate over indexes that are there, as in a database whose revisions had built them."""
    await migrate.upgrade("0021")
    async with database.engine().begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '0020'"))
    await migrate.upgrade()


async def test_indexes_that_an_earlier_version_has_built_stay(bare: str) -> None:
    await build_again()


async def test_indexes_that_an_earlier_version_has_built_in_a_file_stay(bare_file: None) -> None:
    await build_again()


BUILDING = "pg_stat_progress_create_index WHERE phase = 'waiting for old snapshots'"
BUILDING += " AND datname = current_database()"
HALF_BUILT = "pg_index WHERE NOT indisvalid"


async def count(connection: psycopg.AsyncConnection[Any], what: str, where: str) -> int:
    found = await connection.execute(f"SELECT count({what}) FROM {where}".encode())
    return (await found.fetchall())[0][0]


@pytest.mark.parametrize("before", ["0008", "0009"])
async def test_an_index_whose_building_was_cut_off_is_built_anew_by_the_next_migrator(
    bare: str, before: str
) -> None:
    await migrate.upgrade(before)
    async with (
        await psycopg.AsyncConnection.connect(bare) as other,
        await psycopg.AsyncConnection.connect(bare, autocommit=True) as looking,
    ):
        # Whoever sees the tables as they were is waited for.
        await other.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await other.execute("SELECT 1")
        migrating = asyncio.create_task(backends.migrate({}))
        while not await count(looking, "pg_terminate_backend(pid)", BUILDING):
            assert not migrating.done()
            await asyncio.sleep(0.02)
        with pytest.raises(RuntimeError, match="could not be brought up to date"):
            await migrating
        assert await count(looking, "indexrelid", HALF_BUILT) == 1
        await other.rollback()
        await backends.migrate({})
        assert await count(looking, "indexrelid", HALF_BUILT) == 0
    async with database.engine().connect() as connection:
        await connection.run_sync(check)


INSERTS = """
    SELECT format(
        'INSERT INTO %I (%s) VALUES (%s)',
        table_name,
        string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position),
        string_agg(
            CASE
                WHEN udt_name = 'uuid' THEN 'gen_random_uuid()'
                WHEN udt_name IN ('date', 'timestamptz') THEN 'now()'
                ELSE quote_literal('0')
            END,
            ', ' ORDER BY ordinal_position
        )
    )
    FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name
"""
"""A row of each table, as code of this moment writes it: with all the columns that it knows."""


async def test_what_old_code_writes_is_taken_by_the_tables_of_later_revisions(bare: str) -> None:
    scripts = ScriptDirectory.from_config(migrate.configuration())
    written: set[str] = set()
    async with await psycopg.AsyncConnection.connect(bare, autocommit=True) as connection:
        # Each row for itself: what it belongs to need not be there.
        await connection.execute("SET session_replication_role = replica")
        for each in reversed(list(scripts.walk_revisions())):
            await migrate.upgrade(each.revision)
            found = await connection.execute(INSERTS)
            written |= {statement for (statement,) in await found.fetchall()}
        for statement in sorted(written):
            async with connection.transaction(force_rollback=True):
                await connection.execute(statement.encode())


async def test_a_migrator_gives_up_soon_rather_than_hold_up_everybody(
    real: Backend, tmp_path: Path
) -> None:
    env = await real.fresh(tmp_path)
    async with await psycopg.AsyncConnection.connect(env["DATABASE_URL"]) as other:
        await other.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(RuntimeError, match=r"could not be brought up to date.*lock timeout"):
            await backends.migrate(env)
    await backends.migrate(env)


async def test_indexes_are_built_concurrently_under_the_lock(
    real: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = await real.fresh(tmp_path)
    monkeypatch.setenv("DATABASE_URL", env["DATABASE_URL"])
    backends.forget_caches()
    async with migrate._alone() as engine:
        alone = engine.execution_options(isolation_level="AUTOCOMMIT")
        async with alone.connect() as connection:
            await connection.execute(text("SET statement_timeout = '20s'"))
            await connection.execute(text("CREATE INDEX CONCURRENTLY named ON users (name)"))
    monkeypatch.undo()
    backends.forget_caches()


async def test_an_absent_database_is_one_sentence(tmp_path: Path) -> None:
    env = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:9/none"}
    with pytest.raises(RuntimeError, match="could not be brought up to date") as refused:
        await backends.migrate(env)
    assert "Traceback" not in str(refused.value)
