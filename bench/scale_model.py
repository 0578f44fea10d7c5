"""``python -m bench scale [people=… …]``: what so many people need, computed from measured costs.

The inputs are ``bench/measured.json``, which ``python -m bench people save=1`` writes, what people
do (:class:`Habits`), and what machines and engines can (:class:`Machine`, :class:`Engines`). A part
needs what it spends on people who come, on questions, on tokens and on those who rest. What can be
had more of by adding processes grows; what is one process is a wall, and the walls have names.
"""

import heapq
import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

MEASURED = Path(__file__).with_name("measured.json")
STEPS = (1_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)


@dataclass(frozen=True)
class Costs:
    """What one part spends."""

    connect_ms: float = 0.0
    """Of processor time, on a person who comes."""
    question_ms: float = 0.0
    token_us: float = 0.0
    idle_ms_per_thousand: float = 0.0
    """A second, on a thousand people who do nothing."""
    memory_kb: float = 0.0
    """For a person who is connected."""


@dataclass(frozen=True)
class Habits:
    """What people do, at the busiest hour."""

    people: int = 10_000
    """Connected at once."""
    pause: float = 180.0
    """Seconds from one question of a person to the next."""
    tokens: float = 300.0
    """Of an answer."""
    comes: float = 2.0
    """How often an hour a person opens a page."""

    @property
    def questions(self) -> float:
        """A second."""
        return self.people / self.pause

    @property
    def arrivals(self) -> float:
        """A second."""
        return self.people * self.comes / 3600


@dataclass(frozen=True)
class Machine:
    """What is rented."""

    cores: int = 16
    memory_gb: float = 64.0
    month: float = 400.0
    """What it costs, in euros: put in your own price."""
    load: float = 0.6
    """How much of it may be used: the rest is for peaks and for the neighbour that dies."""


@dataclass(frozen=True)
class Engines:
    """How far one of each goes."""

    redis_cores: float = 0.8
    """One Redis uses one core; the rest of it is for what is slow."""
    postgres_cores: float = 64 * 0.6
    """One primary on one large machine."""
    sockets_per_backend: int = 9_000
    """Where a process may have 20,000 files, and a socket must not fill half of them."""
    question_bytes: float = 6_000.0
    """What a question and its answer take in PostgreSQL, with their indexes."""


@dataclass(frozen=True)
class Need:
    """What a part needs."""

    part: str
    cores: float
    memory_gb: float


@dataclass(frozen=True)
class Wall:
    """Something that cannot simply be had more of, and how full it is: 1 is the end."""

    name: str
    fullness: float
    way_on: str


@dataclass(frozen=True)
class Size:
    """What so many people need."""

    habits: Habits
    needs: tuple[Need, ...]
    walls: tuple[Wall, ...]
    """The nearest first."""
    backends: int
    machines: int
    month: float
    growth_gb: float
    """By which the database grows in a month of eight busy hours a day."""

    @property
    def cores(self) -> float:
        return sum(need.cores for need in self.needs)


def size(
    measured: Mapping[str, Costs],
    habits: Habits,
    machine: Machine | None = None,
    engines: Engines | None = None,
) -> Size:
    """What the people with these habits need."""
    machine, engines = machine or Machine(), engines or Engines()
    needs = tuple(_need(part, costs, habits) for part, costs in measured.items())
    by_part = {need.part: need for need in needs}
    busy, sockets = by_part["backends"].cores / machine.load, habits.people
    backends = max(2, math.ceil(busy), math.ceil(sockets / engines.sockets_per_backend))
    cores = sum(need.cores for need in needs) / machine.load
    memory = sum(need.memory_gb for need in needs) / machine.load
    machines = max(1, math.ceil(cores / machine.cores), math.ceil(memory / machine.memory_gb))
    walls = sorted(
        (
            Wall(
                "Redis, one core",
                by_part["Redis"].cores / engines.redis_cores,
                "a second one for the cache, then installations by organisation or region",
            ),
            Wall(
                "PostgreSQL, one primary",
                by_part["PostgreSQL"].cores / engines.postgres_cores,
                "a pooler, then Citus by user: every query names the owner",
            ),
            Wall(
                "one machine",
                cores / machine.cores,
                "more machines: a backend needs nothing of another one",
            ),
        ),
        key=lambda wall: -wall.fullness,
    )
    growth = habits.questions * 8 * 3600 * 30 * engines.question_bytes / 1e9
    month = machines * machine.month
    return Size(habits, needs, tuple(walls), backends, machines, month, growth)


