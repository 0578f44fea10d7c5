"""The connection to Redis: a server when ``REDIS_URL`` is set, else one embedded here."""

from functools import cache

from fakeredis import FakeAsyncRedis
from redis.asyncio import BlockingConnectionPool, Redis

from chatapp.settings import settings

CONNECTIONS = 32
"""The most connections that one process opens."""

TIMEOUT = 2.0
"""How long, in seconds, a command or a connection attempt may take."""


@cache
def redis() -> Redis:
    """The client of this process, made at the first use. Replies are bytes."""
    url = settings().redis_url
    if url is None:
        return FakeAsyncRedis()
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=CONNECTIONS,
        timeout=TIMEOUT,
        socket_timeout=TIMEOUT,
        socket_connect_timeout=TIMEOUT,
        health_check_interval=15,
    )
    return Redis(connection_pool=pool)


async def close() -> None:
    """Close the connections of this process."""
    if redis.cache_info().currsize:
        await redis().aclose()
        redis.cache_clear()
