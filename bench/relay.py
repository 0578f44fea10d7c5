"""``python -m bench relay [streams | subject …]``: how many streams of 50 tokens/s one core relays.

The process that is measured has one core, everything else has the others. How late each token is
on the screen, to the millisecond, follows from what the provider says (:mod:`bench.load.words`).
"""

import asyncio
import math
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from bench import cpu
from bench.contenders import contenders
from bench.growing import Growth
from bench.load import words
from bench.outcome import Outcome, Table, attempt, finish
from bench.subject import Subject, Turn
from chatapp.ui.blocks import blocks_of

RATE = 50
WORDS = 500
"""Of each answer: ten seconds."""
BAR, BAR_TOKENS = 150.0, 4_000
"""Milliseconds that a token may be late, at the 95th percentile, at so many tokens a second."""
STREAMS = {"bare": (40, 80, 100), "chatapp": (40, 80, 100), "naive": (5, 10), "chainlit": (10, 20)}
WITHIN = 2.0
"""In how many seconds the questions of a step are asked."""


@dataclass
class Step:
    """What so many streams cost and how late they were."""

    name: str
    streams: int
    late: list[float]
    cpu: float
    tokens: int
    wrong: int
    rate: int = RATE
    failure: str = ""
    """Why it broke off; empty: it did not."""

    @property
    def p95(self) -> float:
        """Milliseconds; for ever if there were no words."""
        return statistics.quantiles(self.late, n=100)[94] if len(self.late) > 1 else math.inf

    def cells(self) -> list[str]:
        """For the table."""
        first = [self.name, str(self.streams), f"{self.streams * self.rate:,}"]
        if self.failure or len(self.late) < 2:
            return [*first, "", "", "", "", self.failure or "no words"]
        micros = self.cpu / self.tokens * 1e6
        return [
            *first,
            f"{statistics.median(self.late):,.0f} ms",
            f"{self.p95:,.0f} ms",
            f"{micros:,.0f} µs",
            f"{1e6 / micros:,.0f}",
            str(self.wrong),
        ]


HEAD = ["", "streams", "tokens/s", "late p50", "late p95", "CPU a token", "tokens a CPU second"]
HEAD += ["wrong answers"]


async def step(subject: Subject, streams: int, count: int = WORDS, rate: int = RATE) -> Step:
    """Let so many tabs have an answer at the same time, each of so many words at such a rate."""
    tabs = [cast("Any", await subject.open_tab()) for _ in range(streams)]
    try:
        await _ask(tabs[:5], 20, 0.1, rate)
        await asyncio.sleep(1)
        idle = cpu.used(subject.pid)
        await asyncio.sleep(1)
        began = cpu.used(subject.pid)
        idle, since = began - idle, time.monotonic()
        turns = await _ask(tabs, count, WITHIN, rate)
        used = cpu.used(subject.pid) - began - idle * (time.monotonic() - since)
    finally:
        await asyncio.gather(*(tab.close() for tab in tabs), return_exceptions=True)
    right = [_right(turn.shown or "", count) for turn in turns]
    late = [
        each
        for tab, turn in zip(tabs, turns, strict=True)
        if words.said_at((turn.shown or "")[: words.OPENING]) is not None
        for each in tab.growth.late(turn.shown, rate)
    ]
    return Step(subject.name, streams, late, used, streams * (count + 1), right.count(False), rate)


def _right(shown: str, count: int) -> bool:
    expected = words.text(shown[: words.OPENING], count)
    return shown == "\n\n".join(blocks_of(expected))


async def _ask(tabs: Sequence[Any], count: int, within: float, rate: int) -> list[Turn]:
    turns: list[Turn] = []
    for number, tab in enumerate(tabs):
        tab.growth = Growth()
        turns.append(tab.ask(f"{tab} {number}: {words.order(count, rate)}"))
        await asyncio.sleep(within / len(tabs))
    return list(await asyncio.gather(*(turn.wait() for turn in turns)))


async def measure(streams: Mapping[str, Sequence[int]], outcome: Outcome) -> None:
    """Let each subject relay so many streams, step by step."""
    steps: list[Step] = []
    rows: list[list[str]] = []
    outcome.tables.append(Table("Streams on one core", HEAD, rows))
    async with contenders(*streams) as subjects:
        for subject in subjects:
            for count in streams[subject.name]:
                steps.append(await step(subject, count))
                rows.append(steps[-1].cells())
                print("  ".join(rows[-1]), flush=True)
    if missing := set(streams) - {subject.name for subject in subjects}:
        outcome.notes.append(f"Not measured: {', '.join(sorted(missing))} could not be installed.")
    tell_wrong(steps, outcome)
    if "chatapp" in streams:
        enough = [one for one in steps if one.name == "chatapp" and one.streams * RATE >= 4_000]
        best = min(enough, key=lambda one: one.streams, default=None)
        what = f"one core relays {BAR_TOKENS:,} tokens/s no more than {BAR:.0f} ms late (p95)"
        found = f"{best.streams * RATE:,} tokens/s, {best.p95:.0f} ms" if best else "not tried"
        outcome.bar(what, found, passed=bool(best) and best.p95 <= BAR)


def tell_wrong(steps: Sequence[Step], outcome: Outcome) -> None:
    """Tell what answers were wrong. Those of peers are told, and are no errors of ours."""
    for one in steps:
        if not (one.wrong or one.failure):
            continue
        said = one.failure or f"{one.wrong} answers were wrong"
        line = f"{one.name} with {one.streams} streams: {said}."
        (outcome.wrong if one.name in ("chatapp", "bare") else outcome.notes).append(line)


def planned(most: int = 10**6) -> dict[str, Sequence[int]]:
    """The steps of each subject, up to so many streams."""
    return {
        name: [each for each in counts if each <= most] or [most]
        for name, counts in STREAMS.items()
    }


def named() -> Outcome:
    """What is still to be filled."""
    intro = (
        f"Each process has one core and relays answers of {WORDS} words at {RATE} a second; "
        "*bare* does nothing but that."
    )
    return Outcome("What one core relays", intro)


async def main(wanted: Sequence[str]) -> int:
    """Measure and print; 1 if any answer was wrong."""
    counts = [int(each) for each in wanted if each.isdecimal()]
    streams = planned()
    streams = {name: streams[name] for name in streams if name in wanted} or streams
    streams = {name: counts or each for name, each in streams.items()}
    outcome = named()
    await attempt(outcome, measure(streams, outcome))
    return finish(outcome)
