"""Faults at random moments of many answers, and the judgement of their history, to the token.

All is drawn from one seed: what is asked, when, where, and what goes wrong meanwhile.
"""

import asyncio
import random
import signal
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from redis.asyncio import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from chatapp.settings import Settings
from tests.browser.rows import Rows
from tests.faults.browser import Asked, Browser
from tests.faults.fleet import Fleet, Member
from tests.harness.backends import execute
from tests.harness.link import Way

Fault = Callable[[Fleet, random.Random], Any]


@dataclass
class Incident:
    """Something that went wrong, and when, by the loop's clock."""

    what: str
    began: float
    ended: float = 0.0


@dataclass
class History:
    """What was asked and shown, what went wrong, and what the database has."""

    asked: list[Asked] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    rows: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """Per question, by its client's id: status, text and problem of each of its answers."""

    def wrong(self) -> list[str]:
        """Everything that is not as promised."""
        found: list[str] = []
        for asked in self.asked:
            said = [*dict.fromkeys(asked.wrong), *self._judge(asked)]
            during = ", ".join(
                f"{i.what} at {i.began - asked.began:+.1f} s"
                for i in self.incidents
                if i.began < asked.ended and (i.ended or asked.ended) > asked.began - 5
            )
            found += [f"{asked.text} ({during}): {each}" for each in said]
        return found

    def _judge(self, asked: Asked) -> list[str]:
        kept = self.rows.get(str(asked.client_id), [])
        if len(kept) != 1:
            return [f"it has {len(kept)} answers in the database"]
        ((status, words, problem),) = kept
        wrong = [
            f"a screen shows {shown!r}, the database has {(status, words)!r}"
            for shown in asked.shown
            if shown != (status, words)
        ]
        if not asked.answer.startswith(words):
            wrong.append(f"it was kept as …{words[-60:]!r}")
        if status == "done" and words != asked.answer:
            wrong.append(f"it counts as done and ends with …{words[-20:]!r}")
        if status == "stopped" and not asked.stopped:
            wrong.append("nobody has stopped it")
        if status == "failed" and not problem:
            wrong.append("it failed and nothing is said of it")
        if status not in ("done", "stopped", "failed"):
            wrong.append(f"it is left {status}")
        return wrong

    def count(self, status: str) -> int:
        """How many answers ended so."""
        return sum(kept[0][0] == status for kept in self.rows.values() if kept)


async def storm(
    fleet: Fleet, lanes: Sequence[Sequence[str]], answers: int, seed: int, people: int = 8
) -> History:
    """Ask so many questions while faults happen.

    Args:
        fleet: What is driven and hurt.
        lanes: Names of ``FAULTS``: those of a lane come one after the other, lanes go side by side.
        answers: How many questions are asked at least.
        seed: What everything random is drawn from.
        people: How many ask at the same time.
    """
    choice, history = random.Random(seed), History()
    rows = Rows(fleet.env)
    numbers = iter(range(10**9))
    over = asyncio.Event()

    async def sit() -> None:
        person, draw = await rows.person(), random.Random(choice.random())
        browser = Browser(fleet, person, draw.randrange(10**9))
        while not over.is_set() or len(history.asked) < answers:
            count, rate = draw.choice([3, 40, 80, 160, 240]), draw.choice([30, 60, 120])
            history.asked.append(await browser.ask(next(numbers), count, rate))
            await asyncio.sleep(draw.random())

    seats = [asyncio.create_task(sit()) for _ in range(people)]
    try:
        draws = [random.Random(choice.random()) for _ in lanes]
        async with asyncio.TaskGroup() as group:
            for lane, draw in zip(lanes, draws, strict=True):
                group.create_task(_hurt(lane, fleet, draw, history))
        over.set()
        await asyncio.gather(*seats)
    finally:
        for seat in seats:
            seat.cancel()
        await asyncio.gather(*seats, return_exceptions=True)
    history.rows = await _kept(fleet)
    return history


async def _hurt(lane: Sequence[str], fleet: Fleet, choice: random.Random, history: History) -> None:
    clock = asyncio.get_running_loop().time
    for name in lane:
        await asyncio.sleep(choice.uniform(0.5, 2.0))
        incident = Incident(name, clock())
        history.incidents.append(incident)
        await FAULTS[name](fleet, choice)
        incident.ended = clock()


async def _kill(fleet: Fleet, choice: random.Random) -> None:
    member = choice.choice(fleet.members)
    await member.server.process.kill()
    await asyncio.sleep(choice.uniform(0.2, 2.0))
    await member.server.start()


async def _end(fleet: Fleet, choice: random.Random) -> None:
    member = choice.choice(fleet.members)
    member.server.process.send(signal.SIGTERM)
    await member.server.process.ended(40)
    await member.server.start()


