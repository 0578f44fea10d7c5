"""The limits' books in one Redis: each entry is one atomic script, timed by Redis' own clock."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

from chatapp.limits.periods import bounds, day_of, milliseconds, month_of
from chatapp.limits.policy import Limits
from chatapp.limits.repository import Used
from chatapp.redis import tagged

LEASE = 30.0
"""After so many seconds without a sign of life an answer's charge is void."""

PLACE = Path(__file__).parent / "lua"


@dataclass(frozen=True, slots=True)
class Place:
    """A running answer and what it may use."""

    user_id: UUID
    answer_id: UUID
    asked_at: datetime
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Admitted:
    """A question that was charged."""

    place: Place
    used: Used
    """With this question."""
    limits: Limits


@dataclass(frozen=True, slots=True)
class Denied:
    """A question for which there is no room; nothing was charged."""

    limit: str
    until: datetime | None
    """When there is room again; None: when an answer has ended."""


class Same:
    """A question that is charged already: it was sent twice."""


@dataclass(frozen=True, slots=True)
class Unread:
    """The books are empty or have gaps: what the database has counted is needed."""

    moment: datetime
    """The present by the books' clock, whose day and month it is needed for."""


@dataclass(frozen=True, slots=True)
class Known:
    """What the database has counted."""

    moment: datetime
    """In the day and the month that were counted."""
    used: Used


class Books:
    """Charging and settling on one Redis."""

    def __init__(self, client: Callable[[], Redis]) -> None:
        self._client = client
        self._admit: AsyncScript | None = None

    async def admit(
        self,
        user_id: UUID,
        answer_id: UUID,
        client_id: UUID,
        limits: Limits,
        tokens: int,
        known: Known | None,
    ) -> Admitted | Denied | Same | Unread:
        """Charge a question under all limits, or under none.

        Args:
            user_id: whose question.
            answer_id: names the charge.
            client_id: names the question; sent again within a lease it is not charged again.
            limits: what the person may have.
            tokens: those of the question, estimated.
            known: what the database has counted, once it was read.

        Raises:
            RedisError, OSError: Redis cannot be reached.
        """
        arguments: list[Any] = [str(answer_id), tokens, int(LEASE * 1000)]
        arguments += [limits.every, limits.burst, limits.answers_at_once]
        arguments += [limits.questions_a_day, limits.tokens_a_day]
        arguments += [limits.questions_a_month, limits.tokens_a_month]
        if known is None:
            arguments += [0] * 7
        else:
            day, month = (milliseconds(of(known.moment).begins) for of in (day_of, month_of))
            arguments += [1, day, *known.used["day"], month, *known.used["month"]]
        days, months = bounds()
        keys = [*keys_of(user_id), f"{keys_of(user_id)[0]}:sent:{client_id}"]
        client = self._client()
        if self._admit is None:
            self._admit = AsyncScript(client, text("admit"))
        reply: Any = await self._admit(keys, [*arguments, *days, *months], client)
        code, *told = reply
        if code == 1:
            asked, *counts = map(int, told)
            moment = datetime.fromtimestamp(asked / 1000, UTC)
            used = {"day": (counts[0], counts[1]), "month": (counts[2], counts[3])}
            return Admitted(Place(user_id, answer_id, moment, tokens), used, limits)
        if code == 0:
            until = int(told[1])
            when = datetime.fromtimestamp(until / 1000, UTC) if until else None
            return Denied(told[0].decode(), when)
        return Same() if code == 2 else Unread(datetime.fromtimestamp(int(told[0]) / 1000, UTC))

    async def give_back(self, place: Place, limits: Limits, client_id: UUID) -> None:
        """Undo a charge, as if the question had never come.

        Raises:
            RedisError, OSError: Redis cannot be reached.
        """
        keys = [*keys_of(place.user_id), f"{keys_of(place.user_id)[0]}:sent:{client_id}"]
        arguments = settlement(place, limits, None)
        await self._client().eval(text("settle"), len(keys), *keys, *arguments)  # pyright: ignore[reportGeneralTypeIssues]

    async def keep(self, places: Iterable[Place]) -> None:
        """Keep the places of answers that go on.

        Raises:
            RedisError, OSError: Redis cannot be reached.
        """
        pipe = self._client().pipeline(transaction=False)
        for place in places:
            arguments = (int(LEASE * 1000), str(place.answer_id), milliseconds(place.asked_at))
            pipe.eval(text("keep"), 1, keys_of(place.user_id)[1], *arguments, place.tokens)
        await pipe.execute()


def settle(pipe: Any, place: Place, limits: Limits, counted: Used | None) -> None:
    """Add to a pipeline what frees a place: charged as the database counted it, or given back."""
    keys = keys_of(place.user_id)
    pipe.eval(text("settle"), len(keys), *keys, *settlement(place, limits, counted))


def settlement(place: Place, limits: Limits, counted: Used | None) -> Sequence[Any]:
    """The arguments that free a place."""
    if counted is None:
        return [str(place.answer_id), limits.every]
    day, month = day_of(place.asked_at).begins, month_of(place.asked_at).begins
    return [
        str(place.answer_id),
        0,
        milliseconds(day),
        *counted["day"],
        milliseconds(month),
        *counted["month"],
    ]


def keys_of(user_id: UUID) -> list[str]:
    """A person's keys, which a Redis Cluster keeps together."""
    key = tagged(f"limits:{{{user_id}}}")
    return [key, f"{key}:places"]


@cache
def text(name: str) -> str:
    """A script's text."""
    return "\n".join((PLACE / f"{part}.lua").read_text() for part in ("common", name))
