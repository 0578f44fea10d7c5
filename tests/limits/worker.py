"""A process of its own that asks and ends answers at random; tests start several on one Redis.

It says how often it was admitted and denied as JSON (:mod:`tests.harness.worker`).
"""

import asyncio
import json
import random
import sys
from collections import Counter
from typing import Any
from uuid import UUID

from chatapp import database, redis
from chatapp.database import new_id
from chatapp.limits import books, policy
from chatapp.limits.books import Admitted
from chatapp.limits.service import Limiter, OverLimit
from tests.limits.world import ends


class Crowd:
    """People who ask all at once, and whose answers end in every way."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._dice = random.Random(order["seed"])
        self._people = [UUID(name) for name in order["people"]]
        self._left: int = order["count"]
        self._limiter = Limiter()
        self.seen: Counter[str] = Counter()

    async def one(self) -> None:
        """Ask again and again."""
        while self._left > 0:
            self._left -= 1
            who, client_id = self._dice.choice(self._people), new_id()
            try:
                admitted = await self._limiter.admit(who, new_id(), 5, client_id)
                if self._dice.random() < 0.2:
                    self._left -= 1
                    again = await self._limiter.admit(who, new_id(), 5, client_id)
                    assert again is None, "charged twice"
            except OverLimit as over:
                self.seen[over.denied.limit] += 1
                await asyncio.sleep(0)
                continue
            assert admitted
            self.seen["admitted"] += 1
            await self._end(admitted, client_id)

    async def _end(self, admitted: Admitted, client_id: UUID) -> None:
        await asyncio.sleep(self._dice.random() / 50)
        self._left -= 1
        way = self._dice.random()
        if way < 0.3:
            await self._limiter.give_back(admitted, client_id)
        elif way < 0.6:
            await ends(self._limiter, admitted, 7, charged=False, member="groq/failed")
        else:
            await ends(self._limiter, admitted, 7, member="groq/llama")

    async def run(self, at_once: int) -> None:
        """Ask with so many at once until all is asked."""
        async with self._limiter.keeping():
            await asyncio.gather(*(self.one() for _ in range(at_once)))


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    books.LEASE = order["lease"]
    await policy.load()
    crowd = Crowd(order)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    await crowd.run(order["at_once"])
    print(json.dumps(crowd.seen), flush=True)
    await redis.close()
    await database.close()


if __name__ == "__main__":
    asyncio.run(main())
