"""The end of sessions, told to all processes, so that each closes the sockets it holds."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from chatapp.accounts import repository
from chatapp.accounts.sockets import sockets
from chatapp.database import now, reading
from chatapp.redis import redis

logger = logging.getLogger(__name__)

CHANNEL = "chatapp:accounts:ended"
SWEEP_EVERY = 60.0
"""How often, in seconds, open sockets are checked against the database besides."""

RETRY = (0.5, 5.0)
"""The shortest and the longest pause, in seconds, before listening again."""


async def publish(ended: Sequence[UUID]) -> None:
    """Close the sockets of sessions that have ended, here at once and in all other processes."""
    if not ended:
        return
    await sockets.close(ended)
    try:
        await redis().publish(CHANNEL, " ".join(str(session_id) for session_id in ended))
    except (RedisError, OSError) as error:
        logger.warning("Other processes learn later of ended sessions: %s", type(error).__name__)


async def sweep() -> None:
    """Close the sockets whose session is over: expired, or ended while nobody could tell us."""
    open_now = sockets.sessions()
    for start in range(0, len(open_now), 500):
        part = open_now[start : start + 500]
        async with reading() as session:
            living = await repository.living(session, part, now())
        await sockets.close(set(part) - living)


async def _heard(message: dict[str, Any] | None) -> None:
    if message is None or message["type"] != "message":
        return
    try:
        ended = [UUID(part) for part in message["data"].decode().split()]
    except (ValueError, AttributeError):
        logger.warning("An unreadable message about ended sessions was ignored")
        return
    await sockets.close(ended)


async def _listen() -> None:
    """Hear of ended sessions until the connection breaks."""
    async with redis().pubsub() as channel:
        await channel.subscribe(CHANNEL)
        await sweep()
        clock = asyncio.get_running_loop().time
        due = clock() + SWEEP_EVERY
        while True:
            # Shorter than the timeout of the connection, which would count as a failure.
            await _heard(await channel.get_message(timeout=1.0))
            if clock() >= due:
                await sweep()
                due = clock() + SWEEP_EVERY


async def _listen_for_ever() -> None:
    pause = RETRY[0]
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await _listen()
        except (RedisError, OSError, SQLAlchemyError) as error:
            logger.warning("Listening for ended sessions again soon: %s", type(error).__name__)
            with suppress(SQLAlchemyError, OSError):
                await sweep()
        if asyncio.get_running_loop().time() - began > RETRY[1]:
            pause = RETRY[0]
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - a pause
        pause = min(2 * pause, RETRY[1])


@asynccontextmanager
async def revocations() -> AsyncIterator[None]:
    """Close the sockets of sessions that end, wherever they end, for as long as this is open."""
    task = asyncio.create_task(_listen_for_ever(), name="accounts-revocations")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
