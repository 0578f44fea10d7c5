"""Statements of what everybody does all the time: SQLAlchemy writes them, the driver runs them.

On the way from a statement to PostgreSQL's driver SQLAlchemy works several times as long as the
driver and the server together. Here it does so once: what it has written is kept, and is given to
the driver of the session's connection, in the session's transaction. Rows come back with the names
and the types of their columns. On SQLite SQLAlchemy runs them itself, as it does all other
statements on both.

Each way to PostgreSQL and back is a turn of a busy loop in which others wait for the connection. So
what nobody waits for (:meth:`Statement.later`) goes with what is asked next, by libpq's pipeline.
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

from chatapp.database import BEFORE_COMMIT, Table, core
from chatapp.metrics import database_kind

T = TypeVar("T")
R = TypeVar("R", bound=Table)

_LIST = re.compile(r"IN \(__\[POSTCOMPILE_(\w+)\]\)")
"""How SQLAlchemy writes ``in_(bindparam(…, expanding=True))`` while it does not know the list."""

_CALM = (TransactionStatus.IDLE, TransactionStatus.INTRANS)
"""How a connection is on which nothing is under way."""

_CONNECTION = "connection"
"""Under this name a session remembers its connection."""

_WAITING = "waiting"
"""And under this one what is to go with the next statement."""


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
        return (await self._run(session, values)).rows

    async def first(self, session: AsyncSession, **values: Any) -> T | None:
        """The first row, if there is one."""
        return (await self._run(session, values)).first

    async def change(self, session: AsyncSession, **values: Any) -> int:
        """How many rows it has changed."""
        return (await self._run(session, values)).count

    def later(self, session: AsyncSession, **values: Any) -> "Order[T]":
        """Run it with the next of these statements, or before the commit if there is none.

        The session must be one of :func:`chatapp.database.transaction`.
        """
        order = Order(self, values)
        session.info.setdefault(_WAITING, []).append(order)
        session.info[BEFORE_COMMIT] = _run_waiting
        return order

    async def _run(self, session: AsyncSession, values: dict[str, Any]) -> "Order[T]":
        order = Order(self, values)
        await _run_all(session, [*session.info.pop(_WAITING, ()), order])
        return order

    def made(self) -> Executable:
        """As SQLAlchemy runs it."""
        if self._made is None:
            self._made = self._write()
        return self._made

    def written(self, dialect: Dialect) -> "_Written":
        """As PostgreSQL's driver does."""
        if self._written is None:
            self._written = _Written(self.made(), dialect)
        return self._written


class Order(Generic[T]):
    """A statement with its parameters, and what has come of it once it ran."""

    __slots__ = ("count", "rows", "statement", "values")

    def __init__(self, statement: Statement[T], values: dict[str, Any]) -> None:
        self.statement = statement
        self.values = values
        self.rows: list[T] = []
        self.count = -1
        """How many rows there are or were changed."""

    @property
    def first(self) -> T | None:
        """The first row, if there is one."""
        return self.rows[0] if self.rows else None


async def _run_waiting(session: AsyncSession) -> None:
    if waiting := session.info.pop(_WAITING, None):
        await _run_all(session, waiting)


async def _run_all(session: AsyncSession, orders: list[Order[Any]]) -> None:
    connection = session.info.get(_CONNECTION)
    if connection is None:
        connection = session.info[_CONNECTION] = await session.connection()
    if connection.dialect.name == "postgresql":
        await _run_together(connection, orders)
        return
    for order in orders:
        result = await connection.execute(order.statement.made(), order.values)
        order.rows = list(result) if result.returns_rows else []
        order.count = result.rowcount


async def _run_together(connection: AsyncConnection, orders: list[Order[Any]]) -> None:
    written = [order.statement.written(connection.dialect) for order in orders]
    given = [each.parameters(order.values) for each, order in zip(written, orders, strict=True)]
    began = perf_counter()
    queries = [each.query for each in written]
    cursors = await _ask(connection, list(zip(queries, given, strict=True)))
    took = (perf_counter() - began) / len(orders)
    for each, order, cursor in zip(written, orders, cursors, strict=True):
        each.time.observe(took)
        order.rows, order.count = await each.read(cursor), cursor.rowcount


class _Written:
    """A statement as PostgreSQL's driver takes it."""

    def __init__(self, made: Executable, dialect: Dialect) -> None:
        compiled = cast("Any", made).compile(dialect=dialect)
        query = _LIST.sub(r"= ANY (%(\1)s)", compiled.string)
        self.time = database_kind(query)
        self.query = query.encode()
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

    def parameters(self, values: dict[str, Any]) -> dict[str, Any]:
        """What the driver is given."""
        parameters = self._fixed | values
        for name, convert in self._given:
            parameters[name] = convert(parameters[name])
        return parameters

    async def read(self, cursor: psycopg.AsyncCursor[Any]) -> list[Any]:
        """The rows."""
        if not self._row:
            return []
        make, got = self._row._make, self._got
        if not any(got):
            return [make(row) for row in await cursor.fetchall()]
        return [
            make([read(value) if read else value for read, value in zip(got, row, strict=True)])
            for row in await cursor.fetchall()
        ]


async def _ask(
    connection: AsyncConnection, asked: list[tuple[bytes, Mapping[str, Any]]]
) -> list[psycopg.AsyncCursor[Any]]:
    driver = _driver(connection)
    try:
        if len(asked) == 1:
            return [await driver.execute(*asked[0])]
        async with driver.pipeline():
            return [await driver.execute(*each) for each in asked]
    except psycopg.Error as error:
        if driver.closed:
            # SQLAlchemy meets it as well, says so and takes none of its age any more.
            await connection.exec_driver_sql("SELECT 1")
        queries = b"; ".join(query for query, _ in asked).decode()
        raise DBAPIError.instance(
            queries, None, error, psycopg.Error, hide_parameters=True
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
    insert_rows_later(session, *rows)
    await _run_waiting(session)


def insert_rows_later(session: AsyncSession, *rows: Table) -> None:
    """Write them with the next statement (:meth:`Statement.later`)."""
    for row in rows:
        made = cast("Any", row)
        _insert(made.table).later(session, **made._asdict())


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
