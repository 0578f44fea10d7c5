"""What waits to be sent to a tab: bounded, so that a slow reader costs little and delays nobody."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any
from weakref import WeakValueDictionary

from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext

MOST = 16
"""So many packets may wait for a tab before its follower waits too."""

LARGEST = 128 * 1024
"""So many characters may, in however few packets."""

TOGETHER = 160
"""The most values in one packet: pieces of a long text that has come meanwhile are many."""

PACKET = 32 * 1024
"""The most characters in one packet, unless a single value has more."""


def portions(values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Values in their order, so few at a time that a packet of them is not large."""
    some: dict[str, Any] = {}
    size = 0
    for name, value in values.items():
        length = _length(value)
        if some and (len(some) == TOGETHER or size + length > PACKET):
            yield some
            some, size = {}, 0
        some[name] = value
        size += length
    yield some


def _length(value: Any) -> int:
    """Of the words in a value, in characters."""
    if isinstance(value, str):
        return len(value)
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return 0
    return sum(map(_length, value))


_turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
"""By the tokens of the tabs."""


def in_turn() -> asyncio.Lock:
    """Held by what reads much for the tab whose event is handled: only one of these waits."""
    return _turns.setdefault(EventContext.get().token, asyncio.Lock())


def is_open() -> bool:
    """Whether the tab whose event is handled is still there."""
    return _socket() is not None


async def has_room() -> None:
    """Wait until the tab whose event is handled takes in what it was sent.

    So the newest is all that it is sent then. One that never does is cut (:mod:`chatapp.serve`).
    """
    # Looked at again: others may have waited for the same room.
    while (line := _line()) is not None and (line.qsize() > MOST or _size(line) > LARGEST):
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
