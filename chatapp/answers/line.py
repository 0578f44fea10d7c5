"""The waiting line: where questions stand while all members of a tier are at their limits.

All processes share one order in Redis (:mod:`chatapp.answers.order`). Only the first in line asks
the pool whether there is room: when it is asked, it calls the next one, in whichever process that
stands; when it is not, all know until when. Each process looks at the line every two seconds for
all its questions together, which also keeps their places.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from time import monotonic
from typing import Annotated
from uuid import UUID

from pydantic import Field
from redis.exceptions import RedisError

from chatapp.answers.events import Event, Kind
from chatapp.answers.hub import Hub
from chatapp.answers.order import Look, Order
from chatapp.answers.place import Place, Tell, Wish
from chatapp.answers.standing import BRIEF, Standing
from chatapp.controls import Control
from chatapp.pool.events import Held
from chatapp.pool.outlook import Opening, has_room, openings, seconds_until
from chatapp.pool.service import smaller_tiers, status
from chatapp.redis import redis
from chatapp.tasks import going_on

logger = logging.getLogger(__name__)

LENGTH = Control(
    "line.length",
    Annotated[int, Field(ge=0, le=10_000)],
    1000,
    "How many questions may wait for each tier while its models are at their limits; the next one "
    "is told to come back later.",
)

LOOK = 2.0
"""Seconds after which a process looks at the line again."""

OUTLOOK = 5.0
"""Seconds for which what is known of the members is used again."""

TRY = 30.0
"""Seconds after which the first in line tries again, whatever was said: limits may have changed."""

CROWDED = (0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds until the next try where nobody knows when a place is free, try by try."""

NEWS = "line"
"""The channel on which processes tell each other of the line."""


