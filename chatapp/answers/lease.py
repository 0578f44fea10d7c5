"""How a process says that it lives, so that others know whose answers to take over."""

import logging

from redis.exceptions import RedisError

from chatapp.redis import redis, tagged

logger = logging.getLogger(__name__)

BEAT = 1.0
"""How often a process says that it lives, in seconds."""

LEASE = 2.5
"""After so many silent seconds a process counts as dead, if it still does a beat later."""


async def beat(process: str) -> bool:
    """Say that a process lives. False: it counted as dead meanwhile."""
    before = await redis().set(_key(process), b"1", px=int(LEASE * 1000), get=True)
    return before is not None


async def lives(process: str) -> bool:
    """Whether a process has said so lately."""
    return bool(process) and bool(await redis().exists(_key(process)))


async def leave(process: str) -> None:
    """Say that a process is no more."""
    try:
        await redis().delete(_key(process))
    except (RedisError, OSError) as error:
        logger.warning("Redis was not told of the end: %s", type(error).__name__)


def _key(process: str) -> str:
    return tagged(f"runner:{process}:alive")
