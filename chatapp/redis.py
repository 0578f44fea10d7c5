"""The connection to Redis: a server when ``REDIS_URL`` is set, else one embedded here."""

from contextlib import suppress
from functools import cache
from typing import Any

from fakeredis import FakeAsyncRedis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chatapp import cluster, sentinel
from chatapp.breaker import Breaker
from chatapp.redis_pool import Pool
from chatapp.settings import settings

TIMEOUT = 2.0
"""How long, in seconds, a command or a connection attempt may take."""


@cache
def redis() -> Redis:
    """The client of this process, made at the first use. Replies are bytes."""
    return _client(settings().redis_url)


@cache
def cache_redis() -> Redis:
    """The client for what may be forgotten at any moment: a server of its own, if one is set."""
    url = settings().cache_redis_url
    return _client(url) if url else redis()


def tagged(name: str) -> str:
    """The key with this name, where :func:`redis` has it: a cluster keeps all of them together."""
    return cluster.prefix(settings().redis_url) + name


def cache_tagged(name: str) -> str:
    """The key with this name, where :func:`cache_redis` has it."""
    return cluster.prefix(settings().cache_redis_url or settings().redis_url) + name


def _client(url: str | None) -> Redis:
    if url is None:
        return FakeAsyncRedis()
    options: dict[str, Any] = {
        "max_connections": settings().redis_connections,
        "timeout": TIMEOUT,
        "health_check_interval": 15,
    }
    if url.startswith(f"{sentinel.SCHEME}:"):
        return Redis(connection_pool=sentinel.pool_of(url, retry=Breaker(TIMEOUT), **options))
    if cluster.names(url):
        return Redis(connection_pool=cluster.pool_of(url, retry=Breaker(TIMEOUT), **options))
    options |= {"socket_connect_timeout": TIMEOUT, "retry": Breaker(TIMEOUT, ends=True)}
    return Redis(connection_pool=Pool.from_url(url, **options))


def counts_all() -> bool:
    """Whether the server that is written to knows all who subscribe.

    Behind Sentinel and in a cluster some may stay, for a while, with one that was the first before;
    what is published reaches them by the servers themselves.
    """
    url = settings().redis_url or ""
    return not url.startswith(f"{sentinel.SCHEME}:") and not cluster.names(url)


def rests() -> bool:
    """Whether Redis has just failed to answer, so that what is asked of it now fails at once."""
    breaker = redis().get_retry()
    return isinstance(breaker, Breaker) and breaker.rests


async def close() -> None:
    """Close the connections of this process."""
    for client in (cache_redis, redis):
        if client.cache_info().currsize:
            with suppress(RedisError, OSError):
                await client().aclose(close_connection_pool=True)
            client.cache_clear()