class _Group:
    """The line of one tier, as this process sees it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.places: dict[UUID, Place] = {}
        self.heard = 0.0
        """Until when others are believed to stand in it."""
        self._order = Order(name)
        self._wake = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None
        self._shut: float | None = None
        self._tries = 0
        self._tried_at = 0.0
        self._opens_at = 0.0
        self._known: tuple[list[Opening], str] = ([], "")
        self._known_at = 0.0
        # What has left must not be entered again by a look that was under way.
        self._looking = asyncio.Lock()

    def enter(self, place: Place, held: Held | None) -> None:
        """Let a question stand here; ``held``: what the pool has just told it."""
        if held is not None:
            pause = held.seconds
            if held.why == "concurrency":
                pause = max(pause, CROWDED[min(self._tries, len(CROWDED) - 1)])
            self._tries += 1
            self._tried_at, self._shut = monotonic(), pause
            self._opens_at = self._tried_at + pause
        self.places[place.waiting.id] = place
        self._wake.set()
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep(), name=f"line {self.name}")

    async def leave(self, place: Place, *, asked: bool, stays: bool = False) -> None:
        """Let a question go; the next one is called."""
        if self.places.pop(place.waiting.id, None) is None:
            return
        if stays:
            return
        async with self._looking:
            first = await self._order.leave(place.waiting.id, asked=asked)
        if asked:
            self._tries, self._opens_at, self._shut = 0, 0.0, None
        if first is None or monotonic() < self._opens_at:
            return
        if mine := self.places.get(first):
            mine.call()
        else:
            await _publish(self.name, first, call=True)

    def close(self) -> None:
        """Look no more."""
        if self._keeper is not None:
            self._keeper.cancel()

    async def _keep(self) -> None:
        while self.places:
            self._wake.clear()
            try:
                await self._round()
            except Exception:
                logger.exception("The waiting line could not be looked at")
                await asyncio.sleep(LOOK)
            pause = max(0.01, min(LOOK, self._opens_at - monotonic()))
            try:
                async with asyncio.timeout(pause if self._opens_at > monotonic() else LOOK):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def _round(self) -> None:
        async with self._looking:
            shut, self._shut = self._shut, None
            here = list(self.places.values())
            look = await self._order.look([each.waiting for each in here], LENGTH.value, shut)
        self._opens_at = monotonic() + look.shut
        for place in here:
            if not place.waiting.moment:
                self.places.pop(place.waiting.id, None)
                place.refuse()
        first = self.places.get(look.first) if look.first else None
        if first is not None:
            if look.shut <= 0 or monotonic() - self._tried_at > TRY:
                self._tried_at = monotonic()
                first.call()
            if not look.alone:
                await _publish(self.name, first.waiting.id, call=False)
        await self._show(look)

    async def _show(self, look: Look) -> None:
        """Tell each question of this process where it stands."""
        members, smaller = await self._outlook()
        expected: dict[int, float | None] = {}
        for place in self.places.values():
            number = place.waiting.place
            if not number or (place.trying and not place.shown):
                continue
            if number not in expected:
                expected[number] = seconds_until(number, members, look.shut, look.pace)
            seconds = expected[number]
            if place.shown or seconds is None or seconds >= BRIEF:
                place.show(Standing.expected(number, seconds, smaller, place.own_key))

    async def _outlook(self) -> tuple[list[Opening], str]:
        if monotonic() - self._known_at > OUTLOOK:
            members = await status()
            mine = [m for m in members if not self.name or self.name in m.tiers] or members
            smaller = next(
                (
                    tier
                    for tier in smaller_tiers(self.name)
                    if has_room([m for m in members if tier in m.tiers])
                ),
                "",
            )
            self._known, self._known_at = (openings(mine), smaller), monotonic()
        return self._known


class Line:
    """The waiting lines of all tiers, in this process."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._groups: dict[str, _Group] = {}
        self._leaving = False

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear of the other processes until the context ends."""
        try:
            async with going_on(self._listen, "line news"):
                yield
        finally:
            for group in self._groups.values():
                group.close()

    def stands(self, tier: str | None) -> bool:
        """Whether others wait for a tier, here or in another process."""
        group = self._groups.get(tier or "")
        return group is not None and bool(group.places or monotonic() < group.heard)

    @asynccontextmanager
    async def place(
        self, tier: str | None, answer_id: UUID, tell: Tell, moment: int = 0
    ) -> AsyncIterator[Place]:
        """A place for a question, which it leaves at the end of the context at the latest.

        Args:
            tier: Whose line.
            answer_id: The answer that waits.
            tell: Is told where it stands.
            moment: Its moment in the order, if it has stood in line before.
        """
        group = self._group(tier or "")
        place = Place(group, answer_id, tell, moment)
        try:
            yield place
        finally:
            # What is handed over keeps its place for the process that goes on with it.
            await group.leave(place, asked=False, stays=self._leaving)

    def waiting(self) -> list[UUID]:
        """The answers that only wait, here."""
        return [answer_id for group in self._groups.values() for answer_id in group.places]

    def wish(self, answer_id: UUID, wish: Wish) -> bool:
        """Do what a person wants instead of waiting. False: it does not wait here."""
        for group in self._groups.values():
            if place := group.places.get(answer_id):
                place.wish(wish)
                return True
        return False

    def hand_over(self) -> None:
        """From now on questions that leave keep their places, for another process."""
        self._leaving = True

    def _group(self, name: str) -> _Group:
        if (group := self._groups.get(name)) is None:
            group = self._groups[name] = _Group(name)
        return group

    async def _listen(self) -> None:
        async with self._hub.subscribed(NEWS) as news:
            while True:
                events, _ = await news.wait()
                for event in events:
                    if event.kind is not Kind.TURN or event.answer_id is None:
                        continue
                    name, call = event.data
                    group = self._group(name)
                    group.heard = monotonic() + 2 * LOOK + 1
                    place = group.places.get(event.answer_id)
                    if call and place is not None:
                        place.call()


async def _publish(group: str, first: UUID, *, call: bool) -> None:
    event = Event(Kind.TURN, first, first, data=[group, call])
    try:
        await redis().publish(NEWS, event.encode())
    except (RedisError, OSError) as error:
        logger.warning("Other processes did not hear of the line: %s", type(error).__name__)
