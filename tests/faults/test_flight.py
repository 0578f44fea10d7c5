"""Fifty people ask the same at once, at three processes: a model is asked once."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlmodel import col, select

from chatapp.answers.models import Answer, Source
from chatapp.chats.models import Message
from tests.answers.world import KEYS, pool_file, words
from tests.browser.rows import Rows
from tests.fakes import ProviderServer
from tests.faults.people import Person, Screen, gone
from tests.harness.app import AppServer
from tests.harness.backends import Backend

PEOPLE = 50
COUNT = 160
QUESTION = f"What is a monad? [[say {COUNT} words at 60/s]]"


@pytest.fixture
async def processes(
    real: Backend, built_pages: None, faulty_providers: ProviderServer, tmp_path: Path
) -> AsyncIterator[list[AppServer]]:
    """Three processes of one installation, in which nobody has asked anything yet."""
    await faulty_providers.reset()
    file = tmp_path / "pool.toml"
    file.write_text(pool_file(faulty_providers))
    env = {**await real.fresh(tmp_path), **KEYS, "CHATAPP_POOL": str(file)}
    env["CHATAPP_ANSWER_CACHE"] = "on"
    made = [AppServer(env, tmp_path / f"process{number}.log") for number in range(3)]
    await asyncio.gather(*(server.start() for server in made))
    yield made
    await asyncio.gather(*(server.stop() for server in made))


@pytest.fixture
async def crowd(processes: list[AppServer]) -> list[Screen]:
    """A tab each of fifty people, on the processes in turn."""
    rows = Rows(processes[0].env)
    people = [await rows.person() for _ in range(PEOPLE)]
    return [
        await Person(f"chatapp_session={someone.token}").open(processes[number % 3])
        for number, someone in enumerate(people)
    ]


async def answers(processes: list[AppServer]) -> list[str]:
    """Each answer's state and text, as the database has them."""
    query = select(col(Message.status) + ": " + col(Message.text))
    return await Rows(processes[0].env).all(query.where(Message.role == "answer"))


async def all_answered(processes: list[AppServer]) -> set[str]:
    """What is answered once nothing is coming any more."""
    async with asyncio.timeout(90):
        while True:
            found = await answers(processes)
            coming = sum(text.startswith(("queued", "streaming")) for text in found)
            if len(found) == PEOPLE and not coming:
                return set(found)
            await asyncio.sleep(0.2)


async def test_equal_questions_at_once_are_one_request(
    processes: list[AppServer], crowd: list[Screen], faulty_providers: ProviderServer
) -> None:
    await asyncio.gather(*(screen.ask(QUESTION) for screen in crowd))
    assert await all_answered(processes) == {f"done: {words(COUNT)}"}
    assert len(await faulty_providers.requests()) == 1
    sources = await Rows(processes[0].env).all(select(Answer.source))
    assert sources.count(Source.MODEL) == 1
    for screen in crowd:
        await screen.close()


async def test_a_leader_that_is_killed_is_replaced_by_one_of_the_others(
    processes: list[AppServer], crowd: list[Screen], faulty_providers: ProviderServer
) -> None:
    # The first one leads, at the first process; its answer stops short until that is killed.
    fault = {"kind": "stall_after", "after": COUNT // 4, "times": 1}
    await faulty_providers.set(fault=fault)
    await crowd[0].ask(QUESTION)
    await faulty_providers.wait(sent=COUNT // 4)
    await asyncio.gather(*(screen.ask(QUESTION) for screen in crowd[1:]))
    os.kill(processes[0].process.pid, signal.SIGKILL)
    await gone(processes[0])
    assert await all_answered(processes) == {f"done: {words(COUNT)}"}
    states = [request["state"] for request in await faulty_providers.requests()]
    assert states == ["closed_early", "done"]
    for screen in crowd:
        await screen.close()
