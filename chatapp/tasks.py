"""Ending tasks for certain."""

import asyncio
from typing import Any

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