async def _all_end(fleet: Fleet, _choice: random.Random) -> None:
    """Of all at once, as when a whole installation is deployed anew."""
    for member in fleet.members:
        member.server.process.send(signal.SIGTERM)
    for member in fleet.members:
        await member.server.process.ended(40)
    await asyncio.gather(*(member.server.start() for member in fleet.members))


async def _freeze(fleet: Fleet, choice: random.Random) -> None:
    """Longer than a lease, so that others go on with what it has."""
    member = choice.choice(fleet.members)
    member.server.process.send(signal.SIGSTOP)
    await asyncio.sleep(choice.uniform(4.0, 7.0))
    member.server.process.send(signal.SIGCONT)


async def _redis_restarts(fleet: Fleet, choice: random.Random) -> None:
    await fleet.redis.process.kill()
    await asyncio.sleep(choice.uniform(0.1, 5.0))
    await fleet.redis.start()


async def _redis_pauses(fleet: Fleet, choice: random.Random) -> None:
    fleet.redis.process.send(signal.SIGSTOP)
    await asyncio.sleep(choice.uniform(3.0, 6.0))
    fleet.redis.process.send(signal.SIGCONT)


async def _redis_forgets(fleet: Fleet, _choice: random.Random) -> None:
    async with Redis.from_url(fleet.redis_url) as client:
        await client.flushall()


async def _redis_is_full(fleet: Fleet, choice: random.Random) -> None:
    async with Redis.from_url(fleet.redis_url) as client:
        await client.config_set("maxmemory-policy", "noeviction")
        await client.config_set("maxmemory", "1mb")
        await asyncio.sleep(choice.uniform(2.0, 5.0))
        await client.config_set("maxmemory", "0")


async def _postgres_restarts(fleet: Fleet, choice: random.Random) -> None:
    await fleet.postgres.process.stop(signal.SIGINT)
    await asyncio.sleep(choice.uniform(0.1, 5.0))
    await fleet.postgres.restart()


async def _postgres_drops_sessions(fleet: Fleet, _choice: random.Random) -> None:
    await execute(
        fleet.env,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


async def _postgres_is_locked(fleet: Fleet, choice: random.Random) -> None:
    seconds = choice.uniform(2.0, 6.0)
    async with _connection(fleet) as connection:
        await connection.execute(text("LOCK TABLE messages, answers IN ACCESS EXCLUSIVE MODE"))
        await asyncio.sleep(seconds)


async def _partition(link: str, way: Way, fleet: Fleet, choice: random.Random) -> None:
    member: Member = choice.choice(fleet.members)
    late = choice.random() < 0.5
    async with member.links[link].disturbed(way, late=late):
        await asyncio.sleep(choice.uniform(1.0, 5.0))


FAULTS: dict[str, Fault] = {
    "kill": _kill,
    "end": _end,
    "all end": _all_end,
    "freeze": _freeze,
    "redis restarts": _redis_restarts,
    "redis pauses": _redis_pauses,
    "redis forgets": _redis_forgets,
    "redis is full": _redis_is_full,
    "postgres restarts": _postgres_restarts,
    "postgres drops sessions": _postgres_drops_sessions,
    "postgres is locked": _postgres_is_locked,
    **{
        f"{link} {way}": partial(_partition, link, way)
        for link in ("redis", "postgres", "provider")
        for way in Way
        if way is not Way.OPEN
    },
}
"""What can go wrong, by its name."""

PROVIDERS = [name for name in FAULTS if name.startswith("provider")]
SERVICES = [
    name
    for name in FAULTS
    if name.startswith(("redis", "postgres")) and name.split()[-1] not in [*Way]
]
PROCESSES = [name for name in FAULTS if name not in PROVIDERS + SERVICES]
"""Of processes and of their links to Redis and PostgreSQL."""


def every_fault(seed: int) -> list[list[str]]:
    """All faults once, in two lanes: those of servers, and those of processes.

    Those of the providers come last: what they break off ends in words and not in an answer.
    """
    choice = random.Random(seed)
    lanes = [PROCESSES, SERVICES, PROVIDERS]
    processes, services, providers = (choice.sample(lane, len(lane)) for lane in lanes)
    return [processes + providers, services]


@asynccontextmanager
async def _connection(fleet: Fleet) -> AsyncIterator[Any]:
    given = {name: value for name, value in fleet.env.items() if value}
    engine = create_async_engine(Settings.model_validate(given).sqlalchemy_url, poolclass=NullPool)
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


async def _kept(fleet: Fleet) -> dict[str, list[tuple[str, str, str]]]:
    found: dict[str, list[tuple[str, str, str]]] = {}
    async with _connection(fleet) as connection:
        rows = await connection.execute(
            text(
                "SELECT q.client_id, m.status, m.text, a.problem FROM messages q "
                "JOIN messages m ON m.parent_id = q.id JOIN answers a ON a.id = m.id"
            )
        )
        for client_id, status, words, problem in rows:
            found.setdefault(str(client_id), []).append((status, words, problem))
    return found
