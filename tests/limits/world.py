"""Limits as they stand, for tests: who may what, what is charged, what the books say."""

from dataclasses import asdict, replace
from uuid import UUID

from chatapp.database import new_id, transaction
from chatapp.limits import ledger, override_repository, policy
from chatapp.limits.books import Admitted, keys_of
from chatapp.limits.ledger import Bill
from chatapp.limits.policy import Limits
from chatapp.limits.service import Limiter
from chatapp.redis import redis

NONE = Limits()
"""Nothing is limited."""


async def allow(user_id: UUID, **limits: int) -> None:
    """Give a person limits of his own; what is not named is not limited."""
    values = asdict(replace(NONE, **limits))
    async with transaction() as session:
        for name, value in values.items():
            await override_repository.set_override(session, name, value, None, user_id=user_id)
    await policy.load()


async def books(user_id: UUID) -> dict[str, int]:
    """What Redis has counted for a person, and how many places are taken."""
    key, places = keys_of(user_id)
    found = await redis().hgetall(key)  # pyright: ignore[reportGeneralTypeIssues]
    counts = {name.decode(): int(float(value)) for name, value in found.items()}
    counts = {name: n for name, n in counts.items() if name.endswith(("questions", "tokens"))}
    return counts | {"places": await redis().zcard(places)}


async def ends(
    limiter: Limiter,
    admitted: Admitted,
    tokens: int = 0,
    *,
    charged: bool = True,
    member: str = "",
) -> None:
    """Let an answer end, as the runner does."""
    place = admitted.place
    attempts = [{"member": member, "outcome": "ok", "completion_tokens": tokens}] if member else []
    async with transaction() as session:
        counted = await ledger.record(
            session,
            Bill(place.user_id, place.answer_id, place.asked_at, "", attempts, tokens, charged),
        )
    if add := limiter.settle(place.answer_id, counted):
        pipe = redis().pipeline(transaction=False)
        add(pipe)
        await pipe.execute()


async def asks(limiter: Limiter, user_id: UUID, tokens: int = 1) -> Admitted:
    admitted = await limiter.admit(user_id, new_id(), tokens)
    assert admitted is not None
    return admitted
