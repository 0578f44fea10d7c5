"""Redis away: answers go on under local limits, and the shared state comes back by itself."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as Refused

from chatapp.pool import admission as module
from chatapp.pool.admission import Admission
from chatapp.pool.leases import Ending, Lease
from tests.fakes import ProviderServer
from tests.harness.services import RedisServer
from tests.pool.conftest import MakePool, hear, words
from tests.pool.test_admission import OK, admitted, members, refused


@pytest.fixture
async def own_redis(tmp_path: Path) -> AsyncIterator[RedisServer]:
    server = RedisServer(tmp_path)
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(own_redis: RedisServer) -> AsyncIterator[Redis]:
    client = Redis.from_url(own_redis.url(), socket_timeout=2)
    yield client
    await client.aclose()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REST", (0.05, 0.1))


async def test_answers_go_on_without_redis(
    make_pool: MakePool,
    fakes: ProviderServer,
    own_redis: RedisServer,
    client: Redis,
    monkeypatch: pytest.MonkeyPatch,
):
    pool = make_pool("groq", "google")
    books = Admission(lambda: client)
    monkeypatch.setattr(pool, "_admission", books)
    assert (await hear(pool, "[[say 3 words]]")).text == words(3)
    await own_redis.process.kill()
    who = [(await hear(pool, "[[say 3 words]]")).done.attempt.label for _ in range(4)]
    assert books.alone
    assert sorted(who) == ["Gemini · gemini-fake"] * 2 + ["Groq · llama-fake"] * 2
    await own_redis.start()
    await back(books)
    assert (await hear(pool, "[[say 3 words]]")).text == words(3)
    assert await client.zcard("{pool}:processes") == 1


async def back(books: Admission) -> None:
    for _ in range(200):
        await books.status(members(a=1))
        if not books.alone:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("Redis is back and nobody has noticed")


async def test_alone_each_process_takes_its_part_of_the_limits(
    own_redis: RedisServer, client: Redis
):
    who = [replace(m, rpm=9, concurrency=9) for m in members(a=1)]
    three = [Admission(lambda: client) for _ in range(3)]
    for books in [*three, *three]:
        await books.settle(await admitted(books, who), OK)
    await own_redis.process.kill()
    for books in three:
        taken = 0
        while isinstance(await books.admit("fast", who), Lease):
            taken += 1
        assert taken == 3
        await books.aclose()


async def test_a_hold_outlives_redis(own_redis: RedisServer, client: Redis):
    books = Admission(lambda: client)
    await books.settle(await admitted(books, members(a=1)), Ending("rate", hold=30))
    await own_redis.process.kill()
    wait = await refused(books, members(a=1))
    assert wait.why == "rate"
    assert wait.seconds > 20


async def test_a_redis_that_hangs_is_given_up_quickly_and_then_left_alone(
    client: Redis, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "PATIENCE", 0.05)
    monkeypatch.setattr(module, "REST", (60.0, 60.0))
    hanging, asked = asyncio.Event(), 0

    async def hang(*args: object) -> None:
        nonlocal asked
        asked += 1
        await hanging.wait()

    books = Admission(lambda: client)
    monkeypatch.setattr(books._shared, "admit", hang)
    for _ in range(5):
        await admitted(books, members(a=1))
    assert asked == 1


async def test_one_asks_a_redis_that_may_be_back_and_the_others_do_not_wait(
    client: Redis, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "REST", (0.0, 0.0))
    books = Admission(lambda: client)
    failing = True
    real = books._shared.admit

    async def maybe(*args: object, **more: object):
        if failing:
            raise Refused
        return await real(*args, **more)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(books._shared, "admit", maybe)
    assert not (await admitted(books, members(a=1))).shared
    failing = False
    assert (await admitted(books, members(a=1))).shared
    assert not books.alone


async def test_a_process_that_is_busy_itself_does_not_take_redis_for_lost(
    client: Redis, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "PATIENCE", 0.02)
    books = Admission(lambda: client)
    real = books._shared.admit

    async def slowly(*args: object, **more: object):
        await asyncio.sleep(0)
        time.sleep(0.1)  # noqa: ASYNC251 - this is what is tested
        return await real(*args, **more)  # pyright: ignore[reportArgumentType]

    monkeypatch.setattr(books._shared, "admit", slowly)
    assert (await admitted(books, members(a=1))).shared
