"""What is kept to be given again, as Redis has it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis

from chatapp.answers.cache import Entry


async def entries(client: Redis) -> list[bytes]:
    """The keys of all answers that are kept."""
    return [name async for name in client.scan_iter("cache:*:entry")]


async def grow_old(client: Any, seconds: float) -> None:
    """Let so much time pass for all that is kept."""
    for name in await entries(client):
        entry = Entry.decode(await client.hget(name, "value"))
        older = replace(entry, at=entry.at - timedelta(seconds=seconds))
        fresh = int(await client.hget(name, "fresh")) - int(seconds * 1000)
        await client.hset(name, mapping={"value": older.encode(), "fresh": fresh})
