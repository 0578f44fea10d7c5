"""Readers on bad lines, and some that do not read: none loses a word, and nobody waits for them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from chatapp.chats.service import PAGE
from chatapp.ui.backlog import LARGEST
from tests.answers.world import KEYS, assemble, pool_file, words
from tests.browser.rows import Rows
from tests.fakes import ProviderServer
from tests.fakes.behaviour import numbered
from tests.faults.conftest import World
from tests.faults.entrance import entrance
from tests.faults.leaks import Counted
from tests.faults.people import CHATS, ENDED, PATIENCE, Behind, Person, Screen
from tests.harness.app import AppServer
from tests.harness.backends import Backend
from tests.harness.link import Link, Way
from tests.harness.socket import Tab

LONG = 240
MIB = 2**20

DEAF = 6
"""So many tabs read nothing."""

ANSWERS, WORDS = 4, 45_000
"""More than a megabyte for each of them."""

PIECE = 1_000
"""So many words come at once: how much is unread counts here, not in how many pieces it came."""


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


@pytest.fixture
def limits(request: pytest.FixtureRequest) -> dict[str, int]:
    """When a silent or a stuck tab of the process is given up, in seconds."""
    return getattr(request, "param", {"heartbeat": 25})


@pytest.fixture
async def counted(
    real: Backend,
    built_pages: None,
    faulty_providers: ProviderServer,
    tmp_path: Path,
    limits: dict[str, int],
) -> AsyncIterator[Counted]:
    """A process of the test's own that says what it holds."""
    await faulty_providers.reset()
    file = tmp_path / "pool.toml"
    file.write_text(pool_file(faulty_providers))
    env = {
        **await real.fresh(tmp_path),
        **KEYS,
        "CHATAPP_POOL": str(file),
        "CHATAPP_TRUSTED_PROXIES": "127.0.0.1",
    }
    made = Counted(env, tmp_path, **limits)
    await made.server.start()
    yield made
    await made.server.stop()


@pytest.mark.parametrize(
    ("fronted", "limits"),
    [
        pytest.param(False, {"heartbeat": 25}, id="direct"),
        # nginx takes in much for who reads nothing: such a one is known by its silence.
        pytest.param(True, {"heartbeat": 10, "silence": 10}, id="through nginx"),
    ],
    indirect=["limits"],
)
async def test_who_reads_nothing_costs_little_delays_nobody_and_sees_all_later(
    counted: Counted, faulty_providers: ProviderServer, tmp_path: Path, fronted: bool
) -> None:
    server, whole = counted.server, numbered(WORDS)
    pieces = ["".join(whole[at : at + PIECE]) for at in range(0, WORDS, PIECE)]
    person = await Person.sign_up(server)
    asking = await person.open(server)
    chat_id = await asking.ask("[[say 9 words]]")
    await asking.close()
    good = [await person.open(server, chat_id) for _ in range(2)]
    async with AsyncExitStack() as stack:
        door = server.port
        if fronted:
            door = (await stack.enter_async_context(entrance(tmp_path, [door]))).nginx.port
        line, broken = [await stack.enter_async_context(Link(door)) for _ in range(2)]
        lines = [line] * DEAF + [broken] * DEAF
        deaf = [await person.open(Behind(each), chat_id) for each in lines]
        async with broken.disturbed(Way.MUTE):
            async with line.disturbed(Way.MUTE, late=True):
                await faulty_providers.set(tokens=pieces)
                for number in range(ANSWERS):
                    await good[0].ask(f"Number {number}")
                    for screen in good:
                        assert await screen.ended(number + 2) == "done"
                        assert screen.text() == words(WORDS)
                await faulty_providers.reset()
                await good[1].ask("[[say 8 words]]")
                assert await good[1].ended(ANSWERS + 2) == "done"
                held = await counted.holds()
                assert held["unread"] < len(deaf) * MIB
            # Those who are read again; if that comes too late, in a new connection.
            for screen in deaf[:DEAF]:
                woken = await _awake(person, screen, server)
                assert await woken.ended(ANSWERS + 2) == "done"
                assert [woken.text(1 + n) for n in range(ANSWERS)] == [words(WORDS)] * ANSWERS
                await woken.close()
            # The others never are.
            await counted.has(tabs=len(good), followers=len(good))
    for screen in (*deaf[DEAF:], *good):
        await screen.close()
    server.check()


async def test_who_opens_a_large_chat_and_reads_nothing_costs_little_and_sees_all_later(
    counted: Counted,
) -> None:
    rows, text = Rows(counted.server.env), words(WORDS)
    someone = await rows.person()
    # Two pages of it.
    chat_id = str(await rows.chat(someone, *["Say much", text] * PAGE))
    async with Link(counted.server.port) as line:
        screen = await Person(f"chatapp_session={someone.token}").open(Behind(line))
        async with line.disturbed(Way.MUTE, late=True):
            await screen.tab.go(f"/c/{chat_id}", {"chat_id": chat_id})
            assert await _stuck(counted) < MIB
        await screen.tab.until(lambda _: f"c:{chat_id}" in screen.store, PATIENCE)
        first = screen.store[f"c:{chat_id}"]["order"][0]
        async with line.disturbed(Way.MUTE, late=True):
            for _ in range(DEAF):
                await screen.tab.send(f"{CHATS}.show_earlier", message_id=first)
            assert await _stuck(counted) < MIB
        await screen.tab.until(lambda _: f"e:{first}" in screen.store, PATIENCE)
        shown = [*screen.store[f"e:{first}"]["order"], *screen.store[f"c:{chat_id}"]["order"]]
        assert len(shown) == 2 * PAGE
        for answer_id in shown[1::2]:
            assert "".join(assemble(screen.store, answer_id)) == text
        await screen.close()
    counted.server.check()


@pytest.mark.parametrize("limits", [{"heartbeat": 25, "stuck": 60}], indirect=True)
async def test_who_reads_nothing_while_a_process_ends_is_no_error(counted: Counted) -> None:
    rows = Rows(counted.server.env)
    someone = await rows.person()
    chat_id = str(await rows.chat(someone, *["Say much", words(WORDS)] * PAGE))
    async with Link(counted.server.port) as line:
        screen = await Person(f"chatapp_session={someone.token}").open(Behind(line))
        async with line.disturbed(Way.MUTE):
            await screen.tab.go(f"/c/{chat_id}", {"chat_id": chat_id})
            await _stuck(counted)
            await counted.server.stop()
        await screen.close()
    counted.server.check()


async def _stuck(counted: Counted) -> int:
    """How much waits for a reader that takes nothing in, once it is as much as it will be."""
    before, held = -1, await counted.holds()
    async with asyncio.timeout(PATIENCE):
        while held["unread"] < LARGEST or held["unread"] != before:
            before, held = held["unread"], await counted.holds()
    return before


async def _awake(person: Person, screen: Screen, server: AppServer) -> Screen:
    """What a tab shows that reads again; one that was cut comes back, as pages do."""

    def there(tab: Tab) -> bool:
        newest = len(screen.answers()) == ANSWERS + 2 and screen.status() in ENDED
        return newest or not tab.connected

    await screen.tab.until(there, PATIENCE)
    if screen.tab.connected:
        return screen
    await screen.close()
    return await person.open(server, screen.chat_id)
