"""How much later than at the provider the first words come, with many questions at once."""

import asyncio
import statistics
from collections.abc import Sequence

from bench.asking import answer, ask_all, close_all, open_all, order, requests_by_question
from bench.subject import Subject, Tab, Turn
from bench.table import Result, Row

TABS = 25
ROUNDS = 3
WORDS, RATE = 40, 50
PROVIDER_DELAY = 0.3
"""How long the provider thinks, in seconds."""
BAR = 150.0
WAYS = {"at once, asked within a second": 1.0, "at once, asked in the same instant": 0.0}
"""In how many seconds the questions of a round are asked. The answers come at the same time."""
BARS = {"at once, asked within a second": BAR}
"""The same instant is no way in which people ask: it shows what a question costs, one after the
other, and has the naive app beside it."""


async def measure(product: Subject, naive: Subject) -> Result:
    result = Result()
    mine, theirs = await _added(product, result), await _added(naive, result)
    for way in WAYS:
        what = f"first words after the provider's, {TABS} questions {way}"
        for label, percent, bar in (("p50", 50, None), ("p95", 95, BARS.get(way))):
            values = [_percentile(added[way], percent) for added in (mine, theirs)]
            result.rows.append(Row(f"{what}, {label}", values[0], values[1], bar, "ms"))
    return result


async def _added(subject: Subject, result: Result) -> dict[str, list[float]]:
    """Milliseconds per question, over what the provider itself took."""
    await subject.provider.reset()
    await subject.provide(first_token_delay=PROVIDER_DELAY)
    tabs = await open_all(subject, TABS)
    await ask_all(tabs, WORDS, RATE)  # what is built at the first use is not measured
    added: dict[str, list[float]] = {}
    for way, seconds in WAYS.items():
        turns: list[Turn] = []
        for _ in range(ROUNDS):
            turns += await _ask_within(seconds, tabs)
        result.wrong += await subject.wrong(turns, answer(WORDS))
        requests = await requests_by_question(subject)
        added[way] = []
        for turn in turns:
            request = requests.get(turn.question)
            provider = request["sent"][0] - request["at"] if request else 0.0
            added[way].append((turn.wait_for_words - provider) * 1000)
    await close_all(tabs)
    return added


async def _ask_within(seconds: float, tabs: Sequence[Tab]) -> list[Turn]:
    turns = []
    for tab in tabs:
        turns.append(tab.ask(order(WORDS, RATE)))
        if seconds:
            await asyncio.sleep(seconds / len(tabs))
    return list(await asyncio.gather(*(turn.wait() for turn in turns)))


def _percentile(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
