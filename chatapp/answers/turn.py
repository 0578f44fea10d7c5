"""The pool's answer in its turn: at once, or after the question has stood in line."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from uuid import UUID

from langchain_core.messages import BaseMessage

from chatapp.answers import repository
from chatapp.answers.job import Job
from chatapp.answers.line import Line, Place, Tell, Wish
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


async def in_turn(
    line: Line, job: Job, messages: list[BaseMessage], tell: Tell
) -> AsyncGenerator[PoolEvent, None]:
    """The events of an answer, once it is the question's turn.

    Args:
        line: Where it stands while all members are at their limits.
        job: The answer to be made.
        messages: The conversation.
        tell: Is told where the question stands, and nothing when it is asked.

    Raises:
        PoolError: nobody answered, the answer was cut, or there was no room in the line.
    """
    wish: Wish | None = Wish(tier=job.tier or "")
    while wish is not None:
        tier = wish.tier or None
        source = pool().answer(messages, tier=tier, restarts=True, waits=True)
        async with line.place(tier, job.answer_id, tell) as place, aclosing(source) as events:
            wish = None
            if line.stands(tier):
                wish = await _wait(place, job, None)
            while wish is None and (event := await anext(events, None)) is not None:
                match event:
                    case Held():
                        wish = await _wait(place, job, event)
                    case Asked():
                        await place.asked()
                    case _:
                        yield event


async def _wait(place: Place, job: Job, held: Held | None) -> Wish | None:
    if not place.waiting.moment:
        place.waiting.back = await _back(job.user_id, job.answer_id)
    return await place.turn(held)


async def _back(user_id: UUID, answer_id: UUID) -> float:
    """By how many seconds what a person has asked lately moves a question back."""
    async with reading() as session:
        asked = await repository.asked_lately(session, user_id, now() - RECENT, but=answer_id)
    use = sum(0.5 ** ((now() - moment) / HALF) for moment in asked)
    return min(EACH * use, FURTHEST)
