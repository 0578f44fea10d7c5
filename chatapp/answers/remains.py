"""What processes that are no more have left of an answer in its log."""

import logging
from collections.abc import Iterable
from uuid import UUID

from redis.exceptions import RedisError

from chatapp.answers import log
from chatapp.answers.events import START, Event, Kind

logger = logging.getLogger(__name__)


async def words(chat_id: UUID, answer_id: UUID) -> str:
    """The words that were shown last; none, if Redis has none or is away."""
    try:
        return last_words(await log.read(chat_id, answer_id))
    except (RedisError, OSError) as error:
        logger.warning("A log could not be read: %s", type(error).__name__)
        return ""


def last_words(events: Iterable[Event]) -> str:
    """The words of the last attempt that came to any; never those of two."""
    before, said = "", list[str]()
    epoch = START.epoch
    for event in events:
        if event.kind is Kind.RESTART or event.position.epoch != epoch:
            before, said = "".join(said) or before, []
            epoch = event.position.epoch
        if event.kind is Kind.TEXT:
            said.append(event.data)
    return "".join(said) or before