def _need(part: str, costs: Costs, habits: Habits) -> Need:
    cores = (
        habits.arrivals * costs.connect_ms / 1e3
        + habits.questions * costs.question_ms / 1e3
        + habits.questions * habits.tokens * costs.token_us / 1e6
        + habits.people / 1e3 * costs.idle_ms_per_thousand / 1e3
    )
    return Need(part, cores, habits.people * costs.memory_kb / 1e6)


@dataclass(frozen=True)
class Storm:
    """What came of everybody reconnecting at once."""

    seconds: float
    """Until the last one was back."""
    median: float
    refused: int
    """Attempts that were turned away and came again."""


def storm(
    people: int,
    cores: float,
    connect_ms: float,
    *,
    admitted: float = 300.0,
    waiting: int = 3_000,
    retry: float = 0.2,
    retries: int = 10,
    seed: int = 1,
) -> Storm:
    """Everybody loses the connection in the same moment, and comes back as the page does.

    Args:
        people: how many.
        cores: what the backends have for them.
        connect_ms: what one who comes costs.
        admitted: how many nginx lets through in a second.
        waiting: how many more it lets wait; others are refused.
        retry: a page that is refused waits so many seconds longer each time.
        retries: up to so many times as long.
        seed: for what is random on the way to the server.
    """
    chance = random.Random(seed)
    coming = [(chance.uniform(0.0, 0.2), 0) for _ in range(people)]
    heapq.heapify(coming)
    slot = served = 0.0
    back: list[float] = []
    refused = 0
    while coming:
        at, failures = heapq.heappop(coming)
        slot = max(slot, at)
        if (slot - at) * admitted > waiting:
            refused += 1
            pause = retry * min(failures + 1, retries)
            heapq.heappush(coming, (at + pause, failures + 1))
            continue
        slot += 1 / admitted
        served = max(served, slot) + connect_ms / 1e3 / cores
        back.append(served)
    return Storm(max(back), sorted(back)[len(back) // 2], refused)


def read(path: Path = MEASURED) -> dict[str, Costs]:
    """The measured costs of each part."""
    known = {each.name for each in fields(Costs)}
    return {
        part: Costs(**{name: value for name, value in found.items() if name in known})
        for part, found in json.loads(path.read_text()).items()
    }


def table(measured: Mapping[str, Costs], habits: Habits, steps: Sequence[int] = STEPS) -> str:
    """What each step from few people to many needs."""
    lines = [
        "people     questions/s  tokens/s   backends  cores   memory  database  machines  €/month  "
        "nearest wall",
    ]
    for people in steps:
        found = size(measured, Habits(people, habits.pause, habits.tokens, habits.comes))
        wall = next(each for each in found.walls if each.name != "one machine")
        memory = sum(need.memory_gb for need in found.needs)
        questions = found.habits.questions
        lines.append(
            f"{people:9,}  {questions:11,.0f}  {questions * habits.tokens:9,.0f}  "
            f"{found.backends:8,}  {found.cores:5,.0f}  {memory:5,.0f} GB  "
            f"{found.growth_gb:4,.0f} GB  {found.machines:8,}  {found.month:7,.0f}  "
            f"{wall.name} {wall.fullness:.0%} full"
        )
    return "\n".join(lines)


async def main(arguments: list[str]) -> int:
    """Print what the people need whom the words describe: ``pause=60 tokens=500``."""
    values = dict(word.split("=", 1) for word in arguments)
    kinds: dict[str, type] = {"people": int, "pause": float, "tokens": float, "comes": float}
    habits = Habits(**{name: kinds[name](value) for name, value in values.items()})
    measured = read()
    print(table(measured, habits))
    backends = measured["backends"]
    for people in (2_000, 10_000, 100_000):
        cores = max(2.0, size(measured, Habits(people)).backends)
        found = storm(people, cores, backends.connect_ms, admitted=150.0 * cores)
        print(
            f"\n{people:,} people reconnect at once to {cores:.0f} backends: half are back after "
            f"{found.median:.0f} s, all after {found.seconds:.0f} s; {found.refused:,} were refused"
        )
    return 0
