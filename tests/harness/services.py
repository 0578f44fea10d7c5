"""Redis and PostgreSQL of the tests' own, with nothing that outlives them."""

import asyncio
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
from psycopg import sql

from tests.harness.processes import Process, accepts, free_port
from tools import machine

HOST = "127.0.0.1"


class RedisServer:
    """A Redis that keeps nothing on disk."""

    def __init__(self, folder: Path, more: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        self._databases = itertools.count(1)
        program = machine.find("redis-server")
        assert program is not None, "redis-server is missing: `make test` installs it"
        options = {
            "port": str(self.port),
            "bind": HOST,
            "dir": str(folder),
            "save": "",
            "appendonly": "no",
            "databases": "4096",
            **(more or {}),
        }
        words = [part for name, value in options.items() for part in (f"--{name}", value)]
        self.process = Process([program, *words], folder / "redis.log")

    async def start(self) -> None:
        await self.process.start(lambda: accepts(HOST, self.port))

    def url(self) -> str:
        """The address of a database that nobody has used yet."""
        return f"redis://{HOST}:{self.port}/{next(self._databases)}"

    async def stop(self) -> None:
        await self.process.stop()


class PostgresServer:
    """A PostgreSQL with a cluster in a folder of its own, which does not wait for the disk."""

    def __init__(self, folder: Path | None = None) -> None:
        self.port = free_port()
        # Not pytest's folder: the other user could not enter it.
        self._folder = folder or Path(tempfile.mkdtemp(prefix="chatapp-pg-"))
        initdb = machine.find("initdb")
        assert initdb is not None, "initdb is missing: `make test` installs it"
        self._programs = initdb.resolve().parent
        self._as = _user()
        if self._as:
            shutil.chown(self._folder, "postgres" if _exists("postgres") else "nobody")
        self._data = self._folder / "data"
        settings = {
            "port": str(self.port),
            "listen_addresses": HOST,
            "unix_socket_directories": str(self._folder),
            "fsync": "off",
            "synchronous_commit": "off",
            "full_page_writes": "off",
            "max_connections": "200",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        self.process = Process(
            [*self._as, self._programs / "postgres", "-D", self._data, *options],
            self._folder / "postgres.log",
        )

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://chatapp@{HOST}:{self.port}/{database}"

    async def start(self) -> None:
        make = [self._programs / "initdb", "-D", self._data, "-U", "chatapp", "-A", "trust"]
        options = ["-E", "UTF8", "--locale=C", "--no-sync"]
        command = [*self._as, *make, *options]
        await asyncio.to_thread(
            subprocess.run, command, check=True, capture_output=True, cwd=self._folder
        )
        await self.process.start(self._answers)

    async def restart(self) -> None:
        """Start it again with what it holds, after its process was stopped."""
        await self.process.start(self._answers)

    async def create(self, name: str, template: str = "template1") -> str:
        """Make a database; its address."""
        await self._run(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
        return self.url(name)

    async def drop(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        await self._run(sql.SQL("DROP DATABASE IF EXISTS {} (FORCE)").format(sql.Identifier(name)))

    async def stop(self) -> None:
        await self.process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _answers(self) -> bool:
        try:
            connection = await psycopg.AsyncConnection.connect(self.url(), connect_timeout=1)
        except psycopg.OperationalError:
            return False
        await connection.close()
        return True

    async def _run(self, statement: sql.Composed) -> None:
        connection = await psycopg.AsyncConnection.connect(self.url(), autocommit=True)
        async with connection:
            await connection.execute(statement)


class PgBouncer:
    """A pooler in front of a PostgreSQL: a connection serves many, a transaction each."""

    def __init__(self, folder: Path, postgres: PostgresServer, connections: int) -> None:
        self.port = free_port()
        program = machine.find("pgbouncer")
        assert program is not None, "pgbouncer is missing: `make test` installs it"
        self._folder = Path(tempfile.mkdtemp(prefix="chatapp-pgbouncer-"))
        settings = {
            "listen_addr": HOST,
            "listen_port": self.port,
            "unix_socket_dir": "",
            "auth_type": "any",
            "pool_mode": "transaction",
            "default_pool_size": connections,
            "max_client_conn": 500,
        }
        file = self._folder / "pgbouncer.ini"
        lines = [f"{name} = {value}" for name, value in settings.items()]
        server = f"* = host={HOST} port={postgres.port} user=chatapp"
        file.write_text("\n".join(["[databases]", server, "[pgbouncer]", *lines, ""]))
        # Like PostgreSQL, it refuses to be root.
        self._folder.chmod(0o755)
        self.process = Process([*_user(), program, file], folder / "pgbouncer.log")

    async def start(self) -> None:
        await self.process.start(lambda: accepts(HOST, self.port))

    def url(self, direct: str) -> str:
        """The address of a database through this, from its own address."""
        return f"postgresql://chatapp@{HOST}:{self.port}/{direct.rpartition('/')[2]}"

    async def stop(self) -> None:
        await self.process.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


class Services:
    """Starts each server at its first use."""

    def __init__(self, stack: AsyncExitStack, folder: Path) -> None:
        self._stack = stack
        self._folder = folder
        self._starting = asyncio.Lock()
        self._postgres: PostgresServer | None = None
        self._redis: RedisServer | None = None

    async def postgres(self) -> PostgresServer:
        async with self._starting:
            if self._postgres is None:
                self._postgres = PostgresServer()
                self._stack.push_async_callback(self._postgres.stop)
                await self._postgres.start()
        return self._postgres

    async def redis(self) -> RedisServer:
        async with self._starting:
            if self._redis is None:
                self._redis = RedisServer(self._folder)
                self._stack.push_async_callback(self._redis.stop)
                await self._redis.start()
        return self._redis


def _user() -> list[str]:
    """What to run PostgreSQL through: it refuses to be root."""
    if os.geteuid() != 0:
        return []
    user = "postgres" if _exists("postgres") else "nobody"
    return ["setpriv", f"--reuid={user}", f"--regid={_group(user)}", "--clear-groups"]


def _exists(user: str) -> bool:
    return any(entry.pw_name == user for entry in pwd.getpwall())


def _group(user: str) -> str:
    return str(pwd.getpwnam(user).pw_gid)
