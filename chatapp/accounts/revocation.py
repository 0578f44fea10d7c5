"""The end of sessions, told to all processes, so that each closes the sockets it holds."""

import logging
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from uuid import UUID

from chatapp.accounts import repository
from chatapp.accounts.sockets import sockets
from chatapp.broadcast import listening, tell
from chatapp.database import now, reading

logger = logging.getLogger(__name__)

CHANNEL = "chatapp:accounts:ended"


async def publish(ended: Sequence[UUID]) -> None:
    """Close the sockets of sessions that have ended, here at once and in all other processes."""
    if not ended:
        return
    await sockets.close(ended)
    await tell(CHANNEL, " ".join(str(session_id) for session_id in ended))


async def sweep() -> None:
    """Close the sockets whose session is over: expired, or ended while nobody could tell us."""
    open_now = sockets.sessions()
    for start in range(0, len(open_now), 500):
        part = open_now[start : start + 500]
        async with reading() as session:
            living = await repository.living(session, part, now())
        await sockets.close(set(part) - living)


async def _heard(message: bytes) -> None:
    try:
        ended = [UUID(part) for part in message.decode().split()]
    except ValueError:
        logger.warning("An unreadable message about ended sessions was ignored")
        return
    await sockets.close(ended)


def revocations() -> AbstractAsyncContextManager[None]:
    """Close the sockets of sessions that end, wherever they end, for as long as this is open."""
    return listening(CHANNEL, _heard, sweep)
