"""A shard of a Redis Cluster is asked as if it were a Redis alone, wherever it goes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chatapp import cluster, redis
from chatapp.cluster import SecretShardConnection, Shard, ShardConnection
from tests.harness.backends import forget_caches
from tests.harness.cluster import PASSWORD, Node, RedisCluster, until
from tests.harness.processes import accepts, free_port
from tests.harness.services import RedisServer
from tests.harness.tls import certificate

APPEND = """
redis.call('XADD', KEYS[1], '*', 'word', ARGV[1])
return redis.call('INCR', KEYS[2])
"""


@pytest.fixture
async def client(
    redis_cluster: RedisCluster, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Redis]:
    """What this process asks, on a healthy cluster."""
    await redis_cluster.healthy()
    monkeypatch.setenv("REDIS_URL", redis_cluster.url())
    monkeypatch.setenv("CHATAPP_CACHE_REDIS_URL", redis_cluster.url("chatapp-cache"))
    forget_caches()
    yield redis.redis()
    await redis.close()
    monkeypatch.undo()
    forget_caches()


async def count(client: Redis) -> int:
    """Let a script write to two keys; how often it has."""
    keys = [redis.tagged("words"), redis.tagged("count")]
    return int(await client.eval(APPEND, 2, *keys, "w"))  # pyright: ignore[reportGeneralTypeIssues]


async def again(client: Redis) -> int:
    """The same, as soon as it is possible."""
    async with asyncio.timeout(60):
        while True:
            with suppress(RedisError, OSError):
                return await count(client)
            await asyncio.sleep(0.05)


async def test_a_shard_does_all_that_a_redis_alone_does(
    client: Redis, redis_cluster: RedisCluster
) -> None:
    async with client.pubsub() as channel:
        await channel.subscribe("news")
        await channel.get_message(timeout=5)
        before = await count(client)
        pipe = client.pipeline(transaction=True)
        pipe.xlen(redis.tagged("words"))
        pipe.incr(redis.tagged("count"))
        pipe.publish("news", b"heard")
        assert (await pipe.execute())[:2] == [before, before + 1]
        heard = await channel.get_message(ignore_subscribe_messages=True, timeout=5)
        assert heard is not None
        assert heard["data"] == b"heard"
    await redis.cache_redis().set(redis.cache_tagged("answer"), b"kept")
    assert await redis_cluster.master("chatapp") is not await redis_cluster.master("chatapp-cache")
    assert redis.cache_tagged("answer").encode() in await redis_cluster.keys("chatapp-cache")


async def test_when_the_master_is_killed_the_next_one_is_found(
    client: Redis, redis_cluster: RedisCluster
) -> None:
    before = await count(client)
    assert await client.execute_command("WAIT", 1, 5000) == 1
    async with client.pubsub() as channel:
        await channel.subscribe("news")
        await channel.get_message(timeout=5)
        killed = await redis_cluster.kill_master("chatapp")
        assert await again(client) == before + 1
        async with asyncio.timeout(60):
            while True:
                with suppress(RedisError, OSError):
                    await client.publish("news", b"again")
                    told = await channel.get_message(ignore_subscribe_messages=True, timeout=1)
                    if told and told["data"] == b"again":
                        break
                await asyncio.sleep(0.05)
    await killed.server.start()
    await redis_cluster.healthy()


async def test_a_slot_that_moves_is_followed_and_keeps_every_write(
    client: Redis, redis_cluster: RedisCluster
) -> None:
    written = await count(client)
    skipped = written - await client.xlen(redis.tagged("words"))
    ended = asyncio.Event()

    async def write() -> int:
        done = 0
        while not ended.is_set():
            with suppress(RedisError, OSError):
                await count(client)
                done += 1
            await asyncio.sleep(0.01)
        return done

    async def refused(source: Node) -> None:
        await until(lambda: source.refusals("ASK"))

    source = await redis_cluster.master("chatapp")
    async with client.pubsub() as channel, asyncio.TaskGroup() as group:
        await channel.subscribe("news")
        await channel.get_message(timeout=5)
        writing = group.create_task(write())
        await redis_cluster.move("chatapp", refused)
        await again(client)
        # Who only listens is told when he next says a word.
        with pytest.raises(RedisError, match="left this node"):
            await channel.ping()
        ended.set()
    written += writing.result() + 1
    target = await redis_cluster.master("chatapp")
    assert target is not source
    assert await target.client.get(redis.tagged("count")) == str(written).encode()
    assert await target.client.xlen(redis.tagged("words")) == written - skipped
    assert not [key for key in [k async for k in source.client.scan_iter()] if b"{chatapp}" in key]


async def test_a_cluster_is_reached_by_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = str(certificate(tmp_path / "node.pem", "localhost"))
    port = free_port()
    server = RedisServer(
        tmp_path,
        {
            "cluster-enabled": "yes",
            "cluster-port": str(free_port()),
            "databases": "1",
            "requirepass": PASSWORD,
            "tls-port": str(port),
            "tls-cert-file": file,
            "tls-key-file": file,
            "tls-ca-cert-file": file,
            "tls-auth-clients": "no",
            "tls-cluster": "yes",
        },
    )
    await server.start()
    await until(lambda: accepts("localhost", port))
    async with Redis(port=server.port, password=PASSWORD) as plain:
        await plain.execute_command("CLUSTER ADDSLOTSRANGE", 0, 16383)
    url = f"rediss+cluster://default:{PASSWORD}@localhost:{port}/mine?ssl_ca_certs={file}"
    monkeypatch.setenv("REDIS_URL", url)
    forget_caches()
    client = redis.redis()
    try:
        assert redis.tagged("words") == "{mine}:words"
        assert await again(client) == 1
        (one,) = client.connection_pool._available_connections
        assert isinstance(one, SecretShardConnection)
        assert (one.host, one.port) == ("localhost", port)
    finally:
        await redis.close()
        monkeypatch.undo()
        forget_caches()
        await server.stop()


async def test_a_redis_that_is_no_cluster_says_so(redis_server: RedisServer) -> None:
    shard = Shard("chatapp", [("127.0.0.1", redis_server.port)])
    with pytest.raises(RedisError, match="cluster support disabled"):
        await shard.find()


@pytest.mark.parametrize(
    ("url", "seeds", "password", "tag"),
    [
        ("redis+cluster://a,b:1", [("a", 6379), ("b", 1)], None, "chatapp"),
        ("redis+cluster://u:p%40@a:2/chat%20two", [("a", 2)], "p@", "chat two"),
        ("redis+cluster://[::1]:5,[::2]/", [("::1", 5), ("::2", 6379)], None, "chatapp"),
    ],
)
def test_addresses_of_clusters(
    url: str, seeds: list[tuple[str, int]], password: str | None, tag: str
) -> None:
    pool = cluster.pool_of(url, timeout=1.0, max_connections=7)
    told = pool.connection_kwargs
    assert list(told["shard"]._nodes) == seeds
    assert told.get("password") == password
    assert (pool.connection_class, pool.max_connections) == (ShardConnection, 7)
    assert cluster.prefix(url) == f"{{{tag}}}:"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("redis+cluster://", "must name nodes"),
        ("redis+cluster:///chat", "must name nodes"),
        ("redis+cluster://a/{b}", "without braces"),
        ("redis+cluster://a/%7Bb", "without braces"),
    ],
)
def test_addresses_that_are_refused(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        cluster.pool_of(url, timeout=1.0)


@pytest.mark.parametrize("url", [None, "redis://a/1", "redis+sentinel://a/chat"])
def test_elsewhere_keys_have_no_tag(url: str | None) -> None:
    assert cluster.prefix(url) == ""
