"""How soon a kept answer is there, and how many calls of a model it saves on a mix of questions."""

import asyncio
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.asking import answer, close_all, open_all, order
from bench.subject import Subject, Tab, Turn
from bench.table import Result, Row

TABS = 60
"""Half of them ask what is kept, the others what nobody has asked, in turn."""
PAUSE = 0.3
"""Between two questions, in seconds."""
WORDS = 40
PROVIDER_DELAY = 0.3
"""How long the provider thinks, in seconds."""
BAR = 150.0
AT_ONCE = 10
"""How many of a mix ask at the same time."""


@dataclass(frozen=True)
class Mix:
    """Questions as people may ask them. Follow-ups have a history and are never everybody's."""

    name: str
    topics: int
    exponent: float
    """Of Zipf's law: the question at rank r is asked as often as 1 / r to its power."""
    count: int = 150
    first_turns: float = 0.6
    """The share of questions that begin a chat."""

    def __str__(self) -> str:
        turns = f"{self.first_turns:.0%} first turns"
        return f"{self.name} ({turns}, {self.topics:,} topics, Zipf {self.exponent})"

    def drawn(self) -> list[int | None]:
        """The topics in the order of asking; None: a follow-up. The same in every run."""
        chance = random.Random(1)
        ranks = range(1, self.topics + 1)
        topics = chance.choices(ranks, [rank**-self.exponent for rank in ranks], k=self.count)
        first = (chance.random() < self.first_turns for _ in topics)
        return [topic if new else None for topic, new in zip(topics, first, strict=True)]


MIXES = (Mix("a help desk", 200, 1.0), Mix("free talk", 5_000, 0.8))


async def measure(product: Subject, naive: Subject) -> Result:
    result = Result()
    await product.provider.reset()
    for subject in (product, naive):
        await subject.provide(first_token_delay=PROVIDER_DELAY)
    kept, new = await _first_words(product, result)
    theirs, theirs_new = await _first_words(naive, result)
    asked = f"… of one that a model is asked for, which thinks {PROVIDER_DELAY * 1000:.0f} ms"
    for label, percent, bar in (("p50", 50, None), ("p95", 95, BAR)):
        for what, mine, others, limit in (
            ("first words of an answer that is kept", kept, theirs, bar),
            (asked, new, theirs_new, None),
        ):
            values = [_percentile(waits, percent) for waits in (mine, others)]
            result.rows.append(Row(f"{what}, {label}", values[0], values[1], limit, "ms"))
    for mix in MIXES:
        mine = await _calls(product, mix, result)
        others = await _calls(naive, mix, result)
        result.rows.append(Row(f"calls of a model for {mix.count} questions, {mix}", mine, others))
    return result


async def _first_words(subject: Subject, result: Result) -> tuple[list[float], list[float]]:
    """Milliseconds to the first words of answers that are kept, and of others, in turn."""
    known = order(WORDS)
    (tab,) = await open_all(subject, 1)
    await tab.ask(known).wait()
    await close_all([tab])
    tabs = await open_all(subject, TABS)
    turns: list[Turn] = []
    for number, tab in enumerate(tabs):
        turns.append(tab.ask(order(WORDS) if number % 2 else known))
        await asyncio.sleep(PAUSE)
    await asyncio.gather(*(turn.wait() for turn in turns))
    result.wrong += await subject.wrong(turns, answer(WORDS))
    await close_all(tabs)
    waits = [turn.wait_for_words * 1000 for turn in turns]
    return waits[::2], waits[1::2]


async def _calls(subject: Subject, mix: Mix, result: Result) -> int:
    """How often the provider is called for a mix."""
    before = len(await subject.provider.requests())
    places = asyncio.Semaphore(AT_ONCE)
    tabs: list[Tab] = []
    free: list[Tab] = []

    async def ask(topic: int | None) -> Turn:
        async with places:
            if topic is None and free:
                tab, question = free.pop(0), order(WORDS)
            else:
                (tab,) = await open_all(subject, 1)
                tabs.append(tab)
                question = f"{mix.name}, topic {topic or 1}: [[say {WORDS} words]]"
            turn = await tab.ask(question).wait()
            free.append(tab)
            return turn

    turns = await asyncio.gather(*(ask(topic) for topic in mix.drawn()))
    result.wrong += await subject.wrong(list(turns), answer(WORDS))
    await close_all(tabs)
    return len(await subject.provider.requests()) - before


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
