"""Whether a question in a long chat takes longer than one in a short chat."""

import asyncio
import statistics

from bench import cpu
from bench.asking import answer, ask_all
from bench.subject import Subject
from bench.table import Result, Row

SHORT, LONG = 10, 1_000
CHATS = 20
WORDS = 5
BAR = 1.2


async def measure(product: Subject, naive: Subject) -> Result:
    result = Result()
    mine, theirs = await _costs(product, result), await _costs(naive, result)
    names = ("time to the first words", "CPU of a question")
    for name, my, their in zip(names, mine, theirs, strict=True):
        result.rows += [
            Row(f"{name}, chat of {SHORT}", my[0], their[0], unit="ms"),
            Row(f"{name}, chat of {LONG:,}", my[1], their[1], unit="ms"),
            Row(f"{name}, chat of {LONG:,} to {SHORT}", my[1] / my[0], their[1] / their[0], BAR),
        ]
    return result


async def _costs(subject: Subject, result: Result) -> list[list[float]]:
    """The median milliseconds in short and in long chats: of waiting, of the processor."""
    await subject.provider.reset()
    await subject.provide()
    waited: dict[int, list[float]] = {SHORT: [], LONG: []}
    used: dict[int, list[float]] = {SHORT: [], LONG: []}
    for number in range(CHATS + 1):
        for size in (SHORT, LONG):
            tab = await subject.open_tab(size)
            await asyncio.sleep(0.1)  # opening is not asking
            before = cpu.used(subject.pid)
            turns = await ask_all([tab], WORDS)
            await asyncio.sleep(0.1)
            spent = cpu.used(subject.pid) - before
            result.wrong += await subject.wrong(turns, answer(WORDS))
            await tab.close()
            if number:  # what is built at the first use is not measured
                waited[size].append(turns[0].wait_for_words * 1000)
                used[size].append(spent * 1000)
    return [[statistics.median(found[size]) for size in (SHORT, LONG)] for found in (waited, used)]
