"""Single flight: who asks what is being answered already joins that answer.

The first one leads: its lease at the place of the request says so, and lives as long as its process
renews it. The others follow its log. When it is stopped, fails by a fault of ours or falls silent,
one of them leads in its stead.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

import orjson

from chatapp.answers.cache import Entry, Place
from chatapp.answers.events import channel
from chatapp.answers.hub import Hub
from chatapp.answers.log import AnswerLog
from chatapp.answers.mirror import Ending, Mirror
from chatapp.answers.shelf import shelf
from chatapp.tasks import going_on

LEASE = 4.0
"""A leader that did not renew its lease for so long, in seconds, leads no more."""

BEAT = 1.0
"""How often leases are renewed, in seconds."""

SILENCE = 1.0
"""After so many seconds without a word it is looked whether there is still somebody who leads."""

BLIND = 5
"""So often in a row Redis may not say who leads before one who joined asks by itself."""

FAULTS = 2
"""So many leaders may fail by a fault of ours before those who joined fail as well."""


@dataclass(frozen=True, slots=True)
class Leader:
    """Whose answer is joined."""

    user_id: UUID
    chat_id: UUID
    answer_id: UUID
    epoch: int

    def encode(self) -> bytes:
        """As it stands in its lease."""
        return orjson.dumps([self.user_id, self.chat_id, self.answer_id, self.epoch])

    @classmethod
    def decode(cls, raw: bytes) -> "Leader":
        """From its lease."""
        user_id, chat_id, answer_id, epoch = orjson.loads(raw)
        return cls(UUID(user_id), UUID(chat_id), UUID(answer_id), epoch)


class Flights:
    """The flights that this process leads, and how it joins others."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.led: dict[Leader, Place] = {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Renew the leases until the context ends."""
        async with going_on(self._keep, "flight keeper"):
            yield

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            if self.led:
                mine = [(place, leader.encode()) for leader, place in self.led.items()]
                await shelf().renew(mine, LEASE)


class Flight:
    """One answer's way to another answer to the same request, or to the lead."""

    def __init__(self, flights: Flights, place: Place, me: Leader) -> None:
        self.place = place
        self._flights = flights
        self._me = me
        self._faults = 0

    @property
    def leads(self) -> bool:
        """Whether others may join this answer."""
        return self._me in self._flights.led

    async def board(self, log: AnswerLog) -> Entry | Ending | None:
        """Find a kept answer or follow another's, whose words go to ``log`` as they come.

        Returns:
            A kept answer; how the followed one ended; None: this answer leads, or Redis is away.
        """
        found = await self._look()
        while isinstance(found, Leader):
            found = await self._follow(found, log)
        return found

    async def leave(self, entry: Entry | None) -> None:
        """Lead no more, and keep the answer if there is one."""
        if self._flights.led.pop(self._me, None) or entry:
            await shelf().leave(self.place, self._me.encode(), entry)

    async def _look(self, gone: Leader | None = None) -> Entry | Leader | None:
        me = self._me.encode()
        reply = await shelf().board(self.place, me, LEASE, gone.encode() if gone else b"")
        if reply is None:
            return None
        what, value = reply
        if what == "hit":
            return Entry.decode(value)
        if what == "join":
            leader = Leader.decode(value)
            if leader.answer_id == self._me.answer_id and leader.epoch < self._me.epoch:
                # The lease of the process from which this answer was taken over.
                return await self._look(leader)
            return leader
        self._flights.led[self._me] = self.place
        return None

    async def _follow(self, leader: Leader, log: AnswerLog) -> Entry | Leader | Ending | None:
        """Follow a leader to its end, or until another one leads."""
        clock = asyncio.get_running_loop().time
        mirror = Mirror(leader.chat_id, leader.answer_id, log)
        async with self._flights.hub.subscribed(channel(leader.user_id)) as subscription:
            await mirror.catch_up()
            due, blind = clock() + SILENCE, 0
            while mirror.ending is None:
                try:
                    async with asyncio.timeout_at(due):
                        events, lagged = await subscription.wait()
                except TimeoutError:
                    await mirror.catch_up()
                    if mirror.ending:
                        break
                    now = await self._look()
                    blind = 0 if now or self.leads else blind + 1
                    if now != leader and not 0 < blind < BLIND:
                        return now
                    due = clock() + SILENCE
                    continue
                if lagged:
                    await mirror.catch_up()
                if await mirror.read(events):
                    due, blind = clock() + SILENCE, 0
        return await self._judge(leader, mirror.ending)

    async def _judge(self, leader: Leader, ending: Ending) -> Entry | Leader | Ending | None:
        """What a leader's end means for those who have joined."""
        if ending.for_all:
            return ending
        if ending.failed:
            self._faults += 1
            if self._faults >= FAULTS:
                return ending
        return await self._look(leader)
