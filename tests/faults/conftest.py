"""Two processes of one installation, on a real PostgreSQL and a real Redis, and a fake provider."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.answers.world import KEYS, pool_file
from tests.fakes import ProviderServer
from tests.faults.people import Person, Screen
from tests.harness.app import AppServer
from tests.harness.backends import Backend


@dataclass
class World:
    """An installation with two processes and somebody who uses it."""

    here: AppServer
    there: AppServer
    person: Person
    fakes: ProviderServer

    @asynccontextmanager
    async def reading(self, question: str, seen: str = "w20") -> AsyncIterator[Screen]:
        """Somebody who reads there, up to some word, what was asked here."""
        asking = await self.person.open(self.here)
        chat_id = await asking.ask(question)
        reader = await self.person.open(self.there, chat_id)
        await reader.shows(seen)
        yield reader
        for screen in (asking, reader):
            await screen.close()


@pytest.fixture(scope="session")
async def faulty_providers() -> AsyncIterator[ProviderServer]:
    async with ProviderServer() as running:
        yield running


@pytest.fixture(scope="session")
async def two_processes(
    real: Backend,
    built_pages: None,
    faulty_providers: ProviderServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[AppServer, AppServer]]:
    folder = tmp_path_factory.mktemp("faults")
    file = folder / "pool.toml"
    file.write_text(pool_file(faulty_providers))
    env = {**await real.fresh(folder), **KEYS, "CHATAPP_POOL": str(file)}
    here, there = (AppServer(env, folder / f"{name}.log") for name in ("here", "there"))
    yield here, there
    await here.stop()
    await there.stop()


@pytest.fixture
async def world(
    two_processes: tuple[AppServer, AppServer], faulty_providers: ProviderServer
) -> World:
    """Both processes live, and a person whom no other test knows."""
    await faulty_providers.reset()
    here, there = two_processes
    await asyncio.gather(*(each.start() for each in two_processes if not each.process.runs))
    return World(here, there, await Person.sign_up(here), faulty_providers)
