"""``python -m bench growth [option=value …]``: what grows how, with people, streams, events and
backends.

More and more people connect, then more and more answers come at the same time, then chats are
switched more and more often; on one backend to the most, on several from the middle on. What has
used up its core is the wall; what a thousand people more cost follows from the steps.
"""

import os
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from bench.installation import Installation
from bench.ladder import PARTS, Ladder, Step
from bench.load.seeding import seed
from bench.outcome import Outcome, Table, attempt, finish
from bench.plan import Plan

PEOPLE = {1: (1, 100, 1_000, 4_000, 8_000), 2: (1, 4_000), 4: (1, 3_000)}
"""Connected, by the number of backends: together."""
STREAMS = {
    1: (1, 25, 50, 100, 200, 300, 400, 500),
    2: (100, 200, 300, 400, 600),
    4: (200, 400, 600),
}
"""Answers at the same time, together."""
EVENTS = {1: (1, 25, 50, 100, 200, 400), 2: (100, 200, 400), 4: (100, 200, 400)}
"""Chats that are switched to, a second."""

BASE = 1_000
"""So many people there must be before the cost of more is told: the first ones fill caches."""

AXES = {"people": "no work but to be there", "streams": "answers", "events": "chats switched to"}


def walls(steps: Sequence[Step]) -> list[str]:
    """What held up the rest first, for each number of backends and each axis."""
    lines: list[str] = []
    for backends, axis in dict.fromkeys((step.backends, step.axis) for step in steps):
        mine = [step for step in steps if (step.backends, step.axis) == (backends, axis)]
        met = next((step for step in mine if step.wall), None)
        said = f"the first wall is {met.wall}" if met else "no wall up to"
        at = f", at {met.load}" if met else f" {mine[-1].load}"
        lines.append(f"Backends: {backends}; {AXES[axis]}: {said}{at}.")
    return lines


def thousand(steps: Sequence[Step]) -> Table | None:
    """What a thousand people more cost who are connected and do nothing; None: too few came."""
    idle = [step for step in steps if step.axis == "people" and step.backends == 1]
    first = next((step for step in idle if step.people >= BASE), idle[0] if idle else None)
    if first is None or idle[-1].people <= first.people:
        return None
    last = idle[-1]
    more = (last.people - first.people) / 1000
    rows = []
    for part in PARTS:
        cores = (last.phase.cores(part) - first.phase.cores(part)) / more
        memory = (last.memory[part] - first.memory[part]) / more
        rows.append([part, f"{cores * 1000:.1f} ms/s", f"{memory:.1f} MB"])
    title = f"What a thousand people more cost, from {first.people:,} to {last.people:,}"
    return Table(title, ["part", "CPU", "memory"], rows)


def tables(steps: Sequence[Step]) -> list[Table]:
    """The steps of each axis."""
    uses = ["a backend", *PARTS[1:], "all with the load"]
    people = ["backends", "people", *(f"{part}: CPU, memory" for part in PARTS)]
    streams = ["backends", "answers at a time", "words/s", "questions/s", "word p95", *uses, "wall"]
    events = ["backends", "events/s", "CPU an event", "page shown p95", *uses, "wall"]
    made = [
        ("People who do nothing", people, [_idle(step) for step in steps if step.axis == "people"]),
        ("Answers", streams, [_talk(step) for step in steps if step.axis == "streams"]),
        ("Events", events, [_switch(step) for step in steps if step.axis == "events"]),
    ]
    return [Table(title, head, rows) for title, head, rows in made if rows]


def _idle(step: Step) -> list[str]:
    parts = [
        f"{step.phase.cores(part) * 1000:.0f} ms/s, {step.memory[part]:,.0f} MB" for part in PARTS
    ]
    return [str(step.backends), f"{step.people:,}", *parts]


def _uses(step: Step) -> list[str]:
    parts = [f"{step.phase.cores(part):.2f}" for part in PARTS[1:]]
    return [f"{step.backend:.2f}", *parts, f"{step.phase.all_cores:.2f}"]


def _talk(step: Step) -> list[str]:
    seen, seconds = step.phase.seen, step.phase.seconds
    rates = [f"{seen.of('tokens') / seconds:,.0f}", f"{seen.of('asked') / seconds:.1f}"]
    first = [str(step.backends), f"{step.phase.streams:.1f}", *rates, f"{step.late:,.0f} ms"]
    return [*first, *_uses(step), step.wall]


def _switch(step: Step) -> list[str]:
    product = sum(step.phase.cpu[part] for part in PARTS)
    each = product / max(step.phase.seen.of("switched"), 1) * 1000
    first = [str(step.backends), f"{step.events:.0f}", f"{each:.1f} ms", f"{step.late:,.0f} ms"]
    return [*first, *_uses(step), step.wall]


async def measure(plan: Plan, outcome: Outcome) -> None:
    """Climb with each number of backends."""
    steps: list[Step] = []
    try:
        for backends in (1, 2, 4):
            await _climb(replace(plan, backends=backends), steps, outcome)
    finally:
        found = tables(steps)
        costs = thousand(steps)
        outcome.tables += [*found, costs] if costs else found
        outcome.notes += walls(steps)
    met = [step for step in steps if step.wall and step.axis != "people"]
    for axis in ("streams", "events"):
        one = next((step for step in met if step.axis == axis and step.backends == 1), None)
        found = f"{one.wall}, at {one.load}" if one else "none"
        what = f"the first wall of {AXES[axis]} on one backend has a name"
        outcome.bar(what, found, passed=bool(one))


async def _climb(plan: Plan, steps: list[Step], outcome: Outcome) -> None:
    backends = plan.backends
    async with AsyncExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory(prefix="chatapp-growth-"))
        installation = Installation(stack, Path(name), backends, plan.settings)
        await installation.start()
        people = _until(PEOPLE[backends], plan.people)
        accounts = await seed(installation.database_url, people[-1])
        ladder = Ladder(plan, installation, accounts, os.cpu_count() or 1)
        try:
            await ladder.people(stack, people)
            await ladder.streams(_until(STREAMS[backends], plan.streams))
            await ladder.events(_until(EVENTS[backends], plan.streams * 2))
            await ladder.end()
        finally:
            steps += ladder.steps
            outcome.wrong += [f"on {backends} backends: {line}" for line in ladder.wrong()]


def _until(counts: Sequence[int], most: int) -> list[int]:
    """The steps up to the most; there is one at least."""
    return [each for each in counts if each <= most] or [most]


def planned(arguments: list[str]) -> Plan:
    """What is done unless options say otherwise: people and streams are the most that there are."""
    return Plan.of(arguments, people=8_000, streams=600, arrivals=80.0)


def named(plan: Plan) -> Outcome:
    """What is still to be filled."""
    intro = (
        f"Up to {plan.people:,} people and {plan.streams} answers of {plan.words} words at "
        f"{plan.rate} a second; then people do nothing but switch chats. Each axis ends at its "
        "wall. Uses are cores; *a backend* is each one's."
    )
    return Outcome("What grows how", intro)


async def main(arguments: list[str]) -> int:
    """Run, and print what grows how; 1 if anything was wrong."""
    plan = planned(arguments)
    outcome = named(plan)
    await attempt(outcome, measure(plan, outcome))
    return finish(outcome)
