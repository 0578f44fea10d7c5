"""The product through nginx and several backends, and what becomes of it when parts of it end."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from itertools import pairwise

import httpx
from sqlalchemy import text

from tests.answers.world import words
from tests.deploy.steady import Steady
from tests.faults.people import Behind, Person
from tests.harness.backends import connected
from tests.harness.up import Up

LONG = 800
OUTLASTING = 2_400
"""Words that take longer than a process that leaves gives to its answers."""


def question(count: int = LONG) -> str:
    return f"[[say {count} words at 80/s]]"


class Direct(Behind):
    """A backend without nginx."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"


async def eventually(condition: Callable[[], object], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_question_is_answered_and_read_again_on_any_backend(up: Up) -> None:
    before = len(up.log("access.log").splitlines())
    person = await Person.sign_up(up)
    asking = await person.open(up)
    chat_id = await asking.ask(question(60))
    readers = [await person.open(up, chat_id) for _ in range(4)]
    for reader in readers:
        assert await reader.ended() == "done"
        assert reader.text() == words(60)
    for screen in (asking, *readers):
        await screen.close()

    def served_by() -> set[str]:
        lines = [json.loads(line) for line in up.log("access.log").splitlines()[before:]]
        sockets = [line for line in lines if line["path"].startswith("/_event")]
        return {line["backend"] for line in sockets if line["status"] == 101}

    await eventually(lambda: len(served_by()) == 2)


async def epochs(up: Up, *readers: Steady) -> list[int]:
    """How many processes have made the newest answer of each."""
    async with connected(up.database) as connection:
        rows = await connection.execute(text("SELECT id, epoch FROM answers"))
        found = {str(answer_id): epoch for answer_id, epoch in rows}
    return [found[reader.screen.answers()[-1]] for reader in readers]


def shrunk(reader: Steady) -> int:
    """How often a text did not go on where it was."""
    return sum(not later.startswith(earlier) for earlier, later in pairwise(reader.shown))


async def visit(up: Up, done: asyncio.Event) -> set[int]:
    """Pages, what a backend answers, and what must not be asked twice."""
    found = set[int]()
    # Nobody knows what became of a request on a kept connection that nginx closes in that moment.
    async with up.client() as client:
        while not done.is_set():
            for method, path in (("GET", "/login"), ("GET", "/healthz"), ("POST", "/auth/no")):
                reply = await client.request(method, path, headers={"Connection": "close"})
                found.add(reply.status_code)
            await asyncio.sleep(0.05)
    return found


async def ask_on(reader: Steady, done: asyncio.Event) -> int:
    """Ask one question after the other; how many were answered."""
    count = 1
    while not done.is_set():
        # Equal questions would be one.
        length = 240 + count
        await reader.ask(question(length))
        count += 1
        assert await reader.ends(count) == "done"
        assert reader.screen.text() == words(length)
    return count - 1


async def test_a_rolling_restart_loses_nothing_and_shows_nothing(up: Up) -> None:
    person = await Person.sign_up(up)
    before = [up.pid(f"backend-{number}") for number in (1, 2)]
    # Equal ones would be one.
    short, outlasting = range(LONG, LONG + 5), range(OUTLASTING, OUTLASTING + 3)
    done = asyncio.Event()
    async with AsyncExitStack() as stack:

        async def asked(person: Person, words: int, at: Up | Behind = up) -> Steady:
            asking = await person.open(at)
            reading = await person.open(up, await asking.ask(question(words)))
            await asking.close()
            return await stack.enter_async_context(Steady(reading).watching())

        talking = [await asked(await Person.sign_up(up), count) for count in (2, 3)]
        for reader in talking:
            assert await reader.ends() == "done"
        first = Direct(up.state["backends"][0])
        readers = [await asked(person, count) for count in short]
        readers += await asyncio.gather(*(asked(person, count, first) for count in outlasting))
        visiting = asyncio.create_task(visit(up, done))
        talks = [asyncio.create_task(ask_on(reader, done)) for reader in talking]
        await up.restart()
        ends = [await reader.ends() for reader in readers]
        done.set()
        assert await visiting == {200, 405}
        assert min(await asyncio.gather(*talks)) > 3
        assert set(ends) == {"done"}
        made = await epochs(up, *readers)
        assert made[:5] == [1] * 5
        assert min(made[5:]) > 1
        for reader, count, times in zip(readers, [*short, *outlasting], made, strict=True):
            assert reader.screen.text() == words(count)
            assert len(reader.screen.answers()) == 1
            assert reader.returns >= 1
            # Words are taken back only where another process has to begin anew.
            assert shrunk(reader) <= times - 1
            assert all(words(count).startswith(shown) for shown in reader.shown)
    assert not {up.pid(f"backend-{number}") for number in (1, 2)} & set(before)
    assert {"backend-1 is replaced.", "backend-2 is replaced."} <= set(up.process.text.splitlines())


async def test_what_is_killed_comes_back_and_no_answer_is_lost(up: Up) -> None:
    person = await Person.sign_up(up)
    for number, victim in enumerate(("backend-1", "nginx", "redis", "postgres"), 200):
        asking = await person.open(up)
        chat_id = await asking.ask(question(number))
        await asking.close()
        async with Steady(await person.open(up, chat_id)).watching() as reader:
            await reader.screen.shows("w20")
            pid = up.pid(victim)
            os.kill(pid, signal.SIGKILL)
            await eventually(lambda: up.pid(victim) not in (0, pid))  # noqa: B023
            assert await reader.screen.ended() == "done", victim
            assert reader.screen.text() == words(number), victim
        await eventually_ready(up)


async def eventually_ready(up: Up) -> None:
    async with asyncio.timeout(60), httpx.AsyncClient() as client:
        for port in up.state["backends"]:
            while True:
                try:
                    if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
