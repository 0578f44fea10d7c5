"""Statements of what everybody does all the time: SQLAlchemy writes them, the driver runs them.

On the way from a statement to PostgreSQL's driver SQLAlchemy works several times as long as the
driver and the server together. Here it does so once: what it has written is kept, and is given to
the driver of the session's connection, in the session's transaction. Rows come back with the names
and the types of their columns. On SQLite SQLAlchemy runs them itself, as it does all other
statements on both.
"""

import re
from collections import namedtuple
from collections.abc import Callable, Mapping
from functools import cache
from time import perf_counter
from typing import Any, Generic, TypeVar, cast

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Executable, insert
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel.ext.asyncio.session import AsyncSession

from chatapp.database import Table, core
from chatapp.metrics import database_kind

T = TypeVar("T")
R = TypeVar("R", bound=Table)

_LIST = re.compile(r"IN \(__\[POSTCOMPILE_(\w+)\]\)")
"""How SQLAlchemy writes ``in_(bindparam(…, expanding=True))`` while it does not know the list."""

_CALM = (TransactionStatus.IDLE, TransactionStatus.INTRANS)
"""How a connection is on which nothing is under way."""

_CONNECTION = "connection"
"""Under this name a session remembers its connection."""


class Statement(Generic[T]):
    """A statement that is always the same but for its parameters.

    Args:
        write: makes it of the columns of tables (:func:`chatapp.database.core`, not of models) and
            of parameters with names.
    """

    def __init__(self, write: Callable[[], Executable]) -> None:
        self._write = write
        self._made: Executable | None = None
        self._written: _Written | None = None

    async def all(self, session: AsyncSession, **values: Any) -> list[T]:
        """All rows."""
        return (await self._run(session, values))[0]

    async def first(self, session: AsyncSession, **values: Any) -> T | None:
        """The first row, if there is one."""
        rows, _ = await self._run(session, values)
        return rows[0] if rows else None

    async def change(self, session: AsyncSession, **values: Any) -> int:
        """How many rows it has changed."""
        return (await self._run(session, values))[1]

    async def _run(self, session: AsyncSession, values: dict[str, Any]) -> tuple[list[T], int]:
        connection = session.info.get(_CONNECTION)
        if connection is None:
            connection = session.info[_CONNECTION] = await session.connection()
        if self._made is None:
            self._made = self._write()
        if connection.dialect.name != "postgresql":
            result = await connection.execute(self._made, values)
            rows = list(result) if result.returns_rows else []
            return cast("list[T]", rows), result.rowcount
        if self._written is None:
            self._written = _Written(self._made, connection.dialect)
        return cast("tuple[list[T], int]", await self._written.run(connection, values))


class _Written:
    """A statement as PostgreSQL's driver takes it."""

    def __init__(self, made: Executable, dialect: Dialect) -> None:
        compiled = cast("Any", made).compile(dialect=dialect)
        query = _LIST.sub(r"= ANY (%(\1)s)", compiled.string)
        self._time = database_kind(query)
        self._query = query.encode()
        self._fixed = {k: v for k, v in compiled.params.items() if v is not None}
        self._given = [
            (name, convert)
            for name, bind in compiled.binds.items()
            if (convert := bind.type.dialect_impl(dialect).bind_processor(dialect))
            and not bind.expanding
        ]
        columns = list(getattr(made, "exported_columns", ()))
        names = [column.name for column in columns]
        self._row = namedtuple("Row", names) if names else None
        self._got = [_reader(column.type, dialect) for column in columns]

    async def run(
        self, connection: AsyncConnection, values: dict[str, Any]
    ) -> tuple[list[Any], int]:
        """The rows, and how many there are or were changed."""
        parameters = self._fixed | values
        for name, convert in self._given:
            parameters[name] = convert(parameters[name])
        began = perf_counter()
        cursor = await self._ask(connection, parameters)
        self._time.observe(perf_counter() - began)
        if not self._row:
            return [], cursor.rowcount
        make, got = self._row._make, self._got
        if not any(got):
            return [make(row) for row in await cursor.fetchall()], cursor.rowcount
        rows = [
            make([read(value) if read else value for read, value in zip(got, row, strict=True)])
            for row in await cursor.fetchall()
        ]
        return rows, cursor.rowcount

    async def _ask(
        self, connection: AsyncConnection, parameters: Mapping[str, Any]
    ) -> psycopg.AsyncCursor[Any]:
        driver = _driver(connection)
        try:
            return await driver.execute(self._query, parameters)
        except psycopg.Error as error:
            if driver.closed:
                # SQLAlchemy meets it as well, says so and takes none of its age any more.
                await connection.exec_driver_sql("SELECT 1")
            raise DBAPIError.instance(
                self._query.decode(), None, error, psycopg.Error, hide_parameters=True
            ) from error
        except BaseException as error:
            # What was cancelled may have been left half read; what was not sent harms nothing.
            if driver.info.transaction_status not in _CALM:
                await connection.invalidate(error)
            raise


def _driver(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    return cast("Any", connection.sync_connection).connection.driver_connection


def _reader(type_: Any, dialect: Dialect) -> Callable[[Any], Any] | None:
    return type_.dialect_impl(dialect).result_processor(dialect, None)


def new_row(table: type[R], **values: Any) -> R:
    """A row that is read like an object of a table's class, with the defaults that the class has.

    It is no such object, whose making costs a hundred times as much; :func:`insert_rows` writes it.
    """
    row, defaults, factories = _blank(cast("Any", table))
    made = {name: make() for name, make in factories.items() if name not in values}
    return cast("R", row(**(defaults | made | values)))


async def insert_rows(session: AsyncSession, *rows: Table) -> None:
    """Write rows of :func:`new_row`, in this order."""
    for row in rows:
        made = cast("Any", row)
        await _insert(made.table).change(session, **made._asdict())


@cache
def _insert(table: type[Table]) -> Statement[Any]:
    return Statement(lambda: insert(core(table)))


@cache
def _blank(table: type[Table]) -> tuple[Any, dict[str, Any], dict[str, Callable[[], Any]]]:
    fields = table.model_fields
    row = type("Row", (namedtuple("Row", fields),), {"table": table, "__slots__": ()})
    factories = {n: cast("Any", f.default_factory) for n, f in fields.items() if f.default_factory}
    defaults = {
        n: f.default for n, f in fields.items() if n not in factories and not f.is_required()
    }
    return row, defaults, factories
