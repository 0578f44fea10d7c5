"""The database: engine, sessions, base classes. SQLite and PostgreSQL behave alike behind it."""

import asyncio
import os
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache, partial
from time import monotonic
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import Connection, DateTime, MetaData, event, select
from sqlalchemy.engine import Dialect
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as NotInTime
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import declared_attr
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool
from sqlalchemy.types import TypeDecorator
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from chatapp.metrics import watch_database
from chatapp.settings import settings

BUSY_TIMEOUT = 5.0
"""How long, in seconds, a statement waits for a lock or for a free connection."""

PATIENCE = 10.0
"""How long, in seconds, a transaction in PostgreSQL may take, with all its waiting."""

AWAY = (OperationalError, InterfaceError, NotInTime)
"""What is raised when the database cannot be reached, is too busy or takes too long."""

AGAIN = (0.3, 1.0)
"""The shortest and the longest pause, in seconds, before a database that was away is tried."""

RESTED = 1.0
"""A connection that was not used for so long, in seconds, is tried before it is used."""

R = TypeVar("R")

PREPARE_AFTER = 5
"""A statement that a connection to PostgreSQL has sent so often is prepared there."""

BEFORE_COMMIT = "before commit"
"""Under this name a session of a transaction may have something to be done at its end."""

_BEGIN = "sqlite_begin"
_USED = "used"


class Table(SQLModel):
    """The base of every table; ``LoginSession`` is the table ``login_sessions``."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )

    @declared_attr.directive
    @classmethod
    def __tablename__(cls) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """The name of the table."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower() + "s"


class Moment(TypeDecorator[datetime]):
    """A point in time, always aware and in UTC (SQLite would drop the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """From the database: UTC, with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


T = TypeVar("T", bound=Table)


def now() -> datetime:
    """The present moment in UTC."""
    return datetime.now(UTC)


