"""What admins and people can do about the answers that are kept to be given again."""

import logging
from datetime import timedelta
from uuid import UUID

from redis.exceptions import RedisError

from chatapp.answers import repository
from chatapp.answers.cache import KEPT, Scope
from chatapp.answers.shelf import Saved, shelf
from chatapp.database import now, reading

logger = logging.getLogger(__name__)

BEST = 50
"""How many of the answers that saved most are listed."""


async def forget(user_id: UUID, chat_id: UUID | None = None) -> None:
    """Give the answers of a person, or of one chat, to nobody any more.

    It is done before their rows go, which say what is kept.
    """
    since = now() - timedelta(seconds=KEPT)
    async with reading() as session:
        names = await repository.kept_of(session, user_id, chat_id, since)
    try:
        await shelf().forget(names)
    except (RedisError, OSError) as error:
        logger.error("%d kept answers could not be forgotten: %s", len(names), type(error).__name__)


async def clear(scope: Scope) -> int:
    """Forget all kept answers of a scope; how many there were.

    Raises:
        RedisError, OSError: Redis is away: some are still there.
    """
    return await shelf().clear(scope)


async def best(count: int = BEST) -> list[Saved]:
    """The kept answers that have saved most tokens, the best first, without a word of theirs.

    Raises:
        RedisError, OSError: Redis is away.
    """
    return await shelf().best(count)
