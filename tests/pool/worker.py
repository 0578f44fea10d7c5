"""A process of its own that asks the pool; tests start several on one Redis.

It reads one JSON line that tells what to do, says ``ready``, waits for a line, works and prints
what has come of it as JSON.
"""

import asyncio
import json
import sys
import time
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


async def answers(books: Admission, who: tuple[Member, ...], order: dict[str, Any]) -> Any:
    """Ask so many questions at once, and again until the time is over."""
    accounts = tuple(member.account for member in who)
    config = PoolConfig(accounts, who)
    pool = PooledChatModel.model_validate({"config": config, **order.get("options", {})})
    pool._admission = books
    until = time.monotonic() + order.get("seconds", 0)
    seen: Counter[str] = Counter()
    errors: Counter[str] = Counter()

    async def one() -> None:
        while True:
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
            if time.monotonic() >= until:
                return

    await asyncio.gather(*(one() for _ in range(order["at_once"])))
    await pool.aclose()
    return {"answered": seen, "errors": errors}


TASKS: dict[str, Callable[..., Awaitable[Any]]] = {"turns": turns, "answers": answers}


async def main() -> None:
    order = json.loads(sys.stdin.readline())
    client = Redis.from_url(order["redis"])
    books = Admission(lambda: client, Timing(**order.get("timing", {})))
    who = members(order)
    print("ready", flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    print(json.dumps(await TASKS[order["task"]](books, who, order)), flush=True)
    await books.aclose()
    await client.aclose()


if __name__ == "__main__":
    asyncio.run(main())
