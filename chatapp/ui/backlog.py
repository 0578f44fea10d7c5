"""What waits to be sent to a tab: bounded, so that a slow reader costs little and delays nobody."""

import asyncio
from typing import Any

from reflex_base.event.context import EventContext
from reflex_base.registry import RegistrationContext

MOST = 16
"""So many packets may wait for a tab before its follower waits too."""


def is_open() -> bool:
    """Whether the tab whose event is handled is still there."""
    return _socket() is not None


async def has_room() -> None:
    """Wait until the tab whose event is handled takes in what it was sent.

    A tab that never does is dropped by the heartbeat of its socket, which cancels its follower.
    """
    line = _line()
    if line is not None and line.qsize() > MOST:
        await line.join()


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
