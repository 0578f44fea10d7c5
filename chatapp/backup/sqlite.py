"""Copies of SQLite, by its own online backup."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

from chatapp.backup.copier import Contents, Copier, Tables, Unusable

PAGES = 2_000
"""How many pages are copied before writers have their turn."""


class SqliteCopier(Copier):
    """Copies the file of an installation."""

    kind = "sqlite"

    def __init__(self, file: Path) -> None:
        self._file = file

    def copy(self, to: Path) -> Tables:
        """Copy while others write: what is changed meanwhile is copied again."""
        if not self._file.is_file():
            raise Unusable(f"There is no database in {self._file.parent}.")
        with closing(sqlite3.connect(self._file)) as here, closing(sqlite3.connect(to)) as there:
            here.backup(there, pages=PAGES)
            there.execute("PRAGMA journal_mode=DELETE")
            return _tables(there)

    def is_empty(self) -> bool:
        """Whether there is no file, or nobody in it."""
        if not self._file.is_file():
            return True
        with closing(sqlite3.connect(self._file)) as here:
            found = here.execute("SELECT 1 FROM sqlite_master WHERE name = 'users'").fetchone()
            return not found or not here.execute("SELECT 1 FROM users LIMIT 1").fetchone()

    def clear(self) -> None:
        """Leave no file."""
        for ending in ("", "-wal", "-shm"):
            Path(f"{self._file}{ending}").unlink(missing_ok=True)

    def restore(self, of: Path) -> Tables:
        """Put the copy where the database is, all at once."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with (
                closing(sqlite3.connect(of)) as there,
                closing(sqlite3.connect(self._file)) as here,
            ):
                there.backup(here)
                return _tables(here)
        except sqlite3.DatabaseError as error:
            raise Unusable(f"SQLite refuses the copy: {error}.") from error


def _tables(connection: sqlite3.Connection) -> Tables:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return {name: _contents(connection, name) for (name,) in names.fetchall()}


def _contents(connection: sqlite3.Connection, table: str) -> Contents:
    rows, total = 0, 0
    for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - its own name
        rows += 1
        total += int.from_bytes(hashlib.blake2b(repr(row).encode(), digest_size=8).digest())
    return Contents(rows, f"{total % 2**64:016x}")
