"""What is kept to be given again, as Redis has it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from chatapp.answers.cache import Entry
from chatapp.answers.process import Process
from chatapp.answers.queueing import Asked
from chatapp.redis import cache_redis
from tests.answers.world import ask, finished

QUESTION = "please [[say 7 words]]"


async def answered(process: Process, who: UUID, text: str = QUESTION, **where: Any) -> Asked:
    """A question, and its answer to the end."""
    asked = await ask(process, who, text, **where)
    await finished(process)
    return asked


async def entries(client: Redis | None = None) -> list[bytes]:
    """The keys of all answers that are kept; by default by this process."""
    return [name async for name in (client or cache_redis()).scan_iter("cache:*:entry")]


async def grow_old(seconds: float, client: Any = None) -> None:
    """Let so much time pass for all that is kept; by default by this process."""
    client = client or cache_redis()
    for name in await entries(client):
        entry = Entry.decode(await client.hget(name, "value"))
        older = replace(entry, at=entry.at - timedelta(seconds=seconds))
        fresh = int(await client.hget(name, "fresh")) - int(seconds * 1000)
        await client.hset(name, mapping={"value": older.encode(), "fresh": fresh})
