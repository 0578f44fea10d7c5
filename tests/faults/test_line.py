"""One waiting line for several processes, one of which dies with questions in it."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from tests.answers.world import words
from tests.faults.conftest import World
from tests.faults.people import Person, Screen, gone
from tests.harness.app import AppServer

PEOPLE = 9
HOLD = 3600
"""Seconds: longer than any test."""


@pytest.fixture
async def third(world: World, tmp_path: Path) -> AsyncIterator[AppServer]:
    """One more process of the same installation."""
    env = {name: value for name, value in world.here.env.items() if name not in ("HOST", "PORT")}
    server = AppServer(env, tmp_path / "third.log")
    await server.start()
    yield server
    await server.stop()
    server.check()


def place(screen: Screen) -> str:
    """What a screen says of the newest question's place."""
    answers = screen.answers()
    view = screen.store.get(f"m:{answers[-1]}", {}) if answers else {}
    return (view.get("line") or {}).get("words", "")


async def there_is_room(world: World) -> None:
    """All that is known of the providers' limits is forgotten."""
    client = Redis.from_url(world.there.env["REDIS_URL"])
    held = [key async for key in client.scan_iter("{pool}*")]
    await client.delete("{line:}:door", *held)
    await client.aclose()


async def test_all_who_wait_are_asked_once_though_a_process_is_killed(
    world: World, third: AppServer
) -> None:
    fault = {"kind": "http_429", "retry_after": HOLD, "times": 1}
    await world.fakes.set("groq", fault=fault)
    await world.fakes.set("google", fault=fault)
    processes = [world.here, world.there, third]
    people = [await Person.sign_up(world.there) for _ in range(PEOPLE)]
    screens: list[Screen] = []
    for number, person in enumerate(people):
        asking = await person.open(processes[number % 3])
        chat_id = await asking.ask(f"[[say {number + 1} words]]")
        # Who looks on does so where nobody dies.
        screens.append(await person.open(world.there, chat_id))
        await asking.close()
        wanted = "next" if number == 0 else _ordinal(number + 1)
        await screens[-1].tab.until(lambda _, n=number, w=wanted: w in place(screens[n]), 40)
    os.kill(world.here.process.pid, signal.SIGKILL)
    await gone(world.here)
    await there_is_room(world)
    assert await asyncio.gather(*(screen.ended() for screen in screens)) == ["done"] * PEOPLE
    assert [screen.text() for screen in screens] == [words(n + 1) for n in range(PEOPLE)]
    requests = await world.fakes.requests()
    asked = Counter(_question(each) for each in requests if each["state"] == "done")
    assert asked == {f"[[say {n + 1} words]]": 1 for n in range(PEOPLE)}
    assert len(requests) == PEOPLE + 2  # the two that said they are at their limits
    for screen in screens:
        await screen.close()


def _question(request: dict) -> str:
    body = request["body"]
    if "messages" in body:
        return body["messages"][-1]["content"]
    return body["contents"][-1]["parts"][0]["text"]


def _ordinal(number: int) -> str:
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(number, 'th') }"
