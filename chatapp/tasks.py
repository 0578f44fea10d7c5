"""Tasks that last as long as the process, and their end for certain."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

logger = logging.getLogger(__name__)

AGAIN = 0.5
"""Seconds after which what has failed by a fault of ours begins again."""

INSIST = 0.1
"""After so many seconds a task that has not ended is cancelled again."""


async def end(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks and wait until they have ended.

    Again, if need be: what waits for Redis may swallow a cancellation that comes with a reply.
    """
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=INSIST)
    # What they raised was theirs to tell.
    await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def going_on(work: Callable[[], Awaitable[None]], name: str) -> AsyncIterator[None]:
    """Do what never ends (:func:`lasting`), in a task of that name, until the context ends."""
    task = asyncio.create_task(lasting(work), name=name)
    try:
        yield
    finally:
        await end(task)


async def lasting(work: Callable[[], Awaitable[None]]) -> None:
    """Do what never ends. A fault of ours is told and does not end it: it begins again.

    A process whose heartbeat, log or reader had ended unseen would look alive and serve nobody.
    """
    while True:
        try:
            await work()
        except Exception:
            logger.exception("What never ends has failed and begins again")
        await asyncio.sleep(AGAIN)