def new_id() -> UUID:
    """A UUID of version 7: sorts by the time it was made (RFC 9562, section 5.7)."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    value = (value & ~(0xF << 76)) | (0x7 << 76)
    value = (value & ~(0x3 << 62)) | (0x2 << 62)
    return UUID(int=value)


def _sqlite_connected(connection: Any, _record: Any) -> None:
    # The driver would begin transactions by itself, and late: see _sqlite_begin.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT * 1000)}")
    cursor.close()


def _sqlite_begin(connection: Connection) -> None:
    # A transaction that will write takes its lock at once and waits for it; one that would take
    # it after reading is refused without waiting when another has written in between.
    options = connection.get_execution_options()
    connection.exec_driver_sql(options.get(_BEGIN, "BEGIN IMMEDIATE"))


def _postgresql_connected(connection: Any, _record: Any) -> None:
    # Behind a pooler like pgbouncer a transaction may run at any server, which another than ours
    # has prepared: the one that answers is then not the one that has greeted.
    cursor = connection.cursor()
    cursor.execute("SELECT pg_backend_pid()")
    (answers,) = cursor.fetchone()
    cursor.close()
    connection.rollback()
    if answers == connection.driver_connection.info.backend_pid:
        connection.driver_connection.prepare_threshold = PREPARE_AFTER


def _note_use(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info[_USED] = monotonic()


def _check_idle(
    dialect: Dialect, connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: Any
) -> None:
    # A busy connection has just been answered on; only one that rested is asked whether it lives.
    if monotonic() - record.info.get(_USED, monotonic()) < RESTED:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error


@cache
def engine() -> AsyncEngine:
    """The engine of this process for transactions, made at the first use."""
    if _is_postgresql():
        return _postgresql(settings().database_connections // 2)
    settings().data_dir.mkdir(parents=True, exist_ok=True)
    made = create_async_engine(settings().sqlalchemy_url, hide_parameters=True)
    watch_database(made.sync_engine)
    event.listen(made.sync_engine, "connect", _sqlite_connected)
    event.listen(made.sync_engine, "begin", _sqlite_begin)
    return made


@cache
def reading_engine() -> AsyncEngine:
    """The engine of what only reads.

    Its connections begin no transactions, and so have nothing to be reset when they are given back:
    to take one for a statement costs half as much.
    """
    if not _is_postgresql():
        return engine()
    size = settings().database_connections - settings().database_connections // 2
    return _postgresql(size, isolation_level="AUTOCOMMIT", pool_reset_on_return=None)


def pools() -> Mapping[str, QueuePool]:
    """The pools of this process by what their connections are for."""
    found = {"writing": engine().pool}
    if reading_engine() is not engine():
        found["reading"] = reading_engine().pool
    return {name: pool for name, pool in found.items() if isinstance(pool, QueuePool)}


def _is_postgresql() -> bool:
    return not settings().sqlalchemy_url.startswith("sqlite")


def _postgresql(size: int, **options: Any) -> AsyncEngine:
    made = create_async_engine(
        settings().sqlalchemy_url,
        # Errors are logged, and what people wrote is not.
        hide_parameters=True,
        pool_size=size,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT,
        connect_args={
            "connect_timeout": int(BUSY_TIMEOUT),
            # A server that cannot be reached any more is not waited for as long as TCP would.
            "keepalives_idle": 10,
            "keepalives_interval": 3,
            "keepalives_count": 3,
            "tcp_user_timeout": int(PATIENCE * 1000),
            "prepare_threshold": None,  # until _postgresql_connected knows better
        },
        **options,
    )
    watch_database(made.sync_engine)
    event.listen(made.sync_engine, "connect", _postgresql_connected)
    event.listen(made.sync_engine, "checkin", _note_use)
    event.listen(made.sync_engine, "checkout", partial(_check_idle, made.dialect))
    return made


@asynccontextmanager
async def transaction(patience: float = PATIENCE) -> AsyncIterator[AsyncSession]:
    """A session whose work is committed at the end, or rolled back when an error leaves it.

    Args:
        patience: How long, in seconds, it may take where that can be limited, in PostgreSQL.

    Raises:
        sqlalchemy.exc.TimeoutError: it took longer; whether it was committed is not known.
    """
    async with (
        _in_time(patience),
        AsyncSession(engine(), expire_on_commit=False) as session,
        session.begin(),
    ):
        yield session
        if finish := session.info.get(BEFORE_COMMIT):
            await finish(session)


@asynccontextmanager
async def reading(patience: float = PATIENCE) -> AsyncIterator[AsyncSession]:
    """A session that only reads; it waits for no writer.

    Raises:
        sqlalchemy.exc.TimeoutError: it took longer than ``patience`` seconds, in PostgreSQL.
    """
    async with (
        _in_time(patience),
        AsyncSession(reading_engine(), expire_on_commit=False) as session,
    ):
        if not _is_postgresql():
            await session.connection(execution_options={_BEGIN: "BEGIN"})
        yield session


def rows_of(table: type[T]) -> SelectOfScalar[T]:
    """A query for rows that are read like objects of a table's class and cannot be changed.

    Their making costs a tenth of that of objects, which the mapper follows.
    """
    return cast("SelectOfScalar[T]", select(*_columns(cast("Any", table))))


@cache
def _columns(table: Any) -> tuple[Any, ...]:
    return tuple(table.__table__.c)


def core(table: type[Table]) -> Any:
    """A table without its mapper, for what is written often: that costs a third of the time."""
    return cast("Any", table).__table__


class _in_time:  # noqa: N801
    """Ends what a server leaves hanging. SQLite's own waiting is limited in its connection."""

    __slots__ = ("_limit",)

    def __init__(self, seconds: float) -> None:
        self._limit = asyncio.timeout(seconds if _is_postgresql() else None)

    async def __aenter__(self) -> None:
        await self._limit.__aenter__()

    async def __aexit__(self, *error: Any) -> None:
        try:
            await self._limit.__aexit__(*error)
        except TimeoutError as late:
            raise NotInTime("The database took too long") from late


async def promptly(work: Awaitable[R], seconds: float) -> R:
    """What comes within so many seconds. What is late is left to end by itself.

    (A statement is cancelled by asking the server, which takes time as well when it hangs.)

    Raises:
        TimeoutError: it is late.
    """
    task = asyncio.ensure_future(work)
    done, _ = await asyncio.wait({task}, timeout=seconds)
    if not done:
        task.add_done_callback(lambda late: late.cancelled() or late.exception())
        raise TimeoutError
    return task.result()


async def patiently(work: Callable[[], Awaitable[R]], seconds: float) -> R:
    """Do something again and again while the database is away, for so many seconds.

    It must be the same to do it twice: whether a commit without a reply was done is not known.

    Raises:
        sqlalchemy.exc.SQLAlchemyError: the database stayed away, or it is another error.
    """
    deadline = monotonic() + seconds
    while True:
        try:
            return await work()
        except AWAY:
            if monotonic() > deadline:
                raise
        await asyncio.sleep(random.uniform(*AGAIN))  # noqa: S311


async def close() -> None:
    """Close the connections of this process."""
    for each in (engine, reading_engine):
        if each.cache_info().currsize:
            await each().dispose()
            each.cache_clear()
