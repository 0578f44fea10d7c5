"""The pool's answer in its turn: at once, or after the question has stood in line."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from chatapp.answers import repository
from chatapp.answers.line import Line, Place, Wish
from chatapp.answers.request import Request
from chatapp.answers.standing import Standing
from chatapp.database import now, reading
from chatapp.pool.events import Asked, Held, PoolEvent
from chatapp.pool.service import pool

EACH = 60.0
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


async def in_turn(
    line: Line, answer_id: UUID, request: Request, maker: Maker
) -> AsyncGenerator[PoolEvent, None]:
    """The events of an answer, once it is the question's turn.

    Args:
        line: Where it stands while all members are at their limits.
        answer_id: The answer to be made.
        request: What decides it.
        maker: Is told where it stands.

    Raises:
        PoolError: nobody answered, the answer was cut, or there was no room in the line.
    """
    tier, wish = request.tier, None
    while True:
        source = pool().answer(
            list(request.messages), tier=tier, prefer=request.prefer, restarts=True, waits=True
        )
        async with line.place(tier, answer_id, maker.stand) as place, aclosing(source) as events:
            if line.stands(tier):
                wish = await _wait(place, request.user_id, None)
            while wish is None and (event := await anext(events, None)) is not None:
                match event:
                    case Held():
                        wish = await _wait(place, request.user_id, event)
                    case Asked():
                        await place.asked()
                    case _:
                        yield event
        if wish is None:
            return
        await maker.go_alone()
        tier, wish = wish.tier or None, None


async def _wait(place: Place, user_id: UUID, held: Held | None) -> Wish | None:
    if not place.waiting.moment:
        place.waiting.back = await _back(user_id, place.waiting.id)
    return await place.turn(held)


async def _back(user_id: UUID, answer_id: UUID) -> float:
    """By how many seconds what a person has asked lately moves a question back."""
    async with reading() as session:
        asked = await repository.asked_lately(session, user_id, now() - RECENT, but=answer_id)
    use = sum(0.5 ** ((now() - moment) / HALF) for moment in asked)
    return min(EACH * use, FURTHEST)
