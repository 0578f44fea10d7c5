"""Processes of one installation, each with links of its own to Redis, PostgreSQL and providers."""

import asyncio
import random
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from tests.answers.world import KEYS, pool_file
from tests.fakes import ProviderServer
from tests.faults.entrance import Entrance, entrance
from tests.faults.tagging import TaggingServer
from tests.harness.app import AppServer
from tests.harness.backends import migrate
from tests.harness.disk import SmallDisk
from tests.harness.link import Link
from tests.harness.services import PostgresServer, RedisServer

LINKS = ("redis", "postgres", "provider")


@dataclass
class Member:
    """One process and its links."""

    server: AppServer
    links: dict[str, Link]

    @property
    def takes_tabs(self) -> bool:
        """Whether a proxy in front would send a browser to it."""
        return self.server.process.runs


class Fleet:
    """The processes and what they stand on."""

    def __init__(
        self, members: list[Member], redis: RedisServer, postgres: PostgresServer, url: str
    ) -> None:
        self.members = members
        self.redis = redis
        self.postgres = postgres
        self.database_url = url
        """The database, past all links."""
        self.disk: SmallDisk | None = None
        """What PostgreSQL keeps its data on, if that can be filled."""
        self.redis_url = ""
        self.providers = ProviderServer()
        self.entrance: Entrance | None = None
        """nginx, if it stands in front."""

    @property
    def env(self) -> dict[str, str]:
        """The environment of the installation, past all links."""
        return {**self.members[0].server.env, "DATABASE_URL": self.database_url}

    def any(self, choice: random.Random) -> AppServer | Entrance:
        """Where a browser comes in: nginx, else a process that runs."""
        if self.entrance:
            return self.entrance
        running = [member.server for member in self.members if member.takes_tabs]
        return choice.choice(running or [self.members[0].server])


class _Direct:
    """The address of the providers behind a link."""

    def __init__(self, port: int) -> None:
        self.port = port

    def base_url(self, provider: str) -> str:
        base = f"http://127.0.0.1:{self.port}"
        return f"{base}/v1" if provider == "openai" else base


@asynccontextmanager
async def fleet(folder: Path, size: int = 3, *, fronted: bool = False) -> AsyncIterator[Fleet]:
    """A fleet that runs, with servers of its own, which may be hurt.

    Args:
        folder: Where all of it has its files.
        size: How many processes it has.
        fronted: Whether nginx stands in front, with a link before it and one to each process.
    """
    async with AsyncExitStack() as stack:
        disk = stack.enter_context(SmallDisk()) if SmallDisk.possible() else None
        redis, postgres = RedisServer(folder), PostgresServer(disk.folder if disk else None)
        providers = await stack.enter_async_context(TaggingServer())
        for service in (redis, postgres):
            stack.push_async_callback(service.stop)
            await service.start()
        url = await postgres.create("storm")
        await migrate({"DATABASE_URL": url})
        made = Fleet([], redis, postgres, url)
        made.disk, made.redis_url, made.providers = disk, redis.url(), providers
        targets = {"redis": redis.port, "postgres": postgres.port, "provider": providers.port}
        for number in range(size):
            links = {name: await stack.enter_async_context(Link(targets[name])) for name in LINKS}
            file = folder / f"pool{number}.toml"
            file.write_text(pool_file(_Direct(links["provider"].port)))  # type: ignore[arg-type]
            env = {
                **KEYS,
                "CHATAPP_POOL": str(file),
                "CHATAPP_DATA_DIR": str(folder),
                "CHATAPP_TRUSTED_PROXIES": "127.0.0.1" if fronted else "",
                "DATABASE_URL": _through(url, links["postgres"]),
                "REDIS_URL": _through(made.redis_url, links["redis"]),
            }
            server = AppServer(env, folder / f"app{number}.log")
            made.members.append(Member(server, links))
            stack.push_async_callback(_end, server)
        await asyncio.gather(*(member.server.start() for member in made.members))
        if fronted:
            for member in made.members:
                link = await stack.enter_async_context(Link(member.server.port))
                member.links["backend"] = link
            ports = [member.links["backend"].port for member in made.members]
            made.entrance = await stack.enter_async_context(entrance(folder, ports))
        yield made


def _through(url: str, link: Link) -> str:
    parts = urlsplit(url)
    user = f"{parts.username}@" if parts.username else ""
    return urlunsplit(parts._replace(netloc=f"{user}127.0.0.1:{link.port}"))


async def _end(server: AppServer) -> None:
    if server.process.runs:
        server.process.send(signal.SIGCONT)
    await server.process.kill()
