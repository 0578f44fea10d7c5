"""``python -m bench peers [option=value …]``: chatapp, a naive Reflex app and Chainlit on the same
work.

Each is one process with a core for itself. The same answers come at the same steps until their
words come too late; then tabs are opened that do nothing.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bench import cpu
from bench.contenders import contenders
from bench.ladder import LATE
from bench.load.groups import uses
from bench.outcome import Outcome, Table, attempt, finish
from bench.plan import Plan
from bench.relay import HEAD, Step, step, tell_wrong
from bench.subject import Subject

NAMES = ("chatapp", "naive", "chainlit")
STREAMS = (5, 10, 20, 40, 80, 160, 240)
"""Answers at the same time."""
TABS = 300
"""Of tabs that do nothing."""
REST = 10.0
"""Seconds for which they are watched."""


@dataclass(frozen=True)
class Idle:
    """What open tabs cost."""

    name: str
    tabs: int
    connecting: float
    """Seconds of processor time."""
    resting: float
    """Cores."""
    memory: float
    """Megabytes."""

    def cells(self) -> list[str]:
        """For the table."""
        return [
            self.name,
            str(self.tabs),
            f"{self.connecting / self.tabs * 1000:.1f} ms",
            f"{self.memory * 1024 / self.tabs:.0f} KB",
            f"{self.resting / self.tabs * 1e6:.0f} ms/s",
        ]


IDLE = ["", "tabs", "CPU a connect", "memory a tab", "CPU of 1,000 that rest"]


async def measure(plan: Plan, outcome: Outcome) -> None:
    """Let each relay more and more answers, then open tabs."""
    steps: list[Step] = []
    answers: list[list[str]] = []
    tabs: list[list[str]] = []
    outcome.tables.append(Table(f"Answers of {plan.words} words, {plan.rate}/s", HEAD, answers))
    outcome.tables.append(Table("Tabs that do nothing", IDLE, tabs))
    counts = [each for each in STREAMS if each <= plan.streams] or [plan.streams]
    async with contenders(*NAMES) as subjects:
        there = {subject.name for subject in subjects}
        outcome.wrong += [f"{name} could not be installed." for name in NAMES if name not in there]
        for subject in subjects:
            tabs.append((await _idle(subject, min(plan.people, TABS))).cells())
            print("  ".join(tabs[-1]), flush=True)
            steps += await _climb(subject, counts, plan, answers)
    tell_wrong(steps, outcome)
    held = {name: _held(steps, name) for name in NAMES}
    most = max(held["naive"], held["chainlit"])
    found = ", ".join(f"{name} {streams}" for name, streams in held.items())
    outcome.bar(
        "more answers at a time, none late, than either peer", found, passed=held["chatapp"] > most
    )


def _held(steps: Sequence[Step], name: str) -> int:
    """The most answers at a time that somebody held in time, and right."""
    held = (one for one in steps if one.name == name and one.p95 <= LATE and not one.wrong)
    return max((one.streams for one in held), default=0)


async def _climb(
    subject: Subject, counts: Sequence[int], plan: Plan, rows: list[list[str]]
) -> list[Step]:
    """Steps until words come too late twice, for a machine may hiccup."""
    made: list[Step] = []
    for streams in counts:
        for _ in range(2):
            made.append(await _step(subject, streams, plan))
            rows.append(made[-1].cells())
            print("  ".join(rows[-1]), flush=True)
            if made[-1].p95 <= LATE:
                break
        else:
            break
    return made


async def _step(subject: Subject, streams: int, plan: Plan) -> Step:
    """A step; one that breaks off has met a wall, too."""
    try:
        return await step(subject, streams, plan.words, plan.rate)
    except (OSError, TimeoutError) as error:
        failure = f"broke off: {str(error)[:100] or type(error).__name__}"
        return Step(subject.name, streams, [], 0.0, 0, 0, plan.rate, failure)


async def _idle(subject: Subject, count: int) -> Idle:
    # The first ones load what all need.
    opened: list[Any] = [await subject.open_tab() for _ in range(10)]
    try:
        await asyncio.sleep(1)
        alone = await _resting(subject)
        memory, began = _memory(subject), cpu.used(subject.pid)
        opened += [await subject.open_tab() for _ in range(count)]
        await asyncio.sleep(1)
        came = cpu.used(subject.pid) - began
        more = _memory(subject) - memory
        resting = max(await _resting(subject) - alone, 0.0)
        return Idle(subject.name, count, came, resting, more)
    finally:
        await asyncio.gather(*(tab.close() for tab in opened), return_exceptions=True)


async def _resting(subject: Subject) -> float:
    """The share of a core that is used while nothing is done."""
    began, since = cpu.used(subject.pid), time.monotonic()
    await asyncio.sleep(REST)
    return (cpu.used(subject.pid) - began) / (time.monotonic() - since)


def _memory(subject: Subject) -> float:
    return uses({"": [subject.pid]}, memory=True)[""].memory


def planned(arguments: list[str]) -> Plan:
    """What is done unless options say otherwise: streams are the most that are tried."""
    return Plan.of(arguments, streams=STREAMS[-1])


def named(plan: Plan) -> Outcome:
    """What is still to be filled."""
    intro = (
        "chatapp with accounts, PostgreSQL and Redis; a naive Reflex app of the same screen with "
        "all of it in its state, and Redis; Chainlit with nothing kept. Each is one process with a "
        f"core for itself. Words are late when the 95th percentile is over {LATE:.0f} ms; who is "
        "late is not asked for more."
    )
    return Outcome(f"On the same work, {plan.rate} words a second", intro)


async def main(arguments: list[str]) -> int:
    """Run, and print how they compare."""
    plan = planned(arguments)
    outcome = named(plan)
    await attempt(outcome, measure(plan, outcome))
    return finish(outcome)
