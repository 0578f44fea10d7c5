"""What admins and people can do about the answers that are kept to be given again."""

import logging
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from redis.exceptions import RedisError

from chatapp import audit
from chatapp.answers import repository
from chatapp.answers.cache import KEPT, Scope
from chatapp.answers.shelf import Saved, shelf
from chatapp.database import now, reading, transaction

logger = logging.getLogger(__name__)

BEST = 50
"""How many of the answers that saved most are listed."""


async def forget(user_id: UUID, chat_id: UUID | None = None) -> None:
    """Give the answers of a person, or of one chat, to nobody any more.

    Before their rows go, which say where they are kept.
    """
    since = now() - timedelta(seconds=KEPT)
    async with reading() as session:
        names = await repository.kept_of(session, user_id, chat_id, since)
    await _forget(names)


async def sweep() -> None:
    """Forget what could not be forgotten when its chat was deleted."""
    async with reading() as session:
        names = await repository.kept_of_deleted(session)
    await _forget(names)


async def _forget(names: Sequence[str]) -> None:
    if not names:
        return
    try:
        await shelf().forget(names)
    except (RedisError, OSError) as error:
        logger.warning("Kept answers are forgotten later: %s", type(error).__name__)
        return
    async with transaction() as session:
        await repository.set_forgotten(session, names)


async def clear(scope: Scope, by: UUID | None) -> int:
    """Forget all kept answers of a scope; how many there were.

    Args:
        scope: whose answers.
        by: the admin who does it; None for the command line.

    Raises:
        RedisError, OSError: Redis is away: some are still there.
    """
    count = await shelf().clear(scope)
    await audit.record("cache.cleared", by=by, subject=f"cache:{scope}", after={"answers": count})
    return count


async def best(count: int = BEST) -> list[Saved]:
    """The kept answers that have saved most tokens, the best first, without a word of theirs.

    Raises:
        RedisError, OSError: Redis is away.
    """
    return await shelf().best(count)
