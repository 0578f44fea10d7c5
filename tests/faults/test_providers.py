"""All providers down at once and back: words and Retry meanwhile, no storm, and all by itself."""

import asyncio
import itertools
from typing import Any

from chatapp.database import new_id
from tests.answers.world import words
from tests.browser.rows import Rows
from tests.faults.conftest import World
from tests.faults.people import CHATS, ENDED, PATIENCE, Person, Screen

PEOPLE = 30
ROUNDS = 3
"""So often everybody tries again while all are down."""

PROBES = 20
"""So few requests those who are down get from 180 questions, which may ask each of them."""

REST = 60.0
"""The longest rest of who is down, in seconds: after each, each of them is asked once more."""

PAUSE = 0.5
"""Seconds between two people who try again."""


async def test_all_providers_down_and_back_are_spared_and_used_again(world: World) -> None:
    await _all(world, {"kind": "http_503"})
    rows = Rows(world.here.env)
    screens = await asyncio.gather(*(_asks(world, rows, number) for number in range(PEOPLE)))
    assert [screen.status() for screen in screens] == ["failed"] * PEOPLE
    assert all(_problem(screen) for screen in screens)
    first, clock = len(await world.fakes.requests()), asyncio.get_running_loop().time
    began = clock()
    assert first <= 2 * PEOPLE, "somebody has asked one of them twice"
    for _ in range(ROUNDS):
        ends = await asyncio.gather(*(_again(screen) for screen in screens))
        assert set(ends) == {"failed"}
    assert len(await world.fakes.requests()) - first <= PROBES + 2 * (clock() - began) / REST
    await _all(world, None)
    lucky = await _first_answered(screens)
    back = len(await world.fakes.requests())
    assert back - first <= PROBES + 2 * (clock() - began) / REST
    rest = [screen for screen in screens if screen is not lucky]
    assert await asyncio.gather(*(_again(screen) for screen in rest)) == ["done"] * len(rest)
    assert [screen.text() for screen in screens] == [words(n + 1) for n in range(PEOPLE)]
    # A slow machine makes some ask a second one, who may be faster.
    assert len(await world.fakes.requests()) - back <= 2 * len(rest)
    for screen in screens:
        await screen.close()


async def _all(world: World, fault: dict[str, Any] | None) -> None:
    for provider in ("groq", "google"):
        await world.fakes.set(provider, fault=fault)


async def _asks(world: World, rows: Rows, number: int) -> Screen:
    """A person of each process in turn, who asks and sees how that ends."""
    process = (world.here, world.there)[number % 2]
    person = Person(f"chatapp_session={(await rows.person()).token}")
    asking = await person.open(process)
    chat_id = await asking.ask(f"[[say {number + 1} words]]")
    await asking.close()
    screen = await person.open(process, chat_id)
    await screen.ended()
    return screen


async def _first_answered(screens: list[Screen]) -> Screen:
    """Who has an answer at last, of people who try again one after the other."""
    for screen in itertools.cycle(screens):
        if await _again(screen) == "done":
            return screen
        await asyncio.sleep(PAUSE)
    raise AssertionError


async def _again(screen: Screen) -> str:
    """Retry, as the button under a failed answer does; how that ends."""
    before = screen.answers()[-1]
    again = {"answer_id": before, "client_id": str(new_id())}
    await screen.tab.send(f"{CHATS}.ask_again", **again)
    await screen.tab.until(
        lambda _: screen.answers()[-1] != before and screen.status() in ENDED, PATIENCE
    )
    return screen.status()


def _problem(screen: Screen) -> str:
    return screen.store[f"m:{screen.answers()[-1]}"]["problem"]
