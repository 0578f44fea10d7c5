"""The order of a waiting line: one for all processes in Redis, one of this process without it."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from chatapp.redis import redis, tagged

logger = logging.getLogger(__name__)

LEASE = 15.0
"""Seconds for which a question keeps its place without a word of its process: long enough for
another process to take it over."""

SILENCE = 5.0
"""Seconds after which a process counts as silent, so that its questions are passed over."""

CLOCK = """
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
"""
"""How the script knows the time; only simulations know another way."""


@dataclass(slots=True)
class Waiting:
    """A question in line. Moments are milliseconds since 1970 by Redis' clock."""

    id: UUID
    back: float = 0
    """Seconds by which what its person has used lately moves it back."""
    moment: int = 0
    """Its place in the order, once it has one; it enters there again if Redis forgets it."""
    place: int = 0
    """From 1; 0: not known, or there was no room."""


@dataclass(frozen=True, slots=True)
class Look:
    """The line at one moment. Times are in seconds."""

    length: int
    first: UUID | None
    shut: float
    """Until somebody can be asked, as far as is known."""
    pace: float | None
    """Questions a second that were lately asked; None: too few to tell."""
    alone: bool = False
    """Whether this process has a line of its own, without Redis."""


@dataclass(slots=True)
class Order:
    """The order of one tier's line, as one process sees it."""

    group: str
    client: Callable[[], Redis] = redis
    clock: str = CLOCK
    _places: dict[UUID, Waiting] = field(default_factory=dict)
    """Those of this process, as they were last seen."""

    async def look(self, waiting: Sequence[Waiting], most: int, shut: float | None = None) -> Look:
        """Keep the places of this process's questions, enter new ones and tell where they stand.

        Args:
            waiting: Those of this process; ``place`` and ``moment`` are written.
            most: How many may wait in all processes together; who comes then has no place.
            shut: Seconds for which nobody can be asked, if it has just been tried.
        """
        self._places = {one.id: one for one in waiting}
        arguments: list[Any] = ["look", _ms(LEASE), _ms(SILENCE), most]
        arguments.append(-1 if shut is None else _ms(shut))
        for one in waiting:
            arguments += [str(one.id), one.moment, _ms(one.back)]
        try:
            now, length, first, door, asked, since, *places = await self._run(arguments)
        except (RedisError, OSError) as error:
            logger.warning("The waiting line is this process's own: %s", type(error).__name__)
            return self._alone(shut)
        for one, place, moment in zip(waiting, places[::2], places[1::2], strict=True):
            one.place, one.moment = int(place), int(moment)
        return Look(
            length=length,
            first=UUID(first.decode()) if first else None,
            shut=max(0.0, (int(door) - int(now)) / 1000),
            pace=_pace(int(asked), int(now) - int(since)),
        )

    async def leave(self, question: UUID, *, asked: bool) -> UUID | None:
        """Take a question out of the line; who is the first now, if anybody waits."""
        self._places.pop(question, None)
        arguments = ["leave", str(question), int(asked), _ms(LEASE), _ms(SILENCE)]
        try:
            _stood, first = await self._run(arguments)
        except (RedisError, OSError):
            return self._alone(None).first
        return UUID(first.decode()) if first else None

    def _alone(self, shut: float | None) -> Look:
        """The line of this process by itself."""
        now = time.time()
        for one in self._places.values():
            one.moment = one.moment or _ms(now + one.back)
        ranked = sorted(self._places.values(), key=lambda one: (one.moment, one.id))
        for place, one in enumerate(ranked, 1):
            one.place = place
        first = ranked[0].id if ranked else None
        return Look(len(ranked), first, shut or 0.0, None, alone=True)

    async def _run(self, arguments: list[Any]) -> Any:
        line = tagged(f"{{line:{self.group}}}")
        keys = [f"{line}:{part}" for part in ("order", "alive", "asked", "door")]
        client = self.client()
        return await AsyncScript(client, self.clock + _text())(keys, arguments, client)


def _pace(asked: int, milliseconds: int) -> float | None:
    return asked * 1000 / milliseconds if asked >= 5 and milliseconds > 0 else None


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


@cache
def _text() -> str:
    return (Path(__file__).parent / "lua" / "line.lua").read_text()
