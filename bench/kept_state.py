"""What is kept in Redis for a tab with a long chat in it; Reflex's pickles are strings."""

import asyncio

from redis.asyncio import Redis

from bench.subject import Subject
from bench.table import Result, Row

MESSAGES = 200
BAR = 4.0
SETTLE = 1.0
"""Seconds after which a tab's locks are given back and its state is written."""


async def measure(product: Subject, naive: Subject) -> Result:
    mine, theirs = await _kept(product), await _kept(naive)
    what = f"kept in Redis for a tab with {MESSAGES} messages"
    return Result(
        [
            Row(f"{what}: pickles", mine[0], theirs[0], BAR, "KB"),
            Row(f"{what}: Redis' memory", mine[1], theirs[1], BAR, "KB"),
        ]
    )


async def _kept(subject: Subject) -> tuple[float, float]:
    """KB of the values, and of the memory that Redis uses for them and their names."""
    client = Redis.from_url(subject.redis_url)
    before = set(await client.keys())
    tab = await subject.open_tab(MESSAGES)
    await asyncio.sleep(SETTLE)
    added = sorted(set(await client.keys()) - before)
    length = memory = 0
    for key in added:
        if await client.type(key) == b"string":
            length += await client.strlen(key)
        memory += await client.memory_usage(key) or 0
    await tab.close()
    await client.aclose()
    return length / 1024, memory / 1024
