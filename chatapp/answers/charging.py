"""Charging a question before it is kept, and giving back what was not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chatapp.database import new_id, now
from chatapp.limits.books import Admitted
from chatapp.limits.service import Limiter
from chatapp.pool.content import tokens_of


@dataclass(slots=True)
class Charge:
    """A question for which there is room."""

    answer_id: UUID
    """The id that its answer is to have."""
    asked_at: datetime
    admitted: Admitted | None
    """None: the same question is charged already."""
    kept: bool = False
    """To be set when the question is in the database."""


@asynccontextmanager
async def charged(
    limiter: Limiter, user_id: UUID, text: str, client_id: UUID | None = None
) -> AsyncIterator[Charge]:
    """Charge a question while it is being kept.

    Raises:
        OverLimit: there is no room for it.
    """
    answer_id = new_id()
    tokens = tokens_of(text)
    admitted = await limiter.admit(user_id, answer_id, tokens, client_id)
    charge = Charge(answer_id, admitted.place.asked_at if admitted else now(), admitted)
    try:
        yield charge
    finally:
        if admitted and not charge.kept:
            await limiter.give_back(admitted, client_id)
