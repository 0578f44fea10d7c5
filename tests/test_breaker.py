"""A Redis that does not answer: the first one waits, the others do not."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as Silent

from chatapp import breaker
from chatapp.redis import redis
from chatapp.settings import settings
from tests.harness.services import RedisServer


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[RedisServer]:
    made = RedisServer(tmp_path)
    await made.start()
    yield made
    if made.process.runs:
        made.process.send(signal.SIGCONT)
    await made.stop()


@pytest.fixture
async def client(server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    monkeypatch.setenv("REDIS_URL", server.url())
    monkeypatch.setattr("chatapp.redis.TIMEOUT", 0.3)
    settings.cache_clear()
    redis.cache_clear()
    yield redis()
    await redis().aclose()
    redis.cache_clear()
    monkeypatch.undo()
    settings.cache_clear()


async def back(client: Any) -> None:
    async with asyncio.timeout(10):
        while True:
            try:
                await client.set("key", "new")
                return
            except RedisError:
                await asyncio.sleep(0.05)


async def test_a_paused_redis_is_waited_for_once_and_used_again_when_it_wakes(
    server: RedisServer, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "REST", 60.0)
    await client.set("key", "old")
    server.process.send(signal.SIGSTOP)
    with pytest.raises(Silent):
        await client.get("key")
    asked = 0
    # None of these is sent: each would take as long as the first.
    for _ in range(1_000):
        with pytest.raises(Unreachable):
            await client.get("key")
        asked += 1
    assert asked == 1_000
    server.process.send(signal.SIGCONT)
    assert client.connection_pool.connection_kwargs["retry"].rests
    client.connection_pool.connection_kwargs["retry"]._until = monotonic()
    await back(client)
    assert await client.get("key") == b"new"


async def test_a_stopped_redis_is_used_again_after_its_next_start(
    server: RedisServer, client: Any
) -> None:
    await client.set("key", "old")
    await server.process.kill()
    with pytest.raises(RedisError):
        await client.get("key")
    await server.start()
    await back(client)
    assert await client.get("key") == b"new"
    # What Redis refuses it has answered.
    with pytest.raises(RedisError, match="WRONGTYPE"):
        await client.execute_command("LPUSH", "key", "value")
    assert not client.connection_pool.connection_kwargs["retry"].rests


async def test_while_one_asks_the_others_fail_at_once(server: RedisServer, client: Any) -> None:
    await client.set("key", "old")
    server.process.send(signal.SIGSTOP)
    with pytest.raises(Silent):
        await client.get("key")
    client.connection_pool.connection_kwargs["retry"]._until = monotonic()
    errors = await asyncio.gather(*(client.get("key") for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(error, Silent) for error in errors) == 1
    assert sum(isinstance(error, Unreachable) for error in errors) == 19


async def test_who_is_led_elsewhere_may_ask_again_at_once() -> None:
    guard = breaker.Breaker(timeout=1.0)

    async def led() -> None:
        raise breaker.Elsewhere

    async def answer() -> str:
        return "here"

    async def give_up(_error: Exception) -> None:
        pass

    for _ in range(2):
        with pytest.raises(Unreachable):
            await guard.call_with_retry(led, give_up)
        assert not guard.rests
    assert await guard.call_with_retry(answer, give_up) == "here"
