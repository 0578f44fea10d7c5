"""chatapp as it runs at scale, all on this machine: PostgreSQL, Redis, backends, providers."""

import asyncio
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from bench.load.groups import Use, uses
from tests.harness.app import AppServer
from tests.harness.backends import migrate
from tests.harness.processes import Process, accepts, free_port
from tests.harness.services import PostgresServer, RedisServer

POOL = """
[[account]]
name = "{name}"
provider = "openai"
api_key_env = "NO_KEY"
base_url = "http://127.0.0.1:{port}/v1"

[[member]]
tier = "fast"
account = "{name}"
model = "load"
"""


class Installation:
    """Everything that serves, from :meth:`start` to the end of the stack."""

    def __init__(self, stack: AsyncExitStack, folder: Path, backends: int) -> None:
        self._stack = stack
        self._folder = folder
        self._count = backends
        self.providers: list[Process] = []
        self.backends: list[AppServer] = []
        self.env: dict[str, str] = {}

    @property
    def ports(self) -> list[int]:
        """Where people come in."""
        return [backend.port for backend in self.backends]

    async def start(self) -> None:
        self.postgres = PostgresServer()
        self._stack.push_async_callback(self.postgres.stop)
        await self.postgres.start()
        self.redis = RedisServer(self._folder)
        self._stack.push_async_callback(self.redis.stop)
        await self.redis.start()
        self.database_url = await self.postgres.create("chatapp")
        self.env = {
            "CHATAPP_DATA_DIR": str(self._folder / "data"),
            "DATABASE_URL": self.database_url,
            "REDIS_URL": f"redis://127.0.0.1:{self.redis.port}/0",
            "CHATAPP_POOL": str(self._folder / "pool.toml"),
            "NO_KEY": "none",
        }
        pool = [await self._provide(name) for name in ("one", "two")]
        (self._folder / "pool.toml").write_text("".join(pool))
        await migrate(self.env)
        for number in range(self._count):
            backend = AppServer(self.env, self._folder / f"backend-{number}.log")
            self.backends.append(backend)
            self._stack.push_async_callback(backend.stop)
        await asyncio.gather(*(backend.start() for backend in self.backends))

    async def _provide(self, name: str) -> str:
        port = free_port()
        command = [sys.executable, "-m", "bench.load.provider", str(port)]
        process = Process(command, self._folder / f"provider-{name}.log")
        self._stack.push_async_callback(process.stop)
        await process.start(lambda: accepts("127.0.0.1", port))
        self.providers.append(process)
        return POOL.format(name=name, port=port)

    def uses(self, generators: list[int], *, memory: bool = False) -> dict[str, Use]:
        """What each part has used."""
        groups = {
            "backends": [backend.process.pid for backend in self.backends],
            "PostgreSQL": [self.postgres.process.pid],
            "Redis": [self.redis.process.pid],
            "provider": [process.pid for process in self.providers],
            "generator": generators,
        }
        return uses(groups, memory=memory)
