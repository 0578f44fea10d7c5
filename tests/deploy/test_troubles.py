"""What is promised while parts fail is promised through nginx too."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from functools import partial
from pathlib import Path

import pytest
from psycopg import AsyncConnection, OperationalError
from redis.asyncio import Redis
from sqlalchemy import text

from tests.answers.world import words
from tests.deploy.steady import Steady
from tests.deploy.test_serving import eventually, eventually_ready, question
from tests.faults.people import Person
from tests.harness.backends import connected, execute
from tests.harness.up import Up

SECONDS = 3.0
"""How long a trouble lasts: longer than a lease, and than what is asked of Redis may take."""

BACKENDS = ("backend-1", "backend-2")


def send(up: Up, number: signal.Signals, *names: str) -> None:
    for name in names:
        os.kill(up.pid(name), number)


async def stop_for_a_while(pids: list[int]) -> None:
    """Whatever becomes of the test, they go on: others share them."""
    stopped: list[int] = []
    try:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
            stopped.append(pid)
        await asyncio.sleep(SECONDS)
    finally:
        for pid in stopped:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def freeze(name: str, up: Up) -> None:
    await stop_for_a_while([up.pid(name)])


def family(pid: int) -> list[int]:
    """A process and those that it has made."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


async def freeze_postgres(up: Up) -> None:
    await stop_for_a_while(family(up.pid("postgres")))


async def freeze_both(up: Up) -> None:
    await stop_for_a_while([*family(up.pid("postgres")), up.pid("redis")])


async def use_up_connections(up: Up) -> None:
    """Take all that PostgreSQL has, and then those of the backends too."""
    async with AsyncExitStack() as stack:
        ours: list[AsyncConnection] = []

        async def take_all() -> None:
            with suppress(OperationalError):
                while True:
                    one = await AsyncConnection.connect(up.state["database_url"], autocommit=True)
                    ours.append(await stack.enter_async_context(one))

        await take_all()
        await ours[0].execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> ALL(%s)",
            [[each.info.backend_pid for each in ours]],
        )
        before = len(ours)
        async with asyncio.timeout(10):
            # Each has to end before another one can take its place.
            while len(ours) == before:
                await take_all()
        await asyncio.sleep(SECONDS)


async def forget(up: Up) -> None:
    async with Redis.from_url(up.state["redis_url"]) as client:
        await client.flushall()


async def fill(up: Up) -> None:
    async with Redis.from_url(up.state["redis_url"]) as client:
        await client.config_set("maxmemory", "1mb")
        try:
            await asyncio.sleep(SECONDS)
        finally:
            await client.config_set("maxmemory", "0")


async def drop_sessions(up: Up) -> None:
    await execute(
        up.database,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


async def lock(up: Up) -> None:
    async with connected(up.database) as connection:
        await connection.execute(text("LOCK TABLE messages, answers IN ACCESS EXCLUSIVE MODE"))
        await asyncio.sleep(SECONDS)


async def end_all(up: Up) -> None:
    before = [up.pid(name) for name in BACKENDS]
    send(up, signal.SIGTERM, *BACKENDS)
    await eventually(lambda: not {up.pid(name) for name in BACKENDS} & {0, *before})


async def reload(up: Up) -> None:
    send(up, signal.SIGHUP, "nginx")


@pytest.mark.parametrize(
    ("count", "happens"),
    [
        pytest.param(200, partial(freeze, "backend-1"), id="a backend is frozen and wakes up"),
        pytest.param(201, end_all, id="all backends are told to end"),
        pytest.param(202, partial(freeze, "redis"), id="Redis is frozen and wakes up"),
        pytest.param(203, forget, id="Redis forgets all"),
        pytest.param(204, fill, id="Redis is full"),
        pytest.param(208, freeze_postgres, id="PostgreSQL is frozen and wakes up"),
        pytest.param(209, freeze_both, id="PostgreSQL and Redis are frozen and wake up"),
        pytest.param(210, use_up_connections, id="PostgreSQL has no connection left"),
        pytest.param(205, drop_sessions, id="PostgreSQL ends all sessions"),
        pytest.param(206, lock, id="tables are locked"),
        pytest.param(207, reload, id="nginx reads its configuration anew"),
    ],
)
async def test_through_nginx_no_word_is_lost_when(
    up: Up, count: int, happens: Callable[[Up], Awaitable[None]]
) -> None:
    person = await Person.sign_up(up)
    asking = await person.open(up)
    chat_id = await asking.ask(question(count))
    await asking.close()
    async with Steady(await person.open(up, chat_id)).watching() as reader:
        await reader.screen.shows("w20")
        await happens(up)
        assert await reader.screen.ended() == "done"
        assert reader.screen.text() == words(count)
        assert len(reader.screen.answers()) == 1
        assert all(words(count).startswith(text) for text in reader.shown)
    await eventually_ready(up)
    # It is saved, and what comes next is taken.
    again = await person.open(up, chat_id)
    assert again.text() == words(count)
    await again.ask("[[say 3 words]]")
    assert await again.ended(2) == "done"
    await again.close()
