"""Copies of PostgreSQL, by pg_dump in a snapshot that is counted as well."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from chatapp.backup.copier import Contents, Copier, Tables, Unusable

_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
}


class PostgresCopier(Copier):
    """Copies one database of a server."""

    kind = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = url

    def copy(self, to: Path) -> Tables:
        """Copy while others write: they do not wait, and the copy has nothing of theirs."""
        with self._snapshot() as (connection, snapshot):
            tables = _tables(connection)
            self._run("pg_dump", "--format=custom", f"--snapshot={snapshot}", f"--file={to}")
        return tables

    def is_empty(self) -> bool:
        """Whether there are no tables, or nobody in them."""
        with self._connection() as connection:
            found = connection.execute("SELECT to_regclass('users')").fetchone()
            if found is None or found[0] is None:
                return True
            return connection.execute("SELECT 1 FROM users LIMIT 1").fetchone() is None

    def clear(self) -> None:
        """Leave no table."""
        with self._connection() as connection:
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")

    def restore(self, of: Path) -> Tables:
        """Replace the tables, which nobody has used, by all that is in the copy or by none."""
        self.clear()
        options = ("--no-owner", "--no-privileges")
        name = f"--dbname={conninfo_to_dict(self._url)['dbname']}"
        self._run("pg_restore", "--single-transaction", "--exit-on-error", *options, name, str(of))
        with self._connection() as connection:
            return _tables(connection)

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            with psycopg.connect(self._url, connect_timeout=10) as connection:
                _refuse_pooler(connection)
                yield connection
        except psycopg.OperationalError as error:
            reason = str(error).strip().splitlines()[0]
            raise Unusable(f"The database does not answer: {reason}") from error

    @contextmanager
    def _snapshot(self) -> Iterator[tuple[psycopg.Connection[Any], str]]:
        with self._connection() as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            (snapshot,) = connection.execute("SELECT pg_export_snapshot()").fetchall()[0]
            yield connection, snapshot

    def _run(self, program: str, *arguments: str) -> None:
        path = shutil.which(program)
        if path is None:
            raise Unusable(f"{program} is missing on this machine (package postgresql-client).")
        # In the environment, for everybody on the machine can read a command line.
        parts = conninfo_to_dict(self._url)
        known = {_VARIABLES[key]: str(value) for key, value in parts.items() if key in _VARIABLES}
        done = subprocess.run(  # noqa: S603 - our own words
            [path, *arguments],
            env={**os.environ, **known},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or ["it said nothing"]
            raise Unusable(f"{program} failed: {last[0]}")


def _refuse_pooler(connection: psycopg.Connection[Any]) -> None:
    # What pg_dump and pg_restore set for their session would stay for the next who is given it.
    (answers,) = connection.execute("SELECT pg_backend_pid()").fetchall()[0]
    connection.rollback()
    if answers != connection.info.backend_pid:
        raise Unusable("This is a pooler's address: name PostgreSQL's own in DATABASE_DIRECT_URL.")


def _tables(connection: psycopg.Connection[Any]) -> Tables:
    connection.execute("SET LOCAL timezone = 'UTC'")
    connection.execute("SET LOCAL datestyle = 'ISO'")
    connection.execute("SET LOCAL extra_float_digits = 3")
    names = connection.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    ).fetchall()
    return {name: _contents(connection, name) for (name,) in names}


def _contents(connection: psycopg.Connection[Any], table: str) -> Contents:
    statement = sql.SQL(
        "SELECT count(*), mod(coalesce(sum(hashtextextended(t::text, 0)::numeric), 0),"
        " 18446744073709551616) FROM {} t"
    ).format(sql.Identifier(table))
    rows, total = connection.execute(statement).fetchall()[0]
    return Contents(rows, f"{int(total) % 2**64:016x}")
