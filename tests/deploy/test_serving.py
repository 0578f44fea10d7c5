"""The product through nginx and several backends, and what becomes of it when parts of it end."""

import asyncio
import json
import os
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack

import httpx

from tests.answers.world import words
from tests.deploy.steady import Steady
from tests.fakes import ProviderServer
from tests.faults.people import Person
from tests.harness.up import Up

LONG = 400


def question(count: int = LONG) -> str:
    return f"[[say {count} words at 80/s]]"


async def eventually(condition: Callable[[], object], seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_question_is_answered_and_read_again_on_any_backend(up: Up) -> None:
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
        lines = [json.loads(line) for line in up.log("access.log").splitlines()]
        sockets = [line for line in lines if line["path"].startswith("/_event")]
        return {line["backend"] for line in sockets if line["status"] == 101}

    await eventually(lambda: len(served_by()) == 2)


async def test_a_rolling_restart_loses_nothing_and_shows_nothing(
    up: Up, deployed_providers: ProviderServer
) -> None:
    person = await Person.sign_up(up)
    before = [up.pid(f"backend-{number}") for number in (1, 2)]
    async with AsyncExitStack() as stack, up.client() as client:
        asking = [await person.open(up) for _ in range(8)]
        # Equal questions would be one.
        counts = [LONG + number for number in range(8)]
        chats = await asyncio.gather(
            *(screen.ask(question(count)) for screen, count in zip(asking, counts, strict=True))
        )
        readers = [
            await stack.enter_async_context(Steady(await person.open(up, chat_id)).watching())
            for chat_id in chats
        ]
        for screen in asking:
            await screen.close()
        done = asyncio.Event()

        async def visit() -> set[int]:
            found = set[int]()
            while not done.is_set():
                for method, path in (("GET", "/login"), ("GET", "/healthz"), ("POST", "/auth/no")):
                    found.add((await client.request(method, path)).status_code)
                await asyncio.sleep(0.05)
            return found

        visiting = asyncio.create_task(visit())
        await up.restart()
        ends = [await reader.screen.ended() for reader in readers]
        done.set()
        assert await visiting == {200, 405}
        assert set(ends) == {"done"}
        for reader, count in zip(readers, counts, strict=True):
            assert reader.screen.text() == words(count)
            assert len(reader.screen.answers()) == 1
            assert reader.returns >= 1
            # Each text continues the one before it: nothing was taken back, even for a moment.
            assert reader.shown == sorted(reader.shown, key=len)
            assert all(words(count).startswith(text) for text in reader.shown)
    assert len(await deployed_providers.requests()) == len(chats)
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
