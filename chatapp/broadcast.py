"""News for all processes: Redis Pub/Sub, and a sweep for what was said while none listened."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from chatapp.database import promptly
from chatapp.redis import redis
from chatapp.tasks import going_on

logger = logging.getLogger(__name__)

SWEEP_EVERY = 60.0
"""How often, in seconds, a listener looks at the truth itself besides."""

FIRST = 1.0
"""For so long, in seconds, a process that starts waits for its first look at the truth."""

RETRY = (0.5, 5.0)
"""The shortest and the longest pause, in seconds, before listening again."""

Heard = Callable[[bytes], Awaitable[None]]
Sweep = Callable[[], Awaitable[None]]


async def tell(channel: str, message: str) -> None:
    """Tell all processes. When Redis is away they learn of it at their next sweep."""
    try:
        await redis().publish(channel, message)
    except (RedisError, OSError) as error:
        logger.warning("Other processes hear later on %s: %s", channel, type(error).__name__)


async def _listen(channel: str, heard: Heard, sweep: Sweep) -> None:
    """Hear until the connection breaks."""
    async with redis().pubsub() as subscription:
        await subscription.subscribe(channel)
        await sweep()
        clock = asyncio.get_running_loop().time
        due = clock() + SWEEP_EVERY
        while True:
            # Shorter than the timeout of the connection, which would count as a failure.
            message = await subscription.get_message(timeout=1.0)
            if message is not None and message["type"] == "message":
                await heard(message["data"])
            if clock() >= due:
                await sweep()
                due = clock() + SWEEP_EVERY


async def _listen_for_ever(channel: str, heard: Heard, sweep: Sweep) -> None:
    pause = RETRY[0]
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await _listen(channel, heard, sweep)
        except (RedisError, OSError, SQLAlchemyError) as error:
            logger.warning("Listening on %s again soon: %s", channel, type(error).__name__)
            with suppress(SQLAlchemyError, OSError):
                await sweep()
        if asyncio.get_running_loop().time() - began > RETRY[1]:
            pause = RETRY[0]
        await asyncio.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - a pause
        pause = min(2 * pause, RETRY[1])


@asynccontextmanager
async def listening(channel: str, heard: Heard, sweep: Sweep) -> AsyncIterator[None]:
    """Hear what is told on a channel for as long as this is open. What holds is known by then.

    Args:
        channel: its name. Redis has one set of names for all its databases.
        heard: called with each message, one after the other.
        sweep: looks at the truth itself: before listening, when it begins or breaks, and now and
            then.
    """
    # Who listens says what is wrong, and looks again.
    with suppress(Exception):
        await promptly(sweep(), FIRST)
    hearing = partial(_listen_for_ever, channel, heard, sweep)
    async with going_on(hearing, f"hear-{channel}"):
        yield
