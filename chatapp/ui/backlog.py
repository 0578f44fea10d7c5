"""What waits to be sent to a tab: bounded, so that a slow reader costs little and delays nobody."""

import asyncio
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext

MOST = 16
"""So many packets may wait for a tab before its follower waits too."""

LARGEST = 128 * 1024
"""So many characters may, in however few packets."""

TOGETHER = 160
"""The most values in one packet: pieces of a long text that has come meanwhile are many."""


def portions(values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Values in their order, so few at a time that a packet of them is not large."""
    if len(values) <= TOGETHER:
        yield values
        return
    rest = iter(values.items())
    while some := dict(islice(rest, TOGETHER)):
        yield some


def is_open() -> bool:
    """Whether the tab whose event is handled is still there."""
    return _socket() is not None


async def has_room() -> None:
    """Wait until the tab whose event is handled takes in what it was sent.

    So the newest is all that it is sent then. One that never does is cut (:mod:`chatapp.serve`).
    """
    line = _line()
    if line is not None and (line.qsize() > MOST or _size(line) > LARGEST):
        await line.join()


def _size(line: asyncio.Queue[Any]) -> int:
    # There is no other way to look into a queue.
    packets = line._queue  # type: ignore[attr-defined]
    return sum(len(packet.data or "") for packet in packets if packet)


def _namespace() -> Any:
    return RegistrationContext.get().app.event_namespace


def _socket() -> Any:
    return _namespace()._token_manager.token_to_socket.get(EventContext.get().token)


def _line() -> asyncio.Queue[Any] | None:
    namespace, socket = _namespace(), _socket()
    if socket is None:
        return None
    server = namespace.server
    name = server.manager.eio_sid_from_sid(socket.sid, namespace.namespace)
    connection = server.eio.sockets.get(name)
    return connection.queue if connection else None
