"""Bringing the database up to date: one process at a time, all or nothing for each revision.

Indexes that are built while people work (``chatapp/indexes.py``) stay when one of them fails; the
next migrator builds the others.
"""

import asyncio
import fcntl
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from chatapp.settings import PROJECT, settings

ADVISORY_LOCK = 0x63686174
"""The number by which migrators know each other in PostgreSQL."""


AGAIN = 0.2
"""How often, in seconds, a migrator looks whether the one before it is done."""

LOCK_TIMEOUT = "5s"
"""A revision that cannot have its lock gives up, rather than hold up everybody behind it."""


def migrate() -> int:
    """Bring the database up to date; the exit code says whether it is."""
    try:
        asyncio.run(upgrade())
    except CommandError as error:
        print(f"The database does not belong to this version of chatapp: {error}.", file=sys.stderr)
        return 1
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        print(f"The database could not be brought up to date: {reason}", file=sys.stderr)
        return 1
    return 0


async def upgrade(revision: str = "head") -> None:
    """Apply the revisions that the database lacks, while no other process does.

    Raises:
        CommandError: the database has a revision that this code does not know.
        SQLAlchemyError: the database cannot be reached, or refuses.
    """
    async with _alone() as engine, engine.connect() as connection:
        await connection.run_sync(_upgrade, revision)


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration, for a connection that is already open."""
    config = Config(PROJECT / "alembic.ini")
    config.attributes["connection"] = connection
    return config


def _upgrade(connection: Connection, revision: str) -> None:
    if _is_newer(MigrationContext.configure(connection).get_current_revision()):
        # In the middle of an update: what a later version adds does not hinder this one.
        print("The database is newer than this version of chatapp, and stays as it is.")
        return
    connection.rollback()
    command.upgrade(configuration(connection), revision)


def _is_newer(revision: str | None) -> bool:
    """Whether a later version of this code made a revision. They are numbered."""
    head = ScriptDirectory.from_config(configuration()).get_current_head()
    return bool(revision and head and revision.isdecimal() and int(revision) > int(head))


@asynccontextmanager
async def _alone() -> AsyncIterator[AsyncEngine]:
    """An engine for migrations, while this process is the only migrator."""
    engine = create_async_engine(settings().direct_sqlalchemy_url, poolclass=NullPool)
    try:
        if engine.dialect.name == "sqlite":
            folder = settings().data_dir
            folder.mkdir(parents=True, exist_ok=True)
            event.listen(engine.sync_engine, "connect", _explicit_transactions)
            event.listen(engine.sync_engine, "begin", _begin)
            with (folder / "migrate.lock").open("w") as file:
                await asyncio.to_thread(fcntl.flock, file, fcntl.LOCK_EX)
                yield engine
        else:
            # In a transaction, so that a pooler in between keeps it on one connection; and without
            # parameters, else it would keep a snapshot, and indexes built concurrently wait for it.
            event.listen(engine.sync_engine, "begin", limit_waiting)
            async with AsyncExitStack() as stack:
                await _turn(engine, stack)
                yield engine
    finally:
        await engine.dispose()


async def _turn(engine: AsyncEngine, stack: AsyncExitStack) -> None:
    """Wait until no other migrator works, and be the one who does until the stack is closed.

    Each look is a transaction of its own: an index that is built concurrently waits for those that
    are open.
    """
    while True:
        async with AsyncExitStack() as look:
            holder = await look.enter_async_context(engine.begin())
            query = f"SELECT pg_try_advisory_xact_lock({ADVISORY_LOCK})"
            if (await holder.exec_driver_sql(query)).scalar_one():
                await stack.enter_async_context(look.pop_all())
                return
        await asyncio.sleep(AGAIN)


def limit_waiting(connection: Connection) -> None:
    """Set the timeout for this transaction only: a pooler gives the connection to others after."""
    connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")


def _explicit_transactions(connection: Any, _record: Any) -> None:
    """Let SQLite have its DDL in transactions, and tables rebuilt without deleting what refers."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA foreign_keys=OFF")
    cursor.close()


def _begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
