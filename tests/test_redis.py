"""Which Redis is asked, and what becomes of a master that ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from chatapp import redis, sentinel
from chatapp.settings import Settings
from tests.harness.backends import forget_caches
from tests.harness.processes import Process, accepts, free_port
from tests.harness.services import RedisServer
from tools import machine

HOST = "127.0.0.1"


def server(folder: Path, port: int, *lines: str) -> Process:
    """A Redis, or a Sentinel, which both write to their own configuration."""
    program = machine.find("redis-server")
    assert program is not None
    file = folder / f"{port}.conf"
    home = folder / str(port)
    home.mkdir()
    file.write_text("\n".join([f"port {port}", f"bind {HOST}", f"dir {home}", *lines, ""]))
    mode = ["--sentinel"] if lines and lines[0].startswith("sentinel") else []
    return Process([program, file, *mode], folder / f"{port}.log")


@pytest.fixture
async def watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[str, Process]]:
    """Two Redis servers with a password, a Sentinel that watches them, and who is the master."""
    one, two, watcher = free_port(), free_port(), free_port()
    words = ("requirepass secret", "masterauth secret", 'save ""')
    service = [
        f"sentinel monitor chat {HOST} {one} 1",
        "sentinel auth-pass chat secret",
        "sentinel down-after-milliseconds chat 500",
        "sentinel failover-timeout chat 2000",
    ]
    master = server(tmp_path, one, *words)
    replica = server(tmp_path, two, *words, f"replicaof {HOST} {one}")
    async with AsyncExitStack() as stack:
        for process, port in (
            (master, one),
            (replica, two),
            (server(tmp_path, watcher, *service), watcher),
        ):
            stack.push_async_callback(process.kill)
            await process.start(lambda port=port: accepts(HOST, port))
        async with (
            Redis(host=HOST, port=watcher, decode_responses=True) as asked,
            asyncio.timeout(30),
        ):
            # A new master can only be one of which the Sentinel knows.
            while not await asked.sentinel_slaves("chat"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        nobody = free_port()
        url = f"redis+sentinel://:secret@{HOST}:{nobody},{HOST}:{watcher}/chat/3"
        monkeypatch.setenv("REDIS_URL", url)
        forget_caches()
        yield url, master
        await redis.close()
        monkeypatch.undo()
        forget_caches()


async def test_a_connection_that_was_closed_meanwhile_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = RedisServer(tmp_path)
    await made.start()
    monkeypatch.setenv("REDIS_URL", made.url())
    forget_caches()
    try:
        client: Any = redis.redis()
        await client.set("key", "value")
        (connection,) = client.connection_pool._available_connections
        async with Redis.from_url(made.url()) as other:
            assert await other.client_kill_filter(_id=await client.client_id(), skipme=False) == 1
            while not connection._parser._stream.at_eof():  # noqa: ASYNC110
                await asyncio.sleep(0)
        assert await client.get("key") == b"value"
    finally:
        await redis.close()
        await made.stop()
        monkeypatch.undo()
        forget_caches()


async def test_behind_sentinel_the_next_master_is_found(watched: tuple[str, Process]) -> None:
    _url, master = watched
    client: Any = redis.redis()
    await client.set("before", b"1")
    async with asyncio.timeout(30):
        # Shorter than a command may take: the replica may need longer to be there at all.
        while await client.execute_command("WAIT", 1, 1000) < 1:
            pass
    async with client.pubsub() as channel:
        await channel.subscribe("news")
        await channel.get_message(timeout=5)
        await master.kill()
        async with asyncio.timeout(60):
            while True:
                with suppress(RedisError, OSError):
                    await client.set("after", b"2")
                    break
                await asyncio.sleep(0.1)
            assert await client.mget("before", "after") == [b"1", b"2"]
            # Who listens hears again, once it has tried again.
            while True:
                with suppress(RedisError, OSError):
                    await client.publish("news", b"again")
                    message = await channel.get_message(ignore_subscribe_messages=True, timeout=1)
                    if message and message["data"] == b"again":
                        break
                await asyncio.sleep(0.1)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis+sentinel://a,b:1/chat", ([("a", 26379), ("b", 1)], None, 0)),
        ("redis+sentinel://u:p%40@a:2/chat/7", ([("a", 2)], "p@", 7)),
        ("redis+sentinel://[::1]:5,[::2]/chat", ([("::1", 5), ("::2", 26379)], None, 0)),
    ],
)
async def test_addresses_of_sentinels(
    url: str, expected: tuple[list[tuple[str, int]], str | None, int]
) -> None:
    pool = sentinel.pool_of(url, timeout=1.0, max_connections=7)
    found = [
        (
            each.connection_pool.connection_kwargs["host"],
            each.connection_pool.connection_kwargs["port"],
        )
        for each in pool.sentinel_manager.sentinels
    ]
    own = pool.connection_kwargs
    assert (found, own["password"], own["db"]) == expected
    assert isinstance(pool, BlockingConnectionPool)
    assert pool.max_connections == 7


@pytest.mark.parametrize("url", ["redis+sentinel://a", "redis+sentinel:///chat"])
async def test_a_service_without_sentinels_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must name Sentinels and a service"):
        sentinel.pool_of(url, timeout=1.0)


@pytest.mark.parametrize("name", ["REDIS_URL", "CHATAPP_CACHE_REDIS_URL"])
def test_other_schemes_are_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "http://localhost")
    with pytest.raises(ValidationError, match="must begin with redis://"):
        Settings()


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("redis://one:6379/0", True),
        ("rediss://one:6379/0", True),
        ("redis+sentinel://one:26379/service/0", False),
        ("redis+cluster://one:6379/chatapp", False),
    ],
)
def test_only_a_server_that_stays_the_same_knows_all_who_subscribe(
    url: str, monkeypatch: pytest.MonkeyPatch, *, known: bool
) -> None:
    monkeypatch.setenv("REDIS_URL", url)
    forget_caches()
    try:
        assert redis.counts_all() is known
    finally:
        monkeypatch.undo()
        forget_caches()


async def test_who_wants_a_connection_too_many_waits(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", redis_server.url())
    monkeypatch.setenv("CHATAPP_REDIS_CONNECTIONS", "4")
    forget_caches()
    client = redis.redis()
    try:
        await asyncio.gather(*(client.incr("count") for _ in range(200)))
        assert await client.get("count") == b"200"
        assert len(client.connection_pool._available_connections) <= 4
    finally:
        await redis.close()
        monkeypatch.undo()
        forget_caches()


async def test_closing_leaves_no_connection(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = redis_server.url()
    monkeypatch.setenv("REDIS_URL", url)
    forget_caches()
    ours = await redis.redis().client_id()
    async with Redis.from_url(url) as other:
        assert await other.client_list(client_id=[ours])
        await redis.close()
        async with asyncio.timeout(10):
            while await other.client_list(client_id=[ours]):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    monkeypatch.undo()
    forget_caches()
