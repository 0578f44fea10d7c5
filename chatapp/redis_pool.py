"""Connections to Redis that cost a command little.

The library looks before every command whether something has come unasked by waiting a turn of the
loop for it, and it watches the clock while it writes and for every reply. What has come is seen
here without waiting; the clock is watched once a command (:class:`chatapp.breaker.Breaker`).
"""

from typing import Any

from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection


class Pool(BlockingConnectionPool):
    """Connections to one Redis; who wants one too many waits for it."""

    async def ensure_connection(self, connection: AbstractConnection) -> None:
        """Have it connected, and nothing in it that was meant for somebody before.

        Raises:
            redis.exceptions.ConnectionError, redis.exceptions.TimeoutError: it cannot be connected.
        """
        if not _is_quiet(connection):
            await super().ensure_connection(connection)


def _is_quiet(connection: AbstractConnection) -> bool:
    """Whether it is connected and nothing has come, not even its end."""
    if not connection.is_connected:
        return False
    # There is no other way to look at what has come.
    parser: Any = connection._parser
    stream: Any = parser._stream
    unread = stream is None or stream._buffer or stream.at_eof() or stream.exception()
    return not unread and not parser._reader.has_data()
