"""A process of its own to which people have tabs open; it writes down one minute of its history.

It is told the ``people`` and the ``moment``, and says ``done`` (:mod:`tests.harness.worker`).
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from uuid import UUID

from chatapp import database, redis
from chatapp.answers.events import channel
from chatapp.answers.process import answering
from chatapp.history.counting import Counting


async def main() -> None:
    """Do what the first line says."""
    order = json.loads(sys.stdin.readline())
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(answering())
        for person in order["people"]:
            for _tab in range(2):
                await stack.enter_async_context(here.hub.subscribed(channel(UUID(person))))
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        counted = Counting()
        # Once more is no more people.
        for _ in range(2):
            await counted.write(order["moment"])
        print("done", flush=True)
    await redis.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
