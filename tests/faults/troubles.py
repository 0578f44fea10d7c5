"""What can go wrong: with processes, with the servers behind them, and with the links between."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from redis.asyncio import Redis
from sqlalchemy import text

from tests.faults.fleet import Fleet
from tests.harness.backends import connected, execute
from tests.harness.disk import SmallDisk
from tests.harness.link import Way

Happen = Callable[[Fleet, random.Random, float], Awaitable[None]]
"""Lets something go wrong for so many seconds."""


@dataclass(frozen=True)
class Trouble:
    """Something that goes wrong."""

    happen: Happen
    shortest: float = 0.0
    longest: float = 0.0
    """How long it lasts, in seconds."""

    async def meet(self, fleet: Fleet, choice: random.Random) -> None:
        """Let it happen, until it is over."""
        await self.happen(fleet, choice, choice.uniform(self.shortest, self.longest))


async def _kill(fleet: Fleet, choice: random.Random, seconds: float) -> None:
    member = choice.choice(fleet.members)
    await member.server.process.kill()
    await asyncio.sleep(seconds)
    await member.server.start()


async def _end(fleet: Fleet, choice: random.Random, _seconds: float) -> None:
    member = choice.choice(fleet.members)
    member.server.process.send(signal.SIGTERM)
    await member.server.process.ended(40)
    await member.server.start()


async def _all_end(fleet: Fleet, _choice: random.Random, _seconds: float) -> None:
    """Of all at once, as when a whole installation is deployed anew."""
    for member in fleet.members:
        member.server.process.send(signal.SIGTERM)
    for member in fleet.members:
        await member.server.process.ended(40)
    await asyncio.gather(*(member.server.start() for member in fleet.members))


async def _freeze(fleet: Fleet, choice: random.Random, seconds: float) -> None:
    member = choice.choice(fleet.members)
    member.server.process.send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    member.server.process.send(signal.SIGCONT)


async def _redis_restarts(fleet: Fleet, _choice: random.Random, seconds: float) -> None:
    await fleet.redis.process.kill()
    await asyncio.sleep(seconds)
    await fleet.redis.start()


async def _redis_pauses(fleet: Fleet, _choice: random.Random, seconds: float) -> None:
    fleet.redis.process.send(signal.SIGSTOP)
    await asyncio.sleep(seconds)
    fleet.redis.process.send(signal.SIGCONT)


async def _redis_forgets(fleet: Fleet, _choice: random.Random, _seconds: float) -> None:
    async with Redis.from_url(fleet.redis_url) as client:
        await client.flushall()


async def _redis_is_full(fleet: Fleet, _choice: random.Random, seconds: float) -> None:
    async with Redis.from_url(fleet.redis_url) as client:
        await client.config_set("maxmemory-policy", "noeviction")
        await client.config_set("maxmemory", "1mb")
        await asyncio.sleep(seconds)
        await client.config_set("maxmemory", "0")


async def _postgres_restarts(fleet: Fleet, _choice: random.Random, seconds: float) -> None:
    await fleet.postgres.process.stop(signal.SIGINT)
    await asyncio.sleep(seconds)
    await fleet.postgres.restart()


async def _postgres_drops_sessions(fleet: Fleet, _choice: random.Random, _seconds: float) -> None:
    await execute(
        fleet.env,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )


async def _postgres_is_locked(fleet: Fleet, _choice: random.Random, seconds: float) -> None:
    async with connected(fleet.env) as connection:
        await connection.execute(text("LOCK TABLE messages, answers IN ACCESS EXCLUSIVE MODE"))
        await asyncio.sleep(seconds)


async def _disk_is_full(fleet: Fleet, _choice: random.Random, seconds: float) -> None:
    assert fleet.disk is not None
    with fleet.disk.full():
        await asyncio.sleep(seconds)
    # Without room for its log PostgreSQL ends itself; whoever watches it starts it again.
    if not fleet.postgres.process.runs:
        await fleet.postgres.restart()


async def _partition(
    link: str, way: Way, fleet: Fleet, choice: random.Random, seconds: float
) -> None:
    member = choice.choice(fleet.members)
    async with member.links[link].disturbed(way, late=choice.random() < 0.5):
        await asyncio.sleep(seconds)


async def _nginx_reloads(fleet: Fleet, _choice: random.Random, _seconds: float) -> None:
    assert fleet.entrance is not None
    fleet.entrance.nginx.reload()


async def _nginx_dies(fleet: Fleet, _choice: random.Random, seconds: float) -> None:
    assert fleet.entrance is not None
    await fleet.entrance.nginx.stop()
    await asyncio.sleep(seconds)
    await fleet.entrance.nginx.start()


async def _browsers_are_cut_off(
    way: Way, fleet: Fleet, choice: random.Random, seconds: float
) -> None:
    assert fleet.entrance is not None
    async with fleet.entrance.link.disturbed(way, late=choice.random() < 0.5):
        await asyncio.sleep(seconds)


def _browsers(ways: tuple[Way, ...], *seconds: float) -> dict[str, Trouble]:
    shortest, longest = min(seconds), max(seconds)
    return {
        f"browsers {way}": Trouble(partial(_browsers_are_cut_off, way), shortest, longest)
        for way in ways
    }


def _links(names: tuple[str, ...], ways: tuple[Way, ...], *seconds: float) -> dict[str, Trouble]:
    shortest, longest = min(seconds), max(seconds)
    return {
        f"{name} {way}": Trouble(partial(_partition, name, way), shortest, longest)
        for name in names
        for way in ways
    }


_WAYS = tuple(way for way in Way if way is not Way.OPEN)

PROCESSES = {
    "kill": Trouble(_kill, 0.2, 2.0),
    "end": Trouble(_end),
    "all end": Trouble(_all_end),
    # Longer than a lease, so that others go on with what it has.
    "freeze": Trouble(_freeze, 4.0, 7.0),
}

SERVICES = {
    "redis restarts": Trouble(_redis_restarts, 0.1, 5.0),
    "redis pauses": Trouble(_redis_pauses, 3.0, 6.0),
    "redis forgets": Trouble(_redis_forgets),
    "redis is full": Trouble(_redis_is_full, 2.0, 5.0),
    "postgres restarts": Trouble(_postgres_restarts, 0.1, 5.0),
    "postgres drops sessions": Trouble(_postgres_drops_sessions),
    "postgres is locked": Trouble(_postgres_is_locked, 2.0, 6.0),
}

LINKS = _links(("redis", "postgres"), _WAYS, 1.0, 4.0)

FRONT = {
    "nginx reloads": Trouble(_nginx_reloads),
    "nginx dies": Trouble(_nginx_dies, 0.1, 3.0),
    **_links(("backend",), _WAYS, 1.0, 4.0),
    **_browsers(_WAYS, 1.0, 4.0),
}
"""Where nginx stands in front."""

PROVIDERS = _links(("provider",), _WAYS, 1.0, 4.0)

LONG_SERVICES = {
    "redis away": Trouble(_redis_restarts, 60, 60),
    "postgres away": Trouble(_postgres_restarts, 60, 60),
    "redis pauses": Trouble(_redis_pauses, 10, 10),
    "redis is full": Trouble(_redis_is_full, 30, 30),
    "postgres is locked": Trouble(_postgres_is_locked, 20, 20),
    "freeze": Trouble(_freeze, 20, 20),
}

_LONG_WAYS = (Way.CUT, Way.SILENT, Way.DEAF, Way.MUTE)

LONG_LINKS = [
    {
        f"{name} for {seconds} s": trouble
        for seconds in (5, 30, 120)
        for name, trouble in made(seconds).items()
    }
    for made in (
        *(partial(_links, (link,), _LONG_WAYS) for link in ("redis", "postgres", "provider")),
        partial(_links, ("backend",), _LONG_WAYS),
        partial(_browsers, _LONG_WAYS),
    )
]
"""Of each link: with a reset, as a black hole, and in one way only. nginx stands in front."""

if SmallDisk.possible():
    SERVICES["disk is full"] = Trouble(_disk_is_full, 2.0, 5.0)
    LONG_SERVICES["disk is full"] = Trouble(_disk_is_full, 30, 30)

ALL = PROCESSES | SERVICES | LINKS | PROVIDERS
