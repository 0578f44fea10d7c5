"""A process of its own to which people have tabs open; it writes down one minute of its history.

It is told the ``people`` and the ``moment``, and says ``done`` (:mod:`tests.harness.worker`).
"""

import asyncio
import json
import sys
from uuid import UUID

from chatapp import database, redis
from chatapp.accounts.sockets import sockets
from chatapp.answers.process import answering
from chatapp.database import new_id
from chatapp.history.counting import Counting


async def close(_code: int) -> None:
    """As each of their tabs is closed."""


async def main() -> None:
    """Do what the first line says."""
    order = json.loads(sys.stdin.readline())
    async with answering():
        for person in order["people"]:
            for _tab in range(2):
                assert sockets.add(new_id(), close, UUID(person))
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
