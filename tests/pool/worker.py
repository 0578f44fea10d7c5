"""A process of its own that asks the pool; tests start several on one Redis.

It says what has come of it as JSON (:mod:`tests.harness.worker`).
"""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from langchain_core.messages import HumanMessage
from pydantic import SecretStr
from redis.asyncio import Redis

from chatapp.pool.admission import Admission
from chatapp.pool.config import Account, Member, PoolConfig
from chatapp.pool.errors import PoolError
from chatapp.pool.events import Done, Text
from chatapp.pool.leases import Ending, Lease, Timing
from chatapp.pool.model import PooledChatModel


def members(order: dict[str, Any]) -> tuple[Member, ...]:
    return tuple(
        Member(
            "fast",
            Account(name, limits.pop("provider", name), SecretStr("k"), limits.pop("url", None)),
            limits.pop("model", name),
            **limits,
        )
        for name, limits in order["members"].items()
    )


async def turns(books: Admission, who: tuple[Member, ...], order: dict[str, Any]) -> Any:
    """Be admitted and settle, so many times; who was chosen how often."""
    chosen: Counter[str] = Counter()
    for _ in range(order["count"]):
        lease = await books.admit("fast", who)
        assert isinstance(lease, Lease)
        await books.settle(lease, Ending("ok", spoke=True))
        chosen[lease.member.model] += 1
    return chosen


async def grab(books: Admission, who: tuple[Member, ...], order: dict[str, Any]) -> int:
    """Ask to be admitted so many times and give nothing back; how often it was granted."""
    replies = [await books.admit("fast", who) for _ in range(order["count"])]
    return sum(isinstance(reply, Lease) for reply in replies)


def pool_of(books: Admission, who: tuple[Member, ...], order: dict[str, Any]) -> PooledChatModel:
    config = PoolConfig(tuple(member.account for member in who), who)
    pool = PooledChatModel.model_validate({"config": config, **order.get("options", {})})
    pool._admission = books
    return pool


async def answers(books: Admission, who: tuple[Member, ...], order: dict[str, Any]) -> Any:
    """Ask so many questions at once, and again until there were ``count``."""
    pool = pool_of(books, who, order)
    left = order.get("count", order["at_once"])
    seen: Counter[str] = Counter()
    errors: Counter[str] = Counter()

    async def one() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            text = ""
            try:
                async for event in pool.answer([HumanMessage(order["question"])]):
                    if isinstance(event, Text):
                        text += event.text
                    elif isinstance(event, Done):
                        assert text == order["expected"], text
                        seen[event.attempt.member] += 1
                        errors.update(a.error for a in event.attempts if a.error)
            except PoolError as error:
                errors.update(a.error for a in error.attempts)
                errors[type(error).__name__] += 1

    await asyncio.gather(*(one() for _ in range(order["at_once"])))
    await pool.aclose()
    return {"answered": seen, "errors": errors}


TASKS: dict[str, Callable[..., Awaitable[Any]]] = {
    "turns": turns,
    "grab": grab,
    "answers": answers,
}


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    client = Redis.from_url(order["redis"])
    books = Admission(lambda: client, Timing(**order.get("timing", {})))
    who = members(order)
    if order["task"] == "answers":  # what is slow at first must not be part of the test
        warm = pool_of(Admission(lambda: client), who, order)
        await warm.open()
        await warm.aclose()
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(json.dumps(await TASKS[order["task"]](books, who, order)), flush=True)
    await books.aclose()
    await client.aclose()


if __name__ == "__main__":
    asyncio.run(main())
