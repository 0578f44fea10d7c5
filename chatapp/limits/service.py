"""Charging questions: under all limits or under none, in all processes together.

While Redis is away each process goes on alone, by the same scripts on an embedded Redis of its
own. What counts for days and months is in the database in any case, so it is never forgotten.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from fakeredis import FakeAsyncRedis, FakeServer
from redis.asyncio import Redis
from redis.exceptions import RedisError

from chatapp.database import now, reading
from chatapp.limits import books, policy, repository
from chatapp.limits.books import LEASE, Admitted, Books, Denied, Known, Place, Same, Unread
from chatapp.limits.periods import day_of, month_of
from chatapp.limits.repository import Used
from chatapp.redis import redis
from chatapp.tasks import going_on

logger = logging.getLogger(__name__)

T = TypeVar("T")


class OverLimit(Exception):
    """There is no room for a question under a person's limits."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(denied.limit)
        self.denied = denied


class Limiter:
    """Charges and settles for this process. Never fails for Redis' sake."""

    def __init__(self, client: Callable[[], Redis] = redis) -> None:
        self._embedded: Redis | None = None
        self._shared = Books(client)
        self._local = Books(self._own_redis)
        self._away = False
        self._places: dict[UUID, Place] = {}
        self._alone_for: set[UUID] = set()
        """Whose questions were charged here while Redis was away."""

    def _own_redis(self) -> Redis:
        if self._embedded is None:
            self._embedded = FakeAsyncRedis(server=FakeServer())
        return self._embedded

    async def admit(
        self, user_id: UUID, answer_id: UUID, tokens: int, client_id: UUID | None = None
    ) -> Admitted | None:
        """Charge a question, before it is kept.

        Args:
            user_id: whose question.
            answer_id: the id that the answer will have.
            tokens: those of the question, estimated.
            client_id: the same again is the same question.

        Returns:
            The charge; None: the same question is charged already.

        Raises:
            OverLimit: there is no room for it; nothing was charged.
        """
        limits = policy.limits_of(user_id)
        question = (user_id, answer_id, client_id or answer_id, limits, tokens)
        known: Known | None = None
        if user_id in self._alone_for:
            known = await _counted(user_id, now())
        while True:
            reply = await self._ask(lambda known=known: self._shared.admit(*question, known))
            if reply is None:
                self._alone_for.add(user_id)
                reply = await self._local.admit(*question, known)
            else:
                self._alone_for.discard(user_id)
            if not isinstance(reply, Unread):
                break
            known = await _counted(user_id, reply.moment)
        if isinstance(reply, Denied):
            raise OverLimit(reply)
        if isinstance(reply, Same):
            return None
        self._places[answer_id] = reply.place
        return reply

    async def give_back(self, admitted: Admitted, client_id: UUID | None = None) -> None:
        """Undo a charge whose question was not kept."""
        place = admitted.place
        self._places.pop(place.answer_id, None)
        undone = (place, admitted.limits, client_id or place.answer_id)
        await self._ask(lambda: self._shared.give_back(*undone))
        if place.user_id in self._alone_for:
            await self._local.give_back(*undone)

    def hold(self, place: Place) -> None:
        """Keep the place of an answer that this process now makes."""
        self._places.setdefault(place.answer_id, place)

    def let_go(self, answer_id: UUID) -> None:
        """Keep a place no more: another process has its answer."""
        self._places.pop(answer_id, None)

    def settle(self, answer_id: UUID, counted: Used | None) -> Callable[[Any], None] | None:
        """End an answer: what frees its place, to be added to a pipeline.

        Args:
            answer_id: which one.
            counted: what the database has counted with it; None: its charge is given back.
        """
        place = self._places.pop(answer_id, None)
        if place is None:
            return None
        limits = policy.limits_of(place.user_id)

        def add(pipe: Any) -> None:
            books.settle(pipe, place, limits, counted)

        if place.user_id in self._alone_for:
            pipe = self._own_redis().pipeline(transaction=False)
            add(pipe)
            task = asyncio.ensure_future(pipe.execute())
            _settling.add(task)
            task.add_done_callback(_settling.discard)
        return add

    @asynccontextmanager
    async def keeping(self) -> AsyncIterator[None]:
        """Keep the places of this process's answers for as long as this is open."""
        async with going_on(self._keep_for_ever, "keep the limits' places"):
            yield

    async def _keep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LEASE / 3)
            await self.keep()

    async def keep(self) -> None:
        """Say that this process's answers go on."""
        kept = list(self._places.values())
        if not kept:
            return
        await self._ask(lambda: self._shared.keep(kept))
        ours = [place for place in kept if place.user_id in self._alone_for]
        if ours:
            await self._local.keep(ours)
        # One that was settled meanwhile may have been taken again.
        for place in kept:
            if place.answer_id not in self._places:
                gone = (place, policy.Limits(), place.answer_id)
                await self._ask(lambda gone=gone: self._shared.give_back(*gone))

    async def _ask(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """Ask Redis; None if it is away."""
        try:
            reply = await call()
        except (RedisError, OSError) as error:
            if not self._away:
                logger.warning("Redis is away, limits are kept here: %s", type(error).__name__)
            self._away = True
            return None
        self._away = False
        return reply


_settling: set[asyncio.Future[Any]] = set()


async def _counted(user_id: UUID, moment: datetime) -> Known:
    day, month = day_of(moment).first_day, month_of(moment).first_day
    async with reading() as session:
        return Known(moment, await repository.used(session, user_id, day, month))
