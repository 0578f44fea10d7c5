"""Redis Cluster: what a client keeps has one tag and so lies in one slot, which one node has.

On that node everything works as on a Redis of its own: pipelines, scripts, streams and Pub/Sub.
Only where it is has to be asked: when a connection is made, and again when the node is lost or says
that the slot has left.
"""

import asyncio
from collections.abc import Mapping, Sequence
from functools import cache
from time import monotonic
from typing import Any
from urllib.parse import unquote, urlsplit

from redis.asyncio import BlockingConnectionPool, Connection, SSLConnection
from redis.asyncio.connection import parse_url
from redis.crc import key_slot
from redis.exceptions import (
    AskError,
    ClusterDownError,
    MasterDownError,
    MovedError,
    ReadOnlyError,
    RedisError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as Unreachable

from chatapp.breaker import Elsewhere

SCHEMES = ("redis+cluster", "rediss+cluster")
PORT = 6379
TAG = "chatapp"

PATIENCE = 0.5
"""Seconds in which a node has to say who has a slot."""

GOSSIP = 2.0
"""Seconds in which all nodes learn that a slot has moved: so long the one who knew is believed."""

Address = tuple[str, int]


class Shard:
    """The node that has the slot of a tag, as far as is known."""

    def __init__(
        self,
        tag: str,
        seeds: Sequence[Address],
        kind: type[Connection] = Connection,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.slot = key_slot(f"{{{tag}}}".encode())
        self.at: Address | None = None
        """To which node the last connection was made."""
        self._told: tuple[Address, float] | None = None
        """Who was named by the node that the slot has left, and until when that is believed."""
        self._seeds = tuple(seeds)
        self._nodes = dict.fromkeys(self._seeds)
        """Who is asked, in this order."""
        self._kind = kind
        self._options = dict(options or {})

    async def find(self) -> Address:
        """Ask the nodes, one after the other, who has the slot now.

        Raises:
            redis.exceptions.ConnectionError: none of them knows.
        """
        if self._told and monotonic() < self._told[1]:
            return self._told[0]
        problem: Exception | None = None
        for node in tuple(self._nodes):
            # Nobody is asked twice in a row: one that is cut off believes in what was.
            self._nodes.pop(node, None)
            self._nodes[node] = None
            try:
                ranges = await self._ask(node)
            except (RedisError, OSError) as error:
                problem = error
                continue
            for first, last, *members in ranges:
                if first <= self.slot <= last:
                    self._learn({_address(m, node) for _, _, *all_ in ranges for m in all_})
                    return _address(members[0], node)
        why = f": {problem}" if problem else ""
        raise Unreachable(
            f"No node of the cluster knows who has slot {self.slot}{why}"
        ) from problem

    def leave(self, told: Address | None = None) -> None:
        """The node has the slot no more; ``told``: whom it has named."""
        self.at = None
        self._told = (told, monotonic() + GOSSIP) if told else None

    def _learn(self, known: set[Address]) -> None:
        now = [node for node in self._nodes if node in known or node in self._seeds]
        self._nodes = dict.fromkeys([*now, *known])

    async def _ask(self, node: Address) -> Any:
        host, port = node
        connection = self._kind(host=host, port=port, **self._options)
        try:
            async with asyncio.timeout(PATIENCE):
                await connection.connect()
                await connection.send_command("CLUSTER", "SLOTS")
                return await connection.read_response()
        finally:
            await connection.disconnect(nowait=True)


class ShardConnection(Connection):
    """A connection to the node that has a slot."""

    def __init__(self, *, shard: Shard, **options: Any) -> None:
        self._shard = shard
        self._settled = False
        super().__init__(**options)

    @property
    def _stray(self) -> bool:
        """Whether the slot is meanwhile elsewhere."""
        there = self.is_connected and self._settled
        return there and (self.host, self.port) != self._shard.at

    async def connect_check_health(
        self, check_health: bool = True, retry_socket_connect: bool = True
    ) -> None:
        """Connect to the node that has the slot, unless this is connected."""
        if self.is_connected:
            return
        self._settled = False
        self.host, self.port = await self._shard.find()
        await super().connect_check_health(check_health, retry_socket_connect)
        self._shard.at, self._settled = (self.host, self.port), True

    async def can_read_destructive(self) -> bool:
        """Whether there is something to read, which a pool asks of what it hands out.

        Raises:
            redis.exceptions.ConnectionError: the slot is elsewhere; a pool connects anew.
        """
        if self._stray:
            raise Elsewhere("The slot has left this node")
        return await super().can_read_destructive()

    async def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """Send a command.

        Raises:
            redis.exceptions.ConnectionError: the slot is elsewhere; nothing was sent.
        """
        if self._stray:
            # Who only listens is told as well: a node that is cut off hears nothing of the others.
            await self.disconnect(nowait=True)
            raise Elsewhere("The slot has left this node")
        await super().send_packed_command(command, check_health)

    async def read_response(self, *args: Any, **options: Any) -> Any:
        """Read a reply.

        Raises:
            redis.exceptions.ConnectionError: the slot is elsewhere, or on its way.
        """
        try:
            return await super().read_response(*args, **options)
        except MovedError as error:
            self._shard.leave((error.host or self.host, error.port))
            await self.disconnect(nowait=True)
            raise Elsewhere(f"The cluster says: {error}") from error
        except (ClusterDownError, MasterDownError, ReadOnlyError) as error:
            self._shard.leave()
            await self._give_up(error)
        except (AskError, TryAgainError) as error:
            # It is here in part: whoever goes on when it is whole has lost nothing.
            await self._give_up(error)

    async def _give_up(self, error: RedisError) -> None:
        # What else was asked in the same go has not been read.
        await self.disconnect(nowait=True)
        raise Unreachable(f"The cluster says: {error}") from error


class SecretShardConnection(ShardConnection, SSLConnection):
    """The same, with TLS."""


def pool_of(url: str, *, timeout: float, **options: Any) -> BlockingConnectionPool:
    """The pool of an address.

    Args:
        url: ``redis+cluster://[user:password@]host[:port],host[:port],…[/tag]``, or
            ``rediss+cluster://…`` with TLS; behind ``?`` what redis-py knows, as
            ``ssl_ca_certs=…``.
        timeout: Seconds in which Redis has to answer.
        options: What a connection pool takes.

    Raises:
        ValueError: no node is named, or a part has a wrong form.
    """
    parts = urlsplit(url)
    credentials, at, hosts = parts.netloc.rpartition("@")
    seeds = [_seed(host) for host in hosts.split(",") if host]
    if not seeds:
        raise ValueError("must name nodes: redis+cluster://host:6379,host:6379")
    scheme = parts.scheme.removesuffix("+cluster")
    told: dict[str, Any] = dict(parse_url(f"{scheme}://{credentials}{at}node?{parts.query}"))
    told.pop("host")
    secret = told.pop("connection_class", Connection) is SSLConnection
    told |= {"socket_timeout": timeout, "socket_connect_timeout": timeout}
    shard = Shard(tag_of(url), seeds, SSLConnection if secret else Connection, told)
    return BlockingConnectionPool(
        connection_class=SecretShardConnection if secret else ShardConnection,
        shard=shard,
        timeout=timeout,
        **told,
        **options,
    )


def names(url: str | None) -> bool:
    """Whether this is the address of a cluster."""
    return bool(url) and urlsplit(url).scheme in SCHEMES


@cache
def prefix(url: str | None) -> str:
    """What all keys begin with at this address: a tag on a cluster, else nothing."""
    return f"{{{tag_of(url)}}}:" if url and names(url) else ""


def tag_of(url: str) -> str:
    """The tag that an address names, or the usual one.

    Raises:
        ValueError: the tag has a brace, which ends it.
    """
    tag = unquote(urlsplit(url).path.strip("/")) or TAG
    if "{" in tag or "}" in tag:
        raise ValueError("must name a tag without braces")
    return tag


def _seed(host: str) -> Address:
    name, colon, port = host.rpartition(":")
    # An IPv6 address without a port ends in a bracket.
    if not colon or host.endswith("]"):
        name, port = host, str(PORT)
    return name.strip("[]"), int(port)


def _address(member: Sequence[Any], asked: Address) -> Address:
    """Of a node in a reply; one that does not know its own name is the one who was asked."""
    name, port = member[:2]
    host = name.decode() if isinstance(name, bytes) else name
    return (host if host and host != "?" else asked[0]), int(port)
