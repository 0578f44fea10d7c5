"""How a process says that it lives, so that others know whose answers to take over."""

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from uuid import uuid4

from redis.exceptions import RedisError

from chatapp.redis import redis, tagged
from chatapp.tasks import going_on

logger = logging.getLogger(__name__)

BEAT = 1.0
"""How often a process says that it lives, in seconds."""

LEASE = 2.5
"""After so many silent seconds a process counts as dead, if it still does a beat later."""


class Lease:
    """This process's sign of life, and what it may conclude from the silence of others."""

    def __init__(self) -> None:
        self.holder = uuid4().hex
        """The name of this process."""
        self.lapsed = False
        """Whether this process counted as dead, so that others may have taken over what is its."""
        self._heard_since: float | None = -math.inf
        """Since when Redis has known without a break that this process lives."""

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Say that this process lives until the context ends, and then that it is no more."""
        await self.renew(first=True)
        # Apart from all else: a database that hangs must not make this process look dead.
        try:
            async with going_on(self._beats, "heartbeat"):
                yield
        finally:
            await leave(self.holder)

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            await self.renew()

    async def renew(self, *, first: bool = False) -> None:
        """Say that this process lives. What comes of it is told by what this lease knows."""
        try:
            lived = await beat(self.holder)
        except (RedisError, OSError) as error:
            if self._heard_since is not None:
                logger.warning("Redis does not take the heartbeat: %s", type(error).__name__)
            self._heard_since = None
            return
        if self._heard_since is None or (not lived and not first):
            self._heard_since = monotonic()
        self.lapsed |= not lived and not first

    async def outlives(self, process: str) -> bool:
        """Whether another process is no more.

        Nobody is judged while Redis is away, and before all who live have had the time to say so
        again.
        """
        return self.can_judge() and not await lives(process)

    def can_judge(self) -> bool:
        """Whether a process that Redis does not know is no more."""
        return self._heard_since is not None and monotonic() - self._heard_since > LEASE + BEAT


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
