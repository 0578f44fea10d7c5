"""What is asked of each subject. It runs in the subject's own process and knows no library.

An order comes as a line of JSON, what was found goes back as one.
"""

import asyncio
import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import Any

Said = tuple[str, float]
"""The text of an answer, and the seconds to its first word."""

Ask = Callable[[str], Awaitable[Said]]
Urls = dict[str, str]
"""The base URL of each provider."""

WARM = 15


class Subject(ABC):
    """Something that spreads questions over providers."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        """Set at the next first word of any answer."""

    @abstractmethod
    def spread(self, urls: Urls, patience: float) -> Ask:
        """Ask these providers, as it does by its own means."""

    @abstractmethod
    def alone(self, urls: Urls, patience: float) -> Ask:
        """Ask the first of them by the client that it uses, and nothing else."""

    def note(self, began: float, first: float | None) -> float:
        """The seconds to the first word, which is now or was before."""
        self.begun.set()
        return time.perf_counter() - began if first is None else first


async def added(subject: Subject, order: dict[str, Any]) -> dict[str, float]:
    """The milliseconds to the first word, and how many more than with the client alone.

    The two are asked in turn, so that both have the same machine.
    """
    ways = [make(order["urls"], 20) for make in (subject.alone, subject.spread)]
    times: list[list[float]] = [[], []]
    for number in range(WARM + order["count"]):
        for ask, found in zip(ways, times, strict=True):
            _, first = await ask("[[say 1 words]]")
            if number >= WARM:
                found.append(first * 1000)
    for found in times:
        found.sort()
    half, most = order["count"] // 2, int(order["count"] * 0.95)
    alone, spread = times
    return {
        "p50": spread[half] - alone[half],
        "p95": spread[most] - alone[most],
        "first_p50": spread[half],
        "first_p95": spread[most],
        "alone_p50": alone[half],
        "alone_p95": alone[most],
    }


async def cpu(subject: Subject, order: dict[str, Any]) -> float:
    """Milliseconds of this process for an answer, with many at once."""
    make = subject.alone if order["alone"] else subject.spread
    ask, words = make(order["urls"], 60), order["words"]
    await ask("[[say 5 words]]")
    before = time.process_time()
    question = f"[[say {words} words at {order['rate']}/s]]"
    answers = await asyncio.gather(*(ask(question) for _ in range(order["streams"])))
    used = time.process_time() - before
    assert all(len(text.split()) == words for text, _ in answers)
    return used * 1000 / order["streams"]


async def lost(subject: Subject, order: dict[str, Any]) -> int:
    """How many questions were not answered, or not with the right text."""
    ask, left, wrong = subject.spread(order["urls"], order["patience"]), order["count"], 0

    async def one() -> None:
        nonlocal left, wrong
        while left > 0:
            left -= 1
            try:
                text, _ = await ask(order["question"])
            except Exception:
                text = ""
            wrong += text != order["expected"]

    await asyncio.gather(*(one() for _ in range(order["at_once"])))
    return wrong


async def insist(subject: Subject, order: dict[str, Any]) -> int:
    """Ask a few questions, one by one, then for some seconds many at once; how often in all."""
    ask, count = subject.spread(order["urls"], 10), 0

    async def one(until: float) -> None:
        nonlocal count
        while True:
            count += 1
            try:
                await ask("[[say 2 words]]")
            except Exception:
                await asyncio.sleep(0.05)
            if time.monotonic() >= until:
                return

    for _ in range(order["first"]):
        await one(0)
    until = time.monotonic() + order["seconds"]
    await asyncio.gather(*(one(until) for _ in range(order["at_once"])))
    return count


async def stop(subject: Subject, order: dict[str, Any]) -> list[float]:
    """When, by the machine's clock, each of some answers was stopped after its first word."""
    ask, moments = subject.spread(order["urls"], 20), []
    for _ in range(order["count"]):
        subject.begun.clear()
        asking = asyncio.ensure_future(ask("[[say 10000 words at 50/s]]"))
        await asyncio.wait_for(subject.begun.wait(), 20)
        moments.append(time.monotonic())
        asking.cancel()
        await asyncio.wait([asking])
        await asyncio.sleep(0.2)
    return moments


TASKS = {task.__name__: task for task in (added, cpu, lost, insist, stop)}


async def serve(subject: Subject) -> None:
    """Carry out orders until there are no more."""
    print("ready", flush=True)
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        try:
            found = {"found": await TASKS[order["task"]](subject, order)}
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"[:300]}
        print(json.dumps(found), flush=True)


def run(make: Callable[[], Subject]) -> None:
    """Be the process of a subject."""
    try:
        import uvloop
    except ImportError:
        start = asyncio.run
    else:
        start = uvloop.run

    async def main() -> None:
        await serve(make())

    start(main())
