"""Redis behind Sentinel: whoever is the master now is asked."""

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool

SCHEME = "redis+sentinel"
PORT = 26379


class MasterPool(SentinelConnectionPool, BlockingConnectionPool):
    """Connections to the master of a service; who wants one too many waits for it."""


def pool_of(url: str, *, timeout: float, **options: Any) -> MasterPool:
    """The pool of an address.

    Args:
        url: ``redis+sentinel://[user:password@]host[:port],host[:port],…/service[/database]``, and
            ``?sentinel_password=…`` if the Sentinels have one of their own.
        timeout: Seconds in which Redis and a Sentinel have to answer.
        options: What a connection pool takes.

    Raises:
        ValueError: no service or no Sentinel is named.
    """
    parts = urlsplit(url)
    credentials, _, hosts = parts.netloc.rpartition("@")
    user, _, password = credentials.partition(":")
    service, _, database = parts.path.strip("/").partition("/")
    sentinels = [_address(host) for host in hosts.split(",") if host]
    if not service or not sentinels:
        raise ValueError("must name Sentinels and a service: redis+sentinel://host:26379/service")
    timeouts = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    (own_password,) = parse_qs(parts.query).get("sentinel_password", [None])
    return MasterPool(
        service,
        Sentinel(sentinels, sentinel_kwargs={**timeouts, "password": own_password}),
        db=int(database or 0),
        username=unquote(user) or None,
        password=unquote(password) or None,
        timeout=timeout,
        **timeouts,
        **options,
    )


def _address(host: str) -> tuple[str, int]:
    name, colon, port = host.rpartition(":")
    # An IPv6 address without a port ends in a bracket.
    if not colon or host.endswith("]"):
        name, port = host, str(PORT)
    return name.strip("[]"), int(port)
