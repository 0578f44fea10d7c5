"""Readers on bad lines: none loses a word, and each can stop its answer."""

import asyncio
from collections.abc import Callable

from tests.answers.world import words
from tests.faults.conftest import World
from tests.faults.people import Behind, Screen
from tests.harness.link import Link, Way
from tests.harness.socket import Tab

LONG = 240


async def test_a_slow_line_that_loses_packets_loses_and_repeats_no_word(world: World) -> None:
    async with Link(world.here.port) as line, line.disturbed(Way.SLOW, late=True):
        far, near = Behind(line), world.there
        asking = await world.person.open(far)
        chat_id = await asking.ask(f"[[say {LONG} words at 80/s]]")
        screens = [await world.person.open(server, chat_id) for server in (far, near)]
        assert await asyncio.gather(*(screen.ended() for screen in screens)) == ["done"] * 2
        assert [screen.text() for screen in screens] == [words(LONG)] * 2
        assert await screens[0].ask("[[say 2000 words at 80/s]]") == chat_id
        await asyncio.gather(*(screen.tab.until(_second_begins(screen)) for screen in screens))
        await screens[0].stop()
        ends = await asyncio.gather(*(screen.ended(2) for screen in screens))
        assert ends == ["stopped"] * 2
        assert screens[0].text() == screens[1].text()
        assert words(2000).startswith(screens[0].text())
        for screen in (asking, *screens):
            await screen.close()
    assert len(await world.fakes.requests()) == 2


def _second_begins(screen: Screen) -> Callable[[Tab], bool]:
    return lambda _tab: len(screen.answers()) == 2 and "w9" in screen.text()
