"""What is cleared away by the clock."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError

from chatapp.accounts import links, own_keys, sessions
from chatapp.agents import editing as agents
from chatapp.agents import pictures
from chatapp.agents.tools import service as tools
from chatapp.answers import kept
from chatapp.chats import service as chats
from chatapp.history import counting, quality
from chatapp.limits import upkeep
from chatapp.pool import changes
from chatapp.tasks import going_on

logger = logging.getLogger(__name__)

EVERY = 3600.0
"""How often each process looks for what has had its time, in seconds."""

JOBS = (
    kept.sweep,
    chats.purge,
    agents.purge,
    pictures.purge,
    sessions.purge,
    links.purge,
    own_keys.reseal,
    tools.reseal,
    changes.reseal,
    upkeep.sum_up,
    upkeep.purge,
    counting.purge,
    quality.feed,
)


@asynccontextmanager
async def housekeeping() -> AsyncIterator[None]:
    """Clear away until the context ends, beginning at once."""
    async with going_on(_for_ever, "housekeeping"):
        yield


async def _for_ever() -> None:
    while True:
        for job in JOBS:
            try:
                await job()
            except SQLAlchemyError as error:
                logger.warning("%s has to wait: %s", job.__module__, type(error).__name__)
        await asyncio.sleep(EVERY)
