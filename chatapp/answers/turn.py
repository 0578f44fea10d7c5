"""The pool's answer in its turn: at once, or after the question has stood in line."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from chatapp.accounts.models import KeyUse
from chatapp.answers import repository
from chatapp.answers.line import Line
from chatapp.answers.own_key import OwnKeys
from chatapp.answers.place import Place, Wish
from chatapp.answers.request import Request
from chatapp.answers.standing import Standing
from chatapp.database import now, reading
from chatapp.pool.calling import Tool
from chatapp.pool.errors import PoolExhausted
from chatapp.pool.events import Asked, Attempt, Done, Held, Hop, PoolEvent
from chatapp.pool.own import OwnAccount
from chatapp.pool.service import pool

EACH = 180.0
"""Seconds by which each question of the last hour, or half as far back each older one, moves the
next one of its person back in the line."""

FURTHEST = 3600.0
"""Seconds by which nobody is moved back further: heavy users wait longer, and not for ever."""

HALF = timedelta(hours=1)
"""After this a question counts half."""

RECENT = 6 * HALF


class Maker(Protocol):
    """Who makes an answer, as its turn knows it."""

    def stand(self, standing: Standing | None) -> None:
        """It stands there in line; nothing: it is asked now."""

    async def go_alone(self) -> None:
        """It is made in another way than was asked for from here on: for one person alone."""


class Turn:
    """One question on its way: to keys of the person's own, to the pool, or into the line."""

    def __init__(
        self,
        line: Line,
        answer_id: UUID,
        request: Request,
        maker: Maker,
        tools: Sequence[Tool] = (),
    ) -> None:
        """Begin.

        Args:
            line: Where it stands while all members are at their limits.
            answer_id: The answer to be made.
            request: What decides it.
            maker: Is told where it stands.
            tools: Those that a model may call.
        """
        self._line = line
        self._answer_id = answer_id
        self._request = request
        self._maker = maker
        self._tools = tools
        self._keys = OwnKeys(request.user_id)
        self._tried: list[OwnAccount] = []
        self._done = False
        self._failed: Attempt | None = None
        """With the person's own keys: who was asked last, in vain."""
        self._moment = 0
        self._wish: Wish | None = None

    async def events(self) -> AsyncGenerator[PoolEvent, None]:
        """The events of the answer, once it is the question's turn.

        Raises:
            PoolError: nobody answered, the answer was cut, or there was no room in the line.
        """
        self._keys = await OwnKeys.of(self._request.user_id)
        tier = self._request.tier
        async for event in self._own(tier, KeyUse.FIRST):
            yield event
        while not self._done:
            async for event in self._shared(tier):
                yield event
            if self._wish is None:
                return
            await self._maker.go_alone()
            wish, self._wish = self._wish, None
            if wish.own_key:
                async for event in self._own(tier, *KeyUse):
                    yield event
            else:
                tier = wish.tier or None

    async def _own(self, tier: str | None, *uses: KeyUse) -> AsyncGenerator[PoolEvent, None]:
        """An answer with the person's own keys; nothing, if none of them can be used."""
        accounts = [each for each in self._keys.used(*uses) if each not in self._tried]
        if not accounts:
            return
        self._tried += accounts
        request = self._request
        answer = self._keys.answer(
            accounts, list(request.messages), tier, request.temperature, self._tools
        )
        try:
            async with aclosing(answer) as events:
                async for event in events:
                    self._done = isinstance(event, Done)
                    yield event
        except PoolExhausted as error:
            self._failed = error.attempts[-1] if error.attempts else None

    async def _shared(self, tier: str | None) -> AsyncGenerator[PoolEvent, None]:
        """The pool's answer; it ends before that when the person wishes something else."""
        request, line = self._request, self._line
        answer = pool().answer(
            list(request.messages),
            tier=tier,
            prefer=request.prefer,
            restarts=True,
            waits=True,
            temperature=request.temperature,
            tools=self._tools,
        )
        place = line.place(tier, self._answer_id, self._maker.stand, self._moment)
        async with place as here, aclosing(answer) as events:
            held: Held | None = None
            waits = line.stands(tier)
            while True:
                if waits:
                    async for event in self._own(tier, KeyUse.DRY):
                        yield event
                    if self._done or await self._wait(here, held):
                        return
                if (event := await anext(events, None)) is None:
                    return
                waits = isinstance(event, Held)
                if isinstance(event, Held):
                    held = event
                elif isinstance(event, Asked):
                    await here.asked()
                    if self._failed is not None:
                        yield Hop(self._failed, event.label)
                        self._failed = None
                else:
                    yield event

    async def _wait(self, place: Place, held: Held | None) -> Wish | None:
        waiting = place.waiting
        if not waiting.moment:
            waiting.back = await _back(self._request.user_id, waiting.id)
        place.own_key = any(each not in self._tried for each in self._keys.used(*KeyUse))
        self._wish = await place.turn(held)
        self._moment = waiting.moment
        return self._wish


async def _back(user_id: UUID, answer_id: UUID) -> float:
    """By how many seconds what a person has asked lately moves a question back."""
    async with reading() as session:
        asked = await repository.asked_lately(session, user_id, now() - RECENT, but=answer_id)
    use = sum(0.5 ** ((now() - moment) / HALF) for moment in asked)
    return min(EACH * use, FURTHEST)
