"""All connections to the database are in use: what is asked then ends right all the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, cast
from uuid import UUID

import pytest
from sqlalchemy import text

from chatapp import database
from chatapp.answers.process import Process
from chatapp.chats.models import Status
from chatapp.database import reading, transaction
from chatapp.settings import Settings, settings
from tests.answers.world import ask, finished, row, words
from tests.chats.people import person
from tests.fakes import ProviderServer
from tests.limits.world import allow

CONNECTIONS = 2
QUESTIONS = 40

pytestmark = pytest.mark.parametrize("backend", ["real"], indirect=True)


@pytest.fixture
async def few(installation: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may have two connections: one to read, one for transactions."""
    monkeypatch.setenv("CHATAPP_DATABASE_CONNECTIONS", str(CONNECTIONS))
    settings.cache_clear()
    await database.close()


@pytest.fixture
async def people(few: None, process: Process) -> list[UUID]:
    """Who asks; nothing is limited for them."""
    everybody = [await person(f"person{number}") for number in range(QUESTIONS)]
    for one in everybody:
        await allow(one)
    return everybody


@asynccontextmanager
async def all_connections() -> AsyncIterator[None]:
    """Hold every connection that the process may have."""
    async with AsyncExitStack() as stack:
        for session_of in (reading, transaction):
            session = await stack.enter_async_context(session_of(60))
            await session.exec(cast("Any", text("SELECT 1")))
        pools = database.pools().values()
        assert sum(pool.size() for pool in pools) == CONNECTIONS
        assert all(pool.checkedout() == pool.size() for pool in pools)
        yield


async def test_many_questions_at_once_need_no_more_connections_than_there_are(
    process: Process, people: list[UUID], fakes: ProviderServer
) -> None:
    async with all_connections():
        asking = [
            asyncio.create_task(ask(process, one, f"{number}: [[say 10 words]]"))
            for number, one in enumerate(people)
        ]
        done, _ = await asyncio.wait(asking, timeout=0.5)
        assert not done, "Nothing is acknowledged that is not in the database"
    asked = await asyncio.gather(*asking)
    await finished(process)
    for one in asked:
        message, answer = await row(one.answer_id)
        assert (message.status, message.text) == (Status.DONE, words(10))
        assert (answer.problem, answer.epoch) == ("", 1)
    assert len(await fakes.requests()) == QUESTIONS


async def test_answers_whose_ends_cannot_be_written_yet_are_whole_when_they_can(
    process: Process, people: list[UUID], fakes: ProviderServer
) -> None:
    await fakes.set(tokens_per_second=10)
    asked = [
        await ask(process, one, f"{number}: [[say 10 words]]") for number, one in enumerate(people)
    ]
    await fakes.wait(received=QUESTIONS)
    async with all_connections():
        await fakes.set(tokens_per_second=0)
        # Nobody's words wait for a connection.
        await fakes.wait(done=QUESTIONS)
    await finished(process)
    for one in asked:
        message, answer = await row(one.answer_id)
        assert (message.status, message.text) == (Status.DONE, words(10))
        assert (answer.problem, answer.epoch) == ("", 1)
    assert len(await fakes.requests()) == QUESTIONS
